/* The first difference of a re-decision: both versions, the state both were decided on, and who decided. */
#include "cli/replay.h"

#include "ledger/build.h"
#include "ledger/entry_json.h"
#include "ledger/hex.h"
#include "reports/chain.h"
#include "reports/redecision.h"
#include "reports/scene.h"
#include "reports/words.h"

#include <stdlib.h>
#include <string.h>

enum { NAME_WIDTH = 28, VALUE_WIDTH = 34 };

static const char *difference_name(enum redecide_difference d)
{
    switch (d) {
    case REDECIDE_SAME: return "same";
    case REDECIDE_CHANGED: return "changed";
    case REDECIDE_ELSE: return "not_recorded";
    case REDECIDE_MISSING: return "missing";
    case REDECIDE_UNCALLED: return "uncalled";
    case REDECIDE_HINDSIGHT: return "hindsight";
    case REDECIDE_CONFIGURATION: return "configuration";
    case REDECIDE_SNAPSHOT: return "snapshot";
    }
    return "?";
}

/* A fill where a verdict should be is no version of it: only what is of one sort is held side by side. */
static bool are_versions(const struct redecide_report *report)
{
    return report->has_recorded && report->has_proposed &&
           (report->difference == REDECIDE_CHANGED || report->recorded.kind == report->proposed.kind);
}

static void take_scene(struct scene *s, const struct redecider *d)
{
    const struct redecide_report *const report = redecider_report(d);
    const struct book *const b = redecider_book(d);
    struct symbol symbol;
    const bool has = (report->has_proposed && scene_symbol(b, &report->proposed, &symbol)) ||
                     (report->has_recorded && scene_symbol(b, &report->recorded, &symbol));

    scene_take(s, b, has ? &symbol : NULL);
}

/* -- for people: two columns ---------------------------------------------------------------------------- */

static void put_field(void *context, const struct redecision_field *f)
{
    const char *const recorded = f->has_recorded ? f->recorded : "-";
    const char *const decided = f->has_decided ? f->decided : "-";

    (void)context;
    if (!f->differs) {
        printf("  %-*s %s%s%s\n", NAME_WIDTH, f->name, cli_dim(stdout), recorded, cli_plain(stdout));
    } else if (strlen(recorded) <= VALUE_WIDTH) {
        printf("%s* %-*s %-*s %s%s\n", cli_red(stdout), NAME_WIDTH, f->name, VALUE_WIDTH, recorded, decided,
               cli_plain(stdout));
    } else {
        printf("%s* %-*s %s\n", cli_red(stdout), NAME_WIDTH, f->name, recorded);
        printf("  %-*s %s%s\n", NAME_WIDTH + VALUE_WIDTH + 1, "", decided, cli_plain(stdout));
    }
}

static void put_alone(void *context, const struct redecision_field *f)
{
    (void)context;
    if (f->has_recorded || f->has_decided)
        printf("  %-*s %s\n", NAME_WIDTH, f->name, f->has_recorded ? f->recorded : f->decided);
}

static void put_versions(const struct redecide_report *report, const struct actors *actors)
{
    if (are_versions(report)) {
        printf("\n  %s%-*s %-*s %s%s\n", cli_bold(stdout), NAME_WIDTH, "field (* differs)", VALUE_WIDTH,
               "recorded", "decided now", cli_plain(stdout));
        redecision_compare(&report->recorded, &report->proposed, actors, put_field, NULL);
        return;
    }
    if (report->has_recorded) {
        printf("\n  %s%-*s recorded%s\n", cli_bold(stdout), NAME_WIDTH, "field", cli_plain(stdout));
        redecision_compare(&report->recorded, NULL, actors, put_alone, NULL);
    }
    if (report->has_proposed) {
        printf("\n  %s%-*s decided now%s\n", cli_bold(stdout), NAME_WIDTH, "field", cli_plain(stdout));
        redecision_compare(NULL, &report->proposed, actors, put_alone, NULL);
    }
}

