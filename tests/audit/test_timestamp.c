/*
 * Reading timestamps: what a token and an answer may look like, and the rules of those beside a seal. Whose word one is:
 * test_timestamp_chain.c.
 */
#include "audit/timestamp.h"
#include "support/token.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static const char NOTE[] = "desk.example/test\n7\nAAAA\n\n\xe2\x80\x94 desk.example/test ABCD\n";
static const char COSIGNED[] = "desk.example/test\n7\nAAAA\n\n\xe2\x80\x94 desk.example/test ABCD\n"
                               "\xe2\x80\x94 witness.example EFGH\n";

static enum err_code parse(const struct token_parts *p, struct timestamp *t, struct err *err)
{
    static uint8_t token[TOKEN_ROOM];
    const size_t size = token_make(p, token);

    return timestamp_parse(t, token, size, err);
}

static struct token_parts good_parts(void)
{
    static struct hash imprint;

    imprint = hash_bytes(NOTE, sizeof NOTE - 1);
    return (struct token_parts){imprint.bytes, HASH_SIZE, 1, "20151224143100Z", NULL, 0};
}

static int64_t instant(const char *text)
{
    int64_t at_ns = 0;

    assert_int_equal(instant_parse(text, strlen(text), &at_ns, NULL), ERR_OK);
    return at_ns;
}

static void test_a_token_says_imprint_time_policy_and_serial(void **state)
{
    static const uint8_t REST[] =
        "\x30\x0a\x02\x01\x02\x80\x01\x05\x81\x02\x00\xc8\x01\x01\xff\x02\x03\x01\x02\x03";
    struct token_parts parts = good_parts();
    struct timestamp t;
    struct err err;

    (void)state;
    parts.rest = (const char *)REST;
    parts.rest_size = sizeof REST - 1;
    assert_int_equal(parse(&parts, &t, &err), ERR_OK);
    assert_int_equal(t.imprint_size, 32);
    assert_memory_equal(t.imprint, parts.imprint, 32);
    assert_int_equal(t.at_ns, instant("2015-12-24T14:31:00Z"));
    assert_int_equal(t.accuracy_ns, 2005200000);
    assert_string_equal(t.policy, "1.2.3.4");
    assert_int_equal(t.serial_size, 1);
    assert_int_equal(t.serial[0], 0x11);
    assert_int_equal(t.nonce_size, 3);
    assert_memory_equal(t.nonce, "\x01\x02\x03", 3);
}

static void test_times_are_read_as_rfc_3161_writes_them(void **state)
{
    static const struct {
        const char *time;
        const char *instant; /* NULL: refused */
    } ROWS[] = {{"20151224143100Z", "2015-12-24T14:31:00Z"},
                {"20151224143100.5Z", "2015-12-24T14:31:00.5Z"},
                {"20151224143100.123456789Z", "2015-12-24T14:31:00.123456789Z"},
                {"20151224143100.1234567891Z", NULL},
                {"20151224143100", NULL},
                {"20151224143100+", NULL},
                {"20151224143100.Z", NULL},
                {"20151224143100,5Z", NULL},
                {"201512241431Z", NULL},
                {"20151324143100Z", NULL},
                {"20150229143100Z", NULL},
                {"20151224243100Z", NULL},
                {"2015122414310 Z", NULL},
                {"00001224143100Z", NULL},
                {"", NULL}};
    struct token_parts parts = good_parts();

    (void)state;
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        struct timestamp t = {.at_ns = 1};
        struct err err = {.code = ERR_OK};
        parts.time = ROWS[i].time;
        const enum err_code rc = parse(&parts, &t, &err);
        if (ROWS[i].instant) {
            assert_int_equal(rc, ERR_OK);
            assert_int_equal(t.at_ns, instant(ROWS[i].instant));
        } else {
            assert_int_equal(rc, ERR_FORMAT);
            assert_non_null(strstr(err.text, "time"));
            assert_int_equal(t.at_ns, 1);
        }
    }
}

static void test_imprints_are_sha_2_of_their_length(void **state)
{
    static const uint8_t bytes[80];
    static const struct {
        uint8_t digest;
        size_t size;
        bool is_good;
    } ROWS[] = {{1, 32, true},  {2, 48, true},  {3, 64, true},  {1, 31, false}, {1, 33, false},
                {1, 48, false}, {3, 32, false}, {4, 28, false}, {1, 0, false}};

    (void)state;
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        struct token_parts parts = good_parts();
        struct timestamp t;
        parts.imprint = bytes;
        parts.imprint_size = ROWS[i].size;
        parts.digest = ROWS[i].digest;
        assert_int_equal(parse(&parts, &t, NULL), ROWS[i].is_good ? ERR_OK : ERR_FORMAT);
    }
}

