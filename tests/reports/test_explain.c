/* Why: told from the journal of story.h, step by step. */
#include "reports/explain.h"

#include "story.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* What is told must not depend on whether the index is there, half there, or not. */
enum indexing { WITHOUT_INDEX, WITH_HALF_AN_INDEX, WITH_INDEX };
static enum indexing indexing;

struct bench {
    struct story story;
    struct index *index;
    struct journal_reader *reader;
    struct explanation x;
    struct err why;
};

static volatile int had_enough;

static void stop_after_a_batch(void *context, uint64_t done, uint64_t total)
{
    (void)context;
    had_enough = done < total;
}

static struct index *index_of(struct journal *j, uint32_t size)
{
    const struct index_options half = {
        .batch = size / 2 + 1, .interrupted = &had_enough, .progress = stop_after_a_batch};
    const struct index_options whole = {.batch = 0};
    struct index_report report;
    struct index *x = NULL;

    if (indexing == WITHOUT_INDEX)
        return NULL;
    had_enough = 0;
    SCRATCH_OK(index_open(j, INDEX_WRITE, &x, err));
    SCRATCH_OK(index_catch_up(x, indexing == WITH_INDEX ? &whole : &half, &report, err));
    assert_int_equal(report.indexed, indexing == WITH_INDEX ? size : size / 2 + 1);
    return x;
}

static void bench_init(struct bench *b)
{
    memset(b, 0, sizeof *b);
    story_init(&b->story);
    SCRATCH_OK(journal_reader_begin(b->story.journal, &b->reader, err));
    b->index = index_of(b->story.journal, (uint32_t)journal_reader_size(b->reader));
}

static void bench_release(struct bench *b)
{
    explanation_release(&b->x);
    journal_reader_end(b->reader);
    index_close(b->index);
    story_release(&b->story);
}

static void assert_step(const struct bench *b, size_t i, uint64_t seq, const char *stage, const char *text)
{
    assert_true(i < b->x.count);
    assert_int_equal(b->x.steps[i].seq, seq);
    assert_string_equal(b->x.steps[i].stage, stage);
    if (!strstr(b->x.steps[i].text, text))
        fprintf(stderr, "step %zu: \"%s\" lacks \"%s\"\n", i, b->x.steps[i].text, text);
    assert_non_null(strstr(b->x.steps[i].text, text));
}

static void test_an_order_is_told_from_perception_to_fill(void **state)
{
    struct bench b;

    (void)state;
    bench_init(&b);
    const struct story *const s = &b.story;
    SCRATCH_OK(explain_order(b.index, b.reader, "np-1", &b.x, err));
    assert_string_equal(b.x.title, "order np-1: sell 3 " STORY_PUT " at 0.40: filled, 3 of 3 filled");
    assert_int_equal(b.x.count, 10);
    assert_step(
        &b, 0, s->stock_quote, "perception",
        "GOOG bid 748.40 x 100, ask 748.60 x 200; the underlying's price was 748.50, the middle of the "
        "quote, 90 s old");
    assert_step(&b, 1, s->put_quote, "perception",
                STORY_PUT " bid 0.40 x 2, ask 0.55 x 8; the quote that was known, 80 s old");
    assert_step(&b, 2, s->tick, "perception", "the market's clock: tick of session 2015-12-24");
    assert_step(&b, 3, s->candidates, "candidates", "GOOG at 748.50: 1 of 2 contracts met every criterion");
    assert_string_equal(b.x.steps[3].details,
                        " 1. " STORY_PUT
                        " premium 0.40, margin 6240.00, premium per margin 0.64 %, 17.17 % out "
                        "of the money, 15 days\n");
    assert_step(&b, 4, s->enter, "decision",
                "open: sell 3 " STORY_PUT
                " at 0.40 or better, confidence 25.00 %: Sell 3 GOOG puts at the bid, "
                "\"cheap\", really:\\nthe best of 1.");
    assert_int_equal(b.x.steps[4].checks->count, 2);
    assert_step(&b, 5, s->verdict, "verdict", "allowed: 2 of 2 limits held");
    assert_int_equal(b.x.steps[5].checks->count, 3);
    assert_step(&b, 6, s->order, "order", "order np-1: sell 3 " STORY_PUT " at 0.40 or better");
    assert_step(&b, 7, s->acknowledged, "acknowledged", "the broker has it as number b-77");
    assert_step(&b, 8, s->fill_1, "fill",
                "sold 2 " STORY_PUT " at 0.40, fee 1.36 (fill f-1); assets:cash +80.00, positions:" STORY_PUT
                " -80.00, ");
    assert_step(&b, 8, s->fill_1, "fill", "; position now -2 at 0.40, realized 0.00");
    assert_step(&b, 9, s->fill_2, "fill", "; position now -3 at 0.403333333, realized 0.00");
    bench_release(&b);
}

