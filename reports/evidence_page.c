#include "reports/evidence_page.h"

#include "ledger/hex.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define TEXT_MAX 600 /* bytes of an entry's words that are shown */

static const char style[] =
    "<style>body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:70rem;padding:0 "
    "1rem;color:#1a1f29}\n"
    "h1{font-size:1.5rem}dl{display:grid;grid-template-columns:max-content 1fr;gap:.2rem "
    "1rem}dt{color:#5b6472}\n"
    "dd{margin:0;overflow-wrap:anywhere}table{border-collapse:collapse;width:100%;margin-top:1.5rem}\n"
    "th{text-align:left;border-bottom:2px solid #1a1f29}td,th{padding:.35rem .6rem .35rem "
    "0;vertical-align:top}\n"
    "td{border-bottom:1px solid "
    "#dde1e7;overflow-wrap:anywhere}td.w{overflow-wrap:break-word}td.n{font-variant-numeric:tabular-nums;"
    "white-space:nowrap}\n"
    "tr.belongs{color:#5b6472}@media(max-width:40rem){thead{display:none}td{display:block;border:0;padding:."
    "1rem 0}\n"
    "tr{display:block;border-bottom:1px solid #dde1e7;padding:.6rem 0}}</style>\n";

static void put_text(struct words *w, const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        switch (text[i]) {
        case '&': words_add(w, "&amp;"); break;
        case '<': words_add(w, "&lt;"); break;
        case '>': words_add(w, "&gt;"); break;
        case '"': words_add(w, "&quot;"); break;
        default: words_bytes(w, text + i, 1);
        }
    }
}

static void put_term(struct words *w, const char *term, const char *text)
{
    words_add(w, "<dt>%s</dt><dd>", term);
    put_text(w, text, strlen(text));
    words_add(w, "</dd>\n");
}

static enum err_code put_head(struct words *w, const struct bundle *b, struct journal *j,
                              struct journal_reader *r, const char *question, struct err *err)
{
    struct seal seal;
    struct journal_record record;
    struct entry last;
    char text[HEX_LENGTH(HASH_SIZE) + 64];
    char at[INSTANT_TEXT_SIZE];

    enum err_code rc = journal_reader_seal(r, bundle_size(b), &seal, err);
    if (!rc)
        rc = journal_reader_get(r, seal.size, &record, err);
    if (!rc)
        rc = entry_decode_header(record.bytes, record.size, &last, err);
    if (rc)
        return rc;
    words_add(w, "<!doctype html><html lang=en><meta charset=utf-8>"
                 "<meta name=viewport content=\"width=device-width\"><title>Evidence from ");
    put_text(w, journal_origin(j), strlen(journal_origin(j)));
    words_add(w, "</title>\n%s<h1>Evidence from ", style);
    put_text(w, journal_origin(j), strlen(journal_origin(j)));
    words_add(w,
              "</h1>\n<p>This page is for reading and proves nothing by itself. <code>verify.html</code> and "
              "<code>README.txt</code> beside it say how everything here is checked.</p>\n<dl>\n");
    if (journal_is_hypothetical(journal_origin(j)))
        put_term(w, "HYPOTHETICAL",
                 "this journal was computed by a what-if and not lived: nothing in it happened");
    put_term(w, "asked for", question);
    put_term(w, "verifier key", journal_vkey(j));
    instant_format(at, last.recorded_at_ns);
    snprintf(text, sizeof text, "%" PRIu64 ", the last of them recorded at %s", seal.size, at);
    put_term(w, "entries sealed", text);
    hex_encode(text, seal.root.bytes, HASH_SIZE);
    put_term(w, "root", text);
    words_add(w, "</dl>\n");
    return ERR_OK;
}

/* Not in the middle of a character. */
static void put_cut(struct words *w, const char *text)
{
    size_t size = strlen(text);

    if (size <= TEXT_MAX) {
        put_text(w, text, size);
        return;
    }
    for (size = TEXT_MAX; ((unsigned char)text[size] & 0xc0) == 0x80;)
        size--;
    put_text(w, text, size);
    words_add(w, " ...");
}

/* What is proposed, in words. */
static void put_draft(struct words *line, const struct entry *e)
{
    const struct blob *const draft = &e->as.control_proposal.draft;
    struct entry proposed;

    if (e->kind != ENTRY_CONTROL_PROPOSAL || entry_decode(draft->bytes, draft->length, &proposed, NULL))
        return;
    words_add(line, ": %s ", entry_kind_find((unsigned)proposed.kind)->text);
    words_entry(line, &proposed);
}

static enum err_code put_row(struct words *w, struct words *line, struct journal *j, struct journal_reader *r,
                             uint64_t seq, bool asked, struct err *err)
{
    struct journal_record record;
    struct entry e;
    char at[INSTANT_TEXT_SIZE];

    enum err_code rc = journal_reader_get(r, seq, &record, err);
    if (!rc)
        rc = entry_decode(record.bytes, record.size, &e, err);
    if (rc)
        return rc;
    instant_format_new_york(at, e.at_ns != INSTANT_NONE ? e.at_ns : e.recorded_at_ns);
    words_add(w, "<tr%s><td class=n>%" PRIu64 "<td class=n>%s<td class=w>", asked ? "" : " class=belongs",
              seq, at);
    words_add(w, "%s<td class=w>", entry_kind_find((unsigned)e.kind)->text);
    put_text(w, actors_name(journal_actors(j), e.actor), strlen(actors_name(journal_actors(j), e.actor)));
    words_add(w, "%s<td>", e.is_signed ? " (signed)" : "");
    words_clear(line);
    words_entry(line, &e);
    put_draft(line, &e);
    rc = words_done(line, err);
    if (rc)
        return rc;
    put_cut(w, words_get(line));
    if (e.cause)
        words_add(w, " <small>because of %" PRIu64 "</small>", e.cause);
    words_add(w, "\n");
    return ERR_OK;
}

static enum err_code put_rows(struct words *w, const struct bundle *b, struct journal *j,
                              struct journal_reader *r, struct err *err)
{
    struct words line;
    unsigned rows = 0;
    bool asked = false;
    enum err_code rc = ERR_OK;

    words_init(&line);
    words_add(w, "<table><thead><tr><th>Entry<th>New York<th>Kind<th>Actor<th>What it says</thead>\n");
    uint64_t seq = bundle_next(b, 0, &asked);
    for (; seq && rows < EVIDENCE_PAGE_ROWS && !rc; seq = bundle_next(b, seq, &asked), rows++)
        rc = put_row(w, &line, j, r, seq, asked, err);
    words_add(w, "</table>\n");
    if (seq && !rc)
        words_add(w, "<p>The bundle goes on from entry %" PRIu64 ": these are its first %d entries.</p>\n",
                  seq, EVIDENCE_PAGE_ROWS);
    words_add(w, "<p>Entries in grey were not asked for: they are the causes of the others, and say who may "
                 "write and whose key seals.</p>\n");
    words_release(&line);
    return rc;
}

enum err_code evidence_page(struct words *w, const struct bundle *b, struct journal *j,
                            struct journal_reader *r, const char *question, struct err *err)
{
    enum err_code rc = put_head(w, b, j, r, question, err);

    if (!rc)
        rc = put_rows(w, b, j, r, err);
    return rc ? rc : words_done(w, err);
}
