// SPDX-License-Identifier: Apache-2.0

#include "chip/rom/loader.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "chip/periph/flash_chip.h"
#include "chip/periph/rtc.h"
#include "chip/periph/uart.h"
#include "chip/rom/stub_model.h"
#include "chip/soc.h"
#include "lib/fb/bytes.h"
#include "lib/fb/crypto.h"

// Where the ROM keeps things (its symbols are in esp-rom-elfs).
#define PACKET      0x3FFC0000u
#define PACKET_SIZE 0x2000u
#define WINDOW      0x3FFC4020u // of the inflater
#define WINDOW_SIZE 0x8000u

#define SYNC_ANSWERS   8
#define BLOCK_MAX      0x1800u
#define DATA_MAX       (BLOCK_MAX + FB_LOADER_DATA_HEADER)
#define FLASH_DEFAULT  0x200000u // until SPI_SET_PARAMS
#define SECTOR         0x1000u
#define UART0_CLKDIV   0x3FF40014u
#define E_REBOOT       199 // not an error: restart after the answer
#define RAM_OF(vaddr)  (chip->dram + ((vaddr)-SOC_DRAM))
#define OK             0
#define STAYS_AS_IT_IS (-1) // what a success does to the error

static struct rom_loader *state(struct chip *chip)
{
    return &chip->rom.loader;
}

void loader_start(struct chip *chip)
{
    struct rom_loader *l = state(chip);

    memset(l, 0, sizeof *l);
    l->answer[0] = 1;
    l->flash_size = FLASH_DEFAULT;
    l->sector_size = SECTOR;
}

static uint8_t *packet(struct chip *chip)
{
    return RAM_OF(PACKET);
}

// The word behind the header.
static uint32_t word(struct chip *chip, unsigned i)
{
    return load32_le(packet(chip) + FB_LOADER_HEADER + 4 * i);
}

static uint32_t length(struct chip *chip)
{
    return load16_le(packet(chip) + 2);
}

// An access that faults ends in the ROM's exception handler; without a watchdog
// in download mode that is the end.
static int crash(struct chip *chip, uint32_t vaddr)
{
    soc_log(chip, "rom: access to 0x%08" PRIx32 " crashed it", vaddr);
    chip->rom.why = "the loader crashed";
    chip->rom.state = ROM_HANG;
    return OK;
}

// --- flash, through the ROM's driver ---

// The ROM's driver waits until the status register says that the flash rests.
// One that does not answer reads as busy for ever.
static bool deaf(struct chip *chip)
{
    if (chip->supply.flash_answers) {
        return false;
    }
    rom_hang(chip, "the loader waits for a flash that does not answer");
    return true;
}

static bool beyond_flash(struct chip *chip, uint32_t at, uint32_t n)
{
    return (uint32_t)(at + n) > state(chip)->flash_size;
}

// In words: n is rounded up.
static bool read_flash(struct chip *chip, uint32_t at, uint8_t *out, uint32_t n)
{
    uint32_t mask = chip->config.flash_size - 1;

    if (beyond_flash(chip, at, n) || deaf(chip)) {
        return false;
    }
    for (uint32_t i = 0; i < ((n + 3) & ~3u); i++) {
        out[i] = chip->config.flash[(at + i) & mask];
    }
    return true;
}

static bool write_flash(struct chip *chip, uint32_t at, const uint8_t *p,
                        uint32_t n)
{
    return !beyond_flash(chip, at, n) && at % 4 == 0 && !deaf(chip) &&
           flash_chip_program(chip, at, p, n);
}

static bool erase_flash(struct chip *chip, uint32_t at, uint32_t n)
{
    uint32_t sector = state(chip)->sector_size;

    if (sector == 0) {
        crash(chip, 0);
        return false;
    }
    if (beyond_flash(chip, at, n) || at % sector != 0 || deaf(chip)) {
        return false;
    }
    return flash_chip_erase(chip, at, (n + sector - 1) / sector * SECTOR);
}

// --- transfers ---

static int begin(struct chip *chip, struct loader_transfer *t)
{
    if (length(chip) != 16 || word(chip, 2) > BLOCK_MAX) {
        return FB_LOADER_E_INVALID_MESSAGE;
    }
    memset(t, 0, sizeof *t);
    t->size = word(chip, 0);
    t->blocks = word(chip, 1);
    t->block_size = word(chip, 2);
    t->at = word(chip, 3);
    t->begun = true;
    return STAYS_AS_IT_IS;
}

static int flash_begin(struct chip *chip, struct loader_transfer *t)
{
    int error = begin(chip, t);

    if (error == STAYS_AS_IT_IS && !erase_flash(chip, t->at, t->size)) {
        error = FB_LOADER_E_FAILED;
    }
    return error;
}

