/*
 * The tree against a model that is RFC 6962 section 2.1 word for word (recursive, slow), against published
 * values, and against every kind of lie that a proof can tell.
 */
#include "ledger/merkle.h"

#include "support/merkle_model.h"
#include "support/tile_store.h"

#define MODEL_MAX 1000u /* leaves of the model's tree */
#define FULL_MAX  130u  /* up to here every pair of sizes and every leaf is tried */

static struct hash leaves[MODEL_MAX];

/* --- Helpers ------------------------------------------------------------------------------------------ */

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

/* --- Against the model -------------------------------------------------------------------------------- */

static void test_roots_of_every_size_equal_the_model(void **state)
{
    struct tile_store *const store = store_of(leaves, MODEL_MAX);
    const struct merkle_tiles tiles = tile_store_tiles(store);
    struct merkle_frontier f;
    struct hash root;

    (void)state;
    merkle_frontier_init(&f);
    for (uint64_t n = 0; n <= MODEL_MAX; n++) {
        const struct hash want = model_mth(leaves, n);
        const struct hash edge = merkle_frontier_root(&f);
        assert_hash(&edge, &want);
        assert_int_equal(merkle_root(&tiles, n, &root, NULL), ERR_OK);
        assert_hash(&root, &want);
        if (n < MODEL_MAX)
            merkle_frontier_append(&f, &leaves[n]);
    }
    tile_store_free(store);
}

static void try_inclusion(const struct merkle_tiles *tiles, uint64_t index, uint64_t n,
                          const struct hash *root)
{
    struct merkle_path path;
    struct merkle_path want = {.count = 0};

    model_path(index, leaves, n, &want);
    assert_int_equal(merkle_inclusion(tiles, index, n, &path, NULL), ERR_OK);
    assert_path(&path, &want);
    assert_int_equal(merkle_check_inclusion(&leaves[index], index, n, &path, root, NULL), ERR_OK);
}

static void try_consistency(const struct merkle_tiles *tiles, uint64_t from, uint64_t to,
                            const struct hash *root)
{
    const struct hash old = model_mth(leaves, from);
    struct merkle_path path;
    struct merkle_path want = {.count = 0};

    if (from > 0)
        model_subproof(0, from, leaves, to, true, &want);
    assert_int_equal(merkle_consistency(tiles, from, to, &path, NULL), ERR_OK);
    assert_path(&path, &want);
    assert_int_equal(merkle_check_consistency(from, to, &path, &old, root, NULL), ERR_OK);
}

static void test_proofs_equal_the_model(void **state)
{
    struct tile_store *const store = store_of(leaves, MODEL_MAX);
    const struct merkle_tiles tiles = tile_store_tiles(store);

    (void)state;
    for (uint64_t n = 0; n <= MODEL_MAX; n += n < FULL_MAX ? 1 : 29) {
        const struct hash root = model_mth(leaves, n);
        const uint64_t step = n <= FULL_MAX ? 1 : 23;
        for (uint64_t m = 0; m <= n; m += step) {
            if (m < n)
                try_inclusion(&tiles, m, n, &root);
            try_consistency(&tiles, m, n, &root);
        }
    }
    /* around the edges of tiles */
    static const uint64_t edges[] = {254, 255, 256, 257, 258, 511, 512, 513, 767, 768, 769, 1000};
    for (size_t i = 0; i < sizeof edges / sizeof edges[0]; i++) {
        const struct hash root = model_mth(leaves, edges[i]);
        for (size_t k = 0; k <= i; k++) {
            try_inclusion(&tiles, edges[k] - 1, edges[i], &root);
            try_consistency(&tiles, edges[k], edges[i], &root);
        }
    }
    tile_store_free(store);
}

/* --- Lies --------------------------------------------------------------------------------------------- */

