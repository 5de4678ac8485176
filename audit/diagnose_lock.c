/* Who has the journal open: the lock file, the writer lock, readers. Nothing is cleared. */
#include "audit/diagnose.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <lmdb.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define COMM_SIZE 32
#define WORDS_MAX 10

/* The name of a process; "?" when it is gone. */
static void name_process(long pid, char comm[COMM_SIZE])
{
    char path[64];

    snprintf(comm, COMM_SIZE, "?");
    snprintf(path, sizeof path, "/proc/%ld/comm", pid);
    FILE *const f = fopen(path, "re");
    if (!f)
        return;
    if (fgets(comm, COMM_SIZE, f))
        comm[strcspn(comm, "\n")] = '\0';
    fclose(f);
}

/* -- the writer lock --------------------------------------------------------------------------------------- */

/* Divides a line at its blanks, in place; returns how many words there are, at most `max`. */
static unsigned split(char *line, char *words[], unsigned max)
{
    unsigned count = 0;

    for (char *p = line; *p && count < max;) {
        p += strspn(p, " \t\n");
        if (!*p)
            break;
        words[count++] = p;
        p += strcspn(p, " \t\n");
        if (*p)
            *p++ = '\0';
    }
    return count;
}

/*
 * A line of /proc/locks, in words: "1:" "FLOCK" "ADVISORY" "WRITE" "4711" "08:01:1234" ..., and "->" before the kind of
 * one that waits. Returns the process if it is about an flock() of this file, else 0.
 */
static long lock_holder(char *const words[], unsigned count, const struct stat *file, bool *waits)
{
    const unsigned at = count > 1 && strcmp(words[1], "->") == 0 ? 2 : 1;
    char *end = NULL;

    *waits = at == 2;
    if (count < at + 5 || strcmp(words[at], "FLOCK") != 0)
        return 0;
    const unsigned long major_number = strtoul(words[at + 4], &end, 16);
    const unsigned long minor_number = *end == ':' ? strtoul(end + 1, &end, 16) : 0;
    const unsigned long long inode = *end == ':' ? strtoull(end + 1, &end, 10) : 0;
    if (inode != file->st_ino || makedev((unsigned)major_number, (unsigned)minor_number) != file->st_dev)
        return 0;
    return strtol(words[at + 3], NULL, 10);
}

static void find_writers(struct diagnosis *d, const struct stat *file)
{
    FILE *const f = fopen("/proc/locks", "re");
    char line[256];
    unsigned found = 0;

    if (!f) {
        diagnose_add(d, DIAGNOSE_REMARK, "/proc/locks", "who holds the writer lock cannot be seen: %s",
                     strerror(errno));
        return;
    }
    while (fgets(line, sizeof line, f)) {
        char *words[WORDS_MAX];
        char comm[COMM_SIZE];
        bool waits = false;
        const unsigned count = split(line, words, WORDS_MAX);
        const long pid = lock_holder(words, count, file, &waits);
        if (pid == 0)
            continue;
        name_process(pid, comm);
        found++;
        diagnose_add(d, DIAGNOSE_GOOD, NULL, "process %ld (%s) %s the writer lock", pid, comm,
                     waits ? "waits for" : "holds");
    }
    fclose(f);
    if (!found)
        diagnose_add(d, DIAGNOSE_GOOD, NULL, "nobody holds the writer lock");
}

/* -- the lock file ----------------------------------------------------------------------------------------- */

/* A process that has a lock file open which is not there any more, so that it and others do not see each other. */
static void look_at_process(struct diagnosis *d, const char *pid, const char *deleted)
{
    char path[PATH_MAX];
    char target[PATH_MAX];

    snprintf(path, sizeof path, "/proc/%.16s/fd", pid);
    DIR *const dir = opendir(path);
    for (struct dirent *row; dir && (row = readdir(dir));) {
        snprintf(path, sizeof path, "/proc/%.16s/fd/%.16s", pid, row->d_name);
        const ssize_t length = readlink(path, target, sizeof target - 1);
        if (length <= 0)
            continue;
        target[length] = '\0';
        if (strcmp(target, deleted) != 0)
            continue;
        char comm[COMM_SIZE];
        name_process(strtol(pid, NULL, 10), comm);
        diagnose_advise(
            diagnose_add(
                d, DIAGNOSE_BAD, NULL,
                "process %.16s (%s) uses a lock file that was deleted: it and others do not see each "
                "other, and pages that it reads may be used anew",
                pid, comm),
            "end process %.16s, then: ledger -C %s verify", pid, d->options.dir);
        break;
    }
    if (dir)
        closedir(dir);
}

