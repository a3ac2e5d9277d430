// SPDX-License-Identifier: Apache-2.0
//
// Inside of flash_encryption: the body of the wide kernels. Each includes this
// after it has defined its vectors:
//
//   KERNEL          attributes of the kernel's inlined functions
//   vec, LANES      a vector of LANES lanes of 128 bits, LANES a power of two
//   v_load(p)       from anywhere in memory
//   v_each(word)    a 32-bit word in all places
//   v_table(p)      16 bytes in all lanes
//   v_xor v_and
//   v_shuffle(v, t) bytes of each lane picked by t
//   v_low32 v_high32 v_low64 v_high64   two vectors interleaved, in each lane
//   v_enc v_enclast v_dec v_declast     an AES round in each lane
//   v_imc(v)        InvMixColumns of each word
//   pair_imc(p)     the same for 4 words in memory, in 2 integers
//   v_load_blocks(p, x), v_store_blocks(p, x)
//       2 * LANES blocks from p on, the even ones in the lanes of x[0], the odd
//       ones in those of x[1], each with its bytes reversed
//
// Every row has its own key, so the key schedules cost more than the data. They
// are computed word-sliced: a vector holds the same word of the schedules of
// 4 * LANES rows, and one AESENCLAST does SubWord for all of them. Its
// ShiftRows is undone in advance by the shuffle that does RotWord.
//
// A word is the one eight before it, XORed with the one before it or, for the
// first word of a round key, with t = SubWord(...) of the one before it. So the
// four words of a round key are running sums of those of the last but one, plus
// t. Four running sums in a row cancel out (all binomials C(4, k) but the outer
// ones are even), and for l(r), the last word of round key r, that leaves
//
//     l(r) = l(r - 8) ^ t(r)
//     words 2, 3 of round key r = l(r) ^ l(r - 2), l(r)
//     words 0, 1 of round key r = words 2, 3 of r  ^  words 2, 3 of r - 4
//
// for r from 2 on; below, l(-6) .. l(-1) are what makes it true for the first
// eight words as well. Only l(r) is computed, a single chain of operations, and
// words 2 and 3 are kept, interleaved, which is halfway to the round keys of
// single rows.

#include <string.h>

#include "lib/fb/bytes.h"
#include "lib/fb/flash_encryption_kernel.h"

enum {
    ROWS = 4 * LANES,
    ROW = FB_FLASH_ENCRYPTION_ROW,
    BATCH = ROWS * ROW, // bytes
    ROUNDS = 14,
    // l(r) is last[r + 6]; the first 8 come from the key itself.
    L0 = 6,
    FIRST = 8,
    LASTS = L0 + ROUNDS + 1,
};

#define UNROLL _Pragma("GCC unroll 16")

static const uint8_t sub_word[16] = {0, 13, 10, 7,  4,  1, 14, 11,
                                     8, 5,  2,  15, 12, 9, 6,  3};
static const uint8_t sub_rot_word[16] = {1, 14, 11, 4,  5,  2,  15, 8,
                                         9, 6,  3,  12, 13, 10, 7,  0};

// Words 2 and 3 of a round key, interleaved: for the rows in places 0 and 1 of
// each lane, and for those in places 2 and 3.
struct halves {
    vec low;
    vec high;
};

// Round keys of a batch. All but the first and the last one have gone through
// InvMixColumns for the inverse cipher.
struct schedule {
    struct halves key[LASTS];
    struct halves end[4]; // inverse cipher: l(-4) l(0), l(10) l(14) as they are
};

// A schedule in the making.
struct making {
    vec last[LASTS];
    vec imc[LASTS]; // after InvMixColumns
};

// What each row adds to the first words of its batch.
struct offsets {
    vec last[FIRST];
    vec imc[FIRST];
};

// Place p of a word-sliced vector belongs to this row of the batch. So lane L
// of the j-th vector of round keys has row LANES * j + L, and two vectors of
// blocks that belong to it come from one stretch of memory.
static inline unsigned row_at(unsigned p)
{
    return LANES * (p % 4) + p / 4;
}

// l(-6) .. l(1) of a row.
union first {
    volatile uint64_t pair[FIRST / 2];
    uint32_t last[FIRST];
};

static inline uint64_t low_words(uint64_t low, uint64_t high)
{
    return (uint32_t)low | high << 32;
}

