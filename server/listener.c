#include "server/listener.h"

#include "ledger/clock.h"
#include "ledger/instant.h"
#include "ledger/threads.h"

#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#define TIMEOUT_DEFAULT_MS 15000u
#define HEADERS_MAX        ((size_t)32 << 10) /* bytes of a connection's memory: request line and headers */
#define WATCH_EVERY_NS     (NS_PER_SECOND / 4)

/* A connection that is open. */
struct line {
    int socket;               /* -1: free */
    int64_t waiting_since_ns; /* for the end of its question; of the monotonic clock */
};

struct listener {
    struct listener_options options;
    struct MHD_Daemon *daemon;
    char url[LISTENER_URL_SIZE];
    pthread_t watch;
    bool is_watched;
    pthread_mutex_t turn; /* for all below */
    pthread_cond_t stop;
    bool is_stopping;
    struct line lines[LISTENER_CONNECTIONS_MAX];
};

/* A request as its body comes in. */
struct incoming {
    uint8_t *bytes;
    size_t size;
    size_t capacity;
};

const char *listener_url(const struct listener *l)
{
    return l->url;
}

/* -- answers --------------------------------------------------------------------------------------------- */

static enum MHD_Result send_answer(struct MHD_Connection *connection, struct listener_answer *a)
{
    struct MHD_Response *const response = MHD_create_response_from_buffer(
        a->size, a->body, a->body ? MHD_RESPMEM_MUST_FREE : MHD_RESPMEM_PERSISTENT);

    if (!response) {
        free(a->body);
        return MHD_NO;
    }
    if (a->content_type)
        (void)MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, a->content_type);
    const enum MHD_Result sent = MHD_queue_response(connection, a->status, response);
    MHD_destroy_response(response);
    return sent;
}

static enum MHD_Result send_words(struct MHD_Connection *connection, unsigned status, const char *words)
{
    struct listener_answer a = {
        .status = status, .content_type = "text/plain; charset=utf-8", .body = strdup(words)};

    a.size = a.body ? strlen(words) : 0;
    return send_answer(connection, &a);
}

/* -- requests -------------------------------------------------------------------------------------------- */

static bool take(struct incoming *in, const char *bytes, size_t size, size_t max)
{
    if (size > max - in->size)
        return false;
    if (in->size + size > in->capacity) {
        const size_t doubled = 2 * in->capacity > 1024 ? 2 * in->capacity : 1024;
        const size_t capacity = in->size + size > doubled ? in->size + size : doubled;
        uint8_t *const grown = realloc(in->bytes, capacity);
        if (!grown)
            return false;
        in->bytes = grown;
        in->capacity = capacity;
    }
    memcpy(in->bytes + in->size, bytes, size);
    in->size += size;
    return true;
}

/* The first call of a request: its headers are here, its body is not. */
static enum MHD_Result begin(const struct listener *l, struct MHD_Connection *connection, void **context)
{
    const char *const length =
        MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_CONTENT_LENGTH);

    if (length && strtoull(length, NULL, 10) > l->options.body_max)
        return send_words(connection, MHD_HTTP_CONTENT_TOO_LARGE, "the body is too large\n");
    *context = calloc(1, sizeof(struct incoming));
    return *context ? MHD_YES : MHD_NO;
}

static enum MHD_Result handle(struct listener *l, struct MHD_Connection *connection, const char *method,
                              const char *path, const struct incoming *in)
{
    const struct listener_request request = {method, path, in->bytes, in->size};
    struct listener_answer answer = {.status = MHD_HTTP_INTERNAL_SERVER_ERROR};

    l->options.handle(l->options.arg, &request, &answer);
    return send_answer(connection, &answer);
}

static enum MHD_Result on_request(void *self, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *upload,
                                  size_t *upload_size, void **context)
{
    struct listener *const l = self;
    struct incoming *const in = *context;

    (void)version;
    if (!in)
        return begin(l, connection, context);
    if (*upload_size == 0)
        return handle(l, connection, method, url, in);
    if (!take(in, upload, *upload_size, l->options.body_max))
        return MHD_NO; /* it did not say its length, or lied: the connection is cut */
    *upload_size = 0;
    return MHD_YES;
}

