/*
 * The page's data, one JSON object. Columns and not objects, since there are many rows; amounts as the decimals that they
 * are. incident/page/README.md lists what is in it.
 */
#include "incident/page_impl.h"

#include "ledger/build.h"
#include "ledger/entry_json.h"
#include "ledger/hex.h"

#include <stdio.h>

#define PRICE_POINTS_MAX                                                                                     \
    20000u /* of one chart: with more, the first, least, greatest and last of each of BUCKETS */
#define BUCKETS 4000u

int64_t page_ms(const struct page *p, int64_t at_ns)
{
    const int64_t ms = at_ns / (NS_PER_SECOND / 1000);

    return ms - p->base_ms;
}

int64_t page_underlying(const struct timeline *t, const struct timeline_entry *e)
{
    if (!e->instrument)
        return -1;
    const struct timeline_instrument *const i = table_at(&t->instruments, e->instrument - 1);
    const uint8_t *const row = table_find(&t->underlyings, &i->underlying);
    return row ? (int64_t)((size_t)(row - t->underlyings.rows) / t->underlyings.row_size) : -1;
}

/* A number, exactly: JSON has decimals, even if its readers make doubles of them. */
static void put_number(struct json_out *out, int64_t value, int decimals)
{
    char text[DECIMAL_TEXT_SIZE];
    const size_t length = decimal_format(text, value, decimals);

    json_out_raw(out, text, length);
}

static void put_text(struct json_out *out, const char *key, const char *text)
{
    json_out_key(out, key);
    if (text)
        json_out_text(out, text);
    else
        json_out_null(out);
}

static void put_hash(struct json_out *out, const char *key, const struct hash *hash)
{
    json_out_key(out, key);
    json_out_hex(out, hash->bytes, HASH_SIZE);
}

/* -- what the bytes mean: the table of kinds, for the page's own decoder --------------------------------- */

static const char *const kinds[] = {
#define KIND(id, NAME, name, text, schema, meaning) #id " " text " " #schema ":"
#define FIELD(kind, TYPE, field, meaning)           " " #TYPE " " #field
#define KIND_END(name)                              ,
#include "ledger/entry_kinds.def"
#undef KIND
#undef FIELD
#undef KIND_END
};

static void put_names(struct json_out *out, const char *key, const char *const *names)
{
    json_out_key(out, key);
    json_out_array(out);
    for (size_t i = 1; names[i]; i++)
        json_out_text(out, names[i]);
    json_out_array_end(out);
}

enum err_code page_schema(struct json_out *out, struct err *err)
{
    json_out_object(out);
    json_out_key(out, "kinds");
    json_out_array(out);
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        json_out_text(out, kinds[i]);
    json_out_array_end(out);
    json_out_key(out, "choices");
    json_out_object(out);
    put_names(out, "SIDE", entry_enum_names(FIELD_SIDE));
    put_names(out, "ORDER_TYPE", entry_enum_names(FIELD_ORDER_TYPE));
    put_names(out, "MARK", entry_enum_names(FIELD_MARK));
    put_names(out, "PHASE", entry_enum_names(FIELD_PHASE));
    put_names(out, "FINDING", entry_enum_names(FIELD_FINDING));
    put_names(out, "EXIT_RULE", entry_enum_names(FIELD_EXIT_RULE));
    put_names(out, "ROLE", entry_enum_names(FIELD_ROLE));
    json_out_object_end(out);
    json_out_object_end(out);
    return json_out_done(out, err);
}

/* -- charts --------------------------------------------------------------------------------------------- */

struct points {
    const struct page *page;
    struct json_out t;
    struct json_out price;
};

static void put_point(struct points *x, const struct timeline_price *at)
{
    json_out_i64(&x->t, page_ms(x->page, at->at_ns));
    put_number(&x->price, at->price_nano, PRICE_DECIMALS);
}

/* First, least, greatest and last of the rows [first, end), in their order, each once. */
static void put_bucket(struct points *x, const struct timeline_price *rows, size_t first, size_t end)
{
    size_t least = first;
    size_t greatest = first;

    for (size_t i = first; i < end; i++) {
        least = rows[i].price_nano < rows[least].price_nano ? i : least;
        greatest = rows[i].price_nano > rows[greatest].price_nano ? i : greatest;
    }
    for (size_t i = first; i < end; i++) {
        if (i == first || i == least || i == greatest || i + 1 == end)
            put_point(x, &rows[i]);
    }
}

static enum err_code put_prices(const struct page *p, const struct timeline_underlying *u,
                                struct json_out *out, struct err *err)
{
    const size_t step = u->count > PRICE_POINTS_MAX ? (u->count + BUCKETS - 1) / BUCKETS : 1;
    struct points x = {.page = p};

    json_out_init(&x.t);
    json_out_init(&x.price);
    json_out_array(&x.t);
    json_out_array(&x.price);
    for (size_t i = 0; i < u->count; i += step)
        put_bucket(&x, u->prices, i, u->count - i < step ? u->count : i + step);
    json_out_array_end(&x.t);
    json_out_array_end(&x.price);
    enum err_code rc = json_out_done(&x.t, err);
    if (!rc)
        rc = json_out_done(&x.price, err);
    json_out_object(out);
    put_text(out, "symbol", u->symbol.text);
    json_out_key(out, "marks");
    json_out_u64(out, u->marks);
    json_out_key(out, "t");
    json_out_raw(out, x.t.bytes, x.t.size);
    json_out_key(out, "price");
    json_out_raw(out, x.price.bytes, x.price.size);
    json_out_object_end(out);
    json_out_release(&x.t);
    json_out_release(&x.price);
    return rc;
}

