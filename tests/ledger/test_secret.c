/* Secrets: where passphrases come from, what is refused and how, and that the memory is really guarded. */
#include "ledger/secret.h"

#include <fcntl.h>
#include <pty.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <cmocka.h>

static char path[64];

static int make_path(void **state)
{
    (void)state;
    snprintf(path, sizeof path, "/tmp/test_secret.XXXXXX");
    const int fd = mkstemp(path);
    assert_true(fd >= 0);
    return close(fd);
}

static int drop_path(void **state)
{
    (void)state;
    unsetenv(SECRET_PASSPHRASE_VARIABLE);
    return unlink(path);
}

static void file_put(const char *bytes, size_t size)
{
    FILE *const f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, size, f), size);
    assert_int_equal(fclose(f), 0);
}

static void assert_secret(const struct secret *s, const char *want, size_t size)
{
    assert_int_equal(secret_size(s), size);
    assert_memory_equal(secret_bytes(s), want, size);
}

static void test_the_first_line_is_the_passphrase(void **state)
{
    static const struct {
        const char *file;
        size_t file_size;
        const char *want;
        size_t want_size;
    } cases[] = {
        {"correct horse\n", 14, "correct horse", 13},
        {"correct horse", 13, "correct horse", 13}, /* no newline at the end */
        {"one\ntwo\n", 8, "one", 3},                /* the rest is not looked at */
        {" spaces count \n", 15, " spaces count ", 14},
        {"carriage\r\n", 10, "carriage\r", 9},    /* only the newline goes */
        {"\xc3\xbc\xff\n", 4, "\xc3\xbc\xff", 3}, /* any bytes */
        {"zero\0byte\n", 10, "zero\0byte", 9},
    };
    struct err err;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct secret *s = NULL;
        file_put(cases[i].file, cases[i].file_size);
        assert_int_equal(secret_from_passphrase_file(&s, path, &err), ERR_OK);
        assert_secret(s, cases[i].want, cases[i].want_size);
        secret_free(s);
    }
}

static void test_no_passphrase_in_the_file(void **state)
{
    struct secret *s = NULL;
    struct err err;

    (void)state;
    file_put("", 0);
    assert_int_equal(secret_from_passphrase_file(&s, path, &err), ERR_INPUT);
    assert_non_null(strstr(err.text, "empty"));
    assert_non_null(strstr(err.text, path));
    file_put("\nsecond line\n", 13);
    assert_int_equal(secret_from_passphrase_file(&s, path, &err), ERR_INPUT);
    assert_int_equal(secret_from_passphrase_file(&s, "/no/such/file", &err), ERR_IO);
    assert_non_null(strstr(err.text, "No such file"));
    assert_non_null(strstr(err.text, "Name a file that this user may read"));
    assert_int_equal(secret_from_passphrase_file(&s, "/tmp", &err), ERR_IO);
    assert_int_equal(secret_from_passphrase_file(&s, "/dev/fd/999", &err), ERR_IO);
    assert_null(s);
}

static void test_the_length_has_a_limit(void **state)
{
    char line[SECRET_PASSPHRASE_MAX + 2];
    struct secret *s = NULL;
    struct err err;

    (void)state;
    memset(line, 'p', sizeof line);
    line[SECRET_PASSPHRASE_MAX] = '\n';
    file_put(line, SECRET_PASSPHRASE_MAX + 1);
    assert_int_equal(secret_from_passphrase_file(&s, path, &err), ERR_OK);
    assert_int_equal(secret_size(s), SECRET_PASSPHRASE_MAX);
    secret_free(s);
    s = NULL;
    line[SECRET_PASSPHRASE_MAX] = 'p';
    line[SECRET_PASSPHRASE_MAX + 1] = '\n';
    file_put(line, SECRET_PASSPHRASE_MAX + 2);
    assert_int_equal(secret_from_passphrase_file(&s, path, &err), ERR_INPUT);
    assert_non_null(strstr(err.text, "longer than 1024"));
    assert_null(s);
}

