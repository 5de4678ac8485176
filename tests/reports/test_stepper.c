/* The stepper's model: a walk through the journal of story.h, without a terminal. */
#include "reports/stepper.h"

#include "story.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

struct bench {
    struct story story;
    struct index *index;
    struct stepper *s;
    struct err why;
};

static bool use_index;

static void bench_init(struct bench *b)
{
    const struct index_options options = {.batch = 0};
    struct index_report report;

    memset(b, 0, sizeof *b);
    story_init(&b->story);
    if (use_index) {
        SCRATCH_OK(index_open(b->story.journal, INDEX_WRITE, &b->index, err));
        SCRATCH_OK(index_catch_up(b->index, &options, &report, err));
    }
    SCRATCH_OK(stepper_new(b->story.journal, b->index, &b->s, err));
}

static void bench_release(struct bench *b)
{
    stepper_free(b->s);
    index_close(b->index);
    story_release(&b->story);
}

static void stand(struct bench *b, uint64_t seq)
{
    char text[24];

    snprintf(text, sizeof text, "%llu", (unsigned long long)seq);
    SCRATCH_OK(stepper_goto(b->s, text, err));
    assert_int_equal(stepper_seq(b->s), seq);
}

/* The move finds nothing, says so, and leaves the position. */
#define assert_stays(b, call, words)                                                                         \
    do {                                                                                                     \
        const uint64_t before = stepper_seq((b)->s);                                                         \
        assert_int_equal(call, ERR_NOT_FOUND);                                                               \
        assert_says(&(b)->why, words);                                                                       \
        assert_int_equal(stepper_seq((b)->s), before);                                                       \
    } while (0)

static void assert_shows(struct bench *b, enum stepper_pane pane, const char *words)
{
    const struct lines *const lines = stepper_lines(b->s, pane);

    for (size_t i = 0; i < lines->count; i++) {
        if (strstr(lines->rows[i].text, words))
            return;
    }
    for (size_t i = 0; i < lines->count; i++)
        fprintf(stderr, "%s\n", lines->rows[i].text);
    fail_msg("the pane %s does not show: %s", stepper_pane_name(pane), words);
}

static void test_a_step_is_one_entry_and_ends_at_the_ends(void **state)
{
    struct bench b;

    (void)state;
    bench_init(&b);
    const uint64_t size = stepper_size(b.s);
    assert_int_equal(size, b.story.day_last);
    assert_int_equal(stepper_seq(b.s), size);
    assert_string_equal(stepper_origin(b.s), SCRATCH_ORIGIN);
    assert_stays(&b, stepper_step(b.s, 1, &b.why), "this is the newest entry");
    SCRATCH_OK(stepper_step(b.s, -1, err));
    assert_int_equal(stepper_seq(b.s), size - 1);
    SCRATCH_OK(stepper_step(b.s, -5, err));
    assert_int_equal(stepper_seq(b.s), size - 6);
    SCRATCH_OK(stepper_step(b.s, -INT64_MAX, err));
    assert_int_equal(stepper_seq(b.s), 1);
    assert_stays(&b, stepper_step(b.s, -1, &b.why), "this is the first entry");
    SCRATCH_OK(stepper_step(b.s, INT64_MAX, err));
    assert_int_equal(stepper_seq(b.s), size);
    assert_stays(&b, stepper_end(b.s, true, &b.why), "this is the newest entry");
    SCRATCH_OK(stepper_end(b.s, false, err));
    assert_int_equal(stepper_seq(b.s), 1);
    assert_stays(&b, stepper_end(b.s, false, &b.why), "this is the first entry");
    SCRATCH_OK(stepper_end(b.s, true, err));
    assert_int_equal(stepper_seq(b.s), size);
    SCRATCH_OK(stepper_step(b.s, INT64_MIN, err));
    assert_int_equal(stepper_seq(b.s), 1);
    bench_release(&b);
}