static enum err_code put_underlyings(const struct page *p, struct json_out *out, struct err *err)
{
    const struct timeline *const t = p->request->real;
    const struct timeline_underlying *const best = timeline_main(t);
    enum err_code rc = ERR_OK;

    json_out_key(out, "underlyings");
    json_out_array(out);
    for (uint32_t i = 0; !rc && i < t->underlyings.count; i++)
        rc = put_prices(p, table_at(&t->underlyings, i), out, err);
    json_out_array_end(out);
    put_text(out, "main", best ? best->symbol.text : NULL);
    return rc;
}

static void put_sample_column(const struct page *p, const struct timeline *t, struct json_out *out,
                              const char *key, int64_t (*value)(const struct timeline_sample *s))
{
    json_out_key(out, key);
    json_out_array(out);
    for (size_t i = 0; i < t->sample_count; i++) {
        if (value)
            put_number(out, value(&t->samples[i]), MONEY_DECIMALS);
        else
            json_out_i64(out, page_ms(p, t->samples[i].at_ns));
    }
    json_out_array_end(out);
}

static int64_t equity_of(const struct timeline_sample *s)
{
    return s->equity_micro;
}
static int64_t profit_of(const struct timeline_sample *s)
{
    return s->profit_micro;
}
static int64_t margin_of_sample(const struct timeline_sample *s)
{
    return s->margin_micro;
}
static int64_t limit_of(const struct timeline_sample *s)
{
    return s->limit_micro;
}
static int64_t notional_of(const struct timeline_sample *s)
{
    return s->notional_micro;
}

static void put_samples(const struct page *p, const struct timeline *t, struct json_out *out)
{
    json_out_key(out, "account");
    json_out_object(out);
    put_sample_column(p, t, out, "t", NULL);
    put_sample_column(p, t, out, "equity", equity_of);
    put_sample_column(p, t, out, "profit", profit_of);
    put_sample_column(p, t, out, "margin", margin_of_sample);
    put_sample_column(p, t, out, "limit", limit_of);
    put_sample_column(p, t, out, "notional", notional_of);
    json_out_object_end(out);
}

/* -- what might have been ------------------------------------------------------------------------------- */

static void put_deeds(const struct page *p, struct json_out *out)
{
    const struct timeline *const t = p->request->other;

    json_out_key(out, "deeds");
    json_out_array(out);
    for (size_t i = 0; i < t->deed_count; i++) {
        const struct timeline_entry *const e = &t->entries[t->deeds[i].entry];
        const struct timeline_instrument *const about =
            e->instrument ? table_at(&t->instruments, e->instrument - 1) : NULL;
        json_out_array(out);
        json_out_i64(out, page_ms(p, e->at_ns));
        json_out_i64(out, page_underlying(t, e));
        json_out_text(out, entry_kind_find((unsigned)e->kind)->text);
        json_out_bool(out, e->is_refusal);
        json_out_text(out, about ? about->symbol.text : "");
        json_out_text(out, t->deeds[i].words);
        json_out_array_end(out);
    }
    json_out_array_end(out);
}

static enum err_code put_other(const struct page *p, struct json_out *out, struct err *err)
{
    json_out_key(out, "other");
    if (!p->request->other) {
        json_out_null(out);
        return ERR_OK;
    }
    json_out_object(out);
    put_text(out, "change", p->request->change);
    put_samples(p, p->request->other, out);
    put_deeds(p, out);
    json_out_key(out, "table");
    const enum err_code rc = page_comparison(p, out, err);
    json_out_object_end(out);
    return rc;
}

/* -- the whole ------------------------------------------------------------------------------------------ */

static void put_span(const struct page *p, struct json_out *out)
{
    const struct timeline *const t = p->request->real;
    const struct hash after = book_digest(&t->book);

    json_out_key(out, "from");
    json_out_u64(out, t->from);
    json_out_key(out, "to");
    json_out_u64(out, t->to);
    json_out_key(out, "base");
    json_out_i64(out, p->base_ms);
    put_text(out, "only", t->is_narrowed ? t->only.text : NULL);
    json_out_key(out, "left");
    json_out_u64(out, p->left);
    put_hash(out, "before", &t->digest_before);
    put_hash(out, "after", &after);
}

static void put_journal(const struct page *p, struct json_out *out)
{
    put_text(out, "origin", journal_origin(p->journal));
    put_text(out, "vkey", journal_vkey(p->journal));
    put_text(out, "program", BUILD_PROGRAM);
    json_out_key(out, "size");
    json_out_u64(out, p->seal.size);
    put_hash(out, "root", &p->seal.root);
    json_out_key(out, "note");
    json_out_string(out, p->seal.note, p->seal.note_size);
}

enum err_code page_data(const struct page *p, struct json_out *out, struct err *err)
{
    json_out_object(out);
    put_text(out, "format", "ledger incident 1");
    put_journal(p, out);
    put_span(p, out);
    json_out_key(out, "summary");
    enum err_code rc = page_summary(p, out, err);
    if (!rc)
        rc = put_underlyings(p, out, err);
    put_samples(p, p->request->real, out);
    if (!rc)
        rc = put_other(p, out, err);
    json_out_key(out, "entries");
    if (!rc)
        rc = page_entries(p, out, err);
    json_out_object_end(out);
    return rc ? rc : json_out_done(out, err);
}
