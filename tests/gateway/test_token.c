/* The way to a key in a token: the URI, the module, the token, the PIN. */
#include "gateway/token.h"

#include "ledger/hash.h"
#include "support/softhsm.h"

#include <sys/wait.h>

#define CONFIGURED "/usr/share/p11-kit/modules/softhsm2.module"

static void test_uris_that_are_refused_say_why_and_show_no_value(void **state)
{
    static const struct {
        const char *uri;
        const char *why;
    } cases[] = {
        {"", "scheme"},
        {"alice", "scheme"},
        {"http:token=desk;object=alice", "scheme"},
        {"pkcs11:", "names no key"},
        {"pkcs11:token=desk", "names no key"},
        {"pkcs11:token=desk;object=", "names no key"},
        {"pkcs11:token=desk;object", "syntax"},
        {"pkcs11:token=desk;object=%zz", "encod"},
        {"pkcs11:token=desk;object=%4", "encod"},
        {"pkcs11:token=desk;objekt=alice;object=a", "RFC 7512"},
        {"pkcs11:token=desk;object=alice;pin-value=9265", "has pin-value: "},
        {"pkcs11:token=desk;object=alice;pinfile=9265", "has pin-source: "},
        {"pkcs11:token=desk;object=alice;pin-source=9265", "has pin-source: "},
        {"pkcs11:token=desk;object=alice;type=cert", "leave type= out"},
        {"pkcs11:token=desk;object=alice;type=secret-key", "leave type= out"},
        {"pkcs11:token=desk;object=alice?pin-value=9265", "has pin-value: "},
        {"pkcs11:token=desk;object=alice?pin-value=", "has pin-value: "},
        {"pkcs11:token=desk;object=alice?pin-source=file:9265", "has pin-source: "},
        {"pkcs11:token=desk;object=alice?pinfile=9265", "has pin-source: "},
        {"pkcs11:token=desk;object=alice?module-path=/nowhere&pin-value=9265", "has pin-value: "},
        {"pkcs11:token=desk;object=alice?module-path=/nowhere?pin-value=9265", "set apart by &"},
        {"pkcs11:token=desk;object=alice?module-path=/nowhere;pin-value=9265", "set apart by &"},
        {"pkcs11:token=desk;object=alice?module-path=/nowhere& pin-value=9265", "has"},
        {"pkcs11:token=desk;object=alice?module-pat=/nowhere", "has module-pat after its '?'"},
        {"pkcs11:token=desk;object=alice?module-name=softhsm2", "has module-name after its '?'"},
        {"pkcs11:token=desk;object=alice?", "without a value"},
        {"pkcs11:token=desk;object=alice?9265", "syntax"},
        {"pkcs11:token=desk;object=alice?module-path=/nowhere&9265", "syntax"},
    };
    struct secret *pin = NULL;

    (void)state;
    SCRATCH_OK(secret_new(&pin, SOFTHSM_PIN, strlen(SOFTHSM_PIN), err));
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct token *t = NULL;
        struct err err = {.code = ERR_OK};
        const enum err_code rc = token_open(&t, cases[i].uri, pin, &err);
        assert_int_equal(ERR_INPUT, rc);
        assert_non_null(strstr(err.text, cases[i].why));
        assert_null(strstr(err.text, "9265"));
        assert_null(t);
    }
    secret_free(pin);
}

static void test_a_module_that_cannot_be_loaded_is_named(void **state)
{
    static const struct {
        const char *path;
        const char *why;
    } cases[] = {
        {"/nowhere/pkcs11.so", "No such file"},
        {"/tmp", "Is a directory"},
        {"/lib/x86_64-linux-gnu/libc.so.6", "C_GetFunctionList"},
        {"no%1bthing.so", "no?thing.so"},
    };
    struct secret *pin = NULL;

    (void)state;
    SCRATCH_OK(secret_new(&pin, SOFTHSM_PIN, strlen(SOFTHSM_PIN), err));
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct token *t = NULL;
        struct err err = {.code = ERR_OK};
        char uri[300];
        if (cases[i].path[0] == '/' && access(cases[i].path, F_OK) != 0 && i > 0)
            continue; /* another machine's libc */
        snprintf(uri, sizeof uri, "pkcs11:token=desk;object=alice?module-path=%s", cases[i].path);
        assert_int_equal(ERR_NOT_FOUND, token_open(&t, uri, pin, &err));
        assert_memory_equal("module-path=", err.text, 12);
        assert_non_null(strstr(err.text, cases[i].why));
        assert_null(strchr(err.text, '\x1b'));
        assert_null(t);
    }
    secret_free(pin);
}

