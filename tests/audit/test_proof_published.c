/*
 * Proofs against what others have published: the container of C2SP's tlog-proof, a test log of the transparency-log
 * project with its own signature, and RFC 6962's reference tree.
 */
#include "audit/proof.h"

#include "ledger/base64.h"
#include "ledger/hex.h"
#include "support/entries.h"
#include "support/merkle_model.h"
#include "support/proofs.h"
#include "support/shared.h"

static void test_the_published_containers_are_read_and_written_back(void **state)
{
    (void)state;
    cJSON *const json = shared_vectors("c2sp_text_formats.json");
    const cJSON *row;
    unsigned count = 0;

    cJSON_ArrayForEach(row, shared_member(json, "tlog_proof_valid"))
    {
        const char *const text = shared_text(row, "text");
        const char *const extra = cJSON_GetStringValue(shared_member(row, "extra"));
        const cJSON *const hashes = shared_member(row, "hashes");
        struct proof_bytes again = {NULL, 0};
        enum proof_form form = 0;
        struct proof p;

        proof_init(&p);
        PROOFS_OK(proof_parse(text, strlen(text), &p, &form, err));
        assert_int_equal(form, PROOF_TLOG);
        assert_int_equal(p.type, PROOF_INCLUSION);
        assert_int_equal(p.seq, 1 + shared_number(row, "index"));
        assert_int_equal(p.last.path.count, cJSON_GetArraySize(hashes));
        for (unsigned i = 0; i < p.last.path.count; i++) {
            char hash[BASE64_LENGTH(HASH_SIZE) + 1];
            base64_encode(hash, p.last.path.nodes[i].bytes, HASH_SIZE);
            assert_string_equal(hash, cJSON_GetArrayItem(hashes, (int)i)->valuestring);
        }
        assert_int_equal(p.last.entry.at != NULL, extra != NULL);
        if (extra)
            assert_string_equal((const char *)p.last.entry.at, extra);
        assert_string_equal((const char *)p.last.seal.at, shared_text(row, "checkpoint"));
        PROOFS_OK(proof_to_tlog(&p, &again, err));
        assert_string_equal((const char *)again.at, text);
        free(again.at);
        proof_release(&p);
        count++;
    }
    assert_int_equal(count, 3);
    cJSON_Delete(json);
}

static void test_the_published_wrong_containers_are_refused(void **state)
{
    (void)state;
    cJSON *const json = shared_vectors("c2sp_text_formats.json");
    const cJSON *row;
    unsigned count = 0;

    cJSON_ArrayForEach(row, shared_member(json, "tlog_proof_invalid"))
    {
        const char *const text = shared_text(row, "text");
        enum proof_form form = 0;
        struct proof p;
        struct err err;

        proof_init(&p);
        if (proof_parse(text, strlen(text), &p, &form, &err) != ERR_FORMAT)
            fail_msg("read: %s", shared_text(row, "why"));
        assert_true(strncmp(err.text, "line ", 5) == 0 || strncmp(err.text, "column ", 7) == 0);
        assert_null(p.last.seal.at);
        count++;
    }
    assert_int_equal(count, 7);
    cJSON_Delete(json);
}

#define H0  "0Nc2CrefWKseHj/mStd+LqC8B+NrX0btIiPt2SmN+ek="
#define H1  "qxq38Hx8j+Dv9LpvqlPH5EEukaWZFT6KpOAb7s5beCU="
#define H2  "Zx8UbF5HHooag6PCFM5LqQe486WIjRTMjNPOdbsS75Q="
#define H01 "T1X2GdkhUjV3iyufF9b0kVsWFxIU0VI4EpNml2Teci4="
#define CHECKPOINT                                                                                           \
    "example.com/log/testdata\n3\nWqx3HImawpLnS/Gv4ubjAvi1WIOy0b8Ze0amvqbavKk=\n\n"                          \
    "\xe2\x80\x94 example.com/log/testdata M9e0lvAQRtH832pk2RTbeSeZMkp4FZSdJYFBUjO5SKxuRbywPUF3cx+HUrb50"    \
    "kjd3rUWW/fj53Wj1dwcwh9bGQnqVAg=\n"

/* Tessera's test log, signed by its own key: no hash, key or signature here is of our making. */
static void test_a_published_signed_log_of_three_leaves(void **state)
{
    static const char vkey[] =
        "example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx";
    static const char *const leaves[] = {"one", "two", "three"};
    static const char *const texts[] = {
        PROOF_TLOG_FORMAT "\nindex 0\n" H1 "\n" H2 "\n\n" CHECKPOINT,
        PROOF_TLOG_FORMAT "\nindex 1\n" H0 "\n" H2 "\n\n" CHECKPOINT,
        PROOF_TLOG_FORMAT "\nindex 2\n" H01 "\n\n" CHECKPOINT,
    };
    struct proof_finding found;
    struct note_key key;

    (void)state;
    PROOFS_OK(note_key_parse(&key, vkey, strlen(vkey), err));
    for (unsigned i = 0; i < 3; i++) {
        enum proof_form form = 0;
        struct proof p;

        proof_init(&p);
        PROOFS_OK(proof_parse(texts[i], strlen(texts[i]), &p, &form, err));
        assert_int_equal(proof_check(&p, &key, &found, NULL), ERR_INPUT); /* it does not hold its entry */
        for (unsigned k = 0; k < 3; k++) {
            PROOFS_OK(proof_bytes_set(&p.last.entry, leaves[k], strlen(leaves[k]), err));
            assert_int_equal(proof_check(&p, &key, &found, NULL), k == i ? ERR_OK : ERR_WRONG);
        }
        assert_string_equal(found.origin, "example.com/log/testdata");
        assert_int_equal(found.size, 3);
        assert_false(found.is_entry);
        proof_release(&p);
    }
}

