/* A broker's statement against our books: what is kept, what is told, what it is worth, and how it ends. */
#include "risk/reconcile_breaks.h"
#include "support/desk.h"
#include "support/digests.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define DAY  "2015-12-23"
#define NEXT "2015-12-24"
#define PUT  "GOOG  151231P00700000"

enum { OPERATOR = 1, BROKER, FEED };

static struct entry by(struct entry e, uint32_t actor)
{
    e.actor = actor;
    return e;
}

static struct desk *begin(void)
{
    struct desk *const d = desk_new(DAY);
    struct entry e = entries_draft(ENTRY_CONTROL_GENESIS);
    struct actor_rows *const rows = &e.as.control_genesis.actors;

    e.as.control_genesis.origin = text_from("desk.example/test");
    rows->count = 3;
    rows->rows[0] = (struct actor_row){.name = id_from("operator"), .role = ROLE_OPERATOR};
    rows->rows[1] = (struct actor_row){.name = id_from("broker:paper"), .role = ROLE_BROKER};
    rows->rows[2] = (struct actor_row){.name = id_from("feed"), .role = ROLE_FEED};
    desk_tell(d, e, "14:00:00");
    desk_tick(d, PHASE_OPEN, "14:30:00");
    return d;
}

static void trade(struct desk *d, const char *fill, const char *symbol, enum side side, int64_t qty,
                  const char *price, const char *when)
{
    desk_tell(d, by(entries_execution("o", fill, symbol, side, qty, price, "1"), BROKER), when);
}

/* 10,000 paid in, 100 GOOG bought at 7, 5 puts sold at 0.40: cash 9,498. */
static struct desk *traded(void)
{
    struct desk *const d = begin();

    desk_tell(d, by(entries_deposit("d-1", "10000"), BROKER), "14:30:00");
    trade(d, "f-1", "GOOG", SIDE_BUY, 100, "7", "15:00:00");
    trade(d, "f-2", PUT, SIDE_SELL, 5, "0.40", "15:01:00");
    assert_int_equal(d->accounts.cash_micro, entries_money("9498"));
    return d;
}

static struct entry position(const char *statement, const char *symbol, enum side side, int64_t qty)
{
    struct entry e = entries_draft(ENTRY_PERCEPTION_STATED_POSITION);

    e.as.perception_stated_position =
        (struct entry_perception_stated_position){id_from(statement), entries_symbol(symbol), side, qty};
    return by(e, BROKER);
}

static struct entry fill(const char *statement, const char *fill_id, const char *symbol, enum side side,
                         int64_t qty, const char *price)
{
    struct entry e = entries_draft(ENTRY_PERCEPTION_STATED_FILL);

    e.as.perception_stated_fill = (struct entry_perception_stated_fill){
        id_from(statement),   id_from(fill_id),  entries_symbol(symbol), side, qty,
        entries_price(price), entries_money("1")};
    return by(e, BROKER);
}

static struct entry end(const char *statement, const char *cash, int64_t positions, int64_t fills)
{
    struct entry e = entries_draft(ENTRY_PERCEPTION_STATEMENT);

    e.as.perception_statement.statement_id = id_from(statement);
    e.as.perception_statement.broker = id_from("paper");
    e.as.perception_statement.session = entries_day(DAY);
    e.as.perception_statement.cash = entries_money(cash);
    e.as.perception_statement.positions = positions;
    e.as.perception_statement.fills = fills;
    return by(e, BROKER);
}

/* The last entry told is the statement: answers it. Returns how many breaks were told. */
static size_t answer(struct desk *d, struct entry statement)
{
    const uint64_t seq = desk_tell(d, statement, "21:00:00");
    const size_t before = desk_count(d, ENTRY_RISK_BREAK);

    statement = entries_placed(statement, seq, DAY "T21:00:00Z");
    assert_true(reconcile_is_asked(&d->reconcile, &statement));
    d->tick.at_ns = statement.at_ns;
    assert_int_equal(reconcile_breaks(&d->ctx.risk, &statement, &d->out, NULL), ERR_OK);
    return desk_count(d, ENTRY_RISK_BREAK) - before;
}

