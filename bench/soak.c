/*
 * A hundred million entries: does the rate of appending stay, does memory, and how soon can the journal be read?
 * Run by hand; the entries are quotes of one chain, as in load.h, and one fill in a thousand.
 *
 *   bench_soak --ledger PATH --dir DIR-ON-THE-DISK [--entries N] [--keep]
 *
 * Appends in groups of 10,000 through the library; opens; then runs `ledger verify`, `snapshot` and `replay`, each
 * a process of its own, whose largest resident memory the system tells.
 */
#include "load.h"
#include "own.h"

#include "ledger/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define GROUP     10000u
#define SEGMENTS  10u
#define POOL      1000000u /* encoded drafts, taken in turn */
#define ARGS_MAX  8
#define NS_PER_MS 1e6

struct soak {
    const char *ledger; /* the program */
    char *dir;
    char *passphrase_file;
    uint64_t entries;
    uint8_t *quotes;
    uint8_t *fills;
};

static void must(enum err_code rc, const struct err *err)
{
    if (rc)
        raw_die("soak", err->text);
}

/* Resident memory in MB: anonymous, and all with the pages of mapped files. */
static void print_memory(const char *what)
{
    char line[256];
    FILE *const f = fopen("/proc/self/status", "re");

    if (!f)
        raw_die("/proc/self/status", strerror(errno));
    printf("%s", what);
    while (fgets(line, sizeof line, f)) {
        unsigned long kib = 0;
        if (sscanf(line, "VmHWM: %lu", &kib) == 1)
            printf(" largest resident %.0f MB", (double)kib / 1024);
        if (sscanf(line, "RssAnon: %lu", &kib) == 1)
            printf(", anonymous %.0f MB", (double)kib / 1024);
    }
    printf("\n");
    fclose(f);
}

/* -- appending ------------------------------------------------------------------------------------------- */

static void append_group(struct journal *j, struct soak *s, uint64_t first)
{
    struct journal_group *g = NULL;
    struct entry e;
    struct err err;

    must(journal_group_begin(j, &g, &err), &err);
    for (uint64_t i = first; i < first + GROUP; i++) {
        const bool is_fill = i % 1000 == 999;
        uint8_t *const at = is_fill ? s->fills + i / 1000 % (POOL / 1000) * load_size(LOAD_FILLS)
                                    : s->quotes + i % POOL * load_size(LOAD_QUOTES);
        const size_t size = load_size(is_fill ? LOAD_FILLS : LOAD_QUOTES);
        must(entry_decode(at, size, &e, &err), &err);
        must(journal_group_add_encoded(g, at, size, &e, &err), &err);
    }
    must(journal_group_commit(g, NULL, &err), &err);
}

static void append_all(struct soak *s)
{
    struct journal *const j = own_journal_make(s->dir);
    const uint64_t segment = s->entries / SEGMENTS;
    double slowest = 0;
    double fastest = 0;

    for (unsigned n = 0; n < SEGMENTS; n++) {
        const int64_t begin_ns = clock_monotonic_ns();
        for (uint64_t i = 0; i < segment; i += GROUP)
            append_group(j, s, n * segment + i);
        const double rate = (double)segment * 1e9 / (double)(clock_monotonic_ns() - begin_ns);
        slowest = n == 0 || rate < slowest ? rate : slowest;
        fastest = rate > fastest ? rate : fastest;
        printf("append %3u %%: %.0f entries/s\n", 100 * (n + 1) / SEGMENTS, rate);
        fflush(stdout);
    }
    printf("append: slowest segment %.0f %% below the fastest\n", 100 * (1 - slowest / fastest));
    print_memory("append:");
    journal_close(j);
}

/* -- reading --------------------------------------------------------------------------------------------- */

