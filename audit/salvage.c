#include "audit/salvage.h"

#include "audit/evidence_pages.h"
#include "audit/peaks.h"
#include "audit/raw_writer.h"
#include "audit/timestamp.h"
#include "audit/verify.h"
#include "ledger/actors.h"
#include "ledger/block.h"
#include "ledger/checkpoint.h"
#include "ledger/epochs.h"
#include "ledger/store_lmdb.h"
#include "ledger/wire.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#define PROGRESS_EVERY 16384
#define TIMESTAMP_KEY  12 /* bytes */
#define HELD_MAX       (16 << 20)
#define STATEMENT_MAX                                                                                        \
    (ENTRY_MAX_SIZE + NOTE_NAME_MAX + 32) /* with its label of 20 bytes and two line feeds */
#define BLOCK_HEAD (2 + BLOCK_CHECK_SIZE) /* bytes beside each entry of a block */

/* Grows; what it holds is told by its name. */
struct list {
    uint8_t *bytes;
    size_t count; /* elements */
    size_t room;
};

struct salvage {
    struct evidence *evidence;
    struct survey found;
    struct note_key key; /* of epoch 0 */
    bool has_key;
    struct note_key seal_key; /* that seals were asked for last; all zero: none */
    struct epochs epochs;
    struct actors actors; /* for the owner who puts a key in the place of a lost one */
    struct entry entry;   /* the newest control entry */
    uint8_t *statement;   /* room for one */
    struct peaks peaks;
    struct list seals;                /* u64: sizes of good ones */
    struct list sealed_at;            /* i64: when the last entry under each was recorded */
    struct list controls;             /* u64: seqs of control entries */
    struct list hashes[PEAKS_LEVELS]; /* of each level above 0 */
    uint64_t bad_checks;              /* so far */
    uint64_t bad_seals;
    int64_t recorded_at_ns; /* of the newest entry read */
    struct evidence_cursor *seal_cursor;
    struct evidence_item seal; /* the first whose size was not reached yet */
    bool has_seal;
    const uint8_t *held; /* what was read of the file and not let go yet */
    const uint8_t *held_end;
    salvage_progress progress;
    void *progress_arg;
    uint64_t total;
};

static enum err_code push(struct list *l, const void *element, size_t size, struct err *err)
{
    if (l->count == l->room) {
        const size_t room = l->room ? 2 * l->room : 256;
        uint8_t *const grown = realloc(l->bytes, room * size);
        if (!grown)
            return err_set(err, ERR_MEMORY, "out of memory");
        l->bytes = grown;
        l->room = room;
    }
    memcpy(l->bytes + l->count++ * size, element, size);
    return ERR_OK;
}

static uint64_t number_at(const struct list *l, size_t index)
{
    uint64_t v;

    memcpy(&v, l->bytes + index * sizeof v, sizeof v);
    return v;
}

/* Blocks lie in the file much as they were written: what is behind is let go, some MiB at a time. */
static void let_go(struct salvage *s, const struct evidence_item *item)
{
    if (s->held && (item->bytes < s->held || item->bytes - s->held > HELD_MAX)) {
        evidence_release(s->evidence, s->held, (size_t)(s->held_end - s->held));
        s->held = NULL;
    }
    if (!s->held) {
        s->held = item->bytes;
        s->held_end = item->bytes;
    }
    if (item->bytes + item->size > s->held_end)
        s->held_end = item->bytes + item->size;
}

/* -- reading ----------------------------------------------------------------------------------------------- */

/* The key that signs: the given one, which must be that of genesis, or that of genesis. */
static enum err_code take_genesis(struct salvage *s, const uint8_t *bytes, size_t size, struct err *err)
{
    struct entry *const e = &s->entry;
    struct note_key key;
    struct err why = {.code = ERR_OK};

    enum err_code rc = entry_decode(bytes, size, e, &why);
    if (!rc && e->kind != ENTRY_CONTROL_GENESIS)
        rc = err_set(&why, ERR_FORMAT, "it is no genesis");
    if (!rc)
        rc = note_key_init(&key, e->as.control_genesis.origin.bytes, e->as.control_genesis.origin.length,
                           NOTE_KEY_ED25519, e->as.control_genesis.key.bytes, &why);
    if (!rc && s->has_key && !note_key_equal(&key, &s->key))
        rc = err_set(&why, ERR_FORMAT, "it is the genesis of another journal than the given key's");
    if (!rc)
        rc = epochs_apply(&s->epochs, e, 1, e->recorded_at_ns, &why);
    if (!rc)
        rc = actors_apply(&s->actors, e, &why);
    if (rc)
        return err_set(err, ERR_FORMAT, "entry 1: %s", why.text);
    s->key = key;
    s->has_key = true;
    memcpy(s->found.origin, key.name, key.name_size + 1);
    note_key_format(s->found.vkey, &key);
    return ERR_OK;
}

