/* A key in a token is made, found, and signs; what is no such key does not. */
#include "gateway/token.h"

#include "gateway/token_impl.h"
#include "support/softhsm.h"

static void test_a_key_that_was_made_signs_whatever_its_length(void **state)
{
    static const size_t sizes[] = {0, 1, 63, 64, 1000, 70000};
    static uint8_t message[70000];
    uint8_t key[TOKEN_PUBLIC_KEY_SIZE];
    uint8_t again[TOKEN_PUBLIC_KEY_SIZE];
    uint8_t signature[TOKEN_SIGNATURE_SIZE];
    struct softhsm h;

    (void)state;
    softhsm_init(&h);
    softhsm_make(&h, "token=desk;object=alice", key);
    memset(message, 'x', sizeof message);
    struct token *const t = softhsm_open(&h, "token=desk;object=alice"); /* it is there still */
    SCRATCH_OK(token_public_key(t, again, err));
    assert_memory_equal(key, again, sizeof key);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        SCRATCH_OK(token_sign(t, sizes[i] ? message : NULL, sizes[i], signature, err));
        assert_int_equal(0, crypto_sign_verify_detached(signature, message, sizes[i], key));
        signature[0] ^= 1;
        assert_int_not_equal(0, crypto_sign_verify_detached(signature, message, sizes[i], key));
    }
    token_close(t);
    softhsm_release(&h);
}

static CK_OBJECT_HANDLE find(struct token *t, CK_OBJECT_CLASS class)
{
    CK_ATTRIBUTE wanted[] = {{CKA_CLASS, &class, sizeof class},
                             *p11_kit_uri_get_attribute(t->uri, CKA_LABEL)};
    CK_OBJECT_HANDLE found = 0;
    CK_ULONG count = 0;

    assert_int_equal(CKR_OK, t->calls->C_FindObjectsInit(t->session, wanted, 2));
    assert_int_equal(CKR_OK, t->calls->C_FindObjects(t->session, &found, 1, &count));
    assert_int_equal(CKR_OK, t->calls->C_FindObjectsFinal(t->session));
    assert_int_equal(1, count);
    return found;
}

static CK_SESSION_HANDLE writing(struct token *t)
{
    CK_SESSION_HANDLE session = 0;

    assert_int_equal(
        CKR_OK, t->calls->C_OpenSession(t->slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &session));
    return session;
}

static void test_a_key_that_was_made_cannot_be_taken_out(void **state)
{
    uint8_t key[TOKEN_PUBLIC_KEY_SIZE];
    uint8_t value[200];
    CK_ATTRIBUTE told = {CKA_VALUE, value, sizeof value};
    CK_BBOOL yes = CK_TRUE;
    CK_ATTRIBUTE extractable = {CKA_EXTRACTABLE, &yes, sizeof yes};
    struct softhsm h;

    (void)state;
    softhsm_init(&h);
    softhsm_make(&h, "token=desk;object=alice", key);
    struct token *const t = softhsm_open(&h, "token=desk;object=alice");
    const CK_OBJECT_HANDLE private_key = find(t, CKO_PRIVATE_KEY);
    assert_int_equal(CKR_ATTRIBUTE_SENSITIVE,
                     t->calls->C_GetAttributeValue(t->session, private_key, &told, 1));
    SCRATCH_OK(token_check_kept(t, private_key, err));
    assert_int_not_equal(CKR_OK, t->calls->C_SetAttributeValue(writing(t), private_key, &extractable, 1));
    token_close(t);
    softhsm_release(&h);
}

/* A pair as another program might make it. */
static void make_otherwise(struct token *t, CK_MECHANISM_TYPE type, const uint8_t *curve, size_t curve_size,
                           CK_BBOOL extractable, CK_OBJECT_HANDLE *private_key)
{
    CK_MECHANISM mechanism = {.mechanism = type};
    CK_BBOOL yes = CK_TRUE;
    CK_ATTRIBUTE label = *p11_kit_uri_get_attribute(t->uri, CKA_LABEL);
    uint8_t copy[16];
    CK_ATTRIBUTE of_public[] = {{CKA_TOKEN, &yes, sizeof yes}, {CKA_EC_PARAMS, copy, curve_size}, label};
    CK_ATTRIBUTE of_private[] = {
        {CKA_TOKEN, &yes, sizeof yes},     {CKA_PRIVATE, &yes, sizeof yes},
        {CKA_SENSITIVE, &yes, sizeof yes}, {CKA_EXTRACTABLE, &extractable, sizeof extractable},
        {CKA_SIGN, &yes, sizeof yes},      label,
    };
    CK_OBJECT_HANDLE public_key = 0;

    memcpy(copy, curve, curve_size);
    assert_int_equal(CKR_OK, t->calls->C_GenerateKeyPair(writing(t), &mechanism, of_public, 3, of_private, 6,
                                                         &public_key, private_key));
}

