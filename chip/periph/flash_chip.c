// SPDX-License-Identifier: Apache-2.0

#include "chip/periph/flash_chip.h"

#include <string.h>

#include "chip/soc.h"
#include "lib/fb/bytes.h"

#define PAGE       256u
#define SECTOR     0x1000u
#define SR1_WEL    0x02u
#define SR1_BP     0x1Cu // BP0 .. BP2
#define SR1_TB     0x20u // protect from the bottom
#define SR1_MASK   0xFCu // what WRSR may change
#define SFDP_SIZE  0x80u
#define SFDP_TABLE 0x30u

enum flash_command {
    WRITE_STATUS = 0x01,
    PAGE_PROGRAM = 0x02,
    READ = 0x03,
    WRITE_DISABLE = 0x04,
    READ_STATUS = 0x05,
    WRITE_ENABLE = 0x06,
    FAST_READ = 0x0B,
    WRITE_STATUS3 = 0x11,
    READ_STATUS3 = 0x15,
    SECTOR_ERASE = 0x20,
    WRITE_STATUS2 = 0x31,
    QUAD_PROGRAM = 0x32,
    READ_STATUS2 = 0x35,
    DUAL_READ = 0x3B,
    READ_UNIQUE_ID = 0x4B,
    VOLATILE_ENABLE = 0x50,
    HALF_BLOCK_ERASE = 0x52,
    READ_SFDP = 0x5A,
    CHIP_ERASE = 0x60,
    RESET_ENABLE = 0x66,
    QUAD_READ = 0x6B,
    READ_MAKER = 0x90,
    RESET = 0x99,
    READ_ID = 0x9F,
    POWER_UP = 0xAB,
    POWER_DOWN = 0xB9,
    DUAL_IO_READ = 0xBB,
    CHIP_ERASE2 = 0xC7,
    BLOCK_ERASE = 0xD8,
    QUAD_IO_READ = 0xEB,
};

void flash_chip_power_on(struct chip *chip)
{
    memset(&chip->flash, 0, sizeof chip->flash);
    chip->flash.status[1] = 0x02; // QE, as modules for this chip are delivered
}

static unsigned log2_of(uint32_t size)
{
    unsigned n = 0;

    while ((1u << n) < size) {
        n++;
    }
    return n;
}

// The three bytes of RDID, first one lowest: maker, type, log2 of the size.
uint32_t flash_chip_id(const struct chip *chip)
{
    if (chip->config.flash_id != 0) {
        return chip->config.flash_id;
    }
    return 0x40EFu | log2_of(chip->config.flash_size) << 16;
}

// SFDP header, one parameter header, basic flash parameter table of nine words
// (JESD216, 6.4): 3-byte addresses, 4 KiB erase 0x20, 32 KiB 0x52, 64 KiB 0xD8,
// fast reads 1-1-2, 1-2-2, 1-1-4, 1-4-4.
static void sfdp(const struct chip *chip, uint8_t out[SFDP_SIZE])
{
    static const uint32_t table[9] = {
        0xFFF120E5, 0,          0x6B08EB44, 0xBB423B08, 0xFFFFFFFE,
        0x0000FFFF, 0xEB21FFFF, 0x520F200C, 0xFF00D810,
    };

    memset(out, 0xFF, SFDP_SIZE);
    store32_le(out, 0x50444653);     // "SFDP"
    store32_le(out + 4, 0xFF000100); // revision 1.0, one header
    store32_le(out + 8, 0x09010000); // basic table, nine words
    store32_le(out + 12, 0xFF000000u | SFDP_TABLE);
    for (unsigned i = 0; i < 9; i++) {
        store32_le(out + SFDP_TABLE + 4 * i, table[i]);
    }
    store32_le(out + SFDP_TABLE + 4, chip->config.flash_size * 8 - 1);
}

static uint32_t wrap(const struct chip *chip, uint32_t address)
{
    return address & (chip->config.flash_size - 1);
}

// W25Q data sheet, "Status Register Memory Protection" (SEC = 0): BP counts
// 1/64, 1/32 .. 1/2, all of the array.
static bool is_protected(const struct chip *chip, uint32_t from, uint32_t n)
{
    uint32_t size = chip->config.flash_size;
    unsigned bp = (chip->flash.status[0] & SR1_BP) >> 2;
    uint32_t area = bp == 7 ? size : size >> (7 - bp);

    if (bp == 0) {
        return false;
    }
    if ((chip->flash.status[0] & SR1_TB) != 0) {
        return from < area;
    }
    return from + n > size - area;
}

