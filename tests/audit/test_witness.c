/*
 * The witness: published transcripts step by step, every check in its order, nothing cosigned that does not go on from
 * what was cosigned before, and evidence of whoever tries.
 */
#include "audit/witnesses.h"
#include "ledger/hex.h"
#include "support/shared.h"

#include <dirent.h>
#include <pthread.h>

static struct witness_bench bench;

static struct note_key vkey(const char *text)
{
    struct note_key key;

    SCRATCH_OK(note_key_parse(&key, text, strlen(text), err));
    return key;
}

static void open_for(const struct desk_log *log)
{
    bench_init(&bench);
    bench_open(&bench, &log->key, 1);
}

/* -- published ------------------------------------------------------------------------------------------- */

/* "body contains X", or "body == X" in JSON's spelling. */
static void check_assertion(const char *assertion)
{
    const char *const quote = strchr(assertion, '"');
    char want[200];

    assert_non_null(quote);
    snprintf(want, sizeof want, "%s", quote + 1);
    want[strlen(want) - 1] = '\0';
    if (strncmp(assertion, "body contains", 13) == 0) {
        if (!strstr(bench.answer.body, want))
            fail_msg("%s: %s", assertion, bench.answer.body);
        return;
    }
    assert_int_equal(strncmp(assertion, "body == ", 8), 0);
    char *const end = strstr(want, "\\n");
    assert_non_null(end);
    memcpy(end, "\n", 2);
    assert_string_equal(bench.answer.body, want);
}

/*
 * FiloSottile/torchwood, cmd/litewitness. Where that implementation (June 2025) and tlog-witness v1.0.0 differ, which
 * they do on the unknown origin (403 there), we answer what the specification asks for (404). The bad signature of step
 * 2 is no canonical base64 to us: also then there is no good signature, so the answer is 403 and not 400.
 */
static void test_the_published_transcript(void **state)
{
    cJSON *const vectors = shared_vectors("witness_add_checkpoint.json");
    const cJSON *const transcript = shared_member(vectors, "transcript");
    const struct note_key log = vkey(shared_text(transcript, "log_vkey"));
    const cJSON *step;
    unsigned differing = 0;
    unsigned count = 0;

    (void)state;
    bench_init(&bench);
    bench_open(&bench, &log, 1);
    cJSON_ArrayForEach(step, shared_member(transcript, "steps"))
    {
        const char *const body = shared_text(step, "body");
        assert_int_equal(bench_post(&bench, body, strlen(body)),
                         shared_number(step, "status_by_current_spec"));
        differing += bench.answer.status != shared_number(step, "want_status");
        const char *const assertion = shared_text(step, "assert");
        if (strstr(assertion, "example.com/witness"))
            assert_non_null(strstr(bench.answer.body, "\xe2\x80\x94 " WITNESSES_NAME " "));
        else
            check_assertion(assertion);
        assert_string_equal(bench.answer.content_type,
                            bench.answer.status == 409 ? WITNESS_SIZE : WITNESS_TEXT);
        count++;
    }
    assert_int_equal(count, 9);
    assert_int_equal(differing, 1);
    bench_release(&bench);
    cJSON_Delete(vectors);
}

/* transparency-dev/witness: a consistency proof of another library's tree. */
static void test_the_published_update_from_5_to_8(void **state)
{
    cJSON *const vectors = shared_vectors("witness_add_checkpoint.json");
    const cJSON *const update = shared_member(vectors, "consistency_5_to_8");
    const struct note_key log = vkey(shared_text(update, "vkey"));
    struct witness_request r = {.old_size = 0};
    const cJSON *hash;

    (void)state;
    bench_init(&bench);
    bench_open(&bench, &log, 1);
    r.checkpoint = shared_text(update, "old_checkpoint");
    r.checkpoint_size = strlen(r.checkpoint);
    assert_int_equal(bench_post(&bench, bench.body, witness_request_format(bench.body, &r)), 200);
    r.old_size = 5;
    r.checkpoint = shared_text(update, "new_checkpoint");
    r.checkpoint_size = strlen(r.checkpoint);
    cJSON_ArrayForEach(hash, shared_member(update, "proof_hex"))
    {
        SCRATCH_OK(hex_decode(hash->valuestring, 64, r.proof.nodes[r.proof.count++].bytes, HASH_SIZE, err));
    }
    r.proof.nodes[3].bytes[31] ^= 1;
    assert_int_equal(bench_post(&bench, bench.body, witness_request_format(bench.body, &r)), 422);
    r.proof.nodes[3].bytes[31] ^= 1;
    assert_int_equal(bench_post(&bench, bench.body, witness_request_format(bench.body, &r)), 200);
    bench_release(&bench);
    cJSON_Delete(vectors);
}

