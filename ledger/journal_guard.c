/*
 * The guards of a journal, in the order of a group: begin looks at them; commit locks them, writes what is to come,
 * synced, signs, commits, writes what is, and lets go (journal_guard_set.c; journal_group.c calls).
 */
#include "ledger/journal_state.h"

#include "ledger/base64.h"

#include <inttypes.h>
#include <stdio.h>

#define ROOT_LENGTH BASE64_LENGTH(HASH_SIZE)

/* -- which there are ------------------------------------------------------------------------------------- */

static void drop_guards(struct journal_watch *w)
{
    for (unsigned i = 0; i < w->count; i++)
        guard_free(w->guards[i]);
    w->count = 0;
    w->row_size = 0;
}

void journal_guard_release(struct journal *j)
{
    drop_guards(&j->watch);
}

static enum err_code damaged_row(const struct journal *j, struct err *err)
{
    return err_set(err, ERR_FORMAT, "%s: the row that names its guards is damaged", j->dir);
}

/* A path a line. */
static enum err_code take_row(struct journal *j, const char *row, size_t size, struct err *err)
{
    struct journal_watch *const w = &j->watch;
    char path[PATH_MAX];

    drop_guards(w);
    for (const char *at = row; at < row + size;) {
        const char *const stop = memchr(at, '\n', (size_t)(row + size - at));
        const size_t length = stop ? (size_t)(stop - at) : 0;
        if (length == 0 || length >= sizeof path || at[0] != '/' || w->count == GUARD_MAX)
            return damaged_row(j, err);
        memcpy(path, at, length);
        path[length] = '\0';
        const enum err_code rc = guard_new(path, j->vkey, &w->guards[w->count], err);
        if (rc)
            return rc;
        w->count++;
        at = stop + 1;
    }
    if (size > 0)
        memcpy(w->row, row, size);
    w->row_size = size;
    return ERR_OK;
}

/* Other programs may have set others. */
static enum err_code read_row(struct journal *j, struct store_txn *t, struct err *err)
{
    struct journal_watch *const w = &j->watch;
    const uint8_t *row = NULL;
    size_t size = 0;
    bool found = false;

    enum err_code rc = store_find_meta(t, JOURNAL_GUARD_ROW, &row, &size, &found, err);
    if (rc)
        return rc;
    if (!found)
        size = 0;
    if (size > sizeof w->row)
        return damaged_row(j, err);
    if (size == w->row_size && (size == 0 || memcmp(row, w->row, size) == 0))
        return ERR_OK;
    rc = take_row(j, (const char *)row, size, err);
    if (rc)
        drop_guards(w);
    return rc;
}

/* -- what they say --------------------------------------------------------------------------------------- */

/* "1240 entries (root ...)" */
static const char *tree_text(char text[128], const struct guard_tree *tree)
{
    char root[ROOT_LENGTH + 1];

    base64_encode(root, tree->root.bytes, HASH_SIZE);
    snprintf(text, 128, "%" PRIu64 " entries (root %s)", tree->size, root);
    return text;
}

static void explain(const struct journal *j, const char *path, const struct guard_state *state,
                    enum guard_verdict verdict, const struct guard_tree *tree, struct err *why)
{
    char theirs[128];
    char ours[128];
    char at[INSTANT_TEXT_SIZE];

    tree_text(theirs,
              verdict == GUARD_HAS_OTHER || verdict == GUARD_UNSURE ? &state->last : guard_newest(state));
    tree_text(ours, tree);
    instant_format(at, state->at_ns);
    switch (verdict) {
    case GUARD_AGREES: why->code = ERR_OK; break;
    case GUARD_HAS_MORE:
        err_set(why, ERR_HALTED,
                "the guard %.200s has seen %s signed, last by %s at %s, and %.200s has %s: this is a backup "
                "that was restored, a copy, or a disk that was set back",
                path, theirs, state->by, at, j->dir, ours);
        break;
    case GUARD_HAS_OTHER:
        err_set(why, ERR_HALTED,
                "the guard %.200s has seen %s signed, last by %s at %s, and %.200s has %s: another copy of "
                "it has gone on in another way",
                path, theirs, state->by, at, j->dir, ours);
        break;
    case GUARD_HAS_LESS:
        err_set(why, ERR_HALTED,
                "the guard %.200s has seen no more than %s signed, last by %s at %s, and %.200s has %s: the "
                "guard was set back or restored",
                path, theirs, state->by, at, j->dir, ours);
        break;
    case GUARD_UNSURE:
        err_set(why, ERR_HALTED,
                "the guard %.200s has seen %s signed, and that %s was about to sign more at %s, in another "
                "file than %.200s, which cannot know whether it has: this is a copy of it",
                path, theirs, state->by, at, j->dir);
        break;
    }
}

static void explain_missing(const char *path, const struct err *what, struct err *why)
{
    err_set(why, ERR_HALTED, "its guard %.200s, without which nothing is signed, cannot be read: %.400s",
            path, what->text);
}

bool journal_guard_read(struct guard *g, bool is_shared, struct journal_guard *row)
{
    struct err what = {.code = ERR_OK};

    snprintf(row->path, sizeof row->path, "%s", guard_path(g));
    row->why.code = ERR_OK;
    row->is_read = guard_lock(g, is_shared, &row->state, &what) == ERR_OK;
    if (!row->is_read)
        explain_missing(row->path, &what, &row->why);
    return row->is_read;
}

