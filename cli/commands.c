/* The table of commands, from commands.def. */
#include "cli/cli.h"

/* The texts of help/, which CMake makes arrays of. */
#define COMMAND(group, id, name, summary) extern const char help_##id[];
#include "cli/commands.def"
#undef COMMAND

const struct command commands[] = {
#define COMMAND(group, id, name, summary) {group, name, cmd_##id, summary, help_##id},
#include "cli/commands.def"
#undef COMMAND
};

const size_t command_count = sizeof commands / sizeof commands[0];
