/*
 * Group commit: threads and processes that each wait for their own entries. What is acknowledged is there once, whole
 * and in order; leaders may be killed; and nobody without the key gets anything in.
 */
#include "ledger/queue.h"
#include "ledger/queue_shared.h"
#include "support/journals.h"

#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include <cmocka.h>

#define NOTES_MAX 5u
#define ORDERS    40u

/* The drafts of one order: `count` notes "CALLER/ORDER/i" by the operator, or by nobody known. */
static size_t make_drafts(uint8_t *bytes, uint16_t *sizes, unsigned caller, unsigned order, unsigned count,
                          uint32_t actor)
{
    struct wire_out out;
    char text[64];
    size_t size = 0;

    for (unsigned i = 0; i < count; i++) {
        snprintf(text, sizeof text, "%u/%u/%u", caller, order, i);
        const struct entry e = scratch_by(entries_note(text), actor);
        wire_out_init(&out, bytes + size, 400);
        SCRATCH_OK(entry_encode(&e, &out, err));
        sizes[i] = (uint16_t)wire_out_size(&out);
        size += sizes[i];
    }
    return size;
}

static enum err_code append_order(struct queue *q, unsigned caller, unsigned order, unsigned count,
                                  uint32_t actor, struct queue_reply *reply, size_t *refused, struct err *why)
{
    uint8_t bytes[NOTES_MAX * 400];
    uint16_t sizes[NOTES_MAX];

    make_drafts(bytes, sizes, caller, order, count, actor);
    return queue_append(q, bytes, sizes, count, reply, refused, why);
}

/* The note of entry `seq` is this text. */
static bool is_note(struct journal_reader *r, uint64_t seq, const char *text)
{
    struct journal_record record;
    struct entry e;

    SCRATCH_OK(journal_reader_get(r, seq, &record, err));
    SCRATCH_OK(entry_decode(record.bytes, record.size, &e, err));
    return e.kind == ENTRY_CONTROL_NOTE && e.as.control_note.text.length == strlen(text) &&
           memcmp(e.as.control_note.text.bytes, text, strlen(text)) == 0;
}

/* -- threads --------------------------------------------------------------------------------------------- */

struct thread {
    pthread_t thread;
    struct queue *queue;
    unsigned caller;
    unsigned failed; /* orders that were refused, as they should */
    uint64_t first_seq[ORDERS];
    uint64_t seal_size[ORDERS];
};

static unsigned count_of(unsigned caller, unsigned order)
{
    return 1 + (caller + order) % NOTES_MAX;
}

/* Every tenth order is by an actor whom nobody knows. */
static bool is_bad(unsigned caller, unsigned order)
{
    return (caller + order) % 10 == 9;
}

static void *call(void *context)
{
    struct thread *const t = context;
    struct queue_reply *const reply = malloc(sizeof *reply);
    size_t refused = 0;
    struct err why = {.code = ERR_OK};

    REQUIRE(reply);
    for (unsigned order = 0; order < ORDERS; order++) {
        const unsigned count = count_of(t->caller, order);
        const bool bad = is_bad(t->caller, order);
        const enum err_code rc = append_order(t->queue, t->caller, order, count, bad ? 77 : SCRATCH_OPERATOR,
                                              reply, &refused, &why);
        REQUIRE(rc == (bad ? ERR_NOT_FOUND : ERR_OK));
        if (bad) {
            REQUIRE(refused == 0 && strstr(why.text, "no actor 77"));
            t->failed++;
            continue;
        }
        REQUIRE(refused == count && reply->seal_size >= reply->first_seq + count - 1);
        t->first_seq[order] = reply->first_seq;
        t->seal_size[order] = reply->seal_size;
    }
    free(reply);
    return NULL;
}

