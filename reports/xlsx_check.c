#include "reports/xlsx_check.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <zip.h>

enum { NAME_MAX_SIZE = 64, TAIL_SIZE = 128, WHY_SIZE = 200 };

/* What is kept of a part while it streams by. */
struct part {
    char head[512];
    size_t head_size;
    char tail[TAIL_SIZE];
    size_t tail_size;
};

static void keep(struct part *p, const char *bytes, size_t size)
{
    const size_t room = sizeof p->head - p->head_size;
    const size_t first = size < room ? size : room;

    memcpy(p->head + p->head_size, bytes, first);
    p->head_size += first;
    if (size >= TAIL_SIZE) {
        memcpy(p->tail, bytes + size - TAIL_SIZE, TAIL_SIZE);
        p->tail_size = TAIL_SIZE;
        return;
    }
    const size_t kept = p->tail_size + size > TAIL_SIZE ? TAIL_SIZE - size : p->tail_size;
    memmove(p->tail, p->tail + p->tail_size - kept, kept);
    memcpy(p->tail + kept, bytes, size);
    p->tail_size = kept + size;
}

/* The name of the root element: after "<?...?>", "<name"; and whether it is empty, and so all there is. */
static bool root_name(const struct part *p, char name[NAME_MAX_SIZE], bool *is_all)
{
    const char *at = p->head;
    const char *const end = p->head + p->head_size;
    size_t length = 0;

    do {
        at = memchr(at, '<', (size_t)(end - at));
        if (!at || ++at == end)
            return false;
    } while (*at == '?' || *at == '!');
    while (at + length < end && length + 1 < NAME_MAX_SIZE && !strchr(" />\r\n\t", at[length]))
        length++;
    memcpy(name, at, length);
    name[length] = '\0';
    const char *const close = memchr(at, '>', (size_t)(end - at));
    *is_all = close && close[-1] == '/' && p->head_size < sizeof p->head;
    return length > 0;
}

/* "...</name>" or, for an empty root, "<name/>", with a line end after it or not. */
static bool is_whole(const struct part *p)
{
    char name[NAME_MAX_SIZE];
    size_t end = p->tail_size;
    bool is_all = false;

    if (!root_name(p, name, &is_all))
        return false;
    const size_t length = strlen(name);
    while (end > 0 && (p->tail[end - 1] == '\n' || p->tail[end - 1] == '\r'))
        end--;
    return is_all || (end >= length + 3 && p->tail[end - 1] == '>' &&
                      memcmp(p->tail + end - 1 - length, name, length) == 0 &&
                      memcmp(p->tail + end - length - 3, "</", 2) == 0);
}

static void why_of(int code, char why[WHY_SIZE])
{
    zip_error_t fault;

    zip_error_init_with_code(&fault, code);
    snprintf(why, WHY_SIZE, "%s", zip_error_strerror(&fault));
    zip_error_fini(&fault);
}

static enum err_code check_part(zip_t *zip, zip_uint64_t index, const char *path, struct err *err)
{
    const char *const name = zip_get_name(zip, index, 0);
    zip_file_t *const file = zip_fopen_index(zip, index, 0);
    struct part part = {.head_size = 0};
    char bytes[16384];
    zip_int64_t n = 0;

    if (!name || !file) {
        if (file)
            zip_fclose(file);
        return err_set(err, ERR_IO, "%s: part %llu cannot be read back: %s", path, (unsigned long long)index,
                       zip_strerror(zip));
    }
    while ((n = zip_fread(file, bytes, sizeof bytes)) > 0)
        keep(&part, bytes, (size_t)n);
    char why[WHY_SIZE];
    snprintf(why, sizeof why, "%s", n < 0 ? zip_file_strerror(file) : "is the disk full?");
    const int closed = zip_fclose(file); /* tells of a checksum that does not fit */
    if (n >= 0 && closed != 0)
        why_of(closed, why);
    if (n < 0 || closed != 0 || !is_whole(&part))
        return err_set(err, ERR_IO, "%s: %s was not written whole: %s", path, name, why);
    return ERR_OK;
}

enum err_code xlsx_check(const char *path, struct err *err)
{
    int code = 0;
    char why[WHY_SIZE];
    zip_t *const zip = zip_open(path, ZIP_RDONLY | ZIP_CHECKCONS, &code);
    enum err_code rc = ERR_OK;

    if (!zip) {
        why_of(code, why);
        return err_set(err, code == ZIP_ER_MEMORY ? ERR_MEMORY : ERR_IO,
                       "%s: was not written whole: %s; is the disk full?", path, why);
    }
    const zip_int64_t count = zip_get_num_entries(zip, 0);
    for (zip_int64_t i = 0; !rc && i < count; i++)
        rc = check_part(zip, (zip_uint64_t)i, path, err);
    zip_discard(zip);
    return rc;
}
