/*
 * Makes one call of a program fail. Loaded with LD_PRELOAD; the program itself is the one people install.
 *
 *   FAULT_WHAT   "memory": malloc, calloc, realloc and their kin. "system": the system calls of rows[] below.
 *                "clock": none; the clock is set by FAULT_CLOCK alone
 *   FAULT_AT     which call fails, from 1; not set: none does, they are counted
 *   FAULT_NAME   of the call that fails: the first of that name from FAULT_AT on, because threads do not keep in step
 *   FAULT_HOW    the number of an errno; 0: the call reads or writes half of what it was asked for
 *   FAULT_STAYS  set: every call of that name from FAULT_AT on fails, as on a disk that stays full
 *   FAULT_LOG    a file that gets one line a call when they are counted, else one line for the call that failed:
 *                "number name site", where site tells places in the program apart
 *   FAULT_CLOCK  seconds that the wall clock is wrong by
 *
 * System calls are caught by the kernel (seccomp, SECCOMP_RET_TRAP), so also those that libc, LMDB and libsodium make
 * for themselves, and carried out from here by the one instruction that the filter lets pass. A call that has to be
 * made to its end fails afterwards: close() gives the descriptor back whatever it answers.
 */
#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <malloc.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#ifndef __x86_64__
#error "the registers of a system call are known here for x86-64 only"
#endif

enum { LOG_FD = 1000, FRAMES_MAX = 48, OWN_FRAMES = 2, CANNOT = 77 };

struct row {
    const char *name;
    int number;
};

#define ROW(name)                                                                                            \
    {                                                                                                        \
#name, SYS_##name                                                                                    \
    }
static const struct row rows[] = {
    ROW(open),
    ROW(openat),
    ROW(creat),
    ROW(read),
    ROW(pread64),
    ROW(readv),
    ROW(write),
    ROW(pwrite64),
    ROW(writev),
    ROW(pwritev),
    ROW(pwritev2),
    ROW(fsync),
    ROW(fdatasync),
    ROW(msync),
    ROW(syncfs),
    ROW(ftruncate),
    ROW(fallocate),
    ROW(rename),
    ROW(renameat),
    ROW(renameat2),
    ROW(link),
    ROW(linkat),
    ROW(unlink),
    ROW(unlinkat),
    ROW(mkdir),
    ROW(mkdirat),
    ROW(rmdir),
    ROW(flock),
    ROW(fcntl),
    ROW(mmap),
    ROW(munmap),
    ROW(mremap),
    ROW(mlock),
    ROW(close),
    ROW(stat),
    ROW(fstat),
    ROW(lstat),
    ROW(newfstatat),
    ROW(statx),
    ROW(fstatfs),
    ROW(statfs),
    ROW(lseek),
    ROW(dup),
    ROW(getdents64),
    ROW(readlink),
    ROW(access),
    ROW(faccessat),
    ROW(fchmod),
    ROW(fchmodat),
    ROW(chmod),
    ROW(poll),
    ROW(ppoll),
    ROW(getrandom),
    ROW(sync_file_range),
    ROW(copy_file_range),
    ROW(sendfile),
    ROW(getcwd),
    ROW(pipe2),
    ROW(memfd_create),
};
enum { ROWS = sizeof rows / sizeof rows[0] };

static bool ready;
static bool counts_memory;
static bool stays;
static long fail_at; /* 0: only count */
static int fail_how;
static const char *wanted;
static bool has_failed;
static const char *fail_name; /* once it has happened */
static long counted;
static long clock_shift_s;
static __thread bool inside __attribute__((tls_model("initial-exec")));

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);
void *__libc_memalign(size_t alignment, size_t size);
long faults_system_call(long number, long a, long b, long c, long d, long e, long f);
extern const char faults_system_call_end[];

__asm__(".text\n"
        ".globl faults_system_call\n"
        ".type faults_system_call, @function\n"
        "faults_system_call:\n"
        ".cfi_startproc\n"
        "    mov %rdi, %rax\n"
        "    mov %rsi, %rdi\n"
        "    mov %rdx, %rsi\n"
        "    mov %rcx, %rdx\n"
        "    mov %r8, %r10\n"
        "    mov %r9, %r8\n"
        "    mov 8(%rsp), %r9\n"
        "    syscall\n"
        "    ret\n"
        ".cfi_endproc\n"
        ".globl faults_system_call_end\n"
        "faults_system_call_end:\n");

