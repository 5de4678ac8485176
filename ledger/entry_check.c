/* Rules that span fields, asked only before an entry is written; and small helpers for writers. */
#include "ledger/entry.h"

#include <stdio.h>

static enum err_code refuse(struct err *err, const char *field, const char *reason)
{
    return err_set(err, ERR_INPUT, "body.%s: %s", field, reason);
}

static enum err_code check_quote(const struct entry_perception_quote *q, struct err *err)
{
    if (q->bid != PRICE_NONE && q->bid < 0)
        return refuse(err, "bid", "a bid is not negative; null means that nobody bids");
    if (q->ask != PRICE_NONE && q->ask < 0)
        return refuse(err, "ask", "an ask is not negative; null means that nobody offers");
    return ERR_OK;
}

static enum err_code check_bar(const struct entry_perception_bar *b, struct err *err)
{
    if (b->high < b->low)
        return refuse(err, "high", "below the low");
    if (b->open > b->high || b->open < b->low)
        return refuse(err, "open", "outside low .. high");
    if (b->close > b->high || b->close < b->low)
        return refuse(err, "close", "outside low .. high");
    if (b->period_s < 1)
        return refuse(err, "period_s", "a bar lasts at least a second");
    return ERR_OK;
}

static enum err_code check_order(const struct entry_order_new *o, struct err *err)
{
    if (o->type == ORDER_TYPE_LIMIT && o->limit == PRICE_NONE)
        return refuse(err, "limit", "a limit order needs a limit");
    if (o->type == ORDER_TYPE_MARKET && o->limit != PRICE_NONE)
        return refuse(err, "limit", "a market order has none: say null");
    if (o->limit != PRICE_NONE && o->limit < 0)
        return refuse(err, "limit", "a limit is not negative");
    return ERR_OK;
}

static enum err_code check_option(const struct symbol *s, struct err *err)
{
    return symbol_is_option(s) ? ERR_OK
                               : refuse(err, "symbol", "must be an OCC option symbol of 21 characters");
}

static enum err_code check_proposal(const struct entry_control_proposal *p, struct err *err)
{
    if (p->valid_s < 1 || p->valid_s > PROPOSAL_VALID_MAX_S)
        return refuse(err, "valid_s", "from a second to seven days");
    return ERR_OK;
}

static enum err_code check_disposal(const struct entry_control_disposal *d, struct err *err)
{
    if (d->first < 1 || d->last < d->first)
        return refuse(err, "first", "from 1 to the last");
    return ERR_OK;
}

static enum err_code check_split(const struct entry_fill_split *s, struct err *err)
{
    if (symbol_is_option(&s->symbol) != symbol_is_option(&s->into))
        return refuse(err, "into", "an option turns into an option, a stock into a stock");
    return ERR_OK;
}

static enum err_code check_override(const struct entry_control_override *o, struct err *err)
{
    if (o->valid_s < 1 || o->valid_s > OVERRIDE_VALID_MAX_S)
        return refuse(err, "valid_s", "from a second to a day");
    return ERR_OK;
}

