/* Evidence that a journal has, or had, two histories: signed notes that contradict each other, kept as files. */
#ifndef CLI_CONFLICT_H
#define CLI_CONFLICT_H

#include "cli/cli.h"

/*
 * Writes a signed checkpoint into the folder `dir`, which is made when it is not there, under a name that says its size
 * and the beginning of its root: seal-123-5aac771c.txt. `path` (room for CONFLICT_PATH_MAX) receives it. ERR_FORMAT: it
 * is no checkpoint. ERR_IO.
 */
#define CONFLICT_PATH_MAX 4096
MUST_USE enum err_code conflict_keep(const char *dir, const char *note, size_t size,
                                     char path[CONFLICT_PATH_MAX], struct err *err);

/*
 * Keeps `held`, a seal that the journal does not lead through, and one of the journal's own; tells of it on stderr. What
 * cannot be written is told as well, and changes nothing.
 */
void conflict_keep_both(const char *dir, const char *held, size_t held_size, const char *own,
                        size_t own_size);

#endif
