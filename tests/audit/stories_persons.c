/* Persons: who may write what, revoked keys and new ones, and what two must want. */
#include "audit/stories.h"

#include "ledger/dual.h"

#include <stdlib.h>

/* In an owned journal, besides genesis' four. */
enum { EVA = FORGE_ACTORS + 1, CARL, OLGA };

static void begin(struct entry *e, enum entry_kind kind, uint32_t actor)
{
    memset(e, 0, sizeof *e);
    e->kind = kind;
    e->at_ns = INSTANT_NONE;
    e->actor = actor;
}

static void note(struct entry *e, uint32_t actor, bool is_signed)
{
    begin(e, ENTRY_CONTROL_NOTE, actor);
    e->is_signed = is_signed;
    e->as.control_note.text = text_from("words");
}

static void add_by(struct forge *f, int64_t id, const char *name, enum role role, uint32_t by)
{
    struct entry e;

    stories_actor(f, &e, id, name, role);
    e.actor = by;
    e.is_signed = by != 0;
    forge_add(f, &e);
}

/* Eva owns it, Carl is compliance, Olga another operator. */
static void own(struct forge *f)
{
    add_by(f, EVA, "owner:eva", ROLE_OWNER, 0);
    add_by(f, CARL, "compliance:carl", ROLE_COMPLIANCE, EVA);
    add_by(f, OLGA, "operator:olga", ROLE_OPERATOR, EVA);
}

/* -- roles ----------------------------------------------------------------------------------------------- */

static void deposit(struct entry *e, uint32_t actor)
{
    begin(e, ENTRY_FILL_DEPOSIT, actor);
    e->as.fill_deposit.fill_id = id_from("d-1");
    e->as.fill_deposit.text = text_from("");
}

static void deposit_by_the_broker(struct forge *f, struct entry *e)
{
    (void)f;
    deposit(e, FORGE_BROKER);
}

static void deposit_by_the_strategy(struct forge *f, struct entry *e)
{
    (void)f;
    deposit(e, FORGE_STRATEGY);
}

static void deposit_by_the_journal(struct forge *f, struct entry *e)
{
    (void)f;
    deposit(e, 0);
}

static void verdict(struct forge *f, struct entry *e, uint32_t actor)
{
    begin(e, ENTRY_RISK_VERDICT, actor);
    e->cause = f->entry_count;
    e->as.risk_verdict.order_id = id_from("o-1");
    REQUIRE(symbol_parse("GOOG", 4, &e->as.risk_verdict.symbol, NULL) == ERR_OK);
}

static void verdict_by_risk(struct forge *f, struct entry *e)
{
    verdict(f, e, FORGE_RISK);
}

static void verdict_by_a_person(struct forge *f, struct entry *e)
{
    verdict(f, e, FORGE_OPERATOR);
}

static void cancelled_by_risk(struct forge *f, struct entry *e)
{
    (void)f;
    begin(e, ENTRY_ORDER_CANCELLED, FORGE_RISK);
    e->as.order_cancelled.order_id = id_from("o-1");
    e->as.order_cancelled.reason = text_from("");
}

static void stop_by_an_auditor(struct forge *f, struct entry *e)
{
    add_by(f, EVA, "auditor:eva", ROLE_AUDITOR, 0);
    stories_stop(e, EVA, true);
}

static void stop_by_an_agent(struct forge *f, struct entry *e)
{
    add_by(f, EVA, "agent:eva", ROLE_AGENT, 0);
    stories_stop(e, EVA, true);
}

static void note_by_a_witness(struct forge *f, struct entry *e)
{
    add_by(f, EVA, "witness.example/eva", ROLE_WITNESS, 0);
    note(e, EVA, true);
}

static void note_by_a_feed(struct forge *f, struct entry *e)
{
    add_by(f, EVA, "feed:eva", ROLE_FEED, 0);
    note(e, EVA, false);
}

static void session_by_a_person(struct forge *f, struct entry *e)
{
    (void)f;
    begin(e, ENTRY_CONTROL_SESSION, FORGE_OPERATOR);
    e->as.control_session.phase = PHASE_OPEN;
}

