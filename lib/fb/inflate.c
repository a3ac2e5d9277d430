// SPDX-License-Identifier: Apache-2.0
//
// RFC 1951. Codes are decoded bit by bit from the number of codes of each
// length (3.2.2): codes of one length are consecutive numbers.

#include "lib/fb/inflate.h"

#define MAX_BITS   15u
#define END        256u // end of block
#define LITERALS   288u
#define DISTANCES  32u
#define ADLER_BASE 65521u // RFC 1950, 8.2

enum { HEADER, NO_BLOCK, STORED, CODED };

static uint32_t byte(struct fb_inflate *i)
{
    int c = -1;

    if (i->in != i->in_end) {
        return *i->in++;
    }
    if (!i->bad) {
        c = i->more(i->ctx);
    }
    i->bad |= c < 0;
    return c < 0 ? 0 : (uint32_t)c;
}

// The next n <= 16 bits at least, the first one lowest.
static uint32_t peek(struct fb_inflate *i, unsigned n)
{
    while (i->bit_count < n) {
        i->bits |= byte(i) << i->bit_count;
        i->bit_count += 8;
    }
    return i->bits;
}

static void drop(struct fb_inflate *i, unsigned n)
{
    i->bits >>= n;
    i->bit_count -= n;
}

static uint32_t bits(struct fb_inflate *i, unsigned n)
{
    uint32_t value = peek(i, n) & ((1u << n) - 1);

    drop(i, n);
    return value;
}

// Up to the next byte.
static void drop_rest(struct fb_inflate *i)
{
    (void)bits(i, i->bit_count % 8);
}

// A code that is over-subscribed is bad, one with unused bits too unless it has
// a single symbol (3.2.7).
static void build(struct fb_inflate *i, struct fb_inflate_code *code,
                  const uint8_t *length, unsigned n)
{
    uint16_t next[MAX_BITS + 1];
    int left = 1;

    for (unsigned k = 0; k <= MAX_BITS; k++) {
        code->count[k] = 0;
    }
    for (unsigned k = 0; k < n; k++) {
        code->count[length[k]]++;
    }
    next[1] = 0;
    for (unsigned k = 1; k <= MAX_BITS; k++) {
        left = 2 * left - code->count[k];
        i->bad |= left < 0;
        if (k < MAX_BITS) {
            next[k + 1] = (uint16_t)(next[k] + code->count[k]);
        }
    }
    i->bad |= left > 0 && n - code->count[0] > 1;
    for (unsigned k = 0; k < n; k++) {
        if (length[k] != 0) {
            code->symbol[next[length[k]]++] = (uint16_t)k;
        }
    }
    code->count[0] = 0;
}

static unsigned decode(struct fb_inflate *i, const struct fb_inflate_code *code)
{
    const uint16_t *symbol = code->symbol;
    uint32_t value = 0; // the bits so far, less the first code of that length
    uint32_t in;

    // No code is the last thing in the input: the checksum follows.
    in = peek(i, MAX_BITS);
    for (unsigned k = 1; k <= MAX_BITS; k++) {
        unsigned count = code->count[k];

        value = value << 1 | (in & 1);
        in >>= 1;
        if (value < count) {
            drop(i, k);
            return symbol[value];
        }
        symbol += count;
        value -= count;
    }
    i->bad = true;
    return END;
}

static void set(uint8_t *length, unsigned n, uint8_t value)
{
    while (n-- > 0) {
        *length++ = value;
    }
}

static void fixed_codes(struct fb_inflate *i)
{
    for (unsigned k = 0; k < LITERALS; k++) {
        i->length[k] = k < 144 || k >= 280 ? 8 : k < END ? 9 : 7;
    }
    build(i, &i->literals, i->length, LITERALS);
    set(i->length, DISTANCES, 5);
    build(i, &i->distances, i->length, DISTANCES);
}

// The lengths of both codes, themselves coded (3.2.7).
static void code_lengths(struct fb_inflate *i, unsigned n)
{
    unsigned k = 0;

    while (k < n && !i->bad) {
        unsigned symbol = decode(i, &i->literals);
        unsigned repeat = 1;
        uint8_t value = 0;

        if (symbol < 16) {
            value = (uint8_t)symbol;
        } else if (symbol == 16) {
            i->bad |= k == 0;
            value = k == 0 ? 0 : i->length[k - 1];
            repeat = 3 + bits(i, 2);
        } else {
            repeat = symbol == 17 ? 3 + bits(i, 3) : 11 + bits(i, 7);
        }
        if (repeat > n - k) {
            i->bad = true;
            return;
        }
        set(i->length + k, repeat, value);
        k += repeat;
    }
}

static void dynamic_codes(struct fb_inflate *i)
{
    static const uint8_t order[19] = {16, 17, 18, 0, 8,  7, 9,  6, 10, 5,
                                      11, 4,  12, 3, 13, 2, 14, 1, 15};
    unsigned literals = 257 + bits(i, 5);
    unsigned distances = 1 + bits(i, 5);
    unsigned n = 4 + bits(i, 4);

    set(i->length, sizeof(order), 0);
    for (unsigned k = 0; k < n; k++) {
        i->length[order[k]] = (uint8_t)bits(i, 3);
    }
    build(i, &i->literals, i->length, sizeof(order));
    code_lengths(i, literals + distances);
    i->bad |= literals > LITERALS - 2 || i->length[END] == 0;
    if (!i->bad) {
        build(i, &i->literals, i->length, literals);
        build(i, &i->distances, i->length + literals, distances);
    }
}

