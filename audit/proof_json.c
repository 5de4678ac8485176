/* A proof as JSON: docs/PROOFS.md, "The JSON form". Keys may come in any order, and each once. */
#include "audit/proof_form.h"

#include "ledger/entry_reader.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum field {
    FORMAT = 1,
    TYPE = 2,
    SEQ = 4,
    ENTRY = 8,
    PATH = 16,
    SEAL = 32,
    CONSISTENCY = 64,
    OLD_SEAL = 128,
    KEYS = 256,
    OWNER = 512
};

#define STEP (ENTRY | PATH | SEAL | CONSISTENCY)

static const struct {
    const char *name;
    unsigned bit;
} fields[] = {
    {"format", FORMAT}, {"type", TYPE},         {"seq", SEQ},   {"entry", ENTRY},
    {"path", PATH},     {"seal", SEAL},         {"keys", KEYS}, {"consistency", CONSISTENCY},
    {"owner", OWNER},   {"old_seal", OLD_SEAL},
};

#define FIELDS (sizeof fields / sizeof fields[0])

static const char *const types[] = {NULL, "inclusion", "consistency"};

/* -- writing --------------------------------------------------------------------------------------------- */

static void put_base64(struct json_out *out, const void *bytes, size_t size)
{
    char text[BASE64_LENGTH(ENTRY_MAX_SIZE) + 1];

    REQUIRE(size <= ENTRY_MAX_SIZE);
    json_out_string(out, text, base64_encode(text, bytes, size));
}

static void put_path(struct json_out *out, const char *name, const struct merkle_path *path)
{
    json_out_key(out, name);
    json_out_array(out);
    for (unsigned i = 0; i < path->count; i++)
        put_base64(out, path->nodes[i].bytes, HASH_SIZE);
    json_out_array_end(out);
}

static void put_seal(struct json_out *out, const char *name, const struct proof_bytes *seal)
{
    json_out_key(out, name);
    json_out_string(out, (const char *)seal->at, seal->size);
}

static void put_entry(struct json_out *out, const struct proof_bytes *entry)
{
    json_out_key(out, "entry");
    put_base64(out, entry->at, entry->size);
}

static void put_step(struct json_out *out, const struct proof_step *s)
{
    put_entry(out, &s->entry);
    put_path(out, "path", &s->path);
    put_seal(out, "seal", &s->seal);
    put_path(out, "consistency", &s->consistency);
}

static void put_keys(struct json_out *out, const struct proof *p)
{
    json_out_key(out, "keys");
    json_out_array(out);
    for (size_t i = 0; i < p->key_count; i++) {
        json_out_object(out);
        if (p->keys[i].has_owner) {
            json_out_key(out, "owner");
            json_out_object(out);
            put_step(out, &p->keys[i].owner);
            json_out_object_end(out);
        }
        put_step(out, &p->keys[i].step);
        json_out_object_end(out);
    }
    json_out_array_end(out);
    put_path(out, "consistency", &p->last.consistency);
}

void proof_to_json(const struct proof *p, struct json_out *out)
{
    char seq[24];

    json_out_object(out);
    json_out_key(out, "format");
    json_out_text(out, PROOF_FORMAT);
    json_out_key(out, "type");
    json_out_text(out, types[p->type]);
    if (p->type == PROOF_INCLUSION) {
        snprintf(seq, sizeof seq, "%" PRIu64, p->seq);
        json_out_key(out, "seq");
        json_out_text(out, seq);
        put_entry(out, &p->last.entry);
    } else {
        put_seal(out, "old_seal", &p->old_seal);
    }
    put_path(out, "path", &p->last.path);
    put_seal(out, "seal", &p->last.seal);
    if (p->key_count > 0)
        put_keys(out, p);
    json_out_object_end(out);
    json_out_line(out);
}

/* -- reading: values ------------------------------------------------------------------------------------- */

/* `err` is always there. What a token says lives until the next one. */
struct reader {
    struct json_scan scan;
    struct json_arena arena;
    struct err *err;
};

static enum err_code next(struct reader *r)
{
    r->arena.used = 0;
    const enum err_code rc = json_scan_next(&r->scan, r->err);
    if (rc == ERR_INPUT)
        r->err->code = ERR_FORMAT;
    return rc == ERR_INPUT ? ERR_FORMAT : rc;
}

