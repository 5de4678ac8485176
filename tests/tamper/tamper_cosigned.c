/* Lines of witnesses: forged, moved from seal to seal, kept by a thief over another history. */
#include "tamper/edits.h"

#include "audit/stories_cosigned.h"
#include "ledger/base64.h"
#include "ledger/wire.h"

#include <sodium.h>

#define START     "\xe2\x80\x94 witness.example/w0 "
#define START_LEN (sizeof START - 1)
#define BLOB      76 /* key id, u64 time, signature */

static struct forge_row *seal_of(struct mutation *m, uint64_t size)
{
    struct forge_row *const row = forge_find_number(&m->f, EVIDENCE_SEALS, size);

    REQUIRE(row);
    return row;
}

static uint64_t any(struct mutation *m)
{
    return m->world->cosigned[random_below(m->random, m->world->cosigned_count)];
}

/* Where the base64 of the witness's line begins. */
static uint8_t *line_of(struct forge_row *row)
{
    uint8_t *const line = memmem(row->bytes, row->size, START, START_LEN);

    REQUIRE(line);
    return line + START_LEN;
}

static void read_blob(struct forge_row *row, uint8_t blob[BLOB])
{
    size_t size = 0;

    REQUIRE(base64_decode((const char *)line_of(row), BASE64_LENGTH(BLOB), blob, BLOB, &size, NULL) ==
                ERR_OK &&
            size == BLOB);
}

/* Of the same size. */
static void write_blob(struct forge_row *row, const uint8_t blob[BLOB])
{
    char text[BASE64_LENGTH(BLOB) + 1];

    base64_encode(text, blob, BLOB);
    memcpy(line_of(row), text, BASE64_LENGTH(BLOB));
}

/* The witness's line of one seal behind the lines of another. */
static void copy_line(struct mutation *m, uint64_t from, uint64_t to)
{
    char note[4000];
    struct forge_row *const source = seal_of(m, from);
    struct forge_row *const row = seal_of(m, to);
    const uint8_t *const line = line_of(source) - START_LEN;
    const size_t length = START_LEN + BASE64_LENGTH(BLOB) + 1;

    memcpy(note, row->bytes, row->size);
    memcpy(note + row->size, line, length);
    forge_set(row, note, row->size + length);
}

/* In its time or signature: the key id before them, too, has to be that of the witness. */
static bool a_bit(struct mutation *m)
{
    const uint64_t size = any(m);

    mutation_flip(m, line_of(seal_of(m, size)) + 6, BASE64_LENGTH(BLOB) - 6);
    mutation_tell(m, "a bit of the cosignature of seal %" PRIu64, size);
    expect_at(m, "seal", size);
    return true;
}

static bool another_time(struct mutation *m)
{
    const uint64_t size = any(m);
    uint8_t blob[BLOB];

    read_blob(seal_of(m, size), blob);
    wire_store_u64(blob + 4, wire_load_u64(blob + 4) + mutation_pick(m, 1, 1000000));
    write_blob(seal_of(m, size), blob);
    mutation_tell(m, "another time in the cosignature of seal %" PRIu64, size);
    expect_at(m, "seal", size);
    return true;
}

/* By a key that is not the witness's, under its name and id. */
static bool another_key(struct mutation *m)
{
    const uint64_t size = any(m);
    struct forge_row *const row = seal_of(m, size);
    const uint8_t *const end = memmem(row->bytes, row->size, "\n\n", 2);
    uint8_t seed[32];
    uint8_t secret[64];
    uint8_t public_key[32];
    uint8_t blob[BLOB];
    char message[1000];

    random_bytes(m->random, seed, sizeof seed);
    crypto_sign_seed_keypair(public_key, secret, seed);
    read_blob(row, blob);
    const size_t head =
        (size_t)snprintf(message, 100, "cosignature/v1\ntime %" PRIu64 "\n", wire_load_u64(blob + 4));
    const size_t text = (size_t)(end + 1 - row->bytes);
    memcpy(message + head, row->bytes, text);
    crypto_sign_detached(blob + 12, NULL, (const uint8_t *)message, head + text, secret);
    write_blob(row, blob);
    mutation_tell(m, "the cosignature of seal %" PRIu64 " made with another key", size);
    expect_at(m, "seal", size);
    return true;
}

static bool from_another_seal(struct mutation *m)
{
    const uint64_t from = any(m);
    const uint64_t to = m->world->seals[random_below(m->random, m->world->seal_count)];

    if (from == to || to < 3)
        return false;
    struct forge_row *const row = seal_of(m, to);
    const bool has_one = memmem(row->bytes, row->size, START, START_LEN) != NULL;
    uint8_t blob[BLOB];
    read_blob(seal_of(m, from), blob);
    if (has_one)
        write_blob(row, blob);
    else
        copy_line(m, from, to);
    mutation_tell(m, "the cosignature of seal %" PRIu64 " in seal %" PRIu64, from, to);
    expect_at(m, "seal", to);
    return true;
}

/* The thief seals his history anew, and puts the witness's lines below: they say another root. */
static bool kept_by_the_thief(struct mutation *m)
{
    const uint64_t seq = edit_pick_unsigned(m);
    const uint64_t cosigned = world_cosigned_from(m->world, seq);

    if (cosigned == 0)
        return false;
    edit_words(m, seq);
    edit_all(m, seq);
    for (size_t i = 0; i < m->world->cosigned_count; i++) {
        const uint64_t size = m->world->cosigned[i];
        const struct forge_row *const honest =
            size < seq ? NULL
                       : forge_find_number((struct forge *)(uintptr_t)&m->world->f, EVIDENCE_SEALS, size);
        if (!honest)
            continue;
        struct forge_row *const row = seal_of(m, size);
        const size_t bare = world_bare_size(honest);
        char note[4000];
        memcpy(note, row->bytes, row->size);
        memcpy(note + row->size, honest->bytes + bare, honest->size - bare);
        forge_set(row, note, row->size + honest->size - bare);
    }
    mutation_tell(m, "entry %" PRIu64 " edited, all of it sealed anew, the cosignatures kept", seq);
    expect_at(m, "seal", cosigned);
    return true;
}

/* A line that was the witness's, and is a stranger's now. */
static bool witness_unnamed(struct mutation *m)
{
    const uint64_t size = any(m);
    struct forge_row *const row = seal_of(m, size);

    memcpy(memmem(row->bytes, row->size, "witness.example/w0", 18), "witness.example/w9", 18);
    mutation_tell(m, "the line of the witness in seal %" PRIu64 " under another name", size);
    expect_good(m); /* a stranger's line */
    return true;
}

/* What the first line says counts; the second may be the same, or that of another seal. */
static bool second_line(struct mutation *m)
{
    const uint64_t from = any(m);
    const uint64_t size = any(m);

    copy_line(m, from, size);
    mutation_tell(m, "the cosignature of seal %" PRIu64 " as a second one in seal %" PRIu64, from, size);
    expect_good(m);
    return true;
}

const struct tampering TAMPERINGS_COSIGNED[] = {
    {"a forged cosignature: a bit of it", a_bit, 4},
    {"a forged cosignature: another time", another_time, 2},
    {"a forged cosignature: another key under the witness's name", another_key, 2},
    {"a cosignature of another seal", from_another_seal, 3},
    {"thief of the keys: an entry edited, all sealed anew, cosignatures kept", kept_by_the_thief, 3},
    {"harmless: a cosignature under a stranger's name", witness_unnamed, 1},
    {"harmless: a second line by a witness", second_line, 1},
    {NULL, NULL, 0},
};
