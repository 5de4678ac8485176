/* What the files of a fetch share; nobody else includes this. */
#ifndef GATEWAY_FETCH_STATE_H
#define GATEWAY_FETCH_STATE_H

#include "gateway/fetch.h"
#include "gateway/fetch_ahead.h"
#include "gateway/fetch_evidence.h"
#include "gateway/fetch_tree.h"
#include "ledger/checkpoint.h"

struct fetch {
    const struct fetch_options *options;
    struct fetch_report *report;
    struct publication *publication;
    struct journal_copy *copy;
    struct fetch_keys *keys;
    struct fetch_tree *tree;   /* of the goal */
    struct fetch_ahead *ahead; /* its bundles; NULL: they are had when they are needed */
    char *checkpoint;          /* the note */
    size_t checkpoint_size;
    struct checkpoint newest; /* what it says; believed when a key has signed it */
    uint64_t *listed;         /* sizes of seals, ascending, up to the checkpoint's */
    size_t listed_count;
    size_t listed_next; /* the first above what the copy has */
};

/* What the copy is brought to. */
struct fetch_goal {
    uint64_t size;
    struct hash root;
    struct note_key key; /* that signs it */
    bool is_recovery;    /* its last entry puts this key in the place of a lost one */
};

/*
 * What somebody serves and is not what it should be is wrong, whatever it is that is wrong with it:
 * ERR_WRONG.
 */
enum err_code fetch_wrong_file(const struct fetch *f, const struct published_name *name,
                               const struct err *why, struct err *err);
/* The checkpoint, of the goal's size, is signed by the goal's key, over its root; else ERR_WRONG. */
MUST_USE enum err_code fetch_check_signer(const struct fetch *f, const struct fetch_goal *goal,
                                          struct err *err);
/* The checkpoint is not signed by the newest key, and nothing leads to another one. */
enum err_code fetch_wrong_signer(const struct fetch *f, struct err *err);

/* A note's checkpoint, whoever has signed it: of this journal, and of a tree that is not empty. */
MUST_USE enum err_code fetch_read_note(const struct fetch *f, const struct published_name *name,
                                       const char *bytes, size_t size, struct checkpoint *c, struct err *err);

/* Bundle `index` of a tree of `size` entries: the first *width of `entries`, which borrow from *bytes. */
MUST_USE enum err_code fetch_get_bundle(struct fetch *f, uint64_t index, uint64_t size, uint8_t **bytes,
                                        struct published_entry entries[PUBLISHED_WIDTH], unsigned *width,
                                        struct published_name *name, struct err *err);
/*
 * Its leaf hashes, which must be those of f->tree. ERR_WRONG names the entry that is not the one that was
 * sealed.
 */
MUST_USE enum err_code fetch_prove_bundle(struct fetch *f, const struct published_entry *entries,
                                          unsigned width, const struct published_name *name,
                                          struct hash leaves[MERKLE_TILE_WIDTH], struct err *err);

/* What the copy is to be brought to next. ERR_WRONG: nothing that is served leads to the checkpoint. */
MUST_USE enum err_code fetch_choose_goal(struct fetch *f, struct fetch_goal *goal, struct err *err);

#endif
