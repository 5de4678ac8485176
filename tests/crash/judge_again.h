/* What is written whole beside a journal is written once more after the crash: leftovers are in nobody's way. */
#ifndef TESTS_CRASH_JUDGE_AGAIN_H
#define TESTS_CRASH_JUDGE_AGAIN_H

#include "judge.h"

/* Export, pack and backup of the journal at `source`, into the state in `dir`. False: which fails, and why. */
bool judge_again(const char *source, const char *dir, char why[JUDGE_TEXT]);

#endif
