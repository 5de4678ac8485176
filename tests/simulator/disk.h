/*
 * The disk between the program and its files: every write of this process goes through here, and can be made to find a
 * full disk, or to come too late because the process is dead. Reading always works.
 */
#ifndef TESTS_SIMULATOR_DISK_H
#define TESTS_SIMULATOR_DISK_H

#include <stdbool.h>
#include <stdint.h>

/* All is well again; of a dead process: it is started anew, on a disk as full as before. */
void disk_repair(void);
void disk_revive(void);
/* From here on nothing is written any more: what is done is as if the process had died. */
void disk_die(void);
bool disk_is_dead(void);
/* The same in front of the n-th write from here (1: the next). */
void disk_die_at(int64_t n);
/* The n-th write from here and `count` - 1 after it find no space. */
void disk_fill(int64_t n, int64_t count);
/* Whether a write has found no space since the last call. */
bool disk_was_full(void);
/* Writes so far. */
uint64_t disk_writes(void);

#endif
