#include "verifier/bundle.h"

#include "verifier/people.h"
#include "verifier/stamps.h"
#include "verifier/tree.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <zip.h>

#define SEQ_END       (UINT64_C(1) << 53) /* what a browser can count */
#define FILE_MAX      ((uint64_t)1 << 31) /* bytes of one file, unpacked */
#define FILE_NAME_MAX 64

/* A file of the bundle, unpacked. */
struct file {
    uint8_t *bytes;
    size_t size;
};

struct sealed {
    uint64_t size;
    struct file note;
    struct digest root;
    const struct actor
        *wrong_witness;    /* known at its size, and the line in its name is not its own; NULL: none */
    uint64_t cosignatures; /* by such witnesses, that are good */
};

struct bundle {
    struct verifier_report *report;
    const struct trust *trust;
    struct words words;
    zip_t *zip;
    struct file entries;
    struct file proof;
    struct people people;
    struct digest *leaves; /* of the entries, with */
    uint64_t *indexes;     /* their places in the tree, from 0 */
    size_t count;
    struct sealed *seals; /* ascending */
    size_t seal_count;
    size_t witnessed;   /* of these, as far as entries have been read */
    struct digest root; /* of the newest */
    size_t next_leaf;   /* of the walk */
    size_t next_hash;
};

static bool wrong(struct bundle *b, const char *what, const char *where, ...)
    __attribute__((format(printf, 3, 4)));

static bool wrong(struct bundle *b, const char *what, const char *where, ...)
{
    va_list args;

    b->report->exit = VERIFIER_WRONG;
    snprintf(b->report->what, sizeof b->report->what, "%s", what);
    va_start(args, where);
    vsnprintf(b->report->where, sizeof b->report->where, where, args);
    va_end(args);
    return false;
}

static bool not_checked(struct bundle *b, const char *why)
{
    b->report->exit = VERIFIER_NOT_CHECKED;
    snprintf(b->report->what, sizeof b->report->what, "%s", why);
    return false;
}

/* -- 1: files ----------------------------------------------------------------------------------------------- */

bool bundle_is_one(const uint8_t *bytes, size_t size)
{
    return size >= 4 && memcmp(bytes, "PK\3\4", 4) == 0;
}

/* Unpacks file `index`. False: it cannot be, and that is said. */
static bool unpack(struct bundle *b, zip_uint64_t index, struct file *file)
{
    zip_stat_t st;

    zip_stat_init(&st);
    if (zip_stat_index(b->zip, index, 0, &st) != 0 || !(st.valid & ZIP_STAT_SIZE) || st.size > FILE_MAX)
        return wrong(b, "a file in it cannot be unpacked", "bundle");
    file->bytes = malloc(st.size + 1);
    if (!file->bytes)
        return not_checked(b, PLAIN_NO_MEMORY);
    zip_file_t *const opened = zip_fopen_index(b->zip, index, 0);
    const zip_int64_t got = opened ? zip_fread(opened, file->bytes, st.size + 1) : -1;
    const bool good = opened && zip_fclose(opened) == 0 && got == (zip_int64_t)st.size;
    file->size = st.size;
    return good || wrong(b, words_put(&b->words, "%s cannot be unpacked", st.name), "bundle");
}

static bool need(struct bundle *b, const char *name, struct file *file)
{
    const zip_int64_t index = zip_name_locate(b->zip, name, 0);

    return index < 0 ? wrong(b, words_put(&b->words, "%s is missing", name), "bundle")
                     : unpack(b, (zip_uint64_t)index, file);
}

/* The number in PREFIXnumberSUFFIX; 0: that is not the name's form. */
static uint64_t number_in(const char *name, const char *prefix, const char *suffix)
{
    const size_t before = strlen(prefix);
    uint64_t n = 0;

    if (strncmp(name, prefix, before) != 0 || name[before] == '0')
        return 0;
    const char *p = name + before;
    for (; *p >= '0' && *p <= '9' && p - name - (ptrdiff_t)before < 15; p++)
        n = 10 * n + (uint64_t)(*p - '0');
    return strcmp(p, suffix) == 0 ? n : 0;
}

static int compare_seals(const void *a, const void *b)
{
    const uint64_t x = ((const struct sealed *)a)->size;
    const uint64_t y = ((const struct sealed *)b)->size;

    return (x > y) - (x < y);
}

