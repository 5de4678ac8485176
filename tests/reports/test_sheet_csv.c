#include "reports/sheet_csv.h"

#include "support/journals.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static char written[4096];
static size_t written_size;

static enum err_code keep(void *context, const void *bytes, size_t size, struct err *err)
{
    (void)context;
    (void)err;
    assert_true(written_size + size < sizeof written);
    memcpy(written + written_size, bytes, size);
    written_size += size;
    written[written_size] = '\0';
    return ERR_OK;
}

static enum err_code refuse(void *context, const void *bytes, size_t size, struct err *err)
{
    (void)context;
    (void)bytes;
    (void)size;
    return err_set(err, ERR_IO, "no space left on device");
}

static const struct column columns[] = {
    {"seq", "Entry", CELL_SEQ, 9},     {"text", "Text", CELL_TEXT, 9}, {"price", "Price", CELL_PRICE, 9},
    {"money", "Money", CELL_MONEY, 9}, {"rate", "Rate", CELL_RATE, 9}, {"at", "At", CELL_INSTANT, 9},
    {"day", "Day", CELL_DAY, 9},       {"flag", "Flag", CELL_FLAG, 9}, {"any", "Any", CELL_MIXED, 9},
};
static const struct sheet sheet = {"test", "Test", "a test", columns, sizeof columns / sizeof columns[0]};

static const struct column text_column[] = {{"text", "Text", CELL_TEXT, 9}};
static const struct sheet text_sheet = {"text", "Text", "a test", text_column, 1};

static void test_each_type_in_its_canonical_form(void **state)
{
    struct sheet_csv csv;
    struct row row;

    (void)state;
    written_size = 0;
    sheet_csv_init(&csv, keep, NULL);
    SCRATCH_OK(sheet_csv_head(&csv, &sheet, err));
    row_begin(&row, &sheet, 0);
    row_seq(&row, 12);
    row_word(&row, "a");
    row_number(&row, CELL_PRICE, entries_price("0.400000001"));
    row_number(&row, CELL_MONEY, entries_money("-9223372036854.775807"));
    row_number(&row, CELL_RATE, entries_rate("0.5"));
    row_number(&row, CELL_INSTANT, entries_instant("2015-12-24T14:31:00.000000001Z"));
    row_number(&row, CELL_DAY, entries_day("2015-12-24"));
    row_number(&row, CELL_FLAG, 1);
    row_amount(&row, UNIT_MONEY, entries_money("1.50"));
    SCRATCH_OK(sheet_csv_row(&csv, &row, err));
    row_begin(&row, &sheet, 0);
    row_seq(&row, 0);
    row_word(&row, NULL);
    row_number(&row, CELL_PRICE, PRICE_NONE);
    row_empty(&row);
    row_empty(&row);
    row_number(&row, CELL_INSTANT, INSTANT_NONE);
    row_number(&row, CELL_DAY, CIVIL_DAY_NONE);
    row_number(&row, CELL_FLAG, 0);
    row_amount(&row, UNIT_COUNT, CHECK_VALUE_NONE);
    SCRATCH_OK(sheet_csv_row(&csv, &row, err));
    assert_string_equal(written, "seq,text,price,money,rate,at,day,flag,any\r\n"
                                 "12,a,0.400000001,-9223372036854.775807,0.5,2015-12-24T14:31:00.000000001Z,"
                                 "2015-12-24,true,1.5\r\n"
                                 ",,,,,,,false,\r\n");
    sheet_csv_release(&csv);
}

static void test_quotes_only_what_must_be(void **state)
{
    static const struct {
        const char *text;
        const char *field;
    } cases[] = {
        {"plain words", "plain words"},
        {"a,b", "\"a,b\""},
        {"say \"no\"", "\"say \"\"no\"\"\""},
        {"\"", "\"\"\"\""},
        {"two\nlines", "\"two\nlines\""},
        {"two\r\nlines", "\"two\r\nlines\""},
        {"", "\"\""}, /* there, and empty: a missing field has no quotes */
        {" edge", "\" edge\""},
        {"edge ", "\"edge \""},
        {"=1+1", "=1+1"}, /* as it is: the record is not edited for a spreadsheet's sake */
        {"\xc3\xa9t\xc3\xa9", "\xc3\xa9t\xc3\xa9"},
    };
    struct sheet_csv csv;
    struct row row;
    char want[64];

    (void)state;
    sheet_csv_init(&csv, keep, NULL);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        written_size = 0;
        row_begin(&row, &text_sheet, 0);
        row_word(&row, cases[i].text);
        SCRATCH_OK(sheet_csv_row(&csv, &row, err));
        snprintf(want, sizeof want, "%s\r\n", cases[i].field);
        assert_string_equal(written, want);
    }
    sheet_csv_release(&csv);
}

static void test_hands_up_what_the_writer_says(void **state)
{
    struct err why = {.code = ERR_OK};
    struct sheet_csv csv;

    (void)state;
    sheet_csv_init(&csv, refuse, NULL);
    assert_int_equal(sheet_csv_head(&csv, &text_sheet, &why), ERR_IO);
    assert_string_equal(why.text, "no space left on device");
    sheet_csv_release(&csv);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_type_in_its_canonical_form),
        cmocka_unit_test(test_quotes_only_what_must_be),
        cmocka_unit_test(test_hands_up_what_the_writer_says),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
