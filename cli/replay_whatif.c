/* ledger replay --with, --without-actor, --drop, --insert, --sweep: how it would have gone on. */
#include "cli/whatif.h"

#include "incident/hypothesis.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

static volatile int interrupted;

static void on_signal(int number)
{
    (void)number;
    interrupted = 1;
}

/* While something is written that an end would leave behind. */
static void heed_signals(void (*handler)(int))
{
    signal(SIGINT, handler);
    signal(SIGTERM, handler);
    signal(SIGHUP, handler);
}

/* Options that no other form of the command has. */
static const char *const NAMES[] = {"--with",  "--without-actor", "--drop", "--insert",
                                    "--sweep", "--from",          "--out",  "--csv"};

bool replay_is_whatif(const struct cli *cli)
{
    for (int i = 1; i < cli->argc && strcmp(cli->argv[i], "--") != 0; i++) {
        const size_t length = strcspn(cli->argv[i], "=");
        for (size_t n = 0; n < sizeof NAMES / sizeof NAMES[0]; n++) {
            if (strlen(NAMES[n]) == length && strncmp(cli->argv[i], NAMES[n], length) == 0)
                return true;
        }
    }
    return false;
}

static enum err_code check(const struct whatif *q, struct err *err)
{
    if (q->sweep_count && q->out)
        return err_set(err, ERR_USAGE, "replay: --out writes one course, and --sweep runs many");
    if (q->csv && !q->sweep_count)
        return err_set(err, ERR_USAGE, "replay: --csv goes with --sweep only");
    if (q->csv && q->json)
        return err_set(err, ERR_USAGE, "replay: --csv or --json");
    return ERR_OK;
}

static enum err_code run_course(struct whatif *q, struct journal_reader *r, struct course **c,
                                struct err *err)
{
    struct cli_progress progress;

    cli_progress_init(&progress, "what if");
    enum err_code rc = course_run(r, &q->change, c, cli_progress_draw, &progress, err);
    cli_progress_end(&progress);
    return rc;
}

static enum err_code run_recorded(struct journal_reader *r, uint64_t from, struct course **c, struct err *err)
{
    struct cli_progress progress;

    cli_progress_init(&progress, "as recorded");
    enum err_code rc = course_recorded(r, from, c, cli_progress_draw, &progress, err);
    cli_progress_end(&progress);
    return rc;
}

/* Before anything is told, so that what is told to be written is. */
static enum err_code write_out(const struct whatif *q, struct cli *cli, struct journal *j,
                               const struct course *c, struct journal_reader *r, struct err *err)
{
    struct cli_progress progress;
    struct secret *passphrase = NULL;

    if (!q->out)
        return ERR_OK;
    enum err_code rc = cli_passphrase(cli, true, &passphrase, err);
    cli_progress_init(&progress, "write");
    const struct hypothesis_options options = {.dir = q->out,
                                               .interrupted = &interrupted,
                                               .origin = journal_origin(j),
                                               .passphrase = passphrase,
                                               .progress = cli_progress_draw,
                                               .context = &progress};
    heed_signals(on_signal);
    if (!rc)
        rc = hypothesis_write(c, r, &options, NULL, err);
    heed_signals(SIG_DFL);
    cli_progress_end(&progress);
    secret_free(passphrase);
    return rc ? err_wrap(err, "--out %s", q->out) : ERR_OK;
}

static enum err_code run_one(struct whatif *q, struct cli *cli, struct journal *j, struct journal_reader *r,
                             struct err *err)
{
    struct course *c = NULL;
    struct course *recorded = NULL;
    struct difference *d = NULL;
    struct journal_reader *other = NULL;
    struct hash digest;
    enum err_code rc = run_course(q, r, &c, err);

    if (!rc)
        rc = run_recorded(r, course_from(c), &recorded, err);
    if (!rc)
        rc = journal_reader_begin(j, &other, err);
    if (!rc)
        rc = difference_new(recorded, c, r, other, &d, err);
    if (!rc)
        rc = course_digest(c, r, &digest, err);
    if (!rc)
        rc = write_out(q, cli, j, c, r, err);
    if (!rc)
        rc = whatif_put(q, j, recorded, c, &digest, d, err);
    difference_free(d);
    journal_reader_end(other);
    course_free(recorded);
    course_free(c);
    return rc;
}

enum err_code replay_whatif(struct cli *cli, struct err *err)
{
    struct journal *j = NULL;
    struct journal_reader *r = NULL;
    struct whatif *const q = calloc(1, sizeof *q);
    if (!q)
        return err_set(err, ERR_MEMORY, "out of memory");
    const struct cli_option options[] = {
        {.name = "with", .value = &q->with},
        {.name = "from", .value = &q->from},
        {.name = "insert", .value = &q->insert},
        {.name = "out", .value = &q->out},
        {.name = "without-actor",
         .values = q->actors,
         .values_max = WHATIF_LIST_MAX,
         .values_count = &q->actor_count},
        {.name = "drop", .values = q->drops, .values_max = WHATIF_LIST_MAX, .values_count = &q->drop_count},
        {.name = "sweep",
         .values = q->sweeps,
         .values_max = WHATIF_LIST_MAX,
         .values_count = &q->sweep_count},
        {.name = "csv", .flag = &q->csv},
        {.name = "json", .flag = &q->json}};
    enum err_code rc = cli_options(cli, options, sizeof options / sizeof options[0], NULL, 0, NULL, err);

    if (!rc)
        rc = check(q, err);
    if (!rc)
        rc = cli_open(cli, true, &j, err);
    if (!rc)
        rc = journal_reader_begin(j, &r, err);
    if (!rc)
        rc = whatif_prepare(q, j, r, err);
    if (!rc)
        rc = q->sweep_count ? whatif_sweep(q, j, r, err) : run_one(q, cli, j, r, err);
    whatif_release(q);
    journal_reader_end(r);
    journal_close(j);
    free(q);
    return rc;
}
