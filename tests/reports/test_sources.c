/* The list of entries that a number is from, against a plain set. */
#include "reports/sources.h"

#include "support/entries.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void assert_list(const struct sources *s, const char *text)
{
    struct words w;

    words_init(&w);
    sources_list(&w, s);
    assert_string_equal(words_get(&w), text);
    words_release(&w);
}

static void test_what_follows_on_each_other_is_one_run(void **state)
{
    struct sources s = {.count = 0};

    (void)state;
    assert_list(&s, "");
    sources_add(&s, 0);
    assert_list(&s, "");
    sources_add(&s, 12);
    sources_add(&s, 40);
    sources_add(&s, 11);
    assert_list(&s, "11, 12, 40");
    sources_add(&s, 14);
    sources_add(&s, 12);
    assert_list(&s, "11, 12, 14, 40");
    sources_add(&s, 13); /* closes the gap */
    assert_list(&s, "11-14, 40");
    sources_add(&s, 1);
    assert_list(&s, "1, 11-14, 40");
    assert_true(sources_hold(&s, 13));
    assert_false(sources_hold(&s, 15));
}

static void test_any_order_gives_the_same_list(void **state)
{
    (void)state;
    for (unsigned round = 0; round < 200; round++) {
        struct sources s = {.count = 0};
        bool in[33] = {false};
        unsigned x = round * 2654435761u + 1;
        for (unsigned n = 0; n < 24; n++) {
            x = x * 1103515245u + 12345u;
            const unsigned seq = 1 + (x >> 16) % 32;
            in[seq] = true;
            sources_add(&s, seq);
        }
        for (unsigned i = 0; i + 1 < s.count; i++)
            assert_true(s.runs[i].last + 1 < s.runs[i + 1].first);
        for (unsigned seq = 1; seq <= 32; seq++)
            assert_int_equal(sources_hold(&s, seq), in[seq]);
    }
}

static void test_a_list_that_is_cut_says_so(void **state)
{
    struct sources s = {.count = 0};
    struct words w;

    (void)state;
    for (uint64_t seq = 1; seq <= SOURCES_RUNS; seq++)
        sources_add(&s, 2 * seq);
    assert_false(s.is_cut);
    sources_add(&s, 1001);
    assert_true(s.is_cut);
    words_init(&w);
    sources_say(&w, &s);
    assert_non_null(strstr(words_get(&w), " and more"));
    words_release(&w);
}

static void test_what_no_entry_says_has_words_in_its_place(void **state)
{
    struct sources s = {.count = 0};
    struct words w;

    (void)state;
    words_init(&w);
    sources_say(&w, &s);
    assert_string_equal(words_get(&w), "not named by the state");
    words_clear(&w);
    s.note = "no stop is in force";
    sources_say(&w, &s);
    assert_string_equal(words_get(&w), "no stop is in force");
    words_clear(&w);
    s.note = "risk.daily_loss";
    sources_add(&s, 4);
    sources_say(&w, &s);
    assert_string_equal(words_get(&w), "risk.daily_loss of entry 4");
    words_release(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_follows_on_each_other_is_one_run),
        cmocka_unit_test(test_any_order_gives_the_same_list),
        cmocka_unit_test(test_a_list_that_is_cut_says_so),
        cmocka_unit_test(test_what_no_entry_says_has_words_in_its_place),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
