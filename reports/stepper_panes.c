/* What the stepper shows of the place where it stands. */
#include "reports/stepper_state.h"

#include "ledger/entry_json.h"
#include "reports/explain.h"
#include "reports/state_view.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIELD_TEXT_MAX = 8192 };

/* Of the panes of the state: which section. */
static const enum state_section sections[] = {
    [STEPPER_SUMMARY] = STATE_SUMMARY,     [STEPPER_ACCOUNTS] = STATE_ACCOUNTS,
    [STEPPER_POSITIONS] = STATE_POSITIONS, [STEPPER_ORDERS] = STATE_ORDERS,
    [STEPPER_LIMITS] = STATE_LIMITS,       [STEPPER_STRATEGY] = STATE_STRATEGY,
    [STEPPER_CHAIN] = STATE_CHAIN,
};

const char *stepper_pane_name(enum stepper_pane pane)
{
    return pane == STEPPER_ENTRY ? "entry" : pane == STEPPER_WHY ? "why" : state_section_name(sections[pane]);
}

bool stepper_pane_is_state(enum stepper_pane pane)
{
    return pane >= STEPPER_SUMMARY;
}

/* -- the entry ------------------------------------------------------------------------------------------ */

static const struct checks *checks_of(const struct entry *e, const struct entry_field *f)
{
    return f->type == FIELD_CHECKS ? (const struct checks *)(const void *)((const char *)&e->as + f->offset)
                                   : NULL;
}

static void add_times(struct lines *l, const struct entry *e)
{
    char text[INSTANT_TEXT_SIZE];
    char local[INSTANT_TEXT_SIZE];

    if (e->at_ns != INSTANT_NONE) {
        instant_format(text, e->at_ns);
        instant_format_new_york(local, e->at_ns);
        lines_add(l, LINE_PLAIN, "  %-14s %s (%s New York)", "at", text, local);
    }
    instant_format(text, e->recorded_at_ns);
    lines_add(l, LINE_PLAIN, "  %-14s %s", "recorded_at", text);
}

static void add_fields(struct lines *l, const struct entry *e)
{
    const struct entry_kind_info *const info = entry_kind_find((unsigned)e->kind);
    char value[FIELD_TEXT_MAX];

    for (size_t i = 0; i < info->field_count; i++) {
        const struct checks *const checks = checks_of(e, &info->fields[i]);
        if (checks) {
            lines_add(l, LINE_PLAIN, "  %s", info->fields[i].name);
            for (unsigned k = 0; k < checks->count; k++)
                lines_check(l, &checks->rows[k]);
        } else {
            entry_field_text(e, &info->fields[i], value, sizeof value);
            lines_add(l, LINE_PLAIN, "  %-14s %s", info->fields[i].name, value);
        }
    }
}

static enum err_code fill_entry(struct stepper *s, struct lines *l, struct err *err)
{
    struct entry e;
    const enum err_code rc = stepper_read(s, s->seq, &e, err);

    if (rc)
        return rc;
    const struct entry_kind_info *const info = entry_kind_find((unsigned)e.kind);
    lines_add(l, LINE_TITLE, "entry %" PRIu64 "  %s", e.seq, info->text);
    lines_add(l, LINE_DIM, "  %s", info->meaning);
    lines_add(l, LINE_PLAIN, "  %-14s %s%s", "actor", actors_name(journal_actors(s->journal), e.actor),
              e.is_signed ? ", signed" : "");
    add_times(l, &e);
    if (e.cause)
        lines_add(l, LINE_PLAIN, "  %-14s %" PRIu64, "cause", e.cause);
    add_fields(l, &e);
    return ERR_OK;
}

/* -- why it is there ------------------------------------------------------------------------------------ */

static void add_details(struct lines *l, const char *details)
{
    while (*details) {
        const size_t length = strcspn(details, "\n");
        lines_add(l, LINE_PLAIN, "    %.*s", (int)length, details);
        details += length + (details[length] == '\n');
    }
}

static void add_step(struct lines *l, const struct explain_step *step, uint64_t seq)
{
    struct words at;

    words_init(&at);
    words_time(&at, step->at_ns);
    lines_add(l, step->seq == seq ? LINE_TITLE : LINE_PLAIN, "%9" PRIu64 "  %s  %-12s %s", step->seq,
              words_get(&at), step->stage, step->text);
    words_release(&at);
    if (step->details)
        add_details(l, step->details);
    for (unsigned i = 0; step->checks && i < step->checks->count; i++)
        lines_check(l, &step->checks->rows[i]);
}

