#include "cli/verify_silence.h"

#include "market/calendar.h"

#include <inttypes.h>

static bool hours(void *arg, civil_day day, int64_t *open_ns, int64_t *close_ns)
{
    struct session s;

    (void)arg;
    if (!calendar_session(day, &s))
        return false;
    *open_ns = s.open_ns;
    *close_ns = s.close_ns;
    return true;
}

static civil_day next(void *arg, civil_day day)
{
    (void)arg;
    return calendar_next_session(day);
}

enum err_code verify_silence_check(struct verify_silence *s, struct evidence *evidence, struct err *err)
{
    static const struct silence_calendar CALENDAR = {hours, next, NULL};
    enum err_code rc = ERR_OK;

    s->is_known = false;
    if (s->until_ns == INSTANT_NONE)
        return ERR_OK;
    rc = silence_check(evidence, &CALENDAR, s->until_ns, &s->report, err);
    s->is_known = !rc || rc == ERR_WRONG;
    return rc;
}

void verify_silence_put_text(const struct verify_silence *s)
{
    const struct silence_report *const r = &s->report;
    char from[INSTANT_TEXT_SIZE];
    char until[INSTANT_TEXT_SIZE];

    if (!s->is_known)
        return;
    if (r->what[0]) {
        printf("silence       %sWRONG%s  %s\n", cli_red(stdout), cli_plain(stdout), r->what);
        return;
    }
    instant_format(from, r->from_ns);
    instant_format(until, s->until_ns);
    printf("silence       %sgood%s  nothing is missing from %s up to %s: %" PRIu64 " sessions, %" PRIu64
           " heartbeats\n",
           cli_green(stdout), cli_plain(stdout), from, until, r->sessions, r->heartbeats);
}

void verify_silence_put_json(const struct verify_silence *s, struct json_out *out)
{
    const struct silence_report *const r = &s->report;

    if (!s->is_known)
        return;
    json_out_key(out, "silence");
    json_out_object(out);
    json_out_key(out, "missing");
    json_out_bool(out, r->what[0] != '\0');
    json_out_key(out, "until");
    json_out_instant(out, s->until_ns);
    json_out_key(out, "sessions");
    json_out_u64(out, r->sessions);
    json_out_key(out, "heartbeats");
    json_out_u64(out, r->heartbeats);
    if (r->sessions) {
        json_out_key(out, "from");
        json_out_instant(out, r->from_ns);
    }
    if (r->what[0]) {
        json_out_key(out, "what");
        json_out_text(out, r->what);
        json_out_key(out, "before");
        json_out_u64(out, r->before_seq);
        json_out_key(out, "after");
        json_out_u64(out, r->after_seq);
        json_out_key(out, "silent_from");
        json_out_instant(out, r->silent_from_ns);
        json_out_key(out, "silent_to");
        json_out_instant(out, r->silent_to_ns);
    }
    json_out_object_end(out);
}
