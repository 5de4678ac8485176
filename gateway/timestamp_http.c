#include "gateway/timestamp_http.h"

#include "audit/timestamp_chain.h"
#include "gateway/http.h"
#include "ledger/hash.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>

#define NONCE_SIZE  8
#define ANSWER_MAX  ((size_t)TIMESTAMP_SIZE_MAX + 4096)
#define ANSWER_TYPE "application/timestamp-reply"

/* -- the question ---------------------------------------------------------------------------------------- */

void timestamp_http_question(uint8_t out[TIMESTAMP_HTTP_QUESTION_SIZE], const uint8_t imprint[32],
                             const uint8_t nonce[NONCE_SIZE])
{
    static const uint8_t HEAD[] = {0x30, 0x43,                         /* TimeStampReq */
                                   0x02, 0x01, 0x01,                   /* version 1 */
                                   0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, /* the imprint: by SHA-256 */
                                   0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04,
                                   0x02, 0x01, 0x05, 0x00, 0x04, 0x20};
    static const uint8_t NONCE[] = {0x02, NONCE_SIZE};
    static const uint8_t CERTIFICATES[] = {0x01, 0x01, 0xff};
    uint8_t *p = out;

    _Static_assert(sizeof HEAD + 32 + sizeof NONCE + NONCE_SIZE + sizeof CERTIFICATES ==
                       TIMESTAMP_HTTP_QUESTION_SIZE,
                   "the question's size");
    p = (uint8_t *)memcpy(p, HEAD, sizeof HEAD) + sizeof HEAD;
    p = (uint8_t *)memcpy(p, imprint, 32) + 32;
    p = (uint8_t *)memcpy(p, NONCE, sizeof NONCE) + sizeof NONCE;
    p = (uint8_t *)memcpy(p, nonce, NONCE_SIZE) + NONCE_SIZE;
    memcpy(p, CERTIFICATES, sizeof CERTIFICATES);
}

/* A DER INTEGER as it is: positive, and in its shortest form. */
static enum err_code make_nonce(uint8_t nonce[NONCE_SIZE], struct err *err)
{
    if (getrandom(nonce, NONCE_SIZE, 0) != NONCE_SIZE)
        return err_set(err, ERR_IO, "no random number can be had: %s", strerror(errno));
    nonce[0] = (uint8_t)((nonce[0] & 0x7f) | 0x40);
    return ERR_OK;
}

/* -- the answer ------------------------------------------------------------------------------------------ */

/* What a stranger sends is shown without what would command a terminal. */
static void put_printable(char *out, size_t size, const char *text)
{
    size_t n = 0;

    for (; text[n] && n + 1 < size; n++)
        out[n] = text[n] >= 0x20 && text[n] < 0x7f ? text[n] : '?';
    out[n] = '\0';
}

static enum err_code check_http(const struct http_answer *a, struct err *err)
{
    const size_t length = strlen(ANSWER_TYPE);
    char shown[sizeof a->content_type];

    if (a->status != 200)
        return err_set(err, ERR_INPUT, "it answered with HTTP status %u", a->status);
    if (strncasecmp(a->content_type, ANSWER_TYPE, length) == 0 &&
        (a->content_type[length] == '\0' || strchr("; \t", a->content_type[length])))
        return ERR_OK;
    put_printable(shown, sizeof shown, a->content_type);
    return err_set(err, ERR_INPUT, "its answer is of the type \"%s\", not " ANSWER_TYPE, shown);
}

static enum err_code take_token(const struct http_answer *a, struct timestamp_http_answer *answer,
                                struct err *err)
{
    struct timestamp_answer parsed;
    struct err why = {.code = ERR_OK};

    if (timestamp_answer_parse(&parsed, a->body, a->size, &why))
        return err_set(err, ERR_INPUT, "its answer is none (%zu bytes that are no DER TimeStampResp)",
                       a->size);
    if (parsed.status > 1 || !parsed.token)
        return err_set(err, ERR_INPUT, "it refused (status %" PRIu64 "): %s", parsed.status, parsed.why);
    if (parsed.token_size > sizeof answer->token)
        return err_set(err, ERR_INPUT, "its token has %zu bytes where %zu are allowed", parsed.token_size,
                       sizeof answer->token);
    memcpy(answer->token, parsed.token, parsed.token_size);
    answer->token_size = parsed.token_size;
    if (timestamp_parse(&answer->timestamp, answer->token, answer->token_size, &why))
        return err_set(err, ERR_INPUT, "its token cannot be used: %s", why.text);
    return ERR_OK;
}

static enum err_code check_token(const struct timestamp_http_request *request,
                                 const uint8_t nonce[NONCE_SIZE], struct timestamp_http_answer *answer,
                                 struct err *err)
{
    const struct timestamp *const t = &answer->timestamp;
    struct timestamp_chain *chain = NULL;

    if (!t->nonce || t->nonce_size != NONCE_SIZE || memcmp(t->nonce, nonce, NONCE_SIZE) != 0)
        return err_set(err, ERR_INPUT,
                       "its token has not the nonce of this question: it is an answer to another");
    enum err_code rc = timestamp_check(t, request->note, request->note_size, request->recorded_at_ns, err);
    answer->signer[0] = '\0';
    if (!rc && request->chain_file)
        rc = timestamp_chain_open(request->chain_file, &chain, err);
    if (!rc && chain)
        rc = timestamp_chain_check(chain, t, answer->token, answer->token_size, answer->signer, err);
    timestamp_chain_close(chain);
    if (rc == ERR_WRONG && err)
        err->code = ERR_INPUT; /* somebody else's fault, not the journal's */
    return rc == ERR_WRONG ? ERR_INPUT : rc;
}

static enum err_code obtain(struct http *h, const struct timestamp_http_request *request,
                            struct timestamp_http_answer *answer, struct err *err)
{
    const struct hash imprint =
        hash_bytes(request->note, timestamp_bare_size(request->note, request->note_size));
    uint8_t question[TIMESTAMP_HTTP_QUESTION_SIZE];
    uint8_t nonce[NONCE_SIZE];
    struct http_answer a;

    enum err_code rc = make_nonce(nonce, err);
    if (rc)
        return rc;
    timestamp_http_question(question, imprint.bytes, nonce);
    const struct http_request post = {.url = request->url,
                                      .body = question,
                                      .body_size = sizeof question,
                                      .content_type = "application/timestamp-query",
                                      .answer_max = ANSWER_MAX,
                                      .timeout_s = request->timeout_s};
    rc = http_do(h, &post, &a, err);
    if (rc)
        return rc; /* its words name the address */
    rc = check_http(&a, err);
    if (!rc)
        rc = take_token(&a, answer, err);
    if (!rc)
        rc = check_token(request, nonce, answer, err);
    http_answer_release(&a);
    return rc ? err_wrap(err, "the timestamp authority %s", request->url) : ERR_OK;
}

enum err_code timestamp_http_obtain(const struct timestamp_http_request *request,
                                    struct timestamp_http_answer *answer, struct err *err)
{
    struct http *h = NULL;
    enum err_code rc = http_open(&h, err);

    if (!rc)
        rc = obtain(h, request, answer, err);
    http_close(h);
    return rc;
}