// A block's header; its n bytes of data follow it, even if the packet does not.
static int take_block(struct chip *chip, struct loader_transfer *t,
                      bool whole_words)
{
    const uint8_t *data = packet(chip) + FB_LOADER_HEADER;
    uint32_t n = word(chip, 0);

    if (length(chip) > DATA_MAX || !t->begun || word(chip, 1) != t->sequence ||
        n > t->block_size || (whole_words && n % 4 != 0)) {
        return FB_LOADER_E_INVALID_MESSAGE;
    }
    t->sequence++; // also when the sum is wrong
    return fb_loader_checksum(data + FB_LOADER_DATA_HEADER, n) ==
                   packet(chip)[4]
               ? STAYS_AS_IT_IS
               : FB_LOADER_E_CHECKSUM;
}

static uint8_t *block_data(struct chip *chip)
{
    return packet(chip) + FB_LOADER_HEADER + FB_LOADER_DATA_HEADER;
}

// The ROM reads back what it wrote, over the data, and compares eight bits. It
// does not look whether writing or reading failed.
static int flash_data(struct chip *chip)
{
    struct loader_transfer *t = &state(chip)->plain;
    int error = take_block(chip, t, true);
    uint32_t n = word(chip, 0);

    if (error != STAYS_AS_IT_IS) {
        return error;
    }
    (void)write_flash(chip, t->at, block_data(chip), n);
    (void)read_flash(chip, t->at, block_data(chip), n);
    if (fb_loader_checksum(block_data(chip), n) != packet(chip)[4]) {
        return FB_LOADER_E_FLASH_WRITE;
    }
    t->received += n;
    t->at += n;
    return STAYS_AS_IT_IS;
}

static int flash_end(struct chip *chip)
{
    const struct loader_transfer *t = &state(chip)->plain;

    state(chip)->leave = true;
    if (!t->begun || t->sequence != t->blocks || t->received != t->size) {
        return FB_LOADER_E_FAILED;
    }
    return (word(chip, 0) & 0xFFu) == 0 ? E_REBOOT : STAYS_AS_IT_IS;
}

static int mem_begin(struct chip *chip)
{
    int error = begin(chip, &state(chip)->plain);

    if (error == STAYS_AS_IT_IS) {
        stub_model_upload(chip, state(chip)->plain.at);
    }
    return error;
}

static int mem_data(struct chip *chip)
{
    struct loader_transfer *t = &state(chip)->plain;
    int error = take_block(chip, t, false);
    uint32_t n = word(chip, 0);

    if (error != STAYS_AS_IT_IS) {
        return error;
    }
    // Its memcpy() moves a last byte as a byte, which instruction memory
    // refuses.
    if (bus_write(&chip->bus[SOC_PRO], t->at, block_data(chip), n, NULL) !=
            BUS_OK ||
        (t->at - SOC_IRAM < SOC_IRAM_END - SOC_IRAM && n % 4 != 0)) {
        return crash(chip, t->at);
    }
    t->received += n;
    t->at += n;
    return STAYS_AS_IT_IS;
}

static int mem_end(struct chip *chip)
{
    return length(chip) > 8 ? FB_LOADER_E_INVALID_MESSAGE : STAYS_AS_IT_IS;
}

static void run(struct chip *chip, uint32_t entry)
{
    if (stub_model_is_stub(chip, entry)) {
        stub_model_start(chip);
        return;
    }
    soc_log(chip, "rom: run 0x%08" PRIx32, entry);
    chip->rom.why = "downloaded code";
    soc_start_code(chip, entry);
}

// --- compressed data ---

// Into the window, which is written when it is full.
static uint8_t fill_window(struct chip *chip, const uint8_t *p, size_t n)
{
    struct rom_loader *l = state(chip);

    while (n > 0) {
        size_t part = WINDOW_SIZE - l->window_n;

        part = part < n ? part : n;
        memcpy(RAM_OF(WINDOW) + l->window_n, p, part);
        p += part;
        n -= part;
        l->window_n += (uint32_t)part;
        if (l->window_n == WINDOW_SIZE) {
            (void)write_flash(chip, l->deflated.at, RAM_OF(WINDOW),
                              WINDOW_SIZE);
            l->deflated.at += WINDOW_SIZE;
            l->window_n = 0;
        }
    }
    return 0;
}

// After the last block all of the window is written, old contents and all.
static int deflate_data(struct chip *chip)
{
    struct loader_transfer *t = &state(chip)->deflated;
    int error = take_block(chip, t, false);

    if (error != STAYS_AS_IT_IS) {
        return error;
    }
    error = download_inflate(chip, block_data(chip), word(chip, 0),
                             t->sequence == t->blocks, fill_window);
    if (error < 0) {
        // It waits for the inflater to take what follows the stream.
        chip->rom.state = ROM_HANG;
        return OK;
    }
    if (error > 0) {
        return error;
    }
    if (t->sequence == t->blocks) {
        (void)write_flash(chip, t->at, RAM_OF(WINDOW), WINDOW_SIZE);
    }
    return STAYS_AS_IT_IS;
}

