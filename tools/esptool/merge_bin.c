// SPDX-License-Identifier: Apache-2.0

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "lib/fb/bytes.h"
#include "lib/fb/crypto.h"
#include "tools/esptool/esptool.h"
#include "tools/esptool/intel_hex.h"

struct output {
    uint8_t *data;
    size_t size;
};

static int make_raw(const struct cli *cli, const struct esptool_parts *parts,
                    struct output *out)
{
    const struct esptool_part *last = &parts->part[parts->count - 1];
    uint64_t start = cli_uint(cli, "target-offset");
    uint64_t end = (uint64_t)last->flash_off + last->file.size;
    const char *pad = cli_string(cli, "pad-to-size");
    if (!pad) {
        pad = cli_string(cli, "fill-flash-size");
    }
    if (parts->part[0].flash_off < start) {
        return cli_error(parts->part[0].name,
                         "its address 0x%x is before the target offset 0x%llx",
                         (unsigned)parts->part[0].flash_off,
                         (unsigned long long)start);
    }
    if (pad && esptool_size_bytes(pad) > end) {
        end = esptool_size_bytes(pad);
    }
    out->size = (size_t)(end - start);
    out->data = malloc(out->size ? out->size : 1);
    if (!out->data) {
        return cli_error(NULL, "%s", strerror(ENOMEM));
    }
    memset(out->data, 0xFF, out->size);
    for (unsigned i = 0; i < parts->count; i++) {
        const struct esptool_part *p = &parts->part[i];
        if (p->file.size) {
            memcpy(out->data + (p->flash_off - start), p->file.data,
                   p->file.size);
        }
    }
    return CLI_OK;
}

static int make_hex(const struct esptool_parts *parts, struct output *out)
{
    struct intel_hex_text text = {0};
    const struct esptool_part *last = &parts->part[parts->count - 1];
    bool far = last->flash_off + last->file.size > 0x10000;
    enum fb_status status = FB_OK;
    for (unsigned i = 0; i < parts->count && status == FB_OK; i++) {
        const struct esptool_part *p = &parts->part[i];
        status = intel_hex_write(&text, far, p->flash_off, p->file.data,
                                 p->file.size);
    }
    if (status == FB_OK) {
        status = intel_hex_end(&text);
    }
    if (status != FB_OK) {
        free(text.p);
        return cli_error(NULL, "%s", strerror(ENOMEM));
    }
    out->data = (uint8_t *)text.p;
    out->size = text.len;
    return CLI_OK;
}

// UF2 (github.com/microsoft/uf2, README): 512-byte blocks.
#define UF2_BLOCK      512u
#define UF2_DATA       476u // the most a block can carry
#define UF2_MAGIC_1    0x0A324655u
#define UF2_MAGIC_2    0x9E5D5157u
#define UF2_MAGIC_END  0x0AB16F30u
#define UF2_HAS_FAMILY 0x2000u
#define UF2_HAS_MD5    0x4000u
#define UF2_ESP32      0x1C5F21B0u
#define UF2_MD5_PART   24u

static size_t uf2_blocks(const struct esptool_part *p, size_t chunk)
{
    return (p->file.size + chunk - 1) / chunk;
}

// The MD5 part names the region that it covers: this block's data.
static void uf2_block(uint8_t *b, const struct esptool_part *p, size_t index,
                      size_t chunk, bool md5)
{
    size_t at = index * chunk;
    size_t n = p->file.size - at < chunk ? p->file.size - at : chunk;
    uint32_t address = p->flash_off + (uint32_t)at;
    memset(b, 0, UF2_BLOCK);
    store32_le(b, UF2_MAGIC_1);
    store32_le(b + 4, UF2_MAGIC_2);
    store32_le(b + 8, UF2_HAS_FAMILY | (md5 ? UF2_HAS_MD5 : 0));
    store32_le(b + 12, address);
    store32_le(b + 16, (uint32_t)n);
    store32_le(b + 20, (uint32_t)index);
    store32_le(b + 24, (uint32_t)uf2_blocks(p, chunk));
    store32_le(b + 28, UF2_ESP32);
    memcpy(b + 32, p->file.data + at, n);
    if (md5) {
        uint8_t *part = b + 32 + n;
        store32_le(part, address);
        store32_le(part + 4, (uint32_t)n);
        fb_md5(b + 32, n, part + 8);
    }
    store32_le(b + UF2_BLOCK - 4, UF2_MAGIC_END);
}