/* All that is so on the desk of traded(), but for what a case plants. */
struct planted {
    const char *name;
    struct entry rows[6];
    size_t count;
    const char *cash;
    const char *about; /* of the one break; NULL: none */
    const char *check;
    int64_t value;
    int64_t bound;
    const char *worth; /* of it; NULL: nobody can tell */
};

static size_t tell_planted(struct desk *d, const struct planted *c, const char *statement)
{
    int64_t fills = 0;

    for (size_t i = 0; i < c->count; i++) {
        struct entry e = c->rows[i];
        const bool is_fill = e.kind == ENTRY_PERCEPTION_STATED_FILL;
        fills += is_fill;
        if (is_fill)
            e.as.perception_stated_fill.statement_id = id_from(statement);
        else
            e.as.perception_stated_position.statement_id = id_from(statement);
        desk_tell(d, e, "21:00:00");
    }
    return answer(d, end(statement, c->cash, (int64_t)c->count - fills, fills));
}

static void test_each_planted_difference_is_one_break(void **state)
{
    const struct entry goog = position("s", "GOOG", SIDE_BUY, 100);
    const struct entry put = position("s", PUT, SIDE_SELL, 5);
    const struct entry f1 = fill("s", "f-1", "GOOG", SIDE_BUY, 100, "7");
    const struct entry f2 = fill("s", "f-2", PUT, SIDE_SELL, 5, "0.40");
    const struct planted cases[] = {
        {"all agrees", {goog, put, f1, f2}, 4, "9498", NULL, NULL, 0, 0, "0"},
        {"cash",
         {goog, put, f1, f2},
         4,
         "9498.01",
         "cash",
         "cash",
         entries_money("9498"),
         entries_money("9498.01"),
         "0.01"},
        {"a position they lack", {goog, f1, f2}, 3, "9498", PUT, "position", -5, 0, "200"},
        {"a position we lack",
         {goog, put, position("s", "AAPL", SIDE_SELL, 3), f1, f2},
         5,
         "9498",
         "AAPL",
         "position",
         0,
         -3,
         NULL},
        {"a position of another size",
         {position("s", "GOOG", SIDE_BUY, 90), put, f1, f2},
         4,
         "9498",
         "GOOG",
         "position",
         100,
         90,
         "70"},
        {"a position on the other side",
         {goog, position("s", PUT, SIDE_BUY, 5), f1, f2},
         4,
         "9498",
         PUT,
         "position",
         -5,
         5,
         "400"},
        {"a fill they lack", {goog, put, f1}, 3, "9498", "f-2", "fill_unknown", -5, 0, "201"},
        {"a fill we lack",
         {goog, put, f1, f2, fill("s", "f-3", "GOOG", SIDE_SELL, 2, "8")},
         5,
         "9498",
         "f-3",
         "fill_missing",
         0,
         -2,
         "17"},
        {"a fill at another price",
         {goog, put, f1, fill("s", "f-2", PUT, SIDE_SELL, 5, "0.41")},
         4,
         "9498",
         "f-2",
         "fill_differs",
         -5,
         -5,
         "5"},
        {"a fill of the other side",
         {goog, put, f1, fill("s", "f-2", PUT, SIDE_BUY, 5, "0.40")},
         4,
         "9498",
         "f-2",
         "fill_differs",
         -5,
         5,
         "400"},
        {"a fill in another instrument",
         {goog, put, fill("s", "f-1", "AAPL", SIDE_BUY, 100, "7"), f2},
         4,
         "9498",
         "f-1",
         "fill_differs",
         100,
         100,
         "1400"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct planted *const c = &cases[i];
        struct desk *const d = traded();
        const size_t told = tell_planted(d, c, "s");
        if (told != (c->about ? 1 : 0) || d->reconcile.breaks.count != told)
            fail_msg("%s: %zu breaks", c->name, told);
        const int64_t worth = reconcile_worth_of_all(&d->ctx.risk);
        if (worth != (c->worth ? entries_money(c->worth) : CHECK_VALUE_NONE))
            fail_msg("%s: worth %lld", c->name, (long long)worth);
        if (c->about) {
            const struct entry_risk_break *const b = &desk_last(d, ENTRY_RISK_BREAK)->as.risk_break;
            const struct check *const row = &b->checks.rows[0];
            if (b->about.length != strlen(c->about) ||
                memcmp(b->about.bytes, c->about, b->about.length) != 0 || !id_is(&row->name, c->check) ||
                row->value != c->value || row->bound != c->bound)
                fail_msg("%s: about %.*s: %s %lld, %lld", c->name, b->about.length, b->about.bytes,
                         row->name.text, (long long)row->value, (long long)row->bound);
            assert_true(id_is(&b->owner, "operator"));
            assert_int_equal(tell_planted(d, c, "s-2"), 0); /* the same numbers are not told again */
            assert_int_equal(d->reconcile.breaks.count, 1);
        }
        desk_free(d);
    }
}

static void test_other_numbers_are_told_under_the_same_id(void **state)
{
    struct desk *const d = begin();

    (void)state;
    assert_int_equal(answer(d, end("s-1", "5", 0, 0)), 1);
    const struct id break_id = desk_last(d, ENTRY_RISK_BREAK)->as.risk_break.break_id;
    const uint64_t opened = desk_last(d, ENTRY_RISK_BREAK)->seq;
    assert_int_equal(answer(d, end("s-2", "6", 0, 0)), 1);
    const struct reconcile_break *const b = reconcile_find(&d->reconcile, &break_id);
    assert_non_null(b);
    assert_int_equal(d->reconcile.breaks.count, 1);
    assert_int_equal(b->opened_seq, opened);
    assert_true(b->told_seq > opened);
    assert_true(id_is(&b->statement_id, "s-2"));
    assert_int_equal(reconcile_worth(&d->ctx.risk, b), entries_money("6"));
    assert_int_equal(answer(d, end("s-3", "0", 0, 0)), 0); /* agrees: but nobody has cleared it */
    assert_int_equal(d->reconcile.breaks.count, 1);
    desk_free(d);
}

static struct entry correction(const struct reconcile_break *b, int64_t ours, int64_t theirs)
{
    struct entry e = entries_draft(ENTRY_CONTROL_CORRECTION);

    e.as.control_correction.break_id = b->break_id;
    e.as.control_correction.ours = ours;
    e.as.control_correction.theirs = theirs;
    e.as.control_correction.reason = text_from("looked into");
    return e;
}

static bool passes(struct desk *d, const char *order_id, const char *symbol, enum side side, int64_t *value)
{
    struct entry verdict;
    struct entry e = desk_enter(order_id, symbol, side, 1, "0.40");

    e.seq = d->replay.seq + 1;
    assert_int_equal(risk_judge(&d->ctx.risk, &e, &verdict, NULL), ERR_OK);
    const struct checks *const checks = &verdict.as.risk_verdict.checks;
    const struct check *const last = &checks->rows[checks->count - 1];
    const bool is_there = strncmp(last->name.text, "open_breaks", 11) == 0;
    *value = is_there ? last->value : -1;
    return !is_there || last->ok || risk_check_is_exempt(last);
}

/* A broker takes back what we do not have: no word of money moves, and nobody can tell what is right. */
static void test_a_bust_that_does_not_fit_is_a_break_until_it_is_corrected(void **state)
{
    struct desk *const d = traded();
    const struct entry execution = by(entries_execution("o", "f-2", PUT, SIDE_SELL, 50, "0.40", "1"), BROKER);
    const struct entry tick = entries_placed(entries_clock(PHASE_TICK, DAY), 99, DAY "T15:03:00Z");
    int64_t value = 0;

    (void)state;
    const uint64_t seq = desk_tell(d, by(entries_bust(execution, "b-1", 0), BROKER), "15:02:00");
    assert_int_equal(d->accounts.cash_micro, entries_money("9498"));
    d->tick.at_ns = tick.at_ns;
    assert_int_equal(reconcile_busts(&d->ctx.risk, &tick, &d->out, NULL), ERR_OK);
    assert_int_equal(desk_count(d, ENTRY_RISK_BREAK), 1);
    const struct entry told = *desk_last(d, ENTRY_RISK_BREAK);
    const struct entry_risk_break *const b = &told.as.risk_break;
    assert_int_equal(told.cause, seq);
    assert_int_equal(b->theirs, seq);
    assert_true(b->ours > 0 && (uint64_t)b->ours < seq); /* the execution that it names */
    assert_true(id_is(&b->checks.rows[0].name, "bust_differs"));
    assert_int_equal(b->checks.rows[0].bound, -50);
    assert_int_equal(reconcile_worth_of_all(&d->ctx.risk), CHECK_VALUE_NONE);
    assert_false(passes(d, "n-1", PUT, SIDE_SELL, &value)); /* without any statement */
    assert_true(passes(d, "n-2", PUT, SIDE_BUY, &value));
    assert_int_equal(reconcile_busts(&d->ctx.risk, &tick, &d->out, NULL), ERR_OK);
    assert_int_equal(desk_count(d, ENTRY_RISK_BREAK), 1);
    const struct reconcile_break *const open = table_at(&d->reconcile.breaks, 0);
    desk_tell(d, correction(open, b->ours, b->theirs), "15:04:00");
    assert_int_equal(d->reconcile.breaks.count, 0);
    assert_int_equal(reconcile_busts(&d->ctx.risk, &tick, &d->out, NULL), ERR_OK); /* not told anew */
    assert_int_equal(desk_count(d, ENTRY_RISK_BREAK), 1);
    assert_true(passes(d, "n-3", PUT, SIDE_SELL, &value));
    desk_free(d);
}

/* Two brokers: the first is far off, the second nearly agrees. Nobody has corrected anything in between. */
static void test_a_statement_that_lies_nearer_makes_no_break_worth_less(void **state)
{
    struct desk *const d = traded();
    const struct entry f1 = fill("s", "f-1", "GOOG", SIDE_BUY, 100, "7");
    const struct entry f2 = fill("s", "f-2", PUT, SIDE_SELL, 5, "0.40");
    const struct entry put = position("s", PUT, SIDE_SELL, 5);
    const struct planted far_off = {
        "",   {position("s", "GOOG", SIDE_BUY, 10), put, fill("s", "f-1", "GOOG", SIDE_BUY, 100, "70"), f2},
        4,    "0",
        NULL, NULL,
        0,    0,
        NULL};
    const struct planted nearer = {
        "",   {position("s", "GOOG", SIDE_BUY, 99), put, fill("s", "f-1", "GOOG", SIDE_BUY, 100, "7.01"), f2},
        4,    "9497.99",
        NULL, NULL,
        0,    0,
        NULL};
    const struct planted farther = {
        "", {position("s", "GOOG", SIDE_SELL, 1), put, f1, f2}, 4, "-1", NULL, NULL, 0, 0, NULL};
    const struct planted agrees = {
        "", {position("s", "GOOG", SIDE_BUY, 100), put, f1, f2}, 4, "9498", NULL, NULL, 0, 0, NULL};

    (void)state;
    assert_int_equal(tell_planted(d, &far_off, "s-1"), 3);
    const int64_t found = reconcile_worth_of_all(&d->ctx.risk);
    assert_int_equal(found, entries_money("9498") + entries_money("630") + entries_money("6300"));
    const uint64_t first = d->replay.seq;
    assert_int_equal(tell_planted(d, &nearer, "s-2"), 3); /* on the record, under the same ids */
    assert_int_equal(d->reconcile.breaks.count, 3);
    assert_int_equal(reconcile_worth_of_all(&d->ctx.risk), found);
    for (uint32_t i = 0; i < 3; i++) {
        const struct reconcile_break *const b = table_at(&d->reconcile.breaks, i);
        assert_true(b->told_seq > first);
        assert_true(b->widest_seq <= first);
    }
    assert_int_equal(tell_planted(d, &agrees, "s-3"), 0);
    assert_int_equal(reconcile_worth_of_all(&d->ctx.risk), found);
    assert_int_equal(tell_planted(d, &farther, "s-4"), 2); /* cash and position: these are worth more now */
    assert_int_equal(reconcile_worth_of_all(&d->ctx.risk),
                     entries_money("9499") + entries_money("707") + entries_money("6300"));
    desk_free(d);
}

/* What nobody could tell is not told by numbers that come later. */
static void test_a_break_of_unknown_worth_stays_so_until_it_is_corrected(void **state)
{
    struct desk *const d = traded();
    const struct entry most = fill("s", "f-9", "GOOG", SIDE_BUY, INT64_MAX, "9000000000");
    const struct entry put = position("s", PUT, SIDE_SELL, 5);
    const struct planted wild = {"",
                                 {position("s", "GOOG", SIDE_BUY, 100), put,
                                  fill("s", "f-1", "GOOG", SIDE_BUY, 100, "7"),
                                  fill("s", "f-2", PUT, SIDE_SELL, 5, "0.40"), most},
                                 5,
                                 "9498",
                                 NULL,
                                 NULL,
                                 0,
                                 0,
                                 NULL};
    struct planted tame = wild;

    (void)state;
    tame.rows[4] = fill("s", "f-9", "GOOG", SIDE_BUY, 1, "7");
    assert_int_equal(tell_planted(d, &wild, "s-1"), 1);
    assert_int_equal(reconcile_worth_of_all(&d->ctx.risk), CHECK_VALUE_NONE);
    assert_int_equal(tell_planted(d, &tame, "s-2"), 1);
    assert_int_equal(reconcile_worth_of_all(&d->ctx.risk), CHECK_VALUE_NONE);
    const struct reconcile_break *const b = table_at(&d->reconcile.breaks, 0);
    desk_tell(d, correction(b, 0, (int64_t)b->theirs), "21:30:00");
    assert_int_equal(reconcile_worth_of_all(&d->ctx.risk), 0);
    assert_int_equal(tell_planted(d, &tame, "s-3"), 1); /* as if it were new */
    assert_int_equal(reconcile_worth_of_all(&d->ctx.risk), entries_money("8"));
    desk_free(d);
}

static void test_a_statement_that_lacks_rows_is_one_break_whatever_else_differs(void **state)
{
    struct desk *const d = traded();

    (void)state;
    desk_tell(d, position("s-1", "GOOG", SIDE_BUY, 7), "21:00:00");
    assert_int_equal(answer(d, end("s-1", "1", 1, 2)), 1);
    const struct entry_risk_break *const b = &desk_last(d, ENTRY_RISK_BREAK)->as.risk_break;
    assert_true(id_is(&b->checks.rows[0].name, RECONCILE_INCOMPLETE));
    assert_int_equal(b->checks.rows[0].value, 1);
    assert_int_equal(b->checks.rows[0].bound, 3);
    assert_int_equal(reconcile_worth_of_all(&d->ctx.risk), CHECK_VALUE_NONE);
    desk_free(d);
}

static void test_rows_of_another_statement_or_actor_are_not_its_own(void **state)
{
    struct desk *const d = begin();

    (void)state;
    desk_tell(d, position("s-0", "GOOG", SIDE_BUY, 7), "21:00:00"); /* never completed */
    desk_tell(d, by(position("s-1", "GOOG", SIDE_BUY, 7), OPERATOR), "21:00:00");
    desk_tell(d, by(position("s-1", "GOOG", SIDE_BUY, 7), FEED), "21:00:00"); /* a feed states nothing */
    assert_int_equal(answer(d, end("s-1", "0", 0, 0)), 0);
    desk_tell(d, position("s-2", "GOOG", SIDE_BUY, 7), "21:00:00");
    desk_tell(d, position("s-2", "GOOG", SIDE_SELL, 7), "21:00:00"); /* rows of one symbol add up */
    assert_int_equal(answer(d, end("s-2", "0", 2, 0)), 0);
    assert_int_equal(answer(d, end("s-2", "0", 2, 0)), 1); /* an id that was used: its rows are gone */
    const struct entry feeds = entries_placed(by(end("s-3", "0", 0, 0), FEED), 99, NULL);
    assert_false(reconcile_is_asked(&d->reconcile, &feeds));
    desk_free(d);
}

static void test_the_tolerance_is_for_cash_and_exact(void **state)
{
    struct desk *const d = begin();

    (void)state;
    d->risk_settings.cash_tolerance = entries_money("0.01");
    assert_int_equal(answer(d, end("s-1", "0.01", 0, 0)), 0);
    assert_int_equal(answer(d, end("s-2", "-0.01", 0, 0)), 0);
    assert_int_equal(answer(d, end("s-3", "-0.010001", 0, 0)), 1);
    desk_free(d);
}

static void test_a_busted_fill_is_not_ours(void **state)
{
    struct desk *const d = traded();
    struct entry bust = entries_draft(ENTRY_FILL_BUST);

    (void)state;
    bust.as.fill_bust = (struct entry_fill_bust){.order_id = id_from("o"),
                                                 .fill_id = id_from("b-1"),
                                                 .busted = id_from("f-2"),
                                                 .symbol = entries_symbol(PUT),
                                                 .side = SIDE_SELL,
                                                 .qty = 5,
                                                 .price = entries_price("0.40"),
                                                 .fee = entries_money("1"),
                                                 .reason = text_from("erroneous")};
    const uint64_t seq = desk_tell(d, by(bust, BROKER), "15:02:00");
    desk_tell(d, fill("s", "f-1", "GOOG", SIDE_BUY, 100, "7"), "21:00:00");
    desk_tell(d, fill("s", "f-2", PUT, SIDE_SELL, 5, "0.40"), "21:00:00"); /* they count it still */
    answer(d, end("s", "9498", 0, 2));
    const struct reconcile_break *found = NULL;
    for (uint32_t i = 0; i < d->reconcile.breaks.count; i++) {
        const struct reconcile_break *const b = table_at(&d->reconcile.breaks, i);
        if (b->key.topic == RECONCILE_OF_FILL) {
            assert_null(found);
            found = b;
        }
    }
    assert_non_null(found);
    assert_true(id_is(&found->checks.rows[0].name, RECONCILE_FILL_MISSING));
    assert_int_equal(found->ours, seq);
    desk_free(d);
}

static void test_only_a_correction_that_names_both_sides_ends_a_break(void **state)
{
    struct desk *const d = traded();

    (void)state;
    desk_tell(d, position("s", "GOOG", SIDE_BUY, 100), "21:00:00");
    desk_tell(d, position("s", PUT, SIDE_SELL, 4), "21:00:00");
    desk_tell(d, fill("s", "f-1", "GOOG", SIDE_BUY, 100, "7"), "21:00:00");
    desk_tell(d, fill("s", "f-2", PUT, SIDE_SELL, 5, "0.40"), "21:00:00");
    assert_int_equal(answer(d, end("s", "9498", 2, 2)), 1);
    const struct reconcile_break b = *(const struct reconcile_break *)table_at(&d->reconcile.breaks, 0);
    assert_true(b.ours > 0 && b.theirs > 0);
    const int64_t ours = (int64_t)b.ours;
    const int64_t theirs = (int64_t)b.theirs;
    const int64_t next = (int64_t)d->replay.seq + 1;
    const int64_t bad[][2] = {{0, 0}, {ours, 0}, {0, theirs}, {ours, ours}, {next, theirs}, {ours, next}};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        const struct entry e = correction(&b, bad[i][0], bad[i][1]);
        assert_int_equal(
            reconcile_check_correction(&d->reconcile, &e.as.control_correction, (uint64_t)next, NULL),
            ERR_INPUT);
        struct entry applied = entries_placed(e, (uint64_t)next, NULL); /* a record is never refused */
        assert_int_equal(reconcile_apply(&d->reconcile, &applied, NULL), ERR_OK);
        assert_int_equal(d->reconcile.breaks.count, 1);
    }
    const struct entry good = correction(&b, ours, theirs);
    desk_tell(d, good, "21:30:00");
    assert_int_equal(d->reconcile.breaks.count, 0);
    assert_int_equal(reconcile_check_correction(&d->reconcile, &good.as.control_correction, 99, NULL),
                     ERR_NOT_FOUND);
    desk_tell(d, good, "21:31:00"); /* once more closes nothing */
    desk_free(d);
}

