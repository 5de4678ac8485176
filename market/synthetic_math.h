/*
 * The little mathematics the synthetic market needs, from IEEE basic operations and sqrt only, so that every
 * machine and compiler gives the same bits. Prices are rounded to integers before anybody sees them; this is
 * no option pricer for decisions. Pure.
 */
#ifndef MARKET_SYNTHETIC_MATH_H
#define MARKET_SYNTHETIC_MATH_H

/* e^x to about 1e-16 relative; |x| <= 700 (REQUIRE). */
double synthetic_math_exp(double x);
/* Natural logarithm to about 1e-16; x is positive and normal (REQUIRE). */
double synthetic_math_log(double x);
/* The standard normal distribution function, within 1e-7. */
double synthetic_math_normal(double x);

/*
 * Value of a European option without interest or dividends (Black 1976); `years` <= 0 gives what exercise
 * pays. Spot and strike are positive.
 */
double synthetic_math_option(double spot, double strike, double volatility, double years, int is_put);

#endif
