/* What two persons must want, from the desk's side: proposals outlive the process that made them, and bind to bytes. */
#include "agent/approval.h"
#include "support/session.h"

#include <limits.h>

static const char *const NAMES[] = {"eva", "ann", "bob"};
static const enum role ROLES[] = {ROLE_OWNER, ROLE_OPERATOR, ROLE_COMPLIANCE};

/* A person's key outside of the vault: here a vault of its own. */
struct person {
    struct vault *ring;
    const char *name;
    struct signer signer;
};

struct owned {
    struct session session;
    struct person persons[3];
    char rings[3][PATH_MAX];
};

static enum err_code sign(void *context, const void *message, size_t size,
                          uint8_t signature[SIGNER_SIGNATURE_SIZE], struct err *err)
{
    const struct person *const p = context;

    return vault_sign(p->ring, p->name, message, size, signature, err);
}

static void make_persons(struct owned *o, struct control_person *persons)
{
    static const struct vault_cost cheap = {.passes = 1, .memory_kib = 8};

    for (unsigned i = 0; i < 3; i++) {
        struct person *const p = &o->persons[i];
        uint8_t key[VAULT_PUBLIC_KEY_SIZE];
        snprintf(o->rings[i], sizeof o->rings[i], "%.900s-%s", o->session.scratch.dir, NAMES[i]);
        assert_int_equal(mkdir(o->rings[i], 0700), 0);
        SCRATCH_OK(vault_create(&p->ring, o->rings[i], o->session.scratch.passphrase, &cheap, err));
        SCRATCH_OK(vault_add(p->ring, NAMES[i], NULL, err));
        SCRATCH_OK(vault_public_key(p->ring, NAMES[i], key, err));
        SCRATCH_OK(note_key_init(&persons[i].key, NAMES[i], strlen(NAMES[i]), NOTE_KEY_ED25519, key, err));
        persons[i].role = ROLES[i];
        p->name = NAMES[i];
        p->signer = (struct signer){sign, p};
    }
}

static void start(struct owned *o)
{
    struct control_person persons[3];
    struct actor_rows first;

    memset(o, 0, sizeof *o);
    scratch_init(&o->session.scratch);
    make_persons(o, persons);
    SCRATCH_OK(control_first_persons(&first, persons, 3, err));
    SCRATCH_OK(journal_create(&o->session.scratch.options, SCRATCH_ORIGIN, o->session.scratch.passphrase,
                              &first, err));
    session_open(&o->session);
}

static void end(struct owned *o)
{
    session_close(&o->session);
    for (unsigned i = 0; i < 3; i++) {
        char command[PATH_MAX + 16];
        vault_close(o->persons[i].ring);
        snprintf(command, sizeof command, "rm -rf '%s'", o->rings[i]);
        assert_int_equal(system(command), 0);
    }
    scratch_release(&o->session.scratch);
}

static struct desk *as(struct owned *o, unsigned who)
{
    o->session.desk->signer = &o->persons[who].signer;
    return o->session.desk;
}

static struct hash seen(struct owned *o, uint64_t seq)
{
    struct approval *const a = malloc(sizeof *a);
    struct journal_reader *r = NULL;

    REQUIRE(a);
    SCRATCH_OK(journal_reader_begin(o->session.journal, &r, err));
    SCRATCH_OK(approval_find(r, o->session.journal, seq, a, err));
    const struct hash sha256 = a->sha256;
    journal_reader_end(r);
    free(a);
    return sha256;
}

static enum err_code propose(struct owned *o, unsigned who, const char *yaml, uint64_t *seq, struct err *why)
{
    struct control_draft draft;

    SCRATCH_OK(control_draft_configuration(&draft, "test.yaml", yaml, strlen(yaml), err));
    return approval_propose(as(o, who), NAMES[who], &draft.entry, 60, 7, seq, why);
}

static enum err_code give(struct owned *o, unsigned who, uint64_t proposal, const struct hash *sha256,
                          uint64_t *seq, struct err *why)
{
    return approval_give(as(o, who), NAMES[who], proposal, sha256, 9, seq, why);
}

/* After a refusal the desk's book is not to be used. */
static void reopen(struct owned *o)
{
    session_close(&o->session);
    session_open(&o->session);
}

static void test_a_proposal_outlives_who_made_it(void **state)
{
    struct owned o;
    struct err why;
    uint64_t proposal = 0;
    uint64_t entered = 0;

    (void)state;
    start(&o);
    SCRATCH_OK(propose(&o, 1, session_yaml, &proposal, err));
    reopen(&o);
    const struct hash sha256 = seen(&o, proposal);
    SCRATCH_OK(give(&o, 2, proposal, &sha256, &entered, err));
    assert_int_equal(entered, proposal + 2);
    assert_int_equal(o.session.desk->book.configuration->seq, entered);
    assert_int_equal(give(&o, 0, proposal, &sha256, &entered, &why), ERR_INPUT);
    assert_says(&why, "was approved with entry 3 already");
    reopen(&o);
    assert_int_equal(book_seq(&o.session.desk->book), 4); /* and nothing is left of what was refused */
    end(&o);
}

