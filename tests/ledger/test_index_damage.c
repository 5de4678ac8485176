/* An index that is damaged, cut, of another journal or of another past: it is noticed, said, and never believed. */
#include "ledger/wire.h"
#include "support/index_journal.h"

#include <fcntl.h>
#include <lmdb.h>
#include <sys/stat.h>

struct bench {
    struct scratch s;
    struct journal *j;
    struct random r;
    uint64_t size;
    struct index *x;
    struct err why;
};

static void path_of(const struct scratch *s, const char *name, char path[300])
{
    snprintf(path, 300, "%s/%s", s->dir, name);
}

static void open_index(struct bench *b)
{
    SCRATCH_OK(index_open(b->j, INDEX_WRITE, &b->x, err));
}

static void bench_init(struct bench *b)
{
    memset(b, 0, sizeof *b);
    b->r.state = 23;
    scratch_init(&b->s);
    b->j = scratch_create(&b->s);
    b->size = index_journal_grow(b->j, &b->r, 2500);
    open_index(b);
    index_journal_catch_up(b->x, 0, b->size);
    index_close(b->x);
    b->x = NULL;
}

static void bench_release(struct bench *b)
{
    index_close(b->x);
    journal_close(b->j);
    scratch_release(&b->s);
}

static void assert_check_says(struct bench *b, const char *words)
{
    uint64_t indexed = 99;

    open_index(b);
    b->why.text[0] = '\0';
    assert_int_equal(index_check(b->x, &(struct index_options){.batch = 0}, &indexed, &b->why), ERR_WRONG);
    assert_int_equal(indexed, 99);
    assert_says(&b->why, words);
    assert_says(&b->why, "ledger doctor --reindex");
    index_close(b->x);
    b->x = NULL;
}

/* Puts a row as it is, or with value NULL deletes it, past everything that would notice. */
static void edit(struct bench *b, const void *key, size_t key_size, const void *value, size_t size)
{
    char path[300];
    MDB_env *env;
    MDB_txn *txn;
    MDB_dbi dbi;
    MDB_val k = {key_size, (void *)(uintptr_t)key};
    MDB_val v = {size, (void *)(uintptr_t)value};

    path_of(&b->s, INDEX_FILE_NAME, path);
    assert_int_equal(mdb_env_create(&env), 0);
    assert_int_equal(mdb_env_set_mapsize(env, 1 << 24), 0);
    assert_int_equal(mdb_env_open(env, path, MDB_NOSUBDIR, 0600), 0);
    assert_int_equal(mdb_txn_begin(env, NULL, 0, &txn), 0);
    assert_int_equal(mdb_dbi_open(txn, NULL, 0, &dbi), 0);
    assert_int_equal(value ? mdb_put(txn, dbi, &k, &v, 0) : mdb_del(txn, dbi, &k, NULL), 0);
    assert_int_equal(mdb_txn_commit(txn), 0);
    mdb_env_close(env);
}

static size_t row_key(uint8_t out[128], const struct index_key *key, uint64_t first)
{
    out[0] = key->number;
    out[1] = key->length;
    memcpy(out + 2, key->bytes, key->length);
    wire_store_u64(out + 2 + key->length, first);
    return 2u + key->length + 8u;
}

/* The runs of a key's first chunk, and the row's key. */
static size_t first_chunk(struct bench *b, const struct index_key *key, struct postings_run *runs,
                          uint8_t bytes[128], size_t *size)
{
    struct index_txn *t = NULL;
    struct index_row row;
    size_t count = 0;
    bool found = false;

    open_index(b);
    SCRATCH_OK(index_read_begin(b->x->file, &t, err));
    SCRATCH_OK(index_find_after(t, key, 0, &row, &found, err));
    assert_true(found);
    SCRATCH_OK(postings_decode(row.first, row.value, row.size, runs, &count, err));
    *size = row_key(bytes, key, row.first);
    index_txn_end(t);
    index_close(b->x);
    b->x = NULL;
    return count;
}

