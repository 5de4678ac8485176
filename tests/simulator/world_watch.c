/* Those who watch: the model, the redecider, and the auditor. */
#include "simulator/world_state.h"

#include "audit/verify.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

void world_says(struct world *w, const char *format, ...)
{
    struct world_report *const r = w->report;
    va_list args;

    if (r->is_wrong)
        return;
    r->is_wrong = true;
    const int n = snprintf(r->wrong, sizeof r->wrong, "moment %" PRIu64 ", ", r->moments);
    va_start(args, format);
    vsnprintf(r->wrong + n, sizeof r->wrong - (size_t)n, format, args);
    va_end(args);
}

static enum err_code look(struct world *w, struct journal_reader *r, struct err *err)
{
    struct journal_record record;
    struct entry e;
    bool found = true;
    enum err_code rc;

    if (journal_reader_size(r) < w->model.seq) {
        world_says(w, "entries %" PRIu64 " to %" PRIu64 " are gone", journal_reader_size(r) + 1,
                   w->model.seq);
        return ERR_OK;
    }
    rc = journal_reader_seek(r, w->model.seq + 1, err);
    while (!rc) {
        rc = journal_reader_next(r, &record, &found, err);
        if (rc || !found)
            break;
        rc = entry_decode(record.bytes, record.size, &e, err);
        if (!rc)
            model_apply(&w->model, &e);
    }
    return rc;
}

static void decide_again(struct world *w, struct journal_reader *r)
{
    struct err err = {.code = ERR_OK};
    const struct redecide_report *const report = redecider_report(w->again);

    if (redecider_run(w->again, r, 0, NULL, NULL, &err))
        world_says(w, "it cannot be decided again: %s", err.text);
    else if (report->differs_seq != 0)
        world_says(w, "entry %" PRIu64 " is decided otherwise: %s", report->differs_seq, report->reason);
}

/* The redecider has folded every entry from the first; the process may have begun with a snapshot. */
static void compare_states(struct world *w)
{
    const struct book *const folded = redecider_book(w->again);

    if (book_seq(folded) != book_seq(&w->desk->book))
        return;
    const struct hash here = book_digest(&w->desk->book);
    const struct hash there = book_digest(folded);
    if (memcmp(here.bytes, there.bytes, sizeof here.bytes) != 0)
        world_says(w, "the state after entry %" PRIu64 " is not the one folded from the first entry",
                   book_seq(folded));
}

void world_watch(struct world *w, bool is_deep)
{
    struct journal_reader *r = NULL;
    struct err err = {.code = ERR_OK};
    enum err_code rc = journal_reader_begin(w->journal, &r, &err);

    if (!rc)
        rc = look(w, r, &err);
    if (!rc && !w->report->is_wrong)
        decide_again(w, r);
    journal_reader_end(r);
    if (rc)
        world_says(w, "the journal cannot be read: %s", err.text);
    if (book_seq(&w->desk->book) == w->model.seq)
        model_compare(&w->model, &w->desk->book);
    if (is_deep && !w->report->is_wrong)
        compare_states(w);
    if (w->model.wrong[0])
        world_says(w, "%s", w->model.wrong);
    if (w->exchange.wrong[0])
        world_says(w, "%s", w->exchange.wrong);
}

void world_verify(struct world *w)
{
    const struct verify_options options = {.dir = w->dir, .threads = 1};
    struct verify_report *const report = calloc(1, sizeof *report);
    struct err err = {.code = ERR_OK};

    REQUIRE(report);
    if (verify_journal(&options, report, &err))
        world_says(w, "it does not verify: %s", err.text);
    else if (report->entries < w->model.seq)
        world_says(w, "%" PRIu64 " entries verify, and there were %" PRIu64, report->entries, w->model.seq);
    free(report);
}
