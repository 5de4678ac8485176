/*
 * What the files of the journal share; nobody else includes this.
 */
#ifndef LEDGER_JOURNAL_STATE_H
#define LEDGER_JOURNAL_STATE_H

#include "ledger/block.h"
#include "ledger/dual.h"
#include "ledger/epochs.h"
#include "ledger/journal_guard.h"
#include "ledger/merkle_edge.h"
#include "ledger/snapshot_rows.h"
#include "ledger/store_lmdb.h"
#include "ledger/table.h"
#include "ledger/tiler.h"
#include "ledger/vault.h"

#define JOURNAL_FILE_NAME     "journal.mdb"
#define JOURNAL_KEY_NAME      "journal" /* in the vault: the key of epoch 0; of a later one, "journal#7" */
#define JOURNAL_KEY_NAME_SIZE 32
#define JOURNAL_SPANS         (64u * TILER_WIDTH)            /* entries that are read back at once */
#define JOURNAL_GUARD_ROW     "guard"                        /* in meta */
#define GUARD_ROW_MAX         (GUARD_MAX * (size_t)PATH_MAX) /* each path, and a line feed */

/* A signature that the group has taken; the key comes first. */
struct signature_row {
    uint8_t signature[ENTRY_SIGNATURE_SIZE];
    uint64_t seq;
};

/* The guards that a group's commit sets. */
struct journal_guard_set {
    bool is_set; /* also to none */
    unsigned count;
    char *paths[GUARD_MAX];
    bool is_new[GUARD_MAX];
    bool is_made[GUARD_MAX]; /* the file, for a commit that has not begun */
};

/*
 * A group's entries until commit, one after the other in one growing buffer. The memory is kept for the next
 * group, so that small groups allocate nothing.
 */
struct journal_group {
    struct journal *journal;
    struct store_txn *txn;
    struct journal_reader *readers; /* those made by journal_group_reader(), newest first */
    uint64_t before;                /* newest entry when the group began; entry i has seq before + 1 + i */
    int64_t recorded_at_ns;
    uint8_t *bytes;
    size_t size;
    size_t capacity;
    uint32_t *ends; /* of each entry in `bytes` */
    uint32_t count;
    uint32_t ends_capacity;
    struct table signatures; /* struct signature_row */
    uint64_t *controls;      /* seqs of the group's control entries */
    size_t control_count;
    const struct snapshot_source *snapshot; /* to be stored with the group; NULL: none */
    size_t control_capacity;
    size_t epochs_before;
    bool may_change_key; /* it is the group of a rotation or a recovery, whose one entry is a control.key */
    struct journal_guard_set guards;
    const struct journal_guards
        *recovery; /* what was seen when it began; NULL: the journal takes entries anyway */
};

/* The guards, as the journal's file names them. */
struct journal_watch {
    unsigned count;
    struct guard *guards[GUARD_MAX];
    bool is_read[GUARD_MAX];            /* while locked: what is not is set anew */
    struct guard_tree known[GUARD_MAX]; /* while locked: the largest that it knew of */
    bool is_locked;                     /* and written: of a group that is being committed */
    char row[GUARD_ROW_MAX];
    size_t row_size;
    char by[PATH_MAX]; /* the journal's directory, absolute where that can be known */
};

/* Actors and proposals as they were before the entries that are being taken. */
struct journal_persons_kept {
    bool is_kept; /* false: nothing has changed */
    struct actors actors;
    size_t proposals;
    uint64_t approval_seq;
    struct hash approved;
};

struct journal {
    struct store *store;
    struct vault *vault; /* NULL until unlocked */
    char *dir;
    bool read_only;
    bool group_is_open;
    bool edge_is_good; /* `edge` and `read_edge` are those of the stored tree at `size` */
    bool skip_read_back;
    bool checks_entries;
    bool is_hypothetical; /* whoever opened it may write into such a one */
    int64_t (*now_ns)(void *arg);
    void *now_arg;
    char origin[JOURNAL_ORIGIN_MAX + 1];
    char vkey[NOTE_VKEY_TEXT_SIZE]; /* of epoch 0 */
    struct epochs epochs;
    size_t held_epochs;   /* the vault was seen to hold the key of epoch held_epochs - 1, */
    struct note_key key;  /* which is this */
    uint64_t size;        /* the newest entry that this handle has seen */
    struct hash root;     /* of the tree of that size, where edge_is_good */
    int64_t newest_at_ns; /* its recorded_at */
    uint8_t *statement;   /* room for any signed statement */
    struct journal_group group;
    struct tiler *tiler; /* of `group` */
    struct actors actors;
    struct dual dual;
    struct journal_persons_kept kept;
    struct merkle_writer edge;
    struct merkle_frontier read_edge; /* the same tree's, from what was read back */
    struct hash_span *spans;          /* JOURNAL_SPANS, of what is read back */
    struct store_txn *file;           /* a reader for after the commit, at rest; NULL before the first one */
    char halt[JOURNAL_HALT_MAX + 1];  /* why, if that could not be stored; else empty */
    struct journal_watch watch;
};

