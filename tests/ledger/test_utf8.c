#include "ledger/utf8.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* Unicode 15, table 3-7: the first and last sequence of each row, and their neighbours. */
static void test_only_shortest_forms_are_sequences(void **state)
{
    const struct {
        const char *bytes;
        size_t size;
        size_t length; /* 0: no sequence */
    } rows[] = {
        {"\x00", 1, 1},
        {"\x7f", 1, 1},
        {"\x80", 1, 0},
        {"\xc1\xbf", 2, 0},
        {"\xc2\x80", 2, 2},
        {"\xdf\xbf", 2, 2},
        {"\xdf\xc0", 2, 0},
        {"\xdf", 1, 0},
        {"\xe0\x9f\xbf", 3, 0},
        {"\xe0\xa0\x80", 3, 3},
        {"\xed\x9f\xbf", 3, 3},
        {"\xed\xa0\x80", 3, 0},
        {"\xee\x80\x80", 3, 3},
        {"\xef\xbf\xbf", 3, 3},
        {"\xef\xbf", 2, 0},
        {"\xf0\x8f\xbf\xbf", 4, 0},
        {"\xf0\x90\x80\x80", 4, 4},
        {"\xf4\x8f\xbf\xbf", 4, 4},
        {"\xf4\x90\x80\x80", 4, 0},
        {"\xf5\x80\x80\x80", 4, 0},
    };

    (void)state;
    assert_int_equal(utf8_sequence((const uint8_t *)"a", 0), 0);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_int_equal(utf8_sequence((const uint8_t *)rows[i].bytes, rows[i].size), rows[i].length);
}

/* Each byte value at each place of a text that is otherwise plain: so at every offset of a word, too. */
static void test_one_bad_byte_is_seen_wherever_it_is(void **state)
{
    char text[40];

    (void)state;
    for (size_t size = 1; size <= sizeof text; size++) {
        for (size_t at = 0; at < size; at++) {
            for (unsigned byte = 0; byte < 256; byte++) {
                memset(text, 'a', size);
                text[at] = (char)byte;
                assert_int_equal(utf8_is_valid_text(text, size), byte >= 1 && byte <= 0x7f);
            }
        }
    }
    assert_true(utf8_is_valid_text("", 0));
}

static void test_longer_sequences_are_seen_across_words(void **state)
{
    static const char euro[] = "\xe2\x82\xac";
    char text[40];

    (void)state;
    for (size_t at = 0; at + 3 <= sizeof text; at++) {
        memset(text, 0x01, sizeof text);
        memcpy(text + at, euro, 3);
        assert_true(utf8_is_valid_text(text, sizeof text));
        assert_false(utf8_is_valid_text(text, at + 1)); /* cut */
        assert_false(utf8_is_valid_text(text, at + 2));
        assert_true(utf8_is_valid_text(text, at + 3));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_only_shortest_forms_are_sequences),
        cmocka_unit_test(test_one_bad_byte_is_seen_wherever_it_is),
        cmocka_unit_test(test_longer_sequences_are_seen_across_words),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
