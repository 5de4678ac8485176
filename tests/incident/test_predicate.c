/* Predicates: how they are read, what they see, and where they are wrong. */
#include "incident/predicate.h"

#include "reports/story.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct err why;

static void parse(struct predicate *p, const char *text)
{
    if (predicate_parse(p, text, strlen(text), &why)) {
        fprintf(stderr, "%s: %s\n", text, why.text);
        fail();
    }
}

static void assert_text(const char *text, const char *canonical)
{
    struct predicate p;
    struct predicate again;
    struct words w;

    parse(&p, text);
    words_init(&w);
    predicate_text(&p, &w);
    assert_string_equal(words_get(&w), canonical);
    parse(&again, canonical);
    assert_memory_equal(&p, &again, sizeof p);
    words_release(&w);
}

static void test_not_binds_closer_than_and_and_closer_than_or(void **state)
{
    (void)state;
    assert_text("stopped", "stopped");
    assert_text("  cash<100000 ", "cash < 100000");
    assert_text("not stopped and running or breaker tripped",
                "((not stopped and running) or breaker tripped)");
    assert_text("stopped or running and not breaker  tripped",
                "(stopped or (running and not breaker tripped))");
    assert_text("not (stopped or running)", "not (stopped or running)");
    assert_text("not not stopped", "not not stopped");
    assert_text("((stopped))", "stopped");
    assert_text("stopped and running and stopped", "((stopped and running) and stopped)");
    assert_text("stopped or running or stopped and running",
                "((stopped or running) or (stopped and running))");
}

static void test_numbers_are_of_their_quantity(void **state)
{
    (void)state;
    assert_text("position(GOOG) < -20", "position(GOOG) < -20");
    assert_text("position( GOOG ) == 0", "position(GOOG) = 0");
    assert_text("margin_use > 60 %", "margin_use > 0.6");
    assert_text("margin_use>0.625", "margin_use > 0.625");
    assert_text("drawdown >= 1.5%", "drawdown >= 0.015");
    assert_text("equity != 999999.999999", "equity != 999999.999999");
    assert_text("bid(" STORY_PUT ") <= 0.05", "bid(" STORY_PUT ") <= 0.05");
}

static void test_what_is_wrong_is_told_with_its_column(void **state)
{
    static const struct {
        const char *text;
        const char *column;
        const char *what;
    } rows[] = {
        {"", "column 1:", "it ends where a quantity"},
        {"   ", "column 4:", "it ends where a quantity"},
        {"stopped and", "column 12:", "it ends where a quantity"},
        {"weather > 3", "column 1:", "\"weather\" is no quantity; there are position(SYMBOL), "},
        {"breaker", "column 1:", "\"breaker\" is no quantity"},
        {"stopped = 1", "column 9:", "and, or, ) or the end is expected"},
        {"cash", "column 5:", "one of < <= > >= = != is expected"},
        {"cash 5", "column 6:", "one of < <="},
        {"cash <", "column 7:", "a number is expected"},
        {"cash < ten", "column 8:", "a number is expected"},
        {"cash < 1.0000001", "column 8:", "decimals"},
        {"position(GOOG) < 1.5", "column 18:", "decimal"},
        {"cash < 5 %", "column 10:", "no rate"},
        {"cash < 99999999999999999999", "column 8:", "range"},
        {"open_orders > -9223372036854775808", "column 15:", "out of range"},
        {"position < 5", "column 10:", "( with a symbol"},
        {"position(GOOG < 5", "column 9:", "not closed"},
        {"position(goog!) < 5", "column 10:", "a ticker or an OCC symbol"},
        {"position() < 5", "column 10:", "a ticker or an OCC symbol"},
        {"(stopped", "column 9:", "it ends where ) is expected"},
        {"stopped)", "column 8:", "closes nothing"},
        {"()", "column 2:", "a quantity, not or ( is expected"},
        {"stopped running", "column 9:", "and, or, ) or the end"},
        {"stopped not running", "column 9:", "and, or, ) or the end"},
        {"and stopped", "column 1:", "\"and\" is no quantity"},
        {"stopped ; rm", "column 9:", "and, or, ) or the end"},
    };
    struct predicate p;

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(predicate_parse(&p, rows[i].text, strlen(rows[i].text), &why), ERR_INPUT);
        if (!strstr(why.text, rows[i].column) || !strstr(why.text, rows[i].what))
            fprintf(stderr, "\"%s\": %s\n", rows[i].text, why.text);
        assert_non_null(strstr(why.text, rows[i].column));
        assert_non_null(strstr(why.text, rows[i].what));
    }
}

