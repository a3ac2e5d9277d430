// SPDX-License-Identifier: Apache-2.0

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/fb/bytes.h"
#include "lib/fb/elf_image.h"
#include "tools/esptool/esptool.h"

static const struct cli_option options[] = {
    {.name = "output",
     .shorts = "o",
     .kind = CLI_STRING,
     .value = "FILE",
     .help = "image to write (default: the ELF file's name with .bin)"},
    {.name = "version",
     .shorts = "e",
     .kind = CLI_CHOICE,
     .value = "N",
     .fallback = "1",
     .choices = "1|2|3",
     .help = "accepted and without effect on the ESP32"},
    {.name = "min-rev",
     .shorts = "r",
     .kind = CLI_UINT,
     .value = "N",
     .fallback = "0",
     .help = "oldest chip revision, old style"},
    {.name = "min-rev-full",
     .kind = CLI_UINT,
     .value = "N",
     .fallback = "0",
     .help = "oldest chip revision, major * 100 + minor"},
    {.name = "max-rev-full",
     .kind = CLI_UINT,
     .value = "N",
     .fallback = "65535",
     .help = "newest chip revision, major * 100 + minor"},
    {.name = "secure-pad",
     .kind = CLI_FLAG,
     .help = "pad so that the V1 signed image ends on a 64 KiB boundary"},
    {.name = "secure-pad-v2",
     .kind = CLI_FLAG,
     .help = "pad so that the V2 signature sector starts on one"},
    {.name = "elf-sha256-offset",
     .kind = CLI_UINT,
     .value = "OFFSET",
     .fallback = "0",
     .help = "put the ELF file's SHA-256 there in the image"},
    {.name = "dont-append-digest",
     .kind = CLI_FLAG,
     .help = "do not append the image's SHA-256"},
    {.name = "use-segments",
     .kind = CLI_FLAG,
     .help = "take the ELF program headers in place of the sections"},
    {.name = "flash-mmu-page-size",
     .kind = CLI_CHOICE,
     .value = "SIZE",
     .choices = "64KB",
     .help = "the ESP32 has 64KB only"},
    {.name = "ram-only-header",
     .kind = CLI_FLAG,
     .help = "the ROM sees the RAM segments only; no SHA-256 is appended"},
    {.name = "pad-to-size",
     .kind = CLI_STRING,
     .value = "SIZE",
     .help = "fill the image up to a multiple of this (4MB, 256KB) with 0xFF"},
    ESPTOOL_OPT_FREQ("", "40m"),
    ESPTOOL_OPT_MODE("", "qio"),
    ESPTOOL_OPT_SIZE("", "1MB"),
    {0},
};

// Does the ELF file have a section .flash.appdesc in mapped flash? Then the
// application description carries the ELF file's SHA-256 at img_off 0xB0
// (ESP-IDF docs, "Application Description").
static bool has_app_description(const uint8_t *elf, size_t n)
{
    if (n < 52 || memcmp(elf, "\177ELF", 4) != 0) {
        return false;
    }
    uint32_t table = load32_le(elf + 32);
    uint32_t entry = load16_le(elf + 46);
    uint32_t count = load16_le(elf + 48);
    uint32_t names = load16_le(elf + 50);
    if (entry < 40 || table > n || count > (n - table) / entry ||
        names >= count) {
        return false;
    }
    const uint8_t *header = elf + table + (size_t)names * entry;
    uint32_t text = load32_le(header + 16);
    uint32_t text_size = load32_le(header + 20);
    if (text > n || text_size > n - text || text_size == 0 ||
        elf[text + text_size - 1] != 0) {
        return false;
    }
    for (uint32_t i = 0; i < count; i++) {
        const uint8_t *section = elf + table + (size_t)i * entry;
        uint32_t name = load32_le(section);
        uint32_t vaddr = load32_le(section + 12);
        uint32_t size = load32_le(section + 20);
        if (name < text_size && size != 0 &&
            strstr((const char *)elf + text + name, ".flash.appdesc") &&
            fb_image_segment_kind(vaddr, 4) == FB_SEGMENT_DROM) {
            return true;
        }
    }
    return false;
}

