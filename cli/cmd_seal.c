#include "cli/cli.h"

enum err_code cmd_seal(struct cli *cli, struct err *err)
{
    const char *size_text = NULL;
    const struct cli_option options[] = {{.name = "size", .value = &size_text}};
    struct journal *j = NULL;
    struct journal_reader *r = NULL;
    struct seal seal;
    uint64_t size = 0;
    enum err_code rc = cli_options(cli, options, 1, NULL, 0, NULL, err);

    if (!rc && size_text)
        rc = cli_parse_u64("--size", size_text, &size, err);
    if (!rc)
        rc = cli_open(cli, true, &j, err);
    if (!rc)
        rc = journal_reader_begin(j, &r, err);
    if (!rc)
        rc = journal_reader_seal(r, size ? size : journal_reader_size(r), &seal, err);
    if (!rc)
        fwrite(seal.note, 1, seal.note_size, stdout);
    journal_reader_end(r);
    journal_close(j);
    return rc;
}
