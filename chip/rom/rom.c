// SPDX-License-Identifier: Apache-2.0

#include "chip/rom/rom.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "chip/periph/gpio.h"
#include "chip/periph/rtc.h"
#include "chip/periph/timg.h"
#include "chip/periph/uart.h"
#include "chip/rom/secure_boot_v2.h"
#include "chip/soc.h"
#include "lib/fb/bytes.h"
#include "lib/fb/flash.h"
#include "lib/fb/image.h"

#define BOOTLOADER   FB_FLASH_BOOTLOADER
#define REPEAT_US    80000u
#define RESTART_US   300000u
#define CONSOLE_BAUD 115200u
#define CHUNK        1024u
#define SEGMENTS_MAX 32u // revision 3

// Lines of the ROM's source that its messages name.
#define ROW_BODY   1162u
#define ROW_HEADER 1230u

bool rom_in_download(const struct chip *chip)
{
    return chip->rom.state == ROM_DOWNLOAD;
}

// --- text ---

static bool hspi(uint32_t strap)
{
    return (strap & (CHIP_STRAP_GPIO0 | CHIP_STRAP_GPIO2 | CHIP_STRAP_GPIO4)) ==
           CHIP_STRAP_GPIO2;
}

// The modes of GPIO2 and GPIO4 high that neither read flash nor listen.
enum { SDIO_V1_BOOT = 1, ATE_BOOT = 2 };

static unsigned mode(uint32_t strap)
{
    return (strap & 0x1Cu) == (CHIP_STRAP_GPIO2 | CHIP_STRAP_GPIO4) ? strap & 3u
                                                                    : 0;
}

static bool legacy_flash(uint32_t strap)
{
    return (strap & 0x1Fu) == (CHIP_STRAP_GPIO2 | CHIP_STRAP_GPIO4);
}

// MTDO silences a boot from flash only.
static bool silent(const struct chip *chip)
{
    uint32_t strap = soc_reg_get(chip, GPIO_STRAP_REG);
    bool boots = (strap & CHIP_STRAP_GPIO0) != 0 || hspi(strap);

    return (boots && (strap & CHIP_STRAP_MTDO) == 0) ||
           (soc_reg_get(chip, RTC_STORE4) & 1u) != 0;
}

static void put_text(struct chip *chip, const char *text)
{
    for (const char *p = text; *p != '\0'; p++) {
        if (*p == '\n') {
            uart_put(chip, 0, "\r", 1);
        }
        uart_put(chip, 0, p, 1);
    }
}

void rom_print(struct chip *chip, const char *format, ...)
{
    char text[200];
    va_list args;

    if (silent(chip)) {
        return;
    }
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    put_text(chip, text);
}

void rom_busy_us(struct chip *chip, uint64_t us)
{
    uint64_t now = soc_now(chip);

    if (chip->rom.busy_until < now) {
        chip->rom.busy_until = now;
    }
    chip->rom.busy_until += us * SOC_TICKS_PER_US;
}

static void wait_us(struct chip *chip, uint64_t us)
{
    chip->rom.wake = soc_now(chip) + us * SOC_TICKS_PER_US;
    soc_event_set(chip, SOC_EV_ROM, chip->rom.wake);
}

const char *rom_reset_name(unsigned cause)
{
    switch (cause) {
    case 1:
        return "POWERON_RESET";
    case 3:
        return "SW_RESET";
    case 4:
        return "OWDT_RESET";
    case 5:
        return "DEEPSLEEP_RESET";
    case 6:
        return "SDIO_RESET";
    case 7:
        return "TG0WDT_SYS_RESET";
    case 8:
        return "TG1WDT_SYS_RESET";
    case 9:
        return "RTCWDT_SYS_RESET";
    case 10:
        return "INTRUSION_RESET";
    case 11:
        return "TGWDT_CPU_RESET";
    case 12:
        return "SW_CPU_RESET";
    case 13:
        return "RTCWDT_CPU_RESET";
    case 14:
        return "EXT_CPU_RESET";
    case 15:
        return "RTCWDT_BROWN_OUT_RESET";
    case 16:
        return "RTCWDT_RTC_RESET";
    default:
        return "NO_MEAN";
    }
}

