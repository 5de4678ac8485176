/* What is appended from outside: as a group, and only what every book can fold for ever. */
#include "agent/intake.h"
#include "support/journals.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define PUT "GOOG  151231P00700000"

struct drafts {
    uint8_t bytes[4096];
    uint16_t sizes[8];
    size_t size;
    size_t count;
};

static void add_draft(struct drafts *d, struct entry e)
{
    struct wire_out out;

    e.actor = SCRATCH_OPERATOR;
    e.at_ns = INSTANT_NONE;
    wire_out_init(&out, d->bytes + d->size, sizeof d->bytes - d->size);
    SCRATCH_OK(entry_encode(&e, &out, err));
    d->sizes[d->count++] = (uint16_t)wire_out_size(&out);
    d->size += wire_out_size(&out);
}

static enum err_code take(struct intake *in, struct drafts *d, size_t *refused)
{
    struct queue_reply reply;

    return intake_group(in, d->bytes, d->sizes, d->count, &reply, refused, NULL);
}

/* The last of `entries` does not fold after the ones before it; each is well formed by itself. */
struct refused_case {
    const char *name;
    struct entry entries[3];
    size_t count;
    enum err_code code;
};

static void test_what_no_book_could_fold_is_refused(void **state)
{
    const struct refused_case cases[] = {
        {"a fill whose money leaves its integer",
         {entries_execution("o", "f-1", "GOOG", SIDE_BUY, INT64_MAX, "9", "0")},
         1,
         ERR_RANGE},
        {"a deposit that the cash before it cannot take",
         {entries_deposit("d-1", "9000000000000"), entries_deposit("d-2", "9000000000000")},
         2,
         ERR_RANGE},
        {"a settlement beyond every price",
         {entries_note("before it"), entries_settlement("s-1", PUT, 1, "-9223372036", "0")},
         2,
         ERR_RANGE},
        {"a position without end",
         {entries_execution("o", "f-1", "GOOG", SIDE_BUY, INT64_MAX, "0", "0"),
          entries_execution("o", "f-2", "GOOG", SIDE_BUY, 1, "0", "0")},
         2,
         ERR_RANGE},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct refused_case *const c = &cases[i];
        struct scratch s;
        struct drafts drafts = {.count = 0};
        struct drafts good = {.count = 0};
        size_t refused = 0;
        scratch_init(&s);
        struct intake in = {.journal = scratch_create(&s)};
        for (size_t k = 0; k < c->count; k++)
            add_draft(&drafts, c->entries[k]);
        if (take(&in, &drafts, &refused) != c->code || refused != c->count - 1)
            fail_msg("%s", c->name);
        add_draft(&good, entries_deposit("d-9", "1"));
        assert_int_equal(take(&in, &good, &refused), ERR_OK);
        assert_int_equal(refused, 1);
        assert_int_equal(book_seq(&in.book), 2); /* what was refused is nowhere */
        assert_int_equal(in.book.accounts->cash_micro, entries_money("1"));
        intake_release(&in);
        journal_close(in.journal);
        scratch_release(&s);
    }
}

/* Nothing is written, and the message names the entry and what is wrong with it. */
static void test_a_bust_that_does_not_fit_is_refused(void **state)
{
    const struct entry sold = entries_execution("o", "f-1", PUT, SIDE_SELL, 5, "0.40", "3.40");
    struct entry cases[5];
    static const char *const says[] = {"(entry 3)", "(qty)", "(price)", "no execution", "no execution"};
    struct scratch s;
    struct drafts first = {.count = 0};
    struct drafts right = {.count = 0};
    struct drafts twice = {.count = 0};
    struct queue_reply reply;
    struct err err;
    size_t refused = 0;

    (void)state;
    for (unsigned i = 0; i < 5; i++)
        cases[i] = entries_bust(sold, "b-1", 0);
    cases[0].as.fill_bust.symbol = entries_symbol("GOOG");
    cases[1].as.fill_bust.qty = 4;
    cases[2].as.fill_bust.price = 1;
    cases[3].as.fill_bust.busted = id_from("d-1");
    cases[4].as.fill_bust.busted = id_from("b-1"); /* itself */
    scratch_init(&s);
    struct intake in = {.journal = scratch_create(&s)};
    add_draft(&first, entries_deposit("d-1", "1000"));
    add_draft(&first, sold);
    assert_int_equal(take(&in, &first, &refused), ERR_OK);
    for (unsigned i = 0; i < 5; i++) {
        struct drafts wrong = {.count = 0};
        add_draft(&wrong, entries_note("before it"));
        add_draft(&wrong, cases[i]);
        assert_int_equal(intake_group(&in, wrong.bytes, wrong.sizes, 2, &reply, &refused, &err), ERR_INPUT);
        assert_int_equal(refused, 1);
        if (!strstr(err.text, "fill.bust b-1") || !strstr(err.text, says[i]))
            fail_msg("%s", err.text);
    }
    add_draft(&right, entries_bust(sold, "b-2", 0));
    add_draft(&right, entries_bust(sold, "b-2", 0)); /* told again, as after a reconnect */
    assert_int_equal(take(&in, &right, &refused), ERR_OK);
    add_draft(&twice, entries_bust(sold, "b-3", 0));
    assert_int_equal(intake_group(&in, twice.bytes, twice.sizes, 1, &reply, &refused, &err), ERR_INPUT);
    assert_non_null(strstr(err.text, "taken back already, by entry 4"));
    intake_release(&in);
    journal_close(in.journal);
    scratch_release(&s);
}

