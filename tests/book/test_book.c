/* The book: one digest for one history, whichever way it is folded; days; runs. */
#include "book/book.h"

#include "ledger/hex.h"
#include "market/synthetic.h"
#include "support/journals.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static struct book *new_book(void)
{
    struct book *const b = calloc(1, sizeof *b);

    REQUIRE(b);
    SCRATCH_OK(book_init(b, err));
    return b;
}

static void free_book(struct book *b)
{
    book_release(b);
    free(b);
}

static struct entry from_row(const struct synthetic_row *row)
{
    struct entry e =
        entries_draft(row->type == SYNTHETIC_BAR ? ENTRY_PERCEPTION_BAR : ENTRY_PERCEPTION_QUOTE);

    e.at_ns = row->at_ns;
    e.recorded_at_ns = row->at_ns;
    if (row->type == SYNTHETIC_BAR)
        e.as.perception_bar =
            (struct entry_perception_bar){row->symbol,     row->open_nano, row->high_nano, row->low_nano,
                                          row->close_nano, row->volume,    row->period_s};
    else
        e.as.perception_quote = (struct entry_perception_quote){row->symbol, row->bid_nano, row->ask_nano,
                                                                row->bid_size, row->ask_size};
    return e;
}

/* The first 20,000 rows of a seeded day, and a few fills. */
static void fold_seeded_day(struct book *b)
{
    struct synthetic_settings settings = synthetic_defaults();
    static struct synthetic market;
    struct synthetic_row row;

    SCRATCH_OK(synthetic_init(&market, &settings, err));
    for (uint64_t seq = 1; seq <= 20000 && synthetic_next(&market, &row); seq++) {
        struct entry e = from_row(&row);
        if (seq % 4000 == 0) {
            e = entries_execution("o-1", "f-x", "ACME", SIDE_BUY, (int64_t)seq, "100.123456789", "1.01");
            e.as.fill_execution.fill_id.text[2] = (char)('a' + seq / 4000);
            e.recorded_at_ns = row.at_ns;
        }
        e.seq = seq;
        SCRATCH_OK(book_apply(b, &e, err));
    }
}

static void test_the_digest_is_the_same_on_every_machine(void **state)
{
    struct book *const b = new_book();
    struct book *const twice = new_book();
    char text[HEX_LENGTH(HASH_SIZE) + 1];

    (void)state;
    fold_seeded_day(b);
    fold_seeded_day(twice);
    const struct hash digest = book_digest(b);
    const struct hash again = book_digest(twice);
    assert_memory_equal(&digest, &again, sizeof digest);
    hex_encode(text, digest.bytes, HASH_SIZE);
    /* Another one with each change of what a reducer keeps; the last: what a bust must repeat. */
    assert_string_equal(text, "d7ad9d321ac4d5b4e4deb5a2210f06c28c87bb49ee366911a07597335ac72c71");
    free_book(b);
    free_book(twice);
}

static void test_the_digest_notices_every_reducer(void **state)
{
    static const char at[] = "2026-01-05T15:00:00Z";
    struct entry rows[] = {
        entries_quote("ACME", "1", "2", 3, 4),
        entries_deposit("d-1", "100"),
        entries_order("o-1", "ACME", SIDE_BUY, 1, "1"),
        entries_clock(PHASE_TICK, "2026-01-05"),
        entries_stop("x"),
        entries_note("only the seq moves"),
    };
    struct book *const b = new_book();
    struct hash before = book_digest(b);

    (void)state;
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct entry e = entries_placed(rows[i], i + 1, at);
        SCRATCH_OK(book_apply(b, &e, err));
        const struct hash after = book_digest(b);
        assert_memory_not_equal(&before, &after, sizeof after);
        before = after;
    }
    struct err err;
    const struct entry gap = entries_placed(entries_note("a gap"), 99, at);
    assert_int_equal(book_apply(b, &gap, &err), ERR_CHAIN);
    free_book(b);
}

static void test_loading_stops_at_a_seq_or_before_a_time(void **state)
{
    struct scratch s;
    struct journal_reader *r = NULL;
    struct journal_group *g = NULL;
    struct err err;

    (void)state;
    scratch_init(&s);
    struct journal *const j = scratch_create(&s);
    static const char *const times[] = {"2015-12-24T15:00:00Z", "2015-12-24T15:01:00Z", NULL,
                                        "2015-12-24T15:02:00Z"};
    SCRATCH_OK(journal_group_begin(j, &g, err));
    for (unsigned i = 0; i < 4; i++) {
        struct entry e =
            times[i] ? entries_quote("GOOG", "1", "2", 1, 1) : entries_note("no time of its own");
        e.at_ns = times[i] ? entries_instant(times[i]) : INSTANT_NONE;
        e.actor = SCRATCH_OPERATOR;
        SCRATCH_OK(journal_group_add(g, &e, err));
    }
    SCRATCH_OK(journal_group_commit(g, NULL, err));
    SCRATCH_OK(journal_reader_begin(j, &r, err));
    struct book *b = new_book();
    SCRATCH_OK(book_load(b, r, 3, NULL, NULL, err));
    assert_int_equal(book_seq(b), 3);
    SCRATCH_OK(book_load(b, r, 0, NULL, NULL, err)); /* goes on where it was */
    assert_int_equal(book_seq(b), 5);
    assert_int_equal(book_load(b, r, 6, NULL, NULL, &err), ERR_NOT_FOUND);
    free_book(b);
    b = new_book();
    SCRATCH_OK(book_load_until(b, r, entries_instant("2015-12-24T15:01:00Z"), NULL, NULL, err));
    assert_int_equal(book_seq(b), 4); /* the note belongs to the minute before it */
    free_book(b);
    journal_reader_end(r);
    journal_close(j);
    scratch_release(&s);
}

