/* Several feeds as one, by time. The heads are few, so the earliest is found by looking at each of them. */
#include "gateway/feed_impl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct merge {
    struct feed base;
    struct feed *children[FEED_MERGE_MAX];
    struct feed_key heads[FEED_MERGE_MAX];
    bool has_head[FEED_MERGE_MAX]; /* heads[i] is the child's next draft */
    bool ended[FEED_MERGE_MAX];
    size_t count;
    size_t next; /* the child that peek chose */
};

static bool is_same_clock(const struct feed_key *a, const struct feed_key *b)
{
    return !a->at_once && !b->at_once && a->phase != 0 && a->phase == b->phase && a->at_ns == b->at_ns &&
           a->session == b->session;
}

/* Whether a goes out before b; of equals, the first in order of feeds. */
static bool is_before(const struct feed_key *a, const struct feed_key *b)
{
    if (a->at_once || b->at_once)
        return a->at_once && !b->at_once;
    if (a->at_ns != b->at_ns)
        return a->at_ns < b->at_ns;
    return a->phase < b->phase; /* 0, everything else, comes before open, tick and close */
}

static enum err_code fill_heads(struct merge *m, struct err *err)
{
    for (size_t i = 0; i < m->count; i++) {
        struct feed *const child = m->children[i];
        bool found = false;

        if (m->has_head[i] || m->ended[i])
            continue;
        const enum err_code rc = child->ops->peek(child, &m->heads[i], &found, err);
        if (rc)
            return rc;
        m->has_head[i] = found;
        m->ended[i] = !found;
    }
    return ERR_OK;
}

static enum err_code merge_peek(struct feed *f, struct feed_key *key, bool *found, struct err *err)
{
    struct merge *const m = (struct merge *)f;
    size_t best = m->count;
    const enum err_code rc = fill_heads(m, err);

    if (rc)
        return rc;
    for (size_t i = 0; i < m->count; i++)
        if (m->has_head[i] && (best == m->count || is_before(&m->heads[i], &m->heads[best])))
            best = i;
    *found = best < m->count;
    if (*found) {
        m->next = best;
        *key = m->heads[best];
    }
    return ERR_OK;
}

/* A merged count is the sum of its children's, but for what the merge itself does. */
static void add_up(struct merge *m)
{
    struct feed_counts sum = {.yielded = m->base.counts.yielded, .clocks = m->base.counts.clocks};

    for (size_t i = 0; i < m->count; i++) {
        const struct feed_counts *const c = &m->children[i]->counts;
        sum.sources += c->sources;
        sum.rows += c->rows;
        sum.entries += c->entries;
        sum.extra += c->extra;
        sum.late_rows += c->late_rows;
        sum.skipped += c->skipped;
        for (size_t k = 0; k < FEED_FINDINGS; k++) {
            sum.instead[k] += c->instead[k];
            sum.beside[k] += c->beside[k];
        }
    }
    m->base.counts = sum;
}

/* Takes equal clock entries from the other children and drops them. */
static enum err_code collapse(struct merge *m, const struct feed_key *taken, struct entry *draft,
                              struct err *err)
{
    for (size_t i = 0; i < m->count; i++) {
        if (i == m->next || !m->has_head[i] || !is_same_clock(&m->heads[i], taken))
            continue;
        const enum err_code rc = m->children[i]->ops->take(m->children[i], draft, err);
        if (rc)
            return rc;
        m->has_head[i] = false;
    }
    return ERR_OK;
}

static enum err_code merge_take(struct feed *f, struct entry *draft, struct err *err)
{
    struct merge *const m = (struct merge *)f;
    struct feed *const child = m->children[m->next];
    const struct feed_key taken = m->heads[m->next];
    enum err_code rc = ERR_OK;

    if (taken.phase != 0)
        rc = collapse(m, &taken, draft, err);
    if (!rc)
        rc = child->ops->take(child, draft, err);
    if (rc)
        return rc;
    m->has_head[m->next] = false;
    m->base.actor = child->actor;
    if (draft->kind == ENTRY_PERCEPTION_CLOCK)
        m->base.counts.clocks++;
    add_up(m);
    return ERR_OK;
}

static void merge_close(struct feed *f)
{
    struct merge *const m = (struct merge *)f;

    for (size_t i = 0; i < m->count; i++)
        feed_close(m->children[i]);
    free(m);
}

static const struct feed_ops MERGE_OPS = {merge_peek, merge_take, merge_close};

static void name_after_children(struct merge *m)
{
    size_t used = 0;

    for (size_t i = 0; i < m->count && used + 1 < sizeof m->base.name; i++) {
        const int n = snprintf(m->base.name + used, sizeof m->base.name - used, "%s%s", i ? " + " : "",
                               m->children[i]->name);
        used += n > 0 ? (size_t)n : 0;
    }
}

enum err_code feed_merge(struct feed **feeds, size_t count, struct feed **merged, struct err *err)
{
    REQUIRE(count >= 1 && count <= FEED_MERGE_MAX);
    struct merge *const m = calloc(1, sizeof *m);
    enum err_code rc = ERR_OK;

    if (!m) {
        for (size_t i = 0; i < count; i++)
            feed_close(feeds[i]);
        return err_set(err, ERR_MEMORY, "feed: out of memory");
    }
    m->base.ops = &MERGE_OPS;
    m->base.actor = feeds[0]->actor;
    m->count = count;
    for (size_t i = 0; i < count; i++) {
        m->children[i] = feeds[i];
        m->base.total += feeds[i]->total;
        if (feeds[i]->step_ns > m->base.step_ns)
            m->base.step_ns = feeds[i]->step_ns;
    }
    name_after_children(m);
    add_up(m);
    for (size_t i = 0; i < count && !rc; i++)
        for (size_t k = 0; k < feeds[i]->remark_count && !rc; k++)
            rc = feed_remark_add(&m->base, err, "%s", feeds[i]->remarks[k]);
    if (rc) {
        feed_close(&m->base);
        return rc;
    }
    *merged = (struct feed *)m;
    return ERR_OK;
}
