/* ledger replay --redecide: runs the deciders again and says where the record is another. */
#include "cli/moment.h"
#include "cli/replay.h"

#include "ledger/build.h"

#include <stdlib.h>
#include <string.h>

/* Which programs wrote the decisions that were looked at. */
struct programs {
    uint64_t runs;
    uint64_t others;      /* of another program, or another build of it, than this one */
    uint64_t first_other; /* 0: none */
};

static bool text_is(const struct text *t, const char *terminated)
{
    return t->length == strlen(terminated) && memcmp(t->bytes, terminated, t->length) == 0;
}

static bool is_this_program(const struct entry *run)
{
    char build[256];

    build_describe(build, sizeof build);
    return text_is(&run->as.control_run.program, BUILD_PROGRAM) && text_is(&run->as.control_run.build, build);
}

static void count_run(struct programs *p, const struct entry *run)
{
    const bool is_other = !is_this_program(run);

    p->runs++;
    p->others += is_other;
    if (is_other && p->first_other == 0)
        p->first_other = run->seq;
}

/* The run that was in force where the walk began, and all behind it up to its end. */
static enum err_code find_programs(struct journal_reader *r, const struct redecide_report *report,
                                   struct programs *p, struct err *err)
{
    struct journal_record record;
    struct entry e;
    bool found = true;
    uint64_t from = 1;
    enum err_code rc = ERR_OK;

    memset(p, 0, sizeof *p);
    while (!rc) {
        rc = journal_reader_control(r, from, &record, &found, err);
        if (rc || !found || record.seq > report->entries)
            break;
        rc = entry_decode(record.bytes, record.size, &e, err);
        from = record.seq + 1;
        if (rc || e.kind != ENTRY_CONTROL_RUN)
            continue;
        if (e.seq <= report->begun_at)
            memset(p, 0, sizeof *p); /* only the newest of these decided anything that was looked at */
        count_run(p, &e);
    }
    return rc;
}

static void json_counts(struct json_out *out, const struct redecide_report *report, const struct programs *p)
{
    const struct {
        const char *key;
        uint64_t value;
    } rows[] = {{"begun_at", report->begun_at},
                {"entries", report->entries},
                {"triggers", report->triggers},
                {"compared", report->compared},
                {"unanswered", report->behind},
                {"derived_by_others", report->foreign},
                {"ungoverned", report->ungoverned},
                {"perceived_between", report->between},
                {"runs", p->runs},
                {"runs_by_others", p->others}};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        json_out_key(out, rows[i].key);
        json_out_u64(out, rows[i].value);
    }
}

void replay_json_seq(struct json_out *out, const char *key, uint64_t seq)
{
    json_out_key(out, key);
    if (seq)
        json_out_u64(out, seq);
    else
        json_out_null(out);
}

static enum err_code put_json(struct journal *j, struct journal_reader *r, const struct redecider *d,
                              const struct programs *p, struct err *err)
{
    const struct redecide_report *const report = redecider_report(d);
    enum err_code rc = ERR_OK;
    struct json_out out;

    json_out_init(&out);
    json_out_object(&out);
    cli_json_origin(&out, j);
    json_counts(&out, report, p);
    replay_json_seq(&out, "first_unanswered", report->behind_seq);
    replay_json_seq(&out, "awaits_answer", report->awaits_seq);
    replay_json_seq(&out, "first_derived_by_others", report->foreign_seq);
    replay_json_seq(&out, "first_ungoverned", report->ungoverned_seq);
    replay_json_seq(&out, "first_perceived_between", report->between_seq);
    replay_json_seq(&out, "differs", report->differs_seq);
    if (report->differs_seq)
        rc = replay_json_difference(j, r, d, &out, err);
    json_out_object_end(&out);
    if (!rc)
        rc = cli_put_json(&out, err);
    json_out_release(&out);
    return rc;
}

/* Whose word it is that no decider can be asked about. */
static enum err_code put_foreign(struct journal *j, struct journal_reader *r,
                                 const struct redecide_report *report, struct err *err)
{
    struct journal_record record;
    struct entry e;
    enum err_code rc = ERR_OK;

    if (!report->foreign)
        return ERR_OK;
    rc = journal_reader_get(r, report->foreign_seq, &record, err);
    if (!rc)
        rc = entry_decode_header(record.bytes, record.size, &e, err);
    if (!rc)
        fprintf(
            stderr,
            "remark: %llu entries of the kinds that deciders write are by somebody else, the first is entry "
            "%llu, %s by %s: deciding again cannot vouch for them\n",
            (unsigned long long)report->foreign, (unsigned long long)report->foreign_seq,
            entry_kind_find((unsigned)e.kind)->text, actors_name(journal_actors(j), e.actor));
    return rc;
}

