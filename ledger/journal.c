/* Opening and closing a journal, and what a handle knows about it. */
#include "ledger/clock.h"
#include "ledger/journal_state.h"
#include "ledger/threads.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* A statement is the entry's bytes after a label of 20 bytes, the origin and a line feed. */
#define STATEMENT_MAX (ENTRY_MAX_SIZE + JOURNAL_ORIGIN_MAX + 32)

char *journal_path(const char *dir, const char *name)
{
    char *path = NULL;

    return asprintf(&path, "%s/%s", dir, name) < 0 ? NULL : path;
}

enum err_code journal_new(const struct journal_options *options, struct journal **j, struct err *err)
{
    struct journal *const made = calloc(1, sizeof *made);

    if (!made)
        return err_set(err, ERR_MEMORY, "%s: out of memory", options->dir);
    made->dir = strdup(options->dir);
    made->statement = malloc(STATEMENT_MAX);
    made->spans = malloc(JOURNAL_SPANS * sizeof *made->spans);
    made->read_only = options->read_only;
    made->skip_read_back = options->skip_read_back;
    made->checks_entries = options->checks_entries;
    made->is_hypothetical = options->is_hypothetical;
    made->now_ns = options->now_ns ? options->now_ns : clock_now_ns;
    made->now_arg = options->now_arg;
    made->newest_at_ns = INSTANT_NONE;
    made->group.journal = made;
    if (!realpath(options->dir, made->watch.by))
        snprintf(made->watch.by, sizeof made->watch.by, "%s", options->dir);
    actors_init(&made->actors);
    epochs_init(&made->epochs);
    if (!made->dir || !made->statement || !made->spans ||
        tiler_new(threads_cores() > 1 ? 1 : 0, &made->tiler, NULL)) {
        journal_close(made);
        return err_set(err, ERR_MEMORY, "%s: out of memory", options->dir);
    }
    *j = made;
    return ERR_OK;
}

void journal_close(struct journal *j)
{
    if (!j)
        return;
    REQUIRE(!j->group_is_open);
    store_txn_end(j->file);
    journal_guard_release(j);
    store_close(j->store);
    vault_close(j->vault);
    tiler_free(j->tiler);
    epochs_release(&j->epochs);
    dual_release(&j->dual);
    journal_group_release(&j->group);
    free(j->statement);
    free(j->spans);
    free(j->dir);
    free(j);
}

/* -- what is stored ------------------------------------------------------------------------------------- */

enum err_code journal_stored(struct store_txn *t, struct block *b, uint64_t seq,
                             struct journal_record *record, struct err *err)
{
    if (!block_holds(b, seq)) {
        const enum err_code rc = store_get_block(t, seq, b, err);
        if (rc)
            return rc;
    }
    record->bytes = block_entry(b, seq, &record->size);
    record->seq = seq;
    return ERR_OK;
}

/* Reads one stored entry whole; its texts borrow from the transaction. */
static enum err_code decode_stored(const struct journal *j, struct store_txn *t, struct block *b,
                                   uint64_t seq, struct journal_record *record, struct entry *e,
                                   struct err *err)
{
    struct err why = {.code = ERR_OK};

    const enum err_code rc = journal_stored(t, b, seq, record, err);
    if (rc)
        return rc;
    if (entry_decode(record->bytes, record->size, e, &why))
        return err_set(err, ERR_FORMAT, "%s: entry %" PRIu64 ": %s", j->dir, seq, why.text);
    if (e->seq != seq)
        return err_set(err, ERR_FORMAT, "%s: entry %" PRIu64 " says that it is entry %" PRIu64, j->dir, seq,
                       e->seq);
    return ERR_OK;
}

/* Applies the control entries in (j->size, last] to what is known of persons and epochs. */
static enum err_code apply_controls(struct journal *j, struct store_txn *t, struct block *b, uint64_t last,
                                    struct err *err)
{
    struct journal_record record;
    struct entry e;
    struct err why = {.code = ERR_OK};
    uint64_t seq = j->size;

    for (;;) {
        bool found;
        enum err_code rc = store_find_control(t, seq + 1, &seq, &found, err);
        if (rc || !found || seq > last)
            return rc;
        rc = decode_stored(j, t, b, seq, &record, &e, err);
        if (rc)
            return rc;
        rc = journal_persons_apply(j, &e, record.bytes, record.size, &why);
        if (!rc)
            rc = epochs_apply(&j->epochs, &e, seq, e.recorded_at_ns, &why);
        if (rc)
            return err_set(err, rc == ERR_MEMORY ? rc : ERR_FORMAT, "%s: entry %" PRIu64 ": %s", j->dir, seq,
                           why.text);
    }
}

