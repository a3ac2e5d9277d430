// SPDX-License-Identifier: Apache-2.0
//
// Files for the flash: ADDRESS FILE pairs, Intel HEX.

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tools/esptool/esptool.h"
#include "tools/esptool/intel_hex.h"

static int read_file(const char *name, struct host_file *file)
{
    // an Intel HEX file is three times as long as what it holds
    int error = host_file_read(name, 3 * (size_t)ESPTOOL_FILE_MAX, file);
    return error ? cli_error(name, "%s", strerror(error)) : CLI_OK;
}

// A text that begins with a colon; of ciphertext one file in 256 does, too.
static bool is_hex(const struct host_file *file)
{
    bool text = file->size >= 11 && file->data[0] == ':';
    for (size_t i = 0; i < file->size && i < 64 && text; i++) {
        uint8_t c = file->data[i];
        text = (c >= 0x20 && c < 0x7F) || c == '\n' || c == '\r' || c == '\t';
    }
    return text;
}

static int add_part(struct esptool_parts *parts, uint32_t flash_off,
                    const char *name, struct host_file file)
{
    if (parts->count == ESPTOOL_PARTS_MAX) {
        host_file_free(&file);
        return cli_error(name, "more than %u files", ESPTOOL_PARTS_MAX);
    }
    parts->part[parts->count++] = (struct esptool_part){
        .flash_off = flash_off, .name = name, .file = file};
    return CLI_OK;
}

// Each region of the file is a part of its own.
static int add_hex(struct esptool_parts *parts, const char *name,
                   struct intel_hex *hex)
{
    for (size_t i = 0; i < hex->count; i++) {
        struct intel_hex_region *r = &hex->region[i];
        struct host_file file = {.data = r->data, .size = r->size};
        r->data = NULL; // the part's now
        int status = add_part(parts, r->address, name, file);
        if (status != CLI_OK) {
            return status;
        }
    }
    return CLI_OK;
}

static int explain_hex(const char *name, enum fb_status status,
                       const struct fb_fault *fault)
{
    if (status == FB_E_NO_END) {
        return cli_error(name, "Intel HEX file without its end record");
    }
    return cli_error(name, "Intel HEX line %u: %s", (unsigned)fault->offset,
                     fb_status_text(status));
}

static int add_file(struct esptool_parts *parts, uint32_t flash_off,
                    const char *name)
{
    struct host_file file;
    int status = read_file(name, &file);
    if (status != CLI_OK) {
        return status;
    }
    struct intel_hex hex;
    struct fb_fault fault = {0};
    if (is_hex(&file)) {
        enum fb_status parsed =
            intel_hex_parse(file.data, file.size, &hex, &fault);
        if (parsed == FB_OK) {
            status = add_hex(parts, name, &hex);
            intel_hex_free(&hex);
        } else {
            status = explain_hex(name, parsed, &fault);
        }
        host_file_free(&file);
        return status;
    }
    if (file.size > ESPTOOL_FILE_MAX) {
        host_file_free(&file);
        return cli_error(name, "larger than any flash of an ESP32");
    }
    return add_part(parts, flash_off, name, file);
}

static int add_pair(struct esptool_parts *parts, const char *address,
                    const char *name, bool encrypt)
{
    uint64_t flash_off;
    if (!cli_parse_uint(address, &flash_off)) {
        return cli_error(address, "not an address; ADDRESS FILE pairs are "
                                  "needed");
    }
    if (flash_off >= ESPTOOL_FILE_MAX) {
        return cli_error(address, "beyond 16 MiB, the most a flash can hold");
    }
    if (!name) {
        return cli_error(address, "no file for this address");
    }
    unsigned first = parts->count;
    int status = add_file(parts, (uint32_t)flash_off, name);
    for (unsigned i = first; i < parts->count; i++) {
        parts->part[i].encrypt = encrypt;
        parts->part[i].pair = parts->pairs;
    }
    parts->pairs++;
    return status;
}