static bool list_seals(struct bundle *b)
{
    const zip_int64_t files = zip_get_num_entries(b->zip, 0);

    b->seals = calloc((size_t)(files > 0 ? files : 1), sizeof *b->seals);
    if (!b->seals)
        return not_checked(b, PLAIN_NO_MEMORY);
    for (zip_int64_t i = 0; i < files; i++) {
        const char *const name = zip_get_name(b->zip, (zip_uint64_t)i, ZIP_FL_ENC_RAW);
        if (name && zip_name_locate(b->zip, name, 0) != i)
            return wrong(b, words_put(&b->words, "%.64s is in it twice", name), "bundle");
        const uint64_t size = name ? number_in(name, "seals/", ".note") : 0;
        if (size == 0)
            continue;
        b->seals[b->seal_count].size = size;
        if (!unpack(b, (zip_uint64_t)i, &b->seals[b->seal_count++].note))
            return false;
    }
    if (b->seal_count == 0)
        return wrong(b, "it has no seal", "bundle");
    qsort(b->seals, b->seal_count, sizeof *b->seals, compare_seals);
    return true;
}

static bool open_zip(struct bundle *b, const void *bytes, size_t size)
{
    struct file guide = {0};
    zip_error_t why;

    zip_error_init(&why);
    zip_source_t *const source = zip_source_buffer_create(bytes, size, 0, &why);
    b->zip = source ? zip_open_from_source(source, ZIP_RDONLY | ZIP_CHECKCONS, &why) : NULL;
    zip_error_fini(&why);
    if (!b->zip && source)
        zip_source_free(source);
    if (!b->zip)
        return wrong(b, "it is no zip file, or a damaged one", "bundle");
    const bool good = need(b, "bundle.json", &guide) && need(b, "entries", &b->entries) &&
                      need(b, "proof", &b->proof) && list_seals(b);
    free(guide.bytes);
    return good;
}

/* -- 3 and 5: entries, and who may say what ------------------------------------------------------------------- */

/* Witnesses' lines in the seals below entry `seq`, by the witnesses that the entries before it name. */
static void take_witnesses(struct bundle *b, uint64_t seq)
{
    for (; b->witnessed < b->seal_count && b->seals[b->witnessed].size < seq; b->witnessed++) {
        struct sealed *const seal = &b->seals[b->witnessed];
        seal->wrong_witness =
            people_wrong_witness(&b->people, seal->note.bytes, seal->note.size, &seal->cosignatures);
    }
}

/* Before the first: where nothing has a number yet. */
static bool wrong_next(struct bundle *b, uint64_t last, const char *what)
{
    return last ? wrong(b, what, "the entry after entry %" PRIu64, last) : wrong(b, what, "the first entry");
}

static bool check_entry(struct bundle *b, const uint8_t *bytes, size_t size, uint64_t last)
{
    struct form e;
    const uint64_t seq = size >= 16 ? plain_u64(bytes + 8) : 0;

    if (seq == 0 || seq >= SEQ_END)
        return wrong_next(b, last, "it has no number");
    if (seq <= last)
        return wrong(b, words_put(&b->words, "it does not come after entry %" PRIu64, last), "entry %" PRIu64,
                     seq);
    const char *broken = entry_read(&e, bytes, size, seq, &b->words);
    if (broken && e.is_unknown)
        return not_checked(b, broken);
    if (!broken && last == 0 && (e.kind != KIND_GENESIS || seq != 1))
        return wrong(b, "the bundle does not begin with genesis", "entry 1");
    take_witnesses(b, seq);
    if (!broken)
        broken = people_check(&b->people, &e, seq);
    if (broken == PLAIN_NO_MEMORY)
        return not_checked(b, broken);
    if (broken)
        return wrong(b, broken, "entry %" PRIu64, seq);
    b->leaves[b->count] = digest_leaf(bytes, size);
    b->indexes[b->count++] = seq - 1;
    b->report->gaps += seq != last + 1;
    if (last == 0)
        b->report->recorded_from_ns = e.recorded_at_ns;
    b->report->recorded_to_ns = e.recorded_at_ns;
    b->report->bytes += size;
    return true;
}

