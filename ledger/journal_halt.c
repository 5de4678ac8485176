/*
 * Halting: what was read back is not what was written. From then on the journal is read-only, for every program: a row
 * of `meta` says why, until people have looked and entered that they have.
 */
#include "ledger/journal_state.h"

#include "ledger/utf8.h"

#include <inttypes.h>
#include <stdio.h>

#define ROW "halted"

static enum err_code refuse(const struct journal *j, const char *since, struct err *err)
{
    return err_set(err, ERR_HALTED,
                   "%s takes no entries: halted at %s. The memory or the disk of this machine cannot be "
                   "trusted. Look with: ledger -C %s doctor. To go on, two persons sign: ledger help recover",
                   j->dir, since, j->dir);
}

enum err_code journal_halted(struct store_txn *t, char text[JOURNAL_HALT_MAX + 1], bool *halted,
                             struct err *err)
{
    const uint8_t *bytes = NULL;
    size_t size = 0;

    const enum err_code rc = store_find_meta(t, ROW, &bytes, &size, halted, err);
    if (rc || !*halted)
        return rc;
    if (size > JOURNAL_HALT_MAX || !utf8_is_valid_text(bytes, size))
        size = 0; /* damaged too; that it is there counts */
    memcpy(text, bytes, size);
    text[size] = '\0';
    return ERR_OK;
}

enum err_code journal_check_halted(struct journal *j, struct store_txn *t, struct err *err)
{
    char text[JOURNAL_HALT_MAX + 1];
    bool halted = false;

    const enum err_code rc = journal_halted(t, text, &halted, err);
    if (rc)
        return rc;
    if (halted || j->halt[0])
        return refuse(j, halted ? text : j->halt, err);
    return ERR_OK;
}

/* In the place of the group, under its lock. */
static enum err_code write_row(struct journal_group *g, const char *text, struct err *err)
{
    enum err_code rc;

    do {
        rc = store_txn_again(g->txn, err);
        if (!rc)
            rc = store_put_meta(g->txn, ROW, text, strlen(text), err);
        if (!rc)
            rc = store_txn_commit(g->txn, err);
    } while (rc && store_txn_is_full(g->txn) && !store_txn_regrow(g->txn, 0, err));
    return rc;
}

enum err_code journal_halt(struct journal_group *g, const char *when, const char *where,
                           const struct err *what, struct err *err)
{
    struct journal *const j = g->journal;
    struct err why = {.code = ERR_OK};
    char at[INSTANT_TEXT_SIZE];
    char text[JOURNAL_HALT_MAX + 1];

    instant_format(at, g->recorded_at_ns);
    snprintf(text, sizeof text, "%s: entries %" PRIu64 "..%" PRIu64 ", %s: %.400s; %s", at, g->before + 1,
             g->before + g->count, when, what->text, where);
    const enum err_code rc = write_row(g, text, &why);
    if (rc) /* then this handle remembers it */
        snprintf(j->halt, sizeof j->halt, "%s", text);
    (void)refuse(j, text, err);
    if (rc)
        return err_wrap(err, "(that it is halted could not be written: %.200s)", why.text);
    return ERR_HALTED;
}

enum err_code journal_unhalt(struct journal_group *g, struct err *err)
{
    g->journal->halt[0] = '\0';
    return store_drop_meta(g->txn, ROW, err);
}