static void test_only_another_person_approves_what_they_have_seen(void **state)
{
    struct owned o;
    struct err why;
    uint64_t proposal = 0;
    uint64_t other = 0;
    uint64_t entered = 0;

    (void)state;
    start(&o);
    SCRATCH_OK(propose(&o, 1, session_yaml, &proposal, err));
    SCRATCH_OK(propose(&o, 1, "risk: {open_positions: 3}\n", &other, err));
    const struct hash first = seen(&o, proposal);
    const struct hash second = seen(&o, other);
    assert_false(hash_equal(&first, &second));
    assert_int_equal(give(&o, 2, proposal, &second, &entered, &why), ERR_INPUT);
    assert_says(&why, "another SHA-256");
    reopen(&o);
    assert_int_equal(give(&o, 1, proposal, &first, &entered, &why), ERR_INPUT);
    assert_says(&why, "a second person must approve it");
    reopen(&o);
    assert_int_equal(give(&o, 2, 1, &first, &entered, &why), ERR_NOT_FOUND);
    reopen(&o);
    assert_int_equal(give(&o, 2, 0, &first, &entered, &why), ERR_NOT_FOUND);
    reopen(&o);
    assert_int_equal(approval_give(as(&o, 1), "bob", proposal, &first, 9, &entered, &why), ERR_KEY);
    assert_says(&why, "is not bob's");
    reopen(&o);
    assert_int_equal(book_seq(&o.session.desk->book), 3);
    SCRATCH_OK(give(&o, 2, other, &second, &entered, err));
    assert_int_equal(entered, 5);
    assert_int_equal(give(&o, 0, proposal, &first, &entered, &why),
                     ERR_INPUT); /* the older would undo the newer */
    assert_says(&why, "came after proposal 2");
    end(&o);
}

static void test_a_key_renewed_or_revoked(void **state)
{
    struct owned o;
    struct note_key key;
    struct err why;
    uint8_t bytes[VAULT_PUBLIC_KEY_SIZE];
    uint64_t cancelled = 0;

    (void)state;
    start(&o);
    SCRATCH_OK(control_revoke(as(&o, 0), "eva", "ann", "laptop stolen", 3, err));
    assert_int_equal(control_stop(as(&o, 1), "ann", "enough", 4, &cancelled, &why), ERR_INPUT);
    assert_says(&why, "was revoked with entry 2");
    reopen(&o);
    SCRATCH_OK(vault_remove(o.persons[1].ring, "ann", err));
    SCRATCH_OK(vault_add(o.persons[1].ring, "ann", NULL, err));
    SCRATCH_OK(vault_public_key(o.persons[1].ring, "ann", bytes, err));
    SCRATCH_OK(note_key_init(&key, "ann", 3, NOTE_KEY_ED25519, bytes, err));
    assert_int_equal(control_renew(as(&o, 1), "ann", &key, "mine", 5, &why),
                     ERR_KEY); /* the new one is not hers yet */
    reopen(&o);
    SCRATCH_OK(control_renew(as(&o, 0), "eva", &key, "a new laptop", 5, err));
    SCRATCH_OK(control_stop(as(&o, 1), "ann", "enough", 6, &cancelled, err));
    assert_int_equal(control_revoke(as(&o, 0), "eva", "eva", "goodbye", 7, &why), ERR_INPUT);
    assert_says(&why, "last owner");
    reopen(&o);
    assert_int_equal(control_revoke(as(&o, 0), "eva", "ann", "", 7, &why), ERR_INPUT);
    assert_int_equal(control_renew(as(&o, 0), "eva", &key, "", 7, &why), ERR_INPUT);
    assert_int_equal(control_revoke(as(&o, 0), "eva", "nobody", "x", 7, &why), ERR_NOT_FOUND);
    end(&o);
}

static void test_who_may_begin_a_journal(void **state)
{
    struct owned o;
    struct control_person persons[3];
    struct actor_rows first;
    struct err why;

    (void)state;
    memset(&o, 0, sizeof o);
    scratch_init(&o.session.scratch);
    make_persons(&o, persons);
    assert_int_equal(control_first_persons(&first, persons + 1, 2, &why), ERR_INPUT);
    assert_says(&why, "need an owner");
    persons[2].key = persons[1].key;
    assert_int_equal(control_first_persons(&first, persons, 3, &why), ERR_INPUT);
    assert_says(&why, "ann: there is an actor of this name");
    snprintf(persons[2].key.name, sizeof persons[2].key.name, "bob");
    assert_int_equal(control_first_persons(&first, persons, 3, &why), ERR_INPUT);
    assert_says(&why, "bob: it is the key of ann");
    persons[1].role = ROLE_BROKER;
    assert_int_equal(control_first_persons(&first, persons, 2, &why), ERR_INPUT);
    assert_says(&why, "a person is owner, operator, compliance or auditor, not broker");
    persons[1].role = ROLE_OPERATOR;
    persons[1].key.type = NOTE_KEY_COSIGNATURE;
    assert_int_equal(control_first_persons(&first, persons, 2, &why), ERR_INPUT);
    assert_says(&why, "a witness's");
    for (unsigned i = 0; i < 3; i++) {
        char command[PATH_MAX + 16];
        vault_close(o.persons[i].ring);
        snprintf(command, sizeof command, "rm -rf '%s'", o.rings[i]);
        assert_int_equal(system(command), 0);
    }
    scratch_release(&o.session.scratch);
}

static void test_where_there_is_no_owner_nothing_is_proposed(void **state)
{
    struct control_draft draft;
    struct session s;
    struct err why;
    uint64_t seq;

    (void)state;
    session_start(&s);
    SCRATCH_OK(control_draft_configuration(&draft, "test.yaml", session_yaml, strlen(session_yaml), err));
    assert_int_equal(approval_propose(s.desk, "operator", &draft.entry, 60, 7, &seq, &why), ERR_INPUT);
    assert_says(&why, "has no owner");
    session_end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_proposal_outlives_who_made_it),
        cmocka_unit_test(test_only_another_person_approves_what_they_have_seen),
        cmocka_unit_test(test_a_key_renewed_or_revoked),
        cmocka_unit_test(test_who_may_begin_a_journal),
        cmocka_unit_test(test_where_there_is_no_owner_nothing_is_proposed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
