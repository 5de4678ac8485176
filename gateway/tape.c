/* Building a tape. How it is played is in tape_play.c. */
#include "gateway/tape_impl.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static enum err_code out_of_memory(struct err *err)
{
    return err_set(err, ERR_MEMORY, "feed: out of memory");
}

/* Makes room for one more of `count` items; doubling, up to `limit`. */
static enum err_code make_room(void **items, size_t count, size_t *capacity, size_t item_size, size_t limit,
                               const char *what, struct err *err)
{
    if (count < *capacity)
        return ERR_OK;
    if (count >= limit)
        return err_set(err, ERR_INPUT, "feed: more than %zu %s", limit, what);
    const size_t wanted = *capacity ? *capacity * 2 : 1024;
    void *const grown = realloc(*items, wanted * item_size);
    if (!grown)
        return out_of_memory(err);
    *items = grown;
    *capacity = wanted;
    return ERR_OK;
}

enum err_code tape_new(const char *importer, const char *actor, struct tape **t, struct err *err)
{
    struct tape *const tape = calloc(1, sizeof *tape);

    if (!tape)
        return out_of_memory(err);
    tape->base.ops = &TAPE_OPS;
    tape->base.actor = actor;
    tape->importer = importer;
    tape->limits = quality_defaults();
    tape->text_size = 1; /* offset 0 means none */
    *t = tape;
    return ERR_OK;
}

struct feed *tape_feed(struct tape *t)
{
    return &t->base;
}

void tape_expect_every(struct tape *t, int64_t period_ns)
{
    t->limits.stale_ns = 3 * period_ns > QUALITY_STALE_NS ? 3 * period_ns : QUALITY_STALE_NS;
}

void tape_close(struct feed *f)
{
    struct tape *const t = (struct tape *)f;

    free(t->events);
    free(t->sources);
    free(t->instruments);
    free(t->slots);
    free(t->texts);
    free(t);
}

enum err_code tape_source(struct tape *t, const struct source_file *file, uint16_t *index, struct err *err)
{
    const enum err_code rc = make_room((void **)&t->sources, t->source_count, &t->source_capacity,
                                       sizeof *t->sources, TAPE_SOURCES_MAX, "files", err);
    if (rc)
        return rc;
    struct tape_source *const s = &t->sources[t->source_count];
    memset(s, 0, sizeof *s);
    snprintf(s->path, sizeof s->path, "%s", file->path);
    s->sha256 = file->sha256;
    *index = (uint16_t)t->source_count++;
    t->base.counts.sources++;
    t->base.total++;
    return ERR_OK;
}

static size_t hash_symbol(const struct symbol *s)
{
    uint64_t h = UINT64_C(14695981039346656037); /* FNV-1a */

    for (size_t i = 0; i < s->length; i++)
        h = (h ^ (uint8_t)s->text[i]) * UINT64_C(1099511628211);
    return (size_t)(h ^ h >> 32);
}

/* The slot that holds the symbol, or the empty one where it belongs. Only looked up, never walked in order. */
static uint32_t *find_slot(const struct tape *t, const struct symbol *symbol)
{
    size_t at = hash_symbol(symbol) & (t->slot_count - 1);

    while (t->slots[at] && !symbol_equal(&t->instruments[t->slots[at] - 1].symbol, symbol))
        at = (at + 1) & (t->slot_count - 1);
    return &t->slots[at];
}

static enum err_code grow_slots(struct tape *t, struct err *err)
{
    if (t->instrument_count * 2 < t->slot_count)
        return ERR_OK;
    const size_t wanted = t->slot_count ? t->slot_count * 2 : 1024;
    uint32_t *const slots = calloc(wanted, sizeof *slots);
    if (!slots)
        return out_of_memory(err);
    free(t->slots);
    t->slots = slots;
    t->slot_count = wanted;
    for (size_t i = 0; i < t->instrument_count; i++)
        *find_slot(t, &t->instruments[i].symbol) = (uint32_t)i + 1;
    return ERR_OK;
}

