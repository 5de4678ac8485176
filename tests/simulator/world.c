#include "simulator/world.h"

#include "simulator/dice.h"
#include "simulator/disk.h"
#include "simulator/signatures.h"
#include "simulator/world_state.h"

#include <ftw.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ORIGIN     "simulator.example/desk"
#define PASSPHRASE "nothing here is secret"
#define STUCK_MAX  100

static struct world *present; /* whose desk the hook below is about */

/* -- the same keys each time ------------------------------------------------------------------------------ */

static struct dice keys;

static const char *dice_name(void)
{
    return "dice";
}

static uint32_t dice_random(void)
{
    return (uint32_t)dice_roll(&keys);
}

static void dice_buffer(void *const out, const size_t size)
{
    uint8_t *const bytes = out;

    for (size_t i = 0; i < size; i++)
        bytes[i] = (uint8_t)dice_roll(&keys);
}

static void use_dice(void)
{
    static struct randombytes_implementation dice = {
        .implementation_name = dice_name, .random = dice_random, .buf = dice_buffer};

    keys.state = 1;
    REQUIRE(randombytes_set_implementation(&dice) == 0);
}

/* -- every group begins here ------------------------------------------------------------------------------ */

enum err_code __real_desk_begin(struct desk *d, struct err *err);
enum err_code __wrap_desk_begin(struct desk *d, struct err *err);
enum err_code __real_desk_commit(struct desk *d, struct err *err);
enum err_code __wrap_desk_commit(struct desk *d, struct err *err);
void __real_desk_abort(struct desk *d);
void __wrap_desk_abort(struct desk *d);

static bool is_loops(const struct desk *d)
{
    return present && d == present->desk;
}

enum err_code __wrap_desk_begin(struct desk *d, struct err *err)
{
    struct world *const w = present;

    if (!is_loops(d))
        return __real_desk_begin(d, err);
    world_before_group(w);
    const enum err_code rc =
        disk_is_dead() ? err_set(err, ERR_IO, "the process has died") : __real_desk_begin(d, err);
    if (rc)
        w->has_failed = true;
    else
        w->has_stepped_back = false;
    w->exchange.durable = d->group_first - 1;
    return rc;
}

enum err_code __wrap_desk_commit(struct desk *d, struct err *err)
{
    const enum err_code rc = __real_desk_commit(d, err);

    if (rc && is_loops(d))
        present->has_failed = true;
    return rc;
}

void __wrap_desk_abort(struct desk *d)
{
    if (is_loops(d))
        present->has_failed = true;
    __real_desk_abort(d);
}

/* -- the process ------------------------------------------------------------------------------------------ */

static void end_process(struct world *w)
{
    world_release_outside(w);
    if (w->desk)
        desk_release(w->desk);
    free(w->desk);
    w->desk = NULL;
    journal_close(w->journal);
    w->journal = NULL;
    w->exchange.dies_after = -1;
    disk_revive();
}

static enum err_code start_process(struct world *w, struct err *err)
{
    enum err_code rc = journal_open(&w->journal_options, &w->journal, err);

    w->has_rival = false;
    w->is_broken = false;
    w->has_failed = false;
    w->interrupted = 0;
    if (!rc)
        rc = journal_unlock(w->journal, w->passphrase, err);
    if (rc)
        return rc;
    w->desk = calloc(1, sizeof *w->desk);
    REQUIRE(w->desk);
    rc = desk_init(w->desk, w->journal, NULL, NULL, err);
    w->desk->broker = &w->exchange.broker;
    return rc;
}

static void good_clock(void *arg, struct clock_quality *q)
{
    const struct world *const w = arg;

    *q = (struct clock_quality){0, w->is_clock_good ? 1000000 : CLOCK_ERROR_UNKNOWN, w->is_clock_good,
                                "the simulator"};
}

