#include "book/settings_yaml.h"

#include <stdio.h>
#include <string.h>
#include <yaml.h>

enum { PATH_MAX_SIZE = 160, DEPTH_MAX = 8, VALUE_MAX = 8192, SEEN_MAX = 512 };

struct reader {
    const struct setting_group *groups;
    size_t group_count;
    void *target;
    const char *name;
    yaml_parser_t parser;
    yaml_event_t event;
    char path[PATH_MAX_SIZE];
    const struct setting *seen[SEEN_MAX]; /* set already: a key must not come twice */
    size_t seen_count;
};

static enum err_code fault(const struct reader *r, struct err *err, const yaml_mark_t *at, const char *path,
                           const char *reason)
{
    return err_set(err, ERR_INPUT, "%s:%zu:%zu: %s%s%s", r->name, at->line + 1, at->column + 1, path,
                   path[0] ? ": " : "", reason);
}

/* A tag would change what a value is, an anchor would name it: neither belongs into a configuration. */
static bool has_mark(const yaml_event_t *e)
{
    if (e->type == YAML_SCALAR_EVENT)
        return e->data.scalar.tag || e->data.scalar.anchor;
    if (e->type == YAML_SEQUENCE_START_EVENT)
        return e->data.sequence_start.tag || e->data.sequence_start.anchor;
    return e->type == YAML_MAPPING_START_EVENT && (e->data.mapping_start.tag || e->data.mapping_start.anchor);
}

static enum err_code next_event(struct reader *r, struct err *err)
{
    yaml_event_delete(&r->event);
    if (!yaml_parser_parse(&r->parser, &r->event)) {
        const yaml_mark_t *const at = &r->parser.problem_mark;
        if (r->parser.error == YAML_MEMORY_ERROR)
            return err_set(err, ERR_MEMORY, "%s: out of memory", r->name);
        return fault(r, err, at, "", r->parser.problem ? r->parser.problem : "this is not YAML");
    }
    if (r->event.type == YAML_ALIAS_EVENT)
        return fault(r, err, &r->event.start_mark, r->path, "aliases are not accepted: write the value out");
    if (has_mark(&r->event))
        return fault(r, err, &r->event.start_mark, r->path, "tags and anchors are not accepted");
    return ERR_OK;
}

static const struct setting *find_setting(const struct reader *r, const struct setting_group **group)
{
    for (size_t g = 0; g < r->group_count; g++) {
        for (size_t i = 0; i < r->groups[g].count; i++) {
            if (strcmp(r->groups[g].rows[i].path, r->path) == 0) {
                *group = &r->groups[g];
                return &r->groups[g].rows[i];
            }
        }
    }
    return NULL;
}

static bool is_branch(const struct reader *r)
{
    const size_t length = strlen(r->path);

    for (size_t g = 0; g < r->group_count; g++) {
        for (size_t i = 0; i < r->groups[g].count; i++) {
            const char *const path = r->groups[g].rows[i].path;
            if (strncmp(path, r->path, length) == 0 && path[length] == '.')
                return true;
        }
    }
    return false;
}

/* Edit distance, for "did you mean"; both texts are short. */
static size_t distance(const char *a, const char *b)
{
    size_t row[PATH_MAX_SIZE + 1];
    const size_t n = strlen(b);

    for (size_t j = 0; j <= n; j++)
        row[j] = j;
    for (size_t i = 1; a[i - 1]; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= n; j++) {
            const size_t change = diagonal + (a[i - 1] != b[j - 1]);
            diagonal = row[j];
            size_t least = row[j] < row[j - 1] ? row[j] : row[j - 1];
            least++;
            row[j] = change < least ? change : least;
        }
    }
    return row[n];
}

static enum err_code unknown_key(const struct reader *r, struct err *err, const yaml_mark_t *at)
{
    const char *nearest = NULL;
    size_t best = SIZE_MAX;
    char reason[PATH_MAX_SIZE + 80];

    for (size_t g = 0; g < r->group_count; g++) {
        for (size_t i = 0; i < r->groups[g].count; i++) {
            const size_t d = distance(r->path, r->groups[g].rows[i].path);
            if (d < best) {
                best = d;
                nearest = r->groups[g].rows[i].path;
            }
        }
    }
    snprintf(reason, sizeof reason,
             "there is no such setting; the nearest is \"%s\" (all: ledger config --help)",
             nearest ? nearest : "none");
    return fault(r, err, at, r->path, reason);
}

static enum err_code push_key(struct reader *r, size_t base, const yaml_event_t *key, struct err *err)
{
    const char *const text = (const char *)key->data.scalar.value;
    const size_t length = key->data.scalar.length;

    if (key->type != YAML_SCALAR_EVENT || length == 0 || memchr(text, '\0', length) || strlen(text) != length)
        return fault(r, err, &key->start_mark, r->path, "a key is a plain word");
    if (base + 1 + length >= sizeof r->path)
        return fault(r, err, &key->start_mark, r->path, "the key is too long");
    if (base)
        r->path[base] = '.';
    memcpy(r->path + base + (base ? 1 : 0), text, length + 1);
    return ERR_OK;
}

