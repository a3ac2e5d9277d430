// SPDX-License-Identifier: Apache-2.0
//
// The bootloader's words on UART0.

#ifndef FIRMWARE_BOOT_CONSOLE_H
#define FIRMWARE_BOOT_CONSOLE_H

// A small printf(): %s %d %u %x, the last two with a number of digits to fill
// up to with zeros (%08x, one figure); arguments of 32 bits. \n goes out as
// \r\n.
void console_print(const char *format, ...)
    __attribute__((format(printf, 1, 2)));

#endif
