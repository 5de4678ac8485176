/* Proofs from real journals: each holds, in both forms, and whatever is changed in one is found. */
#include "audit/proof.h"

#include "support/proofs.h"
#include "support/trees.h"

struct fixture {
    struct scratch scratch;
    struct journal *journal;
    struct journal_reader *reader;
    struct note_key key;
};

/* A journal whose groups end at these sizes. */
static void begin(struct fixture *f, const uint64_t *sizes, size_t count)
{
    scratch_init(&f->scratch);
    f->journal = scratch_create(&f->scratch);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(scratch_append(f->journal, (unsigned)(sizes[i] - (i ? sizes[i - 1] : 1))), sizes[i]);
    SCRATCH_OK(journal_reader_begin(f->journal, &f->reader, err));
    SCRATCH_OK(note_key_parse(&f->key, journal_vkey(f->journal), strlen(journal_vkey(f->journal)), err));
}

static void end(struct fixture *f)
{
    journal_reader_end(f->reader);
    journal_close(f->journal);
    scratch_release(&f->scratch);
}

static void to_text(const struct proof *p, enum proof_form form, struct proof_bytes *text)
{
    struct json_out out;

    if (form == PROOF_TLOG) {
        SCRATCH_OK(proof_to_tlog(p, text, err));
        return;
    }
    json_out_init(&out);
    proof_to_json(p, &out);
    SCRATCH_OK(json_out_done(&out, err));
    SCRATCH_OK(proof_bytes_set(text, out.bytes, out.size, err));
    json_out_release(&out);
}

/* There and back: the same text, and what was read holds as well. */
static void try_form(const struct fixture *f, const struct proof *p, enum proof_form form,
                     struct proof_finding *found, struct proof *read)
{
    struct proof_bytes text = {NULL, 0};
    struct proof_bytes again = {NULL, 0};
    enum proof_form said = 0;

    to_text(p, form, &text);
    proof_init(read);
    SCRATCH_OK(proof_parse((const char *)text.at, text.size, read, &said, err));
    assert_int_equal(said, form);
    to_text(read, form, &again);
    assert_int_equal(again.size, text.size);
    assert_memory_equal(again.at, text.at, text.size);
    SCRATCH_OK(proof_check(read, &f->key, found, err));
    free(text.at);
    free(again.at);
}

/* -- what is proven -------------------------------------------------------------------------------------- */

static void try_entry(struct fixture *f, uint64_t seq, uint64_t size, uint64_t sealed)
{
    struct journal_record record;
    struct proof_finding found;
    struct proof read;
    struct proof p;

    proof_init(&p);
    SCRATCH_OK(proof_make_inclusion(f->reader, journal_epochs(f->journal), seq, size, &p, err));
    SCRATCH_OK(journal_reader_get(f->reader, seq, &record, err));
    for (enum proof_form form = PROOF_JSON; form <= PROOF_TLOG; form++) {
        try_form(f, &p, form, &found, &read);
        assert_string_equal(found.origin, SCRATCH_ORIGIN);
        assert_int_equal(found.size, sealed);
        assert_int_equal(found.epoch, 0);
        assert_true(found.is_entry);
        assert_int_equal(found.entry.seq, seq);
        assert_int_equal(found.entry.kind, seq == 1 ? ENTRY_CONTROL_GENESIS : ENTRY_FILL_DEPOSIT);
        assert_int_equal(read.last.entry.size, record.size);
        assert_memory_equal(read.last.entry.at, record.bytes, record.size);
        proof_release(&read);
    }
    proof_release(&p);
}

static void try_growth(struct fixture *f, uint64_t from, uint64_t to)
{
    struct proof_finding found;
    struct hash root;
    struct proof read;
    struct proof p;

    proof_init(&p);
    SCRATCH_OK(proof_make_consistency(f->reader, journal_epochs(f->journal), from, to, &p, err));
    try_form(f, &p, PROOF_JSON, &found, &read);
    assert_int_equal(found.old_size, from);
    assert_int_equal(found.size, to);
    SCRATCH_OK(journal_reader_root(f->reader, from, &root, err));
    assert_true(hash_equal(&root, &found.old_root));
    SCRATCH_OK(journal_reader_root(f->reader, to, &root, err));
    assert_true(hash_equal(&root, &found.root));
    proof_release(&read);
    proof_release(&p);
}

