/* How the checker derives the keys of vaults. */
#ifndef TESTS_CRASH_JUDGE_KEYS_H
#define TESTS_CRASH_JUDGE_KEYS_H

#include <stdbool.h>

/* From now on a passphrase and salt that were not seen before cost nothing. */
void judge_keys_cheap(bool cheap);

#endif
