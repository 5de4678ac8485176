/*
 * Any bytes as the files of a published directory: ledger-verify ends, reads nothing outside them, and its verdict is
 * one of three, each with what belongs to it. The input is a row of files: u8, which of NAMES; u16 size; the bytes.
 */
#include "ledger/err.h"
#include "verifier/verifier.h"

#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const NAMES[] = {"checkpoint",
                                    "seals",
                                    "seal/001",
                                    "seal/002",
                                    "seal/003",
                                    "tile/0/000.p/1",
                                    "tile/0/000.p/2",
                                    "tile/0/000.p/3",
                                    "tile/0/000",
                                    "tile/1/000.p/1",
                                    "tile/entries/000.p/1",
                                    "tile/entries/000.p/2",
                                    "tile/entries/000.p/3",
                                    "tile/entries/000",
                                    "timestamp/002/0",
                                    "timestamp/003/0",
                                    "timestamp/003/1"};
#define FILES (sizeof NAMES / sizeof NAMES[0])

static char dir[100];

static void remove_dir(void)
{
    char command[200];

    snprintf(command, sizeof command, "rm -rf '%s'", dir);
    REQUIRE(system(command) == 0);
}

static void make_dir(void)
{
    static const char *const FOLDERS[] = {"seal",      "tile",          "tile/0",       "tile/0/000.p",
                                          "tile/1",    "tile/1/000.p",  "tile/entries", "tile/entries/000.p",
                                          "timestamp", "timestamp/002", "timestamp/003"};
    char path[200];

    snprintf(dir, sizeof dir, "%s/fuzz_verifier_XXXXXX", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    REQUIRE(mkdtemp(dir));
    for (size_t i = 0; i < sizeof FOLDERS / sizeof FOLDERS[0]; i++) {
        snprintf(path, sizeof path, "%s/%s", dir, FOLDERS[i]);
        REQUIRE(mkdir(path, 0700) == 0);
    }
    atexit(remove_dir);
}

static void put(const char *name, const uint8_t *bytes, size_t size)
{
    char path[200];

    snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *const file = fopen(path, "wb");
    REQUIRE(file && fwrite(bytes, 1, size, file) == size && fclose(file) == 0);
}

static void check(const struct verifier_report *r)
{
    REQUIRE(r->exit != VERIFIER_MISUSED && (r->exit == VERIFIER_GOOD) == (r->what[0] == '\0'));
    REQUIRE((r->exit == VERIFIER_WRONG) == (r->where[0] != '\0') || r->exit == VERIFIER_NOT_CHECKED);
    if (r->exit == VERIFIER_GOOD)
        REQUIRE(r->integrity_ok && r->complete_ok && r->entries > 0 && r->sealed == r->entries);
    else
        REQUIRE(!(r->integrity_ok && r->complete_ok));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct verifier_options options = {.vkey = NULL};
    static struct verifier_report report;
    char path[200];

    if (!dir[0])
        make_dir();
    for (size_t at = 0; size - at >= 3;) {
        const char *const name = NAMES[data[at] % FILES];
        const size_t wanted = (size_t)data[at + 1] << 8 | data[at + 2];
        at += 3;
        const size_t length = wanted < size - at ? wanted : size - at;
        put(name, data + at, length);
        at += length;
    }
    verifier_check_file(dir, &options, &report);
    check(&report);
    for (size_t i = 0; i < FILES; i++) {
        snprintf(path, sizeof path, "%s/%s", dir, NAMES[i]);
        (void)unlink(path); /* most are not there */
    }
    return 0;
}
