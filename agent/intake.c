#include "agent/intake.h"

#include "agent/control.h"
#include "agent/reconciliation.h"
#include "book/snapshot.h"

#include <inttypes.h>
#include <stdio.h>

/*
 * Reducers refuse only what moves money or settings, and the clock and what is open are a matter of state: to fold a
 * journal for a quote would be for nothing.
 */
static bool may_not_fold(enum entry_kind kind)
{
    return entry_family(kind) == FAMILY_FILL || kind == ENTRY_CONTROL_CONFIGURATION ||
           kind == ENTRY_PERCEPTION_CLOCK || kind == ENTRY_CONTROL_CORRECTION;
}

/* Another clock in the middle of a run would begin another session, and with it the day's limits anew. */
static enum err_code check_clock(const struct book *b, struct err *err)
{
    if (!b->run->is_open)
        return ERR_OK;
    return err_set(
        err, ERR_INPUT,
        "the run of entry %llu is not over, and the clock is its own; go on with it to its end first (the "
        "same ledger run command)",
        (unsigned long long)b->run->first_seq);
}

#define DAY_NS ((int64_t)86400 * 1000000000)

/* By this machine's clock alone: a test of the past may be years behind it, and hardly anything is ahead of it. */
static bool is_ahead(const struct entry *e, int64_t now_ns)
{
    return e->at_ns != INSTANT_NONE && e->at_ns > now_ns && e->at_ns - DAY_NS > now_ns;
}

/* One wrong digit in a year: by times the journal is read for ever, so it is refused while it can be. */
static enum err_code check_time(const struct book *b, const struct entry *e, int64_t now_ns, struct err *err)
{
    const int64_t clock_ns = b ? b->view->clock.now_ns : INSTANT_NONE;
    const bool is_market = clock_ns != INSTANT_NONE && clock_ns > now_ns;
    const int64_t latest_ns = is_market ? clock_ns : now_ns;
    char at[INSTANT_TEXT_SIZE];
    char latest[INSTANT_TEXT_SIZE];

    if (e->at_ns == INSTANT_NONE || (e->at_ns >= 0 && !is_ahead(e, latest_ns)))
        return ERR_OK;
    instant_format(at, e->at_ns);
    if (e->at_ns < 0)
        return err_set(err, ERR_INPUT, "at: %s lies before 1970", at);
    instant_format(latest, latest_ns);
    return err_set(err, ERR_INPUT, "at: %s lies %lld days ahead of %s clock (%s)", at,
                   (long long)((e->at_ns - latest_ns) / DAY_NS),
                   is_market ? "the market's" : "this machine's", latest);
}

enum err_code intake_check_time(struct journal *j, const struct entry *e, int64_t now_ns, struct err *err)
{
    struct journal_reader *r = NULL;
    struct book b;

    if (!is_ahead(e, now_ns))
        return check_time(NULL, e, now_ns, err);
    enum err_code rc = book_init(&b, err);
    if (rc)
        return rc;
    rc = journal_reader_begin(j, &r, err);
    if (!rc)
        rc = book_load(&b, r, 0, NULL, NULL, err);
    if (!rc)
        rc = check_time(&b, e, now_ns, err);
    journal_reader_end(r);
    book_release(&b);
    return rc;
}

/* One that closes nothing would be a word on the record that means nothing. */
static enum err_code check_correction(const struct book *b, struct journal_group *g, const struct entry *e,
                                      struct err *err)
{
    const enum err_code rc = reconciliation_check_correction(b, g, &e->as.control_correction, err);

    if (rc)
        err_wrap(err, "control.correction");
    return rc;
}

/* The first thing in which a bust is not what the execution said; the order when all that is kept agrees. */
static const char *difference(const struct reconcile_fill *f, const struct entry_fill_bust *b)
{
    if (!symbol_equal(&f->symbol, &b->symbol))
        return "symbol";
    if (f->side != b->side)
        return "side";
    if (f->qty != b->qty)
        return "qty";
    if (f->price_nano != b->price)
        return "price";
    return f->fee_micro != b->fee ? "fee" : "order_id";
}

/*
 * One that takes nothing back, in a journal where the reducers could only put it aside (ledger/fills.h). What a broker
 * tells again passes: none counts twice.
 */
static enum err_code check_bust(const struct book *b, const struct entry *e, struct err *err)
{
    const struct entry_fill_bust *const bust = &e->as.fill_bust;
    const struct fills *const fills = &b->accounts->fills;
    const struct reconcile_fill *const f = table_find(&b->reconcile->fills, &bust->busted);
    const enum fills_reason reason = fills_judge(fills, bust);
    char entry[48] = "";
    char detail[64] = "";

