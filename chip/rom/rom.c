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
#include "chip/soc.h"
#include "lib/fb/bytes.h"
#include "lib/fb/image.h"

#define BOOTLOADER   FB_SECURE_BOOT_V1_IMAGE_OFF
#define IMAGE_END    0x1000000u // no image reaches beyond 16 MiB
#define REPEAT_US    80000u
#define RESTART_US   300000u
#define CONSOLE_BAUD 115200u
#define CHUNK        1024u

bool rom_in_download(const struct chip *chip)
{
    return chip->rom.state == ROM_DOWNLOAD;
}

// --- text ---

static bool silent(const struct chip *chip)
{
    return (soc_reg_get(chip, GPIO_STRAP_REG) & CHIP_STRAP_MTDO) == 0 ||
           (soc_reg_get(chip, RTC_STORE4) & 1u) != 0;
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
    for (const char *p = text; *p != '\0'; p++) {
        if (*p == '\n') {
            uart_put(chip, 0, "\r", 1);
        }
        uart_put(chip, 0, p, 1);
    }
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

static void hang(struct chip *chip, const char *why)
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
    hang(chip, why);
    if (fb_efuse_get(&chip->latched, FB_EFUSE_CONSOLE_DEBUG_DISABLE) == 0) {
        rom_print(chip, "Falling back to built-in command interpreter.\n"
                        "OK\n>");
        chip->rom.state = ROM_BASIC;
        rtc_wdt_flash_boot(chip, false);
        timg_wdt_flash_boot(chip, false);
        return;
    }
    rom_print(chip, "ets_main.c %u \n", line);
    // Published logs of such boards show RTCWDT_RTC_RESET after this line, so
    // the shorter watchdog of timer group 0 is not running here.
    timg_wdt_flash_boot(chip, false);
}

static void bad_header(struct chip *chip, uint32_t word)
{
    chip->rom.header = word;
    if (old_rom(chip)) {
        rom_print(chip, "flash read err, %x\n", BOOTLOADER);
        give_up(chip, "no image at 0x1000", 371);
        return;
    }
    hang(chip, "no image at 0x1000");
    chip->rom.state = ROM_REPEAT;
    chip->rom.wake = soc_now(chip);
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
    hang(chip, "secure boot check failed");
    chip->rom.state = ROM_RESTART;
    wait_us(chip, RESTART_US);
}

// --- flash boot ---

static void print_configuration(struct chip *chip,
                                const struct fb_image_header *h)
{
    static const char *const modes[] = {"QIO",  "QOUT",      "DIO",
                                        "DOUT", "FAST_READ", "SLOW_READ"};
    const struct fb_efuse_words *fuses = &chip->latched;
    uint32_t pads = fb_efuse_get(fuses, FB_EFUSE_SPI_PAD_CONFIG_CLK) |
                    fb_efuse_get(fuses, FB_EFUSE_SPI_PAD_CONFIG_Q) << 6 |
                    fb_efuse_get(fuses, FB_EFUSE_SPI_PAD_CONFIG_D) << 12 |
                    fb_efuse_get(fuses, FB_EFUSE_SPI_PAD_CONFIG_CS0) << 18 |
                    fb_efuse_get(fuses, FB_EFUSE_SPI_PAD_CONFIG_HD) << 24;
    unsigned div = h->flash_freq == 15 ? 1u : h->flash_freq + 2u;

    rom_print(chip, "configsip: %" PRIu32 ", SPIWP:0x%02x\n", pads, h->wp_pin);
    rom_print(chip,
              "clk_drv:0x%02x,q_drv:0x%02x,d_drv:0x%02x,"
              "cs0_drv:0x%02x,hd_drv:0x%02x,wp_drv:0x%02x\n",
              h->drive[0] & 15u, h->drive[0] >> 4, h->drive[1] & 15u,
              h->drive[1] >> 4, h->drive[2] & 15u, h->drive[2] >> 4);
    rom_print(chip, "mode:%s, clock div:%u\n",
              h->flash_mode < 6 ? modes[h->flash_mode] : "UNKNOWN", div);
}

// Copy a segment to where it belongs; the XOR goes over all that is in flash.
static void load_segment(struct chip *chip, uint32_t vaddr, uint32_t flash_off,
                         uint32_t n, uint8_t *checksum)
{
    enum fb_segment_kind kind = fb_image_segment_kind(vaddr, n);
    uint8_t bytes[CHUNK];

    for (uint32_t done = 0; done < n;) {
        uint32_t part = n - done < CHUNK ? n - done : CHUNK;

        cache_read(chip, flash_off + done, bytes, part);
        for (uint32_t i = 0; i < part; i++) {
            *checksum ^= bytes[i];
        }
        if (kind == FB_SEGMENT_RAM || kind == FB_SEGMENT_RTC) {
            (void)bus_write(&chip->bus[SOC_PRO], vaddr + done, bytes, part,
                            NULL);
        }
        done += part;
    }
    if (kind == FB_SEGMENT_BAD) {
        soc_log(chip, "rom: segment 0x%08" PRIx32 " is not memory, not loaded",
                vaddr);
    }
}

