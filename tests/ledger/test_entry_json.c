/* An entry says the same in bytes and in JSON, and a line that is wrong anywhere is refused at that place. */
#include "ledger/entry_json.h"

#include "support/random_entry.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static char arena_bytes[JSON_LINE_MAX];
static struct json_arena arena = {arena_bytes, sizeof arena_bytes, 0};
static struct actors actors;

static int setup(void **state)
{
    static const char *const NAMES[] = {"broker:paper", "feed:lean", "person:\"ada\""};

    (void)state;
    actors_init(&actors);
    for (size_t i = 0; i < COUNT(NAMES); i++) {
        struct actor_row *const row = &actors.rows[actors.count++];
        row->name = id_from(NAMES[i]);
        row->role = ROLE_BROKER;
    }
    return 0;
}

/* Reads a copy of exactly `size` bytes, so that a read past its end is seen; the copy lives until the next.
 */
static enum err_code read_line(const char *line, size_t size, struct entry *e, struct err *err)
{
    static char *copy;

    free(copy);
    copy = malloc(size ? size : 1);
    assert_non_null(copy);
    memcpy(copy, line, size);
    arena.capacity = size; /* as much always suffices */
    const enum err_code rc = entry_from_json(copy, size, &actors, 0, &arena, e, err);
    if (rc) {
        free(copy);
        copy = NULL;
    }
    return rc;
}

static size_t encode(const struct entry *e, uint8_t *bytes)
{
    struct wire_out out;
    struct err err = {0};

    wire_out_init(&out, bytes, ENTRY_MAX_SIZE);
    if (entry_encode(e, &out, &err))
        fail_msg("%s", err.text);
    return wire_out_size(&out);
}

static void write_line(const struct entry *e, enum entry_json_form form, struct json_out *out)
{
    json_out_clear(out);
    entry_to_json(e, &actors, form, out);
    assert_int_equal(json_out_done(out, NULL), ERR_OK);
}

static void assert_line(const struct json_out *out, const char *expected)
{
    if (out->size != strlen(expected) || memcmp(out->bytes, expected, out->size) != 0)
        fail_msg("wrote %.*s\n   not %s", (int)out->size, out->bytes, expected);
}

/* -- identity ------------------------------------------------------------------------------------------ */

static void assert_identity(const struct entry *e, struct json_out *first, struct json_out *second)
{
    static uint8_t before[ENTRY_MAX_SIZE];
    static uint8_t after[ENTRY_MAX_SIZE];
    static struct entry back;
    struct err err = {0};

    const size_t size = encode(e, before);
    write_line(e, ENTRY_JSON_DRAFT, first);
    if (read_line(first->bytes, first->size, &back, &err))
        fail_msg("%.*s\n%s", (int)first->size, first->bytes, err.text);
    write_line(&back, ENTRY_JSON_DRAFT, second);
    assert_int_equal(first->size, second->size);
    assert_memory_equal(first->bytes, second->bytes, first->size);
    assert_int_equal(encode(&back, after), size);
    assert_memory_equal(before, after, size);
}

static void test_every_kind_comes_back_as_it_went(void **state)
{
    static struct random_texts texts;
    static struct entry e;
    struct random random = {20151224};
    struct json_out first;
    struct json_out second;
    size_t count = 0;
    const struct entry_kind_info *const kinds = entry_kinds(&count);

    (void)state;
    json_out_init(&first);
    json_out_init(&second);
    for (size_t i = 0; i < count; i++) {
        for (int n = 0; n < 200; n++) {
            random_entry(&random, &kinds[i], actors.count + 1, &e, &texts);
            assert_identity(&e, &first, &second);
        }
    }
    json_out_release(&first);
    json_out_release(&second);
}

