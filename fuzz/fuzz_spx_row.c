/* Any bytes as a row, and as the head, of an SPX end-of-day file. What is read makes a quote that may be written. */
#include "gateway/spx_row.h"

#include "fuzz.h"

#include <string.h>

static void require_quote(const struct spx_row *row)
{
    static struct entry e;
    uint8_t bytes[ENTRY_MAX_SIZE];
    struct symbol again;
    struct wire_out out;

    REQUIRE(symbol_parse(row->symbol.text, row->symbol.length, &again, NULL) == ERR_OK);
    REQUIRE(symbol_equal(&again, &row->symbol) && symbol_is_index_option(&again));
    REQUIRE(row->bid != 0 && row->ask != 0 && row->open_interest >= 0);
    memset(&e, 0, sizeof e);
    e.kind = ENTRY_PERCEPTION_QUOTE;
    e.at_ns = INSTANT_NONE;
    e.as.perception_quote =
        (struct entry_perception_quote){.symbol = row->symbol, .bid = row->bid, .ask = row->ask};
    REQUIRE(entry_check(&e, NULL) == ERR_OK);
    wire_out_init(&out, bytes, sizeof bytes);
    REQUIRE(entry_encode(&e, &out, NULL) == ERR_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct spx_row row;
    struct spx_head head = {.last_nano = -1};
    struct err err = {0};

    if (spx_row_parse((const char *)data, size, &row, &err))
        REQUIRE(err.code == ERR_INPUT && err.text[0] != '\0');
    else
        require_quote(&row);
    err.text[0] = '\0';
    if (spx_head_parse((const char *)data, size, &head, &err))
        REQUIRE(err.code == ERR_INPUT && err.text[0] != '\0' && head.last_nano == -1);
    else
        REQUIRE(head.last_nano > 0);
    return 0;
}
