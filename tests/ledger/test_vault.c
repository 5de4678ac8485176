/* The vault: keys come back under the right passphrase, under no other, and from no file that was touched. */
#include "ledger/vault.h"

#include "ledger/hash.h"
#include "ledger/hex.h"
#include "ledger/note.h"
#include "ledger/vault_format.h"

#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static const struct vault_cost cheap = {.passes = 1, .memory_kib = 8};

/* RFC 8032, section 7.1, test 3: seed, public key, and the signature of the message af82. */
static const char rfc_seed[] = "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7";
static const char rfc_public[] = "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025";
static const char rfc_signature[] = "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
                                    "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a";

struct world {
    char dir[64];
    struct secret *passphrase;
    struct err err;
};

static struct secret *secret_of(const char *text)
{
    struct secret *s = NULL;
    struct err err;

    assert_int_equal(secret_new(&s, text, strlen(text), &err), ERR_OK);
    return s;
}

static int setup(void **state)
{
    struct world *const w = calloc(1, sizeof *w);

    assert_non_null(w);
    snprintf(w->dir, sizeof w->dir, "/tmp/test_vault.XXXXXX");
    assert_non_null(mkdtemp(w->dir));
    w->passphrase = secret_of("correct horse");
    *state = w;
    return 0;
}

static void path_of(const struct world *w, const char *name, char path[128])
{
    snprintf(path, 128, "%s/%s", w->dir, name);
}

static int teardown(void **state)
{
    struct world *const w = *state;
    char path[128];

    path_of(w, VAULT_FILE_NAME, path);
    unlink(path);
    path_of(w, VAULT_FILE_NAME ".new", path);
    unlink(path);
    assert_int_equal(rmdir(w->dir), 0); /* and nothing else was left there */
    secret_free(w->passphrase);
    free(w);
    return 0;
}

static struct vault *create(struct world *w)
{
    struct vault *v = NULL;

    assert_int_equal(vault_create(&v, w->dir, w->passphrase, &cheap, &w->err), ERR_OK);
    return v;
}

static struct vault *reopen(struct world *w, struct vault *v)
{
    struct vault *again = NULL;

    vault_close(v);
    assert_int_equal(vault_open(&again, w->dir, w->passphrase, &w->err), ERR_OK);
    return again;
}

static size_t file_get(const struct world *w, uint8_t *bytes, size_t capacity)
{
    char path[128];

    path_of(w, VAULT_FILE_NAME, path);
    FILE *const f = fopen(path, "rb");
    assert_non_null(f);
    const size_t size = fread(bytes, 1, capacity, f);
    fclose(f);
    return size;
}

static void file_put(const struct world *w, const uint8_t *bytes, size_t size)
{
    char path[128];

    path_of(w, VAULT_FILE_NAME, path);
    FILE *const f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, size, f), size);
    assert_int_equal(fclose(f), 0);
}

static void test_keys_come_back_after_reopening(void **state)
{
    struct world *const w = *state;
    uint8_t seed[VAULT_SEED_SIZE];
    uint8_t want_public[32];
    uint8_t want_signature[64];
    uint8_t public_key[32];
    uint8_t signature[64];
    char name[VAULT_NAME_MAX + 1];

    assert_int_equal(hex_decode(rfc_seed, 64, seed, 32, &w->err), ERR_OK);
    assert_int_equal(hex_decode(rfc_public, 64, want_public, 32, &w->err), ERR_OK);
    assert_int_equal(hex_decode(rfc_signature, 128, want_signature, 64, &w->err), ERR_OK);
    struct vault *v = create(w);
    assert_int_equal(vault_count(v), 0);
    v = reopen(w, v);
    assert_int_equal(vault_add(v, "journal", seed, &w->err), ERR_OK);
    assert_int_equal(vault_add(v, "person:maria", NULL, &w->err), ERR_OK);
    for (int round = 0; round < 2; round++) {
        assert_int_equal(vault_count(v), 2);
        assert_int_equal(vault_name(v, 1, name), strlen("person:maria"));
        assert_string_equal(name, "person:maria");
        assert_true(vault_find(v, "journal"));
        assert_false(vault_find(v, "journa"));
        assert_false(vault_find(v, "journal2"));
        assert_int_equal(vault_public_key(v, "journal", public_key, &w->err), ERR_OK);
        assert_memory_equal(public_key, want_public, 32);
        assert_int_equal(vault_sign(v, "journal", "\xaf\x82", 2, signature, &w->err), ERR_OK);
        assert_memory_equal(signature, want_signature, 64);
        assert_int_equal(vault_public_key(v, "person:maria", public_key, &w->err), ERR_OK);
        assert_int_equal(vault_sign(v, "person:maria", "yes", 3, signature, &w->err), ERR_OK);
        assert_int_equal(note_verify_bytes(public_key, "yes", 3, signature, &w->err), ERR_OK);
        assert_int_equal(note_verify_bytes(public_key, "yeS", 3, signature, &w->err), ERR_WRONG);
        v = reopen(w, v);
    }
    vault_close(v);
}

