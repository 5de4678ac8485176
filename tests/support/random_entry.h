/*
 * Entries made from the table: every kind, every field, its ends and its middle. The same seed gives the same
 * entries everywhere.
 */
#ifndef TESTS_RANDOM_ENTRY_H
#define TESTS_RANDOM_ENTRY_H

#include "ledger/entry.h"

#include <stdio.h>

struct random {
    uint64_t state;
};

/* splitmix64 */
static inline uint64_t random_next(struct random *r)
{
    uint64_t z = (r->state += UINT64_C(0x9e3779b97f4a7c15));

    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static inline uint64_t random_below(struct random *r, uint64_t bound)
{
    return random_next(r) % bound;
}

/* From `least` on: its ends as often as something between. */
static inline int64_t random_number(struct random *r, int64_t least)
{
    switch (random_below(r, 6)) {
    case 0: return least;
    case 1: return INT64_MAX;
    case 2: return least > 0 ? least : 0;
    case 3: return (int64_t)random_below(r, 100000) + (least > 0 ? least : 0);
    case 4: return (int64_t)random_below(r, 1000) * 10000000 + (least > 0 ? least : 0); /* cents */
    default: break;
    }
    const int64_t v = (int64_t)(random_next(r) >> random_below(r, 63));
    return v < least ? least : v;
}

static inline void random_id(struct random *r, struct id *id)
{
    memset(id, 0, sizeof *id);
    id->length = (uint8_t)(1 + random_below(r, random_below(r, 4) ? 12 : ID_MAX));
    for (unsigned i = 0; i < id->length; i++)
        id->text[i] = (char)(0x21 + random_below(r, 0x7f - 0x21));
}

static inline void random_symbol(struct random *r, struct symbol *symbol)
{
    static const char *const TICKERS[] = {"GOOG", "BRK.B", "SPX", "A"};
    static const char *const ROOTS[] = {"GOOG", "SPXW", "A", "ABCDE1"};
    char text[64];
    int n;

    if (random_below(r, 2))
        n = snprintf(text, sizeof text, "%s", TICKERS[random_below(r, 4)]);
    else
        n = snprintf(text, sizeof text, "%-6s%02d%02d%02d%c%08d", ROOTS[random_below(r, 4)],
                     (int)random_below(r, 100), 1 + (int)random_below(r, 12), 1 + (int)random_below(r, 28),
                     random_below(r, 2) ? 'C' : 'P', 1 + (int)random_below(r, 99999999));
    REQUIRE(symbol_parse(text, (size_t)n, symbol, NULL) == ERR_OK);
}

#define RANDOM_TEXT_MAX 400

/* UTF-8 of every length, with what JSON must escape; `bytes` has RANDOM_TEXT_MAX of room. */
static inline struct text random_text(struct random *r, char *bytes)
{
    static const char *const PIECES[] = {"a",
                                         "Z9 ",
                                         "\"",
                                         "\\",
                                         "/",
                                         "\n",
                                         "\t",
                                         "\x01",
                                         "\x1f",
                                         "\x7f",
                                         "\xc2\x80",
                                         "\xc3\xa9",
                                         "\r",
                                         "\b\f",
                                         "\xe2\x82\xac",
                                         "\xef\xbf\xbf",
                                         "\xe2\x80\xae",
                                         "\xf0\x9f\x92\xb0"};
    const uint64_t pieces = random_below(r, 40);
    size_t size = 0;

    for (uint64_t i = 0; i < pieces; i++) {
        const char *const piece = PIECES[random_below(r, sizeof PIECES / sizeof PIECES[0])];
        memcpy(bytes + size, piece, strlen(piece));
        size += strlen(piece);
    }
    return (struct text){bytes, (uint16_t)size};
}

static inline unsigned random_choice(struct random *r, const char *const *names)
{
    unsigned count = 0;

    while (names[count + 1])
        count++;
    return 1 + (unsigned)random_below(r, count);
}

static inline void random_bytes(struct random *r, uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        bytes[i] = (uint8_t)random_next(r);
}

static inline void random_check(struct random *r, struct check *c)
{
    random_id(r, &c->name);
    c->unit = (enum unit)random_choice(r, entry_unit_names());
    c->rule = (enum rule)random_choice(r, entry_rule_names());
    c->value = c->unit == UNIT_FLAG ? (int64_t)random_below(r, 2) : random_number(r, -INT64_MAX);
    c->bound = c->unit == UNIT_FLAG ? (int64_t)random_below(r, 2) : random_number(r, -INT64_MAX);
    if (random_below(r, 8) == 0)
        c->value = CHECK_VALUE_NONE;
    c->ok = check_holds(c->value, c->rule, c->bound);
}

static inline void random_candidate(struct random *r, struct candidate *c)
{
    random_symbol(r, &c->symbol);
    c->premium_nano = random_number(r, 0);
    c->margin_micro = random_number(r, 0);
    c->score_nano = random_number(r, 0);
    c->otm_nano = random_number(r, -INT64_MAX);
    c->days = random_number(r, 0);
}

static inline void random_actor(struct random *r, struct actor_row *a)
{
    random_id(r, &a->name);
    a->role = (enum role)random_choice(r, entry_enum_names(FIELD_ROLE));
    random_bytes(r, a->key, sizeof a->key);
}

static inline uint8_t random_count(struct random *r, unsigned max)
{
    const uint64_t pick = random_below(r, 8);

    return (uint8_t)(pick == 0 ? 0 : pick == 1 ? max : random_below(r, 4));
}

static inline void random_list(struct random *r, enum field_type type, void *p)
{
    if (type == FIELD_CHECKS) {
        struct checks *const list = p;
        list->count = random_count(r, CHECKS_MAX);
        for (unsigned i = 0; i < list->count; i++)
            random_check(r, &list->rows[i]);
    } else if (type == FIELD_COUNTS) {
        struct counts *const list = p;
        list->count = random_count(r, COUNTS_MAX);
        for (unsigned i = 0; i < list->count; i++) {
            random_id(r, &list->rows[i].name);
            list->rows[i].count = random_number(r, 0);
        }
    } else if (type == FIELD_CANDIDATES) {
        struct candidates *const list = p;
        list->count = random_count(r, CANDIDATES_MAX);
        for (unsigned i = 0; i < list->count; i++)
            random_candidate(r, &list->rows[i]);
    } else {
        struct actor_rows *const list = p;
        list->count = random_count(r, ACTORS_MAX);
        for (unsigned i = 0; i < list->count; i++)
            random_actor(r, &list->rows[i]);
    }
}

static inline struct blob random_blob(struct random *r, char *to)
{
    const uint16_t length = (uint16_t)random_below(r, RANDOM_TEXT_MAX);

    random_bytes(r, (uint8_t *)to, length);
    return (struct blob){(const uint8_t *)to, length};
}

static inline void random_field(struct random *r, enum field_type type, void *p, char *text)
{
    switch (type) {
    case FIELD_SYMBOL: random_symbol(r, p); break;
    case FIELD_ID: random_id(r, p); break;
    case FIELD_TEXT: *(struct text *)p = random_text(r, text); break;
    case FIELD_BLOB: *(struct blob *)p = random_blob(r, text); break;
    case FIELD_PRICE:
    case FIELD_MONEY:
    case FIELD_RATE: *(int64_t *)p = random_number(r, random_below(r, 4) ? 0 : -INT64_MAX); break;
    case FIELD_PRICE_OPT: *(int64_t *)p = random_below(r, 4) ? random_number(r, 0) : PRICE_NONE; break;
    case FIELD_QTY: *(int64_t *)p = random_number(r, 1); break;
    case FIELD_COUNT: *(int64_t *)p = random_number(r, 0); break;
    case FIELD_DAY: *(civil_day *)p = (civil_day)random_below(r, 40000) - 10000; break;
    case FIELD_BOOL: *(bool *)p = random_below(r, 2) == 1; break;
    case FIELD_DIGEST:
    case FIELD_KEY: random_bytes(r, p, 32); break;
    case FIELD_SIDE:
    case FIELD_ORDER_TYPE:
    case FIELD_MARK:
    case FIELD_PHASE:
    case FIELD_FINDING:
    case FIELD_EXIT_RULE:
    case FIELD_ROLE: *(unsigned *)p = random_choice(r, entry_enum_names(type)); break;
    case FIELD_CHECKS:
    case FIELD_COUNTS:
    case FIELD_CANDIDATES:
    case FIELD_ACTORS: random_list(r, type, p); break;
    }
}

#define RANDOM_FIELDS_MAX 16

struct random_texts {
    char bytes[RANDOM_FIELDS_MAX][RANDOM_TEXT_MAX];
};

/* A draft that passes entry_check(), of an actor below `actors`; its texts lie in *texts. */
static inline void random_entry(struct random *r, const struct entry_kind_info *info, uint32_t actors,
                                struct entry *e, struct random_texts *texts)
{
    REQUIRE(info->field_count <= RANDOM_FIELDS_MAX);
    for (int tries = 0; tries < 10000; tries++) {
        memset(e, 0, sizeof *e);
        e->kind = info->kind;
        e->at_ns = random_below(r, 3) ? (int64_t)random_next(r) / 2 : INSTANT_NONE; /* 1823 .. 2116 */
        e->cause = random_below(r, 2) ? 0 : random_next(r) >> random_below(r, 64);
        e->actor = (uint32_t)random_below(r, actors);
        e->is_signed = random_below(r, 2) == 1;
        if (e->is_signed)
            random_bytes(r, e->signature, sizeof e->signature);
        for (size_t i = 0; i < info->field_count; i++)
            random_field(r, info->fields[i].type, (uint8_t *)&e->as + info->fields[i].offset,
                         texts->bytes[i]);
        if (entry_check(e, NULL) == ERR_OK)
            return;
    }
    const bool some_entry_passes_the_check = false;
    REQUIRE(some_entry_passes_the_check);
}

#endif
