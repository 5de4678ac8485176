#include "cli/conflict.h"

#include "ledger/checkpoint.h"
#include "ledger/file.h"

#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

static enum err_code write_note(const char *dir, const char *name, const char *note, size_t size,
                                struct err *err)
{
    if (mkdir(dir, 0700) != 0 && errno != EEXIST)
        return err_set(err, ERR_IO, "%s: %s", dir, strerror(errno));
    const int fd = file_open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
    if (fd < 0)
        return err_set(err, ERR_IO, "%s: %s", dir, strerror(errno));
    const enum err_code rc = file_replace_whole(fd, name, note, size, 0644, err);
    (void)file_close(fd);
    return rc ? err_wrap(err, "%s", dir) : ERR_OK;
}

enum err_code conflict_keep(const char *dir, const char *note, size_t size, char path[CONFLICT_PATH_MAX],
                            struct err *err)
{
    struct note parsed;
    struct checkpoint c;
    char name[80];

    enum err_code rc = note_parse(&parsed, note, size, err);
    if (!rc)
        rc = checkpoint_parse(&c, parsed.text, parsed.text_size, err);
    if (rc)
        return rc;
    const uint8_t *const root = c.root.bytes;
    snprintf(name, sizeof name, "seal-%" PRIu64 "-%02x%02x%02x%02x.txt", c.size, root[0], root[1], root[2],
             root[3]);
    if (snprintf(path, CONFLICT_PATH_MAX, "%s/%s", dir, name) >= CONFLICT_PATH_MAX)
        return err_set(err, ERR_INPUT, "the folder's path is too long");
    return write_note(dir, name, note, size, err);
}

void conflict_keep_both(const char *dir, const char *held, size_t held_size, const char *own, size_t own_size)
{
    char paths[2][CONFLICT_PATH_MAX];
    struct err why = {.code = ERR_OK};

    enum err_code rc = conflict_keep(dir, held, held_size, paths[0], &why);
    if (!rc)
        rc = conflict_keep(dir, own, own_size, paths[1], &why);
    if (rc)
        fprintf(stderr, "The seals that contradict each other could not be kept as evidence: %s\n", why.text);
    else
        fprintf(stderr, "Kept as evidence: %s, which this journal does not lead through, and its own %s\n",
                paths[0], paths[1]);
}
