/* What is in the workbook's parts, read back with libzip: structure, formats, values. */
#include "reports/sheet_xlsx.h"

#include "reports/xlsx_check.h"
#include "support/journals.h"

#include <signal.h>
#include <sys/resource.h>
#include <zip.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const struct column columns[] = {
    {"seq", "Entry", CELL_SEQ, 9},     {"text", "Text", CELL_TEXT, 9}, {"price", "Price", CELL_PRICE, 9},
    {"money", "Money", CELL_MONEY, 9}, {"rate", "Rate", CELL_RATE, 9}, {"at", "At", CELL_INSTANT, 9},
    {"day", "Day", CELL_DAY, 9},       {"flag", "Flag", CELL_FLAG, 9},
};
static const struct sheet sheet = {"test", "Test", "a test", columns, sizeof columns / sizeof columns[0]};
static const struct column cover_columns[] = {{"item", "Item", CELL_TEXT, 20},
                                              {"value", "Value", CELL_TEXT, 80}};
static const struct sheet cover = {"cover", "Cover", "a cover", cover_columns, 2};

struct box {
    struct scratch scratch;
    char path[256];
    struct sheet_xlsx *x;
};

static void open_box(struct box *b, uint32_t rows_max)
{
    scratch_init(&b->scratch);
    snprintf(b->path, sizeof b->path, "%s/test.xlsx", b->scratch.root);
    const struct sheet_xlsx_options options = {.path = b->path,
                                               .tmpdir = b->scratch.root,
                                               .created_ns = entries_instant("2015-12-24T18:00:00Z"),
                                               .title = "A test & more",
                                               .author = "desk.example/test",
                                               .rows_max = rows_max};
    SCRATCH_OK(sheet_xlsx_open(&b->x, &options, err));
}

static void add_row(struct box *b, int64_t seq, const char *text, size_t length, int64_t money_micro,
                    bool alert)
{
    struct row row;

    row_begin(&row, &sheet, 1);
    row.is_alert = alert;
    row_number(&row, CELL_SEQ, seq);
    row_bytes(&row, text, length);
    row_number(&row, CELL_PRICE, entries_price("0.400000001"));
    row_number(&row, CELL_MONEY, money_micro);
    row_number(&row, CELL_RATE, entries_rate("0.1791"));
    row_number(&row, CELL_INSTANT, entries_instant("2015-12-24T12:00:00Z"));
    row_number(&row, CELL_DAY, entries_day("2015-12-24"));
    row_number(&row, CELL_FLAG, 1);
    SCRATCH_OK(sheet_xlsx_row(b->x, &row, err));
}

/* A part of the archive, terminated; the caller frees it. NULL: there is none. */
static char *part(const char *path, const char *name)
{
    zip_t *const zip = zip_open(path, ZIP_RDONLY, NULL);
    zip_stat_t st;

    assert_non_null(zip);
    if (zip_stat(zip, name, 0, &st) < 0) {
        zip_discard(zip);
        return NULL;
    }
    char *const text = malloc(st.size + 1);
    zip_file_t *const f = zip_fopen(zip, name, 0);
    assert_int_equal(zip_fread(f, text, st.size), st.size);
    text[st.size] = '\0';
    zip_fclose(f);
    zip_discard(zip);
    return text;
}

static void assert_has(const char *path, const char *name, const char *wanted)
{
    char *const text = part(path, name);

    assert_non_null(text);
    if (!strstr(text, wanted))
        fprintf(stderr, "%s lacks %s\n%s\n", name, wanted, text);
    assert_non_null(strstr(text, wanted));
    free(text);
}

static void fill_and_close(struct box *b)
{
    static const size_t lines[] = {3};
    struct row row;

    SCRATCH_OK(sheet_xlsx_add(b->x, &cover, 0, true, err));
    SCRATCH_OK(sheet_xlsx_add(b->x, &sheet, 1, false, err));
    SCRATCH_OK(sheet_xlsx_chart(b->x, 1, "Chart of it", 6, lines, 1, err));
    add_row(b, 7, "hello", 5, entries_money("1234.5"), false);
    add_row(b, 8, "bad", 3, entries_money("-1234.56"), true);
    row_begin(&row, &cover, 0);
    row_word(&row, "Seal");
    row_word(&row, "two\nlines");
    SCRATCH_OK(sheet_xlsx_row(b->x, &row, err));
    SCRATCH_OK(sheet_xlsx_close(b->x, err));
}