/* Golden lines: what one version wrote, every later one must read and write. Add rows; never edit one. */
static const char *const GOLDEN[] = {
    "{\"kind\":\"perception.quote\",\"actor\":\"feed:lean\",\"at\":\"2015-12-24T14:31:00Z\",\"body\":{"
    "\"symbol\":\"GOOG  151224P00750000\",\"bid\":\"1.25\",\"ask\":null,\"bid_size\":10,\"ask_size\":0}}",
    "{\"kind\":\"perception.bar\",\"actor\":\"feed:lean\",\"at\":\"2015-12-24T18:00:00Z\",\"body\":{"
    "\"symbol\":"
    "\"BRK.B\",\"open\":\"749.55\",\"high\":\"751.35\",\"low\":\"746.62\",\"close\":\"748.4\",\"volume\":"
    "527223,"
    "\"period_s\":86400}}",
    "{\"kind\":\"perception.clock\",\"actor\":\"journal\",\"at\":\"1999-12-31T21:00:00.5Z\",\"body\":{"
    "\"phase\":"
    "\"close\",\"session\":\"1999-12-31\"}}",
    "{\"kind\":\"decision.candidates\",\"actor\":\"journal\",\"cause\":9,\"body\":{\"strategy\":\"put\","
    "\"symbol\":"
    "\"GOOG\",\"price\":\"748.4\",\"seen\":100,\"passed\":1,\"rows\":[{\"symbol\":\"GOOG  160108P00630000\","
    "\"premium\":\"0.4\",\"margin\":\"6340\",\"score\":\"0.006309148\",\"otm\":\"0.158204169\",\"days\":15}]}"
    "}",
    "{\"kind\":\"decision.no_trade\",\"actor\":\"journal\",\"cause\":9,\"body\":{\"strategy\":\"put\","
    "\"symbol\":"
    "\"GOOG\",\"seen\":2,\"passed\":0,\"reason\":\"no "
    "\\\"put\\\"\\n\xe2\x82\xac\",\"failed\":[{\"name\":\"otm\","
    "\"count\":2}],\"gates\":[]}}",
    "{\"kind\":\"risk.verdict\",\"actor\":\"journal\",\"cause\":18446744073709551615,\"body\":{\"order_id\":"
    "\"o-1\","
    "\"symbol\":\"GOOG\",\"allowed\":false,\"checks\":["
    "{\"name\":\"p\",\"value\":\"0.4\",\"bound\":\"0.3\",\"unit\":\"price\",\"rule\":\"at_least\",\"ok\":"
    "true},"
    "{\"name\":\"m\",\"value\":\"-2000\",\"bound\":\"-0.000001\",\"unit\":\"money\",\"rule\":\"at_most\","
    "\"ok\":true},"
    "{\"name\":\"r\",\"value\":\"0.8\",\"bound\":\"0.8\",\"unit\":\"rate\",\"rule\":\"below\",\"ok\":false},"
    "{\"name\":\"c\",\"value\":11,\"bound\":10,\"unit\":\"count\",\"rule\":\"above\",\"ok\":true},"
    "{\"name\":\"s\",\"value\":null,\"bound\":-60,\"unit\":\"seconds\",\"rule\":\"above\",\"ok\":false},"
    "{\"name\":\"f\",\"value\":true,\"bound\":false,\"unit\":\"flag\",\"rule\":\"equal\",\"ok\":false}]}}",
    "{\"kind\":\"order.new\",\"actor\":\"journal\",\"cause\":1,\"body\":{\"order_id\":\"o-1\",\"symbol\":"
    "\"GOOG\","
    "\"side\":\"sell\",\"qty\":5,\"type\":\"market\",\"limit\":null}}",
    "{\"kind\":\"fill.execution\",\"actor\":\"broker:paper\",\"cause\":12,\"at\":\"2015-12-24T14:31:00."
    "000000001Z\","
    "\"body\":{\"order_id\":\"o-1\",\"fill_id\":\"f-1\",\"symbol\":\"GOOG\",\"side\":\"buy\",\"qty\":5,"
    "\"price\":\"748.4\",\"fee\":\"-0.05\"}}",
    "{\"kind\":\"control.genesis\",\"actor\":\"journal\",\"body\":{\"origin\":\"desk.example/alpha\",\"key\":"
    "\"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\",\"actors\":[{\"name\":\"ada\","
    "\"role\":"
    "\"owner\",\"key\":\"ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff\"}]}}",
    "{\"kind\":\"control.stop\",\"actor\":\"person:\\\"ada\\\"\",\"body\":{\"reason\":\"\"},\"signature\":"
    "\"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4vMDEyMzQ1Njc4OTo7PD0+Pw==\"}",
};

static void test_golden_lines_are_read_and_written_for_ever(void **state)
{
    static struct entry e;
    struct json_out out;

    (void)state;
    json_out_init(&out);
    for (size_t i = 0; i < COUNT(GOLDEN); i++) {
        struct err err = {0};
        if (read_line(GOLDEN[i], strlen(GOLDEN[i]), &e, &err))
            fail_msg("%s\n%s", GOLDEN[i], err.text);
        write_line(&e, ENTRY_JSON_DRAFT, &out);
        assert_line(&out, GOLDEN[i]);
    }
    json_out_release(&out);
}

static void test_a_line_means_what_it_says(void **state)
{
    static struct entry e;
    const char *const line = GOLDEN[7];
    struct err err = {0};

    (void)state;
    assert_int_equal(read_line(line, strlen(line), &e, &err), ERR_OK);
    assert_int_equal(e.kind, ENTRY_FILL_EXECUTION);
    assert_int_equal(e.seq, 0);
    assert_int_equal(e.recorded_at_ns, 0);
    assert_int_equal(e.actor, 1);
    assert_int_equal(e.cause, 12);
    assert_int_equal(e.at_ns, INT64_C(1450967460000000001));
    assert_false(e.is_signed);
    assert_true(id_is(&e.as.fill_execution.order_id, "o-1"));
    assert_true(id_is(&e.as.fill_execution.fill_id, "f-1"));
    assert_string_equal(e.as.fill_execution.symbol.text, "GOOG");
    assert_int_equal(e.as.fill_execution.side, SIDE_BUY);
    assert_int_equal(e.as.fill_execution.qty, 5);
    assert_int_equal(e.as.fill_execution.price, INT64_C(748400000000));
    assert_int_equal(e.as.fill_execution.fee, -50000);
}

