/*
 * How fast the journal is, against the raw things below it, in one run on one machine: a number alone says
 * nothing about us. Entries have 256 bytes. A row is measured several times, in turn with the others so that
 * a slow moment of the disk meets all of them, and its median counts.
 *
 * To measure something more: write a function that fits `run`, and add a row to the table.
 */
#include "raw.h"
#include "replay.h"

#include "ledger/clock.h"
#include "ledger/hash.h"
#include "ledger/journal.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ENTRY_SIZE    256u
#define ROUNDS_MAX    15
#define WHOLE         0 /* not in groups */
#define REASON_SIZE   (ENTRY_SIZE - ENTRY_HEADER_SIZE - 2 - 1 - ORDER_ID_SIZE)
#define ORDER_ID_SIZE 12u

struct options {
    uint64_t entries;
    unsigned rounds;
    const char *dir;
    const char *only; /* rows whose name holds this text; "": all */
    uint64_t group;   /* only groups of so many entries; 0: all */
    bool json;
};

/* -- the load ------------------------------------------------------------------------------------------- */

/* A draft that has exactly 256 bytes when encoded, but for the number in its order's id. */
static void load_init(struct entry *e)
{
    static const char reason[] = "cancelled at the close by the exchange; what was left of the order was not "
                                 "filled. The text has this "
                                 "length so that the entry has two hundred and fifty-six bytes, which is "
                                 "usual. It says nothing else at "
                                 "all.......";

    _Static_assert(sizeof reason > REASON_SIZE, "the reason is long enough");
    memset(e, 0, sizeof *e);
    e->kind = ENTRY_ORDER_CANCELLED;
    e->at_ns = INT64_C(1450967460000000000);
    e->actor = 1;
    e->as.order_cancelled.order_id = id_from("o-0000000000");
    e->as.order_cancelled.reason = (struct text){reason, REASON_SIZE};
}

/* Makes it entry i. Cheap, because making the load is not what is measured. */
static void load_draft(struct entry *e, uint64_t i)
{
    char *digit = e->as.order_cancelled.order_id.text + ORDER_ID_SIZE;

    for (unsigned n = 2; n < ORDER_ID_SIZE; n++, i /= 10)
        *--digit = (char)('0' + i % 10);
}

/* The same entries as bytes, for the raw things. */
static uint8_t *load_encode(uint64_t count)
{
    uint8_t *const bytes = malloc(count * ENTRY_SIZE);
    struct wire_out out;
    struct err err;
    struct entry e;

    if (!bytes)
        raw_die("load", "out of memory");
    load_init(&e);
    wire_out_init(&out, bytes, count * ENTRY_SIZE);
    for (uint64_t i = 0; i < count; i++) {
        load_draft(&e, i);
        if (entry_encode(&e, &out, &err))
            raw_die("load", err.text);
    }
    REQUIRE(wire_out_size(&out) == count * ENTRY_SIZE);
    for (uint64_t i = 0; i < count; i++)
        entry_place(bytes + i * ENTRY_SIZE, i + 1, e.at_ns);
    return bytes;
}

/* -- what is measured ----------------------------------------------------------------------------------- */

static int64_t run_sha256_stream(const struct raw_load *load)
{
    const int64_t begin_ns = clock_monotonic_ns();
    const struct hash h = hash_bytes(load->bytes, load->size * load->count);
    const int64_t took_ns = clock_monotonic_ns() - begin_ns;

    REQUIRE(h.bytes[0] | h.bytes[1] | h.bytes[2] | h.bytes[3]); /* so that it is not optimised away */
    return took_ns;
}

static int64_t run_sha256_entries(const struct raw_load *load)
{
    unsigned seen = 0;
    const int64_t begin_ns = clock_monotonic_ns();

    for (uint64_t i = 0; i < load->count; i++)
        seen |= hash_leaf(load->bytes + i * load->size, load->size).bytes[0];
    const int64_t took_ns = clock_monotonic_ns() - begin_ns;
    REQUIRE(seen);
    return took_ns;
}

static void must(enum err_code rc, const struct err *err)
{
    if (rc)
        raw_die("journal", err->text);
}

static struct journal *journal_make(const char *dir)
{
    struct actor_rows first = {.count = 1};
    const struct journal_options options = {.dir = dir};
    struct secret *passphrase = NULL;
    struct journal *j = NULL;
    struct err err;

