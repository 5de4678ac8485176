/*
 * Rule 19 (docs/FORMAT.md). Timestamps in order of their keys: the seal's size, then a number. By now every seal that is
 * stored is known to be good, and every entry.
 */
#include "audit/timestamp_chain.h"
#include "audit/walk.h"

#include <inttypes.h>
#include <stdio.h>

#define KEY_SIZE    12
#define RECORDED_AT 16 /* in an entry's header */

/* Where one stands. */
struct stamped {
    struct evidence_cursor *seals;
    struct evidence_cursor *blocks;
    struct evidence_item seal; /* of `size`; its bytes NULL: there is none */
    uint64_t size;             /* of the timestamps being read; 0: before the first */
    uint32_t next;             /* number of the next of them */
    int64_t recorded_at_ns;    /* of the entry that the seal ends with */
};

static enum err_code find(struct evidence_cursor *cursor, uint64_t number, struct evidence_item *item,
                          bool *found, struct err *err)
{
    uint8_t key[8];

    wire_store_u64(key, number);
    return evidence_seek(cursor, key, sizeof key, item, found, err);
}

/* The entry is there: all were walked. */
static enum err_code read_recorded_at(struct stamped *s, struct err *err)
{
    struct walk_block b = {.cursor = NULL};
    struct evidence_item item;
    const uint8_t *bytes = NULL;
    size_t size = 0;
    bool found = false;
    const enum err_code rc = find(s->blocks, s->size, &item, &found, err);

    if (rc)
        return rc;
    REQUIRE(found && walk_block_open(&b, wire_load_u64(item.key), item.bytes, item.size));
    for (uint64_t seq = b.key - b.count + 1; seq <= s->size; seq++)
        REQUIRE(walk_block_entry(&b, &bytes, &size) && size >= ENTRY_HEADER_SIZE);
    REQUIRE(bytes);
    s->recorded_at_ns = (int64_t)wire_load_u64(bytes + RECORDED_AT);
    return ERR_OK;
}

/* Moves to the timestamps of another seal. */
static enum err_code move_to(struct stamped *s, uint64_t size, struct err *err)
{
    bool found = false;

    s->size = size;
    s->next = 0;
    enum err_code rc = find(s->seals, size, &s->seal, &found, err);
    if (!rc && (!found || s->seal.key_size != 8 || wire_load_u64(s->seal.key) != size))
        s->seal.bytes = NULL;
    return rc || !s->seal.bytes ? rc : read_recorded_at(s, err);
}

/* One token. ERR_WRONG: err says what is wrong with it; *signer is who signed it, when that was asked. */
static enum err_code check_token(const struct stamped *s, const struct timestamp_chain *chain,
                                 const struct evidence_item *item, struct timestamp *t, char *signer,
                                 struct err *err)
{
    if (timestamp_parse(t, item->bytes, item->size, err)) {
        err->code = ERR_WRONG;
        return ERR_WRONG;
    }
    const enum err_code rc = timestamp_check(t, s->seal.bytes, s->seal.size, s->recorded_at_ns, err);
    return rc || !chain ? rc : timestamp_chain_check(chain, t, item->bytes, item->size, signer, err);
}

static void count(struct verify_report *report, const struct stamped *s, const struct timestamp *t,
                  const char *signer)
{
    report->timestamps++;
    if (report->stamped == s->size && report->stamped_at_ns <= t->at_ns)
        return;
    report->stamped = s->size;
    report->stamped_at_ns = t->at_ns;
    snprintf(report->stamped_by, sizeof report->stamped_by, "%s", signer);
}

static enum err_code check_row(struct walk *w, struct stamped *s, const struct timestamp_chain *chain,
                               const struct evidence_item *item, struct err *err)
{
    char signer[TIMESTAMP_TEXT_SIZE] = "";
    struct err why = {.code = ERR_OK};
    struct timestamp t;

    if (item->key_size != KEY_SIZE)
        return walk_wrong(w, VERIFY_TABLE, 0, EVIDENCE_TIMESTAMPS, "a key has %zu bytes where all have %d",
                          item->key_size, KEY_SIZE);
    const uint64_t size = wire_load_u64(item->key);
    const uint32_t number = wire_load_u32(item->key + 8);
    enum err_code rc = ERR_OK;
    if (size == 0)
        return walk_wrong(w, VERIFY_TIMESTAMP, 0, size, "a seal covers at least the first entry");
    if (size != s->size)
        rc = move_to(s, size, err);
    if (rc)
        return rc;
    if (!s->seal.bytes)
        return walk_wrong(w, VERIFY_TIMESTAMP, 0, size, "there is no seal of that size");
    if (number != s->next)
        return walk_wrong(w, VERIFY_TIMESTAMP, 0, size,
                          "number %" PRIu32 " of it is missing, and number %" PRIu32 " is there", s->next,
                          number);
    s->next++;
    rc = check_token(s, chain, item, &t, signer, &why);
    if (rc == ERR_WRONG)
        return walk_wrong(w, VERIFY_TIMESTAMP, 0, size, "number %" PRIu32 ": %s", number, why.text);
    if (rc)
        return err_set(err, rc, "%s", why.text);
    count(w->report, s, &t, signer);
    return ERR_OK;
}

enum err_code walk_timestamps(struct walk *w, struct err *err)
{
    struct evidence_cursor *cursor = NULL;
    struct stamped s = {.size = 0};
    struct evidence_item item;
    bool found = true;

    enum err_code rc = evidence_cursor_open(w->evidence, EVIDENCE_TIMESTAMPS, &cursor, err);
    if (!rc)
        rc = evidence_cursor_open(w->evidence, EVIDENCE_SEALS, &s.seals, err);
    if (!rc)
        rc = evidence_cursor_open(w->evidence, EVIDENCE_ENTRIES, &s.blocks, err);
    while (!rc && found) {
        rc = evidence_next(cursor, &item, &found, err);
        if (!rc && found)
            rc = check_row(w, &s, w->options->chain, &item, err);
    }
    evidence_cursor_close(cursor);
    evidence_cursor_close(s.seals);
    evidence_cursor_close(s.blocks);
    return rc;
}
