#include "ledger/err.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static void test_a_sentence_grows_from_where_to_what(void **state)
{
    struct err err = {0};

    (void)state;
    assert_int_equal(err_set(&err, ERR_RANGE, "fill of order %d overflows", 42), ERR_RANGE);
    assert_int_equal(err_wrap(&err, "entry %d", 4711), ERR_RANGE);
    assert_int_equal(err_wrap(&err, "replay"), ERR_RANGE);
    assert_string_equal(err.text, "replay: entry 4711: fill of order 42 overflows");
    assert_int_equal(err.code, ERR_RANGE);
}

static void test_a_caller_without_err_still_gets_the_code(void **state)
{
    (void)state;
    assert_int_equal(err_set(NULL, ERR_KEY, "lost"), ERR_KEY);
    assert_int_equal(err_wrap(NULL, "somewhere"), ERR_INPUT);
}

static void test_a_sentence_past_the_limit_is_cut(void **state)
{
    struct err err = {0};
    char text[2 * ERR_TEXT_SIZE];

    (void)state;
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    err_set(&err, ERR_INPUT, "%s", text);
    assert_int_equal(strlen(err.text), ERR_TEXT_SIZE - 1);
    assert_int_equal(err_wrap(&err, "here"), ERR_INPUT);
    assert_int_equal(strlen(err.text), ERR_TEXT_SIZE - 1);
    assert_memory_equal(err.text, "here: xx", 8);
}

static void test_each_code_has_its_own_name(void **state)
{
    (void)state;
    for (int i = ERR_OK; i <= ERR_HALTED; i++) {
        assert_string_not_equal(err_code_name((enum err_code)i), "unknown");
        for (int j = ERR_OK; j < i; j++)
            assert_string_not_equal(err_code_name((enum err_code)i), err_code_name((enum err_code)j));
    }
    assert_string_equal(err_code_name((enum err_code)99), "unknown");
}

/* Runs `broken` in a child, silenced; the signal that ended it. */
static int signal_of(void (*broken)(void))
{
    int status = 0;
    const pid_t child = fork();

    if (child == 0) {
        const struct rlimit none = {0, 0};
        setrlimit(RLIMIT_CORE, &none);
        signal(SIGABRT, SIG_DFL);
        close(STDERR_FILENO);
        broken();
        _exit(0);
    }
    assert_true(child > 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static void wrap_no_error(void)
{
    struct err err = {0};
    err_wrap(&err, "nothing went wrong here");
}

static void keep_promise(void)
{
    REQUIRE(1 + 1 == 2);
}

static void test_a_broken_promise_stops_the_program(void **state)
{
    (void)state;
    assert_int_equal(signal_of(wrap_no_error), SIGABRT);
    assert_int_equal(signal_of(keep_promise), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_sentence_grows_from_where_to_what),
        cmocka_unit_test(test_a_caller_without_err_still_gets_the_code),
        cmocka_unit_test(test_a_sentence_past_the_limit_is_cut),
        cmocka_unit_test(test_each_code_has_its_own_name),
        cmocka_unit_test(test_a_broken_promise_stops_the_program),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
