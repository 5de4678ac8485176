/*
 * The door for configuration: one YAML file into settings, checked against the modules' tables.
 *
 * Accepted: one document, nested mappings whose keys joined with "." are setting paths, plain or quoted
 * scalars, a list for a SYMBOLS setting, a mapping for a MAP setting. Refused, with file, line, column, path
 * and reason: unknown keys (and the nearest one there is), a key twice, wrong types, values out of bounds,
 * anchors, aliases, tags, several documents, nesting past eight.
 */
#ifndef BOOK_SETTINGS_YAML_H
#define BOOK_SETTINGS_YAML_H

#include "ledger/settings.h"

#define SETTINGS_YAML_MAX                                                                                    \
    49152 /* bytes of a file: it goes into one entry together with its canonical form                        \
           */

/*
 * Reads `text` into the configuration at `target`, which already holds the defaults. `name` is only for
 * messages. On error *target may have been changed in part: read into a copy.
 */
MUST_USE enum err_code settings_read_yaml(const struct setting_group *groups, size_t group_count,
                                          void *target, const char *name, const char *text, size_t size,
                                          struct err *err);

#endif
