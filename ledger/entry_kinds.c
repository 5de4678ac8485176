/* The table of kinds and the names of enum values, generated from entry_kinds.def. */
#include "ledger/entry.h"

#define KIND(id, NAME, name, text, schema, meaning) static const struct entry_field fields_##name[] = {
#define FIELD(kind, TYPE, field, meaning)                                                                    \
    {#field, FIELD_##TYPE, offsetof(struct entry_##kind, field), meaning},
#define KIND_END(name)                                                                                       \
    }                                                                                                        \
    ;
#include "ledger/entry_kinds.def"
#undef KIND
#undef FIELD
#undef KIND_END

static const struct entry_kind_info kinds[] = {
#define KIND(id, NAME, name, text, schema, meaning)                                                          \
    {ENTRY_##NAME, text, schema, meaning, fields_##name, sizeof fields_##name / sizeof fields_##name[0]},
#define FIELD(kind, TYPE, field, meaning)
#define KIND_END(name)
#include "ledger/entry_kinds.def"
#undef KIND
#undef FIELD
#undef KIND_END
};

#define KINDS_COUNT (sizeof kinds / sizeof kinds[0])

enum {
#define KIND(id, NAME, name, text, schema, meaning) ROW_##NAME,
#define FIELD(kind, TYPE, field, meaning)
#define KIND_END(name)
#include "ledger/entry_kinds.def"
#undef KIND
#undef FIELD
#undef KIND_END
};

#define NUMBERS 32 /* in a family; a kind with a higher number does not compile */

/* Ids are family << 8 | number: a small table finds the row, or 0, without a search. Rows count from 1 here. */
static const uint8_t row_of[FAMILY_CONTROL + 1][NUMBERS] = {
#define KIND(id, NAME, name, text, schema, meaning) [(id) >> 8][(id)&0xff] = ROW_##NAME + 1,
#define FIELD(kind, TYPE, field, meaning)
#define KIND_END(name)
#include "ledger/entry_kinds.def"
#undef KIND
#undef FIELD
#undef KIND_END
};

const struct entry_kind_info *entry_kinds(size_t *count)
{
    *count = KINDS_COUNT;
    return kinds;
}

const struct entry_kind_info *entry_kind_find(unsigned id)
{
    const unsigned family = id >> 8;
    const unsigned number = id & 0xff;

    if (family > FAMILY_CONTROL || number >= NUMBERS || row_of[family][number] == 0)
        return NULL;
    return &kinds[row_of[family][number] - 1];
}

const struct entry_kind_info *entry_kind_by_name(const char *text, size_t length)
{
    for (size_t i = 0; i < KINDS_COUNT; i++) {
        if (strlen(kinds[i].text) == length && memcmp(kinds[i].text, text, length) == 0)
            return &kinds[i];
    }
    return NULL;
}

bool entry_kind_is_derived(enum entry_kind kind)
{
    const enum entry_family family = entry_family(kind);

    return family == FAMILY_DECISION || family == FAMILY_RISK || kind == ENTRY_ORDER_NEW ||
           kind == ENTRY_ORDER_CANCEL;
}

bool entry_kind_needs_signature(enum entry_kind kind)
{
    return kind == ENTRY_CONTROL_STOP || kind == ENTRY_CONTROL_RESUME ||
           kind == ENTRY_CONTROL_CONFIGURATION ||
           (kind >= ENTRY_CONTROL_REVOCATION && kind <= ENTRY_CONTROL_DISPOSAL) ||
           kind == ENTRY_CONTROL_CORRECTION || kind == ENTRY_CONTROL_OVERRIDE;
}

static const char *const side_names[] = {NULL, "buy", "sell", NULL};
static const char *const order_type_names[] = {NULL, "limit", "market", NULL};
static const char *const mark_names[] = {NULL, "last", "close", "settlement", NULL};
static const char *const phase_names[] = {NULL, "open", "tick", "close", NULL};
static const char *const finding_names[] = {NULL,   "crossed",   "empty", "stale", "zero_bid",
                                            "jump", "malformed", "late",  "proxy", NULL};
static const char *const exit_rule_names[] = {NULL, "profit", "loss", "time", "risk", NULL};
static const char *const role_names[] = {NULL,   "owner",  "operator", "compliance", "auditor", "strategy",
                                         "risk", "broker", "feed",     "agent",      "witness", NULL};
static const char *const unit_names[] = {NULL, "price", "money", "rate", "count", "seconds", "flag", NULL};
static const char *const rule_names[] = {NULL, "at_least", "at_most", "above", "below", "equal", NULL};

const char *const *entry_enum_names(enum field_type type)
{
    switch (type) {
    case FIELD_SIDE: return side_names;
    case FIELD_ORDER_TYPE: return order_type_names;
    case FIELD_MARK: return mark_names;
    case FIELD_PHASE: return phase_names;
    case FIELD_FINDING: return finding_names;
    case FIELD_EXIT_RULE: return exit_rule_names;
    case FIELD_ROLE: return role_names;
    case FIELD_SYMBOL:
    case FIELD_ID:
    case FIELD_TEXT:
    case FIELD_PRICE:
    case FIELD_PRICE_OPT:
    case FIELD_MONEY:
    case FIELD_RATE:
    case FIELD_QTY:
    case FIELD_COUNT:
    case FIELD_DAY:
    case FIELD_BOOL:
    case FIELD_DIGEST:
    case FIELD_KEY:
    case FIELD_CHECKS:
    case FIELD_COUNTS:
    case FIELD_CANDIDATES:
    case FIELD_ACTORS:
    case FIELD_BLOB: return NULL;
    }
    return NULL;
}

const char *const *entry_unit_names(void)
{
    return unit_names;
}

const char *const *entry_rule_names(void)
{
    return rule_names;
}
