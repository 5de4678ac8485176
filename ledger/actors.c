#include "ledger/actors.h"

#include <inttypes.h>
#include <stdio.h>

#define JOURNAL_NAME "journal"

void actors_init(struct actors *a)
{
    memset(a, 0, sizeof *a);
}

static const struct actor_row *row_by_name(const struct actors *a, const char *name, size_t length)
{
    for (uint32_t i = 0; i < a->count; i++) {
        const struct id *const id = &a->rows[i].name;
        if (id->length == length && memcmp(id->text, name, length) == 0)
            return &a->rows[i];
    }
    return NULL;
}

static enum err_code add_row(struct actors *a, const struct actor_row *row, struct err *err)
{
    if (a->count == ACTORS_TOTAL_MAX)
        return err_set(err, ERR_CHAIN, "a journal has at most %d actors", ACTORS_TOTAL_MAX);
    if (id_is(&row->name, JOURNAL_NAME))
        return err_set(err, ERR_CHAIN, "\"" JOURNAL_NAME "\" is the journal's own name (actor 0)");
    if (row_by_name(a, row->name.text, row->name.length))
        return err_set(err, ERR_CHAIN, "there is an actor \"%s\" already", row->name.text);
    a->rows[a->count++] = *row;
    return ERR_OK;
}

static enum err_code on_genesis(struct actors *a, const struct entry_control_genesis *genesis,
                                struct err *err)
{
    enum err_code rc = ERR_OK;

    if (a->count > 0)
        return err_set(err, ERR_CHAIN, "there are actors already: genesis is the first entry of a journal");
    for (unsigned i = 0; i < genesis->actors.count && !rc; i++)
        rc = add_row(a, &genesis->actors.rows[i], err);
    if (rc)
        a->count = 0; /* all or nothing */
    return rc;
}

static enum err_code on_actor(struct actors *a, const struct entry_control_actor *actor, struct err *err)
{
    struct actor_row row = {.name = actor->name, .role = actor->role};

    if (actor->actor_id != (int64_t)a->count + 1)
        return err_set(err, ERR_CHAIN, "actor id %" PRId64 " is out of order: the next one is %" PRIu32,
                       actor->actor_id, a->count + 1);
    memcpy(row.key, actor->key.bytes, sizeof row.key);
    return add_row(a, &row, err);
}

enum err_code actors_apply(struct actors *a, const struct entry *e, struct err *err)
{
    if (e->kind == ENTRY_CONTROL_GENESIS)
        return on_genesis(a, &e->as.control_genesis, err);
    if (e->kind == ENTRY_CONTROL_ACTOR)
        return on_actor(a, &e->as.control_actor, err);
    return ERR_OK; /* no other kind says who may write */
}

/* "journal, risk, broker:paper ..." as far as it fits. */
static void list_names(const struct actors *a, char *out, size_t capacity)
{
    size_t used = (size_t)snprintf(out, capacity, JOURNAL_NAME);

    for (uint32_t i = 0; i < a->count; i++) {
        if (used + ID_MAX + sizeof ", ..." > capacity) {
            snprintf(out + used, capacity - used, " ...");
            return;
        }
        used += (size_t)snprintf(out + used, capacity - used, ", %s", a->rows[i].name.text);
    }
}

enum err_code actors_id(const struct actors *a, const char *name, size_t length, uint32_t *id,
                        struct err *err)
{
    const struct actor_row *const row = row_by_name(a, name, length);
    char names[640];

    if (row) {
        *id = (uint32_t)(row - a->rows) + 1;
        return ERR_OK;
    }
    if (length == sizeof JOURNAL_NAME - 1 && memcmp(name, JOURNAL_NAME, length) == 0) {
        *id = 0;
        return ERR_OK;
    }
    list_names(a, names, sizeof names);
    return err_set(err, ERR_NOT_FOUND, "no actor \"%.*s\": there are %s", (int)(length < 100 ? length : 100),
                   name, names);
}

const struct actor_row *actors_find(const struct actors *a, uint32_t id)
{
    return id >= 1 && id <= a->count ? &a->rows[id - 1] : NULL;
}

const char *actors_name(const struct actors *a, uint32_t id)
{
    const struct actor_row *const row = actors_find(a, id);

    if (row)
        return row->name.text;
    return id == 0 ? JOURNAL_NAME : "?";
}
