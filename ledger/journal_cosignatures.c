/* Lines of others in the stored seals. They change nothing about the journal itself: its text and its own line stay. */
#include "ledger/journal_state.h"

#include <inttypes.h>

static enum err_code add(struct journal *j, struct store_txn *t, uint64_t size, const char *lines,
                         size_t lines_size, struct seal *seal, struct err *err)
{
    char joined[NOTE_MAX_SIZE];
    const char *note = NULL;
    uint64_t found_size = 0;
    size_t note_size = 0;
    size_t joined_size = 0;
    bool found = false;

    enum err_code rc = store_find_seal(t, size, &found_size, &note, &note_size, &found, err);
    if (rc)
        return rc;
    if (!found || found_size != size)
        return err_set(err, ERR_NOT_FOUND, "%s has no seal of size %" PRIu64, j->dir, size);
    /* One byte less, so that struct seal can end it. */
    rc = note_add_lines(joined, sizeof joined - 1, &joined_size, note, note_size, lines, lines_size, err);
    if (rc)
        return err_wrap(err, "the seal of size %" PRIu64, size);
    rc = journal_seal_of(j, size, joined, joined_size, seal, err);
    if (rc || joined_size == note_size) /* all of them were there */
        return rc;
    rc = store_replace_seal(t, size, joined, joined_size, err);
    return rc ? rc : store_txn_commit(t, err);
}

enum err_code journal_add_cosignatures(struct journal *j, uint64_t size, const char *lines, size_t lines_size,
                                       struct seal *seal, struct err *err)
{
    struct store_txn *t = NULL;
    struct seal made;

    if (j->read_only)
        return err_set(err, ERR_IO, "%s was opened for reading only", j->dir);
    enum err_code rc = store_write_begin(j->store, &t, err);
    if (rc)
        return rc;
    rc = add(j, t, size, lines, lines_size, &made, err);
    while (rc && store_txn_is_full(t)) {
        rc = store_txn_regrow(t, 2 * (uint64_t)NOTE_MAX_SIZE, err);
        if (!rc)
            rc = add(j, t, size, lines, lines_size, &made, err);
    }
    store_txn_end(t);
    if (!rc && seal)
        *seal = made;
    return rc;
}
