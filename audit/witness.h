/*
 * A witness (C2SP tlog-witness): it cosigns a log's checkpoint only if that goes on from the one it cosigned last.
 * So whoever rolls a log back, or shows two people two histories, does so without its cosignature. What it cosigned
 * is on disk before anybody hears of it (audit/witness_state.h).
 *
 * A log is known by its origin, which is the name of its keys; there may be several keys, for a log that changes
 * them. Calls may come from many threads: they take turns.
 */
#ifndef AUDIT_WITNESS_H
#define AUDIT_WITNESS_H

#include "audit/witness_request.h"
#include "audit/witness_state.h"
#include "ledger/secret.h"
#include "ledger/vault.h"

#define WITNESS_LOGS_MAX 64 /* origins */
#define WITNESS_KEYS_MAX 16 /* of one origin */

struct witness_options {
    const char *dir;
    const struct note_key *logs; /* type 01; those of one name are one log's. Not kept */
    size_t log_count;
    int64_t (*now_ns)(void *arg); /* NULL: the system's clock */
    void *now_arg;
};

/*
 * Makes the directory, which must not be there or be empty, with a fresh key, and its verifier key as text. `cost` is
 * the vault's, NULL for the default. ERR_EXISTS: something is there. ERR_INPUT: `name` is no key name. ERR_IO.
 */
MUST_USE enum err_code witness_create(const char *dir, const char *name, const struct secret *passphrase,
                                      const struct vault_cost *cost, char vkey[NOTE_VKEY_TEXT_SIZE],
                                      struct err *err);

struct witness;

/*
 * Takes the directory for this process alone and checks everything in it. ERR_NOT_FOUND, ERR_EXISTS, ERR_FORMAT as
 * witness_state_open(). ERR_KEY: the passphrase does not open the vault. ERR_INPUT: more logs than allowed, a log's
 * key that is none, or a passphrase or key of something else.
 */
MUST_USE enum err_code witness_open(struct witness **w, const struct witness_options *options,
                                    const struct secret *passphrase, struct err *err);
void witness_close(struct witness *w); /* NULL is fine */

const struct note_key *witness_key(const struct witness *w);

#define WITNESS_TEXT "text/plain; charset=utf-8"
#define WITNESS_SIZE "text/x.tlog.size"

struct witness_answer {
    unsigned status; /* of HTTP */
    const char *content_type;
    size_t size;
    char body[ERR_TEXT_SIZE + 16];
    char said[ERR_TEXT_SIZE]; /* for the operator: what was asked and what came of it, one line */
};

/*
 * Answers an add-checkpoint request, in this order: 400 not in form · 404 unknown origin · 403 no good signature of a
 * known key · 400 old above the checkpoint's size · 409 old is not the size of the record; the body is that size ·
 * 422 the proof is wrong, is there with old 0, or is for another root of the same size, or the size is 0 with a
 * root that is not the empty tree's · 200 our signature line; the record is on disk. 500: it could not be written, and
 * nothing was signed.
 *
 * A signed checkpoint that contradicts the record, or may, is kept as evidence with what it contradicts.
 */
void witness_add_checkpoint(struct witness *w, const void *body, size_t size, struct witness_answer *answer);

/* The last checkpoint of the origin with that hash, into `note` (NOTE_MAX_SIZE); false when there is none. */
bool witness_find_checkpoint(struct witness *w, const char *hex, size_t hex_size, char *note, size_t *size);

#endif
