/*
 * The file is pages of one size; a page is known by its number, counted from 0. All integers in the byte order of
 * the machine that wrote the file: LMDB itself reads no other.
 *
 *   page    0 u64 its number | 8 u16 - | 10 u16 flags | 12 u16 lower | 14 u16 upper       (16 bytes)
 *           flags: 1 branch, 2 leaf, 4 overflow (12 is then u32: how many pages it takes), 8 meta
 *           from 16 to lower: u16 offsets of nodes; nodes from upper to the page's end
 *   node    0 u16 lo | 2 u16 hi (in a big-endian file hi | lo) | 4 u16 flags | 6 u16 size of the key |
 *           8 the key, then in a leaf the value
 *           leaf: lo + 65536 * hi is the value's size. Flags: 1 the value is a u64, the number of the overflow
 *           page with it; 2 the value is a tree (of the main tree's rows: a sub-database)
 *           branch: lo + 65536 * hi + 2^32 * flags is the page below
 *   tree    0 u32 - | 4 u16 flags | 6 u16 depth | 8 u64 branch pages | 16 leaves | 24 overflow pages | 32 rows |
 *           40 u64 root                                                                    (48 bytes)
 *   meta    pages 0 and 1, after the page's head: 0 u32 beefc0de | 4 u32 version: 1 | 8 u64 - | 16 u64 size of
 *           the map | 24 tree: free pages (its first u32 is the page size) | 72 tree: main | 120 u64 last page |
 *           128 u64 number of the transaction
 */
#include "audit/pages.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define HEAD_SIZE      16u
#define NODE_HEAD_SIZE 8u
#define TREE_SIZE      48u
#define META_SIZE      136u
#define META_MAGIC     0xbeefc0deu
#define META_SWAPPED   0xdec0efbeu
#define META_VERSION   1u
#define PAGE_SIZE_MIN  512u
#define PAGE_SIZE_MAX  65536u
#define PAGE_SIZE      4096u /* when no meta page says another */
#define NO_PAGE        UINT64_MAX
#define DEPTH_MAX      32
#define LOOKS          3
#define LOOK_EVERY     4096 /* pages between two calls of the progress */

enum { IS_BRANCH = 1, IS_LEAF = 2, IS_OVERFLOW = 4, IS_META = 8 };
enum { NODE_BIG = 1, NODE_TREE = 2 };

static uint16_t load16(const uint8_t *p)
{
    uint16_t v;

    memcpy(&v, p, sizeof v);
    return v;
}

static uint32_t load32(const uint8_t *p)
{
    uint32_t v;

    memcpy(&v, p, sizeof v);
    return v;
}

static uint64_t load64(const uint8_t *p)
{
    uint64_t v;

    memcpy(&v, p, sizeof v);
    return v;
}

/* A node's first two fields: the halves of one number, in the machine's order. */
static uint32_t load_halves(const uint8_t *p)
{
    const bool is_big = __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__;

    return (uint32_t)load16(p + (is_big ? 2 : 0)) | (uint32_t)load16(p + (is_big ? 0 : 2)) << 16;
}

/* -- meta pages ------------------------------------------------------------------------------------------ */

static void load_tree(struct pages_tree *t, const char *name, const uint8_t *p)
{
    memset(t, 0, sizeof *t);
    snprintf(t->name, sizeof t->name, "%s", name);
    t->depth = load16(p + 6);
    t->branches = load64(p + 8);
    t->leaves = load64(p + 16);
    t->overflows = load64(p + 24);
    t->rows = load64(p + 32);
    t->root = load64(p + 40);
}

__attribute__((format(printf, 2, 3))) static void bad_meta(struct pages_meta *m, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(m->why, sizeof m->why, format, args);
    va_end(args);
}

static bool is_page_size(uint32_t size)
{
    return size >= PAGE_SIZE_MIN && size <= PAGE_SIZE_MAX && (size & (size - 1)) == 0;
}

