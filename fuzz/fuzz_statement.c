/* Any bytes as a broker's statement, JSON or CSV. What is read is rows that may be written, none of them twice. */
#include "gateway/statement.h"

#include "fuzz.h"

#include <string.h>

static void require_row(const struct statement_row *row)
{
    static struct entry e;
    uint8_t bytes[ENTRY_MAX_SIZE];
    struct wire_out out;

    REQUIRE(row->qty >= 1 && row->price_nano >= 0 && (row->side == SIDE_BUY || row->side == SIDE_SELL));
    memset(&e, 0, sizeof e);
    e.at_ns = INSTANT_NONE;
    e.kind = row->fill_id.length ? ENTRY_PERCEPTION_STATED_FILL : ENTRY_PERCEPTION_STATED_POSITION;
    if (row->fill_id.length)
        e.as.perception_stated_fill = (struct entry_perception_stated_fill){
            id_from("s"), row->fill_id, row->symbol, row->side, row->qty, row->price_nano, row->fee_micro};
    else
        e.as.perception_stated_position =
            (struct entry_perception_stated_position){id_from("s"), row->symbol, row->side, row->qty};
    REQUIRE(entry_check(&e, NULL) == ERR_OK);
    wire_out_init(&out, bytes, sizeof bytes);
    REQUIRE(entry_encode(&e, &out, NULL) == ERR_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct statement s;
    struct err err = {0};

    memset(&s, 0, sizeof s);
    if (statement_read(&s, "statement", (const char *)data, size, &err)) {
        REQUIRE(err.code == ERR_INPUT && strncmp(err.text, "statement:", 10) == 0);
        REQUIRE(!s.rows && s.count == 0);
        return 0;
    }
    for (uint32_t i = 0; i < s.count; i++)
        require_row(&s.rows[i]);
    statement_release(&s);
    return 0;
}
