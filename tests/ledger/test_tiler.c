#include "ledger/merkle.h"
#include "ledger/tiler.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define COUNT_MAX 3000u

static uint8_t bytes[COUNT_MAX * 400];
static uint32_t ends[COUNT_MAX];
static struct hash expected[COUNT_MAX];

static int make_entries(void **state)
{
    uint32_t size = 0;

    (void)state;
    for (uint32_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(i * 2654435761u >> 24);
    for (uint32_t i = 0, start = 0; i < COUNT_MAX; start = ends[i++]) {
        ends[i] = size += 48 + i % 297;
        expected[i] = hash_leaf(bytes + start, ends[i] - start);
    }
    return 0;
}

/* What came out is each entry's own hash, and the root of each whole tile, by hashing in pairs. */
static void assert_hashed(struct tiler *t, uint64_t before, uint32_t count)
{
    const struct hash *leaves;
    const struct hash *roots;
    uint32_t head;
    uint32_t root_count;

    assert_int_equal(tiler_finish(t, count, &leaves, &roots, &head, &root_count, NULL), ERR_OK);
    for (uint32_t i = 0; i < count; i++)
        assert_memory_equal(&leaves[i], &expected[i], sizeof leaves[i]);
    const uint64_t first_tile = (before + 255) / 256;
    const uint64_t past_tiles = (before + count) / 256;
    assert_int_equal(root_count, past_tiles > first_tile ? past_tiles - first_tile : 0);
    assert_int_equal(head, root_count > 0 ? 256 * first_tile - before : count);
    for (uint32_t r = 0; r < root_count; r++) {
        struct hash row[256];
        memcpy(row, expected + head + 256 * r, sizeof row);
        for (unsigned width = 256; width > 1; width /= 2) {
            for (unsigned i = 0; i < width / 2; i++)
                row[i] = hash_node(&row[2 * i], &row[2 * i + 1]);
        }
        assert_memory_equal(&roots[r], &row[0], sizeof row[0]);
    }
}

static const uint64_t BEFORE[] = {0, 1, 100, 255, 256, 257, 1000000};
static const uint32_t COUNT[] = {1, 2, 156, 255, 256, 257, 512, 767, 1500, COUNT_MAX};

static void test_the_number_of_cores_does_not_matter(void **state)
{
    (void)state;
    for (unsigned helpers = 0; helpers < 2; helpers++) {
        struct tiler *t = NULL;
        assert_int_equal(tiler_new(helpers, &t, NULL), ERR_OK);
        for (size_t b = 0; b < sizeof BEFORE / sizeof BEFORE[0]; b++) {
            for (size_t c = 0; c < sizeof COUNT / sizeof COUNT[0]; c++) {
                tiler_begin(t, BEFORE[b], bytes, ends);
                for (uint32_t i = 1; i <= COUNT[c]; i++)
                    tiler_feed(t, i);
                assert_hashed(t, BEFORE[b], COUNT[c]);
                assert_hashed(t, BEFORE[b], COUNT[c]); /* asked again, nothing changes */
                tiler_end(t);
            }
        }
        tiler_free(t);
    }
}

/* Hashes tiles first .. first + n - 1 again, of `other`; returns the first entry that differs. */
static uint32_t hash_again(struct tiler *t, uint32_t head, uint32_t first, uint32_t n, const uint8_t *other)
{
    static struct hash_span spans[COUNT_MAX];
    struct hash roots[COUNT_MAX / 256];

    for (uint32_t i = 0; i < 256 * n; i++) {
        const uint32_t entry = head + 256 * first + i;
        const uint32_t start = entry ? ends[entry - 1] : 0;
        spans[i] = (struct hash_span){other + start, ends[entry] - start};
    }
    const uint32_t differs = tiler_again(t, spans, first, n, roots);
    for (uint32_t r = 0; r < n && differs == UINT32_MAX; r++) {
        const struct hash want = merkle_tile_root(expected + head + 256 * (first + r));
        assert_memory_equal(&roots[r], &want, sizeof want);
    }
    return differs;
}

/* Whatever core has found a difference: the first one is told. */
static void test_hashing_again_finds_the_first_entry_that_differs(void **state)
{
    uint8_t *const other = malloc(sizeof bytes);

    (void)state;
    assert_non_null(other);
    for (unsigned helpers = 0; helpers < 2; helpers++) {
        const struct hash *leaves;
        const struct hash *roots;
        uint32_t head;
        uint32_t count;
        struct tiler *t = NULL;
        memcpy(other, bytes, sizeof bytes);
        assert_int_equal(tiler_new(helpers, &t, NULL), ERR_OK);
        tiler_begin(t, 100, bytes, ends);
        for (uint32_t i = 1; i <= COUNT_MAX; i++)
            tiler_feed(t, i);
        assert_int_equal(tiler_finish(t, COUNT_MAX, &leaves, &roots, &head, &count, NULL), ERR_OK);
        assert_int_equal(hash_again(t, head, 0, count, other), UINT32_MAX);
        assert_int_equal(hash_again(t, head, 0, 1, other), UINT32_MAX);
        assert_int_equal(hash_again(t, head, 3, 2, other), UINT32_MAX);
        other[ends[2000]] ^= 1; /* the first byte of entry 2001 */
        assert_int_equal(hash_again(t, head, 0, count, other), 2001);
        other[ends[head + 4] - 1] ^= 128; /* the last one of an entry of the first tile */
        assert_int_equal(hash_again(t, head, 0, count, other), head + 4);
        assert_int_equal(hash_again(t, head, 1, count - 1, other), 2001);
        assert_hashed(t, 100, COUNT_MAX); /* what was found first stays */
        tiler_end(t);
        tiler_free(t);
    }
    free(other);
}

static void test_entries_may_move_while_they_are_hashed(void **state)
{
    struct tiler *t = NULL;

    (void)state;
    assert_int_equal(tiler_new(1, &t, NULL), ERR_OK);
    for (int round = 0; round < 20; round++) {
        uint8_t *at = malloc(sizeof bytes);
        uint32_t *at_ends = malloc(sizeof ends);
        tiler_begin(t, 7, at, at_ends);
        for (uint32_t i = 0; i < COUNT_MAX; i++) {
            const uint32_t start = i ? ends[i - 1] : 0;
            memcpy(at + start, bytes + start, ends[i] - start);
            at_ends[i] = ends[i];
            tiler_feed(t, i + 1);
            if (i % 700 != 699)
                continue;
            tiler_pause(t);
            uint8_t *const moved = malloc(sizeof bytes);
            uint32_t *const moved_ends = malloc(sizeof ends);
            memcpy(moved, at, ends[i]);
            memcpy(moved_ends, at_ends, (i + 1) * sizeof ends[0]);
            free(at); /* a read of the old place is seen by ASan */
            free(at_ends);
            at = moved;
            at_ends = moved_ends;
            tiler_moved(t, at, at_ends);
        }
        if (round % 2)
            assert_hashed(t, 7, COUNT_MAX);
        tiler_end(t); /* also in the middle of the work */
        free(at);
        free(at_ends);
    }
    tiler_free(t);
}

/* A fork's child has the memory and not the thread: it does the work itself, and can end. */
static void test_a_forks_child_goes_on_alone(void **state)
{
    struct tiler *t = NULL;
    int status = 0;

    (void)state;
    assert_int_equal(tiler_new(1, &t, NULL), ERR_OK);
    tiler_begin(t, 0, bytes, ends);
    for (uint32_t i = 1; i <= COUNT_MAX; i++)
        tiler_feed(t, i);
    assert_hashed(t, 0, COUNT_MAX);
    tiler_end(t);
    const pid_t child = fork();
    if (child == 0) {
        tiler_begin(t, 3, bytes, ends);
        for (uint32_t i = 1; i <= COUNT_MAX; i++)
            tiler_feed(t, i);
        assert_hashed(t, 3, COUNT_MAX);
        tiler_end(t);
        tiler_free(t);
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    tiler_free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_number_of_cores_does_not_matter),
        cmocka_unit_test(test_hashing_again_finds_the_first_entry_that_differs),
        cmocka_unit_test(test_entries_may_move_while_they_are_hashed),
        cmocka_unit_test(test_a_forks_child_goes_on_alone),
    };

    return cmocka_run_group_tests(tests, make_entries, NULL);
}
