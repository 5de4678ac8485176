/*
 * A filter: which entries somebody asks for. Everything that is set must hold. Pure.
 */
#ifndef LEDGER_FILTER_H
#define LEDGER_FILTER_H

#include "ledger/entry.h"

struct filter {
    const struct entry_kind_info *kind; /* NULL: any */
    unsigned family;                    /* enum entry_family; 0: any */
    struct symbol symbol;               /* length 0: any; a ticker also stands for its options */
    const char *order;                  /* borrowed; NULL: any */
    uint64_t cause;                     /* 0: any */
    bool has_actor;
    uint32_t actor;
    uint64_t first; /* seqs, both ends included */
    uint64_t last;
    int64_t from_ns; /* when it happened, or was recorded if it does not say: both ends included */
    int64_t to_ns;
    int64_t since_ns; /* when it was recorded: both ends included */
    int64_t until_ns;
};

/* Everything. */
void filter_init(struct filter *f);
/* What the header alone says; true when the body has to be looked at. */
bool filter_holds_header(const struct filter *f, const struct entry *e);
/* The whole answer, for a decoded entry. */
bool filter_holds(const struct filter *f, const struct entry *e);
/* When the entry happened, or was recorded if it does not say. */
int64_t filter_when_ns(const struct entry *e);
/* Some entries are not asked for because of when they happened. */
bool filter_has_when(const struct filter *f);

#endif
