/*
 * How fast the journal is, against the raw things below it, in one run on one machine: a number alone says
 * nothing about us. Entries have 256 bytes; fills and quotes, which have rows of their own, are smaller. A row
 * is measured several times, in turn with the others so that a slow moment of the disk meets all of them, and
 * its median counts.
 *
 * To measure something more: write a function that fits `run`, and add a row to the table.
 */
#include "bundles.h"
#include "callers.h"
#include "load.h"
#include "own.h"
#include "raw.h"
#include "reads.h"
#include "replay.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define ROUNDS_MAX  15
#define SETTLE_SIZE ((size_t)2 << 30)
#define WHOLE       0 /* not in groups */

struct options {
    uint64_t entries;
    unsigned rounds;
    const char *dir;
    const char *only; /* rows whose name holds this text; "": all */
    uint64_t group;   /* only groups of so many entries; 0: all */
    bool json;
};

/* -- the table ------------------------------------------------------------------------------------------ */

struct row {
    const char *name;
    int64_t (*run)(const struct raw_load *load); /* nanoseconds for load->count entries */
    uint64_t group;
    uint64_t most;  /* entries; 0: as many as are asked for */
    unsigned more;  /* times as many entries as groups of this size have; 0: as many */
    enum load load; /* rows are compared with rows of the same load only */
    int64_t took_ns[ROUNDS_MAX];
    int64_t median_ns;
    double disk; /* bytes on disk to an entry's byte; 0: not asked */
    uint64_t count;
};

static struct row rows[] = {
    {.name = "raw file + fdatasync", .run = raw_file, .group = 1},
    {.name = "raw LMDB", .run = raw_lmdb, .group = 1},
    {.name = "SQLite, WAL, FULL", .run = raw_sqlite, .group = 1},
    {.name = "ledger append", .run = own_append, .group = 1},
    {.name = "append, unread", .run = own_append_blind, .group = 1},
    {.name = "append, guarded", .run = own_append_guarded, .group = 1},
    {.name = "one caller", .run = callers_one, .group = 1},
    {.name = "64 callers, threads", .run = callers_threads, .group = 1, .more = 16},
    {.name = "64 callers, 8 processes", .run = callers_processes, .group = 1, .more = 16},
    {.name = "raw file + fdatasync", .run = raw_file, .group = 100},
    {.name = "raw LMDB", .run = raw_lmdb, .group = 100},
    {.name = "SQLite, WAL, FULL", .run = raw_sqlite, .group = 100},
    {.name = "ledger append", .run = own_append, .group = 100},
    {.name = "append, unread", .run = own_append_blind, .group = 100},
    {.name = "append, guarded", .run = own_append_guarded, .group = 100},
    {.name = "raw file + fdatasync", .run = raw_file, .group = 10000},
    {.name = "raw LMDB", .run = raw_lmdb, .group = 10000},
    {.name = "SQLite, WAL, FULL", .run = raw_sqlite, .group = 10000},
    {.name = "ledger append", .run = own_append, .group = 10000},
    {.name = "append, unread", .run = own_append_blind, .group = 10000},
    {.name = "append, guarded", .run = own_append_guarded, .group = 10000},
    {.name = "raw LMDB get, random", .run = reads_lmdb, .group = WHOLE},
    {.name = "show SEQ, random", .run = reads_journal, .group = WHOLE},
    {.name = "raw SHA-256, one stream", .run = raw_sha256_stream, .group = WHOLE},
    {.name = "raw SHA-256, two threads", .run = raw_sha256_stream_2, .group = WHOLE},
    {.name = "raw SHA-256, each entry", .run = raw_sha256_entries, .group = WHOLE},
    {.name = "raw SHA-256, the tree", .run = raw_sha256_tree, .group = WHOLE},
    {.name = "verify", .run = own_verify, .group = WHOLE},
    {.name = "verify, two threads", .run = own_verify_2, .group = WHOLE},
    {.name = "verify a bundle", .run = bundles_check, .group = WHOLE, .most = 200000},
    {.name = "raw LMDB", .run = raw_lmdb, .group = 10000, .load = LOAD_FILLS},
    {.name = "JSON append", .run = own_append_json, .group = 10000, .load = LOAD_FILLS},
    {.name = "raw SHA-256, one stream", .run = raw_sha256_stream, .group = WHOLE, .load = LOAD_FILLS},
    {.name = "raw SHA-256, each entry", .run = raw_sha256_entries, .group = WHOLE, .load = LOAD_FILLS},
    {.name = "replay: decode", .run = replay_decode, .group = WHOLE, .load = LOAD_FILLS},
    {.name = "replay: into accounts", .run = replay_accounts, .group = WHOLE, .load = LOAD_FILLS},
    {.name = "replay: and orders", .run = replay_orders, .group = WHOLE, .load = LOAD_FILLS},
    {.name = "replay: decode", .run = replay_decode, .group = WHOLE, .load = LOAD_QUOTES},
    {.name = "replay: into the chain", .run = replay_chain, .group = WHOLE, .load = LOAD_QUOTES},
    {.name = "replay: decode", .run = replay_decode, .group = WHOLE, .load = LOAD_DAY},
    {.name = "replay: into the book", .run = replay_book, .group = WHOLE, .load = LOAD_DAY},
};
#define ROW_COUNT (sizeof rows / sizeof rows[0])

