/* What people, machines and other programs do, as the script says. */
#include "simulator/world_state.h"

#include "agent/reconciliation.h"
#include "book/snapshot.h"
#include "simulator/disk.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

int64_t world_now_ns(void *arg)
{
    struct world *const w = arg;

    w->base_ns += 1000;
    return w->base_ns + w->skew_ns;
}

void world_notice_disk(struct world *w)
{
    w->is_broken = w->is_broken || disk_was_full();
}

bool world_excuses(const struct world *w, enum err_code rc)
{
    return disk_is_dead() || w->is_broken || (rc == ERR_CHAIN && (w->has_rival || w->has_stepped_back));
}

/* -- other programs --------------------------------------------------------------------------------------- */

void world_release_outside(struct world *w)
{
    if (w->outside)
        desk_release(w->outside);
    free(w->outside);
    w->outside = NULL;
}

/* A person's program, with a book of its own over the same journal. */
static enum err_code outside(struct world *w, struct desk **d, struct err *err)
{
    enum err_code rc = ERR_OK;

    if (!w->outside) {
        w->outside = calloc(1, sizeof *w->outside);
        REQUIRE(w->outside);
        rc = desk_init(w->outside, w->journal, NULL, NULL, err);
        w->outside->broker = &w->exchange.broker;
    }
    *d = w->outside;
    return rc;
}

/* Appends one entry as `ledger append` does: whoever runs the loop finds it there. */
static enum err_code append(struct world *w, const char *actor, struct entry *e, struct err *err)
{
    struct journal_group *g = NULL;
    enum err_code rc = actors_id(journal_actors(w->journal), actor, strlen(actor), &e->actor, err);

    if (!rc)
        rc = journal_group_begin(w->journal, &g, err);
    if (rc)
        return rc;
    rc = journal_group_add(g, e, err);
    if (!rc)
        return journal_group_commit(g, NULL, err);
    journal_group_abort(g);
    return rc;
}

static void begin_entry(struct entry *e, enum entry_kind kind)
{
    memset(e, 0, sizeof *e);
    e->kind = kind;
    e->at_ns = INSTANT_NONE;
}

static struct id number(struct world *w, const char *prefix)
{
    char text[ID_MAX];

    snprintf(text, sizeof text, "%s-%" PRIu64, prefix, ++w->numbers);
    return id_from(text);
}

/* -- configuration ---------------------------------------------------------------------------------------- */

/* "risk.open_positions=3" becomes "open_positions: 3" in its section: one flow mapping each. */
static void write_section(const struct world *w, const char *section, char *out, size_t size)
{
    const size_t length = strlen(section);
    size_t used = strlen(out);
    bool is_first = true;

    for (size_t i = 0; i < w->setting_count; i++) {
        const char *const s = w->settings[i];
        if (strncmp(s, section, length) != 0 || s[length] != '.')
            continue;
        const char *const value = strchr(s, '=') + 1;
        used += (size_t)snprintf(out + used, size - used, is_first ? "%s: {" : "%.0s, ", section);
        used += (size_t)snprintf(out + used, size - used, "%.*s: %s", (int)(value - 1 - s - (long)length - 1),
                                 s + length + 1, value);
        is_first = false;
    }
    if (!is_first)
        snprintf(out + used, size - used, "}\n");
}

enum err_code world_configure(struct world *w, struct desk *d, struct err *err)
{
    static const char *const sections[] = {"strategy", "account",   "risk", "broker",    "journal",
                                           "clock",    "heartbeat", "keys", "reconcile", "covered_call"};
    char yaml[4096] = "";
    bool changed = false;

    for (size_t i = 0; i < sizeof sections / sizeof sections[0]; i++)
        write_section(w, sections[i], yaml, sizeof yaml);
    return control_configure(d, "operator", "simulator.yaml", yaml, strlen(yaml), w->base_ns, &changed, err);
}

/* A later value of a key takes the place of the one before. */
static void keep_setting(struct world *w, const char *setting)
{
    const size_t length = (size_t)(strchr(setting, '=') - setting) + 1;
    size_t i = 0;

    while (i < w->setting_count && strncmp(w->settings[i], setting, length) != 0)
        i++;
    REQUIRE(i < sizeof w->settings / sizeof w->settings[0]);
    w->setting_count += i == w->setting_count;
    snprintf(w->settings[i], sizeof w->settings[i], "%s", setting);
}