    if (reason == FILLS_STANDS || ids_has(&fills->told, &bust->fill_id))
        return ERR_OK;
    if (f)
        snprintf(entry, sizeof entry, " (entry %" PRIu64 ")", f->seq);
    if (f && reason == FILLS_DIFFERS)
        snprintf(detail, sizeof detail, " (%s)", difference(f, bust));
    if (reason == FILLS_TWICE)
        snprintf(detail, sizeof detail, ", by entry %" PRIu64, fills_find_bust(fills, &bust->busted)->seq);
    return err_set(err, ERR_INPUT, "fill.bust %s: the fill %s%s %s%s", bust->fill_id.text, bust->busted.text,
                   entry, fills_reason_text(reason), detail);
}

enum err_code intake_check_import(struct journal *j, struct err *err)
{
    struct intake in = {.journal = j};
    struct journal_reader *r = NULL;
    enum err_code rc = book_init(&in.book, err);

    if (rc)
        return rc;
    in.has_book = true;
    rc = journal_reader_begin(j, &r, err);
    if (!rc)
        rc = book_load(&in.book, r, 0, NULL, NULL, err);
    if (!rc)
        rc = check_clock(&in.book, err);
    journal_reader_end(r);
    intake_release(&in);
    return rc;
}

static enum err_code needs_book(struct intake *in, const struct journal_group *g, const uint8_t *bytes,
                                const uint16_t *sizes, size_t count, bool *needs, struct err *err)
{
    *needs = false;
    for (size_t i = 0; i < count && !*needs; i++) {
        const enum err_code rc = entry_decode_header(bytes, sizes[i], &in->draft, err);
        if (rc)
            return rc;
        *needs = may_not_fold(in->draft.kind) || is_ahead(&in->draft, journal_group_recorded_at_ns(g));
        bytes += sizes[i];
    }
    return ERR_OK;
}

/* The book as of the newest entry; the group is open, so it stays the newest. */
static enum err_code fold(struct intake *in, struct journal_group *g, struct err *err)
{
    struct journal_reader *r = NULL;
    enum err_code rc = in->has_book ? ERR_OK : book_init(&in->book, err);

    if (rc)
        return rc;
    in->has_book = true;
    if (book_seq(&in->book) + 1 == journal_group_next_seq(g))
        return ERR_OK;
    rc = journal_group_reader(g, &r, err);
    if (!rc)
        rc = book_load(&in->book, r, 0, NULL, NULL, err);
    journal_reader_end(r);
    return rc;
}

/* The command in whose course the program itself writes such an entry; NULL: others may say it too. */
static const char *own_command(enum entry_kind kind)
{
    switch ((unsigned)kind) {
    case ENTRY_CONTROL_GENESIS: return "ledger init";
    case ENTRY_CONTROL_RUN: /* anybody else's end of a run would end its decisions */
    case ENTRY_CONTROL_RUN_END:
    case ENTRY_CONTROL_SESSION:
    case ENTRY_CONTROL_HEARTBEAT:
    case ENTRY_PERCEPTION_CLOCK_QUALITY: return "ledger run";
    case ENTRY_CONTROL_SNAPSHOT: return "ledger snapshot";
    case ENTRY_CONTROL_KEY: return "ledger key";
    case ENTRY_CONTROL_HYPOTHESIS: return "ledger replay --out";
    case ENTRY_RISK_VERDICT:
    case ENTRY_RISK_BREAKER_TRIP:
    case ENTRY_RISK_EQUITY: return "the governor in ledger run";
    case ENTRY_RISK_BREAK: return "ledger reconcile";
    default: return NULL;
    }
}

enum err_code intake_check_own(const struct entry *e, struct err *err)
{
    const char *const command = own_command(e->kind);

    if (!command)
        return ERR_OK;
    return err_set(err, ERR_INPUT, "%s is the program's own word: only %s writes it",
                   entry_kind_find((unsigned)e->kind)->text, command);
}

enum err_code intake_check_kind(const struct entry *e, struct err *err)
{
    const char *const kind = entry_kind_find((unsigned)e->kind)->text;

    if (intake_check_own(e, err))
        return ERR_INPUT;
    if (e->kind >= ENTRY_PERCEPTION_STATED_POSITION && e->kind <= ENTRY_PERCEPTION_STATEMENT)
        return err_set(err, ERR_INPUT, "%s is answered with its statement: see ledger reconcile", kind);
    if (e->kind == ENTRY_CONTROL_ACTOR && e->as.control_actor.role == ROLE_OWNER && !e->is_signed)
        return err_set(err, ERR_INPUT,
                       "an owner changes what the journal asks of everybody: see ledger actor add");
    if (e->kind == ENTRY_CONTROL_CONFIGURATION &&
        control_check_configuration(&e->as.control_configuration, err))
        return err_wrap(err, "%s", kind);
    return ERR_OK;
}