// Insertion sort: equal addresses keep their order.
static void sort(struct esptool_parts *parts)
{
    for (unsigned i = 1; i < parts->count; i++) {
        struct esptool_part part = parts->part[i];
        unsigned to = i;
        for (; to > 0 && parts->part[to - 1].flash_off > part.flash_off; to--) {
            parts->part[to] = parts->part[to - 1];
        }
        parts->part[to] = part;
    }
}

int esptool_parts_load(struct esptool_parts *parts, const struct cli *cli)
{
    int status = CLI_OK;
    parts->count = parts->pairs = 0;
    for (unsigned i = 0; i < cli_args(cli) && status == CLI_OK; i += 2) {
        status =
            add_pair(parts, cli_arg(cli, i),
                     i + 1 < cli_args(cli) ? cli_arg(cli, i + 1) : NULL, false);
    }
    sort(parts);
    return status;
}

int esptool_parts_load_option(struct esptool_parts *parts,
                              const struct cli *cli, const char *option,
                              unsigned first, bool encrypt)
{
    int status = CLI_OK;
    unsigned n = cli_values(cli, option);
    for (unsigned i = first; i < n && status == CLI_OK; i += 2) {
        status =
            add_pair(parts, cli_value(cli, option, i),
                     i + 1 < n ? cli_value(cli, option, i + 1) : NULL, encrypt);
    }
    sort(parts);
    return status;
}

int esptool_parts_check_overlap(const struct esptool_parts *parts)
{
    uint64_t end = 0;
    const char *before = NULL;
    for (unsigned i = 0; i < parts->count; i++) {
        const struct esptool_part *p = &parts->part[i];
        uint32_t start = p->flash_off & ~(ESPTOOL_SECTOR - 1);
        if (p->file.size == 0) {
            continue;
        }
        if (start < end) {
            return cli_error(p->name,
                             "at 0x%x overlaps the flash sectors of %s, which "
                             "end at 0x%x",
                             (unsigned)p->flash_off, before, (unsigned)end);
        }
        end = (uint64_t)p->flash_off + p->file.size + ESPTOOL_SECTOR - 1;
        end &= ~(uint64_t)(ESPTOOL_SECTOR - 1);
        before = p->name;
    }
    return CLI_OK;
}

int esptool_parts_pad(struct esptool_parts *parts)
{
    for (unsigned i = 0; i < parts->count; i++) {
        struct host_file *f = &parts->part[i].file;
        // the encryptor takes rows of 32 bytes
        size_t mask = parts->part[i].encrypt ? 31 : 3;
        size_t padded = (f->size + mask) & ~mask;
        if (padded == f->size) {
            continue;
        }
        uint8_t *data = realloc(f->data, padded);
        if (!data) {
            return cli_error(parts->part[i].name, "%s", strerror(ENOMEM));
        }
        memset(data + f->size, 0xFF, padded - f->size);
        f->data = data;
        f->size = padded;
    }
    return CLI_OK;
}

int esptool_parts_check_fit(const struct esptool_parts *parts,
                            uint32_t flash_bytes)
{
    uint32_t end = flash_bytes && flash_bytes < ESPTOOL_FILE_MAX
                       ? flash_bytes
                       : ESPTOOL_FILE_MAX;
    for (unsigned i = 0; i < parts->count; i++) {
        const struct esptool_part *p = &parts->part[i];
        if (p->flash_off > end || p->file.size > end - p->flash_off) {
            return cli_error(p->name,
                             "its %zu bytes at 0x%x do not fit into the flash "
                             "of 0x%x bytes",
                             p->file.size, (unsigned)p->flash_off,
                             (unsigned)end);
        }
    }
    return CLI_OK;
}

void esptool_parts_free(struct esptool_parts *parts)
{
    for (unsigned i = 0; i < parts->count; i++) {
        host_file_free(&parts->part[i].file);
    }
    parts->count = 0;
}

int esptool_load_image(const char *name, struct host_file *file)
{
    struct esptool_parts parts = {0};
    int status = add_file(&parts, 0, name);
    if (status == CLI_OK && parts.count != 1) {
        status = cli_error(name, "holds %u regions, one image is needed",
                           parts.count);
    }
    if (status != CLI_OK) {
        esptool_parts_free(&parts);
        return status;
    }
    *file = parts.part[0].file;
    return CLI_OK;
}
