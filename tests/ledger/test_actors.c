#include "ledger/actors.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct entry genesis(unsigned count, const char *const *names)
{
    struct entry e;

    memset(&e, 0, sizeof e);
    e.kind = ENTRY_CONTROL_GENESIS;
    e.as.control_genesis.actors.count = (uint8_t)count;
    for (unsigned i = 0; i < count; i++) {
        struct actor_row *const row = &e.as.control_genesis.actors.rows[i];
        row->name = id_from(names[i]);
        row->role = ROLE_OPERATOR;
        memset(row->key, (int)i + 1, sizeof row->key);
    }
    return e;
}

static struct entry actor(int64_t id, const char *name)
{
    struct entry e;

    memset(&e, 0, sizeof e);
    e.kind = ENTRY_CONTROL_ACTOR;
    e.as.control_actor.actor_id = id;
    e.as.control_actor.name = id_from(name);
    e.as.control_actor.role = ROLE_BROKER;
    memset(e.as.control_actor.key.bytes, 0x77, 32);
    return e;
}

static const char *const PAIR[] = {"operator:ann", "risk"};

static void test_actors_come_in_order_and_each_name_once(void **state)
{
    static struct actors a;
    static const char *const twice[] = {"risk", "risk"};
    static const char *const reserved[] = {"risk", "journal"};
    const struct {
        struct entry e;
        enum err_code verdict;
        uint32_t count;
    } story[] = {
        {genesis(2, twice), ERR_CHAIN, 0},
        {genesis(2, reserved), ERR_CHAIN, 0}, /* the first row is taken back, too */
        {actor(2, "early"), ERR_CHAIN, 0},
        {genesis(2, PAIR), ERR_OK, 2},
        {genesis(2, PAIR), ERR_CHAIN, 2},         /* genesis comes once */
        {actor(2, "broker:paper"), ERR_CHAIN, 2}, /* that number is taken */
        {actor(4, "broker:paper"), ERR_CHAIN, 2}, /* a gap */
        {actor(3, "risk"), ERR_CHAIN, 2},         /* that name is taken */
        {actor(3, "journal"), ERR_CHAIN, 2},      /* that name is the journal's */
        {actor(3, "broker:paper"), ERR_OK, 3},
        {actor(3, "broker:other"), ERR_CHAIN, 3},
    };

    (void)state;
    actors_init(&a);
    for (size_t i = 0; i < sizeof story / sizeof story[0]; i++) {
        struct err err = {.code = ERR_OK};
        assert_int_equal(actors_apply(&a, &story[i].e, &err), story[i].verdict);
        assert_int_equal(err.code, story[i].verdict);
        assert_int_equal(a.count, story[i].count);
    }
    assert_string_equal(actors_name(&a, 3), "broker:paper");
    assert_int_equal(actors_find(&a, 3)->role, ROLE_BROKER);
    assert_int_equal(actors_find(&a, 3)->key[31], 0x77);
    assert_int_equal(actors_find(&a, 2)->key[0], 2);
}

static void test_other_kinds_leave_the_actors_alone(void **state)
{
    static struct actors a;
    static struct actors before;
    struct entry e = genesis(2, PAIR);

    (void)state;
    actors_init(&a);
    assert_int_equal(actors_apply(&a, &e, NULL), ERR_OK);
    before = a;
    memset(&e, 0, sizeof e);
    e.kind = ENTRY_CONTROL_NOTE;
    assert_int_equal(actors_apply(&a, &e, NULL), ERR_OK);
    assert_memory_equal(&a, &before, sizeof a);
}

static void test_a_name_finds_its_id_and_an_unknown_one_names_the_others(void **state)
{
    static struct actors a;
    struct entry e = genesis(2, PAIR);
    struct err err = {.code = ERR_OK};
    uint32_t id = 99;

    (void)state;
    actors_init(&a);
    assert_int_equal(actors_apply(&a, &e, NULL), ERR_OK);
    assert_int_equal(actors_id(&a, "risk", 4, &id, &err), ERR_OK);
    assert_int_equal(id, 2);
    assert_int_equal(actors_id(&a, "journal", 7, &id, &err), ERR_OK);
    assert_int_equal(id, 0);
    id = 99;
    assert_int_equal(actors_id(&a, "risky", 5, &id, &err), ERR_NOT_FOUND);
    assert_int_equal(id, 99);
    assert_string_equal(err.text, "no actor \"risky\": there are journal, operator:ann, risk");
    assert_int_equal(actors_id(&a, "", 0, &id, &err), ERR_NOT_FOUND);
    assert_null(actors_find(&a, 0));
    assert_null(actors_find(&a, 3));
    assert_string_equal(actors_name(&a, 0), "journal");
    assert_string_equal(actors_name(&a, 3), "?");
}

static void test_the_number_of_actors_has_a_bound(void **state)
{
    static struct actors a;
    struct err err = {.code = ERR_OK};
    uint32_t id;
    char name[ID_MAX + 8];

    (void)state;
    actors_init(&a);
    for (int i = 1; i <= ACTORS_TOTAL_MAX; i++) {
        snprintf(name, sizeof name, "an-agent-whose-name-is-as-long-as-names-may-be-in-it-%05d", i);
        const struct entry e = actor(i, name);
        assert_int_equal(actors_apply(&a, &e, &err), ERR_OK);
    }
    const struct entry more = actor(ACTORS_TOTAL_MAX + 1, "one-too-many");
    assert_int_equal(actors_apply(&a, &more, &err), ERR_CHAIN);
    assert_int_equal(a.count, ACTORS_TOTAL_MAX);
    assert_int_equal(actors_id(&a, "nobody", 6, &id, &err), ERR_NOT_FOUND);
    assert_non_null(strstr(err.text, " ...")); /* a list that is too long is cut, aloud */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_actors_come_in_order_and_each_name_once),
        cmocka_unit_test(test_other_kinds_leave_the_actors_alone),
        cmocka_unit_test(test_a_name_finds_its_id_and_an_unknown_one_names_the_others),
        cmocka_unit_test(test_the_number_of_actors_has_a_bound),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
