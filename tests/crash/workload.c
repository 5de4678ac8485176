/*
 * The runs that are recorded: WORKLOAD NAME ROOT [PROGRAM]. Each does its work below ROOT with the library, or with the
 * program, and says in marks (facts.h) what it was promised.
 */
#include "ledger/index.h"
#include "ledger/journal_guard.h"
#include "ledger/queue.h"
#include "ledger/vault.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define PASSPHRASE "correct-horse"
#define ORIGIN     "desk.example/crash"

/* The recorder's, when it is there. */
extern void crash_mark(const char *text) __attribute__((weak));

static const char *root;
static const char *program;

static void mark(const char *word, const char *dir, const char *rest)
{
    char text[256];

    snprintf(text, sizeof text, "%s %s %s", word, dir, rest);
    if (crash_mark)
        crash_mark(text);
}

static void need(enum err_code rc, const char *what, const struct err *err)
{
    if (rc) {
        fprintf(stderr, "%s: %s\n", what, err->text);
        exit(1);
    }
}

static const char *path_of(const char *name)
{
    static char path[4][600];
    static unsigned turn;
    char *const p = path[turn++ % 4];

    snprintf(p, sizeof path[0], "%s/%s", root, name);
    return p;
}

/* -- with the library ----------------------------------------------------------------------------------- */

static struct secret *secret_of(const char *text)
{
    struct secret *s = NULL;
    struct err err = {.code = ERR_OK};

    need(secret_new(&s, text, strlen(text), &err), "secret", &err);
    return s;
}

static void make_guarded(const char *name, uint64_t map_size, const char *const *guards, size_t guard_count)
{
    struct secret *const passphrase = secret_of(PASSPHRASE);
    const struct journal_options options = {
        .dir = path_of(name), .map_size = map_size, .guards = guards, .guard_count = guard_count};
    struct actor_rows first = {.count = guard_count > 0 ? 2 : 1};
    struct err err = {.code = ERR_OK};

    first.rows[0].name = id_from("operator");
    first.rows[0].role = ROLE_OPERATOR;
    first.rows[1].name = id_from("compliance");
    first.rows[1].role = ROLE_COMPLIANCE;
    mark("journal", name, PASSPHRASE);
    need(journal_create(&options, ORIGIN, passphrase, &first, &err), "create", &err);
    mark("made", name, "");
    mark("key", name, "operator");
    secret_free(passphrase);
}

static void make(const char *name, uint64_t map_size)
{
    make_guarded(name, map_size, NULL, 0);
}

static struct journal *open_with(const char *name, uint64_t map_size, const char *passphrase)
{
    const struct journal_options options = {.dir = path_of(name), .map_size = map_size};
    struct secret *const secret = secret_of(passphrase);
    struct journal *j = NULL;
    struct err err = {.code = ERR_OK};

    need(journal_open(&options, &j, &err), "open", &err);
    need(journal_unlock(j, secret, &err), "unlock", &err);
    secret_free(secret);
    return j;
}

static struct entry note(char fill, size_t size)
{
    static char text[60000];
    struct entry e;

    memset(text, fill, size);
    memset(&e, 0, sizeof e);
    e.kind = ENTRY_CONTROL_NOTE;
    e.at_ns = INSTANT_NONE;
    e.as.control_note.text = (struct text){text, (uint16_t)size};
    return e;
}

static struct entry deposit(uint64_t number)
{
    char id[32];
    struct entry e;

    snprintf(id, sizeof id, "d-%llu", (unsigned long long)number);
    memset(&e, 0, sizeof e);
    e.kind = ENTRY_FILL_DEPOSIT;
    e.actor = 1;
    e.at_ns = INSTANT_NONE;
    e.as.fill_deposit.fill_id = id_from(id);
    e.as.fill_deposit.amount = 1000000;
    e.as.fill_deposit.text = text_from("crash");
    return e;
}

/* One group of `count` entries, the first of them a note of `size` bytes, signed by its actor if asked for. */
static void append(const char *name, struct journal *j, unsigned count, size_t size, bool is_signed)
{
    static struct seal seal;
    struct journal_group *g = NULL;
    struct err err = {.code = ERR_OK};
    char text[32];

    need(journal_group_begin(j, &g, &err), "begin", &err);
    struct entry e = note((char)('a' + journal_group_next_seq(g) % 26), size);
    if (is_signed) {
        e.actor = 1;
        e.at_ns = journal_group_recorded_at_ns(g);
        need(journal_sign(j, &e, &err), "sign", &err);
    }
    need(journal_group_add(g, &e, &err), "add", &err);
    for (unsigned i = 1; i < count; i++) {
        e = deposit(journal_group_next_seq(g));
        need(journal_group_add(g, &e, &err), "add", &err);
    }
    need(journal_group_commit(g, &seal, &err), "commit", &err);
    snprintf(text, sizeof text, "%llu", (unsigned long long)seal.size);
    mark("ack", name, text);
}

