/*
 * One publish, as steps:
 *
 *   1. Read the newest seal, in one snapshot of the journal, and check its signature.
 *   2. What the directory holds is an earlier state of this journal, or nothing.
 *   3. Decide which seals are kept for readers: the list `seals`.
 *   4. Hash the entries that are not published yet, in whole bundles; put bundles and tiles.
 *   5. The root of that is the seal's; else nothing that was put will ever be asked for.
 *   6. Put the partial tiles, the seals, the timestamps.   7. Put the list.   8. Put the checkpoint.
 *   9. Take away partial tiles whose full ones are there.
 *
 * Between 6, 7 and 8 all is on disk. So a reader who sees a checkpoint finds what it needs; one who still has the
 * checkpoint before takes the full tile where the partial one is gone.
 */
#include "audit/publish.h"

#include "audit/publish_files.h"
#include "ledger/base64.h"
#include "ledger/checkpoint.h"
#include "ledger/journal.h"
#include "ledger/merkle.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define LIST_MAX       ((size_t)256 << 20) /* bytes of `seals` */
#define LIST_LINE_MAX  20
#define RECENT_SEALS   64u /* of the list, that are looked at again: witnesses may have signed meanwhile */
#define PROGRESS_EVERY 16384u

/* A seal that is kept for readers. */
struct kept {
    uint64_t size;
    bool is_new; /* to the list */
};

struct publish {
    const struct publish_options *options;
    struct publish_report *report;
    struct journal *journal;
    struct journal_reader *reader;
    struct publish_files *files;
    struct seal seal;         /* the newest, of step 1 */
    struct checkpoint before; /* what is published; size 0: nothing */
    struct kept *kept;        /* ascending */
    size_t kept_count;
    size_t kept_capacity;
    size_t kept_next; /* the first that the entries hashed so far do not reach */
    uint8_t *bundle;
    size_t bundle_size;
    struct merkle_writer edge;
};

static const struct published_name CHECKPOINT = {.kind = PUBLISHED_CHECKPOINT};
static const struct published_name SEALS = {.kind = PUBLISHED_SEALS};

/* -- what there is --------------------------------------------------------------------------------------- */

static enum err_code open_seal(const struct publish *p, const struct seal *seal, struct err *err)
{
    struct note_key key;
    struct checkpoint c;

    if (journal_key_at(p->journal, seal->size, &key, err) ||
        checkpoint_open(&c, seal->note, seal->note_size, &key, 1, err))
        return err_wrap(err, "%s: the seal of size %" PRIu64, p->options->dir, seal->size);
    return ERR_OK;
}

static enum err_code read_newest_seal(struct publish *p, struct err *err)
{
    const uint64_t entries = journal_reader_size(p->reader);

    enum err_code rc = journal_reader_seal(p->reader, entries, &p->seal, err);
    if (!rc && p->seal.size != entries)
        rc = err_set(err, ERR_FORMAT, "%s: its newest seal covers %" PRIu64 " entries, and it has %" PRIu64,
                     p->options->dir, p->seal.size, entries);
    return rc ? rc : open_seal(p, &p->seal, err);
}

/* Whose is it, and is it an earlier state of ours? */
static enum err_code check_ancestor(const struct publish *p, struct err *err)
{
    const uint64_t size = p->before.size < p->seal.size ? p->before.size : p->seal.size;
    char theirs[BASE64_LENGTH(HASH_SIZE) + 1];
    char ours[BASE64_LENGTH(HASH_SIZE) + 1];
    struct hash root;

    const enum err_code rc = journal_reader_root(p->reader, size, &root, err);
    if (rc || (size == p->before.size && hash_equal(&root, &p->before.root)))
        return rc;
    base64_encode(theirs, p->before.root.bytes, HASH_SIZE);
    base64_encode(ours, root.bytes, HASH_SIZE);
    return err_set(err, ERR_WRONG,
                   "%s is another history: published there are %" PRIu64
                   " entries with root %s, and this journal has %s%" PRIu64 " entries with root %s. Nothing "
                   "was published",
                   p->options->out, p->before.size, theirs, size < p->before.size ? "only " : "", size, ours);
}

/* By the key that is in force at the size that it says. */
static enum err_code open_published(const struct publish *p, const uint8_t *bytes, size_t size,
                                    struct checkpoint *c, struct err *err)
{
    struct note_key key;
    struct note note;

