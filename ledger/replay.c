#include "ledger/replay.h"

#include <inttypes.h>

void digest_u64(const struct digest_out *out, uint64_t v)
{
    uint8_t bytes[8];

    wire_store_u64(bytes, v);
    out->add(out->context, bytes, sizeof bytes);
}

void digest_i64(const struct digest_out *out, int64_t v)
{
    digest_u64(out, (uint64_t)v);
}

void digest_bytes(const struct digest_out *out, const void *bytes, size_t size)
{
    digest_u64(out, size);
    if (size > 0)
        out->add(out->context, bytes, size);
}

void digest_symbol(const struct digest_out *out, const struct symbol *s)
{
    digest_bytes(out, s->text, s->length);
}

void digest_id(const struct digest_out *out, const struct id *id)
{
    digest_bytes(out, id->text, id->length);
}

void replay_init(struct replay *r, const struct replay_row *const *rows, void **states, size_t count)
{
    REQUIRE(count <= REPLAY_ROWS_MAX);
    r->rows = rows;
    r->states = states;
    r->count = count;
    r->seq = 0;
    for (size_t i = 0; i < count; i++)
        rows[i]->init(states[i]);
}

void replay_release(struct replay *r)
{
    for (size_t i = 0; i < r->count; i++)
        r->rows[i]->release(r->states[i]);
    r->count = 0;
}

enum err_code replay_apply(struct replay *r, const struct entry *e, struct err *err)
{
    if (e->seq != r->seq + 1)
        return err_set(err, ERR_CHAIN, "replay: entry %" PRIu64 " where %" PRIu64 " must follow", e->seq,
                       r->seq + 1);
    for (size_t i = 0; i < r->count; i++) {
        const enum err_code rc = r->rows[i]->apply(r->states[i], e, err);
        if (rc) {
            err_wrap(err, "replay: %s, entry %" PRIu64, r->rows[i]->name, e->seq);
            return rc; /* err may be NULL, the code is still the reducer's */
        }
    }
    r->seq = e->seq;
    return ERR_OK;
}

void replay_digest(const struct replay *r, const struct digest_out *out)
{
    for (size_t i = 0; i < r->count; i++) {
        digest_bytes(out, r->rows[i]->name, strlen(r->rows[i]->name));
        r->rows[i]->digest(r->states[i], out);
    }
    digest_u64(out, r->seq);
}

/* The row's name stands before its bytes. */
static bool takes_name(const struct replay_row *row, struct restore_in *in)
{
    char name[64];
    const size_t size = restore_text(in, name, sizeof name);

    return !in->bad && size == strlen(row->name) && memcmp(name, row->name, size) == 0;
}

enum err_code replay_restore(struct replay *r, struct restore_in *in, struct err *err)
{
    REQUIRE(r->seq == 0);
    for (size_t i = 0; i < r->count; i++) {
        const struct replay_row *const row = r->rows[i];
        if (!takes_name(row, in))
            return err_set(err, ERR_FORMAT, "snapshot: %s does not begin where it should", row->name);
        REQUIRE(row->restore);
        enum err_code rc = row->restore(r->states[i], in, err);
        if (!rc)
            rc = restore_result(in, err);
        if (rc) {
            err_wrap(err, "snapshot: %s", row->name);
            return rc;
        }
    }
    const uint64_t seq = restore_u64(in);
    if (!restore_done(in) || seq == 0)
        return err_set(err, ERR_FORMAT, "snapshot: its end is not where it should be");
    r->seq = seq;
    return ERR_OK;
}

struct comparison {
    struct restore_in *in;
    bool differs;
};

static void compare(void *context, const void *bytes, size_t size)
{
    struct comparison *const c = context;
    const uint8_t *at = bytes;
    uint8_t stored[512];

    while (size > 0 && !c->differs) {
        const size_t part = size < sizeof stored ? size : sizeof stored;
        restore_raw(c->in, stored, part);
        c->differs = c->in->bad || memcmp(stored, at, part) != 0;
        at += part;
        size -= part;
    }
}

bool replay_differs(const struct replay *r, struct restore_in *in)
{
    struct comparison c = {in, false};
    const struct digest_out out = {compare, &c};

    replay_digest(r, &out);
    return c.differs || !restore_done(in);
}
