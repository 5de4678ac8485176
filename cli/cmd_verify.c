/* ledger verify: the auditor's question. */
#include "cli/cli.h"
#include "cli/conflict.h"
#include "cli/verify_silence.h"
#include "cli/verify_witnesses.h"

#include "audit/timestamp_chain.h"
#include "audit/verify.h"
#include "ledger/base64.h"

#include <stdlib.h>
#include <string.h>

struct arguments {
    struct verify_options options;
    struct timestamp_chain *chain;
    const char *against; /* the file of `kept` */
    const char *evidence;
    char *kept;
    struct verify_silence silence;
    struct verify_witnesses witnesses;
    bool require_timestamp;
    bool json;
};

static void put_json(const struct verify_report *v, const struct arguments *a, struct json_out *out)
{
    json_out_object(out);
    json_out_key(out, "integrity");
    json_out_bool(out, v->integrity_ok);
    json_out_key(out, "complete");
    json_out_bool(out, v->complete_ok);
    json_out_key(out, "key_given");
    json_out_bool(out, v->key_given);
    json_out_key(out, "origin");
    json_out_text(out, v->origin);
    json_out_key(out, "hypothetical");
    json_out_bool(out, journal_is_hypothetical(v->origin));
    json_out_key(out, "vkey");
    json_out_text(out, v->vkey);
    json_out_key(out, "epochs");
    json_out_u64(out, v->epochs);
    json_out_key(out, "newest_vkey");
    json_out_text(out, v->newest_vkey);
    const struct {
        const char *key;
        uint64_t value;
    } rows[] = {{"entries", v->entries},
                {"bytes", v->bytes},
                {"seals", v->seals},
                {"tiles", v->tiles},
                {"sealed", v->sealed},
                {"signatures", v->signatures},
                {"timestamps", v->timestamps},
                {"stamped", v->stamped},
                {"cosignatures", v->cosignatures},
                {"owned_since", v->owned_since}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        json_out_key(out, rows[i].key);
        json_out_u64(out, rows[i].value);
    }
    if (v->stamped_by[0]) {
        json_out_key(out, "stamped_at");
        json_out_instant(out, v->stamped_at_ns);
        json_out_key(out, "stamped_by");
        json_out_text(out, v->stamped_by);
    }
    json_out_key(out, "root");
    json_out_hex(out, v->root.bytes, HASH_SIZE);
    if (v->wrong.place != VERIFY_NOWHERE) {
        json_out_key(out, "wrong");
        json_out_object(out);
        json_out_key(out, "where");
        json_out_text(out, v->wrong.where);
        json_out_key(out, "what");
        json_out_text(out, v->wrong.what);
        json_out_key(out, "first");
        json_out_u64(out, v->wrong.first);
        json_out_key(out, "last");
        json_out_u64(out, v->wrong.last);
        json_out_object_end(out);
    }
    verify_witnesses_put_json(&a->witnesses, out);
    verify_silence_put_json(&a->silence, out);
    json_out_object_end(out);
}

static void put_verdict(const char *name, bool ok, const char *good, const char *bad)
{
    printf("%-13s %s%s%s  %s\n", name, ok ? cli_green(stdout) : cli_red(stdout), ok ? "good" : "WRONG",
           cli_plain(stdout), ok ? good : bad);
}

static void put_timestamps(const struct verify_report *v)
{
    char at[INSTANT_TEXT_SIZE];

    instant_format(at, v->stamped_at_ns);
    printf("timestamps    %llu; entries 1..%llu were there at %s", (unsigned long long)v->timestamps,
           (unsigned long long)v->stamped, at);
    if (v->stamped_by[0])
        printf(", says %s\n", v->stamped_by);
    else
        printf("  (whose word it is was not asked: --tsa-ca)\n");
}

/* That there is no owner is said of a whole journal only: where it is wrong, one may come behind. */
static void put_persons(const struct verify_report *v)
{
    if (v->owned_since)
        printf("persons       owned since entry %llu: what matters most needed two persons\n",
               (unsigned long long)v->owned_since);
    else if (v->integrity_ok)
        printf("persons       no owner: each person acted alone\n");
}

