#include "reports/stepper_state.h"

#include "reports/chain.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum err_code stepper_new(struct journal *j, struct index *index, struct stepper **s, struct err *err)
{
    struct stepper *const made = calloc(1, sizeof *made);

    if (!made)
        return err_set(err, ERR_MEMORY, "out of memory");
    made->journal = j;
    made->index = index;
    words_init(&made->row_words);
    words_init(&made->alarm);
    enum err_code rc = rewinder_new(NULL, &made->rewinder, err);
    if (!rc)
        rc = stepper_look(made, err);
    if (rc) {
        stepper_free(made);
        return rc;
    }
    made->size = journal_reader_size(made->reader);
    made->seq = made->size;
    *s = made;
    return ERR_OK;
}

void stepper_set_work(struct stepper *s, const struct stepper_work *work)
{
    s->work = *work;
}

void stepper_free(struct stepper *s)
{
    if (!s)
        return;
    stepper_rest(s);
    rewinder_free(s->rewinder);
    words_release(&s->row_words);
    words_release(&s->alarm);
    for (unsigned i = 0; i < STEPPER_PANES; i++)
        lines_release(&s->pages[i].lines);
    free(s);
}

void stepper_rest(struct stepper *s)
{
    journal_reader_end(s->reader);
    s->reader = NULL;
}

enum err_code stepper_look(struct stepper *s, struct err *err)
{
    if (s->reader)
        return ERR_OK;
    enum err_code rc = journal_reader_begin(s->journal, &s->reader, err);
    if (!rc && journal_reader_size(s->reader) < s->size) {
        rc = err_set(err, ERR_CHAIN, "the journal had %" PRIu64 " entries, and has %" PRIu64 " now", s->size,
                     journal_reader_size(s->reader));
        stepper_rest(s);
    }
    return rc;
}

enum err_code stepper_read(struct stepper *s, uint64_t seq, struct entry *e, struct err *err)
{
    const enum err_code rc = stepper_look(s, err);

    return rc ? rc : chain_read(s->reader, seq, e, err);
}

bool stepper_goes_on(const struct stepper *s, uint64_t done, uint64_t total)
{
    return !s->work.go_on || s->work.go_on(s->work.context, done, total);
}

static void tell_fold(void *context, uint64_t done, uint64_t total)
{
    (void)stepper_goes_on(context, done, total); /* a fold is short: it goes to its end */
}

enum err_code stepper_fold(struct stepper *s, const struct book **b, struct err *err)
{
    enum err_code rc = stepper_look(s, err);

    if (!rc)
        rc = rewinder_go(s->rewinder, s->reader, s->seq, tell_fold, s, err);
    *b = rewinder_book(s->rewinder);
    return rc;
}

uint64_t stepper_seq(const struct stepper *s)
{
    return s->seq;
}

uint64_t stepper_size(const struct stepper *s)
{
    return s->size;
}

const char *stepper_origin(const struct stepper *s)
{
    return journal_origin(s->journal);
}

const char *stepper_term(const struct stepper *s)
{
    return s->term;
}

enum err_code stepper_refresh(struct stepper *s, uint64_t *added, struct err *err)
{
    stepper_rest(s);
    const enum err_code rc = stepper_look(s, err);
    if (rc)
        return rc;
    *added = journal_reader_size(s->reader) - s->size;
    s->size += *added;
    s->pages[STEPPER_WHY].seq = 0; /* more may have followed */
    return ERR_OK;
}

/* -- moves ---------------------------------------------------------------------------------------------- */

void stepper_jump(struct stepper *s, uint64_t seq)
{
    if (s->back_count == STEPPER_BACK_MAX) {
        s->back_count--;
        memmove(s->back, s->back + 1, s->back_count * sizeof s->back[0]);
    }
    s->back[s->back_count++] = s->seq;
    s->seq = seq;
}

enum err_code stepper_back(struct stepper *s, struct err *err)
{
    if (!s->back_count)
        return err_set(err, ERR_NOT_FOUND, "there is no earlier place to go back to");
    s->seq = s->back[--s->back_count];
    return ERR_OK;
}

enum err_code stepper_step(struct stepper *s, int64_t by, struct err *err)
{
    const uint64_t far = by < 0 ? 0 - (uint64_t)by : (uint64_t)by;

    if (by < 0 && s->seq == 1)
        return err_set(err, ERR_NOT_FOUND, "this is the first entry");
    if (by > 0 && s->seq == s->size)
        return err_set(err, ERR_NOT_FOUND, "this is the newest entry; r looks for newer ones");
    if (by < 0)
        s->seq = s->seq > far ? s->seq - far : 1;
    else
        s->seq = s->size - s->seq > far ? s->seq + far : s->size;
    return ERR_OK;
}

enum err_code stepper_end(struct stepper *s, bool newest, struct err *err)
{
    const uint64_t seq = newest ? s->size : 1;

    if (s->seq == seq)
        return stepper_step(s, newest ? 1 : -1, err); /* which says so */
    stepper_jump(s, seq);
    return ERR_OK;
}

enum err_code stepper_cause(struct stepper *s, struct err *err)
{
    struct entry e;
    const enum err_code rc = stepper_read(s, s->seq, &e, err);

    if (rc)
        return rc;
    if (!e.cause || e.cause >= s->seq)
        return err_set(err, ERR_NOT_FOUND, "entry %" PRIu64 " names no cause", s->seq);
    stepper_jump(s, e.cause);
    return ERR_OK;
}

