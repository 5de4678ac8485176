/* The market as told, entry by entry. Times are UTC: New York opens at 14:30 in December. */
#include "market/view.h"
#include "support/digests.h"
#include "support/entries.h"
#include "support/failing.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define PUT_600  "GOOG  151231P00600000"
#define PUT_620  "GOOG  151231P00620000"
#define CALL_600 "GOOG  151231C00600000"

struct tape {
    struct view view;
    uint64_t seq;
};

static int setup(void **state)
{
    static struct tape t;

    view_init(&t.view);
    t.seq = 0;
    *state = &t;
    return 0;
}

static int teardown(void **state)
{
    struct tape *const t = *state;

    view_release(&t->view);
    return 0;
}

static void tell(struct tape *t, struct entry e, const char *at)
{
    e = entries_placed(e, ++t->seq, at);
    assert_int_equal(view_apply(&t->view, &e, NULL), ERR_OK);
}

static void tell_quote(struct tape *t, const char *symbol, const char *bid, const char *ask, const char *at)
{
    tell(t, entries_quote(symbol, bid, ask, 10, 20), at);
}

static void tell_trade(struct tape *t, const char *symbol, const char *price, const char *at)
{
    tell(t, entries_bar(symbol, price, price, price, price, 100, 60), at);
}

static void tell_close(struct tape *t, const char *symbol, const char *price, const char *at)
{
    tell(t, entries_bar(symbol, price, price, price, price, 100, VIEW_SESSION_PERIOD_S), at);
}

static void tell_clock(struct tape *t, const char *session, const char *at)
{
    tell(t, entries_clock(PHASE_TICK, session), at);
}

static const struct view_instrument *find(const struct tape *t, const char *symbol)
{
    const struct symbol s = entries_symbol(symbol);

    return view_find(&t->view, &s);
}

static void test_the_newest_quote_counts_and_late_data_does_not(void **state)
{
    struct tape *const t = *state;
    static const struct {
        const char *bid, *at, *then; /* what is told, and the bid that stands after it */
    } rows[] = {
        {"0.40", "2015-12-24T15:00:00Z", "0.4"},
        {"0.45", "2015-12-24T15:01:00Z", "0.45"},
        {"0.10", "2015-12-24T15:00:59.999999999Z", "0.45"}, /* late: it is older than what we know */
        {"0.50", "2015-12-24T15:01:00Z", "0.5"},            /* at the same instant: the later entry */
        {NULL, "2015-12-24T15:02:00Z", NULL},               /* nobody bids any more */
        {"0", "2015-12-24T15:03:00Z", NULL},                /* a bid of zero is nobody's */
    };

    assert_null(find(t, PUT_600));
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        tell_quote(t, PUT_600, rows[i].bid, "0.60", rows[i].at);
        assert_int_equal(find(t, PUT_600)->quote.bid_nano, entries_price(rows[i].then));
    }
    assert_int_equal(find(t, PUT_600)->quote.ask_nano, entries_price("0.6"));
    assert_int_equal(find(t, PUT_600)->quote.bid_size, 10);
    assert_int_equal(find(t, PUT_600)->quote.ask_size, 20);
    assert_int_equal(find(t, PUT_600)->quote.seq, 6);
}

static void test_a_quote_without_a_time_counts_at_its_recording(void **state)
{
    struct tape *const t = *state;
    struct entry e = entries_placed(entries_quote(PUT_600, "1", "2", 1, 1), ++t->seq, "2015-12-24T15:00:00Z");

    e.at_ns = INSTANT_NONE;
    assert_int_equal(view_apply(&t->view, &e, NULL), ERR_OK);
    assert_int_equal(find(t, PUT_600)->quote.at_ns, entries_instant("2015-12-24T15:00:00Z"));
}

