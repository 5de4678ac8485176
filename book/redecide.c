#include "book/redecide.h"

#include "book/engine.h"
#include "book/snapshot.h"

#include <stdio.h>
#include <stdlib.h>

/* A difference ends the walk; it is told apart from a failure by the report. */
struct walk {
    struct book book;
    struct journal_reader *reader;
    struct redecide_report *report;
    uint64_t last;
    bool is_cut;          /* the journal goes on behind `last`, in the middle of an answer */
    struct entry entry;   /* the newest one read */
    struct entry trigger; /* the clock entry that awaits its answer: bodies of triggers hold no text */
    bool is_pending;
    const struct entry *answering;
    uint8_t proposed[ENTRY_MAX_SIZE];
};

static enum err_code differs(struct walk *w, uint64_t seq, const char *reason, struct err *err)
{
    w->report->differs_seq = seq;
    snprintf(w->report->reason, sizeof w->report->reason, "%s", reason);
    return err_set(err, ERR_WRONG, "entry %llu: %s", (unsigned long long)seq, reason);
}

static void keep_proposed(struct walk *w, size_t size)
{
    struct redecide_report *const report = w->report;

    memcpy(report->proposed_bytes, w->proposed, size);
    report->has_proposed = entry_decode(report->proposed_bytes, size, &report->proposed, NULL) == ERR_OK;
}

/* The sink: stamps the proposal as the live loop did, and holds it against the record of that seq. */
static enum err_code compare(void *context, struct entry *draft, struct err *err)
{
    struct walk *const w = context;
    struct journal_record record;
    struct wire_out out;
    const uint64_t seq = book_seq(&w->book) + 1;
    const bool is_there = seq <= w->last;

    w->is_cut = !is_there && seq <= journal_reader_size(w->reader);
    if (w->is_cut)
        return err_set(err, ERR_NOT_FOUND, "entry %llu is not looked at", (unsigned long long)seq);
    enum err_code rc = engine_stamp(&w->book, w->answering, draft, err);

    if (!rc && is_there)
        rc = journal_reader_get(w->reader, seq, &record, err);
    if (!rc && is_there)
        rc = entry_decode(record.bytes, record.size, &w->entry, err);
    if (rc)
        return rc;
    draft->seq = seq;
    draft->recorded_at_ns = is_there ? w->entry.recorded_at_ns : w->answering->recorded_at_ns;
    wire_out_init(&out, w->proposed, sizeof w->proposed);
    rc = entry_encode(draft, &out, err);
    if (rc)
        return err_wrap(err, "entry %llu as it would be decided now", (unsigned long long)seq);
    const size_t size = wire_out_size(&out);
    if (is_there && size == record.size && memcmp(w->proposed, record.bytes, size) == 0) {
        w->report->compared++;
        return book_apply(&w->book, &w->entry, err);
    }
    keep_proposed(w, size);
    if (!is_there)
        return differs(w, seq, "an entry that would be decided now is not in the journal", err);
    w->report->recorded = w->entry;
    w->report->has_recorded = true;
    if (!run_is_derived(w->book.run, &w->entry))
        return differs(w, seq, "an entry that would be decided now was not recorded here", err);
    return differs(w, seq, "the recorded entry is not the one that would be decided now", err);
}

static uint64_t next_seq(void *context)
{
    const struct walk *const w = context;

    return book_seq(&w->book) + 1;
}

static enum err_code answer(struct walk *w, const struct entry *trigger, struct err *err)
{
    const struct proposals sink = {compare, next_seq, w};
    struct entry copy = *trigger;

    w->report->triggers++;
    w->answering = &copy;
    return engine_answer(&w->book, &copy, &sink, err);
}

/* One stored entry that no answer has consumed. */
static enum err_code step(struct walk *w, struct err *err)
{
    enum err_code rc = ERR_OK;

    if (run_is_derived(w->book.run, &w->entry)) {
        if (!w->is_pending || w->book.run->pending_seq != w->trigger.seq) {
            w->report->recorded = w->entry;
            w->report->has_recorded = true;
            return differs(w, w->entry.seq, "a derived entry that nothing called for", err);
        }
        w->is_pending = false;
        return answer(w, &w->trigger, err); /* reads this entry again, and the others of its group */
    }
    rc = book_apply(&w->book, &w->entry, err);
    if (rc)
        return rc;
    if (w->entry.kind == ENTRY_CONTROL_STOP)
        return answer(w, &w->entry, err);
    if (w->book.run->pending_seq == w->entry.seq) {
        w->report->behind += w->is_pending; /* overtaken: the loop answers the newest */
        w->trigger = w->entry;
        w->is_pending = true;
    }
    return rc;
}

static enum err_code walk(struct walk *w, book_progress *progress, void *context, struct err *err)
{
    struct journal_record record;
    bool found = true;
    bool seek = true;
    enum err_code rc = ERR_OK;

    while (!rc && book_seq(&w->book) < w->last) {
        const uint64_t before = book_seq(&w->book);
        if (seek)
            rc = journal_reader_seek(w->reader, before + 1, err);
        if (!rc)
            rc = journal_reader_next(w->reader, &record, &found, err);
        if (rc || !found)
            break;
        rc = entry_decode(record.bytes, record.size, &w->entry, err);
        if (!rc)
            rc = step(w, err);
        seek = book_seq(&w->book) != before + 1 || run_is_derived(w->book.run, &w->entry);
        if (progress && (before & 0xfff) == 0)
            progress(context, before, w->last);
    }
    return rc;
}

/* With a snapshot, if one fits: a clock entry before it may await its answer still. */
static enum err_code begin(struct walk *w, uint64_t since, struct err *err)
{
    struct journal_record record;

    enum err_code rc = since > 1 ? snapshot_begin(&w->book, w->reader, since - 1, INT64_MAX, err) : ERR_OK;
    w->report->begun_at = book_seq(&w->book);
    const uint64_t pending = w->book.run->pending_seq;
    if (rc || pending == 0)
        return rc;
    rc = journal_reader_get(w->reader, pending, &record, err);
    if (!rc)
        rc = entry_decode(record.bytes, record.size, &w->trigger, err);
    w->is_pending = rc == ERR_OK;
    return rc;
}

enum err_code redecide(struct journal_reader *r, uint64_t since, uint64_t to, struct redecide_report *report,
                       book_progress *progress, void *context, struct err *err)
{
    const uint64_t size = journal_reader_size(r);

    if (to > size || since > size)
        return err_set(err, ERR_NOT_FOUND, "there is no entry %llu; the newest is %llu",
                       (unsigned long long)(to > size ? to : since), (unsigned long long)size);
    if (to && since > to)
        since = to;
    struct walk *const w = calloc(1, sizeof *w);
    if (!w)
        return err_set(err, ERR_MEMORY, "out of memory");
    enum err_code rc = book_init(&w->book, err);

    memset(report, 0, sizeof *report);
    w->reader = r;
    w->report = report;
    w->last = to ? to : size;
    if (!rc)
        rc = begin(w, since, err);
    if (!rc)
        rc = walk(w, progress, context, err);
    report->entries = book_seq(&w->book);
    const bool is_told = report->differs_seq || w->is_cut;
    book_release(&w->book);
    free(w);
    return is_told ? ERR_OK : rc;
}
