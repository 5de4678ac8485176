#include "audit/silence.h"

#include "audit/walk.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

/* A word of the loop: control.session or control.heartbeat, by the journal itself. */
struct word {
    uint64_t seq;
    int64_t at_ns;
    civil_day session;
    int64_t promise_ns; /* until the next word; 0: nothing is promised */
    enum { WORD_OPEN, WORD_BEAT, WORD_CLOSE } what;
};

struct listening {
    const struct silence_calendar *calendar;
    struct silence_report *report;
    struct evidence_cursor *control;
    struct evidence_cursor *entries;
    struct walk_block block;
    int64_t until_ns;
    struct word last; /* seq 0: none yet */
};

/* -- hearing --------------------------------------------------------------------------------------------- */

/* The bytes of an entry that was walked before. */
static enum err_code read_entry(struct listening *l, uint64_t seq, const uint8_t **bytes, size_t *size,
                                struct err *err)
{
    struct evidence_item item;
    uint8_t key[8];
    bool found = false;

    if (l->block.count == 0 || seq > l->block.key) {
        wire_store_u64(key, seq);
        const enum err_code rc = evidence_seek(l->entries, key, sizeof key, &item, &found, err);
        if (rc)
            return rc;
        REQUIRE(found && walk_block_open(&l->block, wire_load_u64(item.key), item.bytes, item.size));
    }
    while (l->block.key - l->block.count + l->block.next < seq)
        REQUIRE(walk_block_entry(&l->block, bytes, size));
    return ERR_OK;
}

/* Header: u16 kind at 2, i64 at at 24, u32 actor at 40. Bodies: [u8 phase,] i32 day, i64 seconds. */
static bool is_word(const uint8_t *bytes, uint64_t seq, struct word *word)
{
    REQUIRE(bytes);
    const unsigned kind = wire_load_u16(bytes + 2);
    const uint8_t *body = bytes + ENTRY_HEADER_SIZE;

    if ((kind != ENTRY_CONTROL_SESSION && kind != ENTRY_CONTROL_HEARTBEAT) ||
        wire_load_u32(bytes + 40) != 0 || !(bytes[1] & 1))
        return false;
    word->what = WORD_BEAT;
    if (kind == ENTRY_CONTROL_SESSION)
        word->what = *body++ == PHASE_OPEN ? WORD_OPEN : WORD_CLOSE;
    const int64_t promise_s = (int64_t)wire_load_u64(body + 4);
    word->seq = seq;
    word->at_ns = (int64_t)wire_load_u64(bytes + 24);
    word->session = (civil_day)wire_load_u32(body);
    word->promise_ns = promise_s < INT64_MAX / NS_PER_SECOND ? promise_s * NS_PER_SECOND : INT64_MAX;
    return true;
}

/* The next word up to the moment. */
static enum err_code hear(struct listening *l, struct word *word, bool *found, struct err *err)
{
    struct evidence_item item;
    const uint8_t *bytes = NULL;
    size_t size = 0;

    for (;;) {
        enum err_code rc = evidence_next(l->control, &item, found, err);
        if (!rc && *found)
            rc = read_entry(l, wire_load_u64(item.key), &bytes, &size, err);
        if (rc || !*found)
            return rc;
        if (!is_word(bytes, wire_load_u64(item.key), word))
            continue;
        *found = word->at_ns <= l->until_ns;
        return ERR_OK;
    }
}

/* -- judging --------------------------------------------------------------------------------------------- */

static enum err_code silent(struct listening *l, int64_t from_ns, int64_t to_ns, uint64_t after_seq,
                            struct err *err, const char *format, ...) __attribute__((format(printf, 6, 7)));

static enum err_code silent(struct listening *l, int64_t from_ns, int64_t to_ns, uint64_t after_seq,
                            struct err *err, const char *format, ...)
{
    struct silence_report *const r = l->report;
    char from[INSTANT_TEXT_SIZE];
    char to[INSTANT_TEXT_SIZE];
    char what[400];
    va_list args;

