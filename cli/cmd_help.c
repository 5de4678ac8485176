#include "cli/cli.h"

#include <string.h>

static void put_overview(void)
{
    printf("%sledger%s keeps a signed, append-only journal of what a trading desk saw, decided, ordered and "
           "got\n"
           "filled, and trades by it.\n\n"
           "usage: ledger [-C DIR] [--passphrase-file FILE] COMMAND [OPTION...]\n\n"
           "  -C DIR                  the journal's directory (default $LEDGER_DIR, then ./journal)\n"
           "  --passphrase-file FILE  the vault's passphrase (default $LEDGER_PASSPHRASE_FILE, then a "
           "prompt)\n",
           cli_bold(stdout), cli_plain(stdout));
    for (size_t i = 0; i < command_count; i++) {
        if (i == 0 || strcmp(commands[i].group, commands[i - 1].group) != 0)
            printf("\n%s:\n", commands[i].group);
        printf("  %s%-11s%s %s\n", cli_bold(stdout), commands[i].name, cli_plain(stdout),
               commands[i].summary);
    }
    printf("\nexit status: 0 done; 1 checked and found wrong; 2 misused; 3 could not do or check it\n"
           "\"ledger help COMMAND\" shows options and examples. Start with:\n"
           "  ledger -C J init --origin desk.example/alpha\n");
}

enum err_code cmd_help(struct cli *cli, struct err *err)
{
    const char *name = NULL;
    size_t count = 0;
    const enum err_code rc = cli_options(cli, NULL, 0, &name, 1, &count, err);

    if (rc)
        return rc;
    if (count == 0) {
        put_overview();
        return ERR_OK;
    }
    for (size_t i = 0; i < command_count; i++) {
        if (strcmp(commands[i].name, name) == 0) {
            printf("%s", commands[i].help);
            return ERR_OK;
        }
    }
    return err_set(err, ERR_USAGE, "\"%s\" is no command; \"ledger help\" lists them", name);
}