/* -- time ------------------------------------------------------------------------------------------------ */

/* MHD's own limit is on silence: who sends a byte now and then could stay for ever. */
static void *watch(void *self)
{
    struct listener *const l = self;
    const int64_t limit_ns = (int64_t)l->options.timeout_ms * (NS_PER_SECOND / 1000);

    pthread_mutex_lock(&l->turn);
    while (!l->is_stopping) {
        const int64_t now_ns = clock_monotonic_ns();
        const int64_t next_ns = now_ns + WATCH_EVERY_NS;
        for (size_t i = 0; i < LISTENER_CONNECTIONS_MAX; i++) {
            const struct line *const line = &l->lines[i];
            if (line->socket >= 0 && now_ns - line->waiting_since_ns > limit_ns)
                (void)shutdown(line->socket, SHUT_RDWR); /* it stays MHD's to close */
        }
        const struct timespec next = {.tv_sec = next_ns / NS_PER_SECOND, .tv_nsec = next_ns % NS_PER_SECOND};
        (void)pthread_cond_timedwait(&l->stop, &l->turn, &next);
    }
    pthread_mutex_unlock(&l->turn);
    return NULL;
}

static void on_connection(void *self, struct MHD_Connection *connection, void **context,
                          enum MHD_ConnectionNotificationCode what)
{
    struct listener *const l = self;
    struct line *line = *context;

    pthread_mutex_lock(&l->turn);
    if (what == MHD_CONNECTION_NOTIFY_CLOSED) {
        if (line)
            line->socket = -1;
    } else {
        const union MHD_ConnectionInfo *const info =
            MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
        for (line = l->lines; line < l->lines + LISTENER_CONNECTIONS_MAX && line->socket >= 0;)
            line++;
        if (info && line < l->lines + LISTENER_CONNECTIONS_MAX) {
            *line = (struct line){info->connect_fd, clock_monotonic_ns()};
            *context = line;
        }
    }
    pthread_mutex_unlock(&l->turn);
}

static void on_completed(void *self, struct MHD_Connection *connection, void **context,
                         enum MHD_RequestTerminationCode why)
{
    struct listener *const l = self;
    struct incoming *const in = *context;
    const union MHD_ConnectionInfo *const info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

    (void)why;
    if (in)
        free(in->bytes);
    free(in);
    *context = NULL;
    pthread_mutex_lock(&l->turn);
    if (info && info->socket_context)
        ((struct line *)info->socket_context)->waiting_since_ns = clock_monotonic_ns();
    pthread_mutex_unlock(&l->turn);
}

/* -- beginning and end ----------------------------------------------------------------------------------- */

union address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

static enum err_code parse_address(const char *text, union address *a, struct err *err)
{
    char host[LISTENER_URL_SIZE - 20];
    const char *const colon = strrchr(text, ':');
    const size_t length = colon ? (size_t)(colon - text) : 0;
    char *end = NULL;
    const unsigned long port = colon ? strtoul(colon + 1, &end, 10) : 0;
    const bool is_v6 = text[0] == '[';

    memset(a, 0, sizeof *a);
    if (!colon || colon[1] < '0' || colon[1] > '9' || *end || port > 65535 || length >= sizeof host)
        return err_set(err, ERR_USAGE, "\"%.100s\" is not ADDRESS:PORT, such as 127.0.0.1:8420", text);
    memcpy(host, text, length);
    host[length] = '\0';
    a->any.sa_family = is_v6 ? AF_INET6 : AF_INET;
    if (is_v6 && length > 2 && host[length - 1] == ']') {
        host[length - 1] = '\0';
        a->v6.sin6_port = htons((uint16_t)port);
        if (inet_pton(AF_INET6, host + 1, &a->v6.sin6_addr) == 1)
            return ERR_OK;
    }
    a->v4.sin_port = htons((uint16_t)port);
    if (!is_v6 && inet_pton(AF_INET, host, &a->v4.sin_addr) == 1)
        return ERR_OK;
    return err_set(err, ERR_USAGE,
                   "\"%.100s\": an address of this machine in numbers, such as 127.0.0.1, or [::1]", text);
}