static enum err_code fill_why(struct stepper *s, struct lines *l, struct err *err)
{
    struct explanation x = {.title = NULL};
    enum err_code rc = stepper_look(s, err);

    if (!rc)
        rc = explain_entry(s->index, s->reader, s->seq, &x, err);
    if (!rc)
        lines_add(l, LINE_TITLE, "%s", x.title);
    for (size_t i = 0; !rc && i < x.count; i++)
        add_step(l, &x.steps[i], s->seq);
    explanation_release(&x);
    return rc;
}

/* -- the state after it --------------------------------------------------------------------------------- */

static void add_view(struct lines *l, const struct state_view *v)
{
    struct state_widths widths;
    struct words w;

    words_init(&w);
    lines_add(l, LINE_DIM, "%s", v->title);
    state_view_widths(v, &widths);
    state_view_heading(v, &widths, &w);
    lines_take(l, LINE_TITLE, &w);
    for (size_t i = 0; i < v->count; i++) {
        state_view_row(v, i, &widths, &w);
        lines_take(l, v->rows[i].is_alert ? LINE_BAD : LINE_PLAIN, &w);
    }
    if (v->count == 0)
        lines_add(l, LINE_PLAIN, "none");
    words_release(&w);
    l->frozen = widths.columns[0] + 2;
}

/* What the pane is about; NULL: of nothing in particular. */
static const struct symbol *subject(const struct book *b, const struct entry *e, enum stepper_pane pane,
                                    struct symbol *underlying)
{
    const struct symbol *const s = entry_symbol(e);
    const struct strategy_settings *const settings = &b->configuration->configuration.strategy;

    if (pane == STEPPER_LIMITS)
        return s && symbol_is_option(s) ? s : NULL;
    if (pane != STEPPER_CHAIN)
        return NULL;
    if (s)
        symbol_underlying(s, underlying);
    else if (settings->underlyings.count)
        *underlying = settings->underlyings.rows[0];
    else
        return NULL;
    return underlying;
}

static enum err_code fill_state(struct stepper *s, enum stepper_pane pane, struct lines *l, struct err *err)
{
    const struct book *b = NULL;
    struct state_view v = {.count = 0};
    struct symbol underlying;
    struct entry e;
    enum err_code rc = stepper_fold(s, &b, err);

    if (!rc)
        rc = stepper_read(s, s->seq, &e, err);
    if (rc)
        return rc;
    const struct symbol *const about = subject(b, &e, pane, &underlying);
    if (pane == STEPPER_CHAIN && (!about || (!view_find(b->view, about) && !view_chain(b->view, about)))) {
        lines_add(l, LINE_DIM, "nothing had been told of %s", about ? about->text : "any symbol");
        return ERR_OK;
    }
    rc = state_view_make(&v, b, sections[pane], about, err);
    if (!rc)
        add_view(l, &v);
    state_view_release(&v);
    return rc;
}

const char *stepper_alarm(struct stepper *s)
{
    const struct book *b = NULL;
    struct words *const w = &s->alarm;

    words_clear(w);
    if (stepper_fold(s, &b, NULL)) {
        words_add(w, "no state: the journal does not fold");
        return words_get(w);
    }
    if (b->risk->stopped)
        words_add(w, "STOPPED by entry %" PRIu64, b->risk->stop_seq);
    const uint32_t tripped = risk_state_tripped(b->risk);
    if (tripped) {
        words_add(w, "%s", b->risk->stopped ? ", " : "");
        words_count(w, tripped, "breaker tripped", "breakers tripped");
    }
    return words_get(w);
}

const struct lines *stepper_lines(struct stepper *s, enum stepper_pane pane)
{
    struct stepper_page *const page = &s->pages[pane];
    struct err why;
    enum err_code rc = ERR_OK;

    if (page->seq == s->seq)
        return &page->lines;
    lines_clear(&page->lines);
    page->seq = s->seq;
    if (pane == STEPPER_ENTRY)
        rc = fill_entry(s, &page->lines, &why);
    else if (pane == STEPPER_WHY)
        rc = fill_why(s, &page->lines, &why);
    else
        rc = fill_state(s, pane, &page->lines, &why);
    if (!rc)
        rc = lines_done(&page->lines, &why);
    if (rc) {
        page->seq = 0;
        page->lines.bad = false;
        lines_add(&page->lines, LINE_BAD, "%s", why.text);
    }
    return &page->lines;
}