static int read_options(const struct cli *cli,
                        struct fb_elf_image_options *build)
{
    fb_elf_image_defaults(build);
    struct esptool_flash_params flash;
    esptool_flash_params(cli, 0, &flash);
    build->header.flash_freq = flash.freq;
    build->header.flash_mode = flash.mode;
    build->header.flash_size = flash.size;
    if (cli_uint(cli, "min-rev") > 255) {
        return cli_error("--min-rev", "larger than 255");
    }
    if (cli_uint(cli, "min-rev-full") > 0xFFFF ||
        cli_uint(cli, "max-rev-full") > 0xFFFF) {
        return cli_error("chip revision", "larger than 65535");
    }
    build->header.min_rev = (uint8_t)cli_uint(cli, "min-rev");
    build->header.min_rev_full = (uint16_t)cli_uint(cli, "min-rev-full");
    build->header.max_rev_full = (uint16_t)cli_uint(cli, "max-rev-full");
    build->no_hash = cli_flag(cli, "dont-append-digest");
    build->ram_only_header = cli_flag(cli, "ram-only-header");
    build->use_segments = cli_flag(cli, "use-segments");
    if (cli_flag(cli, "secure-pad") && cli_flag(cli, "secure-pad-v2")) {
        return cli_error("--secure-pad", "and --secure-pad-v2 exclude another");
    }
    build->secure_pad = cli_flag(cli, "secure-pad")      ? FB_PAD_V1
                        : cli_flag(cli, "secure-pad-v2") ? FB_PAD_V2
                                                         : FB_PAD_NONE;
    if (cli_uint(cli, "elf-sha256-offset") > ESPTOOL_FILE_MAX) {
        return cli_error("--elf-sha256-offset", "beyond any image");
    }
    build->elf_sha256_off = (uint32_t)cli_uint(cli, "elf-sha256-offset");
    const char *pad = cli_string(cli, "pad-to-size");
    if (pad) {
        build->pad_to_size = esptool_size_bytes(pad);
        if (build->pad_to_size == 0) {
            return cli_error(pad, "not a size such as 4MB or 256KB");
        }
    }
    return CLI_OK;
}

static int explain(const char *name, enum fb_status status,
                   const struct fb_fault *fault,
                   const struct fb_elf_image_options *build)
{
    if (status == FB_E_RANGE && build->elf_sha256_off) {
        status = FB_E_BAD_HASH; // it reaches over a segment's end
    }
    switch (status) {
    case FB_E_OVERLAP:
        return cli_error(name,
                         "Segment loaded at 0x%08x lands in same 64 KB flash "
                         "mapping as segment loaded at 0x%08x",
                         (unsigned)fault->got, (unsigned)fault->want);
    case FB_E_SEGMENTS:
        return cli_error(name, "needs %u image segments, 1 to %u are possible",
                         (unsigned)fault->got, FB_IMAGE_SEGMENTS_MAX);
    case FB_E_BAD_HASH:
        return cli_error(name,
                         "no place for the ELF file's SHA-256 at 0x%x of the "
                         "image: 32 zero bytes inside one segment are needed",
                         (unsigned)build->elf_sha256_off);
    default:
        return cli_error(name, "%s", fb_status_text(status));
    }
}

static int write_image(const char *elf_name, const char *output,
                       const uint8_t *p, size_t n)
{
    char *made = NULL;
    if (!output) {
        size_t len = strlen(elf_name);
        const char *slash = strrchr(elf_name, '/');
        const char *dot = strrchr(slash ? slash + 1 : elf_name, '.');
        // a name that is nothing but an extension keeps it
        if (dot && dot != (slash ? slash + 1 : elf_name)) {
            len = (size_t)(dot - elf_name);
        }
        made = malloc(len + sizeof ".bin");
        if (!made) {
            return cli_error(elf_name, "%s", strerror(ENOMEM));
        }
        memcpy(made, elf_name, len);
        memcpy(made + len, ".bin", sizeof ".bin");
        output = made;
    }
    int error = host_file_same(elf_name, output)
                    ? EEXIST
                    : host_file_write(output, p, n, HOST_FILE_PUBLIC);
    int status = CLI_OK;
    if (error == EEXIST) {
        status = cli_error(output, "would overwrite the ELF file");
    } else if (error) {
        status = cli_error(output, "%s", strerror(error));
    }
    free(made);
    return status;
}

static int run(const struct cli *cli)
{
    const char *name = cli_arg(cli, 0);
    struct fb_elf_image_options build;
    int status = read_options(cli, &build);
    if (status != CLI_OK) {
        return status;
    }
    struct host_file elf;
    int error = host_file_read(name, 256u << 20, &elf);
    if (error) {
        return cli_error(name, "%s", strerror(error));
    }
    if (build.elf_sha256_off == 0 && has_app_description(elf.data, elf.size)) {
        build.elf_sha256_off = 0xB0;
    }
    cli_print("Creating ESP32 image...\n");
    if (build.ram_only_header) {
        cli_print("Image has only RAM segments visible; it has no SHA-256.\n");
    }
    size_t cap = fb_elf_image_bound(elf.size, &build);
    uint8_t *image = malloc(cap);
    size_t len = 0;
    if (!image) {
        status = cli_error(name, "%s", strerror(ENOMEM));
    } else {
        struct fb_fault fault = {0};
        enum fb_status built = fb_elf_image_build(elf.data, elf.size, &build,
                                                  image, cap, &len, &fault);
        if (built != FB_OK) {
            status = explain(name, built, &fault, &build);
        } else {
            status = write_image(name, cli_string(cli, "output"), image, len);
        }
    }
    if (status == CLI_OK) {
        cli_print("Successfully created ESP32 image.\n");
    }
    free(image);
    host_file_free(&elf);
    return status;
}

const struct cli_command esptool_elf2image = {
    .name = "elf2image",
    .arguments = "FILE",
    .min_args = 1,
    .max_args = 1,
    .options = options,
    .help = "make a firmware image from an ELF file",
    .run = run,
};
