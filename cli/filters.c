/* Which entries somebody asks for: the options that log and bundle share. */
#include "cli/cli.h"

#include <string.h>

static enum err_code parse_kind(struct filter *f, const char *text, struct err *err)
{
    static const char *const families[] = {NULL,    "perception", "decision", "risk",
                                           "order", "fill",       "learning", "control"};

    f->kind = entry_kind_by_name(text, strlen(text));
    if (f->kind)
        return ERR_OK;
    for (unsigned i = 1; i < sizeof families / sizeof families[0]; i++) {
        if (strcmp(families[i], text) == 0) {
            f->family = i;
            return ERR_OK;
        }
    }
    return err_set(
        err, ERR_USAGE,
        "--kind: \"%s\" is no kind; one of perception, decision, risk, order, fill, control, or a full "
        "name such as fill.execution (docs/ENTRIES.md lists them)",
        text);
}

enum err_code cli_filter_parse(const struct cli_filter *q, struct filter *f, struct err *err)
{
    enum err_code rc = ERR_OK;

    filter_init(f);
    const struct {
        const char *option;
        const char *text;
        int64_t *at_ns;
    } times[] = {{"--from", q->from, &f->from_ns},
                 {"--to", q->to, &f->to_ns},
                 {"--since", q->since, &f->since_ns},
                 {"--until", q->until, &f->until_ns}};
    if (q->kind)
        rc = parse_kind(f, q->kind, err);
    if (!rc && q->symbol && symbol_parse(q->symbol, strlen(q->symbol), &f->symbol, err))
        rc = err_set(err, ERR_USAGE, "--symbol: \"%s\" is neither a ticker nor an OCC symbol", q->symbol);
    for (size_t i = 0; !rc && i < sizeof times / sizeof times[0]; i++) {
        if (times[i].text)
            rc = cli_parse_instant(times[i].option, times[i].text, times[i].at_ns, err);
    }
    if (!rc && q->cause)
        rc = cli_parse_u64("--cause", q->cause, &f->cause, err);
    if (!rc && q->cause && f->cause == 0)
        rc = err_set(err, ERR_USAGE, "--cause: entries are numbered from 1");
    f->order = q->order;
    return rc;
}

enum err_code cli_filter_actor(const struct cli_filter *q, struct journal *j, struct filter *f,
                               struct err *err)
{
    f->has_actor = q->actor;
    return q->actor ? actors_id(journal_actors(j), q->actor, strlen(q->actor), &f->actor, err) : ERR_OK;
}
