#include "judge_again.h"

#include "audit/backup.h"
#include "audit/export.h"
#include "reports/nightly.h"
#include "reports/pack_verify.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PASSPHRASE "correct-horse" /* of every workload */
#define PATH_SIZE  600

static enum err_code open_source(const char *source, struct journal **j, struct err *err)
{
    struct secret *secret = NULL;

    enum err_code rc = secret_new(&secret, PASSPHRASE, strlen(PASSPHRASE), err);
    if (!rc)
        rc = journal_open(&(struct journal_options){.dir = source}, j, err);
    if (!rc)
        rc = journal_unlock(*j, secret, err);
    secret_free(secret);
    return rc;
}

static enum err_code export_again(const char *source, const char *dir, struct err *err)
{
    static struct verify_report report;
    char path[PATH_SIZE];

    snprintf(path, sizeof path, "%s/raw", dir);
    const enum err_code rc = export_raw(source, path, NULL, err);
    return rc ? rc : verify_journal(&(struct verify_options){.export = path}, &report, err);
}

static enum err_code pack_again(const char *source, const char *dir, struct err *err)
{
    static struct pack_verify_report report;
    struct journal *j = NULL;
    char path[PATH_SIZE];

    snprintf(path, sizeof path, "%s/pack", dir);
    enum err_code rc = open_source(source, &j, err);
    if (!rc)
        rc = nightly_write(j, &(struct nightly_options){.day = CIVIL_DAY_NONE, .out = path}, NULL, err);
    if (!rc)
        rc = pack_verify(&(struct pack_verify_options){.dir = path, .journal = j}, &report, err);
    journal_close(j);
    return rc;
}

static enum err_code backup_again(const char *source, const char *dir, struct err *err)
{
    static struct backup_report report;
    char path[PATH_SIZE];

    snprintf(path, sizeof path, "%s/copy-again", dir);
    return backup_make(&(struct backup_options){.dir = source, .out = path}, &report, err);
}

bool judge_again(const char *source, const char *dir, char why[JUDGE_TEXT])
{
    static const struct {
        const char *name;
        enum err_code (*write)(const char *source, const char *dir, struct err *err);
    } rows[] = {{"export", export_again}, {"nightly", pack_again}, {"backup", backup_again}};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct err err = {.code = ERR_OK};
        if (rows[i].write(source, dir, &err)) {
            snprintf(why, JUDGE_TEXT, "%s after the crash fails: %s", rows[i].name, err.text);
            return false;
        }
    }
    return true;
}
