/* ledger incident: a span of the journal as one page, for whoever is called at night and whoever asks later. */
#include "cli/cli.h"
#include "cli/moment.h"
#include "cli/whatif.h"

#include "incident/page.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct request {
    const char *from_text;
    const char *to_text;
    const char *symbol_text;
    const char *with;
    const char *out;
    bool is_forced;
    struct moment from;
    struct moment to;
    struct symbol symbol;
};

static enum err_code parse(struct request *q, struct err *err)
{
    struct symbol named;

    if (!q->out)
        return err_set(err, ERR_USAGE,
                       "incident: --out says where the page goes (see: ledger help incident)");
    enum err_code rc = moment_parse("--from", q->from_text, &q->from, err);
    if (!rc)
        rc = moment_parse("--to", q->to_text, &q->to, err);
    if (rc || !q->symbol_text)
        return rc;
    if (symbol_parse(q->symbol_text, strlen(q->symbol_text), &named, NULL))
        return err_set(err, ERR_USAGE, "--symbol: \"%s\" is neither a ticker nor an OCC symbol",
                       q->symbol_text);
    symbol_underlying(&named, &q->symbol);
    return ERR_OK;
}

/* The newest entry at that moment. */
static enum err_code seq_at(const struct moment *m, struct journal_reader *r, uint64_t *seq, struct err *err)
{
    struct book b;

    if (m->at_ns == INSTANT_NONE) {
        *seq = m->seq ? m->seq : journal_reader_size(r);
        return ERR_OK;
    }
    enum err_code rc = book_init(&b, err);
    if (!rc)
        rc = moment_fold(m, "incident", r, &b, err);
    if (!rc)
        *seq = book_seq(&b);
    book_release(&b);
    return rc;
}

/* What is before the span, and its last entry. */
static enum err_code find_span(const struct request *q, struct journal_reader *r, uint64_t *before,
                               uint64_t *to, struct err *err)
{
    const uint64_t size = journal_reader_size(r);
    /* What happened at --from is in the span. */
    const struct moment eve = {.at_ns = q->from.at_ns > INT64_MIN ? q->from.at_ns - 1 : INT64_MIN};

    *before = q->from.seq ? q->from.seq - 1 : 0;
    enum err_code rc = ERR_OK;
    if (q->from_text && q->from.at_ns != INSTANT_NONE)
        rc = seq_at(&eve, r, before, err);
    if (!rc)
        rc = seq_at(&q->to, r, to, err);
    if (rc)
        return rc;
    if (*to > size)
        return err_set(err, ERR_NOT_FOUND, "--to: there is no entry %" PRIu64 ": the journal has %" PRIu64,
                       *to, size);
    if (q->from.at_ns == INSTANT_NONE && *before >= size)
        return err_set(err, ERR_NOT_FOUND, "--from: there is no entry %" PRIu64 ": the journal has %" PRIu64,
                       *before + 1, size);
    if (q->from.at_ns != INSTANT_NONE && *before >= size)
        return err_set(err, ERR_NOT_FOUND, "--from: nothing happened at %s or after it", q->from_text);
    if (*before >= *to) /* of numbers that is misuse; of times it is an answer */
        return err_set(err, q->from.seq && q->to.seq ? ERR_USAGE : ERR_NOT_FOUND,
                       "the span is empty: --from is entry %" PRIu64 ", --to is entry %" PRIu64, *before + 1,
                       *to);
    return ERR_OK;
}

static enum err_code fold(struct timeline *t, struct journal_reader *r, uint64_t before, uint64_t to,
                          struct err *err)
{
    struct cli_progress progress;

    cli_progress_init(&progress, "incident");
    enum err_code rc = timeline_begin(t, r, before, cli_progress_draw, &progress, err);
    if (!rc)
        rc = timeline_take_all(t, r, to, cli_progress_draw, &progress, err);
    if (!rc)
        rc = timeline_end(t, err);
    cli_progress_end(&progress);
    cli_put_remark(t->book.snapshots.remark);
    return rc;
}

static void put_result(const struct request *q, const struct timeline *t, const struct page_counts *c)
{
    fprintf(stderr,
            "%s: entries %" PRIu64 " to %" PRIu64 ", %" PRIu64
            " of them on the page with what they follow from, "
            "%" PRIu64 " bytes\n",
            q->out, t->from, t->to, c->entries, c->bytes);
    if (c->left)
        fprintf(stderr,
                "not on the page: %" PRIu64 " entries, of contracts that were neither held nor traded%s\n",
                c->left, t->is_narrowed ? " or of other underlyings" : "");
}

/* -- what would have been ------------------------------------------------------------------------------- */

