#include "reports/manifest.h"

#include "ledger/base64.h"
#include "ledger/checkpoint.h"
#include "ledger/hex.h"
#include "ledger/json_scan.h"

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define NUMBER_MAX ((uint64_t)1 << 53) /* cJSON's numbers are doubles */

/* -- the signed text ------------------------------------------------------------------------------------ */

static void add_hash(struct words *w, const struct hash *h)
{
    char hex[HEX_LENGTH(HASH_SIZE) + 1];

    hex_encode(hex, h->bytes, HASH_SIZE);
    words_add(w, "%s", hex);
}

enum err_code manifest_text(const struct manifest *m, struct words *out, struct err *err)
{
    const struct day_scope *const s = &m->scope;
    const struct hash seal = hash_bytes(s->seal.note, s->seal.note_size);
    char day[INSTANT_TEXT_SIZE];
    char recorded_at[INSTANT_TEXT_SIZE];

    civil_format(day, s->day);
    instant_format(recorded_at, s->sealed_at_ns);
    words_clear(out);
    words_add(out, "program %s\nday %s\nentries %" PRIu64 " between %" PRIu64 " and %" PRIu64 "\n",
              m->program, day, s->entries, s->first_seq, s->last_seq);
    words_add(out, "covers 1 to %" PRIu64 "\nrecorded_at %s\nseal ", s->seal.size, recorded_at);
    add_hash(out, &seal);
    words_add(out, "\nstate ");
    add_hash(out, &m->state_digest);
    words_add(out, "\n");
    if (m->epoch > 0)
        words_add(out, "epoch %" PRIu64 "\n", m->epoch);
    for (size_t i = 0; i < m->file_count; i++) {
        words_add(out, "file ");
        add_hash(out, &m->files[i].sha256);
        words_add(out, " %" PRIu64 " %s\n", m->files[i].size, m->files[i].name);
    }
    return words_done(out, err);
}

/* -- writing -------------------------------------------------------------------------------------------- */

static bool put_text(cJSON *object, const char *name, const char *text)
{
    return cJSON_AddStringToObject(object, name, text) != NULL;
}

static bool put_number(cJSON *object, const char *name, uint64_t value)
{
    REQUIRE(value <= NUMBER_MAX);
    return cJSON_AddNumberToObject(object, name, (double)value) != NULL;
}

static bool put_hash(cJSON *object, const char *name, const struct hash *h)
{
    char hex[HEX_LENGTH(HASH_SIZE) + 1];

    hex_encode(hex, h->bytes, HASH_SIZE);
    return put_text(object, name, hex);
}

static bool put_files(cJSON *object, const struct manifest *m)
{
    cJSON *const files = cJSON_AddArrayToObject(object, "files");

    for (size_t i = 0; files && i < m->file_count; i++) {
        cJSON *const file = cJSON_CreateObject();
        if (!cJSON_AddItemToArray(files, file))
            return false;
        if (!put_text(file, "name", m->files[i].name) || !put_number(file, "size", m->files[i].size) ||
            !put_hash(file, "sha256", &m->files[i].sha256))
            return false;
    }
    return files != NULL;
}

static bool fill(cJSON *root, const struct manifest *m)
{
    const struct day_scope *const s = &m->scope;
    char day[INSTANT_TEXT_SIZE];
    char recorded_at[INSTANT_TEXT_SIZE];
    char signature[BASE64_LENGTH(NOTE_SIGNATURE_SIZE) + 1];

    civil_format(day, s->day);
    instant_format(recorded_at, s->sealed_at_ns);
    base64_encode(signature, m->signature, NOTE_SIGNATURE_SIZE);
    bool good = put_text(root, "format", MANIFEST_FORMAT) && put_text(root, "program", m->program) &&
                put_text(root, "origin", m->origin) && put_text(root, "vkey", m->vkey) &&
                (m->epoch == 0 ||
                 (put_number(root, "epoch", m->epoch) && put_text(root, "signed_by", m->signed_by))) &&
                put_text(root, "day", day) && put_number(root, "entries", s->entries) &&
                put_number(root, "first_seq", s->first_seq) && put_number(root, "last_seq", s->last_seq);
    cJSON *const covers = good ? cJSON_AddObjectToObject(root, "covers") : NULL;
    good = covers && put_number(covers, "first", 1) && put_number(covers, "last", s->seal.size);
    good = good && put_text(root, "recorded_at", recorded_at) && put_text(root, "seal", s->seal.note) &&
           put_hash(root, "state_digest", &m->state_digest) && put_files(root, m);
    return good && put_text(root, "signature", signature);
}