static void test_a_key_that_can_be_taken_out_is_seen(void **state)
{
    static const uint8_t ed25519[] = {0x06, 3, 0x2b, 0x65, 0x70};
    CK_OBJECT_HANDLE private_key = 0;
    struct err err = {.code = ERR_OK};
    struct softhsm h;

    (void)state;
    softhsm_init(&h);
    struct token *const t = softhsm_open(&h, "token=desk;object=loose");
    make_otherwise(t, CKM_EC_EDWARDS_KEY_PAIR_GEN, ed25519, sizeof ed25519, CK_TRUE, &private_key);
    assert_int_equal(ERR_IO, token_check_kept(t, private_key, &err));
    assert_string_equal("token \"desk\" does not keep the key \"loose\" to itself", err.text);
    token_close(t);
    softhsm_release(&h);
}

static void test_a_name_is_given_once(void **state)
{
    uint8_t key[TOKEN_PUBLIC_KEY_SIZE];
    uint8_t after[TOKEN_PUBLIC_KEY_SIZE];
    struct err err = {.code = ERR_OK};
    struct softhsm h;

    (void)state;
    softhsm_init(&h);
    softhsm_make(&h, "token=desk;object=alice", key);
    struct token *const t =
        softhsm_open(&h, "token=desk;object=alice;id=%01"); /* another id is no other name */
    assert_int_equal(ERR_EXISTS, token_make_key(t, &err));
    assert_string_equal("token \"desk\" has a private key \"alice\" already; nothing was made", err.text);
    assert_int_equal(CKR_OK, t->calls->C_DestroyObject(writing(t), find(t, CKO_PRIVATE_KEY)));
    assert_int_equal(ERR_EXISTS, token_make_key(t, &err)); /* half a pair has the name, too */
    assert_string_equal("token \"desk\" has a public key \"alice\" already; nothing was made", err.text);
    token_close(t);
    struct token *const same = softhsm_open(&h, "token=desk;object=alice");
    SCRATCH_OK(token_public_key(same, after, err));
    assert_memory_equal(key, after, sizeof key);
    token_close(same);
    softhsm_release(&h);
}

static void test_a_key_is_found_by_its_id(void **state)
{
    uint8_t key[TOKEN_PUBLIC_KEY_SIZE];
    uint8_t found[TOKEN_PUBLIC_KEY_SIZE];
    uint8_t signature[TOKEN_SIGNATURE_SIZE];
    struct err err = {.code = ERR_OK};
    struct softhsm h;

    (void)state;
    softhsm_init(&h);
    softhsm_make(&h, "token=desk;object=alice;id=%0a%0B", key);
    struct token *t = softhsm_open(&h, "token=desk;id=%0A%0b;type=private");
    SCRATCH_OK(token_public_key(t, found, err));
    assert_memory_equal(key, found, sizeof key);
    SCRATCH_OK(token_sign(t, "m", 1, signature, err));
    assert_int_equal(ERR_INPUT, token_make_key(t, &err));
    assert_non_null(strstr(err.text, "names no key to be made"));
    token_close(t);
    t = softhsm_open(&h, "token=desk;object=;id=%0A%0C");
    assert_int_equal(ERR_NOT_FOUND, token_public_key(t, found, &err));
    assert_string_equal("token \"desk\" has no public key \"id 0a0c\"", err.text);
    token_close(t);
    softhsm_release(&h);
}

