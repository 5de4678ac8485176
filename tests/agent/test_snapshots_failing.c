/* Each allocation on the ways into a snapshot and out of it fails once: words, and nothing half done. */
#include "book/snapshot.h"
#include "support/failing.h"
#include "support/session.h"

#define ALLOCATIONS_MAX 20000

static uint64_t size_of(struct session *s)
{
    struct journal_reader *r = NULL;

    SCRATCH_OK(journal_reader_begin(s->journal, &r, err));
    const uint64_t size = journal_reader_size(r);
    journal_reader_end(r);
    return size;
}

static void test_writing_one(void **state)
{
    struct session s;
    struct err err;
    int failed = 0;

    (void)state;
    session_start(&s);
    session_run(&s, "2026-01-05T14:31:30Z");
    const uint64_t size = size_of(&s);
    const struct hash before = book_digest(&s.desk->book);
    for (int n = 0;; n++) {
        REQUIRE(n < ALLOCATIONS_MAX);
        err.text[0] = '\0';
        failing_at(n);
        const enum err_code rc = snapshot_write(s.journal, &s.desk->book, NULL, &err);
        if (!failing_happened()) {
            assert_int_equal(rc, ERR_OK);
            break;
        }
        failed++;
        assert_int_equal(rc, ERR_MEMORY);
        assert_true(err.text[0] != '\0');
        assert_int_equal(size_of(&s), size);
        const struct hash after = book_digest(&s.desk->book);
        assert_memory_equal(&before, &after, sizeof after);
    }
    assert_true(failed > 0);
    assert_int_equal(size_of(&s), size + 1);
    session_end(&s);
}

static enum err_code fold(struct journal_reader *r, struct book *b, struct err *err)
{
    const enum err_code rc = book_init(b, err);

    return rc ? rc : book_load(b, r, 0, NULL, NULL, err);
}

static void test_beginning_with_one(void **state)
{
    struct session s;
    struct journal_reader *r = NULL;
    struct err err;
    int failed = 0;

    (void)state;
    session_start(&s);
    session_run(&s, "2026-01-05T14:31:30Z");
    SCRATCH_OK(journal_reader_begin(s.journal, &r, err));
    for (int n = 0;; n++) {
        struct book b = {0};
        REQUIRE(n < ALLOCATIONS_MAX);
        failing_at(n);
        const enum err_code rc = fold(r, &b, &err);
        const bool happened = failing_happened();
        if (happened) {
            failed++;
            assert_int_equal(rc, ERR_MEMORY); /* which is not "damaged": nothing is passed over */
        } else {
            assert_int_equal(rc, ERR_OK);
            assert_int_equal(b.snapshots.begun_at + 1, book_seq(&b));
            assert_string_equal(b.snapshots.remark, "");
        }
        book_release(&b);
        if (!happened)
            break;
    }
    assert_true(failed > 10);
    journal_reader_end(r);
    session_end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_writing_one),
        cmocka_unit_test(test_beginning_with_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
