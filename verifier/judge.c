/*
 * Section 8: the walk. Block after block, entry after entry; then what must be true at the end. Every function that
 * answers with a bool says "go on": false is an end, which the report then tells.
 */
#include "verifier/verifier.h"

#include "verifier/bundle.h"
#include "verifier/kept.h"
#include "verifier/people.h"
#include "verifier/published.h"
#include "verifier/rows.h"
#include "verifier/stamps.h"
#include "verifier/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define LAYOUT 2

/* An open block: what is left of it. */
struct block {
    const uint8_t *sizes;  /* of the entries, u16 each */
    const uint8_t *checks; /* of the entries, 4 bytes each */
    const uint8_t *at;
    const uint8_t *end;
    size_t left; /* entries */
};

struct judge {
    const struct verifier_options *options;
    struct verifier_report *report;
    struct words words; /* the sentence in hand */
    struct rows rows;
    size_t next_block; /* the first row of each table that has not had its turn */
    size_t next_seal;
    size_t next_control;
    struct block block;
    uint64_t s; /* entries found good */
    struct tree tree;
    struct people people;
    struct kept kept;
};

/* -- ends --------------------------------------------------------------------------------------------------- */

/* Checked and wrong, there. The entries in doubt are the caller's to add. */
static bool wrong(struct judge *j, const char *what, const char *where, ...)
    __attribute__((format(printf, 3, 4)));

static bool wrong(struct judge *j, const char *what, const char *where, ...)
{
    va_list args;

    j->report->exit = VERIFIER_WRONG;
    snprintf(j->report->what, sizeof j->report->what, "%s", what);
    va_start(args, where);
    vsnprintf(j->report->where, sizeof j->report->where, where, args);
    va_end(args);
    return false;
}

static bool wrong_entry(struct judge *j, uint64_t seq, const char *what)
{
    j->report->first = seq;
    j->report->last = seq;
    return wrong(j, what, "entry %" PRIu64, seq);
}

static bool not_checked(struct judge *j, const char *why)
{
    j->report->exit = VERIFIER_NOT_CHECKED;
    j->report->integrity_ok = false;
    snprintf(j->report->what, sizeof j->report->what, "%s", why);
    return false;
}

static const struct row *row_at(const struct judge *j, enum rows_table table, size_t index)
{
    return index < j->rows.tables[table].count ? &j->rows.tables[table].rows[index] : NULL;
}

/* -- blocks ------------------------------------------------------------------------------------------------- */

/* Rule 1 of the block. */
static bool block_open(struct block *b, const struct row *row)
{
    const size_t count = row->size >= 2 ? plain_u16(row->value) : 0;

    *b = (struct block){.left = 0};
    if (count == 0 || 2 + 6 * count > row->size)
        return false;
    b->left = count;
    b->sizes = row->value + 2;
    b->checks = b->sizes + 2 * count;
    b->at = b->checks + 4 * count;
    b->end = row->value + row->size;
    return true;
}

/* Takes the next entry; rule 1 of it. False: it does not fit what is left of the block. */
static bool block_take(struct block *b, const uint8_t **bytes, size_t *size, const uint8_t **check)
{
    *size = plain_u16(b->sizes);
    if (*size > (size_t)(b->end - b->at))
        return false;
    *bytes = b->at;
    *check = b->checks;
    b->at += *size;
    b->sizes += 2;
    b->checks += 4;
    b->left--;
    return true;
}

/* -- seals -------------------------------------------------------------------------------------------------- */

/* Rule 13 of a seal but for its root. Returns what is wrong, or NULL. */
static const char *open_seal(struct judge *j, const struct row *seal, struct digest *root)
{
    const struct seal_key *const key = seal_keys_at(&j->people.keys, seal->number);

    if (!j->people.has_key)
        return "there is no key to check it with";
    return seal_open(key ? key : &j->people.key, seal->value, seal->size, seal->number, root, &j->words);
}

