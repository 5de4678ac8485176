#include "gateway/token.h"

#include "gateway/token_impl.h"
#include "ledger/hex.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SLOTS_MAX 256
#define EXAMPLE   "pkcs11:token=desk;object=alice"

void token_show(char *out, size_t room, const void *bytes, size_t size)
{
    const uint8_t *const in = bytes;
    size_t n = 0;

    for (; n < size && n + 1 < room; n++)
        out[n] = in[n] >= 0x20 && in[n] < 0x7f ? (char)in[n] : '?';
    out[n] = '\0';
}

/* A field of PKCS#11: padded with blanks, not terminated. */
static void show_field(char out[TOKEN_SHOWN], const unsigned char *field, size_t size)
{
    token_show(out, TOKEN_SHOWN, field, p11_kit_space_strlen(field, size));
}

enum err_code token_refused(const struct token *t, const char *what, CK_RV rv, struct err *err)
{
    if (rv == CKR_MECHANISM_INVALID)
        return err_set(err, ERR_IO, "token \"%s\" knows no Ed25519 (%s)", t->name, what);
    return err_set(err, ERR_IO, "token \"%s\": %s: %s", t->name, what, p11_kit_strerror(rv));
}

/* --- The URI ------------------------------------------------------------------------------------------ */

/* p11-kit takes a PIN before the question mark as well. */
static enum err_code check_no_pin(P11KitUri *uri, struct err *err)
{
    const bool has_value = p11_kit_uri_get_pin_value(uri) != NULL;

    if (!has_value && !p11_kit_uri_get_pin_source(uri))
        return ERR_OK;
    return err_set(
        err, ERR_INPUT,
        "the token's URI has %s: a PIN, or where it is, does not belong into a URI, which others may "
        "read. Leave it out and give the PIN in a file of its own",
        has_value ? "pin-value" : "pin-source");
}

/*
 * After the question mark p11-kit takes parts that it does not know: with a misspelt module-path it would ask other
 * modules. No value is shown: it may be a PIN.
 */
static enum err_code check_query(const char *uri, struct err *err)
{
    const char *const query = strchr(uri, '?');
    char name[TOKEN_SHOWN];

    if (query && strpbrk(query + 1, "?;"))
        return err_set(err, ERR_INPUT,
                       "the token's URI has a second ? or a ; after its '?', where parts are set apart by &");
    for (const char *part = query; part; part = strchr(part, '&')) {
        part++;
        const size_t length = strcspn(part, "=&");
        if (part[length] != '=')
            return err_set(err, ERR_INPUT, "the token's URI has a part without a value after its '?'");
        token_show(name, sizeof name, part, length);
        if (strcmp(name, "module-path") != 0)
            return err_set(err, ERR_INPUT,
                           "the token's URI has %s after its '?'; only module-path may stand there", name);
    }
    return ERR_OK;
}

/* It names a key, and no object of another class. */
static enum err_code check_object(struct token *t, struct err *err)
{
    const CK_ATTRIBUTE *const label = p11_kit_uri_get_attribute(t->uri, CKA_LABEL);
    const CK_ATTRIBUTE *const id = p11_kit_uri_get_attribute(t->uri, CKA_ID);
    const CK_ATTRIBUTE *const class = p11_kit_uri_get_attribute(t->uri, CKA_CLASS);
    char digits[HEX_LENGTH(TOKEN_SHOWN / 4) + 1];

    if ((!label || label->ulValueLen == 0) && (!id || id->ulValueLen == 0))
        return err_set(err, ERR_INPUT, "the token's URI names no key: it needs object=NAME, as in " EXAMPLE);
    if (class) {
        CK_OBJECT_CLASS wanted = 0;
        REQUIRE(class->ulValueLen == sizeof wanted);
        memcpy(&wanted, class->pValue, sizeof wanted);
        if (wanted != CKO_PRIVATE_KEY && wanted != CKO_PUBLIC_KEY)
            return err_set(err, ERR_INPUT,
                           "the token's URI asks for a type that is no key pair; leave type= out");
    }
    if (label && label->ulValueLen > 0) {
        token_show(t->object, sizeof t->object, label->pValue, label->ulValueLen);
        return ERR_OK;
    }
    hex_encode(digits, id->pValue, id->ulValueLen < TOKEN_SHOWN / 4 ? id->ulValueLen : TOKEN_SHOWN / 4);
    snprintf(t->object, sizeof t->object, "id %s", digits);
    return ERR_OK;
}

static enum err_code read_uri(struct token *t, const char *uri, struct err *err)
{
    t->uri = p11_kit_uri_new();
    const int parsed = t->uri ? p11_kit_uri_parse(uri, P11_KIT_URI_FOR_ANY, t->uri) : P11_KIT_URI_NO_MEMORY;
    if (parsed == P11_KIT_URI_NO_MEMORY)
        return err_set(err, ERR_MEMORY, "out of memory");
    if (parsed != P11_KIT_URI_OK)
        return err_set(err, ERR_INPUT, "the token's URI cannot be read: %s. It looks like " EXAMPLE,
                       p11_kit_uri_message(parsed));
    if (p11_kit_uri_any_unrecognized(t->uri))
        return err_set(err, ERR_INPUT,
                       "the token's URI has a part that RFC 7512 does not know. It looks like " EXAMPLE);
    enum err_code rc = check_no_pin(t->uri, err);
    if (!rc)
        rc = check_query(uri, err);
    if (!rc)
        rc = check_object(t, err);
    return rc;
}

