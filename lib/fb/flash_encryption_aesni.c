// SPDX-License-Identifier: Apache-2.0
//
// Flash encryption with the AES instructions that x86 has had since 2010: four
// rows at once, without AVX.

#if defined(__x86_64__)

#include <immintrin.h>
#include <stdint.h>

#define TARGET "aes,ssse3"
#define KERNEL static inline __attribute__((always_inline, target(TARGET)))

enum { LANES = 1 };

typedef __m128i vec;

#define v_load(p)    _mm_loadu_si128((const __m128i *)(const void *)(p))
#define v_each(word) _mm_set1_epi32((int)(word))
#define v_table(p)   v_load(p)
#define v_xor        _mm_xor_si128
#define v_and        _mm_and_si128
#define v_shuffle    _mm_shuffle_epi8
#define v_low32      _mm_unpacklo_epi32
#define v_high32     _mm_unpackhi_epi32
#define v_low64      _mm_unpacklo_epi64
#define v_high64     _mm_unpackhi_epi64
#define v_enc        _mm_aesenc_si128
#define v_enclast    _mm_aesenclast_si128
#define v_dec        _mm_aesdec_si128
#define v_declast    _mm_aesdeclast_si128
#define v_imc        _mm_aesimc_si128

static const uint8_t backwards[16] = {15, 14, 13, 12, 11, 10, 9, 8,
                                      7,  6,  5,  4,  3,  2,  1, 0};

KERNEL void store(void *p, vec v)
{
    _mm_storeu_si128((__m128i *)p, v);
}

KERNEL void pair_imc(volatile uint64_t p[2])
{
    // Loading both at once would have to wait until they are stored.
    __m128i v = _mm_set_epi64x((long long)p[1], (long long)p[0]);

    v = _mm_aesimc_si128(v);
    _mm_storeu_si128((__m128i *)(uintptr_t)p, v);
}

KERNEL void v_load_blocks(const uint8_t *p, vec x[2])
{
    x[0] = v_shuffle(v_load(p), v_load(backwards));
    x[1] = v_shuffle(v_load(p + 16), v_load(backwards));
}

KERNEL void v_store_blocks(uint8_t *p, const vec x[2])
{
    store(p, v_shuffle(x[0], v_load(backwards)));
    store(p + 16, v_shuffle(x[1], v_load(backwards)));
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
encrypt(const struct fb_flash_encryption_key *k, uint32_t flash_off,
        const uint8_t *in, uint8_t *out, size_t n)
{
    run_all(k, flash_off, in, out, n, encrypt_batches);
}

__attribute__((target(TARGET))) static void
decrypt(const struct fb_flash_encryption_key *k, uint32_t flash_off,
        const uint8_t *in, uint8_t *out, size_t n)
{
    run_all(k, flash_off, in, out, n, decrypt_batches);
}

static bool usable(void)
{
    return __builtin_cpu_supports("aes") && __builtin_cpu_supports("ssse3");
}

const struct fb_flash_encryption_kernel fb_flash_encryption_aesni = {
    "AES-NI", usable, encrypt, decrypt};

#endif