static void snapshot_as_older_programs_wrote(struct forge *f, struct entry *e)
{
    (void)f;
    begin(e, ENTRY_CONTROL_SNAPSHOT, FORGE_OPERATOR);
}

/* -- revocation and new keys ------------------------------------------------------------------------------ */

static void revoke(struct entry *e, uint32_t by, uint32_t whom)
{
    begin(e, ENTRY_CONTROL_REVOCATION, by);
    e->is_signed = true;
    e->as.control_revocation.actor_id = whom;
    e->as.control_revocation.reason = text_from("laptop stolen");
}

static void renew(const struct forge *f, struct entry *e, uint32_t by, uint32_t whom)
{
    begin(e, ENTRY_CONTROL_ACTOR_KEY, by);
    e->is_signed = true;
    e->as.control_actor_key.actor_id = whom;
    e->as.control_actor_key.reason = text_from("a new one");
    memcpy(e->as.control_actor_key.key.bytes, f->actor_key[FORGE_KEYS], 32);
}

static void use_new_key(struct forge *f, uint32_t whom)
{
    memcpy(f->actor_key[whom], f->actor_key[FORGE_KEYS], sizeof f->actor_key[whom]);
    memcpy(f->actor_secret[whom], f->actor_secret[FORGE_KEYS], sizeof f->actor_secret[whom]);
}

static void revoked_by_itself(struct forge *f, struct entry *e)
{
    (void)f;
    revoke(e, FORGE_BROKER, FORGE_BROKER);
}

static void revoked_and_writing(struct forge *f, struct entry *e)
{
    revoked_by_itself(f, e);
    forge_add(f, e);
    deposit(e, FORGE_BROKER);
}

static void revoked_by_another(struct forge *f, struct entry *e)
{
    (void)f;
    revoke(e, FORGE_OPERATOR, FORGE_BROKER);
}

static void revoked_by_the_owner(struct forge *f, struct entry *e)
{
    own(f);
    revoke(e, EVA, CARL);
}

static void revoked_and_signing(struct forge *f, struct entry *e)
{
    revoked_by_the_owner(f, e);
    forge_add(f, e);
    stories_stop(e, CARL, true);
}

static void revoked_and_renewing_itself(struct forge *f, struct entry *e)
{
    revoked_by_the_owner(f, e);
    forge_add(f, e);
    renew(f, e, CARL, CARL);
}

static void revoked_and_renewed(struct forge *f, struct entry *e)
{
    revoked_by_the_owner(f, e);
    forge_add(f, e);
    renew(f, e, EVA, CARL);
    forge_add(f, e);
    use_new_key(f, CARL);
    stories_stop(e, CARL, true);
}

static void renewed_and_signing_with_the_old_key(struct forge *f, struct entry *e)
{
    own(f);
    renew(f, e, CARL, CARL);
    forge_add(f, e);
    stories_stop(e, CARL, true);
}

static void renewed_by_another(struct forge *f, struct entry *e)
{
    own(f);
    renew(f, e, OLGA, CARL);
}

static void last_owner_revoked(struct forge *f, struct entry *e)
{
    own(f);
    revoke(e, EVA, EVA);
}

static void last_owner_of_two_revoked(struct forge *f, struct entry *e)
{
    own(f);
    add_by(f, OLGA + 1, "owner:otto", ROLE_OWNER, EVA);
    revoke(e, OLGA + 1, EVA);
    forge_add(f, e);
    revoke(e, OLGA + 1, OLGA + 1);
}

static void owner_of_two_revoked(struct forge *f, struct entry *e)
{
    own(f);
    add_by(f, OLGA + 1, "owner:otto", ROLE_OWNER, EVA);
    revoke(e, EVA, EVA);
}

static void nobody_revoked(struct forge *f, struct entry *e)
{
    own(f);
    revoke(e, EVA, OLGA + 1);
}

static void nobody_renewed(struct forge *f, struct entry *e)
{
    own(f);
    renew(f, e, EVA, 0);
}

