/*
 * The world of one simulation: a journal in a folder of its own, the real desk and loop over it, the hostile exchange,
 * a clock, a disk, people; and those who watch: the model and a redecider. It lives through one script.
 *
 * Nothing in it depends on anything but the script: keys, salts and ids come from dice with a fixed beginning, so that a
 * script gives the same journal, byte for byte, each time.
 */
#ifndef TESTS_SIMULATOR_WORLD_H
#define TESTS_SIMULATOR_WORLD_H

#include "simulator/script.h"

struct world_report {
    bool is_wrong;
    char wrong[600]; /* which invariant, where */
    uint64_t moments;
    uint64_t entries;
    uint64_t orders; /* by our deciders */
    uint64_t fills;
    uint64_t restarts;
    uint64_t duplicates;
    uint64_t compared; /* derived entries that were decided again */
};

struct world_options {
    const char *root;   /* an existing folder for scratch files */
    const char *keep;   /* a folder for the journal, which is left there; NULL: none */
    bool verifies;      /* audit/verify at the end as well as at some restarts */
    bool signs;         /* with Ed25519; otherwise with what stands in its place (signatures.h) */
    uint64_t deep_each; /* moments between two comparisons of whole states; 0: at restarts only */
};

/* Lives through the script. What cannot be done at all (no room for scratch files) stops the program. */
void world_run(const struct script *script, const struct world_options *options, struct world_report *report);

#endif
