/* docs/BUNDLE.md: the checks of a bundle of evidence, in that page's order. */
#ifndef VERIFIER_BUNDLE_H
#define VERIFIER_BUNDLE_H

#include "verifier/verifier.h"

/* Does the file begin as a zip file does? */
bool bundle_is_one(const uint8_t *bytes, size_t size);
/* Checks it. Fills *report, which is all zero before. */
void bundle_check(const void *bytes, size_t size, const struct verifier_options *options,
                  struct verifier_report *report);

#endif
