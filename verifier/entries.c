#include "verifier/entries.h"

#include "verifier/verifier.h"

#include <inttypes.h>
#include <stdio.h>

/* -- the kinds ---------------------------------------------------------------------------------------------- */

/* Section 2, as it stands there. */
static const char KINDS[] = "0101 perception.quote 1: SYMBOL PRICE_OPT PRICE_OPT COUNT COUNT\n"
                            "0102 perception.bar 1: SYMBOL PRICE PRICE PRICE PRICE COUNT COUNT\n"
                            "0103 perception.mark 1: SYMBOL PRICE MARK\n"
                            "0104 perception.open_interest 1: SYMBOL COUNT\n"
                            "0105 perception.clock 1: PHASE DAY\n"
                            "0106 perception.data_quality 1: SYMBOL FINDING PRICE_OPT PRICE_OPT TEXT\n"
                            "0107 perception.clock_quality 1: RATE RATE RATE BOOL BOOL TEXT\n"
                            "0108 perception.trading_status 1: SYMBOL BOOL TEXT\n"
                            "0109 perception.stated_position 1: ID SYMBOL SIDE QTY\n"
                            "010a perception.stated_fill 1: ID ID SYMBOL SIDE QTY PRICE MONEY\n"
                            "010b perception.statement 1: ID ID DAY MONEY COUNT COUNT DIGEST\n"
                            "0201 decision.candidates 1: ID SYMBOL PRICE COUNT COUNT CANDIDATES\n"
                            "0202 decision.enter 1: ID ID SYMBOL SIDE QTY PRICE RATE TEXT CHECKS\n"
                            "0203 decision.exit 1: ID ID SYMBOL SIDE QTY PRICE EXIT_RULE RATE TEXT CHECKS\n"
                            "0204 decision.no_trade 1: ID SYMBOL COUNT COUNT TEXT COUNTS CHECKS\n"
                            "0301 risk.verdict 1: ID SYMBOL BOOL CHECKS\n"
                            "0302 risk.breaker_trip 1: ID TEXT CHECKS\n"
                            "0303 risk.equity 1: DAY PHASE MONEY MONEY MONEY COUNT\n"
                            "0304 risk.break 1: ID ID TEXT ID COUNT COUNT CHECKS\n"
                            "0401 order.new 1: ID SYMBOL SIDE QTY ORDER_TYPE PRICE_OPT\n"
                            "0402 order.acknowledged 1: ID ID\n"
                            "0403 order.cancel 1: ID TEXT\n"
                            "0404 order.cancelled 1: ID TEXT\n"
                            "0405 order.rejected 1: ID TEXT\n"
                            "0406 order.expired 1: ID\n"
                            "0501 fill.execution 1: ID ID SYMBOL SIDE QTY PRICE MONEY\n"
                            "0502 fill.assignment 1: ID SYMBOL QTY PRICE MONEY\n"
                            "0503 fill.exercise 1: ID SYMBOL QTY PRICE MONEY\n"
                            "0504 fill.expiration 1: ID SYMBOL QTY PRICE\n"
                            "0505 fill.settlement 1: ID SYMBOL QTY PRICE MONEY\n"
                            "0506 fill.deposit 1: ID MONEY TEXT\n"
                            "0507 fill.bust 1: ID ID ID SYMBOL SIDE QTY PRICE MONEY TEXT\n"
                            "0508 fill.dividend 1: ID SYMBOL MONEY\n"
                            "0509 fill.split 1: ID SYMBOL SYMBOL SIDE QTY QTY MONEY\n"
                            "0701 control.genesis 1: TEXT KEY ACTORS\n"
                            "0702 control.actor 1: COUNT ID ROLE KEY\n"
                            "0703 control.configuration 1: DIGEST TEXT TEXT\n"
                            "0704 control.run 1: TEXT TEXT TEXT ID DIGEST\n"
                            "0705 control.run_end 1: TEXT COUNT COUNT\n"
                            "0706 control.source 1: ID TEXT DIGEST COUNT COUNT COUNT\n"
                            "0707 control.stop 1: TEXT\n"
                            "0708 control.resume 1: TEXT\n"
                            "0709 control.note 1: TEXT\n"
                            "070a control.snapshot 1: COUNT DIGEST COUNT DIGEST\n"
                            "070b control.key 1: COUNT KEY TEXT\n"
                            "070c control.revocation 1: COUNT TEXT\n"
                            "070d control.actor_key 1: COUNT KEY TEXT\n"
                            "070e control.proposal 1: COUNT BLOB\n"
                            "070f control.approval 1: DIGEST\n"
                            "0710 control.recovery 1: COUNT DIGEST COUNT TEXT\n"
                            "0711 control.hold 1: ID TEXT TEXT\n"
                            "0712 control.disposal 1: ID COUNT COUNT TEXT\n"
                            "0713 control.session 1: PHASE DAY COUNT\n"
                            "0714 control.heartbeat 1: DAY COUNT\n"
                            "0715 control.correction 1: ID COUNT COUNT TEXT\n"
                            "0716 control.override 1: SYMBOL ID COUNT TEXT\n"
                            "0717 control.hypothesis 1: TEXT COUNT DIGEST COUNT TEXT\n";

