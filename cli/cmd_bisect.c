/* ledger bisect: the first entry after which a predicate holds. */
#include "cli/cli.h"

#include "cli/bisect_config.h"
#include "cli/moment.h"
#include "incident/bisect.h"
#include "ledger/entry_json.h"
#include "reports/words.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct question {
    const char *when;
    struct predicate predicate;
    struct moment good; /* entry 1 when nobody says */
    struct moment bad;
    bool json;
};

/* What is shown of the answer. */
struct answer {
    struct bisect found;
    struct entry entry;
    struct words words;
    struct words before;
    struct words after;
    struct json_out json_before;
    struct json_out json_after;
};

/* A time stands for the last entry before the market's clock passes it. */
static enum err_code resolve(const struct moment *m, uint64_t otherwise, struct journal_reader *r,
                             uint64_t *seq, struct err *err)
{
    struct book b = {.snapshots = {.begun_at = 0}};

    if (m->at_ns == INSTANT_NONE) {
        *seq = m->seq ? m->seq : otherwise;
        return ERR_OK;
    }
    enum err_code rc = book_init(&b, err);
    if (!rc)
        rc = moment_load(m, "bisect", r, &b, err);
    if (!rc)
        *seq = book_seq(&b);
    book_release(&b);
    return rc;
}

static enum err_code look(const struct question *q, struct book *b, struct answer *a, struct err *err)
{
    enum err_code rc = ERR_OK;

    if (a->found.seq) {
        words_entry(&a->words, &a->entry);
        rc = predicate_say(&q->predicate, b, &a->before, err);
        if (!rc)
            rc = predicate_json(&q->predicate, b, &a->json_before, err);
        if (!rc)
            rc = book_apply(b, &a->entry, err);
    }
    if (!rc)
        rc = predicate_say(&q->predicate, b, &a->after, err);
    if (!rc)
        rc = predicate_json(&q->predicate, b, &a->json_after, err);
    if (!rc)
        rc = words_done(&a->words, err);
    if (!rc)
        rc = words_done(&a->before, err);
    return rc ? rc : words_done(&a->after, err);
}

static void put_text(const struct question *q, const struct answer *a)
{
    const struct bisect *const f = &a->found;
    char at[INSTANT_TEXT_SIZE];

    if (!f->seq) {
        printf("no entry: after none of %llu .. %llu it holds\n  after entry %-10llu %s\n",
               (unsigned long long)f->good + 1, (unsigned long long)f->bad, (unsigned long long)f->bad,
               words_get(&a->after));
        return;
    }
    instant_format_new_york(at, a->entry.at_ns != INSTANT_NONE ? a->entry.at_ns : a->entry.recorded_at_ns);
    printf("%sentry %llu%s, %s New York, %s: the first after which %s\n", cli_bold(stdout),
           (unsigned long long)f->seq, cli_plain(stdout), at, entry_kind_find((unsigned)a->entry.kind)->text,
           q->when);
    printf("  %s\n", words_get(&a->words));
    if (a->entry.cause)
        printf("  made to happen by entry %llu\n", (unsigned long long)a->entry.cause);
    printf("  before  %s\n  after   %s\n", words_get(&a->before), words_get(&a->after));
    printf("next: ledger explain %llu; ledger diff %llu %llu\n", (unsigned long long)f->seq,
           (unsigned long long)f->seq - 1, (unsigned long long)f->seq);
}

static enum err_code put_json(const struct question *q, const struct answer *a, struct journal *j,
                              struct err *err)
{
    const struct bisect *const f = &a->found;
    struct json_out out;

    json_out_init(&out);
    json_out_object(&out);
    json_out_key(&out, "when");
    json_out_text(&out, q->when);
    json_out_key(&out, "good");
    json_out_u64(&out, f->good);
    json_out_key(&out, "bad");
    json_out_u64(&out, f->bad);
    json_out_key(&out, "asked");
    json_out_u64(&out, f->asked);
    json_out_key(&out, "found");
    if (f->seq) {
        json_out_u64(&out, f->seq);
        json_out_key(&out, "words");
        json_out_text(&out, words_get(&a->words));
        json_out_key(&out, "entry");
        entry_to_json(&a->entry, journal_actors(j), ENTRY_JSON_FULL, &out);
        json_out_key(&out, "before");
        json_out_raw(&out, a->json_before.bytes, a->json_before.size);
    } else {
        json_out_null(&out);
    }
    json_out_key(&out, "after");
    json_out_raw(&out, a->json_after.bytes, a->json_after.size);
    json_out_object_end(&out);
    const enum err_code rc = cli_put_json(&out, err);
    json_out_release(&out);
    return rc;
}