static uint64_t seal_size(const struct evidence_item *seal)
{
    return seal->key_size == 8 ? wire_load_u64(seal->key) : 0;
}

static enum err_code next_seal(struct salvage *s, struct err *err)
{
    return evidence_next(s->seal_cursor, &s->seal, &s->has_seal, err);
}

/* The key in force at a size, of which many seals are asked. NULL: it is none. */
static const struct note_key *key_at(struct salvage *s, uint64_t size)
{
    const size_t epoch = epochs_at(&s->epochs, size);
    const uint8_t *const bytes = s->epochs.rows[epoch].key;

    if (memcmp(s->seal_key.public_key, bytes, sizeof s->seal_key.public_key) != 0 &&
        note_key_init(&s->seal_key, s->key.name, s->key.name_size, NOTE_KEY_ED25519, bytes, NULL))
        return NULL;
    return &s->seal_key;
}

/* Is it the journal's, by the key in force there, and of its size? Then its root. */
static bool open_seal(struct salvage *s, const struct evidence_item *seal, struct hash *root)
{
    struct checkpoint *const c = malloc(sizeof *c);
    const struct note_key *const key = key_at(s, seal_size(seal));
    const bool good = c && key && checkpoint_open(c, seal->bytes, seal->size, key, 1, NULL) == ERR_OK &&
                      c->size == seal_size(seal) && c->extension_size == 0 &&
                      strcmp(c->origin, s->key.name) == 0;

    if (good)
        *root = c->root;
    free(c);
    return good;
}

/* After entry `size` was read: what does the seal of that size say, if there is one? */
static enum err_code ask_seal(struct salvage *s, uint64_t size, struct err *err)
{
    struct survey *const found = &s->found;
    struct hash root;
    enum err_code rc = ERR_OK;

    for (; !rc && s->has_seal && seal_size(&s->seal) < size; rc = next_seal(s, err))
        s->bad_seals++;
    if (rc || !s->has_seal || seal_size(&s->seal) != size)
        return rc;
    const struct hash mine = peaks_root(&s->peaks);
    if (open_seal(s, &s->seal, &root) && hash_equal(&root, &mine)) {
        found->good = size;
        found->root = root;
        found->good_at_ns = s->recorded_at_ns;
        found->bad_checks = s->bad_checks;
        found->bad_seals = s->bad_seals;
        rc = push(&s->seals, &size, sizeof size, err);
        if (!rc)
            rc = push(&s->sealed_at, &s->recorded_at_ns, sizeof s->recorded_at_ns, err);
    } else {
        s->bad_seals++;
    }
    return rc ? rc : next_seal(s, err);
}

/* Has an owner signed the newest control entry? */
static bool is_by_an_owner(const struct salvage *s, const uint8_t *bytes, size_t size)
{
    const struct actor_row *const actor = actors_find(&s->actors, s->entry.actor);

    return actor && actor->role == ROLE_OWNER &&
           note_verify_bytes(actor->key, s->statement,
                             entry_statement(bytes, size, s->key.name, s->statement), s->entry.signature,
                             NULL) == ERR_OK;
}

/*
 * What a control entry says about actors and keys. Damaged ones say nothing: the seals will tell. A key that is put in
 * the place of a lost one stands behind a seal of that one.
 */
static enum err_code take_control(struct salvage *s, uint64_t seq, const uint8_t *bytes, size_t size,
                                  struct err *err)
{
    struct entry *const e = &s->entry;

    if (entry_decode(bytes, size, e, NULL))
        return ERR_OK;
    if (e->kind == ENTRY_CONTROL_KEY && e->is_signed &&
        (s->found.good != seq - 1 || !is_by_an_owner(s, bytes, size)))
        return ERR_OK;
    enum err_code rc = epochs_apply(&s->epochs, e, seq, e->recorded_at_ns, err);
    if (!rc)
        rc = actors_apply(&s->actors, e, err);
    return rc == ERR_MEMORY ? rc : ERR_OK;
}