static enum err_code expect(struct reader *r, enum json_token token)
{
    const enum json_token found = r->scan.now.token;

    if (found == token)
        return ERR_OK;
    return err_set(r->err, ERR_FORMAT, "expected %s, found %s", json_token_text(token),
                   json_token_text(found));
}

static enum err_code next_is(struct reader *r, enum json_token token)
{
    const enum err_code rc = next(r);

    return rc ? rc : expect(r, token);
}

/* One of names[1] .. names[count]: its index. */
static enum err_code read_word(struct reader *r, const char *const *names, unsigned count, unsigned *found)
{
    char quoted[ENTRY_READER_QUOTED];
    const enum err_code rc = next_is(r, JSON_STRING);

    if (rc)
        return rc;
    for (unsigned i = 1; i <= count; i++) {
        if (entry_reader_is_name(names[i], &r->scan.now)) {
            *found = i;
            return ERR_OK;
        }
    }
    return err_set(r->err, ERR_FORMAT, "%s is nothing that this program knows",
                   entry_reader_quoted(quoted, r->scan.now.text, r->scan.now.length));
}

static enum err_code read_seq(struct reader *r, uint64_t *seq)
{
    const enum err_code rc = next_is(r, JSON_STRING);

    return rc ? rc : proof_form_number(r->scan.now.text, r->scan.now.length, 1, seq, r->err);
}

static enum err_code read_entry(struct reader *r, struct proof_bytes *entry)
{
    const enum err_code rc = next_is(r, JSON_STRING);

    return rc ? rc : proof_form_base64(r->scan.now.text, r->scan.now.length, entry, r->err);
}

static enum err_code read_seal(struct reader *r, struct proof_bytes *seal)
{
    const enum err_code rc = next_is(r, JSON_STRING);

    return rc ? rc : proof_form_seal(r->scan.now.text, r->scan.now.length, seal, r->err);
}

static enum err_code read_path(struct reader *r, struct merkle_path *path)
{
    enum err_code rc = next_is(r, JSON_ARRAY);

    path->count = 0;
    while (!rc) {
        rc = next(r);
        if (!rc && r->scan.now.token == JSON_ARRAY_END)
            break;
        if (!rc)
            rc = expect(r, JSON_STRING);
        if (!rc)
            rc = proof_form_hash(r->scan.now.text, r->scan.now.length, path, r->err);
    }
    return rc;
}

/* -- reading: objects ------------------------------------------------------------------------------------ */

/* The next key of an object, one of `allowed` that was not `seen` yet; *bit is 0 at the object's end. */
static enum err_code next_key(struct reader *r, unsigned allowed, unsigned *seen, unsigned *bit)
{
    char quoted[ENTRY_READER_QUOTED];
    const enum err_code rc = next(r);

    *bit = 0;
    if (rc || r->scan.now.token == JSON_OBJECT_END)
        return rc;
    for (size_t i = 0; i < FIELDS; i++) {
        if ((fields[i].bit & allowed) && entry_reader_is_name(fields[i].name, &r->scan.now))
            *bit = fields[i].bit;
    }
    if (*bit == 0 || (*bit & *seen))
        return err_set(r->err, ERR_FORMAT, "the key %s %s",
                       entry_reader_quoted(quoted, r->scan.now.text, r->scan.now.length),
                       *bit ? "is there twice" : "does not belong here");
    *seen |= *bit;
    return ERR_OK;
}

static const char *name_of(unsigned bit)
{
    size_t i = 0;

    while (fields[i].bit != bit)
        i++;
    return fields[i].name;
}

static enum err_code need(struct reader *r, unsigned wanted, unsigned seen)
{
    const unsigned missing = wanted & ~seen;

    if (missing == 0)
        return ERR_OK;
    return err_set(r->err, ERR_FORMAT, "the key \"%s\" is missing", name_of(missing & -missing));
}

static enum err_code read_step_field(struct reader *r, unsigned bit, struct proof_step *s)
{
    switch (bit) {
    case ENTRY: return read_entry(r, &s->entry);
    case PATH: return read_path(r, &s->path);
    case SEAL: return read_seal(r, &s->seal);
    default: return read_path(r, &s->consistency);
    }
}

static enum err_code wrap_field(struct reader *r, enum err_code rc, unsigned bit)
{
    if (rc == ERR_FORMAT)
        err_wrap(r->err, "%s", name_of(bit));
    return rc;
}

