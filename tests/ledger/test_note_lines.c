/* Lines of others: what a cosigner signs, byte for byte, and how its line joins a note. */
#include "ledger/note.h"

#include "ledger/hex.h"
#include "support/shared.h"

#include <sodium.h>

#define DASH "\xe2\x80\x94 "
#define TEXT "desk.example/a\n2\nWqx3HImawpLnS/Gv4ubjAvi1WIOy0b8Ze0amvqbavKk=\n"
#define OURS DASH "desk.example/a AAAAAQE=\n"
#define A    DASH "a AAAAAgI=\n"
#define B    DASH "b AAAAAgI=\n"
#define A2   DASH "a AAAAAwI=\n" /* another key of the same name */

static struct note_key witness_key(uint8_t secret[64])
{
    static const uint8_t seed[32] = {7};
    uint8_t public_key[32];
    struct note_key key;

    assert_int_equal(crypto_sign_seed_keypair(public_key, secret, seed), 0);
    assert_int_equal(note_key_init(&key, "witness.example/w", 17, NOTE_KEY_COSIGNATURE, public_key, NULL),
                     ERR_OK);
    return key;
}

/* The example of C2SP tlog-cosignature. */
static void test_the_cosigned_bytes_are_the_published_ones(void **state)
{
    cJSON *const vectors = shared_vectors("c2sp_text_formats.json");
    const cJSON *const example = shared_member(vectors, "cosigned_message_example");
    const char *const whole = shared_text(example, "text");
    const char *const hex = shared_text(example, "bytes_hex");
    char message[NOTE_COSIGNATURE_MESSAGE_MAX];
    uint8_t want[500];

    (void)state;
    const char *const text = strstr(whole, "example.com");
    assert_non_null(text);
    const size_t size =
        note_cosignature_message(message, text, strlen(text), shared_number(example, "timestamp"));
    assert_int_equal(2 * size, strlen(hex));
    assert_int_equal(hex_decode(hex, 2 * size, want, size, NULL), ERR_OK);
    assert_memory_equal(message, want, size);
    cJSON_Delete(vectors);
}

static void test_a_cosignature_that_we_make_is_one(void **state)
{
    static const uint64_t times[] = {0, 1, 1679315147, INT64_MAX};
    char message[NOTE_COSIGNATURE_MESSAGE_MAX];
    char line[NOTE_COSIGNATURE_LINE_SIZE];
    char bytes[1000];
    uint8_t secret[64];
    uint8_t signature[64];
    struct note note;
    struct note_finding finding;
    struct err err;
    size_t size = 0;
    struct note_key key = witness_key(secret);

    (void)state;
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
        const size_t said = note_cosignature_message(message, TEXT, strlen(TEXT), times[i]);
        crypto_sign_detached(signature, NULL, (const uint8_t *)message, said, secret);
        const size_t length = note_cosignature_format(line, &key, times[i], signature);
        assert_int_equal(length, strlen(line));
        assert_int_equal(note_add_lines(bytes, sizeof bytes, &size, TEXT "\n" OURS, strlen(TEXT "\n" OURS),
                                        line, length, NULL),
                         ERR_OK);
        assert_int_equal(note_parse(&note, bytes, size, NULL), ERR_OK);
        assert_int_equal(note_verify(&note, &key, 1, &finding, NULL), ERR_OK);
        assert_true(finding.verified);
        assert_int_equal(finding.at_s, times[i]);
    }
    signature[40] ^= 1;
    const size_t length = note_cosignature_format(line, &key, INT64_MAX, signature);
    memcpy(bytes + size - length, line, length);
    assert_int_equal(note_parse(&note, bytes, size, NULL), ERR_OK);
    assert_int_equal(note_verify(&note, &key, 1, &finding, &err), ERR_WRONG);
}

static void test_the_longest_name_fits_a_line(void **state)
{
    char line[NOTE_COSIGNATURE_LINE_SIZE];
    uint8_t secret[64];
    struct note_key key = witness_key(secret);

    (void)state;
    memset(key.name, 'n', NOTE_NAME_MAX);
    key.name_size = NOTE_NAME_MAX;
    assert_int_equal(note_cosignature_format(line, &key, 1, secret), sizeof line - 1);
}