static void test_a_key_that_is_not_there_is_named(void **state)
{
    uint8_t key[TOKEN_PUBLIC_KEY_SIZE] = {7};
    uint8_t signature[TOKEN_SIGNATURE_SIZE] = {7};
    struct err err = {.code = ERR_OK};
    struct softhsm h;

    (void)state;
    softhsm_init(&h);
    softhsm_make(&h, "token=desk;object=alice", key);
    key[0] = 7;
    struct token *const t = softhsm_open(&h, "token=desk;object=b%1bb");
    assert_int_equal(ERR_NOT_FOUND, token_public_key(t, key, &err));
    assert_string_equal("token \"desk\" has no public key \"b?b\"", err.text);
    assert_int_equal(ERR_NOT_FOUND, token_sign(t, "m", 1, signature, &err));
    assert_string_equal("token \"desk\" has no private key \"b?b\"", err.text);
    assert_int_equal(7, key[0]);
    assert_int_equal(7, signature[0]);
    token_close(t);
    softhsm_release(&h);
}

/* From now on what it has of a class is called so. */
static void rename_object(struct token *t, CK_OBJECT_CLASS class, const char *name)
{
    char copy[32];
    CK_ATTRIBUTE label = {CKA_LABEL, copy, strlen(name)};

    memcpy(copy, name, strlen(name));
    assert_int_equal(CKR_OK, t->calls->C_SetAttributeValue(writing(t), find(t, class), &label, 1));
}

static void test_two_keys_of_a_name_are_told_apart_by_id(void **state)
{
    uint8_t alice[TOKEN_PUBLIC_KEY_SIZE];
    uint8_t bob[TOKEN_PUBLIC_KEY_SIZE];
    uint8_t key[TOKEN_PUBLIC_KEY_SIZE];
    uint8_t signature[TOKEN_SIGNATURE_SIZE];
    struct err err = {.code = ERR_OK};
    struct softhsm h;

    (void)state;
    softhsm_init(&h);
    softhsm_make(&h, "token=desk;object=alice;id=%01", alice);
    softhsm_make(&h, "token=desk;object=bob;id=%02", bob);
    struct token *t = softhsm_open(&h, "token=desk;object=bob");
    rename_object(t, CKO_PRIVATE_KEY, "alice");
    rename_object(t, CKO_PUBLIC_KEY, "alice");
    token_close(t);
    t = softhsm_open(&h, "token=desk;object=alice");
    assert_int_equal(ERR_INPUT, token_sign(t, "m", 1, signature, &err));
    assert_memory_equal("token \"desk\" has more than one private key \"alice\"", err.text, 50);
    assert_int_equal(ERR_INPUT, token_public_key(t, key, &err));
    assert_memory_equal("token \"desk\" has more than one public key \"alice\"", err.text, 49);
    token_close(t);
    t = softhsm_open(&h, "token=desk;object=alice;id=%02");
    SCRATCH_OK(token_sign(t, "m", 1, signature, err));
    assert_int_equal(0, crypto_sign_verify_detached(signature, (const uint8_t *)"m", 1, bob));
    token_close(t);
    softhsm_release(&h);
}

static void test_a_pair_that_is_none_signs_nothing(void **state)
{
    uint8_t key[TOKEN_PUBLIC_KEY_SIZE];
    uint8_t signature[TOKEN_SIGNATURE_SIZE] = {7};
    struct err err = {.code = ERR_OK};
    struct softhsm h;

    (void)state;
    softhsm_init(&h);
    softhsm_make(&h, "token=desk;object=alice", key);
    softhsm_make(&h, "token=desk;object=bob", key);
    struct token *t = softhsm_open(&h, "token=desk;object=alice");
    assert_int_equal(CKR_OK, t->calls->C_DestroyObject(writing(t), find(t, CKO_PUBLIC_KEY)));
    assert_int_equal(ERR_NOT_FOUND, token_sign(t, "m", 1, signature, &err)); /* who could check it? */
    token_close(t);
    t = softhsm_open(&h, "token=desk;object=bob");
    rename_object(t, CKO_PUBLIC_KEY, "alice");
    token_close(t);
    t = softhsm_open(&h, "token=desk;object=alice");
    assert_int_equal(ERR_KEY, token_sign(t, "m", 1, signature, &err));
    assert_non_null(strstr(err.text, "they are no pair"));
    assert_int_equal(7, signature[0]);
    token_close(t);
    softhsm_release(&h);
}

