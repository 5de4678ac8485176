#include "ledger/roles.h"

/* -- the table ------------------------------------------------------------------------------------------ */

#define BIT(role) (1u << (role))
enum {
    JOURNAL = 1u,
    OWNER = BIT(ROLE_OWNER),
    OPERATOR = BIT(ROLE_OPERATOR),
    COMPLIANCE = BIT(ROLE_COMPLIANCE),
    AUDITOR = BIT(ROLE_AUDITOR),
    STRATEGY = BIT(ROLE_STRATEGY),
    RISK = BIT(ROLE_RISK),
    BROKER = BIT(ROLE_BROKER),
    FEED = BIT(ROLE_FEED),
    AGENT = BIT(ROLE_AGENT),
    DESK = OWNER | OPERATOR, /* who may do by hand what the program does */
    CHECKERS = DESK | COMPLIANCE,
    ALL_BUT_WITNESS = CHECKERS | AUDITOR | STRATEGY | RISK | BROKER | FEED | AGENT
};

static unsigned writers(enum entry_kind kind)
{
    switch (kind) {
    case ENTRY_PERCEPTION_QUOTE:
    case ENTRY_PERCEPTION_BAR:
    case ENTRY_PERCEPTION_MARK:
    case ENTRY_PERCEPTION_OPEN_INTEREST:
    case ENTRY_PERCEPTION_CLOCK:
    case ENTRY_PERCEPTION_CLOCK_QUALITY:
    case ENTRY_PERCEPTION_TRADING_STATUS:
    case ENTRY_CONTROL_SOURCE: return JOURNAL | DESK | FEED;
    case ENTRY_PERCEPTION_DATA_QUALITY: /* the broker: of the value it settled at */
    case ENTRY_PERCEPTION_STATED_POSITION:
    case ENTRY_PERCEPTION_STATED_FILL:
    case ENTRY_PERCEPTION_STATEMENT: return JOURNAL | DESK | FEED | BROKER;
    case ENTRY_DECISION_CANDIDATES:
    case ENTRY_DECISION_ENTER:
    case ENTRY_DECISION_EXIT:
    case ENTRY_DECISION_NO_TRADE:
    case ENTRY_ORDER_NEW: return DESK | STRATEGY | AGENT;
    case ENTRY_RISK_VERDICT: /* nobody speaks for the governor, or measures its limits anew */
    case ENTRY_RISK_BREAKER_TRIP:
    case ENTRY_RISK_EQUITY:
    case ENTRY_RISK_BREAK: return RISK;
    case ENTRY_ORDER_CANCEL: return DESK | STRATEGY | RISK | AGENT;
    case ENTRY_ORDER_ACKNOWLEDGED:
    case ENTRY_ORDER_CANCELLED:
    case ENTRY_ORDER_REJECTED:
    case ENTRY_ORDER_EXPIRED:
    case ENTRY_FILL_EXECUTION:
    case ENTRY_FILL_ASSIGNMENT:
    case ENTRY_FILL_EXERCISE:
    case ENTRY_FILL_EXPIRATION:
    case ENTRY_FILL_SETTLEMENT:
    case ENTRY_FILL_DEPOSIT:
    case ENTRY_FILL_BUST:
    case ENTRY_FILL_DIVIDEND:
    case ENTRY_FILL_SPLIT: return DESK | BROKER;
    case ENTRY_CONTROL_GENESIS:
    case ENTRY_CONTROL_SESSION:
    case ENTRY_CONTROL_HEARTBEAT:
    case ENTRY_CONTROL_HYPOTHESIS: return JOURNAL;
    case ENTRY_CONTROL_ACTOR: return JOURNAL | DESK;
    case ENTRY_CONTROL_RUN: /* older programs wrote these as the operator */
    case ENTRY_CONTROL_RUN_END:
    case ENTRY_CONTROL_SNAPSHOT: return JOURNAL | OPERATOR;
    case ENTRY_CONTROL_STOP: return CHECKERS | AGENT;
    case ENTRY_CONTROL_NOTE: return JOURNAL | CHECKERS | AUDITOR | AGENT;
    case ENTRY_CONTROL_KEY: return JOURNAL | OWNER;
    case ENTRY_CONTROL_REVOCATION: /* of others: an owner's word alone (ledger/actors.h) */
    case ENTRY_CONTROL_ACTOR_KEY: return ALL_BUT_WITNESS;
    case ENTRY_CONTROL_CONFIGURATION:
    case ENTRY_CONTROL_RESUME:
    case ENTRY_CONTROL_PROPOSAL:
    case ENTRY_CONTROL_APPROVAL:
    case ENTRY_CONTROL_RECOVERY:
    case ENTRY_CONTROL_HOLD:
    case ENTRY_CONTROL_DISPOSAL:
    case ENTRY_CONTROL_CORRECTION:
    case ENTRY_CONTROL_OVERRIDE: return CHECKERS;
    }
    return 0;
}

bool role_may_write(enum role role, enum entry_kind kind)
{
    return (writers(kind) >> role & 1u) != 0;
}

bool role_is_person(enum role role)
{
    return role >= ROLE_OWNER && role <= ROLE_AUDITOR;
}

bool role_may_approve(enum role role)
{
    return role >= ROLE_OWNER && role <= ROLE_COMPLIANCE;
}

const char *role_name(enum role role)
{
    return role == ROLE_JOURNAL ? "journal" : entry_enum_names(FIELD_ROLE)[role];
}

const char *role_purpose(enum role role)
{
    switch (role) {
    case ROLE_OWNER:
    case ROLE_OPERATOR: return "what a person does by hand, not for what the program alone can know";
    case ROLE_COMPLIANCE: return "notes, stops and resumes, configurations, approvals, holds and disposals";
    case ROLE_AUDITOR: return "notes";
    case ROLE_STRATEGY: return "decisions and orders";
    case ROLE_RISK: return "verdicts, breakers, equity and cancellations";
    case ROLE_BROKER: return "answers to orders, fills, and what was wrong with their data";
    case ROLE_FEED: return "perceptions and the files they come from";
    case ROLE_AGENT: return "decisions, orders, notes and stops";
    case ROLE_WITNESS: return "cosigning alone";
    }
    return "what the program itself sees and notes";
}

/* -- the reducer ---------------------------------------------------------------------------------------- */

static void add(struct roles *r, enum role role)
{
    if (r->count < ACTORS_TOTAL_MAX)
        r->rows[++r->count] = (uint8_t)role;
}

void roles_apply(struct roles *r, const struct entry *e)
{
    if (e->kind == ENTRY_CONTROL_ACTOR)
        add(r, e->as.control_actor.role);
    if (e->kind != ENTRY_CONTROL_GENESIS)
        return;
    for (unsigned i = 0; i < e->as.control_genesis.actors.count; i++)
        add(r, e->as.control_genesis.actors.rows[i].role);
}

enum role roles_find(const struct roles *r, uint32_t actor_id)
{
    return actor_id <= r->count ? (enum role)r->rows[actor_id] : ROLE_JOURNAL;
}

void roles_digest(const struct roles *r, const struct digest_out *out)
{
    digest_u64(out, r->count);
    digest_bytes(out, r->rows + 1, r->count);
}

void roles_restore(struct roles *r, struct restore_in *in)
{
    r->count = (uint32_t)restore_within(in, 0, ACTORS_TOTAL_MAX);
    restore_bytes(in, r->rows + 1, r->count);
    for (uint32_t i = 1; i <= r->count; i++)
        in->bad = in->bad || r->rows[i] < ROLE_OWNER || r->rows[i] > ROLE_WITNESS;
}
