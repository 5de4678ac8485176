/*
 * A log in memory, for tests of proofs: any leaves, seals of any size by any of several keys. What it makes of itself
 * is honest; what a test does to that is the test's affair.
 */
#ifndef TESTS_SUPPORT_PROOFS_H
#define TESTS_SUPPORT_PROOFS_H

#include "audit/proof.h"
#include "ledger/checkpoint.h"
#include "support/tile_store.h"

#include <stdio.h>
#include <string.h>

#include <sodium.h>

#define PROOFS_ORIGIN "desk.example/proofs"
#define PROOFS_LEAVES 1100u
#define PROOFS_KEYS   6u

/* Calls that must succeed; `err` is theirs. */
#define PROOFS_OK(call)                                                                                      \
    do {                                                                                                     \
        struct err err_ = {.code = ERR_OK};                                                                  \
        struct err *const err = &err_;                                                                       \
        if (call) {                                                                                          \
            fprintf(stderr, "%s: %s\n", #call, err->text);                                                   \
            abort();                                                                                         \
        }                                                                                                    \
    } while (0)

struct proofs_log {
    struct note_key keys[PROOFS_KEYS];
    uint8_t secrets[PROOFS_KEYS][crypto_sign_SECRETKEYBYTES];
    struct proof_bytes entries[PROOFS_LEAVES];
    struct hash leaves[PROOFS_LEAVES];
    uint64_t size;
    struct tile_store *store; /* of all leaves; made anew when there are more */
    uint64_t stored;
};

static inline struct proofs_log *proofs_new(void)
{
    struct proofs_log *const l = calloc(1, sizeof *l);
    uint8_t seed[crypto_sign_SEEDBYTES] = "keys of tests";
    uint8_t public_key[32];

    assert_non_null(l);
    assert_true(sodium_init() >= 0);
    for (uint8_t i = 0; i < PROOFS_KEYS; i++) {
        seed[31] = i;
        crypto_sign_seed_keypair(public_key, l->secrets[i], seed);
        PROOFS_OK(note_key_init(&l->keys[i], PROOFS_ORIGIN, strlen(PROOFS_ORIGIN), NOTE_KEY_ED25519,
                                public_key, err));
    }
    return l;
}

static inline void proofs_free(struct proofs_log *l)
{
    for (uint64_t i = 0; i < l->size; i++)
        free(l->entries[i].at);
    if (l->store)
        tile_store_free(l->store);
    free(l);
}

static inline void proofs_add(struct proofs_log *l, const void *bytes, size_t size)
{
    assert_true(l->size < PROOFS_LEAVES);
    PROOFS_OK(proof_bytes_set(&l->entries[l->size], bytes, size, err));
    l->leaves[l->size++] = hash_leaf(bytes, size);
}

/* Leaves that are no entries: one or two bytes, their number. */
static inline void proofs_add_numbers(struct proofs_log *l, uint64_t size)
{
    while (l->size < size) {
        const uint8_t bytes[2] = {(uint8_t)l->size, (uint8_t)(l->size >> 8)};
        proofs_add(l, bytes, l->size < 256 ? 1 : 2);
    }
}

/* An entry by actor `actor`, with its place. */
static inline void proofs_add_entry(struct proofs_log *l, struct entry *e)
{
    uint8_t bytes[ENTRY_MAX_SIZE];
    struct wire_out out;

    e->seq = l->size + 1;
    e->recorded_at_ns = INT64_C(1450967460000000000) + (int64_t)e->seq;
    wire_out_init(&out, bytes, sizeof bytes);
    PROOFS_OK(entry_encode(e, &out, err));
    proofs_add(l, bytes, wire_out_size(&out));
}

static inline struct merkle_tiles proofs_tiles(struct proofs_log *l)
{
    if (l->store && l->stored != l->size) {
        tile_store_free(l->store);
        l->store = NULL;
    }
    if (!l->store)
        l->store = store_of(l->leaves, l->size);
    l->stored = l->size;
    return tile_store_tiles(l->store);
}

/* A signed note over any text. */
static inline void proofs_sign(struct proofs_log *l, unsigned key, const char *text, struct proof_bytes *note)
{
    uint8_t signature[NOTE_SIGNATURE_SIZE];
    char bytes[NOTE_MAX_SIZE];
    size_t size = 0;

    crypto_sign_detached(signature, NULL, (const uint8_t *)text, strlen(text), l->secrets[key]);
    PROOFS_OK(note_build(bytes, sizeof bytes, &size, text, strlen(text), &l->keys[key], signature, err));
    PROOFS_OK(proof_bytes_set(note, bytes, size, err));
}

static inline void proofs_seal_root(struct proofs_log *l, unsigned key, uint64_t size,
                                    const struct hash *root, struct proof_bytes *note)
{
    char text[CHECKPOINT_TEXT_MAX + 1];
    struct checkpoint c;
    size_t length = 0;

    PROOFS_OK(checkpoint_init(&c, PROOFS_ORIGIN, strlen(PROOFS_ORIGIN), size, root, err));
    PROOFS_OK(checkpoint_format(&c, text, sizeof text - 1, &length, err));
    text[length] = '\0';
    proofs_sign(l, key, text, note);
}

/* The seal of the first `size` leaves. */
static inline void proofs_seal(struct proofs_log *l, unsigned key, uint64_t size, struct proof_bytes *note)
{
    const struct merkle_tiles tiles = proofs_tiles(l);
    struct hash root;

    PROOFS_OK(merkle_root(&tiles, size, &root, err));
    proofs_seal_root(l, key, size, &root, note);
}

/* Leaf seq - 1 below the seal of `size` by a key, whose tree goes on from that of `before` leaves. */
static inline void proofs_step(struct proofs_log *l, uint64_t seq, unsigned key, uint64_t before,
                               uint64_t size, struct proof_step *step)
{
    const struct merkle_tiles tiles = proofs_tiles(l);

    PROOFS_OK(merkle_consistency(&tiles, before, size, &step->consistency, err));
    proofs_seal(l, key, size, &step->seal);
    if (seq == 0)
        return;
    PROOFS_OK(merkle_inclusion(&tiles, seq - 1, size, &step->path, err));
    PROOFS_OK(proof_bytes_set(&step->entry, l->entries[seq - 1].at, l->entries[seq - 1].size, err));
}

/* By the first key. */
static inline void proofs_inclusion(struct proofs_log *l, uint64_t seq, uint64_t size, struct proof *p)
{
    proof_init(p);
    p->type = PROOF_INCLUSION;
    p->seq = seq;
    proofs_step(l, seq, 0, 0, size, &p->last);
}

static inline void proofs_consistency(struct proofs_log *l, uint64_t from, uint64_t to, struct proof *p)
{
    const struct merkle_tiles tiles = proofs_tiles(l);

    proof_init(p);
    p->type = PROOF_CONSISTENCY;
    proofs_seal(l, 0, from, &p->old_seal);
    proofs_seal(l, 0, to, &p->last.seal);
    PROOFS_OK(merkle_consistency(&tiles, from, to, &p->last.path, err));
}

#endif
