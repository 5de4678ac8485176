#include "packs.h"

#include <errno.h>
#include <signal.h>
#include <sys/resource.h>
#include <zip.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { FILES = TABLES_COUNT + 3 };

static void test_a_pack_has_every_table_twice_the_seal_and_the_manifest(void **state)
{
    struct story s;
    size_t size = 0;

    (void)state;
    story_init(&s);
    const char *const out = story_path(&s, "pack");
    SCRATCH_OK(packs_write(&s, PACKS_DAY, out, err));
    assert_int_equal(packs_count(out), FILES);
    char *const blotter = packs_read(out, "blotter.csv", &size);
    assert_non_null(strstr(blotter, "seq,recorded_at,at,kind,actor,fill_id,order_id,symbol,side,qty,price,"));
    assert_non_null(strstr(blotter, ",f-1,np-1," STORY_PUT ",sell,2,0.4,,1.36,78.64,0,-2,true\r\n"));
    free(blotter);
    char *const decisions = packs_read(out, "decisions.csv", &size);
    assert_non_null(
        strstr(decisions, ",\"Sell 3 GOOG puts at the bid, \"\"cheap\"\", really:\nthe best of 1.\","));
    free(decisions);
    char *const checkpoint = packs_read(out, "checkpoint.txt", &size);
    assert_string_equal(checkpoint, s.seal.note);
    free(checkpoint);
    /* nothing is left beside it */
    assert_int_equal(packs_count(s.scratch.root), 2); /* the journal and the pack */
    story_release(&s);
}

static void assert_part_has(const char *pack, const char *name, const char *wanted)
{
    char path[1024];
    zip_stat_t st;

    snprintf(path, sizeof path, "%s/%s", pack, NIGHTLY_XLSX);
    zip_t *const zip = zip_open(path, ZIP_RDONLY, NULL);
    assert_non_null(zip);
    assert_int_equal(zip_stat(zip, name, 0, &st), 0);
    char *const text = calloc(1, st.size + 1);
    zip_file_t *const f = zip_fopen(zip, name, 0);
    assert_int_equal(zip_fread(f, text, st.size), st.size);
    zip_fclose(f);
    zip_discard(zip);
    if (!strstr(text, wanted))
        fprintf(stderr, "%s lacks %s:\n%.4000s\n", name, wanted, text);
    assert_non_null(strstr(text, wanted));
    free(text);
}

static void test_the_workbook_has_a_cover_a_chart_and_a_tab_for_each_table(void **state)
{
    struct story s;
    char wanted[128];

    (void)state;
    story_init(&s);
    const char *const out = story_path(&s, "pack");
    SCRATCH_OK(packs_write(&s, PACKS_DAY, out, err));
    for (unsigned i = 0; i < TABLES_COUNT; i++) {
        snprintf(wanted, sizeof wanted, "<sheet name=\"%s\"", tables_sheet(i)->title);
        assert_part_has(out, "xl/workbook.xml", wanted);
    }
    assert_part_has(out, "xl/sharedStrings.xml", "Compliance pack of " SCRATCH_ORIGIN ", 2015-12-24");
    assert_part_has(out, "xl/sharedStrings.xml", "I have reviewed the records of trading day 2015-12-24");
    assert_part_has(out, "xl/worksheets/sheet2.xml", "<autoFilter ref=\"A1:Q4\"/>");
    assert_part_has(out, "xl/worksheets/sheet2.xml", "state=\"frozen\"");
    assert_part_has(out, "xl/worksheets/sheet2.xml", "<v>78.64</v>");
    assert_part_has(out, "xl/charts/chart1.xml", "<c:f>'Profit and loss'!$G$2</c:f>");
    story_release(&s);
}

static void test_the_same_day_gives_the_same_bytes(void **state)
{
    struct story s;
    char first[512];

    (void)state;
    story_init(&s);
    snprintf(first, sizeof first, "%s", story_path(&s, "first"));
    SCRATCH_OK(packs_write(&s, PACKS_DAY, first, err));
    usleep(2100000); /* zip files keep two seconds */
    SCRATCH_OK(packs_write(&s, PACKS_DAY, story_path(&s, "second"), err));
    assert_null(packs_differ(first, story_path(&s, "second")));
    story_next_day(&s); /* the journal grows by another day */
    SCRATCH_OK(packs_write(&s, PACKS_DAY, story_path(&s, "third"), err));
    assert_null(packs_differ(first, story_path(&s, "third")));
    SCRATCH_OK(packs_write(&s, "2015-12-28", story_path(&s, "other"), err));
    assert_non_null(packs_differ(first, story_path(&s, "other")));
    story_release(&s);
}

static void test_a_pack_of_the_same_day_is_replaced(void **state)
{
    struct story s;
    struct pack_verify_report report;

    (void)state;
    story_init(&s);
    const char *const out = story_path(&s, "pack");
    SCRATCH_OK(packs_write(&s, PACKS_DAY, out, err));
    story_add(&s, STORY_OPERATOR, entries_note("one more word"), "2015-12-24T19:00:00Z", 0);
    story_commit(&s);
    SCRATCH_OK(packs_verify(&s, out, &report, err)); /* right, and not complete any more */
    assert_int_equal(report.later_entries, 1);
    SCRATCH_OK(packs_write(&s, PACKS_DAY, out, err));
    SCRATCH_OK(packs_verify(&s, out, &report, err));
    assert_int_equal(report.later_entries, 0);
    assert_int_equal(report.manifest.scope.seal.size, s.seal.size);
    assert_int_equal(packs_count(s.scratch.root), 2);
    story_release(&s);
}