/* A new actor: first its key, then its entry. */
static void add_actor(const char *name, struct journal *j, int64_t id, const char *actor)
{
    struct journal_group *g = NULL;
    struct err err = {.code = ERR_OK};
    struct entry e;

    memset(&e, 0, sizeof e);
    e.kind = ENTRY_CONTROL_ACTOR;
    e.at_ns = INSTANT_NONE;
    e.as.control_actor.actor_id = id;
    e.as.control_actor.name = id_from(actor);
    e.as.control_actor.role = ROLE_COMPLIANCE;
    need(journal_make_key(j, actor, e.as.control_actor.key.bytes, &err), "key", &err);
    mark("key", name, actor);
    need(journal_group_begin(j, &g, &err), "begin", &err);
    const uint64_t seq = journal_group_next_seq(g);
    need(journal_group_add(g, &e, &err), "add", &err);
    need(journal_group_commit(g, NULL, &err), "commit", &err);
    char text[32];
    snprintf(text, sizeof text, "%llu", (unsigned long long)seq);
    mark("ack", name, text);
}

/* The journal's next key, and the one before it destroyed. */
static void rotate(const char *name, struct journal *j, const char *before)
{
    static struct seal seal;
    struct err err = {.code = ERR_OK};
    char text[32];

    mark("removing", name, before);
    need(journal_rotate_key(j, "each day", 0, &seal, &err), "rotate", &err);
    snprintf(text, sizeof text, "%llu", (unsigned long long)seal.size);
    mark("ack", name, text);
    mark("gone", name, before);
}

static void groups(void)
{
    static const unsigned counts[] = {1, 1, 3, 40, 600, 1, 3, 256, 1, 40, 600, 255, 2, 1};
    struct journal *j = NULL;

    make("J", 0);
    for (unsigned round = 0; round < 2; round++) {
        j = open_with("J", 0, PASSPHRASE);
        for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++)
            append("J", j, counts[i], 1 + (i * 37 + round * 1111) % 3000, i % 4 == 1);
        append("J", j, 2, 60000 - round, false); /* pages that overflow */
        journal_close(j);
    }
}

static void keys(void)
{
    struct secret *const changed = secret_of("battery-staple");
    struct err err = {.code = ERR_OK};
    char name[32];

    (void)mkdir(path_of("J"), 0700); /* a folder that somebody made before */
    make("J", 0);
    struct journal *j = open_with("J", 0, PASSPHRASE);
    for (int i = 0; i < 4; i++) {
        snprintf(name, sizeof name, "person-%d", i);
        add_actor("J", j, 2 + i, name);
        append("J", j, 2, 100, true);
    }
    mark("key", "J", "journal");
    rotate("J", j, "journal");
    append("J", j, 1, 100, true);
    mark("key", "J", "journal#1");
    rotate("J", j, "journal#1");
    mark("key", "J", "journal#2");
    need(vault_add(journal_vault(j), "spare", NULL, &err), "add a key", &err);
    mark("key", "J", "spare");
    mark("removing", "J", "spare");
    need(vault_remove(journal_vault(j), "spare", &err), "remove a key", &err);
    mark("gone", "J", "spare");
    mark("changing", "J", "battery-staple");
    need(vault_change_passphrase(journal_vault(j), changed, &err), "change the passphrase", &err);
    mark("changed", "J", "");
    append("J", j, 3, 100, true);
    journal_close(j);
    j = open_with("J", 0, "battery-staple");
    append("J", j, 1, 10, false);
    journal_close(j);
    secret_free(changed);
}

/* A map so small that it grows while groups are written, and two processes that take turns. */
static void writers(void)
{
    int status = 1;

    make("J", 1);
    for (unsigned i = 0; i < 3; i++) {
        struct journal *const j = open_with("J", 1, PASSPHRASE);
        append("J", j, 500, 5000, false);
        append("J", j, 300, 60000, false);
        journal_close(j);
    }
    const pid_t other = fork();
    struct journal *const j = open_with("J", 1, PASSPHRASE);
    for (unsigned i = 0; i < 12; i++) {
        append("J", j, 1 + i % 3 * 20, 50 + 400 * i, false);
        usleep(300);
    }
    journal_close(j);
    if (other == 0)
        _exit(0);
    if (other < 0 || waitpid(other, &status, 0) != other || status != 0)
        exit(1);
}

