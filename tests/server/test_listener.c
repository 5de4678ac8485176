/* The HTTP server: what it passes on, what it refuses, and that nobody can keep it busy for ever. */
#include "server/listener.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define BODY_MAX   20000
#define TIMEOUT_MS 700

static struct listener *listener;
static unsigned handled;

/* Says the method, the path and the body again; "/none" is left untouched. */
static void handle(void *arg, const struct listener_request *request, struct listener_answer *answer)
{
    char head[200];

    assert_ptr_equal(arg, &handled);
    handled++;
    if (strcmp(request->path, "/none") == 0)
        return;
    const int length =
        snprintf(head, sizeof head, "%s %s %zu\n", request->method, request->path, request->body_size);
    answer->body = malloc((size_t)length + request->body_size);
    assert_non_null(answer->body);
    memcpy(answer->body, head, (size_t)length);
    if (request->body_size > 0)
        memcpy((char *)answer->body + length, request->body, request->body_size);
    answer->size = (size_t)length + request->body_size;
    answer->status = 200;
    answer->content_type = "text/plain";
}

static enum err_code start(const char *address, struct err *err)
{
    const struct listener_options options = {.address = address,
                                             .body_max = BODY_MAX,
                                             .timeout_ms = TIMEOUT_MS,
                                             .handle = handle,
                                             .arg = &handled};

    return listener_start(&listener, &options, err);
}

static int setup(void **state)
{
    struct err err;

    (void)state;
    handled = 0;
    return start("127.0.0.1:0", &err) != ERR_OK;
}

static int teardown(void **state)
{
    (void)state;
    listener_stop(listener);
    listener = NULL;
    return 0;
}

static int dial(void)
{
    const char *const colon = strrchr(listener_url(listener), ':');
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atol(colon + 1))};
    const int fd = socket(AF_INET, SOCK_STREAM, 0);

    assert_true(fd >= 0);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(connect(fd, (const struct sockaddr *)&to, sizeof to), 0);
    return fd;
}

static void say(int fd, const void *bytes, size_t size)
{
    size_t done = 0;

    while (done < size) { /* it may be cut off meanwhile, which is an answer, too */
        const ssize_t n = send(fd, (const char *)bytes + done, size - done, MSG_NOSIGNAL);
        if (n <= 0)
            return;
        done += (size_t)n;
    }
}

/* What comes until the other side closes, or `until` is in it; terminated. */
static const char *hear(int fd, const char *until)
{
    static char answer[1 << 16];
    size_t size = 0;

    answer[0] = '\0';
    while (size + 1 < sizeof answer) {
        const ssize_t n = recv(fd, answer + size, sizeof answer - 1 - size, 0);
        if (n <= 0)
            break;
        size += (size_t)n;
        answer[size] = '\0';
        if (until && strstr(answer, until))
            break;
    }
    return answer;
}

static const char *ask(const char *request)
{
    const int fd = dial();

    say(fd, request, strlen(request));
    const char *const answer = hear(fd, NULL);
    close(fd);
    return answer;
}

static void expect_alive(void)
{
    assert_non_null(
        strstr(ask("GET /alive HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"), "GET /alive 0\n"));
}