    enum err_code rc = note_parse(&note, bytes, size, err);
    if (!rc)
        rc = checkpoint_parse(c, note.text, note.text_size, err);
    if (!rc)
        rc = journal_key_at(p->journal, c->size, &key, err);
    return rc ? rc : checkpoint_open(c, bytes, size, &key, 1, err);
}

static enum err_code read_published(struct publish *p, struct err *err)
{
    struct checkpoint c = {.size = 0};
    struct err why = {.code = ERR_OK};
    uint8_t *note = NULL;
    size_t size = 0;

    enum err_code rc = publish_files_read(p->files, &CHECKPOINT, NOTE_MAX_SIZE, &note, &size, err);
    if (rc == ERR_NOT_FOUND)
        return publish_files_check_ours(p->files, err);
    if (rc)
        return rc;
    rc = open_published(p, note, size, &c, &why);
    const bool is_later = rc == ERR_KEY && c.size > p->seal.size &&
                          c.origin_size == strlen(journal_origin(p->journal)) &&
                          memcmp(c.origin, journal_origin(p->journal), c.origin_size) == 0;
    free(note);
    if (is_later)
        return err_set(err, ERR_WRONG,
                       "%s is a later history, or another one: its checkpoint of %" PRIu64
                       " entries is signed by a key that this journal, of %" PRIu64
                       " entries, does not know. Nothing was published",
                       p->options->out, c.size, p->seal.size);
    if (rc == ERR_KEY)
        return err_set(err, ERR_EXISTS, "%s is another journal's: its checkpoint is not signed by %s",
                       p->options->out, journal_origin(p->journal));
    if (rc)
        return err_set(err, ERR_FORMAT,
                       "%s/checkpoint: %.600s. It is not what was published: publish to a new directory",
                       p->options->out, why.text);
    p->before = c;
    p->before.extension = NULL;
    return check_ancestor(p, err);
}

/* -- which seals are kept -------------------------------------------------------------------------------- */

static enum err_code keep(struct publish *p, uint64_t size, bool is_new, struct err *err)
{
    if (p->kept_count == p->kept_capacity) {
        const size_t capacity = p->kept_capacity ? 2 * p->kept_capacity : 64;
        struct kept *const grown = realloc(p->kept, capacity * sizeof *grown);
        if (!grown)
            return err_set(err, ERR_MEMORY, "out of memory");
        p->kept = grown;
        p->kept_capacity = capacity;
    }
    p->kept[p->kept_count++] = (struct kept){size, is_new};
    return ERR_OK;
}

/* What the list says already, as far as it was published: what a publish that was cut off added comes again. */
static enum err_code keep_listed(struct publish *p, struct err *err)
{
    struct published_sizes list;
    uint8_t *text = NULL;
    size_t length = 0;
    uint64_t size = 0;
    bool found = true;

    if (p->before.size == 0)
        return ERR_OK;
    enum err_code rc = publish_files_read(p->files, &SEALS, LIST_MAX, &text, &length, err);
    if (rc)
        return rc;
    published_sizes_init(&list, (const char *)text, length);
    while (!rc && found && size <= p->before.size) {
        rc = published_sizes_next(&list, &size, &found, err);
        if (rc)
            err_wrap(err, "%s/seals", p->options->out);
        if (!rc && found && size <= p->before.size)
            rc = keep(p, size, false, err);
    }
    free(text);
    return rc;
}

/* Without it nobody could follow the journal's keys. */
static bool tells_of_keys(const struct publish *p, uint64_t size)
{
    const struct epochs *const e = journal_epochs(p->journal);

    for (size_t i = e->count; i-- > 1 && e->rows[i].entry >= size;) {
        if (e->rows[i].entry == size || (e->rows[i].owner != 0 && e->rows[i].entry - 1 == size))
            return true;
    }
    return false;
}

/* The newest; those that others have signed: a witness's line is evidence; and those that hand over. */
static enum err_code keep_signed(struct publish *p, struct err *err)
{
    const uint64_t first = p->options->looks_at_all ? 1 : p->before.size + 1;
    struct seal *const seal = malloc(sizeof *seal);
    struct note note;
    enum err_code rc = seal ? ERR_OK : err_set(err, ERR_MEMORY, "out of memory");

    for (uint64_t size = first; !rc && size <= p->seal.size; size = seal->size + 1) {
        rc = journal_reader_seal(p->reader, size, seal, err);
        if (!rc)
            rc = note_parse(&note, seal->note, seal->note_size, err);
        if (!rc && (note.count > 1 || tells_of_keys(p, seal->size) || seal->size == p->seal.size))
            rc = keep(p, seal->size, true, err);
    }
    free(seal);
    return rc;
}

