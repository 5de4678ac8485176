/*
 * The state of one verification, shared by the files it is split into: verify.c (the walk over blocks,
 * entries and tiles, and the end), walk_rules.c (what an entry may say, given those before it),
 * walk_persons.c (who may write what), walk_dual.c (what needs two), walk_keys.c (which key seals what), walk_trial.c (what the seals say about a disagreement), walk_complete.c
 * (whether anything is missing), walk.c (reading on), walk_ahead.c (many entries at once, on several cores),
 * walk_kept.c (a seal that was kept elsewhere), walk_timestamps.c and walk_witnesses.c (what others said about the seals). Not for others.
 */
#ifndef AUDIT_WALK_H
#define AUDIT_WALK_H

#include "audit/canonical.h"
#include "audit/peaks.h"
#include "audit/verify.h"

#define WALK_ACTORS_MAX     512
#define WALK_CHECK_SIZE     4 /* bytes of its leaf hash that a block keeps with each entry */
#define WALK_STATEMENT_SIZE (64 + NOTE_NAME_MAX + ENTRY_MAX_SIZE)

/* An actor as the entries so far have made it known. */
struct walk_actor {
    uint8_t name_length;
    uint8_t name[ID_MAX];
    uint8_t role;
    bool is_revoked;
    uint8_t key[32]; /* in force */
};

/*
 * Who may write, as the entries so far have made it known. Batches that are checked ahead read it, so while one
 * does it stays as it is: what comes to be known later goes into a copy.
 */
struct walk_persons {
    struct walk_persons *before; /* of which this is the copy; goes when nobody reads it any more */
    unsigned readers;            /* batches */
    uint64_t owned_since;        /* the entry that names the first owner; 0: none does */
    uint32_t count;
    struct walk_actor actors[WALK_ACTORS_MAX]; /* id 1 is the first */
};

#define WALK_FAMILIES_MAX 8u
#define WALK_NUMBERS_MAX  32u

/* Which roles may write a kind: bit 1 << role; bit 1 is the journal itself. */
struct walk_roles {
    uint16_t writers[WALK_FAMILIES_MAX][WALK_NUMBERS_MAX]; /* by family and number of the kind */
};

struct walk_proposal {
    uint64_t seq;
    uint32_t actor;
    int64_t recorded_at_ns;
    uint64_t valid_s;
    struct hash sha256; /* that an approval must name */
};

/* What one person has proposed and another approved. Grows with the journal, by 64 bytes a proposal. */
struct walk_dual {
    struct walk_proposal *proposals;
    size_t count;
    size_t capacity;
    uint64_t approval; /* the newest; 0: none yet */
    struct hash approved;
    int64_t approved_at_ns;
};

/*
 * The signatures of actors met so far, by their first 16 bytes: none may come twice. Grows with the journal, by 32
 * bytes a signed entry.
 */
struct walk_signatures {
    uint8_t (*slots)[16]; /* all zero: free */
    size_t capacity;      /* a power of two, or 0 */
    size_t count;
};

struct walk_epoch {
    uint64_t begins; /* the first size at which it is in force */
    uint8_t key[NOTE_PUBLIC_KEY_SIZE];
};

/*
 * The journal's keys, epoch by epoch. The key of the newest is the walk's `key`; of those before it only the last
 * signs anything that is still to come: the seal of the entry that hands over.
 */
struct walk_epochs {
    struct walk_epoch *rows;
    size_t capacity;
    size_t count;           /* 0 before genesis */
    struct note_key before; /* of the epoch before the newest */
};

/* What the entry at which the walk stands does with the key. */
enum walk_key_change { WALK_KEY_STAYS, WALK_KEY_HAND_OVER, WALK_KEY_RECOVERY };

/* The newest tile of a level. */
struct walk_tile {
    struct evidence_cursor *cursor;
    bool is_loaded;
    uint64_t index;
    const uint8_t *hashes; /* borrowed */
    size_t count;          /* 0: there is no such tile */
};

/* The next row of a table whose keys are numbers. */
struct walk_row {
    struct evidence_cursor *cursor;
    bool found;
    uint64_t number;
    struct evidence_item item;
};

/* The block whose entries are being read. */
struct walk_block {
    struct evidence_cursor *cursor;
    uint64_t key;
    const uint8_t *lengths; /* count times u16 */
    const uint8_t *checks;  /* count times WALK_CHECK_SIZE */
    unsigned count;
    unsigned next; /* of `count`: the entry that comes next */
    const uint8_t *at;
    const uint8_t *end;
};

