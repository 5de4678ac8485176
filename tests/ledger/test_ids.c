#include "ledger/ids.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "support/failing.h"

static struct err err;

static struct id numbered(unsigned n)
{
    char text[24];

    snprintf(text, sizeof text, "f-%u", n);
    return id_from(text);
}

static void add(struct ids *ids, const char *text)
{
    const struct id id = id_from(text);

    assert_int_equal(ids_add(ids, &id, &err), ERR_OK);
}

static bool has(const struct ids *ids, const char *text)
{
    const struct id id = id_from(text);

    return ids_has(ids, &id);
}

static void test_an_empty_set_has_nothing_and_owns_nothing(void **state)
{
    struct ids ids;

    (void)state;
    ids_init(&ids);
    assert_false(has(&ids, "f"));
    assert_null(ids.bytes);
    ids_release(&ids);
    ids_release(&ids); /* twice is harmless */
}

static void test_every_length_and_every_character_counts(void **state)
{
    struct ids ids;
    char text[ID_MAX + 1];

    (void)state;
    ids_init(&ids);
    for (size_t length = 1; length <= ID_MAX; length++) {
        memset(text, 'x', length);
        text[length] = '\0';
        assert_false(has(&ids, text));
        add(&ids, text);
        add(&ids, text); /* again: no second one */
        assert_true(has(&ids, text));
        assert_int_equal(ids.count, length);
        for (size_t i = 0; i < length; i++) {
            text[i] = 'y';
            assert_false(has(&ids, text));
            text[i] = 'x';
        }
    }
    ids_release(&ids);
}

static void test_many_stay_found_in_order_of_first_appearance(void **state)
{
    const unsigned count = 50000;
    struct ids ids;

    (void)state;
    ids_init(&ids);
    for (unsigned n = 0; n < count; n++) {
        const struct id id = numbered(n);
        assert_int_equal(ids_add(&ids, &id, &err), ERR_OK);
    }
    uint32_t at = 0;
    for (unsigned n = 0; n < count; n++) {
        const struct id id = numbered(n);
        assert_true(ids_has(&ids, &id));
        assert_int_equal(ids.bytes[at], id.length);
        assert_memory_equal(ids.bytes + at + 1, id.text, id.length);
        at += 1U + id.length;
        const struct id absent = numbered(count + n);
        assert_false(ids_has(&ids, &absent));
    }
    assert_int_equal(at, ids.size);
    assert_int_equal(ids.count, count);
    ids_release(&ids);
}

struct recorded {
    uint8_t bytes[64];
    size_t size;
};

static void record(void *context, const void *bytes, size_t size)
{
    struct recorded *const d = context;
    memcpy(d->bytes + d->size, bytes, size);
    d->size += size;
}

static void test_digest_is_count_size_and_packed_ids(void **state)
{
    static const uint8_t GOLDEN[] = {0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 5, 1, 'b', 2, 'a', 'a'};
    struct recorded d = {.size = 0};
    const struct digest_out out = {record, &d};
    struct ids ids;

    (void)state;
    ids_init(&ids);
    add(&ids, "b");
    add(&ids, "aa");
    ids_digest(&ids, &out);
    assert_int_equal(d.size, sizeof GOLDEN);
    assert_memory_equal(d.bytes, GOLDEN, sizeof GOLDEN);
    ids_release(&ids);
}

static void test_a_set_with_tags_finds_each_and_where_it_came(void **state)
{
    static const uint8_t GOLDEN[] = {1, 'b', 0, 0, 0, 0, 0, 0, 0, 7, 2, 'a', 'a', 1, 2, 3, 4, 5, 6, 7, 8};
    struct ids ids;
    uint64_t tag = 0;
    uint32_t places[2];

    (void)state;
    ids_init_tagged(&ids);
    for (unsigned i = 0; i < 3000; i++) {
        const struct id id = i == 0 ? id_from("b") : i == 1 ? id_from("aa") : numbered(i);
        assert_int_equal(ids_reserve(&ids, &err), ERR_OK);
        struct ids_key key = ids_key(&ids, &id);
        assert_false(ids_has_key(&ids, &key));
        ids_add_tagged(&ids, &key, i == 0 ? 7 : i == 1 ? UINT64_C(0x0102030405060708) : i);
    }
    assert_memory_equal(ids.bytes, GOLDEN, sizeof GOLDEN);
    for (unsigned i = 2; i < 3000; i++) {
        const struct id id = numbered(i);
        assert_true(ids_find(&ids, &id, &tag, &places[i % 2]));
        assert_int_equal(tag, i);
        assert_true(i == 2 || places[i % 2] > places[(i + 1) % 2]);
    }
    const struct id none = id_from("none");
    assert_false(ids_find(&ids, &none, &tag, places));
    ids_release(&ids);
    assert_false(ids_find(&ids, &none, &tag, places)); /* empty, and still a set with tags */
}

static void test_each_allocation_that_fails_leaves_the_set_as_it_was(void **state)
{
    unsigned failures = 0;
    struct ids ids;

    (void)state;
    ids_init(&ids);
    for (unsigned i = 0; i < 2000; i++) {
        const struct id id = numbered(i);
        for (int n = 0;; n++) {
            failing_at(n);
            const enum err_code rc = ids_add(&ids, &id, &err);
            if (!failing_happened()) {
                assert_int_equal(rc, ERR_OK);
                break;
            }
            failures++;
            assert_int_equal(rc, ERR_MEMORY);
            assert_int_equal(ids.count, i);
            assert_false(ids_has(&ids, &id));
        }
    }
    assert_true(failures >= 10); /* bytes and index, at each growth */
    ids_release(&ids);
}

static void test_after_reserve_the_longest_id_fits(void **state)
{
    struct ids ids;
    char text[ID_MAX + 1];

    (void)state;
    ids_init(&ids);
    memset(text, 'x', ID_MAX);
    text[ID_MAX] = '\0';
    for (unsigned i = 0; i < 2000; i++) {
        snprintf(text, 8, "%07u", i);
        text[7] = 'x';
        assert_int_equal(ids_reserve(&ids, &err), ERR_OK);
        failing_at(0);
        add(&ids, text);
        assert_false(failing_happened());
    }
    assert_int_equal(ids.count, 2000);
    assert_int_equal(ids.size, 2000 * (1 + ID_MAX));
    ids_release(&ids);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_empty_set_has_nothing_and_owns_nothing),
        cmocka_unit_test(test_every_length_and_every_character_counts),
        cmocka_unit_test(test_many_stay_found_in_order_of_first_appearance),
        cmocka_unit_test(test_digest_is_count_size_and_packed_ids),
        cmocka_unit_test(test_after_reserve_the_longest_id_fits),
        cmocka_unit_test(test_a_set_with_tags_finds_each_and_where_it_came),
        cmocka_unit_test(test_each_allocation_that_fails_leaves_the_set_as_it_was),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
