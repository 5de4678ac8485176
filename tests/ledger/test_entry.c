#include "ledger/entry.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support/entries.h"

#define BODY_SIZE_AT 6 /* u16 */

static struct err err;

static size_t encoded(const struct entry *e, uint8_t *bytes, size_t capacity)
{
    struct wire_out out;

    wire_out_init(&out, bytes, capacity);
    assert_int_equal(entry_encode(e, &out, &err), ERR_OK);
    return wire_out_size(&out);
}

/* From memory that ends where the entry does, so that a sanitizer sees a byte too many being read. */
static enum err_code decoded(const uint8_t *bytes, size_t size, struct entry *e)
{
    uint8_t *const exact = malloc(size);

    assert_non_null(exact);
    memcpy(exact, bytes, size);
    const enum err_code rc = entry_decode(exact, size, e, &err);
    free(exact);
    return rc;
}

static void test_every_id_of_a_kind_is_found_and_no_other(void **state)
{
    size_t count;
    const struct entry_kind_info *const table = entry_kinds(&count);

    (void)state;
    for (unsigned id = 0; id < 0x20000; id++) {
        const struct entry_kind_info *expected = NULL;
        for (size_t i = 0; i < count; i++)
            expected = (unsigned)table[i].kind == id ? &table[i] : expected;
        assert_ptr_equal(entry_kind_find(id), expected);
    }
    assert_null(entry_kind_find(UINT32_MAX));
}

static void test_an_id_is_visible_at_every_place_and_of_every_length(void **state)
{
    static const uint8_t zeros[ID_MAX + 1];
    uint8_t bytes[256];
    struct entry e;
    struct entry got;

    (void)state;
    for (uint8_t length = 1; length <= ID_MAX; length++) {
        e = entries_draft(ENTRY_ORDER_EXPIRED);
        e.as.order_expired.order_id.length = length;
        memset(e.as.order_expired.order_id.text, 'x', length);
        const size_t size = encoded(&e, bytes, sizeof bytes);
        assert_int_equal(size, ENTRY_HEADER_SIZE + 1U + length);
        for (size_t i = 0; i < length; i++) {
            uint8_t *const at = bytes + ENTRY_HEADER_SIZE + 1 + i;
            for (unsigned b = 0; b <= 0xff; b++) {
                *at = (uint8_t)b;
                const bool good = b >= 0x21 && b <= 0x7e;
                assert_int_equal(decoded(bytes, size, &got), good ? ERR_OK : ERR_FORMAT);
                if (!good)
                    continue;
                const struct id *const id = &got.as.order_expired.order_id;
                assert_int_equal(id->length, length);
                assert_memory_equal(id->text, bytes + ENTRY_HEADER_SIZE + 1, length);
                assert_memory_equal(id->text + length, zeros, sizeof id->text - length);
            }
            *at = 'x';
        }
    }
}

static void test_an_id_has_a_length(void **state)
{
    uint8_t bytes[256];
    struct entry e = entries_draft(ENTRY_ORDER_EXPIRED);

    (void)state;
    e.as.order_expired.order_id = id_from("o");
    encoded(&e, bytes, sizeof bytes);
    memset(bytes + ENTRY_HEADER_SIZE, 'x', sizeof bytes - ENTRY_HEADER_SIZE);
    for (unsigned length = 0; length <= 0xff - ENTRY_HEADER_SIZE - 1; length++) {
        bytes[ENTRY_HEADER_SIZE] = (uint8_t)length;
        bytes[BODY_SIZE_AT + 1] = (uint8_t)(length + 1);
        assert_int_equal(decoded(bytes, ENTRY_HEADER_SIZE + 1 + length, &e),
                         length >= 1 && length <= ID_MAX ? ERR_OK : ERR_FORMAT);
    }
}

/* A body that ends early: the message names the first field that is not all there. */
static void test_a_body_cut_short_names_the_field(void **state)
{
    static const struct {
        const char *field;
        size_t size; /* on the wire */
    } FIELDS[] = {{"order_id", 4}, {"fill_id", 5}, {"symbol", 22}, {"side", 1},
                  {"qty", 8},      {"price", 8},   {"fee", 8}};
    uint8_t bytes[256];
    char expected[96];
    size_t begin = 0;
    struct entry e = entries_execution("o-1", "f-12", "GOOG  151224P00750000", SIDE_SELL, 5, "0.40", "3.25");

    (void)state;
    const size_t size = encoded(&e, bytes, sizeof bytes);
    for (size_t f = 0; f < sizeof FIELDS / sizeof FIELDS[0]; f++) {
        for (size_t body = begin; body < begin + FIELDS[f].size; body++) {
            bytes[BODY_SIZE_AT + 1] = (uint8_t)body;
            assert_int_equal(decoded(bytes, ENTRY_HEADER_SIZE + body, &e), ERR_FORMAT);
            snprintf(expected, sizeof expected, "fill.execution: field \"%s\" does not decode",
                     FIELDS[f].field);
            assert_string_equal(err.text, expected);
        }
        begin += FIELDS[f].size;
    }
    assert_int_equal(ENTRY_HEADER_SIZE + begin, size);
    bytes[BODY_SIZE_AT + 1] = (uint8_t)begin;
    assert_int_equal(decoded(bytes, size, &e), ERR_OK);
    bytes[BODY_SIZE_AT + 1] = (uint8_t)(begin + 1);
    assert_int_equal(decoded(bytes, size + 1, &e), ERR_FORMAT);
    assert_string_equal(err.text, "fill.execution: bytes are left over after the last field");
    for (size_t cut = 0; cut < ENTRY_HEADER_SIZE; cut++) {
        assert_int_equal(decoded(bytes, cut, &e), ERR_FORMAT);
        assert_string_equal(err.text, "the entry is shorter than its header");
    }
}

