/* ledger run: the loop, from feeds to fills. */
#include "cli/cli.h"

#include "agent/control.h"
#include "agent/loop.h"
#include "book/settings_yaml.h"
#include "ledger/index.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

static volatile int interrupted;

static void on_signal(int number)
{
    (void)number;
    interrupted = 1;
}

struct run {
    const char *feeds[FEED_MERGE_MAX];
    size_t feed_count;
    const char *broker;
    const char *config;
    const char *until;
    const char *actor;
    bool json;
    char feed_text[RUN_FEED_MAX]; /* the feeds, joined: what control.run records */
    int64_t until_ns;
    uint64_t continues; /* files read since this entry belong to this very run */
};

static enum err_code join_feeds(struct run *run, struct err *err)
{
    size_t used = 0;

    for (size_t i = 0; i < run->feed_count; i++) {
        const int n = snprintf(run->feed_text + used, sizeof run->feed_text - used, "%s%s", i ? " + " : "",
                               run->feeds[i]);
        if (n < 0 || (size_t)n >= sizeof run->feed_text - used)
            return err_set(err, ERR_USAGE, "--feed: all together at most %d bytes", RUN_FEED_MAX - 1);
        used += (size_t)n;
    }
    return ERR_OK;
}

static enum err_code open_feeds(struct run *run, struct journal *j, struct feed **feed, struct err *err)
{
    const struct feed_context context = feed_context_of(j, run->continues);
    struct feed *feeds[FEED_MERGE_MAX];
    size_t count = 0;
    enum err_code rc = ERR_OK;

    while (!rc && count < run->feed_count) {
        rc = feed_open(run->feeds[count], &context, &feeds[count], err);
        count += !rc;
    }
    if (!rc)
        return feed_merge(feeds, count, feed, err);
    for (size_t i = 0; i < count; i++)
        feed_close(feeds[i]);
    return rc;
}

static enum err_code configure(const struct run *run, struct desk *d, struct err *err)
{
    char *yaml = NULL;
    size_t size = 0;
    bool changed = false;

    if (!run->config) {
        if (d->book.configuration->seq)
            return ERR_OK;
        return err_set(
            err, ERR_USAGE,
            "run: --config FILE is missing, and no configuration is in force yet; examples/naked-put.yaml "
            "is a start");
    }
    enum err_code rc = cli_read_file(run->config, SETTINGS_YAML_MAX, &yaml, &size, err);
    if (!rc)
        rc = control_configure(d, run->actor, run->config, yaml, size, cli_now_ns(), &changed, err);
    free(yaml);
    return rc;
}

static void put_remarks(const struct feed *feed)
{
    char text[1024];

    for (size_t i = 0; feed_remark(feed, i); i++)
        fprintf(stderr, "%s\n", feed_remark(feed, i));
    feed_counts_text(feed, text, sizeof text);
    fprintf(stderr, "%s: %s\n", feed_name(feed), text);
}

static enum err_code put_report(const struct run *run, const struct desk *d, const struct loop_report *report,
                                struct err *err)
{
    static const char *const ends[] = {"the feed has ended", "stopped at --until; the same command goes on",
                                       "interrupted; the same command goes on"};
    struct json_out out;
    char cash[DECIMAL_TEXT_SIZE];
    char equity[DECIMAL_TEXT_SIZE];

    if (!run->json) {
        decimal_format_fixed(cash, d->book.accounts->cash_micro, MONEY_DECIMALS, 2);
        decimal_format_fixed(equity, d->book.risk->equity_micro, MONEY_DECIMALS, 2);
        printf("%s: %llu perceptions, %llu moments decided, %llu derived entries, %llu orders, %llu fills\n"
               "entry %llu; cash %s, equity %s\n",
               ends[report->end], (unsigned long long)report->perceived, (unsigned long long)report->ticks,
               (unsigned long long)report->derived, (unsigned long long)report->orders,
               (unsigned long long)report->fills, (unsigned long long)book_seq(&d->book), cash, equity);
        return ERR_OK;
    }
    json_out_init(&out);
    json_out_object(&out);
    const struct {
        const char *key;
        uint64_t value;
    } rows[] = {{"seq", book_seq(&d->book)},  {"perceived", report->perceived}, {"moments", report->ticks},
                {"derived", report->derived}, {"orders", report->orders},       {"fills", report->fills}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        json_out_key(&out, rows[i].key);
        json_out_u64(&out, rows[i].value);
    }
    json_out_key(&out, "end");
    json_out_text(&out, ends[report->end]);
    json_out_key(&out, "cash");
    json_out_decimal(&out, d->book.accounts->cash_micro, MONEY_DECIMALS);
    json_out_object_end(&out);
    const enum err_code rc = cli_put_json(&out, err);
    json_out_release(&out);
    return rc;
}

