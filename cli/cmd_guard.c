/* ledger guard: the fork guard, a file outside of the journal that knows which tree was signed last. */
#include "cli/cli.h"
#include "cli/guards.h"
#include "cli/person.h"

#include "ledger/base64.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* -- showing --------------------------------------------------------------------------------------------- */

static void put_tree(const char *what, const struct guard_tree *tree)
{
    char root[BASE64_LENGTH(HASH_SIZE) + 1];

    base64_encode(root, tree->root.bytes, HASH_SIZE);
    printf("%s%llu entries, root %s", what, (unsigned long long)tree->size, root);
}

static void put_row(const struct journal_guard *row)
{
    char at[INSTANT_TEXT_SIZE];

    printf("guard    %s\n", row->path);
    if (row->is_read) {
        instant_format(at, row->state.at_ns);
        put_tree("         signed ", &row->state.last);
        printf("\n");
        if (row->state.has_next)
            put_tree("         next ", &row->state.next);
        if (row->state.has_next)
            printf("\n");
        printf("         state %llu, by %s at %s\n", (unsigned long long)row->state.number, row->state.by,
               at);
    }
    if (row->why.code)
        printf("         %sdoes not agree%s: %s\n", cli_red(stdout), cli_plain(stdout), row->why.text);
    else
        printf("         %sagrees%s\n", cli_green(stdout), cli_plain(stdout));
}

void guards_put_text(const struct journal_guards *found)
{
    put_tree("journal  ", &found->tree);
    printf("\n");
    if (found->is_halted)
        printf("halted   %s\n", found->halted);
    for (unsigned i = 0; i < found->count; i++)
        put_row(&found->rows[i]);
    if (found->count == 0)
        printf("guard    none is set\n");
}

static void put_json_tree(struct json_out *out, const struct guard_tree *tree)
{
    json_out_object(out);
    json_out_key(out, "entries");
    json_out_u64(out, tree->size);
    json_out_key(out, "root");
    json_out_hex(out, tree->root.bytes, HASH_SIZE);
    json_out_object_end(out);
}

static void put_json_row(struct json_out *out, const struct journal_guard *row)
{
    char at[INSTANT_TEXT_SIZE];

    json_out_object(out);
    json_out_key(out, "path");
    json_out_text(out, row->path);
    json_out_key(out, "agrees");
    json_out_bool(out, row->why.code == ERR_OK);
    if (row->why.code) {
        json_out_key(out, "why");
        json_out_text(out, row->why.text);
    }
    if (row->is_read) {
        instant_format(at, row->state.at_ns);
        json_out_key(out, "state");
        json_out_u64(out, row->state.number);
        json_out_key(out, "signed");
        put_json_tree(out, &row->state.last);
        if (row->state.has_next) {
            json_out_key(out, "next");
            put_json_tree(out, &row->state.next);
        }
        json_out_key(out, "by");
        json_out_text(out, row->state.by);
        json_out_key(out, "at");
        json_out_text(out, at);
    }
    json_out_object_end(out);
}

void guards_put_json(struct json_out *out, const struct journal_guards *found)
{
    json_out_object(out);
    json_out_key(out, "journal");
    put_json_tree(out, &found->tree);
    json_out_key(out, "agree");
    json_out_bool(out, journal_guards_agree(found));
    if (found->is_halted) {
        json_out_key(out, "halted");
        json_out_text(out, found->halted);
    }
    json_out_key(out, "guards");
    json_out_array(out);
    for (unsigned i = 0; i < found->count; i++)
        put_json_row(out, &found->rows[i]);
    json_out_array_end(out);
    json_out_object_end(out);
}

enum err_code guards_put(const struct journal_guards *found, bool json, struct err *err)
{
    struct json_out out;

    if (!json) {
        guards_put_text(found);
        return ERR_OK;
    }
    json_out_init(&out);
    guards_put_json(&out, found);
    const enum err_code rc = cli_put_json(&out, err);
    json_out_release(&out);
    return rc;
}

/* Found wrong, or not found out: one that cannot be read may be either. */
static enum err_code judge(const struct cli *cli, const struct journal_guards *found, struct err *err)
{
    bool could_look = true;

    if (journal_guards_agree(found))
        return ERR_OK;
    for (unsigned i = 0; i < found->count; i++)
        could_look = could_look && (found->rows[i].is_read || found->is_halted);
    return err_set(err, could_look ? ERR_WRONG : ERR_IO, "%s takes no entries (see: ledger help recover)",
                   cli->dir);
}

static enum err_code show(struct cli *cli, bool json, struct err *err)
{
    struct journal_guards found;
    struct journal *j = NULL;

