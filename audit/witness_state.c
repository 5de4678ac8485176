#include "audit/witness_state.h"

#include "ledger/file.h"
#include "ledger/hex.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#define VKEY_FILE    "witness.vkey"
#define LOCK_FILE    "lock"
#define ORIGINS_FILE "origins"
#define LOGS         "logs"
#define EVIDENCE     "evidence"
#define WORDS_ENDING ".txt"
#define LINE_SIZE    (WITNESS_HEX_SIZE + 1)
#define HEAD         "sha256 "
#define HEAD_SIZE    (sizeof HEAD - 1 + WITNESS_HEX_SIZE + 1)

struct witness_state {
    int dir;
    int logs;
    int evidence;
    int lock; /* -1: not serving */
    struct note_key key;
    uint32_t evidence_count;
    uint32_t count;
    char origins[WITNESS_ORIGINS_MAX][LINE_SIZE]; /* ascending, terminated */
};

void witness_state_hex(const char *origin, size_t size, char hex[WITNESS_HEX_SIZE + 1])
{
    const struct hash h = hash_bytes(origin, size);

    hex[hex_encode(hex, h.bytes, sizeof h.bytes)] = '\0';
}

const struct note_key *witness_state_key(const struct witness_state *s)
{
    return &s->key;
}

uint32_t witness_state_count(const struct witness_state *s)
{
    return s->count;
}

const char *witness_state_at(const struct witness_state *s, uint32_t index)
{
    REQUIRE(index < s->count);
    return s->origins[index];
}

uint32_t witness_state_evidence_count(const struct witness_state *s)
{
    return s->evidence_count;
}

/* -- making it ------------------------------------------------------------------------------------------- */

static enum err_code failed(const char *name, struct err *err)
{
    return err_set(err, ERR_IO, "%s: %s", name, strerror(errno));
}

enum err_code witness_state_create(const char *dir, const struct note_key *key, struct err *err)
{
    char line[NOTE_VKEY_TEXT_SIZE + 1];
    const int fd = file_open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);

    if (fd < 0)
        return failed(dir, err);
    size_t length = note_key_format(line, key);
    line[length++] = '\n';
    enum err_code rc = ERR_OK;
    if (mkdirat(fd, LOGS, 0700) != 0 || mkdirat(fd, EVIDENCE, 0700) != 0)
        rc = failed(dir, err);
    if (!rc)
        rc = file_replace_whole(fd, ORIGINS_FILE, NULL, 0, 0600, err);
    if (!rc) /* the last: with it the directory is a witness's */
        rc = file_replace_whole(fd, VKEY_FILE, line, length, 0644, err);
    (void)file_close(fd);
    return rc;
}

/* -- records --------------------------------------------------------------------------------------------- */

static void make_head(const char *note, size_t size, char head[HEAD_SIZE + 1])
{
    char hex[WITNESS_HEX_SIZE + 1];

    witness_state_hex(note, size, hex);
    snprintf(head, HEAD_SIZE + 1, HEAD "%s\n", hex);
}

static enum err_code record_open(const struct witness_state *s, const char *hex,
                                 struct witness_record *record, struct err *err)
{
    char own[WITNESS_HEX_SIZE + 1];
    struct note note;
    struct note_finding finding;

    enum err_code rc = note_parse(&note, record->note, record->note_size, err);
    if (!rc)
        rc = note_verify(&note, &s->key, 1, &finding, err);
    if (!rc)
        rc = checkpoint_parse(&record->checkpoint, note.text, note.text_size, err);
    if (rc)
        return rc;
    witness_state_hex(record->checkpoint.origin, record->checkpoint.origin_size, own);
    if (strcmp(own, hex) != 0)
        return err_set(err, ERR_FORMAT, "it is of another origin, %s", record->checkpoint.origin);
    record->at_s = finding.at_s;
    record->exists = true;
    return ERR_OK;
}

static enum err_code damaged(const char *hex, struct err *err)
{
    if (err)
        err->code = ERR_FORMAT; /* a wrong signature in our own file is damage, not somebody's lie */
    return err_wrap(err, LOGS "/%s is damaged, and with it is lost what was cosigned last", hex);
}

/* Takes off the head, which says what the rest must be: so no byte of it can change unseen. */
static enum err_code take_head(struct witness_record *record, const char *bytes, size_t size, struct err *err)
{
    char head[HEAD_SIZE + 1];

