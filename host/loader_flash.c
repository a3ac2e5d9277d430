// SPDX-License-Identifier: Apache-2.0
//
// The flash part of host/loader_session.h.

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include <zlib.h>

#include "host/loader_command.h"
#include "lib/fb/bytes.h"
#include "lib/fb/crypto.h"

#define SECTOR 0x1000u
#define MIB    0x100000u

// SPI1 (TRM chapter "SPI").
#define SPI1             0x3FF42000u
#define SPI_CMD          (SPI1 + 0x00)
#define SPI_ADDR         (SPI1 + 0x04)
#define SPI_USER         (SPI1 + 0x1C)
#define SPI_USER1        (SPI1 + 0x20)
#define SPI_USER2        (SPI1 + 0x24)
#define SPI_MOSI_DLEN    (SPI1 + 0x28)
#define SPI_MISO_DLEN    (SPI1 + 0x2C)
#define SPI_W0           (SPI1 + 0x80)
#define SPI_CMD_USR      (1u << 18)
#define SPI_USER_COMMAND (1u << 31)
#define SPI_USER_ADDR    (1u << 30)
#define SPI_USER_DUMMY   (1u << 29)
#define SPI_USER_MISO    (1u << 28)
#define SPI_USER_MOSI    (1u << 27)
#define SPI_USER1_ADDR_S 26
#define SPI_USER2_8_BITS (7u << 28)
#define SPI_POLLS        50

int host_loader_flash_attach(struct host_loader *l, uint32_t pins)
{
    const uint32_t words[] = {pins, 0};
    return host_loader_command(l, FB_LOADER_SPI_ATTACH, words, l->stub ? 1 : 2,
                               0, l->limits.command, 1, NULL);
}

int host_loader_flash_params(struct host_loader *l, uint32_t size)
{
    const uint32_t words[] = {0, size, 0x10000, SECTOR, 0x100, 0xFFFF};
    return host_loader_command(l, FB_LOADER_SPI_SET_PARAMS, words, 6, 0,
                               l->limits.command, 3, NULL);
}

// A list of register writes that stops at the first failure.
struct writes {
    struct host_loader *l;
    int status;
};

static void set(struct writes *w, uint32_t addr, uint32_t value)
{
    if (w->status == HOST_LOADER_OK) {
        w->status = host_loader_write_reg(w->l, addr, value, UINT32_MAX, 0);
    }
}

static void get(struct writes *w, uint32_t addr, uint32_t *value)
{
    if (w->status == HOST_LOADER_OK) {
        w->status = host_loader_read_reg(w->l, addr, value);
    }
}

static void set_lengths(struct writes *w, const struct host_spi_command *c)
{
    if (c->out_len) {
        set(w, SPI_MOSI_DLEN, (uint32_t)c->out_len * 8 - 1);
    }
    if (c->in_bits) {
        set(w, SPI_MISO_DLEN, c->in_bits - 1u);
    }
    uint32_t user1 = c->dummy_bits ? c->dummy_bits - 1u : 0;
    if (c->addr_bits) {
        user1 |= (c->addr_bits - 1u) << SPI_USER1_ADDR_S;
    }
    if (user1) {
        set(w, SPI_USER1, user1);
    }
}

static void set_data(struct writes *w, const struct host_spi_command *c)
{
    if (c->addr_bits) {
        set(w, SPI_ADDR, c->addr << (32 - c->addr_bits));
    }
    if (c->out_len == 0) {
        set(w, SPI_W0, 0); // so that only what is read stands there
    }
    for (size_t i = 0; i < c->out_len; i += 4) {
        uint8_t word[4] = {0};
        memcpy(word, c->out + i, c->out_len - i < 4 ? c->out_len - i : 4);
        set(w, SPI_W0 + (uint32_t)i, load32_le(word));
    }
}

int host_loader_spi(struct host_loader *l, const struct host_spi_command *c,
                    uint32_t *in)
{
    assert(c->in_bits <= 32 && c->out_len <= 64 && c->addr_bits <= 32);
    struct writes w = {.l = l};
    uint32_t user = 0, user2 = 0, cmd = SPI_CMD_USR, word = 0;
    get(&w, SPI_USER, &user); // the ROM needs its own settings afterwards
    get(&w, SPI_USER2, &user2);
    set_lengths(&w, c);
    set(&w, SPI_USER,
        SPI_USER_COMMAND | (c->in_bits ? SPI_USER_MISO : 0) |
            (c->out_len ? SPI_USER_MOSI : 0) |
            (c->addr_bits ? SPI_USER_ADDR : 0) |
            (c->dummy_bits ? SPI_USER_DUMMY : 0));
    set(&w, SPI_USER2, SPI_USER2_8_BITS | c->opcode);
    set_data(&w, c);
    set(&w, SPI_CMD, SPI_CMD_USR);
    for (int i = 0;
         i < SPI_POLLS && w.status == HOST_LOADER_OK && (cmd & SPI_CMD_USR);
         i++) {
        get(&w, SPI_CMD, &cmd);
    }
    if (w.status == HOST_LOADER_OK && (cmd & SPI_CMD_USR)) {
        return host_loader_fail(l, HOST_LOADER_E_ANSWER,
                                "flash command 0x%02x does not end", c->opcode);
    }
    get(&w, SPI_W0, &word);
    set(&w, SPI_USER, user);
    set(&w, SPI_USER2, user2);
    if (w.status == HOST_LOADER_OK && in) {
        *in = word;
    }
    return w.status;
}