static enum err_code keep_timestamped(struct publish *p, struct err *err)
{
    struct journal_timestamp t = {.size = 0};
    uint64_t from = 1;
    enum err_code rc = ERR_OK;

    for (;;) {
        bool found = false;
        rc = journal_reader_timestamp(p->reader, from, 0, &t, &found, err);
        if (rc || !found || t.size > p->seal.size)
            return rc;
        rc = keep(p, t.size, true, err);
        if (rc)
            return rc;
        from = t.size + 1;
    }
}

static int compare_kept(const void *a, const void *b)
{
    const struct kept *const x = a;
    const struct kept *const y = b;

    if (x->size != y->size)
        return x->size < y->size ? -1 : 1;
    return (int)x->is_new - (int)y->is_new;
}

/* Each once, ascending; what was listed before is not new. */
static enum err_code choose_seals(struct publish *p, struct err *err)
{
    size_t count = 0;

    enum err_code rc = keep_listed(p, err);
    if (!rc)
        rc = keep_signed(p, err);
    if (!rc)
        rc = keep_timestamped(p, err);
    if (rc)
        return rc;
    qsort(p->kept, p->kept_count, sizeof p->kept[0], compare_kept);
    for (size_t i = 0; i < p->kept_count; i++) {
        if (count == 0 || p->kept[count - 1].size != p->kept[i].size)
            p->kept[count++] = p->kept[i];
    }
    p->kept_count = count;
    return ERR_OK;
}

/* -- tiles and bundles ----------------------------------------------------------------------------------- */

static enum err_code read_tile(void *ctx, unsigned level, uint64_t index, uint8_t *hashes, unsigned *count,
                               struct err *err)
{
    return journal_reader_tile(ctx, level, index, hashes, count, err);
}

static enum err_code put_tile(void *ctx, unsigned level, uint64_t index, const uint8_t *hashes,
                              unsigned count, struct err *err)
{
    struct publish *const p = ctx;
    const struct published_name name = {
        .kind = PUBLISHED_TILE, .level = level, .number = index, .width = count};

    return publish_files_put(p->files, &name, hashes, (size_t)count * HASH_SIZE, err);
}

static enum err_code put_bundle(struct publish *p, uint64_t index, unsigned width, struct err *err)
{
    const struct published_name name = {.kind = PUBLISHED_ENTRIES, .number = index, .width = width};

    return publish_files_put(p->files, &name, p->bundle, p->bundle_size, err);
}

/* Entry `seq` of the tree's last, partial bundle: its partial forms are those of the seals that are kept. */
static enum err_code put_partial_bundle(struct publish *p, uint64_t seq, struct err *err)
{
    const uint64_t index = (seq - 1) / MERKLE_TILE_WIDTH;

    while (p->kept_next < p->kept_count && p->kept[p->kept_next].size < seq)
        p->kept_next++;
    if (index != p->seal.size / MERKLE_TILE_WIDTH || p->kept_next == p->kept_count ||
        p->kept[p->kept_next].size != seq)
        return ERR_OK;
    return put_bundle(p, index, (unsigned)(seq % MERKLE_TILE_WIDTH), err);
}

/* One bundle, and its leaf hashes into the tree. */
static enum err_code publish_bundle(struct publish *p, uint64_t index, struct err *err)
{
    const struct merkle_sink sink = {put_tile, p};
    const uint64_t first = index * MERKLE_TILE_WIDTH;
    const uint64_t left = p->seal.size - first;
    const unsigned width = left < MERKLE_TILE_WIDTH ? (unsigned)left : MERKLE_TILE_WIDTH;
    struct hash_span spans[MERKLE_TILE_WIDTH] = {{NULL, 0}};
    struct hash leaves[MERKLE_TILE_WIDTH];
    struct journal_record record;
    enum err_code rc = ERR_OK;
    bool found = false;

