/*
 * LMDB's file, read without LMDB: for telling what is wrong with one that LMDB refuses, or that would make it
 * stumble. Nothing that is read is believed before it is checked: every page number, offset and size is held
 * against the file first, so that no damage leads outside of it.
 *
 * The form is that of LMDB 0.9 (data version 1) on this machine's byte order; it stands at the head of pages.c.
 * Reads only. A file that becomes shorter while it is looked at faults (SIGBUS): look from a process of its own.
 */
#ifndef AUDIT_PAGES_H
#define AUDIT_PAGES_H

#include "ledger/err.h"

#include <stddef.h>
#include <stdint.h>

#define PAGES_METAS    2
#define PAGES_NAME_MAX 32
#define PAGES_TREES    16 /* free list, main, and sub-databases */
#define PAGES_TOLD     8  /* damaged pages that are described one by one */

/* What is said of a B-tree: its root and what should be found below it. */
struct pages_tree {
    char name[PAGES_NAME_MAX]; /* "free pages", "main", or the sub-database's */
    uint64_t root;             /* UINT64_MAX: empty */
    uint64_t branches, leaves, overflows, rows;
    unsigned depth;
};

/* One of the two meta pages, of which the newer good one counts. */
struct pages_meta {
    bool is_good;
    char why[96]; /* when it is not */
    uint64_t txnid;
    uint64_t last_page;
    uint64_t map_size;
    uint32_t page_size;
    struct pages_tree free, main;
};

struct pages {
    const uint8_t *bytes; /* the whole file, mapped; NULL when it is empty */
    uint64_t size;
    uint32_t page_size; /* of the newest good meta page; 4096 when there is none */
    struct pages_meta metas[PAGES_METAS];
    int newest; /* of the metas; -1: neither is good */
};

struct pages_damage {
    uint64_t page;
    char tree[PAGES_NAME_MAX];
    char what[96];
};

/* What a walk through all trees of a meta page has found. */
struct pages_walked {
    uint64_t damaged; /* pages, or rows in them */
    struct pages_damage told[PAGES_TOLD];
    unsigned told_count;
    uint64_t pages; /* looked at */
    struct pages_tree trees[PAGES_TREES];
    uint64_t rows_read[PAGES_TREES]; /* in sound pages */
    unsigned tree_count;
};

/* A row of a sub-database, or of a page that no tree leads to (tree is then NULL). Borrowed from the map. */
struct pages_row {
    const struct pages_tree *tree;
    uint64_t page;
    const uint8_t *key;
    size_t key_size;
    const uint8_t *value;
    size_t value_size;
};
/* An error ends the walk. */
typedef enum err_code (*pages_row_fn)(void *arg, const struct pages_row *row, struct err *err);
typedef void (*pages_progress)(void *arg, uint64_t done, uint64_t total);

/* Maps the file and reads its meta pages. ERR_NOT_FOUND, ERR_IO; ERR_FORMAT: it is no regular file. */
MUST_USE enum err_code pages_open(const char *path, struct pages *p, struct err *err);
void pages_close(struct pages *p); /* also after zeros */

/* Reads the meta pages again: a writer may have been there. */
void pages_look_again(struct pages *p);

/* Bytes that the file must have for its newest good meta page; 0: there is none. */
uint64_t pages_needed(const struct pages *p);

/*
 * Walks all trees of meta page `meta`, checks each page, and hands the rows of sub-databases to `row` (may be
 * NULL). Damage is counted in *w, and stepped over. ERR_MEMORY, or what `row` says.
 */
MUST_USE enum err_code pages_walk(const struct pages *p, int meta, struct pages_walked *w, pages_row_fn row,
                                  void *arg, pages_progress progress, void *progress_arg, struct err *err);

/*
 * Hands every row of every sound leaf page of the file to `row`, whether a tree leads there or not: also old
 * versions of pages, and what was never committed. The caller must know what to believe.
 */
MUST_USE enum err_code pages_scan(const struct pages *p, pages_row_fn row, void *arg, pages_progress progress,
                                  void *progress_arg, struct err *err);

#endif
