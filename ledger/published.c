#include "ledger/published.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define GROUP      1000u
#define GROUPS_MAX 7 /* 2^63 has 19 digits */
#define LINE_MAX   19

/* -- names ----------------------------------------------------------------------------------------------- */

/* "x001/x234/067" */
static size_t put_number(char *out, size_t room, uint64_t number)
{
    unsigned groups[GROUPS_MAX];
    size_t used = 0;
    size_t at = 0;

    REQUIRE(number <= PUBLISHED_NUMBER_MAX);
    do {
        groups[used++] = (unsigned)(number % GROUP);
        number /= GROUP;
    } while (number > 0);
    while (used-- > 1)
        at += (size_t)snprintf(out + at, room - at, "x%03u/", groups[used]);
    return at + (size_t)snprintf(out + at, room - at, "%03u", groups[0]);
}

static size_t put_head(char *out, size_t room, const struct published_name *name)
{
    int n = 0;

    switch (name->kind) {
    case PUBLISHED_CHECKPOINT: n = snprintf(out, room, "checkpoint"); break;
    case PUBLISHED_SEALS: n = snprintf(out, room, "seals"); break;
    case PUBLISHED_TILE:
        REQUIRE(name->level <= PUBLISHED_LEVEL_MAX);
        n = snprintf(out, room, "tile/%u/", name->level);
        break;
    case PUBLISHED_ENTRIES: n = snprintf(out, room, "tile/entries/"); break;
    case PUBLISHED_SEAL: n = snprintf(out, room, "seal/"); break;
    case PUBLISHED_TIMESTAMP: n = snprintf(out, room, "timestamp/"); break;
    }
    return (size_t)n;
}

static bool has_width(enum published_kind kind)
{
    return kind == PUBLISHED_TILE || kind == PUBLISHED_ENTRIES;
}

size_t published_format(char *out, const struct published_name *name)
{
    const size_t room = PUBLISHED_NAME_SIZE;
    size_t at = put_head(out, room, name);

    if (name->kind == PUBLISHED_CHECKPOINT || name->kind == PUBLISHED_SEALS)
        return at;
    REQUIRE(has_width(name->kind) ? name->width >= 1 && name->width <= PUBLISHED_WIDTH : name->number >= 1);
    at += put_number(out + at, room - at, name->number);
    if (has_width(name->kind) && name->width < PUBLISHED_WIDTH)
        at += (size_t)snprintf(out + at, room - at, ".p/%u", name->width);
    if (name->kind == PUBLISHED_TIMESTAMP) {
        REQUIRE(name->which < GROUP);
        at += (size_t)snprintf(out + at, room - at, "/%u", name->which);
    }
    REQUIRE(at < room);
    return at;
}

/* What is left of a name that is being read. */
struct rest {
    const char *at;
    const char *end;
};

static bool take_text(struct rest *r, const char *text)
{
    const size_t length = strlen(text);

    if ((size_t)(r->end - r->at) < length || memcmp(r->at, text, length) != 0)
        return false;
    r->at += length;
    return true;
}

/* A decimal without leading zeros, at most `max`. */
static bool take_decimal(struct rest *r, unsigned max, unsigned *value)
{
    const char *const start = r->at;
    unsigned v = 0;

    for (; r->at < r->end && *r->at >= '0' && *r->at <= '9' && v <= max; r->at++)
        v = 10 * v + (unsigned)(*r->at - '0');
    if (r->at == start || v > max || (*start == '0' && r->at - start > 1))
        return false;
    *value = v;
    return true;
}

static bool take_group(struct rest *r, unsigned *group)
{
    if (r->end - r->at < 3)
        return false;
    *group = 0;
    for (int i = 0; i < 3; i++, r->at++) {
        if (*r->at < '0' || *r->at > '9')
            return false;
        *group = 10 * *group + (unsigned)(*r->at - '0');
    }
    return true;
}

/* The first group of several is not 000: a number has one form. */
static bool take_number(struct rest *r, uint64_t *number)
{
    uint64_t v = 0;
    unsigned group;
    bool is_first = true;
    bool goes_on = take_text(r, "x");

    do {
        if (!take_group(r, &group) || v > (PUBLISHED_NUMBER_MAX - group) / GROUP)
            return false;
        if (goes_on && ((is_first && group == 0) || !take_text(r, "/")))
            return false;
        v = GROUP * v + group;
        is_first = false;
        if (!goes_on)
            break;
        goes_on = take_text(r, "x");
    } while (true);
    *number = v;
    return true;
}

