/*
 * Ways to tamper with a journal, and rules that a writer could break: each with the place that a verifier
 * must name. Told to the C verifier (test_tamper, test_rules) and to the independent one (test_independent).
 */
#ifndef TESTS_AUDIT_STORIES_H
#define TESTS_AUDIT_STORIES_H

#include "audit/forge.h"

/* The journal that stories tamper with: forge_small(f, 1, STORIES_GROUPS, STORIES_EACH). Blocks of 5, 3. */
#define STORIES_GROUPS 5
#define STORIES_EACH   8

struct story {
    const char *name;
    void (*tamper)(struct forge *f);
    const char *where; /* the first wrong place */
    bool integrity_ok;
    bool complete_ok;
};

/* An entry that `breaks` makes of a note; it is then added as entry 3, or later, and sealed. */
struct rule_story {
    const char *name;
    void (*breaks)(struct forge *f, struct entry *e);
    bool is_good;
    const char *words;
};

const struct story *stories(size_t *count);
const struct rule_story *rule_stories(size_t *count);
/* The same of persons: their roles, their keys, and what two must want. */
const struct rule_story *person_stories(size_t *count);

/* A journal whose newest entry is the story's. */
void rule_story_tell(const struct rule_story *story, struct forge *f);

/* Some that are told again by name. */
const struct story *story_find(const char *name);
/* Cuts the last group of a journal of stories so cleanly that nobody can see it. */
void stories_cut_cleanly(struct forge *f);
/* A good journal whose key is lost once, handed over twice, and lost again. */
void stories_epochs(struct forge *f);
/* A new actor, unsigned; with an id up to FORGE_KEYS it can sign. */
void stories_actor(struct forge *f, struct entry *e, int64_t id, const char *name, enum role role);
/* Good timestamps: two beside each of the seals 16 and 32. */
void stories_stamp(struct forge *f);
/* A signed stop. */
void stories_stop(struct entry *e, uint32_t actor, bool is_signed);

#endif