    if (size < HEAD_SIZE)
        return err_set(err, ERR_FORMAT, "it is cut off");
    make_head(bytes + HEAD_SIZE, size - HEAD_SIZE, head);
    if (memcmp(bytes, head, HEAD_SIZE) != 0)
        return err_set(err, ERR_FORMAT, "it is not what was written");
    record->note_size = size - HEAD_SIZE;
    memcpy(record->note, bytes + HEAD_SIZE, record->note_size);
    return ERR_OK;
}

enum err_code witness_state_read(struct witness_state *s, const char *hex, struct witness_record *record,
                                 struct err *err)
{
    char bytes[HEAD_SIZE + NOTE_MAX_SIZE];
    size_t size = 0;

    record->exists = false;
    enum err_code rc = file_read_whole(s->logs, hex, bytes, sizeof bytes, &size, err);
    if (rc == ERR_NOT_FOUND)
        return ERR_OK;
    if (rc == ERR_IO)
        return rc;
    if (!rc)
        rc = take_head(record, bytes, size, err);
    if (!rc)
        rc = record_open(s, hex, record, err);
    return rc ? damaged(hex, err) : ERR_OK;
}

/* -- the list of origins --------------------------------------------------------------------------------- */

static bool is_listed(const struct witness_state *s, const char *hex, uint32_t *at)
{
    uint32_t i = 0;

    while (i < s->count && strcmp(s->origins[i], hex) < 0)
        i++;
    *at = i;
    return i < s->count && strcmp(s->origins[i], hex) == 0;
}

static enum err_code write_origins(const struct witness_state *s, struct err *err)
{
    char *const text = malloc(WITNESS_ORIGINS_MAX * LINE_SIZE);

    if (!text)
        return err_set(err, ERR_MEMORY, "out of memory");
    for (uint32_t i = 0; i < s->count; i++) {
        memcpy(text + i * (size_t)LINE_SIZE, s->origins[i], WITNESS_HEX_SIZE);
        text[(i + 1) * (size_t)LINE_SIZE - 1] = '\n';
    }
    const enum err_code rc =
        file_replace_whole(s->dir, ORIGINS_FILE, text, s->count * (size_t)LINE_SIZE, 0600, err);
    free(text);
    return rc;
}

/* In memory only when it is on disk. */
static enum err_code list_origin(struct witness_state *s, const char *hex, struct err *err)
{
    uint32_t at;

    if (is_listed(s, hex, &at))
        return ERR_OK;
    if (s->count == WITNESS_ORIGINS_MAX)
        return err_set(err, ERR_RANGE, "more than %d origins", WITNESS_ORIGINS_MAX);
    memmove(s->origins[at + 1], s->origins[at], (s->count - at) * sizeof s->origins[0]);
    memcpy(s->origins[at], hex, LINE_SIZE);
    s->count++;
    const enum err_code rc = write_origins(s, err);
    if (rc) {
        s->count--;
        memmove(s->origins[at], s->origins[at + 1], (s->count - at) * sizeof s->origins[0]);
    }
    return rc;
}

enum err_code witness_state_write(struct witness_state *s, const char *hex, const char *note, size_t size,
                                  struct err *err)
{
    char bytes[HEAD_SIZE + NOTE_MAX_SIZE + 1];
    uint32_t at;

    REQUIRE(size <= NOTE_MAX_SIZE);
    if (!is_listed(s, hex, &at) && s->count == WITNESS_ORIGINS_MAX)
        return err_set(err, ERR_RANGE, "more than %d origins", WITNESS_ORIGINS_MAX);
    make_head(note, size, bytes);
    memcpy(bytes + HEAD_SIZE, note, size);
    const enum err_code rc = file_replace_whole(s->logs, hex, bytes, HEAD_SIZE + size, 0600, err);
    return rc ? rc : list_origin(s, hex, err);
}

static enum err_code read_line(struct witness_state *s, const char *line, struct err *err)
{
    uint8_t hash[HASH_SIZE];
    char *const into = s->origins[s->count];

