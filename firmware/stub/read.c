// SPDX-License-Identifier: Apache-2.0

#include <string.h>

#include "firmware/stub/md5.h"
#include "firmware/stub/stub.h"
#include "lib/fb/bytes.h"

#define ACK_SIZE 4u

// Pieces of flash go through the inflater's window: it is idle.

// A READ_FLASH that is under way.
struct stream {
    uint32_t flash_off, size;
    uint32_t frame;  // bytes a frame
    uint32_t window; // bytes that may be unacknowledged
    uint32_t sent, acked;
    struct md5 md5;
};

// False: the host says something else.
static bool take_ack(struct stub *s, struct stream *r)
{
    const struct fb_slip_rx *rx = &s->link.rx;

    if (rx->len == ACK_SIZE && load32_le(rx->buf) <= r->sent) {
        r->acked = load32_le(rx->buf);
        return true;
    }
    s->pending =
        fb_loader_request_parse(rx->buf, rx->len, &s->request) == FB_OK;
    return false;
}

static bool send_piece(struct stub *s, struct stream *r)
{
    uint32_t n = r->size - r->sent < r->frame ? r->size - r->sent : r->frame;
    uint8_t *p = s->window;

    if (flash_read(r->flash_off + r->sent, p, n) != 0) {
        return false;
    }
    md5_update(&r->md5, p, n);
    link_send(p, n);
    r->sent += n;
    return true;
}

// False: the host gave up.
static bool send_all(struct stub *s, struct stream *r)
{
    while (r->acked < r->size) {
        bool may = r->sent < r->size && r->sent - r->acked < r->window;

        if (link_poll(&s->link)) {
            if (!take_ack(s, r)) {
                return false;
            }
        } else if (!may) {
            link_wait(&s->link);
        } else if (!send_piece(s, r)) {
            return false;
        }
    }
    return true;
}

void stub_read_flash(struct stub *s)
{
    struct stream r;
    uint32_t frames = stub_word(s, 3);
    uint8_t md5[16];

    r.flash_off = stub_word(s, 0);
    r.size = stub_word(s, 1);
    r.frame = stub_word(s, 2);
    r.sent = 0;
    r.acked = 0;
    s->transfer.kind = TRANSFER_NONE;
    if (r.frame == 0 || r.frame > FLASH_SECTOR ||
        stub_outside_flash(s, r.flash_off, r.size)) {
        stub_done(s, FB_LOADER_E_STUB_SPI);
        return;
    }
    frames = frames == 0 ? 1 : frames > 0x1000 ? 0x1000 : frames;
    r.window = frames * r.frame;
    md5_init(&r.md5);
    stub_done(s, 0);
    if (send_all(s, &r)) {
        md5_final(&r.md5, md5);
        link_send(md5, sizeof(md5));
    }
}

void stub_flash_md5(struct stub *s)
{
    uint32_t at = stub_word(s, 0), n = stub_word(s, 1);
    struct md5 c;
    uint8_t md5[16];

    s->transfer.kind = TRANSFER_NONE;
    md5_init(&c);
    if (stub_outside_flash(s, at, n)) {
        stub_done(s, FB_LOADER_E_STUB_SPI);
        return;
    }
    while (n > 0) {
        uint32_t part = n < FLASH_SECTOR ? n : FLASH_SECTOR;

        if (flash_read(at, s->window, part) != 0) {
            stub_done(s, FB_LOADER_E_STUB_SPI);
            return;
        }
        md5_update(&c, s->window, part);
        at += part;
        n -= part;
    }
    md5_final(&c, md5);
    stub_answer(s, 0, 0, md5, sizeof(md5));
}

// What is not erased shows in its first bytes as a rule.
#define BLANK_PIECE 256u

// What cannot be read is not erased.
static bool is_blank(struct stub *s, uint32_t flash_off)
{
    const uint8_t *p = __builtin_assume_aligned(s->window, 4);
    uint32_t all = ~0u;

    for (uint32_t at = 0; at < FLASH_SECTOR && all == ~0u; at += BLANK_PIECE) {
        if (flash_read(flash_off + at, s->window, BLANK_PIECE) != 0) {
            return false;
        }
        for (uint32_t i = 0; i < BLANK_PIECE; i += 4) {
            uint32_t word;

            memcpy(&word, p + i, 4);
            all &= word;
        }
    }
    return all == ~0u;
}

void stub_blank_sectors(struct stub *s)
{
    uint32_t at = stub_word(s, 0), n = stub_word(s, 1);
    uint8_t *map = s->window + FLASH_SECTOR;

    s->transfer.kind = TRANSFER_NONE;
    if (at % FLASH_SECTOR != 0 || n > FB_LOADER_BLANK_SECTORS_MAX ||
        stub_outside_flash(s, at, n * FLASH_SECTOR)) {
        stub_done(s, FB_LOADER_E_STUB_SPI);
        return;
    }
    memset(map, 0, FB_LOADER_BLANK_SECTORS_MAX / 8);
    for (uint32_t i = 0; i < n; i++) {
        map[i / 8] |= (uint8_t)(is_blank(s, at + i * FLASH_SECTOR) << i % 8);
    }
    stub_answer(s, 0, 0, map, (n + 7) / 8);
}
