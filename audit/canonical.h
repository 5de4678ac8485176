/*
 * The canonical form of an entry's bytes, checked in place: a second reader beside ledger/entry.c, written
 * for checking only. It builds nothing, so it is fast, and it shares no line with what wrote the entry but
 * the table of kinds. docs/FORMAT.md, "Entry", is its contract.
 */
#ifndef AUDIT_CANONICAL_H
#define AUDIT_CANONICAL_H

#include "ledger/entry.h"

/* What the header says; pointers are borrowed from the entry's bytes. */
struct canonical {
    uint16_t kind;
    uint16_t schema;
    uint64_t seq;
    int64_t recorded_at_ns;
    bool has_at;
    int64_t at_ns;
    uint64_t cause;
    uint32_t actor;
    const uint8_t *body;
    size_t body_size;
    const uint8_t *signature; /* 64 bytes, or NULL */
};

/* The kinds by id, so that finding one costs an index. */
struct canonical_kinds {
    const struct entry_kind_info *rows[8][32]; /* family, number */
};

void canonical_kinds_init(struct canonical_kinds *kinds);
/* NULL: no such kind. */
const struct entry_kind_info *canonical_kind(const struct canonical_kinds *kinds, unsigned id);

/*
 * The header's own rules, which hold for every kind. ERR_WRONG says which one is broken; ERR_FORMAT: the
 * format version is not known here, so nothing more can be said. On error *c is not to be used.
 */
MUST_USE enum err_code canonical_header(const uint8_t *bytes, size_t size, struct canonical *c,
                                        struct err *err);

/* The body, field by field. ERR_WRONG names the field; ERR_FORMAT: kind or schema are not known here. */
MUST_USE enum err_code canonical_body(const struct canonical *c, const struct canonical_kinds *kinds,
                                      struct err *err);

#endif