    memcpy(into, line, WITNESS_HEX_SIZE);
    into[WITNESS_HEX_SIZE] = '\0';
    if (line[WITNESS_HEX_SIZE] != '\n' || hex_decode(into, WITNESS_HEX_SIZE, hash, sizeof hash, NULL) ||
        (s->count > 0 && strcmp(s->origins[s->count - 1], into) >= 0))
        return err_set(err, ERR_FORMAT, ORIGINS_FILE " is damaged: line %" PRIu32, s->count + 1);
    s->count++;
    return ERR_OK;
}

static enum err_code read_origins(struct witness_state *s, struct err *err)
{
    const size_t room = WITNESS_ORIGINS_MAX * (size_t)LINE_SIZE;
    char *const text = malloc(room);
    size_t size = 0;

    if (!text)
        return err_set(err, ERR_MEMORY, "out of memory");
    enum err_code rc = file_read_whole(s->dir, ORIGINS_FILE, text, room, &size, err);
    if (rc == ERR_NOT_FOUND || (!rc && size % LINE_SIZE != 0))
        rc = err_set(err, ERR_FORMAT, ORIGINS_FILE " is missing or damaged");
    for (size_t at = 0; !rc && at < size; at += LINE_SIZE)
        rc = read_line(s, text + at, err);
    free(text);
    return rc;
}

/* -- opening --------------------------------------------------------------------------------------------- */

/* Every name in a directory but "." and "..". */
static enum err_code each_name(int dir, const char *title,
                               enum err_code (*use)(struct witness_state *s, const char *name,
                                                    struct err *err),
                               struct witness_state *s, struct err *err)
{
    const int copy = file_open_at(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
    DIR *const d = copy >= 0 ? fdopendir(copy) : NULL;
    enum err_code rc = ERR_OK;

    if (!d) {
        rc = failed(title, err);
        if (copy >= 0)
            (void)file_close(copy);
        return rc;
    }
    for (;;) {
        errno = 0;
        const struct dirent *const e = readdir(d);
        if (!e)
            break;
        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
            rc = use(s, e->d_name, err);
        if (rc)
            break;
    }
    if (!rc && errno)
        rc = failed(title, err);
    closedir(d);
    return rc;
}

static enum err_code count_evidence(struct witness_state *s, const char *name, struct err *err)
{
    const size_t length = strlen(name);
    const size_t ending = sizeof WORDS_ENDING - 1;

    (void)err;
    if (length > ending && strcmp(name + length - ending, WORDS_ENDING) == 0)
        s->evidence_count++;
    return ERR_OK;
}

/* A crash between record and list left a record that is not listed. */
static enum err_code list_record(struct witness_state *s, const char *name, struct err *err)
{
    uint8_t hash[HASH_SIZE];
    uint32_t at;

    if (strlen(name) != WITNESS_HEX_SIZE || hex_decode(name, WITNESS_HEX_SIZE, hash, sizeof hash, NULL) ||
        is_listed(s, name, &at))
        return ERR_OK; /* what is half written has another name */
    return list_origin(s, name, err);
}

static enum err_code check_records(struct witness_state *s, struct err *err)
{
    struct witness_record *const record = malloc(sizeof *record);
    enum err_code rc = ERR_OK;

    if (!record)
        return err_set(err, ERR_MEMORY, "out of memory");
    for (uint32_t i = 0; i < s->count && !rc; i++) {
        rc = witness_state_read(s, s->origins[i], record, err);
        if (!rc && !record->exists)
            rc = err_set(err, ERR_FORMAT, LOGS "/%s is missing, and with it is lost what was cosigned last",
                         s->origins[i]);
    }
    free(record);
    return rc;
}

static enum err_code take_lock(struct witness_state *s, struct err *err)
{
    s->lock = file_open_at(s->dir, LOCK_FILE, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (s->lock < 0)
        return failed(LOCK_FILE, err);
    while (flock(s->lock, LOCK_EX | LOCK_NB) != 0) {
        if (errno == EWOULDBLOCK)
            return err_set(err, ERR_EXISTS, "another witness serves from it");
        if (errno != EINTR)
            return failed(LOCK_FILE, err);
    }
    return ERR_OK;
}

static enum err_code read_key(struct witness_state *s, struct err *err)
{
    char line[NOTE_VKEY_TEXT_SIZE + 1];
    size_t size = 0;

