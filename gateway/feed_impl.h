/*
 * What a feed is made of, for the files that implement one: a row of operations and the common head.
 *
 * feed_next() is peek, then take. The split lets a merge compare heads without copying an entry (whose union
 * is kilobytes wide), and leaves borrowed texts alone until they are asked for.
 */
#ifndef GATEWAY_FEED_IMPL_H
#define GATEWAY_FEED_IMPL_H

#include "gateway/feed.h"

#include "gateway/feed_spec.h"

#define FEED_NAME_SIZE   256
#define FEED_REMARK_SIZE 512

_Static_assert(FEED_SPEC_SIZE == FEED_SPEC_MAX, "a caller's longest specification is taken apart whole");

/* Where the next draft belongs in time. */
struct feed_key {
    bool at_once; /* a control.source, which has no time: hand it out before comparing */
    int64_t at_ns;
    enum phase phase;  /* 0: not the clock */
    civil_day session; /* of a clock entry */
};

struct feed_ops {
    enum err_code (*peek)(struct feed *f, struct feed_key *key, bool *found, struct err *err);
    /* Hands out what peek showed; the caller peeked, and it was there. */
    enum err_code (*take)(struct feed *f, struct entry *draft, struct err *err);
    void (*close)(struct feed *f); /* releases the whole of it; the remarks are released by feed_close() */
};

struct feed {
    const struct feed_ops *ops;
    char name[FEED_NAME_SIZE];
    const char *actor; /* static */
    struct feed_counts counts;
    int64_t total;   /* drafts there are at least */
    int64_t step_ns; /* as feed_step_ns() has it */
    char (*remarks)[FEED_REMARK_SIZE];
    size_t remark_count;
};

/* A sentence for people; too long ones are cut. ERR_MEMORY. */
MUST_USE enum err_code feed_remark_add(struct feed *f, struct err *err, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Sets all that a draft has beside its body. */
void feed_draft(struct entry *draft, enum entry_kind kind, int64_t at_ns);

enum err_code feed_lean_open(const struct feed_spec *spec, const struct feed_context *context,
                             struct feed **f, struct err *err);
enum err_code feed_spx_eod_open(const struct feed_spec *spec, const struct feed_context *context,
                                struct feed **f, struct err *err);
enum err_code feed_synthetic_open(const struct feed_spec *spec, const struct feed_context *context,
                                  struct feed **f, struct err *err);
enum err_code feed_journal_open(const struct feed_spec *spec, const struct feed_context *context,
                                struct feed **f, struct err *err);

#endif
