/*
 * A batch: the postings of some ten thousand entries, gathered by key in memory, then put in order of keys, so
 * that each key's last chunk is read and written once. What it takes is bounded by the limit of entries and by
 * BATCH_SCATTERED, because each key that lies anywhere in the file is a page of LMDB's that is written.
 */
#include "ledger/index_state.h"

#include "ledger/wire.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define BATCH_SCATTERED 12000u

/* -- keys ----------------------------------------------------------------------------------------------- */

static unsigned width_of(enum index_number number)
{
    return number == INDEX_OF_KIND ? 2 : number == INDEX_OF_ACTOR ? 4 : number == INDEX_OF_CAUSE ? 8 : 0;
}

struct index_key index_key_number(enum index_number number, uint64_t value)
{
    struct index_key key = {.number = (uint8_t)number, .length = (uint8_t)width_of(number)};

    for (unsigned i = key.length; i-- > 0; value >>= 8)
        key.bytes[i] = (uint8_t)value;
    return key;
}

struct index_key index_key_text(enum index_number number, const char *text, size_t length)
{
    struct index_key key = {.number = (uint8_t)number, .length = (uint8_t)length};

    REQUIRE(length <= sizeof key.bytes);
    memcpy(key.bytes, text, length);
    return key;
}

static uint64_t number_of(const struct index_key *key)
{
    uint64_t v = 0;

    for (unsigned i = 0; i < key->length && i < 8; i++)
        v = v << 8 | key->bytes[i];
    return v;
}

const char *index_key_format(char out[INDEX_KEY_TEXT_SIZE], const struct index_key *key)
{
    static const char *const names[INDEX_NUMBERS] = {"meta",  "kind",  "actor", "symbol",
                                                     "order", "cause", "time"};
    const uint64_t number = number_of(key);

    switch (key->number) {
    case INDEX_OF_KIND: {
        const struct entry_kind_info *const info = entry_kind_find((unsigned)number);
        snprintf(out, INDEX_KEY_TEXT_SIZE, "kind %s", info ? info->text : "unknown");
        break;
    }
    case INDEX_OF_ACTOR:
    case INDEX_OF_CAUSE: snprintf(out, INDEX_KEY_TEXT_SIZE, "%s %" PRIu64, names[key->number], number); break;
    case INDEX_OF_SYMBOL:
    case INDEX_OF_ORDER:
        snprintf(out, INDEX_KEY_TEXT_SIZE, "%s %.*s", names[key->number], key->length,
                 (const char *)key->bytes);
        break;
    default: snprintf(out, INDEX_KEY_TEXT_SIZE, "%s", key->number < INDEX_NUMBERS ? names[key->number] : "?");
    }
    return out;
}

unsigned index_keys_of(const struct entry *e, struct index_key keys[INDEX_KEYS_MAX])
{
    const struct symbol *const symbol = entry_symbol(e);
    const struct id *const order = entry_order_id(e);
    unsigned n = 0;

    keys[n++] = index_key_number(INDEX_OF_KIND, (uint64_t)e->kind);
    keys[n++] = index_key_number(INDEX_OF_ACTOR, e->actor);
    if (e->cause)
        keys[n++] = index_key_number(INDEX_OF_CAUSE, e->cause);
    if (symbol) {
        keys[n++] = index_key_text(INDEX_OF_SYMBOL, symbol->text, symbol->length);
        if (symbol_is_option(symbol)) {
            struct symbol underlying;
            symbol_underlying(symbol, &underlying);
            keys[n++] = index_key_text(INDEX_OF_SYMBOL, underlying.text, underlying.length);
        }
    }
    if (order)
        keys[n++] = index_key_text(INDEX_OF_ORDER, order->text, order->length);
    return n;
}

/* -- gathering ------------------------------------------------------------------------------------------ */

void index_batch_init(struct index_batch *b)
{
    memset(b, 0, sizeof *b);
    table_init(&b->rows, sizeof(struct index_batch_row), sizeof(struct index_key));
    index_batch_start(b, 1);
}

void index_batch_release(struct index_batch *b)
{
    table_release(&b->rows);
    free(b->runs);
    free(b->spans);
    free(b->list);
    memset(b, 0, sizeof *b);
}

void index_batch_start(struct index_batch *b, uint64_t from)
{
    table_release(&b->rows);
    b->from = from;
    b->to = from - 1;
    b->scattered = 0;
    b->run_count = 0;
    b->span_count = 0;
    b->postings = 0;
    memset(b->recent, 0, sizeof b->recent);
}

