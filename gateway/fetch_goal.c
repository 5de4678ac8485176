/* What a fetch goes for next: the checkpoint, or a seal on the way to the key that signs it. See gateway/fetch.c. */
#include "gateway/fetch_state.h"

#include <inttypes.h>
#include <stdlib.h>

static const struct published_name CHECKPOINT = {.kind = PUBLISHED_CHECKPOINT};

/* What somebody serves and is not what it should be is wrong, whatever it is that is wrong with it. */
enum err_code fetch_wrong_file(const struct fetch *f, const struct published_name *name,
                               const struct err *why, struct err *err)
{
    char address[PUBLICATION_ADDRESS_SIZE];

    return err_set(err, why->code == ERR_MEMORY ? ERR_MEMORY : ERR_WRONG, "%s: %.500s",
                   publication_address(f->publication, name, address), why->text);
}

/* A note's checkpoint, whoever has signed it. */
enum err_code fetch_read_note(const struct fetch *f, const struct published_name *name, const char *bytes,
                              size_t size, struct checkpoint *c, struct err *err)
{
    const struct note_key *const key = fetch_keys_newest(f->keys);
    struct err why = {.code = ERR_OK};
    struct note note;

    enum err_code rc = note_parse(&note, bytes, size, &why);
    if (!rc)
        rc = checkpoint_parse(c, note.text, note.text_size, &why);
    if (!rc && (c->origin_size != key->name_size || memcmp(c->origin, key->name, key->name_size) != 0))
        rc = err_set(&why, ERR_WRONG, "it is of another journal than %s", key->name);
    if (!rc && (c->extension_size > 0 || c->size == 0))
        rc = err_set(&why, ERR_WRONG, "it is none of a journal: %s",
                     c->size ? "it has more than three lines" : "it covers nothing");
    return rc ? fetch_wrong_file(f, name, &why, err) : ERR_OK;
}

static bool is_signed_by(const char *note, size_t size, const struct note_key *key)
{
    struct checkpoint c;

    return checkpoint_open(&c, note, size, key, 1, NULL) == ERR_OK;
}

/* Seal number `i` of the list: its checkpoint, and whether `key` has signed it. */
static enum err_code try_listed(struct fetch *f, size_t i, const struct note_key *key,
                                struct fetch_goal *goal, bool *is_signed, struct err *err)
{
    const struct published_name name = {.kind = PUBLISHED_SEAL, .number = f->listed[i]};
    struct checkpoint c;
    uint8_t *note = NULL;
    size_t size = 0;

    enum err_code rc = publication_get(f->publication, &name, NOTE_MAX_SIZE - 1, &note, &size, err);
    if (!rc)
        rc = fetch_read_note(f, &name, (const char *)note, size, &c, err);
    if (!rc && c.size != f->listed[i]) {
        const struct err why = {.code = ERR_WRONG, .text = "it is not of the size that its name says"};
        rc = fetch_wrong_file(f, &name, &why, err);
    }
    if (!rc) {
        *is_signed = is_signed_by((const char *)note, size, key);
        *goal = (struct fetch_goal){.size = c.size, .root = c.root, .key = *key};
    }
    free(note);
    return rc;
}

/* A key signs up to the seal that hands over, and none behind: so that one is found by halving. */
static enum err_code find_last_signed(struct fetch *f, struct fetch_goal *goal, bool *found, struct err *err)
{
    const struct note_key *const key = fetch_keys_newest(f->keys);
    size_t low = f->listed_next;
    size_t high = f->listed_count;
    struct fetch_goal tried;
    bool is_signed = false;

    *found = false;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        const enum err_code rc = try_listed(f, middle, key, &tried, &is_signed, err);
        if (rc)
            return rc;
        if (is_signed) {
            *goal = tried;
            *found = true;
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return ERR_OK;
}

enum err_code fetch_get_bundle(struct fetch *f, uint64_t index, uint64_t size, uint8_t **bytes,
                               struct published_entry entries[PUBLISHED_WIDTH], unsigned *width,
                               struct published_name *name, struct err *err)
{
    const uint64_t left = size - index * PUBLISHED_WIDTH;
    struct err why = {.code = ERR_OK};
    size_t bundle_size = 0;
    unsigned count = 0;