/* -- callers that share commits, and what is derived -------------------------------------------------------- */

struct caller {
    pthread_t thread;
    struct queue *queue;
    unsigned number;
};

/* Orders of 1 to 3 entries, each acknowledged when it is durable. */
static void *call(void *context)
{
    const struct caller *const c = context;
    uint8_t bytes[1024];
    uint16_t sizes[3];
    struct err err = {.code = ERR_OK};

    for (unsigned order = 0; order < 8; order++) {
        const size_t count = 1 + (c->number + order) % 3;
        struct queue_reply reply;
        size_t refused = 0;
        size_t size = 0;
        char text[32];
        for (size_t i = 0; i < count; i++) {
            const struct entry e = deposit(c->number * 1000 + order * 10 + i);
            struct wire_out out;
            wire_out_init(&out, bytes + size, sizeof bytes - size);
            need(entry_encode(&e, &out, &err), "encode", &err);
            sizes[i] = (uint16_t)wire_out_size(&out);
            size += sizes[i];
        }
        need(queue_append(c->queue, bytes, sizes, count, &reply, &refused, &err), "queue", &err);
        snprintf(text, sizeof text, "%llu", (unsigned long long)reply.seal_size);
        mark("ack", "J", text);
    }
    return NULL;
}

static void call_all(unsigned first)
{
    struct journal *const j = open_with("J", 0, PASSPHRASE);
    struct caller callers[6];
    struct queue *q = NULL;
    struct err err = {.code = ERR_OK};

    need(queue_open(j, NULL, &q, &err), "open the queue", &err);
    for (unsigned i = 0; i < 6; i++) {
        callers[i] = (struct caller){.queue = q, .number = first + i};
        if (pthread_create(&callers[i].thread, NULL, call, &callers[i]) != 0)
            exit(1);
    }
    for (unsigned i = 0; i < 6; i++)
        pthread_join(callers[i].thread, NULL);
    queue_close(q);
    journal_close(j);
}

/* Two processes, six threads each, that wait for their own entries. */
static void callers(void)
{
    int status = 1;

    make("J", 0);
    const pid_t other = fork();
    call_all(other == 0 ? 10 : 20);
    if (other == 0)
        _exit(0);
    if (other < 0 || waitpid(other, &status, 0) != other || status != 0)
        exit(1);
}

/* The index beside the journal, brought up to date in small steps. */
static void derived(void)
{
    const struct index_options options = {.batch = 64};
    struct index_report report;
    struct err err = {.code = ERR_OK};

    make("J", 0);
    struct journal *const j = open_with("J", 0, PASSPHRASE);
    for (unsigned round = 0; round < 4; round++) {
        struct index *x = NULL;
        append("J", j, 150, 200, false);
        append("J", j, 20, 2000, true);
        need(index_open(j, INDEX_WRITE, &x, &err), "open the index", &err);
        need(index_catch_up(x, &options, &report, &err), "index", &err);
        index_close(x);
    }
    journal_close(j);
}

/* A group that sets the guards. */
static void set_guards(struct journal *j, const char *const *guards, size_t count)
{
    static struct seal seal;
    struct journal_group *g = NULL;
    struct entry e = note('g', 20);
    struct err err = {.code = ERR_OK};
    char text[32];

    need(journal_group_begin(j, &g, &err), "begin", &err);
    need(journal_guards_set(g, guards, count, &err), "set the guards", &err);
    need(journal_group_add(g, &e, &err), "add", &err);
    need(journal_group_commit(g, &seal, &err), "commit", &err);
    snprintf(text, sizeof text, "%llu", (unsigned long long)seal.size);
    mark("ack", "J", text);
}

/* Fork guards beside the journal: each group writes to them before it is sealed. */
static void guarded(void)
{
    static const unsigned counts[] = {1, 2, 40, 1, 300, 1};
    const char *const first[] = {path_of("a.guard")};

    make_guarded("J", 0, first, 1);
    for (unsigned round = 0; round < 3; round++) {
        struct journal *const j = open_with("J", 0, PASSPHRASE);
        for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++)
            append("J", j, counts[i], 1 + (i * 37 + round * 1111) % 3000, i % 4 == 1);
        if (round == 0)
            set_guards(j, (const char *const[]){path_of("a.guard"), path_of("b.guard")}, 2);
        if (round == 1)
            set_guards(j, (const char *const[]){path_of("c.guard")}, 1);
        journal_close(j);
    }
}

