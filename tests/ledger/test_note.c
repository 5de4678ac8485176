/* Signed notes and verifier keys: published notes open, and nothing that differs from them by a byte does. */
#include "ledger/note.h"

#include "ledger/hex.h"
#include "support/shared.h"

#include <sodium.h>

#define DASH "\xe2\x80\x94 "

/* The log "example.com/log/testdata" of the transparency-log project, size 3. */
static const char log_vkey[] =
    "example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx";
static const char log_key_hex[] = "e1d3bb843784420c1cda9ce9f01232cab7aca371dbcd0d23ea0ee710859244b1";
#define LOG_TEXT "example.com/log/testdata\n3\nWqx3HImawpLnS/Gv4ubjAvi1WIOy0b8Ze0amvqbavKk=\n"
#define LOG_LINE                                                                                             \
    DASH "example.com/log/testdata "                                                                         \
         "M9e0lvAQRtH832pk2RTbeSeZMkp4FZSdJYFBUjO5SKxuRbywPUF3cx+HUrb50kjd3rUWW/fj53Wj1dwcwh9bGQnqVAg=\n"
static const char log_note[] = LOG_TEXT "\n" LOG_LINE;

/* A witness's cosignature (Sunlight's test data), and beside it a line of a type that we do not know. */
static const char witness_vkey[] =
    "witness.example.org+b8a2cf20+BFLN3yikSfFkVAJtrnh/CiY3Zozkoy7clp+P7XB28qUN";
static const char witness_note[] =
    "rome2026h1.example.org\n300\nlCkHUpkmVBEms2r2T1K6Og69+wUuuN3MIEW1/ezu2v0=\n\n" DASH
    "rome2026h1.example.org "
    "kVB1JgAAAZtxtEwABAMARzBFAiEAi+mTa2xjL1IdWpH82OeciGsGvwRAP+f1WkfKaSZCfFECIHoNPZ/"
    "Q3y6UNzvKOO9cuLr6V16vPNfhwhle"
    "9f6r5H/Z\n" DASH "witness.example.org "
    "uKLPIAAAAABpVGeAhm2bOvKc3LaB9PFN1ruG19Y5yqslmcAAbhftnn1Zznmo0LXFZq4LGvqKqLX8jWlwLKasxEGTLIqAVusneCBmBw=="
    "\n";

static struct note_key key_of(const char *vkey)
{
    struct note_key key;
    struct err err;

    assert_int_equal(note_key_parse(&key, vkey, strlen(vkey), &err), ERR_OK);
    return key;
}

/* A key of our own with a fixed seed; its secret goes to `secret` (64 bytes). */
static struct note_key own_key(const char *name, uint8_t fill, uint8_t secret[64])
{
    uint8_t seed[32];
    uint8_t public_key[32];
    struct note_key key;
    struct err err;

    memset(seed, fill, sizeof seed);
    assert_int_equal(crypto_sign_seed_keypair(public_key, secret, seed), 0);
    assert_int_equal(note_key_init(&key, name, strlen(name), NOTE_KEY_ED25519, public_key, &err), ERR_OK);
    return key;
}

static enum err_code open_note(const void *bytes, size_t size, const struct note_key *keys, size_t count,
                               struct note_finding *findings, struct err *err)
{
    struct note note;

    const enum err_code rc = note_parse(&note, bytes, size, err);
    return rc ? rc : note_verify(&note, keys, count, findings, err);
}

/* --- Keys --------------------------------------------------------------------------------------------- */

