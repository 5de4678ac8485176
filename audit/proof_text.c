/* A proof as C2SP tlog-proof, and what both forms share. */
#include "audit/proof_form.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define EXTRA "extra "
#define INDEX "index "

/* -- values ---------------------------------------------------------------------------------------------- */

enum err_code proof_form_number(const char *text, size_t length, uint64_t least, uint64_t *number,
                                struct err *err)
{
    uint64_t n = 0;
    bool good = length > 0 && (text[0] != '0' || length == 1);

    for (size_t i = 0; good && i < length; i++) {
        const unsigned digit = (unsigned char)text[i] - (unsigned)'0';
        good = digit <= 9 && n <= (MERKLE_SIZE_MAX - digit) / 10;
        n = n * 10 + digit;
    }
    if (!good || n < least)
        return err_set(err, ERR_FORMAT,
                       "not a number of a leaf: decimal digits, no leading zero, %" PRIu64 " or more", least);
    *number = n;
    return ERR_OK;
}

enum err_code proof_form_base64(const char *text, size_t length, struct proof_bytes *bytes, struct err *err)
{
    struct proof_bytes read = {NULL, 0};

    enum err_code rc = base64_check(text, length, &read.size, err);
    if (!rc && (read.size == 0 || read.size > ENTRY_MAX_SIZE))
        rc = err_set(err, ERR_FORMAT, "%zu bytes; an entry has 1 to %d", read.size, ENTRY_MAX_SIZE);
    if (rc)
        return rc;
    read.at = malloc(read.size + 1);
    if (!read.at)
        return err_set(err, ERR_MEMORY, "out of memory for a proof");
    rc = base64_decode(text, length, read.at, read.size, &read.size, err);
    REQUIRE(!rc); /* it was checked */
    read.at[read.size] = '\0';
    free(bytes->at);
    *bytes = read;
    return ERR_OK;
}

enum err_code proof_form_hash(const char *text, size_t length, struct merkle_path *path, struct err *err)
{
    uint8_t bytes[HASH_SIZE];
    size_t size = 0;

    if (path->count == MERKLE_PATH_MAX)
        return err_set(err, ERR_FORMAT, "more than %u hashes", MERKLE_PATH_MAX);
    enum err_code rc = base64_decode(text, length, bytes, sizeof bytes, &size, err);
    if (!rc && size != HASH_SIZE)
        rc = err_set(err, ERR_FORMAT, "%zu bytes; a hash has %d", size, HASH_SIZE);
    if (rc) {
        err_wrap(err, "hash %u", path->count + 1);
        return rc;
    }
    memcpy(path->nodes[path->count++].bytes, bytes, HASH_SIZE);
    return ERR_OK;
}

enum err_code proof_form_seal(const char *text, size_t length, struct proof_bytes *seal, struct err *err)
{
    if (length == 0 || length > NOTE_MAX_SIZE)
        return err_set(err, ERR_FORMAT, "a seal of %zu bytes; it has 1 to %d", length, NOTE_MAX_SIZE);
    return proof_bytes_set(seal, text, length, err);
}

enum err_code proof_form_add_key(struct proof *p, struct err *err)
{
    if (p->key_count == PROOF_KEYS_MAX)
        return err_set(err, ERR_FORMAT, "more than %u changes of the key", PROOF_KEYS_MAX);
    if (p->key_count == p->key_capacity) {
        const size_t capacity = p->key_capacity ? 2 * p->key_capacity : 4;
        struct proof_key *const grown = realloc(p->keys, capacity * sizeof *grown);
        if (!grown)
            return err_set(err, ERR_MEMORY, "out of memory for a proof");
        p->keys = grown;
        p->key_capacity = capacity;
    }
    p->keys[p->key_count++] = (struct proof_key){.has_owner = false};
    return ERR_OK;
}

/* -- writing --------------------------------------------------------------------------------------------- */

/* Room for the text of any one proof. */
static size_t text_size(const struct proof *p)
{
    return sizeof PROOF_TLOG_FORMAT + sizeof EXTRA + BASE64_LENGTH(p->last.entry.size) + sizeof INDEX + 24 +
           (size_t)p->last.path.count * (BASE64_LENGTH(HASH_SIZE) + 1) + 1 + p->last.seal.size + 1;
}

enum err_code proof_to_tlog(const struct proof *p, struct proof_bytes *text, struct err *err)
{
    const size_t capacity = text_size(p);
    char *const out = malloc(capacity);
    size_t at = 0;

