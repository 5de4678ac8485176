/*
 * Three verifiers asked the same question: `ledger verify` as a library, ledger-verify as a library, and the JavaScript
 * verifier as one node process that is fed through a pipe. A verdict is what they must agree upon.
 */
#ifndef TESTS_TAMPER_JUDGES_H
#define TESTS_TAMPER_JUDGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum judge { JUDGE_LEDGER, JUDGE_SECOND, JUDGE_SCRIPT };
#define JUDGES 3

struct question {
    const uint8_t *image; /* a raw export */
    size_t size;
    const char
        *dir; /* the journal that it is the export of, which `ledger verify` is then asked about; or NULL */
    const char *vkey;    /* NULL: none is given */
    const char *against; /* a kept seal; NULL: none */
};

struct verdict {
    int exit; /* 0, 1 or 3 */
    bool integrity_ok;
    bool complete_ok;
    char where[64]; /* "-" when no place is named */
    char what[400];
};

struct judges {
    pid_t node; /* 0: node is not installed, and JUDGE_SCRIPT is not asked */
    int to;
    int from;
};

/* $LEDGER_SOURCE is where the script is found. */
void judges_open(struct judges *j);
void judges_close(struct judges *j);
/* Without node, that verdict is the second one's. */
void judges_ask(struct judges *j, const struct question *q, struct verdict verdicts[JUDGES]);

/* One of the first two alone. */
void judge_ledger(const struct question *q, struct verdict *v);
void judge_second(const struct question *q, struct verdict *v);

/* The same exit code, place and two verdicts? What is wrong there may be told in other words. */
bool verdict_equal(const struct verdict *a, const struct verdict *b);
const char *judge_name(enum judge judge);

#endif
