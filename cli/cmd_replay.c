/*
 * ledger replay: folds the journal to state and prints it; --redecide runs the deciders again,
 * --check-snapshots holds what is stored against what is folded.
 */
#include "book/snapshot.h"
#include "cli/moment.h"
#include "cli/replay.h"
#include "cli/whatif.h"
#include "ledger/hex.h"

#include <stdlib.h>
#include <string.h>

struct choice {
    uint64_t to_seq;
    uint64_t since; /* 0: everything */
    int64_t to_ns;  /* INSTANT_NONE: by seq */
    bool json;
    bool digest;
    bool from_start;
    bool redecide;
    bool check_snapshots;
};

/* "--to" takes a seq or a time. */
static enum err_code parse_to(struct choice *c, const char *text, struct err *err)
{
    c->to_ns = INSTANT_NONE;
    if (text[strspn(text, "0123456789")] != '\0') {
        const enum err_code rc = cli_parse_instant("--to", text, &c->to_ns, err);
        return rc;
    }
    const enum err_code rc = cli_parse_u64("--to", text, &c->to_seq, err);
    if (!rc && c->to_seq == 0)
        return err_set(err, ERR_USAGE, "--to: entries are numbered from 1");
    return rc;
}

static void put_money(int64_t micro)
{
    char text[DECIMAL_TEXT_SIZE];

    decimal_format_fixed(text, micro, MONEY_DECIMALS, 2);
    printf("%18s", text);
}

static void put_positions(const struct book *b)
{
    char text[DECIMAL_TEXT_SIZE];
    bool any = false;

    for (uint32_t i = 0; i < b->accounts->positions.count; i++) {
        const struct position *const p = table_at(&b->accounts->positions, i);
        if (p->qty == 0 && p->realized_micro == 0)
            continue;
        if (!any)
            printf("\n%s%-22s %10s %14s %18s %18s%s\n", cli_bold(stdout), "position", "qty", "average price",
                   "realized", "fees", cli_plain(stdout));
        any = true;
        decimal_format(text, position_average_price_nano(p), PRICE_DECIMALS);
        printf("%-22s %10lld %14s ", p->symbol.text, (long long)p->qty, text);
        put_money(p->realized_micro);
        putchar(' ');
        put_money(p->fees_micro);
        putchar('\n');
    }
    if (!any)
        printf("\nno positions\n");
}

static void put_accounts(const struct book *b)
{
    const struct accounts *const a = b->accounts;
    const struct {
        const char *name;
        int64_t micro;
    } rows[] = {
        {"assets:cash", a->cash_micro},
        {"expenses:fees", a->fees_micro},
        {"income:realized", -a->realized_micro},
        {"equity:deposits", -a->deposits_micro},
        {"income:dividends", -a->dividends_micro}, /* shown when there are any */
    };

    printf("\n%s%-34s %18s%s\n", cli_bold(stdout), "account", "balance", cli_plain(stdout));
    const size_t count = sizeof rows / sizeof rows[0] - (a->dividends_micro == 0);
    for (size_t i = 0; i < count; i++) {
        printf("%-34s ", rows[i].name);
        put_money(rows[i].micro);
        putchar('\n');
    }
    for (uint32_t i = 0; i < a->positions.count; i++) {
        const struct position *const p = table_at(&a->positions, i);
        if (p->cost_micro == 0)
            continue;
        printf("positions:%-24s ", p->symbol.text);
        put_money(p->cost_micro);
        putchar('\n');
    }
    printf("%-34s ", "sum (always zero)");
    put_money(accounts_sum_micro(a));
    putchar('\n');
}

static void put_text(const struct book *b, const char *digest)
{
    char text[INSTANT_TEXT_SIZE];

    printf("state after entry %s%llu%s\n", cli_bold(stdout), (unsigned long long)book_seq(b),
           cli_plain(stdout));
    printf("digest %s\n", digest);
    if (b->view->clock.now_ns != INSTANT_NONE) {
        instant_format_new_york(text, b->view->clock.now_ns);
        printf("market clock %s New York\n", text);
    }
    if (b->risk->stopped)
        printf("%sstopped%s by entry %llu; ledger resume ends it\n", cli_red(stdout), cli_plain(stdout),
               (unsigned long long)b->risk->stop_seq);
    put_positions(b);
    put_accounts(b);
}

static void json_account(struct json_out *out, const char *name, int64_t micro)
{
    json_out_object(out);
    json_out_key(out, "account");
    json_out_text(out, name);
    json_out_key(out, "balance");
    json_out_decimal(out, micro, MONEY_DECIMALS);
    json_out_object_end(out);
}

