/* Reading a predicate (operators on a pile of their own, so nothing recurses), asking it, saying it. */
#include "incident/predicate.h"

#include "ledger/entry_rows.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* -- reading -------------------------------------------------------------------------------------------- */

/* What waits on the pile of operators: a step's kind, or a parenthesis. */
enum waiting {
    WAITS_NOT = PREDICATE_NOT,
    WAITS_AND = PREDICATE_AND,
    WAITS_OR = PREDICATE_OR,
    WAITS_PARENTHESIS
};

struct reading {
    struct predicate *p;
    const char *text;
    size_t length;
    size_t at;
    enum waiting pile[PREDICATE_STEPS_MAX];
    unsigned waiting;
    struct err *err;
};

static enum err_code wrong(const struct reading *r, size_t at, const char *what)
{
    return err_set(r->err, ERR_INPUT, "predicate, column %zu: %s", at + 1, what);
}

static bool is_word(char c)
{
    return (c >= 'a' && c <= 'z') || c == '_';
}

static void skip_spaces(struct reading *r)
{
    while (r->at < r->length && (r->text[r->at] == ' ' || r->text[r->at] == '\t'))
        r->at++;
}

/* Length of the word that begins here. */
static size_t word_length(const struct reading *r)
{
    size_t n = 0;

    while (r->at + n < r->length && is_word(r->text[r->at + n]))
        n++;
    return n;
}

static bool take_word(struct reading *r, const char *word)
{
    const size_t n = word_length(r);

    if (n != strlen(word) || memcmp(r->text + r->at, word, n) != 0)
        return false;
    r->at += n;
    skip_spaces(r);
    return true;
}

static enum err_code add_step(struct reading *r, enum predicate_step_kind kind, unsigned leaf)
{
    if (r->p->step_count == PREDICATE_STEPS_MAX)
        return wrong(r, r->at, "it is too long");
    r->p->steps[r->p->step_count++] = (struct predicate_step){kind, leaf};
    return ERR_OK;
}

static enum err_code wait(struct reading *r, enum waiting what)
{
    if (r->waiting == PREDICATE_STEPS_MAX)
        return wrong(r, r->at, "it is too deep");
    r->pile[r->waiting++] = what;
    return ERR_OK;
}

/* What waits and binds at least as close as `what` is done first. */
static enum err_code settle(struct reading *r, enum waiting what)
{
    enum err_code rc = ERR_OK;

    while (!rc && r->waiting > 0 && r->pile[r->waiting - 1] <= what)
        rc = add_step(r, (enum predicate_step_kind)r->pile[--r->waiting], 0);
    return rc;
}

/* "breaker tripped" is a name of two words. */
static bool take_name(struct reading *r, const char *name)
{
    const size_t begun = r->at;
    const char *const space = strchr(name, ' ');
    char first[32];

    snprintf(first, sizeof first, "%.*s", (int)(space ? (size_t)(space - name) : strlen(name)), name);
    if (take_word(r, first) && (!space || take_word(r, space + 1)))
        return true;
    r->at = begun;
    return false;
}

static enum err_code no_such_quantity(const struct reading *r)
{
    const size_t length = word_length(r);
    const struct predicate_quantity *q;
    char names[400] = "";
    size_t used = 0;

    if (length == 0)
        return wrong(r, r->at,
                     r->at == r->length ? "it ends where a quantity, not or ( is expected"
                                        : "a quantity, not or ( is expected");
    for (size_t i = 0; (q = predicate_quantity(i)); i++) {
        const int n = snprintf(names + used, sizeof names - used, "%s%s%s", i ? ", " : "", q->name,
                               q->takes_symbol ? "(SYMBOL)" : "");
        REQUIRE(n > 0 && (size_t)n < sizeof names - used);
        used += (size_t)n;
    }
    return err_set(r->err, ERR_INPUT, "predicate, column %zu: \"%.*s\" is no quantity; there are %s",
                   r->at + 1, (int)(length > 40 ? 40 : length), r->text + r->at, names);
}

