#include "own.h"

#include "load.h"

#include "agent/intake.h"
#include "audit/verify.h"
#include "ledger/clock.h"
#include "ledger/entry_json.h"
#include "ledger/journal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LINE_MAX_SIZE 1024u  /* of a fill as JSON */
#define GROUP_USUAL   10000u /* for the journal that is verified */

static void must(enum err_code rc, const struct err *err)
{
    if (rc)
        raw_die("journal", err->text);
}

static void *allocate(size_t size)
{
    void *const p = malloc(size);

    if (!p)
        raw_die("journal", "out of memory");
    return p;
}

char *own_journal_path(const struct raw_load *load)
{
    char *dir = NULL;

    if (asprintf(&dir, "%s/journal", load->dir) < 0)
        raw_die("path", "out of memory");
    return dir;
}

struct journal *own_journal_open(const char *dir, bool skip_read_back)
{
    const struct journal_options options = {.dir = dir, .skip_read_back = skip_read_back};
    struct secret *passphrase = NULL;
    struct journal *j = NULL;
    struct err err;

    must(secret_new(&passphrase, "bench", 5, &err), &err);
    must(journal_open(&options, &j, &err), &err);
    must(journal_unlock(j, passphrase, &err), &err);
    secret_free(passphrase);
    return j;
}

static void make(const char *dir, const char *guard)
{
    struct actor_rows first = {.count = 3};
    const struct journal_options options = {.dir = dir, .guards = &guard, .guard_count = guard ? 1 : 0};
    struct secret *passphrase = NULL;
    struct err err;

    first.rows[0] = (struct actor_row){.name = id_from("broker:bench"), .role = ROLE_BROKER};
    first.rows[1] = (struct actor_row){.name = id_from("operator"), .role = ROLE_OPERATOR};
    first.rows[2] = (struct actor_row){.name = id_from("compliance"), .role = ROLE_COMPLIANCE};
    must(secret_new(&passphrase, "bench", 5, &err), &err);
    must(journal_create(&options, "bench.example/journal", passphrase, &first, &err), &err);
    secret_free(passphrase);
}

struct journal *own_journal_make(const char *dir)
{
    make(dir, NULL);
    return own_journal_open(dir, false);
}

void own_journal_remove(char *dir)
{
    static const char *const names[] = {"journal.mdb", "journal.mdb-lock", "journal.queue", "vault"};
    char *path = NULL;

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (asprintf(&path, "%s/%s", dir, names[i]) < 0)
            raw_die("path", "out of memory");
        (void)unlink(path);
        free(path);
    }
    if (rmdir(dir) != 0)
        raw_die(dir, strerror(errno));
    free(dir);
}

static uint64_t group_at(const struct raw_load *load, uint64_t first, uint64_t group)
{
    const uint64_t left = load->count - first;

    return left < group ? left : group;
}

/* -- append ---------------------------------------------------------------------------------------------- */

int64_t own_append_to(struct journal *j, const struct raw_load *load, uint64_t group)
{
    struct journal_group *g = NULL;
    struct entry e;
    struct err err;

    load_init(&e);
    const int64_t begin_ns = clock_monotonic_ns();
    for (uint64_t first = 0; first < load->count; first += group) {
        const uint64_t n = group_at(load, first, group);
        must(journal_group_begin(j, &g, &err), &err);
        for (uint64_t i = 0; i < n; i++) {
            load_next(&e, first + i);
            must(journal_group_add(g, &e, &err), &err);
        }
        must(journal_group_commit(g, NULL, &err), &err);
    }
    return clock_monotonic_ns() - begin_ns;
}

static int64_t append(const struct raw_load *load, const char *guard, bool skip_read_back)
{
    char *const dir = own_journal_path(load);
    make(dir, guard);
    struct journal *const j = own_journal_open(dir, skip_read_back);
    const int64_t took_ns = own_append_to(j, load, load->group);

    journal_close(j);
    own_journal_remove(dir);
    return took_ns;
}

int64_t own_append(const struct raw_load *load)
{
    return append(load, NULL, false);
}

int64_t own_append_blind(const struct raw_load *load)
{
    return append(load, NULL, true);
}

int64_t own_append_guarded(const struct raw_load *load)
{
    char *guard = NULL;

    if (asprintf(&guard, "%s/guard", load->dir) < 0)
        raw_die("path", "out of memory");
    const int64_t took_ns = append(load, guard, false);
    (void)unlink(guard);
    free(guard);
    return took_ns;
}

