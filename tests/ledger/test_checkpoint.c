/* Checkpoints: three canonical lines, and where each other form is refused. */
#include "ledger/checkpoint.h"

#include "ledger/hex.h"
#include "support/shared.h"

#define ROOT64 "Wqx3HImawpLnS/Gv4ubjAvi1WIOy0b8Ze0amvqbavKk="
#define TEXT   "example.com/log/testdata\n3\n" ROOT64 "\n"

static struct hash root_three(void)
{
    struct hash root;
    const char *const hex = "5aac771c899ac292e74bf1afe2e6e302f8b55883b2d1bf197b46a6bea6dabca9";
    assert_int_equal(hex_decode(hex, 64, root.bytes, HASH_SIZE, NULL), ERR_OK);
    return root;
}

static void test_a_published_checkpoint_is_written_and_read(void **state)
{
    const struct hash root = root_three();
    struct checkpoint c;
    char text[CHECKPOINT_TEXT_MAX];
    size_t size = 0;
    struct err err;

    (void)state;
    assert_int_equal(checkpoint_init(&c, "example.com/log/testdata", 24, 3, &root, &err), ERR_OK);
    assert_int_equal(checkpoint_format(&c, text, sizeof text, &size, &err), ERR_OK);
    assert_int_equal(size, 72);
    assert_memory_equal(text, TEXT, 72);
    assert_int_equal(checkpoint_format(&c, text, 71, &size, &err), ERR_RANGE);
    assert_int_equal(checkpoint_format(&c, text, 72, &size, &err), ERR_OK);
    memset(&c, 0, sizeof c);
    assert_int_equal(checkpoint_parse(&c, TEXT, 72, &err), ERR_OK);
    assert_string_equal(c.origin, "example.com/log/testdata");
    assert_int_equal(c.origin_size, 24);
    assert_int_equal(c.size, 3);
    assert_true(hash_equal(&c.root, &root));
    assert_int_equal(c.extension_size, 0);
}

static void test_a_signed_checkpoint_opens_with_its_key_only(void **state)
{
    static const char vkey[] =
        "example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx";
    static const char other[] = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    static const char note[] =
        TEXT "\n\xe2\x80\x94 example.com/log/testdata M9e0lvAQRtH832pk2RTbeSeZMkp4FZSdJYFBUjO5"
             "SKxuRbywPUF3cx+HUrb50kjd3rUWW/fj53Wj1dwcwh9bGQnqVAg=\n";
    struct note_key keys[2];
    struct checkpoint c = {.size = 99};
    struct err err;

    (void)state;
    assert_int_equal(note_key_parse(&keys[0], vkey, strlen(vkey), &err), ERR_OK);
    assert_int_equal(note_key_parse(&keys[1], other, strlen(other), &err), ERR_OK);
    assert_int_equal(checkpoint_open(&c, note, strlen(note), &keys[1], 1, &err), ERR_KEY);
    assert_int_equal(checkpoint_open(&c, note, strlen(note) - 1, keys, 2, &err), ERR_FORMAT);
    assert_int_equal(c.size, 99);
    assert_int_equal(checkpoint_open(&c, note, strlen(note), keys, 2, &err), ERR_OK);
    assert_int_equal(c.size, 3);
}

static void test_sizes(void **state)
{
    static const struct {
        const char *text;
        enum err_code want;
        uint64_t size;
    } cases[] = {
        {"0", ERR_OK, 0},
        {"1", ERR_OK, 1},
        {"9223372036854775807", ERR_OK, INT64_MAX},
        {"9223372036854775808", ERR_FORMAT, 0}, /* 2^63 */
        {"9999999999999999999", ERR_FORMAT, 0},
        {"18446744073709551617", ERR_FORMAT, 0}, /* 2^64 + 1 */
        {"", ERR_FORMAT, 0},
        {"00", ERR_FORMAT, 0},
        {"03", ERR_FORMAT, 0},
        {"+3", ERR_FORMAT, 0},
        {"-3", ERR_FORMAT, 0},
        {" 3", ERR_FORMAT, 0},
        {"3 ", ERR_FORMAT, 0},
        {"0x3", ERR_FORMAT, 0},
        {"3\r", ERR_FORMAT, 0},
    };
    char text[128];
    struct err err;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct checkpoint c = {.size = 77};
        const int size = snprintf(text, sizeof text, "log\n%s\n" ROOT64 "\n", cases[i].text);
        assert_int_equal(checkpoint_parse(&c, text, (size_t)size, &err), cases[i].want);
        assert_int_equal(c.size, cases[i].want ? 77 : cases[i].size);
        if (cases[i].want)
            assert_non_null(strstr(err.text, "line 2"));
    }
}

