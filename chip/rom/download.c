// SPDX-License-Identifier: Apache-2.0

#include "chip/rom/download.h"

#include <string.h>

#include "chip/periph/uart.h"
#include "chip/rom/stub_model.h"
#include "chip/soc.h"
#include "lib/fb/bytes.h"

#define E_RAM_ADDRESS 0x0Fu
#define INFLATE_CHUNK 4096u
#define ZEROES_MAX    4096

static struct rom_download *state(struct chip *chip)
{
    return &chip->rom.download;
}

void download_start(struct chip *chip)
{
    struct rom_download *d = state(chip);

    memset(d, 0, sizeof *d);
    fb_slip_rx_init(&d->rx, d->packet, sizeof d->packet);
    loader_start(chip);
}

// --- answers ---

void download_send_frame(struct chip *chip, const uint8_t *p, size_t n)
{
    static const uint8_t end = 0xC0;

    // Byte by byte: a stub's data frames are larger than anything we keep.
    uart_put(chip, 0, &end, 1);
    for (size_t i = 0; i < n; i++) {
        uint8_t two[4];
        size_t used = fb_slip_encode(two, sizeof two, p + i, 1);

        uart_put(chip, 0, two + 1, used - 2);
    }
    uart_put(chip, 0, &end, 1);
}

void download_reply(struct chip *chip, uint8_t op, const uint8_t *data,
                    size_t n, const uint8_t *status, size_t status_n)
{
    uint8_t packet[FB_LOADER_HEADER + 64 + 4];
    size_t len =
        fb_loader_response(packet, sizeof packet, op, state(chip)->value, data,
                           n, status, status_n);

    download_send_frame(chip, packet, len);
}

// --- registers ---

// As the CPU loads and stores: memory at any address.
static bool load_word(struct chip *chip, uint32_t vaddr, uint32_t *value)
{
    uint8_t bytes[4];

    if ((vaddr & 3u) == 0) {
        return bus_load(&chip->bus[SOC_PRO], vaddr, 4, value) == BUS_OK;
    }
    for (unsigned i = 0; i < 4; i++) {
        uint32_t byte;

        if (bus_load(&chip->bus[SOC_PRO], vaddr + i, 1, &byte) != BUS_OK) {
            return false;
        }
        bytes[i] = (uint8_t)byte;
    }
    *value = load32_le(bytes);
    return true;
}

static bool store_word(struct chip *chip, uint32_t vaddr, uint32_t value)
{
    bool done = true;

    if ((vaddr & 3u) == 0) {
        return bus_store(&chip->bus[SOC_PRO], vaddr, 4, value) == BUS_OK;
    }
    for (unsigned i = 0; i < 4 && done; i++) {
        done = bus_store(&chip->bus[SOC_PRO], vaddr + i, 1,
                         value >> (8 * i) & 0xFFu) == BUS_OK;
    }
    return done;
}

bool download_read_reg(struct chip *chip, uint32_t vaddr, uint32_t *value)
{
    return load_word(chip, vaddr, value);
}

// Groups of address, value, mask, delay in us.
bool download_write_regs(struct chip *chip, const uint8_t *p, size_t n)
{
    for (size_t i = 0; i + 16 <= n; i += 16) {
        uint32_t vaddr = load32_le(p + i);
        uint32_t value = load32_le(p + i + 4);
        uint32_t mask = load32_le(p + i + 8);
        uint32_t old;

        if (mask != 0xFFFFFFFFu) {
            if (!load_word(chip, vaddr, &old)) {
                return false;
            }
            value = (old & ~mask) | (value & mask);
        }
        if (!store_word(chip, vaddr, value)) {
            return false;
        }
        rom_busy_us(chip, load32_le(p + i + 12));
    }
    return true;
}

// --- the blocks of a transfer ---

const uint8_t *download_payload(struct chip *chip,
                                const struct fb_loader_request *r,
                                enum download_kind kind, size_t *n,
                                uint8_t *error)
{
    struct download_transfer *t = &state(chip)->transfer;
    const uint8_t *p = r->data + FB_LOADER_DATA_HEADER;

    if (r->len < FB_LOADER_DATA_HEADER ||
        load32_le(r->data) != r->len - FB_LOADER_DATA_HEADER) {
        *error = FB_LOADER_E_INVALID_MESSAGE;
        return NULL;
    }
    *n = r->len - FB_LOADER_DATA_HEADER;
    if (t->kind != kind || load32_le(r->data + 4) != t->sequence) {
        *error = FB_LOADER_E_INVALID_MESSAGE;
        return NULL;
    }
    t->sequence++; // also when the sum is wrong
    if (fb_loader_checksum(p, *n) != (r->checksum & 0xFFu)) {
        *error = FB_LOADER_E_CHECKSUM;
        return NULL;
    }
    *error = 0;
    return p;
}

// --- RAM ---

