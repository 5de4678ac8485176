/*
 * The writer refuses what the verifiers call wrong, and nothing else: every story of persons is told to its own
 * reducers and checks (ledger/roles.h, actors.h, dual.h), entry by entry. And the two tables of roles are one.
 */
#include "audit/stories.h"
#include "audit/walk.h"
#include "ledger/dual.h"
#include "ledger/roles.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

struct writer {
    struct actors actors;
    struct dual dual;
    const struct forge *forge;
    int64_t approved_at_ns;
};

/* What is left of journal_check_signature(): there, good, and new. */
static bool is_signed_well(const struct writer *w, const struct entry *e, size_t index)
{
    static uint8_t statement[2 * ENTRY_MAX_SIZE];
    const struct forge_entry *const stored = &w->forge->entries[index];
    const uint8_t *const signature = stored->bytes + stored->size - ENTRY_SIGNATURE_SIZE;
    const struct actor_row *const actor = actors_find(&w->actors, e->actor);

    if (!e->is_signed)
        return !entry_kind_needs_signature(e->kind);
    for (size_t i = 0; i < index; i++) {
        const struct forge_entry *const other = &w->forge->entries[i];
        if (other->size >= ENTRY_SIGNATURE_SIZE &&
            memcmp(other->bytes + other->size - ENTRY_SIGNATURE_SIZE, signature, ENTRY_SIGNATURE_SIZE) == 0)
            return false;
    }
    const size_t said = entry_statement(stored->bytes, stored->size, FORGE_ORIGIN, statement);
    return actor && note_verify_bytes(actor->key, statement, said, signature, NULL) == ERR_OK;
}

static enum err_code take(struct writer *w, size_t index, struct err *err)
{
    const struct forge_entry *const stored = &w->forge->entries[index];
    const bool was_owned = w->actors.is_owned;
    struct entry e;

    enum err_code rc = entry_decode(stored->bytes, stored->size, &e, err);
    const struct dual_entry at = {FORGE_ORIGIN, &e, stored->bytes, stored->size, e.seq, e.recorded_at_ns};
    if (!rc)
        rc = actors_check(&w->actors, &e, err);
    if (!rc && !is_signed_well(w, &e, index))
        rc = err_set(err, ERR_INPUT, "not signed as it must be");
    if (!rc && was_owned)
        rc = dual_check(&w->dual, &w->actors, &at, err);
    if (!rc && was_owned && dual_is_asked(e.kind) && w->approved_at_ns != e.recorded_at_ns)
        rc = err_set(err, ERR_INPUT,
                     "of another group than its approval"); /* journal_persons.c knows the group */
    if (e.kind == ENTRY_CONTROL_APPROVAL)
        w->approved_at_ns = e.recorded_at_ns;
    if (!rc)
        rc = actors_apply(&w->actors, &e, err);
    return rc || !was_owned ? rc : dual_apply(&w->dual, &at, err);
}

static void test_the_writer_refuses_what_verifiers_call_wrong(void **state)
{
    static struct writer w;
    size_t count = 0;
    const struct rule_story *const all = person_stories(&count);

    (void)state;
    for (size_t i = 0; i < count; i++) {
        struct err err = {.code = ERR_OK};
        struct forge f;
        rule_story_tell(&all[i], &f);
        memset(&w, 0, sizeof w);
        w.forge = &f;
        for (size_t k = 0; k < f.entry_count; k++) {
            const bool is_last = k + 1 == f.entry_count;
            const enum err_code rc = take(&w, k, &err);
            if ((rc == ERR_OK) != (!is_last || all[i].is_good))
                fail_msg("%s: entry %zu: %s", all[i].name, k + 1, rc ? err.text : "taken");
        }
        dual_release(&w.dual);
        forge_release(&f);
    }
}

static void test_both_tables_say_the_same_of_every_role_and_kind(void **state)
{
    static struct walk_roles roles;
    unsigned allowed = 0;
    size_t count = 0;
    const struct entry_kind_info *const kinds = entry_kinds(&count);

    (void)state;
    walk_roles_init(&roles);
    for (unsigned role = ROLE_JOURNAL; role <= ROLE_WITNESS; role++) {
        for (size_t i = 0; i < count; i++) {
            const bool may = role_may_write((enum role)role, kinds[i].kind);
            if (walk_role_may_write(&roles, role, (unsigned)kinds[i].kind) != may)
                fail_msg("%s and %s", role_name((enum role)role), kinds[i].text);
            allowed += may;
        }
    }
    assert_true(allowed > count); /* no kind is nobody's, and some are for more than one */
    assert_false(walk_role_may_write(&roles, ROLE_OPERATOR, 0x0900));
    assert_false(walk_role_may_write(&roles, ROLE_OPERATOR, 0xffff));
}

static void test_no_kind_is_nobodys(void **state)
{
    size_t count = 0;
    const struct entry_kind_info *const kinds = entry_kinds(&count);

    (void)state;
    for (size_t i = 0; i < count; i++) {
        unsigned writers = 0;
        for (unsigned role = ROLE_JOURNAL; role <= ROLE_WITNESS; role++)
            writers += role_may_write((enum role)role, kinds[i].kind);
        if (writers == 0)
            fail_msg("nobody may write %s", kinds[i].text);
        assert_false(role_may_write(ROLE_WITNESS, kinds[i].kind));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_writer_refuses_what_verifiers_call_wrong),
        cmocka_unit_test(test_both_tables_say_the_same_of_every_role_and_kind),
        cmocka_unit_test(test_no_kind_is_nobodys),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
