/* Which program this is: name and version, and with what it was built. For control.run and `ledger version`.
 */
#ifndef LEDGER_BUILD_H
#define LEDGER_BUILD_H

#include <stddef.h>

#define BUILD_VERSION "0.1.0"
#define BUILD_PROGRAM "ledger " BUILD_VERSION

/* "gcc 12.2.0, Release, x86_64, build 3f2a..." (the linker's build id); returns the length. */
size_t build_describe(char *out, size_t capacity);

#endif
