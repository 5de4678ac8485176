/*
 * The command line: one command, one file, one row in cli/commands.def, one text in cli/help. A command parses its options into a local
 * struct, calls a module, prints. Only this folder prints: data to stdout, remarks to stderr.
 */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include "ledger/err.h"
#include "ledger/filter.h"
#include "ledger/journal.h"
#include "ledger/json_out.h"
#include "ledger/secret.h"

#include <getopt.h>
#include <stdio.h>

enum cli_exit { EXIT_DONE = 0, EXIT_WRONG = 1, EXIT_MISUSED = 2, EXIT_COULD_NOT = 3 };

/* What every command is given. */
struct cli {
    const char *dir;             /* -C, $LEDGER_DIR, ./journal */
    bool dir_is_given;           /* by -C or $LEDGER_DIR */
    const char *passphrase_file; /* --passphrase-file, or NULL */
    const struct command *command;
    int argc; /* argv[0] is the command's name */
    char **argv;
};

struct command {
    const char *group; /* of the overview; commands of a group follow each other */
    const char *name;
    enum err_code (*run)(struct cli *cli, struct err *err);
    const char *summary;
    const char *help; /* usage, options, examples: the text of help/NAME.txt */
};

extern const struct command commands[];
extern const size_t command_count;

/* The commands: cmd_NAME in cmd_NAME.c. */
#define COMMAND(group, id, name, summary) enum err_code cmd_##id(struct cli *cli, struct err *err);
#include "cli/commands.def"
#undef COMMAND

/* -- options (cli/options.c) ---------------------------------------------------------------------------- */

struct cli_option {
    const char *name;    /* "to", long form without dashes */
    bool *flag;          /* set to true, or */
    const char **value;  /* set to the argument, or */
    const char **values; /* each occurrence is added here, up to values_max */
    size_t values_max;
    size_t *values_count;
};

/*
 * Parses argv after the command's name: "--name", "--name VALUE", "--name=VALUE", "--" ends options. What is
 * no option goes to `operands`, at most `operand_max`. ERR_USAGE names the option and the way to help.
 */
MUST_USE enum err_code cli_options(struct cli *cli, const struct cli_option *options, size_t count,
                                   const char **operands, size_t operand_max, size_t *operand_count,
                                   struct err *err);
/* Digits only. ERR_USAGE names the option. */
MUST_USE enum err_code cli_parse_u64(const char *option, const char *text, uint64_t *value, struct err *err);
/* "90m", "12h", "1d", "2w": a whole number of one unit. ERR_USAGE names the option. */
MUST_USE enum err_code cli_parse_age(const char *option, const char *text, int64_t *seconds, struct err *err);
/* RFC 3339, or a date, which is midnight in New York. ERR_USAGE names the option. */
MUST_USE enum err_code cli_parse_instant(const char *option, const char *text, int64_t *at_ns,
                                         struct err *err);

/* -- which entries (cli/filters.c) ---------------------------------------------------------------------- */

/* What options of a command say of them; NULL: nothing. */
struct cli_filter {
    const char *kind;
    const char *symbol;
    const char *order;
    const char *actor;
    const char *cause;
    const char *from;
    const char *to;
    const char *since;
    const char *until;
};

/* Rows of a command's options, for a struct cli_filter. */
#define CLI_FILTER_OPTIONS(q)                                                                                \
    {.name = "kind", .value = &(q).kind}, {.name = "symbol", .value = &(q).symbol},                          \
        {.name = "order", .value = &(q).order}, {.name = "actor", .value = &(q).actor},                      \
        {.name = "cause", .value = &(q).cause}, {.name = "from", .value = &(q).from},                        \
        {.name = "to", .value = &(q).to}, {.name = "since", .value = &(q).since},                            \
    {                                                                                                        \
        .name = "until", .value = &(q).until                                                                 \
    }

/* All but the actor, whose id the journal knows. ERR_USAGE names the option. */
MUST_USE enum err_code cli_filter_parse(const struct cli_filter *q, struct filter *f, struct err *err);
/* The actor, as of the newest entry that `j` has seen: after journal_reader_begin(). ERR_NOT_FOUND. */
MUST_USE enum err_code cli_filter_actor(const struct cli_filter *q, struct journal *j, struct filter *f,
                                        struct err *err);

/* -- the journal (cli/session.c) ------------------------------------------------------------------------ */

