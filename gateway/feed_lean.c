/* The feed `lean`: a market day of LEAN's data folder, or daily bars alone, onto a tape. */
#include "gateway/lean_import.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define ROOTS_MAX 3

/* Index underlyings, and the roots their options are kept under. */
struct lean_index {
    const char *ticker;
    const char *roots[ROOTS_MAX]; /* NULL at the end */
};
static const struct lean_index INDICES[] = {{"spx", {"spx", "spxw", NULL}}, {"ndx", {NULL}}, {NULL, {NULL}}};

static const struct lean_index *find_index(const char *ticker)
{
    for (const struct lean_index *i = INDICES; i->ticker; i++)
        if (strcmp(i->ticker, ticker) == 0)
            return i;
    return NULL;
}

/* -- what is asked for ---------------------------------------------------------------------------------- */

static enum err_code parse_listing(struct lean_import *im, const struct feed_spec *spec, struct err *err)
{
    const char *value = NULL;
    enum err_code rc = feed_spec_need(spec, "underlying", &value, err);

    if (!rc)
        rc = feed_spec_ticker(spec, "underlying", &im->underlying, err);
    if (rc)
        return rc;
    if (im->underlying.length >= sizeof im->listing.ticker)
        return err_set(err, ERR_INPUT, "underlying=%s: LEAN's tickers are shorter", value);
    for (size_t i = 0; i < im->underlying.length; i++)
        im->listing.ticker[i] = (char)tolower((unsigned char)im->underlying.text[i]);
    if (strcmp(im->listing.ticker, "spxw") == 0)
        return err_set(err, ERR_INPUT, "SPXW is a root of SPX's options: say underlying=SPX");
    im->listing.is_index = find_index(im->listing.ticker) != NULL;
    return ERR_OK;
}

static enum err_code parse_days(struct lean_import *im, const struct feed_spec *spec, struct err *err)
{
    enum err_code rc = feed_spec_day(spec, "date", &im->date, err);

    if (!rc)
        rc = feed_spec_day(spec, "from", &im->from, err);
    if (!rc)
        rc = feed_spec_day(spec, "to", &im->to, err);
    if (rc)
        return rc;
    const bool range = im->from != CIVIL_DAY_NONE || im->to != CIVIL_DAY_NONE;
    if (range == (im->date != CIVIL_DAY_NONE))
        return err_set(err, ERR_INPUT, "say either date=D, or from=D,to=D with resolution=daily");
    if (!range) {
        char day[INSTANT_TEXT_SIZE];
        civil_format(day, im->date);
        if (!calendar_session(im->date, &im->session))
            return err_set(err, ERR_INPUT, "%s is no session (%s)", day, calendar_closed_reason(im->date));
        return ERR_OK;
    }
    if (im->from == CIVIL_DAY_NONE || im->to == CIVIL_DAY_NONE || im->to < im->from)
        return err_set(err, ERR_INPUT, "from=D,to=D: both are needed, in order");
    if (im->resolution != LEAN_DAILY || feed_spec_get(spec, "history") || im->options)
        return err_set(err, ERR_INPUT,
                       "from=,to= read daily bars alone: with resolution=daily, without history or options");
    return ERR_OK;
}

static enum err_code parse_request(struct lean_import *im, const struct feed_spec *spec, struct err *err)
{
    static const char *const RESOLUTIONS[] = {"minute", "hour", "daily", NULL};
    static const char *const YES_NO[] = {"no", "yes", NULL};
    static const char *const MISSING[] = {"refuse", "skip", NULL};
    const bool range = feed_spec_get(spec, "from") != NULL;
    size_t resolution = LEAN_MINUTE;
    size_t options = range ? 0 : 1;
    size_t clock = range ? 0 : 1;
    size_t missing = 0;