static enum err_code read_entry(struct salvage *s, const uint8_t *bytes, size_t size, const uint8_t *check,
                                struct err *err)
{
    const uint64_t seq = s->peaks.size + 1;
    const struct hash leaf = hash_leaf(bytes, size);
    const size_t epochs = s->epochs.count;
    struct peaks_made made;
    enum err_code rc = ERR_OK;

    if (seq == 1)
        rc = take_genesis(s, bytes, size, err);
    else if (bytes[2] == FAMILY_CONTROL)
        rc = take_control(s, seq, bytes, size, err);
    if (rc)
        return rc;
    s->recorded_at_ns = (int64_t)wire_load_u64(bytes + 16);
    if (seq == 1)
        s->found.first_at_ns = s->recorded_at_ns;
    s->bad_checks += memcmp(leaf.bytes, check, BLOCK_CHECK_SIZE) != 0;
    peaks_push(&s->peaks, &leaf, &made);
    for (unsigned level = 1; level < made.levels && !rc; level++)
        rc = push(&s->hashes[level], &made.made[level], sizeof made.made[level], err);
    if (!rc && bytes[2] == FAMILY_CONTROL)
        rc = push(&s->controls, &seq, sizeof seq, err);
    s->found.readable = seq;
    if (s->progress && seq % PROGRESS_EVERY == 0)
        s->progress(s->progress_arg, seq < s->total ? seq : s->total, s->total);
    if (!rc)
        rc = ask_seal(s, seq, err);
    if (seq > 1 && s->found.good != seq) /* a key that its seal does not confirm seals nothing */
        epochs_cut(&s->epochs, epochs);
    return rc;
}

/* *goes_on false: reading ends here, and found->stopped says why. */
static enum err_code read_block(struct salvage *s, const struct evidence_item *item, bool *goes_on,
                                struct err *err)
{
    struct survey *const found = &s->found;
    struct err why = {.code = ERR_OK};
    struct block b;

    *goes_on = false;
    if (item->key_size != 8 || block_open(&b, wire_load_u64(item->key), item->bytes, item->size, &why)) {
        snprintf(found->stopped, sizeof found->stopped, "%.120s",
                 why.text[0] ? why.text : "a key is damaged");
        return ERR_OK;
    }
    if (b.last <= s->peaks.size) { /* an older version of what was read already */
        *goes_on = true;
        return ERR_OK;
    }
    if (b.first != s->peaks.size + 1) {
        snprintf(found->stopped, sizeof found->stopped, "entry %" PRIu64 " is missing", s->peaks.size + 1);
        return ERR_OK;
    }
    const uint8_t *const checks = b.lengths + 2 * (b.last - b.first + 1);
    for (uint64_t seq = b.first; seq <= b.last; seq++) {
        size_t size;
        const uint8_t *const bytes = block_entry(&b, seq, &size);
        if (size < ENTRY_HEADER_SIZE || wire_load_u64(bytes + 8) != seq) {
            snprintf(found->stopped, sizeof found->stopped, "entry %" PRIu64 " is damaged", seq);
            return ERR_OK;
        }
        const enum err_code rc = read_entry(s, bytes, size, checks + BLOCK_CHECK_SIZE * (seq - b.first), err);
        if (rc)
            return rc;
    }
    *goes_on = true;
    return ERR_OK;
}

static enum err_code read_blocks(struct salvage *s, struct err *err)
{
    struct evidence_cursor *cursor = NULL;
    struct evidence_item item;
    bool found = false;
    bool goes_on = true;

    enum err_code rc = evidence_cursor_open(s->evidence, EVIDENCE_ENTRIES, &cursor, err);
    if (!rc)
        rc = evidence_last(cursor, &item, &found, err);
    if (!rc && found && item.key_size == 8)
        s->total = wire_load_u64(item.key);
    evidence_cursor_close(cursor);
    cursor = NULL;
    if (!rc)
        rc = evidence_cursor_open(s->evidence, EVIDENCE_ENTRIES, &cursor, err);
    while (!rc && goes_on) {
        rc = evidence_next(cursor, &item, &found, err);
        if (rc || !found)
            break;
        let_go(s, &item);
        rc = read_block(s, &item, &goes_on, err);
    }
    evidence_cursor_close(cursor);
    if (!rc && s->peaks.size == 0)
        rc = err_set(err, ERR_FORMAT, "not even entry 1 can be read: %s",
                     s->found.stopped[0] ? s->found.stopped : "there are no entries");
    return rc;
}

