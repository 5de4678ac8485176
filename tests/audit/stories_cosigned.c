#include "audit/stories_cosigned.h"

#include "ledger/base64.h"
#include "ledger/wire.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

static void secret_of(unsigned number, uint8_t secret[64], uint8_t public_key[32])
{
    const uint8_t seed[32] = {0x77, (uint8_t)number};

    crypto_sign_seed_keypair(public_key, secret, seed);
}

void cosigned_key(unsigned number, struct note_key *key)
{
    uint8_t secret[64];
    uint8_t public_key[32];
    char name[40];

    REQUIRE(number < COSIGNED_KEYS);
    secret_of(number, secret, public_key);
    snprintf(name, sizeof name, "witness.example/w%u", number);
    REQUIRE(note_key_init(key, name, strlen(name), NOTE_KEY_COSIGNATURE, public_key, NULL) == ERR_OK);
}

static void join_as(struct forge *f, const char *name, enum role role, const uint8_t key[32])
{
    int64_t ids = FORGE_ACTORS;
    struct entry e;

    for (size_t i = 0; i < f->entry_count; i++) /* kind 0702 */
        ids += f->entries[i].bytes[2] == 0x07 && f->entries[i].bytes[3] == 0x02;
    memset(&e, 0, sizeof e);
    e.kind = ENTRY_CONTROL_ACTOR;
    e.at_ns = INSTANT_NONE;
    e.as.control_actor.actor_id = ids + 1;
    e.as.control_actor.name = id_from(name);
    e.as.control_actor.role = role;
    memcpy(e.as.control_actor.key.bytes, key, 32);
    forge_add(f, &e);
}

void cosigned_join(struct forge *f, unsigned number)
{
    struct note_key key;

    cosigned_key(number, &key);
    join_as(f, key.name, ROLE_WITNESS, key.public_key);
}

/* -- lines ----------------------------------------------------------------------------------------------- */

static void add_line(struct forge *f, uint64_t size, const char *line, size_t length)
{
    struct forge_row *const row = forge_find_number(f, EVIDENCE_SEALS, size);
    char *const note = malloc(row->size + length);

    REQUIRE(note);
    memcpy(note, row->bytes, row->size);
    memcpy(note + row->size, line, length);
    forge_set(row, note, row->size + length);
    free(note);
}

/* A line by `as`: the id, then these bytes. */
static void add_blob(struct forge *f, uint64_t size, const struct note_key *as, const uint8_t *bytes,
                     size_t count)
{
    uint8_t blob[200];
    char text[BASE64_LENGTH(sizeof blob) + 1];
    char line[700];

    memcpy(blob, as->id, NOTE_ID_SIZE);
    memcpy(blob + NOTE_ID_SIZE, bytes, count);
    base64_encode(text, blob, NOTE_ID_SIZE + count);
    const int length = snprintf(line, sizeof line, "\xe2\x80\x94 %s %s\n", as->name, text);
    add_line(f, size, line, (size_t)length);
}

/* What a witness says of the seal of `size` at a time: u64, signature. */
static void cosign(struct forge *f, uint64_t size, unsigned number, uint64_t time_s, uint8_t said[72])
{
    const struct forge_row *const row = forge_find_number(f, EVIDENCE_SEALS, size);
    char message[NOTE_COSIGNATURE_MESSAGE_MAX];
    uint8_t secret[64];
    uint8_t public_key[32];
    struct note note;

    REQUIRE(note_parse(&note, row->bytes, row->size, NULL) == ERR_OK);
    secret_of(number, secret, public_key);
    const int head = snprintf(message, 64, "cosignature/v1\ntime %llu\n", (unsigned long long)time_s);
    memcpy(message + head, note.text, note.text_size);
    wire_store_u64(said, time_s);
    crypto_sign_detached(said + 8, NULL, (const uint8_t *)message, (size_t)head + note.text_size, secret);
}

void cosigned_by(struct forge *f, uint64_t size, unsigned number, bool is_wrong)
{
    uint8_t said[72];
    struct note_key key;

    cosigned_key(number, &key);
    cosign(f, size, number, 1450967470, said);
    said[40] ^= is_wrong;
    add_blob(f, size, &key, said, sizeof said);
}

/* -- stories: entry 3 is witness 0's joining ------------------------------------------------------------- */

static void end(struct forge *f)
{
    forge_group(f); /* seal 3 */
    forge_note(f, "fourth");
    forge_note(f, "fifth");
    forge_group(f); /* seal 5 */
}