static enum err_code grow(void **rows, uint32_t *capacity, uint32_t need, size_t size, struct err *err)
{
    uint32_t wanted = *capacity ? *capacity : 1024;

    if (need <= *capacity)
        return ERR_OK;
    while (wanted < need)
        wanted *= 2;
    void *const grown = realloc(*rows, (size_t)wanted * size);
    if (!grown)
        return err_set(err, ERR_MEMORY, "out of memory for %" PRIu32 " rows of an index", wanted);
    *rows = grown;
    *capacity = wanted;
    return ERR_OK;
}

/* The key's row; the key before it of the same index is often the same. */
static enum err_code row_of(struct index_batch *b, const struct index_key *key, struct index_batch_row **row,
                            struct err *err)
{
    uint32_t *const recent = &b->recent[key->number];
    const uint32_t before = b->rows.count;
    void *found = *recent ? table_at(&b->rows, *recent - 1) : NULL;

    if (found && memcmp(found, key, sizeof *key) == 0) {
        *row = found;
        return ERR_OK;
    }
    const enum err_code rc = table_put(&b->rows, key, &found, err);
    if (rc)
        return rc;
    *row = found;
    *recent = (uint32_t)((size_t)((uint8_t *)found - b->rows.rows) / b->rows.row_size) + 1;
    if (b->rows.count > before) {
        (*row)->head = UINT32_MAX;
        b->scattered += key->number == INDEX_OF_SYMBOL || key->number == INDEX_OF_ORDER;
    }
    return ERR_OK;
}

static enum err_code add_posting(struct index_batch *b, const struct index_key *key, uint32_t offset,
                                 struct err *err)
{
    struct index_batch_row *row = NULL;
    enum err_code rc = row_of(b, key, &row, err);

    if (rc)
        return rc;
    b->postings++;
    if (row->head != UINT32_MAX && b->runs[row->tail].last + 1 == offset) {
        b->runs[row->tail].last = offset;
        return ERR_OK;
    }
    rc = grow((void **)&b->runs, &b->run_capacity, b->run_count + 1, sizeof b->runs[0], err);
    if (rc)
        return rc;
    b->runs[b->run_count] = (struct index_batch_run){offset, offset, 0};
    if (row->head == UINT32_MAX)
        row->head = b->run_count;
    else
        b->runs[row->tail].next = b->run_count;
    row->tail = b->run_count++;
    return ERR_OK;
}

static enum err_code add_when(struct index_batch *b, const struct entry *e, struct err *err)
{
    const int64_t when = filter_when_ns(e);
    const uint32_t i = (uint32_t)((index_span_first(e->seq) - index_span_first(b->from)) / INDEX_SPAN);

    if (i >= b->span_count) {
        const enum err_code rc = grow((void **)&b->spans, &b->span_capacity, i + 1, sizeof b->spans[0], err);
        if (rc)
            return rc;
        b->spans[i] = (struct index_span){when, when};
        b->span_count = i + 1;
    }
    struct index_span *const span = &b->spans[i];
    if (when < span->earliest_ns)
        span->earliest_ns = when;
    if (when > span->latest_ns)
        span->latest_ns = when;
    return ERR_OK;
}

enum err_code index_batch_add(struct index_batch *b, const struct entry *e, struct err *err)
{
    struct index_key keys[INDEX_KEYS_MAX];
    const unsigned count = index_keys_of(e, keys);
    enum err_code rc = add_when(b, e, err);

    REQUIRE(e->seq == b->to + 1);
    for (unsigned i = 0; !rc && i < count; i++)
        rc = add_posting(b, &keys[i], (uint32_t)(e->seq - b->from), err);
    if (!rc)
        b->to = e->seq;
    return rc;
}

enum err_code index_batch_fill(struct index_batch *b, struct journal_reader *r, uint32_t limit,
                               uint64_t *stopped, struct err *err)
{
    struct journal_record record;
    struct entry e;
    bool any = true;
    enum err_code rc = journal_reader_seek(r, b->to + 1, err);

    while (!rc && b->to - b->from + 1 < limit && (b->scattered < BATCH_SCATTERED || b->to % INDEX_SPAN)) {
        rc = journal_reader_next(r, &record, &any, err);
        if (rc || !any)
            break;
        if (entry_decode(record.bytes, record.size, &e, NULL) || e.seq != record.seq) {
            *stopped = record.seq;
            break;
        }
        rc = index_batch_add(b, &e, err);
    }
    return rc;
}