static void test_requests_reach_the_handler_whole(void **state)
{
    (void)state;
    const char *answer = ask("GET /a%20b?q=1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    assert_int_equal(strncmp(answer, "HTTP/1.1 200", 12), 0);
    assert_non_null(strstr(answer, "Content-Type: text/plain\r\n"));
    assert_non_null(strstr(answer, "\r\n\r\nGET /a b 0\n"));
    answer = ask("POST /p HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
                 "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");
    assert_non_null(strstr(answer, "\r\n\r\nPOST /p 5\nabcde"));
    answer = ask("GET /none HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    assert_int_equal(strncmp(answer, "HTTP/1.1 500", 12), 0);
}

static void test_one_connection_carries_many_requests(void **state)
{
    const int fd = dial();

    (void)state;
    for (int i = 0; i < 50; i++) {
        static const char request[] = "POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc";
        say(fd, request, sizeof request - 1);
        assert_non_null(strstr(hear(fd, "POST /x 3\nabc"), "HTTP/1.1 200"));
    }
    close(fd);
    assert_int_equal(handled, 50);
}

static void test_a_body_past_the_limit_never_reaches_the_handler(void **state)
{
    static char chunk[BODY_MAX + 2];
    char head[200];

    (void)state;
    memset(chunk, 'x', sizeof chunk);
    for (int more = 0; more < 2; more++) { /* to the byte */
        const int fd = dial();
        snprintf(head, sizeof head,
                 "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\nConnection: close\r\n\r\n",
                 BODY_MAX + more);
        say(fd, head, strlen(head));
        say(fd, chunk, (size_t)(BODY_MAX + more));
        assert_int_equal(strncmp(hear(fd, NULL), more ? "HTTP/1.1 413" : "HTTP/1.1 200", 12), 0);
        close(fd);
    }
    assert_int_equal(handled, 1);
    const char *answer = ask("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999999\r\n\r\n");
    assert_true(answer[0] == '\0' || strncmp(answer, "HTTP/1.1 4", 10) == 0);
    const int fd = dial(); /* who does not say how much will come */
    say(fd, "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n", 57);
    for (int i = 0; i < 100; i++) {
        snprintf(head, sizeof head, "%x\r\n", 1000);
        say(fd, head, strlen(head));
        say(fd, chunk, 1000);
        say(fd, "\r\n", 2);
    }
    (void)hear(fd, NULL); /* it is closed */
    close(fd);
    assert_int_equal(handled, 1);
    expect_alive();
}

/* A byte now and then: silence never lasts long, and the question never ends. */
static void test_who_never_finishes_is_cut_off(void **state)
{
    static const char *const beginnings[] = {
        "", "G", "GET / HTTP/1.1\r\nX: ", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9999\r\n\r\n"};

    (void)state;
    for (size_t i = 0; i < sizeof beginnings / sizeof beginnings[0]; i++) {
        const int fd = dial();
        char answer[4096];
        ssize_t n = -1;
        say(fd, beginnings[i], strlen(beginnings[i]));
        for (int drips = 0; drips < 1000 && n < 0; drips++) {
            usleep(30000);
            (void)!send(fd, "x", 1, MSG_NOSIGNAL);
            n = recv(fd, answer, sizeof answer, MSG_DONTWAIT);
        }
        assert_true(n >= 0); /* closed, or told why and then closed */
        close(fd);
        expect_alive();
    }
}

static void say_garbage(int fd, int number)
{
    static unsigned seed = 1;
    char bytes[3000];
    const size_t size = 1 + (size_t)(number * 37) % sizeof bytes;

    for (size_t i = 0; i < size; i++) {
        seed = seed * 1103515245u + 12345u;
        bytes[i] = (char)(number % 2 ? seed >> 16 : (seed >> 16) % 96 + 32);
    }
    if (number % 3 == 0)
        say(fd, "POST / HTTP/1.1\r\n", 17);
    say(fd, bytes, size);
    say(fd, "\r\n\r\n", 4);
    shutdown(fd, SHUT_WR);
}

static void test_garbage_is_answered_or_cut_off(void **state)
{
    int lines[50];

    (void)state;
    for (int round = 0; round < 4; round++) {
        for (int i = 0; i < 50; i++) {
            lines[i] = dial();
            say_garbage(lines[i], 50 * round + i);
        }
        for (int i = 0; i < 50; i++) {
            (void)hear(lines[i], NULL);
            close(lines[i]);
        }
    }
    expect_alive();
}

static void test_more_connections_than_allowed_wait_for_nobody(void **state)
{
    int idle[LISTENER_CONNECTIONS_MAX + 20];
    const size_t count = sizeof idle / sizeof idle[0];

    (void)state;
    for (size_t i = 0; i < count; i++)
        idle[i] = dial();
    for (size_t i = 0; i < count;
         i++) /* all of them are cut off in the end, those that were let in and the others */
        (void)hear(idle[i], NULL);
    expect_alive();
    for (size_t i = 0; i < count; i++)
        close(idle[i]);
}

static void test_addresses(void **state)
{
    static const char *const bad[] = {
        "",           "8420",        ":8420",           "localhost:1",  "127.0.0.1",
        "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:65536", "127.0.0.1:1x", "[::1:1",
        "::1:1",      "300.0.0.1:1", "127.0.0.1:-1"};
    struct err err;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(start(bad[i], &err), ERR_USAGE);
    assert_int_equal(start("192.0.2.1:1", &err), ERR_IO); /* not this machine's */
    assert_non_null(strstr(err.text, "cannot be listened on"));
    assert_int_equal(start("127.0.0.1:0", &err), ERR_OK);
    struct listener *const first = listener;
    assert_int_equal(strncmp(listener_url(first), "http://127.0.0.1:", 17), 0);
    assert_int_equal(start(listener_url(first) + 7, &err), ERR_IO); /* taken */
    assert_non_null(strstr(err.text, "in use"));
    listener_stop(first);
    if (start("[::1]:0", &err) == ERR_OK) { /* where there is IPv6 */
        assert_int_equal(strncmp(listener_url(listener), "http://[::1]:", 13), 0);
        listener_stop(listener);
    }
    listener_stop(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_requests_reach_the_handler_whole, setup, teardown),
        cmocka_unit_test_setup_teardown(test_one_connection_carries_many_requests, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_body_past_the_limit_never_reaches_the_handler, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_who_never_finishes_is_cut_off, setup, teardown),
        cmocka_unit_test_setup_teardown(test_garbage_is_answered_or_cut_off, setup, teardown),
        cmocka_unit_test_setup_teardown(test_more_connections_than_allowed_wait_for_nobody, setup, teardown),
        cmocka_unit_test(test_addresses),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
