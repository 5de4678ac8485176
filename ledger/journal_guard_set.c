/* The guards of a group that is being committed, and setting them. */
#include "ledger/journal_state.h"

#include <stdio.h>
#include <stdlib.h>

/* -- committing ------------------------------------------------------------------------------------------ */

static struct guard_state state_of(const struct journal *j, const struct journal_group *g,
                                   const struct guard_tree *last)
{
    struct guard_state state = {
        .last = *last, .file = store_file_number(j->store), .at_ns = g->recorded_at_ns};

    guard_by(state.by, j->watch.by);
    return state;
}

/* What this handle may set one to: it agrees, or two persons sign that it does not matter, having seen this state. */
static enum err_code may_set(const struct journal *j, const struct journal_group *g, unsigned i,
                             const struct guard_tree *before, struct journal_guard *row, struct err *err)
{
    const struct journal_guards *const seen = g->recovery;

    if (!seen) {
        journal_guard_judge(j, before, row);
        return row->why.code ? journal_guard_refuse(j, row, err) : ERR_OK;
    }
    if (row->is_read == seen->rows[i].is_read &&
        (!row->is_read || row->state.number == seen->rows[i].state.number))
        return ERR_OK;
    return err_set(err, ERR_CHAIN, "the guard %.500s has changed meanwhile: look again, and sign again",
                   row->path);
}

static enum err_code lock_guards(struct journal *j, struct journal_group *g, const struct guard_tree *before,
                                 struct err *err)
{
    struct journal_watch *const w = &j->watch;
    struct journal_guard row;
    enum err_code rc = ERR_OK;

    w->is_locked = true;
    for (unsigned i = 0; i < w->count && !rc; i++) {
        w->is_read[i] = journal_guard_read(w->guards[i], false, &row);
        w->known[i] = w->is_read[i] ? *guard_newest(&row.state) : (struct guard_tree){.size = 0};
        rc = may_set(j, g, i, before, &row, err);
    }
    return rc;
}

static bool is_among(const struct journal_guard_set *set, const char *path)
{
    for (unsigned i = 0; i < set->count; i++) {
        if (strcmp(set->paths[i], path) == 0)
            return true;
    }
    return false;
}

static bool is_watched(const struct journal_watch *w, const char *path)
{
    for (unsigned i = 0; i < w->count; i++) {
        if (w->is_read[i] && strcmp(guard_path(w->guards[i]), path) == 0)
            return true;
    }
    return false;
}

/*
 * What lies there already is good if it is a guard of this journal that agrees: it was set before, or left by a set that
 * did not come to its end. Else *err, which says what it is, stays.
 */
static enum err_code adopt(struct journal *j, const char *path, const struct guard_tree *before,
                           struct guard_state *state, struct err *err)
{
    struct guard *guard = NULL;
    struct journal_guard row;

    enum err_code rc = guard_new(path, j->vkey, &guard, err);
    if (rc)
        return rc;
    if (!journal_guard_read(guard, false, &row))
        rc = ERR_EXISTS;
    else
        journal_guard_judge(j, before, &row);
    if (!rc && row.why.code)
        rc = err_set(err, ERR_EXISTS, "%.800s. It is there already: name another place", row.why.text);
    if (!rc)
        rc = guard_write(guard, state, true, err);
    guard_free(guard);
    return rc;
}

static bool is_in_row(const struct journal_watch *w, const char *path)
{
    for (unsigned i = 0; i < w->count; i++) {
        if (strcmp(guard_path(w->guards[i]), path) == 0)
            return true;
    }
    return false;
}

/* Those that are new; in a recovery also those that are gone or damaged, in their old places. */
static enum err_code make_guards(struct journal *j, struct journal_group *g, const struct guard_tree *before,
                                 struct guard_state *state, struct err *err)
{
    enum err_code rc = ERR_OK;

    for (unsigned i = 0; i < g->guards.count && !rc; i++) {
        const char *const path = g->guards.paths[i];
        if (is_watched(&j->watch, path))
            continue;
        state->number = 1;
        if (g->recovery)
            state->last = (struct guard_tree){.size = 0};
        rc = guard_create(path, j->vkey, state, g->recovery && is_in_row(&j->watch, path), err);
        g->guards.is_made[i] = !rc;
        if (rc == ERR_EXISTS && !is_in_row(&j->watch, path))
            rc = adopt(j, path, before, state, err);
        g->guards.is_new[i] = !rc;
    }
    return rc;
}

/*
 * A recovery takes nothing back before it is committed: until then a guard knows the tree it knew, and this journal does
 * not agree with it; nor with one that was made for it.
 */
enum err_code journal_guard_intend(struct journal_group *g, const struct guard_tree *next, struct err *err)
{
    struct journal *const j = g->journal;
    const struct guard_tree before = {g->before, j->root};
    struct guard_state state = state_of(j, g, &before);

