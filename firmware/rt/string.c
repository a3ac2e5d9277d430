// SPDX-License-Identifier: Apache-2.0
//
// The part of <string.h> that the firmware uses. memcpy() and memset() store
// whole words where both sides are aligned and the count allows: IRAM takes
// nothing but aligned words (TRM, "System and Memory").
//
// Build with -fno-tree-loop-distribute-patterns: gcc would recognise the loops
// and replace them by calls of the functions they are.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

// A word that may alias anything.
typedef uint32_t __attribute__((may_alias)) word;

static int aligned(const void *p)
{
    return ((uintptr_t)p & (sizeof(word) - 1)) == 0;
}

static void copy_up(uint8_t *d, const uint8_t *s, size_t n)
{
    if (aligned(d) && aligned(s)) {
        for (; n >= sizeof(word); n -= sizeof(word)) {
            *(word *)(void *)d = *(const word *)(const void *)s;
            d += sizeof(word);
            s += sizeof(word);
        }
    }
    while (n-- > 0) {
        *d++ = *s++;
    }
}

void *memcpy(void *restrict to, const void *restrict from, size_t n)
{
    copy_up(to, from, n);
    return to;
}

void *memmove(void *to, const void *from, size_t n)
{
    uint8_t *d = to;
    const uint8_t *s = from;
    if ((uintptr_t)d - (uintptr_t)s >= n) {
        copy_up(d, s, n); // nothing is overwritten before it is read
        return to;
    }
    d += n;
    s += n;
    if (aligned(d) && aligned(s)) {
        for (; n >= sizeof(word); n -= sizeof(word)) {
            d -= sizeof(word);
            s -= sizeof(word);
            *(word *)(void *)d = *(const word *)(const void *)s;
        }
    }
    while (n-- > 0) {
        *--d = *--s;
    }
    return to;
}

void *memset(void *to, int value, size_t n)
{
    uint8_t *d = to;
    if (aligned(d)) {
        word w = (uint8_t)value * 0x01010101U;
        for (; n >= sizeof(word); n -= sizeof(word)) {
            *(word *)(void *)d = w;
            d += sizeof(word);
        }
    }
    while (n-- > 0) {
        *d++ = (uint8_t)value;
    }
    return to;
}

int memcmp(const void *a, const void *b, size_t n)
{
    const uint8_t *p = a, *q = b;
    for (; n > 0; n--, p++, q++) {
        if (*p != *q) {
            return *p - *q;
        }
    }
    return 0;
}

void *memchr(const void *a, int c, size_t n)
{
    const uint8_t *p = a;
    for (; n > 0; n--, p++) {
        if (*p == (uint8_t)c) {
            return (void *)(uintptr_t)p;
        }
    }
    return NULL;
}

size_t strlen(const char *s)
{
    const char *p = s;
    while (*p != '\0') {
        p++;
    }
    return (size_t)(p - s);
}

int strncmp(const char *a, const char *b, size_t n)
{
    for (; n > 0; n--, a++, b++) {
        if (*a != *b) {
            return (uint8_t)*a - (uint8_t)*b;
        }
        if (*a == '\0') {
            return 0;
        }
    }
    return 0;
}

int strcmp(const char *a, const char *b)
{
    for (; *a == *b && *a != '\0'; a++, b++) {
    }
    return (uint8_t)*a - (uint8_t)*b;
}

char *strcpy(char *restrict to, const char *restrict from)
{
    char *d = to;
    while ((*d++ = *from++) != '\0') {
    }
    return to;
}

char *strncpy(char *restrict to, const char *restrict from, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        to[i] = *from;
        from += *from != '\0';
    }
    return to;
}

char *strcat(char *restrict to, const char *restrict from)
{
    strcpy(to + strlen(to), from);
    return to;
}

char *strchr(const char *s, int c)
{
    for (; *s != (char)c; s++) {
        if (*s == '\0') {
            return NULL;
        }
    }
    return (char *)(uintptr_t)s;
}

char *strrchr(const char *s, int c)
{
    const char *last = NULL;
    for (; (s = strchr(s, c)) != NULL; s++) {
        last = s;
        if (c == '\0') {
            break;
        }
    }
    return (char *)(uintptr_t)last;
}

char *strstr(const char *s, const char *what)
{
    size_t n = strlen(what);
    for (; strncmp(s, what, n) != 0; s++) {
        if (*s == '\0') {
            return NULL;
        }
    }
    return (char *)(uintptr_t)s;
}

static size_t span(const char *s, const char *set, bool inside)
{
    size_t n = 0;
    while (s[n] != '\0' && (strchr(set, s[n]) != NULL) == inside) {
        n++;
    }
    return n;
}

size_t strspn(const char *s, const char *set)
{
    return span(s, set, true);
}

size_t strcspn(const char *s, const char *set)
{
    return span(s, set, false);
}
