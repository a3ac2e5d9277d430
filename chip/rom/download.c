// SPDX-License-Identifier: Apache-2.0

#include "chip/rom/download.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "chip/periph/flash_chip.h"
#include "chip/periph/timg.h"
#include "chip/periph/uart.h"
#include "chip/rom/stub_model.h"
#include "chip/soc.h"
#include "lib/fb/bytes.h"
#include "lib/fb/crypto.h"

#define SYNC_ANSWERS  8
#define FRAME_MAX     (2 * (FB_LOADER_HEADER + 64 + 4) + 2)
#define E_PARAMETER   0x01u
#define E_RAM_SIZE    0x0Eu
#define E_RAM_ADDRESS 0x0Fu
#define SECTOR        0x1000u
#define FLASH_END     0x1000000u
#define INFLATE_CHUNK 4096u
#define UART0_CLKDIV  0x3FF40014u

static struct rom_download *state(struct chip *chip)
{
    return &chip->rom.download;
}

void download_start(struct chip *chip)
{
    struct rom_download *d = state(chip);

    memset(d, 0, sizeof *d);
    d->flash_total = FLASH_END;
    fb_slip_rx_init(&d->rx, d->packet, sizeof d->packet);
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

    state(chip)->last_op = op;
    download_send_frame(chip, packet, len);
}

static bool moves_data(uint8_t op)
{
    return (op >= FB_LOADER_FLASH_BEGIN && op <= FB_LOADER_MEM_DATA) ||
           (op >= FB_LOADER_FLASH_DEFL_BEGIN && op <= FB_LOADER_FLASH_DEFL_END);
}

// The ROM ends an answer with: failed, error, and two bytes of no meaning. The
// commands that move data leave an error of before in the second byte when they
// succeed; the others clear it.
static void answer(struct chip *chip, uint8_t op, uint8_t error,
                   const uint8_t *data, size_t n)
{
    uint8_t status[4] = {error != 0, error, 0, 0};

    if (error == 0 && moves_data(op)) {
        status[1] = state(chip)->last_error;
    }
    state(chip)->last_error = status[1];
    download_reply(chip, op, data, n, status, sizeof status);
}

static void done(struct chip *chip, uint8_t op, uint8_t error)
{
    answer(chip, op, error, NULL, 0);
}

// The ROM does not know this message: it sends the answer before once more,
// with an error.
static void invalid(struct chip *chip, uint8_t op)
{
    uint8_t last = state(chip)->last_op;
    int times = last == FB_LOADER_SYNC ? SYNC_ANSWERS : 1;

    for (int i = 0; i < times; i++) {
        done(chip, last == 0 ? op : last, FB_LOADER_E_INVALID_MESSAGE);
    }
}

// --- registers ---

bool download_read_reg(struct chip *chip, uint32_t vaddr, uint32_t *value)
{
    return bus_load(&chip->bus[SOC_PRO], vaddr, 4, value) == BUS_OK;
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
            if (!download_read_reg(chip, vaddr, &old)) {
                return false;
            }
            value = (old & ~mask) | (value & mask);
        }
        if (bus_store(&chip->bus[SOC_PRO], vaddr, 4, value) != BUS_OK) {
            return false;
        }
        rom_busy_us(chip, load32_le(p + i + 12));
    }
    return true;
}

// An access that faults ends in the ROM's exception handler.
static void crash(struct chip *chip, uint32_t vaddr)
{
    soc_log(chip, "rom: access to 0x%08" PRIx32 " crashed it", vaddr);
    soc_reset_request(chip, SOC_RESET_SW, 0);
}

static void read_reg(struct chip *chip, const struct fb_loader_request *r)
{
    uint32_t value;

    if (r->len != 4 || !download_read_reg(chip, load32_le(r->data), &value)) {
        crash(chip, r->len >= 4 ? load32_le(r->data) : 0);
        return;
    }
    state(chip)->value = value;
    done(chip, r->op, 0);
}

