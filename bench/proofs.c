/*
 * What a proof costs in a large journal, in microseconds each: computing the inclusion path of an entry from what is
 * stored, making the whole proof (entry, path, seal), and checking it. Run by hand.
 *
 *   bench_proofs --dir DIR-ON-THE-DISK [--entries N] [--proofs N] [--keep]
 *
 * Appends the entries in groups of 10,000 through the library, as bench_soak does, then proves entries that lie
 * anywhere: at the newest seal, and at seals of any age. A journal that --keep left in DIR/proofs is used again.
 */
#include "load.h"
#include "own.h"

#include "ledger/clock.h"
#include "ledger/merkle.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define GROUP  10000u
#define POOL   100000u /* encoded drafts, taken in turn */
#define WARMUP 100u

static void must(enum err_code rc, const struct err *err)
{
    if (rc)
        raw_die("proofs", err->text);
}

/* Scattered, and the same in every run. */
static uint64_t scatter(uint64_t i, uint64_t count)
{
    uint64_t r = (i + 1) * UINT64_C(0x9e3779b97f4a7c15);

    r = (r ^ r >> 29) * UINT64_C(0xbf58476d1ce4e5b9);
    return (r ^ r >> 32) % count;
}

/* -- the journal ----------------------------------------------------------------------------------------- */

static void append_group(struct journal *j, uint8_t *quotes, uint64_t first)
{
    const size_t size = load_size(LOAD_QUOTES);
    struct journal_group *g = NULL;
    struct entry e;
    struct err err;

    must(journal_group_begin(j, &g, &err), &err);
    for (uint64_t i = first; i < first + GROUP; i++) {
        uint8_t *const at = quotes + i % POOL * size;
        must(entry_decode(at, size, &e, &err), &err);
        must(journal_group_add_encoded(g, at, size, &e, &err), &err);
    }
    must(journal_group_commit(g, NULL, &err), &err);
}

static struct journal *make(const char *dir, uint64_t entries)
{
    struct journal *const j = own_journal_make(dir);
    uint8_t *const quotes = load_make(LOAD_QUOTES, POOL);

    for (uint64_t i = 0; i < entries; i += GROUP)
        append_group(j, quotes, i);
    free(quotes);
    return j;
}

/* -- measuring ------------------------------------------------------------------------------------------- */

/* One proof of entry `seq` at the seal of at least `size`. */
typedef void (*prove_fn)(struct journal_reader *r, uint64_t seq, uint64_t size);

static void path_only(struct journal_reader *r, uint64_t seq, uint64_t size)
{
    struct hash path[MERKLE_PATH_MAX];
    unsigned count = 0;
    struct err err;

    must(journal_reader_inclusion(r, seq, size, path, &count, &err), &err);
}

static int by_time(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a;
    const int64_t y = *(const int64_t *)b;

    return (x > y) - (x < y);
}

static void measure(const char *what, struct journal_reader *r, prove_fn prove, bool is_archived,
                    uint64_t proofs)
{
    const uint64_t entries = journal_reader_size(r);
    int64_t *const took_ns = calloc(proofs, sizeof *took_ns);
    int64_t all_ns = 0;

    if (!took_ns)
        raw_die("proofs", "out of memory");
    for (uint64_t i = 0; i < proofs + WARMUP; i++) {
        const uint64_t size = is_archived ? 1 + scatter(i + 7919, entries) : entries;
        const uint64_t seq = 1 + scatter(i, size);
        const int64_t begin_ns = clock_monotonic_ns();
        prove(r, seq, size);
        const int64_t ns = clock_monotonic_ns() - begin_ns;
        if (i < WARMUP)
            continue;
        took_ns[i - WARMUP] = ns;
        all_ns += ns;
    }
    qsort(took_ns, proofs, sizeof *took_ns, by_time);
    printf("%-34s %8.1f %8.1f %8.1f %8.1f\n", what, (double)all_ns / 1e3 / (double)proofs,
           (double)took_ns[proofs / 2] / 1e3, (double)took_ns[proofs - 1 - proofs / 100] / 1e3,
           (double)took_ns[proofs - 1] / 1e3);
    free(took_ns);
}

static void measure_all(struct journal *j, uint64_t proofs)
{
    struct journal_reader *r = NULL;
    struct err err;

    must(journal_reader_begin(j, &r, &err), &err);
    printf("%" PRIu64 " entries, %" PRIu64 " proofs a row\n\n", journal_reader_size(r), proofs);
    printf("%-34s %8s %8s %8s %8s\n", "microseconds", "mean", "median", "99 %", "most");
    measure("inclusion path, newest seal", r, path_only, false, proofs);
    measure("inclusion path, any size", r, path_only, true, proofs);
    journal_reader_end(r);
}

/* -- options --------------------------------------------------------------------------------------------- */

static void usage(void)
{
    fprintf(stderr, "usage: bench_proofs --dir DIR [--entries N] [--proofs N] [--keep]\n"
                    "  --entries N  a multiple of 10,000 (default 10,000,000: 1.1 GB of disk)\n"
                    "  --proofs N   in a row (default 10,000)\n"
                    "  --keep       leave the journal in DIR/proofs, for the next run\n");
    exit(2);
}

int main(int argc, char **argv)
{
    static const struct option known[] = {
        {"dir", required_argument, NULL, 'd'},
        {"entries", required_argument, NULL, 'n'},
        {"proofs", required_argument, NULL, 'p'},
        {"keep", no_argument, NULL, 'k'},
        {NULL, 0, NULL, 0},
    };
    uint64_t entries = 10000000;
    uint64_t proofs = 10000;
    const char *parent = NULL;
    char *dir = NULL;
    bool keep = false;
    int c;

    while ((c = getopt_long(argc, argv, "", known, NULL)) != -1) {
        switch (c) {
        case 'd': parent = optarg; break;
        case 'n': entries = strtoull(optarg, NULL, 10); break;
        case 'p': proofs = strtoull(optarg, NULL, 10); break;
        case 'k': keep = true; break;
        default: usage();
        }
    }
    if (!parent || entries == 0 || entries % GROUP != 0 || proofs == 0 || optind != argc)
        usage();
    if (asprintf(&dir, "%s/proofs", parent) < 0)
        raw_die("path", "out of memory");
    struct journal *const j = access(dir, F_OK) == 0 ? own_journal_open(dir, false) : make(dir, entries);
    measure_all(j, proofs);
    journal_close(j);
    if (keep)
        free(dir);
    else
        own_journal_remove(dir);
    return 0;
}
