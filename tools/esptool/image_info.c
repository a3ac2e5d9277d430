// SPDX-License-Identifier: Apache-2.0

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/fb/bytes.h"
#include "lib/fb/crypto.h"
#include "tools/esptool/esptool.h"

// Address ranges as the reference tool names them (esptool memory map of the
// ESP32; TRM "System and Memory"). A start address may be in several.
static const struct {
    uint32_t start, end;
    const char *name;
} memory_types[] = {
    {0x00000000, 0x00010000, "PADDING"},
    {0x3F400000, 0x3F800000, "DROM"},
    {0x3F800000, 0x3FC00000, "EXTRAM_DATA"},
    {0x3FF80000, 0x3FF82000, "RTC_DRAM"},
    {0x3FF90000, 0x40000000, "BYTE_ACCESSIBLE"},
    {0x3FFAE000, 0x40000000, "DRAM"},
    {0x3FFE0000, 0x3FFFFFFC, "DIRAM_DRAM"},
    {0x40000000, 0x40070000, "IROM"},
    {0x40070000, 0x40078000, "CACHE_PRO"},
    {0x40078000, 0x40080000, "CACHE_APP"},
    {0x40080000, 0x400A0000, "IRAM"},
    {0x400A0000, 0x400BFFFC, "DIRAM_IRAM"},
    {0x400C0000, 0x400C2000, "RTC_IRAM"},
    {0x400D0000, 0x40400000, "IROM"},
    {0x50000000, 0x50002000, "RTC_DATA"},
};
#define MEMORY_TYPES (sizeof memory_types / sizeof memory_types[0])

static bool has_type(uint32_t vaddr, const char *name)
{
    for (size_t i = 0; i < MEMORY_TYPES; i++) {
        if (vaddr >= memory_types[i].start && vaddr < memory_types[i].end &&
            strcmp(memory_types[i].name, name) == 0) {
            return true;
        }
    }
    return false;
}

static void print_title(const char *title)
{
    cli_print("\n%s\n", title);
    for (size_t i = strlen(title); i != 0; i--) {
        cli_print("=");
    }
    cli_print("\n");
}

static void print_header(const struct fb_image_header *h)
{
    print_title("ESP32 Image Header");
    cli_print("Image version: 1\n");
    if (h->entry) {
        cli_print("Entry point: %#8x\n", (unsigned)h->entry);
    } else {
        cli_print("Entry point not set\n");
    }
    cli_print("Segments: %u\n", h->segments);
    const char *size = esptool_size_name(fb_image_flash_bytes(h->flash_size));
    if (size) {
        cli_print("Flash size: %s\n", size);
    } else {
        cli_warning(NULL, "Invalid flash size (0x%02x)", h->flash_size << 4);
    }
    const char *freq = esptool_freq_name(h->flash_freq);
    if (freq) {
        cli_print("Flash freq: %s\n", freq);
    } else {
        cli_warning(NULL, "Invalid flash frequency (0x%x)", h->flash_freq);
    }
    static const char *const modes[] = {"QIO", "QOUT", "DIO", "DOUT"};
    if (h->flash_mode < 4) {
        cli_print("Flash mode: %s\n", modes[h->flash_mode]);
    } else {
        cli_warning(NULL, "Invalid flash mode (%u)", h->flash_mode);
    }
}

static void print_extended_header(const struct fb_image_header *h)
{
    print_title("ESP32 Extended Image Header");
    cli_print("WP pin: 0x%x%s\n", h->wp_pin,
              h->wp_pin == FB_IMAGE_WP_PIN_NONE ? " (disabled)" : "");
    cli_print("Flash pins drive settings: clk_drv: 0x%x, q_drv: 0x%x, "
              "d_drv: 0x%x, cs0_drv: 0x%x, hd_drv: 0x%x, wp_drv: 0x%x\n",
              h->drive[0] & 15, h->drive[0] >> 4, h->drive[1] & 15,
              h->drive[1] >> 4, h->drive[2] & 15, h->drive[2] >> 4);
    cli_print("Chip ID: %u (%s)\n", h->chip_id,
              h->chip_id == FB_IMAGE_CHIP_ESP32 ? "ESP32" : "Unknown ID");
    cli_print("Minimal chip revision: v%u.%u, (legacy min_rev = %u)\n",
              h->min_rev_full / 100, h->min_rev_full % 100, h->min_rev);
    cli_print("Maximal chip revision: v%u.%u\n", h->max_rev_full / 100,
              h->max_rev_full % 100);
}

static void print_segments(const struct fb_image *image)
{
    print_title("Segments Information");
    cli_print("Segment   Length   Load addr   File offs  Memory types\n");
    cli_print("-------  -------  ----------  ----------  ------------\n");
    for (unsigned i = 0; i < image->header.segments; i++) {
        const struct fb_image_segment *s = &image->segment[i];
        cli_print("%7u  0x%05x  0x%08x  0x%08x  ", i, (unsigned)s->len,
                  (unsigned)s->vaddr,
                  (unsigned)(s->img_off - FB_IMAGE_SEGMENT_HEADER));
        const char *separator = "";
        for (size_t t = 0; t < MEMORY_TYPES; t++) {
            if (s->vaddr >= memory_types[t].start &&
                s->vaddr < memory_types[t].end) {
                cli_print("%s%s", separator, memory_types[t].name);
                separator = ", ";
            }
        }
        cli_print("\n");
    }
}

