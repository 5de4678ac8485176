/* Section 13: timestamps beside the seals. Whose words they are is asked when there is something to trust (trust.h). */
#ifndef VERIFIER_STAMPS_H
#define VERIFIER_STAMPS_H

#include "verifier/rows.h"
#include "verifier/trust.h"

/*
 * One token over one seal, whose note is in form and whose newest entry was recorded then. Returns what is wrong, for
 * after "number 0", or NULL.
 */
const char *stamp_check(const struct trust *trust, const uint8_t *note, size_t note_size, int64_t recorded_ns,
                        const uint8_t *token, size_t token_size, struct words *w);

#endif
