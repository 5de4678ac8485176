/* A span folded once: what is counted, where entries stand in time, what the account was. */
#include "incident/timeline.h"

#include "reports/story.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

struct bench {
    struct story story;
    struct journal_reader *reader;
    struct timeline t;
};

static void bench_init(struct bench *b, uint64_t before, uint64_t to, const struct symbol *only)
{
    memset(b, 0, sizeof *b);
    story_init(&b->story);
    SCRATCH_OK(journal_reader_begin(b->story.journal, &b->reader, err));
    SCRATCH_OK(timeline_init(&b->t, only, err));
    SCRATCH_OK(timeline_begin(&b->t, b->reader, before, NULL, NULL, err));
    SCRATCH_OK(timeline_take_all(&b->t, b->reader, to ? to : b->story.day_last, NULL, NULL, err));
    SCRATCH_OK(timeline_end(&b->t, err));
}

static void bench_release(struct bench *b)
{
    timeline_release(&b->t);
    journal_reader_end(b->reader);
    story_release(&b->story);
}

static const struct timeline_entry *row(const struct bench *b, uint64_t seq)
{
    for (size_t i = 0; i < b->t.count; i++) {
        if (b->t.entries[i].seq == seq)
            return &b->t.entries[i];
    }
    fail_msg("entry %llu is not in the timeline", (unsigned long long)seq);
    return NULL;
}

static void test_the_day_is_counted(void **state)
{
    struct bench b;

    (void)state;
    bench_init(&b, 0, 0, NULL);
    assert_int_equal(b.t.tally.enters, 2);
    assert_int_equal(b.t.tally.allowed, 1);
    assert_int_equal(b.t.tally.refused, 1);
    assert_int_equal(b.t.tally.limit_count, 1);
    assert_int_equal(b.t.tally.orders, 2);
    assert_int_equal(b.t.tally.executions, 2);
    assert_int_equal(b.t.tally.sold, 3);
    assert_int_equal(b.t.tally.stops, 1);
    assert_int_equal(b.t.tally.resumes, 1);
    assert_int_equal(b.t.count, b.story.day_last);
    assert_true(row(&b, b.story.refused)->is_refusal);
    assert_false(row(&b, b.story.verdict)->is_refusal);
    bench_release(&b);
}

static void test_entries_stand_where_the_market_clock_was(void **state)
{
    struct bench b;

    (void)state;
    bench_init(&b, 0, 0, NULL);
    assert_true(row(&b, b.story.configured)->at_ns == entries_instant("2015-12-24T14:31:00Z"));
    assert_true(row(&b, b.story.stock_quote)->at_ns == entries_instant("2015-12-24T14:30:30Z"));
    assert_true(row(&b, b.story.stop)->at_ns == entries_instant("2015-12-24T14:40:00Z"));
    assert_true(b.t.from_ns == entries_instant("2015-12-24T14:31:00Z"));
    assert_true(b.t.to_ns == entries_instant("2015-12-24T18:00:00Z"));
    bench_release(&b);
}

static void test_a_decision_names_what_it_saw(void **state)
{
    struct bench b;

    (void)state;
    bench_init(&b, 0, 0, NULL);
    assert_int_equal(row(&b, b.story.enter)->price_seq, b.story.stock_quote);
    assert_true(row(&b, b.story.enter)->quote_seq != 0);
    bench_release(&b);
}

static void test_a_part_is_what_it_is_in_the_whole(void **state)
{
    struct bench whole;
    struct bench part;

    (void)state;
    bench_init(&whole, 0, 0, NULL);
    bench_init(&part, whole.story.tick - 1, 0, NULL);
    const struct timeline_sample *const a = &whole.t.samples[whole.t.sample_count - 1];
    const struct timeline_sample *const b = &part.t.samples[part.t.sample_count - 1];
    assert_int_equal(a->equity_micro, b->equity_micro);
    assert_int_equal(a->margin_micro, b->margin_micro);
    assert_int_equal(a->profit_micro, b->profit_micro);
    assert_int_equal(b->contracts, 3);
    assert_int_equal(part.t.from, whole.story.tick);
    bench_release(&part);
    bench_release(&whole);
}

static void test_one_underlying_is_what_is_told_of(void **state)
{
    const struct symbol other = entries_symbol("SPX");
    struct bench b;

    (void)state;
    bench_init(&b, 0, 0, &other);
    for (size_t i = 0; i < b.t.count; i++)
        assert_int_equal(b.t.entries[i].instrument, 0);
    assert_null(timeline_main(&b.t));
    assert_int_equal(b.t.tally.entries, b.story.day_last);
    bench_release(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_day_is_counted),
        cmocka_unit_test(test_entries_stand_where_the_market_clock_was),
        cmocka_unit_test(test_a_decision_names_what_it_saw),
        cmocka_unit_test(test_a_part_is_what_it_is_in_the_whole),
        cmocka_unit_test(test_one_underlying_is_what_is_told_of),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