static void print_footer(const uint8_t *p, const struct fb_image *image)
{
    print_title("ESP32 Image Footer");
    uint8_t sum = fb_image_checksum(p, image);
    if (sum == image->checksum) {
        cli_print("Checksum: 0x%02x (valid)\n", image->checksum);
    } else {
        cli_print("Checksum: 0x%02x (invalid - calculated 0x%02x)\n",
                  image->checksum, sum);
    }
    if (image->header.hash_appended) {
        uint32_t covered = image->len - FB_IMAGE_HASH_SIZE;
        uint8_t hash[FB_IMAGE_HASH_SIZE];
        struct fb_sha256 sha;
        fb_sha256_init(&sha);
        fb_sha256_update(&sha, p, covered);
        fb_sha256_final(&sha, hash);
        cli_print("Validation hash: ");
        for (size_t i = 0; i < sizeof hash; i++) {
            cli_print("%02x", hash[i]);
        }
        cli_print(" (%s)\n", memcmp(hash, p + covered, sizeof hash) == 0
                                 ? "valid"
                                 : "invalid");
    }
}

// Text of a fixed field, without what a terminal would act on.
static void print_text(const char *label, const uint8_t *p, size_t n)
{
    cli_print("%s", label);
    for (size_t i = 0; i < n && p[i] != 0; i++) {
        cli_print("%c", p[i] >= 32 && p[i] < 127 ? p[i] : '.');
    }
}

// esp-idf components/esp_app_format: 256 bytes at the start of the first DROM
// segment.
static void print_app_description(const uint8_t *p)
{
    if (load32_le(p) != 0xABCD5432) {
        return;
    }
    print_title("Application Information");
    print_text("Project name: ", p + 48, 32);
    print_text("\nApp version: ", p + 16, 32);
    print_text("\nCompile time: ", p + 96, 16);
    print_text(" ", p + 80, 16);
    cli_print("\nELF file SHA256: ");
    for (unsigned i = 0; i < 32; i++) {
        cli_print("%02x", p[144 + i]);
    }
    print_text("\nESP-IDF: ", p + 112, 32);
    unsigned min = load16_le(p + 176);
    unsigned max = load16_le(p + 178);
    cli_print("\nMinimal eFuse block revision: %u.%u\n", min / 100, min % 100);
    cli_print("Maximal eFuse block revision: %u.%u\n", max / 100, max % 100);
    if (p[180] >= 10 && p[180] < 32) {
        cli_print("MMU page size: %u KB\n", 1u << (p[180] - 10));
    }
    cli_print("Secure version: %u\n", (unsigned)load32_le(p + 4));
}

// esp-idf components/esp_bootloader_format: 80 bytes at the start of a DRAM
// segment.
static void print_bootloader_description(const uint8_t *p)
{
    if (p[0] != 0x50) {
        return;
    }
    print_title("Bootloader Information");
    cli_print("Bootloader version: %u\n", (unsigned)load32_le(p + 4));
    print_text("ESP-IDF: ", p + 8, 32);
    print_text("\nCompile time: ", p + 40, 24);
    cli_print("\n");
}

static void print_description(const uint8_t *p, const struct fb_image *image)
{
    const struct fb_image_segment *boot = NULL;
    for (unsigned i = 0; i < image->header.segments; i++) {
        const struct fb_image_segment *s = &image->segment[i];
        if (has_type(s->vaddr, "DROM")) {
            if (s->len >= 256) {
                print_app_description(p + s->img_off);
            }
            return;
        }
        if (has_type(s->vaddr, "DRAM") && s->len >= 80) {
            boot = s;
        }
    }
    if (boot) {
        print_bootloader_description(p + boot->img_off);
    }
}

static int explain(const char *name, enum fb_status status,
                   const struct fb_fault *fault, size_t size)
{
    switch (status) {
    case FB_E_BAD_MAGIC:
        return cli_error(name,
                         "not a firmware image (it starts with 0x%02x, "
                         "an image with 0xe9)",
                         (unsigned)fault->got);
    case FB_E_TRUNCATED:
        return cli_error(name,
                         "truncated image: a part at 0x%x reaches beyond "
                         "the file's %zu bytes",
                         (unsigned)fault->offset, size);
    default:
        return cli_error(name, "bad image at 0x%x: %s", (unsigned)fault->offset,
                         fb_status_text(status));
    }
}

static int run(const struct cli *cli)
{
    const char *name = cli_arg(cli, 0);
    struct host_file file;
    int status = esptool_load_image(name, &file);
    if (status != CLI_OK) {
        return status;
    }
    struct fb_image image;
    struct fb_fault fault = {0};
    enum fb_status parsed =
        fb_image_parse(file.data, file.size, &image, &fault);
    if (parsed != FB_OK) {
        status = explain(name, parsed, &fault, file.size);
    } else {
        cli_print("Image size: %zu bytes\n", file.size);
        if (image.header.chip_id != FB_IMAGE_CHIP_ESP32) {
            cli_warning(name, "an image for chip id %u, not for the ESP32",
                        image.header.chip_id);
        } else if (strcmp(cli_string(cli, "chip"), "auto") == 0) {
            cli_print("Detected image type: ESP32\n");
        }
        print_header(&image.header);
        print_extended_header(&image.header);
        print_segments(&image);
        print_footer(file.data, &image);
        print_description(file.data, &image);
    }
    host_file_free(&file);
    return status;
}

static const struct cli_option options[] = {
    {.name = "version",
     .shorts = "v",
     .kind = CLI_CHOICE,
     .value = "N",
     .choices = "1|2",
     .help = "accepted: there is one form of output"},
    {0},
};

const struct cli_command esptool_image_info = {
    .name = "image-info",
    .arguments = "FILE",
    .min_args = 1,
    .max_args = 1,
    .options = options,
    .help = "print what a firmware image holds",
    .run = run,
};