/* Perceptions cannot fail to fold, so nothing is folded for them; what comes after them still sees them all. */
static void test_the_book_is_folded_when_it_is_needed(void **state)
{
    struct scratch s;
    struct drafts quote = {.count = 0};
    struct drafts fill = {.count = 0};
    size_t refused = 0;

    (void)state;
    scratch_init(&s);
    struct intake in = {.journal = scratch_create(&s)};
    add_draft(&quote, entries_quote(PUT, "0.40", "0.50", 1, 1));
    add_draft(&fill, entries_execution("o", "f-1", PUT, SIDE_SELL, 5, "0.40", "3.40"));
    assert_int_equal(take(&in, &quote, &refused), ERR_OK);
    assert_false(in.has_book);
    assert_int_equal(take(&in, &fill, &refused), ERR_OK);
    assert_int_equal(book_seq(&in.book), 3);
    assert_int_equal(in.book.accounts->cash_micro, entries_money("196.60"));
    intake_release(&in);
    journal_close(in.journal);
    scratch_release(&s);
}

static void by_the_program(struct journal *j, struct entry e)
{
    struct journal_group *g = NULL;
    struct seal seal;

    SCRATCH_OK(journal_group_begin(j, &g, err));
    SCRATCH_OK(journal_group_add(g, &e, err));
    SCRATCH_OK(journal_group_commit(g, &seal, err));
}

static void test_the_programs_own_words_are_nobody_elses(void **state)
{
    const enum entry_kind own[] = {
        ENTRY_CONTROL_GENESIS,  ENTRY_CONTROL_RUN,       ENTRY_CONTROL_RUN_END,
        ENTRY_CONTROL_SESSION,  ENTRY_CONTROL_HEARTBEAT, ENTRY_PERCEPTION_CLOCK_QUALITY,
        ENTRY_CONTROL_SNAPSHOT, ENTRY_CONTROL_KEY,       ENTRY_CONTROL_HYPOTHESIS,
        ENTRY_RISK_VERDICT,     ENTRY_RISK_BREAKER_TRIP, ENTRY_RISK_EQUITY,
        ENTRY_RISK_BREAK,
    };
    struct err err;

    (void)state;
    for (size_t i = 0; i < sizeof own / sizeof own[0]; i++) {
        struct entry e = entries_draft(own[i]);
        for (unsigned is_signed = 0; is_signed < 2; is_signed++) {
            e.is_signed = is_signed;
            assert_int_equal(intake_check_kind(&e, &err), ERR_INPUT);
            assert_non_null(strstr(err.text, "is the program's own word: only "));
        }
    }
}

static void refuses_at(struct intake *in, struct entry e, const char *at, const char *words)
{
    struct drafts d = {.count = 0};
    struct queue_reply reply;
    struct wire_out out;
    size_t refused = 0;
    struct err err;

    e.actor = SCRATCH_OPERATOR;
    e.at_ns = entries_instant(at);
    wire_out_init(&out, d.bytes, sizeof d.bytes);
    SCRATCH_OK(entry_encode(&e, &out, err));
    d.sizes[d.count++] = (uint16_t)wire_out_size(&out);
    const enum err_code rc = intake_group(in, d.bytes, d.sizes, d.count, &reply, &refused, &err);
    assert_int_equal(rc, words ? ERR_INPUT : ERR_OK);
    if (words && !strstr(err.text, words))
        fail_msg("%s: \"%s\" has not \"%s\"", at, err.text, words);
}