static void test_a_module_that_does_not_start_says_so(void **state)
{
    struct token *t = NULL;
    struct err err = {.code = ERR_OK};
    struct softhsm h;

    (void)state;
    softhsm_init(&h);
    assert_int_equal(0, setenv("SOFTHSM2_CONF", "/nowhere", 1));
    assert_int_equal(ERR_IO, softhsm_try(&h, &t, "token=desk;object=alice", &err));
    assert_non_null(strstr(err.text, "the module does not start"));
    assert_null(t);
    softhsm_release(&h);
}

static void test_without_a_module_path_the_configured_modules_are_asked(void **state)
{
    uint8_t key[TOKEN_PUBLIC_KEY_SIZE];
    uint8_t signature[TOKEN_SIGNATURE_SIZE];
    struct token *t = NULL;
    struct err err = {.code = ERR_OK};
    struct softhsm h;

    (void)state;
    if (access(CONFIGURED, R_OK) != 0) {
        print_message("skipped: p11-kit does not know SoftHSM here: no " CONFIGURED "\n");
        skip();
    }
    softhsm_init(&h);
    softhsm_make(&h, "token=desk;object=alice", key);
    SCRATCH_OK(token_open(&t, "pkcs11:token=desk;object=alice", h.pin, err));
    SCRATCH_OK(token_sign(t, "m", 1, signature, err));
    assert_int_equal(0, crypto_sign_verify_detached(signature, (const uint8_t *)"m", 1, key));
    token_close(t);
    t = NULL;
    assert_int_equal(ERR_NOT_FOUND, token_open(&t, "pkcs11:token=safe;object=alice", h.pin, &err));
    assert_non_null(strstr(err.text, "\"desk\""));
    assert_null(t);
    softhsm_release(&h);
}

static void test_a_token_that_is_not_there_is_named(void **state)
{
    struct token *t = NULL;
    struct err err = {.code = ERR_OK};
    struct softhsm h;

    (void)state;
    softhsm_init(&h);
    softhsm_token("other desk");
    assert_int_equal(ERR_NOT_FOUND, softhsm_try(&h, &t, "token=safe;object=alice", &err));
    assert_non_null(strstr(err.text, "token=safe: there is no such token; there is \""));
    assert_non_null(strstr(err.text, "\"desk\""));
    assert_non_null(strstr(err.text, "\"other desk\""));
    assert_int_equal(ERR_NOT_FOUND, softhsm_try(&h, &t, "token=desk;serial=1;object=alice", &err));
    assert_int_equal(ERR_NOT_FOUND, softhsm_try(&h, &t, "token=desk;slot-id=77;object=alice", &err));
    assert_int_equal(ERR_NOT_FOUND,
                     softhsm_try(&h, &t, "token=desk;library-manufacturer=Nobody;object=alice", &err));
    assert_string_equal("token=desk: there is no such token; there is none at all. Is it plugged in?",
                        err.text);
    assert_null(t);
    softhsm_release(&h);
}

static void test_two_tokens_of_a_name_are_told_apart_by_serial(void **state)
{
    struct token *t = NULL;
    struct err err = {.code = ERR_OK};
    char what[200];
    struct softhsm h;

    (void)state;
    softhsm_init(&h);
    softhsm_token("desk");
    assert_int_equal(ERR_INPUT, softhsm_try(&h, &t, "token=desk;object=alice", &err));
    assert_memory_equal("token=desk stands for 2 tokens, with the serial numbers ", err.text, 56);
    assert_null(t);
    const char *const serial = strstr(err.text, "with serial=");
    assert_non_null(serial);
    snprintf(what, sizeof what, "token=desk;serial=%.16s;object=alice", serial + 12);
    token_close(softhsm_open(&h, what));
    softhsm_token("third");
    assert_int_equal(ERR_INPUT, softhsm_try(&h, &t, "object=alice", &err));
    assert_memory_equal("the URI stands for 3 tokens, ", err.text, 29);
    assert_non_null(strstr(err.text, " and others"));
    softhsm_release(&h);
}

