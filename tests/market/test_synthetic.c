#include "market/synthetic.h"

#include "ledger/decimal.h"
#include "ledger/wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof(a)[0])
#define CENT     (NANO / 100)

static struct err err;
static struct synthetic market;
static struct synthetic_row row;

static void start(const struct synthetic_settings *settings)
{
    if (synthetic_init(&market, settings, &err))
        fail_msg("%s", err.text);
}

/* FNV-1a over the row's fields, big-endian. */
static uint64_t hash_row(uint64_t hash, const struct synthetic_row *r)
{
    uint8_t bytes[256];
    struct wire_out out;

    wire_out_init(&out, bytes, sizeof bytes);
    wire_put_u8(&out, (uint8_t)r->type);
    wire_put_i64(&out, r->at_ns);
    wire_put_bytes(&out, r->symbol.text, sizeof r->symbol.text);
    wire_put_i64(&out, r->bid_nano);
    wire_put_i64(&out, r->ask_nano);
    wire_put_i64(&out, r->bid_size);
    wire_put_i64(&out, r->ask_size);
    wire_put_i64(&out, r->open_nano);
    wire_put_i64(&out, r->high_nano);
    wire_put_i64(&out, r->low_nano);
    wire_put_i64(&out, r->close_nano);
    wire_put_i64(&out, r->volume);
    wire_put_i64(&out, r->period_s);
    assert_false(out.bad);
    for (size_t i = 0; i < wire_out_size(&out); i++)
        hash = (hash ^ bytes[i]) * UINT64_C(1099511628211);
    return hash;
}

static uint64_t hash_of(const struct synthetic_settings *settings, int64_t rows)
{
    uint64_t hash = UINT64_C(14695981039346656037);

    start(settings);
    for (int64_t i = 0; i < rows && synthetic_next(&market, &row); i++)
        hash = hash_row(hash, &row);
    return hash;
}

/* Golden: gcc -O0, gcc -O3, clang -O0 and clang -O3 gave these. Never edit one; add another. */
static void test_a_seed_gives_the_same_rows_everywhere(void **state)
{
    struct synthetic_settings settings = synthetic_defaults();
    static struct synthetic_row history[250];
    uint64_t hash = UINT64_C(14695981039346656037);

    (void)state;
    assert_int_equal(hash_of(&settings, 10000), UINT64_C(0xbe30c06e6e354f74));
    settings.scenario = SYNTHETIC_CRASH;
    settings.days = 3;
    assert_int_equal(hash_of(&settings, INT64_MAX), UINT64_C(0x15c401e3e1ab45c4));
    assert_int_equal(synthetic_history(&settings, COUNT(history), history), COUNT(history));
    for (size_t i = 0; i < COUNT(history); i++)
        hash = hash_row(hash, &history[i]);
    assert_int_equal(hash, UINT64_C(0xa80be4ba3a085fff));
}

static void test_another_seed_is_another_market(void **state)
{
    struct synthetic_settings settings = synthetic_defaults();
    const uint64_t one = hash_of(&settings, 1000);

    (void)state;
    assert_int_equal(hash_of(&settings, 1000), one);
    settings.seed = 2;
    assert_int_not_equal(hash_of(&settings, 1000), one);
}

static bool on_grid(int64_t price_nano)
{
    return price_nano > 0 && price_nano % (price_nano < 3 * NANO ? 5 * CENT : 10 * CENT) == 0;
}

static void check_bar(const struct synthetic_row *r)
{
    assert_true(r->low_nano > 0 && r->low_nano <= r->open_nano && r->low_nano <= r->close_nano);
    assert_true(r->high_nano >= r->open_nano && r->high_nano >= r->close_nano);
    assert_true(r->open_nano % CENT == 0 && r->high_nano % CENT == 0);
    assert_true(r->low_nano % CENT == 0 && r->close_nano % CENT == 0);
    assert_true(r->volume > 0 && r->period_s > 0 && r->bid_nano == 0 && r->ask_nano == 0);
}

static void check_quote(const struct synthetic_row *r)
{
    const bool option = symbol_is_option(&r->symbol);

    assert_int_equal(r->bid_nano == INT64_MIN, r->bid_size == 0);
    assert_int_equal(r->ask_nano == INT64_MIN, r->ask_size == 0);
    if (r->bid_nano != INT64_MIN)
        assert_true(option ? on_grid(r->bid_nano) : r->bid_nano > 0 && r->bid_nano % CENT == 0);
    if (r->ask_nano != INT64_MIN)
        assert_true(option ? on_grid(r->ask_nano) : r->ask_nano > r->bid_nano && r->ask_nano % CENT == 0);
    assert_int_equal(r->volume, 0);
}

