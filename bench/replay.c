#include "replay.h"

#include "ledger/accounts.h"
#include "ledger/clock.h"
#include "ledger/orders.h"

static void must(enum err_code rc, const struct err *err)
{
    if (rc)
        raw_die("replay", err->text);
}

/* Decodes them all; replays them when there is an r. */
static int64_t fold(const struct raw_load *load, struct replay *r)
{
    struct entry e;
    struct err err;
    const int64_t begin_ns = clock_monotonic_ns();

    for (uint64_t i = 0; i < load->count; i++) {
        must(entry_decode(load->bytes + i * load->size, load->size, &e, &err), &err);
        if (r)
            must(replay_apply(r, &e, &err), &err);
    }
    return clock_monotonic_ns() - begin_ns;
}

int64_t replay_decode(const struct raw_load *load)
{
    return fold(load, NULL);
}

static int64_t replay_rows(const struct raw_load *load, size_t count)
{
    const struct replay_row rows[] = {accounts_row, orders_row};
    struct accounts accounts;
    struct orders orders;
    void *states[] = {&accounts, &orders};
    struct replay r;

    replay_init(&r, rows, states, count);
    const int64_t took_ns = fold(load, &r);
    REQUIRE(accounts_sum_micro(&accounts) == 0 && r.seq == load->count);
    replay_release(&r);
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