int host_loader_flash_id(struct host_loader *l, uint32_t *id)
{
    const struct host_spi_command rdid = {.opcode = 0x9F, .in_bits = 24};
    uint32_t word;
    int status = host_loader_spi(l, &rdid, &word);
    if (status == HOST_LOADER_OK) {
        *id = word & 0xFFFFFF;
    }
    return status;
}

uint32_t host_loader_flash_bytes(uint32_t id)
{
    if ((id & 0xFF) == 0x1F) { // Adesto counts in the second byte
        unsigned code = id >> 8 & 0x1F;
        return code >= 4 && code <= 9 ? 1u << (code + 15) : 0;
    }
    unsigned code = id >> 16 & 0xFF;
    if (code >= 0x12 && code <= 0x1C) { // log2 of the size
        return 1u << code;
    }
    if (code >= 0x20 && code <= 0x22) { // 64, 128, 256 MiB
        return 1u << (code - 0x20 + 26);
    }
    return code >= 0x32 && code <= 0x3A ? 1u << (code - 0x20) : 0;
}

static uint32_t block_size(const struct host_loader *l)
{
    return l->stub ? FB_LOADER_STUB_BLOCK : FB_LOADER_ROM_BLOCK;
}

static int begin(struct host_loader *l, enum fb_loader_op op,
                 uint32_t flash_off, uint32_t erase, uint32_t sent)
{
    const uint32_t block = block_size(l);
    const uint32_t words[] = {erase, (sent + block - 1) / block, block,
                              flash_off, l->encrypt};
    assert(!l->encrypt || l->stub);
    // The ROM erases now, a stub while it writes.
    unsigned limit =
        l->stub ? l->limits.command
                : host_loader_limit(l, l->limits.erase_per_mb, erase + SECTOR);
    return host_loader_command(l, op, words, l->encrypt ? 5 : 4, 0, limit, 1,
                               NULL);
}

static int write_blocks(struct host_loader *l, enum fb_loader_op op,
                        uint32_t flash_off, const uint8_t *p, size_t n,
                        host_loader_progress *progress, void *ctx)
{
    const bool pad = op == FB_LOADER_FLASH_DATA;
    const size_t block = block_size(l);
    // A block of deflated data may be a thousand times as long in flash.
    unsigned limit =
        host_loader_limit(l, l->limits.write_per_mb, pad ? block : MIB);
    uint8_t last[FB_LOADER_STUB_BLOCK];
    int status = HOST_LOADER_OK;
    for (size_t done = 0; done < n && status == HOST_LOADER_OK;) {
        size_t part = n - done < block ? n - done : block;
        size_t len = part;
        const uint8_t *payload = p + done;
        if (pad && part < block) {
            memset(last, 0xFF, block);
            memcpy(last, payload, part);
            payload = last;
            len = block;
        }
        status = host_loader_block(l, op, (uint32_t)(done / block), payload,
                                   len, limit);
        if (status == HOST_LOADER_OK) {
            done += part;
            if (progress) {
                progress(ctx, flash_off, done, n);
            }
        } else if (status == HOST_LOADER_E_REFUSED) {
            char why[sizeof l->why];
            memcpy(why, l->why, sizeof why);
            host_loader_fail(l, status, "%.200s, writing at 0x%x", why,
                             (unsigned)flash_off);
        }
    }
    return status;
}

// A stub acknowledges a block before it is in flash; the END is only answered
// after all of them are. The ROM would leave the loader.
static int end(struct host_loader *l, enum fb_loader_op op, size_t n)
{
    const uint32_t stay = 1;
    return l->stub
               ? host_loader_command(
                     l, op, &stay, 1, 0,
                     host_loader_limit(l, l->limits.write_per_mb, n), 1, NULL)
               : HOST_LOADER_OK;
}

