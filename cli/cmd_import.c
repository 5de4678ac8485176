/* ledger import: files of market data into perceptions, without deciding anything. */
#include "cli/cli.h"

#include "agent/intake.h"
#include "gateway/feed.h"

#include <string.h>

struct import {
    const char *source;
    const char *dir;
    const char *underlying, *date, *resolution, *history, *from, *to;
    const char *options, *missing, *clock, *openinterest, *size_assumed;
    bool json;
    char spec[FEED_SPEC_MAX];
};

static enum err_code add_key(struct import *in, const char *key, const char *value, struct err *err)
{
    const size_t used = strlen(in->spec);
    const int n = snprintf(in->spec + used, sizeof in->spec - used, "%s%s=%s", ",", key, value);

    if (strchr(value, ','))
        return err_set(err, ERR_USAGE, "--%s: \"%s\" has a comma", key, value);
    if (n < 0 || (size_t)n >= sizeof in->spec - used)
        return err_set(err, ERR_USAGE, "--%s is too long", key);
    return ERR_OK;
}

/* The options are the feed's keys: `import lean DIR --date D` and `run --feed lean:DIR,date=D` are one thing.
 */
static enum err_code make_spec(struct import *in, struct err *err)
{
    const struct {
        const char *key;
        const char *value;
    } keys[] = {{"underlying", in->underlying},
                {"date", in->date},
                {"resolution", in->resolution},
                {"history", in->history},
                {"options", in->options},
                {"missing", in->missing},
                {"clock", in->clock},
                {"openinterest", in->openinterest},
                {"size_assumed", in->size_assumed},
                {"from", in->from},
                {"to", in->to}};
    enum err_code rc = ERR_OK;

    if (strcmp(in->source, "lean") != 0 && strcmp(in->source, "spx-eod") != 0)
        return err_set(err, ERR_USAGE, "import: \"%s\" is no source; there are: lean, spx-eod", in->source);
    if (strchr(in->dir, ','))
        return err_set(err, ERR_USAGE, "import: the folder's name has a comma");
    const int n = snprintf(in->spec, sizeof in->spec, "%s:%s", in->source, in->dir);
    if (n < 0 || (size_t)n >= sizeof in->spec)
        return err_set(err, ERR_USAGE, "import: the folder's name is too long");
    for (size_t i = 0; !rc && i < sizeof keys / sizeof keys[0]; i++) {
        if (keys[i].value)
            rc = add_key(in, keys[i].key, keys[i].value, err);
    }
    return rc;
}

/*
 * One group for the whole import: killed in the middle, nothing of it is there, and it can be started again.
 * The files are parsed already, so the lock is held for a second at most.
 */
static enum err_code take_all(struct journal *j, struct feed *feed, struct seal *seal, struct err *err)
{
    static struct entry draft; /* too large for the stack of a small thread, and there is one thread */
    struct cli_progress progress;
    struct journal_group *g = NULL;
    bool more = true;
    int64_t done = 0;
    int64_t total = 0;
    enum err_code rc = journal_group_begin(j, &g, err);

    cli_progress_init(&progress, "import");
    while (!rc) {
        rc = feed_next(feed, &draft, &more, err);
        if (rc || !more)
            break;
        const char *const actor = feed_actor(feed);
        rc = actors_id(journal_actors(j), actor, strlen(actor), &draft.actor, err);
        if (!rc)
            rc = journal_group_add(g, &draft, err);
        feed_progress(feed, &done, &total);
        if ((done & 0x3ff) == 0)
            cli_progress_draw(&progress, (uint64_t)done, (uint64_t)total);
    }
    cli_progress_end(&progress);
    if (!rc)
        return journal_group_commit(g, seal, err);
    journal_group_abort(g);
    return rc;
}

static void put_result(const struct import *in, const struct feed *feed, const struct seal *seal)
{
    const struct feed_counts *const c = feed_counts(feed);
    char text[1024];
    int64_t instead = 0;
    int64_t beside = 0;

    for (size_t i = 0; i < FEED_FINDINGS; i++) {
        instead += c->instead[i];
        beside += c->beside[i];
    }
    for (size_t i = 0; feed_remark(feed, i); i++)
        fprintf(stderr, "%s\n", feed_remark(feed, i));
    feed_counts_text(feed, text, sizeof text);
    if (!in->json) {
        printf("%s: %s\nentry %llu\n", feed_name(feed), text, (unsigned long long)seal->size);
        return;
    }
    printf(
        "{\"rows\":%lld,\"entries\":%lld,\"findings_instead\":%lld,\"findings_beside\":%lld,\"files\":%lld,"
        "\"clocks\":%lld,\"skipped\":%lld,\"seq\":%llu}\n",
        (long long)c->rows, (long long)c->entries, (long long)instead, (long long)beside,
        (long long)c->sources, (long long)c->clocks, (long long)c->skipped, (unsigned long long)seal->size);
}

enum err_code cmd_import(struct cli *cli, struct err *err)
{
    static struct import in;
    const char *operands[2] = {NULL, NULL};
    size_t count = 0;
    struct journal *j = NULL;
    struct feed *feed = NULL;
    struct seal seal = {.size = 0};
    const struct cli_option options[] = {
        {.name = "underlying", .value = &in.underlying},
        {.name = "date", .value = &in.date},
        {.name = "resolution", .value = &in.resolution},
        {.name = "history", .value = &in.history},
        {.name = "from", .value = &in.from},
        {.name = "to", .value = &in.to},
        {.name = "options", .value = &in.options},
        {.name = "missing", .value = &in.missing},
        {.name = "clock", .value = &in.clock},
        {.name = "open-interest", .value = &in.openinterest},
        {.name = "size-assumed", .value = &in.size_assumed},
        {.name = "json", .flag = &in.json},
    };
    enum err_code rc =
        cli_options(cli, options, sizeof options / sizeof options[0], operands, 2, &count, err);

    if (!rc && count < 2)
        rc = err_set(err, ERR_USAGE,
                     "import: what from where? ledger import lean DIR, or ledger import spx-eod DIR");
    in.source = operands[0];
    in.dir = operands[1];
    if (!rc)
        rc = make_spec(&in, err);
    if (!rc)
        rc = cli_open_to_write(cli, &j, err);
    if (!rc && intake_check_import(j, err))
        rc = err_wrap(err, "import");
    if (!rc) {
        const struct feed_context context = feed_context_of(j, 0);
        rc = feed_open(in.spec, &context, &feed, err);
    }
    if (!rc)
        rc = take_all(j, feed, &seal, err);
    if (!rc)
        put_result(&in, feed, &seal);
    feed_close(feed);
    journal_close(j);
    return rc;
}