/* Sets one field's bytes (64 or 8 bits) of a fill and says whether it decodes. */
static bool takes(const char *field, uint64_t value)
{
    uint8_t bytes[256];
    struct entry e = entries_execution("o", "f", "AAPL", SIDE_SELL, 5, "0.40", "3.25");
    const size_t size = encoded(&e, bytes, sizeof bytes);
    uint8_t *const fee = bytes + size - 8;

    if (strcmp(field, "side") == 0)
        *(fee - 17) = (uint8_t)value;
    else
        wire_store_u64(strcmp(field, "qty") == 0     ? fee - 16
                       : strcmp(field, "price") == 0 ? fee - 8
                                                     : fee,
                       value);
    return decoded(bytes, size, &e) == ERR_OK;
}

static void test_numbers_and_choices_stop_at_their_bounds(void **state)
{
    const uint64_t lowest = UINT64_C(1) << 63;

    (void)state;
    assert_false(takes("qty", 0));
    assert_true(takes("qty", 1));
    assert_true(takes("qty", lowest - 1));
    assert_false(takes("qty", UINT64_MAX));
    assert_false(takes("price", lowest));
    assert_true(takes("price", lowest + 1));
    assert_false(takes("fee", lowest));
    assert_true(takes("fee", lowest + 1));
    assert_false(takes("side", 0));
    assert_true(takes("side", 1));
    assert_true(takes("side", 2));
    assert_false(takes("side", 3));
    assert_false(takes("side", 0xff));
}

/* The codec's bounds of enums are written out; the names are in another file. */
static void test_every_choice_that_has_a_name_decodes_and_no_other(void **state)
{
    static const enum entry_kind KINDS[] = {
        ENTRY_PERCEPTION_MARK, ENTRY_PERCEPTION_CLOCK, ENTRY_PERCEPTION_DATA_QUALITY,
        ENTRY_DECISION_EXIT,   ENTRY_ORDER_NEW,        ENTRY_CONTROL_ACTOR};
    uint8_t bytes[512];
    unsigned fields = 0;

    (void)state;
    for (size_t k = 0; k < sizeof KINDS / sizeof KINDS[0]; k++) {
        const struct entry_kind_info *const info = entry_kind_find(KINDS[k]);
        for (size_t f = 0; f < info->field_count; f++) {
            const char *const *const names = entry_enum_names(info->fields[f].type);
            unsigned last = 0;
            while (names && names[last + 1])
                last++;
            for (unsigned v = 0; names && v <= 0xff; v++) {
                struct entry e = entries_draft(KINDS[k]);
                struct wire_out out;
                for (size_t i = 0; i < info->field_count; i++) { /* the least that each type takes */
                    uint8_t *const p = (uint8_t *)&e.as + info->fields[i].offset;
                    const enum field_type type = info->fields[i].type;
                    if (type == FIELD_ID)
                        *(struct id *)(void *)p = id_from("x");
                    else if (type == FIELD_SYMBOL)
                        *(struct symbol *)(void *)p = entries_symbol("A");
                    else if (type == FIELD_QTY)
                        *(int64_t *)(void *)p = 1;
                    else if (entry_enum_names(type))
                        *(unsigned *)(void *)p = i == f ? v : 1;
                }
                wire_out_init(&out, bytes, sizeof bytes);
                assert_int_equal(entry_encode(&e, &out, &err), v >= 1 && v <= last ? ERR_OK : ERR_INPUT);
            }
            fields += names ? 1 : 0;
        }
    }
    assert_int_equal(fields, 8); /* mark, phase, finding, side, rule, side, type, role */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_id_of_a_kind_is_found_and_no_other),
        cmocka_unit_test(test_an_id_is_visible_at_every_place_and_of_every_length),
        cmocka_unit_test(test_an_id_has_a_length),
        cmocka_unit_test(test_a_body_cut_short_names_the_field),
        cmocka_unit_test(test_numbers_and_choices_stop_at_their_bounds),
        cmocka_unit_test(test_every_choice_that_has_a_name_decodes_and_no_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