static void test_tables_can_be_read_and_filtered(void **state)
{
    struct box b;

    (void)state;
    open_box(&b, 0);
    fill_and_close(&b);
    assert_has(b.path, "xl/workbook.xml", "<sheet name=\"Cover\" sheetId=\"1\"");
    assert_has(b.path, "xl/workbook.xml", "<sheet name=\"Test\" sheetId=\"2\"");
    assert_has(b.path, "xl/workbook.xml", "<sheet name=\"Chart of it\" sheetId=\"3\"");
    /* frozen header, filter over all rows, header repeated in print */
    assert_has(b.path, "xl/worksheets/sheet2.xml",
               "<pane ySplit=\"1\" topLeftCell=\"A2\" activePane=\"bottomLeft\" state=\"frozen\"/>");
    assert_has(b.path, "xl/worksheets/sheet2.xml", "<autoFilter ref=\"A1:H3\"/>");
    assert_has(b.path, "xl/workbook.xml", "Test!$1:$1");
    /* values are numbers: 2015-12-24 is day 42362 */
    assert_has(b.path, "xl/worksheets/sheet2.xml", "<v>0.400000001</v>");
    assert_has(b.path, "xl/worksheets/sheet2.xml", "<v>1234.5</v>");
    assert_has(b.path, "xl/worksheets/sheet2.xml", "<v>42362.5</v>");
    assert_has(b.path, "xl/worksheets/sheet2.xml", "<v>42362</v>");
    assert_has(b.path, "xl/worksheets/sheet2.xml", "t=\"b\"><v>1</v>");
    assert_has(b.path, "xl/styles.xml", "formatCode=\"#,##0.00####_);[Red]-#,##0.00####_)\"");
    assert_has(b.path, "xl/styles.xml", "formatCode=\"yyyy-mm-dd hh:mm:ss.000\"");
    assert_has(b.path, "xl/styles.xml", "FFFFC7CE"); /* a breach is red */
    assert_has(b.path, "xl/charts/chart1.xml", "<c:lineChart>");
    assert_has(b.path, "xl/charts/chart1.xml", "<c:f>Test!$D$2:$D$3</c:f>");
    assert_has(b.path, "xl/charts/chart1.xml", "<c:f>Test!$G$2:$G$3</c:f>");
    assert_has(b.path, "docProps/core.xml", "2015-12-24T18:00:00Z");
    assert_has(b.path, "docProps/core.xml", "<dc:creator>desk.example/test</dc:creator>");
    scratch_release(&b.scratch);
}

static void test_what_a_double_cannot_hold_is_text(void **state)
{
    static const struct {
        int64_t micro;
        const char *wanted; /* in the sheet, or in the strings */
        bool is_number;
    } cases[] = {
        {999999999999999, "<v>999999999.999999</v>", true},    /* 15 digits */
        {1000000000000001, "<t>1000000000.000001</t>", false}, /* 16 */
        {-1000000000000001, "<t>-1000000000.000001</t>", false},
        {1000000000000000, "<v>1000000000</v>", true}, /* zeros are no digits to lose */
        {INT64_C(9223372036854775807), "<t>9223372036854.775807</t>", false},
        {INT64_C(-9223372036854775807), "<t>-9223372036854.775807</t>", false},
        {0, "<v>0</v>", true},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct box b;
        open_box(&b, 0);
        SCRATCH_OK(sheet_xlsx_add(b.x, &sheet, 1, false, err));
        add_row(&b, 1, "x", 1, cases[i].micro, false);
        SCRATCH_OK(sheet_xlsx_close(b.x, err));
        assert_has(b.path, cases[i].is_number ? "xl/worksheets/sheet1.xml" : "xl/sharedStrings.xml",
                   cases[i].wanted);
        scratch_release(&b.scratch);
    }
}

