/* The words of ledger key, one file each where they are long. */
#ifndef CLI_KEY_H
#define CLI_KEY_H

#include "cli/cli.h"
#include "cli/person.h"

struct key_options {
    const char *name; /* behind the word; or NULL */
    bool json;
    const char *reason;
    const char *age;
    const char *fresh; /* a file: the new passphrase */
    const char *owner;
    const char *statement; /* a file */
    const char *signature; /* a file */
    const char *actor;     /* who signs */
    const char *key;       /* a vkey */
    struct person_options person;
};

/* The journal's keys, oldest first; with a passphrase at hand also whether the vault holds their secrets. */
MUST_USE enum err_code key_list(struct cli *cli, const struct key_options *o, struct err *err);
/* An owner puts another key in the place of one that is lost: in two calls, one before they sign, one after. */
MUST_USE enum err_code key_recover(struct cli *cli, const struct key_options *o, struct err *err);

/* Persons' keys. A new one in a ring or a token, and its public half, or that of one which is there. */
MUST_USE enum err_code key_new(struct cli *cli, const struct key_options *o, struct err *err);
MUST_USE enum err_code key_show(struct cli *cli, const struct key_options *o, struct err *err);
/* What an owner says of another's key, or a person of their own. */
MUST_USE enum err_code key_revoke(struct cli *cli, const struct key_options *o, struct err *err);
MUST_USE enum err_code key_renew(struct cli *cli, const struct key_options *o, struct err *err);

#endif