static void load_meta(const struct pages *p, unsigned which, uint32_t page_size, struct pages_meta *m)
{
    const uint64_t at = (uint64_t)which * page_size;

    memset(m, 0, sizeof *m);
    if (p->size < at + HEAD_SIZE + META_SIZE) {
        bad_meta(m, "the file ends before it");
        return;
    }
    const uint8_t *const head = p->bytes + at;
    const uint8_t *const body = head + HEAD_SIZE;
    m->page_size = load32(body + 24);
    m->map_size = load64(body + 16);
    m->last_page = load64(body + 120);
    m->txnid = load64(body + 128);
    load_tree(&m->free, "free pages", body + 24);
    load_tree(&m->main, "main", body + 72);
    if (load32(body) == META_SWAPPED)
        bad_meta(m, "a machine of the other byte order wrote it: publish the journal there, fetch it here");
    else if (load32(body) != META_MAGIC)
        bad_meta(m, "it does not begin as an LMDB meta page does");
    else if (load32(body + 4) != META_VERSION)
        bad_meta(m, "it is of version %u; version %u is read here", load32(body + 4), META_VERSION);
    else if (load64(head) != which || load16(head + 10) != IS_META)
        bad_meta(m, "its head is not that of meta page %u", which);
    else if (!is_page_size(m->page_size))
        bad_meta(m, "it says that pages have %u bytes", m->page_size);
    else if (m->last_page < 1 || m->last_page > m->map_size / m->page_size ||
             (m->main.root != NO_PAGE && m->main.root > m->last_page) ||
             (m->free.root != NO_PAGE && m->free.root > m->last_page))
        bad_meta(m, "its page numbers contradict each other");
    else
        m->is_good = true;
}

static void load_metas(struct pages *p)
{
    load_meta(p, 0, PAGE_SIZE, &p->metas[0]);
    p->page_size = p->metas[0].is_good ? p->metas[0].page_size : PAGE_SIZE;
    load_meta(p, 1, p->page_size, &p->metas[1]);
    p->newest = -1;
    for (int i = 0; i < PAGES_METAS; i++) {
        if (p->metas[i].is_good && (p->newest < 0 || p->metas[i].txnid > p->metas[p->newest].txnid))
            p->newest = i;
    }
}

/* A meta page that a writer is just writing may seem damaged for a moment. */
void pages_look_again(struct pages *p)
{
    for (int i = 0; i < LOOKS; i++) {
        load_metas(p);
        if (p->metas[0].is_good && p->metas[1].is_good)
            return;
    }
}

enum err_code pages_open(const char *path, struct pages *p, struct err *err)
{
    enum err_code rc = ERR_OK;
    struct stat st;

    memset(p, 0, sizeof *p);
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return err_set(err, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO, "%s: %s", path, strerror(errno));
    if (fstat(fd, &st) != 0)
        rc = err_set(err, ERR_IO, "%s: %s", path, strerror(errno));
    else if (!S_ISREG(st.st_mode))
        rc = err_set(err, ERR_FORMAT, "%s is no regular file", path);
    if (!rc && st.st_size > 0) {
        void *const bytes = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, fd, 0);
        if (bytes == MAP_FAILED)
            rc = err_set(err, ERR_IO, "%s: %s", path, strerror(errno));
        else
            p->bytes = bytes;
        p->size = rc ? 0 : (uint64_t)st.st_size;
    }
    close(fd);
    if (!rc)
        pages_look_again(p);
    return rc;
}

void pages_close(struct pages *p)
{
    if (p->bytes)
        munmap((void *)(uintptr_t)p->bytes, p->size);
    memset(p, 0, sizeof *p);
}

uint64_t pages_needed(const struct pages *p)
{
    return p->newest < 0 ? 0 : (p->metas[p->newest].last_page + 1) * p->page_size;
}

/* -- one page -------------------------------------------------------------------------------------------- */

struct node {
    const uint8_t *key;
    size_t key_size;
    unsigned flags;
    const uint8_t *value; /* of a leaf, wherever it is */
    size_t value_size;
    uint64_t child; /* of a branch */
};

/* NULL: *why says what is wrong with it. `flags`: what it must be. */
static const uint8_t *find_page(const struct pages *p, uint64_t number, unsigned flags, const char **why)
{
    if (number < PAGES_METAS || number >= p->size / p->page_size) {
        *why = number < PAGES_METAS ? "a meta page stands for it" : "it lies behind the end of the file";
        return NULL;
    }
    const uint8_t *const page = p->bytes + number * p->page_size;
    const unsigned found = load16(page + 10);
    const unsigned lower = load16(page + 12);
    const unsigned upper = load16(page + 14);
    if (load64(page) != number)
        *why = load64(page) == 0 && found == 0 ? "it is empty" : "its head says that it is another page";
    else if ((found & ~0x10u) != flags)
        *why = "it is of another kind than the page above says";
    else if (flags != IS_OVERFLOW &&
             (lower < HEAD_SIZE || lower % 2 != 0 || upper < lower || upper > p->page_size))
        *why = "its head contradicts itself";
    else
        return page;
    return NULL;
}

