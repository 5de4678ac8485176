#include "audit/evidence_pages.h"

#include "audit/evidence_calls.h"
#include "audit/timestamp.h"
#include "ledger/block.h"
#include "ledger/note.h"
#include "ledger/wire.h"

#include <stdlib.h>

#define ROOM_FIRST    1024
#define TIMESTAMP_KEY 12

/* Borrowed from the map. */
struct row {
    const uint8_t *key;
    const uint8_t *value;
    uint32_t value_size;
    uint16_t key_size;
    bool is_stray;
};

struct rows {
    struct row *rows;
    size_t count;
    size_t room;
};

struct paged {
    struct evidence base;
    struct pages pages;
    struct rows tables[EVIDENCE_TABLES];
};

struct paged_cursor {
    struct evidence_cursor base;
    const struct rows *rows;
    size_t at; /* the row that next gives */
};

/* -- collecting ------------------------------------------------------------------------------------------ */

static enum err_code make_room(struct rows *rows, struct err *err)
{
    const size_t room = rows->room ? 2 * rows->room : ROOM_FIRST;

    if (rows->count < rows->room)
        return ERR_OK;
    struct row *const grown = realloc(rows->rows, room * sizeof *grown);
    if (!grown)
        return err_set(err, ERR_MEMORY, "out of memory for %zu rows", room);
    rows->rows = grown;
    rows->room = room;
    return ERR_OK;
}

static enum err_code add(struct rows *rows, const struct pages_row *found, bool is_stray, struct err *err)
{
    if (found->value_size > UINT32_MAX)
        return ERR_OK;
    const enum err_code rc = make_room(rows, err);
    if (rc)
        return rc;
    rows->rows[rows->count++] = (struct row){found->key, found->value, (uint32_t)found->value_size,
                                             (uint16_t)found->key_size, is_stray};
    return ERR_OK;
}

static enum err_code add_of_tree(void *arg, const struct pages_row *found, struct err *err)
{
    struct paged *const p = arg;

    for (int t = 0; t < EVIDENCE_TABLES; t++) {
        if (strcmp(found->tree->name, evidence_table_name((enum evidence_table)t)) == 0)
            return add(&p->tables[t], found, false, err);
    }
    return ERR_OK;
}

/* Every entry has its check: a page of something else does not pass for a block by chance. */
static bool is_block(const struct pages_row *found, struct block *b)
{
    if (found->key_size != 8 ||
        block_open(b, wire_load_u64(found->key), found->value, found->value_size, NULL))
        return false;
    for (uint64_t seq = b->first; seq <= b->last; seq++) {
        size_t size;
        const uint8_t *const entry = block_entry(b, seq, &size);
        const struct hash leaf = hash_leaf(entry, size);
        const uint8_t *const checks = b->lengths + 2 * (b->last - b->first + 1);
        if (memcmp(leaf.bytes, checks + BLOCK_CHECK_SIZE * (seq - b->first), BLOCK_CHECK_SIZE) != 0)
            return false;
    }
    return true;
}

static int compare_rows(const void *a, const void *b)
{
    const struct row *const x = a;
    const struct row *const y = b;
    const int order = evidence_compare(x->key, x->key_size, y->key, y->key_size);

    if (order != 0)
        return order;
    return x->is_stray != y->is_stray ? x->is_stray - y->is_stray
                                      : (x->value > y->value) - (x->value < y->value);
}

/* In order of keys, none twice: what a tree leads to goes before a stray. */
static void sort(struct rows *rows)
{
    size_t kept = 0;

    if (rows->count > 0)
        qsort(rows->rows, rows->count, sizeof *rows->rows, compare_rows);
    for (size_t i = 0; i < rows->count; i++) {
        const struct row *const row = &rows->rows[i];
        const struct row *const last = kept ? &rows->rows[kept - 1] : NULL;
        if (!last || evidence_compare(last->key, last->key_size, row->key, row->key_size) != 0)
            rows->rows[kept++] = *row;
    }
    rows->count = kept;
}

