/*
 * A seal that was kept elsewhere, held against a journal that was just found good: does the journal reach it, and is
 * its root there the seal's? The root is made of the tiles' hashes, which were compared, and of the entries behind the
 * last whole tile.
 */
#include "audit/walk.h"

#include "ledger/checkpoint.h"
#include "ledger/hex.h"

#include <inttypes.h>

#define TILE_WIDTH 256

static enum err_code count_tiles(struct walk *w, struct peaks *p, uint64_t tiles, struct err *err)
{
    struct peaks_made made;

    for (uint64_t slot = 0; slot < tiles; slot++) {
        const uint8_t *bytes = NULL;
        struct hash hash;
        const enum err_code rc = walk_slot(w, 1, slot, &bytes, err);
        if (rc)
            return rc;
        REQUIRE(bytes); /* the journal was found good */
        memcpy(hash.bytes, bytes, HASH_SIZE);
        peaks_push_tile(p, &hash, &made);
    }
    return ERR_OK;
}

/* The entries of a block that come next, up to `size`. */
static void count_block(struct peaks *p, const struct evidence_item *item, uint64_t size)
{
    struct walk_block block;
    struct peaks_made made;
    const uint8_t *bytes = NULL;
    size_t length = 0;

    REQUIRE(walk_block_open(&block, wire_load_u64(item->key), item->bytes, item->size));
    for (uint64_t seq = block.key - block.count + 1; seq <= size && walk_block_entry(&block, &bytes, &length);
         seq++) {
        const struct hash leaf = hash_leaf(bytes, length);
        if (seq > p->size)
            peaks_push(p, &leaf, &made);
    }
}

static enum err_code count_entries(struct walk *w, struct peaks *p, uint64_t size, struct err *err)
{
    struct evidence_cursor *const cursor = w->block.cursor;
    struct evidence_item item;
    uint8_t key[8];
    bool found = false;

    if (p->size == size)
        return ERR_OK;
    wire_store_u64(key, p->size + 1);
    enum err_code rc = evidence_seek(cursor, key, sizeof key, &item, &found, err);
    while (!rc) {
        REQUIRE(found);
        count_block(p, &item, size);
        if (p->size == size)
            return ERR_OK;
        rc = evidence_next(cursor, &item, &found, err);
    }
    return rc;
}

/* The size that the seal names; ERR_INPUT: it is no seal of this journal. */
static enum err_code kept_size(const struct walk *w, uint64_t *size, struct err *err)
{
    const char *const note = w->options->against;
    const size_t name_size = w->key.name_size;
    const size_t room = w->options->against_size;

    if (room > name_size && memcmp(note, w->key.name, name_size) == 0 && note[name_size] == '\n') {
        const char *const line = note + name_size + 1;
        const char *const end = memchr(line, '\n', room - name_size - 1);
        if (end && checkpoint_size_parse(line, (size_t)(end - line), size, NULL) == ERR_OK && *size > 0)
            return ERR_OK;
    }
    return err_set(err, ERR_INPUT, "the kept seal is no seal of %s", w->key.name);
}

static enum err_code other_history(struct walk *w, uint64_t size, const struct hash *kept,
                                   const struct hash *mine)
{
    char texts[2][2 * HASH_SIZE + 1];

    hex_encode(texts[0], kept->bytes, HASH_SIZE);
    hex_encode(texts[1], mine->bytes, HASH_SIZE);
    return walk_wrong(w, VERIFY_KEPT, 0, size,
                      "another history: at size %" PRIu64 " it has the root %s, and the journal has %s", size,
                      texts[0], texts[1]);
}

/* Which key is in force at its size, this journal does not know any more: perhaps it is the newest that it names. */
static enum err_code cut_tail(struct walk *w, uint64_t size)
{
    const struct hash mine = peaks_root(&w->peaks);
    char texts[2][2 * HASH_SIZE + 1];
    struct hash root;

    if (walk_seal_check(&w->key, size, (const uint8_t *)w->options->against, w->options->against_size, &root,
                        NULL))
        return walk_wrong(w, VERIFY_KEPT, 0, size,
                          "the tail is cut: it covers %" PRIu64 " entries, and the journal has %" PRIu64
                          "; or it is no seal: it is not signed by the newest key that the journal names",
                          size, w->seq);
    hex_encode(texts[0], root.bytes, HASH_SIZE);
    hex_encode(texts[1], mine.bytes, HASH_SIZE);
    return walk_wrong(w, VERIFY_KEPT, 0, size,
                      "the tail is cut: it covers %" PRIu64 " entries, and the journal has %" PRIu64
                      "; the roots are %s and %s",
                      size, w->seq, texts[0], texts[1]);
}

enum err_code walk_kept(struct walk *w, struct err *err)
{
    struct note_key key;
    struct peaks p;
    struct hash root;
    uint64_t size = 0;

    enum err_code rc = kept_size(w, &size, err);
    if (rc)
        return rc;
    if (size > w->seq)
        return cut_tail(w, size);
    walk_key_find(w, size, &key);
    if (walk_seal_check(&key, size, (const uint8_t *)w->options->against, w->options->against_size, &root,
                        err))
        return walk_wrong(w, VERIFY_KEPT, 0, size,
                          "another history, or no seal: by the key that is in force at size %" PRIu64
                          " in this journal it is not good: %s",
                          size, err->text);
    peaks_init(&p);
    rc = count_tiles(w, &p, size / TILE_WIDTH, err);
    if (!rc)
        rc = count_entries(w, &p, size, err);
    if (rc)
        return rc;
    const struct hash mine = peaks_root(&p);
    return hash_equal(&mine, &root) ? ERR_OK : other_history(w, size, &root, &mine);
}
