/*
 * docs/vectors: what others may write their verifiers by. They were made once; if one does not hold, the format has
 * changed, or we have broken it.
 */
#include "ledger/actors.h"
#include "ledger/checkpoint.h"
#include "ledger/entry_json.h"
#include "ledger/hex.h"
#include "ledger/merkle.h"
#include "ledger/published.h"
#include "support/merkle_model.h"
#include "support/shared.h"
#include "support/tile_store.h"

#define JOURNAL   13u  /* entries of journal.json */
#define PUBLISHED 300u /* of the published directory */
#define ENTRY_MAX 2048u

struct vectors {
    cJSON *json;
    uint8_t bytes[JOURNAL][ENTRY_MAX];
    size_t sizes[JOURNAL];
    struct hash leaves[JOURNAL];
    struct hash roots[JOURNAL + 1];
    struct note_key key;
};

/* The file's bytes, terminated, to be freed. */
static char *read_file(const char *name, size_t *size)
{
    const char *const source = getenv("LEDGER_SOURCE");
    char path[4096];

    snprintf(path, sizeof path, "%s/docs/vectors/%s", source ? source : ".", name);
    FILE *const f = fopen(path, "rb");
    if (!f)
        fail_msg("%s is not there", path);
    char *const bytes = malloc(1u << 20);
    assert_non_null(bytes);
    *size = fread(bytes, 1, (1u << 20) - 1, f);
    bytes[*size] = '\0';
    assert_int_equal(fclose(f), 0);
    return bytes;
}

static size_t unhex(const char *hex, uint8_t *out, size_t room)
{
    const size_t size = strlen(hex) / 2;

    assert_true(size <= room);
    assert_int_equal(hex_decode(hex, 2 * size, out, size, NULL), ERR_OK);
    return size;
}

static struct hash hash_from(const char *hex)
{
    struct hash h;
    assert_int_equal(unhex(hex, h.bytes, sizeof h.bytes), HASH_SIZE);
    return h;
}

static uint64_t number(const cJSON *row, const char *key)
{
    return strtoull(shared_text(row, key), NULL, 10);
}

static void read_key(struct note_key *key, const char *vkey)
{
    assert_int_equal(note_key_parse(key, vkey, strlen(vkey), NULL), ERR_OK);
}

static int setup(void **state)
{
    struct vectors *const v = calloc(1, sizeof *v);
    const cJSON *row;
    size_t size = 0;
    unsigned i = 0;

    assert_non_null(v);
    char *const text = read_file("journal.json", &size);
    v->json = cJSON_ParseWithLength(text, size);
    free(text);
    assert_non_null(v->json);
    read_key(&v->key, shared_text(v->json, "vkey"));
    assert_int_equal(cJSON_GetArraySize(shared_member(v->json, "entries")), JOURNAL);
    assert_int_equal(cJSON_GetArraySize(shared_member(v->json, "roots")), JOURNAL + 1);
    cJSON_ArrayForEach(row, shared_member(v->json, "entries"))
    {
        v->sizes[i] = unhex(shared_text(row, "bytes"), v->bytes[i], ENTRY_MAX);
        v->leaves[i++] = hash_from(shared_text(row, "leaf"));
    }
    i = 0;
    cJSON_ArrayForEach(row, shared_member(v->json, "roots")) v->roots[i++] =
        hash_from(shared_text(row, "root"));
    *state = v;
    return 0;
}

static int teardown(void **state)
{
    struct vectors *const v = *state;

    cJSON_Delete(v->json);
    free(v);
    return 0;
}

static void assert_rows(const struct merkle_path *got, const cJSON *want)
{
    assert_int_equal(got->count, cJSON_GetArraySize(want));
    for (unsigned i = 0; i < got->count; i++) {
        const struct hash h = hash_from(cJSON_GetArrayItem(want, (int)i)->valuestring);
        assert_hash(&got->nodes[i], &h);
    }
}