static void write_reg(struct chip *chip, const struct fb_loader_request *r)
{
    if (r->len == 0 || r->len % 16 != 0) {
        done(chip, r->op, FB_LOADER_E_INVALID_MESSAGE);
    } else if (!download_write_regs(chip, r->data, r->len)) {
        crash(chip, load32_le(r->data));
    } else {
        done(chip, r->op, 0);
    }
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

static void begin(struct chip *chip, const struct fb_loader_request *r,
                  enum download_kind kind)
{
    struct download_transfer *t = &state(chip)->transfer;

    memset(t, 0, sizeof *t);
    t->kind = kind;
    t->left = load32_le(r->data);
    t->block_size = load32_le(r->data + 8);
    t->at = load32_le(r->data + 12);
}

// The flash is as large as SPI_SET_PARAMS said, whatever is soldered on.
static bool outside_flash(struct chip *chip, uint32_t flash_off, uint32_t n)
{
    uint32_t total = state(chip)->flash_total;

    return flash_off > total || n > total - flash_off;
}

// --- RAM ---

static void mem_begin(struct chip *chip, const struct fb_loader_request *r)
{
    if (r->len != 16) {
        done(chip, r->op, FB_LOADER_E_INVALID_MESSAGE);
        return;
    }
    begin(chip, r, DOWNLOAD_RAM);
    stub_model_upload(chip, state(chip)->transfer.at);
    done(chip, r->op, 0);
}

uint8_t download_ram_data(struct chip *chip, const uint8_t *p, size_t n)
{
    struct download_transfer *t = &state(chip)->transfer;

    if (bus_write(&chip->bus[SOC_PRO], t->at, p, n, NULL) != BUS_OK) {
        return E_RAM_ADDRESS;
    }
    t->at += (uint32_t)n;
    return 0;
}

static void mem_data(struct chip *chip, const struct fb_loader_request *r)
{
    uint8_t error;
    size_t n;
    const uint8_t *p = download_payload(chip, r, DOWNLOAD_RAM, &n, &error);

    if (p != NULL) {
        error = download_ram_data(chip, p, n);
    }
    done(chip, r->op, error);
}

static void mem_end(struct chip *chip, const struct fb_loader_request *r)
{
    uint32_t entry;

    if (r->len != 8) {
        done(chip, r->op, FB_LOADER_E_INVALID_MESSAGE);
        return;
    }
    entry = load32_le(r->data + 4);
    done(chip, r->op, 0);
    if (load32_le(r->data) != 0) {
        return; // stay
    }
    if (stub_model_is_stub(chip, entry)) {
        stub_model_start(chip);
        return;
    }
    soc_log(chip, "rom: run 0x%08" PRIx32, entry);
    chip->rom.why = "downloaded code";
    soc_start_code(chip, entry);
}

// --- flash ---

static void flash_begin(struct chip *chip, const struct fb_loader_request *r,
                        enum download_kind kind)
{
    uint32_t size;

    if (r->len != 16) {
        done(chip, r->op, FB_LOADER_E_INVALID_MESSAGE);
        return;
    }
    begin(chip, r, kind);
    size = load32_le(r->data);
    if (outside_flash(chip, state(chip)->transfer.at, size)) {
        state(chip)->transfer.kind = DOWNLOAD_NONE;
        done(chip, r->op, FB_LOADER_E_FAILED);
        return;
    }
    if (!flash_chip_erase(chip, state(chip)->transfer.at, size)) {
        return;
    }
    if (kind == DOWNLOAD_DEFLATE) {
        download_inflate_start(chip);
    }
    done(chip, r->op, 0);
}

// Does the flash hold what was written? The ROM compares eight bits.
static uint8_t verify(const struct chip *chip, uint32_t flash_off,
                      const uint8_t *p, size_t n)
{
    uint8_t sum = 0;

    for (size_t i = 0; i < n; i++) {
        uint32_t at = (flash_off + (uint32_t)i) & (chip->config.flash_size - 1);

        sum = (uint8_t)(sum ^ chip->config.flash[at] ^ p[i]);
    }
    return sum == 0 ? 0 : FB_LOADER_E_FLASH_WRITE;
}

static uint8_t write_flash(struct chip *chip, const uint8_t *p, size_t n)
{
    struct download_transfer *t = &state(chip)->transfer;
    uint32_t at = t->at;

    if (outside_flash(chip, at, (uint32_t)n)) {
        return FB_LOADER_E_FAILED;
    }
    if (!flash_chip_program(chip, at, p, n)) {
        return FB_LOADER_E_FAILED;
    }
    t->at += (uint32_t)n;
    return verify(chip, at, p, n);
}

static void flash_data(struct chip *chip, const struct fb_loader_request *r)
{
    uint8_t error;
    size_t n;
    const uint8_t *p = download_payload(chip, r, DOWNLOAD_FLASH, &n, &error);

    if (p != NULL) {
        error = write_flash(chip, p, n);
    }
    done(chip, r->op, error);
}

static void flash_end(struct chip *chip, const struct fb_loader_request *r)
{
    bool deflate = r->op == FB_LOADER_FLASH_DEFL_END;

    if (r->len != 4) {
        done(chip, r->op, FB_LOADER_E_INVALID_MESSAGE);
        return;
    }
    state(chip)->transfer.kind = DOWNLOAD_NONE;
    done(chip, r->op, 0);
    if (load32_le(r->data) == 0) {
        soc_reset_request(chip, SOC_RESET_SW, 0);
    } else if (!deflate) {
        rom_boot_flash(chip);
    }
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

uint8_t download_inflate(struct chip *chip, const uint8_t *p, size_t n,
                         uint8_t (*out)(struct chip *chip, const uint8_t *p,
                                        size_t n))
{
    struct rom_download *d = state(chip);
    uint8_t bytes[INFLATE_CHUNK];
    int result;

    if (!d->inflating) {
        return FB_LOADER_E_DEFLATE;
    }
    d->z.next_in = (Bytef *)(uintptr_t)p;
    d->z.avail_in = (uInt)n;
    do {
        uint8_t error;

        if (d->inflated) {
            return 0; // what follows the stream is not looked at
        }
        d->z.next_out = bytes;
        d->z.avail_out = sizeof bytes;
        result = inflate(&d->z, Z_NO_FLUSH);
        error = out(chip, bytes, sizeof bytes - d->z.avail_out);
        if (error != 0) {
            return error;
        }
        if (result == Z_DATA_ERROR && d->z.msg != NULL &&
            strcmp(d->z.msg, "incorrect data check") == 0) {
            return FB_LOADER_E_DEFLATE_ADLER;
        }
        if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR) {
            return FB_LOADER_E_DEFLATE;
        }
        d->inflated = result == Z_STREAM_END;
    } while (d->z.avail_in > 0 || d->z.avail_out == 0);
    return 0;
}

static uint8_t write_inflated(struct chip *chip, const uint8_t *p, size_t n)
{
    // What goes beyond the size in FLASH_DEFL_BEGIN is written like the rest.
    return n == 0 ? 0 : write_flash(chip, p, n);
}

static void deflate_data(struct chip *chip, const struct fb_loader_request *r)
{
    uint8_t error;
    size_t n;
    const uint8_t *p = download_payload(chip, r, DOWNLOAD_DEFLATE, &n, &error);

    if (p != NULL) {
        error = download_inflate(chip, p, n, write_inflated);
    }
    done(chip, r->op, error);
}

// --- the rest ---

static void answer_sync(struct chip *chip, const struct fb_loader_request *r)
{
    if (r->len != 36 || load32_le(r->data) != FB_LOADER_SYNC_VALUE) {
        invalid(chip, r->op);
        return;
    }
    state(chip)->value = FB_LOADER_SYNC_VALUE;
    for (int i = 0; i < SYNC_ANSWERS; i++) {
        done(chip, r->op, 0);
    }
}

static void check_len(struct chip *chip, const struct fb_loader_request *r,
                      size_t len)
{
    done(chip, r->op, r->len == len ? 0 : FB_LOADER_E_INVALID_MESSAGE);
}

// The ROM answers 64 bytes also when fewer, or too many, were asked for: what
// its buffer held.
static void read_slow(struct chip *chip, const struct fb_loader_request *r)
{
    uint8_t *bytes = state(chip)->slow;
    uint8_t error = 0;
    uint32_t at, n;

    if (r->len != 8) {
        done(chip, r->op, FB_LOADER_E_INVALID_MESSAGE);
        return;
    }
    at = load32_le(r->data);
    n = load32_le(r->data + 4);
    if (n > DOWNLOAD_SLOW) {
        error = FB_LOADER_E_READ_LENGTH;
        n = 0;
    }
    for (uint32_t i = 0; i < n; i++) {
        bytes[i] = chip->config.flash[(at + i) & (chip->config.flash_size - 1)];
    }
    answer(chip, r->op, error, bytes, DOWNLOAD_SLOW);
}

static void md5(struct chip *chip, const struct fb_loader_request *r)
{
    uint8_t hash[16];
    char hex[33] = {0};
    uint32_t at, n;

    if (r->len != 16) {
        done(chip, r->op, FB_LOADER_E_INVALID_MESSAGE);
        return;
    }
    at = load32_le(r->data);
    n = load32_le(r->data + 4);
    if (at > chip->config.flash_size || n > chip->config.flash_size - at) {
        answer(chip, r->op, FB_LOADER_E_FLASH_READ, (const uint8_t *)hex, 32);
        return;
    }
    fb_md5(chip->config.flash + at, n, hash);
    for (unsigned i = 0; i < sizeof hash; i++) {
        (void)snprintf(hex + 2 * (size_t)i, 3, "%02x", hash[i]);
    }
    answer(chip, r->op, 0, (const uint8_t *)hex, 32);
}

// The ROM divides the crystal's frequency as it measured it; hosts know the
// error and allow for it (esptool, "change_baud" on ESP32).
static void change_baud(struct chip *chip, const struct fb_loader_request *r)
{
    uint32_t trim = fb_efuse_get(&chip->latched, FB_EFUSE_CLK8M_FREQ);
    uint64_t measured = (uint64_t)(soc_reg_get(chip, TIMG0_RTCCALICFG1) >> 7) *
                        15625u * trim / 40u;
    uint32_t baud;
    uint64_t divider;

    if (r->len != 8 || load32_le(r->data) == 0) {
        done(chip, r->op, FB_LOADER_E_INVALID_MESSAGE);
        return;
    }
    baud = load32_le(r->data);
    done(chip, r->op, 0); // at the old rate
    divider = ((trim == 0 ? SOC_XTAL_HZ : measured) << 4) / baud;
    registers_store(chip, UART0_CLKDIV, 4,
                    (uint32_t)(divider >> 4 & 0xFFFFFu) |
                        (uint32_t)(divider & 0xFu) << 20);
    uart_put(chip, 0, "\xC0\xC0", 2);
}

static void rom_command(struct chip *chip, const struct fb_loader_request *r)
{
    switch (r->op) {
    case FB_LOADER_FLASH_BEGIN:
        flash_begin(chip, r, DOWNLOAD_FLASH);
        return;
    case FB_LOADER_FLASH_DATA:
        flash_data(chip, r);
        return;
    case FB_LOADER_FLASH_END:
    case FB_LOADER_FLASH_DEFL_END:
        flash_end(chip, r);
        return;
    case FB_LOADER_MEM_BEGIN:
        mem_begin(chip, r);
        return;
    case FB_LOADER_MEM_DATA:
        mem_data(chip, r);
        return;
    case FB_LOADER_MEM_END:
        mem_end(chip, r);
        return;
    case FB_LOADER_SYNC:
        answer_sync(chip, r);
        return;
    case FB_LOADER_WRITE_REG:
        write_reg(chip, r);
        return;
    case FB_LOADER_READ_REG:
        read_reg(chip, r);
        return;
    case FB_LOADER_SPI_SET_PARAMS:
        if (r->len == 24) {
            state(chip)->flash_total = load32_le(r->data + 4);
        }
        check_len(chip, r, 24);
        return;
    case FB_LOADER_SPI_ATTACH:
        check_len(chip, r, 8);
        return;
    case FB_LOADER_READ_FLASH_SLOW:
        read_slow(chip, r);
        return;
    case FB_LOADER_CHANGE_BAUDRATE:
        change_baud(chip, r);
        return;
    case FB_LOADER_FLASH_DEFL_BEGIN:
        flash_begin(chip, r, DOWNLOAD_DEFLATE);
        return;
    case FB_LOADER_FLASH_DEFL_DATA:
        deflate_data(chip, r);
        return;
    case FB_LOADER_SPI_FLASH_MD5:
        md5(chip, r);
        return;
    default:
        invalid(chip, r->op);
        return;
    }
}

static void packet(struct chip *chip)
{
    struct rom_download *d = state(chip);
    struct fb_loader_request request;
    enum fb_status status =
        fb_loader_request_parse(d->packet, d->rx.len, &request);

    rom_busy_us(chip, 20);
    if (d->stub) {
        stub_model_packet(chip, status == FB_OK ? &request : NULL, d->packet,
                          d->rx.len);
    } else if (status == FB_OK) {
        rom_command(chip, &request);
    } else if (status == FB_E_SIZE) {
        invalid(chip, d->packet[1]);
    }
    // Anything else is noise to the ROM.
}

bool download_step(struct chip *chip)
{
    struct rom_download *d = state(chip);
    bool any = false;
    int byte;

    if (stub_model_step(chip)) {
        return true;
    }
    while ((byte = uart_take(chip, 0)) >= 0) {
        uint8_t b = (uint8_t)byte;
        size_t used;

        any = true;
        if (fb_slip_rx_push(&d->rx, &b, 1, &used) == FB_SLIP_FRAME) {
            packet(chip);
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
