/* ledger reconcile: a broker's statement against our books; the breaks that are open; a break cleared. */
#include "cli/cli.h"

#include "cli/person.h"
#include "cli/reconcile_show.h"

#include "agent/reconciliation.h"
#include "book/engine.h"
#include "ledger/hash.h"
#include "risk/reconcile_breaks.h"

#include <stdlib.h>
#include <string.h>

struct ask {
    const char *operand; /* FILE, "broker", or NULL */
    const char *session;
    const char *broker;
    const char *actor;
    bool list;
    const char *clear;
    const char *ours;
    const char *theirs;
    const char *reason;
    bool json;
    struct person_options person;
};

static enum err_code check_ask(const struct ask *a, struct err *err)
{
    const int forms = (a->operand ? 1 : 0) + (a->list ? 1 : 0) + (a->clear ? 1 : 0);

    if (forms != 1)
        return err_set(
            err, ERR_USAGE,
            "reconcile: FILE, broker, --list or --clear BREAK: one of them (see: ledger help reconcile)");
    if (!a->clear && (a->ours || a->theirs || a->reason))
        return err_set(err, ERR_USAGE, "reconcile: --ours, --theirs and --reason go with --clear BREAK");
    if (a->clear && !a->reason)
        return err_set(err, ERR_USAGE, "reconcile: --reason TEXT is missing: it goes on the record");
    const bool is_file = a->operand && strcmp(a->operand, "broker") != 0;
    if (!is_file && (a->session || a->broker))
        return err_set(err, ERR_USAGE, "reconcile: --session and --broker go with a FILE");
    if (!is_file && !a->clear && a->actor)
        return err_set(err, ERR_USAGE, "reconcile: --actor goes with a FILE or --clear: nobody else signs");
    return ERR_OK;
}

static enum err_code parse(struct cli *cli, struct ask *a, struct err *err)
{
    size_t count = 0;
    const struct cli_option options[] = {
        {.name = "session", .value = &a->session}, {.name = "broker", .value = &a->broker},
        {.name = "actor", .value = &a->actor},     {.name = "list", .flag = &a->list},
        {.name = "clear", .value = &a->clear},     {.name = "ours", .value = &a->ours},
        {.name = "theirs", .value = &a->theirs},   {.name = "reason", .value = &a->reason},
        {.name = "json", .flag = &a->json},        PERSON_OPTIONS(a->person)};
    const enum err_code rc = cli_options(cli, options, 9 + PERSON_OPTION_COUNT, &a->operand, 1, &count, err);

    return rc ? rc : check_ask(a, err);
}

/* -- what a statement shows ------------------------------------------------------------------------------- */

struct shown {
    const struct book *book;
    struct reconcile_now now;
    struct json_out *out; /* NULL: lines */
    uint64_t count;
};

/* Each difference is an open break by now. */
static enum err_code show_difference(void *context, const struct reconcile_difference *d, struct err *err)
{
    struct shown *const s = context;
    const struct reconcile_break *const k = reconcile_about(s->book->reconcile, &d->key);

    (void)err;
    REQUIRE(k);
    s->count++;
    if (s->out)
        reconcile_put_json(s->out, s->book, &s->now, k);
    else
        reconcile_put_line(s->book, &s->now, k);
    return ERR_OK;
}

static void put_head(struct json_out *out, const struct reconcile *r)
{
    json_out_object(out);
    json_out_key(out, "statement_id");
    json_out_text(out, r->statement_id.text);
    json_out_key(out, "seq");
    json_out_u64(out, r->statement_seq);
    json_out_key(out, "session");
    json_out_day(out, r->stated_session);
    json_out_key(out, "cash");
    json_out_decimal(out, r->cash_micro, MONEY_DECIMALS);
    json_out_key(out, "positions");
    json_out_u64(out, r->position_rows);
    json_out_key(out, "fills");
    json_out_u64(out, r->fill_rows);
    json_out_key(out, "differences");
    json_out_array(out);
}

static enum err_code say_wrong(const struct reconcile *r, uint64_t count, struct err *err)
{
    char day[INSTANT_TEXT_SIZE];

    if (count == 0)
        return ERR_OK;
    civil_format(day, r->stated_session);
    return err_set(err, ERR_WRONG, "%llu %s between the statement %s of %s and our books",
                   (unsigned long long)count, count == 1 ? "break" : "breaks", r->statement_id.text, day);
}

