// SPDX-License-Identifier: Apache-2.0
//
// The flasher stub: a program for the chip's RAM that the ROM's loader starts
// and that takes its place on the line. It speaks the ROM's protocol (esptool
// docs, "Serial Protocol") with the commands that only stubs have, and answers
// with two status bytes: an enum fb_loader_error (STUB_*) and 0.
//
// A block is acknowledged when it has arrived undamaged, and goes to flash
// while the next one is on the line. What goes wrong there is in the answer to
// the next block, or to the END.

#ifndef FIRMWARE_STUB_STUB_H
#define FIRMWARE_STUB_STUB_H

#include "firmware/drivers/flash.h"
#include "firmware/stub/link.h"
#include "lib/fb/inflate.h"

enum transfer_kind {
    TRANSFER_NONE,
    TRANSFER_FLASH,
    TRANSFER_DEFLATE,
    TRANSFER_RAM,
};

// What a BEGIN command opened.
struct transfer {
    enum transfer_kind kind;
    uint32_t at;       // flash_off or vaddr of the next byte
    uint32_t left;     // bytes still expected
    uint32_t erased;   // flash is erased from `at` up to here
    uint32_t end;      // and has to be up to here
    uint32_t sequence; // of the next block
    bool encrypt;
    uint8_t error; // enum fb_loader_error, 0: none
};

// What is large stands at the end: so the rest is reached by short offsets.
struct stub {
    struct fb_loader_request request; // inside link.frame
    bool pending;                     // it is not served yet
    uint32_t flash_size;              // as SPI_SET_PARAMS said, 0: not told
    struct transfer transfer;
    struct link link;
    struct fb_inflate inflate;
    uint8_t window[FB_INFLATE_WINDOW] __attribute__((aligned(4)));
};

// main.c

// The next request that makes sense, into s->request. Flash that a transfer
// will need is erased while the line is silent.
void stub_next_request(struct stub *s);
// The answer to s->request. data: n bytes before the status.
void stub_answer(struct stub *s, uint8_t error, uint32_t value,
                 const uint8_t *data, size_t n);
static inline void stub_done(struct stub *s, uint8_t error)
{
    stub_answer(s, error, 0, NULL, 0);
}
// No transfer is open any more, and the next one starts without faults.
static inline void stub_close_transfer(struct stub *s)
{
    s->transfer.kind = TRANSFER_NONE;
    s->transfer.sequence = 0;
    s->transfer.error = 0;
}
// Word i of the request.
uint32_t stub_word(const struct stub *s, unsigned i);
// The payload of a *_DATA request for a transfer of this kind. NULL: it was
// answered (damaged, repeated, or not its turn).
const uint8_t *stub_payload(struct stub *s, enum transfer_kind kind, size_t *n);
bool stub_outside_flash(const struct stub *s, uint32_t flash_off, uint32_t n);

// write.c
void stub_flash_begin(struct stub *s);
void stub_deflate_begin(struct stub *s);
void stub_flash_data(struct stub *s);
void stub_deflate_data(struct stub *s);
void stub_flash_end(struct stub *s);
void stub_erase_region(struct stub *s, uint32_t flash_off, uint32_t n);
void stub_erase_flash(struct stub *s);
// Erase a piece of what the transfer will write. False: there is none.
bool stub_erase_ahead(struct transfer *t);

// read.c
void stub_read_flash(struct stub *s);
void stub_flash_md5(struct stub *s);
void stub_blank_sectors(struct stub *s);

// memory.c
void stub_read_reg(struct stub *s);
void stub_write_reg(struct stub *s);
void stub_mem_begin(struct stub *s);
void stub_mem_data(struct stub *s);
void stub_mem_end(struct stub *s);

// start.S and stub.ld
void stub_interrupt(void);
_Noreturn void stub_main(void);

#endif
