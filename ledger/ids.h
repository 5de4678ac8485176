/*
 * A growing set of ids, in order of first appearance: the ids of all fills that were counted. Packed, one
 * length byte and the characters an id, because there is one for every fill there ever was. A set with tags keeps a
 * number beside each id, 8 bytes big-endian behind its characters. Pure.
 */
#ifndef LEDGER_IDS_H
#define LEDGER_IDS_H

#include "ledger/replay.h"
#include "ledger/slots.h"

#define IDS_TAG_SIZE 8U

struct ids {
    uint8_t *bytes; /* u8 length, text, the tag if there are tags; one id after the other. At most 4 GB */
    uint32_t size;
    uint32_t capacity;
    uint32_t tag_size; /* 0, or IDS_TAG_SIZE */
    uint64_t count;
    struct slots slots;
};

/* An id with its hash and its place: whoever asks for an id and then adds it looks for both once. */
struct ids_key {
    const struct id *id; /* borrowed */
    uint32_t hash;
    uint64_t *slot; /* where it goes, once ids_has_key() has said that it is not there; else NULL */
};

void ids_init(struct ids *ids); /* allocates nothing yet */
void ids_init_tagged(struct ids *ids);
void ids_release(struct ids *ids);
bool ids_has(const struct ids *ids, const struct id *id);
/* Adds it unless it is there; ERR_MEMORY: the set is as it was. */
MUST_USE enum err_code ids_add(struct ids *ids, const struct id *id, struct err *err);
/* Makes room for one more of any length: the next ids_add() cannot fail. ERR_MEMORY: the set is as it was. */
MUST_USE enum err_code ids_reserve(struct ids *ids, struct err *err);

/*
 * The same in steps: ids_key(), ids_reserve(), ids_has_key(), ids_add_key(), and no other change in between. A
 * set of millions of ids is too large for the processor's cache: ids_key() asks for the memory, and work that
 * is done between it and ids_has_key() takes place while that comes.
 */
struct ids_key ids_key(const struct ids *ids, const struct id *id);
bool ids_has_key(const struct ids *ids, struct ids_key *key); /* REQUIREs room, from ids_reserve() */
void ids_add_key(struct ids *ids, const struct ids_key *key); /* that is not there (REQUIRE): cannot fail */

/* The same in a set with tags, which knows no other way. */
void ids_add_tagged(struct ids *ids, const struct ids_key *key, uint64_t tag);
/* The tag of an id, and its place: of two ids, the one that came first has the lower. False: it is not there. */
bool ids_find(const struct ids *ids, const struct id *id, uint64_t *tag, uint32_t *place);

void ids_digest(const struct ids *ids, const struct digest_out *out); /* how many, then the packed bytes */
/* The inverse, into an empty set. ERR_FORMAT, ERR_MEMORY. */
MUST_USE enum err_code ids_restore(struct ids *ids, struct restore_in *in, struct err *err);

#endif