static void test_open_breaks_above_the_limit_refuse_what_opens(void **state)
{
    struct desk *const d = traded();
    int64_t value = 0;

    (void)state;
    assert_true(passes(d, "n-1", PUT, SIDE_SELL, &value));
    assert_int_equal(value, -1); /* no statement was ever taken in: no such row */
    desk_tell(d, position("s", "GOOG", SIDE_BUY, 100), "21:00:00");
    desk_tell(d, position("s", PUT, SIDE_SELL, 5), "21:00:00");
    desk_tell(d, fill("s", "f-1", "GOOG", SIDE_BUY, 100, "7"), "21:00:00");
    desk_tell(d, fill("s", "f-2", PUT, SIDE_SELL, 5, "0.40"), "21:00:00");
    answer(d, end("s", "10498", 2, 2));
    assert_true(passes(d, "n-2", PUT, SIDE_SELL, &value)); /* exactly at the limit */
    assert_int_equal(value, entries_money("1000"));
    d->risk_settings.open_breaks_max = entries_money("999.999999");
    assert_false(passes(d, "n-3", PUT, SIDE_SELL, &value));
    assert_true(passes(d, "n-4", PUT, SIDE_BUY, &value)); /* closes */
    desk_free(d);
}

static void test_fills_of_old_sessions_are_forgotten(void **state)
{
    struct desk *const d = traded();

    (void)state;
    assert_int_equal(d->reconcile.fills.count, 2);
    trade(d, "f-3", "GOOG", SIDE_BUY, 1, "7", "2015-12-30T15:00:00Z");
    assert_int_equal(d->reconcile.fills.count, 3);
    trade(d, "f-4", "GOOG", SIDE_BUY, 1, "7", "2015-12-31T15:00:00Z");
    assert_int_equal(d->reconcile.fills.count, 2);
    trade(d, "f-1", "GOOG", SIDE_BUY, 100, "7", "2015-12-23T15:00:00Z"); /* told again, long after */
    assert_int_equal(d->reconcile.fills.count, 2);
    desk_free(d);
}