static void test_a_changed_inclusion_proof_fails(void **state)
{
    struct tile_store *const store = store_of(leaves, 300);
    const struct merkle_tiles tiles = tile_store_tiles(store);
    struct merkle_path path;
    struct err err;

    (void)state;
    for (uint64_t n = 1; n <= 300; n += 23) {
        struct hash root = model_mth(leaves, n);
        for (uint64_t i = 0; i < n; i += 7) {
            assert_int_equal(merkle_inclusion(&tiles, i, n, &path, NULL), ERR_OK);
            for (unsigned bit = 0; bit < path.count * 256; bit += 37) {
                uint8_t *const byte = &path.nodes[bit / 256].bytes[bit % 256 / 8];
                *byte ^= (uint8_t)(1 << bit % 8);
                assert_int_equal(merkle_check_inclusion(&leaves[i], i, n, &path, &root, &err), ERR_WRONG);
                *byte ^= (uint8_t)(1 << bit % 8);
            }
            /* another leaf, another place, another length, another root */
            assert_int_equal(merkle_check_inclusion(&leaves[i + 1], i, n, &path, &root, &err), ERR_WRONG);
            if (i + 1 < n)
                assert_int_equal(merkle_check_inclusion(&leaves[i], i + 1, n, &path, &root, &err), ERR_WRONG);
            assert_int_equal(merkle_check_inclusion(&leaves[i], n, n, &path, &root, &err), ERR_WRONG);
            path.nodes[path.count++] = root;
            assert_int_equal(merkle_check_inclusion(&leaves[i], i, n, &path, &root, &err), ERR_WRONG);
            path.count--;
            if (path.count > 0) {
                path.count--;
                assert_int_equal(merkle_check_inclusion(&leaves[i], i, n, &path, &root, &err), ERR_WRONG);
                path.count++;
            }
            root.bytes[31] ^= 1;
            assert_int_equal(merkle_check_inclusion(&leaves[i], i, n, &path, &root, &err), ERR_WRONG);
            root.bytes[31] ^= 1;
        }
    }
    tile_store_free(store);
}

static void test_a_changed_consistency_proof_fails(void **state)
{
    struct tile_store *const store = store_of(leaves, 300);
    const struct merkle_tiles tiles = tile_store_tiles(store);
    struct merkle_path path;
    struct err err;

    (void)state;
    for (uint64_t to = 2; to <= 300; to += 19) {
        const struct hash new = model_mth(leaves, to);
        for (uint64_t from = 1; from < to; from += 5) {
            const struct hash old = model_mth(leaves, from);
            assert_int_equal(merkle_consistency(&tiles, from, to, &path, NULL), ERR_OK);
            for (unsigned bit = 0; bit < path.count * 256; bit += 41) {
                uint8_t *const byte = &path.nodes[bit / 256].bytes[bit % 256 / 8];
                *byte ^= (uint8_t)(1 << bit % 8);
                assert_int_equal(merkle_check_consistency(from, to, &path, &old, &new, &err), ERR_WRONG);
                *byte ^= (uint8_t)(1 << bit % 8);
            }
            assert_int_equal(merkle_check_consistency(from, to, &path, &new, &new, &err), ERR_WRONG);
            assert_int_equal(merkle_check_consistency(from, to, &path, &old, &old, &err), ERR_WRONG);
            path.count--;
            assert_int_equal(merkle_check_consistency(from, to, &path, &old, &new, &err), ERR_WRONG);
            path.count++;
            path.nodes[path.count++] = old;
            assert_int_equal(merkle_check_consistency(from, to, &path, &old, &new, &err), ERR_WRONG);
        }
    }
    tile_store_free(store);
}

static void test_proofs_between_equal_or_empty_trees_are_empty(void **state)
{
    const struct hash empty = hash_empty();
    const struct hash root = model_mth(leaves, 7);
    struct merkle_path path = {.count = 0};
    struct err err;

    (void)state;
    assert_int_equal(merkle_check_consistency(7, 7, &path, &root, &root, &err), ERR_OK);
    assert_int_equal(merkle_check_consistency(7, 7, &path, &root, &empty, &err), ERR_WRONG);
    assert_int_equal(merkle_check_consistency(0, 7, &path, &empty, &root, &err), ERR_OK);
    assert_int_equal(merkle_check_consistency(0, 7, &path, &root, &root, &err), ERR_WRONG);
    assert_int_equal(merkle_check_consistency(8, 7, &path, &root, &root, &err), ERR_WRONG);
    path.count = 1;
    path.nodes[0] = root;
    assert_int_equal(merkle_check_consistency(7, 7, &path, &root, &root, &err), ERR_WRONG);
    assert_int_equal(merkle_check_consistency(0, 7, &path, &empty, &root, &err), ERR_WRONG);
}

