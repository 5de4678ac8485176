/*
 * Ten million entries: how soon is any state of them there? The entries are a day as the loop writes it (LOAD_DAY in
 * load.h: quotes of 3000 contracts, an order and a fill in each hundred), snapshots stand where the loop would write
 * them. Run by hand.
 *
 *   bench_moments --ledger PATH --dir DIR-ON-THE-DISK [--entries N] [--keep]
 *
 * Asks `ledger state`, `explain` and `diff`, each a process of its own, at points all over the journal, those just
 * before a snapshot among them, which are the furthest from the one before; prints the median and the slowest.
 */
#include "load.h"
#include "own.h"

#include "book/snapshot.h"
#include "ledger/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define GROUP      10000u
#define CHUNK      1000000u /* encoded drafts at a time */
#define POINTS_MAX 64u
#define POINTS     20u

struct moments {
    const char *ledger; /* the program */
    char *dir;
    uint64_t entries;
    uint64_t points[POINTS_MAX]; /* after which entries a state is asked for */
    unsigned count;
};

static void must(enum err_code rc, const struct err *err)
{
    if (rc)
        raw_die("moments", err->text);
}

static struct journal *make(const char *dir)
{
    static const struct {
        const char *name;
        enum role role;
    } ACTORS[] = {{"feed:bench", ROLE_FEED},
                  {"strategy:naked-put", ROLE_STRATEGY},
                  {"risk:governor", ROLE_RISK},
                  {"broker:paper", ROLE_BROKER}};
    const struct journal_options options = {.dir = dir};
    struct actor_rows first = {.count = sizeof ACTORS / sizeof ACTORS[0]};
    struct secret *passphrase = NULL;
    struct err err;

    for (uint8_t i = 0; i < first.count; i++)
        first.rows[i] = (struct actor_row){.name = id_from(ACTORS[i].name), .role = ACTORS[i].role};
    must(secret_new(&passphrase, "bench", 5, &err), &err);
    must(journal_create(&options, "bench.example/moments", passphrase, &first, &err), &err);
    secret_free(passphrase);
    return own_journal_open(dir, true);
}

static void append_group(struct journal *j, const uint8_t *bytes, uint64_t count)
{
    const size_t size = load_size(LOAD_DAY);
    struct journal_group *g = NULL;
    struct entry e;
    struct err err;

    must(journal_group_begin(j, &g, &err), &err);
    for (uint64_t i = 0; i < count; i++) {
        const uint8_t *const at = bytes + i * size;
        const size_t own = load_entry_size(at);
        must(entry_decode(at, own, &e, &err), &err);
        must(journal_group_add(g, &e, &err), &err);
    }
    must(journal_group_commit(g, NULL, &err), &err);
}

/* As the loop does: a snapshot whenever journal.snapshot_every entries have passed. */
static void append_all(const struct moments *m)
{
    struct journal *const j = make(m->dir);
    struct book book;
    struct err err;
    unsigned written = 0;

    must(book_init(&book, &err), &err);
    const int64_t every = book.configuration->configuration.journal.snapshot_every;
    uint64_t next = (uint64_t)every;
    for (uint64_t first = 0; first < m->entries; first += CHUNK) {
        uint8_t *const bytes = load_make_from(LOAD_DAY, first, CHUNK);
        for (uint64_t i = 0; i < CHUNK; i += GROUP) {
            const uint64_t skip = first + i == 0; /* the load's own genesis */
            append_group(j, bytes + (i + skip) * load_size(LOAD_DAY), GROUP - skip);
            if (first + i + GROUP < next)
                continue;
            must(snapshot_write(j, &book, NULL, &err), &err);
            written++;
            next += (uint64_t)every;
        }
        free(bytes);
        printf("%" PRIu64 " entries, %u snapshots written, the newest of %" PRIu64 " bytes\n", first + CHUNK,
               written, book.snapshots.bytes);
        fflush(stdout);
    }
    book_release(&book);
    journal_close(j);
}

/* Points at equal distance, and the entry before each snapshot that is stored. */
static void choose_points(struct moments *m)
{
    const struct journal_options options = {.dir = m->dir, .read_only = true};
    struct journal_reader *r = NULL;
    struct journal *j = NULL;
    uint64_t most = UINT64_MAX;
    uint64_t covered = 0;
    bool found = true;
    struct err err;

    must(journal_open(&options, &j, &err), &err);
    must(journal_reader_begin(j, &r, &err), &err);
    for (unsigned i = 1; i <= POINTS; i++)
        m->points[m->count++] = m->entries / POINTS * i;
    while (m->count < POINTS_MAX && most > 0) {
        must(snapshot_rows_find(r, most, &covered, &found, &err), &err);
        if (!found || covered < 2)
            break;
        m->points[m->count++] = covered - 1;
        most = covered - 1;
    }
    printf("%u snapshots are stored\n", m->count - POINTS);
    journal_reader_end(r);
    journal_close(j);
}

struct cost {
    int64_t wall_ns;
    int64_t processor_ns; /* what does not depend on who else is there */
};

static int64_t to_ns(const struct timeval *t)
{
    return (int64_t)t->tv_sec * NS_PER_SECOND + (int64_t)t->tv_usec * 1000;
}