static void test_a_vkey_is_read_and_written_back(void **state)
{
    const struct note_key key = key_of(log_vkey);
    char text[NOTE_VKEY_TEXT_SIZE];
    uint8_t want[32];

    (void)state;
    assert_string_equal(key.name, "example.com/log/testdata");
    assert_int_equal(key.type, NOTE_KEY_ED25519);
    assert_memory_equal(key.id, "\x33\xd7\xb4\x96", 4);
    assert_int_equal(hex_decode(log_key_hex, 64, want, 32, NULL), ERR_OK);
    assert_memory_equal(key.public_key, want, 32);
    assert_int_equal(note_key_format(text, &key), strlen(log_vkey));
    assert_string_equal(text, log_vkey);
    const struct note_key witness = key_of(witness_vkey);
    assert_int_equal(witness.type, NOTE_KEY_COSIGNATURE);
    note_key_format(text, &witness);
    assert_string_equal(text, witness_vkey);
    assert_true(note_key_equal(&key, &key));
    assert_false(note_key_equal(&key, &witness));
}

static void test_every_part_and_every_changed_byte_of_a_vkey_is_refused(void **state)
{
    const size_t length = strlen(log_vkey);
    struct note_key key;
    struct err err;
    char changed[256];

    (void)state;
    for (size_t start = 0; start < length; start++) {
        for (size_t end = start; end <= length; end++) {
            if (end - start < length)
                assert_int_not_equal(note_key_parse(&key, log_vkey + start, end - start, &err), ERR_OK);
        }
    }
    for (size_t i = 0; i < length; i++) {
        for (int bit = 0; bit < 8; bit++) {
            memcpy(changed, log_vkey, length);
            changed[i] ^= (char)(1 << bit);
            assert_int_not_equal(note_key_parse(&key, changed, length, &err), ERR_OK);
        }
    }
}

static void test_what_is_wrong_with_a_vkey_is_said(void **state)
{
    static const struct {
        const char *vkey;
        enum err_code want;
        const char *says;
    } cases[] = {
        {"", ERR_FORMAT, "three parts"},
        {"name", ERR_FORMAT, "three parts"},
        {"name+12345678", ERR_FORMAT, "three parts"},
        {"name+1234567+AeHT", ERR_FORMAT, "id"},
        {"name+1234567G+AeHT", ERR_FORMAT, "id"},
        {"name+12345678+AeHTu", ERR_FORMAT, "base64"},
        {"name+12345678+AeHT", ERR_FORMAT, "32 bytes"},
        {"name+12345678+AuHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx", ERR_INPUT, "type 02"},
        {"name+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx", ERR_FORMAT, "copied"},
        {"a name+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx", ERR_INPUT, "U+0020"},
        {"+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx", ERR_INPUT, "empty"},
        {"n+00000000+AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", ERR_KEY, "no sound"}, /* order 4 */
        {"n+00000000+AQEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", ERR_KEY, "no sound"}, /* order 1 */
    };
    struct note_key key;
    struct err err;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(note_key_parse(&key, cases[i].vkey, strlen(cases[i].vkey), &err), cases[i].want);
        assert_non_null(strstr(err.text, cases[i].says));
    }
}

