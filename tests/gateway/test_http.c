/* One request, one answer: against a server in this process that says what the test told it to. */
#include "gateway/http.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

struct server {
    int listening;
    unsigned port;
    pthread_t thread;
    const char *says;  /* to whoever comes, once */
    char heard[4096];  /* the request */
    char expected[64]; /* reads on until this is in it */
};

static void *serve(void *context)
{
    struct server *const s = context;
    const int fd = accept(s->listening, NULL, NULL);
    size_t used = 0;

    while (used < sizeof s->heard - 1 && !strstr(s->heard, s->expected)) {
        const ssize_t n = read(fd, s->heard + used, sizeof s->heard - 1 - used);
        if (n <= 0)
            break;
        used += (size_t)n;
    }
    if (s->says[0] == '\0')
        sleep(2); /* silence, longer than the caller waits */
    const ssize_t written = write(fd, s->says, strlen(s->says));
    (void)written;
    close(fd);
    return NULL;
}

static void start(struct server *s, const char *expected, const char *says)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof a;

    memset(s, 0, sizeof *s);
    s->says = says;
    snprintf(s->expected, sizeof s->expected, "%s", expected);
    s->listening = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(0, bind(s->listening, (struct sockaddr *)&a, sizeof a));
    assert_int_equal(0, listen(s->listening, 1));
    assert_int_equal(0, getsockname(s->listening, (struct sockaddr *)&a, &size));
    s->port = ntohs(a.sin_port);
    assert_int_equal(0, pthread_create(&s->thread, NULL, serve, s));
}

static void stop(struct server *s)
{
    pthread_join(s->thread, NULL);
    close(s->listening);
}

static enum err_code ask(unsigned port, struct http_request request, struct http_answer *answer,
                         struct err *err)
{
    struct http *h = NULL;
    char url[64];

    snprintf(url, sizeof url, "http://127.0.0.1:%u/x", port);
    if (!request.url)
        request.url = url;
    assert_int_equal(ERR_OK, http_open(&h, err));
    const enum err_code rc = http_do(h, &request, answer, err);
    http_close(h);
    return rc;
}

static void test_any_status_is_an_answer(void **state)
{
    struct server s;
    struct http_answer answer;
    struct err err = {.code = ERR_OK};

    (void)state;
    start(&s, "\r\n\r\n",
          "HTTP/1.1 409 Conflict\r\nContent-Type: text/x.tlog.size\r\nContent-Length: 3\r\n\r\n17\n");
    assert_int_equal(ERR_OK, ask(s.port, (struct http_request){0}, &answer, &err));
    stop(&s);
    assert_int_equal(409, answer.status);
    assert_string_equal("text/x.tlog.size", answer.content_type);
    assert_int_equal(3, answer.size);
    assert_string_equal("17\n", (const char *)answer.body);
    assert_memory_equal("GET /x HTTP/1.1\r\n", s.heard, 17);
    http_answer_release(&answer);
}

static void test_a_body_is_posted_with_its_type(void **state)
{
    struct server s;
    struct http_answer answer;
    struct err err = {.code = ERR_OK};

    (void)state;
    start(&s, "hello", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    const struct http_request request = {.body = "hello", .body_size = 5, .content_type = "text/plain"};
    assert_int_equal(ERR_OK, ask(s.port, request, &answer, &err));
    stop(&s);
    assert_int_equal(200, answer.status);
    assert_int_equal(0, answer.size);
    assert_memory_equal("POST /x HTTP/1.1\r\n", s.heard, 18);
    assert_non_null(strstr(s.heard, "Content-Type: text/plain\r\n"));
    assert_non_null(strstr(s.heard, "Content-Length: 5\r\n"));
    http_answer_release(&answer);
}

static void test_what_is_no_answer_says_why(void **state)
{
    static const struct {
        const char *says;
        struct http_request request;
        enum err_code rc;
        const char *why;
    } cases[] = {
        {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n12345", {.answer_max = 4}, ERR_IO, "more than 4 bytes"},
        {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n123", {0}, ERR_IO, "127.0.0.1"},
        {"HTTP/1.1 200 OK\r\nContent-Length: 999999999999\r\n\r\n123", {0}, ERR_IO, "127.0.0.1"},
        {"what?\r\n\r\n", {0}, ERR_IO, "127.0.0.1"},
        {"", {.timeout_s = 1}, ERR_IO, "imed out"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct server s;
        struct http_answer answer = {.size = 7};
        struct err err = {.code = ERR_OK};
        start(&s, "\r\n\r\n", cases[i].says);
        assert_int_equal(cases[i].rc, ask(s.port, cases[i].request, &answer, &err));
        stop(&s);
        assert_non_null(strstr(err.text, cases[i].why));
        assert_null(answer.body);
    }
}

static void test_exactly_as_much_as_allowed_is_taken(void **state)
{
    struct server s;
    struct http_answer answer;
    struct err err = {.code = ERR_OK};

    (void)state;
    start(&s, "\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n1234");
    assert_int_equal(ERR_OK, ask(s.port, (struct http_request){.answer_max = 4}, &answer, &err));
    stop(&s);
    assert_int_equal(4, answer.size);
    http_answer_release(&answer);
}

static void test_no_redirect_is_followed(void **state)
{
    struct server s;
    struct http_answer answer;
    struct err err = {.code = ERR_OK};

    (void)state;
    start(&s, "\r\n\r\n", "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n");
    assert_int_equal(ERR_OK, ask(s.port, (struct http_request){0}, &answer, &err));
    stop(&s);
    assert_int_equal(302, answer.status);
    http_answer_release(&answer);
}

static void test_other_addresses_are_refused(void **state)
{
    struct http_answer answer;
    struct err err = {.code = ERR_OK};

    (void)state;
    assert_int_equal(ERR_INPUT, ask(0, (struct http_request){.url = "file:///etc/passwd"}, &answer, &err));
    assert_non_null(strstr(err.text, "file:///etc/passwd"));
    assert_int_equal(ERR_IO, ask(0, (struct http_request){.url = "http://127.0.0.1:1/"}, &answer, &err));
    assert_non_null(strstr(err.text, "127.0.0.1"));
    assert_null(answer.body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_any_status_is_an_answer),
        cmocka_unit_test(test_a_body_is_posted_with_its_type),
        cmocka_unit_test(test_what_is_no_answer_says_why),
        cmocka_unit_test(test_exactly_as_much_as_allowed_is_taken),
        cmocka_unit_test(test_no_redirect_is_followed),
        cmocka_unit_test(test_other_addresses_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
