#include "cli/seal_witness.h"

#include "cli/conflict.h"
#include "gateway/witness_http.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define EPOCHS_MAX 64 /* keys of the journal: the newest, and genesis' own */

bool seal_witness_is_asked(const struct seal_witness_options *o)
{
    return o->url_count > 0 || o->policy;
}

/* -- who is known ---------------------------------------------------------------------------------------- */

static enum err_code read_policy(const char *file, struct policy *policy, char **text, struct err *err)
{
    size_t size = 0;
    const enum err_code rc = cli_read_file(file, POLICY_FILE_MAX, text, &size, err);

    if (rc)
        return rc;
    return policy_parse(policy, *text, size, err) ? err_wrap(err, "%s", file) : ERR_OK;
}

/* Actors of role witness: an actor's name is its key's. A key that can never sign counts for nothing. */
static enum err_code add_actors(const struct actors *actors, struct cosigners *known, struct err *err)
{
    enum err_code rc = ERR_OK;

    for (uint32_t i = 0; i < actors->count && !rc; i++) {
        const struct actor_row *const row = &actors->rows[i];
        struct note_key key;
        if (row->role == ROLE_WITNESS && !actors_is_revoked(actors, i + 1) &&
            note_key_init(&key, row->name.text, row->name.length, NOTE_KEY_COSIGNATURE, row->key, NULL) ==
                ERR_OK)
            rc = cosigners_add(known, &key, err);
    }
    return rc;
}

enum err_code seal_witness_known(struct journal *j, const char *policy_file, const char *const *keys,
                                 size_t key_count, struct policy *policy, char **text,
                                 struct cosigners *known, struct err *err)
{
    enum err_code rc = policy_file ? read_policy(policy_file, policy, text, err) : ERR_OK;

    if (rc)
        return rc;
    cosigners_init(known, policy_file ? policy : NULL, 0);
    for (size_t i = 0; i < key_count && !rc; i++) {
        struct note_key key;
        rc = note_key_parse(&key, keys[i], strlen(keys[i]), err);
        if (rc)
            return err_wrap(err, "--witness-key %.100s", keys[i]);
        rc = cosigners_add(known, &key, err);
    }
    if (!rc && j)
        rc = add_actors(journal_actors(j), known, err);
    return rc;
}

/* The journal's keys: that of genesis, and the newest of those that followed it. */
static enum err_code read_log_keys(struct journal *j, struct note_key keys[EPOCHS_MAX], size_t *count,
                                   struct err *err)
{
    const char *const origin = journal_origin(j);
    struct journal_reader *r = NULL;
    struct journal_record record;
    bool found = true;

    *count = 1;
    enum err_code rc = note_key_parse(&keys[0], journal_vkey(j), strlen(journal_vkey(j)), err);
    if (!rc)
        rc = journal_reader_begin(j, &r, err);
    for (uint64_t seq = 1; !rc; seq = record.seq + 1) {
        struct entry e;
        rc = journal_reader_control(r, seq, &record, &found, err);
        if (rc || !found)
            break;
        if (entry_decode(record.bytes, record.size, &e, NULL) || e.kind != ENTRY_CONTROL_KEY)
            continue;
        if (*count == EPOCHS_MAX)
            memmove(&keys[1], &keys[2], (EPOCHS_MAX - 2) * sizeof keys[0]);
        else
            (*count)++;
        rc = note_key_init(&keys[*count - 1], origin, strlen(origin), NOTE_KEY_ED25519,
                           e.as.control_key.key.bytes, err);
    }
    journal_reader_end(r);
    return rc;
}

/* -- asking ---------------------------------------------------------------------------------------------- */

struct collecting {
    struct journal *journal;
    const struct seal_witness_options *options;
    struct seal *seal;
    struct policy policy;
    char *policy_text;
    struct cosigners known;
    struct note_key log_keys[EPOCHS_MAX];
    size_t log_key_count;
    bool is_contradicted;
    struct witness_http_answer answer;
    char conflict[ERR_TEXT_SIZE];
    size_t lines_size;
    char lines[NOTE_MAX_SIZE];
};

static void tell(const struct collecting *c, const char *url)
{
    const struct witness_http_answer *const a = &c->answer;
    char at[INSTANT_TEXT_SIZE];

    if (a->outcome == WITNESS_HTTP_COSIGNED && a->at_s < (uint64_t)INT64_MAX / (uint64_t)NS_PER_SECOND) {
        instant_format(at, (int64_t)a->at_s * NS_PER_SECOND);
        fprintf(stderr, "%s: %s at %s\n", url, a->words, at);
    } else {
        fprintf(stderr, "%s: %s\n", url, a->words);
    }
}

/* The journal's own seal to hold against one of `held` entries: the oldest that covers as many, or its newest. */
static enum err_code find_own(struct journal *j, uint64_t held, struct seal *own, struct err *err)
{
    struct journal_reader *r = NULL;

    enum err_code rc = journal_reader_begin(j, &r, err);
    if (!rc) {
        const uint64_t size = journal_reader_size(r);
        rc = journal_reader_seal(r, held < size ? held : size, own, err);
    }
    journal_reader_end(r);
    return rc;
}

static void keep_evidence(const struct collecting *c)
{
    const struct witness_http_answer *const a = &c->answer;
    char dir[CONFLICT_PATH_MAX];
    struct seal own;

    if (find_own(c->journal, a->held, &own, NULL))
        own = *c->seal;
    snprintf(dir, sizeof dir, "%s/evidence", journal_dir(c->journal));
    conflict_keep_both(c->options->evidence ? c->options->evidence : dir, a->bytes, a->size, own.note,
                       own.note_size);
}

