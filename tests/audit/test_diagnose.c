/* Checks of a diagnosis, and what becomes of one that faults. */
#include "audit/diagnose.h"

#include "support/journals.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void look_and_fault(struct diagnosis *d)
{
    diagnose_add(d, DIAGNOSE_GOOD, "before", "it began");
    raise(SIGBUS);
}

static void look_and_abort(struct diagnosis *d)
{
    (void)d;
    abort();
}

static void look_and_exit(struct diagnosis *d)
{
    (void)d;
    _exit(3);
}

static void look_on(struct diagnosis *d)
{
    diagnose_advise(diagnose_add(d, DIAGNOSE_REMARK, NULL, "%d", 42), "type %s", "this");
}

static void test_a_check_that_faults_is_a_finding(void **state)
{
    static const struct diagnose_check checks[] = {{.name = "faults", .run = look_and_fault, .apart = true},
                                                   {.name = "aborts", .run = look_and_abort, .apart = true},
                                                   {.name = "exits", .run = look_and_exit, .apart = true},
                                                   {.name = "file", .run = look_on, .needs = DIAGNOSE_FILE},
                                                   {.name = "lives", .run = look_on}};
    const struct diagnose_options options = {.dir = "J"};
    struct diagnosis *d = NULL;

    (void)state;
    SCRATCH_OK(diagnose_new(&options, &d, err));
    diagnose_run(d, checks, sizeof checks / sizeof checks[0]);
    assert_int_equal(d->count, 5);
    assert_string_equal(d->findings[0].what, "it began");
    assert_string_equal(d->findings[1].check, "faults");
    assert_int_equal(d->findings[1].grade, DIAGNOSE_BAD);
    assert_non_null(strstr(d->findings[1].what, "Bus error"));
    assert_non_null(strstr(d->findings[2].what, "Aborted"));
    assert_string_equal(d->findings[3].check, "exits");
    assert_string_equal(d->findings[4].check, "lives");
    assert_string_equal(d->findings[4].what, "42");
    assert_string_equal(d->findings[4].todo, "type this");
    assert_int_equal(diagnose_worst(d), DIAGNOSE_BAD);
    diagnose_free(d);
}

static void add_many(struct diagnosis *d)
{
    for (int i = 0; i < 2 * DIAGNOSE_FINDINGS_MAX; i++)
        diagnose_advise(diagnose_add(d, DIAGNOSE_UNSEEN, "x", "y"), "z");
}

static void test_too_many_findings_are_no_fault(void **state)
{
    static const struct diagnose_check check = {.name = "many", .run = add_many};
    const struct diagnose_options options = {.dir = "."};
    struct diagnosis *d = NULL;

    (void)state;
    SCRATCH_OK(diagnose_new(&options, &d, err));
    assert_int_equal(diagnose_worst(d), DIAGNOSE_GOOD);
    diagnose_run(d, &check, 1);
    assert_int_equal(d->count, DIAGNOSE_FINDINGS_MAX);
    assert_int_equal(diagnose_worst(d), DIAGNOSE_UNSEEN);
    diagnose_free(d);
}

/* The newest finding of a journal of two groups, three days apart, as seen so long after its newest entry. */
static struct diagnose_finding look_later(diagnose_fn fn, int64_t later_ns)
{
    const struct diagnose_check checks[] = {
        {.name = "file", .run = diagnose_file},
        {.name = "pages", .run = diagnose_pages, .needs = DIAGNOSE_FILE},
        {.name = "journal", .run = diagnose_journal, .needs = DIAGNOSE_LMDB},
        {.name = "asked", .run = fn, .needs = DIAGNOSE_JOURNAL}};
    struct diagnosis *d = NULL;
    struct scratch s;

    scratch_init(&s);
    struct journal *const j = scratch_create(&s);
    scratch_append(j, 50);
    s.now_ns += 3 * 86400 * NS_PER_SECOND;
    scratch_append(j, 50);
    journal_close(j);
    const struct diagnose_options options = {.dir = s.dir, .now_ns = s.now_ns + later_ns};
    SCRATCH_OK(diagnose_new(&options, &d, err));
    diagnose_run(d, checks, sizeof checks / sizeof checks[0]);
    assert_true(d->facts.is_good);
    assert_int_equal(d->facts.good, 101);
    const struct diagnose_finding found = d->findings[d->count - 1];
    assert_string_equal(found.check, "asked");
    diagnose_free(d);
    scratch_release(&s);
    return found;
}

static void test_the_last_day_tells_how_long_the_disk_lasts(void **state)
{
    const struct diagnose_finding found = look_later(diagnose_growth, 0);
    unsigned long long kib = 0;

    (void)state;
    assert_true(strncmp(found.what, "it grew by ", 11) == 0);
    kib = strtoull(found.what + 11, NULL, 10);
    assert_true(kib > 5 && kib < 100); /* 50 of 101 entries, of a file of some 20 pages */
}

static void test_a_clock_before_the_newest_entry_is_bad(void **state)
{
    (void)state;
    assert_int_equal(look_later(diagnose_clock, 0).grade, DIAGNOSE_GOOD);
    /* The newest entry is at most a few looks at the clock old. */
    assert_int_equal(look_later(diagnose_clock, -JOURNAL_CLOCK_SLACK_NS).grade, DIAGNOSE_GOOD);
    assert_int_equal(look_later(diagnose_clock, -JOURNAL_CLOCK_SLACK_NS - NS_PER_SECOND).grade, DIAGNOSE_BAD);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_check_that_faults_is_a_finding),
        cmocka_unit_test(test_too_many_findings_are_no_fault),
        cmocka_unit_test(test_the_last_day_tells_how_long_the_disk_lasts),
        cmocka_unit_test(test_a_clock_before_the_newest_entry_is_bad),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
