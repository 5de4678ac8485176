#include "gateway/fetch_keys.h"

#include "ledger/wire.h"

#include <inttypes.h>
#include <stdlib.h>

#define STATEMENT_ROOM (ENTRY_MAX_SIZE + NOTE_NAME_MAX + 32)

struct fetch_keys {
    struct note_key first; /* that was given */
    struct epochs epochs;
    struct note_key *keys; /* of each epoch but the first */
    size_t capacity;
    struct actors actors;
};

static enum err_code no_memory(struct err *err)
{
    return err_set(err, ERR_MEMORY, "out of memory");
}

enum err_code fetch_keys_new(struct fetch_keys **k, const char *vkey, struct err *err)
{
    struct fetch_keys *const made = calloc(1, sizeof *made);

    if (!made)
        return no_memory(err);
    actors_init(&made->actors);
    epochs_init(&made->epochs);
    enum err_code rc = note_key_parse(&made->first, vkey, strlen(vkey), err);
    if (!rc && made->first.type != NOTE_KEY_ED25519)
        rc = err_set(err, ERR_INPUT, "the given key is a witness's, not a journal's");
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
    epochs_release(&k->epochs);
    free(k->keys);
    free(k);
}

const struct note_key *fetch_keys_at(const struct fetch_keys *k, uint64_t size)
{
    const size_t epoch = k->epochs.count > 0 ? epochs_at(&k->epochs, size) : 0;

    return epoch > 0 ? &k->keys[epoch - 1] : &k->first;
}

const struct note_key *fetch_keys_newest(const struct fetch_keys *k)
{
    return fetch_keys_at(k, UINT64_MAX);
}

const struct actors *fetch_keys_actors(const struct fetch_keys *k)
{
    return &k->actors;
}

/* The key's name is the origin, in every epoch. */
static enum err_code make_key(const struct fetch_keys *k, const uint8_t *bytes, struct note_key *key,
                              struct err *err)
{
    if (note_key_init(key, k->first.name, k->first.name_size, NOTE_KEY_ED25519, bytes, err)) {
        if (err)
            err->code = ERR_WRONG;
        return ERR_WRONG;
    }
    return ERR_OK;
}

static enum err_code check_genesis(const struct fetch_keys *k, const struct entry_control_genesis *g,
                                   struct err *err)
{
    const struct note_key *const key = &k->first;

    if (g->origin.length != key->name_size || memcmp(g->origin.bytes, key->name, key->name_size) != 0 ||
        memcmp(g->key.bytes, key->public_key, sizeof key->public_key) != 0)
        return err_set(err, ERR_WRONG, "entry 1 names another journal or key than the one that was given");
    return ERR_OK;
}

/* Before the epochs know of it: room, and a sound key of whoever may name one. */
static enum err_code prepare_key(struct fetch_keys *k, const struct entry *e, struct err *err)
{
    if (!e->is_signed && e->actor != 0)
        return err_set(err, ERR_WRONG, "it names a key unsigned, which only the journal may do");
    if (k->epochs.count > k->capacity) {
        const size_t capacity = 2 * k->epochs.count;
        struct note_key *const grown = realloc(k->keys, capacity * sizeof *grown);
        if (!grown)
            return no_memory(err);
        k->keys = grown;
        k->capacity = capacity;
    }
    return k->epochs.count == 0
               ? ERR_OK
               : make_key(k, e->as.control_key.key.bytes, &k->keys[k->epochs.count - 1], err);
}

enum err_code fetch_keys_apply(struct fetch_keys *k, const struct entry *e, struct err *err)
{
    struct err why = {.code = ERR_OK};
    enum err_code rc = ERR_OK;

    if (e->kind == ENTRY_CONTROL_GENESIS)
        rc = check_genesis(k, &e->as.control_genesis, &why);
    if (!rc && e->kind == ENTRY_CONTROL_KEY)
        rc = prepare_key(k, e, &why);
    if (!rc)
        rc = epochs_apply(&k->epochs, e, e->seq, e->recorded_at_ns, &why);
    if (!rc)
        rc = actors_apply(&k->actors, e, &why);
    if (!rc)
        return ERR_OK;
    return err_set(err, rc == ERR_MEMORY ? rc : ERR_WRONG, "entry %" PRIu64 ": %s", e->seq, why.text);
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
    const size_t said = entry_statement(bytes, size, k->first.name, statement);
    const enum err_code rc = note_verify_bytes(actor->key, statement, said, e.signature, &why);
    free(statement);
    if (rc)
        return err_set(err, ERR_WRONG, "it hands on to a key, and its signature is not the owner's, %s",
                       actor->name.text);
    return make_key(k, e.as.control_key.key.bytes, key, err);
}