/*
 * Section 8.2: does the first good seal that covers entry s + 1 confirm the entries? `b` is the open block before that
 * entry was taken. Reads on to that seal, so nothing can be walked afterwards.
 */
static bool seals_confirm(struct judge *j, struct block b)
{
    struct tree tree = j->tree;
    struct digest made[TREE_LEVELS];
    struct digest root;
    const struct row *seal = NULL;
    struct words words = j->words; /* kept: it says what is wrong with the entry */

    do
        seal = row_at(j, ROWS_SEALS, j->next_seal++);
    while (seal && (seal->number <= j->s || open_seal(j, seal, &root)));
    j->words = words;
    while (seal && tree.size < seal->number) {
        const uint8_t *bytes = NULL;
        const uint8_t *check = NULL;
        size_t size = 0;
        if (b.left == 0) {
            const struct row *const row = row_at(j, ROWS_ENTRIES, j->next_block++);
            if (!row || !block_open(&b, row))
                return false;
        }
        if (!block_take(&b, &bytes, &size, &check))
            return false;
        const struct digest leaf = digest_leaf(bytes, size);
        tree_add(&tree, &leaf, made);
    }
    if (!seal)
        return false;
    const struct digest mine = tree_root(&tree);
    return memcmp(&mine, &root, sizeof root) == 0;
}

/* -- rules 10 to 13 ----------------------------------------------------------------------------------------- */

/* Rule 11: each tile's hash that entry s has completed. */
static bool check_tiles(struct judge *j, const struct digest made[TREE_LEVELS], unsigned levels)
{
    for (unsigned level = 1; level <= levels; level++) {
        const uint64_t slot = (j->s >> 8 * level) - 1;
        const struct row *const tile = rows_find(&j->rows, ROWS_TILES, level, slot / 256);
        const size_t at = slot % 256 * DIGEST_SIZE;
        if (tile && at + DIGEST_SIZE <= tile->size &&
            memcmp(tile->value + at, &made[level], DIGEST_SIZE) == 0)
            continue;
        j->report->first = (slot << 8 * level) + 1;
        j->report->last = (slot + 1) << 8 * level;
        words_put(&j->words, "its hash %" PRIu64 " does not stand for entries %" PRIu64 "..%" PRIu64,
                  slot % 256, j->report->first, j->report->last);
        return wrong(j, j->words.text, "tile %u/%" PRIu64, level, slot / 256);
    }
    return true;
}

/* Rule 12. */
static bool check_control(struct judge *j, bool is_control)
{
    const struct row *const row = row_at(j, ROWS_CONTROL, j->next_control);
    const bool is_listed = row && row->number == j->s;

    if (is_control != is_listed)
        return wrong(
            j, is_control ? "it does not list a control entry" : "it lists an entry that is no control entry",
            "control index %" PRIu64, j->s);
    if (is_listed && row->size != 0)
        return wrong(j, "its row is not empty", "control index %" PRIu64, j->s);
    j->next_control += is_listed;
    return true;
}

/* A witness known by now whose line in the note is not its own; NULL: none. */
static const struct actor *find_wrong_witness(const struct judge *j, const struct row *row)
{
    for (size_t i = 0; i < j->people.actor_count; i++) {
        const struct actor *const a = &j->people.actors[i];
        if (a->role == ROLE_WITNESS &&
            seal_witness_is_wrong(a->name, a->name_size, a->key, row->value, row->size))
            return a;
    }
    return NULL;
}

