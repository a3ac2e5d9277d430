// SPDX-License-Identifier: Apache-2.0
//
// A board for a test, in a few lines: blank, with its console recorded.
//
//     struct harness h;
//     harness_init(&h, 4u << 20);
//     harness_load(&h, 0x1000, image, size);
//     assert_true(harness_run_until(&h, ">>> ", 5000));
//     harness_type(&h, "1 + 1\r");
//     assert_true(harness_run_until(&h, "2\r\n", 100));
//     harness_free(&h);
//
// Everything else is done with h.chip and chip.h, and with chip/debug/. Only
// this header allocates; it is for programs on the host.

#ifndef CHIP_HARNESS_H
#define CHIP_HARNESS_H

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "chip/chip.h"

#define HARNESS_CONSOLE 65536u

struct harness {
    struct chip *chip;
    uint8_t *flash;
    uint32_t flash_size;
    struct chip_callbacks callbacks; // may be changed before the first run
    bool on;
    size_t console_n, seen; // seen: what run_until() has matched
    char console[HARNESS_CONSOLE];
};

static inline void harness_tx(void *ctx, unsigned uart, uint8_t byte)
{
    struct harness *h = (struct harness *)ctx;

    if (uart == 0 && h->console_n < HARNESS_CONSOLE - 1) {
        h->console[h->console_n++] = (char)byte;
        h->console[h->console_n] = '\0';
    }
}

// A blank board: flash erased, no fuse burned, straps for a boot from flash.
// h must stay where it is.
static inline void harness_init(struct harness *h, uint32_t flash_size)
{
    struct chip_config config = {
        .flash_size = flash_size, .strap = CHIP_STRAP_FLASH_BOOT, .seed = 1};

    memset(h, 0, sizeof *h);
    h->flash_size = flash_size;
    h->flash = (uint8_t *)malloc(flash_size);
    h->chip = (struct chip *)malloc(chip_sizeof());
    if (h->flash == NULL || h->chip == NULL) {
        abort();
    }
    memset(h->flash, 0xFF, flash_size);
    config.flash = h->flash;
    h->callbacks.ctx = h;
    h->callbacks.uart_tx = harness_tx;
    chip_init(h->chip, &config, &h->callbacks);
}

static inline void harness_free(struct harness *h)
{
    free(h->chip);
    free(h->flash);
}

static inline void harness_load(struct harness *h, uint32_t flash_off,
                                const void *p, size_t n)
{
    assert(n <= h->flash_size && flash_off <= h->flash_size - n);
    memcpy(h->flash + flash_off, p, n);
    chip_flash_changed(h->chip, flash_off, (uint32_t)n);
}

// OR a value into an eFuse field, as if it had been burned long ago.
static inline void harness_burn(struct harness *h, enum fb_efuse_id id,
                                uint32_t value)
{
    struct fb_efuse_words fuses = *chip_efuses(h->chip);

    fb_efuse_or(&fuses, id, value);
    chip_set_efuses(h->chip, &fuses);
}

// Switch off and on; the console starts anew.
static inline void harness_restart(struct harness *h)
{
    h->console_n = h->seen = 0;
    h->console[0] = '\0';
    h->on = true;
    chip_power_on(h->chip);
}

// Run for that much chip time. Ends early when the power is gone or the chip
// waits for nothing but a byte.
static inline enum chip_stop harness_run(struct harness *h, uint64_t ms)
{
    uint64_t end = chip_time_ns(h->chip) + ms * 1000000u;
    enum chip_stop stop = CHIP_RAN;

    if (!h->on) {
        harness_restart(h);
    }
    while (chip_time_ns(h->chip) < end) {
        stop = chip_run(h->chip, 10000);
        if (stop == CHIP_POWER_LOST || stop == CHIP_BREAK ||
            (stop == CHIP_IDLE &&
             chip_idle_ns(h->chip) > end - chip_time_ns(h->chip))) {
            break;
        }
    }
    return stop;
}

// Run until the console has said `text` after what the last call has found.
// False: not within that much chip time.
static inline bool harness_run_until(struct harness *h, const char *text,
                                     uint64_t ms)
{
    uint64_t end = chip_time_ns(h->chip) + ms * 1000000u;

    if (!h->on) {
        harness_restart(h);
    }
    for (;;) {
        const char *at = strstr(h->console + h->seen, text);
        enum chip_stop stop;

        if (at != NULL) {
            h->seen = (size_t)(at - h->console) + strlen(text);
            return true;
        }
        if (chip_time_ns(h->chip) >= end) {
            return false;
        }
        stop = chip_run(h->chip, 10000);
        if (stop == CHIP_POWER_LOST || stop == CHIP_BREAK ||
            (stop == CHIP_IDLE && chip_idle_ns(h->chip) == UINT64_MAX &&
             strstr(h->console + h->seen, text) == NULL)) {
            return false;
        }
    }
}

// Type on UART0. What the FIFO does not take is waited for.
static inline void harness_type(struct harness *h, const char *text)
{
    size_t n = strlen(text);

    while (n > 0) {
        size_t taken = chip_uart_rx(h->chip, 0, (const uint8_t *)text, n);

        text += taken;
        n -= taken;
        if (taken == 0 && chip_run(h->chip, 10000) == CHIP_POWER_LOST) {
            return;
        }
    }
}

#endif
