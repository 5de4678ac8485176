/* Every table's rows for a day that is told in story.h; numbers can be checked by hand. */
#include "reports/tables.h"

#include "ledger/build.h"
#include "story.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* Rows as "a|b|c" lines, for the one sheet that is asked for. */
struct lines {
    size_t index;
    unsigned count;
    unsigned alerts;
    char text[65536];
    size_t size;
};

static enum err_code take(void *context, const struct row *row, struct err *err)
{
    struct lines *const l = context;
    char number[CELL_NUMBER_SIZE];

    (void)err;
    if (row->index != l->index)
        return ERR_OK;
    l->count++;
    l->alerts += row->is_alert;
    for (size_t i = 0; i < row->count; i++) {
        const struct cell *const c = &row->cells[i];
        size_t n = c->length;
        const char *p = c->text;
        if (c->type != CELL_TEXT) {
            n = c->type == CELL_EMPTY ? 0 : cell_format(number, c);
            p = number;
        }
        assert_true(l->size + n + 2 < sizeof l->text);
        if (i)
            l->text[l->size++] = '|';
        if (n)
            memcpy(l->text + l->size, p, n);
        l->size += n;
    }
    l->text[l->size++] = '\n';
    l->text[l->size] = '\0';
    return ERR_OK;
}

static void tell(struct story *s, const char *day, const char *sheet, struct lines *l)
{
    const struct sheet_sink sink = {take, l};
    struct tables_options options = {.origin = SCRATCH_ORIGIN, .program = BUILD_PROGRAM};
    struct journal_reader *r = NULL;
    struct day_scope scope;

    memset(l, 0, sizeof *l);
    SCRATCH_OK(tables_find(sheet, &l->index, err));
    options.wanted = 1U << l->index;
    options.vkey = journal_vkey(s->journal);
    SCRATCH_OK(journal_reader_begin(s->journal, &r, err));
    SCRATCH_OK(day_scope_find(r, entries_day(day), &scope, err));
    SCRATCH_OK(tables_write(r, &scope, &options, &sink, NULL, err));
    journal_reader_end(r);
}

/* Line number `n` from 0. */
static const char *line(const struct lines *l, unsigned n)
{
    static char text[8192];
    const char *at = l->text;

    for (unsigned i = 0; i < n; i++)
        at = strchr(at, '\n') + 1;
    const size_t length = strcspn(at, "\n");
    assert_true(length < sizeof text);
    memcpy(text, at, length);
    text[length] = '\0';
    return text;
}

static const char *day = "2015-12-24";

/* "seq|recorded_at|" is cut off a line that begins so. */
static const char *after_recorded(const char *text)
{
    text = strchr(text, '|');
    assert_non_null(text);
    text = strchr(text + 1, '|');
    assert_non_null(text);
    return text + 1;
}

static void test_blotter_has_every_fill_with_its_effect(void **state)
{
    struct story s;
    static struct lines l;

    (void)state;
    story_init(&s);
    tell(&s, day, "blotter", &l);
    assert_int_equal(l.count, 3);
    assert_int_equal(l.alerts, 0);
    assert_string_equal(after_recorded(line(&l, 0)),
                        "2015-12-24T14:00:01Z|fill.deposit|broker:paper|d-1|||||||0|1000000|0||true");
    /* sold 2 at 0.40: 80.00 less the fee of 1.36 */
    assert_string_equal(after_recorded(line(&l, 1)),
                        "2015-12-24T14:32:00Z|fill.execution|broker:paper|f-1|np-1|" STORY_PUT
                        "|sell|2|0.4||1.36|78.64|0|-2|true");
    assert_string_equal(after_recorded(line(&l, 2)),
                        "2015-12-24T14:33:00Z|fill.execution|broker:paper|f-2|np-1|" STORY_PUT
                        "|sell|1|0.41||0.68|40.32|0|-3|true");
    story_release(&s);
}