    im->date = im->from = im->to = CIVIL_DAY_NONE;
    im->history = LEAN_HISTORY_DEFAULT;
    im->history_given = feed_spec_get(spec, "history") != NULL;
    enum err_code rc = parse_listing(im, spec, err);
    if (!rc)
        rc = feed_spec_word(spec, "resolution", RESOLUTIONS, &resolution, err);
    if (!rc)
        rc = feed_spec_integer(spec, "history", 0, LEAN_HISTORY_MAX, &im->history, err);
    if (!rc)
        rc = feed_spec_word(spec, "options", YES_NO, &options, err);
    if (!rc)
        rc = feed_spec_word(spec, "missing", MISSING, &missing, err);
    if (!rc)
        rc = feed_spec_word(spec, "clock", YES_NO, &clock, err);
    if (rc)
        return rc;
    im->resolution = (enum lean_resolution)resolution;
    im->options = options == 1;
    im->skip_missing = missing == 1;
    im->clock = clock == 1;
    const struct lean_index *const index = find_index(im->listing.ticker);
    if (im->options && index && !index->roots[0])
        return err_set(err, ERR_INPUT,
                       "options on %s (a fifth of the index a point) are not read: say options=no",
                       im->underlying.text);
    return parse_days(im, spec, err);
}

/* -- files ---------------------------------------------------------------------------------------------- */

/* ERR_EXISTS when a wanted day of a file of many days was imported before. */
struct overlap {
    const struct lean_days *days;
    civil_day day;
    uint64_t seq; /* 0: no overlap */
};

static void note_overlap(void *arg, civil_day from, civil_day to, uint64_t seq)
{
    struct overlap *const o = arg;

    for (size_t i = 0; i < o->days->count && !o->seq; i++) {
        const struct lean_day *const d = &o->days->rows[i];
        if (d->wanted && d->session.day >= from && d->session.day <= to) {
            o->day = d->session.day;
            o->seq = seq;
        }
    }
}

static enum err_code refuse_overlap(const struct lean_import *im, const struct source_file *source,
                                    const struct lean_days *days, struct err *err)
{
    struct overlap o = {.days = days};
    char day[INSTANT_TEXT_SIZE];
    const enum err_code rc = source_file_seen_ranges(source, im->context, note_overlap, &o, err);

    if (rc || !o.seq)
        return rc;
    civil_format(day, o.day);
    return err_set(err, ERR_EXISTS, "%s: %s was imported already (entry %" PRIu64 ")", source->path, day,
                   o.seq);
}

/* The file is there, and holds nothing of the day. */
static enum err_code no_rows(struct lean_import *im, const struct lean_file *file,
                             const struct lean_days *days, bool required, const struct lean_file_found *found,
                             struct err *err)
{
    char day[INSTANT_TEXT_SIZE];
    char first[INSTANT_TEXT_SIZE];
    char last[INSTANT_TEXT_SIZE];
    char text[FEED_REMARK_SIZE];

    civil_format(day, days->rows[days->count - 1].session.day);
    civil_format(first, found->first_day);
    civil_format(last, found->last_day);
    if (found->first_day == CIVIL_DAY_NONE)
        snprintf(text, sizeof text, "%.300s holds no row at all", file->source.path);
    else
        snprintf(text, sizeof text, "%.300s holds no row of %s; its rows are of %s to %s", file->source.path,
                 day, first, last);
    if (required && !im->skip_missing)
        return err_set(err, ERR_NOT_FOUND, "%s", text);
    return feed_remark_add(tape_feed(im->tape), err, "%s", text);
}

enum err_code lean_import_file(struct lean_import *im, struct lean_file *file, const char *path,
                               enum lean_taking taking, struct lean_days *days, bool required,
                               struct lean_file_found *found, struct err *err)
{
    const char *const hint = file->is_option
                                 ? "; options=no reads the underlying alone, missing=skip what there is"
                                 : "; missing=skip reads what there is";

