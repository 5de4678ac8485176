/* What is stored, table by table: out of a raw export (sections 6 and 7), or a published directory (section 12). */
#ifndef VERIFIER_ROWS_H
#define VERIFIER_ROWS_H

#include "verifier/plain.h"

enum rows_table { ROWS_META, ROWS_ENTRIES, ROWS_TILES, ROWS_SEALS, ROWS_CONTROL, ROWS_TIMESTAMPS };
#define ROWS_TABLES 6

/* Points into bytes that stay until rows_release(). */
struct row {
    const uint8_t *key; /* of an export only */
    size_t key_size;
    const uint8_t *value;
    size_t size;
    uint64_t number;    /* the key; of a tile its index, of a timestamp its seal's size */
    uint32_t nth;       /* of a timestamp: its own number */
    bool is_missing;    /* a published file that is not there */
    bool is_checkpoint; /* the last of a published directory's seals */
};

struct table {
    struct row *rows; /* ascending */
    size_t count;
    size_t capacity;
};

struct published;

struct rows {
    struct table tables[ROWS_TABLES]; /* of a published directory seals and timestamps alone */
    struct published *published;      /* NULL: a raw export */
};

/* Takes the export apart. Returns why it cannot be, or NULL. Whatever it returns, rows_release(). */
const char *rows_read(struct rows *r, const uint8_t *bytes, size_t size, struct words *w);
void rows_release(struct rows *r);

/* Turns an export's keys of all tables but meta into numbers. False: *bad has a key of another size than it should. */
bool rows_number(struct rows *r, enum rows_table *bad);

/* Row `index` of a table, in order. False: there are no more. */
bool rows_at(struct rows *r, enum rows_table table, uint64_t index, struct row *row);
/* A tile. False: there is none. */
bool rows_tile(struct rows *r, unsigned level, uint64_t index, struct row *row);
/* The row of meta with that key; NULL: there is none. */
const struct row *rows_meta(const struct rows *r, const char *key);

/* One more row. False: no memory. */
bool rows_add(struct table *t, const struct row *row);

/* A table's name in places. */
const char *rows_name(enum rows_table table);

#endif