static void test_fine_instants_are_text(void **state)
{
    static const struct column at_column[] = {{"at", "At", CELL_INSTANT, 9}};
    static const struct sheet at_sheet = {"at", "At", "times", at_column, 1};
    struct box b;
    struct row row;

    (void)state;
    open_box(&b, 0);
    SCRATCH_OK(sheet_xlsx_add(b.x, &at_sheet, 1, false, err));
    row_begin(&row, &at_sheet, 1);
    row_number(&row, CELL_INSTANT, entries_instant("2015-12-24T14:31:00.001Z"));
    SCRATCH_OK(sheet_xlsx_row(b.x, &row, err));
    row_begin(&row, &at_sheet, 1);
    row_number(&row, CELL_INSTANT, entries_instant("2015-12-24T14:31:00.000001Z"));
    SCRATCH_OK(sheet_xlsx_row(b.x, &row, err));
    SCRATCH_OK(sheet_xlsx_close(b.x, err));
    assert_has(b.path, "xl/worksheets/sheet1.xml", "<v>42362.6048611");
    assert_has(b.path, "xl/sharedStrings.xml", "<t>2015-12-24T14:31:00.000001Z</t>");
    scratch_release(&b.scratch);
}

static void test_texts_that_xml_or_excel_would_misread(void **state)
{
    static const struct {
        const char *text;
        size_t length;
        const char *wanted;
    } cases[] = {
        {"=1+1", 4, "<t>=1+1</t>"}, /* a string, never a formula */
        {"a<b & c", 7, "<t>a&lt;b &amp; c</t>"},
        {"\x01", 1, "<t>_x0001_</t>"},
        {"_x0041_", 7, "<t>_x005F_x0041_</t>"},
        {"a_x0041", 7, "<t>a_x0041</t>"},
        {"\xef\xbf\xbe", 3, "<t>\\ufffe</t>"},
        {"\xff", 1, "<t>\\xff</t>"},
        {"nul\0x", 5, "<t>nul\\x00x</t>"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct box b;
        open_box(&b, 0);
        SCRATCH_OK(sheet_xlsx_add(b.x, &sheet, 1, false, err));
        add_row(&b, 1, cases[i].text, cases[i].length, 0, false);
        SCRATCH_OK(sheet_xlsx_close(b.x, err));
        assert_has(b.path, "xl/sharedStrings.xml", cases[i].wanted);
        scratch_release(&b.scratch);
    }
}

static void test_a_long_text_is_cut_and_says_so(void **state)
{
    static char text[60000];
    struct box b;

    (void)state;
    memset(text, 'x', sizeof text);
    open_box(&b, 0);
    SCRATCH_OK(sheet_xlsx_add(b.x, &sheet, 1, false, err));
    add_row(&b, 1, text, sizeof text, 0, false);
    SCRATCH_OK(sheet_xlsx_close(b.x, err));
    assert_has(b.path, "xl/sharedStrings.xml",
               "x ... (cut here: it has 60000 bytes; the CSV file has them all)");
    scratch_release(&b.scratch);
}

static void test_rows_past_the_last_go_on_in_a_further_sheet(void **state)
{
    struct box b;

    (void)state;
    open_box(&b, 2);
    SCRATCH_OK(sheet_xlsx_add(b.x, &sheet, 1, false, err));
    for (int i = 1; i <= 5; i++)
        add_row(&b, i * 1000, "x", 1, 0, false);
    SCRATCH_OK(sheet_xlsx_close(b.x, err));
    assert_has(b.path, "xl/workbook.xml", "name=\"Test (2)\"");
    assert_has(b.path, "xl/workbook.xml", "name=\"Test (3)\"");
    assert_has(b.path, "xl/worksheets/sheet1.xml", "<v>2000</v>");
    assert_has(b.path, "xl/worksheets/sheet2.xml", "<v>3000</v>");
    assert_has(b.path, "xl/worksheets/sheet2.xml", "<autoFilter ref=\"A1:H3\"/>");
    assert_has(b.path, "xl/worksheets/sheet3.xml", "<autoFilter ref=\"A1:H2\"/>");
    scratch_release(&b.scratch);
}

static char *slurp(const char *path, size_t *size)
{
    FILE *const f = fopen(path, "rb");
    char *const bytes = malloc(1 << 20);

    assert_non_null(f);
    *size = fread(bytes, 1, 1 << 20, f);
    fclose(f);
    return bytes;
}

static void test_the_same_rows_give_the_same_bytes(void **state)
{
    size_t sizes[2];
    char *bytes[2];

    (void)state;
    for (int i = 0; i < 2; i++) {
        struct box b;
        open_box(&b, 0);
        fill_and_close(&b);
        bytes[i] = slurp(b.path, &sizes[i]);
        scratch_release(&b.scratch);
        if (i == 0)
            usleep(2100000); /* zip files keep two seconds */
    }
    assert_int_equal(sizes[0], sizes[1]);
    assert_memory_equal(bytes[0], bytes[1], sizes[0]);
    free(bytes[0]);
    free(bytes[1]);
}

/* The library's scratch files are cut at the limit without its noticing: we must. */
static void test_a_file_that_was_cut_is_noticed(void **state)
{
    struct rlimit before;
    unsigned refused = 0;

    (void)state;
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    for (rlim_t limit = 0; limit < 200000; limit += 9973) {
        struct err why = {.code = ERR_OK};
        struct box b;
        char text[256];
        open_box(&b, 0);
        SCRATCH_OK(sheet_xlsx_add(b.x, &sheet, 1, false, err));
        for (int i = 0; i < 500; i++) {
            memset(text, 'a' + i % 26, sizeof text);
            add_row(&b, i, text, (size_t)(i % 256), i, false);
        }
        const struct rlimit low = {limit, before.rlim_max};
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &low), 0);
        const enum err_code rc = sheet_xlsx_close(b.x, &why);
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
        if (rc) {
            assert_int_equal(rc, ERR_IO);
            refused++;
        } else {
            assert_has(b.path, "xl/worksheets/sheet1.xml", "<row r=\"501\"");
        }
        scratch_release(&b.scratch);
    }
    assert_true(refused > 3);
}

