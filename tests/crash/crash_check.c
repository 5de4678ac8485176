/*
 * Walks the log of a recorded run, and at each moment before something becomes durable makes states that a crash could
 * leave, opens them, and judges. How to call it: README.md.
 */
#include "judge_again.h"
#include "states.h"

#include <inttypes.h>
#include <malloc.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define STATE_TIMEOUT_S 60
#define AGAIN_EACH      32 /* states, of which one has its outputs written once more */
#define TWINS_MAX       64 /* so many states in a row that were seen before: the point has no more */

struct options {
    const char *log;
    const char *work;
    const char *source;       /* or NULL: the journal that the recorded outputs were made of */
    const char *leave_out;    /* which sync, as kind_of_sync() names them, is taken not to have happened */
    uint64_t leave_out_which; /* the how manieth; 0: each */
    uint64_t states;
    uint64_t seed;
    unsigned shard;
    unsigned shards;
    bool must_fail;
    bool dump;
    bool is_replay; /* only this point and state */
    uint64_t point;
    uint64_t state;
};

struct check {
    const struct options *options;
    struct log log;
    struct facts facts;
    struct disk disk;
    uint64_t points; /* that the run has */
    uint64_t points_done;
    uint64_t states; /* different ones so far, of all shards */
    uint64_t judged; /* by this one */
    uint64_t left_out;
    uint64_t *seen; /* hashes of this point's states */
    size_t seen_capacity;
    char dir[512];
};

static void stop(const char *what)
{
    fprintf(stderr, "crash_check: %s\n", what);
    exit(2);
}

/* -- a failure ------------------------------------------------------------------------------------------ */

static char current[700]; /* the state that is being judged, for the handler */
static int exit_on_failure = 1;

/* What is damaged may stop the program anywhere. */
static void on_signal(int number)
{
    static const char text[] = "\nit stopped the program that opened it (signal ";
    const char digits[] = {(char)('0' + number / 10), (char)('0' + number % 10), ')', '\n'};

    if (write(STDOUT_FILENO, current, strlen(current)) < 0 ||
        write(STDOUT_FILENO, text, sizeof text - 1) < 0 || write(STDOUT_FILENO, digits, sizeof digits) < 0)
        _exit(2);
    _exit(exit_on_failure);
}

static void catch_signals(void)
{
    static const int numbers[] = {SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGALRM};

    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        signal(numbers[i], on_signal);
}

static void fail(struct check *c, const struct states_plan *p, const struct states_state *s, const char *why)
{
    printf("%s\n%s\nKept in %s. What was not durable there:\n", current, why, c->dir);
    states_describe(s, p, stdout);
    printf("%" PRIu64 " states judged before it\n", c->judged - 1);
    fflush(stdout);
    exit(exit_on_failure);
}

/* -- one point ------------------------------------------------------------------------------------------ */

/* False: seen before. */
static bool is_new(struct check *c, uint64_t hash)
{
    size_t at = hash % c->seen_capacity;

    while (c->seen[at] != 0) {
        if (c->seen[at] == hash)
            return false;
        at = (at + 1) % c->seen_capacity;
    }
    c->seen[at] = hash;
    return true;
}

static void judge(struct check *c, const struct states_plan *p, const struct states_state *s)
{
    const struct options *const o = c->options;
    char why[JUDGE_TEXT] = "";

    snprintf(current, sizeof current, "FAILED: %s: --seed %" PRIu64 " --point %zu --state %" PRIu64, o->log,
             o->seed, p->point, s->number);
    snprintf(c->dir, sizeof c->dir, "%s/crash-%ld-%zu-%" PRIu64, o->work, (long)getpid(), p->point,
             s->number);
    if (mkdir(c->dir, 0700) != 0)
        stop("no folder can be made for a state");
    states_write(s, p, c->dir);
    c->judged++;
    alarm(STATE_TIMEOUT_S);
    bool good = judge_state(&c->facts, c->dir, s->dice, why);
    if (good && o->source && c->judged % AGAIN_EACH == 1)
        good = judge_again(o->source, c->dir, why);
    alarm(0);
    if (!good)
        fail(c, p, s, why);
    judge_remove(c->dir);
}

