#include "gateway/lean_file.h"

#include "market/quality.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zip.h>

#define ZIP_SIZE_MIN  22 /* an archive's end record alone */

/* Options on these trade a quarter of an hour past the session. */
#define LATE_GRACE_NS (15 * NS_PER_MINUTE)
static const char *const TRADE_PAST_THE_CLOSE[] = {"spx", "spxw", "spy", "qqq", "iwm", "dia", NULL};

/* One entry of the zip while it is being read. */
struct reading {
    const struct lean_file *file;
    struct lean_days *days;
    struct tape *tape;
    uint16_t source;
    struct lean_file_found found;
    const char *entry; /* its name, borrowed */
    uint32_t instrument;
    int64_t grace_ns;
    uint32_t line;
    int64_t last_at_ns; /* of the row before: where a row without a readable stamp is put */
    civil_day last_session;
};

void lean_day_init(struct lean_day *day, const struct session *session)
{
    day->session = *session;
    day->midnight_ns = instant_from_new_york(session->day, 12 * NS_PER_HOUR) - 12 * NS_PER_HOUR;
    day->wanted = true;
}

struct lean_day *lean_days_find(const struct lean_days *days, civil_day d)
{
    size_t low = 0;
    size_t high = days->count;

    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (days->rows[middle].session.day < d)
            low = middle + 1;
        else
            high = middle;
    }
    return low < days->count && days->rows[low].session.day == d ? &days->rows[low] : NULL;
}

static struct tape_event event_at(const struct reading *r, int64_t at_ns, civil_day session)
{
    return (struct tape_event){.at_ns = at_ns,
                               .instrument = r->instrument,
                               .line = r->line,
                               .session = session,
                               .source = r->source};
}

static enum err_code add_finding(struct reading *r, const struct tape_event *at, enum finding finding,
                                 const char *text, struct err *err)
{
    struct tape_event e = *at;

    e.as.finding.kind = finding;
    e.as.finding.bid = PRICE_NONE;
    e.as.finding.ask = PRICE_NONE;
    return tape_instead(r->tape, &e, text, err);
}

/* `why` is what the row's parser said. */
static enum err_code add_malformed(struct reading *r, const struct tape_event *at, const struct err *why,
                                   struct err *err)
{
    char text[600];

    snprintf(text, sizeof text,
             "line %" PRIu32 " of %.160s in %.160s: %.200s; nothing else is recorded of it", r->line,
             r->entry, r->file->source.path, why->text);
    return add_finding(r, at, FINDING_MALFORMED, text, err);
}

static enum err_code add_quote(struct reading *r, const struct tape_event *at, const struct lean_row *row,
                               const struct session *session, struct err *err)
{
    const enum finding finding = quality_refuse(row->bid, row->ask);
    struct tape_event e = *at;

    if (finding) {
        e.as.finding.kind = finding;
        e.as.finding.bid = row->bid;
        e.as.finding.ask = row->ask;
        return tape_instead(r->tape, &e, NULL, err);
    }
    e.type = TAPE_QUOTE;
    if (e.at_ns > session->open_ns && e.at_ns <= session->close_ns)
        e.flags |= TAPE_IN_SESSION;
    if (r->file->is_option && e.at_ns > session->close_ns + r->grace_ns)
        e.flags |= TAPE_LATE;
    e.as.quote.bid = row->bid;
    e.as.quote.ask = row->ask;
    e.as.quote.bid_size = row->bid_size;
    e.as.quote.ask_size = row->ask_size;
    return tape_entry(r->tape, &e, err);
}

static enum err_code add_bar(struct reading *r, const struct tape_event *at, const struct lean_row *row,
                             const struct session *session, struct err *err)
{
    struct tape_event e = *at;

    e.type = TAPE_BAR;
    if (r->file->is_option && e.at_ns > session->close_ns + r->grace_ns)
        e.flags |= TAPE_LATE;
    e.as.bar.open = row->open;
    e.as.bar.high = row->high;
    e.as.bar.low = row->low;
    e.as.bar.close = row->close;
    e.as.bar.volume = row->volume;
    e.as.bar.period_s = r->file->period_ns / NS_PER_SECOND;
    return tape_entry(r->tape, &e, err);
}

static enum err_code add_row(struct reading *r, const struct tape_event *at, const struct lean_row *row,
                             const struct session *session, struct err *err)
{
    struct tape_event e = *at;

    switch (r->file->format.kind) {
    case LEAN_QUOTE: return add_quote(r, at, row, session, err);
    case LEAN_TRADE: return add_bar(r, at, row, session, err);
    case LEAN_OPEN_INTEREST:
        e.type = TAPE_OPEN_INTEREST;
        e.as.contracts = row->contracts;
        return tape_entry(r->tape, &e, err);
    }
    return err_set(err, ERR_INPUT, "no such kind of file");
}

/* When a row may be used: at its end. */
static int64_t end_of_row(const struct lean_file *file, const struct lean_row *row,
                          const struct lean_day *day)
{
    if (file->period_ns == NS_PER_DAY)
        return day->session.close_ns;
    return day->midnight_ns + row->since_midnight_ns + (file->is_chicago ? NS_PER_HOUR : 0) + file->period_ns;
}

