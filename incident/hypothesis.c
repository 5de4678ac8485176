#include "incident/hypothesis.h"

#include "ledger/roles.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { GROUP_MAX = 20000 };

struct writer {
    const struct hypothesis_options *options;
    struct course_walk walk;
    struct journal *journal;
    struct journal_group *group;
    uint64_t group_first;
    int64_t now_ns; /* what the scratch journal's clock says */
    struct seal *seal;
    struct entry entry;
    struct entry note;
    char text[160];
};

static int64_t clock_of(void *context)
{
    const struct writer *const w = context;

    return w->now_ns;
}

/* -- what cannot be carried over ------------------------------------------------------------------------ */

static bool is_lost(enum entry_kind kind)
{
    return kind == ENTRY_CONTROL_KEY || kind == ENTRY_CONTROL_ACTOR_KEY || kind == ENTRY_CONTROL_REVOCATION ||
           kind == ENTRY_CONTROL_PROPOSAL || kind == ENTRY_CONTROL_APPROVAL ||
           kind == ENTRY_CONTROL_RECOVERY || kind == ENTRY_CONTROL_SNAPSHOT;
}

static struct entry *note_of(struct writer *w, const struct entry *e)
{
    snprintf(w->text, sizeof w->text, "not carried over: %s", entry_kind_find((unsigned)e->kind)->text);
    memset(&w->note, 0, sizeof w->note);
    w->note.kind = ENTRY_CONTROL_NOTE;
    w->note.at_ns = INSTANT_NONE;
    w->note.as.control_note.text = text_from(w->text);
    return &w->note;
}

static enum err_code prepare_actor(struct writer *w, struct entry *e, struct err *err)
{
    struct entry_control_actor *const a = &e->as.control_actor;

    if (a->role == ROLE_OWNER)
        a->role = ROLE_OPERATOR;
    return journal_make_key(w->journal, a->name.text, a->key.bytes, err);
}

/* *e as the scratch journal takes it: a draft, signed where it was, or must be. */
static enum err_code prepare(struct writer *w, struct entry **e, struct err *err)
{
    struct entry *draft = *e;
    enum err_code rc = ERR_OK;

    if (is_lost(draft->kind))
        *e = draft = note_of(w, draft);
    else if (draft->kind == ENTRY_CONTROL_ACTOR)
        rc = prepare_actor(w, draft, err);
    draft->seq = 0;
    draft->recorded_at_ns = 0;
    if (rc || (!draft->is_signed && !entry_kind_needs_signature(draft->kind)))
        return rc;
    draft->is_signed = false;
    return journal_sign(w->journal, draft, err);
}

/* -- writing -------------------------------------------------------------------------------------------- */

static enum err_code commit(struct writer *w, struct err *err)
{
    struct journal_group *const g = w->group;

    w->group = NULL;
    return g ? journal_group_commit(g, w->seal, err) : ERR_OK;
}

/* A group is what was recorded at one instant. */
static enum err_code begin(struct writer *w, const struct entry *e, struct err *err)
{
    enum err_code rc = ERR_OK;

    if (w->group && w->now_ns == e->recorded_at_ns && e->seq - w->group_first < GROUP_MAX)
        return ERR_OK;
    rc = commit(w, err);
    w->now_ns = e->recorded_at_ns;
    w->group_first = e->seq;
    return rc ? rc : journal_group_begin(w->journal, &w->group, err);
}

static enum err_code write_one(struct writer *w, struct err *err)
{
    struct entry *e = &w->entry;
    const uint64_t seq = e->seq;
    enum err_code rc = begin(w, e, err);

    if (!rc)
        rc = prepare(w, &e, err);
    if (!rc)
        rc = journal_group_add(w->group, e, err);
    REQUIRE(rc || e->seq == seq);
    return rc ? err_wrap(err, "entry %llu of the course", (unsigned long long)seq) : ERR_OK;
}

static enum err_code write_all(struct writer *w, struct err *err)
{
    const uint64_t size = course_size(w->walk.course);
    bool found = true;
    enum err_code rc = ERR_OK;

