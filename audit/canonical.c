#include "audit/canonical.h"

#include "ledger/utf8.h"

enum { AT = 1, SIGNED = 2, FLAGS = AT | SIGNED };

#define EACH(byte) (UINT64_C(0x0101010101010101) * (byte)) /* eight of them */

/* What is left of a body. */
struct rest {
    const uint8_t *at;
    const uint8_t *end;
};

static unsigned load_u16(const uint8_t *p)
{
    return (unsigned)p[0] << 8 | p[1];
}

static uint32_t load_u32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static int64_t load_i64(const uint8_t *p)
{
    return (int64_t)wire_load_u64(p);
}

/* -- kinds ----------------------------------------------------------------------------------------------- */

void canonical_kinds_init(struct canonical_kinds *kinds)
{
    size_t count = 0;
    const struct entry_kind_info *const table = entry_kinds(&count);

    memset(kinds, 0, sizeof *kinds);
    for (size_t i = 0; i < count; i++) {
        const unsigned id = (unsigned)table[i].kind;
        REQUIRE(id >> 8 < 8 && (id & 0xff) < 32);
        kinds->rows[id >> 8][id & 0xff] = &table[i];
    }
}

const struct entry_kind_info *canonical_kind(const struct canonical_kinds *kinds, unsigned id)
{
    return id >> 8 < 8 && (id & 0xff) < 32 ? kinds->rows[id >> 8][id & 0xff] : NULL;
}

/* -- header ---------------------------------------------------------------------------------------------- */

static enum err_code time_check(const struct canonical *c, struct err *err)
{
    if (!c->has_at && c->at_ns != 0)
        return err_set(err, ERR_WRONG, "it carries a time `at` without the flag for one");
    if (c->has_at && c->at_ns == INSTANT_NONE)
        return err_set(err, ERR_WRONG, "its `at` is not an instant");
    return ERR_OK;
}

/* Fills *c in place: a copy at the end would cost a tenth of a verification. */
enum err_code canonical_header(const uint8_t *bytes, size_t size, struct canonical *c, struct err *err)
{
    if (size < ENTRY_HEADER_SIZE)
        return err_set(err, ERR_WRONG, "%zu bytes are fewer than a header has", size);
    if (bytes[0] != ENTRY_FORMAT_VERSION)
        return err_set(err, ERR_FORMAT, "format version %u is not known to this verifier", bytes[0]);
    if (bytes[1] & ~FLAGS || load_u32(bytes + 44) != 0)
        return err_set(err, ERR_WRONG, "reserved bits of its header are set");
    c->kind = (uint16_t)load_u16(bytes + 2);
    c->schema = (uint16_t)load_u16(bytes + 4);
    c->body_size = load_u16(bytes + 6);
    c->seq = wire_load_u64(bytes + 8);
    c->recorded_at_ns = load_i64(bytes + 16);
    c->has_at = (bytes[1] & AT) != 0;
    c->at_ns = load_i64(bytes + 24);
    c->cause = wire_load_u64(bytes + 32);
    c->actor = load_u32(bytes + 40);
    c->body = bytes + ENTRY_HEADER_SIZE;
    const size_t tail = bytes[1] & SIGNED ? ENTRY_SIGNATURE_SIZE : 0;
    if (size != ENTRY_HEADER_SIZE + c->body_size + tail)
        return err_set(err, ERR_WRONG, "it has %zu bytes, and its header says %zu", size,
                       ENTRY_HEADER_SIZE + c->body_size + tail);
    c->signature = tail ? c->body + c->body_size : NULL;
    return time_check(c, err);
}

/* -- fields: each takes its bytes from the rest, or says no ---------------------------------------------- */

static const uint8_t *take(struct rest *r, size_t size)
{
    const uint8_t *const p = r->at;

    if ((size_t)(r->end - p) < size)
        return NULL;
    r->at = p + size;
    return p;
}

static bool is_upper(uint8_t c)
{
    return c >= 'A' && c <= 'Z';
}

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

static bool ticker_is_good(const uint8_t *p, size_t length)
{
    if (length < 1 || length > 12 || !is_upper(p[0]))
        return false;
    for (size_t i = 1; i < length; i++) {
        if (!is_upper(p[i]) && !is_digit(p[i]) && p[i] != '.')
            return false;
    }
    return true;
}

/* Are eight bytes all digits? */
static bool word_is_digits(const uint8_t *p)
{
    uint64_t word;

    memcpy(&word, p, sizeof word);
    /* 30 .. 3f, and still 30 .. 3f with 6 added */
    return (word & EACH(0xf0)) == EACH(0x30) && ((word + EACH(6)) & EACH(0xf0)) == EACH(0x30);
}