    const enum err_code rc = file_read_whole(s->dir, VKEY_FILE, line, sizeof line, &size, err);
    if (rc == ERR_NOT_FOUND)
        return err_set(err, ERR_NOT_FOUND, "there is no witness: make one with \"ledger witness init\"");
    if (rc)
        return rc;
    if (size == 0 || line[size - 1] != '\n')
        return err_set(err, ERR_FORMAT, VKEY_FILE " is damaged");
    if (note_key_parse(&s->key, line, size - 1, err)) {
        err->code = ERR_FORMAT;
        return err_wrap(err, VKEY_FILE);
    }
    if (s->key.type != NOTE_KEY_COSIGNATURE)
        return err_set(err, ERR_FORMAT, VKEY_FILE " holds a key that is no witness's");
    return ERR_OK;
}

static enum err_code open_folder(const struct witness_state *s, const char *name, int *fd, struct err *err)
{
    *fd = file_open_at(s->dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
    if (*fd < 0 && errno == ENOENT)
        return err_set(err, ERR_FORMAT, "the folder %s is missing", name);
    return *fd < 0 ? failed(name, err) : ERR_OK;
}

static enum err_code open_all(struct witness_state *s, bool is_serving, struct err *err)
{
    enum err_code rc = read_key(s, err);

    if (!rc)
        rc = open_folder(s, LOGS, &s->logs, err);
    if (!rc)
        rc = open_folder(s, EVIDENCE, &s->evidence, err);
    if (!rc && is_serving)
        rc = take_lock(s, err);
    if (!rc)
        rc = read_origins(s, err);
    if (!rc && is_serving)
        rc = each_name(s->logs, LOGS, list_record, s, err);
    if (!rc)
        rc = check_records(s, err);
    if (!rc)
        rc = each_name(s->evidence, EVIDENCE, count_evidence, s, err);
    return rc;
}

enum err_code witness_state_open(struct witness_state **s, const char *dir, bool is_serving, struct err *err)
{
    struct err ignored = {.code = ERR_OK};
    struct witness_state *const made = calloc(1, sizeof *made);

    if (!err)
        err = &ignored;
    if (!made)
        return err_set(err, ERR_MEMORY, "out of memory");
    made->logs = made->evidence = made->lock = -1;
    made->dir = file_open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
    enum err_code rc = ERR_OK;
    if (made->dir < 0 && (errno == ENOENT || errno == ENOTDIR))
        rc = err_set(err, ERR_NOT_FOUND, "there is no witness: make one with \"ledger witness init\"");
    else if (made->dir < 0)
        rc = failed("it cannot be opened", err);
    if (!rc)
        rc = open_all(made, is_serving, err);
    if (rc) {
        witness_state_close(made);
        return err_wrap(err, "witness state %s", dir);
    }
    *s = made;
    return ERR_OK;
}

void witness_state_close(struct witness_state *s)
{
    if (!s)
        return;
    const int all[] = {s->lock, s->evidence, s->logs, s->dir};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        if (all[i] >= 0)
            (void)file_close(all[i]);
    }
    free(s);
}

/* -- evidence -------------------------------------------------------------------------------------------- */

enum err_code witness_state_keep(struct witness_state *s, const struct witness_conflict *conflict,
                                 bool *is_new, struct err *err)
{
    const struct {
        const char *ending;
        const char *bytes;
        size_t size;
    } files[] = {
        {".held", conflict->held, conflict->held_size},
        {".presented", conflict->presented, conflict->presented_size},
        {WORDS_ENDING, conflict->words, strlen(conflict->words)}}; /* the last: it says that all is there */
    char name[WITNESS_EVIDENCE_NAME + 16];
    enum err_code rc = ERR_OK;

    *is_new = false;
    snprintf(name, sizeof name, "%s" WORDS_ENDING, conflict->name);
    if (faccessat(s->evidence, name, F_OK, 0) == 0)
        return ERR_OK;
    if (s->evidence_count >= WITNESS_EVIDENCE_MAX)
        return err_set(err, ERR_RANGE, "%d conflicts are kept already", WITNESS_EVIDENCE_MAX);
    for (size_t i = 0; i < sizeof files / sizeof files[0] && !rc; i++) {
        snprintf(name, sizeof name, "%s%s", conflict->name, files[i].ending);
        rc = file_replace_whole(s->evidence, name, files[i].bytes, files[i].size, 0600, err);
    }
    if (rc)
        return err_wrap(err, EVIDENCE);
    s->evidence_count++;
    *is_new = true;
    return ERR_OK;
}
