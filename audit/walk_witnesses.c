/*
 * What witnesses have said of a seal (docs/FORMAT.md, section 5, "Cosignatures"): a line by the name and key of a witness
 * that the journal knows must be that witness's signature. Lines of strangers are nobody's business.
 */
#include "audit/cosigners.h"
#include "audit/walk.h"

#define TYPE_COSIGNATURE 4

/* Nearly all seals have one line, our own: they are passed over at the price of looking for its end. */
static bool has_more_lines(const uint8_t *note, size_t size)
{
    size_t lines = 0;

    for (size_t at = size; at > 1 && !(note[at - 1] == '\n' && note[at - 2] == '\n'); at--)
        lines += note[at - 1] == '\n';
    return lines > 1;
}

/* The key as its lines name it. Whether it is sound is not asked: no signature is good by one that is not. */
static void make_key(struct note_key *key, const struct walk_actor *actor)
{
    const uint8_t middle[2] = {0x0a, TYPE_COSIGNATURE};
    struct hash_stream s;

    memset(key, 0, sizeof *key);
    key->type = NOTE_KEY_COSIGNATURE;
    key->name_size = actor->name_length;
    memcpy(key->name, actor->name, actor->name_length);
    memcpy(key->public_key, actor->key, sizeof actor->key);
    hash_stream_init(&s);
    hash_stream_add(&s, key->name, key->name_size);
    hash_stream_add(&s, middle, sizeof middle);
    hash_stream_add(&s, key->public_key, sizeof key->public_key);
    const struct hash h = hash_stream_finish(&s);
    memcpy(key->id, h.bytes, sizeof key->id);
}

enum err_code walk_witnesses_check(const struct walk_known *known, const uint8_t *bytes, size_t size,
                                   uint64_t *cosignatures, struct err *err)
{
    struct note note;
    struct err why = {.code = ERR_OK};

    if (!has_more_lines(bytes, size) || note_parse(&note, bytes, size, &why))
        return ERR_OK; /* it was parsed before */
    for (uint32_t i = 0; i < known->persons->count; i++) {
        const struct walk_actor *const actor = &known->persons->actors[i];
        struct note_key key;
        if (actor->role != ROLE_WITNESS || actor->is_revoked)
            continue;
        make_key(&key, actor);
        if (!note_find(&note, &key))
            continue;
        if (note_verify(&note, &key, 1, NULL, &why))
            return err_set(err, ERR_WRONG,
                           "its line as %s is not the signature of that witness, whom an entry names",
                           key.name);
        (*cosignatures)++;
    }
    return ERR_OK;
}

void walk_witnesses_tell(const struct walk *w)
{
    for (uint32_t i = 0; w->options->known && i < w->persons->count; i++) {
        const struct walk_actor *const actor = &w->persons->actors[i];
        struct note_key key;
        if (actor->role != ROLE_WITNESS || actor->is_revoked)
            continue;
        make_key(&key, actor);
        if (cosigners_add(w->options->known, &key, NULL))
            return;
    }
}
