/*
 * What a recorded run has promised up to a moment, gathered from its marks:
 *
 *   journal DIR PASSPHRASE     a journal is about to be made there
 *   made DIR                   ... and was: it must be there from now on
 *   ack DIR SIZE               entries 1 .. SIZE are acknowledged
 *   appending DIR              the program's acknowledgements are of this journal from now on
 *   said LINE                  the program printed this line, perhaps the acknowledgement "A..B root"
 *   key DIR NAME               the vault holds this key
 *   removing DIR NAME, gone DIR NAME      it may be gone; it is gone
 *   changing DIR PASSPHRASE, changed DIR  the new passphrase may be in force; it is
 *   target PATH                a file or folder that is replaced whole
 *   wrote PATH                 ... and was
 */
#ifndef TESTS_CRASH_FACTS_H
#define TESTS_CRASH_FACTS_H

#include "ledger/hash.h"
#include "ledger/note.h"

#include <stddef.h>

#define FACTS_NAME  64
#define FACTS_ROWS  8
#define FACTS_KEYS  32
#define FACTS_SEALS 4096

/* What the whole run came to: every size at which the journal was sealed, and the tree's root there. */
struct facts_history {
    char vkey[NOTE_VKEY_TEXT_SIZE];
    size_t count;
    uint64_t sizes[FACTS_SEALS];
    struct hash roots[FACTS_SEALS];
};

struct facts_key {
    char name[FACTS_NAME];
    bool must_be;
    bool must_not_be;
};

struct facts_journal {
    char dir[FACTS_NAME];
    char passphrase[FACTS_NAME];      /* "": nothing is promised of it yet */
    char passphrase_next[FACTS_NAME]; /* "": none under way */
    bool is_made;
    uint64_t acknowledged;
    struct facts_key keys[FACTS_KEYS];
    size_t key_count;
    struct facts_history *history; /* of the whole run; known before states are looked at */
};

/* Its versions, in the order in which they were written, are known before states are looked at. 0: not there. */
struct facts_target {
    char path[FACTS_NAME];
    uint64_t versions[FACTS_KEYS];
    size_t version_count;
    size_t written; /* versions[written] was written last; versions[0] is 0 */
};

struct facts {
    struct facts_journal journals[FACTS_ROWS];
    size_t journal_count;
    struct facts_target targets[FACTS_ROWS];
    size_t target_count;
    struct facts_journal *appending;
};

/* Stops the program at a mark that it does not know. */
void facts_hear(struct facts *f, const char *mark);
/* Starts over, and keeps what is known of the whole run. */
void facts_rewind(struct facts *f);
void facts_release(struct facts *f);

#endif
