/*
 * The feed `spx-eod`: the end-of-day chains of SPX, one YYYYMMDD.csv.gz a session, onto a tape.
 *
 * A file is a snapshot from late in its session. It is recorded a minute before the session's close, followed by
 * the one tick of the day, so that what is decided on it can still be traded in that session. The files have no
 * sizes: `size_assumed` contracts stand on each side that has a price. Files of days without a session are
 * refused by the calendar, and told.
 */
#include "gateway/feed_impl.h"

#include "gateway/spx_row.h"
#include "gateway/tape.h"

#include "market/calendar.h"
#include "market/quality.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define BEFORE_CLOSE_NS      NS_PER_MINUTE
#define SIZE_ASSUMED_DEFAULT 10
#define FILES_MAX            10000
#define MISSING_SHOWN        20
#define UNPACKED_MAX         (256u << 20) /* bytes of one file */
#define SUFFIX               ".csv.gz"

struct spx_import {
    const char *dir;
    const struct feed_context *context;
    civil_day from; /* CIVIL_DAY_NONE: from the first file */
    civil_day to;
    int64_t open_interest; /* 0 or 1 */
    int64_t size_assumed;
    struct symbol index; /* SPX */
    struct tape *tape;
    uint32_t index_number; /* of SPX on the tape */
    civil_day *files;      /* in order */
    size_t file_count;
    civil_day last_session; /* the newest file of a session, and its index level */
    int64_t last_nano;
    size_t missing; /* sessions in between without a file; the first of them in words */
    char missing_list[MISSING_SHOWN * 12];
};

/* One file while it is being read. */
struct spx_file {
    struct source_file source;
    char *text;
    size_t size;
    struct spx_head head;
    struct session session;
    uint16_t number; /* on the tape */
};

/* -- the folder ----------------------------------------------------------------------------------------- */

static int compare_days(const void *a, const void *b)
{
    const civil_day x = *(const civil_day *)a;
    const civil_day y = *(const civil_day *)b;

    return x < y ? -1 : x > y;
}

static bool is_wanted(const struct spx_import *im, const char *name, civil_day *day)
{
    if (strlen(name) != 8 + strlen(SUFFIX) || strcmp(name + 8, SUFFIX) != 0 ||
        civil_parse(name, 8, day, NULL))
        return false;
    return (im->from == CIVIL_DAY_NONE || *day >= im->from) && (im->to == CIVIL_DAY_NONE || *day <= im->to);
}

/* Files that are there and not asked for. */
struct others {
    size_t count;
    civil_day first;
    civil_day last;
};

static void note_other(struct others *o, civil_day day)
{
    if (o->count == 0 || day < o->first)
        o->first = day;
    if (o->count == 0 || day > o->last)
        o->last = day;
    o->count++;
}

static enum err_code nothing_there(const struct spx_import *im, const struct others *o, struct err *err)
{
    char first[INSTANT_TEXT_SIZE];
    char last[INSTANT_TEXT_SIZE];

    if (o->count == 0)
        return err_set(err, ERR_NOT_FOUND, "%s has no file YYYYMMDD%s", im->dir, SUFFIX);
    civil_format(first, o->first);
    civil_format(last, o->last);
    return err_set(err, ERR_NOT_FOUND, "%s has %zu files YYYYMMDD%s, of %s to %s: none of the days asked for",
                   im->dir, o->count, SUFFIX, first, last);
}

static enum err_code list_files(struct spx_import *im, struct err *err)
{
    const struct spx_import all = {.from = CIVIL_DAY_NONE, .to = CIVIL_DAY_NONE};
    struct others others = {0, CIVIL_DAY_NONE, CIVIL_DAY_NONE};
    DIR *const d = opendir(im->dir);

    if (!d)
        return err_set(err, ERR_NOT_FOUND, "%s: %s", im->dir, strerror(errno));
    im->files = calloc(FILES_MAX, sizeof *im->files);
    for (const struct dirent *e = readdir(d); e && im->files && im->file_count < FILES_MAX; e = readdir(d)) {
        civil_day day = 0;
        if (is_wanted(im, e->d_name, &day))
            im->files[im->file_count++] = day;
        else if (is_wanted(&all, e->d_name, &day))
            note_other(&others, day);
    }
    closedir(d);
    if (!im->files)
        return err_set(err, ERR_MEMORY, "feed: out of memory");
    if (im->file_count == 0)
        return nothing_there(im, &others, err);
    if (im->file_count == FILES_MAX)
        return err_set(err, ERR_INPUT, "more than %d files: narrow it with from= and to=", FILES_MAX - 1);
    qsort(im->files, im->file_count, sizeof *im->files, compare_days);
    return ERR_OK;
}

