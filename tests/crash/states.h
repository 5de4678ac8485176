/*
 * The states that a disk may be left in at one moment of a recorded run: a plan lists what is not durable there, and
 * each number 0, 1, 2 ... stands for one choice among it: nothing, everything, each change left out, each alone, each
 * torn, and then whatever the dice say. The same seed, point and number give the same state on every machine.
 */
#ifndef TESTS_CRASH_STATES_H
#define TESTS_CRASH_STATES_H

#include "disk.h"

#include <stdio.h>

/* Something that is not durable: a change of a file, or of names. */
struct states_unit {
    size_t node; /* of a file's change */
    size_t index;
    bool is_naming;
};

struct states_plan {
    const struct disk *disk;
    struct states_unit *units;
    size_t count;
    uint64_t seed;
    size_t point; /* number of the record that the crash comes before, or during */
};

/* A file that differs from what is durable. */
struct states_image {
    size_t node;
    uint8_t *bytes;
    uint64_t size;
};

struct states_state {
    uint64_t number;
    uint8_t *how;  /* per unit */
    uint64_t dice; /* for what is torn at random, for sizes, for what is in lock files */
    struct disk_names names;
    struct states_image *images;
    size_t image_count;
    uint64_t hash; /* of what the disk then holds */
};

void states_plan_init(struct states_plan *p, const struct disk *d, uint64_t seed, size_t point);
void states_plan_release(struct states_plan *p);

void states_make(struct states_state *s, const struct states_plan *p, uint64_t number);
void states_release(struct states_state *s);
/* Makes the files and folders in `dir`, which is there and empty. */
void states_write(const struct states_state *s, const struct states_plan *p, const char *dir);
/* In words: which change is on the disk and which is not. */
void states_describe(const struct states_state *s, const struct states_plan *p, FILE *out);

/* The next of a row of pseudo-random numbers (splitmix64). */
uint64_t states_roll(uint64_t *dice);

#endif
