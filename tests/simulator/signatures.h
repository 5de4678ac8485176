/*
 * What stands in the place of Ed25519 where a seed does not ask for it: a hash of the public key and the message, which
 * anybody can make again. So a seal is still refused that is of another key, or over other bytes; that nobody else could
 * have made it is not what a simulation asks. Signing is more than a third of what a moment costs otherwise.
 */
#ifndef TESTS_SIMULATOR_SIGNATURES_H
#define TESTS_SIMULATOR_SIGNATURES_H

#include <stdbool.h>

/* Of all that is signed and verified from now on, in this process; until then they are real. */
void signatures_are_real(bool real);

#endif
