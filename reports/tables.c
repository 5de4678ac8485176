#include "reports/tables_fold.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static const struct table_rows *const tables[TABLES_COUNT] = {
    [TABLES_COVER] = &tables_cover,
    [TABLES_BLOTTER] = &tables_blotter,
    [TABLES_POSTINGS] = &tables_postings,
    [TABLES_ORDERS] = &tables_orders,
    [TABLES_DECISIONS] = &tables_decisions,
    [TABLES_CANDIDATES] = &tables_candidates,
    [TABLES_VERDICTS] = &tables_verdicts,
    [TABLES_STOPS] = &tables_stops,
    [TABLES_BREAKS] = &tables_breaks,
    [TABLES_CONFIGURATION] = &tables_configuration,
    [TABLES_SETTINGS] = &tables_settings,
    [TABLES_POSITIONS] = &tables_positions,
    [TABLES_PNL] = &tables_pnl,
    [TABLES_ACCOUNTS] = &tables_accounts,
    [TABLES_QUALITY] = &tables_quality,
    [TABLES_SOURCES] = &tables_sources,
};

const struct sheet *tables_sheet(size_t index)
{
    REQUIRE(index < TABLES_COUNT);
    return &tables[index]->sheet;
}

enum err_code tables_find(const char *name, size_t *index, struct err *err)
{
    char names[TABLES_COUNT * 20];
    size_t used = 0;

    for (size_t i = 0; i < TABLES_COUNT; i++) {
        if (strcmp(tables[i]->sheet.name, name) == 0) {
            *index = i;
            return ERR_OK;
        }
        used +=
            (size_t)snprintf(names + used, sizeof names - used, "%s%s", i ? ", " : "", tables[i]->sheet.name);
    }
    return err_set(err, ERR_NOT_FOUND, "\"%s\" is no report; there are %s", name, names);
}

/* -- what the sheets share ------------------------------------------------------------------------------ */

struct row *fold_row(struct fold *f, enum tables_sheet sheet)
{
    row_begin(&f->row, &tables[sheet]->sheet, sheet);
    return &f->row;
}

enum err_code fold_send(struct fold *f, struct err *err)
{
    f->result.rows[f->row.index]++;
    if (!(f->options->wanted & 1U << f->row.index))
        return ERR_OK;
    return row_send(&f->row, f->sink, err);
}

void fold_place(struct row *row, const struct entry *e)
{
    row_seq(row, e->seq);
    row_number(row, CELL_INSTANT, e->recorded_at_ns);
    row_number(row, CELL_INSTANT, e->at_ns);
}

const char *fold_kind(const struct entry *e)
{
    return entry_kind_find((unsigned)e->kind)->text;
}

const char *fold_actor(const struct fold *f, const struct entry *e)
{
    return actors_name(f->book.actors, e->actor);
}

struct risk_context fold_risk(const struct fold *f)
{
    return (struct risk_context){.view = f->book.view,
                                 .accounts = f->book.accounts,
                                 .orders = f->book.orders,
                                 .state = f->book.risk,
                                 .settings = &f->book.configuration->configuration.risk,
                                 .reconcile = f->book.reconcile};
}

/* -- the fold ------------------------------------------------------------------------------------------- */

/* The cover counts the rows of all others, so it needs them all made. */
static bool is_made(const struct fold *f, size_t sheet)
{
    return f->options->wanted & (1U << sheet | 1U << TABLES_COVER);
}

static enum err_code tell(struct fold *f, const struct entry *e, struct err *err)
{
    const bool is_of_day = day_of(f->book.day, e) == f->scope->day && e->seq <= f->scope->last_seq;
    enum err_code rc = ERR_OK;

    for (size_t i = 0; !rc && i < TABLES_COUNT; i++) {
        const struct table_rows *const t = tables[i];
        if (!is_made(f, i))
            continue;
        if (t->of_any)
            rc = t->of_any(f, e, err);
        if (!rc && is_of_day && t->of_day)
            rc = t->of_day(f, e, err);
        if (rc)
            return err_wrap(err, "%s, entry %" PRIu64, t->sheet.name, e->seq);
    }
    return rc;
}

static enum err_code fold_all(struct fold *f, struct err *err)
{
    const uint64_t size = f->scope->state_seq;
    struct journal_record record;
    struct entry e;
    bool found = true;
    enum err_code rc = journal_reader_seek(f->reader, 1, err);

    for (uint64_t seq = 1; !rc && seq <= size; seq++) {
        rc = journal_reader_next(f->reader, &record, &found, err);
        if (rc || !found)
            break;
        rc = entry_decode(record.bytes, record.size, &e, err);
        if (rc)
            return err_wrap(err, "entry %" PRIu64, seq);
        if (e.kind == ENTRY_CONTROL_CONFIGURATION) {
            f->configuration = f->book.configuration->configuration;
            f->was_configured = f->book.configuration->seq != 0;
        }
        rc = book_apply(&f->book, &e, err);
        if (!rc)
            rc = tell(f, &e, err);
        if (f->options->progress && (seq & 0xfff) == 0)
            f->options->progress(f->options->context, seq, size);
    }
    return rc;
}

static enum err_code end_all(struct fold *f, struct err *err)
{
    enum err_code rc = ERR_OK;

    f->result.state_digest = book_digest(&f->book);
    for (size_t i = TABLES_COUNT; !rc && i-- > 0;) { /* backwards: the cover is first, and comes last */
        if (!is_made(f, i) || !tables[i]->at_end)
            continue;
        rc = tables[i]->at_end(f, err);
        if (rc)
            return err_wrap(err, "%s", tables[i]->sheet.name);
    }
    return rc;
}

enum err_code tables_write(struct journal_reader *r, const struct day_scope *scope,
                           const struct tables_options *options, const struct sheet_sink *sink,
                           struct tables_result *result, struct err *err)
{
    struct fold *const f = calloc(1, sizeof *f);

    if (!f)
        return err_set(err, ERR_MEMORY, "out of memory for a report");
    f->reader = r;
    f->scope = scope;
    f->options = options;
    f->sink = sink;
    words_init(&f->words);
    trail_init(&f->trail);
    table_init(&f->worth, sizeof(struct session_worth), sizeof(civil_day));
    enum err_code rc = book_init(&f->book, err);
    if (!rc)
        rc = fold_all(f, err);
    if (!rc)
        rc = end_all(f, err);
    if (!rc && result)
        *result = f->result;
    book_release(&f->book);
    table_release(&f->worth);
    trail_release(&f->trail);
    words_release(&f->words);
    free(f);
    return rc;
}
