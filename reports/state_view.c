/* The model and its forms; the sections themselves are in state_view_*.c. */
#include "reports/state_view_build.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK_SIZE ((size_t)32 << 10)
enum { FROM_WIDTH_MAX = 40, GAP = 2 };

struct state_chunk {
    struct state_chunk *next;
    size_t used;
    size_t size;
    _Alignas(max_align_t) unsigned char bytes[];
};

/* -- memory --------------------------------------------------------------------------------------------- */

static void *take(struct state_view *v, size_t size)
{
    const size_t aligned = (size + _Alignof(max_align_t) - 1) / _Alignof(max_align_t) * _Alignof(max_align_t);
    struct state_chunk *c = v->chunks;

    if (v->bad)
        return NULL;
    if (!c || c->size - c->used < aligned) {
        const size_t room = aligned > CHUNK_SIZE ? aligned : CHUNK_SIZE;
        c = malloc(sizeof *c + room);
        if (!c) {
            v->bad = true;
            return NULL;
        }
        *c = (struct state_chunk){.next = v->chunks, .size = room};
        v->chunks = c;
    }
    void *const at = c->bytes + c->used;
    c->used += aligned;
    memset(at, 0, aligned);
    return at;
}

void state_view_release(struct state_view *v)
{
    while (v->chunks) {
        struct state_chunk *const next = v->chunks->next;
        free(v->chunks);
        v->chunks = next;
    }
    free(v->rows);
    memset(v, 0, sizeof *v);
}

/* -- building ------------------------------------------------------------------------------------------- */

struct state_cell *state_row_begin(struct state_view *v)
{
    struct state_cell *const cells = take(v, v->column_count * sizeof *cells);

    if (cells && v->count == v->capacity) {
        const size_t capacity = v->capacity ? 2 * v->capacity : 64;
        struct state_row *const rows = realloc(v->rows, capacity * sizeof *rows);
        v->bad = !rows;
        if (rows) {
            v->rows = rows;
            v->capacity = capacity;
        }
    }
    if (v->bad)
        return NULL;
    v->rows[v->count++] = (struct state_row){cells, false};
    return cells;
}

void state_row_alert(struct state_view *v)
{
    if (v->count > 0)
        v->rows[v->count - 1].is_alert = true;
}

void state_put_sources(struct state_view *v, struct state_cell *c, const struct sources *from)
{
    /* The runs there are, and no room for more: a view of a hundred thousand orders has many cells. */
    const size_t size = from ? offsetof(struct sources, runs) + from->count * sizeof from->runs[0] : 0;
    void *const copy = c && from ? take(v, size) : NULL;

    if (!copy)
        return;
    memcpy(copy, from, size);
    c->from = copy;
}

struct state_cell *state_put_text(struct state_view *v, struct state_cell *c, const char *format, ...)
{
    va_list args;

    if (!c || v->bad)
        return NULL;
    va_start(args, format);
    const int n = vsnprintf(NULL, 0, format, args);
    va_end(args);
    REQUIRE(n >= 0);
    char *const text = take(v, (size_t)n + 1);
    if (!text)
        return NULL;
    va_start(args, format);
    vsnprintf(text, (size_t)n + 1, format, args);
    va_end(args);
    c->type = CELL_TEXT;
    c->text = text;
    return c + 1;
}

struct state_cell *state_put(struct state_view *v, struct state_cell *c, enum cell_type type, int64_t number,
                             const char *unit, const struct sources *from)
{
    if (!c || v->bad)
        return NULL;
    const bool is_none = number == INT64_MIN || (type == CELL_DAY && number == CIVIL_DAY_NONE);
    c->type = is_none ? CELL_EMPTY : type;
    c->number = is_none ? 0 : number;
    c->unit = unit;
    state_put_sources(v, c, from);
    return c + 1;
}

struct state_cell *state_put_from(struct state_view *v, struct state_cell *c, enum cell_type type,
                                  int64_t number, const char *unit, uint64_t seq)
{
    struct sources from = {.count = 0};

    sources_add(&from, seq);
    return state_put(v, c, type, number, unit, seq ? &from : NULL);
}

struct state_cell *state_put_unit(struct state_view *v, struct state_cell *c, enum unit unit, int64_t value,
                                  const struct sources *from)
{
    static const enum cell_type types[] = {CELL_EMPTY,   CELL_PRICE,   CELL_MONEY, CELL_RATE,
                                           CELL_INTEGER, CELL_INTEGER, CELL_FLAG};

    return state_put(v, c, types[unit], value, unit == UNIT_SECONDS ? "s" : NULL, from);
}

