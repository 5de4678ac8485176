/*
 * What a course costs, beside folding the same journal from entry 1 in the same run: alone; with all that the command does
 * (the record's own course, the comparison, the digest); and a sweep of twenty on one core and on all. Rows are measured
 * in turn, and the median of the rounds counts.
 *
 *   bench_whatif [--rounds N] JOURNAL
 */
#include "raw.h"

#include "incident/sweep.h"
#include "ledger/clock.h"
#include "ledger/threads.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define ROUNDS_MAX 101

static void must(enum err_code rc, const struct err *err)
{
    if (rc)
        raw_die("what if", err->text);
}

static void fold(struct journal *j, struct journal_reader *r)
{
    struct book book;
    struct err err;

    (void)j;
    must(book_init(&book, &err), &err);
    book.snapshots.are_ignored = true;
    must(book_load(&book, r, 0, NULL, NULL, &err), &err);
    book_release(&book);
}

static void run_course(struct journal *j, struct journal_reader *r)
{
    const struct course_change change = {.from = 2};
    struct course *c = NULL;
    struct err err;

    (void)j;
    must(course_run(r, &change, &c, NULL, NULL, &err), &err);
    course_free(c);
}

static void compare(struct journal *j, struct journal_reader *r)
{
    const struct course_change change = {.from = 2};
    struct journal_reader *other = NULL;
    struct course *recorded = NULL;
    struct difference *d = NULL;
    struct course *c = NULL;
    struct hash digest;
    struct err err;

    must(journal_reader_begin(j, &other, &err), &err);
    must(course_run(r, &change, &c, NULL, NULL, &err), &err);
    must(course_recorded(r, 2, &recorded, NULL, NULL, &err), &err);
    must(difference_new(recorded, c, r, other, &d, &err), &err);
    must(course_digest(c, r, &digest, &err), &err);
    if (!d->is_same)
        raw_die("what if", "a course without a change is another than the record");
    difference_free(d);
    course_free(recorded);
    course_free(c);
    journal_reader_end(other);
}

static void sweep_on(struct journal *j, struct journal_reader *r, unsigned threads)
{
    struct sweep s = {.axis_count = 1};
    struct err err;

    must(sweep_axis_parse(&s.axes[0], "strategy.otm_min=0.02..0.115/0.005", &err), &err);
    must(sweep_run(&s, j, r, threads, NULL, NULL, &err), &err);
    if (s.row_count != 20)
        raw_die("what if", "these are not twenty courses");
    sweep_release(&s);
}

static void sweep_one(struct journal *j, struct journal_reader *r)
{
    sweep_on(j, r, 1);
}

static void sweep_all(struct journal *j, struct journal_reader *r)
{
    sweep_on(j, r, threads_cores());
}

static struct row {
    const char *name;
    void (*run)(struct journal *j, struct journal_reader *r);
    int64_t took_ns[ROUNDS_MAX];
} rows[] = {{.name = "fold from entry 1", .run = fold},
            {.name = "a course", .run = run_course},
            {.name = "a course, compared", .run = compare},
            {.name = "sweep of 20, one core", .run = sweep_one},
            {.name = "sweep of 20, all cores", .run = sweep_all}};
#define ROW_COUNT (sizeof rows / sizeof rows[0])

static int compare_ns(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a;
    const int64_t y = *(const int64_t *)b;

    return (x > y) - (x < y);
}

static void measure(struct journal *j, struct journal_reader *r, unsigned rounds)
{
    for (unsigned round = 0; round < rounds; round++) {
        for (size_t i = 0; i < ROW_COUNT; i++) {
            const int64_t begin_ns = clock_monotonic_ns();
            rows[i].run(j, r);
            rows[i].took_ns[round] = clock_monotonic_ns() - begin_ns;
        }
    }
    for (size_t i = 0; i < ROW_COUNT; i++)
        qsort(rows[i].took_ns, rounds, sizeof rows[i].took_ns[0], compare_ns);
}

int main(int argc, char **argv)
{
    static const struct option known[] = {{"rounds", required_argument, NULL, 'r'}, {NULL, 0, NULL, 0}};
    struct journal_reader *r = NULL;
    struct journal *j = NULL;
    unsigned long rounds = 5;
    struct err err;
    int c;

    while ((c = getopt_long(argc, argv, "", known, NULL)) != -1)
        rounds = c == 'r' ? strtoul(optarg, NULL, 10) : 0;
    if (optind != argc - 1 || rounds < 1 || rounds > ROUNDS_MAX) {
        fprintf(stderr, "usage: bench_whatif [--rounds N] JOURNAL\n");
        return 2;
    }
    const struct journal_options options = {.dir = argv[optind], .read_only = true};
    must(journal_open(&options, &j, &err), &err);
    must(journal_reader_begin(j, &r, &err), &err);
    measure(j, r, (unsigned)rounds);
    printf("%" PRIu64 " entries, %u cores; median of %lu rounds\n\n%-24s %10s %10s\n", journal_reader_size(r),
           threads_cores(), rounds, "", "ms", "of fold");
    for (size_t i = 0; i < ROW_COUNT; i++)
        printf("%-24s %10.1f %10.2f\n", rows[i].name, (double)rows[i].took_ns[rounds / 2] / 1e6,
               (double)rows[i].took_ns[rounds / 2] / (double)rows[0].took_ns[rounds / 2]);
    journal_reader_end(r);
    journal_close(j);
    return 0;
}
