/* ledger doctor: what could go wrong at 3 a.m., looked at now. It changes nothing. */
#include "cli/cli.h"

#include "book/book.h"
#include "ledger/build.h"
#include "ledger/vault.h"

#include <stdarg.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

enum grade { GRADE_GOOD, GRADE_REMARK, GRADE_BAD };

struct findings {
    struct json_out out; /* rows, when json */
    bool json;
    unsigned bad;
};

__attribute__((format(printf, 4, 5))) static void say(struct findings *f, enum grade grade, const char *what,
                                                      const char *format, ...)
{
    static const char *const names[] = {"good", "remark", "bad"};
    char text[512];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    f->bad += grade == GRADE_BAD;
    if (f->json) {
        json_out_object(&f->out);
        json_out_key(&f->out, "check");
        json_out_text(&f->out, what);
        json_out_key(&f->out, "grade");
        json_out_text(&f->out, names[grade]);
        json_out_key(&f->out, "text");
        json_out_text(&f->out, text);
        json_out_object_end(&f->out);
        return;
    }
    const char *const colour = grade == GRADE_GOOD  ? cli_green(stdout)
                               : grade == GRADE_BAD ? cli_red(stdout)
                                                    : cli_bold(stdout);
    printf("%s%-6s%s %-12s %s\n", colour, names[grade], cli_plain(stdout), what, text);
}

static void look_at_directory(struct findings *f, const char *dir)
{
    struct stat st;
    struct statvfs fs;

    if (stat(dir, &st) != 0 || statvfs(dir, &fs) != 0) {
        say(f, GRADE_BAD, "directory",
            "%s cannot be looked at; start one with: ledger -C %s init --origin NAME", dir, dir);
        return;
    }
    if (st.st_mode & 077)
        say(f, GRADE_REMARK, "permissions", "%s is open to others (mode %03o); chmod 700 %s", dir,
            (unsigned)(st.st_mode & 0777), dir);
    else
        say(f, GRADE_GOOD, "permissions", "only its owner can read %s", dir);
    const unsigned long long free_mib = (unsigned long long)fs.f_bavail * fs.f_frsize >> 20;
    say(f,
        free_mib < 100    ? GRADE_BAD
        : free_mib < 2048 ? GRADE_REMARK
                          : GRADE_GOOD,
        "disk", "%llu MiB free", free_mib);
    say(f, access(dir, W_OK) == 0 ? GRADE_GOOD : GRADE_REMARK, "writing",
        access(dir, W_OK) == 0 ? "this user may append" : "this user may only read");
}

static void look_at_vault(struct findings *f, const char *dir)
{
    char path[4096];
    struct stat st;

    snprintf(path, sizeof path, "%s/" VAULT_FILE_NAME, dir);
    if (stat(path, &st) != 0)
        say(f, GRADE_BAD, "vault", "%s is not there: nothing can be appended; restore it from a copy", path);
    else if (st.st_mode & 077)
        say(f, GRADE_BAD, "vault", "%s is open to others (mode %03o); chmod 600 %s", path,
            (unsigned)(st.st_mode & 0777), path);
    else
        say(f, GRADE_GOOD, "vault", "the keys are there, readable by their owner only");
}

static void look_at_time(struct findings *f, const struct entry *newest)
{
    char text[INSTANT_TEXT_SIZE];
    const int64_t now = cli_now_ns();

    instant_format(text, newest->recorded_at_ns);
    if (now + JOURNAL_CLOCK_SLACK_NS < newest->recorded_at_ns)
        say(f, GRADE_BAD, "clock",
            "this machine's clock is before the newest entry (%s): appends will be refused", text);
    else
        say(f, GRADE_GOOD, "clock", "newest entry of %s is not in the future", text);
}

static void look_at_book(struct findings *f, const struct book *b)
{
    say(f, GRADE_GOOD, "replay",
        "all %llu entries fold into state (whether they are unchanged: ledger verify)",
        (unsigned long long)book_seq(b));
    if (accounts_sum_micro(b->accounts) != 0)
        say(f, GRADE_BAD, "accounts", "balances do not sum to zero");
    else
        say(f, GRADE_GOOD, "accounts", "balances sum to zero");
    if (b->risk->stopped)
        say(f, GRADE_REMARK, "stop", "trading is stopped by entry %llu; ledger resume --reason TEXT ends it",
            (unsigned long long)b->risk->stop_seq);
    if (risk_state_tripped(b->risk))
        say(f, GRADE_REMARK, "breakers", "%u tripped; ledger resume --reason TEXT resets them",
            risk_state_tripped(b->risk));
    if (b->run->is_open)
        say(f, GRADE_REMARK, "run",
            "the run of entry %llu has no end; the same ledger run command goes on with it",
            (unsigned long long)b->run->first_seq);
    if (b->orders->open_count)
        say(f, GRADE_REMARK, "orders", "%u open", b->orders->open_count);
}

static enum err_code look_at_journal(struct findings *f, struct journal *j, struct err *err)
{
    struct journal_reader *r = NULL;
    struct journal_record record;
    struct entry e;
    struct seal seal;
    struct book b = {0};
    enum err_code rc = journal_reader_begin(j, &r, err);
    const uint64_t size = rc ? 0 : journal_reader_size(r);

    if (!rc)
        rc = journal_reader_get(r, size, &record, err);
    if (!rc)
        rc = entry_decode_header(record.bytes, record.size, &e, err);
    if (!rc)
        look_at_time(f, &e);
    if (!rc && journal_reader_seal(r, size, &seal, err) == ERR_OK)
        say(f, GRADE_GOOD, "seal", "the newest seal covers all %llu entries", (unsigned long long)size);
    else if (!rc)
        say(f, GRADE_BAD, "seal", "entries after the newest seal; run: ledger verify");
    if (!rc)
        rc = book_init(&b, err);
    if (!rc && book_load(&b, r, 0, NULL, NULL, err) == ERR_OK)
        look_at_book(f, &b);
    else if (!rc)
        say(f, GRADE_BAD, "replay", "%s; run: ledger verify", err->text);
    book_release(&b);
    journal_reader_end(r);
    return rc;
}

enum err_code cmd_doctor(struct cli *cli, struct err *err)
{
    struct findings f = {.json = false};
    struct journal *j = NULL;
    char build[256];
    const struct cli_option options[] = {{.name = "json", .flag = &f.json}};
    enum err_code rc = cli_options(cli, options, 1, NULL, 0, NULL, err);

    if (rc)
        return rc;
    json_out_init(&f.out);
    json_out_array(&f.out);
    build_describe(build, sizeof build);
    say(&f, GRADE_GOOD, "program", "%s, %s", BUILD_PROGRAM, build);
    look_at_directory(&f, cli->dir);
    if (cli_open(cli, true, &j, err)) {
        say(&f, GRADE_BAD, "journal", "%s", err->text);
    } else {
        say(&f, GRADE_GOOD, "journal", "%s, verifier key %s", journal_origin(j), journal_vkey(j));
        look_at_vault(&f, cli->dir);
        rc = look_at_journal(&f, j, err);
        if (rc)
            say(&f, GRADE_BAD, "journal", "%s; run: ledger verify", err->text);
    }
    json_out_array_end(&f.out);
    rc = f.json ? cli_put_json(&f.out, err) : ERR_OK;
    json_out_release(&f.out);
    journal_close(j);
    if (!rc && f.bad)
        rc = err_set(err, ERR_WRONG, "doctor: %u checks are bad", f.bad);
    return rc;
}