/* Says on stderr that a journal of this origin was not lived, if it was not: whatever is told of such a one. */
void cli_remark_origin(const char *origin);
/* Read only, entries that are not what was stored are refused wherever they are read (journal_options.checks_entries). */
MUST_USE enum err_code cli_open(struct cli *cli, bool read_only, struct journal **j, struct err *err);
/* To read, and nothing is refused: for whoever holds each entry against the tree, and says so. */
MUST_USE enum err_code cli_open_as_it_is(struct cli *cli, struct journal **j, struct err *err);
/*
 * Opens for writing, in two steps: what cannot be written at all, as a copy, or what was computed, is refused before
 * anybody is asked for a passphrase.
 */
MUST_USE enum err_code cli_open_locked(struct cli *cli, struct journal **j, struct err *err);
MUST_USE enum err_code cli_unlock(struct cli *cli, struct journal *j, struct err *err);
/* Both. */
MUST_USE enum err_code cli_open_to_write(struct cli *cli, struct journal **j, struct err *err);
/*
 * Verifies the journal before something is said or signed about it: ERR_WRONG names the first wrong place.
 * `vkey` may be NULL. Progress is shown as "verify".
 */
MUST_USE enum err_code cli_verify_first(struct cli *cli, const char *vkey, struct err *err);
/*
 * From here on a damaged page that makes LMDB fault ends this process with words and exit 3, not by a signal.
 * For commands that only read.
 */
void cli_guard_reading(void);
/* The words then name the index as well. */
void cli_guard_index(bool is_open);
/* From now on a pack is written, of a journal that was verified before: a fault is told as one of that. */
void cli_guard_pack(void);
/* What is called before those words: it gives the terminal back. Async-signal-safe; NULL: nothing. */
void cli_guard_terminal(void (*restore)(void));
/* The vault's passphrase from --passphrase-file, $LEDGER_PASSPHRASE_FILE or the terminal. */
MUST_USE enum err_code cli_passphrase(struct cli *cli, bool confirm, struct secret **passphrase,
                                      struct err *err);
/* "-" or /dev/stdin. */
bool cli_is_stdin(const char *path);
/* A whole file, or "-" for standard input, into malloc'd memory with a terminator; ERR_INPUT past `max`. */
MUST_USE enum err_code cli_read_file(const char *path, size_t max, char **bytes, size_t *size,
                                     struct err *err);

/* -- the index (cli/indexed.c) -------------------------------------------------------------------------- */

struct index;
struct index_walk;

/*
 * The index of *j, brought up to date where this user may write it and it pays. NULL: there is none to use, and
 * every entry is to be read. What is wrong with it is told as a remark on stderr, and stops nothing.
 */
struct index *cli_index(struct journal *j);
/* Brings an open one up to date, with progress on a terminal; remarks as above. `interrupted` may be NULL. */
void cli_index_build(struct index *x, const volatile int *interrupted);
/* Tells why a walk had to do without the index, if it had to. NULL is fine. */
void cli_index_remark(const struct index_walk *w);

/* -- output (cli/output.c) ------------------------------------------------------------------------------ */

/* The instant of now, from the one clock. */
int64_t cli_now_ns(void);

/* Progress on stderr when it is a terminal: redrawn at most ten times a second, cleared at the end. */
struct cli_progress {
    const char *what; /* "verify", "import" */
    int64_t drawn_at_ns;
    int64_t started_at_ns;
    bool shown;
};
void cli_progress_init(struct cli_progress *p, const char *what);
void cli_progress_draw(void *p, uint64_t done, uint64_t total); /* fits book_progress and verify's callback */
void cli_progress_end(struct cli_progress *p);

/* A remark on stderr, unless it is empty. */
void cli_put_remark(const char *text);

/* ANSI colours only on a terminal and without NO_COLOR. */
const char *cli_green(FILE *f);
const char *cli_red(FILE *f);
const char *cli_bold(FILE *f);
const char *cli_dim(FILE *f);
const char *cli_plain(FILE *f);

/* Writes all of a json_out and a newline to stdout. */
/* In an object about a hypothetical journal: that it is, and its origin. Of one that was lived nothing is said. */
void cli_json_origin(struct json_out *out, const struct journal *j);
MUST_USE enum err_code cli_put_json(const struct json_out *out, struct err *err);
/* A file that was not there before, or "-": stdout. ERR_EXISTS. After ERR_OK the file is on disk. */
MUST_USE enum err_code cli_write_new(const char *path, const void *bytes, size_t size, struct err *err);
/* Flushes and closes stdout: a full disk behind a pipe is an error too. */
MUST_USE enum err_code cli_finish(struct err *err);

#endif
