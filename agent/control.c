#include "agent/control.h"

#include "ledger/roles.h"
#include "risk/governor.h"
#include "strategy/covered_call.h"

static const struct {
    const char *name;
    enum role role;
} first_rows[] = {
    {"operator", ROLE_OPERATOR},         {NAKED_PUT_ACTOR, ROLE_STRATEGY}, {"risk:governor", ROLE_RISK},
    {"broker:paper", ROLE_BROKER},       {"feed:lean", ROLE_FEED},         {"feed:spx-eod", ROLE_FEED},
    {"feed:synthetic", ROLE_FEED},       {"feed:journal", ROLE_FEED},      {"compliance", ROLE_COMPLIANCE},
    {COVERED_CALL_ACTOR, ROLE_STRATEGY},
};

static void add_first(struct actor_rows *first, const char *name, enum role role)
{
    struct actor_row *const row = &first->rows[first->count++];

    row->name = id_from(name);
    row->role = role;
}

void control_first_actors(struct actor_rows *first)
{
    memset(first, 0, sizeof *first);
    for (size_t i = 0; i < sizeof first_rows / sizeof first_rows[0]; i++)
        add_first(first, first_rows[i].name, first_rows[i].role);
}

static void start(struct desk *d, enum entry_kind kind, int64_t now_ns)
{
    memset(&d->scratch, 0, sizeof d->scratch);
    d->scratch.kind = kind;
    d->scratch.at_ns = now_ns;
}

static enum err_code finish(struct desk *d, enum err_code rc, struct err *err)
{
    if (!rc)
        return desk_commit(d, err);
    desk_abort(d);
    return rc;
}

enum err_code control_draft_configuration(struct control_draft *draft, const char *name, const char *yaml,
                                          size_t size, struct err *err)
{
    struct entry_control_configuration *const body = &draft->entry.as.control_configuration;
    struct configuration c;
    size_t settings_size = 0;

    memset(draft, 0, sizeof *draft);
    draft->entry.kind = ENTRY_CONTROL_CONFIGURATION;
    enum err_code rc = configuration_read_yaml(&c, name, yaml, size, err);
    if (!rc)
        rc = configuration_text(&c, draft->settings, sizeof draft->settings, &settings_size, err);
    const struct hash source = hash_bytes(yaml, size);
    memcpy(body->sha256.bytes, source.bytes, HASH_SIZE);
    body->settings = (struct text){draft->settings, (uint16_t)settings_size};
    body->source = (struct text){yaml, (uint16_t)size};
    return rc;
}

enum err_code control_check_configuration(const struct entry_control_configuration *entry, struct err *err)
{
    const struct hash sha256 = hash_bytes(entry->source.bytes, entry->source.length);
    struct configuration c;
    char text[CONFIGURATION_TEXT_MAX];
    size_t size = 0;

    if (memcmp(sha256.bytes, entry->sha256.bytes, HASH_SIZE) != 0)
        return err_set(err, ERR_INPUT, "sha256: it is not that of the source");
    enum err_code rc = configuration_read_yaml(&c, "source", entry->source.bytes, entry->source.length, err);
    if (!rc)
        rc = configuration_text(&c, text, sizeof text, &size, err);
    if (!rc && (size != entry->settings.length || memcmp(text, entry->settings.bytes, size) != 0))
        rc = err_set(
            err, ERR_INPUT,
            "settings: they are not what this program makes of the source, which is all that people read");
    return rc ? ERR_INPUT : ERR_OK;
}

/* A journal of an older program does not know every strategy: better said now than at the first decision. */
static enum err_code check_strategies(const struct desk *d, const struct entry_control_configuration *body,
                                      struct err *err)
{
    struct configuration c;
    uint32_t id;

    const enum err_code rc = configuration_parse(&c, body->settings.bytes, body->settings.length, err);
    if (rc || !c.strategy.call_enabled)
        return rc;
    if (actors_id(d->book.actors, COVERED_CALL_ACTOR, sizeof COVERED_CALL_ACTOR - 1, &id, NULL) == ERR_OK)
        return ERR_OK;
    return err_set(err, ERR_INPUT,
                   "covered_call.enabled: this journal has no actor " COVERED_CALL_ACTOR
                   ": ledger actor add " COVERED_CALL_ACTOR " --role strategy");
}