enum err_code journal_refresh(struct journal *j, struct store_txn *t, struct err *err)
{
    const size_t epochs_before = j->epochs.count;
    struct journal_record record;
    struct block b;
    struct entry newest;
    uint64_t last;

    enum err_code rc = store_last_seq(t, &last, err);
    if (rc || last == j->size)
        return rc;
    if (last < j->size)
        return err_set(err, ERR_FORMAT,
                       "%s: it had %" PRIu64 " entries and has %" PRIu64
                       " now: its file was replaced or cut while it was open",
                       j->dir, j->size, last);
    block_init(&b);
    rc = apply_controls(j, t, &b, last, err);
    if (!rc)
        rc = decode_stored(j, t, &b, last, &record, &newest, err);
    if (rc) {
        journal_persons_return(j);
        epochs_cut(&j->epochs, epochs_before);
        return rc;
    }
    j->kept.is_kept = false;
    j->size = last;
    j->newest_at_ns = newest.recorded_at_ns;
    j->edge_is_good = false;
    return ERR_OK;
}

/* -- opening -------------------------------------------------------------------------------------------- */

enum err_code journal_adopt_genesis(struct journal *j, const struct entry_control_genesis *genesis,
                                    struct err *err)
{
    struct note_key key;

    if (genesis->origin.length > JOURNAL_ORIGIN_MAX)
        return err_set(err, ERR_INPUT, "the origin has %u bytes where %d are allowed", genesis->origin.length,
                       JOURNAL_ORIGIN_MAX);
    const enum err_code rc = note_key_init(&key, genesis->origin.bytes, genesis->origin.length,
                                           NOTE_KEY_ED25519, genesis->key.bytes, err);
    if (rc)
        return rc;
    memcpy(j->origin, genesis->origin.bytes, genesis->origin.length);
    j->origin[genesis->origin.length] = '\0';
    note_key_format(j->vkey, &key);
    return ERR_OK;
}

/* First of all: what is said later can only be checked by who knows the journal's name. */
static enum err_code read_genesis(struct journal *j, struct store_txn *t, struct err *err)
{
    struct err why = {.code = ERR_OK};
    struct journal_record record;
    struct entry first;
    struct block b;
    uint64_t last = 0;

    enum err_code rc = store_last_seq(t, &last, err);
    if (!rc && last == 0)
        return err_set(err, ERR_FORMAT, "%s: " JOURNAL_FILE_NAME " has no entries, not even genesis", j->dir);
    block_init(&b);
    if (!rc)
        rc = decode_stored(j, t, &b, 1, &record, &first, err);
    if (rc)
        return rc;
    if (first.kind != ENTRY_CONTROL_GENESIS)
        return err_set(err, ERR_FORMAT, "%s: entry 1 is not genesis", j->dir);
    if (journal_adopt_genesis(j, &first.as.control_genesis, &why))
        return err_set(err, ERR_FORMAT, "%s: entry 1: %s", j->dir, why.text);
    return journal_refresh(j, t, err);
}

static enum err_code open_store(struct journal *j, uint64_t map_size, struct err *err)
{
    char *const path = journal_path(j->dir, JOURNAL_FILE_NAME);
    struct err why = {.code = ERR_OK};
    struct store_txn *t = NULL;

    if (!path)
        return err_set(err, ERR_MEMORY, "%s: out of memory", j->dir);
    enum err_code rc =
        store_open(j->dir, path, j->read_only ? STORE_READ : STORE_WRITE, map_size, &j->store, err);
    free(path);
    if (!rc)
        rc = store_read_begin(j->store, &t, err);
    if (!rc)
        rc = read_genesis(j, t, err);
    if (rc == ERR_FORMAT && t && journal_check_halted(j, t, &why) == ERR_HALTED)
        rc = err_set(err, ERR_HALTED, "%s", why.text);
    store_txn_end(t);
    return rc;
}

enum err_code journal_open(const struct journal_options *options, struct journal **j, struct err *err)
{
    struct journal *opened;