static void test_published_bodies_that_are_no_request(void **state)
{
    cJSON *const vectors = shared_vectors("witness_add_checkpoint.json");
    const cJSON *body;
    struct desk_log log;

    (void)state;
    desk_log_init(&log, WITNESSES_ORIGIN, 1, WITNESSES_LEAVES, 0);
    open_for(&log);
    cJSON_ArrayForEach(body, shared_member(shared_member(vectors, "body_parse"), "invalid"))
    {
        assert_int_equal(bench_post(&bench, body->valuestring, strlen(body->valuestring)), 400);
    }
    bench_release(&bench);
    cJSON_Delete(vectors);
}

/* C2SP's examples of a request and of an answer: they hold syntax, their signatures are of other texts. */
static void test_published_examples_of_syntax(void **state)
{
    cJSON *const vectors = shared_vectors("c2sp_text_formats.json");
    const char *const request = shared_text(vectors, "witness_request_example");
    const char *const response = shared_text(vectors, "witness_response_example");
    struct witness_request r;
    struct note note;
    static char both[NOTE_MAX_SIZE];
    size_t size = 0;

    (void)state;
    SCRATCH_OK(witness_request_parse(&r, request, strlen(request), err));
    assert_int_equal(r.old_size, 20852014);
    assert_int_equal(r.proof.count, 4);
    SCRATCH_OK(note_parse(&note, r.checkpoint, r.checkpoint_size, err));
    assert_int_equal(note.count, 2);
    SCRATCH_OK(note_add_lines(both, sizeof both, &size, r.checkpoint, r.checkpoint_size, response,
                              strlen(response), err));
    SCRATCH_OK(note_parse(&note, both, size, err));
    assert_int_equal(note.count, 5);
    cJSON_Delete(vectors);
}

/* -- the checks, in order -------------------------------------------------------------------------------- */

static void test_a_log_that_only_grows_is_cosigned_at_every_size(void **state)
{
    struct desk_log log;

    (void)state;
    desk_log_init(&log, WITNESSES_ORIGIN, 1, WITNESSES_LEAVES, 0);
    for (uint64_t step = 1; step < 8; step += 3) {
        open_for(&log);
        uint64_t old = 0;
        for (uint64_t size = 0; size < WITNESSES_LEAVES; old = size, size += step) {
            assert_int_equal(bench_ask(&bench, &log, old, size), 200);
            bench_expect_cosigned(&bench, &log, size);
            assert_int_equal(bench_ask(&bench, &log, size, size), 200); /* once more, at a later time */
            bench_expect_cosigned(&bench, &log, size);
        }
        bench_release(&bench);
    }
}

/* Each request breaks what its answer says and everything that is checked later. */
static void test_checks_come_in_the_order_of_the_specification(void **state)
{
    struct desk_log log;
    struct desk_log stranger; /* another origin */
    struct desk_log thief;    /* the same origin, another key */
    static char note[NOTE_MAX_SIZE];
    struct witness_request r = {.checkpoint = note};
    const struct hash zero = {{0}};

    (void)state;
    desk_log_init(&log, WITNESSES_ORIGIN, 1, WITNESSES_LEAVES, 0);
    desk_log_init(&stranger, "desk.example/other", 1, 0, 1);
    desk_log_init(&thief, WITNESSES_ORIGIN, 2, 0, 1);
    open_for(&log);
    assert_int_equal(bench_ask(&bench, &log, 0, 10), 200);

    assert_int_equal(bench_ask(&bench, &stranger, 12, 11), 404);
    assert_int_equal(bench_ask(&bench, &thief, 12, 11), 403);
    assert_int_equal(bench_ask(&bench, &log, 12, 11), 400);
    assert_int_equal(bench_ask(&bench, &log, 9, 11), 409);
    assert_string_equal(bench.answer.body, "10\n");
    r.checkpoint_size = desk_log_checkpoint(&log, 11, NULL, note);
    r.old_size = 10;
    assert_int_equal(bench_post(&bench, bench.body, witness_request_format(bench.body, &r)),
                     422); /* no proof */
    r.proof.count = WITNESS_PROOF_MAX;
    assert_int_equal(bench_post(&bench, bench.body, witness_request_format(bench.body, &r)), 422);
    r.checkpoint_size = desk_log_checkpoint(&log, 10, NULL, note);
    r.proof.count = 1; /* nothing is to be proven */
    assert_int_equal(bench_post(&bench, bench.body, witness_request_format(bench.body, &r)), 422);
    r.proof.count = 0;
    r.checkpoint_size = desk_log_checkpoint(&log, 10, &zero, note); /* same size, another root */
    assert_int_equal(bench_post(&bench, bench.body, witness_request_format(bench.body, &r)), 422);
    assert_int_equal(bench_ask(&bench, &log, 10, 11), 200); /* none of them has moved anything */
    bench_release(&bench);
}

