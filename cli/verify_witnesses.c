#include "cli/verify_witnesses.h"

#include <stdlib.h>
#include <string.h>

static enum err_code read_policy(struct verify_witnesses *w, const char *file, struct err *err)
{
    size_t size = 0;
    enum err_code rc = cli_read_file(file, POLICY_FILE_MAX, &w->text, &size, err);

    if (rc)
        return rc;
    w->policy = malloc(sizeof *w->policy);
    if (!w->policy)
        return err_set(err, ERR_MEMORY, "out of memory");
    return policy_parse(w->policy, w->text, size, err) ? err_wrap(err, "%s", file) : ERR_OK;
}

enum err_code verify_witnesses_init(struct verify_witnesses *w, const char *policy, const char *least,
                                    struct verify_options *options, struct err *err)
{
    uint64_t count = 0;
    enum err_code rc = least ? cli_parse_u64("--require-witness", least, &count, err) : ERR_OK;

    memset(w, 0, sizeof *w);
    if (!rc && least && (count < 1 || count > COSIGNERS_MAX))
        rc = err_set(err, ERR_USAGE, "verify: --require-witness is 1 .. %d, not %s", COSIGNERS_MAX, least);
    if (!rc && policy)
        rc = read_policy(w, policy, err);
    if (rc)
        return rc;
    w->is_asked = policy || least;
    cosigners_init(&w->known, w->policy, (uint32_t)count);
    options->known = policy ? NULL : &w->known;
    return ERR_OK;
}

void verify_witnesses_release(struct verify_witnesses *w)
{
    free(w->policy);
    free(w->text);
}

static enum err_code not_enough(const struct verify_witnesses *w, struct verify_report *v, struct err *err)
{
    char asked[120];

    cosigners_words(&w->known, asked, sizeof asked);
    v->wrong.place = VERIFY_ENTRY;
    v->wrong.first = w->found.size + 1;
    v->wrong.last = v->entries;
    snprintf(v->wrong.where, sizeof v->wrong.where, "entry %llu", (unsigned long long)v->wrong.first);
    snprintf(v->wrong.what, sizeof v->wrong.what,
             "entries %llu..%llu are under no seal that is cosigned by %s",
             (unsigned long long)v->wrong.first, (unsigned long long)v->entries, asked);
    return err_set(err, ERR_WRONG, "%s: %s", v->wrong.where, v->wrong.what);
}

enum err_code verify_witnesses_check(struct verify_witnesses *w, struct evidence *evidence,
                                     struct verify_report *report, struct err *err)
{
    enum err_code rc = ERR_OK;

    if (w->known.count > 0 || w->is_asked)
        rc = witnessed_find(evidence, report, &w->known, &w->found, err);
    if (rc)
        return rc;
    w->is_known = true;
    return w->is_asked && w->found.size != report->entries ? not_enough(w, report, err) : ERR_OK;
}

/* -- telling --------------------------------------------------------------------------------------------- */

static int64_t instant_of(uint64_t at_s)
{
    return at_s < (uint64_t)(INT64_MAX / NS_PER_SECOND) ? (int64_t)at_s * NS_PER_SECOND : INSTANT_NONE;
}

void verify_witnesses_put_text(const struct verify_witnesses *w)
{
    char at[INSTANT_TEXT_SIZE];

    if (!w->is_known)
        return;
    for (uint32_t i = 0; i < w->known.count; i++) {
        const struct witnessed_by *const by = &w->found.by[i];
        instant_format(at, instant_of(by->at_s));
        if (by->size)
            printf("witness       %s has cosigned entries 1..%llu, at %s\n", w->known.keys[i].name,
                   (unsigned long long)by->size, at);
        else
            printf("witness       %s has cosigned nothing\n", w->known.keys[i].name);
    }
    if (w->is_asked && !w->policy)
        fprintf(
            stderr,
            "The witnesses are those that the journal itself names, so whoever wrote it chose them: --policy "
            "FILE asks for yours.\n");
}

void verify_witnesses_put_json(const struct verify_witnesses *w, struct json_out *out)
{
    if (!w->is_known)
        return;
    if (w->is_asked) {
        json_out_key(out, "witnessed");
        json_out_u64(out, w->found.size);
    }
    json_out_key(out, "witnesses");
    json_out_array(out);
    for (uint32_t i = 0; i < w->known.count; i++) {
        const struct witnessed_by *const by = &w->found.by[i];
        json_out_object(out);
        json_out_key(out, "name");
        json_out_text(out, w->known.keys[i].name);
        json_out_key(out, "size");
        json_out_u64(out, by->size);
        if (by->size) {
            json_out_key(out, "at");
            json_out_instant(out, instant_of(by->at_s));
        }
        json_out_object_end(out);
    }
    json_out_array_end(out);
}
