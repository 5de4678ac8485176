#include "tamper/apart.h"

#include "ledger/err.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define FAULT 9

static void on_fault(int number)
{
    (void)number;
    _exit(FAULT);
}

static void run_child(void (*run)(void *arg), void *arg)
{
    static const int faults[] = {SIGSEGV, SIGBUS, SIGABRT, SIGFPE};

    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++)
        signal(faults[i], on_fault);
    run(arg);
    _exit(0);
}

bool apart_run(void (*run)(void *arg), void *arg, size_t size)
{
    int status = 0;
    void *const shared = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    REQUIRE(shared != MAP_FAILED);
    memcpy(shared, arg, size);
    fflush(NULL);
    const pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0)
        run_child(run, shared);
    REQUIRE(waitpid(child, &status, 0) == child && WIFEXITED(status));
    REQUIRE(WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == FAULT);
    if (WEXITSTATUS(status) == 0)
        memcpy(arg, shared, size);
    munmap(shared, size);
    return WEXITSTATUS(status) == 0;
}
