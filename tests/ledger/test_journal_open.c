/* Making and opening journals: every way in which a directory can be wrong, and what the error says of it. */
#include "ledger/vault.h"
#include "support/journals.h"
#include "support/trees.h"

#include <lmdb.h>
#include <sys/stat.h>

static const char *path_of(const struct scratch *s, const char *name)
{
    static char path[300];

    snprintf(path, sizeof path, "%s/%s", s->dir, name);
    return path;
}

static void assert_opens_not(struct scratch *s, enum err_code verdict, const char *words)
{
    struct err why = {.code = ERR_OK};
    struct journal *j = NULL;

    for (int read_only = 0; read_only < 2; read_only++) {
        s->options.read_only = read_only;
        assert_int_equal(journal_open(&s->options, &j, &why), verdict);
        assert_null(j);
        assert_says(&why, words);
        assert_says(&why, s->dir);
    }
    s->options.read_only = false;
}

/* -- making --------------------------------------------------------------------------------------------- */

static void assert_makes_not(struct scratch *s, const char *origin, struct actor_rows *first,
                             enum err_code verdict, const char *words)
{
    struct err why = {.code = ERR_OK};

    assert_int_equal(journal_create(&s->options, origin, s->passphrase, first, &why), verdict);
    assert_says(&why, words);
}

static void test_a_journal_that_cannot_be_made_leaves_nothing_behind(void **state)
{
    static char longest[JOURNAL_ORIGIN_MAX + 2];
    struct actor_rows good = scratch_actors();
    struct actor_rows twice = scratch_actors();
    struct actor_rows reserved = scratch_actors();
    struct scratch s;

    (void)state;
    scratch_init(&s);
    twice.rows[2].name = twice.rows[0].name;
    reserved.rows[1].name = id_from("journal");
    memset(longest, 'o', JOURNAL_ORIGIN_MAX + 1);
    assert_makes_not(&s, "", &good, ERR_INPUT, "origin");
    assert_makes_not(&s, "desk example", &good, ERR_INPUT, "origin");
    assert_makes_not(&s, "desk+example", &good, ERR_INPUT, "origin");
    assert_makes_not(&s, longest, &good, ERR_INPUT, "201 bytes where 200 are allowed");
    assert_makes_not(&s, SCRATCH_ORIGIN, &twice, ERR_INPUT, "an actor \"operator:ann\" already");
    assert_makes_not(&s, SCRATCH_ORIGIN, &reserved, ERR_INPUT, "the journal's own name");
    assert_int_not_equal(access(s.dir, F_OK), 0);

    snprintf(s.dir, sizeof s.dir, "%s/missing/J", s.root);
    assert_makes_not(&s, SCRATCH_ORIGIN, &good, ERR_IO, "No such file");
    snprintf(s.dir, sizeof s.dir, "%s/file", s.root);
    FILE *const f = fopen(s.dir, "w");
    assert_non_null(f);
    fclose(f);
    assert_makes_not(&s, SCRATCH_ORIGIN, &good, ERR_IO, "is no directory");

    snprintf(s.dir, sizeof s.dir, "%s/J", s.root);
    longest[JOURNAL_ORIGIN_MAX] = '\0'; /* exactly the longest; a directory that is there but empty will do */
    assert_int_equal(mkdir(s.dir, 0755), 0);
    SCRATCH_OK(journal_create(&s.options, longest, s.passphrase, &good, err));
    struct journal *const j = scratch_open(&s);
    assert_string_equal(journal_origin(j), longest);
    scratch_append(j, 1);
    journal_close(j);
    scratch_release(&s);
}

