/*
 * Whose word a token is, with those that trailofbits/rfc3161-client has published: of three makers, one without its
 * certificate, one with other people's beside it, one whose signature is broken, one whose certificate has expired since.
 */
#include "audit/der.h"
#include "audit/timestamp.h"
#include "audit/timestamp_chain.h"
#include "ledger/base64.h"
#include "support/shared.h"

#include <openssl/evp.h>
#include <sys/stat.h>
#include <unistd.h>

struct token {
    uint8_t bytes[16384];
    size_t size;
    struct timestamp read;
};

static const struct verdict {
    const char *name;
    const char *refusal; /* in the words; NULL: it holds */
    const char *signer;
    const char *at;
} VERDICTS[] = {
    {"sigstage sha256", NULL, "CN=sigstore-tsa,O=sigstore.dev", "2025-05-09T11:58:55Z"},
    {"sigstage sha384", NULL, "CN=sigstore-tsa,O=sigstore.dev", "2025-05-09T11:58:55Z"},
    {"sigstage sha512", NULL, "CN=sigstore-tsa,O=sigstore.dev", "2025-05-09T11:58:56Z"},
    {"sigstage no embedded cert", NULL, "CN=sigstore-tsa,O=sigstore.dev", "2025-06-18T08:13:02Z"},
    {"sigstage invalid signature", "signature failure", NULL, "2025-05-09T11:58:55Z"},
    {"local test TSA", NULL, "CN=Test TSA Timestamping,O=local", "2024-10-08T15:40:32Z"},
    {"local test TSA, other request", "certificate", NULL, NULL},
    {"injected certificates", NULL, "CN=Test TSA Timestamping,O=local", NULL},
    {"production TSA of another maker (identrust)", NULL, "IdenTrust", NULL},
    {"expired", NULL, "tsa", NULL},
};
#define VERDICTS_COUNT (sizeof VERDICTS / sizeof VERDICTS[0])

static size_t from_base64(const char *text, uint8_t *out, size_t capacity)
{
    size_t size = 0;

    assert_int_equal(base64_decode(text, strlen(text), out, capacity, &size, NULL), ERR_OK);
    return size;
}

static const cJSON *case_of(const cJSON *json, const char *name)
{
    const cJSON *row = NULL;

    cJSON_ArrayForEach(row, shared_member(json, "cases"))
    {
        if (strcmp(shared_text(row, "name"), name) == 0)
            return row;
    }
    fail_msg("there is no case \"%s\"", name);
    return NULL;
}

/* The token of a case's answer, which must be granted. */
static void read_token(const cJSON *row, struct token *token)
{
    static uint8_t answer[16384];
    struct timestamp_answer a;

    const size_t size = from_base64(shared_text(row, "tsr_base64"), answer, sizeof answer);
    assert_int_equal(timestamp_answer_parse(&a, answer, size, NULL), ERR_OK);
    assert_int_equal(a.status, 0);
    assert_non_null(a.token);
    memcpy(token->bytes, a.token, a.token_size);
    token->size = a.token_size;
    assert_int_equal(timestamp_parse(&token->read, token->bytes, token->size, NULL), ERR_OK);
}

static void check_imprint(const cJSON *row, const struct timestamp *t)
{
    uint8_t message[256] = "hello";
    size_t message_size = 5;
    uint8_t digest[64];
    unsigned size = 0;
    const cJSON *const bytes = cJSON_GetObjectItemCaseSensitive(row, "message_base64");
    const EVP_MD *const kind = t->imprint_size == 32   ? EVP_sha256()
                               : t->imprint_size == 48 ? EVP_sha384()
                                                       : EVP_sha512();

    if (bytes)
        message_size = from_base64(bytes->valuestring, message, sizeof message);
    assert_int_equal(EVP_Digest(message, message_size, digest, &size, kind, NULL), 1);
    assert_int_equal(size, t->imprint_size);
    assert_memory_equal(digest, t->imprint, size);
}

