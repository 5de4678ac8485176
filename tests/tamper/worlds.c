#include "tamper/worlds.h"

#include "audit/stories_cosigned.h"

#include "ledger/wire.h"

#include <stdlib.h>

/* An actor who joins in entry 2; the others are of a forge's genesis. */
#define FEED (FORGE_ACTORS + 1)

/* Who writes which kinds here, and how often. */
static const struct {
    enum entry_kind kind;
    uint32_t actor;
    bool is_signed;
    unsigned weight;
} WRITERS[] = {
    {ENTRY_PERCEPTION_QUOTE, FEED, false, 20},
    {ENTRY_PERCEPTION_BAR, FEED, false, 4},
    {ENTRY_PERCEPTION_MARK, FEED, false, 2},
    {ENTRY_PERCEPTION_OPEN_INTEREST, FEED, false, 2},
    {ENTRY_PERCEPTION_CLOCK, 0, false, 4},
    {ENTRY_PERCEPTION_DATA_QUALITY, 0, false, 3},
    {ENTRY_DECISION_CANDIDATES, FORGE_STRATEGY, false, 4},
    {ENTRY_DECISION_ENTER, FORGE_STRATEGY, false, 4},
    {ENTRY_DECISION_EXIT, FORGE_STRATEGY, false, 3},
    {ENTRY_DECISION_NO_TRADE, FORGE_STRATEGY, false, 4},
    {ENTRY_RISK_VERDICT, FORGE_RISK, false, 5},
    {ENTRY_RISK_BREAKER_TRIP, FORGE_RISK, false, 1},
    {ENTRY_RISK_EQUITY, FORGE_RISK, false, 2},
    {ENTRY_ORDER_NEW, FORGE_STRATEGY, false, 4},
    {ENTRY_ORDER_ACKNOWLEDGED, FORGE_BROKER, false, 3},
    {ENTRY_ORDER_CANCEL, FORGE_STRATEGY, false, 1},
    {ENTRY_ORDER_CANCELLED, FORGE_BROKER, false, 1},
    {ENTRY_ORDER_REJECTED, FORGE_BROKER, false, 1},
    {ENTRY_ORDER_EXPIRED, FORGE_BROKER, false, 1},
    {ENTRY_FILL_EXECUTION, FORGE_BROKER, false, 4},
    {ENTRY_FILL_ASSIGNMENT, FORGE_BROKER, false, 1},
    {ENTRY_FILL_EXPIRATION, FORGE_BROKER, false, 1},
    {ENTRY_CONTROL_NOTE, 0, false, 3},
    {ENTRY_CONTROL_NOTE, FORGE_OPERATOR, true, 1},
    {ENTRY_CONTROL_STOP, FORGE_OPERATOR, true, 1},
};

static void add_one(struct forge *f, struct random *r)
{
    unsigned total = 0;

    for (size_t i = 0; i < sizeof WRITERS / sizeof WRITERS[0]; i++)
        total += WRITERS[i].weight;
    uint64_t pick = random_below(r, total);
    for (size_t i = 0;; i++) {
        if (pick < WRITERS[i].weight) {
            forge_add_random(f, r, WRITERS[i].kind, WRITERS[i].actor, WRITERS[i].is_signed);
            return;
        }
        pick -= WRITERS[i].weight;
    }
}

static void add_feed(struct forge *f)
{
    struct entry e;

    memset(&e, 0, sizeof e);
    e.kind = ENTRY_CONTROL_ACTOR;
    e.at_ns = INSTANT_NONE;
    e.as.control_actor.actor_id = FEED;
    e.as.control_actor.name = id_from("feed:lean");
    e.as.control_actor.role = ROLE_FEED;
    memset(e.as.control_actor.key.bytes, 7, sizeof e.as.control_actor.key.bytes);
    forge_add(f, &e);
}

/* The seals' sizes, and the newest note. */
static void note_seals(struct world *w)
{
    for (uint64_t size = 1; size <= w->f.entry_count; size++) {
        if (forge_find_number(&w->f, EVIDENCE_SEALS, size)) {
            REQUIRE(w->seal_count < WORLD_SEALS_MAX);
            w->seals[w->seal_count++] = size;
        }
    }
    const struct forge_row *const row = forge_find_number(&w->f, EVIDENCE_SEALS, w->f.entry_count);
    memcpy(w->newest, row->bytes, row->size);
    w->newest[row->size] = '\0';
}

