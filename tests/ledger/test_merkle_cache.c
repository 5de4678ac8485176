/* Proofs through a cache of tiles: the same proofs, whatever was asked before, with fewer tiles read. */
#include "ledger/merkle.h"

#include "support/merkle_model.h"
#include "support/tile_store.h"

#define MODEL_MAX 3000u /* leaves: more tiles than the cache has slots */

static struct hash leaves[MODEL_MAX];
static struct merkle_cache cache;

static int make_leaves(void **state)
{
    (void)state;
    for (unsigned i = 0; i < MODEL_MAX; i++) {
        const uint8_t bytes[2] = {(uint8_t)(i >> 8), (uint8_t)i};
        leaves[i] = hash_leaf(bytes, sizeof bytes);
    }
    return 0;
}

/* A fixed sequence: tests do not depend on luck. */
static uint32_t next_random(uint64_t *seed)
{
    *seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(*seed >> 33);
}

static void test_cached_proofs_equal_the_others_in_any_order_of_sizes(void **state)
{
    struct tile_store *const store = store_of(leaves, MODEL_MAX);
    const struct merkle_tiles tiles = tile_store_tiles(store);
    struct merkle_path plain;
    struct merkle_path cached;
    uint64_t seed = 7;

    (void)state;
    merkle_cache_init(&cache);
    for (unsigned i = 0; i < 20000; i++) {
        const uint64_t size = 1 + next_random(&seed) % MODEL_MAX;
        const uint64_t index = next_random(&seed) % size;
        assert_int_equal(merkle_inclusion(&tiles, index, size, &plain, NULL), ERR_OK);
        assert_int_equal(merkle_cache_inclusion(&cache, &tiles, index, size, &cached, NULL), ERR_OK);
        assert_path(&cached, &plain);
    }
    tile_store_free(store);
}

static void test_what_is_at_hand_is_not_read_again(void **state)
{
    struct tile_store *const store = store_of(leaves, MODEL_MAX);
    const struct merkle_tiles tiles = tile_store_tiles(store);
    struct merkle_path path;

    (void)state;
    merkle_cache_init(&cache);
    assert_int_equal(merkle_cache_inclusion(&cache, &tiles, 0, MODEL_MAX, &path, NULL), ERR_OK);
    for (uint64_t i = 0; i < MODEL_MAX; i++) {
        store->reads = 0;
        assert_int_equal(merkle_cache_inclusion(&cache, &tiles, i, MODEL_MAX, &path, NULL), ERR_OK);
        assert_int_equal(store->reads, i > 0 && i % MERKLE_TILE_WIDTH == 0 && i / MERKLE_TILE_WIDTH != 11);
    }
    tile_store_free(store);
}

static void test_a_tile_that_could_not_be_read_is_not_remembered(void **state)
{
    struct tile_store *const store = store_of(leaves, 300);
    const struct merkle_tiles tiles = tile_store_tiles(store);
    struct merkle_path plain;
    struct merkle_path path = {.count = 42};

    (void)state;
    merkle_cache_init(&cache);
    for (unsigned i = 0; i < 2; i++) { /* nor does it spoil what is asked behind it */
        assert_int_equal(merkle_cache_inclusion(&cache, &tiles, 0, 301, &path, NULL), ERR_WRONG);
        assert_int_equal(merkle_cache_inclusion(&cache, &tiles, 700, 769, &path, NULL), ERR_NOT_FOUND);
        assert_int_equal(merkle_cache_inclusion(&cache, &tiles, 300, 300, &path, NULL), ERR_INPUT);
        assert_int_equal(path.count, 42);
    }
    assert_int_equal(merkle_inclusion(&tiles, 299, 300, &plain, NULL), ERR_OK);
    assert_int_equal(merkle_cache_inclusion(&cache, &tiles, 299, 300, &path, NULL), ERR_OK);
    assert_path(&path, &plain);
    tile_store_free(store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cached_proofs_equal_the_others_in_any_order_of_sizes),
        cmocka_unit_test(test_what_is_at_hand_is_not_read_again),
        cmocka_unit_test(test_a_tile_that_could_not_be_read_is_not_remembered),
    };
    return cmocka_run_group_tests(tests, make_leaves, NULL);
}
