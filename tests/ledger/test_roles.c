#include "ledger/roles.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct entry genesis(unsigned count, const enum role *roles)
{
    struct entry e;

    memset(&e, 0, sizeof e);
    e.kind = ENTRY_CONTROL_GENESIS;
    e.as.control_genesis.actors.count = (uint8_t)count;
    for (unsigned i = 0; i < count; i++)
        e.as.control_genesis.actors.rows[i].role = roles[i];
    return e;
}

static struct entry actor(enum role role)
{
    struct entry e;

    memset(&e, 0, sizeof e);
    e.kind = ENTRY_CONTROL_ACTOR;
    e.as.control_actor.role = role;
    return e;
}

static void test_roles_come_in_order_of_appearance(void **state)
{
    static const enum role FIRST[] = {ROLE_OPERATOR, ROLE_RISK};
    struct roles r = {0};
    struct entry e = genesis(2, FIRST);

    (void)state;
    assert_int_equal(roles_find(&r, 0), 0);
    assert_int_equal(roles_find(&r, 1), 0);
    roles_apply(&r, &e);
    e = actor(ROLE_WITNESS);
    roles_apply(&r, &e);
    e.kind = ENTRY_CONTROL_NOTE;
    roles_apply(&r, &e);
    assert_int_equal(r.count, 3);
    assert_int_equal(roles_find(&r, 0), 0);
    assert_int_equal(roles_find(&r, 1), ROLE_OPERATOR);
    assert_int_equal(roles_find(&r, 2), ROLE_RISK);
    assert_int_equal(roles_find(&r, 3), ROLE_WITNESS);
    assert_int_equal(roles_find(&r, 4), 0);
    assert_int_equal(roles_find(&r, UINT32_MAX), 0);
}

static void test_no_actor_is_learnt_past_the_most_there_can_be(void **state)
{
    struct roles r = {0};
    const struct entry e = actor(ROLE_FEED);

    (void)state;
    for (unsigned i = 0; i < ACTORS_TOTAL_MAX + 2; i++)
        roles_apply(&r, &e);
    assert_int_equal(r.count, ACTORS_TOTAL_MAX);
    assert_int_equal(roles_find(&r, ACTORS_TOTAL_MAX), ROLE_FEED);
    assert_int_equal(roles_find(&r, ACTORS_TOTAL_MAX + 1), 0);
}

struct kept {
    uint8_t bytes[64];
    size_t size;
};

static void keep(void *context, const void *bytes, size_t size)
{
    struct kept *const k = context;

    assert_true(size <= sizeof k->bytes - k->size);
    memcpy(k->bytes + k->size, bytes, size);
    k->size += size;
}

static void test_roles_are_read_back_and_no_others(void **state)
{
    static const enum role ALL[] = {ROLE_OWNER, ROLE_WITNESS};
    struct roles r = {0};
    struct kept k = {.size = 0};
    const struct digest_out out = {keep, &k};
    struct restore_in in;

    (void)state;
    const struct entry e = genesis(2, ALL);
    roles_apply(&r, &e);
    roles_digest(&r, &out);
    for (unsigned role = 0; role < 256; role++) {
        struct roles back = {0};
        k.bytes[k.size - 1] = (uint8_t)role;
        restore_init(&in, k.bytes, k.size);
        roles_restore(&back, &in);
        assert_int_equal(restore_done(&in), role >= ROLE_OWNER && role <= ROLE_WITNESS);
        assert_true(!restore_done(&in) || roles_find(&back, 2) == (enum role)role);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_roles_come_in_order_of_appearance),
        cmocka_unit_test(test_no_actor_is_learnt_past_the_most_there_can_be),
        cmocka_unit_test(test_roles_are_read_back_and_no_others),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
