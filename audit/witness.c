#include "audit/witness.h"

#include "ledger/clock.h"
#include "ledger/instant.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define KEY_NAME "witness" /* in the vault */

struct log {
    char hex[WITNESS_HEX_SIZE + 1]; /* of the origin, which is its keys' name */
    uint32_t key_count;
    struct note_key keys[WITNESS_KEYS_MAX];
    struct witness_record record;
};

struct witness {
    pthread_mutex_t turn; /* for records, state and vault */
    struct witness_state *state;
    struct vault *vault;
    struct note_key key;
    int64_t (*now_ns)(void *arg);
    void *now_arg;
    uint32_t log_count;
    struct log logs[WITNESS_LOGS_MAX];
};

/* A request on its way through the checks. */
struct hearing {
    struct witness_request request;
    struct note note;
    struct checkpoint checkpoint;
    struct log *log;
    struct witness_answer *answer;
};

const struct note_key *witness_key(const struct witness *w)
{
    return &w->key;
}

/* -- making one ------------------------------------------------------------------------------------------ */

static enum err_code make_dir(const char *dir, bool *is_made, struct err *err)
{
    *is_made = mkdir(dir, 0700) == 0;
    if (*is_made || (errno == EEXIST && rmdir(dir) == 0 && mkdir(dir, 0700) == 0))
        return ERR_OK;
    if (errno == EEXIST || errno == ENOTEMPTY || errno == ENOTDIR)
        return err_set(err, ERR_EXISTS, "%s is there and is not an empty folder", dir);
    return err_set(err, ERR_IO, "%s: %s", dir, strerror(errno));
}

enum err_code witness_create(const char *dir, const char *name, const struct secret *passphrase,
                             const struct vault_cost *cost, char vkey[NOTE_VKEY_TEXT_SIZE], struct err *err)
{
    struct vault *vault = NULL;
    struct note_key key;
    uint8_t public_key[VAULT_PUBLIC_KEY_SIZE];
    bool is_made = false;

    enum err_code rc = note_name_check(name, strlen(name), err);
    if (!rc)
        rc = make_dir(dir, &is_made, err);
    if (!rc)
        rc = vault_create(&vault, dir, passphrase, cost, err);
    if (!rc)
        rc = vault_add(vault, KEY_NAME, NULL, err);
    if (!rc)
        rc = vault_public_key(vault, KEY_NAME, public_key, err);
    vault_close(vault);
    if (!rc)
        rc = note_key_init(&key, name, strlen(name), NOTE_KEY_COSIGNATURE, public_key, err);
    if (!rc)
        rc = witness_state_create(dir, &key, err);
    if (!rc)
        note_key_format(vkey, &key);
    return rc;
}

/* -- opening --------------------------------------------------------------------------------------------- */

static struct log *find_log(struct witness *w, const char *origin, size_t size)
{
    for (uint32_t i = 0; i < w->log_count; i++) {
        const struct note_key *const key = &w->logs[i].keys[0];
        if (key->name_size == size && memcmp(key->name, origin, size) == 0)
            return &w->logs[i];
    }
    return NULL;
}

static enum err_code add_log(struct witness *w, const struct note_key *key, struct err *err)
{
    struct log *log = find_log(w, key->name, key->name_size);

    if (key->type != NOTE_KEY_ED25519)
        return err_set(err, ERR_INPUT, "the key of %s is a witness's (type 04), not a log's (01)", key->name);
    if (!log && w->log_count == WITNESS_LOGS_MAX)
        return err_set(err, ERR_INPUT, "more than %d logs", WITNESS_LOGS_MAX);
    if (!log) {
        log = &w->logs[w->log_count++];
        witness_state_hex(key->name, key->name_size, log->hex);
    }
    for (uint32_t i = 0; i < log->key_count; i++) {
        if (note_key_equal(&log->keys[i], key))
            return ERR_OK;
        if (memcmp(log->keys[i].id, key->id, NOTE_ID_SIZE) == 0)
            return err_set(err, ERR_INPUT, "two keys of %s have one id", key->name);
    }
    if (log->key_count == WITNESS_KEYS_MAX)
        return err_set(err, ERR_INPUT, "more than %d keys of %s", WITNESS_KEYS_MAX, key->name);
    log->keys[log->key_count++] = *key;
    return ERR_OK;
}

