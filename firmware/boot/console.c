// SPDX-License-Identifier: Apache-2.0

#include "firmware/boot/console.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>

#include "firmware/drivers/uart.h"

struct field {
    bool left;
    char fill;
    unsigned width;
};

static void put(char c)
{
    if (c == '\n') {
        uart_putc('\r');
    }
    uart_putc((uint8_t)c);
}

static void fill(char c, unsigned n)
{
    while (n-- > 0) {
        put(c);
    }
}

static void put_string(const char *s, unsigned n, const struct field *f)
{
    unsigned pad = f->width > n ? f->width - n : 0;

    fill(f->fill, f->left ? 0 : pad);
    while (n-- > 0) {
        put(*s++);
    }
    fill(' ', f->left ? pad : 0);
}

static void put_number(uint32_t value, unsigned base, bool negative,
                       const struct field *f)
{
    char digits[11];
    char *p = digits + sizeof(digits);

    do {
        *--p = "0123456789abcdef"[value % base];
        value /= base;
    } while (value != 0);
    if (negative) {
        *--p = '-';
    }
    put_string(p, (unsigned)(digits + sizeof(digits) - p), f);
}

static unsigned length(const char *s)
{
    unsigned n = 0;

    while (s[n] != '\0') {
        n++;
    }
    return n;
}

static const char *parse_field(const char *p, struct field *f)
{
    *f = (struct field){.fill = ' '};
    for (; *p == '-' || *p == '0'; p++) {
        if (*p == '-') {
            f->left = true;
        } else {
            f->fill = '0';
        }
    }
    for (; *p >= '0' && *p <= '9'; p++) {
        f->width = f->width * 10 + (unsigned)(*p - '0');
    }
    return p;
}

void console_print(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    for (const char *p = format; *p != '\0'; p++) {
        struct field f;

        if (*p != '%') {
            put(*p);
            continue;
        }
        p = parse_field(p + 1, &f);
        if (*p == 's') {
            const char *s = va_arg(args, const char *);
            put_string(s, length(s), &f);
        } else if (*p == 'd') {
            int value = va_arg(args, int);
            put_number(value < 0 ? 0u - (uint32_t)value : (uint32_t)value, 10,
                       value < 0, &f);
        } else if (*p == 'u') {
            put_number(va_arg(args, unsigned), 10, false, &f);
        } else if (*p == 'x') {
            put_number(va_arg(args, unsigned), 16, false, &f);
        } else {
            put(*p);
        }
    }
    va_end(args);
}