/* -- people ----------------------------------------------------------------------------------------------- */

static enum err_code stop(struct world *w, struct err *err)
{
    struct desk *d = NULL;
    uint64_t cancelled = 0;
    enum err_code rc = outside(w, &d, err);

    if (!rc) {
        w->exchange.durable =
            UINT64_MAX; /* a stop sends no orders, and asks to cancel in the stop's own group */
        rc = control_stop(d, "operator", "something is wrong", w->base_ns, &cancelled, err);
    }
    return rc;
}

static enum err_code resume(struct world *w, struct err *err)
{
    struct desk *d = NULL;
    enum err_code rc = outside(w, &d, err);

    if (!rc)
        rc = control_resume(d, "compliance", "looked at", w->base_ns, err);
    return rc == ERR_INPUT ? ERR_OK
                           : rc; /* there was nothing to resume from: its desk is as good as before */
}

static enum err_code set(struct world *w, const struct act *a, struct err *err)
{
    struct desk *d = NULL;
    enum err_code rc = outside(w, &d, err);

    keep_setting(w, a->word);
    return rc ? rc : world_configure(w, d, err);
}

static enum err_code snapshot(struct world *w, struct err *err)
{
    struct desk *d = NULL;
    enum err_code rc = outside(w, &d, err);

    return rc ? rc : snapshot_write(w->journal, &d->book, NULL, err);
}

static enum err_code note(struct world *w, struct err *err)
{
    struct entry e;

    begin_entry(&e, ENTRY_CONTROL_NOTE);
    e.as.control_note.text = text_from("what is going on?");
    return append(w, "compliance", &e, err);
}

static enum err_code deposit(struct world *w, const struct act *a, struct err *err)
{
    struct entry e;

    begin_entry(&e, ENTRY_FILL_DEPOSIT);
    e.as.fill_deposit.fill_id = number(w, "paid");
    e.as.fill_deposit.amount = a->price[0] / 1000;
    e.as.fill_deposit.text = text_from("by wire");
    const enum err_code rc = append(w, "operator", &e, err);
    if (!rc)
        exchange_pay(&w->exchange, e.as.fill_deposit.amount);
    return rc;
}

static enum err_code override(struct world *w, const struct act *a, struct err *err)
{
    struct desk *d = NULL;
    char limit[ACT_WORD_SIZE];

    snprintf(limit, sizeof limit, "%s", a->word);
    char *const at = strchr(limit, '@');
    enum err_code rc = outside(w, &d, err);
    if (rc || !at)
        return rc;
    *at = '\0';
    const struct control_override o = {limit, at + 1, a->n[0], "this once"};
    rc = control_override(d, "operator", &o, w->base_ns, err);
    return rc == ERR_INPUT ? ERR_OK : rc; /* no market clock yet */
}

static enum err_code clear_break(struct world *w, const struct act *a, struct err *err)
{
    struct desk *d = NULL;
    const enum err_code rc = outside(w, &d, err);

    if (rc || (uint64_t)a->n[0] >= d->book.reconcile->breaks.count)
        return rc;
    const struct reconcile_break b =
        *(const struct reconcile_break *)table_at(&d->book.reconcile->breaks, (uint32_t)a->n[0]);
    return reconciliation_clear(d, "compliance", b.break_id.text, b.ours, b.theirs, "seen to", w->base_ns,
                                err);
}

static enum err_code ask(struct world *w, struct err *err)
{
    struct desk *d = NULL;
    const enum err_code rc = outside(w, &d, err);

    return rc ? rc : reconciliation_ask(d, err);
}

static enum err_code agent(struct world *w, const struct act *a, struct err *err)
{
    struct entry e;

    begin_entry(&e, ENTRY_ORDER_NEW);
    e.as.order_new = (struct entry_order_new){.order_id = number(w, "agent"),
                                              .symbol = a->symbol,
                                              .side = a->n[0] == 1 ? SIDE_BUY : SIDE_SELL,
                                              .qty = a->n[1],
                                              .type = ORDER_TYPE_LIMIT,
                                              .limit = a->price[0]};
    e.cause = w->model.verdict_seq ? w->model.verdict_seq : 1;
    return append(w, "agent:outside", &e, err);
}

static enum err_code rival(struct world *w, struct err *err)
{
    struct entry e;

