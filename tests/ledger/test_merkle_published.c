/*
 * The tree against what others have published: a test log of the transparency-log project, RFC 6962's
 * reference tree, an IETF draft's digests over all subtrees, and which tiles a tree of some size has.
 */
#include "ledger/merkle.h"

#include "ledger/hex.h"
#include "support/merkle_model.h"
#include "support/shared.h"
#include "support/tile_store.h"

#define FULL_MAX 130u /* the draft's largest tree */

static struct hash from_hex(const char *hex)
{
    struct hash h;
    assert_int_equal(hex_decode(hex, strlen(hex), h.bytes, HASH_SIZE, NULL), ERR_OK);
    return h;
}

static void test_a_published_log_of_five_leaves(void **state)
{
    const struct hash five[5] = {
        from_hex("d0d7360ab79f58ab1e1e3fe64ad77e2ea0bc07e36b5f46ed2223edd9298df9e9"),
        from_hex("ab1ab7f07c7c8fe0eff4ba6faa53c7e4412e91a599153e8aa4e01beece5b7825"),
        from_hex("671f146c5e471e8a1a83a3c214ce4ba907b8f3a5888d14cc8cd3ce75bb12ef94"),
        from_hex("f715ab3faa5d071e6e2ac4bb994d5bf735943dcc3799da0d085e7980cfb9336a"),
        from_hex("ccc29ae0e02a77b0f4578c1ac17493d79cf4262104929ac804f91fc4e7ac5af0"),
    };
    const struct hash h01 = from_hex("4f55f619d9215235778b2b9f17d6f4915b16171214d152381293669764de722e");
    const struct hash roots[6] = {
        hash_empty(),
        five[0],
        h01,
        from_hex("5aac771c899ac292e74bf1afe2e6e302f8b55883b2d1bf197b46a6bea6dabca9"),
        from_hex("cd8d65377e6fad76003e2c5749de7d2ec536f71509b6e5b8a3674d360e58d82a"),
        from_hex("832e609776a4b05ca208ef796bfd6f2d7cfcf00ddd46afb497d4b1b5ef19a994"),
    };
    struct tile_store *const store = store_of(five, 5);
    const struct merkle_tiles tiles = tile_store_tiles(store);
    struct merkle_path path;
    struct hash root;

    (void)state;
    for (uint64_t n = 0; n <= 5; n++) {
        assert_int_equal(merkle_root(&tiles, n, &root, NULL), ERR_OK);
        assert_hash(&root, &roots[n]);
    }
    const struct merkle_path two_in_five = {3, {five[3], h01, five[4]}};
    const struct merkle_path four_in_five = {1, {roots[4]}};
    const struct merkle_path three_to_five = {4, {five[2], five[3], h01, five[4]}};
    const struct merkle_path four_to_five = {1, {five[4]}};
    assert_int_equal(merkle_inclusion(&tiles, 2, 5, &path, NULL), ERR_OK);
    assert_path(&path, &two_in_five);
    assert_int_equal(merkle_inclusion(&tiles, 4, 5, &path, NULL), ERR_OK);
    assert_path(&path, &four_in_five);
    assert_int_equal(merkle_consistency(&tiles, 3, 5, &path, NULL), ERR_OK);
    assert_path(&path, &three_to_five);
    assert_int_equal(merkle_check_consistency(3, 5, &path, &roots[3], &roots[5], NULL), ERR_OK);
    assert_int_equal(merkle_consistency(&tiles, 4, 5, &path, NULL), ERR_OK);
    assert_path(&path, &four_to_five);
    tile_store_free(store);
}

static void test_roots_of_the_rfc_6962_reference_tree(void **state)
{
    (void)state;
    cJSON *const json = shared_vectors("rfc6962_reference_tree.json");
    const cJSON *const inputs = shared_member(json, "leaf_inputs_hex");
    const cJSON *const roots = shared_member(json, "root_hex_by_tree_size");
    struct merkle_frontier f;

    merkle_frontier_init(&f);
    assert_int_equal(cJSON_GetArraySize(roots), 9);
    for (int n = 0; n <= 8; n++) {
        const struct hash want = from_hex(cJSON_GetArrayItem(roots, n)->valuestring);
        const struct hash got = merkle_frontier_root(&f);
        assert_hash(&got, &want);
        if (n == 8)
            break;
        const char *const hex = cJSON_GetArrayItem(inputs, n)->valuestring;
        uint8_t bytes[32];
        assert_int_equal(hex_decode(hex, strlen(hex), bytes, strlen(hex) / 2, NULL), ERR_OK);
        const struct hash leaf = hash_leaf(bytes, strlen(hex) / 2);
        merkle_frontier_append(&f, &leaf);
    }
    cJSON_Delete(json);
}

