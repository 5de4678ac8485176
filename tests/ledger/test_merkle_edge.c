/* The edge that is made from stored tiles, against the model's roots; and every bit of the newest tiles, flipped. */
#include "ledger/merkle_edge.h"

#include "support/merkle_model.h"
#include "support/tile_store.h"

#define LEAVES_MAX 70000u

static struct hash *leaves;

static int make_leaves(void **state)
{
    (void)state;
    leaves = calloc(LEAVES_MAX, sizeof *leaves);
    assert_non_null(leaves);
    for (uint32_t i = 0; i < LEAVES_MAX; i++)
        leaves[i] = hash_leaf(&i, sizeof i);
    return 0;
}

static int free_leaves(void **state)
{
    (void)state;
    free(leaves);
    return 0;
}

/* The frontier after the first n leaves, one by one. */
static struct merkle_frontier edge_of(uint32_t n)
{
    struct merkle_frontier edge;

    merkle_frontier_init(&edge);
    for (uint32_t i = 0; i < n; i++)
        merkle_frontier_append(&edge, &leaves[i]);
    return edge;
}

static void test_an_edge_loaded_at_any_size_is_the_trees(void **state)
{
    static const uint32_t sizes[] = {0,   1,    2,     255,   256,   257,   511,
                                     512, 1000, 65535, 65536, 65537, 65792, LEAVES_MAX};
    struct tile_store *const store = store_of(leaves, LEAVES_MAX);
    const struct merkle_tiles tiles = tile_store_tiles(store);
    struct merkle_frontier edge;

    (void)state;
    for (unsigned i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        assert_int_equal(merkle_edge_load(&edge, &tiles, sizes[i], NULL), ERR_OK);
        assert_int_equal(edge.size, sizes[i]);
        const struct hash root = merkle_frontier_root(&edge);
        const struct hash want = model_mth(leaves, sizes[i]);
        assert_hash(&root, &want);
        const struct merkle_frontier naive = edge_of(sizes[i]);
        for (unsigned k = 0; k < 64; k++) {
            if (edge.size >> k & 1)
                assert_hash(&edge.nodes[k], &naive.nodes[k]);
        }
    }
    tile_store_free(store);
}

static void test_tiles_and_leaves_lead_to_the_same_edge(void **state)
{
    struct merkle_frontier edge = edge_of(512);

    (void)state;
    for (uint32_t at = 512; at + 256 <= LEAVES_MAX; at += 256) {
        const struct hash root = merkle_tile_root(leaves + at);
        merkle_edge_append_tile(&edge, &root);
    }
    const struct merkle_frontier naive = edge_of((uint32_t)edge.size);
    const struct hash mine = merkle_frontier_root(&edge);
    const struct hash want = merkle_frontier_root(&naive);
    assert_int_equal(edge.size, LEAVES_MAX / 256 * 256);
    assert_hash(&mine, &want);
}

static void test_a_tile_that_is_missing_or_short_is_an_error(void **state)
{
    struct tile_store *const store = store_of(leaves, 600);
    const struct merkle_tiles tiles = tile_store_tiles(store);
    struct merkle_frontier edge = {.size = 77};
    struct err why;

    (void)state;
    assert_int_equal(merkle_edge_load(&edge, &tiles, 800, &why), ERR_NOT_FOUND);
    store->tiles[1][0].count = 1;
    assert_int_equal(merkle_edge_load(&edge, &tiles, 600, &why), ERR_WRONG);
    assert_string_equal(why.text, "tile 1/0 holds 1 hashes where 2 are needed");
    assert_int_equal(edge.size, 77); /* untouched */
    tile_store_free(store);
}

/* Flips each bit of a tile; says how many of them the check has found. */
static unsigned flip_all(struct tile_store *store, unsigned level, unsigned index, uint32_t from,
                         const struct merkle_frontier *edge, unsigned step)
{
    const struct merkle_tiles tiles = tile_store_tiles(store);
    struct tile *const t = &store->tiles[level][index];
    unsigned found = 0;
    unsigned tried = 0;

    for (unsigned bit = 0; bit < 256 * t->count; bit += step) {
        struct err why = {.code = ERR_OK};
        t->hashes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        found += merkle_edge_check(edge, &tiles, from, &why) == ERR_WRONG;
        t->hashes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        tried++;
    }
    assert_int_equal(merkle_edge_check(edge, &tiles, from, NULL), ERR_OK);
    assert_true(found == 0 || found == tried);
    return found;
}

static void test_every_bit_of_tiles_that_grew_is_checked(void **state)
{
    struct tile_store *store = store_of(leaves, 600);
    struct merkle_frontier edge = edge_of(600);

    (void)state;
    assert_int_equal(flip_all(store, 1, 0, 500, &edge, 1), 512);
    assert_int_equal(flip_all(store, 1, 0, 512, &edge, 1), 0); /* it had both its hashes before */
    tile_store_free(store);

    store = store_of(leaves, LEAVES_MAX);
    edge = edge_of(LEAVES_MAX);
    assert_true(flip_all(store, 1, 0, 65535, &edge, 61) > 0); /* full now: held against the level above */
    assert_true(flip_all(store, 1, 0, 100, &edge, 61) > 0);
    assert_true(flip_all(store, 1, 1, 65535, &edge, 61) > 0);
    assert_true(flip_all(store, 2, 0, 65535, &edge, 7) > 0);
    assert_int_equal(flip_all(store, 1, 0, 65536, &edge, 61), 0);
    assert_int_equal(flip_all(store, 2, 0, 65536, &edge, 7), 0);
    tile_store_free(store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_edge_loaded_at_any_size_is_the_trees),
        cmocka_unit_test(test_tiles_and_leaves_lead_to_the_same_edge),
        cmocka_unit_test(test_a_tile_that_is_missing_or_short_is_an_error),
        cmocka_unit_test(test_every_bit_of_tiles_that_grew_is_checked),
    };

    return cmocka_run_group_tests(tests, make_leaves, free_leaves);
}
