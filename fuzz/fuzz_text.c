/*
 * Any bytes as one of the small texts: a decimal, an instant, a date, a symbol, hexadecimal, base64, UTF-8. The first
 * byte says as which. What is read is written back as the same thing, and where there is one form only, as the same
 * bytes.
 */
#include "ledger/base64.h"
#include "ledger/decimal.h"
#include "ledger/hex.h"
#include "ledger/instant.h"
#include "ledger/symbol.h"
#include "ledger/utf8.h"

#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#define TEXT_MAX 4096

static struct err err;

static void refused(enum err_code rc)
{
    REQUIRE(err.code == rc && err.text[0] != '\0');
}

/* The second byte is the number of decimals. Zeros at the end are the only freedom that a reader allows. */
static void try_decimal(const char *text, size_t size)
{
    char again[DECIMAL_TEXT_SIZE];
    int64_t value = 0;
    int64_t same = 0;

    if (size == 0)
        return;
    const int decimals = (uint8_t)text[0] % 19;
    const enum err_code rc = decimal_parse(text + 1, size - 1, decimals, &value, &err);
    if (rc) {
        refused(rc);
        return;
    }
    const size_t length = decimal_format(again, value, decimals);
    REQUIRE(length < sizeof again && length <= size - 1 && memcmp(again, text + 1, length) == 0);
    for (size_t i = length; i < size - 1; i++)
        REQUIRE(text[1 + i] == '0' || (i == length && text[1 + i] == '.'));
    REQUIRE(decimal_parse(again, length, decimals, &same, &err) == ERR_OK && same == value);
    REQUIRE(decimal_format_fixed(again, value, decimals, 2) < sizeof again);
}

static void try_instant(const char *text, size_t size)
{
    char again[INSTANT_TEXT_SIZE];
    int64_t at_ns = 0;
    int64_t same = 0;
    int64_t since_ns = -1;

    const enum err_code rc = instant_parse(text, size, &at_ns, &err);
    if (rc) {
        refused(rc);
        return;
    }
    const size_t length = instant_format(again, at_ns);
    REQUIRE(length < sizeof again);
    REQUIRE(instant_parse(again, length, &same, &err) == ERR_OK && same == at_ns);
    const civil_day day = instant_new_york_day(at_ns, &since_ns);
    REQUIRE(since_ns >= 0 && since_ns < NS_PER_DAY + NS_PER_HOUR && day != CIVIL_DAY_NONE);
    REQUIRE(instant_format_new_york(again, at_ns) < sizeof again);
}

static void try_civil(const char *text, size_t size)
{
    char again[INSTANT_TEXT_SIZE];
    civil_day day = 0;
    civil_day same = 1;
    int year = 0;
    int month = 0;
    int of_month = 0;

    const enum err_code rc = civil_parse(text, size, &day, &err);
    if (rc) {
        refused(rc);
        return;
    }
    civil_to_ymd(day, &year, &month, &of_month);
    REQUIRE(civil_from_ymd(year, month, of_month) == day);
    const size_t length = civil_format(again, day);
    REQUIRE(civil_parse(again, length, &same, &err) == ERR_OK && same == day);
    REQUIRE(size == 8 || (size == length && memcmp(again, text, size) == 0));
}

static void try_symbol(const char *text, size_t size)
{
    struct symbol s;
    struct symbol same = {0};
    struct symbol underlying = {0};
    struct contract contract;

    const enum err_code rc = symbol_parse(text, size, &s, &err);
    if (rc) {
        refused(rc);
        return;
    }
    REQUIRE(s.length == size && memcmp(s.text, text, size) == 0);
    symbol_underlying(&s, &underlying);
    REQUIRE(!symbol_is_option(&underlying) && underlying.length > 0);
    REQUIRE(symbol_parse(underlying.text, underlying.length, &same, &err) == ERR_OK);
    REQUIRE(symbol_multiplier(&s) == (symbol_is_option(&s) ? 100 : 1) && symbol_compare(&s, &s) == 0);
    if (!symbol_is_option(&s))
        return;
    symbol_contract(&s, &contract);
    REQUIRE(contract.strike_nano > 0 && symbol_from_contract(&contract, &same, &err) == ERR_OK);
    REQUIRE(symbol_equal(&s, &same));
}

static void try_hex(const char *text, size_t size)
{
    static uint8_t bytes[TEXT_MAX];
    static char again[TEXT_MAX + 3];

    const enum err_code rc = hex_decode(text, size, bytes, size / 2, &err);
    if (rc)
        refused(rc);
    else
        REQUIRE(hex_encode(again, bytes, size / 2) == size && memcmp(again, text, size) == 0);
}

static void try_base64(const char *text, size_t size)
{
    static uint8_t bytes[TEXT_MAX];
    static char again[TEXT_MAX + 8];
    size_t told = 0;
    size_t found = 0;

    const enum err_code rc = base64_check(text, size, &told, &err);
    if (rc) {
        refused(rc);
        REQUIRE(base64_decode(text, size, bytes, sizeof bytes, &found, &err) == rc && found == 0);
        return;
    }
    REQUIRE(told == 0 || base64_decode(text, size, bytes, told - 1, &found, &err) == ERR_FORMAT);
    REQUIRE(base64_decode(text, size, bytes, told, &found, &err) == ERR_OK && found == told);
    REQUIRE(base64_encode(again, bytes, told) == size && memcmp(again, text, size) == 0);
}

/* The number of the character at p, read without the table that the reader uses. */
static uint32_t code_at(const uint8_t *p, size_t length)
{
    uint32_t code = length == 1 ? p[0] : p[0] & (0x7Fu >> length);

    for (size_t i = 1; i < length; i++) {
        REQUIRE((p[i] & 0xC0) == 0x80);
        code = code << 6 | (p[i] & 0x3F);
    }
    return code;
}

static void try_utf8(const uint8_t *text, size_t size)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    bool valid = true;
    size_t at = 0;

    while (at < size && valid) {
        const size_t length = utf8_sequence(text + at, size - at);
        REQUIRE(length <= 4 && length <= size - at);
        valid = length > 0 && text[at] != 0;
        if (length > 0) {
            const uint32_t code = code_at(text + at, length);
            REQUIRE(code >= least[length] && code <= 0x10FFFF && (code < 0xD800 || code > 0xDFFF));
        }
        at += length;
    }
    REQUIRE(utf8_is_valid_text(text, size) == valid);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1 || size > TEXT_MAX)
        return 0;
    uint8_t *const bytes = malloc(size - 1 ? size - 1 : 1); /* its own, so that a byte too far is seen */
    REQUIRE(bytes);
    memcpy(bytes, data + 1, size - 1);
    const char *const text = (const char *)bytes;
    memset(&err, 0, sizeof err);
    switch (data[0] % 7) {
    case 0: try_decimal(text, size - 1); break;
    case 1: try_instant(text, size - 1); break;
    case 2: try_civil(text, size - 1); break;
    case 3: try_symbol(text, size - 1); break;
    case 4: try_hex(text, size - 1); break;
    case 5: try_base64(text, size - 1); break;
    case 6: try_utf8(bytes, size - 1); break;
    }
    free(bytes);
    return 0;
}