/* A public key of a token that tells its 32 bytes in its own way. */
static void put_public_key(struct token *t, const uint8_t *value, size_t size, CK_OBJECT_HANDLE *object)
{
    CK_OBJECT_CLASS class = CKO_PUBLIC_KEY;
    CK_KEY_TYPE type = CKK_EC_EDWARDS;
    CK_BBOOL yes = CK_TRUE;
    uint8_t curve[] = {0x06, 3, 0x2b, 0x65, 0x70};
    uint8_t copy[200];
    CK_ATTRIBUTE template[] = {
        {CKA_CLASS, &class, sizeof class}, {CKA_KEY_TYPE, &type, sizeof type},
        {CKA_TOKEN, &yes, sizeof yes},     {CKA_EC_PARAMS, curve, sizeof curve},
        {CKA_EC_POINT, copy, size},        *p11_kit_uri_get_attribute(t->uri, CKA_LABEL),
    };

    memcpy(copy, value, size);
    assert_int_equal(CKR_OK, t->calls->C_CreateObject(writing(t), template, 6, object));
}

static void test_a_public_key_is_read_in_its_three_forms(void **state)
{
    static const struct {
        size_t size; /* head and key */
        uint8_t head[3];
        size_t head_size;
        enum err_code rc;
    } cases[] = {
        {32, {0}, 0, ERR_OK},         {34, {0x04, 32}, 2, ERR_OK},     {35, {0x03, 33, 0}, 3, ERR_OK},
        {31, {0}, 0, ERR_KEY},        {33, {0}, 0, ERR_KEY},           {34, {0x04, 31}, 2, ERR_KEY},
        {34, {0x03, 32}, 2, ERR_KEY}, {35, {0x03, 33, 1}, 3, ERR_KEY}, {35, {0x04, 33, 0}, 3, ERR_KEY},
        {57, {0}, 0, ERR_KEY},  /* Ed448 */
        {200, {0}, 0, ERR_KEY}, /* more than anybody asked for */
    };
    struct softhsm h;

    (void)state;
    softhsm_init(&h);
    struct token *const t = softhsm_open(&h, "token=desk;object=alice");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint8_t value[200];
        uint8_t key[TOKEN_PUBLIC_KEY_SIZE] = {7};
        uint8_t expected[TOKEN_PUBLIC_KEY_SIZE] = {7};
        CK_OBJECT_HANDLE object = 0;
        struct err err = {.code = ERR_OK};
        for (size_t k = 0; k < sizeof value; k++)
            value[k] = (uint8_t)(100 + k);
        memcpy(value, cases[i].head, cases[i].head_size);
        if (!cases[i].rc)
            memcpy(expected, value + cases[i].head_size, sizeof expected);
        put_public_key(t, value, cases[i].size, &object);
        assert_int_equal(cases[i].rc, token_public_key(t, key, &err));
        assert_memory_equal(expected, key, sizeof key);
        assert_int_equal(CKR_OK, t->calls->C_DestroyObject(writing(t), object));
    }
    token_close(t);
    softhsm_release(&h);
}

static void test_a_key_of_another_kind_is_refused(void **state)
{
    static const uint8_t p256[] = {0x06, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07};
    uint8_t key[TOKEN_PUBLIC_KEY_SIZE];
    uint8_t signature[TOKEN_SIGNATURE_SIZE];
    CK_OBJECT_HANDLE private_key = 0;
    struct err err = {.code = ERR_OK};
    struct softhsm h;

    (void)state;
    softhsm_init(&h);
    struct token *const t = softhsm_open(&h, "token=desk;object=web");
    make_otherwise(t, CKM_EC_KEY_PAIR_GEN, p256, sizeof p256, CK_FALSE, &private_key);
    assert_int_equal(ERR_KEY, token_sign(t, "m", 1, signature, &err));
    assert_string_equal("token \"desk\": the private key \"web\" is no Ed25519 key", err.text);
    assert_int_equal(ERR_KEY, token_public_key(t, key, &err));
    assert_string_equal("token \"desk\": the public key \"web\" is no Ed25519 key", err.text);
    token_close(t);
    softhsm_release(&h);
}

/* --- Tokens that are not like SoftHSM: its calls, with one of them replaced ----------------------------- */

static struct {
    CK_FUNCTION_LIST *real;
    CK_FUNCTION_LIST calls; /* what the code under test sees */
    CK_RV answer;           /* of the replaced call, where it only fails */
    unsigned count;         /* how often it was made */
} fake;

static struct token *fake_open(const struct softhsm *h)
{
    struct token *const t = softhsm_open(h, "token=desk;object=alice");

    fake.real = t->calls;
    fake.calls = *t->calls;
    fake.count = 0;
    t->calls = &fake.calls;
    return t;
}

