/*
 * One fetch, as steps:
 *
 *   1. Open the copy, and read its control entries: which key signs now.
 *   2. Get the checkpoint and the list of seals.
 *   3. Choose a goal: the checkpoint, if the key signs it; else the last seal that the key signs, whose last entry must
 *      hand on to the next key; else a seal whose last entry hands on to its key with an owner's signature.
 *   4. Prove the tree of the goal from its edge, and that the copy is its beginning.
 *   5. Bundle by bundle: prove it by the tree, add its entries, and the seals that are listed on the way; commit.
 *   6. Until the goal is the checkpoint: again from 3.
 *   7. Seals and timestamps that came late to what the copy has already.
 */
#include "gateway/fetch.h"

#include "gateway/fetch_state.h"
#include "ledger/base64.h"
#include "ledger/checkpoint.h"
#include "ledger/journal.h"
#include "ledger/wire.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define LIST_MAX     ((size_t)256 << 20) /* bytes of `seals` */
#define ABOUT_SIZE   1400
#define CONNECTIONS  4u
#define AHEAD_WORTH  8u                  /* bundles */
#define COMMIT_BYTES ((uint64_t)1 << 20) /* that are worth a commit */

static const struct published_name CHECKPOINT = {.kind = PUBLISHED_CHECKPOINT};
static const struct published_name SEALS = {.kind = PUBLISHED_SEALS};

static enum err_code no_memory(struct err *err)
{
    return err_set(err, ERR_MEMORY, "out of memory");
}

/* -- step 1 ---------------------------------------------------------------------------------------------- */

static enum err_code apply_controls(struct fetch *f, struct journal_reader *r, struct err *err)
{
    struct journal_record record;
    struct entry e;
    bool found = true;
    enum err_code rc = ERR_OK;

    for (uint64_t seq = 1; !rc && found; seq = record.seq + 1) {
        rc = journal_reader_control(r, seq, &record, &found, err);
        if (!rc && found)
            rc = entry_decode(record.bytes, record.size, &e, err);
        if (!rc && found)
            rc = fetch_keys_apply(f->keys, &e, err);
    }
    return rc;
}

static enum err_code read_copy(struct fetch *f, struct err *err)
{
    const struct journal_options options = {.dir = f->options->dir, .read_only = true};
    struct journal_reader *r = NULL;
    struct journal *j = NULL;

    if (journal_copy_size(f->copy) == 0)
        return ERR_OK;
    enum err_code rc = journal_open(&options, &j, err);
    if (!rc)
        rc = journal_reader_begin(j, &r, err);
    if (!rc)
        rc = apply_controls(f, r, err);
    journal_reader_end(r);
    journal_close(j);
    if (rc)
        err_wrap(err, "the copy in %s", f->options->dir);
    return rc;
}

/* -- step 2 ---------------------------------------------------------------------------------------------- */

static enum err_code get_checkpoint(struct fetch *f, struct err *err)
{
    uint8_t *bytes = NULL;

    enum err_code rc =
        publication_get(f->publication, &CHECKPOINT, NOTE_MAX_SIZE - 1, &bytes, &f->checkpoint_size, err);
    f->checkpoint = (char *)bytes;
    return rc ? rc : fetch_read_note(f, &CHECKPOINT, f->checkpoint, f->checkpoint_size, &f->newest, err);
}

static enum err_code take_list(struct fetch *f, const char *text, size_t size, struct err *err)
{
    struct published_sizes list;
    struct err why = {.code = ERR_OK};
    uint64_t number = 0;
    bool found = true;

    f->listed = malloc((size / 2 + 1) * sizeof *f->listed); /* a line has two bytes or more */
    if (!f->listed)
        return no_memory(err);
    published_sizes_init(&list, text, size);
    for (;;) {
        if (published_sizes_next(&list, &number, &found, &why))
            return fetch_wrong_file(f, &SEALS, &why, err);
        if (!found)
            return ERR_OK;
        if (number <= f->newest.size)
            f->listed[f->listed_count++] = number;
    }
}

/* Who publishes otherwise may have none: then there is the checkpoint. */
static enum err_code get_list(struct fetch *f, struct err *err)
{
    uint8_t *bytes = NULL;
    size_t size = 0;

    enum err_code rc = publication_get(f->publication, &SEALS, LIST_MAX, &bytes, &size, err);
    if (rc == ERR_NOT_FOUND)
        return ERR_OK;
    if (!rc)
        rc = take_list(f, (const char *)bytes, size, err);
    free(bytes);
    while (f->listed_next < f->listed_count && f->listed[f->listed_next] <= journal_copy_size(f->copy))
        f->listed_next++;
    return rc;
}

/* -- step 4 ---------------------------------------------------------------------------------------------- */

