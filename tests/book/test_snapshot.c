/*
 * A book's state is its canonical bytes, and nothing besides: what is saved and restored goes on as if nothing
 * had happened, and bytes that no book writes are refused.
 */
#include "book/snapshot.h"
#include "support/entries.h"
#include "support/random_entry.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#define PUT "GOOG  151231P00700000"
#define DAY "2015-12-24"

struct bytes {
    uint8_t *at;
    size_t size;
    size_t capacity;
};

static void add_bytes(void *context, const void *bytes, size_t size)
{
    struct bytes *const b = context;

    if (b->capacity - b->size < size) {
        b->capacity = 2 * (b->size + size);
        b->at = realloc(b->at, b->capacity);
        REQUIRE(b->at);
    }
    memcpy(b->at + b->size, bytes, size);
    b->size += size;
}

static void save(const struct book *b, struct bytes *bytes)
{
    const struct digest_out out = {add_bytes, bytes};

    bytes->size = 0;
    book_save(b, &out);
}

static enum err_code restore(struct book *b, const uint8_t *bytes, size_t size, struct err *err)
{
    struct restore_in in;

    restore_init(&in, bytes, size);
    return book_restore(b, &in, err);
}

static struct book *new_book(void)
{
    struct book *const b = calloc(1, sizeof *b);

    REQUIRE(b && book_init(b, NULL) == ERR_OK);
    return b;
}

static void free_book(struct book *b)
{
    book_release(b);
    free(b);
}

static struct book *copy_of(const struct book *b)
{
    struct bytes bytes = {0};
    struct book *const copy = new_book();
    struct err err;

    save(b, &bytes);
    if (restore(copy, bytes.at, bytes.size, &err))
        fail_msg("after entry %llu: %s", (unsigned long long)book_seq(b), err.text);
    free(bytes.at);
    return copy;
}

static void assert_same(const struct book *a, const struct book *b)
{
    const struct hash x = book_digest(a);
    const struct hash y = book_digest(b);

    assert_int_equal(book_seq(a), book_seq(b));
    assert_memory_equal(&x, &y, sizeof x);
}

static void tell(struct book *b, struct entry e, const char *time)
{
    char at[64];
    struct err err;

    snprintf(at, sizeof at, DAY "T%sZ", time);
    e = entries_placed(e, book_seq(b) + 1, at);
    if (book_apply(b, &e, &err))
        fail_msg("%s", err.text);
}

static struct entry genesis(void)
{
    struct entry e = entries_draft(ENTRY_CONTROL_GENESIS);

    e.as.control_genesis.origin = text_from("desk.example/test");
    e.as.control_genesis.actors.count = 2;
    e.as.control_genesis.actors.rows[0] =
        (struct actor_row){.name = id_from("operator"), .role = ROLE_OPERATOR};
    e.as.control_genesis.actors.rows[1] = (struct actor_row){.name = id_from("governor"), .role = ROLE_RISK};
    return e;
}

static struct entry run(void)
{
    struct entry e = entries_draft(ENTRY_CONTROL_RUN);

    e.as.control_run.feed = text_from("a feed");
    e.as.control_run.broker = id_from("paper");
    return e;
}

static struct entry no_trade(void)
{
    struct entry e = entries_draft(ENTRY_DECISION_NO_TRADE);

    e.as.decision_no_trade.strategy = id_from(NAKED_PUT_NAME);
    e.as.decision_no_trade.symbol = entries_symbol("GOOG");
    return e;
}

static struct entry trip(void)
{
    struct entry e = entries_draft(ENTRY_RISK_BREAKER_TRIP);

    e.as.risk_breaker_trip.breaker = id_from("daily_loss");
    return e;
}

/* Something in every field of every reducer. */
static struct book *a_book(void)
{
    struct book *const b = new_book();

    tell(b, genesis(), "14:00:00");
    tell(b, run(), "14:00:00");
    tell(b, entries_bar("GOOG", "1", "2", "1", "2", 10, VIEW_SESSION_PERIOD_S), "14:00:00");
    tell(b, entries_bar("GOOG", "1", "2", "1", "2", 10, 60), "14:00:00");
    tell(b, entries_mark("SPX", "2000", MARK_LAST), "14:00:00");
    tell(b, entries_quote(PUT, "1", "2", 3, 4), "14:00:00");
    tell(b, entries_open_interest(PUT, 7), "14:00:00");
    tell(b, entries_clock(PHASE_OPEN, DAY), "14:30:00");
    tell(b, entries_clock(PHASE_TICK, DAY), "14:31:00");
    tell(b, entries_deposit("d-1", "1000"), "14:31:00");
    tell(b, no_trade(), "14:31:00");
    tell(b, entries_order("o-1", PUT, SIDE_SELL, 5, "1"), "14:31:00");
    tell(b, entries_acknowledged("o-2", "7"), "14:31:00");
    tell(b, entries_execution("o-1", "f-1", PUT, SIDE_SELL, 2, "1", "1"), "14:31:00");
    tell(b, entries_execution("o-1", "f-2", PUT, SIDE_SELL, 1, "1.5", "1"), "14:31:00");
    tell(b, entries_execution("o-3", "f-3", "GOOG", SIDE_BUY, 100, "70", "0"), "14:31:00");
    tell(b, trip(), "14:31:00");
    tell(b, entries_stop("quotes look wrong"), "14:31:00");
    return b;
}

