#include "tamper/judges.h"

#include "audit/verify.h"
#include "tamper/apart.h"
#include "verifier/verifier.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

const char *judge_name(enum judge judge)
{
    static const char *const NAMES[JUDGES] = {"ledger verify", "ledger-verify", "verify.mjs"};

    return NAMES[judge];
}

bool verdict_equal(const struct verdict *a, const struct verdict *b)
{
    return a->exit == b->exit && a->integrity_ok == b->integrity_ok && a->complete_ok == b->complete_ok &&
           strcmp(a->where, b->where) == 0;
}

static void fill(struct verdict *v, int exit, bool integrity_ok, bool complete_ok, const char *where,
                 const char *what)
{
    const bool judged = exit != 3;

    *v = (struct verdict){exit, judged && integrity_ok, judged && complete_ok, "-", ""};
    if (judged && where[0])
        snprintf(v->where, sizeof v->where, "%s", where);
    snprintf(v->what, sizeof v->what, "%.399s", what);
}

static void ask_ledger(const struct question *q, struct verdict *v)
{
    static struct verify_report report;
    const struct verify_options options = {.dir = q->dir,
                                           .vkey = q->vkey,
                                           .against = q->against,
                                           .against_size = q->against ? strlen(q->against) : 0,
                                           .threads = 1};
    struct evidence *evidence = NULL;
    struct err err = {0};

    memset(&report, 0, sizeof report);
    enum err_code rc = q->dir ? evidence_open_journal(q->dir, &evidence, &err)
                              : evidence_open_memory(q->image, q->size, &evidence, &err);
    if (!rc)
        rc = verify_evidence(evidence, &options, &report, &err);
    evidence_close(evidence);
    fill(v,
         rc == ERR_OK      ? 0
         : rc == ERR_WRONG ? 1
                           : 3,
         report.integrity_ok, report.complete_ok,
         report.wrong.place == VERIFY_NOWHERE ? "" : report.wrong.where, err.text);
}

struct asked {
    const struct question *q;
    struct verdict v;
};

static void ask_about_dir(void *arg)
{
    struct asked *const a = arg;

    ask_ledger(a->q, &a->v);
}

void judge_ledger(const struct question *q, struct verdict *v)
{
    struct asked a = {.q = q};

    if (!q->dir)
        ask_ledger(q, v);
    else if (apart_run(ask_about_dir, &a, sizeof a))
        *v = a.v;
    else
        fill(v, 3, false, false, "", "a fault ended it");
}

void judge_second(const struct question *q, struct verdict *v)
{
    static struct verifier_report report;
    const struct verifier_options options = {
        .vkey = q->vkey, .against = q->against, .against_size = q->against ? strlen(q->against) : 0};

    verifier_check_bytes(q->image, q->size, &options, &report);
    fill(v, (int)report.exit, report.integrity_ok, report.complete_ok, report.where, report.what);
}

/* -- the script ------------------------------------------------------------------------------------------- */

static void write_all(int file, const void *bytes, size_t size)
{
    const uint8_t *at = bytes;

    while (size > 0) {
        const ssize_t n = write(file, at, size);
        REQUIRE(n > 0);
        at += n;
        size -= (size_t)n;
    }
}

static void send(int file, const void *bytes, size_t size)
{
    const uint8_t head[4] = {(uint8_t)(size >> 24), (uint8_t)(size >> 16), (uint8_t)(size >> 8),
                             (uint8_t)size};

    write_all(file, head, sizeof head);
    write_all(file, bytes, size);
}

static void send_question(const struct judges *j, const struct question *q)
{
    send(j->to, q->vkey, q->vkey ? strlen(q->vkey) : 0);
    send(j->to, q->against, q->against ? strlen(q->against) : 0);
    send(j->to, q->image, q->size);
}

/* A line: exit, place, integrity, completeness, words; tabs between them. */
static void read_answer(const struct judges *j, struct verdict *v)
{
    static char line[2000];
    size_t size = 0;

    do {
        REQUIRE(size + 1 < sizeof line);
        REQUIRE(read(j->from, line + size, 1) == 1);
    } while (line[size++] != '\n');
    line[size - 1] = '\0';
    char *fields[5] = {line};
    for (int i = 1; i < 5; i++) {
        char *const tab = strchr(fields[i - 1], '\t');
        REQUIRE(tab);
        *tab = '\0';
        fields[i] = tab + 1;
    }
    fill(v, fields[0][0] - '0', fields[2][0] == '1', fields[3][0] == '1', fields[1], fields[4]);
}

void judges_open(struct judges *j)
{
    char script[4096];
    const char *const source = getenv("LEDGER_SOURCE");
    int to[2];
    int from[2];

    *j = (struct judges){0, -1, -1};
    if (system("node --version >/dev/null 2>&1") != 0)
        return;
    snprintf(script, sizeof script, "%s/tests/tamper/judge.mjs", source ? source : ".");
    REQUIRE(pipe(to) == 0 && pipe(from) == 0);
    j->node = fork();
    REQUIRE(j->node >= 0);
    if (j->node == 0) {
        dup2(to[0], STDIN_FILENO);
        dup2(from[1], STDOUT_FILENO);
        close(to[1]);
        close(from[0]);
        execlp("node", "node", script, (char *)NULL);
        _exit(127);
    }
    close(to[0]);
    close(from[1]);
    j->to = to[1];
    j->from = from[0];
    signal(SIGPIPE, SIG_IGN);
}

void judges_close(struct judges *j)
{
    int status = 0;

    if (j->node == 0)
        return;
    close(j->to);
    REQUIRE(waitpid(j->node, &status, 0) == j->node && WIFEXITED(status) && WEXITSTATUS(status) == 0);
    close(j->from);
    j->node = 0;
}

void judges_ask(struct judges *j, const struct question *q, struct verdict verdicts[JUDGES])
{
    if (j->node)
        send_question(j, q); /* it thinks while we do */
    judge_ledger(q, &verdicts[JUDGE_LEDGER]);
    judge_second(q, &verdicts[JUDGE_SECOND]);
    if (j->node)
        read_answer(j, &verdicts[JUDGE_SCRIPT]);
    else
        verdicts[JUDGE_SCRIPT] = verdicts[JUDGE_SECOND];
}