static void test_blotter_marks_a_fill_told_twice(void **state)
{
    struct story s;
    static struct lines l;

    (void)state;
    story_init(&s);
    story_add(&s, STORY_BROKER, entries_execution("np-1", "f-2", STORY_PUT, SIDE_SELL, 1, "0.41", "0.68"),
              "2015-12-24T18:00:01Z", 0);
    story_commit(&s);
    tell(&s, day, "blotter", &l);
    assert_int_equal(l.count, 4);
    assert_int_equal(l.alerts, 1);
    assert_non_null(strstr(line(&l, 3), "|0.68|0|0|-3|false"));
    tell(&s, day, "postings", &l);
    assert_int_equal(l.count, 2 + 4 + 4); /* the second telling posts nothing */
    story_release(&s);
}

static void test_blotter_names_what_a_settlement_realized(void **state)
{
    struct story s;
    static struct lines l;

    (void)state;
    story_init(&s);
    story_add(&s, STORY_FEED, entries_clock(PHASE_CLOSE, "2016-01-08"), "2016-01-08T21:00:00Z", 0);
    story_add(&s, STORY_BROKER, entries_assignment("a-1", STORY_PUT, 1, "610", "0"), "2016-01-08T21:00:00Z",
              0);
    story_add(&s, STORY_BROKER, entries_expiration("x-1", STORY_PUT, 2, "630"), "2016-01-08T21:00:01Z", 0);
    story_commit(&s);
    tell(&s, "2016-01-08", "blotter", &l);
    assert_int_equal(l.count, 2);
    /* one lot of two was sold at 0.40: its half is worth 40.00; the stock is bought at the strike */
    assert_string_equal(after_recorded(line(&l, 0)),
                        "2016-01-08T21:00:00Z|fill.assignment|broker:paper|a-1||" STORY_PUT
                        "||1||610|0|-62000|40|-2|true");
    assert_string_equal(after_recorded(line(&l, 1)),
                        "2016-01-08T21:00:01Z|fill.expiration|broker:paper|x-1||" STORY_PUT
                        "||2||630|0|0|81|0|true");
    story_release(&s);
}

static void test_postings_sum_to_zero(void **state)
{
    struct story s;
    static struct lines l;
    char want[256];

    (void)state;
    story_init(&s);
    tell(&s, day, "postings", &l);
    assert_int_equal(l.count, 2 + 4 + 4);
    snprintf(want, sizeof want, "%llu|2015-12-24T14:00:01Z|d-1|assets:cash||1000000",
             (unsigned long long)s.deposit);
    assert_string_equal(line(&l, 0), want);
    int64_t sum = 0;
    for (unsigned i = 0; i < l.count; i++) {
        int64_t amount = 0;
        const char *const last = strrchr(line(&l, i), '|') + 1;
        SCRATCH_OK(decimal_parse(last, strlen(last), MONEY_DECIMALS, &amount, err));
        sum += amount;
    }
    assert_int_equal(sum, 0);
    story_release(&s);
}

static void test_orders_show_each_chain_from_perception_to_fill(void **state)
{
    static const char *const stages[] = {"perception", "perception", "perception",   "candidates", "decision",
                                         "verdict",    "order",      "acknowledged", "fill",       "fill"};
    struct story s;
    static struct lines l;
    char want[128];

    (void)state;
    story_init(&s);
    tell(&s, day, "orders", &l);
    const uint64_t seqs[] = {s.stock_quote, s.put_quote, s.tick,         s.candidates, s.enter,
                             s.verdict,     s.order,     s.acknowledged, s.fill_1,     s.fill_2};
    for (unsigned i = 0; i < 10; i++) {
        snprintf(want, sizeof want, "np-1|%u|%llu|", i + 1, (unsigned long long)seqs[i]);
        assert_memory_equal(line(&l, i), want, strlen(want));
        snprintf(want, sizeof want, "|%s|", stages[i]);
        assert_non_null(strstr(line(&l, i), want));
    }
    assert_non_null(strstr(line(&l, 1), "bid 0.40 x 2, ask 0.55 x 8"));
    assert_non_null(strstr(line(&l, 5), "allowed: 2 of 2 limits held, 1 do not count"));
    /* the refused order, and the one that a stop cancelled, with their own chains */
    assert_int_equal(l.alerts, 2); /* the refusal stands in both chains: np-3 was caused by it */
    assert_non_null(strstr(l.text, "\nnp-2|1|"));
    assert_non_null(strstr(l.text, "REFUSED: 1 of 2 limits held, 1 do not count for a closing order; "
                                   "margin_use 91.00 % <= 80.00 % FAILED"));
    assert_non_null(strstr(l.text, "order.cancelled"));
    assert_null(strstr(l.text, "np-9"));
    story_release(&s);
}