enum err_code control_configure(struct desk *d, const char *actor, const char *name, const char *yaml,
                                size_t size, int64_t now_ns, bool *changed, struct err *err)
{
    struct control_draft draft;
    const struct entry_control_configuration *const body = &draft.entry.as.control_configuration;
    char in_force[CONFIGURATION_TEXT_MAX];
    enum err_code rc = control_draft_configuration(&draft, name, yaml, size, err);

    if (!rc)
        rc = desk_begin(d, err);
    if (rc)
        return rc;
    const struct configuration_state *const now = d->book.configuration;
    rc = check_strategies(d, body, err);
    if (rc)
        return finish(d, rc, err);
    rc = configuration_text(&now->configuration, in_force, sizeof in_force, &size, err);
    *changed = rc || now->seq == 0 || size != body->settings.length ||
               memcmp(in_force, body->settings.bytes, size) != 0 ||
               memcmp(body->sha256.bytes, now->sha256.bytes, HASH_SIZE) != 0;
    draft.entry.at_ns = now_ns;
    if (!rc && *changed)
        rc = desk_add_signed(d, actor, &draft.entry, err);
    return finish(d, rc, err);
}

enum err_code control_check_reason(const char *reason, struct err *err)
{
    const size_t length = strlen(reason);

    if (length == 0 || length > 4000)
        return err_set(err, ERR_INPUT, "the reason has 1 to 4000 bytes");
    return ERR_OK;
}

enum err_code control_stop(struct desk *d, const char *actor, const char *reason, int64_t now_ns,
                           uint64_t *cancelled, struct err *err)
{
    const uint64_t before = d->derived;
    enum err_code rc = control_check_reason(reason, err);

    if (!rc)
        rc = desk_begin(d, err);
    if (rc)
        return rc;
    start(d, ENTRY_CONTROL_STOP, now_ns);
    d->scratch.as.control_stop.reason = text_from(reason);
    rc = desk_add_signed(d, actor, &d->scratch, err);
    if (!rc)
        rc = desk_answer(d, &d->scratch, err);
    if (!rc)
        rc = desk_broker(d, err);
    *cancelled = d->derived - before;
    return finish(d, rc, err);
}

enum err_code control_draft_resume(const struct desk *d, struct entry *draft, const char *reason,
                                   struct err *err)
{
    memset(draft, 0, sizeof *draft);
    draft->kind = ENTRY_CONTROL_RESUME;
    draft->as.control_resume.reason = text_from(reason);
    if (!d->book.risk->stopped && risk_state_tripped(d->book.risk) == 0)
        return err_set(err, ERR_INPUT,
                       "there is nothing to resume from: no stop is in force and no breaker has tripped");
    return ERR_OK;
}

enum err_code control_resume(struct desk *d, const char *actor, const char *reason, int64_t now_ns,
                             struct err *err)
{
    enum err_code rc = control_check_reason(reason, err);

    if (!rc)
        rc = desk_begin(d, err);
    if (rc)
        return rc;
    rc = control_draft_resume(d, &d->scratch, reason, err);
    d->scratch.at_ns = now_ns;
    if (!rc)
        rc = desk_add_signed(d, actor, &d->scratch, err);
    return finish(d, rc, err);
}

enum err_code control_draft_override(const struct desk *d, struct entry *draft,
                                     const struct control_override *override, struct err *err)
{
    struct entry_control_override *const o = &draft->as.control_override;

    memset(draft, 0, sizeof *draft);
    draft->kind = ENTRY_CONTROL_OVERRIDE;
    if (!risk_can_override(override->limit))
        return err_set(err, ERR_INPUT,
                       "\"%.64s\" is no limit that can be overridden; these are daily_loss, margin_use, "
                       "sector_share, new_positions_day, open_positions, order_qty, price_distance, "
                       "underlying_age, open_breaks",
                       override->limit);
    if (override->valid_s < 1 || override->valid_s > OVERRIDE_VALID_MAX_S)
        return err_set(err, ERR_INPUT, "an override is valid for a second to a day");
    if (d->book.view->clock.seq == 0)
        return err_set(err, ERR_INPUT, "there is no market clock yet, by which an override would run out");
    o->limit = id_from(override->limit);
    o->valid_s = override->valid_s;
    o->reason = text_from(override->reason);
    return symbol_parse(override->symbol, strlen(override->symbol), &o->symbol, err);
}

