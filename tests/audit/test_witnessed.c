/* How far a journal is witnessed: by whom, and up to which seal there are enough of them. */
#include "audit/stories_cosigned.h"
#include "audit/witnessed.h"
#include "ledger/checkpoint.h"
#include "support/journals.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static struct scratch scratch;
static char path[400];
static struct cosigners known;
static struct witnessed found;

static void write_export(struct forge *f)
{
    size_t size = 0;
    uint8_t *const image = forge_image(f, &size);

    snprintf(path, sizeof path, "%s/raw", scratch.root);
    FILE *const file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(image, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
    free(image);
}

/* Both witnesses join in entries 2 and 3; seals of 3, 5, 7 and 9 entries. */
static void make(struct forge *f)
{
    scratch_init(&scratch);
    forge_init(f, 1);
    forge_genesis(f);
    cosigned_join(f, 0);
    cosigned_join(f, 1);
    forge_group(f);
    for (int i = 0; i < 3; i++) {
        forge_note(f, "one");
        forge_note(f, "two");
        forge_group(f);
    }
    cosigned_by(f, 3, 0, false);
    cosigned_by(f, 5, 0, false);
    cosigned_by(f, 5, 1, false);
    cosigned_by(f, 7, 1, false);
}

static void look(uint32_t least)
{
    static struct verify_report report;
    const struct verify_options options = {.known = &known};
    struct evidence *evidence = NULL;

    cosigners_init(&known, NULL, least);
    SCRATCH_OK(evidence_open_export(path, &evidence, err));
    SCRATCH_OK(verify_evidence(evidence, &options, &report, err));
    SCRATCH_OK(witnessed_find(evidence, &report, &known, &found, err));
    evidence_close(evidence);
}

static void test_the_newest_seal_with_enough_of_them_is_told(void **state)
{
    static const uint64_t sizes[] = {9, 7, 5, 0}; /* asking for 0, 1, 2, 3 */
    struct forge f;

    (void)state;
    make(&f);
    write_export(&f);
    for (uint32_t least = 0; least < 4; least++) {
        look(least);
        assert_int_equal(known.count, 2); /* the journal has named them */
        assert_int_equal(found.size, sizes[least]);
        assert_int_equal(found.by[0].size, 5);
        assert_int_equal(found.by[1].size, 7);
        assert_int_equal(found.by[0].at_s, 1450967470);
        assert_int_equal(found.newest, 0); /* the seal of 9 has none */
    }
    cosigned_by(&f, 9, 0, false);
    write_export(&f);
    look(1);
    assert_int_equal(found.newest, 1);
    assert_int_equal(found.size, 9);
    forge_release(&f);
    scratch_release(&scratch);
}

static void test_the_seal_to_hold_against_another(void **state)
{
    static const uint64_t table[][2] = {{1, 3}, {3, 3}, {4, 5}, {9, 9}, {10, 9}, {1000, 9}};
    struct evidence *evidence = NULL;
    struct forge f;
    struct err err;

    (void)state;
    make(&f);
    write_export(&f);
    SCRATCH_OK(evidence_open_export(path, &evidence, err));
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        static char note[NOTE_MAX_SIZE];
        struct checkpoint c;
        size_t size = 0;
        SCRATCH_OK(witnessed_own_seal(evidence, table[i][0], note, &size, err));
        SCRATCH_OK(checkpoint_open(&c, note, size, &f.key, 1, err));
        assert_int_equal(c.size, table[i][1]);
    }
    evidence_close(evidence);
    for (size_t i = f.count; i-- > 0;) {
        if (f.rows[i].table == EVIDENCE_SEALS)
            forge_drop(&f, &f.rows[i]);
    }
    write_export(&f);
    SCRATCH_OK(evidence_open_export(path, &evidence, err));
    static char note[NOTE_MAX_SIZE];
    size_t size = 0;
    assert_int_equal(witnessed_own_seal(evidence, 1, note, &size, &err), ERR_NOT_FOUND);
    evidence_close(evidence);
    forge_release(&f);
    scratch_release(&scratch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_newest_seal_with_enough_of_them_is_told),
        cmocka_unit_test(test_the_seal_to_hold_against_another),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
