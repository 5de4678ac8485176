#include "entries_page.h"

#include "ledger/entry_json.h"
#include "ledger/entry_rows.h"

#include <ctype.h>

struct words {
    const char *name;
    const char *json;
    const char *example;
};

/* What a field of a type is called here, and what it looks like in JSON. */
static struct words field_words(enum field_type type)
{
    switch (type) {
    case FIELD_SYMBOL: return (struct words){"symbol", "string", "\"GOOG  151224P00750000\""};
    case FIELD_ID: return (struct words){"id", "string", "\"o-1\""};
    case FIELD_TEXT: return (struct words){"text", "string", "\"some words\""};
    case FIELD_PRICE: return (struct words){"price", "decimal string", "\"1.25\""};
    case FIELD_PRICE_OPT: return (struct words){"price or none", "decimal string or null", "\"1.25\""};
    case FIELD_MONEY: return (struct words){"money", "decimal string", "\"1250\""};
    case FIELD_RATE: return (struct words){"rate", "decimal string", "\"0.25\""};
    case FIELD_QTY: return (struct words){"quantity", "integer", "5"};
    case FIELD_COUNT: return (struct words){"count", "integer", "10"};
    case FIELD_DAY: return (struct words){"day", "string", "\"2015-12-24\""};
    case FIELD_BOOL: return (struct words){"yes or no", "true or false", "true"};
    case FIELD_DIGEST: return (struct words){"digest", "string", "\"<64 hex digits>\""};
    case FIELD_KEY: return (struct words){"key", "string", "\"<64 hex digits>\""};
    case FIELD_SIDE: return (struct words){"side", "string", "\"sell\""};
    case FIELD_ORDER_TYPE: return (struct words){"order type", "string", "\"limit\""};
    case FIELD_MARK: return (struct words){"mark", "string", "\"last\""};
    case FIELD_PHASE: return (struct words){"phase", "string", "\"open\""};
    case FIELD_FINDING: return (struct words){"finding", "string", "\"crossed\""};
    case FIELD_EXIT_RULE: return (struct words){"exit rule", "string", "\"profit\""};
    case FIELD_ROLE: return (struct words){"role", "string", "\"broker\""};
    case FIELD_BLOB: return (struct words){"bytes", "string", "\"<hex digits>\""};
    case FIELD_CHECKS: return (struct words){"checks", "array", "[]"};
    case FIELD_COUNTS: return (struct words){"counts", "array", "[]"};
    case FIELD_CANDIDATES: return (struct words){"candidates", "array", "[]"};
    case FIELD_ACTORS: return (struct words){"actors", "array", "[]"};
    }
    return (struct words){"?", "?", "?"};
}

static const char *row_words(enum row_type type)
{
    switch (type) {
    case ROW_ID: return "id";
    case ROW_SYMBOL: return "symbol";
    case ROW_PRICE: return "price";
    case ROW_MONEY: return "money";
    case ROW_RATE: return "rate";
    case ROW_COUNT: return "count";
    case ROW_INTEGER: return "integer";
    case ROW_BOOL: return "yes or no";
    case ROW_ROLE: return "role";
    case ROW_UNIT: return "unit";
    case ROW_RULE: return "rule";
    case ROW_KEY: return "key";
    case ROW_AMOUNT: return "amount";
    }
    return "?";
}

static const char *family_title(enum entry_family family)
{
    switch (family) {
    case FAMILY_PERCEPTION: return "Perception: what we were told or saw";
    case FAMILY_DECISION: return "Decision: what a strategy concluded";
    case FAMILY_RISK: return "Risk: what the governor said";
    case FAMILY_ORDER: return "Order: intentions and the broker's answers";
    case FAMILY_FILL: return "Fill: what moved positions and cash";
    case FAMILY_LEARNING: return "Learning: what was tried and found";
    case FAMILY_CONTROL: return "Control: people and the program itself";
    }
    return "?";
}

static void print_names(FILE *out, const char *title, const char *const *names)
{
    fprintf(out, "| %s |", title);
    for (unsigned i = 1; names[i]; i++)
        fprintf(out, "%s `%s` (%u)", i > 1 ? "," : "", names[i], i);
    fprintf(out, " |\n");
}

static void print_choices(FILE *out)
{
    fprintf(out, "## Choices\n\nThe number in brackets is the byte on the wire.\n\n"
                 "| type | values |\n| --- | --- |\n");
    for (enum field_type type = FIELD_SYMBOL; type <= FIELD_ACTORS; type++) {
        const char *const *const names = entry_enum_names(type);
        if (names)
            print_names(out, field_words(type).name, names);
    }
    print_names(out, "unit", entry_unit_names());
    print_names(out, "rule", entry_rule_names());
    fprintf(out, "\n");
}