enum err_code manifest_format(const struct manifest *m, struct words *out, struct err *err)
{
    cJSON *const root = cJSON_CreateObject();
    char *const text = root && fill(root, m) ? cJSON_Print(root) : NULL;

    words_clear(out);
    if (text)
        words_add(out, "%s\n", text);
    cJSON_free(text);
    cJSON_Delete(root);
    return text ? words_done(out, err) : err_set(err, ERR_MEMORY, "out of memory for the manifest");
}

/* -- reading -------------------------------------------------------------------------------------------- */

static enum err_code bad(struct err *err, const char *field)
{
    return err_set(err, ERR_FORMAT, "\"%s\" is missing or not what it must be", field);
}

static const char *find_text(const cJSON *object, const char *name)
{
    return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, name));
}

static enum err_code get_text(const cJSON *object, const char *name, char *out, size_t capacity,
                              struct err *err)
{
    const char *const text = find_text(object, name);
    const size_t length = text ? strlen(text) : 0;

    if (length == 0 || length >= capacity)
        return bad(err, name);
    memcpy(out, text, length + 1);
    return ERR_OK;
}

static enum err_code get_number(const cJSON *object, const char *name, uint64_t *value, struct err *err)
{
    const cJSON *const item = cJSON_GetObjectItemCaseSensitive(object, name);

    if (!cJSON_IsNumber(item) || !(item->valuedouble >= 0) || item->valuedouble > (double)NUMBER_MAX)
        return bad(err, name);
    *value = (uint64_t)item->valuedouble; /* a fraction is found out when the form is compared */
    return ERR_OK;
}

static enum err_code get_hash(const cJSON *object, const char *name, struct hash *h, struct err *err)
{
    const char *const text = find_text(object, name);

    return text && hex_decode(text, strlen(text), h->bytes, HASH_SIZE, NULL) == ERR_OK ? ERR_OK
                                                                                       : bad(err, name);
}

/* It is a line of what is signed: with a line end inside, it could be two. */
static bool is_program(const char *text)
{
    for (size_t i = 0; text[i]; i++) {
        if (text[i] < ' ' || text[i] > '~')
            return false;
    }
    return true;
}

static bool is_file_name(const char *name)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789._-";

    return name[0] != '.' && name[strspn(name, allowed)] == '\0' && strcmp(name, MANIFEST_NAME) != 0;
}

static enum err_code get_files(struct manifest *m, const cJSON *root, struct err *err)
{
    const cJSON *const files = cJSON_GetObjectItemCaseSensitive(root, "files");
    const cJSON *item = NULL;

    if (!cJSON_IsArray(files))
        return bad(err, "files");
    cJSON_ArrayForEach(item, files)
    {
        if (m->file_count == MANIFEST_FILES_MAX)
            return bad(err, "files");
        struct manifest_file file = {.size = 0};
        enum err_code rc = get_text(item, "name", file.name, sizeof file.name, err);
        if (!rc && (!is_file_name(file.name) || manifest_find(m, file.name)))
            rc = bad(err, "name");
        if (!rc)
            rc = get_number(item, "size", &file.size, err);
        if (!rc)
            rc = get_hash(item, "sha256", &file.sha256, err);
        if (rc)
            return err_wrap(err, "file %zu", m->file_count + 1);
        m->files[m->file_count++] = file;
    }
    return ERR_OK;
}

static enum err_code get_day(const cJSON *root, struct day_scope *s, struct err *err)
{
    const char *const day = find_text(root, "day");
    const char *const recorded_at = find_text(root, "recorded_at");

    if (!day || civil_parse(day, strlen(day), &s->day, NULL))
        return bad(err, "day");
    if (!recorded_at || instant_parse(recorded_at, strlen(recorded_at), &s->sealed_at_ns, NULL))
        return bad(err, "recorded_at");
    enum err_code rc = get_number(root, "entries", &s->entries, err);
    if (!rc)
        rc = get_number(root, "first_seq", &s->first_seq, err);
    if (!rc)
        rc = get_number(root, "last_seq", &s->last_seq, err);
    return rc ? rc : get_number(cJSON_GetObjectItemCaseSensitive(root, "covers"), "last", &s->seal.size, err);
}

