#include "ledger/entry_rows.h"

#include "ledger/decimal.h"

static const struct entry_rows checks_rows = {
    CHECKS_MAX,
    offsetof(struct checks, rows),
    sizeof(struct check),
    6,
    {{"name", ROW_ID, offsetof(struct check, name), "what was tried"},
     {"value", ROW_AMOUNT, offsetof(struct check, value), "what it was; null when not known"},
     {"bound", ROW_AMOUNT, offsetof(struct check, bound), "what it was held against"},
     {"unit", ROW_UNIT, offsetof(struct check, unit), "of value and bound"},
     {"rule", ROW_RULE, offsetof(struct check, rule), "how value must stand to bound"},
     {"ok", ROW_BOOL, offsetof(struct check, ok), "whether it does; never when the value is null"}}};

static const struct entry_rows counts_rows = {
    COUNTS_MAX,
    offsetof(struct counts, rows),
    sizeof(struct named_count),
    2,
    {{"name", ROW_ID, offsetof(struct named_count, name), "what was counted"},
     {"count", ROW_COUNT, offsetof(struct named_count, count), "how many"}}};

static const struct entry_rows candidates_rows = {
    CANDIDATES_MAX,
    offsetof(struct candidates, rows),
    sizeof(struct candidate),
    6,
    {{"symbol", ROW_SYMBOL, offsetof(struct candidate, symbol), "OCC symbol"},
     {"premium", ROW_PRICE, offsetof(struct candidate, premium_nano), "the bid: what a seller receives"},
     {"margin", ROW_MONEY, offsetof(struct candidate, margin_micro), "margin of one contract"},
     {"score", ROW_RATE, offsetof(struct candidate, score_nano), "premium times multiplier, by margin"},
     {"otm", ROW_RATE, offsetof(struct candidate, otm_nano), "out of the money, of the underlying's price"},
     {"days", ROW_INTEGER, offsetof(struct candidate, days), "calendar days to expiry"}}};

static const struct entry_rows actors_rows = {
    ACTORS_MAX,
    offsetof(struct actor_rows, rows),
    sizeof(struct actor_row),
    3,
    {{"name", ROW_ID, offsetof(struct actor_row, name), "unique name, such as broker:paper"},
     {"role", ROW_ROLE, offsetof(struct actor_row, role), "what it is"},
     {"key", ROW_KEY, offsetof(struct actor_row, key), "its Ed25519 public key"}}};

const struct entry_rows *entry_rows_find(enum field_type type)
{
    switch (type) {
    case FIELD_CHECKS: return &checks_rows;
    case FIELD_COUNTS: return &counts_rows;
    case FIELD_CANDIDATES: return &candidates_rows;
    case FIELD_ACTORS: return &actors_rows;
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
    case FIELD_SIDE:
    case FIELD_ORDER_TYPE:
    case FIELD_MARK:
    case FIELD_PHASE:
    case FIELD_FINDING:
    case FIELD_EXIT_RULE:
    case FIELD_ROLE:
    case FIELD_BLOB: return NULL;
    }
    return NULL;
}

int entry_rows_decimals(enum unit unit)
{
    switch (unit) {
    case UNIT_PRICE: return PRICE_DECIMALS;
    case UNIT_MONEY: return MONEY_DECIMALS;
    case UNIT_RATE: return RATE_DECIMALS;
    case UNIT_COUNT:
    case UNIT_SECONDS:
    case UNIT_FLAG: return 0;
    }
    return 0;
}