    begin_entry(&e, ENTRY_CONTROL_RUN);
    e.as.control_run.program = text_from("another");
    e.as.control_run.build = text_from("x");
    e.as.control_run.feed = text_from(w->script->acts[w->day].word);
    e.as.control_run.broker = id_from("paper");
    const enum err_code rc = append(w, "operator", &e, err);
    w->has_rival = w->has_rival || !rc;
    return rc;
}

static enum err_code people(struct world *w, const struct act *a, struct err *err)
{
    switch ((int)a->kind) {
    case ACT_SET: return set(w, a, err);
    case ACT_STOP: return stop(w, err);
    case ACT_RESUME: return resume(w, err);
    case ACT_NOTE: return note(w, err);
    case ACT_SNAPSHOT: return snapshot(w, err);
    case ACT_DEPOSIT: return deposit(w, a, err);
    case ACT_OVERRIDE: return override(w, a, err);
    case ACT_CLEAR: return clear_break(w, a, err);
    case ACT_ASK: return ask(w, err);
    case ACT_AGENT: return agent(w, a, err);
    default: return rival(w, err);
    }
}

/* What people's programs cannot do they are told; such a program ends, and the next begins anew. */
static void act_as_people(struct world *w, const struct act *a)
{
    struct err err = {.code = ERR_OK};
    const enum err_code rc = people(w, a, &err);

    if (!rc)
        return;
    world_release_outside(w);
    world_notice_disk(w);
    if (!world_excuses(w, rc))
        world_says(w, "what people did failed: %s", err.text);
}

/* -- acts ------------------------------------------------------------------------------------------------- */

static void happen(struct world *w, const struct act *a)
{
    switch ((int)a->kind) {
    case ACT_SET:
    case ACT_STOP:
    case ACT_RESUME:
    case ACT_NOTE:
    case ACT_SNAPSHOT:
    case ACT_DEPOSIT:
    case ACT_OVERRIDE:
    case ACT_CLEAR:
    case ACT_ASK:
    case ACT_AGENT:
    case ACT_RIVAL: act_as_people(w, a); break;
    case ACT_KILL: disk_die(); break;
    case ACT_KILL_WORK: w->exchange.dies_after = a->n[0]; break;
    case ACT_KILL_WRITE: disk_die_at(a->n[0]); break;
    case ACT_INTERRUPT: w->interrupted = 1; break;
    case ACT_FULL: disk_fill(a->n[0], a->n[1]); break;
    case ACT_TIME:
        w->skew_ns += a->n[0] * 1000000;
        w->has_stepped_back = w->has_stepped_back || a->n[0] < 0;
        break;
    case ACT_CLOCK_QUALITY: w->is_clock_good = a->n[0] != 0; break;
    default: exchange_act(&w->exchange, a, &w->desk->book); break;
    }
}

static bool waits(enum act_kind kind)
{
    return kind == ACT_STOP || kind == ACT_RESUME || kind == ACT_NOTE || kind == ACT_SNAPSHOT ||
           kind == ACT_RIVAL || kind == ACT_KILL;
}

/* Up to the clock entry that ends the moment which the loop is at. */
static size_t moment_end(const struct world *w)
{
    size_t i = w->taken > w->day ? w->taken - 1 : w->day;

    while (i < w->day_end && w->script->acts[i].kind != ACT_CLOCK)
        i++;
    return i;
}

static void take_acts(struct world *w)
{
    const size_t end = moment_end(w);

    for (; w->done < end && !disk_is_dead(); w->done++) {
        const struct act *const a = &w->script->acts[w->done];
        if (act_is_feed(a->kind) || a->kind == ACT_DAY)
            continue;
        if (!waits(a->kind) || a->n[0] == 0)
            happen(w, a);
        else if (w->waiting_count < WORLD_WAITING_MAX)
            w->waiting[w->waiting_count++] = (struct world_waiting){a, a->n[0]};
    }
}

void world_before_group(struct world *w)
{
    size_t kept = 0;

    for (size_t i = 0; i < w->waiting_count; i++) {
        struct world_waiting *const waiting = &w->waiting[i];
        if (!disk_is_dead() && --waiting->groups <= 0)
            happen(w, waiting->act);
        else
            w->waiting[kept++] = *waiting;
    }
    w->waiting_count = kept;
    take_acts(w);
}
