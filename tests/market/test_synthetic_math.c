#include "market/synthetic_math.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* libm is the second opinion here; it is never asked by the program. */
static void test_exp_and_log_agree_with_libm(void **state)
{
    (void)state;
    for (int i = -70000; i <= 70000; i++) {
        const double x = i / 100.0;
        assert_true(fabs(synthetic_math_exp(x) / exp(x) - 1.0) < 1e-15);
    }
    for (int i = 1; i <= 100000; i++) {
        const double near = i / 50000.0;
        assert_true(fabs(synthetic_math_log(near) - log(near)) <= 4e-16 * (1.0 + fabs(log(near))));
        const double far = exp(i / 150.0 - 300.0);
        assert_true(fabs(synthetic_math_log(far) - log(far)) <= 4e-16 * (1.0 + fabs(log(far))));
    }
    assert_true(fabs(synthetic_math_log(2.2250738585072014e-308) + 708.3964185322641) < 1e-12);
    assert_true(fabs(synthetic_math_log(1.7976931348623157e308) - 709.782712893384) < 1e-12);
}

static void test_normal_is_within_its_promise(void **state)
{
    (void)state;
    for (int i = -4000; i <= 4000; i++) {
        const double x = i / 100.0;
        assert_true(fabs(synthetic_math_normal(x) - 0.5 * erfc(-x / sqrt(2.0))) < 1e-7);
    }
}

static uint64_t bits_of(double v)
{
    uint64_t bits;
    memcpy(&bits, &v, sizeof bits);
    return bits;
}

/* Golden: gcc -O0, gcc -O3, clang -O0 and clang -O3 gave these. */
static void test_these_bits_are_the_same_everywhere(void **state)
{
    (void)state;
    assert_int_equal(bits_of(synthetic_math_exp(0.0)), UINT64_C(0x3ff0000000000000));
    assert_int_equal(bits_of(synthetic_math_exp(-1.7)), UINT64_C(0x3fc7622c78a98a07));
    assert_int_equal(bits_of(synthetic_math_log(0.825)), UINT64_C(0xbfc89fa465cb93c3));
    assert_int_equal(bits_of(synthetic_math_normal(-1.3)), UINT64_C(0x3fb8c7ebb9d7372e));
    assert_int_equal(bits_of(synthetic_math_option(100, 82.5, 0.8, 10 / 365.0, 1)),
                     UINT64_C(0x3fd90fe959cf8820));
}

static void test_options_keep_parity_and_intrinsic_value(void **state)
{
    (void)state;
    for (int strike = 50; strike <= 150; strike += 5) {
        const double call = synthetic_math_option(100, strike, 0.65, 10 / 365.0, 0);
        const double put = synthetic_math_option(100, strike, 0.65, 10 / 365.0, 1);
        assert_true(fabs(call - put - (100 - strike)) < 1e-4);
        assert_true(put >= strike - 100 && call >= 100 - strike && put >= 0 && call >= 0);
        assert_true(synthetic_math_option(100, strike, 0.65, 0, 1) == (strike > 100 ? strike - 100 : 0));
        assert_true(synthetic_math_option(100, strike, 0.65, -1, 0) == (strike < 100 ? 100 - strike : 0));
    }
    /* Hull, Options, Futures and Other Derivatives, Black's model: 20, 20, 25 %, 4 months, undiscounted. */
    assert_true(fabs(synthetic_math_option(20, 20, 0.25, 4 / 12.0, 1) - 1.15065) < 1e-4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_exp_and_log_agree_with_libm),
        cmocka_unit_test(test_normal_is_within_its_promise),
        cmocka_unit_test(test_these_bits_are_the_same_everywhere),
        cmocka_unit_test(test_options_keep_parity_and_intrinsic_value),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