// All segments; the checksum byte ends the last 16 bytes. Returns the length
// of the image through that byte, 0 after a failure that was reported.
static uint32_t load_image(struct chip *chip, const struct fb_image_header *h)
{
    uint32_t at = BOOTLOADER + FB_IMAGE_HEADER_SIZE;
    uint8_t checksum = FB_IMAGE_CHECKSUM_SEED;
    uint8_t stored;

    for (unsigned i = 0; i < h->segments; i++) {
        uint8_t head[FB_IMAGE_SEGMENT_HEADER];
        uint32_t vaddr, n;

        cache_read(chip, at, head, sizeof head);
        vaddr = load32_le(head);
        n = load32_le(head + 4);
        at += FB_IMAGE_SEGMENT_HEADER;
        rom_print(chip, "load:0x%08" PRIx32 ",len:%" PRId32 "\n", vaddr,
                  (int32_t)n);
        if (n > IMAGE_END - at) {
            bad_checksum(chip, checksum, 0);
            return 0;
        }
        load_segment(chip, vaddr, at, n, &checksum);
        at += n;
    }
    at |= 15u;
    cache_read(chip, at, &stored, 1);
    if (stored != checksum) {
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
    if (!old_rom(chip) && fb_efuse_get(fuses, FB_EFUSE_ABS_DONE_1) != 0) {
        // RSA signatures are not modelled: never start what was not checked.
        rom_print(chip, "secure boot v2 enabled\n"
                        "secure boot verification failed\n");
        hang(chip, "secure boot V2 is not modelled");
        return false;
    }
    return true;
}

static void flash_boot(struct chip *chip)
{
    uint8_t bytes[FB_IMAGE_HEADER_SIZE];
    struct fb_image_header h;
    uint32_t len;

    cache_read(chip, BOOTLOADER, bytes, sizeof bytes);
    if (strcmp(rom_boot_name(soc_reg_get(chip, GPIO_STRAP_REG)),
               "HSPI_FLASH_BOOT") == 0) {
        memset(bytes, 0xFF, sizeof bytes); // nothing is attached there
    }
    if (fb_image_header_parse(bytes, &h, NULL) != FB_OK) {
        bad_header(chip, load32_le(bytes));
        return;
    }
    print_configuration(chip, &h);
    len = load_image(chip, &h);
    if (len == 0) {
        return;
    }
    rom_busy_us(chip, len / 8);
    if (!secure_boot(chip, len, h.hash_appended)) {
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
    rtc_wdt_flash_boot(chip, true);
    timg_wdt_flash_boot(chip, true);
}

// --- after reset ---

void rom_reset(struct chip *chip)
{
    chip->rom.active = true;
    chip->rom.state = ROM_START;
    chip->rom.busy_until = 0;
    chip->rom.why = "reset";
    soc_event_set(chip, SOC_EV_ROM, SOC_NEVER);
}

// The ROM measures the crystal against the 8 MHz oscillator, and leaves the
// count where hosts look for it. CLK8M_FREQ is the oscillator's trim.
static void measure_crystal(struct chip *chip)
{
    uint32_t trim = fb_efuse_get(&chip->latched, FB_EFUSE_CLK8M_FREQ);

    if (trim != 0) {
        *soc_reg(chip, TIMG0_RTCCALICFG1) =
            (uint32_t)(SOC_XTAL_HZ * 40ull / (15625u * trim)) << 7;
    }
}

// Revision 3 says so instead of its banner.
static bool download_disabled(struct chip *chip)
{
    if (old_rom(chip) ||
        fb_efuse_get(&chip->latched, FB_EFUSE_UART_DOWNLOAD_DIS) == 0) {
        return false;
    }
    rom_print(chip, "Download mode is disabled. Restart with GPIO0 high.\n");
    hang(chip, "UART download mode disabled");
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
    rom_print(chip, "%s\n\n",
              old_rom(chip) ? "ets Jun  8 2016 00:22:57"
                            : "ets Jul 29 2019 12:21:46");
    rom_print(chip, "rst:0x%x (%s),boot:0x%x (%s)\n", cause,
              rom_reset_name(cause), (unsigned)strap & 0x3Fu,
              rom_boot_name(strap));
    if (rom_straps_download(strap)) {
        enter_download(chip);
    } else {
        chip->rom.state = ROM_FLASH_BOOT;
    }
}

static bool repeat(struct chip *chip)
{
    if (soc_now(chip) < chip->rom.wake) {
        return false;
    }
    rom_print(chip, "invalid header: 0x%08" PRIx32 "\n", chip->rom.header);
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