/* A row of a day without a session, inside the days asked for. */
static enum err_code add_no_session(struct reading *r, civil_day d, struct err *err)
{
    char text[400];
    char day[INSTANT_TEXT_SIZE];
    const int64_t at_ns = instant_from_new_york(d, 16 * NS_PER_HOUR);
    const struct tape_event e = event_at(r, at_ns, d);

    civil_format(day, d);
    snprintf(text, sizeof text,
             "line %" PRIu32 " of %.160s: %s is no session (%s); nothing else is recorded of it", r->line,
             r->file->source.path, day, calendar_closed_reason(d));
    return add_finding(r, &e, FINDING_LATE, text, err);
}

static enum err_code read_row(struct reading *r, const char *text, size_t length, struct err *err)
{
    const struct lean_format *const format = &r->file->format;
    const struct lean_days *const days = r->days;
    struct lean_row row;
    struct err why;

    if (lean_row_stamp(text, length, format, &row, &why)) {
        const struct tape_event e = event_at(r, r->last_at_ns, r->last_session);
        return add_malformed(r, &e, &why, err);
    }
    const civil_day d = row.day == CIVIL_DAY_NONE ? r->file->file_day : row.day;
    struct lean_day *const day = lean_days_find(days, d);
    if (r->found.first_day == CIVIL_DAY_NONE || d < r->found.first_day)
        r->found.first_day = d;
    if (d > r->found.last_day)
        r->found.last_day = d;
    if (!day && d > days->rows[0].session.day && d < days->rows[days->count - 1].session.day)
        return add_no_session(r, d, err);
    if (!day || !day->wanted) {
        tape_skip(r->tape, 1);
        return ERR_OK;
    }
    r->last_at_ns = end_of_row(r->file, &row, day);
    r->last_session = d;
    day->is_met = true;
    r->found.rows++;
    const struct tape_event e = event_at(r, r->last_at_ns, d);
    if (lean_row_values(text, length, format, &row, &why))
        return add_malformed(r, &e, &why, err);
    return add_row(r, &e, &row, &day->session, err);
}

static enum err_code read_rows(struct reading *r, const char *text, size_t size, struct err *err)
{
    size_t begin = 0;

    while (begin < size) {
        const char *const newline = memchr(text + begin, '\n', size - begin);
        const size_t end = newline ? (size_t)(newline - text) : size;
        const size_t length = end > begin && text[end - 1] == '\r' ? end - begin - 1 : end - begin;
        r->line++;
        const enum err_code rc = read_row(r, text + begin, length, err);
        if (rc)
            return rc;
        begin = end + 1;
    }
    return ERR_OK;
}

/* The contract an entry is named for, as an instrument of the tape. */
static enum err_code begin_contract(struct reading *r, struct err *err)
{
    const struct lean_file *const file = r->file;
    struct lean_name name;
    struct contract contract = {0};
    struct symbol symbol;
    struct err why;
    char day[INSTANT_TEXT_SIZE];

    if (lean_name_parse(r->entry, strlen(r->entry), &name, err))
        return err_wrap(err, "%s", file->source.path);
    if (strcmp(name.ticker, file->root) != 0 || name.kind != file->format.kind)
        return err_set(err, ERR_INPUT, "%s: entry %.100s does not belong into this file", file->source.path,
                       r->entry);
    if (file->file_day != CIVIL_DAY_NONE) {
        civil_day named = CIVIL_DAY_NONE;
        civil_format(day, file->file_day);
        if (civil_parse(r->entry, 8, &named, NULL) || named != file->file_day)
            return err_set(err, ERR_INPUT, "%s: entry %.100s is not of %s", file->source.path, r->entry, day);
    }
    for (size_t i = 0; name.ticker[i] && i + 1 < sizeof contract.root; i++)
        contract.root[i] = (char)toupper((unsigned char)name.ticker[i]);
    contract.expiry = name.expiry;
    contract.right = name.right;
    contract.strike_nano = name.strike_nano;
    if (symbol_from_contract(&contract, &symbol, &why))
        return err_set(err, ERR_INPUT, "%s: entry %.100s: %.300s", file->source.path, r->entry, why.text);
    return tape_instrument(r->tape, &symbol, &r->instrument, err);
}

static enum err_code zip_fault(const struct reading *r, const char *what, struct err *err)
{
    return err_set(err, ERR_INPUT, "%s: entry %.100s: %s; the file is damaged: fetch it again",
                   r->file->source.path, r->entry, what);
}

