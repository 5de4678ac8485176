#include "bundles.h"

#include "own.h"

#include "audit/bundle.h"
#include "ledger/clock.h"
#include "verifier/verifier.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define GROUP 10000u

static void must(enum err_code rc, const struct err *err)
{
    if (rc)
        raw_die("bundles", err->text);
}

/* Every second entry, from the second on; the others that belong to them are genesis. */
static void make(struct journal *j, const struct raw_load *load, const char *path)
{
    struct journal_reader *r = NULL;
    struct bundle *b = NULL;
    struct err err;

    must(journal_reader_begin(j, &r, &err), &err);
    must(bundle_new(&b, j, r, &err), &err);
    for (uint64_t i = 1; i <= load->count; i++)
        must(bundle_ask(b, 2 * i, &err), &err);
    must(bundle_complete(b, &err), &err);
    must(bundle_write(b, path, "every second entry", NULL, &err), &err);
    bundle_free(b);
    journal_reader_end(r);
}

static int64_t check(const struct raw_load *load, const char *path, const char *vkey)
{
    static struct verifier_report report;
    const struct verifier_options options = {.vkey = vkey};

    const int64_t begin_ns = clock_monotonic_ns();
    verifier_check_file(path, &options, &report);
    const int64_t took_ns = clock_monotonic_ns() - begin_ns;
    if (report.exit != VERIFIER_GOOD)
        raw_die("bundles", report.what);
    if (report.entries != load->count + 1)
        raw_die("bundles", "the bundle has not the entries that were asked for");
    return took_ns;
}

int64_t bundles_check(const struct raw_load *load)
{
    char *const dir = own_journal_path(load);
    struct journal *const j = own_journal_make(dir);
    char *path = NULL;

    if (asprintf(&path, "%s/bundle.zip", load->dir) < 0)
        raw_die("path", "out of memory");
    (void)own_append_to(j, load, GROUP);
    (void)own_append_to(j, load, GROUP);
    make(j, load, path);
    const int64_t took_ns = check(load, path, journal_vkey(j));
    (void)unlink(path);
    free(path);
    journal_close(j);
    own_journal_remove(dir);
    return took_ns;
}