static void test_a_pipe_will_do(void **state)
{
    struct secret *s = NULL;
    struct err err;
    char name[32];
    char rest = 0;
    int ends[2];

    (void)state;
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], "from a pipe\nX", 13), 13);
    snprintf(name, sizeof name, "/dev/fd/%d", ends[0]);
    assert_int_equal(secret_from_passphrase_file(&s, name, &err), ERR_OK);
    assert_secret(s, "from a pipe", 11);
    assert_int_equal(read(ends[0], &rest, 1), 1); /* nothing past the line was taken */
    assert_int_equal(rest, 'X');
    secret_free(s);
    close(ends[0]);
    close(ends[1]);
}

static void test_where_the_passphrase_comes_from(void **state)
{
    struct secret *s = NULL;
    struct err err;

    (void)state;
    file_put("from the file\n", 14);
    assert_int_equal(setenv(SECRET_PASSPHRASE_VARIABLE, path, 1), 0);
    assert_int_equal(secret_passphrase(&s, NULL, false, &err), ERR_OK);
    assert_secret(s, "from the file", 13);
    secret_free(s);
    s = NULL;
    assert_int_equal(secret_passphrase(&s, "/no/such/file", false, &err), ERR_IO); /* the option goes first */
    assert_int_equal(secret_passphrase(&s, "", false, &err), ERR_INPUT);
    assert_null(s);
}

static void test_secrets_are_compared_and_released(void **state)
{
    struct secret *a = NULL;
    struct secret *b = NULL;
    struct secret *c = NULL;
    struct err err;

    (void)state;
    assert_int_equal(secret_new(&a, "abc", 3, &err), ERR_OK);
    assert_int_equal(secret_new(&b, "abc", 3, &err), ERR_OK);
    assert_int_equal(secret_new(&c, "abd", 3, &err), ERR_OK);
    assert_true(secret_equal(a, b));
    assert_false(secret_equal(a, c));
    secret_free(c);
    assert_int_equal(secret_new(&c, "abcd", 4, &err), ERR_OK);
    assert_false(secret_equal(a, c));
    secret_free(a);
    secret_free(b);
    secret_free(c);
    secret_free(NULL);
}

/* In a child of its own each: how it ended. */
static int run(void (*body)(void))
{
    int status = -1;
    const pid_t child = fork();

    assert_true(child >= 0);
    if (child == 0) {
        signal(SIGSEGV, SIG_DFL); /* not the sanitizer's report: the plain end */
        body();
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    return status;
}

static void write_to_a_secret(void)
{
    struct secret *s = NULL;

    if (secret_new(&s, "abc", 3, NULL))
        _exit(1);
    *(volatile uint8_t *)(uintptr_t)secret_bytes(s) = 'x';
}

static void read_past_a_secret(void)
{
    struct secret *s = NULL;

    if (secret_new(&s, "abc", 3, NULL))
        _exit(1);
    const volatile uint8_t *const bytes = secret_bytes(s);
    (void)bytes[4096];
}

static void test_a_secret_is_read_only_and_fenced(void **state)
{
    (void)state;
    const int wrote = run(write_to_a_secret);
    assert_true(WIFSIGNALED(wrote));
    const int read_on = run(read_past_a_secret);
    assert_true(WIFSIGNALED(read_on));
}

static void harden(void)
{
    struct rlimit core = {1, 1};

    if (secret_harden_process(NULL))
        _exit(1);
    if (getrlimit(RLIMIT_CORE, &core) != 0 || core.rlim_cur != 0 || core.rlim_max != 0)
        _exit(2);
    _exit(prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0 ? 0 : 3);
}

static void test_a_hardened_process_leaves_no_core(void **state)
{
    (void)state;
    assert_int_equal(run(harden), 0);
}

/* --- The terminal: a child with a pseudo-terminal of its own, this process at the keyboard ---------------- */

/* What the child exits with. */
enum { CHILD_GOT_IT = 40, CHILD_REFUSED = 41, CHILD_ECHO_LOST = 42 };

static void child_at_terminal(bool confirm)
{
    struct secret *s = NULL;
    struct termios now;
    struct err err;

    signal(SIGINT, SIG_DFL); /* whatever started this test may have it ignored */
    const enum err_code rc = secret_from_terminal(&s, "Passphrase: ", confirm, &err);
    if (tcgetattr(STDIN_FILENO, &now) != 0 || !(now.c_lflag & ECHO))
        _exit(CHILD_ECHO_LOST);
    if (rc == ERR_INPUT)
        _exit(CHILD_REFUSED);
    _exit(!rc && secret_size(s) == 6 && memcmp(secret_bytes(s), "secret", 6) == 0 ? CHILD_GOT_IT : 1);
}

/* Waits until the terminal has shown `want`; everything shown is kept in `screen`. */
static void wait_for(int tty, char *screen, size_t capacity, const char *want)
{
    size_t used = strlen(screen);
    const char *const begin = screen + used;

    while (!strstr(begin, want)) {
        const ssize_t got = read(tty, screen + used, capacity - 1 - used);
        if (got <= 0)
            fail_msg("the terminal showed \"%s\" and not \"%s\"", screen, want);
        used += (size_t)got;
        screen[used] = '\0';
    }
}

/* Types `first`, and `again` where it is not NULL; returns how the child ended. */
static int dialogue(const char *first, const char *again, char *screen, size_t capacity)
{
    int tty = -1;
    int status = -1;

    screen[0] = '\0';
    const pid_t child = forkpty(&tty, NULL, NULL, NULL);
    assert_true(child >= 0);
    if (child == 0)
        child_at_terminal(again != NULL);
    wait_for(tty, screen, capacity, "Passphrase: ");
    assert_int_equal(write(tty, first, strlen(first)), strlen(first));
    if (again) {
        wait_for(tty, screen, capacity, "again: ");
        assert_int_equal(write(tty, again, strlen(again)), strlen(again));
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    close(tty);
    return status;
}

static void test_the_terminal_is_asked_without_echo(void **state)
{
    static const struct {
        const char *first;
        const char *again;
        int want;
    } cases[] = {
        {"secret\n", NULL, CHILD_GOT_IT},
        {"\n", NULL, CHILD_REFUSED},
        {"secret\n", "secret\n", CHILD_GOT_IT},
        {"secret\n", "secreT\n", CHILD_REFUSED},
        {"sexx\x7f\x7f"
         "cret\n",
         NULL, CHILD_GOT_IT}, /* the erase key works */
    };
    char screen[1024];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const int status = dialogue(cases[i].first, cases[i].again, screen, sizeof screen);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), cases[i].want);
        assert_null(strstr(screen, "sec"));
    }
}

