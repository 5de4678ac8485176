/*
 * A model of what a disk holds while a recorded run goes on: for each file what is durable for certain, and the changes
 * since its last sync, each of which may be on the disk or not, whole or in part. The rules are the least that POSIX
 * and a disk promise:
 *
 * - A sync of a file makes its bytes and its size durable, not its name. A sync of a folder makes the names in it
 *   durable. A write through O_DSYNC is durable when it returns, and nothing else is by it.
 * - Whatever was not synced reached the disk or not, each sector of 512 bytes by itself, in any order. A sector is
 *   written whole or not at all. What is newer on disk is never replaced by what was older in memory.
 * - An unsynced size is the old one, the new one, or one between. Bytes of the file that were never written are zero.
 * - A change of names (create, rename, exchange, remove) happened or did not, whatever became of others.
 */
#ifndef TESTS_CRASH_DISK_H
#define TESTS_CRASH_DISK_H

#include "log.h"

#define DISK_SECTOR ((uint64_t)512)

enum { DISK_ROOT = 0 }; /* the node of the recorded folder */

/* A change of a file that is not durable. */
struct disk_change {
    size_t record;
    uint64_t first; /* sector */
    uint64_t count; /* of sectors; 0: only the size changes */
    uint8_t *after; /* what the sectors then held */
    uint8_t *dead;  /* per sector: a later write of it is durable */
    uint64_t size_after;
};

struct disk_node {
    uint64_t inode;
    bool is_folder;
    bool is_scratch;
    char name[64]; /* the first it had, for people */
    uint64_t size;
    uint64_t durable_size;
    uint8_t *bytes;   /* as the processes see the file */
    uint8_t *durable; /* zero from durable_size on */
    uint64_t capacity;
    uint64_t used; /* whole sectors that were ever written; all behind them is zero */
    struct disk_change *changes;
    size_t change_count;
};

/* A change of names that is not durable, as recorded, with nodes of the model. */
struct disk_naming {
    size_t record;
    const struct log_record *what;
    size_t dir;
    size_t node;
    size_t dir2;
    size_t node2;
};

struct disk_name {
    size_t dir;
    const char *name;
    size_t node;
};

struct disk_names {
    struct disk_name *rows;
    size_t count;
};

struct disk {
    struct disk_node *nodes;
    size_t node_count;
    struct disk_names durable;
    struct disk_naming *namings;
    size_t naming_count;
    const struct log *log;
};

void disk_init(struct disk *d, const struct log *log);
void disk_release(struct disk *d);

/* The record takes effect; a write that is durable counts as one that is not, until disk_settle(). */
void disk_apply(struct disk *d, size_t record);
/* What the record made durable, if it is a sync or a durable write. */
void disk_settle(struct disk *d, size_t record);

/* A set of names of its own: the durable ones. Free with disk_names_release(). */
void disk_names_copy(struct disk_names *to, const struct disk *d);
void disk_names_release(struct disk_names *names);
void disk_names_change(struct disk_names *names, const struct disk_naming *n);

/* The newest node of that inode number; stops the program when there is none. */
size_t disk_find(const struct disk *d, uint64_t inode);

#endif