/* Rule 13. */
static bool check_seal(struct judge *j)
{
    const struct row *const row = row_at(j, ROWS_SEALS, j->next_seal);
    struct digest root;

    if (j->people.recovers && j->report->sealed != j->s - 1)
        return wrong(j, "it is missing: the next entry puts another key in the place of a lost one",
                     "seal %" PRIu64, j->s - 1);
    if (!row || row->number != j->s)
        return j->people.hands_over || j->people.recovers
                   ? wrong(j, "it is missing: its newest entry names the next key", "seal %" PRIu64, j->s)
                   : true;
    const char *const broken = open_seal(j, row, &root);
    if (broken)
        return wrong(j, broken, "seal %" PRIu64, j->s);
    const struct digest mine = tree_root(&j->tree);
    if (memcmp(&mine, &root, sizeof root) != 0) {
        j->report->first = j->report->sealed + 1;
        j->report->last = j->s;
        words_put(&j->words,
                  "its signature is good, but entries %" PRIu64 "..%" PRIu64 " are not those it sealed",
                  j->report->first, j->s);
        return wrong(j, j->words.text, "seal %" PRIu64, j->s);
    }
    const struct actor *const broken_witness = find_wrong_witness(j, row);
    if (broken_witness) {
        words_put(&j->words, "its line as %.*s is not the signature of that witness",
                  (int)broken_witness->name_size, (const char *)broken_witness->name);
        return wrong(j, j->words.text, "seal %" PRIu64, j->s);
    }
    j->report->sealed = j->s;
    j->report->seals++;
    j->next_seal++;
    return true;
}

/* -- the walk ----------------------------------------------------------------------------------------------- */

static void count_entry(struct judge *j, const struct form *e)
{
    struct verifier_report *const r = j->report;

    j->s++;
    if (j->s == 1)
        r->recorded_from_ns = e->recorded_at_ns;
    r->recorded_to_ns = e->recorded_at_ns;
    r->entries = j->s;
    r->bytes += e->size;
}

/* The next entry of the open block. */
static bool check_entry(struct judge *j)
{
    const struct block before = j->block;
    const uint8_t *bytes = NULL;
    const uint8_t *check = NULL;
    size_t size = 0;
    struct form e;
    struct digest made[TREE_LEVELS];

    if (!block_take(&j->block, &bytes, &size, &check))
        return wrong_entry(j, j->s + 1, "it runs past the end of its block");
    const char *broken = entry_read(&e, bytes, size, j->s + 1, &j->words);
    if (!broken)
        broken = people_check(&j->people, &e, j->s + 1);
    if (broken == PLAIN_NO_MEMORY || (broken && e.is_unknown && seals_confirm(j, before))) /* section 8.4 */
        return not_checked(j, broken);
    if (broken)
        return wrong_entry(j, j->s + 1, broken);
    const struct digest leaf = digest_leaf(bytes, size);
    if (memcmp(check, leaf.bytes, 4) != 0) { /* rule 10 */
        if (seals_confirm(j, before))
            return wrong(j, "it is not that of its entry, which a seal confirms", "check %" PRIu64, j->s + 1);
        return wrong_entry(j, j->s + 1, "its hash does not begin with its check");
    }
    const unsigned levels = tree_add(&j->tree, &leaf, made);
    count_entry(j, &e);
    kept_pass(&j->kept, &j->tree);
    return check_tiles(j, made, levels) && check_control(j, e.kind >> 8 == FAMILY_CONTROL) && check_seal(j);
}

static bool check_block(struct judge *j, const struct row *row)
{
    if (!block_open(&j->block, row))
        return wrong_entry(j, j->s + 1, "its block is malformed: its count and its size do not agree");
    while (j->block.left > 0) {
        if (!check_entry(j))
            return false;
    }
    if (j->block.at != j->block.end)
        return wrong_entry(j, j->s, "bytes that are no entry follow it in its block");
    if (row->number > j->s)
        return wrong_entry(j, j->s + 1, "it is missing");
    if (row->number < j->s)
        return wrong_entry(j, row->number + 1, "it stands in a block whose key says that it ends before it");
    return true;
}