/* Leaves start, start + 1 .. of the IETF draft's tree, as the one tile of a tree of their own. */
struct window {
    const struct hash *first;
    unsigned count;
};

static enum err_code window_read(void *ctx, unsigned level, uint64_t index, uint8_t *hashes, unsigned *count,
                                 struct err *err)
{
    const struct window *const w = ctx;
    (void)err;

    assert_true(level == 0 && index == 0);
    memcpy(hashes, w->first, w->count * sizeof *w->first);
    *count = w->count;
    return ERR_OK;
}

/* [start, end) where start is a multiple of the smallest power of two that is at least end - start. */
static bool is_subtree(unsigned start, unsigned end)
{
    unsigned power = 1;
    while (power < end - start)
        power *= 2;
    return start % power == 0;
}

static void add_line(struct hash_stream *s, const char *head, const struct merkle_path *p)
{
    char hex[HEX_LENGTH(HASH_SIZE) + 1];

    hash_stream_add(s, head, strlen(head));
    for (unsigned i = 0; i < p->count; i++) {
        hex_encode(hex, p->nodes[i].bytes, HASH_SIZE);
        hash_stream_add(s, " ", 1);
        hash_stream_add(s, hex, HEX_LENGTH(HASH_SIZE));
    }
    hash_stream_add(s, "\n", 1);
}

static void assert_digest(struct hash_stream *s, const cJSON *json, const char *part)
{
    const struct hash got = hash_stream_finish(s);
    const struct hash want = from_hex(shared_text(shared_member(json, part), "sha256_of_all_lines"));
    assert_hash(&got, &want);
}

static void test_all_subtrees_of_the_ietf_draft(void **state)
{
    (void)state;
    cJSON *const json = shared_vectors("ietf_subtree_accumulated.json");
    struct hash d[FULL_MAX];
    struct hash_stream roots;
    struct hash_stream inclusions;
    struct hash_stream consistencies;
    char head[64];

    for (unsigned i = 0; i < FULL_MAX; i++) {
        const uint8_t byte = (uint8_t)i;
        d[i] = hash_leaf(&byte, 1);
    }
    hash_stream_init(&roots);
    hash_stream_init(&inclusions);
    hash_stream_init(&consistencies);
    for (unsigned end = 0; end <= FULL_MAX; end++) {
        for (unsigned start = 0; start <= end; start++) {
            struct window window = {d + start, end - start};
            const struct merkle_tiles tiles = {window_read, &window};
            struct merkle_path path = {.count = 1};
            if (!is_subtree(start, end))
                continue;
            assert_int_equal(merkle_root(&tiles, end - start, &path.nodes[0], NULL), ERR_OK);
            snprintf(head, sizeof head, "[%u, %u)", start, end);
            add_line(&roots, head, &path);
            for (unsigned i = start; i < end; i++) {
                assert_int_equal(merkle_inclusion(&tiles, i - start, end - start, &path, NULL), ERR_OK);
                snprintf(head, sizeof head, "%u [%u, %u)", i, start, end);
                add_line(&inclusions, head, &path);
            }
        }
    }
    /* Ours has no proofs for subtrees that start later: the model makes those, and so is checked itself. */
    for (unsigned n = 0; n <= FULL_MAX; n++) {
        for (unsigned end = 0; end <= n; end++) {
            for (unsigned start = 0; start <= end; start++) {
                struct window window = {d, n};
                const struct merkle_tiles tiles = {window_read, &window};
                struct merkle_path path = {.count = 0};
                if (!is_subtree(start, end))
                    continue;
                if (start == 0)
                    assert_int_equal(merkle_consistency(&tiles, end, n, &path, NULL), ERR_OK);
                else if (start < end)
                    model_subproof(start, end, d, n, true, &path);
                snprintf(head, sizeof head, "[%u, %u) %u", start, end, n);
                add_line(&consistencies, head, &path);
            }
        }
    }
    assert_digest(&roots, json, "subtree_hashes");
    assert_digest(&inclusions, json, "subtree_inclusion");
    assert_digest(&consistencies, json, "subtree_consistency");
    cJSON_Delete(json);
}