/* -- putting -------------------------------------------------------------------------------------------- */

enum err_code index_batch_list(struct index_batch *b, const struct index_batch_row *row, size_t room,
                               size_t *count, struct err *err)
{
    size_t need = room + 1;
    size_t n = room;

    for (uint32_t i = row->head; i != row->tail; i = b->runs[i].next)
        need++;
    if (need > b->list_capacity) {
        struct postings_run *const grown = realloc(b->list, 2 * need * sizeof b->list[0]);
        if (!grown)
            return err_set(err, ERR_MEMORY, "out of memory for %zu runs of an index", 2 * need);
        b->list = grown;
        b->list_capacity = 2 * need;
    }
    for (uint32_t i = row->head;; i = b->runs[i].next) {
        b->list[n++] = (struct postings_run){b->from + b->runs[i].first, b->from + b->runs[i].last};
        if (i == row->tail)
            break;
    }
    *count = n - room;
    return ERR_OK;
}

/* The runs of the key's last chunk come first again: the last of them may grow. */
static enum err_code put_row(struct index_batch *b, struct index_txn *t, const struct index_batch_row *row,
                             struct err *err)
{
    uint8_t value[POSTINGS_CHUNK_MAX];
    struct index_row last;
    size_t added = 0;
    size_t n = 0;
    bool any = false;

    enum err_code rc = index_batch_list(b, row, POSTINGS_RUNS_MAX, &added, err);
    if (!rc)
        rc = index_find_before(t, &row->key, POSTINGS_SEQ_MAX, &last, &any, err);
    if (!rc && any)
        rc = postings_decode(last.first, last.value, last.size, b->list, &n, err);
    for (size_t i = 0; !rc && i < added; i++)
        n = postings_add(b->list, n, b->list[POSTINGS_RUNS_MAX + i]);
    for (size_t done = 0; !rc && done < n;) {
        size_t size = 0;
        const uint64_t first = b->list[done].first;
        done += postings_encode(b->list + done, n - done, value, &size);
        rc = index_put(t, &row->key, first, value, size, err);
    }
    return rc;
}

static enum err_code put_spans(const struct index_batch *b, struct index_txn *t, struct err *err)
{
    const struct index_key key = {.number = INDEX_OF_WHEN};
    enum err_code rc = ERR_OK;

    for (uint32_t i = 0; !rc && i < b->span_count; i++) {
        const uint64_t first = index_span_first(b->from) + (uint64_t)i * INDEX_SPAN;
        struct index_span span = b->spans[i];
        struct index_row row;
        uint8_t value[16];
        bool any = false;

        if (first < b->from) /* it has begun before this batch */
            rc = index_find_before(t, &key, first, &row, &any, err);
        if (!rc && any && row.first == first && row.size == sizeof value) {
            const int64_t earliest = (int64_t)wire_load_u64(row.value);
            const int64_t latest = (int64_t)wire_load_u64(row.value + 8);
            span.earliest_ns = earliest < span.earliest_ns ? earliest : span.earliest_ns;
            span.latest_ns = latest > span.latest_ns ? latest : span.latest_ns;
        }
        wire_store_u64(value, (uint64_t)span.earliest_ns);
        wire_store_u64(value + 8, (uint64_t)span.latest_ns);
        if (!rc)
            rc = index_put(t, &key, first, value, sizeof value, err);
    }
    return rc;
}

static int compare_rows(const void *a, const void *b)
{
    const struct index_batch_row *const *const x = a;
    const struct index_batch_row *const *const y = b;

    return memcmp(&(*x)->key, &(*y)->key, sizeof(struct index_key));
}

enum err_code index_batch_put(struct index_batch *b, struct index_txn *t, struct err *err)
{
    const uint32_t count = b->rows.count;
    enum err_code rc = ERR_OK;

    const struct index_batch_row **const sorted = malloc((count + 1) * sizeof *sorted);
    if (!sorted)
        return err_set(err, ERR_MEMORY, "out of memory for %" PRIu32 " keys of an index", count);
    for (uint32_t i = 0; i < count; i++)
        sorted[i] = table_at(&b->rows, i);
    qsort(sorted, count, sizeof *sorted, compare_rows);
    for (uint32_t i = 0; !rc && i < count; i++)
        rc = put_row(b, t, sorted[i], err);
    free(sorted);
    return rc ? rc : put_spans(b, t, err);
}