static void open_it(const struct soak *s)
{
    const struct journal_options options = {.dir = s->dir, .read_only = true};
    struct journal_record record;
    struct journal_reader *r = NULL;
    struct journal *j = NULL;
    struct err err;

    const int64_t begin_ns = clock_monotonic_ns();
    must(journal_open(&options, &j, &err), &err);
    must(journal_reader_begin(j, &r, &err), &err);
    must(journal_reader_get(r, journal_reader_size(r), &record, &err), &err);
    printf("open, and read entry %" PRIu64 ": %.1f ms\n", record.seq,
           (double)(clock_monotonic_ns() - begin_ns) / NS_PER_MS);
    journal_reader_end(r);
    journal_close(j);
}

/* Runs the program on the journal; what it says goes to ours. */
static void run(const struct soak *s, const char *const *words)
{
    const char *args[ARGS_MAX + 6] = {s->ledger, "-C", s->dir, "--passphrase-file", s->passphrase_file};
    struct rusage used;
    int status = 0;

    for (size_t i = 0; words[i]; i++)
        args[5 + i] = words[i];
    const int64_t begin_ns = clock_monotonic_ns();
    const pid_t child = fork();
    if (child < 0)
        raw_die("fork", strerror(errno));
    if (child == 0) {
        execv(s->ledger, (char *const *)(uintptr_t)args);
        _exit(127);
    }
    if (wait4(child, &status, 0, &used) != child || status != 0)
        raw_die(words[0], "it failed");
    printf("ledger %s %s: %.2f s, largest resident %ld MB\n\n", words[0], words[1] ? words[1] : "",
           (double)(clock_monotonic_ns() - begin_ns) / 1e9, used.ru_maxrss / 1024);
    fflush(stdout);
}

static void read_all(const struct soak *s)
{
    open_it(s);
    run(s, (const char *const[]){"verify", "--threads", "1", NULL});
    run(s, (const char *const[]){"verify", NULL});
    run(s, (const char *const[]){"replay", "--digest", "--from-start", NULL});
    run(s, (const char *const[]){"snapshot", NULL});
    run(s, (const char *const[]){"replay", "--digest", NULL});
}

/* -- options --------------------------------------------------------------------------------------------- */

static void write_passphrase(struct soak *s)
{
    if (asprintf(&s->passphrase_file, "%s-passphrase", s->dir) < 0)
        raw_die("path", "out of memory");
    const int fd = open(s->passphrase_file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0 || write(fd, "bench\n", 6) != 6)
        raw_die(s->passphrase_file, strerror(errno));
    close(fd);
}

static void usage(void)
{
    fprintf(stderr, "usage: bench_soak --ledger PROGRAM --dir DIR [--entries N] [--keep]\n"
                    "  --entries N  a multiple of 100,000 (default 100,000,000: 12 GB of disk)\n"
                    "  --keep       leave the journal in DIR/soak\n");
    exit(2);
}

int main(int argc, char **argv)
{
    static const struct option known[] = {
        {"ledger", required_argument, NULL, 'l'},
        {"dir", required_argument, NULL, 'd'},
        {"entries", required_argument, NULL, 'n'},
        {"keep", no_argument, NULL, 'k'},
        {NULL, 0, NULL, 0},
    };
    struct soak s = {.entries = 100000000};
    const char *dir = NULL;
    bool keep = false;
    int c;

    while ((c = getopt_long(argc, argv, "", known, NULL)) != -1) {
        switch (c) {
        case 'l': s.ledger = optarg; break;
        case 'd': dir = optarg; break;
        case 'n': s.entries = strtoull(optarg, NULL, 10); break;
        case 'k': keep = true; break;
        default: usage();
        }
    }
    if (!s.ledger || !dir || s.entries == 0 || s.entries % (SEGMENTS * GROUP) != 0 || optind != argc)
        usage();
    if (asprintf(&s.dir, "%s/soak", dir) < 0)
        raw_die("path", "out of memory");
    s.quotes = load_make(LOAD_QUOTES, POOL);
    s.fills = load_make(LOAD_FILLS, POOL / 1000);
    write_passphrase(&s);
    append_all(&s);
    free(s.quotes);
    free(s.fills);
    read_all(&s);
    unlink(s.passphrase_file);
    free(s.passphrase_file);
    if (!keep)
        own_journal_remove(s.dir);
    else
        free(s.dir);
    return 0;
}
