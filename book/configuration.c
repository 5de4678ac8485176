#include "book/configuration.h"

#include "book/settings_yaml.h"

#include <stdio.h>

enum { GROUPS = 4, VALUE_SIZE = 6144 };

/* The modules' tables are behind calls, so the list is put together at each use: it costs nothing. */
static void fill_groups(struct setting_group groups[GROUPS])
{
    groups[0].rows = strategy_settings_rows(&groups[0].count);
    groups[0].offset = offsetof(struct configuration, strategy);
    groups[1].rows = risk_settings_rows(&groups[1].count);
    groups[1].offset = offsetof(struct configuration, risk);
    groups[2].rows = costs_rows(&groups[2].count);
    groups[2].offset = offsetof(struct configuration, costs);
    groups[3].rows = journal_settings_rows(&groups[3].count);
    groups[3].offset = offsetof(struct configuration, journal);
}

const struct setting *configuration_setting(size_t index)
{
    struct setting_group groups[GROUPS];

    fill_groups(groups);
    for (size_t g = 0; g < GROUPS; g++) {
        if (index < groups[g].count)
            return &groups[g].rows[index];
        index -= groups[g].count;
    }
    return NULL;
}

void configuration_defaults(struct configuration *c)
{
    struct setting_group groups[GROUPS];

    memset(c, 0, sizeof *c);
    fill_groups(groups);
    for (size_t g = 0; g < GROUPS; g++)
        settings_defaults(&groups[g], c);
}

enum err_code configuration_read_yaml(struct configuration *c, const char *name, const char *text,
                                      size_t size, struct err *err)
{
    struct setting_group groups[GROUPS];
    struct configuration next;

    fill_groups(groups);
    configuration_defaults(&next);
    enum err_code rc = settings_read_yaml(groups, GROUPS, &next, name, text, size, err);
    if (rc)
        return rc;
    rc = strategy_settings_check(&next.strategy, err);
    if (rc)
        return err_wrap(err, "%s", name);
    *c = next;
    return ERR_OK;
}

enum err_code configuration_set(struct configuration *c, const char *path, const char *value, size_t size,
                                struct err *err)
{
    struct setting_group groups[GROUPS];

    fill_groups(groups);
    for (size_t g = 0; g < GROUPS; g++) {
        const enum err_code rc = settings_set(&groups[g], c, path, value, size, err);
        if (rc != ERR_NOT_FOUND)
            return rc;
    }
    return err_set(err, ERR_INPUT, "%.100s: there is no such setting (all: ledger config --help)", path);
}

enum err_code configuration_check(const struct configuration *c, struct err *err)
{
    return strategy_settings_check(&c->strategy, err);
}

enum err_code configuration_text(const struct configuration *c, char *out, size_t capacity, size_t *size,
                                 struct err *err)
{
    struct setting_group groups[GROUPS];
    char value[VALUE_SIZE];
    size_t used = 0;

    fill_groups(groups);
    for (size_t g = 0; g < GROUPS; g++) {
        for (size_t i = 0; i < groups[g].count; i++) {
            const enum err_code rc = settings_get(&groups[g], c, i, value, sizeof value, err);
            if (rc)
                return rc;
            const int n = snprintf(out + used, capacity - used, "%s=%s\n", groups[g].rows[i].path, value);
            if (n < 0 || (size_t)n >= capacity - used)
                return err_set(err, ERR_RANGE, "the settings take more than %zu bytes", capacity);
            used += (size_t)n;
        }
    }
    *size = used;
    return ERR_OK;
}

static enum err_code set_line(const struct setting_group groups[GROUPS], struct configuration *c,
                              const char *line, size_t size, struct err *err)
{
    char path[128];
    const char *const equals = memchr(line, '=', size);
    const size_t length = equals ? (size_t)(equals - line) : 0;

    if (length == 0 || length >= sizeof path)
        return err_set(err, ERR_FORMAT, "a line of the settings is not path=value");
    memcpy(path, line, length);
    path[length] = '\0';
    for (size_t g = 0; g < GROUPS; g++) {
        const enum err_code rc = settings_set(&groups[g], c, path, equals + 1, size - length - 1, err);
        if (rc != ERR_NOT_FOUND)
            return rc;
    }
    return err_set(err, ERR_FORMAT, "setting \"%s\" is not known here", path);
}

enum err_code configuration_parse(struct configuration *c, const char *text, size_t size, struct err *err)
{
    struct setting_group groups[GROUPS];
    struct configuration next;
    const char *at = text;
    const char *const end = text + size;

    fill_groups(groups);
    configuration_defaults(&next);
    while (at < end) {
        const char *const newline = memchr(at, '\n', (size_t)(end - at));
        if (!newline)
            return err_set(err, ERR_FORMAT, "the last line of the settings has no end");
        const enum err_code rc = set_line(groups, &next, at, (size_t)(newline - at), err);
        if (rc)
            return rc;
        at = newline + 1;
    }
    *c = next;
    return ERR_OK;
}

/* -- the reducer ---------------------------------------------------------------------------------------- */

static void state_init(void *state)
{
    struct configuration_state *const s = state;

    memset(s, 0, sizeof *s);
    configuration_defaults(&s->configuration);
}

static enum err_code state_apply(void *state, const struct entry *e, struct err *err)
{
    struct configuration_state *const s = state;
    const struct entry_control_configuration *const c = &e->as.control_configuration;

    if (e->kind != ENTRY_CONTROL_CONFIGURATION)
        return ERR_OK;
    const enum err_code rc =
        configuration_parse(&s->configuration, c->settings.bytes, c->settings.length, err);
    if (rc)
        return rc;
    s->sha256 = c->sha256;
    s->seq = e->seq;
    return ERR_OK;
}

static void state_digest(const void *state, const struct digest_out *out)
{
    const struct configuration_state *const s = state;
    char text[CONFIGURATION_TEXT_MAX];
    size_t size = 0;

    const enum err_code rc = configuration_text(&s->configuration, text, sizeof text, &size, NULL);
    REQUIRE(rc == ERR_OK);
    digest_bytes(out, text, size);
    digest_bytes(out, s->sha256.bytes, sizeof s->sha256.bytes);
    digest_u64(out, s->seq);
}

static void state_release(void *state)
{
    (void)state;
}

static enum err_code state_restore(void *state, struct restore_in *in, struct err *err)
{
    struct configuration_state *const s = state;
    char text[CONFIGURATION_TEXT_MAX];
    const size_t size = restore_text(in, text, sizeof text);

    if (!in->bad && configuration_parse(&s->configuration, text, size, NULL))
        in->bad = true;
    restore_bytes(in, s->sha256.bytes, sizeof s->sha256.bytes);
    s->seq = restore_u64(in);
    return restore_result(in, err);
}

const struct replay_row configuration_row = {
    .name = "configuration",
    .size = sizeof(struct configuration_state),
    .init = state_init,
    .apply = state_apply,
    .digest = state_digest,
    .release = state_release,
    .restore = state_restore,
    .version = 1,
};
