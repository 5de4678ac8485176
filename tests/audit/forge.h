/*
 * A forge of journals, for tests: honest ones, and every kind of dishonest one. Rows are kept as they would
 * be stored and can be changed at will; forge_image() gives the raw export of them.
 */
#ifndef TESTS_AUDIT_FORGE_H
#define TESTS_AUDIT_FORGE_H

#include "audit/evidence.h"
#include "ledger/entry.h"
#include "ledger/hash.h"
#include "ledger/note.h"

#define FORGE_ORIGIN  "desk.example/forge"
#define FORGE_KEY_MAX 16

struct forge_row {
    enum evidence_table table;
    uint8_t key[FORGE_KEY_MAX];
    size_t key_size;
    uint8_t *bytes;
    size_t size;
};

struct forge_entry {
    uint8_t *bytes;
    size_t size;
    bool has_check; /* from when it is first stored: it stays when the bytes change later */
    uint8_t check[4];
};

enum forge_actor { FORGE_OPERATOR = 1, FORGE_STRATEGY, FORGE_BROKER, FORGE_RISK };
#define FORGE_ACTORS     4
#define FORGE_KEYS       (FORGE_ACTORS + 4) /* of ids 1 .. and of some more, who are not in genesis */
#define FORGE_EPOCHS_MAX 5

/* A key of the journal after genesis', and from which size on it signs. */
struct forge_epoch {
    uint64_t begins;
    struct note_key key;
    uint8_t secret[64];
};

struct forge {
    struct forge_row *rows; /* in any order */
    size_t count;
    size_t capacity;
    struct forge_entry *entries; /* all that were added: entries[0] is entry 1 */
    size_t entry_count;
    size_t entry_capacity;
    size_t stored; /* entries that are in blocks */
    size_t per_block;
    struct note_key key; /* of epoch 0 */
    uint8_t secret[64];
    struct forge_epoch later[FORGE_EPOCHS_MAX]; /* epochs 1, 2 ... */
    size_t later_count;
    bool has_fifth;   /* forge_many() has added its actor, */
    bool has_revoked; /* and revoked it, */
    bool has_renewed; /* and given the broker its key a second time */
    uint8_t actor_secret[FORGE_KEYS + 1][64];
    uint8_t actor_key[FORGE_KEYS + 1][32];
    int64_t now_ns;
    int64_t signed_at_ns;
};

/* An empty forge whose journal key comes from `seed`. */
void forge_init(struct forge *f, unsigned seed);
void forge_release(struct forge *f);
/* A copy that can be changed on its own. */
void forge_copy(struct forge *to, const struct forge *from);

/* Adds an entry: it gets its seq, recorded_at, and a signature when e->is_signed (with a fresh `at`). */
void forge_add(struct forge *f, struct entry *e);
/* Genesis with the four actors. */
void forge_genesis(struct forge *f);
/*
 * One entry of each kind but genesis, small ones, causes and actors as they must be; adds `count` of them. What
 * changes who may write comes once.
 */
void forge_many(struct forge *f, size_t count, uint64_t seed);
void forge_note(struct forge *f, const char *text);
/* A small random entry of that kind by that actor; with a cause when it is derived. */
struct random;
void forge_add_random(struct forge *f, struct random *r, enum entry_kind kind, uint32_t actor,
                      bool is_signed);
/* The actor signs a new key of its own, and writes with it from then on. */
void forge_renew(struct forge *f, unsigned id);
/*
 * The next key: the journal hands over to it, or, with `owner`, that actor signs it as a recovery. The draft is to be
 * the next entry; forge_key() adds it.
 */
void forge_key_draft(struct forge *f, uint32_t owner, struct entry *e);
void forge_key(struct forge *f, uint32_t owner);
/* A whole small journal: `groups` groups of `each` entries; the last entry of the third hands the journal over. */
void forge_small(struct forge *f, unsigned seed, unsigned groups, size_t each);

/* Ends a group: blocks, control rows, tiles, seal. */
void forge_group(struct forge *f);
/* The parts of it, to do them wrong. */
void forge_blocks(struct forge *f);
void forge_tiles(struct forge *f);       /* all tiles, again, from entries[] */
void forge_check(struct forge_entry *e); /* the check of one, again */
void forge_checks(struct forge *f);      /* all checks, again, from entries[], and the blocks with them */
void forge_seal(struct forge *f, uint64_t size); /* by the key in force at that size, by `later` */
/* A seal of `size` entries with any text in the place of its three lines' numbers. */
void forge_seal_text(struct forge *f, uint64_t key, const char *origin, uint64_t size,
                     const struct hash *root, const char *extension);
/* Puts entries[] into blocks again, after they were changed. */
void forge_restore_blocks(struct forge *f);
/* Signs a stored entry again, as actor `id`, after its bytes were changed. */
void forge_sign_entry(struct forge *f, size_t index, unsigned id);
/* The same of a draft's bytes. */
void forge_sign(const struct forge *f, uint8_t *bytes, size_t size, unsigned id);

struct hash forge_root(const struct forge *f, uint64_t size);

/* Rows. */
struct forge_row *forge_find(struct forge *f, enum evidence_table table, const void *key, size_t key_size);
struct forge_row *forge_find_number(struct forge *f, enum evidence_table table, uint64_t number);
struct forge_row *forge_find_tile(struct forge *f, unsigned level, uint64_t index);
void forge_put(struct forge *f, enum evidence_table table, const void *key, size_t key_size,
               const void *bytes, size_t size);
void forge_put_number(struct forge *f, enum evidence_table table, uint64_t number, const void *bytes,
                      size_t size);
void forge_drop(struct forge *f, struct forge_row *row);
/* A timestamp beside a seal: a token over these bytes at that time ("20151224143100Z"); bytes NULL: over the seal. */
void forge_stamp(struct forge *f, uint64_t size, uint32_t number, const void *bytes, size_t bytes_size,
                 const char *time);
/* That row. */
struct forge_row *forge_find_stamp(struct forge *f, uint64_t size, uint32_t number);
/* Replaces a row's bytes. */
void forge_set(struct forge_row *row, const void *bytes, size_t size);

/* The raw export, to be freed. */
uint8_t *forge_image(struct forge *f, size_t *size);

/* The journal's vkey. */
void forge_vkey(const struct forge *f, char out[NOTE_VKEY_TEXT_SIZE]);

#endif
