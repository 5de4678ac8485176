/*
 * The raw things that the journal is measured against: the same entries, in groups that are durable before the
 * next one begins, without codec, tree, seal or check. Each call makes its own file in `dir`, named `name`, and
 * removes it. What fails ends the program with a message.
 */
#ifndef BENCH_RAW_H
#define BENCH_RAW_H

#include <lmdb.h>
#include <stddef.h>
#include <stdint.h>

struct raw_load {
    const char *dir;
    const uint8_t *bytes; /* count entries of `size` bytes, one after the other */
    size_t size;
    uint64_t count;
    uint64_t group; /* entries that are made durable together */
};

/* Each returns nanoseconds of appending, opening and closing not counted. */
int64_t raw_file(const struct raw_load *load);   /* write() and fdatasync() */
int64_t raw_lmdb(const struct raw_load *load);   /* one entry a key, MDB_APPEND, synced commits */
int64_t raw_sqlite(const struct raw_load *load); /* one row an entry, WAL, synchronous=FULL */

/* The same LMDB file, written but not measured, for `measure`, whose nanoseconds are returned; NULL measures the
 * writing. */
int64_t raw_lmdb_with(const struct raw_load *load,
                      int64_t (*measure)(MDB_env *env, MDB_dbi dbi, const struct raw_load *load));
void raw_lmdb_ok(int rc, const char *what); /* ends the program */
void raw_lmdb_key(uint8_t key[8], uint64_t number);

/* Nanoseconds of hashing all of them. */
int64_t raw_sha256_stream(const struct raw_load *load); /* as one stream */
int64_t
raw_sha256_stream_2(const struct raw_load *load); /* as two, on two threads: each a half of the bytes */
int64_t raw_sha256_entries(const struct raw_load *load); /* each by itself, as a leaf of the tree */
int64_t raw_sha256_tree(const struct raw_load *load);    /* leaves, and inner nodes: one more an entry */

/* Says what failed, and exits with 3. */
void raw_die(const char *what, const char *why) __attribute__((noreturn));

#endif
