/*
 * JSON line to draft. Reading the line, in the order of the functions from the bottom up:
 *   1. the object's keys, each once; a body that comes before its kind is stepped over and read at the end
 *   2. the body's keys by the kind's fields, each once, none missing
 *   3. a list's rows by entry_rows, each key once, none missing
 *   4. scalars, by type (entry_reader.c)
 *   5. the rules that span fields (entry_check)
 */
#include "ledger/entry_json.h"

#include "ledger/base64.h"
#include "ledger/decimal.h"
#include "ledger/entry_reader.h"
#include "ledger/entry_rows.h"

enum line_key { KEY_KIND, KEY_ACTOR, KEY_CAUSE, KEY_AT, KEY_BODY, KEY_SIGNATURE, LINE_KEYS };

static const char *const line_keys[LINE_KEYS] = {"kind", "actor", "cause", "at", "body", "signature"};

/* -- lists --------------------------------------------------------------------------------------------- */

static enum err_code read_amount(struct entry_reader *r, const struct json_value *v, enum unit unit,
                                 int64_t *value)
{
    bool flag = false;

    if (v->token == JSON_NULL) {
        *value = CHECK_VALUE_NONE;
        return ERR_OK;
    }
    if (unit == UNIT_FLAG) {
        const enum err_code rc = entry_reader_bool(r, v, &flag);
        if (!rc)
            *value = flag;
        return rc;
    }
    if (unit == UNIT_COUNT || unit == UNIT_SECONDS)
        return entry_reader_integer(r, v, -INT64_MAX, value);
    return entry_reader_decimal(r, v, entry_rows_decimals(unit), false, value);
}

static enum err_code read_row_field(struct entry_reader *r, const struct row_field *f,
                                    const struct json_value *v, void *row)
{
    void *const to = (uint8_t *)row + f->offset;

    switch (f->type) {
    case ROW_ID: return entry_reader_id(r, v, to);
    case ROW_SYMBOL: return entry_reader_symbol(r, v, to);
    case ROW_PRICE: return entry_reader_decimal(r, v, PRICE_DECIMALS, true, to);
    case ROW_MONEY: return entry_reader_decimal(r, v, MONEY_DECIMALS, true, to);
    case ROW_RATE: return entry_reader_decimal(r, v, RATE_DECIMALS, true, to);
    case ROW_COUNT: return entry_reader_integer(r, v, 0, to);
    case ROW_INTEGER: return entry_reader_integer(r, v, INT64_MIN, to);
    case ROW_BOOL: return entry_reader_bool(r, v, to);
    case ROW_ROLE: return entry_reader_choice(r, v, entry_enum_names(FIELD_ROLE), to);
    case ROW_UNIT: return entry_reader_choice(r, v, entry_unit_names(), to);
    case ROW_RULE: return entry_reader_choice(r, v, entry_rule_names(), to);
    case ROW_KEY: return entry_reader_32_bytes(r, v, to);
    case ROW_AMOUNT: return read_amount(r, v, ((const struct check *)row)->unit, to);
    }
    return ERR_OK;
}

static const struct row_field *find_row_field(const struct entry_rows *shape, const struct json_value *v)
{
    for (size_t i = 0; i < shape->field_count; i++) {
        if (entry_reader_is_name(shape->fields[i].name, v))
            return &shape->fields[i];
    }
    return NULL;
}

static enum err_code refuse_row_key(struct entry_reader *r, const struct entry_rows *shape)
{
    const struct json_value key = r->scan.now;
    char names[ENTRY_READER_NAMES] = "";
    char found[ENTRY_READER_QUOTED];

    for (size_t i = 0; i < shape->field_count; i++)
        entry_reader_add_name(names, shape->fields[i].name);
    return entry_reader_refuse(r, key.column, "unknown key %s; a row has %s",
                               entry_reader_quoted(found, key.text, key.length), names);
}

/* Collects a row's values; what they mean may depend on one that comes later (a check's unit). */
static enum err_code collect_row(struct entry_reader *r, const struct entry_rows *shape,
                                 struct json_value *values)
{
    unsigned seen = 0;

