/* Playing a tape: sources before what came from them, and the findings beside a quote right after it. */
#include "gateway/tape_impl.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum step { STEP_SOURCE, STEP_EVENT, STEP_FOUND, STEP_END };

/* What comes next; for a source, which. */
static enum step next_step(struct tape *t, size_t *source)
{
    if (t->found_next < t->found_count)
        return STEP_FOUND;
    if (t->position < t->event_count) {
        const uint16_t s = t->events[t->position].source;
        *source = s;
        return s != TAPE_NO_SOURCE && !t->sources[s].told ? STEP_SOURCE : STEP_EVENT;
    }
    while (t->untold < t->source_count && t->sources[t->untold].told)
        t->untold++;
    *source = t->untold;
    return t->untold < t->source_count ? STEP_SOURCE : STEP_END;
}

static enum err_code tape_peek(struct feed *f, struct feed_key *key, bool *found, struct err *err)
{
    struct tape *const t = (struct tape *)f;
    size_t source = 0;

    (void)err;
    *key = (struct feed_key){0};
    *found = true;
    switch (next_step(t, &source)) {
    case STEP_SOURCE: key->at_once = true; break;
    case STEP_FOUND: key->at_ns = t->events[t->position - 1].at_ns; break;
    case STEP_EVENT: {
        const struct tape_event *const e = &t->events[t->position];
        key->at_ns = e->at_ns;
        if (e->type == TAPE_CLOCK) {
            key->phase = e->as.phase;
            key->session = e->session;
        }
        break;
    }
    case STEP_END: *found = false; break;
    }
    return ERR_OK;
}

static void take_source(struct tape *t, size_t index, struct entry *draft)
{
    struct tape_source *const s = &t->sources[index];

    feed_draft(draft, ENTRY_CONTROL_SOURCE, INSTANT_NONE);
    draft->as.control_source = (struct entry_control_source){
        .source = id_from(t->importer),
        .path = text_from(s->path),
        .sha256 = s->sha256,
        .rows = s->rows,
        .entries = s->entries,
        .findings = s->findings,
    };
    s->told = true;
}

/* Looks at the quality of a row that was just handed out; the findings wait to be handed out next. */
static void look(struct tape *t, const struct tape_event *e)
{
    struct quality *const q = &t->instruments[e->instrument].quality;

    t->found_count = 0;
    t->found_next = 0;
    if (e->type == TAPE_QUOTE && (e->flags & TAPE_IN_SESSION))
        t->found_count =
            quality_look(q, &t->limits, e->session, e->at_ns, e->as.quote.bid, e->as.quote.ask, t->found);
    if ((e->flags & TAPE_LATE) && quality_once(q, e->session, FINDING_LATE))
        t->found[t->found_count++] = (struct quality_found){FINDING_LATE, 0};
}

static void format_price(char out[DECIMAL_TEXT_SIZE], int64_t nano)
{
    if (nano == PRICE_NONE)
        snprintf(out, DECIMAL_TEXT_SIZE, "none");
    else
        decimal_format(out, nano, PRICE_DECIMALS);
}

/* Why a finding stands beside the row before it. */
static void say_beside(struct tape *t, const struct tape_event *e, const struct quality_found *found)
{
    char before[DECIMAL_TEXT_SIZE];

    switch (found->finding) {
    case FINDING_ZERO_BID:
        snprintf(t->text, sizeof t->text,
                 "offered and not bid for; the quote is recorded as it is; told once a session");
        break;
    case FINDING_JUMP:
        format_price(before, found->before);
        snprintf(
            t->text, sizeof t->text,
            "the middle of bid and ask was %s in the quote before; recorded as it is; told once a session",
            before);
        break;
    case FINDING_STALE:
        snprintf(t->text, sizeof t->text,
                 "the quote before this one was %" PRId64
                 " minutes old when this one came; told once a session",
                 found->before / NS_PER_MINUTE);
        break;
    case FINDING_LATE:
        snprintf(t->text, sizeof t->text,
                 "from after the session's end (line %" PRIu32
                 " in its file); recorded as it is; told once a session",
                 e->line);
        break;
    case FINDING_CROSSED:
    case FINDING_EMPTY:
    case FINDING_MALFORMED:
    case FINDING_PROXY: REQUIRE(false); break; /* these stand instead of a row, never beside one */
    }
}

