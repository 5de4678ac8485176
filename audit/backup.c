/*
 * One backup, as steps:
 *
 *   1. Make OUT.backup-XXXXXX beside OUT, and hold a lock on it: it is at work.
 *   2. Copy journal.mdb: one committed state (ledger/store_copy.h).
 *   3. Copy the vault. After the journal: a key is in the vault before the entry that names it is written, so the
 *      later vault has every key that the earlier journal needs; but for the journal's own, when that was changed
 *      meanwhile and the old one destroyed. Then 2 and 3 are done again.
 *   4. Verify the copy with the origin's key, and find its size and root among the origin's seals.
 *   5. Sync the directory, give it its name, sync the parent.
 *
 * Until 5 nothing is there under the name; a fault takes away what the steps before have made.
 */
#include "audit/backup.h"

#include "ledger/file.h"
#include "ledger/journal.h"
#include "ledger/store_copy.h"
#include "ledger/vault_file.h"
#include "ledger/vault_format.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define JOURNAL_FILE   "journal.mdb"
#define LOCK_FILE      "journal.mdb-lock"
#define LOCK_FILE_ROOM 32768
#define COPY_TRIES     5u

/* What else may be in a journal's directory and is not worth a word: locks, derived files, interim names. */
static const char *const PASSED_OVER[] = {
    LOCK_FILE,   "index.mdb", "index.mdb-lock", "journal.queue", "journal.mdb.new", "journal.mdb.new-lock",
    "vault.new",
};

struct backup {
    const struct backup_options *options;
    struct backup_report *report;
    struct journal *journal; /* the origin, for its key and its seals */
    char out[PATH_MAX];      /* without slashes at its end */
    char parent[PATH_MAX];
    char temporary[PATH_MAX]; /* empty: not made */
    int dir;                  /* `temporary`, open and locked; -1 */
};

static enum err_code failed(const char *path, struct err *err)
{
    return err_set(err, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO, "%s: %s", path, strerror(errno));
}

static enum err_code join(const char *dir, const char *name, char path[PATH_MAX], struct err *err)
{
    const int length = snprintf(path, PATH_MAX, "%s/%s", dir, name);

    return length < 0 || length >= PATH_MAX ? err_set(err, ERR_INPUT, "the journal's path is too long")
                                            : ERR_OK;
}

/* -- the name -------------------------------------------------------------------------------------------- */

static enum err_code name_backup(struct backup *b, struct err *err)
{
    size_t length = strlen(b->options->out);

    while (length > 1 && b->options->out[length - 1] == '/')
        length--;
    if (length == 0 || length + sizeof BACKUP_TEMPORARY "XXXXXX" > sizeof b->out)
        return err_set(err, ERR_INPUT, "the backup's path is %s", length ? "too long" : "empty");
    memcpy(b->out, b->options->out, length);
    b->out[length] = '\0';
    const char *const slash = strrchr(b->out, '/');
    const char *const base = slash ? slash + 1 : b->out;
    if (!base[0] || strcmp(base, ".") == 0 || strcmp(base, "..") == 0)
        return err_set(err, ERR_INPUT, "%s cannot be made: name a new directory", b->out);
    const size_t parent = !slash ? 1 : slash == b->out ? 1 : (size_t)(slash - b->out);
    memcpy(b->parent, slash ? b->out : ".", parent);
    b->parent[parent] = '\0';
    return ERR_OK;
}

static bool is_empty_dir(const char *path)
{
    DIR *const dir = opendir(path);
    bool is_empty = dir != NULL;

    for (struct dirent *row; is_empty && (row = readdir(dir));)
        is_empty = strcmp(row->d_name, ".") == 0 || strcmp(row->d_name, "..") == 0;
    if (dir)
        closedir(dir);
    return is_empty;
}

/* A place that is free, and outside of what is to be copied. */
static enum err_code check_place(const struct backup *b, struct err *err)
{
    struct stat st;
    struct stat origin;

    if (lstat(b->out, &st) == 0 && !(S_ISDIR(st.st_mode) && is_empty_dir(b->out)))
        return err_set(err, ERR_EXISTS, "%s is there already: name a directory that is not", b->out);
    if (stat(b->parent, &st) != 0)
        return failed(b->parent, err);
    if (stat(b->options->dir, &origin) == 0 && st.st_dev == origin.st_dev && st.st_ino == origin.st_ino)
        return err_set(err, ERR_INPUT, "%s is inside of the journal: a copy there is lost with it", b->out);
    return ERR_OK;
}

static enum err_code make_temporary(struct backup *b, struct err *err)
{
    char path[PATH_MAX];
    const size_t length = strlen(b->out);

    memcpy(path, b->out, length); /* name_backup() has seen to the room */
    memcpy(path + length, BACKUP_TEMPORARY "XXXXXX", sizeof BACKUP_TEMPORARY "XXXXXX");
    if (!mkdtemp(path))
        return err_set(err, ERR_IO, "no directory can be made in %s: %s", b->parent, strerror(errno));
    memcpy(b->temporary, path, sizeof path);
    b->dir = file_open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW, 0);
    if (b->dir < 0)
        return failed(path, err);
    while (flock(b->dir, LOCK_EX | LOCK_NB) != 0) {
        if (errno != EINTR)
            return failed(path, err);
    }
    return ERR_OK;
}