static void put_text(const struct verify_report *v, const struct arguments *a)
{
    char root[BASE64_LENGTH(HASH_SIZE) + 1];
    char from[INSTANT_TEXT_SIZE];
    char to[INSTANT_TEXT_SIZE];

    base64_encode(root, v->root.bytes, HASH_SIZE);
    put_verdict("integrity", v->integrity_ok, "nothing that is there was changed", v->wrong.what);
    put_verdict("completeness", v->complete_ok, "every entry is sealed, none is missing",
                v->integrity_ok ? v->wrong.what : "not established");
    verify_silence_put_text(&a->silence);
    printf("origin        %s\n", v->origin);
    if (journal_is_hypothetical(v->origin))
        printf("%sHYPOTHETICAL%s  computed by a what-if, not lived: its control.hypothesis says what it "
               "departs from\n",
               cli_red(stdout), cli_plain(stdout));
    printf("key           %s%s\n", v->vkey, v->key_given ? "" : "  (taken from the journal itself)");
    if (v->epochs > 1)
        printf("newest key    %s  (of epoch %llu, named by entry %llu)\n", v->newest_vkey,
               (unsigned long long)v->epochs - 1, (unsigned long long)v->epoch_entry);
    printf("entries       %llu in %llu bytes, %llu seals, %llu tiles, %llu actors' signatures\n",
           (unsigned long long)v->entries, (unsigned long long)v->bytes, (unsigned long long)v->seals,
           (unsigned long long)v->tiles, (unsigned long long)v->signatures);
    if (v->entries) {
        instant_format(from, v->first_recorded_at_ns);
        instant_format(to, v->last_recorded_at_ns);
        printf("recorded      %s to %s\n", from, to);
    }
    put_persons(v);
    if (v->timestamps)
        put_timestamps(v);
    verify_witnesses_put_text(&a->witnesses);
    printf("root          %s\n", root);
}

/* The newest entry is under a seal that an authority has vouched for. */
static enum err_code check_stamped(struct verify_report *v, struct err *err)
{
    if (v->stamped == v->entries)
        return ERR_OK;
    v->wrong.place = VERIFY_ENTRY;
    v->wrong.first = v->stamped + 1;
    v->wrong.last = v->entries;
    snprintf(v->wrong.where, sizeof v->wrong.where, "entry %llu", (unsigned long long)v->wrong.first);
    snprintf(v->wrong.what, sizeof v->wrong.what, "entries %llu..%llu are under no seal that has a timestamp",
             (unsigned long long)v->wrong.first, (unsigned long long)v->entries);
    return err_set(err, ERR_WRONG, "%s: %s", v->wrong.where, v->wrong.what);
}

/* -- options --------------------------------------------------------------------------------------------- */

static enum err_code parse_threads(const char *text, uint64_t *count, struct err *err)
{
    const enum err_code rc = cli_parse_u64("threads", text, count, err);

    if (!rc && (*count < 1 || *count > VERIFY_THREADS_MAX))
        return err_set(err, ERR_USAGE, "verify: --threads is 1 .. %u, not %s", VERIFY_THREADS_MAX, text);
    return rc;
}

static enum err_code parse(struct cli *cli, struct arguments *a, struct err *err)
{
    struct verify_options *const o = &a->options;
    const char *threads = NULL;
    const char *policy = NULL;
    const char *witnesses = NULL;
    const char *tsa_ca = NULL;
    const char *until = NULL;
    uint64_t thread_count = 0;
    const struct cli_option arguments[] = {{.name = "key", .value = &o->vkey},
                                           {.name = "raw", .value = &o->export},
                                           {.name = "against", .value = &a->against},
                                           {.name = "evidence", .value = &a->evidence},
                                           {.name = "policy", .value = &policy},
                                           {.name = "require-witness", .value = &witnesses},
                                           {.name = "threads", .value = &threads},
                                           {.name = "complete-until", .value = &until},
                                           {.name = "tsa-ca", .value = &tsa_ca},
                                           {.name = "require-timestamp", .flag = &a->require_timestamp},
                                           {.name = "json", .flag = &a->json}};
    enum err_code rc =
        cli_options(cli, arguments, sizeof arguments / sizeof arguments[0], NULL, 0, NULL, err);

