#include "ledger/leaves.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT_MAX (5 * LEAVES_A_THREAD)

/* However many threads share the work, each leaf is the hash of its own entry. */
static void test_the_number_of_threads_does_not_matter(void **state)
{
    static const uint32_t counts[] = {
        0, 1, 2, LEAVES_A_THREAD, LEAVES_A_THREAD + 1, 2 * LEAVES_A_THREAD, COUNT_MAX};
    static uint32_t ends[COUNT_MAX];
    static struct hash expected[COUNT_MAX];
    static struct hash found[COUNT_MAX + 1];
    uint32_t size = 0;

    (void)state;
    for (uint32_t i = 0; i < COUNT_MAX; i++)
        ends[i] = size += 48 + i % 97;
    uint8_t *const bytes = malloc(size);
    assert_non_null(bytes);
    for (uint32_t i = 0; i < size; i++)
        bytes[i] = (uint8_t)(i * 2654435761u >> 24);
    for (uint32_t i = 0, start = 0; i < COUNT_MAX; start = ends[i++])
        expected[i] = hash_leaf(bytes + start, ends[i] - start);
    for (size_t c = 0; c < sizeof counts / sizeof counts[0]; c++) {
        for (unsigned threads = 0; threads <= LEAVES_THREADS_MAX + 1; threads++) {
            memset(found, 0, sizeof found);
            leaves_hash(bytes, ends, counts[c], found, threads);
            assert_memory_equal(found, expected, counts[c] * sizeof found[0]);
            assert_int_equal(found[counts[c]].bytes[0] | found[counts[c]].bytes[31], 0); /* and no more */
        }
    }
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_number_of_threads_does_not_matter),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
