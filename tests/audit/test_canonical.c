/* Two readers of one page: what ledger/entry.c decodes, audit/canonical.c accepts, and nothing else. */
#include "audit/canonical.h"

#include "support/random_entry.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static struct canonical_kinds kinds;
static struct err err;

static bool accepts(const uint8_t *bytes, size_t size)
{
    struct canonical c;

    return canonical_header(bytes, size, &c, &err) == ERR_OK && canonical_body(&c, &kinds, &err) == ERR_OK;
}

static size_t encoded(const struct entry *e, uint8_t *bytes)
{
    struct wire_out out;

    wire_out_init(&out, bytes, ENTRY_MAX_SIZE);
    if (entry_encode(e, &out, &err))
        fail_msg("%s", err.text);
    return wire_out_size(&out);
}

static void test_accepts_every_kind_as_the_codec_writes_it(void **state)
{
    static uint8_t bytes[ENTRY_MAX_SIZE];
    struct random r = {1};
    struct random_texts texts;
    struct entry e;
    size_t count = 0;
    const struct entry_kind_info *const table = entry_kinds(&count);

    (void)state;
    for (int round = 0; round < 200; round++) {
        for (size_t i = 0; i < count; i++) {
            random_entry(&r, &table[i], 5, &e, &texts);
            if (!accepts(bytes, encoded(&e, bytes)))
                fail_msg("%s: %s", table[i].text, err.text);
        }
    }
}

/* Changes one byte, or the length: mostly near the front, where the structure is. */
static size_t mutate(struct random *r, uint8_t *bytes, size_t size)
{
    const uint64_t what = random_below(r, 10);
    const size_t at = random_below(r, 2) ? random_below(r, size) : random_below(r, size < 90 ? size : 90);

    if (what == 0)
        return size - 1;
    if (what == 1) {
        bytes[size] = (uint8_t)random_next(r);
        return size + 1;
    }
    if (what == 2)
        bytes[at] = (uint8_t)random_next(r);
    else
        bytes[at] ^= (uint8_t)(1u << random_below(r, 8));
    return size;
}

static void test_agrees_with_the_codec_on_every_change(void **state)
{
    static uint8_t bytes[ENTRY_MAX_SIZE + 1];
    static uint8_t changed[ENTRY_MAX_SIZE + 1];
    struct random r = {2};
    struct random_texts texts;
    struct entry e;
    struct entry decoded;
    size_t count = 0;
    unsigned refused = 0;
    unsigned accepted = 0;
    const struct entry_kind_info *const table = entry_kinds(&count);

    (void)state;
    for (int round = 0; round < 60; round++) {
        for (size_t i = 0; i < count; i++) {
            random_entry(&r, &table[i], 5, &e, &texts);
            const size_t size = encoded(&e, bytes);
            for (int change = 0; change < 40; change++) {
                memcpy(changed, bytes, size);
                const size_t now = mutate(&r, changed, size);
                const bool decodes = entry_decode(changed, now, &decoded, NULL) == ERR_OK;
                if (decodes != accepts(changed, now))
                    fail_msg("%s, change %d: the codec says %s", table[i].text, change,
                             decodes ? "yes" : "no");
                *(decodes ? &accepted : &refused) += 1;
            }
        }
    }
    assert_true(refused > 10000 && accepted > 10000);
}

/* Each byte of `size` from `at` on replaced by each of some: what the codec decodes is accepted, nothing else. */
static void try_each_byte(uint8_t *bytes, size_t entry_size, size_t at, size_t size)
{
    static const uint8_t others[] = {0x00, 0x01, 0x0a, 0x20, 0x21, 0x7e, 0x7f, 0x80, 0xc3, 0xff};
    struct entry decoded;

    for (size_t i = at; i < at + size; i++) {
        const uint8_t kept = bytes[i];
        for (size_t k = 0; k < sizeof others; k++) {
            bytes[i] = others[k];
            const bool decodes = entry_decode(bytes, entry_size, &decoded, NULL) == ERR_OK;
            if (decodes != accepts(bytes, entry_size))
                fail_msg("byte %02x at %zu of %zu: the codec says %s", others[k], i - at, size,
                         decodes ? "yes" : "no");
        }
        bytes[i] = kept;
    }
    assert_true(accepts(bytes, entry_size));
}

/* Texts and ids are read many bytes at a time: whatever their length, none is left out. */
static void test_every_byte_of_texts_and_ids_of_every_length_counts(void **state)
{
    static uint8_t bytes[ENTRY_MAX_SIZE];
    char text[200];

    (void)state;
    memset(text, 'x', sizeof text);
    for (uint16_t size = 1; size <= 140; size++) {
        struct entry e = {
            .kind = ENTRY_ORDER_CANCELLED, .seq = 2, .recorded_at_ns = 1, .at_ns = INSTANT_NONE};
        e.as.order_cancelled.order_id.length = (uint8_t)(size <= ID_MAX ? size : ID_MAX);
        memset(e.as.order_cancelled.order_id.text, 'i', e.as.order_cancelled.order_id.length);
        e.as.order_cancelled.reason = (struct text){text, size};
        const size_t entry_size = encoded(&e, bytes);
        try_each_byte(bytes, entry_size, ENTRY_HEADER_SIZE, entry_size - ENTRY_HEADER_SIZE);
    }
}

static void test_tells_unknown_from_wrong(void **state)
{
    static uint8_t bytes[ENTRY_MAX_SIZE];
    struct random r = {3};
    struct random_texts texts;
    struct canonical c;
    struct entry e;

    (void)state;
    random_entry(&r, entry_kind_find(ENTRY_FILL_EXECUTION), 2, &e, &texts);
    const size_t size = encoded(&e, bytes);
    bytes[0] = 2;
    assert_int_equal(canonical_header(bytes, size, &c, &err), ERR_FORMAT);
    bytes[0] = 1;
    bytes[3] = 0x1f; /* the last id that fits the table, and no kind */
    assert_int_equal(canonical_header(bytes, size, &c, &err), ERR_OK);
    assert_int_equal(canonical_body(&c, &kinds, &err), ERR_FORMAT);
    bytes[3] = 0x20;
    assert_int_equal(canonical_header(bytes, size, &c, &err), ERR_OK);
    assert_int_equal(canonical_body(&c, &kinds, &err), ERR_FORMAT);
    bytes[3] = 0x01;
    bytes[5] = 2;
    assert_int_equal(canonical_header(bytes, size, &c, &err), ERR_OK);
    assert_int_equal(canonical_body(&c, &kinds, &err), ERR_FORMAT);
    bytes[5] = 1;
    bytes[47] = 1;
    assert_int_equal(canonical_header(bytes, size, &c, &err), ERR_WRONG);
    assert_int_equal(canonical_header(bytes, 47, &c, &err), ERR_WRONG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_accepts_every_kind_as_the_codec_writes_it),
        cmocka_unit_test(test_agrees_with_the_codec_on_every_change),
        cmocka_unit_test(test_every_byte_of_texts_and_ids_of_every_length_counts),
        cmocka_unit_test(test_tells_unknown_from_wrong),
    };

    canonical_kinds_init(&kinds);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
