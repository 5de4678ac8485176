/* A line that is wrong anywhere is refused at that place, with its column, key and reason. */
#include "ledger/entry_json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static char arena_bytes[JSON_LINE_MAX];
static struct json_arena arena = {arena_bytes, sizeof arena_bytes, 0};
static struct actors actors;

static int setup(void **state)
{
    static const char *const NAMES[] = {"broker:paper", "feed:lean", "person:\"ada\""};

    (void)state;
    actors_init(&actors);
    for (size_t i = 0; i < COUNT(NAMES); i++) {
        struct actor_row *const row = &actors.rows[actors.count++];
        row->name = id_from(NAMES[i]);
        row->role = ROLE_BROKER;
    }
    return 0;
}

/* Reads a copy of exactly `size` bytes, so that a read past its end is seen; the copy lives until the next.
 */
static enum err_code read_line(const char *line, size_t size, struct entry *e, struct err *err)
{
    static char *copy;

    free(copy);
    copy = malloc(size ? size : 1);
    assert_non_null(copy);
    memcpy(copy, line, size);
    arena.capacity = size; /* as much always suffices */
    const enum err_code rc = entry_from_json(copy, size, &actors, 0, &arena, e, err);
    if (rc) {
        free(copy);
        copy = NULL;
    }
    return rc;
}

static size_t encode(const struct entry *e, uint8_t *bytes)
{
    struct wire_out out;
    struct err err = {0};

    wire_out_init(&out, bytes, ENTRY_MAX_SIZE);
    if (entry_encode(e, &out, &err))
        fail_msg("%s", err.text);
    return wire_out_size(&out);
}

#define NOTE(text) "{\"kind\":\"control.note\",\"body\":{\"text\":" text "}}"
#define FILL(field)                                                                                          \
    "{\"kind\":\"fill.execution\",\"body\":{" field ",\"order_id\":\"o\",\"fill_id\":\"f\",\"symbol\":"      \
    "\"GOOG\",\"side\":\"buy\",\"qty\":1,\"price\":\"1\",\"fee\":\"0\"}}"
#define DEPOSIT(amount)                                                                                      \
    "{\"kind\":\"fill.deposit\",\"body\":{\"amount\":" amount ",\"fill_id\":\"f\",\"text\":\"\"}}"
#define QUOTE(bid)                                                                                           \
    "{\"kind\":\"perception.quote\",\"body\":{\"bid\":" bid                                                  \
    ",\"symbol\":\"GOOG\",\"ask\":\"1\",\"bid_size\":1,\"ask_size\":1}}"
#define CHECK(check)                                                                                         \
    "{\"kind\":\"risk.breaker_trip\",\"body\":{\"checks\":[" check "],\"breaker\":\"b\",\"reason\":\"\"}}"
#define OI(contracts)                                                                                        \
    "{\"kind\":\"perception.open_interest\",\"body\":{\"contracts\":" contracts                              \
    ",\"symbol\":\"GOOG  151224P00750000\"}}"
#define DAY(day)     "{\"kind\":\"perception.clock\",\"body\":{\"session\":\"" day "\"}}"
#define ACTOR(field) "{\"kind\":\"control.actor\",\"body\":{" field "}}"

