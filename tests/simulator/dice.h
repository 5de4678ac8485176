/* Dice: one small stream of random numbers (splitmix64), all there is to chance in a simulation. */
#ifndef TESTS_SIMULATOR_DICE_H
#define TESTS_SIMULATOR_DICE_H

#include <stdbool.h>
#include <stdint.h>

struct dice {
    uint64_t state;
};

static inline uint64_t dice_roll(struct dice *d)
{
    uint64_t z = d->state += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

/* 0 .. sides - 1. */
static inline int64_t dice_below(struct dice *d, int64_t sides)
{
    return (int64_t)(dice_roll(d) % (uint64_t)sides);
}

/* least .. most. */
static inline int64_t dice_between(struct dice *d, int64_t least, int64_t most)
{
    return least + dice_below(d, most - least + 1);
}

/* Once in `odds` times. */
static inline bool dice_once_in(struct dice *d, int64_t odds)
{
    return dice_below(d, odds) == 0;
}

#endif
