// SPDX-License-Identifier: Apache-2.0

#include "firmware/drivers/reset.h"
#include "firmware/stub/stub.h"
#include "lib/fb/bytes.h"

// One block of 64 KiB where a whole one is wanted, which takes a fifth of the
// time of its sectors; else one sector. Both move *at.
static int erase_step(uint32_t *at, uint32_t end)
{
    bool block = *at % FLASH_BLOCK == 0 && end - *at >= FLASH_BLOCK;
    int err = block ? flash_erase_block(*at) : flash_erase_sector(*at);

    if (err == 0) {
        *at += block ? FLASH_BLOCK : FLASH_SECTOR;
    }
    return err;
}

static bool transfer_step(struct transfer *t)
{
    if (erase_step(&t->erased, t->end) != 0) {
        t->error = FB_LOADER_E_STUB_SPI;
    }
    return t->error == 0;
}

bool stub_erase_ahead(struct transfer *t)
{
    bool wanted = (t->kind == TRANSFER_FLASH || t->kind == TRANSFER_DEFLATE) &&
                  t->erased < t->end && t->error == 0;

    return wanted && transfer_step(t);
}

// What goes beyond the announced size is padding.
static void write_part(struct transfer *t, const uint8_t *p, size_t n,
                       bool encrypt)
{
    int err;

    n = n < t->left ? n : t->left;
    while (t->erased < t->at + n) {
        if (!transfer_step(t)) {
            return;
        }
    }
    err =
        encrypt ? flash_write_encrypted(t->at, p, n) : flash_write(t->at, p, n);
    if (err != 0) {
        t->error = FB_LOADER_E_STUB_SPI;
        return;
    }
    t->at += (uint32_t)n;
    t->left -= (uint32_t)n;
}

static bool begin(struct stub *s, enum transfer_kind kind)
{
    struct transfer *t = &s->transfer;
    uint32_t size = stub_word(s, 0), at = stub_word(s, 3);
    uint8_t error = 0;

    stub_close_transfer(s);
    if (stub_word(s, 2) > FB_LOADER_STUB_BLOCK) {
        error = FB_LOADER_E_STUB_BLOCK_SIZE;
    } else if (stub_outside_flash(s, at, size)) {
        error = FB_LOADER_E_STUB_SPI;
    } else if (flash_unlock() != 0) {
        error = FB_LOADER_E_STUB_UNLOCK;
    } else {
        t->kind = kind;
        t->at = at;
        t->left = size;
        t->erased = at & ~(FLASH_SECTOR - 1);
        t->end = size == 0 ? t->erased : align_up32(at + size, FLASH_SECTOR);
        t->encrypt = s->request.len > 16 && stub_word(s, 4) != 0;
    }
    stub_done(s, error);
    return error == 0;
}

void stub_flash_begin(struct stub *s)
{
    (void)begin(s, TRANSFER_FLASH);
}

void stub_flash_data(struct stub *s)
{
    bool encrypt =
        s->transfer.encrypt || s->request.op == FB_LOADER_FLASH_ENCRYPT_DATA;
    size_t n;
    const uint8_t *p = stub_payload(s, TRANSFER_FLASH, &n);

    if (p != NULL) {
        stub_done(s, 0);
        write_part(&s->transfer, p, n, encrypt);
    }
}

// More of the stream is wanted. Any other command ends it.
static int next_block(void *ctx)
{
    struct stub *s = ctx;

    for (;;) {
        const uint8_t *p;
        size_t n;

        stub_next_request(s);
        if (s->request.op != FB_LOADER_FLASH_DEFL_DATA) {
            s->pending = true;
            return -1;
        }
        p = stub_payload(s, TRANSFER_DEFLATE, &n);
        if (p == NULL) {
            continue;
        }
        stub_done(s, 0);
        if (n > 0) {
            s->inflate.in = p + 1;
            s->inflate.in_end = p + n;
            return p[0];
        }
    }
}

// The whole transfer: it takes the DATA commands itself.
static uint8_t write_stream(struct stub *s)
{
    struct transfer *t = &s->transfer;
    enum fb_inflate_event event = FB_INFLATE_MORE;

    fb_inflate_init(&s->inflate, s->window, next_block, s);
    while (event != FB_INFLATE_DONE) {
        const uint8_t *p;
        size_t n;

        event = fb_inflate_next(&s->inflate, &p, &n);
        if (event == FB_INFLATE_BAD) {
            return s->pending ? FB_LOADER_E_STUB_TOO_LITTLE
                              : FB_LOADER_E_STUB_INFLATE;
        }
        if (n > t->left) {
            return FB_LOADER_E_STUB_TOO_MUCH;
        }
        write_part(t, p, n, t->encrypt);
        if (t->error != 0) {
            return t->error;
        }
    }
    return 0;
}

void stub_deflate_begin(struct stub *s)
{
    struct transfer *t = &s->transfer;

    if (!begin(s, TRANSFER_DEFLATE) || t->left == 0) {
        return;
    }
    t->error = write_stream(s);
}

// The stream has ended, well or not.
void stub_deflate_data(struct stub *s)
{
    size_t n;

    if (stub_payload(s, TRANSFER_DEFLATE, &n) != NULL) {
        stub_done(s, FB_LOADER_E_STUB_TOO_MUCH);
    }
}

void stub_flash_end(struct stub *s)
{
    struct transfer *t = &s->transfer;
    uint8_t error = t->error;

    if (t->kind != TRANSFER_FLASH && t->kind != TRANSFER_DEFLATE) {
        error = FB_LOADER_E_STUB_NOT_FLASHING;
    } else if (error == 0 && t->left > 0) {
        error = FB_LOADER_E_STUB_TOO_LITTLE;
    }
    t->kind = TRANSFER_NONE;
    stub_done(s, error);
    if (error == 0 && stub_word(s, 0) == 0) {
        link_deinit();
        reset_system(); // the straps stay: into the ROM's loader again
    }
}

void stub_erase_region(struct stub *s, uint32_t flash_off, uint32_t n)
{
    uint32_t end = flash_off + n;
    int err = 0;

    s->transfer.kind = TRANSFER_NONE;
    if (flash_off % FLASH_SECTOR != 0 || n % FLASH_SECTOR != 0 ||
        stub_outside_flash(s, flash_off, n)) {
        stub_done(s, FB_LOADER_E_STUB_SPI);
        return;
    }
    if (flash_unlock() != 0) {
        stub_done(s, FB_LOADER_E_STUB_UNLOCK);
        return;
    }
    while (flash_off < end && err == 0) {
        err = erase_step(&flash_off, end);
    }
    stub_done(s, err == 0 ? 0 : FB_LOADER_E_STUB_SPI);
}

void stub_erase_flash(struct stub *s)
{
    uint32_t size = flash_size();

    stub_erase_region(s, 0, size != 0 ? size : s->flash_size);
}
