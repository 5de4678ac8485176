/*
 * Section 12.1: the walk over a published directory. Bundle after bundle, entry after entry, up to the checkpoint. Every
 * function that answers with a bool says "go on": false is an end, which the report then tells.
 */
#include "verifier/published.h"

#include "verifier/kept.h"
#include "verifier/people.h"
#include "verifier/stamps.h"
#include "verifier/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define WIDTH      256u /* hashes in a tile, entries in a bundle */
#define BUNDLE_MAX (WIDTH * (2 + ENTRIES_MAX))
#define STAMP_MAX  65535
#define LIST_MAX   ((size_t)1 << 30)
#define NAME_ROOM  100

/* A file, read whole. */
struct file {
    uint8_t *bytes; /* NULL: it is not there */
    size_t size;
};

/* A line of `seals`. */
struct listed {
    uint64_t size;
    int64_t recorded_at_ns; /* of its newest entry */
    struct file note;
};

struct published {
    const char *dir;
    const struct verifier_options *options;
    struct verifier_report *report;
    struct words words; /* the sentence in hand */
    char failed[200];   /* a file that is there could not be read: which, and why */
    struct file checkpoint;
    uint64_t n; /* entries, as the checkpoint says */
    struct listed *seals;
    size_t seal_count; /* up to n */
    size_t next_seal;
    struct file *bundles; /* all that were read: `people` remembers what stands in them */
    size_t bundle_count;
    const uint8_t *at; /* the next entry in the newest bundle */
    const uint8_t *end;
    struct file tiles[TREE_LEVELS]; /* the newest of each level, */
    uint64_t indexes[TREE_LEVELS];  /* and which it is */
    uint64_t s;                     /* entries found good */
    struct tree tree;
    struct people people;
    struct kept kept;
};

/* -- ends --------------------------------------------------------------------------------------------------- */

static bool wrong(struct published *p, const char *what, const char *where, ...)
    __attribute__((format(printf, 3, 4)));

static bool wrong(struct published *p, const char *what, const char *where, ...)
{
    va_list args;

    p->report->exit = VERIFIER_WRONG;
    snprintf(p->report->what, sizeof p->report->what, "%s", what);
    va_start(args, where);
    vsnprintf(p->report->where, sizeof p->report->where, where, args);
    va_end(args);
    return false;
}

static bool wrong_entry(struct published *p, uint64_t seq, const char *what)
{
    p->report->first = seq;
    p->report->last = seq;
    return wrong(p, what, "entry %" PRIu64, seq);
}

static bool not_checked(struct published *p, const char *why)
{
    p->report->exit = VERIFIER_NOT_CHECKED;
    p->report->integrity_ok = false;
    snprintf(p->report->what, sizeof p->report->what, "%s", why);
    return false;
}

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
    f->bytes = malloc(room + 1);
    while (f->bytes && f->size < room) {
        const ssize_t got = read(file, f->bytes + f->size, room - f->size);
        if (got < 0)
            return false;
        if (got == 0)
            break;
        f->size += (size_t)got;
    }
    return f->bytes;
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

/* A tile of the tree of n entries. NULL: it is not there, or of another size. *is_missing tells which. */
static const uint8_t *read_tile(struct published *p, unsigned level, uint64_t index, bool *is_missing)
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
    *is_missing = !tile->bytes;
    return tile->bytes && tile->size == (size_t)width * DIGEST_SIZE ? tile->bytes : NULL;
}

static uint64_t entries_in(const struct published *p, uint64_t bundle)
{
    const uint64_t left = p->n - WIDTH * bundle;

    return left < WIDTH ? left : WIDTH;
}