static void put_all_agrees(const struct reconcile *r)
{
    char cash[DECIMAL_TEXT_SIZE];
    char day[INSTANT_TEXT_SIZE];

    civil_format(day, r->stated_session);
    decimal_format_fixed(cash, r->cash_micro, MONEY_DECIMALS, 2);
    printf("%sall agrees%s: %llu positions, %llu fills of %s, cash %s (statement %s, entry %llu)\n",
           cli_green(stdout), cli_plain(stdout), (unsigned long long)r->position_rows,
           (unsigned long long)r->fill_rows, day, cash, r->statement_id.text,
           (unsigned long long)r->statement_seq);
}

static enum err_code show(const struct ask *a, struct desk *d, struct err *err)
{
    const struct decide_context ctx = engine_context(&d->book);
    const struct reconcile *const r = d->book.reconcile;
    struct shown s = {.book = &d->book};
    struct journal_reader *reader = NULL;
    struct json_out out;

    json_out_init(&out);
    enum err_code rc = journal_reader_begin(d->journal, &reader, err);
    if (!rc)
        rc = reconcile_now_read(&s.now, &d->book, reader, err);
    journal_reader_end(reader);
    if (a->json) {
        s.out = &out;
        put_head(&out, r);
    }
    if (!rc)
        rc = reconcile_differences(&ctx.risk, show_difference, &s, err);
    if (!rc && a->json) {
        json_out_array_end(&out);
        json_out_object_end(&out);
        rc = cli_put_json(&out, err);
    } else if (!rc && s.count == 0) {
        put_all_agrees(r);
    }
    json_out_release(&out);
    return rc ? rc : say_wrong(r, s.count, err);
}

/* -- a statement ------------------------------------------------------------------------------------------ */

static enum err_code fill_in(const struct ask *a, struct statement *st, struct err *err)
{
    civil_day session = CIVIL_DAY_NONE;

    if (a->session && civil_parse(a->session, strlen(a->session), &session, err))
        return err_set(err, ERR_USAGE, "--session: \"%s\" is no date (2015-12-24)", a->session);
    if (a->session && st->session != CIVIL_DAY_NONE && st->session != session)
        return err_set(err, ERR_INPUT, "%s: session: the file is of another session than --session %s",
                       a->operand, a->session);
    if (a->session)
        st->session = session;
    if (!a->broker)
        return ERR_OK;
    const size_t length = strlen(a->broker);
    for (size_t i = 0; i < length; i++) {
        if (a->broker[i] <= 0x20 || a->broker[i] >= 0x7f)
            return err_set(err, ERR_USAGE, "--broker: visible ASCII only, and no space");
    }
    if (length == 0 || length > ID_MAX)
        return err_set(err, ERR_USAGE, "--broker: 1 to %d characters", ID_MAX);
    if (st->broker.length && !id_is(&st->broker, a->broker))
        return err_set(err, ERR_INPUT, "%s: broker: the file says %s, --broker says %s", a->operand,
                       st->broker.text, a->broker);
    st->broker = id_from(a->broker);
    return ERR_OK;
}

static enum err_code read_statement(const struct ask *a, struct statement *st, struct err *err)
{
    char *bytes = NULL;
    size_t size = 0;
    enum err_code rc = cli_read_file(a->operand, STATEMENT_BYTES_MAX, &bytes, &size, err);

    if (!rc)
        rc = statement_read(st, a->operand, bytes, size, err);
    if (!rc) {
        const struct hash sha256 = hash_bytes(bytes, size);
        memcpy(st->sha256.bytes, sha256.bytes, HASH_SIZE);
        rc = fill_in(a, st, err);
    }
    free(bytes);
    return rc;
}

static enum err_code take(struct cli *cli, const struct ask *a, struct err *err)
{
    const char *const actor = a->actor ? a->actor : "operator";
    struct statement st = {.count = 0};
    struct person_desk s = {.person = NULL};
    enum err_code rc = read_statement(a, &st, err);

    if (!rc)
        rc = person_desk_open(&s, cli, &a->person, actor, err);
    if (!rc && (rc = reconciliation_take(&s.desk, actor, &st, cli_now_ns(), err)) != ERR_OK)
        err_wrap(err, "%s", a->operand);
    if (!rc)
        rc = show(a, &s.desk, err);
    person_desk_close(&s);
    statement_release(&st);
    return rc;
}