static const struct explain_number *number_of(const struct explain_step *s, const char *name)
{
    for (size_t i = 0; i < s->number_count; i++) {
        if (strcmp(s->numbers[i].name, name) == 0)
            return &s->numbers[i];
    }
    fprintf(stderr, "no number %s\n", name);
    fail();
    return NULL;
}

static void assert_from(const struct sources *s, const char *text)
{
    struct words w;

    words_init(&w);
    sources_say(&w, s);
    assert_string_equal(words_get(&w), text);
    words_release(&w);
}

static const char *of_entry(const char *note, uint64_t seq)
{
    static char texts[4][128];
    static unsigned next;
    char *const text = texts[next++ % 4];

    snprintf(text, 128, "%s%sentry %llu", note, note[0] ? " of " : "", (unsigned long long)seq);
    return text;
}

static void test_each_number_is_told_with_the_entry_that_it_is_from(void **state)
{
    struct bench b;

    (void)state;
    bench_init(&b);
    const struct story *const s = &b.story;
    SCRATCH_OK(explain_order(b.index, b.reader, "np-1", &b.x, err));
    SCRATCH_OK(explain_sources(&b.x, b.reader, err));
    assert_null(b.x.steps[1].numbers); /* what was perceived is its own source */
    assert_from(&number_of(&b.x.steps[3], "price of GOOG")->from, of_entry("", s->stock_quote));
    assert_from(&number_of(&b.x.steps[3], "premium of " STORY_PUT)->from, of_entry("", s->put_quote));
    assert_int_equal(number_of(&b.x.steps[3], "premium of " STORY_PUT)->value, entries_price("0.40"));
    assert_from(&number_of(&b.x.steps[3], "days of " STORY_PUT)->from,
                of_entry("the symbol's expiry, and the clock", s->tick));
    const struct explain_step *const enter = &b.x.steps[4];
    assert_from(&number_of(enter, "qty")->from, of_entry("strategy.contracts", s->configured));
    assert_from(&number_of(enter, "limit")->from, of_entry("the bid", s->put_quote));
    assert_from(&number_of(enter, "premium_least")->from, of_entry("", s->put_quote));
    assert_from(&number_of(enter, "premium_least")->bound_from,
                of_entry("strategy.premium_min", s->configured));
    const struct explain_step *const verdict = &b.x.steps[5];
    assert_from(&number_of(verdict, "stopped")->from, "no stop is in force");
    assert_from(&number_of(verdict, "margin_use")->bound_from, of_entry("risk.margin_use", s->configured));
    assert_true(sources_hold(&number_of(verdict, "margin_use")->from, s->enter));
    assert_from(&number_of(&b.x.steps[6], "qty")->from, of_entry("", s->enter));
    bench_release(&b);
}

