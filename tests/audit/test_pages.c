/* LMDB's file read without LMDB. */
#include "audit/pages.h"

#include "audit/damage.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static struct scratch scratch;
static struct err why;
static char file[300];
static uint8_t *good; /* the file's bytes */
static size_t good_size;

/* Groups of 1 and 40: entry 1, then to 41, 42 ... 82; all of one small file. */
static int setup(void **state)
{
    (void)state;
    scratch_init(&scratch);
    snprintf(file, sizeof file, "%s/journal.mdb", scratch.dir);
    struct journal *const j = scratch_create(&scratch);
    for (int i = 0; i < 8; i++)
        scratch_append(j, i % 2 ? 1 : 40);
    journal_close(j);
    good = damage_read(file, &good_size);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    free(good);
    scratch_release(&scratch);
    return 0;
}

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
    for (size_t page = 2; page < good_size / DAMAGE_PAGE; page++) {
        struct pages_walked w;
        struct pages p;
        memcpy(bytes, good, good_size);
        memset(bytes + page * DAMAGE_PAGE, 0, DAMAGE_PAGE);
        damage_write(file, bytes, good_size);
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
    const size_t used = 40 * (size_t)DAMAGE_PAGE < good_size ? 40 * (size_t)DAMAGE_PAGE : good_size;

    (void)state;
    assert_non_null(bytes);
    for (size_t page = 0; page < used / DAMAGE_PAGE; page++) {
        for (size_t byte = 0; byte < 160; byte += page < 2 ? 1 : 3) {
            struct pages_walked w;
            struct pages p;
            memcpy(bytes, good, good_size);
            bytes[page * DAMAGE_PAGE + byte] ^= masks[(page + byte) % 4];
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
    damage_write(path, (const uint8_t *)"", 0);
    SCRATCH_OK(pages_open(path, &p, err));
    assert_int_equal(p.newest, -1);
    assert_int_equal(pages_needed(&p), 0);
    pages_close(&p);
    damage_write(path, good, DAMAGE_PAGE + 100);
    SCRATCH_OK(pages_open(path, &p, err));
    assert_false(p.metas[1].is_good);
    assert_string_equal(p.metas[1].why, "the file ends before it");
    pages_close(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_the_pages_of_a_journal_are_sound, setup, teardown),
        cmocka_unit_test_setup_teardown(test_each_page_that_a_tree_leads_to_is_missed, setup, teardown),
        cmocka_unit_test_setup_teardown(test_no_byte_leads_the_walk_astray, setup, teardown),
        cmocka_unit_test_setup_teardown(test_what_is_no_file_of_ours, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
