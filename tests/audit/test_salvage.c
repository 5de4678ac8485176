/* A journal's file read page by page, and what is saved of a damaged one. */
#include "audit/diagnose.h"
#include "audit/evidence_pages.h"
#include "audit/pages.h"
#include "audit/salvage.h"
#include "audit/verify.h"
#include "ledger/wire.h"
#include "support/journals.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/stat.h>

#include <cmocka.h>

#define PAGE 4096

static struct scratch scratch;
static struct err why;
static char file[300];
static char saved[300];
static uint8_t *good; /* the file's bytes */
static size_t good_size;

static uint8_t *read_whole(const char *path, size_t *size)
{
    struct stat st;
    const int fd = open(path, O_RDONLY);

    assert_true(fd >= 0);
    assert_int_equal(fstat(fd, &st), 0);
    uint8_t *const bytes = malloc((size_t)st.st_size + 1);
    assert_non_null(bytes);
    assert_int_equal(read(fd, bytes, (size_t)st.st_size), st.st_size);
    close(fd);
    *size = (size_t)st.st_size;
    return bytes;
}

static void write_whole(const char *path, const uint8_t *bytes, size_t size)
{
    const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, size), (ssize_t)size);
    close(fd);
}

/* Groups of 1 and 40: entry 1, then to 41, 42 ... 82; all of one small file. */
static int setup(void **state)
{
    (void)state;
    scratch_init(&scratch);
    snprintf(file, sizeof file, "%s/journal.mdb", scratch.dir);
    snprintf(saved, sizeof saved, "%s/saved.raw", scratch.root);
    struct journal *const j = scratch_create(&scratch);
    for (int i = 0; i < 8; i++)
        scratch_append(j, i % 2 ? 1 : 40);
    journal_close(j);
    good = read_whole(file, &good_size);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    free(good);
    scratch_release(&scratch);
    return 0;
}

/* The seal's size that is the largest to confirm entries; -1: not even entry 1. With `write` it is saved. */
static int64_t survey(bool write)
{
    struct evidence *evidence = NULL;
    struct salvage *s = NULL;
    int64_t entries = -1;

    enum err_code rc = salvage_evidence(scratch.dir, NULL, NULL, &evidence, &why);
    if (!rc)
        rc = salvage_survey(evidence, NULL, NULL, NULL, &s, &why);
    if (!rc)
        entries = (int64_t)salvage_found(s)->good;
    if (!rc && write && entries > 0 && salvage_write(s, saved, &why))
        fail_msg("%s", why.text);
    salvage_free(s);
    evidence_close(evidence);
    return entries;
}

static void check_saved(uint64_t entries)
{
    const struct verify_options options = {.export = saved};
    static struct verify_report report;

    if (verify_journal(&options, &report, &why))
        fail_msg("%s", why.text);
    assert_int_equal(report.entries, entries);
    assert_true(report.complete_ok && report.integrity_ok);
}

/* -- pages --------------------------------------------------------------------------------------------------- */

static void test_the_pages_of_a_journal_are_sound(void **state)
{
    static const char *const names[] = {"entries", "tiles", "seals", "control", "signatures", "meta"};
    struct pages_walked w;
    struct pages p;

    (void)state;
    SCRATCH_OK(pages_open(file, &p, err));
    assert_true(p.metas[0].is_good && p.metas[1].is_good);
    assert_true(pages_needed(&p) <= p.size);
    SCRATCH_OK(pages_walk(&p, p.newest, &w, NULL, NULL, NULL, NULL, err));
    assert_int_equal(w.damaged, 0);
    for (size_t n = 0; n < sizeof names / sizeof names[0]; n++) {
        bool found = false;
        for (unsigned i = 2; i < w.tree_count; i++) {
            found = found || strcmp(w.trees[i].name, names[n]) == 0;
            assert_int_equal(w.rows_read[i], w.trees[i].rows);
        }
        assert_true(found);
    }
    /* The state before is sound as well: its pages are not used anew yet. */
    SCRATCH_OK(pages_walk(&p, 1 - p.newest, &w, NULL, NULL, NULL, NULL, err));
    assert_int_equal(w.damaged, 0);
    pages_close(&p);
}

