/* A stored block of entries taken apart: each entry's bytes and its check; and put together again. */
#ifndef TESTS_TAMPER_PIECES_H
#define TESTS_TAMPER_PIECES_H

#include "audit/forge.h"

#define PIECES_MAX 100

struct piece {
    uint8_t bytes[1024];
    size_t size;
    uint8_t check[4];
};

struct pieces {
    uint64_t first; /* the seq of the block's first entry, as it was */
    size_t count;
    struct piece all[PIECES_MAX];
};

/* The row of the block that holds entry `seq`. */
struct forge_row *pieces_block(struct forge *f, uint64_t seq);
/* Takes the block of entry `seq` apart; returns its row. */
struct forge_row *pieces_take(struct forge *f, uint64_t seq, struct pieces *p);
/* Puts pieces into a row; its key stays. A block of none is dropped. */
void pieces_put(struct forge *f, struct forge_row *row, const struct pieces *p);
/* Entry `seq` among them. */
struct piece *pieces_of(struct pieces *p, uint64_t seq);
/* Makes room at, or closes, one place. */
void pieces_insert(struct pieces *p, size_t at, const struct piece *piece);
void pieces_remove(struct pieces *p, size_t at);
/* Its check again, from its bytes. */
void piece_check(struct piece *p);
/* Its place in the journal. */
void piece_place(struct piece *p, uint64_t seq, int64_t recorded_at_ns);
int64_t piece_recorded_at_ns(const struct piece *p);

#endif