static void test_a_chain_is_in_order_of_symbols_however_it_came(void **state)
{
    struct tape *const t = *state;
    static const char *const told[] = {"SPXW  190517P02400000", "SPX   190517P02400000",
                                       "SPXW  190510P02500000", "SPX   190517C02400000",
                                       "SPXW  190510P02400000", "SPX   190517P02300000"};
    static const char *const chain[] = {"SPX   190517C02400000", "SPX   190517P02300000",
                                        "SPX   190517P02400000", "SPXW  190510P02400000",
                                        "SPXW  190510P02500000", "SPXW  190517P02400000"};
    const struct symbol spx = entries_symbol("SPX");
    const struct symbol goog = entries_symbol("GOOG");

    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; i < sizeof told / sizeof told[0]; i++)
            tell_quote(t, told[i], "1", "2", "2019-05-03T15:00:00Z");
    }
    tell_quote(t, "SPX", "2945", "2946", "2019-05-03T15:00:00Z"); /* the index itself is no contract */
    assert_int_equal(view_chain_count(&t->view, &spx), 6);
    for (uint32_t i = 0; i < 6; i++)
        assert_string_equal(view_chain_at(&t->view, &spx, i)->symbol.text, chain[i]);
    const struct view_instrument *const put = view_chain_at(&t->view, &spx, 5);
    assert_int_equal(put->strike_nano, entries_price("2400"));
    assert_int_equal(put->expiry, entries_day("2019-05-17"));
    assert_int_equal(put->right, RIGHT_PUT);
    assert_int_equal(view_chain_count(&t->view, &goog), 0);
    assert_null(view_chain(&t->view, &goog));
}

static void test_a_thousand_contracts_stay_sorted(void **state)
{
    struct tape *const t = *state;
    const struct symbol goog = entries_symbol("GOOG");
    char text[SYMBOL_OCC_LENGTH + 1];

    for (unsigned i = 0; i < 1000; i++) {
        snprintf(text, sizeof text, "GOOG  151231P%08u", 1000 + i * 617 % 1000);
        tell_quote(t, text, "1", "2", "2015-12-24T15:00:00Z");
    }
    assert_int_equal(view_chain_count(&t->view, &goog), 1000);
    for (uint32_t i = 1; i < 1000; i++)
        assert_true(symbol_compare(&view_chain_at(&t->view, &goog, i - 1)->symbol,
                                   &view_chain_at(&t->view, &goog, i)->symbol) < 0);
}

static void check_price(struct tape *t, const char *price, enum view_source source, int64_t age_s,
                        uint64_t seq)
{
    const struct symbol goog = entries_symbol("GOOG");
    struct view_price p;

    view_price(&t->view, &goog, &p);
    assert_int_equal(p.price_nano, entries_price(price));
    assert_int_equal(p.source, source);
    assert_int_equal(p.age_ns, age_s * NS_PER_SECOND);
    assert_int_equal(p.seq, seq);
}

static void test_the_price_of_an_underlying_is_its_newest(void **state)
{
    struct tape *const t = *state;

    check_price(t, NULL, VIEW_SOURCE_NONE, 0, 0);
    tell_clock(t, "2015-12-24", "2015-12-24T15:10:00Z");
    tell_quote(t, "GOOG", "748", "749", "2015-12-24T15:00:00Z");
    check_price(t, "748.5", VIEW_SOURCE_QUOTE, 600, 2);
    tell(t, entries_mark("GOOG", "748.6", MARK_LAST), "2015-12-24T15:00:00Z");
    check_price(t, "748.6", VIEW_SOURCE_MARK, 600, 3); /* at the same instant: mark before quote */
    tell_trade(t, "GOOG", "748.7", "2015-12-24T15:00:00Z");
    check_price(t, "748.7", VIEW_SOURCE_TRADE, 600, 4); /* and trade before both */
    tell_quote(t, "GOOG", "750", "751", "2015-12-24T15:09:00Z");
    check_price(t, "750.5", VIEW_SOURCE_QUOTE, 60, 5);
    tell_quote(t, "GOOG", "752", "751", "2015-12-24T15:09:30Z"); /* crossed: no middle */
    check_price(t, "748.7", VIEW_SOURCE_TRADE, 600, 4);
    tell_quote(t, "GOOG", NULL, "751", "2015-12-24T15:09:31Z"); /* one side: no middle */
    check_price(t, "748.7", VIEW_SOURCE_TRADE, 600, 4);
    tell(t, entries_mark("GOOG", "749", MARK_LAST), "2015-12-24T15:11:00Z");
    check_price(t, "749", VIEW_SOURCE_MARK, 0, 8); /* told after the clock: not older than now */
}

