#include "gateway/token.h"

#include "gateway/token_impl.h"
#include "ledger/note.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

#define ID_SIZE    16 /* of a key that the URI gives no id */
#define POINT_ROOM 128

/* An attribute of a template. C_FindObjectsInit() and its like know no const, and change nothing. */
static CK_ATTRIBUTE attribute(CK_ATTRIBUTE_TYPE type, const void *value, size_t size)
{
    return (CK_ATTRIBUTE){.type = type, .pValue = (void *)(uintptr_t)value, .ulValueLen = size};
}

/* A part of the URI that names the key; NULL when it is not there, or empty. */
static const CK_ATTRIBUTE *named(const struct token *t, CK_ATTRIBUTE_TYPE type)
{
    const CK_ATTRIBUTE *const part = p11_kit_uri_get_attribute(t->uri, type);

    return part && part->ulValueLen > 0 ? part : NULL;
}

/* --- Finding ------------------------------------------------------------------------------------------ */

/* How many objects have these attributes, up to two, and the first of them. */
static CK_RV count_objects(const struct token *t, CK_ATTRIBUTE *wanted, CK_ULONG attributes,
                           CK_OBJECT_HANDLE *first, CK_ULONG *count)
{
    CK_OBJECT_HANDLE found[2] = {0};

    CK_RV rv = t->calls->C_FindObjectsInit(t->session, wanted, attributes);
    if (rv != CKR_OK)
        return rv;
    rv = t->calls->C_FindObjects(t->session, found, 2, count);
    const CK_RV ended = t->calls->C_FindObjectsFinal(t->session);
    *first = found[0];
    return rv != CKR_OK ? rv : ended;
}

static const char *class_name(CK_OBJECT_CLASS class)
{
    return class == CKO_PRIVATE_KEY ? "private" : "public";
}

/* The one key of this class that the URI names; it is an Edwards key. */
static enum err_code find_key(const struct token *t, CK_OBJECT_CLASS class, CK_OBJECT_HANDLE *key,
                              struct err *err)
{
    const CK_ATTRIBUTE *const label = named(t, CKA_LABEL);
    const CK_ATTRIBUTE *const id = named(t, CKA_ID);
    CK_ATTRIBUTE wanted[3] = {attribute(CKA_CLASS, &class, sizeof class)};
    CK_ULONG attributes = 1;
    CK_ULONG count = 0;
    CK_KEY_TYPE type = 0;
    CK_ATTRIBUTE told = attribute(CKA_KEY_TYPE, &type, sizeof type);

    if (label)
        wanted[attributes++] = *label;
    if (id)
        wanted[attributes++] = *id;
    CK_RV rv = count_objects(t, wanted, attributes, key, &count);
    if (rv != CKR_OK)
        return token_refused(t, "looking for the key", rv, err);
    if (count == 0)
        return err_set(err, ERR_NOT_FOUND, "token \"%s\" has no %s key \"%s\"", t->name, class_name(class),
                       t->object);
    if (count > 1)
        return err_set(err, ERR_INPUT,
                       "token \"%s\" has more than one %s key \"%s\"; say which in the URI, with id= beside "
                       "object=",
                       t->name, class_name(class), t->object);
    rv = t->calls->C_GetAttributeValue(t->session, *key, &told, 1);
    if (rv != CKR_OK)
        return token_refused(t, "asking what the key is", rv, err);
    if (type != CKK_EC_EDWARDS)
        return err_set(err, ERR_KEY, "token \"%s\": the %s key \"%s\" is no Ed25519 key", t->name,
                       class_name(class), t->object);
    return ERR_OK;
}

/* --- The public key ----------------------------------------------------------------------------------- */

/*
 * Tokens differ in how they tell the 32 bytes: bare (PKCS#11 3.0), in a DER OCTET STRING (as points of other curves
 * are; SoftHSM), in a DER BIT STRING (as in a certificate).
 */
static const uint8_t *point_of(const uint8_t *value, size_t size)
{
    static const uint8_t octets[] = {0x04, TOKEN_PUBLIC_KEY_SIZE};
    static const uint8_t bits[] = {0x03, TOKEN_PUBLIC_KEY_SIZE + 1, 0};

    if (size == TOKEN_PUBLIC_KEY_SIZE)
        return value;
    if (size == TOKEN_PUBLIC_KEY_SIZE + sizeof octets && memcmp(value, octets, sizeof octets) == 0)
        return value + sizeof octets;
    if (size == TOKEN_PUBLIC_KEY_SIZE + sizeof bits && memcmp(value, bits, sizeof bits) == 0)
        return value + sizeof bits;
    return NULL;
}

