/*
 * A checkpoint's text:
 *
 *   origin LF       the log's name: its identity, for ever
 *   size LF         leaves in decimal, no leading zero, "0" for none; below 2^63
 *   root LF         base64 of 32 bytes
 *   extension LF    any number of non-empty lines; ours has none
 */
#include "ledger/checkpoint.h"

#include <inttypes.h>
#include <stdio.h>

#define SIZE_DIGITS_MAX 19 /* 2^63 - 1 */

enum err_code checkpoint_init(struct checkpoint *c, const char *origin, size_t origin_size, uint64_t size,
                              const struct hash *root, struct err *err)
{
    struct checkpoint built = {.origin_size = origin_size, .size = size, .root = *root};

    REQUIRE(size <= INT64_MAX);
    const enum err_code rc = note_name_check(origin, origin_size, err);
    if (rc)
        return err_wrap(err, "origin");
    memcpy(built.origin, origin, origin_size);
    *c = built;
    return ERR_OK;
}

enum err_code checkpoint_format(const struct checkpoint *c, char *out, size_t capacity, size_t *size,
                                struct err *err)
{
    char text[CHECKPOINT_TEXT_MAX + 1];
    char root[BASE64_LENGTH(HASH_SIZE) + 1];

    base64_encode(root, c->root.bytes, HASH_SIZE);
    const int head = snprintf(text, sizeof text, "%s\n%" PRIu64 "\n%s\n", c->origin, c->size, root);
    REQUIRE(head > 0 && (size_t)head < sizeof text);
    const size_t total = (size_t)head + c->extension_size;
    if (total > capacity)
        return err_set(err, ERR_RANGE, "checkpoint: %zu bytes do not fit into %zu", total, capacity);
    memcpy(out, text, (size_t)head);
    if (c->extension_size > 0)
        memcpy(out + head, c->extension, c->extension_size);
    *size = total;
    return ERR_OK;
}

/* The next line, without its LF; false when there is none that ends. */
static bool next_line(const char *text, size_t text_size, size_t *at, const char **line, size_t *length)
{
    const char *const end = *at < text_size ? memchr(text + *at, '\n', text_size - *at) : NULL;

    if (!end)
        return false;
    *line = text + *at;
    *length = (size_t)(end - *line);
    *at += *length + 1;
    return true;
}

enum err_code checkpoint_size_parse(const char *text, size_t length, uint64_t *size, struct err *err)
{
    uint64_t value = 0;

    if (length == 0 || length > SIZE_DIGITS_MAX || (text[0] == '0' && length > 1))
        return err_set(err, ERR_FORMAT, "not a size in canonical decimal");
    for (size_t i = 0; i < length; i++) {
        if (text[i] < '0' || text[i] > '9')
            return err_set(err, ERR_FORMAT, "character %zu is no digit", i + 1);
        value = value * 10 + (uint64_t)(text[i] - '0'); /* 19 digits fit 64 bits */
    }
    if (value > INT64_MAX)
        return err_set(err, ERR_FORMAT, "a size must be below 2^63");
    *size = value;
    return ERR_OK;
}

enum err_code checkpoint_parse(struct checkpoint *c, const char *text, size_t text_size, struct err *err)
{
    struct checkpoint built = {.size = 0};
    const char *line = NULL;
    size_t length = 0;
    size_t root_size = 0;
    size_t at = 0;

    if (!next_line(text, text_size, &at, &line, &length) || length == 0)
        return err_set(err, ERR_FORMAT, "checkpoint, line 1: no origin");
    if (length > CHECKPOINT_ORIGIN_MAX || memchr(line, '\0', length))
        return err_set(err, ERR_FORMAT, "checkpoint, line 1: no acceptable origin");
    memcpy(built.origin, line, length);
    built.origin_size = length;
    if (!next_line(text, text_size, &at, &line, &length))
        return err_set(err, ERR_FORMAT, "checkpoint, line 2: no size");
    enum err_code rc = checkpoint_size_parse(line, length, &built.size, err);
    if (rc)
        return err_wrap(err, "checkpoint, line 2");
    if (!next_line(text, text_size, &at, &line, &length))
        return err_set(err, ERR_FORMAT, "checkpoint, line 3: no root");
    rc = base64_decode(line, length, built.root.bytes, HASH_SIZE, &root_size, err);
    if (rc)
        return err_wrap(err, "checkpoint, line 3");
    if (root_size != HASH_SIZE)
        return err_set(err, ERR_FORMAT, "checkpoint, line 3: a root has 32 bytes, not %zu", root_size);
    built.extension = text + at;
    built.extension_size = text_size - at;
    for (int number = 4; at < text_size; number++) {
        if (!next_line(text, text_size, &at, &line, &length) || length == 0)
            return err_set(err, ERR_FORMAT, "checkpoint, line %d: empty, or without an end", number);
    }
    *c = built;
    return ERR_OK;
}

enum err_code checkpoint_open(struct checkpoint *c, const void *bytes, size_t size,
                              const struct note_key *keys, size_t count, struct err *err)
{
    struct note note;

    enum err_code rc = note_parse(&note, bytes, size, err);
    if (rc)
        return rc;
    rc = note_verify(&note, keys, count, NULL, err);
    if (rc)
        return rc;
    return checkpoint_parse(c, note.text, note.text_size, err);
}
