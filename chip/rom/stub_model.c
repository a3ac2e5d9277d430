// SPDX-License-Identifier: Apache-2.0

#include "chip/rom/stub_model.h"

#include <string.h>

#include "chip/periph/flash_chip.h"
#include "chip/periph/uart.h"
#include "chip/soc.h"
#include "lib/fb/bytes.h"
#include "lib/fb/crypto.h"

#define SECTOR       0x1000u
#define STUB_SIZE    0x2000u // more than any stub's code
#define REG_CLKDIV   0x3FF40014u
#define RUN_DELAY_US 1000u
#define SYNC_ANSWERS 8

// Where the reference stubs' code goes: esptool before 3, 3 and 4, 5.
static const uint32_t text_at[] = {0x4009F000u, 0x400BE000u, 0x400A8000u};

enum stub_error {
    E_BAD_LENGTH = 0xC0,
    E_BAD_CHECKSUM = 0xC1,
    E_BAD_BLOCK_SIZE = 0xC2,
    E_INVALID_COMMAND = 0xC3,
    E_FAILED_SPI = 0xC4,
    E_NOT_IN_FLASH_MODE = 0xC6,
    E_INFLATE = 0xC7,
    E_NOT_ENOUGH_DATA = 0xC8,
    E_TOO_MUCH_DATA = 0xC9,
};

static struct rom_download *state(struct chip *chip)
{
    return &chip->rom.download;
}

void stub_model_upload(struct chip *chip, uint32_t vaddr)
{
    for (size_t i = 0; i < sizeof text_at / sizeof text_at[0]; i++) {
        if (vaddr == text_at[i]) {
            state(chip)->stub_text = vaddr;
        }
    }
}

bool stub_model_is_stub(const struct chip *chip, uint32_t entry)
{
    uint32_t text = chip->rom.download.stub_text;

    return text != 0 && entry - text < STUB_SIZE;
}

void stub_model_start(struct chip *chip)
{
    state(chip)->stub = true;
    state(chip)->value = 0;
    soc_log(chip, "rom: flasher stub, modelled");
    download_send_frame(chip, (const uint8_t *)"OHAI", 4);
}

static void answer(struct chip *chip, uint8_t op, uint8_t error,
                   const uint8_t *data, size_t n)
{
    uint8_t status[2] = {error, 0};

    download_reply(chip, op, data, n, status, sizeof status);
}

static void done(struct chip *chip, uint8_t op, uint8_t error)
{
    answer(chip, op, error, NULL, 0);
}

static bool outside_flash(const struct chip *chip, uint32_t flash_off,
                          uint32_t n)
{
    uint32_t size = chip->config.flash_size;

    return flash_off > size || n > size - flash_off;
}

// --- writing ---

// One row through the hardware encryptor, as SPI1 would write it.
static uint8_t write_row(struct chip *chip, uint32_t flash_off,
                         const uint8_t *row)
{
    uint8_t out[FB_FLASH_ENCRYPTION_ROW];

    memcpy(out, row, sizeof out);
    if (soc_flash_encrypts(chip)) {
        fb_flash_encrypt(cache_key(chip), flash_off, out, out, sizeof out);
    }
    return flash_chip_program(chip, flash_off, out, sizeof out) ? 0
                                                                : E_FAILED_SPI;
}

static uint8_t write_encrypted(struct chip *chip, const uint8_t *p, size_t n)
{
    struct download_transfer *t = &state(chip)->transfer;

    for (size_t i = 0; i < n; i++) {
        t->row[t->row_n++] = p[i];
        if (t->row_n == sizeof t->row) {
            uint8_t error = write_row(chip, t->at, t->row);

            if (error != 0) {
                return error;
            }
            t->at += (uint32_t)sizeof t->row;
            t->row_n = 0;
        }
    }
    return 0;
}

// The stub erases ahead of what it writes.
static uint8_t erase_to(struct chip *chip, uint32_t end)
{
    struct download_transfer *t = &state(chip)->transfer;

    if (t->erased < end) {
        uint32_t n = align_up32(end - t->erased, SECTOR);

        if (!flash_chip_erase(chip, t->erased, n)) {
            return E_FAILED_SPI;
        }
        t->erased += n;
    }
    return 0;
}

