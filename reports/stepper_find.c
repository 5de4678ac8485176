/* Where the stepper goes next: the nearest entry of a kind, with a text, or of a time. */
#include "reports/stepper_state.h"

#include "book/market_time.h"
#include "ledger/entry_json.h"

#include <inttypes.h>
#include <string.h>

bool stepper_is_breach(const struct entry *e)
{
    const struct checks *checks = NULL;

    if (e->kind == ENTRY_CONTROL_STOP || e->kind == ENTRY_RISK_BREAKER_TRIP)
        return true;
    if (e->kind == ENTRY_RISK_VERDICT && !e->as.risk_verdict.allowed)
        return true;
    if (e->kind == ENTRY_RISK_VERDICT)
        checks = &e->as.risk_verdict.checks;
    else if (e->kind == ENTRY_DECISION_ENTER)
        checks = &e->as.decision_enter.checks;
    else if (e->kind == ENTRY_DECISION_EXIT)
        checks = &e->as.decision_exit.checks;
    for (unsigned i = 0; checks && i < checks->count; i++) {
        if (words_check_failed(&checks->rows[i]))
            return true;
    }
    return false;
}

/* -- what is looked for --------------------------------------------------------------------------------- */

static bool is_any(struct stepper *s, const struct entry *e)
{
    (void)s;
    (void)e;
    return true;
}

static bool is_breach(struct stepper *s, const struct entry *e)
{
    (void)s;
    return stepper_is_breach(e);
}

/* Is the term in the entry's fields? Those of perceptions are all in their line. */
static bool fields_hold(const struct stepper *s, const struct entry *e)
{
    const struct entry_kind_info *const info = entry_kind_find((unsigned)e->kind);
    char value[8192];

    if (entry_family(e->kind) == FAMILY_PERCEPTION)
        return false;
    for (size_t i = 0; i < info->field_count; i++) {
        entry_field_text(e, &info->fields[i], value, sizeof value);
        if (strcasestr(value, s->term))
            return true;
    }
    return false;
}

static bool is_match(struct stepper *s, const struct entry *e)
{
    struct words *const w = &s->row_words;

    if (s->symbol.length)
        return true; /* the filter has asked already */
    if (strcasestr(entry_kind_find((unsigned)e->kind)->text, s->term) ||
        strcasestr(actors_name(journal_actors(s->journal), e->actor), s->term))
        return true;
    words_clear(w);
    words_entry(w, e);
    return strcasestr(words_get(w), s->term) || fields_hold(s, e);
}

#define KINDS_MAX 5

/* Kinds: those to walk; none: every entry. Families: the same, a whole family at a time. */
struct quarry {
    const char *name;
    bool (*holds)(struct stepper *s, const struct entry *e);
    enum entry_kind kinds[KINDS_MAX + 1];
    enum entry_family families[2];
};

static const struct quarry quarries[] = {
    [STEPPER_DECISION] = {.name = "decision",
                          .holds = is_any,
                          .kinds = {ENTRY_DECISION_ENTER, ENTRY_DECISION_EXIT, ENTRY_DECISION_NO_TRADE}},
    [STEPPER_BREACH] = {.name = "breach",
                        .holds = is_breach,
                        .kinds = {ENTRY_RISK_VERDICT, ENTRY_RISK_BREAKER_TRIP, ENTRY_CONTROL_STOP,
                                  ENTRY_DECISION_ENTER, ENTRY_DECISION_EXIT}},
    [STEPPER_ORDER] = {.name = "order or fill", .holds = is_any, .families = {FAMILY_ORDER, FAMILY_FILL}},
    [STEPPER_MATCH] = {.name = "match", .holds = is_match},
};

/* -- looking for it ------------------------------------------------------------------------------------- */

#define ASK_EVERY 1024u

struct hunt {
    struct stepper *s;
    const struct quarry *quarry;
    bool forward;
    uint64_t found;   /* the nearest so far; 0: none */
    uint64_t gave_up; /* where the work was given up; 0: it was not */
};

/* One walk; it ends where what was found already is nearer. */
static enum err_code walk(struct hunt *h, struct filter *f, struct err *err)
{
    struct stepper *const s = h->s;
    const uint64_t from = s->seq;
    const struct entry *e = NULL;
    struct index_walk *w = NULL;
    bool found = true;

    f->first = h->forward ? from + 1 : h->found + 1;
    f->last = !h->forward ? from - 1 : h->found ? h->found - 1 : s->size;
    if (f->first > f->last)
        return ERR_OK;
    enum err_code rc =
        index_walk_begin(s->index, s->reader, f, h->forward ? INDEX_FORWARD : INDEX_BACKWARD, false, &w, err);
    for (uint64_t n = 1; !rc; n++) {
        rc = index_walk_next(w, &e, &found, err);
        if (rc || !found)
            break;
        if (h->quarry->holds(s, e)) {
            h->found = e->seq;
            break;
        }
        if (n % ASK_EVERY == 0 && !stepper_goes_on(s, h->forward ? e->seq - from : from - e->seq,
                                                   h->forward ? s->size - from : from)) {
            h->gave_up = e->seq;
            break;
        }
    }
    index_walk_end(w);
    return rc;
}