/* A case's certificates as a file, to be unlinked. */
static void write_chain(const cJSON *row, char path[64])
{
    const cJSON *const root = cJSON_GetObjectItemCaseSensitive(row, "root_der_base64");

    snprintf(path, 64, "/tmp/ledger-chain-XXXXXX");
    const int fd = mkstemp(path);
    assert_true(fd >= 0);
    FILE *const file = fdopen(fd, "w");
    assert_non_null(file);
    if (root)
        fprintf(file, "-----BEGIN CERTIFICATE-----\n%s\n-----END CERTIFICATE-----\n", root->valuestring);
    else
        fputs(shared_text(row, "chain_pem"), file);
    assert_int_equal(fclose(file), 0);
}

static struct timestamp_chain *open_chain(const cJSON *row)
{
    struct timestamp_chain *chain = NULL;
    struct err err = {.code = ERR_OK};
    char path[64];

    write_chain(row, path);
    if (timestamp_chain_open(path, &chain, &err))
        fail_msg("%s", err.text);
    unlink(path);
    return chain;
}

static void check_verdict(const cJSON *row, const struct verdict *verdict)
{
    static struct token token;
    struct err err = {.code = ERR_OK};
    char signer[TIMESTAMP_TEXT_SIZE] = "";
    char at[INSTANT_TEXT_SIZE];

    read_token(row, &token);
    check_imprint(row, &token.read);
    instant_format(at, token.read.at_ns);
    if (verdict->at)
        assert_string_equal(at, verdict->at);
    struct timestamp_chain *const chain = open_chain(row);
    const enum err_code rc = timestamp_chain_check(chain, &token.read, token.bytes, token.size, signer, &err);
    timestamp_chain_close(chain);
    if (rc != (verdict->refusal ? ERR_WRONG : ERR_OK))
        fail_msg("%s: %s", verdict->name, rc ? err.text : "it holds");
    if (verdict->refusal && !strstr(err.text, verdict->refusal))
        fail_msg("%s: %s", verdict->name, err.text);
    if (verdict->signer && !strstr(signer, verdict->signer))
        fail_msg("%s: it is said to be of %s", verdict->name, signer);
}

static void test_published_tokens_get_the_published_verdicts(void **state)
{
    (void)state;
    cJSON *const json = shared_vectors("rfc3161_responses.json");

    assert_int_equal(cJSON_GetArraySize(shared_member(json, "cases")), VERDICTS_COUNT);
    for (size_t i = 0; i < VERDICTS_COUNT; i++)
        check_verdict(case_of(json, VERDICTS[i].name), &VERDICTS[i]);
    cJSON_Delete(json);
}

/* TimeStampReq: version, imprint, the nonce, and that certificates are wanted. */
static struct der_value nonce_of(const uint8_t *request, size_t size)
{
    struct der in;

    der_init(&in, request, size);
    struct der fields = der_enter(&in, DER_SEQUENCE);
    (void)der_get_number(&fields, DER_INTEGER, 1);
    (void)der_get(&fields, DER_SEQUENCE);
    const struct der_value nonce = der_get_integer(&fields);
    assert_false(fields.bad);
    return nonce;
}

static void test_an_answer_has_the_nonce_of_its_own_request_only(void **state)
{
    static uint8_t request[512];
    static struct token token;

    (void)state;
    cJSON *const json = shared_vectors("rfc3161_responses.json");
    const cJSON *const row = case_of(json, "local test TSA");
    const size_t size = from_base64(shared_text(row, "request_base64"), request, sizeof request);
    const struct der_value nonce = nonce_of(request, size);
    read_token(row, &token);
    assert_true(der_is(nonce, token.read.nonce, token.read.nonce_size));
    read_token(case_of(json, "local test TSA, other request"), &token);
    assert_false(der_is(nonce, token.read.nonce, token.read.nonce_size));
    cJSON_Delete(json);
}

static bool says_the_same(const struct timestamp *a, const struct timestamp *b)
{
    return a->imprint_size == b->imprint_size && memcmp(a->imprint, b->imprint, a->imprint_size) == 0 &&
           a->at_ns == b->at_ns && a->accuracy_ns == b->accuracy_ns && strcmp(a->policy, b->policy) == 0 &&
           a->serial_size == b->serial_size && memcmp(a->serial, b->serial, a->serial_size) == 0 &&
           a->nonce_size == b->nonce_size && memcmp(a->nonce, b->nonce, a->nonce_size) == 0;
}

