#include "ledger/fills.h"

/* Executions of `symbol` whose place in `told` is lower were split. */
struct split {
    struct symbol symbol; /* the key */
    uint32_t place;
};

void fills_init(struct fills *f)
{
    ids_init_tagged(&f->told);
    table_init(&f->busts, sizeof(struct fills_bust), sizeof(struct id));
    table_init(&f->voids, sizeof(struct fills_void), sizeof(struct id));
    table_init(&f->splits, sizeof(struct split), sizeof(struct symbol));
}

void fills_release(struct fills *f)
{
    ids_release(&f->told);
    table_release(&f->busts);
    table_release(&f->voids);
    table_release(&f->splits);
}

/* -- tags ------------------------------------------------------------------------------------------------- */

static uint64_t mix(uint64_t hash, uint64_t word)
{
    hash = (hash ^ word) * UINT64_C(0x9e3779b97f4a7c15);
    return hash ^ hash >> 29;
}

/* Little-endian on every machine. `text` is zero-filled to whole words. */
static uint64_t mix_text(uint64_t hash, const char *text, size_t length)
{
    hash = mix(hash, length);
    for (size_t at = 0; at < length; at += 8) {
        uint64_t word = 0;
        for (unsigned i = 0; i < 8; i++)
            word |= (uint64_t)(uint8_t)text[at + i] << (8 * i);
        hash = mix(hash, word);
    }
    return hash;
}

static uint64_t tag_of(const struct id *order_id, const struct symbol *symbol, enum side side, int64_t qty,
                       int64_t price_nano, int64_t fee_micro)
{
    char text[24] = {0}; /* whole words */
    uint64_t hash = mix(0, (uint64_t)side);

    _Static_assert(sizeof symbol->text <= sizeof text, "a symbol is three words at most");
    _Static_assert(ID_MAX % 8 == 0, "an id is whole words");
    memcpy(text, symbol->text, sizeof symbol->text);
    hash = mix(hash, (uint64_t)qty);
    hash = mix(hash, (uint64_t)price_nano);
    hash = mix(hash, (uint64_t)fee_micro);
    hash = mix_text(hash, order_id->text, order_id->length);
    hash = mix_text(hash, text, symbol->length);
    hash = mix(hash, hash >> 32);
    return hash ? hash : 1;
}

uint64_t fills_tag(const struct entry_fill_execution *x)
{
    return tag_of(&x->order_id, &x->symbol, x->side, x->qty, x->price, x->fee);
}

static uint64_t tag_of_bust(const struct entry_fill_bust *b)
{
    return tag_of(&b->order_id, &b->symbol, b->side, b->qty, b->price, b->fee);
}

/* -- judging ---------------------------------------------------------------------------------------------- */

const struct fills_bust *fills_find_bust(const struct fills *f, const struct id *fill_id)
{
    const struct fills_bust *const row = table_find(&f->busts, fill_id);

    return row && row->tag ? row : NULL;
}

enum fills_reason fills_judge(const struct fills *f, const struct entry_fill_bust *b)
{
    const struct split *const split = table_find(&f->splits, &b->symbol);
    uint64_t tag = 0;
    uint32_t place = 0;

    if (id_equal(&b->fill_id, &b->busted))
        return FILLS_KIND;
    if (fills_find_bust(f, &b->busted))
        return FILLS_TWICE;
    if (!ids_find(&f->told, &b->busted, &tag, &place))
        return FILLS_STANDS; /* and waits for it */
    if (tag == 0)
        return FILLS_KIND;
    if (tag != tag_of_bust(b))
        return FILLS_DIFFERS;
    return split && place < split->place ? FILLS_SPLIT : FILLS_STANDS;
}

const char *fills_reason_text(enum fills_reason reason)
{
    switch (reason) {
    case FILLS_STANDS: return "stands";
    case FILLS_DIFFERS: return "is another one: its order, symbol, side, quantity, price or fee differs";
    case FILLS_KIND: return "is no execution, and only an execution is taken back";
    case FILLS_TWICE: return "is taken back already";
    case FILLS_SPLIT: return "was split since, so its shares are no longer there";
    }
    return "";
}

/* -- telling ---------------------------------------------------------------------------------------------- */

struct ids_key fills_key(const struct fills *f, const struct id *fill_id)
{
    return ids_key(&f->told, fill_id);
}

enum err_code fills_reserve(struct fills *f, uint64_t tag, struct err *err)
{
    enum err_code rc = ids_reserve(&f->told, err);

    if (tag && f->busts.count == 0)
        return rc; /* an execution, and nothing waits for it: by far the most */
    if (!rc)
        rc = table_reserve(&f->busts, 1, err);
    if (!rc)
        rc = table_reserve(&f->voids, 2, err); /* itself, and the one that waited for it */
    if (!rc)
        rc = table_reserve(&f->splits, 1, err);
    return rc;
}

bool fills_is_told(const struct fills *f, struct ids_key *key, uint64_t tag)
{
    if (ids_has_key(&f->told, key))
        return true;
    const struct fills_bust *const waiting = f->busts.count ? fills_find_bust(f, key->id) : NULL;
    return waiting && waiting->tag == tag;
}

/* There is room. */
static void *put(struct table *t, const void *key)
{
    void *row = NULL;
    const enum err_code rc = table_put(t, key, &row, NULL);

    REQUIRE(rc == ERR_OK);
    return row;
}

