/* A forged journal as a published directory (docs/FORMAT.md, section 12), file by file, to be changed at will. */
#ifndef TESTS_VERIFIER_FORGE_FILES_H
#define TESTS_VERIFIER_FORGE_FILES_H

#include "audit/forge.h"

struct forged_file {
    char name[80];
    uint8_t *bytes;
    size_t size;
};

#define FORGED_FILES_MAX 200

struct forged_files {
    struct forged_file all[FORGED_FILES_MAX];
    size_t count;
};

/* All of it, with every seal in the list. */
void forge_files(struct forge *f, struct forged_files *files);
/* One more. */
struct forged_file *forge_files_add(struct forged_files *files, const char *name, const void *bytes,
                                    size_t size);
void forge_files_release(struct forged_files *files);
/* NULL: no such file. */
struct forged_file *forge_files_find(struct forged_files *files, const char *name);
/* Into the directory `dir`, which is there and empty. */
void forge_files_write(const struct forged_files *files, const char *dir);
void forge_file_write(const struct forged_file *file, const char *dir);

#endif