static void fake_close(struct token *t)
{
    t->calls = fake.real;
    token_close(t);
}

static CK_RV takes_words_only(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_ATTRIBUTE *of_public,
                              CK_ULONG public_count, CK_ATTRIBUTE *of_private, CK_ULONG private_count,
                              CK_OBJECT_HANDLE *public_key, CK_OBJECT_HANDLE *private_key)
{
    fake.count++;
    for (CK_ULONG i = 0; i < public_count; i++)
        if (of_public[i].type == CKA_EC_PARAMS && *(const uint8_t *)of_public[i].pValue != 0x13)
            return CKR_DOMAIN_PARAMS_INVALID;
    return fake.real->C_GenerateKeyPair(session, mechanism, of_public, public_count, of_private,
                                        private_count, public_key, private_key);
}

static void test_a_token_that_wants_the_curve_in_words_is_given_words(void **state)
{
    uint8_t key[TOKEN_PUBLIC_KEY_SIZE];
    uint8_t signature[TOKEN_SIGNATURE_SIZE];
    struct softhsm h;

    (void)state;
    softhsm_init(&h);
    struct token *const t = fake_open(&h);
    fake.calls.C_GenerateKeyPair = takes_words_only;
    SCRATCH_OK(token_make_key(t, err));
    assert_int_equal(2, fake.count);
    SCRATCH_OK(token_public_key(t, key, err));
    SCRATCH_OK(token_sign(t, "m", 1, signature, err));
    assert_int_equal(0, crypto_sign_verify_detached(signature, (const uint8_t *)"m", 1, key));
    fake_close(t);
    softhsm_release(&h);
}

static CK_RV makes_loose_keys(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_ATTRIBUTE *of_public,
                              CK_ULONG public_count, CK_ATTRIBUTE *of_private, CK_ULONG private_count,
                              CK_OBJECT_HANDLE *public_key, CK_OBJECT_HANDLE *private_key)
{
    CK_BBOOL yes = CK_TRUE;

    fake.count++;
    for (CK_ULONG i = 0; i < private_count; i++)
        if (of_private[i].type == CKA_EXTRACTABLE)
            of_private[i].pValue = &yes;
    return fake.real->C_GenerateKeyPair(session, mechanism, of_public, public_count, of_private,
                                        private_count, public_key, private_key);
}

static void test_a_key_that_is_not_as_asked_is_destroyed(void **state)
{
    struct err err = {.code = ERR_OK};
    struct softhsm h;

    (void)state;
    softhsm_init(&h);
    struct token *const t = fake_open(&h);
    fake.calls.C_GenerateKeyPair = makes_loose_keys;
    assert_int_equal(ERR_IO, token_make_key(t, &err));
    assert_string_equal("token \"desk\" does not keep the key \"alice\" to itself", err.text);
    assert_int_equal(1, fake.count);
    fake.calls.C_GenerateKeyPair = fake.real->C_GenerateKeyPair;
    SCRATCH_OK(token_make_key(t, err)); /* the name is free again, of both */
    fake_close(t);
    softhsm_release(&h);
}

static CK_RV fails_to_generate(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_ATTRIBUTE *of_public,
                               CK_ULONG public_count, CK_ATTRIBUTE *of_private, CK_ULONG private_count,
                               CK_OBJECT_HANDLE *public_key, CK_OBJECT_HANDLE *private_key)
{
    (void)session, (void)mechanism, (void)of_public, (void)public_count;
    (void)of_private, (void)private_count, (void)public_key, (void)private_key;
    return fake.answer;
}

static CK_RV fails_to_begin(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key)
{
    (void)session, (void)mechanism, (void)key;
    return fake.answer;
}

