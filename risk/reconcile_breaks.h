/*
 * Where a statement and our books differ, and what that is worth. Pure; rows of reconcile.h and the accounts are
 * not held across a proposal but by number.
 *
 * A break's checks hold our side (value) against the statement's (bound), RULE_EQUAL; 0 stands for what a side has
 * not. Quantities have a sign: bought or long is positive. First the row that says what it is:
 *
 *   cash                  money; told when they differ by more than reconcile.cash_tolerance
 *   position              shares or contracts; `about` is the symbol
 *   fill_missing          quantity; then fee, notional: `about` is the fill_id, as in the next two
 *   fill_unknown          the same
 *   fill_differs          the same; then price, and, when it is another one, symbol (a flag)
 *   bust_...              what was taken back (0), of what the bust says: differs, of_no_execution, twice, behind_split;
 *                         `about` is the bust's fill_id. Told whether there is a statement or not: ledger/fills.h
 *   statement_incomplete  rows that came in, of those that the statement counts; then positions, fills
 *
 * Of a statement that is not complete nothing else is compared. Fills are matched by fill_id, whatever session they
 * are of; of ours, those of the statement's session must be in it. A fill that was taken back is not one of ours.
 */
#ifndef RISK_RECONCILE_BREAKS_H
#define RISK_RECONCILE_BREAKS_H

#include "ledger/decide.h"
#include "risk/context.h"

struct reconcile_difference {
    struct reconcile_key key;
    uint64_t ours; /* entries; 0: there is none */
    uint64_t theirs;
    struct checks checks;
};

/* Any error ends the walk and is handed up. */
typedef enum err_code reconcile_visit(void *context, const struct reconcile_difference *d, struct err *err);

/*
 * Every difference that the newest statement, which there is (REQUIRE), shows now: cash, positions, fills; ours first, each in its
 * order.
 */
MUST_USE enum err_code reconcile_differences(const struct risk_context *ctx, reconcile_visit *visit,
                                             void *context, struct err *err);

/*
 * Proposes a risk.break (cause: the statement, which is applied) for each difference that is not open with the same
 * numbers already; under the same id when one is open with others.
 */
MUST_USE enum err_code reconcile_breaks(const struct risk_context *ctx, const struct entry *statement,
                                        const struct proposals *out, struct err *err);

/*
 * Proposes a risk.break (cause: the bust) for each bust that takes nothing back and of which none was told. `trigger` is
 * what is answered: a clock entry or a statement.
 */
MUST_USE enum err_code reconcile_busts(const struct risk_context *ctx, const struct entry *trigger,
                                       const struct proposals *out, struct err *err);

/*
 * What a break is worth, in money, never below zero: of the cash its difference; of a position the difference at its
 * mark, else at its underlying's or average price; of a fill the difference in notional and in fees. Of all differences
 * that were told of it since it is open the widest counts: a later statement never makes it worth less.
 * CHECK_VALUE_NONE: nobody can tell, as of a statement that is not complete, or of a bust that does not fit.
 */
int64_t reconcile_worth(const struct risk_context *ctx, const struct reconcile_break *b);
/* Of all that are open; CHECK_VALUE_NONE when one of them cannot be told. */
int64_t reconcile_worth_of_all(const struct risk_context *ctx);

#endif