static void test_a_wrong_passphrase_is_said_to_be_wrong(void **state)
{
    static const char *const wrong[] = {"correct horse ", "correct hors", "Correct horse", "x"};
    struct world *const w = *state;
    struct vault *v = create(w);

    assert_int_equal(vault_add(v, "journal", NULL, &w->err), ERR_OK);
    vault_close(v);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct secret *const s = secret_of(wrong[i]);
        v = NULL;
        assert_int_equal(vault_open(&v, w->dir, s, &w->err), ERR_KEY);
        assert_null(v);
        assert_non_null(strstr(w->err.text, "passphrase does not open it"));
        assert_non_null(strstr(w->err.text, "LEDGER_PASSPHRASE_FILE"));
        assert_non_null(strstr(w->err.text, w->dir));
        secret_free(s);
    }
}

static void test_each_flipped_bit_and_each_cut_is_refused(void **state)
{
    struct world *const w = *state;
    struct vault *v = create(w);
    uint8_t good[1024];
    uint8_t bad[1024];

    assert_int_equal(vault_add(v, "journal", NULL, &w->err), ERR_OK);
    vault_close(v);
    v = NULL;
    const size_t size = file_get(w, good, sizeof good);
    assert_int_equal(size, VAULT_HEADER_SIZE + VAULT_MAC_SIZE + VAULT_ROW_SIZE + VAULT_CHECKSUM_SIZE);
    for (size_t bit = 0; bit < size * 8; bit++) {
        memcpy(bad, good, size);
        bad[bit / 8] ^= (uint8_t)(1 << bit % 8);
        file_put(w, bad, size);
        assert_int_equal(vault_open(&v, w->dir, w->passphrase, &w->err), ERR_FORMAT);
    }
    for (size_t cut = 0; cut < size; cut++) {
        file_put(w, good, cut);
        assert_int_equal(vault_open(&v, w->dir, w->passphrase, &w->err), ERR_FORMAT);
    }
    memcpy(bad, good, size);
    bad[size] = 0;
    file_put(w, bad, size + 1);
    assert_int_equal(vault_open(&v, w->dir, w->passphrase, &w->err), ERR_FORMAT);
    assert_null(v);
    file_put(w, good, size);
    assert_int_equal(vault_open(&v, w->dir, w->passphrase, &w->err), ERR_OK);
    vault_close(v);
}

/* Somebody who can write can also make the checksum fit: then the header, the MAC or the rows must say no. */
static void test_each_flipped_bit_is_refused_with_a_checksum_made_to_fit(void **state)
{
    struct world *const w = *state;
    struct vault *v = create(w);
    uint8_t good[1024];
    uint8_t bad[1024];

    assert_int_equal(vault_add(v, "journal", NULL, &w->err), ERR_OK);
    vault_close(v);
    v = NULL;
    const size_t size = file_get(w, good, sizeof good);
    for (size_t bit = 0; bit < (size - VAULT_CHECKSUM_SIZE) * 8; bit++) {
        memcpy(bad, good, size);
        bad[bit / 8] ^= (uint8_t)(1 << bit % 8);
        if (bit / 8 >= 16 && bit / 8 < 19)
            continue; /* asks for up to a GiB of memory: the boundaries have a test of their own */
        const struct hash h = hash_bytes(bad, size - VAULT_CHECKSUM_SIZE);
        memcpy(bad + size - VAULT_CHECKSUM_SIZE, h.bytes, HASH_SIZE);
        file_put(w, bad, size);
        const enum err_code rc = vault_open(&v, w->dir, w->passphrase, &w->err);
        assert_true(rc == ERR_FORMAT || rc == ERR_KEY);
    }
    assert_null(v);
}

