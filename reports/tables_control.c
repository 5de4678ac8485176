/* What people did: stops and resumes, configuration; what came in: data-quality findings and sources. */
#include "reports/tables_fold.h"

#include "ledger/hex.h"

/* -- overrides and stops -------------------------------------------------------------------------------- */

/* A clock that is not good enough, by the machine's own measurement. */
static bool is_bad_clock(const struct entry *e)
{
    return e->kind == ENTRY_PERCEPTION_CLOCK_QUALITY && e->actor == 0 && !e->as.perception_clock_quality.ok;
}

static void say_clock(struct fold *f, const struct entry *e)
{
    words_add(&f->words, "error ");
    words_field(&f->words, e, "error_s");
    words_add(&f->words, ", allowed ");
    words_field(&f->words, e, "bound_s");
    words_add(&f->words, "%s", e->as.perception_clock_quality.synchronised ? "" : ", not synchronised");
}

static bool is_halted(const struct book *b)
{
    return b->risk->stopped || risk_state_tripped(b->risk) > 0 ||
           (b->configuration->configuration.risk.clock_required && !b->risk->clock_ok);
}

static enum err_code stop_row(struct fold *f, const struct entry *e, struct err *err)
{
    static const struct text BAD_CLOCK = {"this machine's clock cannot be trusted", 38};
    const struct text *reason = NULL;

    if (e->kind == ENTRY_CONTROL_STOP)
        reason = &e->as.control_stop.reason;
    else if (e->kind == ENTRY_CONTROL_RESUME)
        reason = &e->as.control_resume.reason;
    else if (e->kind == ENTRY_RISK_BREAKER_TRIP)
        reason = &e->as.risk_breaker_trip.reason;
    else if (is_bad_clock(e))
        reason = &BAD_CLOCK;
    if (!reason)
        return ERR_OK;
    words_clear(&f->words);
    if (e->kind == ENTRY_RISK_BREAKER_TRIP) {
        words_add(&f->words, "breaker %s; ", e->as.risk_breaker_trip.breaker.text);
        words_field(&f->words, e, "checks");
    }
    if (is_bad_clock(e))
        say_clock(f, e);
    const enum err_code rc = words_done(&f->words, err);
    if (rc)
        return rc;
    struct row *const row = fold_row(f, TABLES_STOPS);
    row->is_alert = e->kind != ENTRY_CONTROL_RESUME;
    fold_place(row, e);
    row_word(row, fold_kind(e));
    row_word(row, fold_actor(f, e));
    row_number(row, CELL_FLAG, e->is_signed);
    row_text(row, reason);
    row_word(row, words_get(&f->words));
    row_number(row, CELL_FLAG, is_halted(&f->book));
    return fold_send(f, err);
}

static const struct column stop_columns[] = {
    {"seq", "Entry", CELL_SEQ, 9},
    {"recorded_at", "Recorded at (UTC)", CELL_INSTANT, 30},
    {"at", "At (UTC)", CELL_INSTANT, 24},
    {"kind", "Kind", CELL_TEXT, 18},
    {"actor", "Actor", CELL_TEXT, 20},
    {"signed", "Signed by the actor", CELL_FLAG, 18},
    {"reason", "Reason", CELL_TEXT, 70},
    {"detail", "Detail", CELL_TEXT, 60},
    {"halted_after", "Trading halted after it", CELL_FLAG, 21},
};

const struct table_rows tables_stops = {
    {"stops", "Overrides and stops",
     "emergency stops, resumes and breaker trips of the day, and a clock that was not good",
     TABLE_COLUMNS(stop_columns)},
    stop_row,
    NULL,
    NULL};

/* -- configuration -------------------------------------------------------------------------------------- */

struct change {
    const char *path; /* not terminated */
    size_t path_length;
    const char *before; /* NULL: it was not there */
    size_t before_length;
    const char *after;
    size_t after_length;
};

static enum err_code change_row(struct fold *f, const struct entry *e, const struct change *c,
                                struct err *err)
{
    char sha256[HEX_LENGTH(sizeof e->as.control_configuration.sha256.bytes) + 1];
    struct row *const row = fold_row(f, TABLES_CONFIGURATION);