/* What the columns of ratios compare with: the row of this name and load and, unless it is WHOLE, group. */
static const struct {
    const char *title;
    const char *key;
    const char *name;
} baselines[] = {
    {"of file", "of_file", "raw file + fdatasync"},
    {"of LMDB", "of_lmdb", "raw LMDB"},
    {"of SQLite", "of_sqlite", "SQLite, WAL, FULL"},
    {"of one", "of_one_caller", "one caller"},
    {"of get", "of_get", "raw LMDB get, random"},
    {"of stream", "of_sha256_stream", "raw SHA-256, one stream"},
    {"of two", "of_sha256_two", "raw SHA-256, two threads"},
    {"of each", "of_sha256_each", "raw SHA-256, each entry"},
};
#define BASELINE_COUNT (sizeof baselines / sizeof baselines[0])

/* -- measuring ------------------------------------------------------------------------------------------ */

/* Syncing for each entry takes milliseconds on some disks: small groups get fewer entries. */
static uint64_t count_for(const struct options *o, const struct row *r)
{
    const uint64_t syncs_max = UINT64_C(2000) * (r->more ? r->more : 1);

    if (r->most && r->most < o->entries)
        return r->most;
    if (r->group == WHOLE || o->entries <= syncs_max * r->group)
        return o->entries;
    return syncs_max * r->group;
}

static int compare_ns(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a;
    const int64_t y = *(const int64_t *)b;

    return (x > y) - (x < y);
}

static bool is_asked_for(const struct options *o, const struct row *r)
{
    return strstr(r->name, o->only) && (!o->group || r->group == o->group);
}

/* Only the loads of rows that are asked for. */
static void make_loads(const struct options *o, uint8_t *bytes[LOADS])
{
    for (size_t i = 0; i < ROW_COUNT; i++) {
        if (is_asked_for(o, &rows[i]) && !bytes[rows[i].load])
            bytes[rows[i].load] = load_make(rows[i].load, o->entries);
    }
}

/*
 * What a row leaves to the disk is not the next one's to pay; nor is it memory that nobody has used yet, which a virtual
 * machine gets from its host page by page, at ten times the price of writing it.
 */
