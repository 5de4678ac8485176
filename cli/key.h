/* The words of ledger key, one file each where they are long. */
#ifndef CLI_KEY_H
#define CLI_KEY_H

#include "cli/cli.h"

struct key_options {
    bool json;
    const char *reason;
    const char *age;
    const char *fresh; /* a file: the new passphrase */
    const char *owner;
    const char *statement; /* a file */
    const char *signature; /* a file */
};

/* The journal's keys, oldest first; with a passphrase at hand also whether the vault holds their secrets. */
MUST_USE enum err_code key_list(struct cli *cli, const struct key_options *o, struct err *err);
/* An owner puts another key in the place of one that is lost: in two calls, one before they sign, one after. */
MUST_USE enum err_code key_recover(struct cli *cli, const struct key_options *o, struct err *err);

#endif
