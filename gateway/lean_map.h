/*
 * LEAN's map files (which ticker a listing had when) and factor files (its splits). Small CSV files, one a listing.
 *
 * "20040819,goog,Q": the ticker up to and including that date; the first row's date is the listing's first day.
 * "20140606,0.9011818,0.0357143,645.57": factors up to and including that date; a change of the third field from
 * one row to the next is a split before the next session.
 */
#ifndef GATEWAY_LEAN_MAP_H
#define GATEWAY_LEAN_MAP_H

#include "ledger/decimal.h"
#include "ledger/instant.h"

#define LEAN_MAP_ROWS_MAX    64
#define LEAN_FACTOR_ROWS_MAX 1024
#define LEAN_FACTOR_DECIMALS 15
#define LEAN_TICKER_SIZE     8

struct lean_map_row {
    civil_day last;
    char ticker[LEAN_TICKER_SIZE]; /* lower case */
};

struct lean_map {
    struct lean_map_row rows[LEAN_MAP_ROWS_MAX];
    size_t count; /* 0: there is no map file, and the ticker was always the same */
};

struct lean_factor_row {
    civil_day last;
    int64_t split; /* scaled by LEAN_FACTOR_DECIMALS; more than 0 */
};

struct lean_factors {
    struct lean_factor_row rows[LEAN_FACTOR_ROWS_MAX];
    size_t count;
};

/* ERR_INPUT names the line and what is wrong. Dates must rise. Pure. */
MUST_USE enum err_code lean_map_parse(struct lean_map *map, const char *text, size_t size, struct err *err);
MUST_USE enum err_code lean_factors_parse(struct lean_factors *factors, const char *text, size_t size,
                                          struct err *err);

/* The ticker of a day; `ticker` itself without a map; NULL when the listing did not trade then (before or after). */
const char *lean_map_ticker(const struct lean_map *map, const char *ticker, civil_day d);

#endif
