#include "disk.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { SHARED_VERSIONS = 3 };

static void *grown(void *rows, size_t count, size_t size)
{
    void *const more = realloc(rows, (count + 1) * size);

    if (!more) {
        fprintf(stderr, "out of memory\n");
        exit(2);
    }
    return more;
}

static size_t add_node(struct disk *d, uint64_t inode, bool is_folder, const char *name)
{
    d->nodes = grown(d->nodes, d->node_count, sizeof *d->nodes);
    struct disk_node *const n = &d->nodes[d->node_count];
    memset(n, 0, sizeof *n);
    n->inode = inode;
    n->is_folder = is_folder;
    n->is_scratch = record_is_scratch(name);
    snprintf(n->name, sizeof n->name, "%.60s", name);
    return d->node_count++;
}

void disk_init(struct disk *d, const struct log *log)
{
    *d = (struct disk){.log = log};
    add_node(d, 0, true, ".");
}

static void drop_changes(struct disk_node *n)
{
    for (size_t i = 0; i < n->change_count; i++) {
        free(n->changes[i].after);
        free(n->changes[i].dead);
    }
    n->change_count = 0;
}

void disk_release(struct disk *d)
{
    for (size_t i = 0; i < d->node_count; i++) {
        drop_changes(&d->nodes[i]);
        free(d->nodes[i].changes);
        free(d->nodes[i].bytes);
        free(d->nodes[i].durable);
    }
    free(d->nodes);
    free(d->durable.rows);
    free(d->namings);
}

/* One folder was there before the recording: the root. */
size_t disk_find(const struct disk *d, uint64_t inode)
{
    for (size_t i = d->node_count; i > 0; i--) {
        if (d->nodes[i - 1].inode == inode)
            return i - 1;
    }
    if (d->nodes[DISK_ROOT].inode != 0) {
        fprintf(stderr, "the log names inode %" PRIu64 ", and not how it was made\n", inode);
        exit(2);
    }
    d->nodes[DISK_ROOT].inode = inode;
    return DISK_ROOT;
}

/* -- files ---------------------------------------------------------------------------------------------- */

static void make_room(struct disk_node *n, uint64_t size)
{
    if (size <= n->capacity)
        return;
    const uint64_t wanted = (2 * size + 65535) / 65536 * 65536;
    n->bytes = realloc(n->bytes, wanted);
    n->durable = realloc(n->durable, wanted);
    if (!n->bytes || !n->durable)
        exit(2);
    memset(n->bytes + n->capacity, 0, wanted - n->capacity);
    memset(n->durable + n->capacity, 0, wanted - n->capacity);
    n->capacity = wanted;
}

/* Notes that [from, to) of the file now is as n->bytes says, and its size as n->size does. */
static void note_change(struct disk_node *n, size_t record, uint64_t from, uint64_t to)
{
    struct disk_change c = {.record = record, .size_after = n->size};

    if (to > from) {
        c.first = from / DISK_SECTOR;
        c.count = (to + DISK_SECTOR - 1) / DISK_SECTOR - c.first;
        make_room(n, (c.first + c.count) * DISK_SECTOR);
        if (n->used < (c.first + c.count) * DISK_SECTOR)
            n->used = (c.first + c.count) * DISK_SECTOR;
        c.after = malloc(c.count * DISK_SECTOR);
        c.dead = calloc(c.count, 1);
        if (!c.after || !c.dead)
            exit(2);
        memcpy(c.after, n->bytes + c.first * DISK_SECTOR, c.count * DISK_SECTOR);
    }
    n->changes = grown(n->changes, n->change_count, sizeof *n->changes);
    n->changes[n->change_count++] = c;
}

/* Of a page of shared memory the last few versions are enough. */
static void drop_oldest(struct disk_node *n, uint64_t first)
{
    size_t found = 0;
    size_t oldest = 0;

    for (size_t i = n->change_count; i > 0; i--) {
        if (n->changes[i - 1].first == first) {
            found++;
            oldest = i - 1;
        }
    }
    if (found <= SHARED_VERSIONS)
        return;
    free(n->changes[oldest].after);
    free(n->changes[oldest].dead);
    n->change_count--;
    memmove(&n->changes[oldest], &n->changes[oldest + 1], (n->change_count - oldest) * sizeof *n->changes);
}

static void apply_write(struct disk *d, size_t record)
{
    const struct log_record *const r = &d->log->records[record];
    struct disk_node *const n = &d->nodes[disk_find(d, r->head.node)];
    const uint64_t end = r->head.offset + r->head.data_size;

    if (n->is_scratch)
        return;
    make_room(n, end);
    memcpy(n->bytes + r->head.offset, r->data, r->head.data_size);
    if (end > n->size)
        n->size = end;
    note_change(n, record, r->head.offset, end);
    if (r->head.flags & RECORD_SHARED)
        drop_oldest(n, r->head.offset / DISK_SECTOR);
}

/* What is cut off reads as zeros if the file grows again. */
static void apply_size(struct disk *d, size_t record)
{
    const struct log_record *const r = &d->log->records[record];
    struct disk_node *const n = &d->nodes[disk_find(d, r->head.node)];
    const uint64_t was = n->size;

    if (n->is_scratch || r->head.offset == was)
        return;
    n->size = r->head.offset;
    if (n->size < was) {
        make_room(n, was);
        memset(n->bytes + n->size, 0, was - n->size);
    }
    note_change(n, record, n->size, was);
}

static void settle_file(struct disk_node *n)
{
    if (n->used > 0)
        memcpy(n->durable, n->bytes, n->used);
    n->durable_size = n->size;
    drop_changes(n);
}