/* How many entries there can be: each takes its two bytes and a header. */
static bool make_room(struct bundle *b)
{
    const size_t most = b->entries.size / (2 + ENTRIES_HEADER) + 1;

    b->leaves = malloc(most * sizeof *b->leaves);
    b->indexes = malloc(most * sizeof *b->indexes);
    return (b->leaves && b->indexes) || not_checked(b, PLAIN_NO_MEMORY);
}

static bool check_entries(struct bundle *b)
{
    const uint8_t *at = b->entries.bytes;
    const uint8_t *const end = at + b->entries.size;
    uint64_t last = 0;

    if (!make_room(b))
        return false;
    while (at < end) {
        const size_t left = (size_t)(end - at);
        const size_t size = left >= 2 ? plain_u16(at) : 0;
        if (left < 2 + size)
            return wrong_next(b, last, "it runs past the end of the file");
        if (size < ENTRIES_HEADER)
            return wrong_next(b, last, "it is shorter than a header");
        if (!check_entry(b, at + 2, size, last))
            return false;
        last = plain_u64(at + 2 + 8);
        at += 2 + size;
    }
    take_witnesses(b, UINT64_MAX);
    return b->count > 0 || wrong(b, "it has no entries", "bundle");
}

/* -- 4: the proof --------------------------------------------------------------------------------------------- */

/* The largest power of two below `size`, which is 2 or more. */
static uint64_t left_of(uint64_t size)
{
    return UINT64_C(1) << (63 - __builtin_clzll(size - 1));
}

/* One level of the tree deeper each time: at most 63. */
static bool walk(struct bundle *b, uint64_t from, uint64_t to, struct digest *root)
{
    struct digest left;
    struct digest right;

    if (b->next_leaf == b->count || b->indexes[b->next_leaf] >= to) {
        if (b->next_hash == b->proof.size / DIGEST_SIZE)
            return wrong(b, "it has fewer hashes than these entries need", "proof");
        memcpy(root->bytes, b->proof.bytes + DIGEST_SIZE * b->next_hash++, DIGEST_SIZE);
        return true;
    }
    if (to - from == 1) {
        *root = b->leaves[b->next_leaf++];
        return true;
    }
    const uint64_t middle = from + left_of(to - from);
    if (!walk(b, from, middle, &left) || !walk(b, middle, to, &right))
        return false;
    *root = digest_node(&left, &right);
    return true;
}

static bool check_proof(struct bundle *b)
{
    const uint64_t size = b->seals[b->seal_count - 1].size;
    const uint64_t last = b->indexes[b->count - 1] + 1;

    b->report->entries = b->count;
    b->report->sealed = size;
    if (last > size)
        return wrong(b, words_put(&b->words, "the newest seal covers %" PRIu64 " entries", size),
                     "entry %" PRIu64, last);
    if (b->proof.size % DIGEST_SIZE != 0)
        return wrong(b, "it does not hold whole hashes", "proof");
    if (!walk(b, 0, size, &b->root))
        return false;
    if (b->next_hash != b->proof.size / DIGEST_SIZE)
        return wrong(b, "it has more hashes than these entries need", "proof");
    memcpy(b->report->root, b->root.bytes, DIGEST_SIZE);
    return true;
}

/* -- 6 to 8: seals -------------------------------------------------------------------------------------------- */

static const struct sealed *find_seal(const struct bundle *b, uint64_t size)
{
    const struct sealed wanted = {.size = size};

    return bsearch(&wanted, b->seals, b->seal_count, sizeof *b->seals, compare_seals);
}

static bool check_hand_overs(struct bundle *b)
{
    static const char MISSING[] = "it is missing: it hands the journal over to a new key";

    for (size_t i = 1; i < b->people.keys.count; i++) {
        const uint64_t begins = b->people.keys.epochs[i].begins;
        if (!find_seal(b, begins - 1))
            return wrong(b, MISSING, "seal %" PRIu64, begins - 1);
        if (b->people.keys.epochs[i].is_recovery && !find_seal(b, begins))
            return wrong(b, MISSING, "seal %" PRIu64, begins);
    }
    return true;
}

/* A consistency proof, read as RFC 6962, section 2.1.2, makes it. */
struct path {
    const struct file *file;
    size_t next;
    const struct digest *seed; /* the old root */
};