static enum err_code add(struct intake *in, struct journal_group *g, uint8_t *bytes, size_t size, bool folds,
                         struct err *err)
{
    enum err_code rc = entry_decode(bytes, size, &in->draft, err);

    if (!rc)
        rc = intake_check_kind(&in->draft, err);
    if (!rc)
        rc = check_time(folds ? &in->book : NULL, &in->draft, journal_group_recorded_at_ns(g), err);
    if (!rc && in->draft.kind == ENTRY_PERCEPTION_CLOCK)
        rc = check_clock(&in->book, err);
    if (!rc && in->draft.kind == ENTRY_CONTROL_CORRECTION)
        rc = check_correction(&in->book, g, &in->draft, err);
    if (!rc && in->draft.kind == ENTRY_FILL_BUST)
        rc = check_bust(&in->book, &in->draft, err);
    if (!rc)
        rc = journal_group_add_encoded(g, bytes, size, &in->draft, err);
    if (rc || !folds)
        return rc;
    in->draft.seq = book_seq(&in->book) + 1;
    in->draft.recorded_at_ns = journal_group_recorded_at_ns(g);
    return book_apply(&in->book, &in->draft, err);
}

static void drop_book(struct intake *in)
{
    if (in->has_book)
        book_release(&in->book);
    in->has_book = false;
}

/* -- with others ----------------------------------------------------------------------------------------- */

#define RULES_NUMBER 1u /* of orders that this intake, whichever process leads, has looked at */

static enum err_code add_order(void *context, struct journal_group *g, uint8_t *bytes, size_t size,
                               struct err *err)
{
    struct intake *const in = context;
    bool folds = false;
    const uint16_t one = (uint16_t)size;

    enum err_code rc = needs_book(in, g, bytes, &one, 1, &folds, err);
    if (!rc && folds)
        rc = fold(in, g, err); /* to the entry before this one, whoever gave it */
    return rc ? rc : add(in, g, bytes, size, folds, err);
}

static void drop_folded(void *context)
{
    drop_book(context);
}

/* A full disk or a strange file is no reason not to append. */
static bool has_queue(struct intake *in)
{
    const struct queue_rules rules = {RULES_NUMBER, add_order, drop_folded, in};

    if (!in->queue && !in->has_no_queue)
        in->has_no_queue = queue_open(in->journal, &rules, &in->queue, NULL) != ERR_OK;
    return in->queue != NULL;
}

static bool is_small(const uint16_t *sizes, size_t count)
{
    size_t total = 0;

    for (size_t i = 0; i < count && count <= QUEUE_ENTRIES_MAX; i++)
        total += sizes[i];
    return count <= QUEUE_ENTRIES_MAX && total <= QUEUE_BYTES_MAX;
}

/* -- alone ----------------------------------------------------------------------------------------------- */

static enum err_code write_alone(struct intake *in, uint8_t *bytes, const uint16_t *sizes, size_t count,
                                 struct queue_reply *reply, size_t *refused, struct err *err)
{
    struct journal_group *g = NULL;
    struct seal seal;
    bool folds = false;
    enum err_code rc = journal_group_begin(in->journal, &g, err);

    *refused = count;
    if (!rc)
        rc = needs_book(in, g, bytes, sizes, count, &folds, err);
    if (!rc && folds)
        rc = fold(in, g, err);
    for (size_t i = 0; !rc && i < count; i++) {
        rc = add(in, g, bytes, sizes[i], folds, err);
        if (rc)
            *refused = i;
        bytes += sizes[i];
    }
    if (rc)
        journal_group_abort(g);
    else
        rc = journal_group_commit(g, &seal, err);
    if (!rc)
        *reply = (struct queue_reply){seal.size - count + 1, seal.size, seal.root};
    if (rc && folds)
        drop_book(in); /* it has folded what is nowhere */
    return rc;
}

enum err_code intake_group(struct intake *in, uint8_t *bytes, const uint16_t *sizes, size_t count,
                           struct queue_reply *reply, size_t *refused, struct err *err)
{
    return is_small(sizes, count) && has_queue(in)
               ? queue_append(in->queue, bytes, sizes, count, reply, refused, err)
               : write_alone(in, bytes, sizes, count, reply, refused, err);
}

enum err_code intake_keep(struct intake *in, struct err *err)
{
    return in->has_book ? snapshot_keep(in->journal, &in->book, err) : ERR_OK;
}

void intake_release(struct intake *in)
{
    drop_book(in);
    queue_close(in->queue);
    in->queue = NULL;
    in->has_no_queue = false;
}