static const struct {
    const char *line;
    const char *message;
} REFUSALS[] = {
    /* the line itself */
    {"", "column 1: expected a value, found the end of the line"},
    {"[]", "column 1: expected an object, found an array"},
    {"12", "column 1: expected an object, found a number"},
    {"\xef\xbb\xbf{}", "column 1: expected a value, found a byte order mark: save without one"},
    {"{}", "column 2: kind: missing"},
    {"{\"kind\":\"control.note\"}", "column 23: body: missing"},
    {"{\"body\":{}}", "column 11: kind: missing"},
    {NOTE("\"x\"") "x", "column 44: expected nothing after the value, found 'x'"},
    {NOTE("\"x\"") " {}", "column 45: expected nothing after the value, found '{'"},
    {"{\"kind\":\"control.note\",\"body\":{\"text\":\"x\"},}",
     "column 44: expected a key in quotes, found '}'"},
    {"{\"kind\":\"control.note\" \"body\":{}}", "column 24: expected ',' or '}', found '\"'"},
    {"{\"kind\":\"control.note\",\"body\":{\"text\":\"x\"}",
     "column 43: expected ',' or '}', found the end of the line"},
    {"{\"kind\":\"control.note\",\"kind\":\"control.note\"}", "column 24: kind: given twice"},
    {"{\"kind\":\"control.note\",\"body\":{\"text\":\"x\"},\"body\":{}}", "column 44: body: given twice"},
    {"{\"body\":{\"text\":\"x\"},\"body\":{}}", "column 22: body: given twice"},
    {"{\"kind\":\"control.note\",\"text\":\"x\"}",
     "column 24: unknown key \"text\"; a line has kind, actor, cause, at, body, signature"},
    {"{\"Kind\":\"control.note\"}",
     "column 2: unknown key \"Kind\"; a line has kind, actor, cause, at, body, signature"},
    {"{\"kind\\u0000\":1}",
     "column 2: unknown key \"kind\\u0000\"; a line has kind, actor, cause, at, body, signature"},
    {"{\"seq\":1}", "column 2: \"seq\" is the journal's to give: leave it out"},
    {"{\"recorded_at\":\"x\"}", "column 2: \"recorded_at\" is the journal's to give: leave it out"},
    /* kind */
    {"{\"kind\":7}", "column 9: kind: expected a string, found a number"},
    {"{\"kind\":\"fill.executoin\"}",
     "column 9: kind: unknown kind \"fill.executoin\"; did you mean \"fill.execution\"?"},
    {"{\"kind\":\"Control.Note\"}",
     "column 9: kind: unknown kind \"Control.Note\"; did you mean \"control.note\"?"},
    {"{\"kind\":\"quote\"}", NULL}, /* lists them all: checked below */
    /* actor, cause, at, signature */
    {"{\"actor\":null}", "column 10: actor: expected a string, found null"},
    {"{\"cause\":\"1\"}", "column 10: cause: expected a number, found a string"},
    {"{\"cause\":0}", "column 10: cause: entries are numbered from 1; leave it out when there is no cause"},
    {"{\"cause\":-1}", "column 10: cause: expected an entry's number: no sign, no point, no exponent"},
    {"{\"cause\":1.0}", "column 10: cause: expected an entry's number: no sign, no point, no exponent"},
    {"{\"cause\":1e3}", "column 10: cause: expected an entry's number: no sign, no point, no exponent"},
    {"{\"cause\":01}", "column 10: cause: a number with a leading zero"},
    {"{\"cause\":18446744073709551616}", "column 10: cause: out of range"},
    {"{\"at\":1450967460}", "column 7: at: expected a string, found a number"},
    {"{\"signature\":\"AAAA\"}", "column 14: signature: 3 bytes where 64 belong"},
    {"{\"signature\":\"A\"}",
     "column 14: signature: base64 of 1 characters: the length must be a multiple of 4"},
    {"{\"signature\":null}", "column 14: signature: expected a string, found null"},
    /* the body and its keys */
    {"{\"kind\":\"control.note\",\"body\":\"x\"}", "column 31: body: expected an object, found a string"},
    {"{\"kind\":\"control.note\",\"body\":null}", "column 31: body: expected an object, found null"},
    {"{\"kind\":\"control.note\",\"body\":{}}", "column 32: body.text: missing"},
    {"{\"body\":{ },\"kind\":\"control.note\"}", "column 11: body.text: missing"},
    {"{\"body\":{\"txet\":1},\"kind\":\"control.note\"}",
     "column 10: body: unknown key \"txet\"; control.note has text"},
    {"{\"body\":{\"text\":[01]},\"kind\":\"control.note\"}", "column 18: body: a number with a leading zero"},
    {FILL("\"price\":\"1\""), "column 112: body.price: given twice"},
    {FILL("\"colour\":1"), "column 34: body: unknown key \"colour\"; fill.execution has order_id, fill_id, "
                           "symbol, side, qty, price, fee"},
    {"{\"kind\":\"fill.deposit\",\"body\":{\"text\":\"\",\"fill_id\":\"f\"}}",
     "column 55: body.amount: missing"},
    /* text */
    {NOTE("12"), "column 39: body.text: expected a string, found a number"},
    {NOTE("[]"), "column 39: body.text: expected a string, found an array"},
    {NOTE("{\"a\":{}}"), "column 39: body.text: expected a string, found an object"},
    {NOTE("\"a\\u0000b\""), "column 39: body.text: the character U+0000 is not allowed"},
    {NOTE("\"a\nb\""), "column 41: body.text: a control character in a string: write it as \\u000a"},
    {NOTE("\"a\xc0\xaf\""), "column 41: body.text: byte 0xc0 is not UTF-8"},
    {NOTE("\"a\xed\xa0\x80\""), "column 41: body.text: byte 0xed is not UTF-8"},
    {NOTE("\"\\ud800\""), "column 40: body.text: the first half of a surrogate pair without its second"},
    {NOTE("[[[[[[[[[[[[[[["), "column 39: body.text: expected a string, found an array"},
    /* amounts */
    {DEPOSIT("1.5"), "column 41: body.amount: amounts are decimal strings: write \"1.5\""},
    {DEPOSIT("-0"), "column 41: body.amount: amounts are decimal strings: write \"-0\""},
    {DEPOSIT("null"), "column 41: body.amount: expected a decimal string such as \"12.5\", found null"},
    {DEPOSIT("true"), "column 41: body.amount: expected a decimal string such as \"12.5\", found true"},
    {DEPOSIT("\"1.2345678\""), "column 41: body.amount: 7 decimals where at most 6 are allowed"},
    {DEPOSIT("\"1.0000000\""), "column 41: body.amount: 7 decimals where at most 6 are allowed"},
    {DEPOSIT("\"9223372036854.775808\""),
     "column 41: body.amount: out of range for a number with 6 decimals in 64 bits"},
    {DEPOSIT("\"-9223372036854.775808\""), "column 41: body.amount: out of range"},
    {DEPOSIT("\"1e5\""),
     "column 41: body.amount: not a decimal number: an unexpected character at character 2"},
    {DEPOSIT("\"01\""), "column 41: body.amount: not a decimal number: a leading zero at character 1"},
    {DEPOSIT("\"-0\""),
     "column 41: body.amount: not a decimal number: a minus sign before zero at character 1"},
    {DEPOSIT("\"\""), "column 41: body.amount: not a decimal number: a digit is missing at character 1"},
    {DEPOSIT("\" 1\""), "column 41: body.amount: not a decimal number: a digit is missing at character 1"},
    {DEPOSIT("1.5e400"), "column 41: body.amount: amounts are decimal strings: write \"1.5e400\""},
    {QUOTE("\"1.0123456789\""), "column 42: body.bid: 10 decimals where at most 9 are allowed"},
    {QUOTE("\"-9223372036.854775808\""), "column 42: body.bid: out of range"},
    {QUOTE("\"-0.01\""), "column 35: body.bid: a bid is not negative; null means that nobody bids"},
    {QUOTE("false"), "column 42: body.bid: expected a decimal string such as \"12.5\", found false"},
    /* integers */
    {OI("\"7\""), "column 56: body.contracts: expected a number, found a string"},
    {OI("7.0"), "column 56: body.contracts: expected an integer: no point, no exponent"},
    {OI("7e0"), "column 56: body.contracts: expected an integer: no point, no exponent"},
    {OI("1e5"), "column 56: body.contracts: expected an integer: no point, no exponent"},
    {OI("-0"), "column 56: body.contracts: zero has no sign"},
    {OI("-1"), "column 56: body.contracts: -1 where 0 or more belongs"},
    {OI("01"), "column 56: body.contracts: a number with a leading zero"},
    {OI("9223372036854775808"), "column 56: body.contracts: out of range"},
    {OI("-9223372036854775809"), "column 56: body.contracts: out of range"},
    {OI("-9223372036854775808"), "column 56: body.contracts: -9223372036854775808 where 0 or more belongs"},
    {OI("99999999999999999999999"), "column 56: body.contracts: out of range"},
    {FILL("\"qty\":0"), "column 40: body.qty: 0 where 1 or more belongs"},
    /* ids, symbols, choices, days, digests */
    {FILL("\"order_id\":\"\""), "column 45: body.order_id: 0 characters, where 1 to 64 belong"},
    {FILL("\"order_id\":\"12345678901234567890123456789012345678901234567890123456789012345\""),
     "column 45: body.order_id: 65 characters, where 1 to 64 belong"},
    {FILL("\"order_id\":\"a b\""), "column 45: body.order_id: character 2 is not visible ASCII"},
    {FILL("\"order_id\":\"ab\xc3\xa9\""), "column 45: body.order_id: character 3 is not visible ASCII"},
    {FILL("\"order_id\":\"ab\\u0000\""), "column 45: body.order_id: character 3 is not visible ASCII"},
    {FILL("\"side\":\"short\""), "column 41: body.side: \"short\" is not one of buy, sell"},
    {FILL("\"side\":\"Buy\""), "column 41: body.side: \"Buy\" is not one of buy, sell"},
    {FILL("\"side\":1"), "column 41: body.side: expected a string, found a number"},
    {DAY("1899-12-31"), "column 46: body.session: the year is outside 1900..2199"},
    {DAY("2200-01-01"), "column 46: body.session: the year is outside 1900..2199"},
    {ACTOR("\"role\":\"boss\""), "column 40: body.role: \"boss\" is not one of owner, operator, compliance, "
                                 "auditor, strategy, risk, broker, feed, agent, witness"},
    /* rows */
    {"{\"kind\":\"risk.breaker_trip\",\"body\":{\"checks\":{}}}",
     "column 46: body.checks: expected an array, found an object"},
    {CHECK("1"), "column 47: body.checks[0]: expected an object, found a number"},
    {CHECK("{}"), "column 48: body.checks[0].name: missing"},
    {CHECK("{\"name\":\"a\",\"name\":\"a\"}"), "column 59: body.checks[0].name: given twice"},
    {CHECK("{\"nome\":\"a\"}"),
     "column 48: body.checks[0]: unknown key \"nome\"; a row has name, value, bound, unit, rule, ok"},
    {CHECK("{\"name\":[]}"), "column 55: body.checks[0].name: expected a value, found an array"},
    {CHECK("{\"unit\":\"count\",\"rule\":\"equal\",\"name\":\"a\",\"value\":1,\"bound\":\"1\",\"ok\":true}"),
     "column 107: body.checks[0].bound: expected a number, found a string"},
    {CHECK("{\"name\":\"a\",\"value\":1,\"bound\":1,\"unit\":\"count\",\"rule\":\"equal\",\"ok\":true},"
           "{\"name\":\"b\",\"value\":\"1\",\"bound\":\"1\",\"unit\":\"count\",\"rule\":\"equal\",\"ok\":"
           "true}"),
     "column 140: body.checks[1].value: expected a number, found a string"},
    {CHECK("{\"name\":\"a\",\"value\":1,\"bound\":1,\"unit\":\"money\",\"rule\":\"equal\",\"ok\":true}"),
     "column 67: body.checks[0].value: amounts are decimal strings: write \"1\""},
    {CHECK("{\"name\":\"a\",\"value\":\"1.1234567\",\"bound\":\"1\",\"unit\":\"money\",\"rule\":\"equal\","
           "\"ok\":true}"),
     "column 67: body.checks[0].value: 7 decimals where at most 6 are allowed"},
    {CHECK("{\"name\":\"a\",\"value\":1,\"bound\":true,\"unit\":\"flag\",\"rule\":\"equal\",\"ok\":true}"),
     "column 67: body.checks[0].value: expected true or false, found a number"},
    {CHECK("{\"name\":\"a\",\"value\":2,\"bound\":1,\"unit\":\"count\",\"rule\":\"equal\",\"ok\":true}"),
     "column 114: body.checks[0].ok: says true, but value and bound say false"},
    {CHECK("{\"name\":\"a\",\"value\":2,\"bound\":1,\"unit\":\"dollars\",\"rule\":\"equal\",\"ok\":true}"),
     "column 86: body.checks[0].unit: \"dollars\" is not one of price, money, rate, count, seconds, flag"},
    {CHECK("{\"name\":\"a\"} {"), "column 58: body.checks[0].value: missing"},
    /* rules that span fields */
    {"{\"kind\":\"order.new\",\"body\":{\"order_id\":\"o\",\"symbol\":\"GOOG\",\"side\":\"buy\",\"qty\":1,"
     "\"type\":"
     "\"limit\",\"limit\":null}}",
     "column 28: body.limit: a limit order needs a limit"},
    {"{\"body\":{\"phase\":\"open\",\"session\":\"2015-12-24\"},\"kind\":\"perception.clock\"}",
     "column 9: at: a clock entry says what time it is"},
};