static void test_a_number_without_a_source_says_so(void **state)
{
    const struct check unheard = {
        .name = id_from("phase_of_the_moon"), .unit = UNIT_COUNT, .rule = RULE_AT_MOST};
    struct bench b;
    struct book book;
    struct sources value;
    struct sources bound;

    (void)state;
    bench_init(&b);
    SCRATCH_OK(book_init(&book, err));
    const struct sources_ask ask = {.book = &book};
    sources_of_check(&ask, &unheard, &value, &bound);
    assert_from(&value, "not named by the state");
    const struct check loss = {.name = id_from("daily_loss"), .unit = UNIT_RATE, .rule = RULE_AT_LEAST};
    sources_of_check(&ask, &loss, &value, &bound);
    assert_from(&bound, "the program's default, for no entry configures it");
    book_release(&book);
    bench_release(&b);
}

static void test_a_refused_and_a_cancelled_order_end_where_they_ended(void **state)
{
    struct bench b;

    (void)state;
    bench_init(&b);
    SCRATCH_OK(explain_order(b.index, b.reader, "np-2", &b.x, err));
    assert_string_equal(b.x.title, "order np-2: was never sent");
    assert_step(&b, b.x.count - 1, b.story.refused, "verdict", "REFUSED: 1 of 2 limits held");
    explanation_release(&b.x);
    SCRATCH_OK(explain_order(b.index, b.reader, "np-3", &b.x, err));
    assert_non_null(strstr(b.x.title, ": cancelled, 0 of 1 filled"));
    assert_step(&b, b.x.count - 2, b.story.cancel, "cancel", "emergency stop");
    assert_step(&b, b.x.count - 1, b.story.cancelled, "cancelled", "as asked");
    bench_release(&b);
}

static void test_an_unknown_order_names_those_that_are_near(void **state)
{
    struct bench b;
    struct story empty;

    (void)state;
    bench_init(&b);
    assert_int_equal(explain_order(b.index, b.reader, "np-11", &b.x, &b.why), ERR_NOT_FOUND);
    assert_string_equal(b.why.text, "there is no order \"np-11\"; of 3 orders the nearest: np-1, np-2, np-3");
    assert_int_equal(explain_order(b.index, b.reader, "n p", &b.x, &b.why), ERR_NOT_FOUND);
    assert_int_equal(explain_order(b.index, b.reader, "", &b.x, &b.why), ERR_NOT_FOUND);
    bench_release(&b);
    story_begin(&empty);
    struct journal_reader *r = NULL;
    SCRATCH_OK(journal_reader_begin(empty.journal, &r, err));
    assert_int_equal(explain_order(NULL, r, "np-1", &b.x, &b.why), ERR_NOT_FOUND);
    assert_string_equal(b.why.text, "there is no order \"np-1\": the journal has no orders");
    journal_reader_end(r);
    story_release(&empty);
}

static void test_any_entry_has_its_chain(void **state)
{
    struct bench b;
    char want[128];

    (void)state;
    bench_init(&b);
    const struct story *const s = &b.story;
    SCRATCH_OK(explain_entry(b.index, b.reader, s->enter, &b.x, err));
    snprintf(want, sizeof want, "entry %llu, decision.enter: follows from 2 entries, and 5 follow from it",
             (unsigned long long)s->enter);
    assert_string_equal(b.x.title, want);
    assert_step(&b, 0, s->tick, "perception", "");
    assert_step(&b, 2, s->enter, "decision", "");
    assert_step(&b, 7, s->fill_2, "fill", "");
    explanation_release(&b.x);
    SCRATCH_OK(explain_entry(b.index, b.reader, s->stop, &b.x, err));
    assert_int_equal(b.x.count, 3); /* stop, cancel, cancelled */
    explanation_release(&b.x);
    assert_int_equal(explain_entry(b.index, b.reader, s->day_last + 1, &b.x, &b.why), ERR_NOT_FOUND);
    bench_release(&b);
}

static const struct check *find_check(const struct explain_step *step, const char *name)
{
    for (unsigned i = 0; step->checks && i < step->checks->count; i++) {
        if (id_is(&step->checks->rows[i].name, name))
            return &step->checks->rows[i];
    }
    return NULL;
}