static void add_void(struct fills *f, const struct id *bust_id, const struct id *busted, uint64_t seq,
                     int64_t qty, enum fills_reason reason)
{
    struct fills_void *const row = put(&f->voids, bust_id);

    row->busted = *busted;
    row->seq = seq;
    row->qty = qty;
    row->reason = reason;
}

void fills_add(struct fills *f, const struct ids_key *key, uint64_t tag)
{
    struct fills_bust *const waiting = table_find(&f->busts, key->id); /* quick where there are none */

    ids_add_tagged(&f->told, key, tag);
    if (!waiting || !waiting->tag)
        return;
    add_void(f, &waiting->bust_id, &waiting->busted, waiting->seq, waiting->qty,
             tag ? FILLS_DIFFERS : FILLS_KIND);
    waiting->tag = 0;
}

void fills_add_bust(struct fills *f, const struct entry_fill_bust *b, uint64_t seq, enum fills_reason reason)
{
    const int64_t qty = b->side == SIDE_SELL ? -b->qty : b->qty;

    if (reason != FILLS_STANDS) {
        add_void(f, &b->fill_id, &b->busted, seq, qty, reason);
        return;
    }
    struct fills_bust *const row = put(&f->busts, &b->busted);
    row->bust_id = b->fill_id;
    row->tag = tag_of_bust(b);
    row->seq = seq;
    row->qty = qty;
}

void fills_add_split(struct fills *f, const struct symbol *s)
{
    struct split *const row = put(&f->splits, s);

    row->place = f->told.size;
}

/* -- state ------------------------------------------------------------------------------------------------ */

void fills_digest(const struct fills *f, const struct digest_out *out)
{
    ids_digest(&f->told, out);
    digest_u64(out, f->busts.count);
    for (uint32_t i = 0; i < f->busts.count; i++) {
        const struct fills_bust *const b = table_at(&f->busts, i);
        digest_id(out, &b->busted);
        digest_id(out, &b->bust_id);
        digest_u64(out, b->tag);
        digest_u64(out, b->seq);
        digest_i64(out, b->qty);
    }
    digest_u64(out, f->voids.count);
    for (uint32_t i = 0; i < f->voids.count; i++) {
        const struct fills_void *const v = table_at(&f->voids, i);
        digest_id(out, &v->bust_id);
        digest_id(out, &v->busted);
        digest_u64(out, v->seq);
        digest_i64(out, v->qty);
        digest_u64(out, (uint64_t)v->reason);
    }
    digest_u64(out, f->splits.count);
    for (uint32_t i = 0; i < f->splits.count; i++) {
        const struct split *const s = table_at(&f->splits, i);
        digest_symbol(out, &s->symbol);
        digest_u64(out, s->place);
    }
}

static enum err_code restore_busts(struct table *busts, struct restore_in *in, struct err *err)
{
    const uint32_t count = restore_count(in, 5 * sizeof(uint64_t), UINT32_MAX);
    enum err_code rc = ERR_OK;

    for (uint32_t i = 0; i < count && !rc && !in->bad; i++) {
        struct fills_bust b;
        void *row = NULL;
        memset(&b, 0, sizeof b);
        restore_id(in, &b.busted, false);
        restore_id(in, &b.bust_id, false);
        b.tag = restore_u64(in);
        b.seq = restore_u64(in);
        b.qty = restore_i64(in);
        if (!in->bad)
            rc = table_put(busts, &b.busted, &row, err);
        if (row)
            memcpy(row, &b, sizeof b);
    }
    in->bad = in->bad || busts->count != count; /* none stands there twice */
    return rc;
}

static enum err_code restore_voids(struct table *voids, struct restore_in *in, struct err *err)
{
    const uint32_t count = restore_count(in, 5 * sizeof(uint64_t), UINT32_MAX);
    enum err_code rc = ERR_OK;

    for (uint32_t i = 0; i < count && !rc && !in->bad; i++) {
        struct fills_void v;
        void *row = NULL;
        memset(&v, 0, sizeof v);
        restore_id(in, &v.bust_id, false);
        restore_id(in, &v.busted, false);
        v.seq = restore_u64(in);
        v.qty = restore_i64(in);
        v.reason = (enum fills_reason)restore_within(in, FILLS_DIFFERS, FILLS_SPLIT);
        if (!in->bad)
            rc = table_put(voids, &v.bust_id, &row, err);
        if (row)
            memcpy(row, &v, sizeof v);
    }
    in->bad = in->bad || voids->count != count;
    return rc;
}

static enum err_code restore_splits(struct table *splits, struct restore_in *in, uint32_t told,
                                    struct err *err)
{
    const uint32_t count = restore_count(in, 2 * sizeof(uint64_t), UINT32_MAX);
    enum err_code rc = ERR_OK;

    for (uint32_t i = 0; i < count && !rc && !in->bad; i++) {
        struct symbol symbol;
        void *row = NULL;
        restore_symbol(in, &symbol, false);
        const uint32_t place = (uint32_t)restore_within(in, 0, told);
        if (!in->bad)
            rc = table_put(splits, &symbol, &row, err);
        if (row)
            ((struct split *)row)->place = place;
    }
    in->bad = in->bad || splits->count != count;
    return rc;
}

enum err_code fills_restore(struct fills *f, struct restore_in *in, struct err *err)
{
    enum err_code rc = ids_restore(&f->told, in, err);

    if (!rc)
        rc = restore_busts(&f->busts, in, err);
    if (!rc)
        rc = restore_voids(&f->voids, in, err);
    return rc ? rc : restore_splits(&f->splits, in, f->told.size, err);
}