uint64_t own_disk_size(const struct raw_load *load)
{
    char *const dir = own_journal_path(load);
    struct journal *const j = own_journal_make(dir);
    char *path = NULL;
    struct stat st;

    (void)own_append_to(j, load, load->group);
    journal_close(j);
    if (asprintf(&path, "%s/journal.mdb", dir) < 0 || stat(path, &st) != 0)
        raw_die(dir, strerror(errno));
    free(path);
    own_journal_remove(dir);
    return (uint64_t)st.st_blocks * 512;
}

/* -- JSON append ----------------------------------------------------------------------------------------- */

/* The load as JSON Lines. */
static char *make_lines(const struct raw_load *load, const struct actors *actors, size_t *size)
{
    char *const lines = allocate(load->count * LINE_MAX_SIZE); /* what is not touched is not there */
    struct json_out out;
    struct entry e;
    struct err err;

    *size = 0;
    for (uint64_t i = 0; i < load->count; i++) {
        must(entry_decode(load->bytes + i * load->size, load->size, &e, &err), &err);
        json_out_init_fixed(&out, lines + *size, LINE_MAX_SIZE);
        entry_to_json(&e, actors, ENTRY_JSON_DRAFT, &out);
        json_out_line(&out);
        must(json_out_done(&out, &err), &err);
        *size += out.size;
    }
    return lines;
}

struct stage {
    struct entry draft;
    struct json_arena arena;
    uint8_t *bytes;
    uint16_t *sizes;
};

/* Reads n lines, of a fill each, into the stage; returns what follows them. */
static const char *stage_lines(struct stage *s, const struct actors *actors, const char *line,
                               const char *end, uint64_t n)
{
    uint8_t *at = s->bytes;
    struct wire_out out;
    struct err err;

    for (uint64_t i = 0; i < n; i++) {
        const char *const stop = memchr(line, '\n', (size_t)(end - line));
        REQUIRE(stop);
        must(entry_from_json(line, (size_t)(stop - line), actors, 1, &s->arena, &s->draft, &err), &err);
        wire_out_init(&out, at, ENTRY_MAX_SIZE);
        must(entry_encode(&s->draft, &out, &err), &err);
        s->sizes[i] = (uint16_t)wire_out_size(&out);
        at += s->sizes[i];
        line = stop + 1;
    }
    return line;
}

int64_t own_append_json(const struct raw_load *load)
{
    char *const dir = own_journal_path(load);
    struct journal *const j = own_journal_make(dir);
    const struct actors *const actors = journal_actors(j);
    struct intake *const intake = calloc(1, sizeof *intake);
    struct stage *const s = allocate(sizeof *s);
    struct queue_reply reply;
    struct err err;
    size_t size = 0;
    size_t refused = 0;
    char *const lines = make_lines(load, actors, &size);
    const char *line = lines;

    if (!intake)
        raw_die("journal", "out of memory");
    intake->journal = j;
    s->arena = (struct json_arena){.bytes = allocate(JSON_LINE_MAX), .capacity = JSON_LINE_MAX};
    s->bytes = allocate(load->group * load->size + ENTRY_MAX_SIZE);
    s->sizes = allocate(load->group * sizeof *s->sizes);
    const int64_t begin_ns = clock_monotonic_ns();
    for (uint64_t first = 0; first < load->count; first += load->group) {
        const uint64_t n = group_at(load, first, load->group);
        line = stage_lines(s, actors, line, lines + size, n);
        must(intake_group(intake, s->bytes, s->sizes, n, &reply, &refused, &err), &err);
    }
    const int64_t took_ns = clock_monotonic_ns() - begin_ns;
    REQUIRE(reply.seal_size == load->count + 1 && line == lines + size); /* and genesis */
    intake_release(intake);
    free(intake);
    free(s->arena.bytes);
    free(s->bytes);
    free(s->sizes);
    free(s);
    free(lines);
    journal_close(j);
    own_journal_remove(dir);
    return took_ns;
}

/* -- verify ---------------------------------------------------------------------------------------------- */

static int64_t verify(const struct raw_load *load, unsigned threads)
{
    char *const dir = own_journal_path(load);
    struct journal *const j = own_journal_make(dir);
    const struct verify_options options = {.dir = dir, .threads = threads};
    struct verify_report report;
    struct err err;

    (void)own_append_to(j, load, GROUP_USUAL);
    journal_close(j);
    const int64_t begin_ns = clock_monotonic_ns();
    must(verify_journal(&options, &report, &err), &err);
    const int64_t took_ns = clock_monotonic_ns() - begin_ns;
    REQUIRE(report.integrity_ok && report.complete_ok && report.entries == load->count + 1);
    own_journal_remove(dir);
    return took_ns;
}

int64_t own_verify(const struct raw_load *load)
{
    return verify(load, 1);
}

int64_t own_verify_2(const struct raw_load *load)
{
    return verify(load, 2);
}