static void test_every_refusal_names_column_key_and_reason(void **state)
{
    static struct entry e;
    bool wrong = false;

    (void)state;
    for (size_t i = 0; i < COUNT(REFUSALS); i++) {
        struct err err = {0};
        const enum err_code rc = read_line(REFUSALS[i].line, strlen(REFUSALS[i].line), &e, &err);
        if (rc == ERR_INPUT && err.code == ERR_INPUT &&
            (!REFUSALS[i].message || strcmp(err.text, REFUSALS[i].message) == 0))
            continue;
        print_error("%s\n  said  %s\n  where %s\n", REFUSALS[i].line, rc ? err.text : "nothing",
                    REFUSALS[i].message ? REFUSALS[i].message : "something belongs");
        wrong = true;
    }
    assert_false(wrong);
}

/* Reasons that come from other files: only the place is ours. */
static void test_reasons_of_others_get_the_place(void **state)
{
    static const struct {
        const char *line;
        const char *place;
    } ROWS[] = {
        {"{\"actor\":\"nobody\"}", "column 10: actor: "},
        {"{\"at\":\"yesterday\"}", "column 7: at: "},
        {"{\"at\":\"2015-12-24T14:31:00\"}", "column 7: at: "},
        {"{\"at\":\"2500-01-01T00:00:00Z\"}", "column 7: at: "},
        {FILL("\"symbol\":\"goog\""), "column 43: body.symbol: "},
        {FILL("\"symbol\":\"\""), "column 43: body.symbol: "},
        {FILL("\"symbol\":\"GOOG  151324P00750000\""), "column 43: body.symbol: "},
        {"{\"kind\":\"perception.clock\",\"body\":{\"session\":\"2015-02-29\"}}",
         "column 46: body.session: "},
        {ACTOR("\"key\":\"000102030405060708090A0B0C0D0E0F101112131415161718191a1b1c1d1e1f\""),
         "column 39: body.key: "},
        {ACTOR("\"key\":\"00\""), "column 39: body.key: "},
        {"{\"signature\":\"AAA!\"}", "column 14: signature: "},
    };
    static struct entry e;

    (void)state;
    for (size_t i = 0; i < COUNT(ROWS); i++) {
        struct err err = {0};
        assert_int_equal(read_line(ROWS[i].line, strlen(ROWS[i].line), &e, &err), ERR_INPUT);
        assert_int_equal(err.code, ERR_INPUT);
        if (strncmp(err.text, ROWS[i].place, strlen(ROWS[i].place)) != 0)
            fail_msg("%s\n%s", ROWS[i].line, err.text);
    }
}