/* Each acknowledged order is where it was said to be; returns how many entries those are. */
static uint64_t check_orders(struct journal_reader *r, const struct thread *t)
{
    uint64_t entries = 0;
    char text[64];

    for (unsigned order = 0; order < ORDERS; order++) {
        if (is_bad(t->caller, order))
            continue;
        for (unsigned i = 0; i < count_of(t->caller, order); i++, entries++) {
            snprintf(text, sizeof text, "%u/%u/%u", t->caller, order, i);
            assert_true(is_note(r, t->first_seq[order] + i, text));
        }
    }
    return entries;
}

static uint64_t count_seals(struct journal_reader *r)
{
    static struct seal seal;
    uint64_t count = 0;

    for (uint64_t size = 1; size <= journal_reader_size(r); size = seal.size + 1, count++)
        SCRATCH_OK(journal_reader_seal(r, size, &seal, err));
    return count;
}

static void test_threads_share_commits_and_keep_their_own_orders(void **state)
{
    enum { THREADS = 24 };
    static struct thread threads[THREADS];
    struct journal_reader *r = NULL;
    struct queue *q = NULL;
    struct scratch s;
    uint64_t entries = 1;

    (void)state;
    scratch_init(&s);
    struct journal *const j = scratch_create(&s);
    SCRATCH_OK(queue_open(j, NULL, &q, err));
    for (unsigned i = 0; i < THREADS; i++) {
        threads[i] = (struct thread){.queue = q, .caller = i};
        assert_int_equal(pthread_create(&threads[i].thread, NULL, call, &threads[i]), 0);
    }
    for (unsigned i = 0; i < THREADS; i++)
        pthread_join(threads[i].thread, NULL);
    SCRATCH_OK(journal_reader_begin(j, &r, err));
    for (unsigned i = 0; i < THREADS; i++) {
        assert_int_equal(threads[i].failed, ORDERS / 10);
        entries += check_orders(r, &threads[i]);
    }
    assert_int_equal(journal_reader_size(r), entries); /* and nothing else */
    const uint64_t orders = (uint64_t)THREADS * (ORDERS - ORDERS / 10);
    print_message("%" PRIu64 " orders in %" PRIu64 " groups\n", orders, count_seals(r) - 1);
    assert_true(count_seals(r) - 1 < orders / 2);
    journal_reader_end(r);
    queue_close(q);
    journal_close(j);
    scratch_release(&s);
}

/* -- processes ------------------------------------------------------------------------------------------- */

