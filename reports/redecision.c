#include "reports/redecision.h"

#include "ledger/entry_json.h"
#include "ledger/entry_rows.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct comparison {
    const struct entry *recorded; /* or NULL */
    const struct entry *decided;
    redecision_take *take;
    void *context;
    unsigned differing;
    struct redecision_field field;
};

/* Hands the field on; with one version alone there is nothing to differ from. */
static void put(struct comparison *c, const char *name, bool differs)
{
    struct redecision_field *const f = &c->field;

    if (name != f->name)
        snprintf(f->name, sizeof f->name, "%s", name);
    f->differs = differs && c->recorded && c->decided;
    c->differing += f->differs;
    c->take(c->context, f);
    memset(f, 0, sizeof *f);
}

/* -- the header ----------------------------------------------------------------------------------------- */

static bool put_kind(struct comparison *c)
{
    struct redecision_field *const f = &c->field;
    const struct entry *const r = c->recorded;
    const struct entry *const d = c->decided;
    const bool differs = r && d && r->kind != d->kind;

    f->has_recorded = r != NULL;
    f->has_decided = d != NULL;
    if (r)
        snprintf(f->recorded, sizeof f->recorded, "%s", entry_kind_find((unsigned)r->kind)->text);
    if (d)
        snprintf(f->decided, sizeof f->decided, "%s", entry_kind_find((unsigned)d->kind)->text);
    put(c, "kind", differs);
    return differs;
}

static void actor_text(const struct entry *e, const struct actors *actors, bool *has, char *out)
{
    *has = e != NULL;
    if (e)
        snprintf(out, REDECISION_TEXT_MAX, "%s", actors_name(actors, e->actor));
}

static void at_text(const struct entry *e, bool *has, char *out)
{
    *has = e && e->at_ns != INSTANT_NONE;
    if (*has)
        instant_format(out, e->at_ns);
}

static void cause_text(const struct entry *e, bool *has, char *out)
{
    *has = e && e->cause;
    if (*has)
        snprintf(out, REDECISION_TEXT_MAX, "%" PRIu64, e->cause);
}

static void signature_text(const struct entry *e, bool *has, char *out)
{
    *has = e && e->is_signed;
    if (*has)
        snprintf(out, REDECISION_TEXT_MAX, "signed by its actor");
}

static void put_header(struct comparison *c, const struct actors *actors)
{
    struct redecision_field *const f = &c->field;
    const struct entry *const r = c->recorded;
    const struct entry *const d = c->decided;
    const bool both = r && d;

    actor_text(r, actors, &f->has_recorded, f->recorded);
    actor_text(d, actors, &f->has_decided, f->decided);
    put(c, "actor", both && r->actor != d->actor);
    at_text(r, &f->has_recorded, f->recorded);
    at_text(d, &f->has_decided, f->decided);
    put(c, "at", both && r->at_ns != d->at_ns);
    cause_text(r, &f->has_recorded, f->recorded);
    cause_text(d, &f->has_decided, f->decided);
    put(c, "cause", both && r->cause != d->cause);
    if (!(r && r->is_signed) && !(d && d->is_signed))
        return;
    signature_text(r, &f->has_recorded, f->recorded);
    signature_text(d, &f->has_decided, f->decided);
    put(c, "signature", both && r->is_signed != d->is_signed);
}

/* -- fields of the body --------------------------------------------------------------------------------- */

static const void *value_of(const struct entry *e, const struct entry_field *f)
{
    return (const uint8_t *)&e->as + f->offset;
}

/* Bytes of a value that can be held against another as they lie in memory; 0: not of this type. */
static size_t value_size(enum field_type type)
{
    switch (type) {
    case FIELD_SYMBOL: return sizeof(struct symbol);
    case FIELD_ID: return sizeof(struct id);
    case FIELD_PRICE:
    case FIELD_PRICE_OPT:
    case FIELD_MONEY:
    case FIELD_RATE:
    case FIELD_QTY:
    case FIELD_COUNT: return sizeof(int64_t);
    case FIELD_DAY: return sizeof(civil_day);
    case FIELD_BOOL: return sizeof(bool);
    case FIELD_DIGEST:
    case FIELD_KEY: return sizeof(struct digest32);
    case FIELD_SIDE:
    case FIELD_ORDER_TYPE:
    case FIELD_MARK:
    case FIELD_PHASE:
    case FIELD_FINDING:
    case FIELD_EXIT_RULE:
    case FIELD_ROLE: return sizeof(enum side); /* enums all */
    case FIELD_TEXT:
    case FIELD_BLOB:
    case FIELD_CHECKS:
    case FIELD_COUNTS:
    case FIELD_CANDIDATES:
    case FIELD_ACTORS: break;
    }
    return 0;
}

