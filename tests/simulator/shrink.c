#include "simulator/shrink.h"

#include <stdlib.h>
#include <string.h>

/* The same words, whatever the numbers and times in them. */
static bool same_failure(const char *a, const char *b)
{
    static const char varies[] = "0123456789-:.TZ";

    while (*a && *b) {
        a += strspn(a, varies);
        b += strspn(b, varies);
        if (*a != *b)
            return false;
        a += *a != '\0';
        b += *b != '\0';
    }
    return *a == *b;
}

/* As `wanted` says: another failure is another story, and would end this one too early. */
static bool fails(const struct script *s, const struct world_options *options, const char *wanted)
{
    struct world_report report;

    world_run(s, options, &report);
    return report.is_wrong && same_failure(report.wrong, wanted);
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
static bool pass(struct script *s, struct script *trial, size_t size, const struct world_options *options,
                 const char *wanted)
{
    bool is_smaller = false;

    /* From the end: what happened last is needed least, once the failure ends the script. */
    for (size_t to = s->count; to > 0;) {
        const size_t from = to > size ? to - size : 0;
        copy_without(s, from, to, trial);
        if (fails(trial, options, wanted)) {
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
    struct world_report report;

    world_run(whole, options, &report);
    copy_without(whole, 0, 0, small);
    for (size_t size = small->count / 2 ? small->count / 2 : 1;;) {
        const bool is_smaller = pass(small, &trial, size, options, report.wrong);
        if (size == 1 && !is_smaller)
            break;
        size = size > 1 ? size / 2 : 1;
    }
    script_release(&trial);
}
