#include "cli/reconcile_show.h"

#include "book/engine.h"
#include "ledger/entry_rows.h"
#include "risk/reconcile_breaks.h"

#include <string.h>

enum err_code reconcile_now_read(struct reconcile_now *now, const struct book *b, struct journal_reader *r,
                                 struct err *err)
{
    struct journal_record record;
    struct entry header;

    now->clock_ns = b->view->clock.now_ns;
    enum err_code rc = journal_reader_get(r, book_seq(b), &record, err);
    if (!rc)
        rc = entry_decode_header(record.bytes, record.size, &header, err);
    if (!rc)
        now->recorded_at_ns = header.recorded_at_ns;
    return rc;
}

/* By the market's clock or by when things were recorded, whichever is longer: in a replayed day the one stands still. */
static int64_t age_s(const struct reconcile_now *now, const struct reconcile_break *k)
{
    int64_t by_clock = 0;
    int64_t by_record = 0;

    if (now->clock_ns != INSTANT_NONE && k->opened_at_ns != INSTANT_NONE &&
        decimal_sub(now->clock_ns, k->opened_at_ns, &by_clock, NULL))
        by_clock = INT64_MAX;
    if (decimal_sub(now->recorded_at_ns, k->opened_recorded_at_ns, &by_record, NULL))
        by_record = INT64_MAX;
    const int64_t longest = by_clock > by_record ? by_clock : by_record;
    return longest > 0 ? longest / NS_PER_SECOND : 0;
}

int64_t reconcile_worth_in(const struct book *b, const struct reconcile_break *k)
{
    const struct decide_context ctx = engine_context(b);

    return k ? reconcile_worth(&ctx.risk, k) : reconcile_worth_of_all(&ctx.risk);
}

void reconcile_format_worth(char out[DECIMAL_TEXT_SIZE], int64_t micro)
{
    if (micro == CHECK_VALUE_NONE)
        memcpy(out, "nobody can tell", sizeof "nobody can tell");
    else
        decimal_format_fixed(out, micro, MONEY_DECIMALS, 2);
}

static void format_value(char out[DECIMAL_TEXT_SIZE], const struct check *c, int64_t value)
{
    if (value == CHECK_VALUE_NONE)
        memcpy(out, "unknown", sizeof "unknown");
    else
        decimal_format(out, value, entry_rows_decimals(c->unit));
}

static void put_side(const char *name, const struct check *c, int64_t value, uint64_t seq)
{
    char text[DECIMAL_TEXT_SIZE];

    format_value(text, c, value);
    printf("  %s %s", name, text);
    if (seq)
        printf(" (entry %llu)", (unsigned long long)seq);
}

static void put_age(int64_t seconds)
{
    if (seconds >= 86400)
        printf("%lld d %lld h", (long long)(seconds / 86400), (long long)(seconds % 86400 / 3600));
    else if (seconds >= 3600)
        printf("%lld h %lld min", (long long)(seconds / 3600), (long long)(seconds % 3600 / 60));
    else if (seconds >= 60)
        printf("%lld min", (long long)(seconds / 60));
    else
        printf("%lld s", (long long)seconds);
}

void reconcile_put_line(const struct book *b, const struct reconcile_now *now,
                        const struct reconcile_break *k)
{
    const struct check *const first = &k->checks.rows[0];
    char worth[DECIMAL_TEXT_SIZE];

    printf("%s%s%s  %s", cli_bold(stdout), k->break_id.text, cli_plain(stdout),
           k->checks.count ? first->name.text : "?");
    if (strcmp(first->name.text, k->key.about.text) != 0)
        printf(" %s", k->key.about.text);
    if (k->checks.count) {
        put_side("ours", first, first->value, k->ours);
        put_side("theirs", first, first->bound, k->theirs);
    }
    for (unsigned i = 1; i < k->checks.count; i++) {
        const struct check *const c = &k->checks.rows[i];
        char ours[DECIMAL_TEXT_SIZE];
        char theirs[DECIMAL_TEXT_SIZE];
        if (c->ok)
            continue;
        format_value(ours, c, c->value);
        format_value(theirs, c, c->bound);
        printf("  %s %s / %s", c->name.text, ours, theirs);
    }
    reconcile_format_worth(worth, reconcile_worth_in(b, k));
    printf("  worth %s", worth);
    if (k->widest_seq != k->told_seq)
        printf(" (by entry %llu)", (unsigned long long)k->widest_seq);
    printf("  open for ");
    put_age(age_s(now, k));
    printf("  owner %s\n", k->owner.text);
}

static void put_check(struct json_out *out, const struct check *c)
{
    json_out_object(out);
    json_out_key(out, "name");
    json_out_text(out, c->name.text);
    json_out_key(out, "ours");
    if (c->value == CHECK_VALUE_NONE)
        json_out_null(out);
    else
        json_out_decimal(out, c->value, entry_rows_decimals(c->unit));
    json_out_key(out, "theirs");
    json_out_decimal(out, c->bound, entry_rows_decimals(c->unit));
    json_out_object_end(out);
}

void reconcile_put_json(struct json_out *out, const struct book *b, const struct reconcile_now *now,
                        const struct reconcile_break *k)
{
    const int64_t worth = reconcile_worth_in(b, k);

    json_out_object(out);
    json_out_key(out, "break_id");
    json_out_text(out, k->break_id.text);
    json_out_key(out, "about");
    json_out_text(out, k->key.about.text);
    json_out_key(out, "checks");
    json_out_array(out);
    for (unsigned i = 0; i < k->checks.count; i++)
        put_check(out, &k->checks.rows[i]);
    json_out_array_end(out);
    json_out_key(out, "ours");
    json_out_u64(out, k->ours);
    json_out_key(out, "theirs");
    json_out_u64(out, k->theirs);
    json_out_key(out, "worth");
    if (worth == CHECK_VALUE_NONE)
        json_out_null(out);
    else
        json_out_decimal(out, worth, MONEY_DECIMALS);
    json_out_key(out, "owner");
    json_out_text(out, k->owner.text);
    json_out_key(out, "statement_id");
    json_out_text(out, k->statement_id.text);
    json_out_key(out, "opened");
    json_out_u64(out, k->opened_seq);
    json_out_key(out, "opened_at");
    json_out_instant(out, k->opened_at_ns != INSTANT_NONE ? k->opened_at_ns : k->opened_recorded_at_ns);
    json_out_key(out, "told");
    json_out_u64(out, k->told_seq);
    json_out_key(out, "widest");
    json_out_u64(out, k->widest_seq);
    json_out_key(out, "age_s");
    json_out_i64(out, age_s(now, k));
    json_out_object_end(out);
}