static void test_key_names(void **state)
{
    char longest[NOTE_NAME_MAX + 1];
    struct err err;
    static const struct {
        const char *name;
        enum err_code want;
    } cases[] = {
        {"desk.example/alpha", ERR_OK},
        {"gr\xc3\xbc\xc3\x9f", ERR_OK},
        {"", ERR_INPUT},
        {"a b", ERR_INPUT},
        {"a+b", ERR_INPUT},
        {"a\tb", ERR_INPUT},
        {"a\nb", ERR_INPUT},
        {"a\xc2\xa0"
         "b",
         ERR_INPUT},
        {"a\xc2\x85", ERR_INPUT},
        {"a\xe2\x80\x83", ERR_INPUT},
        {"\xe3\x80\x80", ERR_INPUT},
        {"\xe1\x9a\x80", ERR_INPUT},
        {"a\xff", ERR_INPUT},
        {"a\xe2\x80", ERR_INPUT},
        {"a\x01", ERR_INPUT},
        {"\xe2\x80\x94", ERR_OK},
        {"\xf0\x9f\x93\x88", ERR_OK},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_int_equal(note_name_check(cases[i].name, strlen(cases[i].name), &err), cases[i].want);
    memset(longest, 'n', sizeof longest);
    assert_int_equal(note_name_check(longest, NOTE_NAME_MAX, &err), ERR_OK);
    assert_int_equal(note_name_check(longest, NOTE_NAME_MAX + 1, &err), ERR_INPUT);
    assert_int_equal(note_name_check("a\0b", 3, &err), ERR_INPUT);
}

/* --- Notes -------------------------------------------------------------------------------------------- */

static void test_a_published_checkpoint_opens(void **state)
{
    const struct note_key keys[2] = {key_of(witness_vkey), key_of(log_vkey)};
    struct note_finding findings[2];
    struct note note;
    struct err err;

    (void)state;
    assert_int_equal(note_parse(&note, log_note, strlen(log_note), &err), ERR_OK);
    assert_int_equal(note.text_size, 72);
    assert_memory_equal(note.text, LOG_TEXT, 72);
    assert_int_equal(note.count, 1);
    assert_int_equal(note.signatures[0].blob_size, 68);
    assert_memory_equal(note.signatures[0].id, "\x33\xd7\xb4\x96", 4);
    assert_int_equal(note_verify(&note, keys, 2, findings, &err), ERR_OK);
    assert_false(findings[0].verified);
    assert_true(findings[1].verified);
    assert_int_equal(note_verify(&note, keys, 1, findings, &err), ERR_KEY);
    assert_int_equal(note_verify(&note, keys, 0, NULL, &err), ERR_KEY);
    assert_true(findings[1].verified); /* untouched by the failures */
}

static void test_a_cosignature_gives_its_time(void **state)
{
    const struct note_key key = key_of(witness_vkey);
    struct note_finding finding;
    struct err err;
    char changed[sizeof witness_note];

    (void)state;
    assert_int_equal(open_note(witness_note, strlen(witness_note), &key, 1, &finding, &err), ERR_OK);
    assert_true(finding.verified);
    assert_int_equal(finding.at_s, 1767139200);
    memcpy(changed, witness_note, sizeof changed);
    char *const time_at = strstr(changed, "uKLPIAAAAABpVGeA") + strlen("uKLPIAAAAABpVGe");
    *time_at = 'B'; /* a second later */
    assert_int_equal(open_note(changed, strlen(changed), &key, 1, &finding, &err), ERR_WRONG);
}

/* Whatever bit flips, the note is no note any more, or nobody's, or wrong: it never opens. */
static void test_every_flipped_bit_and_every_cut_of_a_note_is_refused(void **state)
{
    const struct note_key key = key_of(log_vkey);
    const size_t size = strlen(log_note);
    char changed[sizeof log_note];
    struct err err;

    (void)state;
    for (size_t bit = 0; bit < size * 8; bit++) {
        memcpy(changed, log_note, size);
        changed[bit / 8] ^= (char)(1 << bit % 8);
        const enum err_code rc = open_note(changed, size, &key, 1, NULL, &err);
        assert_true(rc == ERR_FORMAT || rc == ERR_WRONG || rc == ERR_KEY);
    }
    for (size_t cut = 0; cut < size; cut++)
        assert_int_equal(open_note(log_note, cut, &key, 1, NULL, &err), ERR_FORMAT);
}

static void test_forms_that_are_no_note(void **state)
{
    static const struct {
        const char *bytes;
        const char *says;
    } cases[] = {
        {"", "0 bytes"},
        {"\n", "no empty line"},
        {LOG_TEXT, "no empty line"},
        {LOG_TEXT "\n", "no signature line"},
        {LOG_TEXT "\n\n", "no signature line"},
        {LOG_TEXT LOG_LINE, "no empty line"},
        {LOG_TEXT "\n" LOG_LINE "\n", "no signature line"}, /* the last empty line divides */
        {LOG_TEXT "\n" LOG_LINE "more\n", "signature line 2"},
        {LOG_TEXT "\n" LOG_LINE "more", "has no end"},
        {LOG_TEXT "\n- name M9e0lvAQ\n", "em dash"},
        {LOG_TEXT "\n" DASH "nameM9e0lvAQ\n", "no signature after"},
        {LOG_TEXT "\n" DASH " M9e0lvAQ\n", "empty"},
        {LOG_TEXT "\n" DASH "na+me M9e0lvAQ\n", "U+002B"},
        {LOG_TEXT "\n" DASH "name M9e0lg==\n", "4 bytes"},   /* an id and no signature */
        {LOG_TEXT "\n" DASH "name M9e0lvB=\n", "canonical"}, /* set bits after the last byte */
        {LOG_TEXT "\n" DASH "name  M9e0lvA\n", "character 1 is not"},
        {LOG_TEXT "\n" DASH "name M9e0lvAQ \n", "multiple of 4"},
        {LOG_TEXT "\n" DASH "name M9e0lvAQ\r\n", "control character 0d"},
        {"a\tb\n\n" LOG_LINE, "byte 2 is the control character 09"},
        {"a\xff\n\n" LOG_LINE, "byte 2 is not UTF-8"},
    };
    struct note note = {.count = 77};
    struct err err;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(note_parse(&note, cases[i].bytes, strlen(cases[i].bytes), &err), ERR_FORMAT);
        if (!strstr(err.text, cases[i].says))
            fail_msg("case %zu: \"%s\" does not say \"%s\"", i, err.text, cases[i].says);
        assert_int_equal(note.count, 77);
    }
    assert_int_equal(note_parse(&note, "a\0\n\n" LOG_LINE, 4 + strlen(LOG_LINE), &err), ERR_FORMAT);
}

