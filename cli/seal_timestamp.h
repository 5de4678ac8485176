/* The timestamps of ledger seal: asking for one, writing one out. */
#ifndef CLI_SEAL_TIMESTAMP_H
#define CLI_SEAL_TIMESTAMP_H

#include "cli/cli.h"

/*
 * Asks the authority at `url` for its word on this seal, checks it, puts it beside the seal, and tells of it on stderr.
 * `chain` is a file of certificates, or NULL; timeout_s 0: as long as gateway/http.h has it. Nobody may be reading *j in this thread.
 */
MUST_USE enum err_code seal_timestamp_obtain(struct journal *j, const struct seal *seal, const char *url,
                                             const char *chain, unsigned timeout_s, struct err *err);

/*
 * Writes a token of this seal to `path`, which must not be there; "-" is standard output. `number` NULL: the newest one.
 * ERR_NOT_FOUND: there is none, or none of that number.
 */
MUST_USE enum err_code seal_timestamp_write(struct journal *j, const struct seal *seal, const char *number,
                                            const char *path, struct err *err);

#endif
