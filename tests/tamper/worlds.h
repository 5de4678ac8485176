/*
 * The honest journals that the campaign tampers with. Each is made of entries as a desk writes them, by actors whose
 * roles may, in groups that are sealed.
 */
#ifndef TESTS_TAMPER_WORLDS_H
#define TESTS_TAMPER_WORLDS_H

#include "audit/forge.h"
#include "support/random_entry.h"

#define WORLDS          3
#define WORLD_SEALS_MAX 200

struct world {
    const char *name;
    struct forge f;
    char vkey[NOTE_VKEY_TEXT_SIZE];
    uint64_t seals[WORLD_SEALS_MAX]; /* their sizes, ascending */
    size_t seal_count;
    uint64_t hand_overs[FORGE_EPOCHS_MAX]; /* the entries that name the next key, ascending; each is sealed */
    size_t hand_over_count;
    uint64_t stamped[WORLD_SEALS_MAX]; /* seals with timestamps, ascending: every third seal, */
    uint32_t stamps[WORLD_SEALS_MAX];  /* and how many: one, two, one ... */
    size_t stamped_count;
    uint64_t cosigned[WORLD_SEALS_MAX]; /* seals with a line of the witness who joins in entry 3, ascending */
    size_t cosigned_count;
    char newest[NOTE_MAX_SIZE]; /* the newest seal, terminated: what an auditor keeps elsewhere */
    uint8_t *image;             /* the honest raw export */
    size_t image_size;
};

/* worlds[0] is small: each of its bits can be flipped. */
void worlds_open(struct world worlds[WORLDS]);
void worlds_close(struct world worlds[WORLDS]);

/* The size of the first seal that covers entry `seq`. */
uint64_t world_seal_over(const struct world *w, uint64_t seq);
/* The first seal with timestamps from size `seq` on; 0: there is none. */
uint64_t world_stamped_from(const struct world *w, uint64_t seq);
/* How many timestamps are beside the seal of that size. */
uint32_t world_stamps(const struct world *w, uint64_t size);
/* The first seal that the witness has cosigned, from size `seq` on; 0: there is none. */
uint64_t world_cosigned_from(const struct world *w, uint64_t seq);
/* How much of a stored seal is the journal's own: up to and with its signature line, which is the first. */
size_t world_bare_size(const struct forge_row *seal);
/* The first hand-over from entry `seq` on; 0: there is none. */
uint64_t world_hand_over_from(const struct world *w, uint64_t seq);

#endif
