/* The postings of one key: chunks, loaded one at a time, asked for the run at a place. */
#include "ledger/index_state.h"

void index_list_init(struct index_list *l, struct index_txn *t, const struct index_key *key)
{
    l->txn = t;
    l->key = *key;
    l->count = 0;
}

static enum err_code load(struct index_list *l, const struct index_row *row, struct err *err)
{
    size_t count = 0;

    l->count = 0;
    const enum err_code rc = postings_decode(row->first, row->value, row->size, l->runs, &count, err);
    if (rc) {
        char text[INDEX_KEY_TEXT_SIZE];
        return err_wrap(err, INDEX_FILE_NAME " is damaged, delete it, or run ledger doctor --reindex: %s",
                        index_key_format(text, &l->key));
    }
    l->count = count;
    return ERR_OK;
}

/* Number of runs that begin at or before seq. */
static size_t begun(const struct index_list *l, uint64_t seq)
{
    size_t low = 0;
    size_t high = l->count;

    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (l->runs[middle].first <= seq)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Looks in the loaded chunk, which holds all of the key from its first to its last seq. */
static bool look_after(const struct index_list *l, uint64_t seq, struct postings_run *run)
{
    if (l->count == 0 || seq < l->runs[0].first || seq > l->runs[l->count - 1].last)
        return false;
    size_t i = begun(l, seq) - 1;
    if (l->runs[i].last < seq)
        i++;
    *run = l->runs[i];
    if (run->first < seq)
        run->first = seq;
    return true;
}

enum err_code index_list_after(struct index_list *l, uint64_t seq, struct postings_run *run, bool *found,
                               struct err *err)
{
    struct index_row row;
    bool any = false;
    enum err_code rc = ERR_OK;

    *found = look_after(l, seq, run);
    if (*found)
        return ERR_OK;
    rc = index_find_before(l->txn, &l->key, seq, &row, &any, err);
    if (!rc && any)
        rc = load(l, &row, err);
    if (rc)
        return rc;
    *found = any && look_after(l, seq, run);
    if (*found)
        return ERR_OK;
    rc = index_find_after(l->txn, &l->key, seq, &row, &any, err);
    if (!rc && any)
        rc = load(l, &row, err);
    if (rc || !any)
        return rc;
    *run = l->runs[0];
    *found = true;
    return ERR_OK;
}

static bool look_before(const struct index_list *l, uint64_t seq, struct postings_run *run)
{
    const size_t i = begun(l, seq);

    if (i == 0)
        return false;
    *run = l->runs[i - 1];
    if (run->last > seq)
        run->last = seq;
    return true;
}

enum err_code index_list_before(struct index_list *l, uint64_t seq, struct postings_run *run, bool *found,
                                struct err *err)
{
    struct index_row row;
    bool any = false;

    if (l->count > 0 && seq >= l->runs[0].first && seq <= l->runs[l->count - 1].last) {
        *found = look_before(l, seq, run);
        return ERR_OK;
    }
    enum err_code rc = index_find_before(l->txn, &l->key, seq, &row, &any, err);
    if (!rc && any)
        rc = load(l, &row, err);
    if (!rc)
        *found = any && look_before(l, seq, run);
    return rc;
}
