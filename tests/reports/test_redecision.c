/* Two versions of one entry side by side: only what differs is marked, and by its name. */
#include "reports/redecision.h"
#include "support/entries.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

struct told {
    unsigned fields;
    char differing[1024]; /* "name: recorded | decided\n" */
};

static void gather(void *context, const struct redecision_field *f)
{
    struct told *const t = context;
    const size_t size = strlen(t->differing);

    t->fields++;
    if (f->differs)
        snprintf(t->differing + size, sizeof t->differing - size, "%s: %s | %s\n", f->name,
                 f->has_recorded ? f->recorded : "-", f->has_decided ? f->decided : "-");
}

static void assert_told(const struct entry *recorded, const struct entry *decided, const char *differing)
{
    static struct actors actors;
    struct told t = {0, ""};
    unsigned lines = 0;

    actors_init(&actors);
    const unsigned n = redecision_compare(recorded, decided, &actors, gather, &t);
    assert_string_equal(t.differing, differing);
    for (const char *p = differing; *p; p++)
        lines += *p == '\n';
    assert_int_equal(n, lines);
    assert_true(t.fields >= 4);
}

static struct entry verdict(void)
{
    struct entry e = entries_draft(ENTRY_RISK_VERDICT);
    struct entry_risk_verdict *const v = &e.as.risk_verdict;

    e.cause = 7;
    v->order_id = id_from("o-1");
    v->symbol = entries_symbol("GOOG");
    v->allowed = true;
    checks_add(&v->checks, "stopped", 0, RULE_EQUAL, 0, UNIT_FLAG);
    checks_add(&v->checks, "margin_use", 300000000, RULE_AT_MOST, 500000000, UNIT_RATE);
    checks_add(&v->checks, "order_qty", 1, RULE_AT_MOST, 5, UNIT_COUNT);
    return e;
}

static void test_what_is_alike_differs_nowhere(void **state)
{
    const struct entry e = verdict();

    (void)state;
    assert_told(&e, &e, "");
}

static void test_only_the_row_that_differs_is_marked(void **state)
{
    const struct entry decided = verdict();
    struct entry recorded = verdict();

    (void)state;
    recorded.as.risk_verdict.checks.rows[1].bound = 600000000;
    recorded.cause = 8;
    assert_told(&recorded, &decided, "cause: 8 | 7\nchecks.margin_use: 0.3 <= 0.6 ok | 0.3 <= 0.5 ok\n");
}

/* 5 contracts and 5 dollars may read alike, and are not: values are compared, not words. */
static void test_a_unit_alone_is_a_difference(void **state)
{
    const struct entry decided = verdict();
    struct entry recorded = verdict();

    (void)state;
    recorded.as.risk_verdict.checks.rows[2].unit = UNIT_SECONDS;
    assert_told(&recorded, &decided, "checks.order_qty: 1 s <= 5 s ok | 1 <= 5 ok\n");
}

static void test_a_missing_row_is_no_other_order(void **state)
{
    const struct entry whole = verdict();
    struct entry less = verdict();
    struct checks *const c = &less.as.risk_verdict.checks;

    (void)state;
    c->rows[1] = c->rows[2];
    c->count = 2;
    assert_told(&less, &whole, "checks.margin_use: - | 0.3 <= 0.5 ok\n");
    assert_told(&whole, &less, "checks.margin_use: 0.3 <= 0.5 ok | -\n");
}

static void test_rows_in_another_order_are_named_once(void **state)
{
    const struct entry decided = verdict();
    struct entry recorded = verdict();
    struct check *const rows = recorded.as.risk_verdict.checks.rows;
    const struct check first = rows[0];

    (void)state;
    rows[0] = rows[2];
    rows[2] = first;
    assert_told(&recorded, &decided,
                "checks: order: order_qty margin_use stopped | stopped margin_use order_qty\n");
}