static void test_a_look_without_a_trade_shows_every_gate(void **state)
{
    const struct symbol goog = entries_symbol("GOOG");
    struct bench b;

    (void)state;
    bench_init(&b);
    SCRATCH_OK(
        explain_no_trade(b.index, b.reader, &goog, entries_instant("2015-12-24T15:30:00Z"), &b.x, err));
    assert_non_null(strstr(b.x.title, "GOOG: the newest look at or before 2015-12-24 10:30:00 is entry"));
    assert_non_null(strstr(b.x.title, "at 2015-12-24 09:40:00 New York: no trade"));
    const struct explain_step *const look = &b.x.steps[b.x.count - 1];
    assert_step(&b, b.x.count - 1, b.story.no_trade, "no trade", "No entry in GOOG at 748.50");
    assert_string_equal(look->details, "2 contracts looked at, 0 met every criterion\n"
                                       "1 contract failed first: otm\n"
                                       "1 contract failed first: held\n");
    assert_int_equal(find_check(look, "price_above_sma20")->value, entries_price("748.50"));
    assert_int_equal(find_check(look, "price_above_sma20")->bound, entries_price("740.25"));
    explanation_release(&b.x);
    SCRATCH_OK(explain_no_trade(b.index, b.reader, &goog, INSTANT_NONE, &b.x, err)); /* the newest there is */
    assert_non_null(strstr(b.x.title, "GOOG: the newest look is entry"));
    assert_int_equal(b.x.steps[b.x.count - 1].seq, b.story.no_trade);
    bench_release(&b);
}

static void test_a_contract_is_held_against_every_criterion(void **state)
{
    const struct symbol far_put = entries_symbol(STORY_FAR_PUT);
    const struct symbol put = entries_symbol(STORY_PUT);
    const struct symbol unknown = entries_symbol("GOOG  160115P00620000");
    const int64_t at_ns = entries_instant("2015-12-24T14:40:00Z"); /* the very moment of the look */
    struct bench b;

    (void)state;
    bench_init(&b);
    SCRATCH_OK(explain_no_trade(b.index, b.reader, &far_put, at_ns, &b.x, err));
    const struct explain_step *step = &b.x.steps[b.x.count - 1];
    assert_step(&b, b.x.count - 1, b.story.no_trade, "contract", STORY_FAR_PUT " failed: ");
    /* 15 days; (748.50 - 500) / 748.50; the bid of 0.05 */
    assert_int_equal(find_check(step, "days_most")->value, 15);
    assert_int_equal(find_check(step, "days_most")->bound, 14);
    assert_false(find_check(step, "days_most")->ok);
    assert_int_equal(find_check(step, "otm_most")->value, entries_rate("0.331997328"));
    assert_false(find_check(step, "otm_most")->ok);
    assert_true(find_check(step, "otm_least")->ok);
    assert_int_equal(find_check(step, "premium_least")->value, entries_price("0.05"));
    assert_false(find_check(step, "premium_least")->ok);
    assert_true(find_check(step, "quote_has_bid")->ok);
    assert_true(find_check(step, "not_held")->ok);
    explanation_release(&b.x);

    SCRATCH_OK(explain_no_trade(b.index, b.reader, &put, at_ns, &b.x, err));
    step = &b.x.steps[b.x.count - 1];
    assert_false(find_check(step, "not_held")->ok); /* three were sold by then */
    assert_non_null(strstr(step->text, "not_held no = yes FAILED"));
    explanation_release(&b.x);

    SCRATCH_OK(explain_no_trade(b.index, b.reader, &unknown, at_ns, &b.x, err));
    assert_step(&b, b.x.count - 1, b.story.no_trade, "contract", "nothing had been told of it by then");
    bench_release(&b);
}