static unsigned node_count(const uint8_t *page)
{
    return (load16(page + 12) - HEAD_SIZE) / 2;
}

static uint64_t overflow_pages(const struct pages *p, uint64_t size)
{
    return (HEAD_SIZE + size + p->page_size - 1) / p->page_size;
}

static const uint8_t *overflow_value(const struct pages *p, uint64_t number, size_t size, const char **why)
{
    const uint8_t *const page = find_page(p, number, IS_OVERFLOW, why);

    if (!page)
        return NULL;
    const uint64_t count = overflow_pages(p, size);
    if (load32(page + 12) < count || number + count > p->size / p->page_size) {
        *why = "it is shorter than the value that it holds";
        return NULL;
    }
    return page + HEAD_SIZE;
}

/* False: *why says what is wrong with it; *at names the page that it is in. */
static bool load_node(const struct pages *p, const uint8_t *page, unsigned index, struct node *n,
                      uint64_t *at, const char **why)
{
    const bool is_leaf = load16(page + 10) & IS_LEAF;
    const size_t offset = load16(page + HEAD_SIZE + 2 * (size_t)index);

    *why = "a row of it lies outside of it";
    *at = load64(page);
    if (offset < load16(page + 14) || offset + NODE_HEAD_SIZE > p->page_size)
        return false;
    const uint8_t *const node = page + offset;
    size_t room = p->page_size - offset - NODE_HEAD_SIZE;
    *n = (struct node){.key = node + NODE_HEAD_SIZE, .key_size = load16(node + 6), .flags = load16(node + 4)};
    const uint64_t low = load_halves(node);
    if (n->key_size > room)
        return false;
    room -= n->key_size;
    if (!is_leaf) {
        n->child = low | (uint64_t)n->flags << 32;
        return true;
    }
    n->value_size = (size_t)low;
    n->value = n->key + n->key_size;
    if (!(n->flags & NODE_BIG))
        return n->value_size <= room;
    if (room < sizeof(uint64_t))
        return false;
    *at = load64(n->value);
    n->value = overflow_value(p, *at, n->value_size, why);
    return n->value != NULL;
}

/* -- all trees ------------------------------------------------------------------------------------------- */

struct walking {
    const struct pages *p;
    struct pages_walked *w;
    unsigned tree;   /* of w->trees: the one that is walked */
    uint64_t budget; /* pages that may still be looked at: a circle must end */
    pages_row_fn row;
    void *arg;
    pages_progress progress;
    void *progress_arg;
    uint64_t total;
};

static void damaged(struct walking *g, uint64_t page, const char *what)
{
    struct pages_walked *const w = g->w;

    w->damaged++;
    if (w->told_count == PAGES_TOLD)
        return;
    struct pages_damage *const d = &w->told[w->told_count++];
    d->page = page;
    memcpy(d->tree, w->trees[g->tree].name, sizeof d->tree);
    snprintf(d->what, sizeof d->what, "%s", what);
}

/* A sub-database, to be walked after the main tree. */
static void add_tree(struct walking *g, const struct node *n, uint64_t page)
{
    struct pages_walked *const w = g->w;

    if (n->value_size != TREE_SIZE || n->key_size >= PAGES_NAME_MAX || w->tree_count == PAGES_TREES) {
        damaged(g, page, "a row of it should be a sub-database, and is none");
        return;
    }
    char name[PAGES_NAME_MAX] = "";
    memcpy(name, n->key, n->key_size);
    load_tree(&w->trees[w->tree_count++], name, n->value);
}

static enum err_code walk_leaf(struct walking *g, const uint8_t *page, struct err *err)
{
    const unsigned count = node_count(page);

    for (unsigned i = 0; i < count; i++) {
        const char *why = NULL;
        struct node n;
        uint64_t at;
        if (!load_node(g->p, page, i, &n, &at, &why)) {
            damaged(g, at, why);
            continue;
        }
        g->w->rows_read[g->tree]++;
        if (n.flags & NODE_BIG)
            g->w->pages += overflow_pages(g->p, n.value_size);
        if (g->tree == 1 && n.flags & NODE_TREE)
            add_tree(g, &n, at);
        if (g->tree < 2 || !g->row)
            continue;
        const struct pages_row row = {&g->w->trees[g->tree], at, n.key, n.key_size, n.value, n.value_size};
        const enum err_code rc = g->row(g->arg, &row, err);
        if (rc)
            return rc;
    }
    return ERR_OK;
}

