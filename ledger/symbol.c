/*
 * An OCC symbol, by offset: 0 root, left-aligned, padded with spaces to 6 · 6 expiry yymmdd (years 2000-2099)
 * · 12 C or P · 13 strike in 1/1000 dollar, 8 digits.
 */
#include "ledger/symbol.h"

#include "ledger/decimal.h"

#include <string.h>

#define ROOT_LENGTH      6
#define EXPIRY_AT        6
#define RIGHT_AT         12
#define STRIKE_AT        13
#define STRIKE_DIGITS    8
#define STRIKE_UNIT_NANO (NANO / 1000)
#define STRIKE_UNITS_MAX 99999999

static bool is_upper(char c)
{
    return c >= 'A' && c <= 'Z';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Eight at once: '0' to '9' are 30 to 39 (hex), and no more than 3f when they grow by 6. */
static bool are_digits(uint64_t eight)
{
    const uint64_t ones = UINT64_C(0x0101010101010101);

    return (eight & 0xf0 * ones) == 0x30 * ones && ((eight + 6 * ones) & 0xf0 * ones) == 0x30 * ones;
}

static int two_digits(const char *p)
{
    return is_digit(p[0]) && is_digit(p[1]) ? (p[0] - '0') * 10 + (p[1] - '0') : -1;
}

static int days_in_month(int year_of_century, int month)
{
    static const int DAYS[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    /* 2000 is a leap year, so all centuries' exceptions lie outside 2000-2099. */
    return DAYS[month - 1] + (month == 2 && year_of_century % 4 == 0 ? 1 : 0);
}

/* Length of a root, 0 when it is none: a capital, then capitals and digits, then only spaces. */
static size_t root_length(const char *text)
{
    size_t n = 0;

    if (!is_upper(text[0]))
        return 0;
    while (n < ROOT_LENGTH && (is_upper(text[n]) || is_digit(text[n])))
        n++;
    for (size_t i = n; i < ROOT_LENGTH; i++) {
        if (text[i] != ' ')
            return 0;
    }
    return n;
}

static enum err_code check_option(const char *text, struct err *err)
{
    uint64_t strike;

    if (root_length(text) == 0)
        return err_set(err, ERR_INPUT,
                       "not an option symbol: the root is one to six capitals and digits, "
                       "padded with spaces to six");
    const int year = two_digits(text + EXPIRY_AT);
    const int month = two_digits(text + EXPIRY_AT + 2);
    const int day = two_digits(text + EXPIRY_AT + 4);
    if (year < 0 || month < 1 || month > 12 || day < 1 || day > days_in_month(year, month))
        return err_set(err, ERR_INPUT, "not an option symbol: no such expiry date (yymmdd at character %d)",
                       EXPIRY_AT + 1);
    if (text[RIGHT_AT] != 'C' && text[RIGHT_AT] != 'P')
        return err_set(err, ERR_INPUT, "not an option symbol: C or P is missing at character %d",
                       RIGHT_AT + 1);
    _Static_assert(STRIKE_DIGITS == sizeof strike, "the strike's digits are read as one word");
    memcpy(&strike, text + STRIKE_AT, sizeof strike);
    if (!are_digits(strike))
        return err_set(err, ERR_INPUT, "not an option symbol: the strike is eight digits");
    if (memcmp(text + STRIKE_AT, "00000000", STRIKE_DIGITS) == 0)
        return err_set(err, ERR_INPUT, "not an option symbol: the strike is zero");
    return ERR_OK;
}

static enum err_code check_ticker(const char *text, size_t length, struct err *err)
{
    if (!is_upper(text[0]))
        return err_set(err, ERR_INPUT, "not a ticker: it begins with a capital letter");
    for (size_t i = 1; i < length; i++) {
        if (!is_upper(text[i]) && !is_digit(text[i]) && text[i] != '.')
            return err_set(err, ERR_INPUT, "not a ticker: character %zu is no capital, digit or point",
                           i + 1);
    }
    return ERR_OK;
}

static void fill(struct symbol *s, const char *text, size_t length)
{
    memset(s, 0, sizeof *s);
    memcpy(s->text, text, length);
    s->length = (uint8_t)length;
}

enum err_code symbol_parse(const char *text, size_t length, struct symbol *s, struct err *err)
{
    if (length != SYMBOL_OCC_LENGTH && (length == 0 || length > SYMBOL_TICKER_MAX))
        return err_set(err, ERR_INPUT,
                       "not a symbol: %zu characters where a ticker has 1 to %d and an option has %d", length,
                       SYMBOL_TICKER_MAX, SYMBOL_OCC_LENGTH);
    const enum err_code rc =
        length == SYMBOL_OCC_LENGTH ? check_option(text, err) : check_ticker(text, length, err);
    if (rc)
        return rc;
    fill(s, text, length);
    return ERR_OK;
}

bool symbol_is_option(const struct symbol *s)
{
    return s->length == SYMBOL_OCC_LENGTH;
}

bool symbol_equal(const struct symbol *a, const struct symbol *b)
{
    return memcmp(a, b, sizeof *a) == 0;
}

int symbol_compare(const struct symbol *a, const struct symbol *b)
{
    return memcmp(a->text, b->text, sizeof a->text);
}

void symbol_contract(const struct symbol *s, struct contract *c)
{
    REQUIRE(symbol_is_option(s));
    const char *const t = s->text;
    int64_t strike = 0;

    memset(c, 0, sizeof *c);
    memcpy(c->root, t, root_length(t));
    c->expiry = civil_from_ymd(2000 + two_digits(t + EXPIRY_AT), two_digits(t + EXPIRY_AT + 2),
                               two_digits(t + EXPIRY_AT + 4));
    c->right = t[RIGHT_AT] == 'C' ? RIGHT_CALL : RIGHT_PUT;
    for (int i = 0; i < STRIKE_DIGITS; i++)
        strike = strike * 10 + (t[STRIKE_AT + i] - '0');
    c->strike_nano = strike * STRIKE_UNIT_NANO;
}

static void put_digits(char *out, int64_t v, int width)
{
    for (int i = width; i-- > 0; v /= 10)
        out[i] = (char)('0' + v % 10);
}

enum err_code symbol_from_contract(const struct contract *c, struct symbol *s, struct err *err)
{
    char text[SYMBOL_OCC_LENGTH];
    int year;
    int month;
    int day;

    const size_t root = strnlen(c->root, sizeof c->root);
    if (root > ROOT_LENGTH)
        return err_set(err, ERR_RANGE, "an option root has at most six characters");
    if (c->strike_nano % STRIKE_UNIT_NANO != 0)
        return err_set(err, ERR_RANGE, "the strike is no whole 1/1000 dollar");
    if (c->strike_nano <= 0 || c->strike_nano / STRIKE_UNIT_NANO > STRIKE_UNITS_MAX)
        return err_set(err, ERR_RANGE, "the strike is outside 0.001 .. 99999.999");
    civil_to_ymd(c->expiry, &year, &month, &day);
    if (year < 2000 || year > 2099)
        return err_set(err, ERR_RANGE, "the expiry is outside the years 2000 .. 2099");
    memset(text, ' ', ROOT_LENGTH);
    memcpy(text, c->root, root);
    put_digits(text + EXPIRY_AT, year % 100, 2);
    put_digits(text + EXPIRY_AT + 2, month, 2);
    put_digits(text + EXPIRY_AT + 4, day, 2);
    text[RIGHT_AT] = (char)c->right;
    put_digits(text + STRIKE_AT, c->strike_nano / STRIKE_UNIT_NANO, STRIKE_DIGITS);
    return symbol_parse(text, sizeof text, s, err);
}

static bool root_is(const struct symbol *s, const char *padded)
{
    return symbol_is_option(s) && memcmp(s->text, padded, ROOT_LENGTH) == 0;
}

void symbol_underlying(const struct symbol *s, struct symbol *underlying)
{
    struct symbol u;

    if (!symbol_is_option(s))
        u = *s;
    else if (root_is(s, "SPXW  "))
        fill(&u, "SPX", 3);
    else
        fill(&u, s->text, root_length(s->text));
    *underlying = u;
}

bool symbol_is_about(const struct symbol *s, const struct symbol *underlying)
{
    struct symbol u;

    if (!underlying)
        return true;
    symbol_underlying(s, &u);
    return symbol_equal(&u, underlying);
}

int64_t symbol_multiplier(const struct symbol *s)
{
    return symbol_is_option(s) ? 100 : 1;
}

bool symbol_is_index_option(const struct symbol *s)
{
    return root_is(s, "SPX   ") || root_is(s, "SPXW  ");
}

bool symbol_settles_at_open(const struct symbol *s)
{
    return root_is(s, "SPX   ");
}
