/* The two forms of a proof: what is read of them, exactly, and where each other text is refused. */
#include "audit/proof.h"

#include "ledger/base64.h"

#include "support/proofs.h"

#define HASH "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
#define OPEN "{\"format\":\"ledger proof v1\","

static void assert_refused(const char *text, const char *words)
{
    enum proof_form form = 0;
    struct proof p;
    struct err err;

    proof_init(&p);
    if (proof_parse(text, strlen(text), &p, &form, &err) != ERR_FORMAT)
        fail_msg("read: %s", text);
    assert_int_equal(err.code, ERR_FORMAT);
    if (!strstr(err.text, words))
        fail_msg("\"%s\" is not in \"%s\", for %s", words, err.text, text);
    assert_int_equal(form, 0);
    assert_null(p.last.seal.at); /* untouched */
    assert_null(p.keys);
}

static void test_other_json_is_refused_with_its_place(void **state)
{
    static const struct {
        const char *text;
        const char *words;
    } rows[] = {
        {"", "column 1: expected a value, found the end"},
        {"\xef\xbb\xbf{}", "byte order mark"},
        {"[]", "column 1: expected an object, found an array"},
        {"{}", "the key \"format\" is missing"},
        {OPEN "\"type\":\"inclusion\"}", "the key \"path\" is missing"},
        {"{\"format\":\"ledger proof v2\"}",
         "column 11: format: \"ledger proof v2\" is nothing that this program knows"},
        {"{\"format\":1}", "column 11: format: expected a string, found a number"},
        {OPEN "\"type\":\"exclusion\"}", "type: \"exclusion\" is nothing"},
        {OPEN "\"kind\":1}", "column 29: the key \"kind\" does not belong here"},
        {OPEN "\"format\":\"ledger proof v1\"}", "the key \"format\" is there twice"},
        {OPEN "\"owner\":{}}", "the key \"owner\" does not belong here"},
        {OPEN "\"seq\":12}", "seq: expected a string, found a number"},
        {OPEN "\"seq\":\"\"}", "seq: not a number of a leaf"},
        {OPEN "\"seq\":\"0\"}", "seq: not a number of a leaf"},
        {OPEN "\"seq\":\"012\"}", "seq: not a number of a leaf"},
        {OPEN "\"seq\":\"+12\"}", "seq: not a number of a leaf"},
        {OPEN "\"seq\":\"1e3\"}", "seq: not a number of a leaf"},
        {OPEN "\"seq\":\"9223372036854775808\"}", "seq: not a number of a leaf"},
        {OPEN "\"seq\":\"18446744073709551617\"}", "seq: not a number of a leaf"},
        {OPEN "\"entry\":\"\"}", "entry: 0 bytes; an entry has 1 to 65535"},
        {OPEN "\"entry\":\"QR==\"}", "entry:"},
        {OPEN "\"entry\":\"QQ\"}", "entry:"},
        {OPEN "\"path\":\"" HASH "\"}", "path: expected an array, found a string"},
        {OPEN "\"path\":[\"" HASH "\",\"QUJD\"]}", "path: hash 2: 3 bytes; a hash has 32"},
        {OPEN "\"path\":[[]]}", "path: expected a string, found an array"},
        {OPEN "\"path\":[\"" HASH "\"", "path: expected ',' or ']'"},
        {OPEN "\"seal\":\"\"}", "seal: a seal of 0 bytes"},
        {OPEN "\"keys\":[]}", "keys: an empty list is left out"},
        {OPEN "\"keys\":[7]}", "keys: change 1: expected an object, found a number"},
        {OPEN "\"keys\":[{}]}", "keys: change 1: the key \"entry\" is missing"},
        {OPEN "\"keys\":[{\"seq\":\"1\"}]}", "keys: change 1: the key \"seq\" does not belong here"},
        {OPEN "\"keys\":[{\"owner\":{\"owner\":{}}}]}",
         "keys: change 1: owner: the key \"owner\" does not belong here"},
        {OPEN "\"keys\":[{\"owner\":{\"entry\":\"QUJD\"}}]}",
         "keys: change 1: owner: the key \"path\" is missing"},
        {OPEN "\"type\":\"consistency\",\"path\":[],\"seal\":\"x\",\"old_seal\":\"x\"} x", "column"},
        {OPEN "\"type\":\"consistency\",\"path\":[],\"seal\":\"x\"}", "the key \"old_seal\" is missing"},
        {OPEN "\"type\":\"consistency\",\"path\":[],\"seal\":\"x\",\"old_seal\":\"x\",\"seq\":\"1\"}",
         "the key \"seq\" does not belong into a proof of this type"},
        {OPEN "\"type\":\"inclusion\",\"path\":[],\"seal\":\"x\",\"seq\":\"1\"}",
         "the key \"entry\" is missing"},
        {OPEN "\"type\":\"inclusion\",\"path\":[],\"seal\":\"x\",\"seq\":\"1\",\"entry\":\"QUJD\",\"old_"
              "seal\":\"x\"}",
         "the key \"old_seal\" does not belong into a proof of this type"},
        {OPEN "\"type\":\"inclusion\",\"path\":[],\"seal\":\"x\",\"seq\":\"1\",\"entry\":\"QUJD\","
              "\"consistency\":[]}",
         "the key \"keys\" is missing"},
        {OPEN "\"type\":\"inclusion\",\"path\":[],\"seal\":\"x\",\"seq\":\"1\",\"entry\":\"QUJD\","
              "\"keys\":[{\"entry\":\"QUJD\",\"path\":[],\"seal\":\"x\",\"consistency\":[]}]}",
         "the key \"consistency\" is missing"},
    };

    (void)state;
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_refused(rows[i].text, rows[i].words);
}

