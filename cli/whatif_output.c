/* ledger replay --with ...: the course beside the record, as text and as JSON. */
#include "cli/whatif.h"

#include "ledger/entry_json.h"
#include "ledger/hex.h"

#include <stdlib.h>
#include <string.h>

static const char *const WHAT[] = {"", "lost", "gained", "changed"};

/* -- text ----------------------------------------------------------------------------------------------- */

static void put_entry(const char *title, const struct difference_entry *e)
{
    struct words w;
    char at[INSTANT_TEXT_SIZE];

    if (e->seq == 0) {
        printf("  %-8s nothing more is computed\n", title);
        return;
    }
    words_init(&w);
    words_entry(&w, &e->entry);
    if (e->entry.at_ns == INSTANT_NONE)
        snprintf(at, sizeof at, "at the start");
    else
        instant_format_new_york(at, e->entry.at_ns);
    printf("  %-8s entry %llu, %s, %s: %s\n", title, (unsigned long long)e->seq, at,
           entry_kind_find((unsigned)e->entry.kind)->text, words_get(&w));
    words_release(&w);
}

static void put_first(const struct difference *d)
{
    if (d->is_same) {
        printf("no difference: all %llu entries that are computed again are the recorded ones\n",
               (unsigned long long)d->compared);
        return;
    }
    printf("first difference, after %llu computed entries that are the same:\n",
           (unsigned long long)d->compared);
    put_entry("recorded", &d->recorded);
    put_entry("what if", &d->course);
}

static void add_order(struct words *w, const struct order *o)
{
    words_add(w, "%s %lld at ", o->side == SIDE_BUY ? "buy" : "sell", (long long)o->qty);
    words_price(w, o->limit_nano);
    words_add(w, ", %s", order_status_name(o->status));
    if (o->filled_qty) {
        words_add(w, ", filled %lld for ", (long long)o->filled_qty);
        words_money(w, o->filled_micro);
    }
}

static void put_order(const struct difference_order *row)
{
    const struct order *const o = row->what == ORDER_GAINED ? &row->course : &row->recorded;
    char at[INSTANT_TEXT_SIZE];
    struct words w;

    words_init(&w);
    if (row->what != ORDER_GAINED)
        add_order(&w, &row->recorded);
    if (row->what == ORDER_CHANGED)
        words_add(&w, " -> ");
    if (row->what != ORDER_LOST)
        add_order(&w, &row->course);
    instant_format_new_york(at, o->at_ns);
    printf("  %-8s %s  %-21s  %s\n", WHAT[row->what], at, o->symbol.text, words_get(&w));
    words_release(&w);
}

enum { ORDERS_SHOWN = 40 };

static void put_orders(const struct difference *d)
{
    unsigned counts[4] = {0};

    for (size_t i = 0; i < d->order_count; i++)
        counts[d->orders[i].what]++;
    printf("\norders: %llu as recorded, %llu what if: %u lost, %u gained, %u changed\n",
           (unsigned long long)d->was.orders, (unsigned long long)d->would.orders, counts[ORDER_LOST],
           counts[ORDER_GAINED], counts[ORDER_CHANGED]);
    for (size_t i = 0; i < d->order_count && i < ORDERS_SHOWN; i++)
        put_order(&d->orders[i]);
    if (d->order_count > ORDERS_SHOWN)
        printf("  ... and %zu more; --json has all\n", d->order_count - ORDERS_SHOWN);
}

struct side_row {
    const char *text;
    const char *key;
    size_t offset;
};

static const struct side_row SIDE_ROWS[] = {
    {"profit", "profit", offsetof(struct difference_side, profit_micro)},
    {"realized, before fees", "realized", offsetof(struct difference_side, realized_micro)},
    {"fees", "fees", offsetof(struct difference_side, fees_micro)},
    {"equity at the end", "equity", offsetof(struct difference_side, equity_micro)},
    {"cash at the end", "cash", offsetof(struct difference_side, cash_micro)},
    {"most margin", "most_margin", offsetof(struct difference_side, margin_micro)},
    {"most exposure", "most_exposure", offsetof(struct difference_side, exposure_micro)},
    {"deepest drawdown", "drawdown", offsetof(struct difference_side, drawdown_micro)},
};

static int64_t value_of(const struct difference_side *s, const struct side_row *row)
{
    int64_t value;

    memcpy(&value, (const uint8_t *)s + row->offset, sizeof value);
    return value;
}

static int64_t difference_of(const struct difference *d, const struct side_row *row)
{
    const int64_t would = value_of(&d->would, row);
    const int64_t was = value_of(&d->was, row);
    int64_t value = COURSE_UNKNOWN;

    if (would == COURSE_UNKNOWN || was == COURSE_UNKNOWN || decimal_sub(would, was, &value, NULL))
        return COURSE_UNKNOWN;
    return value;
}

static void put_money(int64_t micro, bool has_sign)
{
    char text[DECIMAL_TEXT_SIZE + 1];
    char *const number = text + 1;

    if (micro == COURSE_UNKNOWN) {
        printf("%18s", "not known");
        return;
    }
    text[0] = '+';
    decimal_format_fixed(number, micro, MONEY_DECIMALS, 2);
    printf("%18s", has_sign && micro > 0 ? text : number);
}

