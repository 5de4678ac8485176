/*
 * Hashes of many messages at once against OpenSSL's, one by one: whatever shares the lanes, and by both ways of
 * making them. Where the processor has no lanes, the tests say so and try the other way alone.
 */
#include "ledger/hash_lanes.h"

#include "ledger/err.h"
#include "ledger/hex.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#define LEAF_MAX  65535u
#define SPANS_MAX 70u

static uint8_t *pool; /* any bytes: LEAF_MAX + SPANS_MAX of them */

static uint32_t next_random(uint64_t *seed)
{
    *seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(*seed >> 33);
}

/* The leaf hash as the specification has it: one message, hashed by OpenSSL. */
static struct hash model_leaf(const struct hash_span *span)
{
    static uint8_t message[1 + LEAF_MAX];

    message[0] = 0x00;
    if (span->size > 0)
        memcpy(message + 1, span->bytes, span->size);
    return hash_bytes(message, 1 + span->size);
}

static struct hash model_node(const struct hash *children)
{
    uint8_t message[1 + 2 * HASH_SIZE] = {0x01};

    memcpy(message + 1, children, 2 * HASH_SIZE);
    return hash_bytes(message, sizeof message);
}

static void assert_leaves(const struct hash_span *spans, size_t count)
{
    struct hash found[SPANS_MAX + 1];

    memset(found, 0xee, sizeof found);
    hash_leaves(spans, count, found);
    for (size_t i = 0; i < count; i++) {
        const struct hash want = model_leaf(&spans[i]);
        assert_memory_equal(found[i].bytes, want.bytes, HASH_SIZE);
    }
    assert_int_equal(found[count].bytes[0] & found[count].bytes[31], 0xee); /* and no more */
}

static void spans_of(struct hash_span *spans, size_t count, size_t size)
{
    for (size_t i = 0; i < count; i++) /* at any alignment */
        spans[i] = (struct hash_span){pool + i, size};
}

static void try_every_length(void)
{
    struct hash_span spans[SPANS_MAX] = {{NULL, 0}};

    for (size_t size = 0; size <= 300; size++) {
        spans_of(spans, 17, size);
        assert_leaves(spans, 17);
    }
    for (size_t blocks = 5; blocks <= 1024; blocks += blocks < 20 ? 1 : 251) {
        for (size_t size = 64 * blocks - 12; size <= 64 * blocks + 2 && size <= LEAF_MAX; size++) {
            spans_of(spans, 16, size);
            assert_leaves(spans, 16);
        }
    }
    spans_of(spans, 16, LEAF_MAX);
    assert_leaves(spans, 16);
}

/* Each number of messages, with one at each place that ends earlier or later than the others. */
static void try_every_neighbour(void)
{
    static const size_t sizes[] = {0, 54, 55, 56, 63, 64, 127, 5000};
    struct hash_span spans[SPANS_MAX] = {{NULL, 0}};

    for (size_t count = 0; count <= 34; count++) {
        spans_of(spans, count, 120);
        assert_leaves(spans, count);
        for (size_t odd = 0; odd < count; odd++) {
            spans_of(spans, count, 120);
            spans[odd].size = sizes[(count + odd) % (sizeof sizes / sizeof sizes[0])];
            assert_leaves(spans, count);
        }
    }
}

static void try_mixtures(void)
{
    struct hash_span spans[SPANS_MAX] = {{NULL, 0}};
    uint64_t seed = 180;

    for (int round = 0; round < 300; round++) {
        const size_t count = next_random(&seed) % (SPANS_MAX + 1);
        for (size_t i = 0; i < count; i++) {
            const uint32_t any = next_random(&seed);
            const size_t most = any % 61 == 0 ? LEAF_MAX : any % 7 == 0 ? 2000 : 320;
            spans[i] = (struct hash_span){pool + any % SPANS_MAX, next_random(&seed) % (most + 1)};
        }
        assert_leaves(spans, count);
    }
}

static void try_nodes(void)
{
    struct hash children[2 * SPANS_MAX];
    struct hash found[SPANS_MAX + 1];

    for (size_t count = 0; count <= SPANS_MAX; count++) {
        memcpy(children, pool + count, sizeof children);
        memset(found, 0xee, sizeof found);
        hash_nodes(children, count, found);
        for (size_t i = 0; i < count; i++) {
            const struct hash want = model_node(&children[2 * i]);
            const struct hash node = hash_node(&children[2 * i], &children[2 * i + 1]);
            assert_memory_equal(found[i].bytes, want.bytes, HASH_SIZE);
            assert_memory_equal(node.bytes, want.bytes, HASH_SIZE);
        }
        assert_int_equal(found[count].bytes[0] & found[count].bytes[31], 0xee);
        hash_nodes(children, count, children); /* in place */
        assert_memory_equal(children, found, count * sizeof found[0]);
        assert_memory_equal(children + count, pool + count + count * HASH_SIZE,
                            (2 * SPANS_MAX - count) * sizeof children[0]);
    }
}

