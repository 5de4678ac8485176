/*
 * From a seed to a script. Each seed has a temper of its own: which faults there are at all, how often, how wild the
 * market is, which settings; so that rare ones meet often in some seeds, and others see long quiet stretches.
 */
#ifndef TESTS_SIMULATOR_GENERATE_H
#define TESTS_SIMULATOR_GENERATE_H

#include "simulator/script.h"

void generate(struct script *s, uint64_t seed, uint64_t moments);

#endif
