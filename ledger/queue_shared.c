#include "ledger/queue_shared.h"

#include "ledger/journal_state.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define MAGIC "ledger queue 5\n"

_Static_assert(sizeof(struct queue_order) ==
                   QUEUE_TICKET_SIZE + 8 + 4 * 4 + 2 * QUEUE_ENTRIES_MAX + QUEUE_BYTES_MAX,
               "an order has no padding");
_Static_assert(sizeof(struct queue_intent) == QUEUE_TICKET_SIZE + 2 * 8, "an intent has no padding");
_Static_assert(sizeof(struct queue_answer) == QUEUE_TICKET_SIZE + 5 * 8 + HASH_SIZE + QUEUE_TEXT_MAX,
               "an answer has no padding");
_Static_assert(sizeof(struct queue_round) == 24 + (QUEUE_SLOTS + 1) * QUEUE_TICKET_SIZE,
               "a round has no padding");
_Static_assert(ERR_TEXT_SIZE <= QUEUE_TEXT_MAX, "an answer holds an error's words");

/* -- MACs ------------------------------------------------------------------------------------------------ */

/* Ed25519 signs the same bytes the same way every time, so a signature serves as the secret that a key is made of;
 * its label holds a space, as no seal does. */
enum err_code queue_key_new(const struct journal *j, struct queue_key **k, struct err *err)
{
    static const char label[] = "ledger queue v1";
    struct queue_key *const made = calloc(1, sizeof *made);
    uint8_t secret[VAULT_SIGNATURE_SIZE];
    char name[JOURNAL_KEY_NAME_SIZE];

    if (made)
        made->bytes = sodium_malloc(QUEUE_MAC_SIZE);
    if (!made || !made->bytes) {
        free(made);
        return err_set(err, ERR_MEMORY, "out of guarded memory");
    }
    made->epochs = j->epochs.count;
    made->users = 1;
    journal_key_name(name, made->epochs - 1);
    const enum err_code rc = vault_sign(j->vault, name, label, sizeof label - 1, secret, err);
    if (rc) {
        queue_key_release(made);
        return rc;
    }
    crypto_generichash(made->bytes, QUEUE_MAC_SIZE, secret, sizeof secret, (const uint8_t *)label,
                       sizeof label - 1);
    sodium_memzero(secret, sizeof secret);
    *k = made;
    return ERR_OK;
}

void queue_key_release(struct queue_key *k)
{
    if (!k || atomic_fetch_sub(&k->users, 1) > 1)
        return;
    sodium_free(k->bytes);
    free(k);
}

struct part {
    const void *bytes;
    size_t size;
};

/* `what` keeps the kinds of words apart. */
static void sign(const struct queue_key *k, uint8_t what, const struct part parts[3],
                 uint8_t mac[QUEUE_MAC_SIZE])
{
    crypto_generichash_state state;

    crypto_generichash_init(&state, k->bytes, QUEUE_MAC_SIZE, QUEUE_MAC_SIZE);
    crypto_generichash_update(&state, &what, 1);
    for (unsigned i = 0; i < 3; i++)
        crypto_generichash_update(&state, parts[i].bytes, parts[i].size);
    crypto_generichash_final(&state, mac, QUEUE_MAC_SIZE);
}

void queue_sign_order(const struct queue_key *k, const struct queue_order *o, uint8_t mac[QUEUE_MAC_SIZE])
{
    const struct part parts[3] = {{o, offsetof(struct queue_order, sizes)},
                                  {o->sizes, o->count * sizeof o->sizes[0]},
                                  {o->bytes, o->size}};

    sign(k, 'O', parts, mac);
}

bool queue_check_order(const struct queue_key *k, const struct queue_order *o,
                       const uint8_t mac[QUEUE_MAC_SIZE])
{
    uint8_t expected[QUEUE_MAC_SIZE];
    size_t total = 0;

    if (o->count == 0 || o->count > QUEUE_ENTRIES_MAX || o->size > QUEUE_BYTES_MAX)
        return false;
    for (uint32_t i = 0; i < o->count; i++) {
        if (o->sizes[i] < ENTRY_HEADER_SIZE)
            return false;
        total += o->sizes[i];
    }
    if (total != o->size)
        return false;
    queue_sign_order(k, o, expected);
    return sodium_memcmp(expected, mac, sizeof expected) == 0;
}

void queue_sign_intent(const struct queue_key *k, const struct queue_intent *i, uint8_t mac[QUEUE_MAC_SIZE])
{
    const struct part parts[3] = {{i, sizeof *i}, {i, 0}, {i, 0}};

    sign(k, 'I', parts, mac);
}

bool queue_check_intent(const struct queue_key *k, const struct queue_intent *i,
                        const uint8_t mac[QUEUE_MAC_SIZE])
{
    uint8_t expected[QUEUE_MAC_SIZE];

    queue_sign_intent(k, i, expected);
    return sodium_memcmp(expected, mac, sizeof expected) == 0;
}

void queue_sign_answer(const struct queue_key *k, const struct queue_answer *a, uint8_t mac[QUEUE_MAC_SIZE])
{
    const struct part parts[3] = {{a, offsetof(struct queue_answer, text)}, {a->text, a->text_size}, {a, 0}};

    sign(k, 'A', parts, mac);
}

bool queue_check_answer(const struct queue_key *k, const struct queue_answer *a,
                        const uint8_t mac[QUEUE_MAC_SIZE])
{
    uint8_t expected[QUEUE_MAC_SIZE];

    if (a->text_size > QUEUE_TEXT_MAX)
        return false;
    queue_sign_answer(k, a, expected);
    return sodium_memcmp(expected, mac, sizeof expected) == 0;
}