static struct thread *shared_threads(unsigned count)
{
    struct thread *const t =
        mmap(NULL, count * sizeof *t, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    REQUIRE(t != MAP_FAILED);
    return t;
}

static void run_process(struct scratch *s, struct thread *threads, unsigned first, unsigned count)
{
    struct queue *q = NULL;
    struct journal *const j = scratch_open(s);

    SCRATCH_OK(queue_open(j, NULL, &q, err));
    for (unsigned i = first; i < first + count; i++) {
        threads[i] = (struct thread){.queue = q, .caller = i};
        REQUIRE(pthread_create(&threads[i].thread, NULL, call, &threads[i]) == 0);
    }
    for (unsigned i = first; i < first + count; i++)
        pthread_join(threads[i].thread, NULL);
    queue_close(q);
    journal_close(j);
}

static void test_processes_share_commits_too(void **state)
{
    enum { PROCESSES = 4, EACH = 4 };
    struct thread *const threads = shared_threads(PROCESSES * EACH);
    struct journal_reader *r = NULL;
    struct scratch s;
    uint64_t entries = 1;
    pid_t children[PROCESSES];

    (void)state;
    scratch_init(&s);
    s.options.now_ns = NULL;
    scratch_make(&s);
    for (unsigned p = 0; p < PROCESSES; p++) {
        children[p] = fork();
        if (children[p] == 0) {
            run_process(&s, threads, p * EACH, EACH);
            _exit(0);
        }
    }
    for (unsigned p = 0; p < PROCESSES; p++) {
        int status = 0;
        assert_int_equal(waitpid(children[p], &status, 0), children[p]);
        assert_int_equal(status, 0);
    }
    struct journal *const j = scratch_open_locked(&s);
    SCRATCH_OK(journal_reader_begin(j, &r, err));
    for (unsigned i = 0; i < PROCESSES * EACH; i++)
        entries += check_orders(r, &threads[i]);
    assert_int_equal(journal_reader_size(r), entries);
    const uint64_t orders = (uint64_t)PROCESSES * EACH * (ORDERS - ORDERS / 10);
    print_message("%" PRIu64 " orders in %" PRIu64 " groups\n", orders, count_seals(r) - 1);
    assert_true(count_seals(r) - 1 < orders / 2);
    journal_reader_end(r);
    journal_close(j);
    munmap(threads, PROCESSES * EACH * sizeof *threads);
    scratch_release(&s);
}

/* Orders are signed with a key that comes from the journal's; each caller has to notice that it has changed. */
static void test_callers_go_on_when_the_journals_key_changes(void **state)
{
    enum { PROCESSES = 3, EACH = 3 };
    struct thread *const threads = shared_threads(PROCESSES * EACH);
    struct journal_reader *r = NULL;
    struct scratch s;
    pid_t children[PROCESSES];
    uint64_t entries = 1;
    unsigned alive = PROCESSES;
    unsigned rotations = 0;

    (void)state;
    scratch_init(&s);
    s.options.now_ns = NULL;
    scratch_make(&s);
    for (unsigned p = 0; p < PROCESSES; p++) {
        children[p] = fork();
        if (children[p] == 0) {
            run_process(&s, threads, p * EACH, EACH);
            _exit(0);
        }
    }
    struct journal *const j = scratch_open(&s);
    for (; alive > 0; rotations++) {
        int status = 0;
        SCRATCH_OK(journal_rotate_key(j, "often", 0, NULL, err));
        while (alive > 0 && waitpid(-1, &status, WNOHANG) > 0) {
            assert_int_equal(status, 0);
            alive--;
        }
    }
    SCRATCH_OK(journal_reader_begin(j, &r, err));
    for (unsigned i = 0; i < PROCESSES * EACH; i++)
        entries += check_orders(r, &threads[i]);
    assert_int_equal(journal_reader_size(r), entries + rotations); /* each order once */
    assert_int_equal(journal_epochs(j)->count, 1 + rotations);
    print_message("%u keys while %" PRIu64 " entries were appended\n", rotations, entries);
    assert_true(rotations > 3);
    journal_reader_end(r);
    journal_close(j);
    munmap(threads, PROCESSES * EACH * sizeof *threads);
    scratch_release(&s);
}

/* -- killed leaders -------------------------------------------------------------------------------------- */

struct told {
    _Atomic uint64_t acknowledged; /* orders 0 .. acknowledged - 1 of this caller are */
};

static void call_until_killed(struct scratch *s, struct told *told, unsigned caller)
{
    struct queue_reply *const reply = malloc(sizeof *reply);
    struct queue *q = NULL;
    struct journal *const j = scratch_open(s);
    size_t refused = 0;

    REQUIRE(reply);
    SCRATCH_OK(queue_open(j, NULL, &q, err));
    for (unsigned order = (unsigned)told->acknowledged;; order++) {
        SCRATCH_OK(append_order(q, caller, order, 2, SCRATCH_OPERATOR, reply, &refused, err));
        told->acknowledged = order + 1;
    }
}

/* How often the note is in the journal. */
static unsigned count_note(struct journal_reader *r, unsigned caller, uint64_t order, unsigned i)
{
    unsigned found = 0;
    char text[64];

    snprintf(text, sizeof text, "%u/%" PRIu64 "/%u", caller, order, i);
    for (uint64_t seq = 2; seq <= journal_reader_size(r); seq++)
        found += is_note(r, seq, text);
    return found;
}

static void test_killed_leaders_lose_and_double_nothing(void **state)
{
    enum { PROCESSES = 4, KILLS = 30 };
    struct told *const told = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    struct journal_reader *r = NULL;
    struct scratch s;
    pid_t children[PROCESSES] = {0};

    (void)state;
    REQUIRE(told != MAP_FAILED);
    scratch_init(&s);
    s.options.now_ns = NULL;
    scratch_make(&s);
    for (unsigned kill_at = 0; kill_at < KILLS + PROCESSES; kill_at++) {
        const unsigned p = kill_at % PROCESSES;
        if (children[p]) {
            const uint64_t before = told[p].acknowledged;
            for (int i = 0; i < 5000 && told[p].acknowledged < before + 2; i++)
                usleep(1000);           /* it is at work */
            usleep(kill_at * 37 % 700); /* where in its work it is hit is left to chance */
            assert_int_equal(kill(children[p], SIGKILL), 0);
            if (kill_at % 2) /* the others meet a zombie, too */
                usleep(20000);
            assert_int_equal(waitpid(children[p], NULL, 0), children[p]);
        }
        children[p] = fork();
        if (children[p] == 0)
            call_until_killed(&s, &told[p], p);
    }
    for (unsigned p = 0; p < PROCESSES; p++) {
        const uint64_t before = told[p].acknowledged;
        for (int i = 0; i < 500 && told[p].acknowledged < before + 3; i++)
            usleep(10000); /* the last ones get on: nobody waits for the dead */
        assert_true(told[p].acknowledged >= before + 3);
    }
    for (unsigned p = 0; p < PROCESSES; p++) {
        kill(children[p], SIGKILL);
        waitpid(children[p], NULL, 0);
    }
    struct journal *const j = scratch_open_locked(&s);
    SCRATCH_OK(journal_reader_begin(j, &r, err));
    uint64_t total = 0;
    for (unsigned p = 0; p < PROCESSES; p++)
        total += told[p].acknowledged;
    print_message("%" PRIu64 " orders acknowledged, %" PRIu64 " entries\n", total, journal_reader_size(r));
    /* A killed caller made its order again after the restart, so one that was not acknowledged may be there twice:
     * one for each kill. All acknowledged ones are there, and no pair is torn. */
    assert_true(journal_reader_size(r) >= 1 + 2 * total);
    assert_true(journal_reader_size(r) <= 1 + 2 * (total + KILLS + 2 * PROCESSES));
    for (unsigned p = 0; p < PROCESSES; p++) {
        const uint64_t step = 1 + told[p].acknowledged / 20;
        for (uint64_t order = 0; order < told[p].acknowledged; order += step) {
            assert_true(count_note(r, p, order, 0) >= 1);
            assert_int_equal(count_note(r, p, order, 0), count_note(r, p, order, 1));
        }
    }
    journal_reader_end(r);
    journal_close(j);
    munmap(told, 4096);
    scratch_release(&s);
}

/* -- others who write into the file ---------------------------------------------------------------------- */

static struct queue_file *map_as_intruder(const struct scratch *s)
{
    char path[300];