/* -- where to ------------------------------------------------------------------------------------------- */

static bool is_number(const char *text)
{
    return text[0] && !text[strspn(text, "0123456789")];
}

static enum err_code goto_seq(struct stepper *s, const char *text, struct err *err)
{
    const uint64_t seq = strlen(text) > 18 ? UINT64_MAX : strtoull(text, NULL, 10);

    if (seq == 0)
        return err_set(err, ERR_INPUT, "entries are numbered from 1");
    if (seq > s->size)
        return err_set(err, ERR_NOT_FOUND, "there is no entry %s; the newest is %" PRIu64, text, s->size);
    stepper_jump(s, seq);
    return ERR_OK;
}

/* "09:47", "09:47:30": nanoseconds since midnight. */
static bool parse_clock(const char *text, int64_t *ns)
{
    int64_t parts[3] = {0, 0, 0};
    const size_t length = strlen(text);

    if (length != 5 && length != 8)
        return false;
    for (size_t i = 0; i < length; i++) {
        if (i % 3 == 2 ? text[i] != ':' : !isdigit((unsigned char)text[i]))
            return false;
        if (i % 3 != 2)
            parts[i / 3] = parts[i / 3] * 10 + (text[i] - '0');
    }
    *ns = parts[0] * NS_PER_HOUR + parts[1] * NS_PER_MINUTE + parts[2] * NS_PER_SECOND;
    return parts[0] < 24 && parts[1] < 60 && parts[2] < 60;
}

/* What people ask for carries the wall's time, which in a backtest is years later: then the market's clock. */
static civil_day session_of(struct stepper *s)
{
    const struct book *b = NULL;
    struct entry e;

    if (stepper_read(s, s->seq, &e, NULL))
        return CIVIL_DAY_NONE;
    if (entry_family(e.kind) != FAMILY_CONTROL && e.at_ns != INSTANT_NONE)
        return instant_new_york_day(e.at_ns, NULL);
    if (stepper_fold(s, &b, NULL) == ERR_OK && b->view->clock.session != CIVIL_DAY_NONE)
        return b->view->clock.session;
    return instant_new_york_day(e.at_ns != INSTANT_NONE ? e.at_ns : e.recorded_at_ns, NULL);
}

static bool parse_time(struct stepper *s, const char *text, int64_t *at_ns)
{
    const size_t length = strlen(text);
    civil_day day = CIVIL_DAY_NONE;
    int64_t clock_ns = 0;

    if (parse_clock(text, &clock_ns)) {
        day = session_of(s);
    } else if (length >= 10 && civil_parse(text, 10, &day, NULL) == ERR_OK) {
        if (length > 10 && (text[10] != ' ' || !parse_clock(text + 11, &clock_ns)))
            day = CIVIL_DAY_NONE;
    }
    if (day == CIVIL_DAY_NONE)
        return instant_parse(text, length, at_ns, NULL) == ERR_OK;
    *at_ns = instant_from_new_york(day, clock_ns);
    return true;
}

static enum err_code goto_time(struct stepper *s, const char *text, int64_t at_ns, struct err *err)
{
    uint64_t seq = 0;
    const enum err_code rc = stepper_find_time(s, at_ns, &seq, err);

    if (rc)
        return rc;
    if (!seq)
        return err_set(err, ERR_NOT_FOUND, "nothing happened by %s", text);
    stepper_jump(s, seq);
    return ERR_OK;
}

enum err_code stepper_goto(struct stepper *s, const char *where, struct err *err)
{
    int64_t at_ns = INSTANT_NONE;

    if (is_number(where))
        return goto_seq(s, where, err);
    if ((where[0] == '+' || where[0] == '-') && is_number(where + 1) && strlen(where) < 18) {
        const uint64_t before = s->seq;
        const enum err_code rc = stepper_step(s, strtoll(where, NULL, 10), err);
        const uint64_t seq = s->seq;
        s->seq = before;
        if (!rc)
            stepper_jump(s, seq);
        return rc;
    }
    if (parse_time(s, where, &at_ns))
        return goto_time(s, where, at_ns, err);
    return err_set(err, ERR_INPUT,
                   "\"%s\" is no entry's number and no time such as 09:47, 2015-12-24 09:47 or "
                   "2015-12-24T14:47:00Z",
                   where);
}

/* -- rows ----------------------------------------------------------------------------------------------- */

void stepper_row(struct stepper *s, uint64_t seq, struct stepper_row *row)
{
    struct words *const w = &s->row_words;
    struct entry e;
    struct err why;

    REQUIRE(seq >= 1 && seq <= s->size);
    words_clear(w);
    memset(row, 0, sizeof *row);
    row->seq = seq;
    row->at_ns = INSTANT_NONE;
    row->stage = "damaged";
    row->is_breach = true;
    if (stepper_read(s, seq, &e, &why)) {
        words_add(w, "cannot be read: %s", why.text);
    } else {
        words_entry(w, &e);
        row->at_ns = e.at_ns != INSTANT_NONE ? e.at_ns : e.recorded_at_ns;
        row->family = entry_family(e.kind);
        row->stage = words_stage(&e);
        row->is_breach = stepper_is_breach(&e);
    }
    row->text = w->bad ? "does not fit in memory" : words_get(w);
}