static void test_lines_are_added_behind_and_nothing_else_changes(void **state)
{
    static const struct {
        const char *note;
        const char *lines;
        const char *want;
    } cases[] = {
        {TEXT "\n" OURS, A, TEXT "\n" OURS A},
        {TEXT "\n" OURS, A B, TEXT "\n" OURS A B},
        {TEXT "\n" OURS A, B, TEXT "\n" OURS A B},
        {TEXT "\n" OURS A, A, TEXT "\n" OURS A}, /* there already */
        {TEXT "\n" OURS A, B A, TEXT "\n" OURS A B},
        {TEXT "\n" OURS A, A2, TEXT "\n" OURS A A2},
        {TEXT "\n" OURS, A A, TEXT "\n" OURS A},
        {TEXT "\n" OURS, DASH "a AAAAAgI=\n" DASH "a AAAAAgM=\n", TEXT "\n" OURS A}, /* the first counts */
        {"\n\n" OURS, A, "\n\n" OURS A},
    };
    char out[NOTE_MAX_SIZE];
    struct err err;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        size_t size = 0;
        assert_int_equal(note_add_lines(out, sizeof out, &size, cases[i].note, strlen(cases[i].note),
                                        cases[i].lines, strlen(cases[i].lines), &err),
                         ERR_OK);
        assert_int_equal(size, strlen(cases[i].want));
        assert_memory_equal(out, cases[i].want, size);
    }
}

/* An empty line would make text of the lines before it: the seal would say something else. */
static void test_what_is_no_line_is_not_added(void **state)
{
    static const char *const cases[] = {
        "",         "\n",
        "a\n",      A "\n",
        "\n" A,     A "\n" B,
        "x\n\n" A,  DASH "a AAAAAgI=",
        DASH "a\n", DASH "a AAAA\n",
        A "\r\n",
    };
    char out[NOTE_MAX_SIZE] = "untouched";
    size_t size = 77;
    struct err err;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(note_add_lines(out, sizeof out, &size, TEXT "\n" OURS, strlen(TEXT "\n" OURS),
                                        cases[i], strlen(cases[i]), &err),
                         ERR_FORMAT);
        assert_int_equal(size, 77);
        assert_string_equal(out, "untouched");
    }
    assert_int_equal(note_add_lines(out, sizeof out, &size, TEXT, strlen(TEXT), A, strlen(A), &err),
                     ERR_FORMAT);
}

static void test_a_note_takes_no_more_than_it_can_hold(void **state)
{
    static char full[NOTE_MAX_SIZE];
    static char out[NOTE_MAX_SIZE];
    size_t at = strlen(TEXT) + 1;
    size_t size = 0;
    struct err err;

    (void)state;
    memcpy(full, TEXT "\n", at);
    for (int i = 0; i < NOTE_SIGNATURES_MAX; i++)
        at += (size_t)snprintf(full + at, sizeof full - at, DASH "w%d AAAAAgI=\n", i);
    assert_int_equal(note_add_lines(out, sizeof out, &size, full, at, A, strlen(A), &err), ERR_RANGE);
    assert_int_equal(note_add_lines(out, sizeof out, &size, full, at, DASH "w5 AAAAAgI=\n",
                                    strlen(DASH "w5 AAAAAgI=\n"), &err),
                     ERR_OK);
    assert_int_equal(size, at);
    assert_int_equal(note_add_lines(out, at - 1, &size, full, at, DASH "w5 AAAAAgI=\n",
                                    strlen(DASH "w5 AAAAAgI=\n"), &err),
                     ERR_RANGE);
    /* A text so long that one line more passes the limit, to the byte. */
    memset(full, 'x', sizeof full);
    at = NOTE_MAX_SIZE - strlen("\n\n" OURS A);
    memcpy(full + at, "\n\n" OURS, strlen("\n\n" OURS));
    at += strlen("\n\n" OURS);
    assert_int_equal(note_add_lines(out, sizeof out, &size, full, at, A, strlen(A), &err), ERR_OK);
    assert_int_equal(size, NOTE_MAX_SIZE);
    assert_int_equal(note_add_lines(out, sizeof out, &size, full, at, DASH "aa AAAAAgI=\n",
                                    strlen(DASH "aa AAAAAgI=\n"), &err),
                     ERR_RANGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_cosigned_bytes_are_the_published_ones),
        cmocka_unit_test(test_a_cosignature_that_we_make_is_one),
        cmocka_unit_test(test_the_longest_name_fits_a_line),
        cmocka_unit_test(test_lines_are_added_behind_and_nothing_else_changes),
        cmocka_unit_test(test_what_is_no_line_is_not_added),
        cmocka_unit_test(test_a_note_takes_no_more_than_it_can_hold),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