/* What the tiler has made of a group. */
struct journal_hashes {
    const struct hash *leaves;
    const struct hash *roots; /* of whole tiles, the first of which begins with entry `head` */
    uint32_t head;
    uint32_t root_count;
};

struct journal_reader {
    struct journal *journal;
    struct store_txn *txn;       /* the group's own, when there is a group */
    struct journal_group *group; /* or NULL */
    struct journal_reader *next; /* of the group's readers */
    struct block block;
    uint64_t bad_seq; /* the first of `block` that is not what its check says; 0: none, or nobody asks */
    struct merkle_cache *cache; /* for proofs; NULL before the first */
    uint64_t size;              /* stored entries that it sees; a group's own come on top */
    uint64_t next_seq;
};

/* A handle without a store or keys yet. ERR_MEMORY. */
MUST_USE enum err_code journal_new(const struct journal_options *options, struct journal **j,
                                   struct err *err);
/* DIR/NAME, to be freed; NULL when there is no memory. */
char *journal_path(const char *dir, const char *name);
/* Brings size, newest time, actors and key epochs up to what the transaction sees. On error they are as before. */
MUST_USE enum err_code journal_refresh(struct journal *j, struct store_txn *t, struct err *err);
/* One stored entry, 1 .. the newest, through *b, which is reused when it holds it. */
MUST_USE enum err_code journal_stored(struct store_txn *t, struct block *b, uint64_t seq,
                                      struct journal_record *record, struct err *err);
/* Takes the origin and the key from genesis. ERR_INPUT: they cannot name and seal a journal. */
MUST_USE enum err_code journal_adopt_genesis(struct journal *j, const struct entry_control_genesis *genesis,
                                             struct err *err);
/* Tiles of the stored tree, a merkle_read_fn; `ctx` is a struct store_txn. */
enum err_code journal_read_tile(void *ctx, unsigned level, uint64_t index, uint8_t *hashes, unsigned *count,
                                struct err *err);
/* What the vault calls the key of an epoch. */
void journal_key_name(char name[JOURNAL_KEY_NAME_SIZE], size_t epoch);
/*
 * Sees to it that the open vault holds the key of the newest epoch that this handle knows, and reads the vault again
 * if need be. ERR_KEY: it does not hold it; or another process has changed the passphrase.
 */
MUST_USE enum err_code journal_hold_key(struct journal *j, struct err *err);
/* The same of the newest epoch there is, without the writer lock. */
MUST_USE enum err_code journal_hold_newest_key(struct journal *j, struct err *err);
/* The greatest epoch whose key's name is in the open vault; 0 also when there is none. */
size_t journal_newest_held(const struct journal *j);
/* Signs a seal's text with the key in force at its size; *key is that one. */
MUST_USE enum err_code journal_seal_sign(const struct journal *j, uint64_t size, const char *text,
                                         size_t text_size, struct note_key *key,
                                         uint8_t signature[VAULT_SIGNATURE_SIZE], struct err *err);
/* The next epoch's number and key: made in the vault, or found there. */
MUST_USE enum err_code journal_make_next_key(struct journal *j, struct entry_control_key *next,
                                             struct err *err);
/* Adds the control.key as the group's one entry, and commits. */
MUST_USE enum err_code journal_append_key(struct journal_group *g, struct entry *draft, struct seal *seal,
                                          struct err *err);
MUST_USE enum err_code journal_check_reason(const char *reason, struct err *err);
/* journal_group_begin() of a journal whose key is lost: the vault holds none, but for the next one. */
MUST_USE enum err_code journal_group_begin_rekey(struct journal *j, struct journal_group **g,
                                                 struct err *err);
/* Takes keys of epochs before the newest out of the vault. ERR_FORMAT: their hand-over is not sealed. */
MUST_USE enum err_code journal_destroy_superseded(struct journal *j, struct err *err);
/* Reads the seal that store_find_seal() found. ERR_FORMAT: it is damaged. */
MUST_USE enum err_code journal_seal_of(const struct journal *j, uint64_t size, const char *note,
                                       size_t note_size, struct seal *seal, struct err *err);
/*
 * A signature is there where the kind demands one, is its actor's over this entry, and stands in no other: else
 * anybody could put old words in again.
 */
MUST_USE enum err_code journal_check_signature(struct journal_group *g, const struct entry *e,
                                               const uint8_t *bytes, size_t size, struct err *err);
/*
 * A key that an entry gives to an actor can be somebody's (note_key_is_sound()): with one that cannot the last owner would
 * be gone. ERR_INPUT otherwise.
 */
MUST_USE enum err_code journal_check_actor_key(const struct journal *j, const struct entry *e,
                                               struct err *err);
