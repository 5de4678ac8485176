/* ledger prove: that an entry is sealed, or that what was sealed has only grown; for somebody without the journal. */
#include "cli/cli.h"

#include "audit/proof.h"

#include <stdlib.h>
#include <string.h>

struct prove_options {
    const char *what; /* SEQ, or the newer size */
    const char *size;
    const char *form;
    const char *entry_out;
    const char *from; /* the older size, of a proof of growth */
    enum proof_form proof_form;
    uint64_t number; /* what `what` says */
    uint64_t at;     /* what `size`, or `from`, says; 0: nothing */
};

static enum err_code parse_form(struct prove_options *o, struct err *err)
{
    o->proof_form = PROOF_JSON;
    if (!o->form || strcmp(o->form, "json") == 0)
        return ERR_OK;
    if (strcmp(o->form, "tlog-proof") != 0)
        return err_set(err, ERR_USAGE, "prove: --format is json or tlog-proof, not \"%s\"", o->form);
    o->proof_form = PROOF_TLOG;
    return ERR_OK;
}

static enum err_code check_together(const struct prove_options *o, struct err *err)
{
    if (!o->what)
        return err_set(err, ERR_USAGE,
                       "prove: what? ledger prove SEQ, or ledger prove --consistency OLD-SIZE NEW-SIZE");
    if (o->from && (o->size || o->entry_out || o->proof_form == PROOF_TLOG))
        return err_set(err, ERR_USAGE,
                       "prove: --size, --entry-out and --format tlog-proof go with an entry, not with "
                       "--consistency");
    if (o->entry_out && strcmp(o->entry_out, "-") == 0)
        return err_set(err, ERR_USAGE, "prove: --entry-out takes a file: the proof goes to standard output");
    return ERR_OK;
}

static enum err_code parse(struct cli *cli, struct prove_options *o, struct err *err)
{
    const struct cli_option options[] = {{.name = "size", .value = &o->size},
                                         {.name = "format", .value = &o->form},
                                         {.name = "entry-out", .value = &o->entry_out},
                                         {.name = "consistency", .value = &o->from}};

    enum err_code rc = cli_options(cli, options, sizeof options / sizeof options[0], &o->what, 1, NULL, err);
    if (!rc)
        rc = parse_form(o, err);
    if (!rc)
        rc = check_together(o, err);
    if (!rc)
        rc = cli_parse_u64(o->from ? "--consistency" : "SEQ", o->what, &o->number, err);
    if (!rc && o->from)
        rc = cli_parse_u64("--consistency", o->from, &o->at, err);
    if (!rc && o->size)
        rc = cli_parse_u64("--size", o->size, &o->at, err);
    return rc;
}

/* What goes out has been checked as the reader will: a journal that was changed proves nothing. */
static enum err_code make(struct journal *j, const struct prove_options *o, struct proof *p,
                          struct proof_finding *f, struct err *err)
{
    struct journal_reader *r = NULL;
    struct note_key key;

    enum err_code rc = journal_reader_begin(j, &r, err);
    if (!rc && o->from)
        rc = proof_make_consistency(r, journal_epochs(j), o->at, o->number, p, err);
    else if (!rc)
        rc = proof_make_inclusion(r, journal_epochs(j), o->number, o->at, p, err);
    journal_reader_end(r);
    if (!rc)
        rc = note_key_parse(&key, journal_vkey(j), strlen(journal_vkey(j)), err);
    if (rc)
        return rc;
    rc = proof_check(p, &key, f, err);
    if (rc)
        err_wrap(err,
                 "the journal does not prove it, so something in it was changed (which: ledger -C %s verify)",
                 journal_dir(j));
    return rc;
}

static void put_remarks(const struct prove_options *o, const struct proof_finding *f)
{
    char vkey[NOTE_VKEY_TEXT_SIZE];

    if (o->size && f->size != o->at)
        fprintf(stderr,
                "remark: no seal covers exactly %llu entries; this proof is of the next one, of %llu\n",
                (unsigned long long)o->at, (unsigned long long)f->size);
    if (o->proof_form != PROOF_TLOG || f->epoch == 0)
        return;
    note_key_format(vkey, &f->key);
    fprintf(
        stderr,
        "remark: the seal is signed by the journal's key of epoch %llu, and a tlog-proof cannot show how it "
        "came to it (--format json can); check it with --key %s\n",
        (unsigned long long)f->epoch, vkey);
}

static enum err_code format(const struct proof *p, enum proof_form form, struct proof_bytes *text,
                            struct err *err)
{
    struct json_out out;
    enum err_code rc = ERR_OK;

    if (form == PROOF_TLOG)
        return proof_to_tlog(p, text, err);
    json_out_init(&out);
    proof_to_json(p, &out);
    rc = out.bad ? err_set(err, ERR_MEMORY, "out of memory for a proof")
                 : proof_bytes_set(text, out.bytes, out.size, err);
    json_out_release(&out);
    return rc;
}

enum err_code cmd_prove(struct cli *cli, struct err *err)
{
    struct prove_options o = {.what = NULL};
    struct proof_finding finding;
    struct journal *j = NULL;
    struct proof p;
    struct proof_bytes text = {NULL, 0};
    enum err_code rc = parse(cli, &o, err);

    proof_init(&p);
    if (rc)
        return rc;
    cli_guard_reading();
    rc = cli_open_as_it_is(cli, &j, err);
    if (!rc)
        rc = make(j, &o, &p, &finding, err);
    if (!rc)
        rc = format(&p, o.proof_form, &text, err);
    if (!rc && o.entry_out)
        rc = cli_write_new(o.entry_out, p.last.entry.at, p.last.entry.size, err);
    if (!rc) {
        fwrite(text.at, 1, text.size, stdout);
        put_remarks(&o, &finding);
    }
    free(text.at);
    proof_release(&p);
    journal_close(j);
    return rc;
}
