/* Lines of others join a stored seal: its text and its own line stay, to the byte, and so does all else. */
#include "support/journals.h"
#include "support/trees.h"

#define LINE_A "\xe2\x80\x94 a.example AAAAAgI=\n"
#define LINE_B "\xe2\x80\x94 b.example AAAAAgI=\n"

static struct scratch scratch;

static void seal_of(struct journal *j, uint64_t size, struct seal *seal)
{
    struct journal_reader *r = NULL;

    SCRATCH_OK(journal_reader_begin(j, &r, err));
    SCRATCH_OK(journal_reader_seal(r, size, seal, err));
    journal_reader_end(r);
}

static void test_lines_join_the_seal_and_nothing_else_changes(void **state)
{
    static struct seal before[3];
    static struct seal now;
    static struct seal told;
    static struct hash leaves[TREES_LEAVES_MAX];
    static const uint64_t sizes[3] = {1, 4, 7};
    struct journal_reader *r = NULL;

    (void)state;
    scratch_init(&scratch);
    struct journal *j = scratch_create(&scratch);
    scratch_append(j, 3);
    scratch_append(j, 3);
    for (size_t i = 0; i < 3; i++)
        seal_of(j, sizes[i], &before[i]);
    journal_close(j);
    j = scratch_open_locked(&scratch); /* no passphrase is needed */
    SCRATCH_OK(journal_add_cosignatures(j, 4, LINE_A, strlen(LINE_A), &told, err));
    SCRATCH_OK(journal_add_cosignatures(j, 4, LINE_A LINE_B, strlen(LINE_A LINE_B), NULL, err));
    SCRATCH_OK(journal_add_cosignatures(j, 7, LINE_B, strlen(LINE_B), NULL, err));
    seal_of(j, 4, &now);
    assert_int_equal(now.note_size, before[1].note_size + strlen(LINE_A LINE_B));
    assert_memory_equal(now.note, before[1].note, before[1].note_size);
    assert_string_equal(now.note + before[1].note_size, LINE_A LINE_B);
    assert_string_equal(told.note + before[1].note_size, LINE_A);
    assert_true(hash_equal(&now.root, &before[1].root));
    seal_of(j, 1, &now);
    assert_string_equal(now.note, before[0].note);
    journal_close(j);
    j = scratch_open(&scratch);
    scratch_append(j, 3); /* it goes on as ever */
    SCRATCH_OK(journal_reader_begin(j, &r, err));
    trees_leaves(r, leaves);
    assert_int_equal(trees_check_seals(j, r, leaves), 4);
    journal_reader_end(r);
    journal_close(j);
    scratch_release(&scratch);
}

static void test_what_is_refused_leaves_the_seal_as_it_was(void **state)
{
    static struct seal before;
    static struct seal now;
    static char many[NOTE_MAX_SIZE];
    size_t size = 0;
    struct err err;

    (void)state;
    scratch_init(&scratch);
    struct journal *j = scratch_create(&scratch);
    scratch_append(j, 3);
    seal_of(j, 4, &before);
    assert_int_equal(journal_add_cosignatures(j, 3, LINE_A, strlen(LINE_A), NULL, &err), ERR_NOT_FOUND);
    assert_int_equal(journal_add_cosignatures(j, 5, LINE_A, strlen(LINE_A), NULL, &err), ERR_NOT_FOUND);
    assert_int_equal(journal_add_cosignatures(j, 4, "\n" LINE_A, strlen(LINE_A) + 1, NULL, &err), ERR_FORMAT);
    assert_int_equal(journal_add_cosignatures(j, 4, "", 0, NULL, &err), ERR_FORMAT);
    for (int i = 0; i < NOTE_SIGNATURES_MAX; i++)
        size += (size_t)snprintf(many + size, sizeof many - size, "\xe2\x80\x94 w%d AAAAAgI=\n", i);
    assert_int_equal(journal_add_cosignatures(j, 4, many, size, NULL, &err), ERR_RANGE);
    seal_of(j, 4, &now);
    assert_string_equal(now.note, before.note);
    journal_close(j);
    scratch.options.read_only = true;
    j = scratch_open_locked(&scratch);
    assert_int_equal(journal_add_cosignatures(j, 4, LINE_A, strlen(LINE_A), NULL, &err), ERR_IO);
    journal_close(j);
    scratch_release(&scratch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines_join_the_seal_and_nothing_else_changes),
        cmocka_unit_test(test_what_is_refused_leaves_the_seal_as_it_was),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
