/*
 * What deciding again costs, beside folding the same journal from entry 1 in the same run: all at once, and as whoever
 * watches a growing journal does it, a few entries at a time with a fresh reader each time. Rows are measured in turn,
 * and the median of the rounds counts.
 *
 *   bench_redecide [--rounds N] [--step N] JOURNAL
 */
#include "raw.h"

#include "book/redecide.h"
#include "ledger/clock.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define ROUNDS_MAX 101

struct subject {
    struct journal *journal;
    uint64_t size;
    uint64_t step;
    uint64_t compared; /* derived entries */
};

static void must(enum err_code rc, const struct err *err)
{
    if (rc)
        raw_die("redecide", err->text);
}

static void fold(struct subject *s)
{
    struct journal_reader *r = NULL;
    struct book book;
    struct err err;

    must(journal_reader_begin(s->journal, &r, &err), &err);
    must(book_init(&book, &err), &err);
    book.snapshots.are_ignored = true;
    must(book_load(&book, r, s->size, NULL, NULL, &err), &err);
    book_release(&book);
    journal_reader_end(r);
}

static void look_at(struct subject *s, struct redecider *d, uint64_t to)
{
    struct journal_reader *r = NULL;
    struct err err;

    must(journal_reader_begin(s->journal, &r, &err), &err);
    must(redecider_run(d, r, to, NULL, NULL, &err), &err);
    journal_reader_end(r);
    if (redecider_report(d)->differs_seq)
        raw_die("redecide", redecider_report(d)->reason);
}

static void decide_by(struct subject *s, uint64_t step)
{
    struct redecider *d = NULL;
    struct err err;

    must(redecider_new(&d, &err), &err);
    for (uint64_t to = step; to < s->size; to += step)
        look_at(s, d, to);
    look_at(s, d, s->size);
    s->compared = redecider_report(d)->compared;
    redecider_free(d);
}

static void decide(struct subject *s)
{
    decide_by(s, s->size);
}

static void follow(struct subject *s)
{
    decide_by(s, s->step);
}

static struct row {
    const char *name;
    void (*run)(struct subject *s);
    int64_t took_ns[ROUNDS_MAX];
} rows[] = {{.name = "fold from entry 1", .run = fold},
            {.name = "decide again", .run = decide},
            {.name = "decide again, followed", .run = follow}};
#define ROW_COUNT (sizeof rows / sizeof rows[0])

static int compare_ns(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a;
    const int64_t y = *(const int64_t *)b;

    return (x > y) - (x < y);
}

static void measure(struct subject *s, unsigned rounds)
{
    for (unsigned round = 0; round < rounds; round++) {
        for (size_t i = 0; i < ROW_COUNT; i++) {
            const int64_t begin_ns = clock_monotonic_ns();
            rows[i].run(s);
            rows[i].took_ns[round] = clock_monotonic_ns() - begin_ns;
        }
    }
    for (size_t i = 0; i < ROW_COUNT; i++)
        qsort(rows[i].took_ns, rounds, sizeof rows[i].took_ns[0], compare_ns);
}

static void print(const struct subject *s, unsigned rounds)
{
    const double folded = (double)rows[0].took_ns[rounds / 2];

    printf("%" PRIu64 " entries, %" PRIu64 " of them derived; median of %u rounds; followed by %" PRIu64
           " entries at a time\n\n",
           s->size, s->compared, rounds, s->step);
    printf("%-24s %10s %12s %10s\n", "", "ms", "entries/s", "of fold");
    for (size_t i = 0; i < ROW_COUNT; i++) {
        const double took = (double)rows[i].took_ns[rounds / 2];
        printf("%-24s %10.1f %12.0f %10.3f\n", rows[i].name, took / 1e6, (double)s->size * 1e9 / took,
               took / folded);
    }
}

static uint64_t number(const char *text, uint64_t most)
{
    char *end;
    const unsigned long long v = strtoull(text, &end, 10);

    if (*end || end == text || v < 1 || v > most)
        raw_die(text, "no number that fits");
    return v;
}

int main(int argc, char **argv)
{
    static const struct option known[] = {
        {"rounds", required_argument, NULL, 'r'}, {"step", required_argument, NULL, 's'}, {NULL, 0, NULL, 0}};
    struct subject s = {.step = 100};
    struct journal_reader *r = NULL;
    unsigned rounds = 11;
    struct err err;
    int c;

    while ((c = getopt_long(argc, argv, "", known, NULL)) != -1) {
        if (c == 'r')
            rounds = (unsigned)number(optarg, ROUNDS_MAX);
        else if (c == 's')
            s.step = number(optarg, INT64_MAX);
        else
            return 2;
    }
    if (optind != argc - 1) {
        fprintf(stderr, "usage: bench_redecide [--rounds N] [--step N] JOURNAL\n");
        return 2;
    }
    const struct journal_options options = {.dir = argv[optind], .read_only = true};
    must(journal_open(&options, &s.journal, &err), &err);
    must(journal_reader_begin(s.journal, &r, &err), &err);
    s.size = journal_reader_size(r);
    journal_reader_end(r);
    measure(&s, rounds);
    print(&s, rounds);
    journal_close(s.journal);
    return 0;
}
