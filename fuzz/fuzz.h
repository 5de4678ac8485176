/* What every fuzz target offers, and who takes part in the entries that they read. */
#ifndef FUZZ_FUZZ_H
#define FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>

/* Always 0. A broken promise stops the program (REQUIRE). */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