static void good(struct forge *f)
{
    end(f);
    cosigned_by(f, 3, 0, false);
    cosigned_by(f, 5, 0, false);
}

static void wrong(struct forge *f)
{
    end(f);
    cosigned_by(f, 3, 0, false);
    cosigned_by(f, 5, 0, true);
}

static void wrong_at_the_joining(struct forge *f)
{
    end(f);
    cosigned_by(f, 3, 0, true);
}

/* Nobody knew it then: to the journal that line is a stranger's. */
static void wrong_before_the_joining(struct forge *f)
{
    forge_seal(f, 2);
    end(f);
    cosigned_by(f, 2, 0, true);
    cosigned_by(f, 5, 0, false);
}

static void by_a_stranger(struct forge *f)
{
    end(f);
    cosigned_by(f, 5, 1, true);
    cosigned_by(f, 5, 0, false);
}

static void two_witnesses(struct forge *f)
{
    cosigned_join(f, 1);
    forge_note(f, "fifth");
    forge_group(f);
    cosigned_by(f, 5, 1, false);
    cosigned_by(f, 5, 0, false);
}

static void second_of_two_wrong(struct forge *f)
{
    cosigned_join(f, 1);
    forge_note(f, "fifth");
    forge_group(f);
    cosigned_by(f, 5, 0, false);
    cosigned_by(f, 5, 1, true);
}

static void of_another_seal(struct forge *f)
{
    uint8_t said[72];
    struct note_key key;

    end(f);
    cosigned_key(0, &key);
    cosign(f, 3, 0, 1450967470, said);
    add_blob(f, 5, &key, said, sizeof said);
}

static void by_another_under_its_name(struct forge *f)
{
    uint8_t said[72];
    struct note_key key;

    end(f);
    cosigned_key(0, &key);
    cosign(f, 5, 1, 1450967470, said);
    add_blob(f, 5, &key, said, sizeof said);
}

static void of_another_time(struct forge *f)
{
    uint8_t said[72];
    struct note_key key;

    end(f);
    cosigned_key(0, &key);
    cosign(f, 5, 0, 1450967470, said);
    said[7] ^= 1;
    add_blob(f, 5, &key, said, sizeof said);
}

static void at_the_last_second(struct forge *f)
{
    uint8_t said[72];
    struct note_key key;

    end(f);
    cosigned_key(0, &key);
    cosign(f, 5, 0, INT64_MAX, said);
    add_blob(f, 5, &key, said, sizeof said);
}

static void past_the_last_second(struct forge *f)
{
    uint8_t said[72];
    struct note_key key;

    end(f);
    cosigned_key(0, &key);
    cosign(f, 5, 0, (uint64_t)INT64_MAX + 1, said);
    add_blob(f, 5, &key, said, sizeof said);
}

static void without_time(struct forge *f)
{
    uint8_t said[72];
    struct note_key key;

    end(f);
    cosigned_key(0, &key);
    cosign(f, 5, 0, 1450967470, said);
    add_blob(f, 5, &key, said + 8, 64);
}

static void a_byte_longer(struct forge *f)
{
    uint8_t said[73] = {0};
    struct note_key key;

    end(f);
    cosigned_key(0, &key);
    cosign(f, 5, 0, 1450967470, said);
    add_blob(f, 5, &key, said, sizeof said);
}

/* Its key as one of type 01: another id, so nobody's line. */
static void as_a_plain_signature(struct forge *f)
{
    uint8_t said[72];
    struct note_key key;
    struct note_key plain;

    end(f);
    cosigned_key(0, &key);
    REQUIRE(note_key_init(&plain, key.name, key.name_size, NOTE_KEY_ED25519, key.public_key, NULL) == ERR_OK);
    cosign(f, 5, 0, 1450967470, said);
    add_blob(f, 5, &plain, said + 8, 64);
}

static void first_good_then_wrong(struct forge *f)
{
    end(f);
    cosigned_by(f, 5, 0, false);
    cosigned_by(f, 5, 0, true);
}

static void first_wrong_then_good(struct forge *f)
{
    end(f);
    cosigned_by(f, 5, 0, true);
    cosigned_by(f, 5, 0, false);
}

