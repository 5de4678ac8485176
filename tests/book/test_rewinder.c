/*
 * A rewinder's book is that of a replay from entry 1, whichever way it came, and however little it may keep.
 */
#include "book/rewinder.h"
#include "book/snapshot.h"
#include "support/journals.h"
#include "support/random_entry.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#define PUT  "GOOG  151231P00700000"
#define SIZE 120u

enum actor { OPERATOR = 1, FEED, BROKER };

static struct entry day_entry(unsigned i)
{
    static char id[16];

    snprintf(id, sizeof id, "f-%u", i);
    switch (i % 4) {
    case 0: return entries_execution("o-1", id, PUT, i % 8 ? SIDE_SELL : SIDE_BUY, 1 + i % 3, "0.40", "0.68");
    case 1: return entries_quote(PUT, "0.40", "0.45", (int64_t)i, 7);
    case 2: return entries_deposit(id, "1000");
    default: return entries_quote("GOOG", "748.40", "748.60", 100, (int64_t)i);
    }
}

struct bench {
    struct scratch scratch;
    struct journal *journal;
    struct journal_reader *reader;
    struct hash digests[SIZE + 8]; /* of the state after each entry, by a fold from entry 1 */
    uint64_t size;
};

static void learn(struct bench *b)
{
    struct book book;
    struct err why;

    for (uint64_t seq = 0; seq <= b->size; seq++) {
        SCRATCH_OK(book_init(&book, err));
        book.snapshots.are_ignored = true;
        if (seq && book_load(&book, b->reader, seq, NULL, NULL, &why))
            fail_msg("%s", why.text);
        b->digests[seq] = book_digest(&book);
        book_release(&book);
    }
}

static void add(struct bench *b, unsigned first, unsigned count)
{
    struct journal_group *g = NULL;

    SCRATCH_OK(journal_group_begin(b->journal, &g, err));
    for (unsigned i = first; i < first + count; i++) {
        struct entry e = day_entry(i);
        e.actor = entry_family(e.kind) == FAMILY_FILL ? BROKER : FEED;
        e.at_ns = SCRATCH_EPOCH_NS + (int64_t)i * NS_PER_SECOND;
        SCRATCH_OK(journal_group_add(g, &e, err));
    }
    SCRATCH_OK(journal_group_commit(g, NULL, err));
}

/* With a stored snapshot in the middle. */
static void bench_init(struct bench *b)
{
    struct actor_rows rows = {.count = 3};
    struct book book;

    memset(b, 0, sizeof *b);
    scratch_init(&b->scratch);
    rows.rows[0] = (struct actor_row){.name = id_from("operator"), .role = ROLE_OPERATOR};
    rows.rows[1] = (struct actor_row){.name = id_from("feed:test"), .role = ROLE_FEED};
    rows.rows[2] = (struct actor_row){.name = id_from("broker:paper"), .role = ROLE_BROKER};
    SCRATCH_OK(journal_create(&b->scratch.options, SCRATCH_ORIGIN, b->scratch.passphrase, &rows, err));
    b->journal = scratch_open(&b->scratch);
    add(b, 1, SIZE / 2);
    SCRATCH_OK(book_init(&book, err));
    SCRATCH_OK(snapshot_write(b->journal, &book, NULL, err));
    book_release(&book);
    add(b, SIZE / 2 + 1, SIZE / 2);
    SCRATCH_OK(journal_reader_begin(b->journal, &b->reader, err));
    b->size = journal_reader_size(b->reader);
    assert_int_equal(b->size, SIZE + 2);
    learn(b);
}

static void bench_release(struct bench *b)
{
    journal_reader_end(b->reader);
    journal_close(b->journal);
    scratch_release(&b->scratch);
}

static void assert_goes(struct bench *b, struct rewinder *w, uint64_t seq)
{
    struct hash digest;

    SCRATCH_OK(rewinder_go(w, b->reader, seq, NULL, NULL, err));
    assert_int_equal(book_seq(rewinder_book(w)), seq);
    digest = book_digest(rewinder_book(w));
    assert_memory_equal(digest.bytes, b->digests[seq].bytes, sizeof digest.bytes);
}

