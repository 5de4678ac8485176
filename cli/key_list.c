#include "cli/key.h"

#include "ledger/vault.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Which of the journal's secrets are here: asked of the vault only if nobody has to be asked for its passphrase. */
static enum err_code open_vault(const struct cli *cli, struct vault **v, struct err *err)
{
    const char *const path =
        cli->passphrase_file ? cli->passphrase_file : secure_getenv(SECRET_PASSPHRASE_VARIABLE);
    struct secret *passphrase = NULL;

    if (!path || !path[0])
        return ERR_OK;
    enum err_code rc = secret_from_passphrase_file(&passphrase, path, err);
    if (!rc)
        rc = vault_open(v, cli->dir, passphrase, err);
    secret_free(passphrase);
    return rc == ERR_NOT_FOUND ? ERR_OK : rc; /* a copy has none, and neither has a journal that lost it */
}

static bool is_here(const struct vault *v, const struct epoch *epoch)
{
    char name[VAULT_NAME_MAX + 1];
    uint8_t key[VAULT_PUBLIC_KEY_SIZE];

    for (size_t i = 0; i < vault_count(v); i++) {
        vault_name(v, i, name);
        if (vault_public_key(v, name, key, NULL) == ERR_OK && memcmp(key, epoch->key, sizeof key) == 0)
            return true;
    }
    return false;
}

/* Who gave it the right to seal. */
static const char *given_by(const struct journal *j, size_t epoch)
{
    const struct epoch *const row = &journal_epochs(j)->rows[epoch];

    if (epoch == 0)
        return "genesis";
    return row->owner ? actors_name(journal_actors(j), row->owner) : "journal";
}

static enum err_code put_text(const struct journal *j, const struct vault *v, struct err *err)
{
    const struct epochs *const epochs = journal_epochs(j);
    enum err_code rc = ERR_OK;

    printf("%5s  %10s  %-20s  %-16s  %-6s  %s\n", "epoch", "entry", "recorded", "by", "secret", "key");
    for (size_t i = 0; i < epochs->count && !rc; i++) {
        const struct epoch *const row = &epochs->rows[i];
        char vkey[NOTE_VKEY_TEXT_SIZE];
        char at[INSTANT_TEXT_SIZE];
        struct note_key key;
        rc = journal_key_of(j, i, &key, err);
        if (rc)
            break;
        note_key_format(vkey, &key);
        instant_format(at, row->recorded_at_ns);
        printf("%5zu  %10" PRIu64 "  %-.19sZ  %-16s  %-6s  %s\n", i, row->entry, at, given_by(j, i),
               !v                ? "?"
               : is_here(v, row) ? "here"
                                 : "-",
               vkey);
    }
    return rc;
}

static enum err_code put_row(const struct journal *j, const struct vault *v, size_t epoch,
                             struct json_out *out, struct err *err)
{
    const struct epoch *const row = &journal_epochs(j)->rows[epoch];
    char vkey[NOTE_VKEY_TEXT_SIZE];
    char at[INSTANT_TEXT_SIZE];
    struct note_key key;
    const enum err_code rc = journal_key_of(j, epoch, &key, err);

    if (rc)
        return rc;
    note_key_format(vkey, &key);
    instant_format(at, row->recorded_at_ns);
    json_out_object(out);
    json_out_key(out, "epoch");
    json_out_u64(out, epoch);
    json_out_key(out, "entry");
    json_out_u64(out, row->entry);
    json_out_key(out, "begins");
    json_out_u64(out, row->begins);
    json_out_key(out, "recorded_at");
    json_out_text(out, at);
    json_out_key(out, "by");
    json_out_text(out, given_by(j, epoch));
    json_out_key(out, "id");
    json_out_hex(out, key.id, sizeof key.id);
    json_out_key(out, "vkey");
    json_out_text(out, vkey);
    if (v) {
        json_out_key(out, "secret_here");
        json_out_bool(out, is_here(v, row));
    }
    json_out_object_end(out);
    return ERR_OK;
}

static enum err_code put_json(const struct journal *j, const struct vault *v, struct err *err)
{
    struct json_out out;
    enum err_code rc = ERR_OK;

    json_out_init(&out);
    json_out_array(&out);
    for (size_t i = 0; i < journal_epochs(j)->count && !rc; i++)
        rc = put_row(j, v, i, &out, err);
    json_out_array_end(&out);
    if (!rc)
        rc = cli_put_json(&out, err);
    json_out_release(&out);
    return rc;
}

enum err_code key_list(struct cli *cli, const struct key_options *o, struct err *err)
{
    struct journal *j = NULL;
    struct vault *v = NULL;
    enum err_code rc = cli_open(cli, true, &j, err);

    if (!rc)
        rc = open_vault(cli, &v, err);
    if (!rc)
        rc = o->json ? put_json(j, v, err) : put_text(j, v, err);
    vault_close(v);
    journal_close(j);
    return rc;
}