/* Reads the next bundle and keeps it. False: it is not there, or there is no memory. */
static bool read_bundle(struct published *p, struct file **bundle)
{
    struct file *const grown = realloc(p->bundles, (p->bundle_count + 1) * sizeof *grown);
    char name[NAME_ROOM];

    if (!grown) {
        snprintf(p->failed, sizeof p->failed, "%s", PLAIN_NO_MEMORY);
        return false;
    }
    p->bundles = grown;
    *bundle = &grown[p->bundle_count];
    **bundle = (struct file){.size = 0};
    name_of(name, "tile/entries/", p->bundle_count, (unsigned)entries_in(p, p->bundle_count));
    p->bundle_count++;
    return read_file(p, name, BUNDLE_MAX, *bundle);
}

/* Takes the next entry out of a bundle; rule 1. */
static bool take(const uint8_t **at, const uint8_t *end, const uint8_t **bytes, size_t *size)
{
    if (end - *at < 2 || plain_u16(*at) > end - *at - 2)
        return false;
    *bytes = *at + 2;
    *size = plain_u16(*at);
    *at = *bytes + *size;
    return true;
}

/* -- seals -------------------------------------------------------------------------------------------------- */

/* The lines of `seals` up to n; n must be one of them. */
static bool parse_list(struct published *p, const struct file *list)
{
    uint64_t before = 0;

    for (size_t at = 0; at < list->size;) {
        const uint8_t *const line = list->bytes + at;
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
        if (size > p->n)
            continue;
        struct listed *const grown = realloc(p->seals, (p->seal_count + 1) * sizeof *grown);
        if (!grown) {
            snprintf(p->failed, sizeof p->failed, "%s", PLAIN_NO_MEMORY);
            return false;
        }
        p->seals = grown;
        p->seals[p->seal_count++] = (struct listed){.size = size};
    }
    return p->seal_count > 0 && p->seals[p->seal_count - 1].size == p->n;
}

static bool read_seal(struct published *p, struct listed *seal)
{
    char name[NAME_ROOM];

    if (seal->note.bytes)
        return true;
    name_of(name, "seal/", seal->size, WIDTH);
    return read_file(p, name, SEALS_NOTE_MAX, &seal->note);
}

/* Rule 13 of a note but for its root. Returns what is wrong, or NULL. */
static const char *open_note(struct published *p, const struct file *note, uint64_t size, struct digest *root)
{
    const struct seal_key *const key = seal_keys_at(&p->people.keys, size);

    if (!p->people.has_key)
        return "there is no key to check it with";
    return seal_open(key ? key : &p->people.key, note->bytes, note->size, size, root, &p->words);
}

/*
 * Section 8.2: does the first good seal that covers entry s + 1 confirm the entries from `at` on? The checkpoint is the
 * last of them. Reads on, so nothing can be walked afterwards.
 */
static bool seals_confirm(struct published *p, const uint8_t *at, const uint8_t *end)
{
    struct tree tree = p->tree;
    struct digest made[TREE_LEVELS];
    struct digest root;
    const struct words words = p->words; /* kept: it says what is wrong with the entry */
    uint64_t size = 0;

    for (size_t i = p->next_seal; i < p->seal_count && size == 0; i++) {
        if (read_seal(p, &p->seals[i]) && !open_note(p, &p->seals[i].note, p->seals[i].size, &root))
            size = p->seals[i].size;
    }
    if (size == 0 && !open_note(p, &p->checkpoint, p->n, &root))
        size = p->n;
    p->words = words;
    while (tree.size < size) {
        const uint8_t *bytes = NULL;
        size_t length = 0;
        if (at == end) {
            struct file *bundle = NULL;
            if (!read_bundle(p, &bundle))
                return false;
            at = bundle->bytes;
            end = at + bundle->size;
        }
        if (!take(&at, end, &bytes, &length))
            return false;
        const struct digest leaf = digest_leaf(bytes, length);
        tree_add(&tree, &leaf, made);
    }
    const struct digest mine = tree_root(&tree);
    return size > 0 && memcmp(&mine, &root, sizeof root) == 0;
}

/* -- the walk ----------------------------------------------------------------------------------------------- */