/* Ctrl-C ends the program as it should, but not before the terminal shows again what is typed. */
static void test_an_interrupt_leaves_the_terminal_in_order(void **state)
{
    char screen[1024];

    (void)state;
    const int status = dialogue("sec\x03", NULL, screen, sizeof screen);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGINT);
}

static void without_a_terminal(void)
{
    struct secret *s = NULL;
    struct err err;

    setsid();
    unsetenv(SECRET_PASSPHRASE_VARIABLE);
    const bool told =
        secret_passphrase(&s, NULL, false, &err) == ERR_KEY && strstr(err.text, "--passphrase-file");
    const bool told_otherwise =
        secret_from_terminal_or(&s, "PIN: ", false, "the PIN", "--pin-file", &err) == ERR_KEY &&
        strstr(err.text, "the PIN is needed") && strstr(err.text, "with --pin-file") &&
        !strstr(err.text, "--passphrase-file");
    _exit(told && told_otherwise ? 0 : 1);
}

static void test_without_a_terminal_the_way_out_is_told(void **state)
{
    (void)state;
    assert_int_equal(run(without_a_terminal), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_first_line_is_the_passphrase),
        cmocka_unit_test(test_no_passphrase_in_the_file),
        cmocka_unit_test(test_the_length_has_a_limit),
        cmocka_unit_test(test_a_pipe_will_do),
        cmocka_unit_test(test_where_the_passphrase_comes_from),
        cmocka_unit_test(test_secrets_are_compared_and_released),
        cmocka_unit_test(test_a_secret_is_read_only_and_fenced),
        cmocka_unit_test(test_a_hardened_process_leaves_no_core),
        cmocka_unit_test(test_the_terminal_is_asked_without_echo),
        cmocka_unit_test(test_an_interrupt_leaves_the_terminal_in_order),
        cmocka_unit_test(test_without_a_terminal_the_way_out_is_told),
    };
    return cmocka_run_group_tests(tests, make_path, drop_path);
}