/* -- owned journals ---------------------------------------------------------------------------------------- */

static void unsigned_note_by_a_person(struct forge *f, struct entry *e)
{
    own(f);
    note(e, FORGE_OPERATOR, false);
}

static void signed_note_by_a_person(struct forge *f, struct entry *e)
{
    own(f);
    note(e, FORGE_OPERATOR, true);
}

static void unsigned_note_by_the_journal(struct forge *f, struct entry *e)
{
    own(f);
    note(e, 0, false);
}

static void actor_by_an_operator(struct forge *f, struct entry *e)
{
    own(f);
    stories_actor(f, e, OLGA + 1, "auditor:bob", ROLE_AUDITOR);
    e->actor = OLGA;
    e->is_signed = true;
}

static void actor_by_the_program(struct forge *f, struct entry *e)
{
    own(f);
    stories_actor(f, e, OLGA + 1, "auditor:bob", ROLE_AUDITOR);
}

static void next_key_by_the_owner_unsigned(struct forge *f, struct entry *e)
{
    own(f);
    forge_group(f);
    forge_key_draft(f, EVA, e);
    e->is_signed = false;
    f->later[0].begins++; /* the key before confirms it */
}

/* -- two persons ------------------------------------------------------------------------------------------- */

/* What is proposed. Stories are told one after the other. */
static struct {
    struct entry entry;
    int64_t signed_at_ns; /* the forge's, before it was signed */
    uint64_t seq;         /* of the proposal */
    uint8_t bytes[2000];
    size_t size;
} draft;

static void resume_draft(struct forge *f, uint32_t actor)
{
    struct wire_out out;
    struct entry *const e = &draft.entry;

    begin(e, ENTRY_CONTROL_RESUME, actor);
    e->is_signed = true;
    e->as.control_resume.reason = text_from("feed repaired");
    draft.signed_at_ns = f->signed_at_ns;
    e->at_ns = f->signed_at_ns += 1000;
    wire_out_init(&out, draft.bytes, sizeof draft.bytes);
    REQUIRE(entry_encode(e, &out, NULL) == ERR_OK);
    draft.size = wire_out_size(&out);
    forge_sign(f, draft.bytes, draft.size, actor);
}

static void proposal(struct entry *e, uint32_t actor, int64_t valid_s)
{
    begin(e, ENTRY_CONTROL_PROPOSAL, actor);
    e->is_signed = true;
    e->as.control_proposal.valid_s = valid_s;
    e->as.control_proposal.draft = (struct blob){draft.bytes, (uint16_t)draft.size};
}

static void propose(struct forge *f, uint32_t actor, int64_t valid_s)
{
    struct entry e;

    resume_draft(f, actor);
    proposal(&e, actor, valid_s);
    forge_add(f, &e);
    draft.seq = e.seq;
}

static void approval(struct entry *e, uint32_t actor)
{
    struct hash sha256;

    REQUIRE(dual_digest(FORGE_ORIGIN, draft.bytes, draft.size, &sha256, NULL) == ERR_OK);
    begin(e, ENTRY_CONTROL_APPROVAL, actor);
    e->is_signed = true;
    e->cause = draft.seq;
    memcpy(e->as.control_approval.sha256.bytes, sha256.bytes, HASH_SIZE);
}

static void approve(struct forge *f, uint32_t actor)
{
    struct entry e;

    approval(&e, actor);
    forge_add(f, &e);
}

/* The very draft: the same `at`, so the same signature. */
static void place(struct forge *f, struct entry *e)
{
    *e = draft.entry;
    f->signed_at_ns = draft.signed_at_ns;
}

/* Olga proposes and Carl approves. */
static void by_two(struct forge *f)
{
    own(f);
    propose(f, OLGA, 600);
    approve(f, CARL);
}

static void two_persons(struct forge *f, struct entry *e)
{
    by_two(f);
    place(f, e);
}

static void one_person_without_an_owner(struct forge *f, struct entry *e)
{
    resume_draft(f, FORGE_OPERATOR);
    place(f, e);
}