static void settle(void)
{
    void *const memory =
        mmap(NULL, SETTLE_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

    sync();
    if (memory != MAP_FAILED)
        munmap(memory, SETTLE_SIZE);
}

static void measure(const struct options *o, uint8_t *const bytes[LOADS])
{
    for (unsigned round = 0; round < o->rounds; round++) {
        for (size_t i = 0; i < ROW_COUNT; i++) {
            if (!is_asked_for(o, &rows[i]))
                continue;
            const struct raw_load load = {o->dir, bytes[rows[i].load], load_size(rows[i].load),
                                          count_for(o, &rows[i]), rows[i].group};
            if (isatty(STDERR_FILENO))
                fprintf(stderr, "\r\033[Kround %u of %u: %s, groups of %" PRIu64, round + 1, o->rounds,
                        rows[i].name, rows[i].group);
            rows[i].count = load.count;
            settle();
            rows[i].took_ns[round] = rows[i].run(&load);
        }
    }
    if (isatty(STDERR_FILENO))
        fprintf(stderr, "\r\033[K");
    for (size_t i = 0; i < ROW_COUNT; i++) {
        if (rows[i].count == 0)
            continue;
        qsort(rows[i].took_ns, o->rounds, sizeof rows[i].took_ns[0], compare_ns);
        rows[i].median_ns = rows[i].took_ns[o->rounds / 2];
    }
}

/* What the disk gives to a journal, as a part of its entries' bytes: of the rows that append and do no more. */
static void measure_sizes(const struct options *o, uint8_t *const bytes[LOADS])
{
    for (size_t i = 0; i < ROW_COUNT; i++) {
        if (rows[i].count == 0 || rows[i].run != own_append)
            continue;
        const struct raw_load load = {o->dir, bytes[rows[i].load], load_size(rows[i].load), rows[i].count,
                                      rows[i].group};
        rows[i].disk = (double)own_disk_size(&load) / (double)(load.count * load.size);
    }
}

/* -- printing ------------------------------------------------------------------------------------------- */

static double rate(const struct row *r)
{
    return (double)r->count * 1e9 / (double)r->median_ns;
}

/* Our speed as a part of the baseline's; 0 when there is nothing to compare with. */
static double ratio(const struct row *r, size_t baseline)
{
    for (size_t i = 0; i < ROW_COUNT; i++) {
        const bool fits = rows[i].load == r->load && (rows[i].group == r->group || rows[i].group == WHOLE);
        if (fits && rows[i].count > 0 && strcmp(rows[i].name, baselines[baseline].name) == 0)
            return rate(r) / rate(&rows[i]);
    }
    return 0;
}

static void print_table(const struct options *o)
{
    const struct row *above = NULL;

    printf("median of %u rounds, in %s\n", o->rounds, o->dir);
    printf("%-24s %7s %9s %12s %9s", "", "group", "entries", "entries/s", "MB/s");
    for (size_t b = 0; b < BASELINE_COUNT; b++)
        printf(" %10s", baselines[b].title);
    printf("\n");
    for (size_t i = 0; i < ROW_COUNT; i++) {
        const struct row *const r = &rows[i];
        if (r->count == 0)
            continue;
        if (!above || r->load != above->load)
            printf("\n%s of %zu bytes\n", load_name(r->load), load_size(r->load));
        else if (r->group != above->group)
            printf("\n");
        above = r;
        if (r->group == WHOLE)
            printf("%-24s %7s", r->name, "-");
        else
            printf("%-24s %7" PRIu64, r->name, r->group);
        printf(" %9" PRIu64 " %12.0f", r->count, rate(r));
        printf(" %9.1f", rate(r) * (double)load_size(r->load) / 1e6);
        for (size_t b = 0; b < BASELINE_COUNT; b++) {
            if (ratio(r, b) > 0)
                printf(" %10.3f", ratio(r, b));
            else
                printf(" %10s", "-");
        }
        printf("\n");
    }
    printf("\n");
    for (size_t i = 0; i < ROW_COUNT; i++) {
        if (rows[i].disk > 0)
            printf("%s, groups of %" PRIu64 ": on disk %.3f of the entries' bytes\n", rows[i].name,
                   rows[i].group, rows[i].disk);
    }
}

static void print_json(const struct options *o)
{
    const char *comma = "";

    printf("{\"rounds\":%u,\"rows\":[", o->rounds);
    for (size_t i = 0; i < ROW_COUNT; i++) {
        const struct row *const r = &rows[i];
        if (r->count == 0)
            continue;
        printf("%s\n{\"name\":\"%s\",\"entry_size\":%zu,\"group\":%" PRIu64 ",\"entries\":%" PRIu64
               ",\"median_ns\":%" PRId64 ",\"entries_per_second\":%.0f",
               comma, r->name, load_size(r->load), r->group, r->count, r->median_ns, rate(r));
        for (size_t b = 0; b < BASELINE_COUNT; b++) {
            if (ratio(r, b) > 0)
                printf(",\"%s\":%.4f", baselines[b].key, ratio(r, b));
        }
        if (r->disk > 0)
            printf(",\"on_disk\":%.4f", r->disk);
        printf("}");
        comma = ",";
    }
    printf("\n]}\n");
}

/* -- options -------------------------------------------------------------------------------------------- */

static void usage(FILE *out)
{
    fprintf(out, "usage: bench_journal [--entries N] [--rounds N] [--only TEXT] [--group N]\n"
                 "                     [--dir DIR] [--json]\n"
                 "  --entries N  entries for the largest groups (default 1000000); small groups get fewer\n"
                 "  --rounds N   1 .. 15, the median counts (default 5)\n"
                 "  --only TEXT  only the rows whose name holds this text\n"
                 "  --group N    only groups of N entries: 1, 100 or 10000\n"
                 "  --dir DIR    on the disk that is to be measured (default: here)\n"
                 "  --json       for programs\n");
}

static uint64_t number(const char *text, uint64_t most)
{
    char *end;

    errno = 0;
    const unsigned long long v = strtoull(text, &end, 10);
    if (errno || *end || end == text || v < 1 || v > most) {
        usage(stderr);
        exit(2);
    }
    return v;
}

static void parse(int argc, char **argv, struct options *o)
{
    static const struct option known[] = {
        {"entries", required_argument, NULL, 'n'}, {"rounds", required_argument, NULL, 'r'},
        {"dir", required_argument, NULL, 'd'},     {"only", required_argument, NULL, 'o'},
        {"group", required_argument, NULL, 'g'},   {"json", no_argument, NULL, 'j'},
        {"help", no_argument, NULL, 'h'},          {NULL, 0, NULL, 0},
    };
    int c;

    while ((c = getopt_long(argc, argv, "", known, NULL)) != -1) {
        if (c == 'n') {
            o->entries = number(optarg, 100000000);
        } else if (c == 'r') {
            o->rounds = (unsigned)number(optarg, ROUNDS_MAX);
        } else if (c == 'd') {
            o->dir = optarg;
        } else if (c == 'o') {
            o->only = optarg;
        } else if (c == 'g') {
            o->group = number(optarg, 10000);
        } else if (c == 'j') {
            o->json = true;
        } else {
            usage(c == 'h' ? stdout : stderr);
            exit(c == 'h' ? 0 : 2);
        }
    }
    if (optind != argc) {
        usage(stderr);
        exit(2);
    }
}

int main(int argc, char **argv)
{
    struct options o = {.entries = 1000000, .rounds = 5, .dir = ".", .only = ""};
    char *dir = NULL;

    parse(argc, argv, &o);
    if (asprintf(&dir, "%s/bench-journal-XXXXXX", o.dir) < 0 || !mkdtemp(dir))
        raw_die(o.dir, strerror(errno));
    o.dir = dir;
    uint8_t *bytes[LOADS] = {NULL};
    make_loads(&o, bytes);
    measure(&o, bytes);
    measure_sizes(&o, bytes);
    if (o.json)
        print_json(&o);
    else
        print_table(&o);
    for (size_t i = 0; i < LOADS; i++)
        free(bytes[i]);
    if (rmdir(dir) != 0)
        raw_die(dir, strerror(errno));
    free(dir);
    return 0;
}
