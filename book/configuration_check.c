/* Whether a recorded configuration says one thing. Apart from the reducer, which hashes nothing. */
#include "book/configuration.h"

/* The first line that two canonical texts, of the same settings, do not share. */
static enum err_code contradiction(const char *by_source, const char *in_force, struct err *err)
{
    while (*by_source && *in_force) {
        const size_t a = strcspn(by_source, "\n");
        const size_t b = strcspn(in_force, "\n");
        const size_t path = strcspn(in_force, "=");
        if (a != b || memcmp(by_source, in_force, a) != 0)
            return err_set(err, ERR_WRONG, "its setting %.*s is %.*s, and %.*s by its source", (int)path,
                           in_force, (int)(b - path - 1 < 80 ? b - path - 1 : 80), in_force + path + 1,
                           (int)(a - path - 1 < 80 ? a - path - 1 : 80), by_source + path + 1);
        by_source += a + 1;
        in_force += b + 1;
    }
    return ERR_OK;
}

enum err_code configuration_check_entry(const struct entry_control_configuration *e, struct err *err)
{
    const struct hash sha256 = hash_bytes(e->source.bytes, e->source.length);
    struct configuration c;
    char by_source[CONFIGURATION_TEXT_MAX];
    char in_force[CONFIGURATION_TEXT_MAX];
    struct err why = {.code = ERR_OK};
    size_t size = 0;

    if (memcmp(sha256.bytes, e->sha256.bytes, HASH_SIZE) != 0)
        return err_set(err, ERR_WRONG, "its SHA-256 is not that of its source");
    if (e->source.length == e->settings.length &&
        memcmp(e->source.bytes, e->settings.bytes, e->source.length) == 0)
        return ERR_OK;
    enum err_code rc = configuration_parse(&c, e->settings.bytes, e->settings.length, &why);
    if (!rc)
        rc = configuration_text(&c, in_force, sizeof in_force, &size, &why);
    if (!rc)
        rc = configuration_read_yaml(&c, "its source", e->source.bytes, e->source.length, &why);
    if (!rc)
        rc = configuration_text(&c, by_source, sizeof by_source, &size, &why);
    return rc ? err_set(err, ERR_WRONG, "%s", why.text) : contradiction(by_source, in_force, err);
}