static bool next_hash(struct path *p, struct digest *hash)
{
    if (DIGEST_SIZE * (p->next + 1) > p->file->size)
        return false;
    memcpy(hash->bytes, p->file->bytes + DIGEST_SIZE * p->next++, DIGEST_SIZE);
    return true;
}

/* Both roots of the part whose first `old` of `size` leaves were there before. False: the path is too short. */
static bool climb(struct path *p, uint64_t old, uint64_t size, bool is_whole, struct digest roots[2])
{
    struct digest other;

    if (old == size) {
        if (is_whole)
            roots[0] = *p->seed;
        else if (!next_hash(p, &roots[0]))
            return false;
        roots[1] = roots[0];
        return true;
    }
    const uint64_t left = left_of(size);
    if (old <= left) {
        if (!climb(p, old, left, is_whole, roots) || !next_hash(p, &other))
            return false;
        roots[1] = digest_node(&roots[1], &other);
        return true;
    }
    if (!climb(p, old - left, size - left, false, roots) || !next_hash(p, &other))
        return false;
    roots[0] = digest_node(&other, &roots[0]);
    roots[1] = digest_node(&other, &roots[1]);
    return true;
}

static bool check_consistency(struct bundle *b, const struct sealed *seal, uint64_t newest)
{
    struct file file = {0};
    struct digest roots[2];
    char name[FILE_NAME_MAX];
    struct path path = {.file = &file, .seed = &seal->root};

    snprintf(name, sizeof name, "seals/%" PRIu64 ".consistency", seal->size);
    bool good = need(b, name, &file);
    if (good && (!climb(&path, seal->size, newest, true, roots) || path.next * DIGEST_SIZE != file.size))
        good = wrong(b, "its way to the newest seal is not in form", "seal %" PRIu64, seal->size);
    if (good && (memcmp(&roots[0], &seal->root, sizeof roots[0]) != 0 ||
                 memcmp(&roots[1], &b->root, sizeof roots[1]) != 0))
        good = wrong(b, "it is of another history than the newest seal", "seal %" PRIu64, seal->size);
    free(file.bytes);
    return good;
}

static bool check_seal(struct bundle *b, struct sealed *seal)
{
    const uint64_t newest = b->seals[b->seal_count - 1].size;
    const char *const broken = seal_open(seal_keys_at(&b->people.keys, seal->size), seal->note.bytes,
                                         seal->note.size, seal->size, &seal->root, &b->words);

    if (broken)
        return wrong(b, broken, "seal %" PRIu64, seal->size);
    if (seal->size < newest && !check_consistency(b, seal, newest))
        return false;
    if (seal->size == newest && memcmp(&seal->root, &b->root, sizeof b->root) != 0)
        return wrong(b,
                     "entries and proof do not lead to the root that the newest seal signs: an entry was "
                     "altered, or "
                     "is not of this journal",
                     "proof");
    if (seal->wrong_witness)
        return wrong(b,
                     words_put(&b->words, "the line in it of the witness %.*s is not its cosignature",
                               (int)seal->wrong_witness->name_size, (const char *)seal->wrong_witness->name),
                     "seal %" PRIu64, seal->size);
    b->report->seals++;
    b->report->cosignatures += seal->cosignatures;
    return true;
}

/* The newest entry here that the seal covers: none of those it covers was recorded before that. */
static int64_t recorded_below(const struct bundle *b, uint64_t size)
{
    const uint8_t *at = b->entries.bytes;
    int64_t recorded_at_ns = INT64_MIN;

    for (size_t i = 0; i < b->count && b->indexes[i] < size; i++) {
        recorded_at_ns = (int64_t)plain_u64(at + 2 + 16);
        at += 2 + plain_u16(at);
    }
    return recorded_at_ns;
}

static bool check_stamp(struct bundle *b, zip_uint64_t index, uint64_t size)
{
    const struct sealed *const seal = find_seal(b, size);
    struct file token = {0};
    struct words why;
    bool good = unpack(b, index, &token);

    if (good && !seal)
        good = wrong(b, "its seal is not in the bundle", "timestamp %" PRIu64, size);
    const char *const broken = good && seal
                                   ? stamp_check(b->trust, seal->note.bytes, seal->note.size,
                                                 recorded_below(b, size), token.bytes, token.size, &why)
                                   : NULL;
    if (broken)
        good = wrong(b, words_put(&b->words, "it %s", broken), "timestamp %" PRIu64, size);
    free(token.bytes);
    return good;
}

