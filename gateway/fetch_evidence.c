#include "gateway/fetch_evidence.h"

#include "audit/timestamp.h"
#include "ledger/checkpoint.h"
#include "ledger/journal.h"

#include <inttypes.h>
#include <stdlib.h>

#define RECENT_SEALS 64u /* that may have got lines and timestamps since */

static enum err_code wrong_file(const struct publication *p, const struct published_name *name,
                                const struct err *why, struct err *err)
{
    char address[PUBLICATION_ADDRESS_SIZE];

    return err_set(err, why->code == ERR_MEMORY ? ERR_MEMORY : ERR_WRONG, "%s: %.500s",
                   publication_address(p, name, address), why->text);
}

/* -- a seal ---------------------------------------------------------------------------------------------- */

static enum err_code prove_seal(const char *note, size_t note_size, uint64_t size, const struct note_key *key,
                                const struct hash *root, struct err *err)
{
    struct checkpoint c;

    const enum err_code rc = checkpoint_open(&c, note, note_size, key, 1, err);
    if (rc)
        return rc;
    if (c.size != size)
        return err_set(err, ERR_WRONG, "it is of %" PRIu64 " entries", c.size);
    if (c.origin_size != key->name_size || memcmp(c.origin, key->name, key->name_size) != 0 ||
        c.extension_size > 0)
        return err_set(err, ERR_WRONG, "it is no seal of %s", key->name);
    if (!hash_equal(&c.root, root))
        return err_set(err, ERR_WRONG,
                       "it is signed, and has another root than the first %" PRIu64 " entries", size);
    return ERR_OK;
}

/* A line in the name of a witness whom the journal knows is that witness's: or the copy's seal would be wrong. */
static enum err_code check_witnesses(const struct actors *actors, const char *note, size_t note_size,
                                     struct err *err)
{
    struct note parsed;

    const enum err_code rc = note_parse(&parsed, note, note_size, err);
    for (uint32_t i = 0; i < actors->count && !rc; i++) {
        const struct actor_row *const row = &actors->rows[i];
        struct note_key key;
        if (row->role == ROLE_WITNESS && !actors_is_revoked(actors, i + 1) &&
            note_key_init(&key, row->name.text, row->name.length, NOTE_KEY_COSIGNATURE, row->key, NULL) ==
                ERR_OK &&
            note_find(&parsed, &key) && note_verify(&parsed, &key, 1, NULL, NULL))
            return err_set(err, ERR_WRONG, "the line of the witness %s is not its signature", row->name.text);
    }
    return rc;
}

enum err_code fetch_evidence_check(const struct fetch_keys *keys, const char *note, size_t note_size,
                                   uint64_t size, const struct hash *root, struct err *err)
{
    const enum err_code rc = prove_seal(note, note_size, size, fetch_keys_at(keys, size), root, err);

    return rc ? rc : check_witnesses(fetch_keys_actors(keys), note, note_size, err);
}

enum err_code fetch_evidence_keep(struct journal_copy *copy, uint64_t size, const char *note,
                                  size_t note_size, bool *is_new, struct err *err)
{
    char kept[NOTE_MAX_SIZE];
    char joined[NOTE_MAX_SIZE];
    size_t kept_size = 0;
    size_t joined_size = 0;
    struct note parsed;

    enum err_code rc = journal_copy_find_seal(copy, size, kept, &kept_size, err);
    if (rc == ERR_NOT_FOUND) {
        *is_new = true;
        return journal_copy_seal(copy, size, note, note_size, err);
    }
    if (!rc)
        rc = note_parse(&parsed, note, note_size, err);
    if (rc)
        return rc;
    const size_t head = parsed.text_size + 1; /* the text, and the empty line */
    rc = note_add_lines(joined, sizeof joined, &joined_size, kept, kept_size, note + head, note_size - head,
                        err);
    if (rc)
        return rc;
    *is_new = joined_size != kept_size;
    return *is_new ? journal_copy_seal(copy, size, joined, joined_size, err) : ERR_OK;
}

enum err_code fetch_evidence_seal(struct publication *p, struct journal_copy *copy,
                                  const struct fetch_keys *keys, uint64_t size, const struct hash *root,
                                  bool *is_new, struct err *err)
{
    const struct published_name name = {.kind = PUBLISHED_SEAL, .number = size};
    struct err why = {.code = ERR_OK};
    uint8_t *note = NULL;
    size_t note_size = 0;

    enum err_code rc = publication_get(p, &name, NOTE_MAX_SIZE - 1, &note, &note_size, err);
    if (rc)
        return rc;
    rc = fetch_evidence_check(keys, (const char *)note, note_size, size, root, &why);
    if (rc)
        rc = wrong_file(p, &name, &why, err);
    else
        rc = fetch_evidence_keep(copy, size, (const char *)note, note_size, is_new, err);
    free(note);
    return rc;
}

