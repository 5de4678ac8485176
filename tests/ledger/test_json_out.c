/* The writer's output is valid JSON whatever it is given, and it never writes past its room. */
#include "ledger/json_out.h"

#include "ledger/decimal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static void assert_text(const struct json_out *out, const char *expected)
{
    assert_int_equal(json_out_done(out, NULL), ERR_OK);
    if (out->size != strlen(expected) || memcmp(out->bytes, expected, out->size) != 0)
        fail_msg("%.*s", (int)out->size, out->bytes);
}

static void put_sample(struct json_out *out)
{
    json_out_object(out);
    json_out_key(out, "seq");
    json_out_u64(out, 12);
    json_out_key(out, "rows");
    json_out_array(out);
    json_out_object(out);
    json_out_object_end(out);
    json_out_i64(out, -1);
    json_out_bool(out, true);
    json_out_bool(out, false);
    json_out_null(out);
    json_out_array(out);
    json_out_array_end(out);
    json_out_raw(out, "[1,2]", 5);
    json_out_text(out, "x");
    json_out_array_end(out);
    json_out_key(out, "fee");
    json_out_decimal(out, 1250000, MONEY_DECIMALS);
    json_out_object_end(out);
}

static const char SAMPLE[] = "{\"seq\":12,\"rows\":[{},-1,true,false,null,[],[1,2],\"x\"],\"fee\":\"1.25\"}";

static void test_commas_stand_between_and_nowhere_else(void **state)
{
    char bytes[256];
    struct json_out out;

    (void)state;
    json_out_init_fixed(&out, bytes, sizeof bytes);
    put_sample(&out);
    assert_text(&out, SAMPLE);
}

static void test_lines_stand_alone(void **state)
{
    char bytes[64];
    struct json_out out;

    (void)state;
    json_out_init_fixed(&out, bytes, sizeof bytes);
    for (int i = 1; i <= 3; i++) {
        json_out_i64(&out, i);
        json_out_line(&out);
    }
    assert_text(&out, "1\n2\n3\n");
}

static void test_scalars_at_their_ends(void **state)
{
    char bytes[512];
    struct json_out out;

    (void)state;
    json_out_init_fixed(&out, bytes, sizeof bytes);
    json_out_array(&out);
    json_out_i64(&out, INT64_MIN);
    json_out_i64(&out, INT64_MAX);
    json_out_u64(&out, 0);
    json_out_u64(&out, UINT64_MAX);
    json_out_decimal(&out, INT64_MIN, 9);
    json_out_decimal(&out, 0, 9);
    json_out_instant(&out, 0);
    json_out_instant(&out, INSTANT_NONE);
    json_out_day(&out, 0);
    json_out_day(&out, CIVIL_DAY_NONE);
    json_out_hex(&out, "\x00\xff\x1a", 3);
    json_out_hex(&out, "", 0);
    json_out_array_end(&out);
    assert_text(&out, "[-9223372036854775808,9223372036854775807,0,18446744073709551615,"
                      "\"-9223372036.854775808\",\"0\",\"1970-01-01T00:00:00Z\",null,\"1970-01-01\",null,"
                      "\"00ff1a\",\"\"]");
}

static void test_strings_escape_what_must_be_and_no_more(void **state)
{
    static const struct {
        const char *text;
        size_t length;
        const char *json;
    } ROWS[] = {
        {"", 0, "\"\""},
        {"plain/'<>&", 10, "\"plain/'<>&\""},
        {"\"\\", 2, "\"\\\"\\\\\""},
        {"\b\f\n\r\t", 5, "\"\\b\\f\\n\\r\\t\""},
        {"\0\x01\x1f\x7f", 4, "\"\\u0000\\u0001\\u001f\x7f\""},
        {"\xc3\xa9\xe2\x82\xac\xf0\x9f\x92\xb0", 9, "\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x92\xb0\""},
        {"a\xff"
         "b",
         3,
         "\"a\xef\xbf\xbd"
         "b\""},
        {"\xe2\x82", 2, "\"\xef\xbf\xbd\xef\xbf\xbd\""},                 /* cut short */
        {"\xed\xa0\x80", 3, "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""}, /* a surrogate */
    };

    (void)state;
    for (size_t i = 0; i < COUNT(ROWS); i++) {
        char bytes[128];
        struct json_out out;
        json_out_init_fixed(&out, bytes, sizeof bytes);
        json_out_string(&out, ROWS[i].text, ROWS[i].length);
        assert_text(&out, ROWS[i].json);
    }
}

static void test_a_fixed_buffer_takes_what_fits_and_says_when_it_is_full(void **state)
{
    (void)state;
    for (size_t capacity = 0; capacity <= sizeof SAMPLE; capacity++) {
        char bytes[sizeof SAMPLE + 1];
        struct json_out out;
        struct err err = {0};
        memset(bytes, '#', sizeof bytes);
        json_out_init_fixed(&out, bytes, capacity);
        put_sample(&out);
        const bool fits = capacity >= sizeof SAMPLE - 1;
        assert_int_equal(json_out_done(&out, &err), fits ? ERR_OK : ERR_MEMORY);
        for (size_t i = capacity; i < sizeof bytes; i++)
            assert_int_equal(bytes[i], '#');
        json_out_clear(&out);
        assert_int_equal(json_out_done(&out, &err), ERR_OK);
    }
}

static void test_a_growing_buffer_grows_and_is_used_again(void **state)
{
    struct json_out out;

    (void)state;
    json_out_init(&out);
    json_out_array(&out);
    for (int i = 0; i < 10000; i++)
        json_out_text(&out, "0123456789");
    json_out_array_end(&out);
    assert_int_equal(json_out_done(&out, NULL), ERR_OK);
    assert_int_equal(out.size, 10000 * 13 + 1);
    const char *const bytes = out.bytes;
    json_out_clear(&out);
    put_sample(&out);
    assert_text(&out, SAMPLE);
    assert_ptr_equal(out.bytes, bytes);
    json_out_release(&out);
    json_out_release(&out);
    json_out_release(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_commas_stand_between_and_nowhere_else),
        cmocka_unit_test(test_lines_stand_alone),
        cmocka_unit_test(test_scalars_at_their_ends),
        cmocka_unit_test(test_strings_escape_what_must_be_and_no_more),
        cmocka_unit_test(test_a_fixed_buffer_takes_what_fits_and_says_when_it_is_full),
        cmocka_unit_test(test_a_growing_buffer_grows_and_is_used_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
