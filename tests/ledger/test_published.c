/* Names and forms of a published journal's files: one form each, the specification's. */
#include "ledger/published.h"

#include "support/shared.h"

#include <inttypes.h>
#include <stdbool.h>

static void assert_name(struct published_name name, const char *text)
{
    char out[PUBLISHED_NAME_SIZE];
    struct published_name back = {.kind = PUBLISHED_SEALS};
    struct err err = {.code = ERR_OK};

    assert_int_equal(published_format(out, &name), strlen(text));
    assert_string_equal(out, text);
    assert_int_equal(published_parse(&back, text, strlen(text), &err), ERR_OK);
    assert_int_equal(back.kind, name.kind);
    assert_int_equal(back.level, name.level);
    assert_true(back.number == name.number);
    assert_int_equal(back.width, name.width);
    assert_int_equal(back.which, name.which);
}

static void assert_no_name(const char *text, size_t length)
{
    struct published_name name = {.kind = PUBLISHED_SEAL, .number = 7};
    struct err err = {.code = ERR_OK};

    assert_int_equal(published_parse(&name, text, length, &err), ERR_INPUT);
    assert_non_null(strstr(err.text, "names no file of a published journal"));
    assert_int_equal(name.number, 7);
}

static void test_each_kind_of_file_has_its_name(void **state)
{
    (void)state;
    assert_name((struct published_name){.kind = PUBLISHED_CHECKPOINT}, "checkpoint");
    assert_name((struct published_name){.kind = PUBLISHED_SEALS}, "seals");
    assert_name((struct published_name){.kind = PUBLISHED_TILE, .number = 1234067, .width = 256},
                "tile/0/x001/x234/067");
    assert_name((struct published_name){.kind = PUBLISHED_TILE, .number = 1, .width = 44}, "tile/0/001.p/44");
    assert_name((struct published_name){PUBLISHED_TILE, 63, INT64_MAX, 255, 0},
                "tile/63/x009/x223/x372/x036/x854/x775/807.p/255");
    assert_name((struct published_name){.kind = PUBLISHED_ENTRIES, .width = 256}, "tile/entries/000");
    assert_name((struct published_name){.kind = PUBLISHED_ENTRIES, .number = 1000, .width = 1},
                "tile/entries/x001/000.p/1");
    assert_name((struct published_name){.kind = PUBLISHED_SEAL, .number = 1}, "seal/001");
    assert_name((struct published_name){.kind = PUBLISHED_SEAL, .number = 282787}, "seal/x282/787");
    assert_name((struct published_name){.kind = PUBLISHED_TIMESTAMP, .number = 1000}, "timestamp/x001/000/0");
    assert_name((struct published_name){.kind = PUBLISHED_TIMESTAMP, .number = 7, .which = 999},
                "timestamp/007/999");
}

static void test_what_is_not_exactly_a_name_is_refused(void **state)
{
    static const char *const bad[] = {
        "",
        "/checkpoint",
        "checkpoint/",
        "checkpoints",
        "seals ",
        "seal",
        "seal/",
        "seal/0",
        "seal/000",
        "seal/1",
        "seal/x001",
        "seal/001.p/1",
        "seal/x000/001",
        "seal/0001",
        "tile",
        "tile/",
        "tile/64/000",
        "tile/00/000",
        "tile/-1/000",
        "tile/+1/000",
        "tile/0/00",
        "tile/0/000.p/0",
        "tile/0/000.p/256",
        "tile/0/000.p/01",
        "tile/0/000.p/",
        "tile/0/000.p",
        "tile/0/000.p/1/",
        "tile/0/../checkpoint",
        "tile/0/x000/000",
        "tile/0/x001x000",
        "tile/0/x009/x223/x372/x036/x854/x775/808", /* 2^63 */
        "tile/0/x018/x446/x744/x073/x709/x551/616",
        "tile/0/x001/x009/x223/x372/x036/x854/x775/807",
        "tile/entries",
        "tile/entries/",
        "tile/data/000",
        "timestamp/001",
        "timestamp/001/",
        "timestamp/001/00",
        "timestamp/001/1000",
        "timestamp/000/0",
        "Checkpoint",
    };

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_no_name(bad[i], strlen(bad[i]));
    assert_no_name("checkpoint", 11); /* with its zero byte */
}