/* -- one file ------------------------------------------------------------------------------------------- */

static enum err_code damaged(const struct spx_file *file, const char *what, struct err *err)
{
    return err_set(err, ERR_INPUT, "%s: %s; the file is damaged: fetch it again", file->source.path, what);
}

/* Unpacks step by step into file->text. */
static enum err_code inflate_all(struct spx_file *file, z_stream *z, struct err *err)
{
    size_t capacity = 0;
    int status = Z_OK;

    while (status == Z_OK) {
        if (file->size == capacity) {
            const size_t wanted = capacity ? capacity * 2 : (size_t)1 << 20;
            if (wanted > UNPACKED_MAX)
                return err_set(err, ERR_INPUT, "%s: unpacked it is larger than any such file",
                               file->source.path);
            char *const grown = realloc(file->text, wanted);
            if (!grown)
                return err_set(err, ERR_MEMORY, "%s: out of memory", file->source.path);
            file->text = grown;
            capacity = wanted;
        }
        z->next_out = (Bytef *)file->text + file->size;
        z->avail_out = (uInt)(capacity - file->size);
        status = inflate(z, Z_NO_FLUSH);
        file->size = capacity - z->avail_out;
    }
    if (status == Z_BUF_ERROR)
        return damaged(file, "it ends too early", err);
    if (status != Z_STREAM_END)
        return damaged(file, z->msg ? z->msg : "no gzip data", err);
    if (z->avail_in > 0)
        return damaged(file, "there is more after the end of its data", err);
    return ERR_OK;
}

static enum err_code unpack(struct spx_file *file, struct err *err)
{
    z_stream z = {.next_in = file->source.bytes, .avail_in = (uInt)file->source.size};

    if (inflateInit2(&z, 15 + 16) != Z_OK) /* largest window; gzip, with its checksum */
        return err_set(err, ERR_MEMORY, "%s: out of memory", file->source.path);
    const enum err_code rc = inflate_all(file, &z, err);
    inflateEnd(&z);
    return rc;
}

/* The next line of the text from *at; false at the end. */
static bool next_line(const struct spx_file *file, size_t *at, const char **line, size_t *length)
{
    if (*at >= file->size)
        return false;
    const char *const begin = file->text + *at;
    const char *const newline = memchr(begin, '\n', file->size - *at);
    size_t n = newline ? (size_t)(newline - begin) : file->size - *at;
    *at += n + 1;
    if (n && begin[n - 1] == '\r')
        n--;
    *line = begin;
    *length = n;
    return true;
}

static enum err_code read_head(struct spx_file *file, civil_day day, size_t *at, struct err *err)
{
    const char *line = NULL;
    size_t length = 0;
    char named[INSTANT_TEXT_SIZE];

    if (!next_line(file, at, &line, &length))
        return err_set(err, ERR_INPUT, "%s: it is empty", file->source.path);
    if (spx_head_parse(line, length, &file->head, err))
        return err_wrap(err, "%s, line 1", file->source.path);
    civil_format(named, file->head.day);
    if (file->head.day != day)
        return err_set(err, ERR_INPUT, "%s, line 1: quote_date is %s", file->source.path, named);
    if (!next_line(file, at, &line, &length) || length != strlen(SPX_ROW_COLUMNS) ||
        memcmp(line, SPX_ROW_COLUMNS, length) != 0)
        return err_set(err, ERR_INPUT, "%s, line 2: the columns are not %s", file->source.path,
                       SPX_ROW_COLUMNS);
    return ERR_OK;
}

static enum err_code add_malformed(struct spx_import *im, const struct tape_event *at,
                                   const struct spx_file *file, const struct err *why, struct err *err)
{
    struct tape_event e = *at;
    char text[500];

    snprintf(text, sizeof text, "line %" PRIu32 " of %.100s: %.300s; nothing else is recorded of it", e.line,
             file->source.path, why->text);
    e.as.finding.kind = FINDING_MALFORMED;
    e.as.finding.bid = PRICE_NONE;
    e.as.finding.ask = PRICE_NONE;
    return tape_instead(im->tape, &e, text, err);
}

static enum err_code add_row(struct spx_import *im, const struct tape_event *at, const struct spx_row *row,
                             struct err *err)
{
    const enum finding finding = quality_refuse(row->bid, row->ask);
    struct tape_event e = *at;

