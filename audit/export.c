#include "audit/export.h"

#include "audit/evidence_calls.h"
#include "audit/raw_writer.h"

/* What no reader would take for an export is not written: in a sound database keys ascend. */
static enum err_code check_order(enum evidence_table table, const struct evidence_item *before,
                                 const struct evidence_item *item, struct err *err)
{
    if (item->key_size > EVIDENCE_KEY_MAX ||
        (before->key && evidence_compare(before->key, before->key_size, item->key, item->key_size) >= 0))
        return err_set(err, ERR_FORMAT,
                       "%s: its keys are not in order: the database file is damaged; see ledger doctor",
                       evidence_table_name(table));
    return ERR_OK;
}

static enum err_code put_table(struct raw_writer *w, struct evidence *evidence, enum evidence_table table,
                               struct err *err)
{
    struct evidence_cursor *cursor = NULL;
    struct evidence_item before = {0};
    struct evidence_item item;
    bool found = false;

    enum err_code rc = evidence_cursor_open(evidence, table, &cursor, err);
    while (!rc) {
        rc = evidence_next(cursor, &item, &found, err);
        if (rc || !found)
            break;
        rc = check_order(table, &before, &item, err);
        if (!rc)
            rc = raw_writer_put(w, table, &item, err);
        before = item;
    }
    evidence_cursor_close(cursor);
    return rc;
}

enum err_code export_raw(const char *dir, const char *path, struct export_report *report, struct err *err)
{
    struct evidence *evidence = NULL;
    struct raw_writer *w = NULL;

    enum err_code rc = evidence_open_journal(dir, &evidence, err);
    if (!rc)
        rc = raw_writer_begin(&w, path, err);
    for (int t = 0; t < EVIDENCE_TABLES && !rc; t++)
        rc = put_table(w, evidence, (enum evidence_table)t, err);
    if (!rc)
        rc = raw_writer_finish(w, err);
    if (!rc)
        rc = raw_writer_publish(w, err);
    if (!rc && report) {
        for (int t = 0; t < EVIDENCE_TABLES; t++)
            report->counts[t] = raw_writer_count(w, (enum evidence_table)t);
        report->bytes = raw_writer_bytes(w);
    }
    raw_writer_free(w);
    evidence_close(evidence);
    return rc;
}
