/* Timestamps beside the seals: what authorities said about them. They change nothing about the journal itself. */
#include "ledger/journal_state.h"
#include "ledger/store_timestamps.h"

#include <inttypes.h>

/* A seal of exactly this size is there. */
static enum err_code check_seal(const struct journal *j, struct store_txn *t, uint64_t size, struct err *err)
{
    const char *note = NULL;
    uint64_t found_size = 0;
    size_t note_size = 0;
    bool found = false;
    const enum err_code rc = store_find_seal(t, size, &found_size, &note, &note_size, &found, err);

    if (rc)
        return rc;
    if (!found || found_size != size)
        return err_set(err, ERR_NOT_FOUND, "%s has no seal of size %" PRIu64, j->dir, size);
    return ERR_OK;
}

/* The number that follows those of this seal; *is_known: this very token is there, and *number is its own. */
static enum err_code next_number(struct store_txn *t, uint64_t size, const void *token, size_t token_size,
                                 uint32_t *number, bool *is_known, struct err *err)
{
    *is_known = false;
    for (*number = 0;; ++*number) {
        uint64_t at_size = size;
        uint32_t at_number = *number;
        const uint8_t *bytes = NULL;
        size_t bytes_size = 0;
        bool found = false;
        const enum err_code rc =
            store_find_timestamp(t, &at_size, &at_number, &bytes, &bytes_size, &found, err);
        if (rc || !found || at_size != size || at_number != *number)
            return rc;
        *is_known = bytes_size == token_size && memcmp(bytes, token, token_size) == 0;
        if (*is_known)
            return ERR_OK;
    }
}

static enum err_code add(struct journal *j, struct store_txn *t, uint64_t size, const void *token,
                         size_t token_size, uint32_t *number, struct err *err)
{
    bool is_known = false;

    enum err_code rc = check_seal(j, t, size, err);
    if (!rc)
        rc = next_number(t, size, token, token_size, number, &is_known, err);
    if (rc || is_known)
        return rc;
    rc = store_put_timestamp(t, size, *number, token, token_size, err);
    return rc ? rc : store_txn_commit(t, err);
}

enum err_code journal_add_timestamp(struct journal *j, uint64_t size, const void *token, size_t token_size,
                                    uint32_t *number, struct err *err)
{
    struct store_txn *t = NULL;
    uint32_t given = 0;

    REQUIRE(token_size > 0 && token_size <= JOURNAL_TIMESTAMP_MAX);
    if (j->read_only)
        return err_set(err, ERR_IO, "%s was opened for reading only", j->dir);
    enum err_code rc = store_write_begin(j->store, &t, err);
    if (rc)
        return rc;
    rc = add(j, t, size, token, token_size, &given, err);
    while (rc && store_txn_is_full(t)) {
        rc = store_txn_regrow(t, 2 * (uint64_t)token_size, err);
        if (!rc)
            rc = add(j, t, size, token, token_size, &given, err);
    }
    store_txn_end(t);
    if (!rc && number)
        *number = given;
    return rc;
}

enum err_code journal_reader_timestamp(struct journal_reader *r, uint64_t size, uint32_t number,
                                       struct journal_timestamp *timestamp, bool *found, struct err *err)
{
    struct journal_timestamp at = {.size = size, .number = number};
    const enum err_code rc =
        store_find_timestamp(r->txn, &at.size, &at.number, &at.token, &at.token_size, found, err);

    if (!rc && *found)
        *timestamp = at;
    return rc;
}
