#include "incident/hypothesis.h"

#include "ledger/file.h"
#include "ledger/roles.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOCK ".writing" /* the folder itself is locked by who opens a vault */

enum { GROUP_MAX = 20000 };

struct writer {
    const struct hypothesis_options *options;
    struct course_walk walk;
    char place[PATH_MAX]; /* where it is written */
    int lock_fd;          /* of the file that says that it is written; -1: it is not ours */
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
        if (w->options->interrupted && *w->options->interrupted)
            rc = err_set(err, ERR_HALTED, "interrupted, and nothing is left of it");
        else
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
        .dir = w->place, .now_ns = clock_of, .now_arg = w, .is_hypothetical = true};
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

/* -- its place ------------------------------------------------------------------------------------------ */

static bool is_dots(const char *name)
{
    return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

static bool is_name_of_journal(const char *name)
{
    static const char *const begins[] = {"journal.", "index.mdb", "vault", LOCK};

    for (size_t i = 0; i < sizeof begins / sizeof begins[0]; i++) {
        if (strncmp(name, begins[i], strlen(begins[i])) == 0)
            return true;
    }
    return is_dots(name);
}

/* Nothing that somebody else has put there is ever taken away. */
static enum err_code check_names(const char *dir, bool (*is_allowed)(const char *), const char *why,
                                 struct err *err)
{
    DIR *const d = opendir(dir);
    enum err_code rc = ERR_OK;

    if (!d && errno == ENOENT)
        return ERR_OK;
    if (!d)
        return err_set(err, ERR_IO, "%s: %s", dir, strerror(errno));
    for (const struct dirent *row = readdir(d); row && !rc; row = readdir(d)) {
        if (!is_allowed(row->d_name))
            rc = err_set(err, ERR_EXISTS, "%s %s", dir, why);
    }
    closedir(d);
    return rc;
}

static enum err_code check_empty(const char *dir, struct err *err)
{
    return check_names(dir, is_dots, "is not empty: a course is written into a folder of its own", err);
}

static void clear(const char *dir, bool is_all)
{
    DIR *const d = opendir(dir);

    if (!d)
        return;
    for (const struct dirent *row = readdir(d); row; row = readdir(d)) {
        if (!is_dots(row->d_name) && (is_all || strcmp(row->d_name, LOCK) != 0))
            (void)unlinkat(dirfd(d), row->d_name, 0);
    }
    closedir(d);
}

static enum err_code name_place(struct writer *w, struct err *err)
{
    size_t length = strlen(w->options->dir);

    while (length > 1 && w->options->dir[length - 1] == '/')
        length--;
    const int size = snprintf(w->place, sizeof w->place, "%.*s.unfinished", (int)length, w->options->dir);
    return size > 0 && (size_t)size < sizeof w->place
               ? ERR_OK
               : err_set(err, ERR_INPUT, "%s: the name is too long", w->options->dir);
}

/* The file that we hold the lock on is still the one of this name: nobody has finished the folder meanwhile. */
static bool is_still_there(const char *name, int fd)
{
    struct stat held;
    struct stat named;

    return fstat(fd, &held) == 0 && lstat(name, &named) == 0 && held.st_dev == named.st_dev &&
           held.st_ino == named.st_ino;
}

/* Makes the place, or takes over what is left of a killed writer. */
static enum err_code claim(struct writer *w, struct err *err)
{
    char name[PATH_MAX + sizeof LOCK + 1];

    snprintf(name, sizeof name, "%s/" LOCK, w->place);
    if (mkdir(w->place, 0700) != 0 && errno != EEXIST)
        return err_set(err, ERR_IO, "%s: %s", w->place, strerror(errno));
    enum err_code rc =
        check_names(w->place, is_name_of_journal,
                    "holds what no course that was left unfinished has; it is in the way", err);
    const int fd = rc ? -1 : file_open(name, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return rc ? rc : err_set(err, ERR_IO, "%s: %s", name, strerror(errno));
    if (flock(fd, LOCK_EX | LOCK_NB) != 0 || !is_still_there(name, fd)) {
        (void)file_close(fd);
        return err_set(err, ERR_EXISTS, "another program is writing %s just now", w->place);
    }
    clear(w->place, false);
    w->lock_fd = fd;
    return ERR_OK;
}

static enum err_code sync_folder(const char *dir, struct err *err)
{
    const int fd = file_open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
    const bool is_done = fd >= 0 && file_sync(fd) == 0;
    const int why = errno;

    if (fd >= 0)
        (void)file_close(fd);
    return is_done ? ERR_OK : err_set(err, ERR_IO, "%s: %s", dir, strerror(why));
}

static enum err_code sync_parent(const char *dir, struct err *err)
{
    char parent[PATH_MAX];
    const char *const slash = strrchr(dir, '/');
    const size_t length = !slash ? 0 : slash == dir ? 1 : (size_t)(slash - dir);

    snprintf(parent, sizeof parent, "%.*s", length ? (int)length : 1, length ? dir : ".");
    return sync_folder(parent, err);
}

/* From here on it is there under its name, whole. The lock goes last: nobody takes the place for a leftover. */
static enum err_code finish(struct writer *w, struct err *err)
{
    char name[PATH_MAX + sizeof LOCK + 1];
    const enum err_code rc = sync_folder(w->place, err);

    if (rc)
        return rc;
    if (rename(w->place, w->options->dir) != 0) {
        if (errno == ENOTEMPTY || errno == EEXIST)
            return err_set(err, ERR_EXISTS, "%s is not empty any more", w->options->dir);
        return err_set(err, ERR_IO, "%s: %s", w->options->dir, strerror(errno));
    }
    snprintf(name, sizeof name, "%s/" LOCK, w->options->dir);
    (void)unlink(name);
    (void)file_close(w->lock_fd);
    w->lock_fd = -1;
    return sync_parent(w->place, err);
}

static void give_up(struct writer *w)
{
    if (w->lock_fd < 0)
        return;
    clear(w->place, true);
    (void)rmdir(w->place);
    (void)file_close(w->lock_fd);
}

enum err_code hypothesis_write(const struct course *c, struct journal_reader *r,
                               const struct hypothesis_options *options, struct seal *seal, struct err *err)
{
    struct writer *const w = calloc(1, sizeof *w);

    if (!w)
        return err_set(err, ERR_MEMORY, "out of memory");
    w->options = options;
    w->seal = seal;
    w->lock_fd = -1;
    course_walk_begin(&w->walk, c, r, 1);
    enum err_code rc = check_empty(options->dir, err);
    if (!rc)
        rc = name_place(w, err);
    if (!rc)
        rc = claim(w, err);
    if (!rc)
        rc = make(w, err);
    if (!rc)
        rc = write_all(w, err);
    journal_close(w->journal);
    if (!rc)
        rc = finish(w, err);
    give_up(w);
    free(w);
    return rc;
}