static void test_decisions_breaches_and_orders_are_found_both_ways(void **state)
{
    struct bench b;

    (void)state;
    bench_init(&b);
    const struct story *const t = &b.story;
    const struct {
        enum stepper_what what;
        uint64_t seqs[12];
    } rows[] = {
        {STEPPER_DECISION, {t->enter, t->no_trade, t->refused_enter}},
        {STEPPER_BREACH, {t->refused, t->stop}},
        {STEPPER_ORDER,
         {t->deposit, t->order, t->acknowledged, t->fill_1, t->fill_2, t->refused + 1, t->cancel,
          t->cancelled}},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        size_t count = 0;
        stand(&b, 1);
        for (; rows[i].seqs[count]; count++) {
            SCRATCH_OK(stepper_next(b.s, rows[i].what, true, err));
            assert_int_equal(stepper_seq(b.s), rows[i].seqs[count]);
        }
        assert_stays(&b, stepper_next(b.s, rows[i].what, true, &b.why), " after entry ");
        for (count--; count > 0; count--) {
            SCRATCH_OK(stepper_next(b.s, rows[i].what, false, err));
            assert_int_equal(stepper_seq(b.s), rows[i].seqs[count - 1]);
        }
        assert_stays(&b, stepper_next(b.s, rows[i].what, false, &b.why), " before entry ");
    }
    stand(&b, 1);
    assert_stays(&b, stepper_next(b.s, STEPPER_BREACH, false, &b.why), "no breach before entry 1");
    bench_release(&b);
}

static void test_a_breach_is_what_was_refused_failed_tripped_or_stopped(void **state)
{
    struct entry e = story_verdict("np-1", "0.02");

    (void)state;
    assert_false(stepper_is_breach(&e)); /* its third row failed, and is exempt */
    e = story_verdict("np-1", "0.91");
    assert_true(stepper_is_breach(&e));
    e.as.risk_verdict.allowed = true; /* whatever it says: a limit that counts did not hold */
    assert_true(stepper_is_breach(&e));
    e = story_enter("np-1", 1);
    assert_false(stepper_is_breach(&e));
    checks_add(&e.as.decision_enter.checks, "otm_most", 3, RULE_AT_MOST, 2, UNIT_RATE);
    assert_true(stepper_is_breach(&e));
    e = entries_draft(ENTRY_DECISION_EXIT);
    checks_add(&e.as.decision_exit.checks, "exit_time", 3, RULE_AT_MOST, 2,
               UNIT_COUNT); /* not due: no failure */
    assert_false(stepper_is_breach(&e));
    e = story_no_trade();
    checks_add(&e.as.decision_no_trade.gates, "after_open", -3, RULE_AT_LEAST, 0, UNIT_SECONDS);
    assert_false(stepper_is_breach(&e));
    e = entries_draft(ENTRY_RISK_BREAKER_TRIP);
    assert_true(stepper_is_breach(&e));
    e = entries_stop("enough");
    assert_true(stepper_is_breach(&e));
    e = entries_resume("on");
    assert_false(stepper_is_breach(&e));
}

static void test_a_place_is_named_by_number_or_by_time(void **state)
{
    struct bench b;

    (void)state;
    bench_init(&b);
    const struct story *const t = &b.story;
    const struct {
        uint64_t from;
        const char *where;
        uint64_t seq;
    } rows[] = {
        {1, "7", 7},
        {1, "0007", 7},
        {3, "+4", 7},
        {9, "-8", 1},
        {9, "-800", 1},
        {1, "+800", t->day_last},
        {t->tick, "09:31", t->equity}, /* everything that happened by then */
        {t->tick, "09:31:59", t->equity},
        {t->tick, "09:32:00", t->fill_1},
        {t->tick, "09:32:59", t->fill_1},
        {t->resume, "09:32", t->fill_1},
        {1, "2015-12-24 09:33", t->fill_2},
        {1, "2015-12-24T14:33:00Z", t->fill_2},
        {1, "2015-12-24T09:33:00-05:00", t->fill_2},
        {1, "2015-12-25", t->day_last},
        {1, "2100-01-01", t->day_last},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        stand(&b, rows[i].from);
        SCRATCH_OK(stepper_goto(b.s, rows[i].where, err));
        if (stepper_seq(b.s) != rows[i].seq)
            fail_msg("%s leads to %llu", rows[i].where, (unsigned long long)stepper_seq(b.s));
    }
    bench_release(&b);
}