uint8_t download_ram_data(struct chip *chip, const uint8_t *p, size_t n)
{
    struct download_transfer *t = &state(chip)->transfer;

    if (bus_write(&chip->bus[SOC_PRO], t->at, p, n, NULL) != BUS_OK) {
        return E_RAM_ADDRESS;
    }
    t->at += (uint32_t)n;
    return 0;
}

// --- compressed data ---

static void *pool_alloc(void *ctx, uInt items, uInt size)
{
    struct rom_download *d = ctx;
    size_t n = ((size_t)items * size + 15) & ~(size_t)15;

    if (n > sizeof d->pool - d->pool_used) {
        return NULL;
    }
    d->pool_used += n;
    return (uint8_t *)d->pool + d->pool_used - n;
}

static void pool_free(void *ctx, void *p)
{
    (void)ctx;
    (void)p; // the whole pool starts anew with each stream
}

void download_inflate_start(struct chip *chip)
{
    struct rom_download *d = state(chip);

    d->pool_used = 0;
    memset(&d->z, 0, sizeof d->z);
    d->z.zalloc = pool_alloc;
    d->z.zfree = pool_free;
    d->z.opaque = d;
    d->inflated = false;
    d->inflating = inflateInit(&d->z) == Z_OK;
}

static int inflate_error(const z_stream *z, int result)
{
    if (result == Z_OK || result == Z_STREAM_END || result == Z_BUF_ERROR) {
        return 0;
    }
    return result == Z_DATA_ERROR && z->msg != NULL &&
                   strcmp(z->msg, "incorrect data check") == 0
               ? FB_LOADER_E_DEFLATE_ADLER
               : FB_LOADER_E_DEFLATE;
}

static int inflate_bytes(struct chip *chip, const uint8_t *p, size_t n,
                         uint8_t (*out)(struct chip *chip, const uint8_t *p,
                                        size_t n))
{
    struct rom_download *d = state(chip);
    uint8_t bytes[INFLATE_CHUNK];

    d->z.next_in = (Bytef *)(uintptr_t)p;
    d->z.avail_in = (uInt)n;
    do {
        int result, error;

        d->z.next_out = bytes;
        d->z.avail_out = sizeof bytes;
        result = inflate(&d->z, Z_NO_FLUSH);
        error = out(chip, bytes, sizeof bytes - d->z.avail_out);
        if (error == 0) {
            error = inflate_error(&d->z, result);
        }
        if (error != 0) {
            return error;
        }
        d->inflated = result == Z_STREAM_END;
    } while (!d->inflated && (d->z.avail_in > 0 || d->z.avail_out == 0));
    return 0;
}

int download_inflate(struct chip *chip, const uint8_t *p, size_t n, bool last,
                     uint8_t (*out)(struct chip *chip, const uint8_t *p,
                                    size_t n))
{
    static const uint8_t zeroes[64];
    struct rom_download *d = state(chip);
    int error;

    if (!d->inflating) {
        return FB_LOADER_E_DEFLATE;
    }
    if (d->inflated) {
        return n > 0 ? -1 : 0;
    }
    error = inflate_bytes(chip, p, n, out);
    if (error == 0 && d->inflated && d->z.avail_in > 0) {
        return -1;
    }
    for (int i = 0; i < ZEROES_MAX && last && error == 0 && !d->inflated; i++) {
        error = inflate_bytes(chip, zeroes, sizeof zeroes, out);
    }
    return error;
}

static void packet(struct chip *chip)
{
    struct rom_download *d = state(chip);
    struct fb_loader_request request;
    enum fb_status status =
        fb_loader_request_parse(d->packet, d->rx.len, &request);

    rom_busy_us(chip, 20);
    stub_model_packet(chip, status == FB_OK ? &request : NULL, d->packet,
                      d->rx.len);
}

static bool push(struct chip *chip, uint8_t byte)
{
    struct rom_download *d = state(chip);
    size_t used;

    if (!d->stub) {
        return loader_push(chip, byte);
    }
    if (fb_slip_rx_push(&d->rx, &byte, 1, &used) == FB_SLIP_FRAME) {
        packet(chip);
        return true;
    }
    return false;
}

bool download_step(struct chip *chip)
{
    bool any = false;
    int byte;

    if (stub_model_step(chip)) {
        return true;
    }
    while ((byte = uart_take(chip, 0)) >= 0) {
        any = true;
        if (push(chip, (uint8_t)byte)) {
            return true; // a command may have ended the download mode
        }
    }
    return any;
}

void download_copied(struct chip *to, const struct chip *from)
{
    struct rom_download *d = state(to);
    // zlib copies a stream from its own state, whose allocator is named by
    // `opaque`: for the time of the copy, the new chip's pool.
    z_stream *z = (z_stream *)(uintptr_t)&from->rom.download.z;

    d->rx.buf = d->packet;
    if (from->rom.download.inflating) {
        voidpf owner = z->opaque;

        d->pool_used = 0;
        z->opaque = d;
        d->inflating = inflateCopy(&d->z, z) == Z_OK;
        z->opaque = owner;
    }
}