static void erase(struct chip *chip, uint32_t address, uint32_t n)
{
    uint32_t at = wrap(chip, address) & ~(n - 1);

    if (!chip->flash.wel || is_protected(chip, at, n)) {
        chip->flash.wel = false;
        return;
    }
    if (!soc_operation(chip, CHIP_OP_FLASH_ERASE, at, n)) {
        return;
    }
    memset(chip->config.flash + at, 0xFF, n);
    soc_operated(chip, CHIP_OP_FLASH_ERASE, at, n);
    cache_flash_changed(chip, at, n);
    chip->flash.wel = false;
}

static void program(struct chip *chip, uint32_t address, const uint8_t *p,
                    size_t n)
{
    uint32_t at = wrap(chip, address);
    uint32_t page = at & ~(PAGE - 1);

    if (!chip->flash.wel || n == 0 || is_protected(chip, page, PAGE)) {
        chip->flash.wel = false;
        return;
    }
    if (!soc_operation(chip, CHIP_OP_FLASH_PROGRAM, at, (uint32_t)n)) {
        return;
    }
    for (size_t i = 0; i < n; i++) {
        // The address counter wraps inside the page.
        chip->config.flash[page | ((at + (uint32_t)i) & (PAGE - 1))] &= p[i];
    }
    soc_operated(chip, CHIP_OP_FLASH_PROGRAM, at, (uint32_t)n);
    cache_flash_changed(chip, page, PAGE);
    chip->flash.wel = false;
}

static void write_status(struct chip *chip, unsigned first, const uint8_t *p,
                         size_t n)
{
    if (!chip->flash.wel) {
        return;
    }
    for (size_t i = 0; i < n && first + i < 3; i++) {
        chip->flash.status[first + i] = first + i == 0 ? p[i] & SR1_MASK : p[i];
    }
    chip->flash.wel = false;
}

static void repeat(uint8_t *in, size_t n, const void *p, size_t size)
{
    const uint8_t *bytes = p;

    for (size_t i = 0; i < n; i++) {
        in[i] = bytes[i % size];
    }
}

static void answer_status(const struct chip *chip, unsigned index, uint8_t *in,
                          size_t n)
{
    uint8_t value = chip->flash.status[index];

    if (index == 0 && chip->flash.wel) {
        value |= SR1_WEL;
    }
    memset(in, value, n);
}

static void answer_id(const struct chip *chip, uint8_t command, uint8_t *in,
                      size_t n)
{
    uint32_t id = flash_chip_id(chip);
    uint8_t rdid[3] = {(uint8_t)id, (uint8_t)(id >> 8), (uint8_t)(id >> 16)};
    uint8_t maker[2] = {rdid[0], (uint8_t)(rdid[2] - 1)};

    if (command == READ_ID) {
        repeat(in, n, rdid, sizeof rdid);
    } else if (command == READ_MAKER) {
        repeat(in, n, maker, sizeof maker);
    } else if (command == POWER_UP) {
        memset(in, maker[1], n);
    } else {
        uint8_t unique[8];
        uint64_t state = chip->config.seed ^ 0x666C617368u;

        store32_le(unique, soc_random(&state));
        store32_le(unique + 4, soc_random(&state));
        repeat(in, n, unique, sizeof unique);
    }
}

static void answer_memory(struct chip *chip, uint32_t address, uint8_t *in,
                          size_t n)
{
    if (chip->cb.flash_read != NULL) {
        chip->cb.flash_read(chip->cb.ctx, wrap(chip, address), (uint32_t)n);
    }
    for (size_t i = 0; i < n; i++) {
        in[i] = chip->config.flash[wrap(chip, address + (uint32_t)i)];
    }
}

static void answer_sfdp(const struct chip *chip, uint32_t address, uint8_t *in,
                        size_t n)
{
    uint8_t table[SFDP_SIZE];

    sfdp(chip, table);
    for (size_t i = 0; i < n; i++) {
        in[i] = table[(address + i) % SFDP_SIZE];
    }
}

static void reset_device(struct chip *chip)
{
    if (chip->flash.reset_enabled) {
        chip->flash.wel = false;
        chip->flash.reset_enabled = false;
    }
}

