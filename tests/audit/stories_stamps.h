/* The stories of timestamps, for the table in stories.c: seals 16 and 32 have two each before anything is done. */
#ifndef TESTS_AUDIT_STORIES_STAMPS_H
#define TESTS_AUDIT_STORIES_STAMPS_H

#include "audit/forge.h"

void stamp_of_another_seal(struct forge *f);
void stamp_cut(struct forge *f);
void stamp_empty(struct forge *f);
void stamp_without_seal(struct forge *f);
void stamp_of_a_dropped_seal(struct forge *f);
void stamp_of_nothing(struct forge *f);
void stamp_past_the_end(struct forge *f);
void stamp_missing(struct forge *f);
void stamp_before_its_entry(struct forge *f);
void stamp_with_a_short_key(struct forge *f);
void stamp_with_cosignature(struct forge *f);

#endif