static enum err_code take_symbol(struct reading *r, struct predicate_leaf *leaf)
{
    if (r->at == r->length || r->text[r->at] != '(')
        return wrong(r, r->at, "( with a symbol is expected");
    size_t from = r->at + 1;
    const char *const end = memchr(r->text + from, ')', r->length - from);
    if (!end)
        return wrong(r, r->at, "this ( is not closed");
    size_t length = (size_t)(end - r->text) - from;
    r->at = from + length + 1;
    for (; length > 0 && r->text[from] == ' '; length--)
        from++;
    while (length > 0 && r->text[from + length - 1] == ' ')
        length--;
    if (symbol_parse(r->text + from, length, &leaf->symbol, NULL))
        return wrong(r, from, "a ticker or an OCC symbol of 21 characters is expected");
    skip_spaces(r);
    return ERR_OK;
}

static enum err_code take_compare(struct reading *r, struct predicate_leaf *leaf)
{
    static const struct {
        const char *text;
        enum predicate_compare compare;
    } signs[] = {{"<=", COMPARE_AT_MOST}, {">=", COMPARE_AT_LEAST}, {"!=", COMPARE_OTHER},
                 {"==", COMPARE_EQUAL},   {"<", COMPARE_LESS},      {">", COMPARE_MORE},
                 {"=", COMPARE_EQUAL}};

    for (size_t i = 0; i < sizeof signs / sizeof signs[0]; i++) {
        const size_t n = strlen(signs[i].text);
        if (r->length - r->at >= n && memcmp(r->text + r->at, signs[i].text, n) == 0) {
            leaf->compare = signs[i].compare;
            r->at += n;
            skip_spaces(r);
            return ERR_OK;
        }
    }
    return wrong(r, r->at, "one of < <= > >= = != is expected");
}

static enum err_code take_number(struct reading *r, struct predicate_leaf *leaf)
{
    const enum unit unit = predicate_quantity(leaf->quantity)->unit;
    const size_t from = r->at;
    struct err why = {.code = ERR_OK};
    char what[ERR_TEXT_SIZE / 2];
    int decimals = entry_rows_decimals(unit);

    while (r->at < r->length && r->text[r->at] != '\0' && strchr("+-.0123456789", r->text[r->at]))
        r->at++;
    const size_t length = r->at - from;
    skip_spaces(r);
    if (length > 0 && r->at < r->length && r->text[r->at] == '%') {
        if (unit != UNIT_RATE)
            return wrong(r, r->at, "this is no rate, so % does not fit");
        decimals -= 2;
        r->at++;
        skip_spaces(r);
    }
    if (length == 0)
        return wrong(r, from, "a number is expected");
    if (decimal_parse(r->text + from, length, decimals, &leaf->value, &why)) {
        snprintf(what, sizeof what, "%.*s", (int)sizeof what - 1, why.text);
        return wrong(r, from, what);
    }
    /* It stands for "not known", and "not known" compares with nothing. */
    return leaf->value == CHECK_VALUE_NONE ? wrong(r, from, "the number is out of range") : ERR_OK;
}

static enum err_code take_leaf(struct reading *r)
{
    struct predicate_leaf leaf = {.quantity = 0};
    const struct predicate_quantity *q;

    while ((q = predicate_quantity(leaf.quantity)) && !take_name(r, q->name))
        leaf.quantity++;
    if (!q)
        return no_such_quantity(r);
    if (r->p->leaf_count == PREDICATE_LEAVES_MAX)
        return wrong(r, r->at, "it asks about too much");
    enum err_code rc = q->takes_symbol ? take_symbol(r, &leaf) : ERR_OK;
    if (!rc && q->unit != UNIT_FLAG)
        rc = take_compare(r, &leaf);
    if (!rc && q->unit != UNIT_FLAG)
        rc = take_number(r, &leaf);
    if (rc)
        return rc;
    r->p->leaves[r->p->leaf_count] = leaf;
    return add_step(r, PREDICATE_LEAF, r->p->leaf_count++);
}

/* Where a question is expected. *more: it was a prefix, another must follow. */
static enum err_code take_question(struct reading *r, bool *more)
{
    *more = true;
    if (take_word(r, "not"))
        return wait(r, WAITS_NOT);
    if (r->at < r->length && r->text[r->at] == '(') {
        r->at++;
        skip_spaces(r);
        return wait(r, WAITS_PARENTHESIS);
    }
    *more = false;
    return take_leaf(r);
}

/* Behind a question. *more: another must follow. */
static enum err_code take_link(struct reading *r, bool *more)
{
    enum err_code rc = ERR_OK;