static enum err_code other_history(const struct fetch *f, const struct fetch_goal *goal, uint64_t at,
                                   const struct hash *theirs, struct err *err)
{
    const struct hash root = journal_copy_root(f->copy);
    char served[BASE64_LENGTH(HASH_SIZE) + 1];
    char ours[BASE64_LENGTH(HASH_SIZE) + 1];

    base64_encode(served, theirs->bytes, HASH_SIZE);
    base64_encode(ours, root.bytes, HASH_SIZE);
    return err_set(err, ERR_WRONG,
                   "another history is published in %s: the copy %s has %" PRIu64
                   " entries with root %s, and what is signed there has %s%" PRIu64 " entries with root %s",
                   f->options->from, f->options->dir, journal_copy_size(f->copy), ours,
                   goal->size < journal_copy_size(f->copy) ? "only " : "", at, served);
}

/* The copy has more than is served: of the same history, or of another one. */
static enum err_code check_older(struct fetch *f, const struct fetch_goal *goal, struct err *err)
{
    struct hash root;

    const enum err_code rc = journal_copy_root_at(f->copy, goal->size, &root, err);
    if (rc)
        return rc;
    if (!hash_equal(&root, &goal->root))
        return other_history(f, goal, goal->size, &goal->root, err);
    return err_set(err, ERR_WRONG,
                   "an older state is published in %s: %" PRIu64 " entries, where the copy %s has %" PRIu64
                   " that begin with them. A stale cache, or the journal was set back",
                   f->options->from, goal->size, f->options->dir, journal_copy_size(f->copy));
}

/* The copy is the beginning of the goal's tree. */
static enum err_code check_beginning(struct fetch *f, const struct fetch_goal *goal, struct err *err)
{
    const uint64_t size = journal_copy_size(f->copy);
    const struct hash mine = journal_copy_root(f->copy);
    struct hash root;

    if (size == 0)
        return ERR_OK;
    const enum err_code rc = fetch_tree_root(f->tree, size, &root, err);
    return !rc && !hash_equal(&root, &mine) ? other_history(f, goal, size, &root, err) : rc;
}

/* -- step 5 ---------------------------------------------------------------------------------------------- */

/* A listed seal that covers what the copy has by now. */
static enum err_code take_seal(struct fetch *f, uint64_t size, struct err *err)
{
    const struct hash root = journal_copy_root(f->copy);
    bool is_new = false;
    const enum err_code rc = fetch_evidence_seal(f->publication, f->copy, f->keys, size, &root, &is_new, err);

    f->report->seals += !rc && is_new;
    return rc;
}

static enum err_code take_entry(struct fetch *f, const struct published_entry *entry, const struct hash *leaf,
                                const struct fetch_goal *goal, struct err *err)
{
    const uint64_t seq = journal_copy_size(f->copy) + 1;
    struct entry e;

    enum err_code rc = journal_copy_add(f->copy, entry->bytes, entry->size, leaf, err);
    if (!rc && wire_load_u16(entry->bytes + 2) >> 8 == FAMILY_CONTROL) {
        REQUIRE(entry_decode(entry->bytes, entry->size, &e, NULL) == ERR_OK);
        if (e.kind == ENTRY_CONTROL_KEY && (seq != goal->size || e.is_signed != goal->is_recovery))
            return err_set(err, ERR_WRONG,
                           "entry %" PRIu64 " names a new key, and the seal of %" PRIu64
                           " entries, published in %s, is not signed as it demands",
                           seq, goal->size, f->options->from);
        rc = fetch_keys_apply(f->keys, &e, err);
    }
    if (!rc && f->listed_next < f->listed_count && f->listed[f->listed_next] == seq) {
        f->listed_next++;
        if (seq != f->newest.size) /* the checkpoint is at hand */
            rc = take_seal(f, seq, err);
    }
    return rc;
}

static enum err_code take_bundle(struct fetch *f, uint64_t index, const struct fetch_goal *goal,
                                 struct err *err)
{
    struct published_entry entries[PUBLISHED_WIDTH];
    struct hash leaves[MERKLE_TILE_WIDTH];
    struct published_name name;
    uint8_t *bytes = NULL;
    unsigned width = 0;

    enum err_code rc = fetch_get_bundle(f, index, goal->size, &bytes, entries, &width, &name, err);
    if (!rc)
        rc = fetch_prove_bundle(f, entries, width, &name, leaves, err);
    for (unsigned i = 0; i < width && !rc; i++) {
        if (index * PUBLISHED_WIDTH + i == journal_copy_size(f->copy))
            rc = take_entry(f, &entries[i], &leaves[i], goal, err);
    }
    free(bytes);
    if (!rc && journal_copy_waiting(f->copy) >= COMMIT_BYTES)
        rc = journal_copy_commit(f->copy, err);
    return rc;
}

