/*
 * Proofs: a few hashes that show what a seal covers, to somebody who has no journal.
 *
 * An *inclusion proof*: this entry is one of those that the seal signs. A *consistency proof*: what the old seal
 * signs is how that begins which the new seal signs. docs/PROOFS.md is the contract: the two forms of a file, and the
 * check, step by step.
 *
 * A seal may be signed by the key of a later epoch than the key that the checker was given. The proof then holds, for
 * each change of the key in between, the entry that made it, where that entry stands in the tree of a seal by the key
 * before, and that the trees of all these seals are one tree, growing: so who has stolen today's key cannot prove
 * another past.
 */
#ifndef AUDIT_PROOF_H
#define AUDIT_PROOF_H

#include "ledger/entry.h"
#include "ledger/journal.h"
#include "ledger/json_out.h"
#include "ledger/merkle.h"
#include "ledger/note.h"

#define PROOF_FORMAT      "ledger proof v1"
#define PROOF_TLOG_FORMAT "c2sp.org/tlog-proof@v1"
#define PROOF_MAX_SIZE    ((size_t)64 << 20) /* of a file */
#define PROOF_KEYS_MAX    10000u             /* changes of the key: 40 years of them daily */

enum proof_type { PROOF_INCLUSION = 1, PROOF_CONSISTENCY };
enum proof_form { PROOF_JSON = 1, PROOF_TLOG };

/* Bytes on the heap, with a terminator behind them that is not counted; NULL: none. */
struct proof_bytes {
    uint8_t *at;
    size_t size;
};

/* An entry, its path to the root of a seal, and that seal. */
struct proof_step {
    struct proof_bytes entry;
    struct merkle_path path;
    struct proof_bytes seal;        /* a signed note */
    struct merkle_path consistency; /* to the root of `seal`, from that of the seal before it in the proof */
};

/* A change of the key. */
struct proof_key {
    struct proof_step step;  /* the control.key entry */
    bool has_owner;          /* a recovery: an owner has signed that entry, */
    struct proof_step owner; /* and this is where the owner was named */
};

struct proof {
    enum proof_type type;
    uint64_t seq; /* INCLUSION: of the entry; its leaf is seq - 1 */
    struct proof_step
        last; /* INCLUSION: the entry. CONSISTENCY: no entry; the path is from old_seal to seal */
    struct proof_bytes old_seal; /* CONSISTENCY */
    struct proof_key *keys;      /* on the heap, the oldest change first */
    size_t key_count;
    size_t key_capacity;
};

void proof_init(struct proof *p);
void proof_release(struct proof *p); /* and init */

/* -- making one ------------------------------------------------------------------------------------------ */

/*
 * Entry `seq` at the oldest seal that covers `size` entries or more (0: at the newest seal). `epochs` are the journal's
 * as the reader sees it (journal_epochs()). ERR_NOT_FOUND: no such entry, or no such seal. *p is initialised; on error
 * it is as it was. Not checked here: a journal that was changed gives a proof that proof_check() calls wrong.
 */
MUST_USE enum err_code proof_make_inclusion(struct journal_reader *r, const struct epochs *epochs,
                                            uint64_t seq, uint64_t size, struct proof *p, struct err *err);
/* From the seal of exactly `from` entries to that of exactly `to`. ERR_NOT_FOUND: there is none, and which is near. */
MUST_USE enum err_code proof_make_consistency(struct journal_reader *r, const struct epochs *epochs,
                                              uint64_t from, uint64_t to, struct proof *p, struct err *err);

/* -- its two forms --------------------------------------------------------------------------------------- */

/* One object and a line end, into `out`, which grows. Whether it fitted: json_out_done(). */
void proof_to_json(const struct proof *p, struct json_out *out);
/*
 * C2SP tlog-proof, of an inclusion proof (REQUIRE), with the entry as its `extra`. The form has no place for changes
 * of the key: it is checked with the key that signed its seal. *text is the caller's to free(). ERR_MEMORY.
 */
MUST_USE enum err_code proof_to_tlog(const struct proof *p, struct proof_bytes *text, struct err *err);
/*
 * Reads either form, and says which. What `extra` holds is taken for the entry. Form only: nothing is checked that
 * takes a hash. ERR_FORMAT with the place; ERR_MEMORY. *p is initialised; on error it is as it was.
 */
MUST_USE enum err_code proof_parse(const char *text, size_t size, struct proof *p, enum proof_form *form,
                                   struct err *err);

/* -- checking one ---------------------------------------------------------------------------------------- */

/* What was proven. */
struct proof_finding {
    char origin[NOTE_NAME_MAX + 1]; /* who sealed */
    uint64_t size;                  /* how many entries */
    struct hash root;
    uint64_t old_size; /* CONSISTENCY: the first so many of them were sealed before, the same */
    struct hash old_root;
    struct note_key key; /* that signed the newest seal */
    uint64_t epoch;      /* of that key; 0: it is the given one */
    bool is_entry;       /* INCLUSION: its bytes are an entry that this program can read */
    struct hash leaf;    /* of the entry */
    struct entry entry;  /* borrows from the proof */
};

/*
 * Is it so, as far as `key` can be trusted: the journal's first? ERR_WRONG: it is not, and what does not fit. ERR_INPUT:
 * there is no entry to be checked, or the key is a later one. *f is written on ERR_OK only.
 */
MUST_USE enum err_code proof_check(const struct proof *p, const struct note_key *key, struct proof_finding *f,
                                   struct err *err);

/* Takes a copy of `size` bytes. ERR_MEMORY. */
MUST_USE enum err_code proof_bytes_set(struct proof_bytes *b, const void *bytes, size_t size,
                                       struct err *err);

#endif
