/* Who signs in a person's name: a key ring of that person's own, a token, or the journal's vault. */
#ifndef CLI_PERSON_H
#define CLI_PERSON_H

#include "cli/cli.h"

#include "agent/desk.h"
#include "ledger/note.h"
#include "ledger/signer.h"

/* What options of a command say of it; all NULL: the key is in the journal's vault. */
struct person_options {
    const char *keys; /* a directory: the key ring */
    const char *keys_passphrase_file;
    const char *pkcs11; /* an RFC 7512 URI */
    const char *pin_file;
};

/* Rows of a command's options, PERSON_OPTION_COUNT of them. */
#define PERSON_OPTION_COUNT 4
#define PERSON_OPTIONS(o)                                                                                    \
    {.name = "keys", .value = &(o).keys},                                                                    \
        {.name = "keys-passphrase-file", .value = &(o).keys_passphrase_file},                                \
        {.name = "pkcs11", .value = &(o).pkcs11},                                                            \
    {                                                                                                        \
        .name = "pin-file", .value = &(o).pin_file                                                           \
    }

struct person;

/*
 * Opens the key of the person of this name. *p is NULL where nothing was said. ERR_USAGE: a ring and a token, or a file
 * without what it opens. ERR_NOT_FOUND: no such ring, module, token or key. ERR_KEY: the passphrase or the PIN.
 */
MUST_USE enum err_code person_open(struct person **p, const struct person_options *o, const char *name,
                                   struct err *err);
void person_close(struct person *p); /* NULL is fine */
/* Borrowed. NULL for NULL: the vault signs. */
const struct signer *person_signer(const struct person *p);

/* A journal that is written to in a person's name: the key, the journal, its desk. Begin with zeroes. */
struct person_desk {
    struct person *person;
    struct journal *journal;
    struct desk desk;
};
/* Opens all three; `name` NULL: nobody's key. Close it also after an error. */
MUST_USE enum err_code person_desk_open(struct person_desk *d, struct cli *cli,
                                        const struct person_options *o, const char *name, struct err *err);
void person_desk_close(struct person_desk *d);

/*
 * Makes a key, for somebody of this name: in the ring, which is made where there is none, or in the token. ERR_EXISTS: there
 * is one. ERR_INPUT: no actor can have this name, or the directory is a journal. Errors otherwise as person_open().
 */
MUST_USE enum err_code person_make(const struct person_options *o, const char *name, struct note_key *key,
                                   struct err *err);
/* The key that is there. */
MUST_USE enum err_code person_key(const struct person_options *o, const char *name, struct note_key *key,
                                  struct err *err);

#endif
