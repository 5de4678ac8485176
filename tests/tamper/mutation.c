#include "tamper/mutation.h"

#include <stdarg.h>
#include <stdlib.h>

#define EXIT_ANY       (-1)
#define EXIT_NOT_GOOD  (-2)
#define EXIT_NO_EXPORT (-3)

void expect_between(struct mutation *m, const char *place, uint64_t least, uint64_t most)
{
    m->exit = 1;
    snprintf(m->place, sizeof m->place, "%s", place);
    m->least = least;
    m->most = most;
}

void expect_at(struct mutation *m, const char *place, uint64_t number)
{
    expect_between(m, place, number, number);
}

void expect_good(struct mutation *m)
{
    m->exit = 0;
}

void expect_not_checked(struct mutation *m)
{
    m->exit = 3;
}

void expect_agreement(struct mutation *m)
{
    m->exit = EXIT_ANY;
}

void expect_not_good(struct mutation *m)
{
    m->exit = EXIT_NOT_GOOD;
}

void expect_no_export(struct mutation *m)
{
    m->exit = EXIT_NO_EXPORT;
}

void expect_kept(struct mutation *m)
{
    m->against = m->world->newest;
    expect_at(m, "kept seal", 0);
}

void expect_above(struct mutation *m, uint64_t seq)
{
    const uint64_t seal = world_seal_over(m->world, seq);
    const uint64_t tile = (seq + 255) / 256;

    if (256 * tile <= seal)
        expect_at(m, "tile 1/", (tile - 1) / 256);
    else
        expect_at(m, "seal", seal);
}

bool mutation_is_found(const struct mutation *m, const struct verdict *v)
{
    const size_t length = strlen(m->place);
    char *end = NULL;

    if (m->exit < 0)
        return m->exit == EXIT_ANY || v->exit != 0;
    if (v->exit != m->exit)
        return false;
    if (m->exit != 1 || length == 0)
        return m->exit != 0 || (v->integrity_ok && v->complete_ok);
    if (strncmp(v->where, m->place, length) != 0)
        return false;
    if (m->most == 0 && v->where[length] == '\0')
        return true;
    const uint64_t number = strtoull(v->where + length, &end, 10);
    return end != v->where + length && *end == '\0' && number >= m->least && number <= m->most;
}

bool mutation_is_agreed(const struct mutation *m, const struct verdict v[JUDGES])
{
    return verdict_equal(&v[JUDGE_SECOND], &v[JUDGE_SCRIPT]) &&
           (m->exit == EXIT_NO_EXPORT || verdict_equal(&v[JUDGE_LEDGER], &v[JUDGE_SECOND]));
}

void mutation_tell(struct mutation *m, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(m->story, sizeof m->story, format, args);
    va_end(args);
}

uint64_t mutation_pick(struct mutation *m, uint64_t least, uint64_t most)
{
    return least + random_below(m->random, most - least + 1);
}

void mutation_flip(struct mutation *m, uint8_t *bytes, size_t size)
{
    bytes[random_below(m->random, size)] ^= (uint8_t)(1u << random_below(m->random, 8));
}