static void test_what_is_restored_is_the_same_and_goes_on_the_same(void **state)
{
    struct book *const b = a_book();
    struct book *const copy = copy_of(b);
    const struct id o_1 = id_from("o-1");
    const struct symbol put = entries_symbol(PUT);
    const struct symbol goog = entries_symbol("GOOG");

    (void)state;
    assert_same(b, copy);
    assert_int_equal(copy->accounts->cash_micro, b->accounts->cash_micro);
    assert_int_equal(orders_find(copy->orders, &o_1)->filled_qty, 3);
    assert_int_equal(accounts_position(copy->accounts, &put)->lot_count, 2);
    assert_int_equal(view_chain_count(copy->view, &goog),
                     1); /* what follows from the bytes is there as well */
    assert_int_equal(view_find(copy->view, &put)->strike_nano, view_find(b->view, &put)->strike_nano);
    assert_memory_equal(&copy->view->clock, &b->view->clock, sizeof b->view->clock);
    assert_true(b->view->clock.session_seq != b->view->clock.seq);
    assert_true(copy->risk->stopped);
    struct book *const both[] = {b, copy};
    for (unsigned i = 0; i < 2; i++) {
        tell(both[i], entries_execution("o-1", "f-1", PUT, SIDE_SELL, 2, "1", "1"),
             "14:32:00"); /* told again */
        tell(both[i], entries_execution("o-1", "f-4", PUT, SIDE_BUY, 4, "1", "1"), "14:32:00");
        tell(both[i], entries_quote("GOOG  151231C00700000", "1", "2", 3, 4), "14:32:00");
        tell(both[i], entries_clock(PHASE_CLOSE, DAY), "21:00:00");
    }
    assert_same(b, copy);
    free_book(b);
    free_book(copy);
}

static void test_an_empty_book_is_no_snapshot(void **state)
{
    struct book *const b = new_book();
    struct bytes bytes = {0};

    (void)state;
    save(b, &bytes);
    assert_int_equal(restore(b, bytes.at, bytes.size, NULL), ERR_FORMAT);
    free(bytes.at);
    free_book(b);
}

/* Ids from a small set, so that orders, fills and deposits meet one another; money that fits. */
static void make_them_meet(struct random *r, const struct entry_kind_info *info, struct entry *e)
{
    for (size_t i = 0; i < info->field_count; i++) {
        void *const p = (uint8_t *)&e->as + info->fields[i].offset;
        char text[16];
        snprintf(text, sizeof text, "id-%u", (unsigned)random_below(r, 40));
        if (info->fields[i].type == FIELD_ID && random_below(r, 8))
            *(struct id *)p = id_from(text);
        if ((info->fields[i].type == FIELD_QTY || info->fields[i].type == FIELD_MONEY) && random_below(r, 16))
            *(int64_t *)p = 1 + (int64_t)random_below(r, 1000);
        if (info->fields[i].type == FIELD_PRICE && random_below(r, 16))
            *(int64_t *)p = 1 + (int64_t)random_below(r, 1000) * 10000000;
    }
}

/*
 * Every entry is applied to a book that was saved and restored just before; one that no book takes is left out
 * of both. So after any entry, whatever is not in the bytes is forgotten, and would show.
 */
static void random_story(uint64_t seed, unsigned entries, unsigned *taken)
{
    struct random r = {seed};
    struct book *const whole = new_book();
    struct book *parts = new_book();
    struct random_texts texts;
    struct entry e;
    size_t kinds;
    const struct entry_kind_info *const table = entry_kinds(&kinds);

    for (unsigned i = 0; i < entries; i++) {
        const struct entry_kind_info *const info = &table[random_below(&r, kinds)];
        if (info->kind == ENTRY_CONTROL_CONFIGURATION)
            continue; /* settings out of a random text are none */
        random_entry(&r, info, 5, &e, &texts);
        make_them_meet(&r, info, &e);
        if (info->kind == ENTRY_CONTROL_ACTOR)
            e.as.control_actor.actor_id = (int64_t)whole->actors->count + 1;
        if (info->kind == ENTRY_CONTROL_REVOCATION)
            e.as.control_revocation.actor_id = (int64_t)random_below(&r, whole->actors->count + 1);
        if (info->kind == ENTRY_CONTROL_ACTOR_KEY)
            e.as.control_actor_key.actor_id = (int64_t)random_below(&r, whole->actors->count + 1);
        e.seq = book_seq(whole) + 1;
        e.recorded_at_ns = (int64_t)i * NS_PER_SECOND;
        struct book *const next = book_seq(parts) ? copy_of(parts) : new_book();
        if (book_apply(next, &e, NULL)) {
            free_book(next);
            continue;
        }
        free_book(parts);
        parts = next;
        assert_int_equal(book_apply(whole, &e, NULL), ERR_OK);
        ++*taken;
    }
    assert_same(whole, parts);
    free_book(whole);
    free_book(parts);
}