static void test_each_wrong_line_is_named(void **state)
{
    static const struct {
        const char *text;
        const char *says;
    } cases[] = {
        {"", "line 1"},
        {"log", "line 1"},
        {"\n3\n" ROOT64 "\n", "line 1"},
        {"log\n", "line 2"},
        {"log\n3", "line 2"},
        {"log\n3\n", "line 3"},
        {"log\n3\n" ROOT64, "line 3"},
        {"log\n3\nWqx3\n", "line 3"}, /* three bytes */
        {"log\n3\n" ROOT64 "=\n", "line 3"},
        {"log\n3\nWqx3HImawpLnS_Gv4ubjAvi1WIOy0b8Ze0amvqbavKk=\n", "line 3"}, /* URL-safe alphabet */
        {"log\n3\nWqx3HImawpLnS/Gv4ubjAvi1WIOy0b8Ze0amvqbavKl=\n", "line 3"}, /* bits after the last byte */
        {"log\n3\n" ROOT64 "\n\n", "line 4"},
        {"log\n3\n" ROOT64 "\nextension", "line 4"},
        {"log\n3\n" ROOT64 "\nextension\n\n", "line 5"},
    };
    struct err err;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct checkpoint c = {.size = 77};
        assert_int_equal(checkpoint_parse(&c, cases[i].text, strlen(cases[i].text), &err), ERR_FORMAT);
        if (!strstr(err.text, cases[i].says))
            fail_msg("case %zu: \"%s\" does not say \"%s\"", i, err.text, cases[i].says);
        assert_int_equal(c.size, 77);
    }
}

static void test_the_origin_has_a_limit(void **state)
{
    char text[CHECKPOINT_TEXT_MAX + 2];
    char origin[CHECKPOINT_ORIGIN_MAX + 2];
    const struct hash root = root_three();
    struct checkpoint c;
    size_t size = 0;
    struct err err;

    (void)state;
    memset(origin, 'o', sizeof origin);
    assert_int_equal(checkpoint_init(&c, origin, CHECKPOINT_ORIGIN_MAX, INT64_MAX, &root, &err), ERR_OK);
    assert_int_equal(checkpoint_format(&c, text, CHECKPOINT_TEXT_MAX, &size, &err), ERR_OK);
    assert_int_equal(size, CHECKPOINT_TEXT_MAX); /* the longest there is */
    assert_int_equal(checkpoint_parse(&c, text, size, &err), ERR_OK);
    memmove(text + 1, text, size);
    assert_int_equal(checkpoint_parse(&c, text, size + 1, &err), ERR_FORMAT);
    assert_int_equal(checkpoint_init(&c, origin, CHECKPOINT_ORIGIN_MAX + 1, 1, &root, &err), ERR_INPUT);
    assert_int_equal(checkpoint_init(&c, "", 0, 1, &root, &err), ERR_INPUT);
    assert_int_equal(checkpoint_init(&c, "two words", 9, 1, &root, &err), ERR_INPUT);
}

static void test_extension_lines_of_others_are_kept(void **state)
{
    static const char text[] = "go.sum database tree\n3\n" ROOT64 "\nmore\nand more\n";
    struct checkpoint c;
    char out[256];
    size_t size = 0;
    struct err err;

    (void)state;
    assert_int_equal(checkpoint_parse(&c, text, strlen(text), &err), ERR_OK);
    assert_string_equal(c.origin, "go.sum database tree");
    assert_int_equal(c.extension_size, strlen("more\nand more\n"));
    assert_int_equal(checkpoint_format(&c, out, sizeof out, &size, &err), ERR_OK);
    assert_int_equal(size, strlen(text));
    assert_memory_equal(out, text, size);
}

static void test_published_checkpoints_open(void **state)
{
    (void)state;
    cJSON *const json = shared_vectors("checkpoints_and_cosignatures.json");
    const cJSON *row;
    struct err err;
    int opened = 0;

    cJSON_ArrayForEach(row, shared_member(json, "checkpoints"))
    {
        const char *const bytes = shared_text(row, "checkpoint");
        const char *const vkey =
            cJSON_GetArrayItem(shared_member(row, "vkeys_expected_valid"), 0)->valuestring;
        const bool is_checkpoint = !strstr(shared_text(row, "remark"), "not a checkpoint");
        struct note_key key;
        struct checkpoint c;
        assert_int_equal(note_key_parse(&key, vkey, strlen(vkey), &err), ERR_OK);
        assert_int_equal(checkpoint_open(&c, bytes, strlen(bytes), &key, 1, &err),
                         is_checkpoint ? ERR_OK : ERR_FORMAT);
        opened += is_checkpoint;
    }
    assert_int_equal(opened, 4);
    cJSON_Delete(json);
}

/* The text that golang signs for a tree of one leaf, though it says another size. */
static void test_the_published_text_of_a_tree(void **state)
{
    (void)state;
    cJSON *const json = shared_vectors("tlog_tile_and_tree_vectors.json");
    const cJSON *const tree = shared_member(json, "golang_format_tree");
    const char *const want = shared_text(tree, "want");
    const char *const leaf = shared_text(tree, "leaf_data");
    char out[CHECKPOINT_TEXT_MAX];
    struct checkpoint c;
    struct err err;
    size_t size = 0;

    assert_int_equal(checkpoint_parse(&c, want, strlen(want), &err), ERR_OK);
    const struct hash root = hash_leaf(leaf, strlen(leaf));
    assert_memory_equal(c.root.bytes, root.bytes, HASH_SIZE);
    assert_true(c.size == shared_number(tree, "size"));
    assert_int_equal(checkpoint_format(&c, out, sizeof out, &size, &err), ERR_OK);
    assert_int_equal(size, strlen(want));
    assert_memory_equal(out, want, size);
    cJSON_Delete(json);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_published_checkpoint_is_written_and_read),
        cmocka_unit_test(test_a_signed_checkpoint_opens_with_its_key_only),
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_each_wrong_line_is_named),
        cmocka_unit_test(test_the_origin_has_a_limit),
        cmocka_unit_test(test_extension_lines_of_others_are_kept),
        cmocka_unit_test(test_published_checkpoints_open),
        cmocka_unit_test(test_the_published_text_of_a_tree),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
