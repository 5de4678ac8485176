/*
 * Any bytes as a zip of LEAN's data folder. The first byte says as which kind of file; bit 7, that the rest is no
 * archive itself but what goes into one (which no fuzzer would guess, for its checksums): entries parted by zero
 * bytes, each a name, a line end, and its rows. What is read is played to its end.
 */
#include "gateway/lean_file.h"

#include "fuzz.h"
#include "outside.h"

#define IN_ARCHIVE 0x80u
#define DAYS       5

static const struct lean_file FILES[] = {
    {.format = {LEAN_QUOTE, LEAN_MILLISECONDS, LEAN_DECI_CENT},
     .period_ns = NS_PER_MINUTE,
     .is_option = true,
     .root = "goog"},
    {.format = {LEAN_TRADE, LEAN_MILLISECONDS, LEAN_DECI_CENT},
     .period_ns = NS_PER_MINUTE,
     .is_option = true,
     .root = "spxw"},
    {.format = {LEAN_OPEN_INTEREST, LEAN_MILLISECONDS, LEAN_DECI_CENT},
     .period_ns = NS_PER_MINUTE,
     .is_option = true,
     .root = "goog"},
    {.format = {LEAN_QUOTE, LEAN_DATE_TIME, LEAN_DECI_CENT},
     .period_ns = NS_PER_HOUR,
     .is_option = true,
     .root = "goog",
     .file_day = CIVIL_DAY_NONE},
    {.format = {LEAN_TRADE, LEAN_DATE_TIME, LEAN_DECI_CENT},
     .period_ns = NS_PER_DAY,
     .file_day = CIVIL_DAY_NONE},
    {.format = {LEAN_TRADE, LEAN_DATE_TIME, LEAN_DECIMAL},
     .period_ns = NS_PER_HOUR,
     .is_chicago = true,
     .file_day = CIVIL_DAY_NONE},
    {.format = {LEAN_QUOTE, LEAN_MILLISECONDS, LEAN_DECI_CENT}, .period_ns = NS_PER_MINUTE},
};
#define FILES_COUNT (sizeof FILES / sizeof FILES[0])

/* Four sessions in a row before Christmas 2015, the last one short; the one before the last is not asked for. */
static void fill_days(struct lean_day rows[DAYS])
{
    civil_day d = civil_from_ymd(2015, 12, 18);

    for (size_t i = 0; i < DAYS; i++) {
        struct session s;
        REQUIRE(calendar_session(d, &s));
        lean_day_init(&rows[i], &s);
        rows[i].wanted = i != DAYS - 2;
        d = calendar_next_session(d);
    }
}

static bool archive(struct outside_zip *z, const char *text, size_t size)
{
    size_t at = 0;

    z->size = 0;
    z->directory_size = 0;
    z->count = 0;
    while (at < size) {
        const char *const zero = memchr(text + at, '\0', size - at);
        const size_t end = zero ? (size_t)(zero - text) : size;
        const char *const newline = memchr(text + at, '\n', end - at);
        const size_t name_end = newline ? (size_t)(newline - text) : end;
        const size_t rows = newline ? name_end + 1 : end;
        if (!outside_zip_add(z, text + at, name_end - at, text + rows, end - rows))
            return false;
        at = end + 1;
    }
    return outside_zip_end(z);
}

static void read_file(const struct lean_file *file)
{
    struct lean_day rows[DAYS];
    struct lean_days days = {rows, DAYS};
    struct lean_file_found found = {.rows = -1};
    struct tape *t = NULL;
    struct err err = {0};

    fill_days(rows);
    REQUIRE(tape_new("lean", "feed:lean", &t, &err) == ERR_OK);
    const enum err_code rc = lean_file_read(file, &days, t, &found, &err);
    if (rc) {
        REQUIRE(err.code == rc && err.text[0] != '\0' && found.rows == -1);
        feed_close(tape_feed(t));
        return;
    }
    REQUIRE(found.rows >= 0 && found.rows <= feed_counts(tape_feed(t))->rows);
    REQUIRE(tape_finish(t, &err) == ERR_OK);
    outside_play(tape_feed(t));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct outside_zip zip;
    const uint8_t *bytes = data + 1;

    if (size < 1)
        return 0;
    struct lean_file file = FILES[(data[0] & ~IN_ARCHIVE) % FILES_COUNT];
    file.source.size = size - 1;
    if (data[0] & IN_ARCHIVE) {
        if (!archive(&zip, (const char *)data + 1, size - 1))
            return 0;
        bytes = zip.bytes;
        file.source.size = zip.size;
    }
    if (file.file_day != CIVIL_DAY_NONE)
        file.file_day = civil_from_ymd(2015, 12, 24);
    if (!file.is_option)
        REQUIRE(symbol_parse("GOOG", 4, &file.underlying, NULL) == ERR_OK);
    snprintf(file.source.path, sizeof file.source.path, "file.zip");
    file.source.bytes = malloc(file.source.size + 1); /* its own, so that a byte too far is seen */
    REQUIRE(file.source.bytes);
    memcpy(file.source.bytes, bytes, file.source.size);
    read_file(&file);
    free(file.source.bytes);
    return 0;
}