// TRM "Chip Boot Control": GPIO0 high boots from flash; else GPIO2 and GPIO4
// choose, MTDO and GPIO5 the edges of SDIO.
const char *rom_boot_name(uint32_t strap)
{
    static const char *const download[4] = {
        "DOWNLOAD_BOOT(UART0/UART1/SDIO_FEI_FEO_V2)",
        "DOWNLOAD_BOOT(UART0/UART1/SDIO_FEI_REO_V2)",
        "DOWNLOAD_BOOT(UART0/UART1/SDIO_REI_FEO_V2)",
        "DOWNLOAD_BOOT(UART0/UART1/SDIO_REI_REO_V2)",
    };
    static const char *const legacy[4] = {
        "SPI_FLASH_BOOT",
        "SDIO_REI_FEO_V1_BOOT",
        "ATE_BOOT",
        "UART_BOOT(UART0)",
    };

    if ((strap & CHIP_STRAP_GPIO0) != 0) {
        return "SPI_FAST_FLASH_BOOT";
    }
    if ((strap & CHIP_STRAP_GPIO2) == 0) {
        return download[strap & 3u];
    }
    return (strap & CHIP_STRAP_GPIO4) == 0 ? "HSPI_FLASH_BOOT"
                                           : legacy[strap & 3u];
}

bool rom_straps_download(uint32_t strap)
{
    bool high = (strap & CHIP_STRAP_GPIO2) != 0;

    if ((strap & CHIP_STRAP_GPIO0) != 0) {
        return false;
    }
    return !high || (strap & (CHIP_STRAP_GPIO4 | 3u)) ==
                        (CHIP_STRAP_GPIO4 | 3u); // UART_BOOT
}

// --- failures ---

void rom_hang(struct chip *chip, const char *why)
{
    chip->rom.why = why;
    chip->rom.state = ROM_HANG;
    soc_log(chip, "rom: %s", why);
}

static bool old_rom(const struct chip *chip)
{
    return chip->config.revision < 3;
}

// The interpreter unless the fuse forbids it, else the assertion that failed.
static void give_up(struct chip *chip, const char *why, unsigned line)
{
    rom_hang(chip, why);
    if (fb_efuse_get(&chip->latched, FB_EFUSE_CONSOLE_DEBUG_DISABLE) == 0) {
        rom_print(chip, "Falling back to built-in command interpreter.\n");
        put_text(chip, "OK\n>"); // the interpreter knows no straps
        chip->rom.state = ROM_BASIC;
        return;
    }
    rom_print(chip, "ets_main.c %u \n", line);
}

// Revision 3 prints a line again and again, about what the header said.
static void repeat_for_ever(struct chip *chip, const char *why, uint32_t header)
{
    rom_hang(chip, why);
    chip->rom.state = ROM_REPEAT;
    chip->rom.wrong_chip = false;
    chip->rom.header = header;
    chip->rom.wake = soc_now(chip);
}

static void bad_header(struct chip *chip, uint32_t word)
{
    if (old_rom(chip) || chip->rom.legacy) {
        rom_print(chip, "flash read err, %u\n",
                  !chip->rom.legacy ? 1000u
                  : old_rom(chip)   ? 648u
                                    : 631u);
        give_up(chip, "no image at 0x1000", 371);
        return;
    }
    repeat_for_ever(chip, "no image at 0x1000", word);
}

static void bad_checksum(struct chip *chip, uint8_t got, uint8_t want)
{
    rom_print(chip, "csum err:0x%02x!=0x%02x\n", got, want);
    give_up(chip, "image checksum wrong", old_rom(chip) ? 371 : 384);
}

static void bad_digest(struct chip *chip)
{
    if (old_rom(chip)) {
        rom_print(chip, "secure boot check fail\n");
        give_up(chip, "secure boot check failed", 371);
        return;
    }
    rom_print(chip, "Secure boot check fail\n");
    rom_hang(chip, "secure boot check failed");
    chip->rom.state = ROM_RESTART;
    wait_us(chip, RESTART_US);
}

// --- flash boot ---

static bool uses_v2(const struct chip *chip)
{
    return !old_rom(chip) &&
           fb_efuse_get(&chip->latched, FB_EFUSE_ABS_DONE_1) != 0;
}