const char *verifier_kinds(void)
{
    return KINDS;
}

enum shape {
    NUMBER, /* i64, `least` or more */
    CHOICE, /* u8, `least` to `most` */
    BYTES,  /* `most` bytes, any */
    SYMBOL,
    ID,
    TEXT,
    BLOB,
    DAY,
    CHECKS,
    COUNTS,
    CANDIDATES,
    ACTORS
};

/* Section 1's table of field types. */
static const struct field_type { /* NOLINT(clang-analyzer-optin.performance.Padding) */
    const char *name;
    enum shape shape;
    int64_t least;
    unsigned most;
} TYPES[] = {
    {"SYMBOL", SYMBOL, 0, 0},
    {"ID", ID, 0, 0},
    {"TEXT", TEXT, 0, 0},
    {"BLOB", BLOB, 0, 0},
    {"PRICE", NUMBER, -INT64_MAX, 0},
    {"PRICE_OPT", NUMBER, INT64_MIN, 0},
    {"MONEY", NUMBER, -INT64_MAX, 0},
    {"RATE", NUMBER, -INT64_MAX, 0},
    {"QTY", NUMBER, 1, 0},
    {"COUNT", NUMBER, 0, 0},
    {"DAY", DAY, 0, 0},
    {"BOOL", CHOICE, 0, 1},
    {"DIGEST", BYTES, 0, 32},
    {"KEY", BYTES, 0, 32},
    {"SIDE", CHOICE, 1, 2},
    {"ORDER_TYPE", CHOICE, 1, 2},
    {"MARK", CHOICE, 1, 3},
    {"PHASE", CHOICE, 1, 3},
    {"FINDING", CHOICE, 1, 8},
    {"EXIT_RULE", CHOICE, 1, 4},
    {"ROLE", CHOICE, 1, 10},
    {"CHECKS", CHECKS, 0, 32},
    {"COUNTS", COUNTS, 0, 32},
    {"CANDIDATES", CANDIDATES, 0, 16},
    {"ACTORS", ACTORS, 0, 32},
};

#define FIELDS_MAX 16

/* A line of KINDS. */
struct kind {
    unsigned schema;
    char name[40];
    size_t fields;
    const struct field_type *types[FIELDS_MAX];
};

static struct kind kinds[8][256]; /* by family and number; no name: there is none */

static const struct field_type *type_named(const char *name, size_t size)
{
    for (size_t i = 0; i < sizeof TYPES / sizeof TYPES[0]; i++) {
        if (strlen(TYPES[i].name) == size && memcmp(TYPES[i].name, name, size) == 0)
            return &TYPES[i];
    }
    abort(); /* a mistake in KINDS */
}

static void parse_kinds(void)
{
    for (const char *line = KINDS; *line; line++) {
        unsigned id = 0;
        unsigned schema = 0;
        int length = 0;
        char name[40];
        /* NOLINTNEXTLINE(cert-err34-c): the text is ours */
        if (sscanf(line, "%4x %39s %u:%n", &id, name, &schema, &length) != 3 || id >> 8 > 7)
            abort();
        struct kind *const kind = &kinds[id >> 8][id & 0xff];
        *kind = (struct kind){.schema = schema};
        memcpy(kind->name, name, sizeof name);
        for (line += length; *line == ' ';) {
            const size_t size = strcspn(++line, " \n");
            kind->types[kind->fields++] = type_named(line, size);
            line += size;
        }
    }
}

static const struct kind *find_kind(unsigned id)
{
    if (!kinds[KIND_GENESIS >> 8][KIND_GENESIS & 0xff].schema)
        parse_kinds();
    return id >> 8 < 8 && kinds[id >> 8][id & 0xff].schema ? &kinds[id >> 8][id & 0xff] : NULL;
}

