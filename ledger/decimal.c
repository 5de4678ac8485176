#include "ledger/decimal.h"

#include <string.h>

__extension__ typedef unsigned __int128 u128;

#define DECIMALS_MAX 18

static const uint64_t POWER_OF_TEN[DECIMALS_MAX + 1] = {
    UINT64_C(1),
    UINT64_C(10),
    UINT64_C(100),
    UINT64_C(1000),
    UINT64_C(10000),
    UINT64_C(100000),
    UINT64_C(1000000),
    UINT64_C(10000000),
    UINT64_C(100000000),
    UINT64_C(1000000000),
    UINT64_C(10000000000),
    UINT64_C(100000000000),
    UINT64_C(1000000000000),
    UINT64_C(10000000000000),
    UINT64_C(100000000000000),
    UINT64_C(1000000000000000),
    UINT64_C(10000000000000000),
    UINT64_C(100000000000000000),
    UINT64_C(1000000000000000000),
};

/* Absolute value without the trap at INT64_MIN. */
static uint64_t magnitude(int64_t v)
{
    return v < 0 ? UINT64_C(0) - (uint64_t)v : (uint64_t)v;
}

static bool fits(uint64_t m, bool negative)
{
    return m <= (uint64_t)INT64_MAX + (negative ? 1U : 0U);
}

