/* What-if: options of `ledger replay` that change something, and what is told of the course. */
#ifndef CLI_WHATIF_H
#define CLI_WHATIF_H

#include "cli/cli.h"

#include "agent/control.h"
#include "incident/difference.h"
#include "reports/words.h"

#define WHATIF_LIST_MAX   64    /* --drop, --without-actor, --sweep: each so often */
#define WHATIF_DROP_MAX   4096  /* entries */
#define WHATIF_INSERT_MAX 10000 /* entries */

struct whatif {
    /* As it was asked for. */
    const char *with;
    const char *from;
    const char *insert;
    const char *out;
    const char *actors[WHATIF_LIST_MAX];
    size_t actor_count;
    const char *drops[WHATIF_LIST_MAX];
    size_t drop_count;
    const char *sweeps[WHATIF_LIST_MAX];
    size_t sweep_count;
    bool json;
    bool csv;

    /* What it means for this journal. */
    struct course_change change;
    struct control_draft draft; /* of --with */
    struct entry hypothesis;
    struct words words; /* the changes, one a line */
    char *yaml;
    char *lines; /* of --insert */
    char *arena;
    struct entry *inserted;
    uint64_t *dropped;
    uint32_t without[WHATIF_LIST_MAX];
};

/* Reads the files and looks the names up. ERR_USAGE, ERR_INPUT, ERR_NOT_FOUND: which option is wrong, and where. */
MUST_USE enum err_code whatif_prepare(struct whatif *q, struct journal *j, struct journal_reader *r,
                                      struct err *err);
void whatif_release(struct whatif *q);

/* The course beside the record. */
MUST_USE enum err_code whatif_put(const struct whatif *q, struct journal *j, const struct course *recorded,
                                  const struct course *c, const struct hash *digest,
                                  const struct difference *d, struct err *err);
void whatif_json_side(struct json_out *out, const struct difference_side *s);

/* --sweep: runs, and prints the table. */
MUST_USE enum err_code whatif_sweep(struct whatif *q, struct journal *j, struct journal_reader *r,
                                    struct err *err);

/* Whether the command line asks for any of this. */
bool replay_is_whatif(const struct cli *cli);
enum err_code replay_whatif(struct cli *cli, struct err *err);

#endif
