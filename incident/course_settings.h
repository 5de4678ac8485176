/* A configuration that nobody entered, as a course takes it. */
#ifndef INCIDENT_COURSE_SETTINGS_H
#define INCIDENT_COURSE_SETTINGS_H

#include "book/configuration.h"
#include "ledger/actors.h"

struct course_settings {
    struct entry draft; /* control.configuration: its texts are `text` */
    char text[CONFIGURATION_TEXT_MAX];
};

/* Whose word it is: the first person who may configure; 1 when there is none. */
uint32_t course_settings_actor(const struct actors *a);
/* *c with these settings. ERR_INPUT: no such setting, no value of its kind, or what they forbid together. */
struct course_setting;
MUST_USE enum err_code course_settings_set(struct configuration *c, const struct course_setting *set,
                                           size_t count, struct err *err);
MUST_USE enum err_code course_settings_draft(struct course_settings *s, const struct configuration *c,
                                             uint32_t actor, struct err *err);

#endif