// Those of the row at flash_off. Volatile keeps this in the integer units,
// which have nothing else to do.
KERNEL void first_lasts(const struct fb_flash_encryption_key *k,
                        uint32_t flash_off, union first *f)
{
    uint32_t row = fb_flash_encryption_row(flash_off);
    const uint32_t rows[4] = {row, row, row, row};
    uint64_t w[4]; // words 0 1, 2 3 of round key 0; words 0 1, 2 3 of 1
    uint64_t sum0, sum1;

    fb_flash_encryption_spread(rows, w);
    UNROLL for (unsigned i = 0; i < 4; i++)
    {
        uint64_t key, mask;

        memcpy(&key, k->key + 8 * i, 8);
        memcpy(&mask, k->mask + 8 * i, 8);
        w[i] = key ^ (mask & __builtin_bswap64(w[i]));
    }
    sum0 = w[0] ^ w[1];
    sum1 = w[2] ^ w[3];
    f->pair[0] = low_words(sum0 ^ sum0 >> 32, sum1 ^ sum1 >> 32);
    f->pair[1] = low_words(sum0 >> 32, sum1 >> 32);
    f->pair[2] = low_words(w[1] ^ w[1] >> 32, w[3] ^ w[3] >> 32);
    f->pair[3] = low_words(w[1] >> 32, w[3] >> 32);
}

// The tweak is linear: a row's offset is the sum of those of its address bits.
KERNEL void offsets_init(struct offsets *o,
                         const struct fb_flash_encryption_key *k)
{
    union first zero, one;

    first_lasts(k, 0, &zero);
    for (unsigned i = 0; i < FIRST; i++) {
        o->last[i] = v_each(0);
    }
    for (unsigned bit = 1; bit < ROWS; bit *= 2) {
        uint32_t has_bit[ROWS];

        for (unsigned p = 0; p < ROWS; p++) {
            has_bit[p] = (row_at(p) & bit) != 0 ? 0xFFFFFFFF : 0;
        }
        first_lasts(k, bit * ROW, &one);
        for (unsigned i = 0; i < FIRST; i++) {
            vec each = v_each(zero.last[i] ^ one.last[i]);

            o->last[i] = v_xor(o->last[i], v_and(each, v_load(has_bit)));
        }
    }
    for (unsigned i = 0; i < FIRST; i++) {
        o->imc[i] = v_imc(o->last[i]);
    }
    fb_bytes_wipe(&zero, sizeof(zero));
    fb_bytes_wipe(&one, sizeof(one));
}

KERNEL void keep(struct halves *h, const vec last[LASTS], unsigned i)
{
    vec word2 = v_xor(last[i - 2], last[i]);

    h->low = v_low32(word2, last[i]);
    h->high = v_high32(word2, last[i]);
}

KERNEL void schedule_begin(struct schedule *s, struct making *m,
                           const struct fb_flash_encryption_key *k,
                           const struct offsets *o, uint32_t flash_off,
                           bool inverse)
{
    union first f;

    first_lasts(k, flash_off, &f);
    UNROLL for (unsigned i = 0; i < FIRST; i++)
    {
        m->last[i] = v_xor(v_each(f.last[i]), o->last[i]);
    }
    if (inverse) {
        pair_imc(&f.pair[0]);
        pair_imc(&f.pair[2]);
        UNROLL for (unsigned i = 0; i < FIRST; i++)
        {
            m->imc[i] = v_xor(v_each(f.last[i]), o->imc[i]);
        }
        keep(&s->end[0], m->last, L0 - 4);
        keep(&s->end[1], m->last, L0);
    }
    UNROLL for (unsigned i = 2; i < FIRST; i++)
    {
        keep(&s->key[i], inverse ? m->imc : m->last, i);
    }
}

// t(r) from the word before.
KERNEL vec temp_word(vec before, unsigned r)
{
    if (r % 2 == 0) {
        return v_enclast(v_shuffle(before, v_table(sub_rot_word)),
                         v_each(1u << (r / 2 - 1)));
    }
    return v_enclast(v_shuffle(before, v_table(sub_word)), v_each(0));
}

// l(r), r = 2 .. 14 in order; then keep it.
KERNEL void schedule_step(struct making *m, unsigned r, bool inverse)
{
    unsigned i = L0 + r;
    vec t = temp_word(m->last[i - 1], r);

    m->last[i] = v_xor(m->last[i - 8], t);
    if (inverse && r < ROUNDS) {
        m->imc[i] = v_xor(m->imc[i - 8], v_imc(t));
    }
}

KERNEL void schedule_keep(struct schedule *s, const struct making *m,
                          unsigned r, bool inverse)
{
    unsigned i = L0 + r;

    if (!inverse) {
        keep(&s->key[i], m->last, i);
        return;
    }
    if (r < ROUNDS) {
        keep(&s->key[i], m->imc, i);
    }
    if (r == ROUNDS - 4) {
        keep(&s->end[2], m->last, i);
    }
    if (r == ROUNDS) {
        keep(&s->end[3], m->last, i);
    }
}

// The blocks x[2 j] and x[2 j + 1] are those of the rows of key[j].
#define ROUND(x, key, op)                                                      \
    UNROLL for (unsigned j = 0; j < 4; j++)                                    \
    {                                                                          \
        (x)[2 * j] = op((x)[2 * j], (key)[j]);                                 \
        (x)[2 * j + 1] = op((x)[2 * j + 1], (key)[j]);                         \
    }

