/*
 * The codec: writing goes by the table of fields, and the readers are generated from the same table, one
 * straight function a kind, so that a kind cannot have a writer that differs from its reader. What was
 * written is read back before it counts. Layout: see entry.h.
 */
#include "ledger/entry.h"

#include "ledger/utf8.h"

#include <stdio.h>

enum { FLAG_AT = 1, FLAG_SIGNED = 2, FLAGS_KNOWN = FLAG_AT | FLAG_SIGNED };

/* Of eight characters each is 21 to 7e (hex): none sets its top bit, nor does when it falls by 21 or grows by 1. */
static bool are_visible(uint64_t eight)
{
    const uint64_t ones = UINT64_C(0x0101010101010101);

    return ((eight | (eight - 0x21 * ones) | (eight + ones)) & 0x80 * ones) == 0;
}

/* Eight characters at a time; the last eight overlap those before them, so that nothing beyond is touched. */
static bool copy_visible(char *to, const uint8_t *from, size_t length)
{
    uint64_t eight;
    bool good = true;

    if (length < sizeof eight) {
        eight = UINT64_C(0x2121212121212121);
        memcpy(&eight, from, length);
        memcpy(to, from, length);
        return are_visible(eight);
    }
    for (size_t i = 0; i + sizeof eight < length; i += sizeof eight) {
        memcpy(&eight, from + i, sizeof eight);
        memcpy(to + i, &eight, sizeof eight);
        good = good && are_visible(eight);
    }
    memcpy(&eight, from + length - sizeof eight, sizeof eight);
    memcpy(to + length - sizeof eight, &eight, sizeof eight);
    return good && are_visible(eight);
}

/* -- rows and scalars: put and get side by side --------------------------------------------------------- */

static void put_symbol(struct wire_out *out, const struct symbol *s)
{
    wire_put_u8(out, s->length);
    wire_put_bytes(out, s->text, s->length);
}

static bool get_symbol(struct wire_in *in, struct symbol *s)
{
    const uint8_t length = wire_get_u8(in);
    const uint8_t *const p = wire_get_bytes(in, length);

    return p && symbol_parse((const char *)p, length, s, NULL) == ERR_OK;
}

static void put_id(struct wire_out *out, const struct id *id)
{
    wire_put_u8(out, id->length);
    wire_put_bytes(out, id->text, id->length);
}

static bool get_id(struct wire_in *in, struct id *id)
{
    const uint8_t length = wire_get_u8(in);
    const uint8_t *const p = wire_get_bytes(in, length);

    if (!p || length == 0 || length > ID_MAX)
        return false;
    memset(id, 0, sizeof *id);
    id->length = length;
    return copy_visible(id->text, p, length);
}

static void put_text(struct wire_out *out, const struct text *t)
{
    wire_put_u16(out, t->length);
    wire_put_bytes(out, t->bytes, t->length);
}

static bool get_text(struct wire_in *in, struct text *t)
{
    t->length = wire_get_u16(in);
    t->bytes = (const char *)wire_get_bytes(in, t->length);
    return t->bytes && utf8_is_valid_text(t->bytes, t->length);
}

static void put_blob(struct wire_out *out, const struct blob *b)
{
    wire_put_u16(out, b->length);
    wire_put_bytes(out, b->bytes, b->length);
}

static bool get_blob(struct wire_in *in, struct blob *b)
{
    b->length = wire_get_u16(in);
    b->bytes = wire_get_bytes(in, b->length);
    return b->bytes != NULL;
}

static void put_check(struct wire_out *out, const struct check *c)
{
    put_id(out, &c->name);
    wire_put_i64(out, c->value);
    wire_put_i64(out, c->bound);
    wire_put_u8(out, (uint8_t)c->unit);
    wire_put_u8(out, (uint8_t)c->rule);
    wire_put_u8(out, c->ok);
}

/* JSON says a flag as true, false or null, so it can be nothing else. */
static bool is_flag(int64_t value)
{
    return value == 0 || value == 1 || value == CHECK_VALUE_NONE;
}

static bool get_check(struct wire_in *in, struct check *c)
{
    if (!get_id(in, &c->name))
        return false;
    c->value = wire_get_i64(in);
    c->bound = wire_get_i64(in);
    c->unit = (enum unit)wire_get_u8(in);
    c->rule = (enum rule)wire_get_u8(in);
    const uint8_t ok = wire_get_u8(in);
    c->ok = ok == 1;
    if (c->unit == UNIT_FLAG && !(is_flag(c->value) && is_flag(c->bound)))
        return false;
    return !in->bad && c->unit >= UNIT_PRICE && c->unit <= UNIT_FLAG && c->rule >= RULE_AT_LEAST &&
           c->rule <= RULE_EQUAL && ok <= 1 && c->ok == check_holds(c->value, c->rule, c->bound);
}