    va_start(args, format);
    vsnprintf(what, sizeof what, format, args);
    va_end(args);
    r->before_seq = l->last.seq;
    r->after_seq = after_seq;
    r->silent_from_ns = from_ns;
    r->silent_to_ns = to_ns;
    instant_format(from, from_ns);
    instant_format(to, to_ns);
    snprintf(r->what, sizeof r->what, "%s: nothing is there from %s to %s (%" PRId64 " s)", what, from, to,
             (to_ns - from_ns) / NS_PER_SECOND);
    return err_set(err, ERR_WRONG, "%s", r->what);
}

static bool is_late(const struct word *before, int64_t at_ns)
{
    return at_ns - before->at_ns > SILENCE_TOLERANCE_NS &&
           at_ns - before->at_ns - SILENCE_TOLERANCE_NS > before->promise_ns;
}

static enum err_code no_promise(const struct word *w, struct err *err)
{
    char day[INSTANT_TEXT_SIZE];

    civil_format(day, w->session);
    return err_set(err, ERR_NOT_FOUND,
                   "entry %" PRIu64
                   " promises no heartbeats (heartbeat.every_s was 0): what is missing inside the session "
                   "of %s cannot be told",
                   w->seq, day);
}

/* The next word inside of a session, or the moment itself (`after` NULL). */
static enum err_code go_on_inside(struct listening *l, const struct word *after, struct err *err)
{
    const int64_t at_ns = after ? after->at_ns : l->until_ns;
    char day[INSTANT_TEXT_SIZE];

    civil_format(day, l->last.session);
    if (l->last.promise_ns == 0)
        return no_promise(&l->last, err);
    if (!is_late(&l->last, at_ns))
        return ERR_OK;
    if (after)
        return silent(l, l->last.at_ns, at_ns, after->seq, err,
                      "in the session of %s entries %" PRIu64 " and %" PRIu64 " are too far apart, %" PRId64
                      " s were promised",
                      day, l->last.seq, after->seq, l->last.promise_ns / NS_PER_SECOND);
    return silent(l, l->last.at_ns, at_ns, 0, err,
                  "the session of %s was not closed, and entry %" PRIu64 " is its last word, %" PRId64
                  " s were promised",
                  day, l->last.seq, l->last.promise_ns / NS_PER_SECOND);
}

/* Between two sessions: the calendar has none that is over, or under way, by `at_ns`; `opened` is the one that comes next. */
static enum err_code check_between(struct listening *l, int64_t at_ns, const struct word *opened,
                                   struct err *err)
{
    const struct silence_calendar *const c = l->calendar;
    const civil_day day = c->next(c->arg, l->last.session);
    int64_t open_ns = 0;
    int64_t close_ns = 0;
    char closed[INSTANT_TEXT_SIZE];
    char missing[INSTANT_TEXT_SIZE];

    civil_format(closed, l->last.session);
    if (day == CIVIL_DAY_NONE)
        return err_set(err, ERR_NOT_FOUND,
                       "the calendar knows no session after that of %s, which entry %" PRIu64 " closed",
                       closed, l->last.seq);
    if ((opened && opened->session <= day) || !c->hours(c->arg, day, &open_ns, &close_ns) ||
        open_ns + SILENCE_TOLERANCE_NS >= at_ns)
        return ERR_OK;
    civil_format(missing, day);
    return silent(l, open_ns, close_ns < at_ns ? close_ns : at_ns, opened ? opened->seq : 0, err,
                  "the session of %s is missing: entry %" PRIu64 " closed that of %s", missing, l->last.seq,
                  closed);
}

/* A session opens. Was the one before it closed, and none left out between them; does it begin when it should? */
static enum err_code on_open(struct listening *l, const struct word *w, struct err *err)
{
    const struct silence_calendar *const c = l->calendar;
    int64_t open_ns = 0;
    int64_t close_ns = 0;
    char day[INSTANT_TEXT_SIZE];
    enum err_code rc = ERR_OK;

