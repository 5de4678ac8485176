#include "cli/moment.h"

#include "book/market_time.h"
#include "cli/cli.h"

#include <string.h>

enum err_code moment_parse(const char *option, const char *text, struct moment *m, struct err *err)
{
    *m = (struct moment){0, INSTANT_NONE};
    if (!text)
        return ERR_OK;
    if (text[0] == '\0' || text[strspn(text, "0123456789")] != '\0')
        return cli_parse_instant(option, text, &m->at_ns, err);
    const enum err_code rc = cli_parse_u64(option, text, &m->seq, err);
    if (!rc && m->seq == 0)
        return err_set(err, ERR_USAGE, "%s: entries are numbered from 1", option);
    return rc;
}

bool moment_has_symbol(const struct book *b, const struct symbol *s)
{
    return view_find(b->view, s) || accounts_position(b->accounts, s) || view_chain(b->view, s) ||
           view_last_close(b->view, s, INT32_MAX);
}

enum err_code moment_check(int64_t at_ns, struct journal_reader *r, struct err *err)
{
    struct journal_record record;
    struct market_time time;
    struct entry e;
    uint64_t before = 0;
    bool is_past = true;
    char at[INSTANT_TEXT_SIZE];
    enum err_code rc = journal_reader_get(r, 1, &record, err);

    if (!rc)
        rc = entry_decode_header(record.bytes, record.size, &e, err);
    if (rc || e.recorded_at_ns <= at_ns) /* it was there */
        return rc;
    rc = book_find_time(r, INT64_MIN + 1, &before, err);
    if (!rc && before < journal_reader_size(r)) {
        market_time_init(&time, r);
        rc = journal_reader_get(r, before + 1, &record, err);
        if (!rc)
            rc = entry_decode_header(record.bytes, record.size, &e, err);
        if (!rc)
            rc = market_time_is_past(&time, &e, at_ns, &is_past, err);
    }
    if (rc || !is_past)
        return rc;
    instant_format(at, at_ns);
    return err_set(err, ERR_USAGE, "nothing of this journal happened at %s or before it", at);
}

enum err_code moment_load(const struct moment *m, const char *what, struct journal_reader *r, struct book *b,
                          struct err *err)
{
    const enum err_code rc = m->at_ns != INSTANT_NONE ? moment_check(m->at_ns, r, err) : ERR_OK;

    return rc ? rc : moment_fold(m, what, r, b, err);
}

enum err_code moment_fold(const struct moment *m, const char *what, struct journal_reader *r, struct book *b,
                          struct err *err)
{
    struct cli_progress progress;
    enum err_code rc;

    cli_progress_init(&progress, what);
    if (m->at_ns != INSTANT_NONE)
        rc = book_load_until(b, r, m->at_ns, cli_progress_draw, &progress, err);
    else
        rc = book_load(b, r, m->seq, cli_progress_draw, &progress, err);
    cli_progress_end(&progress);
    cli_put_remark(b->snapshots.remark);
    return rc;
}