static void test_a_wrong_pin_opens_nothing(void **state)
{
    static const char *const pins[] = {"314158", "31415", "3", "3141590", "27182818"};
    struct softhsm h;

    (void)state;
    softhsm_init(&h);
    struct secret *const right = h.pin;
    for (size_t i = 0; i < sizeof pins / sizeof pins[0]; i++) {
        struct token *t = NULL;
        struct err err = {.code = ERR_OK};
        SCRATCH_OK(secret_new(&h.pin, pins[i], strlen(pins[i]), err));
        assert_int_equal(ERR_KEY, softhsm_try(&h, &t, "token=desk;object=alice", &err));
        assert_memory_equal("the PIN is not that of token \"desk\"", err.text, 35);
        assert_null(strstr(err.text, "3141"));
        assert_null(t);
        secret_free(h.pin);
    }
    h.pin = right;
    token_close(softhsm_open(&h, "token=desk;object=alice"));
    softhsm_release(&h);
}

static void test_a_process_opens_a_token_once_at_a_time(void **state)
{
    uint8_t key[TOKEN_PUBLIC_KEY_SIZE];
    uint8_t signature[TOKEN_SIGNATURE_SIZE];
    struct token *second = NULL;
    struct err err = {.code = ERR_OK};
    struct softhsm h;

    (void)state;
    softhsm_init(&h);
    softhsm_make(&h, "token=desk;object=alice", key);
    struct token *const t = softhsm_open(&h, "token=desk;object=alice");
    assert_int_equal(ERR_IO, softhsm_try(&h, &second, "token=desk;object=alice", &err));
    assert_string_equal("token \"desk\" is open in this process already", err.text);
    SCRATCH_OK(token_sign(t, "m", 1, signature, err)); /* and the first is as it was */
    token_close(t);
    token_close(NULL);
    softhsm_release(&h);
}

/* As the program is: no core dumps, not to be looked into. */
static void test_a_hardened_process_signs(void **state)
{
    uint8_t key[TOKEN_PUBLIC_KEY_SIZE];
    uint8_t signature[TOKEN_SIGNATURE_SIZE];
    int status = -1;
    struct softhsm h;

    (void)state;
    softhsm_init(&h);
    softhsm_make(&h, "token=desk;object=alice", key);
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        SCRATCH_OK(secret_harden_process(err));
        struct token *const t = softhsm_open(&h, "token=desk;object=alice");
        SCRATCH_OK(token_sign(t, "m", 1, signature, err));
        token_close(t);
        _exit(crypto_sign_verify_detached(signature, (const uint8_t *)"m", 1, key) == 0 ? 0 : 1);
    }
    assert_int_equal(child, waitpid(child, &status, 0));
    assert_true(WIFEXITED(status));
    assert_int_equal(0, WEXITSTATUS(status));
    softhsm_release(&h);
}

/* SoftHSM stands on the libcrypto that this program hashes with. */
static void test_a_module_that_is_gone_takes_nothing_with_it(void **state)
{
    struct softhsm h;

    (void)state;
    softhsm_init(&h);
    const struct hash before = hash_leaf("m", 1);
    for (int i = 0; i < 3; i++) {
        token_close(softhsm_open(&h, "token=desk;object=alice"));
        const struct hash after = hash_leaf("m", 1);
        assert_memory_equal(&before, &after, sizeof before);
    }
    softhsm_release(&h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_uris_that_are_refused_say_why_and_show_no_value),
        cmocka_unit_test(test_a_module_that_cannot_be_loaded_is_named),
        cmocka_unit_test(test_a_module_that_does_not_start_says_so),
        cmocka_unit_test(test_without_a_module_path_the_configured_modules_are_asked),
        cmocka_unit_test(test_a_token_that_is_not_there_is_named),
        cmocka_unit_test(test_two_tokens_of_a_name_are_told_apart_by_serial),
        cmocka_unit_test(test_a_wrong_pin_opens_nothing),
        cmocka_unit_test(test_a_process_opens_a_token_once_at_a_time),
        cmocka_unit_test(test_a_hardened_process_signs),
        cmocka_unit_test(test_a_module_that_is_gone_takes_nothing_with_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
