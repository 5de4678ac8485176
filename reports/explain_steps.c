#include "reports/explain_steps.h"

#include "ledger/entry_rows.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* -- steps ---------------------------------------------------------------------------------------------- */

void explanation_release(struct explanation *x)
{
    for (size_t i = 0; i < x->count; i++) {
        free(x->steps[i].text);
        free(x->steps[i].details);
        free(x->steps[i].checks);
        free(x->steps[i].numbers);
    }
    free(x->steps);
    free(x->title);
    memset(x, 0, sizeof *x);
}

static enum err_code no_memory(struct err *err)
{
    return err_set(err, ERR_MEMORY, "out of memory for the explanation");
}

static enum err_code make_room(struct explanation *x, struct err *err)
{
    if (x->count < x->capacity)
        return ERR_OK;
    const size_t wanted = x->capacity ? 2 * x->capacity : 32;
    struct explain_step *const grown = realloc(x->steps, wanted * sizeof *grown);
    if (!grown)
        return no_memory(err);
    x->steps = grown;
    x->capacity = wanted;
    return ERR_OK;
}

static int64_t when(const struct entry *e)
{
    return e->at_ns != INSTANT_NONE ? e->at_ns : e->recorded_at_ns;
}

enum err_code explain_add(struct explanation *x, const struct entry *e, const char *stage, struct words *w,
                          struct words *details, const struct checks *checks, struct err *err)
{
    enum err_code rc = words_done(w, err);

    if (!rc && details)
        rc = words_done(details, err);
    if (!rc)
        rc = make_room(x, err);
    if (rc)
        return rc;
    struct explain_step s = {.seq = e ? e->seq : 0, .at_ns = e ? when(e) : INSTANT_NONE, .stage = stage};
    s.text = strdup(words_get(w));
    s.details = details && details->size ? strdup(words_get(details)) : NULL;
    s.checks = checks && checks->count ? malloc(sizeof *s.checks) : NULL;
    if (!s.text || (details && details->size && !s.details) || (checks && checks->count && !s.checks)) {
        free(s.text);
        free(s.details);
        free(s.checks);
        return no_memory(err);
    }
    if (checks && s.checks)
        *s.checks = *checks;
    x->steps[x->count++] = s;
    words_clear(w);
    if (details)
        words_clear(details);
    return ERR_OK;
}

enum err_code explain_set_title(struct explanation *x, struct words *w, struct err *err)
{
    const enum err_code rc = words_done(w, err);

    if (rc)
        return rc;
    free(x->title);
    x->title = strdup(words_get(w));
    words_clear(w);
    return x->title ? ERR_OK : no_memory(err);
}

/* -- an entry ------------------------------------------------------------------------------------------- */

/* The entry's one list of checks, whatever its kind calls it; NULL: it has none. */
static const struct checks *checks_of(const struct entry *e)
{
    const struct entry_kind_info *const info = entry_kind_find((unsigned)e->kind);

    for (size_t i = 0; i < info->field_count; i++) {
        if (info->fields[i].type == FIELD_CHECKS)
            return (const struct checks *)((const uint8_t *)&e->as + info->fields[i].offset);
    }
    return NULL;
}

static void say_candidates(struct words *w, const struct candidates *c)
{
    for (unsigned i = 0; i < c->count; i++) {
        const struct candidate *const row = &c->rows[i];
        words_add(w, "%2u. %s premium ", i + 1, row->symbol.text);
        words_price(w, row->premium_nano);
        words_add(w, ", margin ");
        words_money(w, row->margin_micro);
        words_add(w, ", premium per margin ");
        words_percent(w, row->score_nano);
        words_add(w, ", ");
        words_percent(w, row->otm_nano);
        words_add(w, " out of the money, ");
        words_count(w, row->days, "day", "days");
        words_add(w, "\n");
    }
}

/* A look at one contract, whose exit was blocked, has seen no chain. */
static void say_counts(struct words *w, const struct entry_decision_no_trade *d)
{
    if (d->seen == 0 && d->failed.count == 0)
        return;
    words_count(w, d->seen, "contract", "contracts");
    words_add(w, " looked at, %" PRId64 " met every criterion\n", d->passed);
    for (unsigned i = 0; i < d->failed.count; i++) {
        words_count(w, d->failed.rows[i].count, "contract", "contracts");
        words_add(w, " failed first: %s\n", d->failed.rows[i].name.text);
    }
}

enum err_code explain_add_entry(struct explanation *x, const struct entry *e, const char *extra,
                                struct err *err)
{
    struct words w;
    struct words details;

    words_init(&w);
    words_init(&details);
    words_entry(&w, e);
    if (extra && extra[0])
        words_add(&w, "; %s", extra);
    if (e->kind == ENTRY_DECISION_CANDIDATES)
        say_candidates(&details, &e->as.decision_candidates.rows);
    else if (e->kind == ENTRY_DECISION_NO_TRADE)
        say_counts(&details, &e->as.decision_no_trade);
    const enum err_code rc = explain_add(x, e, words_stage(e), &w, &details, checks_of(e), err);
    words_release(&w);
    words_release(&details);
    return rc;
}

enum err_code explain_add_seq(struct explanation *x, struct journal_reader *r, uint64_t seq,
                              const char *extra, struct err *err)
{
    struct entry e;
    const enum err_code rc = chain_read(r, seq, &e, err);

    return rc ? rc : explain_add_entry(x, &e, extra, err);
}

/* -- what was seen -------------------------------------------------------------------------------------- */