    if (!rc && threads)
        rc = parse_threads(threads, &thread_count, err);
    if (!rc && until)
        rc = cli_parse_instant("--complete-until", until, &a->silence.until_ns, err);
    if (!rc && a->require_timestamp && !tsa_ca)
        rc = err_set(err, ERR_USAGE,
                     "verify: --require-timestamp needs --tsa-ca, since anybody can make a timestamp");
    if (!rc && a->evidence && !a->against)
        rc = err_set(err, ERR_USAGE, "verify: --evidence goes with --against");
    if (!rc)
        rc = verify_witnesses_init(&a->witnesses, policy, witnesses, o, err);
    if (!rc && tsa_ca)
        rc = timestamp_chain_open(tsa_ca, &a->chain, err);
    if (!rc && a->against)
        rc = cli_read_file(a->against, NOTE_MAX_SIZE, &a->kept, &o->against_size, err);
    o->dir = o->export ? NULL : cli->dir;
    o->threads = (unsigned)thread_count;
    o->chain = a->chain;
    o->against = a->kept;
    return rc;
}

/* -- the command ----------------------------------------------------------------------------------------- */

static enum err_code open_evidence(const struct verify_options *o, struct evidence **evidence,
                                   struct err *err)
{
    return o->dir ? evidence_open_journal(o->dir, evidence, err)
                  : evidence_open_export(o->export, evidence, err);
}

/* Both seals, beside the one that was kept, or where it is wanted. */
static void keep_evidence(const struct arguments *a, struct evidence *evidence,
                          const struct verify_report *report)
{
    char own[NOTE_MAX_SIZE];
    char beside[CONFLICT_PATH_MAX] = ".";
    size_t own_size = 0;
    struct err why = {.code = ERR_OK};
    const char *const slash = strrchr(a->against, '/');

    if (slash)
        snprintf(beside, sizeof beside, "%.*s", slash == a->against ? 1 : (int)(slash - a->against),
                 a->against);
    if (witnessed_own_seal(evidence, report->wrong.number, own, &own_size, &why))
        fprintf(stderr, "The seals that contradict each other could not be kept as evidence: %s\n", why.text);
    else
        conflict_keep_both(a->evidence ? a->evidence : beside, a->kept, a->options.against_size, own,
                           own_size);
}

static enum err_code check(struct arguments *a, struct verify_report *report, struct err *err)
{
    struct evidence *evidence = NULL;
    struct cli_progress progress;

    cli_guard_reading();
    cli_progress_init(&progress, "verify");
    a->options.progress = cli_progress_draw;
    a->options.progress_arg = &progress;
    enum err_code rc = open_evidence(&a->options, &evidence, err);
    if (!rc)
        rc = verify_evidence(evidence, &a->options, report, err);
    cli_progress_end(&progress);
    a->options.progress = NULL;
    a->options.progress_arg = NULL;
    if (!rc)
        rc = verify_silence_check(&a->silence, evidence, err);
    if (!rc)
        rc = verify_witnesses_check(&a->witnesses, evidence, report, err);
    if (rc == ERR_WRONG && report->wrong.place == VERIFY_KEPT)
        keep_evidence(a, evidence, report);
    evidence_close(evidence);
    if (!rc && a->require_timestamp)
        rc = check_stamped(report, err);
    return rc && rc != ERR_WRONG ? err_wrap(err, "could not be checked") : rc;
}

static enum err_code tell(const struct arguments *a, const struct verify_report *report, enum err_code rc,
                          struct err *err)
{
    struct json_out out;

    if (!a->json) {
        put_text(report, a);
        if (!rc && !report->key_given)
            fprintf(stderr,
                    "The key came from the journal itself: pass the one that init printed with --key.\n");
        return rc;
    }
    json_out_init(&out);
    put_json(report, a, &out);
    if (cli_put_json(&out, err) && !rc)
        rc = err->code;
    json_out_release(&out);
    return rc;
}

enum err_code cmd_verify(struct cli *cli, struct err *err)
{
    struct arguments a = {.silence = {.until_ns = INSTANT_NONE}};
    struct verify_report report = {.entries = 0};

    enum err_code rc = parse(cli, &a, err);
    if (!rc) {
        rc = check(&a, &report, err);
        if (!rc || rc == ERR_WRONG)
            rc = tell(&a, &report, rc, err);
    }
    timestamp_chain_close(a.chain);
    verify_witnesses_release(&a.witnesses);
    free(a.kept);
    return rc;
}
