#include "reports/day_scope.h"

#include "ledger/table.h"

#include <inttypes.h>
#include <stdio.h>

enum { NAMED_DAYS = 12 }; /* in the message about a day that is not there */

struct found_day {
    civil_day day; /* the key */
    uint64_t first_seq;
    uint64_t last_seq;
    uint64_t entries;
    bool has_clock;
    bool has_closed; /* its clock said close ... */
    bool has_ended;  /* ... and its run ended after that */
    bool is_over;    /* what comes now is late */
    uint64_t late;   /* since then */
};

struct scan {
    struct table days;
    uint32_t newest; /* row of the newest entry's day: most entries are of the same day as the one before */
    struct day_state state;
};

/* Only clock entries are decoded whole: the rest is told by headers. */
static enum err_code read_entry(const struct journal_record *record, struct entry *e, struct err *err)
{
    enum err_code rc = entry_decode_header(record->bytes, record->size, e, err);

    if (!rc && e->kind == ENTRY_PERCEPTION_CLOCK)
        rc = entry_decode(record->bytes, record->size, e, err);
    return rc ? err_wrap(err, "entry %" PRIu64, record->seq) : ERR_OK;
}

/* The row of a day, made when there is none. */
static enum err_code put_day(struct scan *s, civil_day day, struct found_day **row, struct err *err)
{
    void *found = NULL;

    if (s->days.count) {
        *row = table_at(&s->days, s->newest);
        if ((*row)->day == day)
            return ERR_OK;
    }
    const enum err_code rc = table_put(&s->days, &day, &found, err);
    if (rc)
        return rc;
    *row = found;
    s->newest = (uint32_t)(((const uint8_t *)found - s->days.rows) / (ptrdiff_t)s->days.row_size);
    return ERR_OK;
}

/* A new session: those before it are over. */
static void begin_session(struct scan *s, civil_day session)
{
    for (uint32_t i = 0; i < s->days.count; i++) {
        struct found_day *const d = table_at(&s->days, i);
        if (d->has_clock && d->day < session)
            d->is_over = true;
    }
}

/* A session that the clock names again goes on, and what was late in between is its own after all. */
static void go_on(struct found_day *row)
{
    row->entries += row->late;
    row->late = 0;
    row->has_closed = false;
    row->has_ended = false;
    row->is_over = false;
}

static void note_session(struct found_day *row, const struct entry *e)
{
    if (e->kind == ENTRY_PERCEPTION_CLOCK) {
        if (row->is_over)
            go_on(row);
        row->has_clock = true;
        row->has_closed |= e->as.perception_clock.phase == PHASE_CLOSE;
    } else if (e->kind == ENTRY_CONTROL_RUN_END) {
        row->has_ended = row->has_closed;
    } else if (e->kind == ENTRY_CONTROL_RUN || e->kind == ENTRY_CONTROL_SOURCE) {
        row->is_over |= row->has_ended;
    }
}

static enum err_code count_entry(struct scan *s, const struct entry *e, struct err *err)
{
    const civil_day before = s->state.session;
    struct found_day *row = NULL;
    enum err_code rc = day_apply(&s->state, e, err);

    if (!rc && s->state.session != before)
        begin_session(s, s->state.session);
    if (!rc)
        rc = put_day(s, day_of(&s->state, e), &row, err);
    if (rc)
        return rc;
    note_session(row, e);
    if (row->is_over) {
        row->late++;
        return ERR_OK;
    }
    if (!row->entries++)
        row->first_seq = e->seq;
    row->last_seq = e->seq;
    return ERR_OK;
}

static enum err_code scan_days(struct scan *s, struct journal_reader *r, uint64_t size, struct err *err)
{
    struct journal_record record;
    struct entry e;
    bool found = true;
    enum err_code rc = journal_reader_seek(r, 1, err);

    for (uint64_t seq = 1; !rc && seq <= size; seq++) {
        rc = journal_reader_next(r, &record, &found, err);
        if (rc || !found)
            break;
        rc = read_entry(&record, &e, err);
        if (!rc)
            rc = count_entry(s, &e, err);
    }
    return rc;
}

static const struct found_day *newest_day(const struct scan *s)
{
    const struct found_day *newest = NULL;

    for (uint32_t i = 0; i < s->days.count; i++) {
        const struct found_day *const d = table_at(&s->days, i);
        if (d->day == s->state.session)
            return d;
        if (!newest || d->day > newest->day)
            newest = d;
    }
    return newest;
}

