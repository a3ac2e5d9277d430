// SPDX-License-Identifier: Apache-2.0

#include "chip/periph/spi.h"

#include <string.h>

#include "chip/periph/dport.h"
#include "chip/periph/flash_chip.h"
#include "chip/periph/spi_encrypt.h"
#include "chip/soc.h"
#include "lib/fb/bytes.h"

#define SPI1 0x3FF42000u
#define SPI0 0x3FF43000u

#define CMD       0x00u
#define ADDR      0x04u
#define CTRL      0x08u
#define RD_STATUS 0x10u
#define USER      0x1Cu
#define USER1     0x20u
#define USER2     0x24u
#define MOSI_DLEN 0x28u
#define MISO_DLEN 0x2Cu
#define PIN       0x34u
#define SLAVE     0x38u
#define W0        0x80u
#define BUFFER    64u // bytes of W0 .. W15

#define USER_COMMAND (1u << 31)
#define USER_ADDR    (1u << 30)
#define USER_MISO    (1u << 28)
#define USER_MOSI    (1u << 27)
#define USER_MOSI_HI (1u << 25) // MOSI data start at W8
#define USER_MISO_HI (1u << 24)
#define CTRL_WRSR_2B (1u << 22)
#define PIN_CS0_DIS  (1u << 0)
#define SLAVE_DONE   (1u << 4)
#define PROGRAM      0x02u
#define QUAD_PROGRAM 0x32u

enum cmd_bit {
    CMD_READ = 31,
    CMD_WREN = 30,
    CMD_WRDI = 29,
    CMD_RDID = 28,
    CMD_RDSR = 27,
    CMD_WRSR = 26,
    CMD_PP = 25,
    CMD_SE = 24,
    CMD_BE = 23,
    CMD_CE = 22,
    CMD_DP = 21,
    CMD_RES = 20,
    CMD_HPM = 19,
    CMD_USR = 18,
};

struct transfer {
    uint32_t base;
    uint8_t out[1 + 4 + BUFFER];
    size_t out_n;
    uint8_t in[BUFFER];
    size_t in_n;
};

static uint32_t get(const struct chip *chip, const struct transfer *t,
                    uint32_t offset)
{
    return soc_reg_get(chip, t->base + offset);
}

static void out_byte(struct transfer *t, uint32_t value)
{
    t->out[t->out_n++] = (uint8_t)value;
}

static void out_address(struct transfer *t, uint32_t address)
{
    out_byte(t, address >> 16);
    out_byte(t, address >> 8);
    out_byte(t, address);
}

static void out_buffer(struct chip *chip, struct transfer *t, uint32_t from,
                       size_t n)
{
    for (size_t i = 0; i < n; i++) {
        uint32_t at = (from + (uint32_t)i) % BUFFER;

        out_byte(t, get(chip, t, W0 + (at & ~3u)) >> (8 * (at & 3u)));
    }
}

static void store_answer(struct chip *chip, struct transfer *t, uint32_t from)
{
    for (size_t i = 0; i < t->in_n; i++) {
        uint32_t at = (from + (uint32_t)i) % BUFFER;
        uint32_t *w = soc_reg(chip, t->base + W0 + (at & ~3u));
        unsigned shift = 8 * (at & 3u);

        *w = (*w & ~(0xFFu << shift)) | (uint32_t)t->in[i] << shift;
    }
}

// With the encryptor on, a page program takes its result whatever W0.. hold.
static void encrypt(struct chip *chip, struct transfer *t)
{
    uint32_t config = soc_reg_get(chip, DPORT_SLAVE_SPI_CONFIG);
    size_t n = t->out_n > 4 ? t->out_n - 4 : 0;

    if (t->base != SPI1 || (config & DPORT_ENCRYPT_ENABLE) == 0 ||
        (t->out[0] != PROGRAM && t->out[0] != QUAD_PROGRAM)) {
        return;
    }
    if (!soc_flash_encrypts(chip)) {
        soc_log(chip, "flash: encrypted write disabled by DISABLE_DL_ENCRYPT, "
                      "written as it is");
        return;
    }
    if (n > FB_FLASH_ENCRYPTION_ROW) {
        n = FB_FLASH_ENCRYPTION_ROW;
    }
    memcpy(t->out + 4, chip->spi_encrypt.row, n);
    t->out_n = 4 + n;
}

