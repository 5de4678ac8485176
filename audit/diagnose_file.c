/* journal.mdb by its bytes: nothing here calls LMDB but to hold a snapshot still. */
#include "audit/diagnose.h"

#include "audit/pages.h"
#include "ledger/store_lmdb.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_NAME "journal.mdb"
#define RESTORE   "restore a backup; before, save what is there: ledger -C %s doctor --salvage FILE"

static bool name_file(const struct diagnosis *d, char path[PATH_MAX])
{
    return snprintf(path, PATH_MAX, "%s/" FILE_NAME, d->options.dir) < PATH_MAX;
}

/* -- the file and its meta pages -------------------------------------------------------------------------- */

/* False: there is no file to look into, which was said. */
static bool is_readable(struct diagnosis *d, const char *path)
{
    struct stat st;

    if (lstat(path, &st) != 0) {
        diagnose_advise(diagnose_add(d, errno == ENOENT || errno == ENOTDIR ? DIAGNOSE_BAD : DIAGNOSE_UNSEEN,
                                     path, "there is no journal in %s: %s", d->options.dir, strerror(errno)),
                        "ledger -C %s init --origin NAME, or restore a backup", d->options.dir);
        return false;
    }
    if (S_ISDIR(st.st_mode) || (!S_ISREG(st.st_mode) && !S_ISLNK(st.st_mode))) {
        diagnose_advise(diagnose_add(d, DIAGNOSE_BAD, path, "it is %s",
                                     S_ISDIR(st.st_mode) ? "a directory" : "no regular file"),
                        "put the journal's own file there, from a backup");
        return false;
    }
    if (access(path, R_OK) != 0) {
        diagnose_advise(diagnose_add(d, DIAGNOSE_UNSEEN, path, "it cannot be read: %s", strerror(errno)),
                        "look as the user that owns it");
        return false;
    }
    if (st.st_mode & 077)
        diagnose_advise(diagnose_add(d, DIAGNOSE_REMARK, path,
                                     "others than its owner may read it (mode %03o)",
                                     (unsigned)(st.st_mode & 0777)),
                        "chmod 600 %s", path);
    return true;
}

static void judge_metas(struct diagnosis *d, const struct pages *p)
{

    for (int i = 0; i < PAGES_METAS; i++) {
        const struct pages_meta *const m = &p->metas[i];
        char where[32];
        snprintf(where, sizeof where, "meta page %d", i);
        if (m->is_good)
            diagnose_add(d, DIAGNOSE_GOOD, where, "transaction %" PRIu64 ", pages to %" PRIu64 "%s", m->txnid,
                         m->last_page, i == p->newest ? ": the newest state" : ": the state before");
        else if (p->newest >= 0)
            diagnose_advise(
                diagnose_add(
                    d, DIAGNOSE_BAD, where,
                    "it is damaged (%s), and the other one is not: LMDB may refuse the file, or take the "
                    "state of transaction %" PRIu64 " for the newest",
                    m->why, p->metas[p->newest].txnid),
                RESTORE, d->options.dir);
        else
            diagnose_advise(diagnose_add(d, DIAGNOSE_BAD, where, "it is damaged (%s)", m->why), RESTORE,
                            d->options.dir);
    }
}

static void judge_length(struct diagnosis *d, const struct pages *p, const char *path)
{
    const uint64_t needed = pages_needed(p);

    if (needed == 0)
        return;
    d->facts.file_bytes = needed;
    if (p->size < needed)
        diagnose_advise(diagnose_add(d, DIAGNOSE_BAD, path,
                                     "it is cut short: %" PRIu64
                                     " bytes where its newest meta page says %" PRIu64 " (%" PRIu64
                                     " pages are missing)",
                                     p->size, needed, (needed - p->size + p->page_size - 1) / p->page_size),
                        RESTORE, d->options.dir);
    else
        diagnose_add(d, DIAGNOSE_GOOD, path,
                     "%" PRIu64 " bytes, of which %" PRIu64 " are in use: as long as it should be", p->size,
                     needed);
}

