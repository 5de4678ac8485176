/* What the two forms of a proof share; nobody else includes this. `err` is never NULL here. */
#ifndef AUDIT_PROOF_FORM_H
#define AUDIT_PROOF_FORM_H

#include "audit/proof.h"
#include "ledger/base64.h"

/* Each reads into an initialised proof, which is the caller's to release. ERR_FORMAT with the place; ERR_MEMORY. */
MUST_USE enum err_code proof_form_json(const char *text, size_t size, struct proof *p, struct err *err);
MUST_USE enum err_code proof_form_tlog(const char *text, size_t size, struct proof *p, struct err *err);

/* Decimal, without leading zeros; `least` .. MERKLE_SIZE_MAX. */
MUST_USE enum err_code proof_form_number(const char *text, size_t length, uint64_t least, uint64_t *number,
                                         struct err *err);
/* An entry: at most ENTRY_MAX_SIZE bytes, and not none. */
MUST_USE enum err_code proof_form_base64(const char *text, size_t length, struct proof_bytes *bytes,
                                         struct err *err);
/* Adds a hash to the path. */
MUST_USE enum err_code proof_form_hash(const char *text, size_t length, struct merkle_path *path,
                                       struct err *err);
/* A note's bytes, whatever they say. */
MUST_USE enum err_code proof_form_seal(const char *text, size_t length, struct proof_bytes *seal,
                                       struct err *err);
/* One more change of the key, empty; p->key_count grows. */
MUST_USE enum err_code proof_form_add_key(struct proof *p, struct err *err);

#endif
