/* The LMDB file of a journal: one read transaction, so that the whole check sees one state. */
#include "audit/evidence.h"

#include "audit/evidence_calls.h"

#include <errno.h>
#include <inttypes.h>
#include <lmdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#define FILE_NAME      "journal.mdb"
#define OPEN_AGAIN_MAX 2
#define DBS_MAX        16 /* sub-databases an environment may have; more than those that are read here */

struct lmdb {
    struct evidence base;
    MDB_env *env;
    MDB_txn *txn;
    MDB_dbi dbi[EVIDENCE_TABLES];
    bool is_there[EVIDENCE_TABLES];
};

struct lmdb_cursor {
    struct evidence_cursor base;
    MDB_cursor *cursor; /* NULL: the table does not exist */
};

static enum err_code failure(int code, const char *what, struct err *err)
{
    switch (code) {
    case MDB_INVALID:
    case MDB_CORRUPTED:
    case MDB_PAGE_NOTFOUND:
    case MDB_VERSION_MISMATCH:
    case MDB_INCOMPATIBLE:
        return err_set(err, ERR_FORMAT,
                       "%s: %s: the database file itself is damaged, or of another kind; restore it from a "
                       "copy",
                       what, mdb_strerror(code));
    case ENOMEM: return err_set(err, ERR_MEMORY, "%s: out of memory", what);
    case ENOENT: return err_set(err, ERR_NOT_FOUND, "%s: there is no journal", what);
    default: return err_set(err, ERR_IO, "%s: %s", what, mdb_strerror(code));
    }
}

static void lmdb_close(struct evidence *e)
{
    struct lmdb *const l = (struct lmdb *)e;

    if (l->txn)
        mdb_txn_abort(l->txn);
    if (l->env)
        mdb_env_close(l->env);
    free(l);
}

static enum err_code lmdb_cursor_open(struct evidence *e, enum evidence_table table,
                                      struct evidence_cursor **c, struct err *err)
{
    const struct lmdb *const l = (const struct lmdb *)e;
    struct lmdb_cursor *const built = calloc(1, sizeof *built);

    if (!built)
        return err_set(err, ERR_MEMORY, "out of memory");
    built->base.of = e;
    if (l->is_there[table]) {
        const int code = mdb_cursor_open(l->txn, l->dbi[table], &built->cursor);
        if (code) {
            free(built);
            return failure(code, evidence_table_name(table), err);
        }
    }
    *c = (struct evidence_cursor *)built;
    return ERR_OK;
}

static void lmdb_cursor_close(struct evidence_cursor *base)
{
    struct lmdb_cursor *const c = (struct lmdb_cursor *)base;

    if (c->cursor)
        mdb_cursor_close(c->cursor);
    free(c);
}

static enum err_code step(struct evidence_cursor *base, MDB_val *key, MDB_cursor_op op,
                          struct evidence_item *item, bool *found, struct err *err)
{
    const struct lmdb_cursor *const c = (const struct lmdb_cursor *)base;
    MDB_val value;

    *found = false;
    if (!c->cursor)
        return ERR_OK;
    const int code = mdb_cursor_get(c->cursor, key, &value, op);
    if (code == MDB_NOTFOUND)
        return ERR_OK;
    if (code)
        return failure(code, FILE_NAME, err);
    *item = (struct evidence_item){key->mv_data, key->mv_size, value.mv_data, value.mv_size};
    *found = true;
    return ERR_OK;
}

static enum err_code lmdb_next(struct evidence_cursor *c, struct evidence_item *item, bool *found,
                               struct err *err)
{
    MDB_val key;

    return step(c, &key, MDB_NEXT, item, found, err);
}

static enum err_code lmdb_seek(struct evidence_cursor *c, const void *key, size_t key_size,
                               struct evidence_item *item, bool *found, struct err *err)
{
    MDB_val wanted = {key_size, (void *)(uintptr_t)key};

    return step(c, &wanted, MDB_SET_RANGE, item, found, err);
}

static enum err_code lmdb_last(struct evidence_cursor *c, struct evidence_item *item, bool *found,
                               struct err *err)
{
    MDB_val key;

    return step(c, &key, MDB_LAST, item, found, err);
}

static void lmdb_release(struct evidence *e, const void *bytes, size_t size)
{
    (void)e;
    evidence_unmap_pages(bytes, size);
}

