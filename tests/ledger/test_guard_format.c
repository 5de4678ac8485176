#include "ledger/guard_format.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static const char VKEY[] = "desk.example/alpha+7b055032+AW43cbtjHPNBlW0hNAzxzmbh0MUBo9/7zzQlAO/Gr/VK";

/* The lines of a file with states 4 (being signed), 5 (signed) and 3; the places' ends are spaces and a line feed. */
static const char *const GOLDEN[] = {
    "ledger guard 1\n"
    "key desk.example/alpha+7b055032+AW43cbtjHPNBlW0hNAzxzmbh0MUBo9/7zzQlAO/Gr/VK\n",
    "state 3\n"
    "signed 0 47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n"
    "next none\n"
    "file 0\n"
    "at 1970-01-01T00:00:00Z\n"
    "by \n"
    "check d3de86fb38c2ad19e32ab2a1a1511a0ec9658faf488b2c983ecc6870445362dd\n",
    "state 4\n"
    "signed 1240 AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=\n"
    "next 1250 AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI=\n"
    "file 11076261\n"
    "at 2026-11-21T21:36:40.459824129Z\n"
    "by /srv/desk/J\n"
    "check 07662136d59ccb293ba9000a9983ed76d6eefd35886b2e99d9065df6000d1b3a\n",
    "state 5\n"
    "signed 1250 AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI=\n"
    "next none\n"
    "file 11076261\n"
    "at 2026-11-21T21:36:40.459824129Z\n"
    "by /srv/desk/J\n"
    "check 0a473a878ceec2d01a48815fe2d39ce8f2904865cb9c79406833442dce77c157\n",
};

static struct guard_state state_3(void)
{
    return (struct guard_state){.number = 3, .last = {0, hash_empty()}};
}

static struct guard_state state_4(void)
{
    struct guard_state s = {.number = 4,
                            .last = {.size = 1240},
                            .has_next = true,
                            .next = {.size = 1250},
                            .file = 11076261,
                            .at_ns = INT64_C(1795297000459824129),
                            .by = "/srv/desk/J"};

    memset(s.last.root.bytes, 1, HASH_SIZE);
    memset(s.next.root.bytes, 2, HASH_SIZE);
    return s;
}

static struct guard_state state_5(void)
{
    struct guard_state s = state_4();

    s.number = 5;
    s.last = s.next;
    s.has_next = false;
    memset(&s.next, 0, sizeof s.next);
    return s;
}

static void put(char *bytes, const struct guard_state *s)
{
    char place[GUARD_PLACE_SIZE];
    const size_t at = guard_state_encode(place, bytes, s);

    memcpy(bytes + at, place, sizeof place);
}

static void make(char bytes[GUARD_FILE_SIZE])
{
    const struct guard_state states[] = {state_3(), state_4(), state_5()};

    memset(bytes, 0, GUARD_FILE_SIZE);
    guard_head_encode(bytes, VKEY);
    for (size_t i = 0; i < 3; i++)
        put(bytes, &states[i]);
}

static void test_a_guard_has_these_bytes(void **state)
{
    char bytes[GUARD_FILE_SIZE];

    (void)state;
    make(bytes);
    for (size_t i = 0; i < 4; i++) {
        char place[GUARD_PLACE_SIZE];
        const size_t length = strlen(GOLDEN[i]);
        memset(place, ' ', sizeof place);
        memcpy(place, GOLDEN[i], length);
        place[sizeof place - 1] = '\n';
        assert_memory_equal(bytes + i * GUARD_PLACE_SIZE, place, sizeof place);
    }
}

static void assert_newest(const char *bytes, const struct guard_state *want)
{
    char vkey[NOTE_VKEY_TEXT_SIZE];
    struct guard_state found;

    assert_int_equal(guard_decode(bytes, GUARD_FILE_SIZE, vkey, &found, NULL), ERR_OK);
    assert_string_equal(vkey, VKEY);
    assert_int_equal(found.number, want->number);
    assert_int_equal(found.last.size, want->last.size);
    assert_memory_equal(&found.last.root, &want->last.root, HASH_SIZE);
    assert_int_equal(found.has_next, want->has_next);
    assert_int_equal(found.next.size, want->next.size);
    assert_memory_equal(&found.next.root, &want->next.root, HASH_SIZE);
    assert_int_equal(found.file, want->file);
    assert_int_equal(found.at_ns, want->at_ns);
    assert_string_equal(found.by, want->by);
}

/* Whatever becomes of one state, the newest of the others is found; of the head, none. */
static void test_every_flipped_bit_takes_away_its_own_state_only(void **state)
{
    const struct guard_state four = state_4();
    const struct guard_state five = state_5();
    char vkey[NOTE_VKEY_TEXT_SIZE];
    char bytes[GUARD_FILE_SIZE];
    struct guard_state found;

    (void)state;
    make(bytes);
    for (size_t bit = 0; bit < 8 * sizeof bytes; bit++) {
        const size_t place = bit / 8 / GUARD_PLACE_SIZE;
        bytes[bit / 8] ^= (char)(1u << bit % 8);
        if (place == 0)
            assert_int_equal(guard_decode(bytes, sizeof bytes, vkey, &found, NULL), ERR_FORMAT);
        else
            assert_newest(bytes, place == 1 + 5 % 3 ? &four : &five);
        bytes[bit / 8] ^= (char)(1u << bit % 8);
    }
    assert_newest(bytes, &five);
}