    snprintf(path, sizeof path, "%s/" QUEUE_FILE_NAME, s->dir);
    const int fd = open(path, O_RDWR | O_CLOEXEC);
    assert_true(fd >= 0);
    struct queue_file *const file = mmap(NULL, sizeof *file, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    assert_true(file != MAP_FAILED);
    close(fd);
    return file;
}

static void test_an_old_order_or_one_without_the_key_is_never_taken(void **state)
{
    static struct queue_reply reply;
    struct queue *q = NULL;
    struct scratch s;
    size_t refused = 0;
    struct err why;

    (void)state;
    scratch_init(&s);
    struct journal *const j = scratch_create(&s);
    SCRATCH_OK(queue_open(j, NULL, &q, err));
    struct queue_file *const file = map_as_intruder(&s);
    SCRATCH_OK(append_order(q, 1, 0, 3, SCRATCH_OPERATOR, &reply, &refused, err));
    assert_int_equal(reply.first_seq, 2);
    assert_int_equal(reply.seal_size, 4);
    uint32_t used = 0; /* the slot that it went through */
    while (file->slots[used].order.count != 3)
        used++;
    for (unsigned round = 0; round < 3; round++) {
        for (uint32_t i = 0; i < QUEUE_SLOTS; i++) { /* everywhere, as it was, and then with a changed byte */
            struct queue_slot *const slot = &file->slots[i];
            if (i != used) {
                slot->order = file->slots[used].order;
                memcpy(slot->order_mac, file->slots[used].order_mac, QUEUE_MAC_SIZE);
            }
            slot->owner = (uint32_t)getpid();
            if (round == 2 && i != used)
                slot->order.seen = 4 + i;
            slot->state = queue_state_by(QUEUE_PENDING, (uint32_t)getpid());
        }
        file->slots[used == 0 ? 1 : 0].state = QUEUE_FREE; /* one for the honest caller */
        SCRATCH_OK(append_order(q, 1, 1 + round, 1, SCRATCH_OPERATOR, &reply, &refused, err));
        assert_int_equal(reply.first_seq, 5 + round); /* its own, and no other */
        assert_int_equal(reply.seal_size, 5 + round);
    }
    munmap(file, sizeof *file);
    queue_close(q);

    SCRATCH_OK(queue_open(j, NULL, &q, err));
    assert_int_equal(append_order(q, 1, 9, 1, 5000, &reply, &refused, &why), ERR_NOT_FOUND);
    queue_close(q);
    journal_close(j);
    scratch_release(&s);
}

/* Puts an order for the journal as it is now into slot 7, as a caller of process `owner` does before it waits. */
static void leave_order(struct journal *j, struct queue_file *file, uint32_t owner)
{
    struct queue_slot *const slot = &file->slots[7];
    struct journal_reader *r = NULL;
    struct queue_key *key = NULL;

    SCRATCH_OK(queue_key_new(j, &key, err));
    SCRATCH_OK(journal_reader_begin(j, &r, err));
    memset(&slot->order, 0, sizeof slot->order);
    slot->order.ticket[0] = 77;
    slot->order.seen = journal_reader_size(r);
    slot->order.count = 1;
    slot->order.size = (uint32_t)make_drafts(slot->order.bytes, slot->order.sizes, 9, 9, 1, SCRATCH_OPERATOR);
    queue_sign_order(key, &slot->order, slot->order_mac);
    slot->owner = owner;
    slot->state = queue_state_by(QUEUE_PENDING, owner);
    journal_reader_end(r);
    queue_key_release(key);
}

static uint32_t dead_process(void)
{
    const pid_t child = fork();

    if (child == 0)
        _exit(0);
    assert_int_equal(waitpid(child, NULL, 0), child);
    return (uint32_t)child;
}

/* Who starts again and does not find it may hand it in once more. */
static void test_an_order_of_a_dead_caller_is_not_taken(void **state)
{
    static struct queue_reply reply;
    struct queue *q = NULL;
    struct scratch s;
    size_t refused = 0;

    (void)state;
    scratch_init(&s);
    struct journal *const j = scratch_create(&s);
    SCRATCH_OK(queue_open(j, NULL, &q, err));
    struct queue_file *const file = map_as_intruder(&s);
    leave_order(j, file, dead_process());
    SCRATCH_OK(append_order(q, 1, 0, 1, SCRATCH_OPERATOR, &reply, &refused, err));
    assert_int_equal(reply.seal_size, 2); /* after genesis only its own */
    leave_order(j, file, (uint32_t)getpid());
    SCRATCH_OK(append_order(q, 1, 1, 1, SCRATCH_OPERATOR, &reply, &refused, err));
    assert_int_equal(reply.seal_size, 4); /* of one that lives it is taken */
    munmap(file, sizeof *file);
    queue_close(q);
    journal_close(j);
    scratch_release(&s);
}

/* After a power cut the file may be there as it was at any moment, and the processes in it may be others now. */
static void test_a_file_from_before_the_machines_start_is_made_anew(void **state)
{
    static struct queue_reply reply;
    struct queue *q = NULL;
    struct scratch s;
    size_t refused = 0;

    (void)state;
    scratch_init(&s);
    struct journal *const j = scratch_create(&s);
    SCRATCH_OK(queue_open(j, NULL, &q, err));
    struct queue_file *const file = map_as_intruder(&s);
    queue_close(q);
    leave_order(j, file, (uint32_t)getpid());
    file->leader = (uint32_t)getpid();
    file->boot[0] ^= 1;
    SCRATCH_OK(queue_open(j, NULL, &q, err));
    SCRATCH_OK(append_order(q, 1, 0, 1, SCRATCH_OPERATOR, &reply, &refused, err));
    assert_int_equal(reply.seal_size, 2);
    munmap(file, sizeof *file);
    queue_close(q);
    journal_close(j);
    scratch_release(&s);
}

static void test_what_is_too_large_for_a_slot_goes_alone(void **state)
{
    static uint8_t bytes[4 * 60100];
    static struct queue_reply reply;
    uint16_t sizes[4];
    struct wire_out out;
    struct queue *q = NULL;
    struct scratch s;
    size_t refused = 0;
    size_t size = 0;

    (void)state;
    scratch_init(&s);
    struct journal *const j = scratch_create(&s);
    SCRATCH_OK(queue_open(j, NULL, &q, err));
    for (unsigned i = 0; i < 4; i++) {
        const struct entry e = scratch_by(scratch_note('n', 60000), SCRATCH_OPERATOR);
        wire_out_init(&out, bytes + size, sizeof bytes - size);
        SCRATCH_OK(entry_encode(&e, &out, err));
        sizes[i] = (uint16_t)wire_out_size(&out);
        size += sizes[i];
    }
    SCRATCH_OK(queue_append(q, bytes, sizes, 4, &reply, &refused, err));
    assert_int_equal(reply.first_seq, 2);
    assert_int_equal(reply.seal_size, 5);
    queue_close(q);
    journal_close(j);
    scratch_release(&s);
}

static void test_a_file_that_is_not_ours_is_made_anew(void **state)
{
    static struct queue_reply reply;
    struct queue *q = NULL;
    struct scratch s;
    size_t refused = 0;
    char path[300];

    (void)state;
    scratch_init(&s);
    struct journal *const j = scratch_create(&s);
    snprintf(path, sizeof path, "%s/" QUEUE_FILE_NAME, s.dir);
    FILE *const f = fopen(path, "w");
    assert_non_null(f);
    assert_int_equal(fputs("something else", f) >= 0, 1);
    assert_int_equal(fclose(f), 0);
    SCRATCH_OK(queue_open(j, NULL, &q, err));
    SCRATCH_OK(append_order(q, 1, 0, 1, SCRATCH_OPERATOR, &reply, &refused, err));
    assert_int_equal(unlink(path), 0); /* and one that is gone is not missed */
    SCRATCH_OK(append_order(q, 1, 1, 1, SCRATCH_OPERATOR, &reply, &refused, err));
    assert_int_equal(reply.seal_size, 3);
    queue_close(q);
    journal_close(j);
    scratch_release(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_threads_share_commits_and_keep_their_own_orders),
        cmocka_unit_test(test_processes_share_commits_too),
        cmocka_unit_test(test_killed_leaders_lose_and_double_nothing),
        cmocka_unit_test(test_an_order_of_a_dead_caller_is_not_taken),
        cmocka_unit_test(test_a_file_from_before_the_machines_start_is_made_anew),
        cmocka_unit_test(test_callers_go_on_when_the_journals_key_changes),
        cmocka_unit_test(test_an_old_order_or_one_without_the_key_is_never_taken),
        cmocka_unit_test(test_what_is_too_large_for_a_slot_goes_alone),
        cmocka_unit_test(test_a_file_that_is_not_ours_is_made_anew),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