enum err_code control_override(struct desk *d, const char *actor, const struct control_override *override,
                               int64_t now_ns, struct err *err)
{
    enum err_code rc = control_check_reason(override->reason, err);

    if (!rc)
        rc = desk_begin(d, err);
    if (rc)
        return rc;
    rc = control_draft_override(d, &d->scratch, override, err);
    d->scratch.at_ns = now_ns;
    if (!rc)
        rc = desk_add_signed(d, actor, &d->scratch, err);
    return finish(d, rc, err);
}

enum role control_role(const char *name)
{
    const char *const *const names = entry_enum_names(FIELD_ROLE);

    for (unsigned i = 1; names[i]; i++) {
        if (strcmp(names[i], name) == 0)
            return (enum role)i;
    }
    return (enum role)0;
}

static enum err_code check_actor(const char *name, enum role role, struct err *err)
{
    const size_t length = strlen(name);

    if (!role)
        return err_set(
            err, ERR_INPUT,
            "the role is one of owner, operator, compliance, auditor, strategy, risk, broker, feed, agent, "
            "witness");
    if (length == 0 || length > ID_MAX)
        return err_set(err, ERR_INPUT, "an actor's name has 1 to %d characters", ID_MAX);
    for (size_t i = 0; i < length; i++) {
        if (name[i] <= 0x20 || name[i] >= 0x7f)
            return err_set(err, ERR_INPUT, "an actor's name has visible ASCII characters only, and no space");
    }
    return ERR_OK;
}

/* A witness whose key lies in the journal's own vault would be no witness. */
static enum err_code check_actor_key(const char *name, enum role role, const struct note_key *key,
                                     struct err *err)
{
    if (role != ROLE_WITNESS && key && key->type != NOTE_KEY_ED25519)
        return err_set(err, ERR_INPUT, "the key is a witness's (type 04): its role is witness");
    if (role != ROLE_WITNESS)
        return ERR_OK;
    if (!key || key->type != NOTE_KEY_COSIGNATURE)
        return err_set(err, ERR_INPUT,
                       "a witness has a key of its own, of type 04: what \"ledger witness init\" prints");
    if (strcmp(key->name, name) != 0)
        return err_set(err, ERR_INPUT, "a witness goes by the name in its key: %s", key->name);
    return ERR_OK;
}

/* By whom, unless somebody says: an operator whose key is in the vault. Where there is an owner, one of these signs. */
static enum err_code add_as(struct desk *d, const char *actor, int64_t now_ns, struct err *err)
{
    if (!actor && !d->book.actors->is_owned)
        return desk_add(d, "operator", &d->scratch, err);
    if (!actor)
        return err_set(err, ERR_INPUT, "this journal has an owner, who signs for new actors: --actor NAME");
    d->scratch.at_ns = now_ns;
    return desk_add_signed(d, actor, &d->scratch, err);
}

enum err_code control_add_actor(struct desk *d, const char *actor, const char *name, const char *role,
                                const struct note_key *key, int64_t now_ns, struct err *err)
{
    const enum role wanted = control_role(role);
    uint32_t id;
    enum err_code rc = check_actor(name, wanted, err);

    if (!rc)
        rc = check_actor_key(name, wanted, key, err);
    if (!rc)
        rc = desk_begin(d, err);
    if (rc)
        return rc;
    start(d, ENTRY_CONTROL_ACTOR, INSTANT_NONE);
    if (actors_id(d->book.actors, name, strlen(name), &id, NULL) == ERR_OK)
        rc = err_set(err, ERR_EXISTS, "there is an actor \"%s\" already", name);
    else if (!key && role_is_person(wanted) && (wanted == ROLE_OWNER || d->book.actors->is_owned))
        rc = err_set(err, ERR_INPUT,
                     "%s is to have a key of their own, not one in the journal's vault: --key VKEY, which "
                     "ledger key new "
                     "prints",
                     name);
    else if (key)
        memcpy(d->scratch.as.control_actor.key.bytes, key->public_key, sizeof key->public_key);
    else
        rc = journal_make_key(d->journal, name, d->scratch.as.control_actor.key.bytes, err);
    if (!rc) {
        d->scratch.as.control_actor.actor_id = (int64_t)d->book.actors->count + 1;
        d->scratch.as.control_actor.name = id_from(name);
        d->scratch.as.control_actor.role = wanted;
        rc = add_as(d, actor, now_ns, err);
    }
    return finish(d, rc, err);
}