/* A wrong year, or month, must neither be a price nor hide what comes after it. */
static void test_what_is_ahead_of_the_clock_is_not_known_and_hides_nothing(void **state)
{
    struct tape *const t = *state;
    const struct symbol put = entries_symbol(PUT_600);

    tell_clock(t, "2015-12-24", "2015-12-24T15:00:00Z");
    tell_trade(t, "GOOG", "700", "2015-12-24T15:00:00Z");
    tell_quote(t, PUT_600, "0.40", "0.50", "2015-12-24T15:00:00Z");
    check_price(t, "700", VIEW_SOURCE_TRADE, 0, 2);
    tell_trade(t, "GOOG", "150", "2200-01-01T00:00:00Z");
    tell_quote(t, PUT_600, "9", "9", "2016-02-01T15:00:00Z");
    check_price(t, NULL, VIEW_SOURCE_NONE, 0, 0);
    assert_int_equal(view_mark(&t->view, &put), PRICE_NONE);
    assert_null(view_live_quote(&t->view, find(t, PUT_600)));
    tell_trade(t, "GOOG", "650", "2015-12-24T14:30:00Z"); /* late: it is not what comes next */
    check_price(t, NULL, VIEW_SOURCE_NONE, 0, 0);
    tell_trade(t, "GOOG", "701", "2015-12-24T15:01:00Z");
    tell_quote(t, PUT_600, "0.30", "0.40", "2015-12-24T15:01:00Z");
    tell_clock(t, "2015-12-24", "2015-12-24T15:01:00Z");
    check_price(t, "701", VIEW_SOURCE_TRADE, 0, 7);
    assert_int_equal(view_mark(&t->view, &put), entries_price("0.35"));
    /* Of the next session's first moment, told before its clock, nothing is odd, and its order counts. */
    tell_trade(t, "GOOG", "710", "2015-12-28T14:30:30Z");
    tell_trade(t, "GOOG", "709", "2015-12-28T14:30:00Z");
    check_price(t, NULL, VIEW_SOURCE_NONE, 0, 0); /* the clock is where it was */
    tell_clock(t, "2015-12-28", "2015-12-28T14:31:00Z");
    check_price(t, "710", VIEW_SOURCE_TRADE, 30, 10);
    /* What nothing has replaced is known when the clock comes to it. */
    tell_trade(t, "GOOG", "711", "2015-12-28T15:00:00Z");
    tell_clock(t, "2015-12-28", "2015-12-28T14:58:59Z");
    check_price(t, NULL, VIEW_SOURCE_NONE, 0, 0);
    tell_clock(t, "2015-12-28", "2015-12-28T14:59:00Z");
    check_price(t, "711", VIEW_SOURCE_TRADE, 0, 13);
}

static void test_a_daily_bar_is_a_close_and_no_price(void **state)
{
    struct tape *const t = *state;

    tell_clock(t, "2015-12-24", "2015-12-24T15:10:00Z");
    tell_close(t, "GOOG", "750", "2015-12-23T21:00:00Z");
    tell(t, entries_bar("GOOG", "1", "1", "1", "1", 1, 7 * VIEW_SESSION_PERIOD_S), "2015-12-24T15:00:00Z");
    check_price(t, NULL, VIEW_SOURCE_NONE, 0, 0);
    const struct symbol goog = entries_symbol("GOOG");
    assert_int_equal(view_closes_before(&t->view, &goog, entries_day("2015-12-24")), 1);
}

/* `end`: when the bar of 2015-12-23 ends. Both an end at the close and at the midnight after name the 23rd. */
static void test_a_bar_belongs_to_the_day_before_its_end(void **state)
{
    struct tape *const t = *state;
    const struct symbol goog = entries_symbol("GOOG");
    static const char *const ends[] = {"2015-12-23T21:00:00Z", "2015-12-24T05:00:00Z"};

    for (size_t i = 0; i < 2; i++)
        tell_close(t, "GOOG", "750", ends[i]);
    assert_int_equal(view_closes_before(&t->view, &goog, CIVIL_DAY_NONE), 0);
    assert_int_equal(view_closes_before(&t->view, &goog, entries_day("2015-12-23")), 0);
    assert_int_equal(view_closes_before(&t->view, &goog, entries_day("2015-12-24")), 1);
    tell_close(t, "GOOG", "751", "2015-12-24T05:00:00.000000001Z"); /* one ns later: the 24th */
    assert_int_equal(view_closes_before(&t->view, &goog, entries_day("2015-12-25")), 2);
}