void journal_guard_judge(const struct journal *j, const struct guard_tree *tree, struct journal_guard *row)
{
    if (!row->is_read)
        return;
    row->verdict = guard_judge(&row->state, tree, store_file_number(j->store));
    explain(j, row->path, &row->state, row->verdict, tree, &row->why);
}

enum err_code journal_guard_refuse(const struct journal *j, const struct journal_guard *row, struct err *err)
{
    return err_set(
        err, ERR_HALTED,
        "%s takes no entries: %.800s. %s two persons sign that this journal goes on: ledger help recover",
        j->dir, row->why.text,
        row->is_read ? "Use the journal that has gone on; if there is none,"
                     : "Put it back, or mount what holds it; if it is lost,");
}

enum err_code journal_guard_check(struct journal *j, struct store_txn *t, struct err *err)
{
    const struct guard_tree tree = {j->size, j->root};
    struct journal_guard row;

    const enum err_code rc = read_row(j, t, err);
    if (rc)
        return rc;
    for (unsigned i = 0; i < j->watch.count; i++) {
        if (journal_guard_read(j->watch.guards[i], true, &row))
            guard_unlock(j->watch.guards[i]);
        journal_guard_judge(j, &tree, &row);
        if (row.why.code)
            return journal_guard_refuse(j, &row, err);
    }
    return ERR_OK;
}

/* -- looking --------------------------------------------------------------------------------------------- */

bool journal_guards_agree(const struct journal_guards *found)
{
    bool agree = !found->is_halted;

    for (unsigned i = 0; i < found->count; i++)
        agree = agree && found->rows[i].why.code == ERR_OK;
    return agree;
}

void journal_guards_known(const struct journal_guards *found, struct guard_tree *known)
{
    memset(known, 0, sizeof *known);
    for (unsigned i = 0; i < found->count; i++) {
        if (!found->rows[i].is_read)
            continue;
        const struct guard_tree *const newest = guard_newest(&found->rows[i].state);
        if (newest->size > known->size)
            *known = *newest;
    }
}

/* The newest seal that a snapshot has. */
static enum err_code sealed_tree(struct journal *j, struct store_txn *t, struct guard_tree *tree,
                                 struct err *err)
{
    const char *note = NULL;
    size_t note_size = 0;
    struct seal seal;
    bool found = false;

    enum err_code rc = store_last_seal(t, &tree->size, err);
    if (!rc)
        rc = store_get_seal(t, tree->size, &note, &note_size, &found, err);
    if (!rc && !found)
        rc = err_set(err, ERR_FORMAT, "%s has no seal", j->dir);
    if (!rc)
        rc = journal_seal_of(j, tree->size, note, note_size, &seal, err);
    if (!rc)
        tree->root = seal.root;
    return rc;
}

void journal_guards_unlock(struct journal_watch *w)
{
    for (unsigned i = 0; i < w->count; i++)
        guard_unlock(w->guards[i]);
}

/* With the guards locked nobody is between the first step of a group and its last. */
static enum err_code look_locked(struct journal *j, struct journal_guards *found, struct err *err)
{
    struct store_txn *t = NULL;

    enum err_code rc = store_read_begin(j->store, &t, err);
    if (!rc)
        rc = sealed_tree(j, t, &found->tree, err);
    if (!rc)
        rc = journal_halted(t, found->halted, &found->is_halted, err);
    store_txn_end(t);
    for (unsigned i = 0; i < found->count && !rc; i++)
        journal_guard_judge(j, &found->tree, &found->rows[i]);
    return rc;
}

enum err_code journal_guards_look(struct journal *j, struct journal_guards *found, struct err *err)
{
    struct store_txn *t = NULL;

    REQUIRE(!j->watch.is_locked);
    enum err_code rc = store_read_begin(j->store, &t, err);
    if (!rc)
        rc = read_row(j, t, err);
    store_txn_end(t);
    if (rc)
        return rc;
    found->count = j->watch.count;
    for (unsigned i = 0; i < found->count; i++)
        (void)journal_guard_read(j->watch.guards[i], true, &found->rows[i]);
    rc = look_locked(j, found, err);
    journal_guards_unlock(&j->watch);
    return rc;
}

/* Under the writer lock nobody commits. */
enum err_code journal_guards_fill(struct journal *j, struct store_txn *t, struct journal_guards *found,
                                  struct err *err)
{
    enum err_code rc = journal_halted(t, found->halted, &found->is_halted, err);
    if (!rc)
        rc = read_row(j, t, err);
    if (rc)
        return rc;
    found->tree = (struct guard_tree){j->size, j->root};
    found->count = j->watch.count;
    for (unsigned i = 0; i < found->count; i++) {
        if (journal_guard_read(j->watch.guards[i], true, &found->rows[i]))
            guard_unlock(j->watch.guards[i]);
        journal_guard_judge(j, &found->tree, &found->rows[i]);
    }
    return ERR_OK;
}

enum err_code journal_guards_demand(struct journal *j, struct err *err)
{
    struct journal_guards found;

    const enum err_code rc = journal_guards_look(j, &found, err);
    if (rc || journal_guards_agree(&found))
        return rc;
    if (found.is_halted)
        return err_set(err, ERR_HALTED, "%s signs nothing: halted at %s", j->dir, found.halted);
    const bool is_first = found.rows[0].why.code != ERR_OK;
    return journal_guard_refuse(j, &found.rows[is_first ? 0 : 1], err);
}
