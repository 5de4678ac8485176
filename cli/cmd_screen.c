/* ledger screen: the strategy's criteria, contract by contract. */
#include "cli/cli.h"
#include "cli/moment.h"

#include "book/engine.h"
#include "book/settings_yaml.h"
#include "strategy/screen.h"

#include <stdlib.h>
#include <string.h>

struct screening {
    struct symbol underlying;
    int64_t at_ns;
    const char *config;
    bool all;
    bool json;
    struct book book;
    struct decide_context context;
    struct configuration asked; /* from --config, not entered */
    struct json_out failed;     /* rows of those that fail, for --json --all */
    int64_t counts[SCREEN_CRITERIA + 1];
};

static enum err_code read_config(struct screening *s, struct err *err)
{
    char *yaml = NULL;
    size_t size = 0;
    enum err_code rc = cli_read_file(s->config, SETTINGS_YAML_MAX, &yaml, &size, err);

    if (!rc)
        rc = configuration_read_yaml(&s->asked, s->config, yaml, size, err);
    free(yaml);
    if (!rc) {
        s->context.strategy_settings = &s->asked.strategy;
        s->context.risk.settings = &s->asked.risk;
    }
    return rc;
}

static void put_row(const struct screening *s, const struct candidate *row, enum screen_criterion failed,
                    struct json_out *out)
{
    char otm[DECIMAL_TEXT_SIZE];
    char premium[DECIMAL_TEXT_SIZE];
    const bool passed = failed == SCREEN_CRITERIA;

    if (s->json) {
        json_out_object(out);
        json_out_key(out, "symbol");
        json_out_text(out, row->symbol.text);
        json_out_key(out, "days");
        json_out_i64(out, row->days);
        json_out_key(out, "otm");
        json_out_decimal(out, row->otm_nano, RATE_DECIMALS);
        json_out_key(out, passed ? "premium" : "failed");
        if (passed)
            json_out_decimal(out, row->premium_nano, PRICE_DECIMALS);
        else
            json_out_text(out, screen_criterion_name(failed));
        json_out_object_end(out);
        return;
    }
    decimal_format_fixed(otm, row->otm_nano, RATE_DECIMALS - 2, 2);
    decimal_format(premium, row->premium_nano, PRICE_DECIMALS);
    printf("%-22s %4lld days %8s %%  %s%s%s\n", row->symbol.text, (long long)row->days, otm,
           passed ? cli_green(stdout) : cli_dim(stdout), passed ? premium : screen_criterion_name(failed),
           cli_plain(stdout));
}

static enum err_code screen_all(struct screening *s, int64_t price_nano, struct json_out *out,
                                struct err *err)
{
    const struct view *const v = s->book.view;
    const struct view_chain *const chain = view_chain(v, &s->underlying);
    enum err_code rc = ERR_OK;

    for (uint32_t n = 0; !rc && chain && n < chain->count; n++) {
        const struct view_instrument *const i = view_chain_row(v, chain, n);
        enum screen_criterion failed = SCREEN_CRITERIA;
        struct candidate row = {0};
        if (i->expiry < v->clock.session)
            continue;
        rc = screen_contract(&s->context, i, price_nano, &row, &failed, err);
        if (rc)
            break;
        s->counts[failed]++;
        if (failed == SCREEN_CRITERIA)
            put_row(s, &row, failed, out);
        else if (s->all)
            put_row(s, &row, failed, s->json ? &s->failed : out);
    }
    return rc;
}

static void put_counts_json(const struct screening *s, const struct view_price *price, struct json_out *out)
{
    json_out_key(out, "symbol");
    json_out_text(out, s->underlying.text);
    json_out_key(out, "at");
    json_out_instant(out, s->book.view->clock.now_ns);
    json_out_key(out, "price");
    json_out_decimal(out, price->price_nano, PRICE_DECIMALS);
    json_out_key(out, "failed_first");
    json_out_object(out);
    for (unsigned c = 0; c < SCREEN_CRITERIA; c++) {
        json_out_key(out, screen_criterion_name((enum screen_criterion)c));
        json_out_i64(out, s->counts[c]);
    }
    json_out_object_end(out);
}