    p->bundle_size = 0;
    for (unsigned i = 0; i < width && !rc; i++) {
        rc = journal_reader_next(p->reader, &record, &found, err);
        if (rc)
            break;
        REQUIRE(found && record.seq == first + i + 1 && record.size <= UINT16_MAX);
        uint8_t *const at = p->bundle + p->bundle_size;
        at[0] = (uint8_t)(record.size >> 8);
        at[1] = (uint8_t)record.size;
        memcpy(at + 2, record.bytes, record.size);
        spans[i] = (struct hash_span){at + 2, record.size};
        p->bundle_size += 2 + record.size;
        if (i + 1 < MERKLE_TILE_WIDTH)
            rc = put_partial_bundle(p, record.seq, err);
    }
    if (!rc && width == MERKLE_TILE_WIDTH)
        rc = put_bundle(p, index, width, err);
    if (rc)
        return rc;
    hash_leaves(spans, width, leaves);
    for (unsigned i = 0; i < width && !rc; i++)
        rc = merkle_writer_append(&p->edge, &leaves[i], &sink, err);
    return rc;
}

/* From the first bundle that may have grown, or from the very first. */
static enum err_code publish_entries(struct publish *p, struct err *err)
{
    const struct publish_options *const options = p->options;
    const struct merkle_tiles tiles = {read_tile, p->reader};
    const uint64_t from = options->looks_at_all ? 0 : p->before.size / MERKLE_TILE_WIDTH;

    p->bundle = malloc(PUBLISHED_BUNDLE_MAX);
    if (!p->bundle)
        return err_set(err, ERR_MEMORY, "out of memory");
    enum err_code rc = merkle_writer_load(&p->edge, &tiles, from * MERKLE_TILE_WIDTH, err);
    if (!rc)
        rc = journal_reader_seek(p->reader, from * MERKLE_TILE_WIDTH + 1, err);
    for (uint64_t i = from; !rc && i * MERKLE_TILE_WIDTH < p->seal.size; i++) {
        rc = publish_bundle(p, i, err);
        if (options->progress && i * MERKLE_TILE_WIDTH % PROGRESS_EVERY == 0)
            options->progress(options->progress_arg, i * MERKLE_TILE_WIDTH, p->seal.size);
    }
    if (rc)
        return rc;
    const struct hash root = merkle_writer_root(&p->edge);
    if (!hash_equal(&root, &p->seal.root))
        return err_set(err, ERR_WRONG,
                       "%s: its entries are not those that its seal of size %" PRIu64
                       " covers. Nothing was published; find the place with: ledger -C %s verify",
                       options->dir, p->seal.size, options->dir);
    return ERR_OK;
}

/* The partial tiles of a tree of `size` entries: as far as they are partial in the newest tree, too. */
static enum err_code put_partial_tiles(struct publish *p, uint64_t size, struct err *err)
{
    enum err_code rc = ERR_OK;

    for (unsigned level = 0; level < MERKLE_LEVELS && !rc; level++) {
        const uint64_t hashes = size >> 8 * level;
        const unsigned width = (unsigned)(hashes % MERKLE_TILE_WIDTH);
        const uint64_t index = hashes / MERKLE_TILE_WIDTH;
        if (width > 0 && index == (p->seal.size >> 8 * level) / MERKLE_TILE_WIDTH)
            rc = put_tile(p, level, index, p->edge.edge[level], width, err);
    }
    return rc;
}

/* -- seals ----------------------------------------------------------------------------------------------- */

static enum err_code put_seal(struct publish *p, uint64_t size, struct seal *seal, struct err *err)
{
    const struct published_name name = {.kind = PUBLISHED_SEAL, .number = size};

    enum err_code rc = journal_reader_seal(p->reader, size, seal, err);
    if (!rc && seal->size != size)
        return ERR_OK; /* taken out of the journal since: what is published of it stays */
    if (!rc)
        rc = open_seal(p, seal, err);
    if (!rc)
        rc = publish_files_put(p->files, &name, seal->note, seal->note_size, err);
    return rc;
}

/* Seals that are new, with what lies at the tree's edge for them; and those that may have new lines. */
static enum err_code put_seals(struct publish *p, struct err *err)
{
    struct seal *const seal = malloc(sizeof *seal);
    enum err_code rc = seal ? ERR_OK : err_set(err, ERR_MEMORY, "out of memory");

    for (size_t i = 0; i < p->kept_count && !rc; i++) {
        const struct kept *const kept = &p->kept[i];
        const bool is_new = kept->is_new || p->options->looks_at_all;
        if (is_new)
            rc = put_partial_tiles(p, kept->size, err);
        if (!rc && (is_new || p->kept_count - i <= RECENT_SEALS))
            rc = put_seal(p, kept->size, seal, err);
    }
    free(seal);
    return rc;
}

/* A token never changes, so one that is there need not be looked at. */
static enum err_code put_timestamps(struct publish *p, struct err *err)
{
    struct journal_timestamp t = {.size = 1};
    uint32_t number = 0;
    enum err_code rc = ERR_OK;