static void test_rows_are_well_formed_and_in_order(void **state)
{
    struct synthetic_settings settings = synthetic_defaults();
    struct synthetic_row before = {.at_ns = INT64_MIN};
    int sessions = 0;

    (void)state;
    settings.days = 3;
    settings.minutes_per_tick = 5;
    start(&settings);
    while (synthetic_next(&market, &row)) {
        struct symbol again;
        assert_true(row.at_ns >= before.at_ns);
        assert_true(calendar_is_open(row.at_ns - 1));
        assert_int_equal(symbol_parse(row.symbol.text, row.symbol.length, &again, &err), ERR_OK);
        assert_true(symbol_equal(&again, &row.symbol));
        if (row.type == SYNTHETIC_QUOTE) {
            check_quote(&row);
        } else {
            check_bar(&row);
            assert_true(symbol_equal(&row.symbol, &settings.underlying));
            assert_true(row.period_s == 300 || row.period_s == 86400);
            assert_int_equal(row.period_s == 86400,
                             !calendar_is_open(row.at_ns) && before.at_ns == row.at_ns);
        }
        sessions += row.type == SYNTHETIC_BAR && row.period_s == 86400;
        before = row;
    }
    assert_int_equal(sessions, 3);
    assert_false(synthetic_next(&market, &row)); /* the end is the end */
}

static void test_a_session_is_its_ticks(void **state)
{
    struct synthetic_settings settings = synthetic_defaults();
    struct session session;
    int ticks = 0;
    int64_t volume = 0;
    int64_t high = 0;
    int64_t seconds = 0;

    (void)state;
    settings.first_day = civil_from_ymd(2015, 12, 24); /* half a day: 210 minutes */
    settings.minutes_per_tick = 60;
    assert_true(calendar_session(settings.first_day, &session));
    start(&settings);
    while (synthetic_next(&market, &row)) {
        if (row.type != SYNTHETIC_BAR)
            continue;
        if (row.period_s == 86400) {
            assert_int_equal(row.at_ns, session.close_ns);
            assert_int_equal(row.volume, volume);
            assert_int_equal(row.high_nano, high);
            continue;
        }
        ticks++;
        seconds += row.period_s;
        volume += row.volume;
        high = row.high_nano > high ? row.high_nano : high;
        assert_int_equal(row.at_ns, session.open_ns + seconds * NS_PER_SECOND);
    }
    assert_int_equal(ticks, 4); /* the last is thirty minutes */
    assert_int_equal(seconds, 210 * 60);
    assert_int_equal(market.settings.days, market.day);
}

static void test_the_chain_has_four_expiries_around_the_price(void **state)
{
    struct synthetic_settings settings = synthetic_defaults();
    civil_day expiries[8];
    size_t count = 0;
    int64_t low = INT64_MAX;
    int64_t high = 0;
    size_t quotes = 0;

    (void)state;
    settings.minutes_per_tick = 390;
    start(&settings);
    while (synthetic_next(&market, &row)) {
        struct contract c;
        if (!symbol_is_option(&row.symbol))
            continue;
        symbol_contract(&row.symbol, &c);
        if (count == 0 || expiries[count - 1] != c.expiry) {
            assert_true(count < COUNT(expiries));
            expiries[count++] = c.expiry;
        }
        low = c.strike_nano < low ? c.strike_nano : low;
        high = c.strike_nano > high ? c.strike_nano : high;
        quotes++;
    }
    assert_int_equal(count, 4);
    assert_int_equal(expiries[0], civil_from_ymd(2024, 1, 12));
    assert_int_equal(expiries[1], civil_from_ymd(2024, 1, 19));
    assert_int_equal(expiries[2], civil_from_ymd(2024, 1, 26));
    assert_int_equal(expiries[3], civil_from_ymd(2024, 2, 16)); /* the next monthly one */
    assert_int_equal(low, 65 * NANO);
    assert_int_equal(high, 125 * NANO);
    assert_in_range(quotes, 195, 200); /* 25 strikes, 2 rights, 4 expiries; one may be silent */
}

