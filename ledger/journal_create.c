/*
 * Making a journal. Until the last step the new file is called `journal.mdb.new`: so a directory holds a
 * whole journal or none. Whoever has made the vault owns the directory; a second init stops there.
 *
 * 1. Check the names.  2. Make the directory.  3. Make the vault and the keys.  4. Write genesis, sealed,
 * into the new file, and its guards.  5. Give the file its name, and sync the directory and its parent.
 */
#include "ledger/journal_state.h"

#include "ledger/file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define NEW_FILE_NAME      JOURNAL_FILE_NAME ".new"
#define NEW_LOCK_FILE_NAME JOURNAL_FILE_NAME ".new-lock"

struct creation {
    const struct journal_options *options;
    const struct secret *passphrase;
    struct vault *vault;
    char *file; /* its final name */
    char *new_file;
    char *new_lock;
    char *vault_file;
    char *parent;
    char vkey[NOTE_VKEY_TEXT_SIZE]; /* once it is known */
    bool has_made_dir;
    bool has_made_vault;
};

static enum err_code no_memory(const char *dir, struct err *err)
{
    return err_set(err, ERR_MEMORY, "%s: out of memory", dir);
}

static enum err_code creation_init(struct creation *c, const struct journal_options *options,
                                   const struct secret *passphrase, struct err *err)
{
    *c = (struct creation){.options = options, .passphrase = passphrase};
    c->file = journal_path(options->dir, JOURNAL_FILE_NAME);
    c->new_file = journal_path(options->dir, NEW_FILE_NAME);
    c->new_lock = journal_path(options->dir, NEW_LOCK_FILE_NAME);
    c->vault_file = journal_path(options->dir, VAULT_FILE_NAME);
    c->parent = journal_path(options->dir, "..");
    return c->file && c->new_file && c->new_lock && c->vault_file && c->parent ? ERR_OK
                                                                               : no_memory(options->dir, err);
}

static void creation_release(struct creation *c)
{
    vault_close(c->vault);
    free(c->file);
    free(c->new_file);
    free(c->new_lock);
    free(c->vault_file);
    free(c->parent);
}

/* Removes what this creation has made, and nothing else. */
static void undo(const struct creation *c)
{
    for (size_t i = 0; i < c->options->guard_count && c->vkey[0]; i++)
        guard_remove(c->options->guards[i], c->vkey);
    if (c->has_made_vault) {
        (void)unlink(c->file);
        (void)unlink(c->new_file);
        (void)unlink(c->new_lock);
        (void)unlink(c->vault_file);
        char *const left =
            journal_path(c->options->dir, VAULT_FILE_NAME ".new"); /* of a change that could not be ended */
        if (left)
            (void)unlink(left);
        free(left);
    }
    if (c->has_made_dir)
        (void)rmdir(c->options->dir);
}

/* The genesis of an origin and its first actors, as far as it is known before there are keys. */
static enum err_code draft_genesis(const char *origin, const struct actor_rows *first, struct entry *e,
                                   struct err *err)
{
    const size_t length = strlen(origin);
    struct err why = {.code = ERR_OK};

    if (length > JOURNAL_ORIGIN_MAX)
        return err_set(err, ERR_INPUT, "the origin has %zu bytes where %d are allowed", length,
                       JOURNAL_ORIGIN_MAX);
    if (note_name_check(origin, length, &why))
        return err_set(err, ERR_INPUT, "the origin \"%s\" cannot name a journal: %s", origin, why.text);
    memset(e, 0, sizeof *e);
    e->kind = ENTRY_CONTROL_GENESIS;
    e->at_ns = INSTANT_NONE;
    e->as.control_genesis.origin = text_from(origin);
    e->as.control_genesis.actors = *first;

    struct actors *const actors = malloc(sizeof *actors);
    if (!actors)
        return no_memory(origin, err);
    actors_init(actors);
    enum err_code rc = ERR_OK;
    if (actors_apply(actors, e, &why))
        rc = err_set(err, ERR_INPUT, "the first actors: %s", why.text);
    free(actors);
    return rc;
}

static enum err_code make_dir(struct creation *c, struct err *err)
{
    const char *const dir = c->options->dir;
    struct stat found;

    if (mkdir(dir, 0700) == 0) {
        c->has_made_dir = true;
        return ERR_OK;
    }
    if (errno != EEXIST)
        return err_set(err, ERR_IO, "cannot make the directory %s: %s", dir, strerror(errno));
    if (stat(dir, &found) != 0 || !S_ISDIR(found.st_mode))
        return err_set(err, ERR_IO, "%s is there, but is no directory", dir);
    if (stat(c->file, &found) == 0)
        return err_set(err, ERR_EXISTS, "there is a journal in %s already", dir);
    return ERR_OK;
}

static enum err_code make_vault(struct creation *c, struct err *err)
{
    struct err why = {.code = ERR_OK};
    const char *const dir = c->options->dir;

