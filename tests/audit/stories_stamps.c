#include "audit/stories_stamps.h"

#include "audit/stories.h"
#include "ledger/checkpoint.h"

#include <stdio.h>

#define STAMPED "20151224143100Z" /* entries of stories are recorded within the second */

void stories_stamp(struct forge *f)
{
    for (uint64_t size = 16; size <= 32; size += 16) {
        forge_stamp(f, size, 0, NULL, 0, "20151224143105Z");
        forge_stamp(f, size, 1, NULL, 0, STAMPED);
    }
}

void stamp_of_another_seal(struct forge *f)
{
    stories_stamp(f);
    const struct forge_row *const other = forge_find_stamp(f, 16, 0);
    forge_set(forge_find_stamp(f, 32, 1), other->bytes, other->size);
}

void stamp_cut(struct forge *f)
{
    stories_stamp(f);
    forge_find_stamp(f, 32, 0)->size--;
}

void stamp_empty(struct forge *f)
{
    stories_stamp(f);
    forge_set(forge_find_stamp(f, 16, 1), "", 0);
}

void stamp_without_seal(struct forge *f)
{
    stories_stamp(f);
    forge_stamp(f, 17, 0, "x", 1, STAMPED);
}

void stamp_of_a_dropped_seal(struct forge *f)
{
    stories_stamp(f);
    forge_drop(f, forge_find_number(f, EVIDENCE_SEALS, 32));
}

void stamp_of_nothing(struct forge *f)
{
    stories_stamp(f);
    forge_stamp(f, 0, 0, "x", 1, STAMPED);
}

void stamp_past_the_end(struct forge *f)
{
    stories_stamp(f);
    forge_stamp(f, 48, 0, "x", 1, STAMPED);
}

void stamp_missing(struct forge *f)
{
    stories_stamp(f);
    forge_drop(f, forge_find_stamp(f, 32, 0));
}

void stamp_before_its_entry(struct forge *f)
{
    stories_stamp(f);
    forge_stamp(f, 32, 2, NULL, 0, "20151224143058Z");
}

void stamp_with_a_short_key(struct forge *f)
{
    forge_put(f, EVIDENCE_TIMESTAMPS, "\0\0\0\0\0\0\0\x10", 8, "", 0);
}

/* A cosignature that came later is no part of what is stamped, so over the whole note is over something else. */
void stamp_with_cosignature(struct forge *f)
{
    struct forge_row *const seal = forge_find_number(f, EVIDENCE_SEALS, 16);
    char note[CHECKPOINT_NOTE_MAX + 100];

    stories_stamp(f);
    memcpy(note, seal->bytes, seal->size);
    const size_t size =
        seal->size + (size_t)snprintf(note + seal->size, 100, "\xe2\x80\x94 other.example AAAAAAAA\n");
    forge_set(seal, note, size);
    forge_stamp(f, 16, 2, note, size, STAMPED);
}