static void run(struct chip *chip, struct transfer *t)
{
    bool flash = (t->base == SPI0 || t->base == SPI1) &&
                 (get(chip, t, PIN) & PIN_CS0_DIS) == 0;

    if (!flash) {
        memset(t->in, 0xFF, t->in_n);
        return;
    }
    encrypt(chip, t);
    flash_chip_transfer(chip, t->out, t->out_n, t->in, t->in_n);
}

static size_t data_bytes(uint32_t dlen)
{
    size_t n = ((dlen & 0xFFFFFFu) + 1 + 7) / 8;

    return n > BUFFER ? BUFFER : n;
}

static void user(struct chip *chip, struct transfer *t)
{
    uint32_t bits = get(chip, t, USER);
    uint32_t user2 = get(chip, t, USER2);
    uint32_t mosi = (bits & USER_MOSI_HI) != 0 ? BUFFER / 2 : 0;
    uint32_t miso = (bits & USER_MISO_HI) != 0 ? BUFFER / 2 : 0;

    if ((bits & USER_COMMAND) != 0) {
        out_byte(t, user2); // commands of 8 bits: all that flash chips have
        if ((user2 >> 28) > 7) {
            out_byte(t, user2 >> 8);
        }
    }
    if ((bits & USER_ADDR) != 0) {
        // Left-aligned, most significant byte first.
        uint32_t n = ((get(chip, t, USER1) >> 26) + 1 + 7) / 8;
        uint32_t address = get(chip, t, ADDR);

        for (uint32_t i = 0; i < n && i < 4; i++) {
            out_byte(t, address >> (24 - 8 * i));
        }
    }
    if ((bits & USER_MOSI) != 0) {
        out_buffer(chip, t, mosi, data_bytes(get(chip, t, MOSI_DLEN)));
    }
    if ((bits & USER_MISO) != 0) {
        t->in_n = data_bytes(get(chip, t, MISO_DLEN));
    }
    run(chip, t);
    store_answer(chip, t, miso);
}

// ADDR holds the byte count above the address.
static void page_program(struct chip *chip, struct transfer *t)
{
    uint32_t addr = get(chip, t, ADDR);
    size_t n = addr >> 24;

    out_byte(t, PROGRAM);
    out_address(t, addr);
    out_buffer(chip, t, 0, n > BUFFER ? BUFFER : n);
    run(chip, t);
}

static void read_data(struct chip *chip, struct transfer *t)
{
    uint32_t addr = get(chip, t, ADDR);
    size_t n = addr >> 24;

    out_byte(t, 0x03);
    out_address(t, addr);
    t->in_n = n == 0 ? data_bytes(get(chip, t, MISO_DLEN)) : n;
    t->in_n = t->in_n > BUFFER ? BUFFER : t->in_n;
    run(chip, t);
    store_answer(chip, t, 0);
}

static void read_status(struct chip *chip, struct transfer *t)
{
    out_byte(t, 0x05);
    t->in_n = 1;
    run(chip, t);
    *soc_reg(chip, t->base + RD_STATUS) = t->in[0];
}

static void write_status(struct chip *chip, struct transfer *t)
{
    uint32_t value = get(chip, t, RD_STATUS);

    out_byte(t, 0x01);
    out_byte(t, value);
    if ((get(chip, t, CTRL) & CTRL_WRSR_2B) != 0) {
        out_byte(t, value >> 8);
    }
    run(chip, t);
}

static void read_id(struct chip *chip, struct transfer *t)
{
    out_byte(t, 0x9F);
    t->in_n = 3;
    run(chip, t);
    store_answer(chip, t, 0);
}

static void erase(struct chip *chip, struct transfer *t, uint8_t command)
{
    out_byte(t, command);
    out_address(t, get(chip, t, ADDR));
    run(chip, t);
}