static void test_the_cost_is_bounded_on_writing_and_reading(void **state)
{
    static const struct {
        struct vault_cost cost;
        enum err_code want;
    } cases[] = {
        {{0, 8}, ERR_INPUT},  {{1, 7}, ERR_INPUT},        {{1, 8}, ERR_OK},
        {{17, 8}, ERR_INPUT}, {{16, 1048577}, ERR_INPUT}, {{16, 1048576}, ERR_OK},
    };
    struct world *const w = *state;
    struct vault *v = NULL;
    uint8_t box[VAULT_MAC_SIZE] = {0};
    uint8_t *const file = malloc(VAULT_FILE_MAX);

    assert_non_null(file);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct vault_envelope e = {.cost = cases[i].cost, .box = box, .box_size = sizeof box};
        assert_int_equal(vault_cost_check(&cases[i].cost, &w->err), cases[i].want);
        const size_t size = vault_envelope_encode(&e, file);
        assert_int_equal(vault_envelope_decode(&e, file, size, &w->err),
                         cases[i].want == ERR_OK ? ERR_OK : ERR_FORMAT);
        if (cases[i].want)
            assert_int_equal(vault_create(&v, w->dir, w->passphrase, &cases[i].cost, &w->err), ERR_INPUT);
    }
    assert_null(v);
    free(file);
}

static void test_what_is_refused_changes_nothing(void **state)
{
    struct world *const w = *state;
    struct vault *v = create(w);
    struct vault *second = NULL;
    uint8_t before[1024];
    uint8_t after[1024];
    char name[VAULT_NAME_MAX + 2];
    uint8_t bytes[64];

    memset(name, 'n', sizeof name);
    name[VAULT_NAME_MAX] = '\0';
    assert_int_equal(vault_add(v, name, NULL, &w->err), ERR_OK); /* 64 bytes: the longest */
    assert_true(vault_find(v, name));
    const size_t size = file_get(w, before, sizeof before);
    assert_int_equal(vault_add(v, name, NULL, &w->err), ERR_EXISTS);
    name[VAULT_NAME_MAX] = 'n';
    name[VAULT_NAME_MAX + 1] = '\0';
    assert_int_equal(vault_add(v, name, NULL, &w->err), ERR_INPUT);
    assert_false(vault_find(v, name));
    assert_int_equal(vault_add(v, "", NULL, &w->err), ERR_INPUT);
    assert_int_equal(vault_add(v, "a\nb", NULL, &w->err), ERR_INPUT);
    assert_int_equal(vault_add(v, "\xff", NULL, &w->err), ERR_INPUT);
    assert_int_equal(vault_remove(v, "nobody", &w->err), ERR_NOT_FOUND);
    assert_int_equal(vault_sign(v, "nobody", "", 0, bytes, &w->err), ERR_KEY);
    assert_int_equal(vault_public_key(v, "nobody", bytes, &w->err), ERR_KEY);
    assert_int_equal(vault_create(&second, w->dir, w->passphrase, &cheap, &w->err), ERR_EXISTS);
    assert_null(second);
    assert_int_equal(vault_count(v), 1);
    assert_int_equal(file_get(w, after, sizeof after), size);
    assert_memory_equal(before, after, size);
    vault_close(v);
}

