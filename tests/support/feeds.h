/*
 * Market data files of a test's own, and feeds told as text.
 *
 *   struct files f;
 *   files_init(&f);                                     a folder of its own
 *   files_zip(&f, "equity/usa/daily/goog.zip", "goog.csv", "20151223 00:00,1,2,1,2,10\n", NULL);
 *   files_gzip(&f, "20190503.csv.gz", "...");
 *   struct feed *feed = feeds_open(&f, "lean:%s,underlying=GOOG,date=2015-12-24", NULL);
 *   feeds_told(feed, (const char *[]){"open_interest GOOG  151224P00750000 3 at 06:31:00", NULL});
 *
 * Real data: feeds_real("data/lean") gives the folder, or skips the test aloud.
 */
#ifndef TESTS_SUPPORT_FEEDS_H
#define TESTS_SUPPORT_FEEDS_H

#include "gateway/feed.h"

#include <errno.h>
#include <ftw.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zip.h>
#include <zlib.h>

#include <cmocka.h>

struct files {
    char dir[200];
};

static inline void files_init(struct files *f)
{
    const char *const tmp = getenv("TMPDIR");

    snprintf(f->dir, sizeof f->dir, "%s/ledger-feeds-XXXXXX", tmp && strlen(tmp) < 150 ? tmp : "/tmp");
    REQUIRE(mkdtemp(f->dir));
}

static inline int files_remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

static inline void files_release(struct files *f)
{
    REQUIRE(nftw(f->dir, files_remove_one, 16, FTW_DEPTH | FTW_PHYS) == 0);
}

