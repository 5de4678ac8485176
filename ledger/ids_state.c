/* A set of ids, read back: see ids_digest(). */
#include "ledger/ids.h"

enum err_code ids_restore(struct ids *ids, struct restore_in *in, struct err *err)
{
    const uint64_t count = restore_u64(in);
    const uint64_t size = restore_within(in, 0, restore_left(in));
    const uint64_t after = restore_left(in) - size;
    enum err_code rc = ERR_OK;

    while (!rc && !in->bad && restore_left(in) > after) {
        struct id id = {0};
        restore_raw(in, &id.length, 1);
        in->bad = in->bad || id.length == 0 || id.length > ID_MAX || id.length > restore_left(in) - after;
        if (in->bad)
            break;
        restore_raw(in, id.text, id.length);
        rc = ids_add(ids, &id, err);
    }
    in->bad = in->bad || ids->count != count || ids->size != size; /* none stands there twice */
    return rc ? rc : restore_result(in, err);
}
