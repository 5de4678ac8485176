/*
 * A witness in a scratch directory and a log that it knows, for tests: requests are put together from trees of small
 * leaves, honest or with another history.
 */
#ifndef TESTS_AUDIT_WITNESSES_H
#define TESTS_AUDIT_WITNESSES_H

#include "audit/witness.h"
#include "support/journals.h"
#include "support/merkle_model.h"

#include <sodium.h>

#define WITNESSES_ORIGIN "desk.example/log"
#define WITNESSES_NAME   "witness.example/w"
#define WITNESSES_LEAVES 64

struct desk_log {
    struct note_key key;
    uint8_t secret[64];
    struct hash leaves[WITNESSES_LEAVES];
};

/* A log of that name; with another `history` its leaves from number `from` on are others. */
static inline void desk_log_init(struct desk_log *log, const char *origin, uint8_t seed_byte, unsigned from,
                                 uint8_t history)
{
    uint8_t seed[32] = {seed_byte};
    uint8_t public_key[32];

    crypto_sign_seed_keypair(public_key, log->secret, seed);
    SCRATCH_OK(note_key_init(&log->key, origin, strlen(origin), NOTE_KEY_ED25519, public_key, err));
    for (unsigned i = 0; i < WITNESSES_LEAVES; i++) {
        const uint8_t leaf[2] = {(uint8_t)i, i >= from ? history : 0};
        log->leaves[i] = hash_leaf(leaf, sizeof leaf);
    }
}

/* The signed checkpoint at a size, not terminated; `root` NULL: the tree's. */
static inline size_t desk_log_checkpoint(const struct desk_log *log, uint64_t size, const struct hash *root,
                                         char *note)
{
    const struct hash own = model_mth(log->leaves, size);
    struct checkpoint c;
    char text[CHECKPOINT_TEXT_MAX];
    uint8_t signature[64];
    size_t text_size = 0;
    size_t note_size = 0;

    SCRATCH_OK(checkpoint_init(&c, log->key.name, log->key.name_size, size, root ? root : &own, err));
    SCRATCH_OK(checkpoint_format(&c, text, sizeof text, &text_size, err));
    crypto_sign_detached(signature, NULL, (const uint8_t *)text, text_size, log->secret);
    SCRATCH_OK(note_build(note, NOTE_MAX_SIZE, &note_size, text, text_size, &log->key, signature, err));
    return note_size;
}

/* A request: `old`, the proof from there, and the checkpoint. */
static inline size_t desk_log_request(const struct desk_log *log, uint64_t old, uint64_t size, char *body)
{
    static char note[NOTE_MAX_SIZE];
    struct witness_request r = {.old_size = old, .checkpoint = note};

    r.checkpoint_size = desk_log_checkpoint(log, size, NULL, note);
    if (old > 0 && old < size)
        model_subproof(0, old, log->leaves, size, true, &r.proof);
    return witness_request_format(body, &r);
}

struct witness_bench {
    struct scratch scratch;
    char dir[260];
    char vkey[NOTE_VKEY_TEXT_SIZE];
    struct note_key key;
    struct witness *witness; /* NULL: not open */
    struct witness_answer answer;
    char body[WITNESS_BODY_MAX];
};

static inline enum err_code bench_try(struct witness_bench *b, const struct note_key *logs, size_t count,
                                      struct err *err)
{
    const struct witness_options options = {
        .dir = b->dir, .logs = logs, .log_count = count, .now_ns = scratch_clock, .now_arg = &b->scratch};

    return witness_open(&b->witness, &options, b->scratch.passphrase, err);
}

static inline void bench_open(struct witness_bench *b, const struct note_key *logs, size_t count)
{
    SCRATCH_OK(bench_try(b, logs, count, err));
}

static inline void bench_close(struct witness_bench *b)
{
    witness_close(b->witness);
    b->witness = NULL;
}

static inline void bench_init(struct witness_bench *b)
{
    static const struct vault_cost cheap = {.passes = 1, .memory_kib = 8};

    memset(b, 0, sizeof *b);
    scratch_init(&b->scratch);
    snprintf(b->dir, sizeof b->dir, "%s/W", b->scratch.root);
    SCRATCH_OK(witness_create(b->dir, WITNESSES_NAME, b->scratch.passphrase, &cheap, b->vkey, err));
    SCRATCH_OK(note_key_parse(&b->key, b->vkey, strlen(b->vkey), err));
}

static inline void bench_release(struct witness_bench *b)
{
    bench_close(b);
    scratch_release(&b->scratch);
}

static inline unsigned bench_post(struct witness_bench *b, const void *body, size_t size)
{
    memset(&b->answer, 0, sizeof b->answer);
    witness_add_checkpoint(b->witness, body, size, &b->answer);
    assert_true(b->answer.size > 0 && b->answer.size < sizeof b->answer.body);
    assert_non_null(b->answer.content_type);
    assert_true(b->answer.said[0] != '\0' && !strchr(b->answer.said, '\n'));
    return b->answer.status;
}

static inline unsigned bench_ask(struct witness_bench *b, const struct desk_log *log, uint64_t old,
                                 uint64_t size)
{
    return bench_post(b, b->body, desk_log_request(log, old, size, b->body));
}

/* The answer is the witness's good cosignature over that checkpoint, of the clock's second. */
static inline void bench_expect_cosigned(struct witness_bench *b, const struct desk_log *log, uint64_t size)
{
    static char note[NOTE_MAX_SIZE];
    static char both[NOTE_MAX_SIZE];
    struct note parsed;
    struct note_finding finding;
    size_t both_size = 0;

    assert_int_equal(b->answer.status, 200);
    const size_t note_size = desk_log_checkpoint(log, size, NULL, note);
    SCRATCH_OK(
        note_add_lines(both, sizeof both, &both_size, note, note_size, b->answer.body, b->answer.size, err));
    SCRATCH_OK(note_parse(&parsed, both, both_size, err));
    SCRATCH_OK(note_verify(&parsed, &b->key, 1, &finding, err));
    assert_true(finding.verified);
    assert_int_equal(finding.at_s, b->scratch.now_ns / NS_PER_SECOND);
}

/* A file of the witness's directory; -1: it is not there. */
static inline long bench_file(const struct witness_bench *b, const char *name, char *bytes, size_t room)
{
    char path[700];

    snprintf(path, sizeof path, "%s/%s", b->dir, name);
    FILE *const f = fopen(path, "rb");
    if (!f)
        return -1;
    const size_t size = fread(bytes, 1, room, f);
    fclose(f);
    return (long)size;
}

static inline void bench_put(const struct witness_bench *b, const char *name, const char *bytes, size_t size)
{
    char path[700];

    snprintf(path, sizeof path, "%s/%s", b->dir, name);
    FILE *const f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, size, f), size);
    assert_int_equal(fclose(f), 0);
}

#endif