/* -- fields: each takes its bytes from the body, or says no ------------------------------------------------- */

struct body {
    const uint8_t *at;
    const uint8_t *end;
};

static const uint8_t *take(struct body *b, size_t size)
{
    const uint8_t *const p = b->at;

    if ((size_t)(b->end - p) < size)
        return NULL;
    b->at = p + size;
    return p;
}

/* u8 or u16 length, then as many bytes. */
static const uint8_t *take_counted(struct body *b, unsigned width, size_t *size)
{
    const uint8_t *const length = take(b, width);

    if (!length)
        return NULL;
    *size = plain_number(length, width);
    return take(b, *size);
}

static bool take_number(struct body *b, int64_t least)
{
    const uint8_t *const p = take(b, 8);

    return p && (int64_t)plain_u64(p) >= least;
}

static bool take_choice(struct body *b, unsigned least, unsigned most)
{
    const uint8_t *const p = take(b, 1);

    return p && *p >= least && *p <= most;
}

static bool all_in(const uint8_t *p, size_t size, const char *characters)
{
    for (size_t i = 0; i < size; i++) {
        if (p[i] == 0 || !strchr(characters, p[i]))
            return false;
    }
    return true;
}

#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS  "0123456789"

/* 0 root, padded to 6 · 6 yymmdd · 12 C or P · 13 strike */
static bool is_option(const uint8_t *p)
{
    static const unsigned DAYS[] = {0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    size_t root = 6;

    while (root > 1 && p[root - 1] == ' ')
        root--;
    if (!all_in(p, 1, LETTERS) || !all_in(p, root, LETTERS DIGITS) || !all_in(p + 6, 6, DIGITS) ||
        !all_in(p + 12, 1, "CP") || !all_in(p + 13, 8, DIGITS) || all_in(p + 13, 8, "0"))
        return false;
    const unsigned year = 10u * (p[6] - '0') + (p[7] - '0'); /* 2000 is a leap year, as 2004 is */
    const unsigned month = 10u * (p[8] - '0') + (p[9] - '0');
    const unsigned day = 10u * (p[10] - '0') + (p[11] - '0');
    return month >= 1 && month <= 12 && day >= 1 && day <= DAYS[month] + (month == 2 && year % 4 == 0);
}

static bool take_symbol(struct body *b)
{
    size_t size = 0;
    const uint8_t *const p = take_counted(b, 1, &size);

    if (!p)
        return false;
    return size == 21
               ? is_option(p)
               : size >= 1 && size <= 12 && all_in(p, 1, LETTERS) && all_in(p, size, LETTERS DIGITS ".");
}

static bool take_id(struct body *b)
{
    size_t size = 0;
    const uint8_t *const p = take_counted(b, 1, &size);

    if (!p || size < 1 || size > 64)
        return false;
    for (size_t i = 0; i < size; i++) {
        if (p[i] < 0x21 || p[i] > 0x7e)
            return false;
    }
    return true;
}

static bool take_text(struct body *b)
{
    size_t size = 0;
    uint32_t c = 0;
    const uint8_t *const p = take_counted(b, 2, &size);

    if (!p)
        return false;
    for (size_t at = 0; at < size;) {
        const unsigned length = plain_utf8(p + at, size - at, &c);
        if (length == 0 || c == 0)
            return false;
        at += length;
    }
    return true;
}

static bool take_day(struct body *b)
{
    const uint8_t *const p = take(b, 4);

    if (!p)
        return false;
    const int32_t day = (int32_t)plain_number(p, 4);
    return day >= -25567 && day <= 84005;
}

static bool is_flag(int64_t value)
{
    return value == 0 || value == 1 || value == INT64_MIN;
}

/* ID name, i64 value, i64 bound, u8 unit, u8 rule, u8 ok */
static bool take_check(struct body *b)
{
    const uint8_t *const p = take_id(b) ? take(b, 19) : NULL;

    if (!p || p[16] < 1 || p[16] > 6 || p[17] < 1 || p[17] > 5)
        return false;
    const int64_t value = (int64_t)plain_u64(p);
    const int64_t bound = (int64_t)plain_u64(p + 8);
    const bool holds[] = {value >= bound, value <= bound, value > bound, value < bound, value == bound};
    if (p[16] == 6 && !(is_flag(value) && is_flag(bound)))
        return false;
    return p[18] == (value != INT64_MIN && holds[p[17] - 1] ? 1 : 0);
}

static bool take_row(struct body *b, enum shape list)
{
    if (list == CHECKS)
        return take_check(b);
    if (list == COUNTS)
        return take_id(b) && take_number(b, 0);
    if (list == CANDIDATES)
        return take_symbol(b) && take(b, 40);
    return take_id(b) && take_choice(b, 1, 10) && take(b, 32); /* ACTORS */
}

static bool take_list(struct body *b, enum shape list, unsigned most)
{
    const uint8_t *const count = take(b, 1);

    if (!count || *count > most)
        return false;
    for (unsigned i = 0; i < *count; i++) {
        if (!take_row(b, list))
            return false;
    }
    return true;
}

static bool take_field(struct body *b, const struct field_type *type)
{
    switch (type->shape) {
    case NUMBER: return take_number(b, type->least);
    case CHOICE: return take_choice(b, (unsigned)type->least, type->most);
    case BYTES: return take(b, type->most) != NULL;
    case SYMBOL: return take_symbol(b);
    case ID: return take_id(b);
    case TEXT: return take_text(b);
    case BLOB: return take_counted(b, 2, &(size_t){0}) != NULL;
    case DAY: return take_day(b);
    case CHECKS:
    case COUNTS:
    case CANDIDATES:
    case ACTORS: return take_list(b, type->shape, type->most);
    }
    return false;
}

/* -- rules 2 and 3 ------------------------------------------------------------------------------------------ */

enum { FLAG_AT = 1, FLAG_SIGNED = 2 };

static const char *read_header(struct form *e, uint64_t seq, struct words *w)
{
    const uint8_t *const p = e->bytes;

    if (e->size < ENTRIES_HEADER)
        return words_put(w, "%zu bytes are fewer than a header has", e->size);
    if (p[0] != 1) {
        e->is_unknown = true;
        return words_put(w, "format version %u is not known to this verifier", p[0]);
    }
    if (p[1] & ~(FLAG_AT | FLAG_SIGNED) || plain_number(p + 44, 4) != 0)
        return "reserved bits of its header are set";
    e->is_signed = (p[1] & FLAG_SIGNED) != 0;
    e->kind = plain_u16(p + 2);
    e->body = p + ENTRIES_HEADER;
    e->body_size = plain_u16(p + 6);
    e->recorded_at_ns = (int64_t)plain_u64(p + 16);
    e->cause = plain_u64(p + 32);
    e->actor = (uint32_t)plain_number(p + 40, 4);
    const size_t size = ENTRIES_HEADER + e->body_size + (e->is_signed ? ENTRIES_SIGNATURE : 0);
    if (e->size != size)
        return words_put(w, "it has %zu bytes, and its header says %zu", e->size, size);
    const int64_t at_ns = (int64_t)plain_u64(p + 24);
    if (p[1] & FLAG_AT ? at_ns == INT64_MIN : at_ns != 0)
        return "when it happened is not in form";
    if (plain_u64(p + 8) != seq)
        return words_put(w, "the bytes in its place say that they are entry %" PRIu64, plain_u64(p + 8));
    return NULL;
}

const char *entry_read(struct form *e, const uint8_t *bytes, size_t size, uint64_t seq, struct words *w)
{
    *e = (struct form){.bytes = bytes, .size = size};
    const char *const broken = read_header(e, seq, w);
    if (broken)
        return broken;
    const struct kind *const kind = find_kind(e->kind);
    if (!kind || plain_u16(bytes + 4) != kind->schema) {
        e->is_unknown = true;
        return words_put(w, "kind %04x, schema %u, is not known to this verifier", e->kind,
                         plain_u16(bytes + 4));
    }
    struct body body = {e->body, e->body + e->body_size};
    for (size_t i = 0; i < kind->fields; i++) {
        if (!take_field(&body, kind->types[i]))
            return words_put(w, "%s: field %zu, %s, is not in its form", kind->name, i + 1,
                             kind->types[i]->name);
    }
    return body.at == body.end ? NULL
                               : words_put(w, "%s: bytes are left over after its last field", kind->name);
}

const uint8_t *entry_actor(const uint8_t *at, struct actor *actor)
{
    actor->name_size = at[0];
    memcpy(actor->name, at + 1, actor->name_size);
    actor->role = at[1 + actor->name_size];
    memcpy(actor->key, at + 2 + actor->name_size, sizeof actor->key);
    return at + 2 + actor->name_size + sizeof actor->key;
}