static void put_runs(struct bench *b, const uint8_t *key, size_t key_size, const struct postings_run *runs,
                     size_t count)
{
    uint8_t value[POSTINGS_CHUNK_MAX];
    size_t size = 0;

    assert_int_equal(postings_encode(runs, count, value, &size), count);
    edit(b, key, key_size, value, size);
}

static void says_entry(char out[128], const char *about, uint64_t seq, const char *what)
{
    snprintf(out, 128, "wrong about %s: entry %llu %s", about, (unsigned long long)seq, what);
}

static void test_the_check_names_a_posting_that_is_missing_and_one_that_is_too_many(void **state)
{
    static struct postings_run runs[POSTINGS_RUNS_MAX];
    const struct index_key symbol = index_key_text(INDEX_OF_SYMBOL, "BRK.B", 5);
    struct bench b;
    uint8_t key[128];
    char words[128];
    size_t key_size = 0;

    (void)state;
    bench_init(&b);
    const size_t count = first_chunk(&b, &symbol, runs, key, &key_size);
    assert_true(count > 20);

    struct postings_run taken = runs[10]; /* a run in the middle */
    memmove(runs + 10, runs + 11, (count - 11) * sizeof runs[0]);
    put_runs(&b, key, key_size, runs, count - 1);
    says_entry(words, "symbol BRK.B", taken.first, "is missing");
    assert_check_says(&b, words);

    memmove(runs + 11, runs + 10, (count - 11) * sizeof runs[0]);
    runs[10] = taken;
    put_runs(&b, key, key_size, runs, count);
    runs[count] = (struct postings_run){b.size + 5, b.size + 5}; /* behind everything */
    put_runs(&b, key, key_size, runs, count + 1);
    says_entry(words, "symbol BRK.B", b.size + 5, "is behind what was indexed");
    assert_check_says(&b, words);

    runs[count] = runs[count - 1]; /* one that the journal has, about something else */
    const uint64_t stranger = runs[count - 2].last + 2;
    assert_true(stranger + 1 < runs[count - 1].first);
    runs[count - 1] = (struct postings_run){stranger, stranger};
    put_runs(&b, key, key_size, runs, count + 1);
    says_entry(words, "symbol BRK.B", stranger, "does not belong there");
    assert_check_says(&b, words);
    bench_release(&b);
}

static void test_the_check_names_a_key_that_is_gone_and_one_that_is_made_up(void **state)
{
    static struct postings_run runs[POSTINGS_RUNS_MAX];
    const struct index_key order = index_key_text(INDEX_OF_ORDER, "o-10", 4);
    const struct index_key made_up = index_key_text(INDEX_OF_ORDER, "o-11", 4);
    const uint8_t one[1] = {0};
    struct bench b;
    uint8_t key[128];
    size_t key_size = 0;
    char words[128];

    (void)state;
    bench_init(&b);
    edit(&b, key, row_key(key, &made_up, 7), one, sizeof one);
    assert_check_says(&b, "wrong about order o-11: entry 7 does not belong there");
    edit(&b, key, row_key(key, &made_up, 7), NULL, 0);
    (void)first_chunk(&b, &order, runs, key, &key_size);
    edit(&b, key, key_size, NULL, 0);
    says_entry(words, "order o-10", runs[0].first, "is missing");
    assert_check_says(&b, words);
    bench_release(&b);
}

static void test_the_check_names_a_time_that_is_wrong(void **state)
{
    const struct index_key when = {.number = INDEX_OF_WHEN};
    uint8_t span[16] = {0};
    struct bench b;
    uint8_t key[128];

    (void)state;
    bench_init(&b);
    edit(&b, key, row_key(key, &when, 1025), span, sizeof span);
    assert_check_says(&b, "wrong about time: entry 1025");
    bench_release(&b);

    bench_init(&b);
    edit(&b, key, row_key(key, &when, 1 + 1024 * 9), span, sizeof span);
    assert_check_says(&b, "wrong about time: 4 spans where there are 3");
    bench_release(&b);
}

