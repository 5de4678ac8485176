#include "gateway/http.h"

#include <curl/curl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define URL_SHOWN 300

struct http {
    CURL *curl;
    char why[CURL_ERROR_SIZE];
};

/* An answer as it comes in. */
struct incoming {
    uint8_t *bytes;
    size_t size;
    size_t capacity;
    size_t max;
    bool is_too_large;
};

static void prepare(void)
{
    REQUIRE(curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK);
}

enum err_code http_open(struct http **h, struct err *err)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    struct http *opened = NULL;

    (void)pthread_once(&once, prepare);
    opened = calloc(1, sizeof *opened);
    if (opened)
        opened->curl = curl_easy_init();
    if (!opened || !opened->curl) {
        free(opened);
        return err_set(err, ERR_MEMORY, "out of memory");
    }
    *h = opened;
    return ERR_OK;
}

void http_close(struct http *h)
{
    if (!h)
        return;
    curl_easy_cleanup(h->curl);
    free(h);
}

/* One byte more than there is, so that the body can be terminated. */
static bool grow(struct incoming *in, size_t size)
{
    size_t capacity = in->capacity ? in->capacity : 4096;

    while (capacity < size + 1)
        capacity *= 2;
    if (capacity == in->capacity)
        return true;
    uint8_t *const grown = realloc(in->bytes, capacity);
    if (!grown)
        return false;
    in->bytes = grown;
    in->capacity = capacity;
    return true;
}

static size_t take(char *bytes, size_t one, size_t count, void *context)
{
    struct incoming *const in = context;
    const size_t size = one * count;

    in->is_too_large = size > in->max - in->size;
    if (in->is_too_large || !grow(in, in->size + size))
        return size == 0 ? 1 : 0; /* any other number than size ends the request */
    memcpy(in->bytes + in->size, bytes, size);
    in->size += size;
    return size;
}

static bool is_http(const char *url)
{
    return strncasecmp(url, "http://", 7) == 0 || strncasecmp(url, "https://", 8) == 0;
}

static enum err_code set_up(struct http *h, const struct http_request *request, struct incoming *in,
                            struct curl_slist **headers, struct err *err)
{
    CURL *const c = h->curl;
    const unsigned timeout_s = request->timeout_s ? request->timeout_s : HTTP_TIMEOUT_S;
    char line[256];

    curl_easy_reset(c); /* keeps the connection */
    bool good = curl_easy_setopt(c, CURLOPT_URL, request->url) == CURLE_OK;
    good = good && curl_easy_setopt(c, CURLOPT_ERRORBUFFER, h->why) == CURLE_OK;
    good = good && curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK;
    good = good && curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L) == CURLE_OK;
    good = good && curl_easy_setopt(c, CURLOPT_TIMEOUT, (long)timeout_s) == CURLE_OK;
    good = good && curl_easy_setopt(c, CURLOPT_USERAGENT, "ledger") == CURLE_OK;
    good = good && curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, take) == CURLE_OK;
    good = good && curl_easy_setopt(c, CURLOPT_WRITEDATA, in) == CURLE_OK;
    if (request->ca_file)
        good = good && curl_easy_setopt(c, CURLOPT_CAINFO, request->ca_file) == CURLE_OK;
    if (request->body) {
        snprintf(line, sizeof line, "Content-Type: %s",
                 request->content_type ? request->content_type : "application/octet-stream");
        *headers = curl_slist_append(NULL, line);
        good = good && *headers && curl_easy_setopt(c, CURLOPT_HTTPHEADER, *headers) == CURLE_OK;
        good = good && curl_easy_setopt(c, CURLOPT_POST, 1L) == CURLE_OK;
        good = good &&
               curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body_size) == CURLE_OK;
        good = good && curl_easy_setopt(c, CURLOPT_POSTFIELDS, request->body) == CURLE_OK;
    }
    return good ? ERR_OK : err_set(err, ERR_MEMORY, "%.*s: out of memory", URL_SHOWN, request->url);
}

static enum err_code perform(struct http *h, const struct http_request *request, const struct incoming *in,
                             struct err *err)
{
    const CURLcode done = curl_easy_perform(h->curl);

    if (done == CURLE_OK)
        return ERR_OK;
    if (in->is_too_large)
        return err_set(err, ERR_IO, "%.*s: the answer has more than %zu bytes", URL_SHOWN, request->url,
                       in->max);
    if (done == CURLE_WRITE_ERROR || done == CURLE_OUT_OF_MEMORY)
        return err_set(err, ERR_MEMORY, "%.*s: out of memory", URL_SHOWN, request->url);
    return err_set(err, done == CURLE_URL_MALFORMAT ? ERR_INPUT : ERR_IO, "%.*s: %s", URL_SHOWN, request->url,
                   h->why[0] ? h->why : curl_easy_strerror(done));
}

static void describe(const struct http *h, struct incoming *in, struct http_answer *answer)
{
    const char *type = NULL;
    long status = 0;

    (void)curl_easy_getinfo(h->curl, CURLINFO_RESPONSE_CODE, &status);
    (void)curl_easy_getinfo(h->curl, CURLINFO_CONTENT_TYPE, &type);
    *answer = (struct http_answer){.status = (unsigned)status, .body = in->bytes, .size = in->size};
    snprintf(answer->content_type, sizeof answer->content_type, "%s", type ? type : "");
    answer->body[in->size] = '\0';
    in->bytes = NULL;
}

enum err_code http_do(struct http *h, const struct http_request *request, struct http_answer *answer,
                      struct err *err)
{
    struct incoming in = {.max = request->answer_max ? request->answer_max : HTTP_ANSWER_DEFAULT};
    struct curl_slist *headers = NULL;
    enum err_code rc;

    *answer = (struct http_answer){0};
    h->why[0] = '\0';
    if (!is_http(request->url))
        return err_set(err, ERR_INPUT, "\"%.*s\" is no address: it begins with http:// or https://",
                       URL_SHOWN, request->url);
    rc = grow(&in, 0) ? ERR_OK : err_set(err, ERR_MEMORY, "out of memory");
    if (!rc)
        rc = set_up(h, request, &in, &headers, err);
    if (!rc)
        rc = perform(h, request, &in, err);
    if (!rc)
        describe(h, &in, answer);
    curl_slist_free_all(headers);
    free(in.bytes);
    return rc;
}

void http_answer_release(struct http_answer *answer)
{
    free(answer->body);
    *answer = (struct http_answer){0};
}
