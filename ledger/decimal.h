/*
 * Scaled integers: how money, prices and rates are held, read and written.
 *
 * price  int64, 1e-9 dollar ("nano")     money  int64, 1e-6 dollar ("micro")     rate  int64, 1e-9
 * Products go through 128 bits and are rounded half to even, in one function. Overflow is ERR_RANGE, never a
 * wrap. Text is the canonical decimal: no exponent, no leading "+", no leading zeros but one before the
 * point, no trailing zeros after it ("0.4", "-12", "7"); reading accepts trailing zeros ("0.40").
 */
#ifndef LEDGER_DECIMAL_H
#define LEDGER_DECIMAL_H

#include "ledger/err.h"

#include <stdint.h>

#define PRICE_DECIMALS    9
#define MONEY_DECIMALS    6
#define RATE_DECIMALS     9
#define NANO              INT64_C(1000000000)
#define MICRO             INT64_C(1000000)

#define DECIMAL_TEXT_SIZE 32 /* longest text with its terminator fits */

/*
 * "12.5" with 9 decimals -> 12500000000; `decimals` 0 .. 18. ERR_INPUT names the fault: too many decimals (zeros
 * count), not a number (also "01", "-0", ".5", "5.", "+5", "1e3"), out of range. *value is then untouched.
 */
MUST_USE enum err_code decimal_parse(const char *text, size_t length, int decimals, int64_t *value,
                                     struct err *err);

/* Canonical text; returns its length. `out` has at least DECIMAL_TEXT_SIZE bytes. */
size_t decimal_format(char *out, int64_t value, int decimals);

/*
 * Text with exactly `shown` decimals, rounded half to even, for people ("1.20"); what rounds to nothing has no
 * sign. `shown` is at most the larger of `decimals` and 9 (REQUIRE). Returns its length.
 */
size_t decimal_format_fixed(char *out, int64_t value, int decimals, int shown);

/* a * b / divisor, rounded half to even; divisor > 0. ERR_RANGE when it does not fit. */
MUST_USE enum err_code decimal_mul_div(int64_t a, int64_t b, int64_t divisor, int64_t *result,
                                       struct err *err);

/* ERR_RANGE when it does not fit; the result is then untouched. Here, because every balance goes through them. */
MUST_USE static inline enum err_code decimal_add(int64_t a, int64_t b, int64_t *sum, struct err *err)
{
    int64_t v;

    if (__builtin_add_overflow(a, b, &v)) {
        (void)err_set(err, ERR_RANGE, "%lld + %lld does not fit in 64 bits", (long long)a, (long long)b);
        return ERR_RANGE; /* said again, so that the compiler sees it */
    }
    *sum = v;
    return ERR_OK;
}

MUST_USE static inline enum err_code decimal_sub(int64_t a, int64_t b, int64_t *difference, struct err *err)
{
    int64_t v;

    if (__builtin_sub_overflow(a, b, &v)) {
        (void)err_set(err, ERR_RANGE, "%lld - %lld does not fit in 64 bits", (long long)a, (long long)b);
        return ERR_RANGE; /* said again, so that the compiler sees it */
    }
    *difference = v;
    return ERR_OK;
}

/* price_nano * qty * multiplier -> micro dollars, half to even. */
MUST_USE enum err_code decimal_notional(int64_t price_nano, int64_t qty, int64_t multiplier, int64_t *micro,
                                        struct err *err);

#endif
