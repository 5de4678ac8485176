#include "gateway/feed_impl.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const LEAN_KEYS[] = {"underlying", "date", "resolution", "history", "options",
                                        "missing",    "from", "to",         "clock",   NULL};
static const char *const SPX_EOD_KEYS[] = {"from", "to", "openinterest", "size_assumed", NULL};
static const char *const SYNTHETIC_KEYS[] = {"seed",     "underlying", "date",    "days",
                                             "scenario", "minutes",    "history", NULL};
static const char *const JOURNAL_KEYS[] = {NULL};

typedef enum err_code feed_open_function(const struct feed_spec *, const struct feed_context *,
                                         struct feed **, struct err *);

static const struct feed_spec_form FORMS[] = {{"lean", true, LEAN_KEYS},
                                              {"spx-eod", true, SPX_EOD_KEYS},
                                              {"synthetic", false, SYNTHETIC_KEYS},
                                              {"journal", true, JOURNAL_KEYS},
                                              {NULL, false, NULL}};
static feed_open_function *const OPENERS[] = {feed_lean_open, feed_spx_eod_open, feed_synthetic_open,
                                              feed_journal_open};

enum err_code feed_open(const char *spec, const struct feed_context *context, struct feed **f,
                        struct err *err)
{
    static const struct feed_context nothing_seen;
    struct feed_spec *const parsed = malloc(sizeof *parsed);
    size_t form = 0;

    if (!parsed)
        return err_set(err, ERR_MEMORY, "feed: out of memory");
    enum err_code rc = feed_spec_parse(parsed, spec, FORMS, &form, err);
    if (!rc)
        rc = OPENERS[form](parsed, context ? context : &nothing_seen, f, err)
                 ? err_wrap(err, "feed %s", parsed->name)
                 : ERR_OK;
    free(parsed);
    return rc;
}

enum err_code feed_next(struct feed *f, struct entry *draft, bool *found, struct err *err)
{
    struct feed_key key;
    enum err_code rc = f->ops->peek(f, &key, found, err);

    if (rc || !*found)
        return rc;
    rc = f->ops->take(f, draft, err);
    if (!rc)
        f->counts.yielded++;
    return rc;
}

void feed_close(struct feed *f)
{
    if (!f)
        return;
    free(f->remarks);
    f->ops->close(f);
}

void feed_progress(const struct feed *f, int64_t *done, int64_t *total)
{
    *done = f->counts.yielded;
    *total = f->total > f->counts.yielded ? f->total : f->counts.yielded;
}

int64_t feed_step_ns(const struct feed *f)
{
    return f->step_ns;
}

const char *feed_name(const struct feed *f)
{
    return f->name;
}

const char *feed_actor(const struct feed *f)
{
    return f->actor;
}

const struct feed_counts *feed_counts(const struct feed *f)
{
    return &f->counts;
}

const char *feed_remark(const struct feed *f, size_t index)
{
    return index < f->remark_count ? f->remarks[index] : NULL;
}

enum err_code feed_remark_add(struct feed *f, struct err *err, const char *format, ...)
{
    char(*const grown)[FEED_REMARK_SIZE] = realloc(f->remarks, (f->remark_count + 1) * sizeof *grown);
    va_list args;

    if (!grown)
        return err_set(err, ERR_MEMORY, "feed: out of memory");
    f->remarks = grown;
    va_start(args, format);
    vsnprintf(f->remarks[f->remark_count], FEED_REMARK_SIZE, format, args);
    va_end(args);
    f->remark_count++;
    return ERR_OK;
}

void feed_draft(struct entry *draft, enum entry_kind kind, int64_t at_ns)
{
    draft->seq = 0;
    draft->recorded_at_ns = 0;
    draft->at_ns = at_ns;
    draft->cause = 0;
    draft->actor = 0;
    draft->kind = kind;
    draft->is_signed = false;
    memset(draft->signature, 0, sizeof draft->signature);
}

/* "275,552": for people. */
static void format_thousands(char out[32], int64_t value)
{
    char digits[24];
    const int length = snprintf(digits, sizeof digits, "%" PRId64, value);
    size_t used = 0;

    for (int i = 0; i < length; i++) {
        if (i && (length - i) % 3 == 0 && digits[i - 1] != '-')
            out[used++] = ',';
        out[used++] = digits[i];
    }
    out[used] = '\0';
}

struct sentence {
    char *out;
    size_t size;
    size_t used;
};

static void say(struct sentence *s, const char *before, int64_t value, const char *after)
{
    char number[32];

    format_thousands(number, value);
    if (s->used + 1 >= s->size)
        return;
    const int n = snprintf(s->out + s->used, s->size - s->used, "%s%s%s", before, number, after);
    s->used += n > 0 ? (size_t)n : 0;
    if (s->used >= s->size)
        s->used = s->size - 1;
}

/* "985 findings instead (985 empty)" */
static void say_findings(struct sentence *s, const char *before, const char *what,
                         const int64_t counts[FEED_FINDINGS])
{
    const char *const *names = entry_enum_names(FIELD_FINDING);
    int64_t sum = 0;
    bool first = true;

    for (size_t i = 0; i < FEED_FINDINGS; i++)
        sum += counts[i];
    say(s, before, sum, what);
    for (size_t i = 1; i < FEED_FINDINGS; i++) {
        char name[40];
        if (!counts[i])
            continue;
        snprintf(name, sizeof name, " %s", names[i]);
        say(s, first ? " (" : ", ", counts[i], name);
        first = false;
    }
    if (!first && s->used + 1 < s->size) {
        s->out[s->used++] = ')';
        s->out[s->used] = '\0';
    }
}

size_t feed_counts_text(const struct feed *f, char *out, size_t size)
{
    const struct feed_counts *const c = &f->counts;
    struct sentence s = {out, size, 0};

    if (size)
        out[0] = '\0';
    say(&s, "", c->rows, c->rows == 1 ? " row" : " rows");
    say(&s, " of ", c->sources, c->sources == 1 ? " file" : " files");
    say(&s, ": ", c->entries, " entries");
    say_findings(&s, " and ", " findings instead", c->instead);
    say_findings(&s, "; ", " findings beside", c->beside);
    if (c->late_rows)
        say(&s, "; ", c->late_rows, " rows from after the session's end");
    if (c->skipped)
        say(&s, "; ", c->skipped, " rows not asked for");
    say(&s, "; ", c->clocks, " clock entries");
    return s.used;
}