static void put_candidate(struct wire_out *out, const struct candidate *c)
{
    put_symbol(out, &c->symbol);
    wire_put_i64(out, c->premium_nano);
    wire_put_i64(out, c->margin_micro);
    wire_put_i64(out, c->score_nano);
    wire_put_i64(out, c->otm_nano);
    wire_put_i64(out, c->days);
}

static bool get_candidate(struct wire_in *in, struct candidate *c)
{
    if (!get_symbol(in, &c->symbol))
        return false;
    c->premium_nano = wire_get_i64(in);
    c->margin_micro = wire_get_i64(in);
    c->score_nano = wire_get_i64(in);
    c->otm_nano = wire_get_i64(in);
    c->days = wire_get_i64(in);
    return !in->bad;
}

static void put_actor(struct wire_out *out, const struct actor_row *a)
{
    put_id(out, &a->name);
    wire_put_u8(out, (uint8_t)a->role);
    wire_put_bytes(out, a->key, sizeof a->key);
}

static bool get_actor(struct wire_in *in, struct actor_row *a)
{
    if (!get_id(in, &a->name))
        return false;
    a->role = (enum role)wire_get_u8(in);
    const uint8_t *const key = wire_get_bytes(in, sizeof a->key);
    if (!key || a->role < ROLE_OWNER || a->role > ROLE_WITNESS)
        return false;
    memcpy(a->key, key, sizeof a->key);
    return true;
}

/* Lists are a u8 count and that many rows; a count past the maximum never reaches the loop. */
static void put_list(struct wire_out *out, enum field_type type, const void *list)
{
    const uint8_t count = *(const uint8_t *)list; /* the first member of every list struct */

    wire_put_u8(out, count);
    for (unsigned i = 0; i < count; i++) {
        if (type == FIELD_CHECKS) {
            put_check(out, &((const struct checks *)list)->rows[i]);
        } else if (type == FIELD_COUNTS) {
            put_id(out, &((const struct counts *)list)->rows[i].name);
            wire_put_i64(out, ((const struct counts *)list)->rows[i].count);
        } else if (type == FIELD_CANDIDATES) {
            put_candidate(out, &((const struct candidates *)list)->rows[i]);
        } else {
            put_actor(out, &((const struct actor_rows *)list)->rows[i]);
        }
    }
}

static unsigned list_max(enum field_type type)
{
    if (type == FIELD_CHECKS)
        return CHECKS_MAX;
    if (type == FIELD_COUNTS)
        return COUNTS_MAX;
    return type == FIELD_CANDIDATES ? CANDIDATES_MAX : ACTORS_MAX;
}

static bool get_list(struct wire_in *in, enum field_type type, void *list)
{
    const uint8_t count = wire_get_u8(in);
    bool good = count <= list_max(type);

    *(uint8_t *)list = 0;
    for (unsigned i = 0; good && i < count; i++) {
        if (type == FIELD_CHECKS) {
            good = get_check(in, &((struct checks *)list)->rows[i]);
        } else if (type == FIELD_COUNTS) {
            struct named_count *const row = &((struct counts *)list)->rows[i];
            good = get_id(in, &row->name);
            row->count = wire_get_i64(in);
            good = good && !in->bad && row->count >= 0;
        } else if (type == FIELD_CANDIDATES) {
            good = get_candidate(in, &((struct candidates *)list)->rows[i]);
        } else {
            good = get_actor(in, &((struct actor_rows *)list)->rows[i]);
        }
    }
    if (good)
        *(uint8_t *)list = count;
    return good;
}

/* -- one field ------------------------------------------------------------------------------------------ */

