/*
 * A person's Ed25519 key in a PKCS#11 token (a smart card, a USB key, an HSM), which signs and never gives the key away.
 *
 * A URI (RFC 7512) says which token, which key in it and which module speaks to it:
 *   pkcs11:token=desk;object=alice?module-path=/usr/lib/softhsm/libsofthsm2.so
 * `object` (its label), `id` or both name the key; whatever names tokens, slots and modules (token, serial, model,
 * manufacturer, slot-id ...) may stand beside it. It must be true of one token and one key: nothing is guessed. Without
 * module-path the modules are those that p11-kit is configured with; a relative one is in p11-kit's folder. A PIN in
 * it, or the name of a file that holds one, is refused: a URI stands in lists of arguments and in logs.
 *
 * The key is a pair of objects, private and public, of one name. A key whose token asks for the PIN again before each
 * signature (CKA_ALWAYS_AUTHENTICATE) does not sign here.
 */
#ifndef GATEWAY_TOKEN_H
#define GATEWAY_TOKEN_H

#include "ledger/err.h"
#include "ledger/secret.h"

#include <stddef.h>
#include <stdint.h>

#define TOKEN_PUBLIC_KEY_SIZE 32
#define TOKEN_SIGNATURE_SIZE  64

/* Belongs to one thread. A process opens a token once at a time. */
struct token;

/*
 * Loads the module, finds the token and logs in; `pin` is borrowed for the call, and copied nowhere by this program.
 * ERR_INPUT: the URI, which may also stand for two tokens. ERR_NOT_FOUND: the module, or the token. ERR_KEY: the PIN;
 * tokens count wrong ones and lock themselves. ERR_IO: module or token failed, or this process has the token open.
 * ERR_MEMORY.
 */
MUST_USE enum err_code token_open(struct token **t, const char *uri, const struct secret *pin,
                                  struct err *err);

/* Logs out and lets go of the module. Accepts NULL. */
void token_close(struct token *t);

/*
 * Makes a key pair under the URI's object name (and its id, or a random one): it stays in the token, sensitive and not
 * extractable. ERR_EXISTS: the token has a key of this name. ERR_INPUT: the URI names no object. ERR_IO: the token
 * refused, or made a key that is not as asked, which is then destroyed.
 */
MUST_USE enum err_code token_make_key(struct token *t, struct err *err);

/* ERR_NOT_FOUND: no such public key. ERR_KEY: it is no Ed25519 key. ERR_INPUT: the URI stands for two. ERR_IO. */
MUST_USE enum err_code token_public_key(struct token *t, uint8_t key[TOKEN_PUBLIC_KEY_SIZE], struct err *err);

/*
 * Ed25519 (RFC 8032) over the message, checked with the public key before it is given out. ERR_NOT_FOUND: no such key,
 * private or public. ERR_KEY: it is no Ed25519 key, or the two are no pair. ERR_INPUT: the URI stands for two. ERR_IO.
 */
MUST_USE enum err_code token_sign(struct token *t, const void *message, size_t size,
                                  uint8_t signature[TOKEN_SIGNATURE_SIZE], struct err *err);

#endif