static void test_the_text_may_hold_empty_lines_and_be_empty(void **state)
{
    static const struct {
        const char *bytes;
        size_t text_size;
    } cases[] = {{"a\n\nb\n\n" LOG_LINE, 5},
                 {"\n\n" LOG_LINE, 1},
                 {"a\n" LOG_LINE "\n" LOG_LINE, 2 + sizeof LOG_LINE - 1}};
    struct note note;
    struct err err;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(note_parse(&note, cases[i].bytes, strlen(cases[i].bytes), &err), ERR_OK);
        assert_int_equal(note.text_size, cases[i].text_size);
    }
}

static void test_a_hundred_lines_are_the_limit(void **state)
{
    static char bytes[NOTE_MAX_SIZE];
    const struct note_key key = key_of(log_vkey);
    struct note_finding finding;
    struct note note;
    struct err err;

    (void)state;
    size_t size = (size_t)snprintf(bytes, sizeof bytes, "%s\n", LOG_TEXT);
    for (int i = 0; i < NOTE_SIGNATURES_MAX; i++)
        size += (size_t)snprintf(bytes + size, sizeof bytes - size, "%s",
                                 i == 40 ? LOG_LINE : DASH "n M9e0lvAQ\n");
    assert_int_equal(open_note(bytes, size, &key, 1, &finding, &err), ERR_OK);
    assert_true(finding.verified);
    size += (size_t)snprintf(bytes + size, sizeof bytes - size, "%s", DASH "n M9e0lvAQ\n");
    assert_int_equal(note_parse(&note, bytes, size, &err), ERR_FORMAT);
    assert_non_null(strstr(err.text, "more than 100"));
}

static void test_a_note_past_the_size_limit_is_refused(void **state)
{
    static char bytes[NOTE_MAX_SIZE + 1];
    const size_t tail = 1 + strlen(LOG_LINE);
    struct note note;
    struct err err;

    (void)state;
    memset(bytes, 'x', sizeof bytes);
    for (size_t size = NOTE_MAX_SIZE; size <= NOTE_MAX_SIZE + 1; size++) {
        bytes[size - tail - 1] = '\n';
        snprintf(bytes + size - tail, 1 + tail, "\n%.*s", (int)tail - 2, LOG_LINE);
        bytes[size - 1] = '\n';
        assert_int_equal(note_parse(&note, bytes, size, &err), size <= NOTE_MAX_SIZE ? ERR_OK : ERR_FORMAT);
        bytes[size - tail - 1] = bytes[size - tail] = 'x';
    }
}