static void put_field(struct wire_out *out, const struct entry_field *f, const void *p)
{
    switch (f->type) {
    case FIELD_SYMBOL: put_symbol(out, p); break;
    case FIELD_ID: put_id(out, p); break;
    case FIELD_TEXT: put_text(out, p); break;
    case FIELD_BLOB: put_blob(out, p); break;
    case FIELD_PRICE:
    case FIELD_PRICE_OPT:
    case FIELD_MONEY:
    case FIELD_RATE:
    case FIELD_QTY:
    case FIELD_COUNT: wire_put_i64(out, *(const int64_t *)p); break;
    case FIELD_DAY: wire_put_u32(out, (uint32_t)(*(const civil_day *)p)); break;
    case FIELD_BOOL: wire_put_u8(out, *(const bool *)p); break;
    case FIELD_DIGEST:
    case FIELD_KEY: wire_put_bytes(out, p, 32); break;
    case FIELD_SIDE:
    case FIELD_ORDER_TYPE:
    case FIELD_MARK:
    case FIELD_PHASE:
    case FIELD_FINDING:
    case FIELD_EXIT_RULE:
    case FIELD_ROLE: wire_put_u8(out, (uint8_t)(*(const unsigned *)p)); break;
    case FIELD_CHECKS:
    case FIELD_COUNTS:
    case FIELD_CANDIDATES:
    case FIELD_ACTORS: put_list(out, f->type, p); break;
    }
}

/* An enum's values are 1 to this one. */
static unsigned choice_last(enum field_type type)
{
    switch (type) {
    case FIELD_SIDE: return SIDE_SELL;
    case FIELD_ORDER_TYPE: return ORDER_TYPE_MARKET;
    case FIELD_MARK: return MARK_SETTLEMENT;
    case FIELD_PHASE: return PHASE_CLOSE;
    case FIELD_FINDING: return FINDING_PROXY;
    case FIELD_EXIT_RULE: return EXIT_RULE_RISK;
    case FIELD_ROLE: return ROLE_WITNESS;
    case FIELD_SYMBOL:
    case FIELD_ID:
    case FIELD_TEXT:
    case FIELD_PRICE:
    case FIELD_PRICE_OPT:
    case FIELD_MONEY:
    case FIELD_RATE:
    case FIELD_QTY:
    case FIELD_COUNT:
    case FIELD_DAY:
    case FIELD_BOOL:
    case FIELD_DIGEST:
    case FIELD_KEY:
    case FIELD_CHECKS:
    case FIELD_COUNTS:
    case FIELD_CANDIDATES:
    case FIELD_ACTORS:
    case FIELD_BLOB: return 0;
    }
    return 0;
}

static bool get_number(struct wire_in *in, enum field_type type, int64_t *v)
{
    *v = wire_get_i64(in);
    if (type == FIELD_QTY)
        return *v >= 1;
    if (type == FIELD_COUNT)
        return *v >= 0;
    return type == FIELD_PRICE_OPT || *v != INT64_MIN;
}

/* Inlined where the type is known, so that each kind's reader is straight: that is what replay is quick by. */
static inline __attribute__((always_inline)) bool get_field(struct wire_in *in, enum field_type type, void *p)
{
    switch (type) {
    case FIELD_SYMBOL: return get_symbol(in, p);
    case FIELD_ID: return get_id(in, p);
    case FIELD_TEXT: return get_text(in, p);
    case FIELD_BLOB: return get_blob(in, p);
    case FIELD_PRICE:
    case FIELD_PRICE_OPT:
    case FIELD_MONEY:
    case FIELD_RATE:
    case FIELD_QTY:
    case FIELD_COUNT: return get_number(in, type, p);
    case FIELD_DAY: *(civil_day *)p = (civil_day)wire_get_u32(in); return civil_is_plausible(*(civil_day *)p);
    case FIELD_BOOL: {
        const uint8_t v = wire_get_u8(in);
        *(bool *)p = v == 1;
        return v <= 1;
    }
    case FIELD_DIGEST:
    case FIELD_KEY: {
        const uint8_t *const bytes = wire_get_bytes(in, 32);
        if (bytes)
            memcpy(p, bytes, 32);
        return bytes != NULL;
    }
    case FIELD_SIDE:
    case FIELD_ORDER_TYPE:
    case FIELD_MARK:
    case FIELD_PHASE:
    case FIELD_FINDING:
    case FIELD_EXIT_RULE:
    case FIELD_ROLE: {
        const unsigned v = wire_get_u8(in);
        *(unsigned *)p = v;
        return v >= 1 && v <= choice_last(type);
    }
    case FIELD_CHECKS:
    case FIELD_COUNTS:
    case FIELD_CANDIDATES:
    case FIELD_ACTORS: return get_list(in, type, p);
    }
    return false;
}

/* -- one body: how many of its fields are good, in wire order ------------------------------------------- */