/* -- timestamps ------------------------------------------------------------------------------------------ */

/* The seal, and when the entry that it ends with was recorded. */
static enum err_code check_token(struct journal *j, uint64_t size, const uint8_t *token, size_t token_size,
                                 struct err *err)
{
    struct journal_reader *r = NULL;
    struct journal_record record;
    struct timestamp t;
    struct seal *const seal = malloc(sizeof *seal);

    if (!seal)
        return err_set(err, ERR_MEMORY, "out of memory");
    enum err_code rc = journal_reader_begin(j, &r, err);
    if (!rc)
        rc = journal_reader_seal(r, size, seal, err);
    if (!rc)
        rc = journal_reader_get(r, size, &record, err);
    if (!rc)
        rc = timestamp_parse(&t, token, token_size, err);
    if (!rc)
        rc = timestamp_check(&t, seal->note, seal->note_size, (int64_t)wire_load_u64(record.bytes + 16), err);
    journal_reader_end(r);
    free(seal);
    return rc;
}

/* Timestamp `which` of a seal. *found false: there is none, nor are there further ones. */
static enum err_code take_timestamp(const struct fetch_evidence *f, struct journal *j, uint64_t size,
                                    unsigned which, bool *found, uint64_t *taken, struct err *err)
{
    const struct published_name name = {.kind = PUBLISHED_TIMESTAMP, .number = size, .which = which};
    struct err why = {.code = ERR_OK};
    uint8_t *token = NULL;
    size_t token_size = 0;
    uint32_t number = 0;

    enum err_code rc = publication_get(f->publication, &name, TIMESTAMP_SIZE_MAX, &token, &token_size, err);
    *found = rc == ERR_OK;
    if (rc)
        return rc == ERR_NOT_FOUND ? ERR_OK : rc;
    if (check_token(j, size, token, token_size, &why))
        rc = wrong_file(f->publication, &name, &why, err);
    else
        rc = journal_add_timestamp(j, size, token, token_size, &number, err);
    free(token);
    if (!rc)
        ++*taken;
    return rc;
}

/* How many the copy has of a seal: those come first, as they did where it is from. */
static enum err_code count_timestamps(struct journal *j, uint64_t size, unsigned *count, struct err *err)
{
    struct journal_reader *r = NULL;
    struct journal_timestamp t;
    bool found = true;

    *count = 0;
    enum err_code rc = journal_reader_begin(j, &r, err);
    while (!rc && found) {
        rc = journal_reader_timestamp(r, size, *count, &t, &found, err);
        found = !rc && found && t.size == size;
        *count += found;
    }
    journal_reader_end(r);
    return rc;
}

static enum err_code take_timestamps(const struct fetch_evidence *f, size_t first, uint64_t *taken,
                                     struct err *err)
{
    const struct journal_options options = {.dir = f->dir};
    struct journal *j = NULL;
    unsigned which = 0;

    enum err_code rc = journal_open(&options, &j, err);
    for (size_t i = first; i < f->count && !rc; i++) {
        bool found = true;
        rc = count_timestamps(j, f->listed[i], &which, err);
        for (; !rc && found && which < PUBLISHED_TIMESTAMPS; which++)
            rc = take_timestamp(f, j, f->listed[i], which, &found, taken, err);
    }
    journal_close(j);
    return rc;
}

/* -- what came late -------------------------------------------------------------------------------------- */

enum err_code fetch_evidence_late(const struct fetch_evidence *f, uint64_t *seals, uint64_t *timestamps,
                                  struct err *err)
{
    char kept[NOTE_MAX_SIZE];
    size_t kept_size = 0;
    size_t old = 0; /* listed seals that the copy may have had before */
    size_t first = 0;
    enum err_code rc = ERR_OK;

    while (old < f->count && f->listed[old] <= f->before)
        old++;
    first = old > RECENT_SEALS ? old - RECENT_SEALS : 0;
    for (size_t i = 0; i < old && !rc; i++) {
        const uint64_t size = f->listed[i];
        struct hash root;
        bool is_new = false;
        rc = journal_copy_find_seal(f->copy, size, kept, &kept_size, err);
        if (rc && rc != ERR_NOT_FOUND)
            return rc;
        if (!rc && i < first)
            continue;
        if (rc)
            first = i < first ? i : first;
        rc = journal_copy_root_at(f->copy, size, &root, err);
        if (!rc)
            rc = fetch_evidence_seal(f->publication, f->copy, f->keys, size, &root, &is_new, err);
        *seals += !rc && is_new;
    }
    if (!rc)
        rc = journal_copy_commit(f->copy, err);
    return rc ? rc : take_timestamps(f, first, timestamps, err);
}
