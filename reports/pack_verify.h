/*
 * Checks a pack. By itself: the manifest is in its one form and signed by the journal's key, every file is
 * what the manifest says, no file is missing and none is there that it does not name, the seal is signed by
 * the journal's key. Which keys those are when the journal has had several, the journal knows. Against the journal: the tree of that size has the seal's root, and every CSV file is byte for
 * byte what the journal's entries give today.
 *
 * Not checked here: that the journal's entries are those that its tree was made of. That is `ledger verify`.
 */
#ifndef REPORTS_PACK_VERIFY_H
#define REPORTS_PACK_VERIFY_H

#include "reports/manifest.h"

struct pack_verify_options {
    const char *dir;
    /* Trusted: that of the journal's epoch 0; without a journal also that of the epoch that signed. NULL: the journal's. */
    const struct note_key *key;
    struct journal *journal; /* NULL: only the pack by itself, and then `key` is needed (REQUIRE) */
    book_progress *progress;
    void *context;
};

struct pack_verify_report {
    struct manifest manifest;
    bool against_journal;
    bool
        is_seal_open; /* false: the seal is by a key that was not given, and is vouched for by the manifest only */
    uint64_t journal_size;
    uint64_t later_entries; /* of the same day, after the seal: the pack is right and no longer complete */
};

/*
 * ERR_OK: nothing is wrong; the report says what was checked. ERR_WRONG names the first wrong file. Any other
 * error: it could not be checked (ERR_NOT_FOUND: no such directory; ERR_INPUT: another version of the program
 * wrote the pack and makes its tables differently).
 */
MUST_USE enum err_code pack_verify(const struct pack_verify_options *options,
                                   struct pack_verify_report *report, struct err *err);

#endif