/* An origin that a reader could take for a what-if's is not a lived journal's, and a word more is another. */
static void test_no_lived_journal_has_an_origin_like_a_what_ifs(void **state)
{
    static const char *const refused[] = {"hypothetical/x", "hypothetical",     "Hypothetical/x",
                                          "HYPOTHETICAL",   "hypoTHETICAL/a/b", "/hypothetical/",
                                          "./hypothetical", "hypothetical./x",  "hypo-thetical/desk",
                                          "hypothetical//", "_hypothetical_/x"};
    static const char *const taken[] = {"hypothetical.example/x", "desk/hypothetical", "hypothetica/l",
                                        "hypothetical2/x",        "un-hypothetical",   "x"};
    struct actor_rows good = scratch_actors();
    struct scratch s;

    (void)state;
    scratch_init(&s);
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        assert_makes_not(&s, refused[i], &good, ERR_INPUT, "cannot name a journal that is lived");
        assert_int_not_equal(access(s.dir, F_OK), 0);
    }
    for (size_t i = 0; i < sizeof taken / sizeof taken[0]; i++)
        assert_false(journal_seems_hypothetical(taken[i]));
    s.options.is_hypothetical = true; /* a what-if's own is made, and of a what-if */
    SCRATCH_OK(journal_create(&s.options, "hypothetical/Hypothetical/x", s.passphrase, &good, err));
    scratch_release(&s);
}

static void test_a_journal_is_never_made_over_another(void **state)
{
    struct actor_rows first = scratch_actors();
    struct scratch s;

    (void)state;
    scratch_init(&s);
    journal_close(scratch_create(&s));
    assert_makes_not(&s, SCRATCH_ORIGIN, &first, ERR_EXISTS, "there is a journal in");
    journal_close(scratch_open(&s)); /* and the one that was there is whole */

    /* A vault may hold the last copy of somebody's keys: it is left alone. */
    assert_int_equal(unlink(path_of(&s, "journal.mdb")), 0);
    assert_makes_not(&s, SCRATCH_ORIGIN, &first, ERR_EXISTS, "a vault but no journal");
    assert_int_equal(access(path_of(&s, "vault"), F_OK), 0);

    /* What an init that was killed left, is replaced once its vault is removed. */
    assert_int_equal(unlink(path_of(&s, "vault")), 0);
    FILE *const f = fopen(path_of(&s, "journal.mdb.new"), "w");
    assert_non_null(f);
    fputs("half a journal", f);
    fclose(f);
    journal_close(scratch_create(&s));
    scratch_release(&s);
}

/* -- opening -------------------------------------------------------------------------------------------- */

static void test_no_journal_says_how_to_make_one(void **state)
{
    struct scratch s;
    char words[300];

    (void)state;
    scratch_init(&s);
    snprintf(words, sizeof words, "type: ledger -C %s init --origin NAME", s.dir);
    assert_opens_not(&s, ERR_NOT_FOUND, words);
    assert_int_equal(mkdir(s.dir, 0755), 0);
    assert_opens_not(&s, ERR_NOT_FOUND, words);
    assert_int_equal(mkdir(path_of(&s, "journal.mdb"), 0755), 0);
    assert_opens_not(&s, ERR_FORMAT, "is no file");
    scratch_release(&s);
}

/* Cut at every page: refused, or nothing is missing (the end of the file is reserved space). */
static void test_a_file_that_was_cut_is_refused(void **state)
{
    static struct hash whole[TREES_LEAVES_MAX];
    static struct hash leaves[TREES_LEAVES_MAX];
    struct journal_reader *r;
    struct scratch s;
    struct stat st;
    unsigned refused = 0;

    (void)state;
    scratch_init(&s);
    struct journal *j = scratch_create(&s);
    scratch_append(j, 800);
    SCRATCH_OK(journal_reader_begin(j, &r, err));
    assert_int_equal(trees_leaves(r, whole), 801);
    journal_reader_end(r);
    journal_close(j);
    assert_int_equal(stat(path_of(&s, "journal.mdb"), &st), 0);
    for (off_t size = (st.st_size - 1) / 4096 * 4096; size >= 8192; size -= 4096) {
        struct err why = {.code = ERR_OK};
        assert_int_equal(truncate(path_of(&s, "journal.mdb"), size), 0);
        if (journal_open(&s.options, &j, &why)) {
            assert_int_equal(why.code, ERR_FORMAT);
            assert_says(&why, "journal.mdb is cut short");
            refused++;
            continue;
        }
        assert_int_equal(refused, 0);
        SCRATCH_OK(journal_reader_begin(j, &r, err));
        assert_int_equal(trees_leaves(r, leaves), 801);
        assert_memory_equal(leaves, whole, 801 * sizeof leaves[0]);
        journal_reader_end(r);
        journal_close(j);
    }
    assert_true(refused > 10);
    static const off_t short_sizes[] = {8191, 4096, 100, 1, 0};
    for (size_t i = 0; i < sizeof short_sizes / sizeof short_sizes[0]; i++) {
        assert_int_equal(truncate(path_of(&s, "journal.mdb"), short_sizes[i]), 0);
        assert_opens_not(&s, ERR_FORMAT, "cut short");
    }
    scratch_release(&s);
}

