/* The checks of ledger doctor that need more than the journal's files: rows for the table in cmd_doctor.c. */
#ifndef CLI_DOCTOR_H
#define CLI_DOCTOR_H

#include "audit/diagnose.h"
#include "cli/cli.h"

void doctor_program(struct diagnosis *d); /* which program, which build */
void doctor_keys(
    struct diagnosis *d); /* does the vault hold this journal's key? Only with a passphrase at hand */
void doctor_book(struct diagnosis *d);  /* does everything fold into state, and what state is it in */
void doctor_guard(struct diagnosis *d); /* do the fork guards agree with what was sealed last */
void doctor_index(struct diagnosis *d); /* does index.mdb agree with the entries */

/* ledger doctor --reindex: deletes index.mdb, whatever is wrong with it, and makes it anew from the entries. */
MUST_USE enum err_code doctor_reindex(struct cli *cli, bool json, struct err *err);

#endif
