/* The journal itself: everything that ledger verify checks, how far it is good, its clock, its growth. */
#include "audit/diagnose.h"

#include "audit/salvage.h"
#include "ledger/journal.h"
#include "ledger/utf8.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>

#define DAY_NS           (INT64_C(86400) * NS_PER_SECOND)
#define LIFE_MIN_NS      (INT64_C(3600) * NS_PER_SECOND) /* of a journal whose growth means something */
#define DAYS_LEFT_BAD    2
#define DAYS_LEFT_REMARK 30

/* -- verification ------------------------------------------------------------------------------------------ */

/* A row of meta, of at most `capacity` bytes. False: it has none, or it cannot be read. */
static bool read_meta(const char *dir, const char *name, void *bytes, size_t capacity, size_t *size)
{
    struct evidence *evidence = NULL;
    struct evidence_cursor *cursor = NULL;
    struct evidence_item item;
    bool found = false;

    enum err_code rc = evidence_open_journal(dir, &evidence, NULL);
    if (!rc)
        rc = evidence_cursor_open(evidence, EVIDENCE_META, &cursor, NULL);
    if (!rc)
        rc = evidence_seek(cursor, name, strlen(name), &item, &found, NULL);
    found = !rc && found && item.key_size == strlen(name) && memcmp(item.key, name, item.key_size) == 0;
    if (found) {
        *size = item.size < capacity ? item.size : capacity;
        memcpy(bytes, item.bytes, *size);
    }
    evidence_cursor_close(cursor);
    evidence_close(evidence);
    return found;
}

static bool has_layout(const char *dir)
{
    uint8_t layout[5];
    size_t size = 0;

    return read_meta(dir, "layout", layout, sizeof layout, &size) && size == 4;
}

static void tell_verdict(struct diagnosis *d, const struct verify_report *v, enum err_code rc,
                         const struct err *why)
{

    if (!rc) {
        d->facts.is_good = true;
        d->facts.entries = v->entries;
        d->facts.good = v->entries;
        d->facts.good_at_ns = v->last_recorded_at_ns;
        d->facts.first_at_ns = v->first_recorded_at_ns;
        diagnose_add(d, DIAGNOSE_GOOD, NULL, "%s, verifier key %s", v->origin, v->vkey);
        diagnose_add(d, DIAGNOSE_GOOD, NULL,
                     "all %" PRIu64
                     " entries are as they were sealed, and the newest seal covers all of them",
                     v->entries);
        return;
    }
    d->facts.entries = v->total;
    if (rc == ERR_WRONG) {
        diagnose_advise(
            diagnose_add(d, DIAGNOSE_BAD, v->wrong.where, "%s", v->wrong.what),
            "tell whoever answers for the records; restore a backup, and compare: ledger -C BACKUP verify");
        return;
    }
    /* The pages are sound; so it is no journal's file, or says what this program does not know. */
    const bool is_bad = rc == ERR_FORMAT && !has_layout(d->options.dir);
    diagnose_advise(diagnose_add(d, is_bad ? DIAGNOSE_BAD : DIAGNOSE_UNSEEN, NULL, "%s", why->text),
                    is_bad ? "put the journal's own file there, from a backup"
                           : "use the program that wrote it; see that this user may read it");
}

void diagnose_journal(struct diagnosis *d)
{
    struct verify_report *const report = calloc(1, sizeof *report);
    const struct verify_options options = {.dir = d->options.dir,
                                           .vkey = d->options.vkey,
                                           .progress = d->options.progress,
                                           .progress_arg = d->options.progress_arg};
    struct err why = {.code = ERR_OK};

    if (!report) {
        diagnose_add(d, DIAGNOSE_UNSEEN, NULL, "out of memory");
        return;
    }
    const enum err_code rc = verify_journal(&options, report, &why);
    tell_verdict(d, report, rc, &why);
    free(report);
}

/* -- whether it takes entries ------------------------------------------------------------------------------- */

void diagnose_halted(struct diagnosis *d)
{
    char text[512];
    size_t size = 0;

    if (!read_meta(d->options.dir, "halted", text, sizeof text - 1, &size)) {
        diagnose_add(d, DIAGNOSE_GOOD, NULL, "nothing that was read back was other than what was written");
        return;
    }
    text[size] = '\0';
    diagnose_advise(
        diagnose_add(d, DIAGNOSE_BAD, NULL, "it takes no entries: halted at %s",
                     utf8_is_valid_text(text, size) ? text : "a time that cannot be read any more"),
        "have this machine's memory and disk checked; if the journal verifies, two persons sign: ledger "
        "help recover; if it does not, restore a backup");
}

/* -- how far it is good ------------------------------------------------------------------------------------ */

static void tell_good(struct diagnosis *d, uint64_t good, int64_t at_ns, enum diagnose_grade grade,
                      const char *more)
{
    char date[INSTANT_TEXT_SIZE];
    char where[64];

    instant_format(date, at_ns);
    snprintf(where, sizeof where, "seal %" PRIu64, good);
    struct diagnose_finding *const f = diagnose_add(
        d, grade, where, "entries 1..%" PRIu64 " are good, to %s: the seal of that size confirms them%s",
        good, date, more);
    diagnose_advise(f, "restore a backup that has more, or save these: ledger -C %s doctor --salvage FILE",
                    d->options.dir);
    if (f)
        f->entries = good;
}

