/*
 * What the governor may see: state, and the configuration in force. Everything is borrowed and const; the
 * owner (book/) keeps it current while proposals are applied, so no row pointer may be held across one.
 */
#ifndef RISK_CONTEXT_H
#define RISK_CONTEXT_H

#include "ledger/accounts.h"
#include "ledger/orders.h"
#include "market/view.h"
#include "risk/reconcile.h"
#include "risk/risk_settings.h"
#include "risk/risk_state.h"

struct risk_context {
    const struct view *view;
    const struct accounts *accounts;
    const struct orders *orders;
    const struct risk_state *state;
    const struct risk_settings *settings;
    const struct reconcile *reconcile;
};

#endif