/* Bytes, JSON and leaf are one entry, in each direction. */
static void test_entries_are_one_form(void **state)
{
    const struct vectors *const v = *state;
    struct actors *const actors = calloc(1, sizeof *actors);
    uint8_t again[ENTRY_MAX];
    struct json_out out;
    struct wire_out wire;
    struct entry e;

    assert_non_null(actors);
    actors_init(actors);
    for (unsigned i = 0; i < JOURNAL; i++) {
        const cJSON *const row = cJSON_GetArrayItem(shared_member(v->json, "entries"), (int)i);
        const struct hash leaf = hash_leaf(v->bytes[i], v->sizes[i]);
        assert_hash(&leaf, &v->leaves[i]);
        assert_int_equal(entry_decode(v->bytes[i], v->sizes[i], &e, NULL), ERR_OK);
        assert_int_equal(e.seq, i + 1);
        assert_int_equal(e.seq, number(row, "seq"));
        wire_out_init(&wire, again, sizeof again);
        assert_int_equal(entry_encode(&e, &wire, NULL), ERR_OK);
        assert_int_equal(wire_out_size(&wire), v->sizes[i]);
        assert_memory_equal(again, v->bytes[i], v->sizes[i]);
        assert_int_equal(actors_apply(actors, &e, NULL), ERR_OK);
        json_out_init(&out);
        entry_to_json(&e, actors, ENTRY_JSON_FULL, &out);
        cJSON *const mine = cJSON_ParseWithLength(out.bytes, out.size);
        assert_true(cJSON_Compare(mine, shared_member(row, "json"), true));
        cJSON_Delete(mine);
        json_out_release(&out);
    }
    free(actors);
}

static void test_statements_are_what_actors_signed(void **state)
{
    const struct vectors *const v = *state;
    uint8_t want[2 * ENTRY_MAX];
    uint8_t mine[2 * ENTRY_MAX];
    uint8_t key[NOTE_PUBLIC_KEY_SIZE];
    uint8_t signature[NOTE_SIGNATURE_SIZE];
    const cJSON *row;

    assert_int_equal(cJSON_GetArraySize(shared_member(v->json, "statements")), 2);
    cJSON_ArrayForEach(row, shared_member(v->json, "statements"))
    {
        const size_t i = (size_t)number(row, "seq") - 1;
        const size_t size = unhex(shared_text(row, "statement"), want, sizeof want);
        const size_t said = entry_statement(v->bytes[i], v->sizes[i], shared_text(v->json, "origin"), mine);
        assert_int_equal(said, size);
        assert_memory_equal(mine, want, size);
        assert_int_equal(unhex(shared_text(row, "key"), key, sizeof key), sizeof key);
        assert_int_equal(unhex(shared_text(row, "signature"), signature, sizeof signature), sizeof signature);
        assert_memory_equal(v->bytes[i] + v->sizes[i] - sizeof signature, signature, sizeof signature);
        assert_int_equal(note_verify_bytes(key, mine, said, signature, NULL), ERR_OK);
        mine[said - 1] ^= 1;
        assert_int_equal(note_verify_bytes(key, mine, said, signature, NULL), ERR_WRONG);
    }
}

static void test_roots_and_seals_of_every_size(void **state)
{
    const struct vectors *const v = *state;
    struct merkle_frontier f;
    const cJSON *row;
    unsigned seals = 0;

    merkle_frontier_init(&f);
    for (unsigned n = 0; n <= JOURNAL; n++) {
        const struct hash root = merkle_frontier_root(&f);
        const struct hash slow = model_mth(v->leaves, n);
        assert_hash(&root, &v->roots[n]);
        assert_hash(&slow, &v->roots[n]);
        if (n < JOURNAL)
            merkle_frontier_append(&f, &v->leaves[n]);
    }
    cJSON_ArrayForEach(row, shared_member(v->json, "seals"))
    {
        const char *const note = shared_text(row, "note");
        struct checkpoint c;
        assert_int_equal(checkpoint_open(&c, note, strlen(note), &v->key, 1, NULL), ERR_OK);
        assert_int_equal(c.size, number(row, "size"));
        assert_hash(&c.root, &v->roots[c.size]);
        seals++;
    }
    assert_int_equal(seals, 8);
}

