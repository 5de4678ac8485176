/*
 * The journal: a directory with an LMDB environment (`journal.mdb`, lock beside it) and the key vault
 * (`vault`). Appends go in groups; a committed group is on disk, in the Merkle tree, and sealed. Storage is
 * described at the head of ledger/store_lmdb.c and in docs/FORMAT.md.
 *
 * Many processes may have a journal open; LMDB's writer lock orders their groups whole. Readers see a
 * consistent snapshot and never wait. A journal and its groups belong to one thread; a reader to one thread.
 */
#ifndef LEDGER_JOURNAL_H
#define LEDGER_JOURNAL_H

#include "ledger/actors.h"
#include "ledger/entry.h"
#include "ledger/epochs.h"
#include "ledger/err.h"
#include "ledger/hash.h"
#include "ledger/note.h"
#include "ledger/secret.h"
#include "ledger/signer.h"

#include <stdint.h>

struct journal;
struct journal_group;
struct journal_reader;
struct vault;

#define JOURNAL_ORIGIN_MAX     200
#define JOURNAL_REASON_MAX     4000
/* An origin that begins so names what was computed and not lived (control.hypothesis). Such a journal is made and written by
 * the program alone that computes it: journal_create() and journal_unlock() ask for journal_options.is_hypothetical. */
#define JOURNAL_HYPOTHETICAL   "hypothetical/"
/* A step back of the clock up to this is taken as no step (the parent's time is used); more is refused. */
#define JOURNAL_CLOCK_SLACK_NS (2 * NS_PER_SECOND)

struct journal_options {
    const char *dir;
    bool read_only;
    int64_t (*now_ns)(void *arg); /* NULL: the system's clock; tests hand in their own */
    void *now_arg;
    uint64_t map_size;         /* first size of LMDB's map in bytes, grown when full; 0: the default */
    const char *const *guards; /* journal_create() alone: where its guards are to be (ledger/guard.h) */
    size_t guard_count;        /* at most GUARD_MAX (REQUIRE) */
    bool skip_read_back;       /* for the benchmark alone, which asks what reading back costs */
    bool
        checks_entries; /* readers hold each stored entry against its check: for whoever shows or judges it */
    bool is_hypothetical; /* its origin begins with JOURNAL_HYPOTHETICAL, and may */
};

/*
 * Makes the directory, the vault, and the genesis entry naming `origin`, the journal's fresh key and the
 * actors of `first`, seals it, and leaves nothing behind on failure. Where a key of `first` is zeroes it is made here, in
 * the vault, and first->rows[].key is written. ERR_EXISTS: there is a journal in dir already. ERR_INPUT: origin is no good key name, or
 * seems hypothetical where the options do not say that it is.
 */
MUST_USE enum err_code journal_create(const struct journal_options *options, const char *origin,
                                      const struct secret *passphrase, struct actor_rows *first,
                                      struct err *err);

/* ERR_NOT_FOUND: no journal there, and what to type. ERR_FORMAT: another version or damaged. ERR_HALTED: damaged, and that
 * is why it was halted. */
MUST_USE enum err_code journal_open(const struct journal_options *options, struct journal **j,
                                    struct err *err);
void journal_close(struct journal *j);

/*
 * Opens the vault: needed before the first group. Finishes a rotation that was cut off. ERR_KEY: the passphrase does
 * not open it, or it does not hold the journal's key. ERR_INPUT: it is hypothetical, and the options do not say so: nothing is appended.
 */
MUST_USE enum err_code journal_unlock(struct journal *j, const struct secret *passphrase, struct err *err);

const char *journal_origin(const struct journal *j);
/* Whether a journal of this origin is computed, and not lived. */
bool journal_is_hypothetical(const char *origin);
/* Whether a reader could take it for such a one: the first part that has a letter or digit spells "hypothetical", in
 * whatever case and with whatever marks between. No journal that is lived is made under such an origin. */
