/*
 * One bit flips between the hash and the disk: in what LMDB holds before the commit, or in what is written to the
 * file. Nothing is acknowledged, no seal comes out, the journal takes no more entries, and what is wrong is named.
 *
 * LMDB's calls to write() and its kin are ours here, because the program's own come first; store_look_begin() is wrapped
 * by the linker.
 */
#include "ledger/journal_state.h"
#include "ledger/queue.h"
#include "ledger/store_state.h"
#include "ledger/wire.h"
#include "support/trees.h"

#include <lmdb.h>
#include <sys/syscall.h>
#include <sys/uio.h>

/* -- flips in what is written to the file ---------------------------------------------------------------- */

static uint8_t pattern[64]; /* what is looked for in the bytes that are written */
static size_t pattern_size; /* 0: nothing */
static size_t pattern_bit;  /* that is flipped in it */
static unsigned flips;      /* that have happened */

static void look_for(const void *bytes, size_t size, size_t bit)
{
    memcpy(pattern, bytes, size);
    pattern_size = size;
    pattern_bit = bit;
    flips = 0;
}

/* Writes a copy in which the pattern has a bit flipped, if it is there. */
static ssize_t write_flipped(int fd, const void *bytes, size_t size, off_t at, bool has_at)
{
    uint8_t *const copy = malloc(size + 1);

    REQUIRE(copy);
    memcpy(copy, bytes, size);
    uint8_t *const found = pattern_size > 0 ? memmem(copy, size, pattern, pattern_size) : NULL;
    if (found) {
        found[pattern_bit / 8] ^= (uint8_t)(1u << pattern_bit % 8);
        pattern_size = 0;
        flips++;
    }
    const ssize_t rc =
        has_at ? syscall(SYS_pwrite64, fd, copy, size, at) : syscall(SYS_write, fd, copy, size);
    free(copy);
    return rc;
}

ssize_t write(int fd, const void *bytes, size_t size)
{
    return write_flipped(fd, bytes, size, 0, false);
}

ssize_t pwrite(int fd, const void *bytes, size_t size, off_t at)
{
    return write_flipped(fd, bytes, size, at, true);
}

ssize_t writev(int fd, const struct iovec *parts, int count)
{
    size_t size = 0;

    for (int i = 0; i < count; i++)
        size += parts[i].iov_len;
    uint8_t *const whole = malloc(size + 1);
    REQUIRE(whole);
    size = 0;
    for (int i = 0; i < count; size += parts[i++].iov_len)
        memcpy(whole + size, parts[i].iov_base, parts[i].iov_len);
    const ssize_t rc = write_flipped(fd, whole, size, 0, false);
    free(whole);
    return rc;
}

/* -- flips in what LMDB holds ---------------------------------------------------------------------------- */

enum err_code __real_store_look_begin(struct store_txn *t, struct store_txn **look, struct err *err);
enum err_code __wrap_store_look_begin(struct store_txn *t, struct store_txn **look, struct err *err);

static const char *held_rows; /* the sub-database; NULL: none */
static uint8_t held_key[16];
static size_t held_key_size;
static size_t held_bit;

static void hold(const char *rows, const void *key, size_t key_size, size_t bit)
{
    held_rows = rows;
    memcpy(held_key, key, key_size);
    held_key_size = key_size;
    held_bit = bit;
    flips = 0;
}

static void hold_seq(const char *rows, uint64_t seq, size_t bit)
{
    uint8_t key[8];

    wire_store_u64(key, seq);
    hold(rows, key, sizeof key, bit);
}

/* All has been put by then. */
enum err_code __wrap_store_look_begin(struct store_txn *t, struct store_txn **look, struct err *err)
{
    MDB_val key = {held_key_size, held_key};
    MDB_val value;
    MDB_dbi dbi;

    if (held_rows && mdb_dbi_open(t->txn, held_rows, 0, &dbi) == 0 &&
        mdb_get(t->txn, dbi, &key, &value) == 0) {
        const size_t bit = held_bit < 8 * value.mv_size ? held_bit : 8 * value.mv_size - 1;
        ((uint8_t *)value.mv_data)[bit / 8] ^= (uint8_t)(1u << bit % 8);
        held_rows = NULL;
        flips++;
    }
    return __real_store_look_begin(t, look, err);
}

/* -- helpers --------------------------------------------------------------------------------------------- */

/* Adds `count` notes, of which number `marked` says "flip me, please". */
static enum err_code append_notes(struct journal *j, unsigned count, unsigned marked, struct seal *seal,
                                  struct err *err)
{
    struct journal_group *g = NULL;