/* Torn at each byte: the state that was there, or the one before it. */
static void test_a_write_that_is_torn_leaves_the_state_before(void **state)
{
    struct guard_state six = state_4();
    const struct guard_state five = state_5();
    char bytes[GUARD_FILE_SIZE];
    char place[GUARD_PLACE_SIZE];

    (void)state;
    make(bytes);
    six.number = 6;
    const size_t at = guard_state_encode(place, bytes, &six);
    assert_int_equal(at, GUARD_PLACE_SIZE);
    for (size_t i = 0; i < sizeof place; i++) {
        assert_newest(bytes, memcmp(bytes + at, place, sizeof place) == 0 ? &six : &five);
        bytes[at + i] = place[i];
    }
    assert_newest(bytes, &six);
}

static void assert_refused(const char *bytes, size_t size, const char *words)
{
    char vkey[NOTE_VKEY_TEXT_SIZE] = "untouched";
    struct guard_state found = {.number = 77};
    struct err why;

    assert_int_equal(guard_decode(bytes, size, vkey, &found, &why), ERR_FORMAT);
    if (!strstr(why.text, words))
        fail_msg("\"%s\" does not say: %s", why.text, words);
    assert_string_equal(vkey, "untouched");
    assert_int_equal(found.number, 77);
}

static void test_what_is_no_guard_is_named(void **state)
{
    char bytes[GUARD_FILE_SIZE];

    (void)state;
    make(bytes);
    assert_refused(bytes, 0, "it has 0 bytes where a guard has 2048");
    assert_refused(bytes, sizeof bytes - 1, "it has 2047 bytes");
    bytes[0] = 'L';
    assert_refused(bytes, sizeof bytes, "does not begin with \"ledger guard 1\"");
    make(bytes);
    bytes[13] = '2';
    assert_refused(bytes, sizeof bytes, "of version 2, and this program reads 1");
    make(bytes);
    bytes[19] = '+'; /* no origin */
    assert_refused(bytes, sizeof bytes, "it names no journal");
    make(bytes);
    bytes[300] = 'x';
    assert_refused(bytes, sizeof bytes, "its beginning is damaged");
    make(bytes);
    memset(bytes + GUARD_PLACE_SIZE, ' ', sizeof bytes - GUARD_PLACE_SIZE);
    assert_refused(bytes, sizeof bytes, "no state in it is whole");
}

/* A good state in a place that is another number's is none: it was put there by somebody. */
static void test_a_state_counts_in_its_own_place_only(void **state)
{
    const struct guard_state five = state_5();
    char bytes[GUARD_FILE_SIZE];
    char place[GUARD_PLACE_SIZE];
    struct guard_state seven = state_4();

    (void)state;
    make(bytes);
    seven.number = 7;
    (void)guard_state_encode(place, bytes, &seven); /* belongs where 4 is */
    memcpy(bytes + GUARD_PLACE_SIZE, place, sizeof place);
    assert_newest(bytes, &five);
}

static void test_any_directory_becomes_printable_and_short(void **state)
{
    char by[GUARD_BY_MAX + 1];
    char text[301];

    (void)state;
    guard_by(by, "/a\nb\x7f\xc3\xa9~ c");
    assert_string_equal(by, "/a?b???~ c");
    guard_by(by, "");
    assert_string_equal(by, "");
    memset(text, 'x', sizeof text - 1);
    text[300] = '\0';
    text[299] = 'J';
    guard_by(by, text);
    assert_int_equal(strlen(by), GUARD_BY_MAX);
    assert_int_equal(by[GUARD_BY_MAX - 1], 'J');
}

/* The largest numbers fit into a place. */
static void test_the_longest_state_fits(void **state)
{
    struct guard_state s = state_4();
    struct guard_state back;
    char head[GUARD_PLACE_SIZE];
    char place[GUARD_PLACE_SIZE];

    (void)state;
    s.number = UINT64_MAX;
    s.last.size = UINT64_MAX;
    s.next.size = UINT64_MAX;
    s.file = UINT64_MAX;
    s.at_ns = INT64_C(1795297000459824129);
    memset(s.by, 'x', GUARD_BY_MAX);
    guard_head_encode(head, VKEY);
    (void)guard_state_encode(place, head, &s);
    assert_int_equal(guard_state_decode(&back, head, place, NULL), ERR_OK);
    assert_int_equal(back.number, UINT64_MAX);
    assert_int_equal(back.next.size, UINT64_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_guard_has_these_bytes),
        cmocka_unit_test(test_every_flipped_bit_takes_away_its_own_state_only),
        cmocka_unit_test(test_a_write_that_is_torn_leaves_the_state_before),
        cmocka_unit_test(test_what_is_no_guard_is_named),
        cmocka_unit_test(test_a_state_counts_in_its_own_place_only),
        cmocka_unit_test(test_any_directory_becomes_printable_and_short),
        cmocka_unit_test(test_the_longest_state_fits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