enum err_code entry_check(const struct entry *e, struct err *err)
{
    switch (e->kind) {
    case ENTRY_PERCEPTION_QUOTE: return check_quote(&e->as.perception_quote, err);
    case ENTRY_PERCEPTION_BAR: return check_bar(&e->as.perception_bar, err);
    case ENTRY_PERCEPTION_OPEN_INTEREST: return check_option(&e->as.perception_open_interest.symbol, err);
    case ENTRY_PERCEPTION_CLOCK:
        if (e->at_ns == INSTANT_NONE)
            return err_set(err, ERR_INPUT, "at: a clock entry says what time it is");
        return ERR_OK;
    case ENTRY_ORDER_NEW: return check_order(&e->as.order_new, err);
    case ENTRY_FILL_EXECUTION:
        return e->as.fill_execution.price < 0 ? refuse(err, "price", "a price is not negative") : ERR_OK;
    case ENTRY_FILL_BUST:
        return e->as.fill_bust.price < 0 ? refuse(err, "price", "a price is not negative") : ERR_OK;
    case ENTRY_FILL_SPLIT: return check_split(&e->as.fill_split, err);
    case ENTRY_CONTROL_OVERRIDE: return check_override(&e->as.control_override, err);
    case ENTRY_FILL_ASSIGNMENT: return check_option(&e->as.fill_assignment.symbol, err);
    case ENTRY_FILL_EXERCISE: return check_option(&e->as.fill_exercise.symbol, err);
    case ENTRY_FILL_EXPIRATION: return check_option(&e->as.fill_expiration.symbol, err);
    case ENTRY_FILL_SETTLEMENT: return check_option(&e->as.fill_settlement.symbol, err);
    case ENTRY_CONTROL_KEY:
        return e->as.control_key.epoch < 1 ? refuse(err, "epoch", "the first key after genesis' is number 1")
                                           : ERR_OK;
    case ENTRY_CONTROL_PROPOSAL: return check_proposal(&e->as.control_proposal, err);
    case ENTRY_CONTROL_DISPOSAL: return check_disposal(&e->as.control_disposal, err);
    case ENTRY_CONTROL_SESSION:
        return e->as.control_session.phase == PHASE_TICK ? refuse(err, "phase", "a session opens or closes")
                                                         : ERR_OK;
    case ENTRY_PERCEPTION_MARK:
    case ENTRY_PERCEPTION_CLOCK_QUALITY:
    case ENTRY_PERCEPTION_DATA_QUALITY:
    case ENTRY_PERCEPTION_TRADING_STATUS:
    case ENTRY_PERCEPTION_STATED_POSITION:
    case ENTRY_PERCEPTION_STATED_FILL:
    case ENTRY_PERCEPTION_STATEMENT:
    case ENTRY_DECISION_CANDIDATES:
    case ENTRY_DECISION_ENTER:
    case ENTRY_DECISION_EXIT:
    case ENTRY_DECISION_NO_TRADE:
    case ENTRY_RISK_VERDICT:
    case ENTRY_RISK_BREAKER_TRIP:
    case ENTRY_RISK_EQUITY:
    case ENTRY_RISK_BREAK:
    case ENTRY_ORDER_ACKNOWLEDGED:
    case ENTRY_ORDER_CANCEL:
    case ENTRY_ORDER_CANCELLED:
    case ENTRY_ORDER_REJECTED:
    case ENTRY_ORDER_EXPIRED:
    case ENTRY_FILL_DEPOSIT:
    case ENTRY_FILL_DIVIDEND:
    case ENTRY_CONTROL_GENESIS:
    case ENTRY_CONTROL_ACTOR:
    case ENTRY_CONTROL_CONFIGURATION:
    case ENTRY_CONTROL_RUN:
    case ENTRY_CONTROL_RUN_END:
    case ENTRY_CONTROL_SOURCE:
    case ENTRY_CONTROL_STOP:
    case ENTRY_CONTROL_RESUME:
    case ENTRY_CONTROL_NOTE:
    case ENTRY_CONTROL_SNAPSHOT:
    case ENTRY_CONTROL_REVOCATION:
    case ENTRY_CONTROL_ACTOR_KEY:
    case ENTRY_CONTROL_APPROVAL:
    case ENTRY_CONTROL_RECOVERY:
    case ENTRY_CONTROL_HOLD:
    case ENTRY_CONTROL_CORRECTION:
    case ENTRY_CONTROL_HYPOTHESIS:
    case ENTRY_CONTROL_HEARTBEAT: return ERR_OK; /* their fields' types say it all */
    }
    return err_set(err, ERR_INPUT, "kind %u is not known", (unsigned)e->kind);
}

struct id id_from(const char *text)
{
    struct id id;
    const size_t length = strlen(text);

    REQUIRE(length >= 1 && length <= ID_MAX);
    memset(&id, 0, sizeof id);
    for (size_t i = 0; i < length; i++)
        REQUIRE(text[i] > 0x20 && text[i] < 0x7f);
    id.length = (uint8_t)length;
    memcpy(id.text, text, length);
    return id;
}

bool id_is(const struct id *id, const char *text)
{
    return strcmp(id->text, text) == 0;
}

bool id_equal(const struct id *a, const struct id *b)
{
    return a->length == b->length && memcmp(a->text, b->text, a->length) == 0;
}

struct text text_from(const char *terminated)
{
    const size_t length = strlen(terminated);

    REQUIRE(length <= UINT16_MAX);
    return (struct text){terminated, (uint16_t)length};
}

bool check_holds(int64_t value, enum rule rule, int64_t bound)
{
    if (value == CHECK_VALUE_NONE)
        return false;
    switch (rule) {
    case RULE_AT_LEAST: return value >= bound;
    case RULE_AT_MOST: return value <= bound;
    case RULE_ABOVE: return value > bound;
    case RULE_BELOW: return value < bound;
    case RULE_EQUAL: return value == bound;
    }
    return false;
}

bool checks_add(struct checks *checks, const char *name, int64_t value, enum rule rule, int64_t bound,
                enum unit unit)
{
    REQUIRE(checks->count < CHECKS_MAX);
    struct check *const c = &checks->rows[checks->count++];
    c->name = id_from(name);
    c->value = value;
    c->bound = bound;
    c->unit = unit;
    c->rule = rule;
    c->ok = check_holds(value, rule, bound);
    return c->ok;
}

/* By the table: the first field of the type is what the entry is about. */
static const void *first_of(const struct entry *e, enum field_type type, const char *name)
{
    const struct entry_kind_info *const info = entry_kind_find((unsigned)e->kind);

    for (size_t i = 0; info && i < info->field_count; i++) {
        if (info->fields[i].type == type && strcmp(info->fields[i].name, name) == 0)
            return (const uint8_t *)&e->as + info->fields[i].offset;
    }
    return NULL;
}

const struct symbol *entry_symbol(const struct entry *e)
{
    return first_of(e, FIELD_SYMBOL, "symbol");
}

const struct id *entry_order_id(const struct entry *e)
{
    return first_of(e, FIELD_ID, "order_id");
}