static void test_the_empty_tree(void **state)
{
    struct desk_log log;
    static char note[NOTE_MAX_SIZE];
    struct witness_request r = {.checkpoint = note};
    const struct hash zero = {{0}};

    (void)state;
    desk_log_init(&log, WITNESSES_ORIGIN, 1, WITNESSES_LEAVES, 0);
    open_for(&log);
    r.checkpoint_size = desk_log_checkpoint(&log, 0, &zero, note);
    assert_int_equal(bench_post(&bench, bench.body, witness_request_format(bench.body, &r)), 422);
    r.checkpoint_size = desk_log_checkpoint(&log, 5, NULL, note);
    r.proof.count = 1; /* with old 0 there is nothing to prove */
    assert_int_equal(bench_post(&bench, bench.body, witness_request_format(bench.body, &r)), 422);
    assert_int_equal(bench_ask(&bench, &log, 0, 0), 200);
    assert_int_equal(bench_ask(&bench, &log, 0, 0), 200);
    assert_int_equal(bench_ask(&bench, &log, 0, 5), 200);
    assert_int_equal(bench_ask(&bench, &log, 0, 0), 409);
    assert_string_equal(bench.answer.body, "5\n");
    bench_release(&bench);
}

static void test_what_is_no_request_is_refused_and_never_crashes(void **state)
{
    struct desk_log log;
    static char copy[WITNESS_BODY_MAX];

    (void)state;
    desk_log_init(&log, WITNESSES_ORIGIN, 1, WITNESSES_LEAVES, 0);
    open_for(&log);
    assert_int_equal(bench_ask(&bench, &log, 0, 5), 200);
    const size_t size = desk_log_request(&log, 5, 11, copy);
    for (size_t cut = 0; cut < size; cut++) {
        const unsigned status = bench_post(&bench, copy, cut);
        assert_true(status == 400 || status == 403);
    }
    for (size_t bit = 0; bit < 8 * size; bit++) {
        copy[bit / 8] ^= (char)(1 << bit % 8);
        assert_int_not_equal(bench_post(&bench, copy, size), 200);
        copy[bit / 8] ^= (char)(1 << bit % 8);
    }
    assert_int_equal(bench_post(&bench, copy, size), 200);
    bench_release(&bench);
}

/* A log that changes its keys: old and new key have one name and are one log. */
static void test_several_keys_of_one_origin_are_one_log(void **state)
{
    struct desk_log logs[3];
    struct note_key keys[2];
    static char note[NOTE_MAX_SIZE];
    size_t size = 0;

    (void)state;
    for (unsigned i = 0; i < 3; i++)
        desk_log_init(&logs[i], WITNESSES_ORIGIN, (uint8_t)(1 + i), WITNESSES_LEAVES, 0);
    keys[0] = logs[0].key;
    keys[1] = logs[1].key;
    bench_init(&bench);
    bench_open(&bench, keys, 2);
    assert_int_equal(bench_ask(&bench, &logs[0], 0, 10), 200);
    assert_int_equal(bench_ask(&bench, &logs[1], 10, 20), 200);
    assert_int_equal(bench_ask(&bench, &logs[2], 20, 30), 403);
    bench_close(&bench);
    bench_open(&bench, keys, 1); /* the record is by a key that is not known any more, and stays in force */
    assert_int_equal(bench_ask(&bench, &logs[0], 10, 30), 409);
    assert_int_equal(bench_ask(&bench, &logs[0], 20, 30), 200);
    assert_true(witness_find_checkpoint(bench.witness, "", 0, note, &size) == false);
    bench_release(&bench);
}