/* Our cosignature was checked with the state; the log's own line is what makes the record evidence. */
static enum err_code read_record(struct witness *w, struct log *log, struct err *err)
{
    struct note note;

    enum err_code rc = witness_state_read(w->state, log->hex, &log->record, err);
    if (rc || !log->record.exists)
        return rc;
    rc = note_parse(&note, log->record.note, log->record.note_size, err);
    if (!rc)
        rc = note_verify(&note, log->keys, log->key_count, NULL, err);
    if (rc == ERR_KEY) /* it was signed by a key that is not given any more */
        return ERR_OK;
    if (rc) {
        err->code = ERR_FORMAT;
        return err_wrap(err, "logs/%s is damaged", log->hex);
    }
    return ERR_OK;
}

static enum err_code open_vault(struct witness *w, const char *dir, const struct secret *passphrase,
                                struct err *err)
{
    uint8_t public_key[VAULT_PUBLIC_KEY_SIZE];

    enum err_code rc = vault_open(&w->vault, dir, passphrase, err);
    if (!rc)
        rc = vault_public_key(w->vault, KEY_NAME, public_key, err);
    if (!rc && memcmp(public_key, w->key.public_key, sizeof public_key) != 0)
        rc = err_set(err, ERR_FORMAT, "its vault holds another key than its witness.vkey names");
    return rc;
}

enum err_code witness_open(struct witness **w, const struct witness_options *options,
                           const struct secret *passphrase, struct err *err)
{
    struct err ignored = {.code = ERR_OK};
    struct witness *const made = calloc(1, sizeof *made);

    if (!err)
        err = &ignored;
    if (!made)
        return err_set(err, ERR_MEMORY, "out of memory");
    pthread_mutex_init(&made->turn, NULL);
    made->now_ns = options->now_ns ? options->now_ns : clock_now_ns;
    made->now_arg = options->now_arg;
    enum err_code rc = ERR_OK;
    for (size_t i = 0; i < options->log_count && !rc; i++)
        rc = add_log(made, &options->logs[i], err);
    if (!rc)
        rc = witness_state_open(&made->state, options->dir, true, err);
    if (!rc) {
        made->key = *witness_state_key(made->state);
        rc = open_vault(made, options->dir, passphrase, err);
    }
    for (uint32_t i = 0; i < made->log_count && !rc; i++)
        rc = read_record(made, &made->logs[i], err);
    if (rc) {
        witness_close(made);
        return rc;
    }
    *w = made;
    return ERR_OK;
}

void witness_close(struct witness *w)
{
    if (!w)
        return;
    vault_close(w->vault);
    witness_state_close(w->state);
    pthread_mutex_destroy(&w->turn);
    free(w);
}

/* -- answers --------------------------------------------------------------------------------------------- */

/* The reason is what the asker reads. */
static void refuse(struct hearing *h, unsigned status, const char *reason)
{
    struct witness_answer *const a = h->answer;

    a->status = status;
    a->content_type = WITNESS_TEXT;
    const int length = snprintf(a->body, sizeof a->body, "%s\n", reason);
    a->size = (size_t)length < sizeof a->body ? (size_t)length : sizeof a->body - 1;
    if (h->log)
        snprintf(a->said, sizeof a->said, "%u %s size %" PRIu64 ": %.600s", status, h->checkpoint.origin,
                 h->checkpoint.size, reason);
    else
        snprintf(a->said, sizeof a->said, "%u %.900s", status, reason);
}