static void test_each_page_that_a_tree_leads_to_is_missed(void **state)
{
    uint8_t *const bytes = malloc(good_size);
    unsigned missed = 0;

    (void)state;
    assert_non_null(bytes);
    for (size_t page = 2; page < good_size / PAGE; page++) {
        struct pages_walked w;
        struct pages p;
        memcpy(bytes, good, good_size);
        memset(bytes + page * PAGE, 0, PAGE);
        write_whole(file, bytes, good_size);
        SCRATCH_OK(pages_open(file, &p, err));
        SCRATCH_OK(pages_walk(&p, p.newest, &w, NULL, NULL, NULL, NULL, err));
        if (w.damaged) {
            missed++;
            assert_int_equal(w.told[0].page, page);
            assert_string_equal(w.told[0].what, "it is empty");
        }
        pages_close(&p);
    }
    assert_true(missed >= 7); /* one a sub-database, and main */
    free(bytes);
}

/* Whatever a byte of a page's head, or of its first node, is changed to: the walk ends, and inside of the file. */
static void test_no_byte_leads_the_walk_astray(void **state)
{
    static const uint8_t masks[] = {0x01, 0x10, 0x80, 0xff};
    uint8_t *const bytes = malloc(good_size);
    const size_t used = 40 * (size_t)PAGE < good_size ? 40 * (size_t)PAGE : good_size;

    (void)state;
    assert_non_null(bytes);
    for (size_t page = 0; page < used / PAGE; page++) {
        for (size_t byte = 0; byte < 160; byte += page < 2 ? 1 : 3) {
            struct pages_walked w;
            struct pages p;
            memcpy(bytes, good, good_size);
            bytes[page * PAGE + byte] ^= masks[(page + byte) % 4];
            p = (struct pages){.bytes = bytes, .size = good_size};
            pages_look_again(&p);
            if (p.newest >= 0)
                SCRATCH_OK(pages_walk(&p, p.newest, &w, NULL, NULL, NULL, NULL, err));
        }
    }
    free(bytes);
}

static void test_what_is_no_file_of_ours(void **state)
{
    struct pages p;
    char path[330];

    (void)state;
    assert_int_equal(pages_open(scratch.dir, &p, &why), ERR_FORMAT);
    snprintf(path, sizeof path, "%s/none", scratch.root);
    assert_int_equal(pages_open(path, &p, &why), ERR_NOT_FOUND);
    write_whole(path, (const uint8_t *)"", 0);
    SCRATCH_OK(pages_open(path, &p, err));
    assert_int_equal(p.newest, -1);
    assert_int_equal(pages_needed(&p), 0);
    pages_close(&p);
    write_whole(path, good, PAGE + 100);
    SCRATCH_OK(pages_open(path, &p, err));
    assert_false(p.metas[1].is_good);
    assert_string_equal(p.metas[1].why, "the file ends before it");
    pages_close(&p);
}

/* -- salvage ------------------------------------------------------------------------------------------------- */

static void test_of_a_whole_journal_everything_is_saved(void **state)
{
    (void)state;
    assert_int_equal(survey(true), 165);
    check_saved(165);
}

static void test_without_meta_pages_everything_is_saved(void **state)
{
    uint8_t *const bytes = malloc(good_size);

    (void)state;
    assert_non_null(bytes);
    memcpy(bytes, good, good_size);
    for (int first = 0; first < 2; first++) {
        memset(bytes + (size_t)(1 - first) * PAGE, 0, PAGE);
        write_whole(file, bytes, good_size);
        assert_int_equal(survey(true), 165);
        check_saved(165);
    }
    free(bytes);
}

static void test_each_page_lost_costs_what_it_held(void **state)
{
    uint8_t *const bytes = malloc(good_size);
    unsigned whole = 0;
    unsigned parts = 0;

    (void)state;
    assert_non_null(bytes);
    for (size_t page = 2; page < good_size / PAGE && page < 60; page++) {
        memcpy(bytes, good, good_size);
        memset(bytes + page * PAGE, 0, PAGE);
        write_whole(file, bytes, good_size);
        const int64_t entries = survey(true);
        whole += entries == 165;
        parts += entries > 0 && entries < 165;
        if (entries > 0)
            check_saved((uint64_t)entries);
        unlink(saved);
    }
    assert_true(whole > 0 && parts > 0);
    free(bytes);
}

/* A changed byte of entry 100: what the seal before confirms is good, and nothing of what follows. */
static void test_a_changed_entry_ends_what_is_good(void **state)
{
    unsigned changed = 0;

    (void)state;
    for (uint8_t *p = good; p + 6 < good + good_size; p++) { /* also in pages that are free by now */
        if (memcmp(p, "d-100", 5) == 0) {
            p[4] = '1';
            changed++;
        }
    }
    assert_true(changed > 0);
    write_whole(file, good, good_size);
    assert_int_equal(survey(true), 83);
    check_saved(83);
}