    first.rows[0] = (struct actor_row){.name = id_from("broker:bench"), .role = ROLE_BROKER};
    must(secret_new(&passphrase, "bench", 5, &err), &err);
    must(journal_create(&options, "bench.example/journal", passphrase, &first, &err), &err);
    must(journal_open(&options, &j, &err), &err);
    must(journal_unlock(j, passphrase, &err), &err);
    secret_free(passphrase);
    return j;
}

static void journal_remove(const char *dir)
{
    static const char *const names[] = {"journal.mdb", "journal.mdb-lock", "vault"};
    char *path = NULL;

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (asprintf(&path, "%s/%s", dir, names[i]) < 0)
            raw_die("path", "out of memory");
        (void)unlink(path);
        free(path);
    }
    if (rmdir(dir) != 0)
        raw_die(dir, strerror(errno));
}

/* Everything that an append is: checks, encoding, tree, control index, signed seal, synced commit. */
static int64_t run_append(const struct raw_load *load)
{
    struct journal_group *g = NULL;
    struct entry e;
    struct err err;
    char *dir = NULL;

    if (asprintf(&dir, "%s/journal", load->dir) < 0)
        raw_die("path", "out of memory");
    struct journal *const j = journal_make(dir);
    load_init(&e);
    const int64_t begin_ns = clock_monotonic_ns();
    for (uint64_t first = 0; first < load->count; first += load->group) {
        const uint64_t left = load->count - first;
        const uint64_t n = left < load->group ? left : load->group;
        must(journal_group_begin(j, &g, &err), &err);
        for (uint64_t i = 0; i < n; i++) {
            load_draft(&e, first + i);
            must(journal_group_add(g, &e, &err), &err);
        }
        must(journal_group_commit(g, NULL, &err), &err);
    }
    const int64_t took_ns = clock_monotonic_ns() - begin_ns;
    journal_close(j);
    journal_remove(dir);
    free(dir);
    return took_ns;
}

/* -- the table ------------------------------------------------------------------------------------------ */

struct row {
    const char *name;
    int64_t (*run)(const struct raw_load *load); /* nanoseconds for load->count entries */
    uint64_t group;
    bool own_load; /* not the entries of 256 bytes: only entries/s can be compared */
    int64_t took_ns[ROUNDS_MAX];
    int64_t median_ns;
    uint64_t count;
};

static struct row rows[] = {
    {.name = "raw file + fdatasync", .run = raw_file, .group = 1},
    {.name = "raw LMDB", .run = raw_lmdb, .group = 1},
    {.name = "SQLite, WAL, FULL", .run = raw_sqlite, .group = 1},
    {.name = "ledger append", .run = run_append, .group = 1},
    {.name = "raw file + fdatasync", .run = raw_file, .group = 100},
    {.name = "raw LMDB", .run = raw_lmdb, .group = 100},
    {.name = "SQLite, WAL, FULL", .run = raw_sqlite, .group = 100},
    {.name = "ledger append", .run = run_append, .group = 100},
    {.name = "raw file + fdatasync", .run = raw_file, .group = 10000},
    {.name = "raw LMDB", .run = raw_lmdb, .group = 10000},
    {.name = "SQLite, WAL, FULL", .run = raw_sqlite, .group = 10000},
    {.name = "ledger append", .run = run_append, .group = 10000},
    {.name = "raw SHA-256, one stream", .run = run_sha256_stream, .group = WHOLE},
    {.name = "raw SHA-256, each entry", .run = run_sha256_entries, .group = WHOLE},
    {.name = "decode fills", .run = replay_decode, .group = WHOLE, .own_load = true},
    {.name = "  into accounts", .run = replay_accounts, .group = WHOLE, .own_load = true},
    {.name = "  and orders", .run = replay_all, .group = WHOLE, .own_load = true},
};
#define ROW_COUNT (sizeof rows / sizeof rows[0])

/* What the columns of ratios compare with: the row of this name and, unless it is WHOLE, of the same group. */
static const struct {
    const char *title;
    const char *key;
    const char *name;
} baselines[] = {
    {"of file", "of_file", "raw file + fdatasync"},
    {"of LMDB", "of_lmdb", "raw LMDB"},
    {"of SQLite", "of_sqlite", "SQLite, WAL, FULL"},
    {"of SHA-256", "of_sha256", "raw SHA-256, one stream"},
};
#define BASELINE_COUNT (sizeof baselines / sizeof baselines[0])

