/* A field's value in words, for people at a terminal. */
#include "ledger/entry_json.h"

#include "ledger/decimal.h"
#include "ledger/entry_rows.h"
#include "ledger/hex.h"
#include "ledger/utf8.h"

#include <stdio.h>

#define ROOM_FOR_DOTS 4 /* "..." and the terminator */

struct line {
    char *bytes;
    size_t size;
    size_t capacity;
    bool cut; /* something did not fit: nothing more is added */
};

static void add(struct line *line, const char *bytes, size_t size)
{
    if (line->cut || size > line->capacity - ROOM_FOR_DOTS - line->size) {
        line->cut = true;
        return;
    }
    memcpy(line->bytes + line->size, bytes, size);
    line->size += size;
}

static void add_word(struct line *line, const char *word)
{
    add(line, word, strlen(word));
}

/*
 * Characters that act on a terminal or turn the reading direction ("Trojan Source", CVE-2021-42574), and those that show
 * nothing (Unicode's Default_Ignorable_Code_Point): two texts that look alike must be alike. In ascending order.
 */
static const struct {
    uint32_t first;
    uint32_t last;
} tricks[] = {
    {0x0000, 0x001f}, {0x007f, 0x009f},   {0x00ad, 0x00ad},   {0x034f, 0x034f},   {0x061c, 0x061c},
    {0x115f, 0x1160}, {0x17b4, 0x17b5},   {0x180b, 0x180f},   {0x200b, 0x200f},   {0x2028, 0x202e},
    {0x2060, 0x206f}, {0x3164, 0x3164},   {0xfe00, 0xfe0f},   {0xfeff, 0xfeff},   {0xffa0, 0xffa0},
    {0xfff0, 0xfffb}, {0x1bca0, 0x1bca3}, {0x1d173, 0x1d17a}, {0xe0000, 0xe0fff},
};

static bool is_trick(uint32_t c)
{
    size_t i = 0;

    while (i < sizeof tricks / sizeof tricks[0] && c > tricks[i].last)
        i++;
    return i < sizeof tricks / sizeof tricks[0] && c >= tricks[i].first;
}

/* Of a well-formed character. */
static uint32_t code_point(const uint8_t *p, size_t length)
{
    static const uint8_t masks[] = {0x7f, 0x1f, 0x0f, 0x07};
    uint32_t c = p[0] & masks[length - 1];

    for (size_t i = 1; i < length; i++)
        c = c << 6 | (p[i] & 0x3fU);
    return c;
}

static void add_escape(struct line *line, uint32_t c)
{
    char escape[16];

    add(line, escape,
        (size_t)snprintf(escape, sizeof escape, c > 0xffff ? "\\u{%x}" : "\\u%04x", (unsigned)c));
}

/* What was typed as a backslash and an n is told from a new line: a backslash is shown as two. */
static void add_text(struct line *line, const struct text *text)
{
    const uint8_t *p = (const uint8_t *)text->bytes;
    size_t left = text->length;

    while (left > 0 && !line->cut) {
        const size_t n = utf8_sequence(p, left);
        const size_t step = n ? n : 1;
        const uint32_t c = n ? code_point(p, n) : 0xfffd;
        if (c == '\n')
            add_word(line, "\\n");
        else if (c == '\t')
            add_word(line, "\\t");
        else if (c == '\\')
            add_word(line, "\\\\");
        else if (n && !is_trick(c))
            add(line, (const char *)p, n);
        else
            add_escape(line, c);
        p += step;
        left -= step;
    }
}

static void add_integer(struct line *line, int64_t value)
{
    char text[DECIMAL_TEXT_SIZE];

    add(line, text, decimal_format(text, value, 0));
}

/* Dollars show two decimals at least; what they have more is shown too. */
static void add_dollars(struct line *line, int64_t value, int decimals)
{
    const int64_t cent = decimals == MONEY_DECIMALS ? MICRO / 100 : NANO / 100;
    char text[DECIMAL_TEXT_SIZE];

    add(line, text,
        value % cent == 0 ? decimal_format_fixed(text, value, decimals, 2)
                          : decimal_format(text, value, decimals));
}

static void add_rate(struct line *line, int64_t value)
{
    char text[DECIMAL_TEXT_SIZE];

    add(line, text, decimal_format(text, value, RATE_DECIMALS));
}

static void add_hex(struct line *line, const uint8_t *bytes)
{
    char text[HEX_LENGTH(32) + 1];

    add(line, text, hex_encode(text, bytes, 32));
}

static void add_amount(struct line *line, enum unit unit, int64_t value)
{
    if (value == CHECK_VALUE_NONE) {
        add_word(line, "unknown");
        return;
    }
    switch (unit) {
    case UNIT_PRICE: add_dollars(line, value, PRICE_DECIMALS); break;
    case UNIT_MONEY: add_dollars(line, value, MONEY_DECIMALS); break;
    case UNIT_RATE: add_rate(line, value); break;
    case UNIT_COUNT: add_integer(line, value); break;
    case UNIT_SECONDS:
        add_integer(line, value);
        add_word(line, " s");
        break;
    case UNIT_FLAG: add_word(line, value ? "yes" : "no"); break;
    }
}

static const char *rule_sign(enum rule rule)
{
    switch (rule) {
    case RULE_AT_LEAST: return " >= ";
    case RULE_AT_MOST: return " <= ";
    case RULE_ABOVE: return " > ";
    case RULE_BELOW: return " < ";
    case RULE_EQUAL: return " = ";
    }
    return " ? ";
}