static void test_an_unlike_kind_gets_the_whole_list(void **state)
{
    static const char LINE[] = "{\"kind\":\"hello\"}";
    static struct entry e;
    struct err err = {0};
    size_t count = 0;
    const struct entry_kind_info *const kinds = entry_kinds(&count);

    (void)state;
    assert_int_equal(read_line(LINE, sizeof LINE - 1, &e, &err), ERR_INPUT);
    for (size_t i = 0; i < count; i++)
        assert_non_null(strstr(err.text, strchr(kinds[i].text, '.')));
    assert_non_null(strstr(err.text, "there are perception.quote, .bar, .mark"));
    assert_non_null(strstr(err.text, ", .heartbeat, .correction, .override, .hypothesis"));
}

static void test_input_in_messages_is_cut_and_escaped(void **state)
{
    static struct entry e;
    struct err err = {0};
    char line[4096];
    int n = snprintf(line, sizeof line, "{\"");

    (void)state;
    for (int i = 0; i < 1000; i++)
        n += snprintf(line + n, sizeof line - (size_t)n, "\xc3\xa9");
    n += snprintf(line + n, sizeof line - (size_t)n, "\":1}");
    assert_int_equal(read_line(line, (size_t)n, &e, &err), ERR_INPUT);
    assert_true(strlen(err.text) < 200);
    assert_non_null(strstr(err.text, "\xc3\xa9\"...; a line has"));
    n = snprintf(line, sizeof line, "{\"\\u001b[31m\":1}");
    assert_int_equal(read_line(line, (size_t)n, &e, &err), ERR_INPUT);
    assert_non_null(strstr(err.text, "unknown key \"\\u001b[31m\";"));
}