void diagnose_file(struct diagnosis *d)
{
    struct err why = {.code = ERR_OK};
    char path[PATH_MAX];
    struct pages p;

    if (!name_file(d, path) || !is_readable(d, path))
        return;
    const enum err_code rc = pages_open(path, &p, &why);
    if (rc) {
        diagnose_add(d, rc == ERR_FORMAT ? DIAGNOSE_BAD : DIAGNOSE_UNSEEN, path, "%s", why.text);
    } else if (p.size == 0) {
        diagnose_advise(
            diagnose_add(d, DIAGNOSE_BAD, path, "it is empty: nothing of the journal is left in it"),
            "restore a backup");
    } else {
        d->facts.has_file = true;
        judge_metas(d, &p);
        judge_length(d, &p, path);
    }
    pages_close(&p);
}

/* -- the pages -------------------------------------------------------------------------------------------- */

/*
 * What a writer changes meanwhile is no damage. A page that the newest state uses is used anew two commits later at
 * the earliest; so a walk during which at most one was made is to be believed, and of what another one has found the
 * truth is told by a walk with a snapshot held. When writers commit, LMDB can open the file.
 */
static enum err_code walk_settled(struct pages *p, const char *dir, const char *path, struct pages_walked *w,
                                  const struct diagnose_options *options, struct err *err)
{
    struct store *store = NULL;
    struct store_txn *snapshot = NULL;
    struct pages later = *p;

    enum err_code rc = pages_walk(p, p->newest, w, NULL, NULL, options->progress, options->progress_arg, err);
    pages_look_again(&later);
    if (rc || w->damaged == 0 || later.newest < 0 ||
        later.metas[later.newest].txnid <= p->metas[p->newest].txnid + 1)
        return rc;
    rc = store_open(dir, path, STORE_READ, 0, &store, err);
    if (!rc)
        rc = store_read_begin(store, &snapshot, err);
    pages_close(p);
    if (!rc)
        rc = pages_open(path, p, err);
    if (!rc)
        rc = pages_walk(p, p->newest, w, NULL, NULL, options->progress, options->progress_arg, err);
    store_txn_end(snapshot);
    store_close(store);
    return rc;
}

static void tell_damage(struct diagnosis *d, const struct pages_walked *w)
{
    char where[80];

    for (unsigned i = 0; i < w->told_count; i++) {
        snprintf(where, sizeof where, "page %" PRIu64 " (%s)", w->told[i].page, w->told[i].tree);
        diagnose_advise(diagnose_add(d, DIAGNOSE_BAD, where, "it is damaged: %s", w->told[i].what), RESTORE,
                        d->options.dir);
    }
    if (w->damaged > w->told_count)
        diagnose_advise(diagnose_add(d, DIAGNOSE_BAD, NULL, "%" PRIu64 " pages more are damaged",
                                     w->damaged - w->told_count),
                        RESTORE, d->options.dir);
}

void diagnose_pages(struct diagnosis *d)
{
    struct err why = {.code = ERR_OK};
    struct pages_walked w;
    char path[PATH_MAX];
    struct pages p;

    if (!name_file(d, path))
        return;
    enum err_code rc = pages_open(path, &p, &why);
    if (!rc && p.newest < 0) { /* diagnose_file() has said so */
        pages_close(&p);
        return;
    }
    if (!rc)
        rc = walk_settled(&p, d->options.dir, path, &w, &d->options, &why);
    if (rc) {
        diagnose_add(d, DIAGNOSE_UNSEEN, path, "its pages could not be walked: %s", why.text);
    } else if (w.damaged > 0) {
        tell_damage(d, &w);
    } else {
        d->facts.is_sound = p.metas[0].is_good && p.metas[1].is_good && p.size >= pages_needed(&p);
        diagnose_add(d, DIAGNOSE_GOOD, NULL,
                     "all %" PRIu64 " pages that the newest state leads to are sound, in %u sub-databases",
                     w.pages, w.tree_count - 2);
    }
    pages_close(&p);
}