static void print_configuration(struct chip *chip,
                                const struct fb_image_header *h)
{
    static const char *const modes[] = {"QIO",  "QOUT",    "DIO",
                                        "DOUT", "FAST_RD", "SLOW_RD"};
    uint32_t strap = soc_reg_get(chip, GPIO_STRAP_REG);
    uint32_t pads = fb_efuse_flash_pads(&chip->latched);
    unsigned div = h->flash_freq > 2 ? 1u : h->flash_freq + 2u;

    pads = pads == 0 && hspi(strap) ? 1 : pads;
    if (chip->rom.legacy || legacy_flash(strap)) {
        rom_print(chip, "configsip: 0x%08" PRIx32 ", SPIWP:0x%02x\n", pads,
                  h->wp_pin);
    } else {
        rom_print(chip, "configsip: %" PRIu32 ", SPIWP:0x%02x\n", pads,
                  h->wp_pin);
    }
    rom_print(chip,
              "clk_drv:0x%02x,q_drv:0x%02x,d_drv:0x%02x,"
              "cs0_drv:0x%02x,hd_drv:0x%02x,wp_drv:0x%02x\n",
              h->drive[0] & 15u, h->drive[0] >> 4, h->drive[1] & 15u,
              h->drive[1] >> 4, h->drive[2] & 15u, h->drive[2] >> 4);
    if (uses_v2(chip)) {
        rom_print(chip, "mode:%u, clock div:%u\n", h->flash_mode, div);
    } else {
        rom_print(chip, "mode:%s, clock div:%u\n",
                  modes[h->flash_mode < 5 ? h->flash_mode : 5], div);
    }
}

// The ROM goes through the image in rows of 16 bytes behind one page of the
// cache, and says when it moves the page.
static void row_at(struct chip *chip, uint32_t flash_off, unsigned line)
{
    line -= old_rom(chip) ? 0 : 12;
    if ((flash_off & 0xFFFFu) == 0) {
        rom_print(chip, "%u mmu set %08" PRIx32 ", pos %08" PRIx32 "\n", line,
                  flash_off, flash_off);
    }
}

// Copy bytes to where they belong. False: that is no memory.
static bool load_bytes(struct chip *chip, uint32_t vaddr, uint32_t flash_off,
                       uint32_t n, uint8_t *checksum)
{
    uint8_t bytes[CHUNK];

    for (uint32_t done = 0; done < n;) {
        uint32_t part = CHUNK - (flash_off + done) % CHUNK;

        part = part < n - done ? part : n - done;
        if (done > 0) {
            row_at(chip, flash_off + done, ROW_BODY);
        }
        cache_read(chip, flash_off + done, bytes, part);
        for (uint32_t i = 0; i < part; i++) {
            *checksum ^= bytes[i];
        }
        if (bus_write(&chip->bus[SOC_PRO], vaddr + done, bytes, part, NULL) !=
            BUS_OK) {
            soc_log(chip, "rom: segment at 0x%08" PRIx32 " is not memory",
                    vaddr + done);
            return false;
        }
        done += part;
    }
    return true;
}

// Where a segment's header ends in its row of 16 bytes, after n bytes of data
// that began at `from` (1 .. 16). A header that does not fit into the row any
// more is told.
static unsigned next_header(struct chip *chip, unsigned from, uint32_t n,
                            uint32_t flash_off)
{
    unsigned room = 16 - from;
    unsigned used = n < room ? from + n : (n - room) % 16;

    if (16 - used >= FB_IMAGE_SEGMENT_HEADER) {
        return used + FB_IMAGE_SEGMENT_HEADER;
    }
    rom_print(chip, "ho %u tail %u room %u\n", n < room ? from : 0,
              n < room ? (unsigned)n : used, 16 - used);
    row_at(chip, (flash_off | 15u) + 1, ROW_HEADER);
    return used - FB_IMAGE_SEGMENT_HEADER;
}

// All segments; the checksum byte ends the last 16 bytes. Returns the length
// of the image through that byte, 0 after a failure that was reported.
static uint32_t load_image(struct chip *chip, unsigned segments)
{
    uint32_t at = BOOTLOADER + FB_IMAGE_HEADER_SIZE;
    uint8_t checksum = FB_IMAGE_CHECKSUM_SEED;
    unsigned from = 0; // in its row, where data begins
    uint8_t stored;

    for (unsigned i = 0; i < segments; i++) {
        uint8_t head[FB_IMAGE_SEGMENT_HEADER];
        uint32_t vaddr, n;

        cache_read(chip, at, head, sizeof head);
        vaddr = load32_le(head);
        n = load32_le(head + 4);
        at += FB_IMAGE_SEGMENT_HEADER;
        rom_print(chip, "load:0x%08" PRIx32 ",len:%" PRId32 "\n", vaddr,
                  (int32_t)n);
        if (!load_bytes(chip, vaddr, at, n, &checksum)) {
            rom_hang(chip, "segment outside memory");
            return 0;
        }
        at += n;
        if (i + 1 < segments) {
            from = next_header(chip, from, n, at);
        }
    }
    // The row that is behind the page already when there is no segment.
    at = (segments == 0 ? at + FB_IMAGE_SEGMENT_HEADER : at) | 15u;
    cache_read(chip, at, &stored, 1);
    if (stored != checksum && (segments > 0 || !old_rom(chip))) {
        bad_checksum(chip, checksum, stored);
        return 0;
    }
    return at + 1 - BOOTLOADER;
}