/* "one", "two", "three" of the transparency-log project's test log, and the empty leaf, in all lanes at once. */
static void try_published(void)
{
    static const struct {
        const char *text;
        const char *hex;
    } published[] = {
        {"one", "d0d7360ab79f58ab1e1e3fe64ad77e2ea0bc07e36b5f46ed2223edd9298df9e9"},
        {"two", "ab1ab7f07c7c8fe0eff4ba6faa53c7e4412e91a599153e8aa4e01beece5b7825"},
        {"three", "671f146c5e471e8a1a83a3c214ce4ba907b8f3a5888d14cc8cd3ce75bb12ef94"},
        {"", "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"},
    };
    struct hash_span spans[40];
    struct hash found[40];
    struct hash nodes[20];
    struct hash want;

    for (size_t i = 0; i < 40; i++)
        spans[i] = (struct hash_span){(const uint8_t *)published[i % 4].text, strlen(published[i % 4].text)};
    hash_leaves(spans, 40, found);
    for (size_t i = 0; i < 40; i++) {
        assert_int_equal(hex_decode(published[i % 4].hex, 64, want.bytes, HASH_SIZE, NULL), ERR_OK);
        assert_memory_equal(found[i].bytes, want.bytes, HASH_SIZE);
    }
    hash_nodes(found, 20, nodes);
    assert_int_equal(hex_decode("4f55f619d9215235778b2b9f17d6f4915b16171214d152381293669764de722e", 64,
                                want.bytes, HASH_SIZE, NULL),
                     ERR_OK);
    for (size_t i = 0; i < 20; i += 2)
        assert_memory_equal(nodes[i].bytes, want.bytes, HASH_SIZE);
}

/* Leaves that begin where a page does and end where one ends, between pages that nobody may read. */
static void try_at_the_edge_of_memory(void)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    uint8_t *const map = mmap(NULL, 3 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    struct hash_span spans[SPANS_MAX] = {{NULL, 0}};

    assert_ptr_not_equal(map, MAP_FAILED);
    assert_int_equal(mprotect(map + page, page, PROT_READ | PROT_WRITE), 0);
    memcpy(map + page, pool, page);
    for (size_t size = 0; size <= 130; size++) {
        for (size_t i = 0; i < 16; i++)
            spans[i] = (struct hash_span){i % 2 ? map + page : map + 2 * page - size, size};
        assert_leaves(spans, 16);
    }
    for (size_t i = 0; i < 16; i++)
        spans[i] = (struct hash_span){map + page, page};
    assert_leaves(spans, 16);
    struct hash *const last = (struct hash *)(void *)(map + 2 * page) - 32;
    struct hash want[16];
    for (size_t i = 0; i < 16; i++)
        want[i] = model_node(&last[2 * i]);
    hash_nodes(last, 16, last);
    assert_memory_equal(last, want, sizeof want);
    assert_int_equal(munmap(map, 3 * page), 0);
}

/* -- both ways ------------------------------------------------------------------------------------------- */

static void both_ways(void (*try)(void))
{
    hash_lanes_allow(false);
    assert_false(hash_lanes_usable());
    try();
    hash_lanes_allow(true);
    if (!hash_lanes_usable()) {
        print_message("skipped: this processor has no lanes to hash in (AVX-512)\n");
        return;
    }
    try();
}

static void test_leaves_of_every_length(void **state)
{
    (void)state;
    both_ways(try_every_length);
}

static void test_leaves_beside_longer_and_shorter_ones(void **state)
{
    (void)state;
    both_ways(try_every_neighbour);
}

static void test_leaves_of_mixed_lengths(void **state)
{
    (void)state;
    both_ways(try_mixtures);
}

static void test_nodes_of_every_number(void **state)
{
    (void)state;
    both_ways(try_nodes);
}

static void test_published_hashes_in_every_lane(void **state)
{
    (void)state;
    both_ways(try_published);
}

static void test_nothing_is_read_outside_of_a_leaf(void **state)
{
    (void)state;
    both_ways(try_at_the_edge_of_memory);
}

static int make_pool(void **state)
{
    uint64_t seed = 4;

    (void)state;
    pool = malloc(LEAF_MAX + SPANS_MAX);
    for (size_t i = 0; pool && i < LEAF_MAX + SPANS_MAX; i++)
        pool[i] = (uint8_t)next_random(&seed);
    return pool ? 0 : -1;
}

static int free_pool(void **state)
{
    (void)state;
    free(pool);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_leaves_of_every_length),
        cmocka_unit_test(test_leaves_beside_longer_and_shorter_ones),
        cmocka_unit_test(test_leaves_of_mixed_lengths),
        cmocka_unit_test(test_nodes_of_every_number),
        cmocka_unit_test(test_published_hashes_in_every_lane),
        cmocka_unit_test(test_nothing_is_read_outside_of_a_leaf),
    };

    return cmocka_run_group_tests(tests, make_pool, free_pool);
}