// n bytes of a transfer; what goes beyond the announced size is padding.
static uint8_t write_part(struct chip *chip, const uint8_t *p, size_t n,
                          bool encrypt)
{
    struct download_transfer *t = &state(chip)->transfer;
    uint8_t error;

    if (n > t->left) {
        n = t->left;
    }
    if (n == 0) {
        return 0;
    }
    if (outside_flash(chip, t->at, (uint32_t)n)) {
        return E_FAILED_SPI;
    }
    error = erase_to(chip, t->at + t->row_n + (uint32_t)n);
    if (error != 0) {
        return error;
    }
    t->left -= (uint32_t)n;
    if (encrypt) {
        return write_encrypted(chip, p, n);
    }
    if (!flash_chip_program(chip, t->at, p, n)) {
        return E_FAILED_SPI;
    }
    t->at += (uint32_t)n;
    return 0;
}

static uint8_t write_inflated(struct chip *chip, const uint8_t *p, size_t n)
{
    struct download_transfer *t = &state(chip)->transfer;

    if (n > t->left) {
        return E_TOO_MUCH_DATA;
    }
    return write_part(chip, p, n, t->encrypt);
}

static void begin(struct chip *chip, const struct fb_loader_request *r,
                  enum download_kind kind)
{
    struct download_transfer *t = &state(chip)->transfer;

    if (r->len != 16 && r->len != 20) {
        done(chip, r->op, E_BAD_LENGTH);
        return;
    }
    memset(t, 0, sizeof *t);
    t->kind = kind;
    t->left = load32_le(r->data);
    t->block_size = load32_le(r->data + 8);
    t->at = load32_le(r->data + 12);
    t->encrypt = r->len == 20 && load32_le(r->data + 16) != 0;
    t->erased = t->at & ~(SECTOR - 1);
    if (t->block_size > FB_LOADER_STUB_BLOCK) {
        t->kind = DOWNLOAD_NONE;
        done(chip, r->op, E_BAD_BLOCK_SIZE);
        return;
    }
    if (outside_flash(chip, t->at, t->left)) {
        t->kind = DOWNLOAD_NONE;
        done(chip, r->op, E_FAILED_SPI);
        return;
    }
    if (kind == DOWNLOAD_DEFLATE) {
        download_inflate_start(chip);
    }
    done(chip, r->op, 0);
}

static uint8_t payload_error(uint8_t error)
{
    return error == FB_LOADER_E_CHECKSUM ? E_BAD_CHECKSUM : E_BAD_LENGTH;
}

static void flash_data(struct chip *chip, const struct fb_loader_request *r)
{
    struct download_transfer *t = &state(chip)->transfer;
    bool encrypt = t->encrypt || r->op == FB_LOADER_FLASH_ENCRYPT_DATA;
    uint8_t error = 0;
    size_t n;
    const uint8_t *p;

    if (t->kind != DOWNLOAD_FLASH) {
        done(chip, r->op, E_NOT_IN_FLASH_MODE);
        return;
    }
    p = download_payload(chip, r, DOWNLOAD_FLASH, &n, &error);
    done(chip, r->op,
         p == NULL ? payload_error(error) : write_part(chip, p, n, encrypt));
}

static void deflate_data(struct chip *chip, const struct fb_loader_request *r)
{
    uint8_t error = 0;
    int result;
    size_t n;
    const uint8_t *p;

    if (state(chip)->transfer.kind != DOWNLOAD_DEFLATE) {
        done(chip, r->op, E_NOT_IN_FLASH_MODE);
        return;
    }
    p = download_payload(chip, r, DOWNLOAD_DEFLATE, &n, &error);
    if (p == NULL) {
        done(chip, r->op, payload_error(error));
        return;
    }
    // What follows the stream is not looked at.
    result = download_inflate(chip, p, n, false, write_inflated);
    if (result == FB_LOADER_E_DEFLATE || result == FB_LOADER_E_DEFLATE_ADLER) {
        result = E_INFLATE;
    }
    done(chip, r->op, (uint8_t)(result < 0 ? 0 : result));
}

static void end(struct chip *chip, const struct fb_loader_request *r)
{
    struct download_transfer *t = &state(chip)->transfer;
    uint8_t error = 0;

    if (r->len != 4) {
        done(chip, r->op, E_BAD_LENGTH);
        return;
    }
    if (t->kind != DOWNLOAD_FLASH && t->kind != DOWNLOAD_DEFLATE) {
        error = E_NOT_IN_FLASH_MODE;
    } else if (t->left > 0) {
        error = E_NOT_ENOUGH_DATA;
    }
    t->kind = DOWNLOAD_NONE;
    done(chip, r->op, error);
    // 0: reboot now, whatever else: stay (esptool's flasher stub; the ROM
    // would run the application).
    if (error == 0 && load32_le(r->data) == 0) {
        soc_reset_request(chip, SOC_RESET_SW, 0);
    }
}

