/* Opening the journal for a command. */
#include "cli/cli.h"

#include "audit/verify.h"
#include "ledger/file.h"
#include "ledger/vault.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void cli_remark_origin(const char *origin)
{
    if (journal_is_hypothetical(origin))
        fprintf(stderr, "%sHYPOTHETICAL%s: %s was computed by a what-if, not lived\n", cli_red(stderr),
                cli_plain(stderr), origin);
}

static enum err_code open_with(const struct journal_options *options, struct journal **j, struct err *err)
{
    const enum err_code rc = journal_open(options, j, err);

    if (!rc)
        cli_remark_origin(journal_origin(*j));
    return rc;
}

void cli_json_origin(struct json_out *out, const struct journal *j)
{
    if (!journal_is_hypothetical(journal_origin(j)))
        return;
    json_out_key(out, "hypothetical");
    json_out_bool(out, true);
    json_out_key(out, "origin");
    json_out_text(out, journal_origin(j));
}

enum err_code cli_open(struct cli *cli, bool read_only, struct journal **j, struct err *err)
{
    const struct journal_options options = {
        .dir = cli->dir, .read_only = read_only, .checks_entries = read_only};

    return open_with(&options, j, err);
}

enum err_code cli_open_as_it_is(struct cli *cli, struct journal **j, struct err *err)
{
    const struct journal_options options = {.dir = cli->dir, .read_only = true};

    return open_with(&options, j, err);
}

enum err_code cli_passphrase(struct cli *cli, bool confirm, struct secret **passphrase, struct err *err)
{
    return secret_passphrase(passphrase, cli->passphrase_file, confirm, err);
}

enum err_code cli_open_locked(struct cli *cli, struct journal **j, struct err *err)
{
    struct journal *opened = NULL;
    enum err_code rc = cli_open(cli, false, &opened, err);

    if (!rc)
        rc = journal_check_lived(opened, err);
    if (!rc)
        rc = vault_check(cli->dir, err);
    if (rc) {
        journal_close(opened);
        return rc;
    }
    *j = opened;
    return ERR_OK;
}

enum err_code cli_unlock(struct cli *cli, struct journal *j, struct err *err)
{
    struct secret *passphrase = NULL;
    enum err_code rc = cli_passphrase(cli, false, &passphrase, err);

    if (!rc)
        rc = journal_unlock(j, passphrase, err);
    secret_free(passphrase);
    return rc;
}

enum err_code cli_open_to_write(struct cli *cli, struct journal **j, struct err *err)
{
    struct journal *opened = NULL;
    enum err_code rc = cli_open_locked(cli, &opened, err);

    if (!rc)
        rc = cli_unlock(cli, opened, err);
    if (rc) {
        journal_close(opened);
        return rc;
    }
    *j = opened;
    return ERR_OK;
}

/* A hardened process may not open /dev/stdin by name, so it is taken for what it means. */
bool cli_is_stdin(const char *path)
{
    return strcmp(path, "-") == 0 || strcmp(path, "/dev/stdin") == 0;
}

enum err_code cli_read_file(const char *path, size_t max, char **bytes, size_t *size, struct err *err)
{
    const bool is_stdin = cli_is_stdin(path);
    const int fd = is_stdin ? STDIN_FILENO : file_open(path, O_RDONLY | O_CLOEXEC, 0);
    char *buffer = NULL;
    size_t used = 0;
    enum err_code rc = ERR_OK;

    if (fd < 0)
        return err_set(err, ERR_INPUT, "%s: %s", path, strerror(errno));
    buffer = malloc(max + 2);
    if (!buffer)
        rc = err_set(err, ERR_MEMORY, "%s: out of memory", path);
    while (!rc && used <= max) {
        const ssize_t n = read(fd, buffer + used, max + 1 - used);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            rc = err_set(err, ERR_IO, "%s: %s", path, strerror(errno));
        if (n <= 0)
            break;
        used += (size_t)n;
    }
    if (!rc && used > max)
        rc = err_set(err, ERR_INPUT, "%s: larger than %zu bytes", path, max);
    if (!is_stdin)
        close(fd);
    if (rc) {
        free(buffer);
        return rc;
    }
    buffer[used] = '\0';
    *bytes = buffer;
    *size = used;
    return ERR_OK;
}

enum err_code cli_verify_first(struct cli *cli, const char *vkey, struct err *err)
{
    struct cli_progress progress;
    struct verify_report report;

    cli_progress_init(&progress, "verify");
    const struct verify_options options = {
        .dir = cli->dir, .vkey = vkey, .progress = cli_progress_draw, .progress_arg = &progress};
    const enum err_code rc = verify_journal(&options, &report, err);
    cli_progress_end(&progress);
    return rc ? err_wrap(err, "the journal %s does not verify", cli->dir) : ERR_OK;
}

static volatile sig_atomic_t index_is_open;
static volatile sig_atomic_t pack_is_written;

void cli_guard_index(bool is_open)
{
    index_is_open = is_open;
}

void cli_guard_pack(void)
{
    pack_is_written = true;
}

static void (*volatile restore_terminal)(void);

void cli_guard_terminal(void (*restore)(void))
{
    restore_terminal = restore;
}

static void complain(const char *words, size_t size)
{
    const ssize_t n = write(STDERR_FILENO, words, size);
    (void)n;
}

static void on_fault(int number)
{
    static const char words[] =
        "ledger: could not be checked: the database file is damaged so badly that reading it "
        "failed; restore a copy\n";
    static const char with_index[] =
        "ledger: could not be read: index.mdb or journal.mdb is damaged so badly that reading it failed; "
        "delete index.mdb and try again, and if that does not help, restore a copy\n";
    static const char in_pack[] = "ledger: the pack could not be written: memory has run out in the library "
                                  "that makes the workbook, or "
                                  "the journal, which was good, was damaged meanwhile; no pack was made\n";

    (void)number;
    if (restore_terminal)
        restore_terminal();
    if (pack_is_written)
        complain(in_pack, sizeof in_pack - 1);
    else if (index_is_open)
        complain(with_index, sizeof with_index - 1);
    else
        complain(words, sizeof words - 1);
    _exit(EXIT_COULD_NOT);
}

void cli_guard_reading(void)
{
    signal(SIGSEGV, on_fault);
    signal(SIGBUS, on_fault);
    signal(SIGABRT, on_fault);
    signal(SIGFPE, on_fault);
}