static void plain(struct chip *chip, struct transfer *t, uint8_t command)
{
    out_byte(t, command);
    run(chip, t);
}

static void start(struct chip *chip, struct transfer *t, unsigned bit)
{
    switch ((enum cmd_bit)bit) {
    case CMD_USR:
        user(chip, t);
        break;
    case CMD_READ:
        read_data(chip, t);
        break;
    case CMD_PP:
        page_program(chip, t);
        break;
    case CMD_RDSR:
        read_status(chip, t);
        break;
    case CMD_WRSR:
        write_status(chip, t);
        break;
    case CMD_RDID:
        read_id(chip, t);
        break;
    case CMD_SE:
        erase(chip, t, 0x20);
        break;
    case CMD_BE:
        erase(chip, t, 0xD8);
        break;
    case CMD_WREN:
        plain(chip, t, 0x06);
        break;
    case CMD_WRDI:
        plain(chip, t, 0x04);
        break;
    case CMD_CE:
        plain(chip, t, 0xC7);
        break;
    case CMD_DP:
        plain(chip, t, 0xB9);
        break;
    case CMD_RES:
        plain(chip, t, 0xAB);
        break;
    case CMD_HPM:
        break;
    }
}

static void cmd_write(struct chip *chip, uint32_t vaddr, uint32_t value)
{
    struct transfer t;

    for (unsigned bit = 31; bit >= CMD_USR; bit--) {
        if ((value & 1u << bit) != 0) {
            memset(&t, 0, sizeof t);
            t.base = vaddr;
            start(chip, &t, bit);
        }
    }
    *soc_reg(chip, vaddr) = 0; // done already
    *soc_reg(chip, vaddr + SLAVE) |= SLAVE_DONE;
}

// clang-format off
static const struct reg_row rows[] = {
    {0x00, 1, "CMD",          0, NULL, cmd_write},
    {0x04, 1, "ADDR",         0, NULL, NULL},
    {0x08, 1, "CTRL",  0x0020A000 | 1u << 13, NULL, NULL},
    {0x0C, 1, "CTRL1", 0x5FFF0000, NULL, NULL},
    {0x10, 1, "RD_STATUS",    0, NULL, NULL},
    {0x14, 1, "CTRL2", 0x00000011, NULL, NULL},
    {0x18, 1, "CLOCK", 0x80003043, NULL, NULL},
    {0x1C, 1, "USER",  0x80000040, NULL, NULL},
    {0x20, 1, "USER1", 0x5C000007, NULL, NULL},
    {0x24, 1, "USER2", 0x70000000, NULL, NULL},
    {0x28, 1, "MOSI_DLEN",    0, NULL, NULL},
    {0x2C, 1, "MISO_DLEN",    0, NULL, NULL},
    {0x30, 1, "SLV_WR_STATUS", 0, NULL, NULL},
    {0x34, 1, "PIN",        0x6, NULL, NULL},
    {0x38, 1, "SLAVE",        0, NULL, NULL},
    {0x3C, 5, "SLAVE_AND_CACHE", 0, NULL, NULL},
    {0x50, 7, "CACHE",        0, NULL, NULL},
    {0x6C, 5, "SLV",          0, NULL, NULL},
    {0x80, 16, "W",           0, NULL, NULL},
    {0xC0, 1, "TX_CRC",       0, NULL, NULL},
    {0xF0, 4, "EXT",          0, NULL, NULL},
    {0x100, 24, "DMA",        0, NULL, NULL},
    {0x3FC, 1, "DATE", 0x01604270, NULL, NULL},
};
// clang-format on

const struct reg_block spi1_block = {"SPI1", SPI1, 0x1000, REG_ROWS(rows),
                                     false};
const struct reg_block spi0_block = {"SPI0", SPI0, 0x1000, REG_ROWS(rows),
                                     false};
const struct reg_block spi2_block = {"SPI2", 0x3FF64000u, 0x1000,
                                     REG_ROWS(rows), false};
const struct reg_block spi3_block = {"SPI3", 0x3FF65000u, 0x1000,
                                     REG_ROWS(rows), false};