static void put_sides(const struct difference *d)
{
    printf("\n%s%-22s %18s %18s %18s%s\n", cli_bold(stdout), "dollars", "recorded", "what if", "difference",
           cli_plain(stdout));
    for (size_t i = 0; i < sizeof SIDE_ROWS / sizeof SIDE_ROWS[0]; i++) {
        printf("%-22s ", SIDE_ROWS[i].text);
        put_money(value_of(&d->was, &SIDE_ROWS[i]), false);
        putchar(' ');
        put_money(value_of(&d->would, &SIDE_ROWS[i]), false);
        putchar(' ');
        put_money(difference_of(d, &SIDE_ROWS[i]), true);
        putchar('\n');
    }
    printf("%-22s %18llu %18llu %+18lld\n", "orders", (unsigned long long)d->was.orders,
           (unsigned long long)d->would.orders, (long long)(d->would.orders - d->was.orders));
    printf("%-22s %18llu %18llu %+18lld\n", "orders filled", (unsigned long long)d->was.filled,
           (unsigned long long)d->would.filled, (long long)(d->would.filled - d->was.filled));
    printf("%-22s %18u %18u %+18lld\n", "positions at the end", d->was.positions, d->would.positions,
           (long long)d->would.positions - (long long)d->was.positions);
}

static void put_text(const struct whatif *q, const struct course *c, const char *digest,
                     const struct difference *d)
{
    const struct course_counts *const n = course_counts(c);
    const struct text *const changes = &q->hypothesis.as.control_hypothesis.changes;

    printf("%sHYPOTHETICAL%s: entries 1 .. %llu as they are recorded; from there decided again, with\n",
           cli_bold(stdout), cli_plain(stdout), (unsigned long long)course_from(c) - 1);
    for (size_t at = 0; at < changes->length;) {
        const char *const line = changes->bytes + at;
        const char *const end = memchr(line, '\n', changes->length - at);
        const size_t length = end ? (size_t)(end - line) : changes->length - at;
        printf("  %.*s\n", (int)length, line);
        at += length + 1;
    }
    printf("course digest %s\n%llu inputs stay, %llu are left out; %llu entries were computed, %llu are\n\n",
           digest, (unsigned long long)n->kept, (unsigned long long)n->dropped,
           (unsigned long long)n->computed, (unsigned long long)(n->derived + n->answered));
    if (n->configurations)
        printf("left out: %llu %s; the one given is in force throughout\n\n",
               (unsigned long long)n->configurations,
               n->configurations == 1 ? "configuration of the record" : "configurations of the record");
    if (n->objectless)
        printf("left out: %llu %s what is not in this course: an order, a fill, a break; a note is in the "
               "place\n\n",
               (unsigned long long)n->objectless,
               n->objectless == 1 ? "entry that names" : "entries that name");
    put_first(d);
    put_orders(d);
    put_sides(d);
    if (n->told)
        fprintf(
            stderr,
            "remark: %llu dividends, splits or busts that the broker told are not in the course: the paper "
            "broker knows of none\n",
            (unsigned long long)n->told);
    if (q->out)
        printf("\nwritten to %s\n", q->out);
}

/* -- JSON ----------------------------------------------------------------------------------------------- */

static void json_u64(struct json_out *out, const char *key, uint64_t value)
{
    json_out_key(out, key);
    json_out_u64(out, value);
}

static void json_money(struct json_out *out, const char *key, int64_t micro)
{
    json_out_key(out, key);
    if (micro == COURSE_UNKNOWN)
        json_out_null(out);
    else
        json_out_decimal(out, micro, MONEY_DECIMALS);
}

static void json_entry(struct json_out *out, const char *key, const struct difference_entry *e,
                       struct journal *j)
{
    json_out_key(out, key);
    if (e->seq)
        entry_to_json(&e->entry, journal_actors(j), ENTRY_JSON_FULL, out);
    else
        json_out_null(out);
}

static void json_order(struct json_out *out, const char *key, const struct order *o)
{
    json_out_key(out, key);
    if (!o) {
        json_out_null(out);
        return;
    }
    json_out_object(out);
    json_u64(out, "seq", o->seq);
    json_out_key(out, "order_id");
    json_out_text(out, o->order_id.text);
    json_out_key(out, "qty");
    json_out_i64(out, o->qty);
    json_out_key(out, "limit");
    if (o->limit_nano == PRICE_NONE)
        json_out_null(out);
    else
        json_out_decimal(out, o->limit_nano, PRICE_DECIMALS);
    json_out_key(out, "status");
    json_out_text(out, order_status_name(o->status));
    json_out_key(out, "filled_qty");
    json_out_i64(out, o->filled_qty);
    json_money(out, "filled", o->filled_micro);
    json_out_object_end(out);
}

