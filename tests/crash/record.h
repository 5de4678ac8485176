/*
 * The log of a recorded run: what recorder.c writes and log.c reads. Records follow one another in the order in
 * which the calls took effect, whichever process made them; each is a head, two names, and the data. The log never
 * leaves the machine that made it, so a head is its struct.
 */
#ifndef TESTS_CRASH_RECORD_H
#define TESTS_CRASH_RECORD_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* Environment of a recorded program: where the log goes, the folder that is recorded, and the file that its standard
 * output goes to (may be unset). What is printed there and flushed becomes marks. */
#define RECORD_LOG_VARIABLE  "CRASH_LOG"
#define RECORD_ROOT_VARIABLE "CRASH_ROOT"
#define RECORD_SAID_VARIABLE "CRASH_SAID"

#define RECORD_MAGIC         UINT32_C(0x43525348)

enum record_type {
    RECORD_CREATE = 1, /* dir, name, node */
    RECORD_MKDIR,      /* dir, name, node */
    RECORD_WRITE,  /* node, offset, data; RECORD_DURABLE when the descriptor was O_DSYNC; name for people */
    RECORD_SIZE,   /* node, size: the file is cut or extended; name likewise */
    RECORD_SYNC,   /* node: everything of it that came before is durable; name likewise */
    RECORD_RENAME, /* dir, name, node -> dir2, name2, node2 (what was there; 0: nothing) */
    RECORD_UNLINK, /* dir, name, node: a file or an empty directory */
    RECORD_LINK,   /* dir, name, node: one name more */
    RECORD_MARK,   /* name: what the workload says, a line */
    RECORD_BAD     /* name: a way to write that this recorder cannot follow */
};

enum record_flag {
    RECORD_DURABLE = 1,   /* of a write: on disk when the call returned */
    RECORD_DIRECTORY = 2, /* of a sync */
    RECORD_EXCHANGE = 4,  /* of a rename: the two change places */
    RECORD_STREAM = 8,    /* of a write: a stdio stream's whole file, seen when it was flushed or closed */
    RECORD_SHARED = 16 /* of a write: a page of memory that is shared through a file, as it was just then */
};

struct record_head {
    uint32_t magic;
    uint32_t type;
    uint32_t flags;
    uint32_t pid;
    uint64_t node; /* inode numbers; a CREATE or MKDIR begins a new life of its number */
    uint64_t node2;
    uint64_t dir;
    uint64_t dir2;
    uint64_t offset; /* or size */
    uint32_t name_size;
    uint32_t name2_size;
    uint64_t data_size;
};

/*
 * Files that processes share memory through while they run: their bytes mean nothing to a program that starts after a
 * crash, so only their names are recorded, and the checker fills them with what a crash could leave.
 */
static inline bool record_is_scratch(const char *name)
{
    const size_t length = strlen(name);

    return length >= 5 && strcmp(name + length - 5, "-lock") == 0;
}

/* The same, but what is in them could be taken for something: their pages are recorded at each sync and mark. */
static inline bool record_is_shared(const char *name)
{
    const char *const found = strstr(name, "journal.queue");

    return found && !strchr(found, '/');
}

#endif
