#include "judge.h"

#include "audit/verify.h"
#include "book/snapshot.h"
#include "judge_guard.h"
#include "judge_keys.h"
#include "ledger/index.h"
#include "ledger/journal.h"
#include "ledger/queue.h"
#include "ledger/queue_shared.h"
#include "ledger/vault.h"
#include "record.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH_SIZE 600

static struct judge_counts counts;

const struct judge_counts *judge_counts_get(void)
{
    return &counts;
}

static bool broken(char why[JUDGE_TEXT], const char *dir, const char *what, const char *detail)
{
    snprintf(why, JUDGE_TEXT, "%s: %s%s%s", dir, what, detail[0] ? ": " : "", detail);
    return false;
}

static bool is_there(const char *dir, const char *name)
{
    char path[PATH_SIZE + 16];
    struct stat st;

    snprintf(path, sizeof path, "%s/%s", dir, name);
    return stat(path, &st) == 0;
}

/* -- folders -------------------------------------------------------------------------------------------- */

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

void judge_remove(const char *dir)
{
    nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static uint64_t content; /* nftw() hands nothing through */
static size_t content_from;

/* Of each file its name and bytes; the order of a folder's files does not count, nor do lock files. */
static int take_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    uint8_t bytes[65536];
    ssize_t n;

    (void)st;
    (void)ftw;
    if (record_is_scratch(path))
        return 0;
    for (const char *c = path + content_from; *c; c++)
        hash = (hash ^ (uint8_t)*c) * UINT64_C(0x100000001b3);
    const int fd = type == FTW_F ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    while (fd >= 0 && (n = read(fd, bytes, sizeof bytes)) > 0) {
        for (ssize_t i = 0; i < n; i++)
            hash = (hash ^ bytes[i]) * UINT64_C(0x100000001b3);
    }
    if (fd >= 0)
        close(fd);
    content += hash | 1;
    return 0;
}

uint64_t judge_content(const char *dir, const char *path)
{
    char whole[PATH_SIZE];

    snprintf(whole, sizeof whole, "%s/%s", dir, path);
    content = 0;
    content_from = strlen(whole);
    nftw(whole, take_one, 16, FTW_PHYS);
    return content;
}

static bool judge_target(const struct facts_target *t, const char *dir, char why[JUDGE_TEXT])
{
    const uint64_t now = judge_content(dir, t->path);

    for (size_t i = t->written; i < t->version_count && i <= t->written + 1; i++) {
        if (t->versions[i] == now) {
            counts.old += i == t->written;
            counts.new += i != t->written;
            return true;
        }
    }
    return broken(why, t->path,
                  t->written ? "neither as it was written last, nor as it was being written"
                             : "half written under its final name",
                  "");
}

/* -- journals ------------------------------------------------------------------------------------------- */

/* Verifies with the key that was noted when the journal was made. */
static bool verify(const char *dir, const char *vkey, uint64_t *size, struct hash *root, char why[JUDGE_TEXT])
{
    struct verify_report *const report = calloc(1, sizeof *report);
    struct err err = {.code = ERR_OK};

    if (!report)
        return broken(why, dir, "out of memory", "");
    const enum err_code rc = verify_journal(&(struct verify_options){.dir = dir, .vkey = vkey}, report, &err);
    const bool good = !rc && report->integrity_ok && report->complete_ok && report->sealed == report->entries;
    *size = report->entries;
    *root = report->root;
    free(report);
    return good || broken(why, dir, "verify fails", rc ? err.text : "it is not complete");
}

static bool find_size(const struct facts_journal *j, const char *dir, uint64_t size, const struct hash *root,
                      char why[JUDGE_TEXT])
{
    char text[96];

    snprintf(text, sizeof text, "%" PRIu64 " entries, %" PRIu64 " acknowledged", size, j->acknowledged);
    if (size < j->acknowledged)
        return broken(why, dir, "acknowledged entries are lost", text);
    for (size_t i = 0; i < j->history->count; i++) {
        if (j->history->sizes[i] == size)
            return memcmp(&j->history->roots[i], root, sizeof *root) == 0 ||
                   broken(why, dir, "the entries are other ones than were appended", text);
    }
    return broken(why, dir, "a group is there in part", text);
}

static bool unlock(struct journal *journal, const char *passphrase, struct err *err)
{
    struct secret *secret = NULL;
    enum err_code rc = secret_new(&secret, passphrase, strlen(passphrase), err);

    if (!rc)
        rc = journal_unlock(journal, secret, err);
    secret_free(secret);
    return !rc;
}

static bool judge_keys(const struct facts_journal *j, struct journal *journal, const char *dir,
                       char why[JUDGE_TEXT])
{
    for (size_t i = 0; i < j->key_count; i++) {
        const bool found = vault_find(journal_vault(journal), j->keys[i].name);
        if (j->keys[i].must_be && !found)
            return broken(why, dir, "an acknowledged key is lost", j->keys[i].name);
        if (j->keys[i].must_not_be && found)
            return broken(why, dir, "a key that was removed is back", j->keys[i].name);
    }
    return true;
}

