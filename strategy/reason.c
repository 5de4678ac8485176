#include "strategy/reason.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#define PERCENT_DECIMALS (RATE_DECIMALS - 2)

void reason_begin(struct reason *r)
{
    r->length = 0;
    r->text[0] = '\0';
}

void reason_add(struct reason *r, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    const int n = vsnprintf(r->text + r->length, sizeof r->text - r->length, format, args);
    va_end(args);
    REQUIRE(n >= 0);
    r->length += (size_t)n;
    if (r->length >= sizeof r->text)
        r->length = sizeof r->text - 1;
}

void reason_add_price(struct reason *r, int64_t price_nano)
{
    char text[DECIMAL_TEXT_SIZE];

    if (price_nano == PRICE_NONE) {
        reason_add(r, "not known");
        return;
    }
    decimal_format(text, price_nano, PRICE_DECIMALS);
    reason_add(r, "%s", text);
}

void reason_add_money(struct reason *r, int64_t micro)
{
    char text[DECIMAL_TEXT_SIZE];

    decimal_format_fixed(text, micro, MONEY_DECIMALS, 2);
    reason_add(r, "%s", text);
}

void reason_add_percent(struct reason *r, int64_t rate_nano)
{
    char text[DECIMAL_TEXT_SIZE];

    decimal_format_fixed(text, rate_nano, PERCENT_DECIMALS, 2);
    reason_add(r, "%s %%", text);
}

static void add_value(struct reason *r, int64_t value, enum unit unit)
{
    switch (unit) {
    case UNIT_PRICE: reason_add_price(r, value); break;
    case UNIT_MONEY: reason_add_money(r, value); break;
    case UNIT_RATE: reason_add_percent(r, value); break;
    case UNIT_COUNT: reason_add(r, "%" PRId64, value); break;
    case UNIT_SECONDS: reason_add(r, "%" PRId64 " s", value); break;
    case UNIT_FLAG: reason_add(r, "%s", value ? "true" : "false"); break;
    }
}

static const char *rule_words(enum rule rule)
{
    switch (rule) {
    case RULE_AT_LEAST: return "at least";
    case RULE_AT_MOST: return "at most";
    case RULE_ABOVE: return "above";
    case RULE_BELOW: return "below";
    case RULE_EQUAL: break;
    }
    return "equal to";
}

void reason_add_check(struct reason *r, const struct check *c)
{
    reason_add(r, "%s is ", c->name.text);
    if (c->value == CHECK_VALUE_NONE) {
        reason_add(r, "not known");
        return;
    }
    add_value(r, c->value, c->unit);
    reason_add(r, ", must be %s ", rule_words(c->rule));
    add_value(r, c->bound, c->unit);
}

unsigned reason_add_failed(struct reason *r, const struct checks *checks)
{
    unsigned n = 0;

    for (unsigned i = 0; i < checks->count; i++) {
        if (checks->rows[i].ok)
            continue;
        if (n++ > 0)
            reason_add(r, "; ");
        reason_add_check(r, &checks->rows[i]);
    }
    return n;
}

struct text reason_text(const struct reason *r)
{
    return (struct text){r->text, (uint16_t)r->length};
}
