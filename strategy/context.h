/* What a strategy may see: all that the governor sees, and its own settings and state. Borrowed and const. */
#ifndef STRATEGY_CONTEXT_H
#define STRATEGY_CONTEXT_H

#include "risk/context.h"
#include "strategy/strategy_settings.h"

struct naked_put_state;

struct decide_context {
    struct risk_context risk; /* &ctx->risk is what the governor's calls take */
    const struct strategy_settings *strategy_settings;
    const struct naked_put_state *naked_put;
};

#endif
