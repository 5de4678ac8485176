/* The checks of ledger doctor that need more than the journal's files: rows for the table in cmd_doctor.c. */
#ifndef CLI_DOCTOR_H
#define CLI_DOCTOR_H

#include "audit/diagnose.h"

void doctor_program(struct diagnosis *d); /* which program, which build */
void doctor_keys(
    struct diagnosis *d); /* does the vault hold this journal's key? Only with a passphrase at hand */
void doctor_book(struct diagnosis *d); /* does everything fold into state, and what state is it in */

#endif
