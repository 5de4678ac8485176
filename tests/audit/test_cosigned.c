/* Cosignatures in a journal's seals: a known witness's line is its own, or the seal is named. */
#include "audit/stories_cosigned.h"
#include "audit/verify.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static struct verify_report report;
static struct err err;

static enum err_code verify(struct forge *f, bool is_plain)
{
    const struct verify_options options = {.is_plain = is_plain, .threads = 2, .tiles = 1};
    struct evidence *evidence = NULL;
    size_t size = 0;
    uint8_t *const image = forge_image(f, &size);

    err.code = ERR_OK;
    enum err_code rc = evidence_open_memory(image, size, &evidence, &err);
    if (!rc)
        rc = verify_evidence(evidence, &options, &report, &err);
    evidence_close(evidence);
    free(image);
    return rc;
}

static void expect(enum err_code rc, const char *where, uint64_t cosignatures, const char *story)
{
    if (!where && rc)
        fail_msg("%s: %s", story, err.text);
    if (where && (rc != ERR_WRONG || strcmp(report.wrong.where, where) != 0))
        fail_msg("%s: %s where %s is wrong", story, rc ? err.text : "good", where);
    if (!where)
        assert_int_equal(report.cosignatures, cosignatures);
}

static void test_each_story_is_named(void **state)
{
    size_t count = 0;
    const struct cosigned_story *const all = cosigned_stories(&count);

    (void)state;
    for (size_t i = 0; i < count; i++) {
        struct forge f;
        cosigned_story_tell(&all[i], &f);
        expect(verify(&f, true), all[i].where, all[i].cosignatures, all[i].name);
        expect(verify(&f, false), all[i].where, all[i].cosignatures, all[i].name);
        forge_release(&f);
    }
}

#define LARGE 3000u
#define JOINS 700u

/* The witness joins in the third tile; seals of every tile, of which it cosigns all. Those before it joined are wrong. */
static void make_large(struct forge *f)
{
    forge_init(f, 1);
    f->per_block = 100;
    forge_genesis(f);
    while (f->entry_count < LARGE) {
        if (f->entry_count + 1 == JOINS)
            cosigned_join(f, 0);
        else
            forge_note(f, "");
    }
    forge_group(f);
    for (uint64_t size = 250; size < LARGE; size += 250)
        forge_seal(f, size);
    for (uint64_t size = 250; size <= LARGE; size += 250)
        cosigned_by(f, size, 0, size < JOINS);
}

/* Batches are checked ahead, perhaps before it is known who joined: what is found must not depend on it. */
static void test_what_is_found_does_not_depend_on_looking_ahead(void **state)
{
    struct forge honest;

    (void)state;
    make_large(&honest);
    expect(verify(&honest, true), NULL, 10, "large");
    for (unsigned round = 0; round < 20; round++) /* threads race */
        expect(verify(&honest, false), NULL, 10, "large");
    for (uint64_t size = 250; size <= LARGE; size += 250) {
        struct forge f;
        char where[40];
        forge_copy(&f, &honest);
        forge_drop(&f, forge_find_number(&f, EVIDENCE_SEALS, size));
        forge_seal(&f, size);
        cosigned_by(&f, size, 0, true);
        snprintf(where, sizeof where, "seal %u", (unsigned)size);
        expect(verify(&f, true), size < JOINS ? NULL : where, 10, where);
        for (unsigned round = 0; round < 5; round++)
            expect(verify(&f, false), size < JOINS ? NULL : where, 10, where);
        forge_release(&f);
    }
    forge_release(&honest);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_story_is_named),
        cmocka_unit_test(test_what_is_found_does_not_depend_on_looking_ahead),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