bool journal_seems_hypothetical(const char *origin);
/* ERR_INPUT: this one is, and was not opened as such: nothing is appended. */
MUST_USE enum err_code journal_check_lived(const struct journal *j, struct err *err);
/* The genesis key as C2SP vkey text, terminated; borrowed until close. */
const char *journal_vkey(const struct journal *j);
const char *journal_dir(const struct journal *j);
/* Its keys, that of an epoch (REQUIRE: there is one), and that in force at a size, as of the newest entry that this handle has seen. ERR_FORMAT: a key that
 * the journal names is none. */
const struct epochs *journal_epochs(const struct journal *j);
MUST_USE enum err_code journal_key_of(const struct journal *j, size_t epoch, struct note_key *key,
                                      struct err *err);
MUST_USE enum err_code journal_key_at(const struct journal *j, uint64_t size, struct note_key *key,
                                      struct err *err);
/* The open vault, for new actors' keys and for signing what leaves the program; NULL while locked. Borrowed.
 */
struct vault *journal_vault(struct journal *j);
/*
 * Signs bytes that leave the journal, such as a report's manifest, with the newest key of the journal: Ed25519 over
 * label, LF, the origin, LF, the bytes. The label says what they are ("ledger manifest v1") and holds a space
 * (REQUIRE), which no origin does: so this is never a seal. *key, which may be NULL, is the key. ERR_KEY: not
 * unlocked. ERR_MEMORY. ERR_HALTED: the journal takes no entries, and signs nothing else either.
 */
MUST_USE enum err_code journal_sign_bytes(struct journal *j, const char *label, const void *bytes,
                                          size_t size, struct note_key *key,
                                          uint8_t signature[NOTE_SIGNATURE_SIZE], struct err *err);
/* ERR_WRONG: not the signature of `key`, whose name is the origin, over these bytes under this label. */
MUST_USE enum err_code journal_check_bytes(const struct note_key *key, const char *label, const void *bytes,
                                           size_t size, const uint8_t signature[NOTE_SIGNATURE_SIZE],
                                           struct err *err);
/* Actors as of the newest entry this handle has seen (refreshed by begin and reader_begin). */
const struct actors *journal_actors(const struct journal *j);

/* The proposal that is entry `seq`, made since the journal has an owner; NULL: none that could be approved. */
struct dual_proposal;
const struct dual_proposal *journal_proposal(const struct journal *j, uint64_t seq);

/* -- appending ------------------------------------------------------------------------------------------ */

/* A seal: the signed tree head after a group. */
struct seal {
    uint64_t size; /* entries covered: 1 .. size */
    struct hash root;
    char note[NOTE_MAX_SIZE]; /* C2SP checkpoint in a signed note, terminated */
    size_t note_size;
};

/*
 * Takes the writer lock and waits for it. The journal stands still for others until commit or abort. ERR_KEY:
 * not unlocked. ERR_CHAIN: the clock has stepped back. ERR_EXISTS: this thread has a group open already. ERR_HALTED:
 * the journal takes no entries until people have looked, and why.
 */
MUST_USE enum err_code journal_group_begin(struct journal *j, struct journal_group **g, struct err *err);
/* The seq that the next added entry gets. */
uint64_t journal_group_next_seq(const struct journal_group *g);
/* The recorded_at all entries of this group get. */
int64_t journal_group_recorded_at_ns(const struct journal_group *g);

/*
 * Adds one entry: gives *draft its seq and recorded_at. Checks that the actor is known and may write it
 * (actors_check()), that the cause is an earlier entry, that entry_check() holds, that kinds that need a signature
 * have a good one, and that what needs two persons has them (ledger/dual.h).
 * After an error the group may go on or be aborted; the refused entry left no trace. ERR_NOT_FOUND: no such
 * actor. ERR_CHAIN: the cause is no earlier entry, or is missing in what the program derived; an actor's id is
 * out of order. ERR_EXISTS: a signature that stands in another entry already. ERR_INPUT: all else that is not
 * acceptable, such as a signature that is not the actor's over this entry, a control.key (see
 * journal_rotate_key()), or the group holds 2 GiB.
 */
MUST_USE enum err_code journal_group_add(struct journal_group *g, struct entry *draft, struct err *err);
/* The same for an encoded draft (seq, recorded_at zero), placed in the caller's buffer. `e` is its decoding.
 */
