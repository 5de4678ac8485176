/*
 * The body of a witness's add-checkpoint request (C2SP tlog-witness): what a log sends to have a checkpoint cosigned.
 *
 *   old SIZE LF         the size that the witness cosigned last, in decimal; 0: none, or not known
 *   HASH LF             base64, 0 to 63 times: the consistency proof from there to the checkpoint
 *   LF
 *   the checkpoint, a signed note
 */
#ifndef AUDIT_WITNESS_REQUEST_H
#define AUDIT_WITNESS_REQUEST_H

#include "ledger/merkle.h"
#include "ledger/note.h"

#define WITNESS_PROOF_MAX 63 /* hashes: MERKLE_PATH_MAX is more */
#define WITNESS_BODY_MAX  (4 + 19 + 1 + WITNESS_PROOF_MAX * 45 + 1 + NOTE_MAX_SIZE)

struct witness_request {
    uint64_t old_size;
    struct merkle_path proof;
    const char *checkpoint; /* borrowed from the body; not looked at yet */
    size_t checkpoint_size;
};

/* ERR_INPUT: not in this form, and the line. On error *r is untouched. */
MUST_USE enum err_code witness_request_parse(struct witness_request *r, const void *body, size_t size,
                                             struct err *err);

/* Writes such a body (WITNESS_BODY_MAX bytes of room, no terminator) and returns its size. The proof has at most
 * WITNESS_PROOF_MAX hashes, the checkpoint at most NOTE_MAX_SIZE bytes (REQUIRE). */
size_t witness_request_format(char *out, const struct witness_request *r);

#endif
