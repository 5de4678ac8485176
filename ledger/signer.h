/*
 * Who signs as an actor, when the key is not in the journal's own vault: a person's key ring, a token. Ed25519 over the
 * message (RFC 8032), 64 bytes.
 */
#ifndef LEDGER_SIGNER_H
#define LEDGER_SIGNER_H

#include "ledger/err.h"

#include <stdint.h>

#define SIGNER_SIGNATURE_SIZE 64

struct signer {
    enum err_code (*sign)(void *context, const void *message, size_t size,
                          uint8_t signature[SIGNER_SIGNATURE_SIZE], struct err *err);
    void *context;
};

#endif
