/*
 * Journals for the tests of the index: few symbols, orders and actors, so that every combination of filters finds
 * something, and the comparison of an index's answers with those of a full scan.
 */
#ifndef TESTS_SUPPORT_INDEX_JOURNAL_H
#define TESTS_SUPPORT_INDEX_JOURNAL_H

#include "ledger/index_state.h"
#include "ledger/roles.h"
#include "support/journals.h"
#include "support/random_entry.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static const char *const INDEX_JOURNAL_SYMBOLS[] = {
    "GOOG", "BRK.B", "SPX", "GOOG  151224P00750000", "GOOG  151224C00750000", "SPXW  160115P01900000",
};
static const char *const INDEX_JOURNAL_ORDERS[] = {"o-1", "o-10", "o-", "o", "o-2"};
static const enum entry_kind INDEX_JOURNAL_KINDS[] = {
    ENTRY_PERCEPTION_QUOTE, ENTRY_ORDER_ACKNOWLEDGED, ENTRY_FILL_EXECUTION,  ENTRY_CONTROL_NOTE,
    ENTRY_PERCEPTION_QUOTE, ENTRY_ORDER_CANCELLED,    ENTRY_PERCEPTION_CLOCK};
#define INDEX_JOURNAL_COUNT(array) (sizeof(array) / sizeof(array)[0])

static inline const char *index_journal_pick(struct random *r, const char *const *names, size_t count)
{
    return names[random_below(r, count)];
}

/* When entry `seq` happens, give or take five minutes. */
static inline int64_t index_journal_at(uint64_t seq)
{
    return SCRATCH_EPOCH_NS + (int64_t)seq * NS_PER_SECOND;
}

static inline struct entry index_journal_entry(struct random *r, uint64_t seq)
{
    const char *const symbol =
        index_journal_pick(r, INDEX_JOURNAL_SYMBOLS, INDEX_JOURNAL_COUNT(INDEX_JOURNAL_SYMBOLS));
    const struct id order =
        id_from(index_journal_pick(r, INDEX_JOURNAL_ORDERS, INDEX_JOURNAL_COUNT(INDEX_JOURNAL_ORDERS)));
    struct entry e =
        entries_draft(INDEX_JOURNAL_KINDS[random_below(r, INDEX_JOURNAL_COUNT(INDEX_JOURNAL_KINDS))]);

    switch ((int)e.kind) {
    case ENTRY_PERCEPTION_QUOTE: e = entries_quote(symbol, "1", "2", 3, 4); break;
    case ENTRY_ORDER_ACKNOWLEDGED:
        e.as.order_acknowledged.order_id = order;
        e.as.order_acknowledged.broker_id = id_from("b");
        break;
    case ENTRY_ORDER_CANCELLED:
        e.as.order_cancelled.order_id = order;
        e.as.order_cancelled.reason = text_from("why not");
        break;
    case ENTRY_FILL_EXECUTION: e = entries_execution(order.text, "f", symbol, SIDE_BUY, 1, "1", "0"); break;
    case ENTRY_CONTROL_NOTE: e.as.control_note.text = text_from("words"); break;
    default:
        e.as.perception_clock.phase = PHASE_TICK;
        e.as.perception_clock.session = entries_day("2015-12-24");
    }
    static const enum role ROLES[] = {ROLE_JOURNAL, ROLE_OPERATOR, ROLE_BROKER, ROLE_RISK}; /* by actor */
    do
        e.actor = (uint32_t)random_below(r, INDEX_JOURNAL_COUNT(ROLES));
    while (!role_may_write(ROLES[e.actor], e.kind));
    if (e.kind == ENTRY_PERCEPTION_CLOCK || random_below(r, 3))
        e.at_ns = index_journal_at(seq) + (int64_t)random_below(r, 600) * NS_PER_SECOND - 300 * NS_PER_SECOND;
    if (seq > 2 && random_below(r, 2)) /* few causes have many effects, most have one or none */
        e.cause = random_below(r, 2) ? 2 : 1 + random_below(r, seq - 1);
    return e;
}

/* Appends `count` entries in groups of many sizes; returns the journal's size. */
static inline uint64_t index_journal_grow(struct journal *j, struct random *r, unsigned count)
{
    static struct seal seal;

    while (count > 0) {
        const unsigned n = 1 + (unsigned)random_below(r, count < 300 ? count : 300);
        struct journal_group *g = NULL;
        SCRATCH_OK(journal_group_begin(j, &g, err));
        for (unsigned i = 0; i < n; i++) {
            struct entry e = index_journal_entry(r, journal_group_next_seq(g));
            SCRATCH_OK(journal_group_add(g, &e, err));
        }
        SCRATCH_OK(journal_group_commit(g, &seal, err));
        count -= n;
    }
    return seal.size;
}

/* The same, each entry about an order of its own. */
static inline uint64_t index_journal_grow_orders(struct journal *j, unsigned count)
{
    static struct seal seal;
    struct journal_group *g = NULL;
    char text[64];

    SCRATCH_OK(journal_group_begin(j, &g, err));
    for (unsigned i = 0; i < count; i++) {
        struct entry e = entries_draft(ENTRY_ORDER_CANCELLED);
        snprintf(text, sizeof text, "an-order-with-a-long-id-%08x", i * 0x9e3779b9u);
        e.as.order_cancelled.order_id = id_from(text);
        e.as.order_cancelled.reason = text_from("");
        e.actor = SCRATCH_OPERATOR;
        SCRATCH_OK(journal_group_add(g, &e, err));
    }
    SCRATCH_OK(journal_group_commit(g, &seal, err));
    return seal.size;
}

