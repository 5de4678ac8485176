/* ledger bundle: evidence about some entries, in one file that can be checked offline. */
#include "cli/cli.h"

#include "audit/bundle.h"
#include "ledger/index.h"
#include "reports/evidence_page.h"

#include <string.h>

#define ENTRIES_MAX 64 /* --entry on one command line */

struct request {
    struct cli_filter filter;
    const char *entries[ENTRIES_MAX];
    size_t entry_count;
    const char *out;
    bool json;
};

static bool has_filter(const struct cli_filter *f)
{
    return f->kind || f->symbol || f->order || f->actor || f->cause || f->from || f->to || f->since ||
           f->until;
}

/* The question in words, as it goes into the bundle: the options that were given. */
static void put_question(struct words *w, const struct request *q)
{
    const struct {
        const char *name;
        const char *value;
    } rows[] = {{"order", q->filter.order}, {"kind", q->filter.kind},   {"symbol", q->filter.symbol},
                {"actor", q->filter.actor}, {"cause", q->filter.cause}, {"from", q->filter.from},
                {"to", q->filter.to},       {"since", q->filter.since}, {"until", q->filter.until}};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (rows[i].value)
            words_add(w, "%s%s %s", w->size ? ", " : "", rows[i].name, rows[i].value);
    }
    for (size_t i = 0; i < q->entry_count; i++)
        words_add(w, "%sentry %s", w->size ? ", " : "", q->entries[i]);
}

static enum err_code ask_filter(const struct request *q, struct journal *j, struct journal_reader *r,
                                struct filter *f, struct bundle *b, struct err *err)
{
    struct index *const x = index_helps(f) ? cli_index(j) : NULL;
    struct index_walk *w = NULL;
    const struct entry *e = NULL;
    bool found = true;

    enum err_code rc = cli_filter_actor(&q->filter, j, f, err);
    if (!rc)
        rc = index_walk_begin(x, r, f, INDEX_FORWARD, false, &w, err);
    while (!rc && found) {
        rc = index_walk_next(w, &e, &found, err);
        if (!rc && found && e->seq > bundle_size(b))
            break;
        if (!rc && found)
            rc = bundle_ask(b, e->seq, err);
    }
    cli_index_remark(w);
    index_walk_end(w);
    index_close(x);
    return rc;
}

static enum err_code ask(const struct request *q, struct journal *j, struct journal_reader *r,
                         struct filter *f, struct bundle *b, struct err *err)
{
    enum err_code rc = ERR_OK;

    if (has_filter(&q->filter))
        rc = ask_filter(q, j, r, f, b, err);
    for (size_t i = 0; i < q->entry_count && !rc; i++) {
        uint64_t seq = 0;
        rc = cli_parse_u64("--entry", q->entries[i], &seq, err);
        if (!rc)
            rc = bundle_ask(b, seq, err);
    }
    return rc ? rc : bundle_complete(b, err);
}

static enum err_code put(const struct request *q, const struct bundle_counts *c, struct err *err)
{
    struct json_out out;
    enum err_code rc = ERR_OK;

    if (!q->json) {
        fprintf(stderr,
                "%s: %llu entries that were asked for, %llu that belong to them, %llu hashes and %llu seals, "
                "%llu "
                "bytes.\nCheck it: ledger-verify --key VKEY %s, or open its verify.html in a browser\n",
                q->out, (unsigned long long)c->asked, (unsigned long long)(c->entries - c->asked),
                (unsigned long long)c->hashes, (unsigned long long)c->seals, (unsigned long long)c->bytes,
                q->out);
        return ERR_OK;
    }
    json_out_init(&out);
    json_out_object(&out);
    const struct {
        const char *key;
        uint64_t value;
    } rows[] = {{"size", c->size},     {"asked", c->asked}, {"entries", c->entries},
                {"hashes", c->hashes}, {"seals", c->seals}, {"bytes", c->bytes}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        json_out_key(&out, rows[i].key);
        json_out_u64(&out, rows[i].value);
    }
    json_out_object_end(&out);
    rc = cli_put_json(&out, err);
    json_out_release(&out);
    return rc;
}

static enum err_code make(const struct request *q, struct journal *j, struct journal_reader *r,
                          struct filter *f, struct err *err)
{
    struct bundle *b = NULL;
    struct bundle_counts counts;
    struct words question;
    struct words page;

    words_init(&question);
    words_init(&page);
    put_question(&question, q);
    enum err_code rc = words_done(&question, err);
    if (!rc)
        rc = bundle_new(&b, j, r, err);
    if (!rc)
        rc = ask(q, j, r, f, b, err);
    if (!rc)
        rc = evidence_page(&page, b, j, r, words_get(&question), err);
    if (!rc)
        rc = bundle_attach(b, "summary.html", words_get(&page), strlen(words_get(&page)), err);
    if (!rc)
        rc = bundle_attach_pages(b, err);
    if (!rc)
        rc = bundle_write(b, q->out, words_get(&question), &counts, err);
    if (!rc)
        rc = put(q, &counts, err);
    bundle_free(b);
    words_release(&page);
    words_release(&question);
    return rc;
}

enum err_code cmd_bundle(struct cli *cli, struct err *err)
{
    struct request q = {.out = NULL};
    struct filter f;
    struct journal *j = NULL;
    struct journal_reader *r = NULL;
    const struct cli_option options[] = {
        CLI_FILTER_OPTIONS(q.filter),
        {.name = "entry", .values = q.entries, .values_max = ENTRIES_MAX, .values_count = &q.entry_count},
        {.name = "json", .flag = &q.json},
    };
    enum err_code rc = cli_options(cli, options, sizeof options / sizeof options[0], &q.out, 1, NULL, err);

    if (!rc && !q.out)
        rc = err_set(err, ERR_USAGE, "bundle: OUT.zip is missing (see: ledger help bundle)");
    if (!rc && !has_filter(&q.filter) && q.entry_count == 0)
        rc = err_set(
            err, ERR_USAGE,
            "bundle: say which entries: --order ID, --from T --to T, --entry SEQ ... (see: ledger help "
            "bundle)");
    if (!rc)
        rc = cli_filter_parse(&q.filter, &f, err);
    cli_guard_reading();
    if (!rc)
        rc = cli_open_as_it_is(cli, &j, err);
    if (!rc)
        rc = journal_reader_begin(j, &r, err);
    if (!rc)
        rc = make(&q, j, r, &f, err);
    journal_reader_end(r);
    journal_close(j);
    return rc;
}
