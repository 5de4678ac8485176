/* What a survey of a damaged journal knows (salvage.c), for who writes it (salvage_write.c). */
#ifndef AUDIT_SALVAGE_STATE_H
#define AUDIT_SALVAGE_STATE_H

#include "audit/peaks.h"
#include "audit/salvage.h"
#include "ledger/actors.h"
#include "ledger/block.h"
#include "ledger/epochs.h"
#include "ledger/wire.h"

#define TIMESTAMP_KEY 12                     /* bytes */
#define BLOCK_HEAD    (2 + BLOCK_CHECK_SIZE) /* bytes beside each entry of a block */

/* Grows; what it holds is told by its name. */
struct list {
    uint8_t *bytes;
    size_t count; /* elements */
    size_t room;
};

struct salvage {
    struct evidence *evidence;
    struct survey found;
    struct note_key key; /* of epoch 0 */
    bool has_key;
    struct note_key seal_key; /* that seals were asked for last; all zero: none */
    struct epochs epochs;
    struct actors actors; /* for the owner who puts a key in the place of a lost one */
    struct entry entry;   /* the newest control entry */
    uint8_t *statement;   /* room for one */
    struct peaks peaks;
    struct list seals;                /* u64: sizes of good ones */
    struct list sealed_at;            /* i64: when the last entry under each was recorded */
    struct list controls;             /* u64: seqs of control entries */
    struct list hashes[PEAKS_LEVELS]; /* of each level above 0 */
    uint64_t bad_checks;              /* so far */
    uint64_t bad_seals;
    int64_t recorded_at_ns; /* of the newest entry read */
    struct evidence_cursor *seal_cursor;
    struct evidence_item seal; /* the first whose size was not reached yet */
    bool has_seal;
    const uint8_t *held; /* what was read of the file and not let go yet */
    const uint8_t *held_end;
    salvage_progress progress;
    void *progress_arg;
    uint64_t total;
};

/* The index-th of a list of 64-bit numbers. */
static inline uint64_t salvage_number(const struct list *l, size_t index)
{
    uint64_t v;

    memcpy(&v, l->bytes + index * sizeof v, sizeof v);
    return v;
}

/* Of a row of seals. */
static inline uint64_t salvage_seal_size(const struct evidence_item *seal)
{
    return seal->key_size == 8 ? wire_load_u64(seal->key) : 0;
}

/* Blocks lie in the file much as they were written: what is behind is let go, some MiB at a time. */
void salvage_let_go(struct salvage *s, const struct evidence_item *item);

#endif