static bool is_equal(enum field_type type, const void *a, const void *b)
{
    const size_t size = value_size(type);

    if (type == FIELD_TEXT) {
        const struct text *const x = a;
        const struct text *const y = b;
        return x->length == y->length && (x->length == 0 || memcmp(x->bytes, y->bytes, x->length) == 0);
    }
    if (type == FIELD_BLOB) {
        const struct blob *const x = a;
        const struct blob *const y = b;
        return x->length == y->length && (x->length == 0 || memcmp(x->bytes, y->bytes, x->length) == 0);
    }
    REQUIRE(size);
    return memcmp(a, b, size) == 0;
}

/* The field of this name and type in the other version's kind, or NULL. */
static const struct entry_field *find_field(const struct entry *e, const struct entry_field *like)
{
    const struct entry_kind_info *const info = e ? entry_kind_find((unsigned)e->kind) : NULL;

    for (size_t i = 0; info && i < info->field_count; i++)
        if (info->fields[i].type == like->type && strcmp(info->fields[i].name, like->name) == 0)
            return &info->fields[i];
    return NULL;
}

/* `r` or `d` is NULL when that version has no such field. */
static void put_value(struct comparison *c, const struct entry_field *r, const struct entry_field *d)
{
    struct redecision_field *const f = &c->field;

    f->has_recorded = r != NULL;
    f->has_decided = d != NULL;
    if (r)
        entry_field_text(c->recorded, r, f->recorded, sizeof f->recorded);
    if (d)
        entry_field_text(c->decided, d, f->decided, sizeof f->decided);
    put(c, r ? r->name : d->name,
        !r || !d || !is_equal(r->type, value_of(c->recorded, r), value_of(c->decided, d)));
}

/* -- rows of a list ------------------------------------------------------------------------------------- */

struct rows {
    const struct entry *entry;
    const struct entry_field *field;
    const struct entry_rows *table;
    const uint8_t *list;
    unsigned count;
};

static struct rows rows_of(const struct entry *e, const struct entry_field *f)
{
    const uint8_t *const list = f ? value_of(e, f) : NULL;

    return (struct rows){e, f, f ? entry_rows_find(f->type) : NULL, list, list ? *list : 0};
}

static const uint8_t *row_at(const struct rows *r, unsigned i)
{
    return r->list + r->table->rows_offset + i * r->table->row_size;
}

/* A row's first field is its name. */
static const char *row_name(const struct rows *r, unsigned i, size_t *length)
{
    const uint8_t *const at = row_at(r, i) + r->table->fields[0].offset;

    if (r->table->fields[0].type == ROW_SYMBOL) {
        const struct symbol *const s = (const void *)at;
        *length = s->length;
        return s->text;
    }
    const struct id *const id = (const void *)at;
    *length = id->length;
    return id->text;
}

static bool is_named(const struct rows *r, unsigned i, const char *name, size_t length)
{
    size_t n = 0;
    const char *const other = row_name(r, i, &n);

    return n == length && memcmp(other, name, n) == 0;
}

/* Which of its name's rows row i is: 0, 1 ... */
static unsigned row_turn(const struct rows *r, unsigned i)
{
    size_t length = 0;
    const char *const name = row_name(r, i, &length);
    unsigned turn = 0;

    for (unsigned k = 0; k < i; k++)
        turn += is_named(r, k, name, length);
    return turn;
}

/* The row of `to` that row i of `from` is to be held against; to->count: none. */
static unsigned row_match(const struct rows *from, unsigned i, const struct rows *to)
{
    size_t length = 0;
    const char *const name = row_name(from, i, &length);
    unsigned turn = row_turn(from, i);

    for (unsigned k = 0; k < to->count; k++)
        if (is_named(to, k, name, length) && turn-- == 0)
            return k;
    return to->count;
}

static size_t row_value_size(enum row_type type)
{
    switch (type) {
    case ROW_ID: return sizeof(struct id);
    case ROW_SYMBOL: return sizeof(struct symbol);
    case ROW_PRICE:
    case ROW_MONEY:
    case ROW_RATE:
    case ROW_COUNT:
    case ROW_INTEGER:
    case ROW_AMOUNT: return sizeof(int64_t);
    case ROW_BOOL: return sizeof(bool);
    case ROW_ROLE:
    case ROW_UNIT:
    case ROW_RULE: return sizeof(enum unit); /* enums all */
    case ROW_KEY: return sizeof(struct digest32);
    }
    return 0;
}

