/* What people see of an entry: the amounts they expect, and no tricks. */
#include "ledger/entry_json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static const struct entry_field *field_of(enum entry_kind kind, const char *name)
{
    const struct entry_kind_info *const info = entry_kind_find((unsigned)kind);

    for (size_t i = 0; i < info->field_count; i++) {
        if (strcmp(info->fields[i].name, name) == 0)
            return &info->fields[i];
    }
    fail_msg("no field %s", name);
    return NULL;
}

static void assert_shows(const struct entry *e, const char *name, const char *expected)
{
    char text[2048];

    const size_t length = entry_field_text(e, field_of(e->kind, name), text, sizeof text);
    assert_string_equal(text, expected);
    assert_int_equal(length, strlen(expected));
}

static void read_line(const char *line, struct entry *e)
{
    static char bytes[4096];
    static struct actors actors;
    struct json_arena arena = {bytes, sizeof bytes, 0};
    struct err err = {0};

    if (entry_from_json(line, strlen(line), &actors, 0, &arena, e, &err))
        fail_msg("%s\n%s", line, err.text);
}

static void test_amounts_show_cents_and_what_is_finer(void **state)
{
    static const struct {
        const char *price;
        const char *shown;
    } ROWS[] = {
        {"\"0\"", "0.00"},
        {"\"7\"", "7.00"},
        {"\"0.4\"", "0.40"},
        {"\"1.255\"", "1.255"},
        {"\"0.000000001\"", "0.000000001"},
        {"null", "none"},
        {"\"750.01\"", "750.01"},
    };
    static struct entry e;

    (void)state;
    for (size_t i = 0; i < COUNT(ROWS); i++) {
        char line[256];
        snprintf(line, sizeof line,
                 "{\"kind\":\"perception.quote\",\"body\":{\"symbol\":\"GOOG\",\"bid\":%s,\"ask\":null,"
                 "\"bid_size\":7,\"ask_size\":0}}",
                 ROWS[i].price);
        read_line(line, &e);
        assert_shows(&e, "bid", ROWS[i].shown);
        assert_shows(&e, "bid_size", "7");
        assert_shows(&e, "symbol", "GOOG");
    }
}

static void test_a_fill_reads_as_a_trader_says_it(void **state)
{
    static struct entry e;

    (void)state;
    read_line("{\"kind\":\"fill.execution\",\"body\":{\"order_id\":\"o-1\",\"fill_id\":\"f-1\",\"symbol\":"
              "\"GOOG  151224P00750000\",\"side\":\"sell\",\"qty\":5,\"price\":\"1.2\",\"fee\":\"-0.5\"}}",
              &e);
    assert_shows(&e, "order_id", "o-1");
    assert_shows(&e, "symbol", "GOOG  151224P00750000");
    assert_shows(&e, "side", "sell");
    assert_shows(&e, "qty", "5");
    assert_shows(&e, "price", "1.20");
    assert_shows(&e, "fee", "-0.50");
}

static void test_checks_show_value_rule_bound_and_outcome(void **state)
{
    static struct entry e;

    (void)state;
    read_line(
        "{\"kind\":\"risk.verdict\",\"body\":{\"order_id\":\"o\",\"symbol\":\"GOOG\",\"allowed\":false,"
        "\"checks\":["
        "{\"name\":\"premium\",\"value\":\"0.4\",\"bound\":\"0.3\",\"unit\":\"price\",\"rule\":\"at_least\","
        "\"ok\":true},"
        "{\"name\":\"loss\",\"value\":\"-500\",\"bound\":\"-400\",\"unit\":\"money\",\"rule\":\"above\","
        "\"ok\":false},"
        "{\"name\":\"use\",\"value\":\"0.81\",\"bound\":\"0.8\",\"unit\":\"rate\",\"rule\":\"at_most\","
        "\"ok\":false},"
        "{\"name\":\"open\",\"value\":9,\"bound\":10,\"unit\":\"count\",\"rule\":\"below\",\"ok\":true},"
        "{\"name\":\"age\",\"value\":null,\"bound\":60,\"unit\":\"seconds\",\"rule\":\"at_most\","
        "\"ok\":false},"
        "{\"name\":\"session\",\"value\":true,\"bound\":true,\"unit\":\"flag\",\"rule\":\"equal\","
        "\"ok\":true}]}}",
        &e);
    assert_shows(&e, "allowed", "no");
    assert_shows(&e, "checks",
                 "premium 0.40 >= 0.30 ok; loss -500.00 > -400.00 FAILED; use 0.81 <= 0.8 FAILED; "
                 "open 9 < 10 ok; age unknown <= 60 s FAILED; session yes = yes ok");
}

