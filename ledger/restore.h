/*
 * Reading a state back from the canonical bytes that its reducer wrote through struct digest_out
 * (ledger/replay.h). The bytes come in pieces of any size, so that a state of many megabytes is never held
 * twice.
 *
 * Sticky, as ledger/wire.h: a read past the end, or of what cannot stand there, sets `bad` and yields zero; so
 * a reducer reads straight on and asks once. Bytes may be damaged or forged: no count is believed before
 * restore_count() has held it against the bytes that are left. Pure.
 */
#ifndef LEDGER_RESTORE_H
#define LEDGER_RESTORE_H

#include "ledger/entry.h"

struct restore_in {
    const uint8_t *at; /* what is left of the piece at hand: borrowed */
    size_t size;
    uint64_t left;  /* bytes of the pieces that follow it */
    uint32_t piece; /* the next one's number, from 0: a copy of this struct reads on by itself */
    bool (*more)(void *context, uint32_t piece, const uint8_t **bytes,
                 size_t *size); /* false: there is none */
    void *context;
    bool bad;
};

/* One piece and nothing else. */
void restore_init(struct restore_in *in, const void *bytes, size_t size);
/* `total` bytes in pieces. */
void restore_init_pieces(struct restore_in *in, uint64_t total,
                         bool (*more)(void *context, uint32_t piece, const uint8_t **bytes, size_t *size),
                         void *context);
/* All bytes that were not read yet. */
uint64_t restore_left(const struct restore_in *in);
/* Nothing was wrong, and nothing is left over. */
bool restore_done(const struct restore_in *in);

/* Each reads what the digest_ call of the same name wrote. */
uint64_t restore_u64(struct restore_in *in);
int64_t restore_i64(struct restore_in *in);
uint64_t restore_within(struct restore_in *in, uint64_t least,
                        uint64_t most);       /* digest_u64; else bad, `least` */
bool restore_flag(struct restore_in *in);     /* digest_u64 of 0 or 1 */
civil_day restore_day(struct restore_in *in); /* digest_i64 of a day that exists, or of CIVIL_DAY_NONE */
/* How many rows follow, each of `row_size` bytes or more, at most `most`; else bad, 0. */
uint32_t restore_count(struct restore_in *in, uint64_t row_size, uint32_t most);
/* digest_bytes of exactly `size` bytes. Zeroes when bad. */
void restore_bytes(struct restore_in *in, void *bytes, size_t size);
/* digest_bytes of at most `capacity` bytes; returns how many. 0 when bad. */
size_t restore_text(struct restore_in *in, void *bytes, size_t capacity);
/* A symbol or an id in form; with `may_be_none` also one of no length. Zeroes when bad. */
void restore_symbol(struct restore_in *in, struct symbol *s, bool may_be_none);
void restore_id(struct restore_in *in, struct id *id, bool may_be_none);
/* Without a length: the next `size` bytes as they are. */
void restore_raw(struct restore_in *in, void *bytes, size_t size);

/* ERR_FORMAT when `in` has gone bad: what reducers end with. */
MUST_USE enum err_code restore_result(const struct restore_in *in, struct err *err);

#endif
