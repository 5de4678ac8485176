/*
 * Shrinking: the least part of a script that still fails (ddmin, Zeller and Hildebrandt 2002): leave out halves, then
 * quarters ... then single acts, until nothing more can be left out.
 */
#ifndef TESTS_SIMULATOR_SHRINK_H
#define TESTS_SIMULATOR_SHRINK_H

#include "simulator/world.h"

/* *small begins empty, and fails as `whole` does: with the same words, whatever the numbers in them. */
void shrink(const struct script *whole, const struct world_options *options, struct script *small);

#endif
