#include "ledger/journal_copy.h"

#include "ledger/file.h"
#include "ledger/journal_state.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define NEW_FILE_NAME JOURNAL_FILE_NAME ".new"
#define BYTES_FIRST   ((size_t)1 << 20)
#define ROWS_FIRST    1024u

struct waiting_seal {
    uint64_t size;
    char *note;
    size_t note_size;
};

/* What the next commit writes. Kept between commits, so that it grows once. */
struct waiting {
    uint8_t *bytes; /* of entries, one after the other */
    size_t size;
    size_t capacity;
    uint32_t *ends; /* of each entry in `bytes` */
    struct hash *leaves;
    uint64_t *controls;               /* seqs of control entries; room for every entry */
    struct signature_row *signatures; /* likewise */
    uint32_t count;
    uint32_t control_count;
    uint32_t signature_count;
    uint32_t rows; /* capacity of the four */
    struct waiting_seal *seals;
    size_t seal_count;
    size_t seal_capacity;
};

struct journal_copy {
    char *dir;
    char *file;     /* its final name */
    char *new_file; /* until the first commit */
    char *about;
    int lock; /* the directory, locked */
    bool is_named;
    struct store *store;
    uint64_t committed;
    struct merkle_frontier live; /* over all entries */
    struct merkle_writer edge;   /* of the committed tree */
    struct merkle_writer work;   /* while committing */
    struct waiting waiting;
};

static enum err_code no_memory(const struct journal_copy *c, struct err *err)
{
    return err_set(err, ERR_MEMORY, "%s: out of memory", c->dir ? c->dir : "the copy");
}

static enum err_code failed(const char *path, struct err *err)
{
    return err_set(err, ERR_IO, "%s: %s", path, strerror(errno));
}

/* -- opening --------------------------------------------------------------------------------------------- */

static enum err_code hold_dir(struct journal_copy *c, struct err *err)
{
    struct stat st;

    if (mkdir(c->dir, 0700) != 0 && errno != EEXIST)
        return err_set(err, ERR_IO, "cannot make the directory %s: %s", c->dir, strerror(errno));
    c->lock = file_open(c->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
    if (c->lock < 0)
        return failed(c->dir, err);
    while (flock(c->lock, LOCK_EX | LOCK_NB) != 0) {
        if (errno == EWOULDBLOCK)
            return err_set(err, ERR_EXISTS, "another program is copying into %s", c->dir);
        if (errno != EINTR)
            return failed(c->dir, err);
    }
    if (fstatat(c->lock, VAULT_FILE_NAME, &st, AT_SYMLINK_NOFOLLOW) == 0)
        return err_set(err, ERR_EXISTS,
                       "%s has a vault, so it is a journal of its own: name another directory for the copy",
                       c->dir);
    if (fstatat(c->lock, JOURNAL_FILE_NAME, &st, 0) == 0)
        c->is_named = true;
    else if (errno != ENOENT)
        return failed(c->file, err);
    return ERR_OK;
}

static enum err_code load_tree(struct journal_copy *c, struct err *err)
{
    struct store_txn *t = NULL;
    uint64_t last = 0;

