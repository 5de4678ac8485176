#include "audit/timestamp_chain.h"

#include "ledger/file.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ts.h>
#include <openssl/x509_vfy.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define FILE_SIZE_MAX (4 << 20)

struct timestamp_chain {
    X509_STORE *store;
    STACK_OF(X509) * certificates; /* all of the file: for tokens that do not bring their own */
};

static enum err_code no_memory(struct err *err)
{
    ERR_clear_error();
    return err_set(err, ERR_MEMORY, "out of memory");
}

/* -- the file -------------------------------------------------------------------------------------------- */

static enum err_code read_file(const char *path, BIO **bio, struct err *err)
{
    struct stat st;
    FILE *file = NULL;

    const int fd = file_open(path, O_RDONLY | O_CLOEXEC, 0);
    if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size <= FILE_SIZE_MAX)
        file = fdopen(fd, "rb");
    if (!file) {
        const int why = fd < 0 ? errno : 0;
        if (fd >= 0)
            close(fd);
        return err_set(err, why ? ERR_IO : ERR_INPUT, "%s: %s", path,
                       why ? strerror(why) : "it is no file of certificates");
    }
    *bio = BIO_new_fp(file, BIO_CLOSE);
    if (*bio)
        return ERR_OK;
    fclose(file);
    return no_memory(err);
}

static enum err_code take(struct timestamp_chain *c, X509 *certificate, struct err *err)
{
    if (X509_STORE_add_cert(c->store, certificate) == 1 && sk_X509_push(c->certificates, certificate) > 0)
        return ERR_OK;
    X509_free(certificate);
    return no_memory(err);
}

/* "no start line" is how OpenSSL says that there are no more. */
static bool is_at_end(void)
{
    const unsigned long code = ERR_peek_last_error();
    const bool is = ERR_GET_LIB(code) == ERR_LIB_PEM && ERR_GET_REASON(code) == PEM_R_NO_START_LINE;

    ERR_clear_error();
    return is;
}

/* Certificates are no secrets: a file that wants a passphrase is not asked for one. */
static int no_passphrase(char *out, int size, int is_writing, void *arg)
{
    (void)out;
    (void)size;
    (void)is_writing;
    (void)arg;
    return -1;
}

static enum err_code read_certificates(struct timestamp_chain *c, BIO *bio, const char *path, struct err *err)
{
    ERR_clear_error();
    for (;;) {
        X509 *const certificate = PEM_read_bio_X509(bio, NULL, no_passphrase, NULL);
        if (!certificate)
            break;
        const enum err_code rc = take(c, certificate, err);
        if (rc)
            return rc;
    }
    const int count = sk_X509_num(c->certificates);
    if (is_at_end() && count > 0)
        return ERR_OK;
    return err_set(err, ERR_INPUT, "%s: certificate %d of it cannot be read: PEM is expected", path,
                   count + 1);
}

enum err_code timestamp_chain_open(const char *path, struct timestamp_chain **c, struct err *err)
{
    struct timestamp_chain *const made = calloc(1, sizeof *made);
    BIO *bio = NULL;

    if (!made)
        return no_memory(err);
    made->store = X509_STORE_new();
    made->certificates = sk_X509_new_null();
    enum err_code rc = made->store && made->certificates ? ERR_OK : no_memory(err);
    if (!rc)
        rc = read_file(path, &bio, err);
    if (!rc)
        rc = read_certificates(made, bio, path, err);
    BIO_free(bio);
    if (rc)
        timestamp_chain_close(made);
    else
        *c = made;
    return rc;
}

void timestamp_chain_close(struct timestamp_chain *c)
{
    if (!c)
        return;
    X509_STORE_free(c->store);
    sk_X509_pop_free(c->certificates, X509_free);
    free(c);
}

/* -- the check ------------------------------------------------------------------------------------------- */

/* The newest of OpenSSL's errors says what went wrong; what it adds says where. */
static enum err_code refused(struct err *err)
{
    const char *data = NULL;
    int flags = 0;

    const unsigned long code = ERR_peek_last_error_data(&data, &flags);
    const char *const reason = ERR_reason_error_string(code);
    const bool has_data = data && flags & ERR_TXT_STRING && data[0];
    err_set(err, ERR_WRONG, "its signature or its chain of certificates does not hold: %s%s%s",
            reason ? reason : "no reason given", has_data ? ": " : "", has_data ? data : "");
    ERR_clear_error();
    return ERR_WRONG;
}

static TS_VERIFY_CTX *new_context(const struct timestamp_chain *c, const struct timestamp *t)
{
    TS_VERIFY_CTX *const v = TS_VERIFY_CTX_new();
    unsigned char *const imprint = OPENSSL_memdup(t->imprint, t->imprint_size);
    STACK_OF(X509) *const untrusted = X509_chain_up_ref(c->certificates);
    X509_VERIFY_PARAM *const param = X509_STORE_get0_param(c->store);

    if (!v || !imprint || !untrusted || !X509_STORE_up_ref(c->store)) {
        TS_VERIFY_CTX_free(v);
        OPENSSL_free(imprint);
        sk_X509_pop_free(untrusted, X509_free);
        return NULL;
    }
    X509_VERIFY_PARAM_set_time(param, (time_t)(t->at_ns / NS_PER_SECOND));
    (void)TS_VERIFY_CTX_set_flags(v, TS_VFY_VERSION | TS_VFY_SIGNATURE | TS_VFY_IMPRINT);
    (void)TS_VERIFY_CTX_set_imprint(v, imprint, (long)t->imprint_size);
    (void)TS_VERIFY_CTX_set_store(v, c->store);
    (void)TS_VERIFY_CTS_set_certs(v, untrusted);
    return v;
}

/* By what the SignerInfo names, wherever its certificate stands among others. */
static void name_signer(const struct timestamp_chain *c, PKCS7 *token, char *signer)
{
    STACK_OF(X509) *const signers = PKCS7_get0_signers(token, c->certificates, 0);
    const X509 *const certificate = signers ? sk_X509_value(signers, 0) : NULL;
    BIO *const out = BIO_new(BIO_s_mem());
    char *text = NULL;

    snprintf(signer, TIMESTAMP_TEXT_SIZE, "?");
    if (certificate && out &&
        X509_NAME_print_ex(out, X509_get_subject_name(certificate), 0, XN_FLAG_RFC2253) > 0) {
        const long size = BIO_get_mem_data(out, &text);
        snprintf(signer, TIMESTAMP_TEXT_SIZE, "%.*s",
                 (int)(size < TIMESTAMP_TEXT_SIZE ? size : TIMESTAMP_TEXT_SIZE), text);
    }
    BIO_free(out);
    sk_X509_free(signers);
    ERR_clear_error();
}

enum err_code timestamp_chain_check(const struct timestamp_chain *c, const struct timestamp *t,
                                    const void *token, size_t size, char *signer, struct err *err)
{
    const unsigned char *at = token;
    enum err_code rc = ERR_OK;

    ERR_clear_error();
    PKCS7 *const parsed = d2i_PKCS7(NULL, &at, (long)size);
    if (!parsed)
        return refused(err);
    TS_VERIFY_CTX *const v = new_context(c, t);
    if (!v)
        rc = no_memory(err);
    else if (TS_RESP_verify_token(v, parsed) != 1)
        rc = refused(err);
    if (!rc && signer)
        name_signer(c, parsed, signer);
    TS_VERIFY_CTX_free(v);
    PKCS7_free(parsed);
    return rc;
}