static inline void index_journal_catch_up(struct index *x, uint32_t batch, uint64_t wanted)
{
    const struct index_options options = {.batch = batch};
    struct index_report report;

    SCRATCH_OK(index_catch_up(x, &options, &report, err));
    assert_int_equal(report.indexed, wanted);
    assert_int_equal(report.stopped, 0);
}

/* Every row of it. */
static inline struct hash index_journal_digest(struct index *x)
{
    struct index_txn *t = NULL;
    struct hash digest = {{0}};
    bool any = true;

    SCRATCH_OK(index_read_begin(x->file, &t, err));
    for (bool is_first = true;; is_first = false) {
        struct index_row row;
        struct hash both[3];
        SCRATCH_OK(index_next_row(t, is_first, &row, &any, err));
        if (!any)
            break;
        both[0] = digest;
        both[1] = hash_leaf(&row.key, sizeof row.key);
        both[2] = hash_leaf(row.value, row.size);
        both[2].bytes[0] ^= (uint8_t)row.first;
        digest = hash_leaf(both, sizeof both);
    }
    index_txn_end(t);
    return digest;
}

/* -- comparing ------------------------------------------------------------------------------------------ */

/* The walk with the index and the one that reads everything step by step give the same entries. */
static inline uint64_t index_journal_compare(struct index *x, struct journal_reader *r,
                                             const struct filter *f, enum index_way way)
{
    struct index_walk *scan = NULL;
    struct index_walk *walk = NULL;
    uint64_t count = 0;

    SCRATCH_OK(index_walk_begin(NULL, r, f, way, true, &scan, err));
    SCRATCH_OK(index_walk_begin(x, r, f, way, false, &walk, err));
    for (;;) {
        const struct entry *a = NULL;
        const struct entry *b = NULL;
        bool any_a = false;
        bool any_b = false;
        SCRATCH_OK(index_walk_next(scan, &a, &any_a, err));
        SCRATCH_OK(index_walk_next(walk, &b, &any_b, err));
        assert_int_equal(any_a, any_b);
        if (!any_a)
            break;
        assert_int_equal(a->seq, b->seq);
        assert_int_equal(a->kind, b->kind);
        count++;
    }
    assert_true(index_walk_looked(walk) <= index_walk_looked(scan));
    index_walk_end(scan);
    index_walk_end(walk);
    return count;
}

enum { INDEX_JOURNAL_FILTERS = 8 };

/* A filter that asks for what the bits of `which` say, with values that are often there. */
static inline void index_journal_filter(struct random *r, unsigned which, uint64_t size, struct filter *f)
{
    filter_init(f);
    if (which & 1)
        f->kind = entry_kind_find((unsigned)INDEX_JOURNAL_KINDS[random_below(r, 7)]);
    if (which & 2)
        f->family = 1 + (unsigned)random_below(r, 7);
    if (which & 4)
        f->symbol = random_below(r, 8) ? entries_symbol(index_journal_pick(r, INDEX_JOURNAL_SYMBOLS, 6))
                                       : entries_symbol("AAPL");
    if (which & 8)
        f->order = random_below(r, 8)
                       ? index_journal_pick(r, INDEX_JOURNAL_ORDERS, 5)
                       : "an id that is longer than any id may be, so that it names no order ...";
    if (which & 16)
        f->cause = random_below(r, 2) ? 2 : 1 + random_below(r, size + 1);
    if (which & 32) {
        f->has_actor = true;
        f->actor = (uint32_t)random_below(r, 5);
    }
    if (which & 64) {
        f->from_ns = random_below(r, 4) ? index_journal_at(random_below(r, size + 600)) : INT64_MIN;
        f->to_ns = random_below(r, 4) ? index_journal_at(random_below(r, size + 600)) : INT64_MAX;
    }
    if (random_below(r, 8) == 0)
        f->first = 1 + random_below(r, size + 1);
    if (random_below(r, 8) == 0)
        f->last = random_below(r, size + 2);
    if (which & 128) { /* the clock of a scratch journal moves a microsecond at each look */
        f->since_ns = random_below(r, 4) ? SCRATCH_EPOCH_NS + (int64_t)random_below(r, 40) * 1000 : INT64_MIN;
        f->until_ns = random_below(r, 4) ? SCRATCH_EPOCH_NS + (int64_t)random_below(r, 80) * 1000 : INT64_MAX;
    }
}

static inline void index_journal_compare_one(struct index *x, struct journal_reader *reader, struct random *r,
                                             unsigned which, uint64_t *count)
{
    struct filter f;

    index_journal_filter(r, which, journal_reader_size(reader), &f);
    *count += index_journal_compare(x, reader, &f, INDEX_FORWARD);
    *count += index_journal_compare(x, reader, &f, INDEX_BACKWARD);
}

/* Every combination of filters. */
static inline void index_journal_compare_all(struct journal *j, struct index *x, struct random *r)
{
    struct journal_reader *reader = NULL;
    uint64_t count = 0;

    SCRATCH_OK(journal_reader_begin(j, &reader, err));
    for (unsigned which = 0; which < 1U << INDEX_JOURNAL_FILTERS; which++)
        index_journal_compare_one(x, reader, r, which, &count);
    assert_true(count > 0);
    journal_reader_end(reader);
}

/* Some of them: where it is the state of the index that matters. */
static inline void index_journal_compare_some(struct journal *j, struct index *x, struct random *r)
{
    struct journal_reader *reader = NULL;
    uint64_t count = 0;

    SCRATCH_OK(journal_reader_begin(j, &reader, err));
    for (unsigned i = 0; i < 30; i++)
        index_journal_compare_one(x, reader, r, (unsigned)random_below(r, 1U << INDEX_JOURNAL_FILTERS),
                                  &count);
    assert_true(count > 0);
    journal_reader_end(reader);
}

#endif