static void test_random_entries_over_a_state_that_is_restored_each_time(void **state)
{
    unsigned taken = 0;

    (void)state;
    for (uint64_t seed = 1; seed <= 12; seed++)
        random_story(seed, 300, &taken);
    assert_true(taken > 2000);
}

/* No byte can be another one: the state would be another, or the form. */
static void test_every_flipped_bit_and_every_cut_is_another_state_or_refused(void **state)
{
    struct book *const b = a_book();
    struct book *const other = new_book();
    const struct hash digest = book_digest(b);
    struct bytes bytes = {0};
    struct err err;
    unsigned refused = 0;

    (void)state;
    save(b, &bytes);
    for (size_t bit = 0; bit < bytes.size * 8; bit++) {
        bytes.at[bit / 8] ^= (uint8_t)(1U << bit % 8);
        const enum err_code rc = restore(other, bytes.at, bytes.size, &err);
        if (rc) {
            refused++;
            assert_int_equal(rc, ERR_FORMAT);
            assert_non_null(strstr(err.text, "snapshot: "));
            assert_int_equal(book_seq(other), 0);
        } else {
            const struct hash changed = book_digest(other);
            assert_memory_not_equal(&digest, &changed, sizeof digest);
        }
        book_clear(other);
        bytes.at[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
    assert_true(refused > 0);
    for (size_t cut = 0; cut < bytes.size; cut++)
        assert_int_equal(restore(other, bytes.at, cut, NULL), ERR_FORMAT);
    add_bytes(&bytes, "", 1);
    assert_int_equal(restore(other, bytes.at, bytes.size, NULL), ERR_FORMAT); /* nor is anything left over */
    assert_int_equal(restore(other, bytes.at, bytes.size - 1, NULL), ERR_OK);
    assert_same(b, other);
    free(bytes.at);
    free_book(b);
    free_book(other);
}

/* A state in another form than this program writes is another program's, whatever it says: here, a setting less. */
static void test_what_would_be_saved_otherwise_is_refused(void **state)
{
    static const char LINE[] = "journal.snapshot_every=250000\n";
    const size_t less = sizeof LINE - 1;
    struct book *const b = a_book();
    struct bytes bytes = {0};
    struct err err;

    (void)state;
    save(b, &bytes);
    uint8_t *const first = memmem(bytes.at, bytes.size, "strategy.", 9);
    uint8_t *const line = memmem(bytes.at, bytes.size, LINE, less);
    REQUIRE(first && line);
    wire_store_u64(first - 8, wire_load_u64(first - 8) - less);
    memmove(line, line + less, (size_t)(bytes.at + bytes.size - line) - less);
    book_clear(b);
    assert_int_equal(restore(b, bytes.at, bytes.size - less, &err), ERR_FORMAT);
    assert_non_null(strstr(err.text, "another form"));
    assert_int_equal(book_seq(b), 0);
    free(bytes.at);
    free_book(b);
}

static void test_an_error_names_the_reducer(void **state)
{
    static const char *const NAMES[] = {"actors", "configuration", "accounts",  "orders", "view",
                                        "risk",   "reconcile",     "naked_put", "day",    "run"};
    struct book *const b = a_book();
    struct book *const other = new_book();
    struct bytes bytes = {0};
    struct err err;

    (void)state;
    save(b, &bytes);
    for (size_t i = 0; i < sizeof NAMES / sizeof NAMES[0]; i++) {
        uint8_t needle[32] = {0};
        needle[7] = (uint8_t)strlen(NAMES[i]);
        memcpy(needle + 8, NAMES[i], strlen(NAMES[i]));
        uint8_t *const name = memmem(bytes.at, bytes.size, needle, 8 + strlen(NAMES[i]));
        assert_non_null(name);
        name[8] ^= 0x20;
        assert_int_equal(restore(other, bytes.at, bytes.size, &err), ERR_FORMAT);
        assert_non_null(strstr(err.text, NAMES[i]));
        name[8] ^= 0x20;
    }
    free(bytes.at);
    free_book(b);
    free_book(other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_restored_is_the_same_and_goes_on_the_same),
        cmocka_unit_test(test_an_empty_book_is_no_snapshot),
        cmocka_unit_test(test_random_entries_over_a_state_that_is_restored_each_time),
        cmocka_unit_test(test_every_flipped_bit_and_every_cut_is_another_state_or_refused),
        cmocka_unit_test(test_what_would_be_saved_otherwise_is_refused),
        cmocka_unit_test(test_an_error_names_the_reducer),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
