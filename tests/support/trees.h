/*
 * A second opinion on journals, for tests: the tree as RFC 6962 defines it, word for word, and the seals
 * checked with the note and checkpoint calls against it.
 */
#ifndef TESTS_SUPPORT_TREES_H
#define TESTS_SUPPORT_TREES_H

#include "ledger/checkpoint.h"
#include "support/journals.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define TREES_LEAVES_MAX 3000

static inline struct hash trees_root(const struct hash *leaves, size_t n)
{
    size_t k = 1;

    if (n == 0)
        return hash_empty();
    if (n == 1)
        return leaves[0];
    while (2 * k < n)
        k *= 2;
    const struct hash left = trees_root(leaves, k);
    const struct hash right = trees_root(leaves + k, n - k);
    return hash_node(&left, &right);
}

/* The leaf hash of every entry that the reader sees, and their number. */
static inline size_t trees_leaves(struct journal_reader *r, struct hash *leaves)
{
    struct journal_record record;
    size_t n = 0;
    bool found;

    SCRATCH_OK(journal_reader_seek(r, 1, err));
    for (;;) {
        SCRATCH_OK(journal_reader_next(r, &record, &found, err));
        if (!found)
            return n;
        REQUIRE(n < TREES_LEAVES_MAX);
        assert_int_equal(record.seq, n + 1);
        leaves[n++] = hash_leaf(record.bytes, record.size);
    }
}

/* Every seal there is: signed by the journal's key, over the naive root; returns how many. */
static inline unsigned trees_check_seals(struct journal *j, struct journal_reader *r,
                                         const struct hash *leaves)
{
    static struct seal seal;
    struct checkpoint c;
    struct note_key key;
    struct hash stored;
    unsigned count = 0;

    SCRATCH_OK(note_key_parse(&key, journal_vkey(j), strlen(journal_vkey(j)), err));
    for (uint64_t size = 1; size <= journal_reader_size(r); size = seal.size + 1, count++) {
        SCRATCH_OK(journal_reader_seal(r, size, &seal, err));
        SCRATCH_OK(checkpoint_open(&c, seal.note, seal.note_size, &key, 1, err));
        assert_string_equal(c.origin, SCRATCH_ORIGIN);
        assert_int_equal(c.size, seal.size);
        const struct hash root = trees_root(leaves, seal.size);
        assert_memory_equal(&c.root, &root, sizeof root);
        assert_memory_equal(&seal.root, &root, sizeof root);
        SCRATCH_OK(journal_reader_root(r, seal.size, &stored, err));
        assert_memory_equal(&stored, &root, sizeof root);
        assert_int_equal(seal.note[seal.note_size], 0);
    }
    assert_int_equal(seal.size, journal_reader_size(r));
    return count;
}

#endif
