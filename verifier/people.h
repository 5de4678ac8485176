/*
 * Rules 4 to 9 of section 8.1: who may say what, given the entries before. Sections 2, 3 (persons.h) and 5 (epochs) are
 * what they enforce.
 */
#ifndef VERIFIER_PEOPLE_H
#define VERIFIER_PEOPLE_H

#include "verifier/persons.h"

/* What the entries so far have said. Begins as zeros, with `words`, and with `key` when one was given. */
struct people {
    struct words *words; /* the sentence in hand */
    bool has_key;
    struct seal_key key; /* of epoch 0 */
    struct seal_keys keys;
    bool hands_over; /* the newest entry is a control.key of the form hand-over, */
    bool recovers;   /* or recovery */
    struct persons persons;
    int64_t recorded_at_ns;   /* of the newest entry */
    uint64_t signature_count; /* of actors, found good */
};

/*
 * The rules for entry `seq`, whose form is good. Returns how they are broken, or NULL, and takes over what it says. Its
 * bytes must stay where they are until people_release().
 */
const char *people_check(struct people *p, const struct form *e, uint64_t seq);
/* A witness known by now whose line in the note, which is in form, is not its own (rule 13); NULL: none. */
const struct actor *people_wrong_witness(const struct people *p, const uint8_t *note, size_t note_size,
                                         uint64_t *cosignatures);

/* What the report says of keys and signatures, and of the tree's root. */
void people_report(const struct people *p, const struct tree *tree, struct verifier_report *report);
void people_release(struct people *p);

#endif
