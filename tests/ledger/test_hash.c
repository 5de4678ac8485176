/* SHA-256 by FIPS 180-4's examples; leaf and node by RFC 6962's reference tree. */
#include "ledger/hash.h"

#include "ledger/hex.h"
#include "support/shared.h"

static struct hash hash_of_hex(const char *hex)
{
    struct hash h;
    struct err err;

    assert_int_equal(hex_decode(hex, strlen(hex), h.bytes, HASH_SIZE, &err), ERR_OK);
    return h;
}

static void assert_hash(struct hash got, const char *want_hex)
{
    const struct hash want = hash_of_hex(want_hex);
    assert_memory_equal(got.bytes, want.bytes, HASH_SIZE);
}

static void test_the_examples_of_fips_180(void **state)
{
    static const char two_blocks[] = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
    struct hash_stream s;
    char many[1000];

    (void)state;
    assert_hash(hash_bytes("abc", 3), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert_hash(hash_bytes(two_blocks, 56),
                "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    assert_hash(hash_bytes(NULL, 0), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    assert_hash(hash_empty(), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    memset(many, 'a', sizeof many);
    hash_stream_init(&s);
    for (int i = 0; i < 1000; i++)
        hash_stream_add(&s, many, sizeof many);
    assert_hash(hash_stream_finish(&s), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

/* The entries "one", "two", "three" of the transparency-log project's test log. */
static void test_leaves_and_nodes_of_a_published_log(void **state)
{
    const struct hash h0 = hash_leaf("one", 3);
    const struct hash h1 = hash_leaf("two", 3);
    const struct hash h2 = hash_leaf("three", 5);
    const struct hash h01 = hash_node(&h0, &h1);

    (void)state;
    assert_hash(h0, "d0d7360ab79f58ab1e1e3fe64ad77e2ea0bc07e36b5f46ed2223edd9298df9e9");
    assert_hash(h1, "ab1ab7f07c7c8fe0eff4ba6faa53c7e4412e91a599153e8aa4e01beece5b7825");
    assert_hash(h2, "671f146c5e471e8a1a83a3c214ce4ba907b8f3a5888d14cc8cd3ce75bb12ef94");
    assert_hash(h01, "4f55f619d9215235778b2b9f17d6f4915b16171214d152381293669764de722e");
    assert_hash(hash_node(&h01, &h2), "5aac771c899ac292e74bf1afe2e6e302f8b55883b2d1bf197b46a6bea6dabca9");
    assert_hash(hash_leaf(NULL, 0), "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d");
}

static void test_a_leaf_is_the_hash_of_its_prefix_and_bytes_at_every_length(void **state)
{
    uint8_t bytes[1 + 1100]; /* past the length where a leaf is no longer copied */

    (void)state;
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(i * 7); /* begins with the prefix 00 */
    for (size_t n = 0; n < sizeof bytes; n++) {
        const struct hash whole = hash_bytes(bytes, 1 + n);
        const struct hash leaf = hash_leaf(bytes + 1, n);
        assert_true(hash_equal(&whole, &leaf));
    }
}

static void test_a_stream_does_not_care_how_it_is_cut(void **state)
{
    uint8_t bytes[200];
    struct hash_stream s;

    (void)state;
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(i * 31);
    const struct hash whole = hash_bytes(bytes, sizeof bytes);
    for (size_t cut = 0; cut <= sizeof bytes; cut++) {
        hash_stream_init(&s);
        hash_stream_add(&s, bytes, cut);
        struct hash_stream fork = s; /* a digest under way may be copied */
        hash_stream_add(&s, bytes + cut, sizeof bytes - cut);
        hash_stream_add(&fork, bytes + cut, sizeof bytes - cut);
        const struct hash a = hash_stream_finish(&s);
        const struct hash b = hash_stream_finish(&fork);
        assert_true(hash_equal(&a, &whole));
        assert_true(hash_equal(&b, &whole));
    }
}

static void test_an_integer_enters_a_stream_big_endian(void **state)
{
    static const uint8_t bytes[8] = {1, 2, 3, 4, 5, 6, 7, 8};
    struct hash_stream s;

    (void)state;
    hash_stream_init(&s);
    hash_stream_add_u64(&s, UINT64_C(0x0102030405060708));
    const struct hash a = hash_stream_finish(&s);
    const struct hash b = hash_bytes(bytes, sizeof bytes);
    assert_true(hash_equal(&a, &b));
}

static void test_the_rfc_6962_reference_tree(void **state)
{
    (void)state;
    cJSON *const json = shared_vectors("rfc6962_reference_tree.json");
    const cJSON *const inputs = shared_member(json, "leaf_inputs_hex");
    const cJSON *const levels = shared_member(json, "node_hashes_hex_by_level");
    struct hash row[8];
    int width = cJSON_GetArraySize(inputs);

    assert_int_equal(width, 8);
    for (int i = 0; i < width; i++) {
        const char *const hex = cJSON_GetArrayItem(inputs, i)->valuestring;
        uint8_t bytes[32];
        const size_t size = strlen(hex) / 2;
        assert_int_equal(hex_decode(hex, strlen(hex), bytes, size, NULL), ERR_OK);
        row[i] = hash_leaf(bytes, size);
    }
    for (int level = 0; level < cJSON_GetArraySize(levels); level++, width /= 2) {
        const cJSON *const hashes = cJSON_GetArrayItem(levels, level);
        assert_int_equal(cJSON_GetArraySize(hashes), width);
        for (int i = 0; i < width; i++)
            assert_hash(row[i], cJSON_GetArrayItem(hashes, i)->valuestring);
        for (int i = 0; i < width / 2; i++)
            row[i] = hash_node(&row[2 * i], &row[2 * i + 1]);
    }
    cJSON_Delete(json);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_examples_of_fips_180),
        cmocka_unit_test(test_leaves_and_nodes_of_a_published_log),
        cmocka_unit_test(test_a_leaf_is_the_hash_of_its_prefix_and_bytes_at_every_length),
        cmocka_unit_test(test_a_stream_does_not_care_how_it_is_cut),
        cmocka_unit_test(test_an_integer_enters_a_stream_big_endian),
        cmocka_unit_test(test_the_rfc_6962_reference_tree),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