/* After journal_check_signature() has allowed it. */
void journal_remember_signature(struct journal_group *g, const uint8_t signature[ENTRY_SIGNATURE_SIZE],
                                uint64_t seq);
MUST_USE enum err_code journal_write_signatures(struct journal_group *g, struct err *err);
/*
 * The journal's persons (journal_persons.c). keep: from here on changes can be given back, all at once, by return;
 * without one they stay. apply: a stored entry of family control; take: a group's next entry, of any, which must
 * obey dual control. Both keep.
 */
void journal_persons_keep(struct journal *j);
void journal_persons_return(struct journal *j);
MUST_USE enum err_code journal_persons_apply(struct journal *j, const struct entry *e, const uint8_t *bytes,
                                             size_t size, struct err *err);
MUST_USE enum err_code journal_persons_take(struct journal_group *g, const struct entry *e,
                                            const uint8_t *bytes, size_t size, struct err *err);
/* Whether the group may end here: no approval is left alone. ERR_INPUT. */
MUST_USE enum err_code journal_persons_end(const struct journal_group *g, struct err *err);
/* The bytes that snapshot_rows_put() announced, if it did. */
MUST_USE enum err_code journal_write_snapshot(struct journal_group *g, struct err *err);
void journal_group_release(struct journal_group *g); /* the kept memory */

/*
 * Reads the group again before it is signed, and moves j->read_edge on to what was found. ERR_HALTED: it is not what was
 * to be signed; the group is gone, and the journal halted.
 */
MUST_USE enum err_code journal_read_back(struct journal_group *g, const struct journal_hashes *h,
                                         struct err *err);
/* Gets what the next call needs, so that it does not fail for want of it. */
MUST_USE enum err_code journal_read_back_prepare(struct journal *j, struct err *err);
/* Reads the committed group again from the file. ERR_HALTED: it is there, but not what was signed. */
MUST_USE enum err_code journal_read_back_file(struct journal_group *g, const struct journal_hashes *h,
                                              const struct seal *seal, struct err *err);

/* Drops the group if it isn't committed, and halts the journal: "entries .., WHEN: WHAT; WHERE". Returns ERR_HALTED. */
enum err_code journal_halt(struct journal_group *g, const char *when, const char *where,
                           const struct err *what, struct err *err);
/* ERR_HALTED: the journal was halted, and why. */
MUST_USE enum err_code journal_check_halted(struct journal *j, struct store_txn *t, struct err *err);
/* *halted, and then why: empty when the words are damaged. */
MUST_USE enum err_code journal_halted(struct store_txn *t, char text[JOURNAL_HALT_MAX + 1], bool *halted,
                                      struct err *err);

/* Locks the guard, and reads it; false: it cannot be, and row->why says why. */
bool journal_guard_read(struct guard *g, bool is_shared, struct journal_guard *row);
/* Of one that was read. */
void journal_guard_judge(const struct journal *j, const struct guard_tree *tree, struct journal_guard *row);
enum err_code journal_guard_refuse(const struct journal *j, const struct journal_guard *row, struct err *err);
void journal_guards_unlock(struct journal_watch *w);
/* ERR_HALTED: a guard does not agree with the newest entry, or cannot be read. */
MUST_USE enum err_code journal_guard_check(struct journal *j, struct store_txn *t, struct err *err);
/* What the guards say under the writer lock. */
MUST_USE enum err_code journal_guards_fill(struct journal *j, struct store_txn *t,
                                           struct journal_guards *found, struct err *err);
/* Locks the guards, and writes that the tree `next` is about to be signed; makes those that the group sets. */
MUST_USE enum err_code journal_guard_intend(struct journal_group *g, const struct guard_tree *next,
                                            struct err *err);
/* From here on what was made stays, whatever becomes of the commit. */
void journal_guard_keep(struct journal_group *g);
/* The row that names them, if the group sets it. */
MUST_USE enum err_code journal_guard_write_row(struct journal_group *g, struct err *err);
/* The group is committed. */
void journal_guard_confirm(struct journal_group *g, const struct guard_tree *now);
/* Of a group that was committed, or not: lets the locks go. */
void journal_guard_end(struct journal_group *g);
void journal_guard_release(struct journal *j);
/* A recovery sets the guards there are, unless it was told others. */
MUST_USE enum err_code journal_guards_keep(struct journal_group *g, struct err *err);
/* ERR_HALTED: as journal_guard_check(), at any time. */
MUST_USE enum err_code journal_guards_demand(struct journal *j, struct err *err);
/* Begins; with `found`, also where the journal takes no entries. */
MUST_USE enum err_code journal_begin(struct journal *j, struct journal_guards *found,
                                     struct journal_group **g, struct err *err);
/* The journal is no longer halted. */
MUST_USE enum err_code journal_unhalt(struct journal_group *g, struct err *err);
/* ERR_INPUT: the group does not end as a recovery must. */
MUST_USE enum err_code journal_recovery_check(struct journal_group *g, struct err *err);

#endif
