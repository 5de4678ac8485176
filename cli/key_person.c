#include "cli/key.h"

#include "agent/control.h"

#include <string.h>

/* -- where they lie --------------------------------------------------------------------------------------- */

static enum err_code put_key(const struct note_key *key, bool json, struct err *err)
{
    char vkey[NOTE_VKEY_TEXT_SIZE];
    struct json_out out;

    note_key_format(vkey, key);
    if (!json) {
        printf("%s\n", vkey);
        return ERR_OK;
    }
    json_out_init(&out);
    json_out_object(&out);
    json_out_key(&out, "name");
    json_out_text(&out, key->name);
    json_out_key(&out, "vkey");
    json_out_text(&out, vkey);
    json_out_object_end(&out);
    const enum err_code rc = cli_put_json(&out, err);
    json_out_release(&out);
    return rc;
}

enum err_code key_new(struct cli *cli, const struct key_options *o, struct err *err)
{
    struct note_key key;
    enum err_code rc = person_make(&o->person, o->name, &key, err);

    (void)cli;
    if (!rc)
        rc = put_key(&key, o->json, err);
    if (rc || o->json)
        return rc;
    fprintf(stderr,
            "This line is the public half. A journal knows %s by it from the start (ledger init --person "
            "ROLE=LINE),\n"
            "or once an owner says so (ledger actor add %s --role ROLE --key LINE).\n",
            o->name, o->name);
    return ERR_OK;
}

enum err_code key_show(struct cli *cli, const struct key_options *o, struct err *err)
{
    struct note_key key;
    const enum err_code rc = person_key(&o->person, o->name, &key, err);

    (void)cli;
    return rc ? rc : put_key(&key, o->json, err);
}

/* -- what a journal is told of them ----------------------------------------------------------------------- */

static enum err_code say(struct cli *cli, const struct key_options *o, const struct note_key *key,
                         struct err *err)
{
    struct person_desk s = {.person = NULL};
    enum err_code rc = person_desk_open(&s, cli, &o->person, o->actor, err);

    if (!rc)
        rc = key ? control_renew(&s.desk, o->actor, key, o->reason, cli_now_ns(), err)
                 : control_revoke(&s.desk, o->actor, o->name, o->reason, cli_now_ns(), err);
    if (!rc && o->json)
        printf("{\"seq\":%llu}\n", (unsigned long long)s.desk.group_first);
    else if (!rc)
        printf("%s: entry %llu, signed by %s\n", key ? "renewed" : "revoked",
               (unsigned long long)s.desk.group_first, o->actor);
    person_desk_close(&s);
    return rc;
}

static enum err_code check_said(const struct key_options *o, const char *word, struct err *err)
{
    if (!o->actor)
        return err_set(err, ERR_USAGE, "key: %s --actor NAME is missing: who signs it", word);
    if (!o->reason)
        return err_set(err, ERR_USAGE, "key: %s --reason TEXT is missing: it goes on the record", word);
    return ERR_OK;
}

enum err_code key_revoke(struct cli *cli, const struct key_options *o, struct err *err)
{
    const enum err_code rc = check_said(o, "revoke", err);

    return rc ? rc : say(cli, o, NULL, err);
}

enum err_code key_renew(struct cli *cli, const struct key_options *o, struct err *err)
{
    struct note_key key;
    enum err_code rc = check_said(o, "renew", err);

    if (!rc && !o->key)
        rc = err_set(err, ERR_USAGE, "key: renew --key VKEY is missing: what \"ledger key new\" printed");
    if (!rc && note_key_parse(&key, o->key, strlen(o->key), err))
        rc = err_wrap(err, "--key");
    return rc ? rc : say(cli, o, &key, err);
}