static int deflate_begin(struct chip *chip)
{
    int error = flash_begin(chip, &state(chip)->deflated);

    state(chip)->window_n = 0;
    download_inflate_start(chip);
    return error;
}

static int deflate_end(struct chip *chip)
{
    const struct loader_transfer *t = &state(chip)->deflated;

    if (!t->begun || t->sequence != t->blocks) {
        return FB_LOADER_E_FAILED;
    }
    return (word(chip, 0) & 0xFFu) == 0 ? E_REBOOT : STAYS_AS_IT_IS;
}

// --- the rest ---

static int read_reg(struct chip *chip)
{
    uint32_t value;

    if (!download_read_reg(chip, word(chip, 0), &value)) {
        return crash(chip, word(chip, 0));
    }
    store32_le(state(chip)->answer + 4, value);
    return OK;
}

static int write_reg(struct chip *chip)
{
    if (!download_write_regs(chip, packet(chip) + FB_LOADER_HEADER,
                             length(chip) & ~15u)) {
        return crash(chip, word(chip, 0));
    }
    return OK;
}

static int set_params(struct chip *chip)
{
    if (length(chip) != 24) {
        return FB_LOADER_E_INVALID_MESSAGE;
    }
    state(chip)->flash_size = word(chip, 1);
    state(chip)->sector_size = word(chip, 3);
    return OK;
}

static int read_slow(struct chip *chip)
{
    uint32_t n = word(chip, 1);

    if (n > LOADER_DATA) {
        return FB_LOADER_E_READ_LENGTH;
    }
    return read_flash(chip, word(chip, 0), state(chip)->answer + 8, n)
               ? OK
               : FB_LOADER_E_FLASH_READ;
}

static int md5(struct chip *chip)
{
    uint32_t at = word(chip, 0);
    int32_t n = (int32_t)word(chip, 1);
    uint64_t end = (uint64_t)at + (uint32_t)(n > 0 ? (n + 3) & ~3 : 0);
    uint8_t hash[16];

    if (length(chip) > DATA_MAX) {
        return FB_LOADER_E_INVALID_MESSAGE;
    }
    if (n > 0 &&
        (end > state(chip)->flash_size || end > chip->config.flash_size)) {
        return FB_LOADER_E_FLASH_READ;
    }
    if (n > 0 && deaf(chip)) {
        return OK;
    }
    fb_md5(n > 0 ? chip->config.flash + at : hash, n > 0 ? (size_t)n : 0, hash);
    for (unsigned i = 0; i < sizeof hash; i++) {
        char hex[3];

        (void)snprintf(hex, sizeof hex, "%02x", hash[i]);
        memcpy(state(chip)->answer + 8 + 2 * (size_t)i, hex, 2);
    }
    return OK;
}

// The ROM divides the crystal's frequency as it measured it; hosts know the
// error and allow for it (esptool, "change_baud" on ESP32).
static void change_baud(struct chip *chip)
{
    uint64_t crystal = (soc_reg_get(chip, RTC_STORE5) & 0xFFFFu) << 12;
    uint32_t baud = word(chip, 0);
    uint64_t divider = baud;

    if ((word(chip, 1) & 0xFFu) == 0 && baud != 0) {
        divider = (crystal << 4) / baud;
    }
    registers_store(chip, UART0_CLKDIV, 4,
                    (uint32_t)(divider >> 4 & 0xFFFFFu) |
                        (uint32_t)(divider & 0xFu) << 20);
    uart_put(chip, 0, "\xC0\xC0", 2);
}

// --- packets ---