/* --- Bad tiles and bad questions ---------------------------------------------------------------------- */

static void test_missing_and_short_tiles_are_told_apart(void **state)
{
    struct tile_store *const store = store_of(leaves, 300);
    const struct merkle_tiles tiles = tile_store_tiles(store);
    struct merkle_writer *const w = malloc(sizeof *w);
    struct merkle_path path = {.count = 42};
    struct hash root = leaves[9];
    struct err err;

    (void)state;
    assert_non_null(w);
    assert_int_equal(merkle_root(&tiles, 301, &root, &err), ERR_WRONG); /* one hash too few */
    assert_non_null(strstr(err.text, "tile 0/1 holds 44 hashes where 45"));
    assert_int_equal(merkle_writer_load(w, &tiles, 301, &err), ERR_WRONG);
    assert_int_equal(merkle_root(&tiles, 769, &root, &err), ERR_NOT_FOUND); /* tile 0/3 never was */
    assert_int_equal(merkle_writer_load(w, &tiles, 769, &err), ERR_NOT_FOUND);
    assert_int_equal(merkle_inclusion(&tiles, 0, 400, &path, &err), ERR_WRONG);
    assert_int_equal(merkle_consistency(&tiles, 299, 400, &path, &err), ERR_WRONG);
    assert_int_equal(merkle_inclusion(&tiles, 300, 300, &path, &err), ERR_INPUT);
    assert_int_equal(merkle_inclusion(&tiles, 0, 0, &path, &err), ERR_INPUT);
    assert_int_equal(merkle_inclusion(&tiles, 0, UINT64_C(1) << 63, &path, &err), ERR_INPUT);
    assert_int_equal(merkle_consistency(&tiles, 300, 299, &path, &err), ERR_INPUT);
    assert_int_equal(merkle_root(&tiles, UINT64_C(1) << 63, &root, &err), ERR_INPUT);
    assert_int_equal(path.count, 42); /* outputs are untouched */
    assert_hash(&root, &leaves[9]);
    free(w);
    tile_store_free(store);
}

static void test_a_proof_reads_few_tiles(void **state)
{
    struct tile_store *const store = store_of(leaves, MODEL_MAX);
    const struct merkle_tiles tiles = tile_store_tiles(store);
    struct merkle_path path;

    (void)state;
    for (uint64_t i = 0; i < MODEL_MAX; i++) {
        store->reads = 0;
        assert_int_equal(merkle_inclusion(&tiles, i, MODEL_MAX, &path, NULL), ERR_OK);
        assert_in_range(store->reads, 1, 4); /* two levels */
    }
    tile_store_free(store);
}

/* --- Writing ------------------------------------------------------------------------------------------ */

static void assert_writers_equal(const struct merkle_writer *a, const struct merkle_writer *b)
{
    assert_int_equal(a->frontier.size, b->frontier.size);
    for (unsigned k = 0; k < 64; k++) {
        if (a->frontier.size >> k & 1)
            assert_hash(&a->frontier.nodes[k], &b->frontier.nodes[k]);
    }
    for (unsigned level = 0; level < MERKLE_LEVELS; level++) {
        const size_t width = a->frontier.size >> 8 * level & 255;
        assert_memory_equal(a->edge[level], b->edge[level], width * HASH_SIZE);
    }
    assert_int_equal(a->changed, b->changed);
}

/* Groups of random sizes; after each, the store serves the model's roots and a writer loaded from it is the
 * same. */