struct premiums {
    int fitting; /* quotes that the baseline strategy may sell */
    int days;    /* sessions with at least one */
    int sessions;
};

static bool fits(int64_t spot, civil_day today)
{
    struct contract c;

    symbol_contract(&row.symbol, &c);
    const int64_t otm = (spot - c.strike_nano) * 100;
    const int days = calendar_days_to_expiry(today, c.expiry);
    return c.right == RIGHT_PUT && days >= 7 && days <= 14 && otm >= 15 * spot && otm <= 20 * spot &&
           row.bid_nano >= 30 * CENT && row.bid_nano <= 50 * CENT;
}

static void test_puts_of_the_baseline_are_offered_nearly_every_day(void **state)
{
    for (uint64_t seed = 1; seed <= 5; seed++) {
        struct synthetic_settings settings = synthetic_defaults();
        struct premiums p = {0};
        int64_t spot = 0;
        bool today = false;
        settings.seed = seed;
        settings.days = 10;
        settings.minutes_per_tick = 15;
        start(&settings);
        while (synthetic_next(&market, &row)) {
            if (row.type == SYNTHETIC_BAR) {
                spot = row.close_nano;
                p.sessions += row.period_s == 86400;
                p.days += row.period_s == 86400 && today;
                today = today && row.period_s != 86400;
            } else if (symbol_is_option(&row.symbol) && fits(spot, instant_new_york_day(row.at_ns, NULL))) {
                p.fitting++;
                today = true;
            }
        }
        assert_int_equal(p.sessions, 10);
        assert_in_range(p.days, 7, 10);
        assert_in_range(p.fitting, 50, 1000);
    }
    (void)state;
}

static void test_there_is_something_for_data_quality_to_find(void **state)
{
    struct synthetic_settings settings = synthetic_defaults();
    static struct {
        struct symbol symbol;
        int64_t at_ns;
        int64_t bid_nano;
    } last[512];
    size_t contracts = 0;
    int64_t quotes = 0;
    int crossed = 0;
    int empty = 0;
    int without_bid = 0;
    int silent = 0;
    int jumps = 0;

    (void)state;
    start(&settings);
    while (synthetic_next(&market, &row)) {
        size_t i = 0;
        if (!symbol_is_option(&row.symbol))
            continue;
        quotes++;
        empty += row.ask_nano == INT64_MIN;
        without_bid += row.ask_nano != INT64_MIN && row.bid_nano == INT64_MIN;
        crossed += row.ask_nano != INT64_MIN && row.bid_nano > row.ask_nano;
        while (i < contracts && !symbol_equal(&last[i].symbol, &row.symbol))
            i++;
        if (i == contracts) {
            assert_true(contracts < COUNT(last));
            last[contracts++].symbol = row.symbol;
        } else {
            silent += row.at_ns - last[i].at_ns > 30 * NS_PER_MINUTE;
            jumps += last[i].bid_nano > 2 * NANO && row.bid_nano > last[i].bid_nano / 100 * 135;
        }
        last[i].at_ns = row.at_ns;
        last[i].bid_nano = row.bid_nano;
    }
    assert_in_range(quotes, 75000, 80000);
    assert_in_range(crossed, 5, 60);
    assert_in_range(empty, 2, 30);
    assert_in_range(without_bid, 1000, 15000);
    assert_in_range(silent, 1, 20);
    assert_in_range(jumps, 1, 60);
}

static int64_t average(const struct synthetic_row *rows, size_t count)
{
    int64_t sum = 0;

    for (size_t i = 0; i < count; i++)
        sum += rows[i].close_nano;
    return sum / (int64_t)count;
}

static void test_history_leads_up_to_the_first_day(void **state)
{
    static struct synthetic_row rows[60];
    static struct synthetic_row fewer[20];
    struct synthetic_settings settings = synthetic_defaults();
    civil_day d = settings.first_day;

    (void)state;
    assert_int_equal(synthetic_history(&settings, COUNT(rows), rows), COUNT(rows));
    for (size_t i = COUNT(rows); i-- > 0;) {
        struct session session;
        d = calendar_previous_session(d);
        assert_true(calendar_session(d, &session));
        assert_int_equal(rows[i].at_ns, session.close_ns);
        assert_int_equal(rows[i].period_s, 86400);
        check_bar(&rows[i]);
        if (i + 1 < COUNT(rows))
            assert_int_equal(rows[i].close_nano, rows[i + 1].open_nano);
    }
    assert_int_equal(synthetic_history(&settings, COUNT(fewer), fewer), COUNT(fewer));
    assert_memory_equal(fewer, rows + COUNT(rows) - COUNT(fewer), sizeof fewer);
    settings.first_day = civil_from_ymd(1990, 1, 4);
    assert_int_equal(synthetic_history(&settings, COUNT(rows), rows), 2); /* the calendar begins */
}

