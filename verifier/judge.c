/*
 * Section 8: the walk. Block after block, entry after entry; then what must be true at the end. Every function that
 * answers with a bool says "go on": false is an end, which the report then tells.
 */
#include "verifier/verifier.h"

#include "verifier/blocks.h"
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

struct judge {
    const struct verifier_options *options;
    struct verifier_report *report;
    struct words words; /* the sentence in hand */
    struct rows rows;
    uint64_t next_block; /* the first row of each table that has not had its turn */
    size_t next_seal;
    size_t next_control;
    size_t next_stamp;
    uint64_t stamp_size;     /* the first timestamp that is wrong is beside this seal, */
    struct words stamp_what; /* and how; empty: none is */
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

/* What is missing was not changed. */
static bool missing(struct judge *j, const char *what)
{
    j->report->integrity_ok = true;
    snprintf(j->report->what, sizeof j->report->what, "%s", what);
    return false;
}

/* -- seals -------------------------------------------------------------------------------------------------- */

/* Rule 13 of a seal but for its root. Returns what is wrong, or NULL. */
static const char *open_seal(struct judge *j, const struct row *seal, struct digest *root)
{
    const struct seal_key *const key = seal_keys_at(&j->people.keys, seal->number);

    if (seal->is_missing)
        return "it is missing";
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
    const struct words words = j->words; /* kept: it says what is wrong with the entry */
    struct row seal;
    bool found = false;

    do
        found = rows_at(&j->rows, ROWS_SEALS, j->next_seal++, &seal);
    while (found && (seal.number <= j->s || open_seal(j, &seal, &root)));
    j->words = words;
    while (found && tree.size < seal.number) {
        const uint8_t *bytes = NULL;
        const uint8_t *check = NULL;
        size_t size = 0;
        if (b.left == 0) {
            struct row row;
            if (!rows_at(&j->rows, ROWS_ENTRIES, j->next_block++, &row) || !blocks_open(&j->rows, &b, &row))
                return false;
        }
        if (!blocks_take(&b, &bytes, &size, &check))
            return false;
        const struct digest leaf = digest_leaf(bytes, size);
        tree_add(&tree, &leaf, made);
    }
    const struct digest mine = tree_root(&tree);
    return found && memcmp(&mine, &root, sizeof root) == 0;
}

/* -- rules 10 to 13 ----------------------------------------------------------------------------------------- */

/* Rule 11: each tile's hash that entry s has completed. */
static bool check_tiles(struct judge *j, const struct digest made[TREE_LEVELS], unsigned levels)
{
    for (unsigned level = 1; level <= levels; level++) {
        const uint64_t slot = (j->s >> 8 * level) - 1;
        const size_t at = slot % 256 * DIGEST_SIZE;
        struct row tile = {.size = 0};
        const bool found = rows_tile(&j->rows, level, slot / 256, &tile);
        if (found && at + DIGEST_SIZE <= tile.size && memcmp(tile.value + at, &made[level], DIGEST_SIZE) == 0)
            continue;
        j->report->first = (slot << 8 * level) + 1;
        j->report->last = (slot + 1) << 8 * level;
        words_put(&j->words, "its hash %" PRIu64 " does not stand for entries %" PRIu64 "..%" PRIu64,
                  slot % 256, j->report->first, j->report->last);
        wrong(j, j->words.text, "tile %u/%" PRIu64, level, slot / 256);
        return tile.is_missing ? missing(j, "it is missing") : false;
    }
    return true;
}

/* Rule 12. */
static bool check_control(struct judge *j, bool is_control)
{
    struct row row;
    const bool is_listed = rows_at(&j->rows, ROWS_CONTROL, j->next_control, &row) && row.number == j->s;

    if (j->rows.published)
        return true;
    if (is_control != is_listed)
        return wrong(
            j, is_control ? "it does not list a control entry" : "it lists an entry that is no control entry",
            "control index %" PRIu64, j->s);
    if (is_listed && row.size != 0)
        return wrong(j, "its row is not empty", "control index %" PRIu64, j->s);
    j->next_control += is_listed;
    return true;
}

/* Rule 19, of the timestamps beside seals up to this size, which has a seal. What is wrong is told at the end. */
static void check_stamps(struct judge *j, const struct row *seal)
{
    uint32_t expected = 0;
    struct words why;
    struct row stamp;

    while (rows_at(&j->rows, ROWS_TIMESTAMPS, j->next_stamp, &stamp) && stamp.number <= seal->number) {
        const char *broken = NULL;
        if (!seal->value || stamp.number < seal->number)
            broken = "there is no seal of that size";
        else if (stamp.nth != expected++)
            broken = "it is not the next of that seal";
        else
            broken = stamp_check(j->options->trust, seal->value, seal->size, j->people.recorded_at_ns,
                                 stamp.value, stamp.size, &why);
        if (broken && !j->stamp_what.text[0]) {
            words_put(&j->stamp_what, "number %" PRIu32 ": %s", stamp.nth, broken);
            j->stamp_size = stamp.number;
        }
        j->report->stamped = stamp.number;
        j->next_stamp++;
    }
}

/* Rule 13 of the seal that is there. */
static bool check_note(struct judge *j, const struct row *seal)
{
    struct digest root;
    char where[40];

    snprintf(where, sizeof where, "seal %" PRIu64, j->s);
    if (seal->is_checkpoint)
        snprintf(where, sizeof where, "checkpoint");
    const char *const broken = open_seal(j, seal, &root);
    if (broken) {
        wrong(j, broken, "%s", where);
        return seal->is_missing ? missing(j, broken) : false;
    }
    const struct digest mine = tree_root(&j->tree);
    if (memcmp(&mine, &root, sizeof root) != 0) {
        j->report->first = j->report->sealed + 1;
        j->report->last = j->s;
        words_put(&j->words,
                  "its signature is good, but entries %" PRIu64 "..%" PRIu64 " are not those it sealed",
                  j->report->first, j->s);
        return wrong(j, j->words.text, "%s", where);
    }
    uint64_t again = 0; /* a checkpoint's lines were counted with its seal */
    const struct actor *const other = people_wrong_witness(
        &j->people, seal->value, seal->size, seal->is_checkpoint ? &again : &j->report->cosignatures);
    if (other) {
        words_put(&j->words, "its line as %.*s is not the signature of that witness", (int)other->name_size,
                  (const char *)other->name);
        return wrong(j, j->words.text, "%s", where);
    }
    j->report->seals += j->report->sealed < j->s; /* a checkpoint is a seal that was counted */
    j->report->sealed = j->s;
    return true;
}

/* Rule 13. */
static bool check_seal(struct judge *j)
{
    struct row seal;
    bool found = false;

    if (j->people.recovers && j->report->sealed != j->s - 1)
        return wrong(j, "it is missing: the next entry puts another key in the place of a lost one",
                     "seal %" PRIu64, j->s - 1);
    for (; rows_at(&j->rows, ROWS_SEALS, j->next_seal, &seal) && seal.number == j->s; j->next_seal++) {
        if (!check_note(j, &seal))
            return false;
        if (!seal.is_checkpoint)
            check_stamps(j, &seal);
        found = true;
    }
    return found || !(j->people.hands_over || j->people.recovers) ||
           wrong(j, "it is missing: its newest entry names the next key", "seal %" PRIu64, j->s);
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

/* Section 8.2: entry s + 1 and its check do not agree. */
static bool wrong_check(struct judge *j, struct block before)
{
    if (!seals_confirm(j, before))
        return wrong_entry(j, j->s + 1, "its hash does not begin with its check");
    words_put(&j->words, "the check of entry %" PRIu64 " is not its own, and a seal confirms the entry",
              j->s + 1);
    return j->rows.published ? wrong(j, j->words.text, "tile 0/%" PRIu64, j->s / PUBLISHED_WIDTH)
                             : wrong(j, j->words.text, "check %" PRIu64, j->s + 1);
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

    if (!blocks_take(&j->block, &bytes, &size, &check))
        return wrong_entry(j, j->s + 1, "it runs past the end of its block");
    const char *broken = entry_read(&e, bytes, size, j->s + 1, &j->words);
    if (!broken)
        broken = people_check(&j->people, &e, j->s + 1);
    if (broken == PLAIN_NO_MEMORY || (broken && e.is_unknown && seals_confirm(j, before))) /* section 8.4 */
        return not_checked(j, broken);
    if (broken)
        return wrong_entry(j, j->s + 1, broken);
    const struct digest leaf = digest_leaf(bytes, size);
    if (memcmp(check, leaf.bytes, before.check_size) != 0) /* rule 10 */
        return wrong_check(j, before);
    const unsigned levels = tree_add(&j->tree, &leaf, made);
    count_entry(j, &e);
    kept_pass(&j->kept, &j->tree);
    return check_tiles(j, made, levels) && check_control(j, e.kind >> 8 == FAMILY_CONTROL) && check_seal(j);
}

/* A bundle and its checks, which are the hashes of a tile. */
static bool open_bundle(struct judge *j, const struct row *row)
{
    const uint64_t index = (row->number - 1) / PUBLISHED_WIDTH;
    struct row tile;

    if (!rows_tile(&j->rows, 0, index, &tile)) {
        wrong(j, "it has not as many hashes as it should", "tile 0/%" PRIu64, index);
        return tile.is_missing ? missing(j, "it is missing") : false;
    }
    if (!blocks_open(&j->rows, &j->block, row)) {
        wrong_entry(j, j->s + 1, "");
        return missing(j, "its bundle is missing");
    }
    j->block.checks = tile.value;
    return true;
}

static bool check_block(struct judge *j, const struct row *row)
{
    if (j->rows.published ? !open_bundle(j, row) : !blocks_open(&j->rows, &j->block, row))
        return j->rows.published
                   ? false
                   : wrong_entry(j, j->s + 1, "its block is malformed: its count and its size do not agree");
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
    struct digest root;
    struct row seal;

    if (rows_at(&j->rows, ROWS_SEALS, j->next_seal, &seal)) {
        const char *const broken = open_seal(j, &seal, &root);
        if (broken)
            return wrong(j, broken, "seal %" PRIu64, seal.number);
        j->report->integrity_ok = true;
        words_put(&j->words, "it is missing: the journal ends before it, and seal %" PRIu64 " covers it",
                  seal.number);
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
    j->report->tiles = j->rows.published ? published_tiles(j->rows.published) : tiles->count;
    return true;
}

static bool check_end(struct judge *j)
{
    struct row row;

    if (j->s == 0) /* 14 */
        return wrong_entry(j, 1, "the journal has no entry");
    if (!check_newest_seal(j) || !check_widths(j))
        return false;
    if (rows_at(&j->rows, ROWS_CONTROL, j->next_control, &row)) /* 18 */
        return wrong(j, "there is no such entry", "control index %" PRIu64, row.number);
    row = (struct row){.number = UINT64_MAX};
    check_stamps(j, &row);     /* those that are left have no seal */
    if (j->stamp_what.text[0]) /* 19 */
        return wrong(j, j->stamp_what.text, "timestamp %" PRIu64, j->stamp_size);
    j->report->timestamps = j->rows.tables[ROWS_TIMESTAMPS].count;
    j->report->integrity_ok = true;
    if (!kept_check(&j->kept, &j->people, j->s))
        return not_checked(j, "the kept seal is no seal of this journal");
    return j->kept.is_other ? wrong(j, j->kept.what, "kept seal") : true;
}

/* What section 8.1 says before the walk. */
static bool check_beginning(struct judge *j)
{
    const struct row *const layout = rows_meta(&j->rows, "layout");
    enum rows_table bad = ROWS_META;
    struct row row;

    if (!layout || layout->size != 4 || plain_number(layout->value, 4) != LAYOUT)
        return not_checked(j, "it is no journal, or one of a layout that this verifier does not know");
    if (!rows_number(&j->rows, &bad))
        return wrong(j, "a key has not the size that keys have there", "table %s", rows_name(bad));
    if (rows_at(&j->rows, ROWS_SEALS, 0, &row) && row.number == 0)
        return wrong(j, "a seal covers one entry at least", "seal 0");
    if (rows_at(&j->rows, ROWS_CONTROL, 0, &row) && row.number == 0)
        return wrong(j, "there is no entry 0", "control index 0");
    return true;
}

static bool walk(struct judge *j)
{
    struct row row;

    if (!j->rows.published && !check_beginning(j))
        return false;
    while (rows_at(&j->rows, ROWS_ENTRIES, j->next_block++, &row)) {
        if (!check_block(j, &row))
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

/* The rows were read, or `broken` says why they could not be. */
static void judge_rows(struct judge *j, const char *broken)
{
    struct verifier_report *const r = j->report;

    if (broken)
        not_checked(j, broken);
    else if (take_options(j, j->options) && walk(j)) {
        r->exit = VERIFIER_GOOD;
        r->what[0] = '\0';
    }
    if (r->exit != VERIFIER_NOT_CHECKED && !j->kept.is_other)
        r->complete_ok = j->rows.published ? published_is_complete(&j->rows) : is_complete(j);
    people_report(&j->people, &j->tree, r);
}

static struct judge *judge_new(const struct verifier_options *options, struct verifier_report *report)
{
    struct judge *const j = calloc(1, sizeof *j);

    report->exit = VERIFIER_NOT_CHECKED;
    snprintf(report->what, sizeof report->what, "%s", PLAIN_NO_MEMORY);
    if (!j)
        return NULL;
    j->options = options;
    j->report = report;
    j->people.words = &j->words;
    return j;
}

static void judge_free(struct judge *j)
{
    people_release(&j->people);
    rows_release(&j->rows);
    free(j);
}

void verifier_check_bytes(const void *bytes, size_t size, const struct verifier_options *options,
                          struct verifier_report *report)
{
    memset(report, 0, sizeof *report);
    if (bundle_is_one(bytes, size)) {
        bundle_check(bytes, size, options, report);
        return;
    }
    struct judge *const j = judge_new(options, report);
    if (!j)
        return;
    judge_rows(j, rows_read(&j->rows, bytes, size, &j->words));
    judge_free(j);
}

static void check_directory(const char *path, const struct verifier_options *options,
                            struct verifier_report *report)
{
    struct published_fault fault;
    struct judge *const j = judge_new(options, report);

    if (!j)
        return;
    if (published_open(&j->rows, path, &fault))
        judge_rows(j, NULL);
    else if (fault.where) {
        wrong(j, fault.what, "%s", fault.where);
        report->integrity_ok = fault.is_missing;
    } else
        not_checked(j, fault.what);
    if (j->rows.published && published_failed(j->rows.published)) {
        not_checked(j, published_failed(j->rows.published));
        report->complete_ok = false;
    }
    judge_free(j);
}

void verifier_check_file(const char *path, const struct verifier_options *options,
                         struct verifier_report *report)
{
    struct stat status = {0};
    void *bytes = MAP_FAILED;

    memset(report, 0, sizeof *report);
    if (stat(path, &status) == 0 && S_ISDIR(status.st_mode)) {
        check_directory(path, options, report);
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