static void test_garbage_is_refused(void **state)
{
    static uint8_t bytes[65536];
    struct scratch s;

    (void)state;
    scratch_init(&s);
    journal_close(scratch_create(&s));
    for (int fill = 0; fill <= 0xab; fill += 0xab) {
        memset(bytes, fill, sizeof bytes);
        FILE *const f = fopen(path_of(&s, "journal.mdb"), "w");
        assert_non_null(f);
        assert_int_equal(fwrite(bytes, 1, sizeof bytes, f), sizeof bytes);
        fclose(f);
        assert_opens_not(&s, ERR_FORMAT, "damaged, or not a journal's file");
    }
    scratch_release(&s);
}

/* -- with LMDB itself, behind the journal's back -------------------------------------------------------- */

struct raw {
    MDB_env *env;
    MDB_txn *txn;
};

static struct raw raw_open(const struct scratch *s)
{
    struct raw raw;

    assert_int_equal(mdb_env_create(&raw.env), 0);
    assert_int_equal(mdb_env_set_maxdbs(raw.env, 8), 0);
    assert_int_equal(mdb_env_set_mapsize(raw.env, 1 << 26), 0);
    assert_int_equal(mdb_env_open(raw.env, path_of(s, "journal.mdb"), MDB_NOSUBDIR, 0600), 0);
    assert_int_equal(mdb_txn_begin(raw.env, NULL, 0, &raw.txn), 0);
    return raw;
}

static void raw_close(struct raw *raw)
{
    assert_int_equal(mdb_txn_commit(raw->txn), 0);
    mdb_env_close(raw->env);
}

/* Puts the value under the key, or deletes the key when there is no value. */
static void raw_put(const struct scratch *s, const char *rows, const void *key, size_t key_size,
                    const void *value, size_t size)
{
    struct raw raw = raw_open(s);
    MDB_val k = {key_size, (void *)(uintptr_t)key};
    MDB_val v = {size, (void *)(uintptr_t)value};
    MDB_dbi dbi;

    assert_int_equal(mdb_dbi_open(raw.txn, rows, MDB_CREATE, &dbi), 0);
    if (value)
        assert_int_equal(mdb_put(raw.txn, dbi, &k, &v, 0), 0);
    else
        assert_int_equal(mdb_del(raw.txn, dbi, &k, NULL), 0);
    raw_close(&raw);
}

static void raw_put_seq(const struct scratch *s, const char *rows, uint64_t seq, const void *value,
                        size_t size)
{
    uint8_t key[8];

    wire_store_u64(key, seq);
    raw_put(s, rows, key, sizeof key, value, size);
}

static void test_another_layout_or_another_programs_file_is_named(void **state)
{
    static const uint8_t newer[] = {0, 0, 0, 3};
    struct scratch s;

    (void)state;
    scratch_init(&s);
    journal_close(scratch_create(&s));
    raw_put(&s, "meta", "layout", 6, newer, sizeof newer);
    assert_opens_not(&s, ERR_FORMAT, "has layout 3, and this program reads layout 2");
    raw_put(&s, "meta", "layout", 6, newer, 3);
    assert_opens_not(&s, ERR_FORMAT, "but not a journal's");
    assert_int_equal(unlink(path_of(&s, "journal.mdb")), 0);
    assert_int_equal(unlink(path_of(&s, "journal.mdb-lock")), 0);
    raw_put(&s, "birds", "tit", 3, "blue", 4);
    assert_opens_not(&s, ERR_FORMAT, "but not a journal's");
    scratch_release(&s);
}

