#include "cli/moment.h"

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

enum err_code moment_load(const struct moment *m, const char *what, struct journal_reader *r, struct book *b,
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
