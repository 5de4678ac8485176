#include "reports/words.h"

#include "ledger/entry_json.h"
#include "risk/governor.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIELD_TEXT_MAX = 8192, FIRST_CAPACITY = 512 };

/* -- the buffer ----------------------------------------------------------------------------------------- */

void words_init(struct words *w)
{
    memset(w, 0, sizeof *w);
}

void words_release(struct words *w)
{
    free(w->bytes);
    words_init(w);
}

void words_clear(struct words *w)
{
    w->size = 0;
    w->bad = false;
    if (w->bytes)
        w->bytes[0] = '\0';
}

enum err_code words_done(const struct words *w, struct err *err)
{
    return w->bad ? err_set(err, ERR_MEMORY, "a sentence does not fit in memory") : ERR_OK;
}

const char *words_get(const struct words *w)
{
    return w->bytes ? w->bytes : "";
}

/* Room for `size` more bytes and a terminator. */
static bool reserve(struct words *w, size_t size)
{
    size_t wanted = w->capacity ? w->capacity : FIRST_CAPACITY;

    if (w->bad || size >= WORDS_MAX - w->size) {
        w->bad = true;
        return false;
    }
    while (wanted < w->size + size + 1)
        wanted *= 2;
    if (wanted != w->capacity) {
        char *const grown = realloc(w->bytes, wanted);
        if (!grown) {
            w->bad = true;
            return false;
        }
        w->bytes = grown;
        w->capacity = wanted;
    }
    return true;
}

void words_bytes(struct words *w, const char *bytes, size_t size)
{
    if (!reserve(w, size))
        return;
    memcpy(w->bytes + w->size, bytes, size);
    w->size += size;
    w->bytes[w->size] = '\0';
}

static void add_word(struct words *w, const char *word)
{
    words_bytes(w, word, strlen(word));
}

void words_add(struct words *w, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    const int n = vsnprintf(NULL, 0, format, args);
    va_end(args);
    REQUIRE(n >= 0);
    if (!reserve(w, (size_t)n))
        return;
    va_start(args, format);
    vsnprintf(w->bytes + w->size, (size_t)n + 1, format, args);
    va_end(args);
    w->size += (size_t)n;
}

/* -- numbers -------------------------------------------------------------------------------------------- */

/* Two decimals at least; what there is more is shown too. */
static void add_dollars(struct words *w, int64_t value, int decimals)
{
    const int64_t cent = decimals == MONEY_DECIMALS ? MICRO / 100 : NANO / 100;
    char text[DECIMAL_TEXT_SIZE];

    if (value % cent == 0)
        decimal_format_fixed(text, value, decimals, 2);
    else
        decimal_format(text, value, decimals);
    add_word(w, text);
}

void words_price(struct words *w, int64_t price_nano)
{
    if (price_nano == PRICE_NONE)
        add_word(w, "none");
    else
        add_dollars(w, price_nano, PRICE_DECIMALS);
}

void words_money(struct words *w, int64_t micro)
{
    add_dollars(w, micro, MONEY_DECIMALS);
}

void words_change(struct words *w, int64_t micro)
{
    if (micro >= 0)
        add_word(w, "+");
    words_money(w, micro);
}

void words_percent(struct words *w, int64_t rate_nano)
{
    char text[DECIMAL_TEXT_SIZE];

    /* A rate of 1e-9 is a percentage of 1e-7. */
    decimal_format_fixed(text, rate_nano, RATE_DECIMALS - 2, 2);
    words_add(w, "%s %%", text);
}

void words_count(struct words *w, int64_t count, const char *one, const char *many)
{
    words_add(w, "%" PRId64 " %s", count, count == 1 ? one : many);
}

void words_time(struct words *w, int64_t at_ns)
{
    char text[INSTANT_TEXT_SIZE];

    if (at_ns == INSTANT_NONE) {
        add_word(w, "no time");
        return;
    }
    instant_format_new_york(text, at_ns);
    add_word(w, strlen(text) > 11 ? text + 11 : text); /* "2015-12-24 09:31:00" */
}

const char *words_rule(enum rule rule)
{
    switch (rule) {
    case RULE_AT_LEAST: return ">=";
    case RULE_AT_MOST: return "<=";
    case RULE_ABOVE: return ">";
    case RULE_BELOW: return "<";
    case RULE_EQUAL: return "=";
    }
    return "?";
}

void words_amount(struct words *w, enum unit unit, int64_t value)
{
    if (value == CHECK_VALUE_NONE) {
        add_word(w, "not known");
        return;
    }
    switch (unit) {
    case UNIT_PRICE: words_price(w, value); break;
    case UNIT_MONEY: words_money(w, value); break;
    case UNIT_RATE: words_percent(w, value); break;
    case UNIT_COUNT: words_add(w, "%" PRId64, value); break;
    case UNIT_SECONDS: words_add(w, "%" PRId64 " s", value); break;
    case UNIT_FLAG: add_word(w, value ? "yes" : "no"); break;
    }
}

/* Rows of strategy/naked_put.h that hold when a position is to be closed. */
static bool is_exit_rule(const struct check *c)
{
    return strncmp(c->name.text, "exit_", 5) == 0 || id_is(&c->name, "position_loss");
}

bool words_check_failed(const struct check *c)
{
    return !c->ok && !risk_check_is_exempt(c) && !is_exit_rule(c);
}

void words_check(struct words *w, const struct check *c)
{
    words_add(w, "%s ", c->name.text);
    words_amount(w, c->unit, c->value);
    words_add(w, " %s ", words_rule(c->rule));
    words_amount(w, c->unit, c->bound);
    if (is_exit_rule(c))
        add_word(w, c->ok ? " DUE" : " not due");
    else if (c->ok)
        add_word(w, " ok");
    else
        add_word(w, words_check_failed(c) ? " FAILED" : " (does not count)");
}

void words_field(struct words *w, const struct entry *e, const char *field)
{
    const struct entry_kind_info *const info = entry_kind_find((unsigned)e->kind);
    char text[FIELD_TEXT_MAX];

    for (size_t i = 0; i < info->field_count; i++) {
        if (strcmp(info->fields[i].name, field) == 0) {
            words_bytes(w, text, entry_field_text(e, &info->fields[i], text, sizeof text));
            return;
        }
    }
    REQUIRE(false && "a field of this kind");
}