void flash_chip_transfer(struct chip *chip, const uint8_t *out, size_t out_n,
                         uint8_t *in, size_t in_n)
{
    struct soc_flash *f = &chip->flash;
    uint8_t command = out_n > 0 ? out[0] : 0;
    bool addressed = out_n >= 4;
    uint32_t address = addressed ? load32_be(out) & 0xFFFFFFu : 0;
    const uint8_t *data = out + (addressed ? 4 : 1);
    size_t n = out_n - (addressed ? 4 : out_n > 0 ? 1 : 0);

    if (in_n > 0) {
        memset(in, 0xFF, in_n);
    }
    if (out_n == 0 || !chip->supply.flash_answers ||
        (f->powered_down && command != POWER_UP)) {
        return;
    }
    if (command != RESET) {
        f->reset_enabled = command == RESET_ENABLE;
    }
    switch ((enum flash_command)command) {
    case READ:
    case FAST_READ:
    case DUAL_READ:
    case QUAD_READ:
    case DUAL_IO_READ:
    case QUAD_IO_READ:
        answer_memory(chip, address, in, in_n);
        return;
    case PAGE_PROGRAM:
    case QUAD_PROGRAM:
        program(chip, address, data, addressed ? n : 0);
        return;
    case SECTOR_ERASE:
    case HALF_BLOCK_ERASE:
    case BLOCK_ERASE:
        if (addressed) {
            erase(chip, address,
                  command == SECTOR_ERASE       ? SECTOR
                  : command == HALF_BLOCK_ERASE ? 8 * SECTOR
                                                : 16 * SECTOR);
        }
        return;
    case CHIP_ERASE:
    case CHIP_ERASE2:
        erase(chip, 0, chip->config.flash_size);
        return;
    case WRITE_ENABLE:
    case VOLATILE_ENABLE:
        f->wel = true;
        return;
    case WRITE_DISABLE:
        f->wel = false;
        return;
    case READ_STATUS:
        answer_status(chip, 0, in, in_n);
        return;
    case READ_STATUS2:
        answer_status(chip, 1, in, in_n);
        return;
    case READ_STATUS3:
        answer_status(chip, 2, in, in_n);
        return;
    case WRITE_STATUS:
        write_status(chip, 0, out + 1, out_n - 1 > 2 ? 2 : out_n - 1);
        return;
    case WRITE_STATUS2:
        write_status(chip, 1, out + 1, out_n > 1);
        return;
    case WRITE_STATUS3:
        write_status(chip, 2, out + 1, out_n > 1);
        return;
    case READ_ID:
    case READ_MAKER:
    case READ_UNIQUE_ID:
        answer_id(chip, command, in, in_n);
        return;
    case POWER_UP:
        f->powered_down = false;
        answer_id(chip, command, in, in_n);
        return;
    case POWER_DOWN:
        f->powered_down = true;
        return;
    case READ_SFDP:
        answer_sfdp(chip, address, in, in_n);
        return;
    case RESET_ENABLE:
        return;
    case RESET:
        reset_device(chip);
        return;
    }
    soc_log(chip, "flash: unknown command 0x%02x", command);
}

static void command(struct chip *chip, uint8_t code)
{
    flash_chip_transfer(chip, &code, 1, NULL, 0);
}

bool flash_chip_program(struct chip *chip, uint32_t flash_off, const void *p,
                        size_t n)
{
    const uint8_t *from = p;
    uint8_t out[4 + PAGE];

    while (n > 0 && !chip->power_lost) {
        size_t part = PAGE - flash_off % PAGE;

        if (part > n) {
            part = n;
        }
        command(chip, WRITE_ENABLE);
        store32_be(out, (flash_off & 0xFFFFFFu) | (uint32_t)PAGE_PROGRAM << 24);
        memcpy(out + 4, from, part);
        flash_chip_transfer(chip, out, 4 + part, NULL, 0);
        flash_off += (uint32_t)part;
        from += part;
        n -= part;
    }
    return !chip->power_lost;
}

bool flash_chip_erase(struct chip *chip, uint32_t flash_off, uint32_t n)
{
    uint32_t end = flash_off + n;
    uint8_t out[4];

    for (uint32_t at = flash_off & ~(SECTOR - 1); at < end && n > 0;
         at += SECTOR) {
        command(chip, WRITE_ENABLE);
        store32_be(out, (at & 0xFFFFFFu) | (uint32_t)SECTOR_ERASE << 24);
        flash_chip_transfer(chip, out, sizeof out, NULL, 0);
        if (chip->power_lost) {
            return false;
        }
    }
    return true;
}

bool flash_chip_erase_all(struct chip *chip)
{
    command(chip, WRITE_ENABLE);
    command(chip, CHIP_ERASE2);
    return !chip->power_lost;
}