    *width = left < PUBLISHED_WIDTH ? (unsigned)left : PUBLISHED_WIDTH;
    *name = (struct published_name){.kind = PUBLISHED_ENTRIES, .number = index, .width = *width};
    enum err_code rc =
        f->ahead ? fetch_ahead_take(f->ahead, name, bytes, &bundle_size, err)
                 : fetch_either(f->publication, name, PUBLISHED_BUNDLE_MAX, bytes, &bundle_size, err);
    if (rc)
        return rc;
    rc = published_bundle_parse(*bytes, bundle_size, entries, &count, &why);
    if (!rc && count != name->width)
        rc = err_set(&why, ERR_WRONG, "it has %u entries where its name says %u", count, name->width);
    if (!rc)
        return ERR_OK;
    free(*bytes);
    *bytes = NULL;
    return fetch_wrong_file(f, name, &why, err);
}

/* Which entry of a bundle is not what it should be, as far as the tile of their hashes can be had. */
static enum err_code wrong_bundle(struct fetch *f, const struct published_name *name, unsigned width,
                                  const struct hash *leaves, struct err *err)
{
    struct err why = {.code = ERR_WRONG};
    const uint8_t *hashes = NULL;
    unsigned i = 0;

    if (fetch_tree_hashes(f->tree, 0, name->number * MERKLE_TILE_WIDTH, width, &hashes, NULL) == ERR_OK) {
        while (i < width && memcmp(hashes + (size_t)i * HASH_SIZE, leaves[i].bytes, HASH_SIZE) == 0)
            i++;
    }
    if (hashes && i < width)
        err_set(&why, ERR_WRONG, "entry %" PRIu64 " in it is not the one that was sealed",
                name->number * PUBLISHED_WIDTH + i + 1);
    else
        err_set(&why, ERR_WRONG, "its entries are not those that were sealed");
    return fetch_wrong_file(f, name, &why, err);
}

enum err_code fetch_prove_bundle(struct fetch *f, const struct published_entry *entries, unsigned width,
                                 const struct published_name *name, struct hash leaves[MERKLE_TILE_WIDTH],
                                 struct err *err)
{
    struct hash_span spans[MERKLE_TILE_WIDTH] = {{NULL, 0}};
    const bool is_full = width == MERKLE_TILE_WIDTH;
    const uint8_t *hashes = NULL;
    struct hash root;

    for (unsigned i = 0; i < width; i++)
        spans[i] = (struct hash_span){entries[i].bytes, entries[i].size};
    hash_leaves(spans, width, leaves);
    if (is_full)
        root = merkle_tile_root(leaves);
    const enum err_code rc =
        is_full ? fetch_tree_hashes(f->tree, 1, name->number, 1, &hashes, err)
                : fetch_tree_hashes(f->tree, 0, name->number * MERKLE_TILE_WIDTH, width, &hashes, err);
    if (rc)
        return rc;
    if (memcmp(hashes, is_full ? root.bytes : leaves[0].bytes, (is_full ? 1 : width) * HASH_SIZE) == 0)
        return ERR_OK;
    return wrong_bundle(f, name, width, leaves, err);
}

/* The last entry of a tree that is proven, though who signed it is not known yet. */
static enum err_code find_recovery(struct fetch *f, const struct fetch_goal *goal, struct note_key *key,
                                   struct err *err)
{
    const uint64_t index = (goal->size - 1) / PUBLISHED_WIDTH;
    struct published_entry entries[PUBLISHED_WIDTH];
    struct hash leaves[MERKLE_TILE_WIDTH];
    struct published_name name;
    struct err why = {.code = ERR_OK};
    uint8_t *bytes = NULL;
    unsigned width = 0;

    enum err_code rc = fetch_tree_open(&f->tree, f->publication, goal->size, &goal->root, err);
    if (!rc)
        rc = fetch_get_bundle(f, index, goal->size, &bytes, entries, &width, &name, err);
    if (!rc)
        rc = fetch_prove_bundle(f, entries, width, &name, leaves, err);
    if (!rc && fetch_keys_recovered(f->keys, entries[width - 1].bytes, entries[width - 1].size, key, &why))
        rc = err_set(err, why.code,
                     "entry %" PRIu64 " should say why the seals from there on are signed by another key: %s",
                     goal->size, why.text);
    free(bytes);
    fetch_tree_close(f->tree);
    f->tree = NULL;
    return rc;
}

enum err_code fetch_wrong_signer(const struct fetch *f, struct err *err)
{
    char vkey[NOTE_VKEY_TEXT_SIZE];
    struct err why = {.code = ERR_WRONG};

    note_key_format(vkey, fetch_keys_newest(f->keys));
    err_set(&why, ERR_WRONG, "it is not signed by %s, nor by a key that this one hands on to", vkey);
    return fetch_wrong_file(f, &CHECKPOINT, &why, err);
}

enum err_code fetch_check_signer(const struct fetch *f, const struct fetch_goal *goal, struct err *err)
{
    struct err why = {.code = ERR_OK};

    if (!is_signed_by(f->checkpoint, f->checkpoint_size, &goal->key))
        return fetch_wrong_signer(f, err);
    if (fetch_evidence_check(f->keys, f->checkpoint, f->checkpoint_size, goal->size, &goal->root, &why))
        return fetch_wrong_file(f, &CHECKPOINT, &why, err);
    return ERR_OK;
}

enum err_code fetch_choose_goal(struct fetch *f, struct fetch_goal *goal, struct err *err)
{
    const struct note_key *const key = fetch_keys_at(f->keys, f->newest.size);
    struct note_key recovered;
    bool found = false;

    if (is_signed_by(f->checkpoint, f->checkpoint_size, key)) {
        *goal = (struct fetch_goal){.size = f->newest.size, .root = f->newest.root, .key = *key};
        return ERR_OK;
    }
    enum err_code rc = find_last_signed(f, goal, &found, err);
    if (rc || found)
        return rc;
    if (journal_copy_size(f->copy) == 0 || f->listed_next == f->listed_count)
        return fetch_wrong_signer(f, err);
    rc = try_listed(f, f->listed_next, key, goal, &found, err);
    if (!rc)
        rc = find_recovery(f, goal, &recovered, err);
    if (!rc)
        rc = try_listed(f, f->listed_next, &recovered, goal, &found, err);
    goal->is_recovery = true;
    return !rc && !found ? fetch_wrong_signer(f, err) : rc;
}