struct told {
    bool is_clock;
    const char *at;
};

static uint64_t load_until(struct journal_reader *r, const char *at)
{
    struct book *const b = new_book();
    uint64_t seq = 0;

    SCRATCH_OK(book_load_until(b, r, entries_instant(at), NULL, NULL, err));
    SCRATCH_OK(book_find_time(r, entries_instant(at), &seq, err));
    assert_int_equal(book_seq(b), seq);
    free_book(b);
    return seq;
}

/* One wrong year in the midst, and a clock that is turned back at once: neither ends the time before it. */
static void test_times_are_the_market_clocks_and_no_odd_entry_misleads(void **state)
{
    static const struct told told[] = {
        {false, "2015-12-24T15:00:00Z"}, {true, "2015-12-24T15:00:00Z"},  /* 2, 3 */
        {false, "2200-01-01T00:00:00Z"}, {false, "2015-12-24T15:01:00Z"}, /* 4: odd */
        {true, "2015-12-24T15:01:00Z"},  {false, "1990-01-01T00:00:00Z"}, /* 7: late */
        {true, "2062-01-01T00:00:00Z"},  {false, "2015-12-24T15:02:00Z"}, /* 8: odd */
        {true, "2015-12-24T15:02:00Z"},  {false, "2015-12-24T15:02:30Z"}, /* 10, and behind the clock */
        {false, "2190-01-01T00:00:00Z"}, {false, "2015-12-24T15:02:40Z"}, /* 12: odd */
    };
    static const struct {
        const char *at;
        uint64_t seq;
    } rows[] = {
        {"1980-01-01T00:00:00Z", 1}, /* the genesis has no time of the market */
        {"2015-12-24T14:59:59Z", 1},  {"2015-12-24T15:00:00Z", 3},  {"2015-12-24T15:00:59Z", 3},
        {"2015-12-24T15:01:00Z", 7},  {"2015-12-24T15:01:59Z", 7},  {"2015-12-24T15:02:00Z", 10},
        {"2015-12-24T15:02:30Z", 12}, {"2015-12-24T15:02:40Z", 13}, {"2100-01-01T00:00:00Z", 13},
    };
    struct scratch s;
    struct journal_reader *r = NULL;
    struct journal_group *g = NULL;

    (void)state;
    scratch_init(&s);
    struct journal *const j = scratch_create(&s);
    SCRATCH_OK(journal_group_begin(j, &g, err));
    for (unsigned i = 0; i < sizeof told / sizeof told[0]; i++) {
        struct entry e = told[i].is_clock ? entries_clock(PHASE_TICK, "2015-12-24")
                                          : entries_quote("GOOG", "1", "2", 1, 1);
        e.at_ns = entries_instant(told[i].at);
        e.actor = SCRATCH_OPERATOR;
        SCRATCH_OK(journal_group_add(g, &e, err));
    }
    SCRATCH_OK(journal_group_commit(g, NULL, err));
    SCRATCH_OK(journal_reader_begin(j, &r, err));
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const uint64_t seq = load_until(r, rows[i].at);
        if (seq != rows[i].seq)
            fail_msg("%s: %llu, not %llu", rows[i].at, (unsigned long long)seq,
                     (unsigned long long)rows[i].seq);
    }
    journal_reader_end(r);
    journal_close(j);
    scratch_release(&s);
}

static void test_the_day_of_an_entry(void **state)
{
    struct day_state s;

    (void)state;
    day_init(&s);
    struct entry note = entries_placed(entries_note("early"), 1, "2015-12-24T03:00:00Z");
    assert_int_equal(day_of(&s, &note), entries_day("2015-12-23")); /* 22:00 in New York */
    const struct entry clock =
        entries_placed(entries_clock(PHASE_OPEN, "2015-12-24"), 2, "2015-12-24T14:30:00Z");
    assert_int_equal(day_apply(&s, &clock, NULL), ERR_OK);
    assert_int_equal(day_of(&s, &clock), entries_day("2015-12-24"));
    note = entries_placed(entries_note("years later"), 3, "2026-11-21T09:00:00Z");
    assert_int_equal(day_of(&s, &note), entries_day("2015-12-24")); /* the market's day, not the wall's */
    const struct entry bar =
        entries_placed(entries_bar("GOOG", "1", "1", "1", "1", 1, 86400), 4, "2015-12-01T21:00:00Z");
    assert_int_equal(day_of(&s, &bar), entries_day("2015-12-01"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_digest_is_the_same_on_every_machine),
        cmocka_unit_test(test_the_digest_notices_every_reducer),
        cmocka_unit_test(test_loading_stops_at_a_seq_or_before_a_time),
        cmocka_unit_test(test_times_are_the_market_clocks_and_no_odd_entry_misleads),
        cmocka_unit_test(test_the_day_of_an_entry),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
