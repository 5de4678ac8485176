/*
 * What the two files that touch LMDB for the index share; nobody else includes this.
 */
#ifndef LEDGER_INDEX_FILE_H
#define LEDGER_INDEX_FILE_H

#include "ledger/index_state.h"

#include <lmdb.h>
#include <pthread.h>
#include <sys/types.h>

struct index_file {
    MDB_env *env;
    MDB_dbi rows;
    char *name; /* the journal's directory: what errors call it */
    char *path;
    bool read_only;
    bool has_no_lock;     /* see is_overtaken() */
    pthread_mutex_t gate; /* guards what follows */
    unsigned open;        /* transactions of this process */
    dev_t device;         /* the file, for the registry */
    ino_t inode;
    pid_t process;
    unsigned references;
    struct index_file *next;
};

struct index_txn {
    struct index_file *file;
    MDB_txn *txn; /* NULL once it is over */
    MDB_cursor *cursor;
    bool is_full;
};

/* The error of an LMDB or system code, in words: "NAME: cannot DOING index.mdb: why, and what to do". */
enum err_code index_fail(const char *name, int code, const char *doing, struct err *err);
/* The same, of a transaction: remembers whether a larger map would help. */
enum err_code index_txn_fail(struct index_txn *t, int code, const char *doing, struct err *err);
/* ERR_FORMAT: what is damaged, and what to do. */
enum err_code index_damaged(const char *name, const char *what, struct err *err);

#endif
