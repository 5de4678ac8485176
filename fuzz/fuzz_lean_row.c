/*
 * Any bytes as a row of a LEAN file, or as the name of an entry in a zip. The first byte says as which. What is read
 * makes an entry that may be written; what is refused is refused with words.
 */
#include "gateway/lean_row.h"

#include "fuzz.h"

#include <string.h>

static void require_entry(struct entry *e, enum entry_kind kind)
{
    uint8_t bytes[ENTRY_MAX_SIZE];
    struct wire_out out;

    e->kind = kind;
    e->at_ns = INSTANT_NONE;
    REQUIRE(entry_check(e, NULL) == ERR_OK);
    wire_out_init(&out, bytes, sizeof bytes);
    REQUIRE(entry_encode(e, &out, NULL) == ERR_OK);
}

static void require_row(const struct lean_row *row, enum lean_kind kind)
{
    static struct entry e;
    const struct symbol symbol = {.length = 21, .text = "GOOG  160617P00750000"};

    memset(&e, 0, sizeof e);
    switch (kind) {
    case LEAN_QUOTE:
        REQUIRE((row->bid != PRICE_NONE) || row->bid_size == 0);
        REQUIRE((row->ask != PRICE_NONE) || row->ask_size == 0);
        REQUIRE(row->bid != 0 && row->ask != 0);
        e.as.perception_quote =
            (struct entry_perception_quote){symbol, row->bid, row->ask, row->bid_size, row->ask_size};
        require_entry(&e, ENTRY_PERCEPTION_QUOTE);
        break;
    case LEAN_TRADE:
        e.as.perception_bar = (struct entry_perception_bar){symbol,     row->open,   row->high, row->low,
                                                            row->close, row->volume, 60};
        require_entry(&e, ENTRY_PERCEPTION_BAR);
        break;
    case LEAN_OPEN_INTEREST:
        e.as.perception_open_interest = (struct entry_perception_open_interest){symbol, row->contracts};
        require_entry(&e, ENTRY_PERCEPTION_OPEN_INTEREST);
        break;
    }
}

static void try_name(const char *text, size_t size)
{
    struct lean_name name = {.ticker = "before"};
    struct contract contract = {0};
    struct symbol symbol;
    struct err err = {0};

    if (lean_name_parse(text, size, &name, &err)) {
        REQUIRE(err.text[0] != '\0' && strcmp(name.ticker, "before") == 0);
        return;
    }
    memcpy(contract.root, name.ticker, sizeof contract.root);
    contract.expiry = name.expiry;
    contract.right = name.right;
    contract.strike_nano = name.strike_nano;
    if (symbol_from_contract(&contract, &symbol, &err))
        REQUIRE(err.text[0] != '\0'); /* a root in lower case, a strike that OCC cannot write */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct lean_format FORMATS[] = {
        {LEAN_QUOTE, LEAN_MILLISECONDS, LEAN_DECI_CENT}, {LEAN_TRADE, LEAN_MILLISECONDS, LEAN_DECI_CENT},
        {LEAN_TRADE, LEAN_DATE_TIME, LEAN_DECIMAL},      {LEAN_OPEN_INTEREST, LEAN_DATE_TIME, LEAN_DECI_CENT},
        {LEAN_QUOTE, LEAN_DATE_TIME, LEAN_DECI_CENT},
    };
    const size_t formats = sizeof FORMATS / sizeof FORMATS[0];
    struct lean_row row;
    struct err err = {0};

    if (size < 1)
        return 0;
    const char *const text = (const char *)data + 1;
    const size_t choice = data[0] % (formats + 1);
    if (choice == formats) {
        try_name(text, size - 1);
        return 0;
    }
    if (lean_row_stamp(text, size - 1, &FORMATS[choice], &row, &err) ||
        lean_row_values(text, size - 1, &FORMATS[choice], &row, &err)) {
        REQUIRE(err.code == ERR_INPUT && err.text[0] != '\0');
        return 0;
    }
    REQUIRE(row.since_midnight_ns >= 0 && row.since_midnight_ns < NS_PER_DAY);
    require_row(&row, FORMATS[choice].kind);
    return 0;
}