static void test_orders_of_the_day_before_keep_their_causes(void **state)
{
    struct story s;
    static struct lines l;

    (void)state;
    story_init(&s);
    story_next_day(&s);
    story_add(&s, STORY_BROKER, entries_expired("np-1"), "2015-12-28T21:00:00Z", s.order);
    story_commit(&s);
    tell(&s, "2015-12-28", "orders", &l);
    assert_int_equal(l.count, 1 + 6); /* np-9 alone; np-1: tick, candidates, enter, verdict, order, expired */
    assert_non_null(strstr(line(&l, 1), "np-1|1|"));
    assert_non_null(strstr(line(&l, 6), "|expired|order.expired|"));
    story_release(&s);
}

static void test_decisions_say_why_and_why_not(void **state)
{
    struct story s;
    static struct lines l;

    (void)state;
    story_init(&s);
    tell(&s, day, "decisions", &l);
    assert_non_null(strstr(l.text, "|enter|naked_put|" STORY_PUT "|np-1|sell|3|0.4||0.25|||" STORY_REASON
                                   "|days_least 15 >= 7 ok; premium_least 0.40 >= 0.30 ok\n"));
    assert_non_null(strstr(l.text,
                           "|no_trade|naked_put|GOOG|||||||2|0|No entry in GOOG at 748.50: no contract "
                           "met every criterion.|stopped no = no ok; price_above_sma20 748.50 > 740.25 "
                           "ok; otm failed 1; held failed 1\n"));
    tell(&s, day, "candidates", &l);
    assert_int_equal(l.count, 1);
    assert_non_null(strstr(l.text, "|GOOG|748.5|2|1|1|" STORY_PUT "|0.4|6240|0.006410256|0.171676687|15\n"));
    story_release(&s);
}

static void test_verdicts_list_every_limit_and_mark_breaches(void **state)
{
    struct story s;
    static struct lines l;

    (void)state;
    story_init(&s);
    tell(&s, day, "verdicts", &l);
    assert_int_equal(l.count, 6);
    assert_int_equal(l.alerts, 1);
    assert_non_null(strstr(line(&l, 0), "|verdict|np-1|" STORY_PUT "|true|stopped|false|=|false|flag|held"));
    assert_non_null(strstr(line(&l, 1), "|margin_use|0.02|<=|0.8|rate|held"));
    assert_non_null(strstr(line(&l, 2), "|open_positions:exempt|11|<=|10|count|exempt"));
    assert_non_null(
        strstr(line(&l, 4), "|np-2|" STORY_PUT "|false|margin_use|0.910000001|<=|0.8|rate|BREACH"));
    story_release(&s);
}

