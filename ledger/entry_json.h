/*
 * The entry as JSON, the form for people and other programs: one line, one object.
 *
 *   {"kind":"fill.execution","actor":"broker:paper","cause":12,"at":"2015-12-24T14:31:00.000000001Z",
 *    "body":{"order_id":"o-1", ...},"signature":"<base64 of 64 bytes>"}
 *
 * Both directions follow the table of entry_kinds.def. JSON -> entry -> JSON is the identity for what
 * entry_to_json() writes; reading also takes keys in any order, white space, "1.50" for "1.5", and instants
 * with an offset. Amounts are decimal strings: JSON numbers are doubles in most programs.
 *
 * Pure, no allocation.
 */
#ifndef LEDGER_ENTRY_JSON_H
#define LEDGER_ENTRY_JSON_H

#include "ledger/actors.h"
#include "ledger/entry.h"
#include "ledger/json_out.h"
#include "ledger/json_scan.h"

#define JSON_LINE_MAX       ((size_t)1 << 20)
#define ENTRY_JSON_NO_ACTOR UINT32_MAX /* as the default: a line must name its actor */

/*
 * Reads one line into a draft (seq and recorded_at zero), without its newline. "actor" (default
 * default_actor), "cause", "at" and "signature" may be missing; "seq" and "recorded_at" are the journal's and
 * refused. What is accepted also passed entry_check().
 *
 * Texts borrow from `line`, or from `arena` when they hold an escape: both must outlive the draft. The call
 * resets the arena; one with the line's size always suffices (ERR_MEMORY otherwise).
 *
 * ERR_INPUT otherwise, and always: "column 57: body.checks[2].value: reason". Then *draft is not to be used.
 */
MUST_USE enum err_code entry_from_json(const char *line, size_t size, const struct actors *actors,
                                       uint32_t default_actor, struct json_arena *arena, struct entry *draft,
                                       struct err *err);

enum entry_json_form {
    ENTRY_JSON_FULL, /* with seq and recorded_at first */
    ENTRY_JSON_DRAFT /* what entry_from_json() reads */
};

/*
 * Writes the entry as one compact object in the table's order; "cause", "at" and "signature" only when there
 * is one. No newline. The entry must be one that entry_encode() takes (REQUIREs a known kind).
 */
void entry_to_json(const struct entry *e, const struct actors *actors, enum entry_json_form form,
                   struct json_out *out);

/*
 * A field's value for people, on one line: "12.50", "none", "sell", "bid 0.40 >= 0.30 ok; ...". Control,
 * direction and invisible characters are shown as \n, \u202e, \u{e0041}, and a backslash as two: no entry can play tricks
 * on a terminal, and what looks alike is alike. Cut, with "..." at
 * the end, when it does not fit. `out` is terminated; capacity is at least 8 (REQUIRE). Returns its length.
 */
size_t entry_field_text(const struct entry *e, const struct entry_field *f, char *out, size_t capacity);
/* The same of one row of a list field (REQUIRE: there is one); it begins with the row's name and a space. */
size_t entry_row_text(const struct entry *e, const struct entry_field *f, unsigned index, char *out,
                      size_t capacity);

#endif