static void json_positions(struct json_out *out, const struct accounts *a)
{
    json_out_key(out, "positions");
    json_out_array(out);
    for (uint32_t i = 0; i < a->positions.count; i++) {
        const struct position *const p = table_at(&a->positions, i);
        json_out_object(out);
        json_out_key(out, "symbol");
        json_out_string(out, p->symbol.text, p->symbol.length);
        json_out_key(out, "qty");
        json_out_i64(out, p->qty);
        json_out_key(out, "average_price");
        json_out_decimal(out, position_average_price_nano(p), PRICE_DECIMALS);
        json_out_key(out, "realized_pnl");
        json_out_decimal(out, p->realized_micro, MONEY_DECIMALS);
        json_out_key(out, "fees");
        json_out_decimal(out, p->fees_micro, MONEY_DECIMALS);
        json_out_object_end(out);
    }
    json_out_array_end(out);
}

static void json_accounts(struct json_out *out, const struct accounts *a)
{
    char name[16 + SYMBOL_OCC_LENGTH];

    json_out_key(out, "accounts");
    json_out_array(out);
    json_account(out, "assets:cash", a->cash_micro);
    json_account(out, "expenses:fees", a->fees_micro);
    json_account(out, "income:realized", -a->realized_micro);
    json_account(out, "equity:deposits", -a->deposits_micro);
    if (a->dividends_micro)
        json_account(out, "income:dividends", -a->dividends_micro);
    for (uint32_t i = 0; i < a->positions.count; i++) {
        const struct position *const p = table_at(&a->positions, i);
        snprintf(name, sizeof name, "positions:%s", p->symbol.text);
        if (p->cost_micro)
            json_account(out, name, p->cost_micro);
    }
    json_out_array_end(out);
}

static enum err_code put_json(const struct journal *j, const struct book *b, const char *digest,
                              struct err *err)
{
    struct json_out out;

    json_out_init(&out);
    json_out_object(&out);
    cli_json_origin(&out, j);
    json_out_key(&out, "seq");
    json_out_u64(&out, book_seq(b));
    json_out_key(&out, "digest");
    json_out_text(&out, digest);
    json_out_key(&out, "market_clock");
    json_out_instant(&out, b->view->clock.now_ns);
    json_out_key(&out, "stopped");
    json_out_bool(&out, b->risk->stopped);
    json_out_key(&out, "breakers_tripped");
    json_out_u64(&out, risk_state_tripped(b->risk));
    json_out_key(&out, "cash");
    json_out_decimal(&out, b->accounts->cash_micro, MONEY_DECIMALS);
    json_positions(&out, b->accounts);
    json_accounts(&out, b->accounts);
    json_out_object_end(&out);
    const enum err_code rc = cli_put_json(&out, err);
    json_out_release(&out);
    return rc;
}

static enum err_code fold(const struct journal *j, struct journal_reader *r, const struct choice *c,
                          struct err *err)
{
    struct cli_progress progress;
    char digest[HEX_LENGTH(HASH_SIZE) + 1];
    struct book b;
    enum err_code rc = book_init(&b, err);

    b.snapshots.are_ignored = c->from_start;
    if (!rc && c->to_ns != INSTANT_NONE)
        rc = moment_check(c->to_ns, r, err);
    cli_progress_init(&progress, "replay");
    if (!rc && c->to_ns != INSTANT_NONE)
        rc = book_load_until(&b, r, c->to_ns, cli_progress_draw, &progress, err);
    else if (!rc)
        rc = book_load(&b, r, c->to_seq, cli_progress_draw, &progress, err);
    cli_progress_end(&progress);
    cli_put_remark(b.snapshots.remark);
    if (!rc) {
        const struct hash h = book_digest(&b);
        hex_encode(digest, h.bytes, HASH_SIZE);
        if (c->digest)
            printf("%s\n", digest);
        else if (c->json)
            rc = put_json(j, &b, digest, err);
        else
            put_text(&b, digest);
    }
    book_release(&b);
    return rc;
}

static enum err_code json_check(const struct snapshot_report *report, struct err *err)
{
    struct json_out out;