static void test_other_lists_and_days_and_digests(void **state)
{
    static struct entry e;

    (void)state;
    read_line(
        "{\"kind\":\"decision.candidates\",\"body\":{\"strategy\":\"s\",\"symbol\":\"GOOG\",\"price\":\"1\","
        "\"seen\":1,\"passed\":1,\"rows\":[{\"symbol\":\"GOOG  160108P00630000\",\"premium\":\"0.4\","
        "\"margin\":\"6340\",\"score\":\"0.006\",\"otm\":\"0.158\",\"days\":15}]}}",
        &e);
    assert_shows(&e, "rows",
                 "GOOG  160108P00630000 premium 0.40 margin 6340.00 score 0.006 otm 0.158 days 15");
    read_line("{\"kind\":\"decision.no_trade\",\"body\":{\"strategy\":\"s\",\"symbol\":\"GOOG\",\"seen\":2,"
              "\"passed\":0,\"reason\":\"\",\"failed\":[{\"name\":\"otm\",\"count\":2},{\"name\":\"dte\","
              "\"count\":0}],\"gates\":[]}}",
              &e);
    assert_shows(&e, "failed", "otm 2; dte 0");
    assert_shows(&e, "gates", "none");
    assert_shows(&e, "reason", "");
    read_line(
        "{\"kind\":\"control.genesis\",\"body\":{\"origin\":\"d\",\"key\":"
        "\"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\",\"actors\":[{\"name\":\"ada\","
        "\"role\":\"owner\",\"key\":"
        "\"ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff\"}]}}",
        &e);
    assert_shows(&e, "key", "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f");
    assert_shows(&e, "actors",
                 "ada (owner) ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff");
    read_line("{\"kind\":\"perception.clock\",\"at\":\"2015-12-24T18:00:00Z\",\"body\":{\"phase\":\"close\","
              "\"session\":\"2015-12-24\"}}",
              &e);
    assert_shows(&e, "phase", "close");
    assert_shows(&e, "session", "2015-12-24");
}

static void test_no_text_reaches_the_terminal_raw(void **state)
{
    static const struct {
        const char *text;
        const char *shown;
    } ROWS[] = {
        {"plain caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x92\xb0",
         "plain caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x92\xb0"},
        {"two\\nlines\\tand a tab", "two\\nlines\\tand a tab"},
        {"\\u001b[31mred\\u001b[0m", "\\u001b[31mred\\u001b[0m"},
        {"\\r\\b\\u007f\\u0085", "\\u000d\\u0008\\u007f\\u0085"},
        {"\\u202eevil\\u2066\\u200f\\ufeff\\u2028", "\\u202eevil\\u2066\\u200f\\ufeff\\u2028"},
        {"\\u00ad\\u061c\\u115f\\u180e\\u3164", "\\u00ad\\u061c\\u115f\\u180e\\u3164"}, /* invisible */
        {"a\\u200bb\\u200dc\\u2060d\\u2064\\u2065\\ufe0f", "a\\u200bb\\u200dc\\u2060d\\u2064\\u2065\\ufe0f"},
        {"tag \xf3\xa0\x81\x81\xf3\xa0\x81\xbf", "tag \\u{e0041}\\u{e007f}"},
        {"typed \\\\n, \\\\u202e, a \\\\", "typed \\\\n, \\\\u202e, a \\\\"},
        {"\\u2027\\u202f\\u00a0\\u00ae\\u2070",
         "\xe2\x80\xa7\xe2\x80\xaf\xc2\xa0\xc2\xae\xe2\x81\xb0"}, /* neighbours pass */
    };
    static struct entry e;

    (void)state;
    for (size_t i = 0; i < COUNT(ROWS); i++) {
        char line[256];
        snprintf(line, sizeof line, "{\"kind\":\"control.note\",\"body\":{\"text\":\"%s\"}}", ROWS[i].text);
        read_line(line, &e);
        assert_shows(&e, "text", ROWS[i].shown);
    }
}

static void test_what_does_not_fit_ends_in_dots(void **state)
{
    static struct entry e;
    const struct entry_field *const f = field_of(ENTRY_CONTROL_NOTE, "text");

    (void)state;
    read_line("{\"kind\":\"control.note\",\"body\":{\"text\":\"abc\xe2\x82\xac"
              "defghij\"}}",
              &e);
    static const char *const SHOWN[] = {/* by capacity, from 8 */
                                        "abc...",
                                        "abc...",
                                        "abc\xe2\x82\xac...",
                                        "abc\xe2\x82\xac"
                                        "d...",
                                        "abc\xe2\x82\xac"
                                        "de...",
                                        "abc\xe2\x82\xac"
                                        "def..."};
    for (size_t i = 0; i < COUNT(SHOWN); i++) {
        char out[32];
        memset(out, '#', sizeof out);
        const size_t length = entry_field_text(&e, f, out, 8 + i);
        assert_int_equal(length, strlen(out));
        assert_true(length < 8 + i);
        assert_int_equal(out[8 + i], '#');
        if (strcmp(out, SHOWN[i]) != 0)
            fail_msg("%zu: %s", 8 + i, out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_amounts_show_cents_and_what_is_finer),
        cmocka_unit_test(test_a_fill_reads_as_a_trader_says_it),
        cmocka_unit_test(test_checks_show_value_rule_bound_and_outcome),
        cmocka_unit_test(test_other_lists_and_days_and_digests),
        cmocka_unit_test(test_no_text_reaches_the_terminal_raw),
        cmocka_unit_test(test_what_does_not_fit_ends_in_dots),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
