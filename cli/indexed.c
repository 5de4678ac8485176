/* The index beside the journal, for commands that look for entries. */
#include "cli/cli.h"

#include "ledger/index.h"

#include <unistd.h>

/* Entries that are read sooner than a batch of the index is written. */
#define LAG_ALLOWED 8192u

static void remark(const char *why, const char *what)
{
    fprintf(stderr, "remark: %s; %s\n", why, what);
}

void cli_index_remark(const struct index_walk *w)
{
    const char *const why = w ? index_walk_remark(w) : NULL;

    if (why)
        remark(why, "the entries were read without it");
}

void cli_index_build(struct index *x, const volatile int *interrupted)
{
    struct cli_progress progress;
    struct index_report report;
    struct err why;

    cli_progress_init(&progress, "index");
    const struct index_options options = {
        .interrupted = interrupted, .progress = cli_progress_draw, .context = &progress};
    const enum err_code rc = index_catch_up(x, &options, &report, &why);
    cli_progress_end(&progress);
    if (report.was_foreign)
        remark(INDEX_FILE_NAME " was of another journal, or of another past of this one", "it was made anew");
    if (rc)
        remark(why.text, "what it lacks is read entry by entry");
}

/* To write, or else to read what is there; NULL when there is nothing that could be used. */
static struct index *open_index(struct journal *j, struct err *why)
{
    struct index *x = NULL;
    enum err_code rc = index_open(j, INDEX_WRITE, &x, why);

    if (rc == ERR_IO) {
        struct err second;
        rc = index_open(j, INDEX_READ, &x, &second);
        if (rc && rc != ERR_NOT_FOUND)
            *why = second;
    }
    if (rc == ERR_NOT_FOUND) /* may not be made here, and is not there: nothing is wrong */
        why->code = ERR_OK;
    else if (rc)
        why->code = rc;
    return rc ? NULL : x;
}

struct index *cli_index(struct journal *j)
{
    struct err why = {.code = ERR_OK};
    struct index *const x = open_index(j, &why);
    bool is_foreign = false;
    uint64_t lag = 0;

    cli_guard_index(true);
    if (!x) {
        if (why.code)
            remark(why.text, "every entry is read instead");
        return NULL;
    }
    if (index_lag(x, &lag, &is_foreign, &why)) {
        remark(why.text, "every entry is read instead");
        index_close(x);
        return NULL;
    }
    if (lag <= LAG_ALLOWED && !is_foreign)
        return x;
    if (index_may_write(x))
        cli_index_build(x, NULL);
    else if (!is_foreign) /* of a foreign one the walk itself will tell */
        fprintf(stderr, "remark: %s lacks %llu entries and may not be written; those are read one by one\n",
                INDEX_FILE_NAME, (unsigned long long)lag);
    return x;
}