static void answer_size(struct hearing *h)
{
    struct witness_answer *const a = h->answer;
    const uint64_t size = h->log->record.exists ? h->log->record.checkpoint.size : 0;

    a->status = 409;
    a->content_type = WITNESS_SIZE;
    a->size = (size_t)snprintf(a->body, sizeof a->body, "%" PRIu64 "\n", size);
    snprintf(a->said, sizeof a->said, "409 %s size %" PRIu64 ": old is %" PRIu64 ", the record is %" PRIu64,
             h->checkpoint.origin, h->checkpoint.size, h->request.old_size, size);
}

/* -- what needs no record -------------------------------------------------------------------------------- */

/*
 * The signature lines are not in form: there is no good signature, then, which is an answer of its own wherever the text
 * above them is a checkpoint.
 */
static bool find_text(struct hearing *h)
{
    const char *const bytes = h->request.checkpoint;
    size_t at = h->request.checkpoint_size;

    while (at > 1 && !(bytes[at - 1] == '\n' && bytes[at - 2] == '\n'))
        at--;
    return at > 1 && checkpoint_parse(&h->checkpoint, bytes, at - 1, NULL) == ERR_OK;
}

static bool refuse_signature(struct hearing *h, const struct err *why)
{
    char reason[ERR_TEXT_SIZE + 32];

    snprintf(reason, sizeof reason, "invalid signature: %s", why->text);
    refuse(h, 403, reason);
    return false;
}

static bool hear_origin(struct witness *w, struct hearing *h)
{
    h->log = find_log(w, h->checkpoint.origin, h->checkpoint.origin_size);
    if (!h->log)
        refuse(h, 404, "unknown log: this witness does not know the origin");
    return h->log != NULL;
}

static bool hear_form(struct witness *w, struct hearing *h, const void *body, size_t size)
{
    struct err why = {.code = ERR_OK};

    if (witness_request_parse(&h->request, body, size, &why)) {
        refuse(h, 400, why.text);
        return false;
    }
    const enum err_code rc = note_parse(&h->note, h->request.checkpoint, h->request.checkpoint_size, &why);
    if (rc ? !find_text(h)
           : checkpoint_parse(&h->checkpoint, h->note.text, h->note.text_size, &why) != ERR_OK) {
        refuse(h, 400, why.text);
        return false;
    }
    if (!hear_origin(w, h))
        return false;
    if (rc || note_verify(&h->note, h->log->keys, h->log->key_count, NULL, &why))
        return refuse_signature(h, &why);
    if (h->request.old_size > h->checkpoint.size) {
        refuse(h, 400, "old is above the checkpoint's size");
        return false;
    }
    return true;
}

/* -- evidence -------------------------------------------------------------------------------------------- */

/* What stands before the colon names the kind. */
static const char forked[] =
    "fork: two roots were signed for one size. Both cannot be; the log has two histories.";
static const char older[] =
    "older: a checkpoint below what was cosigned. Either it is an old one, sent late, or the "
    "log was rolled back; a consistency proof between the two sizes would tell.";
static const char unconnected[] =
    "unconnected: no proof was given that the larger tree begins with the smaller. If "
    "the log can give none, it has two histories.";

static size_t put_side(char *out, size_t room, const char *title, const struct checkpoint *c)
{
    char root[BASE64_LENGTH(HASH_SIZE) + 1];

    base64_encode(root, c->root.bytes, HASH_SIZE);
    return (size_t)snprintf(out, room, "%s: %" PRIu64 " entries, root %s\n", title, c->size, root);
}

/* The contradiction in words, with all that does not stand in the two notes. */
static void put_words(char *out, size_t room, const struct hearing *h, const char *kind, int64_t at_ns)
{
    char when[INSTANT_TEXT_SIZE];
    char hash[BASE64_LENGTH(HASH_SIZE) + 1];

    instant_format(when, at_ns);
    size_t at = (size_t)snprintf(out, room, "%s\norigin: %s\n", kind, h->checkpoint.origin);
    at += put_side(out + at, room - at, "held", &h->log->record.checkpoint);
    at += put_side(out + at, room - at, "presented", &h->checkpoint);
    at +=
        (size_t)snprintf(out + at, room - at, "received: %s, with old %" PRIu64 " and a proof of %u hashes\n",
                         when, h->request.old_size, h->request.proof.count);
    for (unsigned i = 0; i < h->request.proof.count; i++) {
        base64_encode(hash, h->request.proof.nodes[i].bytes, HASH_SIZE);
        at += (size_t)snprintf(out + at, room - at, "%s\n", hash);
    }
    REQUIRE(at < room);
}