struct walk {
    const struct verify_options *options;
    struct evidence *evidence;
    struct verify_report *report;
    struct canonical_kinds kinds;
    struct walk_block block;
    struct walk_tile tiles[PEAKS_LEVELS];
    struct walk_row seal;  /* the first that is not checked yet */
    struct walk_row index; /* of the control index, likewise */
    struct peaks peaks;    /* over the entries found good so far */
    uint64_t seq;          /* of the newest of them; 0: none yet */
    int64_t recorded_at_ns;
    bool has_key;        /* given, or taken from genesis */
    struct note_key key; /* of the newest epoch */
    struct walk_epochs epochs;
    enum walk_key_change key_change; /* by entry `seq` */
    struct walk_signatures signatures;
    struct walk_roles roles;
    struct walk_persons *persons;
    struct walk_dual dual;
    uint8_t statement[WALK_STATEMENT_SIZE];
};

/* Notes the first wrong place and returns ERR_WRONG. */
enum err_code walk_wrong(struct walk *w, enum verify_place place, unsigned level, uint64_t number,
                         const char *format, ...) __attribute__((format(printf, 5, 6)));

/* -- reading on ------------------------------------------------------------------------------------------ */

/* Moves to the next row. ERR_WRONG: its key is no number (noted). */
MUST_USE enum err_code walk_row_next(struct walk *w, struct walk_row *row, enum evidence_table table,
                                     struct err *err);
/* Opens the next block. *malformed: its head does not fit it. ERR_WRONG: its key is no number (noted). */
MUST_USE enum err_code walk_block_next(struct walk *w, bool *found, bool *malformed, struct err *err);
/* Hash `slot` of a level, counted over all its tiles; NULL when no tile holds it. */
MUST_USE enum err_code walk_slot(struct walk *w, unsigned level, uint64_t slot, const uint8_t **hash,
                                 struct err *err);
/* Opens a block that was read. False: its head does not fit it; `count` is then 0. Leaves the cursor alone. */
bool walk_block_open(struct walk_block *b, uint64_t key, const uint8_t *bytes, size_t size);
/* The next entry of the open block. False: none is left, or the next one runs past the block. */
bool walk_block_entry(struct walk_block *b, const uint8_t **bytes, size_t *size);
/* The check of the entry that walk_block_entry() gave. */
const uint8_t *walk_block_check(const struct walk_block *b);

/* -- keys ------------------------------------------------------------------------------------------------ */

/* The key in force at a size that is w->seq or more, as far as the epochs are known. */
const struct note_key *walk_key_at(const struct walk *w, uint64_t size);
/* The same at any size. */
void walk_key_find(const struct walk *w, uint64_t size, struct note_key *key);
/* Takes the key of genesis, which was not given, or is the given one. ERR_WRONG: it is not. ERR_MEMORY. */
MUST_USE enum err_code walk_key_genesis(struct walk *w, const char *origin, size_t origin_size,
                                        const uint8_t *key, struct err *err);
/* Takes a control.key, entry w->seq + 1. ERR_WRONG: it breaks the rules of hand-over or recovery. ERR_MEMORY. */
MUST_USE enum err_code walk_key_next(struct walk *w, const struct canonical *c, struct err *err);
void walk_keys_release(struct walk *w);

/* -- seals ----------------------------------------------------------------------------------------------- */

/*
 * Is the note in row `number` a good seal: signed by the key, of its origin, of that size? ERR_WRONG: no. And
 * the same of row `w->seal`.
 */
MUST_USE enum err_code walk_seal_check(const struct note_key *key, uint64_t number, const uint8_t *note,
                                       size_t size, struct hash *root, struct err *err);
MUST_USE enum err_code walk_seal_open(const struct walk *w, struct hash *root, struct err *err);

/* What the first good seal says that covers the place where something does not agree. */
enum trial {
    TRIAL_CONFIRMS, /* the entries are what was sealed */
    TRIAL_DENIES,   /* they are not */
    TRIAL_NO_SEAL   /* no good seal covers it */
};

/*
 * Reads on, from the entry given (which may be NULL: it cannot be told apart) to that seal. The walk cannot
 * go on afterwards. *size is the seal's, or 0.
 */
MUST_USE enum err_code walk_trial(struct walk *w, const uint8_t *bytes, size_t size, enum trial *trial,
                                  uint64_t *seal, struct err *err);
/* The trial of a hash in a tile, after its entries have been counted in. */
MUST_USE enum err_code walk_trial_tile(struct walk *w, enum trial *trial, uint64_t *seal, struct err *err);

/*
 * Holds a journal that was found good against options->against. ERR_WRONG: it does not reach it, or has another root
 * there (noted). ERR_INPUT: the kept seal is none of this journal.
 */
MUST_USE enum err_code walk_kept(struct walk *w, struct err *err);

/* -- rules ----------------------------------------------------------------------------------------------- */

/* What the rules of one entry need to know of those before it. Borrowed. */
struct walk_known {
    const struct canonical_kinds *kinds;
    const struct walk_roles *roles;
    const struct walk_persons *persons;
    const struct note_key *key;
    uint8_t *statement; /* room to put one together: WALK_STATEMENT_SIZE */
};

struct walk_known walk_known(struct walk *w);