/* One entry, powers of two, and one more and one less. */
static const uint64_t sizes[] = {1,  2,  3,   4,   5,   7,   8,   9,   15,  16,  17, 31,
                                 32, 33, 127, 128, 129, 255, 256, 257, 511, 512, 513};
#define SIZES (sizeof sizes / sizeof sizes[0])

static void test_every_kind_of_tree_proves_its_entries_at_every_seal(void **state)
{
    struct fixture f;

    (void)state;
    begin(&f, sizes + 1, SIZES - 1);
    for (size_t i = 0; i < SIZES; i++) {
        for (size_t k = 0; k <= i; k++)
            try_entry(&f, sizes[k], sizes[i], sizes[i]);
        try_entry(&f, 1 + sizes[i] / 2, sizes[i], sizes[i]);
        try_entry(&f, sizes[i], 0, 513);
    }
    end(&f);
}

static void test_every_pair_of_seals_proves_growth(void **state)
{
    struct fixture f;

    (void)state;
    begin(&f, sizes + 1, SIZES - 1);
    for (size_t i = 0; i < SIZES; i++) {
        for (size_t k = 0; k <= i; k++)
            try_growth(&f, sizes[k], sizes[i]);
    }
    end(&f);
}

static void test_a_size_without_a_seal_is_answered_by_the_next_one(void **state)
{
    static const uint64_t few[] = {10, 20, 30};
    struct fixture f;
    struct proof p;
    struct err err;

    (void)state;
    begin(&f, few, 3);
    try_entry(&f, 5, 5, 10);
    try_entry(&f, 5, 11, 20);
    try_entry(&f, 5, 20, 20);
    proof_init(&p);
    assert_int_equal(proof_make_consistency(f.reader, journal_epochs(f.journal), 9, 30, &p, &err),
                     ERR_NOT_FOUND);
    assert_non_null(strstr(err.text, "exactly 9 entries; the next one covers 10"));
    assert_int_equal(proof_make_consistency(f.reader, journal_epochs(f.journal), 10, 25, &p, &err),
                     ERR_NOT_FOUND);
    assert_non_null(strstr(err.text, "exactly 25 entries; the next one covers 30"));
    end(&f);
}

static void test_what_is_not_there_is_not_proven(void **state)
{
    static const uint64_t few[] = {10, 20};
    struct fixture f;
    struct proof p;
    struct err err;

    (void)state;
    begin(&f, few, 2);
    proof_init(&p);
    assert_int_equal(proof_make_inclusion(f.reader, journal_epochs(f.journal), 0, 0, &p, &err),
                     ERR_NOT_FOUND);
    assert_int_equal(proof_make_inclusion(f.reader, journal_epochs(f.journal), 21, 0, &p, &err),
                     ERR_NOT_FOUND);
    assert_non_null(strstr(err.text, "1 .. 20"));
    assert_int_equal(proof_make_inclusion(f.reader, journal_epochs(f.journal), 5, 21, &p, &err),
                     ERR_NOT_FOUND);
    assert_int_equal(proof_make_inclusion(f.reader, journal_epochs(f.journal), 11, 10, &p, &err),
                     ERR_NOT_FOUND);
    assert_non_null(strstr(err.text, "entry 11 is not among the first 10"));
    assert_int_equal(proof_make_consistency(f.reader, journal_epochs(f.journal), 20, 10, &p, &err),
                     ERR_INPUT);
    assert_int_equal(proof_make_consistency(f.reader, journal_epochs(f.journal), 0, 10, &p, &err),
                     ERR_NOT_FOUND);
    assert_int_equal(proof_make_consistency(f.reader, journal_epochs(f.journal), 10, 21, &p, &err),
                     ERR_NOT_FOUND);
    assert_null(p.last.entry.at); /* outputs are untouched */
    assert_null(p.last.seal.at);
    end(&f);
}

