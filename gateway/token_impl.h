/*
 * What token.c (the way to the token) and token_key.c (the keys in it) share. Not for others.
 */
#ifndef GATEWAY_TOKEN_IMPL_H
#define GATEWAY_TOKEN_IMPL_H

#include "gateway/token.h"

#include <p11-kit/p11-kit.h>
#include <p11-kit/uri.h>

#ifndef CKK_EC_EDWARDS /* PKCS#11 3.0 */
#define CKK_EC_EDWARDS 0x40UL
#endif
#ifndef CKM_EC_EDWARDS_KEY_PAIR_GEN
#define CKM_EC_EDWARDS_KEY_PAIR_GEN 0x1055UL
#endif
#ifndef CKM_EDDSA
#define CKM_EDDSA 0x1057UL
#endif

#define TOKEN_SHOWN 128 /* as much of a name as errors show, with the terminator */

struct token {
    P11KitUri *uri;
    CK_FUNCTION_LIST *named;       /* the module of the URI's module-path, or NULL: */
    CK_FUNCTION_LIST **configured; /* then p11-kit's; both initialised */
    CK_FUNCTION_LIST *calls;       /* the module that has the token */
    CK_SLOT_ID slot;
    CK_SESSION_HANDLE session; /* read-only; counts when has_session */
    bool has_session;
    bool is_logged_in;
    char name[TOKEN_SHOWN];   /* the token's label */
    char object[TOKEN_SHOWN]; /* the key's, or "id " and its hexadecimal digits */
};

/* Bytes from elsewhere, as words for people: what is no printable ASCII becomes '?'. */
void token_show(char *out, size_t room, const void *bytes, size_t size);

/* 'token "desk": the module said no to WHAT: why'. ERR_IO. */
enum err_code token_refused(const struct token *t, const char *what, CK_RV rv, struct err *err);

/* Opens the session and logs in. Errors as token_open(). */
MUST_USE enum err_code token_log_in(struct token *t, const struct secret *pin, struct err *err);

/* The private key stays in the token, is sensitive and cannot be taken out, or it is ERR_IO. */
MUST_USE enum err_code token_check_kept(const struct token *t, CK_OBJECT_HANDLE key, struct err *err);

#endif
