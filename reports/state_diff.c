#include "reports/state_diff.h"

#include "ledger/hash.h"
#include "ledger/table.h"

#include <stdlib.h>
#include <string.h>

/* A row by what names it. Names have no bound, so they are held by their hash. */
struct named {
    struct hash name; /* the key */
    size_t row;
    bool is_met;
};

static struct hash name_of(const struct state_view *v, const struct state_row *row)
{
    struct hash_stream stream;

    hash_stream_init(&stream);
    for (size_t i = 0; i < v->key_count; i++) {
        const char *const text = row->cells[i].type == CELL_TEXT ? row->cells[i].text : "";
        hash_stream_add(&stream, text, strlen(text) + 1);
    }
    return hash_stream_finish(&stream);
}

static enum err_code add(struct state_diff *d, const struct state_row *before, const struct state_row *after,
                         struct err *err)
{
    struct state_change c = {before, after, 0};

    for (size_t i = 0; i < d->after->column_count; i++) {
        const bool differs = !before || !after || !state_cell_equal(&before->cells[i], &after->cells[i]);
        c.columns |= (unsigned)differs << i;
    }
    if (!c.columns)
        return ERR_OK;
    if (d->count == d->capacity) {
        const size_t capacity = d->capacity ? 2 * d->capacity : 32;
        struct state_change *const grown = realloc(d->changes, capacity * sizeof *grown);
        if (!grown)
            return err_set(err, ERR_MEMORY, "out of memory for what differs");
        d->changes = grown;
        d->capacity = capacity;
    }
    d->changes[d->count++] = c;
    return ERR_OK;
}

static enum err_code note_rows(const struct state_view *v, struct table *names, struct err *err)
{
    enum err_code rc = ERR_OK;

    for (size_t i = 0; !rc && i < v->count; i++) {
        const struct hash name = name_of(v, &v->rows[i]);
        void *found = NULL;
        rc = table_put(names, &name, &found, err);
        if (!rc)
            ((struct named *)found)->row = i;
    }
    return rc;
}

enum err_code state_diff_make(struct state_diff *d, const struct state_view *before,
                              const struct state_view *after, struct err *err)
{
    struct table names;

    REQUIRE(before->section == after->section && before->columns == after->columns);
    *d = (struct state_diff){.before = before, .after = after};
    table_init(&names, sizeof(struct named), sizeof(struct hash));
    enum err_code rc = note_rows(before, &names, err);
    for (size_t i = 0; !rc && i < after->count; i++) {
        const struct hash name = name_of(after, &after->rows[i]);
        struct named *const met = table_find(&names, &name);
        if (met)
            met->is_met = true;
        rc = add(d, met ? &before->rows[met->row] : NULL, &after->rows[i], err);
    }
    for (uint32_t i = 0; !rc && i < names.count; i++) {
        const struct named *const n = table_at(&names, i);
        if (!n->is_met)
            rc = add(d, &before->rows[n->row], NULL, err);
    }
    table_release(&names);
    return rc;
}

void state_diff_release(struct state_diff *d)
{
    free(d->changes);
    memset(d, 0, sizeof *d);
}

void state_change_words(const struct state_diff *d, const struct state_change *c, struct words *w)
{
    const struct state_view *const v = d->after;
    bool any = false;

    for (size_t i = v->key_count; i < v->column_count; i++) {
        const struct state_cell *const before = c->before ? &c->before->cells[i] : NULL;
        const struct state_cell *const after = c->after ? &c->after->cells[i] : NULL;
        const bool is_empty =
            (!before || before->type == CELL_EMPTY) && (!after || after->type == CELL_EMPTY);
        if (!(c->columns & 1U << i) || is_empty)
            continue;
        if (v->key_count + 1 < v->column_count)
            words_add(w, "%s%s ", any ? ", " : "", v->columns[i].title);
        any = true;
        if (before)
            state_cell_words(before, w);
        if (before && after)
            words_add(w, " -> ");
        if (after)
            state_cell_words(after, w);
    }
}

static void json_side(struct json_out *out, const char *name, const char *from, const struct state_cell *c)
{
    json_out_key(out, name);
    if (c)
        state_cell_json(c, out);
    else
        json_out_null(out);
    if (c && c->from)
        sources_json(out, from, NULL, c->from);
}

void state_change_json(const struct state_diff *d, const struct state_change *c, struct json_out *out)
{
    const struct state_view *const v = d->after;
    const struct state_row *const named = c->after ? c->after : c->before;

    json_out_object(out);
    json_out_key(out, "section");
    json_out_text(out, state_section_name(v->section));
    json_out_key(out, "row");
    json_out_array(out);
    for (size_t i = 0; i < v->key_count; i++)
        state_cell_json(&named->cells[i], out);
    json_out_array_end(out);
    json_out_key(out, "change");
    json_out_text(out, !c->before ? "added" : !c->after ? "removed" : "changed");
    json_out_key(out, "columns");
    json_out_object(out);
    for (size_t i = v->key_count; i < v->column_count; i++) {
        if (!(c->columns & 1U << i))
            continue;
        json_out_key(out, v->columns[i].name);
        json_out_object(out);
        json_side(out, "before", "before_from", c->before ? &c->before->cells[i] : NULL);
        json_side(out, "after", "after_from", c->after ? &c->after->cells[i] : NULL);
        json_out_object_end(out);
    }
    json_out_object_end(out);
    json_out_object_end(out);
}