/* The note must say what the manifest says of it: whose journal, and how far. */
static enum err_code get_seal(struct manifest *m, const cJSON *root, struct err *err)
{
    struct seal *const seal = &m->scope.seal;
    struct checkpoint c;
    struct note note;

    enum err_code rc = get_text(root, "seal", seal->note, sizeof seal->note, err);
    if (rc)
        return rc;
    seal->note_size = strlen(seal->note);
    rc = note_parse(&note, seal->note, seal->note_size, err);
    if (!rc)
        rc = checkpoint_parse(&c, note.text, note.text_size, err);
    if (rc)
        return err_wrap(err, "\"seal\"");
    if (c.size != seal->size || strcmp(c.origin, m->origin) != 0)
        return err_set(err, ERR_FORMAT,
                       "\"seal\" is of %s at size %" PRIu64 ", the manifest of %s at %" PRIu64, c.origin,
                       c.size, m->origin, seal->size);
    seal->root = c.root;
    return ERR_OK;
}

static enum err_code get_all(struct manifest *m, const cJSON *root, struct err *err)
{
    const char *const format = find_text(root, "format");
    const char *const signature = find_text(root, "signature");
    size_t size = 0;

    if (!format || strcmp(format, MANIFEST_FORMAT) != 0)
        return err_set(err, ERR_FORMAT, "\"format\" is not \"" MANIFEST_FORMAT "\"");
    enum err_code rc = get_text(root, "program", m->program, sizeof m->program, err);
    if (!rc && !is_program(m->program))
        rc = bad(err, "program");
    if (!rc)
        rc = get_text(root, "origin", m->origin, sizeof m->origin, err);
    if (!rc)
        rc = get_text(root, "vkey", m->vkey, sizeof m->vkey, err);
    if (!rc && cJSON_HasObjectItem(root, "epoch")) {
        rc = get_number(root, "epoch", &m->epoch, err);
        if (!rc)
            rc = get_text(root, "signed_by", m->signed_by, sizeof m->signed_by, err);
    }
    if (!rc)
        rc = get_day(root, &m->scope, err);
    if (!rc)
        rc = get_seal(m, root, err);
    if (!rc)
        rc = get_hash(root, "state_digest", &m->state_digest, err);
    if (!rc)
        rc = get_files(m, root, err);
    if (!rc && (!signature ||
                base64_decode(signature, strlen(signature), m->signature, sizeof m->signature, &size, NULL) ||
                size != sizeof m->signature))
        rc = bad(err, "signature");
    return rc;
}

/* cJSON has one answer for what is no JSON and for memory that has run out: this one needs no memory. */
static bool is_json(const char *bytes, size_t size)
{
    struct json_scan s;
    enum err_code rc = ERR_OK;

    json_scan_init(&s, bytes, size, NULL);
    do {
        rc = json_scan_next(&s, NULL);
    } while (!rc && s.now.token != JSON_END);
    return rc == ERR_OK;
}

enum err_code manifest_parse(struct manifest *m, const char *bytes, size_t size, struct err *err)
{
    cJSON *const root = cJSON_ParseWithLength(bytes, size);
    struct words again;

    memset(m, 0, sizeof *m);
    if (!root)
        return is_json(bytes, size) ? err_set(err, ERR_MEMORY, "out of memory")
                                    : err_set(err, ERR_FORMAT, "not JSON");
    enum err_code rc = get_all(m, root, err);
    cJSON_Delete(root);
    if (rc)
        return rc;
    words_init(&again);
    rc = manifest_format(m, &again, err);
    if (!rc && (again.size != size || memcmp(again.bytes, bytes, size) != 0))
        rc = err_set(err, ERR_FORMAT, "not in the one form that it is written in");
    words_release(&again);
    return rc;
}

const struct manifest_file *manifest_find(const struct manifest *m, const char *name)
{
    for (size_t i = 0; i < m->file_count; i++) {
        if (strcmp(m->files[i].name, name) == 0)
            return &m->files[i];
    }
    return NULL;
}