/* -- with the program ----------------------------------------------------------------------------------- */

/* Runs it; its standard output goes to a fresh file where the recorder reads along. */
static void run(const char *const *argv)
{
    const char *const said = getenv("CRASH_SAID");
    int status = 1;

    const pid_t child = fork();
    if (child == 0) {
        const int out = open(said ? said : "/dev/null", O_WRONLY | O_CREAT | O_TRUNC, 0600);
        if (out < 0 || dup2(out, STDOUT_FILENO) < 0)
            _exit(126);
        execv(program, (char *const *)(uintptr_t)argv);
        _exit(127);
    }
    if (child < 0 || waitpid(child, &status, 0) != child || status != 0) {
        fprintf(stderr, "%s %s: status %d\n", program, argv[3], status);
        exit(1);
    }
}

static const char *lines_file(unsigned count)
{
    const char *const path = getenv("CRASH_INPUT");
    FILE *const f = fopen(path, "w");

    if (!f)
        exit(1);
    for (unsigned i = 0; i < count; i++)
        fprintf(f, "{\"kind\":\"control.note\",\"body\":{\"text\":\"line %u %0*d\"}}\n", i,
                (int)(i * 7 % 300), 0);
    fclose(f);
    return path;
}

static void init_program(void)
{
    mark("journal", "J", PASSPHRASE);
    run((const char *[]){program, "-C", path_of("J"), "init", "--origin", ORIGIN, NULL});
    mark("made", "J", "");
}

static void commands(void)
{
    static const char *const sizes[] = {"1", "3", "40", "100"};

    init_program();
    mark("appending", "J", "");
    for (unsigned i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        run((const char *[]){program, "-C", path_of("J"), "append", "--group", sizes[i],
                             lines_file(10 + 40 * i), NULL});
    mark("appending", "J",
         ""); /* a run stores states at its end; the next append acknowledges what it wrote */
    run((const char *[]){program, "-C", path_of("J"), "run", "--feed",
                         "synthetic:seed=7,underlying=ACME,date=2026-01-05", "--config",
                         getenv("CRASH_CONFIG"), "--until", "2026-01-05T14:31:00Z", NULL});
    run((const char *[]){program, "-C", path_of("J"), "actor", "add", "feed:one", "--role", "feed", NULL});
    mark("key", "J", "feed:one");
    run((const char *[]){program, "-C", path_of("J"), "append", lines_file(600), NULL});
}

/* What is written whole beside the journal, which lies outside of what is recorded. */
static void outputs(void)
{
    const char *const dir = getenv("CRASH_JOURNAL");
    char copy[32];

    run((const char *[]){program, "-C", dir, "init", "--origin", ORIGIN, NULL});
    run((const char *[]){program, "-C", dir, "run", "--feed",
                         "synthetic:seed=7,underlying=ACME,date=2026-01-05", "--config",
                         getenv("CRASH_CONFIG"), "--until", "2026-01-05T14:33:00Z", NULL});
    for (unsigned i = 0; i < 2; i++) {
        mark("target", "raw", "");
        run((const char *[]){program, "-C", dir, "export", "--raw", path_of("raw"), NULL});
        mark("wrote", "raw", "");
        mark("target", "pack", "");
        run((const char *[]){program, "-C", dir, "nightly", "--date", "2026-01-05", "--out", path_of("pack"),
                             NULL});
        mark("wrote", "pack", "");
        snprintf(copy, sizeof copy, "copy-%u", i);
        mark("target", copy, "");
        run((const char *[]){program, "-C", dir, "backup", path_of(copy), NULL});
        mark("wrote", copy, "");
        run((const char *[]){program, "-C", dir, "append", lines_file(5), NULL});
    }
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*work)(void);
    } rows[] = {{"groups", groups},   {"keys", keys},       {"writers", writers},   {"callers", callers},
                {"derived", derived}, {"guarded", guarded}, {"commands", commands}, {"outputs", outputs}};

    if (argc < 3)
        return 2;
    root = argv[2];
    program = argc > 3 ? argv[3] : NULL;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (strcmp(rows[i].name, argv[1]) == 0) {
            rows[i].work();
            return 0;
        }
    }
    return 2;
}