/* The full path, with its folders made. */
static inline void files_path(const struct files *f, const char *relative, char out[512])
{
    snprintf(out, 512, "%s/%s", f->dir, relative);
    for (char *slash = strchr(out + strlen(f->dir) + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        REQUIRE(mkdir(out, 0777) == 0 || errno == EEXIST);
        *slash = '/';
    }
}

static inline void files_write(const struct files *f, const char *relative, const void *bytes, size_t size)
{
    char path[512];

    files_path(f, relative, path);
    FILE *const out = fopen(path, "wb");
    REQUIRE(out);
    REQUIRE(fwrite(bytes, 1, size, out) == size);
    REQUIRE(fclose(out) == 0);
}

static inline void files_text(const struct files *f, const char *relative, const char *text)
{
    files_write(f, relative, text, strlen(text));
}

static inline void files_remove(const struct files *f, const char *relative)
{
    char path[512];

    files_path(f, relative, path);
    REQUIRE(unlink(path) == 0);
}

/* Reads a file back; free() it. */
static inline char *files_read(const struct files *f, const char *relative, size_t *size)
{
    char path[512];

    files_path(f, relative, path);
    FILE *const in = fopen(path, "rb");
    REQUIRE(in);
    char *const bytes = malloc(1u << 20);
    REQUIRE(bytes);
    *size = fread(bytes, 1, 1u << 20, in);
    fclose(in);
    return bytes;
}

/* A zip of entries: name, text, name, text, ..., NULL. */
static inline void files_zip(const struct files *f, const char *relative, ...)
{
    char path[512];
    int fault = 0;
    va_list args;

    files_path(f, relative, path);
    zip_t *const zip = zip_open(path, ZIP_CREATE | ZIP_TRUNCATE, &fault);
    REQUIRE(zip);
    va_start(args, relative);
    for (const char *name = va_arg(args, const char *); name; name = va_arg(args, const char *)) {
        const char *const text = va_arg(args, const char *);
        zip_source_t *const source = zip_source_buffer(zip, text, strlen(text), 0);
        REQUIRE(source && zip_file_add(zip, name, source, ZIP_FL_ENC_UTF_8) >= 0);
    }
    va_end(args);
    REQUIRE(zip_close(zip) == 0);
}

static inline void files_gzip(const struct files *f, const char *relative, const char *text)
{
    char path[512];

    files_path(f, relative, path);
    const gzFile out = gzopen(path, "wb");
    REQUIRE(out);
    REQUIRE(gzwrite(out, text, (unsigned)strlen(text)) == (int)strlen(text));
    REQUIRE(gzclose(out) == Z_OK);
}

/* The folder of real data, or NULL after skipping the test aloud. */
static inline const char *feeds_real(const char *relative)
{
    static char dir[1024];
    const char *const root = getenv("LEDGER_SHARED");

    snprintf(dir, sizeof dir, "%s/%s", root ? root : "", relative);
    if (!root || access(dir, R_OK)) {
        print_message("skipped: %s is not in $LEDGER_SHARED (%s)\n", relative, root ? root : "not set");
        skip();
        abort(); /* skip() does not return; the compiler cannot know */
    }
    return dir;
}

/* Opens a specification in which %s is the folder. What fails stops the test with the error's words. */
static inline struct feed *feeds_open(const char *dir, const char *spec, const struct feed_context *context)
{
    char text[FEED_SPEC_MAX];
    struct feed *f = NULL;
    struct err err;
    const char *const hole = strstr(spec, "%s");

    REQUIRE(hole);
    snprintf(text, sizeof text, "%.*s%s%s", (int)(hole - spec), spec, dir, hole + 2);
    if (feed_open(text, context, &f, &err))
        fail_msg("%s: %s", text, err.text);
    return f;
}

/* Opens one that must be refused with this code, and with these words somewhere. */
static inline void feeds_refused(const char *dir, const char *spec, const struct feed_context *context,
                                 enum err_code code, const char *words)
{
    char text[FEED_SPEC_MAX];
    struct feed *f = NULL;
    struct err err = {0};
    const char *const hole = strstr(spec, "%s");

    snprintf(text, sizeof text, "%.*s%s%s", (int)(hole ? hole - spec : 0), spec, hole ? dir : "",
             hole ? hole + 2 : spec);
    const enum err_code rc = feed_open(text, context, &f, &err);
    if (!rc)
        fail_msg("%s: should be refused: %s", text, words);
    if (rc != code || !strstr(err.text, words))
        fail_msg("%s:\n  got   %s: %s\n  wants %s: %s", text, err_code_name(rc), err.text,
                 err_code_name(code), words);
    assert_null(f);
}

static inline const char *feeds_price(int64_t nano)
{
    static char out[8][DECIMAL_TEXT_SIZE];
    static unsigned turn;
    char *const text = out[turn++ % 8];

    if (nano == PRICE_NONE)
        return "-";
    decimal_format(text, nano, PRICE_DECIMALS);
    return text;
}

/* One draft as a line: "quote SPY 1.5x2/1.6x3 at 09:31:00"; the day is told when it is not that of the line before. */
static inline void feeds_line(const struct entry *e, char out[600])
{
    char at[INSTANT_TEXT_SIZE] = "-";
    char day[INSTANT_TEXT_SIZE];
    size_t used = 0;

    if (e->at_ns != INSTANT_NONE)
        instant_format_new_york(at, e->at_ns);
    switch ((int)e->kind) {
    case ENTRY_CONTROL_SOURCE: {
        const struct entry_control_source *const s = &e->as.control_source;
        snprintf(out, 600, "source %s %.*s: %" PRId64 " rows, %" PRId64 " entries, %" PRId64 " findings",
                 s->source.text, s->path.length, s->path.bytes, s->rows, s->entries, s->findings);
        return;
    }
    case ENTRY_PERCEPTION_QUOTE: {
        const struct entry_perception_quote *const q = &e->as.perception_quote;
        used = (size_t)snprintf(out, 600, "quote %s %sx%" PRId64 "/%sx%" PRId64, q->symbol.text,
                                feeds_price(q->bid), q->bid_size, feeds_price(q->ask), q->ask_size);
        break;
    }
    case ENTRY_PERCEPTION_BAR: {
        const struct entry_perception_bar *const b = &e->as.perception_bar;
        used = (size_t)snprintf(out, 600, "bar %s %s %s %s %s %" PRId64 " of %" PRId64 " s", b->symbol.text,
                                feeds_price(b->open), feeds_price(b->high), feeds_price(b->low),
                                feeds_price(b->close), b->volume, b->period_s);
        break;
    }
    case ENTRY_PERCEPTION_MARK:
        used = (size_t)snprintf(out, 600, "mark %s %s %s", e->as.perception_mark.symbol.text,
                                feeds_price(e->as.perception_mark.price),
                                entry_enum_names(FIELD_MARK)[e->as.perception_mark.mark]);
        break;
    case ENTRY_PERCEPTION_OPEN_INTEREST:
        used = (size_t)snprintf(out, 600, "open_interest %s %" PRId64,
                                e->as.perception_open_interest.symbol.text,
                                e->as.perception_open_interest.contracts);
        break;
    case ENTRY_PERCEPTION_CLOCK:
        civil_format(day, e->as.perception_clock.session);
        used = (size_t)snprintf(out, 600, "clock %s of %s",
                                entry_enum_names(FIELD_PHASE)[e->as.perception_clock.phase], day);
        break;
    case ENTRY_PERCEPTION_DATA_QUALITY:
        used = (size_t)snprintf(out, 600, "%s %s",
                                entry_enum_names(FIELD_FINDING)[e->as.perception_data_quality.finding],
                                e->as.perception_data_quality.symbol.text);
        break;
    default: fail_msg("a feed yields no entry of kind %u", (unsigned)e->kind);
    }
    snprintf(out + used, 600 - used, " at %s", at);
}

/* Plays the feed to its end and compares it, line by line; closes it. */
static inline void feeds_told(struct feed *f, const char *const *lines)
{
    static struct entry e;
    size_t i = 0;

    for (;; i++) {
        char line[600];
        bool found = false;
        struct err err;
        if (feed_next(f, &e, &found, &err))
            fail_msg("line %zu: %s", i + 1, err.text);
        if (!found)
            break;
        if (entry_check(&e, &err))
            fail_msg("line %zu: %s", i + 1, err.text);
        feeds_line(&e, line);
        if (!lines[i] || strcmp(lines[i], line) != 0)
            fail_msg("line %zu:\n  got   %s\n  wants %s", i + 1, line, lines[i] ? lines[i] : "the end");
    }
    if (lines[i])
        fail_msg("line %zu: the end, and not %s", i + 1, lines[i]);
    feed_close(f);
}

/* Plays the feed to its end, counting drafts by kind and checking order and form; the feed stays open. */
struct feeds_sum {
    int64_t drafts;
    int64_t quotes;
    int64_t bars;
    int64_t marks;
    int64_t open_interest;
    int64_t findings[FEED_FINDINGS];
    int64_t clocks;
    int64_t sources;
    uint64_t digest; /* of the encoded drafts, FNV-1a */
};

static inline void feeds_add(struct feeds_sum *sum, const struct entry *e)
{
    static uint8_t bytes[ENTRY_MAX_SIZE];
    struct wire_out out;
    struct err err;

    wire_out_init(&out, bytes, sizeof bytes);
    if (entry_check(e, &err) || entry_encode(e, &out, &err))
        fail_msg("draft %" PRId64 ": %s", sum->drafts + 1, err.text);
    for (size_t i = 0; i < wire_out_size(&out); i++)
        sum->digest = (sum->digest ^ bytes[i]) * UINT64_C(1099511628211);
    sum->drafts++;
    sum->quotes += e->kind == ENTRY_PERCEPTION_QUOTE;
    sum->bars += e->kind == ENTRY_PERCEPTION_BAR;
    sum->marks += e->kind == ENTRY_PERCEPTION_MARK;
    sum->open_interest += e->kind == ENTRY_PERCEPTION_OPEN_INTEREST;
    sum->clocks += e->kind == ENTRY_PERCEPTION_CLOCK;
    sum->sources += e->kind == ENTRY_CONTROL_SOURCE;
    if (e->kind == ENTRY_PERCEPTION_DATA_QUALITY)
        sum->findings[e->as.perception_data_quality.finding]++;
}

static inline struct feeds_sum feeds_play(struct feed *f)
{
    static struct entry e;
    struct feeds_sum sum = {.digest = UINT64_C(14695981039346656037)};
    int64_t newest_ns = INT64_MIN;
    bool clock_told = false; /* at newest_ns */

    for (;;) {
        bool found = false;
        struct err err;
        if (feed_next(f, &e, &found, &err))
            fail_msg("draft %" PRId64 ": %s", sum.drafts + 1, err.text);
        if (!found)
            return sum;
        feeds_add(&sum, &e);
        if (e.at_ns == INSTANT_NONE)
            continue;
        const bool is_clock = e.kind == ENTRY_PERCEPTION_CLOCK;
        assert_true(e.at_ns >= newest_ns);
        assert_false(e.at_ns == newest_ns && clock_told); /* the clock is the last word of an instant */
        newest_ns = e.at_ns;
        clock_told = is_clock;
    }
}

/* True when one of the feed's remarks has these words. */
static inline bool feeds_remarked(const struct feed *f, const char *words)
{
    for (size_t i = 0; feed_remark(f, i); i++)
        if (strstr(feed_remark(f, i), words))
            return true;
    return false;
}

#endif
