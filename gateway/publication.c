#include "gateway/publication.h"

#include "gateway/http.h"
#include "ledger/file.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#define ATTEMPTS         4u
#define PAUSE_FIRST_MS   250
#define STATUS_GOOD      200u
#define STATUS_NOT_FOUND 404u
#define STATUS_GONE      410u
#define STATUS_TOO_MANY  429u
#define STATUS_SERVER    500u

struct publication {
    char *base; /* without slashes at its end */
    const char *ca_file;
    struct http *http; /* NULL: `base` is a directory */
    int dir;
    bool has_answered;
    uint64_t files;
    uint64_t bytes;
};

/* -- opening --------------------------------------------------------------------------------------------- */

static bool is_web(const char *where)
{
    return strncasecmp(where, "http://", 7) == 0 || strncasecmp(where, "https://", 8) == 0;
}

static enum err_code open_dir(struct publication *p, struct err *err)
{
    p->dir = file_open(p->base, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
    if (p->dir < 0)
        return err_set(err, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO, "%s: %s", p->base, strerror(errno));
    return ERR_OK;
}

enum err_code publication_open(struct publication **p, const char *where, const char *ca_file,
                               struct err *err)
{
    const char *const base = strncmp(where, "file://", 7) == 0 ? where + 7 : where;
    struct publication *const opened = calloc(1, sizeof *opened);
    size_t length = strlen(base);

    if (!opened)
        return err_set(err, ERR_MEMORY, "out of memory");
    opened->dir = -1;
    opened->ca_file = ca_file;
    while (length > 1 && base[length - 1] == '/')
        length--;
    opened->base = strndup(base, length);
    enum err_code rc = opened->base ? ERR_OK : err_set(err, ERR_MEMORY, "out of memory");
    if (!rc && (length == 0 || length + PUBLISHED_NAME_SIZE + 1 > PUBLICATION_ADDRESS_SIZE))
        rc = err_set(err, ERR_INPUT, "the address of the published journal is %s",
                     length ? "too long" : "empty");
    if (!rc)
        rc = is_web(opened->base) ? http_open(&opened->http, err) : open_dir(opened, err);
    if (rc) {
        publication_close(opened);
        return rc;
    }
    *p = opened;
    return ERR_OK;
}

enum err_code publication_again(struct publication **p, const struct publication *of, struct err *err)
{
    const enum err_code rc = publication_open(p, of->base, of->ca_file, err);

    if (!rc)
        (*p)->has_answered = of->has_answered;
    return rc;
}

bool publication_is_far(const struct publication *p)
{
    return p->http != NULL;
}

void publication_close(struct publication *p)
{
    if (!p)
        return;
    http_close(p->http);
    if (p->dir >= 0)
        close(p->dir);
    free(p->base);
    free(p);
}

const char *publication_address(const struct publication *p, const struct published_name *name,
                                char out[PUBLICATION_ADDRESS_SIZE])
{
    char text[PUBLISHED_NAME_SIZE];

    published_format(text, name);
    snprintf(out, PUBLICATION_ADDRESS_SIZE, "%s/%s", p->base, text);
    return out;
}

/* -- from a directory ------------------------------------------------------------------------------------ */

static enum err_code read_all(int fd, const char *address, size_t max, uint8_t **bytes, size_t *size,
                              struct err *err)
{
    struct stat st;
    size_t used = 0;

    if (fstat(fd, &st) != 0)
        return err_set(err, ERR_IO, "%s: %s", address, strerror(errno));
    if (!S_ISREG(st.st_mode))
        return err_set(err, ERR_NOT_FOUND, "%s: it is no file", address);
    if (st.st_size < 0 || (uint64_t)st.st_size > max)
        return err_set(err, ERR_WRONG, "%s: it has more than %zu bytes", address, max);
    uint8_t *const read_bytes = malloc((size_t)st.st_size + 1);
    if (!read_bytes)
        return err_set(err, ERR_MEMORY, "out of memory");
    while (used < (size_t)st.st_size) {
        const ssize_t n = read(fd, read_bytes + used, (size_t)st.st_size - used);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            const enum err_code rc = err_set(err, ERR_IO, "%s: %s", address, strerror(errno));
            free(read_bytes);
            return rc;
        }
        if (n == 0)
            break;
        used += (size_t)n;
    }
    read_bytes[used] = '\0';
    *bytes = read_bytes;
    *size = used;
    return ERR_OK;
}

static enum err_code read_file(const struct publication *p, const char *name, const char *address, size_t max,
                               uint8_t **bytes, size_t *size, struct err *err)
{
    const int fd = file_open_at(p->dir, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK, 0);

    if (fd < 0)
        return err_set(err, errno == ENOENT || errno == ENOTDIR ? ERR_NOT_FOUND : ERR_IO, "%s: %s", address,
                       strerror(errno));
    const enum err_code rc = read_all(fd, address, max, bytes, size, err);
    close(fd);
    return rc;
}

/* -- from the web ---------------------------------------------------------------------------------------- */

static enum err_code judge(struct http_answer *answer, const char *address, uint8_t **bytes, size_t *size,
                           struct err *err)
{
    if (answer->status == STATUS_GOOD) {
        *bytes = answer->body;
        *size = answer->size;
        answer->body = NULL;
        return ERR_OK;
    }
    const bool is_gone = answer->status == STATUS_NOT_FOUND || answer->status == STATUS_GONE;
    return err_set(err, is_gone ? ERR_NOT_FOUND : ERR_IO, "%s: the server answers %u", address,
                   answer->status);
}

static bool may_pass(enum err_code rc, unsigned status)
{
    return rc == ERR_IO && (status == 0 || status == STATUS_TOO_MANY || status >= STATUS_SERVER);
}

static void wait_ms(long ms)
{
    struct timespec left = {ms / 1000, ms % 1000 * 1000000};

    while (nanosleep(&left, &left) != 0 && errno == EINTR)
        continue;
}

/* A server that has answered before is asked again: of thousands of requests one may go astray. */
static enum err_code ask(struct publication *p, const char *address, size_t max, uint8_t **bytes,
                         size_t *size, struct err *err)
{
    const struct http_request request = {.url = address, .ca_file = p->ca_file, .answer_max = max};
    const unsigned attempts = p->has_answered ? ATTEMPTS : 1;
    long pause_ms = PAUSE_FIRST_MS;

    for (unsigned n = 1;; n++) {
        struct http_answer answer;
        enum err_code rc = http_do(p->http, &request, &answer, err);
        const unsigned status = answer.status;
        if (!rc)
            rc = judge(&answer, address, bytes, size, err);
        http_answer_release(&answer);
        if (!may_pass(rc, status) || n == attempts)
            return rc;
        wait_ms(pause_ms);
        pause_ms *= 2;
    }
}

enum err_code publication_get(struct publication *p, const struct published_name *name, size_t max,
                              uint8_t **bytes, size_t *size, struct err *err)
{
    char address[PUBLICATION_ADDRESS_SIZE];
    char text[PUBLISHED_NAME_SIZE];

    published_format(text, name);
    publication_address(p, name, address);
    const enum err_code rc =
        p->http ? ask(p, address, max, bytes, size, err) : read_file(p, text, address, max, bytes, size, err);
    if (!rc) {
        p->has_answered = true;
        p->files++;
        p->bytes += *size;
    }
    return rc;
}

uint64_t publication_files(const struct publication *p)
{
    return p->files;
}

uint64_t publication_bytes(const struct publication *p)
{
    return p->bytes;
}

void publication_count(struct publication *p, uint64_t files, uint64_t bytes)
{
    p->files += files;
    p->bytes += bytes;
}
