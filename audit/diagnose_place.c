/* What is around the journal: directory, disk, vault, leftovers. */
#include "audit/diagnose.h"

#include "audit/backup.h"
#include "audit/raw.h"
#include "ledger/file.h"
#include "ledger/journal_copy.h"
#include "ledger/vault_format.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define FREE_MIB_BAD    100
#define FREE_MIB_REMARK 2048

/* -- directory ------------------------------------------------------------------------------------------- */

static void directory_gone(struct diagnosis *d, int code)
{
    const char *const dir = d->options.dir;

    if (code == ENOENT || code == ENOTDIR)
        diagnose_advise(diagnose_add(d, DIAGNOSE_BAD, dir, "there is no journal: no such directory"),
                        "ledger -C %s init --origin NAME", dir);
    else
        diagnose_advise(diagnose_add(d, DIAGNOSE_UNSEEN, dir, "it cannot be looked at: %s", strerror(code)),
                        "look as the user that owns it");
}

void diagnose_directory(struct diagnosis *d)
{
    const char *const dir = d->options.dir;
    struct stat st;

    if (stat(dir, &st) != 0) {
        directory_gone(d, errno);
        return;
    }
    if (!S_ISDIR(st.st_mode)) {
        directory_gone(d, ENOTDIR);
        return;
    }
    if (st.st_mode & 077)
        diagnose_advise(diagnose_add(d, DIAGNOSE_REMARK, dir,
                                     "others than its owner may look into it (mode %03o)",
                                     (unsigned)(st.st_mode & 0777)),
                        "chmod 700 %s", dir);
    else
        diagnose_add(d, DIAGNOSE_GOOD, dir, "only its owner may look into it");
    if (access(dir, W_OK) == 0)
        diagnose_add(d, DIAGNOSE_GOOD, dir, "this user may append");
    else
        diagnose_advise(diagnose_add(d, DIAGNOSE_REMARK, dir, "this user may only read: %s", strerror(errno)),
                        "nothing, or append as the user that owns it, on a file system mounted for writing");
}

/* -- disk ------------------------------------------------------------------------------------------------ */

void diagnose_disk(struct diagnosis *d)
{
    struct statvfs fs;

    if (statvfs(d->options.dir, &fs) != 0)
        return; /* diagnose_directory() has said why */
    const unsigned long long free_mib = (unsigned long long)fs.f_bavail * fs.f_frsize >> 20;
    const bool few_files = fs.f_files != 0 && fs.f_favail < 16;
    diagnose_advise(diagnose_add(d,
                                 free_mib < FREE_MIB_BAD      ? DIAGNOSE_BAD
                                 : free_mib < FREE_MIB_REMARK ? DIAGNOSE_REMARK
                                                              : DIAGNOSE_GOOD,
                                 NULL, "%llu MiB free", free_mib),
                    "free space: on a full disk appends are refused (nothing is lost)");
    if (few_files)
        diagnose_advise(diagnose_add(d, DIAGNOSE_BAD, NULL, "the file system has no room for more files"),
                        "delete files there");
}

/* -- vault ----------------------------------------------------------------------------------------------- */

static void look_into_vault(struct diagnosis *d, const char *path)
{
    uint8_t *const bytes = malloc(VAULT_FILE_MAX + 1);
    struct vault_envelope envelope;
    struct err why = {.code = ERR_OK};
    size_t size = 0;

    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    for (ssize_t n = 1; fd >= 0 && bytes && n > 0 && size <= VAULT_FILE_MAX; size += n > 0 ? (size_t)n : 0)
        n = read(fd, bytes + size, VAULT_FILE_MAX + 1 - size);
    if (fd < 0 || !bytes) {
        diagnose_advise(diagnose_add(d, DIAGNOSE_UNSEEN, path, "it cannot be read: %s", strerror(errno)),
                        "look as the user that owns it");
    } else if (vault_envelope_decode(&envelope, bytes, size, &why)) {
        diagnose_advise(diagnose_add(d, DIAGNOSE_BAD, path, "nothing can be appended: %s", why.text),
                        "restore the file from a backup of this journal");
    } else {
        d->facts.vault_keys = (unsigned)((envelope.box_size - VAULT_MAC_SIZE) / VAULT_ROW_SIZE);
        diagnose_add(d, DIAGNOSE_GOOD, path, "it is whole and holds %u keys", d->facts.vault_keys);
    }
    if (fd >= 0)
        close(fd);
    free(bytes);
}

static bool is_copy(const char *path)
{
    const int dir = file_open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
    const bool is_one = dir >= 0 && journal_copy_is_one(dir);

    if (dir >= 0)
        close(dir);
    return is_one;
}