static void test_stops_name_who_and_why(void **state)
{
    struct story s;
    static struct lines l;
    struct entry trip = entries_draft(ENTRY_RISK_BREAKER_TRIP);

    (void)state;
    trip.as.risk_breaker_trip.breaker = id_from("daily_loss");
    trip.as.risk_breaker_trip.reason = text_from("too much");
    checks_add(&trip.as.risk_breaker_trip.checks, "daily_loss", entries_rate("-0.03"), RULE_AT_LEAST,
               entries_rate("-0.02"), UNIT_RATE);
    story_init(&s);
    story_add(&s, STORY_GOVERNOR, trip, "2015-12-24T18:00:00Z", s.close_clock);
    story_commit(&s);
    tell(&s, day, "stops", &l);
    assert_int_equal(l.count, 3);
    assert_string_equal(after_recorded(line(&l, 0)),
                        "2015-12-24T14:41:00Z|control.stop|operator|true|fat finger, \"np-2\"||true");
    assert_string_equal(after_recorded(line(&l, 1)),
                        "2015-12-24T14:50:00Z|control.resume|operator|true|checked, all is well||false");
    assert_non_null(strstr(line(&l, 2), "|risk.breaker_trip|risk:governor|false|too much|breaker daily_loss; "
                                        "daily_loss -0.03 >= -0.02 FAILED|true"));
    tell(&s, day, "verdicts", &l);
    assert_non_null(strstr(line(&l, 6), "|breaker trip||||daily_loss|-0.03|>=|-0.02|rate|BREACH"));
    story_release(&s);
}

static void test_configuration_tells_before_and_after(void **state)
{
    struct story s;
    static struct lines l;

    (void)state;
    story_init(&s);
    story_add(&s, STORY_OPERATOR, story_configuration(3, 4), "2015-12-24T18:00:00Z", 0); /* the same again */
    story_commit(&s);
    tell(&s, day, "configuration", &l);
    assert_int_equal(l.count, 3);
    assert_non_null(strstr(line(&l, 0), "|2015-12-24|operator|true|strategy.contracts|5|3|03000000"));
    assert_non_null(strstr(line(&l, 1), "|2015-12-24|operator|true|strategy.exit_days|3|4|04000000"));
    assert_non_null(strstr(line(&l, 2), "|operator|true|(no setting differs)|||04000000"));
    tell(&s, day, "settings", &l);
    assert_non_null(strstr(l.text, "strategy.contracts|3|5|true|contracts of one order\n"));
    assert_non_null(strstr(l.text, "strategy.exit_days|4|3|true|"));
    assert_non_null(strstr(l.text, "risk.daily_loss|0.02|0.02|false|"));
    story_release(&s);
}

static void test_positions_at_the_end_of_the_day(void **state)
{
    struct story s;
    static struct lines l;
    char want[256];

    (void)state;
    story_init(&s);
    tell(&s, day, "positions", &l);
    /* mark (0.40 + 0.55) / 2; value -3 x 100 x 0.475; cost -121.00, so unrealized -21.50 */
    snprintf(want, sizeof want,
             STORY_PUT
             "|GOOG|2016-01-08|put|620|-3|0.403333333|0.475|-142.5|-21.5|0|2.04|2015-12-24T14:32:00Z|%llu\n",
             (unsigned long long)s.fill_1);
    assert_string_equal(l.text, want);
    story_next_day(&s);
    tell(&s, "2015-12-28", "positions", &l);
    assert_string_equal(l.text, STORY_PUT "|GOOG|2016-01-08|put|620|0|||||61|4.08||\n");
    tell(&s, day, "positions", &l); /* the day that is over has not changed */
    assert_string_equal(l.text, want);
    story_release(&s);
}

static void test_pnl_is_each_day_against_the_one_before(void **state)
{
    struct story s;
    static struct lines l;
    char want[512];

    (void)state;
    story_init(&s);
    tell(&s, day, "pnl", &l);
    snprintf(want, sizeof want,
             "2015-12-24|1000000|999976.46|close|1000000|-23.54|-23.54|-0.00002354|0|2.04|1000118.96|18720|1|"
             "%llu\n",
             (unsigned long long)s.day_last);
    assert_string_equal(l.text, want);
    story_next_day(&s);
    tell(&s, "2015-12-28", "pnl", &l);
    assert_int_equal(l.count, 2);
    assert_memory_equal(l.text, want, strlen(want));
    /* 1000056.92 - 999976.46; realized 121.00 - 60.00 */
    snprintf(want, sizeof want, "2015-12-28|1000066.46|1000056.92|tick|0|80.46|56.92|0.000080462|61|2.04|");
    assert_memory_equal(line(&l, 1), want, strlen(want));
    story_release(&s);
}