static enum err_code read_owner(struct reader *r, struct proof_key *k)
{
    unsigned seen = 0;
    unsigned bit = 0;

    enum err_code rc = next_is(r, JSON_OBJECT);

    k->has_owner = true;
    while (!rc) {
        rc = next_key(r, STEP, &seen, &bit);
        if (rc || bit == 0)
            break;
        rc = wrap_field(r, read_step_field(r, bit, &k->owner), bit);
    }
    return rc ? rc : need(r, STEP, seen);
}

/* Its opening brace has been read. */
static enum err_code read_key(struct reader *r, struct proof_key *k)
{
    unsigned seen = 0;
    unsigned bit = 0;
    enum err_code rc = ERR_OK;

    while (!rc) {
        rc = next_key(r, STEP | OWNER, &seen, &bit);
        if (rc || bit == 0)
            break;
        rc = wrap_field(r, bit == OWNER ? read_owner(r, k) : read_step_field(r, bit, &k->step), bit);
    }
    return rc ? rc : need(r, STEP, seen);
}

static enum err_code read_keys(struct reader *r, struct proof *p)
{
    enum err_code rc = next_is(r, JSON_ARRAY);

    for (size_t number = 1; !rc; number++) {
        rc = next(r);
        if (!rc && r->scan.now.token == JSON_ARRAY_END)
            break;
        if (!rc)
            rc = expect(r, JSON_OBJECT);
        if (!rc)
            rc = proof_form_add_key(p, r->err);
        if (!rc)
            rc = read_key(r, &p->keys[p->key_count - 1]);
        if (rc == ERR_FORMAT)
            err_wrap(r->err, "change %zu", number);
    }
    if (!rc && p->key_count == 0)
        rc = err_set(r->err, ERR_FORMAT, "an empty list is left out");
    return rc;
}

static enum err_code read_field(struct reader *r, unsigned bit, struct proof *p)
{
    static const char *const formats[] = {NULL, PROOF_FORMAT};
    unsigned index = 0;
    enum err_code rc = ERR_OK;

    switch (bit) {
    case FORMAT: return read_word(r, formats, 1, &index);
    case TYPE: break;
    case SEQ: return read_seq(r, &p->seq);
    case OLD_SEAL: return read_seal(r, &p->old_seal);
    case KEYS: return read_keys(r, p);
    default: return read_step_field(r, bit, &p->last);
    }
    rc = read_word(r, types, 2, &index);
    p->type = (enum proof_type)index;
    return rc;
}

static enum err_code read_all(struct reader *r, struct proof *p)
{
    const unsigned all = FORMAT | TYPE | SEQ | STEP | OLD_SEAL | KEYS;
    unsigned seen = 0;
    unsigned bit = 0;
    enum err_code rc = next_is(r, JSON_OBJECT);

    while (!rc) {
        rc = next_key(r, all, &seen, &bit);
        if (rc || bit == 0)
            break;
        rc = wrap_field(r, read_field(r, bit, p), bit);
    }
    if (!rc)
        rc = next_is(r, JSON_END);
    if (!rc)
        rc = need(r, FORMAT | TYPE | PATH | SEAL, seen);
    if (rc)
        return rc;
    const unsigned chain = KEYS | CONSISTENCY;
    const unsigned own = p->type == PROOF_INCLUSION ? SEQ | ENTRY : OLD_SEAL;
    const unsigned foreign = (SEQ | ENTRY | OLD_SEAL) & ~own & seen;
    if (foreign)
        return err_set(r->err, ERR_FORMAT, "the key \"%s\" does not belong into a proof of this type",
                       name_of(foreign & -foreign));
    return need(r, own | (seen & chain ? chain : 0), seen);
}

enum err_code proof_form_json(const char *text, size_t size, struct proof *p, struct err *err)
{
    struct reader r = {.arena = {.bytes = malloc(size + 1), .capacity = size}, .err = err};

    if (!r.arena.bytes)
        return err_set(err, ERR_MEMORY, "out of memory for a proof");
    json_scan_init(&r.scan, text, size, &r.arena);
    const enum err_code rc = read_all(&r, p);
    if (rc == ERR_FORMAT)
        err_wrap(err, "column %zu", r.scan.now.column);
    free(r.arena.bytes);
    return rc;
}
