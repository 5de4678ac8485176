/* Which snapshots are kept, against a plain list. */
#include "ledger/snapshot_rows.h"

#include "support/journals.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { MOST = 64 };

static void write_bytes(void *context, const struct digest_out *out)
{
    (void)context;
    out->add(out->context, "state", 5);
}

/* As if entry `covered` had just been written: nothing here asks for the entries themselves. */
static void keep(struct journal *j, uint64_t covered)
{
    const struct snapshot_source source = {write_bytes, NULL, covered, 5};
    struct journal_group *g = NULL;
    struct entry e = entries_draft(ENTRY_CONTROL_NOTE);

    e.as.control_note.text = text_from("a note");
    SCRATCH_OK(journal_group_begin(j, &g, err));
    SCRATCH_OK(journal_group_add(g, &e, err));
    snapshot_rows_put(g, &source);
    SCRATCH_OK(journal_group_commit(g, NULL, err));
}

/* What is stored, the newest first. */
static unsigned stored(struct journal *j, uint64_t rows[MOST])
{
    struct journal_reader *r = NULL;
    uint64_t most = UINT64_MAX;
    unsigned n = 0;
    bool found = true;

    SCRATCH_OK(journal_reader_begin(j, &r, err));
    while (found && most > 0 && n < MOST) {
        SCRATCH_OK(snapshot_rows_find(r, most, &rows[n], &found, err));
        if (found)
            most = rows[n++] - 1;
    }
    journal_reader_end(r);
    return n;
}

/* The rule, said the slow way: the newest four; of the others, who has nobody newer in the same million. */
static bool is_kept(const uint64_t *written, unsigned count, unsigned i)
{
    if (count - i <= SNAPSHOT_ROWS_KEPT)
        return true;
    return written[i] / SNAPSHOT_ROWS_SPAN != written[i + 1] / SNAPSHOT_ROWS_SPAN;
}

static void check(const uint64_t *steps, unsigned count)
{
    uint64_t written[MOST];
    uint64_t rows[MOST];
    struct scratch s;

    scratch_init(&s);
    struct journal *const j = scratch_create(&s);
    for (unsigned i = 0; i < count; i++) {
        written[i] = (i ? written[i - 1] : 0) + steps[i];
        keep(j, written[i]);
        const unsigned n = stored(j, rows);
        unsigned at = 0;
        for (unsigned k = i + 1; k-- > 0;) {
            if (!is_kept(written, i + 1, k))
                continue;
            assert_true(at < n);
            assert_int_equal(rows[at++], written[k]);
        }
        assert_int_equal(at, n);
    }
    journal_close(j);
    scratch_release(&s);
}

static void test_the_last_of_each_million_stays(void **state)
{
    uint64_t steps[40];

    (void)state;
    for (unsigned i = 0; i < 40; i++)
        steps[i] = 250001;
    check(steps, 40);
    for (unsigned i = 0; i < 40; i++)
        steps[i] = i % 7 ? 1 + i * 31 % 9 * 40000 : 2500000;
    check(steps, 40);
}

static void test_a_short_journal_keeps_the_newest_four(void **state)
{
    uint64_t steps[12];
    uint64_t rows[MOST];
    struct scratch s;

    (void)state;
    for (unsigned i = 0; i < 12; i++)
        steps[i] = 5;
    check(steps, 12);
    scratch_init(&s);
    struct journal *const j = scratch_create(&s);
    for (uint64_t covered = 2; covered < 12; covered++)
        keep(j, covered);
    assert_int_equal(stored(j, rows), SNAPSHOT_ROWS_KEPT);
    journal_close(j);
    scratch_release(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_last_of_each_million_stays),
        cmocka_unit_test(test_a_short_journal_keeps_the_newest_four),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
