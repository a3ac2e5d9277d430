// SPDX-License-Identifier: Apache-2.0
//
// make_image of versions 2 to 4: the old image form from plain files. A header
// of 8 bytes, the segments, a checksum in the last byte of a multiple of 16;
// what lies in the ESP8266's mapped flash goes to a file of its own, without
// header (esptool docs, "Firmware Image Format").

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/fb/bytes.h"
#include "lib/fb/image.h"
#include "tools/esptool/esptool.h"

enum {
    HEADER = 8,
    SEGMENT_HEADER = 8,
    MAPPED = 0x40200000,     // the ESP8266's flash in memory,
    MAPPED_END = 0x40300000, // of which an image has at most one segment
    CHECKSUM_SEED = 0xEF,
};

static const struct cli_option options[] = {
    {.name = "segfile",
     .shorts = "f",
     .kind = CLI_MULTI,
     .value = "FILE",
     .help = "what a segment holds; once for each segment"},
    {.name = "segaddr",
     .shorts = "a",
     .kind = CLI_MULTI,
     .value = "ADDRESS",
     .help = "where it goes; once for each segment"},
    {.name = "entrypoint",
     .shorts = "e",
     .kind = CLI_UINT,
     .value = "ADDRESS",
     .fallback = "0",
     .help = "where it is started"},
    {0},
};

struct segment {
    uint32_t addr;
    struct host_file file;
};

static size_t padded(size_t n)
{
    return (n + 3) & ~(size_t)3;
}

static bool is_mapped(const struct segment *s)
{
    return s->addr >= MAPPED && s->addr < MAPPED_END;
}

static int save(const char *base, uint32_t offset, const uint8_t *p, size_t n)
{
    char name[4096];
    int len =
        snprintf(name, sizeof name, "%s0x%05x.bin", base, (unsigned)offset);
    if (len < 0 || (size_t)len >= sizeof name) {
        return cli_error(base, "%s", strerror(ENAMETOOLONG));
    }
    int error = host_file_write(name, p, n, HOST_FILE_PUBLIC);
    return error ? cli_error(name, "%s", strerror(error)) : CLI_OK;
}

static size_t put_segment(uint8_t *to, const struct segment *s,
                          uint8_t *checksum)
{
    size_t n = padded(s->file.size);
    store32_le(to, s->addr);
    store32_le(to + 4, (uint32_t)n);
    memset(to + SEGMENT_HEADER, 0, n);
    memcpy(to + SEGMENT_HEADER, s->file.data, s->file.size);
    for (size_t i = 0; i < n; i++) {
        *checksum ^= to[SEGMENT_HEADER + i];
    }
    return SEGMENT_HEADER + n;
}

static int write_image(const struct cli *cli, const struct segment *segments,
                       unsigned count)
{
    const char *base = cli_arg(cli, 0);
    const struct segment *mapped = NULL;
    size_t cap = HEADER + 16;
    for (unsigned i = 0; i < count; i++) {
        if (is_mapped(&segments[i]) && mapped) {
            return cli_error(base, "two segments in mapped flash");
        }
        mapped = is_mapped(&segments[i]) ? &segments[i] : mapped;
        cap += SEGMENT_HEADER + padded(segments[i].file.size);
    }
    uint8_t *image = calloc(1, cap);
    if (!image) {
        return cli_error(base, "%s", strerror(ENOMEM));
    }
    uint8_t checksum = CHECKSUM_SEED;
    size_t len = HEADER;
    image[0] = 0xE9;
    image[1] = (uint8_t)(count - (mapped != NULL));
    store32_le(image + 4, (uint32_t)cli_uint(cli, "entrypoint"));
    for (unsigned i = 0; i < count; i++) {
        if (&segments[i] != mapped) {
            len += put_segment(image + len, &segments[i], &checksum);
        }
    }
    len |= 15;
    image[len++] = checksum;
    int status = CLI_OK;
    if (mapped) {
        uint8_t *data = calloc(1, padded(mapped->file.size) + 1);
        if (data) {
            memcpy(data, mapped->file.data, mapped->file.size);
            status = save(base, mapped->addr - MAPPED, data,
                          padded(mapped->file.size));
        } else {
            status = cli_error(base, "%s", strerror(ENOMEM));
        }
        free(data);
    }
    if (status == CLI_OK) {
        status = save(base, 0, image, len);
    }
    free(image);
    return status;
}

static int read_segment(const struct cli *cli, unsigned i, struct segment *s)
{
    const char *name = cli_value(cli, "segfile", i);
    const char *text = cli_value(cli, "segaddr", i);
    uint64_t addr;
    if (!cli_parse_uint(text, &addr) || addr > UINT32_MAX) {
        return cli_error(text, "--segaddr: not an address");
    }
    s->addr = (uint32_t)addr;
    int error = host_file_read(name, ESPTOOL_FILE_MAX, &s->file);
    return error ? cli_error(name, "%s", strerror(error)) : CLI_OK;
}

static int run(const struct cli *cli)
{
    struct segment segments[FB_IMAGE_SEGMENTS_MAX] = {0};
    unsigned count = cli_values(cli, "segfile");
    if (count == 0) {
        return cli_error(NULL, "No segments specified");
    }
    if (count != cli_values(cli, "segaddr")) {
        return cli_error(NULL, "Number of specified files does not match "
                               "number of specified addresses");
    }
    if (count > FB_IMAGE_SEGMENTS_MAX) {
        return cli_error(NULL, "an image has at most %u segments",
                         FB_IMAGE_SEGMENTS_MAX);
    }
    if (cli_uint(cli, "entrypoint") > UINT32_MAX) {
        return cli_error("--entrypoint", "not an address");
    }
    int status = CLI_OK;
    for (unsigned i = 0; i < count && status == CLI_OK; i++) {
        status = read_segment(cli, i, &segments[i]);
    }
    if (status == CLI_OK) {
        status = write_image(cli, segments, count);
    }
    if (status == CLI_OK) {
        cli_warning(cli_arg(cli, 0),
                    "is in the ESP8266's form, which an ESP32 does not start; "
                    "elf2image makes the ESP32's");
    }
    for (unsigned i = 0; i < count; i++) {
        host_file_free(&segments[i].file);
    }
    return status;
}

const struct cli_command esptool_make_image = {
    .name = "make-image",
    .arguments = "OUTPUT",
    .min_args = 1,
    .max_args = 1,
    .options = options,
    .help = "make an ESP8266 image from plain files (versions 2 to 4)",
    .run = run,
};