static void test_accounts_balance(void **state)
{
    struct story s;
    static struct lines l;

    (void)state;
    story_init(&s);
    tell(&s, day, "accounts", &l);
    assert_string_equal(l.text, "assets:cash||1000118.96\n"
                                "positions|" STORY_PUT "|-121\n"
                                "expenses:fees||2.04\n"
                                "income:realized||0\n"
                                "equity:deposits||-1000000\n"
                                "sum (always zero)||0\n");
    story_release(&s);
}

static void test_quality_and_sources(void **state)
{
    struct story s;
    static struct lines l;
    char want[256];

    (void)state;
    story_init(&s);
    tell(&s, day, "quality", &l);
    assert_int_equal(l.count, 1);
    assert_string_equal(after_recorded(line(&l, 0)),
                        "2015-12-24T14:30:50Z|feed:test|" STORY_PUT "|crossed|0.6|0.55|" STORY_FINDING);
    story_next_day(&s);
    tell(&s, "2015-12-28", "quality", &l);
    assert_int_equal(l.count, 0);
    tell(&s, "2015-12-28", "sources", &l); /* so far, so the day before is told as well */
    assert_int_equal(l.count, 1);
    snprintf(want, sizeof want, "%llu|", (unsigned long long)s.source);
    assert_memory_equal(l.text, want, strlen(want));
    assert_non_null(
        strstr(l.text, "|feed:test|lean|equity/usa/minute/goog/20151224_quote.zip|4|3|1|00000000"));
    story_release(&s);
}

static void test_cover_says_what_it_rests_on(void **state)
{
    struct story s;
    static struct lines l;
    char want[NOTE_MAX_SIZE + 16];

    (void)state;
    story_init(&s);
    tell(&s, day, "cover", &l);
    assert_non_null(strstr(l.text, "Journal|" SCRATCH_ORIGIN "\n"));
    snprintf(want, sizeof want, "Verifier key|%s\n", journal_vkey(s.journal));
    assert_non_null(strstr(l.text, want));
    snprintf(want, sizeof want, "Covered range|1 to %llu\n", (unsigned long long)s.seal.size);
    assert_non_null(strstr(l.text, want));
    snprintf(want, sizeof want, "Seal|%s\n", s.seal.note);
    assert_non_null(strstr(l.text, want));
    assert_non_null(strstr(l.text, "Written by|" BUILD_PROGRAM "\n"));
    assert_non_null(strstr(l.text, "Attestation|I have reviewed the records of trading day 2015-12-24"));
    assert_non_null(strstr(l.text, "Blotter|3 rows: "));
    assert_non_null(strstr(l.text, "Verdicts and breaches|6 rows: "));
    story_release(&s);
}

/* The scope of a day now, and whether it is what it was. */
static uint64_t last_seq_of(struct story *s, const char *which)
{
    struct journal_reader *r = NULL;
    struct day_scope scope;

    SCRATCH_OK(journal_reader_begin(s->journal, &r, err));
    SCRATCH_OK(day_scope_find(r, entries_day(which), &scope, err));
    journal_reader_end(r);
    return scope.last_seq;
}