// Round 0 .. 14 over the blocks of a batch.
KERNEL void round_step(const struct schedule *s, vec x[8], unsigned round,
                       bool inverse)
{
    unsigned r = inverse ? ROUNDS - round : round;
    const struct halves *h = &s->key[L0 + r];
    const struct halves *before = &s->key[L0 + r - 4];
    vec key[4], low, high, low01, high01;

    if (inverse && r % ROUNDS == 0) {
        h = &s->end[r == 0 ? 1 : 3];
        before = h - 1;
    }
    low = h->low;
    high = h->high;
    __asm__("" : "+v"(low), "+v"(high)); // do not load them twice
    low01 = v_xor(low, before->low);
    high01 = v_xor(high, before->high);
    key[0] = v_low64(low01, low);
    key[1] = v_high64(low01, low);
    key[2] = v_low64(high01, high);
    key[3] = v_high64(high01, high);
    if (round == 0) {
        ROUND(x, key, v_xor);
    } else if (round < ROUNDS && inverse) {
        ROUND(x, key, v_dec);
    } else if (round < ROUNDS) {
        ROUND(x, key, v_enc);
    } else if (inverse) {
        ROUND(x, key, v_declast);
    } else {
        ROUND(x, key, v_enclast);
    }
}

// Stop the compiler from moving work between rounds: the registers would not
// suffice.
#define HOLD(x)                                                                \
    __asm__ volatile(""                                                        \
                     : "+v"((x)[0]), "+v"((x)[1]), "+v"((x)[2]), "+v"((x)[3]), \
                       "+v"((x)[4]), "+v"((x)[5]), "+v"((x)[6]), "+v"((x)[7])  \
                     :                                                         \
                     : "memory")

// Whole batches. The schedule of the next one is made between the rounds of
// this one: the long chain of the one fills the gaps of the other. (After the
// last batch that is in vain.)
KERNEL void run_batches(const struct fb_flash_encryption_key *k,
                        const struct offsets *o, struct schedule s[2],
                        uint32_t flash_off, const uint8_t *in, uint8_t *out,
                        size_t batches, bool inverse)
{
    struct schedule *now = &s[0];
    struct schedule *next = &s[1];
    struct making m;

    schedule_begin(now, &m, k, o, flash_off, inverse);
    UNROLL for (unsigned r = 2; r <= ROUNDS; r++)
    {
        schedule_step(&m, r, inverse);
        schedule_keep(now, &m, r, inverse);
    }
    for (; batches != 0; batches--) {
        struct schedule *swap = now;
        vec x[8];

        flash_off += BATCH;
        schedule_begin(next, &m, k, o, flash_off, inverse);
        UNROLL for (unsigned j = 0; j < 4; j++)
        {
            v_load_blocks(in + j * LANES * ROW, x + 2 * j);
        }
        round_step(now, x, 0, inverse);
        UNROLL for (unsigned round = 1; round < ROUNDS; round++)
        {
            schedule_step(&m, round + 1, inverse);
            HOLD(x);
            round_step(now, x, round, inverse);
            HOLD(x);
            schedule_keep(next, &m, round + 1, inverse);
        }
        round_step(now, x, ROUNDS, inverse);
        UNROLL for (unsigned j = 0; j < 4; j++)
        {
            v_store_blocks(out + j * LANES * ROW, x + 2 * j);
        }
        in += BATCH;
        out += BATCH;
        now = next;
        next = swap;
    }
}

typedef void run_some(const struct fb_flash_encryption_key *k,
                      const struct offsets *o, struct schedule s[2],
                      uint32_t flash_off, const uint8_t *in, uint8_t *out,
                      size_t batches);

// Batches start at multiples of BATCH in the flash; one that is not all there
// goes through a buffer. run is run_batches() for one direction.
KERNEL void run_all(const struct fb_flash_encryption_key *k, uint32_t flash_off,
                    const uint8_t *in, uint8_t *out, size_t n, run_some *run)
{
    struct schedule s[2];
    struct offsets o;
    uint8_t part[BATCH];

    offsets_init(&o, k);
    while (n != 0) {
        uint32_t skip = flash_off % BATCH;
        size_t len = BATCH - skip < n ? BATCH - skip : n;

        if (len == BATCH) {
            len = n - n % BATCH;
            run(k, &o, s, flash_off, in, out, len / BATCH);
        } else {
            memcpy(part + skip, in, len);
            run(k, &o, s, flash_off - skip, part, part, 1);
            memcpy(out, part + skip, len);
        }
        flash_off += (uint32_t)len;
        in += len;
        out += len;
        n -= len;
    }
    fb_bytes_wipe(s, sizeof(s));
    fb_bytes_wipe(&o, sizeof(o));
    fb_bytes_wipe(part, sizeof(part));
}