/* A wrong year would be read for ever: by it times are found, prices age, and statements are of the past. */
static void test_a_time_that_cannot_be_is_refused(void **state)
{
    struct scratch s;
    const struct entry quote = entries_quote(PUT, "0.40", "0.50", 1, 1);
    const struct entry fill = entries_execution("o", "f-1", PUT, SIDE_SELL, 5, "0.40", "3.40");
    const struct entry tick = entries_clock(PHASE_TICK, "2016-06-01");

    (void)state;
    scratch_init(&s);
    struct intake in = {.journal = scratch_create(&s)};
    /* This machine's clock: 2015-12-24T14:31:00Z and some milliseconds. */
    refuses_at(&in, quote, "2200-01-01T00:00:00Z", "67212 days ahead of this machine's clock");
    refuses_at(&in, fill, "2062-01-05T15:00:00Z", "days ahead of this machine's clock");
    refuses_at(&in, quote, "2015-12-25T14:32:00Z", "1 days ahead of this machine's clock");
    refuses_at(&in, quote, "1969-12-31T23:59:59Z", "1970");
    refuses_at(&in, quote, "1970-01-01T00:00:00Z", NULL);
    refuses_at(&in, quote, "2015-12-25T14:31:00Z", NULL);
    /* The market's clock may be ahead of the machine's: where the future is tried out. */
    struct entry ahead = tick;
    ahead.actor = 0;
    ahead.at_ns = entries_instant("2016-06-01T15:00:00Z");
    by_the_program(in.journal, ahead);
    refuses_at(&in, quote, "2016-06-02T15:00:00Z", NULL);
    refuses_at(&in, quote, "2016-06-02T15:00:00.000000001Z", "1 days ahead of the market's clock");
    refuses_at(&in, tick, "2016-06-03T15:00:01Z",
               "2 days ahead of the market's clock (2016-06-01T15:00:00Z)");
    intake_release(&in);
    journal_close(in.journal);
    scratch_release(&s);
}

/* Another clock in the middle of a run would begin another session, and with it the day's limits anew. */
static void test_no_clock_comes_in_while_a_run_is_open(void **state)
{
    struct scratch s;
    struct drafts clock = {.count = 0};
    struct entry started = entries_draft(ENTRY_CONTROL_RUN);
    struct entry ended = entries_draft(ENTRY_CONTROL_RUN_END);
    struct entry tick = entries_clock(PHASE_TICK, "2015-12-24");
    struct wire_out out;
    size_t refused = 0;
    struct err err;

    (void)state;
    scratch_init(&s);
    struct intake in = {.journal = scratch_create(&s)};
    tick.actor = SCRATCH_OPERATOR;
    tick.at_ns = entries_instant("2015-12-24T15:00:00Z");
    wire_out_init(&out, clock.bytes, sizeof clock.bytes);
    SCRATCH_OK(entry_encode(&tick, &out, err));
    clock.sizes[clock.count++] = (uint16_t)wire_out_size(&out);
    started.as.control_run.program = text_from("test");
    started.as.control_run.build = text_from("test");
    started.as.control_run.feed = text_from("a feed");
    started.as.control_run.broker = id_from("paper");
    ended.as.control_run_end.reason = text_from("over");
    assert_int_equal(take(&in, &clock, &refused), ERR_OK);
    entry_place(clock.bytes, 0, 0);
    SCRATCH_OK(intake_check_import(in.journal, err));
    by_the_program(in.journal, started);
    assert_int_equal(intake_check_import(in.journal, &err), ERR_INPUT);
    assert_non_null(strstr(err.text, "run of entry 3"));
    assert_int_not_equal(take(&in, &clock, &refused), ERR_OK);
    assert_int_equal(refused, 0);
    entry_place(clock.bytes, 0, 0);
    by_the_program(in.journal, ended);
    SCRATCH_OK(intake_check_import(in.journal, err));
    assert_int_equal(take(&in, &clock, &refused), ERR_OK);
    intake_release(&in);
    journal_close(in.journal);
    scratch_release(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_no_book_could_fold_is_refused),
        cmocka_unit_test(test_a_bust_that_does_not_fit_is_refused),
        cmocka_unit_test(test_the_book_is_folded_when_it_is_needed),
        cmocka_unit_test(test_the_programs_own_words_are_nobody_elses),
        cmocka_unit_test(test_a_time_that_cannot_be_is_refused),
        cmocka_unit_test(test_no_clock_comes_in_while_a_run_is_open),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