    const enum err_code rc = journal_group_begin(j, &g, err);
    if (rc)
        return rc;
    for (unsigned i = 0; i < count; i++) {
        struct entry e = entries_note(i == marked ? "flip me, please" : "a note like any other");
        SCRATCH_OK(journal_group_add(g, &e, err));
    }
    return journal_group_commit(g, seal, err);
}

static uint64_t size_of(struct journal *j)
{
    struct journal_reader *r = NULL;

    SCRATCH_OK(journal_reader_begin(j, &r, err));
    const uint64_t size = journal_reader_size(r);
    journal_reader_end(r);
    return size;
}

/* Nobody may write any more: this handle, another one, or the queue; reading goes on. */
static void assert_halted(struct scratch *s, struct journal *j, const char *words)
{
    static struct queue_reply reply;
    static uint8_t bytes[ENTRY_MAX_SIZE];
    struct entry e = entries_note("in vain");
    struct journal_group *g = NULL;
    struct queue *q = NULL;
    struct wire_out out;
    struct err why = {.code = ERR_OK};
    size_t refused;

    assert_int_equal(journal_group_begin(j, &g, &why), ERR_HALTED);
    assert_says(&why, words);
    SCRATCH_OK(queue_open(j, NULL, &q, err));
    wire_out_init(&out, bytes, sizeof bytes);
    SCRATCH_OK(entry_encode(&e, &out, err));
    const uint16_t size = (uint16_t)wire_out_size(&out);
    assert_int_equal(queue_append(q, bytes, &size, 1, &reply, &refused, &why), ERR_HALTED);
    assert_says(&why, words);
    queue_close(q);
    journal_close(j);
    j = scratch_open(s); /* it survives */
    assert_int_equal(journal_group_begin(j, &g, &why), ERR_HALTED);
    assert_says(&why, words);
    assert_says(&why, "halted at 2015-12-24T14:31:");
    assert_true(size_of(j) > 0);
    journal_close(j);
}

/* -- the tests ------------------------------------------------------------------------------------------- */

static void test_nothing_is_halted_without_a_flip(void **state)
{
    static const unsigned counts[] = {1, 2, 255, 256, 257, 600, 5000, 40000, 1, 70000, 3};
    static struct seal seal;
    struct scratch s;

    (void)state;
    scratch_init(&s);
    struct journal *j = scratch_create(&s);
    uint64_t size = 1;
    for (unsigned i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        SCRATCH_OK(append_notes(j, counts[i], UINT32_MAX, &seal, err));
        size += counts[i];
        assert_int_equal(seal.size, size);
        assert_int_equal(j->read_edge.size, size);
        journal_close(i % 3 ? NULL : j); /* now and then by a handle that has to load its edge */
        j = i % 3 ? j : scratch_open(&s);
    }
    journal_close(j);
    scratch_release(&s);
}

/* Where in the group the changed entry stands: before the first whole tile, in one, behind the last, at the ends. */
static void test_a_bit_flipped_before_the_seal_halts(void **state)
{
    static const struct {
        unsigned count;
        uint64_t block; /* its last entry, in a journal of 101 */
        size_t bit;
        const char *words;
    } rows[] = {
        {1, 102, 8 * 30 + 3, "entry 102 is not what was to be signed"},
        {1, 102, 8 * 8 + 7, "entry 102 is not what was to be signed"}, /* the first bit of its header */
        {1, 102, 8, "the block that ends with entry 102 is damaged"},  /* its count */
        {1, 102, 30, "the block that ends with entry 102 is damaged"}, /* its length */
        {3, 104, 8 * 20, "entry 102 is not what was to be signed"},
        {1000, 1101, 8 * 7000, "is not what was to be signed"},
    };
    static struct seal seal;
    struct err why;
    struct scratch s;

    (void)state;
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        scratch_init(&s);
        struct journal *const j = scratch_create(&s);
        SCRATCH_OK(append_notes(j, 100, UINT32_MAX, NULL, err));
        memset(&seal, 0x5a, sizeof seal);
        hold_seq("entries", rows[i].block, rows[i].bit);
        assert_int_equal(append_notes(j, rows[i].count, 0, &seal, &why), ERR_HALTED);
        assert_int_equal(flips, 1);
        assert_says(&why, rows[i].words);
        assert_says(&why, "nothing of it was written");
        assert_int_equal(((const uint8_t *)&seal)[0], 0x5a); /* none came out */
        assert_int_equal(size_of(j), 101);
        assert_halted(&s, j, rows[i].words);
        scratch_release(&s);
    }
}

