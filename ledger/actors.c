#include "ledger/actors.h"

#include "ledger/roles.h"

#include <inttypes.h>
#include <stdio.h>

#define JOURNAL_NAME "journal"

void actors_init(struct actors *a)
{
    memset(a, 0, sizeof *a);
}

void actors_copy(struct actors *to, const struct actors *from)
{
    to->count = from->count;
    to->is_owned = from->is_owned;
    memcpy(to->rows, from->rows, from->count * sizeof from->rows[0]);
    memcpy(to->revoked_seq, from->revoked_seq, from->count * sizeof from->revoked_seq[0]);
}

static const struct actor_row *row_by_name(const struct actors *a, const char *name, size_t length)
{
    for (uint32_t i = 0; i < a->count; i++) {
        const struct id *const id = &a->rows[i].name;
        if (id->length == length && memcmp(id->text, name, length) == 0)
            return &a->rows[i];
    }
    return NULL;
}

static enum err_code add_row(struct actors *a, const struct actor_row *row, struct err *err)
{
    if (a->count == ACTORS_TOTAL_MAX)
        return err_set(err, ERR_CHAIN, "a journal has at most %d actors", ACTORS_TOTAL_MAX);
    if (id_is(&row->name, JOURNAL_NAME))
        return err_set(err, ERR_CHAIN, "\"" JOURNAL_NAME "\" is the journal's own name (actor 0)");
    if (row_by_name(a, row->name.text, row->name.length))
        return err_set(err, ERR_CHAIN, "there is an actor \"%s\" already", row->name.text);
    a->is_owned = a->is_owned || row->role == ROLE_OWNER;
    a->revoked_seq[a->count] = 0;
    a->rows[a->count++] = *row;
    return ERR_OK;
}

static enum err_code on_genesis(struct actors *a, const struct entry_control_genesis *genesis,
                                struct err *err)
{
    enum err_code rc = ERR_OK;

    if (a->count > 0)
        return err_set(err, ERR_CHAIN, "there are actors already: genesis is the first entry of a journal");
    for (unsigned i = 0; i < genesis->actors.count && !rc; i++)
        rc = add_row(a, &genesis->actors.rows[i], err);
    if (rc) { /* all or nothing */
        a->count = 0;
        a->is_owned = false;
    }
    return rc;
}

static enum err_code on_actor(struct actors *a, const struct entry_control_actor *actor, struct err *err)
{
    struct actor_row row = {.name = actor->name, .role = actor->role};

    if (actor->actor_id != (int64_t)a->count + 1)
        return err_set(err, ERR_CHAIN, "actor id %" PRId64 " is out of order: the next one is %" PRIu32,
                       actor->actor_id, a->count + 1);
    memcpy(row.key, actor->key.bytes, sizeof row.key);
    return add_row(a, &row, err);
}

/* Whom a revocation or a new key is about. */
static enum err_code find_target(const struct actors *a, int64_t actor_id, size_t *index, struct err *err)
{
    if (actor_id < 1 || actor_id > (int64_t)a->count)
        return err_set(err, ERR_CHAIN, "actor_id: no actor %" PRId64 ": there are 1 .. %" PRIu32, actor_id,
                       a->count);
    *index = (size_t)actor_id - 1;
    return ERR_OK;
}

static enum err_code on_revocation(struct actors *a, const struct entry_control_revocation *r, uint64_t seq,
                                   struct err *err)
{
    size_t index = 0;
    const enum err_code rc = find_target(a, r->actor_id, &index, err);

    if (!rc)
        a->revoked_seq[index] = seq;
    return rc;
}

static enum err_code on_actor_key(struct actors *a, const struct entry_control_actor_key *k, struct err *err)
{
    size_t index = 0;
    const enum err_code rc = find_target(a, k->actor_id, &index, err);

    if (rc)
        return rc;
    memcpy(a->rows[index].key, k->key.bytes, sizeof a->rows[index].key);
    a->revoked_seq[index] = 0;
    return ERR_OK;
}

enum err_code actors_apply_at(struct actors *a, const struct entry *e, uint64_t seq, struct err *err)
{
    if (e->kind == ENTRY_CONTROL_GENESIS)
        return on_genesis(a, &e->as.control_genesis, err);
    if (e->kind == ENTRY_CONTROL_ACTOR)
        return on_actor(a, &e->as.control_actor, err);
    if (e->kind == ENTRY_CONTROL_REVOCATION)
        return on_revocation(a, &e->as.control_revocation, seq, err);
    if (e->kind == ENTRY_CONTROL_ACTOR_KEY)
        return on_actor_key(a, &e->as.control_actor_key, err);
    return ERR_OK; /* no other kind says who may write */
}

enum err_code actors_apply(struct actors *a, const struct entry *e, struct err *err)
{
    return actors_apply_at(a, e, e->seq, err);
}

/* -- checks --------------------------------------------------------------------------------------------- */

static const char *kind_text(const struct entry *e)
{
    return entry_kind_find((unsigned)e->kind)->text;
}

static enum err_code check_last_owner(const struct actors *a, size_t target, struct err *err)
{
    if (a->rows[target].role != ROLE_OWNER || a->revoked_seq[target] != 0)
        return ERR_OK;
    for (uint32_t i = 0; i < a->count; i++) {
        if (i != target && a->rows[i].role == ROLE_OWNER && a->revoked_seq[i] == 0)
            return ERR_OK;
    }
    return err_set(err, ERR_INPUT,
                   "%s is the last owner: revoked, nobody could ever bring in another. Bring one in first",
                   a->rows[target].name.text);
}