static bool take_head(struct rest *r, struct published_name *name)
{
    if (take_text(r, "tile/entries/")) {
        name->kind = PUBLISHED_ENTRIES;
        return true;
    }
    if (take_text(r, "tile/")) {
        name->kind = PUBLISHED_TILE;
        return take_decimal(r, PUBLISHED_LEVEL_MAX, &name->level) && take_text(r, "/");
    }
    name->kind = take_text(r, "seal/") ? PUBLISHED_SEAL : PUBLISHED_TIMESTAMP;
    return name->kind == PUBLISHED_SEAL || take_text(r, "timestamp/");
}

static bool take_name(struct rest *r, struct published_name *name)
{
    if (take_text(r, "checkpoint")) {
        name->kind = PUBLISHED_CHECKPOINT;
        return true;
    }
    if (take_text(r, "seals")) {
        name->kind = PUBLISHED_SEALS;
        return true;
    }
    if (!take_head(r, name) || !take_number(r, &name->number))
        return false;
    if (name->kind == PUBLISHED_TIMESTAMP)
        return name->number > 0 && take_text(r, "/") && take_decimal(r, GROUP - 1, &name->which);
    if (!has_width(name->kind))
        return name->number > 0;
    name->width = PUBLISHED_WIDTH;
    return !take_text(r, ".p/") || (take_decimal(r, PUBLISHED_WIDTH - 1, &name->width) && name->width > 0);
}

enum err_code published_parse(struct published_name *name, const char *text, size_t length, struct err *err)
{
    struct published_name read = {.kind = PUBLISHED_CHECKPOINT};
    struct rest rest = {text, text + length};

    if (!take_name(&rest, &read) || rest.at != rest.end)
        return err_set(err, ERR_INPUT, "\"%.*s\" names no file of a published journal",
                       (int)(length < 200 ? length : 200), text);
    *name = read;
    return ERR_OK;
}

/* -- bundles --------------------------------------------------------------------------------------------- */

enum err_code published_bundle_parse(const uint8_t *bytes, size_t size,
                                     struct published_entry entries[PUBLISHED_WIDTH], unsigned *count,
                                     struct err *err)
{
    struct published_entry read[PUBLISHED_WIDTH];
    const uint8_t *at = bytes;
    const uint8_t *const end = bytes + size;
    unsigned n = 0;

    for (; at < end; n++) {
        const size_t length = end - at < 2 ? 0 : (size_t)at[0] << 8 | at[1];
        if (n == PUBLISHED_WIDTH)
            return err_set(err, ERR_FORMAT, "it goes on after %u entries", PUBLISHED_WIDTH);
        if (length == 0 || (size_t)(end - at) - 2 < length)
            return err_set(err, ERR_FORMAT, "entry %u of it, at byte %zu, is %s", n + 1, (size_t)(at - bytes),
                           end - at >= 2 && length == 0 ? "of no bytes" : "cut");
        read[n] = (struct published_entry){at + 2, length};
        at += 2 + length;
    }
    if (n == 0)
        return err_set(err, ERR_FORMAT, "it is empty");
    memcpy(entries, read, n * sizeof read[0]);
    *count = n;
    return ERR_OK;
}

/* -- the list of seals ----------------------------------------------------------------------------------- */

void published_sizes_init(struct published_sizes *s, const char *text, size_t length)
{
    *s = (struct published_sizes){text, text + length, 0};
}

enum err_code published_sizes_next(struct published_sizes *s, uint64_t *size, bool *found, struct err *err)
{
    const char *p = s->at;
    uint64_t v = 0;

    if (p == s->end) {
        *found = false;
        return ERR_OK;
    }
    for (; p < s->end && *p >= '0' && *p <= '9' && p - s->at < LINE_MAX; p++)
        v = 10 * v + (uint64_t)(*p - '0');
    if (p == s->at || p == s->end || *p != '\n' || *s->at == '0' || v > PUBLISHED_NUMBER_MAX)
        return err_set(err, ERR_FORMAT, "after %" PRIu64 " comes a line that is no size", s->last);
    if (v <= s->last)
        return err_set(err, ERR_FORMAT, "%" PRIu64 " comes after %" PRIu64 ": sizes ascend", v, s->last);
    s->at = p + 1;
    s->last = v;
    *size = v;
    *found = true;
    return ERR_OK;
}