static void test_any_way_leads_to_the_state_of_a_replay(void **state)
{
    const struct rewinder_options options[] = {{.every = 1},
                                               {.every = 3, .images = 4},
                                               {.every = 7, .images = 1},
                                               {.every = 5, .from_start = true},
                                               {.every = 2, .bytes = 9000},
                                               {.every = 2, .bytes = 1},
                                               {.every = 0}};
    struct bench b;
    struct random random = {.state = 1};

    (void)state;
    bench_init(&b);
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++) {
        struct rewinder *w = NULL;
        random = (struct random){.state = i + 1};
        SCRATCH_OK(rewinder_new(&options[i], &w, err));
        for (uint64_t seq = b.size; seq > 0; seq--)
            assert_goes(&b, w, seq);
        for (uint64_t seq = 0; seq <= b.size; seq++)
            assert_goes(&b, w, seq);
        for (unsigned k = 0; k < 300; k++)
            assert_goes(&b, w, random_below(&random, (uint32_t)b.size + 1));
        if (options[i].images)
            assert_true(rewinder_counts(w).images <= options[i].images);
        if (options[i].bytes)
            assert_true(rewinder_counts(w).bytes <= options[i].bytes);
        rewinder_free(w);
    }
    rewinder_free(NULL);
    bench_release(&b);
}

static void test_a_step_back_folds_no_more_than_lies_between_images(void **state)
{
    const struct rewinder_options options = {.every = 8, .images = 16, .from_start = true};
    struct bench b;
    struct rewinder *w = NULL;

    (void)state;
    bench_init(&b);
    SCRATCH_OK(rewinder_new(&options, &w, err));
    assert_goes(&b, w, b.size);
    uint64_t before = rewinder_counts(w).folded;
    assert_int_equal(before, b.size);
    for (uint64_t seq = b.size - 1; seq > 0; seq--) {
        assert_goes(&b, w, seq);
        const uint64_t now = rewinder_counts(w).folded;
        assert_true(now - before < options.every);
        before = now;
    }
    rewinder_free(w);
    bench_release(&b);
}

static void test_a_stored_snapshot_saves_the_way_from_the_first_entry(void **state)
{
    const struct rewinder_options options = {.every = 1, .images = 4};
    struct bench b;
    struct rewinder *w = NULL;

    (void)state;
    bench_init(&b);
    SCRATCH_OK(rewinder_new(&options, &w, err));
    assert_goes(&b, w, 10);
    const uint64_t before = rewinder_counts(w).folded;
    assert_goes(&b, w, b.size);
    assert_true(rewinder_counts(w).folded - before < b.size - SIZE / 2);
    rewinder_free(w);
    bench_release(&b);
}

static void test_there_is_nothing_behind_the_newest_entry(void **state)
{
    struct bench b;
    struct rewinder *w = NULL;
    struct err why;

    (void)state;
    bench_init(&b);
    SCRATCH_OK(rewinder_new(NULL, &w, err));
    assert_goes(&b, w, 7);
    assert_int_equal(rewinder_go(w, b.reader, b.size + 1, NULL, NULL, &why), ERR_NOT_FOUND);
    assert_says(&why, "there is no entry 123; the newest is 122");
    assert_int_equal(book_seq(rewinder_book(w)), 7);
    /* A reader that began later sees more. */
    journal_reader_end(b.reader);
    add(&b, SIZE + 1, 1);
    SCRATCH_OK(journal_reader_begin(b.journal, &b.reader, err));
    SCRATCH_OK(rewinder_go(w, b.reader, b.size + 1, NULL, NULL, err));
    rewinder_free(w);
    bench_release(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_any_way_leads_to_the_state_of_a_replay),
        cmocka_unit_test(test_a_step_back_folds_no_more_than_lies_between_images),
        cmocka_unit_test(test_a_stored_snapshot_saves_the_way_from_the_first_entry),
        cmocka_unit_test(test_there_is_nothing_behind_the_newest_entry),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
