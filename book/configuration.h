/*
 * The whole configuration: every module's settings in one struct, their tables in one list, the YAML door,
 * the canonical text that goes into the journal, and the reducer that says which configuration is in force.
 */
#ifndef BOOK_CONFIGURATION_H
#define BOOK_CONFIGURATION_H

#include "book/journal_settings.h"
#include "ledger/hash.h"
#include "ledger/replay.h"
#include "ledger/settings.h"
#include "risk/risk_settings.h"
#include "strategy/costs.h"
#include "strategy/strategy_settings.h"

struct configuration {
    struct strategy_settings strategy;
    struct risk_settings risk;
    struct costs costs;
    struct journal_settings journal;
};

/* The index-th setting of all modules, in the canonical text's order; NULL past the end. */
const struct setting *configuration_setting(size_t index);

/* In force before the first control.configuration, and the base that a file changes. */
void configuration_defaults(struct configuration *c);

/* Settings of a YAML file over the defaults; rules that span settings (min <= max) are checked. ERR_INPUT. */
MUST_USE enum err_code configuration_read_yaml(struct configuration *c, const char *name, const char *text,
                                               size_t size, struct err *err);

/* Sets one, from its canonical text; what spans settings is left to configuration_check(). ERR_INPUT: no such setting, or no
 * such value for it. */
MUST_USE enum err_code configuration_set(struct configuration *c, const char *path, const char *value,
                                         size_t size, struct err *err);
/* Rules that span settings. ERR_INPUT. */
MUST_USE enum err_code configuration_check(const struct configuration *c, struct err *err);

#define CONFIGURATION_TEXT_MAX 16384
/* "path=value\n" for every setting, in order; terminated. ERR_RANGE when it does not fit. */
MUST_USE enum err_code configuration_text(const struct configuration *c, char *out, size_t capacity,
                                          size_t *size, struct err *err);
/* The inverse. Settings that a text of an older program does not name keep their defaults. ERR_FORMAT. */
MUST_USE enum err_code configuration_parse(struct configuration *c, const char *text, size_t size,
                                           struct err *err);

/*
 * Whether the three parts of a recorded configuration say one thing: the digest is the source's, and every setting has
 * the value that the source gives it. Settings of an older program, which knew fewer, are no contradiction; nor is a
 * source that is the settings' own text. ERR_WRONG names the setting and both values.
 */
MUST_USE enum err_code configuration_check_entry(const struct entry_control_configuration *e,
                                                 struct err *err);

/* The reducer: the newest control.configuration. */
struct configuration_state {
    struct configuration configuration;
    struct digest32 sha256; /* of its source; zero before the first */
    uint64_t seq;           /* of the entry; 0 before the first */
};
extern const struct replay_row configuration_row; /* name "configuration" */

#endif