/* A durable write: its sectors, as they are in memory, and the size that is needed to read them. */
static void settle_write(struct disk *d, const struct log_record *r)
{
    struct disk_node *const n = &d->nodes[disk_find(d, r->head.node)];
    const uint64_t first = r->head.offset / DISK_SECTOR;
    const uint64_t end = r->head.offset + r->head.data_size;
    const uint64_t last = (end - 1) / DISK_SECTOR;

    if (n->is_scratch || r->head.data_size == 0)
        return;
    memcpy(n->durable + first * DISK_SECTOR, n->bytes + first * DISK_SECTOR,
           (last - first + 1) * DISK_SECTOR);
    if (end > n->durable_size)
        n->durable_size = end;
    for (size_t i = 0; i < n->change_count; i++) {
        struct disk_change *const c = &n->changes[i];
        for (uint64_t s = 0; s < c->count; s++) {
            if (c->first + s >= first && c->first + s <= last)
                c->dead[s] = 1;
        }
    }
    free(n->changes[n->change_count - 1].after); /* the write itself is a change no more */
    free(n->changes[n->change_count - 1].dead);
    n->change_count--;
}

/* -- names ---------------------------------------------------------------------------------------------- */

static void set_name(struct disk_names *names, size_t dir, const char *name, size_t node)
{
    for (size_t i = 0; i < names->count; i++) {
        if (names->rows[i].dir == dir && strcmp(names->rows[i].name, name) == 0) {
            names->rows[i].node = node;
            return;
        }
    }
    names->rows = grown(names->rows, names->count, sizeof *names->rows);
    names->rows[names->count++] = (struct disk_name){dir, name, node};
}

/* Takes the name away if it is this node's. */
static void clear_name(struct disk_names *names, size_t dir, const char *name, size_t node)
{
    for (size_t i = 0; i < names->count; i++) {
        const struct disk_name *const row = &names->rows[i];
        if (row->dir == dir && row->node == node && strcmp(row->name, name) == 0) {
            names->rows[i] = names->rows[--names->count];
            return;
        }
    }
}

void disk_names_change(struct disk_names *names, const struct disk_naming *n)
{
    const struct log_record *const r = n->what;

    switch ((enum record_type)r->head.type) {
    case RECORD_CREATE:
    case RECORD_MKDIR:
    case RECORD_LINK: set_name(names, n->dir, r->name, n->node); break;
    case RECORD_UNLINK: clear_name(names, n->dir, r->name, n->node); break;
    case RECORD_RENAME:
        clear_name(names, n->dir, r->name, n->node);
        set_name(names, n->dir2, r->name2, n->node);
        if (r->head.flags & RECORD_EXCHANGE)
            set_name(names, n->dir, r->name, n->node2);
        break;
    case RECORD_WRITE:
    case RECORD_SIZE:
    case RECORD_SYNC:
    case RECORD_MARK:
    case RECORD_BAD: break;
    }
}

void disk_names_copy(struct disk_names *to, const struct disk *d)
{
    *to = (struct disk_names){.count = d->durable.count};
    to->rows = grown(NULL, to->count, sizeof *to->rows);
    if (to->count > 0)
        memcpy(to->rows, d->durable.rows, to->count * sizeof *to->rows);
}

void disk_names_release(struct disk_names *names)
{
    free(names->rows);
}

static void apply_naming(struct disk *d, size_t record)
{
    const struct log_record *const r = &d->log->records[record];
    struct disk_naming n = {.record = record, .what = r, .dir = disk_find(d, r->head.dir)};

    if (r->head.type == RECORD_CREATE || r->head.type == RECORD_MKDIR)
        n.node = add_node(d, r->head.node, r->head.type == RECORD_MKDIR, r->name);
    else
        n.node = disk_find(d, r->head.node);
    if (r->head.type == RECORD_RENAME) {
        n.dir2 = disk_find(d, r->head.dir2);
        n.node2 = r->head.node2 ? disk_find(d, r->head.node2) : DISK_ROOT;
    }
    d->namings = grown(d->namings, d->naming_count, sizeof *d->namings);
    d->namings[d->naming_count++] = n;
}

/* A rename from folder to folder is durable when either is synced: file systems keep it in one place. */
static void settle_folder(struct disk *d, size_t dir)
{
    size_t kept = 0;

    for (size_t i = 0; i < d->naming_count; i++) {
        const struct disk_naming n = d->namings[i];
        if (n.dir == dir || (n.what->head.type == RECORD_RENAME && n.dir2 == dir))
            disk_names_change(&d->durable, &n);
        else
            d->namings[kept++] = n;
    }
    d->naming_count = kept;
}

/* -- records -------------------------------------------------------------------------------------------- */

void disk_apply(struct disk *d, size_t record)
{
    switch ((enum record_type)d->log->records[record].head.type) {
    case RECORD_CREATE:
    case RECORD_MKDIR:
    case RECORD_LINK:
    case RECORD_UNLINK:
    case RECORD_RENAME: apply_naming(d, record); break;
    case RECORD_WRITE: apply_write(d, record); break;
    case RECORD_SIZE: apply_size(d, record); break;
    case RECORD_SYNC:
    case RECORD_MARK:
    case RECORD_BAD: break;
    }
}

void disk_settle(struct disk *d, size_t record)
{
    const struct log_record *const r = &d->log->records[record];

    if (r->head.type == RECORD_WRITE && r->head.flags & RECORD_DURABLE) {
        settle_write(d, r);
    } else if (r->head.type == RECORD_SYNC) {
        const size_t node = disk_find(d, r->head.node);
        if (r->head.flags & RECORD_DIRECTORY)
            settle_folder(d, node);
        else
            settle_file(&d->nodes[node]);
    }
}