/* Every block of a large group, whole tiles on a second core. */
static void test_a_bit_flipped_in_a_large_group_is_named(void **state)
{
    static struct seal seal;
    struct err why;
    struct scratch s;
    struct journal_reader *r = NULL;
    uint64_t ends[64];
    unsigned blocks = 0;

    (void)state;
    scratch_init(&s);
    struct journal *j = scratch_create(&s);
    SCRATCH_OK(append_notes(j, 3000, UINT32_MAX, NULL, err));
    SCRATCH_OK(journal_reader_begin(j, &r, err));
    for (uint64_t seq = 2; seq <= 3001; seq = ends[blocks++] + 1) {
        struct journal_record record;
        SCRATCH_OK(journal_reader_get(r, seq, &record, err));
        ends[blocks] = r->block.last;
    }
    journal_reader_end(r);
    journal_close(j);
    scratch_release(&s);
    assert_true(blocks > 20);
    for (unsigned i = 0; i < blocks; i += 5) { /* the same again, and each time another block is changed */
        scratch_init(&s);
        j = scratch_create(&s);
        hold_seq("entries", ends[i], 8 * 8000 + i);
        assert_int_equal(append_notes(j, 3000, UINT32_MAX, &seal, &why), ERR_HALTED);
        assert_int_equal(flips, 1);
        const char *const at = strstr(why.text, ": entry ");
        assert_non_null(at);
        const uint64_t named = strtoull(at + 8, NULL, 10);
        assert_true(named <= ends[i] && named > (i ? ends[i - 1] : 1));
        journal_close(j);
        scratch_release(&s);
    }
}

static void test_a_tile_flipped_before_the_seal_halts(void **state)
{
    static const uint8_t first[9] = {1};
    static const uint8_t above[9] = {2};
    static struct seal seal;
    struct err why;
    struct scratch s;

    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        scratch_init(&s);
        struct journal *const j = scratch_create(&s);
        SCRATCH_OK(append_notes(j, 300, UINT32_MAX, NULL, err));
        /* A hash that was there before the group, a new one, and the level above. */
        hold("tiles", i < 2 ? first : above, sizeof first, i == 1 ? 8 * 40 : 7);
        assert_int_equal(append_notes(j, i < 2 ? 600 : 66000, UINT32_MAX, &seal, &why), ERR_HALTED);
        assert_int_equal(flips, 1);
        assert_halted(&s, j, i < 2 ? "tile 1/0, as it is stored, is not" : "is not that of the tree");
        scratch_release(&s);
    }
}

static void test_a_bit_flipped_on_its_way_to_the_file_halts(void **state)
{
    static struct seal seal;
    struct err why;
    struct scratch s;

    (void)state;
    for (unsigned i = 0; i < 4; i++) {
        const unsigned count = i < 2 ? 1 : 2000;
        char words[64];
        scratch_init(&s);
        struct journal *const j = scratch_create(&s);
        SCRATCH_OK(append_notes(j, 10, UINT32_MAX, NULL, err));
        memset(&seal, 0x5a, sizeof seal);
        look_for("flip me, please", 15, 16 * i + 1);
        assert_int_equal(append_notes(j, count, count / 2, &seal, &why), ERR_HALTED);
        assert_int_equal(flips, 1);
        snprintf(words, sizeof words, "entry %u is not what was signed", 12 + count / 2);
        assert_says(&why, words);
        assert_says(&why, "it is in the file, and nobody was told of it");
        assert_int_equal(((const uint8_t *)&seal)[0], 0x5a);
        assert_halted(&s, j, words);
        scratch_release(&s);
    }
}

/* What stands beside the entries: the seal, and a tile. */
static void test_the_seal_and_the_tiles_are_read_back_from_the_file_too(void **state)
{
    static const char seal_words[] = "desk.example/test\n14\n";
    static struct seal seal;
    struct journal_reader *r = NULL;
    uint8_t hashes[MERKLE_TILE_SIZE];
    unsigned count = MERKLE_TILE_WIDTH;
    struct err why;
    struct scratch s;

    (void)state;
    scratch_init(&s);
    struct journal *j = scratch_create(&s);
    SCRATCH_OK(append_notes(j, 10, UINT32_MAX, NULL, err));
    look_for(seal_words, sizeof seal_words - 1, 3);
    assert_int_equal(append_notes(j, 3, UINT32_MAX, &seal, &why), ERR_HALTED);
    assert_int_equal(flips, 1);
    assert_halted(&s, j, "the seal of size 14 is not the one that was made");
    scratch_release(&s);

    scratch_init(&s); /* once to know the tile's hash, and once to flip it */
    j = scratch_create(&s);
    SCRATCH_OK(append_notes(j, 600, UINT32_MAX, &seal, err));
    SCRATCH_OK(journal_reader_begin(j, &r, err));
    SCRATCH_OK(journal_reader_tile(r, 1, 0, hashes, &count, err));
    assert_int_equal(count, 2);
    journal_reader_end(r);
    look_for(hashes, 32, 200);
    assert_int_equal(append_notes(j, 300, UINT32_MAX, &seal, &why), ERR_HALTED); /* which writes it anew */
    assert_int_equal(flips, 1);
    assert_halted(&s, j, "tile 1/0, as it is stored, is not that of the tree");
    scratch_release(&s);
}