    *more = true;
    if (take_word(r, "and")) {
        rc = settle(r, WAITS_AND);
        return rc ? rc : wait(r, WAITS_AND);
    }
    if (take_word(r, "or")) {
        rc = settle(r, WAITS_OR);
        return rc ? rc : wait(r, WAITS_OR);
    }
    *more = false;
    if (r->at == r->length || r->text[r->at] != ')')
        return wrong(r, r->at, "and, or, ) or the end is expected");
    rc = settle(r, WAITS_OR);
    if (!rc && r->waiting == 0)
        return wrong(r, r->at, "this ) closes nothing");
    r->waiting -= rc ? 0 : 1;
    r->at++;
    skip_spaces(r);
    return rc;
}

enum err_code predicate_parse(struct predicate *p, const char *text, size_t length, struct err *err)
{
    struct reading r = {.p = p, .text = text, .length = length, .err = err};
    bool more = true;
    enum err_code rc = ERR_OK;

    memset(p, 0, sizeof *p);
    if (length > PREDICATE_TEXT_MAX)
        return err_set(err, ERR_INPUT, "predicate, column %d: it is too long", PREDICATE_TEXT_MAX + 1);
    skip_spaces(&r);
    while (!rc && (more || r.at < r.length))
        rc = more ? take_question(&r, &more) : take_link(&r, &more);
    if (!rc)
        rc = settle(&r, WAITS_OR);
    if (!rc && r.waiting > 0)
        rc = wrong(&r, r.at, "it ends where ) is expected");
    return rc;
}

/* -- asking --------------------------------------------------------------------------------------------- */

static bool compares(int64_t value, enum predicate_compare compare, int64_t with)
{
    if (value == CHECK_VALUE_NONE)
        return false;
    switch (compare) {
    case COMPARE_NONE: return value != 0;
    case COMPARE_LESS: return value < with;
    case COMPARE_AT_MOST: return value <= with;
    case COMPARE_MORE: return value > with;
    case COMPARE_AT_LEAST: return value >= with;
    case COMPARE_EQUAL: return value == with;
    case COMPARE_OTHER: return value != with;
    }
    return false;
}

enum err_code predicate_holds(const struct predicate *p, const struct book *b, bool *holds, struct err *err)
{
    bool pile[PREDICATE_STEPS_MAX] = {0};
    unsigned n = 0;

    for (unsigned i = 0; i < p->step_count; i++) {
        const struct predicate_step *const s = &p->steps[i];
        int64_t value = 0;
        enum err_code rc = ERR_OK;
        switch (s->kind) {
        case PREDICATE_LEAF:
            rc = predicate_value(&p->leaves[s->leaf], b, &value, err);
            pile[n++] = compares(value, p->leaves[s->leaf].compare, p->leaves[s->leaf].value);
            break;
        case PREDICATE_NOT: pile[n - 1] = !pile[n - 1]; break;
        case PREDICATE_AND:
            n--;
            pile[n - 1] = pile[n - 1] && pile[n];
            break;
        case PREDICATE_OR:
            n--;
            pile[n - 1] = pile[n - 1] || pile[n];
            break;
        }
        if (rc)
            return rc;
    }
    REQUIRE(n == 1);
    *holds = pile[0];
    return ERR_OK;
}

/* -- saying --------------------------------------------------------------------------------------------- */

static void name_of(const struct predicate_leaf *leaf, char out[64])
{
    const struct predicate_quantity *const q = predicate_quantity(leaf->quantity);

    if (q->takes_symbol)
        snprintf(out, 64, "%s(%s)", q->name, leaf->symbol.text);
    else
        snprintf(out, 64, "%s", q->name);
}

/* The first leaf that asks about this. */
static bool was_asked(const struct predicate *p, unsigned leaf)
{
    for (unsigned i = 0; i < leaf; i++) {
        if (p->leaves[i].quantity == p->leaves[leaf].quantity &&
            symbol_equal(&p->leaves[i].symbol, &p->leaves[leaf].symbol))
            return true;
    }
    return false;
}

static void say_value(struct words *w, enum unit unit, int64_t value)
{
    if (value == CHECK_VALUE_NONE)
        words_add(w, "not known");
    else if (unit == UNIT_FLAG)
        words_add(w, value ? "yes" : "no");
    else if (unit == UNIT_PRICE)
        words_price(w, value);
    else if (unit == UNIT_MONEY)
        words_money(w, value);
    else if (unit == UNIT_RATE)
        words_percent(w, value);
    else
        words_add(w, "%" PRId64, value);
}

