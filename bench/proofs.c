/*
 * What a proof costs in a large journal, in microseconds each: computing a path from what is stored, making the whole
 * proof (entry, path, seal), and checking one. Run by hand.
 *
 *   bench_proofs --dir DIR-ON-THE-DISK [--entries N] [--proofs N] [--keep]
 *
 * Appends the entries in groups of 10,000 through the library, as bench_soak does, then proves entries that lie
 * anywhere. A journal that --keep left in DIR/proofs is used again.
 */
#include "load.h"
#include "own.h"

#include "audit/proof.h"
#include "ledger/clock.h"

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

/* What is measured: something with entry `seq` and the tree of `size` entries. */
struct subject {
    struct journal *j;
    struct journal_reader *r;
    struct note_key key;
    struct proof *proof; /* one that is to be checked */
};

typedef void (*prove_fn)(struct subject *s, uint64_t seq, uint64_t size);

static void path_only(struct subject *s, uint64_t seq, uint64_t size)
{
    struct hash path[MERKLE_PATH_MAX];
    unsigned count = 0;
    struct err err;

    must(journal_reader_inclusion(s->r, seq, size, path, &count, &err), &err);
}

static void growth_only(struct subject *s, uint64_t seq, uint64_t size)
{
    struct hash path[MERKLE_PATH_MAX];
    unsigned count = 0;
    struct err err;

    must(journal_reader_consistency(s->r, seq, size, path, &count, &err), &err);
}

/* Entry, path and seal, as `ledger prove` makes them. */
static void whole(struct subject *s, uint64_t seq, uint64_t size)
{
    struct proof p;
    struct err err;

    proof_init(&p);
    must(proof_make_inclusion(s->r, journal_epochs(s->j), seq, size, &p, &err), &err);
    proof_release(&p);
}

static void check(struct subject *s, uint64_t seq, uint64_t size)
{
    struct proof_finding found;
    struct err err;

    (void)seq;
    (void)size;
    must(proof_check(s->proof, &s->key, &found, &err), &err);
}

static int by_time(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a;
    const int64_t y = *(const int64_t *)b;

    return (x > y) - (x < y);
}

struct row {
    const char *what;
    prove_fn prove;
    bool any_size;   /* of any age; else the newest */
    bool new_reader; /* that has no tiles at hand */
};

static const struct row rows[] = {
    {"inclusion path, first of a reader", path_only, false, true},
    {"inclusion path, newest seal", path_only, false, false},
    {"inclusion path, any size, first", path_only, true, true},
    {"inclusion path, any size", path_only, true, false},
    {"whole proof, newest seal", whole, false, false},
    {"consistency path, to the newest", growth_only, false, false},
    {"check of a proof", check, false, false},
};

static int64_t time_one(struct subject *s, const struct row *row, uint64_t i, uint64_t entries)
{
    const uint64_t size = row->any_size ? 1 + scatter(i + 7919, entries) : entries;
    const uint64_t seq = 1 + scatter(i, size);
    struct err err;

    if (row->new_reader) {
        journal_reader_end(s->r);
        must(journal_reader_begin(s->j, &s->r, &err), &err);
    }
    const int64_t begin_ns = clock_monotonic_ns();
    row->prove(s, seq, size);
    return clock_monotonic_ns() - begin_ns;
}

static void measure(struct subject *s, const struct row *row, uint64_t proofs)
{
    const uint64_t entries = journal_reader_size(s->r);
    int64_t *const took_ns = calloc(proofs, sizeof *took_ns);
    int64_t all_ns = 0;

    if (!took_ns)
        raw_die("proofs", "out of memory");
    for (uint64_t i = 0; i < WARMUP; i++)
        (void)time_one(s, row, i, entries);
    for (uint64_t i = 0; i < proofs; i++) {
        took_ns[i] = time_one(s, row, WARMUP + i, entries);
        all_ns += took_ns[i];
    }
    qsort(took_ns, proofs, sizeof *took_ns, by_time);
    printf("%-34s %8.1f %8.1f %8.1f %8.1f\n", row->what, (double)all_ns / 1e3 / (double)proofs,
           (double)took_ns[proofs / 2] / 1e3, (double)took_ns[proofs - 1 - proofs / 100] / 1e3,
           (double)took_ns[proofs - 1] / 1e3);
    free(took_ns);
}

static void measure_all(struct journal *j, uint64_t proofs)
{
    struct subject s = {.j = j};
    struct proof p;
    struct err err;

    must(journal_reader_begin(j, &s.r, &err), &err);
    must(note_key_parse(&s.key, journal_vkey(j), strlen(journal_vkey(j)), &err), &err);
    proof_init(&p);
    must(proof_make_inclusion(s.r, journal_epochs(j), journal_reader_size(s.r) / 3, 0, &p, &err), &err);
    s.proof = &p;
    printf("%" PRIu64 " entries, %" PRIu64 " a row\n\n", journal_reader_size(s.r), proofs);
    printf("%-34s %8s %8s %8s %8s\n", "microseconds", "mean", "median", "99 %", "most");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        measure(&s, &rows[i], proofs);
    proof_release(&p);
    journal_reader_end(s.r);
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