/* A walk that meets a damaged row says so, and reads on as if there were no index. */
static void test_a_walk_goes_on_without_a_damaged_chunk(void **state)
{
    static struct postings_run runs[POSTINGS_RUNS_MAX];
    static const uint8_t bad[] = {0x80, 0x00};
    const struct index_key order = index_key_text(INDEX_OF_ORDER, "o-1", 3);
    struct journal_reader *r = NULL;
    struct index_walk *w = NULL;
    struct bench b;
    struct filter f;
    uint8_t key[128];
    size_t key_size = 0;

    (void)state;
    bench_init(&b);
    (void)first_chunk(&b, &order, runs, key, &key_size);
    edit(&b, key, key_size, bad, sizeof bad);
    open_index(&b);
    SCRATCH_OK(journal_reader_begin(b.j, &r, err));
    filter_init(&f);
    f.order = "o-1";
    assert_true(index_journal_compare(b.x, r, &f, INDEX_FORWARD) > 0);
    assert_true(index_journal_compare(b.x, r, &f, INDEX_BACKWARD) > 0);

    const struct entry *e = NULL;
    bool found = false;
    SCRATCH_OK(index_walk_begin(b.x, r, &f, INDEX_FORWARD, false, &w, err));
    assert_null(index_walk_remark(w));
    SCRATCH_OK(index_walk_next(w, &e, &found, err));
    assert_true(found);
    assert_non_null(strstr(index_walk_remark(w), "damaged"));
    assert_non_null(strstr(index_walk_remark(w), "ledger doctor --reindex"));
    index_walk_end(w);
    journal_reader_end(r);
    bench_release(&b);
}

static void test_another_format_and_a_stranger_are_refused(void **state)
{
    static const uint8_t meta[] = {INDEX_OF_META};
    uint8_t future[76] = {0, 0, 0, 2};
    struct bench b;
    uint64_t lag = 0;
    bool is_foreign = false;

    (void)state;
    bench_init(&b);
    edit(&b, meta, sizeof meta, future, sizeof future);
    open_index(&b);
    assert_int_equal(index_lag(b.x, &lag, &is_foreign, &b.why), ERR_FORMAT);
    assert_says(&b.why, "has format 2, and this program reads 1");
    index_close(b.x);
    future[3] = 1;
    edit(&b, meta, sizeof meta, future, sizeof future - 1);
    open_index(&b);
    assert_int_equal(index_lag(b.x, &lag, &is_foreign, &b.why), ERR_FORMAT);
    index_close(b.x);
    edit(&b, meta, sizeof meta, NULL, 0); /* rows, and nothing that says what they are */
    open_index(&b);
    assert_int_equal(index_lag(b.x, &lag, &is_foreign, &b.why), ERR_FORMAT);
    assert_says(&b.why, "no meta row");
    bench_release(&b);
}

static void cut(const struct bench *b, const char *name, off_t size)
{
    char path[300];

    path_of(&b->s, name, path);
    assert_int_equal(truncate(path, size), 0);
}

static void test_a_file_that_is_cut_or_garbage_is_refused_and_can_be_begun_anew(void **state)
{
    char path[300];
    struct bench b;

    (void)state;
    bench_init(&b);
    path_of(&b.s, INDEX_FILE_NAME, path);
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    const off_t sizes[] = {st.st_size - 4096, 8192, 5000, 1};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        cut(&b, INDEX_FILE_NAME, sizes[i]);
        for (int mode = INDEX_READ; mode <= INDEX_WRITE; mode++) {
            assert_int_equal(index_open(b.j, (enum index_mode)mode, &b.x, &b.why), ERR_FORMAT);
            assert_null(b.x);
            assert_says(&b.why, "damaged");
            assert_says(&b.why, "ledger doctor --reindex");
        }
    }
    const int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(write(fd, "no LMDB file at all", 19), 19);
    close(fd);
    assert_int_equal(index_open(b.j, INDEX_WRITE, &b.x, &b.why), ERR_FORMAT);
    SCRATCH_OK(index_remove(b.s.dir, err));
    open_index(&b);
    index_journal_catch_up(b.x, 0, b.size);
    index_journal_compare_some(b.j, b.x, &b.r);
    bench_release(&b);
}

