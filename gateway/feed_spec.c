#include "gateway/feed_spec.h"

#include "ledger/decimal.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* "a, b, c" */
static void list_words(char *out, size_t size, const char *const *words)
{
    size_t used = 0;

    out[0] = '\0';
    for (size_t i = 0; words[i] && used + 1 < size; i++) {
        const int n = snprintf(out + used, size - used, "%s%s", i ? ", " : "", words[i]);
        if (n > 0)
            used += (size_t)n;
    }
}

static enum err_code refuse(const struct feed_spec *s, struct err *err, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static enum err_code refuse(const struct feed_spec *s, struct err *err, const char *format, ...)
{
    char what[400];
    char keys[400];
    va_list args;

    va_start(args, format);
    vsnprintf(what, sizeof what, format, args);
    va_end(args);
    list_words(keys, sizeof keys, s->keys);
    return err_set(err, ERR_INPUT, "%s; the keys are: %s", what, keys);
}

static bool is_known(const struct feed_spec *s, const char *key)
{
    for (size_t i = 0; s->keys[i]; i++)
        if (strcmp(s->keys[i], key) == 0)
            return true;
    return false;
}

/* "underlying=GOOG" where a folder should stand: the folder was forgotten. */
static bool starts_with_key(const struct feed_spec *s, const char *text)
{
    for (size_t i = 0; s->keys[i]; i++) {
        const size_t length = strlen(s->keys[i]);
        if (strncmp(text, s->keys[i], length) == 0 && text[length] == '=')
            return true;
    }
    return false;
}

/* Cuts the next field, up to a comma, off *at; NULL at the end. */
static char *next_field(char **at)
{
    char *const field = *at;

    if (!field)
        return NULL;
    char *const comma = strchr(field, ',');
    if (comma)
        *comma = '\0';
    *at = comma ? comma + 1 : NULL;
    return field;
}

static enum err_code take_pair(struct feed_spec *s, char *field, struct err *err)
{
    char *const equals = strchr(field, '=');

    if (!equals)
        return refuse(s, err, "\"%s\" is no key=value", field);
    *equals = '\0';
    if (!is_known(s, field))
        return refuse(s, err, "unknown key \"%s\"", field);
    if (feed_spec_get(s, field))
        return refuse(s, err, "key \"%s\" is given twice", field);
    if (!equals[1])
        return refuse(s, err, "key \"%s\" has no value", field);
    REQUIRE(s->count < FEED_SPEC_KEYS); /* no more known keys than that */
    s->pairs[s->count++] = (struct feed_spec_pair){field, equals + 1};
    return ERR_OK;
}

static enum err_code no_such_feed(const char *text, const struct feed_spec_form *forms, struct err *err)
{
    const char *names[FEED_SPEC_KEYS] = {0};
    char list[200];

    for (size_t i = 0; forms[i].name && i + 1 < FEED_SPEC_KEYS; i++)
        names[i] = forms[i].name;
    list_words(list, sizeof list, names);
    return err_set(err, ERR_INPUT, "feed \"%.60s\": no such feed; write NAME:..., where NAME is one of: %s",
                   text, list);
}

enum err_code feed_spec_parse(struct feed_spec *s, const char *text, const struct feed_spec_form *forms,
                              size_t *form, struct err *err)
{
    const size_t length = strlen(text);
    size_t row = 0;

    if (length >= sizeof s->text)
        return err_set(err, ERR_INPUT, "feed: the specification is longer than %zu characters",
                       sizeof s->text - 1);
    memcpy(s->text, text, length + 1);
    s->count = 0;
    s->dir = "";
    s->name = s->text;
    char *const colon = strchr(s->text, ':');
    if (colon)
        *colon = '\0';
    while (forms[row].name && strcmp(forms[row].name, s->name) != 0)
        row++;
    if (!forms[row].name || !colon)
        return no_such_feed(s->name, forms, err);
    s->keys = forms[row].keys;
    char *at = colon + 1;
    if (forms[row].has_dir) {
        s->dir = next_field(&at);
        if (!s->dir[0] || starts_with_key(s, s->dir)) {
            refuse(s, err, "no folder: write %s:DIR,key=value,...", s->name);
            return err_wrap(err, "feed %s", s->name);
        }
    } else if (!at[0]) {
        at = NULL;
    }
    for (char *field = next_field(&at); field; field = next_field(&at)) {
        const enum err_code rc = take_pair(s, field, err);
        if (rc)
            return err_wrap(err, "feed %s", s->name);
    }
    *form = row;
    return ERR_OK;
}

const char *feed_spec_get(const struct feed_spec *s, const char *key)
{
    for (size_t i = 0; i < s->count; i++)
        if (strcmp(s->pairs[i].key, key) == 0)
            return s->pairs[i].value;
    return NULL;
}

enum err_code feed_spec_need(const struct feed_spec *s, const char *key, const char **value, struct err *err)
{
    const char *const v = feed_spec_get(s, key);

    if (!v)
        return refuse(s, err, "key \"%s\" is missing", key);
    *value = v;
    return ERR_OK;
}

enum err_code feed_spec_day(const struct feed_spec *s, const char *key, civil_day *d, struct err *err)
{
    const char *const v = feed_spec_get(s, key);

    if (v && civil_parse(v, strlen(v), d, err))
        return err_wrap(err, "%s=%s", key, v);
    return ERR_OK;
}

enum err_code feed_spec_integer(const struct feed_spec *s, const char *key, int64_t low, int64_t high,
                                int64_t *value, struct err *err)
{
    const char *const v = feed_spec_get(s, key);
    int64_t number = 0;

    if (!v)
        return ERR_OK;
    if (decimal_parse(v, strlen(v), 0, &number, NULL) || number < low || number > high)
        return err_set(err, ERR_INPUT, "%s=%s is no whole number from %lld to %lld", key, v, (long long)low,
                       (long long)high);
    *value = number;
    return ERR_OK;
}

enum err_code feed_spec_word(const struct feed_spec *s, const char *key, const char *const *words,
                             size_t *index, struct err *err)
{
    const char *const v = feed_spec_get(s, key);
    char list[200];

    if (!v)
        return ERR_OK;
    for (size_t i = 0; words[i]; i++) {
        if (strcmp(words[i], v) == 0) {
            *index = i;
            return ERR_OK;
        }
    }
    list_words(list, sizeof list, words);
    return err_set(err, ERR_INPUT, "%s=%s is none of: %s", key, v, list);
}

enum err_code feed_spec_ticker(const struct feed_spec *s, const char *key, struct symbol *ticker,
                               struct err *err)
{
    const char *const v = feed_spec_get(s, key);

    if (!v)
        return ERR_OK;
    if (symbol_parse(v, strlen(v), ticker, err))
        return err_wrap(err, "%s", key);
    if (symbol_is_option(ticker))
        return err_set(err, ERR_INPUT, "%s=%s is an option; name the underlying", key, v);
    return ERR_OK;
}
