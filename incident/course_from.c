#include "incident/course_impl.h"

#include "book/market_time.h"
#include "ledger/roles.h"

/* -- from where, when nobody says ----------------------------------------------------------------------- */

struct departure {
    uint64_t configuration; /* the first, before any run, or else the first run */
    uint64_t without;       /* the first entry of an actor who is left out */
    uint64_t insert;        /* the first entry later than the first inserted one */
    uint64_t run;           /* the first */
};

static enum err_code look(struct departure *d, const struct course_change *change, const struct entry *e,
                          struct market_time *time, struct err *err)
{
    bool is_past = false;
    enum err_code rc = ERR_OK;

    if (!d->configuration && (e->kind == ENTRY_CONTROL_CONFIGURATION || e->kind == ENTRY_CONTROL_RUN))
        d->configuration = e->seq;
    if (!d->run && e->kind == ENTRY_CONTROL_RUN)
        d->run = e->seq;
    if (!d->without && course_is_without(change, e))
        d->without = e->seq;
    if (!d->insert && change->insert_count)
        rc = market_time_is_past(time, e, change->insert[0].at_ns, &is_past, err);
    if (is_past)
        d->insert = e->seq;
    return rc;
}

static void lower(uint64_t *from, uint64_t seq)
{
    if (seq && (*from == 0 || seq < *from))
        *from = seq;
}

static enum err_code find_from(struct journal_reader *r, const struct course_change *change, uint64_t *from,
                               struct err *err)
{
    struct departure d = {0};
    struct journal_record record;
    struct market_time time;
    struct entry e;
    bool found = true;
    enum err_code rc = journal_reader_seek(r, 2, err);

    market_time_init(&time, r);
    while (!rc) {
        rc = journal_reader_next(r, &record, &found, err);
        if (rc || !found)
            break;
        rc = entry_decode_header(record.bytes, record.size, &e, err);
        if (!rc)
            rc = look(&d, change, &e, &time, err);
        if (d.run && (d.without || !change->without_count) && (d.insert || !change->insert_count))
            break;
    }
    *from = change->drop_count ? change->drop[0] : 0;
    lower(from, change->configuration ? d.configuration : 0);
    lower(from, d.without);
    lower(from, d.insert);
    if (!rc && change->without_count && !d.without)
        rc = err_set(err, ERR_INPUT, "nothing is to be left out: none of these actors has written anything");
    if (*from == 0) /* inserted behind everything, or no change at all */
        *from = change->insert_count ? journal_reader_size(r) : d.run;
    return rc;
}

static enum err_code read_header(struct journal_reader *r, uint64_t seq, struct entry *e, struct err *err)
{
    struct journal_record record;
    enum err_code rc = journal_reader_get(r, seq, &record, err);

    if (!rc)
        rc = entry_decode_header(record.bytes, record.size, e, err);
    return rc ? err_wrap(err, "entry %llu", (unsigned long long)seq) : ERR_OK;
}

/* What the actors are before `from`: control entries say, and they alone are read. */
static enum err_code read_roles(struct journal_reader *r, uint64_t from, struct roles *roles, struct err *err)
{
    struct journal_record record = {0};
    struct entry e;
    bool found = false;
    enum err_code rc = ERR_OK;

    memset(roles, 0, sizeof *roles);
    while (!rc) {
        rc = journal_reader_control(r, record.seq + 1, &record, &found, err);
        if (rc || !found || record.seq >= from)
            break;
        rc = entry_decode(record.bytes, record.size, &e, err);
        if (!rc)
            roles_apply(roles, &e);
    }
    return rc;
}

/* An answer is never cut: back to the first entry of what was computed without a gap. */
static enum err_code align(struct journal_reader *r, uint64_t *from, struct err *err)
{
    struct roles roles;
    struct entry e = {.actor = 0};
    enum err_code rc = read_roles(r, *from, &roles, err);

    while (!rc && *from > 2) {
        rc = read_header(r, *from - 1, &e, err);
        const enum role role = rc ? ROLE_JOURNAL : roles_find(&roles, e.actor);
        if (rc || (role != ROLE_BROKER && role != ROLE_STRATEGY && role != ROLE_RISK))
            break;
        --*from;
    }
    return rc;
}

static enum err_code check_change(const struct journal_reader *r, const struct course_change *change,
                                  struct err *err)
{
    const uint64_t size = journal_reader_size(r);

    for (size_t i = 0; i < change->drop_count; i++) {
        if (change->drop[i] < 1 || change->drop[i] > size)
            return err_set(err, ERR_NOT_FOUND, "there is no entry %llu; the newest is %llu",
                           (unsigned long long)change->drop[i], (unsigned long long)size);
        if (change->drop[i] == 1)
            return err_set(err, ERR_INPUT, "entry 1 is the genesis: without it there is no journal");
        REQUIRE(i == 0 || change->drop[i - 1] < change->drop[i]);
        if (change->from && change->drop[i] < change->from)
            return err_set(err, ERR_INPUT,
                           "entry %llu is to be dropped, and the course departs behind it, at %llu",
                           (unsigned long long)change->drop[i], (unsigned long long)change->from);
    }
    if (change->from > size)
        return err_set(err, ERR_NOT_FOUND, "there is no entry %llu to depart at; the newest is %llu",
                       (unsigned long long)change->from, (unsigned long long)size);
    if (change->from == 1)
        return err_set(err, ERR_INPUT, "entry 1 is the genesis: a course departs behind it");
    return ERR_OK;
}

enum err_code course_departure(struct journal_reader *r, const struct course_change *change, bool is_recorded,
                               uint64_t *from, struct err *err)
{
    enum err_code rc = check_change(r, change, err);

    *from = change->from;
    if (!rc && *from == 0)
        rc = find_from(r, change, from, err);
    if (!rc && *from < 2)
        rc = err_set(err, ERR_INPUT,
                     "no loop has run in this journal: nothing was decided that could be decided otherwise");
    return rc || is_recorded ? rc : align(r, from, err);
}

enum err_code course_from_time(struct journal_reader *r, int64_t at_ns, uint64_t *from, struct err *err)
{
    uint64_t before = 0;
    char at[INSTANT_TEXT_SIZE];
    const enum err_code rc = book_find_time(r, at_ns > INT64_MIN ? at_ns - 1 : at_ns, &before, err);

    if (rc)
        return rc;
    instant_format(at, at_ns);
    if (before == journal_reader_size(r))
        return err_set(err, ERR_NOT_FOUND, "no entry of this journal happened at %s or later", at);
    *from = before + 1;
    return ERR_OK;
}