    for (;;) {
        r->row_field = NULL;
        enum err_code rc = entry_reader_next(r);
        if (rc)
            return rc;
        if (r->scan.now.token == JSON_OBJECT_END)
            break;
        const struct row_field *const f = find_row_field(shape, &r->scan.now);
        if (!f)
            return refuse_row_key(r, shape);
        const size_t i = (size_t)(f - shape->fields);
        r->row_field = f->name;
        if (seen & 1U << i)
            return entry_reader_refuse(r, r->scan.now.column, "given twice");
        seen |= 1U << i;
        rc = entry_reader_next(r);
        if (rc)
            return rc;
        values[i] = r->scan.now;
        if (values[i].token == JSON_OBJECT || values[i].token == JSON_ARRAY)
            return entry_reader_refuse(r, values[i].column, "expected a value, found %s",
                                       json_token_text(values[i].token));
    }
    for (size_t i = 0; i < shape->field_count; i++) {
        r->row_field = shape->fields[i].name;
        if (!(seen & 1U << i))
            return entry_reader_refuse(r, r->scan.now.column, "missing");
    }
    return ERR_OK;
}

/* A check's outcome is a record of its value and bound; one that contradicts them is no record. */
static enum err_code check_outcome(struct entry_reader *r, const struct check *c, size_t ok_column)
{
    const bool holds = check_holds(c->value, c->rule, c->bound);

    if (c->ok == holds)
        return ERR_OK;
    r->row_field = "ok";
    return entry_reader_refuse(r, ok_column, "says %s, but value and bound say %s", c->ok ? "true" : "false",
                               holds ? "true" : "false");
}

/* Amounts last: they need the row's unit. */
static enum err_code read_row(struct entry_reader *r, const struct entry_rows *shape, enum field_type type,
                              void *row)
{
    struct json_value values[ROW_FIELDS_MAX] = {{.column = 0}};
    enum err_code rc = collect_row(r, shape, values);

    for (int amounts = 0; !rc && amounts <= 1; amounts++) {
        for (size_t i = 0; !rc && i < shape->field_count; i++) {
            const struct row_field *const f = &shape->fields[i];
            r->row_field = f->name;
            if ((f->type == ROW_AMOUNT) == (amounts == 1))
                rc = read_row_field(r, f, &values[i], row);
        }
    }
    if (rc || type != FIELD_CHECKS)
        return rc;
    return check_outcome(r, row, values[shape->field_count - 1].column);
}

static enum err_code read_list(struct entry_reader *r, enum field_type type, void *list)
{
    const struct entry_rows *const shape = entry_rows_find(type);
    uint8_t *const rows = (uint8_t *)list + shape->rows_offset;
    uint8_t *const count = list; /* every list struct begins with it */

    enum err_code rc = entry_reader_expect(r, &r->scan.now, JSON_ARRAY);
    while (!rc) {
        r->row = -1;
        r->row_field = NULL;
        rc = entry_reader_next(r);
        if (rc || r->scan.now.token == JSON_ARRAY_END)
            break;
        r->row = *count;
        if (*count == shape->max)
            return entry_reader_refuse(r, r->scan.now.column, "more than %u rows", shape->max);
        rc = entry_reader_expect(r, &r->scan.now, JSON_OBJECT);
        if (rc)
            break;
        rc = read_row(r, shape, type, rows + *count * shape->row_size);
        ++*count;
    }
    return rc;
}

/* -- the body ------------------------------------------------------------------------------------------ */

/* Fields mostly come in the table's order, so the search starts where the last one ended. */
static const struct entry_field *find_field(const struct entry_kind_info *kind, size_t first,
                                            const struct json_value *v)
{
    for (size_t n = 0; n < kind->field_count; n++) {
        const size_t i = first + n < kind->field_count ? first + n : first + n - kind->field_count;
        if (entry_reader_is_name(kind->fields[i].name, v))
            return &kind->fields[i];
    }
    return NULL;
}