/* The journal's own line is not the first any more. */
static void before_the_journals_own(struct forge *f)
{
    end(f);
    struct forge_row *const row = forge_find_number(f, EVIDENCE_SEALS, 5);
    const size_t own_size = row->size;
    char note[2000];
    size_t text = own_size;

    cosigned_by(f, 5, 0, false);
    while (!(row->bytes[text - 1] == '\n' && row->bytes[text - 2] == '\n'))
        text--;
    memcpy(note, row->bytes, text);
    memcpy(note + text, row->bytes + own_size, row->size - own_size);
    memcpy(note + text + row->size - own_size, row->bytes + text, own_size - text);
    forge_set(row, note, row->size);
}

static void by_an_auditor(struct forge *f)
{
    struct note_key key;

    cosigned_key(1, &key);
    join_as(f, key.name, ROLE_AUDITOR, key.public_key);
    forge_note(f, "fifth");
    forge_group(f);
    cosigned_by(f, 5, 1, true);
}

/* A key by which verifiers that are not strict take anything for a signature. */
static void by_a_key_of_low_order(struct forge *f)
{
    static const uint8_t one[32] = {1};
    uint8_t said[72] = {0};
    struct note_key key;

    cosigned_key(1, &key);
    join_as(f, key.name, ROLE_WITNESS, one);
    forge_note(f, "fifth");
    forge_group(f);
    struct hash_stream s;
    hash_stream_init(&s);
    hash_stream_add(&s, key.name, key.name_size);
    hash_stream_add(&s, "\n\x04", 2);
    hash_stream_add(&s, one, 32);
    const struct hash h = hash_stream_finish(&s);
    memcpy(key.id, h.bytes, NOTE_ID_SIZE);
    said[8] = 1; /* R is the neutral element, S is 0 */
    add_blob(f, 5, &key, said, sizeof said);
}

/* A seal is good by its own signature: what it says of a check is not touched by a witness's line. */
static void wrong_in_the_seal_that_judges_a_check(struct forge *f)
{
    wrong(f);
    forge_find_number(f, EVIDENCE_ENTRIES, 5)->bytes[2 + 2 * 2] ^= 1; /* the check of entry 4 */
}

static void wrong_in_the_seal_that_shows_a_cut(struct forge *f)
{
    wrong(f);
    forge_drop(f, forge_find_number(f, EVIDENCE_ENTRIES, 5));
}

static const struct cosigned_story STORIES[] = {
    {"cosigned", good, NULL, 2},
    {"cosigned_wrong", wrong, "seal 5", 0},
    {"cosigned_wrong_at_the_joining", wrong_at_the_joining, "seal 3", 0},
    {"cosigned_wrong_before_the_joining", wrong_before_the_joining, NULL, 1},
    {"cosigned_by_a_stranger", by_a_stranger, NULL, 1},
    {"cosigned_by_two", two_witnesses, NULL, 2},
    {"cosigned_by_two_one_wrong", second_of_two_wrong, "seal 5", 0},
    {"cosigned_of_another_seal", of_another_seal, "seal 5", 0},
    {"cosigned_by_another", by_another_under_its_name, "seal 5", 0},
    {"cosigned_of_another_time", of_another_time, "seal 5", 0},
    {"cosigned_at_the_last_second", at_the_last_second, NULL, 1},
    {"cosigned_past_the_last_second", past_the_last_second, "seal 5", 0},
    {"cosigned_without_time", without_time, "seal 5", 0},
    {"cosigned_a_byte_longer", a_byte_longer, "seal 5", 0},
    {"cosigned_as_a_plain_signature", as_a_plain_signature, NULL, 0},
    {"cosigned_first_good_then_wrong", first_good_then_wrong, NULL, 1},
    {"cosigned_first_wrong_then_good", first_wrong_then_good, "seal 5", 0},
    {"cosigned_before_the_journals_own", before_the_journals_own, NULL, 1},
    {"cosigned_by_an_auditor", by_an_auditor, NULL, 0},
    {"cosigned_by_a_key_of_low_order", by_a_key_of_low_order, "seal 5", 0},
    {"cosigned_wrong_and_a_check", wrong_in_the_seal_that_judges_a_check, "check 4", 0},
    {"cosigned_wrong_and_a_cut", wrong_in_the_seal_that_shows_a_cut, "entry 4", 0},
};

const struct cosigned_story *cosigned_stories(size_t *count)
{
    *count = sizeof STORIES / sizeof STORIES[0];
    return STORIES;
}

void cosigned_story_tell(const struct cosigned_story *story, struct forge *f)
{
    forge_init(f, 1);
    forge_genesis(f);
    forge_note(f, "second");
    cosigned_join(f, 0);
    story->tell(f);
}