/* N in timestamps/N-i.tsr; 0: that is not the name's form. */
static uint64_t stamped_by(const char *name)
{
    char first[FILE_NAME_MAX];

    const char *const dash = name && strlen(name) < sizeof first ? strchr(name, '-') : NULL;
    const size_t digits = dash ? strspn(dash + 1, "0123456789") : 0;
    if (digits == 0 || digits > 15 || strcmp(dash + 1 + digits, ".tsr") != 0)
        return 0;
    snprintf(first, sizeof first, "%.*s", (int)(dash - name), name);
    return number_in(first, "timestamps/", "");
}

static bool check_stamps(struct bundle *b)
{
    const zip_int64_t files = zip_get_num_entries(b->zip, 0);

    for (zip_int64_t i = 0; i < files; i++) {
        const uint64_t size = stamped_by(zip_get_name(b->zip, (zip_uint64_t)i, ZIP_FL_ENC_RAW));
        if (size == 0)
            continue;
        if (!check_stamp(b, (zip_uint64_t)i, size))
            return false;
        b->report->timestamps++;
        b->report->stamped = size > b->report->stamped ? size : b->report->stamped;
    }
    return true;
}

/* -- all of it ------------------------------------------------------------------------------------------------ */

/* 2. Without a given key genesis' own is taken: then the bundle agrees with itself, and no more is said. */
static bool take_key(struct bundle *b, const struct verifier_options *options)
{
    if (sodium_init() < 0)
        return not_checked(b, "libsodium cannot be used");
    if (options->against)
        return not_checked(b, "a kept seal is compared with a journal, not with a bundle");
    if (!options->vkey)
        return true;
    const char *const broken = seal_key_parse(&b->people.key, options->vkey);
    if (broken)
        return not_checked(b, broken);
    b->people.has_key = true;
    b->report->key_given = true;
    return true;
}

static bool check_all(struct bundle *b)
{
    if (!check_entries(b) || !check_proof(b) || !check_hand_overs(b))
        return false;
    /* The newest first: it tells whether these are the entries at all. */
    if (!check_seal(b, &b->seals[b->seal_count - 1]))
        return false;
    for (size_t i = 0; i + 1 < b->seal_count; i++) {
        if (!check_seal(b, &b->seals[i]))
            return false;
    }
    return check_stamps(b);
}

static void describe(const struct bundle *b, struct verifier_report *report)
{
    report->is_bundle = true;
    report->integrity_ok = report->exit == VERIFIER_GOOD;
    report->signatures = b->people.signature_count;
    if (!b->people.has_key)
        return;
    memcpy(report->origin, b->people.key.name, b->people.key.name_size + 1);
    seal_key_format(&b->people.key, report->vkey);
    const struct seal_key *const newest = seal_keys_at(&b->people.keys, UINT64_MAX);
    seal_key_format(newest ? newest : &b->people.key, report->newest_vkey);
    report->epochs = b->people.keys.count;
    report->pairs = b->people.persons.pairs;
    report->owned_since = report->integrity_ok ? b->people.persons.owned_since : 0;
}

static void release(struct bundle *b)
{
    for (size_t i = 0; i < b->seal_count; i++)
        free(b->seals[i].note.bytes);
    free(b->seals);
    people_release(&b->people);
    free(b->entries.bytes);
    free(b->proof.bytes);
    free(b->leaves);
    free(b->indexes);
    if (b->zip)
        zip_discard(b->zip);
    free(b);
}

void bundle_check(const void *bytes, size_t size, const struct verifier_options *options,
                  struct verifier_report *report)
{
    struct bundle *const b = calloc(1, sizeof *b);

    report->exit = VERIFIER_NOT_CHECKED;
    snprintf(report->what, sizeof report->what, "%s", PLAIN_NO_MEMORY);
    if (!b)
        return;
    b->report = report;
    b->people.words = &b->words;
    b->trust = options->trust;
    if (take_key(b, options) && open_zip(b, bytes, size) && check_all(b)) {
        report->exit = VERIFIER_GOOD;
        report->what[0] = '\0';
    }
    describe(b, report);
    release(b);
}