/* A bundle of three, cut at each byte: only whole entries are entries. */
static void test_a_bundle_comes_apart_into_its_entries(void **state)
{
    static const uint8_t bundle[] = "\0\3one\0\3two\0\5three";
    const size_t whole = sizeof bundle - 1;
    struct published_entry entries[PUBLISHED_WIDTH];
    struct err err = {.code = ERR_OK};
    unsigned count = 0;

    (void)state;
    assert_int_equal(published_bundle_parse(bundle, whole, entries, &count, &err), ERR_OK);
    assert_int_equal(count, 3);
    assert_int_equal(entries[2].size, 5);
    assert_memory_equal(entries[2].bytes, "three", 5);
    for (size_t cut = 0; cut < whole; cut++) {
        const bool is_whole = cut == 5 || cut == 10;
        count = 99;
        assert_int_equal(published_bundle_parse(bundle, cut, entries, &count, &err),
                         is_whole ? ERR_OK : ERR_FORMAT);
        assert_int_equal(count, is_whole ? cut / 5 : 99);
    }
    assert_non_null(strstr(err.text, "entry 3 of it, at byte 10, is cut"));
    assert_int_equal(published_bundle_parse((const uint8_t *)"\0\0", 2, entries, &count, &err), ERR_FORMAT);
    assert_non_null(strstr(err.text, "of no bytes"));
}

static void test_a_bundle_has_256_entries_at_most(void **state)
{
    uint8_t bundle[3 * (PUBLISHED_WIDTH + 1)];
    struct published_entry entries[PUBLISHED_WIDTH];
    struct err err = {.code = ERR_OK};
    unsigned count = 0;

    (void)state;
    for (size_t i = 0; i < sizeof bundle; i++)
        bundle[i] = i % 3 == 1;
    assert_int_equal(published_bundle_parse(bundle, 3 * PUBLISHED_WIDTH, entries, &count, &err), ERR_OK);
    assert_int_equal(count, PUBLISHED_WIDTH);
    assert_int_equal(published_bundle_parse(bundle, sizeof bundle, entries, &count, &err), ERR_FORMAT);
    assert_non_null(strstr(err.text, "goes on after 256"));
}

/* Reads a list to its end: the sum of its sizes, or zero when it is refused. */
static uint64_t read_list(const char *text, struct err *err)
{
    struct published_sizes list;
    uint64_t sum = 0;
    uint64_t size = 0;
    bool found = true;

    published_sizes_init(&list, text, strlen(text));
    while (published_sizes_next(&list, &size, &found, err) == ERR_OK) {
        if (!found)
            return sum;
        sum += size;
    }
    return 0;
}

static void test_a_list_of_seals_ascends(void **state)
{
    static const struct {
        const char *text;
        const char *why;
    } bad[] = {
        {"1", "after 0 comes a line that is no size"},
        {"1\n2", "after 1 comes"},
        {"1\n\n", "after 1 comes"},
        {"\n", "after 0 comes"},
        {"0\n", "after 0 comes"},
        {"1\n02\n", "after 1 comes"},
        {" 1\n", "after 0 comes"},
        {"1\r\n", "after 0 comes"},
        {"-1\n", "after 0 comes"},
        {"9223372036854775808\n", "after 0 comes"},
        {"99999999999999999999\n", "after 0 comes"},
        {"7\n7\n", "7 comes after 7"},
        {"7\n6\n", "6 comes after 7"},
    };
    struct err err = {.code = ERR_OK};

    (void)state;
    assert_true(read_list("1\n40\n9223372036854775000\n", &err) == UINT64_C(9223372036854775041));
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(read_list(bad[i].text, &err), 0);
        assert_non_null(strstr(err.text, bad[i].why));
    }
}

/* -- published vectors ----------------------------------------------------------------------------------- */