MUST_USE enum err_code journal_group_add_encoded(struct journal_group *g, uint8_t *bytes, size_t size,
                                                 const struct entry *e, struct err *err);
/* What the draft's actor signs: see entry_statement(). Sets is_signed. Borrowed until the next call with this journal. */
MUST_USE enum err_code journal_statement(struct journal *j, struct entry *draft, const uint8_t **statement,
                                         size_t *size, struct err *err);
/* Signs *draft as its actor with that actor's key from the vault (is_signed, signature are set). */
MUST_USE enum err_code journal_sign(struct journal *j, struct entry *draft, struct err *err);
/*
 * The same with a key that lies elsewhere; NULL: in the vault. ERR_KEY: it is not the actor's key in force. Other errors
 * are the signer's.
 */
MUST_USE enum err_code journal_sign_by(struct journal *j, const struct signer *by, struct entry *draft,
                                       struct err *err);
/*
 * A reader that sees the journal as this group does: what is stored, then the group's entries so far, also
 * those added later. Records of the group's own live until the next add. They are in no tree or seal before
 * commit. Ends with the group, or before it by journal_reader_end().
 */
MUST_USE enum err_code journal_group_reader(struct journal_group *g, struct journal_reader **r,
                                            struct err *err);

/*
 * Durable, in the tree, read back, sealed; *seal may be NULL. After an error nothing of the group is there. Frees g. A
 * group without entries writes nothing, and *seal is the newest there is. ERR_HALTED: what was read back is not what was
 * written: no seal was given out, and the journal takes no entries any more. Nothing of the group is there then, unless
 * the words say that it is in the file.
 */
MUST_USE enum err_code journal_group_commit(struct journal_group *g, struct seal *seal, struct err *err);
void journal_group_abort(struct journal_group *g); /* NULL is fine */

/*
 * Hands over to a new key: control.key, with this reason and cause (or 0), is entered and sealed by the old key, whose
 * secret is then destroyed. In a group of its own; *seal may be NULL. Cut off at any point, it has either not
 * happened, or is completed by the next journal_unlock(). ERR_INPUT: no good reason. Errors are those of
 * journal_group_begin() and commit; err says so when the new key is in force but the old one is not destroyed.
 */
MUST_USE enum err_code journal_rotate_key(struct journal *j, const char *reason, uint64_t cause,
                                          struct seal *seal, struct err *err);

/*
 * Recovery of a lost key by an owner, whose role actor `owner` has. The first call opens the vault with the passphrase, or
 * makes a new one, makes the next key there, and hands out the *statement that the owner signs with their own key
 * (Ed25519 over these bytes; free() it). The second takes both, and the journal goes on with that key: it is unlocked
 * then. `at_ns` and `reason` are the owner's words. ERR_EXISTS: the vault holds the key, nothing is lost. ERR_INPUT: no
 * owner, or a statement or signature that does not fit. ERR_KEY: the passphrase does not open the vault that is there.
 */
MUST_USE enum err_code journal_rekey_begin(struct journal *j, const struct secret *passphrase, uint32_t owner,
                                           const char *reason, int64_t at_ns, uint8_t **statement,
                                           size_t *size, struct err *err);
MUST_USE enum err_code journal_rekey_finish(struct journal *j, const struct secret *passphrase,
                                            const uint8_t *statement, size_t size,
                                            const uint8_t signature[ENTRY_SIGNATURE_SIZE], struct seal *seal,
                                            struct err *err);

/*
 * The public key of an actor-to-be: made in the vault, or found there when an earlier attempt got that far.
 * The actor exists once its control.actor entry does.
 */
MUST_USE enum err_code journal_make_key(struct journal *j, const char *name, uint8_t key[32],
                                        struct err *err);

/*
 * Puts signature lines of others (C2SP cosignatures, each ending LF) behind those that the seal of exactly `size` entries
 * has, in one write; a line whose (name, id) is there already is left out, and nothing else of the note changes. *seal,
 * which may be NULL, is the seal as it then stands. No passphrase is needed. The lines are the caller's to verify.
 * ERR_NOT_FOUND: no such seal. ERR_FORMAT: no signature lines. ERR_RANGE: more than a note can hold.
 */
