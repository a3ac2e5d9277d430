// SPDX-License-Identifier: Apache-2.0

#include "firmware/stub/md5.h"

#include "lib/fb/bytes.h"

// RFC 1321, 3.4: 2^32 times abs(sin(i + 1)).
static const uint32_t sines[64] = {
    0xd76aa478, 0xe8c7b756, 0x242070db, 0xc1bdceee, 0xf57c0faf, 0x4787c62a,
    0xa8304613, 0xfd469501, 0x698098d8, 0x8b44f7af, 0xffff5bb1, 0x895cd7be,
    0x6b901122, 0xfd987193, 0xa679438e, 0x49b40821, 0xf61e2562, 0xc040b340,
    0x265e5a51, 0xe9b6c7aa, 0xd62f105d, 0x02441453, 0xd8a1e681, 0xe7d3fbc8,
    0x21e1cde6, 0xc33707d6, 0xf4d50d87, 0x455a14ed, 0xa9e3e905, 0xfcefa3f8,
    0x676f02d9, 0x8d2a4c8a, 0xfffa3942, 0x8771f681, 0x6d9d6122, 0xfde5380c,
    0xa4beea44, 0x4bdecfa9, 0xf6bb4b60, 0xbebfbc70, 0x289b7ec6, 0xeaa127fa,
    0xd4ef3085, 0x04881d05, 0xd9d4d039, 0xe6db99e5, 0x1fa27cf8, 0xc4ac5665,
    0xf4292244, 0x432aff97, 0xab9423a7, 0xfc93a039, 0x655b59c3, 0x8f0ccc92,
    0xffeff47d, 0x85845dd1, 0x6fa87e4f, 0xfe2ce6e0, 0xa3014314, 0x4e0811a1,
    0xf7537e82, 0xbd3af235, 0x2ad7d2bb, 0xeb86d391,
};

// Rotations, four for each round.
static const uint8_t shifts[16] = {7, 12, 17, 22, 5, 9,  14, 20,
                                   4, 11, 16, 23, 6, 10, 15, 21};

struct vars {
    uint32_t a, b, c, d;
};

// The function of a round, and the word that its step i takes.
static inline uint32_t mix(const struct vars *v, unsigned round)
{
    switch (round) {
    case 0:
        return v->d ^ (v->b & (v->c ^ v->d));
    case 1:
        return v->c ^ (v->d & (v->b ^ v->c));
    case 2:
        return v->b ^ v->c ^ v->d;
    default:
        return v->c ^ (v->b | ~v->d);
    }
}

static inline unsigned word_of(unsigned round, unsigned i)
{
    static const uint8_t step[4] = {1, 5, 3, 7}, start[4] = {0, 1, 5, 0};

    return (step[round] * i + start[round]) % 16;
}

// `round` is a constant where this is called.
static inline __attribute__((always_inline)) void
sixteen(struct vars *v, const uint32_t w[16], unsigned round)
{
    for (unsigned i = 0; i < 16; i++) {
        uint32_t x =
            v->a + mix(v, round) + w[word_of(round, i)] + sines[round * 16 + i];
        unsigned n = shifts[round * 4 + i % 4];

        v->a = v->d;
        v->d = v->c;
        v->c = v->b;
        v->b += x << n | x >> (32 - n);
    }
}

static void transform(struct md5 *c, const uint8_t block[64])
{
    struct vars v = {c->state[0], c->state[1], c->state[2], c->state[3]};
    uint32_t w[16];

    for (unsigned i = 0; i < 16; i++) {
        w[i] = load32_le(block + 4 * i);
    }
    sixteen(&v, w, 0);
    sixteen(&v, w, 1);
    sixteen(&v, w, 2);
    sixteen(&v, w, 3);
    c->state[0] += v.a;
    c->state[1] += v.b;
    c->state[2] += v.c;
    c->state[3] += v.d;
}

void md5_init(struct md5 *c)
{
    c->state[0] = 0x67452301;
    c->state[1] = 0xefcdab89;
    c->state[2] = 0x98badcfe;
    c->state[3] = 0x10325476;
    c->total = 0;
}

void md5_update(struct md5 *c, const uint8_t *p, size_t n)
{
    while (n > 0) {
        size_t used = c->total % sizeof(c->block);

        if (used == 0 && n >= sizeof(c->block)) {
            transform(c, p);
            c->total += sizeof(c->block);
            p += sizeof(c->block);
            n -= sizeof(c->block);
            continue;
        }
        c->block[used] = *p++;
        c->total++;
        n--;
        if (used + 1 == sizeof(c->block)) {
            transform(c, c->block);
        }
    }
}

void md5_final(struct md5 *c, uint8_t out[16])
{
    uint8_t bits[8];
    uint8_t pad = 0x80;

    store32_le(bits, c->total << 3);
    store32_le(bits + 4, 0);
    do {
        md5_update(c, &pad, 1);
        pad = 0;
    } while (c->total % sizeof(c->block) != sizeof(c->block) - sizeof(bits));
    md5_update(c, bits, sizeof(bits));
    for (unsigned i = 0; i < 4; i++) {
        store32_le(out + 4 * i, c->state[i]);
    }
}