    if (j->watch.is_locked) /* the group is written a second time */
        return ERR_OK;
    state.has_next = true;
    state.next = *next;
    enum err_code rc = lock_guards(j, g, &before, err);
    if (!rc) /* first what can be taken back */
        rc = make_guards(j, g, &before, &state, err);
    for (unsigned i = 0; i < j->watch.count && !rc; i++) {
        state.last = g->recovery ? j->watch.known[i] : before;
        if (j->watch.is_read[i])
            rc = guard_write(j->watch.guards[i], &state, true, err);
    }
    return rc;
}

/* A path a line, in order: so all who have the same ones lock them in the same order. */
enum err_code journal_guard_write_row(struct journal_group *g, struct err *err)
{
    char row[GUARD_ROW_MAX + 1];
    size_t size = 0;

    if (!g->guards.is_set)
        return ERR_OK;
    if (g->guards.count == 0)
        return store_drop_meta(g->txn, JOURNAL_GUARD_ROW, err);
    for (unsigned i = 0; i < g->guards.count; i++)
        size += (size_t)snprintf(row + size, sizeof row - size, "%s\n", g->guards.paths[i]);
    return store_put_meta(g->txn, JOURNAL_GUARD_ROW, row, size, err);
}

/* Not synced, and nothing is lost if it fails: the state before allows it, too. */
static void confirm(struct guard *guard, struct guard_state *state)
{
    const enum err_code rc = guard_write(guard, state, false, NULL);
    (void)rc;
}

void journal_guard_confirm(struct journal_group *g, const struct guard_tree *now)
{
    struct journal *const j = g->journal;
    struct guard_state state = state_of(j, g, now);
    struct guard_state found;

    for (unsigned i = 0; i < j->watch.count; i++) {
        if (j->watch.is_read[i])
            confirm(j->watch.guards[i], &state);
    }
    for (unsigned i = 0; i < g->guards.count; i++) {
        struct guard *made = NULL;
        if (g->guards.is_new[i] && guard_new(g->guards.paths[i], j->vkey, &made, NULL) == ERR_OK &&
            guard_lock(made, false, &found, NULL) == ERR_OK)
            confirm(made, &state);
        guard_free(made);
    }
}

void journal_guard_keep(struct journal_group *g)
{
    memset(g->guards.is_made, 0, sizeof g->guards.is_made);
}

void journal_guard_end(struct journal_group *g)
{
    struct journal *const j = g->journal;

    journal_guards_unlock(&j->watch);
    j->watch.is_locked = false;
    for (unsigned i = 0; i < g->guards.count; i++) {
        if (g->guards.is_made[i])
            guard_remove(g->guards.paths[i], j->vkey);
        free(g->guards.paths[i]);
    }
    memset(&g->guards, 0, sizeof g->guards);
}

/* -- setting --------------------------------------------------------------------------------------------- */

static enum err_code check_persons(const struct actors *a, struct err *err)
{
    unsigned persons = 0;

    for (uint32_t i = 0; i < a->count; i++)
        persons += a->rows[i].role == ROLE_OWNER || a->rows[i].role == ROLE_OPERATOR ||
                   a->rows[i].role == ROLE_COMPLIANCE;
    if (persons >= 2)
        return ERR_OK;
    return err_set(
        err, ERR_INPUT,
        "a journal with a guard may need two persons who sign that it goes on, and this one knows %u: name "
        "them first (ledger actor add NAME --role owner, operator or compliance)",
        persons);
}

static enum err_code add_path(struct journal_group *g, const char *path, struct err *err)
{
    struct journal_guard_set *const set = &g->guards;
    char absolute[PATH_MAX];

    const enum err_code rc = guard_absolute(path, g->journal->dir, absolute, err);
    if (rc)
        return rc;
    if (is_among(set, absolute))
        return err_set(err, ERR_INPUT, "the guard %.500s is named twice", absolute);
    char *const copy = strdup(absolute);
    if (!copy)
        return err_set(err, ERR_MEMORY, "out of memory");
    set->paths[set->count++] = copy;
    return ERR_OK;
}

enum err_code journal_guards_set(struct journal_group *g, const char *const *paths, size_t count,
                                 struct err *err)
{
    struct journal_guard_set *const set = &g->guards;

    REQUIRE(!set->is_set && count <= GUARD_MAX);
    enum err_code rc = count > 0 ? check_persons(&g->journal->actors, err) : ERR_OK;
    for (size_t i = 0; i < count && !rc; i++)
        rc = add_path(g, paths[i], err);
    if (rc)
        return rc;
    if (set->count == 2 && strcmp(set->paths[0], set->paths[1]) > 0) {
        char *const first = set->paths[1];
        set->paths[1] = set->paths[0];
        set->paths[0] = first;
    }
    set->is_set = true;
    return ERR_OK;
}

enum err_code journal_guards_keep(struct journal_group *g, struct err *err)
{
    const struct journal_watch *const w = &g->journal->watch;
    struct journal_guard_set *const set = &g->guards;

    for (unsigned i = 0; i < w->count && !set->is_set; i++) {
        set->paths[i] = strdup(guard_path(w->guards[i]));
        if (!set->paths[i])
            return err_set(err, ERR_MEMORY, "out of memory");
        set->count++;
    }
    set->is_set = true;
    return ERR_OK;
}
