#include "ledger/secret.h"

#include "ledger/file.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <termios.h>
#include <unistd.h>

struct secret {
    size_t size;
    uint8_t *bytes; /* sodium_malloc'ed, read-only */
};

#define LINE_SIZE (SECRET_PASSPHRASE_MAX + 1) /* one more than allowed, to see that a line is too long */

enum err_code secret_harden_process(struct err *err)
{
    const struct rlimit none = {0, 0};

    if (setrlimit(RLIMIT_CORE, &none) != 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
        return err_set(err, ERR_IO, "core dumps cannot be switched off: %s", strerror(errno));
    if (sodium_init() < 0)
        return err_set(err, ERR_IO, "libsodium finds no source of randomness");
    return ERR_OK;
}

enum err_code secret_new(struct secret **s, const void *bytes, size_t size, struct err *err)
{
    REQUIRE(size > 0);
    if (sodium_init() < 0)
        return err_set(err, ERR_IO, "libsodium finds no source of randomness");
    struct secret *const made = malloc(sizeof *made);
    uint8_t *const guarded = sodium_malloc(size);
    if (!made || !guarded) {
        free(made);
        sodium_free(guarded);
        return err_set(err, ERR_MEMORY, "no guarded memory for a secret");
    }
    memcpy(guarded, bytes, size);
    sodium_mprotect_readonly(guarded);
    made->size = size;
    made->bytes = guarded;
    *s = made;
    return ERR_OK;
}

void secret_free(struct secret *s)
{
    if (!s)
        return;
    sodium_free(s->bytes); /* wipes */
    free(s);
}

const uint8_t *secret_bytes(const struct secret *s)
{
    return s->bytes;
}

size_t secret_size(const struct secret *s)
{
    return s->size;
}

bool secret_equal(const struct secret *a, const struct secret *b)
{
    return a->size == b->size && sodium_memcmp(a->bytes, b->bytes, a->size) == 0;
}

/* --- Reading a line ----------------------------------------------------------------------------------- */

/* Set by a signal that arrives while the terminal's echo is off. */
static volatile sig_atomic_t caught_signal;

static void catch_signal(int number)
{
    caught_signal = number;
}

/*
 * Reads up to a newline, the end, or a full buffer, byte by byte: nothing past the line is taken from a terminal or a
 * pipe, and no stdio buffer keeps a copy. At a terminal `waiting` is the signal mask to wait with, so that a signal
 * cannot slip in between a look at caught_signal and the wait; NULL elsewhere. False: errno is set.
 */
static bool read_line(int fd, const sigset_t *waiting, uint8_t line[LINE_SIZE], size_t *size)
{
    for (*size = 0; *size < LINE_SIZE;) {
        struct pollfd input = {.fd = fd, .events = POLLIN};
        uint8_t byte = 0;
        if (waiting && ppoll(&input, 1, NULL, waiting) < 0) {
            if (errno == EINTR && !caught_signal)
                continue;
            return false;
        }
        const ssize_t got = read(fd, &byte, 1);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return false;
        if (got == 0 || byte == '\n')
            return true;
        line[(*size)++] = byte;
    }
    return true;
}

/* Reads one line from fd into a new secret. `what` begins each sentence. */
static enum err_code line_to_secret(struct secret **s, int fd, const sigset_t *waiting, const char *what,
                                    struct err *err)
{
    enum err_code rc = ERR_OK;
    size_t size = 0;

    if (sodium_init() < 0)
        return err_set(err, ERR_IO, "libsodium finds no source of randomness");
    uint8_t *const line = sodium_malloc(LINE_SIZE);
    if (!line)
        return err_set(err, ERR_MEMORY, "no guarded memory for a passphrase");
    if (!read_line(fd, waiting, line, &size))
        rc = err_set(err, ERR_IO, "%s cannot be read: %s", what, strerror(errno));
    else if (size == 0)
        rc = err_set(err, ERR_INPUT, "%s: the first line is empty; it must hold the passphrase", what);
    else if (size > SECRET_PASSPHRASE_MAX)
        rc = err_set(err, ERR_INPUT, "%s: the first line is longer than %d bytes", what,
                     SECRET_PASSPHRASE_MAX);
    else
        rc = secret_new(s, line, size, err);
    sodium_free(line);
    return rc;
}

/*
 * "/dev/fd/7", as a shell's <(command) gives it, is opened by its number: a hardened process (see
 * secret_harden_process) may not look into its own /proc/self/fd unless it is root. -1: another kind of path.
 */
static int path_descriptor(const char *path)
{
    static const char *const prefixes[] = {"/dev/fd/", "/proc/self/fd/"};

    if (strcmp(path, "/dev/stdin") == 0)
        return STDIN_FILENO;
    for (size_t i = 0; i < sizeof prefixes / sizeof prefixes[0]; i++) {
        const size_t length = strlen(prefixes[i]);
        char *end = NULL;
        if (strncmp(path, prefixes[i], length) != 0 || path[length] < '0' || path[length] > '9')
            continue;
        const long number = strtol(path + length, &end, 10);
        if (*end == '\0' && number <= 0xffff)
            return (int)number;
    }
    return -1;
}

enum err_code secret_from_passphrase_file(struct secret **s, const char *path, struct err *err)
{
    char what[ERR_TEXT_SIZE / 2];
    const int number = path_descriptor(path);

