/*
 * Is anything missing? Asked of the stored keys and counts alone, so that it has an answer when integrity is broken.
 * docs/FORMAT.md, section 8.5.
 */
#include "audit/walk.h"

/* Blocks 1 .. *last without a gap, by their keys and counts? */
static enum err_code check_gaps(struct evidence *evidence, uint64_t *last, bool *complete, struct err *err)
{
    struct evidence_cursor *cursor = NULL;
    struct evidence_item item;
    bool found = true;

    *last = 0;
    *complete = true;
    enum err_code rc = evidence_cursor_open(evidence, EVIDENCE_ENTRIES, &cursor, err);
    while (!rc && *complete) {
        rc = evidence_next(cursor, &item, &found, err);
        if (rc || !found)
            break;
        const uint64_t key = item.key_size == 8 ? wire_load_u64(item.key) : 0;
        const uint64_t count = item.size >= 2 ? (uint64_t)item.bytes[0] << 8 | item.bytes[1] : 0;
        *complete = count > 0 && key > *last && key - *last == count;
        *last = key;
    }
    evidence_cursor_close(cursor);
    *complete = *complete && *last > 0;
    return rc;
}

/* Is the newest seal's size `last`? */
static enum err_code check_covered(struct evidence *evidence, uint64_t last, bool *complete, struct err *err)
{
    struct evidence_cursor *cursor = NULL;
    struct evidence_item item;
    bool found = false;

    enum err_code rc = evidence_cursor_open(evidence, EVIDENCE_SEALS, &cursor, err);
    if (!rc)
        rc = evidence_last(cursor, &item, &found, err);
    *complete = !rc && found && item.key_size == 8 && wire_load_u64(item.key) == last;
    evidence_cursor_close(cursor);
    return rc;
}

/* Does no tile of level 1 know of entries past `last`? It may be the one tile from hash last / 256 on. */
static enum err_code check_known(struct evidence *evidence, uint64_t last, bool *complete, struct err *err)
{
    struct evidence_cursor *cursor = NULL;
    struct evidence_item item;
    const uint64_t hashes = last / 256;
    uint8_t key[9] = {1};
    bool found = false;

    wire_store_u64(key + 1, hashes / 256);
    enum err_code rc = evidence_cursor_open(evidence, EVIDENCE_TILES, &cursor, err);
    if (!rc)
        rc = evidence_seek(cursor, key, sizeof key, &item, &found, err);
    if (!rc && found && item.key_size == sizeof key && memcmp(item.key, key, sizeof key) == 0) {
        *complete = item.size / HASH_SIZE <= hashes % 256;
        rc = evidence_next(cursor, &item, &found, err);
    }
    if (!rc && found && item.key_size > 0 && item.key[0] == 1)
        *complete = false;
    evidence_cursor_close(cursor);
    return rc;
}

enum err_code walk_completeness(struct evidence *evidence, bool *complete, struct err *err)
{
    uint64_t last = 0;

    enum err_code rc = check_gaps(evidence, &last, complete, err);
    if (!rc && *complete)
        rc = check_covered(evidence, last, complete, err);
    if (!rc && *complete)
        rc = check_known(evidence, last, complete, err);
    return rc;
}