/*
 * Everything an entry must obey but its place in the tree, in the order of docs/FORMAT.md. `before_ns`: when the
 * entry before it was recorded. ERR_WRONG, or ERR_FORMAT when its version, kind or schema is not known here; err
 * then says what, without the place. Changes nothing but the statement: it does not ask whether the signature
 * was there before, nor what the kinds of walk_kind_is_of_persons() bring, nor control.key.
 */
MUST_USE enum err_code walk_entry_check(const struct walk_known *known, uint64_t seq, int64_t before_ns,
                                        const uint8_t *bytes, size_t size, struct canonical *c,
                                        struct err *err);
/* The same of entry w->seq + 1, and what is left; takes over what it tells about journal and actors. ERR_MEMORY. */
MUST_USE enum err_code walk_entry_rules(struct walk *w, const uint8_t *bytes, size_t size,
                                        struct canonical *c, struct err *err);

/*
 * What an actor signs: the entry's first `said` bytes, without its place and behind journal's name. Put together in
 * known->statement; returns its size.
 */
size_t walk_statement(const struct walk_known *known, const uint8_t *bytes, size_t said);

/*
 * Every line of a good seal's note that a witness known by then has the name and key of is its cosignature, and counted
 * in *cosignatures; ERR_WRONG: it is not.
 */
MUST_USE enum err_code walk_witnesses_check(const struct walk_known *known, const uint8_t *bytes, size_t size,
                                            uint64_t *cosignatures, struct err *err);

/* Adds the witnesses that the entries have made known to options->known, as far as there is room. */
void walk_witnesses_tell(const struct walk *w);

/* Notes a signature. ERR_WRONG: it was noted before. ERR_MEMORY. */
MUST_USE enum err_code walk_signature_note(struct walk_signatures *seen, const uint8_t *signature,
                                           struct err *err);
bool walk_signature_is_known(const struct walk_signatures *seen, const uint8_t *signature);

/* The second verdict, of stored keys and counts. *complete is set unless there is an error. */
MUST_USE enum err_code walk_completeness(struct evidence *evidence, bool *complete, struct err *err);
/* -- timestamps ------------------------------------------------------------------------------------------ */

/*
 * Checks every timestamp, after everything else is good: each beside a seal that is there, over it, not before its newest
 * entry, numbered without gaps; with certificates in the options, by somebody whom they lead to. ERR_WRONG: the first that is not is noted.
 */
MUST_USE enum err_code walk_timestamps(struct walk *w, struct err *err);

/* -- persons --------------------------------------------------------------------------------------------- */

/* ERR_MEMORY. Release both in any case. */
MUST_USE enum err_code walk_persons_init(struct walk *w, struct err *err);
void walk_persons_release(struct walk *w);
void walk_roles_init(struct walk_roles *roles);
bool walk_role_may_write(const struct walk_roles *roles, unsigned role, unsigned kind);

/* The actor of that id, NULL: there is none. */
const struct walk_actor *walk_actor_find(const struct walk_known *known, uint32_t id);
/* Whether the actor is known, may write the kind, is not revoked, and signs where that is asked. ERR_WRONG: no. */
MUST_USE enum err_code walk_actor_check(const struct walk_known *known, const struct canonical *c,
                                        struct err *err);
/* An entry of this kind has rules that ask, or say, what is known of persons: it is for who walks in order. */
bool walk_kind_is_of_persons(const struct walk_persons *p, unsigned kind);
/* To be called before *w->persons changes: afterwards nobody else reads it. ERR_MEMORY. */
MUST_USE enum err_code walk_persons_change(struct walk *w, struct err *err);
/* Takes a revocation or a new key. ERR_WRONG: it is not for its actor to say, or leaves no owner. ERR_MEMORY. */
MUST_USE enum err_code walk_persons_rekey(struct walk *w, const struct canonical *c, struct err *err);

/* Configuration, resume, recovery, hold and disposal: in an owned journal two persons must want them. */
bool walk_kind_needs_two(unsigned kind);
/* The rules of two persons, of any entry that is signed as it must be. ERR_WRONG, ERR_MEMORY. */
MUST_USE enum err_code walk_dual_rules(struct walk *w, const struct canonical *c, const uint8_t *bytes,
                                       struct err *err);

/* -- on and on ------------------------------------------------------------------------------------------- */

/*
 * Checks entry after entry, in order, until `last` of them are good and, when that is where a block ends, the
 * next one is open; or until there is no block left. ERR_WRONG: the first wrong place is noted.
 */
MUST_USE enum err_code walk_until(struct walk *w, uint64_t last, struct err *err);

/*
 * The same to the last entry, sooner: whole batches of entries are checked ahead, on as many threads as the
 * options say, and counted in when nothing about them is wrong. The others are left to walk_until(). So what is
 * found does not depend on the threads.
 */
MUST_USE enum err_code walk_ahead(struct walk *w, struct err *err);

#endif