/* -- for people: the scene ------------------------------------------------------------------------------ */

static void put_line(const char *name, struct words *w)
{
    printf("  %-*s %s\n", NAME_WIDTH, name, words_get(w));
    words_clear(w);
}

static void put_amount(const char *name, struct words *w, const struct scene_amount *a)
{
    if (a->is_known)
        words_money(w, a->micro);
    else
        words_add(w, "unknown");
    put_line(name, w);
}

static void put_account(const struct scene *s, struct words *w)
{
    char at[INSTANT_TEXT_SIZE];
    char day[INSTANT_TEXT_SIZE];

    if (s->clock.now_ns == INSTANT_NONE) {
        words_add(w, "none yet");
    } else {
        instant_format_new_york(at, s->clock.now_ns);
        civil_format(day, s->clock.session);
        words_add(w, "%s New York, %s of the session %s (entry %llu)", at,
                  entry_enum_names(FIELD_PHASE)[s->clock.phase], day, (unsigned long long)s->clock.seq);
    }
    put_line("market clock", w);
    words_money(w, s->cash_micro);
    put_line("cash", w);
    put_amount("equity", w, &s->equity);
    put_amount("opening equity of the day", w, &s->opening);
    put_amount("margin in use", w, &s->margin);
    words_add(w, "%u", s->positions);
    put_line("open positions", w);
    words_add(w, "%u", s->orders);
    put_line("open orders", w);
    for (uint32_t i = 0; i < s->tripped; i++)
        words_add(w, "%s%s (entry %llu)", i ? ", " : "", s->breakers[i]->name.text,
                  (unsigned long long)s->breakers[i]->seq);
    if (s->tripped == 0)
        words_add(w, "none");
    put_line("tripped breakers", w);
    if (s->stop_seq)
        words_add(w, "in force since entry %llu", (unsigned long long)s->stop_seq);
    else
        words_add(w, "none");
    put_line("emergency stop", w);
}

static void put_price(const struct scene *s, struct words *w)
{
    static const char *const sources[] = {"nothing", "a trade", "a mark", "the middle of a quote"};

    if (s->price.price_nano == PRICE_NONE) {
        words_add(w, "unknown");
    } else {
        words_price(w, s->price.price_nano);
        words_add(w, ", from %s (entry %llu)", sources[s->price.source], (unsigned long long)s->price.seq);
    }
}

static void put_instrument(const struct scene *s, struct words *w)
{
    char name[sizeof "price of " + sizeof s->underlying.text];

    if (!s->has_symbol)
        return;
    words_add(w, "%lld", (long long)s->qty);
    if (s->qty) {
        words_add(w, " at an average of ");
        words_price(w, s->average_nano);
    }
    if (s->symbol_orders)
        words_add(w, ", open orders in it: %u", s->symbol_orders);
    else
        words_add(w, ", no order open in it");
    put_line(s->symbol.text, w);
    if (s->has_quote) {
        words_price(w, s->quote.bid_nano);
        words_add(w, " x ");
        words_price(w, s->quote.ask_nano);
        words_add(w, " for %lld x %lld (entry %llu)%s", (long long)s->quote.bid_size,
                  (long long)s->quote.ask_size, (unsigned long long)s->quote.seq,
                  s->quote_is_live ? "" : ", not live");
    } else {
        words_add(w, "never quoted");
    }
    put_line("its quote", w);
    snprintf(name, sizeof name, "price of %s", s->underlying.text);
    put_price(s, w);
    put_line(name, w);
}

/* -- for people: who decided ---------------------------------------------------------------------------- */

static void put_run(const struct entry *run, struct words *w)
{
    words_add(w, "entry %llu: ", (unsigned long long)run->seq);
    words_field(w, run, "program");
    words_add(w, ", ");
    words_field(w, run, "build");
    put_line("run in force", w);
}