static void test_there_is_an_end_to_everything(void **state)
{
    char text[PREDICATE_TEXT_MAX + 2];
    struct predicate p;

    (void)state;
    memset(text, '(', sizeof text);
    assert_int_equal(predicate_parse(&p, text, 600, &why), ERR_INPUT);
    assert_non_null(strstr(why.text, "too deep"));
    assert_int_equal(predicate_parse(&p, text, PREDICATE_TEXT_MAX + 1, &why), ERR_INPUT);
    assert_non_null(strstr(why.text, "too long"));
    size_t n = 0;
    for (unsigned i = 0; i <= PREDICATE_LEAVES_MAX; i++)
        n += (size_t)snprintf(text + n, sizeof text - n, "%sstopped", i ? " or " : "");
    assert_int_equal(predicate_parse(&p, text, n, &why), ERR_INPUT);
    assert_non_null(strstr(why.text, "too much"));
    assert_int_equal(predicate_parse(&p, text, n - strlen(" or stopped"), &why), ERR_OK);
}

struct bench {
    struct story story;
    struct journal_reader *reader;
    struct book book;
};

static void bench_init(struct bench *b)
{
    memset(b, 0, sizeof *b);
    story_init(&b->story);
    SCRATCH_OK(journal_reader_begin(b->story.journal, &b->reader, err));
    SCRATCH_OK(book_init(&b->book, err));
}

static void bench_release(struct bench *b)
{
    book_release(&b->book);
    journal_reader_end(b->reader);
    story_release(&b->story);
}

static void assert_holds(const struct bench *b, const char *text, bool expected)
{
    struct predicate p;
    bool holds = !expected;

    parse(&p, text);
    SCRATCH_OK(predicate_holds(&p, &b->book, &holds, err));
    if (holds != expected)
        fprintf(stderr, "%s\n", text);
    assert_int_equal(holds, expected);
}

static void test_a_story_is_asked(void **state)
{
    struct bench b;

    (void)state;
    bench_init(&b);
    SCRATCH_OK(book_load(&b.book, b.reader, b.story.fill_2, NULL, NULL, err));
    assert_holds(&b, "position(GOOG) = -3", true);
    assert_holds(&b, "position(" STORY_PUT ") < -2 and position(" STORY_FAR_PUT ") = 0", true);
    assert_holds(&b, "position(AAPL) != 0", false);
    assert_holds(&b, "shares(GOOG) = 0", true);
    assert_holds(&b, "cash = 1000118.96 and equity = 999976.46", true);
    assert_holds(&b, "profit = -23.54 and drawdown > 0 and drawdown < 0.01 %", true);
    assert_holds(&b, "open_positions = 1 and open_orders = 0 and orders = 1", true);
    assert_holds(&b, "bid(" STORY_PUT ") = 0.40 and ask(" STORY_PUT ") = 0.55", true);
    assert_holds(&b, "price(GOOG) = 748.5", true);
    assert_holds(&b, "stopped or breaker tripped or running", false);
    assert_holds(&b, "fees = 2.04 and realized = 0", true);
    SCRATCH_OK(book_load(&b.book, b.reader, b.story.stop, NULL, NULL, err));
    assert_holds(&b, "stopped and not breaker tripped", true);
    bench_release(&b);
}

static void test_what_is_not_known_compares_with_nothing(void **state)
{
    struct bench b;
    struct words w;
    struct predicate p;

    (void)state;
    bench_init(&b);
    SCRATCH_OK(book_load(&b.book, b.reader, b.story.configured, NULL, NULL, err));
    assert_holds(&b, "price(GOOG) < 1000000", false);
    assert_holds(&b, "price(GOOG) >= 0", false);
    assert_holds(&b, "price(GOOG) != 5", false);
    assert_holds(&b, "day_return < 1 or drawdown < 1 or profit < 1 or margin_use < 1", false);
    words_init(&w);
    parse(&p, "price(GOOG) < 1 or price(GOOG) > 2 or cash < 0 or stopped or drawdown > 0");
    SCRATCH_OK(predicate_say(&p, &b.book, &w, err));
    assert_string_equal(words_get(&w), "price(GOOG) not known, cash 0.00, stopped no, drawdown not known");
    words_release(&w);
    bench_release(&b);
}

static void test_every_quantity_has_an_answer_in_every_state(void **state)
{
    const struct predicate_quantity *q;
    struct bench b;

    (void)state;
    bench_init(&b);
    for (uint64_t seq = 1; seq <= b.story.day_last; seq++) {
        SCRATCH_OK(book_load(&b.book, b.reader, seq, NULL, NULL, err));
        for (unsigned i = 0; (q = predicate_quantity(i)); i++) {
            const struct predicate_leaf leaf = {.quantity = i,
                                                .symbol = q->takes_symbol ? entries_symbol("GOOG")
                                                                          : (struct symbol){.length = 0}};
            int64_t value = 0;
            SCRATCH_OK(predicate_value(&leaf, &b.book, &value, err));
        }
    }
    bench_release(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_not_binds_closer_than_and_and_closer_than_or),
        cmocka_unit_test(test_numbers_are_of_their_quantity),
        cmocka_unit_test(test_what_is_wrong_is_told_with_its_column),
        cmocka_unit_test(test_there_is_an_end_to_everything),
        cmocka_unit_test(test_a_story_is_asked),
        cmocka_unit_test(test_what_is_not_known_compares_with_nothing),
        cmocka_unit_test(test_every_quantity_has_an_answer_in_every_state),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
