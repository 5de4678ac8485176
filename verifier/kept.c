#include "verifier/kept.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>

const char *kept_take(struct kept *k, const struct verifier_options *options)
{
    k->note = options->against;
    k->note_size = options->against_size;
    k->size = k->note ? seal_size(k->note, k->note_size) : 0;
    return k->note && k->size == 0 ? "the kept seal is no seal" : NULL;
}

void kept_pass(struct kept *k, const struct tree *tree)
{
    if (tree->size == k->size)
        k->root = tree_root(tree);
}

bool kept_check(struct kept *k, const struct people *people, uint64_t entries)
{
    char texts[2][2 * DIGEST_SIZE + 1];
    struct digest root;
    struct words w;

    if (k->size == 0)
        return true;
    if (!seal_is_of(&people->key, k->note, k->note_size))
        return false;
    k->is_other = true;
    if (k->size > entries) {
        snprintf(k->what, sizeof k->what,
                 "the tail is cut: it covers %" PRIu64 " entries, and the journal has %" PRIu64, k->size,
                 entries);
        return true;
    }
    const char *const broken =
        seal_open(seal_keys_at(&people->keys, k->size), k->note, k->note_size, k->size, &root, &w);
    if (broken) {
        snprintf(k->what, sizeof k->what,
                 "another history, or no seal: by the key that is in force at its size here it is not good: "
                 "%.150s",
                 broken);
        return true;
    }
    sodium_bin2hex(texts[0], sizeof texts[0], root.bytes, DIGEST_SIZE);
    sodium_bin2hex(texts[1], sizeof texts[1], k->root.bytes, DIGEST_SIZE);
    snprintf(k->what, sizeof k->what,
             "another history: at size %" PRIu64 " it has the root %s, and the journal has %s", k->size,
             texts[0], texts[1]);
    k->is_other = memcmp(&root, &k->root, sizeof root) != 0;
    return true;
}