    snprintf(what, sizeof what, "passphrase file %s", path);
    const int fd = number >= 0 ? fcntl(number, F_DUPFD_CLOEXEC, 0) : file_open(path, O_RDONLY | O_CLOEXEC, 0);
    if (fd < 0)
        return err_set(err, ERR_IO, "%s cannot be opened: %s. Name a file that this user may read", what,
                       strerror(errno));
    const enum err_code rc = line_to_secret(s, fd, NULL, what, err);
    close(fd);
    return rc;
}

/* --- The terminal ------------------------------------------------------------------------------------- */

static void say(int fd, const char *text)
{
    const ssize_t done = write(fd, text, strlen(text));
    (void)done; /* a terminal that shows no prompt still takes the answer */
}

static const int ending_signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
#define ENDING_SIGNALS (sizeof ending_signals / sizeof ending_signals[0])

/* The question itself, with the echo off meanwhile. */
static enum err_code ask_hidden(struct secret **s, int tty, const sigset_t *waiting, const char *prompt,
                                struct err *err)
{
    struct termios shown;

    if (tcgetattr(tty, &shown) != 0)
        return err_set(err, ERR_IO, "the terminal does not answer: %s", strerror(errno));
    struct termios hidden = shown;
    hidden.c_lflag &= ~(tcflag_t)ECHO;
    hidden.c_lflag |= ICANON | ECHONL;
    if (tcsetattr(tty, TCSAFLUSH, &hidden) != 0)
        return err_set(err, ERR_IO, "the terminal's echo cannot be switched off: %s", strerror(errno));
    say(tty, prompt);
    const enum err_code rc = line_to_secret(s, tty, waiting, "passphrase from the terminal", err);
    tcsetattr(tty, TCSAFLUSH, &shown);
    return rc;
}

/*
 * Asks once. A signal that would end the program is held until the wait for a key, ends the wait there, and does its
 * work only after the terminal shows again what is typed.
 */
static enum err_code ask(struct secret **s, int tty, const char *prompt, struct err *err)
{
    const struct sigaction catcher = {.sa_handler = catch_signal};
    struct sigaction before[ENDING_SIGNALS];
    sigset_t held;
    sigset_t waiting;

    caught_signal = 0;
    sigemptyset(&held);
    for (size_t i = 0; i < ENDING_SIGNALS; i++)
        sigaddset(&held, ending_signals[i]);
    sigprocmask(SIG_BLOCK, &held, &waiting);
    for (size_t i = 0; i < ENDING_SIGNALS; i++)
        sigaction(ending_signals[i], &catcher, &before[i]);
    const enum err_code rc = ask_hidden(s, tty, &waiting, prompt, err);
    sigprocmask(SIG_SETMASK, &waiting, NULL); /* what was held is caught now */
    for (size_t i = 0; i < ENDING_SIGNALS; i++)
        sigaction(ending_signals[i], &before[i], NULL);
    if (!caught_signal)
        return rc;
    if (!rc)
        secret_free(*s);
    *s = NULL;
    raise((int)caught_signal);
    return err_set(err, ERR_INPUT, "the question for the passphrase was interrupted");
}

enum err_code secret_from_terminal(struct secret **s, const char *prompt, bool confirm, struct err *err)
{
    struct secret *first = NULL;
    struct secret *again = NULL;
    const int tty = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);

    if (tty < 0)
        return err_set(err, ERR_KEY, "there is no terminal to ask on");
    enum err_code rc = ask(&first, tty, prompt, err);
    if (!rc && confirm)
        rc = ask(&again, tty, "The same again: ", err);
    if (!rc && confirm && !secret_equal(first, again))
        rc = err_set(err, ERR_INPUT, "the two passphrases differ; nothing was done");
    close(tty);
    secret_free(again);
    if (rc)
        secret_free(first);
    else
        *s = first;
    return rc;
}

enum err_code secret_from_terminal_or(struct secret **s, const char *prompt, bool confirm, const char *what,
                                      const char *options, struct err *err)
{
    const enum err_code rc = secret_from_terminal(s, prompt, confirm, err);

    return rc != ERR_KEY ? rc
                         : err_set(err, rc,
                                   "%s is needed and there is no terminal to ask on. Put it into the first "
                                   "line of a file, and name the file with %s",
                                   what, options);
}

enum err_code secret_passphrase(struct secret **s, const char *path, bool confirm, struct err *err)
{
    const char *const named = path ? path : secure_getenv(SECRET_PASSPHRASE_VARIABLE);

    if (named && named[0] != '\0')
        return secret_from_passphrase_file(s, named, err);
    if (path)
        return err_set(err, ERR_INPUT, "--passphrase-file names no file");
    return secret_from_terminal_or(
        s, confirm ? "New passphrase of the key vault: " : "Passphrase of the key vault: ", confirm,
        "a passphrase", "--passphrase-file or $" SECRET_PASSPHRASE_VARIABLE, err);
}
