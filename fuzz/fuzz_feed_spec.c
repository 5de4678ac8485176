/*
 * Any text as a feed's specification (--feed, import): taken apart, its pieces put together are the same text; a
 * refusal says why. The importers' own readers of the keys run on it too, with a folder that is not there.
 */
#include "gateway/feed_impl.h"

#include "fuzz.h"

#include <string.h>

static const char *const LEAN[] = {"underlying", "date", "resolution", "history", "options",
                                   "missing",    "from", "to",         "clock",   NULL};
static const char *const SPX[] = {"from", "to", "openinterest", "size_assumed", NULL};
static const char *const SYNTHETIC[] = {"seed",     "underlying", "date",    "days",
                                        "scenario", "minutes",    "history", NULL};
static const struct feed_spec_form FORMS[] = {
    {"lean", true, LEAN}, {"spx-eod", true, SPX}, {"synthetic", false, SYNTHETIC}, {NULL, false, NULL}};

static size_t put(char *out, size_t at, const char *text)
{
    const size_t length = strlen(text);

    REQUIRE(at + length < FEED_SPEC_SIZE + 2);
    memcpy(out + at, text, length);
    return at + length;
}

static void check_whole(const struct feed_spec *s, const char *text, bool has_dir)
{
    static char again[FEED_SPEC_SIZE + 2];
    size_t at = put(again, 0, s->name);

    at = put(again, at, ":");
    at = put(again, at, s->dir);
    for (size_t i = 0; i < s->count; i++) {
        at = put(again, at, i || has_dir ? "," : "");
        at = put(again, at, s->pairs[i].key);
        at = put(again, at, "=");
        at = put(again, at, s->pairs[i].value);
        REQUIRE(feed_spec_get(s, s->pairs[i].key) == s->pairs[i].value);
    }
    REQUIRE(at == strlen(text) && memcmp(again, text, at) == 0);
}

static void check_values(const struct feed_spec *s)
{
    static const char *const words[] = {"minute", "hour", "daily", NULL};
    struct err err = {0};
    struct symbol symbol = {0};
    civil_day day = 0;
    int64_t number = 7;
    size_t index = 3;

    for (size_t i = 0; i < s->count; i++) {
        const char *const key = s->pairs[i].key;
        if (feed_spec_day(s, key, &day, &err))
            REQUIRE(err.text[0] != '\0' && day == 0);
        day = 0;
        if (feed_spec_integer(s, key, 5, 9, &number, &err))
            REQUIRE(err.text[0] != '\0');
        REQUIRE(number >= 5 && number <= 9);
        REQUIRE(feed_spec_word(s, key, words, &index, &err) == ERR_OK || index == 3);
        index = 3;
        if (feed_spec_ticker(s, key, &symbol, &err) == ERR_OK)
            REQUIRE(!symbol_is_option(&symbol) && symbol.length > 0);
    }
}

/* The importers must find out that the folder is not there, after whatever is wrong with the keys. */
static void check_importers(struct feed_spec *s, size_t form)
{
    static const struct feed_context nothing_seen;
    struct feed *f = NULL;
    struct err err = {0};

    s->dir = "/dev/null/nothing";
    if (form == 0)
        REQUIRE(feed_lean_open(s, &nothing_seen, &f, &err) && err.text[0] != '\0' && !f);
    if (form == 1)
        REQUIRE(feed_spx_eod_open(s, &nothing_seen, &f, &err) && err.text[0] != '\0' && !f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char text[FEED_SPEC_SIZE + 64];
    static struct feed_spec s;
    struct err err = {0};
    size_t form = 0;

    if (size >= sizeof text)
        return 0;
    memcpy(text, data, size);
    text[size] = '\0';
    if (feed_spec_parse(&s, text, FORMS, &form, &err)) {
        REQUIRE(err.code == ERR_INPUT && err.text[0] != '\0');
        return 0;
    }
    check_whole(&s, text, FORMS[form].has_dir);
    check_values(&s);
    check_importers(&s, form);
    return 0;
}
