/*
 * Leaders that die at the worst moment, and others who write into the shared file: what is acknowledged is there once, and
 * nothing is there that nobody with the key handed in. Each story stops a caller where it is PENDING, and then plays the
 * leader, or the intruder, by hand.
 */
#include "ledger/queue_lead.h"

#include "ledger/journal_state.h"
#include "support/journals.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define NOBODY 77u /* an actor whom the journal does not know */

/* -- a desk of two queues over one journal --------------------------------------------------------------- */

struct desk {
    struct scratch s;
    struct journal *journal; /* of the callers */
    struct journal *other;
    struct queue *queue;
    struct queue *leader; /* of the other journal: what leads in the stories */
    struct queue_file *file;
};

/* Called after each entry that a leader adds; the stories' way into the middle of a round. */
static void (*after_add)(void);

static enum err_code add(void *context, struct journal_group *g, uint8_t *bytes, size_t size, struct err *err)
{
    static struct entry draft;

    (void)context;
    enum err_code rc = entry_decode(bytes, size, &draft, err);
    if (!rc)
        rc = journal_group_add_encoded(g, bytes, size, &draft, err);
    if (!rc && after_add)
        after_add();
    return rc;
}

static void desk_init(struct desk *d)
{
    static const struct queue_rules rules = {.add = add};

    scratch_init(&d->s);
    d->journal = scratch_create(&d->s);
    d->other = scratch_open(&d->s);
    SCRATCH_OK(queue_open(d->journal, &rules, &d->queue, err));
    SCRATCH_OK(queue_open(d->other, &rules, &d->leader, err));
    d->file = d->queue->file;
    after_add = NULL;
}

static void desk_release(struct desk *d)
{
    after_add = NULL;
    queue_close(d->leader);
    queue_close(d->queue);
    journal_close(d->other);
    journal_close(d->journal);
    scratch_release(&d->s);
}

static uint16_t draft(uint8_t bytes[400], const char *text, uint32_t actor)
{
    struct wire_out out;
    const struct entry e = scratch_by(entries_note(text), actor);

    wire_out_init(&out, bytes, 400);
    SCRATCH_OK(entry_encode(&e, &out, err));
    return (uint16_t)wire_out_size(&out);
}

static unsigned copies(const struct desk *d, const char *text)
{
    struct journal_reader *r = NULL;
    struct journal_record record;
    static struct entry e;
    unsigned count = 0;

    SCRATCH_OK(journal_reader_begin(d->other, &r, err));
    for (uint64_t seq = 2; seq <= journal_reader_size(r); seq++) {
        SCRATCH_OK(journal_reader_get(r, seq, &record, err));
        SCRATCH_OK(entry_decode(record.bytes, record.size, &e, err));
        count += e.kind == ENTRY_CONTROL_NOTE && e.as.control_note.text.length == strlen(text) &&
                 memcmp(e.as.control_note.text.bytes, text, strlen(text)) == 0;
    }
    journal_reader_end(r);
    return count;
}

/* -- callers --------------------------------------------------------------------------------------------- */

struct caller {
    pthread_t thread;
    struct queue *queue;
    const char *text;
    uint32_t actor;
    enum err_code rc;
    uint64_t first_seq;
};

static void call_once(struct caller *c)
{
    uint8_t bytes[400];
    struct queue_reply reply = {.first_seq = 0};
    size_t refused = 0;
    struct err why;

    const uint16_t size = draft(bytes, c->text, c->actor);
    c->rc = queue_append(c->queue, bytes, &size, 1, &reply, &refused, &why);
    c->first_seq = reply.first_seq;
}

static void *call(void *context)
{
    call_once(context);
    return NULL;
}

static void append(struct queue *q, const char *text)
{
    struct caller c = {.queue = q, .text = text, .actor = SCRATCH_OPERATOR};

    call_once(&c);
    assert_int_equal(c.rc, ERR_OK);
}

/* Starts a caller; returns its slot once its order waits there. Somebody leads, so it does not. */
static struct queue_slot *start(struct desk *d, struct caller *c, const char *text, uint32_t actor,
                                const struct queue_slot *but)
{
    d->file->leader = (uint32_t)getpid();
    *c = (struct caller){.queue = d->queue, .text = text, .actor = actor};
    REQUIRE(pthread_create(&c->thread, NULL, call, c) == 0);
    for (uint32_t i = 0;; i = (i + 1) % QUEUE_SLOTS) {
        struct queue_slot *const slot = &d->file->slots[i];
        if (slot != but && queue_state_of(slot->state) == QUEUE_PENDING)
            return slot;
    }
}

static enum err_code finish(struct caller *c)
{
    REQUIRE(pthread_join(c->thread, NULL) == 0);
    return c->rc;
}

static void tell_all(struct desk *d, uint32_t leader)
{
    d->file->leader = leader;
    d->file->turn++;
    queue_wake_all(&d->file->turn);
}

static uint32_t dead_process(void)
{
    const pid_t child = fork();

    if (child == 0)
        _exit(0);
    assert_int_equal(waitpid(child, NULL, 0), child);
    return (uint32_t)child;
}

