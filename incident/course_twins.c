#include "incident/course_twins.h"

#include "risk/reconcile.h"

#include <stdlib.h>

struct twin_key {
    uint8_t sort[HASH_SIZE];
    uint64_t number; /* 1, 2, 3 ... of its sort; 0 in counts */
};

struct twin_count {
    struct twin_key key;
    uint64_t count;
};

struct twin_own {
    struct twin_key key;
    uint64_t seq;
    struct id made; /* empty: none */
};

struct twin_id {
    struct id id; /* the key */
    uint64_t seq;
};

struct course_twin {
    uint64_t seq;
    struct twin_key key;
};

enum err_code course_twins_new(struct course_twins **t, struct err *err)
{
    struct course_twins *const new = calloc(1, sizeof *new);

    if (!new)
        return err_set(err, ERR_MEMORY, "out of memory");
    for (int i = 0; i < 2; i++)
        table_init(&new->counts[i], sizeof(struct twin_count), sizeof(struct twin_key));
    table_init(&new->own, sizeof(struct twin_own), sizeof(struct twin_key));
    table_init(&new->ids, sizeof(struct twin_id), sizeof(struct id));
    *t = new;
    return ERR_OK;
}

void course_twins_free(struct course_twins *t)
{
    if (!t)
        return;
    table_release(&t->counts[0]);
    table_release(&t->counts[1]);
    table_release(&t->own);
    table_release(&t->ids);
    free(t->recorded);
    free(t);
}

/* -- what the place gives ------------------------------------------------------------------------------- */

/* How much of "fill-4711" is left without its number: all, when it has none. */
static size_t without_number(const char *text, size_t length)
{
    size_t digits = 0;

    while (digits < length && text[length - 1 - digits] >= '0' && text[length - 1 - digits] <= '9')
        digits++;
    return digits == 0 || digits == length || text[length - 1 - digits] != '-' ? length : length - digits;
}

static void forget_number(struct id *id)
{
    const size_t left = without_number(id->text, id->length);

    memset(&id->text[left], 0, id->length - left);
    id->length = (uint8_t)left;
}

void course_twins_normal(const struct entry *e, struct entry *normal)
{
    const struct entry_kind_info *const info = entry_kind_find((unsigned)e->kind);

    *normal = *e;
    normal->seq = 0;
    normal->cause = 0;
    normal->recorded_at_ns = 0;
    for (size_t i = 0; i < info->field_count; i++) {
        if (info->fields[i].type == FIELD_ID)
            forget_number((struct id *)((uint8_t *)&normal->as + info->fields[i].offset));
    }
    if (e->kind != ENTRY_RISK_BREAK)
        return;
    struct entry_risk_break *const b = &normal->as.risk_break;
    b->ours = 0;
    b->theirs = 0;
    b->about.length = (uint16_t)without_number(b->about.bytes, b->about.length); /* it may be a fill */
}

/* -- sorts ---------------------------------------------------------------------------------------------- */

static void hash_order(struct hash_stream *stream, const struct entry *e)
{
    const struct entry_order_new *const n = &e->as.order_new;

    hash_stream_add(stream, n->symbol.text, n->symbol.length);
    hash_stream_add_u64(stream, (uint64_t)n->side);
}

static void hash_break(struct hash_stream *stream, const struct entry *normal)
{
    struct reconcile_key key;

    reconcile_key_of(&normal->as.risk_break, &key);
    hash_stream_add_u64(stream, key.topic);
    hash_stream_add(stream, key.about.text, key.about.length);
}

static enum err_code hash_all(struct course_twins *t, struct hash_stream *stream, const struct entry *normal,
                              struct err *err)
{
    struct wire_out out;

    wire_out_init(&out, t->bytes, sizeof t->bytes);
    const enum err_code rc = entry_encode(normal, &out, err);
    if (!rc)
        hash_stream_add(stream, t->bytes, wire_out_size(&out));
    return rc;
}

static enum err_code sort_of(struct course_twins *t, const struct entry *e, struct twin_key *key,
                             struct err *err)
{
    struct hash_stream stream;
    enum err_code rc = ERR_OK;

    course_twins_normal(e, &t->scratch);
    hash_stream_init(&stream);
    hash_stream_add_u64(&stream, (uint64_t)e->kind);
    hash_stream_add_u64(&stream, (uint64_t)e->at_ns);
    if (e->kind == ENTRY_ORDER_NEW)
        hash_order(&stream, e);
    else if (e->kind == ENTRY_RISK_BREAK)
        hash_break(&stream, &t->scratch);
    else
        rc = hash_all(t, &stream, &t->scratch, err);
    const struct hash h = hash_stream_finish(&stream);
    memcpy(key->sort, h.bytes, sizeof key->sort);
    key->number = 0;
    return rc;
}

static enum err_code number_it(struct table *counts, struct twin_key *key, struct err *err)
{
    void *row = NULL;
    const enum err_code rc = table_put(counts, key, &row, err);

    if (!rc)
        key->number = ++((struct twin_count *)row)->count;
    return rc;
}

/* -- adding --------------------------------------------------------------------------------------------- */

