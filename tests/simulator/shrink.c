#include "simulator/shrink.h"

#include <stdlib.h>
#include <string.h>

static bool fails(const struct script *s, const struct world_options *options)
{
    struct world_report report;

    world_run(s, options, &report);
    return report.is_wrong;
}

/* Everything but acts from .. to - 1. */
static void copy_without(const struct script *s, size_t from, size_t to, struct script *out)
{
    out->count = 0;
    for (size_t i = 0; i < s->count; i++) {
        if (i < from || i >= to)
            script_add(out, &s->acts[i]);
    }
}

/* Leaves out what can be, in pieces of this size; true: something could. */
static bool pass(struct script *s, struct script *trial, size_t size, const struct world_options *options)
{
    bool is_smaller = false;

    /* From the end: what happened last is needed least, once the failure ends the script. */
    for (size_t to = s->count; to > 0;) {
        const size_t from = to > size ? to - size : 0;
        copy_without(s, from, to, trial);
        if (fails(trial, options)) {
            const struct script swap = *s;
            *s = *trial;
            *trial = swap;
            is_smaller = true;
        }
        to = from;
    }
    return is_smaller;
}

void shrink(const struct script *whole, const struct world_options *options, struct script *small)
{
    struct script trial = {0};

    copy_without(whole, 0, 0, small);
    for (size_t size = small->count / 2 ? small->count / 2 : 1;;) {
        const bool is_smaller = pass(small, &trial, size, options);
        if (size == 1 && !is_smaller)
            break;
        size = size > 1 ? size / 2 : 1;
    }
    script_release(&trial);
}