static void one_person(struct forge *f, struct entry *e)
{
    own(f);
    resume_draft(f, OLGA);
    place(f, e);
}

static void one_person_proposes_only(struct forge *f, struct entry *e)
{
    own(f);
    propose(f, OLGA, 600);
    place(f, e);
}

static void own_approval(struct forge *f, struct entry *e)
{
    own(f);
    propose(f, OLGA, 600);
    approval(e, OLGA);
}

static void second_name_of_one_person(struct forge *f, struct entry *e)
{
    own(f);
    memcpy(f->actor_key[OLGA + 1], f->actor_key[OLGA], sizeof f->actor_key[0]);
    memcpy(f->actor_secret[OLGA + 1], f->actor_secret[OLGA], sizeof f->actor_secret[0]);
    add_by(f, OLGA + 1, "compliance:olga", ROLE_COMPLIANCE, EVA);
    propose(f, OLGA, 600);
    approval(e, OLGA + 1);
}

static void approval_by_an_auditor(struct forge *f, struct entry *e)
{
    own(f);
    add_by(f, OLGA + 1, "auditor:bob", ROLE_AUDITOR, EVA);
    propose(f, OLGA, 600);
    approval(e, OLGA + 1);
}

static void approval_by_who_is_revoked(struct forge *f, struct entry *e)
{
    own(f);
    propose(f, OLGA, 600);
    revoke(e, EVA, CARL);
    forge_add(f, e);
    approval(e, CARL);
}

static void proposed_by_who_is_revoked(struct forge *f, struct entry *e)
{
    own(f);
    propose(f, OLGA, 600);
    revoke(e, EVA, OLGA);
    forge_add(f, e);
    approval(e, CARL);
}

static void proposed_with_a_key_that_was_replaced(struct forge *f, struct entry *e)
{
    own(f);
    propose(f, OLGA, 600);
    renew(f, e, OLGA, OLGA);
    forge_add(f, e);
    approve(f, CARL);
    place(f, e);
}

static void approved_in_time(struct forge *f, struct entry *e)
{
    own(f);
    propose(f, OLGA, 600);
    f->now_ns += 600 * NS_PER_SECOND;
    approve(f, CARL);
    place(f, e);
}

static void approved_too_late(struct forge *f, struct entry *e)
{
    own(f);
    propose(f, OLGA, 600);
    f->now_ns += 600 * NS_PER_SECOND + 1;
    approval(e, CARL);
}

static void approval_of_something_else(struct forge *f, struct entry *e)
{
    own(f);
    propose(f, OLGA, 600);
    approval(e, CARL);
    e->as.control_approval.sha256.bytes[31] ^= 1;
}

static void approval_of_no_proposal(struct forge *f, struct entry *e)
{
    own(f);
    propose(f, OLGA, 600);
    approval(e, CARL);
    e->cause--;
}

/* When it was proposed, the journal had no owner: nobody looked at the draft. */
static void approval_of_what_was_proposed_before(struct forge *f, struct entry *e)
{
    propose(f, FORGE_OPERATOR, 600);
    own(f);
    approval(e, CARL);
}

static void altered_after_approval(struct forge *f, struct entry *e)
{
    two_persons(f, e);
    e->as.control_resume.reason = text_from("feed repaired?");
}

static void entered_a_moment_after_its_approval(struct forge *f, struct entry *e)
{
    by_two(f);
    f->now_ns++;
    place(f, e);
}

/* The same bytes, of a group of their own: an approval that was kept for later. */
static void entered_a_group_after_its_approval(struct forge *f, struct entry *e)
{
    by_two(f);
    forge_group(f);
    f->now_ns += NS_PER_SECOND;
    place(f, e);
}

static void something_between(struct forge *f, struct entry *e)
{
    by_two(f);
    forge_note(f, "just a moment");
    place(f, e);
}