static void test_a_rise_rises_and_a_fall_falls(void **state)
{
    static struct synthetic_row rows[50];

    (void)state;
    for (uint64_t seed = 1; seed <= 50; seed++) {
        struct synthetic_settings settings = synthetic_defaults();
        settings.seed = seed;
        synthetic_history(&settings, 50, rows);
        assert_true(settings.spot_nano > average(rows + 30, 20));
        assert_true(average(rows + 30, 20) > average(rows, 50));
        settings.scenario = SYNTHETIC_FALL;
        synthetic_history(&settings, 50, rows);
        assert_true(settings.spot_nano < average(rows + 30, 20));
        assert_true(average(rows + 30, 20) < average(rows, 50));
    }
}

/* The closes of `days` sessions. */
static void closes(struct synthetic_settings settings, int64_t *out, int days)
{
    settings.days = days;
    settings.minutes_per_tick = 30;
    start(&settings);
    while (synthetic_next(&market, &row)) {
        if (row.type == SYNTHETIC_BAR && row.period_s == 86400)
            *out++ = row.close_nano;
    }
}

static void test_a_crash_takes_fifteen_percent_in_the_second_session(void **state)
{
    struct synthetic_settings settings = synthetic_defaults();
    int64_t close[4];

    (void)state;
    settings.scenario = SYNTHETIC_CRASH;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        settings.seed = seed;
        closes(settings, close, 4);
        assert_in_range(close[0], 96 * NANO, 104 * NANO);
        assert_in_range(close[1] * 100 / close[0], 80, 90);
        assert_in_range(close[3] * 100 / close[1], 94, 106);
        closes(settings, close, 1);
        assert_in_range(close[0], 80 * NANO, 90 * NANO);
    }
}

static void test_a_contract_is_quoted_until_it_settles(void **state)
{
    static const enum synthetic_scenario SCENARIOS[] = {SYNTHETIC_RISE, SYNTHETIC_FALL, SYNTHETIC_CRASH,
                                                        SYNTHETIC_FLAT};
    struct symbol put;
    const civil_day expiry = civil_from_ymd(2024, 2, 16);

    (void)state;
    assert_int_equal(symbol_parse("ACME  240216P00082500", 21, &put, &err), ERR_OK);
    for (size_t i = 0; i < COUNT(SCENARIOS); i++) {
        struct synthetic_settings settings = synthetic_defaults();
        int64_t last = 0;
        int quoted = 0;
        settings.scenario = SCENARIOS[i];
        settings.days = 35;
        settings.minutes_per_tick = 130; /* three ticks a session; one may be silent */
        start(&settings);
        while (synthetic_next(&market, &row)) {
            if (!symbol_equal(&row.symbol, &put))
                continue;
            quoted++;
            last = row.at_ns;
        }
        const int sessions = 1 + calendar_count_sessions(settings.first_day, expiry);
        assert_in_range(quoted, 3 * sessions - 4, 3 * sessions);
        assert_int_equal(instant_new_york_day(last, NULL), expiry);
    }
}