/* What the brokers told, and what we made of everything: the same until somebody else enters a fill. */
static void test_what_brokers_told_is_kept_apart(void **state)
{
    struct desk *const d = traded();

    (void)state;
    assert_int_equal(d->reconcile.told.cash_micro, d->accounts.cash_micro);
    desk_tell(d, by(entries_deposit("d-2", "5"), OPERATOR), "15:02:00");
    assert_int_equal(d->reconcile.told.cash_micro, d->accounts.cash_micro);
    desk_tell(d, by(entries_execution("o", "f-3", "GOOG", SIDE_BUY, 1, "7", "0"), OPERATOR), "15:03:00");
    assert_int_equal(d->reconcile.told.cash_micro, d->accounts.cash_micro + entries_money("7"));
    const struct id f3 = id_from("f-3");
    assert_false(((const struct reconcile_fill *)table_find(&d->reconcile.fills, &f3))->is_brokers);
    trade(d, "f-3", "GOOG", SIDE_BUY, 1, "7", "15:04:00");
    assert_true(((const struct reconcile_fill *)table_find(&d->reconcile.fills, &f3))->is_brokers);
    desk_free(d);
}

/* Whatever was traded, in whatever order: a statement of our own books has no break. */
static void test_the_books_against_themselves_agree(void **state)
{
    static const char *const symbols[] = {"GOOG", "AAPL", PUT, "GOOG  151231C00750000"};
    uint64_t random = 42;

    (void)state;
    for (unsigned round = 0; round < 200; round++) {
        struct desk *const d = begin();
        int64_t positions = 0;
        int64_t fills = 0;
        for (unsigned n = 0; n < round % 40; n++) {
            char fill_id[16];
            char price[8];
            random = random * UINT64_C(6364136223846793005) + 1442695040888963407;
            snprintf(fill_id, sizeof fill_id, "f-%u", (unsigned)(random >> 33) % 30);
            snprintf(price, sizeof price, "%u", (unsigned)(random >> 40) % 50);
            trade(d, fill_id, symbols[(random >> 20) % 4], (random >> 50) % 2 ? SIDE_BUY : SIDE_SELL,
                  1 + (int64_t)((random >> 10) % 9), price, "15:00:00");
        }
        for (uint32_t i = 0; i < d->accounts.positions.count; i++) {
            const struct position *const p = table_at(&d->accounts.positions, i);
            if (p->qty == 0)
                continue;
            desk_tell(d,
                      position("s", p->symbol.text, p->qty < 0 ? SIDE_SELL : SIDE_BUY,
                               p->qty < 0 ? -p->qty : p->qty),
                      "21:00:00");
            positions++;
        }
        for (uint32_t i = 0; i < d->reconcile.fills.count; i++) {
            const struct reconcile_fill *const f = table_at(&d->reconcile.fills, i);
            struct entry e = fill("s", f->fill_id.text, f->symbol.text, f->side, f->qty, "0");
            e.as.perception_stated_fill.price = f->price_nano;
            desk_tell(d, e, "21:00:00");
            fills++;
        }
        struct entry e = end("s", "0", positions, fills);
        e.as.perception_statement.cash = d->accounts.cash_micro;
        assert_int_equal(answer(d, e), 0);
        desk_free(d);
    }
}

