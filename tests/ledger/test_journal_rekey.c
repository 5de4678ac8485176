/* A journal whose key is lost goes on with another one, when an owner, and nobody else, signs for it. */
#include "audit/verify.h"
#include "support/journals.h"

#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/wait.h>

#include <cmocka.h>

enum { OWNER = 4 }; /* behind the scratch journal's three */

struct desk {
    struct scratch scratch;
    struct journal *journal;
    struct secret *fresh; /* the new vault's passphrase */
    uint8_t secret[64];   /* the owner's, which is in no vault */
    uint8_t *statement;
    size_t size;
    uint8_t signature[64];
    struct err err;
};

static void vault_path(const struct desk *d, char path[300])
{
    snprintf(path, 300, "%s/vault", d->scratch.dir);
}

/* A journal with an owner and some entries, open and locked; its vault is gone. */
static void desk_init(struct desk *d)
{
    struct journal_group *g = NULL;
    struct entry e = entries_draft(ENTRY_CONTROL_ACTOR);
    char path[300];
    uint8_t seed[32] = {7};

    memset(d, 0, sizeof *d);
    scratch_init(&d->scratch);
    SCRATCH_OK(secret_new(&d->fresh, "another one", 11, err));
    d->journal = scratch_create(&d->scratch);
    e.as.control_actor.actor_id = OWNER;
    e.as.control_actor.name = id_from("owner:eva");
    e.as.control_actor.role = ROLE_OWNER;
    crypto_sign_seed_keypair(e.as.control_actor.key.bytes, d->secret, seed);
    SCRATCH_OK(journal_group_begin(d->journal, &g, err));
    SCRATCH_OK(journal_group_add(g, &e, err));
    SCRATCH_OK(journal_group_commit(g, NULL, err));
    scratch_append(d->journal, 3);
    journal_close(d->journal);
    vault_path(d, path);
    assert_int_equal(unlink(path), 0);
    d->journal = scratch_open_locked(&d->scratch);
}

static void desk_release(struct desk *d)
{
    journal_close(d->journal);
    free(d->statement);
    secret_free(d->fresh);
    scratch_release(&d->scratch);
}

static enum err_code begin(struct desk *d, const struct secret *passphrase, uint32_t owner)
{
    free(d->statement);
    d->statement = NULL;
    const enum err_code rc = journal_rekey_begin(d->journal, passphrase, owner, "the disk burned",
                                                 d->scratch.now_ns, &d->statement, &d->size, &d->err);
    if (!rc)
        crypto_sign_detached(d->signature, NULL, d->statement, d->size, d->secret);
    return rc;
}

static enum err_code finish(struct desk *d)
{
    return journal_rekey_finish(d->journal, d->fresh, d->statement, d->size, d->signature, NULL, &d->err);
}

static void verify(const struct desk *d, uint64_t epochs)
{
    static struct verify_report report;
    const struct verify_options options = {.dir = d->scratch.dir, .vkey = journal_vkey(d->journal)};

    SCRATCH_OK(verify_journal(&options, &report, err));
    assert_true(report.integrity_ok && report.complete_ok && report.key_given);
    assert_int_equal(report.epochs, epochs);
}

static void test_an_owner_puts_another_key_in_its_place(void **state)
{
    struct desk d;
    struct err err = {.code = ERR_OK};

    (void)state;
    desk_init(&d);
    assert_int_equal(journal_unlock(d.journal, d.scratch.passphrase, &err), ERR_NOT_FOUND);
    assert_int_equal(begin(&d, d.fresh, OWNER), ERR_OK);
    assert_int_equal(finish(&d), ERR_OK);
    assert_int_equal(journal_epochs(d.journal)->count, 2);
    assert_int_equal(journal_epochs(d.journal)->rows[1].owner, OWNER);
    scratch_append(d.journal, 2);
    verify(&d, 2);
    journal_close(d.journal);
    d.journal = scratch_open_locked(&d.scratch);
    assert_int_equal(journal_unlock(d.journal, d.scratch.passphrase, &err), ERR_KEY);
    SCRATCH_OK(journal_unlock(d.journal, d.fresh, err));
    SCRATCH_OK(journal_rotate_key(d.journal, "and on", 0, NULL, err));
    scratch_append(d.journal, 1);
    verify(&d, 3);
    desk_release(&d);
}

/* The machine may be switched off while the owner signs elsewhere, or the first step be made twice. */
static void test_the_two_steps_need_not_be_one_process(void **state)
{
    struct desk d;
    uint8_t first[64];

    (void)state;
    desk_init(&d);
    assert_int_equal(begin(&d, d.fresh, OWNER), ERR_OK);
    memcpy(first, d.signature, sizeof first);
    journal_close(d.journal);
    d.journal = scratch_open_locked(&d.scratch);
    struct err err = {.code = ERR_OK};
    assert_int_equal(journal_unlock(d.journal, d.fresh, &err), ERR_KEY); /* nothing is recovered yet */
    assert_non_null(strstr(err.text, "a recovery was begun and not finished"));
    assert_int_equal(begin(&d, d.fresh, OWNER), ERR_OK);
    journal_close(d.journal);
    d.journal = scratch_open_locked(&d.scratch);
    assert_int_equal(finish(&d), ERR_OK);
    scratch_append(d.journal, 1);
    verify(&d, 2);
    assert_int_equal(finish(&d), ERR_EXISTS); /* nothing is lost any more */
    desk_release(&d);
}