static const struct id *field_of(const struct entry *e, const char *name)
{
    const struct entry_kind_info *const info = entry_kind_find((unsigned)e->kind);

    for (size_t i = 0; i < info->field_count; i++) {
        if (info->fields[i].type == FIELD_ID && strcmp(info->fields[i].name, name) == 0)
            return (const struct id *)((const uint8_t *)&e->as + info->fields[i].offset);
    }
    return NULL;
}

/* The id that stands for what the entry makes, or NULL. */
static const struct id *made_by(const struct entry *e)
{
    if (e->kind == ENTRY_ORDER_NEW)
        return &e->as.order_new.order_id;
    if (e->kind == ENTRY_RISK_BREAK)
        return &e->as.risk_break.break_id;
    return entry_family(e->kind) == FAMILY_FILL ? field_of(e, "fill_id") : NULL;
}

static enum err_code add_recorded(struct course_twins *t, const struct entry *e, const struct twin_key *key,
                                  struct err *err)
{
    const struct id *const made = made_by(e);
    void *row = NULL;

    if (t->recorded_count == t->recorded_capacity) {
        const size_t capacity = t->recorded_capacity ? 2 * t->recorded_capacity : 256;
        void *const grown = realloc(t->recorded, capacity * sizeof *t->recorded);
        if (!grown)
            return err_set(err, ERR_MEMORY, "out of memory");
        t->recorded = grown;
        t->recorded_capacity = capacity;
    }
    const enum err_code rc = made ? table_put(&t->ids, made, &row, err) : ERR_OK;
    if (rc)
        return rc;
    if (row && !((struct twin_id *)row)->seq) /* a break keeps its id when it is told again */
        ((struct twin_id *)row)->seq = e->seq;
    t->recorded[t->recorded_count++] = (struct course_twin){e->seq, *key};
    return ERR_OK;
}

static enum err_code add_own(struct course_twins *t, const struct entry *e, const struct twin_key *key,
                             struct err *err)
{
    const struct id *const made = made_by(e);
    void *row = NULL;
    const enum err_code rc = table_put(&t->own, key, &row, err);

    if (rc)
        return rc;
    struct twin_own *const own = row;
    own->seq = e->seq;
    if (made)
        own->made = *made;
    return ERR_OK;
}

enum err_code course_twins_add(struct course_twins *t, enum course_side side, const struct entry *e,
                               struct err *err)
{
    struct twin_key key;
    enum err_code rc = sort_of(t, e, &key, err);

    if (!rc)
        rc = number_it(&t->counts[side], &key, err);
    if (rc)
        return rc;
    return side == SIDE_OF_RECORD ? add_recorded(t, e, &key, err) : add_own(t, e, &key, err);
}

enum err_code course_twins_fill(struct course_twins *t, enum course_side side, const struct entry *e,
                                struct err *err)
{
    struct hash_stream stream;

    course_twins_normal(e, &t->scratch);
    t->scratch.is_signed = false; /* a renamed one is not signed anew */
    hash_stream_init(&stream);
    hash_stream_add(&stream, t->fills[side].bytes, HASH_SIZE);
    const enum err_code rc = hash_all(t, &stream, &t->scratch, err);
    const struct hash h = hash_stream_finish(&stream);
    if (!rc)
        t->fills[side] = h;
    return rc;
}

bool course_twins_fills_agree(const struct course_twins *t)
{
    return memcmp(t->fills[0].bytes, t->fills[1].bytes, HASH_SIZE) == 0;
}

/* -- asking --------------------------------------------------------------------------------------------- */

static const struct twin_own *twin_of(const struct course_twins *t, uint64_t recorded)
{
    size_t low = 0;
    size_t high = t->recorded_count;

    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (t->recorded[middle].seq < recorded)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == t->recorded_count || t->recorded[low].seq != recorded)
        return NULL;
    return table_find(&t->own, &t->recorded[low].key);
}

uint64_t course_twins_seq(const struct course_twins *t, uint64_t recorded)
{
    const struct twin_own *const own = twin_of(t, recorded);

    return own ? own->seq : 0;
}

static bool is_reference(const struct entry_field *field)
{
    static const char *const names[] = {"order_id", "fill_id", "busted", "break_id"};

    for (size_t i = 0; field->type == FIELD_ID && i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(field->name, names[i]) == 0)
            return true;
    }
    return false;
}

bool course_twins_rename(const struct course_twins *t, struct entry *e, bool *is_changed)
{
    const struct entry_kind_info *const info = entry_kind_find((unsigned)e->kind);
    struct {
        struct id *field;
        const struct id *id;
    } found[4];
    size_t count = 0;

    *is_changed = false;
    for (size_t i = 0; i < info->field_count; i++) {
        if (!is_reference(&info->fields[i]))
            continue;
        struct id *const field = (struct id *)((uint8_t *)&e->as + info->fields[i].offset);
        const struct twin_id *const of_record = table_find(&t->ids, field);
        const struct twin_own *const own = of_record ? twin_of(t, of_record->seq) : NULL;
        if (of_record && !own)
            return false;
        REQUIRE(count < sizeof found / sizeof found[0]);
        if (own && !id_equal(field, &own->made)) {
            found[count].field = field;
            found[count++].id = &own->made;
        }
    }
    for (size_t i = 0; i < count; i++)
        *found[i].field = *found[i].id;
    *is_changed = count > 0;
    return true;
}