static int write_plain(struct host_loader *l, uint32_t flash_off,
                       const uint8_t *p, size_t n,
                       host_loader_progress *progress, void *ctx)
{
    l->sent = n;
    int status =
        begin(l, FB_LOADER_FLASH_BEGIN, flash_off, (uint32_t)n, (uint32_t)n);
    if (status == HOST_LOADER_OK) {
        status = write_blocks(l, FB_LOADER_FLASH_DATA, flash_off, p, n,
                              progress, ctx);
    }
    return status == HOST_LOADER_OK ? end(l, FB_LOADER_FLASH_END, n) : status;
}

static int write_deflated(struct host_loader *l, uint32_t flash_off, size_t n,
                          const uint8_t *z, size_t z_len,
                          host_loader_progress *progress, void *ctx)
{
    l->sent = z_len;
    // The ROM wants whole blocks.
    uint32_t size = l->stub ? (uint32_t)n
                            : (uint32_t)((n + FB_LOADER_ROM_BLOCK - 1) &
                                         ~(size_t)(FB_LOADER_ROM_BLOCK - 1));
    int status =
        begin(l, FB_LOADER_FLASH_DEFL_BEGIN, flash_off, size, (uint32_t)z_len);
    if (status == HOST_LOADER_OK) {
        status = write_blocks(l, FB_LOADER_FLASH_DEFL_DATA, flash_off, z, z_len,
                              progress, ctx);
    }
    return status == HOST_LOADER_OK ? end(l, FB_LOADER_FLASH_DEFL_END, n)
                                    : status;
}

int host_loader_flash_write(struct host_loader *l, uint32_t flash_off,
                            const uint8_t *p, size_t n, bool compress,
                            host_loader_progress *progress, void *ctx)
{
    assert(flash_off % SECTOR == 0 && n != 0 && n <= UINT32_MAX - SECTOR);
    if (!compress) {
        return write_plain(l, flash_off, p, n, progress, ctx);
    }
    uLongf z_len = compressBound(n);
    uint8_t *z = malloc(z_len);
    if (!z || compress2(z, &z_len, p, n, Z_BEST_COMPRESSION) != Z_OK) {
        free(z);
        return host_loader_fail(l, HOST_LOADER_E_HOST, "no memory");
    }
    int status = z_len < n
                     ? write_deflated(l, flash_off, n, z, z_len, progress, ctx)
                     : write_plain(l, flash_off, p, n, progress, ctx);
    free(z);
    return status;
}

// The ROM gives 64 bytes a command, whatever length is asked for.
#define SLOW_READ 64u

static int read_slow(struct host_loader *l, uint32_t flash_off, uint8_t *p,
                     size_t n, host_loader_progress *progress, void *ctx)
{
    for (size_t done = 0; done < n;) {
        size_t part = n - done < SLOW_READ ? n - done : SLOW_READ;
        const uint32_t words[] = {flash_off + (uint32_t)done, (uint32_t)part};
        struct fb_loader_response r;
        int status = host_loader_command(l, FB_LOADER_READ_FLASH_SLOW, words, 2,
                                         SLOW_READ, l->limits.command, 3, &r);
        if (status != HOST_LOADER_OK) {
            return status;
        }
        memcpy(p + done, r.data, part);
        done += part;
        if (progress && (done % 1024 == 0 || done == n)) {
            progress(ctx, flash_off, done, n);
        }
    }
    return HOST_LOADER_OK;
}

static int check_stream(struct host_loader *l, const uint8_t *p, size_t n)
{
    const uint8_t *md5;
    size_t len;
    int status = host_loader_raw_frame(l, l->limits.command, &md5, &len);
    if (status != HOST_LOADER_OK) {
        return status;
    }
    uint8_t want[16];
    fb_md5(p, n, want);
    if (len != sizeof want || memcmp(md5, want, sizeof want) != 0) {
        return host_loader_fail(l, HOST_LOADER_E_VERIFY,
                                "what was read got damaged on the line");
    }
    return HOST_LOADER_OK;
}

#define STREAM_FRAME     0x1000u
#define STREAM_IN_FLIGHT 64u

// A stub sends frames on its own and wants the total acknowledged after each.
static int read_stream(struct host_loader *l, uint32_t flash_off, uint8_t *p,
                       size_t n, host_loader_progress *progress, void *ctx)
{
    const uint32_t words[] = {flash_off, (uint32_t)n, STREAM_FRAME,
                              STREAM_IN_FLIGHT};
    int status = host_loader_command(l, FB_LOADER_READ_FLASH, words, 4, 0,
                                     l->limits.command, 1, NULL);
    for (size_t done = 0; done < n && status == HOST_LOADER_OK;) {
        const uint8_t *data;
        size_t len;
        status = host_loader_raw_frame(l, l->limits.command, &data, &len);
        if (status != HOST_LOADER_OK) {
            return status;
        }
        if (len > n - done || (done + len < n && len < STREAM_FRAME)) {
            return host_loader_fail(l, HOST_LOADER_E_ANSWER,
                                    "a piece of the flash got lost on the line "
                                    "at 0x%x",
                                    (unsigned)(flash_off + done));
        }
        memcpy(p + done, data, len);
        done += len;
        uint8_t total[4];
        store32_le(total, (uint32_t)done);
        status = host_loader_send_frame(l, total, sizeof total);
        if (progress) {
            progress(ctx, flash_off, done, n);
        }
    }
    return status == HOST_LOADER_OK ? check_stream(l, p, n) : status;
}