    REQUIRE(p->type == PROOF_INCLUSION);
    if (!out)
        return err_set(err, ERR_MEMORY, "out of memory for a proof");
    at += (size_t)snprintf(out, capacity, "%s\n", PROOF_TLOG_FORMAT);
    if (p->last.entry.at) {
        at += (size_t)snprintf(out + at, capacity - at, "%s", EXTRA);
        at += base64_encode(out + at, p->last.entry.at, p->last.entry.size);
        out[at++] = '\n';
    }
    at += (size_t)snprintf(out + at, capacity - at, INDEX "%" PRIu64 "\n", p->seq - 1);
    for (unsigned i = 0; i < p->last.path.count; i++) {
        at += base64_encode(out + at, p->last.path.nodes[i].bytes, HASH_SIZE);
        out[at++] = '\n';
    }
    out[at++] = '\n';
    memcpy(out + at, p->last.seal.at, p->last.seal.size);
    at += p->last.seal.size;
    REQUIRE(at < capacity);
    out[at] = '\0';
    *text = (struct proof_bytes){(uint8_t *)out, at};
    return ERR_OK;
}

/* -- reading --------------------------------------------------------------------------------------------- */

struct lines {
    const char *at;
    const char *end;
    size_t number; /* of the line that was read last */
    const char *line;
    size_t length; /* without its LF */
};

static enum err_code next_line(struct lines *l, struct err *err)
{
    const size_t left = (size_t)(l->end - l->at);
    const char *const end = left > 0 ? memchr(l->at, '\n', left) : NULL;

    l->number++;
    if (!end)
        return err_set(err, ERR_FORMAT, "the proof ends before its seal");
    l->line = l->at;
    l->length = (size_t)(end - l->at);
    l->at = end + 1;
    return ERR_OK;
}

/* Does the line begin so? Then *value is the rest. */
static bool has_prefix(const struct lines *l, const char *prefix, const char **value, size_t *length)
{
    const size_t n = strlen(prefix);

    if (l->length < n || memcmp(l->line, prefix, n) != 0)
        return false;
    *value = l->line + n;
    *length = l->length - n;
    return true;
}

static enum err_code read_head(struct lines *l, struct proof *p, struct err *err)
{
    const char *value = NULL;
    size_t length = 0;
    uint64_t index = 0;
    enum err_code rc = next_line(l, err);

    if (!rc && !(has_prefix(l, PROOF_TLOG_FORMAT, &value, &length) && length == 0))
        rc = err_set(err, ERR_FORMAT, "not \"" PROOF_TLOG_FORMAT "\"");
    if (!rc)
        rc = next_line(l, err);
    if (!rc && has_prefix(l, EXTRA, &value, &length)) {
        rc = proof_form_base64(value, length, &p->last.entry, err);
        if (!rc)
            rc = next_line(l, err);
    }
    if (!rc && !has_prefix(l, INDEX, &value, &length))
        rc = err_set(err, ERR_FORMAT, "\"index\" and the entry's number belong here");
    if (!rc)
        rc = proof_form_number(value, length, 0, &index, err);
    if (!rc && index == MERKLE_SIZE_MAX)
        rc = err_set(err, ERR_FORMAT, "no tree has a leaf of this number");
    p->seq = index + 1;
    return rc;
}

enum err_code proof_form_tlog(const char *text, size_t size, struct proof *p, struct err *err)
{
    struct lines l = {.at = text, .end = text + size};

    p->type = PROOF_INCLUSION;
    enum err_code rc = read_head(&l, p, err);
    while (!rc) {
        rc = next_line(&l, err);
        if (!rc && l.length == 0)
            break;
        if (!rc)
            rc = proof_form_hash(l.line, l.length, &p->last.path, err);
    }
    if (!rc)
        rc = proof_form_seal(l.at, (size_t)(l.end - l.at), &p->last.seal, err);
    if (rc == ERR_FORMAT)
        err_wrap(err, "line %zu", l.number);
    return rc;
}

enum err_code proof_parse(const char *text, size_t size, struct proof *p, enum proof_form *form,
                          struct err *err)
{
    static const char tlog[] = "c2sp.org/tlog-proof@";
    struct proof read;
    struct err why = {.code = ERR_OK};
    enum err_code rc = ERR_OK;

    proof_init(&read);
    if (size > PROOF_MAX_SIZE)
        return err_set(err, ERR_FORMAT, "larger than %zu bytes", PROOF_MAX_SIZE);
    const bool is_tlog = size >= sizeof tlog - 1 && memcmp(text, tlog, sizeof tlog - 1) == 0;
    rc = is_tlog ? proof_form_tlog(text, size, &read, &why) : proof_form_json(text, size, &read, &why);
    if (rc) {
        proof_release(&read);
        if (err)
            *err = why;
        return rc;
    }
    *p = read;
    *form = is_tlog ? PROOF_TLOG : PROOF_JSON;
    return ERR_OK;
}