/* Where the way down stands: a branch page, and the next of its children. */
struct step {
    const uint8_t *page;
    unsigned next;
};

/* The page below: a leaf is read, a branch is put on the way. */
static enum err_code enter(struct walking *g, uint64_t number, unsigned depth, struct step *way,
                           unsigned *length, struct err *err)
{
    const bool is_leaf = *length + 1 >= depth;
    const char *why = NULL;

    if (g->budget == 0) {
        damaged(g, number, "its tree leads in a circle");
        return ERR_OK;
    }
    g->budget--;
    g->w->pages++;
    if (g->progress && g->w->pages % LOOK_EVERY == 0)
        g->progress(g->progress_arg, g->w->pages < g->total ? g->w->pages : g->total, g->total);
    const uint8_t *const page = find_page(g->p, number, is_leaf ? IS_LEAF : IS_BRANCH, &why);
    if (!page) {
        damaged(g, number, why);
        return ERR_OK;
    }
    if (is_leaf)
        return walk_leaf(g, page, err);
    way[(*length)++] = (struct step){page, 0};
    return ERR_OK;
}

static enum err_code walk_tree(struct walking *g, unsigned tree, struct err *err)
{
    const struct pages_tree t = g->w->trees[tree];
    struct step way[DEPTH_MAX];
    unsigned length = 0;

    g->tree = tree;
    if (t.root == NO_PAGE)
        return ERR_OK;
    if (t.depth < 1 || t.depth > DEPTH_MAX) {
        damaged(g, t.root, "its tree is said to be of an impossible depth");
        return ERR_OK;
    }
    const uint64_t before = g->w->damaged;
    enum err_code rc = enter(g, t.root, t.depth, way, &length, err);
    while (!rc && length > 0) {
        struct step *const top = &way[length - 1];
        const char *why = NULL;
        struct node n;
        uint64_t at;
        if (top->next == node_count(top->page))
            length--;
        else if (load_node(g->p, top->page, top->next++, &n, &at, &why))
            rc = enter(g, n.child, t.depth, way, &length, err);
        else
            damaged(g, at, why);
    }
    if (!rc && g->w->damaged == before && g->w->rows_read[tree] != t.rows && tree != 0)
        damaged(g, t.root, "its tree has another number of rows than it says");
    return rc;
}

enum err_code pages_walk(const struct pages *p, int meta, struct pages_walked *w, pages_row_fn row, void *arg,
                         pages_progress progress, void *progress_arg, struct err *err)
{
    struct walking g = {.p = p,
                        .w = w,
                        .budget = p->size / p->page_size,
                        .row = row,
                        .arg = arg,
                        .progress = progress,
                        .progress_arg = progress_arg,
                        .total = p->metas[meta].last_page + 1};
    enum err_code rc = ERR_OK;

    REQUIRE(meta >= 0 && meta < PAGES_METAS && p->metas[meta].is_good);
    memset(w, 0, sizeof *w);
    w->trees[0] = p->metas[meta].free;
    w->trees[1] = p->metas[meta].main;
    w->tree_count = 2;
    for (unsigned tree = 0; tree < w->tree_count && !rc; tree++)
        rc = walk_tree(&g, tree, err);
    return rc;
}

/* -- every page ------------------------------------------------------------------------------------------ */

enum err_code pages_scan(const struct pages *p, pages_row_fn row, void *arg, pages_progress progress,
                         void *progress_arg, struct err *err)
{
    const uint64_t count = p->size / p->page_size;

    for (uint64_t number = PAGES_METAS; number < count; number++) {
        const char *why = NULL;
        const uint8_t *const page = find_page(p, number, IS_LEAF, &why);
        if (progress && number % LOOK_EVERY == 0)
            progress(progress_arg, number, count);
        const unsigned rows = page ? node_count(page) : 0;
        for (unsigned i = 0; i < rows; i++) {
            struct node n;
            uint64_t at;
            if (!load_node(p, page, i, &n, &at, &why) || n.flags & NODE_TREE)
                continue;
            const struct pages_row found = {NULL, at, n.key, n.key_size, n.value, n.value_size};
            const enum err_code rc = row(arg, &found, err);
            if (rc)
                return rc;
        }
    }
    return ERR_OK;
}
