// SPDX-License-Identifier: Apache-2.0
//
// TRM "SPI Controller"; the sequences are those of the mask ROM (SPIRead,
// SPIWrite, SPIEraseSector, SPI_Encrypt_Write). Everything is sent on single
// lines at 20 MHz or less: any chip can do that in any mode it was left in by
// the ROM, with the pads at their default or not.

#include "firmware/drivers/flash.h"

#include <stdbool.h>
#include <string.h>

#include "firmware/drivers/mmu.h"
#include "firmware/drivers/soc.h"

IRAM_FILE

#define FLASH_END  0x1000000u // 24-bit addresses
#define READ_CHUNK 64u        // W0 .. W15
#define PP_CHUNK   32u        // as the ROM does
#define PP_PAGE    256u

#define CLOCK_APB_QUARTER  0x3043u     // CLKCNT_N 3, H 1, L 3: at most 20 MHz
#define CTRL_READ_MODES    0x01906000u // FREAD_*, FASTRD_MODE
#define CTRL_WRSR_2B       (1u << 22)
#define USER_EDGES         0xF0u // CS_HOLD, CS_SETUP, CK_I_EDGE, CK_OUT_EDGE
#define USER1_ADDR_24_BITS (23u << 26)
#define USER2_8_BITS       (7u << 28)

#define CMD_READ  0x03u // flash instruction codes
#define CMD_RDSR2 0x35u
#define CMD_WRSR  0x01u

#define STATUS_BUSY    0x01u
#define STATUS_WEL     0x02u
#define STATUS_PROTECT 0x1Cu   // BP0 .. BP2
#define STATUS_QE      0x0200u // in the second status byte

// RDSR takes 16 clocks: at 20 MHz these are more than 4 s. The slowest sector
// erase of common chips takes 0.4 s.
#define BUSY_POLLS 5000000u

struct chunk {
    uint32_t word[READ_CHUNK / 4];
};

static IRAM_TEXT void execute(uint32_t command)
{
    REG32(SPI1_CMD) = command;
    while (REG32(SPI1_CMD) != 0) {
    }
}

// Flash to ourselves, SPI1 in a known mode.
static IRAM_TEXT uint32_t begin(void)
{
    uint32_t state = mmu_cache_suspend();

    while (REG32(SPI1_EXT2) != 0) {
    }
    REG32(SPI1_CLOCK) = CLOCK_APB_QUARTER;
    REG32(SPI1_CTRL) &= ~CTRL_READ_MODES;
    REG32(SPI1_USER) = (REG32(SPI1_USER) & USER_EDGES) | SPI_USER_COMMAND |
                       SPI_USER_ADDR | SPI_USER_MISO;
    REG32(SPI1_USER1) = USER1_ADDR_24_BITS;
    return state;
}

static IRAM_TEXT uint32_t status(void)
{
    REG32(SPI1_RD_STATUS) = 0;
    execute(SPI_CMD_RDSR);
    return REG32(SPI1_RD_STATUS) & 0xFFu;
}

static IRAM_TEXT int wait_status(uint32_t mask, uint32_t want)
{
    for (uint32_t i = 0; i < BUSY_POLLS; i++) {
        if ((status() & mask) == want) {
            return 0;
        }
    }
    return FLASH_E_TIMEOUT;
}

static IRAM_TEXT int write_enable(void)
{
    int err = wait_status(STATUS_BUSY, 0);

    if (err != 0) {
        return err;
    }
    execute(SPI_CMD_WREN);
    return wait_status(STATUS_WEL, STATUS_WEL);
}

static IRAM_TEXT void read_chunk(uint32_t flash_off, struct chunk *out,
                                 uint32_t n)
{
    uint32_t state = begin();

    REG32(SPI1_USER2) = USER2_8_BITS | CMD_READ;
    REG32(SPI1_MISO_DLEN) = n * 8 - 1;
    REG32(SPI1_ADDR) = flash_off << 8;
    execute(SPI_CMD_USR);
    for (uint32_t i = 0; i < (n + 3) / 4; i++) {
        out->word[i] = REG32(SPI1_W0 + 4 * i);
    }
    mmu_cache_resume(state, false);
}