static void keep_evidence(struct witness *w, struct hearing *h, const char *kind)
{
    char words[4096 + WITNESS_PROOF_MAX * 48];
    char name[WITNESS_EVIDENCE_NAME];
    char said[sizeof h->answer->said];
    struct err why = {.code = ERR_OK};
    bool is_new = false;
    const uint8_t *const root = h->checkpoint.root.bytes;

    snprintf(name, sizeof name, "%.16s-%" PRIu64 "-%02x%02x%02x%02x%02x%02x%02x%02x", h->log->hex,
             h->checkpoint.size, root[0], root[1], root[2], root[3], root[4], root[5], root[6], root[7]);
    put_words(words, sizeof words, h, kind, w->now_ns(w->now_arg));
    const struct witness_conflict conflict = {.name = name,
                                              .held = h->log->record.note,
                                              .held_size = h->log->record.note_size,
                                              .presented = h->request.checkpoint,
                                              .presented_size = h->request.checkpoint_size,
                                              .words = words};
    const enum err_code rc = witness_state_keep(w->state, &conflict, &is_new, &why);
    memcpy(said, h->answer->said, sizeof said);
    snprintf(h->answer->said, sizeof h->answer->said, "%.700s; %.*s: %s%.150s", said, (int)strcspn(kind, ":"),
             kind, rc ? "NOT kept as evidence: " : "kept as evidence/", rc ? why.text : name);
}

/* -- what the record decides ----------------------------------------------------------------------------- */

static bool is_root_same(const struct hearing *h)
{
    return hash_equal(&h->checkpoint.root, &h->log->record.checkpoint.root);
}

/* Old is not the record's: mostly the asker only wants to know it. */
static void answer_conflict(struct witness *w, struct hearing *h)
{
    const struct checkpoint *const held = &h->log->record.checkpoint;

    answer_size(h);
    if (!h->log->record.exists)
        return;
    if (h->checkpoint.size == held->size && !is_root_same(h))
        keep_evidence(w, h, forked);
    else if (h->checkpoint.size < held->size)
        keep_evidence(w, h, older);
}

static bool hear_proof(struct witness *w, struct hearing *h)
{
    const struct hash empty = hash_empty();
    const struct witness_record *const record = &h->log->record;
    struct err why = {.code = ERR_OK};

    if (h->checkpoint.size == 0 && !hash_equal(&h->checkpoint.root, &empty)) {
        refuse(h, 422, "the root of a tree without entries is the hash of nothing");
        return false;
    }
    const struct hash *const from = record->exists ? &record->checkpoint.root : &empty;
    if (merkle_check_consistency(h->request.old_size, h->checkpoint.size, &h->request.proof, from,
                                 &h->checkpoint.root, &why) == ERR_OK)
        return true;
    char reason[ERR_TEXT_SIZE + 32];
    snprintf(reason, sizeof reason, "consistency proof: %s", why.text);
    refuse(h, 422, reason);
    if (record->exists && h->checkpoint.size == record->checkpoint.size && !is_root_same(h))
        keep_evidence(w, h, forked);
    else if (record->exists && h->checkpoint.size > record->checkpoint.size && record->checkpoint.size > 0)
        keep_evidence(w, h, unconnected);
    return false;
}

/* The text, the lines of the log's keys, and ours behind them: what is kept, and shown to whoever asks. */
static enum err_code build_record(const struct hearing *h, const char *ours, size_t ours_size,
                                  struct witness_record *record, struct err *err)
{
    size_t at = h->note.text_size;

