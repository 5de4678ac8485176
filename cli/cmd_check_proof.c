/* ledger check-proof: what a proof proves, in words, to somebody who has a key and no journal. */
#include "cli/cli.h"

#include "audit/proof.h"
#include "ledger/base64.h"
#include "ledger/checkpoint.h"
#include "ledger/entry_json.h"

#include <stdlib.h>
#include <string.h>

struct check_options {
    const char *file;
    const char *key;
    const char *entry;   /* file with the entry's bytes */
    const char *against; /* file with a seal that was kept */
    bool json;
};

/* -- words ----------------------------------------------------------------------------------------------- */

static void put_entry(const struct entry *e)
{
    const struct entry_kind_info *const info = entry_kind_find((unsigned)e->kind);
    char text[INSTANT_TEXT_SIZE];
    char value[8192];

    printf("  actor        %s", e->actor ? "number " : "the journal itself");
    if (e->actor)
        printf("%llu", (unsigned long long)e->actor);
    printf("\n");
    if (e->at_ns != INSTANT_NONE) {
        instant_format(text, e->at_ns);
        printf("  at           %s\n", text);
    }
    if (e->cause)
        printf("  cause        %llu\n", (unsigned long long)e->cause);
    for (size_t i = 0; i < info->field_count; i++) {
        entry_field_text(e, &info->fields[i], value, sizeof value);
        printf("  %-12s %s\n", info->fields[i].name, value);
    }
}

static void put_root(const char *what, uint64_t size, const struct hash *root)
{
    char text[BASE64_LENGTH(HASH_SIZE) + 1];

    base64_encode(text, root->bytes, HASH_SIZE);
    printf("%s of %llu entries, root %s\n", what, (unsigned long long)size, text);
}

static void put_inclusion(const struct proof *p, const struct proof_finding *f)
{
    char at[INSTANT_TEXT_SIZE];

    printf("%sproven%s: entry %llu, ", cli_green(stdout), cli_plain(stdout), (unsigned long long)p->seq);
    if (f->is_entry) {
        const char *const kind = entry_kind_find((unsigned)f->entry.kind)->text;
        instant_format(at, f->entry.recorded_at_ns);
        printf("%s %s recorded at %s, ", strchr("aeiou", kind[0]) ? "an" : "a", kind, at);
    } else {
        printf("%zu bytes that this program cannot read, ", p->last.entry.size);
    }
    if (f->size == 1)
        printf("is the only entry that %s sealed\n", f->origin);
    else
        printf("is one of the %llu entries that %s sealed\n", (unsigned long long)f->size, f->origin);
    if (f->is_entry)
        put_entry(&f->entry);
    put_root("seal", f->size, &f->root);
}

static void put_consistency(const struct proof_finding *f)
{
    printf("%sproven%s: the %llu entries that %s sealed begin with the %llu of its older seal, none of them "
           "changed, "
           "moved or removed\n",
           cli_green(stdout), cli_plain(stdout), (unsigned long long)f->size, f->origin,
           (unsigned long long)f->old_size);
    put_root("old seal", f->old_size, &f->old_root);
    put_root("seal", f->size, &f->root);
}

static void put_text(const struct proof *p, const struct proof_finding *f)
{
    char vkey[NOTE_VKEY_TEXT_SIZE];

    if (p->type == PROOF_INCLUSION)
        put_inclusion(p, f);
    else
        put_consistency(f);
    note_key_format(vkey, &f->key);
    if (f->epoch == 0)
        printf("signed by the given key\n");
    else
        printf("signed by the key of epoch %llu, %s, to which the given key leads over %zu %s\n",
               (unsigned long long)f->epoch, vkey, p->key_count, p->key_count == 1 ? "change" : "changes");
}

/* -- JSON ------------------------------------------------------------------------------------------------ */

static void put_hash(struct json_out *out, const char *key, const struct hash *h)
{
    json_out_key(out, key);
    json_out_hex(out, h->bytes, HASH_SIZE);
}

static void put_number(struct json_out *out, const char *key, uint64_t value)
{
    json_out_key(out, key);
    json_out_u64(out, value);
}

/* Who the actors are is not in a proof: they have their numbers. */
static void put_json_entry(struct json_out *out, const struct proof *p, const struct proof_finding *f)
{
    static struct actors nobody;

    put_number(out, "seq", p->seq);
    put_hash(out, "leaf_hash", &f->leaf);
    put_number(out, "entry_size", p->last.entry.size);
    if (!f->is_entry)
        return;
    actors_init(&nobody);
    put_number(out, "actor_id", f->entry.actor);
    json_out_key(out, "entry");
    entry_to_json(&f->entry, &nobody, ENTRY_JSON_FULL, out);
}

static enum err_code put_json(const struct proof *p, const struct proof_finding *f, const struct err *why,
                              struct err *err)
{
    char vkey[NOTE_VKEY_TEXT_SIZE];
    struct json_out out;

