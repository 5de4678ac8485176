#include "verifier/published.h"

#include "verifier/entries.h"
#include "verifier/seals.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define WIDTH      PUBLISHED_WIDTH
#define BUNDLE_MAX (WIDTH * (2 + ENTRIES_MAX))
#define STAMP_MAX  65535
#define LIST_MAX   ((size_t)1 << 30)
#define NAME_ROOM  120

/* A file, read whole. */
#ifdef LEDGER_ANALYZE
#pragma GCC diagnostic ignored "-Wanalyzer-malloc-leak" /* it loses sight of what an array of files keeps */
#endif

struct file {
    uint8_t *bytes; /* NULL: it is not there */
    size_t size;
};

struct published {
    const char *dir;
    char failed[200];
    uint64_t n;        /* entries */
    struct file *kept; /* all but tiles: what was read of them is remembered by others */
    size_t kept_count;
    struct file tiles[TREE_LEVELS]; /* the newest of each level, */
    uint64_t indexes[TREE_LEVELS];  /* and which it is */
};

/* -- files -------------------------------------------------------------------------------------------------- */

/* N in groups of three digits, all but the last behind an x. Returns the name behind it. */
static char *put_number(char *at, char *end, uint64_t n)
{
    uint64_t unit = 1;

    while (n / unit >= 1000)
        unit *= 1000;
    for (; unit > 1; unit /= 1000)
        at += snprintf(at, (size_t)(end - at), "x%03u/", (unsigned)(n / unit % 1000));
    return at + snprintf(at, (size_t)(end - at), "%03u", (unsigned)(n % 1000));
}

/* PREFIX N, and .p/W when the width W is not full. */
static void name_of(char name[NAME_ROOM], const char *prefix, uint64_t n, unsigned width)
{
    char *const end = name + NAME_ROOM;
    char *const at = put_number(name + snprintf(name, NAME_ROOM, "%s", prefix), end, n);

    if (width < WIDTH)
        snprintf(at, (size_t)(end - at), ".p/%u", width);
}

/* Reads at most `max` bytes and one more, which tells that there are too many. */
static bool read_open(int file, size_t max, struct file *f)
{
    struct stat status;

    if (fstat(file, &status) != 0 || !S_ISREG(status.st_mode)) {
        errno = EINVAL;
        return false;
    }
    const size_t room = (uintmax_t)status.st_size > max ? max + 1 : (size_t)status.st_size;
    uint8_t *const bytes = malloc(room + 1);
    size_t size = 0;
    ssize_t got = 1;
    while (bytes && size < room && got > 0) {
        got = read(file, bytes + size, room - size);
        size += got > 0 ? (size_t)got : 0;
    }
    if (!bytes || got < 0) {
        free(bytes);
        return false;
    }
    *f = (struct file){.bytes = bytes, .size = size};
    return true;
}

/* False: it is not there; or it cannot be read, and that is remembered. */
static bool read_file(struct published *p, const char *name, size_t max, struct file *f)
{
    char path[4096];

    free(f->bytes);
    *f = (struct file){.size = 0};
    snprintf(path, sizeof path, "%s/%s", p->dir, name);
    const int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (file < 0 && (errno == ENOENT || errno == ENOTDIR))
        return false;
    if (file < 0 || !read_open(file, max, f)) {
        snprintf(p->failed, sizeof p->failed, "%s: %s", name, strerror(errno));
        free(f->bytes);
        f->bytes = NULL;
    }
    if (file >= 0)
        close(file);
    return f->bytes;
}

/* The same of a file whose bytes are to stay. */
static bool keep_file(struct published *p, const char *name, size_t max, struct row *row)
{
    struct file *const grown = realloc(p->kept, (p->kept_count + 1) * sizeof *grown);

    if (!grown) {
        snprintf(p->failed, sizeof p->failed, "%s", PLAIN_NO_MEMORY);
        return false;
    }
    p->kept = grown;
    struct file file = {.size = 0};
    row->is_missing = !read_file(p, name, max, &file);
    row->value = file.bytes;
    row->size = file.size;
    p->kept[p->kept_count++] = file;
    return !row->is_missing;
}

/* -- tiles and bundles -------------------------------------------------------------------------------------- */

uint64_t published_entries(const struct published *p)
{
    return p->n;
}

uint64_t published_count(const struct published *p, uint64_t index)
{
    const uint64_t left = p->n - WIDTH * index;

    return left < WIDTH ? left : WIDTH;
}

bool published_bundle(struct published *p, uint64_t index, struct row *row)
{
    char name[NAME_ROOM];

    if (index > p->n / WIDTH || WIDTH * index == p->n)
        return false;
    *row = (struct row){.number = WIDTH * index + published_count(p, index)};
    name_of(name, "tile/entries/", index, (unsigned)published_count(p, index));
    keep_file(p, name, BUNDLE_MAX, row);
    return true;
}

bool published_tile(struct published *p, unsigned level, uint64_t index, struct row *row)
{
    struct file *const tile = &p->tiles[level];
    const uint64_t left = (p->n >> 8 * level) - WIDTH * index;
    const unsigned width = left < WIDTH ? (unsigned)left : WIDTH;
    char prefix[20];
    char name[NAME_ROOM];

    if (!tile->bytes || p->indexes[level] != index) {
        snprintf(prefix, sizeof prefix, "tile/%u/", level);
        name_of(name, prefix, index, width);
        read_file(p, name, WIDTH * DIGEST_SIZE, tile);
        p->indexes[level] = index;
    }
    *row =
        (struct row){.value = tile->bytes, .size = tile->size, .number = index, .is_missing = !tile->bytes};
    return tile->bytes && tile->size == (size_t)width * DIGEST_SIZE;
}