/* A journal that hands over twice: at 12 and at 25. The seals of 12 and 25 are the last of their keys. */
static void test_every_seal_of_a_journal_with_three_keys_proves_its_entries(void **state)
{
    static const uint64_t seals[] = {1, 5, 11, 12, 20, 24, 25, 33};
    static const uint64_t epochs[] = {0, 0, 0, 0, 1, 1, 1, 2};
    struct proof_finding found;
    struct fixture f;
    struct proof p;
    struct proof read;

    (void)state;
    begin(&f, NULL, 0);
    journal_reader_end(f.reader);
    for (size_t i = 1; i < sizeof seals / sizeof seals[0]; i++) {
        if (seals[i] == 12 || seals[i] == 25)
            SCRATCH_OK(journal_rotate_key(f.journal, "test", 0, NULL, err));
        else
            assert_int_equal(scratch_append(f.journal, (unsigned)(seals[i] - seals[i - 1])), seals[i]);
    }
    SCRATCH_OK(journal_reader_begin(f.journal, &f.reader, err));
    for (size_t i = 0; i < sizeof seals / sizeof seals[0]; i++) {
        for (uint64_t seq = 1; seq <= seals[i]; seq++) {
            proof_init(&p);
            SCRATCH_OK(proof_make_inclusion(f.reader, journal_epochs(f.journal), seq, seals[i], &p, err));
            assert_int_equal(p.key_count, epochs[i]);
            try_form(&f, &p, PROOF_JSON, &found, &read);
            assert_int_equal(found.epoch, epochs[i]);
            assert_int_equal(found.size, seals[i]);
            proof_release(&read);
            proof_release(&p);
        }
        for (size_t k = 0; k <= i; k++)
            try_growth(&f, seals[k], seals[i]);
    }
    end(&f);
}

/* -- what is changed ------------------------------------------------------------------------------------- */

/* Not ERR_OK, whatever the reader or the check has to say. */
static void assert_not_proven(const struct fixture *f, const char *text, size_t size)
{
    struct proof_finding found = {.size = 42};
    enum proof_form form = 0;
    struct proof p;
    struct err err = {.code = ERR_OK};

    proof_init(&p);
    enum err_code rc = proof_parse(text, size, &p, &form, &err);
    if (!rc)
        rc = proof_check(&p, &f->key, &found, &err);
    assert_true(rc == ERR_FORMAT || rc == ERR_WRONG || rc == ERR_INPUT);
    assert_int_equal(err.code, rc);
    assert_true(err.text[0] != '\0');
    assert_int_equal(found.size, 42);
    proof_release(&p);
}

