/* What the files of the world share; no one else includes this. */
#ifndef TESTS_SIMULATOR_WORLD_STATE_H
#define TESTS_SIMULATOR_WORLD_STATE_H

#include "agent/control.h"
#include "agent/loop.h"
#include "book/redecide.h"
#include "gateway/feed_impl.h"
#include "simulator/exchange.h"
#include "simulator/model.h"
#include "simulator/world.h"

#define WORLD_WAITING_MAX 64

/* An act that waits for its moment: so many groups more must begin. */
struct world_waiting {
    const struct act *act;
    int64_t groups;
};

struct world {
    const struct script *script;
    const struct world_options *options;
    struct world_report *report;
    char dir[256];
    struct journal_options journal_options;
    struct secret *passphrase;
    /* The process: NULL between its death and the next start. */
    struct journal *journal;
    struct desk *desk;
    struct desk *outside; /* of people's own programs; folded when first needed */
    volatile int interrupted;
    /* The feed of the day that is on. */
    size_t day; /* its acts: day .. day_end - 1 */
    size_t day_end;
    size_t taken;       /* behind the newest of them that the loop has taken */
    uint64_t perceived; /* in the days before it */
    size_t done;        /* other acts before it have happened */
    struct world_waiting waiting[WORLD_WAITING_MAX];
    size_t waiting_count;
    bool has_rival;  /* since the process began */
    bool is_broken;  /* since then a write has failed: its handle of the journal may be of no use any more */
    bool has_failed; /* since then a group of the loop's was not committed */
    bool has_stepped_back; /* the clock, since the loop's newest group began */
    /* The machine's clock. */
    int64_t base_ns;
    int64_t skew_ns;
    bool is_clock_good;
    /* Settings so far, as YAML. */
    char settings[32][ACT_WORD_SIZE];
    size_t setting_count;
    uint64_t numbers; /* of what people write */
    /* Outside the program, and those who watch. */
    struct exchange exchange;
    struct model model;
    struct redecider *again;
    uint64_t stuck; /* starts since the last moment */
};

/* -- who watches ------------------------------------------------------------------------------------------ */

void world_says(struct world *w, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* After a moment: everything new is looked at, decided again, and held against the book. */
void world_watch(struct world *w, bool is_deep);
/* With no process there: the journal as a stranger verifies it. */
void world_verify(struct world *w);

/* -- what happens ----------------------------------------------------------------------------------------- */

/* A group is about to begin: acts whose time has come happen. */
void world_before_group(struct world *w);
/* Enters the settings so far. */
enum err_code world_configure(struct world *w, struct desk *d, struct err *err);
/* Whether an error is one that the world has brought about. */
void world_notice_disk(struct world *w);
bool world_excuses(const struct world *w, enum err_code rc);
int64_t world_now_ns(void *arg);
void world_release_outside(struct world *w);

/* A feed over the day's acts. ERR_MEMORY. */
enum err_code world_feed(struct world *w, struct feed **f, struct err *err);

#endif