static void test_other_text_is_refused_with_its_line(void **state)
{
    static const struct {
        const char *text;
        const char *words;
    } rows[] = {
        {"c2sp.org/tlog-proof@v2\nindex 0\n\nx\n", "line 1: not \"c2sp.org/tlog-proof@v1\""},
        {"c2sp.org/tlog-proof@v1 \nindex 0\n\nx\n", "line 1: not"},
        {"c2sp.org/tlog-proof@v1", "line 1: the proof ends before its seal"},
        {"c2sp.org/tlog-proof@v1\n", "line 2: the proof ends before its seal"},
        {"c2sp.org/tlog-proof@v1\r\nindex 0\r\n\r\nx\r\n", "line 1: not"},
        {"c2sp.org/tlog-proof@v1\nindex 0\nextra QUJD\n\nx\n", "line 3: hash 1"},
        {"c2sp.org/tlog-proof@v1\nextra \nindex 0\n\nx\n", "line 2: 0 bytes"},
        {"c2sp.org/tlog-proof@v1\nextra QUJD\nextra QUJD\nindex 0\n\nx\n", "line 3: \"index\""},
        {"c2sp.org/tlog-proof@v1\nIndex 0\n\nx\n", "line 2: \"index\""},
        {"c2sp.org/tlog-proof@v1\nindex  0\n\nx\n", "line 2: not a number"},
        {"c2sp.org/tlog-proof@v1\nindex 00\n\nx\n", "line 2: not a number"},
        {"c2sp.org/tlog-proof@v1\nindex 9223372036854775807\n\nx\n", "line 2: no tree has a leaf"},
        {"c2sp.org/tlog-proof@v1\nindex 9223372036854775808\n\nx\n", "line 2: not a number"},
        {"c2sp.org/tlog-proof@v1\nindex 0\n" HASH "\n", "line 4: the proof ends"},
        {"c2sp.org/tlog-proof@v1\nindex 0\n " HASH "\n\nx\n", "line 3: hash 1"},
        {"c2sp.org/tlog-proof@v1\nindex 0\n" HASH "\n" HASH HASH "\n\nx\n", "line 4: hash 2"},
        {"c2sp.org/tlog-proof@v1\nindex 0\n\n", "line 3: a seal of 0 bytes"},
    };

    (void)state;
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_refused(rows[i].text, rows[i].words);
}

/* Numbers past 2^53 are not what most programs' JSON reads them to be; here no digit is lost. */
static void test_numbers_are_exact_to_the_last_digit(void **state)
{
    static const uint64_t numbers[] = {1, 9007199254740993, UINT64_C(9223372036854775807)};
    char text[300];

    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        struct json_out out;
        enum proof_form form = 0;
        struct proof p;

        snprintf(text, sizeof text,
                 "{\"format\":\"ledger proof v1\",\"type\":\"inclusion\",\"seq\":\"%llu\",\"entry\":\"QUJD\","
                 "\"path\":[],\"seal\":\"x\"}\n",
                 (unsigned long long)numbers[i]);
        proof_init(&p);
        PROOFS_OK(proof_parse(text, strlen(text), &p, &form, err));
        assert_true(p.seq == numbers[i]);
        json_out_init(&out);
        proof_to_json(&p, &out);
        assert_int_equal(out.size, strlen(text));
        assert_memory_equal(out.bytes, text, out.size);
        json_out_release(&out);
        proof_release(&p);
    }
}