static void test_what_is_not_this_days_pack_is_left_alone(void **state)
{
    struct err why = {.code = ERR_OK};
    struct story s;
    size_t size = 0;

    (void)state;
    story_init(&s);
    story_next_day(&s);
    const char *const out = story_path(&s, "pack");
    assert_int_equal(mkdir(out, 0755), 0);
    SCRATCH_OK(packs_write(&s, PACKS_DAY, out, err)); /* an empty directory is no content */
    assert_int_equal(packs_write(&s, "2015-12-28", out, &why), ERR_EXISTS);
    assert_non_null(strstr(why.text, "is the pack of 2015-12-24 of " SCRATCH_ORIGIN));
    packs_put(out, "my-notes.txt", "keep me", 7);
    assert_int_equal(packs_write(&s, PACKS_DAY, out, &why), ERR_EXISTS);
    assert_non_null(strstr(why.text, "holds \"my-notes.txt\" beside the pack"));
    char *const notes = packs_read(out, "my-notes.txt", &size);
    assert_string_equal(notes, "keep me");
    free(notes);
    const char *const other = story_path(&s, "other");
    assert_int_equal(mkdir(other, 0755), 0);
    packs_put(other, "thesis.doc", "years of work", 13);
    assert_int_equal(packs_write(&s, PACKS_DAY, other, &why), ERR_EXISTS);
    assert_non_null(strstr(why.text, "is there already and is no pack"));
    assert_int_equal(packs_count(other), 1);
    packs_put(s.scratch.root, "plain", "x", 1);
    assert_int_equal(packs_write(&s, PACKS_DAY, story_path(&s, "plain"), &why), ERR_EXISTS);
    assert_non_null(strstr(why.text, "is no directory"));
    story_release(&s);
}

static void test_refusals_say_why(void **state)
{
    struct err why = {.code = ERR_OK};
    struct story s;

    (void)state;
    story_init(&s);
    assert_int_equal(packs_write(&s, "2015-12-25", story_path(&s, "pack"), &why), ERR_NOT_FOUND);
    assert_string_equal(why.text, "no entry belongs to 2015-12-25; there are 1 day, all of them: 2015-12-24");
    assert_int_equal(packs_write(&s, PACKS_DAY, story_path(&s, "no/such/pack"), &why), ERR_NOT_FOUND);
    assert_int_equal(packs_write(&s, PACKS_DAY, "/", &why), ERR_EXISTS);
    assert_int_equal(packs_count(s.scratch.root), 1); /* the journal alone */
    journal_close(s.journal);
    s.journal = scratch_open_locked(&s.scratch);
    assert_int_equal(packs_write(&s, PACKS_DAY, story_path(&s, "pack"), &why), ERR_KEY);
    assert_non_null(strstr(why.text, "is locked"));
    story_release(&s);
}

/* Wherever the disk is full, there is the old pack or none, and nothing beside it. */
static void test_a_full_disk_leaves_nothing_half_written(void **state)
{
    struct rlimit before;
    struct story s;
    unsigned refused = 0;

    (void)state;
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    story_init(&s);
    const char *const out = story_path(&s, "pack");
    for (rlim_t limit = 0; limit < 60000; limit += 1499) {
        struct err why = {.code = ERR_OK};
        const struct rlimit low = {limit, before.rlim_max};
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &low), 0);
        const enum err_code rc = packs_write(&s, PACKS_DAY, out, &why);
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
        if (rc) {
            assert_int_equal(rc, ERR_IO);
            assert_int_equal(packs_count(s.scratch.root), 1 + (access(out, F_OK) == 0));
            refused++;
        } else {
            struct pack_verify_report report;
            SCRATCH_OK(packs_verify(&s, out, &report, err));
            assert_int_equal(packs_count(s.scratch.root), 2);
        }
    }
    assert_true(refused > 3);
    SCRATCH_OK(packs_write(&s, PACKS_DAY, out, err));
    const struct rlimit low = {4000, before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &low), 0);
    struct err why = {.code = ERR_OK};
    const enum err_code rc = packs_write(&s, PACKS_DAY, out, &why);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_int_equal(rc, ERR_IO);
    struct pack_verify_report report;
    SCRATCH_OK(packs_verify(&s, out, &report, err)); /* the old one is as it was */
    story_release(&s);
}

static void test_a_directory_without_permission_is_an_error(void **state)
{
    struct err why = {.code = ERR_OK};
    struct story s;

    (void)state;
    if (geteuid() == 0) {
        print_message("skipped: the superuser may write everywhere\n");
        skip();
    }
    story_init(&s);
    const char *const parent = story_path(&s, "shut");
    assert_int_equal(mkdir(parent, 0555), 0);
    assert_int_equal(packs_write(&s, PACKS_DAY, story_path(&s, "shut/pack"), &why), ERR_IO);
    assert_int_equal(packs_count(parent), 0);
    story_release(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_pack_has_every_table_twice_the_seal_and_the_manifest),
        cmocka_unit_test(test_the_workbook_has_a_cover_a_chart_and_a_tab_for_each_table),
        cmocka_unit_test(test_the_same_day_gives_the_same_bytes),
        cmocka_unit_test(test_a_pack_of_the_same_day_is_replaced),
        cmocka_unit_test(test_what_is_not_this_days_pack_is_left_alone),
        cmocka_unit_test(test_refusals_say_why),
        cmocka_unit_test(test_a_full_disk_leaves_nothing_half_written),
        cmocka_unit_test(test_a_directory_without_permission_is_an_error),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