/* The seals that are left speak of entries that are not there, or not as they were. */
static enum err_code read_seals_on(struct salvage *s, struct err *err)
{
    enum err_code rc = ERR_OK;

    s->found.newest_seal = s->found.good;
    for (; !rc && s->has_seal; rc = next_seal(s, err)) {
        struct hash root;
        const uint64_t size = seal_size(&s->seal);
        if (size > s->found.newest_seal && open_seal(s, &s->seal, &root))
            s->found.newest_seal = size;
    }
    return rc;
}

enum err_code salvage_survey(struct evidence *evidence, const char *vkey, salvage_progress progress,
                             void *arg, struct salvage **s, struct err *err)
{
    struct salvage *const made = calloc(1, sizeof *made);
    enum err_code rc = ERR_OK;

    if (!made)
        return err_set(err, ERR_MEMORY, "out of memory");
    made->evidence = evidence;
    made->progress = progress;
    made->progress_arg = arg;
    peaks_init(&made->peaks);
    epochs_init(&made->epochs);
    actors_init(&made->actors);
    made->statement = malloc(STATEMENT_MAX);
    if (!made->statement)
        rc = err_set(err, ERR_MEMORY, "out of memory");
    if (!rc && vkey) {
        rc = note_key_parse(&made->key, vkey, strlen(vkey), err);
        made->has_key = !rc;
    }
    if (!rc)
        rc = evidence_cursor_open(evidence, EVIDENCE_SEALS, &made->seal_cursor, err);
    if (!rc)
        rc = next_seal(made, err);
    if (!rc)
        rc = read_blocks(made, err);
    if (!rc)
        rc = read_seals_on(made, err);
    if (rc)
        salvage_free(made);
    else
        *s = made;
    return rc;
}

const struct survey *salvage_found(const struct salvage *s)
{
    return &s->found;
}

void salvage_free(struct salvage *s)
{
    if (!s)
        return;
    evidence_cursor_close(s->seal_cursor);
    epochs_release(&s->epochs);
    free(s->statement);
    free(s->seals.bytes);
    free(s->sealed_at.bytes);
    free(s->controls.bytes);
    for (unsigned level = 0; level < PEAKS_LEVELS; level++)
        free(s->hashes[level].bytes);
    free(s);
}

/* -- writing ----------------------------------------------------------------------------------------------- */

static enum err_code put_layout(struct raw_writer *w, struct err *err)
{
    uint8_t value[4] = {0, 0, 0, STORE_LAYOUT};
    const struct evidence_item item = {(const uint8_t *)"layout", 6, value, sizeof value};

    return raw_writer_put(w, EVIDENCE_META, &item, err);
}

/* The block, cut after entry `good`, its checks made anew. */
static enum err_code put_block(struct raw_writer *w, struct block *b, uint64_t good, struct err *err)
{
    const uint64_t last = b->last < good ? b->last : good;
    const size_t count = (size_t)(last - b->first + 1);
    uint8_t key[8];
    size_t bytes = 0;
    size_t size = 0;

    for (uint64_t seq = b->first; seq <= last; seq++) {
        (void)block_entry(b, seq, &size);
        bytes += size;
    }
    uint8_t *const value = malloc(2 + count * BLOCK_HEAD + bytes);
    if (!value)
        return err_set(err, ERR_MEMORY, "out of memory");
    value[0] = (uint8_t)(count >> 8);
    value[1] = (uint8_t)count;
    memcpy(value + 2, b->lengths, 2 * count);
    uint8_t *check = value + 2 + 2 * count;
    uint8_t *at = value + 2 + BLOCK_HEAD * count;
    for (uint64_t seq = b->first; seq <= last; seq++) {
        const uint8_t *const entry = block_entry(b, seq, &size);
        const struct hash leaf = hash_leaf(entry, size);
        memcpy(check, leaf.bytes, BLOCK_CHECK_SIZE);
        memcpy(at, entry, size);
        check += BLOCK_CHECK_SIZE;
        at += size;
    }
    wire_store_u64(key, last);
    const struct evidence_item item = {key, sizeof key, value, (size_t)(at - value)};
    const enum err_code rc = raw_writer_put(w, EVIDENCE_ENTRIES, &item, err);
    free(value);
    return rc;
}