static void test_a_day_that_is_over_takes_no_more(void **state)
{
    struct entry run = entries_draft(ENTRY_CONTROL_RUN);
    struct entry end = entries_draft(ENTRY_CONTROL_RUN_END);
    struct entry bar = entries_bar("GOOG", "750", "751", "748", "748.4", 100, 86400);
    struct story s;
    static struct lines l;

    (void)state;
    run.as.control_run.program = text_from("ledger");
    run.as.control_run.broker = id_from("paper");
    story_init(&s);
    assert_int_equal(last_seq_of(&s, day), s.day_last);
    /* the evening is the day's: its run has not ended, and people have something to say */
    const uint64_t ended = story_add(&s, STORY_OPERATOR, end, NULL, 0);
    const uint64_t note = story_add(&s, STORY_OPERATOR, entries_note("late"), "2015-12-24T23:00:00Z", 0);
    story_commit(&s);
    assert_int_equal(note, ended + 1);
    assert_int_equal(last_seq_of(&s, day), note);
    /* the next run begins: it is not, nor is the day's bar that comes as history, nor is a finding about it */
    story_add(&s, STORY_OPERATOR, run, NULL, 0);
    story_add(&s, STORY_FEED, bar, "2015-12-24T18:00:00Z", 0);
    story_add(&s, STORY_FEED, story_finding("too late"), "2015-12-24T18:00:00Z", 0);
    story_commit(&s);
    assert_int_equal(last_seq_of(&s, day), note);
    story_next_day(&s);
    story_add(&s, STORY_FEED, story_finding("much too late"), "2015-12-24T18:00:00Z", 0);
    story_commit(&s);
    assert_int_equal(last_seq_of(&s, day), note);
    tell(&s, day, "quality", &l);
    assert_int_equal(l.count, 1);
    /* unless the clock goes back to it: then the session goes on */
    const uint64_t again =
        story_add(&s, STORY_FEED, entries_clock(PHASE_TICK, day), "2015-12-24T17:00:00Z", 0);
    story_commit(&s);
    assert_int_equal(last_seq_of(&s, day), again);
    tell(&s, day, "quality", &l);
    assert_int_equal(l.count, 3);
    story_release(&s);
}

/* A run that broke down after the close goes on, and its answers are the day's. */
static void test_a_run_that_has_not_ended_does_not_end_the_day(void **state)
{
    struct entry run = entries_draft(ENTRY_CONTROL_RUN);
    struct story s;

    (void)state;
    run.as.control_run.program = text_from("ledger");
    run.as.control_run.broker = id_from("paper");
    story_init(&s);
    story_add(&s, STORY_OPERATOR, run, NULL, 0);
    const uint64_t answer =
        story_add(&s, STORY_BROKER, entries_expiration("x-1", STORY_PUT, 3, "748.40"), NULL, s.close_clock);
    story_commit(&s);
    assert_int_equal(last_seq_of(&s, day), answer);
    story_release(&s);
}

static void test_find_lists_the_names_there_are(void **state)
{
    struct err why = {.code = ERR_OK};
    size_t index = 99;

    (void)state;
    assert_int_equal(tables_find("bloter", &index, &why), ERR_NOT_FOUND);
    assert_int_equal(index, 99);
    assert_non_null(strstr(why.text, "\"bloter\" is no report; there are cover, blotter, postings, "));
    for (size_t i = 0; i < TABLES_COUNT; i++) {
        SCRATCH_OK(tables_find(tables_sheet(i)->name, &index, err));
        assert_int_equal(index, i);
        assert_true(strlen(tables_sheet(i)->title) <= 27);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_blotter_has_every_fill_with_its_effect),
        cmocka_unit_test(test_blotter_marks_a_fill_told_twice),
        cmocka_unit_test(test_blotter_names_what_a_settlement_realized),
        cmocka_unit_test(test_postings_sum_to_zero),
        cmocka_unit_test(test_orders_show_each_chain_from_perception_to_fill),
        cmocka_unit_test(test_orders_of_the_day_before_keep_their_causes),
        cmocka_unit_test(test_decisions_say_why_and_why_not),
        cmocka_unit_test(test_verdicts_list_every_limit_and_mark_breaches),
        cmocka_unit_test(test_stops_name_who_and_why),
        cmocka_unit_test(test_configuration_tells_before_and_after),
        cmocka_unit_test(test_positions_at_the_end_of_the_day),
        cmocka_unit_test(test_pnl_is_each_day_against_the_one_before),
        cmocka_unit_test(test_accounts_balance),
        cmocka_unit_test(test_quality_and_sources),
        cmocka_unit_test(test_cover_says_what_it_rests_on),
        cmocka_unit_test(test_a_day_that_is_over_takes_no_more),
        cmocka_unit_test(test_a_run_that_has_not_ended_does_not_end_the_day),
        cmocka_unit_test(test_find_lists_the_names_there_are),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