static void explore(struct check *c, size_t record)
{
    const struct options *const o = c->options;
    struct states_plan p;
    struct states_state s;
    uint64_t made = 0;
    uint64_t twins = 0;

    if (o->is_replay && o->point != record)
        return;
    const uint64_t quota = (o->states - c->states) / (c->points - c->points_done) + 1;
    c->points_done++;
    c->seen_capacity = 4 * quota + 1024;
    c->seen = calloc(c->seen_capacity, sizeof *c->seen);
    if (!c->seen)
        stop("out of memory");
    states_plan_init(&p, &c->disk, o->seed, record);
    for (uint64_t k = o->is_replay ? o->state : 0; made < quota && twins < TWINS_MAX; k++) {
        states_make(&s, &p, k);
        if (is_new(c, s.hash | 1)) {
            if ((made + record) % o->shards == o->shard)
                judge(c, &p, &s);
            made++;
            twins = 0;
        } else {
            twins++;
        }
        states_release(&s);
        if (o->is_replay)
            break;
    }
    states_plan_release(&p);
    free(c->seen);
    c->states += made;
}

/* -- the walk ------------------------------------------------------------------------------------------- */

static bool is_sync(const struct log_record *r)
{
    return r->head.type == RECORD_SYNC || (r->head.type == RECORD_WRITE && r->head.flags & RECORD_DURABLE);
}

/* "data": fdatasync of the journal's file; "meta": its O_DSYNC write; "index": either, of the index; "guard": of a fork guard;
 * "file": fsync of another file; "folder". */
static const char *kind_of_sync(const struct check *c, const struct log_record *r)
{
    const char *const name = c->disk.nodes[disk_find(&c->disk, r->head.node)].name;

    if (strcmp(name, "index.mdb") == 0)
        return "index";
    if (strstr(name, ".guard"))
        return "guard";
    if (r->head.type == RECORD_WRITE)
        return "meta";
    if (r->head.flags & RECORD_DIRECTORY)
        return "folder";
    return strncmp(name, "journal.mdb", 11) == 0 ? "data" : "file";
}

static bool is_left_out(struct check *c, const struct log_record *r)
{
    const struct options *const o = c->options;

    if (!o->leave_out || strcmp(o->leave_out, kind_of_sync(c, r)) != 0)
        return false;
    c->left_out++;
    return o->leave_out_which == 0 || o->leave_out_which == c->left_out;
}

typedef void (*moment_fn)(struct check *c, size_t record);

/* Calls `before` when something is about to become durable, and at the end; `heard` after each mark. */
static void walk(struct check *c, moment_fn before, moment_fn heard)
{
    disk_init(&c->disk, &c->log);
    c->left_out = 0;
    for (size_t i = 0; i < c->log.count; i++) {
        const struct log_record *const r = &c->log.records[i];
        if (r->head.type == RECORD_BAD)
            stop(r->name);
        disk_apply(&c->disk, i);
        if (is_sync(r) && !is_left_out(c, r)) {
            before(c, i);
            disk_settle(&c->disk, i);
        }
        if (r->head.type == RECORD_MARK) {
            facts_hear(&c->facts, r->name);
            heard(c, i);
        }
    }
    before(c, c->log.count);
    disk_release(&c->disk);
}

static void count_point(struct check *c, size_t record)
{
    (void)record;
    c->points++;
}

static void do_nothing(struct check *c, size_t record)
{
    (void)c;
    (void)record;
}

/* Everything that was written, as the run itself saw it, into c->dir. */
static void write_all(struct check *c, size_t record)
{
    struct states_plan p;
    struct states_state s;

    snprintf(c->dir, sizeof c->dir, "%s/learn-%ld", c->options->work, (long)getpid());
    judge_remove(c->dir);
    if (mkdir(c->dir, 0700) != 0)
        stop("no folder can be made to work in");
    states_plan_init(&p, &c->disk, 0, record);
    states_make(&s, &p, 1);
    states_write(&s, &p, c->dir);
    states_release(&s);
    states_plan_release(&p);
}

/* A target has a new version. */
static void learn_version(struct check *c, size_t record)
{
    char path[FACTS_NAME];

    if (sscanf(c->log.records[record].name, "wrote %63s", path) != 1)
        return;
    write_all(c, record);
    for (size_t i = 0; i < c->facts.target_count; i++) {
        struct facts_target *const t = &c->facts.targets[i];
        if (strcmp(t->path, path) == 0 && t->version_count < FACTS_KEYS)
            t->versions[t->version_count++] = judge_content(c->dir, path);
    }
}