/* A journal with groups of 1, 10 and 20 entries: blocks end with 1, 11 and 31. */
static void make_three_blocks(struct scratch *s)
{
    scratch_init(s);
    struct journal *const j = scratch_create(s);
    scratch_append(j, 10);
    scratch_append(j, 20);
    journal_close(j);
}

static void test_a_damaged_block_is_named_and_never_appended_to(void **state)
{
    struct journal_record record;
    struct journal_reader *r;
    struct journal_group *g;
    struct scratch s;
    struct err why;
    static struct seal seal;

    (void)state;
    make_three_blocks(&s);
    raw_put_seq(&s, "entries", 11, NULL, 0); /* a block gone from the middle */
    raw_put_seq(&s, "seals", 11, "not a note", 10);
    struct journal *j = scratch_open(&s);
    SCRATCH_OK(journal_reader_begin(j, &r, err));
    assert_int_equal(journal_reader_get(r, 2, &record, &why), ERR_FORMAT);
    assert_says(&why, "entry 2 is missing: the next one stored is 12");
    SCRATCH_OK(journal_reader_get(r, 31, &record, err));
    assert_int_equal(journal_reader_seal(r, 2, &seal, &why), ERR_FORMAT);
    assert_says(&why, "the seal of size 11 is damaged");
    journal_reader_end(r);
    journal_close(j);

    raw_put_seq(&s, "entries", 11, "\0\1\0\2x", 5); /* a length that does not fit */
    j = scratch_open(&s);
    SCRATCH_OK(journal_reader_begin(j, &r, err));
    assert_int_equal(journal_reader_get(r, 11, &record, &why), ERR_FORMAT);
    assert_says(&why, "the block that ends with entry 11 is damaged");
    journal_reader_end(r);
    journal_close(j);

    raw_put_seq(&s, "entries", 31, NULL, 0); /* the tail cut, and the seal left */
    raw_put_seq(&s, "entries", 11, NULL, 0);
    j = scratch_open(&s);
    assert_int_equal(journal_group_begin(j, &g, &why), ERR_FORMAT);
    assert_says(&why, "its newest seal covers 31 entries, and it has 1");
    journal_close(j);
    raw_put_seq(&s, "entries", 1, NULL, 0);
    assert_opens_not(&s, ERR_FORMAT, "no entries, not even genesis");
    scratch_release(&s);
}

static void test_damaged_tiles_and_indexes_are_named(void **state)
{
    static const uint8_t tile[9] = {1};
    static const uint8_t bytes[8193];
    struct journal_record record;
    struct journal_reader *r;
    struct journal_group *g;
    struct scratch s;
    struct hash root;
    struct err why;
    bool found;

    (void)state;
    make_three_blocks(&s);
    struct journal *const longer = scratch_open(&s);
    scratch_append(longer, 500); /* 531: two hashes in tile 1/0 */
    journal_close(longer);
    const struct {
        const void *value;
        size_t size;
        enum err_code verdict;
        const char *words;
    } story[] = {
        {bytes, 33, ERR_FORMAT, "tile 1/0 is damaged: 33 bytes"},
        {bytes, 0, ERR_FORMAT, "tile 1/0 is damaged: 0 bytes"},
        {bytes, 8193, ERR_FORMAT, "tile 1/0 is damaged: 8193 bytes"},
        {bytes, 32, ERR_WRONG, "tile 1/0 holds 1 hashes"},
        {NULL, 0, ERR_NOT_FOUND, "tile 1/0 is missing"},
    };
    for (size_t i = 0; i < sizeof story / sizeof story[0]; i++) {
        raw_put(&s, "tiles", tile, sizeof tile, story[i].value, story[i].size);
        struct journal *const j = scratch_open(&s);
        SCRATCH_OK(journal_reader_begin(j, &r, err));
        assert_int_equal(journal_reader_root(r, 531, &root, &why), story[i].verdict);
        assert_says(&why, story[i].words);
        journal_reader_end(r);
        assert_int_equal(journal_group_begin(j, &g, &why), story[i].verdict); /* no tree grows on that */
        journal_close(j);
    }
    raw_put_seq(&s, "control", 999, "", 0);
    struct journal *const j = scratch_open(&s);
    SCRATCH_OK(journal_reader_begin(j, &r, err));
    assert_int_equal(journal_reader_control(r, 2, &record, &found, &why), ERR_FORMAT);
    assert_says(&why, "index of control entries names entry 999 of 531");
    journal_reader_end(r);
    journal_close(j);
    scratch_release(&s);
}

