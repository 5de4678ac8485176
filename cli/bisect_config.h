/* ledger bisect over two configurations: which settings make a predicate hold. */
#ifndef CLI_BISECT_CONFIG_H
#define CLI_BISECT_CONFIG_H

#include "cli/cli.h"

#include "incident/predicate.h"

struct bisect_config {
    const char *when;
    const struct predicate *predicate;
    const char *good; /* files; NULL: what is in force at the journal's end */
    const char *bad;
    bool json;
};

/* Whether the text is a configuration's file, by its name: *.yaml, *.yml. NULL is none. */
bool bisect_config_is(const char *text);
MUST_USE enum err_code bisect_config_run(const struct bisect_config *q, struct journal *j,
                                         struct journal_reader *r, struct err *err);

#endif
