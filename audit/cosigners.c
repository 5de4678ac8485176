#include "audit/cosigners.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static bool is_same_key(const struct note_key *a, const struct note_key *b)
{
    return memcmp(a->public_key, b->public_key, NOTE_PUBLIC_KEY_SIZE) == 0;
}

void cosigners_init(struct cosigners *c, const struct policy *policy, uint32_t least)
{
    c->policy = policy;
    c->least = least;
    c->count = 0;
    for (uint32_t i = 0; policy && i < policy->witness_count; i++)
        c->keys[c->count++] = policy->witnesses[i].key;
}

enum err_code cosigners_add(struct cosigners *c, const struct note_key *key, struct err *err)
{
    for (uint32_t i = 0; i < c->count; i++) {
        if (is_same_key(&c->keys[i], key))
            return ERR_OK;
    }
    if (c->count == COSIGNERS_MAX)
        return err_set(err, ERR_RANGE, "more than %d witnesses", COSIGNERS_MAX);
    c->keys[c->count++] = *key;
    return ERR_OK;
}

static struct cosigners_finding look(const struct note *note, const struct note_key *key)
{
    struct note_finding found = {.verified = false};

    if (!note_find(note, key))
        return (struct cosigners_finding){.is_good = false};
    const bool is_good = note_verify(note, key, 1, &found, NULL) == ERR_OK;
    return (struct cosigners_finding){.is_good = is_good, .is_wrong = !is_good, .at_s = found.at_s};
}

uint32_t cosigners_look(const struct cosigners *c, const struct note *note, const struct note_key *log_keys,
                        size_t log_key_count, struct cosigners_finding *findings)
{
    uint32_t good = 0;

    for (uint32_t i = 0; i < c->count; i++) {
        bool is_log = false;
        for (size_t k = 0; k < log_key_count; k++)
            is_log = is_log || is_same_key(&c->keys[i], &log_keys[k]);
        findings[i] = is_log ? (struct cosigners_finding){.is_good = false} : look(note, &c->keys[i]);
        good += findings[i].is_good;
    }
    return good;
}

bool cosigners_are_enough(const struct cosigners *c, const struct cosigners_finding *findings)
{
    bool cosigned[POLICY_WITNESSES_MAX] = {false};
    uint32_t good = 0;

    for (uint32_t i = 0; i < c->count; i++) {
        good += findings[i].is_good;
        if (c->policy && i < c->policy->witness_count)
            cosigned[i] = findings[i].is_good;
    }
    return good >= c->least && (!c->policy || policy_is_met(c->policy, cosigned));
}

void cosigners_words(const struct cosigners *c, char *out, size_t room)
{
    const char *const quorum = c->policy ? "the policy's quorum" : "";
    char least[60] = "";

    if (c->least > 0)
        snprintf(least, sizeof least, "%" PRIu32 " of %" PRIu32 " known witnesses", c->least, c->count);
    snprintf(out, room, "%s%s%s", quorum, quorum[0] && least[0] ? " and " : "", least);
}