enum err_code predicate_say(const struct predicate *p, const struct book *b, struct words *w, struct err *err)
{
    enum err_code rc = ERR_OK;
    bool any = false;

    for (unsigned i = 0; !rc && i < p->leaf_count; i++) {
        int64_t value = 0;
        char name[64];
        if (was_asked(p, i))
            continue;
        name_of(&p->leaves[i], name);
        rc = predicate_value(&p->leaves[i], b, &value, err);
        words_add(w, "%s%s ", any ? ", " : "", name);
        say_value(w, predicate_quantity(p->leaves[i].quantity)->unit, value);
        any = true;
    }
    return rc;
}

enum err_code predicate_json(const struct predicate *p, const struct book *b, struct json_out *out,
                             struct err *err)
{
    enum err_code rc = ERR_OK;

    json_out_object(out);
    for (unsigned i = 0; !rc && i < p->leaf_count; i++) {
        const enum unit unit = predicate_quantity(p->leaves[i].quantity)->unit;
        int64_t value = 0;
        char name[64];
        if (was_asked(p, i))
            continue;
        name_of(&p->leaves[i], name);
        rc = predicate_value(&p->leaves[i], b, &value, err);
        json_out_key(out, name);
        if (value == CHECK_VALUE_NONE)
            json_out_null(out);
        else if (unit == UNIT_FLAG)
            json_out_bool(out, value != 0);
        else if (entry_rows_decimals(unit) > 0)
            json_out_decimal(out, value, entry_rows_decimals(unit));
        else
            json_out_i64(out, value);
    }
    json_out_object_end(out);
    return rc;
}

static void leaf_text(const struct predicate_leaf *leaf, struct words *w)
{
    static const char *const signs[] = {"", "<", "<=", ">", ">=", "=", "!="};
    char number[DECIMAL_TEXT_SIZE];
    char name[64];

    name_of(leaf, name);
    words_add(w, "%s", name);
    if (leaf->compare == COMPARE_NONE)
        return;
    decimal_format(number, leaf->value, entry_rows_decimals(predicate_quantity(leaf->quantity)->unit));
    words_add(w, " %s %s", signs[leaf->compare], number);
}

/*
 * Every operation in parentheses, so that it needs no rule of which binds closer: a step's text is that of the
 * steps from first[n] on. Each operator is inserted by writing from the last step back, with a pile of what is left.
 */
void predicate_text(const struct predicate *p, struct words *w)
{
    enum { DO_STEP, SAY_AND, SAY_OR, SAY_CLOSE };
    struct {
        unsigned what;
        unsigned step;
    } pile[4 * PREDICATE_STEPS_MAX] = {{0, 0}};
    unsigned first[PREDICATE_STEPS_MAX] = {0}; /* where the steps that a step works on begin */
    unsigned n = 0;

    for (unsigned i = 0; i < p->step_count; i++) {
        const enum predicate_step_kind kind = p->steps[i].kind;
        first[i] = kind == PREDICATE_LEAF  ? i
                   : kind == PREDICATE_NOT ? first[i - 1]
                                           : first[first[i - 1] - 1];
    }
    pile[n].what = DO_STEP;
    pile[n++].step = p->step_count - 1;
    while (n > 0) {
        const unsigned what = pile[--n].what;
        const unsigned i = pile[n].step;
        if (what != DO_STEP) {
            words_add(w, what == SAY_AND ? " and " : what == SAY_OR ? " or " : ")");
        } else if (p->steps[i].kind == PREDICATE_LEAF) {
            leaf_text(&p->leaves[p->steps[i].leaf], w);
        } else if (p->steps[i].kind == PREDICATE_NOT) {
            words_add(w, "not ");
            pile[n].what = DO_STEP;
            pile[n++].step = i - 1;
        } else {
            words_add(w, "(");
            pile[n++].what = SAY_CLOSE;
            pile[n].what = DO_STEP;
            pile[n++].step = i - 1;
            pile[n++].what = p->steps[i].kind == PREDICATE_AND ? SAY_AND : SAY_OR;
            pile[n].what = DO_STEP;
            pile[n++].step = first[i - 1] - 1;
        }
    }
}
