#include "risk/ratio.h"

__extension__ typedef __int128 i128;

static i128 floor_div(i128 a, i128 b)
{
    const i128 q = a / b;

    return a % b != 0 && a < 0 ? q - 1 : q;
}

static int64_t fitting(i128 v)
{
    return v > INT64_MIN && v <= INT64_MAX ? (int64_t)v : CHECK_VALUE_NONE;
}

int64_t ratio_down(int64_t part, int64_t whole)
{
    return whole > 0 ? fitting(floor_div((i128)part * NANO, whole)) : CHECK_VALUE_NONE;
}

int64_t ratio_up(int64_t part, int64_t whole)
{
    return whole > 0 ? fitting(-floor_div(-((i128)part * NANO), whole)) : CHECK_VALUE_NONE;
}

int64_t ratio_seconds_down(int64_t ns)
{
    return (int64_t)floor_div(ns, NS_PER_SECOND);
}

int64_t ratio_seconds_up(int64_t ns)
{
    return (int64_t)-floor_div(-(i128)ns, NS_PER_SECOND);
}