    const enum err_code rc = vault_create(&c->vault, dir, c->passphrase, NULL, &why);
    if (rc == ERR_EXISTS)
        return err_set(
            err, ERR_EXISTS,
            "%s has a vault but no journal: an init was interrupted, or is under way. If its keys are "
            "of no use, remove %s, and try again",
            dir, c->vault_file);
    if (rc)
        return err_set(err, rc, "%s", why.text);
    c->has_made_vault = true;
    return vault_add(c->vault, JOURNAL_KEY_NAME, NULL, err);
}

static bool has_key(const struct actor_row *row)
{
    static const uint8_t none[sizeof row->key];

    return memcmp(row->key, none, sizeof none) != 0;
}

static enum err_code make_keys(struct creation *c, struct entry_control_genesis *genesis, struct err *err)
{
    enum err_code rc = make_vault(c, err);

    if (!rc)
        rc = vault_public_key(c->vault, JOURNAL_KEY_NAME, genesis->key.bytes, err);
    for (unsigned i = 0; i < genesis->actors.count && !rc; i++) {
        struct actor_row *const row = &genesis->actors.rows[i];
        if (has_key(row))
            continue;
        rc = vault_add(c->vault, row->name.text, NULL, err);
        if (!rc)
            rc = vault_public_key(c->vault, row->name.text, row->key, err);
    }
    return rc;
}

static enum err_code append_genesis(struct creation *c, struct journal *j, struct entry *genesis,
                                    struct err *err)
{
    const struct journal_options *const options = c->options;
    struct journal_group *g;

    enum err_code rc = journal_adopt_genesis(j, &genesis->as.control_genesis, err);
    if (!rc)
        rc = journal_group_begin(j, &g, err);
    if (rc)
        return rc;
    memcpy(c->vkey, j->vkey, sizeof c->vkey);
    rc = journal_group_add(g, genesis, err);
    if (!rc && options->guard_count > 0)
        rc = journal_guards_set(g, options->guards, options->guard_count, err);
    if (rc) {
        journal_group_abort(g);
        return rc;
    }
    return journal_group_commit(g, NULL, err);
}

/* Writes the new file whole, under its interim name. */
static enum err_code write_file(struct creation *c, struct entry *genesis, struct err *err)
{
    struct journal *j;

    (void)unlink(c->new_file); /* left by an init that was killed, and whose vault was removed since */
    (void)unlink(c->new_lock);
    enum err_code rc = journal_new(c->options, &j, err);
    if (rc)
        return rc;
    rc = store_open(j->dir, c->new_file, STORE_CREATE, c->options->map_size, &j->store, err);
    if (!rc) {
        j->vault = c->vault;
        rc = append_genesis(c, j, genesis, err);
        j->vault = NULL;
    }
    journal_close(j);
    return rc;
}

static int sync_dir(const char *path)
{
    const int fd = file_open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
    int rc = 0;

    if (fd < 0 || file_sync(fd) != 0)
        rc = errno;
    if (fd >= 0)
        (void)close(fd);
    return rc;
}

/*
 * The directory's own name is synced also where the directory was there before: whoever made it, an init that was
 * cut off perhaps, need not have done so. Unless it lies where we may not look: then it is not for us to sync.
 */
static int sync_parent(const struct creation *c)
{
    const int rc = sync_dir(c->parent);

    return rc == EACCES && !c->has_made_dir ? 0 : rc;
}

static enum err_code publish(const struct creation *c, struct err *err)
{
    int rc = rename(c->new_file, c->file) == 0 ? 0 : errno;

    if (!rc)
        (void)unlink(c->new_lock);
    if (!rc)
        rc = sync_dir(c->options->dir);
    if (!rc)
        rc = sync_parent(c);
    return rc ? err_set(err, ERR_IO, "%s: cannot finish the new journal: %s", c->options->dir, strerror(rc))
              : ERR_OK;
}

enum err_code journal_create(const struct journal_options *options, const char *origin,
                             const struct secret *passphrase, struct actor_rows *first, struct err *err)
{
    struct creation c;
    struct entry genesis;

    if (!options->is_hypothetical && journal_seems_hypothetical(origin))
        return err_set(err, ERR_INPUT,
                       "the origin \"%.100s\" cannot name a journal that is lived: only a what-if makes "
                       "hypothetical ones",
                       origin);
    enum err_code rc = draft_genesis(origin, first, &genesis, err);
    if (rc)
        return rc;
    rc = creation_init(&c, options, passphrase, err);
    if (!rc)
        rc = make_dir(&c, err);
    if (!rc)
        rc = make_keys(&c, &genesis.as.control_genesis, err);
    if (!rc)
        rc = write_file(&c, &genesis, err);
    if (!rc)
        rc = publish(&c, err);
    if (rc)
        undo(&c);
    else
        *first = genesis.as.control_genesis.actors;
    creation_release(&c);
    return rc;
}
