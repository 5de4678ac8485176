/*
 * Fetching: a copy of a journal, made from what somebody has published of it (audit/publish.h), by whoever
 * holds the journal's verifier key and believes nothing else.
 *
 * Nothing is stored before it is proven: the checkpoint by its signature, tiles by the checkpoint's root,
 * entries by the tiles, and a next key by the seal that hands over to it. So whatever server, cache or disk
 * is in between, what is in the copy is the journal's; and a copy that was cut off goes on where it was.
 */
#ifndef GATEWAY_FETCH_H
#define GATEWAY_FETCH_H

#include "ledger/err.h"
#include "ledger/hash.h"

#include <stdint.h>

struct fetch_options {
    const char *from;     /* http://, https://, file://, or a directory */
    const char *dir;      /* the copy: made if it is not there */
    const char *vkey;     /* the journal's genesis key */
    const char *ca_file;  /* PEM, for https; NULL: the system's */
    unsigned connections; /* at a time, to a server: 1 .. FETCH_CONNECTIONS_MAX; 0: 4 */
    void (*progress)(void *arg, uint64_t done, uint64_t total); /* entries; may be NULL */
    void *progress_arg;
};

struct fetch_report {
    uint64_t before;     /* entries that the copy had */
    uint64_t entries;    /* it has now */
    struct hash root;    /* over them */
    uint64_t seals;      /* that it got */
    uint64_t timestamps; /* likewise */
    uint64_t files;      /* that were had from there */
    uint64_t bytes;      /* in them */
};

/*
 * After ERR_OK the copy is the journal as of the published checkpoint. After any error the copy is an earlier
 * state of it, perhaps without a seal over its newest entries, and the same call goes on. ERR_WRONG:
 * something that is served is not what was signed (its address is named), or it is another history than the
 * copy's, or an older state. ERR_NOT_FOUND, ERR_IO: something cannot be had. ERR_EXISTS: the directory is a
 * journal of its own, or is copied into already. ERR_FORMAT: an entry of a kind that is not known here, or
 * the copy is damaged.
 */
MUST_USE enum err_code fetch_journal(const struct fetch_options *options, struct fetch_report *report,
                                     struct err *err);

#endif
