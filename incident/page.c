#include "incident/page_impl.h"

#include "ledger/base64.h"
#include "ledger/file.h"

#include <inttypes.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#define EMBEDDED(name)                                                                                       \
    extern const unsigned char name[];                                                                       \
    extern const size_t name##_size

EMBEDDED(incident_page_html);       /* incident/page/page.html */
EMBEDDED(incident_page_style);      /* incident/page/page.css */
EMBEDDED(incident_page_entry);      /* incident/page/entry.js */
EMBEDDED(incident_page_proof);      /* incident/page/proof.js */
EMBEDDED(incident_page_span);       /* incident/page/span.js */
EMBEDDED(incident_page_charts);     /* incident/page/charts.js */
EMBEDDED(incident_page_list);       /* incident/page/list.js */
EMBEDDED(incident_page_script);     /* incident/page/page.js */
EMBEDDED(incident_chart_script);    /* dygraphs, minified */
EMBEDDED(incident_chart_style);     /* its style */
EMBEDDED(incident_chart_copyright); /* who made it, and its licence */

struct span_of_bytes {
    const unsigned char *bytes;
    size_t size;
};

enum { OWN_SCRIPTS = 9 };

/* Ours, in this order: they share one scope. First is what the bytes of entries mean. */
static void own_scripts(const struct page *p, struct span_of_bytes parts[OWN_SCRIPTS])
{
    static const unsigned char begin[] = "'use strict';\nconst SCHEMA = ";
    static const unsigned char end[] = ";\n";

    parts[0] = (struct span_of_bytes){begin, sizeof begin - 1};
    parts[1] = (struct span_of_bytes){(const unsigned char *)p->schema.bytes, p->schema.size};
    parts[2] = (struct span_of_bytes){end, sizeof end - 1};
    parts[3] = (struct span_of_bytes){incident_page_entry, incident_page_entry_size};
    parts[4] = (struct span_of_bytes){incident_page_proof, incident_page_proof_size};
    parts[5] = (struct span_of_bytes){incident_page_span, incident_page_span_size};
    parts[6] = (struct span_of_bytes){incident_page_charts, incident_page_charts_size};
    parts[7] = (struct span_of_bytes){incident_page_list, incident_page_list_size};
    parts[8] = (struct span_of_bytes){incident_page_script, incident_page_script_size};
}

/* -- which entries -------------------------------------------------------------------------------------- */

static bool is_of_chain(enum entry_kind kind)
{
    return kind == ENTRY_PERCEPTION_QUOTE || kind == ENTRY_PERCEPTION_BAR || kind == ENTRY_PERCEPTION_MARK ||
           kind == ENTRY_PERCEPTION_OPEN_INTEREST || kind == ENTRY_PERCEPTION_DATA_QUALITY;
}

/* Market data of a contract that nobody held or traded. */
static bool is_aside(const struct timeline *t, const struct timeline_entry *e)
{
    if (!is_of_chain(e->kind) || !e->instrument)
        return false;
    const struct timeline_instrument *const i = table_at(&t->instruments, e->instrument - 1);
    return symbol_is_option(&i->symbol) && !i->is_concerned;
}

/* Left out is what stands between its like: so nothing else can be taken out of the page without a trace. */
static bool is_left(const struct timeline *t, size_t i)
{
    return i > 0 && i + 1 < t->count && is_aside(t, &t->entries[i - 1]) && is_aside(t, &t->entries[i]) &&
           is_aside(t, &t->entries[i + 1]);
}

/* What stands right behind a decision or a verdict is its answer. */
static enum err_code ask_answer(struct page *p, const struct timeline_entry *e, struct err *err)
{
    const bool is_answered =
        e->kind == ENTRY_DECISION_ENTER || e->kind == ENTRY_DECISION_EXIT || e->kind == ENTRY_RISK_VERDICT;

    return is_answered && e->seq < p->request->real->to ? bundle_ask(p->bundle, e->seq + 1, err) : ERR_OK;
}

/* What a decision saw is shown even when it is far back. */
static enum err_code ask_seen(struct page *p, const struct timeline_entry *e, struct err *err)
{
    enum err_code rc = ERR_OK;

    if (e->quote_seq)
        rc = bundle_ask(p->bundle, e->quote_seq, err);
    if (!rc && e->price_seq)
        rc = bundle_ask(p->bundle, e->price_seq, err);
    return rc;
}