    while (!rc) {
        bool found = false;
        rc = journal_reader_timestamp(p->reader, t.size, number, &t, &found, err);
        if (rc || !found || t.size > p->seal.size)
            return rc;
        const struct published_name name = {.kind = PUBLISHED_TIMESTAMP, .number = t.size, .which = t.number};
        number = t.number + 1;
        if (t.number < PUBLISHED_TIMESTAMPS &&
            (p->options->looks_at_all || !publish_files_has(p->files, &name)))
            rc = publish_files_put(p->files, &name, t.token, t.token_size, err);
    }
    return rc;
}

static enum err_code put_evidence(struct publish *p, struct err *err)
{
    enum err_code rc = put_seals(p, err);

    if (!rc)
        rc = put_timestamps(p, err);
    return rc ? rc : publish_files_settle(p->files, err);
}

static enum err_code put_list(struct publish *p, struct err *err)
{
    char *const text = malloc(p->kept_count * LIST_LINE_MAX + 1);
    size_t length = 0;

    if (!text)
        return err_set(err, ERR_MEMORY, "out of memory");
    for (size_t i = 0; i < p->kept_count; i++)
        length += (size_t)snprintf(text + length, LIST_LINE_MAX + 1, "%" PRIu64 "\n", p->kept[i].size);
    enum err_code rc = publish_files_put(p->files, &SEALS, text, length, err);
    free(text);
    return rc ? rc : publish_files_settle(p->files, err);
}

static enum err_code put_checkpoint(struct publish *p, struct err *err)
{
    const enum err_code rc = publish_files_put(p->files, &CHECKPOINT, p->seal.note, p->seal.note_size, err);

    return rc ? rc : publish_files_settle(p->files, err);
}

/* -- all of it ------------------------------------------------------------------------------------------- */

/* Of the tiles at the edge of the tree that was published before, those that are full now. */
static enum err_code drop_partials(struct publish *p, struct err *err)
{
    enum err_code rc = ERR_OK;

    for (unsigned level = 0; level < MERKLE_LEVELS && !rc; level++) {
        struct published_name name = {.kind = PUBLISHED_TILE,
                                      .level = level,
                                      .number = (p->before.size >> 8 * level) / MERKLE_TILE_WIDTH};
        if (name.number == (p->seal.size >> 8 * level) / MERKLE_TILE_WIDTH)
            continue;
        rc = publish_files_drop_partial(p->files, &name, err);
        name.kind = PUBLISHED_ENTRIES;
        if (!rc && level == 0)
            rc = publish_files_drop_partial(p->files, &name, err);
    }
    return rc;
}

static enum err_code publish_all(struct publish *p, struct err *err)
{
    const struct journal_options journal = {.dir = p->options->dir, .read_only = true};

    enum err_code rc = journal_open(&journal, &p->journal, err);
    if (!rc)
        rc = journal_reader_begin(p->journal, &p->reader, err);
    if (!rc)
        rc = read_newest_seal(p, err);
    if (!rc)
        rc = publish_files_open(&p->files, p->options->out, err);
    if (!rc)
        rc = read_published(p, err);
    if (!rc)
        rc = choose_seals(p, err);
    if (!rc)
        rc = publish_entries(p, err);
    if (!rc)
        rc = put_evidence(p, err);
    if (!rc)
        rc = put_list(p, err);
    if (!rc)
        rc = put_checkpoint(p, err);
    return rc ? rc : drop_partials(p, err);
}

enum err_code publish_journal(const struct publish_options *options, struct publish_report *report,
                              struct err *err)
{
    struct publish *const p = calloc(1, sizeof *p);

    if (!p)
        return err_set(err, ERR_MEMORY, "out of memory");
    memset(report, 0, sizeof *report);
    p->options = options;
    p->report = report;
    const enum err_code rc = publish_all(p, err);
    if (!rc) {
        *report = (struct publish_report){.before = p->before.size,
                                          .entries = p->seal.size,
                                          .root = p->seal.root,
                                          .seals = p->kept_count,
                                          .files = publish_files_written(p->files),
                                          .bytes = publish_files_bytes(p->files)};
        snprintf(report->origin, sizeof report->origin, "%s", journal_origin(p->journal));
    }
    publish_files_close(p->files);
    journal_reader_end(p->reader);
    journal_close(p->journal);
    free(p->bundle);
    free(p->kept);
    free(p);
    return rc;
}