/* Worth it for a server, and many bundles. */
static enum err_code begin_ahead(struct fetch *f, const struct fetch_goal *goal, struct err *err)
{
    const uint64_t first = journal_copy_size(f->copy) / PUBLISHED_WIDTH;
    const unsigned connections = f->options->connections ? f->options->connections : CONNECTIONS;

    if (!publication_is_far(f->publication) || connections == 1 ||
        goal->size / PUBLISHED_WIDTH - first < AHEAD_WORTH)
        return ERR_OK;
    return fetch_ahead_new(&f->ahead, f->publication, connections, first, goal->size, err);
}

static enum err_code take_bundles(struct fetch *f, const struct fetch_goal *goal, struct err *err)
{
    const struct fetch_options *const options = f->options;

    enum err_code rc = fetch_tree_open(&f->tree, f->publication, goal->size, &goal->root, err);
    if (!rc)
        rc = check_beginning(f, goal, err);
    if (!rc)
        rc = begin_ahead(f, goal, err);
    while (!rc && journal_copy_size(f->copy) < goal->size) {
        rc = take_bundle(f, journal_copy_size(f->copy) / PUBLISHED_WIDTH, goal, err);
        if (options->progress)
            options->progress(options->progress_arg, journal_copy_size(f->copy), f->newest.size);
    }
    fetch_ahead_free(f->ahead, f->publication);
    f->ahead = NULL;
    fetch_tree_close(f->tree);
    f->tree = NULL;
    return rc;
}

static enum err_code take_goal(struct fetch *f, const struct fetch_goal *goal, struct err *err)
{
    const struct hash mine = journal_copy_root(f->copy);
    bool is_new = false;
    enum err_code rc = ERR_OK;

    if (goal->size > journal_copy_size(f->copy))
        rc = take_bundles(f, goal, err);
    else if (!hash_equal(&mine, &goal->root))
        rc = other_history(f, goal, goal->size, &goal->root, err);
    if (!rc && goal->size == f->newest.size)
        rc = fetch_check_signer(f, goal, err);
    if (!rc && goal->size == f->newest.size)
        rc = fetch_evidence_keep(f->copy, goal->size, f->checkpoint, f->checkpoint_size, &is_new, err);
    f->report->seals += !rc && is_new;
    return rc ? rc : journal_copy_commit(f->copy, err);
}

/* -- all of it ------------------------------------------------------------------------------------------- */

static enum err_code take_all(struct fetch *f, struct err *err)
{
    struct fetch_goal goal = {.size = 0};
    enum err_code rc = ERR_OK;

    while (!rc && goal.size != f->newest.size) {
        rc = fetch_choose_goal(f, &goal, err);
        if (!rc && goal.size < journal_copy_size(f->copy))
            return check_older(f, &goal, err);
        if (!rc)
            rc = take_goal(f, &goal, err);
    }
    return rc;
}

static enum err_code open_copy(struct fetch *f, struct err *err)
{
    char about[ABOUT_SIZE];

    snprintf(about, sizeof about,
             "A copy of the journal %s, fetched from %s (ledger fetch-from). It has no vault.\n",
             fetch_keys_newest(f->keys)->name, f->options->from);
    return journal_copy_open(&f->copy, f->options->dir, about, err);
}

static enum err_code fetch_all(struct fetch *f, struct err *err)
{
    enum err_code rc = fetch_keys_new(&f->keys, f->options->vkey, err);

    if (!rc)
        rc = publication_open(&f->publication, f->options->from, f->options->ca_file, err);
    if (!rc)
        rc = get_checkpoint(f, err);
    if (!rc)
        rc = open_copy(f, err);
    if (!rc)
        rc = read_copy(f, err);
    if (rc)
        return rc;
    f->report->before = journal_copy_size(f->copy);
    rc = get_list(f, err);
    if (!rc)
        rc = take_all(f, err);
    if (!rc) {
        const struct fetch_evidence late = {.publication = f->publication,
                                            .copy = f->copy,
                                            .keys = f->keys,
                                            .dir = f->options->dir,
                                            .listed = f->listed,
                                            .count = f->listed_count,
                                            .before = f->report->before};
        rc = fetch_evidence_late(&late, &f->report->seals, &f->report->timestamps, err);
    }
    return rc;
}

enum err_code fetch_journal(const struct fetch_options *options, struct fetch_report *report, struct err *err)
{
    struct fetch *const f = calloc(1, sizeof *f);

    memset(report, 0, sizeof *report);
    if (!f)
        return no_memory(err);
    f->options = options;
    f->report = report;
    const enum err_code rc = fetch_all(f, err);
    if (!rc) {
        report->entries = journal_copy_size(f->copy);
        report->root = journal_copy_root(f->copy);
        report->files = publication_files(f->publication);
        report->bytes = publication_bytes(f->publication);
    }
    journal_copy_close(f->copy);
    publication_close(f->publication);
    fetch_keys_free(f->keys);
    free(f->checkpoint);
    free(f->listed);
    free(f);
    return rc;
}