enum err_code control_revoke(struct desk *d, const char *actor, const char *name, const char *reason,
                             int64_t now_ns, struct err *err)
{
    uint32_t id = 0;
    enum err_code rc = control_check_reason(reason, err);

    if (!rc)
        rc = desk_begin(d, err);
    if (rc)
        return rc;
    rc = actors_id(d->book.actors, name, strlen(name), &id, err);
    start(d, ENTRY_CONTROL_REVOCATION, now_ns);
    d->scratch.as.control_revocation.actor_id = id;
    d->scratch.as.control_revocation.reason = text_from(reason);
    if (!rc)
        rc = desk_add_signed(d, actor, &d->scratch, err);
    return finish(d, rc, err);
}

enum err_code control_renew(struct desk *d, const char *actor, const struct note_key *key, const char *reason,
                            int64_t now_ns, struct err *err)
{
    uint32_t id = 0;
    enum err_code rc = control_check_reason(reason, err);

    if (!rc)
        rc = desk_begin(d, err);
    if (rc)
        return rc;
    rc = actors_id(d->book.actors, key->name, key->name_size, &id, err);
    const struct actor_row *const row = actors_find(d->book.actors, id);
    if (!rc)
        rc = row ? check_actor_key(key->name, row->role, key, err)
                 : err_set(err, ERR_INPUT, "the journal's own key is changed by ledger key rotate");
    start(d, ENTRY_CONTROL_ACTOR_KEY, now_ns);
    d->scratch.as.control_actor_key.actor_id = id;
    d->scratch.as.control_actor_key.reason = text_from(reason);
    memcpy(d->scratch.as.control_actor_key.key.bytes, key->public_key, sizeof key->public_key);
    if (!rc)
        rc = desk_add_signed(d, actor, &d->scratch, err);
    return finish(d, rc, err);
}

/* -- from the start --------------------------------------------------------------------------------------- */

static enum err_code add_person(struct actor_rows *first, const struct control_person *p, struct err *err)
{
    const char *const name = p->key.name;
    enum err_code rc = check_actor(name, p->role, err);

    if (!rc && !role_is_person(p->role))
        rc = err_set(err, ERR_INPUT, "a person is owner, operator, compliance or auditor, not %s",
                     role_name(p->role));
    if (!rc)
        rc = check_actor_key(name, p->role, &p->key, err);
    for (unsigned i = 0; !rc && i < first->count; i++) {
        if (strcmp(first->rows[i].name.text, name) == 0)
            rc = err_set(err, ERR_INPUT, "there is an actor of this name already");
        else if (memcmp(first->rows[i].key, p->key.public_key, sizeof p->key.public_key) == 0)
            rc = err_set(err, ERR_INPUT, "it is the key of %s: two persons have two keys",
                         first->rows[i].name.text);
    }
    if (!rc && first->count == ACTORS_MAX)
        rc = err_set(err, ERR_INPUT, "a journal begins with %d actors at most: add others later", ACTORS_MAX);
    if (rc)
        return err_wrap(err, "%s", name);
    add_first(first, name, p->role);
    memcpy(first->rows[first->count - 1].key, p->key.public_key, sizeof p->key.public_key);
    return ERR_OK;
}

enum err_code control_first_persons(struct actor_rows *first, const struct control_person *persons,
                                    size_t count, struct err *err)
{
    enum err_code rc = ERR_OK;
    bool has_owner = false;

    memset(first, 0, sizeof *first);
    for (size_t i = 0; i < sizeof first_rows / sizeof first_rows[0]; i++) {
        if (!role_is_person(first_rows[i].role))
            add_first(first, first_rows[i].name, first_rows[i].role);
    }
    for (size_t i = 0; !rc && i < count; i++) {
        rc = add_person(first, &persons[i], err);
        has_owner = has_owner || persons[i].role == ROLE_OWNER;
    }
    if (!rc && !has_owner)
        rc = err_set(err, ERR_INPUT,
                     "persons with keys of their own need an owner among them: who else brings in others?");
    return rc;
}
