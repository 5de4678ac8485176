#include "gateway/witness_http.h"

#include "audit/witness_request.h"
#include "audit/witness_state.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ASKS_MAX   3   /* the first may only learn the size, and somebody else may come between */
#define WORDS_MAX  200 /* bytes of a witness's own words that are told */
#define ANSWER_MAX ((size_t)64 << 10)

struct asking {
    struct http *http;
    const struct witness_http_request *request;
    struct witness_http_answer *a;
    uint64_t old;
};

static enum err_code outcome(struct asking *k, enum witness_http_outcome what, const char *words)
{
    k->a->outcome = what;
    snprintf(k->a->words, sizeof k->a->words, "%s", words);
    return ERR_OK;
}

static void make_url(const struct asking *k, char url[WITNESS_HTTP_URL_MAX], const char *path)
{
    size_t length = strlen(k->request->url);

    while (length > 0 && k->request->url[length - 1] == '/')
        length--;
    snprintf(url, WITNESS_HTTP_URL_MAX, "%.*s%s", (int)length, k->request->url, path);
}

static enum err_code exchange(struct asking *k, const char *path, const void *body, size_t size,
                              struct http_answer *answer, struct err *err)
{
    char url[WITNESS_HTTP_URL_MAX];
    const struct http_request request = {.url = url,
                                         .body = body,
                                         .body_size = size,
                                         .content_type = "text/plain; charset=utf-8",
                                         .ca_file = k->request->ca_file,
                                         .answer_max = ANSWER_MAX,
                                         .timeout_s = k->request->timeout_s};

    make_url(k, url, path);
    return http_do(k->http, &request, answer, err);
}

/* -- what the journal knows ------------------------------------------------------------------------------ */

static enum err_code make_body(const struct asking *k, char *body, size_t *size, struct err *err)
{
    struct witness_request r = {.old_size = k->old,
                                .checkpoint = k->request->seal->note,
                                .checkpoint_size = k->request->seal->note_size};
    struct journal_reader *reader = NULL;

    enum err_code rc = journal_reader_begin(k->request->journal, &reader, err);
    if (!rc)
        rc = journal_reader_consistency(reader, k->old, k->request->seal->size, r.proof.nodes, &r.proof.count,
                                        err);
    journal_reader_end(reader);
    if (!rc)
        *size = witness_request_format(body, &r);
    return rc;
}

/* Does the journal lead through this checkpoint, which it signed? */
static enum err_code find_conflict(struct asking *k, const struct checkpoint *c, bool *is_one,
                                   struct err *err)
{
    struct journal_reader *reader = NULL;
    struct hash root = hash_empty();
    uint64_t size = 0;

    enum err_code rc = journal_reader_begin(k->request->journal, &reader, err);
    if (!rc)
        size = journal_reader_size(reader);
    if (!rc && c->size <= size)
        rc = journal_reader_root(reader, c->size, &root, err);
    journal_reader_end(reader);
    if (rc)
        return rc;
    *is_one = c->size > size || !hash_equal(&root, &c->root);
    if (c->size > size)
        snprintf(k->a->words, sizeof k->a->words,
                 "it holds a checkpoint of %" PRIu64
                 " entries that this journal's key signed, and the journal has %" PRIu64
                 ": it was rolled back or cut",
                 c->size, size);
    else if (*is_one)
        snprintf(k->a->words, sizeof k->a->words,
                 "it holds a checkpoint of %" PRIu64 " entries that this journal's key signed, and the "
                 "journal has another root there: it was forked, or "
                 "rolled back and continued",
                 c->size);
    return ERR_OK;
}

/* -- what the witness holds ------------------------------------------------------------------------------ */

/* After a refusal. A witness that shows nothing leaves it at that. */
static enum err_code look_at_record(struct asking *k, struct err *err)
{
    const char *const origin = journal_origin(k->request->journal);
    char path[1 + WITNESS_HEX_SIZE + sizeof "/checkpoint"];
    struct http_answer answer;
    struct checkpoint c;
    struct err why = {.code = ERR_OK};
    bool is_conflict = false;
    enum err_code rc = ERR_OK;

    path[0] = '/';
    witness_state_hex(origin, strlen(origin), path + 1);
    memcpy(path + 1 + WITNESS_HEX_SIZE, "/checkpoint", sizeof "/checkpoint");
    if (exchange(k, path, NULL, 0, &answer, &why))
        return ERR_OK;
    if (answer.status == 200 && answer.size <= NOTE_MAX_SIZE &&
        checkpoint_open(&c, answer.body, answer.size, k->request->log_keys, k->request->log_key_count,
                        &why) == ERR_OK &&
        strcmp(c.origin, origin) == 0)
        rc = find_conflict(k, &c, &is_conflict, err);
    if (!rc && is_conflict) {
        k->a->outcome = WITNESS_HTTP_CONFLICT;
        k->a->held = c.size;
        memcpy(k->a->bytes, answer.body, answer.size);
        k->a->size = answer.size;
    }
    http_answer_release(&answer);
    return rc;
}

/* -- what it answers ------------------------------------------------------------------------------------- */

/* A stranger's words are shown, but may not do anything to a terminal or a log. */
static void put_refusal(struct asking *k, const struct http_answer *answer)
{
    char words[WORDS_MAX + 1];
    size_t length = 0;

    for (; length < WORDS_MAX && length < answer->size && answer->body[length] != '\n'; length++) {
        const uint8_t c = answer->body[length];
        words[length] = c >= 0x20 && c < 0x7f ? (char)c : '?';
    }
    words[length] = '\0';
    k->a->outcome = WITNESS_HTTP_REFUSED;
    snprintf(k->a->words, sizeof k->a->words, "it refuses (HTTP %u)%s%s", answer->status, length ? ": " : "",
             words);
}

