/* Packs in tests: writing one, comparing two, spoiling one. */
#ifndef TESTS_REPORTS_PACKS_H
#define TESTS_REPORTS_PACKS_H

#include "reports/nightly.h"
#include "reports/pack_verify.h"
#include "reports/tables.h"
#include "story.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#define PACKS_DAY "2015-12-24"

static inline enum err_code packs_write(struct story *s, const char *day, const char *out, struct err *err)
{
    const struct nightly_options options = {.day = entries_day(day), .out = out};

    return nightly_write(s->journal, &options, NULL, err);
}

static inline enum err_code packs_verify(struct story *s, const char *out, struct pack_verify_report *report,
                                         struct err *err)
{
    const struct pack_verify_options options = {.dir = out, .journal = s->journal};

    return pack_verify(&options, report, err);
}

/* By the key alone, without the journal. */
static inline enum err_code packs_verify_alone(struct story *s, const char *out,
                                               struct pack_verify_report *report, struct err *why)
{
    struct note_key key;

    SCRATCH_OK(note_key_parse(&key, journal_vkey(s->journal), strlen(journal_vkey(s->journal)), err));
    const struct pack_verify_options options = {.dir = out, .key = &key};
    return pack_verify(&options, report, why);
}

/* A file's bytes, terminated; the caller frees them. NULL: there is none. */
static inline char *packs_read(const char *dir, const char *name, size_t *size)
{
    char path[1024];
    struct stat st;

    snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *const f = fopen(path, "rb");
    if (!f)
        return NULL;
    REQUIRE(fstat(fileno(f), &st) == 0);
    char *const bytes = calloc(1, (size_t)st.st_size + 1);
    *size = fread(bytes, 1, (size_t)st.st_size, f);
    fclose(f);
    return bytes;
}

static inline void packs_put(const char *dir, const char *name, const void *bytes, size_t size)
{
    char path[1024];

    snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *const f = fopen(path, "wb");
    REQUIRE(f && fwrite(bytes, 1, size, f) == size && fclose(f) == 0);
}

static inline unsigned packs_count(const char *dir)
{
    DIR *const d = opendir(dir);
    unsigned count = 0;

    REQUIRE(d);
    while (readdir(d))
        count++;
    closedir(d);
    return count - 2;
}

/* Every name in the pack, the manifest last; NULL past the end. */
static inline const char *packs_name(unsigned i)
{
    static char name[64];

    if (i < TABLES_COUNT)
        snprintf(name, sizeof name, "%s.csv", tables_sheet(i)->name);
    else if (i < TABLES_COUNT + 3)
        snprintf(name, sizeof name, "%s",
                 i == TABLES_COUNT       ? NIGHTLY_XLSX
                 : i == TABLES_COUNT + 1 ? NIGHTLY_CHECKPOINT
                                         : MANIFEST_NAME);
    else
        return NULL;
    return name;
}

/* The first file that differs, or NULL when both packs are the same bytes. */
static inline const char *packs_differ(const char *a, const char *b)
{
    for (unsigned i = 0; packs_name(i); i++) {
        size_t sizes[2] = {0, 0};
        char *const one = packs_read(a, packs_name(i), &sizes[0]);
        char *const two = packs_read(b, packs_name(i), &sizes[1]);
        const bool same = one && two && sizes[0] == sizes[1] && memcmp(one, two, sizes[0]) == 0;
        free(one);
        free(two);
        if (!same)
            return packs_name(i);
    }
    return NULL;
}

#endif