// Secure Boot V1: the digest over IV and bootloader under the key in BLK2.
static bool digest_matches(struct chip *chip, uint32_t image_len,
                           bool hash_appended)
{
    uint8_t key[32], block[FB_SECURE_BOOT_V1_BLOCK];
    uint8_t want[FB_SECURE_BOOT_V1_DIGEST_SIZE];
    uint8_t got[FB_SECURE_BOOT_V1_DIGEST_SIZE];
    struct fb_secure_boot_v1 c;
    size_t key_len = fb_efuse_key(&chip->latched, 2, key);
    uint32_t covered = fb_secure_boot_v1_covered(
        image_len + (hash_appended ? FB_IMAGE_HASH_SIZE : 0), hash_appended);

    fb_secure_boot_v1_init(&c, key, key_len);
    fb_bytes_wipe(key, sizeof key);
    cache_read(chip, FB_SECURE_BOOT_V1_IV_OFF, block, sizeof block);
    fb_secure_boot_v1_update(&c, block, sizeof block);
    for (uint32_t at = 0; at < covered; at += sizeof block) {
        cache_read(chip, BOOTLOADER + at, block, sizeof block);
        fb_secure_boot_v1_update(&c, block, sizeof block);
    }
    fb_secure_boot_v1_final(&c, got);
    cache_read(chip, FB_SECURE_BOOT_V1_DIGEST_OFF, want, sizeof want);
    return memcmp(want, got, sizeof want) == 0;
}

static bool secure_boot(struct chip *chip, uint32_t image_len,
                        bool hash_appended)
{
    const struct fb_efuse_words *fuses = &chip->latched;

    if (fb_efuse_get(fuses, FB_EFUSE_ABS_DONE_0) != 0) {
        rom_busy_us(chip, image_len / 16);
        if (!digest_matches(chip, image_len, hash_appended)) {
            bad_digest(chip);
            return false;
        }
        soc_log(chip, "rom: secure boot digest matches");
    }
    return true;
}

static bool load_checked(struct chip *chip, unsigned segments,
                         bool hash_appended)
{
    uint32_t len;

    if (uses_v2(chip)) {
        return rom_secure_boot_v2(chip, BOOTLOADER);
    }
    len = load_image(chip, segments);
    if (len == 0) {
        return false;
    }
    rom_busy_us(chip, len / 8);
    return secure_boot(chip, len, hash_appended);
}

static void flash_boot(struct chip *chip)
{
    uint8_t bytes[FB_IMAGE_HEADER_SIZE];
    struct fb_image_header h = {0};
    unsigned segments;

    // These straps, and the loader, read with SPI1, whose driver waits.
    if (!chip->supply.flash_answers &&
        (chip->rom.legacy || legacy_flash(soc_reg_get(chip, GPIO_STRAP_REG)))) {
        rom_hang(chip, "the flash does not answer");
        return;
    }
    cache_read(chip, BOOTLOADER, bytes, sizeof bytes);
    segments = bytes[1];
    if (bytes[0] != FB_IMAGE_MAGIC ||
        (!old_rom(chip) && (segments > SEGMENTS_MAX || bytes[2] > 5))) {
        bad_header(chip, load32_le(bytes));
        return;
    }
    if (!old_rom(chip) && load16_le(bytes + 12) != FB_IMAGE_CHIP_ESP32) {
        repeat_for_ever(chip, "image for another chip", load16_le(bytes + 12));
        chip->rom.wrong_chip = true;
        return;
    }
    bytes[1] = 1; // the ROM of revision 0 takes any number
    bytes[23] = bytes[23] == 1;
    (void)fb_image_header_parse(bytes, &h, NULL);
    print_configuration(chip, &h);
    if (!load_checked(chip, segments, h.hash_appended)) {
        return;
    }
    rom_print(chip, "entry 0x%08" PRIx32 "\n", h.entry);
    chip->rom.why = "flash boot";
    soc_log(chip, "rom: start at 0x%08" PRIx32, h.entry);
    soc_start_code(chip, h.entry);
}

void rom_boot_flash(struct chip *chip)
{
    chip->rom.active = true;
    chip->rom.state = ROM_FLASH_BOOT;
    chip->rom.legacy = true;
}

// --- after reset ---

void rom_reset(struct chip *chip)
{
    chip->rom.active = true;
    chip->rom.state = ROM_START;
    chip->rom.legacy = false;
    chip->rom.busy_until = 0;
    chip->rom.why = "reset";
    soc_event_set(chip, SOC_EV_ROM, SOC_NEVER);
}

