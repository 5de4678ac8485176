/* What only a fold of the journal, or its passphrase, can tell. */
#include "cli/doctor.h"

#include "cli/cli.h"

#include "book/snapshot.h"
#include "ledger/build.h"

#include <stdlib.h>

void doctor_program(struct diagnosis *d)
{
    char build[256];

    build_describe(build, sizeof build);
    diagnose_add(d, DIAGNOSE_GOOD, NULL, "%s, %s", BUILD_PROGRAM, build);
}

/* Never asks for a passphrase: a doctor is called by timers, too. */
void doctor_keys(struct diagnosis *d)
{
    struct cli *const cli = d->options.arg;
    const char *const variable = getenv("LEDGER_PASSPHRASE_FILE");
    struct err why = {.code = ERR_OK};
    struct secret *passphrase = NULL;
    struct journal *j = NULL;

    if (d->facts.is_copy)
        return;
    if (!cli->passphrase_file && !(variable && variable[0])) {
        diagnose_add(
            d, DIAGNOSE_REMARK, NULL,
            "not looked at: with --passphrase-file FILE it is tried whether the vault is this journal's");
        return;
    }
    enum err_code rc = cli_open(cli, true, &j, &why);
    if (!rc)
        rc = cli_passphrase(cli, false, &passphrase, &why);
    if (!rc)
        rc = journal_unlock(j, passphrase, &why);
    if (rc == ERR_KEY)
        diagnose_advise(diagnose_add(d, DIAGNOSE_BAD, NULL, "nothing can be appended: %s", why.text),
                        "restore the vault from a backup of this journal, or give its passphrase");
    else if (rc)
        diagnose_add(d, DIAGNOSE_UNSEEN, NULL, "%s", why.text);
    else
        diagnose_add(d, DIAGNOSE_GOOD, NULL,
                     "the passphrase opens the vault, and it holds this journal's key");
    secret_free(passphrase);
    journal_close(j);
}

static void tell_state(struct diagnosis *d, const struct book *b)
{
    char where[40];

    if (accounts_sum_micro(b->accounts) != 0)
        diagnose_add(d, DIAGNOSE_BAD, "accounts", "balances do not sum to zero");
    else
        diagnose_add(d, DIAGNOSE_GOOD, "accounts", "balances sum to zero");
    if (b->risk->stopped) {
        snprintf(where, sizeof where, "entry %llu", (unsigned long long)b->risk->stop_seq);
        diagnose_advise(diagnose_add(d, DIAGNOSE_REMARK, where, "trading is stopped by entry %llu",
                                     (unsigned long long)b->risk->stop_seq),
                        "ledger resume --reason TEXT");
    }
    if (risk_state_tripped(b->risk))
        diagnose_advise(
            diagnose_add(d, DIAGNOSE_REMARK, "breakers", "%u tripped", risk_state_tripped(b->risk)),
            "ledger resume --reason TEXT resets them");
    if (b->run->is_open) {
        snprintf(where, sizeof where, "entry %llu", (unsigned long long)b->run->first_seq);
        diagnose_advise(diagnose_add(d, DIAGNOSE_REMARK, where, "the run that entry %llu began has no end",
                                     (unsigned long long)b->run->first_seq),
                        "nothing, if it is under way; the same ledger run command goes on with it");
    }
    if (b->orders->open_count)
        diagnose_add(d, DIAGNOSE_REMARK, "orders", "%u open", b->orders->open_count);
}

/* What was found wrong with what the program says of its own settings and state: the first of each, and how many. */
struct said {
    uint64_t configurations;
    uint64_t snapshots;
    uint64_t foreign_snapshots; /* of other versions of this program */
    uint64_t wrong_configurations;
    uint64_t wrong_snapshots;
};

static void tell_wrong(struct diagnosis *d, uint64_t *count, const struct entry *e, const char *why,
                       const char *todo)
{
    char where[40];

    if ((*count)++)
        return;
    snprintf(where, sizeof where, "entry %llu", (unsigned long long)e->seq);
    diagnose_advise(
        diagnose_add(d, DIAGNOSE_BAD, where, "%s: %s", entry_kind_find((unsigned)e->kind)->text, why), "%s",
        todo);
}

/* Before the entry is applied. */
static void look_at_said(struct diagnosis *d, const struct book *b, const struct entry *e, struct said *said)
{
    struct err why = {.code = ERR_OK};

    if (e->kind == ENTRY_CONTROL_CONFIGURATION) {
        said->configurations++;
        if (configuration_check_entry(&e->as.control_configuration, &why))
            tell_wrong(
                d, &said->wrong_configurations, e, why.text,
                "ask who held the keys: only the settings had an effect, and people approved the source");
    } else if (e->kind == ENTRY_CONTROL_SNAPSHOT) {
        said->snapshots += snapshot_is_ours(e);
        said->foreign_snapshots += !snapshot_is_ours(e);
        if (snapshot_check_entry(b, e, &why))
            tell_wrong(
                d, &said->wrong_snapshots, e, why.text,
                "decide on nothing that began with it: ledger replay --check-snapshots, and ledger replay "
                "--redecide");
    }
}

/* From the first entry on: what is stored is not what is asked about. */
static enum err_code fold(struct diagnosis *d, struct book *b, struct journal_reader *r, struct said *said,
                          struct err *why)
{
    struct journal_record record;
    struct entry e;
    bool found = true;
    enum err_code rc = journal_reader_seek(r, 1, why);

    while (!rc) {
        rc = journal_reader_next(r, &record, &found, why);
        if (rc || !found)
            break;
        rc = entry_decode(record.bytes, record.size, &e, why);
        if (rc)
            return err_wrap(why, "entry %llu", (unsigned long long)record.seq);
        look_at_said(d, b, &e, said);
        rc = book_apply(b, &e, why);
    }
    return rc;
}

static void tell_said(struct diagnosis *d, const struct said *said)
{
    if (said->configurations && !said->wrong_configurations)
        diagnose_add(d, DIAGNOSE_GOOD, "settings", "%llu configurations are what their sources say",
                     (unsigned long long)said->configurations);
    if (said->snapshots && !said->wrong_snapshots)
        diagnose_add(d, DIAGNOSE_GOOD, "snapshots", "%llu vouch for the state that the entries make",
                     (unsigned long long)said->snapshots);
    if (said->foreign_snapshots)
        diagnose_add(d, DIAGNOSE_GOOD, "snapshots",
                     "%llu are of other versions of this program: they are not used, and cannot be compared",
                     (unsigned long long)said->foreign_snapshots);
}

void doctor_book(struct diagnosis *d)
{
    struct journal_reader *r = NULL;
    struct err why = {.code = ERR_OK};
    struct journal *j = NULL;
    struct book b = {0};
    struct said said = {0};

    enum err_code rc = cli_open(d->options.arg, true, &j, &why);
    if (!rc)
        rc = journal_reader_begin(j, &r, &why);
    if (!rc)
        rc = book_init(&b, &why);
    if (!rc)
        rc = fold(d, &b, r, &said, &why);
    if (rc) {
        diagnose_advise(diagnose_add(d, DIAGNOSE_BAD, NULL, "it does not fold into state: %s", why.text),
                        "ledger replay, with the program that wrote it");
    } else {
        diagnose_add(d, DIAGNOSE_GOOD, NULL, "all %llu entries fold into state",
                     (unsigned long long)book_seq(&b));
        tell_said(d, &said);
        tell_state(d, &b);
    }
    book_release(&b);
    journal_reader_end(r);
    journal_close(j);
}