static void test_no_vault_and_no_directory(void **state)
{
    struct world *const w = *state;
    struct vault *v = NULL;

    assert_int_equal(vault_open(&v, w->dir, w->passphrase, &w->err), ERR_NOT_FOUND);
    assert_int_equal(vault_open(&v, "/tmp/no/such/directory", w->passphrase, &w->err), ERR_NOT_FOUND);
    assert_int_equal(vault_create(&v, "/tmp/no/such/directory", w->passphrase, &cheap, &w->err),
                     ERR_NOT_FOUND);
    assert_null(v);
}

static void test_only_the_owner_may_read_the_file(void **state)
{
    struct world *const w = *state;
    struct stat seen;
    char path[128];

    const mode_t before = umask(0);
    struct vault *const v = create(w);
    assert_int_equal(vault_add(v, "journal", NULL, &w->err), ERR_OK);
    umask(before);
    path_of(w, VAULT_FILE_NAME, path);
    assert_int_equal(stat(path, &seen), 0);
    assert_int_equal(seen.st_mode & 0777, 0600);
    vault_close(v);
}

static void test_a_removed_key_is_gone(void **state)
{
    struct world *const w = *state;
    struct vault *v = create(w);
    uint8_t kept[3][32];
    uint8_t now[32];

    for (int i = 0; i < 3; i++) {
        const char name[2] = {(char)('a' + i), '\0'};
        assert_int_equal(vault_add(v, name, NULL, &w->err), ERR_OK);
        assert_int_equal(vault_public_key(v, name, kept[i], &w->err), ERR_OK);
    }
    assert_int_equal(vault_remove(v, "b", &w->err), ERR_OK);
    v = reopen(w, v);
    assert_int_equal(vault_count(v), 2);
    assert_false(vault_find(v, "b"));
    assert_int_equal(vault_public_key(v, "a", now, &w->err), ERR_OK);
    assert_memory_equal(now, kept[0], 32);
    assert_int_equal(vault_public_key(v, "c", now, &w->err), ERR_OK);
    assert_memory_equal(now, kept[2], 32);
    vault_close(v);
}

static void test_a_changed_passphrase_shuts_out_the_old_one_and_other_holders(void **state)
{
    struct world *const w = *state;
    struct secret *const fresh = secret_of("battery staple");
    struct vault *v = create(w);
    struct vault *other = NULL;
    struct vault *none = NULL;
    uint8_t public_key[32];

    assert_int_equal(vault_add(v, "journal", NULL, &w->err), ERR_OK);
    assert_int_equal(vault_open(&other, w->dir, w->passphrase, &w->err), ERR_OK);
    assert_int_equal(vault_change_passphrase(v, fresh, &w->err), ERR_OK);
    assert_int_equal(vault_open(&none, w->dir, w->passphrase, &w->err), ERR_KEY);
    assert_int_equal(vault_add(other, "late", NULL, &w->err), ERR_KEY);
    assert_non_null(strstr(w->err.text, "changed meanwhile"));
    assert_int_equal(vault_add(v, "second", NULL, &w->err), ERR_OK);
    vault_close(v);
    vault_close(other);
    assert_int_equal(vault_open(&v, w->dir, fresh, &w->err), ERR_OK);
    assert_int_equal(vault_count(v), 2);
    assert_int_equal(vault_public_key(v, "journal", public_key, &w->err), ERR_OK);
    vault_close(v);
    secret_free(fresh);
}

/* Whoever kept the old file open, or finds its blocks on the disk, finds nothing in it. */
static void test_what_a_change_replaces_is_overwritten(void **state)
{
    struct world *const w = *state;
    struct vault *const v = create(w);
    struct secret *const fresh = secret_of("battery staple");
    uint8_t bytes[1024];
    uint8_t zeros[1024] = {0};
    char path[128];

    path_of(w, VAULT_FILE_NAME, path);
    assert_int_equal(vault_add(v, "journal", NULL, &w->err), ERR_OK);
    for (int change = 0; change < 3; change++) {
        FILE *const old = fopen(path, "rb");
        assert_non_null(old);
        if (change == 0)
            assert_int_equal(vault_add(v, "journal#1", NULL, &w->err), ERR_OK);
        if (change == 1)
            assert_int_equal(vault_remove(v, "journal", &w->err), ERR_OK);
        if (change == 2)
            assert_int_equal(vault_change_passphrase(v, fresh, &w->err), ERR_OK);
        const size_t size = fread(bytes, 1, sizeof bytes, old);
        assert_true(size > VAULT_HEADER_SIZE);
        assert_memory_equal(bytes, zeros, size);
        fclose(old);
    }
    vault_close(v);
    secret_free(fresh);
}