// The ROM takes the crystal's frequency from a count against the 8 MHz
// oscillator and that one's trim, and keeps it in units of 4096 Hz.
static void measure_crystal(struct chip *chip)
{
    uint32_t trim = fb_efuse_get(&chip->latched, FB_EFUSE_CLK8M_FREQ);
    uint32_t count = soc_reg_get(chip, TIMG0_RTCCALICFG1) >> 7;
    uint64_t crystal = (uint64_t)count * 15625u * trim / 40;

    if (crystal == 0 || (!old_rom(chip) && crystal < 33000000u)) {
        crystal = 26000000u;
    } else if (!old_rom(chip)) {
        crystal = SOC_XTAL_HZ;
    }
    *soc_reg(chip, RTC_STORE5) = (uint32_t)(crystal >> 12) * 0x10001u;
}

// Revision 3 says so instead of its banner.
static bool download_disabled(struct chip *chip)
{
    if (old_rom(chip) ||
        fb_efuse_get(&chip->latched, FB_EFUSE_UART_DOWNLOAD_DIS) == 0) {
        return false;
    }
    rom_print(chip, "Download mode is disabled. Restart with GPIO0 high.\n");
    rom_hang(chip, "UART download mode disabled");
    return true;
}

static void enter_download(struct chip *chip)
{
    rtc_wdt_flash_boot(chip, false);
    timg_wdt_flash_boot(chip, false);
    if ((soc_reg_get(chip, GPIO_STRAP_REG) & CHIP_STRAP_GPIO2) == 0) {
        rom_print(chip, "waiting for download\n");
    }
    chip->rom.state = ROM_DOWNLOAD;
    chip->rom.why = "download mode";
    download_start(chip);
    soc_log(chip, "rom: download mode");
}

static void start(struct chip *chip)
{
    uint32_t strap = soc_reg_get(chip, GPIO_STRAP_REG);
    unsigned cause = soc_reg_get(chip, RTC_RESET_STATE) & 0x3Fu;

    rtc_wdt_flash_boot(chip, true);
    timg_wdt_flash_boot(chip, true);
    uart_set_baud(chip, 0, CONSOLE_BAUD, soc_apb_hz(chip));
    measure_crystal(chip);
    rom_busy_us(chip, 5000);
    if (rom_straps_download(strap) && download_disabled(chip)) {
        return;
    }
    if (mode(strap) == ATE_BOOT) {
        rom_print(chip, "ets_main.c %u \n", old_rom(chip) ? 238u : 246u);
        rom_hang(chip, "no boot mode for these straps");
        return;
    }
    rom_print(chip, "%s\n\n",
              old_rom(chip) ? "ets Jun  8 2016 00:22:57"
                            : "ets Jul 29 2019 12:21:46");
    rom_print(chip, "rst:0x%x (%s),boot:0x%x (%s)\n", cause,
              rom_reset_name(cause), (unsigned)strap & 0x3Fu,
              rom_boot_name(strap));
    if (rom_straps_download(strap)) {
        enter_download(chip);
    } else if (mode(strap) == SDIO_V1_BOOT) {
        rom_print(chip, "waiting for sdio host\n");
        rom_hang(chip, "SDIO boot is not modelled");
    } else {
        chip->rom.state = ROM_FLASH_BOOT;
    }
}

static bool repeat(struct chip *chip)
{
    if (soc_now(chip) < chip->rom.wake) {
        return false;
    }
    if (chip->rom.wrong_chip) {
        rom_print(chip, "wrong chip id 0x%04" PRIx32 "\n", chip->rom.header);
    } else {
        rom_print(chip, "invalid header: 0x%08" PRIx32 "\n", chip->rom.header);
    }
    wait_us(chip, REPEAT_US);
    return true;
}

static bool restart(struct chip *chip)
{
    if (soc_now(chip) < chip->rom.wake) {
        return false;
    }
    soc_reset_request(chip, SOC_RESET_SW, 0);
    return true;
}

bool rom_step(struct chip *chip)
{
    switch (chip->rom.state) {
    case ROM_START:
        start(chip);
        return true;
    case ROM_FLASH_BOOT:
        flash_boot(chip);
        return true;
    case ROM_REPEAT:
        return repeat(chip);
    case ROM_HANG:
        return false;
    case ROM_RESTART:
        return restart(chip);
    case ROM_BASIC:
        return uart_take(chip, 0) >= 0;
    case ROM_DOWNLOAD:
        return download_step(chip);
    }
    return false;
}

void rom_copied(struct chip *to, const struct chip *from)
{
    download_copied(to, from);
}
