/*
 * Daily bars: the sessions before the day (history), the day itself, or a range; under the ticker of each day.
 *
 * Prices are recorded raw, as the files have them. A split inside the window is told by a finding beside the first
 * bar after it. Sessions that an earlier import took from the same file are not taken again.
 */
#include "gateway/lean_import.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SHOWN_DAYS 8

/* What is known of one session of the window. */
struct daily_day {
    const char *ticker; /* its file's name; NULL: the listing did not trade */
    bool is_history;    /* not asked for by its date */
    uint64_t taken;     /* in the journal already, by this entry; or 0 */
};

struct daily {
    struct lean_import *im;
    struct lean_days days;
    struct daily_day *state; /* beside days.rows */
    size_t met;              /* sessions with a bar, now or in the journal */
    struct err why;          /* why a file could not be used, when one could not */
};

/* -- the window ----------------------------------------------------------------------------------------- */

static enum err_code allocate(struct daily *d, size_t count, struct err *err)
{
    d->days.rows = calloc(count + 1, sizeof *d->days.rows);
    d->state = calloc(count + 1, sizeof *d->state);
    if (!d->days.rows || !d->state)
        return err_set(err, ERR_MEMORY, "feed: out of memory");
    return ERR_OK;
}

static void add_day(struct daily *d, civil_day day, bool is_history)
{
    struct session s;

    if (!calendar_session(day, &s))
        return;
    struct daily_day *const state = &d->state[d->days.count];
    lean_day_init(&d->days.rows[d->days.count++], &s);
    state->is_history = is_history;
    state->ticker = lean_map_ticker(&d->im->map, d->im->listing.ticker, day);
}

/* The sessions asked for, in order. */
static enum err_code set_window(struct daily *d, struct err *err)
{
    const struct lean_import *const im = d->im;
    civil_day first = im->date;
    enum err_code rc = ERR_OK;

    if (im->date == CIVIL_DAY_NONE) {
        rc = allocate(d, (size_t)(im->to - im->from) + 1, err);
        for (civil_day day = im->from; !rc && day <= im->to; day++)
            add_day(d, day, false);
        return rc;
    }
    for (int64_t i = 0; i < im->history; i++) {
        const civil_day before = calendar_previous_session(first);
        if (before == CIVIL_DAY_NONE)
            break;
        first = before;
    }
    rc = allocate(d, (size_t)im->history + 1, err);
    for (civil_day day = first; !rc && day < im->date; day++)
        add_day(d, day, true);
    if (!rc && im->resolution == LEAN_DAILY)
        add_day(d, im->date, false);
    return rc;
}

/* -- files ---------------------------------------------------------------------------------------------- */

static void note_taken(void *arg, civil_day from, civil_day to, uint64_t seq)
{
    struct daily *const d = arg;

    for (size_t i = 0; i < d->days.count; i++) {
        const civil_day day = d->days.rows[i].session.day;
        if (d->days.rows[i].wanted && day >= from && day <= to)
            d->state[i].taken = seq;
    }
}

/* Drops what the journal has: history silently (with a remark), what was asked for by its date not. */
static enum err_code drop_taken(struct daily *d, const struct source_file *source, struct err *err)
{
    char day[INSTANT_TEXT_SIZE];
    size_t dropped = 0;
    uint64_t seq = 0;
    const enum err_code rc = source_file_seen_ranges(source, d->im->context, note_taken, d, err);

    if (rc)
        return rc;
    for (size_t i = 0; i < d->days.count; i++) {
        struct lean_day *const row = &d->days.rows[i];
        if (!row->wanted || !d->state[i].taken)
            continue;
        civil_format(day, row->session.day);
        if (!d->state[i].is_history)
            return err_set(err, ERR_EXISTS, "%s: %s was imported already (entry %" PRIu64 ")", source->path,
                           day, d->state[i].taken);
        row->wanted = false;
        seq = d->state[i].taken;
        dropped++;
    }
    d->met += dropped;
    if (!dropped)
        return ERR_OK;
    return feed_remark_add(tape_feed(d->im->tape), err,
                           "%s: %zu sessions of the history are in the journal already (entry %" PRIu64 ")",
                           source->path, dropped, seq);
}

static enum err_code read_wanted(struct daily *d, struct lean_file *file, struct err *err)
{
    struct lean_file_found found;
    size_t first = d->days.count;
    size_t last = 0;
    enum err_code rc = drop_taken(d, &file->source, err);