uint64_t published_tiles(const struct published *p)
{
    uint64_t tiles = 0;

    for (unsigned level = 0; level < TREE_LEVELS; level++)
        tiles += ((p->n >> 8 * level) + WIDTH - 1) / WIDTH;
    return tiles;
}

/* -- seals and timestamps ----------------------------------------------------------------------------------- */

void published_load(struct published *p, enum rows_table table, struct row *row)
{
    char prefix[NAME_ROOM];
    char name[NAME_ROOM + 12];

    if (row->value || row->is_missing)
        return;
    name_of(prefix, table == ROWS_SEALS ? "seal/" : "timestamp/", row->number, WIDTH);
    if (table == ROWS_SEALS)
        keep_file(p, prefix, SEALS_NOTE_MAX, row);
    else {
        snprintf(name, sizeof name, "%s/%" PRIu32, prefix, row->nth);
        keep_file(p, name, STAMP_MAX, row);
    }
}

/* The timestamps of a seal, up to the first that is not there. */
static bool list_stamps(struct published *p, uint64_t size, struct table *stamps)
{
    struct row row = {.number = size};

    for (;; row.nth++) {
        row.value = NULL;
        published_load(p, ROWS_TIMESTAMPS, &row);
        if (row.is_missing)
            return true;
        if (!row.value || !rows_add(stamps, &row))
            return false;
    }
}

/* The lines of `seals` up to n; n must be one of them. */
static bool parse_list(struct published *p, const struct row *list, struct rows *r)
{
    struct table *const seals = &r->tables[ROWS_SEALS];
    uint64_t before = 0;

    for (size_t at = 0; at < list->size;) {
        const uint8_t *const line = list->value + at;
        const uint8_t *const end = memchr(line, '\n', list->size - at);
        uint64_t size = 0;
        if (!end || end == line || end - line > 19 || *line == '0')
            return false;
        for (const uint8_t *c = line; c < end; c++) {
            if (*c < '0' || *c > '9')
                return false;
            size = 10 * size + (uint64_t)(*c - '0');
        }
        if (size <= before || size > INT64_MAX)
            return false;
        before = size;
        at += (size_t)(end - line) + 1;
        const struct row seal = {.number = size};
        if (size <= p->n && (!rows_add(seals, &seal) || !list_stamps(p, size, &r->tables[ROWS_TIMESTAMPS])))
            return false;
    }
    return seals->count > 0 && seals->rows[seals->count - 1].number == p->n;
}

/* -- beginning and end -------------------------------------------------------------------------------------- */

bool published_open(struct rows *r, const char *dir, struct published_fault *fault)
{
    struct published *const p = calloc(1, sizeof *p);
    struct row checkpoint = {.is_checkpoint = true};
    struct row list = {.number = 0};

    r->published = p;
    *fault = (struct published_fault){.what = PLAIN_NO_MEMORY};
    if (!p)
        return false;
    p->dir = dir;
    fault->what = "it is no published directory: it has no checkpoint";
    if (!keep_file(p, "checkpoint", SEALS_NOTE_MAX, &checkpoint))
        return false;
    p->n = seal_size(checkpoint.value, checkpoint.size);
    checkpoint.number = p->n;
    *fault = (struct published_fault){"it does not say how many entries it covers", "checkpoint", false};
    if (p->n == 0)
        return false;
    *fault = (struct published_fault){"it is missing", "seals", true};
    if (!keep_file(p, "seals", LIST_MAX, &list))
        return false;
    *fault = (struct published_fault){"it is no list of sizes, the checkpoint's among them", "seals", false};
    return parse_list(p, &list, r) && rows_add(&r->tables[ROWS_SEALS], &checkpoint);
}

void published_close(struct published *p)
{
    if (!p)
        return;
    for (size_t i = 0; i < p->kept_count; i++)
        free(p->kept[i].bytes);
    free(p->kept);
    for (unsigned level = 0; level < TREE_LEVELS; level++)
        free(p->tiles[level].bytes);
    free(p);
}

const char *published_failed(const struct published *p)
{
    return p->failed[0] ? p->failed : NULL;
}

/* -- completeness ------------------------------------------------------------------------------------------- */

static bool bundle_is_whole(struct published *p, uint64_t index)
{
    struct file bundle = {.size = 0};
    char name[NAME_ROOM];
    uint64_t count = 0;
    size_t at = 0;

    name_of(name, "tile/entries/", index, (unsigned)published_count(p, index));
    if (!read_file(p, name, BUNDLE_MAX, &bundle))
        return false;
    for (; bundle.size - at >= 2 && plain_u16(bundle.bytes + at) <= bundle.size - at - 2; count++)
        at += 2 + (size_t)plain_u16(bundle.bytes + at);
    free(bundle.bytes);
    return at == bundle.size && count == published_count(p, index);
}

bool published_is_complete(struct rows *r)
{
    struct published *const p = r->published;
    struct row row;

    for (size_t i = 0; rows_at(r, ROWS_SEALS, i, &row); i++) {
        if (row.is_missing)
            return false;
    }
    for (uint64_t index = 0; index < p->n / WIDTH + (p->n % WIDTH != 0); index++) {
        if (!bundle_is_whole(p, index))
            return false;
    }
    for (unsigned level = 0; level < TREE_LEVELS; level++) {
        for (uint64_t index = 0; index < ((p->n >> 8 * level) + WIDTH - 1) / WIDTH; index++) {
            if (!published_tile(p, level, index, &row))
                return false;
        }
    }
    return r->tables[ROWS_SEALS].count > 0;
}
