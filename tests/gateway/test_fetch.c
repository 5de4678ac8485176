/* A copy follows the journal from key to key, and takes no other way to the newest one. */
#include "gateway/fetch.h"

#include "audit/publish.h"
#include "audit/verify.h"
#include "ledger/published.h"
#include "support/journals.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/stat.h>

#include <cmocka.h>

struct desk {
    struct scratch s;
    struct journal *j;
    char published[240];
    char copy[240];
};

static void desk_init(struct desk *d)
{
    scratch_init(&d->s);
    d->j = scratch_create(&d->s);
    snprintf(d->published, sizeof d->published, "%s/P", d->s.root);
    snprintf(d->copy, sizeof d->copy, "%s/C", d->s.root);
}

static void desk_release(struct desk *d)
{
    journal_close(d->j);
    scratch_release(&d->s);
}

static uint64_t rotate(struct desk *d)
{
    static struct seal seal;

    SCRATCH_OK(journal_rotate_key(d->j, "a test", 0, &seal, err));
    return seal.size;
}

static void publish(struct desk *d)
{
    const struct publish_options options = {.dir = d->s.dir, .out = d->published};
    struct publish_report report;

    SCRATCH_OK(publish_journal(&options, &report, err));
}

static enum err_code fetch(struct desk *d, struct fetch_report *report, struct err *err)
{
    const struct fetch_options options = {.from = d->published, .dir = d->copy, .vkey = journal_vkey(d->j)};

    return fetch_journal(&options, report, err);
}

/* The copy verifies from the first key on, and has all that the journal has. */
static void assert_whole(struct desk *d, uint64_t entries)
{
    static struct verify_report verified;
    const struct verify_options options = {.dir = d->copy, .vkey = journal_vkey(d->j)};

    SCRATCH_OK(verify_journal(&options, &verified, err));
    assert_int_equal(verified.entries, entries);
    assert_true(verified.integrity_ok && verified.complete_ok);
}

static void assert_fetched(struct desk *d, uint64_t before, uint64_t entries)
{
    struct fetch_report report;

    SCRATCH_OK(fetch(d, &report, err));
    assert_int_equal(report.before, before);
    assert_int_equal(report.entries, entries);
    assert_whole(d, entries);
}

static void path_of(const struct desk *d, const struct published_name *name, char path[400])
{
    char text[PUBLISHED_NAME_SIZE];

    published_format(text, name);
    snprintf(path, 400, "%s/%s", d->published, text);
}

/* What a file of the publication holds, and what it is to hold: NULL takes it away. */
static char *swap(const struct desk *d, const struct published_name *name, const char *content)
{
    char path[400];

    path_of(d, name, path);
    char *const was = calloc(1, NOTE_MAX_SIZE);
    FILE *f = fopen(path, "rb");
    assert_non_null(was);
    if (f) {
        assert_true(fread(was, 1, NOTE_MAX_SIZE - 1, f) > 0);
        fclose(f);
    }
    if (!content) {
        assert_int_equal(remove(path), 0);
        return was;
    }
    f = fopen(path, "wb");
    assert_non_null(f);
    assert_true(fwrite(content, 1, strlen(content), f) == strlen(content));
    assert_int_equal(fclose(f), 0);
    return was;
}

static const struct published_name CHECKPOINT = {.kind = PUBLISHED_CHECKPOINT};
static const struct published_name SEALS = {.kind = PUBLISHED_SEALS};

static void test_a_copy_follows_from_key_to_key(void **state)
{
    struct desk d;

    (void)state;
    desk_init(&d);
    scratch_append(d.j, 9);
    assert_int_equal(rotate(&d), 11);
    scratch_append(d.j, 600);
    assert_int_equal(rotate(&d), 612);
    assert_int_equal(rotate(&d), 613); /* at once again */
    scratch_append(d.j, 5);
    publish(&d);
    char *const list = swap(&d, &SEALS, "x");
    assert_string_equal(list, "11\n612\n613\n618\n");
    free(swap(&d, &SEALS, list));
    free(list);
    assert_fetched(&d, 0, 618);
    desk_release(&d);
}

