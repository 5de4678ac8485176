/* A state as tables, seen at moments of the journal of story.h. */
#include "reports/state_view.h"

#include "story.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

struct bench {
    struct story story;
    struct journal_reader *reader;
    struct book book;
    struct state_view view;
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
    state_view_release(&b->view);
    book_release(&b->book);
    journal_reader_end(b->reader);
    story_release(&b->story);
}

/* The book may only go on. */
static void look(struct bench *b, uint64_t seq, enum state_section section, const char *about)
{
    struct symbol s;

    state_view_release(&b->view);
    if (about)
        s = entries_symbol(about);
    SCRATCH_OK(book_load(&b->book, b->reader, seq, NULL, NULL, err));
    SCRATCH_OK(state_view_make(&b->view, &b->book, section, about ? &s : NULL, err));
}

static const char *text_of(const struct state_cell *c)
{
    static char texts[4][256];
    static unsigned next;
    char *const text = texts[next++ % 4];
    struct words w;

    words_init(&w);
    state_cell_words(c, &w);
    snprintf(text, 256, "%s", words_get(&w));
    words_release(&w);
    return text;
}

/* The row whose first cells are these; `second` may be NULL. */
static const struct state_row *row_of(const struct bench *b, const char *first, const char *second)
{
    for (size_t i = 0; i < b->view.count; i++) {
        const struct state_cell *const c = b->view.rows[i].cells;
        if (strcmp(text_of(&c[0]), first) == 0 && (!second || strcmp(text_of(&c[1]), second) == 0))
            return &b->view.rows[i];
    }
    fprintf(stderr, "no row %s %s\n", first, second ? second : "");
    fail();
    return NULL;
}

static const struct state_cell *cell_of(const struct bench *b, const struct state_row *row,
                                        const char *column)
{
    for (size_t i = 0; i < b->view.column_count; i++) {
        if (strcmp(b->view.columns[i].name, column) == 0)
            return &row->cells[i];
    }
    fail();
    return NULL;
}

static void assert_cell(const struct bench *b, const struct state_row *row, const char *column,
                        const char *text, uint64_t seq)
{
    const struct state_cell *const c = cell_of(b, row, column);

    assert_string_equal(text_of(c), text);
    assert_true(seq == 0 || (c->from && sources_hold(c->from, seq)));
}

static void test_a_position_names_its_fills_and_its_mark(void **state)
{
    struct bench b;

    (void)state;
    bench_init(&b);
    const struct story *const s = &b.story;
    look(&b, s->fill_1, STATE_POSITIONS, NULL);
    assert_int_equal(b.view.count, 1);
    const struct state_row *row = row_of(&b, STORY_PUT, NULL);
    assert_cell(&b, row, "qty", "-2", s->fill_1);
    assert_cell(&b, row, "average_price", "0.40", s->fill_1);
    assert_cell(&b, row, "mark", "0.475", s->put_quote);
    assert_cell(&b, row, "closing_price", "0.55", s->put_quote);
    assert_cell(&b, row, "unrealized", "-15.00", s->fill_1);
    assert_cell(&b, row, "loss_room", "485.00", s->put_quote);
    look(&b, s->fill_2, STATE_POSITIONS, NULL);
    row = row_of(&b, STORY_PUT, NULL);
    assert_cell(&b, row, "qty", "-3", s->fill_2);
    assert_cell(&b, row, "average_price", "0.403333333", s->fill_1);
    assert_cell(&b, row, "average_price", "0.403333333", s->fill_2);
    bench_release(&b);
}

static void test_the_summary_says_where_the_journal_is(void **state)
{
    struct bench b;

    (void)state;
    bench_init(&b);
    const struct story *const s = &b.story;
    look(&b, s->deposit, STATE_SUMMARY, NULL);
    assert_cell(&b, row_of(&b, "market clock", NULL), "value", "-", 0);
    assert_cell(&b, row_of(&b, "cash", NULL), "value", "1000000.00", s->deposit);
    look(&b, s->stop, STATE_SUMMARY, NULL);
    assert_cell(&b, row_of(&b, "stopped", NULL), "value", "yes", s->stop);
    assert_true(row_of(&b, "stopped", NULL)->is_alert);
    assert_cell(&b, row_of(&b, "cash", NULL), "value", "1000118.96", s->fill_2);
    assert_cell(&b, row_of(&b, "equity", NULL), "value", "999976.46", s->put_quote);
    assert_cell(&b, row_of(&b, "opening equity", NULL), "value", "1000000.00", s->equity);
    assert_cell(&b, row_of(&b, "profit of the day", NULL), "value", "-23.54", s->equity);
    const struct state_row *const configuration = row_of(&b, "configuration", NULL);
    assert_int_equal(cell_of(&b, configuration, "value")->number, s->configured);
    look(&b, s->resume, STATE_SUMMARY, NULL);
    assert_cell(&b, row_of(&b, "stopped", NULL), "value", "no", 0);
    bench_release(&b);
}

