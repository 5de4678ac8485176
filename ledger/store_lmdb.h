/*
 * The store: the one place that talks to LMDB. Rows go in and come out by their keys; what they mean is the
 * journal's business (ledger/journal.h). The layout of the file is at the head of store_lmdb.c.
 *
 * A process has at most one LMDB environment a file (LMDB's locks demand it), so opening a file twice shares
 * it. Pointers that a transaction hands out live until it ends or, in a writing one, until its next put.
 */
#ifndef LEDGER_STORE_LMDB_H
#define LEDGER_STORE_LMDB_H

#include "ledger/block.h"
#include "ledger/err.h"

#include <stdint.h>

#define STORE_LAYOUT         2u
#define STORE_SIGNATURE_SIZE 64
#define STORE_MAP_DEFAULT    (UINT64_C(16) << 30) /* address space, not disk space */

struct store;
struct store_txn;

enum store_mode { STORE_READ = 1, STORE_WRITE, STORE_CREATE };

/*
 * `name` is what errors call it: the journal's directory. map_size 0: the default. STORE_CREATE makes the
 * file (mode 0600) with its sub-databases. ERR_FORMAT: no file of ours, another layout, or cut short. ERR_IO:
 * no permission, disk full, and what to do. ERR_EXISTS: this process has it open, but only for reading.
 */
MUST_USE enum err_code store_open(const char *name, const char *path, enum store_mode mode, uint64_t map_size,
                                  struct store **s, struct err *err);
void store_close(struct store *s); /* NULL is fine. No transaction of it may be open (REQUIRE) */

/* The file's number in its file system: of a copy it is another one. */
uint64_t store_file_number(const struct store *s);

/* A snapshot; never waits. May end in another thread. */
MUST_USE enum err_code store_read_begin(struct store *s, struct store_txn **t, struct err *err);
/* Waits for the writer lock and holds it to the end, also over store_txn_regrow(). ERR_EXISTS: this thread
 * holds it already. */
MUST_USE enum err_code store_write_begin(struct store *s, struct store_txn **t, struct err *err);
/*
 * A fresh look at what *t has put, with cursors of its own, which find the rows through LMDB's trees. *t rests until
 * store_txn_end() of the look. It is no transaction within *t: for one, LMDB would take three megabytes each time.
 */
MUST_USE enum err_code store_look_begin(struct store_txn *t, struct store_txn **look, struct err *err);
/*
 * A snapshot to be taken later, when nothing may be missing any more: it has its memory and its place among the
 * readers, and sees nothing. store_read_renew() takes one, the newest; store_read_rest() lets it go.
 */
MUST_USE enum err_code store_read_prepare(struct store *s, struct store_txn **t, struct err *err);
MUST_USE enum err_code store_read_renew(struct store_txn *t, struct err *err);
void store_read_rest(struct store_txn *t);
/* Durable after ERR_OK; after an error nothing was written. store_txn_end() must follow in either case. */
MUST_USE enum err_code store_txn_commit(struct store_txn *t, struct err *err);
/* Drops what was put and not committed, and starts anew under the same lock. */
MUST_USE enum err_code store_txn_again(struct store_txn *t, struct err *err);
/* Drops what was put and not committed. NULL is fine. */
void store_txn_end(struct store_txn *t);

/*
 * True when the last error came from a map that is too small, or from a signal that interrupted LMDB: regrow,
 * and put everything again.
 */
bool store_txn_is_full(const struct store_txn *t);
/*
 * Drops what was put, makes the map larger (at least doubled, and room for `need` more bytes), and starts
 * anew under the same lock. ERR_IO: the map cannot grow, or a reader of this process stands on the old one.
 */
MUST_USE enum err_code store_txn_regrow(struct store_txn *t, uint64_t need, struct err *err);

/* Seq of the newest entry; 0: none. */
MUST_USE enum err_code store_last_seq(struct store_txn *t, uint64_t *seq, struct err *err);
/* Room for the value of the block that ends with entry `last`, to be filled before the next call. */
MUST_USE enum err_code store_put_block(struct store_txn *t, uint64_t last, size_t size, uint8_t **room,
                                       struct err *err);
/* The block that holds seq, which must not be past the newest. ERR_FORMAT: it is missing or damaged. */
MUST_USE enum err_code store_get_block(struct store_txn *t, uint64_t seq, struct block *b, struct err *err);

MUST_USE enum err_code store_put_tile(struct store_txn *t, unsigned level, uint64_t index,
                                      const uint8_t *hashes, unsigned count, struct err *err);
/* `hashes` has room for MERKLE_TILE_SIZE bytes. ERR_NOT_FOUND: no such tile. ERR_FORMAT: damaged. */
MUST_USE enum err_code store_get_tile(struct store_txn *t, unsigned level, uint64_t index, uint8_t *hashes,
                                      unsigned *count, struct err *err);

MUST_USE enum err_code store_put_seal(struct store_txn *t, uint64_t size, const char *note, size_t note_size,
                                      struct err *err);
/* The same in any order, and in the place of one that is there. */
MUST_USE enum err_code store_replace_seal(struct store_txn *t, uint64_t size, const char *note,
                                          size_t note_size, struct err *err);
/* The seal of the smallest size that is at least `size`; *found false when there is none. */
MUST_USE enum err_code store_find_seal(struct store_txn *t, uint64_t size, uint64_t *found_size,
                                       const char **note, size_t *note_size, bool *found, struct err *err);
/* That of exactly `size`; *found false when there is none. */
MUST_USE enum err_code store_get_seal(struct store_txn *t, uint64_t size, const char **note,
                                      size_t *note_size, bool *found, struct err *err);
/* Size of the newest seal; 0: none. */
MUST_USE enum err_code store_last_seal(struct store_txn *t, uint64_t *size, struct err *err);

MUST_USE enum err_code store_put_control(struct store_txn *t, uint64_t seq, struct err *err);
/* The first control entry from `from` on. */
MUST_USE enum err_code store_find_control(struct store_txn *t, uint64_t from, uint64_t *seq, bool *found,
                                          struct err *err);

MUST_USE enum err_code store_has_control(struct store_txn *t, uint64_t seq, bool *found, struct err *err);

/* ERR_FORMAT: it is there already, which store_find_signature() should have shown. */
MUST_USE enum err_code store_put_signature(struct store_txn *t, const uint8_t signature[STORE_SIGNATURE_SIZE],
                                           uint64_t seq, struct err *err);
/* The entry that carries this signature; *found false when none does. */
MUST_USE enum err_code store_find_signature(struct store_txn *t,
                                            const uint8_t signature[STORE_SIGNATURE_SIZE], uint64_t *seq,
                                            bool *found, struct err *err);

/* Rows of `meta`, by their names. What is found is borrowed. */
MUST_USE enum err_code store_put_meta(struct store_txn *t, const char *name, const void *bytes, size_t size,
                                      struct err *err);
MUST_USE enum err_code store_find_meta(struct store_txn *t, const char *name, const uint8_t **bytes,
                                       size_t *size, bool *found, struct err *err);
/* No such row: nothing to do. */
MUST_USE enum err_code store_drop_meta(struct store_txn *t, const char *name, struct err *err);

#endif
