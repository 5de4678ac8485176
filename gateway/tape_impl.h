/* What tape.c (building) and tape_play.c (playing) share. */
#ifndef GATEWAY_TAPE_IMPL_H
#define GATEWAY_TAPE_IMPL_H

#include "gateway/tape.h"

#include "market/quality.h"

#define TAPE_TEXT_SIZE 1024

struct tape_source {
    char path[SOURCE_FILE_PATH_SIZE];
    struct digest32 sha256;
    int64_t rows;
    int64_t entries;
    int64_t findings;  /* rows == entries + findings, but for files that are only looked into */
    int64_t malformed; /* of the findings */
    size_t first_malformed;
    bool told; /* its control.source was handed out */
};

struct tape_instrument {
    struct symbol symbol;
    uint32_t number; /* before ranking */
    struct quality quality;
};

struct tape {
    struct feed base; /* first: a feed pointer is a tape pointer */
    const char *importer;
    struct tape_event *events;
    size_t event_count;
    size_t event_capacity;
    struct tape_source *sources;
    size_t source_count;
    size_t source_capacity;
    struct tape_instrument *instruments;
    size_t instrument_count;
    size_t instrument_capacity;
    uint32_t *slots;   /* instruments by hash: index + 1, or 0 */
    size_t slot_count; /* a power of two */
    char *texts;       /* terminated ones, one after the other */
    size_t text_size;
    size_t text_capacity;
    /* playing */
    struct quality_limits limits;
    size_t position; /* the next event */
    size_t untold;   /* no source before this one is untold, once the events are through */
    struct quality_found found[QUALITY_FOUND_MAX + 1]; /* beside the newest quote */
    size_t found_count;
    size_t found_next;
    char text[TAPE_TEXT_SIZE]; /* of the newest draft */
};

extern const struct feed_ops TAPE_OPS;
void tape_close(struct feed *f);

#endif
