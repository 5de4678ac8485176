#include "cli/whatif.h"

enum err_code whatif_sweep(struct whatif *q, struct journal *j, struct journal_reader *r, struct err *err)
{
    (void)q;
    (void)j;
    (void)r;
    return err_set(err, ERR_USAGE, "not yet");
}