static void test_orders_end_where_they_ended(void **state)
{
    struct bench b;

    (void)state;
    bench_init(&b);
    const struct story *const s = &b.story;
    look(&b, s->order, STATE_ORDERS, NULL);
    assert_cell(&b, row_of(&b, "np-1", NULL), "status", "sent", s->order);
    assert_cell(&b, row_of(&b, "np-1", NULL), "closing_price", "0.40", s->put_quote);
    look(&b, s->fill_1, STATE_ORDERS, NULL);
    assert_cell(&b, row_of(&b, "np-1", NULL), "filled_qty", "2", s->fill_1);
    look(&b, s->cancelled, STATE_ORDERS, NULL);
    assert_cell(&b, row_of(&b, "np-3", NULL), "status", "cancelled", s->cancelled);
    assert_cell(&b, row_of(&b, "np-1", NULL), "status", "filled", s->fill_2);
    state_view_release(&b.view);
    SCRATCH_OK(state_view_open_orders(&b.view, &b.book, err));
    assert_int_equal(b.view.count, 0);
    state_view_release(&b.view);
    SCRATCH_OK(state_view_all_orders(&b.view, &b.book, err));
    assert_int_equal(b.view.count, 2);
    bench_release(&b);
}

static void test_a_chain_shows_what_was_quoted_and_how_long_ago(void **state)
{
    struct bench b;

    (void)state;
    bench_init(&b);
    const struct story *const s = &b.story;
    look(&b, s->tick, STATE_CHAIN, "GOOG");
    assert_int_equal(b.view.count, 3); /* the underlying and two puts */
    const struct state_row *const row = row_of(&b, STORY_PUT, NULL);
    assert_cell(&b, row, "bid", "0.40", s->put_quote);
    assert_cell(&b, row, "ask_size", "8", s->put_quote);
    assert_cell(&b, row, "age_s", "80 s", s->tick);
    assert_cell(&b, row, "days", "15", 0);
    assert_cell(&b, row, "is_live", "yes", 0);
    assert_cell(&b, row, "open_interest", "-", 0); /* never told, which is not none */
    look(&b, s->tick, STATE_CHAIN, STORY_PUT);
    assert_int_equal(b.view.count, 1);
    bench_release(&b);
}

static void test_limits_are_those_of_the_governor_with_what_is_left(void **state)
{
    struct bench b;

    (void)state;
    bench_init(&b);
    const struct story *const s = &b.story;
    look(&b, s->fill_2, STATE_LIMITS, NULL);
    const struct state_row *row = row_of(&b, "account", "open_positions");
    assert_cell(&b, row, "value", "2", s->fill_1);
    assert_cell(&b, row, "bound", "10", s->configured);
    assert_cell(&b, row, "room", "8", 0);
    assert_cell(&b, row, "holds", "yes", 0);
    assert_cell(&b, row_of(&b, "account", "margin_use"), "bound", "80.00 %", s->configured);
    assert_cell(&b, row_of(&b, "account", "loss left, dollars"), "room", "19976.46", s->equity);
    assert_cell(&b, row_of(&b, "GOOG", "underlying_age"), "value", "90 s", s->stock_quote);
    assert_cell(&b, row_of(&b, "the order", "order_qty"), "bound", "50", s->configured);
    look(&b, s->fill_2, STATE_LIMITS, STORY_FAR_PUT);
    assert_non_null(strstr(b.view.title, "sells 3 " STORY_FAR_PUT));
    assert_non_null(strstr(b.view.title, "allowed"));
    look(&b, s->stop, STATE_LIMITS, STORY_FAR_PUT);
    assert_non_null(strstr(b.view.title, "refused"));
    row = row_of(&b, STORY_FAR_PUT, "stopped");
    assert_true(row->is_alert);
    assert_cell(&b, row, "value", "yes", s->stop);
    bench_release(&b);
}