struct kept {
    uint8_t bytes[1 << 16];
    size_t size;
};

static void keep(void *context, const void *bytes, size_t size)
{
    struct kept *const k = context;

    REQUIRE(size <= sizeof k->bytes - k->size);
    memcpy(k->bytes + k->size, bytes, size);
    k->size += size;
}

static enum err_code restore(struct reconcile *r, const struct kept *k, size_t size)
{
    struct restore_in in;

    reconcile_init(r);
    restore_init(&in, k->bytes, size);
    const enum err_code rc = reconcile_restore(r, &in, NULL);
    return rc ? rc : restore_done(&in) ? ERR_OK : ERR_FORMAT;
}

static void test_what_is_restored_is_the_same_and_a_part_of_it_is_refused(void **state)
{
    struct desk *const d = traded();
    struct kept *const k = calloc(1, sizeof *k);
    struct reconcile *const again = calloc(1, sizeof *again);
    const struct digest_out out = {keep, k};

    (void)state;
    REQUIRE(k && again);
    desk_tell(d, position("s", PUT, SIDE_SELL, 4), "21:00:00");
    desk_tell(d, fill("s", "f-9", PUT, SIDE_SELL, 5, "0.40"), "21:00:00");
    assert_true(answer(d, end("s", "1", 1, 1)) > 4);
    reconcile_digest(&d->reconcile, &out);
    assert_int_equal(restore(again, k, k->size), ERR_OK);
    assert_int_equal(digests_of(&reconcile_row, again), digests_of(&reconcile_row, &d->reconcile));
    const struct reconcile_break *const b = table_at(&d->reconcile.breaks, 0);
    const struct entry e = entries_placed(correction(b, (int64_t)b->ours, (int64_t)b->theirs), 99, NULL);
    assert_int_equal(reconcile_apply(again, &e, NULL), ERR_OK); /* it goes on the same */
    assert_int_equal(reconcile_apply(&d->reconcile, &e, NULL), ERR_OK);
    assert_int_equal(digests_of(&reconcile_row, again), digests_of(&reconcile_row, &d->reconcile));
    reconcile_release(again);
    for (size_t size = 0; size < k->size; size++) {
        assert_int_equal(restore(again, k, size), ERR_FORMAT);
        reconcile_release(again);
    }
    free(again);
    free(k);
    desk_free(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_planted_difference_is_one_break),
        cmocka_unit_test(test_other_numbers_are_told_under_the_same_id),
        cmocka_unit_test(test_a_statement_that_lies_nearer_makes_no_break_worth_less),
        cmocka_unit_test(test_a_break_of_unknown_worth_stays_so_until_it_is_corrected),
        cmocka_unit_test(test_a_statement_that_lacks_rows_is_one_break_whatever_else_differs),
        cmocka_unit_test(test_rows_of_another_statement_or_actor_are_not_its_own),
        cmocka_unit_test(test_the_tolerance_is_for_cash_and_exact),
        cmocka_unit_test(test_a_busted_fill_is_not_ours),
        cmocka_unit_test(test_a_bust_that_does_not_fit_is_a_break_until_it_is_corrected),
        cmocka_unit_test(test_only_a_correction_that_names_both_sides_ends_a_break),
        cmocka_unit_test(test_open_breaks_above_the_limit_refuse_what_opens),
        cmocka_unit_test(test_fills_of_old_sessions_are_forgotten),
        cmocka_unit_test(test_what_brokers_told_is_kept_apart),
        cmocka_unit_test(test_the_books_against_themselves_agree),
        cmocka_unit_test(test_what_is_restored_is_the_same_and_a_part_of_it_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
