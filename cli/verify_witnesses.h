/* The witnesses of ledger verify: who has cosigned how much, and whether that is enough. */
#ifndef CLI_VERIFY_WITNESSES_H
#define CLI_VERIFY_WITNESSES_H

#include "audit/witnessed.h"
#include "cli/cli.h"

struct verify_witnesses {
    bool is_asked;         /* for a policy's quorum, or for a number */
    bool is_known;         /* `found` says who has cosigned: in a wrong journal nobody looks */
    struct policy *policy; /* NULL: those count that the journal names */
    char *text;
    struct cosigners known;
    struct witnessed found;
};

/* `policy` is a file, `least` a number; NULL: not given. Sets options->known where it is the journal that names them. */
MUST_USE enum err_code verify_witnesses_init(struct verify_witnesses *w, const char *policy,
                                             const char *least, struct verify_options *options,
                                             struct err *err);
void verify_witnesses_release(struct verify_witnesses *w);

/* Of a journal that was found good. ERR_WRONG: they are not enough; the place is noted. */
MUST_USE enum err_code verify_witnesses_check(struct verify_witnesses *w, struct evidence *evidence,
                                              struct verify_report *report, struct err *err);

void verify_witnesses_put_text(const struct verify_witnesses *w);
/* Members of an open object. */
void verify_witnesses_put_json(const struct verify_witnesses *w, struct json_out *out);

#endif