/* What the feed has handed out is in the journal, once each; but for the one act that the loop reads ahead. */
static void check_perceived(struct world *w, uint64_t ahead)
{
    uint64_t handed_out = w->perceived;

    for (size_t i = w->day; i < w->taken; i++)
        handed_out += act_is_feed(w->script->acts[i].kind);
    if (w->model.perceived > handed_out || w->model.perceived + ahead < handed_out)
        world_says(w, "the feed has handed out %" PRIu64 " perceptions, and %" PRIu64 " were entered",
                   handed_out, w->model.perceived);
}

/* The loop has finished a moment, or failed in it. */
static void on_moment(void *context, uint64_t done, uint64_t total)
{
    struct world *const w = context;

    (void)done;
    (void)total;
    world_notice_disk(w);
    if (disk_is_dead() || w->is_broken || w->has_failed)
        return;
    w->stuck = 0;
    w->report->moments++;
    world_watch(w, w->options->deep_each && w->report->moments % w->options->deep_each == 0);
    check_perceived(w, 1);
    exchange_moment(&w->exchange);
    if (w->taken > w->day && w->script->acts[w->taken - 1].at_ns > w->base_ns)
        w->base_ns = w->script->acts[w->taken - 1].at_ns;
    if (w->report->is_wrong)
        w->interrupted = 1;
}

static enum err_code run_loop(struct world *w, enum loop_end *end, struct err *err)
{
    struct feed *feed = NULL;
    struct loop_report report;
    enum err_code rc = world_feed(w, &feed, err);
    const struct loop_options options = {.feed_text = w->script->acts[w->day].word,
                                         .feed = feed,
                                         .broker = "paper",
                                         .until_ns = INSTANT_NONE,
                                         .interrupted = &w->interrupted,
                                         .progress = on_moment,
                                         .context = w,
                                         .quality = good_clock,
                                         .quality_arg = w};

    if (!rc)
        rc = loop_run(w->desk, &options, &report, err);
    feed_close(feed);
    *end = report.end;
    return rc;
}

/* The run over the day's feed came to its end in an earlier life, which died before it could say so. */
static bool has_ended(const struct world *w)
{
    const struct run_state *const run = w->desk->book.run;

    return run->run_seq != 0 && !run->is_open && strcmp(run->feed, w->script->acts[w->day].word) == 0;
}

/* One life of the process; true: the day is over. */
static bool live_once(struct world *w)
{
    struct err err = {.code = ERR_OK};
    enum loop_end end = LOOP_INTERRUPTED;
    enum err_code rc = start_process(w, &err);

    if (!rc) {
        exchange_reconnect(&w->exchange, &w->desk->book);
        world_watch(w, true);
        if (has_ended(w)) {
            end_process(w);
            return true;
        }
        rc = run_loop(w, &end, &err);
        world_notice_disk(w);
        if (!rc && !disk_is_dead() && !w->is_broken)
            world_watch(w, false);
    }
    world_notice_disk(w);
    const bool is_over = !rc && !disk_is_dead() && !w->is_broken && end == LOOP_FEED_ENDED;
    if (rc && !world_excuses(w, rc))
        world_says(w, "the program ended: %s", err.text);
    end_process(w);
    return is_over;
}

/* Until the day's feed has ended, however often the program has to be started again. */
static void live_a_day(struct world *w)
{
    while (!w->report->is_wrong && !live_once(w)) {
        w->report->restarts++;
        w->base_ns += 5 * NS_PER_SECOND;
        if (w->options->verifies && w->report->restarts % 4 == 0)
            world_verify(w);
        if (++w->stuck > STUCK_MAX)
            world_says(w, "started %d times, the program does not get on", STUCK_MAX);
    }
}

/* -- the world -------------------------------------------------------------------------------------------- */