// --- RAM: the stub keeps the commands of the ROM ---

static void mem_begin(struct chip *chip, const struct fb_loader_request *r)
{
    struct download_transfer *t = &state(chip)->transfer;

    if (r->len != 16) {
        done(chip, r->op, E_BAD_LENGTH);
        return;
    }
    memset(t, 0, sizeof *t);
    t->kind = DOWNLOAD_RAM;
    t->left = load32_le(r->data);
    t->at = load32_le(r->data + 12);
    done(chip, r->op, 0);
}

static void mem_data(struct chip *chip, const struct fb_loader_request *r)
{
    uint8_t error = 0;
    size_t n;
    const uint8_t *p = download_payload(chip, r, DOWNLOAD_RAM, &n, &error);

    if (p == NULL) {
        done(chip, r->op, payload_error(error));
    } else {
        done(chip, r->op,
             download_ram_data(chip, p, n) != 0 ? E_BAD_LENGTH : 0);
    }
}

static void mem_end(struct chip *chip, const struct fb_loader_request *r)
{
    if (r->len != 8) {
        done(chip, r->op, E_BAD_LENGTH);
        return;
    }
    done(chip, r->op, 0);
    if (load32_le(r->data) == 0) {
        chip->rom.why = "downloaded code";
        soc_start_code(chip, load32_le(r->data + 4));
    }
}

// --- reading ---

static void read_flash(struct chip *chip, const struct fb_loader_request *r)
{
    struct download_read *read = &state(chip)->read;

    if (r->len != 16) {
        done(chip, r->op, E_BAD_LENGTH);
        return;
    }
    memset(read, 0, sizeof *read);
    read->from = load32_le(r->data);
    read->size = load32_le(r->data + 4);
    read->packet = load32_le(r->data + 8);
    read->in_flight = load32_le(r->data + 12);
    if (read->packet == 0 || read->packet > SECTOR ||
        outside_flash(chip, read->from, read->size)) {
        done(chip, r->op, E_FAILED_SPI);
        return;
    }
    read->active = true;
    done(chip, r->op, 0);
}

// Data frames as long as the host keeps up, then the MD5 of all.
bool stub_model_step(struct chip *chip)
{
    struct download_read *read = &state(chip)->read;
    const uint8_t *flash = chip->config.flash + read->from;
    uint32_t window;

    if (!read->active) {
        return false;
    }
    window = (read->in_flight == 0 ? 1 : read->in_flight) * read->packet;
    if (read->sent < read->size && read->sent - read->acked < window) {
        uint32_t n = read->size - read->sent;

        n = n < read->packet ? n : read->packet;
        download_send_frame(chip, flash + read->sent, n);
        read->sent += n;
        return true;
    }
    if (read->acked >= read->size) {
        uint8_t hash[16];

        fb_md5(flash, read->size, hash);
        download_send_frame(chip, hash, sizeof hash);
        read->active = false;
        return true;
    }
    return false;
}

static void md5(struct chip *chip, const struct fb_loader_request *r)
{
    uint8_t hash[16];

    if (r->len != 16) {
        done(chip, r->op, E_BAD_LENGTH);
        return;
    }
    if (outside_flash(chip, load32_le(r->data), load32_le(r->data + 4))) {
        done(chip, r->op, E_FAILED_SPI);
        return;
    }
    fb_md5(chip->config.flash + load32_le(r->data), load32_le(r->data + 4),
           hash);
    answer(chip, r->op, 0, hash, sizeof hash);
}

// --- erasing and the rest ---

static void erase_region(struct chip *chip, const struct fb_loader_request *r)
{
    uint32_t at, n;

    if (r->len != 8) {
        done(chip, r->op, E_BAD_LENGTH);
        return;
    }
    at = load32_le(r->data);
    n = load32_le(r->data + 4);
    if (at % SECTOR != 0 || n % SECTOR != 0 || outside_flash(chip, at, n) ||
        !flash_chip_erase(chip, at, n)) {
        done(chip, r->op, E_FAILED_SPI);
        return;
    }
    done(chip, r->op, 0);
}

static void change_baud(struct chip *chip, const struct fb_loader_request *r)
{
    uint32_t baud = r->len == 8 ? load32_le(r->data) : 0;

    if (baud == 0) {
        done(chip, r->op, E_BAD_LENGTH);
        return;
    }
    done(chip, r->op, 0); // at the old rate
    uart_set_baud(chip, 0, baud, soc_apb_hz(chip));
}