static bool wrong_tile(struct published *p, unsigned level, uint64_t index, bool is_missing)
{
    p->report->integrity_ok = is_missing;
    return wrong(p, is_missing ? "it is missing" : "it has not as many bytes as it should",
                 "tile %u/%" PRIu64, level, index);
}

/* Rule 11. */
static bool check_tiles(struct published *p, const struct digest made[TREE_LEVELS], unsigned levels)
{
    for (unsigned level = 1; level <= levels; level++) {
        const uint64_t slot = (p->s >> 8 * level) - 1;
        bool is_missing = false;
        const uint8_t *const tile = read_tile(p, level, slot / WIDTH, &is_missing);
        if (!tile)
            return wrong_tile(p, level, slot / WIDTH, is_missing);
        if (memcmp(tile + slot % WIDTH * DIGEST_SIZE, &made[level], DIGEST_SIZE) == 0)
            continue;
        p->report->first = (slot << 8 * level) + 1;
        p->report->last = (slot + 1) << 8 * level;
        words_put(&p->words, "its hash %" PRIu64 " does not stand for entries %" PRIu64 "..%" PRIu64,
                  slot % WIDTH, p->report->first, p->report->last);
        return wrong(p, p->words.text, "tile %u/%" PRIu64, level, slot / WIDTH);
    }
    return true;
}

/* Rule 13: of seal s, and of the checkpoint, which is one more seal of size n. */
static bool check_note(struct published *p, const struct file *note, const char *where)
{
    struct digest root;

    p->report->integrity_ok = !note->bytes;
    if (!note->bytes)
        return wrong(p, "it is missing", "%s", where);
    const char *const broken = open_note(p, note, p->s, &root);
    if (broken)
        return wrong(p, broken, "%s", where);
    const struct digest mine = tree_root(&p->tree);
    if (memcmp(&mine, &root, sizeof root) != 0) {
        p->report->first = p->report->sealed + 1;
        p->report->last = p->s;
        return wrong(p, "its signature is good, but the entries are not those it sealed", "%s", where);
    }
    p->report->seals += p->report->sealed < p->s; /* the checkpoint is in the list, too */
    p->report->sealed = p->s;
    return true;
}

static bool check_seal(struct published *p)
{
    struct listed *const seal = p->next_seal < p->seal_count ? &p->seals[p->next_seal] : NULL;
    char where[40];

    if (p->people.recovers && p->report->sealed != p->s - 1)
        return wrong(p, "it is missing: the next entry puts another key in the place of a lost one",
                     "seal %" PRIu64, p->s - 1);
    snprintf(where, sizeof where, "seal %" PRIu64, p->s);
    if (!seal || seal->size != p->s)
        return p->people.hands_over || p->people.recovers
                   ? wrong(p, "it is missing: its newest entry names the next key", "%s", where)
                   : true;
    read_seal(p, seal);
    seal->recorded_at_ns = p->people.recorded_at_ns;
    p->next_seal++;
    return check_note(p, &seal->note, where);
}

static void count_entry(struct published *p, const struct form *e)
{
    struct verifier_report *const r = p->report;

    p->s++;
    if (p->s == 1)
        r->recorded_from_ns = e->recorded_at_ns;
    r->recorded_to_ns = e->recorded_at_ns;
    r->entries = p->s;
    r->bytes += e->size;
}

