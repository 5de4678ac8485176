/*
 * Whose signature a seal must carry: the keys of a journal's epochs, as its entries hand them on
 * (docs/FORMAT.md, "Key epochs"), and the actors who may do so when a key is lost. Folded from control
 * entries that are proven already.
 */
#ifndef GATEWAY_FETCH_KEYS_H
#define GATEWAY_FETCH_KEYS_H

#include "ledger/actors.h"
#include "ledger/epochs.h"
#include "ledger/note.h"

struct fetch_keys;

/* `vkey` is the genesis key. ERR_FORMAT, ERR_INPUT, ERR_KEY: it is no journal's key. */
MUST_USE enum err_code fetch_keys_new(struct fetch_keys **k, const char *vkey, struct err *err);
void fetch_keys_free(struct fetch_keys *k); /* NULL is fine */

/* The key of seals of `size` entries, and the newest one. Borrowed until the next apply. */
const struct note_key *fetch_keys_at(const struct fetch_keys *k, uint64_t size);
const struct note_key *fetch_keys_newest(const struct fetch_keys *k);

/* Actors, as far as entries were applied. */
const struct actors *fetch_keys_actors(const struct fetch_keys *k);

/*
 * The next control entry. ERR_WRONG: it is another journal's genesis, or names a key that is not sound, or not
 * the next epoch's; and which entry. ERR_MEMORY.
 */
MUST_USE enum err_code fetch_keys_apply(struct fetch_keys *k, const struct entry *e, struct err *err);

/*
 * A key that an owner hands on to, because the journal's own is lost: an entry, not applied yet, that an
 * owner has signed. ERR_WRONG: it is not such an entry, or the signature is not the owner's.
 */
MUST_USE enum err_code fetch_keys_recovered(const struct fetch_keys *k, const uint8_t *bytes, size_t size,
                                            struct note_key *key, struct err *err);

#endif