/* -- counting ------------------------------------------------------------------------------------------- */

/*
 * A number for the place that calls: the innermost return address outside of this file, and the two innermost that
 * belong to the program itself, each counted from where its library begins, so that it is the same in every process.
 */
static uint64_t site(int skip)
{
    void *frames[FRAMES_MAX];
    uint64_t hash = UINT64_C(14695981039346656037);

    const int n = backtrace(frames, FRAMES_MAX);
    Dl_info program = {.dli_fbase = NULL};
    (void)dladdr((const void *)getauxval(AT_ENTRY), &program);
    for (int i = skip, own = 0; i < n && own < OWN_FRAMES; i++) {
        Dl_info library = {.dli_fbase = NULL};
        (void)dladdr(frames[i], &library);
        const bool is_own = library.dli_fbase == program.dli_fbase;
        own += is_own;
        if (is_own || i == skip)
            hash = (hash ^ ((uintptr_t)frames[i] - (uintptr_t)library.dli_fbase)) * UINT64_C(1099511628211);
    }
    return hash;
}

static void tell(long number, const char *name, uint64_t where)
{
    char line[128];

    const int size = snprintf(line, sizeof line, "%ld %s %llx\n", number, name, (unsigned long long)where);
    faults_system_call(SYS_write, LOG_FD, (long)line, size, 0, 0, 0);
}

/* Counts one call, and says whether it is to fail. */
static bool is_the_one(const char *name, int skip)
{
    if (!ready || inside)
        return false;
    inside = true;
    const int error = errno;
    const long number = __atomic_add_fetch(&counted, 1, __ATOMIC_SEQ_CST);
    const bool is_first = fail_at > 0 && number >= fail_at && (!wanted || strcmp(wanted, name) == 0) &&
                          !__atomic_exchange_n(&has_failed, true, __ATOMIC_SEQ_CST);
    if (is_first)
        fail_name = name;
    const bool fails = is_first || (stays && fail_name && strcmp(fail_name, name) == 0);
    if (fail_at == 0 || is_first)
        tell(number, name, site(skip));
    errno = error;
    inside = false;
    return fails;
}

/* -- memory --------------------------------------------------------------------------------------------- */

static bool memory_fails(const char *name)
{
    if (!counts_memory || !is_the_one(name, 3))
        return false;
    errno = ENOMEM;
    return true;
}

void *malloc(size_t size)
{
    return memory_fails("malloc") ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    return memory_fails("calloc") ? NULL : __libc_calloc(count, size);
}

void *realloc(void *old, size_t size)
{
    return memory_fails("realloc") ? NULL : __libc_realloc(old, size);
}

void *memalign(size_t alignment, size_t size)
{
    return memory_fails("memalign") ? NULL : __libc_memalign(alignment, size);
}

void *aligned_alloc(size_t alignment, size_t size)
{
    return memory_fails("aligned_alloc") ? NULL : __libc_memalign(alignment, size);
}

int posix_memalign(void **out, size_t alignment, size_t size)
{
    void *const made = memory_fails("posix_memalign") ? NULL : __libc_memalign(alignment, size);

    if (!made)
        return ENOMEM;
    *out = made;
    return 0;
}

/* -- system calls --------------------------------------------------------------------------------------- */

static const char *name_of(int number)
{
    for (int i = 0; i < ROWS; i++) {
        if (rows[i].number == number)
            return rows[i].name;
    }
    return "unknown";
}

/* Half of the bytes of a row of buffers. */
static long halve_row(long number, const greg_t *r, long a, long d)
{
    struct iovec half[IOV_MAX];
    const struct iovec *const whole = (const struct iovec *)r[REG_RSI];
    const size_t count = (size_t)r[REG_RDX];
    size_t total = 0;
    size_t kept = 0;

    for (size_t i = 0; i < count; i++)
        total += whole[i].iov_len;
    for (size_t left = total > 1 ? total / 2 : total; left > 0; kept++) {
        half[kept] = whole[kept];
        if (half[kept].iov_len > left)
            half[kept].iov_len = left;
        left -= half[kept].iov_len;
    }
    return faults_system_call(number, a, (long)half, (long)kept, d, (long)r[REG_R8], (long)r[REG_R9]);
}

static long carry_out(long number, const greg_t *r)
{
    return faults_system_call(number, (long)r[REG_RDI], (long)r[REG_RSI], (long)r[REG_RDX], (long)r[REG_R10],
                              (long)r[REG_R8], (long)r[REG_R9]);
}