/* Rules 15 and 16. */
static bool check_newest_seal(struct judge *j)
{
    const struct row *const seal = row_at(j, ROWS_SEALS, j->next_seal);
    struct digest root;

    if (seal) {
        const char *const broken = open_seal(j, seal, &root);
        if (broken)
            return wrong(j, broken, "seal %" PRIu64, seal->number);
        j->report->integrity_ok = true;
        words_put(&j->words, "it is missing: the journal ends before it, and seal %" PRIu64 " covers it",
                  seal->number);
        return wrong_entry(j, j->s + 1, j->words.text);
    }
    if (j->report->sealed < j->s) {
        j->report->integrity_ok = true;
        wrong_entry(j, j->report->sealed + 1, "no seal covers it");
        j->report->last = j->s;
        return false;
    }
    return true;
}

/* Rule 17. */
static bool check_widths(struct judge *j)
{
    const struct table *const tiles = &j->rows.tables[ROWS_TILES];

    for (size_t i = 0; i < tiles->count; i++) {
        const struct row *const tile = &tiles->rows[i];
        const unsigned level = tile->key[0];
        const uint64_t hashes = level > 0 && level < TREE_LEVELS ? j->s >> 8 * level : 0;
        const uint64_t full = hashes / 256;
        const uint64_t width = tile->number < full ? 256 : tile->number == full ? hashes % 256 : 0;
        if (width == 0 || tile->size != width * DIGEST_SIZE) {
            words_put(&j->words, "a tree of %" PRIu64 " entries has no such tile", j->s);
            return wrong(j, j->words.text, "tile %u/%" PRIu64, level, tile->number);
        }
    }
    j->report->tiles = tiles->count;
    return true;
}

static bool check_end(struct judge *j)
{
    if (j->s == 0) /* 14 */
        return wrong_entry(j, 1, "the journal has no entry");
    if (!check_newest_seal(j) || !check_widths(j))
        return false;
    const struct row *const row = row_at(j, ROWS_CONTROL, j->next_control); /* 18 */
    if (row)
        return wrong(j, "there is no such entry", "control index %" PRIu64, row->number);
    uint64_t size = 0;
    const char *const broken = stamps_check(&j->rows, j->options->trust, &size, &j->words); /* 19 */
    if (broken)
        return wrong(j, broken, "timestamp %" PRIu64, size);
    j->report->timestamps = j->rows.tables[ROWS_TIMESTAMPS].count;
    j->report->stamped = size;
    j->report->integrity_ok = true;
    if (!kept_check(&j->kept, &j->people, j->s))
        return not_checked(j, "the kept seal is no seal of this journal");
    return j->kept.is_other ? wrong(j, j->kept.what, "kept seal") : true;
}

/* What section 8.1 says before the walk, then the walk. */
static bool walk(struct judge *j)
{
    const struct row *const layout = rows_meta(&j->rows, "layout");
    const struct row *row = NULL;
    enum rows_table bad = ROWS_META;

    if (!layout || layout->size != 4 || plain_number(layout->value, 4) != LAYOUT)
        return not_checked(j, "it is no journal, or one of a layout that this verifier does not know");
    if (!rows_number(&j->rows, &bad))
        return wrong(j, "a key has not the size that keys have there", "table %s", rows_name(bad));
    row = row_at(j, ROWS_SEALS, 0);
    if (row && row->number == 0)
        return wrong(j, "a seal covers one entry at least", "seal 0");
    row = row_at(j, ROWS_CONTROL, 0);
    if (row && row->number == 0)
        return wrong(j, "there is no entry 0", "control index 0");
    while ((row = row_at(j, ROWS_ENTRIES, j->next_block++))) {
        if (!check_block(j, row))
            return false;
    }
    return check_end(j);
}

/* -- section 8.5 -------------------------------------------------------------------------------------------- */

