// SPDX-License-Identifier: Apache-2.0

#include "tools/esptool/intel_hex.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum record {
    RECORD_DATA = 0,
    RECORD_END = 1,
    RECORD_SEGMENT = 2,
    RECORD_START_SEGMENT = 3,
    RECORD_LINEAR = 4,
    RECORD_START_LINEAR = 5,
};

static int digit(uint8_t c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

// One line without its end into bytes: count, address, type, data, checksum.
static enum fb_status decode_line(const uint8_t *p, size_t n,
                                  uint8_t bytes[260], size_t *count)
{
    if (n < 11 || p[0] != ':' || n % 2 == 0 || n / 2 > 260) {
        return FB_E_SYNTAX;
    }
    uint8_t sum = 0;
    *count = n / 2;
    for (size_t i = 0; i < *count; i++) {
        int high = digit(p[1 + 2 * i]);
        int low = digit(p[2 + 2 * i]);
        if (high < 0 || low < 0) {
            return FB_E_SYNTAX;
        }
        bytes[i] = (uint8_t)(high << 4 | low);
        sum = (uint8_t)(sum + bytes[i]);
    }
    if (*count != bytes[0] + 5u) {
        return FB_E_SYNTAX;
    }
    return sum == 0 ? FB_OK : FB_E_BAD_CHECKSUM;
}

// Data goes to the region that it continues, or to a new one.
static enum fb_status add(struct intel_hex *hex, uint32_t address,
                          const uint8_t *p, size_t n)
{
    struct intel_hex_region *r =
        hex->count ? &hex->region[hex->count - 1] : NULL;
    if (!r || r->address + r->size != address) {
        struct intel_hex_region *grown = realloc(
            hex->region, (hex->count + 1) * sizeof(struct intel_hex_region));
        if (!grown) {
            return FB_E_NO_SPACE;
        }
        hex->region = grown;
        r = &hex->region[hex->count++];
        *r = (struct intel_hex_region){.address = address};
    }
    // grows by doubling: 1, 2, 4, ... KiB
    size_t cap = 1024;
    while (cap < r->size) {
        cap *= 2;
    }
    if (!r->data || r->size + n > cap) {
        while (cap < r->size + n) {
            cap *= 2;
        }
        uint8_t *data = realloc(r->data, cap);
        if (!data) {
            return FB_E_NO_SPACE;
        }
        r->data = data;
    }
    memcpy(r->data + r->size, p, n);
    r->size += n;
    return FB_OK;
}

static int by_address(const void *a, const void *b)
{
    const struct intel_hex_region *x = a;
    const struct intel_hex_region *y = b;
    return x->address < y->address ? -1 : x->address > y->address;
}

// Sort, refuse overlaps, join neighbours.
static enum fb_status join(struct intel_hex *hex)
{
    if (hex->count == 0) {
        return FB_OK;
    }
    qsort(hex->region, hex->count, sizeof hex->region[0], by_address);
    size_t kept = 1;
    for (size_t i = 1; i < hex->count; i++) {
        struct intel_hex_region *last = &hex->region[kept - 1];
        struct intel_hex_region *next = &hex->region[i];
        uint64_t end = (uint64_t)last->address + last->size;
        if (next->address < end) {
            // keep all pointers reachable for the caller's cleanup
            return FB_E_OVERLAP;
        }
        if (next->address == end) {
            uint8_t *data = realloc(last->data, last->size + next->size);
            if (!data) {
                return FB_E_NO_SPACE;
            }
            memcpy(data + last->size, next->data, next->size);
            free(next->data);
            next->data = NULL;
            last->data = data;
            last->size += next->size;
        } else {
            struct intel_hex_region moved = *next;
            next->data = i == kept ? next->data : NULL;
            hex->region[kept++] = moved;
        }
    }
    hex->count = kept;
    return FB_OK;
}

struct parser {
    uint32_t base; // of the addresses in data records
    bool ended;
};

static enum fb_status take_record(struct parser *p, struct intel_hex *hex,
                                  const uint8_t *b)
{
    uint32_t value = (uint32_t)b[4] << 8 | b[5];
    switch (b[3]) {
    case RECORD_DATA:
        return add(hex, p->base + ((uint32_t)b[1] << 8 | b[2]), b + 4, b[0]);
    case RECORD_END:
        p->ended = true;
        return b[0] == 0 ? FB_OK : FB_E_SYNTAX;
    case RECORD_SEGMENT:
        p->base = value << 4;
        return b[0] == 2 ? FB_OK : FB_E_SYNTAX;
    case RECORD_LINEAR:
        p->base = value << 16;
        return b[0] == 2 ? FB_OK : FB_E_SYNTAX;
    case RECORD_START_SEGMENT:
    case RECORD_START_LINEAR:
        return b[0] == 4 ? FB_OK : FB_E_SYNTAX;
    default:
        return FB_E_SYNTAX;
    }
}

void intel_hex_free(struct intel_hex *hex)
{
    for (size_t i = 0; i < hex->count; i++) {
        free(hex->region[i].data);
    }
    free(hex->region);
    *hex = (struct intel_hex){0};
}

enum fb_status intel_hex_parse(const uint8_t *p, size_t n,
                               struct intel_hex *hex, struct fb_fault *fault)
{
    struct parser parser = {0};
    enum fb_status status = FB_OK;
    uint32_t line = 0;
    *hex = (struct intel_hex){0};
    for (size_t at = 0; at < n && status == FB_OK && !parser.ended;) {
        size_t len = 0;
        while (at + len < n && p[at + len] != '\n' && p[at + len] != '\r') {
            len++;
        }
        line += at + len >= n || p[at + len] == '\n' || len != 0;
        if (len != 0) {
            uint8_t bytes[260] = {0};
            size_t count;
            status = decode_line(p + at, len, bytes, &count);
            if (status == FB_OK) {
                status = take_record(&parser, hex, bytes);
            }
        }
        at += len + 1;
    }
    if (status == FB_OK && !parser.ended) {
        status = FB_E_NO_END;
    }
    if (status == FB_OK) {
        status = join(hex);
    }
    if (status != FB_OK) {
        intel_hex_free(hex);
        return fb_fault_set(fault, status, line, 0, 0);
    }
    return FB_OK;
}

// The record's text, 16 bytes of data at most: ":LLAAAATT<data>CC\n".
static size_t format_record(char *out, uint16_t address, enum record type,
                            const uint8_t *p, size_t n)
{
    uint8_t sum = (uint8_t)(n + (address >> 8) + address + (unsigned)type);
    size_t len = (size_t)sprintf(out, ":%02X%04X%02X", (unsigned)n, address,
                                 (unsigned)type);
    for (size_t i = 0; i < n; i++) {
        sum = (uint8_t)(sum + p[i]);
        len += (size_t)sprintf(out + len, "%02X", p[i]);
    }
    return len + (size_t)sprintf(out + len, "%02X\n", (uint8_t)-sum);
}

#define LINE_BYTES 16u
#define LINE_TEXT  48u

static enum fb_status append(struct intel_hex_text *text, uint16_t address,
                             enum record type, const uint8_t *p, size_t n)
{
    if (text->cap - text->len < LINE_TEXT) {
        size_t cap = text->cap * 2 + 0x10000;
        char *grown = realloc(text->p, cap);
        if (!grown) {
            return FB_E_NO_SPACE;
        }
        text->p = grown;
        text->cap = cap;
    }
    text->len += format_record(text->p + text->len, address, type, p, n);
    return FB_OK;
}

enum fb_status intel_hex_write(struct intel_hex_text *text, bool far,
                               uint32_t address, const uint8_t *p, size_t n)
{
    enum fb_status status = FB_OK;
    while (n != 0 && status == FB_OK) {
        uint32_t upper = (address >> 16) + 1;
        if (far && text->upper != upper) {
            const uint8_t high[2] = {(uint8_t)(address >> 24),
                                     (uint8_t)(address >> 16)};
            status = append(text, 0, RECORD_LINEAR, high, 2);
            text->upper = upper;
            continue;
        }
        // No record reaches over a border of 64 KiB.
        size_t most = 0x10000 - (address & 0xFFFF);
        most = most < LINE_BYTES ? most : LINE_BYTES;
        size_t part = n < most ? n : most;
        status = append(text, (uint16_t)address, RECORD_DATA, p, part);
        address += (uint32_t)part;
        p += part;
        n -= part;
    }
    return status;
}

enum fb_status intel_hex_end(struct intel_hex_text *text)
{
    return append(text, 0, RECORD_END, NULL, 0);
}
