// SPDX-License-Identifier: Apache-2.0

#include "firmware/boot/console.h"

#include <stdarg.h>
#include <stdint.h>

#include "firmware/drivers/uart.h"

static void put(char c)
{
    if (c == '\n') {
        uart_putc('\r');
    }
    uart_putc((uint8_t)c);
}

static void put_string(const char *s)
{
    while (*s != '\0') {
        put(*s++);
    }
}

// At least `width` digits, at most 10.
static void put_number(uint32_t value, unsigned base, unsigned width)
{
    char digits[11];
    char *p = digits + sizeof(digits) - 1;
    char *enough = p - width;

    *p = '\0';
    do {
        *--p = "0123456789abcdef"[value % base];
        value /= base;
    } while (value != 0 || p > enough);
    put_string(p);
}

static void put_signed(int value)
{
    if (value < 0) {
        put('-');
    }
    put_number(value < 0 ? 0u - (uint32_t)value : (uint32_t)value, 10, 1);
}

void console_print(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    for (const char *p = format; *p != '\0'; p++) {
        unsigned width = 1;

        if (*p != '%') {
            put(*p);
            continue;
        }
        if (*++p == '0') {
            width = (unsigned)(p[1] - '0');
            p += 2;
        }
        if (*p == 's') {
            put_string(va_arg(args, const char *));
        } else if (*p == 'd') {
            put_signed(va_arg(args, int));
        } else {
            put_number(va_arg(args, unsigned), *p == 'x' ? 16 : 10, width);
        }
    }
    va_end(args);
}
