#include "cli/person.h"

#include "gateway/token.h"
#include "ledger/roles.h"
#include "ledger/vault.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define PASSPHRASE_VARIABLE "LEDGER_KEYS_PASSPHRASE_FILE"
#define JOURNAL_FILE_NAME   "journal.mdb"
#define JOURNAL_NAME        "journal" /* as an actor */

struct person {
    struct signer signer;
    struct vault *ring;
    struct token *token;
    char name[VAULT_NAME_MAX + 1];
};

static enum err_code sign_with_ring(void *context, const void *message, size_t size,
                                    uint8_t signature[SIGNER_SIGNATURE_SIZE], struct err *err)
{
    const struct person *const p = context;

    return vault_sign(p->ring, p->name, message, size, signature, err);
}

static enum err_code sign_with_token(void *context, const void *message, size_t size,
                                     uint8_t signature[SIGNER_SIGNATURE_SIZE], struct err *err)
{
    const struct person *const p = context;

    return token_sign(p->token, message, size, signature, err);
}

static enum err_code check_options(const struct person_options *o, struct err *err)
{
    if (o->keys && o->pkcs11)
        return err_set(err, ERR_USAGE, "--keys and --pkcs11: the key is in one of them");
    if (o->keys_passphrase_file && !o->keys)
        return err_set(err, ERR_USAGE, "--keys-passphrase-file goes with --keys DIR");
    if (o->pin_file && !o->pkcs11)
        return err_set(err, ERR_USAGE, "--pin-file goes with --pkcs11 URI");
    return ERR_OK;
}

/* -- the ring --------------------------------------------------------------------------------------------- */

static bool has_file(const char *dir, const char *name)
{
    char path[4096];
    struct stat found;

    const int used = snprintf(path, sizeof path, "%s/%s", dir, name);
    return used > 0 && (size_t)used < sizeof path && lstat(path, &found) == 0;
}

static enum err_code ask_ring(const struct person_options *o, bool confirm, struct secret **passphrase,
                              struct err *err)
{
    const char *const variable = getenv(PASSPHRASE_VARIABLE);
    const char *const file = o->keys_passphrase_file ? o->keys_passphrase_file : variable;
    char prompt[256];

    snprintf(prompt, sizeof prompt, "Passphrase of the keys in %.200s: ", o->keys);
    if (file && *file)
        return secret_from_passphrase_file(passphrase, file, err);
    return secret_from_terminal_or(passphrase, prompt, confirm, "the passphrase of a person's keys",
                                   "--keys-passphrase-file or $" PASSPHRASE_VARIABLE, err);
}

static enum err_code open_ring(struct person *p, const struct person_options *o, struct err *err)
{
    struct secret *passphrase = NULL;

    if (!has_file(o->keys, VAULT_FILE_NAME))
        return err_set(err, ERR_NOT_FOUND, "%s: no keys are there; to make one: ledger key new %s --keys %s",
                       o->keys, p->name, o->keys);
    enum err_code rc = ask_ring(o, false, &passphrase, err);
    if (!rc)
        rc = vault_open(&p->ring, o->keys, passphrase, err);
    secret_free(passphrase);
    return rc;
}

static enum err_code make_ring(struct person *p, const struct person_options *o, struct err *err)
{
    struct secret *passphrase = NULL;

    if (has_file(o->keys, JOURNAL_FILE_NAME))
        return err_set(err, ERR_INPUT,
                       "%s is a journal, whose vault is no place for a person's key: name another directory",
                       o->keys);
    if (has_file(o->keys, VAULT_FILE_NAME))
        return open_ring(p, o, err);
    enum err_code rc = ask_ring(o, true, &passphrase, err);
    if (!rc && mkdir(o->keys, 0700) != 0 && errno != EEXIST)
        rc = err_set(err, ERR_IO, "%s: %s", o->keys, strerror(errno));
    if (!rc)
        rc = vault_create(&p->ring, o->keys, passphrase, NULL, err);
    if (rc == ERR_EXISTS) /* another has made it meanwhile */
        rc = vault_open(&p->ring, o->keys, passphrase, err);
    secret_free(passphrase);
    return rc;
}

static enum err_code check_ring(const struct person *p, const struct person_options *o, struct err *err)
{
    return vault_find(p->ring, p->name)
               ? ERR_OK
               : err_set(err, ERR_NOT_FOUND,
                         "%s: no key of \"%s\" is there; to make one: ledger key new %s --keys %s", o->keys,
                         p->name, p->name, o->keys);
}

/* -- the token -------------------------------------------------------------------------------------------- */

static enum err_code open_token(struct person *p, const struct person_options *o, struct err *err)
{
    struct secret *pin = NULL;
    char prompt[256];

    snprintf(prompt, sizeof prompt, "PIN of %.100s's token: ", p->name);
    enum err_code rc =
        o->pin_file ? secret_from_passphrase_file(&pin, o->pin_file, err)
                    : secret_from_terminal_or(&pin, prompt, false, "the token's PIN", "--pin-file", err);
    if (!rc)
        rc = token_open(&p->token, o->pkcs11, pin, err);
    secret_free(pin);
    return rc;
}

/* -- both ------------------------------------------------------------------------------------------------- */

static enum err_code person_new(struct person **p, const struct person_options *o, const char *name,
                                struct err *err)
{
    enum err_code rc = check_options(o, err);