static void copy_file(const char *from, const char *to)
{
    char command[700];

    snprintf(command, sizeof command, "cp '%s' '%s'", from, to);
    assert_int_equal(system(command), 0); /* NOLINT(cert-env33-c) */
}

static void assert_is_foreign_and_made_anew(struct bench *b)
{
    struct index_report report;
    struct index_walk *w = NULL;
    struct journal_reader *r = NULL;
    struct filter f;
    uint64_t lag = 0;
    bool is_foreign = false;

    open_index(b);
    SCRATCH_OK(index_lag(b->x, &lag, &is_foreign, err));
    assert_true(is_foreign);
    assert_int_equal(lag, b->size);
    index_journal_compare_some(b->j, b->x, &b->r); /* it is not believed */
    filter_init(&f);
    f.order = "o-1";
    SCRATCH_OK(journal_reader_begin(b->j, &r, err));
    SCRATCH_OK(index_walk_begin(b->x, r, &f, INDEX_FORWARD, false, &w, err));
    assert_non_null(strstr(index_walk_remark(w), "another journal"));
    index_walk_end(w);
    journal_reader_end(r);
    index_close(b->x);
    assert_check_says(b, "another past of this one");
    open_index(b);
    SCRATCH_OK(index_catch_up(b->x, &(struct index_options){.batch = 0}, &report, err));
    assert_true(report.was_foreign);
    assert_int_equal(report.indexed, b->size);
    assert_int_equal(report.added, b->size);
    uint64_t indexed = 0;
    SCRATCH_OK(index_check(b->x, &(struct index_options){.batch = 0}, &indexed, err));
    index_journal_compare_some(b->j, b->x, &b->r);
    index_close(b->x);
    b->x = NULL;
}

static void test_the_index_of_another_journal_is_noticed(void **state)
{
    char mine[300];
    char others[300];
    struct bench b;
    struct bench other;

    (void)state;
    bench_init(&b);
    bench_init(&other);
    path_of(&b.s, INDEX_FILE_NAME, mine);
    path_of(&other.s, INDEX_FILE_NAME, others);
    copy_file(others, mine);
    assert_is_foreign_and_made_anew(&b);
    bench_release(&other);
    bench_release(&b);
}

static void test_a_journal_that_was_set_back_has_another_past(void **state)
{
    char journal[300];
    char kept[320];
    struct bench b;

    (void)state;
    bench_init(&b);
    path_of(&b.s, "journal.mdb", journal);
    snprintf(kept, sizeof kept, "%s.kept", journal);
    journal_close(b.j);
    copy_file(journal, kept);
    b.j = scratch_open(&b.s);
    open_index(&b);
    index_journal_catch_up(b.x, 0, index_journal_grow(b.j, &b.r, 100));
    index_close(b.x);
    journal_close(b.j);

    copy_file(kept, journal); /* the backup is older than the index ... */
    b.j = scratch_open(&b.s);
    assert_is_foreign_and_made_anew(&b);

    open_index(&b);
    index_journal_catch_up(b.x, 0, index_journal_grow(b.j, &b.r, 100));
    index_close(b.x);
    journal_close(b.j);
    copy_file(kept, journal);
    b.j = scratch_open(&b.s);
    b.size = index_journal_grow(b.j, &b.r, 200); /* ... and goes on otherwise, past the end of the index */
    assert_is_foreign_and_made_anew(&b);
    bench_release(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_check_names_a_posting_that_is_missing_and_one_that_is_too_many),
        cmocka_unit_test(test_the_check_names_a_key_that_is_gone_and_one_that_is_made_up),
        cmocka_unit_test(test_the_check_names_a_time_that_is_wrong),
        cmocka_unit_test(test_a_walk_goes_on_without_a_damaged_chunk),
        cmocka_unit_test(test_another_format_and_a_stranger_are_refused),
        cmocka_unit_test(test_a_file_that_is_cut_or_garbage_is_refused_and_can_be_begun_anew),
        cmocka_unit_test(test_the_index_of_another_journal_is_noticed),
        cmocka_unit_test(test_a_journal_that_was_set_back_has_another_past),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
