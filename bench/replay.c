#include "replay.h"

#include "load.h"

#include "book/book.h"
#include "ledger/clock.h"

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
        const uint8_t *const bytes = load->bytes + i * load->size;
        must(entry_decode(bytes, load_entry_size(bytes), &e, &err), &err);
        if (r)
            must(replay_apply(r, &e, &err), &err);
    }
    return clock_monotonic_ns() - begin_ns;
}

int64_t replay_decode(const struct raw_load *load)
{
    return fold(load, NULL);
}

int64_t replay_accounts(const struct raw_load *load)
{
    const struct replay_row *const rows[] = {&accounts_row};
    struct accounts accounts;
    void *states[] = {&accounts};
    struct replay r;

    replay_init(&r, rows, states, 1);
    const int64_t took_ns = fold(load, &r);
    REQUIRE(accounts_sum_micro(&accounts) == 0 && r.seq == load->count);
    replay_release(&r);
    return took_ns;
}

int64_t replay_orders(const struct raw_load *load)
{
    const struct replay_row *const rows[] = {&accounts_row, &orders_row};
    struct accounts accounts;
    struct orders orders;
    void *states[] = {&accounts, &orders};
    struct replay r;

    replay_init(&r, rows, states, 2);
    const int64_t took_ns = fold(load, &r);
    REQUIRE(accounts_sum_micro(&accounts) == 0 && r.seq == load->count);
    replay_release(&r);
    return took_ns;
}

int64_t replay_chain(const struct raw_load *load)
{
    const struct symbol underlying = {.length = 4, .text = "GOOG"};
    const struct replay_row *const rows[] = {&view_row};
    struct view view;
    void *states[] = {&view};
    struct replay r;

    replay_init(&r, rows, states, 1);
    const int64_t took_ns = fold(load, &r);
    REQUIRE(view_chain_count(&view, &underlying) == view.instruments.count && r.seq == load->count);
    replay_release(&r);
    return took_ns;
}

int64_t replay_book(const struct raw_load *load)
{
    struct book book;
    struct err err;

    must(book_init(&book, &err), &err);
    const int64_t took_ns = fold(load, &book.replay);
    REQUIRE(book_seq(&book) == load->count);
    book_release(&book);
    return took_ns;
}