static struct hash root_of(const cJSON *roots, int size)
{
    const char *const hex = cJSON_GetArrayItem(roots, size)->valuestring;
    struct hash root;

    assert_int_equal(hex_decode(hex, strlen(hex), root.bytes, HASH_SIZE, NULL), ERR_OK);
    return root;
}

/* Seals over the published roots: our paths lead to them, in every tree from none to eight leaves. */
static void test_the_rfc_6962_reference_tree_is_proven_throughout(void **state)
{
    (void)state;
    cJSON *const json = shared_vectors("rfc6962_reference_tree.json");
    const cJSON *const roots = shared_member(json, "root_hex_by_tree_size");
    struct proofs_log *const log = proofs_new();
    struct proof_finding found;
    const cJSON *input;

    cJSON_ArrayForEach(input, shared_member(json, "leaf_inputs_hex"))
    {
        uint8_t bytes[32];
        const size_t size = strlen(input->valuestring) / 2;
        assert_int_equal(hex_decode(input->valuestring, 2 * size, bytes, size, NULL), ERR_OK);
        proofs_add(log, bytes, size);
    }
    assert_int_equal(log->size, 8);
    for (int size = 0; size <= 8; size++) {
        const struct hash root = root_of(roots, size);
        struct proof p;
        for (uint64_t seq = 1; seq <= (uint64_t)size; seq++) {
            proofs_inclusion(log, seq, (uint64_t)size, &p);
            proofs_seal_root(log, 0, (uint64_t)size, &root, &p.last.seal);
            PROOFS_OK(proof_check(&p, &log->keys[0], &found, err));
            proof_release(&p);
        }
        for (int old = 0; old <= size; old++) {
            const struct hash old_root = root_of(roots, old);
            proofs_consistency(log, (uint64_t)old, (uint64_t)size, &p);
            proofs_seal_root(log, 0, (uint64_t)old, &old_root, &p.old_seal);
            proofs_seal_root(log, 0, (uint64_t)size, &root, &p.last.seal);
            PROOFS_OK(proof_check(&p, &log->keys[0], &found, err));
            proof_release(&p);
        }
    }
    proofs_free(log);
    cJSON_Delete(json);
}

/* The IETF draft's tree, whose paths test_merkle_published.c holds against its digests: here each is checked. */
static void test_every_proof_of_the_ietf_tree_holds_and_none_for_its_neighbour(void **state)
{
    struct proofs_log *const log = proofs_new();
    struct hash leaves[130];
    struct merkle_path path;

    (void)state;
    proofs_add_numbers(log, 130);
    memcpy(leaves, log->leaves, sizeof leaves);
    const struct merkle_tiles tiles = proofs_tiles(log);
    for (uint64_t size = 1; size <= 130; size++) {
        const struct hash root = model_mth(leaves, size);
        for (uint64_t i = 0; i < size; i++) {
            PROOFS_OK(merkle_inclusion(&tiles, i, size, &path, err));
            PROOFS_OK(merkle_check_inclusion(&leaves[i], i, size, &path, &root, err));
            const uint64_t other = (i + 1) % size;
            if (other != i) {
                assert_int_equal(merkle_check_inclusion(&leaves[other], i, size, &path, &root, NULL),
                                 ERR_WRONG);
                assert_int_equal(merkle_check_inclusion(&leaves[i], other, size, &path, &root, NULL),
                                 ERR_WRONG);
            }
        }
        for (uint64_t old = 0; old <= size; old++) {
            const struct hash old_root = model_mth(leaves, old);
            PROOFS_OK(merkle_consistency(&tiles, old, size, &path, err));
            PROOFS_OK(merkle_check_consistency(old, size, &path, &old_root, &root, err));
            if (old > 0)
                assert_int_equal(merkle_check_consistency(old - 1, size, &path, &old_root, &root, NULL),
                                 ERR_WRONG);
        }
    }
    proofs_free(log);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_published_containers_are_read_and_written_back),
        cmocka_unit_test(test_the_published_wrong_containers_are_refused),
        cmocka_unit_test(test_a_published_signed_log_of_three_leaves),
        cmocka_unit_test(test_the_rfc_6962_reference_tree_is_proven_throughout),
        cmocka_unit_test(test_every_proof_of_the_ietf_tree_holds_and_none_for_its_neighbour),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