    if (finding) {
        e.as.finding.kind = finding;
        e.as.finding.bid = row->bid;
        e.as.finding.ask = row->ask;
        return tape_instead(im->tape, &e, NULL, err);
    }
    e.type = TAPE_QUOTE;
    e.flags = TAPE_IN_SESSION;
    e.as.quote.bid = row->bid;
    e.as.quote.ask = row->ask;
    e.as.quote.bid_size = row->bid == PRICE_NONE ? 0 : im->size_assumed;
    e.as.quote.ask_size = row->ask == PRICE_NONE ? 0 : im->size_assumed;
    return tape_entry(im->tape, &e, err);
}

/* Open interest has no row of its own: it rides on the quote's, and is told beside it. */
static enum err_code add_open_interest(struct spx_import *im, const struct tape_event *at,
                                       const struct spx_row *row, struct err *err)
{
    struct tape_event e = *at;

    e.type = TAPE_OPEN_INTEREST;
    e.as.contracts = row->open_interest;
    return tape_extra(im->tape, &e, err);
}

static enum err_code read_line(struct spx_import *im, struct spx_file *file, const char *line, size_t length,
                               uint32_t number, struct err *err)
{
    struct tape_event e = {.at_ns = file->session.close_ns - BEFORE_CLOSE_NS,
                           .instrument = im->index_number,
                           .line = number,
                           .session = file->session.day,
                           .source = file->number};
    struct spx_row row;
    struct err why;
    const enum err_code bad = spx_row_parse(line, length, &row, &why);
    enum err_code rc = ERR_OK;

    if (row.symbol.length)
        rc = tape_instrument(im->tape, &row.symbol, &e.instrument, err);
    if (rc)
        return rc;
    if (bad)
        return add_malformed(im, &e, file, &why, err);
    rc = add_row(im, &e, &row, err);
    if (!rc && im->open_interest)
        rc = add_open_interest(im, &e, &row, err);
    return rc;
}

static enum err_code read_session(struct spx_import *im, struct spx_file *file, size_t at, struct err *err)
{
    const struct session *const s = &file->session;
    struct tape_event mark = {.at_ns = s->close_ns - BEFORE_CLOSE_NS,
                              .instrument = im->index_number,
                              .line = 1,
                              .session = s->day,
                              .source = file->number,
                              .type = TAPE_MARK};
    const char *line = NULL;
    size_t length = 0;
    uint32_t number = 2;

    mark.as.mark.price = file->head.last_nano;
    mark.as.mark.kind = MARK_LAST;
    enum err_code rc = tape_extra(im->tape, &mark, err); /* from the head, not from a row */
    while (!rc && next_line(file, &at, &line, &length))
        rc = read_line(im, file, line, length, ++number, err);
    if (!rc)
        rc = tape_source_end(im->tape, file->number, err);
    if (!rc)
        rc = tape_clock(im->tape, s->open_ns, PHASE_OPEN, s->day, err);
    if (!rc)
        rc = tape_clock(im->tape, s->close_ns - BEFORE_CLOSE_NS, PHASE_TICK, s->day, err);
    return rc ? rc : tape_clock(im->tape, s->close_ns, PHASE_CLOSE, s->day, err);
}

/* A file of a day on which nothing traded. Its rows are passed over; one finding and one remark tell it. */
static enum err_code refuse_day(struct spx_import *im, struct spx_file *file, size_t at, struct err *err)
{
    struct tape_event e = {.at_ns = instant_from_new_york(file->head.day, 16 * NS_PER_HOUR) - BEFORE_CLOSE_NS,
                           .instrument = im->index_number,
                           .session = file->head.day,
                           .source = file->number};
    char day[INSTANT_TEXT_SIZE];
    char before[INSTANT_TEXT_SIZE];
    char text[300];
    const char *line = NULL;
    size_t length = 0;
    int64_t skipped = 0;

    while (next_line(file, &at, &line, &length))
        skipped++;
    tape_skip(im->tape, skipped);
    civil_format(day, file->head.day);
    civil_format(before, im->last_session);
    const bool repeats = im->last_session != CIVIL_DAY_NONE && file->head.last_nano == im->last_nano;
    snprintf(text, sizeof text, "%s is no session (%s): the file %s%s; skipped, %" PRId64 " rows", day,
             calendar_closed_reason(file->head.day), repeats ? "repeats " : "is not a session's",
             repeats ? before : "", skipped);
    e.as.finding.kind = FINDING_LATE;
    e.as.finding.bid = PRICE_NONE;
    e.as.finding.ask = PRICE_NONE;
    const enum err_code rc = tape_beside(im->tape, &e, text, err);
    return rc ? rc : feed_remark_add(tape_feed(im->tape), err, "%s", text);
}

