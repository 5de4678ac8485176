/* What the files of the stepper share (reports/stepper.h). */
#ifndef REPORTS_STEPPER_STATE_H
#define REPORTS_STEPPER_STATE_H

#include "reports/stepper.h"

#define STEPPER_BACK_MAX 64u

struct stepper_page {
    uint64_t seq; /* the entry that its lines are about; 0: none yet */
    struct lines lines;
};

struct stepper {
    struct journal *journal;
    struct index *index;
    struct stepper_work work;
    struct journal_reader *reader; /* NULL while it rests */
    struct rewinder *rewinder;
    uint64_t size;
    uint64_t seq; /* 1 .. size */
    uint64_t back[STEPPER_BACK_MAX];
    unsigned back_count;
    char term[STEPPER_TERM_MAX + 1];
    struct symbol symbol; /* length 0: the term is a piece of text */
    struct words row_words;
    struct words alarm;
    struct stepper_page pages[STEPPER_PANES];
};

/* A reader that sees `size` entries at least. ERR_CHAIN: the journal has become shorter. */
MUST_USE enum err_code stepper_look(struct stepper *s, struct err *err);
MUST_USE enum err_code stepper_read(struct stepper *s, uint64_t seq, struct entry *e, struct err *err);
/* The state after the entry it stands at. */
MUST_USE enum err_code stepper_fold(struct stepper *s, const struct book **b, struct err *err);
/* Goes there, and remembers where it was. */
void stepper_jump(struct stepper *s, uint64_t seq);
/* False: the work is to be given up. */
bool stepper_goes_on(const struct stepper *s, uint64_t done, uint64_t total);

/* The newest entry that happened by `at_ns`, as of book_load_until(); 0: none. */
MUST_USE enum err_code stepper_find_time(struct stepper *s, int64_t at_ns, uint64_t *seq, struct err *err);

#endif