static void test_nobody_but_an_owner_can(void **state)
{
    static const uint32_t actors[] = {SCRATCH_OPERATOR, 0, 99};
    struct desk d;

    (void)state;
    desk_init(&d);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(begin(&d, d.fresh, actors[i]), ERR_INPUT);
        assert_non_null(strstr(d.err.text, " is no owner"));
    }
    assert_int_equal(begin(&d, d.fresh, OWNER), ERR_OK);
    d.signature[5] ^= 1;
    assert_int_equal(finish(&d), ERR_INPUT);
    assert_non_null(strstr(d.err.text, "the signature is not owner:eva's over this entry"));
    d.signature[5] ^= 1;
    /* Whatever is changed in the statement is not what was signed, or is no statement of this journal. */
    for (size_t i = 0; i < d.size; i++) {
        d.statement[i] ^= 1;
        if (finish(&d) == ERR_OK)
            fail_msg("byte %zu may be changed", i);
        assert_int_equal(journal_epochs(d.journal)->count, 1);
        d.statement[i] ^= 1;
    }
    for (size_t size = 0; size < d.size; size += 7) {
        const size_t whole = d.size;
        d.size = size;
        assert_int_equal(finish(&d), ERR_INPUT);
        d.size = whole;
    }
    assert_int_equal(journal_epochs(d.journal)->count, 1);
    assert_int_equal(finish(&d), ERR_OK);
    verify(&d, 2);
    desk_release(&d);
}

static void test_what_is_not_lost_is_not_recovered(void **state)
{
    struct desk d;
    char path[300];
    char moved[320];

    (void)state;
    desk_init(&d);
    assert_int_equal(begin(&d, d.fresh, OWNER), ERR_OK);
    assert_int_equal(finish(&d), ERR_OK);
    assert_int_equal(begin(&d, d.fresh, OWNER), ERR_EXISTS);
    assert_non_null(strstr(d.err.text, "key rotate"));
    /* A passphrase that is lost: the vault has to be moved away by hand. */
    journal_close(d.journal);
    d.journal = scratch_open_locked(&d.scratch);
    assert_int_equal(begin(&d, d.scratch.passphrase, OWNER), ERR_KEY);
    assert_non_null(strstr(d.err.text, "move the file away"));
    vault_path(&d, path);
    snprintf(moved, sizeof moved, "%s.lost", path);
    assert_int_equal(rename(path, moved), 0);
    assert_int_equal(begin(&d, d.scratch.passphrase, OWNER), ERR_OK);
    d.signature[0] ^= 1;
    struct secret *const fresh = d.fresh;
    d.fresh = d.scratch.passphrase;
    assert_int_equal(finish(&d), ERR_INPUT);
    d.signature[0] ^= 1;
    assert_int_equal(finish(&d), ERR_OK);
    d.fresh = fresh;
    verify(&d, 3);
    desk_release(&d);
}

/* An older vault has the keys of actors, which then need not be made anew. */
static void test_an_older_vault_is_as_good_as_a_new_one(void **state)
{
    struct scratch s;
    struct desk d;
    char command[700];

    (void)state;
    desk_init(&d);
    assert_int_equal(begin(&d, d.fresh, OWNER), ERR_OK);
    assert_int_equal(finish(&d), ERR_OK);
    SCRATCH_OK(vault_add(journal_vault(d.journal), "person:max", NULL, err));
    snprintf(command, sizeof command, "cp '%s/vault' '%s/kept'", d.scratch.dir, d.scratch.dir);
    assert_int_equal(system(command), 0);
    SCRATCH_OK(journal_rotate_key(d.journal, "each day", 0, NULL, err));
    scratch_append(d.journal, 1);
    journal_close(d.journal);
    snprintf(command, sizeof command, "mv '%s/kept' '%s/vault'", d.scratch.dir, d.scratch.dir);
    assert_int_equal(system(command), 0);
    d.journal = scratch_open_locked(&d.scratch);
    assert_int_equal(begin(&d, d.fresh, OWNER), ERR_OK);
    assert_int_equal(finish(&d), ERR_OK);
    assert_true(vault_find(journal_vault(d.journal), "person:max"));
    assert_true(vault_find(journal_vault(d.journal), "journal#3"));
    journal_close(d.journal);
    s = d.scratch;
    s.passphrase = d.fresh;
    d.journal = scratch_open(&s); /* which takes the superseded one out */
    assert_false(vault_find(journal_vault(d.journal), "journal#1"));
    verify(&d, 4);
    desk_release(&d);
}

static void test_a_copy_is_not_what_is_recovered(void **state)
{
    struct desk d;
    char path[300];

    (void)state;
    desk_init(&d);
    snprintf(path, sizeof path, "%s/copy", d.scratch.dir);
    FILE *const f = fopen(path, "w");
    assert_non_null(f);
    fclose(f);
    assert_int_equal(begin(&d, d.fresh, OWNER), ERR_INPUT);
    assert_non_null(strstr(d.err.text, "recover the journal itself"));
    vault_path(&d, path);
    assert_int_not_equal(access(path, F_OK), 0); /* and none was made */
    desk_release(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_owner_puts_another_key_in_its_place),
        cmocka_unit_test(test_the_two_steps_need_not_be_one_process),
        cmocka_unit_test(test_nobody_but_an_owner_can),
        cmocka_unit_test(test_what_is_not_lost_is_not_recovered),
        cmocka_unit_test(test_an_older_vault_is_as_good_as_a_new_one),
        cmocka_unit_test(test_a_copy_is_not_what_is_recovered),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
