/* ledger nightly: the compliance pack of a trading day. */
#include "cli/cli.h"

#include "reports/nightly.h"

#include <stdlib.h>
#include <string.h>

static void put_result(const struct cli *cli, const struct manifest *m, const char *out)
{
    char day[INSTANT_TEXT_SIZE];

    civil_format(day, m->scope.day);
    printf("%s%s%s  pack of %s: %zu files, entries 1 to %llu, of them %llu of the day (%llu to %llu)\n",
           cli_bold(stdout), out, cli_plain(stdout), day, m->file_count + 1,
           (unsigned long long)m->scope.seal.size, (unsigned long long)m->scope.entries,
           (unsigned long long)m->scope.first_seq, (unsigned long long)m->scope.last_seq);
    for (size_t i = 0; i < m->file_count; i++)
        printf("  %-20s %10llu bytes\n", m->files[i].name, (unsigned long long)m->files[i].size);
    printf("  %-20s signed by %s\n", MANIFEST_NAME, m->vkey);
    fprintf(stderr, "check it with: ledger -C %s report verify %s\n", cli->dir, out);
}

enum err_code cmd_nightly(struct cli *cli, struct err *err)
{
    const char *date = NULL;
    struct nightly_options options = {.day = CIVIL_DAY_NONE};
    struct cli_progress progress;
    struct journal *j = NULL;
    const struct cli_option arguments[] = {{.name = "date", .value = &date},
                                           {.name = "out", .value = &options.out}};
    struct manifest *const m = malloc(sizeof *m);
    enum err_code rc =
        m ? cli_options(cli, arguments, 2, NULL, 0, NULL, err) : err_set(err, ERR_MEMORY, "out of memory");

    if (!rc && !options.out)
        rc = err_set(err, ERR_USAGE, "nightly: --out says where the pack goes (see: ledger help nightly)");
    if (!rc && date && civil_parse(date, strlen(date), &options.day, NULL))
        rc = err_set(err, ERR_USAGE, "--date: \"%s\" is no date; write 2015-12-24", date);
    cli_guard_reading();
    if (!rc)
        rc = cli_verify_first(cli, NULL, err); /* nothing is signed that is not what was sealed */
    if (!rc)
        rc = cli_open_to_write(cli, &j, err);
    cli_progress_init(&progress, "nightly");
    options.progress = cli_progress_draw;
    options.context = &progress;
    cli_guard_pack();
    if (!rc)
        rc = nightly_write(j, &options, m, err);
    cli_progress_end(&progress);
    if (!rc)
        put_result(cli, m, options.out);
    journal_close(j);
    free(m);
    return rc;
}