static void test_a_setting_that_cannot_be_is_refused(void **state)
{
    const struct synthetic_settings good = synthetic_defaults();
    struct synthetic_settings w;
    struct symbol option;

    (void)state;
    memset(&market, 0x5a, sizeof market);
    const struct synthetic untouched = market;
#define REFUSED(field, value, word)                                                                          \
    do {                                                                                                     \
        w = good;                                                                                            \
        w.field = (value);                                                                                   \
        assert_int_equal(synthetic_init(&market, &w, &err), ERR_INPUT);                                      \
        assert_non_null(strstr(err.text, word));                                                             \
        assert_memory_equal(&market, &untouched, sizeof market);                                             \
    } while (0)
#define TAKEN(field, value)                                                                                  \
    do {                                                                                                     \
        struct synthetic other;                                                                              \
        w = good;                                                                                            \
        w.field = (value);                                                                                   \
        assert_int_equal(synthetic_init(&other, &w, &err), ERR_OK);                                          \
    } while (0)
    assert_int_equal(symbol_parse("GOOG  151224P00750000", 21, &option, &err), ERR_OK);
    REFUSED(underlying, option, "1 to 6");
    assert_int_equal(symbol_parse("BRK.B", 5, &option, &err), ERR_OK);
    REFUSED(underlying, option, "root");
    REFUSED(first_day, civil_from_ymd(2024, 1, 1), "New Year's Day");
    REFUSED(first_day, civil_from_ymd(2024, 1, 6), "Saturday");
    REFUSED(first_day, civil_from_ymd(2035, 12, 31), "calendar's end");
    REFUSED(days, 0, "days");
    REFUSED(days, SYNTHETIC_DAYS_MAX + 1, "days");
    TAKEN(days, SYNTHETIC_DAYS_MAX);
    REFUSED(minutes_per_tick, 0, "minutes");
    REFUSED(minutes_per_tick, 391, "minutes");
    TAKEN(minutes_per_tick, 390);
    REFUSED(spot_nano, 5 * NANO - 1, "spot");
    REFUSED(spot_nano, 5000 * NANO + 1, "spot");
    TAKEN(spot_nano, 5 * NANO);
    TAKEN(spot_nano, 5000 * NANO);
    REFUSED(volatility_nano, NANO / 20 - 1, "volatility");
    REFUSED(volatility_nano, 2 * NANO + 1, "volatility");
    TAKEN(volatility_nano, 2 * NANO);
    REFUSED(scenario, (enum synthetic_scenario)0, "scenario");
    REFUSED(scenario, (enum synthetic_scenario)(SYNTHETIC_FLAT + 1), "scenario");
#undef REFUSED
#undef TAKEN
}

/* The corners of the settings must not break a promise inside. */
static void test_extreme_settings_run_to_their_end(void **state)
{
    static const struct {
        int64_t spot;
        int64_t volatility;
        enum synthetic_scenario scenario;
    } ROWS[] = {
        {5 * NANO, 2 * NANO, SYNTHETIC_FALL},      {5000 * NANO, 2 * NANO, SYNTHETIC_RISE},
        {5 * NANO, NANO / 20, SYNTHETIC_CRASH},    {5000 * NANO, NANO / 20, SYNTHETIC_FALL},
        {4999999999999, 2 * NANO, SYNTHETIC_RISE}, {24999999999, NANO, SYNTHETIC_FLAT},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(ROWS); i++) {
        struct synthetic_settings settings = synthetic_defaults();
        int sessions = 0;
        settings.spot_nano = ROWS[i].spot;
        settings.volatility_nano = ROWS[i].volatility;
        settings.scenario = ROWS[i].scenario;
        settings.days = SYNTHETIC_DAYS_MAX;
        settings.minutes_per_tick = 390;
        start(&settings);
        while (synthetic_next(&market, &row)) {
            if (row.type == SYNTHETIC_QUOTE)
                check_quote(&row);
            else
                check_bar(&row);
            sessions += row.type == SYNTHETIC_BAR && row.period_s == 86400;
        }
        assert_int_equal(sessions, SYNTHETIC_DAYS_MAX);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_seed_gives_the_same_rows_everywhere),
        cmocka_unit_test(test_another_seed_is_another_market),
        cmocka_unit_test(test_rows_are_well_formed_and_in_order),
        cmocka_unit_test(test_a_session_is_its_ticks),
        cmocka_unit_test(test_the_chain_has_four_expiries_around_the_price),
        cmocka_unit_test(test_puts_of_the_baseline_are_offered_nearly_every_day),
        cmocka_unit_test(test_there_is_something_for_data_quality_to_find),
        cmocka_unit_test(test_history_leads_up_to_the_first_day),
        cmocka_unit_test(test_a_rise_rises_and_a_fall_falls),
        cmocka_unit_test(test_a_crash_takes_fifteen_percent_in_the_second_session),
        cmocka_unit_test(test_a_contract_is_quoted_until_it_settles),
        cmocka_unit_test(test_a_setting_that_cannot_be_is_refused),
        cmocka_unit_test(test_extreme_settings_run_to_their_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
