/*
 * A book that tests tell things to, and a sink that applies what is proposed, without a journal.
 *
 *   struct world *w = world_new();
 *   world_tell(w, entries_quote(...), "2015-12-24T15:00:00Z");
 *   paper_work(&w->book, &w->out, err);
 *   world_last(w, ENTRY_FILL_EXECUTION)
 */
#ifndef TESTS_SUPPORT_WORLD_H
#define TESTS_SUPPORT_WORLD_H

#include "book/book.h"
#include "ledger/decide.h"
#include "support/entries.h"

#include <stdio.h>
#include <stdlib.h>

#define WORLD_SAID_MAX 64

struct world {
    struct book book;
    struct proposals out;
    struct entry said[WORLD_SAID_MAX]; /* what was proposed */
    size_t count;
};

static inline void world_apply(struct world *w, const struct entry *e)
{
    struct err err;

    if (book_apply(&w->book, e, &err)) {
        fprintf(stderr, "world: %s\n", err.text);
        abort();
    }
}

static inline enum err_code world_propose(void *context, struct entry *draft, struct err *err)
{
    struct world *const w = (struct world *)context;

    (void)err;
    REQUIRE(w->count < WORLD_SAID_MAX);
    draft->seq = book_seq(&w->book) + 1;
    draft->recorded_at_ns = draft->at_ns;
    REQUIRE(entry_check(draft, NULL) == ERR_OK);
    w->said[w->count++] = *draft;
    world_apply(w, draft);
    return ERR_OK;
}

static inline uint64_t world_next_seq(void *context)
{
    return book_seq(&((struct world *)context)->book) + 1;
}

static inline struct world *world_new(void)
{
    struct world *const w = (struct world *)calloc(1, sizeof *w);
    struct err err;

    REQUIRE(w && book_init(&w->book, &err) == ERR_OK);
    w->out = (struct proposals){world_propose, world_next_seq, w};
    return w;
}

static inline void world_free(struct world *w)
{
    book_release(&w->book);
    free(w);
}

/* Applies a draft as the next entry, at that time; returns its seq. */
static inline uint64_t world_tell(struct world *w, struct entry e, const char *at)
{
    e = entries_placed(e, book_seq(&w->book) + 1, at);
    world_apply(w, &e);
    return e.seq;
}

/* The newest proposal of a kind, or NULL; how many there were of it. */
static inline const struct entry *world_last(const struct world *w, enum entry_kind kind)
{
    for (size_t i = w->count; i > 0; i--) {
        if (w->said[i - 1].kind == kind)
            return &w->said[i - 1];
    }
    return NULL;
}

static inline size_t world_count(const struct world *w, enum entry_kind kind)
{
    size_t n = 0;

    for (size_t i = 0; i < w->count; i++)
        n += w->said[i].kind == kind;
    return n;
}

#endif
