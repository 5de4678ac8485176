/* Lives through seeds or scripts, and shrinks what fails: see README.md. */
#include "simulator/generate.h"
#include "simulator/shrink.h"
#include "simulator/world.h"

#include "ledger/clock.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

struct options {
    uint64_t first;
    uint64_t seeds;
    uint64_t steps;
    unsigned jobs;
    bool is_forever;
    bool prints;          /* the first seed's script */
    bool shrinks;         /* what fails */
    bool is_found_wanted; /* some seed is to fail: a planted bug */
    uint64_t verify_each; /* seeds */
    uint64_t sign_each;   /* seeds: with Ed25519 */
    const char *keep;
};

/* What the workers tell; shared memory. */
struct totals {
    uint64_t seeds;
    uint64_t moments;
    uint64_t entries;
    uint64_t orders;
    uint64_t fills;
    uint64_t restarts;
    uint64_t compared;
    uint64_t failed; /* seeds */
    uint64_t failures[64];
    uint64_t at[64]; /* the seed that worker i is at */
};

static char root[200];

static void make_root(void)
{
    const char *const tmp = getenv("TMPDIR");

    snprintf(root, sizeof root, "%s/simulator-XXXXXX",
             access("/dev/shm", W_OK) == 0 ? "/dev/shm"
             : tmp && strlen(tmp) < 150    ? tmp
                                           : "/tmp");
    if (!mkdtemp(root)) {
        perror("simulator: no scratch folder");
        exit(3);
    }
}

static struct world_options world_options_of(const struct options *o, uint64_t seed)
{
    return (struct world_options){.root = root,
                                  .keep = o->keep,
                                  .verifies = o->verify_each && seed % o->verify_each == 0,
                                  .signs = o->keep || (o->sign_each && seed % o->sign_each == 0),
                                  .deep_each = 50};
}

/* -- one seed, one script ------------------------------------------------------------------------------- */

static void print_failure(const struct script *s, const struct world_report *report, const char *name)
{
    printf("%s: %s\n", name, report->wrong);
    printf("# %s\n", report->wrong);
    script_print(s, stdout);
    fflush(stdout);
}

static void shrink_failure(const struct script *s, const struct world_options *wo, const char *name)
{
    struct script small = {0};
    struct world_report report;

    shrink(s, wo, &small);
    world_run(&small, wo, &report);
    print_failure(&small, &report, name);
    script_release(&small);
}

static bool live_seed(const struct options *o, uint64_t seed, struct world_report *report)
{
    struct script s = {0};
    char name[64];
    const struct world_options wo = world_options_of(o, seed);

    snprintf(name, sizeof name, "seed %" PRIu64, seed);
    generate(&s, seed, o->steps);
    if (o->prints)
        script_print(&s, stdout);
    world_run(&s, &wo, report);
    if (report->is_wrong) {
        printf("%s: %s\n", name, report->wrong);
        fflush(stdout);
    }
    if (report->is_wrong && o->shrinks)
        shrink_failure(&s, &wo, name);
    script_release(&s);
    return !report->is_wrong;
}

static bool live_script(const struct options *o, const char *path)
{
    struct script s = {0};
    struct world_report report;
    struct err err;
    const struct world_options wo = {
        .root = root, .keep = o->keep, .verifies = true, .signs = true, .deep_each = 1};

    if (script_read(&s, path, &err)) {
        fprintf(stderr, "simulator: %s\n", err.text);
        exit(3);
    }
    world_run(&s, &wo, &report);
    if (report.is_wrong)
        printf("%s: %s\n", path, report.wrong);
    if (report.is_wrong && o->shrinks)
        shrink_failure(&s, &wo, path);
    script_release(&s);
    return !report.is_wrong;
}

/* -- many seeds ----------------------------------------------------------------------------------------- */

static void add_up(struct totals *t, uint64_t seed, const struct world_report *r)
{
    __atomic_add_fetch(&t->seeds, 1, __ATOMIC_RELAXED);
    __atomic_add_fetch(&t->moments, r->moments, __ATOMIC_RELAXED);
    __atomic_add_fetch(&t->entries, r->entries, __ATOMIC_RELAXED);
    __atomic_add_fetch(&t->orders, r->orders, __ATOMIC_RELAXED);
    __atomic_add_fetch(&t->fills, r->fills, __ATOMIC_RELAXED);
    __atomic_add_fetch(&t->restarts, r->restarts, __ATOMIC_RELAXED);
    __atomic_add_fetch(&t->compared, r->compared, __ATOMIC_RELAXED);
    if (r->is_wrong) {
        const uint64_t n = __atomic_fetch_add(&t->failed, 1, __ATOMIC_RELAXED);
        if (n < sizeof t->failures / sizeof t->failures[0])
            t->failures[n] = seed;
    }
}