/* Whatever was published when: in the middle of an epoch, at a hand-over, right behind it. */
static void test_a_copy_follows_in_steps(void **state)
{
    struct desk d;
    uint64_t have = 0;

    (void)state;
    desk_init(&d);
    for (unsigned step = 0; step < 12; step++) {
        const uint64_t size = step % 3 == 0 ? rotate(&d) : scratch_append(d.j, step % 3 == 1 ? 1 : 250);
        if (step % 4 != 1) {
            publish(&d);
            assert_fetched(&d, have, size);
            have = size;
        }
    }
    char whole[240];
    memcpy(whole, d.copy, sizeof whole);
    snprintf(d.copy, sizeof d.copy, "%s/from-nothing", d.s.root);
    assert_fetched(&d, 0, have);
    desk_release(&d);
}

static void assert_refused(struct desk *d, enum err_code code, const char *piece)
{
    struct fetch_report report;
    struct err err = {.code = ERR_OK};

    assert_int_equal(fetch(d, &report, &err), code);
    if (!strstr(err.text, piece))
        fail_msg("\"%s\" is not in \"%s\"", piece, err.text);
}

static void test_without_the_seal_that_hands_over_there_is_no_way(void **state)
{
    const struct published_name hand_over = {.kind = PUBLISHED_SEAL, .number = 11};
    struct desk d;

    (void)state;
    desk_init(&d);
    scratch_append(d.j, 9);
    rotate(&d);
    scratch_append(d.j, 20);
    publish(&d);
    char *const seal = swap(&d, &hand_over, NULL);
    assert_refused(&d, ERR_NOT_FOUND, "seal/011");
    free(swap(&d, &hand_over, "nonsense\n"));
    assert_refused(&d, ERR_WRONG, "seal/011");
    free(swap(&d, &hand_over, seal));
    free(seal);
    free(swap(&d, &SEALS, "31\n"));
    assert_refused(&d, ERR_WRONG, "it is not signed by " SCRATCH_ORIGIN);
    free(swap(&d, &SEALS, "11\n31\n"));
    assert_fetched(&d, 0, 31);
    desk_release(&d);
}

/* A seal of the size of the hand-over, by the next key: a thief's, who has that one. */
static void test_the_next_key_cannot_hand_over_to_itself(void **state)
{
    const struct published_name hand_over = {.kind = PUBLISHED_SEAL, .number = 11};
    const struct published_name later = {.kind = PUBLISHED_SEAL, .number = 31};
    struct desk d;

    (void)state;
    desk_init(&d);
    scratch_append(d.j, 9);
    rotate(&d);
    scratch_append(d.j, 20);
    publish(&d);
    char *const next = swap(&d, &later, "x");
    free(swap(&d, &later, next));
    free(swap(&d, &hand_over, next));
    assert_refused(&d, ERR_WRONG, "seal/011: it is not of the size that its name says");
    free(next);
    desk_release(&d);
}

static void test_an_older_state_of_an_earlier_key_is_told(void **state)
{
    struct desk d;

    (void)state;
    desk_init(&d);
    scratch_append(d.j, 9);
    publish(&d);
    char *const old = swap(&d, &CHECKPOINT, "x");
    free(swap(&d, &CHECKPOINT, old));
    rotate(&d);
    scratch_append(d.j, 3);
    publish(&d);
    assert_fetched(&d, 0, 14);
    free(swap(&d, &CHECKPOINT, old));
    assert_refused(&d, ERR_WRONG, "an older state is published");
    free(old);
    assert_whole(&d, 14);
    desk_release(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_copy_follows_from_key_to_key),
        cmocka_unit_test(test_a_copy_follows_in_steps),
        cmocka_unit_test(test_without_the_seal_that_hands_over_there_is_no_way),
        cmocka_unit_test(test_the_next_key_cannot_hand_over_to_itself),
        cmocka_unit_test(test_an_older_state_of_an_earlier_key_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