/* Which tiles a tree of `size` leaves has at one level, whose tiles are 2^height wide. */
static uint64_t tiles_at(uint64_t size, unsigned height, unsigned level, unsigned *partial)
{
    const uint64_t hashes = height * level < 64 ? size >> height * level : 0;

    *partial = (unsigned)(hashes & ((UINT64_C(1) << height) - 1));
    return hashes >> height;
}

/* How many tiles a tree has that grows to `to`, and had not at `from`: full ones, and those that are wider now. */
static uint64_t new_tiles(uint64_t from, uint64_t to, unsigned height)
{
    uint64_t count = 0;

    for (unsigned level = 0; height * level < 64; level++) {
        unsigned was = 0;
        unsigned is = 0;
        const uint64_t before = tiles_at(from, height, level, &was);
        const uint64_t after = tiles_at(to, height, level, &is);
        count += after - before + (is > 0 && (after > before || is > was) ? 1 : 0);
    }
    return count;
}

static void test_published_counts_of_new_tiles(void **state)
{
    (void)state;
    cJSON *const json = shared_vectors("tlog_tile_and_tree_vectors.json");
    const cJSON *row;

    cJSON_ArrayForEach(row, shared_member(json, "golang_new_tiles_count_H10"))
    {
        assert_true(new_tiles(shared_number(row, "old"), shared_number(row, "new"), 10) ==
                    shared_number(row, "want"));
    }
    cJSON_Delete(json);
}

static uint64_t number_or_zero(const cJSON *object, const char *key)
{
    const cJSON *const member = cJSON_GetObjectItemCaseSensitive(object, key);
    return member ? (uint64_t)member->valuedouble : 0;
}

/* Counts what the writer hands out, which is what is stored and published. */
struct counted {
    unsigned full[MERKLE_LEVELS];
    unsigned partial[MERKLE_LEVELS]; /* hashes in it */
    uint64_t tiles;
};

static enum err_code count_tile(void *ctx, unsigned level, uint64_t index, const uint8_t *hashes,
                                unsigned count, struct err *err)
{
    struct counted *const c = ctx;
    (void)index;
    (void)hashes;
    (void)err;

    c->full[level] += count == MERKLE_TILE_WIDTH;
    if (count < MERKLE_TILE_WIDTH)
        c->partial[level] = count;
    c->tiles++;
    return ERR_OK;
}

static void count_tiles(uint64_t size, struct counted *c)
{
    const struct merkle_sink sink = {count_tile, c};
    struct merkle_writer *const w = malloc(sizeof *w);
    const struct hash leaf = hash_empty();

    assert_non_null(w);
    memset(c, 0, sizeof *c);
    merkle_writer_init(w);
    for (uint64_t i = 0; i < size; i++)
        assert_int_equal(merkle_writer_append(w, &leaf, &sink, NULL), ERR_OK);
    assert_int_equal(merkle_writer_flush(w, &sink, NULL), ERR_OK);
    free(w);
}

static void test_the_specifications_worked_sizes(void **state)
{
    (void)state;
    cJSON *const json = shared_vectors("tlog_tile_and_tree_vectors.json");
    const cJSON *row;

    cJSON_ArrayForEach(row, shared_member(json, "c2sp_spec_worked_sizes"))
    {
        const uint64_t size = strtoull(row->string, NULL, 10);
        struct counted c;
        count_tiles(size, &c);
        for (unsigned level = 0; level < 3; level++) {
            char key[32];
            snprintf(key, sizeof key, "level%u_full", level);
            assert_int_equal(c.full[level], number_or_zero(row, key));
            snprintf(key, sizeof key, "level%u_partial", level);
            assert_int_equal(c.partial[level], number_or_zero(row, key));
        }
        assert_true(c.tiles == new_tiles(0, size, 8));
    }
    cJSON_Delete(json);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_published_log_of_five_leaves),
        cmocka_unit_test(test_roots_of_the_rfc_6962_reference_tree),
        cmocka_unit_test(test_all_subtrees_of_the_ietf_draft),
        cmocka_unit_test(test_published_counts_of_new_tiles),
        cmocka_unit_test(test_the_specifications_worked_sizes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