static void test_the_average_is_of_complete_sessions_before_today(void **state)
{
    struct tape *const t = *state;
    const struct symbol goog = entries_symbol("GOOG");
    const civil_day today = entries_day("2015-12-24");
    struct err err;
    int64_t sma = 7;

    tell_close(t, "GOOG", "703", "2015-12-23T21:00:00Z");
    tell_close(t, "GOOG", "700", "2015-12-21T21:00:00Z"); /* told out of order */
    assert_int_equal(view_sma(&t->view, &goog, 3, today, &sma, &err), ERR_NOT_FOUND);
    assert_string_equal(err.text, "GOOG: 2 daily closes are known, 3 are needed");
    assert_int_equal(sma, 7);
    tell_close(t, "GOOG", "701", "2015-12-22T21:00:00Z");
    tell_close(t, "GOOG", "9999", "2015-12-24T18:00:00Z"); /* today's does not count */
    assert_int_equal(view_sma(&t->view, &goog, 3, today, &sma, &err), ERR_OK);
    assert_int_equal(sma, entries_price("701.333333333"));
    assert_int_equal(view_sma(&t->view, &goog, 2, today, &sma, &err), ERR_OK);
    assert_int_equal(sma, entries_price("702"));
    assert_int_equal(view_last_close(&t->view, &goog, today)->close_nano, entries_price("703"));
    tell_close(t, "GOOG", "704", "2015-12-23T21:00:00Z"); /* the session told again */
    assert_int_equal(view_sma(&t->view, &goog, 1, today, &sma, &err), ERR_OK);
    assert_int_equal(sma, entries_price("704"));
    assert_int_equal(view_sma(&t->view, &goog, 4, today, &sma, &err), ERR_NOT_FOUND);
    assert_null(view_last_close(&t->view, &goog, entries_day("2015-12-21")));
}

static void tell_close_on(struct tape *t, civil_day d, int64_t dollars)
{
    struct entry e = entries_bar("GOOG", "1", "1", "1", "1", 1, VIEW_SESSION_PERIOD_S);

    e.seq = ++t->seq;
    e.at_ns = instant_from_new_york(d, 16 * NS_PER_HOUR);
    e.as.perception_bar.close = dollars * NANO;
    assert_int_equal(view_apply(&t->view, &e, NULL), ERR_OK);
}

static void test_the_newest_closes_are_kept(void **state)
{
    struct tape *const t = *state;
    const struct symbol goog = entries_symbol("GOOG");
    const civil_day first = entries_day("2015-01-01");
    int64_t sma;

    for (int i = 0; i < VIEW_CLOSES_MAX; i++)
        tell_close_on(t, first + i, 1);
    tell_close_on(t, first - 1, 1000); /* older than all of a full house: not kept */
    tell_close_on(t, first + VIEW_CLOSES_MAX, 261);
    const civil_day after = first + VIEW_CLOSES_MAX + 1;
    assert_int_equal(view_closes_before(&t->view, &goog, after), VIEW_CLOSES_MAX);
    assert_int_equal(view_closes_before(&t->view, &goog, first + 1), 0);
    assert_int_equal(view_sma(&t->view, &goog, VIEW_CLOSES_MAX, after, &sma, NULL), ERR_OK);
    assert_int_equal(sma, 2 * NANO);
    tell_close_on(t, first + 1, 261); /* one in the middle, told again */
    assert_int_equal(view_sma(&t->view, &goog, VIEW_CLOSES_MAX, after, &sma, NULL), ERR_OK);
    assert_int_equal(sma, 3 * NANO);
}

static void test_an_average_that_overflows_says_so(void **state)
{
    struct tape *const t = *state;
    const struct symbol goog = entries_symbol("GOOG");
    int64_t sma = 7;

    tell_close_on(t, 16000, INT64_MAX / NANO);
    tell_close_on(t, 16001, INT64_MAX / NANO);
    assert_int_equal(view_sma(&t->view, &goog, 2, 16002, &sma, NULL), ERR_RANGE);
    assert_int_equal(sma, 7);
}

static void test_a_mark_with_one_side_or_none(void **state)
{
    struct tape *const t = *state;
    const struct symbol put = entries_symbol(PUT_600);
    static const struct {
        const char *bid, *ask, *mark;
    } rows[] = {
        {"0.40", "0.50", "0.45"},
        {"0.000000001", "0.000000002", "0.000000002"}, /* half to even */
        {"0.000000002", "0.000000003", "0.000000002"},
        {"0.000000003", "0.000000003", "0.000000003"},
        {NULL, "0.50", "0.25"}, /* nobody pays anything for it */
        {NULL, "0.000000001", "0"},
        {"0.40", NULL, "0.4"}, /* it is worth at least that */
        {NULL, NULL, NULL},
    };

    assert_int_equal(view_mark(&t->view, &put), PRICE_NONE);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        tell_quote(t, PUT_600, rows[i].bid, rows[i].ask, "2015-12-24T15:00:00Z");
        assert_int_equal(view_mark(&t->view, &put), entries_price(rows[i].mark));
    }
    tell_trade(t, PUT_600, "0.33", "2015-12-24T14:00:00Z");
    assert_int_equal(view_mark(&t->view, &put), entries_price("0.33")); /* neither side: the last trade */
}