// Program n <= PP_CHUNK bytes inside one page.
static IRAM_TEXT int program(uint32_t flash_off, const struct chunk *in,
                             uint32_t n)
{
    uint32_t state = begin();
    int err = write_enable();

    if (err == 0) {
        REG32(SPI1_ADDR) = flash_off | n << 24;
        for (uint32_t i = 0; i < (n + 3) / 4; i++) {
            REG32(SPI1_W0 + 4 * i) = in->word[i];
        }
        execute(SPI_CMD_PP);
        err = wait_status(STATUS_BUSY, 0);
    }
    mmu_cache_resume(state, true);
    return err;
}

static IRAM_TEXT void encrypt_row(uint32_t flash_off, const struct chunk *in)
{
    REG32(FLASH_ENCRYPTION_ADDRESS) = flash_off;
    for (uint32_t i = 0; i < FLASH_ENCRYPTED_ROW / 4; i++) {
        REG32(FLASH_ENCRYPTION_BUFFER + 4 * i) = in->word[i];
    }
    REG32(FLASH_ENCRYPTION_START) = 1;
    while ((REG32(FLASH_ENCRYPTION_DONE) & 1) == 0) {
    }
}

static IRAM_TEXT int program_encrypted(uint32_t flash_off, uint32_t tweak_off,
                                       const struct chunk *in)
{
    const uint32_t bits = DPORT_SPI_ENCRYPT_ENABLE | DPORT_SLAVE_SPI_MASK_PRO;
    uint32_t state = begin();
    int err = write_enable();

    if (err == 0) {
        REG32(DPORT_SLAVE_SPI_CONFIG) |= bits;
        encrypt_row(tweak_off, in);
        REG32(SPI1_ADDR) = flash_off | FLASH_ENCRYPTED_ROW << 24;
        execute(SPI_CMD_PP);
        REG32(DPORT_SLAVE_SPI_CONFIG) &= ~bits;
        err = wait_status(STATUS_BUSY, 0);
    }
    mmu_cache_resume(state, true);
    return err;
}

static IRAM_TEXT int erase(uint32_t flash_off, uint32_t command)
{
    uint32_t state = begin();
    int err = write_enable();

    if (err == 0) {
        REG32(SPI1_ADDR) = flash_off;
        execute(command);
        err = wait_status(STATUS_BUSY, 0);
    }
    mmu_cache_resume(state, true);
    return err;
}

static IRAM_TEXT uint32_t jedec_id(void)
{
    uint32_t state = begin();
    uint32_t id;

    REG32(SPI1_W0) = 0;
    execute(SPI_CMD_RDID);
    id = REG32(SPI1_W0) & 0xFFFFFFu;
    mmu_cache_resume(state, false);
    return id;
}

static IRAM_TEXT int unprotect(void)
{
    uint32_t low = status();
    uint32_t high;
    int err;

    if ((low & STATUS_PROTECT) == 0) {
        return 0;
    }
    REG32(SPI1_USER) &= ~SPI_USER_ADDR;
    REG32(SPI1_USER2) = USER2_8_BITS | CMD_RDSR2;
    REG32(SPI1_MISO_DLEN) = 7;
    execute(SPI_CMD_USR);
    high = REG32(SPI1_W0) & 0xFFu;
    err = write_enable();
    if (err != 0) {
        return err;
    }
    REG32(SPI1_USER) = (REG32(SPI1_USER) & ~SPI_USER_MISO) | SPI_USER_MOSI;
    REG32(SPI1_USER2) = USER2_8_BITS | CMD_WRSR;
    REG32(SPI1_MOSI_DLEN) = 15;
    REG32(SPI1_W0) = high << 8 & STATUS_QE;
    execute(SPI_CMD_USR);
    REG32(SPI1_USER) &= ~SPI_USER_MOSI;
    return wait_status(STATUS_BUSY, 0);
}