static void work(const struct options *o, struct totals *t, unsigned worker)
{
    struct world_report report;

    for (uint64_t i = worker; o->is_forever || i < o->seeds; i += o->jobs) {
        t->at[worker] = o->first + i;
        if (!live_seed(o, o->first + i, &report) && o->is_found_wanted) {
            add_up(t, o->first + i, &report);
            return;
        }
        add_up(t, o->first + i, &report);
        if (o->is_found_wanted && __atomic_load_n(&t->failed, __ATOMIC_RELAXED) > 0)
            return;
    }
}

static unsigned wait_for_workers(const struct options *o, struct totals *t, const pid_t *pids)
{
    unsigned died = 0;

    for (unsigned i = 0; i < o->jobs; i++) {
        int status = 0;
        waitpid(pids[i], &status, 0);
        if (status != 0) {
            printf("seed %" PRIu64 ": the program itself died (status %d)\n", t->at[i], status);
            died++;
        }
    }
    return died;
}

static void print_totals(const struct totals *t, double seconds)
{
    printf("%" PRIu64 " seeds, %" PRIu64 " moments, %" PRIu64 " entries, %" PRIu64 " orders, %" PRIu64
           " fills, %" PRIu64 " restarts, %" PRIu64
           " decisions made again, in %.1f s: %.0f moments a second\n",
           t->seeds, t->moments, t->entries, t->orders, t->fills, t->restarts, t->compared, seconds,
           (double)t->moments / seconds);
}

static int live_seeds(const struct options *o)
{
    struct totals *const t = mmap(NULL, sizeof *t, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    pid_t pids[64];
    const int64_t began = clock_monotonic_ns();

    REQUIRE(t != MAP_FAILED);
    for (unsigned i = 0; i < o->jobs; i++) {
        fflush(stdout);
        pids[i] = fork();
        REQUIRE(pids[i] >= 0);
        if (pids[i] == 0) {
            work(o, t, i);
            fflush(stdout);
            _exit(0);
        }
    }
    const unsigned died = wait_for_workers(o, t, pids);
    print_totals(t, (double)(clock_monotonic_ns() - began) / 1e9);
    const bool has_failed = died > 0 || t->failed > 0;
    if (o->is_found_wanted)
        printf(has_failed ? "found\n" : "the planted bug was not found\n");
    return has_failed != o->is_found_wanted ? 1 : 0;
}

/* -- the command line ------------------------------------------------------------------------------------- */

static uint64_t number(const char *text)
{
    char *end = NULL;
    const uint64_t n = strtoull(text, &end, 10);

    if (*text == '\0' || *end != '\0') {
        fprintf(stderr, "simulator: \"%s\" is no number\n", text);
        exit(2);
    }
    return n;
}

static const struct option long_options[] = {{"seeds", required_argument, NULL, 'n'},
                                             {"from", required_argument, NULL, 'f'},
                                             {"steps", required_argument, NULL, 's'},
                                             {"jobs", required_argument, NULL, 'j'},
                                             {"forever", no_argument, NULL, 'F'},
                                             {"print", no_argument, NULL, 'p'},
                                             {"shrink", no_argument, NULL, 'S'},
                                             {"planted", no_argument, NULL, 'P'},
                                             {"verify-each", required_argument, NULL, 'v'},
                                             {"sign-each", required_argument, NULL, 'g'},
                                             {"keep", required_argument, NULL, 'k'},
                                             {NULL, 0, NULL, 0}};

static void read_options(struct options *o, int argc, char **argv)
{
    for (int c; (c = getopt_long(argc, argv, "", long_options, NULL)) != -1;) {
        switch (c) {
        case 'n': o->seeds = number(optarg); break;
        case 'f': o->first = number(optarg); break;
        case 's': o->steps = number(optarg); break;
        case 'j': o->jobs = (unsigned)number(optarg); break;
        case 'v': o->verify_each = number(optarg); break;
        case 'g': o->sign_each = number(optarg); break;
        case 'F': o->is_forever = true; break;
        case 'p': o->prints = true; break;
        case 'S': o->shrinks = true; break;
        case 'P': o->is_found_wanted = true; break;
        case 'k': o->keep = optarg; break;
        default: exit(2);
        }
    }
    if (o->jobs == 0 || o->jobs > 64 || o->steps == 0) {
        fprintf(stderr, "simulator: 1 to 64 jobs, and one step at least\n");
        exit(2);
    }
}

int main(int argc, char **argv)
{
    struct options o = {
        .first = 1, .seeds = 100, .steps = 1000, .jobs = 1, .verify_each = 16, .sign_each = 64};
    int wrong = 0;

    read_options(&o, argc, argv);
    make_root();
    for (int i = optind; i < argc; i++)
        wrong += live_script(&o, argv[i]) ? 0 : 1;
    if (optind == argc)
        wrong = live_seeds(&o);
    if (rmdir(root) != 0)
        fprintf(stderr, "simulator: %s is not empty\n", root);
    return wrong ? 1 : 0;
}