#define KIND(id, NAME, name, text, schema, meaning)                                                          \
    static size_t get_##name(struct wire_in *in, struct entry_##name *body)                                  \
    {                                                                                                        \
        struct wire_in at = *in; /* a local, so that the compiler may keep it in registers */                \
        size_t good = 0;
#define FIELD(kind, TYPE, field, meaning)                                                                    \
    if (!get_field(&at, FIELD_##TYPE, &body->field) || at.bad)                                               \
        return good;                                                                                         \
    good++;
#define KIND_END(name)                                                                                       \
    *in = at;                                                                                                \
    return good;                                                                                             \
    }
#include "ledger/entry_kinds.def"
#undef KIND
#undef FIELD
#undef KIND_END

static size_t get_body(struct wire_in *in, struct entry *e)
{
    switch (e->kind) {
#define KIND(id, NAME, name, text, schema, meaning)                                                          \
    case ENTRY_##NAME:                                                                                       \
        return get_##name(in, &e->as.name);
#define FIELD(kind, TYPE, field, meaning)
#define KIND_END(name)
#include "ledger/entry_kinds.def"
#undef KIND
#undef FIELD
#undef KIND_END
    }
    return 0;
}

/* -- whole entries -------------------------------------------------------------------------------------- */

static void put_header(struct wire_out *out, const struct entry *e, const struct entry_kind_info *info,
                       uint16_t body_size)
{
    const bool has_at = e->at_ns != INSTANT_NONE;

    wire_put_u8(out, ENTRY_FORMAT_VERSION);
    wire_put_u8(out, (uint8_t)((has_at ? FLAG_AT : 0) | (e->is_signed ? FLAG_SIGNED : 0)));
    wire_put_u16(out, (uint16_t)e->kind);
    wire_put_u16(out, info->schema);
    wire_put_u16(out, body_size);
    wire_put_u64(out, e->seq);
    wire_put_i64(out, e->recorded_at_ns);
    wire_put_i64(out, has_at ? e->at_ns : 0);
    wire_put_u64(out, e->cause);
    wire_put_u32(out, e->actor);
    wire_put_u32(out, 0);
}

/* Says which field a draft breaks, by reading back what was written of it. */
static enum err_code recheck_fields(const struct entry_kind_info *info, const uint8_t *body, size_t size,
                                    struct err *err)
{
    struct entry read_back; /* its body alone */
    struct wire_in in;

    wire_in_init(&in, body, size);
    read_back.kind = info->kind;
    const size_t good = get_body(&in, &read_back);
    if (good < info->field_count)
        return err_set(err, ERR_INPUT, "%s: field \"%s\" is not a valid %s", info->text,
                       info->fields[good].name, info->fields[good].meaning);
    return ERR_OK;
}

enum err_code entry_encode(const struct entry *e, struct wire_out *out, struct err *err)
{
    const struct entry_kind_info *const info = entry_kind_find((unsigned)e->kind);
    const struct wire_out before = *out;
    enum err_code rc = ERR_OK;

    REQUIRE(info && !out->bad);
    uint8_t *const header = out->at;
    put_header(out, e, info, 0);
    uint8_t *const body = out->at;
    for (size_t i = 0; i < info->field_count; i++)
        put_field(out, &info->fields[i], (const uint8_t *)&e->as + info->fields[i].offset);
    const size_t body_size = (size_t)(out->at - body);
    if (e->is_signed)
        wire_put_bytes(out, e->signature, sizeof e->signature);
    if (out->bad || body_size > ENTRY_BODY_MAX)
        rc = err_set(err, ERR_RANGE, "%s: the entry would be larger than %d bytes", info->text,
                     ENTRY_MAX_SIZE);
    if (!rc)
        rc = recheck_fields(info, body, body_size, err);
    if (rc) {
        *out = before;
        return rc;
    }
    header[6] = (uint8_t)(body_size >> 8);
    header[7] = (uint8_t)body_size;
    return ERR_OK;
}

static enum err_code get_header(struct wire_in *in, struct entry *e, const struct entry_kind_info **info,
                                uint16_t *body_size, struct err *err)
{
    const uint8_t *const h = wire_get_bytes(in, ENTRY_HEADER_SIZE);

    if (!h)
        return err_set(err, ERR_FORMAT, "the entry is shorter than its header");
    const uint8_t version = h[0];
    const uint8_t flags = h[1];
    const uint16_t kind = wire_load_u16(h + 2);
    const uint16_t schema = wire_load_u16(h + 4);
    *body_size = wire_load_u16(h + 6);
    e->seq = wire_load_u64(h + 8);
    e->recorded_at_ns = (int64_t)wire_load_u64(h + 16);
    e->at_ns = (int64_t)wire_load_u64(h + 24);
    e->cause = wire_load_u64(h + 32);
    e->actor = wire_load_u32(h + 40);
    const uint32_t zero = wire_load_u32(h + 44);

    if (version != ENTRY_FORMAT_VERSION)
        return err_set(err, ERR_FORMAT, "entry format %u is not known here (this program reads %d)", version,
                       ENTRY_FORMAT_VERSION);
    if (flags & ~FLAGS_KNOWN || zero != 0)
        return err_set(err, ERR_FORMAT, "reserved bits of the header are set");
    *info = entry_kind_find(kind);
    if (!*info)
        return err_set(err, ERR_FORMAT, "kind 0x%04x is not known here", kind);
    if (schema != (*info)->schema)
        return err_set(err, ERR_FORMAT, "%s: schema %u is not known here", (*info)->text, schema);
    if (!(flags & FLAG_AT)) {
        if (e->at_ns != 0)
            return err_set(err, ERR_FORMAT, "an entry without `at` carries one");
        e->at_ns = INSTANT_NONE;
    } else if (e->at_ns == INSTANT_NONE) {
        return err_set(err, ERR_FORMAT, "`at` is not an instant");
    }
    e->kind = (*info)->kind;
    e->is_signed = (flags & FLAG_SIGNED) != 0;
    return ERR_OK;
}

enum err_code entry_decode_header(const void *bytes, size_t size, struct entry *e, struct err *err)
{
    const struct entry_kind_info *info;
    uint16_t body_size;
    struct wire_in in;

    wire_in_init(&in, bytes, size);
    const enum err_code rc = get_header(&in, e, &info, &body_size, err);
    if (rc)
        return rc;
    if (wire_in_left(&in) != (size_t)body_size + (e->is_signed ? ENTRY_SIGNATURE_SIZE : 0))
        return err_set(err, ERR_FORMAT, "%s: the body is not as long as the header says", info->text);
    return ERR_OK;
}

enum err_code entry_decode(const void *bytes, size_t size, struct entry *e, struct err *err)
{
    const struct entry_kind_info *info;
    uint16_t body_size;
    struct wire_in in;

    wire_in_init(&in, bytes, size);
    const enum err_code rc = get_header(&in, e, &info, &body_size, err);
    if (rc)
        return rc;
    const uint8_t *const body = wire_get_bytes(&in, body_size);
    const uint8_t *const signature = e->is_signed ? wire_get_bytes(&in, ENTRY_SIGNATURE_SIZE) : NULL;
    if (!wire_in_done(&in))
        return err_set(err, ERR_FORMAT, "%s: the body is not as long as the header says", info->text);
    wire_in_init(&in, body, body_size);
    const size_t good = get_body(&in, e);
    if (good < info->field_count)
        return err_set(err, ERR_FORMAT, "%s: field \"%s\" does not decode", info->text,
                       info->fields[good].name);
    if (!wire_in_done(&in))
        return err_set(err, ERR_FORMAT, "%s: bytes are left over after the last field", info->text);
    if (signature)
        memcpy(e->signature, signature, ENTRY_SIGNATURE_SIZE);
    return ERR_OK;
}

void entry_place(uint8_t *bytes, uint64_t seq, int64_t recorded_at_ns)
{
    wire_store_u64(bytes + 8, seq);
    wire_store_u64(bytes + 16, (uint64_t)recorded_at_ns);
}

size_t entry_statement(const uint8_t *bytes, size_t size, const char *origin, uint8_t *out)
{
    static const char label[] = "ledger statement v1\n";
    const size_t origin_size = strlen(origin);
    const bool is_signed = (bytes[1] & FLAG_SIGNED) != 0;
    const size_t said = is_signed ? size - ENTRY_SIGNATURE_SIZE : size;
    uint8_t *p = out;

    memcpy(p, label, sizeof label - 1);
    p += sizeof label - 1;
    memcpy(p, origin, origin_size);
    p += origin_size;
    *p++ = '\n';
    memcpy(p, bytes, said);
    p[1] |= FLAG_SIGNED;
    entry_place(p, 0, 0);
    return (size_t)(p - out) + said;
}
