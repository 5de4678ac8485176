/*
 * One row of LEAN's CSV files, and the names of the entries in its zips. Pure; does not allocate.
 *
 * Minute files stamp a row with milliseconds since local midnight, hour and daily files with "YYYYMMDD HH:MM":
 * its START, in the data's own zone. Prices are integers in 1/10000 dollar; those of indices are decimals.
 */
#ifndef GATEWAY_LEAN_ROW_H
#define GATEWAY_LEAN_ROW_H

#include "ledger/entry.h"

enum lean_kind { LEAN_QUOTE = 1, LEAN_TRADE, LEAN_OPEN_INTEREST };
enum lean_stamp { LEAN_MILLISECONDS = 1, LEAN_DATE_TIME };
enum lean_price { LEAN_DECI_CENT = 1, LEAN_DECIMAL };

struct lean_format {
    enum lean_kind kind;
    enum lean_stamp stamp;
    enum lean_price price;
};

#define LEAN_ROW_MAX 400 /* bytes; a real row has at most 120 */

struct lean_row {
    civil_day day;             /* CIVIL_DAY_NONE for stamps in milliseconds */
    int64_t since_midnight_ns; /* 0 .. one day */
    size_t rest;               /* where the values begin */
    /* LEAN_QUOTE: the last of the bar; a missing side is PRICE_NONE with size 0 */
    int64_t bid;
    int64_t ask;
    int64_t bid_size;
    int64_t ask_size;
    /* LEAN_TRADE */
    int64_t open;
    int64_t high;
    int64_t low;
    int64_t close;
    int64_t volume;
    /* LEAN_OPEN_INTEREST */
    int64_t contracts;
};

/* Only the stamp: rows of other days need not be read further. ERR_INPUT says what is wrong. */
MUST_USE enum err_code lean_row_stamp(const char *text, size_t length, const struct lean_format *format,
                                      struct lean_row *row, struct err *err);

/* The rest of a row whose stamp was read. ERR_INPUT names the field, counted from 1. */
MUST_USE enum err_code lean_row_values(const char *text, size_t length, const struct lean_format *format,
                                       struct lean_row *row, struct err *err);

/* The contract that an option's entry is about, from the last three parts of its name:
 * "20151224_goog_minute_quote_american_put_7500000_20160617.csv" or "goog_quote_american_call_7500000_20160115.csv". */
struct lean_name {
    char ticker[8]; /* lower case, as the file has it */
    enum lean_kind kind;
    enum right right;
    int64_t strike_nano;
    civil_day expiry;
};

MUST_USE enum err_code lean_name_parse(const char *text, size_t length, struct lean_name *name,
                                       struct err *err);

#endif
