/* ledger actor: who may write. */
#include "cli/cli.h"
#include "cli/person.h"

#include "agent/control.h"
#include "ledger/roles.h"
#include "ledger/vault.h"

#include <string.h>

/* As its person's own "key show" prints it; "-": it is no sound key. */
static const char *vkey_of(const struct actor_row *row, char vkey[NOTE_VKEY_TEXT_SIZE])
{
    const enum note_key_type type = row->role == ROLE_WITNESS ? NOTE_KEY_COSIGNATURE : NOTE_KEY_ED25519;
    struct note_key key;

    if (note_key_init(&key, row->name.text, row->name.length, type, row->key, NULL))
        return "-";
    note_key_format(vkey, &key);
    return vkey;
}

static enum err_code list_actors(struct cli *cli, bool json, struct err *err)
{
    const char *const *const roles = entry_enum_names(FIELD_ROLE);
    struct journal *j = NULL;
    struct json_out out;
    char vkey[NOTE_VKEY_TEXT_SIZE];
    enum err_code rc = cli_open(cli, true, &j, err);

    if (rc)
        return rc;
    const struct actors *const a = journal_actors(j);
    json_out_init(&out);
    json_out_array(&out);
    for (uint32_t i = 0; i < a->count; i++) {
        if (!json)
            printf("%4u  %-20s %-10s  %s%s\n", i + 1, a->rows[i].name.text, roles[a->rows[i].role],
                   vkey_of(&a->rows[i], vkey), a->revoked_seq[i] ? "  (revoked)" : "");
        json_out_object(&out);
        json_out_key(&out, "id");
        json_out_u64(&out, i + 1);
        json_out_key(&out, "name");
        json_out_text(&out, a->rows[i].name.text);
        json_out_key(&out, "role");
        json_out_text(&out, roles[a->rows[i].role]);
        json_out_key(&out, "key");
        json_out_hex(&out, a->rows[i].key, sizeof a->rows[i].key);
        json_out_key(&out, "vkey");
        json_out_text(&out, vkey_of(&a->rows[i], vkey));
        if (a->revoked_seq[i]) {
            json_out_key(&out, "revoked");
            json_out_u64(&out, a->revoked_seq[i]);
        }
        json_out_object_end(&out);
    }
    json_out_array_end(&out);
    if (json)
        rc = cli_put_json(&out, err);
    json_out_release(&out);
    journal_close(j);
    return rc;
}

struct ask {
    const char *name;
    const char *role;
    const char *vkey;  /* NULL: a key is made */
    const char *actor; /* who signs, or NULL */
    bool json;
    struct person_options person;
};

/* Whose keys are in the vault, when the journal gets its first owner. */
static void put_left(const struct cli *cli, const struct desk *d)
{
    const struct actors *const a = d->book.actors;

    for (uint32_t i = 0; i < a->count; i++) {
        if (role_is_person(a->rows[i].role) && vault_find(journal_vault(d->journal), a->rows[i].name.text))
            fprintf(stderr,
                    "%s's key is in the journal's vault: whoever has its passphrase signs as %s. Give %s a "
                    "key of "
                    "their own (ledger -C %s key renew), or ledger key revoke %s.\n",
                    a->rows[i].name.text, a->rows[i].name.text, a->rows[i].name.text, cli->dir,
                    a->rows[i].name.text);
    }
}

static enum err_code put_added(const struct desk *d, const char *name, struct err *err)
{
    struct json_out out;

    json_out_init(&out);
    json_out_object(&out);
    json_out_key(&out, "id");
    json_out_u64(&out, d->book.actors->count);
    json_out_key(&out, "name");
    json_out_text(&out, name);
    json_out_key(&out, "seq");
    json_out_u64(&out, book_seq(&d->book));
    json_out_object_end(&out);
    const enum err_code rc = cli_put_json(&out, err);
    json_out_release(&out);
    return rc;
}

static enum err_code add_actor(struct cli *cli, const struct ask *a, struct err *err)
{
    struct person_desk s = {.person = NULL};
    struct note_key key;
    enum err_code rc = a->vkey ? note_key_parse(&key, a->vkey, strlen(a->vkey), err) : ERR_OK;

    if (rc)
        return err_wrap(err, "--key");
    rc = person_desk_open(&s, cli, &a->person, a->actor, err);
    const bool was_owned = !rc && s.desk.book.actors->is_owned;
    if (!rc)
        rc = control_add_actor(&s.desk, a->actor, a->name, a->role, a->vkey ? &key : NULL, cli_now_ns(), err);
    if (!rc && a->json)
        rc = put_added(&s.desk, a->name, err);
    else if (!rc)
        printf("actor %u: %s, entry %llu\n", s.desk.book.actors->count, a->name,
               (unsigned long long)book_seq(&s.desk.book));
    if (!rc && !was_owned && s.desk.book.actors->is_owned)
        put_left(cli, &s.desk);
    person_desk_close(&s);
    return rc;
}

enum err_code cmd_actor(struct cli *cli, struct err *err)
{
    const char *operands[2] = {NULL, NULL};
    struct ask a = {.name = NULL};
    size_t count = 0;
    const struct cli_option options[] = {{.name = "role", .value = &a.role},
                                         {.name = "key", .value = &a.vkey},
                                         {.name = "actor", .value = &a.actor},
                                         {.name = "json", .flag = &a.json},
                                         PERSON_OPTIONS(a.person)};
    const enum err_code rc = cli_options(cli, options, 4 + PERSON_OPTION_COUNT, operands, 2, &count, err);

    if (rc)
        return rc;
    a.name = operands[1];
    if (count == 0 || (count == 1 && strcmp(operands[0], "list") == 0))
        return list_actors(cli, a.json, err);
    if (count == 2 && strcmp(operands[0], "add") == 0 && a.role &&
        (a.actor || !(a.person.keys || a.person.pkcs11)))
        return add_actor(cli, &a, err);
    return err_set(
        err, ERR_USAGE,
        "actor: list, or add NAME --role ROLE [--key VKEY] [--actor OWNER] (see: ledger help actor)");
}