enum err_code tape_instrument(struct tape *t, const struct symbol *symbol, uint32_t *index, struct err *err)
{
    enum err_code rc = grow_slots(t, err);
    if (rc)
        return rc;
    uint32_t *const slot = find_slot(t, symbol);
    if (!*slot) {
        rc = make_room((void **)&t->instruments, t->instrument_count, &t->instrument_capacity,
                       sizeof *t->instruments, TAPE_EVENTS_MAX, "instruments", err);
        if (rc)
            return rc;
        struct tape_instrument *const instrument = &t->instruments[t->instrument_count++];
        instrument->symbol = *symbol;
        quality_init(&instrument->quality);
        *slot = (uint32_t)t->instrument_count;
    }
    *index = *slot - 1;
    return ERR_OK;
}

static enum err_code add(struct tape *t, const struct tape_event *event, struct err *err)
{
    const enum err_code rc = make_room((void **)&t->events, t->event_count, &t->event_capacity,
                                       sizeof *t->events, TAPE_EVENTS_MAX, "events", err);
    if (rc)
        return rc;
    t->events[t->event_count] = *event;
    t->events[t->event_count].arrival = (uint32_t)t->event_count;
    t->event_count++;
    t->base.total++;
    return ERR_OK;
}

/* Keeps a copy of a text; *offset is 0 for NULL. */
static enum err_code keep_text(struct tape *t, const char *text, size_t *offset, struct err *err)
{
    *offset = 0;
    if (!text)
        return ERR_OK;
    const size_t size = strlen(text) + 1;
    REQUIRE(size <= TAPE_TEXT_SIZE);
    if (t->text_size + size > t->text_capacity) {
        const size_t wanted = t->text_capacity * 2 + TAPE_TEXT_SIZE;
        char *const grown = realloc(t->texts, wanted);
        if (!grown)
            return out_of_memory(err);
        t->texts = grown;
        t->text_capacity = wanted;
    }
    for (size_t i = 0; i < size; i++) { /* a text is UTF-8, whatever a damaged row holds */
        const bool plain = (text[i] >= ' ' && text[i] <= '~') || text[i] == '\0';
        t->texts[t->text_size + i] = plain ? text[i] : '?';
    }
    *offset = t->text_size;
    t->text_size += size;
    return ERR_OK;
}

enum err_code tape_entry(struct tape *t, const struct tape_event *event, struct err *err)
{
    const enum err_code rc = add(t, event, err);

    if (rc)
        return rc;
    if (event->source != TAPE_NO_SOURCE) {
        t->sources[event->source].rows++;
        t->sources[event->source].entries++;
    }
    t->base.counts.rows++;
    t->base.counts.entries++;
    if (event->flags & TAPE_LATE)
        t->base.counts.late_rows++;
    return ERR_OK;
}

enum err_code tape_extra(struct tape *t, const struct tape_event *event, struct err *err)
{
    const enum err_code rc = add(t, event, err);

    if (!rc)
        t->base.counts.extra++;
    return rc;
}

static enum err_code add_finding(struct tape *t, const struct tape_event *event, const char *text,
                                 struct err *err)
{
    struct tape_event e = *event;
    const enum err_code rc = keep_text(t, text, &e.as.finding.text, err);

    e.type = TAPE_FINDING;
    return rc ? rc : add(t, &e, err);
}

enum err_code tape_instead(struct tape *t, const struct tape_event *event, const char *text, struct err *err)
{
    const enum err_code rc = add_finding(t, event, text, err);

    if (rc)
        return rc;
    t->base.counts.rows++;
    t->base.counts.instead[event->as.finding.kind]++;
    if (event->source == TAPE_NO_SOURCE)
        return ERR_OK;
    struct tape_source *const s = &t->sources[event->source];
    s->rows++;
    s->findings++;
    if (event->as.finding.kind == FINDING_MALFORMED && s->malformed++ == 0)
        s->first_malformed = t->events[t->event_count - 1].as.finding.text;
    return ERR_OK;
}

enum err_code tape_beside(struct tape *t, const struct tape_event *event, const char *text, struct err *err)
{
    const enum err_code rc = add_finding(t, event, text, err);

