/* Section 8.5: a seal that was kept elsewhere, held against a journal that is good in itself. */
#ifndef VERIFIER_KEPT_H
#define VERIFIER_KEPT_H

#include "verifier/people.h"
#include "verifier/tree.h"

struct kept {
    const uint8_t *note;
    size_t note_size;
    uint64_t size;      /* entries that it covers; 0: there is no kept seal */
    struct digest root; /* the journal's, over as many entries */
    bool is_other;      /* it is not this journal that the kept seal knows */
    char what[300];     /* why not */
};

/* Takes the seal of the options, if there is one. Returns why it is no seal, or NULL. */
const char *kept_take(struct kept *k, const struct verifier_options *options);
/* To be told of the tree after each entry. */
void kept_pass(struct kept *k, const struct tree *tree);
/* After the last of `entries`. False: it is no seal of this journal; else k->is_other is the answer. */
bool kept_check(struct kept *k, const struct people *people, uint64_t entries);

#endif
