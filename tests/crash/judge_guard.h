/*
 * Fork guards in a state: a state is a journal in another folder, and so in another file, than the run had; here its
 * guards come along, as on a machine that starts again.
 */
#ifndef TESTS_CRASH_JUDGE_GUARD_H
#define TESTS_CRASH_JUDGE_GUARD_H

#include "facts.h"

#include <stddef.h>

/*
 * The guards that the journal in `dir` names are files beside it. They must be readable, and know of what was acknowledged;
 * then journal and guards are made to name each other as they lie here. True also where there are none; false: `why`.
 */
bool judge_guards(const struct facts_journal *j, const char *dir, unsigned *count, char *why, size_t size);

#endif