/* White space between tokens says nothing: a flip that makes one of it, or a line end more, changes no claim. */
static void flip_every_bit(const struct fixture *f, const struct proof *p, enum proof_form form)
{
    struct proof_bytes text = {NULL, 0};

    to_text(p, form, &text);
    for (size_t bit = 0; bit < 8 * text.size; bit++) {
        text.at[bit / 8] ^= (uint8_t)(1U << bit % 8);
        const bool is_space =
            form == PROOF_JSON && bit / 8 == text.size - 1 && strchr("\t\r ", text.at[bit / 8]);
        if (!is_space)
            assert_not_proven(f, (const char *)text.at, text.size);
        text.at[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
    for (size_t cut = 0; cut + 1 < text.size; cut++) /* without its line end JSON is whole */
        assert_not_proven(f, (const char *)text.at, cut);
    free(text.at);
}

static void test_every_flipped_bit_and_every_cut_is_found(void **state)
{
    static const uint64_t few[] = {4, 7};
    struct fixture f;
    struct proof inclusion;
    struct proof growth;

    (void)state;
    begin(&f, few, 2);
    proof_init(&inclusion);
    proof_init(&growth);
    SCRATCH_OK(proof_make_inclusion(f.reader, journal_epochs(f.journal), 3, 0, &inclusion, err));
    SCRATCH_OK(proof_make_consistency(f.reader, journal_epochs(f.journal), 4, 7, &growth, err));
    flip_every_bit(&f, &inclusion, PROOF_JSON);
    flip_every_bit(&f, &inclusion, PROOF_TLOG);
    flip_every_bit(&f, &growth, PROOF_JSON);
    proof_release(&inclusion);
    proof_release(&growth);
    end(&f);
}

static void assert_wrong(const struct fixture *f, const struct proof *p, const char *words)
{
    struct proof_finding found;
    struct err err;

    assert_int_equal(proof_check(p, &f->key, &found, &err), ERR_WRONG);
    if (!strstr(err.text, words))
        fail_msg("\"%s\" is not in \"%s\"", words, err.text);
}

static void test_each_field_of_another_proof_is_found(void **state)
{
    static const uint64_t few[] = {20, 30};
    struct fixture f;
    struct proof p;
    struct proof other;

    (void)state;
    begin(&f, few, 2);
    proof_init(&p);
    proof_init(&other);
    SCRATCH_OK(proof_make_inclusion(f.reader, journal_epochs(f.journal), 12, 0, &p, err));
    SCRATCH_OK(proof_make_inclusion(f.reader, journal_epochs(f.journal), 13, 20, &other, err));

    struct proof mixed = p;
    mixed.last.entry = other.last.entry; /* the right way, from another entry */
    assert_wrong(&f, &mixed, "leads to another root");
    mixed = p;
    mixed.last.path = other.last.path;
    assert_wrong(&f, &mixed, "leads to another root");
    mixed = p;
    mixed.last.seal = other.last.seal;
    assert_wrong(&f, &mixed, "leads to another root");
    mixed = p;
    mixed.seq = 13;
    assert_wrong(&f, &mixed, "leads to another root");
    mixed.seq = 31;
    assert_wrong(&f, &mixed, "has no leaf 30");
    mixed.seq = 0;
    assert_wrong(&f, &mixed, "has no leaf");
    mixed = p;
    mixed.last.path.count--;
    assert_wrong(&f, &mixed, "has 4 hashes where");
    mixed = p;
    mixed.last.consistency.count = 1; /* there is nothing before the first seal */
    assert_wrong(&f, &mixed, "where none are needed");
    proof_release(&p);
    proof_release(&other);
    end(&f);
}

static void test_an_old_seal_of_another_past_is_found(void **state)
{
    static const uint64_t few[] = {20, 30, 40};
    struct fixture f;
    struct proof p;
    struct proof other;

    (void)state;
    begin(&f, few, 3);
    proof_init(&p);
    proof_init(&other);
    SCRATCH_OK(proof_make_consistency(f.reader, journal_epochs(f.journal), 20, 40, &p, err));
    SCRATCH_OK(proof_make_consistency(f.reader, journal_epochs(f.journal), 30, 40, &other, err));
    struct proof mixed = p;
    mixed.old_seal = other.old_seal;
    assert_wrong(&f, &mixed, "consistency path");
    mixed = p;
    mixed.last.path = other.last.path;
    assert_wrong(&f, &mixed, "consistency path");
    mixed = p;
    mixed.old_seal = p.last.seal;
    mixed.last.seal = p.old_seal;
    assert_wrong(&f, &mixed, "no tree of 40 leaves grows into one of 20");
    proof_release(&p);
    proof_release(&other);
    end(&f);
}

static void test_another_key_and_another_journal_prove_nothing(void **state)
{
    static const uint64_t few[] = {8};
    struct fixture f;
    struct fixture other;
    struct proof_finding found;
    struct proof p;
    struct err err;

    (void)state;
    begin(&f, few, 1);
    begin(&other, few, 1);
    proof_init(&p);
    SCRATCH_OK(proof_make_inclusion(f.reader, journal_epochs(f.journal), 5, 0, &p, err));
    assert_int_equal(proof_check(&p, &other.key, &found, &err), ERR_WRONG); /* the same name, another id */
    assert_non_null(strstr(err.text, "not signed by this key of " SCRATCH_ORIGIN));
    proof_release(&p);
    end(&f);
    end(&other);
}

static void test_seals_that_say_something_else_are_refused(void **state)
{
    struct proofs_log *const log = proofs_new();
    struct proof_finding found;
    struct proof p;
    struct err err;

    (void)state;
    proofs_add_numbers(log, 5);
    proofs_inclusion(log, 2, 5, &p);
    assert_int_equal(proof_check(&p, &log->keys[0], &found, &err), ERR_OK);
    assert_false(found.is_entry);
    assert_int_equal(proof_check(&p, &log->keys[1], &found, &err), ERR_WRONG);
    proofs_sign(log, 0, "desk.example/other\n5\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n",
                &p.last.seal);
    assert_int_equal(proof_check(&p, &log->keys[0], &found, &err), ERR_WRONG);
    assert_non_null(strstr(err.text, "of another journal: desk.example/other"));
    proofs_sign(log, 0, PROOFS_ORIGIN "\n5\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\nmore\n",
                &p.last.seal);
    assert_int_equal(proof_check(&p, &log->keys[0], &found, &err), ERR_WRONG);
    assert_non_null(strstr(err.text, "says more"));
    proofs_sign(log, 0, "five\n", &p.last.seal);
    assert_int_equal(proof_check(&p, &log->keys[0], &found, &err), ERR_FORMAT);
    proof_release(&p);
    proofs_free(log);
}

static void test_an_entry_at_the_place_of_another_is_found_though_it_is_sealed(void **state)
{
    struct proofs_log *const log = proofs_new();
    struct proof_finding found;
    struct proof p;
    struct err err;

    (void)state;
    struct entry e = entries_draft(ENTRY_CONTROL_NOTE);
    proofs_add_entry(log, &e);
    proofs_add_entry(log, &e);
    proofs_add(log, log->entries[1].at, log->entries[1].size); /* number 2 again, in place 3 */
    proofs_add_entry(log, &e);
    proofs_inclusion(log, 2, 4, &p);
    assert_int_equal(proof_check(&p, &log->keys[0], &found, &err), ERR_OK);
    proof_release(&p);
    proofs_inclusion(log, 3, 4, &p);
    assert_int_equal(proof_check(&p, &log->keys[0], &found, &err), ERR_WRONG);
    assert_non_null(strstr(err.text, "at place 3 stands an entry that says it is number 2"));
    proof_release(&p);
    proofs_free(log);
}

static void test_the_empty_tree_proves_nothing_and_begins_everything(void **state)
{
    struct proofs_log *const log = proofs_new();
    const struct hash empty = hash_empty();
    struct proof_finding found;
    struct proof p;
    struct err err;

    (void)state;
    proofs_add_numbers(log, 3);
    proofs_inclusion(log, 1, 1, &p);
    proofs_seal_root(log, 0, 0, &empty, &p.last.seal);
    assert_int_equal(proof_check(&p, &log->keys[0], &found, &err), ERR_WRONG);
    assert_non_null(strstr(err.text, "a tree of 0 leaves has no leaf 0"));
    proof_release(&p);
    proofs_consistency(log, 0, 3, &p);
    assert_int_equal(proof_check(&p, &log->keys[0], &found, &err), ERR_OK);
    assert_int_equal(found.old_size, 0);
    proofs_seal_root(log, 0, 0, &log->leaves[0], &p.old_seal);
    assert_int_equal(proof_check(&p, &log->keys[0], &found, &err), ERR_WRONG);
    proof_release(&p);
    proofs_free(log);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_kind_of_tree_proves_its_entries_at_every_seal),
        cmocka_unit_test(test_every_pair_of_seals_proves_growth),
        cmocka_unit_test(test_a_size_without_a_seal_is_answered_by_the_next_one),
        cmocka_unit_test(test_what_is_not_there_is_not_proven),
        cmocka_unit_test(test_every_seal_of_a_journal_with_three_keys_proves_its_entries),
        cmocka_unit_test(test_every_flipped_bit_and_every_cut_is_found),
        cmocka_unit_test(test_each_field_of_another_proof_is_found),
        cmocka_unit_test(test_an_old_seal_of_another_past_is_found),
        cmocka_unit_test(test_another_key_and_another_journal_prove_nothing),
        cmocka_unit_test(test_seals_that_say_something_else_are_refused),
        cmocka_unit_test(test_an_entry_at_the_place_of_another_is_found_though_it_is_sealed),
        cmocka_unit_test(test_the_empty_tree_proves_nothing_and_begins_everything),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
