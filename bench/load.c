#include "load.h"

#include "raw.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define ENTRY_SIZE    256u
#define FILL_SIZE     121u
#define CONTRACTS     200u
#define BEGIN_NS      INT64_C(1450967460000000000)
#define REASON_SIZE   (ENTRY_SIZE - ENTRY_HEADER_SIZE - 2 - 1 - ORDER_ID_SIZE)
#define ORDER_ID_SIZE 12u

const char *load_name(enum load load)
{
    return load == LOAD_FILLS ? "fills" : "entries";
}

size_t load_size(enum load load)
{
    return load == LOAD_FILLS ? FILL_SIZE : ENTRY_SIZE;
}

static void must(enum err_code rc, const struct err *err)
{
    if (rc)
        raw_die("load", err->text);
}

/* -- entries of 256 bytes -------------------------------------------------------------------------------- */

void load_init(struct entry *e)
{
    static const char reason[] = "cancelled at the close by the exchange; what was left of the order was not "
                                 "filled. The text has this "
                                 "length so that the entry has two hundred and fifty-six bytes, which is "
                                 "usual. It says nothing else at "
                                 "all.......";

    _Static_assert(sizeof reason > REASON_SIZE, "the reason is long enough");
    memset(e, 0, sizeof *e);
    e->kind = ENTRY_ORDER_CANCELLED;
    e->at_ns = BEGIN_NS;
    e->actor = 1;
    e->as.order_cancelled.order_id = id_from("o-0000000000");
    e->as.order_cancelled.reason = (struct text){reason, REASON_SIZE};
}

void load_next(struct entry *e, uint64_t i)
{
    char *digit = e->as.order_cancelled.order_id.text + ORDER_ID_SIZE;

    for (unsigned n = 2; n < ORDER_ID_SIZE; n++, i /= 10)
        *--digit = (char)('0' + i % 10);
}

/* -- fills ----------------------------------------------------------------------------------------------- */

static uint64_t scatter(uint64_t n)
{
    n *= UINT64_C(0x9e3779b97f4a7c15);
    n = (n ^ n >> 29) * UINT64_C(0xbf58476d1ce4e5b9);
    return n ^ n >> 32;
}

static struct id numbered(char prefix, uint64_t n)
{
    char text[32];

    snprintf(text, sizeof text, "%c-%010" PRIu64, prefix, n);
    return id_from(text);
}

static struct symbol contract(unsigned n)
{
    struct symbol s;
    struct err err;
    char text[SYMBOL_OCC_LENGTH + 1];

    snprintf(text, sizeof text, "GOOG  151224P%08u", 600000u + (n % CONTRACTS) * 1000);
    must(symbol_parse(text, SYMBOL_OCC_LENGTH, &s, &err), &err);
    return s;
}

static void fill_next(struct entry *e, uint64_t i)
{
    static struct symbol contracts[CONTRACTS];
    const uint64_t r = scatter(i + 1);

    for (unsigned n = 0; i == 0 && n < CONTRACTS; n++)
        contracts[n] = contract(n);
    e->kind = ENTRY_FILL_EXECUTION;
    e->at_ns = BEGIN_NS + (int64_t)i;
    e->actor = 1;
    e->as.fill_execution = (struct entry_fill_execution){
        .order_id = numbered('o', i / 3),
        .fill_id = numbered('f', i),
        .symbol = contracts[r % CONTRACTS],
        .side = (r >> 20 & 1) ? SIDE_BUY : SIDE_SELL,
        .qty = 1 + (int64_t)(r >> 24 & 7),
        .price = INT64_C(300000000) + (int64_t)(r >> 32 & 15) * 10000000,
        .fee = INT64_C(650000),
    };
}

/* -- as bytes -------------------------------------------------------------------------------------------- */

uint8_t *load_make(enum load load, uint64_t count)
{
    const size_t size = load_size(load);
    uint8_t *const bytes = malloc(count * size);
    struct wire_out out;
    struct err err;
    struct entry e;

    if (!bytes)
        raw_die("load", "out of memory");
    load_init(&e);
    wire_out_init(&out, bytes, count * size);
    for (uint64_t i = 0; i < count; i++) {
        if (load == LOAD_FILLS)
            fill_next(&e, i);
        else
            load_next(&e, i);
        must(entry_encode(&e, &out, &err), &err);
        REQUIRE(wire_out_size(&out) == (i + 1) * size);
        entry_place(bytes + i * size, i + 1, e.at_ns);
    }
    return bytes;
}
