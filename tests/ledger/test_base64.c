/* Base64: RFC 4648's vectors, every length, and nothing but the canonical form. */
#include "ledger/base64.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static void test_the_vectors_of_rfc_4648(void **state)
{
    static const struct {
        const char *bytes;
        const char *text;
    } cases[] = {
        {"", ""},
        {"f", "Zg=="},
        {"fo", "Zm8="},
        {"foo", "Zm9v"},
        {"foob", "Zm9vYg=="},
        {"fooba", "Zm9vYmE="},
        {"foobar", "Zm9vYmFy"},
        {"\xfb\xff\xfe", "+//+"},
    };
    char text[16];
    uint8_t bytes[16];
    size_t size = 99;
    struct err err;

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        const size_t want = strlen(cases[i].bytes);
        assert_int_equal(base64_encode(text, cases[i].bytes, want), strlen(cases[i].text));
        assert_string_equal(text, cases[i].text);
        assert_int_equal(base64_decode(text, strlen(text), bytes, sizeof bytes, &size, &err), ERR_OK);
        assert_int_equal(size, want);
        assert_memory_equal(bytes, cases[i].bytes, want);
    }
}

static void test_every_length_comes_back(void **state)
{
    uint8_t bytes[256];
    uint8_t back[256];
    char text[BASE64_LENGTH(256) + 1];
    size_t size = 0;
    struct err err;

    (void)state;
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(i * 167 + 13);
    for (size_t n = 0; n <= sizeof bytes; n++) {
        const size_t length = base64_encode(text, bytes, n);
        assert_int_equal(length, BASE64_LENGTH(n));
        assert_int_equal(base64_decode(text, length, back, n, &size, &err), ERR_OK);
        assert_int_equal(size, n);
        assert_memory_equal(bytes, back, n);
        if (n > 0) /* one byte too little room */
            assert_int_equal(base64_decode(text, length, back, n - 1, &size, &err), ERR_FORMAT);
    }
}

/*
 * All 3- and 4-character endings over a small alphabet that has every kind of character: what is accepted is
 * exactly what the writer writes.
 */
static void test_what_is_accepted_is_what_would_be_written(void **state)
{
    static const char kinds[] = "AQRgw/+=-_ \n\x80";
    const size_t n = sizeof kinds; /* with the zero byte */
    char text[4];
    char again[8];
    uint8_t bytes[3];
    size_t size = 0;
    int accepted = 0;

    (void)state;
    for (size_t i = 0; i < n * n * n * n; i++) {
        text[0] = kinds[i % n];
        text[1] = kinds[i / n % n];
        text[2] = kinds[i / n / n % n];
        text[3] = kinds[i / n / n / n];
        if (base64_decode(text, 4, bytes, sizeof bytes, &size, NULL))
            continue;
        assert_int_equal(base64_encode(again, bytes, size), 4);
        assert_memory_equal(text, again, 4);
        accepted++;
    }
    /* 7 digits: 7^4 whole; two pads: 7 * {A,Q,g,w: low four bits zero}; one pad: 49 * {A,Q,g,w: low two bits
     * zero} */
    assert_int_equal(accepted, 2401 + 7 * 4 + 49 * 4);
}

static void test_other_forms_are_refused_with_the_place(void **state)
{
    static const struct {
        const char *text;
        const char *says;
    } cases[] = {
        {"QR==", "character 2"},                               /* bits set after the last byte */
        {"QUJ=", "character 3"},                               /* the same with one pad */
        {"QQ=", "multiple of 4"},                              /* a pad is missing */
        {"QQ", "multiple of 4"},                               /* both are */
        {"Q===", "character 2"},                               /* one pad too many */
        {"====", "character 1"},  {"QQ==QQ==", "character 3"}, /* padding inside */
        {"Q-Q=", "character 2"},                               /* the URL-safe alphabet */
        {"QQ=\n", "character 3"}, {"Q Q=", "character 2"},
    };
    uint8_t bytes[8] = {0};
    size_t size = 77;
    struct err err;

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_int_equal(
            base64_decode(cases[i].text, strlen(cases[i].text), bytes, sizeof bytes, &size, &err),
            ERR_FORMAT);
        assert_non_null(strstr(err.text, cases[i].says));
        assert_int_equal(size, 77);
        assert_int_equal(base64_check(cases[i].text, strlen(cases[i].text), &size, &err), ERR_FORMAT);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_vectors_of_rfc_4648),
        cmocka_unit_test(test_every_length_comes_back),
        cmocka_unit_test(test_what_is_accepted_is_what_would_be_written),
        cmocka_unit_test(test_other_forms_are_refused_with_the_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