static enum err_code put_program(struct journal_reader *r, const struct scene *s, struct words *w,
                                 struct err *err)
{
    char build[256];
    char hex[HEX_LENGTH(HASH_SIZE) + 1];
    struct entry run;
    enum err_code rc = ERR_OK;

    hex_encode(hex, s->configuration.bytes, sizeof s->configuration.bytes);
    if (s->configuration_seq)
        words_add(w, "entry %llu, SHA-256 %s", (unsigned long long)s->configuration_seq, hex);
    else
        words_add(w, "the defaults");
    put_line("configuration in force", w);
    if (s->run_seq)
        rc = chain_read(r, s->run_seq, &run, err);
    if (!rc && s->run_seq)
        put_run(&run, w);
    build_describe(build, sizeof build);
    words_add(w, "%s, %s", BUILD_PROGRAM, build);
    put_line("this program", w);
    return rc;
}

enum err_code replay_put_difference(struct journal *j, struct journal_reader *r, const struct redecider *d,
                                    struct err *err)
{
    const struct redecide_report *const report = redecider_report(d);
    struct scene s;
    struct words w;

    take_scene(&s, d);
    printf("%sentry %llu differs%s: %s\n", cli_red(stdout), (unsigned long long)report->differs_seq,
           cli_plain(stdout), report->reason);
    put_versions(report, journal_actors(j));
    printf("\n%sthe state after entry %llu, on which it is decided%s\n", cli_bold(stdout),
           (unsigned long long)s.seq, cli_plain(stdout));
    words_init(&w);
    put_account(&s, &w);
    put_instrument(&s, &w);
    enum err_code rc = put_program(r, &s, &w, err);
    if (!rc)
        rc = words_done(&w, err);
    words_release(&w);
    return rc;
}

/* -- for programs --------------------------------------------------------------------------------------- */

static void json_value(struct json_out *out, const char *key, bool has, const char *text)
{
    json_out_key(out, key);
    if (has)
        json_out_text(out, text);
    else
        json_out_null(out);
}

static void json_field(void *context, const struct redecision_field *f)
{
    struct json_out *const out = context;

    if (!f->differs)
        return;
    json_out_object(out);
    json_value(out, "field", true, f->name);
    json_value(out, "recorded", f->has_recorded, f->recorded);
    json_value(out, "decided_now", f->has_decided, f->decided);
    json_out_object_end(out);
}

static void json_versions(const struct redecide_report *report, const struct actors *actors,
                          struct json_out *out)
{
    if (report->has_recorded) {
        json_out_key(out, "recorded");
        entry_to_json(&report->recorded, actors, ENTRY_JSON_FULL, out);
    }
    if (report->has_proposed) {
        json_out_key(out, "decided_now");
        entry_to_json(&report->proposed, actors, ENTRY_JSON_FULL, out);
    }
    json_out_key(out, "fields");
    json_out_array(out);
    if (are_versions(report))
        redecision_compare(&report->recorded, &report->proposed, actors, json_field, out);
    json_out_array_end(out);
}

static void json_amount(struct json_out *out, const char *key, bool is_known, int64_t value, int decimals)
{
    json_out_key(out, key);
    if (is_known)
        json_out_decimal(out, value, decimals);
    else
        json_out_null(out);
}

static void json_number(struct json_out *out, const char *key, int64_t value)
{
    json_out_key(out, key);
    json_out_i64(out, value);
}

static void json_price(struct json_out *out, const char *key, int64_t price_nano)
{
    json_amount(out, key, price_nano != PRICE_NONE, price_nano, PRICE_DECIMALS);
}

