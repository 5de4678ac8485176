/*
 * Deciding: a decider is a pure function from state and the newest entry to proposed entries. It proposes
 * through this sink, which gives each proposal its seq at once, so that later ones can name it as cause and
 * see it applied. The same sink serves the live loop (append), re-decision (compare) and what-if.
 */
#ifndef LEDGER_DECIDE_H
#define LEDGER_DECIDE_H

#include "ledger/entry.h"

struct proposals {
    /*
     * Takes *draft (kind, cause and body set; the sink sets seq, recorded_at, actor and at), applies it to
     * the state that deciders see. Any error ends the deciding and is handed up.
     */
    enum err_code (*propose)(void *context, struct entry *draft, struct err *err);
    /* The seq that the next proposal will get: order ids are made of it. */
    uint64_t (*next_seq)(void *context);
    void *context;
};

#endif
