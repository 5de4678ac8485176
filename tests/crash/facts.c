#include "facts.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void stop(const char *mark)
{
    fprintf(stderr, "the log holds a mark that means nothing: %s\n", mark);
    exit(2);
}

static struct facts_journal *journal_of(struct facts *f, const char *dir, const char *mark)
{
    for (size_t i = 0; i < f->journal_count; i++) {
        if (strcmp(f->journals[i].dir, dir) == 0)
            return &f->journals[i];
    }
    stop(mark);
    return NULL;
}

static void hear_journal(struct facts *f, const char *dir, const char *passphrase)
{
    size_t i = 0;

    while (i < f->journal_count && strcmp(f->journals[i].dir, dir) != 0)
        i++;
    if (i == FACTS_ROWS)
        stop(dir);
    struct facts_journal *const j = &f->journals[i];
    if (i == f->journal_count) {
        f->journal_count++;
        j->history = calloc(1, sizeof *j->history);
    }
    snprintf(j->dir, sizeof j->dir, "%s", dir);
    snprintf(j->passphrase, sizeof j->passphrase, "%s", passphrase);
}

static struct facts_key *key_of(struct facts_journal *j, const char *name)
{
    for (size_t i = 0; i < j->key_count; i++) {
        if (strcmp(j->keys[i].name, name) == 0)
            return &j->keys[i];
    }
    if (j->key_count == FACTS_KEYS)
        stop(name);
    struct facts_key *const k = &j->keys[j->key_count++];
    snprintf(k->name, sizeof k->name, "%s", name);
    return k;
}

static struct facts_target *target_of(struct facts *f, const char *path)
{
    for (size_t i = 0; i < f->target_count; i++) {
        if (strcmp(f->targets[i].path, path) == 0)
            return &f->targets[i];
    }
    if (f->target_count == FACTS_ROWS)
        stop(path);
    struct facts_target *const t = &f->targets[f->target_count++];
    snprintf(t->path, sizeof t->path, "%s", path);
    t->version_count = 1;
    return t;
}

static void hear_about_journal(struct facts_journal *j, const char *word, const char *rest, const char *mark)
{
    struct facts_key *const key =
        strcmp(word, "key") == 0 || strcmp(word, "removing") == 0 || strcmp(word, "gone") == 0
            ? key_of(j, rest)
            : NULL;

    if (strcmp(word, "made") == 0) {
        j->is_made = true;
        j->acknowledged = j->acknowledged ? j->acknowledged : 1;
    } else if (strcmp(word, "ack") == 0) {
        const uint64_t size = strtoull(rest, NULL, 10);
        j->acknowledged = size > j->acknowledged ? size : j->acknowledged; /* callers' words may cross */
    } else if (strcmp(word, "changing") == 0) {
        snprintf(j->passphrase_next, sizeof j->passphrase_next, "%s", rest);
    } else if (strcmp(word, "changed") == 0) {
        memcpy(j->passphrase, j->passphrase_next, sizeof j->passphrase);
        j->passphrase_next[0] = '\0';
    } else if (key) {
        key->must_be = strcmp(word, "key") == 0;
        key->must_not_be = strcmp(word, "gone") == 0;
    } else {
        stop(mark);
    }
}

void facts_hear(struct facts *f, const char *mark)
{
    char word[FACTS_NAME] = "";
    char what[FACTS_NAME] = "";
    char rest[FACTS_NAME] = "";
    uint64_t first;
    uint64_t last;

    if (strncmp(mark, "said ", 5) == 0) {
        if (f->appending && sscanf(mark, "said %" SCNu64 "..%" SCNu64 " ", &first, &last) == 2)
            f->appending->acknowledged = last;
        return;
    }
    if (sscanf(mark, "%63s %63s %63s", word, what, rest) < 2)
        stop(mark);
    if (strcmp(word, "journal") == 0)
        hear_journal(f, what, rest);
    else if (strcmp(word, "appending") == 0)
        f->appending = journal_of(f, what, mark);
    else if (strcmp(word, "target") == 0)
        (void)target_of(f, what);
    else if (strcmp(word, "wrote") == 0)
        target_of(f, what)->written++;
    else
        hear_about_journal(journal_of(f, what, mark), word, rest, mark);
}

void facts_rewind(struct facts *f)
{
    for (size_t i = 0; i < f->journal_count; i++) {
        struct facts_journal *const j = &f->journals[i];
        struct facts_journal fresh = {.history = j->history};
        memcpy(fresh.dir, j->dir, sizeof fresh.dir);
        *j = fresh;
    }
    for (size_t i = 0; i < f->target_count; i++)
        f->targets[i].written = 0;
    f->appending = NULL;
}

void facts_release(struct facts *f)
{
    for (size_t i = 0; i < f->journal_count; i++)
        free(f->journals[i].history);
}
