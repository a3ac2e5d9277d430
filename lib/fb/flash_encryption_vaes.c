// SPDX-License-Identifier: Apache-2.0
//
// Flash encryption with AES in 512-bit registers: sixteen rows at once (Intel
// Ice Lake, AMD Zen 4 and newer).

#if defined(__x86_64__)

#include <cpuid.h>
#include <immintrin.h>
#include <stdint.h>

#define TARGET "aes,vaes,avx512f,avx512bw,avx512vbmi"
#define KERNEL static inline __attribute__((always_inline, target(TARGET)))

enum { LANES = 4 };

typedef __m512i vec;

#define v_load(p)    _mm512_loadu_si512(p)
#define v_each(word) _mm512_set1_epi32((int)(word))
#define v_table(p)                                                             \
    _mm512_broadcast_i32x4(_mm_loadu_si128((const __m128i *)(const void *)(p)))
#define v_xor     _mm512_xor_si512
#define v_and     _mm512_and_si512
#define v_shuffle _mm512_shuffle_epi8
#define v_low32   _mm512_unpacklo_epi32
#define v_high32  _mm512_unpackhi_epi32
#define v_low64   _mm512_unpacklo_epi64
#define v_high64  _mm512_unpackhi_epi64
#define v_enc     _mm512_aesenc_epi128
#define v_enclast _mm512_aesenclast_epi128
#define v_dec     _mm512_aesdec_epi128
#define v_declast _mm512_aesdeclast_epi128

// There is no wide AESIMC. Here SubBytes and ShiftRows are done and undone.
KERNEL vec v_imc(vec v)
{
    return v_dec(v_enclast(v, v_each(0)), v_each(0));
}

KERNEL void pair_imc(volatile uint64_t p[2])
{
    // Loading both at once would have to wait until they are stored.
    __m128i v = _mm_set_epi64x((long long)p[1], (long long)p[0]);

    v = _mm_aesimc_si128(v);
    _mm_storeu_si128((__m128i *)(uintptr_t)p, v);
}

// Indices of the 16 bytes from b on, last one first.
#define BACKWARDS(b)                                                           \
    (b) + 15, (b) + 14, (b) + 13, (b) + 12, (b) + 11, (b) + 10, (b) + 9,       \
        (b) + 8, (b) + 7, (b) + 6, (b) + 5, (b) + 4, (b) + 3, (b) + 2,         \
        (b) + 1, (b)

// Blocks 0 2 4 6 and 1 3 5 7 of eight, and back again.
static const uint8_t even[64] = {BACKWARDS(0), BACKWARDS(32), BACKWARDS(64),
                                 BACKWARDS(96)};
static const uint8_t odd[64] = {BACKWARDS(16), BACKWARDS(48), BACKWARDS(80),
                                BACKWARDS(112)};
static const uint8_t front[64] = {BACKWARDS(0), BACKWARDS(64), BACKWARDS(16),
                                  BACKWARDS(80)};
static const uint8_t back[64] = {BACKWARDS(32), BACKWARDS(96), BACKWARDS(48),
                                 BACKWARDS(112)};

KERNEL void v_load_blocks(const uint8_t *p, vec x[2])
{
    vec a = v_load(p);
    vec b = v_load(p + 64);

    x[0] = _mm512_permutex2var_epi8(a, v_load(even), b);
    x[1] = _mm512_permutex2var_epi8(a, v_load(odd), b);
}

KERNEL void v_store_blocks(uint8_t *p, const vec x[2])
{
    vec a = _mm512_permutex2var_epi8(x[0], v_load(front), x[1]);
    vec b = _mm512_permutex2var_epi8(x[0], v_load(back), x[1]);

    _mm512_storeu_si512(p, a);
    _mm512_storeu_si512(p + 64, b);
}

#include "lib/fb/flash_encryption_rows.h"

__attribute__((noinline, target(TARGET))) static void
encrypt_batches(const struct fb_flash_encryption_key *k,
                const struct offsets *o, struct schedule s[2],
                uint32_t flash_off, const uint8_t *in, uint8_t *out,
                size_t batches)
{
    run_batches(k, o, s, flash_off, in, out, batches, true);
}

__attribute__((noinline, target(TARGET))) static void
decrypt_batches(const struct fb_flash_encryption_key *k,
                const struct offsets *o, struct schedule s[2],
                uint32_t flash_off, const uint8_t *in, uint8_t *out,
                size_t batches)
{
    run_batches(k, o, s, flash_off, in, out, batches, false);
}

__attribute__((target(TARGET))) static void
encrypt_wide(const struct fb_flash_encryption_key *k, uint32_t flash_off,
             const uint8_t *in, uint8_t *out, size_t n)
{
    run_all(k, flash_off, in, out, n, encrypt_batches);
}

__attribute__((target(TARGET))) static void
decrypt_wide(const struct fb_flash_encryption_key *k, uint32_t flash_off,
             const uint8_t *in, uint8_t *out, size_t n)
{
    run_all(k, flash_off, in, out, n, decrypt_batches);
}

// Less than a few batches is sooner done four rows at a time.
enum { FEW = 2 * BATCH };

static void encrypt(const struct fb_flash_encryption_key *k, uint32_t flash_off,
                    const uint8_t *in, uint8_t *out, size_t n)
{
    (n < FEW ? fb_flash_encryption_aesni.encrypt : encrypt_wide)(k, flash_off,
                                                                 in, out, n);
}

static void decrypt(const struct fb_flash_encryption_key *k, uint32_t flash_off,
                    const uint8_t *in, uint8_t *out, size_t n)
{
    (n < FEW ? fb_flash_encryption_aesni.decrypt : decrypt_wide)(k, flash_off,
                                                                 in, out, n);
}

static bool usable(void)
{
    unsigned a, b, c, d;

    // The builtin knows whether the system saves the wide registers, but some
    // compilers' does not know VAES: leaf 7, ECX bit 9.
    return fb_flash_encryption_aesni.usable() &&
           __builtin_cpu_supports("avx512f") &&
           __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512vbmi") &&
           __get_cpuid_count(7, 0, &a, &b, &c, &d) != 0 && (c >> 9 & 1) != 0;
}

const struct fb_flash_encryption_kernel fb_flash_encryption_vaes = {
    "VAES", usable, encrypt, decrypt};

#endif