    json_out_init(&out);
    json_out_object(&out);
    const struct {
        const char *key;
        uint64_t value;
    } rows[] = {{"entries", report->entries},
                {"compared", report->compared},
                {"foreign", report->foreign},
                {"stored", report->stored}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        json_out_key(&out, rows[i].key);
        json_out_u64(&out, rows[i].value);
    }
    json_out_key(&out, "wrong");
    if (report->wrong_seq)
        json_out_u64(&out, report->wrong_seq);
    else
        json_out_null(&out);
    if (report->wrong_seq) {
        json_out_key(&out, "reason");
        json_out_text(&out, report->reason);
    }
    json_out_object_end(&out);
    const enum err_code rc = cli_put_json(&out, err);
    json_out_release(&out);
    return rc;
}

static enum err_code run_check(struct journal_reader *r, const struct choice *c, struct err *err)
{
    struct cli_progress progress;
    struct snapshot_report report;

    cli_progress_init(&progress, "check snapshots");
    enum err_code rc = snapshot_check(r, &report, cli_progress_draw, &progress, err);
    cli_progress_end(&progress);
    if (!rc && c->json)
        rc = json_check(&report, err);
    else if (!rc && !report.wrong_seq)
        printf("%sno difference%s: %llu snapshots, %llu of them stored, hold against %llu entries\n",
               cli_green(stdout), cli_plain(stdout), (unsigned long long)report.compared,
               (unsigned long long)report.stored, (unsigned long long)report.entries);
    else if (!rc)
        printf("%sthe snapshot of entry %llu is wrong%s: %s\n", cli_red(stdout),
               (unsigned long long)report.wrong_seq, cli_plain(stdout), report.reason);
    if (!rc && !c->json && report.foreign)
        fprintf(stderr,
                "remark: %llu snapshots are of other versions of this program, and cannot be compared\n",
                (unsigned long long)report.foreign);
    if (!rc && report.wrong_seq)
        rc = err_set(err, ERR_WRONG, "the snapshot of entry %llu: %s", (unsigned long long)report.wrong_seq,
                     report.reason);
    return rc;
}

static enum err_code check_choice(const struct choice *c, bool has_to, struct err *err)
{
    if (c->digest && c->json)
        return err_set(err, ERR_USAGE, "replay: --digest or --json: its output has the digest, too");
    if (c->redecide && (c->digest || c->from_start || c->check_snapshots))
        return err_set(err, ERR_USAGE,
                       "replay: --redecide goes with --since SEQ, --to SEQ|TIME and --json only");
    if (c->since && c->to_seq && c->since > c->to_seq)
        return err_set(err, ERR_USAGE, "replay: --since is behind --to: nothing lies between");
    if (c->since && !c->redecide)
        return err_set(err, ERR_USAGE, "replay: --since goes with --redecide only");
    if (c->check_snapshots && (c->digest || c->from_start || has_to))
        return err_set(err, ERR_USAGE, "replay: --check-snapshots goes with --json only");
    return ERR_OK;
}

enum err_code cmd_replay(struct cli *cli, struct err *err)
{
    const char *to = NULL;
    const char *since = NULL;
    struct choice c = {.to_ns = INSTANT_NONE};
    struct journal *j = NULL;
    struct journal_reader *r = NULL;
    const struct cli_option options[] = {{.name = "to", .value = &to},
                                         {.name = "since", .value = &since},
                                         {.name = "json", .flag = &c.json},
                                         {.name = "digest", .flag = &c.digest},
                                         {.name = "from-start", .flag = &c.from_start},
                                         {.name = "check-snapshots", .flag = &c.check_snapshots},
                                         {.name = "redecide", .flag = &c.redecide}};
    if (replay_is_whatif(cli))
        return replay_whatif(cli, err);
    enum err_code rc = cli_options(cli, options, sizeof options / sizeof options[0], NULL, 0, NULL, err);

    if (!rc && to)
        rc = parse_to(&c, to, err);
    if (!rc && since)
        rc = cli_parse_u64("--since", since, &c.since, err);
    if (!rc && since && c.since == 0)
        rc = err_set(err, ERR_USAGE, "--since: entries are numbered from 1");
    if (!rc)
        rc = check_choice(&c, to != NULL, err);
    if (!rc)
        rc = cli_open(cli, true, &j, err);
    if (!rc)
        rc = journal_reader_begin(j, &r, err);
    const struct replay_range range = {c.since, c.to_seq, c.to_ns, c.json};
    if (!rc)
        rc = c.redecide          ? replay_redecide(j, r, &range, err)
             : c.check_snapshots ? run_check(r, &c, err)
                                 : fold(j, r, &c, err);
    journal_reader_end(r);
    journal_close(j);
    return rc;
}