/* Also one that nothing hinders a person to type. */
static void test_a_place_that_is_none_is_refused_in_words(void **state)
{
    const char *const bad[] = {
        "",  "x",          "7x",           "09:60",       "24:00", "9:47", "09:47:", "--3",
        "+", "2015-13-01", "2015-12-24 9", "2015-12-24x", "0x7",   "7 ",   "09:3a",  "2015-12-24  09:31"};
    struct bench b;

    (void)state;
    bench_init(&b);
    stand(&b, 5);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        if (stepper_goto(b.s, bad[i], &b.why) != ERR_INPUT)
            fail_msg("\"%s\" is taken: %s", bad[i], b.why.text);
        assert_says(&b.why, "is no entry's number and no time");
        assert_int_equal(stepper_seq(b.s), 5);
    }
    assert_int_equal(stepper_goto(b.s, "0", &b.why), ERR_INPUT);
    assert_says(&b.why, "numbered from 1");
    assert_stays(&b, stepper_goto(b.s, "999", &b.why), "there is no entry 999; the newest is ");
    assert_stays(&b, stepper_goto(b.s, "99999999999999999999999", &b.why), "there is no entry ");
    bench_release(&b);
}

static void test_a_time_is_where_a_replay_to_it_ends(void **state)
{
    struct bench b;
    struct book book;
    struct journal_reader *r = NULL;

    (void)state;
    bench_init(&b);
    story_next_day(&b.story);
    uint64_t added = 0;
    SCRATCH_OK(stepper_refresh(b.s, &added, err));
    SCRATCH_OK(journal_reader_begin(b.story.journal, &r, err));
    for (int64_t minute = -1; minute < 6000; minute += 7) {
        const int64_t at_ns = entries_instant("2015-12-24T14:30:40Z") + minute * NS_PER_MINUTE;
        char text[INSTANT_TEXT_SIZE];
        instant_format(text, at_ns);
        SCRATCH_OK(book_init(&book, err));
        SCRATCH_OK(book_load_until(&book, r, at_ns, NULL, NULL, err));
        SCRATCH_OK(stepper_goto(b.s, text, err));
        assert_int_equal(stepper_seq(b.s), book_seq(&book));
        book_release(&book);
    }
    journal_reader_end(r);
    bench_release(&b);
}

static void test_a_search_finds_symbols_words_ids_and_actors(void **state)
{
    struct bench b;

    (void)state;
    bench_init(&b);
    const struct story *const t = &b.story;
    const struct {
        const char *term;
        uint64_t first;
    } rows[] = {
        {"GOOG", t->stock_quote},                            /* the ticker, with its options */
        {STORY_PUT, t->put_quote},  {"goog", t->configured}, /* the word: its settings have it */
        {"REFUSED", t->refused},                             /* has the form of a ticker, and is none here */
        {"refused", t->refused},    {"FAT FINGER", t->stop},
        {"np-2", t->refused_enter},                                 /* an id that the line does not show */
        {"risk:governor", 1},                                       /* in genesis, then as an actor */
        {"emergency", t->stop},     {"order.ack", t->acknowledged}, /* a kind */
        {"b-77", t->acknowledged},  {"+1000000.00", t->deposit},    /* a number as it is shown */
    };
    assert_stays(&b, stepper_next(b.s, STEPPER_MATCH, true, &b.why), "nothing was searched for yet");
    assert_int_equal(stepper_search(b.s, "", &b.why), ERR_INPUT);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        SCRATCH_OK(stepper_search(b.s, rows[i].term, err));
        assert_string_equal(stepper_term(b.s), rows[i].term);
        stand(&b, rows[i].first > 1 ? 1 : 2);
        if (rows[i].first > 1)
            SCRATCH_OK(stepper_next(b.s, STEPPER_MATCH, true, err));
        else
            SCRATCH_OK(stepper_next(b.s, STEPPER_MATCH, false, err));
        if (stepper_seq(b.s) != rows[i].first)
            fail_msg("\"%s\" is found at %llu, not %llu", rows[i].term, (unsigned long long)stepper_seq(b.s),
                     (unsigned long long)rows[i].first);
    }
    SCRATCH_OK(stepper_search(b.s, "emergency stop", err));
    SCRATCH_OK(stepper_search(b.s, "", err)); /* as before */
    stand(&b, t->day_last);
    SCRATCH_OK(stepper_next(b.s, STEPPER_MATCH, false, err));
    assert_int_equal(stepper_seq(b.s), t->cancel); /* says why */
    SCRATCH_OK(stepper_next(b.s, STEPPER_MATCH, false, err));
    assert_int_equal(stepper_seq(b.s), t->stop);
    assert_stays(&b, stepper_next(b.s, STEPPER_MATCH, false, &b.why), "no \"emergency stop\" before entry ");
    bench_release(&b);
}

