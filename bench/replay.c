#include "replay.h"

#include "ledger/accounts.h"
#include "ledger/clock.h"
#include "ledger/orders.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define FILL_SIZE_MAX 160u
#define CONTRACTS     200u

/* Encoded fills, one after the other. */
struct fills {
    uint8_t *bytes;
    uint16_t *sizes;
    uint64_t count;
};

static void must(enum err_code rc, const struct err *err)
{
    if (rc)
        raw_die("replay", err->text);
}

static uint64_t scatter(uint64_t n)
{
    n *= UINT64_C(0x9e3779b97f4a7c15);
    n = (n ^ n >> 29) * UINT64_C(0xbf58476d1ce4e5b9);
    return n ^ n >> 32;
}

static struct id numbered(const char *prefix, uint64_t n)
{
    char text[32];

    snprintf(text, sizeof text, "%s-%" PRIu64, prefix, n);
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

static void fills_init(struct fills *f, uint64_t count)
{
    struct symbol contracts[CONTRACTS];
    struct wire_out out;
    struct entry e;
    struct err err;

    f->count = count;
    f->bytes = malloc(count * FILL_SIZE_MAX);
    f->sizes = malloc(count * sizeof *f->sizes);
    if (!f->bytes || !f->sizes)
        raw_die("replay", "out of memory");
    for (unsigned n = 0; n < CONTRACTS; n++)
        contracts[n] = contract(n);
    memset(&e, 0, sizeof e);
    e.kind = ENTRY_FILL_EXECUTION;
    wire_out_init(&out, f->bytes, count * FILL_SIZE_MAX);
    for (uint64_t i = 0; i < count; i++) {
        const uint64_t r = scatter(i + 1);
        const size_t before = wire_out_size(&out);
        e.seq = i + 1;
        e.at_ns = INT64_C(1450967460000000000) + (int64_t)i;
        e.as.fill_execution = (struct entry_fill_execution){
            .order_id = numbered("o", i / 3),
            .fill_id = numbered("f", i),
            .symbol = contracts[r % CONTRACTS],
            .side = (r >> 20 & 1) ? SIDE_BUY : SIDE_SELL,
            .qty = 1 + (int64_t)(r >> 24 & 7),
            .price = INT64_C(300000000) + (int64_t)(r >> 32 & 15) * 10000000,
            .fee = INT64_C(650000),
        };
        must(entry_encode(&e, &out, &err), &err);
        f->sizes[i] = (uint16_t)(wire_out_size(&out) - before);
    }
}

static void fills_release(struct fills *f)
{
    free(f->bytes);
    free(f->sizes);
}

/* Decodes them all; replays them when there is an r. */
static int64_t fold(const struct fills *f, struct replay *r)
{
    const uint8_t *at = f->bytes;
    struct entry e;
    struct err err;
    const int64_t begin_ns = clock_monotonic_ns();

    for (uint64_t i = 0; i < f->count; i++) {
        must(entry_decode(at, f->sizes[i], &e, &err), &err);
        at += f->sizes[i];
        if (r)
            must(replay_apply(r, &e, &err), &err);
    }
    return clock_monotonic_ns() - begin_ns;
}

int64_t replay_decode(const struct raw_load *load)
{
    struct fills f;

    fills_init(&f, load->count);
    const int64_t took_ns = fold(&f, NULL);
    fills_release(&f);
    return took_ns;
}

static int64_t replay_rows(const struct raw_load *load, size_t count)
{
    const struct replay_row rows[] = {accounts_row, orders_row};
    struct accounts accounts;
    struct orders orders;
    void *states[] = {&accounts, &orders};
    struct replay r;
    struct fills f;

    fills_init(&f, load->count);
    replay_init(&r, rows, states, count);
    const int64_t took_ns = fold(&f, &r);
    REQUIRE(accounts_sum_micro(&accounts) == 0 && r.seq == load->count);
    replay_release(&r);
    fills_release(&f);
    return took_ns;
}

int64_t replay_accounts(const struct raw_load *load)
{
    return replay_rows(load, 1);
}

int64_t replay_all(const struct raw_load *load)
{
    return replay_rows(load, 2);
}
