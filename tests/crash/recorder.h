/*
 * What the two files of the recorder share: recorder_log.c holds the lock and writes the records, recorder.c stands in
 * front of libc's calls.
 */
#ifndef TESTS_CRASH_RECORDER_H
#define TESTS_CRASH_RECORDER_H

#include "record.h"

#include <sys/stat.h>
#include <sys/uio.h>

/* A name in a folder below the root. */
struct recorder_place {
    int parent; /* open (O_PATH); -1 when it is not ours */
    uint64_t dir;
    char name[256];
};

/* An open file or folder below the root. */
struct recorder_file {
    struct stat st;
    char name[256]; /* the last part of its path */
};

/* Takes the lock of all recorded processes; false, and no lock, when nothing is recorded. */
bool recorder_begin(void);
void recorder_end(void);

/* Fills in magic, pid and sizes. The data is the first h->data_size bytes of the pieces. The lock is held. */
void recorder_put(struct record_head h, const char *name, const char *name2, const struct iovec *data);
void recorder_bad(const char *what, const char *name);

/* Whether the descriptor is a file or folder of ours, and what it is. */
bool recorder_owns(int fd, struct recorder_file *f);
/* Where (dir, path) is; false when that is not below the root. Call recorder_leave() in either case. */
bool recorder_place(int dir, const char *path, struct recorder_place *p);
void recorder_leave(const struct recorder_place *p);
/* The inode number of the name, 0 when there is nothing. */
uint64_t recorder_node(const struct recorder_place *p);

/* Memory shared through a file of ours: the pages that have changed since the last time become writes. */
void recorder_share(const void *at, size_t size, const struct recorder_file *f);
void recorder_unshare(const void *at);
void recorder_take_shared(void);

/* Whether the descriptor is the file that marks are printed to; what is new in it becomes marks. */
bool recorder_is_said(int fd);
void recorder_take_said(void);

/* For workloads: a mark of their own. They see it as a weak symbol, NULL when nothing is recorded. */
void crash_mark(const char *text);

#endif