    enum err_code rc = cli_open(cli, true, &j, err);
    if (!rc)
        rc = journal_guards_look(j, &found, err);
    if (!rc)
        rc = guards_put(&found, json, err);
    journal_close(j);
    return rc ? rc : judge(cli, &found, err);
}

/* -- setting --------------------------------------------------------------------------------------------- */

void guards_remark(const char *dir, const char *const *paths, size_t count)
{
    struct stat journal;
    struct stat guard;

    for (size_t i = 0; i < count; i++) {
        if (stat(dir, &journal) == 0 && stat(paths[i], &guard) == 0 && journal.st_dev == guard.st_dev)
            fprintf(stderr,
                    "%s is on the journal's own file system: whoever sets that back sets back both. Another "
                    "disk, or "
                    "another machine's, is better.\n",
                    paths[i]);
    }
}

enum err_code guards_actor(const struct journal *j, const char *name, uint32_t *actor, struct err *err)
{
    enum err_code rc = actors_id(journal_actors(j), name, strlen(name), actor, err);

    if (!rc && *actor == 0)
        rc = err_set(err, ERR_INPUT, "the journal itself is no person: name an actor");
    return rc;
}

/* In whose name it is done. */
struct speaker {
    const char *actor;
    struct person_options keys;
    struct person *person;
};

/* Goes on the record, in that person's name. */
static enum err_code add_note(struct journal *j, struct journal_group *g, const struct speaker *by,
                              const char *const *paths, size_t count, struct err *err)
{
    char text[2 * PATH_MAX + 64];
    struct entry e;

    memset(&e, 0, sizeof e);
    e.kind = ENTRY_CONTROL_NOTE;
    e.at_ns = cli_now_ns();
    const int used =
        count == 0   ? snprintf(text, sizeof text, "fork guard: none from here on")
        : count == 1 ? snprintf(text, sizeof text, "fork guard from here on: %s", paths[0])
                     : snprintf(text, sizeof text, "fork guards from here on: %s and %s", paths[0], paths[1]);
    if (used < 0 || (size_t)used >= sizeof text)
        return err_set(err, ERR_INPUT, "the paths are too long");
    e.as.control_note.text = (struct text){text, (uint16_t)used};
    enum err_code rc = guards_actor(j, by->actor, &e.actor, err);
    if (!rc)
        rc = journal_sign_by(j, person_signer(by->person), &e, err);
    return rc ? rc : journal_group_add(g, &e, err);
}

static enum err_code set(struct cli *cli, struct speaker *by, const char *const *paths, size_t count,
                         struct err *err)
{
    struct journal_group *g = NULL;
    struct journal *j = NULL;

    enum err_code rc = cli_open_locked(cli, &j, err);
    if (!rc)
        rc = person_open(&by->person, &by->keys, by->actor, err);
    if (!rc)
        rc = cli_unlock(cli, j, err);
    if (!rc)
        rc = journal_group_begin(j, &g, err);
    if (!rc) {
        const uint64_t seq = journal_group_next_seq(g);
        rc = journal_guards_set(g, paths, count, err);
        if (!rc)
            rc = add_note(j, g, by, paths, count, err);
        if (rc)
            journal_group_abort(g);
        else
            rc = journal_group_commit(g, NULL, err);
        if (!rc)
            printf("%s: entry %llu, signed by %s\n", count ? "guarded" : "no longer guarded",
                   (unsigned long long)seq, by->actor);
    }
    if (!rc)
        guards_remark(cli->dir, paths, count);
    journal_close(j);
    person_close(by->person);
    return rc;
}

enum err_code cmd_guard(struct cli *cli, struct err *err)
{
    const char *operands[1 + GUARD_MAX] = {NULL};
    struct speaker by = {.actor = NULL};
    size_t count = 0;
    bool json = false;
    const struct cli_option options[] = {
        {.name = "actor", .value = &by.actor}, {.name = "json", .flag = &json}, PERSON_OPTIONS(by.keys)};
    const enum err_code rc =
        cli_options(cli, options, 2 + PERSON_OPTION_COUNT, operands, 1 + GUARD_MAX, &count, err);
    const char *const verb = count > 0 ? operands[0] : "show";

    if (rc)
        return rc;
    if (strcmp(verb, "show") == 0 && count <= 1 && !by.actor)
        return show(cli, json, err);
    if (!by.actor)
        by.actor = "operator";
    if (strcmp(verb, "set") == 0 && count > 1 && !json)
        return set(cli, &by, operands + 1, count - 1, err);
    if (strcmp(verb, "off") == 0 && count == 1 && !json)
        return set(cli, &by, NULL, 0, err);
    return err_set(err, ERR_USAGE, "guard: show, set PATH [PATH2] or off (see: ledger help guard)");
}
