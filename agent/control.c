#include "agent/control.h"

void control_first_actors(struct actor_rows *first)
{
    static const struct {
        const char *name;
        enum role role;
    } rows[] = {
        {"operator", ROLE_OPERATOR},     {"strategy:naked-put", ROLE_STRATEGY},
        {"risk:governor", ROLE_RISK},    {"broker:paper", ROLE_BROKER},
        {"feed:lean", ROLE_FEED},        {"feed:spx-eod", ROLE_FEED},
        {"feed:synthetic", ROLE_FEED},   {"feed:journal", ROLE_FEED},
        {"compliance", ROLE_COMPLIANCE},
    };

    memset(first, 0, sizeof *first);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        first->rows[i].name = id_from(rows[i].name);
        first->rows[i].role = rows[i].role;
        first->count++;
    }
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

enum err_code control_configure(struct desk *d, const char *actor, const char *name, const char *yaml,
                                size_t size, int64_t now_ns, bool *changed, struct err *err)
{
    struct configuration c;
    char settings[CONFIGURATION_TEXT_MAX];
    size_t settings_size = 0;
    enum err_code rc = configuration_read_yaml(&c, name, yaml, size, err);

    if (!rc)
        rc = configuration_text(&c, settings, sizeof settings, &settings_size, err);
    if (!rc)
        rc = desk_begin(d, err);
    if (rc)
        return rc;
    const struct hash source = hash_bytes(yaml, size);
    const struct configuration_state *const now = d->book.configuration;
    *changed = now->seq == 0 || memcmp(source.bytes, now->sha256.bytes, HASH_SIZE) != 0;
    if (*changed) {
        start(d, ENTRY_CONTROL_CONFIGURATION, now_ns);
        memcpy(d->scratch.as.control_configuration.sha256.bytes, source.bytes, HASH_SIZE);
        d->scratch.as.control_configuration.settings = (struct text){settings, (uint16_t)settings_size};
        d->scratch.as.control_configuration.source = (struct text){yaml, (uint16_t)size};
        rc = desk_add_signed(d, actor, &d->scratch, err);
    }
    return finish(d, rc, err);
}

static enum err_code check_reason(const char *reason, struct err *err)
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
    enum err_code rc = check_reason(reason, err);

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

enum err_code control_resume(struct desk *d, const char *actor, const char *reason, int64_t now_ns,
                             struct err *err)
{
    enum err_code rc = check_reason(reason, err);

    if (!rc)
        rc = desk_begin(d, err);
    if (rc)
        return rc;
    if (!d->book.risk->stopped && risk_state_tripped(d->book.risk) == 0)
        rc = err_set(err, ERR_INPUT,
                     "there is nothing to resume from: no stop is in force and no breaker has tripped");
    if (!rc) {
        start(d, ENTRY_CONTROL_RESUME, now_ns);
        d->scratch.as.control_resume.reason = text_from(reason);
        rc = desk_add_signed(d, actor, &d->scratch, err);
    }
    return finish(d, rc, err);
}

static enum role role_by_name(const char *name)
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

enum err_code control_add_actor(struct desk *d, const char *name, const char *role,
                                const struct note_key *key, struct err *err)
{
    const enum role wanted = role_by_name(role);
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
    else if (key)
        memcpy(d->scratch.as.control_actor.key.bytes, key->public_key, sizeof key->public_key);
    else
        rc = journal_make_key(d->journal, name, d->scratch.as.control_actor.key.bytes, err);
    if (!rc) {
        d->scratch.as.control_actor.actor_id = (int64_t)d->book.actors->count + 1;
        d->scratch.as.control_actor.name = id_from(name);
        d->scratch.as.control_actor.role = wanted;
        rc = desk_add(d, "operator", &d->scratch, err);
    }
    return finish(d, rc, err);
}
