/*
 * The wire: a sticky reading cursor and a writing cursor over caller-owned bytes, big-endian.
 *
 * Reading past the end sets `bad` and yields zero; wire_in_done() asks once, at the end, that nothing was
 * missing and nothing is left over. Writing past the end sets `bad` and writes nothing. No call allocates.
 */
#ifndef LEDGER_WIRE_H
#define LEDGER_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct wire_in {
    const uint8_t *at;  /* next byte to read: borrowed */
    const uint8_t *end; /* one past the last */
    bool bad;
};

struct wire_out {
    uint8_t *start;
    uint8_t *at;
    uint8_t *end;
    bool bad;
};

static inline void wire_in_init(struct wire_in *in, const void *bytes, size_t size)
{
    in->at = bytes;
    in->end = in->at + size;
    in->bad = false;
}

static inline size_t wire_in_left(const struct wire_in *in)
{
    return (size_t)(in->end - in->at);
}

/* True when every read was inside the bytes and all bytes were read. */
static inline bool wire_in_done(const struct wire_in *in)
{
    return !in->bad && in->at == in->end;
}

/* Borrowed pointer to the next `size` bytes, or NULL with `bad` set. */
static inline const uint8_t *wire_get_bytes(struct wire_in *in, size_t size)
{
    if (in->bad || wire_in_left(in) < size) {
        in->bad = true;
        return NULL;
    }
    const uint8_t *const p = in->at;
    in->at += size;
    return p;
}

static inline uint8_t wire_get_u8(struct wire_in *in)
{
    const uint8_t *const p = wire_get_bytes(in, 1);
    return p ? p[0] : 0;
}

static inline uint16_t wire_load_u16(const uint8_t *p)
{
    return (uint16_t)((unsigned)p[0] << 8 | p[1]);
}

static inline uint32_t wire_load_u32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static inline uint16_t wire_get_u16(struct wire_in *in)
{
    const uint8_t *const p = wire_get_bytes(in, 2);
    return p ? wire_load_u16(p) : 0;
}

static inline uint32_t wire_get_u32(struct wire_in *in)
{
    const uint8_t *const p = wire_get_bytes(in, 4);
    return p ? wire_load_u32(p) : 0;
}

static inline uint64_t wire_load_u64(const uint8_t *p)
{
    uint64_t v;
    memcpy(&v, p, sizeof v);
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    v = __builtin_bswap64(v);
#endif
    return v;
}

static inline void wire_store_u64(uint8_t *p, uint64_t v)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    v = __builtin_bswap64(v);
#endif
    memcpy(p, &v, sizeof v);
}

static inline uint64_t wire_get_u64(struct wire_in *in)
{
    const uint8_t *const p = wire_get_bytes(in, 8);
    return p ? wire_load_u64(p) : 0;
}

static inline int64_t wire_get_i64(struct wire_in *in)
{
    return (int64_t)wire_get_u64(in);
}

static inline void wire_out_init(struct wire_out *out, void *bytes, size_t capacity)
{
    out->start = bytes;
    out->at = out->start;
    out->end = out->start + capacity;
    out->bad = false;
}

static inline size_t wire_out_size(const struct wire_out *out)
{
    return (size_t)(out->at - out->start);
}

static inline void wire_put_bytes(struct wire_out *out, const void *bytes, size_t size)
{
    if (out->bad || (size_t)(out->end - out->at) < size) {
        out->bad = true;
        return;
    }
    if (__builtin_constant_p(size))
        memcpy(out->at, bytes, size);
    else if (size) /* gcc writes memcpy() of what is surely short as "rep movs", which is slow to begin */
        memmove(out->at, bytes, size);
    out->at += size;
}

static inline void wire_put_u8(struct wire_out *out, uint8_t v)
{
    wire_put_bytes(out, &v, 1);
}

static inline void wire_put_u16(struct wire_out *out, uint16_t v)
{
    const uint8_t b[2] = {(uint8_t)(v >> 8), (uint8_t)v};
    wire_put_bytes(out, b, sizeof b);
}

static inline void wire_put_u32(struct wire_out *out, uint32_t v)
{
    const uint8_t b[4] = {(uint8_t)(v >> 24), (uint8_t)(v >> 16), (uint8_t)(v >> 8), (uint8_t)v};
    wire_put_bytes(out, b, sizeof b);
}

static inline void wire_put_u64(struct wire_out *out, uint64_t v)
{
    uint8_t b[8];
    wire_store_u64(b, v);
    wire_put_bytes(out, b, sizeof b);
}

static inline void wire_put_i64(struct wire_out *out, int64_t v)
{
    wire_put_u64(out, (uint64_t)v);
}

#endif
