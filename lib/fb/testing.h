// SPDX-License-Identifier: Apache-2.0
//
// For tests only: hex strings, vector files, inputs that end at an unmapped
// page. Whatever goes wrong here stops the program.

#ifndef FB_TESTING_H
#define FB_TESTING_H

#include <fcntl.h>
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

static inline void testing_die(const char *what, const char *name)
{
    fprintf(stderr, "testing.h: %s: %s\n", name, what);
    exit(1);
}

// Decode text (spaces are skipped) into out, at most cap bytes; their number.
static inline size_t testing_hex(uint8_t *out, size_t cap, const char *text)
{
    size_t n = 0;
    int used = 0;
    unsigned byte;

    while (sscanf(text, " %2x%n", &byte, &used) == 1) {
        if (n == cap) {
            testing_die("does not fit", text);
        }
        out[n++] = (uint8_t)byte;
        text += used;
    }
    return n;
}

// Read at most cap bytes of the file FOLDER/NAME; their number.
static inline size_t testing_file(uint8_t *out, size_t cap, const char *folder,
                                  const char *name)
{
    char path[256];
    FILE *f;
    size_t n;

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    f = fopen(path, "rb");
    if (f == NULL) {
        testing_die("cannot be opened (run from the root of the tree)", path);
    }
    n = fread(out, 1, cap, f);
    if (fgetc(f) != EOF) {
        testing_die("too long", path);
    }
    fclose(f);
    return n;
}

// n bytes (up to 1 MiB) right before a page that cannot be touched, filled
// from p unless p is NULL. They stay mapped until the program ends.
static inline uint8_t *testing_guarded(const uint8_t *p, size_t n)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t room = (n + page - 1) / page * page;
    int zero = open("/dev/zero", O_RDWR); // POSIX has no MAP_ANONYMOUS
    uint8_t *map =
        mmap(NULL, room + page, PROT_READ | PROT_WRITE, MAP_PRIVATE, zero, 0);

    close(zero);
    if (map == MAP_FAILED || mprotect(map + room, page, PROT_NONE) != 0) {
        testing_die("no memory", "testing_guarded");
    }
    if (p != NULL && n != 0) {
        memcpy(map + room - n, p, n);
    }
    return map + room - n;
}

// Give them back sooner, when a test asks for many.
static inline void testing_guarded_free(uint8_t *p, size_t n)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t room = (n + page - 1) / page * page;

    munmap(p + n - room, room + page);
}

// A repeatable stream of random bytes (xorshift64*).
static inline void testing_random(uint64_t *state, uint8_t *out, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        *state ^= *state >> 12;
        *state ^= *state << 25;
        *state ^= *state >> 27;
        out[i] = (uint8_t)(*state * 0x2545F4914F6CDD1Du >> 56);
    }
}

// The same stream, 32 bits at a time.
static inline uint32_t testing_random32(uint64_t *state)
{
    uint8_t b[4];

    testing_random(state, b, sizeof(b));
    return b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 |
           (uint32_t)b[3] << 24;
}

#endif
