// SPDX-License-Identifier: Apache-2.0
//
// For the unit tests of lib: bytes from hex and from files, and memory that
// ends where nothing is mapped, so that reading one byte too far crashes.

#ifndef FB_TEST_SUPPORT_H
#define FB_TEST_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <fcntl.h>
#include <unistd.h>

#include <cmocka.h>

// n bytes that end at an unmapped page. Free with test_guarded_free().
static inline uint8_t *test_guarded(size_t n)
{
    const size_t page = 4096;
    size_t size = (n + page - 1) / page * page;
    uint8_t *map =
        mmap(NULL, size + page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(map != MAP_FAILED);
    if (size != 0) {
        assert_int_equal(mprotect(map, size, PROT_READ | PROT_WRITE), 0);
    }
    return map + size - n;
}

static inline void test_guarded_free(uint8_t *p, size_t n)
{
    const size_t page = 4096;
    size_t size = (n + page - 1) / page * page;
    munmap(p + n - size, size + page);
}

// A guarded copy.
static inline uint8_t *test_guarded_copy(const void *p, size_t n)
{
    uint8_t *copy = test_guarded(n);
    if (n != 0) {
        memcpy(copy, p, n);
    }
    return copy;
}

// A whole file, path relative to the repository root; free() it.
static inline uint8_t *test_read_file(const char *path, size_t *n)
{
    FILE *f = fopen(path, "rb");
    if (f == NULL) {
        fail_msg("%s: cannot be opened", path);
    }
    fseek(f, 0, SEEK_END);
    long size = ftell(f);
    rewind(f);
    uint8_t *p = malloc((size_t)size + 1);
    assert_non_null(p);
    *n = fread(p, 1, (size_t)size, f);
    assert_int_equal(*n, size);
    p[*n] = '\0';
    fclose(f);
    return p;
}

// Hex digits (spaces allowed) into out; returns the number of bytes.
static inline size_t test_hex(const char *hex, uint8_t *out, size_t cap)
{
    size_t n = 0;
    while (*hex != '\0') {
        if (*hex == ' ') {
            hex++;
            continue;
        }
        unsigned byte;
        assert_true(n < cap);
        assert_int_equal(sscanf(hex, "%2x", &byte), 1);
        out[n++] = (uint8_t)byte;
        hex += 2;
    }
    return n;
}

// Pseudo-random numbers that are the same in every run (xorshift32).
static inline uint32_t test_random(uint32_t *state)
{
    uint32_t x = *state;
    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;
    return *state = x;
}

static inline void test_random_bytes(uint32_t *state, uint8_t *p, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        p[i] = (uint8_t)(test_random(state) >> 11);
    }
}

// The 64 hex digits of the SHA-256 of p; needs lib/fb/crypto.h.
#define test_assert_sha256(p, n, hex)                                          \
    do {                                                                       \
        struct fb_sha256 sha_;                                                 \
        uint8_t got_[32], want_[32];                                           \
        fb_sha256_init(&sha_);                                                 \
        fb_sha256_update(&sha_, (p), (n));                                     \
        fb_sha256_final(&sha_, got_);                                          \
        assert_int_equal(test_hex((hex), want_, 32), 32);                      \
        assert_memory_equal(got_, want_, 32);                                  \
    } while (0)

#endif