static void test_rows_of_one_name_are_told_apart(void **state)
{
    struct entry decided = verdict();
    struct entry recorded = verdict();

    (void)state;
    checks_add(&decided.as.risk_verdict.checks, "order_qty", 2, RULE_AT_MOST, 5, UNIT_COUNT);
    checks_add(&recorded.as.risk_verdict.checks, "order_qty", 3, RULE_AT_MOST, 5, UNIT_COUNT);
    assert_told(&recorded, &decided, "checks.order_qty (2): 3 <= 5 ok | 2 <= 5 ok\n");
}

static void test_candidates_are_held_against_those_of_their_contract(void **state)
{
    struct entry decided = entries_draft(ENTRY_DECISION_CANDIDATES);
    struct candidates *const c = &decided.as.decision_candidates.rows;

    (void)state;
    decided.as.decision_candidates.strategy = id_from("naked_put");
    decided.as.decision_candidates.symbol = entries_symbol("GOOG");
    c->count = 2;
    c->rows[0] = (struct candidate){entries_symbol("GOOG  151224P00750000"), 400000000, 1000000, 5, 6, 7};
    c->rows[1] = (struct candidate){entries_symbol("GOOG  151224P00740000"), 300000000, 1000000, 5, 6, 7};
    struct entry recorded = decided;
    recorded.as.decision_candidates.rows.rows[1].days = 8;
    assert_told(
        &recorded, &decided,
        "rows.GOOG  151224P00740000: premium 0.30 margin 1.00 score 0.000000005 otm 0.000000006 days 8 | "
        "premium 0.30 margin 1.00 score 0.000000005 otm 0.000000006 days 7\n");
}

static void test_texts_that_differ_behind_the_cut_differ(void **state)
{
    static char a[REDECISION_TEXT_MAX + 100];
    static char b[sizeof a];
    struct entry recorded = entries_draft(ENTRY_DECISION_NO_TRADE);
    struct told t = {0, ""};
    static struct actors actors;

    (void)state;
    memset(a, 'x', sizeof a - 1);
    memcpy(b, a, sizeof a);
    b[sizeof b - 2] = 'y';
    actors_init(&actors);
    recorded.as.decision_no_trade.strategy = id_from("naked_put");
    recorded.as.decision_no_trade.symbol = entries_symbol("GOOG");
    recorded.as.decision_no_trade.reason = text_from(a);
    struct entry decided = recorded;
    decided.as.decision_no_trade.reason = text_from(b);
    assert_int_equal(redecision_compare(&recorded, &decided, &actors, gather, &t), 1);
}

/* Fields that two kinds have in common are held against each other all the same. */
static void test_of_two_kinds_each_keeps_its_own_fields(void **state)
{
    const struct entry decided = entries_order("o-1", "GOOG", SIDE_BUY, 1, "1");
    struct entry recorded = entries_draft(ENTRY_ORDER_CANCEL);

    (void)state;
    recorded.as.order_cancel.order_id = id_from("o-1");
    recorded.as.order_cancel.reason = text_from("why");
    assert_told(
        &recorded, &decided,
        "kind: order.cancel | order.new\nreason: why | -\nsymbol: - | GOOG\nside: - | buy\nqty: - | 1\n"
        "type: - | limit\nlimit: - | 1.00\n");
}

static void test_one_version_alone_differs_from_nothing(void **state)
{
    const struct entry e = verdict();

    (void)state;
    assert_told(&e, NULL, "");
    assert_told(NULL, &e, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_alike_differs_nowhere),
        cmocka_unit_test(test_only_the_row_that_differs_is_marked),
        cmocka_unit_test(test_a_unit_alone_is_a_difference),
        cmocka_unit_test(test_a_missing_row_is_no_other_order),
        cmocka_unit_test(test_rows_in_another_order_are_named_once),
        cmocka_unit_test(test_rows_of_one_name_are_told_apart),
        cmocka_unit_test(test_candidates_are_held_against_those_of_their_contract),
        cmocka_unit_test(test_texts_that_differ_behind_the_cut_differ),
        cmocka_unit_test(test_of_two_kinds_each_keeps_its_own_fields),
        cmocka_unit_test(test_one_version_alone_differs_from_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
