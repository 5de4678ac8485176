/*
 * A cursor over DER (X.690): values of one tag after the other. Strict: definite lengths in their shortest form, tags of
 * one byte; whatever else is there sets `bad`, which sticks, as that of ledger/wire.h does. Nothing is copied.
 */
#ifndef AUDIT_DER_H
#define AUDIT_DER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum der_tag {
    DER_BOOLEAN = 0x01,
    DER_INTEGER = 0x02,
    DER_BIT_STRING = 0x03,
    DER_OCTET_STRING = 0x04,
    DER_NULL = 0x05,
    DER_OID = 0x06,
    DER_UTF8_STRING = 0x0c,
    DER_TIME = 0x18, /* GeneralizedTime */
    DER_SEQUENCE = 0x30,
    DER_SET = 0x31,
    DER_CONTEXT_0 = 0x80, /* primitive */
    DER_CONTEXT_1 = 0x81,
    DER_WITHIN_0 = 0xa0, /* constructed */
    DER_WITHIN_1 = 0xa1
};

struct der {
    const uint8_t *at;  /* borrowed */
    const uint8_t *end; /* one past the last */
    bool bad;
};

struct der_value {
    const uint8_t *bytes; /* the contents; NULL when there is none */
    size_t size;
};

void der_init(struct der *d, const void *bytes, size_t size);
/* Does a value of this tag come next? */
bool der_is_next(const struct der *d, enum der_tag tag);
/* The next value, which must have this tag. */
struct der_value der_get(struct der *d, enum der_tag tag);
/* A cursor over the contents of the next value, which must have this tag; bad if this one is. */
struct der der_enter(struct der *d, enum der_tag tag);
/* The next value, if it has this tag. */
void der_skip_if(struct der *d, enum der_tag tag);
/* True when nothing was missing and nothing is left over. */
bool der_is_done(const struct der *d);

/* An INTEGER in its shortest form, 0 .. most; else `bad`. */
uint64_t der_get_number(struct der *d, enum der_tag tag, uint64_t most);
/* An INTEGER of any size, in its shortest form. */
struct der_value der_get_integer(struct der *d);
/* Is the value these bytes? */
bool der_is(struct der_value value, const void *bytes, size_t size);

#endif
