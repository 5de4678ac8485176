/* Hexadecimal: one form out, and only that form in. */
#include "ledger/hex.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void test_every_byte_goes_out_and_comes_back(void **state)
{
    uint8_t bytes[256];
    uint8_t back[256];
    char text[HEX_LENGTH(256) + 1];
    struct err err;

    (void)state;
    for (int i = 0; i < 256; i++)
        bytes[i] = (uint8_t)i;
    assert_int_equal(hex_encode(text, bytes, sizeof bytes), 512);
    assert_memory_equal(text, "000102030405060708090a0b0c0d0e0f10", 34);
    assert_string_equal(text + 512 - 6, "fdfeff");
    assert_int_equal(hex_decode(text, 512, back, 256, &err), ERR_OK);
    assert_memory_equal(bytes, back, 256);
    assert_int_equal(hex_encode(text, bytes, 0), 0);
    assert_string_equal(text, "");
    assert_int_equal(hex_decode("", 0, back, 0, &err), ERR_OK);
}

static void test_each_other_character_is_refused_and_named(void **state)
{
    uint8_t out[2] = {7, 7};
    struct err err;
    char text[5] = "00af";

    (void)state;
    for (int c = 0; c < 256; c++) {
        const bool good = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
        text[2] = (char)c;
        out[0] = out[1] = 7;
        assert_int_equal(hex_decode(text, 4, out, 2, &err), good ? ERR_OK : ERR_FORMAT);
        if (good)
            continue;
        assert_non_null(strstr(err.text, "character 3 "));
        assert_int_equal(out[0], 7); /* untouched */
    }
}

static void test_the_length_must_be_exact(void **state)
{
    uint8_t out[2];
    struct err err;

    (void)state;
    assert_int_equal(hex_decode("aabb", 4, out, 2, &err), ERR_OK);
    assert_int_equal(hex_decode("aab", 3, out, 2, &err), ERR_FORMAT);
    assert_int_equal(hex_decode("aabbc", 5, out, 2, &err), ERR_FORMAT);
    assert_int_equal(hex_decode("aabbcc", 6, out, 2, &err), ERR_FORMAT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_byte_goes_out_and_comes_back),
        cmocka_unit_test(test_each_other_character_is_refused_and_named),
        cmocka_unit_test(test_the_length_must_be_exact),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
