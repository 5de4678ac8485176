/* Whether the journal and its fork guards agree. */
#include "cli/doctor.h"

#include "ledger/journal_guard.h"

static void tell(struct diagnosis *d, const struct journal_guard *row)
{
    if (row->why.code == ERR_OK) {
        diagnose_add(d, DIAGNOSE_GOOD, row->path, "it has seen %llu entries signed, and here they are",
                     (unsigned long long)row->state.last.size);
        return;
    }
    diagnose_advise(
        diagnose_add(d, row->is_read ? DIAGNOSE_BAD : DIAGNOSE_UNSEEN, NULL, "%s", row->why.text),
        row->is_read ? "use the journal that has gone on; if there is none, two persons sign that this one "
                       "does: ledger help recover"
                     : "put it back; if it is lost, two persons sign that the journal goes on: ledger help "
                       "recover");
}

void doctor_guard(struct diagnosis *d)
{
    struct err why = {.code = ERR_OK};
    struct journal_guards found;
    struct journal *j = NULL;

    enum err_code rc = cli_open(d->options.arg, true, &j, &why);
    if (!rc)
        rc = journal_guards_look(j, &found, &why);
    journal_close(j);
    if (rc) { /* the check of the journal says more */
        diagnose_add(d, DIAGNOSE_UNSEEN, NULL, "%s", why.text);
        return;
    }
    for (unsigned i = 0; i < found.count; i++)
        tell(d, &found.rows[i]);
    if (found.count == 0)
        diagnose_add(
            d, DIAGNOSE_GOOD, NULL,
            "none is set: a restored backup or a copy would sign a second history (ledger help guard)");
}