/* --- Who signed --------------------------------------------------------------------------------------- */

static void test_signers_are_told_apart(void **state)
{
    uint8_t secret_a[64];
    uint8_t secret_b[64];
    const struct note_key keys[2] = {own_key("desk/a", 1, secret_a), own_key("desk/b", 2, secret_b)};
    const struct note_key twice[2] = {keys[0], keys[0]};
    static const char text[] = "hello\n";
    struct note_finding findings[2];
    uint8_t sig_a[64];
    uint8_t sig_b[64];
    char line_b[NOTE_LINE_SIZE];
    char bytes[1024];
    size_t size = 0;
    struct err err;

    (void)state;
    crypto_sign_detached(sig_a, NULL, (const uint8_t *)text, 6, secret_a);
    crypto_sign_detached(sig_b, NULL, (const uint8_t *)text, 6, secret_b);
    assert_int_equal(note_build(bytes, sizeof bytes, &size, text, 6, &keys[0], sig_a, &err), ERR_OK);
    assert_int_equal(open_note(bytes, size, keys, 2, findings, &err), ERR_OK);
    assert_true(findings[0].verified && !findings[1].verified);
    assert_int_equal(open_note(bytes, size, &keys[1], 1, findings, &err), ERR_KEY);
    assert_int_equal(open_note(bytes, size, twice, 2, findings, &err), ERR_INPUT); /* whose is it? */

    /* a second signer's line, carried along */
    const size_t line_size = note_line_format(line_b, &keys[1], sig_b);
    memcpy(bytes + size, line_b, line_size);
    size += line_size;
    assert_int_equal(open_note(bytes, size, keys, 2, findings, &err), ERR_OK);
    assert_true(findings[0].verified && findings[1].verified);

    /* the same line again counts once, and is not looked at */
    memcpy(bytes + size, line_b, line_size);
    bytes[size + line_size - 20] ^= 1;
    assert_int_equal(open_note(bytes, size + line_size, keys, 2, findings, &err), ERR_OK);

    /* one bad signature of a known key spoils the note; of an unknown key it does not */
    bytes[size - 20] ^= 1;
    assert_int_equal(open_note(bytes, size, keys, 2, findings, &err), ERR_WRONG);
    assert_non_null(strstr(err.text, "desk/b"));
    assert_int_equal(open_note(bytes, size, &keys[0], 1, findings, &err), ERR_OK);
}

static void test_a_signature_of_the_wrong_length_by_a_known_key_is_wrong(void **state)
{
    const struct note_key key = key_of(log_vkey);
    static const char *const lines[] = {DASH "example.com/log/testdata M9e0lvAQ\n", /* id and two bytes */
                                        DASH "example.com/log/testdata M9e0lgAA\n"};
    char bytes[512];
    struct err err;

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        const int size = snprintf(bytes, sizeof bytes, "%s\n%s", LOG_TEXT, lines[i]);
        assert_int_equal(open_note(bytes, (size_t)size, &key, 1, NULL, &err), ERR_WRONG);
        assert_non_null(strstr(err.text, "64"));
    }
}

static void test_building_is_refused_where_parsing_would_be(void **state)
{
    uint8_t secret[64];
    const struct note_key key = own_key("desk/a", 1, secret);
    const uint8_t signature[64] = {0};
    char out[512];
    size_t size = 42;
    struct err err;

    (void)state;
    assert_int_equal(note_build(out, sizeof out, &size, "x", 1, &key, signature, &err), ERR_FORMAT);
    assert_int_equal(note_build(out, sizeof out, &size, "", 0, &key, signature, &err), ERR_FORMAT);
    assert_int_equal(note_build(out, sizeof out, &size, "\t\n", 2, &key, signature, &err), ERR_FORMAT);
    assert_int_equal(note_build(out, sizeof out, &size, "\xff\n", 2, &key, signature, &err), ERR_FORMAT);
    assert_int_equal(size, 42);
    assert_int_equal(note_build(out, sizeof out, &size, "x\n", 2, &key, signature, &err), ERR_OK);
    const size_t need = size;
    assert_int_equal(note_build(out, need - 1, &size, "x\n", 2, &key, signature, &err), ERR_RANGE);
    assert_int_equal(note_build(out, need, &size, "x\n", 2, &key, signature, &err), ERR_OK);
}