/* Takes away what this backup has made, and nothing else. */
static void undo(const struct backup *b)
{
    if (!b->temporary[0])
        return;
    if (b->dir >= 0) {
        (void)unlinkat(b->dir, JOURNAL_FILE, 0);
        (void)unlinkat(b->dir, LOCK_FILE, 0);
        (void)unlinkat(b->dir, VAULT_FILE_NAME, 0);
    }
    (void)rmdir(b->temporary);
}

/* -- the files ------------------------------------------------------------------------------------------- */

static enum err_code create_file(const struct backup *b, const char *name, int *fd, struct err *err)
{
    *fd = file_open_at(b->dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    return *fd < 0 ? failed(b->temporary, err) : ERR_OK;
}

static enum err_code copy_journal(struct backup *b, struct err *err)
{
    struct store *store = NULL;
    char path[PATH_MAX];
    int fd = -1;

    enum err_code rc = join(b->options->dir, JOURNAL_FILE, path, err);
    if (!rc)
        rc = store_open(b->options->dir, path, STORE_READ, 0, &store, err);
    if (!rc)
        rc = create_file(b, JOURNAL_FILE, &fd, err);
    if (!rc)
        rc = store_copy(store, fd, b->options->copying, b->options->copying_arg, &b->report->bytes, err);
    if (fd >= 0 && file_close(fd) != 0 && !rc)
        rc = failed(b->temporary, err);
    store_close(store);
    return rc;
}

/* A new file of the copy, on disk. */
static enum err_code write_new(const struct backup *b, const char *name, const uint8_t *bytes, size_t size,
                               struct err *err)
{
    int fd = -1;
    enum err_code rc = create_file(b, name, &fd, err);

    if (rc)
        return rc;
    while (size > 0) {
        const ssize_t n = write(fd, bytes, size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            break;
        bytes += n;
        size -= (size_t)n;
    }
    if (size > 0 || file_sync(fd) != 0)
        rc = failed(b->temporary, err);
    if (file_close(fd) != 0 && !rc)
        rc = failed(b->temporary, err);
    return rc;
}

/* How many keys the journal has had by now. */
static enum err_code count_epochs(const struct backup *b, size_t *count, struct err *err)
{
    struct journal_reader *r = NULL;
    const enum err_code rc = journal_reader_begin(b->journal, &r, err);

    if (!rc)
        *count = journal_epochs(b->journal)->count;
    journal_reader_end(r);
    return rc;
}

/* Encrypted as it is: no passphrase is needed, only that the file is whole. */
static enum err_code copy_vault(const struct backup *b, struct err *err)
{
    uint8_t *const bytes = malloc(VAULT_FILE_MAX + 1);
    struct vault_envelope envelope;
    size_t size = 0;

    if (!bytes)
        return err_set(err, ERR_MEMORY, "out of memory");
    const int dir = file_open(b->options->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
    enum err_code rc = dir < 0 ? failed(b->options->dir, err) : vault_file_read(dir, bytes, &size, err);
    if (dir >= 0)
        close(dir);
    if (rc == ERR_NOT_FOUND)
        err_set(err, rc,
                "%s/" VAULT_FILE_NAME
                " is not there, and without its keys nobody could append to the backup. "
                "Restore the vault first; the entries alone are copied by: ledger -C %s export --raw FILE",
                b->options->dir, b->options->dir);
    else if (!rc)
        rc = vault_envelope_decode(&envelope, bytes, size, err);
    if (rc && rc != ERR_NOT_FOUND)
        rc = err_wrap(err, "%s/" VAULT_FILE_NAME, b->options->dir);
    if (!rc)
        rc = write_new(b, VAULT_FILE_NAME, bytes, size, err);
    free(bytes);
    return rc;
}

static enum err_code copy_both(struct backup *b, struct err *err)
{
    size_t before = 0;
    size_t after = 0;

