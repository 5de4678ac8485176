/* ledger verify --complete-until: the question of silence, with the calendar that audit does not know. */
#ifndef CLI_VERIFY_SILENCE_H
#define CLI_VERIFY_SILENCE_H

#include "audit/silence.h"
#include "cli/cli.h"

struct verify_silence {
    int64_t until_ns; /* INSTANT_NONE: it is not asked */
    bool is_known;    /* it could be told: `report` is an answer */
    struct silence_report report;
};

/* Of evidence that was verified. Errors as those of silence_check(). */
MUST_USE enum err_code verify_silence_check(struct verify_silence *s, struct evidence *evidence,
                                            struct err *err);
/* Its verdict, in a line like those of verify; nothing when it is not known. */
void verify_silence_put_text(const struct verify_silence *s);
/* The member "silence" of verify's object, likewise. */
void verify_silence_put_json(const struct verify_silence *s, struct json_out *out);

#endif