/* --- Published vectors -------------------------------------------------------------------------------- */

static enum err_code want_of(const char *want)
{
    static const struct {
        const char *word;
        enum err_code code;
    } words[] = {{"ok", ERR_OK},
                 {"unverified", ERR_KEY},
                 {"invalid_signature", ERR_WRONG},
                 {"malformed", ERR_FORMAT},
                 {"ambiguous_key", ERR_INPUT}};

    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strcmp(words[i].word, want) == 0)
            return words[i].code;
    }
    fail_msg("unknown verdict %s", want);
    return ERR_USAGE;
}

/* The bytes of a case: text, or hex where JSON could not hold them. */
static size_t case_bytes(const cJSON *row, uint8_t *bytes, size_t capacity)
{
    const cJSON *const hex = cJSON_GetObjectItemCaseSensitive(row, "note_hex");
    const char *const text = hex ? hex->valuestring : shared_text(row, "note");
    const size_t length = strlen(text);

    assert_true(length <= capacity);
    if (!hex) {
        memcpy(bytes, text, length);
        return length;
    }
    assert_int_equal(hex_decode(text, length, bytes, length / 2, NULL), ERR_OK);
    return length / 2;
}

static void test_the_notes_of_the_go_library(void **state)
{
    static uint8_t bytes[2 * NOTE_MAX_SIZE];
    (void)state;
    cJSON *const json = shared_vectors("signed_note_vectors.json");
    const cJSON *row;
    struct err err;
    int tried = 0;

    cJSON_ArrayForEach(row, shared_member(json, "open"))
    {
        struct note_key keys[8];
        struct note_finding findings[8] = {{0}};
        const cJSON *const vkeys = shared_member(row, "vkeys");
        const size_t count = (size_t)cJSON_GetArraySize(vkeys);
        size_t verified = 0;

        assert_true(count <= 8);
        for (size_t i = 0; i < count; i++)
            keys[i] = key_of(cJSON_GetArrayItem(vkeys, (int)i)->valuestring);
        const size_t size = case_bytes(row, bytes, sizeof bytes);
        const enum err_code rc = open_note(bytes, size, keys, count, findings, &err);
        if (rc != want_of(shared_text(row, "want")))
            fail_msg("%s: %s, %s", shared_text(row, "name"), err_code_name(rc), err.text);
        for (size_t i = 0; i < count; i++)
            verified += findings[i].verified;
        assert_int_equal(verified, cJSON_GetArraySize(shared_member(row, "want_verified")));
        tried++;
    }
    assert_true(tried >= 15);
    cJSON_Delete(json);
}

static void test_signing_gives_the_go_librarys_bytes(void **state)
{
    (void)state;
    cJSON *const json = shared_vectors("signed_note_vectors.json");
    const struct note_key key = key_of(shared_text(json, "vkey"));
    const char *const skey = shared_text(json, "skey");
    const char *const text = shared_text(json, "sign_text");
    const char *const want = shared_text(json, "want_signed");
    uint8_t seed[33];
    uint8_t public_key[32];
    uint8_t secret[64];
    uint8_t signature[64];
    char out[1024];
    size_t size = 0;
    struct note_key unused;
    struct err err;

    const char *base64 = skey; /* PRIVATE+KEY+name+id+base64 */
    for (int plus = 0; plus < 4; plus++)
        base64 = strchr(base64, '+') + 1;
    assert_int_equal(base64_decode(base64, strlen(base64), seed, sizeof seed, &size, &err), ERR_OK);
    assert_int_equal(size, 33);
    crypto_sign_seed_keypair(public_key, secret, seed + 1);
    assert_memory_equal(public_key, key.public_key, 32);
    crypto_sign_detached(signature, NULL, (const uint8_t *)text, strlen(text), secret);
    assert_int_equal(note_build(out, sizeof out, &size, text, strlen(text), &key, signature, &err), ERR_OK);
    assert_int_equal(size, strlen(want));
    assert_memory_equal(out, want, size);
    const cJSON *bad;
    cJSON_ArrayForEach(bad, shared_member(json, "bad_vkeys")) assert_int_not_equal(
        note_key_parse(&unused, bad->valuestring, strlen(bad->valuestring), &err), ERR_OK);
    cJSON_ArrayForEach(bad, shared_member(json, "bad_sign_texts")) assert_int_equal(
        note_build(out, sizeof out, &size, bad->valuestring, strlen(bad->valuestring), &key, signature, &err),
        ERR_FORMAT);
    cJSON_Delete(json);
}