static void test_what_follows_the_time_is_read_strictly(void **state)
{
    static const struct {
        const char *bytes;
        size_t size;
        bool is_good;
    } ROWS[] = {
        {"\x30\x00", 2, true},                          /* an accuracy that says nothing */
        {"\x30\x03\x02\x01\x01", 5, true},              /* a second */
        {"\x30\x03\x80\x01\x01", 5, true},              /* a thousandth */
        {"\x30\x04\x80\x02\x03\xe8", 6, false},         /* 1000 thousandths */
        {"\x30\x03\x02\x01\xff", 5, false},             /* less than none */
        {"\x30\x04\x02\x02\x00\x01", 6, false},         /* not the shortest form */
        {"\x30\x06\x80\x01\x01\x02\x01\x01", 8, false}, /* not in order */
        {"\x01\x01\xff", 3, true},
        {"\x01\x01\x00", 3, false}, /* the default is left out in DER */
        {"\x01\x01\x01", 3, false},
        {"\x02\x01\x05", 3, true},
        {"\x02\x00", 2, false},
        {"\xa0\x02\x05\x00", 4, true},
        {"\xa1\x00", 2, true},
        {"\xa1\x00\xa0\x00", 4, false},
        {"\x05\x00", 2, false},
        {"\x02\x01\x05\x02\x01\x05", 6, false},
        {"\x30", 1, false},
        {"\x30\x80\x00\x00", 4, false}, /* a length that is not told beforehand */
        {"\x30\x81\x00", 3, false},     /* not the shortest length */
        {"\x30\x81\x03\x02\x01\x01", 6, false},
        {"\x30\x85\x01\x00\x00\x00\x00", 7, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        struct token_parts parts = good_parts();
        struct timestamp t;
        parts.rest = ROWS[i].bytes;
        parts.rest_size = ROWS[i].size;
        if (parse(&parts, &t, NULL) != (ROWS[i].is_good ? ERR_OK : ERR_FORMAT))
            fail_msg("row %zu", i);
    }
}

/* Flipped bits may give another token; what they never give is one with another imprint under the same check. */
static void test_a_token_cut_anywhere_or_continued_is_none(void **state)
{
    const struct token_parts parts = good_parts();
    static uint8_t token[TOKEN_ROOM];
    struct timestamp t;
    struct err err;
    const size_t size = token_make(&parts, token);

    (void)state;
    assert_int_equal(timestamp_parse(&t, token, size, &err), ERR_OK);
    for (size_t cut = 0; cut < size; cut++) {
        uint8_t *const copy = malloc(cut ? cut : 1);
        assert_non_null(copy);
        memcpy(copy, token, cut);
        assert_int_equal(timestamp_parse(&t, copy, cut, &err), ERR_FORMAT);
        free(copy);
    }
    assert_int_equal(timestamp_parse(&t, token, size + 1, &err), ERR_FORMAT);
    uint8_t *const large = calloc(1, TIMESTAMP_SIZE_MAX + 1);
    assert_non_null(large);
    assert_int_equal(timestamp_parse(&t, large, TIMESTAMP_SIZE_MAX + 1, &err), ERR_FORMAT);
    assert_non_null(strstr(err.text, "1 .. 65535 bytes, not 65536"));
    free(large);
}

static void test_answers_say_why_there_is_no_token(void **state)
{
    static const struct {
        const char *bytes;
        size_t size;
        bool is_answer;
        uint64_t status;
        size_t token_size;
        const char *why;
    } ROWS[] = {
        {"\x30\x05\x30\x03\x02\x01\x00", 7, true, 0, 0, "it does not say why"},
        {"\x30\x07\x30\x03\x02\x01\x00\x30\x00", 9, true, 0, 2, NULL},
        {"\x30\x05\x30\x03\x02\x01\x02", 7, true, 2, 0, "it does not say why"},
        {"\x30\x0b\x30\x09\x02\x01\x02\x30\x04\x0c\x02no", 13, true, 2, 0, "no"},
        {"\x30\x0b\x30\x09\x02\x01\x02\x30\x04\x0c\x02n\n", 13, true, 2, 0, "n?"},
        {"\x30\x09\x30\x07\x02\x01\x02\x03\x02\x05\x20", 11, true, 2, 0,
         "it does not allow or support the request"},
        {"\x30\x0c\x30\x0a\x02\x01\x02\x03\x05\x06\x00\x00\x00\x40", 14, true, 2, 0, "its system has failed"},
        {"\x30\x09\x30\x07\x02\x01\x02\x03\x02\x00\x01", 11, true, 2, 0, "it does not say why"},
        {"\x30\x05\x30\x03\x02\x01\x80", 7, false, 0, 0, NULL},
        {"\x30\x05\x30\x03\x02\x01\x00\x00", 8, false, 0, 0, NULL},
        {"\x30\x07\x30\x03\x02\x01\x00\x04\x00", 9, false, 0, 0, NULL},
        {"\x30\x07\x30\x05\x02\x01\x02\x30\x00", 9, false, 0, 0, NULL},
        {"<html>", 6, false, 0, 0, NULL},
        {"", 0, false, 0, 0, NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        struct timestamp_answer a;
        struct err err = {.code = ERR_OK};
        const enum err_code rc = timestamp_answer_parse(&a, ROWS[i].bytes, ROWS[i].size, &err);
        assert_int_equal(rc, ROWS[i].is_answer ? ERR_OK : ERR_FORMAT);
        if (rc)
            continue;
        assert_int_equal(a.status, ROWS[i].status);
        assert_int_equal(a.token_size, ROWS[i].token_size);
        assert_int_equal(a.token != NULL, ROWS[i].token_size > 0);
        if (ROWS[i].why)
            assert_string_equal(a.why, ROWS[i].why);
    }
}

static void test_the_bare_seal_ends_with_the_first_signature_line(void **state)
{
    static const struct {
        const char *note;
        size_t bare;
    } ROWS[] = {{NOTE, sizeof NOTE - 1},
                {COSIGNED, sizeof NOTE - 1},
                {"a\n\nb\n\nc\nd\n", 8}, /* the last empty line divides */
                {"a\nb\n", 0},
                {"a\n\n", 0},
                {"a\n\nb", 0},
                {"\n", 0},
                {"", 0}};

    (void)state;
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++)
        assert_int_equal(timestamp_bare_size(ROWS[i].note, strlen(ROWS[i].note)), ROWS[i].bare);
    assert_memory_equal(NOTE, COSIGNED, sizeof NOTE - 1);
}

static void test_a_token_is_of_its_seal_and_not_before_its_entry(void **state)
{
    struct token_parts parts = good_parts();
    const int64_t at_ns = instant("2015-12-24T14:31:00Z");
    struct timestamp t;
    struct err err;

    (void)state;
    assert_int_equal(parse(&parts, &t, &err), ERR_OK);
    assert_int_equal(timestamp_check(&t, NOTE, sizeof NOTE - 1, at_ns, &err), ERR_OK);
    assert_int_equal(timestamp_check(&t, COSIGNED, sizeof COSIGNED - 1, at_ns, &err), ERR_OK);
    assert_int_equal(timestamp_check(&t, NOTE, sizeof NOTE - 1, INT64_MIN, &err), ERR_OK);
    assert_int_equal(timestamp_check(&t, NOTE, sizeof NOTE - 1, at_ns + TIMESTAMP_SLACK_NS, &err), ERR_OK);
    assert_int_equal(timestamp_check(&t, NOTE, sizeof NOTE - 1, at_ns + TIMESTAMP_SLACK_NS + 1, &err),
                     ERR_WRONG);
    assert_non_null(strstr(err.text, "2015-12-24T14:31:02.000000001Z, which is later"));
    assert_int_equal(timestamp_check(&t, "x\n\ny\n", 5, at_ns, &err), ERR_WRONG);
    assert_non_null(strstr(err.text, "made for something else"));
    uint8_t digest[64] = {0};
    memcpy(digest, parts.imprint, 32);
    parts.imprint = digest;
    parts.imprint_size = 64;
    parts.digest = 3;
    assert_int_equal(parse(&parts, &t, &err), ERR_OK);
    assert_int_equal(timestamp_check(&t, NOTE, sizeof NOTE - 1, at_ns, &err), ERR_WRONG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_token_says_imprint_time_policy_and_serial),
        cmocka_unit_test(test_times_are_read_as_rfc_3161_writes_them),
        cmocka_unit_test(test_imprints_are_sha_2_of_their_length),
        cmocka_unit_test(test_what_follows_the_time_is_read_strictly),
        cmocka_unit_test(test_a_token_cut_anywhere_or_continued_is_none),
        cmocka_unit_test(test_answers_say_why_there_is_no_token),
        cmocka_unit_test(test_the_bare_seal_ends_with_the_first_signature_line),
        cmocka_unit_test(test_a_token_is_of_its_seal_and_not_before_its_entry),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