    enum err_code rc = journal_new(options, &opened, err);
    if (rc)
        return rc;
    rc = open_store(opened, options->map_size, err);
    if (rc) {
        journal_close(opened);
        return rc;
    }
    *j = opened;
    return ERR_OK;
}

/* -- what a handle knows -------------------------------------------------------------------------------- */

const char *journal_origin(const struct journal *j)
{
    return j->origin;
}

bool journal_is_hypothetical(const char *origin)
{
    return strncmp(origin, JOURNAL_HYPOTHETICAL, sizeof JOURNAL_HYPOTHETICAL - 1) == 0;
}

/* A-Z as a-z, a-z and 0-9 as they are, anything else 0; the locale is not asked. */
static char plain(char c)
{
    if (c >= 'A' && c <= 'Z')
        return (char)(c - 'A' + 'a');
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ? c : '\0';
}

bool journal_seems_hypothetical(const char *origin)
{
    static const char word[] = "hypothetical";
    size_t length = 0;
    bool is_word = true;

    for (; *origin && !(*origin == '/' && length); origin++) {
        const char c = plain(*origin);
        if (!c)
            continue;
        is_word = is_word && length < sizeof word - 1 && c == word[length];
        length++;
    }
    return is_word && length == sizeof word - 1;
}

enum err_code journal_check_lived(const struct journal *j, struct err *err)
{
    if (j->is_hypothetical || !journal_is_hypothetical(j->origin))
        return ERR_OK;
    return err_set(
        err, ERR_INPUT,
        "%s is hypothetical: it was computed by a what-if, not lived, and nothing is appended to it",
        j->origin);
}

const char *journal_vkey(const struct journal *j)
{
    return j->vkey;
}

const char *journal_dir(const struct journal *j)
{
    return j->dir;
}

const struct actors *journal_actors(const struct journal *j)
{
    return &j->actors;
}

struct vault *journal_vault(struct journal *j)
{
    return j->vault;
}

/* -- signing what leaves the journal -------------------------------------------------------------------- */

/* label, LF, origin, LF, bytes: to be freed. */
static enum err_code bytes_message(const char *label, const char *origin, const void *bytes, size_t size,
                                   uint8_t **message, size_t *message_size, struct err *err)
{
    const size_t label_size = strlen(label);
    const size_t origin_size = strlen(origin);
    const size_t whole = label_size + 1 + origin_size + 1 + size;

    REQUIRE(strchr(label, ' ') && !strchr(label, '\n'));
    uint8_t *const m = malloc(whole);
    if (!m)
        return err_set(err, ERR_MEMORY, "out of memory for %zu bytes to sign", whole);
    memcpy(m, label, label_size);
    m[label_size] = '\n';
    memcpy(m + label_size + 1, origin, origin_size);
    m[label_size + 1 + origin_size] = '\n';
    memcpy(m + whole - size, bytes, size);
    *message = m;
    *message_size = whole;
    return ERR_OK;
}

enum err_code journal_sign_bytes(struct journal *j, const char *label, const void *bytes, size_t size,
                                 struct note_key *key, uint8_t signature[NOTE_SIGNATURE_SIZE],
                                 struct err *err)
{
    char name[JOURNAL_KEY_NAME_SIZE];
    uint8_t *message = NULL;
    size_t message_size = 0;

    if (!j->vault)
        return err_set(err, ERR_KEY, "%s is locked: its passphrase is needed to sign", j->dir);
    enum err_code rc = journal_guards_demand(j, err);
    if (!rc)
        rc = journal_hold_newest_key(j, err);
    if (!rc)
        rc = bytes_message(label, j->origin, bytes, size, &message, &message_size, err);
    journal_key_name(name, j->epochs.count - 1);
    if (!rc)
        rc = vault_sign(j->vault, name, message, message_size, signature, err);
    if (!rc && key)
        *key = j->key;
    free(message);
    return rc;
}

enum err_code journal_check_bytes(const struct note_key *key, const char *label, const void *bytes,
                                  size_t size, const uint8_t signature[NOTE_SIGNATURE_SIZE], struct err *err)
{
    uint8_t *message = NULL;
    size_t message_size = 0;

    enum err_code rc = bytes_message(label, key->name, bytes, size, &message, &message_size, err);
    if (!rc)
        rc = note_verify_bytes(key->public_key, message, message_size, signature, err);
    free(message);
    return rc;
}