static void test_a_caller_without_err_gets_the_code(void **state)
{
    static struct entry e;

    (void)state;
    for (size_t i = 0; i < COUNT(REFUSALS); i++)
        assert_int_equal(read_line(REFUSALS[i].line, strlen(REFUSALS[i].line), &e, NULL), ERR_INPUT);
}

/* -- limits -------------------------------------------------------------------------------------------- */

/* A note of `length` characters and as many spaces around as fill `size` bytes. Returns the line, to be
 * freed. */
static char *long_note(size_t length, size_t size)
{
    static const char HEAD[] = "{\"kind\":\"control.note\",\"body\":{\"text\":\"";
    char *const line = malloc(size);

    assert_non_null(line);
    memset(line, ' ', size);
    memcpy(line, HEAD, sizeof HEAD - 1);
    memset(line + sizeof HEAD - 1, 'x', length);
    memcpy(line + sizeof HEAD - 1 + length, "\"}}", 3);
    return line;
}

static void test_a_line_may_be_as_long_as_the_limit_and_no_longer(void **state)
{
    static struct entry e;
    struct err err = {0};
    char *const line = long_note(10, JSON_LINE_MAX + 1);

    (void)state;
    assert_int_equal(read_line(line, JSON_LINE_MAX, &e, &err), ERR_OK);
    assert_int_equal(read_line(line, JSON_LINE_MAX + 1, &e, &err), ERR_INPUT);
    assert_string_equal(err.text, "column 1048577: the line has 1048577 bytes, more than 1048576");
    free(line);
}

