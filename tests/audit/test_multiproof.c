/* One proof for many entries: against the model of the tree, for every choice of entries in small trees. */
#include "audit/multiproof.h"

#include "support/merkle_model.h"
#include "support/tile_store.h"

#define MODEL_MAX 1300u
#define ALL_MAX   11u /* up to here every choice of leaves is tried */
#define PROOF_MAX 8192u

static struct hash leaves[MODEL_MAX];
static struct tile_store *store;

struct proof {
    struct hash hashes[PROOF_MAX];
    size_t count;
};

static int make_tree(void **state)
{
    (void)state;
    for (unsigned i = 0; i < MODEL_MAX; i++) {
        const uint8_t bytes[2] = {(uint8_t)(i >> 8), (uint8_t)i};
        leaves[i] = hash_leaf(bytes, sizeof bytes);
    }
    store = store_of(leaves, MODEL_MAX);
    return 0;
}

static int drop_tree(void **state)
{
    (void)state;
    tile_store_free(store);
    return 0;
}

static enum err_code put(void *context, const struct hash *hash, struct err *err)
{
    struct proof *const p = context;

    (void)err;
    assert_true(p->count < PROOF_MAX);
    p->hashes[p->count++] = *hash;
    return ERR_OK;
}

static enum err_code make(const struct multiproof_leaves *chosen, struct proof *p, struct err *err)
{
    const struct merkle_tiles tiles = tile_store_tiles(store);

    p->count = 0;
    return multiproof_make(chosen, &tiles, put, p, err);
}

static void own_hashes(const struct multiproof_leaves *chosen, struct hash *hashes)
{
    for (size_t i = 0; i < chosen->count; i++)
        hashes[i] = leaves[chosen->indexes[i]];
}

static void assert_proven(const struct multiproof_leaves *chosen, struct proof *p)
{
    static struct hash hashes[MODEL_MAX];
    const struct hash want = model_mth(leaves, chosen->size);
    struct hash root;

    assert_int_equal(make(chosen, p, NULL), ERR_OK);
    own_hashes(chosen, hashes);
    assert_int_equal(multiproof_root(chosen, hashes, p->hashes, p->count, &root, NULL), ERR_OK);
    assert_memory_equal(&root, &want, sizeof root);
}

static void test_every_choice_of_entries_is_proven(void **state)
{
    struct proof p;
    uint64_t indexes[ALL_MAX];

    (void)state;
    for (uint64_t size = 1; size <= ALL_MAX; size++) {
        for (unsigned choice = 1; choice < 1u << size; choice++) {
            struct multiproof_leaves chosen = {indexes, 0, size};
            for (unsigned i = 0; i < size; i++) {
                if (choice >> i & 1)
                    indexes[chosen.count++] = i;
            }
            assert_proven(&chosen, &p);
        }
    }
}

static void test_choices_in_large_trees_are_proven(void **state)
{
    static const uint64_t sizes[] = {255, 256, 257, 511, 512, 513, 1023, 1024, 1025, MODEL_MAX};
    static uint64_t indexes[MODEL_MAX];
    uint64_t seed = 4;
    struct proof p;

    (void)state;
    for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
        for (unsigned one_in = 1; one_in < 2000; one_in = one_in * 3 + 1) {
            struct multiproof_leaves chosen = {indexes, 0, sizes[s]};
            for (uint64_t i = 0; i < sizes[s]; i++) {
                seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
                if ((seed >> 33) % one_in == 0)
                    indexes[chosen.count++] = i;
            }
            if (chosen.count == 0)
                indexes[chosen.count++] = sizes[s] - 1;
            assert_proven(&chosen, &p);
            if (one_in == 1)
                assert_int_equal(p.count, 0); /* all entries prove themselves */
        }
    }
}

/* One leaf alone: as many hashes as its inclusion proof has. */
static void test_a_proof_for_one_is_an_inclusion_proof_in_another_order(void **state)
{
    const struct merkle_tiles tiles = tile_store_tiles(store);
    struct merkle_path path;
    struct proof p;

    (void)state;
    for (uint64_t index = 0; index < 700; index += 7) {
        const struct multiproof_leaves chosen = {&index, 1, 700};
        assert_proven(&chosen, &p);
        assert_int_equal(merkle_inclusion(&tiles, index, 700, &path, NULL), ERR_OK);
        assert_int_equal(p.count, path.count);
    }
}