/* The course's entries up to where the span ends in the record. */
static enum err_code fold_course(struct timeline *t, const struct course *c, struct journal_reader *r,
                                 uint64_t before, uint64_t to, struct err *err)
{
    struct course_walk w;
    struct entry e;
    uint64_t base_seq = 0;
    bool found = true;
    enum err_code rc = timeline_begin(t, r, before, NULL, NULL, err);

    course_walk_begin(&w, c, r, before + 1);
    while (!rc) {
        rc = course_next(&w, &e, &base_seq, &found, err);
        if (rc || !found || base_seq > to)
            break;
        rc = timeline_take(t, &e, err);
    }
    return rc ? rc : timeline_end(t, err);
}

/* Runs it; a departure never cuts an answer, so *before may be earlier afterwards. */
static enum err_code run_course(const struct request *q, struct journal *j, struct journal_reader *r,
                                struct course **c, uint64_t *before, struct err *err)
{
    struct whatif *const asked = calloc(1, sizeof *asked);
    struct cli_progress progress;

    if (!asked)
        return err_set(err, ERR_MEMORY, "out of memory");
    asked->with = q->with;
    enum err_code rc = whatif_prepare(asked, j, r, err);
    asked->change.from = *before ? *before + 1 : 2; /* the genesis is nobody's decision */
    asked->change.hypothesis = NULL;                /* it is shown, and stored nowhere */
    cli_progress_init(&progress, "what if");
    if (!rc)
        rc = course_run(r, &asked->change, c, cli_progress_draw, &progress, err);
    cli_progress_end(&progress);
    if (!rc && course_from(*c) <= *before)
        *before = course_from(*c) - 1;
    whatif_release(asked);
    free(asked);
    return rc;
}

static enum err_code make(const struct request *q, struct journal *j, struct journal_reader *r,
                          struct err *err)
{
    struct timeline real;
    struct timeline other;
    struct page_counts counts;
    struct course *course = NULL;
    struct words change;
    uint64_t before = 0;
    uint64_t to = 0;

    enum err_code rc = find_span(q, r, &before, &to, err);
    if (rc)
        return rc;
    const struct symbol *const only = q->symbol_text ? &q->symbol : NULL;
    rc = q->with ? run_course(q, j, r, &course, &before, err) : ERR_OK;
    const enum err_code rc_real = timeline_init(&real, only, rc ? NULL : err);
    const enum err_code rc_other = timeline_init(&other, only, rc || rc_real ? NULL : err);
    words_init(&change);
    rc = rc ? rc : rc_real ? rc_real : rc_other;
    if (!rc)
        rc = fold(&real, r, before, to, err);
    if (!rc && q->symbol_text && !moment_has_symbol(&real.book, &q->symbol))
        fprintf(stderr, "remark: no entry is about %s, up to entry %" PRIu64 "\n", q->symbol.text, to);
    other.keeps_deeds = true;
    if (!rc && course)
        rc = fold_course(&other, course, r, before, to, err);
    if (course)
        words_add(&change,
                  "Decided again from entry %" PRIu64
                  " on with the configuration of %s, the paper broker answering. None of it happened.",
                  before ? before + 1 : 2, q->with);
    const struct page_request page = {.real = &real,
                                      .other = course ? &other : NULL,
                                      .change = words_get(&change),
                                      .out = q->out,
                                      .is_forced = q->is_forced};
    if (!rc)
        rc = page_write(j, r, &page, &counts, err);
    if (!rc)
        put_result(q, &real, &counts);
    words_release(&change);
    timeline_release(&real);
    timeline_release(&other);
    course_free(course);
    return rc;
}

enum err_code cmd_incident(struct cli *cli, struct err *err)
{
    struct request q = {.out = NULL};
    struct journal *j = NULL;
    struct journal_reader *r = NULL;
    const struct cli_option options[] = {{.name = "from", .value = &q.from_text},
                                         {.name = "to", .value = &q.to_text},
                                         {.name = "symbol", .value = &q.symbol_text},
                                         {.name = "with", .value = &q.with},
                                         {.name = "out", .value = &q.out},
                                         {.name = "force", .flag = &q.is_forced}};
    enum err_code rc = cli_options(cli, options, sizeof options / sizeof options[0], NULL, 0, NULL, err);

    if (!rc)
        rc = parse(&q, err);
    cli_guard_reading();
    if (!rc)
        rc = cli_open(cli, true, &j, err);
    if (!rc)
        rc = journal_reader_begin(j, &r, err);
    if (!rc)
        rc = make(&q, j, r, err);
    journal_reader_end(r);
    journal_close(j);
    return rc;
}