struct patience {
    unsigned left;
};

static bool asks(void *context, uint64_t done, uint64_t total)
{
    struct patience *const p = context;

    assert_true(done <= total);
    return p->left-- > 0;
}

static void test_a_search_can_be_given_up(void **state)
{
    struct bench b;
    struct patience patience = {.left = 1};

    (void)state;
    bench_init(&b);
    for (unsigned i = 0; i < 2500; i++) {
        struct entry e = entries_draft(ENTRY_CONTROL_NOTE);
        e.as.control_note.text = text_from("hay");
        story_add(&b.story, STORY_OPERATOR, e, NULL, 0);
    }
    story_commit(&b.story);
    uint64_t added = 0;
    SCRATCH_OK(stepper_refresh(b.s, &added, err));
    assert_int_equal(added, 2500);
    stepper_set_work(b.s, &(struct stepper_work){asks, &patience});
    SCRATCH_OK(stepper_search(b.s, "needle", err));
    stand(&b, 1);
    assert_stays(&b, stepper_next(b.s, STEPPER_MATCH, true, &b.why), "given up at entry 2049");
    patience.left = 100;
    assert_stays(&b, stepper_next(b.s, STEPPER_MATCH, true, &b.why), "no \"needle\" after entry 1");
    bench_release(&b);
}

static void test_causes_lead_back_and_jumps_are_remembered(void **state)
{
    struct bench b;

    (void)state;
    bench_init(&b);
    const struct story *const t = &b.story;
    const uint64_t chain[] = {t->fill_1, t->order, t->verdict, t->enter, t->candidates, t->tick};
    assert_stays(&b, stepper_back(b.s, &b.why), "no earlier place");
    stand(&b, chain[0]);
    for (size_t i = 1; i < 6; i++) {
        SCRATCH_OK(stepper_cause(b.s, err));
        assert_int_equal(stepper_seq(b.s), chain[i]);
    }
    assert_stays(&b, stepper_cause(b.s, &b.why), "names no cause");
    for (size_t i = 5; i-- > 0;) {
        SCRATCH_OK(stepper_back(b.s, err));
        assert_int_equal(stepper_seq(b.s), chain[i]);
    }
    for (unsigned i = 0; i < 200; i++)
        stand(&b, 1 + i % 5);
    for (unsigned i = 0; i < 64; i++)
        SCRATCH_OK(stepper_back(b.s, err));
    assert_stays(&b, stepper_back(b.s, &b.why), "no earlier place");
    bench_release(&b);
}

static void test_rows_say_what_entries_are(void **state)
{
    struct bench b;
    struct stepper_row row;

    (void)state;
    bench_init(&b);
    stepper_row(b.s, b.story.refused, &row);
    assert_int_equal(row.seq, b.story.refused);
    assert_int_equal(row.at_ns, entries_instant("2015-12-24T14:40:00Z"));
    assert_int_equal(row.family, FAMILY_RISK);
    assert_string_equal(row.stage, "verdict");
    assert_true(row.is_breach);
    assert_non_null(strstr(row.text, "REFUSED: 1 of 2 limits held"));
    stepper_row(b.s, b.story.source, &row);
    assert_false(row.is_breach);
    assert_true(row.at_ns > 0); /* when it was recorded */
    bench_release(&b);
}