static void test_every_flipped_bit_leads_to_another_root(void **state)
{
    const uint64_t indexes[] = {0, 3, 4, 5, 11, 12};
    const struct multiproof_leaves chosen = {indexes, 6, 13};
    const struct hash want = model_mth(leaves, 13);
    struct hash hashes[6];
    struct hash root;
    struct proof p;

    (void)state;
    assert_proven(&chosen, &p);
    assert_true(p.count > 2);
    own_hashes(&chosen, hashes);
    for (size_t bit = 0; bit < (p.count + 6) * 256; bit++) {
        struct hash *const h = bit / 256 < 6 ? &hashes[bit / 256] : &p.hashes[bit / 256 - 6];
        h->bytes[bit % 256 / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_equal(multiproof_root(&chosen, hashes, p.hashes, p.count, &root, NULL), ERR_OK);
        assert_memory_not_equal(&root, &want, sizeof root);
        h->bytes[bit % 256 / 8] ^= (uint8_t)(1u << bit % 8);
    }
}

static void test_a_proof_of_another_length_is_refused(void **state)
{
    const uint64_t indexes[] = {2, 9};
    const struct multiproof_leaves chosen = {indexes, 2, 13};
    struct hash hashes[2];
    struct hash root = {{0x5a}};
    const struct hash before = root;
    struct proof p;

    (void)state;
    assert_proven(&chosen, &p);
    own_hashes(&chosen, hashes);
    for (size_t count = 0; count < p.count + 3; count++) {
        struct err err = {.code = ERR_OK};
        if (count == p.count)
            continue;
        assert_int_equal(multiproof_root(&chosen, hashes, p.hashes, count, &root, &err), ERR_WRONG);
        assert_non_null(strstr(err.text, "hashes"));
        assert_memory_equal(&root, &before, sizeof root);
    }
}

static void test_leaves_that_are_none_are_refused(void **state)
{
    static const struct {
        uint64_t indexes[3];
        size_t count;
        uint64_t size;
        const char *why;
    } cases[] = {
        {{0}, 0, 5, "one entry at least"},
        {{5}, 1, 5, "entry 6 is not among the first 5"},
        {{2, 2}, 2, 5, "entry 3 does not come after entry 3"},
        {{3, 1}, 2, 5, "entry 2 does not come after entry 4"},
        {{0}, 1, 0, "entry 1 is not among the first 0"},
        {{0}, 1, UINT64_C(1) << 63, "a tree has no"},
    };
    struct proof p;
    struct hash root;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct multiproof_leaves chosen = {cases[i].indexes, cases[i].count, cases[i].size};
        struct err err = {.code = ERR_OK};
        assert_int_equal(make(&chosen, &p, &err), ERR_INPUT);
        assert_non_null(strstr(err.text, cases[i].why));
        assert_int_equal(p.count, 0);
        assert_int_equal(multiproof_root(&chosen, leaves, leaves, 3, &root, &err), ERR_INPUT);
    }
}

static enum err_code refuse(void *context, const struct hash *hash, struct err *err)
{
    (void)hash;
    return --*(int *)context ? ERR_OK : err_set(err, ERR_IO, "the disk is full");
}

static void test_what_stops_the_writer_stops_the_proof(void **state)
{
    const uint64_t index = 77;
    const struct multiproof_leaves chosen = {&index, 1, 700};
    const struct merkle_tiles tiles = tile_store_tiles(store);
    const struct merkle_tiles none = tile_store_tiles(tile_store_new());
    struct err err = {.code = ERR_OK};
    int left = 3;

    (void)state;
    assert_int_equal(multiproof_make(&chosen, &tiles, refuse, &left, &err), ERR_IO);
    assert_int_equal(left, 0);
    left = 100;
    assert_int_equal(multiproof_make(&chosen, &none, refuse, &left, &err), ERR_NOT_FOUND);
    tile_store_free(none.ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_choice_of_entries_is_proven),
        cmocka_unit_test(test_choices_in_large_trees_are_proven),
        cmocka_unit_test(test_a_proof_for_one_is_an_inclusion_proof_in_another_order),
        cmocka_unit_test(test_every_flipped_bit_leads_to_another_root),
        cmocka_unit_test(test_a_proof_of_another_length_is_refused),
        cmocka_unit_test(test_leaves_that_are_none_are_refused),
        cmocka_unit_test(test_what_stops_the_writer_stops_the_proof),
    };
    return cmocka_run_group_tests(tests, make_tree, drop_tree);
}