enum err_code token_public_key(struct token *t, uint8_t key[TOKEN_PUBLIC_KEY_SIZE], struct err *err)
{
    uint8_t value[POINT_ROOM] = {0};
    CK_ATTRIBUTE told = attribute(CKA_EC_POINT, value, sizeof value);
    CK_OBJECT_HANDLE object = 0;

    const enum err_code rc = find_key(t, CKO_PUBLIC_KEY, &object, err);
    if (rc)
        return rc;
    const CK_RV rv = t->calls->C_GetAttributeValue(t->session, object, &told, 1);
    if (rv != CKR_OK && rv != CKR_BUFFER_TOO_SMALL)
        return token_refused(t, "reading the public key", rv, err);
    const uint8_t *const point = rv == CKR_OK ? point_of(value, told.ulValueLen) : NULL;
    if (!point)
        return err_set(err, ERR_KEY, "token \"%s\": the public key \"%s\" is no Ed25519 key of 32 bytes",
                       t->name, t->object);
    memcpy(key, point, TOKEN_PUBLIC_KEY_SIZE);
    return ERR_OK;
}

/* --- Signing ------------------------------------------------------------------------------------------ */

enum err_code token_sign(struct token *t, const void *message, size_t size,
                         uint8_t signature[TOKEN_SIGNATURE_SIZE], struct err *err)
{
    CK_MECHANISM eddsa = {.mechanism = CKM_EDDSA};
    uint8_t *const bytes = (uint8_t *)(uintptr_t)(size ? message : ""); /* C_Sign() knows no const */
    uint8_t public_key[TOKEN_PUBLIC_KEY_SIZE];
    uint8_t made[TOKEN_SIGNATURE_SIZE];
    CK_ULONG made_size = sizeof made;
    CK_OBJECT_HANDLE key = 0;

    enum err_code rc = find_key(t, CKO_PRIVATE_KEY, &key, err);
    if (!rc)
        rc = token_public_key(t, public_key, err);
    if (rc)
        return rc;
    CK_RV rv = t->calls->C_SignInit(t->session, &eddsa, key);
    if (rv == CKR_OK)
        rv = t->calls->C_Sign(t->session, bytes, size, made, &made_size);
    if (rv != CKR_OK)
        return token_refused(t, "signing", rv, err);
    if (made_size != sizeof made || note_verify_bytes(public_key, bytes, size, made, NULL))
        return err_set(err, ERR_KEY,
                       "token \"%s\": what the private key \"%s\" signed is not good under the public key of "
                       "that name; they are no pair",
                       t->name, t->object);
    memcpy(signature, made, sizeof made);
    return ERR_OK;
}

/* --- Making a key ------------------------------------------------------------------------------------- */

static enum err_code check_name_is_free(const struct token *t, const CK_ATTRIBUTE *label, struct err *err)
{
    static const CK_OBJECT_CLASS classes[] = {CKO_PRIVATE_KEY, CKO_PUBLIC_KEY};

    for (size_t i = 0; i < sizeof classes / sizeof classes[0]; i++) {
        CK_ATTRIBUTE wanted[2] = {attribute(CKA_CLASS, &classes[i], sizeof classes[i]), *label};
        CK_OBJECT_HANDLE first = 0;
        CK_ULONG count = 0;
        const CK_RV rv = count_objects(t, wanted, 2, &first, &count);
        if (rv != CKR_OK)
            return token_refused(t, "looking for a key of this name", rv, err);
        if (count > 0)
            return err_set(err, ERR_EXISTS, "token \"%s\" has a %s key \"%s\" already; nothing was made",
                           t->name, class_name(classes[i]), t->object);
    }
    return ERR_OK;
}

enum err_code token_check_kept(const struct token *t, CK_OBJECT_HANDLE key, struct err *err)
{
    CK_BBOOL is_stored = CK_FALSE;
    CK_BBOOL is_sensitive = CK_FALSE;
    CK_BBOOL is_extractable = CK_TRUE;
    CK_ATTRIBUTE told[] = {
        attribute(CKA_TOKEN, &is_stored, sizeof is_stored),
        attribute(CKA_SENSITIVE, &is_sensitive, sizeof is_sensitive),
        attribute(CKA_EXTRACTABLE, &is_extractable, sizeof is_extractable),
    };