/* A copy that somebody made by a second name is theirs. */
static void test_a_second_name_of_the_old_file_is_left_alone(void **state)
{
    struct world *const w = *state;
    struct vault *const v = create(w);
    uint8_t before[1024];
    uint8_t after[1024];
    char path[128];
    char copy[128];

    path_of(w, VAULT_FILE_NAME, path);
    path_of(w, "copy", copy);
    const size_t size = file_get(w, before, sizeof before);
    assert_int_equal(link(path, copy), 0);
    assert_int_equal(vault_add(v, "journal", NULL, &w->err), ERR_OK);
    FILE *const f = fopen(copy, "rb");
    assert_non_null(f);
    assert_int_equal(fread(after, 1, sizeof after, f), size);
    assert_memory_equal(before, after, size);
    fclose(f);
    assert_int_equal(unlink(copy), 0);
    vault_close(v);
}

static void test_what_a_crash_left_is_tidied_up(void **state)
{
    struct world *const w = *state;
    struct vault *const v = create(w);
    char path[128];
    uint8_t bytes[64];

    path_of(w, VAULT_FILE_NAME ".new", path);
    for (int by_change = 0; by_change < 2; by_change++) {
        FILE *const left = fopen(path, "w+b");
        assert_non_null(left);
        assert_int_equal(fwrite("half of a new one", 1, 17, left), 17);
        assert_int_equal(fflush(left), 0);
        if (by_change)
            assert_int_equal(vault_add(v, "journal", NULL, &w->err), ERR_OK);
        else
            assert_int_equal(vault_tidy(v, &w->err), ERR_OK);
        rewind(left);
        assert_int_equal(fread(bytes, 1, sizeof bytes, left), 17);
        for (int i = 0; i < 17; i++)
            assert_int_equal(bytes[i], 0);
        fclose(left);
        assert_int_not_equal(access(path, F_OK), 0);
    }
    vault_close(v);
}

static void test_a_reloaded_vault_has_what_another_process_changed(void **state)
{
    struct world *const w = *state;
    struct vault *const v = create(w);
    struct vault *other = NULL;
    struct secret *const fresh = secret_of("battery staple");

    assert_int_equal(vault_open(&other, w->dir, w->passphrase, &w->err), ERR_OK);
    assert_int_equal(vault_add(v, "journal#1", NULL, &w->err), ERR_OK);
    assert_false(vault_find(other, "journal#1"));
    assert_int_equal(vault_reload(other, &w->err), ERR_OK);
    assert_true(vault_find(other, "journal#1"));
    assert_int_equal(vault_change_passphrase(v, fresh, &w->err), ERR_OK);
    assert_int_equal(vault_reload(other, &w->err), ERR_KEY);
    assert_true(vault_find(other, "journal#1"));
    vault_close(other);
    vault_close(v);
    secret_free(fresh);
}

/* A reader finds a whole vault at any moment, though the one that it has opened is being overwritten. */
static void test_a_reader_never_meets_a_file_that_is_being_overwritten(void **state)
{
    struct world *const w = *state;
    struct vault *const v = create(w);
    struct vault *reader = NULL;
    int status = -1;

    assert_int_equal(vault_add(v, "a", NULL, &w->err), ERR_OK);
    assert_int_equal(vault_open(&reader, w->dir, w->passphrase, &w->err), ERR_OK);
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        bool good = true;
        for (int i = 0; i < 150 && good; i++)
            good = (i % 2 ? vault_remove(v, "b", NULL) : vault_add(v, "b", NULL, NULL)) == ERR_OK;
        _exit(good ? 0 : 1);
    }
    size_t reads = 0;
    while (waitpid(child, &status, WNOHANG) == 0) {
        const enum err_code rc = vault_reload(reader, &w->err);
        if (rc)
            fail_msg("%s", w->err.text);
        assert_true(vault_find(reader, "a"));
        reads++;
    }
    assert_int_equal(status, 0);
    assert_true(reads > 0);
    vault_close(reader);
    vault_close(v);
}

