/*
 * What somebody with the journal's key and passphrase can do, and ledger append refuses: appends lines of JSON in any
 * actor's name, what only deciders write included, as one group; signed where it must be, if the key is in the vault.
 *
 *   LEDGER_PASSPHRASE_FILE=words thief JOURNAL < lines
 */
#include "ledger/entry_json.h"
#include "ledger/journal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static enum err_code add_line(struct journal *j, struct journal_group *g, const char *line, struct err *err)
{
    static char room[JSON_LINE_MAX];
    struct json_arena arena = {.bytes = room, .capacity = sizeof room};
    struct entry draft;
    enum err_code rc =
        entry_from_json(line, strlen(line), journal_actors(j), ENTRY_JSON_NO_ACTOR, &arena, &draft, err);

    if (!rc && entry_kind_needs_signature(draft.kind))
        rc = journal_sign(j, &draft, err);
    return rc ? rc : journal_group_add(g, &draft, err);
}

static enum err_code append(struct journal *j, struct err *err)
{
    static char line[JSON_LINE_MAX];
    struct journal_group *g = NULL;
    enum err_code rc = journal_group_begin(j, &g, err);

    while (!rc && fgets(line, sizeof line, stdin)) {
        line[strcspn(line, "\n")] = '\0';
        rc = add_line(j, g, line, err);
    }
    if (!rc)
        return journal_group_commit(g, NULL, err);
    journal_group_abort(g);
    return rc;
}

int main(int argc, char **argv)
{
    const struct journal_options options = {.dir = argc == 2 ? argv[1] : ""};
    struct secret *passphrase = NULL;
    struct journal *j = NULL;
    struct err err;

    enum err_code rc = secret_passphrase(&passphrase, getenv("LEDGER_PASSPHRASE_FILE"), false, &err);
    if (!rc)
        rc = journal_open(&options, &j, &err);
    if (!rc)
        rc = journal_unlock(j, passphrase, &err);
    if (!rc)
        rc = append(j, &err);
    if (rc)
        fprintf(stderr, "thief: %s\n", err.text);
    journal_close(j);
    secret_free(passphrase);
    return rc ? 1 : 0;
}
