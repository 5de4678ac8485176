/* Section 12: a published directory, and how it is checked. */
#ifndef VERIFIER_PUBLISHED_H
#define VERIFIER_PUBLISHED_H

#include "verifier/verifier.h"

/* Checks the directory. Fills *report, which is all zero before. Its entries are kept in memory until the end. */
void published_check(const char *dir, const struct verifier_options *options, struct verifier_report *report);

#endif
