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
MUST_USE enum err_code course_settings_draft(struct course_settings *s, const struct configuration *c,
                                             uint32_t actor, struct err *err);

#endif