static void read_reg(struct chip *chip, const struct fb_loader_request *r)
{
    uint32_t value = 0;

    if (r->len != 4 || !download_read_reg(chip, load32_le(r->data), &value)) {
        done(chip, r->op, E_BAD_LENGTH);
        return;
    }
    state(chip)->value = value;
    done(chip, r->op, 0);
    state(chip)->value = 0;
}

static void write_reg(struct chip *chip, const struct fb_loader_request *r)
{
    bool good = r->len > 0 && r->len % 16 == 0 &&
                download_write_regs(chip, r->data, r->len);

    done(chip, r->op, good ? 0 : E_BAD_LENGTH);
}

static void check_len(struct chip *chip, const struct fb_loader_request *r,
                      size_t len)
{
    done(chip, r->op, r->len == len ? 0 : E_BAD_LENGTH);
}

// Stubs use the ROM's driver, which waits for the flash before it does
// anything.
static bool waits_for_flash(const struct chip *chip, uint8_t op)
{
    static const uint8_t ops[] = {
        FB_LOADER_FLASH_BEGIN,      FB_LOADER_FLASH_DATA,
        FB_LOADER_FLASH_DEFL_BEGIN, FB_LOADER_FLASH_DEFL_DATA,
        FB_LOADER_SPI_FLASH_MD5,    FB_LOADER_FLASH_ENCRYPT_DATA,
        FB_LOADER_READ_FLASH,       FB_LOADER_ERASE_FLASH,
        FB_LOADER_ERASE_REGION,
    };

    return !chip->supply.flash_answers && memchr(ops, op, sizeof ops) != NULL;
}

static void command(struct chip *chip, const struct fb_loader_request *r)
{
    if (waits_for_flash(chip, r->op)) {
        rom_hang(chip, "the stub waits for a flash that does not answer");
        return;
    }
    switch (r->op) {
    case FB_LOADER_SYNC:
        // As often as the ROM, so that hosts need not know who is there.
        for (int i = 0; i < SYNC_ANSWERS; i++) {
            check_len(chip, r, 36);
        }
        return;
    case FB_LOADER_READ_REG:
        read_reg(chip, r);
        return;
    case FB_LOADER_WRITE_REG:
        write_reg(chip, r);
        return;
    case FB_LOADER_SPI_SET_PARAMS:
        check_len(chip, r, 24);
        return;
    case FB_LOADER_SPI_ATTACH:
        done(chip, r->op, r->len == 4 || r->len == 8 ? 0 : E_BAD_LENGTH);
        return;
    case FB_LOADER_CHANGE_BAUDRATE:
        change_baud(chip, r);
        return;
    case FB_LOADER_FLASH_BEGIN:
        begin(chip, r, DOWNLOAD_FLASH);
        return;
    case FB_LOADER_FLASH_DEFL_BEGIN:
        begin(chip, r, DOWNLOAD_DEFLATE);
        return;
    case FB_LOADER_FLASH_DATA:
    case FB_LOADER_FLASH_ENCRYPT_DATA:
        flash_data(chip, r);
        return;
    case FB_LOADER_FLASH_DEFL_DATA:
        deflate_data(chip, r);
        return;
    case FB_LOADER_FLASH_END:
    case FB_LOADER_FLASH_DEFL_END:
        end(chip, r);
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
    case FB_LOADER_SPI_FLASH_MD5:
        md5(chip, r);
        return;
    case FB_LOADER_READ_FLASH:
        read_flash(chip, r);
        return;
    case FB_LOADER_ERASE_FLASH:
        done(chip, r->op, flash_chip_erase_all(chip) ? 0 : E_FAILED_SPI);
        return;
    case FB_LOADER_ERASE_REGION:
        erase_region(chip, r);
        return;
    case FB_LOADER_RUN_USER_CODE:
        // No answer: the chip starts what is in its flash.
        soc_reset_request(chip, SOC_RESET_SW, 0);
        rom_busy_us(chip, RUN_DELAY_US);
        return;
    default:
        done(chip, r->op, E_INVALID_COMMAND);
        return;
    }
}

void stub_model_packet(struct chip *chip,
                       const struct fb_loader_request *request,
                       const uint8_t *frame, size_t n)
{
    struct download_read *read = &state(chip)->read;

    if (read->active) {
        if (n == 4) {
            read->acked = load32_le(frame);
        } else {
            read->active = false; // the host gave up and says something else
        }
    }
    if (request != NULL && n >= FB_LOADER_HEADER) {
        command(chip, request);
    }
}