static void test_only_a_live_quote_can_be_traded_on(void **state)
{
    struct tape *const t = *state;
    const struct symbol put = entries_symbol(PUT_600);
    static const struct {
        const char *bid, *ask, *at; /* midnight in New York is 05:00 UTC */
        bool live;
        const char *to_buy, *to_sell;
    } rows[] = {
        {"0.40", "0.50", "2015-12-24T04:59:59.999999999Z", false, NULL, NULL}, /* yesterday's */
        {"0.40", "0.50", "2015-12-24T05:00:00Z", true, "0.5", "0.4"},
        {"0.51", "0.50", "2015-12-24T15:00:00Z", false, NULL, NULL},  /* crossed */
        {"0.50", "0.50", "2015-12-24T15:00:01Z", true, "0.5", "0.5"}, /* locked */
        {NULL, "0.50", "2015-12-24T15:00:02Z", true, "0.5", NULL},
        {"0.40", NULL, "2015-12-24T15:00:03Z", true, NULL, "0.4"},
        {"0.40", "0.50", "2015-12-24T15:01:00Z", true, "0.5",
         "0.4"}, /* another's clock may be off a minute */
        {"0.40", "0.50", "2015-12-24T15:01:00.000000001Z", false, NULL, NULL},
        {"0.40", "0.50", "2015-12-25T04:59:59.999999999Z", false, NULL,
         NULL},                                                      /* today's, and not known yet */
        {"0.40", "0.50", "2015-12-25T05:00:00Z", false, NULL, NULL}, /* tomorrow's */
    };

    tell_quote(t, PUT_600, "0.40", "0.50", "2015-12-23T15:00:00Z");
    assert_null(view_live_quote(&t->view, find(t, PUT_600))); /* no session yet */
    tell_clock(t, "2015-12-24", "2015-12-24T15:00:00Z");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        tell_quote(t, PUT_600, rows[i].bid, rows[i].ask, rows[i].at);
        assert_int_equal(view_live_quote(&t->view, find(t, PUT_600)) != NULL, rows[i].live);
        assert_int_equal(view_closing_price(&t->view, &put, true), entries_price(rows[i].to_buy));
        assert_int_equal(view_closing_price(&t->view, &put, false), entries_price(rows[i].to_sell));
    }
    const struct symbol other = entries_symbol(PUT_620);
    assert_int_equal(view_closing_price(&t->view, &other, true), PRICE_NONE);
}

static void test_a_session_beyond_all_years_has_no_live_quotes(void **state)
{
    struct tape *const t = *state;
    struct entry e = entries_placed(entries_clock(PHASE_TICK, "2015-12-24"), 1, "2015-12-24T15:00:00Z");

    tell_quote(t, PUT_600, "0.40", "0.50", "2015-12-24T15:00:00Z");
    for (int i = 0; i < 2; i++) {
        e.as.perception_clock.session = i == 0 ? INT32_MAX : INT32_MIN;
        assert_int_equal(view_apply(&t->view, &e, NULL), ERR_OK);
        assert_null(view_live_quote(&t->view, find(t, PUT_600)));
    }
}

static void test_the_clock_is_what_the_newest_entry_says(void **state)
{
    struct tape *const t = *state;

    assert_int_equal(t->view.clock.now_ns, INSTANT_NONE);
    tell(t, entries_clock(PHASE_OPEN, "2015-12-24"), "2015-12-24T14:30:00Z");
    assert_int_equal(t->view.clock.phase, PHASE_OPEN);
    tell(t, entries_clock(PHASE_CLOSE, "2015-12-24"), "2015-12-24T18:00:00Z");
    assert_int_equal(t->view.clock.phase, PHASE_CLOSE);
    assert_int_equal(t->view.clock.session, entries_day("2015-12-24"));
    assert_int_equal(t->view.clock.now_ns, entries_instant("2015-12-24T18:00:00Z"));
    assert_int_equal(t->view.clock.seq, 2);
}