static void json_orders(struct json_out *out, const struct difference *d)
{
    json_out_key(out, "orders");
    json_out_array(out);
    for (size_t i = 0; i < d->order_count; i++) {
        const struct difference_order *const row = &d->orders[i];
        const struct order *const o = row->what == ORDER_GAINED ? &row->course : &row->recorded;
        json_out_object(out);
        json_out_key(out, "what");
        json_out_text(out, WHAT[row->what]);
        json_out_key(out, "at");
        json_out_instant(out, o->at_ns);
        json_out_key(out, "symbol");
        json_out_text(out, o->symbol.text);
        json_out_key(out, "side");
        json_out_text(out, entry_enum_names(FIELD_SIDE)[o->side]);
        json_order(out, "recorded", row->what == ORDER_GAINED ? NULL : &row->recorded);
        json_order(out, "what_if", row->what == ORDER_LOST ? NULL : &row->course);
        json_out_object_end(out);
    }
    json_out_array_end(out);
}

void whatif_json_side(struct json_out *out, const struct difference_side *s)
{
    json_out_object(out);
    for (size_t i = 0; i < sizeof SIDE_ROWS / sizeof SIDE_ROWS[0]; i++)
        json_money(out, SIDE_ROWS[i].key, value_of(s, &SIDE_ROWS[i]));
    json_u64(out, "orders", s->orders);
    json_u64(out, "orders_filled", s->filled);
    json_u64(out, "positions", s->positions);
    json_out_object_end(out);
}

static void json_points(struct json_out *out, const char *key, const struct course *c)
{
    size_t count = 0;
    const struct course_point *const points = course_points(c, &count);

    json_out_key(out, key);
    json_out_array(out);
    for (size_t i = 0; i < count; i++) {
        json_out_object(out);
        json_out_key(out, "at");
        json_out_instant(out, points[i].at_ns);
        json_u64(out, "clock", points[i].clock_seq);
        json_money(out, "equity", points[i].equity_micro);
        json_money(out, "cash", points[i].cash_micro);
        json_money(out, "margin", points[i].margin_micro);
        json_money(out, "exposure", points[i].exposure_micro);
        json_money(out, "realized", points[i].realized_micro);
        json_money(out, "fees", points[i].fees_micro);
        json_u64(out, "positions", points[i].positions);
        json_out_object_end(out);
    }
    json_out_array_end(out);
}

static void json_head(struct json_out *out, const struct whatif *q, struct journal *j, const struct course *c,
                      const char *digest)
{
    const struct course_counts *const n = course_counts(c);
    const struct text *const changes = &q->hypothesis.as.control_hypothesis.changes;

    json_out_key(out, "hypothetical");
    json_out_bool(out, true);
    json_out_key(out, "base");
    json_out_text(out, journal_origin(j));
    json_u64(out, "base_size", course_base_size(c));
    json_u64(out, "from", course_from(c));
    json_out_key(out, "changes");
    json_out_string(out, changes->bytes, changes->length);
    json_out_key(out, "digest");
    json_out_text(out, digest);
    json_out_key(out, "entries");
    json_out_object(out);
    json_u64(out, "size", course_size(c));
    json_u64(out, "kept", n->kept);
    json_u64(out, "dropped", n->dropped);
    json_u64(out, "configurations_left_out", n->configurations);
    json_u64(out, "noted", n->noted);
    json_u64(out, "objectless", n->objectless);
    json_u64(out, "computed", n->computed);
    json_u64(out, "told_by_broker", n->told);
    json_u64(out, "derived", n->derived);
    json_u64(out, "answered", n->answered);
    json_out_object_end(out);
}

static enum err_code put_json(const struct whatif *q, struct journal *j, const struct course *recorded,
                              const struct course *c, const char *digest, const struct difference *d,
                              struct err *err)
{
    struct json_out out;

    json_out_init(&out);
    json_out_object(&out);
    json_head(&out, q, j, c, digest);
    json_out_key(&out, "same");
    json_out_bool(&out, d->is_same);
    json_u64(&out, "compared", d->compared);
    json_entry(&out, "recorded", &d->recorded, j);
    json_entry(&out, "what_if", &d->course, j);
    json_orders(&out, d);
    json_out_key(&out, "sides");
    json_out_object(&out);
    json_out_key(&out, "recorded");
    whatif_json_side(&out, &d->was);
    json_out_key(&out, "what_if");
    whatif_json_side(&out, &d->would);
    json_out_object_end(&out);
    json_out_key(&out, "points");
    json_out_object(&out);
    json_points(&out, "recorded", recorded);
    json_points(&out, "what_if", c);
    json_out_object_end(&out);
    json_out_key(&out, "out");
    if (q->out)
        json_out_text(&out, q->out);
    else
        json_out_null(&out);
    json_out_object_end(&out);
    const enum err_code rc = cli_put_json(&out, err);
    json_out_release(&out);
    return rc;
}

enum err_code whatif_put(const struct whatif *q, struct journal *j, const struct course *recorded,
                         const struct course *c, const struct hash *digest, const struct difference *d,
                         struct err *err)
{
    char hex[HEX_LENGTH(HASH_SIZE) + 1];

    hex_encode(hex, digest->bytes, HASH_SIZE);
    if (q->json)
        return put_json(q, j, recorded, c, hex, d, err);
    put_text(q, c, hex, d);
    return ERR_OK;
}