static enum err_code hunt(struct hunt *h, struct err *err)
{
    const struct quarry *const q = h->quarry;
    struct filter f;
    enum err_code rc = ERR_OK;

    for (unsigned i = 0; !rc && !h->gave_up && i < KINDS_MAX && q->kinds[i]; i++) {
        filter_init(&f);
        f.kind = entry_kind_find((unsigned)q->kinds[i]);
        rc = walk(h, &f, err);
    }
    for (unsigned i = 0; !rc && !h->gave_up && i < 2 && q->families[i]; i++) {
        filter_init(&f);
        f.family = (unsigned)q->families[i];
        rc = walk(h, &f, err);
    }
    if (q->kinds[0] || q->families[0] || rc)
        return rc;
    filter_init(&f);
    f.symbol = h->s->symbol;
    return walk(h, &f, err);
}

static enum err_code nothing(const struct hunt *h, enum stepper_what what, struct err *err)
{
    const char *const way = h->forward ? "after" : "before";

    if (what == STEPPER_MATCH)
        return err_set(err, ERR_NOT_FOUND, "no \"%s\" %s entry %" PRIu64, h->s->term, way, h->s->seq);
    return err_set(err, ERR_NOT_FOUND, "no %s %s entry %" PRIu64, h->quarry->name, way, h->s->seq);
}

enum err_code stepper_next(struct stepper *s, enum stepper_what what, bool forward, struct err *err)
{
    struct hunt h = {.s = s, .quarry = &quarries[what], .forward = forward};

    if (what == STEPPER_MATCH && !s->term[0])
        return err_set(err, ERR_NOT_FOUND, "nothing was searched for yet; / asks what");
    enum err_code rc = stepper_look(s, err);
    if (!rc)
        rc = hunt(&h, err);
    if (!rc && h.gave_up)
        rc = err_set(err, ERR_NOT_FOUND, "given up at entry %" PRIu64, h.gave_up);
    if (!rc && !h.found)
        rc = nothing(&h, what, err);
    if (!rc)
        stepper_jump(s, h.found);
    return rc;
}

/* Some entry is about it: "REFUSED" has the form of a ticker, too. */
static enum err_code is_known(struct stepper *s, const struct symbol *symbol, bool *known, struct err *err)
{
    const struct entry *e = NULL;
    struct index_walk *w = NULL;
    struct filter f;
    enum err_code rc = stepper_look(s, err);

    filter_init(&f);
    f.symbol = *symbol;
    f.last = s->size;
    if (!rc)
        rc = index_walk_begin(s->index, s->reader, &f, INDEX_FORWARD, false, &w, err);
    if (!rc)
        rc = index_walk_next(w, &e, known, err);
    index_walk_end(w);
    return rc;
}

enum err_code stepper_search(struct stepper *s, const char *term, struct err *err)
{
    const size_t length = strlen(term);
    struct symbol symbol;
    bool known = false;
    enum err_code rc = ERR_OK;

    if (!length)
        return s->term[0] ? ERR_OK : err_set(err, ERR_INPUT, "nothing was searched for before");
    if (length > STEPPER_TERM_MAX)
        return err_set(err, ERR_INPUT, "too long to search for: %d bytes at most", STEPPER_TERM_MAX);
    if (term[0] >= 'A' && term[0] <= 'Z' && symbol_parse(term, length, &symbol, NULL) == ERR_OK)
        rc = is_known(s, &symbol, &known, err);
    if (rc)
        return rc;
    memset(&s->symbol, 0, sizeof s->symbol);
    if (known)
        s->symbol = symbol;
    memcpy(s->term, term, length + 1);
    return ERR_OK;
}

/* The entry before the first that is past it (book/market_time.h); the index knows which could be. */
enum err_code stepper_find_time(struct stepper *s, int64_t at_ns, uint64_t *seq, struct err *err)
{
    const struct entry *e = NULL;
    struct index_walk *w = NULL;
    struct market_time time;
    struct filter f;
    bool found = true;
    bool is_past = false;
    enum err_code rc = stepper_look(s, err);

    market_time_init(&time, s->reader);
    filter_init(&f);
    f.from_ns = at_ns < INT64_MAX ? at_ns + 1 : at_ns;
    f.last = s->size;
    if (!rc)
        rc = index_walk_begin(s->index, s->reader, &f, INDEX_FORWARD, false, &w, err);
    while (!rc) {
        rc = index_walk_next(w, &e, &found, err);
        if (!rc && found)
            rc = market_time_is_past(&time, e, at_ns, &is_past, err);
        if (rc || !found || is_past)
            break;
    }
    if (!rc)
        *seq = found ? e->seq - 1 : s->size;
    index_walk_end(w);
    return rc;
}