    *found = (struct lean_file_found){.first_day = CIVIL_DAY_NONE, .last_day = CIVIL_DAY_NONE};
    if (!source_file_exists(im->dir, path)) {
        if (required && !im->skip_missing)
            return lean_folder_missing(im->dir, path, hint, err);
        return feed_remark_add(tape_feed(im->tape), err, "%s is not there", path);
    }
    enum err_code rc = source_file_read(im->dir, path, &file->source, err);
    if (rc)
        return rc;
    if (taking == LEAN_WHOLE) {
        rc = source_file_refuse_seen(&file->source, im->context, err);
    } else {
        rc = refuse_overlap(im, &file->source, days, err);
        source_file_mark_range(&file->source, days->rows[0].session.day,
                               days->rows[days->count - 1].session.day);
    }
    if (!rc)
        rc = lean_file_read(file, days, im->tape, found, err);
    if (!rc && found->rows == 0)
        rc = no_rows(im, file, days, required, found, err);
    source_file_release(&file->source);
    return rc;
}

enum err_code lean_import_note_file(struct lean_import *im, const struct source_file *source, size_t rows,
                                    uint16_t *index, struct err *err)
{
    const enum err_code rc = tape_source(im->tape, source, index, err);

    if (!rc)
        tape_rows_used(im->tape, *index, (int64_t)rows);
    return rc;
}

/* The ticker a listing had that day is the one its files are named for. */
static enum err_code check_ticker(const struct lean_import *im, const char *map_path, struct err *err)
{
    char day[INSTANT_TEXT_SIZE];
    char upper[LEAN_TICKER_SIZE] = "";

    if (im->date == CIVIL_DAY_NONE)
        return ERR_OK; /* day by day, in lean_daily.c */
    const char *const ticker = lean_map_ticker(&im->map, im->listing.ticker, im->date);
    civil_format(day, im->date);
    if (!ticker)
        return err_set(err, ERR_INPUT, "%s did not trade on %s (%s)", im->underlying.text, day, map_path);
    if (strcmp(ticker, im->listing.ticker) == 0)
        return ERR_OK;
    for (size_t i = 0; ticker[i]; i++)
        upper[i] = (char)toupper((unsigned char)ticker[i]);
    return err_set(err, ERR_INPUT,
                   "what is %s today traded as %s on %s (%s): say underlying=%s, or a later date",
                   im->underlying.text, upper, day, map_path, upper);
}

static enum err_code read_map(struct lean_import *im, struct err *err)
{
    const struct lean_path path = lean_folder_map(im->listing.ticker);
    struct source_file source = {0};
    uint16_t index = 0;

    if (im->listing.is_index || !source_file_exists(im->dir, path.text))
        return ERR_OK; /* without a map, the ticker was always the same */
    enum err_code rc = source_file_read(im->dir, path.text, &source, err);
    if (rc)
        return rc;
    if (lean_map_parse(&im->map, (const char *)source.bytes, source.size, err))
        rc = err_wrap(err, "%s", path.text);
    if (!rc)
        rc = lean_import_note_file(im, &source, im->map.count, &index, err);
    source_file_release(&source);
    return rc ? rc : check_ticker(im, path.text, err);
}

/* -- the day -------------------------------------------------------------------------------------------- */

static int64_t period_ns(enum lean_resolution resolution)
{
    static const int64_t PERIODS[] = {NS_PER_MINUTE, NS_PER_HOUR, NS_PER_DAY};

    return PERIODS[resolution];
}

static struct lean_file underlying_file(const struct lean_import *im, enum lean_kind kind,
                                        enum lean_resolution resolution)
{
    const bool index = im->listing.is_index;

    return (struct lean_file){
        .format = {.kind = kind,
                   .stamp = resolution == LEAN_MINUTE ? LEAN_MILLISECONDS : LEAN_DATE_TIME,
                   .price = index ? LEAN_DECIMAL : LEAN_DECI_CENT},
        .period_ns = period_ns(resolution),
        .is_chicago = index,
        .underlying = im->underlying,
        .file_day = resolution == LEAN_MINUTE ? im->date : CIVIL_DAY_NONE,
    };
}