static void test_another_key_saves_nothing(void **state)
{
    static const char OTHER[] = "desk.example/forge+00d60236+Ac7MFQfcHd1ylZUcKQiI8JWtuQRNG3PWlubfBl1oO9T8";
    struct evidence *evidence = NULL;
    struct salvage *s = NULL;

    (void)state;
    SCRATCH_OK(salvage_evidence(scratch.dir, NULL, NULL, &evidence, err));
    assert_int_equal(salvage_survey(evidence, OTHER, NULL, NULL, &s, &why), ERR_FORMAT);
    assert_non_null(strstr(why.text, "another journal"));
    evidence_close(evidence);
}

/* -- diagnosis ----------------------------------------------------------------------------------------------- */

static void look_and_fault(struct diagnosis *d)
{
    diagnose_add(d, DIAGNOSE_GOOD, "before", "it began");
    raise(SIGBUS);
}

static void look_and_abort(struct diagnosis *d)
{
    (void)d;
    abort();
}

static void look_and_exit(struct diagnosis *d)
{
    (void)d;
    _exit(3);
}

static void look_on(struct diagnosis *d)
{
    diagnose_advise(diagnose_add(d, DIAGNOSE_REMARK, NULL, "%d", 42), "type %s", "this");
}

static void test_a_check_that_faults_is_a_finding(void **state)
{
    static const struct diagnose_check checks[] = {{.name = "faults", .run = look_and_fault, .apart = true},
                                                   {.name = "aborts", .run = look_and_abort, .apart = true},
                                                   {.name = "exits", .run = look_and_exit, .apart = true},
                                                   {.name = "file", .run = look_on, .needs = DIAGNOSE_FILE},
                                                   {.name = "lives", .run = look_on}};
    const struct diagnose_options options = {.dir = scratch.dir};
    struct diagnosis *d = NULL;

    (void)state;
    SCRATCH_OK(diagnose_new(&options, &d, err));
    diagnose_run(d, checks, sizeof checks / sizeof checks[0]);
    assert_int_equal(d->count, 5);
    assert_string_equal(d->findings[0].what, "it began");
    assert_string_equal(d->findings[1].check, "faults");
    assert_int_equal(d->findings[1].grade, DIAGNOSE_BAD);
    assert_non_null(strstr(d->findings[1].what, "Bus error"));
    assert_non_null(strstr(d->findings[2].what, "Aborted"));
    assert_string_equal(d->findings[3].check, "exits");
    assert_string_equal(d->findings[4].check, "lives");
    assert_string_equal(d->findings[4].what, "42");
    assert_string_equal(d->findings[4].todo, "type this");
    assert_int_equal(diagnose_worst(d), DIAGNOSE_BAD);
    diagnose_free(d);
}

static void add_many(struct diagnosis *d)
{
    for (int i = 0; i < 2 * DIAGNOSE_FINDINGS_MAX; i++)
        diagnose_advise(diagnose_add(d, DIAGNOSE_UNSEEN, "x", "y"), "z");
}

static void test_too_many_findings_are_no_fault(void **state)
{
    static const struct diagnose_check check = {.name = "many", .run = add_many};
    const struct diagnose_options options = {.dir = "."};
    struct diagnosis *d = NULL;

    (void)state;
    SCRATCH_OK(diagnose_new(&options, &d, err));
    assert_int_equal(diagnose_worst(d), DIAGNOSE_GOOD);
    diagnose_run(d, &check, 1);
    assert_int_equal(d->count, DIAGNOSE_FINDINGS_MAX);
    assert_int_equal(diagnose_worst(d), DIAGNOSE_UNSEEN);
    diagnose_free(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_the_pages_of_a_journal_are_sound, setup, teardown),
        cmocka_unit_test_setup_teardown(test_each_page_that_a_tree_leads_to_is_missed, setup, teardown),
        cmocka_unit_test_setup_teardown(test_no_byte_leads_the_walk_astray, setup, teardown),
        cmocka_unit_test_setup_teardown(test_what_is_no_file_of_ours, setup, teardown),
        cmocka_unit_test_setup_teardown(test_of_a_whole_journal_everything_is_saved, setup, teardown),
        cmocka_unit_test_setup_teardown(test_without_meta_pages_everything_is_saved, setup, teardown),
        cmocka_unit_test_setup_teardown(test_each_page_lost_costs_what_it_held, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_changed_entry_ends_what_is_good, setup, teardown),
        cmocka_unit_test_setup_teardown(test_another_key_saves_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_check_that_faults_is_a_finding, setup, teardown),
        cmocka_unit_test_setup_teardown(test_too_many_findings_are_no_fault, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