/* An owner speaks of anybody, the others of themselves. */
static enum err_code check_target(const struct actors *a, const struct entry *e, int64_t actor_id,
                                  struct err *err)
{
    const struct actor_row *const row = &a->rows[e->actor - 1];
    size_t target = 0;
    const enum err_code rc = find_target(a, actor_id, &target, err);

    if (rc)
        return err_set(err, ERR_INPUT, "actor_id: no actor %" PRId64 ": there are 1 .. %" PRIu32, actor_id,
                       a->count);
    if (row->role != ROLE_OWNER && actor_id != (int64_t)e->actor)
        return err_set(err, ERR_INPUT, "%s of %s is an owner's word, or %s's own: %s has the role %s",
                       kind_text(e), a->rows[target].name.text, a->rows[target].name.text, row->name.text,
                       role_name(row->role));
    return e->kind == ENTRY_CONTROL_REVOCATION ? check_last_owner(a, target, err) : ERR_OK;
}

/* What an owned journal asks on top. */
static enum err_code check_owned(const struct actors *a, const struct entry *e, enum role role,
                                 struct err *err)
{
    const char *const name = actors_name(a, e->actor);

    if (e->kind == ENTRY_CONTROL_ACTOR && role != ROLE_OWNER)
        return err_set(err, ERR_INPUT,
                       "this journal has an owner, who alone brings in new actors: %s has the "
                       "role %s",
                       name, role_name(role));
    if (role_is_person(role) && !e->is_signed)
        return err_set(err, ERR_INPUT,
                       "%s by %s must be signed with %s's own key, because this journal has an "
                       "owner",
                       kind_text(e), name, name);
    return ERR_OK;
}

enum err_code actors_check(const struct actors *a, const struct entry *e, struct err *err)
{
    const struct actor_row *const row = actors_find(a, e->actor);
    const enum role role = row ? row->role : ROLE_JOURNAL;

    if (!row && e->actor != 0)
        return err_set(err, ERR_NOT_FOUND, "no actor %" PRIu32 ": there are %" PRIu32, e->actor, a->count);
    if (!role_may_write(role, e->kind))
        return err_set(err, ERR_INPUT, "%s may not write %s: the role %s is for %s", actors_name(a, e->actor),
                       kind_text(e), role_name(role), role_purpose(role));
    if (actors_is_revoked(a, e->actor))
        return err_set(err, ERR_INPUT,
                       "%s was revoked with entry %" PRIu64 " and writes no more, until it has a new key",
                       row->name.text, a->revoked_seq[e->actor - 1]);
    if (a->is_owned) {
        const enum err_code rc = check_owned(a, e, role, err);
        if (rc)
            return rc;
    }
    if (e->kind == ENTRY_CONTROL_REVOCATION)
        return check_target(a, e, e->as.control_revocation.actor_id, err);
    if (e->kind == ENTRY_CONTROL_ACTOR_KEY)
        return check_target(a, e, e->as.control_actor_key.actor_id, err);
    return ERR_OK;
}

/* -- looking up ----------------------------------------------------------------------------------------- */

/* "journal, risk, broker:paper ..." as far as it fits. */
static void list_names(const struct actors *a, char *out, size_t capacity)
{
    size_t used = (size_t)snprintf(out, capacity, JOURNAL_NAME);

    for (uint32_t i = 0; i < a->count; i++) {
        if (used + ID_MAX + sizeof ", ..." > capacity) {
            snprintf(out + used, capacity - used, " ...");
            return;
        }
        used += (size_t)snprintf(out + used, capacity - used, ", %s", a->rows[i].name.text);
    }
}

enum err_code actors_id(const struct actors *a, const char *name, size_t length, uint32_t *id,
                        struct err *err)
{
    const struct actor_row *const row = row_by_name(a, name, length);
    char names[640];

    if (row) {
        *id = (uint32_t)(row - a->rows) + 1;
        return ERR_OK;
    }
    if (length == sizeof JOURNAL_NAME - 1 && memcmp(name, JOURNAL_NAME, length) == 0) {
        *id = 0;
        return ERR_OK;
    }
    list_names(a, names, sizeof names);
    return err_set(err, ERR_NOT_FOUND, "no actor \"%.*s\": there are %s", (int)(length < 100 ? length : 100),
                   name, names);
}

const struct actor_row *actors_find(const struct actors *a, uint32_t id)
{
    return id >= 1 && id <= a->count ? &a->rows[id - 1] : NULL;
}

const char *actors_name(const struct actors *a, uint32_t id)
{
    const struct actor_row *const row = actors_find(a, id);

    if (row)
        return row->name.text;
    return id == 0 ? JOURNAL_NAME : "?";
}

bool actors_is_revoked(const struct actors *a, uint32_t id)
{
    return id >= 1 && id <= a->count && a->revoked_seq[id - 1] != 0;
}

uint32_t actors_by_key(const struct actors *a, const uint8_t key[32])
{
    for (uint32_t i = 0; i < a->count; i++) {
        if (a->revoked_seq[i] == 0 && memcmp(a->rows[i].key, key, sizeof a->rows[i].key) == 0)
            return i + 1;
    }
    return 0;
}
