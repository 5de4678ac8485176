/* Keys of a journal's actors: made here, in the vault, never shown. */
#include "ledger/journal_state.h"

enum err_code journal_make_key(struct journal *j, const char *name, uint8_t key[VAULT_PUBLIC_KEY_SIZE],
                               struct err *err)
{
    enum err_code rc = ERR_OK;

    if (!j->vault)
        return err_set(err, ERR_KEY, "the vault of %s is not open", j->dir);
    if (strncmp(name, JOURNAL_KEY_NAME "#", sizeof JOURNAL_KEY_NAME) == 0)
        return err_set(err, ERR_INPUT, "\"%s\": the journal's own keys have such names", name);
    if (!vault_find(j->vault, name))
        rc = vault_add(j->vault, name, NULL, err);
    return rc ? rc : vault_public_key(j->vault, name, key, err);
}