    enum err_code rc = store_read_begin(c->store, &t, err);
    if (rc)
        return rc;
    const struct merkle_tiles tiles = {journal_read_tile, t};
    rc = store_last_seq(t, &last, err);
    if (!rc)
        rc = merkle_writer_load(&c->edge, &tiles, last, err);
    store_txn_end(t);
    if (rc)
        return rc;
    c->committed = last;
    c->live = c->edge.frontier;
    return ERR_OK;
}

static enum err_code open_file(struct journal_copy *c, struct err *err)
{
    if (c->is_named)
        return store_open(c->dir, c->file, STORE_WRITE, 0, &c->store, err);
    (void)unlinkat(c->lock, NEW_FILE_NAME, 0); /* left by a copy that was killed */
    (void)unlinkat(c->lock, NEW_FILE_NAME "-lock", 0);
    return store_open(c->dir, c->new_file, STORE_CREATE, 0, &c->store, err);
}

bool journal_copy_is_one(int dir)
{
    return faccessat(dir, JOURNAL_COPY_FILE, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

enum err_code journal_copy_open(struct journal_copy **c, const char *dir, const char *about, struct err *err)
{
    struct journal_copy *const opened = calloc(1, sizeof *opened);

    if (!opened)
        return err_set(err, ERR_MEMORY, "%s: out of memory", dir);
    opened->lock = -1;
    opened->dir = strdup(dir);
    opened->file = journal_path(dir, JOURNAL_FILE_NAME);
    opened->new_file = journal_path(dir, NEW_FILE_NAME);
    opened->about = strdup(about);
    enum err_code rc =
        opened->dir && opened->file && opened->new_file && opened->about ? ERR_OK : no_memory(opened, err);
    if (!rc)
        rc = hold_dir(opened, err);
    if (!rc)
        rc = open_file(opened, err);
    if (!rc)
        rc = load_tree(opened, err);
    if (rc) {
        journal_copy_close(opened);
        return rc;
    }
    *c = opened;
    return ERR_OK;
}

static void drop_waiting(struct waiting *w)
{
    for (size_t i = 0; i < w->seal_count; i++)
        free(w->seals[i].note);
    w->seal_count = 0;
    w->size = 0;
    w->count = 0;
    w->control_count = 0;
    w->signature_count = 0;
}

void journal_copy_close(struct journal_copy *c)
{
    if (!c)
        return;
    drop_waiting(&c->waiting);
    free(c->waiting.bytes);
    free(c->waiting.ends);
    free(c->waiting.leaves);
    free(c->waiting.controls);
    free(c->waiting.signatures);
    free(c->waiting.seals);
    store_close(c->store);
    if (c->store && !c->is_named) {
        (void)unlinkat(c->lock, NEW_FILE_NAME, 0);
        (void)unlinkat(c->lock, NEW_FILE_NAME "-lock", 0);
    }
    if (c->lock >= 0)
        close(c->lock);
    free(c->dir);
    free(c->file);
    free(c->new_file);
    free(c->about);
    free(c);
}

/* -- what it holds --------------------------------------------------------------------------------------- */

uint64_t journal_copy_size(const struct journal_copy *c)
{
    return c->live.size;
}

uint64_t journal_copy_committed(const struct journal_copy *c)
{
    return c->committed;
}

struct hash journal_copy_root(const struct journal_copy *c)
{
    return merkle_frontier_root(&c->live);
}

uint64_t journal_copy_waiting(const struct journal_copy *c)
{
    return c->waiting.size;
}

enum err_code journal_copy_root_at(struct journal_copy *c, uint64_t size, struct hash *root, struct err *err)
{
    struct store_txn *t = NULL;

    if (size > c->committed)
        return err_set(err, ERR_NOT_FOUND, "%s has no tree of %" PRIu64 " entries: it has %" PRIu64, c->dir,
                       size, c->committed);
    enum err_code rc = store_read_begin(c->store, &t, err);
    if (rc)
        return rc;
    const struct merkle_tiles tiles = {journal_read_tile, t};
    rc = merkle_root(&tiles, size, root, err);
    store_txn_end(t);
    return rc;
}

enum err_code journal_copy_find_seal(struct journal_copy *c, uint64_t size, char *note, size_t *note_size,
                                     struct err *err)
{
    struct store_txn *t = NULL;
    const char *stored = NULL;
    uint64_t found_size = 0;
    size_t stored_size = 0;
    bool found = false;

    enum err_code rc = store_read_begin(c->store, &t, err);
    if (!rc)
        rc = store_find_seal(t, size, &found_size, &stored, &stored_size, &found, err);
    if (!rc && (!found || found_size != size))
        rc = err_set(err, ERR_NOT_FOUND, "%s has no seal of size %" PRIu64, c->dir, size);
    if (!rc && stored_size >= NOTE_MAX_SIZE)
        rc = err_set(err, ERR_FORMAT, "%s: the seal of size %" PRIu64 " is damaged", c->dir, size);
    if (!rc) {
        memcpy(note, stored, stored_size);
        note[stored_size] = '\0';
        *note_size = stored_size;
    }
    store_txn_end(t);
    return rc;
}

/* -- taking ---------------------------------------------------------------------------------------------- */

/* *array, of any type, gets room for `size` bytes. False: there is no memory, and it is as it was. */
static bool grow(void *array, size_t size)
{
    void *rows;

    memcpy(&rows, array, sizeof rows);
    rows = realloc(rows, size);
    if (rows)
        memcpy(array, &rows, sizeof rows);
    return rows != NULL;
}

/* Room for one more entry of `size` bytes. */
static enum err_code make_room(struct journal_copy *c, size_t size, struct err *err)
{
    struct waiting *const w = &c->waiting;

    if (w->capacity - w->size < size) {
        size_t capacity = w->capacity ? w->capacity : BYTES_FIRST;
        while (capacity - w->size < size)
            capacity *= 2;
        if (capacity > UINT32_MAX || !grow(&w->bytes, capacity))
            return no_memory(c, err);
        w->capacity = capacity;
    }
    if (w->count == w->rows) {
        const uint32_t rows = w->rows ? 2 * w->rows : ROWS_FIRST;
        if (!grow(&w->ends, rows * sizeof *w->ends) || !grow(&w->leaves, rows * sizeof *w->leaves) ||
            !grow(&w->controls, rows * sizeof *w->controls) ||
            !grow(&w->signatures, rows * sizeof *w->signatures))
            return no_memory(c, err);
        w->rows = rows;
    }
    return ERR_OK;
}

enum err_code journal_copy_add(struct journal_copy *c, const uint8_t *bytes, size_t size,
                               const struct hash *leaf, struct err *err)
{
    struct waiting *const w = &c->waiting;
    const uint64_t seq = c->live.size + 1;
    struct err why = {.code = ERR_OK};
    struct entry e;

    if (entry_decode(bytes, size, &e, &why))
        return err_set(err, ERR_FORMAT, "entry %" PRIu64 " is not understood by this program: %s", seq,
                       why.text);
    if (e.seq != seq)
        return err_set(err, ERR_FORMAT, "entry %" PRIu64 " says that it is entry %" PRIu64, seq, e.seq);
    const enum err_code rc = make_room(c, size, err);
    if (rc)
        return rc;
    memcpy(w->bytes + w->size, bytes, size);
    w->size += size;
    w->ends[w->count] = (uint32_t)w->size;
    w->leaves[w->count++] = *leaf;
    if (entry_family(e.kind) == FAMILY_CONTROL)
        w->controls[w->control_count++] = seq;
    if (e.is_signed) {
        struct signature_row *const row = &w->signatures[w->signature_count++];
        memcpy(row->signature, e.signature, sizeof row->signature);
        row->seq = seq;
    }
    merkle_frontier_append(&c->live, leaf);
    return ERR_OK;
}

enum err_code journal_copy_seal(struct journal_copy *c, uint64_t seal_size, const char *note,
                                size_t note_size, struct err *err)
{
    struct waiting *const w = &c->waiting;

    REQUIRE(seal_size >= 1 && seal_size <= c->live.size && note_size > 0 && note_size < NOTE_MAX_SIZE);
    if (w->seal_count == w->seal_capacity) {
        const size_t capacity = w->seal_capacity ? 2 * w->seal_capacity : 16;
        if (!grow(&w->seals, capacity * sizeof *w->seals))
            return no_memory(c, err);
        w->seal_capacity = capacity;
    }
    char *const kept = malloc(note_size);
    if (!kept)
        return no_memory(c, err);
    memcpy(kept, note, note_size);
    w->seals[w->seal_count++] = (struct waiting_seal){seal_size, kept, note_size};
    return ERR_OK;
}

/* -- writing --------------------------------------------------------------------------------------------- */

static enum err_code write_tile(void *ctx, unsigned level, uint64_t index, const uint8_t *hashes,
                                unsigned count, struct err *err)
{
    return level == 0 ? ERR_OK : store_put_tile(ctx, level, index, hashes, count, err);
}

static enum err_code write_tree(struct journal_copy *c, struct store_txn *t, struct err *err)
{
    const struct merkle_sink sink = {write_tile, t};
    enum err_code rc = ERR_OK;

    c->work = c->edge;
    for (uint32_t i = 0; i < c->waiting.count && !rc; i++)
        rc = merkle_writer_append(&c->work, &c->waiting.leaves[i], &sink, err);
    return rc ? rc : merkle_writer_flush(&c->work, &sink, err);
}

static enum err_code write_blocks(struct journal_copy *c, struct store_txn *t, struct err *err)
{
    const struct waiting *const w = &c->waiting;
    uint32_t start = 0;

    for (uint32_t done = 0; done < w->count;) {
        const uint32_t *const ends = w->ends + done;
        const uint32_t n = block_fit(ends, w->count - done, start);
        uint8_t *room = NULL;
        const enum err_code rc =
            store_put_block(t, c->committed + done + n, block_size(ends, n, start), &room, err);
        if (rc)
            return rc;
        block_write(room, ends, n, start, w->bytes + start, w->leaves + done);
        start = ends[n - 1];
        done += n;
    }
    return ERR_OK;
}

static enum err_code write_rows(struct journal_copy *c, struct store_txn *t, struct err *err)
{
    const struct waiting *const w = &c->waiting;
    enum err_code rc = ERR_OK;

    for (uint32_t i = 0; i < w->control_count && !rc; i++)
        rc = store_put_control(t, w->controls[i], err);
    for (uint32_t i = 0; i < w->signature_count && !rc; i++)
        rc = store_put_signature(t, w->signatures[i].signature, w->signatures[i].seq, err);
    for (size_t i = 0; i < w->seal_count && !rc; i++)
        rc = store_replace_seal(t, w->seals[i].size, w->seals[i].note, w->seals[i].note_size, err);
    return rc;
}

static enum err_code write_all(struct journal_copy *c, struct store_txn *t, struct err *err)
{
    uint64_t last = 0;

    enum err_code rc = store_last_seq(t, &last, err);
    if (!rc && last != c->committed)
        rc = err_set(err, ERR_EXISTS, "%s: another program has written to it meanwhile", c->dir);
    if (!rc)
        rc = write_tree(c, t, err);
    if (!rc)
        rc = write_blocks(c, t, err);
    if (!rc)
        rc = write_rows(c, t, err);
    return rc ? rc : store_txn_commit(t, err);
}

static enum err_code write_waiting(struct journal_copy *c, struct err *err)
{
    const uint64_t need = 2 * (uint64_t)c->waiting.size + ((uint64_t)1 << 20);
    struct store_txn *t = NULL;

    enum err_code rc = store_write_begin(c->store, &t, err);
    if (rc)
        return rc;
    rc = write_all(c, t, err);
    while (rc && store_txn_is_full(t)) {
        rc = store_txn_regrow(t, need, err);
        if (!rc)
            rc = write_all(c, t, err);
    }
    store_txn_end(t);
    return rc;
}

/* The first commit is on disk under its interim name: now it gets its own, closed, as LMDB knows a file by its path. */
static enum err_code give_name(struct journal_copy *c, struct err *err)
{
    const enum err_code rc =
        file_replace_whole(c->lock, JOURNAL_COPY_FILE, c->about, strlen(c->about), 0600, err);

    if (rc)
        return err_wrap(err, "%s", c->dir);
    store_close(c->store);
    c->store = NULL;
    if (renameat(c->lock, NEW_FILE_NAME, c->lock, JOURNAL_FILE_NAME) != 0 || file_sync(c->lock) != 0)
        return failed(c->file, err);
    (void)unlinkat(c->lock, NEW_FILE_NAME "-lock", 0);
    c->is_named = true;
    return store_open(c->dir, c->file, STORE_WRITE, 0, &c->store, err);
}

enum err_code journal_copy_commit(struct journal_copy *c, struct err *err)
{
    if (c->waiting.count == 0 && c->waiting.seal_count == 0)
        return ERR_OK;
    enum err_code rc = write_waiting(c, err);
    if (!rc && !c->is_named)
        rc = give_name(c, err);
    if (rc)
        return rc;
    c->edge = c->work;
    c->committed += c->waiting.count;
    drop_waiting(&c->waiting);
    return ERR_OK;
}
