/*
 * Trust policies: C2SP tlog-policy files. Which logs are known, which witnesses, and how many of them, in which
 * groups, must have cosigned a checkpoint before it counts.
 *
 *   log <vkey> [<url>]
 *   witness <name> <vkey> [<url>]
 *   group <name> all|any|<k> <name>...     members are defined on lines before; each is in one group only
 *   quorum <name>|none                     exactly one such line
 *
 * Parsing borrows: names and URLs point into the file's bytes. Nothing here allocates.
 */
#ifndef AUDIT_POLICY_H
#define AUDIT_POLICY_H

#include "ledger/note.h"

#define POLICY_FILE_MAX      65536
#define POLICY_LOGS_MAX      64
#define POLICY_WITNESSES_MAX 64
#define POLICY_NODES_MAX     128 /* witnesses and groups */
#define POLICY_NONE          UINT32_MAX

/* Bytes of the file; not terminated. */
struct policy_text {
    const char *bytes;
    size_t size;
};

struct policy_key {
    struct note_key key;
    struct policy_text url; /* size 0: none */
};

/* A name: a witness, or a group of names that were defined before. */
struct policy_node {
    struct policy_text name;
    uint32_t witness;   /* of `witnesses`; POLICY_NONE: a group */
    uint32_t group;     /* the node that it is a member of; POLICY_NONE: of none */
    uint32_t threshold; /* of a group: how many members suffice, 1 .. their number */
};

struct policy {
    uint32_t log_count;
    uint32_t witness_count;
    uint32_t node_count;
    uint32_t quorum; /* a node; POLICY_NONE: nobody need cosign */
    struct policy_key logs[POLICY_LOGS_MAX];
    struct policy_key witnesses[POLICY_WITNESSES_MAX];
    struct policy_node nodes[POLICY_NODES_MAX]; /* in the order of their lines */
};

/*
 * Reads a whole file. ERR_INPUT names the line and what is wrong with it, also where the file goes beyond the
 * limits above; *p is then undefined. Keys of type 01 and 04 are taken; no key may stand twice, not even once as a
 * log's and once as a witness's.
 */
MUST_USE enum err_code policy_parse(struct policy *p, const char *text, size_t size, struct err *err);

/* Is the quorum reached when exactly these witnesses (p->witness_count of them) have cosigned? */
bool policy_is_met(const struct policy *p, const bool *cosigned);

#endif
