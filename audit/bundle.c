/* Which entries a bundle holds: a bit for each entry of the journal. */
#include "audit/bundle_state.h"

#include <inttypes.h>
#include <stdlib.h>

static bool bit_is_set(const uint64_t *bits, uint64_t seq)
{
    return bits[seq / 64] >> seq % 64 & 1;
}

static void set_bit(uint64_t *bits, uint64_t seq)
{
    bits[seq / 64] |= UINT64_C(1) << seq % 64;
}

enum err_code bundle_new(struct bundle **b, struct journal *j, struct journal_reader *r, struct err *err)
{
    const uint64_t words = journal_reader_size(r) / 64 + 1;
    struct bundle *const made = calloc(1, sizeof *made);
    enum err_code rc = made ? ERR_OK : err_set(err, ERR_MEMORY, "out of memory");

    if (rc)
        return rc;
    made->journal = j;
    made->reader = r;
    made->chosen = calloc(words, sizeof *made->chosen);
    made->asked = calloc(words, sizeof *made->asked);
    if (!made->chosen || !made->asked)
        rc = err_set(err, ERR_MEMORY, "out of memory");
    if (!rc)
        rc = journal_reader_seal(r, journal_reader_size(r), &made->seal, err);
    if (rc) {
        bundle_free(made);
        return rc;
    }
    *b = made;
    return ERR_OK;
}

void bundle_free(struct bundle *b)
{
    if (!b)
        return;
    free(b->chosen);
    free(b->asked);
    free(b);
}

uint64_t bundle_size(const struct bundle *b)
{
    return b->seal.size;
}

enum err_code bundle_ask(struct bundle *b, uint64_t seq, struct err *err)
{
    if (seq == 0 || seq > b->seal.size)
        return err_set(err, ERR_NOT_FOUND, "there is no entry %" PRIu64 ": the newest seal covers %" PRIu64,
                       seq, b->seal.size);
    set_bit(b->asked, seq);
    set_bit(b->chosen, seq);
    return ERR_OK;
}

/* Who may write, and who seals: without these no signature in the bundle can be judged. */
static bool is_of_the_keys(enum entry_kind kind)
{
    return kind == ENTRY_CONTROL_GENESIS || kind == ENTRY_CONTROL_ACTOR || kind == ENTRY_CONTROL_KEY ||
           kind == ENTRY_CONTROL_REVOCATION || kind == ENTRY_CONTROL_ACTOR_KEY;
}

static enum err_code add_keys(struct bundle *b, struct err *err)
{
    struct journal_record record;
    struct entry e;
    bool found = true;
    enum err_code rc = ERR_OK;

    for (uint64_t from = 1; !rc; from = record.seq + 1) {
        rc = journal_reader_control(b->reader, from, &record, &found, err);
        if (rc || !found || record.seq > b->seal.size)
            break;
        rc = entry_decode_header(record.bytes, record.size, &e, err);
        if (!rc && is_of_the_keys(e.kind))
            set_bit(b->chosen, record.seq);
    }
    return rc;
}

/* What directly goes before: the cause, and the second person's word, which stands one entry earlier. */
static enum err_code add_before(struct bundle *b, uint64_t seq, struct err *err)
{
    struct journal_record record;
    struct entry e;

    enum err_code rc = journal_reader_get(b->reader, seq, &record, err);
    if (!rc)
        rc = entry_decode_header(record.bytes, record.size, &e, err);
    if (rc)
        return rc;
    if (e.cause)
        set_bit(b->chosen, e.cause);
    if (!entry_kind_needs_signature(e.kind) || seq < 2)
        return ERR_OK;
    rc = journal_reader_get(b->reader, seq - 1, &record, err);
    if (!rc)
        rc = entry_decode_header(record.bytes, record.size, &e, err);
    if (!rc && e.kind == ENTRY_CONTROL_APPROVAL)
        set_bit(b->chosen, seq - 1);
    return rc;
}

/* From the last to the first, since all that goes before an entry has a smaller number. */
enum err_code bundle_complete(struct bundle *b, struct err *err)
{
    enum err_code rc = add_keys(b, err);

    for (uint64_t seq = b->seal.size; seq > 0 && !rc; seq--) {
        if (b->chosen[seq / 64] == 0)
            seq = seq / 64 * 64 + (seq < 64); /* none in this word; entry 0 does not exist */
        else if (bit_is_set(b->chosen, seq))
            rc = add_before(b, seq, err);
    }
    return rc;
}

uint64_t bundle_next(const struct bundle *b, uint64_t after, bool *asked)
{
    for (uint64_t seq = after + 1; seq <= b->seal.size; seq++) {
        if (b->chosen[seq / 64] >> seq % 64 == 0) {
            seq |= 63; /* the rest of this word is empty */
        } else if (bit_is_set(b->chosen, seq)) {
            *asked = bit_is_set(b->asked, seq);
            return seq;
        }
    }
    return 0;
}

enum err_code bundle_attach(struct bundle *b, const char *name, const void *bytes, size_t size,
                            struct err *err)
{
    if (b->attachment_count == BUNDLE_ATTACHMENTS_MAX)
        return err_set(err, ERR_MEMORY, "a bundle has at most %d pages", BUNDLE_ATTACHMENTS_MAX);
    b->attachments[b->attachment_count++] = (struct bundle_attachment){name, bytes, size};
    return ERR_OK;
}
