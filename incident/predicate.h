/*
 * A predicate: a question to a state (book/book.h) that is answered with yes or no.
 *
 *   position(GOOG) < -20              breaker tripped or margin_use > 60 %
 *   not stopped and cash < 100000     bid(GOOG  160108P00620000) <= 0.05
 *
 * not binds closer than and, and closer than or; parentheses as usual. A comparison is a quantity, one of
 * < <= > >= = !=, and a number: dollars, a count, or a rate (0.6, or 60 %). A comparison of what is not known (a
 * price before the first quote) is false, whatever it asks. The quantities: predicate_quantity().
 *
 * It sees the state and nothing else: the same journal, the same answer. Pure; allocates nothing.
 */
#ifndef INCIDENT_PREDICATE_H
#define INCIDENT_PREDICATE_H

#include "book/book.h"
#include "ledger/json_out.h"
#include "reports/words.h"

#define PREDICATE_LEAVES_MAX 16
#define PREDICATE_STEPS_MAX  48
#define PREDICATE_TEXT_MAX   1024

enum predicate_compare {
    COMPARE_NONE, /* the quantity is a flag, and stands alone */
    COMPARE_LESS,
    COMPARE_AT_MOST,
    COMPARE_MORE,
    COMPARE_AT_LEAST,
    COMPARE_EQUAL,
    COMPARE_OTHER
};

struct predicate_leaf {
    unsigned quantity;    /* index for predicate_quantity() */
    struct symbol symbol; /* length 0: the quantity takes none */
    enum predicate_compare compare;
    int64_t value; /* in the quantity's unit */
};

/* In the order in which they are done: a leaf's answer is put on the pile, the others work on its top. */
enum predicate_step_kind { PREDICATE_LEAF, PREDICATE_NOT, PREDICATE_AND, PREDICATE_OR };
struct predicate_step {
    enum predicate_step_kind kind;
    unsigned leaf; /* of a leaf */
};

struct predicate {
    struct predicate_leaf leaves[PREDICATE_LEAVES_MAX];
    unsigned leaf_count;
    struct predicate_step steps[PREDICATE_STEPS_MAX];
    unsigned step_count;
};

/* ERR_INPUT names the column, from 1, and what was expected there; *p is then not to be used. */
MUST_USE enum err_code predicate_parse(struct predicate *p, const char *text, size_t length, struct err *err);

/* ERR_RANGE: a sum leaves its integer; *holds is then untouched. */
MUST_USE enum err_code predicate_holds(const struct predicate *p, const struct book *b, bool *holds,
                                       struct err *err);

/* Every quantity that the predicate asks about, each once, with its value: "position(GOOG) -18, stopped no". */
MUST_USE enum err_code predicate_say(const struct predicate *p, const struct book *b, struct words *w,
                                     struct err *err);
/* The same as an object: {"position(GOOG)": -18, "cash": "1000.5", "bid(GOOG)": null}. */
MUST_USE enum err_code predicate_json(const struct predicate *p, const struct book *b, struct json_out *out,
                                      struct err *err);
/* The predicate again, in its canonical form: what it gives, predicate_parse() reads as the same. */
void predicate_text(const struct predicate *p, struct words *w);

struct predicate_quantity {
    const char *name; /* "margin_use", "breaker tripped" */
    bool takes_symbol;
    enum unit unit; /* UNIT_FLAG: stands alone */
    const char *meaning;
};
/* The index-th quantity; NULL past the end. */
const struct predicate_quantity *predicate_quantity(size_t index);
/* Its value in a state; CHECK_VALUE_NONE when it is not known. ERR_RANGE. */
MUST_USE enum err_code predicate_value(const struct predicate_leaf *leaf, const struct book *b,
                                       int64_t *value, struct err *err);

#endif
