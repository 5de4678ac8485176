/*
 * The entry: one record of the journal, in memory and on the wire.
 *
 * Wire form, big-endian, one canonical form for one entry (at most 65,535 bytes: the Merkle leaf):
 *
 *    0  u8   format version, 1
 *    1  u8   flags: 1 AT, 2 SIGNED
 *    2  u16  kind
 *    4  u16  schema version of the kind
 *    6  u16  body length
 *    8  u64  seq: 1, 2, 3 ... no gaps
 *   16  i64  recorded_at, ns UTC: never before the previous entry's
 *   24  i64  at, ns UTC: when it happened (0 without flag AT)
 *   32  u64  cause: an earlier seq, or 0
 *   40  u32  actor id: 0 the journal itself
 *   44  u32  zero
 *   48       the body, as the kind's fields say
 *            with flag SIGNED: the actor's 64-byte Ed25519 signature (see entry_statement)
 *
 * Field types (entry_kinds.def), in memory / on the wire / in JSON:
 *   SYMBOL      struct symbol / u8 length, bytes / string
 *   ID          struct id / u8 length, bytes / string of 1..64 visible ASCII characters, no space
 *   TEXT        struct text, borrowed / u16 length, bytes / string, UTF-8 without U+0000
 *   PRICE       int64 1e-9 dollar / i64 / decimal string, at most 9 decimals, never INT64_MIN
 *   PRICE_OPT   the same, or PRICE_NONE (INT64_MIN) / i64 / decimal string or null
 *   MONEY       int64 1e-6 dollar / i64 / decimal string     RATE  int64 1e-9 / i64 / decimal string
 *   QTY         int64, 1 or more / i64 / integer              COUNT int64, 0 or more / i64 / integer
 *   DAY         civil_day / i32 / "2015-12-24"                BOOL  bool / u8 0 or 1 / true, false
 *   BLOB        struct blob, borrowed / u16 length, bytes / string of hex digits, two a byte
 *   DIGEST, KEY 32 bytes / 32 bytes / 64 hex digits
 *   SIDE, ORDER_TYPE, MARK, PHASE, FINDING, EXIT_RULE, ROLE   enum / u8 from 1 / name
 *   CHECKS, COUNTS, CANDIDATES, ACTORS                        struct with count, rows / u8 count, rows / array
 *
 * Pure: libc only. Decoding borrows from the bytes (struct text), which must outlive the entry.
 */
#ifndef LEDGER_ENTRY_H
#define LEDGER_ENTRY_H

#include "ledger/decimal.h"
#include "ledger/err.h"
#include "ledger/instant.h"
#include "ledger/symbol.h"
#include "ledger/wire.h"

#define ENTRY_FORMAT_VERSION 1
#define ENTRY_HEADER_SIZE    48
#define ENTRY_SIGNATURE_SIZE 64
#define ENTRY_MAX_SIZE       65535
#define ENTRY_BODY_MAX       (ENTRY_MAX_SIZE - ENTRY_HEADER_SIZE - ENTRY_SIGNATURE_SIZE)

#define ID_MAX               64
#define PRICE_NONE           INT64_MIN
#define CHECKS_MAX           32
#define COUNTS_MAX           32
#define CANDIDATES_MAX       16
#define ACTORS_MAX           32
#define PROPOSAL_VALID_MAX_S 604800 /* seven days */
#define OVERRIDE_VALID_MAX_S 86400

struct id {
    uint8_t length;
    char text[ID_MAX + 1]; /* zero-filled past length */
};

struct text {
    const char *bytes; /* borrowed, not terminated */
    uint16_t length;
};

/* Bytes that are not for reading. */
struct blob {
    const uint8_t *bytes; /* borrowed */
    uint16_t length;
};

enum side { SIDE_BUY = 1, SIDE_SELL };
enum order_type { ORDER_TYPE_LIMIT = 1, ORDER_TYPE_MARKET };
enum mark { MARK_LAST = 1, MARK_CLOSE, MARK_SETTLEMENT };
enum phase { PHASE_OPEN = 1, PHASE_TICK, PHASE_CLOSE };
enum finding {
    FINDING_CROSSED = 1, /* bid above ask */
    FINDING_EMPTY,       /* neither side */
    FINDING_STALE,       /* too old to decide on */
    FINDING_ZERO_BID,    /* an ask, and no bid */
    FINDING_JUMP,        /* too far from the last one */
    FINDING_MALFORMED,   /* a row that cannot be read */
    FINDING_LATE,        /* outside its session */
    FINDING_PROXY        /* a value that stands in for one that is missing */
};
enum exit_rule { EXIT_RULE_PROFIT = 1, EXIT_RULE_LOSS, EXIT_RULE_TIME, EXIT_RULE_RISK };
enum role {
    ROLE_OWNER = 1,
    ROLE_OPERATOR,
    ROLE_COMPLIANCE,
    ROLE_AUDITOR,
    ROLE_STRATEGY,
    ROLE_RISK,
    ROLE_BROKER,
    ROLE_FEED,
    ROLE_AGENT,
    ROLE_WITNESS
};
enum unit { UNIT_PRICE = 1, UNIT_MONEY, UNIT_RATE, UNIT_COUNT, UNIT_SECONDS, UNIT_FLAG };
enum rule { RULE_AT_LEAST = 1, RULE_AT_MOST, RULE_ABOVE, RULE_BELOW, RULE_EQUAL };