static void test_order_white_space_and_escapes_of_json_do_not_matter(void **state)
{
    static const char text[] = "\n{ \"seal\" : \"\\u0078\\n\", \"path\" : [ \"" HASH
                               "\" ] ,\t\"entry\":\"QUJD\"\r\n,\"seq\":\"\\u0031\",\n"
                               "  \"type\":\"inclusion\",\"f\\u006frmat\":\"ledger proof v1\" }  \n";
    enum proof_form form = 0;
    struct proof p;

    (void)state;
    proof_init(&p);
    PROOFS_OK(proof_parse(text, strlen(text), &p, &form, err));
    assert_int_equal(form, PROOF_JSON);
    assert_int_equal(p.type, PROOF_INCLUSION);
    assert_int_equal(p.seq, 1);
    assert_int_equal(p.last.path.count, 1);
    assert_string_equal((const char *)p.last.entry.at, "ABC");
    assert_string_equal((const char *)p.last.seal.at, "x\n");
    proof_release(&p);
}

/* 64 hashes, a note of 16 KiB, an entry of 65,535 bytes: and not one more. */
static void test_the_largest_parts_fit_and_none_is_larger(void **state)
{
    const size_t capacity = 200000;
    char *const text = malloc(capacity);
    char *const seal = malloc(NOTE_MAX_SIZE + 2);
    uint8_t *const bytes = calloc(1, ENTRY_MAX_SIZE + 3);
    char *const entry = malloc(BASE64_LENGTH(ENTRY_MAX_SIZE + 3) + 1);
    enum proof_form form = 0;
    struct proof p;

    (void)state;
    memset(seal, 'x', NOTE_MAX_SIZE + 1);
    for (unsigned over = 0; over < 4; over++) { /* which part has one too many; 0: none */
        const size_t seal_size = NOTE_MAX_SIZE + (over == 1);
        int at = snprintf(text, capacity, PROOF_TLOG_FORMAT "\nextra ");
        base64_encode(entry, bytes, ENTRY_MAX_SIZE + (over == 2));
        at += snprintf(text + at, capacity - (size_t)at, "%s\nindex 7\n", entry);
        for (unsigned i = 0; i < MERKLE_PATH_MAX + (over == 3); i++)
            at += snprintf(text + at, capacity - (size_t)at, HASH "\n");
        snprintf(text + at, capacity - (size_t)at, "\n%.*s", (int)seal_size, seal);
        if (over > 0) {
            assert_refused(text, over == 1   ? "a seal of 16385 bytes"
                                 : over == 2 ? "65536 bytes"
                                             : "more than 64 hashes");
            continue;
        }
        proof_init(&p);
        PROOFS_OK(proof_parse(text, strlen(text), &p, &form, err));
        assert_int_equal(p.last.path.count, MERKLE_PATH_MAX);
        assert_int_equal(p.last.entry.size, ENTRY_MAX_SIZE);
        assert_int_equal(p.last.seal.size, NOTE_MAX_SIZE);
        proof_release(&p);
    }
    free(text);
    free(seal);
    free(bytes);
    free(entry);
}

static void test_more_changes_of_the_key_than_there_can_be_are_refused(void **state)
{
    static const char one[] = "{\"entry\":\"QUJD\",\"path\":[],\"seal\":\"x\",\"consistency\":[]},";
    const size_t size = sizeof one - 1;
    char *const text = malloc(100 + (PROOF_KEYS_MAX + 1) * size);
    size_t at = 0;

    (void)state;
    at += (size_t)snprintf(text, 100, "{\"keys\":[");
    for (unsigned i = 0; i <= PROOF_KEYS_MAX; i++, at += size)
        memcpy(text + at, one, size);
    memcpy(text + at - 1, "]}", 3);
    assert_refused(text, "keys: change 10001: more than 10000 changes of the key");
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_other_json_is_refused_with_its_place),
        cmocka_unit_test(test_other_text_is_refused_with_its_line),
        cmocka_unit_test(test_numbers_are_exact_to_the_last_digit),
        cmocka_unit_test(test_order_white_space_and_escapes_of_json_do_not_matter),
        cmocka_unit_test(test_the_largest_parts_fit_and_none_is_larger),
        cmocka_unit_test(test_more_changes_of_the_key_than_there_can_be_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