// What the command says of itself: an error, OK or STAYS_AS_IT_IS.
static int obey(struct chip *chip, uint8_t op)
{
    struct rom_loader *l = state(chip);

    switch (op) {
    case FB_LOADER_FLASH_BEGIN:
        return flash_begin(chip, &l->plain);
    case FB_LOADER_FLASH_DATA:
        return flash_data(chip);
    case FB_LOADER_FLASH_END:
        return flash_end(chip);
    case FB_LOADER_MEM_BEGIN:
        return mem_begin(chip);
    case FB_LOADER_MEM_END:
        return mem_end(chip);
    case FB_LOADER_MEM_DATA:
        return mem_data(chip);
    case FB_LOADER_SYNC:
        store32_le(l->answer + 4, word(chip, 0));
        return OK;
    case FB_LOADER_WRITE_REG:
        return write_reg(chip);
    case FB_LOADER_READ_REG:
        return read_reg(chip);
    case FB_LOADER_SPI_SET_PARAMS:
        return set_params(chip);
    case FB_LOADER_SPI_ATTACH:
    case FB_LOADER_CHANGE_BAUDRATE:
        return OK;
    case FB_LOADER_READ_FLASH_SLOW:
        return read_slow(chip);
    case FB_LOADER_FLASH_DEFL_BEGIN:
        return deflate_begin(chip);
    case FB_LOADER_FLASH_DEFL_DATA:
        return deflate_data(chip);
    case FB_LOADER_FLASH_DEFL_END:
        return deflate_end(chip);
    case FB_LOADER_SPI_FLASH_MD5:
        return md5(chip);
    default:
        return FB_LOADER_E_INVALID_MESSAGE;
    }
}

static bool known(uint8_t op)
{
    return op >= FB_LOADER_FLASH_BEGIN && op <= FB_LOADER_SPI_FLASH_MD5 &&
           op != 0x0C;
}

static unsigned data_of(uint8_t op)
{
    return op == FB_LOADER_READ_FLASH_SLOW ? 64
           : op == FB_LOADER_SPI_FLASH_MD5 ? 32
                                           : 0;
}

static void answer(struct chip *chip, unsigned data, bool failed)
{
    struct rom_loader *l = state(chip);
    int times = l->answer[1] == FB_LOADER_SYNC ? SYNC_ANSWERS : 1;

    l->answer[2] = (uint8_t)(data + 4);
    l->answer[8 + data] = failed;
    l->answer[9 + data] = l->error;
    for (int i = 0; i < times; i++) {
        download_send_frame(chip, l->answer, 8 + data + 4);
    }
}

static void command(struct chip *chip)
{
    struct rom_loader *l = state(chip);
    uint8_t op = packet(chip)[0] == 0 ? packet(chip)[1] : 0;
    int error = obey(chip, op);

    if (chip->rom.state != ROM_DOWNLOAD || chip->power_lost) {
        return; // it has crashed
    }
    if (error != STAYS_AS_IT_IS) {
        l->error = (uint8_t)(error == E_REBOOT ? 0 : error);
    }
    if (known(op)) {
        l->answer[1] = op;
    }
    answer(chip, known(op) ? data_of(op) : 0, error > 0 && error != E_REBOOT);
    if (error == E_REBOOT) {
        uart_put(chip, 0, "\xC0\xC0", 2);
        soc_reset_request(chip, SOC_RESET_SW, 0);
    } else if (op == FB_LOADER_CHANGE_BAUDRATE) {
        change_baud(chip);
    } else if (op == FB_LOADER_MEM_END && error == STAYS_AS_IT_IS &&
               word(chip, 0) == 0) {
        run(chip, word(chip, 1));
    } else if (l->leave) {
        rom_boot_flash(chip);
    }
}

// Until the first SYNC the ROM waits for one, on every port.
static void first_sync(struct chip *chip)
{
    struct rom_loader *l = state(chip);

    if (load16_le(packet(chip)) != FB_LOADER_SYNC << 8) {
        return;
    }
    l->synced = true;
    // As the baud rate detector measured it.
    registers_store(chip, UART0_CLKDIV, 4, soc_apb_hz(chip) / 115200u);
    l->answer[1] = FB_LOADER_SYNC;
    store32_le(l->answer + 4, word(chip, 0));
    answer(chip, 0, false);
}

static bool end_of_packet(struct chip *chip)
{
    struct rom_loader *l = state(chip);

    if (l->rx_n == 0) {
        return false; // two in a row
    }
    l->rx_n = 0;
    l->rx = LOADER_OUTSIDE;
    rom_busy_us(chip, 20);
    if (l->synced) {
        command(chip);
    } else {
        first_sync(chip);
    }
    return true;
}

bool loader_push(struct chip *chip, uint8_t byte)
{
    struct rom_loader *l = state(chip);

    if (l->rx == LOADER_ESCAPED) {
        byte = byte == 0xDC ? 0xC0 : byte == 0xDD ? 0xDB : byte;
        l->rx = LOADER_INSIDE;
    } else if (byte == 0xC0) {
        if (l->rx == LOADER_INSIDE) {
            return end_of_packet(chip);
        }
        l->rx = LOADER_INSIDE;
        l->rx_n = 0;
        return false;
    } else if (byte == 0xDB && l->rx == LOADER_INSIDE) {
        l->rx = LOADER_ESCAPED;
        return false;
    }
    if (l->rx == LOADER_INSIDE && l->rx_n < PACKET_SIZE) {
        packet(chip)[l->rx_n++] = byte;
    }
    return false;
}