static enum err_code start_daemon(struct listener *l, struct err *err)
{
    union address a;
    const unsigned silence_s = (l->options.timeout_ms + 999) / 1000;
    enum err_code rc = parse_address(l->options.address, &a, err);

    if (rc)
        return rc;
    /* Not epoll: with it MHD now and then misses that the other side has hung up, and waits for the time limit. */
    const unsigned flags = MHD_USE_POLL_INTERNAL_THREAD | (a.any.sa_family == AF_INET6 ? MHD_USE_IPv6 : 0u);
    errno = 0;
    l->daemon = MHD_start_daemon(flags, 0, NULL, NULL, on_request, l, MHD_OPTION_SOCK_ADDR, &a.any,
                                 MHD_OPTION_CONNECTION_LIMIT, LISTENER_CONNECTIONS_MAX,
                                 MHD_OPTION_CONNECTION_TIMEOUT, silence_s, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
                                 HEADERS_MAX, MHD_OPTION_NOTIFY_CONNECTION, on_connection, l,
                                 MHD_OPTION_NOTIFY_COMPLETED, on_completed, l, MHD_OPTION_END);
    if (!l->daemon)
        return err_set(err, ERR_IO, "%s cannot be listened on: %s", l->options.address,
                       errno ? strerror(errno) : "the server does not start");
    const union MHD_DaemonInfo *const info = MHD_get_daemon_info(l->daemon, MHD_DAEMON_INFO_BIND_PORT);
    snprintf(l->url, sizeof l->url, "http://%.*s:%u",
             (int)(strrchr(l->options.address, ':') - l->options.address), l->options.address,
             info ? (unsigned)info->port : 0);
    return ERR_OK;
}

static enum err_code start_watch(struct listener *l, struct err *err)
{
    l->is_watched = threads_begin(&l->watch, watch, l);
    return l->is_watched ? ERR_OK : err_set(err, ERR_IO, "there is no thread to be had");
}

static enum err_code init(struct listener *l, struct err *err)
{
    pthread_condattr_t monotonic;

    for (size_t i = 0; i < LISTENER_CONNECTIONS_MAX; i++)
        l->lines[i].socket = -1;
    if (pthread_condattr_init(&monotonic) != 0 ||
        pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC) != 0 ||
        pthread_cond_init(&l->stop, &monotonic) != 0 || pthread_mutex_init(&l->turn, NULL) != 0)
        return err_set(err, ERR_MEMORY, "out of memory");
    pthread_condattr_destroy(&monotonic);
    return ERR_OK;
}

enum err_code listener_start(struct listener **l, const struct listener_options *options, struct err *err)
{
    struct listener *const made = calloc(1, sizeof *made);

    if (!made)
        return err_set(err, ERR_MEMORY, "out of memory");
    made->options = *options;
    if (made->options.timeout_ms == 0)
        made->options.timeout_ms = TIMEOUT_DEFAULT_MS;
    enum err_code rc = init(made, err);
    if (rc) {
        free(made);
        return rc;
    }
    rc = start_watch(made, err);
    if (!rc)
        rc = start_daemon(made, err);
    if (rc) {
        listener_stop(made);
        return rc;
    }
    *l = made;
    return ERR_OK;
}

void listener_stop(struct listener *l)
{
    if (!l)
        return;
    pthread_mutex_lock(&l->turn);
    l->is_stopping = true;
    pthread_cond_signal(&l->stop);
    pthread_mutex_unlock(&l->turn);
    if (l->is_watched)
        (void)pthread_join(l->watch, NULL);
    if (l->daemon)
        MHD_stop_daemon(l->daemon);
    pthread_cond_destroy(&l->stop);
    pthread_mutex_destroy(&l->turn);
    free(l);
}