static enum err_code put_blocks(struct salvage *s, struct raw_writer *w, struct err *err)
{
    struct evidence_cursor *cursor = NULL;
    struct evidence_item item;
    uint64_t done = 0;
    bool found = true;

    enum err_code rc = evidence_cursor_open(s->evidence, EVIDENCE_ENTRIES, &cursor, err);
    while (!rc && found && done < s->found.good) {
        struct block b;
        rc = evidence_next(cursor, &item, &found, err);
        if (rc || !found)
            break;
        let_go(s, &item);
        rc = block_open(&b, wire_load_u64(item.key), item.bytes, item.size, err);
        if (rc || b.last <= done)
            continue;
        rc = put_block(w, &b, s->found.good, err);
        done = b.last;
    }
    evidence_cursor_close(cursor);
    return rc;
}

static enum err_code put_tiles(const struct salvage *s, struct raw_writer *w, struct err *err)
{
    enum err_code rc = ERR_OK;

    for (unsigned level = 1; level < PEAKS_LEVELS; level++) {
        const uint64_t count = s->found.good >> 8 * level;
        for (uint64_t at = 0; at < count && !rc; at += 256) {
            uint8_t key[9] = {(uint8_t)level};
            const size_t width = (size_t)(count - at < 256 ? count - at : 256);
            wire_store_u64(key + 1, at / 256);
            const struct evidence_item item = {key, sizeof key, s->hashes[level].bytes + at * HASH_SIZE,
                                               width * HASH_SIZE};
            rc = raw_writer_put(w, EVIDENCE_TILES, &item, err);
        }
    }
    return rc;
}

static enum err_code put_seals(const struct salvage *s, struct raw_writer *w, struct err *err)
{
    struct evidence_cursor *cursor = NULL;
    struct evidence_item item;
    bool found = true;
    size_t next = 0;

    enum err_code rc = evidence_cursor_open(s->evidence, EVIDENCE_SEALS, &cursor, err);
    while (!rc && found && next < s->seals.count) {
        rc = evidence_next(cursor, &item, &found, err);
        if (rc || !found || seal_size(&item) != number_at(&s->seals, next))
            continue;
        rc = raw_writer_put(w, EVIDENCE_SEALS, &item, err);
        next++;
    }
    evidence_cursor_close(cursor);
    return rc;
}

static enum err_code put_controls(const struct salvage *s, struct raw_writer *w, struct err *err)
{
    enum err_code rc = ERR_OK;

    for (size_t i = 0; i < s->controls.count && number_at(&s->controls, i) <= s->found.good && !rc; i++) {
        uint8_t key[8];
        wire_store_u64(key, number_at(&s->controls, i));
        const struct evidence_item item = {.key = key, .key_size = sizeof key, .bytes = key, .size = 0};
        rc = raw_writer_put(w, EVIDENCE_CONTROL, &item, err);
    }
    return rc;
}

/* Which of the seals that are kept the row is beside; false: none. */
static bool find_stamped(const struct salvage *s, const struct evidence_item *row, size_t *seal)
{
    const uint64_t size = row->key_size == TIMESTAMP_KEY ? wire_load_u64(row->key) : 0;
    size_t low = 0;

    for (size_t high = s->seals.count; low < high;) {
        const size_t middle = low + (high - low) / 2;
        if (number_at(&s->seals, middle) < size)
            low = middle + 1;
        else
            high = middle;
    }
    *seal = low;
    return low < s->seals.count && number_at(&s->seals, low) == size;
}

/* Is it a token that verification would let pass? */
static bool is_good_stamp(const struct salvage *s, struct evidence_cursor *seals, size_t seal,
                          const struct evidence_item *row)
{
    const int64_t recorded_at_ns = (int64_t)number_at(&s->sealed_at, seal);
    struct evidence_item note;
    struct timestamp t;
    uint8_t key[8];
    bool found = false;

    wire_store_u64(key, number_at(&s->seals, seal));
    return timestamp_parse(&t, row->bytes, row->size, NULL) == ERR_OK &&
           evidence_seek(seals, key, sizeof key, &note, &found, NULL) == ERR_OK && found &&
           timestamp_check(&t, note.bytes, note.size, recorded_at_ns, NULL) == ERR_OK;
}

