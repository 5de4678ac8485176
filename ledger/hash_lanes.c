/*
 * FIPS 180-4, 6.2, with each word of the state and of the message schedule a
 * vector: element i belongs to the message in lane i. Messages come in and
 * hashes go out through a transposition.
 */
#include "ledger/hash_lanes.h"

#include "ledger/err.h"

#include <stdatomic.h>

static atomic_bool forbidden;

void hash_lanes_allow(bool allowed)
{
    atomic_store_explicit(&forbidden, !allowed, memory_order_relaxed);
}

#if defined(__x86_64__)

#include <immintrin.h>

#define AVX512 __attribute__((target("avx512f,avx512bw")))
#define INLINE static inline __attribute__((always_inline))

bool hash_lanes_usable(void)
{
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           !atomic_load_explicit(&forbidden, memory_order_relaxed);
}

/* -- rounds
 * ----------------------------------------------------------------------------------------------
 */

static const uint32_t INITIAL[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                    0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};

static const uint32_t K[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

/* What is made of three words bit by bit: the number is the truth table. */
#define XOR3(x, y, z)   _mm512_ternarylogic_epi32(x, y, z, 0x96)
#define CHOOSE(x, y, z) _mm512_ternarylogic_epi32(x, y, z, 0xca)
#define MAJOR(x, y, z)  _mm512_ternarylogic_epi32(x, y, z, 0xe8)
#define ADD(x, y)       _mm512_add_epi32(x, y)
#define ROTATE(x, n)    _mm512_ror_epi32(x, n)

INLINE AVX512 __m512i word(uint32_t value)
{
    return _mm512_set1_epi32((int)value);
}

INLINE AVX512 __m512i big_sigma0(__m512i x)
{
    return XOR3(ROTATE(x, 2), ROTATE(x, 13), ROTATE(x, 22));
}

INLINE AVX512 __m512i big_sigma1(__m512i x)
{
    return XOR3(ROTATE(x, 6), ROTATE(x, 11), ROTATE(x, 25));
}

INLINE AVX512 __m512i sigma0(__m512i x)
{
    return XOR3(ROTATE(x, 7), ROTATE(x, 18), _mm512_srli_epi32(x, 3));
}

INLINE AVX512 __m512i sigma1(__m512i x)
{
    return XOR3(ROTATE(x, 17), ROTATE(x, 19), _mm512_srli_epi32(x, 10));
}

/* w[0 .. 15] become the sixteen words of the schedule that follow them. */
INLINE AVX512 void schedule(__m512i w[16])
{
#pragma GCC unroll 16
    for (unsigned t = 0; t < 16; t++)
        w[t] = ADD(ADD(w[t], w[(t + 9) % 16]), ADD(sigma1(w[(t + 14) % 16]), sigma0(w[(t + 1) % 16])));
}

/* Sixteen rounds. Instead of moving a .. h down by one each time, their places
 * count backwards. */
INLINE AVX512 void rounds(__m512i v[8], const __m512i w[16], const uint32_t *k)
{
#pragma GCC unroll 16
    for (unsigned t = 0; t < 16; t++) {
        __m512i *const d = &v[(11 - t % 8) % 8];
        __m512i *const h = &v[(15 - t % 8) % 8];
        const __m512i e = v[(12 - t % 8) % 8];
        const __m512i a = v[(8 - t % 8) % 8];
        const __m512i kept = ADD(ADD(*h, ADD(w[t], word(k[t]))),
                                 ADD(big_sigma1(e), CHOOSE(e, v[(13 - t % 8) % 8], v[(14 - t % 8) % 8])));
        *d = ADD(*d, kept);
        *h = ADD(kept, ADD(big_sigma0(a), MAJOR(a, v[(9 - t % 8) % 8], v[(10 - t % 8) % 8])));
    }
}

/* One block of each message. */
AVX512 static void compress(__m512i state[8], const __m512i block[16])
{
    __m512i v[8];
    __m512i w[16];

    for (unsigned i = 0; i < 8; i++)
        v[i] = state[i];
    for (unsigned i = 0; i < 16; i++)
        w[i] = block[i];
    rounds(v, w, K);
    schedule(w);
    rounds(v, w, K + 16);
    schedule(w);
    rounds(v, w, K + 32);
    schedule(w);
    rounds(v, w, K + 48);
    for (unsigned i = 0; i < 8; i++)
        state[i] = ADD(state[i], v[i]);
}

/* -- in and out
 * ------------------------------------------------------------------------------------------
 */

/* Words are big-endian in messages and hashes. */
INLINE AVX512 __m512i swap_bytes(__m512i v)
{
    return _mm512_shuffle_epi8(v, _mm512_set4_epi32(0x0c0d0e0f, 0x08090a0b, 0x04050607, 0x00010203));
}

/* Row i, column j becomes row j, column i: of 4 x 4 words within each quarter,
 * then of the quarters. */
INLINE AVX512 void transpose(__m512i r[16])
{
    __m512i s[16];

#pragma GCC unroll 4
    for (unsigned i = 0; i < 16; i += 4) {
        const __m512i a = _mm512_unpacklo_epi32(r[i], r[i + 1]);
        const __m512i b = _mm512_unpackhi_epi32(r[i], r[i + 1]);
        const __m512i c = _mm512_unpacklo_epi32(r[i + 2], r[i + 3]);
        const __m512i d = _mm512_unpackhi_epi32(r[i + 2], r[i + 3]);
        s[i] = _mm512_unpacklo_epi64(a, c);
        s[i + 1] = _mm512_unpackhi_epi64(a, c);
        s[i + 2] = _mm512_unpacklo_epi64(b, d);
        s[i + 3] = _mm512_unpackhi_epi64(b, d);
    }
#pragma GCC unroll 4
    for (unsigned i = 0; i < 4; i++) {
        const __m512i a = _mm512_shuffle_i32x4(s[i], s[4 + i], 0x88);
        const __m512i b = _mm512_shuffle_i32x4(s[i], s[4 + i], 0xdd);
        const __m512i c = _mm512_shuffle_i32x4(s[8 + i], s[12 + i], 0x88);
        const __m512i d = _mm512_shuffle_i32x4(s[8 + i], s[12 + i], 0xdd);
        r[i] = _mm512_shuffle_i32x4(a, c, 0x88);
        r[4 + i] = _mm512_shuffle_i32x4(b, d, 0x88);
        r[8 + i] = _mm512_shuffle_i32x4(a, c, 0xdd);
        r[12 + i] = _mm512_shuffle_i32x4(b, d, 0xdd);
    }
}

AVX512 static void state_init(__m512i state[8])
{
    for (unsigned i = 0; i < 8; i++)
        state[i] = word(INITIAL[i]);
}

/* The hash of each lane; `out` need not be aligned. */
AVX512 static void state_store(const __m512i state[8], struct hash out[HASH_LANES])
{
    __m512i r[16];

    for (unsigned i = 0; i < 8; i++) {
        r[i] = swap_bytes(state[i]);
        r[8 + i] = _mm512_setzero_si512();
    }
    transpose(r);
    for (unsigned i = 0; i < HASH_LANES; i++)
        _mm256_storeu_si256((__m256i *)(void *)out[i].bytes, _mm512_castsi512_si256(r[i]));
}

/* -- leaves
 * ----------------------------------------------------------------------------------------------
 */

struct lane {
    const uint8_t *bytes; /* of the leaf; its message is 00 and these */
    size_t size;          /* of the message */
    size_t done;          /* of it, whole blocks */
    size_t index;
    bool is_busy;
};

struct lanes {
    __m512i state[8];
    struct lane lane[HASH_LANES];
    unsigned busy;
};

INLINE __mmask64 below(size_t byte)
{
    return byte >= HASH_LANES_BLOCK ? ~(__mmask64)0 : ((__mmask64)1 << byte) - 1;
}

/*
 * A message's next block, `done` bytes from where it begins: bytes of the leaf,
 * one place further on than in the leaf, and FIPS 180-4's padding.
 */
INLINE AVX512 __m512i lane_block(const uint8_t *bytes, size_t size, size_t done)
{
    if (done > 0 && done + HASH_LANES_BLOCK <= size)
        return swap_bytes(_mm512_loadu_si512(bytes + done - 1));
    const size_t left = size > done ? size - done : 0;
    const __mmask64 prefix = done == 0;
    const __mmask64 here = below(left) & ~prefix;
    /* A number, because it may point before the leaf, to where the mask keeps the
   * load away from. */
    const uintptr_t from = (uintptr_t)bytes + done - 1;
    __m512i v = here ? _mm512_maskz_loadu_epi8(here, (const void *)from) : _mm512_setzero_si512();

    if (done <= size && left < HASH_LANES_BLOCK)
        v = _mm512_mask_set1_epi8(v, (__mmask64)1 << left, (char)0x80);
    if (done + HASH_LANES_BLOCK >= size + 9)
        v = _mm512_mask_set1_epi64(v, 0x80, (long long)__builtin_bswap64((uint64_t)size * 8));
    return swap_bytes(v);
}

/* Of a leaf of so many bytes: 00, the leaf, 80, and eight bytes of length. */
static size_t blocks_of(size_t size)
{
    return (1 + size + 9 + HASH_LANES_BLOCK - 1) / HASH_LANES_BLOCK;
}

static void lane_take(struct lanes *ls, unsigned i, const struct hash_span *spans, size_t index)
{
    ls->lane[i] = (struct lane){spans[index].bytes, 1 + spans[index].size, 0, index, true};
    ls->busy++;
}

/* One block in every busy lane; returns those lanes whose message that was the
 * end of. */
AVX512 static unsigned lanes_step(struct lanes *ls)
{
    __m512i block[16];
    unsigned ended = 0;

    for (unsigned i = 0; i < HASH_LANES; i++) {
        struct lane *const l = &ls->lane[i];
        block[i] = l->is_busy ? lane_block(l->bytes, l->size, l->done) : _mm512_setzero_si512();
        l->done += HASH_LANES_BLOCK;
        if (l->is_busy && l->done >= l->size + 9)
            ended |= 1u << i;
    }
    transpose(block);
    compress(ls->state, block);
    return ended;
}

/* Hands out the hashes of the lanes that ended, and makes them ready for the
 * next message. */
AVX512 static void lanes_end(struct lanes *ls, unsigned ended, struct hash *out)
{
    struct hash hashes[HASH_LANES];

    state_store(ls->state, hashes);
    for (unsigned i = 0; i < HASH_LANES; i++) {
        if (!(ended >> i & 1))
            continue;
        out[ls->lane[i].index] = hashes[i];
        ls->lane[i].is_busy = false;
        ls->busy--;
    }
    for (unsigned i = 0; i < 8; i++)
        ls->state[i] = _mm512_mask_mov_epi32(ls->state[i], (__mmask16)ended, word(INITIAL[i]));
}

/* How many blocks each of the next leaves has, when that is the same for a full
 * set of lanes; else 0. */
static size_t even_blocks(const struct hash_span *spans, size_t count, size_t *least)
{
    const size_t blocks = count < HASH_LANES ? 0 : blocks_of(spans[0].size);

    *least = blocks ? spans[0].size : 0;
    for (unsigned i = 1; blocks && i < HASH_LANES; i++) {
        if (blocks_of(spans[i].size) != blocks)
            return 0;
        *least = spans[i].size < *least ? spans[i].size : *least;
    }
    return blocks;
}

/* Leaves of as many blocks each: nothing has to be asked of a lane but where
 * its leaf ends. */
AVX512 static void even_leaves(const struct hash_span spans[HASH_LANES], size_t blocks, size_t least,
                               struct hash out[HASH_LANES])
{
    __m512i state[8];
    __m512i block[16];

    state_init(state);
    for (size_t k = 0; k < blocks; k++) {
        const size_t done = k * HASH_LANES_BLOCK;
        if (k > 0 && done + HASH_LANES_BLOCK <= 1 + least) {
#pragma GCC unroll 16
            for (unsigned i = 0; i < HASH_LANES; i++)
                block[i] = swap_bytes(_mm512_loadu_si512(spans[i].bytes + done - 1));
        } else {
            for (unsigned i = 0; i < HASH_LANES; i++)
                block[i] = lane_block(spans[i].bytes, 1 + spans[i].size, done);
        }
        transpose(block);
        compress(state, block);
    }
    state_store(state, out);
}

AVX512 size_t hash_lanes_leaves(const struct hash_span *spans, size_t count, struct hash *out,
                                struct hash_lanes_rest rests[HASH_LANES])
{
    struct lanes ls = {.busy = 0};
    uint32_t words[8][HASH_LANES];
    size_t next = 0;
    size_t left = 0;

    for (;; next += HASH_LANES) {
        size_t least = 0;
        const size_t blocks = even_blocks(spans + next, count - next, &least);
        if (blocks == 0)
            break;
        even_leaves(spans + next, blocks, least, out + next);
    }
    state_init(ls.state);
    for (unsigned i = 0; i < HASH_LANES && next < count; i++)
        lane_take(&ls, i, spans, next++);
    while (ls.busy >= HASH_LANES_WORTH) {
        const unsigned ended = lanes_step(&ls);
        if (ended)
            lanes_end(&ls, ended, out);
        for (unsigned i = 0; ended >> i && next < count; i++) {
            if (ended >> i & 1)
                lane_take(&ls, i, spans, next++);
        }
    }
    memcpy(words, ls.state, sizeof words);
    for (unsigned i = 0; i < HASH_LANES; i++) {
        if (!ls.lane[i].is_busy)
            continue;
        struct hash_lanes_rest *const rest = &rests[left++];
        rest->index = ls.lane[i].index;
        rest->blocks = ls.lane[i].done / HASH_LANES_BLOCK;
        for (unsigned k = 0; k < 8; k++)
            rest->words[k] = words[k][i];
    }
    return left;
}

/* -- nodes
 * -----------------------------------------------------------------------------------------------
 */

/*
 * A node's message is 65 bytes: 01 and its two children, which are 16 words,
 * each moved on by a byte. So its first block is made of words that are in
 * their lanes already, and the second has the last byte, the end mark and the
 * length.
 */
AVX512 static void nodes_step(const struct hash children[2 * HASH_LANES], struct hash parents[HASH_LANES])
{
    __m512i state[8];
    __m512i block[16];
    __m512i carry = word(0x01);

    for (unsigned i = 0; i < HASH_LANES; i++)
        block[i] = swap_bytes(_mm512_loadu_si512(children[2 * i].bytes));
    transpose(block);
    for (unsigned i = 0; i < 16; i++) {
        const __m512i whole = block[i];
        block[i] = _mm512_or_si512(_mm512_slli_epi32(carry, 24), _mm512_srli_epi32(whole, 8));
        carry = whole;
    }
    state_init(state);
    compress(state, block);
    block[0] = _mm512_or_si512(_mm512_slli_epi32(carry, 24), word(0x00800000));
    for (unsigned i = 1; i < 15; i++)
        block[i] = _mm512_setzero_si512();
    block[15] = word(65 * 8);
    compress(state, block);
    state_store(state, parents);
}

AVX512 size_t hash_lanes_nodes(const struct hash *children, size_t count, struct hash *parents)
{
    struct hash padded[2 * HASH_LANES] = {{{0}}};
    struct hash made[HASH_LANES];
    size_t done = 0;

    for (; count - done >= HASH_LANES; done += HASH_LANES)
        nodes_step(children + 2 * done, parents + done);
    const size_t left = count - done;
    if (left < HASH_LANES_WORTH_NODES)
        return done;
    memcpy(padded, children + 2 * done, 2 * left * sizeof padded[0]);
    nodes_step(padded, made);
    memcpy(parents + done, made, left * sizeof made[0]);
    return count;
}

#else

bool hash_lanes_usable(void)
{
    return false;
}

size_t hash_lanes_leaves(const struct hash_span *spans, size_t count, struct hash *out,
                         struct hash_lanes_rest rests[HASH_LANES])
{
    (void)spans, (void)count, (void)out, (void)rests;
    REQUIRE(false);
    return 0;
}

size_t hash_lanes_nodes(const struct hash *children, size_t count, struct hash *parents)
{
    (void)children, (void)count, (void)parents;
    REQUIRE(false);
    return 0;
}

#endif