static void make_journal(struct world *w)
{
    struct actor_rows first;
    struct err err;
    struct desk *d;

    control_first_actors(&first);
    first.rows[first.count++] = (struct actor_row){.name = id_from("agent:outside"), .role = ROLE_AGENT};
    if (secret_new(&w->passphrase, PASSPHRASE, strlen(PASSPHRASE), &err) ||
        journal_create(&w->journal_options, ORIGIN, w->passphrase, &first, &err) || start_process(w, &err)) {
        fprintf(stderr, "simulator: %s\n", err.text);
        abort();
    }
    d = w->desk;
    if (world_configure(w, d, &err)) {
        fprintf(stderr, "simulator: %s\n", err.text);
        abort();
    }
    end_process(w);
}

static void begin(struct world *w)
{
    static const char *const settings[] = {"strategy.underlyings=[ACME,BETA]",
                                           "strategy.otm_min=0",
                                           "strategy.otm_max=0.3",
                                           "strategy.premium_min=0.05",
                                           "strategy.premium_max=20",
                                           "strategy.days_min=0",
                                           "strategy.days_max=60",
                                           "strategy.trend_required=false",
                                           "strategy.exit_days=0",
                                           "risk.sector_share=1",
                                           "risk.position_loss=5000",
                                           "account.deposit=1000000",
                                           "risk.open_breaks_max=1000000000",
                                           "reconcile.at_close=true",
                                           "covered_call.enabled=true",
                                           "covered_call.otm_min=0",
                                           "covered_call.days_min=0"};
    const size_t count = sizeof settings / sizeof settings[0];

    for (size_t i = 0; i < count; i++)
        snprintf(w->settings[i], sizeof w->settings[i], "%s", settings[i]);
    w->setting_count = count;
    w->is_clock_good = true;
    w->base_ns = w->script->count ? w->script->acts[0].at_ns : 0;
    for (size_t i = 0; w->base_ns == 0 && i < w->script->count; i++)
        w->base_ns = w->script->acts[i].at_ns;
    w->base_ns -= NS_PER_HOUR;
    w->journal_options = (struct journal_options){.dir = w->dir, .now_ns = world_now_ns, .now_arg = w};
    exchange_init(&w->exchange);
    w->exchange.die = disk_die;
    model_init(&w->model);
    REQUIRE(redecider_new(&w->again, NULL) == ERR_OK);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

static void end(struct world *w)
{
    struct world_report *const r = w->report;

    r->entries = w->model.seq;
    r->orders = w->model.order_news;
    r->fills = w->model.fill_count;
    r->compared = redecider_report(w->again)->compared;
    redecider_free(w->again);
    model_release(&w->model);
    exchange_release(&w->exchange);
    secret_free(w->passphrase);
    if (!w->options->keep)
        REQUIRE(nftw(w->dir, remove_one, 16, FTW_DEPTH | FTW_PHYS) == 0);
}

void world_run(const struct script *script, const struct world_options *options, struct world_report *report)
{
    struct world *const w = calloc(1, sizeof *w);

    REQUIRE(w);
    memset(report, 0, sizeof *report);
    w->script = script;
    w->options = options;
    w->report = report;
    if (options->keep)
        snprintf(w->dir, sizeof w->dir, "%s", options->keep);
    else
        snprintf(w->dir, sizeof w->dir, "%s/journal-%ld", options->root, (long)getpid());
    use_dice();
    signatures_are_real(options->signs);
    disk_repair();
    begin(w);
    make_journal(w);
    present = w;
    while (!report->is_wrong && w->day < script->count) {
        if (script->acts[w->day].kind != ACT_DAY) {
            w->day++; /* outside any day nothing happens */
            continue;
        }
        w->day_end = w->day + 1;
        while (w->day_end < script->count && script->acts[w->day_end].kind != ACT_DAY)
            w->day_end++;
        w->done = w->day;
        w->perceived = w->model.perceived;
        live_a_day(w);
        check_perceived(w, 0);
        w->day = w->day_end;
    }
    present = NULL;
    disk_repair();
    if (!report->is_wrong && options->verifies)
        world_verify(w);
    end(w);
    free(w);
}