static struct lean_days one_day(const struct lean_import *im, struct lean_day *day)
{
    *day = (struct lean_day){0};
    lean_day_init(day, &im->session);
    return (struct lean_days){day, 1};
}

enum err_code lean_import_minutes(struct lean_import *im, enum lean_kind kind, bool required, struct err *err)
{
    struct lean_day day;
    struct lean_days days = one_day(im, &day);
    struct lean_file file = underlying_file(im, kind, LEAN_MINUTE);
    struct lean_file_found found;
    const struct lean_path path = lean_folder_underlying(&im->listing, LEAN_MINUTE, kind, im->date);

    return lean_import_file(im, &file, path.text, LEAN_WHOLE, &days, required, &found, err);
}

/* The hour file where it has the day, else the minutes: finer, and as true. */
static enum err_code import_hours(struct lean_import *im, struct err *err)
{
    struct lean_day day;
    struct lean_days days = one_day(im, &day);
    struct lean_file file = underlying_file(im, LEAN_TRADE, LEAN_HOUR);
    struct lean_file_found found;
    const struct lean_path path = lean_folder_underlying(&im->listing, LEAN_HOUR, LEAN_TRADE, im->date);
    enum err_code rc = lean_import_file(im, &file, path.text, LEAN_PART, &days, false, &found, err);

    if (rc || found.rows > 0)
        return rc;
    rc = feed_remark_add(tape_feed(im->tape), err, "the underlying is read by the minute instead");
    return rc ? rc : lean_import_minutes(im, LEAN_TRADE, true, err);
}

static enum err_code import_underlying(struct lean_import *im, struct err *err)
{
    enum err_code rc = ERR_OK;

    switch (im->resolution) {
    case LEAN_MINUTE:
        rc = lean_import_minutes(im, LEAN_TRADE, true, err);
        if (!rc && !im->listing.is_index)
            rc = lean_import_minutes(im, LEAN_QUOTE, false, err);
        return rc;
    case LEAN_HOUR: return import_hours(im, err);
    case LEAN_DAILY: return ERR_OK; /* with the history, in lean_daily.c */
    }
    return rc;
}

static enum err_code import_option_kind(struct lean_import *im, const char *root, enum lean_kind kind,
                                        bool required, struct err *err)
{
    struct lean_day day;
    struct lean_days days = one_day(im, &day);
    struct lean_file file = underlying_file(im, kind, im->resolution);
    struct lean_file_found found;
    const struct lean_path path =
        lean_folder_option(im->dir, im->listing.is_index, root, im->resolution, kind, im->date);

    file.format.price = LEAN_DECI_CENT; /* also those of index options, whose index is in decimals */
    file.is_chicago = false;
    file.is_option = true;
    snprintf(file.root, sizeof file.root, "%s", root);
    return lean_import_file(im, &file, path.text, im->resolution == LEAN_MINUTE ? LEAN_WHOLE : LEAN_PART,
                            &days, required, &found, err);
}

/* All three kinds under one root; quotes are what must be there. */
static enum err_code import_root(struct lean_import *im, const char *root, bool required, struct err *err)
{
    enum err_code rc = import_option_kind(im, root, LEAN_QUOTE, required, err);

    if (!rc)
        rc = import_option_kind(im, root, LEAN_TRADE, false, err);
    if (!rc)
        rc = import_option_kind(im, root, LEAN_OPEN_INTEREST, false, err);
    return rc;
}

static enum err_code import_options(struct lean_import *im, struct err *err)
{
    const struct lean_index *const index = find_index(im->listing.ticker);
    bool any = false;
    enum err_code rc = ERR_OK;