/* -- measuring ------------------------------------------------------------------------------------------ */

/* Syncing for each entry takes milliseconds on some disks: small groups get fewer entries. */
static uint64_t count_for(const struct options *o, uint64_t group)
{
    const uint64_t syncs_max = 2000;

    if (group == WHOLE || o->entries <= syncs_max * group)
        return o->entries;
    return syncs_max * group;
}

static int compare_ns(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a;
    const int64_t y = *(const int64_t *)b;

    return (x > y) - (x < y);
}

static void measure(const struct options *o, const uint8_t *bytes)
{
    for (unsigned round = 0; round < o->rounds; round++) {
        for (size_t i = 0; i < ROW_COUNT; i++) {
            if (!strstr(rows[i].name, o->only) || (o->group && rows[i].group != o->group))
                continue;
            const struct raw_load load = {o->dir, bytes, ENTRY_SIZE, count_for(o, rows[i].group),
                                          rows[i].group};
            if (isatty(STDERR_FILENO))
                fprintf(stderr, "\r\033[Kround %u of %u: %s, groups of %" PRIu64, round + 1, o->rounds,
                        rows[i].name, rows[i].group);
            rows[i].count = load.count;
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

/* -- printing ------------------------------------------------------------------------------------------- */

static double rate(const struct row *r)
{
    return (double)r->count * 1e9 / (double)r->median_ns;
}

/* Our speed as a part of the baseline's; 0 when there is nothing to compare with. */
static double ratio(const struct row *r, size_t baseline)
{
    for (size_t i = 0; i < ROW_COUNT; i++) {
        const bool fits = !r->own_load && (rows[i].group == r->group || rows[i].group == WHOLE);
        if (fits && rows[i].count > 0 && strcmp(rows[i].name, baselines[baseline].name) == 0)
            return rate(r) / rate(&rows[i]);
    }
    return 0;
}

static void print_table(const struct options *o)
{
    printf("entries of %u bytes, median of %u rounds, in %s\n\n", ENTRY_SIZE, o->rounds, o->dir);
    printf("%-24s %7s %9s %12s %9s", "", "group", "entries", "entries/s", "MB/s");
    for (size_t b = 0; b < BASELINE_COUNT; b++)
        printf(" %10s", baselines[b].title);
    printf("\n");
    for (size_t i = 0; i < ROW_COUNT; i++) {
        const struct row *const r = &rows[i];
        if (r->count == 0)
            continue;
        if (i > 0 && r->group != rows[i - 1].group)
            printf("\n");
        if (r->group == WHOLE)
            printf("%-24s %7s", r->name, "-");
        else
            printf("%-24s %7" PRIu64, r->name, r->group);
        printf(" %9" PRIu64 " %12.0f", r->count, rate(r));
        if (r->own_load)
            printf(" %9s", "-");
        else
            printf(" %9.1f", rate(r) * ENTRY_SIZE / 1e6);
        for (size_t b = 0; b < BASELINE_COUNT; b++) {
            if (ratio(r, b) > 0)
                printf(" %10.3f", ratio(r, b));
            else
                printf(" %10s", "-");
        }
        printf("\n");
    }
}

static void print_json(const struct options *o)
{
    const char *comma = "";

    printf("{\"entry_size\":%u,\"rounds\":%u,\"rows\":[", ENTRY_SIZE, o->rounds);
    for (size_t i = 0; i < ROW_COUNT; i++) {
        const struct row *const r = &rows[i];
        if (r->count == 0)
            continue;
        printf("%s\n{\"name\":\"%s\",\"group\":%" PRIu64 ",\"entries\":%" PRIu64 ",\"median_ns\":%" PRId64
               ",\"entries_per_second\":%.0f",
               comma, r->name, r->group, r->count, r->median_ns, rate(r));
        for (size_t b = 0; b < BASELINE_COUNT; b++) {
            if (ratio(r, b) > 0)
                printf(",\"%s\":%.4f", baselines[b].key, ratio(r, b));
        }
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
    uint8_t *const bytes = load_encode(o.entries);
    measure(&o, bytes);
    if (o.json)
        print_json(&o);
    else
        print_table(&o);
    free(bytes);
    if (rmdir(dir) != 0)
        raw_die(dir, strerror(errno));
    free(dir);
    return 0;
}
