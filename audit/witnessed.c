#include "audit/witnessed.h"

#include "ledger/wire.h"

#include <string.h>

/* A seal with no more than our own line in it is the rule. */
static bool parse_cosigned(struct note *note, const struct evidence_item *item)
{
    return note_parse(note, item->bytes, item->size, NULL) == ERR_OK && note->count > 1;
}

static void judge(const struct cosigners *known, const struct note *note, const struct note_key *log_keys,
                  size_t log_key_count, uint64_t size, struct witnessed *w)
{
    struct cosigners_finding findings[COSIGNERS_MAX];

    w->newest = cosigners_look(known, note, log_keys, log_key_count, findings);
    for (uint32_t i = 0; i < known->count; i++) {
        if (findings[i].is_good)
            w->by[i] = (struct witnessed_by){size, findings[i].at_s};
    }
    if (cosigners_are_enough(known, findings))
        w->size = size;
}

static enum err_code read_seals(struct evidence_cursor *seals, const struct verify_report *report,
                                const struct cosigners *known, const struct note_key *log_keys,
                                size_t log_key_count, struct witnessed *w, struct err *err)
{
    struct cosigners_finding nobody[COSIGNERS_MAX] = {{.is_good = false}};
    struct evidence_item item;
    struct note note;
    bool found = true;

    for (;;) {
        const enum err_code rc = evidence_next(seals, &item, &found, err);
        if (rc || !found || item.key_size != 8)
            return rc;
        const uint64_t size = wire_load_u64(item.key);
        if (size > report->sealed)
            return ERR_OK;
        w->newest = 0;
        if (parse_cosigned(&note, &item))
            judge(known, &note, log_keys, log_key_count, size, w);
        else if (cosigners_are_enough(known, nobody)) /* nothing is asked */
            w->size = size;
    }
}

enum err_code witnessed_find(struct evidence *evidence, const struct verify_report *report,
                             const struct cosigners *known, struct witnessed *w, struct err *err)
{
    struct evidence_cursor *seals = NULL;
    struct note_key log_keys[2]; /* of the first epoch and the newest */

    memset(w, 0, sizeof *w);
    enum err_code rc = note_key_parse(&log_keys[0], report->vkey, strlen(report->vkey), err);
    if (!rc)
        rc = note_key_parse(&log_keys[1], report->newest_vkey, strlen(report->newest_vkey), err);
    if (!rc)
        rc = evidence_cursor_open(evidence, EVIDENCE_SEALS, &seals, err);
    if (!rc)
        rc = read_seals(seals, report, known, log_keys, 2, w, err);
    evidence_cursor_close(seals);
    return rc;
}

enum err_code witnessed_own_seal(struct evidence *evidence, uint64_t size, char *note, size_t *note_size,
                                 struct err *err)
{
    struct evidence_cursor *seals = NULL;
    struct evidence_item item;
    uint8_t key[8];
    bool found = false;

    wire_store_u64(key, size);
    enum err_code rc = evidence_cursor_open(evidence, EVIDENCE_SEALS, &seals, err);
    if (!rc)
        rc = evidence_seek(seals, key, sizeof key, &item, &found, err);
    if (!rc && !found)
        rc = evidence_last(seals, &item, &found, err);
    if (!rc && (!found || item.size > NOTE_MAX_SIZE))
        rc = err_set(err, ERR_NOT_FOUND, "the journal has no seal");
    if (!rc) {
        memcpy(note, item.bytes, item.size);
        *note_size = item.size;
    }
    evidence_cursor_close(seals);
    return rc;
}
