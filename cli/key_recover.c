#include "cli/key.h"

#include "ledger/file.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define STATEMENT_MAX (ENTRY_MAX_SIZE + NOTE_NAME_MAX + 32)

/* A new file: what stands there already may be the statement that somebody is about to sign. */
static enum err_code write_new(const char *path, const uint8_t *bytes, size_t size, struct err *err)
{
    const int fd = file_open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    bool good = fd >= 0;

    for (size_t done = 0; good && done < size;) {
        const ssize_t n = write(fd, bytes + done, size - done);
        good = n > 0 || (n < 0 && errno == EINTR);
        done += n > 0 ? (size_t)n : 0;
    }
    good = good && file_sync(fd) == 0;
    const int why = errno;
    if (fd >= 0 && file_close(fd) != 0)
        good = false;
    if (good)
        return ERR_OK;
    if (fd >= 0)
        (void)unlink(path);
    return err_set(err, why == EEXIST ? ERR_EXISTS : ERR_IO, "%s: %s", path, strerror(why));
}

static enum err_code begin(struct cli *cli, const struct key_options *o, struct journal *j,
                           const struct secret *passphrase, struct err *err)
{
    uint8_t *statement = NULL;
    size_t size = 0;
    uint32_t owner = 0;

    enum err_code rc = actors_id(journal_actors(j), o->owner, strlen(o->owner), &owner, err);
    if (!rc)
        rc = journal_rekey_begin(j, passphrase, owner, o->reason ? o->reason : "the journal's key is lost",
                                 cli_now_ns(), &statement, &size, err);
    if (!rc)
        rc = write_new(o->statement, statement, size, err);
    free(statement);
    if (rc)
        return rc;
    printf("%s: what %s signs, %zu bytes\n", o->statement, o->owner, size);
    fprintf(
        stderr,
        "The signature is Ed25519 over the whole file, 64 bytes, such as by: openssl pkeyutl -sign -rawin "
        "-inkey KEY -in %s -out SIGNATURE\n"
        "Then: ledger -C %s key recover --statement %s --signature SIGNATURE\n",
        o->statement, cli->dir, o->statement);
    return ERR_OK;
}

static enum err_code finish(const struct key_options *o, struct journal *j, const struct secret *passphrase,
                            struct err *err)
{
    char *statement = NULL;
    char *signature = NULL;
    size_t size = 0;
    size_t signature_size = 0;

    enum err_code rc = cli_read_file(o->statement, STATEMENT_MAX, &statement, &size, err);
    if (!rc)
        rc = cli_read_file(o->signature, ENTRY_SIGNATURE_SIZE, &signature, &signature_size, err);
    if (!rc && signature_size != ENTRY_SIGNATURE_SIZE)
        rc = err_set(err, ERR_INPUT, "%s: a signature has %d bytes, not %zu", o->signature,
                     ENTRY_SIGNATURE_SIZE, signature_size);
    if (!rc)
        rc = journal_rekey_finish(j, passphrase, (const uint8_t *)statement, size, (const uint8_t *)signature,
                                  NULL, err);
    if (!rc) {
        const struct epochs *const epochs = journal_epochs(j);
        printf("key epoch %zu: entry %" PRIu64 ", signed by %s\n", epochs->count - 1,
               epochs_newest(epochs)->entry, actors_name(journal_actors(j), epochs_newest(epochs)->owner));
        fprintf(stderr, "The vault is a new one unless an older one was put back: what else it held, keys of "
                        "actors, is to be made anew.\n");
    }
    free(statement);
    free(signature);
    return rc;
}

enum err_code key_recover(struct cli *cli, const struct key_options *o, struct err *err)
{
    struct secret *passphrase = NULL;
    struct journal *j = NULL;
    enum err_code rc = ERR_OK;

    if (!o->statement || !o->owner == !o->signature)
        return err_set(err, ERR_USAGE,
                       "key: recover --owner NAME --statement FILE writes what is to be signed; "
                       "recover --statement FILE --signature FILE goes on with it");
    if (o->signature && o->reason)
        return err_set(err, ERR_USAGE, "key: --reason goes with --owner: it is a part of what is signed");
    rc = cli_open(cli, false, &j, err);
    if (!rc)
        rc = cli_passphrase(cli, o->owner != NULL, &passphrase, err);
    if (!rc)
        rc = o->signature ? finish(o, j, passphrase, err) : begin(cli, o, j, passphrase, err);
    secret_free(passphrase);
    journal_close(j);
    return rc;
}