/* The first row, of the `count` that trees lead to, whose key is not below `key`. */
static const struct row *find_row(const struct rows *rows, size_t count, const uint8_t *key, size_t key_size)
{
    size_t low = 0;
    size_t high = count;

    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        const struct row *const row = &rows->rows[middle];
        if (evidence_compare(row->key, row->key_size, key, key_size) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low < count ? &rows->rows[low] : NULL;
}

struct straying {
    struct paged *p;
    size_t trees[EVIDENCE_TABLES]; /* rows that trees lead to: they are sorted, and come first */
};

/* A stray block counts only where the trees have no block: elsewhere it is an old version, or was never committed. */
static bool is_gap(const struct straying *s, const struct pages_row *found, const struct block *b)
{
    const struct rows *const rows = &s->p->tables[EVIDENCE_ENTRIES];
    const struct row *const next = find_row(rows, s->trees[EVIDENCE_ENTRIES], found->key, found->key_size);
    struct block ahead;

    if (!next || next->key_size != 8)
        return true;
    if (block_open(&ahead, wire_load_u64(next->key), next->value, next->value_size, NULL))
        return wire_load_u64(next->key) != b->last;
    return ahead.first > b->last;
}

static bool is_known(const struct straying *s, enum evidence_table table, const struct pages_row *found)
{
    const struct row *const row =
        find_row(&s->p->tables[table], s->trees[table], found->key, found->key_size);

    return row && evidence_compare(row->key, row->key_size, found->key, found->key_size) == 0;
}

/* The table that a row which no tree leads to belongs into; EVIDENCE_TABLES: into none. */
static enum err_code stray_table(const struct straying *s, const struct pages_row *found, int *table,
                                 struct err *err)
{
    struct note *note = NULL;
    struct timestamp t;
    struct block b;

    *table = EVIDENCE_TABLES;
    if (found->key_size == TIMESTAMP_KEY &&
        timestamp_parse(&t, found->value, found->value_size, NULL) == ERR_OK &&
        !is_known(s, EVIDENCE_TIMESTAMPS, found))
        *table = EVIDENCE_TIMESTAMPS;
    if (found->key_size != 8)
        return ERR_OK;
    if (is_block(found, &b)) {
        *table = is_gap(s, found, &b) ? EVIDENCE_ENTRIES : EVIDENCE_TABLES;
        return ERR_OK;
    }
    if (found->value_size < 64 || found->value_size > NOTE_MAX_SIZE)
        return ERR_OK;
    note = malloc(sizeof *note);
    if (!note)
        return err_set(err, ERR_MEMORY, "out of memory");
    const bool is_note = note_parse(note, found->value, found->value_size, NULL) == ERR_OK;
    free(note);
    if (is_note && !is_known(s, EVIDENCE_SEALS, found))
        *table = EVIDENCE_SEALS;
    return ERR_OK;
}

static enum err_code add_stray(void *arg, const struct pages_row *found, struct err *err)
{
    const struct straying *const s = arg;
    int table = EVIDENCE_TABLES;
    const enum err_code rc = stray_table(s, found, &table, err);

    return rc || table == EVIDENCE_TABLES ? rc : add(&s->p->tables[table], found, true, err);
}

static enum err_code collect(struct paged *p, pages_progress progress, void *progress_arg,
                             struct evidence_pages_report *report, struct err *err)
{
    struct straying s = {.p = p};
    enum err_code rc = ERR_OK;

    report->has_meta = p->pages.newest >= 0;
    if (report->has_meta)
        rc = pages_walk(&p->pages, p->pages.newest, &report->walked, add_of_tree, p, progress, progress_arg,
                        err);
    report->damaged = report->walked.damaged;
    for (int t = 0; t < EVIDENCE_TABLES && !rc; t++) {
        sort(&p->tables[t]);
        s.trees[t] = p->tables[t].count;
    }
    /* The meta page that cannot be read may have been the newer one. */
    if (rc || (report->damaged == 0 && p->pages.metas[0].is_good && p->pages.metas[1].is_good))
        return rc;
    rc = pages_scan(&p->pages, add_stray, &s, progress, progress_arg, err);
    for (int t = 0; t < EVIDENCE_TABLES && !rc; t++) {
        report->strays += p->tables[t].count - s.trees[t];
        sort(&p->tables[t]);
    }
    return rc;
}

/* -- as evidence ----------------------------------------------------------------------------------------- */

static void paged_close(struct evidence *e)
{
    struct paged *const p = (struct paged *)e;

    for (int t = 0; t < EVIDENCE_TABLES; t++)
        free(p->tables[t].rows);
    pages_close(&p->pages);
    free(p);
}

static enum err_code paged_cursor_open(struct evidence *e, enum evidence_table table,
                                       struct evidence_cursor **c, struct err *err)
{
    struct paged_cursor *const built = calloc(1, sizeof *built);

    if (!built)
        return err_set(err, ERR_MEMORY, "out of memory");
    built->base.of = e;
    built->rows = &((struct paged *)e)->tables[table];
    *c = (struct evidence_cursor *)built;
    return ERR_OK;
}

static void paged_cursor_close(struct evidence_cursor *c)
{
    free(c);
}

static enum err_code paged_next(struct evidence_cursor *base, struct evidence_item *item, bool *found,
                                struct err *err)
{
    struct paged_cursor *const c = (struct paged_cursor *)base;

    (void)err;
    *found = c->at < c->rows->count;
    if (*found) {
        const struct row *const row = &c->rows->rows[c->at++];
        *item = (struct evidence_item){row->key, row->key_size, row->value, row->value_size};
    }
    return ERR_OK;
}

static enum err_code paged_seek(struct evidence_cursor *base, const void *key, size_t key_size,
                                struct evidence_item *item, bool *found, struct err *err)
{
    struct paged_cursor *const c = (struct paged_cursor *)base;
    const struct row *const row = find_row(c->rows, c->rows->count, key, key_size);

    c->at = row ? (size_t)(row - c->rows->rows) : c->rows->count;
    return paged_next(base, item, found, err);
}

static enum err_code paged_last(struct evidence_cursor *base, struct evidence_item *item, bool *found,
                                struct err *err)
{
    struct paged_cursor *const c = (struct paged_cursor *)base;

    c->at = c->rows->count ? c->rows->count - 1 : 0;
    return paged_next(base, item, found, err);
}

static void paged_release(struct evidence *e, const void *bytes, size_t size)
{
    (void)e;
    evidence_unmap_pages(bytes, size);
}

static const struct evidence_calls PAGED_CALLS = {
    .close = paged_close,
    .cursor_open = paged_cursor_open,
    .cursor_close = paged_cursor_close,
    .next = paged_next,
    .seek = paged_seek,
    .last = paged_last,
    .release = paged_release,
};

enum err_code evidence_open_pages(const char *path, pages_progress progress, void *progress_arg,
                                  struct evidence **e, struct evidence_pages_report *report, struct err *err)
{
    struct paged *const p = calloc(1, sizeof *p);

    if (!p)
        return err_set(err, ERR_MEMORY, "out of memory");
    memset(report, 0, sizeof *report);
    p->base.calls = &PAGED_CALLS;
    enum err_code rc = pages_open(path, &p->pages, err);
    if (!rc)
        rc = collect(p, progress, progress_arg, report, err);
    if (!rc && p->tables[EVIDENCE_ENTRIES].count == 0)
        rc = err_set(err, ERR_FORMAT, "%s: not one entry of a journal can be read in it", path);
    if (rc)
        paged_close(&p->base);
    else
        *e = &p->base;
    return rc;
}