static void tell_survey(struct diagnosis *d, const struct survey *s)
{
    char more[256] = "";
    size_t used = 0;

    d->facts.good = s->good;
    d->facts.good_at_ns = s->good_at_ns;
    if (s->newest_seal > s->good)
        used += (size_t)snprintf(more, sizeof more, "; there were %" PRIu64, s->newest_seal);
    if (s->readable > s->good && used < sizeof more)
        used += (size_t)snprintf(more + used, sizeof more - used,
                                 "; entries %" PRIu64 "..%" PRIu64 " can be read, but no seal confirms them",
                                 s->good + 1, s->readable);
    if (s->stopped[0] && used < sizeof more)
        snprintf(more + used, sizeof more - used, "; there %s", s->stopped);
    if (s->good > 0)
        tell_good(d, s->good, s->good_at_ns,
                  s->newest_seal > s->good || s->readable > s->good ? DIAGNOSE_BAD : DIAGNOSE_REMARK, more);
    else
        diagnose_advise(diagnose_add(d, DIAGNOSE_BAD, NULL,
                                     "no seal confirms any of the %" PRIu64 " entries that can be read%s",
                                     s->readable, more),
                        "restore a backup");
}

void diagnose_good(struct diagnosis *d)
{
    struct err why = {.code = ERR_OK};
    struct evidence *evidence = NULL;
    struct salvage *salvage = NULL;

    if (d->facts.is_good) {
        tell_good(d, d->facts.good, d->facts.good_at_ns, DIAGNOSE_GOOD, "");
        return;
    }
    enum err_code rc = salvage_evidence(d->options.dir, NULL, NULL, &evidence, &why);
    if (!rc)
        rc = salvage_survey(evidence, d->options.vkey, d->options.progress, d->options.progress_arg, &salvage,
                            &why);
    if (rc)
        diagnose_advise(diagnose_add(d, rc == ERR_FORMAT ? DIAGNOSE_BAD : DIAGNOSE_UNSEEN, NULL,
                                     "nothing can be saved from it: %s", why.text),
                        "restore a backup");
    else
        tell_survey(d, salvage_found(salvage));
    salvage_free(salvage);
    evidence_close(evidence);
}

/* -- clock and growth -------------------------------------------------------------------------------------- */

void diagnose_clock(struct diagnosis *d)
{
    char date[INSTANT_TEXT_SIZE];
    char now[INSTANT_TEXT_SIZE];

    instant_format(date, d->facts.good_at_ns);
    instant_format(now, d->options.now_ns);
    if (d->options.now_ns + JOURNAL_CLOCK_SLACK_NS < d->facts.good_at_ns)
        diagnose_advise(
            diagnose_add(d, DIAGNOSE_BAD, NULL,
                         "this machine's clock (%s) is before the newest entry (%s): appends will be refused",
                         now, date),
            "set the clock; wait until it has passed the newest entry");
    else
        diagnose_add(d, DIAGNOSE_GOOD, NULL, "the newest entry, of %s, is not in the future", date);
}

/* When entry `seq` was recorded. */
static enum err_code recorded_at(struct journal_reader *r, uint64_t seq, int64_t *at_ns, struct err *err)
{
    struct journal_record record;
    struct entry e;

    enum err_code rc = journal_reader_get(r, seq, &record, err);
    if (!rc)
        rc = entry_decode_header(record.bytes, record.size, &e, err);
    if (!rc)
        *at_ns = e.recorded_at_ns;
    return rc;
}

/* How many entries were recorded since then: by halving, because their times ascend. */
static enum err_code count_since(struct journal_reader *r, int64_t since_ns, uint64_t *count, struct err *err)
{
    uint64_t low = 1;
    uint64_t high = journal_reader_size(r);

    while (low < high) {
        const uint64_t middle = low + (high - low) / 2;
        int64_t at_ns = 0;
        const enum err_code rc = recorded_at(r, middle, &at_ns, err);
        if (rc)
            return rc;
        if (at_ns < since_ns)
            low = middle + 1;
        else
            high = middle;
    }
    *count = journal_reader_size(r) - low + 1;
    return ERR_OK;
}

static void tell_growth(struct diagnosis *d, uint64_t bytes_a_day)
{
    struct statvfs fs;

    if (bytes_a_day == 0 || statvfs(d->options.dir, &fs) != 0)
        return;
    const uint64_t days = (uint64_t)fs.f_bavail * fs.f_frsize / bytes_a_day;
    diagnose_advise(
        diagnose_add(d,
                     days < DAYS_LEFT_BAD      ? DIAGNOSE_BAD
                     : days < DAYS_LEFT_REMARK ? DIAGNOSE_REMARK
                                               : DIAGNOSE_GOOD,
                     NULL, "it grew by %" PRIu64 " KiB in the last day: the disk lasts for %" PRIu64 " days",
                     bytes_a_day >> 10, days),
        "free space, or move the journal to a larger disk");
}

/* The last day that something was recorded in is the measure. */
void diagnose_growth(struct diagnosis *d)
{
    const struct journal_options options = {.dir = d->options.dir, .read_only = true};
    const int64_t life_ns = d->facts.good_at_ns - d->facts.first_at_ns;
    struct err why = {.code = ERR_OK};
    struct journal_reader *r = NULL;
    struct journal *j = NULL;
    uint64_t count = 0;

    if (life_ns < LIFE_MIN_NS) {
        diagnose_add(d, DIAGNOSE_GOOD, NULL, "too young to tell how fast it grows");
        return;
    }
    enum err_code rc = journal_open(&options, &j, &why);
    if (!rc)
        rc = journal_reader_begin(j, &r, &why);
    if (!rc)
        rc = count_since(r, d->facts.good_at_ns - DAY_NS, &count, &why);
    if (rc)
        diagnose_add(d, DIAGNOSE_UNSEEN, NULL, "%s", why.text);
    else
        tell_growth(d, (d->facts.file_bytes / journal_reader_size(r) + 1) * count);
    journal_reader_end(r);
    journal_close(j);
}
