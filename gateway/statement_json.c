/*
 * A statement in JSON: one object with cash, positions and fills, and, when the file says so, statement_id, broker and
 * session.
 */
#include "gateway/statement_read.h"

#include "ledger/json_scan.h"

#include <stdio.h>
#include <stdlib.h>

enum key { KEY_STATEMENT_ID, KEY_BROKER, KEY_SESSION, KEY_CASH, KEY_POSITIONS, KEY_FILLS, KEYS };
static const char *const key_names[KEYS] = {"statement_id", "broker",    "session",
                                            "cash",         "positions", "fills"};

struct reader {
    struct statement *s;
    const char *name;
    const char *bytes;
    struct json_scan scan;
    struct err *err;
    char place[128]; /* "fills[2].qty: " */
};

/* Line and column, in bytes from 1, of the scan's newest token. */
static void find_place(const struct reader *r, size_t *line, size_t *column)
{
    *line = 1;
    *column = 1;
    for (size_t i = 0; i + 1 < r->scan.now.column; i++) {
        *column = r->bytes[i] == '\n' ? 1 : *column + 1;
        *line += r->bytes[i] == '\n';
    }
}

/* Puts the place before a reason that is in r->err already. */
static enum err_code wrong(struct reader *r, enum err_code rc)
{
    size_t line;
    size_t column;

    find_place(r, &line, &column);
    err_wrap(r->err, "%s:%zu:%zu: %s", r->name, line, column, r->place);
    return rc;
}

static enum err_code refuse(struct reader *r, const char *reason)
{
    (void)err_set(r->err, ERR_INPUT, "%s", reason);
    return wrong(r, ERR_INPUT);
}

static enum err_code next(struct reader *r)
{
    const enum err_code rc = json_scan_next(&r->scan, r->err);

    return rc ? wrong(r, rc) : ERR_OK;
}

static enum err_code expect(struct reader *r, enum json_token token)
{
    char reason[96];

    if (r->scan.now.token == token)
        return ERR_OK;
    snprintf(reason, sizeof reason, "must be %s, not %s", json_token_text(token),
             json_token_text(r->scan.now.token));
    return refuse(r, reason);
}

/* A scalar as text: amounts may be written as numbers, for their digits are never lost. */
static enum err_code scalar(struct reader *r, const struct json_value **v)
{
    enum err_code rc = next(r);

    if (!rc && r->scan.now.token != JSON_STRING && r->scan.now.token != JSON_NUMBER)
        rc = refuse(r, "must be a string or a number");
    *v = &r->scan.now;
    return rc;
}

static bool is_key(const struct json_value *v, const char *name)
{
    return v->length == strlen(name) && memcmp(v->text, name, v->length) == 0;
}

/* -- rows ------------------------------------------------------------------------------------------------- */

static enum err_code read_field(struct reader *r, struct statement_read_row *row, const char *list,
                                uint32_t index)
{
    const struct json_value *v;
    unsigned field = 0;

    while (field < STATEMENT_FIELDS && !is_key(&r->scan.now, statement_fields[field]))
        field++;
    if (field == STATEMENT_FIELDS)
        return refuse(r, "no such field: symbol, side, qty, price, fee, fill_id");
    snprintf(r->place, sizeof r->place, "%s[%u].%s", list, index, statement_fields[field]);
    if (row->has >> field & 1U)
        return refuse(r, "it stands there twice");
    enum err_code rc = scalar(r, &v);
    if (!rc && statement_set(row, (enum statement_field)field, v->text, v->length, r->err))
        rc = wrong(r, ERR_INPUT);
    snprintf(r->place, sizeof r->place, "%s[%u]", list, index);
    return rc;
}

/* Its brace is read. */
static enum err_code read_row(struct reader *r, const char *list, uint32_t index, bool is_fill)
{
    struct statement_read_row row;
    size_t column;

    memset(&row, 0, sizeof row);
    snprintf(r->place, sizeof r->place, "%s[%u]", list, index);
    find_place(r, &row.row.line, &column);
    enum err_code rc = expect(r, JSON_OBJECT);
    for (rc = rc ? rc : next(r); !rc && r->scan.now.token == JSON_KEY; rc = rc ? rc : next(r))
        rc = read_field(r, &row, list, index);
    if (rc)
        return rc;
    rc = statement_add(r->s, &row, is_fill, r->err);
    return rc ? wrong(r, rc) : ERR_OK;
}

static enum err_code read_rows(struct reader *r, bool is_fill)
{
    const char *const list = is_fill ? "fills" : "positions";
    uint32_t index = 0;
    enum err_code rc = next(r);

    if (!rc)
        rc = expect(r, JSON_ARRAY);
    for (rc = rc ? rc : next(r); !rc && r->scan.now.token != JSON_ARRAY_END; rc = rc ? rc : next(r))
        rc = read_row(r, list, index++, is_fill);
    return rc;
}

/* -- the object ------------------------------------------------------------------------------------------- */

static enum err_code read_scalar(struct reader *r, enum key key)
{
    struct statement *const s = r->s;
    const struct json_value *v;
    enum err_code rc = scalar(r, &v);

    if (rc)
        return rc;
    if (key == KEY_STATEMENT_ID)
        rc = statement_id(&s->statement_id, v->text, v->length, r->err);
    else if (key == KEY_BROKER)
        rc = statement_id(&s->broker, v->text, v->length, r->err);
    else if (key == KEY_SESSION)
        rc = civil_parse(v->text, v->length, &s->session, r->err);
    else
        rc = decimal_parse(v->text, v->length, MONEY_DECIMALS, &s->cash_micro, r->err);
    return rc ? wrong(r, ERR_INPUT) : ERR_OK;
}

static enum err_code read_key(struct reader *r, unsigned *has)
{
    unsigned key = 0;

    while (key < KEYS && !is_key(&r->scan.now, key_names[key]))
        key++;
    r->place[0] = '\0';
    if (key == KEYS)
        return refuse(r, "no such key: statement_id, broker, session, cash, positions, fills");
    snprintf(r->place, sizeof r->place, "%s", key_names[key]);
    if (*has >> key & 1U)
        return refuse(r, "it stands there twice");
    *has |= 1U << key;
    return key == KEY_POSITIONS || key == KEY_FILLS ? read_rows(r, key == KEY_FILLS)
                                                    : read_scalar(r, (enum key)key);
}

static enum err_code read_object(struct reader *r)
{
    unsigned has = 0;
    enum err_code rc = next(r);

    if (!rc)
        rc = expect(r, JSON_OBJECT);
    for (rc = rc ? rc : next(r); !rc && r->scan.now.token == JSON_KEY; rc = rc ? rc : next(r))
        rc = read_key(r, &has);
    for (unsigned key = KEY_CASH; !rc && key < KEYS; key++) {
        snprintf(r->place, sizeof r->place, "%s", key_names[key]);
        if (!(has >> key & 1U))
            rc = refuse(r, "it is missing");
    }
    r->place[0] = '\0';
    return rc ? rc : next(r); /* nothing may follow */
}

enum err_code statement_read_json(struct statement *s, const char *name, const char *bytes, size_t size,
                                  struct err *err)
{
    struct json_arena arena = {.bytes = malloc(size), .capacity = size};
    struct err own = {.code = ERR_OK};
    struct reader r = {.s = s, .name = name, .bytes = bytes, .err = err ? err : &own};

    if (!arena.bytes)
        return err_set(err, ERR_MEMORY, "out of memory for %s", name);
    json_scan_init(&r.scan, bytes, size, &arena);
    const enum err_code rc = read_object(&r);
    free(arena.bytes);
    return rc;
}
