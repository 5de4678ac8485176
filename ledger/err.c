#include "ledger/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum err_code(err_set)(struct err *err, enum err_code code, const char *format, ...)
{
    va_list args;

    if (!err)
        return code;
    err->code = code;
    va_start(args, format);
    vsnprintf(err->text, sizeof err->text, format, args);
    va_end(args);
    return code;
}

enum err_code err_wrap(struct err *err, const char *format, ...)
{
    char what[ERR_TEXT_SIZE];
    va_list args;

    if (!err)
        return ERR_INPUT;
    REQUIRE(err->code != ERR_OK);
    memcpy(what, err->text, sizeof what);
    va_start(args, format);
    vsnprintf(err->text, sizeof err->text - 3, format, args);
    va_end(args);
    /* A sentence past the limit is cut, never spilled. */
    const size_t where = strlen(err->text);
    memcpy(err->text + where, ": ", 2);
    const size_t room = sizeof err->text - where - 3;
    const size_t length = strnlen(what, room);
    memcpy(err->text + where + 2, what, length);
    err->text[where + 2 + length] = '\0';
    return err->code;
}

const char *err_code_name(enum err_code code)
{
    switch (code) {
    case ERR_OK: return "ok";
    case ERR_INPUT: return "input";
    case ERR_FORMAT: return "format";
    case ERR_RANGE: return "range";
    case ERR_CHAIN: return "chain";
    case ERR_WRONG: return "wrong";
    case ERR_NOT_FOUND: return "not_found";
    case ERR_EXISTS: return "exists";
    case ERR_KEY: return "key";
    case ERR_IO: return "io";
    case ERR_MEMORY: return "memory";
    case ERR_USAGE: return "usage";
    case ERR_HALTED: return "halted";
    }
    return "unknown";
}

void err_require_failed(const char *condition, const char *file, int line)
{
    fprintf(stderr, "ledger: a promise inside the program was broken: %s (%s:%d)\n", condition, file, line);
    abort();
}
