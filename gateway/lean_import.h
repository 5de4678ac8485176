/* What feed_lean.c (the day) and lean_daily.c (daily bars before it, or alone) share. */
#ifndef GATEWAY_LEAN_IMPORT_H
#define GATEWAY_LEAN_IMPORT_H

#include "gateway/lean_file.h"
#include "gateway/lean_folder.h"
#include "gateway/lean_map.h"
#include "gateway/tape.h"

#define LEAN_HISTORY_DEFAULT 120
#define LEAN_HISTORY_MAX     2000

/* One feed_open() of LEAN data: what was asked for, and the tape it goes onto. */
struct lean_import {
    const char *dir;
    const struct feed_context *context;
    struct symbol underlying;
    struct lean_listing listing;
    enum lean_resolution resolution;
    civil_day date; /* the day; CIVIL_DAY_NONE: from .. to */
    civil_day from;
    civil_day to;
    int64_t history;
    bool history_given; /* by the user: then there must be some */
    bool options;
    bool skip_missing;
    bool clock;
    struct session session; /* of date */
    struct lean_map map;
    struct tape *tape;
};

/* How a file is taken. */
enum lean_taking {
    LEAN_WHOLE, /* a file of one day: refused when it was imported before */
    LEAN_PART   /* a file of many days: refused when one of the days wanted was imported before */
};

/* The file's path, format and instrument are set; ERR_NOT_FOUND or, unless `required`, a remark when it is not there. */
MUST_USE enum err_code lean_import_file(struct lean_import *im, struct lean_file *file, const char *path,
                                        enum lean_taking taking, struct lean_days *days, bool required,
                                        struct lean_file_found *found, struct err *err);
/* Adds a whole small CSV (map, factors) as a source of `rows` rows. */
MUST_USE enum err_code lean_import_note_file(struct lean_import *im, const struct source_file *source,
                                             size_t rows, uint16_t *index, struct err *err);
/* The underlying's trades (bars) or quotes of the day, by the minute. */
MUST_USE enum err_code lean_import_minutes(struct lean_import *im, enum lean_kind kind, bool required,
                                           struct err *err);

/* Daily bars of the sessions before im->date, and of the date itself when im->resolution is LEAN_DAILY; or from .. to. */
MUST_USE enum err_code lean_daily_import(struct lean_import *im, struct err *err);

#endif