static const struct evidence_calls LMDB_CALLS = {
    .close = lmdb_close,
    .release = lmdb_release,
    .cursor_open = lmdb_cursor_open,
    .cursor_close = lmdb_cursor_close,
    .next = lmdb_next,
    .seek = lmdb_seek,
    .last = lmdb_last,
};

static enum err_code open_tables(struct lmdb *l, struct err *err)
{
    for (int t = 0; t < EVIDENCE_TABLES; t++) {
        const int code = mdb_dbi_open(l->txn, evidence_table_name((enum evidence_table)t), 0, &l->dbi[t]);
        if (code && code != MDB_NOTFOUND)
            return failure(code, evidence_table_name((enum evidence_table)t), err);
        l->is_there[t] = code == 0;
    }
    return ERR_OK;
}

/* LMDB maps the file and trusts its size: a page past the end would be a SIGBUS, not an error. */
/* LMDB takes a file without bytes for one that it may fill, which a reader may not: its words would mislead. */
static enum err_code empty_check(const char *path, struct err *err)
{
    struct stat st;

    if (stat(path, &st) == 0 && st.st_size == 0)
        return err_set(err, ERR_FORMAT, "%s is damaged: it is empty", path);
    return ERR_OK;
}

static enum err_code size_check(const struct lmdb *l, const char *path, struct err *err)
{
    MDB_envinfo info;
    struct stat status;
    MDB_stat shape;

    mdb_env_info(l->env, &info);
    mdb_env_stat(l->env, &shape);
    if (stat(path, &status) != 0)
        return failure(errno, path, err);
    const uint64_t needed = ((uint64_t)info.me_last_pgno + 1) * shape.ms_psize;
    if ((uint64_t)status.st_size < needed)
        return err_set(err, ERR_FORMAT,
                       "%s: %" PRIu64 " bytes are in use and the file has %" PRIu64
                       ": it was cut; restore it from a copy",
                       path, needed, (uint64_t)status.st_size);
    return ERR_OK;
}

/* Another process may have grown the map between opening and beginning. */
static int begin(struct lmdb *l)
{
    int code = mdb_txn_begin(l->env, NULL, MDB_RDONLY, &l->txn);

    if (code == MDB_MAP_RESIZED) {
        code = mdb_env_set_mapsize(l->env, 0);
        if (!code)
            code = mdb_txn_begin(l->env, NULL, MDB_RDONLY, &l->txn);
    }
    if (code)
        l->txn = NULL;
    return code;
}

/* Without write permission the lock file cannot be used; a journal that nobody writes can be read without. */
static int open_env(struct lmdb *l, const char *path, unsigned extra)
{
    int code = mdb_env_create(&l->env);

    if (code) {
        l->env = NULL;
        return code;
    }
    code = mdb_env_set_maxdbs(l->env, DBS_MAX);
    if (!code)
        code = mdb_env_open(l->env, path, MDB_RDONLY | MDB_NOSUBDIR | extra, 0600);
    if (code) {
        mdb_env_close(l->env);
        l->env = NULL;
    }
    return code;
}

enum err_code evidence_open_journal(const char *dir, struct evidence **e, struct err *err)
{
    enum err_code rc = ERR_OK;
    char path[4096];

    const int length = snprintf(path, sizeof path, "%s/" FILE_NAME, dir);
    if (length < 0 || (size_t)length >= sizeof path)
        return err_set(err, ERR_INPUT, "the journal's path is too long");
    rc = empty_check(path, err);
    if (rc)
        return rc;
    struct lmdb *const l = calloc(1, sizeof *l);
    if (!l)
        return err_set(err, ERR_MEMORY, "out of memory");
    l->base.calls = &LMDB_CALLS;
    int code = open_env(l, path, 0);
    for (int again = 0; again < OPEN_AGAIN_MAX && (code == EINTR || code == MDB_INVALID); again++)
        code = open_env(l, path, 0); /* LMDB takes a read that was interrupted or cut short for damage */
    if (code == EACCES || code == EROFS)
        code = open_env(l, path, MDB_NOLOCK);
    if (code) {
        rc = failure(code, path, err);
        goto out;
    }
    rc = size_check(l, path, err);
    if (rc)
        goto out;
    code = begin(l);
    if (code) {
        rc = failure(code, path, err);
        goto out;
    }
    rc = open_tables(l, err);
    if (rc)
        rc = err_wrap(err, "%s", path);
out:
    if (rc)
        lmdb_close(&l->base);
    else
        *e = &l->base;
    return rc;
}