    if (!index)
        return import_root(im, im->listing.ticker, true, err);
    /* One root may be missing (SPX has few days), not all: the last one is required when none was there. */
    for (size_t i = 0; index->roots[i] && !rc; i++) {
        const struct lean_path path =
            lean_folder_option(im->dir, true, index->roots[i], im->resolution, LEAN_QUOTE, im->date);
        any = any || source_file_exists(im->dir, path.text);
        rc = import_root(im, index->roots[i], !any && !index->roots[i + 1], err);
    }
    return rc;
}

static enum err_code add_clock(struct lean_import *im, struct err *err)
{
    static const int64_t STEPS[] = {NS_PER_MINUTE, NS_PER_HOUR, 0};
    const struct session *const s = &im->session;
    const int64_t step = STEPS[im->resolution];
    enum err_code rc = tape_clock(im->tape, s->open_ns, PHASE_OPEN, s->day, err);

    if (step) { /* on the full minute or hour */
        for (int64_t at = s->open_ns - s->open_ns % step + step; at < s->close_ns && !rc; at += step)
            rc = tape_clock(im->tape, at, PHASE_TICK, s->day, err);
    }
    return rc ? rc : tape_clock(im->tape, s->close_ns, PHASE_CLOSE, s->day, err);
}

static enum err_code import_day(struct lean_import *im, struct err *err)
{
    enum err_code rc = import_underlying(im, err);

    if (!rc && im->options)
        rc = import_options(im, err);
    if (!rc)
        rc = lean_daily_import(im, err);
    if (!rc && im->clock)
        rc = add_clock(im, err);
    return rc;
}

static enum err_code check_folder(const struct lean_import *im, struct err *err)
{
    struct stat st;

    if (stat(im->dir, &st) || !S_ISDIR(st.st_mode))
        return err_set(err, ERR_NOT_FOUND, "%s is no folder", im->dir);
    if (!source_file_exists(im->dir, "equity/usa") && !source_file_exists(im->dir, "index/usa"))
        return err_set(err, ERR_NOT_FOUND, "%s has neither equity/usa nor index/usa: name LEAN's data folder",
                       im->dir);
    return ERR_OK;
}

static void name_feed(struct lean_import *im, const char *resolution)
{
    struct feed *const f = tape_feed(im->tape);
    char a[INSTANT_TEXT_SIZE];
    char b[INSTANT_TEXT_SIZE];

    if (im->date != CIVIL_DAY_NONE) {
        civil_format(a, im->date);
        snprintf(f->name, sizeof f->name, "lean %s %s %s", im->underlying.text, a, resolution);
        return;
    }
    civil_format(a, im->from);
    civil_format(b, im->to);
    snprintf(f->name, sizeof f->name, "lean %s %s..%s %s", im->underlying.text, a, b, resolution);
}

enum err_code feed_lean_open(const struct feed_spec *spec, const struct feed_context *context,
                             struct feed **f, struct err *err)
{
    struct lean_import *const im = calloc(1, sizeof *im);
    const char *const resolution = feed_spec_get(spec, "resolution");

    if (!im)
        return err_set(err, ERR_MEMORY, "feed: out of memory");
    im->dir = spec->dir;
    im->context = context;
    enum err_code rc = parse_request(im, spec, err);
    if (!rc)
        rc = check_folder(im, err);
    if (!rc)
        rc = tape_new("lean", "feed:lean", &im->tape, err);
    if (!rc) {
        tape_expect_every(im->tape, period_ns(im->resolution));
        name_feed(im, resolution ? resolution : "minute");
        rc = read_map(im, err);
    }
    if (!rc)
        rc = im->date == CIVIL_DAY_NONE ? lean_daily_import(im, err) : import_day(im, err);
    if (!rc)
        rc = tape_finish(im->tape, err);
    if (!rc && tape_feed(im->tape)->counts.rows == 0)
        rc = err_set(err, ERR_NOT_FOUND, "%s: nothing of %s is there", im->dir, tape_feed(im->tape)->name);
    if (!rc)
        *f = tape_feed(im->tape);
    else if (im->tape)
        feed_close(tape_feed(im->tape));
    free(im);
    return rc;
}