void queue_sign_round(const struct queue_key *k, const struct queue_round *r, uint8_t mac[QUEUE_MAC_SIZE])
{
    const struct part parts[3] = {
        {r, offsetof(struct queue_round, tickets)}, {r->tickets, r->count * QUEUE_TICKET_SIZE}, {r, 0}};

    sign(k, 'R', parts, mac);
}

bool queue_check_round(const struct queue_key *k, const struct queue_round *r,
                       const uint8_t mac[QUEUE_MAC_SIZE])
{
    uint8_t expected[QUEUE_MAC_SIZE];

    if (r->count > QUEUE_SLOTS + 1)
        return false;
    queue_sign_round(k, r, expected);
    return sodium_memcmp(expected, mac, sizeof expected) == 0;
}

/* -- the file -------------------------------------------------------------------------------------------- */

static enum err_code failed(const char *dir, const char *doing, struct err *err)
{
    return err_set(err, ERR_IO, "%s: cannot %s " QUEUE_FILE_NAME ": %s", dir, doing, strerror(errno));
}

/* How the file begins. */
struct head {
    char magic[16];
    char boot[QUEUE_BOOT_SIZE];
};

_Static_assert(sizeof(struct head) == offsetof(struct queue_file, leader), "the head of the file");

static void head_init(struct head *h)
{
    memset(h, 0, sizeof *h);
    memcpy(h->magic, MAGIC, sizeof MAGIC);
    const int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    if (read(fd, h->boot, sizeof h->boot) < 0)
        memset(h->boot, 0, sizeof h->boot);
    close(fd);
}

/* Whole before it has its name. */
static enum err_code make_file(const char *dir, const char *path, const struct head *head, struct err *err)
{
    enum err_code rc = ERR_OK;
    char *temporary = NULL;
    int fd = -1;

    if (asprintf(&temporary, "%s.XXXXXX", path) < 0)
        return err_set(err, ERR_MEMORY, "%s: out of memory", dir);
    fd = mkostemp(temporary, O_CLOEXEC);
    if (fd < 0) {
        rc = failed(dir, "make", err);
        goto out;
    }
    /* All blocks now: a full disk later would be a fault in the middle of a write to the map. */
    errno = posix_fallocate(fd, 0, sizeof(struct queue_file));
    if (errno != 0 || pwrite(fd, head, sizeof *head, 0) != sizeof *head)
        rc = failed(dir, "make", err);
    else if (link(temporary, path) != 0 && errno != EEXIST) /* there by now: another's is as good */
        rc = failed(dir, "make", err);
    unlink(temporary);
    close(fd);
out:
    free(temporary);
    return rc;
}

static enum err_code try_map(const char *dir, const char *path, const struct head *head,
                             struct queue_file **file, bool *is_ours, struct err *err)
{
    enum err_code rc = ERR_OK;
    struct stat st;

    *is_ours = false;
    const int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return errno == ENOENT ? ERR_OK : failed(dir, "open", err);
    if (fstat(fd, &st) != 0) {
        rc = failed(dir, "open", err);
    } else if (S_ISREG(st.st_mode) && st.st_size == sizeof(struct queue_file)) {
        struct queue_file *const mapped =
            mmap(NULL, sizeof *mapped, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        if (mapped == MAP_FAILED) {
            rc = failed(dir, "map", err);
        } else if (memcmp(mapped, head, sizeof *head) == 0) {
            *file = mapped;
            *is_ours = true;
        } else {
            munmap(mapped, sizeof *mapped);
        }
    }
    close(fd);
    return rc;
}

enum err_code queue_map(const char *dir, struct queue_file **file, struct err *err)
{
    char *const path = journal_path(dir, QUEUE_FILE_NAME);
    struct head head;
    bool is_ours = false;

    if (!path)
        return err_set(err, ERR_MEMORY, "%s: out of memory", dir);
    head_init(&head);
    enum err_code rc = try_map(dir, path, &head, file, &is_ours, err);
    if (!rc && !is_ours) {
        (void)unlink(path); /* of another version, from before the machine's start, or nothing */
        rc = make_file(dir, path, &head, err);
        if (!rc)
            rc = try_map(dir, path, &head, file, &is_ours, err);
        if (!rc && !is_ours)
            rc = err_set(err, ERR_IO, "%s: " QUEUE_FILE_NAME " is no file of this program: delete it", dir);
    }
    free(path);
    return rc;
}

void queue_unmap(struct queue_file *file)
{
    if (file)
        munmap(file, sizeof *file);
}

/* -- waiting --------------------------------------------------------------------------------------------- */

void queue_wait(_Atomic uint32_t *word, uint32_t value, unsigned ms)
{
    const struct timespec limit = {ms / 1000, (long)(ms % 1000) * 1000000};

    (void)syscall(SYS_futex, word, FUTEX_WAIT, value, &limit, NULL, 0);
}

void queue_wake_all(_Atomic uint32_t *word)
{
    (void)syscall(SYS_futex, word, FUTEX_WAKE, INT32_MAX, NULL, NULL, 0);
}

/* A process that was killed and not waited for is still listed, with state Z after its name. */
static bool is_zombie(uint32_t process)
{
    char path[64];
    char line[512];

    snprintf(path, sizeof path, "/proc/%u/stat", process);
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    const ssize_t size = read(fd, line, sizeof line - 1);
    close(fd);
    line[size > 0 ? size : 0] = '\0';
    const char *const name_end = strrchr(line, ')');
    return name_end && strncmp(name_end, ") Z", 3) == 0;
}

bool queue_process_exists(uint32_t process)
{
    if (process == 0 || process > INT32_MAX)
        return false;
    return kill((pid_t)process, 0) == 0 || errno != ESRCH;
}

bool queue_process_lives(uint32_t process)
{
    return queue_process_exists(process) && !is_zombie(process);
}
