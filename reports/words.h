/*
 * Words: sentences for people, made from entries and numbers, in a growing buffer with a ceiling. The same
 * entry gives the same words in the audit trail of a pack and in `ledger explain`.
 *
 * Sticky: what does not fit sets `bad` and nothing is added from then on; words_done() asks once. Whatever
 * comes out of an entry is shown with control and direction characters escaped.
 */
#ifndef REPORTS_WORDS_H
#define REPORTS_WORDS_H

#include "ledger/entry.h"

#define WORDS_MAX ((size_t)1 << 20)

struct words {
    char *bytes; /* terminated once something was added */
    size_t size;
    size_t capacity;
    bool bad;
};

void words_init(struct words *w); /* allocates nothing yet */
void words_release(struct words *w);
void words_clear(struct words *w);                                         /* keeps the buffer */
MUST_USE enum err_code words_done(const struct words *w, struct err *err); /* ERR_MEMORY */
/* Terminated, "" when nothing was added; borrowed until the next addition. */
const char *words_get(const struct words *w);

void words_add(struct words *w, const char *format, ...) __attribute__((format(printf, 2, 3)));
void words_bytes(struct words *w, const char *bytes, size_t size); /* as they are */
void words_price(struct words *w, int64_t price_nano);             /* "0.40", "none" for PRICE_NONE */
void words_money(struct words *w, int64_t micro);                  /* "31235.00" */
void words_change(struct words *w, int64_t micro);                 /* the same with its sign: "+197.96" */
void words_percent(struct words *w, int64_t rate_nano);            /* "17.91 %" */
/* In its unit: "17.91 %", "12 s", "yes"; "not known" for CHECK_VALUE_NONE. */
void words_amount(struct words *w, enum unit unit, int64_t value);
void words_count(struct words *w, int64_t count, const char *one, const char *many); /* "1 contract" */
void words_time(struct words *w, int64_t at_ns); /* New York, to the second: "14:31:00"; "no time" */
/*
 * "days_least 14 >= 7 ok", "otm_most 23.10 % <= 20.00 % FAILED". An exit rule that does not hold is no failure:
 * "exit_time 29 <= 3 not due". What a closing order is exempt from "does not count".
 */
void words_check(struct words *w, const struct check *c);
/* Whether it is one that says FAILED. */
bool words_check_failed(const struct check *c);
/* A field of the entry by its name in the table; REQUIREs that there is one. */
void words_field(struct words *w, const struct entry *e, const char *field);

/* What the entry says, in one line. Kinds without a sentence of their own list their fields. */
void words_entry(struct words *w, const struct entry *e);
/* What an entry is in the chain from perception to fill: "decision", "verdict", "acknowledged" ... */
const char *words_stage(const struct entry *e);
/* ">=", "<=", ">", "<", "=" */
const char *words_rule(enum rule rule);

#endif