static void find_deleted(struct diagnosis *d)
{
    char *const dir = realpath(d->options.dir, NULL);
    char deleted[PATH_MAX];
    DIR *const processes = dir ? opendir("/proc") : NULL;

    if (dir &&
        snprintf(deleted, sizeof deleted, "%s/journal.mdb-lock (deleted)", dir) < (int)sizeof deleted) {
        for (struct dirent *row; processes && (row = readdir(processes));) {
            if (isdigit((unsigned char)row->d_name[0]))
                look_at_process(d, row->d_name, deleted);
        }
    }
    if (processes)
        closedir(processes);
    free(dir);
}

void diagnose_lock(struct diagnosis *d)
{
    char path[PATH_MAX];
    struct stat file;
    struct stat lock;

    if (snprintf(path, sizeof path, "%s/journal.mdb", d->options.dir) >= (int)sizeof path ||
        stat(path, &file) != 0)
        return;
    find_writers(d, &file);
    if (snprintf(path, sizeof path, "%s/journal.mdb-lock", d->options.dir) >= (int)sizeof path)
        return;
    if (lstat(path, &lock) != 0)
        diagnose_add(d, errno == ENOENT ? DIAGNOSE_GOOD : DIAGNOSE_UNSEEN, path, "%s",
                     errno == ENOENT ? "it is not there; whoever opens the journal makes it"
                                     : strerror(errno));
    else if (!S_ISREG(lock.st_mode))
        diagnose_advise(diagnose_add(d, DIAGNOSE_BAD, path, "it is no regular file"),
                        "remove it while nobody has the journal open");
    else if (access(path, R_OK | W_OK) != 0)
        diagnose_advise(
            diagnose_add(
                d, DIAGNOSE_REMARK, path,
                "it may not be written: this user reads without it, and writers do not wait for its readers"),
            "look as the user that owns it");
    else
        diagnose_add(d, DIAGNOSE_GOOD, path, "%jd bytes", (intmax_t)lock.st_size);
    find_deleted(d);
}

/* -- readers ----------------------------------------------------------------------------------------------- */

struct reading {
    struct diagnosis *d;
    uint64_t newest; /* transaction */
    unsigned count;
};

/* LMDB's line: process, thread, and the transaction that it reads or "-". */
static int on_reader(const char *line, void *arg)
{
    struct reading *const r = arg;
    char comm[COMM_SIZE];
    char text[128];
    char *words[3];

    snprintf(text, sizeof text, "%s", line);
    const unsigned count = split(text, words, 3);
    const long pid = count ? strtol(words[0], NULL, 10) : 0; /* the first line holds titles */
    const bool is_reading = count == 3 && isdigit((unsigned char)words[2][0]);
    const unsigned long long txnid = is_reading ? strtoull(words[2], NULL, 10) : 0;
    if (pid <= 0 || pid == (long)getpid())
        return 0;
    r->count++;
    if (kill((pid_t)pid, 0) != 0 && errno == ESRCH) {
        diagnose_advise(diagnose_add(r->d, DIAGNOSE_REMARK, NULL,
                                     "process %ld, which is gone, has left its place among the readers%s",
                                     pid, is_reading ? ": the file grows by what it would still read" : ""),
                        "nothing: the next command that opens the journal clears it");
        return 0;
    }
    name_process(pid, comm);
    const bool is_old = is_reading && txnid + 1000 < r->newest;
    diagnose_advise(diagnose_add(r->d, is_old ? DIAGNOSE_REMARK : DIAGNOSE_GOOD, NULL,
                                 is_reading ? "process %ld (%s) reads the state of transaction %llu"
                                            : "process %ld (%s) has the journal open",
                                 pid, comm, txnid),
                    "end process %ld if it should not be there: the file grows meanwhile", pid);
    return 0;
}

void diagnose_readers(struct diagnosis *d)
{
    struct reading r = {.d = d};
    char path[PATH_MAX];
    MDB_env *env = NULL;
    MDB_envinfo info;

    if (snprintf(path, sizeof path, "%s/journal.mdb", d->options.dir) >= (int)sizeof path)
        return;
    int rc = mdb_env_create(&env);
    if (!rc)
        rc = mdb_env_open(env, path, MDB_RDONLY | MDB_NOSUBDIR | MDB_NOTLS, 0600);
    if (!rc)
        rc = mdb_env_info(env, &info);
    if (!rc) {
        r.newest = info.me_last_txnid;
        (void)mdb_reader_list(env, on_reader, &r);
    }
    if (env)
        mdb_env_close(env);
    if (rc)
        diagnose_add(d, DIAGNOSE_REMARK, NULL, "who reads cannot be seen: %s", mdb_strerror(rc));
    else if (r.count == 0)
        diagnose_add(d, DIAGNOSE_GOOD, NULL, "nobody else has it open for reading");
}
