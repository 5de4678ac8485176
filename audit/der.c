#include "audit/der.h"

#include <string.h>

#define LONG_FORM      0x80u
#define LENGTH_MAX     4u    /* bytes of a length in the long form */
#define TAG_NUMBER_ALL 0x1fu /* says that the tag goes on in further bytes */

void der_init(struct der *d, const void *bytes, size_t size)
{
    d->at = bytes;
    d->end = d->at + size;
    d->bad = false;
}

static size_t left(const struct der *d)
{
    return (size_t)(d->end - d->at);
}

bool der_is_next(const struct der *d, enum der_tag tag)
{
    return !d->bad && left(d) > 0 && d->at[0] == (uint8_t)tag;
}

/* Of a length of `count` bytes: its value, or SIZE_MAX when a shorter form would have done. */
static size_t long_length(const uint8_t *bytes, unsigned count)
{
    size_t size = 0;

    for (unsigned i = 0; i < count; i++)
        size = size << 8 | bytes[i];
    return bytes[0] == 0 || size < LONG_FORM ? SIZE_MAX : size;
}

struct der_value der_get(struct der *d, enum der_tag tag)
{
    const struct der_value none = {NULL, 0};

    if (!der_is_next(d, tag) || (d->at[0] & TAG_NUMBER_ALL) == TAG_NUMBER_ALL || left(d) < 2) {
        d->bad = true;
        return none;
    }
    const unsigned first = d->at[1];
    const unsigned count = first < LONG_FORM ? 0 : first & ~LONG_FORM;
    if (count > LENGTH_MAX || (first >= LONG_FORM && count == 0) || left(d) - 2 < count) {
        d->bad = true;
        return none;
    }
    const size_t size = count ? long_length(d->at + 2, count) : first;
    if (size > left(d) - 2 - count) {
        d->bad = true;
        return none;
    }
    const struct der_value value = {d->at + 2 + count, size};
    d->at = value.bytes + size;
    return value;
}

struct der der_enter(struct der *d, enum der_tag tag)
{
    const struct der_value value = der_get(d, tag);

    return (struct der){value.bytes ? value.bytes : d->end, value.bytes ? value.bytes + value.size : d->end,
                        d->bad};
}

void der_skip_if(struct der *d, enum der_tag tag)
{
    if (der_is_next(d, tag))
        (void)der_get(d, tag);
}

bool der_is_done(const struct der *d)
{
    return !d->bad && d->at == d->end;
}

static bool is_shortest(struct der_value v)
{
    if (v.size == 0)
        return false;
    if (v.size == 1)
        return true;
    return !(v.bytes[0] == 0x00 && v.bytes[1] < 0x80) && !(v.bytes[0] == 0xff && v.bytes[1] >= 0x80);
}

struct der_value der_get_integer(struct der *d)
{
    const struct der_value v = der_get(d, DER_INTEGER);

    if (!d->bad && !is_shortest(v))
        d->bad = true;
    return v;
}

uint64_t der_get_number(struct der *d, enum der_tag tag, uint64_t most)
{
    const struct der_value v = der_get(d, tag);
    uint64_t number = 0;

    if (d->bad || !is_shortest(v) || v.bytes[0] >= 0x80 || v.size > sizeof number) {
        d->bad = true;
        return 0;
    }
    for (size_t i = 0; i < v.size; i++)
        number = number << 8 | v.bytes[i];
    if (number > most)
        d->bad = true;
    return d->bad ? 0 : number;
}

bool der_is(struct der_value value, const void *bytes, size_t size)
{
    return value.bytes && value.size == size && memcmp(value.bytes, bytes, size) == 0;
}