static enum err_code append_note(struct journal *journal, struct err *err)
{
    struct journal_group *g = NULL;
    struct entry e;

    memset(&e, 0, sizeof e);
    e.kind = ENTRY_CONTROL_NOTE;
    e.at_ns = INSTANT_NONE;
    e.as.control_note.text = text_from("after the crash");
    enum err_code rc = journal_group_begin(journal, &g, err);
    if (rc)
        return rc;
    rc = journal_group_add(g, &e, err);
    if (rc) {
        journal_group_abort(g);
        return rc;
    }
    return journal_group_commit(g, NULL, err);
}

/* After a power cut the machine has started anew: the queue's file, if it is there, is of another start. */
static void start_anew(const char *dir)
{
    char path[PATH_SIZE + 16];
    const off_t at = (off_t)offsetof(struct queue_file, boot);
    char c = 0;

    snprintf(path, sizeof path, "%s/" QUEUE_FILE_NAME, dir);
    const int fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd >= 0 && pread(fd, &c, 1, at) == 1) {
        c ^= 1;
        (void)!pwrite(fd, &c, 1, at);
    }
    if (fd >= 0)
        close(fd);
}

/* The same as one of many callers. */
static enum err_code append_by_queue(struct journal *journal, struct err *err)
{
    uint8_t bytes[256];
    struct queue_reply reply;
    struct queue *q = NULL;
    struct wire_out out;
    struct entry e;
    size_t refused = 0;

    memset(&e, 0, sizeof e);
    e.kind = ENTRY_CONTROL_NOTE;
    e.at_ns = INSTANT_NONE;
    e.as.control_note.text = text_from("after the crash");
    wire_out_init(&out, bytes, sizeof bytes);
    enum err_code rc = entry_encode(&e, &out, err);
    if (!rc)
        rc = queue_open(journal, NULL, &q, err);
    if (rc)
        return rc;
    const uint16_t size = (uint16_t)wire_out_size(&out);
    rc = queue_append(q, bytes, &size, 1, &reply, &refused, err);
    queue_close(q);
    return rc;
}

/* What is derived may be missing or unreadable, and is made anew then; it is never wrong. */
static bool judge_index(struct journal *journal, const char *dir, char why[JUDGE_TEXT])
{
    const struct index_options options = {.batch = 0};
    struct index_report report;
    struct index *x = NULL;
    struct err err = {.code = ERR_OK};
    uint64_t indexed = 0;

    counts.indexed += is_there(dir, INDEX_FILE_NAME);
    enum err_code rc = index_open(journal, INDEX_WRITE, &x, &err);
    if (rc == ERR_FORMAT && index_remove(dir, &err) == ERR_OK) {
        counts.reindexed++;
        rc = index_open(journal, INDEX_WRITE, &x, &err);
    }
    if (!rc)
        rc = index_check(x, &options, &indexed, &err);
    if (!rc)
        rc = index_catch_up(x, &options, &report, &err);
    if (!rc)
        rc = index_check(x, &options, &indexed, &err);
    index_close(x);
    return rc == ERR_OK || broken(why, dir, "the index", err.text);
}

/* Stored states are those that the entries give. */
static bool judge_snapshots(struct journal *journal, const char *dir, char why[JUDGE_TEXT])
{
    struct snapshot_report report;
    struct journal_reader *r = NULL;
    struct err err = {.code = ERR_OK};

    enum err_code rc = journal_reader_begin(journal, &r, &err);
    if (!rc)
        rc = snapshot_check(r, &report, NULL, NULL, &err);
    journal_reader_end(r);
    if (rc)
        return broken(why, dir, "the entries cannot be folded", err.text);
    counts.stored += report.stored > 0;
    return report.wrong_seq == 0 || broken(why, dir, "a stored state is wrong", report.reason);
}

/* Opens it for writing, finds the keys, appends. */
static bool go_on(const struct facts_journal *j, const char *dir, uint64_t turn, char why[JUDGE_TEXT])
{
    struct journal *journal = NULL;
    struct err err = {.code = ERR_OK};
    bool good = true;

    if (journal_open(&(struct journal_options){.dir = dir}, &journal, &err))
        return broken(why, dir, "it does not open", err.text);
    if (!unlock(journal, j->passphrase, &err) &&
        !(j->passphrase_next[0] && unlock(journal, j->passphrase_next, &err)))
        good = broken(why, dir, "its vault does not open", err.text);
    if (good)
        good = judge_keys(j, journal, dir, why);
    counts.queued += (turn & 2) != 0;
    if (good && (turn & 2 ? append_by_queue(journal, &err) : append_note(journal, &err)))
        good = broken(why, dir, "appending does not go on", err.text);
    if (good && (turn & 4 || is_there(dir, INDEX_FILE_NAME)))
        good = judge_index(journal, dir, why);
    if (good && turn % 8 == 0)
        good = judge_snapshots(journal, dir, why);
    journal_close(journal);
    return good;
}

