#include "judge_guard.h"

#include "ledger/guard.h"
#include "ledger/store_lmdb.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool broken(char *why, size_t size, const char *path, const char *what, const char *detail)
{
    snprintf(why, size, "the guard %s: %s%s%s", path, what, detail[0] ? ": " : "", detail);
    return false;
}

/* What the writer would find on its return, in the file that it wrote. */
static bool come_back(const struct facts_journal *j, const char *path, uint64_t file, char *why, size_t size)
{
    struct guard_state state;
    struct guard *guard = NULL;
    struct err err = {.code = ERR_OK};
    char detail[96];

    enum err_code rc = guard_new(path, j->history->vkey, &guard, &err);
    if (!rc)
        rc = guard_lock(guard, false, &state, &err);
    const uint64_t known = rc ? 0 : guard_newest(&state)->size;
    if (!rc && state.has_next) {
        state.file = file;
        rc = guard_write(guard, &state, false, &err);
    }
    guard_free(guard);
    if (rc)
        return broken(why, size, path, "it cannot be read", err.text);
    snprintf(detail, sizeof detail, "%" PRIu64 " entries, %" PRIu64 " acknowledged", known, j->acknowledged);
    return known >= j->acknowledged ||
           broken(why, size, path, "it does not know what was acknowledged", detail);
}

/* The row's paths, by their last part, in the folder of the state. */
static bool move_row(const struct facts_journal *j, const char *dir, const uint8_t *row, size_t row_size,
                     uint64_t file, char *moved, size_t capacity, unsigned *count, char *why, size_t size)
{
    const char *at = (const char *)row;
    const char *const end = at + row_size;
    size_t used = 0;

    for (; at < end; (*count)++) {
        const char *const stop = memchr(at, '\n', (size_t)(end - at));
        const char *const slash = stop ? memrchr(at, '/', (size_t)(stop - at)) : NULL;
        char path[PATH_MAX];
        if (!slash)
            return broken(why, size, dir, "the row that names it is damaged", "");
        snprintf(path, sizeof path, "%s/..%.*s", dir, (int)(stop - slash), slash);
        char *const whole = realpath(path, NULL);
        if (!whole)
            return broken(why, size, path, "it is gone", "");
        used += (size_t)snprintf(moved + used, capacity - used, "%s\n", whole);
        const bool good = come_back(j, whole, file, why, size);
        free(whole);
        if (!good)
            return false;
        at = stop + 1;
    }
    return true;
}

static bool judge_row(const struct facts_journal *j, const char *dir, struct store *s, struct store_txn *t,
                      unsigned *count, char *why, size_t size)
{
    char moved[GUARD_MAX * PATH_MAX + 1];
    const uint8_t *row = NULL;
    struct err err = {.code = ERR_OK};
    size_t row_size = 0;
    bool found = false;

    if (store_find_meta(t, "guard", &row, &row_size, &found, &err))
        return broken(why, size, dir, "its row cannot be read", err.text);
    if (!found)
        return true;
    if (!move_row(j, dir, row, row_size, store_file_number(s), moved, sizeof moved, count, why, size))
        return false;
    enum err_code rc = store_put_meta(t, "guard", moved, strlen(moved), &err);
    if (!rc)
        rc = store_txn_commit(t, &err);
    return !rc || broken(why, size, dir, "its row cannot be written", err.text);
}

bool judge_guards(const struct facts_journal *j, const char *dir, unsigned *count, char *why, size_t size)
{
    struct store_txn *t = NULL;
    struct store *s = NULL;
    struct err err = {.code = ERR_OK};
    char path[PATH_MAX];

    *count = 0;
    snprintf(path, sizeof path, "%s/journal.mdb", dir);
    enum err_code rc = store_open(dir, path, STORE_WRITE, 0, &s, &err);
    if (!rc)
        rc = store_write_begin(s, &t, &err);
    const bool good = rc ? broken(why, size, dir, "the journal does not open", err.text)
                         : judge_row(j, dir, s, t, count, why, size);
    store_txn_end(t);
    store_close(s);
    return good;
}