static void test_groups_of_any_size_leave_a_complete_store(void **state)
{
    struct merkle_writer *const w = malloc(sizeof *w);
    struct merkle_writer *const loaded = malloc(sizeof *loaded);
    uint64_t seed = 6962;

    (void)state;
    assert_true(w && loaded);
    for (int round = 0; round < 6; round++) {
        struct tile_store *const store = tile_store_new();
        const struct merkle_tiles tiles = tile_store_tiles(store);
        const struct merkle_sink sink = tile_store_sink(store);
        uint64_t n = 0;
        merkle_writer_init(w);
        while (n < MODEL_MAX) {
            const uint32_t most = round == 0 ? 1 : round == 1 ? 600 : 60;
            uint64_t group = next_random(&seed) % most + 1;
            for (; group > 0 && n < MODEL_MAX; group--)
                assert_int_equal(merkle_writer_append(w, &leaves[n++], &sink, NULL), ERR_OK);
            assert_int_equal(merkle_writer_flush(w, &sink, NULL), ERR_OK);
            assert_int_equal(merkle_writer_size(w), n);
            assert_int_equal(merkle_writer_load(loaded, &tiles, n, NULL), ERR_OK);
            assert_writers_equal(w, loaded);
            struct hash root;
            assert_int_equal(merkle_root(&tiles, n, &root, NULL), ERR_OK);
            const struct hash mine = merkle_writer_root(w);
            assert_hash(&mine, &root);
            if (round % 2 == 1) { /* another process goes on */
                struct merkle_writer *const other = loaded;
                memcpy(w, other, sizeof *w);
            }
        }
        const struct hash root = merkle_writer_root(w);
        const struct hash want = model_mth(leaves, MODEL_MAX);
        assert_hash(&root, &want);
        for (unsigned i = 0; i < MODEL_MAX; i++) /* level 0 is the leaf hashes themselves */
            assert_memory_equal(store->tiles[0][i / 256].hashes + i % 256 * HASH_SIZE, leaves[i].bytes,
                                HASH_SIZE);
        assert_int_equal(store->tiles[1][0].count, 3);
        assert_null(store->tiles[2][0].hashes);
        tile_store_free(store);
    }
    free(loaded);
    free(w);
}

static void test_one_group_hands_out_each_tile_once(void **state)
{
    struct tile_store *const store = store_of(leaves, 300);

    (void)state;
    assert_int_equal(store->tiles[0][0].count, 256);
    assert_int_equal(store->tiles[0][0].writes, 1);
    assert_int_equal(store->tiles[0][1].count, 44);
    assert_int_equal(store->tiles[0][1].writes, 1);
    assert_int_equal(store->tiles[1][0].count, 1);
    assert_int_equal(store->tiles[1][0].writes, 1);
    tile_store_free(store);

    struct tile_store *const whole = store_of(leaves, 256); /* a width of zero is not written */
    assert_null(whole->tiles[0][1].hashes);
    assert_int_equal(whole->tiles[1][0].count, 1);
    tile_store_free(whole);
}

/* tlog-tiles' worked size: three levels, the middle one with a full tile. */
static void test_a_tree_of_seventy_thousand_has_the_tiles_of_the_specification(void **state)
{
    struct tile_store *const store = tile_store_new();
    const struct merkle_sink sink = tile_store_sink(store);
    const struct merkle_tiles tiles = tile_store_tiles(store);
    struct merkle_writer *const w = malloc(sizeof *w);
    struct merkle_path path;
    struct hash root;

    (void)state;
    assert_non_null(w);
    merkle_writer_init(w);
    for (unsigned i = 0; i < 70000; i++)
        assert_int_equal(merkle_writer_append(w, &leaves[i % MODEL_MAX], &sink, NULL), ERR_OK);
    assert_int_equal(merkle_writer_flush(w, &sink, NULL), ERR_OK);
    for (unsigned i = 0; i < 273; i++)
        assert_int_equal(store->tiles[0][i].count, 256);
    assert_int_equal(store->tiles[0][273].count, 112);
    assert_null(store->tiles[0][274].hashes);
    assert_int_equal(store->tiles[1][0].count, 256);
    assert_int_equal(store->tiles[1][1].count, 17);
    assert_int_equal(store->tiles[2][0].count, 1);
    assert_int_equal(merkle_root(&tiles, 70000, &root, NULL), ERR_OK);
    const struct hash mine = merkle_writer_root(w);
    assert_hash(&mine, &root);
    for (uint64_t i = 0; i < 70000; i += 997) {
        assert_int_equal(merkle_inclusion(&tiles, i, 70000, &path, NULL), ERR_OK);
        assert_int_equal(merkle_check_inclusion(&leaves[i % MODEL_MAX], i, 70000, &path, &root, NULL),
                         ERR_OK);
    }
    struct hash old;
    assert_int_equal(merkle_root(&tiles, 65537, &old, NULL), ERR_OK);
    assert_int_equal(merkle_consistency(&tiles, 65537, 70000, &path, NULL), ERR_OK);
    assert_int_equal(merkle_check_consistency(65537, 70000, &path, &old, &root, NULL), ERR_OK);
    free(w);
    tile_store_free(store);
}