static void test_panes_show_the_entry_its_causes_and_the_state_after_it(void **state)
{
    struct bench b;

    (void)state;
    bench_init(&b);
    const struct story *const t = &b.story;
    stand(&b, t->refused);
    assert_shows(&b, STEPPER_ENTRY, "risk.verdict");
    assert_shows(&b, STEPPER_ENTRY, "risk:governor");
    assert_shows(&b, STEPPER_ENTRY, "margin_use 91.00 % <= 80.00 % FAILED");
    assert_shows(&b, STEPPER_WHY, "risk.verdict: follows from");
    assert_string_equal(stepper_alarm(b.s), "");
    stand(&b, t->cancelled);
    assert_shows(&b, STEPPER_WHY, "EMERGENCY STOP: fat finger");
    char stopped[64];
    snprintf(stopped, sizeof stopped, "STOPPED by entry %llu", (unsigned long long)t->stop);
    assert_string_equal(stepper_alarm(b.s), stopped);
    stand(&b, t->resume);
    assert_string_equal(stepper_alarm(b.s), "");
    stand(&b, t->fill_2);
    assert_shows(&b, STEPPER_SUMMARY, "market clock");
    assert_shows(&b, STEPPER_ACCOUNTS, "assets:cash");
    assert_shows(&b, STEPPER_POSITIONS, STORY_PUT "   -3 ");
    assert_shows(&b, STEPPER_ORDERS, "np-1");
    assert_shows(&b, STEPPER_LIMITS, "margin_use");
    assert_shows(&b, STEPPER_STRATEGY, "naked_put");
    assert_shows(&b, STEPPER_CHAIN, STORY_FAR_PUT);
    stand(&b, t->fill_1); /* the state of another entry is another */
    assert_shows(&b, STEPPER_POSITIONS, STORY_PUT "   -2 ");
    stand(&b, t->deposit);
    assert_shows(&b, STEPPER_POSITIONS, "none");
    assert_shows(&b, STEPPER_CHAIN, "nothing had been told of GOOG");
    stepper_rest(b.s);
    stand(&b, t->stop);
    assert_string_equal(stepper_alarm(b.s), stopped);
    bench_release(&b);
}

static void test_what_is_appended_is_seen_when_asked_for(void **state)
{
    struct bench b;
    uint64_t added = 0;

    (void)state;
    bench_init(&b);
    const uint64_t size = stepper_size(b.s);
    assert_shows(&b, STEPPER_WHY, "follows from");
    stepper_rest(b.s);
    story_next_day(&b.story);
    assert_stays(&b, stepper_step(b.s, 1, &b.why), "r looks for newer ones");
    assert_int_equal(stepper_size(b.s), size);
    SCRATCH_OK(stepper_refresh(b.s, &added, err));
    assert_int_equal(added, stepper_size(b.s) - size);
    assert_int_equal(stepper_seq(b.s), size);
    SCRATCH_OK(stepper_next(b.s, STEPPER_ORDER, true, err));
    assert_int_equal(stepper_seq(b.s), b.story.back_fill);
    SCRATCH_OK(stepper_refresh(b.s, &added, err));
    assert_int_equal(added, 0);
    bench_release(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_step_is_one_entry_and_ends_at_the_ends),
        cmocka_unit_test(test_decisions_breaches_and_orders_are_found_both_ways),
        cmocka_unit_test(test_a_breach_is_what_was_refused_failed_tripped_or_stopped),
        cmocka_unit_test(test_a_place_is_named_by_number_or_by_time),
        cmocka_unit_test(test_a_place_that_is_none_is_refused_in_words),
        cmocka_unit_test(test_a_time_is_where_a_replay_to_it_ends),
        cmocka_unit_test(test_a_search_finds_symbols_words_ids_and_actors),
        cmocka_unit_test(test_a_search_can_be_given_up),
        cmocka_unit_test(test_causes_lead_back_and_jumps_are_remembered),
        cmocka_unit_test(test_rows_say_what_entries_are),
        cmocka_unit_test(test_panes_show_the_entry_its_causes_and_the_state_after_it),
        cmocka_unit_test(test_what_is_appended_is_seen_when_asked_for),
    };
    const int without = cmocka_run_group_tests_name("without an index", tests, NULL, NULL);
    use_index = true;
    return without + cmocka_run_group_tests_name("with an index", tests, NULL, NULL);
}
