/* What lies between two states of the journal of story.h. */
#include "reports/state_diff.h"

#include "story.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

struct bench {
    struct story story;
    struct journal_reader *reader;
    struct state_view before;
    struct state_view after;
    struct state_diff diff;
};

static void see(struct bench *b, uint64_t seq, enum state_section section, struct state_view *v)
{
    struct book book;

    SCRATCH_OK(book_init(&book, err));
    SCRATCH_OK(book_load(&book, b->reader, seq, NULL, NULL, err));
    SCRATCH_OK(state_view_make(v, &book, section, NULL, err));
    book_release(&book); /* the view stays */
}

static void compare(struct bench *b, enum state_section section, uint64_t before, uint64_t after)
{
    state_diff_release(&b->diff);
    state_view_release(&b->before);
    state_view_release(&b->after);
    see(b, before, section, &b->before);
    see(b, after, section, &b->after);
    SCRATCH_OK(state_diff_make(&b->diff, &b->before, &b->after, err));
}

static void bench_init(struct bench *b)
{
    memset(b, 0, sizeof *b);
    story_init(&b->story);
    SCRATCH_OK(journal_reader_begin(b->story.journal, &b->reader, err));
}

static void bench_release(struct bench *b)
{
    state_diff_release(&b->diff);
    state_view_release(&b->before);
    state_view_release(&b->after);
    journal_reader_end(b->reader);
    story_release(&b->story);
}

static void assert_change(const struct bench *b, size_t i, const char *row, const char *text)
{
    const struct state_change *const c = &b->diff.changes[i];
    struct words w;

    assert_true(i < b->diff.count);
    assert_string_equal((c->after ? c->after : c->before)->cells[0].text, row);
    words_init(&w);
    state_change_words(&b->diff, c, &w);
    assert_string_equal(words_get(&w), text);
    words_release(&w);
}

static void test_a_state_does_not_differ_from_itself(void **state)
{
    struct bench b;

    (void)state;
    bench_init(&b);
    for (enum state_section s = STATE_SUMMARY; s < STATE_SECTIONS; s++) {
        if (s == STATE_CHAIN)
            continue;
        compare(&b, s, b.story.day_last, b.story.day_last);
        assert_int_equal(b.diff.count, 0);
    }
    bench_release(&b);
}

static void test_rows_come_change_and_go(void **state)
{
    struct bench b;

    (void)state;
    bench_init(&b);
    const struct story *const s = &b.story;
    compare(&b, STATE_ACCOUNTS, s->order, s->fill_1);
    assert_int_equal(b.diff.count, 3);
    assert_change(&b, 0, "assets:cash", "1000000.00 -> 1000078.64");
    assert_null(b.diff.changes[1].before);
    assert_change(&b, 1, "positions", "-80.00");
    assert_change(&b, 2, "expenses:fees", "0.00 -> 1.36");
    compare(&b, STATE_ACCOUNTS, s->fill_1, s->order);
    assert_change(&b, 2, "positions", "-80.00");
    assert_null(b.diff.changes[2].after);
    bench_release(&b);
}

static void test_settings_are_compared_line_by_line(void **state)
{
    struct bench b;

    (void)state;
    bench_init(&b);
    compare(&b, STATE_SETTINGS, b.story.configured, b.story.configured_again);
    assert_int_equal(b.diff.count, 1);
    assert_change(&b, 0, "strategy.exit_days", "3 -> 4");
    bench_release(&b);
}

static void test_a_change_names_the_entries_of_both_sides(void **state)
{
    struct bench b;
    struct json_out out;
    char expected[256];

    (void)state;
    bench_init(&b);
    compare(&b, STATE_ACCOUNTS, b.story.deposit, b.story.fill_1);
    json_out_init(&out);
    state_change_json(&b.diff, &b.diff.changes[0], &out);
    snprintf(expected, sizeof expected,
             "{\"section\":\"accounts\",\"row\":[\"assets:cash\",\"\"],\"change\":\"changed\",\"columns\":{"
             "\"balance\":{\"before\":\"1000000\",\"before_from\":[%llu],\"after\":\"1000078.64\","
             "\"after_from\":[%llu]}}}",
             (unsigned long long)b.story.deposit, (unsigned long long)b.story.fill_1);
    assert_int_equal(out.size, strlen(expected));
    assert_memory_equal(out.bytes, expected, out.size);
    json_out_release(&out);
    bench_release(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_state_does_not_differ_from_itself),
        cmocka_unit_test(test_rows_come_change_and_go),
        cmocka_unit_test(test_settings_are_compared_line_by_line),
        cmocka_unit_test(test_a_change_names_the_entries_of_both_sides),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