static long fail(long number, const greg_t *r)
{
    const size_t size = (size_t)r[REG_RDX];

    if (fail_how == 0 && (number == SYS_writev || number == SYS_pwritev || number == SYS_readv))
        return halve_row(number, r, (long)r[REG_RDI], (long)r[REG_R10]);
    if (fail_how == 0 && number == SYS_getrandom)
        return faults_system_call(number, (long)r[REG_RDI], (long)r[REG_RSI] / 2, (long)r[REG_RDX], 0, 0, 0);
    if (fail_how == 0)
        return faults_system_call(number, (long)r[REG_RDI], (long)r[REG_RSI],
                                  (long)(size > 1 ? size / 2 : size), (long)r[REG_R10], (long)r[REG_R8],
                                  (long)r[REG_R9]);
    if (number == SYS_close)
        (void)carry_out(number, r);
    return -fail_how;
}

static void on_system_call(int signal_number, siginfo_t *info, void *context)
{
    greg_t *const r = ((ucontext_t *)context)->uc_mcontext.gregs;

    (void)signal_number;
    if (info->si_syscall == SYS_write && r[REG_RDI] == STDERR_FILENO) { /* where the error is told */
        r[REG_RAX] = carry_out(info->si_syscall, r);
        return;
    }
    /* Frames of no interest: site, is_the_one, this one, the kernel's way back. */
    r[REG_RAX] =
        is_the_one(name_of(info->si_syscall), 4) ? fail(info->si_syscall, r) : carry_out(info->si_syscall, r);
}

/* Traps the calls of rows[], but for those that this file makes itself. */
static bool catch_system_calls(void)
{
    const struct sigaction action = {.sa_sigaction = on_system_call, .sa_flags = SA_SIGINFO | SA_NODEFER};
    const uint64_t from = (uintptr_t)faults_system_call;
    const uint64_t to = (uintptr_t)faults_system_call_end;
    struct sock_filter code[ROWS + 12];
    unsigned short n = 0;

    code[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
    for (unsigned i = 0; i < ROWS; i++) /* to the third instruction behind the rows, or on */
        code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)rows[i].number,
                                                 (unsigned char)(ROWS - i), 0);
    code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    code[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
                                             offsetof(struct seccomp_data, instruction_pointer) + 4);
    code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)(from >> 32), 0, 4);
    code[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
                                             offsetof(struct seccomp_data, instruction_pointer));
    code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, (unsigned)from, 0, 2);
    code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, (unsigned)to, 1, 0);
    code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRAP);
    const struct sock_fprog program = {.len = n, .filter = code};
    return sigaction(SIGSYS, &action, NULL) == 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

/* -- the clock ------------------------------------------------------------------------------------------ */

int clock_gettime(clockid_t id, struct timespec *t)
{
    const long rc = faults_system_call(SYS_clock_gettime, id, (long)t, 0, 0, 0, 0);

    if (rc) {
        errno = (int)-rc;
        return -1;
    }
    if (id == CLOCK_REALTIME)
        t->tv_sec += clock_shift_s;
    return 0;
}

/* -- the beginning -------------------------------------------------------------------------------------- */

static long number_of(const char *variable)
{
    const char *const text = getenv(variable);

    return text ? strtol(text, NULL, 10) : 0;
}

__attribute__((constructor)) static void begin(void)
{
    const char *const what = getenv("FAULT_WHAT");
    const char *const log = getenv("FAULT_LOG");

    clock_shift_s = number_of("FAULT_CLOCK");
    if (!what || strcmp(what, "clock") == 0)
        return;
    fail_at = number_of("FAULT_AT");
    fail_how = (int)number_of("FAULT_HOW");
    stays = getenv("FAULT_STAYS") != NULL;
    wanted = getenv("FAULT_NAME");
    (void)site(0); /* the unwinder is loaded now, not at the first call */
    const int fd = log ? open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600) : -1;
    if (fd >= 0) {
        (void)dup3(fd, LOG_FD, O_CLOEXEC);
        (void)close(fd);
    }
    counts_memory = strcmp(what, "memory") == 0;
    if (!counts_memory && !catch_system_calls()) {
        static const char words[] = "faults: seccomp does not let system calls be caught here\n";
        (void)!write(STDERR_FILENO, words, sizeof words - 1);
        _exit(CANNOT);
    }
    ready = true;
}