static void test_the_strategy_says_what_it_would_and_changes_nothing(void **state)
{
    struct bench b;

    (void)state;
    bench_init(&b);
    const struct story *const s = &b.story;
    look(&b, s->no_trade, STATE_STRATEGY, NULL);
    const struct hash before = book_digest(&b.book);
    assert_cell(&b, row_of(&b, "GOOG", "last told no trade"), "value", "2015-12-24 09:40:00", s->no_trade);
    assert_cell(&b, row_of(&b, "GOOG", "price_above_sma20"), "value", "-", 0); /* no closes in this story */
    assert_non_null(strstr(text_of(cell_of(&b, row_of(&b, "GOOG", "would"), "value")), "not trade"));
    look(&b, s->no_trade, STATE_STRATEGY, NULL);
    look(&b, s->no_trade, STATE_SETTINGS, NULL);
    assert_cell(&b, row_of(&b, "strategy.contracts", NULL), "value", "3", s->configured);
    const struct hash after = book_digest(&b.book);
    assert_memory_equal(&before, &after, sizeof before);
    bench_release(&b);
}

static void test_an_empty_journal_has_a_state_too(void **state)
{
    struct bench b;

    (void)state;
    bench_init(&b);
    for (enum state_section i = STATE_SUMMARY; i < STATE_SECTIONS; i++)
        look(&b, 1, i, i == STATE_CHAIN ? "GOOG" : NULL);
    bench_release(&b);
}

static void test_text_and_json_are_of_the_same_cells(void **state)
{
    struct bench b;
    struct state_widths widths;
    struct words w;
    struct json_out out;

    (void)state;
    bench_init(&b);
    look(&b, b.story.fill_1, STATE_ACCOUNTS, NULL);
    words_init(&w);
    state_view_widths(&b.view, &widths);
    state_view_heading(&b.view, &widths, &w);
    assert_string_equal(words_get(&w),
                        "account            symbol                 balance (debit +)  from entry");
    words_clear(&w);
    state_view_row(&b.view, 0, &widths, &w);
    char line[128];
    snprintf(line, sizeof line, "assets:cash                                      1000078.64  %llu",
             (unsigned long long)b.story.fill_1);
    assert_string_equal(words_get(&w), line);
    json_out_init(&out);
    state_view_json(&b.view, &out);
    char json[160];
    snprintf(json, sizeof json,
             "[{\"account\":\"assets:cash\",\"symbol\":\"\",\"balance\":\"1000078.64\",\"from\":{\"balance\":"
             "[%llu]}},",
             (unsigned long long)b.story.fill_1);
    assert_memory_equal(out.bytes, json, strlen(json));
    json_out_release(&out);
    words_release(&w);
    bench_release(&b);
}

static void test_a_part_that_is_none_is_told_with_those_there_are(void **state)
{
    enum state_section s = STATE_ORDERS;
    struct err why = {.code = ERR_OK};

    (void)state;
    assert_int_equal(state_section_find("limits", &s, &why), ERR_OK);
    assert_int_equal(s, STATE_LIMITS);
    assert_int_equal(state_section_find("Limits", &s, &why), ERR_NOT_FOUND);
    assert_non_null(strstr(why.text, "summary, accounts"));
    assert_int_equal(s, STATE_LIMITS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_position_names_its_fills_and_its_mark),
        cmocka_unit_test(test_the_summary_says_where_the_journal_is),
        cmocka_unit_test(test_orders_end_where_they_ended),
        cmocka_unit_test(test_a_chain_shows_what_was_quoted_and_how_long_ago),
        cmocka_unit_test(test_limits_are_those_of_the_governor_with_what_is_left),
        cmocka_unit_test(test_the_strategy_says_what_it_would_and_changes_nothing),
        cmocka_unit_test(test_an_empty_journal_has_a_state_too),
        cmocka_unit_test(test_text_and_json_are_of_the_same_cells),
        cmocka_unit_test(test_a_part_that_is_none_is_told_with_those_there_are),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