#define CHECK_VALUE_NONE INT64_MIN /* the value was not known; such a check never passes */

/*
 * One gate, criterion or limit that was tried: value against bound. Wire: ID, i64, i64, u8, u8, u8. With
 * UNIT_FLAG value and bound are 0, 1 or CHECK_VALUE_NONE.
 */
struct check {
    struct id name;
    int64_t value;
    int64_t bound;
    enum unit unit;
    enum rule rule;
    bool ok; /* always rule(value, bound): a record of the outcome, checked on writing */
};
struct checks {
    uint8_t count;
    struct check rows[CHECKS_MAX];
};

/* Wire: ID, i64. */
struct named_count {
    struct id name;
    int64_t count;
};
struct counts {
    uint8_t count;
    struct named_count rows[COUNTS_MAX];
};

/* Wire: SYMBOL, i64 x 5. */
struct candidate {
    struct symbol symbol;
    int64_t premium_nano; /* the bid: what a seller receives */
    int64_t margin_micro; /* of one contract */
    int64_t score_nano;   /* rate: premium x multiplier / margin */
    int64_t otm_nano;     /* rate: out of the money, of the underlying's price */
    int64_t days;         /* calendar days to expiry */
};
struct candidates {
    uint8_t count;
    struct candidate rows[CANDIDATES_MAX];
};

/* Wire: ID, u8 role, 32 bytes. The id of rows[i] is i + 1. */
struct actor_row {
    struct id name;
    enum role role;
    uint8_t key[32];
};
struct actor_rows {
    uint8_t count;
    struct actor_row rows[ACTORS_MAX];
};

struct digest32 {
    uint8_t bytes[32];
};

enum field_type {
    FIELD_SYMBOL = 1,
    FIELD_ID,
    FIELD_TEXT,
    FIELD_PRICE,
    FIELD_PRICE_OPT,
    FIELD_MONEY,
    FIELD_RATE,
    FIELD_QTY,
    FIELD_COUNT,
    FIELD_DAY,
    FIELD_BOOL,
    FIELD_DIGEST,
    FIELD_KEY,
    FIELD_SIDE,
    FIELD_ORDER_TYPE,
    FIELD_MARK,
    FIELD_PHASE,
    FIELD_FINDING,
    FIELD_EXIT_RULE,
    FIELD_ROLE,
    FIELD_CHECKS,
    FIELD_COUNTS,
    FIELD_CANDIDATES,
    FIELD_ACTORS,
    FIELD_BLOB
};

#define ENTRY_C_SYMBOL     struct symbol
#define ENTRY_C_ID         struct id
#define ENTRY_C_TEXT       struct text
#define ENTRY_C_PRICE      int64_t
#define ENTRY_C_PRICE_OPT  int64_t
#define ENTRY_C_MONEY      int64_t
#define ENTRY_C_RATE       int64_t
#define ENTRY_C_QTY        int64_t
#define ENTRY_C_COUNT      int64_t
#define ENTRY_C_DAY        civil_day
#define ENTRY_C_BOOL       bool
#define ENTRY_C_DIGEST     struct digest32
#define ENTRY_C_KEY        struct digest32
#define ENTRY_C_SIDE       enum side
#define ENTRY_C_ORDER_TYPE enum order_type
#define ENTRY_C_MARK       enum mark
#define ENTRY_C_PHASE      enum phase
#define ENTRY_C_FINDING    enum finding
#define ENTRY_C_EXIT_RULE  enum exit_rule
#define ENTRY_C_ROLE       enum role
#define ENTRY_C_CHECKS     struct checks
#define ENTRY_C_COUNTS     struct counts
#define ENTRY_C_CANDIDATES struct candidates
#define ENTRY_C_ACTORS     struct actor_rows
#define ENTRY_C_BLOB       struct blob

enum entry_kind {
#define KIND(id, NAME, name, text, schema, meaning) ENTRY_##NAME = (id),
#define FIELD(kind, TYPE, field, meaning)
#define KIND_END(name)
#include "ledger/entry_kinds.def"
#undef KIND
#undef FIELD
#undef KIND_END
};

enum entry_family {
    FAMILY_PERCEPTION = 1,
    FAMILY_DECISION,
    FAMILY_RISK,
    FAMILY_ORDER,
    FAMILY_FILL,
    FAMILY_LEARNING,
    FAMILY_CONTROL
};