    json_out_init(&out);
    json_out_object(&out);
    json_out_key(&out, "proven");
    json_out_bool(&out, f != NULL);
    json_out_key(&out, "type");
    json_out_text(&out, p->type == PROOF_INCLUSION ? "inclusion" : "consistency");
    if (f) {
        json_out_key(&out, "origin");
        json_out_text(&out, f->origin);
        json_out_key(&out, "hypothetical");
        json_out_bool(&out, journal_is_hypothetical(f->origin));
        put_number(&out, "size", f->size);
        put_hash(&out, "root", &f->root);
        put_number(&out, "epoch", f->epoch);
        note_key_format(vkey, &f->key);
        json_out_key(&out, "vkey");
        json_out_text(&out, vkey);
    }
    if (f && p->type == PROOF_INCLUSION)
        put_json_entry(&out, p, f);
    if (f && p->type == PROOF_CONSISTENCY) {
        put_number(&out, "old_size", f->old_size);
        put_hash(&out, "old_root", &f->old_root);
    }
    if (!f) {
        json_out_key(&out, "why");
        json_out_text(&out, why->text);
    }
    json_out_object_end(&out);
    const enum err_code rc = cli_put_json(&out, err);
    json_out_release(&out);
    return rc;
}

/* -- the check ------------------------------------------------------------------------------------------- */

static enum err_code read_proof(const struct check_options *o, struct proof *p, struct err *err)
{
    enum proof_form form = 0;
    char *bytes = NULL;
    size_t size = 0;

    enum err_code rc = cli_read_file(o->file, PROOF_MAX_SIZE, &bytes, &size, err);
    if (!rc)
        rc = proof_parse(bytes, size, p, &form, err);
    if (rc && bytes)
        err_wrap(err, rc == ERR_FORMAT ? "%s is no proof" : "%s", o->file);
    free(bytes);
    bytes = NULL;
    if (!rc && o->entry && p->type == PROOF_CONSISTENCY)
        rc =
            err_set(err, ERR_USAGE, "check-proof: --entry goes with the proof of an entry, and this is none");
    if (!rc && o->entry)
        rc = cli_read_file(o->entry, ENTRY_MAX_SIZE, &bytes, &size, err);
    if (!rc && o->entry)
        rc = proof_bytes_set(&p->last.entry, bytes, size, err);
    free(bytes);
    return rc;
}

static enum err_code parse_key(const char *text, struct note_key *key, struct err *err)
{
    const enum err_code rc = note_key_parse(key, text, strlen(text), err);

    if (rc)
        err_wrap(err, "--key");
    return rc;
}

/* A seal that somebody has kept says the same as one of the proof's; its signature was checked when it was taken. */
static enum err_code check_kept(const char *path, const struct proof *p, const struct proof_finding *f,
                                struct err *err)
{
    const bool has_old = p->type == PROOF_CONSISTENCY;
    struct checkpoint kept = {.size = 0};
    struct note note;
    char *bytes = NULL;
    size_t size = 0;

    enum err_code rc = cli_read_file(path, NOTE_MAX_SIZE, &bytes, &size, err);
    if (!rc)
        rc = note_parse(&note, bytes, size, err);
    if (!rc)
        rc = checkpoint_parse(&kept, note.text, note.text_size, err);
    if (rc && bytes)
        err_wrap(err, "%s is no seal", path);
    free(bytes);
    if (rc)
        return rc;
    if (strcmp(kept.origin, f->origin) != 0)
        return err_set(err, ERR_WRONG, "the seal in %s is of another journal: %s", path, kept.origin);
    if (kept.size != f->size && !(has_old && kept.size == f->old_size))
        return err_set(
            err, ERR_INPUT,
            "the seal in %s covers %llu entries, of which the proof does not speak: ask for ledger prove "
            "--consistency %llu %llu",
            path, (unsigned long long)kept.size, (unsigned long long)kept.size, (unsigned long long)f->size);
    if (!hash_equal(&kept.root, kept.size == f->size ? &f->root : &f->old_root))
        return err_set(err, ERR_WRONG,
                       "another past: the seal in %s has another root for the first %llu entries", path,
                       (unsigned long long)kept.size);
    return ERR_OK;
}

static enum err_code parse(struct cli *cli, struct check_options *o, struct err *err)
{
    const struct cli_option options[] = {{.name = "key", .value = &o->key},
                                         {.name = "entry", .value = &o->entry},
                                         {.name = "against", .value = &o->against},
                                         {.name = "json", .flag = &o->json}};
    const enum err_code rc =
        cli_options(cli, options, sizeof options / sizeof options[0], &o->file, 1, NULL, err);

    if (!rc && !o->file)
        return err_set(err, ERR_USAGE, "check-proof: which file? ledger check-proof FILE --key VKEY");
    if (!rc && !o->key)
        return err_set(
            err, ERR_USAGE,
            "check-proof: --key VKEY is missing: the verifier key that init printed, got from elsewhere "
            "than the proof");
    return rc;
}

enum err_code cmd_check_proof(struct cli *cli, struct err *err)
{
    struct check_options o = {.file = NULL};
    struct proof_finding finding;
    struct note_key key;
    struct proof p;
    enum err_code rc = parse(cli, &o, err);

    proof_init(&p);
    if (!rc)
        rc = parse_key(o.key, &key, err);
    if (!rc)
        rc = read_proof(&o, &p, err);
    if (!rc)
        rc = proof_check(&p, &key, &finding, err);
    if (!rc && o.against)
        rc = check_kept(o.against, &p, &finding, err);
    if (rc == ERR_WRONG) {
        err_wrap(err, "not proven");
        if (o.json)
            (void)put_json(&p, NULL, err, NULL);
    } else if (rc && rc != ERR_USAGE) {
        err_wrap(err, "could not be checked");
    } else if (!rc) {
        cli_remark_origin(finding.origin);
    }
    if (!rc && o.json) {
        rc = put_json(&p, &finding, NULL, err);
    } else if (!rc) {
        put_text(&p, &finding);
    }
    proof_release(&p);
    return rc;
}