    if (!rc && (strlen(name) == 0 || strlen(name) > VAULT_NAME_MAX))
        rc = err_set(err, ERR_INPUT, "a name has 1 to %d bytes", VAULT_NAME_MAX);
    if (rc)
        return rc;
    *p = calloc(1, sizeof **p);
    if (!*p)
        return err_set(err, ERR_MEMORY, "out of memory");
    memcpy((*p)->name, name, strlen(name));
    (*p)->signer = (struct signer){o->pkcs11 ? sign_with_token : sign_with_ring, *p};
    return ERR_OK;
}

enum err_code person_open(struct person **p, const struct person_options *o, const char *name,
                          struct err *err)
{
    struct person *opened = NULL;

    *p = NULL;
    enum err_code rc = person_new(&opened, o, name, err);
    if (!rc && o->pkcs11)
        rc = open_token(opened, o, err);
    else if (!rc && o->keys)
        rc = open_ring(opened, o, err);
    if (!rc && o->keys)
        rc = check_ring(opened, o, err);
    if (!rc && (o->keys || o->pkcs11))
        *p = opened;
    else
        person_close(opened);
    return rc;
}

void person_close(struct person *p)
{
    if (!p)
        return;
    vault_close(p->ring);
    token_close(p->token);
    free(p);
}

const struct signer *person_signer(const struct person *p)
{
    return p ? &p->signer : NULL;
}

static enum err_code read_key(const struct person *p, struct note_key *key, struct err *err)
{
    uint8_t bytes[VAULT_PUBLIC_KEY_SIZE];
    enum err_code rc =
        p->token ? token_public_key(p->token, bytes, err) : vault_public_key(p->ring, p->name, bytes, err);

    return rc ? rc : note_key_init(key, p->name, strlen(p->name), NOTE_KEY_ED25519, bytes, err);
}

static enum err_code check_given(const struct person_options *o, struct err *err)
{
    return o->keys || o->pkcs11
               ? ERR_OK
               : err_set(err, ERR_USAGE, "where the key is to be: --keys DIR, or --pkcs11 URI");
}

/* Of an actor, in any journal, and of a verifier key. */
static enum err_code check_name(const char *name, struct err *err)
{
    const size_t size = strlen(name);

    if (size == 0 || size > ID_MAX)
        return err_set(err, ERR_INPUT, "an actor's name has 1 to %d characters", ID_MAX);
    for (size_t i = 0; i < size; i++) {
        if (name[i] <= 0x20 || name[i] >= 0x7f || name[i] == '+')
            return err_set(err, ERR_INPUT,
                           "an actor's name has visible ASCII characters only, no space and no \"+\"");
    }
    if (strcmp(name, JOURNAL_NAME) == 0)
        return err_set(err, ERR_INPUT, "\"" JOURNAL_NAME "\" is the journal's own name, and nobody else's");
    return ERR_OK;
}

enum err_code person_make(const struct person_options *o, const char *name, struct note_key *key,
                          struct err *err)
{
    struct person *p = NULL;
    enum err_code rc = check_given(o, err);

    if (!rc)
        rc = check_name(name, err);
    if (!rc)
        rc = person_new(&p, o, name, err);
    if (!rc)
        rc = o->pkcs11 ? open_token(p, o, err) : make_ring(p, o, err);
    if (!rc)
        rc = o->pkcs11 ? token_make_key(p->token, err) : vault_add(p->ring, name, NULL, err);
    if (!rc)
        rc = read_key(p, key, err);
    person_close(p);
    return rc;
}

enum err_code person_key(const struct person_options *o, const char *name, struct note_key *key,
                         struct err *err)
{
    struct person *p = NULL;
    enum err_code rc = check_given(o, err);

    if (!rc)
        rc = person_open(&p, o, name, err);
    if (!rc)
        rc = read_key(p, key, err);
    person_close(p);
    return rc;
}

/* Where there is an owner, a person's key in the journal's own vault would be anybody's who has the passphrase. */
static enum err_code check_vault(const struct journal *j, const char *name, struct err *err)
{
    const struct actors *const actors = journal_actors(j);
    uint32_t id = 0;

    if (!actors->is_owned)
        return ERR_OK;
    if (actors_id(actors, name, strlen(name), &id, err))
        return err_wrap(
            err, "this journal has an owner: --actor NAME says who signs, and --keys DIR with which key");
    const struct actor_row *const row = actors_find(actors, id);
    if (!row || !role_is_person(row->role))
        return ERR_OK;
    return err_set(err, ERR_KEY,
                   "this journal has an owner, so %s signs with a key that is not in its vault: --keys DIR "
                   "or --pkcs11 URI "
                   "(ledger help sign); an owner gives %s such a key with ledger key renew",
                   name, name);
}

enum err_code person_desk_open(struct person_desk *d, struct cli *cli, const struct person_options *o,
                               const char *name, struct err *err)
{
    enum err_code rc =
        cli_open_locked(cli, &d->journal, err); /* a copy is said to be one before anybody is asked */

    if (!rc && name)
        rc = person_open(&d->person, o, name, err);
    if (!rc)
        rc = cli_unlock(cli, d->journal, err);
    if (!rc && name && !d->person)
        rc = check_vault(d->journal, name, err);
    if (!rc)
        rc = desk_init(&d->desk, d->journal, NULL, NULL, err);
    d->desk.signer = person_signer(d->person);
    cli_put_remark(d->desk.book.snapshots.remark);
    return rc;
}

void person_desk_close(struct person_desk *d)
{
    desk_release(&d->desk);
    journal_close(d->journal);
    person_close(d->person);
}
