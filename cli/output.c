/* What people see: progress, colours, and a stdout that is known to have arrived. */
#include "cli/cli.h"

#include "ledger/clock.h"
#include "ledger/file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int64_t cli_now_ns(void)
{
    return clock_now_ns(NULL);
}

void cli_progress_init(struct cli_progress *p, const char *what)
{
    p->what = what;
    p->started_at_ns = clock_now_ns(NULL);
    p->drawn_at_ns = p->started_at_ns;
    p->shown = false;
}

void cli_progress_draw(void *context, uint64_t done, uint64_t total)
{
    struct cli_progress *const p = context;
    const int64_t now = clock_now_ns(NULL);

    if (now - p->drawn_at_ns < NS_PER_SECOND / 10 || !isatty(STDERR_FILENO))
        return;
    p->drawn_at_ns = now;
    p->shown = true;
    if (total)
        fprintf(stderr, "\r%s: %llu of %llu (%llu %%)\033[K", p->what, (unsigned long long)done,
                (unsigned long long)total, (unsigned long long)(done * 100 / total));
    else
        fprintf(stderr, "\r%s: %llu\033[K", p->what, (unsigned long long)done);
    fflush(stderr);
}

void cli_progress_end(struct cli_progress *p)
{
    if (p->shown)
        fprintf(stderr, "\r\033[K");
    p->shown = false;
}

void cli_put_remark(const char *text)
{
    if (text[0])
        fprintf(stderr, "remark: %s\n", text);
}

static const char *colour(FILE *f, const char *code)
{
    const char *const no = getenv("NO_COLOR");

    return isatty(fileno(f)) && !(no && no[0]) ? code : "";
}

const char *cli_green(FILE *f)
{
    return colour(f, "\033[32m");
}

const char *cli_red(FILE *f)
{
    return colour(f, "\033[31m");
}

const char *cli_bold(FILE *f)
{
    return colour(f, "\033[1m");
}

const char *cli_dim(FILE *f)
{
    return colour(f, "\033[2m");
}

const char *cli_plain(FILE *f)
{
    return colour(f, "\033[0m");
}

enum err_code cli_put_json(const struct json_out *out, struct err *err)
{
    if (out->bad)
        return err_set(err, ERR_MEMORY, "the answer does not fit in memory");
    fwrite(out->bytes, 1, out->size, stdout);
    putchar('\n');
    return ERR_OK;
}

enum err_code cli_finish(struct err *err)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return ERR_OK;
    return err_set(err, ERR_IO, "standard output: %s", errno ? strerror(errno) : "could not be written");
}

static bool write_all(int fd, const uint8_t *bytes, size_t size)
{
    while (size > 0) {
        const ssize_t n = write(fd, bytes, size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return false;
        bytes += n;
        size -= (size_t)n;
    }
    return true;
}

enum err_code cli_write_new(const char *path, const void *bytes, size_t size, struct err *err)
{
    if (strcmp(path, "-") == 0)
        return fwrite(bytes, 1, size, stdout) == size
                   ? ERR_OK
                   : err_set(err, ERR_IO, "standard output: %s", strerror(errno));
    const int fd = file_open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (fd < 0 && errno == EEXIST)
        return err_set(err, ERR_EXISTS, "%s is there already: name another file, or remove it first", path);
    if (fd < 0)
        return err_set(err, ERR_IO, "%s: %s", path, strerror(errno));
    const bool is_written = write_all(fd, bytes, size) && file_sync(fd) == 0;
    const int why = errno;
    if (file_close(fd) == 0 && is_written)
        return ERR_OK;
    const enum err_code rc = err_set(err, ERR_IO, "%s: %s", path, strerror(is_written ? errno : why));
    (void)unlink(path);
    return rc;
}