/* The next entry of the bundle; `hash` is what tile (0, N) has for it. */
static bool check_entry(struct published *p, uint64_t bundle, const uint8_t *hash)
{
    const uint8_t *const before = p->at;
    const uint8_t *bytes = NULL;
    size_t size = 0;
    struct form e;
    struct digest made[TREE_LEVELS];

    if (!take(&p->at, p->end, &bytes, &size))
        return wrong_entry(p, p->s + 1, "its bundle ends where it should be");
    const char *broken = entry_read(&e, bytes, size, p->s + 1, &p->words);
    if (!broken)
        broken = people_check(&p->people, &e, p->s + 1);
    if (broken == PLAIN_NO_MEMORY || (broken && e.is_unknown && seals_confirm(p, before, p->end)))
        return not_checked(p, broken); /* section 8.4 */
    if (broken)
        return wrong_entry(p, p->s + 1, broken);
    const struct digest leaf = digest_leaf(bytes, size);
    if (memcmp(hash, &leaf, DIGEST_SIZE) != 0) { /* rule 10 */
        if (!seals_confirm(p, before, p->end))
            return wrong_entry(p, p->s + 1, "its hash is not that of its tile");
        words_put(&p->words, "its hash %" PRIu64 " is not that of entry %" PRIu64 ", which a seal confirms",
                  p->s % WIDTH, p->s + 1);
        return wrong(p, p->words.text, "tile 0/%" PRIu64, bundle);
    }
    const unsigned levels = tree_add(&p->tree, &leaf, made);
    count_entry(p, &e);
    kept_pass(&p->kept, &p->tree);
    return check_tiles(p, made, levels) && check_seal(p);
}

static bool check_bundle(struct published *p)
{
    const uint64_t number = p->bundle_count;
    const uint64_t count = entries_in(p, number);
    struct file *bundle = NULL;
    bool is_missing = false;

    const uint8_t *const leaves = read_tile(p, 0, number, &is_missing);
    if (!leaves)
        return wrong_tile(p, 0, number, is_missing);
    if (!read_bundle(p, &bundle)) {
        p->report->integrity_ok = true;
        return wrong_entry(p, p->s + 1, "its bundle is missing");
    }
    p->at = bundle->bytes;
    p->end = p->at + bundle->size;
    for (uint64_t i = 0; i < count; i++) {
        if (!check_entry(p, number, leaves + i * DIGEST_SIZE))
            return false;
    }
    return p->at == p->end || wrong_entry(p, p->s, "bytes that are no entry follow it in its bundle");
}

/* Rule 19: the timestamps of a seal, up to the first that is not there. */
static bool check_stamps(struct published *p, const struct listed *seal)
{
    struct file stamp = {.size = 0};
    struct words why;
    char prefix[NAME_ROOM];
    char name[NAME_ROOM + 12];
    bool good = true;

    name_of(prefix, "timestamp/", seal->size, WIDTH);
    for (uint32_t number = 0; good; number++) {
        snprintf(name, sizeof name, "%s/%" PRIu32, prefix, number);
        if (!read_file(p, name, STAMP_MAX, &stamp))
            break;
        const char *const broken = stamp_check(p->options->trust, seal->note.bytes, seal->note.size,
                                               seal->recorded_at_ns, stamp.bytes, stamp.size, &why);
        p->report->timestamps++;
        p->report->stamped = seal->size;
        words_put(&p->words, "number %" PRIu32 " %s", number, broken ? broken : "");
        good = !broken || wrong(p, p->words.text, "timestamp %" PRIu64, seal->size);
    }
    free(stamp.bytes);
    return good;
}

static bool walk(struct published *p)
{
    struct file list = {.size = 0};

    if (!read_file(p, "checkpoint", SEALS_NOTE_MAX, &p->checkpoint))
        return not_checked(p, "it is no published directory: it has no checkpoint");
    p->n = seal_size(p->checkpoint.bytes, p->checkpoint.size);
    if (p->n == 0)
        return wrong(p, "it does not say how many entries it covers", "checkpoint");
    const bool has_list = read_file(p, "seals", LIST_MAX, &list);
    const bool is_good = has_list && parse_list(p, &list);
    free(list.bytes);
    p->report->integrity_ok = !has_list;
    if (!is_good)
        return wrong(p, has_list ? "it is no list of sizes, the checkpoint's among them" : "it is missing",
                     "seals");
    while (p->s < p->n) {
        p->report->integrity_ok = false;
        if (!check_bundle(p))
            return false;
    }
    if (!check_note(p, &p->checkpoint, "checkpoint"))
        return false;
    for (size_t i = 0; i < p->seal_count; i++) {
        if (!check_stamps(p, &p->seals[i]))
            return false;
    }
    for (unsigned level = 0; level < TREE_LEVELS; level++)
        p->report->tiles += ((p->n >> 8 * level) + WIDTH - 1) / WIDTH;
    p->report->integrity_ok = true;
    if (!kept_check(&p->kept, &p->people, p->s))
        return not_checked(p, "the kept seal is no seal of this journal");
    return p->kept.is_other ? wrong(p, p->kept.what, "kept seal") : true;
}