/* Every second seal has the line of a witness that entry 3 names; every fourth that of one whom nobody knows, too. */
static void add_cosignatures(struct world *w)
{
    for (size_t i = 0; i < w->seal_count; i += 2) {
        if (w->seals[i] < 3)
            continue;
        w->cosigned[w->cosigned_count++] = w->seals[i];
        cosigned_by(&w->f, w->seals[i], 0, false);
        if (i % 4 == 0)
            cosigned_by(&w->f, w->seals[i], 1, false);
    }
}

/* Two seconds and more behind all entries. */
static void add_stamps(struct world *w)
{
    static const char *const TIMES[] = {"20151224143105Z", "20151224143106.25Z"};

    for (size_t i = 2; i < w->seal_count; i += 3) {
        const size_t at = w->stamped_count++;
        w->stamped[at] = w->seals[i];
        w->stamps[at] = 1 + at % 2;
        for (uint32_t n = 0; n < w->stamps[at]; n++)
            forge_stamp(&w->f, w->seals[i], n, NULL, 0, TIMES[n]);
    }
}

/* The journal hands over to its next key in the middle of each of so many parts of equal length. */
static void hand_over(struct world *w, size_t entries, size_t epochs)
{
    struct forge *const f = &w->f;

    if (f->entry_count + 1 < (2 * w->hand_over_count + 1) * entries / (2 * epochs))
        return;
    forge_key(f, 0);
    w->hand_overs[w->hand_over_count++] = f->entry_count;
}

static void make(struct world *w, const char *name, unsigned seed, size_t entries, size_t group,
                 size_t per_block, size_t epochs)
{
    struct random r = {seed};

    w->name = name;
    w->seal_count = 0;
    w->hand_over_count = 0;
    w->stamped_count = 0;
    w->cosigned_count = 0;
    forge_init(&w->f, seed);
    w->f.per_block = per_block;
    forge_genesis(&w->f);
    add_feed(&w->f);
    cosigned_join(&w->f, 0);
    while (w->f.entry_count < entries) {
        const size_t left = entries - w->f.entry_count;
        const size_t wanted = 1 + random_below(&r, 2 * group);
        for (size_t i = 0; i < (wanted < left ? wanted : left); i++)
            add_one(&w->f, &r);
        if (w->hand_over_count < epochs && w->f.entry_count < entries)
            hand_over(w, entries, epochs);
        forge_group(&w->f);
        w->f.now_ns += 1000000;
    }
    forge_vkey(&w->f, w->vkey);
    note_seals(w);
    add_stamps(w);
    add_cosignatures(w);
    w->image = forge_image(&w->f, &w->image_size);
}

void worlds_open(struct world worlds[WORLDS])
{
    make(&worlds[0], "small", 31, 40, 5, 5, 1);
    make(&worlds[1], "of 600 entries", 32, 600, 35, 25, 2);
    make(&worlds[2], "of 2000 entries", 33, 2000, 120, 60, 4);
}

void worlds_close(struct world worlds[WORLDS])
{
    for (int i = 0; i < WORLDS; i++) {
        forge_release(&worlds[i].f);
        free(worlds[i].image);
    }
}

uint64_t world_seal_over(const struct world *w, uint64_t seq)
{
    for (size_t i = 0; i < w->seal_count; i++) {
        if (w->seals[i] >= seq)
            return w->seals[i];
    }
    err_require_failed("a seal covers the entry", __FILE__, __LINE__);
}

uint64_t world_hand_over_from(const struct world *w, uint64_t seq)
{
    for (size_t i = 0; i < w->hand_over_count; i++) {
        if (w->hand_overs[i] >= seq)
            return w->hand_overs[i];
    }
    return 0;
}

uint64_t world_stamped_from(const struct world *w, uint64_t seq)
{
    for (size_t i = 0; i < w->stamped_count; i++) {
        if (w->stamped[i] >= seq)
            return w->stamped[i];
    }
    return 0;
}

uint32_t world_stamps(const struct world *w, uint64_t size)
{
    for (size_t i = 0; i < w->stamped_count; i++) {
        if (w->stamped[i] == size)
            return w->stamps[i];
    }
    return 0;
}

uint64_t world_cosigned_from(const struct world *w, uint64_t seq)
{
    for (size_t i = 0; i < w->cosigned_count; i++) {
        if (w->cosigned[i] >= seq)
            return w->cosigned[i];
    }
    return 0;
}

size_t world_bare_size(const struct forge_row *seal)
{
    const uint8_t *const empty = memmem(seal->bytes, seal->size, "\n\n", 2);
    const uint8_t *const line = empty + 2;
    const uint8_t *const end = memchr(line, '\n', seal->size - (size_t)(line - seal->bytes));

    return (size_t)(end + 1 - seal->bytes);
}
