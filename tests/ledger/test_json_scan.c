/* The scanner takes RFC 8259 and nothing else, and says at which byte a text stops being it. */
#include "ledger/json_scan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof(array)[0])
#define ARENA_SIZE   4096

struct sized {
    const char *text;
    size_t size;
};
#define S(literal)                                                                                           \
    {                                                                                                        \
        literal, sizeof(literal) - 1                                                                         \
    }

/* Scans a copy of exactly `size` bytes, so that a read past the end is seen by the sanitizer. */
static enum err_code scan_all(const char *text, size_t size, struct json_value *last, struct err *err)
{
    char *const copy = malloc(size ? size : 1);
    char arena_bytes[ARENA_SIZE];
    struct json_arena arena = {arena_bytes, sizeof arena_bytes, 0};
    struct json_scan s;
    enum err_code rc = ERR_OK;

    assert_non_null(copy);
    memcpy(copy, text, size);
    json_scan_init(&s, copy, size, &arena);
    do
        rc = json_scan_next(&s, err);
    while (!rc && s.now.token != JSON_END);
    *last = s.now;
    free(copy);
    return rc;
}

/* One letter a token, so that a whole text's tokens read as a word. */
static void tokens_of(const char *text, char *word)
{
    static const char LETTERS[] = "E{}[]ksntf0";
    char arena_bytes[ARENA_SIZE];
    struct json_arena arena = {arena_bytes, sizeof arena_bytes, 0};
    struct json_scan s;
    struct err err = {0};

    json_scan_init(&s, text, strlen(text), &arena);
    do {
        if (json_scan_next(&s, &err))
            fail_msg("%s: column %zu: %s", text, s.now.column, err.text);
        *word++ = LETTERS[s.now.token];
    } while (s.now.token != JSON_END);
    *word = '\0';
}

