#include "audit/diagnose.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define EXIT_FAULT 64 /* and the signal's number */

enum err_code diagnose_new(const struct diagnose_options *options, struct diagnosis **d, struct err *err)
{
    struct diagnosis *const made =
        mmap(NULL, sizeof *made, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    if (made == MAP_FAILED)
        return err_set(err, ERR_MEMORY, "out of memory");
    made->options = *options;
    made->check = "";
    *d = made;
    return ERR_OK;
}

void diagnose_free(struct diagnosis *d)
{
    if (d)
        munmap(d, sizeof *d);
}

const char *diagnose_grade_name(enum diagnose_grade grade)
{
    static const char *const names[] = {"good", "remark", "bad", "unseen"};

    return names[grade];
}

enum diagnose_grade diagnose_worst(const struct diagnosis *d)
{
    enum diagnose_grade worst = DIAGNOSE_GOOD;

    for (unsigned i = 0; i < d->count; i++) {
        const enum diagnose_grade grade = d->findings[i].grade;
        if (grade == DIAGNOSE_BAD)
            return DIAGNOSE_BAD;
        worst = grade > worst ? grade : worst;
    }
    return worst;
}

struct diagnose_finding *diagnose_add(struct diagnosis *d, enum diagnose_grade grade, const char *where,
                                      const char *format, ...)
{
    va_list args;

    if (d->count == DIAGNOSE_FINDINGS_MAX)
        return NULL;
    struct diagnose_finding *const f = &d->findings[d->count];
    memset(f, 0, sizeof *f);
    f->grade = grade;
    snprintf(f->check, sizeof f->check, "%s", d->check);
    snprintf(f->where, sizeof f->where, "%s", where ? where : "");
    va_start(args, format);
    vsnprintf(f->what, sizeof f->what, format, args);
    va_end(args);
    d->count++; /* last, so that a process that ends in the middle leaves no half of one */
    return f;
}

void diagnose_advise(struct diagnose_finding *f, const char *format, ...)
{
    va_list args;

    if (!f)
        return;
    va_start(args, format);
    vsnprintf(f->todo, sizeof f->todo, format, args);
    va_end(args);
}

/* -- apart ----------------------------------------------------------------------------------------------- */

static void on_fault(int number)
{
    _exit(EXIT_FAULT + number);
}

static void run_child(struct diagnosis *d, const struct diagnose_check *check)
{
    static const int faults[] = {SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL};

    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++)
        signal(faults[i], on_fault);
    check->run(d);
    _exit(0);
}

static void add_fault(struct diagnosis *d, int status)
{
    const int code = WIFEXITED(status) ? WEXITSTATUS(status) : 0;
    const int number = WIFSIGNALED(status) ? WTERMSIG(status) : code > EXIT_FAULT ? code - EXIT_FAULT : 0;

    diagnose_advise(
        diagnose_add(d, DIAGNOSE_BAD, NULL, "looking at it ended by %s: the file is damaged there%s",
                     number ? strsignal(number) : "an exit of the library",
                     number == SIGBUS ? ", was cut while it was read, or the disk cannot read it" : ""),
        "ledger -C %s doctor --salvage FILE", d->options.dir);
}

static void run_apart(struct diagnosis *d, const struct diagnose_check *check)
{
    int status = 0;

    const pid_t child = fork();
    if (child == 0)
        run_child(d, check);
    if (child < 0) {
        diagnose_add(d, DIAGNOSE_UNSEEN, NULL, "no process can be made to look at it: %s", strerror(errno));
        return;
    }
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        add_fault(d, status);
}

static bool is_met(const struct diagnosis *d, enum diagnose_needs needs)
{
    switch (needs) {
    case DIAGNOSE_ALWAYS: return true;
    case DIAGNOSE_FILE: return d->facts.has_file;
    case DIAGNOSE_LMDB: return d->facts.is_sound;
    case DIAGNOSE_JOURNAL: return d->facts.is_good;
    }
    return false;
}

void diagnose_run(struct diagnosis *d, const struct diagnose_check *checks, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!is_met(d, checks[i].needs))
            continue;
        d->check = checks[i].name;
        if (checks[i].apart)
            run_apart(d, &checks[i]);
        else
            checks[i].run(d);
    }
}