static void approval_used_twice(struct forge *f, struct entry *e)
{
    two_persons(f, e);
    forge_add(f, e);
    f->signed_at_ns += NS_PER_SECOND;
    approve(f, CARL);
    place(f, e);
}

static void proposal_without_time(struct forge *f, struct entry *e)
{
    own(f);
    resume_draft(f, OLGA);
    proposal(e, OLGA, 0);
}

static void proposal_for_a_week(struct forge *f, struct entry *e)
{
    own(f);
    resume_draft(f, OLGA);
    proposal(e, OLGA, 604800);
}

static void proposal_for_too_long(struct forge *f, struct entry *e)
{
    own(f);
    resume_draft(f, OLGA);
    proposal(e, OLGA, 604801);
}

static void proposal_for_another(struct forge *f, struct entry *e)
{
    own(f);
    resume_draft(f, OLGA);
    proposal(e, CARL, 600);
}

static void proposal_of_nothing(struct forge *f, struct entry *e)
{
    own(f);
    resume_draft(f, OLGA);
    draft.size = 0;
    proposal(e, OLGA, 600);
}

static void proposal_of_what_is_cut(struct forge *f, struct entry *e)
{
    own(f);
    resume_draft(f, OLGA);
    draft.size--;
    proposal(e, OLGA, 600);
}

/* As if it were signed again after the change. */
static void proposal_changed(struct forge *f, struct entry *e, size_t offset, uint8_t bits)
{
    own(f);
    resume_draft(f, OLGA);
    draft.bytes[offset] ^= bits;
    forge_sign(f, draft.bytes, draft.size, OLGA);
    proposal(e, OLGA, 600);
}

static void proposal_of_a_stop(struct forge *f, struct entry *e)
{
    proposal_changed(f, e, 3, 0x07 ^ 0x08);
}

static void proposal_with_a_seq(struct forge *f, struct entry *e)
{
    proposal_changed(f, e, 15, 1);
}

static void proposal_with_a_time(struct forge *f, struct entry *e)
{
    proposal_changed(f, e, 23, 1);
}

static void proposal_of_an_unknown_kind(struct forge *f, struct entry *e)
{
    proposal_changed(f, e, 3, 0x1f ^ 0x08);
}

static void proposal_of_another_version(struct forge *f, struct entry *e)
{
    proposal_changed(f, e, 0, 2);
}

static void proposal_signed_otherwise(struct forge *f, struct entry *e)
{
    own(f);
    resume_draft(f, OLGA);
    draft.bytes[draft.size - 1] ^= 1;
    proposal(e, OLGA, 600);
}

static void proposal_not_signed_within(struct forge *f, struct entry *e)
{
    own(f);
    resume_draft(f, OLGA);
    draft.bytes[1] &= (uint8_t)~2u;
    draft.size -= ENTRY_SIGNATURE_SIZE;
    proposal(e, OLGA, 600);
}

#define GOOD(breaks)                                                                                         \
    {                                                                                                        \
#breaks, breaks, true, ""                                                                            \
    }
#define BAD(breaks, words)                                                                                   \
    {                                                                                                        \
#breaks, breaks, false, words                                                                        \
    }

