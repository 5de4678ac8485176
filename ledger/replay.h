/*
 * The one loop that turns entries into state. A row is a reducer: name, size, init, apply, digest, release,
 * restore. The loop knows none of them; whoever wants state hands in a table of rows. Same entries, same
 * digest, on every machine.
 *
 * A state's canonical bytes are complete: whatever makes a later entry do something else is in them, or
 * follows from them. So they are its digest and its snapshot alike.
 */
#ifndef LEDGER_REPLAY_H
#define LEDGER_REPLAY_H

#include "ledger/entry.h"
#include "ledger/restore.h"

#define REPLAY_ROWS_MAX 16

/* Where a reducer writes the canonical bytes of its state, for hashing or storing (see book/). */
struct digest_out {
    void (*add)(void *context, const void *bytes, size_t size);
    void *context;
};
void digest_u64(const struct digest_out *out, uint64_t v); /* big-endian */
void digest_i64(const struct digest_out *out, int64_t v);
void digest_bytes(const struct digest_out *out, const void *bytes, size_t size); /* length first */
void digest_symbol(const struct digest_out *out, const struct symbol *s);
void digest_id(const struct digest_out *out, const struct id *id);

struct replay_row {
    const char *name;
    size_t size;
    void (*init)(void *state);
    enum err_code (*apply)(void *state, const struct entry *e, struct err *err); /* all or nothing */
    void (*digest)(const void *state, const struct digest_out *out);
    void (*release)(void *state);
    /*
     * The inverse of digest, into a state that is fresh from init; release takes it afterwards, also after an
     * error. ERR_FORMAT: digest never writes such bytes; ERR_MEMORY. NULL: cannot be restored.
     */
    enum err_code (*restore)(void *state, struct restore_in *in, struct err *err);
    /* Of the canonical bytes and of what apply makes of an entry: a change of either is a new one. */
    uint32_t version;
};

struct replay {
    const struct replay_row *const *rows; /* borrowed */
    void **states;                        /* borrowed: states[i] has rows[i]->size bytes */
    size_t count;
    uint64_t seq; /* newest entry applied; 0 before the first */
};

/* Initialises every state. */
void replay_init(struct replay *r, const struct replay_row *const *rows, void **states, size_t count);
void replay_release(struct replay *r);
/*
 * Applies one entry to every row, in the table's order. ERR_CHAIN: e is not the next seq. After any other
 * error the states are of different ages and must be released: a journal that does not apply is damaged.
 */
MUST_USE enum err_code replay_apply(struct replay *r, const struct entry *e, struct err *err);
/* Every row's name and canonical bytes, then the seq, into `out`. */
void replay_digest(const struct replay *r, const struct digest_out *out);
/*
 * Reads what replay_digest() wrote, into states that are fresh from replay_init() (REQUIRE: r->seq is 0), and
 * nothing else. ERR_FORMAT names the reducer; ERR_MEMORY. After an error the states are to be released.
 * That the bytes are exactly what the states write is left to replay_differs().
 */
MUST_USE enum err_code replay_restore(struct replay *r, struct restore_in *in, struct err *err);
/* The states write other bytes than these. */
bool replay_differs(const struct replay *r, struct restore_in *in);

#endif
