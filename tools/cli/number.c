// SPDX-License-Identifier: Apache-2.0

#include "tools/cli/cli.h"

#include <string.h>

static int digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    if (c >= 'A' && c <= 'F') {
        return c - 'A' + 10;
    }
    return 99;
}

static unsigned base_of(const char **text)
{
    const char *p = *text;
    unsigned base = 10;

    if (p[0] != '0') {
        return base;
    }
    switch (p[1]) {
    case 'x':
    case 'X':
        base = 16;
        break;
    case 'o':
    case 'O':
        base = 8;
        break;
    case 'b':
    case 'B':
        base = 2;
        break;
    default:
        return base;
    }
    *text = p + 2;
    return base;
}

// Digits with single underscores between them (and after a 0x), as Python
// writes numbers.
static bool digits(const char *p, size_t n, unsigned base, uint64_t *value)
{
    uint64_t v = 0;
    bool was_digit = base != 10;
    bool leading_zero = base == 10 && n > 1 && p[0] == '0';

    if (n == 0) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        if (p[i] == '_') {
            if (!was_digit || i + 1 == n) {
                return false;
            }
            was_digit = false;
            continue;
        }
        unsigned d = (unsigned)digit(p[i]);
        if (d >= base || v > (UINT64_MAX - d) / base) {
            return false;
        }
        v = v * base + d;
        was_digit = true;
    }
    // 010 is 8 to C and 10 to people: Python refuses it, so do we.
    if (leading_zero && v != 0) {
        return false;
    }
    *value = v;
    return true;
}

bool cli_parse_uint(const char *text, uint64_t *value)
{
    if (*text == '+') {
        text++;
    }
    unsigned base = base_of(&text);

    return digits(text, strlen(text), base, value);
}

bool cli_parse_size(const char *text, uint64_t *value)
{
    if (strcmp(text, "ALL") == 0 || strcmp(text, "all") == 0) {
        *value = UINT64_MAX;
        return true;
    }
    unsigned base = base_of(&text);
    size_t n = strlen(text);
    unsigned shift = 0;
    uint64_t v;

    if (n > 0 && (text[n - 1] == 'k' || text[n - 1] == 'K')) {
        shift = 10;
        n--;
    } else if (n > 0 && (text[n - 1] == 'm' || text[n - 1] == 'M')) {
        shift = 20;
        n--;
    }
    if (!digits(text, n, base, &v) || v > UINT64_MAX >> shift) {
        return false;
    }
    *value = v << shift;
    return true;
}

bool cli_parse_mac(const char *text, uint8_t mac[6])
{
    for (unsigned i = 0; i < 6; i++) {
        uint64_t byte;

        if (text[0] == '_' || !digits(text, 2, 16, &byte) ||
            text[2] != (i < 5 ? ':' : '\0')) {
            return false;
        }
        mac[i] = (uint8_t)byte;
        text += 3;
    }
    return true;
}