static IRAM_TEXT int unprotect_locked(void)
{
    uint32_t state = begin();
    int err = unprotect();

    mmu_cache_resume(state, false);
    return err;
}

static bool in_range(uint32_t flash_off, size_t n)
{
    return flash_off <= FLASH_END && n <= FLASH_END - flash_off;
}

static uint32_t min(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

static void copy(void *to, const void *from, uint32_t n)
{
    uint8_t *t = to;
    const uint8_t *f = from;
    uint32_t i = 0;

    if (((uintptr_t)t | (uintptr_t)f) % 4 == 0) {
        for (; i + 4 <= n; i += 4) {
            memcpy(__builtin_assume_aligned(t + i, 4),
                   __builtin_assume_aligned(f + i, 4), 4);
        }
    }
    for (; i < n; i++) {
        t[i] = f[i];
    }
}

int flash_read(uint32_t flash_off, void *out, size_t n)
{
    uint8_t *p = out;
    struct chunk c;

    if (!in_range(flash_off, n)) {
        return FLASH_E_RANGE;
    }
    while (n > 0) {
        uint32_t part = min(READ_CHUNK, (uint32_t)n);

        read_chunk(flash_off, &c, part);
        copy(p, &c, part);
        p += part;
        flash_off += part;
        n -= part;
    }
    return 0;
}

int flash_erase_sector(uint32_t flash_off)
{
    if (flash_off % FLASH_SECTOR != 0) {
        return FLASH_E_ALIGN;
    }
    if (!in_range(flash_off, FLASH_SECTOR)) {
        return FLASH_E_RANGE;
    }
    return erase(flash_off, SPI_CMD_SE);
}

int flash_erase_block(uint32_t flash_off)
{
    if (flash_off % FLASH_BLOCK != 0) {
        return FLASH_E_ALIGN;
    }
    if (!in_range(flash_off, FLASH_BLOCK)) {
        return FLASH_E_RANGE;
    }
    return erase(flash_off, SPI_CMD_BE);
}

int flash_write(uint32_t flash_off, const void *in, size_t n)
{
    const uint8_t *p = in;
    struct chunk c;

    if (!in_range(flash_off, n)) {
        return FLASH_E_RANGE;
    }
    while (n > 0) {
        uint32_t part = min(PP_CHUNK, (uint32_t)n);
        int err;

        part = min(part, PP_PAGE - flash_off % PP_PAGE);
        copy(&c, p, part);
        err = program(flash_off, &c, part);
        if (err != 0) {
            return err;
        }
        p += part;
        flash_off += part;
        n -= part;
    }
    return 0;
}

int flash_write_encrypted_for(uint32_t tweak_off, uint32_t flash_off,
                              const void *in, size_t n)
{
    const uint8_t *p = in;
    struct chunk c;

    if ((flash_off | tweak_off | n) % FLASH_ENCRYPTED_ROW != 0) {
        return FLASH_E_ALIGN;
    }
    if (!in_range(flash_off, n) || !in_range(tweak_off, n)) {
        return FLASH_E_RANGE;
    }
    for (uint32_t i = 0; i < n; i += FLASH_ENCRYPTED_ROW) {
        int err;

        copy(&c, p + i, FLASH_ENCRYPTED_ROW);
        err = program_encrypted(flash_off + i, tweak_off + i, &c);
        if (err != 0) {
            return err;
        }
    }
    return 0;
}

int flash_write_encrypted(uint32_t flash_off, const void *in, size_t n)
{
    return flash_write_encrypted_for(flash_off, flash_off, in, n);
}

uint32_t flash_size(void)
{
    uint32_t log2 = jedec_id() >> 16;

    // 256 KiB .. 16 MiB
    return log2 >= 18 && log2 <= 24 ? 1u << log2 : 0;
}

int flash_unlock(void)
{
    return unprotect_locked();
}