static void put_remarks(const struct redecide_report *report, const struct programs *p, bool is_whole)
{
    if (report->begun_at)
        fprintf(stderr,
                "begun with the snapshot of entry %llu: what was decided before it was not looked at\n",
                (unsigned long long)report->begun_at);
    if (report->behind)
        fprintf(
            stderr,
            "remark: %llu clock entries were never answered; the first is entry %llu. A crash of the loop "
            "leaves one\n",
            (unsigned long long)report->behind, (unsigned long long)report->behind_seq);
    if (report->awaits_seq && is_whole && !report->differs_seq)
        fprintf(stderr,
                "remark: the record ends before the answer to entry %llu: a loop that was killed, or is at "
                "work\n",
                (unsigned long long)report->awaits_seq);
    if (report->between)
        fprintf(stderr,
                "remark: %llu perceptions by somebody else stand between a clock entry and its answer, which "
                "could see "
                "them; the first is entry %llu\n",
                (unsigned long long)report->between, (unsigned long long)report->between_seq);
    if (p->others)
        fprintf(
            stderr,
            "remark: %llu of %llu runs were written by another program than this one, or another build of "
            "it; ledger show %llu names the first\n",
            (unsigned long long)p->others, (unsigned long long)p->runs, (unsigned long long)p->first_other);
}

static enum err_code put_text(struct journal *j, struct journal_reader *r, const struct redecider *d,
                              const struct programs *p, struct err *err)
{
    const struct redecide_report *const report = redecider_report(d);
    enum err_code rc = ERR_OK;

    if (report->differs_seq)
        rc = replay_put_difference(j, r, d, err);
    else
        printf("%sno difference%s: %llu derived entries, decided again at %llu moments over %llu entries, "
               "are the "
               "recorded ones byte for byte\n",
               cli_green(stdout), cli_plain(stdout), (unsigned long long)report->compared,
               (unsigned long long)report->triggers, (unsigned long long)report->entries);
    if (!rc)
        put_remarks(report, p, report->entries == journal_reader_size(r));
    return rc ? rc : put_foreign(j, r, report, err);
}

/* A time is the last entry before the market's clock passes it. */
static enum err_code find_end(struct journal_reader *r, const struct replay_range *range, uint64_t *to,
                              struct err *err)
{
    enum err_code rc = ERR_OK;

    *to = range->to;
    if (range->to_ns != INSTANT_NONE)
        rc = moment_check(range->to_ns, r, err);
    if (!rc && range->to_ns != INSTANT_NONE)
        rc = book_find_time(r, range->to_ns, to, err);
    if (!rc && *to && range->since > *to)
        rc = err_set(err, ERR_USAGE, "replay: --since is behind --to: nothing lies between");
    return rc;
}

static enum err_code decide(struct redecider *d, struct journal_reader *r, const struct replay_range *range,
                            struct err *err)
{
    struct cli_progress progress;
    uint64_t to = 0;
    enum err_code rc = find_end(r, range, &to, err);

    if (!rc && range->since > journal_reader_size(r))
        rc = err_set(err, ERR_NOT_FOUND, "there is no entry %llu; the newest is %llu",
                     (unsigned long long)range->since, (unsigned long long)journal_reader_size(r));
    cli_progress_init(&progress, "redecide");
    if (!rc && range->since)
        rc = redecider_since(d, r, range->since, err);
    if (!rc)
        rc = redecider_finish(d, r, to, cli_progress_draw, &progress, err);
    cli_progress_end(&progress);
    return rc;
}

static enum err_code judge(const struct redecide_report *report, struct err *err)
{
    if (report->differs_seq)
        return err_set(err, ERR_WRONG, "entry %llu: %s", (unsigned long long)report->differs_seq,
                       report->reason);
    if (report->ungoverned)
        return err_set(err, ERR_WRONG, "entry %llu: an order by an agent, which no verdict let through",
                       (unsigned long long)report->ungoverned_seq);
    return ERR_OK;
}

enum err_code replay_redecide(struct journal *j, struct journal_reader *r, const struct replay_range *range,
                              struct err *err)
{
    struct redecider *d = NULL;
    struct programs p;
    enum err_code rc = redecider_new(&d, err);

    if (!rc)
        rc = decide(d, r, range, err);
    if (!rc)
        rc = find_programs(r, redecider_report(d), &p, err);
    if (!rc)
        rc = range->json ? put_json(j, r, d, &p, err) : put_text(j, r, d, &p, err);
    if (!rc)
        rc = judge(redecider_report(d), err);
    redecider_free(d);
    return rc;
}