    if (!rc)
        t->base.counts.beside[event->as.finding.kind]++;
    return rc;
}

enum err_code tape_clock(struct tape *t, int64_t at_ns, enum phase phase, civil_day session, struct err *err)
{
    struct tape_event e = {.at_ns = at_ns, .session = session, .source = TAPE_NO_SOURCE, .type = TAPE_CLOCK};

    e.as.phase = phase;
    return add(t, &e, err);
}

void tape_skip(struct tape *t, int64_t rows)
{
    t->base.counts.skipped += rows;
}

void tape_rows_used(struct tape *t, uint16_t source, int64_t rows)
{
    t->sources[source].rows += rows;
}

enum err_code tape_source_end(struct tape *t, uint16_t source, struct err *err)
{
    const struct tape_source *const s = &t->sources[source];

    if (s->malformed > s->rows - s->malformed)
        return err_set(err, ERR_INPUT, "%s: %" PRId64 " of %" PRId64 " rows cannot be read; the first: %s",
                       s->path, s->malformed, s->rows, t->texts + s->first_malformed);
    return ERR_OK;
}

/* Tickers (the underlying) before contracts, contracts by OCC symbol. */
static int compare_instruments(const void *a, const void *b)
{
    const struct tape_instrument *const x = a;
    const struct tape_instrument *const y = b;
    const bool x_option = symbol_is_option(&x->symbol);
    const bool y_option = symbol_is_option(&y->symbol);

    if (x_option != y_option)
        return x_option ? 1 : -1;
    return symbol_compare(&x->symbol, &y->symbol);
}

static int compare_events(const void *a, const void *b)
{
    const struct tape_event *const x = a;
    const struct tape_event *const y = b;

    if (x->at_ns != y->at_ns)
        return x->at_ns < y->at_ns ? -1 : 1;
    if ((x->type == TAPE_CLOCK) != (y->type == TAPE_CLOCK))
        return x->type == TAPE_CLOCK ? 1 : -1;
    if (x->instrument != y->instrument)
        return x->instrument < y->instrument ? -1 : 1;
    if (x->type != y->type)
        return x->type < y->type ? -1 : 1;
    return x->arrival < y->arrival ? -1 : x->arrival > y->arrival;
}

/* Numbers the instruments in their order of playing. */
static enum err_code rank_instruments(struct tape *t, struct err *err)
{
    uint32_t *const rank = malloc((t->instrument_count + 1) * sizeof *rank);

    if (!rank)
        return out_of_memory(err);
    for (size_t i = 0; i < t->instrument_count; i++)
        t->instruments[i].number = (uint32_t)i;
    if (t->instrument_count)
        qsort(t->instruments, t->instrument_count, sizeof *t->instruments, compare_instruments);
    for (size_t i = 0; i < t->instrument_count; i++)
        rank[t->instruments[i].number] = (uint32_t)i;
    for (size_t i = 0; i < t->event_count; i++)
        if (t->events[i].type != TAPE_CLOCK)
            t->events[i].instrument = rank[t->events[i].instrument];
    free(rank);
    free(t->slots); /* its numbers are the old ones */
    t->slots = NULL;
    t->slot_count = 0;
    return ERR_OK;
}

static int64_t longest_step_ns(const struct tape *t)
{
    const struct tape_event *before = NULL;
    int64_t longest_ns = 0;

    for (size_t i = 0; i < t->event_count; i++) {
        const struct tape_event *const e = &t->events[i];
        if (e->type != TAPE_CLOCK)
            continue;
        if (before && before->session == e->session && e->at_ns - before->at_ns > longest_ns)
            longest_ns = e->at_ns - before->at_ns;
        before = e;
    }
    return longest_ns;
}

enum err_code tape_finish(struct tape *t, struct err *err)
{
    const enum err_code rc = rank_instruments(t, err);

    if (rc)
        return rc;
    if (t->event_count)
        qsort(t->events, t->event_count, sizeof *t->events, compare_events);
    t->base.step_ns = longest_step_ns(t);
    return ERR_OK;
}
