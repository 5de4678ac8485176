#include "verifier/trust.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ts.h>
#include <stdio.h>

#define SECOND_NS INT64_C(1000000000)

struct trust {
    X509_STORE *store;
    STACK_OF(X509) * certificates; /* all of the file: for tokens that do not bring their own */
};

void trust_close(struct trust *t)
{
    if (!t)
        return;
    X509_STORE_free(t->store);
    sk_X509_pop_free(t->certificates, X509_free);
    free(t);
}

/* A file that asks for a passphrase gets none. */
static int no_passphrase(char *out, int size, int is_writing, void *arg)
{
    (void)out, (void)size, (void)is_writing, (void)arg;
    return -1;
}

static bool read_certificates(struct trust *t, FILE *file)
{
    X509 *certificate = NULL;

    while ((certificate = PEM_read_X509(file, NULL, no_passphrase, NULL))) {
        if (X509_STORE_add_cert(t->store, certificate) != 1 ||
            sk_X509_push(t->certificates, certificate) <= 0) {
            X509_free(certificate);
            return false;
        }
    }
    /* "No start line" is how OpenSSL says that there are no more. */
    return sk_X509_num(t->certificates) > 0 && ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
}

struct trust *trust_open(const char *path, struct words *w)
{
    struct trust *const t = calloc(1, sizeof *t);
    FILE *const file = fopen(path, "rbe");

    ERR_clear_error();
    if (!file)
        words_put(w, "%s: %s", path, strerror(errno));
    else
        words_put(w, "%s: it is no file of certificates in PEM", path);
    if (t) {
        t->store = X509_STORE_new();
        t->certificates = sk_X509_new_null();
    }
    const bool good = t && file && t->store && t->certificates && read_certificates(t, file);
    ERR_clear_error();
    if (file)
        fclose(file);
    if (good)
        return t;
    trust_close(t);
    return NULL;
}

static TS_VERIFY_CTX *context(const struct trust *t, int64_t at_ns)
{
    TS_VERIFY_CTX *const v = TS_VERIFY_CTX_new();
    STACK_OF(X509) *const certificates = X509_chain_up_ref(t->certificates);

    if (!v || !certificates || X509_STORE_up_ref(t->store) != 1) {
        TS_VERIFY_CTX_free(v);
        sk_X509_pop_free(certificates, X509_free);
        return NULL;
    }
    X509_VERIFY_PARAM_set_time(X509_STORE_get0_param(t->store), (time_t)(at_ns / SECOND_NS));
    (void)TS_VERIFY_CTX_set_flags(v, TS_VFY_VERSION | TS_VFY_SIGNATURE);
    (void)TS_VERIFY_CTX_set_store(v, t->store);
    (void)TS_VERIFY_CTS_set_certs(v, certificates);
    return v;
}

const char *trust_check(const struct trust *t, const uint8_t *token, size_t size, int64_t at_ns,
                        struct words *w)
{
    ERR_clear_error();
    PKCS7 *const parsed = d2i_PKCS7(NULL, &token, (long)size);
    TS_VERIFY_CTX *const v = context(t, at_ns);
    const bool good = parsed && v && TS_RESP_verify_token(v, parsed) == 1;
    const char *const reason = ERR_reason_error_string(ERR_peek_last_error());

    TS_VERIFY_CTX_free(v);
    PKCS7_free(parsed);
    words_put(w, "is not proven by the certificates given: %s", reason ? reason : "no reason is known");
    ERR_clear_error();
    return good ? NULL : w->text;
}
