/*
 * A second verifier of journals, written from docs/FORMAT.md and nothing else. It shares no code with the program
 * that writes them; section numbers and rule numbers in comments are that page's.
 *
 * Reads one raw export from beginning to end and stops at the first wrong place. Calls nothing but libc, libsodium
 * (Ed25519) and libcrypto (SHA-256). An auditor's way through the source: README.md.
 */
#ifndef VERIFIER_VERIFIER_H
#define VERIFIER_VERIFIER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VERIFIER_NAME_MAX 255 /* bytes in the name of a key, and so in an origin */
#define VERIFIER_VKEY_MAX (VERIFIER_NAME_MAX + 1 + 8 + 1 + 44)

struct trust;

enum verifier_exit { VERIFIER_GOOD = 0, VERIFIER_WRONG = 1, VERIFIER_MISUSED = 2, VERIFIER_NOT_CHECKED = 3 };

struct verifier_options {
    const char *vkey;    /* noted when the journal was made; NULL: taken from the journal, on trust */
    const void *against; /* a seal that was kept elsewhere; NULL: none */
    size_t against_size;
    const struct trust
        *trust; /* timestamps must be proven by it (trust.h); NULL: whose words they are is not asked */
};

struct verifier_report {
    enum verifier_exit exit;
    bool integrity_ok; /* nothing that is there was changed */
    bool complete_ok;  /* nothing is missing */
    bool key_given;
    char where[64];        /* the first wrong place (section 8.3); empty: none */
    char what[512];        /* what is wrong there; or why nothing could be checked */
    uint64_t first;        /* the entries in doubt: first .. last; 0 when none can be named */
    uint64_t last;         /* */
    uint64_t entries;      /* found good */
    uint64_t bytes;        /* of them */
    uint64_t seals;        /* found good */
    uint64_t tiles;        /* all of them, once every entry was good; else 0 */
    uint64_t sealed;       /* the newest good seal covers entries 1 .. sealed */
    uint64_t signatures;   /* of actors, found good */
    uint64_t cosignatures; /* by witnesses that the journal knows, in the seals found good */
    uint64_t timestamps;   /* all of them, once everything else was good; whose words they are is not asked */
    uint64_t stamped;      /* the largest seal with one covers entries 1 .. stamped */
    int64_t recorded_from_ns; /* entry 1, and */
    int64_t recorded_to_ns;   /* the last one found good */
    uint64_t owned_since; /* the entry found good that names the first owner (section 3.2); 0: none does */
    bool is_bundle;       /* not a journal, but evidence from one (docs/BUNDLE.md): it has one verdict, and */
    uint64_t gaps;        /* how often entries are left out between those that are there, */
    uint64_t pairs;       /* and how many of these were wanted by two persons (section 3.2) */
    uint8_t root[32];     /* over the entries found good */
    char origin[VERIFIER_NAME_MAX + 1];
    char vkey[VERIFIER_VKEY_MAX + 1]; /* the key of epoch 0 that was used; empty when there was none to use */
    uint64_t epochs;                  /* keys, one after the other */
    char newest_vkey[VERIFIER_VKEY_MAX + 1];
};

/* What `ledger export --raw`, `ledger publish` or `ledger bundle` wrote. Fills *report, whatever happens. */
void verifier_check_file(const char *path, const struct verifier_options *options,
                         struct verifier_report *report);
/* The same of bytes in memory. */
void verifier_check_bytes(const void *bytes, size_t size, const struct verifier_options *options,
                          struct verifier_report *report);

/* The kinds of section 2 that this verifier knows, as lines of that section. */
const char *verifier_kinds(void);

#endif
