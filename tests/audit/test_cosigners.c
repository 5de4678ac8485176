/* Whose word counts: each witness once, never the log itself, and only with a good signature. */
#include "audit/cosigners.h"
#include "audit/witnesses.h"

#define KEYS 4

static struct desk_log log_;
static struct note_key keys[KEYS];
static uint8_t secrets[KEYS][64];
static char bytes[NOTE_MAX_SIZE];
static size_t size;
static struct note note;
static struct cosigners all;
static struct cosigners_finding findings[COSIGNERS_MAX];

static void make_keys(void)
{
    char name[40];

    desk_log_init(&log_, WITNESSES_ORIGIN, 1, WITNESSES_LEAVES, 0);
    for (unsigned i = 0; i < KEYS; i++) {
        const uint8_t seed[32] = {(uint8_t)(40 + i)};
        uint8_t public_key[32];
        crypto_sign_seed_keypair(public_key, secrets[i], seed);
        snprintf(name, sizeof name, "witness.example/w%u", i);
        SCRATCH_OK(note_key_init(&keys[i], name, strlen(name), NOTE_KEY_COSIGNATURE, public_key, err));
    }
}

static void cosign(unsigned i, const struct note_key *as, bool is_good)
{
    char message[NOTE_COSIGNATURE_MESSAGE_MAX];
    char line[NOTE_COSIGNATURE_LINE_SIZE];
    uint8_t signature[64];
    struct note parsed;

    SCRATCH_OK(note_parse(&parsed, bytes, size, err));
    const size_t said = note_cosignature_message(message, parsed.text, parsed.text_size, 1000 + i);
    crypto_sign_detached(signature, NULL, (const uint8_t *)message, said, secrets[i]);
    signature[0] ^= is_good ? 0 : 1;
    const size_t length = note_cosignature_format(line, as, 1000 + i, signature);
    SCRATCH_OK(note_add_lines(bytes, sizeof bytes, &size, bytes, size, line, length, err));
}

/* The witnesses of `set`, bit by bit. */
static void make_note(unsigned set)
{
    make_keys();
    size = desk_log_checkpoint(&log_, 9, NULL, bytes);
    for (unsigned i = 0; i < KEYS; i++) {
        if (set >> i & 1)
            cosign(i, &keys[i], true);
    }
    SCRATCH_OK(note_parse(&note, bytes, size, err));
}

static void know(const struct policy *policy, uint32_t least, unsigned count)
{
    cosigners_init(&all, policy, least);
    for (unsigned i = 0; i < count; i++)
        SCRATCH_OK(cosigners_add(&all, &keys[i], err));
}

static uint32_t look(void)
{
    SCRATCH_OK(note_parse(&note, bytes, size, err));
    return cosigners_look(&all, &note, &log_.key, 1, findings);
}

static void test_each_known_one_counts_once(void **state)
{
    (void)state;
    for (unsigned set = 0; set < 1u << KEYS; set++) {
        make_note(set);
        for (uint32_t least = 0; least <= KEYS; least++) {
            know(NULL, least, 3); /* the fourth is nobody known */
            SCRATCH_OK(cosigners_add(&all, &keys[1], err));
            assert_int_equal(all.count, 3);
            const uint32_t want = (set & 1) + (set >> 1 & 1) + (set >> 2 & 1);
            assert_int_equal(look(), want);
            assert_int_equal(cosigners_are_enough(&all, findings), want >= least);
            for (unsigned i = 0; i < 3; i++) {
                assert_int_equal(findings[i].is_good, set >> i & 1);
                assert_int_equal(findings[i].at_s, set >> i & 1 ? 1000 + i : 0);
                assert_false(findings[i].is_wrong);
            }
        }
    }
}

static void test_a_wrong_signature_does_not_count_and_is_told(void **state)
{
    (void)state;
    make_note(1);
    cosign(1, &keys[1], false);
    cosign(3, &keys[2], true); /* somebody else's signature under that name */
    know(NULL, 1, 3);
    assert_int_equal(look(), 1);
    assert_true(findings[0].is_good);
    assert_true(!findings[1].is_good && findings[1].is_wrong);
    assert_true(!findings[2].is_good && findings[2].is_wrong);
    assert_true(cosigners_are_enough(&all, findings));
    all.least = 2;
    assert_false(cosigners_are_enough(&all, findings));
}

/* The log's own line stands in every note. */
static void test_a_log_is_not_its_own_witness(void **state)
{
    struct note_key twin;

    (void)state;
    make_note(0);
    SCRATCH_OK(
        note_key_init(&twin, "witness.example/twin", 20, NOTE_KEY_COSIGNATURE, log_.key.public_key, err));
    memcpy(secrets[0], log_.secret, 64);
    cosign(0, &twin, true);
    cosigners_init(&all, NULL, 1);
    SCRATCH_OK(cosigners_add(&all, &log_.key, err));
    assert_int_equal(look(), 0);
    cosigners_init(&all, NULL, 1);
    SCRATCH_OK(cosigners_add(&all, &twin, err));
    assert_int_equal(look(), 0);
    assert_false(cosigners_are_enough(&all, findings));
}

static void test_a_policy_is_asked_about_its_own_witnesses(void **state)
{
    static struct policy policy;
    char text[2000];
    char vkeys[2][NOTE_VKEY_TEXT_SIZE];
    char words[200];

    (void)state;
    make_note(4);
    for (unsigned i = 0; i < 2; i++)
        note_key_format(vkeys[i], &keys[i]);
    snprintf(text, sizeof text, "witness a %s\nwitness b %s\ngroup g any a b\nquorum g\n", vkeys[0],
             vkeys[1]);
    SCRATCH_OK(policy_parse(&policy, text, strlen(text), err));
    know(&policy, 1, 3);
    cosigners_words(&all, words, sizeof words);
    assert_string_equal(words, "the policy's quorum and 1 of 3 known witnesses");
    assert_int_equal(look(), 1);
    assert_false(cosigners_are_enough(&all, findings)); /* one, but not one of the policy's */
    make_note(2);
    assert_int_equal(look(), 1);
    assert_true(cosigners_are_enough(&all, findings));
    all.least = 2;
    assert_false(cosigners_are_enough(&all, findings));
}

static void test_there_is_a_limit(void **state)
{
    struct err err;

    (void)state;
    make_keys();
    cosigners_init(&all, NULL, 0);
    for (unsigned i = 0; i <= COSIGNERS_MAX; i++) {
        struct note_key key = keys[0];
        key.public_key[0] = (uint8_t)i;
        key.public_key[1] = (uint8_t)(i >> 8);
        assert_int_equal(cosigners_add(&all, &key, &err), i < COSIGNERS_MAX ? ERR_OK : ERR_RANGE);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_known_one_counts_once),
        cmocka_unit_test(test_a_wrong_signature_does_not_count_and_is_told),
        cmocka_unit_test(test_a_log_is_not_its_own_witness),
        cmocka_unit_test(test_a_policy_is_asked_about_its_own_witnesses),
        cmocka_unit_test(test_there_is_a_limit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
