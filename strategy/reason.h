/*
 * Reasons in words: a sentence that grows in a fixed buffer. What does not fit is cut at the end, never
 * spilled; the same numbers give the same bytes everywhere.
 */
#ifndef STRATEGY_REASON_H
#define STRATEGY_REASON_H

#include "ledger/entry.h"

#define REASON_SIZE 2048

struct reason {
    size_t length;
    char text[REASON_SIZE]; /* terminated */
};

void reason_begin(struct reason *r);
void reason_add(struct reason *r, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Canonical decimals: "748.54"; "not known" for PRICE_NONE. */
void reason_add_price(struct reason *r, int64_t price_nano);
/* Two decimals: "31235.00". */
void reason_add_money(struct reason *r, int64_t micro);
/* Two decimals: "17.17 %". */
void reason_add_percent(struct reason *r, int64_t rate_nano);
/* "open_positions is 10, must be below 10". */
void reason_add_check(struct reason *r, const struct check *c);
/* Every row that does not hold, with "; " between them. Returns how many. */
unsigned reason_add_failed(struct reason *r, const struct checks *checks);
struct text reason_text(const struct reason *r);

#endif
