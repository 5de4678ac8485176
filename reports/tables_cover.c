/* The cover: what this report is about, what it rests on, what is attested, and what is in it. */
#include "reports/tables_fold.h"

#include "ledger/hex.h"

#include <inttypes.h>

static enum err_code item(struct fold *f, const char *name, struct err *err)
{
    enum err_code rc = words_done(&f->words, err);

    if (rc)
        return rc;
    struct row *const row = fold_row(f, TABLES_COVER);
    row_word(row, name);
    row_word(row, words_get(&f->words));
    rc = fold_send(f, err);
    words_clear(&f->words);
    return rc;
}

static enum err_code about(struct fold *f, struct err *err)
{
    const struct day_scope *const s = f->scope;
    char text[INSTANT_TEXT_SIZE];
    enum err_code rc;

    words_clear(&f->words);
    words_add(&f->words, "%s", f->options->origin);
    rc = item(f, "Journal", err);
    words_add(&f->words, "%s", f->options->vkey);
    rc = rc ? rc : item(f, "Verifier key", err);
    civil_format(text, s->day);
    words_add(&f->words, "%s", text);
    rc = rc ? rc : item(f, "Trading day", err);
    words_add(&f->words, "%" PRIu64 ", between %" PRIu64 " and %" PRIu64, s->entries, s->first_seq,
              s->last_seq);
    rc = rc ? rc : item(f, "Entries of the day", err);
    words_add(&f->words, "1 to %" PRIu64, s->state_seq);
    rc = rc ? rc : item(f, "Covered range", err);
    instant_format(text, s->sealed_at_ns);
    words_add(&f->words, "%s", text);
    rc = rc ? rc : item(f, "Newest entry recorded at", err);
    words_add(&f->words, "%s", f->options->program);
    return rc ? rc : item(f, "Written by", err);
}

static enum err_code proof(struct fold *f, struct err *err)
{
    char digest[HEX_LENGTH(HASH_SIZE) + 1];
    enum err_code rc;

    words_add(&f->words, "%s", f->scope->seal.note);
    rc = item(f, "Seal", err);
    hex_encode(digest, f->result.state_digest.bytes, HASH_SIZE);
    words_add(&f->words, "%s", digest);
    return rc ? rc : item(f, "State digest after it", err);
}

static enum err_code attestation(struct fold *f, struct err *err)
{
    char day[INSTANT_TEXT_SIZE];
    enum err_code rc;

    civil_format(day, f->scope->day);
    words_add(&f->words,
              "These tables were computed from entries 1 to %" PRIu64
              " of the journal %s, and from nothing else. The seal above is the journal's signature over "
              "every one of those entries; the manifest beside this file is its signature over every file of "
              "this pack. Anybody can recompute both with: ledger report verify",
              f->scope->state_seq, f->options->origin);
    rc = item(f, "Statement", err);
    words_add(&f->words,
              "I have reviewed the records of trading day %s in this pack: the fills, the orders with what "
              "caused them, the breaches of limits, the overrides and stops, the changes of configuration "
              "and the data-quality exceptions. What needed an explanation has one, in the journal or noted "
              "below.",
              day);
    rc = rc ? rc : item(f, "Attestation", err);
    rc = rc ? rc : item(f, "Notes", err);
    rc = rc ? rc : item(f, "Reviewed by (name, title)", err);
    return rc ? rc : item(f, "Signature and date", err);
}

static enum err_code contents(struct fold *f, struct err *err)
{
    enum err_code rc = ERR_OK;

    for (size_t i = 1; !rc && i < TABLES_COUNT; i++) {
        const struct sheet *const s = tables_sheet(i);
        words_add(&f->words, "%" PRIu64 " row%s: %s", f->result.rows[i], f->result.rows[i] == 1 ? "" : "s",
                  s->meaning);
        rc = item(f, s->title, err);
    }
    return rc;
}

static enum err_code cover_rows(struct fold *f, struct err *err)
{
    enum err_code rc = about(f, err);

    if (!rc)
        rc = proof(f, err);
    if (!rc)
        rc = attestation(f, err);
    return rc ? rc : contents(f, err);
}

static const struct column columns[] = {
    {"item", "Item", CELL_TEXT, 28},
    {"value", "Value", CELL_TEXT, 100},
};

const struct table_rows tables_cover = {
    {"cover", "Cover", "what the report is about and what is attested", TABLE_COLUMNS(columns)},
    NULL,
    NULL,
    cover_rows};
