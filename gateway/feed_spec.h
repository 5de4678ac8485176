/*
 * The specification of a feed, "name:DIR,key=value,...", taken apart: which feed, which folder, which keys.
 * Every mistake is answered with the keys that there are.
 */
#ifndef GATEWAY_FEED_SPEC_H
#define GATEWAY_FEED_SPEC_H

#include "ledger/err.h"
#include "ledger/instant.h"
#include "ledger/symbol.h"

#include <stdint.h>

#define FEED_SPEC_SIZE 4096
#define FEED_SPEC_KEYS 16

struct feed_spec_pair {
    const char *key; /* into text, terminated */
    const char *value;
};

struct feed_spec {
    char text[FEED_SPEC_SIZE]; /* the whole, cut with zeros */
    const char *name;          /* "lean" */
    const char *dir;           /* "" for a feed without a folder */
    struct feed_spec_pair pairs[FEED_SPEC_KEYS];
    size_t count;
    const char *const *keys; /* those this feed knows, NULL at the end */
};

/* A feed's name, whether it reads a folder, and its keys. */
struct feed_spec_form {
    const char *name;
    bool has_dir;
    const char *const *keys; /* NULL at the end */
};

/*
 * Finds text's name among `forms` (to the row without a name) and takes the rest apart by its row; *form is its
 * index. ERR_INPUT: no such feed (lists them), no folder, an unknown or repeated key, a pair without "=" or value.
 */
MUST_USE enum err_code feed_spec_parse(struct feed_spec *s, const char *text,
                                       const struct feed_spec_form *forms, size_t *form, struct err *err);

/* The value of a key, or NULL. */
const char *feed_spec_get(const struct feed_spec *s, const char *key);
/* The value; ERR_INPUT when it is missing, with the keys there are. */
MUST_USE enum err_code feed_spec_need(const struct feed_spec *s, const char *key, const char **value,
                                      struct err *err);

/* A date, an integer low .. high, one of `words` (NULL at the end; *index), an upper-case ticker. When the key is
 * missing the output stays as it is. ERR_INPUT names key and value. */
MUST_USE enum err_code feed_spec_day(const struct feed_spec *s, const char *key, civil_day *d,
                                     struct err *err);
MUST_USE enum err_code feed_spec_integer(const struct feed_spec *s, const char *key, int64_t low,
                                         int64_t high, int64_t *value, struct err *err);
MUST_USE enum err_code feed_spec_word(const struct feed_spec *s, const char *key, const char *const *words,
                                      size_t *index, struct err *err);
MUST_USE enum err_code feed_spec_ticker(const struct feed_spec *s, const char *key, struct symbol *ticker,
                                        struct err *err);

#endif
