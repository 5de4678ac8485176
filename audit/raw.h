/* The constants of the raw export; its layout stands at the head of audit/evidence_raw.c. */
#ifndef AUDIT_RAW_H
#define AUDIT_RAW_H

#define RAW_MAGIC      "LEDGERRAW 2\n"
#define RAW_MAGIC_1    "LEDGERRAW 1\n" /* is read for ever: it has the first RAW_TABLES_1 tables */
#define RAW_MAGIC_SIZE 12
#define RAW_TYPES      "MBTSCX" /* by enum evidence_table */
#define RAW_TABLES_1   5
#define RAW_END        'E'
#define RAW_HEAD_SIZE  7 /* type, size of the key, size of the value */

#endif