static bool read_size(const struct http_answer *answer, uint64_t *size)
{
    const char *const text = (const char *)answer->body;

    return strncmp(answer->content_type, "text/x.tlog.size", 16) == 0 && answer->size > 1 &&
           text[answer->size - 1] == '\n' &&
           checkpoint_size_parse(text, answer->size - 1, size, NULL) == ERR_OK;
}

/* Keeps the lines by known keys that are good. */
static void keep_lines(struct asking *k, const struct note *note)
{
    const struct cosigners *const known = k->request->known;
    struct cosigners_finding findings[COSIGNERS_MAX];
    struct witness_http_answer *const a = k->a;

    const uint32_t good =
        cosigners_look(known, note, k->request->log_keys, k->request->log_key_count, findings);
    for (uint32_t i = 0; i < known->count; i++) {
        if (findings[i].is_wrong) {
            a->outcome = WITNESS_HTTP_WRONG;
            snprintf(a->words, sizeof a->words, "its line as %s is not that key's signature",
                     known->keys[i].name);
            return;
        }
    }
    a->outcome = good ? WITNESS_HTTP_COSIGNED : WITNESS_HTTP_STRANGER;
    snprintf(a->words, sizeof a->words, "it cosigned with a key that is not known");
    for (uint32_t i = 0; i < known->count; i++) {
        if (!findings[i].is_good)
            continue;
        const struct note_signature *const s = note_find(note, &known->keys[i]);
        const char *const line = s->name - 4;
        const size_t size = (size_t)(s->base64 + s->base64_size + 1 - line);
        memcpy(a->bytes + a->size, line, size); /* of one note, each once */
        a->size += size;
        a->at_s = findings[i].at_s;
        snprintf(a->words, sizeof a->words, "cosigned by %s", known->keys[i].name);
    }
}

/* The lines are read below our own one alone: what stood in the seal before is not this witness's answer. */
static enum err_code read_lines(struct asking *k, const struct http_answer *answer)
{
    const struct seal *const seal = k->request->seal;
    struct err why = {.code = ERR_OK};
    char joined[NOTE_MAX_SIZE];
    struct note note;
    size_t bare = 0;
    size_t size = 0;

    if (note_parse(&note, seal->note, seal->note_size, &why) == ERR_OK)
        bare = (size_t)(note.signatures[0].base64 + note.signatures[0].base64_size + 1 - note.text);
    if (bare == 0 ||
        note_add_lines(joined, sizeof joined, &size, seal->note, bare, (const char *)answer->body,
                       answer->size, &why) ||
        note_parse(&note, joined, size, &why)) {
        k->a->outcome = WITNESS_HTTP_REFUSED;
        snprintf(k->a->words, sizeof k->a->words, "its answer is not made of signature lines: %.600s",
                 why.text);
        return ERR_OK;
    }
    keep_lines(k, &note);
    return ERR_OK;
}

/* *again: it has told what it holds, and we did not know. */
static enum err_code read_answer(struct asking *k, const struct http_answer *answer, bool *again,
                                 struct err *err)
{
    const uint64_t size = k->request->seal->size;
    uint64_t held = 0;

    if (answer->status == 200)
        return read_lines(k, answer);
    put_refusal(k, answer);
    if (answer->status == 409 && read_size(answer, &held)) {
        k->a->held = held;
        *again = held != k->old && held <= size;
        if (held > size) {
            k->a->outcome = WITNESS_HTTP_AHEAD;
            snprintf(k->a->words, sizeof k->a->words,
                     "it has cosigned %" PRIu64 " entries by now, and this seal covers %" PRIu64, held, size);
        }
        k->old = held;
        return *again ? ERR_OK : look_at_record(k, err);
    }
    return answer->status == 422 ? look_at_record(k, err) : ERR_OK;
}

enum err_code witness_http_ask(struct http *h, const struct witness_http_request *request,
                               struct witness_http_answer *a, struct err *err)
{
    struct asking k = {.http = h, .request = request, .a = a};
    char *const body = malloc(WITNESS_BODY_MAX);
    bool again = true;
    enum err_code rc = ERR_OK;

    memset(a, 0, sizeof *a);
    if (!body)
        return err_set(err, ERR_MEMORY, "out of memory");
    if (strlen(request->url) > WITNESS_HTTP_URL_MAX - WITNESS_HEX_SIZE - 20)
        rc = err_set(err, ERR_INPUT, "%.100s...: the address is too long", request->url);
    for (int asks = 0; !rc && again && asks < ASKS_MAX; asks++) {
        struct http_answer answer;
        struct err why = {.code = ERR_OK};
        size_t size = 0;
        again = false;
        rc = make_body(&k, body, &size, err);
        if (rc)
            break;
        rc = exchange(&k, "/add-checkpoint", body, size, &answer, &why);
        if (rc == ERR_IO) {
            rc = outcome(&k, WITNESS_HTTP_SILENT, why.text);
        } else if (rc) {
            rc = err_set(err, rc, "%s", why.text);
        } else {
            rc = read_answer(&k, &answer, &again, err);
            http_answer_release(&answer);
        }
    }
    free(body);
    return rc;
}