/* -- keys ----------------------------------------------------------------------------------------------- */

static void test_appending_needs_the_right_vault_and_passphrase(void **state)
{
    struct journal_group *g;
    struct secret *wrong;
    struct scratch s;
    struct scratch other;
    struct err why;
    char theirs[300];

    (void)state;
    scratch_init(&s);
    scratch_init(&other);
    scratch_make(&s);
    scratch_make(&other);
    struct journal *j = scratch_open_locked(&s);
    struct entry stop = scratch_by(entries_stop("enough"), SCRATCH_OPERATOR);
    assert_int_equal(journal_group_begin(j, &g, &why), ERR_KEY);
    assert_says(&why, "is locked: its passphrase is needed");
    assert_int_equal(journal_sign(j, &stop, &why), ERR_KEY);
    SCRATCH_OK(secret_new(&wrong, "wrong", 5, err));
    assert_int_equal(journal_unlock(j, wrong, &why), ERR_KEY);
    assert_int_equal(journal_group_begin(j, &g, &why), ERR_KEY); /* still locked */
    SCRATCH_OK(journal_unlock(j, s.passphrase, err));
    SCRATCH_OK(journal_unlock(j, s.passphrase, err)); /* once more changes nothing */
    assert_int_equal(scratch_append(j, 1), 2);
    journal_close(j);
    secret_free(wrong);

    snprintf(theirs, sizeof theirs, "%s/vault", other.dir);
    assert_int_equal(rename(theirs, path_of(&s, "vault")), 0);
    j = scratch_open_locked(&s);
    assert_int_equal(journal_unlock(j, s.passphrase, &why), ERR_KEY);
    assert_says(&why, "its vault belongs to another journal");
    assert_int_equal(unlink(path_of(&s, "vault")), 0);
    assert_int_equal(journal_unlock(j, s.passphrase, &why), ERR_NOT_FOUND);
    assert_says(&why, s.dir);
    journal_close(j);
    scratch_release(&s);
    scratch_release(&other);
}

static void test_a_journal_opened_for_reading_only_is_never_written(void **state)
{
    struct journal_group *g;
    struct journal *second;
    struct scratch s;
    struct err why;

    (void)state;
    scratch_init(&s);
    scratch_make(&s);
    s.options.read_only = true;
    struct journal *const j = scratch_open(&s);
    assert_int_equal(journal_group_begin(j, &g, &why), ERR_IO);
    assert_says(&why, "was opened for reading only");
    s.options.read_only = false;
    assert_int_equal(journal_open(&s.options, &second, &why), ERR_EXISTS);
    assert_says(&why, "has it open for reading only");
    journal_close(j);
    struct journal *const writer = scratch_open(&s);
    s.options.read_only = true;
    struct journal *const reader = scratch_open(&s); /* the other way round they share */
    scratch_append(writer, 1);
    assert_int_equal(journal_group_begin(reader, &g, &why), ERR_IO);
    journal_close(writer);
    journal_close(reader);
    journal_close(NULL);
    scratch_release(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_journal_that_cannot_be_made_leaves_nothing_behind),
        cmocka_unit_test(test_no_lived_journal_has_an_origin_like_a_what_ifs),
        cmocka_unit_test(test_a_journal_is_never_made_over_another),
        cmocka_unit_test(test_no_journal_says_how_to_make_one),
        cmocka_unit_test(test_a_file_that_was_cut_is_refused),
        cmocka_unit_test(test_garbage_is_refused),
        cmocka_unit_test(test_another_layout_or_another_programs_file_is_named),
        cmocka_unit_test(test_a_damaged_block_is_named_and_never_appended_to),
        cmocka_unit_test(test_damaged_tiles_and_indexes_are_named),
        cmocka_unit_test(test_appending_needs_the_right_vault_and_passphrase),
        cmocka_unit_test(test_a_journal_opened_for_reading_only_is_never_written),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