static enum err_code refuse(void *ctx, unsigned level, uint64_t index, const uint8_t *hashes, unsigned count,
                            struct err *err)
{
    (void)ctx, (void)level, (void)index, (void)hashes, (void)count;
    return err_set(err, ERR_IO, "disk full");
}

static void test_a_sink_that_refuses_is_heard(void **state)
{
    const struct merkle_sink sink = {refuse, NULL};
    struct merkle_writer *const w = malloc(sizeof *w);
    struct err err;

    (void)state;
    assert_non_null(w);
    merkle_writer_init(w);
    for (unsigned i = 0; i < 255; i++)
        assert_int_equal(merkle_writer_append(w, &leaves[i], &sink, &err), ERR_OK);
    assert_int_equal(merkle_writer_flush(w, &sink, &err), ERR_IO);
    assert_int_equal(merkle_writer_append(w, &leaves[255], &sink, &err), ERR_IO);
    assert_string_equal(err.text, "disk full");
    free(w);
}

/* --- Trees larger than any store: all leaves equal, so each perfect node is known by its height ----------
 */

static struct hash heights[64];

static enum err_code uniform_read(void *ctx, unsigned level, uint64_t index, uint8_t *hashes, unsigned *count,
                                  struct err *err)
{
    (void)ctx, (void)index, (void)err;
    for (unsigned i = 0; i < MERKLE_TILE_WIDTH; i++)
        memcpy(hashes + i * HASH_SIZE, heights[8 * level].bytes, HASH_SIZE);
    *count = MERKLE_TILE_WIDTH;
    return ERR_OK;
}

static enum err_code uniform_write(void *ctx, unsigned level, uint64_t index, const uint8_t *hashes,
                                   unsigned count, struct err *err)
{
    (void)ctx, (void)index, (void)err;
    for (unsigned i = 0; i < count; i++)
        assert_memory_equal(hashes + i * HASH_SIZE, heights[8 * level].bytes, HASH_SIZE);
    return ERR_OK;
}

static void test_sizes_up_to_the_largest(void **state)
{
    static const uint64_t sizes[] = {1,
                                     256,
                                     65536,
                                     65537,
                                     (UINT64_C(1) << 40) - 1,
                                     UINT64_C(1) << 40,
                                     (UINT64_C(1) << 56) + 255,
                                     UINT64_C(1) << 62,
                                     (UINT64_C(1) << 62) + 1,
                                     MERKLE_SIZE_MAX - 1,
                                     MERKLE_SIZE_MAX};
    const struct merkle_tiles tiles = {uniform_read, NULL};
    const struct merkle_sink sink = {uniform_write, NULL};
    struct merkle_writer *const w = malloc(sizeof *w);
    struct merkle_frontier f;
    struct merkle_path path;
    struct hash root;
    uint64_t seed = 9162;

    (void)state;
    assert_non_null(w);
    heights[0] = leaves[0];
    for (unsigned k = 1; k < 64; k++)
        heights[k] = hash_node(&heights[k - 1], &heights[k - 1]);
    memcpy(f.nodes, heights, sizeof heights);
    for (unsigned s = 0; s < sizeof sizes / sizeof sizes[0] + 20; s++) {
        const uint64_t wild =
            ((uint64_t)next_random(&seed) << 31 | next_random(&seed)) >> next_random(&seed) % 60;
        const uint64_t n = s < sizeof sizes / sizeof sizes[0] ? sizes[s] : wild + 1;
        f.size = n;
        const struct hash want = merkle_frontier_root(&f);
        assert_int_equal(merkle_root(&tiles, n, &root, NULL), ERR_OK);
        assert_hash(&root, &want);
        for (int i = 0; i < 12; i++) {
            const uint64_t any = ((uint64_t)next_random(&seed) << 32 | next_random(&seed)) % n;
            const uint64_t index = i == 0 ? 0 : i == 1 ? n - 1 : any;
            assert_int_equal(merkle_inclusion(&tiles, index, n, &path, NULL), ERR_OK);
            assert_int_equal(merkle_check_inclusion(&heights[0], index, n, &path, &root, NULL), ERR_OK);
            f.size = index + 1;
            const struct hash old = merkle_frontier_root(&f);
            assert_int_equal(merkle_consistency(&tiles, index + 1, n, &path, NULL), ERR_OK);
            assert_int_equal(merkle_check_consistency(index + 1, n, &path, &old, &root, NULL), ERR_OK);
        }
        assert_int_equal(merkle_writer_load(w, &tiles, n - 1, NULL), ERR_OK);
        assert_int_equal(merkle_writer_append(w, &heights[0], &sink, NULL), ERR_OK);
        assert_int_equal(merkle_writer_flush(w, &sink, NULL), ERR_OK);
        const struct hash mine = merkle_writer_root(w);
        assert_hash(&mine, &want);
    }
    free(w);
}