static void test_lines_of_strangers_are_not_kept(void **state)
{
    struct desk_log log;
    char hex[WITNESS_HEX_SIZE + 1];
    static char note[NOTE_MAX_SIZE];
    static char more[NOTE_MAX_SIZE];
    struct witness_request r = {.checkpoint = more};
    struct note parsed;
    size_t size = 0;
    static const char strangers[] = "\xe2\x80\x94 stranger.example AAAAAgI=\n"
                                    "\xe2\x80\x94 " WITNESSES_ORIGIN " AAAAAgI=\n";

    (void)state;
    desk_log_init(&log, WITNESSES_ORIGIN, 1, WITNESSES_LEAVES, 0);
    open_for(&log);
    witness_state_hex(WITNESSES_ORIGIN, strlen(WITNESSES_ORIGIN), hex);
    assert_false(witness_find_checkpoint(bench.witness, hex, sizeof hex - 1, note, &size));
    size = desk_log_checkpoint(&log, 7, NULL, note);
    SCRATCH_OK(
        note_add_lines(more, sizeof more, &r.checkpoint_size, note, size, strangers, strlen(strangers), err));
    assert_int_equal(bench_post(&bench, bench.body, witness_request_format(bench.body, &r)), 200);
    assert_true(witness_find_checkpoint(bench.witness, hex, sizeof hex - 1, note, &size));
    SCRATCH_OK(note_parse(&parsed, note, size, err));
    assert_int_equal(parsed.count, 2);
    const struct note_key keys[] = {log.key, bench.key};
    struct note_finding findings[2];
    SCRATCH_OK(note_verify(&parsed, keys, 2, findings, err));
    assert_true(findings[0].verified && findings[1].verified);
    hex[5] ^= 1;
    assert_false(witness_find_checkpoint(bench.witness, hex, sizeof hex - 1, note, &size));
    bench_release(&bench);
}

/* -- evidence -------------------------------------------------------------------------------------------- */

static unsigned evidence(const char *ending, char *name, size_t room)
{
    char path[300];
    unsigned count = 0;
    struct dirent *e;

    snprintf(path, sizeof path, "%s/evidence", bench.dir);
    DIR *const d = opendir(path);
    assert_non_null(d);
    while ((e = readdir(d))) {
        const size_t length = strlen(e->d_name);
        if (length < strlen(ending) || strcmp(e->d_name + length - strlen(ending), ending) != 0)
            continue;
        snprintf(name, room, "evidence/%.*s", (int)(length - strlen(ending)), e->d_name);
        count++;
    }
    closedir(d);
    return count;
}

/* Both notes are there, signed by the log, with these sizes; the words begin with the kind. */
static void expect_evidence(const struct desk_log *log, const char *kind, uint64_t held, uint64_t presented)
{
    static const char *const endings[] = {".held", ".presented"};
    const uint64_t sizes[] = {held, presented};
    char bytes[NOTE_MAX_SIZE];
    char name[400];
    char file[420];

    assert_int_equal(evidence(".txt", name, sizeof name), 1);
    for (size_t i = 0; i < 2; i++) {
        struct checkpoint c;
        snprintf(file, sizeof file, "%s%s", name, endings[i]);
        const long size = bench_file(&bench, file, bytes, sizeof bytes);
        assert_true(size > 0);
        SCRATCH_OK(checkpoint_open(&c, bytes, (size_t)size, &log->key, 1, err));
        assert_int_equal(c.size, sizes[i]);
        if (i == 0) /* and we said so */
            SCRATCH_OK(checkpoint_open(&c, bytes, (size_t)size, &bench.key, 1, err));
    }
    snprintf(file, sizeof file, "%s.txt", name);
    assert_true(bench_file(&bench, file, bytes, sizeof bytes) > 0);
    assert_int_equal(strncmp(bytes, kind, strlen(kind)), 0);
    assert_int_equal(bytes[strlen(kind)], ':');
    assert_non_null(strstr(bench.answer.said, "; "));
    assert_non_null(strstr(bench.answer.said, kind));
    assert_non_null(strstr(bench.answer.said, name));
}