static int64_t signed_value(uint64_t m, bool negative)
{
    if (!negative || m == 0)
        return (int64_t)m;
    return -(int64_t)(m - 1) - 1; /* never forms +2^63 */
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

#define DIGITS_MAX 19 /* as many fit in 64 bits whatever they are, and INT64_MAX has no more */

/* Appends the digits from *at on to *m; wraps, so the caller compares their count with DIGITS_MAX. */
static size_t take_digits(const char *text, size_t length, size_t *at, uint64_t *m)
{
    const size_t first = *at;
    size_t i = first;
    uint64_t v = *m;

    for (; i < length && is_digit(text[i]); i++)
        v = v * 10 + (uint64_t)(text[i] - '0');
    *at = i;
    *m = v;
    return i - first;
}

static enum err_code not_a_number(size_t at, const char *why, struct err *err)
{
    return err_set(err, ERR_INPUT, "not a decimal number: %s at character %zu", why, at + 1);
}

enum err_code decimal_parse(const char *text, size_t length, int decimals, int64_t *value, struct err *err)
{
    REQUIRE(decimals >= 0 && decimals <= DECIMALS_MAX);
    const bool negative = length > 0 && text[0] == '-';
    const size_t whole = negative ? 1 : 0;
    size_t at = whole;
    size_t given = 0; /* decimals read */
    uint64_t m = 0;

    const size_t before = take_digits(text, length, &at, &m);
    if (before == 0)
        return not_a_number(at, "a digit is missing", err);
    if (text[whole] == '0' && before > 1)
        return not_a_number(whole, "a leading zero", err);
    if (at < length && text[at] == '.') {
        at++;
        given = take_digits(text, length, &at, &m);
        if (given == 0)
            return not_a_number(at, "a digit is missing", err);
    }
    if (at < length)
        return not_a_number(at, "an unexpected character", err);
    if (given > (size_t)decimals)
        return err_set(err, ERR_INPUT, "%zu decimals where at most %d are allowed", given, decimals);
    const uint64_t scale = POWER_OF_TEN[(size_t)decimals - given];
    if (before + given > DIGITS_MAX || m > UINT64_MAX / scale || !fits(m * scale, negative))
        return err_set(err, ERR_INPUT, "out of range for a number with %d decimals in 64 bits", decimals);
    if (negative && m == 0)
        return not_a_number(0, "a minus sign before zero", err);
    *value = signed_value(m * scale, negative);
    return ERR_OK;
}

/* Writes v in decimal, at least `width` digits; returns how many. */
static size_t put_digits(char *out, uint64_t v, size_t width)
{
    char reversed[20];
    size_t count = 0;

    while (v > 0 || count < width) {
        reversed[count++] = (char)('0' + v % 10);
        v /= 10;
    }
    for (size_t i = 0; i < count; i++)
        out[i] = reversed[count - 1 - i];
    return count;
}

size_t decimal_format(char *out, int64_t value, int decimals)
{
    REQUIRE(decimals >= 0 && decimals <= DECIMALS_MAX);
    const uint64_t scale = POWER_OF_TEN[decimals];
    const uint64_t m = magnitude(value);
    uint64_t fraction = m % scale;
    size_t width = (size_t)decimals;
    size_t n = 0;

    if (value < 0)
        out[n++] = '-';
    n += put_digits(out + n, m / scale, 1);
    if (fraction > 0) {
        for (; fraction % 10 == 0; width--)
            fraction /= 10;
        out[n++] = '.';
        n += put_digits(out + n, fraction, width);
    }
    out[n] = '\0';
    return n;
}

/* n / divisor, half to even. */
static inline u128 divide_half_even(u128 n, uint64_t divisor)
{
    if (n <= UINT64_MAX) { /* nearly always; saves the library's 128-bit division */
        const uint64_t small = (uint64_t)n;
        const uint64_t q = small / divisor;
        const uint64_t r = small % divisor;
        const uint64_t rest = divisor - r;
        return (u128)q + (r > rest || (r == rest && (q & 1)) ? 1U : 0U);
    }
    const u128 q = n / divisor;
    const uint64_t r = (uint64_t)(n % divisor);
    const uint64_t rest = divisor - r;
    return q + (r > rest || (r == rest && (q & 1)) ? 1U : 0U);
}

size_t decimal_format_fixed(char *out, int64_t value, int decimals, int shown)
{
    REQUIRE(decimals >= 0 && decimals <= DECIMALS_MAX);
    REQUIRE(shown >= 0 && (shown <= decimals || shown <= RATE_DECIMALS)); /* else it outgrows the text size */
    uint64_t m = magnitude(value);
    size_t pad = 0; /* zeros past the last decimal held */
    size_t n = 0;

    if (shown < decimals)
        m = (uint64_t)divide_half_even(m, POWER_OF_TEN[decimals - shown]);
    else
        pad = (size_t)(shown - decimals);
    const size_t held = (size_t)shown - pad;
    const uint64_t scale = POWER_OF_TEN[held];
    if (value < 0 && m > 0) /* what rounds to nothing has no sign */
        out[n++] = '-';
    n += put_digits(out + n, m / scale, 1);
    if (shown > 0) {
        out[n++] = '.';
        n += put_digits(out + n, m % scale, held);
        memset(out + n, '0', pad);
        n += pad;
    }
    out[n] = '\0';
    return n;
}

enum err_code decimal_mul_div(int64_t a, int64_t b, int64_t divisor, int64_t *result, struct err *err)
{
    REQUIRE(divisor > 0);
    const bool negative = (a < 0) != (b < 0);
    const u128 q = divide_half_even((u128)magnitude(a) * magnitude(b), (uint64_t)divisor);

    if (q > UINT64_MAX || !fits((uint64_t)q, negative))
        return err_set(err, ERR_RANGE, "%lld * %lld / %lld does not fit in 64 bits", (long long)a,
                       (long long)b, (long long)divisor);
    *result = signed_value((uint64_t)q, negative);
    return ERR_OK;
}

enum err_code decimal_notional(int64_t price_nano, int64_t qty, int64_t multiplier, int64_t *micro,
                               struct err *err)
{
    const uint64_t nano_per_micro = NANO / MICRO;
    const bool negative = (price_nano < 0) != ((qty < 0) != (multiplier < 0));
    const u128 units = (u128)magnitude(qty) * magnitude(multiplier); /* <= 2^126 */
    const uint64_t price = magnitude(price_nano);
    u128 q;

    /* Below 2^64 units the product stays in 128 bits; above, ask first, by the slow division. */
    if (units <= UINT64_MAX || price == 0 || units <= (u128)UINT64_MAX * nano_per_micro / price)
        q = divide_half_even(units * price, nano_per_micro);
    else
        q = (u128)UINT64_MAX + 1;
    if (q > UINT64_MAX || !fits((uint64_t)q, negative))
        return err_set(err, ERR_RANGE, "%lld nano-dollars * %lld * %lld does not fit in 64 bits of money",
                       (long long)price_nano, (long long)qty, (long long)multiplier);
    *micro = signed_value((uint64_t)q, negative);
    return ERR_OK;
}