static enum err_code refuse_body_key(struct entry_reader *r)
{
    const struct json_value key = r->scan.now;
    char names[ENTRY_READER_NAMES] = "";
    char found[ENTRY_READER_QUOTED];

    for (size_t i = 0; i < r->kind->field_count; i++)
        entry_reader_add_name(names, r->kind->fields[i].name);
    return entry_reader_refuse(r, key.column, "unknown key %s; %s has %s",
                               entry_reader_quoted(found, key.text, key.length), r->kind->text, names);
}

static enum err_code read_field(struct entry_reader *r, const struct entry_field *f)
{
    void *const to = (uint8_t *)&r->draft->as + f->offset;
    const enum err_code rc = entry_reader_next(r);

    if (rc)
        return rc;
    return entry_rows_find(f->type) ? read_list(r, f->type, to) : entry_reader_scalar(r, f->type, to);
}

/* r->scan.now is the body's opening brace. */
static enum err_code read_body(struct entry_reader *r)
{
    const struct entry_kind_info *const kind = r->kind;
    uint64_t seen = 0; /* bit i: field i; no kind has 64 fields */
    size_t hint = 0;

    for (;;) {
        r->field = NULL;
        r->row = -1;
        enum err_code rc = entry_reader_next(r);
        if (rc)
            return rc;
        if (r->scan.now.token == JSON_OBJECT_END)
            break;
        const struct entry_field *const f = find_field(kind, hint, &r->scan.now);
        if (!f)
            return refuse_body_key(r);
        const size_t i = (size_t)(f - kind->fields);
        r->field = f->name;
        if (seen >> i & 1)
            return entry_reader_refuse(r, r->scan.now.column, "given twice");
        seen |= UINT64_C(1) << i;
        hint = i + 1;
        rc = read_field(r, f);
        if (rc)
            return rc;
    }
    for (size_t i = 0; i < kind->field_count; i++) {
        r->field = kind->fields[i].name;
        if (!(seen >> i & 1))
            return entry_reader_refuse(r, r->scan.now.column, "missing");
    }
    r->field = NULL;
    return ERR_OK;
}

/* -- the line ------------------------------------------------------------------------------------------ */

#define KIND_TEXT_MAX 40

/* Letters to insert, drop or replace to make one text the other; `most` when it is that many or more. */
static size_t edits(const char *a, size_t a_length, const char *b, size_t most)
{
    const size_t b_length = strlen(b);
    size_t row[KIND_TEXT_MAX + 1];

    if (a_length > KIND_TEXT_MAX || b_length > KIND_TEXT_MAX)
        return most;
    for (size_t j = 0; j <= b_length; j++)
        row[j] = j;
    for (size_t i = 1; i <= a_length; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b_length; j++) {
            const size_t replace = diagonal + (a[i - 1] != b[j - 1] ? 1 : 0);
            const size_t change = (row[j] < row[j - 1] ? row[j] : row[j - 1]) + 1;
            diagonal = row[j];
            row[j] = replace < change ? replace : change;
        }
    }
    return row[b_length] < most ? row[b_length] : most;
}

/* The nearest kind when there is one, all of them otherwise. */
static enum err_code refuse_kind(struct entry_reader *r, const struct json_value *v)
{
    char names[ENTRY_READER_NAMES] = "";
    char found[ENTRY_READER_QUOTED];
    size_t best = v->length / 3 + 2;
    const char *nearest = NULL;
    size_t count = 0;
    const struct entry_kind_info *const kinds = entry_kinds(&count);

    for (size_t i = 0; i < count; i++) {
        const size_t distance = edits(v->text, v->length, kinds[i].text, best);
        if (distance < best) {
            best = distance;
            nearest = kinds[i].text;
        }
        /* Its family once: all of them have to fit one message. */
        const bool is_first = i == 0 || entry_family(kinds[i].kind) != entry_family(kinds[i - 1].kind);
        entry_reader_add_name(names, is_first ? kinds[i].text : strchr(kinds[i].text, '.'));
    }
    entry_reader_quoted(found, v->text, v->length);
    if (nearest)
        return entry_reader_refuse(r, v->column, "unknown kind %s; did you mean \"%s\"?", found, nearest);
    return entry_reader_refuse(r, v->column, "unknown kind %s; there are %s", found, names);
}