    memcpy(record->note, h->note.text, at);
    record->note[at++] = '\n';
    for (uint32_t i = 0; i < h->log->key_count; i++) {
        const struct note_signature *const s = note_find(&h->note, &h->log->keys[i]);
        if (!s)
            continue;
        const char *const line = s->name - 4; /* the dash and its space */
        const size_t size = (size_t)(s->base64 + s->base64_size + 1 - line);
        memcpy(record->note + at, line, size); /* each once, so it fits as it did in the note it comes from */
        at += size;
    }
    return note_add_lines(record->note, sizeof record->note, &record->note_size, record->note, at, ours,
                          ours_size, err);
}

static enum err_code cosign(struct witness *w, const struct hearing *h, struct witness_record *record,
                            struct err *err)
{
    struct witness_answer *const a = h->answer;
    char message[NOTE_COSIGNATURE_MESSAGE_MAX];
    uint8_t signature[NOTE_SIGNATURE_SIZE];
    const int64_t now_ns = w->now_ns(w->now_arg);

    if (now_ns < 0)
        return err_set(err, ERR_IO, "the clock stands before 1970");
    record->at_s = (uint64_t)(now_ns / NS_PER_SECOND);
    const size_t said = note_cosignature_message(message, h->note.text, h->note.text_size, record->at_s);
    enum err_code rc = vault_sign(w->vault, KEY_NAME, message, said, signature, err);
    if (rc)
        return rc;
    a->size = note_cosignature_format(a->body, &w->key, record->at_s, signature);
    rc = build_record(h, a->body, a->size, record, err);
    if (!rc)
        rc = witness_state_write(w->state, h->log->hex, record->note, record->note_size, err);
    return rc;
}

static void answer_cosigned(struct witness *w, struct hearing *h)
{
    struct witness_answer *const a = h->answer;
    struct witness_record *const held = &h->log->record;
    struct witness_record next = {.exists = true};
    struct err why = {.code = ERR_OK};

    next.checkpoint = h->checkpoint;
    next.checkpoint.extension = NULL; /* it points into the request */
    next.checkpoint.extension_size = 0;
    if (cosign(w, h, &next, &why)) {
        refuse(h, 500, "the record could not be written; nothing was signed");
        snprintf(a->said, sizeof a->said, "500 %s size %" PRIu64 ": %.600s", h->checkpoint.origin,
                 h->checkpoint.size, why.text);
        return;
    }
    a->status = 200;
    a->content_type = WITNESS_TEXT;
    snprintf(a->said, sizeof a->said, "200 %s cosigned at size %" PRIu64 ", %s%" PRIu64, h->checkpoint.origin,
             h->checkpoint.size, held->exists ? "after " : "the first, after ",
             held->exists ? held->checkpoint.size : 0);
    *held = next;
}

void witness_add_checkpoint(struct witness *w, const void *body, size_t size, struct witness_answer *answer)
{
    struct hearing h = {.log = NULL, .answer = answer};

    answer->said[0] = '\0';
    if (!hear_form(w, &h, body, size))
        return;
    pthread_mutex_lock(&w->turn);
    const uint64_t recorded = h.log->record.exists ? h.log->record.checkpoint.size : 0;
    if (h.request.old_size != recorded)
        answer_conflict(w, &h);
    else if (hear_proof(w, &h))
        answer_cosigned(w, &h);
    pthread_mutex_unlock(&w->turn);
}

bool witness_find_checkpoint(struct witness *w, const char *hex, size_t hex_size, char *note, size_t *size)
{
    bool found = false;

    pthread_mutex_lock(&w->turn);
    for (uint32_t i = 0; i < w->log_count && !found; i++) {
        const struct log *const log = &w->logs[i];
        found = hex_size == WITNESS_HEX_SIZE && memcmp(log->hex, hex, hex_size) == 0 && log->record.exists;
        if (found) {
            memcpy(note, log->record.note, log->record.note_size);
            *size = log->record.note_size;
        }
    }
    pthread_mutex_unlock(&w->turn);
    return found;
}