void diagnose_vault(struct diagnosis *d)
{
    char path[PATH_MAX];
    struct stat st;

    if (stat(d->options.dir, &st) != 0 ||
        snprintf(path, sizeof path, "%s/" VAULT_FILE_NAME, d->options.dir) >= (int)sizeof path)
        return;
    if (lstat(path, &st) != 0 && errno == ENOENT && is_copy(d->options.dir)) {
        d->facts.is_copy = true;
        diagnose_add(d, DIAGNOSE_REMARK, d->options.dir,
                     "it is a copy (ledger fetch-from): it has no vault, and nothing can be appended to it");
        return;
    }
    if (lstat(path, &st) != 0) {
        diagnose_advise(
            diagnose_add(d, errno == ENOENT ? DIAGNOSE_BAD : DIAGNOSE_UNSEEN, path, "%s",
                         errno == ENOENT ? "it is not there: nothing can be appended" : strerror(errno)),
            "restore the file from a backup of this journal");
        return;
    }
    if (!S_ISREG(st.st_mode)) {
        diagnose_advise(diagnose_add(d, DIAGNOSE_BAD, path, "it is no regular file"),
                        "put the vault's own file there");
        return;
    }
    if (st.st_mode & 077)
        diagnose_advise(diagnose_add(d, DIAGNOSE_BAD, path,
                                     "others than its owner may read the keys (mode %03o)",
                                     (unsigned)(st.st_mode & 0777)),
                        "chmod 600 %s", path);
    look_into_vault(d, path);
}

/* -- leftovers ------------------------------------------------------------------------------------------- */

/* A name with six characters more at its end, as mkstemp() gives them, after `mark`. */
static bool is_interim(const char *name, const char *mark)
{
    const size_t length = strlen(name);
    const size_t ending = strlen(mark) + 6;

    return length > ending && memcmp(name + length - ending, mark, strlen(mark)) == 0 &&
           strspn(name + length - 6, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") == 6;
}

/* A backup holds a lock on its directory for as long as it is at work. */
static bool is_at_work(const char *path)
{
    const int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const bool locked = fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK;

    if (fd >= 0)
        close(fd);
    return locked;
}

/* A raw export that has not got its name, by its first bytes. */
static bool is_export(const char *path)
{
    char bytes[RAW_MAGIC_SIZE];
    struct stat st;

    if (lstat(path, &st) != 0 || !S_ISREG(st.st_mode))
        return false;
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    const bool is =
        fd >= 0 && read(fd, bytes, sizeof bytes) == (ssize_t)sizeof bytes &&
        (memcmp(bytes, RAW_MAGIC, sizeof bytes) == 0 || memcmp(bytes, RAW_MAGIC_1, sizeof bytes) == 0);
    if (fd >= 0)
        close(fd);
    return is;
}

static void look_at_name(struct diagnosis *d, const char *path, const char *name)
{
    if (is_interim(name, BACKUP_TEMPORARY)) {
        if (is_at_work(path))
            diagnose_add(d, DIAGNOSE_GOOD, path, "a backup is being made");
        else
            diagnose_advise(
                diagnose_add(d, DIAGNOSE_REMARK, path, "a backup was interrupted: this is half of one"),
                "rm -r %s", path);
    } else if (is_interim(name, ".") && is_export(path)) {
        diagnose_advise(diagnose_add(d, DIAGNOSE_REMARK, path,
                                     "an export is being made, or was interrupted: this is half of one"),
                        "rm %s, if no export is under way", path);
    }
}

static void look_beside(struct diagnosis *d, const char *parent)
{
    DIR *const dir = opendir(parent);

    for (struct dirent *row; dir && (row = readdir(dir));) {
        char path[PATH_MAX];
        if (snprintf(path, sizeof path, "%s/%s", parent, row->d_name) < (int)sizeof path)
            look_at_name(d, path, row->d_name);
    }
    if (dir)
        closedir(dir);
}

void diagnose_leftovers(struct diagnosis *d)
{
    static const struct {
        const char *name;
        const char *what;
    } known[] = {
        {"journal.mdb.new", "an init was interrupted"},
        {"journal.mdb.new-lock", "an init was interrupted"},
        {VAULT_FILE_NAME ".new", "a change of the vault was interrupted; the vault itself is as it was"},
    };
    char path[PATH_MAX];
    const unsigned before = d->count;

    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        struct stat st;
        if (snprintf(path, sizeof path, "%s/%s", d->options.dir, known[i].name) >= (int)sizeof path ||
            lstat(path, &st) != 0)
            continue;
        diagnose_advise(diagnose_add(d, DIAGNOSE_REMARK, path, "%s", known[i].what), "rm %s", path);
    }
    if (snprintf(path, sizeof path, "%s/..", d->options.dir) < (int)sizeof path) {
        char *const parent = realpath(path, NULL);
        if (parent)
            look_beside(d, parent);
        free(parent);
    }
    if (d->count == before)
        diagnose_add(d, DIAGNOSE_GOOD, NULL, "nothing is left over from what was interrupted");
}