/* Numbers are given anew, since one that is lost would be missed. */
static enum err_code put_stamp(struct raw_writer *w, uint64_t size, uint32_t number,
                               const struct evidence_item *row, struct err *err)
{
    uint8_t key[TIMESTAMP_KEY];
    struct wire_out out;
    const struct evidence_item item = {key, sizeof key, row->bytes, row->size};

    wire_out_init(&out, key, sizeof key);
    wire_put_u64(&out, size);
    wire_put_u32(&out, number);
    return raw_writer_put(w, EVIDENCE_TIMESTAMPS, &item, err);
}

static enum err_code put_stamps(const struct salvage *s, struct raw_writer *w, struct err *err)
{
    struct evidence_cursor *cursor = NULL;
    struct evidence_cursor *seals = NULL;
    struct evidence_item row;
    size_t before = SIZE_MAX;
    uint32_t number = 0;
    bool found = true;

    enum err_code rc = evidence_cursor_open(s->evidence, EVIDENCE_TIMESTAMPS, &cursor, err);
    if (!rc)
        rc = evidence_cursor_open(s->evidence, EVIDENCE_SEALS, &seals, err);
    while (!rc && found) {
        rc = evidence_next(cursor, &row, &found, err);
        size_t seal = 0;
        if (rc || !found || !find_stamped(s, &row, &seal) || !is_good_stamp(s, seals, seal, &row))
            continue;
        number = seal == before ? number + 1 : 0;
        before = seal;
        rc = put_stamp(w, number_at(&s->seals, seal), number, &row, err);
    }
    evidence_cursor_close(cursor);
    evidence_cursor_close(seals);
    return rc;
}

enum err_code salvage_write(struct salvage *s, const char *path, struct err *err)
{
    struct raw_writer *w = NULL;
    struct verify_report *report = NULL;

    if (s->found.good == 0)
        return err_set(err, ERR_FORMAT, "no seal confirms any of the %" PRIu64 " entries that can be read",
                       s->found.readable);
    enum err_code rc = raw_writer_begin(&w, path, err);
    if (!rc)
        rc = put_layout(w, err);
    if (!rc)
        rc = put_blocks(s, w, err);
    if (!rc)
        rc = put_tiles(s, w, err);
    if (!rc)
        rc = put_seals(s, w, err);
    if (!rc)
        rc = put_controls(s, w, err);
    if (!rc)
        rc = put_stamps(s, w, err);
    if (!rc)
        rc = raw_writer_finish(w, err);
    if (!rc && !(report = malloc(sizeof *report)))
        rc = err_set(err, ERR_MEMORY, "out of memory");
    if (!rc) {
        const struct verify_options options = {.export = raw_writer_path(w), .vkey = s->found.vkey};
        rc = verify_journal(&options, report, err);
    }
    if (!rc && (report->entries != s->found.good || !hash_equal(&report->root, &s->found.root)))
        rc = err_set(err, ERR_WRONG, "what was written has %" PRIu64 " entries, not %" PRIu64,
                     report->entries, s->found.good);
    if (!rc)
        rc = raw_writer_publish(w, err);
    free(report);
    raw_writer_free(w);
    return rc;
}

/* -- where from -------------------------------------------------------------------------------------------- */

/* The pages are walked once more than needed when they are sound; salvaging is not done in a hurry. */
enum err_code salvage_evidence(const char *dir, salvage_progress progress, void *arg,
                               struct evidence **evidence, struct err *err)
{
    struct evidence_pages_report *const report = malloc(sizeof *report);
    struct evidence *paged = NULL;
    struct evidence *opened = NULL;
    char path[PATH_MAX];

    if (!report)
        return err_set(err, ERR_MEMORY, "out of memory");
    enum err_code rc = ERR_OK;
    if (snprintf(path, sizeof path, "%s/journal.mdb", dir) >= (int)sizeof path)
        rc = err_set(err, ERR_INPUT, "the journal's path is too long");
    if (!rc)
        rc = evidence_open_pages(path, progress, arg, &paged, report, err);
    if (!rc && report->has_meta && report->damaged == 0 &&
        evidence_open_journal(dir, &opened, NULL) == ERR_OK) {
        evidence_close(paged);
        paged = opened;
    }
    if (!rc)
        *evidence = paged;
    free(report);
    return rc;
}