static unsigned two_digits(const uint8_t *p)
{
    return (p[0] - '0') * 10u + (p[1] - '0');
}

/* 0 root padded to 6 · 6 yymmdd · 12 C or P · 13 strike, eight digits, not zero */
static bool option_is_good(const uint8_t *p)
{
    static const uint8_t DAYS[13] = {0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    size_t root = 1;

    if (!is_upper(p[0]))
        return false;
    while (root < 6 && (is_upper(p[root]) || is_digit(p[root])))
        root++;
    for (; root < 6; root++) {
        if (p[root] != ' ')
            return false;
    }
    for (int i = 6; i < 12; i++) {
        if (!is_digit(p[i]))
            return false;
    }
    const unsigned month = two_digits(p + 8);
    const unsigned day = two_digits(p + 10);
    return month >= 1 && month <= 12 && day >= 1 && day <= DAYS[month] &&
           (month != 2 || day <= 28 || two_digits(p + 6) % 4 == 0) && (p[12] == 'C' || p[12] == 'P') &&
           word_is_digits(p + 13) && memcmp(p + 13, "00000000", 8) != 0;
}

static bool symbol_field(struct rest *r)
{
    const uint8_t *const length = take(r, 1);
    const uint8_t *const p = length ? take(r, *length) : NULL;

    return p && (*length == 21 ? option_is_good(p) : ticker_is_good(p, *length));
}

/* Are eight bytes all in 21 .. 7e? */
static bool word_is_visible(const uint8_t *p)
{
    uint64_t word;

    memcpy(&word, p, sizeof word);
    /* Below 80, so that neither line carries over; not 7f; not below 21. */
    return !(word & EACH(0x80)) && !((word + EACH(1)) & EACH(0x80)) &&
           (((word | EACH(0x80)) - EACH(0x21)) & EACH(0x80)) == EACH(0x80);
}

static bool id_field(struct rest *r)
{
    const uint8_t *const length = take(r, 1);
    const uint8_t *const p = length ? take(r, *length) : NULL;
    size_t i = 0;

    if (!p || *length == 0 || *length > 64)
        return false;
    for (; i + 8 <= *length; i += 8) {
        if (!word_is_visible(p + i))
            return false;
    }
    if (*length >= 8)
        return word_is_visible(p + *length - 8);
    for (; i < *length; i++) {
        if (p[i] < 0x21 || p[i] > 0x7e)
            return false;
    }
    return true;
}

/* Not zero: one of eight bytes is not in 01 .. 7f, so that its top bit is set, or is when 1 is taken from it. */
static uint64_t not_ascii(const uint8_t *p)
{
    uint64_t word;

    memcpy(&word, p, sizeof word);
    return (word | (word - EACH(1))) & EACH(0x80);
}

static uint64_t four_not_ascii(const uint8_t *p)
{
    return not_ascii(p) | not_ascii(p + 8) | not_ascii(p + 16) | not_ascii(p + 24);
}

/* Asked of 32 bytes at a time, the last of them overlapping the ones before. */
static bool is_ascii(const uint8_t *p, size_t size)
{
    uint64_t other = 0;

    if (size < 32)
        return false; /* or too short to ask so */
    for (size_t i = 0; i + 32 <= size; i += 32)
        other |= four_not_ascii(p + i);
    return (other | four_not_ascii(p + size - 32)) == 0;
}

/* Nearly all text is ASCII. */
static bool text_is_good(const uint8_t *p, size_t size)
{
    if (is_ascii(p, size))
        return true;
    while (size > 0) {
        const size_t step = p[0] - 1u < 0x7f ? 1 : p[0] ? utf8_sequence(p, size) : 0;
        if (step == 0)
            return false;
        p += step;
        size -= step;
    }
    return true;
}

static bool text_field(struct rest *r)
{
    const uint8_t *const length = take(r, 2);
    const size_t size = length ? load_u16(length) : 0;
    const uint8_t *const p = length ? take(r, size) : NULL;

    return p && text_is_good(p, size);
}

static bool number_field(struct rest *r, int64_t least)
{
    const uint8_t *const p = take(r, 8);

    return p && load_i64(p) >= least;
}

/* 1 .. greatest; 0 .. 1 for a flag is asked with least 0. */
static bool choice_field(struct rest *r, unsigned least, unsigned greatest)
{
    const uint8_t *const p = take(r, 1);

    return p && *p >= least && *p <= greatest;
}

static bool is_flag(int64_t value)
{
    return value == 0 || value == 1 || value == CHECK_VALUE_NONE;
}

static bool check_row(struct rest *r)
{
    const uint8_t *const p = id_field(r) ? take(r, 19) : NULL;

    if (!p)
        return false;
    const int64_t value = load_i64(p);
    const int64_t bound = load_i64(p + 8);
    bool holds = false;
    switch (p[17]) {
    case RULE_AT_LEAST: holds = value >= bound; break;
    case RULE_AT_MOST: holds = value <= bound; break;
    case RULE_ABOVE: holds = value > bound; break;
    case RULE_BELOW: holds = value < bound; break;
    case RULE_EQUAL: holds = value == bound; break;
    default: return false;
    }
    if (value == CHECK_VALUE_NONE)
        holds = false;
    if (p[16] == UNIT_FLAG && !(is_flag(value) && is_flag(bound)))
        return false;
    return p[16] >= UNIT_PRICE && p[16] <= UNIT_FLAG && p[18] == (holds ? 1 : 0);
}

static bool row_field(struct rest *r, enum field_type list)
{
    if (list == FIELD_CHECKS)
        return check_row(r);
    if (list == FIELD_COUNTS)
        return id_field(r) && number_field(r, 0);
    if (list == FIELD_CANDIDATES)
        return symbol_field(r) && take(r, 40);
    return id_field(r) && choice_field(r, ROLE_OWNER, ROLE_WITNESS) && take(r, 32);
}

static bool blob_field(struct rest *r)
{
    const uint8_t *const length = take(r, 2);

    return length && take(r, (size_t)length[0] << 8 | length[1]);
}

static bool list_field(struct rest *r, enum field_type type)
{
    const unsigned most = type == FIELD_CANDIDATES ? 16 : 32;
    const uint8_t *const count = take(r, 1);
    bool good = count && *count <= most;

    for (unsigned i = 0; good && i < *count; i++)
        good = row_field(r, type);
    return good;
}

static bool field(struct rest *r, enum field_type type)
{
    switch (type) {
    case FIELD_SYMBOL: return symbol_field(r);
    case FIELD_ID: return id_field(r);
    case FIELD_TEXT: return text_field(r);
    case FIELD_BLOB: return blob_field(r);
    case FIELD_PRICE:
    case FIELD_MONEY:
    case FIELD_RATE: return number_field(r, -INT64_MAX);
    case FIELD_PRICE_OPT: return take(r, 8) != NULL;
    case FIELD_QTY: return number_field(r, 1);
    case FIELD_COUNT: return number_field(r, 0);
    case FIELD_DAY: {
        const uint8_t *const p = take(r, 4);
        return p && civil_is_plausible((civil_day)load_u32(p));
    }
    case FIELD_BOOL: return choice_field(r, 0, 1);
    case FIELD_DIGEST:
    case FIELD_KEY: return take(r, 32) != NULL;
    case FIELD_SIDE: return choice_field(r, SIDE_BUY, SIDE_SELL);
    case FIELD_ORDER_TYPE: return choice_field(r, ORDER_TYPE_LIMIT, ORDER_TYPE_MARKET);
    case FIELD_MARK: return choice_field(r, MARK_LAST, MARK_SETTLEMENT);
    case FIELD_PHASE: return choice_field(r, PHASE_OPEN, PHASE_CLOSE);
    case FIELD_FINDING: return choice_field(r, FINDING_CROSSED, FINDING_PROXY);
    case FIELD_EXIT_RULE: return choice_field(r, EXIT_RULE_PROFIT, EXIT_RULE_RISK);
    case FIELD_ROLE: return choice_field(r, ROLE_OWNER, ROLE_WITNESS);
    case FIELD_CHECKS:
    case FIELD_COUNTS:
    case FIELD_CANDIDATES:
    case FIELD_ACTORS: return list_field(r, type);
    }
    return false;
}

enum err_code canonical_body(const struct canonical *c, const struct canonical_kinds *kinds, struct err *err)
{
    const struct entry_kind_info *const info = canonical_kind(kinds, c->kind);
    struct rest rest = {c->body, c->body + c->body_size};

    if (!info)
        return err_set(err, ERR_FORMAT, "kind 0x%04x is not known to this verifier", c->kind);
    if (c->schema != info->schema)
        return err_set(err, ERR_FORMAT, "schema %u of %s is not known to this verifier", c->schema,
                       info->text);
    for (size_t i = 0; i < info->field_count; i++) {
        if (!field(&rest, info->fields[i].type))
            return err_set(err, ERR_WRONG, "%s: field \"%s\" is not in its canonical form", info->text,
                           info->fields[i].name);
    }
    if (rest.at != rest.end)
        return err_set(err, ERR_WRONG, "%s: bytes are left over after its last field", info->text);
    return ERR_OK;
}