/* -- leaders that die ------------------------------------------------------------------------------------ */

/* Commits the order of a slot as a leader does, but tells nobody; its intent, and its answer. */
static struct queue_answer commit_silently(struct desk *d, struct queue_slot *slot,
                                           struct queue_intent *intent)
{
    struct queue_order o = slot->order;
    struct journal_group *g = NULL;
    struct queue_answer a;
    struct seal seal;

    memset(&a, 0, sizeof a);
    memcpy(a.ticket, o.ticket, sizeof a.ticket);
    SCRATCH_OK(journal_group_begin(d->other, &g, err));
    a.first_seq = journal_group_next_seq(g);
    SCRATCH_OK(add(NULL, g, o.bytes, o.sizes[0], err));
    SCRATCH_OK(journal_group_commit(g, &seal, err));
    a.refused = 1;
    a.seal_size = seal.size;
    a.root = seal.root;
    memcpy(intent->ticket, o.ticket, sizeof intent->ticket);
    intent->first_seq = a.first_seq;
    intent->recorded_at_ns = queue_recorded_at(o.bytes);
    return a;
}

/* It had committed, and died with more or less of the answer written. */
static void test_a_leader_that_dies_while_it_answers_doubles_nothing(void **state)
{
    static const struct {
        bool intent, answer, mac;
        unsigned copies;
    } rows[] = {
        {true, false, false, 1}, {true, true, false, 1}, {true, true, true, 1}, {false, true, true, 1}};

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct queue_intent intent;
        struct caller c;
        struct desk d;
        desk_init(&d);
        struct queue_slot *const slot = start(&d, &c, "mine", SCRATCH_OPERATOR, NULL);
        const struct queue_answer a = commit_silently(&d, slot, &intent);
        if (rows[i].intent) {
            slot->intent = intent;
            queue_sign_intent(d.queue->key, &intent, slot->intent_mac);
        }
        if (rows[i].answer)
            slot->answer = a;
        if (rows[i].mac)
            queue_sign_answer(d.queue->key, &a, slot->answer_mac);
        slot->state = queue_state_by(QUEUE_TAKEN, dead_process());
        tell_all(&d, dead_process());
        assert_int_equal(finish(&c), ERR_OK);
        assert_int_equal(c.first_seq, a.first_seq);
        assert_int_equal(copies(&d, "mine"), rows[i].copies);
        desk_release(&d);
    }
}

/* It died before it committed, and another's entry of the same words came to stand where it meant to put this one. */
static void test_the_same_words_of_another_are_not_taken_for_ones_own(void **state)
{
    struct queue_intent intent;
    struct caller c;
    struct desk d;

    (void)state;
    desk_init(&d);
    struct queue_slot *const slot = start(&d, &c, "mine", SCRATCH_OPERATOR, NULL);
    (void)commit_silently(&d, slot, &intent); /* that is the other's */
    intent.recorded_at_ns--;
    slot->intent = intent;
    queue_sign_intent(d.queue->key, &intent, slot->intent_mac);
    slot->state = queue_state_by(QUEUE_TAKEN, dead_process());
    tell_all(&d, 0);
    assert_int_equal(finish(&c), ERR_OK);
    assert_int_equal(copies(&d, "mine"), 2);
    desk_release(&d);
}

static atomic_bool is_enough;

static void *keep_busy(void *queue)
{
    while (!atomic_load(&is_enough))
        append(queue, "busy");
    return NULL;
}

/* Turns that go by all the time do not keep a caller from seeing that its leader is dead. */
static void test_an_orphan_is_not_forgotten_while_others_are_busy(void **state)
{
    pthread_t busy;
    struct caller c;
    struct desk d;

    (void)state;
    desk_init(&d);
    struct queue_slot *const slot = start(&d, &c, "mine", SCRATCH_OPERATOR, NULL);
    slot->state = queue_state_by(QUEUE_TAKEN, dead_process());
    d.file->leader = 0;
    atomic_store(&is_enough, false);
    REQUIRE(pthread_create(&busy, NULL, keep_busy, d.leader) == 0);
    assert_int_equal(finish(&c), ERR_OK); /* without end, if it were forgotten */
    atomic_store(&is_enough, true);
    REQUIRE(pthread_join(busy, NULL) == 0);
    assert_int_equal(copies(&d, "mine"), 1);
    desk_release(&d);
}

/* -- intruders ------------------------------------------------------------------------------------------- */

static struct desk *in_desk;
static struct queue_slot *in_slot;
static struct caller in_caller;

/* A round of the other queue, with an order of its own; what waits is let in. */
static enum err_code lead(struct desk *d)
{
    uint8_t bytes[400];
    const uint16_t size = draft(bytes, "the leader's", SCRATCH_OPERATOR);
    const struct queue_item own = {
        .slot = QUEUE_NO_SLOT, .bytes = bytes, .sizes = &size, .count = 1, .is_own = true, .ticket = {9}};
    struct queue_reply reply;
    bool is_stale = false;
    size_t refused = 0;
    struct err why;

