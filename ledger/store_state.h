/*
 * What the files of the store share; nobody else includes this.
 */
#ifndef LEDGER_STORE_STATE_H
#define LEDGER_STORE_STATE_H

#include "ledger/store_ahead.h"
#include "ledger/store_lmdb.h"

#include <lmdb.h>
#include <pthread.h>
#include <sys/types.h>

#define STORE_READERS_MAX 510
#define STORE_LOCK_LOST   (-30700) /* beside LMDB's codes: store_has_lost_lock() */
#define STORE_FILE_LOST   (-30701) /* the file has no name any more */

struct store {
    MDB_env *env;
    MDB_dbi entries;
    MDB_dbi tiles;
    MDB_dbi seals;
    MDB_dbi control;
    MDB_dbi signatures;
    MDB_dbi snapshots;
    MDB_dbi meta;
    MDB_dbi timestamps;  /* guarded by `gate`, as is has_timestamps: this one comes later */
    bool has_timestamps; /* it is there */
    unsigned page_size;
    bool read_only;
    bool has_no_lock; /* read-only, and the lock file is too: writers do not know of our readers */
    char *name;
    char *lock_path; /* of LMDB's lock file */
    dev_t lock_device;
    ino_t lock_inode;
    uint64_t file_size; /* at least so long is the file; the writer's alone */
    size_t given_back;  /* the file's pages when the writer last gave back what it had looked at; its alone */
    struct store_ahead *ahead; /* or NULL; the writer's alone */
    pthread_mutex_t writer;    /* held by the thread that has a writing transaction */
    pthread_mutex_t gate; /* guards `readers`, and keeps transactions from starting while the map moves */
    unsigned readers;     /* reading transactions of this process */
    dev_t device;         /* the file, for the registry */
    ino_t inode;
    pid_t process; /* that opened it */
    unsigned references;
    struct store *next;
};

struct store_txn {
    struct store *store;
    MDB_txn *txn;          /* NULL once it is over */
    MDB_cursor *blocks;    /* on the block that was read last, or NULL */
    uint64_t blocks_at;    /* its key; 0: nowhere */
    const uint8_t *walked; /* in the map: where reading straight on began, or gave pages back last */
    uint64_t pages;        /* upper bound of the pages that the puts so far will write */
    uint64_t bytes;        /* of the values that were put */
    MDB_dbi timestamps;
    bool has_timestamps; /* as the store knew when this began, or made by this one */
    bool is_writing;
    bool is_look;    /* at another one, whose `txn` it has, and which holds the lock */
    bool is_resting; /* sees nothing at the moment, and is none of the store's `readers` */
    bool is_full;
    bool is_interrupted; /* by a signal: LMDB gives up then */
};

/* The error of an LMDB or system code, in words: "NAME: cannot DOING: why, and what to do". */
enum err_code store_fail(const char *name, int code, const char *doing, struct err *err);
/* The same, of a transaction: remembers whether a larger map would help. */
enum err_code store_txn_fail(struct store_txn *t, int code, const char *doing, struct err *err);

/*
 * Whether LMDB's lock file is no longer the one that this store opened. Others then lock another one: they do not know of
 * our readers, and what LMDB remembers there for us is the past.
 */
bool store_has_lost_lock(const struct store *s);

/*
 * Called where a writing transaction begins. A writer looks at pages all along the growing file; every so often it gives them
 * back, or a long import would have the whole journal in its memory.
 */
void store_give_back(struct store_txn *t);

/* A size of a map that LMDB accepts: at least `size`; 0 gives the default. */
uint64_t store_round_map(uint64_t size);

#endif
