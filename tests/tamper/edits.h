/* Changing what a stored entry says, and making anew what depends on it. */
#ifndef TESTS_TAMPER_EDITS_H
#define TESTS_TAMPER_EDITS_H

#include "tamper/mutation.h"

/* The kind of entry `seq`, its family, its flags. */
unsigned edit_kind(const struct mutation *m, uint64_t seq);
unsigned edit_family(const struct mutation *m, uint64_t seq);
bool edit_is_signed(const struct mutation *m, uint64_t seq);
uint8_t *edit_bytes(struct mutation *m, uint64_t seq);

/* An entry that is not signed, and not genesis, an actor's or a key's. */
uint64_t edit_pick_unsigned(struct mutation *m);
/* One that an actor has signed; 0: none was drawn. */
uint64_t edit_pick_signed(struct mutation *m);

/* Other words, no rule broken (of an entry that is not signed): another time, or another cause. */
void edit_words(struct mutation *m, uint64_t seq);
/* Another earlier cause. False: there is only one. */
bool edit_cause(struct mutation *m, uint64_t seq);
/* Bytes in place of the entry's, `size` of them. */
void edit_set(struct mutation *m, uint64_t seq, const uint8_t *bytes, size_t size);

/* Blocks again; checks of edited entries stay as they were. */
void edit_store(struct mutation *m);
/* Blocks with right checks. */
void edit_checks(struct mutation *m);
/* Checks, control index and tiles. */
void edit_tree(struct mutation *m);
/* Timestamps of seals over entry `seq` taken out: nobody can make them again. */
void edit_unstamp(struct mutation *m, uint64_t seq);
/* All of that, and every seal over entry `seq` signed again with the journal's key. */
void edit_all(struct mutation *m, uint64_t seq);

/* Cuts cleanly: what a journal of `size` entries has is left, where a block and a seal end. */
void edit_cut(struct mutation *m, uint64_t size);

#endif