/* A misspelt symbol never holds: better said than searched for. */
static void remark_unknown(const struct question *q, const struct book *b)
{
    for (size_t i = 0; i < q->predicate.leaf_count; i++) {
        const struct symbol *const s = &q->predicate.leaves[i].symbol;
        if (s->length && !moment_has_symbol(b, s))
            fprintf(stderr, "remark: no entry is about %s, up to entry %" PRIu64 "\n", s->text, book_seq(b));
    }
}

static enum err_code run(const struct question *q, struct journal *j, struct journal_reader *r,
                         struct err *err)
{
    struct answer *const a = calloc(1, sizeof *a);
    struct book b = {.snapshots = {.begun_at = 0}};
    struct cli_progress progress;
    uint64_t good = 0;
    uint64_t bad = 0;

    if (!a)
        return err_set(err, ERR_MEMORY, "out of memory");
    json_out_init(&a->json_before);
    json_out_init(&a->json_after);
    enum err_code rc = resolve(&q->good, 1, r, &good, err);
    if (!rc)
        rc = resolve(&q->bad, journal_reader_size(r), r, &bad, err);
    if (!rc)
        rc = book_init(&b, err);
    cli_progress_init(&progress, "bisect");
    if (!rc)
        rc = bisect_run(&a->found, &q->predicate, good, bad, r, &b, &a->entry, cli_progress_draw, &progress,
                        err);
    cli_progress_end(&progress);
    if (!rc && !a->found.seq)
        remark_unknown(q, &b);
    if (!rc)
        rc = look(q, &b, a, err);
    if (!rc && q->json)
        rc = put_json(q, a, j, err);
    else if (!rc)
        put_text(q, a);
    if (!rc && !a->found.seq)
        rc =
            err_set(err, ERR_WRONG, "after no entry from %" PRIu64 " to %" PRIu64 " it holds", good + 1, bad);
    words_release(&a->words);
    words_release(&a->before);
    words_release(&a->after);
    json_out_release(&a->json_before);
    json_out_release(&a->json_after);
    free(a);
    book_release(&b);
    return rc;
}

enum err_code cmd_bisect(struct cli *cli, struct err *err)
{
    const char *good = NULL;
    const char *bad = NULL;
    struct question q = {.when = NULL};
    struct journal *j = NULL;
    struct journal_reader *r = NULL;
    const struct cli_option options[] = {{.name = "when", .value = &q.when},
                                         {.name = "good", .value = &good},
                                         {.name = "bad", .value = &bad},
                                         {.name = "json", .flag = &q.json}};
    enum err_code rc = cli_options(cli, options, 4, NULL, 0, NULL, err);

    if (!rc && !q.when)
        rc = err_set(err, ERR_USAGE,
                     "bisect: --when PREDICATE says what is looked for (see: ledger help bisect)");
    if (!rc)
        rc = predicate_parse(&q.predicate, q.when, strlen(q.when), err);
    if (rc == ERR_INPUT) {
        (void)err_wrap(err, "--when");
        rc = err->code = ERR_USAGE; /* the command line is what is wrong */
    }
    const bool has_config = bisect_config_is(good) || bisect_config_is(bad);
    if (!rc && has_config && ((good && !bisect_config_is(good)) || (bad && !bisect_config_is(bad))))
        rc = err_set(err, ERR_USAGE,
                     "bisect: --good and --bad are two moments, or two configurations (*.yaml)");
    if (!rc && !has_config)
        rc = moment_parse("--good", good, &q.good, err);
    if (!rc && !has_config)
        rc = moment_parse("--bad", bad, &q.bad, err);
    cli_guard_reading();
    if (!rc)
        rc = cli_open(cli, true, &j, err);
    if (!rc)
        rc = journal_reader_begin(j, &r, err);
    const struct bisect_config configs = {q.when, &q.predicate, good, bad, q.json};
    if (!rc)
        rc = has_config ? bisect_config_run(&configs, j, r, err) : run(&q, j, r, err);
    journal_reader_end(r);
    journal_close(j);
    return rc;
}
