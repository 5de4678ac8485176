/*
 * Journals with fork guards, copies of them, and what two persons do about it. Of a scratch (support/journals.h) the
 * guards are the files "a" and "b", the journal is "J".
 */
#ifndef TESTS_SUPPORT_GUARDS_H
#define TESTS_SUPPORT_GUARDS_H

#include "ledger/journal_guard.h"
#include "ledger/recovery.h"
#include "support/trees.h"

#include <sys/stat.h>

/* -- places ---------------------------------------------------------------------------------------------- */

static inline const char *guards_in(const struct scratch *s, const char *name)
{
    static char paths[8][300];
    static unsigned next;
    char *const path = paths[next++ % 8];

    snprintf(path, sizeof paths[0], "%s/%s", s->root, name);
    return path;
}

static inline void guards_copy_file(const char *from, const char *to)
{
    char command[700];

    snprintf(command, sizeof command, "cp '%s' '%s'", from, to);
    assert_int_equal(system(command), 0);
}

/* The journal as it is now, elsewhere. */
static inline void guards_copy_journal(const struct scratch *s, const char *from, const char *to)
{
    char name[64];

    assert_int_equal(mkdir(guards_in(s, to), 0700), 0);
    for (unsigned i = 0; i < 2; i++) {
        static const char *const names[] = {"journal.mdb", "vault"};
        snprintf(name, sizeof name, "%s/%s", from, names[i]);
        const char *const source = guards_in(s, name);
        snprintf(name, sizeof name, "%s/%s", to, names[i]);
        guards_copy_file(source, guards_in(s, name));
    }
}

static inline struct journal *guards_open(struct scratch *s, const char *name)
{
    struct journal_options options = s->options;
    struct journal *j = NULL;
    const char *const dir = guards_in(s, name);

    options.dir = dir;
    SCRATCH_OK(journal_open(&options, &j, err));
    SCRATCH_OK(journal_unlock(j, s->passphrase, err));
    return j;
}

/* A journal of ann, carl and others with `count` guards, "a" and "b". */
static inline struct journal *guards_make(struct scratch *s, size_t count)
{
    struct actor_rows first = scratch_actors();
    const char *const guards[] = {guards_in(s, "a"), guards_in(s, "b")};
    struct journal_options options;
    struct journal *j = NULL;

    first.rows[first.count++] =
        (struct actor_row){.name = id_from("compliance:carl"), .role = ROLE_COMPLIANCE};
    s->options.guards = guards;
    s->options.guard_count = count;
    SCRATCH_OK(journal_create(&s->options, SCRATCH_ORIGIN, s->passphrase, &first, err));
    s->options.guards = NULL;
    s->options.guard_count = 0;
    options = s->options;
    SCRATCH_OK(journal_open(&options, &j, err));
    SCRATCH_OK(journal_unlock(j, s->passphrase, err));
    return j;
}

static inline enum err_code guards_append(struct journal *j, struct seal *seal, struct err *err)
{
    struct journal_group *g = NULL;
    struct entry e = entries_note("a note");

    enum err_code rc = journal_group_begin(j, &g, err);
    if (rc)
        return rc;
    rc = journal_group_add(g, &e, err);
    REQUIRE(!rc);
    return journal_group_commit(g, seal, err);
}

static uint64_t guards_add(struct journal *j)
{
    static struct seal seal;

    SCRATCH_OK(guards_append(j, &seal, err));
    return seal.size;
}

static inline void guards_assert_refused(struct journal *j, const char *words)
{
    static const uint8_t bytes[] = "a manifest";
    uint8_t signature[NOTE_SIGNATURE_SIZE];
    struct journal_reader *r = NULL;
    struct seal seal = {.size = 77};
    struct err why = {.code = ERR_OK};

    assert_int_equal(guards_append(j, &seal, &why), ERR_HALTED);
    assert_says(&why, words);
    assert_says(&why, "ledger help recover");
    assert_int_equal(seal.size, 77);
    assert_int_equal(journal_sign_bytes(j, "a label", bytes, sizeof bytes, NULL, signature, &why),
                     ERR_HALTED);
    assert_says(&why, words);
    SCRATCH_OK(journal_reader_begin(j, &r, err)); /* reading goes on */
    journal_reader_end(r);
}

/* What a guard says, and that it agrees. */
static inline struct guard_state guards_state(struct journal *j, unsigned i)
{
    struct journal_guards found;

    SCRATCH_OK(journal_guards_look(j, &found, err));
    assert_true(journal_guards_agree(&found));
    assert_true(i < found.count);
    return found.rows[i].state;
}

static inline enum err_code guards_sign(void *context, struct entry *draft, struct err *err)
{
    return journal_sign(context, draft, err);
}

static inline struct recovery guards_recovery(struct journal *j, uint32_t first, uint32_t second)
{
    return (struct recovery){.first = first,
                             .second = second,
                             .sign_first = {guards_sign, j},
                             .sign_second = {guards_sign, j},
                             .reason = "the disk was lost",
                             .at_ns = SCRATCH_EPOCH_NS + (int64_t)first * 1000 + (int64_t)second};
}

enum { GUARDS_ANN = 1, GUARDS_BROKER, GUARDS_CARL = 4 };

static inline enum err_code guards_recover(struct journal *j, struct journal_guards *found, struct err *err)
{
    static struct seal seal;
    const struct recovery r = guards_recovery(j, GUARDS_ANN, GUARDS_CARL);
    uint64_t seq = 0;

    return recovery_enter(j, &r, found, &seq, &seal, err);
}

#endif