static enum err_code append_value(const struct reader *r, char *value, size_t *length, const char *separator,
                                  const yaml_event_t *scalar, struct err *err)
{
    const char *const text = (const char *)scalar->data.scalar.value;
    const size_t size = scalar->data.scalar.length;
    const size_t gap = strlen(separator);

    if (scalar->type != YAML_SCALAR_EVENT)
        return fault(r, err, &scalar->start_mark, r->path, "a single value is expected here");
    if (memchr(text, '\n', size) || *length + gap + size >= VALUE_MAX)
        return fault(r, err, &scalar->start_mark, r->path,
                     "the value is too long, or has more than one line");
    memcpy(value + *length, separator, gap);
    memcpy(value + *length + gap, text, size);
    *length += gap + size;
    return ERR_OK;
}

/* The events of a MAP or SYMBOLS setting into its text form; the current event opens the collection. */
static enum err_code read_collection(struct reader *r, char *value, size_t *length, struct err *err)
{
    const bool is_map = r->event.type == YAML_MAPPING_START_EVENT;
    enum err_code rc = next_event(r, err);

    while (!rc && r->event.type != YAML_MAPPING_END_EVENT && r->event.type != YAML_SEQUENCE_END_EVENT) {
        rc = append_value(r, value, length, *length ? "," : "", &r->event, err);
        if (!rc)
            rc = next_event(r, err);
        if (!rc && is_map)
            rc = append_value(r, value, length, ":", &r->event, err);
        if (!rc && is_map)
            rc = next_event(r, err);
    }
    return rc;
}

/* One value for the setting at r->path; the current event is its first. */
static enum err_code read_setting(struct reader *r, const struct setting_group *group,
                                  const struct setting *setting, struct err *err)
{
    char value[VALUE_MAX];
    size_t length = 0;
    struct err why;
    const yaml_mark_t at = r->event.start_mark;
    enum err_code rc;

    for (size_t i = 0; i < r->seen_count; i++) {
        if (r->seen[i] == setting)
            return fault(r, err, &at, r->path, "this key is there twice");
    }
    if (r->seen_count == SEEN_MAX)
        return fault(r, err, &at, r->path, "too many settings");
    r->seen[r->seen_count++] = setting;
    if (r->event.type == YAML_SEQUENCE_START_EVENT && setting->type == SETTING_SYMBOLS)
        rc = read_collection(r, value, &length, err);
    else if (r->event.type == YAML_MAPPING_START_EVENT && setting->type == SETTING_MAP)
        rc = read_collection(r, value, &length, err);
    else
        rc = append_value(r, value, &length, "", &r->event, err);
    if (rc)
        return rc;
    if (settings_set(group, r->target, setting->path, value, length, &why))
        return fault(r, err, &at, "", why.text);
    return ERR_OK;
}

/* Iterative: `bases` holds, for every open mapping, how much of r->path is its own. */
static enum err_code read_tree(struct reader *r, struct err *err)
{
    size_t bases[DEPTH_MAX];
    size_t depth = 1;
    enum err_code rc = ERR_OK;

    bases[0] = 0;
    while (!rc && depth) {
        rc = next_event(r, err);
        if (rc)
            break;
        if (r->event.type == YAML_MAPPING_END_EVENT) {
            depth--;
            continue;
        }
        const yaml_mark_t at = r->event.start_mark;
        rc = push_key(r, bases[depth - 1], &r->event, err);
        if (!rc)
            rc = next_event(r, err);
        if (rc)
            break;
        const struct setting_group *group = NULL;
        const struct setting *const setting = find_setting(r, &group);
        if (setting)
            rc = read_setting(r, group, setting, err);
        else if (!is_branch(r))
            rc = unknown_key(r, err, &at);
        else if (r->event.type != YAML_MAPPING_START_EVENT || depth == DEPTH_MAX)
            rc = fault(r, err, &r->event.start_mark, r->path, "a group of settings is expected here");
        else
            bases[depth++] = strlen(r->path);
        if (depth)
            r->path[bases[depth - 1]] = '\0';
    }
    return rc;
}

static enum err_code expect(struct reader *r, yaml_event_type_t type, const char *reason, struct err *err)
{
    const enum err_code rc = next_event(r, err);

    if (rc)
        return rc;
    return r->event.type == type ? ERR_OK : fault(r, err, &r->event.start_mark, "", reason);
}

enum err_code settings_read_yaml(const struct setting_group *groups, size_t group_count, void *target,
                                 const char *name, const char *text, size_t size, struct err *err)
{
    struct reader r;
    enum err_code rc;

    if (size > SETTINGS_YAML_MAX)
        return err_set(err, ERR_INPUT, "%s: %zu bytes; a configuration has at most %d", name, size,
                       SETTINGS_YAML_MAX);
    memset(&r, 0, sizeof r);
    r.groups = groups;
    r.group_count = group_count;
    r.target = target;
    r.name = name;
    if (!yaml_parser_initialize(&r.parser))
        return err_set(err, ERR_MEMORY, "%s: out of memory", name);
    yaml_parser_set_input_string(&r.parser, (const unsigned char *)text, size);
    rc = expect(&r, YAML_STREAM_START_EVENT, "this is not YAML", err);
    if (!rc)
        rc = expect(&r, YAML_DOCUMENT_START_EVENT, "the file is empty; see examples/", err);
    if (!rc)
        rc = expect(&r, YAML_MAPPING_START_EVENT, "a configuration is a mapping of settings", err);
    if (!rc)
        rc = read_tree(&r, err);
    if (!rc)
        rc = expect(&r, YAML_DOCUMENT_END_EVENT, "one document only", err);
    if (!rc)
        rc = expect(&r, YAML_STREAM_END_EVENT, "one document only", err);
    yaml_event_delete(&r.event);
    yaml_parser_delete(&r.parser);
    return rc;
}
