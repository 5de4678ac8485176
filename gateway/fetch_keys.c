#include "gateway/fetch_keys.h"

#include "ledger/wire.h"

#include <inttypes.h>
#include <stdlib.h>

#define STATEMENT_ROOM (ENTRY_MAX_SIZE + NOTE_NAME_MAX + 32)

/* Seals of more than `after` entries are signed by `key`, up to the next epoch's. */
struct epoch {
    uint64_t after;
    struct note_key key;
};

struct fetch_keys {
    struct epoch *epochs; /* ascending */
    size_t count;
    size_t capacity;
    struct actors actors;
};

static enum err_code no_memory(struct err *err)
{
    return err_set(err, ERR_MEMORY, "out of memory");
}

static enum err_code add_epoch(struct fetch_keys *k, uint64_t after, const struct note_key *key,
                               struct err *err)
{
    if (k->count == k->capacity) {
        const size_t capacity = k->capacity ? 2 * k->capacity : 4;
        struct epoch *const grown = realloc(k->epochs, capacity * sizeof *grown);
        if (!grown)
            return no_memory(err);
        k->epochs = grown;
        k->capacity = capacity;
    }
    k->epochs[k->count++] = (struct epoch){after, *key};
    return ERR_OK;
}

enum err_code fetch_keys_new(struct fetch_keys **k, const char *vkey, struct err *err)
{
    struct fetch_keys *const made = calloc(1, sizeof *made);
    struct note_key key;

    if (!made)
        return no_memory(err);
    actors_init(&made->actors);
    enum err_code rc = note_key_parse(&key, vkey, strlen(vkey), err);
    if (!rc && key.type != NOTE_KEY_ED25519)
        rc = err_set(err, ERR_INPUT, "the given key is a witness's, not a journal's");
    if (!rc)
        rc = add_epoch(made, 0, &key, err);
    if (rc) {
        fetch_keys_free(made);
        return rc;
    }
    *k = made;
    return ERR_OK;
}

void fetch_keys_free(struct fetch_keys *k)
{
    if (!k)
        return;
    free(k->epochs);
    free(k);
}

const struct note_key *fetch_keys_at(const struct fetch_keys *k, uint64_t size)
{
    size_t at = k->count;

    while (at > 1 && k->epochs[at - 1].after >= size)
        at--;
    return &k->epochs[at - 1].key;
}

const struct note_key *fetch_keys_newest(const struct fetch_keys *k)
{
    return &k->epochs[k->count - 1].key;
}

const struct actors *fetch_keys_actors(const struct fetch_keys *k)
{
    return &k->actors;
}

/* The key's name is the origin, in every epoch. */
static enum err_code make_key(const struct fetch_keys *k, const uint8_t *bytes, struct note_key *key,
                              struct err *err)
{
    const struct note_key *const first = &k->epochs[0].key;

    if (note_key_init(key, first->name, first->name_size, NOTE_KEY_ED25519, bytes, err)) {
        if (err)
            err->code = ERR_WRONG;
        return ERR_WRONG;
    }
    return ERR_OK;
}

static enum err_code check_genesis(const struct fetch_keys *k, const struct entry_control_genesis *g,
                                   struct err *err)
{
    const struct note_key *const key = &k->epochs[0].key;

    if (g->origin.length != key->name_size || memcmp(g->origin.bytes, key->name, key->name_size) != 0 ||
        memcmp(g->key.bytes, key->public_key, sizeof key->public_key) != 0)
        return err_set(err, ERR_WRONG, "entry 1 names another journal or key than the one that was given");
    return ERR_OK;
}

enum err_code fetch_keys_apply(struct fetch_keys *k, const struct entry *e, struct err *err)
{
    struct note_key key;
    struct err why = {.code = ERR_OK};

    enum err_code rc = ERR_OK;
    if (e->kind == ENTRY_CONTROL_GENESIS)
        rc = check_genesis(k, &e->as.control_genesis, err);
    if (!rc && e->kind == ENTRY_CONTROL_KEY && !e->is_signed && e->actor != 0)
        rc = err_set(err, ERR_WRONG, "entry %" PRIu64 " names a key unsigned, which only the journal may do",
                     e->seq);
    if (!rc && e->kind == ENTRY_CONTROL_KEY) {
        if (make_key(k, e->as.control_key.key.bytes, &key, &why))
            return err_set(err, ERR_WRONG, "entry %" PRIu64 ": %s", e->seq, why.text);
        rc = add_epoch(k, e->is_signed ? e->seq - 1 : e->seq, &key, err);
    }
    if (!rc && actors_apply(&k->actors, e, &why))
        rc = err_set(err, ERR_WRONG, "entry %" PRIu64 ": %s", e->seq, why.text);
    return rc;
}

enum err_code fetch_keys_recovered(const struct fetch_keys *k, const uint8_t *bytes, size_t size,
                                   struct note_key *key, struct err *err)
{
    struct err why = {.code = ERR_OK};
    struct entry e;

    if (entry_decode(bytes, size, &e, &why) || e.kind != ENTRY_CONTROL_KEY || !e.is_signed)
        return err_set(err, ERR_WRONG, "it hands on to no key with an owner's signature");
    const struct actor_row *const actor = actors_find(&k->actors, e.actor);
    if (!actor || actor->role != ROLE_OWNER)
        return err_set(err, ERR_WRONG, "it hands on to a key, and its actor is no owner");
    uint8_t *const statement = malloc(STATEMENT_ROOM);
    if (!statement)
        return no_memory(err);
    const size_t said = entry_statement(bytes, size, k->epochs[0].key.name, statement);
    const enum err_code rc = note_verify_bytes(actor->key, statement, said, e.signature, &why);
    free(statement);
    if (rc)
        return err_set(err, ERR_WRONG, "it hands on to a key, and its signature is not the owner's, %s",
                       actor->name.text);
    return make_key(k, e.as.control_key.key.bytes, key, err);
}