static const struct rule_story PERSONS[] = {
    GOOD(deposit_by_the_broker),
    BAD(deposit_by_the_strategy, "the role of its actor may not write its kind"),
    BAD(deposit_by_the_journal, "the role of its actor may not write its kind"),
    GOOD(verdict_by_risk),
    BAD(verdict_by_a_person, "the role of its actor may not write its kind"),
    BAD(cancelled_by_risk, "the role of its actor may not write its kind"),
    BAD(stop_by_an_auditor, "the role of its actor may not write its kind"),
    GOOD(stop_by_an_agent),
    BAD(note_by_a_witness, "the role of its actor may not write its kind"),
    BAD(note_by_a_feed, "the role of its actor may not write its kind"),
    BAD(session_by_a_person, "the role of its actor may not write its kind"),
    GOOD(snapshot_as_older_programs_wrote),
    GOOD(revoked_by_itself),
    BAD(revoked_and_writing, "its actor was revoked before it"),
    BAD(revoked_by_another, "it is about another actor, and is no owner's word"),
    GOOD(revoked_by_the_owner),
    BAD(revoked_and_signing, "its actor was revoked before it"),
    BAD(revoked_and_renewing_itself, "its actor was revoked before it"),
    GOOD(revoked_and_renewed),
    BAD(renewed_and_signing_with_the_old_key, "its signature is not that of its actor, compliance:carl"),
    BAD(renewed_by_another, "it is about another actor, and is no owner's word"),
    BAD(last_owner_revoked, "it revokes the last owner"),
    BAD(last_owner_of_two_revoked, "it revokes the last owner"),
    GOOD(owner_of_two_revoked),
    BAD(nobody_revoked, "it is about actor 8, who is not known at that point"),
    BAD(nobody_renewed, "it is about actor 0, who is not known at that point"),
    BAD(unsigned_note_by_a_person, "it lacks the signature that a person's entry must carry"),
    GOOD(signed_note_by_a_person),
    GOOD(unsigned_note_by_the_journal),
    BAD(actor_by_an_operator, "it brings in an actor, and is no owner's word"),
    BAD(actor_by_the_program, "it brings in an actor, and is no owner's word"),
    BAD(next_key_by_the_owner_unsigned, "it lacks the signature that a person's entry must carry"),
    GOOD(two_persons),
    GOOD(one_person_without_an_owner),
    BAD(one_person, "it needs two persons, and no approval stands before it"),
    BAD(one_person_proposes_only, "it needs two persons, and no approval stands before it"),
    BAD(own_approval, "it is by the actor who proposed what it approves"),
    BAD(second_name_of_one_person, "it is by another name with the key of the actor who proposed"),
    BAD(approval_by_an_auditor, "the role of its actor may not write its kind"),
    BAD(approval_by_who_is_revoked, "its actor was revoked before it"),
    BAD(proposed_by_who_is_revoked, "the actor who proposed was revoked before it"),
    BAD(proposed_with_a_key_that_was_replaced, "its signature is not that of its actor, operator:olga"),
    GOOD(approved_in_time),
    BAD(approved_too_late, "it comes later than the 600 seconds that it had"),
    BAD(approval_of_something_else, "it approves something else than entry"),
    BAD(approval_of_no_proposal, "is no proposal"),
    BAD(approval_of_what_was_proposed_before, "its cause, entry 3, is no proposal"),
    BAD(altered_after_approval, "it is not what the approval before it approves"),
    BAD(entered_a_moment_after_its_approval, "it was recorded later than its approval"),
    BAD(entered_a_group_after_its_approval, "it was recorded later than its approval"),
    BAD(something_between, "it needs two persons, and no approval stands before it"),
    BAD(approval_used_twice, "its signature stands in an earlier entry already"),
    BAD(proposal_without_time, "it is open for 0 seconds, and may be for 1 to 604800"),
    GOOD(proposal_for_a_week),
    BAD(proposal_for_too_long, "it is open for 604801 seconds, and may be for 1 to 604800"),
    BAD(proposal_for_another, "what it proposes is not signed by its own actor"),
    BAD(proposal_of_nothing, "what it proposes is no entry in form"),
    BAD(proposal_of_what_is_cut, "what it proposes is no entry in form"),
    BAD(proposal_of_a_stop, "what it proposes is of a kind that nobody else need approve"),
    BAD(proposal_with_a_seq, "what it proposes has a place in the journal already"),
    BAD(proposal_with_a_time, "what it proposes has a place in the journal already"),
    BAD(proposal_of_an_unknown_kind, "what it proposes is no entry in form"),
    BAD(proposal_of_another_version, "what it proposes is no entry in form"),
    BAD(proposal_signed_otherwise, "the signature of what it proposes is not that of its actor"),
    BAD(proposal_not_signed_within, "what it proposes is not signed by its own actor"),
};

const struct rule_story *person_stories(size_t *count)
{
    *count = sizeof PERSONS / sizeof PERSONS[0];
    return PERSONS;
}
