#include "reports/day_scope.h"

#include "story.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void test_scope_is_the_smallest_seal_over_the_day(void **state)
{
    struct journal_reader *r = NULL;
    struct err why = {.code = ERR_OK};
    struct day_scope scope;
    struct story s;

    (void)state;
    story_init(&s);
    story_next_day(&s);
    SCRATCH_OK(journal_reader_begin(s.journal, &r, err));
    SCRATCH_OK(day_scope_find(r, entries_day("2015-12-24"), &scope, err));
    assert_int_equal(scope.first_seq, 1); /* genesis was recorded on that day */
    assert_int_equal(scope.last_seq, s.day_last);
    assert_int_equal(scope.seal.size, s.day_last);
    assert_true(scope.entries < scope.seal.size + 1);
    SCRATCH_OK(day_scope_find(r, CIVIL_DAY_NONE, &scope, err)); /* the newest session */
    assert_int_equal(scope.day, entries_day("2015-12-28"));
    assert_int_equal(scope.seal.size, s.seal.size);
    assert_int_equal(scope.state_seq, scope.last_seq);
    struct seal then = {.size = s.day_last};
    SCRATCH_OK(day_scope_find_at(r, entries_day("2015-12-24"), &then, &scope, err));
    assert_int_equal(scope.seal.size, s.day_last);
    assert_int_equal(scope.last_seq, s.day_last);
    then.size = journal_reader_size(r) + 1;
    assert_int_equal(day_scope_find_at(r, entries_day("2015-12-24"), &then, &scope, &why), ERR_NOT_FOUND);
    assert_int_equal(day_scope_find(r, entries_day("2015-12-25"), &scope, &why), ERR_NOT_FOUND);
    assert_string_equal(why.text,
                        "no entry belongs to 2015-12-25; there are 2 days, all of them: 2015-12-24, "
                        "2015-12-28");
    assert_int_equal(scope.day, entries_day("2015-12-24")); /* untouched */
    journal_reader_end(r);
    story_release(&s);
}

static void test_scope_names_the_days_around_one_that_is_not_there(void **state)
{
    struct journal_reader *r = NULL;
    struct err why = {.code = ERR_OK};
    struct day_scope scope;
    struct story s;
    char at[40];

    (void)state;
    story_begin(&s);
    for (int i = 1; i <= 30; i++) {
        snprintf(at, sizeof at, "2015-11-%02dT20:00:00Z", i);
        if (i != 20)
            story_add(&s, STORY_FEED, entries_mark("SPX", "2000", MARK_CLOSE), at, 0);
    }
    story_commit(&s);
    SCRATCH_OK(journal_reader_begin(s.journal, &r, err));
    assert_int_equal(day_scope_find(r, entries_day("2015-11-20"), &scope, &why), ERR_NOT_FOUND);
    assert_string_equal(
        why.text, "no entry belongs to 2015-11-20; there are 30 days, the nearest: 2015-11-14, 2015-11-15, "
                  "2015-11-16, 2015-11-17, 2015-11-18, 2015-11-19, 2015-11-21, 2015-11-22, 2015-11-23, "
                  "2015-11-24, 2015-11-25, 2015-11-26");
    journal_reader_end(r);
    story_release(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_scope_is_the_smallest_seal_over_the_day),
        cmocka_unit_test(test_scope_names_the_days_around_one_that_is_not_there),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