static bool rows_are_equal(const struct rows *a, unsigned i, const struct rows *b, unsigned k)
{
    for (size_t n = 0; n < a->table->field_count; n++) {
        const struct row_field *const f = &a->table->fields[n];
        const size_t size = row_value_size(f->type);
        if (memcmp(row_at(a, i) + f->offset, row_at(b, k) + f->offset, size) != 0)
            return false;
    }
    return true;
}

/* What a row says without its name, which the field's name says. */
static void row_text(const struct rows *r, unsigned i, char *out)
{
    size_t length = 0;

    row_name(r, i, &length);
    const size_t size = entry_row_text(r->entry, r->field, i, out, REDECISION_TEXT_MAX);
    if (size > length)
        memmove(out, out + length + 1, size - length);
}

/* `i` or `k` is the count when that version has no such row. */
static void put_row(struct comparison *c, const struct rows *recorded, unsigned i, const struct rows *decided,
                    unsigned k)
{
    struct redecision_field *const f = &c->field;
    const bool has_recorded = i < recorded->count;
    const bool has_decided = k < decided->count;
    const struct rows *const named = has_recorded ? recorded : decided;
    const unsigned at = has_recorded ? i : k;
    size_t length = 0;
    const char *const name = row_name(named, at, &length);
    const unsigned turn = row_turn(named, at);

    f->has_recorded = has_recorded;
    f->has_decided = has_decided;
    if (has_recorded)
        row_text(recorded, i, f->recorded);
    if (has_decided)
        row_text(decided, k, f->decided);
    snprintf(f->name, sizeof f->name, turn ? "%s.%.*s (%u)" : "%s.%.*s", named->field->name, (int)length,
             name, turn + 1);
    put(c, f->name, !has_recorded || !has_decided || !rows_are_equal(recorded, i, decided, k));
}

static void order_text(const struct rows *r, char *out)
{
    size_t size = 0;

    for (unsigned i = 0; i < r->count; i++) {
        size_t length = 0;
        const char *const name = row_name(r, i, &length);
        size += (size_t)snprintf(out + size, REDECISION_TEXT_MAX - size, "%s%.*s", i ? " " : "", (int)length,
                                 name);
    }
}

/* Rows that both have, but in another order: then the values may be alike and the bytes are not. */
static void put_order(struct comparison *c, const struct rows *recorded, const struct rows *decided)
{
    struct redecision_field *const f = &c->field;
    bool is_same = true;
    unsigned next = 0;

    for (unsigned i = 0; is_same && i < recorded->count; i++) {
        const unsigned k = row_match(recorded, i, decided);
        is_same = k >= next; /* none has the count, which is behind them all */
        next = k < decided->count ? k + 1 : next;
    }
    if (is_same)
        return;
    f->has_recorded = true;
    f->has_decided = true;
    order_text(recorded, f->recorded);
    order_text(decided, f->decided);
    snprintf(f->name, sizeof f->name, "%s: order", recorded->field->name);
    put(c, f->name, true);
}

static void put_rows(struct comparison *c, const struct entry_field *r, const struct entry_field *d)
{
    const struct rows recorded = rows_of(c->recorded, r);
    const struct rows decided = rows_of(c->decided, d);

    for (unsigned i = 0; i < recorded.count; i++)
        put_row(c, &recorded, i, &decided, d ? row_match(&recorded, i, &decided) : 0);
    for (unsigned k = 0; k < decided.count; k++)
        if (!r || row_match(&decided, k, &recorded) == recorded.count)
            put_row(c, &recorded, recorded.count, &decided, k);
    if (r && d)
        put_order(c, &recorded, &decided);
}

static void put_field(struct comparison *c, const struct entry_field *r, const struct entry_field *d)
{
    if (entry_rows_find(r ? r->type : d->type))
        put_rows(c, r, d);
    else
        put_value(c, r, d);
}

unsigned redecision_compare(const struct entry *recorded, const struct entry *decided,
                            const struct actors *actors, redecision_take *take, void *context)
{
    struct comparison c = {recorded, decided, take, context, 0, {.differs = false}};
    const struct entry_kind_info *info = recorded ? entry_kind_find((unsigned)recorded->kind) : NULL;

    REQUIRE(recorded || decided);
    put_kind(&c);
    put_header(&c, actors);
    for (size_t i = 0; info && i < info->field_count; i++)
        put_field(&c, &info->fields[i], find_field(decided, &info->fields[i]));
    info = decided ? entry_kind_find((unsigned)decided->kind) : NULL;
    for (size_t i = 0; info && i < info->field_count; i++)
        if (!find_field(recorded, &info->fields[i]))
            put_field(&c, NULL, &info->fields[i]);
    return c.differing;
}