/* By the root of each 256 leaves: the same tree, and the same tiles but those of level 0. */
static void test_whole_tiles_append_as_their_leaves_do(void **state)
{
    struct tile_store *const by_leaf = store_of(leaves, MODEL_MAX);
    struct tile_store *const by_tile = tile_store_new();
    struct merkle_writer *const w = malloc(sizeof *w);
    const struct merkle_sink sink = tile_store_sink(by_tile);

    (void)state;
    assert_non_null(w);
    merkle_writer_init(w);
    for (unsigned tile = 0; tile < MODEL_MAX / 256; tile++) {
        const struct hash root = merkle_tile_root(leaves + 256 * tile);
        assert_int_equal(merkle_writer_append_tile(w, &root, &sink, NULL), ERR_OK);
        const struct hash want = model_mth(leaves, 256 * (tile + 1));
        const struct hash have = merkle_writer_root(w);
        assert_hash(&have, &want);
    }
    for (unsigned i = MODEL_MAX / 256 * 256; i < MODEL_MAX; i++)
        assert_int_equal(merkle_writer_append(w, &leaves[i], &sink, NULL), ERR_OK);
    assert_int_equal(merkle_writer_flush(w, &sink, NULL), ERR_OK);
    const struct hash want = model_mth(leaves, MODEL_MAX);
    const struct hash have = merkle_writer_root(w);
    assert_hash(&have, &want);
    const struct tile *const above = &by_tile->tiles[1][0];
    assert_int_equal(above->count, MODEL_MAX / 256);
    assert_memory_equal(above->hashes, by_leaf->tiles[1][0].hashes, above->count * HASH_SIZE);
    assert_null(by_tile->tiles[0][0].hashes);
    assert_int_equal(by_tile->tiles[0][MODEL_MAX / 256].count, MODEL_MAX % 256);
    free(w);
    tile_store_free(by_leaf);
    tile_store_free(by_tile);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_roots_of_every_size_equal_the_model),
        cmocka_unit_test(test_proofs_equal_the_model),
        cmocka_unit_test(test_a_changed_inclusion_proof_fails),
        cmocka_unit_test(test_a_changed_consistency_proof_fails),
        cmocka_unit_test(test_proofs_between_equal_or_empty_trees_are_empty),
        cmocka_unit_test(test_missing_and_short_tiles_are_told_apart),
        cmocka_unit_test(test_a_proof_reads_few_tiles),
        cmocka_unit_test(test_groups_of_any_size_leave_a_complete_store),
        cmocka_unit_test(test_one_group_hands_out_each_tile_once),
        cmocka_unit_test(test_a_tree_of_seventy_thousand_has_the_tiles_of_the_specification),
        cmocka_unit_test(test_whole_tiles_append_as_their_leaves_do),
        cmocka_unit_test(test_a_sink_that_refuses_is_heard),
        cmocka_unit_test(test_sizes_up_to_the_largest),
    };
    return cmocka_run_group_tests(tests, make_leaves, NULL);
}
