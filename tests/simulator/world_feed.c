/* The day's feed: perceptions straight from the script. */
#include "simulator/world_state.h"

#include <stdlib.h>
#include <string.h>

struct world_feed {
    struct feed feed;
    struct world *world;
    size_t next; /* the act to look at next */
};

static enum phase phase_of(const struct act *a)
{
    return strcmp(a->word, "open") == 0    ? PHASE_OPEN
           : strcmp(a->word, "close") == 0 ? PHASE_CLOSE
                                           : PHASE_TICK;
}

static enum err_code peek(struct feed *f, struct feed_key *key, bool *found, struct err *err)
{
    struct world_feed *const wf = (struct world_feed *)f;
    const struct script *const s = wf->world->script;

    (void)err;
    while (wf->next < wf->world->day_end && !act_is_feed(s->acts[wf->next].kind))
        wf->next++;
    *found = wf->next < wf->world->day_end;
    if (!*found)
        return ERR_OK;
    memset(key, 0, sizeof *key);
    key->at_ns = s->acts[wf->next].at_ns;
    return ERR_OK;
}

static void draft_price(const struct act *a, struct entry *draft)
{
    const int64_t p = a->price[0];

    if (a->kind == ACT_TRADE) {
        feed_draft(draft, ENTRY_PERCEPTION_BAR, a->at_ns);
        draft->as.perception_bar = (struct entry_perception_bar){a->symbol, p, p, p, p, 100, 60};
    } else {
        feed_draft(draft, ENTRY_PERCEPTION_MARK, a->at_ns);
        draft->as.perception_mark = (struct entry_perception_mark){a->symbol, p, MARK_LAST};
    }
}

static enum err_code take(struct feed *f, struct entry *draft, struct err *err)
{
    struct world_feed *const wf = (struct world_feed *)f;
    const struct act *const a = &wf->world->script->acts[wf->next++];

    (void)err;
    wf->world->taken = wf->next;
    switch ((int)a->kind) {
    case ACT_QUOTE:
        feed_draft(draft, ENTRY_PERCEPTION_QUOTE, a->at_ns);
        draft->as.perception_quote =
            (struct entry_perception_quote){a->symbol, a->price[0], a->price[1], a->n[0], a->n[1]};
        break;
    case ACT_STATUS:
        feed_draft(draft, ENTRY_PERCEPTION_TRADING_STATUS, a->at_ns);
        draft->as.perception_trading_status =
            (struct entry_perception_trading_status){a->symbol, a->n[0] != 0, text_from("news pending")};
        break;
    case ACT_CLOCK:
        feed_draft(draft, ENTRY_PERCEPTION_CLOCK, a->at_ns);
        draft->as.perception_clock =
            (struct entry_perception_clock){phase_of(a), instant_new_york_day(a->at_ns, NULL)};
        break;
    default: draft_price(a, draft); break;
    }
    return ERR_OK;
}

static void close_feed(struct feed *f)
{
    free(f);
}

enum err_code world_feed(struct world *w, struct feed **f, struct err *err)
{
    static const struct feed_ops ops = {peek, take, close_feed};
    struct world_feed *const wf = calloc(1, sizeof *wf);

    if (!wf)
        return err_set(err, ERR_MEMORY, "out of memory");
    wf->feed.ops = &ops;
    wf->feed.actor = "feed:synthetic";
    wf->feed.step_ns = NS_PER_MINUTE;
    snprintf(wf->feed.name, sizeof wf->feed.name, "the script's feed");
    wf->world = w;
    wf->next = w->day;
    w->taken = w->day;
    *f = &wf->feed;
    return ERR_OK;
}
