/*
 * One zip of LEAN's data folder, read onto a tape. An option zip has one entry a contract; others have one entry.
 */
#ifndef GATEWAY_LEAN_FILE_H
#define GATEWAY_LEAN_FILE_H

#include "gateway/lean_row.h"
#include "gateway/tape.h"

#include "market/calendar.h"

#define LEAN_FILE_ENTRY_MAX (64u << 20)   /* bytes of one entry, unpacked */
#define LEAN_FILE_TOTAL_MAX (1024u << 20) /* bytes of all */

/* A session whose rows are asked for. */
struct lean_day {
    struct session session;
    int64_t midnight_ns; /* New York's */
    bool wanted;         /* false: its rows are passed over, and counted as skipped */
    bool is_met;         /* set when a row of it was read */
};

/* Sessions in order. */
struct lean_days {
    struct lean_day *rows;
    size_t count;
};

struct lean_file {
    struct source_file source;
    struct lean_format format;
    int64_t period_ns;        /* of a row; NS_PER_DAY: the session */
    bool is_chicago;          /* stamps are in Chicago's time: an hour behind New York's */
    bool is_option;           /* one entry a contract */
    struct symbol underlying; /* the instrument, when it is not an option file */
    char root[8];             /* option file: the ticker its entries are named for, lower case */
    civil_day file_day;       /* a minute file's day; CIVIL_DAY_NONE for files of many days */
};

/* LEAN has no file that is stamped across a change of clocks within a session, so midnight is noon less twelve hours. */
void lean_day_init(struct lean_day *day, const struct session *session);
/* The row of a day, or NULL. */
struct lean_day *lean_days_find(const struct lean_days *days, civil_day d);

/* What a file holds, for messages. */
struct lean_file_found {
    uint16_t source;     /* of the tape */
    int64_t rows;        /* asked for */
    civil_day first_day; /* of all its rows; CIVIL_DAY_NONE: there are none, or they do not say */
    civil_day last_day;
};

/*
 * Reads the file's rows onto the tape, and marks the days that were met. ERR_INPUT: no whole zip, an entry that is not what its
 * name or its header says (file, entry), or more malformed rows than good ones (file, entry, line).
 */
MUST_USE enum err_code lean_file_read(const struct lean_file *file, struct lean_days *days, struct tape *t,
                                      struct lean_file_found *found, struct err *err);

#endif