static void put_remark(void *context, const char *text)
{
    (void)context;
    fprintf(stderr, "%s\n", text);
}

static enum err_code go(struct cli *cli, struct run *run, struct journal *j, struct err *err)
{
    struct cli_progress progress;
    struct loop_report report;
    struct desk d = {0};
    struct feed *feed = NULL;

    (void)cli;
    cli_progress_init(&progress, "run");
    enum err_code rc = desk_init(&d, j, cli_progress_draw, &progress, err);
    cli_put_remark(d.book.snapshots.remark);
    if (!rc) {
        run->continues = loop_continues(&d, run->feed_text);
        rc = open_feeds(run, j, &feed, err);
    }
    if (!rc)
        rc = configure(run, &d, err);
    const struct loop_options options = {.feed_text = run->feed_text,
                                         .feed = feed,
                                         .broker = run->broker,
                                         .until_ns = run->until_ns,
                                         .interrupted = &interrupted,
                                         .progress = cli_progress_draw,
                                         .context = &progress,
                                         .remark = put_remark};
    if (!rc)
        rc = loop_run(&d, &options, &report, err);
    cli_progress_end(&progress);
    if (!rc)
        put_remarks(feed);
    if (!rc)
        rc = put_report(run, &d, &report, err);
    feed_close(feed);
    desk_release(&d);
    return rc;
}

/* While nobody waits: so that the first search afterwards finds the index up to date. */
static void index_session(struct journal *j)
{
    struct index *x = NULL;
    struct err why;

    if (index_open(j, INDEX_WRITE, &x, &why))
        fprintf(stderr, "remark: %s; searches will read every entry\n", why.text);
    else
        cli_index_build(x, &interrupted);
    index_close(x);
}

enum err_code cmd_run(struct cli *cli, struct err *err)
{
    struct run run = {.until_ns = INSTANT_NONE};
    struct journal *j = NULL;
    const struct cli_option options[] = {
        {.name = "feed", .values = run.feeds, .values_max = FEED_MERGE_MAX, .values_count = &run.feed_count},
        {.name = "broker", .value = &run.broker},
        {.name = "config", .value = &run.config},
        {.name = "until", .value = &run.until},
        {.name = "actor", .value = &run.actor},
        {.name = "json", .flag = &run.json},
    };
    enum err_code rc = cli_options(cli, options, sizeof options / sizeof options[0], NULL, 0, NULL, err);

    if (!rc && run.feed_count == 0)
        rc = err_set(err, ERR_USAGE, "run: --feed SPEC is missing (see: ledger help run)");
    if (!run.broker)
        run.broker = "paper";
    if (!rc && strcmp(run.broker, "paper") != 0)
        rc = err_set(err, ERR_USAGE, "--broker: \"%s\" is no broker here; there is: paper", run.broker);
    if (!run.actor)
        run.actor = "operator";
    if (!rc && run.until)
        rc = cli_parse_instant("--until", run.until, &run.until_ns, err);
    if (!rc)
        rc = join_feeds(&run, err);
    if (!rc)
        rc = cli_open_to_write(cli, &j, err);
    signal(SIGINT, on_signal);
    signal(SIGTERM, on_signal);
    if (!rc)
        rc = go(cli, &run, j, err);
    if (!rc && !interrupted)
        index_session(j);
    journal_close(j);
    return rc;
}