    pthread_mutex_lock(&d->leader->lock);
    const enum err_code rc = queue_lead(d->leader, &own, &reply, &refused, &is_stale, &why);
    pthread_mutex_unlock(&d->leader->lock);
    return rc;
}

static void free_the_slot(void)
{
    if (queue_state_of(in_slot->state) != QUEUE_TAKEN)
        return;
    after_add = NULL;
    in_slot->state = QUEUE_FREE;
    tell_all(in_desk, (uint32_t)getpid());
    usleep(40000); /* the caller sees it */
}

static void play(struct desk *d, struct caller *c, void (*intrude)(void))
{
    desk_init(d);
    in_desk = d;
    in_slot = start(d, c, "mine", SCRATCH_OPERATOR, NULL);
    d->file->round.count = QUEUE_SLOTS; /* the leader looks for many */
    after_add = intrude;
    assert_int_equal(lead(d), ERR_OK);
    after_add = NULL;
}

/* The caller cannot know, says so, and does not hand it in again. */
static void test_a_state_that_cannot_follow_ends_the_call(void **state)
{
    struct caller c;
    struct desk d;

    (void)state;
    play(&d, &c, free_the_slot);
    tell_all(&d, 0);
    assert_int_equal(finish(&c), ERR_WRONG);
    assert_int_equal(copies(&d, "mine"), 1);
    desk_release(&d);
}

/* Answered, and then set back to PENDING before the caller looked. */
static void test_an_order_set_back_is_not_taken_again(void **state)
{
    struct caller c;
    struct desk d;

    (void)state;
    play(&d, &c, NULL);
    in_slot->state = queue_state_by(QUEUE_PENDING, (uint32_t)getpid());
    tell_all(&d, 0);
    (void)finish(&c); /* it may have seen the answer */
    assert_int_equal(copies(&d, "mine"), 1);
    desk_release(&d);
}

/* Other words into a slot that is in hand, and a refusal, so that the round is tried again. */
static void forge(void)
{
    struct queue_slot *const slot = in_slot;

    if (queue_state_of(slot->state) != QUEUE_TAKEN)
        return;
    after_add = NULL;
    slot->order.sizes[0] = draft(slot->order.bytes, "forged", SCRATCH_OPERATOR);
    slot->order.size = slot->order.sizes[0];
    slot->state = queue_state_by(QUEUE_PENDING, (uint32_t)getpid());
    (void)start(in_desk, &in_caller, "refused", NOBODY, slot);
}

static void test_words_changed_in_hand_are_not_sealed(void **state)
{
    struct caller c;
    struct desk d;

    (void)state;
    play(&d, &c, forge);
    tell_all(&d, 0);
    (void)finish(&c);
    (void)finish(&in_caller);
    assert_int_not_equal(in_caller.rc, ERR_OK);
    assert_int_equal(copies(&d, "forged"), 0);
    assert_true(copies(&d, "mine") <= 1);
    desk_release(&d);
}

/* Old orders in all slots, again and again, and a round that seems to have been without end. */
static void put_old_orders(void)
{
    for (uint32_t i = 0; i < QUEUE_SLOTS; i++) {
        struct queue_slot *const slot = &in_desk->file->slots[i];
        if (slot == in_slot || queue_state_of(slot->state) == QUEUE_TAKEN)
            continue;
        slot->order = in_slot->order;
        memcpy(slot->order_mac, in_slot->order_mac, QUEUE_MAC_SIZE);
        slot->state = queue_state_by(QUEUE_PENDING, (uint32_t)getpid());
    }
}

static void *flood(void *unused)
{
    (void)unused;
    while (!atomic_load(&is_enough)) {
        in_desk->file->round.count = UINT64_MAX;
        put_old_orders();
    }
    return NULL;
}

static void test_a_flood_of_old_orders_ends(void **state)
{
    pthread_t intruder;
    struct desk d;

    (void)state;
    desk_init(&d);
    in_desk = &d;
    append(d.queue, "old");
    in_slot = d.file->slots;
    while (in_slot->order.count == 0)
        in_slot++;
    atomic_store(&is_enough, false);
    REQUIRE(pthread_create(&intruder, NULL, flood, NULL) == 0);
    for (unsigned i = 0; i < 30; i++) {
        assert_int_equal(lead(&d), ERR_OK);
        assert_true(d.leader->count <= QUEUE_SLOTS + 1);
    }
    atomic_store(&is_enough, true);
    REQUIRE(pthread_join(intruder, NULL) == 0);
    assert_int_equal(copies(&d, "old"), 1);
    assert_int_equal(copies(&d, "the leader's"), 30);
    desk_release(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_leader_that_dies_while_it_answers_doubles_nothing),
        cmocka_unit_test(test_the_same_words_of_another_are_not_taken_for_ones_own),
        cmocka_unit_test(test_an_orphan_is_not_forgotten_while_others_are_busy),
        cmocka_unit_test(test_a_state_that_cannot_follow_ends_the_call),
        cmocka_unit_test(test_an_order_set_back_is_not_taken_again),
        cmocka_unit_test(test_words_changed_in_hand_are_not_sealed),
        cmocka_unit_test(test_a_flood_of_old_orders_ends),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
