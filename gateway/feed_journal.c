/*
 * The feed `journal`: the perceptions of another journal, in its order, re-recorded; and feed_context_of(), which
 * looks for the files that a journal has imported. A reader sees the journal as it was when the feed was opened.
 */
#include "gateway/feed_impl.h"

#include "ledger/journal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct journal_feed {
    struct feed base; /* first */
    struct journal *journal;
    struct journal_reader *reader;
    struct entry entry; /* read ahead; its texts borrow from the reader's map */
    bool has_entry;
    int64_t newest_at_ns; /* a stream does not go back in time, whatever the journal's order is */
};

/*
 * What the other journal's machine knew of its own clock is nothing that is perceived here, and what its broker stated
 * is about another account.
 */
static bool is_passed_on(enum entry_kind kind)
{
    return entry_family(kind) == FAMILY_PERCEPTION && kind != ENTRY_PERCEPTION_CLOCK_QUALITY &&
           (kind < ENTRY_PERCEPTION_STATED_POSITION || kind > ENTRY_PERCEPTION_STATEMENT);
}

/* What a what-if has put in or left out was perceived by nobody, and would be a perception like others here. */
static enum err_code check_lived(const struct journal *j, struct err *err)
{
    const char *const origin = journal_origin(j);

    return journal_is_hypothetical(origin)
               ? err_set(err, ERR_INPUT,
                         "feed journal: %s is hypothetical: it was computed by a what-if, not lived", origin)
               : ERR_OK;
}

/* Of the first session that has a close, or of all there is: the longest time between two of its clock entries. */
static enum err_code find_step(struct journal_feed *j, struct err *err)
{
    int64_t before_ns = INSTANT_NONE;
    civil_day session = CIVIL_DAY_NONE;

    for (;;) {
        struct journal_record record;
        bool found = false;
        enum err_code rc = journal_reader_next(j->reader, &record, &found, err);
        if (rc || !found)
            return rc;
        if (record.bytes[2] != FAMILY_PERCEPTION)
            continue;
        rc = entry_decode(record.bytes, record.size, &j->entry, err);
        if (rc)
            return rc;
        if (j->entry.kind != ENTRY_PERCEPTION_CLOCK)
            continue;
        const struct entry_perception_clock *const c = &j->entry.as.perception_clock;
        if (c->session == session && j->entry.at_ns - before_ns > j->base.step_ns)
            j->base.step_ns = j->entry.at_ns - before_ns;
        if (c->session == session && c->phase == PHASE_CLOSE)
            return ERR_OK;
        session = c->session;
        before_ns = j->entry.at_ns;
    }
}

/* Reads ahead to the next perception. */
static enum err_code advance(struct journal_feed *j, struct err *err)
{
    while (!j->has_entry) {
        struct journal_record record;
        bool found = false;
        enum err_code rc = journal_reader_next(j->reader, &record, &found, err);
        if (rc || !found)
            return rc;
        rc = entry_decode(record.bytes, record.size, &j->entry, err);
        if (rc)
            return rc;
        j->has_entry = is_passed_on(j->entry.kind);
    }
    return ERR_OK;
}

static enum err_code journal_peek(struct feed *f, struct feed_key *key, bool *found, struct err *err)
{
    struct journal_feed *const j = (struct journal_feed *)f;

    if (advance(j, err))
        return err_wrap(err, "feed journal");
    *found = j->has_entry;
    if (!j->has_entry)
        return ERR_OK;
    const struct entry *const e = &j->entry;
    *key = (struct feed_key){.at_ns = e->at_ns > j->newest_at_ns ? e->at_ns : j->newest_at_ns};
    if (e->kind == ENTRY_PERCEPTION_CLOCK) {
        key->phase = e->as.perception_clock.phase;
        key->session = e->as.perception_clock.session;
    }
    return ERR_OK;
}

static enum err_code journal_take(struct feed *f, struct entry *draft, struct err *err)
{
    struct journal_feed *const j = (struct journal_feed *)f;
    struct feed_counts *const counts = &f->counts;