/* One struct per kind: struct entry_perception_quote { struct symbol symbol; int64_t bid; ... }. */
#define KIND(id, NAME, name, text, schema, meaning) struct entry_##name {
#define FIELD(kind, TYPE, field, meaning)           ENTRY_C_##TYPE field;
#define KIND_END(name)                                                                                       \
    }                                                                                                        \
    ;
#include "ledger/entry_kinds.def"
#undef KIND
#undef FIELD
#undef KIND_END

struct entry {
    uint64_t seq;           /* 0 in a draft: the journal gives it */
    int64_t recorded_at_ns; /* 0 in a draft */
    int64_t at_ns;          /* when it happened, or INSTANT_NONE */
    uint64_t cause;         /* an earlier seq, or 0 */
    uint32_t actor;         /* 0: the journal itself */
    enum entry_kind kind;
    bool is_signed; /* carries its actor's own signature */
    uint8_t signature[ENTRY_SIGNATURE_SIZE];
    union {
#define KIND(id, NAME, name, text, schema, meaning) struct entry_##name name;
#define FIELD(kind, TYPE, field, meaning)
#define KIND_END(name)
#include "ledger/entry_kinds.def"
#undef KIND
#undef FIELD
#undef KIND_END
    } as;
};

/* What a field is called, is, and where it lies in its kind's struct. */
struct entry_field {
    const char *name;
    enum field_type type;
    size_t offset;
    const char *meaning;
};

struct entry_kind_info {
    enum entry_kind kind;
    const char *text; /* "perception.quote" */
    uint16_t schema;  /* the one written; older ones are read */
    const char *meaning;
    const struct entry_field *fields;
    size_t field_count;
};

/* Row of the table, or NULL when the id is no kind. */
const struct entry_kind_info *entry_kind_find(unsigned id);
/* Row by name ("perception.quote"), or NULL. */
const struct entry_kind_info *entry_kind_by_name(const char *text, size_t length);
/* The whole table, in order of ids. */
const struct entry_kind_info *entry_kinds(size_t *count);

static inline enum entry_family entry_family(enum entry_kind kind)
{
    return (enum entry_family)((unsigned)kind >> 8);
}

/* Computed by us from earlier entries (decision, risk, order.new, order.cancel), so it can be recomputed. */
bool entry_kind_is_derived(enum entry_kind kind);
/* Must carry the signature of the person or outside agent who asks for it (stop, resume, configuration ...). */
bool entry_kind_needs_signature(enum entry_kind kind);

/* The names of an enum field's values, index 1 ..; [0] and the end are NULL. NULL for other types. */
const char *const *entry_enum_names(enum field_type type);
const char *const *entry_unit_names(void);
const char *const *entry_rule_names(void);

/*
 * Encodes e (which may still be a draft) at the end of `out`. ERR_INPUT when a field breaks its type's rule
 * (names the field), ERR_RANGE when the entry would pass ENTRY_MAX_SIZE. On error nothing is written.
 */
MUST_USE enum err_code entry_encode(const struct entry *e, struct wire_out *out, struct err *err);

/*
 * Decodes exactly `size` bytes; whatever decodes encodes to the same bytes. Texts borrow from `bytes`.
 * ERR_FORMAT names the field that is wrong. On error *e is not to be used.
 */
MUST_USE enum err_code entry_decode(const void *bytes, size_t size, struct entry *e, struct err *err);

/* Only the 48 bytes of the header: for scans. e->as is untouched. */
MUST_USE enum err_code entry_decode_header(const void *bytes, size_t size, struct entry *e, struct err *err);

/* Gives an encoded draft its place: seq and recorded_at. */
void entry_place(uint8_t *bytes, uint64_t seq, int64_t recorded_at_ns);

/*
 * What a signing actor signs: "ledger statement v1\n", the origin, "\n", then the entry's bytes without its
 * signature, seq and recorded_at zero, flag SIGNED set: the journal gives the place, the person the words.
 * `out` has room for size + origin length + 32; returns the message's size.
 */
size_t entry_statement(const uint8_t *bytes, size_t size, const char *origin, uint8_t *out);

/* Rules that span fields (a limit order has a limit, high >= low ...): ERR_INPUT names field and reason. */
MUST_USE enum err_code entry_check(const struct entry *e, struct err *err);

/* Small helpers for writers. */
struct id id_from(const char *text); /* REQUIREs 1..64 visible characters */
bool id_is(const struct id *id, const char *text);
bool id_equal(const struct id *a, const struct id *b);
struct text text_from(const char *terminated);
/* Adds a row and sets ok = rule(value, bound); REQUIREs room. Returns ok. */
bool checks_add(struct checks *checks, const char *name, int64_t value, enum rule rule, int64_t bound,
                enum unit unit);
bool check_holds(int64_t value, enum rule rule, int64_t bound);
/* The symbol an entry is about, or NULL; the order it is about, or NULL. Borrowed from e. */
const struct symbol *entry_symbol(const struct entry *e);
const struct id *entry_order_id(const struct entry *e);

#endif
