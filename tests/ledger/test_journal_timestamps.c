/* Timestamps beside seals: kept in order, found again, never lost by what is written later, never in two places. */
#include "support/journals.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/wait.h>

#include <cmocka.h>

struct expected {
    uint64_t size;
    uint32_t number;
    const char *token;
};

static void assert_timestamps(struct journal *j, const struct expected *rows, size_t count)
{
    struct journal_reader *r = NULL;
    struct journal_timestamp t = {.size = 0};
    bool found = true;

    SCRATCH_OK(journal_reader_begin(j, &r, err));
    for (size_t i = 0; i <= count; i++) {
        SCRATCH_OK(journal_reader_timestamp(r, t.size, i ? t.number + 1 : 0, &t, &found, err));
        assert_int_equal(found, i < count);
        if (!found)
            break;
        assert_int_equal(t.size, rows[i].size);
        assert_int_equal(t.number, rows[i].number);
        assert_int_equal(t.token_size, strlen(rows[i].token));
        assert_memory_equal(t.token, rows[i].token, t.token_size);
    }
    journal_reader_end(r);
}

static uint32_t add(struct journal *j, uint64_t size, const char *token)
{
    uint32_t number = 99;

    SCRATCH_OK(journal_add_timestamp(j, size, token, strlen(token), &number, err));
    return number;
}

static void test_they_are_numbered_by_their_seal(void **state)
{
    static const struct expected ROWS[] = {
        {1, 0, "first"}, {1, 1, "second"}, {4, 0, "first"}, {7, 0, "third"}};
    struct scratch s;

    (void)state;
    scratch_init(&s);
    struct journal *j = scratch_create(&s);
    assert_timestamps(j, NULL, 0);
    scratch_append(j, 3);
    scratch_append(j, 3);
    assert_int_equal(add(j, 1, "first"), 0);
    assert_int_equal(add(j, 7, "third"), 0);
    assert_int_equal(add(j, 1, "second"), 1);
    assert_int_equal(add(j, 4, "first"), 0);
    assert_int_equal(add(j, 1, "second"), 1); /* there already */
    assert_int_equal(add(j, 1, "first"), 0);
    assert_timestamps(j, ROWS, 4);
    scratch_append(j, 3);
    journal_close(j);
    j = scratch_open_locked(&s); /* no passphrase is needed */
    assert_timestamps(j, ROWS, 4);
    journal_close(j);
    scratch_release(&s);
}

static void test_a_seal_that_is_not_there_gets_none(void **state)
{
    struct scratch s;
    struct err err;
    uint32_t number = 99;

    (void)state;
    scratch_init(&s);
    struct journal *j = scratch_create(&s);
    scratch_append(j, 3);
    const uint64_t sizes[] = {0, 2, 3, 5};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        assert_int_equal(journal_add_timestamp(j, sizes[i], "x", 1, &number, &err), ERR_NOT_FOUND);
        assert_non_null(strstr(err.text, "has no seal of size"));
    }
    assert_int_equal(number, 99);
    assert_timestamps(j, NULL, 0);
    journal_close(j);
    s.options.read_only = true;
    j = scratch_open_locked(&s);
    assert_int_equal(journal_add_timestamp(j, 4, "x", 1, &number, &err), ERR_IO);
    assert_non_null(strstr(err.text, "for reading only"));
    journal_close(j);
    scratch_release(&s);
}

/* The writer that had the journal open before there were any finds those of another program. */
static void test_two_programs_number_them_together(void **state)
{
    static const struct expected ROWS[] = {{1, 0, "theirs"}, {1, 1, "ours"}};
    struct scratch s;
    int status = 0;

    (void)state;
    scratch_init(&s);
    struct journal *const j = scratch_create(&s);
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct journal *const other = scratch_open_locked(&s);
        const bool is_first = add(other, 1, "theirs") == 0;
        journal_close(other);
        _exit(is_first ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_int_equal(add(j, 1, "ours"), 1);
    assert_timestamps(j, ROWS, 2);
    journal_close(j);
    scratch_release(&s);
}

/* The map begins small; a reader that began before stands in no one's way. */
static void test_they_make_the_map_grow(void **state)
{
    static uint8_t token[JOURNAL_TIMESTAMP_MAX];
    struct scratch s;
    uint32_t number = 0;

    (void)state;
    scratch_init(&s);
    s.options.map_size = 1;
    struct journal *const j = scratch_create(&s);
    for (unsigned i = 0; i < 40; i++) {
        token[0] = (uint8_t)i;
        SCRATCH_OK(journal_add_timestamp(j, 1, token, sizeof token, &number, err));
        assert_int_equal(number, i);
    }
    struct journal_reader *r = NULL;
    struct journal_timestamp t;
    bool found = false;
    SCRATCH_OK(journal_reader_begin(j, &r, err));
    SCRATCH_OK(journal_reader_timestamp(r, 1, 39, &t, &found, err));
    assert_true(found && t.token_size == sizeof token && t.token[0] == 39);
    journal_reader_end(r);
    journal_close(j);
    scratch_release(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_they_are_numbered_by_their_seal),
        cmocka_unit_test(test_a_seal_that_is_not_there_gets_none),
        cmocka_unit_test(test_two_programs_number_them_together),
        cmocka_unit_test(test_they_make_the_map_grow),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