static void test_the_full_form_adds_the_place(void **state)
{
    static struct entry e;
    struct err err = {0};
    struct json_out out;

    (void)state;
    json_out_init(&out);
    assert_int_equal(read_line(GOLDEN[2], strlen(GOLDEN[2]), &e, &err), ERR_OK);
    e.seq = 4711;
    e.recorded_at_ns = 1500000000;
    e.at_ns = INSTANT_NONE;
    e.actor = 77; /* nobody we know */
    write_line(&e, ENTRY_JSON_FULL, &out);
    assert_line(&out,
                "{\"seq\":4711,\"recorded_at\":\"1970-01-01T00:00:01.5Z\",\"kind\":\"perception.clock\","
                "\"actor\":\"?\",\"body\":{\"phase\":\"close\",\"session\":\"1999-12-31\"}}");
    json_out_release(&out);
}

static void test_other_ways_to_say_it_become_the_canonical_one(void **state)
{
    static const char CANONICAL[] = "{\"kind\":\"fill.deposit\",\"actor\":\"feed:lean\",\"cause\":3,\"at\":"
                                    "\"2015-12-24T14:31:00Z\",\"body\":{\"fill_id\":\"d\",\"amount\":\"1.5\","
                                    "\"text\":\"a/\xc3\xa9\"}}";
    static const char *const ROWS[] = {
        /* any order of keys, body before kind too */
        "{\"body\":{\"text\":\"a/"
        "\xc3\xa9\",\"amount\":\"1.5\",\"fill_id\":\"d\"},\"at\":\"2015-12-24T14:31:00Z\","
        "\"cause\":3,\"actor\":\"feed:lean\",\"kind\":\"fill.deposit\"}",
        "{\"actor\":\"feed:lean\",\"body\":{\"amount\":\"1.5\",\"fill_id\":\"d\",\"text\":\"a/\xc3\xa9\"},"
        "\"kind\":\"fill.deposit\",\"cause\":3,\"at\":\"2015-12-24T14:31:00Z\"}",
        /* white space */
        " {\t\"kind\" : \"fill.deposit\" , \"actor\": \"feed:lean\",\"cause\": 3 "
        ",\"at\":\"2015-12-24T14:31:00Z\","
        "\"body\" :{ \"fill_id\":\"d\" ,\"amount\":\"1.5\",\"text\":\"a/\xc3\xa9\" } } \r\n",
        /* escapes, in keys and names too, with the body first so that both readings unescape */
        "{\"b\\u006fdy\":{\"fill_id\":\"\\u0064\",\"\\u0061mount\":\"1\\u002e5\",\"text\":\"a\\/\\u00e9\"},"
        "\"k\\u0069nd\":\"fill\\u002edeposit\",\"actor\":\"feed:l\\u0065an\",\"cause\":3,\"at\":"
        "\"2015-12-24T14\\u003a31:00Z\"}",
        /* zeros, and another offset */
        "{\"kind\":\"fill.deposit\",\"actor\":\"feed:lean\",\"cause\":3,\"at\":\"2015-12-24T09:31:00.000-05:"
        "00\","
        "\"body\":{\"fill_id\":\"d\",\"amount\":\"1.500000\",\"text\":\"a/\xc3\xa9\"}}",
    };
    static struct entry e;
    struct json_out out;

    (void)state;
    json_out_init(&out);
    for (size_t i = 0; i < COUNT(ROWS); i++) {
        struct err err = {0};
        if (read_line(ROWS[i], strlen(ROWS[i]), &e, &err))
            fail_msg("%s\n%s", ROWS[i], err.text);
        write_line(&e, ENTRY_JSON_DRAFT, &out);
        assert_line(&out, CANONICAL);
    }
    json_out_release(&out);
}

static void test_the_default_actor_signs_for_lines_without_one(void **state)
{
    static const char LINE[] = "{\"kind\":\"control.note\",\"body\":{\"text\":\"x\"}}";
    static struct entry e;
    struct err err = {0};

    (void)state;
    assert_int_equal(entry_from_json(LINE, sizeof LINE - 1, &actors, 2, &arena, &e, &err), ERR_OK);
    assert_int_equal(e.actor, 2);
}

static void test_every_prefix_of_a_line_is_refused(void **state)
{
    static struct entry e;

    (void)state;
    for (size_t i = 0; i < COUNT(GOLDEN); i++) {
        for (size_t size = 0; size < strlen(GOLDEN[i]); size++) {
            struct err err = {0};
            assert_int_equal(read_line(GOLDEN[i], size, &e, &err), ERR_INPUT);
            assert_int_equal(strncmp(err.text, "column ", 7), 0);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_kind_comes_back_as_it_went),
        cmocka_unit_test(test_golden_lines_are_read_and_written_for_ever),
        cmocka_unit_test(test_a_line_means_what_it_says),
        cmocka_unit_test(test_the_full_form_adds_the_place),
        cmocka_unit_test(test_other_ways_to_say_it_become_the_canonical_one),
        cmocka_unit_test(test_the_default_actor_signs_for_lines_without_one),
        cmocka_unit_test(test_every_prefix_of_a_line_is_refused),
    };

    return cmocka_run_group_tests(tests, setup, NULL);
}
