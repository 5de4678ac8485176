/*
 * One act of tampering: what was done to which journal, and where a verifier must find it.
 */
#ifndef TESTS_TAMPER_MUTATION_H
#define TESTS_TAMPER_MUTATION_H

#include "tamper/judges.h"
#include "tamper/worlds.h"

#include <inttypes.h>

struct mutation {
    const struct world *world;
    struct random *random;
    struct forge f; /* a copy of the world's, to be changed; forge_image() of it is judged, unless */
    uint8_t *image; /* these bytes are; freed with the mutation */
    size_t size;
    const char *dir;     /* the journal that they are the export of; NULL: of none */
    const char *against; /* a kept seal that the verifiers are given; NULL: none */
    /* What the verdict must be. */
    int exit;       /* -1: anything, as long as all agree; -2 and -3: anything but good */
    char place[40]; /* "entry", "seal", "tile 1/" ...: what stands before the number; "" and 1: any place */
    uint64_t least; /* the number in the place; */
    uint64_t most;  /* ... both 0 and no number for "kept seal" */
    char story[200];
};

/* Must be found at `place` with a number from `least` to `most`. */
void expect_between(struct mutation *m, const char *place, uint64_t least, uint64_t most);
void expect_at(struct mutation *m, const char *place, uint64_t number);
/* Must be good; or must not be checked. */
void expect_good(struct mutation *m);
void expect_not_checked(struct mutation *m);
/* May be found or not; only that all say the same. */
void expect_agreement(struct mutation *m);
/* Must be found, or not be checked: whichever, all say the same. */
void expect_not_good(struct mutation *m);
/* No export could be made: none may say good, and `ledger verify`, which is asked about the journal, may say more. */
void expect_no_export(struct mutation *m);
/* Can be seen only with the newest seal, kept elsewhere. */
void expect_kept(struct mutation *m);
/* The bytes of entry `seq` were changed, and its check with them: the first tile's hash, or seal, over it. */
void expect_above(struct mutation *m, uint64_t seq);

/* Does a verdict say so? */
bool mutation_is_found(const struct mutation *m, const struct verdict *v);
/* Do all say the same, as far as they were asked the same? */
bool mutation_is_agreed(const struct mutation *m, const struct verdict v[JUDGES]);
/* What was done, for whoever looks for a failure. */
void mutation_tell(struct mutation *m, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* From `least` to `most`. */
uint64_t mutation_pick(struct mutation *m, uint64_t least, uint64_t most);
/* A bit of the bytes. */
void mutation_flip(struct mutation *m, uint8_t *bytes, size_t size);

/* A class of tampering: one row of the table. */
struct tampering {
    const char *name;
    /* False: what was drawn does not lend itself; to be drawn again. */
    bool (*make)(struct mutation *m);
    unsigned weight;
};

/* All classes, in the order of the table. */
const struct tampering *tamperings(size_t *count);

/* The files that hold them. */
extern const struct tampering TAMPERINGS_BITS[];
extern const struct tampering TAMPERINGS_ENTRIES[];
extern const struct tampering TAMPERINGS_EDITS[];
extern const struct tampering TAMPERINGS_THIEF[];
extern const struct tampering TAMPERINGS_EPOCHS[];
extern const struct tampering TAMPERINGS_ROWS[];
extern const struct tampering TAMPERINGS_STAMPS[];
extern const struct tampering TAMPERINGS_COSIGNED[];
extern const struct tampering TAMPERINGS_FILES[];
extern const struct tampering TAMPERINGS_HARMLESS[];

/* What a flipped bit of byte `offset` of the world's export must be found as. False: bytes that say nothing. */
bool expect_bit(struct mutation *m, size_t offset);

#endif