static bool is_complete(const struct judge *j)
{
    const struct table *const blocks = &j->rows.tables[ROWS_ENTRIES];
    const struct table *const seals = &j->rows.tables[ROWS_SEALS];
    const struct table *const tiles = &j->rows.tables[ROWS_TILES];
    uint64_t last = 0;

    for (size_t i = 0; i < blocks->count; i++) {
        const struct row *const row = &blocks->rows[i];
        const uint64_t count = row->size >= 2 ? plain_u16(row->value) : 0;
        if (row->key_size != 8 || count == 0 || plain_u64(row->key) != last + count)
            return false;
        last += count;
    }
    const struct row *const seal = seals->count ? &seals->rows[seals->count - 1] : NULL;
    if (last == 0 || !seal || seal->key_size != 8 || plain_u64(seal->key) != last)
        return false;
    const uint64_t hashes = last / 256;
    for (size_t i = 0; i < tiles->count; i++) {
        const struct row *const tile = &tiles->rows[i];
        const bool is_first_level = tile->key_size == 9 && tile->key[0] == 1;
        const uint64_t index = is_first_level ? plain_u64(tile->key + 1) : 0;
        if (is_first_level &&
            (index > hashes / 256 || (index == hashes / 256 && tile->size / DIGEST_SIZE > hashes % 256)))
            return false;
    }
    return true;
}

/* -- beginning and end -------------------------------------------------------------------------------------- */

static bool take_options(struct judge *j, const struct verifier_options *options)
{
    if (sodium_init() < 0)
        return not_checked(j, "libsodium cannot be used");
    if (options->vkey) {
        const char *const broken = seal_key_parse(&j->people.key, options->vkey);
        if (broken)
            return not_checked(j, broken);
        j->people.has_key = true;
        j->report->key_given = true;
    }
    const char *const broken = kept_take(&j->kept, options);
    return broken ? not_checked(j, broken) : true;
}

void verifier_check_bytes(const void *bytes, size_t size, const struct verifier_options *options,
                          struct verifier_report *report)
{
    memset(report, 0, sizeof *report);
    if (bundle_is_one(bytes, size)) {
        bundle_check(bytes, size, options, report);
        return;
    }
    struct judge *const j = calloc(1, sizeof *j);
    report->exit = VERIFIER_NOT_CHECKED;
    snprintf(report->what, sizeof report->what, "%s", PLAIN_NO_MEMORY);
    if (!j)
        return;
    j->options = options;
    j->report = report;
    j->people.words = &j->words;
    const char *const broken = rows_read(&j->rows, bytes, size, &j->words);
    if (broken)
        not_checked(j, broken);
    else if (take_options(j, options) && walk(j)) {
        report->exit = VERIFIER_GOOD;
        report->what[0] = '\0';
    }
    report->complete_ok = report->exit != VERIFIER_NOT_CHECKED && !j->kept.is_other && is_complete(j);
    people_report(&j->people, &j->tree, report);
    people_release(&j->people);
    rows_release(&j->rows);
    free(j);
}

void verifier_check_file(const char *path, const struct verifier_options *options,
                         struct verifier_report *report)
{
    struct stat status = {0};
    void *bytes = MAP_FAILED;

    memset(report, 0, sizeof *report);
    if (stat(path, &status) == 0 && S_ISDIR(status.st_mode)) {
        published_check(path, options, report);
        return;
    }
    report->exit = VERIFIER_NOT_CHECKED;
    const int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0 || fstat(file, &status) != 0 || !S_ISREG(status.st_mode) || status.st_size == 0)
        snprintf(report->what, sizeof report->what, "%s: %s", path,
                 file < 0 ? strerror(errno) : "it is no file, or an empty one");
    else
        bytes = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, file, 0);
    if (bytes != MAP_FAILED) {
        verifier_check_bytes(bytes, (size_t)status.st_size, options, report);
        munmap(bytes, (size_t)status.st_size);
    } else if (report->what[0] == '\0')
        snprintf(report->what, sizeof report->what, "%s: %s", path, strerror(errno));
    if (file >= 0)
        close(file);
}