static void test_what_a_token_cannot_do_is_said(void **state)
{
    static const struct {
        CK_RV answer;
        const char *makes;
        const char *signs;
    } cases[] = {
        {CKR_MECHANISM_INVALID, "token \"desk\" knows no Ed25519 (making a key)",
         "token \"desk\" knows no Ed25519 (signing)"},
        {CKR_DEVICE_REMOVED, "token \"desk\": making a key: ", "token \"desk\": signing: "},
    };
    uint8_t key[TOKEN_PUBLIC_KEY_SIZE];
    uint8_t signature[TOKEN_SIGNATURE_SIZE] = {7};
    struct err err = {.code = ERR_OK};
    struct softhsm h;

    (void)state;
    softhsm_init(&h);
    struct token *t = fake_open(&h);
    fake.calls.C_GenerateKeyPair = fails_to_generate;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        fake.answer = cases[i].answer;
        assert_int_equal(ERR_IO, token_make_key(t, &err));
        assert_memory_equal(cases[i].makes, err.text, strlen(cases[i].makes));
    }
    fake_close(t);
    softhsm_make(&h, "token=desk;object=alice", key);
    t = fake_open(&h);
    fake.calls.C_SignInit = fails_to_begin;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        fake.answer = cases[i].answer;
        assert_int_equal(ERR_IO, token_sign(t, "m", 1, signature, &err));
        assert_memory_equal(cases[i].signs, err.text, strlen(cases[i].signs));
        assert_int_equal(7, signature[0]);
    }
    fake_close(t);
    softhsm_release(&h);
}

static CK_RV signs_short(CK_SESSION_HANDLE session, CK_BYTE *data, CK_ULONG size, CK_BYTE *signature,
                         CK_ULONG *signature_size)
{
    const CK_RV rv = fake.real->C_Sign(session, data, size, signature, signature_size);

    *signature_size = 63;
    return rv;
}

static void test_a_signature_of_another_length_is_none(void **state)
{
    uint8_t key[TOKEN_PUBLIC_KEY_SIZE];
    uint8_t signature[TOKEN_SIGNATURE_SIZE];
    struct err err = {.code = ERR_OK};
    struct softhsm h;

    (void)state;
    softhsm_init(&h);
    softhsm_make(&h, "token=desk;object=alice", key);
    struct token *const t = fake_open(&h);
    fake.calls.C_Sign = signs_short;
    assert_int_equal(ERR_KEY, token_sign(t, "m", 1, signature, &err));
    fake_close(t);
    softhsm_release(&h);
}

static CK_RV lets_nobody_in(CK_SESSION_HANDLE session, CK_USER_TYPE user, CK_UTF8CHAR *pin, CK_ULONG size)
{
    (void)session, (void)user, (void)pin, (void)size;
    return fake.answer;
}

static void test_a_token_that_lets_nobody_in_says_why(void **state)
{
    static const struct {
        CK_RV answer;
        enum err_code rc;
        const char *why;
    } cases[] = {
        {CKR_PIN_LOCKED, ERR_KEY, "token \"desk\" is locked: too many wrong PINs"},
        {CKR_PIN_EXPIRED, ERR_KEY, "token \"desk\" has no PIN that is good now: "},
        {CKR_USER_PIN_NOT_INITIALIZED, ERR_KEY, "token \"desk\" has no PIN that is good now: "},
        {CKR_DEVICE_REMOVED, ERR_IO, "token \"desk\": logging in: "},
    };
    struct softhsm h;

    (void)state;
    softhsm_init(&h);
    struct token *const t = fake_open(&h);
    fake.calls.C_Login = lets_nobody_in;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct err err = {.code = ERR_OK};
        fake.answer = cases[i].answer;
        assert_int_equal(cases[i].rc, token_log_in(t, h.pin, &err));
        assert_memory_equal(cases[i].why, err.text, strlen(cases[i].why));
    }
    fake_close(t);
    softhsm_release(&h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_key_that_was_made_signs_whatever_its_length),
        cmocka_unit_test(test_a_key_that_was_made_cannot_be_taken_out),
        cmocka_unit_test(test_a_key_that_can_be_taken_out_is_seen),
        cmocka_unit_test(test_a_name_is_given_once),
        cmocka_unit_test(test_a_key_is_found_by_its_id),
        cmocka_unit_test(test_a_key_that_is_not_there_is_named),
        cmocka_unit_test(test_two_keys_of_a_name_are_told_apart_by_id),
        cmocka_unit_test(test_a_pair_that_is_none_signs_nothing),
        cmocka_unit_test(test_a_public_key_is_read_in_its_three_forms),
        cmocka_unit_test(test_a_key_of_another_kind_is_refused),
        cmocka_unit_test(test_a_token_that_wants_the_curve_in_words_is_given_words),
        cmocka_unit_test(test_a_key_that_is_not_as_asked_is_destroyed),
        cmocka_unit_test(test_what_a_token_cannot_do_is_said),
        cmocka_unit_test(test_a_signature_of_another_length_is_none),
        cmocka_unit_test(test_a_token_that_lets_nobody_in_says_why),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