/* The next later day there is; CIVIL_DAY_NONE past the last. */
static civil_day day_after(const struct scan *s, civil_day before)
{
    civil_day next = CIVIL_DAY_NONE;

    for (uint32_t i = 0; i < s->days.count; i++) {
        const struct found_day *const d = table_at(&s->days, i);
        if ((before == CIVIL_DAY_NONE || d->day > before) && (next == CIVIL_DAY_NONE || d->day < next))
            next = d->day;
    }
    return next;
}

/* How many days to leave out, so that those that are named lie around the one that was asked for. */
static uint32_t days_to_skip(const struct scan *s, civil_day day)
{
    uint32_t before = 0;

    if (s->days.count <= NAMED_DAYS)
        return 0;
    for (uint32_t i = 0; i < s->days.count; i++)
        before += ((const struct found_day *)table_at(&s->days, i))->day < day;
    const uint32_t skipped = before > NAMED_DAYS / 2 ? before - NAMED_DAYS / 2 : 0;
    const uint32_t most = s->days.count - NAMED_DAYS;
    return skipped < most ? skipped : most;
}

static enum err_code no_such_day(const struct scan *s, civil_day day, struct err *err)
{
    char wanted[INSTANT_TEXT_SIZE];
    char text[INSTANT_TEXT_SIZE];
    char days[NAMED_DAYS * 12 + 64];
    size_t used = 0;
    uint32_t named = 0;
    civil_day d = CIVIL_DAY_NONE;

    civil_format(wanted, day);
    const uint32_t skipped = days_to_skip(s, day);
    for (uint32_t i = 0; i < s->days.count && named < NAMED_DAYS; i++) {
        d = day_after(s, d);
        if (i < skipped)
            continue;
        civil_format(text, d);
        used += (size_t)snprintf(days + used, sizeof days - used, "%s%s", named++ ? ", " : "", text);
    }
    return err_set(err, ERR_NOT_FOUND, "no entry belongs to %s; there are %" PRIu32 " day%s, %s: %s", wanted,
                   s->days.count, s->days.count == 1 ? "" : "s",
                   named == s->days.count ? "all of them" : "the nearest", days);
}

static enum err_code fill(struct journal_reader *r, const struct scan *s, civil_day day,
                          const struct seal *seal, struct day_scope *scope, struct err *err)
{
    struct day_scope made = {.day = day};
    struct journal_record record;
    struct entry e;

    const struct found_day *const row = day == CIVIL_DAY_NONE ? newest_day(s) : table_find(&s->days, &day);
    if (!row)
        return no_such_day(s, day, err);
    made.day = row->day;
    made.first_seq = row->first_seq;
    made.last_seq = row->last_seq;
    made.entries = row->entries;
    made.state_seq = row->last_seq;
    enum err_code rc = ERR_OK;
    if (seal)
        made.seal = *seal;
    else
        rc = journal_reader_seal(r, made.last_seq, &made.seal, err);
    if (!rc)
        rc = journal_reader_get(r, made.seal.size, &record, err);
    if (!rc)
        rc = entry_decode_header(record.bytes, record.size, &e, err);
    if (rc)
        return rc;
    made.sealed_at_ns = e.recorded_at_ns;
    *scope = made;
    return ERR_OK;
}

static enum err_code find(struct journal_reader *r, civil_day day, const struct seal *seal,
                          struct day_scope *scope, struct err *err)
{
    struct scan s = {.newest = 0};

    table_init(&s.days, sizeof(struct found_day), sizeof(civil_day));
    day_init(&s.state);
    enum err_code rc = scan_days(&s, r, seal ? seal->size : journal_reader_size(r), err);
    if (!rc)
        rc = fill(r, &s, day, seal, scope, err);
    table_release(&s.days);
    return rc;
}

enum err_code day_scope_find(struct journal_reader *r, civil_day day, struct day_scope *scope,
                             struct err *err)
{
    return find(r, day, NULL, scope, err);
}

enum err_code day_scope_find_at(struct journal_reader *r, civil_day day, const struct seal *seal,
                                struct day_scope *scope, struct err *err)
{
    REQUIRE(seal->size > 0 && day != CIVIL_DAY_NONE);
    if (seal->size > journal_reader_size(r))
        return err_set(err, ERR_NOT_FOUND, "the journal has %" PRIu64 " entries, not %" PRIu64,
                       journal_reader_size(r), seal->size);
    return find(r, day, seal, scope, err);
}