static enum err_code choose(struct page *p, struct err *err)
{
    const struct timeline *const t = p->request->real;
    const bool is_whole = t->count <= PAGE_ENTRIES_WHOLE;
    uint64_t kept = 0;
    bool asked;
    enum err_code rc = ERR_OK;

    for (size_t i = 0; i < t->count && !rc; i++) {
        const struct timeline_entry *const e = &t->entries[i];
        if (!is_whole && is_left(t, i))
            continue;
        kept++;
        rc = bundle_ask(p->bundle, e->seq, err);
        if (!rc)
            rc = ask_seen(p, e, err);
        if (!rc)
            rc = ask_answer(p, e, err);
        if (!rc && kept > PAGE_ENTRIES_MAX)
            rc = err_set(err, ERR_RANGE, "the span has more than %u entries to show: narrow it",
                         PAGE_ENTRIES_MAX);
    }
    /* By it the page places what has no moment of its own before the span's first. */
    if (!rc && t->clock_before)
        rc = bundle_ask(p->bundle, t->clock_before, err);
    if (!rc)
        rc = bundle_complete(p->bundle, err);
    if (rc)
        return rc;
    p->left = t->tally.entries;
    for (uint64_t s = bundle_next(p->bundle, t->from - 1, &asked); s && s <= t->to;
         s = bundle_next(p->bundle, s, &asked))
        p->left--;
    return ERR_OK;
}

/* -- the file ------------------------------------------------------------------------------------------- */

static void put(FILE *f, const void *bytes, size_t size)
{
    (void)fwrite(bytes, 1, size, f); /* in memory: finish() asks whether all of it found room */
}

static void put_escaped(FILE *f, const char *text)
{
    for (; *text; text++) {
        switch (*text) {
        case '&': fputs("&amp;", f); break;
        case '<': fputs("&lt;", f); break;
        case '>': fputs("&gt;", f); break;
        case '"': fputs("&quot;", f); break;
        default: fputc(*text, f);
        }
    }
}

/* In a script block nothing but "<" could end it; in JSON it stands in strings alone. */
static void put_json(FILE *f, const struct json_out *data)
{
    size_t begin = 0;

    for (size_t i = 0; i < data->size; i++) {
        if (data->bytes[i] != '<')
            continue;
        put(f, data->bytes + begin, i - begin);
        fputs("\\u003c", f);
        begin = i + 1;
    }
    put(f, data->bytes + begin, data->size - begin);
}

/* In a comment nothing but its end could end it. */
static void put_comment(FILE *f, const unsigned char *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        fputc(bytes[i], f);
        if (bytes[i] == '-' && i + 1 < size && bytes[i + 1] == '-')
            fputc(' ', f);
    }
}

/* Only scripts with these hashes run: nothing that came in by an entry. */
static void put_policy(FILE *f, const struct page *p)
{
    struct span_of_bytes parts[OWN_SCRIPTS];
    struct hash_stream s;
    struct hash hashes[2];
    char text[BASE64_LENGTH(HASH_SIZE) + 1];

    own_scripts(p, parts);
    hashes[0] = hash_bytes(incident_chart_script, incident_chart_script_size);
    hash_stream_init(&s);
    for (int i = 0; i < OWN_SCRIPTS; i++)
        hash_stream_add(&s, parts[i].bytes, parts[i].size);
    hashes[1] = hash_stream_finish(&s);
    fputs("default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; script-src",
          f);
    for (int i = 0; i < 2; i++) {
        base64_encode(text, hashes[i].bytes, HASH_SIZE);
        fprintf(f, " 'sha256-%s'", text);
    }
}

static void put_title(FILE *f, const struct page *p)
{
    fprintf(f, "Entries %" PRIu64 " to %" PRIu64 " of ", p->request->real->from, p->request->real->to);
    put_escaped(f, journal_origin(p->journal));
}

/* What stands in the template as {{name}}. */
static void put_part(FILE *f, const struct page *p, const struct json_out *data, const char *name,
                     size_t length)
{
    struct span_of_bytes parts[OWN_SCRIPTS];

    if (strncmp(name, "policy", length) == 0) {
        put_policy(f, p);
    } else if (strncmp(name, "title", length) == 0) {
        put_title(f, p);
    } else if (strncmp(name, "licence", length) == 0) {
        put_comment(f, incident_chart_copyright, incident_chart_copyright_size);
    } else if (strncmp(name, "style", length) == 0) {
        put(f, incident_chart_style, incident_chart_style_size);
        put(f, incident_page_style, incident_page_style_size);
    } else if (strncmp(name, "charts", length) == 0) {
        put(f, incident_chart_script, incident_chart_script_size);
    } else if (strncmp(name, "data", length) == 0) {
        put_json(f, data);
    } else {
        REQUIRE(strncmp(name, "scripts", length) == 0);
        own_scripts(p, parts);
        for (int i = 0; i < OWN_SCRIPTS; i++)
            put(f, parts[i].bytes, parts[i].size);
    }
}