static void test_findings_orders_and_fills_are_no_market(void **state)
{
    struct tape *const t = *state;

    tell_quote(t, PUT_600, "0.40", "0.50", "2015-12-24T15:00:00Z");
    const uint64_t before = digests_of(&view_row, &t->view);
    struct entry finding = entries_draft(ENTRY_PERCEPTION_DATA_QUALITY);
    finding.as.perception_data_quality.symbol = entries_symbol(PUT_600);
    tell(t, finding, "2015-12-24T15:01:00Z");
    tell(t, entries_order("o-1", PUT_600, SIDE_SELL, 5, "0.40"), "2015-12-24T15:01:00Z");
    tell(t, entries_execution("o-1", "f-1", PUT_600, SIDE_SELL, 5, "0.40", "1"), "2015-12-24T15:01:00Z");
    assert_int_equal(digests_of(&view_row, &t->view), before);
}

static void tell_everything(struct view *v, uint64_t to)
{
    const struct entry all[] = {
        entries_placed(entries_clock(PHASE_OPEN, "2015-12-24"), 1, "2015-12-24T14:30:00Z"),
        entries_placed(entries_quote(PUT_620, "0.40", "0.50", 1, 2), 2, "2015-12-24T14:31:00Z"),
        entries_placed(entries_quote(CALL_600, NULL, "0.50", 1, 2), 3, "2015-12-24T14:31:00Z"),
        entries_placed(entries_bar("GOOG", "1", "2", "1", "2", 1, 86400), 4, "2015-12-23T21:00:00Z"),
        entries_placed(entries_mark("GOOG", "748", MARK_LAST), 5, "2015-12-24T14:31:00Z"),
        entries_placed(entries_open_interest(PUT_600, 12), 6, "2015-12-24T14:31:00Z"),
    };

    for (size_t i = 0; i < sizeof all / sizeof all[0] && all[i].seq <= to; i++)
        assert_int_equal(view_apply(v, &all[i], NULL), ERR_OK);
}

static void test_each_kind_of_perception_moves_the_digest_and_twice_gives_one(void **state)
{
    struct tape *const t = *state;
    uint64_t digests[7];

    for (uint64_t to = 0; to <= 6; to++) {
        struct view again;
        view_init(&again);
        tell_everything(&again, to);
        digests[to] = digests_of(&view_row, &again);
        view_release(&again);
        for (uint64_t i = 0; i < to; i++)
            assert_int_not_equal(digests[i], digests[to]);
    }
    tell_everything(&t->view, 6);
    assert_int_equal(digests_of(&view_row, &t->view), digests[6]);
    assert_int_equal(find(t, PUT_600)->open_interest, 12);
    assert_int_equal(find(t, PUT_600)->interest_seq, 6);
}

static void test_without_memory_nothing_moves(void **state)
{
    struct tape *const t = *state;
    const struct entry quote =
        entries_placed(entries_quote(PUT_600, "1", "2", 1, 1), 1, "2015-12-24T15:00:00Z");
    const uint64_t before = digests_of(&view_row, &t->view);
    int failed = 0;

    for (int n = 0;; n++) {
        failing_at(n);
        const enum err_code rc = view_apply(&t->view, &quote, NULL);
        if (!failing_happened()) {
            assert_int_equal(rc, ERR_OK);
            break;
        }
        failed++;
        assert_int_equal(rc, ERR_MEMORY);
        assert_int_equal(digests_of(&view_row, &t->view), before);
        assert_null(find(t, PUT_600));
    }
    assert_true(failed >= 3);
    const struct symbol goog = entries_symbol("GOOG");
    assert_int_equal(view_chain_count(&t->view, &goog), 1);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_what_is_ahead_of_the_clock_is_not_known_and_hides_nothing),
        TEST(test_the_newest_quote_counts_and_late_data_does_not),
        TEST(test_a_quote_without_a_time_counts_at_its_recording),
        TEST(test_a_chain_is_in_order_of_symbols_however_it_came),
        TEST(test_a_thousand_contracts_stay_sorted),
        TEST(test_the_price_of_an_underlying_is_its_newest),
        TEST(test_a_daily_bar_is_a_close_and_no_price),
        TEST(test_a_bar_belongs_to_the_day_before_its_end),
        TEST(test_the_average_is_of_complete_sessions_before_today),
        TEST(test_the_newest_closes_are_kept),
        TEST(test_an_average_that_overflows_says_so),
        TEST(test_a_mark_with_one_side_or_none),
        TEST(test_only_a_live_quote_can_be_traded_on),
        TEST(test_a_session_beyond_all_years_has_no_live_quotes),
        TEST(test_the_clock_is_what_the_newest_entry_says),
        TEST(test_findings_orders_and_fills_are_no_market),
        TEST(test_each_kind_of_perception_moves_the_digest_and_twice_gives_one),
        TEST(test_without_memory_nothing_moves),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
