/* Sections 6 and 7: what is stored, table by table, out of a raw export. */
#ifndef VERIFIER_ROWS_H
#define VERIFIER_ROWS_H

#include "verifier/plain.h"

enum rows_table { ROWS_META, ROWS_ENTRIES, ROWS_TILES, ROWS_SEALS, ROWS_CONTROL, ROWS_TIMESTAMPS };
#define ROWS_TABLES 6

/* Points into the export's bytes. */
struct row {
    const uint8_t *key;
    size_t key_size;
    const uint8_t *value;
    size_t size;
    uint64_t
        number; /* the key, of a tile its index, of a timestamp its seal's size: once rows_number() was good */
};

struct table {
    struct row *rows; /* keys ascending */
    size_t count;
    size_t capacity;
};

struct rows {
    struct table tables[ROWS_TABLES];
};

/* Takes the export apart. Returns why it cannot be, or NULL. Whatever it returns, rows_release(). */
const char *rows_read(struct rows *r, const uint8_t *bytes, size_t size, struct words *w);
void rows_release(struct rows *r);

/* Turns the keys of all tables but meta into numbers. False: *bad has a key of another size than section 6 says. */
bool rows_number(struct rows *r, enum rows_table *bad);

/* The row with that number (and, of a tile, level); NULL: there is none. */
const struct row *rows_find(const struct rows *r, enum rows_table table, unsigned level, uint64_t number);
/* The row of meta with that key; NULL: there is none. */
const struct row *rows_meta(const struct rows *r, const char *key);

/* A table's name in places. */
const char *rows_name(enum rows_table table);

#endif
