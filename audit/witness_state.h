/*
 * What a witness keeps on disk, in a directory of its own:
 *
 *   vault           its key (ledger/vault.h), under the name "witness"
 *   witness.vkey    its verifier key, one line
 *   lock            held while a witness serves: there is one at a time
 *   origins         hex SHA-256 of every origin it ever cosigned, one a line, ascending
 *   logs/HEX        the last checkpoint of that origin: "sha256 ", the hash of what follows in hex, LF, and a signed
 *                   note with our cosignature in it
 *   evidence/...    what contradicts a checkpoint that it cosigned
 *
 * A record is its own check: it counts only with a good cosignature of ours over an origin of that hash. A record
 * that `origins` names and that is not there, or any file that is not as it was written, is damage; nothing is
 * cosigned from such a directory, because a witness that has forgotten what it signed can be made to sign a fork. For
 * the same reason a directory must never be put back from an older copy: that cannot be seen from inside.
 */
#ifndef AUDIT_WITNESS_STATE_H
#define AUDIT_WITNESS_STATE_H

#include "ledger/checkpoint.h"

#define WITNESS_HEX_SIZE      64 /* digits of an origin's hash */
#define WITNESS_ORIGINS_MAX   1024
#define WITNESS_EVIDENCE_MAX  1000 /* conflicts that are kept; whatever comes after is only told */
#define WITNESS_EVIDENCE_NAME 96

struct witness_state;

/* The last checkpoint of one origin. */
struct witness_record {
    bool exists;
    struct checkpoint checkpoint; /* its `extension` is in `note` */
    uint64_t at_s;                /* when it was cosigned, seconds since 1970 */
    size_t note_size;
    char note[NOTE_MAX_SIZE]; /* not terminated */
};

/* Hex SHA-256 of an origin, terminated. */
void witness_state_hex(const char *origin, size_t size, char hex[WITNESS_HEX_SIZE + 1]);

/* Lays out the directory, which has its vault and nothing else yet. ERR_IO. */
MUST_USE enum err_code witness_state_create(const char *dir, const struct note_key *key, struct err *err);

/*
 * Reads and checks everything. With `is_serving` the lock is taken, and what a crash left half done is finished; else
 * nothing is changed, and a witness may go on beside. ERR_NOT_FOUND: there is no witness in `dir`. ERR_EXISTS: another
 * one serves from it. ERR_FORMAT: damaged, and which file. ERR_IO, ERR_MEMORY.
 */
MUST_USE enum err_code witness_state_open(struct witness_state **s, const char *dir, bool is_serving,
                                          struct err *err);
void witness_state_close(struct witness_state *s); /* NULL is fine */

/* Borrowed until close. */
const struct note_key *witness_state_key(const struct witness_state *s);
/* Origins that were ever cosigned; the hash of the one at `index` < count. */
uint32_t witness_state_count(const struct witness_state *s);
const char *witness_state_at(const struct witness_state *s, uint32_t index);
uint32_t witness_state_evidence_count(const struct witness_state *s);

/* Reads and checks a record; record->exists is false when there is none. ERR_FORMAT: damaged. */
MUST_USE enum err_code witness_state_read(struct witness_state *s, const char *hex,
                                          struct witness_record *record, struct err *err);
/* Replaces it. After ERR_OK it survives power loss. ERR_IO; ERR_RANGE: more than WITNESS_ORIGINS_MAX origins. */
MUST_USE enum err_code witness_state_write(struct witness_state *s, const char *hex, const char *note,
                                           size_t size, struct err *err);

/* Two signed notes that contradict each other, or may. */
struct witness_conflict {
    const char *name; /* of its files; the same conflict has the same name, and is kept once */
    const char *held; /* the checkpoint that we cosigned */
    size_t held_size;
    const char *presented;
    size_t presented_size;
    const char *words; /* terminated */
};
/* NAME.held, NAME.presented, NAME.txt in evidence/. *is_new: it was not kept before. ERR_IO; ERR_RANGE: there are
 * WITNESS_EVIDENCE_MAX already. */
MUST_USE enum err_code witness_state_keep(struct witness_state *s, const struct witness_conflict *conflict,
                                          bool *is_new, struct err *err);

#endif