/* -- sections ------------------------------------------------------------------------------------------- */

static const struct {
    const char *name;
    state_make *make;
} sections[STATE_SECTIONS] = {
    [STATE_SUMMARY] = {"summary", state_make_summary},
    [STATE_ACCOUNTS] = {"accounts", state_make_accounts},
    [STATE_POSITIONS] = {"positions", state_make_positions},
    [STATE_ORDERS] = {"orders", state_make_orders},
    [STATE_CHAIN] = {"chain", state_make_chain},
    [STATE_LIMITS] = {"limits", state_make_limits},
    [STATE_STRATEGY] = {"strategy", state_make_strategy},
    [STATE_SETTINGS] = {"settings", state_make_settings},
};

const char *state_section_name(enum state_section s)
{
    REQUIRE(s < STATE_SECTIONS);
    return sections[s].name;
}

enum err_code state_section_find(const char *name, enum state_section *s, struct err *err)
{
    for (enum state_section i = STATE_SUMMARY; i < STATE_SECTIONS; i++) {
        if (strcmp(sections[i].name, name) == 0) {
            *s = i;
            return ERR_OK;
        }
    }
    return err_set(err, ERR_NOT_FOUND,
                   "\"%s\" is no part of a state; there are: summary, accounts, positions, orders, chain, "
                   "limits, strategy, settings",
                   name);
}

static enum err_code make(struct state_view *v, const struct book *b, enum state_section section,
                          state_make *maker, const struct symbol *about, struct err *err)
{
    memset(v, 0, sizeof *v);
    v->section = section;
    snprintf(v->title, sizeof v->title, "%s", sections[section].name);
    const enum err_code rc = maker(v, b, about, err);
    if (rc)
        return err_wrap(err, "%s", sections[section].name);
    REQUIRE(v->column_count <= STATE_COLUMNS_MAX);
    return v->bad ? err_set(err, ERR_MEMORY, "out of memory for a state's %s", sections[section].name)
                  : ERR_OK;
}

enum err_code state_view_make(struct state_view *v, const struct book *b, enum state_section section,
                              const struct symbol *about, struct err *err)
{
    REQUIRE(section < STATE_SECTIONS && (section != STATE_CHAIN || about));
    return make(v, b, section, sections[section].make, about, err);
}

enum err_code state_view_open_orders(struct state_view *v, const struct book *b, struct err *err)
{
    return make(v, b, STATE_ORDERS, state_make_open_orders, NULL, err);
}

enum err_code state_view_all_orders(struct state_view *v, const struct book *b, struct err *err)
{
    return make(v, b, STATE_ORDERS, state_make_all_orders, NULL, err);
}

/* -- for people ----------------------------------------------------------------------------------------- */

void state_cell_words(const struct state_cell *c, struct words *w)
{
    char text[CELL_NUMBER_SIZE];

    switch (c->type) {
    case CELL_EMPTY: words_add(w, "-"); return;
    case CELL_TEXT: words_add(w, "%s", c->text); break;
    case CELL_PRICE: words_price(w, c->number); break;
    case CELL_MONEY: words_money(w, c->number); break;
    case CELL_RATE: words_percent(w, c->number); break;
    case CELL_FLAG: words_add(w, c->number ? "yes" : "no"); break;
    case CELL_INSTANT:
        instant_format_new_york(text, c->number);
        words_add(w, "%s", text);
        break;
    case CELL_DAY:
        civil_format(text, (civil_day)c->number);
        words_add(w, "%s", text);
        break;
    case CELL_INTEGER:
    case CELL_SEQ: words_add(w, "%" PRId64, c->number); break;
    case CELL_MIXED: REQUIRE(false && "a cell has a type of its own");
    }
    if (c->unit)
        words_add(w, " %s", c->unit);
}

void state_row_sources(const struct state_view *v, size_t row, struct sources *out)
{
    REQUIRE(row < v->count);
    memset(out, 0, sizeof *out);
    for (size_t i = 0; i < v->column_count; i++) {
        if (v->rows[row].cells[i].from)
            sources_join(out, v->rows[row].cells[i].from);
    }
}

/* Columns on the terminal: UTF-8's following bytes take no room. */
static unsigned shown(const char *text)
{
    unsigned n = 0;

    for (; *text; text++)
        n += ((unsigned char)*text & 0xc0) != 0x80;
    return n;
}

static void widen(unsigned *width, const char *text)
{
    const unsigned n = shown(text);

    *width = *width < n ? n : *width;
}