/* Unpacks an entry into *buffer (grown as needed). */
static enum err_code unpack(const struct reading *r, zip_t *zip, zip_uint64_t index, zip_uint64_t size,
                            char **buffer, size_t *capacity, struct err *err)
{
    if (size > LEAN_FILE_ENTRY_MAX)
        return zip_fault(r, "unpacked it is larger than any such entry", err);
    if (size + 1 > *capacity) {
        char *const grown = realloc(*buffer, (size_t)size + 1);
        if (!grown)
            return err_set(err, ERR_MEMORY, "%s: out of memory", r->file->source.path);
        *buffer = grown;
        *capacity = (size_t)size + 1;
    }
    zip_file_t *const in = zip_fopen_index(zip, index, 0);
    if (!in)
        return zip_fault(r, zip_strerror(zip), err);
    zip_int64_t got = zip_fread(in, *buffer, size + 1);
    if (got >= 0 && (zip_uint64_t)got == size && zip_fread(in, *buffer + size, 1) != 0)
        got = -1; /* the checksum is looked at when the end is read */
    enum err_code rc = ERR_OK;
    if (got < 0)
        rc = zip_fault(r, zip_file_strerror(in), err);
    else if ((zip_uint64_t)got != size)
        rc = zip_fault(r, "its size is not the one in the file's directory", err);
    zip_fclose(in);
    return rc;
}

static int64_t grace_ns(const char *root)
{
    for (size_t i = 0; TRADE_PAST_THE_CLOSE[i]; i++)
        if (strcmp(TRADE_PAST_THE_CLOSE[i], root) == 0)
            return LATE_GRACE_NS;
    return 0;
}

static enum err_code read_entries(struct reading *r, zip_t *zip, struct err *err)
{
    const zip_int64_t count = zip_get_num_entries(zip, 0);
    const struct lean_day *const last = &r->days->rows[r->days->count - 1];
    char *buffer = NULL;
    size_t capacity = 0;
    zip_uint64_t total = 0;
    enum err_code rc = ERR_OK;

    for (zip_int64_t i = 0; i < count && !rc; i++) {
        zip_stat_t stat;
        zip_stat_init(&stat);
        if (zip_stat_index(zip, (zip_uint64_t)i, 0, &stat) || !(stat.valid & ZIP_STAT_SIZE) ||
            !(stat.valid & ZIP_STAT_NAME)) {
            rc = err_set(err, ERR_INPUT, "%s: entry %" PRId64 ": no name or size", r->file->source.path,
                         i + 1);
            break;
        }
        r->entry = stat.name;
        r->line = 0;
        r->last_at_ns = last->session.open_ns;
        r->last_session = last->session.day;
        total += stat.size > LEAN_FILE_TOTAL_MAX ? LEAN_FILE_TOTAL_MAX : stat.size;
        if (total >= LEAN_FILE_TOTAL_MAX)
            rc = zip_fault(r, "unpacked the file is larger than any such file", err);
        if (!rc && r->file->is_option)
            rc = begin_contract(r, err);
        if (!rc)
            rc = unpack(r, zip, (zip_uint64_t)i, stat.size, &buffer, &capacity, err);
        if (!rc)
            rc = read_rows(r, buffer, (size_t)stat.size, err);
    }
    free(buffer);
    return rc;
}

static enum err_code open_zip(const struct source_file *file, zip_t **zip, struct err *err)
{
    zip_error_t fault;
    enum err_code rc = ERR_OK;

    *zip = NULL;
    if (file->size < ZIP_SIZE_MIN) /* libzip takes no bytes at all for an archive without entries */
        return err_set(err, ERR_INPUT, "%s: no whole zip archive (%zu bytes): fetch it again", file->path,
                       file->size);
    zip_error_init(&fault);
    zip_source_t *const source = zip_source_buffer_create(file->bytes, file->size, 0, &fault);
    *zip = source ? zip_open_from_source(source, ZIP_RDONLY | ZIP_CHECKCONS, &fault) : NULL;
    if (!*zip) {
        rc = err_set(err, ERR_INPUT, "%s: no whole zip archive (%s): fetch it again", file->path,
                     zip_error_strerror(&fault));
        zip_source_free(source); /* accepts NULL; an archive that opened owns its source */
    }
    zip_error_fini(&fault);
    return rc;
}

enum err_code lean_file_read(const struct lean_file *file, struct lean_days *days, struct tape *t,
                             struct lean_file_found *found, struct err *err)
{
    struct reading r = {.file = file, .days = days, .tape = t, .grace_ns = grace_ns(file->root)};
    zip_t *zip = NULL;

    REQUIRE(days->count > 0);
    r.found.first_day = CIVIL_DAY_NONE;
    r.found.last_day = CIVIL_DAY_NONE;
    enum err_code rc = open_zip(&file->source, &zip, err);
    if (rc)
        return rc;
    if (!file->is_option && zip_get_num_entries(zip, 0) != 1)
        rc = err_set(err, ERR_INPUT, "%s: %" PRId64 " entries; there should be one", file->source.path,
                     (int64_t)zip_get_num_entries(zip, 0));
    if (!rc)
        rc = tape_source(t, &file->source, &r.source, err);
    if (!rc && !file->is_option)
        rc = tape_instrument(t, &file->underlying, &r.instrument, err);
    if (!rc)
        rc = read_entries(&r, zip, err);
    if (!rc)
        rc = tape_source_end(t, r.source, err);
    zip_discard(zip);
    if (rc)
        return rc;
    r.found.source = r.source;
    *found = r.found;
    return ERR_OK;
}
