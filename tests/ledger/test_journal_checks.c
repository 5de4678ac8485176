/* Readers that hold each stored entry against its check name the one that was changed, and refuse it wherever it is read. */
#include "support/journals.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define ENTRIES 700u /* several blocks */
#define DAMAGED 570u

/* Flips one bit of the entry's last byte in the journal's file, where it stands once. */
static void damage(const struct scratch *s, const uint8_t *bytes, size_t size)
{
    char path[300];
    long at = -1;
    long length = 0;

    snprintf(path, sizeof path, "%s/journal.mdb", s->dir);
    FILE *const f = fopen(path, "r+b");
    REQUIRE(f && fseek(f, 0, SEEK_END) == 0);
    length = ftell(f);
    uint8_t *const all = malloc((size_t)length);
    REQUIRE(all && length > 0 && fseek(f, 0, SEEK_SET) == 0 && fread(all, (size_t)length, 1, f) == 1);
    for (long i = 0; i + (long)size <= length; i++) {
        if (memcmp(all + i, bytes, size) == 0) {
            REQUIRE(at < 0);
            at = i;
        }
    }
    REQUIRE(at >= 0 && fseek(f, at + (long)size - 1, SEEK_SET) == 0);
    REQUIRE(fputc(bytes[size - 1] ^ 1, f) != EOF && fclose(f) == 0);
    free(all);
}

static struct journal_reader *open_reader(struct scratch *s, bool checks, struct journal **j)
{
    struct journal_options options = s->options;
    struct journal_reader *r = NULL;

    options.checks_entries = checks;
    options.read_only = true;
    SCRATCH_OK(journal_open(&options, j, err));
    SCRATCH_OK(journal_reader_begin(*j, &r, err));
    return r;
}

static void test_a_changed_entry_is_named_and_refused(void **state)
{
    struct scratch s;
    struct journal_record record;
    struct journal_reader *r = NULL;
    struct journal *j = NULL;
    uint8_t bytes[ENTRY_MAX_SIZE];
    char expected[400];
    struct err err;
    bool found = true;

    (void)state;
    scratch_init(&s);
    j = scratch_create(&s);
    scratch_append(j, ENTRIES - 1);
    SCRATCH_OK(journal_reader_begin(j, &r, err));
    SCRATCH_OK(journal_reader_get(r, DAMAGED, &record, err));
    const size_t size = record.size;
    memcpy(bytes, record.bytes, size);
    journal_reader_end(r);
    journal_close(j);

    r = open_reader(&s, true, &j); /* nothing is wrong yet: every entry can be had, in any order */
    for (uint64_t seq = ENTRIES; seq > 0; seq--)
        SCRATCH_OK(journal_reader_get(r, seq, &record, err));
    journal_reader_end(r);
    journal_close(j);
    damage(&s, bytes, size);

    r = open_reader(&s, true, &j);
    snprintf(expected, sizeof expected, "entry %u is not what was stored; run: ledger -C %s verify", DAMAGED,
             s.dir);
    for (uint64_t seq = 1; seq < DAMAGED; seq++)
        SCRATCH_OK(journal_reader_next(r, &record, &found, err));
    assert_int_equal(journal_reader_next(r, &record, &found, &err), ERR_FORMAT);
    assert_string_equal(err.text, expected);
    assert_int_equal(journal_reader_get(r, DAMAGED, &record, &err), ERR_FORMAT);
    assert_string_equal(err.text, expected);
    SCRATCH_OK(journal_reader_get(r, ENTRIES, &record, err)); /* of another block */
    assert_int_equal(journal_reader_get(r, DAMAGED, &record, &err), ERR_FORMAT);
    SCRATCH_OK(journal_reader_get(r, 1, &record, err));
    journal_reader_end(r);
    journal_close(j);

    r = open_reader(&s, false, &j); /* who did not ask is handed what is there */
    SCRATCH_OK(journal_reader_get(r, DAMAGED, &record, err));
    assert_int_equal(record.bytes[size - 1], bytes[size - 1] ^ 1);
    journal_reader_end(r);
    journal_close(j);
    scratch_release(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_changed_entry_is_named_and_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