    (void)err;
    *draft = j->entry;
    feed_draft(draft, j->entry.kind, j->entry.at_ns);
    j->has_entry = false;
    if (draft->at_ns > j->newest_at_ns)
        j->newest_at_ns = draft->at_ns;
    if (draft->kind == ENTRY_PERCEPTION_CLOCK) {
        counts->clocks++;
    } else if (draft->kind == ENTRY_PERCEPTION_DATA_QUALITY) {
        counts->beside[draft->as.perception_data_quality.finding]++; /* which it was is not recorded */
    } else {
        counts->rows++;
        counts->entries++;
    }
    return ERR_OK;
}

static void journal_close_feed(struct feed *f)
{
    struct journal_feed *const j = (struct journal_feed *)f;

    if (j->reader)
        journal_reader_end(j->reader);
    if (j->journal)
        journal_close(j->journal);
    free(j);
}

static const struct feed_ops JOURNAL_OPS = {journal_peek, journal_take, journal_close_feed};

enum err_code feed_journal_open(const struct feed_spec *spec, const struct feed_context *context,
                                struct feed **f, struct err *err)
{
    const struct journal_options options = {.dir = spec->dir, .read_only = true};
    struct journal_feed *const j = calloc(1, sizeof *j);

    (void)context; /* whether the journal was re-recorded before is not asked: it may have grown */
    if (!j)
        return err_set(err, ERR_MEMORY, "feed: out of memory");
    j->base.ops = &JOURNAL_OPS;
    j->base.actor = "feed:journal";
    j->newest_at_ns = INSTANT_NONE;
    enum err_code rc = journal_open(&options, &j->journal, err);
    if (!rc)
        rc = check_lived(j->journal, err);
    if (!rc)
        rc = journal_reader_begin(j->journal, &j->reader, err);
    if (!rc)
        rc = journal_reader_seek(j->reader, 1, err);
    if (!rc)
        rc = find_step(j, err);
    if (!rc)
        rc = journal_reader_seek(j->reader, 1, err);
    if (rc) {
        feed_close(&j->base);
        return rc;
    }
    snprintf(j->base.name, sizeof j->base.name, "journal %.200s", journal_origin(j->journal));
    j->base.total = (int64_t)journal_reader_size(j->reader);
    *f = &j->base;
    return ERR_OK;
}

/* -- files that a journal has --------------------------------------------------------------------------- */

static enum err_code find_source(struct journal_reader *r, const struct digest32 *sha256, uint64_t after,
                                 struct entry *e, struct feed_seen *seen, bool *found, struct err *err)
{
    for (uint64_t from = after + 1;;) {
        struct journal_record record;
        bool more = false;
        enum err_code rc = journal_reader_control(r, from, &record, &more, err);
        if (rc || !more)
            return rc;
        rc = entry_decode(record.bytes, record.size, e, err);
        if (rc)
            return rc;
        from = record.seq + 1;
        const struct entry_control_source *const s = &e->as.control_source;
        if (e->kind != ENTRY_CONTROL_SOURCE ||
            memcmp(s->sha256.bytes, sha256->bytes, sizeof sha256->bytes) != 0)
            continue;
        seen->seq = record.seq;
        snprintf(seen->path, sizeof seen->path, "%.*s", (int)s->path.length, s->path.bytes);
        *found = true;
        return ERR_OK;
    }
}

static enum err_code seen_in_journal(void *arg, const struct digest32 *sha256, uint64_t after,
                                     struct feed_seen *seen, bool *found, struct err *err)
{
    struct journal_reader *r = NULL;
    struct entry *const e = malloc(sizeof *e);

    *found = false;
    if (!e)
        return err_set(err, ERR_MEMORY, "feed: out of memory");
    enum err_code rc = journal_reader_begin(arg, &r, err);
    if (!rc) {
        rc = find_source(r, sha256, after, e, seen, found, err);
        journal_reader_end(r);
    }
    free(e);
    return rc;
}

struct feed_context feed_context_of(struct journal *j, uint64_t before)
{
    return (struct feed_context){.seen = seen_in_journal, .arg = j, .before = before};
}