static enum err_code read_kind(struct entry_reader *r)
{
    const struct json_value *const v = &r->scan.now;
    const enum err_code rc = entry_reader_expect(r, v, JSON_STRING);

    if (rc)
        return rc;
    r->kind = entry_kind_by_name(v->text, v->length);
    if (!r->kind)
        return refuse_kind(r, v);
    r->draft->kind = r->kind->kind;
    return ERR_OK;
}

static enum err_code read_actor(struct entry_reader *r)
{
    const struct json_value *const v = &r->scan.now;
    const enum err_code rc = entry_reader_expect(r, v, JSON_STRING);

    if (rc)
        return rc;
    return actors_id(r->actors, v->text, v->length, &r->draft->actor, r->err)
               ? entry_reader_refuse_why(r, v->column)
               : ERR_OK;
}

static enum err_code read_cause(struct entry_reader *r)
{
    const struct json_value *const v = &r->scan.now;
    uint64_t seq = 0;
    const enum err_code rc = entry_reader_expect(r, v, JSON_NUMBER);

    if (rc)
        return rc;
    for (size_t i = 0; i < v->length; i++) {
        if (v->text[i] < '0' || v->text[i] > '9')
            return entry_reader_refuse(r, v->column,
                                       "expected an entry's number: no sign, no point, no exponent");
        if (__builtin_mul_overflow(seq, 10, &seq) ||
            __builtin_add_overflow(seq, (uint64_t)(v->text[i] - '0'), &seq))
            return entry_reader_refuse(r, v->column, "out of range");
    }
    if (seq == 0)
        return entry_reader_refuse(r, v->column,
                                   "entries are numbered from 1; leave it out when there is no cause");
    r->draft->cause = seq;
    return ERR_OK;
}

static enum err_code read_at(struct entry_reader *r)
{
    const struct json_value *const v = &r->scan.now;
    const enum err_code rc = entry_reader_expect(r, v, JSON_STRING);

    if (rc)
        return rc;
    return instant_parse(v->text, v->length, &r->draft->at_ns, r->err) ? entry_reader_refuse_why(r, v->column)
                                                                       : ERR_OK;
}

static enum err_code read_signature(struct entry_reader *r)
{
    const struct json_value *const v = &r->scan.now;
    size_t size = 0;
    const enum err_code rc = entry_reader_expect(r, v, JSON_STRING);

    if (rc)
        return rc;
    if (base64_decode(v->text, v->length, r->draft->signature, ENTRY_SIGNATURE_SIZE, &size, r->err))
        return entry_reader_refuse_why(r, v->column);
    if (size != ENTRY_SIGNATURE_SIZE)
        return entry_reader_refuse(r, v->column, "%zu bytes where %d belong", size, ENTRY_SIGNATURE_SIZE);
    r->draft->is_signed = true;
    return ERR_OK;
}

static enum err_code refuse_line_key(struct entry_reader *r)
{
    const struct json_value key = r->scan.now;
    char names[ENTRY_READER_NAMES] = "";
    char found[ENTRY_READER_QUOTED];

    entry_reader_quoted(found, key.text, key.length);
    if (entry_reader_is_name("seq", &key) || entry_reader_is_name("recorded_at", &key))
        return entry_reader_refuse(r, key.column, "%s is the journal's to give: leave it out", found);
    for (int i = 0; i < LINE_KEYS; i++)
        entry_reader_add_name(names, line_keys[i]);
    return entry_reader_refuse(r, key.column, "unknown key %s; a line has %s", found, names);
}

/* Where a body that came before its kind begins. */
struct later {
    struct json_scan scan;
    size_t used; /* of the arena */
    bool is_body;
};

