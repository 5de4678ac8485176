#include "verifier/rows.h"

#include "verifier/published.h"

static const char MAGIC[] = "LEDGERRAW 2\n";
static const char MAGIC_1[] = "LEDGERRAW 1\n"; /* without the last table */
static const char TYPES[] = "MBTSCX";          /* in the order of enum rows_table */

#define HEAD    7 /* u8 type, u16 size of the key, u32 size of the value */
#define KEY_MAX 511

const char *rows_name(enum rows_table table)
{
    static const char *const NAMES[ROWS_TABLES] = {"meta",  "entries", "tiles",
                                                   "seals", "control", "timestamps"};

    return NAMES[table];
}

void rows_release(struct rows *r)
{
    for (unsigned t = 0; t < ROWS_TABLES; t++)
        free(r->tables[t].rows);
    published_close(r->published);
    memset(r, 0, sizeof *r);
}

/* As bytes; a prefix comes first. */
static int compare(const uint8_t *a, size_t a_size, const uint8_t *b, size_t b_size)
{
    const size_t common = a_size < b_size ? a_size : b_size;
    const int order = common ? memcmp(a, b, common) : 0;

    return order ? order : (a_size > b_size) - (a_size < b_size);
}

bool rows_add(struct table *t, const struct row *row)
{
    if (t->count == t->capacity || !t->rows) {
        const size_t capacity = t->capacity ? 2 * t->capacity : 64;
        struct row *const grown = realloc(t->rows, capacity * sizeof *grown);
        if (!grown)
            return false;
        t->rows = grown;
        t->capacity = capacity;
    }
    t->rows[t->count++] = *row;
    return true;
}

static const char *add(struct table *t, const struct row *row)
{
    const struct row *const before = t->count ? &t->rows[t->count - 1] : NULL;

    if (before && compare(before->key, before->key_size, row->key, row->key_size) >= 0)
        return "its key is not above the one before";
    return rows_add(t, row) ? NULL : PLAIN_NO_MEMORY;
}

/* The record at `at`, which leaves `left` bytes of the file. */
static const char *record(const uint8_t *at, size_t left, struct row *row)
{
    if (left < HEAD)
        return "the file was cut there";
    row->key_size = plain_u16(at + 1);
    row->size = plain_number(at + 3, 4);
    if (row->key_size > KEY_MAX)
        return "its key is too large";
    if (row->key_size + row->size > left - HEAD)
        return "it goes past the end of the file";
    row->key = at + HEAD;
    row->value = row->key + row->key_size;
    return NULL;
}

static const char *check_end(const struct rows *r, unsigned tables, const struct row *end, bool is_last)
{
    if (end->key_size != 0 || end->size != 8 * (size_t)tables)
        return "the end record is malformed";
    if (!is_last)
        return "bytes follow the end record";
    for (unsigned t = 0; t < tables; t++) {
        if (plain_u64(end->value + 8 * (size_t)t) != r->tables[t].count)
            return "the end record counts other records than there are";
    }
    return NULL;
}

const char *rows_read(struct rows *r, const uint8_t *bytes, size_t size, struct words *w)
{
    const size_t magic = sizeof MAGIC - 1;
    unsigned table = 0;

    memset(r, 0, sizeof *r);
    const bool is_first = size >= magic && memcmp(bytes, MAGIC_1, magic) == 0;
    const unsigned tables = is_first ? ROWS_TABLES - 1 : ROWS_TABLES;
    if (!is_first && (size < magic || memcmp(bytes, MAGIC, magic) != 0))
        return "it is not a raw export: it does not begin with \"LEDGERRAW 2\" or \"LEDGERRAW 1\"";
    for (size_t at = magic;;) {
        struct row row = {0};
        const char *broken = record(bytes + at, size - at, &row);
        if (broken)
            return words_put(w, "raw export, byte %zu: %s", at, broken);
        const size_t next = at + HEAD + row.key_size + row.size;
        if (bytes[at] == 'E') {
            broken = check_end(r, tables, &row, next == size);
            return broken ? words_put(w, "raw export, byte %zu: %s", at, broken) : NULL;
        }
        while (table < tables && (uint8_t)TYPES[table] != bytes[at])
            table++;
        broken = table < tables ? add(&r->tables[table], &row) : "its type is unknown, or out of order";
        if (broken)
            return words_put(w, "raw export, byte %zu: %s", at, broken);
        at = next;
    }
}

bool rows_number(struct rows *r, enum rows_table *bad)
{
    for (enum rows_table t = ROWS_ENTRIES; t < ROWS_TABLES; t++) {
        const size_t prefix = t == ROWS_TILES ? 1 : 0; /* a tile's level */
        for (size_t i = 0; i < r->tables[t].count; i++) {
            struct row *const row = &r->tables[t].rows[i];
            *bad = t;
            if (row->key_size != prefix + (t == ROWS_TIMESTAMPS ? 12 : 8)) /* a timestamp's number */
                return false;
            row->number = plain_u64(row->key + prefix);
            row->nth = t == ROWS_TIMESTAMPS ? (uint32_t)plain_number(row->key + 8, 4) : 0;
        }
    }
    return true;
}

static const struct row *find(const struct table *t, const uint8_t *key, size_t key_size)
{
    size_t low = 0;
    size_t high = t->count;

    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        const struct row *const row = &t->rows[middle];
        const int order = compare(row->key, row->key_size, key, key_size);
        if (order == 0)
            return row;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

bool rows_at(struct rows *r, enum rows_table table, uint64_t index, struct row *row)
{
    struct table *const t = &r->tables[table];

    if (r->published && table == ROWS_ENTRIES)
        return published_bundle(r->published, index, row);
    if (index >= t->count)
        return false;
    if (r->published)
        published_load(r->published, table, &t->rows[index]);
    *row = t->rows[index];
    return true;
}

bool rows_tile(struct rows *r, unsigned level, uint64_t index, struct row *row)
{
    uint8_t key[9] = {(uint8_t)level};

    if (r->published)
        return published_tile(r->published, level, index, row);
    for (unsigned i = 0; i < 8; i++)
        key[1 + i] = (uint8_t)(index >> (56 - 8 * i));
    const struct row *const found = find(&r->tables[ROWS_TILES], key, sizeof key);
    if (found)
        *row = *found;
    return found;
}

const struct row *rows_meta(const struct rows *r, const char *key)
{
    return find(&r->tables[ROWS_META], (const uint8_t *)key, strlen(key));
}