static void test_two_processes_that_add_lose_no_key(void **state)
{
    enum { PROCESSES = 3, KEYS = 8 };
    struct world *const w = *state;
    struct vault *v = create(w);
    pid_t children[PROCESSES];
    char name[32];

    for (int p = 0; p < PROCESSES; p++) {
        children[p] = fork();
        assert_true(children[p] >= 0);
        if (children[p] > 0)
            continue;
        struct vault *mine = NULL;
        bool good = vault_open(&mine, w->dir, w->passphrase, NULL) == ERR_OK;
        for (int k = 0; k < KEYS && good; k++) {
            snprintf(name, sizeof name, "p%d-k%d", p, k);
            good = vault_add(mine, name, NULL, NULL) == ERR_OK;
        }
        _exit(good ? 0 : 1);
    }
    for (int p = 0; p < PROCESSES; p++) {
        int status = -1;
        assert_int_equal(waitpid(children[p], &status, 0), children[p]);
        assert_int_equal(status, 0);
    }
    v = reopen(w, v);
    assert_int_equal(vault_count(v), PROCESSES * KEYS);
    vault_close(v);
}

/* A table of `rows` numbered keys, as a file: adding them one by one would take minutes. */
static void file_put_keys(const struct world *w, const uint8_t *table, size_t rows)
{
    const size_t size = rows * VAULT_ROW_SIZE;
    struct vault_envelope e = {.cost = cheap, .box_size = VAULT_MAC_SIZE + size};
    uint8_t *const box = malloc(e.box_size);
    uint8_t *const file = malloc(VAULT_FILE_MAX);
    uint8_t key[crypto_secretbox_KEYBYTES];

    assert_true(box && file);
    assert_int_equal(crypto_pwhash(key, sizeof key, (const char *)secret_bytes(w->passphrase),
                                   secret_size(w->passphrase), e.salt, cheap.passes, cheap.memory_kib * 1024,
                                   crypto_pwhash_ALG_ARGON2ID13),
                     0);
    crypto_secretbox_easy(box, table, size, e.nonce, key);
    e.box = box;
    file_put(w, file, vault_envelope_encode(&e, file));
    free(file);
    free(box);
}

static void test_a_full_vault_says_so(void **state)
{
    struct world *const w = *state;
    struct vault *v = NULL;
    uint8_t *const table = calloc(VAULT_KEYS_MAX + 1, VAULT_ROW_SIZE);
    size_t count = 0;

    assert_non_null(table);
    for (size_t row = 0; row <= VAULT_KEYS_MAX; row++)
        snprintf((char *)table + row * VAULT_ROW_SIZE, VAULT_NAME_MAX, "%zu", row);
    assert_int_equal(vault_table_check(table, VAULT_TABLE_MAX, &count, &w->err), ERR_OK);
    assert_int_equal(count, VAULT_KEYS_MAX);
    assert_int_equal(vault_table_check(table, VAULT_TABLE_MAX + VAULT_ROW_SIZE, &count, &w->err), ERR_FORMAT);
    assert_int_equal(vault_table_check(table, VAULT_TABLE_MAX - 1, &count, &w->err), ERR_FORMAT);

    file_put_keys(w, table, VAULT_KEYS_MAX - 1);
    assert_int_equal(vault_open(&v, w->dir, w->passphrase, &w->err), ERR_OK);
    assert_int_equal(vault_add(v, "the last", NULL, &w->err), ERR_OK);
    assert_int_equal(vault_add(v, "one too many", NULL, &w->err), ERR_RANGE);
    assert_int_equal(vault_count(v), VAULT_KEYS_MAX);
    vault_close(v);
    free(table);
}