static void test_tokens_come_in_order(void **state)
{
    static const struct {
        const char *text;
        const char *word;
    } ROWS[] = {
        {"{}", "{}E"},
        {"[]", "[]E"},
        {" { } ", "{}E"},
        {"\t\r\n[ ]\n", "[]E"},
        {"0", "nE"},
        {"\"\"", "sE"},
        {"true", "tE"},
        {"false", "fE"},
        {"null", "0E"},
        {"{\"a\":1}", "{kn}E"},
        {"{ \"a\" : 1 , \"b\" : [ ] }", "{knk[]}E"},
        {"[1,\"x\",true,false,null,{},[]]", "[nstf0{}[]]E"},
        {"[[[[]]]]", "[[[[]]]]E"},
        {"{\"a\":{\"b\":{\"c\":[{}]}}}", "{k{k{k[{}]}}}E"},
        {"{\"\":\"\"}", "{ks}E"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(ROWS); i++) {
        char word[64];
        tokens_of(ROWS[i].text, word);
        assert_string_equal(word, ROWS[i].word);
    }
}

static void test_strings_say_what_they_mean(void **state)
{
    static const struct {
        struct sized json;
        struct sized says;
    } ROWS[] = {
        {S("\"plain\""), S("plain")},
        {S("\"\""), S("")},
        {S("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\""), S("\"\\/\b\f\n\r\t")},
        {S("\"\\u0041\\u005a\""), S("AZ")},
        {S("\"a\\u0000b\""), S("a\0b")},
        {S("\"\\u007f\""), S("\x7f")},
        {S("\"\\u0080\\u07ff\""), S("\xc2\x80\xdf\xbf")},
        {S("\"\\u0800\\uFFFF\""), S("\xe0\xa0\x80\xef\xbf\xbf")},
        {S("\"\\ud7ff\\ue000\""), S("\xed\x9f\xbf\xee\x80\x80")},
        {S("\"\\ud800\\udc00\\uDBFF\\uDFFF\""), S("\xf0\x90\x80\x80\xf4\x8f\xbf\xbf")},
        {S("\"caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x92\xb0\""), S("caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x92\xb0")},
        {S("\"caf\xc3\xa9\\n\xe2\x82\xac\""), S("caf\xc3\xa9\n\xe2\x82\xac")},
        {S("\"\x7f\""), S("\x7f")}, /* DEL needs no escape in RFC 8259 */
    };

    (void)state;
    for (size_t i = 0; i < COUNT(ROWS); i++) {
        char arena_bytes[64];
        struct json_arena arena = {arena_bytes, sizeof arena_bytes, 0};
        struct json_scan s;
        struct err err = {0};
        json_scan_init(&s, ROWS[i].json.text, ROWS[i].json.size, &arena);
        assert_int_equal(json_scan_next(&s, &err), ERR_OK);
        assert_int_equal(s.now.token, JSON_STRING);
        assert_int_equal(s.now.length, ROWS[i].says.size);
        assert_memory_equal(s.now.text, ROWS[i].says.text, ROWS[i].says.size);
        const bool escaped = memchr(ROWS[i].json.text, '\\', ROWS[i].json.size) != NULL;
        assert_int_equal(arena.used, escaped ? ROWS[i].says.size : 0); /* borrowed when nothing is escaped */
    }
}

static void test_numbers_stay_text(void **state)
{
    static const char *const ROWS[] = {"0",       "-0",
                                       "1",       "-1",
                                       "10",      "0.0",
                                       "-0.50",   "1e5",
                                       "1E+5",    "1e-05",
                                       "0e0",     "9223372036854775808",
                                       "1.5e300", "123456789012345678901234567890.000"};

    (void)state;
    for (size_t i = 0; i < COUNT(ROWS); i++) {
        struct json_scan s;
        struct err err = {0};
        json_scan_init(&s, ROWS[i], strlen(ROWS[i]), NULL);
        assert_int_equal(json_scan_next(&s, &err), ERR_OK);
        assert_int_equal(s.now.token, JSON_NUMBER);
        assert_int_equal(s.now.length, strlen(ROWS[i]));
        assert_memory_equal(s.now.text, ROWS[i], s.now.length);
        assert_int_equal(json_scan_next(&s, &err), ERR_OK);
        assert_int_equal(s.now.token, JSON_END);
    }
}

static void test_columns_are_those_of_the_first_byte(void **state)
{
    static const char TEXT[] = "{ \"a\\n\" : 12 ,\"\xc3\xa9\":[true, \"x\"]}";
    static const size_t COLUMNS[] = {1, 3, 11, 15, 20, 21, 27, 30, 31, 32};
    char arena_bytes[64];
    struct json_arena arena = {arena_bytes, sizeof arena_bytes, 0};
    struct json_scan s;
    struct err err = {0};

    (void)state;
    json_scan_init(&s, TEXT, sizeof TEXT - 1, &arena);
    for (size_t i = 0; i < COUNT(COLUMNS); i++) {
        assert_int_equal(json_scan_next(&s, &err), ERR_OK);
        assert_int_equal(s.now.column, COLUMNS[i]);
    }
    assert_int_equal(s.now.token, JSON_END);
}

static void test_every_refusal_names_column_and_reason(void **state)
{
    static const struct {
        struct sized json;
        size_t column;
        const char *reason;
    } ROWS[] = {
        {S(""), 1, "expected a value, found the end of the line"},
        {S("   "), 4, "expected a value, found the end of the line"},
        {S("\xef\xbb\xbf{}"), 1, "expected a value, found a byte order mark: save without one"},
        {S("\0"), 1, "expected a value, found byte 0x00"},
        {S("{}\0"), 3, "expected nothing after the value, found byte 0x00"},
        {S("{} {}"), 4, "expected nothing after the value, found '{'"},
        {S("{},"), 3, "expected nothing after the value, found ','"},
        {S("]"), 1, "expected a value, found ']'"},
        {S("[}"), 2, "expected a value, found '}'"},
        {S("{]"), 2, "expected a key in quotes, found ']'"},
        {S("[1}"), 3, "expected ',' or ']', found '}'"},
        {S("{\"a\":1]"), 7, "expected ',' or '}', found ']'"},
        {S("["), 2, "expected a value, found the end of the line"},
        {S("{"), 2, "expected a key in quotes, found the end of the line"},
        {S("[1"), 3, "expected ',' or ']', found the end of the line"},
        {S("[1,"), 4, "expected a value, found the end of the line"},
        {S("[1,]"), 4, "expected a value, found ']'"},
        {S("[,1]"), 2, "expected a value, found ','"},
        {S("[1 2]"), 4, "expected ',' or ']', found '2'"},
        {S("{\"a\"}"), 5, "expected ':' after the key, found '}'"},
        {S("{\"a\" 1}"), 6, "expected ':' after the key, found '1'"},
        {S("{\"a\":}"), 6, "expected a value, found '}'"},
        {S("{\"a\":1,}"), 8, "expected a key in quotes, found '}'"},
        {S("{a:1}"), 2, "expected a key in quotes, found 'a'"},
        {S("{'a':1}"), 2, "expected a key in quotes, found '''"},
        {S("{1:1}"), 2, "expected a key in quotes, found '1'"},
        {S("01"), 1, "a number with a leading zero"},
        {S("-01"), 2, "a number with a leading zero"},
        {S("00"), 1, "a number with a leading zero"},
        {S("+1"), 1, "expected a value, found '+'"},
        {S(".5"), 1, "expected a value, found '.'"},
        {S("-"), 2, "expected a digit, found the end of the line"},
        {S("-a"), 2, "expected a digit, found 'a'"},
        {S("5."), 3, "expected a digit after the point, found the end of the line"},
        {S("5.e1"), 3, "expected a digit after the point, found 'e'"},
        {S("1e"), 3, "expected a digit of the exponent, found the end of the line"},
        {S("1e+"), 4, "expected a digit of the exponent, found the end of the line"},
        {S("1x"), 2, "expected nothing after the value, found 'x'"},
        {S("0x10"), 2, "expected nothing after the value, found 'x'"},
        {S("NaN"), 1, "expected a value, found 'N'"},
        {S("Infinity"), 1, "expected a value, found 'I'"},
        {S("-Infinity"), 2, "expected a digit, found 'I'"},
        {S("tru"), 1, "expected a value (a word other than true, false and null needs quotes)"},
        {S("nul"), 1, "expected a value (a word other than true, false and null needs quotes)"},
        {S("False"), 1, "expected a value, found 'F'"},
        {S("truefalse"), 5, "expected nothing after the value, found 'f'"},
        {S("\"abc"), 5, "the line ends inside a string"},
        {S("\""), 2, "the line ends inside a string"},
        {S("\"abc\\"), 6, "the line ends inside a string"},
        {S("\"a\\\""), 5, "the line ends inside a string"},
        {S("\"\\x41\""), 2, "unknown escape: after \\ comes one of \" \\ / b f n r t u"},
        {S("\"\\\0\""), 2, "unknown escape: after \\ comes one of \" \\ / b f n r t u"},
        {S("\"\\U0041\""), 2, "unknown escape: after \\ comes one of \" \\ / b f n r t u"},
        {S("\"\\u004\""), 2, "\\u needs four hex digits"},
        {S("\"\\u00g0\""), 2, "\\u needs four hex digits"},
        {S("\"\\u"), 2, "\\u needs four hex digits"},
        {S("\"ab\\ud800\""), 4, "the first half of a surrogate pair without its second"},
        {S("\"\\ud800x\""), 2, "the first half of a surrogate pair without its second"},
        {S("\"\\ud800\\n\""), 2, "the first half of a surrogate pair without its second"},
        {S("\"\\ud800\\u0041\""), 2, "the first half of a surrogate pair without its second"},
        {S("\"\\ud800\\ud800\""), 2, "the first half of a surrogate pair without its second"},
        {S("\"\\udbff\\ue000\""), 2, "the first half of a surrogate pair without its second"},
        {S("\"\\ud800\\udc0\""), 2, "the first half of a surrogate pair without its second"},
        {S("\"\\udc00\""), 2, "the second half of a surrogate pair without its first"},
        {S("\"\\udfff\""), 2, "the second half of a surrogate pair without its first"},
        {S("\"a\x80\""), 3, "byte 0x80 is not UTF-8"},
        {S("\"a\xc0\xaf\""), 3, "byte 0xc0 is not UTF-8"},        /* overlong "/" */
        {S("\"\xc1\xbf\""), 2, "byte 0xc1 is not UTF-8"},         /* overlong */
        {S("\"\xe0\x9f\xbf\""), 2, "byte 0xe0 is not UTF-8"},     /* overlong U+07FF */
        {S("\"\xed\xa0\x80\""), 2, "byte 0xed is not UTF-8"},     /* U+D800 */
        {S("\"\xf0\x8f\xbf\xbf\""), 2, "byte 0xf0 is not UTF-8"}, /* overlong U+FFFF */
        {S("\"\xf4\x90\x80\x80\""), 2, "byte 0xf4 is not UTF-8"}, /* U+110000 */
        {S("\"\xf5\x80\x80\x80\""), 2, "byte 0xf5 is not UTF-8"},
        {S("\"\xff\""), 2, "byte 0xff is not UTF-8"},
        {S("\"\xe2\x82\""), 2, "byte 0xe2 is not UTF-8"}, /* cut short by the quote */
        {S("\"\xe2\x82"), 2, "byte 0xe2 is not UTF-8"},   /* cut short by the end */
        {S("\"\\n\xc3\""), 4, "byte 0xc3 is not UTF-8"},  /* behind an escape */
        {S("{\"\xff\":1}"), 3, "byte 0xff is not UTF-8"}, /* in a key */
        {S("\xff"), 1, "byte 0xff is not UTF-8"},
        {S("\xc2\xa0{}"), 1, "expected a value, found byte 0xc2"}, /* a no-break space is no white space */
        {S("\f{}"), 1, "expected a value, found byte 0x0c"},
        {S("[[[[[[[[[[[[[[[[["), 17, "nested deeper than 16 levels"},
        {S("{\"a\":[[[[[[[[[[[[[[[{"), 21, "nested deeper than 16 levels"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(ROWS); i++) {
        struct json_value last;
        struct err err = {0};
        const enum err_code rc = scan_all(ROWS[i].json.text, ROWS[i].json.size, &last, &err);
        if (rc != ERR_INPUT || last.column != ROWS[i].column || strcmp(err.text, ROWS[i].reason) != 0)
            fail_msg("%s (row %zu): code %d, column %zu: %s", ROWS[i].json.text, i, (int)rc, last.column,
                     err.text);
    }
}

static void test_no_control_character_passes_raw_and_each_passes_escaped(void **state)
{
    (void)state;
    for (unsigned c = 0; c < 0x20; c++) {
        char text[16];
        char reason[80];
        struct json_value last;
        struct err err = {0};
        const int raw = snprintf(text, sizeof text, "\"ab%c\"", (int)c);
        snprintf(reason, sizeof reason, "a control character in a string: write it as \\u%04x", c);
        assert_int_equal(scan_all(text, (size_t)raw, &last, &err), ERR_INPUT);
        assert_int_equal(last.column, 4);
        assert_string_equal(err.text, reason);
        const int escaped = snprintf(text, sizeof text, "\"ab\\u%04x\"", c);
        assert_int_equal(scan_all(text, (size_t)escaped, &last, &err), ERR_OK);
    }
}

static void test_sixteen_levels_pass(void **state)
{
    char word[64];

    (void)state;
    tokens_of("[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]", word);
    assert_string_equal(word, "[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]E");
    tokens_of("{\"a\":[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]}", word);
}

static void test_every_prefix_of_a_text_is_refused(void **state)
{
    static const char TEXT[] = "{\"k\":[1.5e3,\"\\u00e9\\ud83d\\ude00\xc3\xa9\",true,null,{\"z\":{}}]}";

    (void)state;
    for (size_t size = 0; size < sizeof TEXT - 1; size++) {
        struct json_value last;
        struct err err = {0};
        assert_int_equal(scan_all(TEXT, size, &last, &err), ERR_INPUT);
        assert_true(last.column >= 1 && last.column <= size + 1);
    }
}

static void test_a_full_arena_is_said_and_not_passed(void **state)
{
    static const char TEXT[] = "\"12\\n4567\"";

    (void)state;
    for (size_t capacity = 0; capacity <= 7; capacity++) {
        char bytes[8] = "#######";
        struct json_arena arena = {bytes, capacity, 0};
        struct json_scan s;
        struct err err = {0};
        json_scan_init(&s, TEXT, sizeof TEXT - 1, &arena);
        assert_int_equal(json_scan_next(&s, &err), capacity < 7 ? ERR_MEMORY : ERR_OK);
        for (size_t i = capacity; i < 7; i++)
            assert_int_equal(bytes[i], '#');
    }
}

static void test_skip_steps_over_one_value(void **state)
{
    static const char TEXT[] = "{\"a\":{\"x\":[1,{}],\"y\":2},\"b\":[[],3],\"c\":\"s\"}";
    struct json_scan s;
    struct err err = {0};

    (void)state;
    json_scan_init(&s, TEXT, sizeof TEXT - 1, NULL);
    assert_int_equal(json_scan_next(&s, &err), ERR_OK);
    for (const char *key = "abc"; *key; key++) {
        assert_int_equal(json_scan_next(&s, &err), ERR_OK);
        assert_int_equal(s.now.token, JSON_KEY);
        assert_int_equal(s.now.text[0], *key);
        assert_int_equal(json_scan_next(&s, &err), ERR_OK);
        assert_int_equal(json_scan_skip(&s, &err), ERR_OK);
    }
    assert_int_equal(json_scan_next(&s, &err), ERR_OK);
    assert_int_equal(s.now.token, JSON_OBJECT_END);
    assert_int_equal(json_scan_next(&s, &err), ERR_OK);
    assert_int_equal(s.now.token, JSON_END);
}

static void test_skip_refuses_what_next_refuses(void **state)
{
    static const char TEXT[] = "[[1,{\"a\":01}]]";
    struct json_scan s;
    struct err err = {0};

    (void)state;
    json_scan_init(&s, TEXT, sizeof TEXT - 1, NULL);
    assert_int_equal(json_scan_next(&s, &err), ERR_OK);
    assert_int_equal(json_scan_skip(&s, &err), ERR_INPUT);
    assert_int_equal(s.now.column, 10);
    assert_string_equal(err.text, "a number with a leading zero");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tokens_come_in_order),
        cmocka_unit_test(test_strings_say_what_they_mean),
        cmocka_unit_test(test_numbers_stay_text),
        cmocka_unit_test(test_columns_are_those_of_the_first_byte),
        cmocka_unit_test(test_every_refusal_names_column_and_reason),
        cmocka_unit_test(test_no_control_character_passes_raw_and_each_passes_escaped),
        cmocka_unit_test(test_sixteen_levels_pass),
        cmocka_unit_test(test_every_prefix_of_a_text_is_refused),
        cmocka_unit_test(test_a_full_arena_is_said_and_not_passed),
        cmocka_unit_test(test_skip_steps_over_one_value),
        cmocka_unit_test(test_skip_refuses_what_next_refuses),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
