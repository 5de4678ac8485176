/*
 * One line of the SPX end-of-day chain files: the head ("#underlying=SPX,quote_date=20190503,underlying_last=2946.52")
 * and the rows ("SPXW,20190503,C,2770,174.5,178.7,175.99,1,49,1.4733,0.9913,0.0003"). Pure; does not allocate.
 */
#ifndef GATEWAY_SPX_ROW_H
#define GATEWAY_SPX_ROW_H

#include "ledger/entry.h"

#define SPX_ROW_MAX     400 /* bytes */

#define SPX_ROW_COLUMNS "#root,expiry,right,strike,bid,ask,last,volume,open_interest,implied_vol,delta,gamma"

struct spx_head {
    civil_day day;
    int64_t last_nano; /* of the index, late in the session */
};

struct spx_row {
    struct symbol symbol;
    int64_t bid; /* PRICE_NONE where the file says 0 */
    int64_t ask;
    int64_t open_interest;
};

/* ERR_INPUT says what is wrong. */
MUST_USE enum err_code spx_head_parse(const char *text, size_t length, struct spx_head *head,
                                      struct err *err);

/*
 * The contract first: when only its prices are wrong, *symbol is set and the finding can name it (else its length is
 * 0). ERR_INPUT names the column. The last price, volume, volatility, delta and gamma are not looked at: nothing is
 * recorded of them.
 */
MUST_USE enum err_code spx_row_parse(const char *text, size_t length, struct spx_row *row, struct err *err);

#endif