static void test_a_table_with_a_bad_row_is_refused(void **state)
{
    struct world *const w = *state;
    static const struct {
        size_t at;
        uint8_t byte;
        const char *says;
    } cases[] = {
        {0, 0, "row 1"},                                                /* no name */
        {1, 0x1f, "control"},                                           /* control character */
        {1, 0xff, "UTF-8"},                                             /* not UTF-8 */
        {VAULT_NAME_MAX - 1, 'x', "not zero"},                          /* behind the name's end */
        {VAULT_ROW_SIZE, 'a', "second time"},                           /* the name of row 1 */
        {VAULT_ROW_SIZE + VAULT_NAME_MAX - 1, 'x', "table, row 2: byt"} /* the right row is named */
    };
    uint8_t table[2 * VAULT_ROW_SIZE] = {0};
    size_t count = 9;

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        memset(table, 0, sizeof table);
        memcpy(table, "a", 1);
        memcpy(table + VAULT_ROW_SIZE, "b", 1);
        table[cases[i].at] = cases[i].byte;
        assert_int_equal(vault_table_check(table, sizeof table, &count, &w->err), ERR_FORMAT);
        assert_non_null(strstr(w->err.text, cases[i].says));
        assert_int_equal(count, 9);
    }
}

static void test_a_file_that_cannot_be_replaced_stays(void **state)
{
    struct world *const w = *state;
    struct vault *v = create(w);
    char path[128];

    /* A directory of that name, with something in it, cannot be unlinked: the new file cannot be made. */
    path_of(w, VAULT_FILE_NAME ".new", path);
    assert_int_equal(mkdir(path, 0700), 0);
    assert_int_equal(vault_add(v, "journal", NULL, &w->err), ERR_IO);
    assert_int_equal(vault_count(v), 0);
    assert_int_equal(rmdir(path), 0);
    v = reopen(w, v);
    assert_int_equal(vault_count(v), 0);
    assert_int_equal(vault_add(v, "journal", NULL, &w->err), ERR_OK);
    vault_close(v);
}

static void test_the_default_cost_is_the_interactive_one(void **state)
{
    struct world *const w = *state;
    struct vault *v = NULL;
    struct vault_envelope e;
    uint8_t file[1024];

    assert_int_equal(vault_create(&v, w->dir, w->passphrase, NULL, &w->err), ERR_OK);
    vault_close(v);
    const size_t size = file_get(w, file, sizeof file);
    assert_int_equal(vault_envelope_decode(&e, file, size, &w->err), ERR_OK);
    assert_int_equal(e.cost.passes, 2);
    assert_int_equal(e.cost.memory_kib, 65536);
    assert_int_equal(vault_open(&v, w->dir, w->passphrase, &w->err), ERR_OK);
    vault_close(v);
}

#define STORY(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY(test_keys_come_back_after_reopening),
        STORY(test_a_wrong_passphrase_is_said_to_be_wrong),
        STORY(test_each_flipped_bit_and_each_cut_is_refused),
        STORY(test_each_flipped_bit_is_refused_with_a_checksum_made_to_fit),
        STORY(test_the_cost_is_bounded_on_writing_and_reading),
        STORY(test_what_is_refused_changes_nothing),
        STORY(test_no_vault_and_no_directory),
        STORY(test_only_the_owner_may_read_the_file),
        STORY(test_a_removed_key_is_gone),
        STORY(test_a_changed_passphrase_shuts_out_the_old_one_and_other_holders),
        STORY(test_what_a_change_replaces_is_overwritten),
        STORY(test_a_second_name_of_the_old_file_is_left_alone),
        STORY(test_what_a_crash_left_is_tidied_up),
        STORY(test_a_reloaded_vault_has_what_another_process_changed),
        STORY(test_a_reader_never_meets_a_file_that_is_being_overwritten),
        STORY(test_two_processes_that_add_lose_no_key),
        STORY(test_a_full_vault_says_so),
        STORY(test_a_table_with_a_bad_row_is_refused),
        STORY(test_a_file_that_cannot_be_replaced_stays),
        STORY(test_the_default_cost_is_the_interactive_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