    const CK_RV rv = t->calls->C_GetAttributeValue(t->session, key, told, sizeof told / sizeof told[0]);
    if (rv != CKR_OK)
        return token_refused(t, "looking at the key that was made", rv, err);
    if (!is_stored || !is_sensitive || is_extractable)
        return err_set(err, ERR_IO, "token \"%s\" does not keep the key \"%s\" to itself", t->name,
                       t->object);
    return ERR_OK;
}

/* The pair's two templates, `curve` being Ed25519 as one kind of token names it. */
static CK_RV generate(const struct token *t, CK_SESSION_HANDLE session, const CK_ATTRIBUTE *label,
                      const CK_ATTRIBUTE *id, const CK_ATTRIBUTE *curve, CK_OBJECT_HANDLE *public_key,
                      CK_OBJECT_HANDLE *private_key)
{
    static const CK_BBOOL yes = CK_TRUE;
    static const CK_BBOOL no = CK_FALSE;
    CK_MECHANISM mechanism = {.mechanism = CKM_EC_EDWARDS_KEY_PAIR_GEN};
    CK_ATTRIBUTE of_public[] = {
        attribute(CKA_TOKEN, &yes, sizeof yes),
        attribute(CKA_PRIVATE, &no, sizeof no),
        attribute(CKA_VERIFY, &yes, sizeof yes),
        *label,
        *id,
        *curve,
    };
    CK_ATTRIBUTE of_private[] = {
        attribute(CKA_TOKEN, &yes, sizeof yes),
        attribute(CKA_PRIVATE, &yes, sizeof yes),
        attribute(CKA_SENSITIVE, &yes, sizeof yes),
        attribute(CKA_EXTRACTABLE, &no, sizeof no),
        attribute(CKA_SIGN, &yes, sizeof yes),
        *label,
        *id,
    };

    return t->calls->C_GenerateKeyPair(session, &mechanism, of_public, sizeof of_public / sizeof of_public[0],
                                       of_private, sizeof of_private / sizeof of_private[0], public_key,
                                       private_key);
}

static enum err_code make_pair(const struct token *t, CK_SESSION_HANDLE session, const CK_ATTRIBUTE *label,
                               const CK_ATTRIBUTE *id, struct err *err)
{
    static const uint8_t oid[] = {0x06, 3, 0x2b, 0x65, 0x70}; /* 1.3.101.112 */
    static const uint8_t words[] = {0x13, 12, 'e', 'd', 'w', 'a', 'r', 'd', 's', '2', '5', '5', '1', '9'};
    const CK_ATTRIBUTE by_oid = attribute(CKA_EC_PARAMS, oid, sizeof oid);
    const CK_ATTRIBUTE by_words = attribute(CKA_EC_PARAMS, words, sizeof words);
    CK_OBJECT_HANDLE public_key = 0;
    CK_OBJECT_HANDLE private_key = 0;

    CK_RV rv = generate(t, session, label, id, &by_oid, &public_key, &private_key);
    if (rv != CKR_OK && rv != CKR_MECHANISM_INVALID) /* PKCS#11 allows either form, a token may not */
        rv = generate(t, session, label, id, &by_words, &public_key, &private_key);
    if (rv != CKR_OK)
        return token_refused(t, "making a key", rv, err);
    const enum err_code rc = token_check_kept(t, private_key, err);
    if (rc) {
        (void)t->calls->C_DestroyObject(session, private_key);
        (void)t->calls->C_DestroyObject(session, public_key);
    }
    return rc;
}

enum err_code token_make_key(struct token *t, struct err *err)
{
    const CK_ATTRIBUTE *const label = named(t, CKA_LABEL);
    const CK_ATTRIBUTE *const given = named(t, CKA_ID);
    CK_SESSION_HANDLE writing = 0;
    uint8_t random[ID_SIZE];

    if (!label)
        return err_set(err, ERR_INPUT, "the token's URI names no key to be made: it needs object=NAME");
    enum err_code rc = check_name_is_free(t, label, err);
    if (rc)
        return rc;
    if (getrandom(random, sizeof random, 0) != (ssize_t)sizeof random)
        return err_set(err, ERR_IO, "no random number can be had: %s", strerror(errno));
    const CK_ATTRIBUTE id = given ? *given : attribute(CKA_ID, random, sizeof random);
    const CK_RV rv =
        t->calls->C_OpenSession(t->slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &writing);
    if (rv != CKR_OK)
        return token_refused(t, "opening a session that may write", rv, err);
    rc = make_pair(t, writing, label, &id, err);
    (void)t->calls->C_CloseSession(writing);
    return rc;
}
