#include "incident/bisect.h"

#include <inttypes.h>

/*
 * The state before an entry is gone once the entry is applied, and a book cannot be copied. So the walk keeps the
 * number of the answer, and the caller's book is folded again, from the snapshot, to just before it.
 */
static enum err_code walk(struct bisect *found, const struct predicate *p, struct journal_reader *r,
                          struct book *b, book_progress *progress, void *context, struct err *err)
{
    struct journal_record record;
    bool any = true;
    bool holds = false;
    enum err_code rc = journal_reader_seek(r, book_seq(b) + 1, err);

    while (!rc && !holds && book_seq(b) < found->bad) {
        rc = journal_reader_next(r, &record, &any, err);
        if (rc || !any)
            break;
        rc = book_apply_record(b, &record, err);
        if (!rc)
            rc = predicate_holds(p, b, &holds, err);
        if (rc)
            return err_wrap(err, "after entry %" PRIu64, record.seq);
        found->asked++;
        if (progress && (book_seq(b) & 0xfff) == 0)
            progress(context, book_seq(b) - found->good, found->bad - found->good);
    }
    if (!rc && holds)
        found->seq = book_seq(b);
    return rc;
}

static enum err_code check_span(const struct journal_reader *r, uint64_t good, uint64_t bad, struct err *err)
{
    const uint64_t size = journal_reader_size(r);

    if (bad > size)
        return err_set(err, ERR_NOT_FOUND, "there is no entry %" PRIu64 "; the newest is %" PRIu64, bad,
                       size);
    if (good >= bad)
        return err_set(err, ERR_INPUT, "good, entry %" PRIu64 ", is not before bad, entry %" PRIu64, good,
                       bad);
    return ERR_OK;
}

enum err_code bisect_run(struct bisect *result, const struct predicate *p, uint64_t good, uint64_t bad,
                         struct journal_reader *r, struct book *book, struct entry *e,
                         book_progress *progress, void *context, struct err *err)
{
    struct bisect found = {.good = good, .bad = bad};
    struct journal_record record;
    bool holds = false;

    enum err_code rc = check_span(r, good, bad, err);
    if (!rc)
        rc = book_load(book, r, good, progress, context, err);
    if (!rc)
        rc = predicate_holds(p, book, &holds, err);
    if (!rc && holds)
        return err_set(err, ERR_INPUT,
                       "it holds after entry %" PRIu64 " already, so that is no good to begin with", good);
    if (!rc)
        rc = walk(&found, p, r, book, progress, context, err);
    if (!rc && found.seq) {
        book_clear(book);
        rc = book_load(book, r, found.seq - 1, progress, context, err);
    }
    if (!rc && found.seq)
        rc = journal_reader_get(r, found.seq, &record, err);
    if (!rc && found.seq)
        rc = entry_decode(record.bytes, record.size, e, err);
    if (!rc)
        *result = found;
    return rc;
}
