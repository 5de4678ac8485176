/*
 * The entries on the page, as columns: their numbers and words, then all their bytes as they are
 * stored, and one proof for all of them (docs/BUNDLE.md). Whatever the page shows of an entry but its words is decoded
 * from these bytes.
 */
#include "incident/page_impl.h"

#include "audit/multiproof.h"
#include "ledger/base64.h"

#include <inttypes.h>
#include <stdlib.h>

#define WORDS_SHOWN 500 /* bytes of an entry's words; its text is in its bytes, whole */

struct bytes {
    uint8_t *at;
    size_t size;
    size_t capacity;
};

struct rows {
    const struct page *page;
    uint64_t *indexes; /* of the leaves, from 0 */
    size_t count;
    size_t next; /* of the timeline's entries: the first that is not before the row */
    struct bytes leaves;
    struct bytes proof;
    struct json_out seqs;
    struct json_out underlyings;
    struct json_out sizes;
    struct json_out words;
    struct json_out seen;
    uint64_t last_seq;
};

static enum err_code append(struct bytes *to, const void *bytes, size_t size, struct err *err)
{
    if (to->capacity - to->size < size) {
        const size_t wanted = (to->capacity + size) * 2;
        uint8_t *const grown = realloc(to->at, wanted);
        if (!grown)
            return err_set(err, ERR_MEMORY, "the page does not fit into memory: narrow the span");
        to->at = grown;
        to->capacity = wanted;
    }
    memcpy(to->at + to->size, bytes, size);
    to->size += size;
    return ERR_OK;
}

/* The timeline's row of this entry; NULL: it is not of the span, or was narrowed away. */
static const struct timeline_entry *row_of(struct rows *x, uint64_t seq)
{
    const struct timeline *const t = x->page->request->real;

    while (x->next < t->count && t->entries[x->next].seq < seq)
        x->next++;
    return x->next < t->count && t->entries[x->next].seq == seq ? &t->entries[x->next] : NULL;
}

static void put_seen(struct rows *x, const struct timeline_entry *row)
{
    if (!row || (row->quote_seq == 0 && row->price_seq == 0))
        return;
    json_out_array(&x->seen);
    json_out_u64(&x->seen, row->seq);
    json_out_u64(&x->seen, row->quote_seq);
    json_out_u64(&x->seen, row->price_seq);
    json_out_array_end(&x->seen);
}

/* Not in the middle of a character. */
static void put_words(struct rows *x, struct words *w)
{
    size_t size = w->size;

    if (size > WORDS_SHOWN) {
        for (size = WORDS_SHOWN; ((unsigned char)w->bytes[size] & 0xc0) == 0x80;)
            size--;
        w->size = size;
        w->bytes[size] = '\0';
        words_add(w, " ...");
    }
    json_out_text(&x->words, words_get(w));
}

static enum err_code put_row(struct rows *x, uint64_t seq, struct words *w, struct err *err)
{
    const struct timeline *const t = x->page->request->real;
    const struct timeline_entry *const row = row_of(x, seq);
    struct journal_record record;
    struct entry e;

    enum err_code rc = journal_reader_get(x->page->reader, seq, &record, err);
    if (!rc)
        rc = entry_decode(record.bytes, record.size, &e, err);
    if (!rc)
        rc = append(&x->leaves, record.bytes, record.size, err);
    if (rc)
        return rc;
    words_clear(w);
    words_entry(w, &e);
    rc = words_done(w, err);
    if (rc)
        return rc;
    put_words(x, w);
    json_out_u64(&x->seqs, seq - x->last_seq);
    x->last_seq = seq;
    json_out_i64(&x->underlyings, row ? page_underlying(t, row) : -1);
    json_out_u64(&x->sizes, record.size);
    put_seen(x, row);
    return ERR_OK;
}

static enum err_code collect(struct rows *x, struct err *err)
{
    const struct bundle *const b = x->page->bundle;
    struct words w;
    bool asked;
    enum err_code rc = ERR_OK;

    for (uint64_t seq = bundle_next(b, 0, &asked); seq; seq = bundle_next(b, seq, &asked))
        x->count++;
    x->indexes = malloc((x->count + 1) * sizeof *x->indexes);
    if (!x->indexes)
        return err_set(err, ERR_MEMORY, "the page does not fit into memory: narrow the span");
    words_init(&w);
    size_t i = 0;
    for (uint64_t seq = bundle_next(b, 0, &asked); seq && !rc; seq = bundle_next(b, seq, &asked)) {
        x->indexes[i++] = seq - 1;
        rc = put_row(x, seq, &w, err);
    }
    words_release(&w);
    return rc;
}

static enum err_code read_tile(void *context, unsigned level, uint64_t index, uint8_t *hashes,
                               unsigned *count, struct err *err)
{
    return journal_reader_tile(context, level, index, hashes, count, err);
}

static enum err_code put_hash(void *context, const struct hash *hash, struct err *err)
{
    struct rows *const x = context;

    return append(&x->proof, hash->bytes, HASH_SIZE, err);
}

static enum err_code put_base64(struct json_out *out, const char *key, const struct bytes *b, struct err *err)
{
    char *const text = malloc(BASE64_LENGTH(b->size) + 1);

    if (!text)
        return err_set(err, ERR_MEMORY, "the page does not fit into memory: narrow the span");
    base64_encode(text, b->at, b->size);
    json_out_key(out, key);
    json_out_text(out, text);
    free(text);
    return ERR_OK;
}

static enum err_code put_columns(struct rows *x, struct json_out *out, struct err *err)
{
    struct {
        const char *name;
        struct json_out *column;
    } const columns[] = {{"seq", &x->seqs},
                         {"u", &x->underlyings},
                         {"size", &x->sizes},
                         {"words", &x->words},
                         {"seen", &x->seen}};
    enum err_code rc = ERR_OK;

    for (size_t i = 0; i < sizeof columns / sizeof columns[0] && !rc; i++) {
        json_out_array_end(columns[i].column);
        rc = json_out_done(columns[i].column, err);
        json_out_key(out, columns[i].name);
        json_out_raw(out, columns[i].column->bytes, columns[i].column->size);
    }
    return rc;
}

enum err_code page_entries(const struct page *p, struct json_out *out, struct err *err)
{
    struct rows x = {.page = p};
    struct json_out *const all[] = {&x.seqs, &x.underlyings, &x.sizes, &x.words, &x.seen};
    const struct merkle_tiles tiles = {read_tile, p->reader};

    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        json_out_init(all[i]);
        json_out_array(all[i]);
    }
    json_out_object(out);
    enum err_code rc = collect(&x, err);
    const struct multiproof_leaves leaves = {x.indexes, x.count, p->seal.size};
    if (!rc)
        rc = multiproof_make(&leaves, &tiles, put_hash, &x, err);
    if (!rc)
        rc = put_columns(&x, out, err);
    if (!rc)
        rc = put_base64(out, "bytes", &x.leaves, err);
    if (!rc)
        rc = put_base64(out, "proof", &x.proof, err);
    json_out_object_end(out);
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        json_out_release(all[i]);
    free(x.indexes);
    free(x.leaves.at);
    free(x.proof.at);
    return rc;
}