/* First what the run came to, then the points, then the states. */
static void check_log(struct check *c)
{
    const struct options *const o = c->options;
    struct options whole = *o;
    char why[JUDGE_TEXT];

    whole.leave_out = NULL;
    c->options = &whole;
    walk(c, do_nothing, learn_version);
    c->options = o;
    disk_init(&c->disk, &c->log);
    for (size_t i = 0; i < c->log.count; i++)
        disk_apply(&c->disk, i);
    write_all(c, c->log.count);
    if (!judge_learn(&c->facts, c->dir, why))
        stop(why);
    judge_remove(c->dir);
    disk_release(&c->disk);
    facts_rewind(&c->facts);
    walk(c, count_point, do_nothing);
    facts_rewind(&c->facts);
    walk(c, explore, do_nothing);
}

static void print_result(const struct check *c)
{
    const struct options *const o = c->options;
    const struct judge_counts *const n = judge_counts_get();

    printf("%s: seed %" PRIu64 ", %zu records, %" PRIu64 " points, %" PRIu64 " states, %" PRIu64
           " judged here: all good\n",
           o->log, o->seed, c->log.count, c->points, c->states, c->judged);
    printf("  whole %" PRIu64 " made %" PRIu64 " made_over %" PRIu64 " queued %" PRIu64 " indexed %" PRIu64
           " reindexed %" PRIu64 " stored %" PRIu64 " guarded %" PRIu64 " old %" PRIu64 " new %" PRIu64 "\n",
           n->whole, n->made, n->made_over, n->queued, n->indexed, n->reindexed, n->stored, n->guarded,
           n->old, n->new);
    if (o->must_fail)
        printf("FAILED: with \"%s\" left out %" PRIu64 " times a bad state was to be found\n",
               o->leave_out ? o->leave_out : "nothing", c->left_out);
}

/* -- arguments ------------------------------------------------------------------------------------------ */

static void usage(void)
{
    stop("usage: crash_check LOG [--states N] [--seed S] [--shard I/N] [--work DIR] [--leave-out KIND[:N]] "
         "[--source JOURNAL] [--must-fail] [--point P --state K] [--dump]");
}

static void parse_leave_out(struct options *o, char *text)
{
    char *const colon = strchr(text, ':');

    if (colon) {
        *colon = '\0';
        o->leave_out_which = strtoull(colon + 1, NULL, 10);
    }
    o->leave_out = text;
}

static void parse(struct options *o, int argc, char **argv)
{
    *o = (struct options){.states = 5000, .seed = 1, .shards = 1, .work = "/dev/shm"};
    for (int i = 1; i < argc; i++) {
        char *const value = i + 1 < argc ? argv[i + 1] : NULL;
        if (strcmp(argv[i], "--must-fail") == 0) {
            o->must_fail = true;
            continue;
        } else if (strcmp(argv[i], "--dump") == 0) {
            o->dump = true;
            continue;
        } else if (strncmp(argv[i], "--", 2) != 0) {
            o->log = argv[i];
            continue;
        }
        if (!value)
            usage();
        if (strcmp(argv[i], "--states") == 0)
            o->states = strtoull(value, NULL, 10);
        else if (strcmp(argv[i], "--seed") == 0)
            o->seed = strtoull(value, NULL, 10);
        else if (strcmp(argv[i], "--work") == 0)
            o->work = value;
        else if (strcmp(argv[i], "--source") == 0)
            o->source = value;
        else if (strcmp(argv[i], "--leave-out") == 0)
            parse_leave_out(o, value);
        else if (strcmp(argv[i], "--point") == 0)
            o->point = strtoull(value, NULL, 10);
        else if (strcmp(argv[i], "--state") == 0)
            o->state = strtoull(value, NULL, 10), o->is_replay = true;
        else if (strcmp(argv[i], "--shard") != 0 || sscanf(value, "%u/%u", &o->shard, &o->shards) != 2)
            usage();
        i++;
    }
    if (!o->log || o->shards == 0 || o->shard >= o->shards)
        usage();
}

int main(int argc, char **argv)
{
    static struct check c;
    struct options o;

    parse(&o, argc, argv);
    mallopt(M_MMAP_THRESHOLD, 64 << 20); /* images come and go: the same memory again and again */
    mallopt(M_TRIM_THRESHOLD, 256 << 20);
    c.options = &o;
    log_load(&c.log, o.log);
    for (size_t i = 0; i < c.log.count && o.dump; i++)
        log_print(&c.log, i);
    if (o.dump)
        return 0;
    exit_on_failure = o.must_fail ? 0 : 1;
    catch_signals();
    check_log(&c);
    print_result(&c);
    facts_release(&c.facts);
    log_release(&c.log);
    return o.must_fail ? 1 : 0;
}
