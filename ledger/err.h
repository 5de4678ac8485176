/*
 * Errors: how every fallible call of this program says no.
 *
 * A fallible call returns `enum err_code` (zero is success) and, when it fails, leaves one sentence in the
 * caller's `struct err`: what is wrong, exactly where, and where it helps, what to do. Nothing here
 * allocates. Callers on the way up add *where* with err_wrap(); the code never changes on the way.
 */
#ifndef LEDGER_ERR_H
#define LEDGER_ERR_H

#include <stdbool.h>
#include <stddef.h>

#define MUST_USE __attribute__((warn_unused_result))

/* One code for each decision that some caller makes; places are told by the text. */
enum err_code {
    ERR_OK = 0,
    ERR_INPUT,     /* what a person, file or network gave us is not acceptable: exit 3 */
    ERR_FORMAT,    /* stored or wire bytes do not decode to one canonical form */
    ERR_RANGE,     /* arithmetic would leave its scaled integer */
    ERR_CHAIN,     /* seq, cause or time is not what the journal's order demands */
    ERR_WRONG,     /* checked and found wrong (a signature, a hash, a digest): exit 1 */
    ERR_NOT_FOUND, /* what was asked for is not there */
    ERR_EXISTS,    /* it is there already (a journal, an import) */
    ERR_KEY,       /* no key, or the passphrase does not open the vault */
    ERR_IO,        /* the system refused: disk full, no permission, sync failed */
    ERR_MEMORY,    /* out of memory */
    ERR_USAGE,     /* the command line was misused: exit 2 */
    ERR_HALTED     /* the journal takes no entries until people have looked: exit 3 */
};

#define ERR_TEXT_SIZE 1024

/* The caller's; only its `text` needs no release. `text` is always terminated. */
struct err {
    enum err_code code;
    char text[ERR_TEXT_SIZE];
};

/* Fills *err (which may be NULL) and returns `code`, so that callers write `return err_set(...)`. */
enum err_code err_set(struct err *err, enum err_code code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#if defined(__clang_analyzer__) || defined(LEDGER_ANALYZE)
/* The analyzers cannot see that err_set() gives back its code, and would follow paths that do not exist. */
#define err_set(err, code, ...) ((void)err_set(err, code, __VA_ARGS__), (enum err_code)(code))
#endif

/* Puts "where: " before the text; returns err's code (never ERR_OK). A NULL err gives ERR_INPUT. */
enum err_code err_wrap(struct err *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The code's short name, for --json and tests: "input", "wrong" ... */
const char *err_code_name(enum err_code code);

/*
 * A promise inside the program. Bytes, files, users and the network get errors; a broken promise stops us,
 * in release builds as well (assert() would fall silent).
 */
#define REQUIRE(condition)                                                                                   \
    do {                                                                                                     \
        if (!(condition))                                                                                    \
            err_require_failed(#condition, __FILE__, __LINE__);                                              \
    } while (0)
void err_require_failed(const char *condition, const char *file, int line) __attribute__((noreturn));

#endif