/* --- The module --------------------------------------------------------------------------------------- */

/* Why p11-kit could not do what it was asked last. */
static void show_message(char *out, size_t room)
{
    const char *said = p11_kit_message();

    if (!said)
        said = "p11-kit does not say why";
    token_show(out, room, said, strlen(said));
}

static enum err_code load_named(struct token *t, const char *path, struct err *err)
{
    char shown[TOKEN_SHOWN];
    char why[ERR_TEXT_SIZE / 2];

    token_show(shown, sizeof shown, path, strlen(path));
    CK_FUNCTION_LIST *const module = p11_kit_module_load(path, 0);
    if (!module) {
        show_message(why, sizeof why);
        return err_set(err, ERR_NOT_FOUND, "module-path=%s: no PKCS#11 module can be loaded: %s", shown, why);
    }
    const CK_RV rv = p11_kit_module_initialize(module);
    if (rv != CKR_OK) {
        p11_kit_module_release(module);
        return err_set(err, ERR_IO, "module-path=%s: the module does not start: %s", shown,
                       p11_kit_strerror(rv));
    }
    t->named = module;
    return ERR_OK;
}

static enum err_code load(struct token *t, struct err *err)
{
    const char *const path = p11_kit_uri_get_module_path(t->uri);
    char why[ERR_TEXT_SIZE / 2];

    p11_kit_be_quiet(); /* it writes to stderr else; p11_kit_message() has the same words */
    if (path)
        return load_named(t, path, err);
    t->configured = p11_kit_modules_load_and_initialize(0);
    if (!t->configured) {
        show_message(why, sizeof why);
        return err_set(err, ERR_IO, "p11-kit cannot load the modules that it is configured with: %s", why);
    }
    if (!t->configured[0])
        return err_set(err, ERR_NOT_FOUND,
                       "p11-kit is configured with no module; end the URI with ?module-path=FILE");
    return ERR_OK;
}

/* --- The token ---------------------------------------------------------------------------------------- */

/* What was found so far. */
struct search {
    CK_FUNCTION_LIST *calls; /* the first that the URI is true of */
    CK_SLOT_ID slot;
    CK_TOKEN_INFO first;
    CK_TOKEN_INFO second;
    unsigned count; /* of tokens that the URI is true of; */
    char seen[256]; /* labels of the others */
    CK_RV failed;   /* of the last call that failed, or CKR_OK */
};

static void see_other(struct search *s, const CK_TOKEN_INFO *info)
{
    const size_t used = strlen(s->seen);
    char label[TOKEN_SHOWN];

    show_field(label, info->label, sizeof info->label);
    if (sizeof s->seen - used > strlen(label) + 5)
        snprintf(s->seen + used, sizeof s->seen - used, "%s\"%s\"", used ? ", " : "", label);
}

static void look_into_slot(struct search *s, P11KitUri *uri, CK_FUNCTION_LIST *calls, CK_SLOT_ID slot)
{
    const CK_SLOT_ID wanted = p11_kit_uri_get_slot_id(uri);
    CK_SLOT_INFO slot_info;
    CK_TOKEN_INFO info;

    CK_RV rv = calls->C_GetSlotInfo(slot, &slot_info);
    if (rv == CKR_OK)
        rv = calls->C_GetTokenInfo(slot, &info);
    if (rv != CKR_OK) {
        s->failed = rv;
        return;
    }
    if (!(info.flags & CKF_TOKEN_INITIALIZED))
        return;
    if ((wanted != (CK_SLOT_ID)-1 && wanted != slot) || !p11_kit_uri_match_slot_info(uri, &slot_info) ||
        !p11_kit_uri_match_token_info(uri, &info)) {
        see_other(s, &info);
        return;
    }
    if (s->count == 0) {
        s->calls = calls;
        s->slot = slot;
        s->first = info;
    } else {
        s->second = info;
    }
    s->count++;
}

static void look_into_module(struct search *s, P11KitUri *uri, CK_FUNCTION_LIST *calls)
{
    CK_SLOT_ID slots[SLOTS_MAX];
    CK_ULONG count = SLOTS_MAX;
    CK_INFO info;

    CK_RV rv = calls->C_GetInfo(&info);
    if (rv == CKR_OK && !p11_kit_uri_match_module_info(uri, &info))
        return;
    if (rv == CKR_OK)
        rv = calls->C_GetSlotList(CK_TRUE, slots, &count);
    if (rv != CKR_OK) {
        s->failed = rv;
        return;
    }
    for (CK_ULONG i = 0; i < count; i++)
        look_into_slot(s, uri, calls, slots[i]);
}

