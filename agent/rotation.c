#include "agent/rotation.h"

#include <inttypes.h>
#include <stdio.h>

/* How many sessions have closed since the newest key, and with which entry the last of them did. */
static enum err_code count_sessions(struct journal *j, uint64_t *count, uint64_t *last, struct err *err)
{
    struct journal_reader *r = NULL;
    struct journal_record record;
    struct entry e;
    bool found = true;

    *count = 0;
    *last = 0;
    enum err_code rc = journal_reader_begin(j, &r, err);
    uint64_t from = rc ? 0 : epochs_newest(journal_epochs(j))->entry + 1;
    for (; !rc; from = record.seq + 1) {
        rc = journal_reader_control(r, from, &record, &found, err);
        if (rc || !found)
            break;
        rc = entry_decode(record.bytes, record.size, &e, err);
        if (rc || e.kind != ENTRY_CONTROL_SESSION || e.as.control_session.phase != PHASE_CLOSE)
            continue;
        ++*count;
        *last = record.seq;
    }
    journal_reader_end(r);
    return rc;
}

enum err_code rotation_keep(struct desk *d, presence_remark *remark, void *context, struct err *err)
{
    const int64_t every = d->book.configuration->configuration.journal.rotate_sessions;
    const size_t epochs = journal_epochs(d->journal)->count;
    struct err why = {.code = ERR_OK};
    char reason[64];
    uint64_t count = 0;
    uint64_t last = 0;

    if (every == 0 || d->book.run->session_is_open)
        return ERR_OK;
    const enum err_code rc = count_sessions(d->journal, &count, &last, err);
    if (rc || count < (uint64_t)every)
        return rc;
    snprintf(reason, sizeof reason, "%" PRIu64 " session%s closed", count, count == 1 ? " has" : "s have");
    if (journal_rotate_key(d->journal, reason, last, NULL, &why) == ERR_OK)
        return ERR_OK;
    if (why.code != ERR_KEY && journal_epochs(d->journal)->count == epochs)
        return err_set(err, why.code, "%s", why.text);
    if (remark)
        remark(context, why.text);
    return ERR_OK;
}