int host_loader_flash_read(struct host_loader *l, uint32_t flash_off,
                           uint8_t *p, size_t n, host_loader_progress *progress,
                           void *ctx)
{
    return l->stub ? read_stream(l, flash_off, p, n, progress, ctx)
                   : read_slow(l, flash_off, p, n, progress, ctx);
}

static int hex_digit(uint8_t c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int host_loader_flash_md5(struct host_loader *l, uint32_t flash_off, size_t n,
                          uint8_t md5[16])
{
    const uint32_t words[] = {flash_off, (uint32_t)n, 0, 0};
    struct fb_loader_response r;
    int status = host_loader_command(
        l, FB_LOADER_SPI_FLASH_MD5, words, 4, l->stub ? 16 : 32,
        host_loader_limit(l, l->limits.md5_per_mb, n), 3, &r);
    if (status != HOST_LOADER_OK) {
        return status;
    }
    if (l->stub) {
        memcpy(md5, r.data, 16);
        return HOST_LOADER_OK;
    }
    uint8_t sum[16];
    for (unsigned i = 0; i < 16; i++) {
        int high = hex_digit(r.data[2 * i]);
        int low = hex_digit(r.data[2 * i + 1]);
        if (high < 0 || low < 0) {
            return host_loader_fail(l, HOST_LOADER_E_ANSWER,
                                    "the answer to SPI_FLASH_MD5 is no MD5");
        }
        sum[i] = (uint8_t)(high << 4 | low);
    }
    memcpy(md5, sum, sizeof sum);
    return HOST_LOADER_OK;
}

// One request: at most FB_LOADER_BLANK_SECTORS_MAX.
static int blank_sectors(struct host_loader *l, uint32_t flash_off,
                         size_t sectors, bool *blank)
{
    const uint32_t words[] = {flash_off, (uint32_t)sectors};
    struct fb_loader_response r;
    // It reads what is erased, and that no slower than for an MD5.
    int status = host_loader_command(
        l, FB_LOADER_BLANK_SECTORS, words, 2, (sectors + 7) / 8,
        host_loader_limit(l, l->limits.md5_per_mb, sectors * SECTOR), 3, &r);
    for (size_t i = 0; i < sectors && status == HOST_LOADER_OK; i++) {
        blank[i] = (r.data[i / 8] >> i % 8 & 1) != 0;
    }
    return status;
}

int host_loader_blank_sectors(struct host_loader *l, uint32_t flash_off,
                              size_t sectors, bool *blank)
{
    int status = HOST_LOADER_OK;
    assert(flash_off % SECTOR == 0 && l->stub);
    while (sectors > 0 && status == HOST_LOADER_OK) {
        size_t part = sectors < FB_LOADER_BLANK_SECTORS_MAX
                          ? sectors
                          : FB_LOADER_BLANK_SECTORS_MAX;
        status = blank_sectors(l, flash_off, part, blank);
        flash_off += (uint32_t)(part * SECTOR);
        blank += part;
        sectors -= part;
    }
    return status;
}

int host_loader_flash_verify(struct host_loader *l, uint32_t flash_off,
                             const uint8_t *p, size_t n)
{
    uint8_t got[16];
    uint8_t want[16];
    int status = host_loader_flash_md5(l, flash_off, n, got);
    if (status != HOST_LOADER_OK) {
        return status;
    }
    fb_md5(p, n, want);
    if (memcmp(got, want, sizeof want) != 0) {
        return host_loader_fail(l, HOST_LOADER_E_VERIFY,
                                "the flash at 0x%x does not hold what was "
                                "written",
                                (unsigned)flash_off);
    }
    return HOST_LOADER_OK;
}

int host_loader_flash_erase(struct host_loader *l, uint32_t flash_off, size_t n)
{
    assert(flash_off % SECTOR == 0 && n % SECTOR == 0 && n <= UINT32_MAX);
    unsigned limit = host_loader_limit(l, l->limits.erase_per_mb, n);
    if (!l->stub) { // the ROM erases when a write begins
        return begin(l, FB_LOADER_FLASH_BEGIN, flash_off, (uint32_t)n,
                     (uint32_t)n);
    }
    const uint32_t words[] = {flash_off, (uint32_t)n};
    return host_loader_command(l, FB_LOADER_ERASE_REGION, words, 2, 0, limit, 1,
                               NULL);
}