    hex_encode(sha256, e->as.control_configuration.sha256.bytes,
               sizeof e->as.control_configuration.sha256.bytes);
    fold_place(row, e);
    row_number(row, CELL_DAY, day_of(f->book.day, e));
    row_word(row, fold_actor(f, e));
    row_number(row, CELL_FLAG, e->is_signed);
    row_bytes(row, c->path, c->path_length);
    if (c->before)
        row_bytes(row, c->before, c->before_length);
    else
        row_empty(row);
    if (c->after)
        row_bytes(row, c->after, c->after_length);
    else
        row_empty(row);
    row_word(row, sha256);
    return fold_send(f, err);
}

/* The value of the line that begins with `path=`; NULL when the text has none. */
static const char *value_of(const char *text, size_t size, const char *path, size_t path_length,
                            size_t *length)
{
    const char *at = text;
    const char *const end = text + size;

    while (at < end) {
        const char *const newline = memchr(at, '\n', (size_t)(end - at));
        const char *const line_end = newline ? newline : end;
        if ((size_t)(line_end - at) > path_length && memcmp(at, path, path_length) == 0 &&
            at[path_length] == '=') {
            *length = (size_t)(line_end - at) - path_length - 1;
            return at + path_length + 1;
        }
        at = line_end + 1;
    }
    return NULL;
}

/* Both texts are canonical: one path=value a line. Compared with what was in force before the entry. */
static enum err_code configuration_rows(struct fold *f, const struct entry *e, struct err *err)
{
    const struct text *const after = &e->as.control_configuration.settings;
    char before[CONFIGURATION_TEXT_MAX];
    size_t before_size = 0;
    unsigned changes = 0;

    if (e->kind != ENTRY_CONTROL_CONFIGURATION)
        return ERR_OK;
    enum err_code rc = configuration_text(&f->configuration, before, sizeof before, &before_size, err);
    const char *at = after->bytes;
    const char *const end = after->bytes + after->length;
    while (!rc && at < end) {
        const char *const newline = memchr(at, '\n', (size_t)(end - at));
        const char *const line_end = newline ? newline : end;
        const char *const equals = memchr(at, '=', (size_t)(line_end - at));
        struct change c = {.path = at};
        if (!equals)
            break;
        c.path_length = (size_t)(equals - at);
        c.after = equals + 1;
        c.after_length = (size_t)(line_end - equals) - 1;
        c.before = value_of(before, before_size, c.path, c.path_length, &c.before_length);
        if (!c.before || c.before_length != c.after_length ||
            memcmp(c.before, c.after, c.after_length) != 0) {
            rc = change_row(f, e, &c, err);
            changes++;
        }
        at = line_end + 1;
    }
    if (!rc && changes == 0) {
        const char *const what = f->was_configured ? "(no setting differs)" : "(the defaults)";
        const struct change none = {.path = what, .path_length = strlen(what)};
        rc = change_row(f, e, &none, err);
    }
    return rc;
}

static const struct column configuration_columns[] = {
    {"seq", "Entry", CELL_SEQ, 9},         {"recorded_at", "Recorded at (UTC)", CELL_INSTANT, 30},
    {"at", "At (UTC)", CELL_INSTANT, 30},  {"day", "Day", CELL_DAY, 11},
    {"actor", "Actor", CELL_TEXT, 20},     {"signed", "Signed by the actor", CELL_FLAG, 18},
    {"setting", "Setting", CELL_TEXT, 34}, {"before", "Before", CELL_TEXT, 24},
    {"after", "After", CELL_TEXT, 24},     {"sha256", "SHA-256 of the file", CELL_TEXT, 66},
};

const struct table_rows tables_configuration = {
    {"configuration", "Configuration changes",
     "every change of the configuration so far; the first is told against the defaults",
     TABLE_COLUMNS(configuration_columns)},
    NULL,
    configuration_rows,
    NULL};

/* A canonical text has the settings in the order of their tables, so the lines and the rows go together. */
static enum err_code setting_rows(struct fold *f, struct err *err)
{
    const struct configuration_state *const c = f->book.configuration;
    char text[CONFIGURATION_TEXT_MAX];
    size_t size = 0;
    enum err_code rc = configuration_text(&c->configuration, text, sizeof text, &size, err);

    for (size_t i = 0; !rc; i++) {
        const struct setting *const s = configuration_setting(i);
        size_t length = 0;
        if (!s)
            break;
        const char *const value = value_of(text, size, s->path, strlen(s->path), &length);
        REQUIRE(value);
        const bool changed = length != strlen(s->initial) || memcmp(value, s->initial, length) != 0;
        struct row *const row = fold_row(f, TABLES_SETTINGS);
        row_word(row, s->path);
        row_bytes(row, value, length);
        row_word(row, s->initial);
        row_number(row, CELL_FLAG, changed);
        row_word(row, s->meaning);
        rc = fold_send(f, err);
    }
    return rc;
}