static void test_a_text_may_fill_an_entry_and_not_overflow_it(void **state)
{
    static struct entry e;
    static uint8_t bytes[ENTRY_MAX_SIZE];
    struct err err = {0};
    char *const fits = long_note(ENTRY_BODY_MAX - 2, JSON_LINE_MAX);
    char *const not = long_note(ENTRY_BODY_MAX + 1, JSON_LINE_MAX);

    (void)state;
    assert_int_equal(read_line(fits, JSON_LINE_MAX, &e, &err), ERR_OK);
    assert_int_equal(encode(&e, bytes), ENTRY_HEADER_SIZE + ENTRY_BODY_MAX);
    assert_int_equal(read_line(not, JSON_LINE_MAX, &e, &err), ERR_INPUT);
    assert_string_equal(err.text, "column 39: body.text: 65424 bytes, more than the 65423 an entry holds");
    free(fits);
    free(not );
}

static void test_a_list_may_be_full_and_no_fuller(void **state)
{
    static const char ROW[] = "{\"name\":\"a\",\"count\":1}";
    static const char HEAD[] =
        "{\"kind\":\"decision.no_trade\",\"body\":{\"strategy\":\"s\",\"symbol\":\"GOOG\","
        "\"seen\":0,\"passed\":0,\"reason\":\"\",\"gates\":[],\"failed\":[";
    static struct entry e;

    (void)state;
    for (int rows = COUNTS_MAX; rows <= COUNTS_MAX + 1; rows++) {
        char line[2048];
        struct err err = {0};
        int n = snprintf(line, sizeof line, "%s", HEAD);
        for (int i = 0; i < rows; i++)
            n += snprintf(line + n, sizeof line - (size_t)n, "%s%s", i ? "," : "", ROW);
        n += snprintf(line + n, sizeof line - (size_t)n, "]}}");
        const enum err_code rc = read_line(line, (size_t)n, &e, &err);
        assert_int_equal(rc, rows == COUNTS_MAX ? ERR_OK : ERR_INPUT);
        if (rows == COUNTS_MAX)
            assert_int_equal(e.as.decision_no_trade.failed.count, COUNTS_MAX);
        else
            assert_string_equal(err.text, "column 857: body.failed[32]: more than 32 rows");
    }
}

static void test_a_full_arena_is_not_blamed_on_the_line(void **state)
{
    static const char LINE[] = NOTE("\"a\\nb\"");
    static struct entry e;
    struct json_arena small = {arena_bytes, 2, 0};
    struct err err = {0};

    (void)state;
    assert_int_equal(entry_from_json(LINE, sizeof LINE - 1, &actors, 0, &small, &e, &err), ERR_MEMORY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_refusal_names_column_key_and_reason),
        cmocka_unit_test(test_reasons_of_others_get_the_place),
        cmocka_unit_test(test_an_unlike_kind_gets_the_whole_list),
        cmocka_unit_test(test_input_in_messages_is_cut_and_escaped),
        cmocka_unit_test(test_a_caller_without_err_gets_the_code),
        cmocka_unit_test(test_a_line_may_be_as_long_as_the_limit_and_no_longer),
        cmocka_unit_test(test_a_text_may_fill_an_entry_and_not_overflow_it),
        cmocka_unit_test(test_a_list_may_be_full_and_no_fuller),
        cmocka_unit_test(test_a_full_arena_is_not_blamed_on_the_line),
    };

    return cmocka_run_group_tests(tests, setup, NULL);
}
