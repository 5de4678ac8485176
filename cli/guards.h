/* What guard, recover and init share. */
#ifndef CLI_GUARDS_H
#define CLI_GUARDS_H

#include "ledger/journal_guard.h"
#include "ledger/json_out.h"

void guards_put_text(const struct journal_guards *found);
void guards_put_json(struct json_out *out, const struct journal_guards *found);
/* One of both, to standard output. */
MUST_USE enum err_code guards_put(const struct journal_guards *found, bool json, struct err *err);
/* On stderr, if a guard lies where the journal does. */
void guards_remark(const char *dir, const char *const *paths, size_t count);
/* ERR_NOT_FOUND, or ERR_INPUT: it is the journal's own. */
MUST_USE enum err_code guards_actor(const struct journal *j, const char *name, uint32_t *actor,
                                    struct err *err);

#endif