static enum err_code read_line_value(struct entry_reader *r, enum line_key key, struct later *later)
{
    switch (key) {
    case KEY_KIND: return read_kind(r);
    case KEY_ACTOR: return read_actor(r);
    case KEY_CAUSE: return read_cause(r);
    case KEY_AT: return read_at(r);
    case KEY_SIGNATURE: return read_signature(r);
    case KEY_BODY:
    case LINE_KEYS: break;
    }
    const enum err_code rc = entry_reader_expect(r, &r->scan.now, JSON_OBJECT);
    if (rc)
        return rc;
    *later = (struct later){r->scan, r->scan.arena->used, r->kind == NULL};
    if (r->kind)
        return read_body(r);
    const enum err_code skipped = json_scan_skip(&r->scan, r->err);
    r->scan.arena->used = later->used;
    return skipped == ERR_INPUT ? entry_reader_refuse_why(r, r->scan.now.column) : skipped;
}

/* The object's keys, up to its closing brace. */
static enum err_code read_line(struct entry_reader *r, struct later *later, unsigned *seen)
{
    for (;;) {
        r->key = NULL;
        enum err_code rc = entry_reader_next(r);
        if (rc || r->scan.now.token == JSON_OBJECT_END)
            return rc;
        int key = 0;
        while (key < LINE_KEYS && !entry_reader_is_name(line_keys[key], &r->scan.now))
            key++;
        if (key == LINE_KEYS)
            return refuse_line_key(r);
        r->key = line_keys[key];
        if (*seen & 1U << key)
            return entry_reader_refuse(r, r->scan.now.column, "given twice");
        *seen |= 1U << key;
        rc = entry_reader_next(r);
        if (!rc)
            rc = read_line_value(r, (enum line_key)key, later);
        if (rc)
            return rc;
    }
}

static enum err_code check_line(struct entry_reader *r, struct later *later, unsigned seen)
{
    const size_t end = r->scan.now.column;

    for (int key = KEY_KIND; key <= KEY_BODY; key += KEY_BODY - KEY_KIND) { /* the two that must be there */
        r->key = line_keys[key];
        if (!(seen & 1U << key))
            return entry_reader_refuse(r, end, "missing");
    }
    r->key = "actor";
    if (r->draft->actor == ENTRY_JSON_NO_ACTOR)
        return entry_reader_refuse(r, end, "missing, and no operator is there who would be meant");
    r->key = NULL;
    enum err_code rc = entry_reader_next(r);
    if (rc)
        return rc;
    const size_t column = later->scan.now.column;
    if (later->is_body) {
        r->scan = later->scan;
        r->scan.arena->used = later->used;
        r->key = "body";
        rc = read_body(r);
        if (rc)
            return rc;
    }
    r->key = NULL; /* entry_check() names the place itself */
    return entry_check(r->draft, r->err) ? entry_reader_refuse_why(r, column) : ERR_OK;
}

enum err_code entry_from_json(const char *line, size_t size, const struct actors *actors,
                              uint32_t default_actor, struct json_arena *arena, struct entry *draft,
                              struct err *err)
{
    struct entry_reader r = {.actors = actors, .draft = draft, .err = err, .row = -1};
    struct later later = {.is_body = false};
    unsigned seen = 0; /* bit i: enum line_key */

    if (size > JSON_LINE_MAX)
        return entry_reader_refuse(&r, JSON_LINE_MAX + 1, "the line has %zu bytes, more than %zu", size,
                                   JSON_LINE_MAX);
    memset(draft, 0, sizeof *draft);
    draft->actor = default_actor;
    draft->at_ns = INSTANT_NONE;
    arena->used = 0;
    json_scan_init(&r.scan, line, size, arena);
    enum err_code rc = entry_reader_next(&r);
    if (!rc)
        rc = entry_reader_expect(&r, &r.scan.now, JSON_OBJECT);
    if (!rc)
        rc = read_line(&r, &later, &seen);
    return rc ? rc : check_line(&r, &later, seen);
}