static int make_uf2(const struct cli *cli, const struct esptool_parts *parts,
                    struct output *out)
{
    bool md5 = !cli_flag(cli, "md5-disable");
    size_t most = UF2_DATA - (md5 ? UF2_MD5_PART : 0);
    uint64_t chunk = cli_given(cli, "chunk-size") ? cli_uint(cli, "chunk-size")
                                                  : most & ~(size_t)3;
    if (chunk == 0 || chunk % 4 != 0 || chunk > most) {
        return cli_error("--chunk-size", "a multiple of 4 up to %zu is needed",
                         most);
    }
    size_t blocks = 0;
    for (unsigned i = 0; i < parts->count; i++) {
        blocks += uf2_blocks(&parts->part[i], chunk);
    }
    out->size = blocks * UF2_BLOCK;
    out->data = malloc(out->size ? out->size : 1);
    if (!out->data) {
        return cli_error(NULL, "%s", strerror(ENOMEM));
    }
    uint8_t *b = out->data;
    for (unsigned i = 0; i < parts->count; i++) {
        const struct esptool_part *p = &parts->part[i];
        for (size_t k = 0; k < uf2_blocks(p, chunk); k++) {
            uf2_block(b, p, k, chunk, md5);
            b += UF2_BLOCK;
        }
    }
    return CLI_OK;
}

static int make(const struct cli *cli, const struct esptool_parts *parts,
                struct output *out)
{
    const char *format = cli_string(cli, "format");
    if (strcmp(format, "uf2") == 0) {
        return make_uf2(cli, parts, out);
    }
    return strcmp(format, "hex") == 0 ? make_hex(parts, out)
                                      : make_raw(cli, parts, out);
}

static int write_output(const struct cli *cli, const struct output *out)
{
    const char *name = cli_string(cli, "output");
    int error = host_file_write(name, out->data, out->size, HOST_FILE_PUBLIC);
    if (error) {
        return cli_error(name, "%s", strerror(error));
    }
    if (strcmp(cli_string(cli, "format"), "uf2") == 0) {
        cli_print("Wrote 0x%zx bytes to file '%s', ready to be flashed with "
                  "any ESP USB Bridge.\n",
                  out->size, name);
    } else {
        cli_print("Wrote 0x%zx bytes to file '%s', ready to flash to offset "
                  "0x%llx.\n",
                  out->size, name,
                  (unsigned long long)cli_uint(cli, "target-offset"));
    }
    return CLI_OK;
}

static int run(const struct cli *cli)
{
    struct esptool_parts parts = {0};
    struct output out = {0};
    struct esptool_flash_params params;
    if (cli_uint(cli, "target-offset") >= ESPTOOL_FILE_MAX) {
        return cli_error("--target-offset", "beyond 16 MiB");
    }
    int status = esptool_parts_load(&parts, cli);
    if (status == CLI_OK) {
        status = esptool_parts_check_overlap(&parts);
    }
    if (status == CLI_OK) {
        status = esptool_parts_check_fit(&parts, 0);
    }
    esptool_flash_params(cli, 0, &params);
    for (unsigned i = 0; i < parts.count && status == CLI_OK; i++) {
        struct esptool_part *p = &parts.part[i];
        if (strcmp(cli_string(cli, "format"), "uf2") == 0) {
            cli_print("Adding '%s' at 0x%x...\n", p->name,
                      (unsigned)p->flash_off);
        }
        esptool_patch_image(p->file.data, p->file.size, p->flash_off, p->name,
                            &params);
    }
    if (status == CLI_OK) {
        status = make(cli, &parts, &out);
    }
    if (status == CLI_OK) {
        status = write_output(cli, &out);
    }
    free(out.data);
    esptool_parts_free(&parts);
    return status;
}

static const struct cli_option options[] = {
    {.name = "output",
     .shorts = "o",
     .kind = CLI_STRING,
     .value = "FILE",
     .required = true,
     .help = "file to write"},
    {.name = "format",
     .shorts = "f",
     .kind = CLI_CHOICE,
     .value = "FORMAT",
     .fallback = "raw",
     .choices = "raw|uf2|hex",
     .help = "of that file"},
    {.name = "chunk-size",
     .kind = CLI_UINT,
     .value = "BYTES",
     .help = "data in each block of UF2"},
    {.name = "md5-disable", .kind = CLI_FLAG, .help = "UF2 without MD5"},
    {.name = "target-offset",
     .shorts = "t",
     .kind = CLI_UINT,
     .value = "ADDRESS",
     .fallback = "0",
     .help = "where a raw file will be flashed"},
    {.name = "pad-to-size",
     .kind = CLI_CHOICE,
     .value = "SIZE",
     .choices = "256KB|512KB|" ESPTOOL_SIZES,
     .help = "fill a raw file with 0xFF up to this size"},
    {.name = "fill-flash-size",
     .kind = CLI_CHOICE,
     .value = "SIZE",
     .choices = "256KB|512KB|" ESPTOOL_SIZES,
     .help = "the same",
     .hidden = true},
    ESPTOOL_OPT_FREQ("keep|", "keep"),
    ESPTOOL_OPT_MODE("keep|", "keep"),
    ESPTOOL_OPT_SIZE("keep|", "keep"),
    {0},
};

const struct cli_command esptool_merge_bin = {
    .name = "merge-bin",
    .arguments = "ADDRESS FILE [ADDRESS FILE ...]",
    .min_args = 2,
    .max_args = UINT_MAX,
    .options = options,
    .help = "make one file of several",
    .run = run,
};
