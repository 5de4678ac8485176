#include "incident/course_settings.h"

#include "incident/course.h"

#include "ledger/hash.h"

#include <string.h>

uint32_t course_settings_actor(const struct actors *a)
{
    for (uint32_t i = 0; i < a->count; i++) {
        if (a->rows[i].role == ROLE_OPERATOR || a->rows[i].role == ROLE_COMPLIANCE)
            return i + 1;
    }
    return 1;
}

enum err_code course_settings_set(struct configuration *c, const struct course_setting *set, size_t count,
                                  struct err *err)
{
    enum err_code rc = ERR_OK;

    for (size_t i = 0; !rc && i < count; i++)
        rc = configuration_set(c, set[i].path, set[i].value, strlen(set[i].value), err);
    return rc ? rc : configuration_check(c, err);
}

enum err_code course_settings_draft(struct course_settings *s, const struct configuration *c, uint32_t actor,
                                    struct err *err)
{
    struct entry_control_configuration *const body = &s->draft.as.control_configuration;
    size_t size = 0;

    const enum err_code rc = configuration_text(c, s->text, sizeof s->text, &size, err);
    if (rc)
        return rc;
    memset(&s->draft, 0, sizeof s->draft);
    s->draft.kind = ENTRY_CONTROL_CONFIGURATION;
    s->draft.at_ns = INSTANT_NONE;
    s->draft.actor = actor;
    body->settings = (struct text){s->text, (uint16_t)size};
    body->source = body->settings;
    const struct hash h = hash_bytes(s->text, size);
    memcpy(body->sha256.bytes, h.bytes, HASH_SIZE);
    return ERR_OK;
}
