/*
 * Symbols: a ticker ("GOOG", "BRK.B", "SPX") or a 21-character OCC option symbol ("GOOG  151224P00750000":
 * root padded to six, expiry yymmdd, C or P, strike in 1/1000 dollar on eight digits; OSI, OCC 2010).
 */
#ifndef LEDGER_SYMBOL_H
#define LEDGER_SYMBOL_H

#include "ledger/err.h"
#include "ledger/instant.h"

#include <stdint.h>

#define SYMBOL_OCC_LENGTH 21
#define SYMBOL_TICKER_MAX 12

struct symbol {
    uint8_t length;                   /* 1 .. 12 for a ticker, 21 for an OCC symbol; 0: none */
    char text[SYMBOL_OCC_LENGTH + 2]; /* zero-filled past length, so memcmp compares */
};

enum right { RIGHT_CALL = 'C', RIGHT_PUT = 'P' };

struct contract {
    char root[7]; /* terminated, no padding: "GOOG", "SPXW" */
    civil_day expiry;
    enum right right;
    int64_t strike_nano;
};

/* Checks form and content (OCC: real date, strike > 0, root charset); ERR_INPUT says what is wrong. */
MUST_USE enum err_code symbol_parse(const char *text, size_t length, struct symbol *s, struct err *err);
bool symbol_is_option(const struct symbol *s);
bool symbol_equal(const struct symbol *a, const struct symbol *b);
int symbol_compare(const struct symbol *a, const struct symbol *b); /* byte order */

/* s must be an option (REQUIRE). */
void symbol_contract(const struct symbol *s, struct contract *c);
/* ERR_RANGE when the strike is no whole 1/1000 dollar or needs more than eight digits, or the root is longer than six. */
MUST_USE enum err_code symbol_from_contract(const struct contract *c, struct symbol *s, struct err *err);

/*
 * The ticker a position in this symbol is about: "GOOG" for GOOG options, "SPX" for root SPXW (the one root
 * whose underlying has another name here), the ticker itself for a stock.
 */
void symbol_underlying(const struct symbol *s, struct symbol *underlying);

/* Whether that ticker is `underlying`; NULL stands for any. */
bool symbol_is_about(const struct symbol *s, const struct symbol *underlying);

/* Shares or index units a contract stands for: 100 for an option, 1 otherwise. */
int64_t symbol_multiplier(const struct symbol *s);

/* Cash-settled European index options (roots SPX, SPXW); AM: settled at the open of the expiry day (SPX). */
bool symbol_is_index_option(const struct symbol *s);
bool symbol_settles_at_open(const struct symbol *s);

#endif