static void test_proofs_between_all_sizes(void **state)
{
    const struct vectors *const v = *state;
    struct tile_store *const store = store_of(v->leaves, JOURNAL);
    const struct merkle_tiles tiles = tile_store_tiles(store);
    struct merkle_path path;
    const cJSON *row;
    unsigned count = 0;

    cJSON_ArrayForEach(row, shared_member(v->json, "inclusion"))
    {
        const uint64_t index = number(row, "seq") - 1;
        const uint64_t size = number(row, "size");
        assert_int_equal(merkle_inclusion(&tiles, index, size, &path, NULL), ERR_OK);
        assert_rows(&path, shared_member(row, "path"));
        assert_int_equal(merkle_check_inclusion(&v->leaves[index], index, size, &path, &v->roots[size], NULL),
                         ERR_OK);
        count++;
    }
    cJSON_ArrayForEach(row, shared_member(v->json, "consistency"))
    {
        const uint64_t from = number(row, "old");
        const uint64_t to = number(row, "new");
        assert_int_equal(merkle_consistency(&tiles, from, to, &path, NULL), ERR_OK);
        assert_rows(&path, shared_member(row, "path"));
        assert_int_equal(merkle_check_consistency(from, to, &path, &v->roots[from], &v->roots[to], NULL),
                         ERR_OK);
        count++;
    }
    assert_int_equal(count, 91 + 91);
    tile_store_free(store);
}

/* -- the published directory ----------------------------------------------------------------------------- */

static char *read_published(const struct published_name *name, size_t *size)
{
    char path[PUBLISHED_NAME_SIZE + 16] = "published/";

    published_format(path + strlen(path), name);
    return read_file(path, size);
}

static void read_bundles(const struct vectors *v, struct hash leaves[PUBLISHED])
{
    struct published_entry entries[PUBLISHED_WIDTH];
    unsigned done = 0;

    while (done < PUBLISHED) {
        const unsigned left = PUBLISHED - done;
        const struct published_name name = {.kind = PUBLISHED_ENTRIES,
                                            .number = done / PUBLISHED_WIDTH,
                                            .width = left < PUBLISHED_WIDTH ? left : PUBLISHED_WIDTH};
        size_t size = 0;
        unsigned count = 0;
        char *const bytes = read_published(&name, &size);
        assert_int_equal(published_bundle_parse((const uint8_t *)bytes, size, entries, &count, NULL), ERR_OK);
        assert_int_equal(count, name.width);
        for (unsigned i = 0; i < count; i++, done++) {
            leaves[done] = hash_leaf(entries[i].bytes, entries[i].size);
            if (done < JOURNAL)
                assert_memory_equal(entries[i].bytes, v->bytes[done], v->sizes[done]);
        }
        free(bytes);
    }
}

static void assert_tile(const struct tile_store *store, unsigned level, unsigned index)
{
    const struct tile *const tile = &store->tiles[level][index];
    const struct published_name name = {
        .kind = PUBLISHED_TILE, .level = level, .number = index, .width = tile->count};
    size_t size = 0;
    char *const bytes = read_published(&name, &size);

    assert_int_equal(size, tile->count * HASH_SIZE);
    assert_memory_equal(bytes, tile->hashes, size);
    free(bytes);
}

static void test_the_published_directory(void **state)
{
    const struct vectors *const v = *state;
    static struct hash leaves[PUBLISHED];
    struct published_sizes list;
    struct note_key key;
    uint64_t sealed = 0;
    size_t size = 0;
    bool found = true;

    char *const vkey = read_file("published.vkey", &size);
    vkey[strcspn(vkey, "\n")] = '\0';
    read_key(&key, vkey);
    free(vkey);
    read_bundles(v, leaves);
    struct tile_store *const store = store_of(leaves, PUBLISHED);
    assert_tile(store, 0, 0);
    assert_tile(store, 0, 1);
    assert_tile(store, 1, 0);
    char *const text = read_published(&(struct published_name){.kind = PUBLISHED_SEALS}, &size);
    published_sizes_init(&list, text, size);
    while (published_sizes_next(&list, &sealed, &found, NULL) == ERR_OK && found) {
        const struct published_name name = {.kind = PUBLISHED_SEAL, .number = sealed};
        const struct hash root = model_mth(leaves, sealed);
        struct checkpoint c;
        char *const note = read_published(&name, &size);
        assert_int_equal(checkpoint_open(&c, note, size, &key, 1, NULL), ERR_OK);
        assert_int_equal(c.size, sealed);
        assert_hash(&c.root, &root);
        free(note);
    }
    assert_int_equal(sealed, PUBLISHED);
    free(text);
    tile_store_free(store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_entries_are_one_form),
        cmocka_unit_test(test_statements_are_what_actors_signed),
        cmocka_unit_test(test_roots_and_seals_of_every_size),
        cmocka_unit_test(test_proofs_between_all_sizes),
        cmocka_unit_test(test_the_published_directory),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
