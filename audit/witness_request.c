#include "audit/witness_request.h"

#include "ledger/base64.h"
#include "ledger/checkpoint.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define OLD      "old "
#define OLD_SIZE (sizeof OLD - 1)

/* The next line of the body, without its LF. */
struct line {
    unsigned number;
    const char *bytes;
    size_t size;
};

static enum err_code next_line(const char *body, size_t size, size_t *at, struct line *line, struct err *err)
{
    const char *const end = *at < size ? memchr(body + *at, '\n', size - *at) : NULL;

    line->number++;
    if (!end)
        return err_set(err, ERR_INPUT, "line %u: it has no end, or is not there", line->number);
    line->bytes = body + *at;
    line->size = (size_t)(end - line->bytes);
    *at += line->size + 1;
    return ERR_OK;
}

static enum err_code wrong(const struct line *line, struct err *err)
{
    if (err)
        err->code = ERR_INPUT;
    return err_wrap(err, "line %u", line->number);
}

static enum err_code read_hash(const struct line *line, struct merkle_path *proof, struct err *err)
{
    uint8_t hash[HASH_SIZE];
    size_t size = 0;

    if (proof->count == WITNESS_PROOF_MAX)
        return err_set(err, ERR_INPUT, "line %u: a proof has at most %d hashes", line->number,
                       WITNESS_PROOF_MAX);
    if (base64_decode(line->bytes, line->size, hash, sizeof hash, &size, err))
        return wrong(line, err);
    if (size != sizeof hash)
        return err_set(err, ERR_INPUT, "line %u: %zu bytes where a hash has 32", line->number, size);
    memcpy(proof->nodes[proof->count++].bytes, hash, sizeof hash);
    return ERR_OK;
}

enum err_code witness_request_parse(struct witness_request *r, const void *body, size_t size, struct err *err)
{
    struct witness_request built = {.old_size = 0};
    struct line line = {.number = 0};
    size_t at = 0;

    enum err_code rc = next_line(body, size, &at, &line, err);
    if (rc)
        return rc;
    if (line.size < OLD_SIZE || memcmp(line.bytes, OLD, OLD_SIZE) != 0)
        return err_set(err, ERR_INPUT, "line 1: it does not begin with \"old \"");
    if (checkpoint_size_parse(line.bytes + OLD_SIZE, line.size - OLD_SIZE, &built.old_size, err))
        return wrong(&line, err);
    for (;;) {
        rc = next_line(body, size, &at, &line, err);
        if (rc)
            return rc;
        if (line.size == 0)
            break;
        rc = read_hash(&line, &built.proof, err);
        if (rc)
            return rc;
    }
    if (at == size)
        return err_set(err, ERR_INPUT, "line %u: there is no checkpoint", line.number + 1);
    built.checkpoint = (const char *)body + at;
    built.checkpoint_size = size - at;
    *r = built;
    return ERR_OK;
}

size_t witness_request_format(char *out, const struct witness_request *r)
{
    char head[OLD_SIZE + 32];
    const int length = snprintf(head, sizeof head, OLD "%" PRIu64 "\n", r->old_size);
    size_t at = (size_t)length;

    REQUIRE(length > 0 && r->old_size <= INT64_MAX);
    REQUIRE(r->proof.count <= WITNESS_PROOF_MAX && r->checkpoint_size <= NOTE_MAX_SIZE);
    memcpy(out, head, at);
    for (unsigned i = 0; i < r->proof.count; i++) {
        at += base64_encode(out + at, r->proof.nodes[i].bytes, HASH_SIZE);
        out[at++] = '\n';
    }
    out[at++] = '\n';
    memcpy(out + at, r->checkpoint, r->checkpoint_size);
    return at + r->checkpoint_size;
}