static const struct column setting_columns[] = {
    {"setting", "Setting", CELL_TEXT, 34}, {"value", "Value", CELL_TEXT, 30},
    {"default", "Default", CELL_TEXT, 30}, {"changed", "Not the default", CELL_FLAG, 14},
    {"meaning", "Meaning", CELL_TEXT, 80},
};

const struct table_rows tables_settings = {{"settings", "Settings in force",
                                            "the configuration at the end of the day, every setting",
                                            TABLE_COLUMNS(setting_columns)},
                                           NULL,
                                           NULL,
                                           setting_rows};

/* -- data quality --------------------------------------------------------------------------------------- */

static enum err_code quality_row(struct fold *f, const struct entry *e, struct err *err)
{
    const struct entry_perception_data_quality *const q = &e->as.perception_data_quality;

    if (e->kind != ENTRY_PERCEPTION_DATA_QUALITY)
        return ERR_OK;
    struct row *const row = fold_row(f, TABLES_QUALITY);
    fold_place(row, e);
    row_word(row, fold_actor(f, e));
    row_symbol(row, &q->symbol);
    row_word(row, entry_enum_names(FIELD_FINDING)[q->finding]);
    row_number(row, CELL_PRICE, q->bid);
    row_number(row, CELL_PRICE, q->ask);
    row_text(row, &q->text);
    return fold_send(f, err);
}

static const struct column quality_columns[] = {
    {"seq", "Entry", CELL_SEQ, 9},
    {"recorded_at", "Recorded at (UTC)", CELL_INSTANT, 30},
    {"at", "At (UTC)", CELL_INSTANT, 24},
    {"actor", "Actor", CELL_TEXT, 14},
    {"symbol", "Symbol", CELL_TEXT, 23},
    {"finding", "Finding", CELL_TEXT, 11},
    {"bid", "Bid", CELL_PRICE, 10},
    {"ask", "Ask", CELL_PRICE, 10},
    {"text", "What was wrong, and what was done", CELL_TEXT, 80},
};

const struct table_rows tables_quality = {{"quality", "Data-quality exceptions",
                                           "market data of the day that could not be trusted as it stood",
                                           TABLE_COLUMNS(quality_columns)},
                                          quality_row,
                                          NULL,
                                          NULL};

/* -- sources -------------------------------------------------------------------------------------------- */

static enum err_code source_row(struct fold *f, const struct entry *e, struct err *err)
{
    const struct entry_control_source *const s = &e->as.control_source;
    char sha256[HEX_LENGTH(sizeof s->sha256.bytes) + 1];

    if (e->kind != ENTRY_CONTROL_SOURCE)
        return ERR_OK;
    hex_encode(sha256, s->sha256.bytes, sizeof s->sha256.bytes);
    struct row *const row = fold_row(f, TABLES_SOURCES);
    row_seq(row, e->seq);
    row_number(row, CELL_INSTANT, e->recorded_at_ns);
    row_word(row, fold_actor(f, e));
    row_id(row, &s->source);
    row_text(row, &s->path);
    row_number(row, CELL_INTEGER, s->rows);
    row_number(row, CELL_INTEGER, s->entries);
    row_number(row, CELL_INTEGER, s->findings);
    row_word(row, sha256);
    return fold_send(f, err);
}

static const struct column source_columns[] = {
    {"seq", "Entry", CELL_SEQ, 9},
    {"recorded_at", "Recorded at (UTC)", CELL_INSTANT, 30},
    {"actor", "Actor", CELL_TEXT, 14},
    {"source", "Importer", CELL_TEXT, 10},
    {"path", "File", CELL_TEXT, 60},
    {"rows", "Rows", CELL_INTEGER, 10},
    {"entries", "Became entries", CELL_INTEGER, 14},
    {"findings", "Became findings", CELL_INTEGER, 15},
    {"sha256", "SHA-256", CELL_TEXT, 66},
};

const struct table_rows tables_sources = {{"sources", "Sources imported",
                                           "every file that was read into perceptions so far",
                                           TABLE_COLUMNS(source_columns)},
                                          NULL,
                                          source_row,
                                          NULL};