static enum err_code put_screen(struct screening *s, struct err *err)
{
    struct view_price price;
    struct json_out out;
    char text[DECIMAL_TEXT_SIZE];
    char at[INSTANT_TEXT_SIZE];

    view_price(s->book.view, &s->underlying, &price);
    if (price.price_nano == PRICE_NONE || price.price_nano <= 0)
        return err_set(err, ERR_NOT_FOUND, "no price of %s is known at that time", s->underlying.text);
    json_out_init(&out);
    json_out_init(&s->failed);
    json_out_array(&s->failed);
    json_out_object(&out);
    json_out_key(&out, "passed");
    json_out_array(&out);
    enum err_code rc = screen_all(s, price.price_nano, &out, err);
    json_out_array_end(&out);
    json_out_array_end(&s->failed);
    if (!rc && s->json) {
        put_counts_json(s, &price, &out);
        if (s->all) {
            json_out_key(&out, "failed");
            json_out_raw(&out, s->failed.bytes, s->failed.size);
        }
        json_out_object_end(&out);
        rc = cli_put_json(&out, err);
    } else if (!rc) {
        decimal_format(text, price.price_nano, PRICE_DECIMALS);
        instant_format_new_york(at, s->book.view->clock.now_ns);
        printf("%s at %s, %s New York: %lld contracts meet every criterion; failed first:",
               s->underlying.text, text, at, (long long)s->counts[SCREEN_CRITERIA]);
        for (unsigned c = 0; c < SCREEN_CRITERIA; c++)
            printf(" %s %lld", screen_criterion_name((enum screen_criterion)c), (long long)s->counts[c]);
        putchar('\n');
    }
    json_out_release(&out);
    json_out_release(&s->failed);
    return rc;
}

static enum err_code run(struct cli *cli, struct screening *s, struct err *err)
{
    struct journal *j = NULL;
    struct journal_reader *r = NULL;
    enum err_code rc = cli_open(cli, true, &j, err);

    if (!rc)
        rc = journal_reader_begin(j, &r, err);
    if (!rc)
        rc = book_init(&s->book, err);
    if (!rc && s->at_ns != INT64_MAX)
        rc = moment_check(s->at_ns, r, err);
    if (!rc)
        rc = book_load_until(&s->book, r, s->at_ns, NULL, NULL, err);
    if (!rc) {
        s->context = engine_context(&s->book);
        rc = s->config ? read_config(s, err) : ERR_OK;
    }
    if (!rc)
        rc = put_screen(s, err);
    book_release(&s->book);
    journal_reader_end(r);
    journal_close(j);
    return rc;
}

enum err_code cmd_screen(struct cli *cli, struct err *err)
{
    const char *symbol = NULL;
    const char *at = NULL;
    size_t count = 0;
    struct screening *const s = calloc(1, sizeof *s);
    if (!s)
        return err_set(err, ERR_MEMORY, "out of memory");
    s->at_ns = INT64_MAX;
    const struct cli_option options[] = {{.name = "at", .value = &at},
                                         {.name = "config", .value = &s->config},
                                         {.name = "all", .flag = &s->all},
                                         {.name = "json", .flag = &s->json}};
    enum err_code rc = cli_options(cli, options, 4, &symbol, 1, &count, err);

    if (!rc && count == 0)
        rc = err_set(err, ERR_USAGE, "screen: which underlying? ledger screen SYMBOL");
    if (!rc &&
        (symbol_parse(symbol, strlen(symbol), &s->underlying, NULL) || symbol_is_option(&s->underlying)))
        rc = err_set(err, ERR_USAGE, "screen: \"%s\" is no ticker", symbol);
    if (!rc && at)
        rc = cli_parse_instant("--at", at, &s->at_ns, err);
    if (!rc)
        rc = run(cli, s, err);
    free(s);
    return rc;
}