static void fill_template(FILE *f, const struct page *p, const struct json_out *data)
{
    const char *at = (const char *)incident_page_html;
    const char *const end = at + incident_page_html_size;

    while (at < end) {
        const char *const open = memmem(at, (size_t)(end - at), "{{", 2);
        const char *const close = open ? memmem(open, (size_t)(end - open), "}}", 2) : NULL;
        if (!close) {
            put(f, at, (size_t)(end - at));
            return;
        }
        put(f, at, (size_t)(open - at));
        put_part(f, p, data, open + 2, (size_t)(close - open - 2));
        at = close + 2;
    }
}

static enum err_code assemble(const struct page *p, const struct json_out *data, char **bytes, size_t *size,
                              struct err *err)
{
    FILE *const f = open_memstream(bytes, size);

    if (!f)
        return err_set(err, ERR_MEMORY, "out of memory");
    fill_template(f, p, data);
    const bool is_bad = ferror(f) != 0;
    if (fclose(f) != 0 || is_bad)
        return err_set(err, ERR_MEMORY, "the page does not fit into memory: narrow the span");
    return ERR_OK;
}

static enum err_code store(const struct page_request *q, const void *bytes, size_t size, struct err *err)
{
    char folder[PATH_MAX];
    char name[PATH_MAX];

    snprintf(folder, sizeof folder, "%s", q->out);
    snprintf(name, sizeof name, "%s", q->out);
    const char *const parent = dirname(folder);
    const int dir = file_open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
    if (dir < 0)
        return err_set(err, ERR_IO, "%s: %s", parent, strerror(errno));
    const enum err_code rc = file_replace_whole(dir, basename(name), bytes, size, 0644, err);
    (void)file_close(dir);
    return rc;
}

/* Asked before the work, too, so that nobody waits in vain. */
static enum err_code check_out(const struct page_request *q, struct err *err)
{
    struct stat st;

    if (strlen(q->out) >= PATH_MAX)
        return err_set(err, ERR_INPUT, "the path is too long");
    if (lstat(q->out, &st) != 0)
        return ERR_OK;
    if (!S_ISREG(st.st_mode))
        return err_set(err, ERR_EXISTS, "%s is there already, and is no file", q->out);
    return q->is_forced
               ? ERR_OK
               : err_set(err, ERR_EXISTS, "%s is there already: name another file, or say --force", q->out);
}

enum err_code page_write(struct journal *j, struct journal_reader *r, const struct page_request *q,
                         struct page_counts *counts, struct err *err)
{
    struct page p = {
        .journal = j, .reader = r, .request = q, .base_ms = q->real->from_ns / (NS_PER_SECOND / 1000)};
    struct json_out data;
    char *bytes = NULL;
    size_t size = 0;
    bool asked;

    json_out_init(&data);
    json_out_init(&p.schema);
    enum err_code rc = check_out(q, err);
    if (!rc)
        rc = page_schema(&p.schema, err);
    REQUIRE(rc || !memchr(p.schema.bytes, '<', p.schema.size)); /* nothing in it can end the script */
    if (!rc)
        rc = bundle_new(&p.bundle, j, r, err);
    if (!rc)
        rc = journal_reader_seal(r, bundle_size(p.bundle), &p.seal, err);
    if (!rc)
        rc = choose(&p, err);
    if (!rc)
        rc = page_data(&p, &data, err);
    if (!rc)
        rc = assemble(&p, &data, &bytes, &size, err);
    if (!rc)
        rc = check_out(q, err);
    if (!rc)
        rc = store(q, bytes, size, err);
    if (!rc && counts) {
        *counts = (struct page_counts){.left = p.left, .bytes = size};
        for (uint64_t s = bundle_next(p.bundle, 0, &asked); s; s = bundle_next(p.bundle, s, &asked))
            counts->entries++;
    }
    free(bytes);
    json_out_release(&data);
    json_out_release(&p.schema);
    bundle_free(p.bundle);
    return rc;
}