    if (rc)
        return rc;
    for (size_t i = 0; i < d->days.count; i++) {
        if (!d->days.rows[i].wanted)
            continue;
        first = i < first ? i : first;
        last = i;
    }
    if (first == d->days.count)
        return ERR_OK; /* the journal has them all */
    source_file_mark_range(&file->source, d->days.rows[first].session.day, d->days.rows[last].session.day);
    rc = lean_file_read(file, &d->days, d->im->tape, &found, err);
    if (rc)
        return rc;
    d->met += (size_t)found.rows;
    if (found.rows == 0) {
        char a[INSTANT_TEXT_SIZE];
        char b[INSTANT_TEXT_SIZE];
        civil_format(a, found.first_day);
        civil_format(b, found.last_day);
        err_set(&d->why, ERR_NOT_FOUND, "%s has none of these sessions; its rows are of %s to %s",
                file->source.path, a, b);
    }
    return ERR_OK;
}

/* The bars under one ticker. A file that is not there leaves its reason in d->why. */
static enum err_code read_ticker(struct daily *d, const char *ticker, struct err *err)
{
    const struct lean_import *const im = d->im;
    struct lean_listing listing = im->listing;
    struct lean_file file = {
        .format = {.kind = LEAN_TRADE,
                   .stamp = LEAN_DATE_TIME,
                   .price = im->listing.is_index ? LEAN_DECIMAL : LEAN_DECI_CENT},
        .period_ns = NS_PER_DAY,
        .underlying = im->underlying,
        .file_day = CIVIL_DAY_NONE,
    };

    snprintf(listing.ticker, sizeof listing.ticker, "%s", ticker);
    for (size_t i = 0; i < d->days.count; i++)
        d->days.rows[i].wanted = d->state[i].ticker && strcmp(d->state[i].ticker, ticker) == 0;
    const struct lean_path path = lean_folder_underlying(&listing, LEAN_DAILY, LEAN_TRADE, im->date);
    if (!source_file_exists(im->dir, path.text)) {
        const enum err_code why = lean_folder_missing(im->dir, path.text, "", &d->why);
        return why == ERR_NOT_FOUND ? ERR_OK : err_set(err, why, "%s", d->why.text);
    }
    enum err_code rc = source_file_read(im->dir, path.text, &file.source, err);
    if (!rc)
        rc = read_wanted(d, &file, err);
    source_file_release(&file.source);
    return rc;
}

/* Each ticker of the window once, in the order of their days. */
static enum err_code read_tickers(struct daily *d, struct err *err)
{
    enum err_code rc = ERR_OK;

    for (size_t i = 0; i < d->days.count && !rc; i++) {
        const char *const ticker = d->state[i].ticker;
        bool is_new = ticker != NULL;
        for (size_t k = 0; k < i && is_new; k++)
            is_new = !d->state[k].ticker || strcmp(d->state[k].ticker, ticker) != 0;
        if (is_new)
            rc = read_ticker(d, ticker, err);
    }
    return rc;
}

/* -- what to say ---------------------------------------------------------------------------------------- */

/* Names the sessions without a bar. */
static enum err_code say_gaps(struct daily *d, struct err *err)
{
    char list[SHOWN_DAYS * 12 + 8] = "";
    size_t used = 0;
    size_t gaps = 0;

    for (size_t i = 0; i < d->days.count; i++) {
        if (d->days.rows[i].is_met || d->state[i].taken)
            continue;
        if (gaps++ < SHOWN_DAYS) {
            used += gaps > 1 ? (size_t)snprintf(list + used, sizeof list - used, ", ") : 0;
            used += civil_format(list + used, d->days.rows[i].session.day);
        }
    }
    if (!gaps)
        return ERR_OK;
    return feed_remark_add(tape_feed(d->im->tape), err,
                           "%zu of %zu sessions have no daily bar of %s: %s%s%s%s", gaps, d->days.count,
                           d->im->underlying.text, list, gaps > SHOWN_DAYS ? " ..." : "",
                           d->why.code ? "; " : "", d->why.code ? d->why.text : "");
}

/* Nothing at all: an error when it was asked for, else a remark. */
static enum err_code say_nothing_found(struct daily *d, struct err *err)
{
    const struct lean_import *const im = d->im;
    const char *const why = d->why.code ? d->why.text : "the listing did not trade then";