static bool judge_journal(const struct facts_journal *j, const char *dir, uint64_t turn, char why[JUDGE_TEXT])
{
    uint64_t size = 0;
    uint64_t size_after = 0;
    unsigned guards = 0;
    struct hash root;

    counts.whole++;
    /* The first to open it after the crash: now a reader, now a writer. */
    if (turn & 1) {
        struct journal *journal = NULL;
        struct err err = {.code = ERR_OK};
        if (journal_open(&(struct journal_options){.dir = dir}, &journal, &err))
            return broken(why, dir, "it does not open", err.text);
        journal_close(journal);
    }
    if (!verify(dir, j->history->vkey, &size, &root, why) || !find_size(j, dir, size, &root, why))
        return false;
    if (!judge_guards(j, dir, &guards, why, JUDGE_TEXT))
        return false;
    counts.guarded += guards > 0;
    if (!go_on(j, dir, turn, why) || !verify(dir, j->history->vkey, &size_after, &root, why))
        return false;
    return size_after == size + 1 || broken(why, dir, "the entry appended after the crash is not there", "");
}

/* -- making one ----------------------------------------------------------------------------------------- */

static enum err_code make(const char *dir, const char *passphrase, struct err *err)
{
    struct secret *secret = NULL;
    struct actor_rows first = {.count = 0};

    enum err_code rc = secret_new(&secret, passphrase, strlen(passphrase), err);
    if (!rc)
        rc = journal_create(&(struct journal_options){.dir = dir}, "desk.example/again", secret, &first, err);
    secret_free(secret);
    return rc;
}

/* A journal that was not made yet: making it works, or says which file to remove, and then works. */
static bool judge_making(const struct facts_journal *j, const char *dir, uint64_t turn, char why[JUDGE_TEXT])
{
    char vault[PATH_SIZE + 16];
    struct err err = {.code = ERR_OK};
    struct hash root;
    uint64_t size = 0;

    snprintf(vault, sizeof vault, "%s/%s", dir, VAULT_FILE_NAME);
    judge_keys_cheap(true);
    enum err_code rc = make(dir, j->passphrase, &err);
    counts.made++;
    if (rc == ERR_EXISTS && strstr(err.text, "remove") && strstr(err.text, vault) && unlink(vault) == 0) {
        counts.made_over++;
        rc = make(dir, j->passphrase, &err);
    }
    const bool good = rc ? broken(why, dir, "init cannot be run again", err.text)
                         : verify(dir, NULL, &size, &root, why) && go_on(j, dir, turn, why);
    judge_keys_cheap(false);
    return good;
}

bool judge_state(const struct facts *f, const char *dir, uint64_t turn, char why[JUDGE_TEXT])
{
    char path[PATH_SIZE];
    bool good = true;

    for (size_t i = 0; i < f->journal_count && good; i++) {
        const struct facts_journal *const j = &f->journals[i];
        snprintf(path, sizeof path, "%s/%s", dir, j->dir);
        if (!j->passphrase[0])
            continue;
        start_anew(path);
        if (is_there(path, "journal.mdb"))
            good = judge_journal(j, path, turn, why);
        else if (j->is_made)
            good = broken(why, path, "a journal that was made is gone", "");
        else
            good = judge_making(j, path, turn, why);
    }
    for (size_t i = 0; i < f->target_count && good; i++)
        good = judge_target(&f->targets[i], dir, why);
    return good;
}

/* -- what the whole run came to ------------------------------------------------------------------------- */

static enum err_code read_seals(struct journal *journal, struct facts_history *h, struct err *err)
{
    static struct seal seal;
    struct journal_reader *r = NULL;

    enum err_code rc = journal_reader_begin(journal, &r, err);
    const uint64_t last = rc ? 0 : journal_reader_size(r);
    for (uint64_t size = 0; size < last && !rc && h->count < FACTS_SEALS; size = seal.size) {
        rc = journal_reader_seal(r, size + 1, &seal, err);
        h->sizes[h->count] = seal.size;
        h->roots[h->count++] = seal.root;
    }
    journal_reader_end(r);
    return rc;
}

bool judge_learn(struct facts *f, const char *dir, char why[JUDGE_TEXT])
{
    char path[PATH_SIZE];
    struct err err = {.code = ERR_OK};

    for (size_t i = 0; i < f->journal_count; i++) {
        struct facts_history *const h = f->journals[i].history;
        struct journal *journal = NULL;
        snprintf(path, sizeof path, "%s/%s", dir, f->journals[i].dir);
        h->count = 0;
        enum err_code rc =
            journal_open(&(struct journal_options){.dir = path, .read_only = true}, &journal, &err);
        if (!rc)
            rc = read_seals(journal, h, &err);
        if (!rc)
            snprintf(h->vkey, sizeof h->vkey, "%s", journal_vkey(journal));
        journal_close(journal);
        if (rc)
            return broken(why, path, "the run's own end cannot be read", err.text);
    }
    return true;
}