    for (unsigned tries = 0; tries < COPY_TRIES; tries++) {
        enum err_code rc = count_epochs(b, &before, err);
        if (!rc)
            rc = copy_journal(b, err);
        if (!rc)
            rc = copy_vault(b, err);
        if (!rc)
            rc = count_epochs(b, &after, err);
        if (rc || before == after)
            return rc;
        (void)unlinkat(b->dir, JOURNAL_FILE, 0);
        (void)unlinkat(b->dir, VAULT_FILE_NAME, 0);
    }
    return err_set(err, ERR_IO, "the journal's key was changed %u times while it was copied: try again later",
                   COPY_TRIES);
}

/* Names what is in the directory and is neither copied nor made again. */
static void note_left_out(const struct backup *b)
{
    struct backup_report *const report = b->report;
    DIR *const dir = opendir(b->options->dir);

    for (struct dirent *row; dir && (row = readdir(dir));) {
        const char *const name = row->d_name;
        bool is_known = strcmp(name, ".") == 0 || strcmp(name, "..") == 0 ||
                        strcmp(name, JOURNAL_FILE) == 0 || strcmp(name, VAULT_FILE_NAME) == 0;
        for (size_t i = 0; i < sizeof PASSED_OVER / sizeof PASSED_OVER[0] && !is_known; i++)
            is_known = strcmp(name, PASSED_OVER[i]) == 0;
        if (!is_known && report->left_out_count < BACKUP_LEFT_OUT_MAX)
            snprintf(report->left_out[report->left_out_count++], sizeof report->left_out[0], "%s", name);
    }
    if (dir)
        closedir(dir);
}

/* -- the check ------------------------------------------------------------------------------------------- */

/* The copy is a beginning of the origin: one of the origin's seals has its size and its root. */
static enum err_code compare(const struct backup *b, struct err *err)
{
    struct verify_report *const copy = &b->report->verified;
    struct journal_reader *r = NULL;
    struct seal *const seal = malloc(sizeof *seal);

    if (!seal)
        return err_set(err, ERR_MEMORY, "out of memory");
    enum err_code rc = journal_reader_begin(b->journal, &r, err);
    if (!rc) {
        b->report->origin_entries = journal_reader_size(r);
        rc = journal_reader_seal(r, copy->entries, seal, err);
    }
    if (!rc && (seal->size != copy->entries || !hash_equal(&seal->root, &copy->root)))
        rc = err_set(err, ERR_WRONG,
                     "the copy ends with entry %" PRIu64 ", and the journal's seal there is another one",
                     copy->entries);
    journal_reader_end(r);
    free(seal);
    return rc;
}

/*
 * LMDB maps the lock file that it makes for looking, with holes in it: on a full disk the first write to one would
 * be a SIGBUS. So its place is taken before.
 */
static enum err_code reserve_lock(const struct backup *b, struct err *err)
{
    static const uint8_t zeros[LOCK_FILE_ROOM];

    return write_new(b, LOCK_FILE, zeros, sizeof zeros, err);
}

static enum err_code check_copy(const struct backup *b, struct err *err)
{
    const struct verify_options options = {.dir = b->temporary,
                                           .vkey = journal_vkey(b->journal),
                                           .progress = b->options->checking,
                                           .progress_arg = b->options->checking_arg};

    enum err_code rc = reserve_lock(b, err);
    if (rc)
        return rc;
    rc = verify_journal(&options, &b->report->verified, err);
    if (!rc)
        rc = compare(b, err);
    (void)unlinkat(b->dir, LOCK_FILE, 0); /* made by looking */
    if (rc)
        return err_wrap(err,
                        "no backup was made, because the copy is not good (is the journal? ledger -C %s "
                        "doctor says more)",
                        b->options->dir);
    return ERR_OK;
}

/* -- the end --------------------------------------------------------------------------------------------- */

static enum err_code sync_dir(const char *path, struct err *err)
{
    const int fd = file_open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
    enum err_code rc = ERR_OK;

    if (fd < 0 || (file_sync(fd) != 0 && errno != EINVAL))
        rc = failed(path, err);
    if (fd >= 0)
        close(fd);
    return rc;
}

static enum err_code publish(struct backup *b, struct err *err)
{
    if (file_sync(b->dir) != 0 && errno != EINVAL)
        return failed(b->temporary, err);
    if (rename(b->temporary, b->out) != 0) {
        if (errno == ENOTEMPTY || errno == EEXIST || errno == ENOTDIR)
            return err_set(err, ERR_EXISTS, "%s has come into being meanwhile: name another directory",
                           b->out);
        return failed(b->out, err);
    }
    b->temporary[0] = '\0';
    const enum err_code rc = sync_dir(b->parent, err);
    return rc ? err_wrap(err, "the backup is whole, but its name may not survive a power loss") : ERR_OK;
}

static enum err_code make(struct backup *b, struct err *err)
{
    const struct journal_options origin = {.dir = b->options->dir, .read_only = true};

    enum err_code rc = name_backup(b, err);
    if (!rc)
        rc = check_place(b, err);
    if (!rc)
        rc = journal_open(&origin, &b->journal, err);
    if (!rc)
        rc = make_temporary(b, err);
    if (!rc)
        rc = copy_both(b, err);
    if (!rc)
        rc = check_copy(b, err);
    if (!rc)
        note_left_out(b);
    return rc ? rc : publish(b, err);
}

enum err_code backup_make(const struct backup_options *options, struct backup_report *report, struct err *err)
{
    struct backup *const b = calloc(1, sizeof *b);

    if (!b)
        return err_set(err, ERR_MEMORY, "out of memory");
    memset(report, 0, sizeof *report);
    b->options = options;
    b->report = report;
    b->dir = -1;
    const enum err_code rc = make(b, err);
    if (rc)
        undo(b);
    if (b->dir >= 0)
        close(b->dir);
    journal_close(b->journal);
    free(b);
    return rc;
}