    while (!rc) {
        rc = course_next(&w->walk, &w->entry, NULL, &found, err);
        if (rc || !found)
            break;
        rc = write_one(w, err);
        if (w->options->progress && (w->walk.next & 0xfff) == 0)
            w->options->progress(w->options->context, w->walk.next, size);
    }
    if (!rc)
        rc = commit(w, err);
    journal_group_abort(w->group);
    w->group = NULL;
    return rc;
}

/* -- the journal ---------------------------------------------------------------------------------------- */

static enum err_code make(struct writer *w, struct err *err)
{
    const struct hypothesis_options *const o = w->options;
    const struct journal_options journal = {
        .dir = o->dir, .now_ns = clock_of, .now_arg = w, .is_hypothetical = true};
    struct actor_rows *const first = &w->entry.as.control_genesis.actors;
    char origin[JOURNAL_ORIGIN_MAX + 1];
    bool found = false;
    enum err_code rc = course_next(&w->walk, &w->entry, NULL, &found, err);

    if (rc)
        return rc;
    REQUIRE(found && w->entry.kind == ENTRY_CONTROL_GENESIS);
    if (sizeof JOURNAL_HYPOTHETICAL + strlen(o->origin) > sizeof origin)
        return err_set(err, ERR_INPUT, "the origin %s is too long to be put behind %s", o->origin,
                       JOURNAL_HYPOTHETICAL);
    snprintf(origin, sizeof origin, "%s%s", JOURNAL_HYPOTHETICAL, o->origin);
    for (unsigned i = 0; i < first->count; i++) {
        memset(first->rows[i].key, 0, sizeof first->rows[i].key);
        if (first->rows[i].role == ROLE_OWNER)
            first->rows[i].role = ROLE_OPERATOR;
    }
    w->now_ns = w->entry.recorded_at_ns;
    rc = journal_create(&journal, origin, o->passphrase, first, err);
    if (!rc)
        rc = journal_open(&journal, &w->journal, err);
    if (!rc)
        rc = journal_unlock(w->journal, o->passphrase, err);
    return rc;
}

/* Nothing that somebody else has put there is ever taken away. */
static enum err_code check_empty(const char *dir, bool *is_there, struct err *err)
{
    DIR *const d = opendir(dir);
    bool is_empty = true;

    *is_there = d != NULL;
    if (!d && errno == ENOENT)
        return ERR_OK;
    if (!d)
        return err_set(err, ERR_IO, "%s: %s", dir, strerror(errno));
    for (const struct dirent *row = readdir(d); row; row = readdir(d))
        is_empty = is_empty && (strcmp(row->d_name, ".") == 0 || strcmp(row->d_name, "..") == 0);
    closedir(d);
    return is_empty ? ERR_OK
                    : err_set(err, ERR_EXISTS,
                              "%s is not empty: a course is written into a folder of its own", dir);
}

static void clear(const char *dir, bool was_there)
{
    DIR *const d = opendir(dir);

    if (!d)
        return;
    for (const struct dirent *row = readdir(d); row; row = readdir(d)) {
        if (strcmp(row->d_name, ".") != 0 && strcmp(row->d_name, "..") != 0)
            (void)unlinkat(dirfd(d), row->d_name, 0);
    }
    closedir(d);
    if (!was_there)
        (void)rmdir(dir);
}

enum err_code hypothesis_write(const struct course *c, struct journal_reader *r,
                               const struct hypothesis_options *options, struct seal *seal, struct err *err)
{
    bool was_there = false;
    struct writer *const w = calloc(1, sizeof *w);

    if (!w)
        return err_set(err, ERR_MEMORY, "out of memory");
    w->options = options;
    w->seal = seal;
    course_walk_begin(&w->walk, c, r, 1);
    enum err_code rc = check_empty(options->dir, &was_there, err);
    const bool is_ours = rc == ERR_OK;
    if (!rc)
        rc = make(w, err);
    if (!rc)
        rc = write_all(w, err);
    journal_close(w->journal);
    if (rc && is_ours)
        clear(options->dir, was_there);
    free(w);
    return rc;
}
