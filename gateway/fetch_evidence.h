/*
 * Seals and timestamps for a copy, from a publication: each proven by itself, then kept beside what the copy
 * has.
 */
#ifndef GATEWAY_FETCH_EVIDENCE_H
#define GATEWAY_FETCH_EVIDENCE_H

#include "gateway/fetch_keys.h"
#include "gateway/publication.h"
#include "ledger/journal_copy.h"

/*
 * Is a note the seal of `size` entries: signed by the key of that size, over `root`, and no line in the name
 * of a witness whom the journal knows is another's? Changes nothing. ERR_WRONG: it is not, or ERR_FORMAT,
 * ERR_KEY.
 */
MUST_USE enum err_code fetch_evidence_check(const struct fetch_keys *keys, const char *note, size_t note_size,
                                            uint64_t size, const struct hash *root, struct err *err);

/*
 * The published seal of `size` entries, which the copy has. Lines of others join those that the copy's has.
 * *is_new: there was something to keep, with the next commit. ERR_WRONG: it is not that seal.
 */
MUST_USE enum err_code fetch_evidence_seal(struct publication *p, struct journal_copy *copy,
                                           const struct fetch_keys *keys, uint64_t size,
                                           const struct hash *root, bool *is_new, struct err *err);

/* A note of `size` entries that was checked: kept as above. */
MUST_USE enum err_code fetch_evidence_keep(struct journal_copy *copy, uint64_t size, const char *note,
                                           size_t note_size, bool *is_new, struct err *err);

struct fetch_evidence {
    struct publication *publication;
    struct journal_copy *copy;
    const struct fetch_keys *keys;
    const char *dir;        /* of the copy */
    const uint64_t *listed; /* sizes of seals, ascending, none above what the copy has */
    size_t count;
    uint64_t before; /* seals above it have been taken */
};

/*
 * What came late: lines of the newest seals that the copy had before, seals that are listed since; and
 * timestamps of all these and of the new ones. Commits. The two counts grow by what is new.
 */
MUST_USE enum err_code fetch_evidence_late(const struct fetch_evidence *f, uint64_t *seals,
                                           uint64_t *timestamps, struct err *err);

#endif
