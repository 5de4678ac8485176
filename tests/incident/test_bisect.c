/* The first entry after which a predicate holds, against asking after each entry by itself. */
#include "incident/bisect.h"

#include "reports/story.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

struct bench {
    struct story story;
    struct journal_reader *reader;
    struct book book;
    struct bisect found;
    struct entry entry;
    struct err why;
};

static void bench_init(struct bench *b)
{
    memset(b, 0, sizeof *b);
    story_init(&b->story);
    SCRATCH_OK(journal_reader_begin(b->story.journal, &b->reader, err));
}

static void bench_release(struct bench *b)
{
    book_release(&b->book);
    journal_reader_end(b->reader);
    story_release(&b->story);
}

static enum err_code run(struct bench *b, const char *when, uint64_t good, uint64_t bad)
{
    struct predicate p;

    SCRATCH_OK(predicate_parse(&p, when, strlen(when), err));
    book_release(&b->book);
    SCRATCH_OK(book_init(&b->book, err));
    return bisect_run(&b->found, &p, good, bad, b->reader, &b->book, &b->entry, NULL, NULL, &b->why);
}

static bool holds_after(struct bench *b, const char *when, uint64_t seq)
{
    struct predicate p;
    struct book book;
    bool holds = false;

    SCRATCH_OK(predicate_parse(&p, when, strlen(when), err));
    SCRATCH_OK(book_init(&book, err));
    SCRATCH_OK(book_load(&book, b->reader, seq, NULL, NULL, err));
    SCRATCH_OK(predicate_holds(&p, &book, &holds, err));
    book_release(&book);
    return holds;
}

static void test_the_entry_is_found_with_the_state_before_it(void **state)
{
    struct bench b;
    int64_t before = 0;

    (void)state;
    bench_init(&b);
    assert_int_equal(run(&b, "position(GOOG) < -2", 1, b.story.day_last), ERR_OK);
    assert_int_equal(b.found.seq, b.story.fill_2);
    assert_int_equal(b.entry.seq, b.story.fill_2);
    assert_int_equal(b.entry.kind, ENTRY_FILL_EXECUTION);
    assert_int_equal(book_seq(&b.book), b.story.fill_2 - 1);
    const struct predicate_leaf leaf = {.quantity = 0, .symbol = entries_symbol("GOOG")};
    SCRATCH_OK(predicate_value(&leaf, &b.book, &before, err));
    assert_int_equal(before, -2);
    bench_release(&b);
}

static void test_a_predicate_that_comes_and_goes_is_found_where_it_first_came(void **state)
{
    struct bench b;

    (void)state;
    bench_init(&b);
    /* The stop was over again at the end: halving would have seen nothing. */
    assert_int_equal(run(&b, "stopped", 1, b.story.day_last), ERR_OK);
    assert_int_equal(b.found.seq, b.story.stop);
    assert_false(holds_after(&b, "stopped", b.story.day_last));
    assert_int_equal(run(&b, "open_orders > 0", 1, b.story.day_last), ERR_OK);
    assert_int_equal(b.found.seq, b.story.order);
    assert_int_equal(run(&b, "open_orders > 0", b.story.fill_2, b.story.day_last), ERR_OK);
    assert_true(b.found.seq > b.story.refused && b.found.seq < b.story.stop);
    bench_release(&b);
}

static void test_every_span_gives_what_asking_each_entry_gives(void **state)
{
    static const char *const whens[] = {"stopped", "open_orders > 0", "cash > 1000100",
                                        "position(GOOG) = -2"};
    struct bench b;

    (void)state;
    bench_init(&b);
    for (size_t i = 0; i < sizeof whens / sizeof whens[0]; i++) {
        for (uint64_t good = 1; good < b.story.day_last; good += 3) {
            uint64_t first = good;
            if (holds_after(&b, whens[i], good)) {
                assert_int_equal(run(&b, whens[i], good, b.story.day_last), ERR_INPUT);
                continue;
            }
            while (++first <= b.story.day_last && !holds_after(&b, whens[i], first))
                continue;
            assert_int_equal(run(&b, whens[i], good, b.story.day_last), ERR_OK);
            assert_int_equal(b.found.seq, first <= b.story.day_last ? first : 0);
        }
    }
    bench_release(&b);
}

static void test_spans_that_are_none_are_refused(void **state)
{
    struct bench b;

    (void)state;
    bench_init(&b);
    assert_int_equal(run(&b, "stopped", 5, 5), ERR_INPUT);
    assert_non_null(strstr(b.why.text, "not before bad"));
    assert_int_equal(run(&b, "stopped", 1, 100000), ERR_NOT_FOUND);
    assert_int_equal(run(&b, "not stopped", 3, 9), ERR_INPUT);
    assert_non_null(strstr(b.why.text, "it holds after entry 3 already"));
    assert_int_equal(run(&b, "position(AAPL) > 0", 1, b.story.day_last), ERR_OK);
    assert_int_equal(b.found.seq, 0);
    assert_int_equal(book_seq(&b.book), b.story.day_last);
    bench_release(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_entry_is_found_with_the_state_before_it),
        cmocka_unit_test(test_a_predicate_that_comes_and_goes_is_found_where_it_first_came),
        cmocka_unit_test(test_every_span_gives_what_asking_each_entry_gives),
        cmocka_unit_test(test_spans_that_are_none_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