/* Sessions between the file before and this one that have no file. */
static void note_missing(struct spx_import *im, civil_day day)
{
    if (im->last_session == CIVIL_DAY_NONE)
        return;
    for (civil_day d = calendar_next_session(im->last_session); d != CIVIL_DAY_NONE && d < day;
         d = calendar_next_session(d)) {
        const size_t used = strlen(im->missing_list);
        char text[INSTANT_TEXT_SIZE];
        if (im->missing++ >= MISSING_SHOWN)
            continue;
        civil_format(text, d);
        snprintf(im->missing_list + used, sizeof im->missing_list - used, "%s%.10s", used ? ", " : "", text);
    }
}

static enum err_code read_file(struct spx_import *im, struct spx_file *file, civil_day day, struct err *err)
{
    size_t at = 0;
    enum err_code rc = source_file_refuse_seen(&file->source, im->context, err);

    if (!rc)
        rc = unpack(file, err);
    if (!rc)
        rc = read_head(file, day, &at, err);
    if (!rc)
        rc = tape_source(im->tape, &file->source, &file->number, err);
    if (rc)
        return rc;
    if (!calendar_session(day, &file->session))
        return refuse_day(im, file, at, err);
    note_missing(im, day);
    im->last_session = day;
    im->last_nano = file->head.last_nano;
    return read_session(im, file, at, err);
}

static enum err_code read_day(struct spx_import *im, civil_day day, struct err *err)
{
    struct spx_file file = {0};
    char path[32];
    int year = 0;
    int month = 0;
    int day_of_month = 0;

    civil_to_ymd(day, &year, &month, &day_of_month);
    snprintf(path, sizeof path, "%04d%02d%02d" SUFFIX, year, month, day_of_month);
    enum err_code rc = source_file_read(im->dir, path, &file.source, err);
    if (!rc)
        rc = read_file(im, &file, day, err);
    source_file_release(&file.source);
    free(file.text);
    return rc;
}

/* -- all of it ------------------------------------------------------------------------------------------ */

static enum err_code parse_request(struct spx_import *im, const struct feed_spec *spec, struct err *err)
{
    im->dir = spec->dir;
    im->from = im->to = im->last_session = CIVIL_DAY_NONE;
    im->size_assumed = SIZE_ASSUMED_DEFAULT;
    enum err_code rc = feed_spec_day(spec, "from", &im->from, err);
    if (!rc)
        rc = feed_spec_day(spec, "to", &im->to, err);
    if (!rc)
        rc = feed_spec_integer(spec, "openinterest", 0, 1, &im->open_interest, err);
    if (!rc)
        rc = feed_spec_integer(spec, "size_assumed", 1, 1000000, &im->size_assumed, err);
    if (!rc)
        rc = symbol_parse("SPX", 3, &im->index, err);
    return rc;
}

static enum err_code read_all(struct spx_import *im, struct err *err)
{
    struct feed *const f = tape_feed(im->tape);
    char a[INSTANT_TEXT_SIZE];
    char b[INSTANT_TEXT_SIZE];
    enum err_code rc = tape_instrument(im->tape, &im->index, &im->index_number, err);

    for (size_t i = 0; i < im->file_count && !rc; i++)
        rc = read_day(im, im->files[i], err);
    if (rc)
        return rc;
    civil_format(a, im->files[0]);
    civil_format(b, im->files[im->file_count - 1]);
    snprintf(f->name, sizeof f->name, "spx-eod SPX %s..%s", a, b);
    if (im->missing)
        rc = feed_remark_add(f, err, "%zu sessions from %s to %s have no file: %s%s", im->missing, a, b,
                             im->missing_list, im->missing > MISSING_SHOWN ? " ..." : "");
    if (!rc)
        rc =
            feed_remark_add(f, err, "the files have no sizes: %" PRId64 " contracts are assumed on each side",
                            im->size_assumed);
    return rc ? rc : tape_finish(im->tape, err);
}

enum err_code feed_spx_eod_open(const struct feed_spec *spec, const struct feed_context *context,
                                struct feed **f, struct err *err)
{
    struct spx_import im = {.context = context};
    enum err_code rc = parse_request(&im, spec, err);

    if (!rc)
        rc = list_files(&im, err);
    if (!rc)
        rc = tape_new("spx-eod", "feed:spx-eod", &im.tape, err);
    if (!rc)
        rc = read_all(&im, err);
    free(im.files);
    if (!rc)
        *f = tape_feed(im.tape);
    else if (im.tape)
        feed_close(tape_feed(im.tape));
    return rc;
}