    if (im->skip_missing || (im->date != CIVIL_DAY_NONE && !im->history_given))
        return feed_remark_add(tape_feed(im->tape), err, "no daily bars of %s before the day: %s",
                               im->underlying.text, why);
    return err_set(err, ERR_NOT_FOUND, "no daily bars of %s: %s%s", im->underlying.text, why,
                   im->date != CIVIL_DAY_NONE ? "; history=0 does without" : "");
}

/* -- splits --------------------------------------------------------------------------------------------- */

static enum err_code tell_split(struct daily *d, uint16_t source, const struct lean_factor_row *before,
                                const struct lean_factor_row *after, civil_day effective, struct err *err)
{
    const struct lean_day *const row = lean_days_find(&d->days, effective);
    struct tape_event e = {.at_ns = row ? row->session.close_ns : d->im->session.open_ns,
                           .session = effective,
                           .source = source};
    char text[300];
    char day[INSTANT_TEXT_SIZE];
    char times[DECIMAL_TEXT_SIZE];
    int64_t ratio = 0;

    enum err_code rc = decimal_mul_div(after->split, 10000, before->split, &ratio, err);
    if (!rc)
        rc = tape_instrument(d->im->tape, &d->im->underlying, &e.instrument, err);
    if (rc)
        return rc;
    civil_format(day, effective);
    decimal_format(times, ratio, 4);
    snprintf(text, sizeof text,
             "split on %s: a price before it is %s times the same price after it; the bars are recorded raw, "
             "as they "
             "were traded",
             day, times);
    e.as.finding.kind = FINDING_JUMP;
    e.as.finding.bid = PRICE_NONE;
    e.as.finding.ask = PRICE_NONE;
    return tape_beside(d->im->tape, &e, text, err);
}

static enum err_code find_splits(struct daily *d, const struct lean_factors *factors, uint16_t source,
                                 struct err *err)
{
    const struct lean_import *const im = d->im;
    const civil_day first = d->days.rows[0].session.day;
    const civil_day last = im->date != CIVIL_DAY_NONE ? im->date : im->to;
    enum err_code rc = ERR_OK;

    for (size_t i = 0; i + 1 < factors->count && !rc; i++) {
        const civil_day effective = calendar_next_session(factors->rows[i].last);
        if (factors->rows[i].split == factors->rows[i + 1].split || effective == CIVIL_DAY_NONE)
            continue;
        if (effective > first && effective <= last)
            rc = tell_split(d, source, &factors->rows[i], &factors->rows[i + 1], effective, err);
    }
    return rc;
}

static enum err_code read_factors(struct daily *d, struct err *err)
{
    const struct lean_import *const im = d->im;
    const struct lean_path path = lean_folder_factors(im->listing.ticker);
    struct source_file source = {0};
    uint16_t index = 0;

    if (im->listing.is_index || !source_file_exists(im->dir, path.text))
        return ERR_OK;
    struct lean_factors *const factors = calloc(1, sizeof *factors);
    if (!factors)
        return err_set(err, ERR_MEMORY, "feed: out of memory");
    enum err_code rc = source_file_read(im->dir, path.text, &source, err);
    if (!rc && lean_factors_parse(factors, (const char *)source.bytes, source.size, err))
        rc = err_wrap(err, "%s", path.text);
    if (!rc)
        rc = lean_import_note_file(d->im, &source, factors->count, &index, err);
    if (!rc)
        rc = find_splits(d, factors, index, err);
    source_file_release(&source);
    free(factors);
    return rc;
}

/* -- all of it ------------------------------------------------------------------------------------------ */

static enum err_code import_window(struct daily *d, struct err *err)
{
    struct lean_import *const im = d->im;
    const bool wants_day = im->date != CIVIL_DAY_NONE && im->resolution == LEAN_DAILY;
    enum err_code rc = read_tickers(d, err);

    if (rc)
        return rc;
    if (d->met == 0)
        rc = say_nothing_found(d, err);
    else
        rc = say_gaps(d, err);
    if (!rc && wants_day && !d->days.rows[d->days.count - 1].is_met) {
        rc = feed_remark_add(tape_feed(im->tape), err, "the underlying is read by the minute instead");
        if (!rc)
            rc = lean_import_minutes(im, LEAN_TRADE, true, err);
    }
    if (!rc && d->met > 0)
        rc = read_factors(d, err);
    return rc;
}

enum err_code lean_daily_import(struct lean_import *im, struct err *err)
{
    struct daily d = {.im = im};
    enum err_code rc = set_window(&d, err);

    if (!rc && d.days.count > 0)
        rc = import_window(&d, err);
    free(d.days.rows);
    free(d.state);
    return rc;
}
