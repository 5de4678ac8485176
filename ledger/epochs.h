/*
 * Key epochs: which key of the journal signs the seal of which size. A reducer over control.genesis and control.key;
 * docs/FORMAT.md, section 5, has the rules. Pure: what makes a key sound is asked where it is used.
 */
#ifndef LEDGER_EPOCHS_H
#define LEDGER_EPOCHS_H

#include "ledger/entry.h"

#define EPOCHS_KEY_SIZE 32

struct epoch {
    uint64_t entry;  /* that names the key: genesis or a control.key */
    uint64_t begins; /* the first size whose seal it signs */
    int64_t recorded_at_ns;
    uint32_t owner; /* the actor who put it in the place of a lost one; 0: the key before handed over to it */
    uint8_t key[EPOCHS_KEY_SIZE];
};

struct epochs {
    struct epoch *rows; /* 0, 1, 2 ...: no gaps */
    size_t count;
    size_t capacity;
};

void epochs_init(struct epochs *e);
void epochs_release(struct epochs *e);
/*
 * Entry `seq`, as it is placed or is about to be. ERR_CHAIN: it is not the next epoch, or names a key that an earlier
 * one had. ERR_MEMORY. Other kinds leave *e as it is.
 */
MUST_USE enum err_code epochs_apply(struct epochs *e, const struct entry *entry, uint64_t seq,
                                    int64_t recorded_at_ns, struct err *err);
/* Forgets the newest ones. */
void epochs_cut(struct epochs *e, size_t count);
/* The number of the epoch in force at a size; there is one at least (REQUIRE). */
size_t epochs_at(const struct epochs *e, uint64_t size);
const struct epoch *epochs_newest(const struct epochs *e);

#endif