static void stored_block(struct fb_inflate *i)
{
    drop_rest(i);
    i->run = bits(i, 16);
    i->bad |= (i->run ^ bits(i, 16)) != 0xFFFF;
}

static void next_block(struct fb_inflate *i)
{
    unsigned type;

    i->last = bits(i, 1) != 0;
    type = bits(i, 2);
    i->block = type == 0 ? STORED : CODED;
    if (type == 0) {
        stored_block(i);
    } else if (type == 1) {
        fixed_codes(i);
    } else if (type == 2) {
        dynamic_codes(i);
    } else {
        i->bad = true;
    }
}

static void put(struct fb_inflate *i, uint32_t value)
{
    i->window[i->total++ % FB_INFLATE_WINDOW] = (uint8_t)value;
}

// Lengths and distances are ranges, `step` of them for each number of extra
// bits (the tables of 3.2.5 in one formula).
static uint32_t range(struct fb_inflate *i, unsigned symbol, unsigned log2_step)
{
    unsigned step = 1u << log2_step;
    unsigned extra;

    if (symbol < 2 * step) {
        return symbol;
    }
    extra = (symbol >> log2_step) - 1;
    return ((step + symbol % step) << extra) + bits(i, extra);
}

// A literal, the start of a copy, or the block's end.
static void next_symbol(struct fb_inflate *i)
{
    unsigned symbol = decode(i, &i->literals);

    if (symbol < END) {
        put(i, symbol);
        return;
    }
    if (symbol == END) {
        i->block = NO_BLOCK;
        return;
    }
    i->run = symbol == 285 ? 258 : 3 + range(i, symbol - 257, 2);
    symbol = symbol > 285 ? DISTANCES : decode(i, &i->distances);
    if (symbol > 29) {
        i->bad = true;
        return;
    }
    i->distance = 1 + range(i, symbol, 1);
    // As far back as there is output. total runs round only after 4 GiB.
    i->bad |= i->distance > i->total;
}

static void header(struct fb_inflate *i)
{
    uint32_t cmf = byte(i), flg = byte(i);

    // Deflate, a window of 32 KiB at most, no dictionary.
    i->bad |= (cmf & 0xF) != 8 || cmf > 0x78 || (flg & 0x20) != 0 ||
              (cmf << 8 | flg) % 31 != 0;
    i->block = NO_BLOCK;
}

// Of what has been put out before, up to the output's byte `end`.
static void copy(struct fb_inflate *i, uint32_t end)
{
    uint8_t *window = i->window;
    uint32_t to = i->total;
    uint32_t n = end - to < i->run ? end - to : i->run;

    i->total += n;
    i->run -= n;
    for (; n > 0; n--) {
        window[to % FB_INFLATE_WINDOW] =
            window[(to - i->distance) % FB_INFLATE_WINDOW];
        to++;
    }
}

static void step(struct fb_inflate *i, uint32_t end)
{
    if (i->block == STORED) {
        if (i->run == 0) {
            i->block = NO_BLOCK;
            return;
        }
        put(i, bits(i, 8));
        i->run--;
    } else if (i->run > 0) {
        copy(i, end);
    } else if (i->block == CODED) {
        next_symbol(i);
    } else if (i->block == HEADER) {
        header(i);
    } else {
        next_block(i);
    }
}

static void sum(struct fb_inflate *i, const uint8_t *p, size_t n)
{
    uint32_t a = i->adler & 0xFFFF, b = i->adler >> 16;

    // 4096 times 255, and the sum of such sums, stay below 2^32.
    for (size_t k = 0; k < n; k++) {
        a += p[k];
        b += a;
    }
    i->adler = b % ADLER_BASE << 16 | a % ADLER_BASE;
}

static bool checksum_matches(struct fb_inflate *i)
{
    uint32_t adler = 0;

    drop_rest(i);
    for (unsigned k = 0; k < 4; k++) {
        adler = adler << 8 | bits(i, 8);
    }
    return adler == i->adler && !i->bad;
}

void fb_inflate_init(struct fb_inflate *i, uint8_t *window,
                     int (*more)(void *ctx), void *ctx)
{
    i->in = NULL;
    i->in_end = NULL;
    i->more = more;
    i->ctx = ctx;
    i->window = window;
    i->total = 0;
    i->bits = 0;
    i->bit_count = 0;
    i->last = false;
    i->bad = false;
    i->block = HEADER;
    i->run = 0;
    i->adler = 1;
}

enum fb_inflate_event fb_inflate_next(struct fb_inflate *i, const uint8_t **p,
                                      size_t *n)
{
    const uint32_t start = i->total;
    const uint32_t room = FB_INFLATE_PIECE - start % FB_INFLATE_PIECE;
    bool done = false;

    while (!i->bad && !done && i->total - start < room) {
        step(i, start + room);
        done = i->last && i->block == NO_BLOCK && i->run == 0;
    }
    if (i->bad) {
        return FB_INFLATE_BAD;
    }
    *p = i->window + start % FB_INFLATE_WINDOW;
    *n = i->total - start;
    sum(i, *p, *n);
    if (!done) {
        return FB_INFLATE_MORE;
    }
    return checksum_matches(i) ? FB_INFLATE_DONE : FB_INFLATE_BAD;
}