/* -- completeness: of names and sizes alone ----------------------------------------------------------------- */

static bool bundle_is_whole(struct published *p, uint64_t number)
{
    struct file bundle = {.size = 0};
    char name[NAME_ROOM];
    uint64_t count = 0;
    const uint8_t *bytes = NULL;
    size_t size = 0;

    name_of(name, "tile/entries/", number, (unsigned)entries_in(p, number));
    if (!read_file(p, name, BUNDLE_MAX, &bundle))
        return false;
    const uint8_t *at = bundle.bytes;
    const uint8_t *const end = at + bundle.size;
    while (take(&at, end, &bytes, &size))
        count++;
    free(bundle.bytes);
    return at == end && count == entries_in(p, number);
}

static bool is_complete(struct published *p)
{
    bool is_missing = false;

    for (size_t i = 0; i < p->seal_count; i++) {
        if (!read_seal(p, &p->seals[i]))
            return false;
    }
    for (uint64_t number = 0; WIDTH * number < p->n; number++) {
        if (!bundle_is_whole(p, number))
            return false;
    }
    for (unsigned level = 0; level < TREE_LEVELS; level++) {
        for (uint64_t index = 0; WIDTH * index < p->n >> 8 * level; index++) {
            if (!read_tile(p, level, index, &is_missing))
                return false;
        }
    }
    return p->seal_count > 0;
}

/* -- beginning and end -------------------------------------------------------------------------------------- */

static bool begin(struct published *p)
{
    if (sodium_init() < 0)
        return not_checked(p, "libsodium cannot be used");
    if (p->options->vkey) {
        const char *const broken = seal_key_parse(&p->people.key, p->options->vkey);
        if (broken)
            return not_checked(p, broken);
        p->people.has_key = true;
        p->report->key_given = true;
    }
    const char *const broken = kept_take(&p->kept, p->options);
    return broken ? not_checked(p, broken) : true;
}

static void release(struct published *p)
{
    people_release(&p->people);
    free(p->checkpoint.bytes);
    for (size_t i = 0; i < p->seal_count; i++)
        free(p->seals[i].note.bytes);
    free(p->seals);
    for (size_t i = 0; i < p->bundle_count; i++)
        free(p->bundles[i].bytes);
    free(p->bundles);
    for (unsigned level = 0; level < TREE_LEVELS; level++)
        free(p->tiles[level].bytes);
    free(p);
}

void published_check(const char *dir, const struct verifier_options *options, struct verifier_report *report)
{
    struct published *const p = calloc(1, sizeof *p);

    report->exit = VERIFIER_NOT_CHECKED;
    snprintf(report->what, sizeof report->what, "%s", PLAIN_NO_MEMORY);
    if (!p)
        return;
    p->dir = dir;
    p->options = options;
    p->report = report;
    p->people.words = &p->words;
    if (begin(p) && walk(p)) {
        report->exit = VERIFIER_GOOD;
        report->what[0] = '\0';
    }
    report->complete_ok = report->exit != VERIFIER_NOT_CHECKED && !p->kept.is_other && is_complete(p);
    if (p->failed[0])
        not_checked(p, p->failed);
    people_report(&p->people, &p->tree, report);
    release(p);
}
