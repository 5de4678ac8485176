/*
 * SoftHSM for tests: a real PKCS#11 module, with tokens in a directory of the test's own.
 *
 *   struct softhsm h;
 *   softhsm_init(&h);                                        one token, "desk"; or the test says why it is skipped
 *   struct token *t = softhsm_open(&h, "token=desk;object=alice");
 *   ...
 *   softhsm_release(&h);
 */
#ifndef TESTS_SUPPORT_SOFTHSM_H
#define TESTS_SUPPORT_SOFTHSM_H

#include "gateway/token.h"
#include "gateway/token_impl.h"
#include "support/journals.h"

#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/stat.h>

#include <cmocka.h>

#define SOFTHSM_PIN "314159"

struct softhsm {
    struct scratch scratch;
    struct secret *pin;
    const char *module;
};

static inline const char *softhsm_module(void)
{
    static const char *const paths[] = {
        "/usr/lib/softhsm/libsofthsm2.so", "/usr/lib64/softhsm/libsofthsm2.so",
        "/usr/lib64/pkcs11/libsofthsm2.so", "/usr/local/lib/softhsm/libsofthsm2.so"};

    if (system("command -v softhsm2-util >/dev/null 2>&1") == 0)
        for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++)
            if (access(paths[i], R_OK) == 0)
                return paths[i];
    print_message("skipped: softhsm2 (softhsm2-util and libsofthsm2.so) is not installed\n");
    skip();
    abort(); /* skip() does not return; the compiler cannot know */
}

static inline void softhsm_token(const char *label)
{
    char command[300];

    snprintf(command, sizeof command,
             "softhsm2-util --init-token --free --label '%s' --so-pin 27182818 --pin " SOFTHSM_PIN
             " >/dev/null",
             label);
    assert_int_equal(0, system(command));
}

/* One token, "desk", in an empty directory. */
static inline void softhsm_init(struct softhsm *h)
{
    const char *const module = softhsm_module();
    char path[300];

    *h = (struct softhsm){.module = module};
    scratch_init(&h->scratch);
    assert_int_equal(0, mkdir(h->scratch.dir, 0700));
    snprintf(path, sizeof path, "%s/softhsm2.conf", h->scratch.root);
    FILE *const f = fopen(path, "w");
    assert_non_null(f);
    fprintf(f, "directories.tokendir = %s\nobjectstore.backend = file\nlog.level = ERROR\n", h->scratch.dir);
    assert_int_equal(0, fclose(f));
    assert_int_equal(0, setenv("SOFTHSM2_CONF", path, 1));
    SCRATCH_OK(secret_new(&h->pin, SOFTHSM_PIN, strlen(SOFTHSM_PIN), err));
    softhsm_token("desk");
}

static inline void softhsm_release(struct softhsm *h)
{
    secret_free(h->pin);
    scratch_release(&h->scratch);
}

static inline enum err_code softhsm_try(const struct softhsm *h, struct token **t, const char *what,
                                        struct err *err)
{
    char uri[500];

    snprintf(uri, sizeof uri, "pkcs11:%s?module-path=%s", what, h->module);
    return token_open(t, uri, h->pin, err);
}

static inline struct token *softhsm_open(const struct softhsm *h, const char *what)
{
    struct token *t = NULL;

    SCRATCH_OK(softhsm_try(h, &t, what, err));
    return t;
}

/* A pair of this name, and its public key. */
static inline void softhsm_make(const struct softhsm *h, const char *what, uint8_t key[TOKEN_PUBLIC_KEY_SIZE])
{
    struct token *const t = softhsm_open(h, what);

    SCRATCH_OK(token_make_key(t, err));
    SCRATCH_OK(token_public_key(t, key, err));
    token_close(t);
}

#endif