/* The search did not end with one token. */
static enum err_code say_not_one(struct token *t, const struct search *s, struct err *err)
{
    const CK_TOKEN_INFO *const asked = p11_kit_uri_get_token_info(t->uri);
    char first[TOKEN_SHOWN];
    char second[TOKEN_SHOWN];
    char wanted[TOKEN_SHOWN + 10] = "the URI";

    if (asked->label[0]) {
        show_field(first, asked->label, sizeof asked->label);
        snprintf(wanted, sizeof wanted, "token=%s", first);
    }
    if (s->count > 1) {
        show_field(first, s->first.serialNumber, sizeof s->first.serialNumber);
        show_field(second, s->second.serialNumber, sizeof s->second.serialNumber);
        return err_set(err, ERR_INPUT,
                       "%s stands for %u tokens, with the serial numbers %s and %s%s; say which in the URI, "
                       "with serial=%s for the first, or name the one module with module-path",
                       wanted, s->count, first, second, s->count > 2 ? " and others" : "", first);
    }
    if (s->failed != CKR_OK)
        return err_set(err, ERR_IO, "%s: there is no such token, and not all could be looked at: %s", wanted,
                       p11_kit_strerror(s->failed));
    return err_set(err, ERR_NOT_FOUND, "%s: there is no such token; %s%s", wanted,
                   s->seen[0] ? "there is " : "there is none at all. Is it plugged in?", s->seen);
}

static enum err_code find_token(struct token *t, struct err *err)
{
    struct search s = {.failed = CKR_OK};

    if (t->named)
        look_into_module(&s, t->uri, t->named);
    for (CK_FUNCTION_LIST **m = t->configured; m && *m; m++)
        look_into_module(&s, t->uri, *m);
    if (s.count != 1)
        return say_not_one(t, &s, err);
    t->calls = s.calls;
    t->slot = s.slot;
    show_field(t->name, s.first.label, sizeof s.first.label);
    return ERR_OK;
}

static enum err_code say_no_login(const struct token *t, CK_RV rv, struct err *err)
{
    switch (rv) {
    case CKR_PIN_INCORRECT:
    case CKR_PIN_INVALID:
    case CKR_PIN_LEN_RANGE:
        return err_set(err, ERR_KEY,
                       "the PIN is not that of token \"%s\". Look before the next try: a token locks itself "
                       "after some wrong ones",
                       t->name);
    case CKR_PIN_LOCKED:
        return err_set(err, ERR_KEY,
                       "token \"%s\" is locked: too many wrong PINs. Whoever has its security officer's PIN "
                       "can set a new one",
                       t->name);
    case CKR_PIN_EXPIRED:
    case CKR_USER_PIN_NOT_INITIALIZED:
        return err_set(err, ERR_KEY, "token \"%s\" has no PIN that is good now: %s", t->name,
                       p11_kit_strerror(rv));
    case CKR_USER_ALREADY_LOGGED_IN:
        return err_set(err, ERR_IO, "token \"%s\" is open in this process already", t->name);
    default: return token_refused(t, "logging in", rv, err);
    }
}

enum err_code token_log_in(struct token *t, const struct secret *pin, struct err *err)
{
    /* C_Login() knows no const; it changes nothing, and could not: a secret is read-only. */
    unsigned char *const bytes = (unsigned char *)(uintptr_t)secret_bytes(pin);

    CK_RV rv = t->calls->C_OpenSession(t->slot, CKF_SERIAL_SESSION, NULL, NULL, &t->session);
    if (rv != CKR_OK)
        return token_refused(t, "opening a session", rv, err);
    t->has_session = true;
    rv = t->calls->C_Login(t->session, CKU_USER, bytes, secret_size(pin));
    if (rv != CKR_OK)
        return say_no_login(t, rv, err);
    t->is_logged_in = true;
    return ERR_OK;
}

/* --- Opening and closing ------------------------------------------------------------------------------ */

enum err_code token_open(struct token **t, const char *uri, const struct secret *pin, struct err *err)
{
    struct token *const opened = calloc(1, sizeof *opened);

    if (!opened)
        return err_set(err, ERR_MEMORY, "out of memory");
    enum err_code rc = read_uri(opened, uri, err);
    if (!rc)
        rc = load(opened, err);
    if (!rc)
        rc = find_token(opened, err);
    if (!rc)
        rc = token_log_in(opened, pin, err);
    if (rc) {
        token_close(opened);
        return rc;
    }
    *t = opened;
    return ERR_OK;
}

void token_close(struct token *t)
{
    if (!t)
        return;
    if (t->is_logged_in)
        (void)t->calls->C_Logout(t->session);
    if (t->has_session)
        (void)t->calls->C_CloseSession(t->session);
    if (t->named) {
        (void)p11_kit_module_finalize(t->named);
        p11_kit_module_release(t->named);
    }
    if (t->configured)
        p11_kit_modules_finalize_and_release(t->configured);
    p11_kit_uri_free(t->uri);
    free(t);
}
