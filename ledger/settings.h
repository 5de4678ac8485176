/*
 * Settings: the one mechanism by which every module declares what can be configured. A module has a table of
 * rows (`risk/settings.def` ...) that generates its struct's fields, defaults, bounds, the schema check of
 * the YAML file, the canonical text in the control.configuration entry and the reference in
 * docs/CONFIGURATION.md.
 *
 * Canonical text: "path=value\n" for every row, in the tables' order, values in canonical decimal form. Pure.
 */
#ifndef LEDGER_SETTINGS_H
#define LEDGER_SETTINGS_H

#include "ledger/entry.h"

enum setting_type {
    SETTING_PRICE = 1, /* int64_t nano, decimal string */
    SETTING_MONEY,     /* int64_t micro */
    SETTING_RATE,      /* int64_t 1e-9 */
    SETTING_COUNT,     /* int64_t */
    SETTING_FLAG,      /* bool: true, false */
    SETTING_SYMBOLS,   /* struct symbol_list: "GOOG,AAPL" */
    SETTING_MAP,       /* struct symbol_map: "GOOG:Communication Services,AAPL:Information Technology" */
    SETTING_NAME       /* struct id: an actor's name */
};

#define SYMBOL_LIST_MAX 32
struct symbol_list {
    uint32_t count;
    struct symbol rows[SYMBOL_LIST_MAX];
};

#define SYMBOL_MAP_MAX      64
#define SYMBOL_MAP_TEXT_MAX 47
struct symbol_map {
    uint32_t count;
    struct {
        struct symbol symbol;
        char text[SYMBOL_MAP_TEXT_MAX + 1]; /* visible ASCII and single spaces, no ',' ':' or '=' */
    } rows[SYMBOL_MAP_MAX];                 /* sorted by symbol, no symbol twice */
};
/* The text for a symbol, or NULL. */
const char *symbol_map_find(const struct symbol_map *m, const struct symbol *s);

struct setting {
    const char *path; /* "risk.daily_loss" */
    enum setting_type type;
    size_t offset;       /* in the module's struct */
    const char *initial; /* canonical default */
    const char *least;   /* canonical bounds for numbers, NULL: none */
    const char *most;
    const char *meaning;
};

/* The field of a row's type in its module's struct: SETTING_C_RATE daily_loss; */
#define SETTING_C_PRICE   int64_t
#define SETTING_C_MONEY   int64_t
#define SETTING_C_RATE    int64_t
#define SETTING_C_COUNT   int64_t
#define SETTING_C_FLAG    bool
#define SETTING_C_SYMBOLS struct symbol_list
#define SETTING_C_MAP     struct symbol_map
#define SETTING_C_NAME    struct id

/* One module's table and where its struct lies in the whole configuration. */
struct setting_group {
    const struct setting *rows;
    size_t count;
    size_t offset; /* of the module's struct in the configuration */
};

/* Sets every row of the group in the struct at `target` (the whole configuration) to its default. */
void settings_defaults(const struct setting_group *group, void *target);
/* Sets one. ERR_NOT_FOUND: no such path in the group; ERR_INPUT: value, with path, bound and reason. */
MUST_USE enum err_code settings_set(const struct setting_group *group, void *target, const char *path,
                                    const char *value, size_t value_length, struct err *err);
/* Canonical value text of a row, terminated; ERR_RANGE when it does not fit. */
MUST_USE enum err_code settings_get(const struct setting_group *group, const void *target, size_t index,
                                    char *out, size_t capacity, struct err *err);

#endif
