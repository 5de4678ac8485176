#include "cli/cli.h"

#include "ledger/build.h"
#include "ledger/entry.h"

enum err_code cmd_version(struct cli *cli, struct err *err)
{
    bool json = false;
    const struct cli_option options[] = {{.name = "json", .flag = &json}};
    char build[256];
    const enum err_code rc = cli_options(cli, options, 1, NULL, 0, NULL, err);

    if (rc)
        return rc;
    build_describe(build, sizeof build);
    if (json)
        printf("{\"program\":\"ledger\",\"version\":\"%s\",\"build\":\"%s\",\"entry_format\":%d}\n",
               BUILD_VERSION, build, ENTRY_FORMAT_VERSION);
    else
        printf("%s\n%s\nentry format %d\n", BUILD_PROGRAM, build, ENTRY_FORMAT_VERSION);
    return ERR_OK;
}
