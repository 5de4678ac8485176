/*
 * The bytes of a guard (ledger/guard.h): a small file of text that says which tree of a journal was signed last. Pure:
 * no file.
 */
#ifndef LEDGER_GUARD_FORMAT_H
#define LEDGER_GUARD_FORMAT_H

#include "ledger/err.h"
#include "ledger/hash.h"
#include "ledger/instant.h"
#include "ledger/note.h"

#include <stdint.h>

#define GUARD_VERSION    1u
#define GUARD_PLACE_SIZE 512u /* a disk's sector: written whole or not at all */
#define GUARD_STATES     3u
#define GUARD_FILE_SIZE  ((1 + GUARD_STATES) * GUARD_PLACE_SIZE)
#define GUARD_BY_MAX     100u

/* A tree: its size and its root. */
struct guard_tree {
    uint64_t size;
    struct hash root;
};

struct guard_state {
    uint64_t number;        /* 1, 2, 3 ...: of the states that were written */
    struct guard_tree last; /* the newest tree that was signed and is committed */
    bool has_next;
    struct guard_tree next;    /* one that may be signed and committed: its writer had not come back */
    uint64_t file;             /* the journal's file of whoever wrote this: its number in its file system */
    int64_t at_ns;             /* when */
    char by[GUARD_BY_MAX + 1]; /* and in which directory, for people: printable, or cut off at the left */
};

/* The first place. `vkey` is the journal's, terminated: its name and its first key. */
void guard_head_encode(char place[GUARD_PLACE_SIZE], const char *vkey);

/* The place of this state; returns its offset in the file. `head` is the first place. */
size_t guard_state_encode(char place[GUARD_PLACE_SIZE], const char head[GUARD_PLACE_SIZE],
                          const struct guard_state *state);
/* ERR_FORMAT: the place holds no state that guard_state_encode() has written there. */
MUST_USE enum err_code guard_state_decode(struct guard_state *state, const char head[GUARD_PLACE_SIZE],
                                          const char place[GUARD_PLACE_SIZE], struct err *err);

/*
 * The whole file: the newest state in it. ERR_FORMAT: no guard, of another version, or no state of it is whole.
 * `vkey` has room for NOTE_VKEY_TEXT_SIZE. On error the outputs are untouched.
 */
MUST_USE enum err_code guard_decode(const void *bytes, size_t size, char *vkey, struct guard_state *state,
                                    struct err *err);

/* Any text as `by`: what is no printable ASCII becomes '?', and too much is cut off at the left. */
void guard_by(char by[GUARD_BY_MAX + 1], const char *text);

#endif