static void add_check(struct line *line, const struct check *c)
{
    add(line, c->name.text, c->name.length);
    add_word(line, " ");
    add_amount(line, c->unit, c->value);
    add_word(line, rule_sign(c->rule));
    add_amount(line, c->unit, c->bound);
    add_word(line, c->ok ? " ok" : " FAILED");
}

static void add_candidate(struct line *line, const struct candidate *c)
{
    add(line, c->symbol.text, c->symbol.length);
    add_word(line, " premium ");
    add_dollars(line, c->premium_nano, PRICE_DECIMALS);
    add_word(line, " margin ");
    add_dollars(line, c->margin_micro, MONEY_DECIMALS);
    add_word(line, " score ");
    add_rate(line, c->score_nano);
    add_word(line, " otm ");
    add_rate(line, c->otm_nano);
    add_word(line, " days ");
    add_integer(line, c->days);
}

static void add_actor(struct line *line, const struct actor_row *a)
{
    add(line, a->name.text, a->name.length);
    add_word(line, " (");
    add_word(line, entry_enum_names(FIELD_ROLE)[a->role]);
    add_word(line, ") ");
    add_hex(line, a->key);
}

static void add_row(struct line *line, enum field_type type, const void *list, unsigned i)
{
    if (type == FIELD_CHECKS) {
        add_check(line, &((const struct checks *)list)->rows[i]);
    } else if (type == FIELD_COUNTS) {
        const struct named_count *const row = &((const struct counts *)list)->rows[i];
        add(line, row->name.text, row->name.length);
        add_word(line, " ");
        add_integer(line, row->count);
    } else if (type == FIELD_CANDIDATES) {
        add_candidate(line, &((const struct candidates *)list)->rows[i]);
    } else {
        add_actor(line, &((const struct actor_rows *)list)->rows[i]);
    }
}

static void add_list(struct line *line, enum field_type type, const void *list)
{
    const unsigned count = *(const uint8_t *)list; /* every list struct begins with it */

    if (count == 0)
        add_word(line, "none");
    for (unsigned i = 0; i < count && !line->cut; i++) {
        if (i > 0)
            add_word(line, "; ");
        add_row(line, type, list, i);
    }
}

static void add_price_opt(struct line *line, int64_t price)
{
    if (price == PRICE_NONE)
        add_word(line, "none");
    else
        add_dollars(line, price, PRICE_DECIMALS);
}

static void add_day(struct line *line, civil_day day)
{
    char text[INSTANT_TEXT_SIZE];

    add(line, text, civil_format(text, day));
}

/* Nobody reads the digits; how many bytes they stand for is of use. */
static void add_blob(struct line *line, const struct blob *b)
{
    add_integer(line, b->length);
    add_word(line, " bytes");
}

static void add_field(struct line *line, enum field_type type, const void *p)
{
    switch (type) {
    case FIELD_SYMBOL: add(line, ((const struct symbol *)p)->text, ((const struct symbol *)p)->length); break;
    case FIELD_ID: add(line, ((const struct id *)p)->text, ((const struct id *)p)->length); break;
    case FIELD_TEXT: add_text(line, p); break;
    case FIELD_BLOB: add_blob(line, p); break;
    case FIELD_PRICE: add_dollars(line, *(const int64_t *)p, PRICE_DECIMALS); break;
    case FIELD_PRICE_OPT: add_price_opt(line, *(const int64_t *)p); break;
    case FIELD_MONEY: add_dollars(line, *(const int64_t *)p, MONEY_DECIMALS); break;
    case FIELD_RATE: add_rate(line, *(const int64_t *)p); break;
    case FIELD_QTY:
    case FIELD_COUNT: add_integer(line, *(const int64_t *)p); break;
    case FIELD_DAY: add_day(line, *(const civil_day *)p); break;
    case FIELD_BOOL: add_word(line, *(const bool *)p ? "yes" : "no"); break;
    case FIELD_DIGEST:
    case FIELD_KEY: add_hex(line, p); break;
    case FIELD_SIDE:
    case FIELD_ORDER_TYPE:
    case FIELD_MARK:
    case FIELD_PHASE:
    case FIELD_FINDING:
    case FIELD_EXIT_RULE:
    case FIELD_ROLE: add_word(line, entry_enum_names(type)[*(const unsigned *)p]); break;
    case FIELD_CHECKS:
    case FIELD_COUNTS:
    case FIELD_CANDIDATES:
    case FIELD_ACTORS: add_list(line, type, p); break;
    }
}

static size_t finish(struct line *line)
{
    if (line->cut) {
        memcpy(line->bytes + line->size, "...", 3);
        line->size += 3;
    }
    line->bytes[line->size] = '\0';
    return line->size;
}

size_t entry_field_text(const struct entry *e, const struct entry_field *f, char *out, size_t capacity)
{
    struct line line = {out, 0, capacity, false};

    REQUIRE(capacity >= 2 * ROOM_FOR_DOTS);
    add_field(&line, f->type, (const uint8_t *)&e->as + f->offset);
    return finish(&line);
}

size_t entry_row_text(const struct entry *e, const struct entry_field *f, unsigned index, char *out,
                      size_t capacity)
{
    struct line line = {out, 0, capacity, false};
    const uint8_t *const list = (const uint8_t *)&e->as + f->offset;

    REQUIRE(capacity >= 2 * ROOM_FOR_DOTS && entry_rows_find(f->type) && index < *list);
    add_row(&line, f->type, list, index);
    return finish(&line);
}
