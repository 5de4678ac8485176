/*
 * What is wrong with a journal, how far it is good, and what to do: facts and findings, no printing, no repair.
 *
 * A diagnosis is a list of checks, each a function that adds findings; the caller chooses them and may put its own
 * among them (cli/cmd_doctor.c has the table). What a check has learned, later ones find in `facts`. Damage may
 * make LMDB stumble, or a page that is gone fault: such checks run in a process of their own, and what would have
 * ended it becomes a finding.
 */
#ifndef AUDIT_DIAGNOSE_H
#define AUDIT_DIAGNOSE_H

#include "audit/verify.h"

#include <limits.h>

enum diagnose_grade {
    DIAGNOSE_GOOD,
    DIAGNOSE_REMARK, /* nothing is wrong, but somebody should know */
    DIAGNOSE_BAD,    /* something is wrong */
    DIAGNOSE_UNSEEN  /* it could not be looked at, so it may be wrong */
};

#define DIAGNOSE_FINDINGS_MAX 96

struct diagnose_finding {
    char check[24]; /* the row of the table that found it */
    enum diagnose_grade grade;
    char where[256]; /* a file, "page 17 (entries)", "entry 40"; may be empty */
    char what[640];
    char todo[320];   /* what to do: a command to type, or words; empty: nothing */
    uint64_t entries; /* of "good": how far the journal is good; else 0 */
};

struct diagnosis;

typedef void (*diagnose_fn)(struct diagnosis *d);

/* What must have been found before a check has something to look at. */
enum diagnose_needs {
    DIAGNOSE_ALWAYS,
    DIAGNOSE_FILE,   /* there is a journal.mdb that can be read, by its bytes */
    DIAGNOSE_LMDB,   /* its pages are sound: LMDB may be let at it */
    DIAGNOSE_JOURNAL /* it was read to its end, and every entry is in order */
};

struct diagnose_check {
    const char *name;
    diagnose_fn run;
    enum diagnose_needs needs;
    bool apart; /* in a process of its own: whatever touches the journal's file */
};

struct diagnose_options {
    const char *dir;
    const char *vkey; /* the verifier key, got elsewhere; NULL: the journal's own */
    int64_t now_ns;
    void (*progress)(void *arg, uint64_t done, uint64_t total); /* may be NULL */
    void *progress_arg;
    void *arg; /* the caller's, for its own checks */
};

/* In memory that the processes share; so nothing in it may point to what a check has allocated. */
struct diagnosis {
    struct diagnose_options options;
    const char *check; /* the name of the one that runs */
    unsigned count;
    struct diagnose_finding findings[DIAGNOSE_FINDINGS_MAX];
    struct {
        bool has_file;       /* DIAGNOSE_FILE */
        bool is_sound;       /* DIAGNOSE_LMDB */
        bool is_good;        /* DIAGNOSE_JOURNAL */
        uint64_t file_bytes; /* of journal.mdb, in use */
        uint64_t entries;    /* that it has, as far as it can be told */
        uint64_t good;       /* entries 1 .. good are what a seal of that size signs */
        int64_t good_at_ns;  /* when the last of them was recorded */
        int64_t first_at_ns; /* of entry 1 */
        unsigned actors;     /* besides the journal */
        unsigned vault_keys; /* in the vault; 0: unknown */
        bool is_copy;        /* it has no vault, and needs none */
    } facts;
};

/* ERR_MEMORY. */
MUST_USE enum err_code diagnose_new(const struct diagnose_options *options, struct diagnosis **d,
                                    struct err *err);
void diagnose_free(struct diagnosis *d); /* NULL is fine */

/* Runs the checks in order; one whose needs are not met is passed over. */
void diagnose_run(struct diagnosis *d, const struct diagnose_check *checks, size_t count);

/* The worst grade: BAD before UNSEEN before REMARK. */
enum diagnose_grade diagnose_worst(const struct diagnosis *d);
const char *diagnose_grade_name(enum diagnose_grade grade); /* "good", "remark", "bad", "unseen" */

/* A finding of the check that runs. `where` may be NULL; past DIAGNOSE_FINDINGS_MAX nothing is added. Returns it, or
 * NULL. */
struct diagnose_finding *diagnose_add(struct diagnosis *d, enum diagnose_grade grade, const char *where,
                                      const char *format, ...) __attribute__((format(printf, 4, 5)));
/* What to do about it: a command to type, or words; not shown of what is good. `f` may be NULL. */
void diagnose_advise(struct diagnose_finding *f, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* -- the checks that need nothing but the journal's files ------------------------------------------------- */

/* diagnose_place.c */
void diagnose_directory(struct diagnosis *d); /* there, and whose */
void diagnose_disk(struct diagnosis *d);      /* room, and what is left in which no append can fail */
void diagnose_vault(struct diagnosis *d);     /* there, whole, and nobody else's to read */
void diagnose_leftovers(struct diagnosis *d); /* of what was interrupted */

/* diagnose_file.c */
void diagnose_file(struct diagnosis *d);  /* journal.mdb: its length and its meta pages */
void diagnose_pages(struct diagnosis *d); /* every page that a tree leads to */

/* diagnose_lock.c */
void diagnose_lock(struct diagnosis *d);    /* the lock file, and who holds the writer lock */
void diagnose_readers(struct diagnosis *d); /* who keeps old pages alive */

/* diagnose_journal.c */
void diagnose_halted(struct diagnosis *d);  /* whether it takes entries at all */
void diagnose_journal(struct diagnosis *d); /* everything that ledger verify checks, and how far it is good */
void diagnose_good(struct diagnosis *d);    /* to which seal, whatever else is damaged */
void diagnose_clock(struct diagnosis *d);   /* against the newest entry */
void diagnose_growth(struct diagnosis *d);  /* how long the disk will last */

#endif