/* The bytes beside an entry that tell which one was changed are not hashed: the file shows it. */
static void test_a_flipped_check_halts(void **state)
{
    struct err why;
    struct scratch s;

    (void)state;
    scratch_init(&s);
    struct journal *const j = scratch_create(&s);
    hold_seq("entries", 2, 8 * 6 + 7);
    assert_int_equal(append_notes(j, 1, 0, NULL, &why), ERR_HALTED);
    assert_int_equal(flips, 1);
    assert_halted(&s, j, "entry 2 is not what was signed; it is in the file");
    scratch_release(&s);
}

/* What was changed does not even decode any more: the journal opens for nobody, and says why. */
static void test_a_halted_journal_that_does_not_open_says_that_it_is_halted(void **state)
{
    struct journal *j = NULL;
    struct err why;
    struct scratch s;

    (void)state;
    scratch_init(&s);
    j = scratch_create(&s);
    look_for("flip me, please", 15, 8 * 3 + 7); /* no UTF-8 */
    assert_int_equal(append_notes(j, 3, 1, NULL, &why), ERR_HALTED);
    assert_int_equal(flips, 1);
    journal_close(j);
    assert_int_equal(journal_open(&s.options, &j, &why), ERR_HALTED);
    assert_says(&why, "entry 3 is not what was signed");
    scratch_release(&s);
}

/* What is sealed already is held against the seal before anything is built upon it. */
static void test_a_damaged_tile_is_not_built_upon(void **state)
{
    struct journal_group *g = NULL;
    struct store_txn *t = NULL;
    uint8_t hashes[MERKLE_TILE_SIZE];
    unsigned count = MERKLE_TILE_WIDTH;
    struct err why;
    struct scratch s;

    (void)state;
    scratch_init(&s);
    struct journal *j = scratch_create(&s);
    SCRATCH_OK(append_notes(j, 600, UINT32_MAX, NULL, err));
    SCRATCH_OK(store_write_begin(j->store, &t, err));
    SCRATCH_OK(store_get_tile(t, 1, 0, hashes, &count, err));
    hashes[40] ^= 1;
    SCRATCH_OK(store_put_tile(t, 1, 0, hashes, count, err));
    SCRATCH_OK(store_txn_commit(t, err));
    store_txn_end(t);
    journal_close(j);
    j = scratch_open(&s);
    assert_int_equal(journal_group_begin(j, &g, &why), ERR_FORMAT);
    assert_says(&why, "are not what the seal of size 601 signs");
    journal_close(j);
    scratch_release(&s);
}

/* The benchmark's option, and proof that it is reading back that finds a flip. */
static void test_without_reading_back_a_flip_is_signed(void **state)
{
    static struct seal seal;
    struct scratch s;

    (void)state;
    scratch_init(&s);
    journal_close(scratch_create(&s));
    s.options.skip_read_back = true;
    struct journal *const j = scratch_open(&s);
    look_for("flip me, please", 15, 5);
    SCRATCH_OK(append_notes(j, 3, 1, &seal, err));
    assert_int_equal(flips, 1);
    assert_int_equal(seal.size, 4);
    journal_close(j);
    scratch_release(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_is_halted_without_a_flip),
        cmocka_unit_test(test_a_bit_flipped_before_the_seal_halts),
        cmocka_unit_test(test_a_bit_flipped_in_a_large_group_is_named),
        cmocka_unit_test(test_a_tile_flipped_before_the_seal_halts),
        cmocka_unit_test(test_a_bit_flipped_on_its_way_to_the_file_halts),
        cmocka_unit_test(test_the_seal_and_the_tiles_are_read_back_from_the_file_too),
        cmocka_unit_test(test_a_flipped_check_halts),
        cmocka_unit_test(test_a_halted_journal_that_does_not_open_says_that_it_is_halted),
        cmocka_unit_test(test_a_damaged_tile_is_not_built_upon),
        cmocka_unit_test(test_without_reading_back_a_flip_is_signed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
