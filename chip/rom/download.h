// SPDX-License-Identifier: Apache-2.0
//
// Download mode: the ROM's loader (loader.h) until a flasher stub starts, then
// the stub. A stub is code that would call ROM functions, so with the built-in
// ROM the reference tools' are not run: stub_model.h answers in their place.
// What both need is here.

#ifndef CHIP_ROM_DOWNLOAD_H
#define CHIP_ROM_DOWNLOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <zlib.h>

#include "lib/fb/loader.h"
#include "lib/fb/slip.h"

struct chip;

// zlib's state (7 KiB) and window (32 KiB), and what alignment takes.
#define DOWNLOAD_INFLATE_POOL 49152u

enum download_kind {
    DOWNLOAD_NONE,
    DOWNLOAD_FLASH, // FLASH_BEGIN was the last
    DOWNLOAD_DEFLATE,
    DOWNLOAD_RAM,
};

// A transfer that a BEGIN command opened.
struct download_transfer {
    enum download_kind kind;
    uint32_t at;   // flash_off or vaddr of the next byte
    uint32_t left; // bytes still expected
    uint32_t block_size;
    uint32_t sequence;
    bool encrypt; // stub only
    uint32_t row_n;
    uint8_t row[32]; // stub: bytes of a row that is not yet complete
    uint32_t erased; // stub: flash is erased up to here
};

// Stub: a READ_FLASH in progress.
struct download_read {
    bool active;
    uint32_t from, size; // flash_off, bytes
    uint32_t packet, in_flight;
    uint32_t sent, acked;
};

struct rom_download {
    struct fb_slip_rx rx;
    uint8_t packet[FB_LOADER_REQUEST_MAX];
    uint32_t value; // of the stub's answers
    struct download_transfer transfer;
    bool inflating;
    bool inflated; // the stream has ended
    z_stream z;
    size_t pool_used;
    uint64_t pool[DOWNLOAD_INFLATE_POOL / 8];
    uint32_t stub_text; // where a stub's code was uploaded to
    bool stub;          // stub_model.c answers
    struct download_read read;
};

void download_start(struct chip *chip);
// Take what UART0 has. False: nothing was there.
bool download_step(struct chip *chip);
void download_copied(struct chip *to, const struct chip *from);

// For stub_model.c, which shares the transfers.

// Answer: data, then the status bytes.
void download_reply(struct chip *chip, uint8_t op, const uint8_t *data,
                    size_t n, const uint8_t *status, size_t status_n);
void download_send_frame(struct chip *chip, const uint8_t *p, size_t n);

// The payload of a *_DATA command after the checks of its header; NULL and an
// enum fb_loader_error otherwise.
const uint8_t *download_payload(struct chip *chip,
                                const struct fb_loader_request *request,
                                enum download_kind kind, size_t *n,
                                uint8_t *error);
uint8_t download_ram_data(struct chip *chip, const uint8_t *p, size_t n);

// Inflate n bytes of a stream; out() takes what comes out and answers an error
// or 0. In the last block zeroes follow the bytes until the stream ends. 0, an
// error of the loader, or -1: bytes follow the end of the stream.
void download_inflate_start(struct chip *chip);
int download_inflate(struct chip *chip, const uint8_t *p, size_t n, bool last,
                     uint8_t (*out)(struct chip *chip, const uint8_t *p,
                                    size_t n));

// READ_REG, WRITE_REG; false: the address answers nothing.
bool download_read_reg(struct chip *chip, uint32_t vaddr, uint32_t *value);
bool download_write_regs(struct chip *chip, const uint8_t *p, size_t n);

#endif
