#include "market/synthetic_math.h"

#include "ledger/err.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

#define LN2_HIGH      6.93147180369123816490e-01 /* its last 32 bits are zero: exact times a small integer */
#define LN2_LOW       1.90821492927058770002e-10
#define LOG2_E        1.44269504088896338700e+00
#define SQRT_2        1.41421356237309514547e+00
#define PEAK          3.98942280401432677940e-01 /* of the normal density: 1 / sqrt(2 pi) */

#define EXPONENT_BIAS 1023
#define MANTISSA_BITS 52

/* 2^k for a normal result. */
static double power_of_two(int k)
{
    const uint64_t bits = (uint64_t)(k + EXPONENT_BIAS) << MANTISSA_BITS;
    double v;

    memcpy(&v, &bits, sizeof v);
    return v;
}

/* e^x = 2^k e^r with |r| <= ln(2) / 2, where thirteen terms of the series are enough. */
double synthetic_math_exp(double x)
{
    REQUIRE(x >= -700.0 && x <= 700.0);
    const int k = (int)(x * LOG2_E + (x < 0 ? -0.5 : 0.5));
    const double r = (x - k * LN2_HIGH) - k * LN2_LOW;
    double sum = 1.0;

    for (int n = 13; n > 0; n--)
        sum = 1.0 + sum * r / n;
    return sum * power_of_two(k);
}

/* x = 2^k m with m near one; log m = 2 atanh((m - 1) / (m + 1)). */
double synthetic_math_log(double x)
{
    uint64_t bits;
    double sum = 0.0;

    REQUIRE(x >= 2.2250738585072014e-308 && x <= 1.7976931348623157e308);
    memcpy(&bits, &x, sizeof bits);
    int k = (int)(bits >> MANTISSA_BITS) - EXPONENT_BIAS;
    double m = x * power_of_two(-k / 2) * power_of_two(-k - -k / 2); /* 2^-k itself may be subnormal */
    if (m > SQRT_2) {
        m *= 0.5;
        k++;
    }
    const double f = (m - 1.0) / (m + 1.0);
    for (int n = 21; n > 0; n -= 2)
        sum = sum * f * f + 1.0 / n;
    return k * LN2_HIGH + (k * LN2_LOW + 2.0 * f * sum);
}

/* Abramowitz and Stegun 26.2.17. */
double synthetic_math_normal(double x)
{
    const double a = x < 0 ? -x : x;

    if (a > 35.0)
        return x < 0 ? 0.0 : 1.0;
    const double t = 1.0 / (1.0 + 0.2316419 * a);
    const double polynomial =
        t * (0.319381530 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
    const double tail = PEAK * synthetic_math_exp(-0.5 * a * a) * polynomial;
    return x < 0 ? tail : 1.0 - tail;
}

double synthetic_math_option(double spot, double strike, double volatility, double years, int is_put)
{
    const double intrinsic = is_put ? strike - spot : spot - strike;
    const double floor = intrinsic > 0 ? intrinsic : 0.0;

    if (years <= 0)
        return floor;
    const double deviation = volatility * sqrt(years);
    if (deviation < 1e-6)
        return floor;
    const double d1 = synthetic_math_log(spot / strike) / deviation + 0.5 * deviation;
    const double d2 = d1 - deviation;
    const double value = is_put ? strike * synthetic_math_normal(-d2) - spot * synthetic_math_normal(-d1)
                                : spot * synthetic_math_normal(d1) - strike * synthetic_math_normal(d2);
    return value > floor ? value : floor;
}
