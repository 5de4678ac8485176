/*
 * A script: everything that happens to the system in one simulation, in order. Leaving any acts out of a script gives a
 * script again: that is what lets a long one that fails shrink to a short one.
 *
 * As text, one act a line: its word, then its arguments (acts.def). Empty lines, and lines that begin with #, say nothing.
 */
#ifndef TESTS_SIMULATOR_SCRIPT_H
#define TESTS_SIMULATOR_SCRIPT_H

#include "ledger/entry.h"

#include <stdio.h>

enum act_kind {
#define ACT(NAME, word, arguments, meaning) ACT_##NAME,
#include "simulator/acts.def"
#undef ACT
    ACT_KINDS
};

#define ACT_WORD_SIZE 64
#define ACT_NUMBERS   2
#define ACT_PRICES    2

struct act {
    enum act_kind kind;
    int64_t at_ns; /* of the feed's acts */
    struct symbol symbol;
    char word[ACT_WORD_SIZE];
    int64_t n[ACT_NUMBERS];
    int64_t price[ACT_PRICES]; /* nano, or PRICE_NONE */
};

struct script {
    struct act *acts;
    size_t count;
    size_t capacity;
};

void script_add(struct script *s, const struct act *a);
void script_release(struct script *s);
/* Acts of the feed, in its order; `day` is none of them. */
bool act_is_feed(enum act_kind kind);
/* Moments in it: acts `clock`. */
uint64_t script_moments(const struct script *s);

void script_print(const struct script *s, FILE *out);
/* ERR_INPUT names the line. */
MUST_USE enum err_code script_read(struct script *s, const char *path, struct err *err);

#endif