void state_view_widths(const struct state_view *v, struct state_widths *widths)
{
    struct sources from;
    struct words w;

    memset(widths, 0, sizeof *widths);
    words_init(&w);
    for (size_t i = 0; i < v->column_count; i++)
        widen(&widths->columns[i], v->columns[i].title);
    for (size_t row = 0; row < v->count; row++) {
        for (size_t i = 0; i < v->column_count; i++) {
            words_clear(&w);
            state_cell_words(&v->rows[row].cells[i], &w);
            /* A sentence among numbers runs on over the empty cells behind it. */
            if (v->columns[i].type != CELL_MIXED || v->rows[row].cells[i].type != CELL_TEXT)
                widen(&widths->columns[i], words_get(&w));
        }
        state_row_sources(v, row, &from);
        words_clear(&w);
        sources_list(&w, &from);
        widen(&widths->from, words_get(&w));
    }
    if (widths->from > FROM_WIDTH_MAX)
        widths->from = FROM_WIDTH_MAX;
    words_release(&w);
}

static void pad(struct words *w, unsigned width, const char *text, bool to_the_right, bool is_last)
{
    const unsigned n = shown(text);
    const int space = (int)(width > n ? width - n : 0);

    if (to_the_right)
        words_add(w, "%*s", space, "");
    words_bytes(w, text, strlen(text));
    if (!to_the_right && !is_last)
        words_add(w, "%*s", space, "");
    if (!is_last)
        words_add(w, "%*s", GAP, "");
}

static bool is_number(const struct column *c)
{
    return c->type != CELL_TEXT;
}

void state_view_heading(const struct state_view *v, const struct state_widths *widths, struct words *w)
{
    for (size_t i = 0; i < v->column_count; i++)
        pad(w, widths->columns[i], v->columns[i].title, is_number(&v->columns[i]),
            i + 1 == v->column_count && !widths->from);
    if (widths->from)
        words_add(w, "from entry");
}

void state_view_row(const struct state_view *v, size_t row, const struct state_widths *widths,
                    struct words *w)
{
    struct sources from;
    struct words cell;

    state_row_sources(v, row, &from);
    words_init(&cell);
    for (size_t i = 0; i < v->column_count; i++) {
        words_clear(&cell);
        state_cell_words(&v->rows[row].cells[i], &cell);
        pad(w, widths->columns[i], words_get(&cell), is_number(&v->columns[i]),
            i + 1 == v->column_count && !from.count);
    }
    sources_list(w, &from);
    w->bad = w->bad || cell.bad;
    words_release(&cell);
}

/* -- for programs --------------------------------------------------------------------------------------- */

void state_cell_json(const struct state_cell *c, struct json_out *out)
{
    switch (c->type) {
    case CELL_EMPTY: json_out_null(out); break;
    case CELL_TEXT: json_out_text(out, c->text); break;
    case CELL_PRICE: json_out_decimal(out, c->number, PRICE_DECIMALS); break;
    case CELL_MONEY: json_out_decimal(out, c->number, MONEY_DECIMALS); break;
    case CELL_RATE: json_out_decimal(out, c->number, RATE_DECIMALS); break;
    case CELL_FLAG: json_out_bool(out, c->number != 0); break;
    case CELL_INSTANT: json_out_instant(out, c->number); break;
    case CELL_DAY: json_out_day(out, (civil_day)c->number); break;
    case CELL_INTEGER:
    case CELL_SEQ: json_out_i64(out, c->number); break;
    case CELL_MIXED: REQUIRE(false && "a cell has a type of its own");
    }
}

static void json_row(const struct state_view *v, const struct state_row *row, struct json_out *out)
{
    json_out_object(out);
    for (size_t i = 0; i < v->column_count; i++) {
        json_out_key(out, v->columns[i].name);
        state_cell_json(&row->cells[i], out);
    }
    json_out_key(out, "from");
    json_out_object(out);
    for (size_t i = 0; i < v->column_count; i++) {
        if (row->cells[i].from)
            sources_json(out, v->columns[i].name, NULL, row->cells[i].from);
    }
    json_out_object_end(out);
    json_out_object_end(out);
}

void state_view_json(const struct state_view *v, struct json_out *out)
{
    json_out_array(out);
    for (size_t i = 0; i < v->count; i++)
        json_row(v, &v->rows[i], out);
    json_out_array_end(out);
}

bool state_cell_equal(const struct state_cell *a, const struct state_cell *b)
{
    if (a->type != b->type)
        return false;
    return a->type == CELL_TEXT ? strcmp(a->text, b->text) == 0 : a->number == b->number;
}
