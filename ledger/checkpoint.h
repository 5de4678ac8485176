/*
 * C2SP tlog-checkpoint: the text that a seal signs. Three lines: origin, size, base64 of the root.
 */
#ifndef LEDGER_CHECKPOINT_H
#define LEDGER_CHECKPOINT_H

#include "ledger/hash.h"
#include "ledger/note.h"

#define CHECKPOINT_ORIGIN_MAX NOTE_NAME_MAX
#define CHECKPOINT_TEXT_MAX   (CHECKPOINT_ORIGIN_MAX + 1 + 19 + 1 + 44 + 1) /* without extension lines */
#define CHECKPOINT_NOTE_MAX   (CHECKPOINT_TEXT_MAX + 1 + NOTE_LINE_SIZE)    /* signed by one key of ours */

struct checkpoint {
    char origin[CHECKPOINT_ORIGIN_MAX + 1]; /* terminated */
    size_t origin_size;                     /* 1 .. CHECKPOINT_ORIGIN_MAX */
    uint64_t size;                          /* leaves; below 2^63 */
    struct hash root;
    const char *extension; /* borrowed: further non-empty lines, each ending LF; our own seals have none */
    size_t extension_size; /* 0: none */
};

/* The origin of a journal may also be its key's name: so note_name_check()'s rules hold. ERR_INPUT. Fills c.
 */
MUST_USE enum err_code checkpoint_init(struct checkpoint *c, const char *origin, size_t origin_size,
                                       uint64_t size, const struct hash *root, struct err *err);

/* Writes the text (no terminator). ERR_RANGE: more than `capacity` bytes are needed; outputs are then
 * untouched. */
MUST_USE enum err_code checkpoint_format(const struct checkpoint *c, char *out, size_t capacity, size_t *size,
                                         struct err *err);

/*
 * Reads a note's text. Origins of other logs may hold spaces. ERR_FORMAT names the line and what is wrong
 * with it; *c is then untouched. c->extension points into `text`.
 */
MUST_USE enum err_code checkpoint_parse(struct checkpoint *c, const char *text, size_t text_size,
                                        struct err *err);

/* A size as these formats write it: decimal, no sign, no leading zero, below 2^63. ERR_FORMAT. */
MUST_USE enum err_code checkpoint_size_parse(const char *text, size_t length, uint64_t *size,
                                             struct err *err);

/*
 * note_parse(), note_verify() and checkpoint_parse() in one: a checkpoint that at least one of `keys` has
 * signed. Errors as theirs; on error *c is untouched. c->extension points into `bytes`.
 */
MUST_USE enum err_code checkpoint_open(struct checkpoint *c, const void *bytes, size_t size,
                                       const struct note_key *keys, size_t count, struct err *err);

#endif
