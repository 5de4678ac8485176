/* What ledger replay does beside folding, in files of its own. */
#ifndef CLI_REPLAY_H
#define CLI_REPLAY_H

#include "cli/cli.h"

#include "book/redecide.h"

struct replay_range {
    uint64_t since; /* 0: everything */
    uint64_t to;    /* 0: to the end */
    int64_t to_ns;  /* INSTANT_NONE: by seq */
    bool json;
};

/* Decides again and compares; ERR_WRONG after a difference was told. */
MUST_USE enum err_code replay_redecide(struct journal *j, struct journal_reader *r,
                                       const struct replay_range *range, struct err *err);

/* What is known of a difference, for people: both versions side by side, and what they were decided on. */
MUST_USE enum err_code replay_put_difference(struct journal *j, struct journal_reader *r,
                                             const struct redecider *d, struct err *err);
/* The same as keys of an open JSON object. */
MUST_USE enum err_code replay_json_difference(struct journal *j, struct journal_reader *r,
                                              const struct redecider *d, struct json_out *out,
                                              struct err *err);

/* The number of an entry; 0, which stands for none, as null. */
void replay_json_seq(struct json_out *out, const char *key, uint64_t seq);

#endif
