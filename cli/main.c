#include "cli/cli.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

/* Where -C and --passphrase-file stand does not matter: they are taken out wherever they are. */
static enum err_code take_globals(struct cli *cli, int *argc, char **argv, struct err *err)
{
    int kept = 1;
    bool seen_separator = false;

    for (int i = 1; i < *argc; i++) {
        const char **value = NULL;
        seen_separator = seen_separator || strcmp(argv[i], "--") == 0;
        if (!seen_separator && strcmp(argv[i], "-C") == 0)
            value = &cli->dir;
        else if (!seen_separator && strcmp(argv[i], "--passphrase-file") == 0)
            value = &cli->passphrase_file;
        if (!seen_separator && strncmp(argv[i], "--passphrase-file=", 18) == 0) {
            cli->passphrase_file = argv[i] + 18;
        } else if (!value) {
            argv[kept++] = argv[i];
        } else if (i + 1 >= *argc || !argv[i + 1][0]) {
            return err_set(err, ERR_USAGE, "%s needs a value (see: ledger help)", argv[i]);
        } else {
            *value = argv[++i];
        }
    }
    *argc = kept;
    return ERR_OK;
}

static const struct command *find_command(const char *name)
{
    for (size_t i = 0; i < command_count; i++) {
        if (strcmp(commands[i].name, name) == 0)
            return &commands[i];
    }
    return NULL;
}

static enum err_code dispatch(struct cli *cli, int argc, char **argv, struct err *err)
{
    static char help[] = "help";
    static char version[] = "version";
    char *const name = argc < 2 || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ? help
                       : strcmp(argv[1], "--version") == 0                                      ? version
                                                                                                : argv[1];

    cli->command = find_command(name);
    if (!cli->command)
        return err_set(err, ERR_USAGE, "\"%s\" is no command; \"ledger help\" lists them", name);
    cli->argc = argc < 2 ? 1 : argc - 1;
    cli->argv = argc < 2 ? argv : argv + 1;
    for (int i = 1; i < cli->argc && strcmp(cli->argv[i], "--") != 0; i++) {
        if (strcmp(cli->argv[i], "--help") == 0 || strcmp(cli->argv[i], "-h") == 0) {
            printf("%s", cli->command->help);
            return ERR_OK;
        }
    }
    return cli->command->run(cli, err);
}

static int exit_code(enum err_code rc)
{
    if (rc == ERR_OK)
        return EXIT_DONE;
    if (rc == ERR_WRONG)
        return EXIT_WRONG;
    return rc == ERR_USAGE ? EXIT_MISUSED : EXIT_COULD_NOT;
}

int main(int argc, char **argv)
{
    struct cli cli = {.dir = NULL};
    struct err err = {.code = ERR_OK};
    enum err_code rc = secret_harden_process(&err);

    signal(SIGXFSZ, SIG_IGN); /* a file at its size limit is an error to be told, as a full disk is */

    if (!rc)
        rc = take_globals(&cli, &argc, argv, &err);
    const char *const by_environment = getenv("LEDGER_DIR");
    cli.dir_is_given = cli.dir || (by_environment && by_environment[0]);
    if (!cli.dir)
        cli.dir = cli.dir_is_given ? by_environment : "./journal";
    if (!rc)
        rc = dispatch(&cli, argc, argv, &err);
    if (rc) {
        fflush(stdout);
        fprintf(stderr, "%sledger:%s %s\n", cli_red(stderr), cli_plain(stderr), err.text);
        return exit_code(rc);
    }
    rc = cli_finish(&err);
    if (rc)
        fprintf(stderr, "ledger: %s\n", err.text);
    return exit_code(rc);
}