/* Why a finding stands instead of a row. */
static const char *say_instead(struct tape *t, const struct tape_event *e)
{
    char bid[DECIMAL_TEXT_SIZE];
    char ask[DECIMAL_TEXT_SIZE];

    if (e->as.finding.text)
        return t->texts + e->as.finding.text;
    const char *const path = e->source == TAPE_NO_SOURCE ? "generated" : t->sources[e->source].path;
    if (e->as.finding.kind == FINDING_CROSSED) {
        format_price(bid, e->as.finding.bid);
        format_price(ask, e->as.finding.ask);
        snprintf(t->text, sizeof t->text, "bid %s above ask %s: no quote is recorded (line %" PRIu32 ", %s)",
                 bid, ask, e->line, path);
    } else {
        snprintf(t->text, sizeof t->text, "neither bid nor ask: no quote is recorded (line %" PRIu32 ", %s)",
                 e->line, path);
    }
    return t->text;
}

static void take_found(struct tape *t, struct entry *draft)
{
    const struct tape_event *const e = &t->events[t->position - 1];
    const struct quality_found *const found = &t->found[t->found_next++];
    const bool quote = e->type == TAPE_QUOTE;

    say_beside(t, e, found);
    feed_draft(draft, ENTRY_PERCEPTION_DATA_QUALITY, e->at_ns);
    draft->as.perception_data_quality = (struct entry_perception_data_quality){
        .symbol = t->instruments[e->instrument].symbol,
        .finding = found->finding,
        .bid = quote ? e->as.quote.bid : PRICE_NONE,
        .ask = quote ? e->as.quote.ask : PRICE_NONE,
        .text = text_from(t->text),
    };
    t->base.counts.beside[found->finding]++;
}

static void fill_bar(struct entry *draft, const struct symbol *symbol, const struct tape_event *e)
{
    feed_draft(draft, ENTRY_PERCEPTION_BAR, e->at_ns);
    draft->as.perception_bar = (struct entry_perception_bar){.symbol = *symbol,
                                                             .open = e->as.bar.open,
                                                             .high = e->as.bar.high,
                                                             .low = e->as.bar.low,
                                                             .close = e->as.bar.close,
                                                             .volume = e->as.bar.volume,
                                                             .period_s = e->as.bar.period_s};
}

static void fill_quote(struct entry *draft, const struct symbol *symbol, const struct tape_event *e)
{
    feed_draft(draft, ENTRY_PERCEPTION_QUOTE, e->at_ns);
    draft->as.perception_quote = (struct entry_perception_quote){.symbol = *symbol,
                                                                 .bid = e->as.quote.bid,
                                                                 .ask = e->as.quote.ask,
                                                                 .bid_size = e->as.quote.bid_size,
                                                                 .ask_size = e->as.quote.ask_size};
}

static void take_event(struct tape *t, struct entry *draft)
{
    const struct tape_event *const e = &t->events[t->position++];

    if (e->type == TAPE_CLOCK) {
        feed_draft(draft, ENTRY_PERCEPTION_CLOCK, e->at_ns);
        draft->as.perception_clock = (struct entry_perception_clock){e->as.phase, e->session};
        t->base.counts.clocks++;
        return;
    }
    const struct symbol *const symbol = &t->instruments[e->instrument].symbol;
    switch ((enum tape_type)e->type) {
    case TAPE_OPEN_INTEREST:
        feed_draft(draft, ENTRY_PERCEPTION_OPEN_INTEREST, e->at_ns);
        draft->as.perception_open_interest =
            (struct entry_perception_open_interest){.symbol = *symbol, .contracts = e->as.contracts};
        break;
    case TAPE_MARK:
        feed_draft(draft, ENTRY_PERCEPTION_MARK, e->at_ns);
        draft->as.perception_mark = (struct entry_perception_mark){
            .symbol = *symbol, .price = e->as.mark.price, .mark = e->as.mark.kind};
        break;
    case TAPE_BAR: fill_bar(draft, symbol, e); break;
    case TAPE_QUOTE: fill_quote(draft, symbol, e); break;
    case TAPE_FINDING:
        feed_draft(draft, ENTRY_PERCEPTION_DATA_QUALITY, e->at_ns);
        draft->as.perception_data_quality =
            (struct entry_perception_data_quality){.symbol = *symbol,
                                                   .finding = e->as.finding.kind,
                                                   .bid = e->as.finding.bid,
                                                   .ask = e->as.finding.ask,
                                                   .text = text_from(say_instead(t, e))};
        break;
    case TAPE_CLOCK: break; /* answered above */
    }
    look(t, e);
}

static enum err_code tape_take(struct feed *f, struct entry *draft, struct err *err)
{
    struct tape *const t = (struct tape *)f;
    size_t source = 0;

    (void)err;
    switch (next_step(t, &source)) {
    case STEP_SOURCE: take_source(t, source, draft); break;
    case STEP_FOUND: take_found(t, draft); break;
    case STEP_EVENT: take_event(t, draft); break;
    case STEP_END: REQUIRE(false); break; /* peek said that there is one more */
    }
    return ERR_OK;
}

const struct feed_ops TAPE_OPS = {tape_peek, tape_take, tape_close};
