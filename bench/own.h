/*
 * The journal itself: each call makes one in `dir`, works on it, and removes it. What fails ends the program
 * with a message.
 */
#ifndef BENCH_OWN_H
#define BENCH_OWN_H

#include "ledger/journal.h"
#include "raw.h"

/* Everything that an append is: checks, encoding, tree, control index, signed seal, synced commit. */
int64_t own_append(const struct raw_load *load);
/* The same, but nothing is read back before it is signed: what reading back costs. */
int64_t own_append_blind(const struct raw_load *load);
/* With a fork guard on the same disk. */
int64_t own_append_guarded(const struct raw_load *load);
/*
 * What `ledger append` does with a file of JSON Lines, here in memory: each line parsed into a draft and
 * encoded; each group decoded, appended, sealed, synced, and folded into a book, which refuses what it cannot
 * hold. load: LOAD_FILLS.
 */
int64_t own_append_json(const struct raw_load *load);
/* Writes a journal, which is not measured; verifies it on the calling thread, which is. load: LOAD_ENTRIES. */
int64_t own_verify(const struct raw_load *load);
int64_t own_verify_2(const struct raw_load *load);

/* -- for other rows -------------------------------------------------------------------------------------- */

/* Where this load's journal is; malloc'd. */
char *own_journal_path(const struct raw_load *load);
/* A new one, unlocked; actor 1 is broker:bench. */
struct journal *own_journal_make(const char *dir);
struct journal *own_journal_open(const char *dir, bool skip_read_back);
/* Bytes that the disk gives to the load's entries, appended in groups of load->group: tree, seals, all. */
uint64_t own_disk_size(const struct raw_load *load);
/* Appends the load; nanoseconds. */
int64_t own_append_to(struct journal *j, const struct raw_load *load, uint64_t group);
/* Removes the journal, and frees `dir`. */
void own_journal_remove(char *dir);

#endif
