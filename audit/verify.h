/*
 * Verification: is this journal what was sealed, and is all of it there?
 *
 * Reads a journal, or a raw export of one, from the first entry to the last, in constant memory (but for 32
 * bytes a signed entry and as many a key), and stops at the first place that is wrong. Two verdicts. Integrity: every entry is
 * in its one canonical form, obeys the journal's order, and stands in the tree whose roots the seals sign.
 * Completeness: no gap, and the newest seal covers the newest entry. docs/FORMAT.md says what is checked, in
 * which order, and how the place is named; nothing here calls the code that writes journals.
 */
#ifndef AUDIT_VERIFY_H
#define AUDIT_VERIFY_H

#include "audit/evidence.h"
#include "ledger/hash.h"
#include "ledger/note.h"

#define VERIFY_THREADS_MAX 64u

struct cosigners;
struct timestamp_chain;

struct verify_options {
    const char *dir;     /* the journal's directory; or NULL, and */
    const char *export;  /* the path of a raw export */
    const char *vkey;    /* the verifier key, got elsewhere; NULL: taken from the genesis entry, on trust */
    const char *against; /* a seal that was kept elsewhere, of `against_size` bytes; NULL: none */
    size_t against_size;
    struct cosigners
        *known; /* receives the journal's actors of role witness, once it is found good; NULL: nobody asks */
    unsigned
        threads; /* that check, at most VERIFY_THREADS_MAX; 0: one a core. The report does not depend on it */
    const struct timestamp_chain
        *chain; /* that timestamps must lead to; NULL: whose words they are is not asked */
    /* For tests of that: every entry after the other; tiles of 256 entries that a thread takes at a time. */
    bool is_plain;
    unsigned tiles; /* 1 .. 16; 0: 16 */
    /* Called now and then with entries checked and entries there are; may be NULL. */
    void (*progress)(void *arg, uint64_t done, uint64_t total);
    void *progress_arg;
};

enum verify_place {
    VERIFY_NOWHERE,   /* nothing is wrong */
    VERIFY_ENTRY,     /* number: its seq */
    VERIFY_CHECK,     /* number: the seq of the entry whose check in its block is wrong */
    VERIFY_TILE,      /* level, number: its index */
    VERIFY_SEAL,      /* number: the size it covers, which is its key */
    VERIFY_INDEX,     /* number: a seq in the control index */
    VERIFY_TIMESTAMP, /* number: the size of the seal that it is beside */
    VERIFY_TABLE,     /* number: an enum evidence_table that holds a key of no possible size */
    VERIFY_KEPT /* number: the size that the kept seal covers, which the journal does not reach, or not so */
};

#define VERIFY_PLACE_SIZE  64
#define VERIFY_SIGNER_SIZE 256

/* The first wrong place. */
struct verify_wrong {
    enum verify_place place;
    unsigned level;
    uint64_t number;
    uint64_t first; /* the entries in doubt: first .. last; 0 when none can be named */
    uint64_t last;
    char where
        [VERIFY_PLACE_SIZE]; /* "entry 17", "check 17", "tile 1/0", "seal 40", "control index 9", "timestamp 40",
                                "table seals", "kept seal" */
    char what[ERR_TEXT_SIZE]; /* what is wrong with it, in words */
};

struct verify_report {
    bool integrity_ok; /* nothing that is there was changed, as far as it was checked (to `entries`) */
    bool complete_ok;  /* nothing is missing */
    bool key_given;    /* false: the key came from the journal itself, so a forger's own journal passes too */
    uint64_t entries;  /* checked */
    uint64_t total;    /* there are, by the newest block's key */
    uint64_t bytes;    /* of the entries checked */
    uint64_t seals;    /* checked */
    uint64_t tiles;    /* checked, once all entries are good */
    uint64_t sealed;   /* the newest good seal that was reached covers entries 1 .. sealed */
    struct hash root;  /* over the entries checked */
    int64_t first_recorded_at_ns;
    int64_t last_recorded_at_ns;
    uint64_t timestamps;                 /* checked, once everything else is good */
    uint64_t stamped;                    /* the largest seal that has one covers entries 1 .. stamped */
    int64_t stamped_at_ns;               /* the earliest time that one of its timestamps says */
    char stamped_by[VERIFY_SIGNER_SIZE]; /* who signed that; empty: not asked, or there is none */
    uint64_t signatures;                 /* actors' signatures that were checked */
    uint64_t cosignatures;               /* in the seals checked, by witnesses that the journal knows */
    char origin[NOTE_NAME_MAX + 1];
    char vkey[NOTE_VKEY_TEXT_SIZE]; /* the key that was used; empty when there was none to use */
    uint64_t owned_since; /* the entry checked that names the first owner (FORMAT 3.2); 0: none does */
    uint64_t epochs;      /* keys, one after the other: 1, and one for each control.key checked */
    uint64_t epoch_entry; /* the entry that names the newest of them */
    char newest_vkey[NOTE_VKEY_TEXT_SIZE]; /* which it is */
    struct verify_wrong wrong;
};

/*
 * Fills *report also on ERR_WRONG: checked and found wrong; err and report->wrong name the first wrong place.
 * Every other error means that it could not be checked: ERR_NOT_FOUND, ERR_IO, ERR_MEMORY, ERR_FORMAT (not a
 * journal, the database file itself is damaged, or an intact entry of a kind that this program does not
 * know), ERR_INPUT or ERR_KEY (the given key or the kept seal is not usable).
 */
MUST_USE enum err_code verify_journal(const struct verify_options *options, struct verify_report *report,
                                      struct err *err);

/* The same over evidence that is open already; `dir` and `export` are not looked at. */
MUST_USE enum err_code verify_evidence(struct evidence *evidence, const struct verify_options *options,
                                       struct verify_report *report, struct err *err);

#endif
