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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_check_that_faults_is_a_finding),
        cmocka_unit_test(test_too_many_findings_are_no_fault),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