static void json_instrument(const struct scene *s, struct json_out *out)
{
    json_value(out, "symbol", true, s->symbol.text);
    json_number(out, "qty", s->qty);
    json_number(out, "symbol_orders_open", s->symbol_orders);
    json_out_key(out, "quote");
    if (s->has_quote) {
        json_out_object(out);
        json_price(out, "bid", s->quote.bid_nano);
        json_price(out, "ask", s->quote.ask_nano);
        json_number(out, "bid_size", s->quote.bid_size);
        json_number(out, "ask_size", s->quote.ask_size);
        replay_json_seq(out, "seq", s->quote.seq);
        json_out_key(out, "live");
        json_out_bool(out, s->quote_is_live);
        json_out_object_end(out);
    } else {
        json_out_null(out);
    }
    json_value(out, "underlying", true, s->underlying.text);
    json_price(out, "underlying_price", s->price.price_nano);
    replay_json_seq(out, "underlying_price_seq", s->price.seq);
}

static void json_scene(const struct scene *s, struct json_out *out)
{
    json_out_key(out, "state");
    json_out_object(out);
    replay_json_seq(out, "seq", s->seq);
    json_out_key(out, "market_clock");
    json_out_instant(out, s->clock.now_ns);
    json_amount(out, "cash", true, s->cash_micro, MONEY_DECIMALS);
    json_amount(out, "equity", s->equity.is_known, s->equity.micro, MONEY_DECIMALS);
    json_amount(out, "opening_equity", s->opening.is_known, s->opening.micro, MONEY_DECIMALS);
    json_amount(out, "margin_in_use", s->margin.is_known, s->margin.micro, MONEY_DECIMALS);
    json_number(out, "positions_open", s->positions);
    json_number(out, "orders_open", s->orders);
    json_out_key(out, "breakers_tripped");
    json_out_array(out);
    for (uint32_t i = 0; i < s->tripped; i++)
        json_out_text(out, s->breakers[i]->name.text);
    json_out_array_end(out);
    replay_json_seq(out, "stop", s->stop_seq);
    if (s->has_symbol)
        json_instrument(s, out);
    json_out_object_end(out);
}

static void json_text(struct json_out *out, const char *key, const struct text *t)
{
    json_out_key(out, key);
    json_out_string(out, t->bytes, t->length);
}

static enum err_code json_programs(struct journal_reader *r, const struct scene *s, struct json_out *out,
                                   struct err *err)
{
    char build[256];
    struct entry run;
    enum err_code rc = ERR_OK;

    json_out_key(out, "configuration");
    json_out_object(out);
    replay_json_seq(out, "seq", s->configuration_seq);
    json_out_key(out, "sha256");
    json_out_hex(out, s->configuration.bytes, sizeof s->configuration.bytes);
    json_out_object_end(out);
    if (s->run_seq) {
        rc = chain_read(r, s->run_seq, &run, err);
        if (rc)
            return rc;
        json_out_key(out, "run");
        json_out_object(out);
        replay_json_seq(out, "seq", run.seq);
        json_text(out, "program", &run.as.control_run.program);
        json_text(out, "build", &run.as.control_run.build);
        json_out_object_end(out);
    }
    build_describe(build, sizeof build);
    json_out_key(out, "this_program");
    json_out_object(out);
    json_value(out, "program", true, BUILD_PROGRAM);
    json_value(out, "build", true, build);
    json_out_object_end(out);
    return rc;
}

enum err_code replay_json_difference(struct journal *j, struct journal_reader *r, const struct redecider *d,
                                     struct json_out *out, struct err *err)
{
    const struct redecide_report *const report = redecider_report(d);
    struct scene s;

    take_scene(&s, d);
    json_value(out, "difference", true, difference_name(report->difference));
    json_value(out, "reason", true, report->reason);
    if (report->difference == REDECIDE_HINDSIGHT) {
        replay_json_seq(out, "clock", report->clock_seq);
        replay_json_seq(out, "perception", report->perception_seq);
    }
    json_versions(report, journal_actors(j), out);
    json_scene(&s, out);
    return json_programs(r, &s, out, err);
}