static enum err_code ask_broker(struct cli *cli, const struct ask *a, struct err *err)
{
    struct person_desk s = {.person = NULL};
    enum err_code rc = person_desk_open(&s, cli, &a->person, NULL, err);

    if (!rc)
        rc = reconciliation_ask(&s.desk, err);
    if (!rc)
        rc = show(a, &s.desk, err);
    person_desk_close(&s);
    return rc;
}

/* -- open breaks ------------------------------------------------------------------------------------------ */

static enum err_code put_list(const struct ask *a, const struct book *b, const struct reconcile_now *now,
                              struct err *err)
{
    const struct table *const breaks = &b->reconcile->breaks;
    const int64_t worth = reconcile_worth_in(b, NULL);
    char text[DECIMAL_TEXT_SIZE];
    struct json_out out;
    enum err_code rc = ERR_OK;

    json_out_init(&out);
    json_out_object(&out);
    json_out_key(&out, "breaks");
    json_out_array(&out);
    for (uint32_t i = 0; i < breaks->count; i++) {
        if (a->json)
            reconcile_put_json(&out, b, now, table_at(breaks, i));
        else
            reconcile_put_line(b, now, table_at(breaks, i));
    }
    json_out_array_end(&out);
    json_out_key(&out, "worth");
    if (worth == CHECK_VALUE_NONE)
        json_out_null(&out);
    else
        json_out_decimal(&out, worth, MONEY_DECIMALS);
    json_out_object_end(&out);
    reconcile_format_worth(text, worth);
    if (a->json)
        rc = cli_put_json(&out, err);
    else if (breaks->count == 0)
        printf("no break is open%s\n", b->reconcile->statement_seq ? "" : "; no statement was ever taken in");
    else
        printf("%u open, worth %s together\n", breaks->count, text);
    json_out_release(&out);
    return rc;
}

static enum err_code list(struct cli *cli, const struct ask *a, struct err *err)
{
    struct journal *j = NULL;
    struct journal_reader *r = NULL;
    struct book b = {.snapshots = {.begun_at = 0}};
    struct reconcile_now now;

    cli_guard_reading();
    enum err_code rc = cli_open(cli, true, &j, err);
    if (!rc)
        rc = journal_reader_begin(j, &r, err);
    if (!rc)
        rc = book_init(&b, err);
    if (!rc)
        rc = book_load(&b, r, 0, NULL, NULL, err);
    if (!rc)
        cli_put_remark(b.snapshots.remark);
    if (!rc)
        rc = reconcile_now_read(&now, &b, r, err);
    if (!rc)
        rc = put_list(a, &b, &now, err);
    book_release(&b);
    journal_reader_end(r);
    journal_close(j);
    return rc;
}

static enum err_code clear(struct cli *cli, const struct ask *a, struct err *err)
{
    const char *const actor = a->actor ? a->actor : "operator";
    struct person_desk s = {.person = NULL};
    uint64_t ours = 0;
    uint64_t theirs = 0;
    enum err_code rc = a->ours ? cli_parse_u64("--ours", a->ours, &ours, err) : ERR_OK;

    if (!rc && a->theirs)
        rc = cli_parse_u64("--theirs", a->theirs, &theirs, err);
    if (!rc)
        rc = person_desk_open(&s, cli, &a->person, actor, err);
    if (!rc)
        rc = reconciliation_clear(&s.desk, actor, a->clear, ours, theirs, a->reason, cli_now_ns(), err);
    if (!rc && a->json)
        printf("{\"seq\":%llu,\"open\":%u}\n", (unsigned long long)s.desk.group_first,
               s.desk.book.reconcile->breaks.count);
    else if (!rc)
        printf("%s is cleared: entry %llu, signed by %s; %u still open\n", a->clear,
               (unsigned long long)s.desk.group_first, actor, s.desk.book.reconcile->breaks.count);
    person_desk_close(&s);
    return rc;
}

enum err_code cmd_reconcile(struct cli *cli, struct err *err)
{
    struct ask a = {.json = false};
    const enum err_code rc = parse(cli, &a, err);

    if (rc)
        return rc;
    if (a.list)
        return list(cli, &a, err);
    if (a.clear)
        return clear(cli, &a, err);
    return strcmp(a.operand, "broker") == 0 ? ask_broker(cli, &a, err) : take(cli, &a, err);
}