static void test_published_tile_paths(void **state)
{
    (void)state;
    cJSON *const json = shared_vectors("tlog_tile_and_tree_vectors.json");
    const cJSON *row;

    cJSON_ArrayForEach(row, shared_member(json, "c2sp_tile_paths"))
    {
        const unsigned partial = (unsigned)shared_number(row, "partial");
        const struct published_name name = {.kind = PUBLISHED_TILE,
                                            .level = (unsigned)shared_number(row, "level"),
                                            .number = shared_number(row, "index"),
                                            .width = partial ? partial : PUBLISHED_WIDTH};
        assert_name(name, shared_text(row, "want"));
    }
    cJSON_ArrayForEach(row, shared_member(json, "c2sp_entries_path_for_index"))
    {
        const uint64_t number = shared_number(row, "index") / PUBLISHED_WIDTH;
        const uint64_t left = shared_number(row, "log_size") - number * PUBLISHED_WIDTH;
        const struct published_name name = {.kind = PUBLISHED_ENTRIES,
                                            .number = number,
                                            .width =
                                                left < PUBLISHED_WIDTH ? (unsigned)left : PUBLISHED_WIDTH};
        assert_name(name, shared_text(row, "want"));
    }
    cJSON_Delete(json);
}

/* The last two are compared as numbers read from text: above 2^53 the JSON number is not exact. */
static void test_published_forms_of_an_index(void **state)
{
    (void)state;
    cJSON *const json = shared_vectors("tlog_tile_and_tree_vectors.json");
    char text[2 * PUBLISHED_NAME_SIZE];
    struct err err = {.code = ERR_OK};
    const cJSON *row;

    cJSON_ArrayForEach(row, shared_member(json, "c2sp_index_parse_valid"))
    {
        struct published_name name;
        const unsigned partial = (unsigned)shared_number(row, "partial");
        snprintf(text, sizeof text, "tile/0/%s", shared_text(row, "text"));
        assert_int_equal(published_parse(&name, text, strlen(text), &err), ERR_OK);
        assert_true((double)name.number == shared_member(row, "index")->valuedouble);
        assert_int_equal(name.width, partial ? partial : PUBLISHED_WIDTH);
        assert_name(name, text);
    }
    cJSON_ArrayForEach(row, shared_member(json, "c2sp_index_parse_invalid"))
    {
        snprintf(text, sizeof text, "tile/0/%s", row->valuestring);
        assert_no_name(text, strlen(text));
    }
    cJSON_Delete(json);
}

/* golang's paths say the tiles' height first, and "data" where C2SP has "entries"; the rest is the same. */
static void c2sp_path(char *out, size_t room, const char *golang)
{
    const char *const rest = strchr(golang + strlen("tile/"), '/') + 1;
    const bool is_data = strncmp(rest, "data/", 5) == 0;

    snprintf(out, room, "tile/%s%s", is_data ? "entries/" : "", is_data ? rest + 5 : rest);
}

static void test_published_paths_of_golang(void **state)
{
    (void)state;
    cJSON *const json = shared_vectors("tlog_tile_and_tree_vectors.json");
    char text[2 * PUBLISHED_NAME_SIZE];
    const cJSON *row;

    cJSON_ArrayForEach(row, shared_member(json, "golang_paths_valid"))
    {
        const int level = (int)shared_member(row, "L")->valuedouble;
        const unsigned width = (unsigned)shared_number(row, "W");
        const unsigned full = 1u << (unsigned)shared_number(row, "H");
        c2sp_path(text, sizeof text, shared_text(row, "path"));
        assert_name((struct published_name){.kind = level < 0 ? PUBLISHED_ENTRIES : PUBLISHED_TILE,
                                            .level = level < 0 ? 0 : (unsigned)level,
                                            .number = shared_number(row, "N"),
                                            .width = width == full ? PUBLISHED_WIDTH : width},
                    text);
    }
    cJSON_ArrayForEach(row, shared_member(json, "golang_paths_invalid"))
    {
        c2sp_path(text, sizeof text, row->valuestring);
        assert_no_name(text, strlen(text));
    }
    cJSON_Delete(json);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_kind_of_file_has_its_name),
        cmocka_unit_test(test_what_is_not_exactly_a_name_is_refused),
        cmocka_unit_test(test_a_bundle_comes_apart_into_its_entries),
        cmocka_unit_test(test_a_bundle_has_256_entries_at_most),
        cmocka_unit_test(test_a_list_of_seals_ascends),
        cmocka_unit_test(test_published_tile_paths),
        cmocka_unit_test(test_published_forms_of_an_index),
        cmocka_unit_test(test_published_paths_of_golang),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