/* Runs the program; what it says goes nowhere. */
static struct cost run(const struct moments *m, const char *const *words, long *resident_mb)
{
    const char *args[12] = {m->ledger, "-C", m->dir};
    struct rusage used;
    int status = 0;

    for (size_t i = 0; words[i]; i++)
        args[3 + i] = words[i];
    const int64_t begin_ns = clock_monotonic_ns();
    const pid_t child = fork();
    if (child < 0)
        raw_die("fork", strerror(errno));
    if (child == 0) {
        const int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
        dup2(nowhere, STDOUT_FILENO);
        execv(m->ledger, (char *const *)(uintptr_t)args);
        _exit(127);
    }
    if (wait4(child, &status, 0, &used) != child || status != 0)
        raw_die(words[0], "it failed");
    if (used.ru_maxrss / 1024 > *resident_mb)
        *resident_mb = used.ru_maxrss / 1024;
    return (struct cost){clock_monotonic_ns() - begin_ns, to_ns(&used.ru_utime) + to_ns(&used.ru_stime)};
}

static int by_wall(const void *a, const void *b)
{
    const struct cost *const x = a;
    const struct cost *const y = b;

    return (x->wall_ns > y->wall_ns) - (x->wall_ns < y->wall_ns);
}

/* The words at each point: SEQ and BEFORE stand for its number and the one before. */
static void measure(const struct moments *m, const char *title, const char *const *form)
{
    struct cost took[POINTS_MAX];
    int64_t most_ns = 0;
    long resident_mb = 0;

    for (unsigned i = 0; i < m->count; i++) {
        char seq[24];
        char before[24];
        const char *words[8] = {NULL};
        snprintf(seq, sizeof seq, "%" PRIu64, m->points[i]);
        snprintf(before, sizeof before, "%" PRIu64, m->points[i] - 1);
        for (size_t k = 0; form[k]; k++)
            words[k] = strcmp(form[k], "SEQ") == 0 ? seq : strcmp(form[k], "BEFORE") == 0 ? before : form[k];
        took[i] = run(m, words, &resident_mb);
        most_ns = took[i].processor_ns > most_ns ? took[i].processor_ns : most_ns;
    }
    qsort(took, m->count, sizeof took[0], by_wall);
    printf("%-26s median %.2f s, slowest %.2f s; of the processor %.2f s at most; %ld MB resident\n", title,
           (double)took[m->count / 2].wall_ns / 1e9, (double)took[m->count - 1].wall_ns / 1e9,
           (double)most_ns / 1e9, resident_mb);
    fflush(stdout);
}

/* The first who looks for entries makes the index: once, and not at every point. */
static void make_index(const struct moments *m)
{
    long resident_mb = 0;
    const struct cost c =
        run(m, (const char *const[]){"log", "--kind", "control", "--limit", "1", NULL}, &resident_mb);

    printf("the index: %.2f s\n", (double)c.wall_ns / 1e9);
}

static void usage(void)
{
    fprintf(stderr, "usage: bench_moments --ledger PROGRAM --dir DIR [--entries N] [--keep]\n"
                    "  --entries N  a multiple of 1,000,000 (default 10,000,000: 4 GB of disk)\n"
                    "  --keep       leave the journal in DIR/moments\n");
    exit(2);
}

int main(int argc, char **argv)
{
    static const struct option known[] = {{"ledger", required_argument, NULL, 'l'},
                                          {"dir", required_argument, NULL, 'd'},
                                          {"entries", required_argument, NULL, 'n'},
                                          {"keep", no_argument, NULL, 'k'},
                                          {NULL, 0, NULL, 0}};
    struct moments m = {.entries = 10000000};
    const char *dir = NULL;
    bool keep = false;
    int c;

    while ((c = getopt_long(argc, argv, "", known, NULL)) != -1) {
        switch (c) {
        case 'l': m.ledger = optarg; break;
        case 'd': dir = optarg; break;
        case 'n': m.entries = strtoull(optarg, NULL, 10); break;
        case 'k': keep = true; break;
        default: usage();
        }
    }
    if (!m.ledger || !dir || m.entries == 0 || m.entries % CHUNK != 0 || optind != argc)
        usage();
    if (asprintf(&m.dir, "%s/moments", dir) < 0)
        raw_die("path", "out of memory");
    append_all(&m);
    choose_points(&m);
    make_index(&m);
    measure(&m, "state --at SEQ", (const char *const[]){"state", "--at", "SEQ", NULL});
    measure(&m, "state --at SEQ chain GOOG",
            (const char *const[]){"state", "--at", "SEQ", "chain", "GOOG", NULL});
    measure(&m, "replay --to SEQ", (const char *const[]){"replay", "--to", "SEQ", NULL});
    measure(&m, "explain SEQ", (const char *const[]){"explain", "SEQ", NULL});
    measure(&m, "diff SEQ-1 SEQ", (const char *const[]){"diff", "BEFORE", "SEQ", NULL});
    if (keep)
        free(m.dir);
    else
        own_journal_remove(m.dir);
    return 0;
}