MUST_USE enum err_code journal_add_cosignatures(struct journal *j, uint64_t size, const char *lines,
                                                size_t lines_size, struct seal *seal, struct err *err);

/*
 * Puts an authority's timestamp (RFC 3161, a DER token) beside the seal of exactly `size` entries; *number, which may be
 * NULL, is its place among that seal's, from 0. One that is there already is not put again. Needs no keys: nothing of
 * the journal changes. What the token says is the caller's to check. ERR_NOT_FOUND: there is no such seal.
 */
#define JOURNAL_TIMESTAMP_MAX 65535
MUST_USE enum err_code journal_add_timestamp(struct journal *j, uint64_t size, const void *token,
                                             size_t token_size, uint32_t *number, struct err *err);

/* -- reading -------------------------------------------------------------------------------------------- */

/*
 * One stored entry, borrowed from the map until its reader ends. With options.checks_entries an entry that is not what
 * its check was made of is ERR_FORMAT wherever one is read; that somebody changed both, only the tree tells (audit/verify.h).
 */
struct journal_record {
    uint64_t seq;
    const uint8_t *bytes;
    size_t size;
};

MUST_USE enum err_code journal_reader_begin(struct journal *j, struct journal_reader **r, struct err *err);
void journal_reader_end(struct journal_reader *r);
uint64_t journal_reader_size(const struct journal_reader *r); /* entries: 1 .. size */
/* The next journal_reader_next() gives `seq` (1 or more). */
MUST_USE enum err_code journal_reader_seek(struct journal_reader *r, uint64_t seq, struct err *err);
/* False at the end (record untouched). ERR_FORMAT: a damaged block. */
MUST_USE enum err_code journal_reader_next(struct journal_reader *r, struct journal_record *record,
                                           bool *found, struct err *err);
/* ERR_NOT_FOUND: no such seq, and how many there are. */
MUST_USE enum err_code journal_reader_get(struct journal_reader *r, uint64_t seq,
                                          struct journal_record *record, struct err *err);
/* The oldest seal whose size is at least `size` (1: the first there is; the journal's size: the newest). */
MUST_USE enum err_code journal_reader_seal(struct journal_reader *r, uint64_t size, struct seal *seal,
                                           struct err *err);
/* A timestamp beside a seal; the token is borrowed from the map until the reader ends. */
struct journal_timestamp {
    uint64_t size;   /* of the seal */
    uint32_t number; /* 0, 1 ... of that seal's */
    const uint8_t *token;
    size_t token_size;
};
/* The first timestamp at or behind (size, number), in this order; *found false when there is none. */
MUST_USE enum err_code journal_reader_timestamp(struct journal_reader *r, uint64_t size, uint32_t number,
                                                struct journal_timestamp *timestamp, bool *found,
                                                struct err *err);
/* Walks control entries only, through their index: the first with seq >= from; *found false when none. */
MUST_USE enum err_code journal_reader_control(struct journal_reader *r, uint64_t from,
                                              struct journal_record *record, bool *found, struct err *err);
/* Root at any size 0 .. size, and proofs, from the stored tiles. `path` has room for 64; *count is set. */
MUST_USE enum err_code journal_reader_root(struct journal_reader *r, uint64_t size, struct hash *root,
                                           struct err *err);
MUST_USE enum err_code journal_reader_inclusion(struct journal_reader *r, uint64_t seq, uint64_t size,
                                                struct hash *path, unsigned *count, struct err *err);
/* Path from the tree of `from` entries to that of `to`: empty when they are equal or `from` is 0. */
MUST_USE enum err_code journal_reader_consistency(struct journal_reader *r, uint64_t from, uint64_t to,
                                                  struct hash *path, unsigned *count, struct err *err);
/* A tile of the tree: as it is stored, unchecked, or, of level 0, hashed from the entries. `hashes` has room for
 * 256 * 32 bytes. ERR_NOT_FOUND: the tree has none there. */
MUST_USE enum err_code journal_reader_tile(struct journal_reader *r, unsigned level, uint64_t index,
                                           uint8_t *hashes, unsigned *count, struct err *err);

#endif