static void test_a_fork_a_rollback_and_a_gap_leave_evidence(void **state)
{
    static const struct {
        uint64_t old, size;
        unsigned status;
        const char *kind; /* NULL: nothing is kept */
    } cases[] = {
        {20, 20, 422, "fork"},  {0, 20, 409, "fork"}, {20, 25, 422, "unconnected"}, {0, 15, 409, "older"},
        {15, 15, 409, "older"}, {0, 25, 409, NULL},   {7, 25, 409, NULL},
    };
    struct desk_log log;
    struct desk_log other; /* the same key, another history from leaf 12 on */
    char name[400];

    (void)state;
    desk_log_init(&log, WITNESSES_ORIGIN, 1, WITNESSES_LEAVES, 0);
    desk_log_init(&other, WITNESSES_ORIGIN, 1, 12, 9);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        open_for(&log);
        assert_int_equal(bench_ask(&bench, &log, 0, 20), 200);
        assert_int_equal(bench_ask(&bench, &other, cases[i].old, cases[i].size), cases[i].status);
        if (cases[i].kind)
            expect_evidence(&other, cases[i].kind, 20, cases[i].size);
        else
            assert_int_equal(evidence("", name, sizeof name), 2); /* "." and ".." */
        assert_int_equal(bench_ask(&bench, &other, cases[i].old, cases[i].size), cases[i].status);
        assert_int_equal(evidence(".txt", name, sizeof name), cases[i].kind ? 1 : 0); /* the same, once */
        assert_int_equal(bench_ask(&bench, &log, 20, 30), 200);
        bench_release(&bench);
    }
}

/* Strangers cannot leave anything, and honest askers who do not know the size do not. */
static void test_only_the_logs_own_signature_makes_evidence(void **state)
{
    struct desk_log log;
    struct desk_log thief;
    char name[400];

    (void)state;
    desk_log_init(&log, WITNESSES_ORIGIN, 1, WITNESSES_LEAVES, 0);
    desk_log_init(&thief, WITNESSES_ORIGIN, 2, 12, 9);
    open_for(&log);
    assert_int_equal(bench_ask(&bench, &log, 0, 20), 200);
    assert_int_equal(bench_ask(&bench, &thief, 20, 20), 403);
    assert_int_equal(bench_ask(&bench, &log, 0, 30), 409);
    assert_int_equal(bench_ask(&bench, &log, 0, 20), 409);
    assert_int_equal(evidence("", name, sizeof name), 2);
    bench_release(&bench);
}

/* -- many at once ---------------------------------------------------------------------------------------- */

#define RACERS 8

struct racer {
    pthread_t thread;
    size_t size;
    char body[WITNESS_BODY_MAX];
    struct witness_answer answer;
};

static void *race(void *context)
{
    struct racer *const r = context;

    witness_add_checkpoint(bench.witness, r->body, r->size, &r->answer);
    return NULL;
}

static void test_of_many_histories_at_once_one_is_cosigned(void **state)
{
    static struct racer racers[RACERS];
    struct desk_log log;
    unsigned won = 0;

    (void)state;
    desk_log_init(&log, WITNESSES_ORIGIN, 1, WITNESSES_LEAVES, 0);
    for (unsigned round = 0; round < 20; round++) {
        open_for(&log);
        assert_int_equal(bench_ask(&bench, &log, 0, 10), 200);
        for (unsigned i = 0; i < RACERS; i++) {
            struct desk_log other;
            desk_log_init(&other, WITNESSES_ORIGIN, 1, 10, (uint8_t)(1 + i));
            racers[i].size = desk_log_request(&other, 10, 11 + i % 3, racers[i].body);
        }
        for (unsigned i = 0; i < RACERS; i++)
            assert_int_equal(pthread_create(&racers[i].thread, NULL, race, &racers[i]), 0);
        won = 0;
        for (unsigned i = 0; i < RACERS; i++) {
            assert_int_equal(pthread_join(racers[i].thread, NULL), 0);
            won += racers[i].answer.status == 200;
            assert_true(racers[i].answer.status == 200 || racers[i].answer.status == 409);
        }
        assert_int_equal(won, 1);
        bench_release(&bench);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_published_transcript),
        cmocka_unit_test(test_the_published_update_from_5_to_8),
        cmocka_unit_test(test_published_bodies_that_are_no_request),
        cmocka_unit_test(test_published_examples_of_syntax),
        cmocka_unit_test(test_a_log_that_only_grows_is_cosigned_at_every_size),
        cmocka_unit_test(test_checks_come_in_the_order_of_the_specification),
        cmocka_unit_test(test_the_empty_tree),
        cmocka_unit_test(test_what_is_no_request_is_refused_and_never_crashes),
        cmocka_unit_test(test_several_keys_of_one_origin_are_one_log),
        cmocka_unit_test(test_lines_of_strangers_are_not_kept),
        cmocka_unit_test(test_a_fork_a_rollback_and_a_gap_leave_evidence),
        cmocka_unit_test(test_only_the_logs_own_signature_makes_evidence),
        cmocka_unit_test(test_of_many_histories_at_once_one_is_cosigned),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
