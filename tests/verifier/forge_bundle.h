/* A forged journal as a bundle of evidence (docs/BUNDLE.md), file by file, to be changed at will. */
#ifndef TESTS_VERIFIER_FORGE_BUNDLE_H
#define TESTS_VERIFIER_FORGE_BUNDLE_H

#include "verifier/forge_files.h"

/*
 * The entries that `with` says (entry i + 1: with[i]; NULL: all that the newest seal covers), their proof, all seals and
 * all timestamps. Proofs are made as RFC 6962 and the page have it, not as the program makes them.
 */
void forge_bundle(const struct forge *f, const bool *with, struct forged_files *files);
/* The zip file, to be freed. */
uint8_t *forge_zip(const struct forged_files *files, size_t *size);

/* Where the bytes of entry `seq` are in the file of entries; NULL: it is not there. */
uint8_t *forge_bundle_entry(struct forged_files *files, uint64_t seq, size_t *size);
/* Takes it out. */
void forge_bundle_drop_entry(struct forged_files *files, uint64_t seq);

#endif