static void test_a_look_that_traded_says_so(void **state)
{
    const struct symbol put = entries_symbol(STORY_PUT);
    struct bench b;

    (void)state;
    bench_init(&b);
    SCRATCH_OK(explain_no_trade(b.index, b.reader, &put, entries_instant("2015-12-24T14:32:59Z"), &b.x, err));
    assert_non_null(strstr(b.x.title, "it found candidates and decided to trade"));
    bool ordered = false;
    for (size_t i = 0; i < b.x.count; i++)
        ordered |= b.x.steps[i].seq == b.story.order;
    assert_true(ordered);
    bench_release(&b);
}

static void test_nobody_looked_says_when_somebody_did(void **state)
{
    const struct symbol goog = entries_symbol("GOOG");
    const struct symbol aapl = entries_symbol("AAPL");
    struct bench b;

    (void)state;
    bench_init(&b);
    assert_int_equal(
        explain_no_trade(b.index, b.reader, &goog, entries_instant("2015-12-24T14:31:59Z"), &b.x, &b.why),
        ERR_NOT_FOUND);
    assert_string_equal(b.why.text,
                        "nobody had looked at GOOG by 2015-12-24T14:31:59Z; the first look of that "
                        "day is at 2015-12-24T14:32:00Z");
    assert_int_equal(
        explain_no_trade(b.index, b.reader, &goog, entries_instant("2015-12-28T15:00:00Z"), &b.x, &b.why),
        ERR_NOT_FOUND);
    assert_string_equal(b.why.text, "nobody looked at GOOG on the day of 2015-12-28T15:00:00Z; there are 2 "
                                    "looks, the newest at 2015-12-24T14:40:00Z");
    assert_int_equal(
        explain_no_trade(b.index, b.reader, &aapl, entries_instant("2015-12-24T15:00:00Z"), &b.x, &b.why),
        ERR_NOT_FOUND);
    assert_non_null(strstr(b.why.text, "no strategy ever looked at AAPL"));
    bench_release(&b);
}

static void test_json_has_the_same_steps(void **state)
{
    struct json_out out;
    struct bench b;

    (void)state;
    bench_init(&b);
    SCRATCH_OK(explain_order(b.index, b.reader, "np-1", &b.x, err));
    json_out_init(&out);
    explanation_json(&b.x, &out);
    SCRATCH_OK(json_out_done(&out, err));
    char *const text = calloc(1, out.size + 1);
    memcpy(text, out.bytes, out.size);
    assert_non_null(strstr(text, "{\"about\":\"order np-1: sell 3 " STORY_PUT));
    assert_non_null(strstr(text,
                           "{\"name\":\"premium_least\",\"value\":\"0.4\",\"rule\":\">=\",\"bound\":\"0.3\","
                           "\"unit\":\"price\",\"ok\":true}"));
    assert_non_null(strstr(text,
                           "{\"name\":\"stopped\",\"value\":false,\"rule\":\"=\",\"bound\":false,\"unit\":"
                           "\"flag\",\"ok\":true}"));
    assert_non_null(strstr(text, "\"stage\":\"fill\",\"text\":\"sold 2 "));
    free(text);
    json_out_release(&out);
    bench_release(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_order_is_told_from_perception_to_fill),
        cmocka_unit_test(test_each_number_is_told_with_the_entry_that_it_is_from),
        cmocka_unit_test(test_a_number_without_a_source_says_so),
        cmocka_unit_test(test_a_refused_and_a_cancelled_order_end_where_they_ended),
        cmocka_unit_test(test_an_unknown_order_names_those_that_are_near),
        cmocka_unit_test(test_any_entry_has_its_chain),
        cmocka_unit_test(test_a_look_without_a_trade_shows_every_gate),
        cmocka_unit_test(test_a_contract_is_held_against_every_criterion),
        cmocka_unit_test(test_a_look_that_traded_says_so),
        cmocka_unit_test(test_nobody_looked_says_when_somebody_did),
        cmocka_unit_test(test_json_has_the_same_steps),
    };

    int failed = 0;
    for (indexing = WITHOUT_INDEX; indexing <= WITH_INDEX; indexing++)
        failed += cmocka_run_group_tests(tests, NULL, NULL);
    return failed;
}