static void print_rows(FILE *out)
{
    fprintf(
        out,
        "## Rows of lists\n\nA list is an array of objects. A check holds when its value stands to its "
        "bound as the rule says; `ok` repeats that\nand is refused when it contradicts them. An *amount* is "
        "written as its row's unit asks: `price`, `money` and `rate` as\ndecimal strings, `count` and "
        "`seconds` as integers, `flag` as true or false, and null when it is not known.\n\n");
    for (enum field_type type = FIELD_CHECKS; type <= FIELD_ACTORS; type++) {
        const struct entry_rows *const shape = entry_rows_find(type);
        fprintf(out, "### %s: at most %u rows\n\n| field | type | meaning |\n| --- | --- | --- |\n",
                field_words(type).name, shape->max);
        for (size_t i = 0; i < shape->field_count; i++)
            fprintf(out, "| `%s` | %s | %s |\n", shape->fields[i].name, row_words(shape->fields[i].type),
                    shape->fields[i].meaning);
        fprintf(out, "\n");
    }
}

static void print_types(FILE *out)
{
    fprintf(
        out,
        "## Types of fields\n\n"
        "| type | JSON | holds |\n| --- | --- | --- |\n"
        "| symbol | string | a ticker of at most %d characters, or an OCC option symbol of %d |\n"
        "| id | string | 1 to %d visible ASCII characters, no space |\n"
        "| text | string | UTF-8 without U+0000 |\n"
        "| price | decimal string | dollars, at most %d decimals |\n"
        "| price or none | decimal string or null | the same; null when there is none |\n"
        "| money | decimal string | dollars, at most %d decimals |\n"
        "| rate | decimal string | a number without unit, at most %d decimals |\n"
        "| quantity | integer | 1 or more |\n"
        "| count | integer | 0 or more |\n"
        "| day | string | a date, `2015-12-24` |\n"
        "| yes or no | true or false | |\n"
        "| digest, key | string | 32 bytes as 64 lower-case hexadecimal digits |\n\n"
        "Amounts are strings because JSON numbers are doubles in most programs; a number there is refused.\n"
        "Reading takes trailing zeros (`\"1.50\"`); writing leaves them out.\n\n",
        SYMBOL_TICKER_MAX, SYMBOL_OCC_LENGTH, ID_MAX, PRICE_DECIMALS, MONEY_DECIMALS, RATE_DECIMALS);
}

static void print_kind(FILE *out, const struct entry_kind_info *kind)
{
    fprintf(out, "### `%s`\n\n%c%s. Kind 0x%04x, schema %u%s%s.\n\n", kind->text, toupper(kind->meaning[0]),
            kind->meaning + 1, (unsigned)kind->kind, (unsigned)kind->schema,
            entry_kind_is_derived(kind->kind) ? "; derived: computed from earlier entries" : "",
            entry_kind_needs_signature(kind->kind) ? "; carries its actor's signature" : "");
    fprintf(out, "| field | type | meaning |\n| --- | --- | --- |\n");
    for (size_t i = 0; i < kind->field_count; i++)
        fprintf(out, "| `%s` | %s | %s |\n", kind->fields[i].name, field_words(kind->fields[i].type).name,
                kind->fields[i].meaning);
    fprintf(out, "\n```json\n{\"kind\":\"%s\",\"body\":{", kind->text);
    for (size_t i = 0; i < kind->field_count; i++)
        fprintf(out, "%s\"%s\":%s", i ? "," : "", kind->fields[i].name,
                field_words(kind->fields[i].type).example);
    fprintf(out, "}}\n```\n\n");
}

void entries_page_print(FILE *out)
{
    size_t count = 0;
    const struct entry_kind_info *const kinds = entry_kinds(&count);
    unsigned family = 0;

    fprintf(
        out,
        "# Entries\n\n"
        "Every kind of entry the journal can hold. This page is printed from `ledger/entry_kinds.def` by\n"
        "`cmake --build --preset dev --target docs_entries`; a test fails when the two differ. The bytes are "
        "in FORMAT.md.\n\n"
        "A line of JSON for `ledger append`, and what `ledger show --json` prints with `seq` and "
        "`recorded_at` before it:\n\n"
        "```json\n"
        "{\"kind\":\"control.note\",\"actor\":\"person:ada\",\"cause\":12,\"at\":\"2015-12-24T14:31:00Z\","
        "\"body\":"
        "{\"text\":\"some words\"}}\n"
        "```\n\n"
        "| key | holds |\n| --- | --- |\n"
        "| `kind` | one of the kinds below |\n"
        "| `actor` | who says so; left out: the one who appends |\n"
        "| `cause` | the number of the earlier entry that made this one happen; may be left out |\n"
        "| `at` | when it happened, RFC 3339 with up to nine decimals; may be left out |\n"
        "| `body` | every field of the kind, each once, in any order |\n"
        "| `signature` | the actor's own Ed25519 signature, base64; may be left out where none is asked for "
        "|\n\n"
        "A line has at most %zu bytes, and its entry at most %d.\n\n",
        JSON_LINE_MAX, ENTRY_MAX_SIZE);
    print_types(out);
    print_choices(out);
    print_rows(out);
    for (size_t i = 0; i < count; i++) {
        if (entry_family(kinds[i].kind) != family) {
            family = entry_family(kinds[i].kind);
            fprintf(out, "## %s\n\n", family_title(entry_family(kinds[i].kind)));
        }
        print_kind(out, &kinds[i]);
    }
}