static void test_published_checkpoints_and_cosignatures(void **state)
{
    (void)state;
    cJSON *const json = shared_vectors("checkpoints_and_cosignatures.json");
    const cJSON *row;
    struct err err;

    cJSON_ArrayForEach(row, shared_member(json, "checkpoints"))
    {
        const char *const bytes = shared_text(row, "checkpoint");
        const cJSON *const vkeys = shared_member(row, "vkeys_expected_valid");
        const cJSON *const time_s = cJSON_GetObjectItemCaseSensitive(row, "cosignature_timestamp");
        for (int i = 0; i < cJSON_GetArraySize(vkeys); i++) {
            const struct note_key key = key_of(cJSON_GetArrayItem(vkeys, i)->valuestring);
            struct note_finding finding;
            assert_int_equal(open_note(bytes, strlen(bytes), &key, 1, &finding, &err), ERR_OK);
            assert_true(finding.verified);
            assert_int_equal(finding.at_s, time_s ? (uint64_t)time_s->valuedouble : 0);
        }
    }
    cJSON_ArrayForEach(row, shared_member(json, "vkeys_valid"))
    {
        char text[NOTE_VKEY_TEXT_SIZE];
        const struct note_key key = key_of(shared_text(row, "vkey"));
        assert_int_equal(key.type, shared_number(row, "type"));
        note_key_format(text, &key);
        assert_string_equal(text, shared_text(row, "vkey"));
    }
    cJSON_ArrayForEach(row, shared_member(json, "vkeys_invalid"))
    {
        struct note_key key;
        const char *const vkey = shared_text(row, "vkey");
        assert_int_not_equal(note_key_parse(&key, vkey, strlen(vkey), &err), ERR_OK);
    }
    cJSON_Delete(json);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_vkey_is_read_and_written_back),
        cmocka_unit_test(test_every_part_and_every_changed_byte_of_a_vkey_is_refused),
        cmocka_unit_test(test_what_is_wrong_with_a_vkey_is_said),
        cmocka_unit_test(test_key_names),
        cmocka_unit_test(test_a_published_checkpoint_opens),
        cmocka_unit_test(test_a_cosignature_gives_its_time),
        cmocka_unit_test(test_every_flipped_bit_and_every_cut_of_a_note_is_refused),
        cmocka_unit_test(test_forms_that_are_no_note),
        cmocka_unit_test(test_the_text_may_hold_empty_lines_and_be_empty),
        cmocka_unit_test(test_a_hundred_lines_are_the_limit),
        cmocka_unit_test(test_a_note_past_the_size_limit_is_refused),
        cmocka_unit_test(test_signers_are_told_apart),
        cmocka_unit_test(test_a_signature_of_the_wrong_length_by_a_known_key_is_wrong),
        cmocka_unit_test(test_building_is_refused_where_parsing_would_be),
        cmocka_unit_test(test_the_notes_of_the_go_library),
        cmocka_unit_test(test_signing_gives_the_go_librarys_bytes),
        cmocka_unit_test(test_published_checkpoints_and_cosignatures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