static void test_check_names_the_part_that_is_cut(void **state)
{
    static const char part_text[] = "<?xml version=\"1.0\"?>\n<worksheet><sheetData><row r=\"1\"/>";
    struct err why = {.code = ERR_OK};
    struct scratch s;
    char path[256];

    (void)state;
    scratch_init(&s);
    snprintf(path, sizeof path, "%s/cut.xlsx", s.root);
    zip_t *const zip = zip_open(path, ZIP_CREATE, NULL);
    zip_source_t *const source = zip_source_buffer(zip, part_text, sizeof part_text - 1, 0);
    assert_true(zip_file_add(zip, "xl/worksheets/sheet1.xml", source, 0) >= 0);
    assert_int_equal(zip_close(zip), 0);
    assert_int_equal(xlsx_check(path, &why), ERR_IO);
    assert_non_null(strstr(why.text, "xl/worksheets/sheet1.xml was not written whole"));
    assert_int_equal(xlsx_check(s.root, &why), ERR_IO);
    scratch_release(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tables_can_be_read_and_filtered),
        cmocka_unit_test(test_what_a_double_cannot_hold_is_text),
        cmocka_unit_test(test_fine_instants_are_text),
        cmocka_unit_test(test_texts_that_xml_or_excel_would_misread),
        cmocka_unit_test(test_a_long_text_is_cut_and_says_so),
        cmocka_unit_test(test_rows_past_the_last_go_on_in_a_further_sheet),
        cmocka_unit_test(test_the_same_rows_give_the_same_bytes),
        cmocka_unit_test(test_a_file_that_was_cut_is_noticed),
        cmocka_unit_test(test_check_names_the_part_that_is_cut),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