    civil_format(day, w->session);
    if (l->last.seq != 0 && l->last.what != WORD_CLOSE && l->last.session != w->session) {
        char before[INSTANT_TEXT_SIZE];
        civil_format(before, l->last.session);
        if (!c->hours(c->arg, l->last.session, &open_ns, &close_ns) || close_ns > w->at_ns)
            close_ns = w->at_ns;
        return silent(l, l->last.at_ns, close_ns, w->seq, err,
                      "the session of %s was not closed: entry %" PRIu64
                      " is its last word, and entry %" PRIu64 " opens that of %s",
                      before, l->last.seq, w->seq, day);
    }
    if (l->last.seq != 0 && l->last.what != WORD_CLOSE)
        return go_on_inside(l, w, err);
    if (l->last.seq != 0 && l->last.session < w->session)
        rc = check_between(l, w->at_ns, w, err);
    if (rc)
        return rc;
    const bool is_new = l->last.seq == 0 || l->last.session != w->session;
    if (is_new && c->hours(c->arg, w->session, &open_ns, &close_ns) &&
        w->at_ns - SILENCE_TOLERANCE_NS > open_ns)
        return silent(l, open_ns, w->at_ns, w->seq, err,
                      "the session of %s was opened late, by entry %" PRIu64, day, w->seq);
    return ERR_OK;
}

static enum err_code on_close(struct listening *l, const struct word *w, struct err *err)
{
    int64_t open_ns = 0;
    int64_t close_ns = 0;
    char day[INSTANT_TEXT_SIZE];
    const enum err_code rc = go_on_inside(l, w, err);

    if (rc || !l->calendar->hours(l->calendar->arg, w->session, &open_ns, &close_ns) ||
        w->at_ns + SILENCE_TOLERANCE_NS >= close_ns || close_ns > l->until_ns)
        return rc;
    civil_format(day, w->session);
    l->last = *w;
    return silent(l, w->at_ns, close_ns, 0, err, "the session of %s was closed early, by entry %" PRIu64, day,
                  w->seq);
}

static enum err_code take(struct listening *l, const struct word *w, struct err *err)
{
    struct silence_report *const r = l->report;
    enum err_code rc = ERR_OK;

    if (w->what == WORD_OPEN)
        rc = on_open(l, w, err);
    else if (l->last.seq == 0 || l->last.what == WORD_CLOSE || l->last.session != w->session)
        rc = err_set(err, ERR_NOT_FOUND, "entry %" PRIu64 " speaks of a session that was not opened", w->seq);
    else
        rc = w->what == WORD_CLOSE ? on_close(l, w, err) : go_on_inside(l, w, err);
    if (rc)
        return rc;
    if (r->sessions == 0)
        r->from_ns = w->at_ns;
    r->sessions += w->what == WORD_OPEN && (l->last.seq == 0 || l->last.session != w->session);
    r->heartbeats += w->what == WORD_BEAT;
    l->last = *w;
    return ERR_OK;
}

static enum err_code listen(struct listening *l, struct err *err)
{
    struct word w;
    bool found = true;
    enum err_code rc = ERR_OK;

    while (!rc && found) {
        rc = hear(l, &w, &found, err);
        if (!rc && found)
            rc = take(l, &w, err);
    }
    if (rc)
        return rc;
    if (l->last.seq == 0)
        return err_set(err, ERR_NOT_FOUND, "no session was opened by then: nothing was promised");
    return l->last.what == WORD_CLOSE ? check_between(l, l->until_ns, NULL, err) : go_on_inside(l, NULL, err);
}

enum err_code silence_check(struct evidence *evidence, const struct silence_calendar *calendar,
                            int64_t until_ns, struct silence_report *report, struct err *err)
{
    struct listening l = {.calendar = calendar, .report = report, .until_ns = until_ns};

    memset(report, 0, sizeof *report);
    enum err_code rc = evidence_cursor_open(evidence, EVIDENCE_CONTROL, &l.control, err);
    if (!rc)
        rc = evidence_cursor_open(evidence, EVIDENCE_ENTRIES, &l.entries, err);
    if (!rc)
        rc = listen(&l, err);
    evidence_cursor_close(l.control);
    evidence_cursor_close(l.entries);
    return rc;
}