void explain_look(const struct book *b, const struct symbol *s, struct explain_seen *seen)
{
    const struct view_instrument *const i = view_find(b->view, s);
    const int64_t now_ns = b->view->clock.now_ns;
    struct symbol underlying;

    memset(seen, 0, sizeof *seen);
    symbol_underlying(s, &underlying);
    view_price(b->view, &underlying, &seen->price);
    if (!i || !i->quote.seq)
        return;
    seen->quote_seq = i->quote.seq;
    if (now_ns != INSTANT_NONE && now_ns > i->quote.at_ns)
        seen->quote_age_ns = now_ns - i->quote.at_ns;
}

static void say_age(struct words *w, int64_t age_ns)
{
    char text[DECIMAL_TEXT_SIZE];

    decimal_format_fixed(text, age_ns, 9, age_ns % NS_PER_SECOND ? 3 : 0);
    words_add(w, "%s s old", text);
}

enum err_code explain_add_quote(struct explanation *x, struct journal_reader *r,
                                const struct explain_seen *seen, struct err *err)
{
    struct words w;

    if (!seen->quote_seq)
        return ERR_OK;
    words_init(&w);
    words_add(&w, "the quote that was known, ");
    say_age(&w, seen->quote_age_ns);
    enum err_code rc = words_done(&w, err);
    if (!rc)
        rc = explain_add_seq(x, r, seen->quote_seq, words_get(&w), err);
    words_release(&w);
    return rc;
}

enum err_code explain_add_price(struct explanation *x, struct journal_reader *r,
                                const struct explain_seen *seen, struct err *err)
{
    static const char *const sources[] = {"nothing", "the last trade", "the last mark",
                                          "the middle of the quote"};
    struct words w;

    if (seen->price.source == VIEW_SOURCE_NONE || !seen->price.seq || seen->price.seq == seen->quote_seq)
        return ERR_OK;
    words_init(&w);
    words_add(&w, "the underlying's price was ");
    words_price(&w, seen->price.price_nano);
    words_add(&w, ", %s, ", sources[seen->price.source]);
    say_age(&w, seen->price.age_ns);
    enum err_code rc = words_done(&w, err);
    if (!rc)
        rc = explain_add_seq(x, r, seen->price.seq, words_get(&w), err);
    words_release(&w);
    return rc;
}

/* -- JSON ----------------------------------------------------------------------------------------------- */

static void json_amount(struct json_out *out, const char *key, enum unit unit, int64_t value)
{
    json_out_key(out, key);
    if (value == CHECK_VALUE_NONE)
        json_out_null(out);
    else if (unit == UNIT_FLAG)
        json_out_bool(out, value != 0);
    else if (entry_rows_decimals(unit) > 0)
        json_out_decimal(out, value, entry_rows_decimals(unit));
    else
        json_out_i64(out, value);
}

/* `numbers`: one for each check, or NULL. */
static void json_checks(struct json_out *out, const struct checks *checks,
                        const struct explain_number *numbers)
{
    json_out_key(out, "checks");
    json_out_array(out);
    for (unsigned i = 0; i < checks->count; i++) {
        const struct check *const c = &checks->rows[i];
        json_out_object(out);
        json_out_key(out, "name");
        json_out_string(out, c->name.text, c->name.length);
        json_amount(out, "value", c->unit, c->value);
        json_out_key(out, "rule");
        json_out_text(out, words_rule(c->rule));
        json_amount(out, "bound", c->unit, c->bound);
        json_out_key(out, "unit");
        json_out_text(out, entry_unit_names()[c->unit]);
        json_out_key(out, "ok");
        json_out_bool(out, c->ok);
        if (numbers) {
            sources_json(out, "value_from", "value_note", &numbers[i].from);
            sources_json(out, "bound_from", "bound_note", &numbers[i].bound_from);
        }
        json_out_object_end(out);
    }
    json_out_array_end(out);
}

static void json_numbers(struct json_out *out, const struct explain_step *s)
{
    const size_t first = s->checks ? s->checks->count : 0;

    json_out_key(out, "numbers");
    json_out_array(out);
    for (size_t i = first; i < s->number_count; i++) {
        json_out_object(out);
        json_out_key(out, "name");
        json_out_text(out, s->numbers[i].name);
        json_amount(out, "value", s->numbers[i].unit, s->numbers[i].value);
        sources_json(out, "from", "note", &s->numbers[i].from);
        json_out_object_end(out);
    }
    json_out_array_end(out);
}

static void json_details(struct json_out *out, const char *details)
{
    json_out_key(out, "details");
    json_out_array(out);
    while (*details) {
        const size_t length = strcspn(details, "\n");
        json_out_string(out, details, length);
        details += length + (details[length] == '\n');
    }
    json_out_array_end(out);
}

void explanation_json(const struct explanation *x, struct json_out *out)
{
    json_out_object(out);
    json_out_key(out, "about");
    json_out_text(out, x->title ? x->title : "");
    json_out_key(out, "steps");
    json_out_array(out);
    for (size_t i = 0; i < x->count; i++) {
        const struct explain_step *const s = &x->steps[i];
        json_out_object(out);
        json_out_key(out, "seq");
        if (s->seq)
            json_out_u64(out, s->seq);
        else
            json_out_null(out);
        json_out_key(out, "at");
        json_out_instant(out, s->at_ns);
        json_out_key(out, "stage");
        json_out_text(out, s->stage);
        json_out_key(out, "text");
        json_out_text(out, s->text);
        if (s->details)
            json_details(out, s->details);
        if (s->checks)
            json_checks(out, s->checks, s->numbers);
        if (s->number_count > (s->checks ? s->checks->count : 0))
            json_numbers(out, s);
        json_out_object_end(out);
    }
    json_out_array_end(out);
    json_out_object_end(out);
}