/* Certificates that the chain does not need, and words outside of the signature, may differ: what is said may not. */
static void test_no_flipped_bit_makes_a_token_say_something_else(void **state)
{
    static struct token token;
    size_t refused = 0;

    (void)state;
    cJSON *const json = shared_vectors("rfc3161_responses.json");
    const cJSON *const row = case_of(json, "local test TSA");
    struct timestamp_chain *const chain = open_chain(row);
    read_token(row, &token);
    const struct timestamp honest = token.read;
    for (size_t bit = 0; bit < 8 * token.size; bit++) {
        static uint8_t bytes[sizeof token.bytes];
        struct timestamp t;
        memcpy(bytes, token.bytes, token.size);
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        if (timestamp_parse(&t, bytes, token.size, NULL) ||
            timestamp_chain_check(chain, &t, bytes, token.size, NULL, NULL))
            refused++;
        else
            assert_true(says_the_same(&t, &honest));
    }
    assert_true(refused > 4 * token.size); /* more than half of all bits matter */
    timestamp_chain_close(chain);
    cJSON_Delete(json);
}

static void test_a_token_does_not_hold_under_another_chain(void **state)
{
    static struct token token;
    struct err err = {.code = ERR_OK};

    (void)state;
    cJSON *const json = shared_vectors("rfc3161_responses.json");
    struct timestamp_chain *const chain = open_chain(case_of(json, "sigstage sha256"));
    read_token(case_of(json, "local test TSA"), &token);
    assert_int_equal(timestamp_chain_check(chain, &token.read, token.bytes, token.size, NULL, &err),
                     ERR_WRONG);
    assert_non_null(strstr(err.text, "does not hold"));
    timestamp_chain_close(chain);
    cJSON_Delete(json);
}

/* The certificate of the case "expired" was good in 2023 only. */
static void test_certificates_are_asked_for_the_time_stamped(void **state)
{
    static struct token token;
    struct err err = {.code = ERR_OK};

    (void)state;
    cJSON *const json = shared_vectors("rfc3161_responses.json");
    const cJSON *const row = case_of(json, "expired");
    struct timestamp_chain *const chain = open_chain(row);
    read_token(row, &token);
    assert_int_equal(timestamp_chain_check(chain, &token.read, token.bytes, token.size, NULL, &err), ERR_OK);
    token.read.at_ns += 400 * NS_PER_DAY;
    assert_int_equal(timestamp_chain_check(chain, &token.read, token.bytes, token.size, NULL, &err),
                     ERR_WRONG);
    assert_non_null(strstr(err.text, "expired"));
    timestamp_chain_close(chain);
    cJSON_Delete(json);
}

static void write_file(const char *path, const char *text)
{
    FILE *const file = fopen(path, "w");

    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
}

static void test_a_file_without_certificates_is_refused(void **state)
{
    static const struct {
        const char *text; /* NULL: there is no such file */
        enum err_code code;
        const char *words;
    } ROWS[] = {
        {NULL, ERR_IO, "No such file"},
        {"", ERR_INPUT, "certificate 1 of it cannot be read"},
        {"hello\n", ERR_INPUT, "certificate 1 of it"},
        {"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", ERR_INPUT, "certificate 1 of it"},
        {"-----BEGIN CERTIFICATE-----\n", ERR_INPUT, "certificate 1 of it"}};
    char path[] = "/tmp/ledger-chain-XXXXXX";
    struct timestamp_chain *chain = NULL;
    struct err err;

    (void)state;
    close(mkstemp(path));
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        unlink(path);
        if (ROWS[i].text)
            write_file(path, ROWS[i].text);
        assert_int_equal(timestamp_chain_open(path, &chain, &err), ROWS[i].code);
        assert_non_null(strstr(err.text, path));
        assert_non_null(strstr(err.text, ROWS[i].words));
    }
    unlink(path);
    assert_int_equal(timestamp_chain_open("/tmp", &chain, &err), ERR_INPUT);
    assert_null(chain);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_published_tokens_get_the_published_verdicts),
        cmocka_unit_test(test_an_answer_has_the_nonce_of_its_own_request_only),
        cmocka_unit_test(test_no_flipped_bit_makes_a_token_say_something_else),
        cmocka_unit_test(test_a_token_does_not_hold_under_another_chain),
        cmocka_unit_test(test_certificates_are_asked_for_the_time_stamped),
        cmocka_unit_test(test_a_file_without_certificates_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
