/*
 * A scratch directory with a journal in it, and a clock that tests move by hand.
 *
 *   struct scratch s;
 *   scratch_init(&s);                        an empty directory of its own
 *   struct journal *j = scratch_create(&s);  a journal of three actors, open and unlocked
 *   ...
 *   journal_close(j);
 *   scratch_release(&s);                     removes the directory
 *
 * What fails here stops the test program, with the error's words.
 */
#ifndef TESTS_SUPPORT_JOURNALS_H
#define TESTS_SUPPORT_JOURNALS_H

#include "ledger/journal.h"
#include "ledger/vault.h"
#include "support/entries.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SCRATCH_ORIGIN     "desk.example/test"
#define SCRATCH_PASSPHRASE "correct horse battery staple"
#define SCRATCH_EPOCH_NS   INT64_C(1450967460000000000) /* 2015-12-24T14:31:00Z */

enum scratch_actor { SCRATCH_OPERATOR = 1, SCRATCH_BROKER, SCRATCH_RISK };

struct scratch {
    char root[200]; /* made by mkdtemp */
    char dir[220];  /* the journal's: not made yet */
    int64_t now_ns; /* what the clock says: a microsecond later at each look */
    struct journal_options options;
    struct secret *passphrase;
};

/* What an error tells, in part. */
#define assert_says(err, words)                                                                              \
    do {                                                                                                     \
        if (!strstr((err)->text, words))                                                                     \
            fail_msg("\"%s\" does not say: %s", (err)->text, words);                                         \
    } while (0)

/* Calls with a pointer `err` of its own in scope, also where there is another; stops unless it succeeds. */
#define SCRATCH_OK(call)                                                                                     \
    do {                                                                                                     \
        _Pragma("GCC diagnostic push")                                                                       \
            _Pragma("GCC diagnostic ignored \"-Wshadow\"") struct err *const err =                           \
                &(struct err){.code = ERR_OK};                                                               \
        _Pragma("GCC diagnostic pop") if (call)                                                              \
        {                                                                                                    \
            fprintf(stderr, "%s: %s\n", #call, err->text);                                                   \
            abort();                                                                                         \
        }                                                                                                    \
    } while (0)

static inline int64_t scratch_clock(void *arg)
{
    struct scratch *const s = (struct scratch *)arg;

    return s->now_ns += 1000;
}

static inline void scratch_init(struct scratch *s)
{
    const char *const tmp = getenv("TMPDIR");

    memset(s, 0, sizeof *s);
    snprintf(s->root, sizeof s->root, "%s/ledger-test-XXXXXX", tmp && strlen(tmp) < 150 ? tmp : "/tmp");
    REQUIRE(mkdtemp(s->root));
    snprintf(s->dir, sizeof s->dir, "%s/J", s->root);
    s->now_ns = SCRATCH_EPOCH_NS;
    s->options = (struct journal_options){.dir = s->dir, .now_ns = scratch_clock, .now_arg = s};
    SCRATCH_OK(secret_new(&s->passphrase, SCRATCH_PASSPHRASE, strlen(SCRATCH_PASSPHRASE), err));
}

static inline int scratch_remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

static inline void scratch_release(struct scratch *s)
{
    secret_free(s->passphrase);
    REQUIRE(nftw(s->root, scratch_remove_one, 16, FTW_DEPTH | FTW_PHYS) == 0);
}

static inline struct actor_rows scratch_actors(void)
{
    struct actor_rows rows = {.count = 3};

    rows.rows[0] = (struct actor_row){.name = id_from("operator:ann"), .role = ROLE_OPERATOR};
    rows.rows[1] = (struct actor_row){.name = id_from("broker:paper"), .role = ROLE_BROKER};
    rows.rows[2] = (struct actor_row){.name = id_from("risk"), .role = ROLE_RISK};
    return rows;
}

static inline void scratch_make(struct scratch *s)
{
    struct actor_rows first = scratch_actors();

    SCRATCH_OK(journal_create(&s->options, SCRATCH_ORIGIN, s->passphrase, &first, err));
}

static inline struct journal *scratch_open_locked(struct scratch *s)
{
    struct journal *j = NULL;

    SCRATCH_OK(journal_open(&s->options, &j, err));
    return j;
}

static inline struct journal *scratch_open(struct scratch *s)
{
    struct journal *const j = scratch_open_locked(s);

    SCRATCH_OK(journal_unlock(j, s->passphrase, err));
    return j;
}

static inline struct journal *scratch_create(struct scratch *s)
{
    scratch_make(s);
    return scratch_open(s);
}

/* A note of `size` characters (up to 60,000), each `fill`. The text is static: one note at a time. */
static inline struct entry scratch_note(char fill, size_t size)
{
    static char text[60000];
    struct entry e;

    REQUIRE(size <= sizeof text);
    memset(text, fill, size);
    memset(&e, 0, sizeof e);
    e.kind = ENTRY_CONTROL_NOTE;
    e.at_ns = INSTANT_NONE;
    e.as.control_note.text = (struct text){text, (uint16_t)size};
    return e;
}

static inline struct entry scratch_by(struct entry e, uint32_t actor)
{
    e.actor = actor;
    return e;
}

/* The entry that lets one more actor write; its key is in the vault. */
static inline struct entry scratch_joins(struct journal *j, int64_t id, const char *name)
{
    struct entry e = entries_draft(ENTRY_CONTROL_ACTOR);

    if (!vault_find(journal_vault(j), name))
        SCRATCH_OK(vault_add(journal_vault(j), name, NULL, err));
    e.as.control_actor.actor_id = id;
    e.as.control_actor.name = id_from(name);
    e.as.control_actor.role = ROLE_COMPLIANCE;
    SCRATCH_OK(vault_public_key(journal_vault(j), name, e.as.control_actor.key.bytes, err));
    return e;
}

/* Appends one group of `count` deposits; returns the seal's size. */
static inline uint64_t scratch_append(struct journal *j, unsigned count)
{
    static struct seal seal;
    struct journal_group *g = NULL;

    SCRATCH_OK(journal_group_begin(j, &g, err));
    for (unsigned i = 0; i < count; i++) {
        char id[32];
        snprintf(id, sizeof id, "d-%llu", (unsigned long long)journal_group_next_seq(g));
        struct entry e = entries_deposit(id, "1000");
        e.actor = SCRATCH_BROKER;
        SCRATCH_OK(journal_group_add(g, &e, err));
    }
    SCRATCH_OK(journal_group_commit(g, &seal, err));
    return seal.size;
}

#endif
