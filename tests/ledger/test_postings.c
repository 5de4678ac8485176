/* The postings' coding: runs in, runs out, at every edge; what is not canonical is refused. */
#include "ledger/postings.h"
#include "support/random_entry.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void assert_refused(uint64_t first, const uint8_t *value, size_t size)
{
    struct postings_run runs[POSTINGS_RUNS_MAX];
    size_t count = 77;
    struct err err;

    assert_int_equal(postings_decode(first, value, size, runs, &count, &err), ERR_FORMAT);
    assert_int_equal(count, 77);
}

static void assert_comes_back(const struct postings_run *runs, size_t count)
{
    struct postings_run back[POSTINGS_RUNS_MAX];
    uint8_t value[POSTINGS_CHUNK_MAX];

    for (size_t done = 0; done < count;) {
        size_t size = 0;
        size_t n = 0;
        const size_t taken = postings_encode(runs + done, count - done, value, &size);
        assert_in_range(size, 1, POSTINGS_CHUNK_MAX);
        assert_int_equal(postings_decode(runs[done].first, value, size, back, &n, NULL), ERR_OK);
        assert_int_equal(n, taken);
        assert_memory_equal(back, runs + done, n * sizeof runs[0]);
        done += taken;
    }
}

static void test_bytes_are_what_the_format_says(void **state)
{
    static const struct postings_run runs[] = {{7, 7}, {9, 9}, {12, 14}, {300, 300}, {302, 303}};
    static const uint8_t wanted[] = {0x00, 0x00, 0x03, 0x01, 0xb8, 0x04, 0x01, 0x00};
    uint8_t value[POSTINGS_CHUNK_MAX];
    size_t size = 0;

    (void)state;
    assert_int_equal(postings_encode(runs, 5, value, &size), 5);
    assert_int_equal(size, sizeof wanted);
    assert_memory_equal(value, wanted, size);
    assert_comes_back(runs, 5);
}

static void test_the_largest_seq_is_the_last(void **state)
{
    const struct postings_run runs[] = {{1, 1}, {POSTINGS_SEQ_MAX - 1, POSTINGS_SEQ_MAX}};
    uint8_t value[POSTINGS_CHUNK_MAX];
    size_t size = 0;

    (void)state;
    assert_comes_back(runs, 2);
    assert_int_equal(postings_encode(runs, 2, value, &size), 2);
    assert_refused(2, value, size); /* the same, one further */
    assert_refused(0, value, size);
}

static void test_random_lists_come_back_and_chunks_are_full(void **state)
{
    static struct postings_run runs[5000];
    struct random r = {.state = 11};

    (void)state;
    for (unsigned round = 0; round < 200; round++) {
        const size_t wanted = 1 + random_below(&r, round % 10 ? 40 : 5000);
        uint64_t at = 0;
        size_t count = 0;
        while (count < wanted) {
            at += 2 + (random_next(&r) >> (40 + random_below(&r, 24)));
            const uint64_t length = random_below(&r, 3) ? 0 : random_below(&r, 100000);
            runs[count++] = (struct postings_run){at, at + length};
            at += length;
        }
        assert_comes_back(runs, count);
    }
    for (size_t i = 0; i < 5000; i++)
        runs[i] = (struct postings_run){1 + 2 * i, 1 + 2 * i};
    uint8_t value[POSTINGS_CHUNK_MAX];
    size_t size = 0;
    assert_int_equal(postings_encode(runs, POSTINGS_CHUNK_MAX, value, &size), POSTINGS_CHUNK_MAX);
    assert_int_equal(size, POSTINGS_CHUNK_MAX); /* exactly full */
    assert_int_equal(postings_encode(runs, POSTINGS_CHUNK_MAX + 1, value, &size), POSTINGS_CHUNK_MAX);
}

static void test_other_forms_are_refused(void **state)
{
    static const uint8_t long_zero[] = {0x80, 0x00};
    static const uint8_t unfinished[] = {0x00, 0x80};
    static const uint8_t no_length[] = {0x00, 0x01};
    static const uint8_t ten_bytes[] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01};
    static const uint8_t too_long[POSTINGS_CHUNK_MAX + 1] = {0};

    (void)state;
    assert_refused(5, long_zero, 0);
    assert_refused(5, long_zero, sizeof long_zero);
    assert_refused(5, unfinished, sizeof unfinished);
    assert_refused(5, no_length, sizeof no_length);
    assert_refused(5, ten_bytes, sizeof ten_bytes);
    assert_refused(5, too_long, sizeof too_long);
}

static void test_what_touches_becomes_one_run(void **state)
{
    struct postings_run runs[3];

    (void)state;
    size_t n = postings_add(runs, 0, (struct postings_run){3, 4});
    n = postings_add(runs, n, (struct postings_run){5, 9});
    assert_int_equal(n, 1);
    assert_int_equal(runs[0].last, 9);
    n = postings_add(runs, n, (struct postings_run){11, 11});
    assert_int_equal(n, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bytes_are_what_the_format_says),
        cmocka_unit_test(test_the_largest_seq_is_the_last),
        cmocka_unit_test(test_random_lists_come_back_and_chunks_are_full),
        cmocka_unit_test(test_other_forms_are_refused),
        cmocka_unit_test(test_what_touches_becomes_one_run),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
