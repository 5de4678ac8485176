/*
 * A tape: all events of the files a feed has read, in the order they are handed out. It is a feed itself.
 *
 * Building: add sources (files), instruments and events in any order; then tape_finish() sorts, and the tape is
 * played by feed_next(). Order: at_ns; the clock last; within the rest the underlying first, then contracts by
 * OCC symbol; within an instrument open interest, mark, bar, quote, finding; then the order of adding. So the
 * order depends on the files' content alone.
 *
 * While it plays, findings *beside* quotes (market/quality.h, and `late`) follow the quote that shows them.
 */
#ifndef GATEWAY_TAPE_H
#define GATEWAY_TAPE_H

#include "gateway/feed_impl.h"
#include "gateway/source_file.h"

#include "market/calendar.h"

#define TAPE_EVENTS_MAX  (64u << 20)
#define TAPE_SOURCES_MAX 20000u
#define TAPE_NO_SOURCE   UINT16_MAX

struct tape;

/* In the order of playing at one instant and instrument. */
enum tape_type { TAPE_OPEN_INTEREST = 1, TAPE_MARK, TAPE_BAR, TAPE_QUOTE, TAPE_FINDING, TAPE_CLOCK };

#define TAPE_IN_SESSION 1u /* quotes: quality is looked at */
#define TAPE_LATE       2u /* after the session's end, in which the instrument should not trade */

struct tape_event {
    int64_t at_ns;
    uint32_t instrument;
    uint32_t arrival;  /* set by the tape */
    uint32_t line;     /* in its file (of its contract, where the file has one entry a contract), from 1 */
    civil_day session; /* which session it belongs to */
    uint16_t source;   /* TAPE_NO_SOURCE for the clock, and for what is not from a file */
    uint8_t type;      /* enum tape_type */
    uint8_t flags;
    union {
        struct {
            int64_t bid; /* PRICE_NONE: no such side */
            int64_t ask;
            int64_t bid_size;
            int64_t ask_size;
        } quote;
        struct {
            int64_t open;
            int64_t high;
            int64_t low;
            int64_t close;
            int64_t volume;
            int64_t period_s;
        } bar;
        struct {
            int64_t price;
            enum mark kind;
        } mark;
        struct {
            int64_t bid;
            int64_t ask;
            size_t text; /* in the tape's store of texts; 0: made when it is played */
            enum finding kind;
        } finding;
        int64_t contracts;
        enum phase phase;
    } as;
};

/* `importer` ("lean") goes into control.source, `actor` ("feed:lean") to the caller; both static. */
MUST_USE enum err_code tape_new(const char *importer, const char *actor, struct tape **t, struct err *err);
/* The tape as a feed; feed_close() frees the tape. */
struct feed *tape_feed(struct tape *t);

/* How often quotes come: one is stale after three times that, and not before half an hour. */
void tape_expect_every(struct tape *t, int64_t period_ns);

/* A file: its path and hash are copied. */
MUST_USE enum err_code tape_source(struct tape *t, const struct source_file *file, uint16_t *index,
                                   struct err *err);
/* The instrument's number, new or old. */
MUST_USE enum err_code tape_instrument(struct tape *t, const struct symbol *symbol, uint32_t *index,
                                       struct err *err);

/* A row that became a perception; counts it. */
MUST_USE enum err_code tape_entry(struct tape *t, const struct tape_event *event, struct err *err);
/* A row that became a finding instead; `text` says why (NULL: empty or crossed, told from the event). Counts it. */
MUST_USE enum err_code tape_instead(struct tape *t, const struct tape_event *event, const char *text,
                                    struct err *err);
/* A perception that is no row of its own (open interest on a quote's row): not counted as one. */
MUST_USE enum err_code tape_extra(struct tape *t, const struct tape_event *event, struct err *err);
/* A finding about no row, or beside one. */
MUST_USE enum err_code tape_beside(struct tape *t, const struct tape_event *event, const char *text,
                                   struct err *err);
MUST_USE enum err_code tape_clock(struct tape *t, int64_t at_ns, enum phase phase, civil_day session,
                                  struct err *err);
/* `rows` of a source were not asked for. */
void tape_skip(struct tape *t, int64_t rows);
/* Reads a file that yields no perceptions itself (a map of tickers): `rows` were used. */
void tape_rows_used(struct tape *t, uint16_t source, int64_t rows);

/*
 * The file is read. ERR_INPUT when more of its rows were malformed than not, naming the first: it is not what its
 * name says. Empty files are fine.
 */
MUST_USE enum err_code tape_source_end(struct tape *t, uint16_t source, struct err *err);

/* Sorts; nothing may be added after. */
MUST_USE enum err_code tape_finish(struct tape *t, struct err *err);

#endif