static void take(struct collecting *c, const char *url)
{
    const struct witness_http_answer *const a = &c->answer;

    if (a->outcome == WITNESS_HTTP_COSIGNED && a->size <= sizeof c->lines - c->lines_size) {
        memcpy(c->lines + c->lines_size, a->bytes, a->size);
        c->lines_size += a->size;
    }
    if (a->outcome != WITNESS_HTTP_CONFLICT)
        return;
    keep_evidence(c);
    if (!c->is_contradicted)
        snprintf(c->conflict, sizeof c->conflict, "%.300s: %.600s", url, a->words);
    c->is_contradicted = true;
}

static enum err_code ask(struct collecting *c, struct http *http, const char *url, struct err *err)
{
    const struct witness_http_request request = {.url = url,
                                                 .ca_file = c->options->ca,
                                                 .timeout_s = c->options->timeout_s,
                                                 .journal = c->journal,
                                                 .seal = c->seal,
                                                 .known = &c->known,
                                                 .log_keys = c->log_keys,
                                                 .log_key_count = c->log_key_count};
    const enum err_code rc = witness_http_ask(http, &request, &c->answer, err);

    if (rc)
        return rc;
    tell(c, url);
    take(c, url);
    return ERR_OK;
}

/* Those of --witness; without any, the policy's. *asked: how many. */
static enum err_code ask_all(struct collecting *c, uint32_t *asked, struct err *err)
{
    const struct seal_witness_options *const o = c->options;
    struct http *http = NULL;

    *asked = 0;
    enum err_code rc = http_open(&http, err);
    for (size_t i = 0; i < o->url_count && !rc; i++, (*asked)++)
        rc = ask(c, http, o->urls[i], err);
    for (uint32_t i = 0; o->url_count == 0 && o->policy && i < c->policy.witness_count && !rc; i++) {
        const struct policy_text url = c->policy.witnesses[i].url;
        char text[WITNESS_HTTP_URL_MAX];
        if (url.size == 0 || url.size >= sizeof text)
            continue;
        memcpy(text, url.bytes, url.size);
        text[url.size] = '\0';
        rc = ask(c, http, text, err);
        (*asked)++;
    }
    http_close(http);
    if (!rc && *asked == 0)
        rc = err_set(err, ERR_INPUT,
                     "seal: the policy names no witness's address: give some with --witness URL");
    return rc;
}

/* -- the quorum ------------------------------------------------------------------------------------------ */

static enum err_code prepare(struct collecting *c, struct err *err)
{
    const struct seal_witness_options *const o = c->options;
    uint64_t least = o->policy ? 0 : o->url_count;

    enum err_code rc = seal_witness_known(c->journal, o->policy, o->keys, o->key_count, &c->policy,
                                          &c->policy_text, &c->known, err);
    if (!rc && o->quorum)
        rc = cli_parse_u64("--quorum", o->quorum, &least, err);
    if (rc)
        return rc;
    if (c->known.count == 0)
        return err_set(
            err, ERR_INPUT,
            "seal: no witness's key is known: give --witness-key VKEY or --policy FILE, or enter it with "
            "\"ledger actor add NAME --role witness --key VKEY\"");
    if (least > c->known.count)
        return err_set(err, ERR_INPUT,
                       "seal: %" PRIu64 " witnesses cannot cosign where %" PRIu32 " are known", least,
                       c->known.count);
    c->known.least = (uint32_t)least;
    return read_log_keys(c->journal, c->log_keys, &c->log_key_count, err);
}

/* Whoever has cosigned this seal counts, now or earlier. */
static enum err_code judge(const struct collecting *c, struct err *err)
{
    struct cosigners_finding findings[COSIGNERS_MAX];
    struct note note;
    char asked[120];

    const enum err_code rc = note_parse(&note, c->seal->note, c->seal->note_size, err);
    if (rc)
        return rc;
    const uint32_t good = cosigners_look(&c->known, &note, c->log_keys, c->log_key_count, findings);
    cosigners_words(&c->known, asked, sizeof asked);
    if (!cosigners_are_enough(&c->known, findings))
        return err_set(err, ERR_IO,
                       "seal %" PRIu64 " has the cosignatures of %" PRIu32
                       " known witnesses, and %s are asked for; what "
                       "was collected is kept",
                       c->seal->size, good, asked);
    return ERR_OK;
}

enum err_code seal_witness_collect(struct journal *j, struct seal *seal, const struct seal_witness_options *o,
                                   struct err *err)
{
    struct collecting *const c = calloc(1, sizeof *c);
    uint32_t asked = 0;

    if (!c)
        return err_set(err, ERR_MEMORY, "out of memory");
    c->journal = j;
    c->options = o;
    c->seal = seal;
    enum err_code rc = prepare(c, err);
    if (!rc)
        rc = ask_all(c, &asked, err);
    if (c->lines_size > 0) { /* also when something went wrong with a later one */
        struct err why = {.code = ERR_OK};
        const enum err_code kept =
            journal_add_cosignatures(j, seal->size, c->lines, c->lines_size, seal, &why);
        if (kept && !rc)
            rc = err_set(err, kept, "%s", why.text);
    }
    if (!rc && c->is_contradicted)
        rc = err_set(err, ERR_WRONG, "%s", c->conflict);
    if (!rc)
        rc = judge(c, err);
    free(c->policy_text);
    free(c);
    return rc;
}
