// SPDX-License-Identifier: Apache-2.0

#include "tools/esptool/changes.h"

#include <string.h>

#include "lib/fb/bytes.h"

// Flash is asked for in pieces of this size first, and for the sectors of those
// that differ: most updates leave most of the flash as it is.
#define PIECE (16 * ESPTOOL_SECTOR)

static size_t min(size_t a, size_t b)
{
    return a < b ? a : b;
}

static void start(struct changes *c, const struct esptool_part *part)
{
    memset(c, 0, sizeof *c);
    c->sectors =
        (unsigned)((part->file.size + ESPTOOL_SECTOR - 1) / ESPTOOL_SECTOR);
}

static void mark(struct changes *c, unsigned sector)
{
    c->sector[sector] = true;
    c->changed++;
}

void changes_all(struct changes *c, const struct esptool_part *part)
{
    start(c, part);
    for (unsigned i = 0; i < c->sectors; i++) {
        mark(c, i);
    }
}

// 1: the flash holds these bytes of the file, 0: others, negative: an error.
static int same(struct esptool *e, const struct esptool_part *part, size_t from,
                size_t n)
{
    int status =
        host_loader_flash_verify(&e->loader, part->flash_off + (uint32_t)from,
                                 part->file.data + from, n);
    return status == HOST_LOADER_OK         ? 1
           : status == HOST_LOADER_E_VERIFY ? 0
                                            : status;
}

int changes_from_flash(struct changes *c, struct esptool *e,
                       const struct esptool_part *part)
{
    const size_t size = part->file.size;
    start(c, part);
    for (size_t at = 0; at < size; at += PIECE) {
        int status = same(e, part, at, min(PIECE, size - at));
        for (size_t s = at; status == 0 && s < size && s < at + PIECE;
             s += ESPTOOL_SECTOR) {
            int sector = same(e, part, s, min(ESPTOOL_SECTOR, size - s));
            if (sector == 0) {
                mark(c, (unsigned)(s / ESPTOOL_SECTOR));
            }
            status = sector < 0 ? sector : 0;
        }
        if (status < 0) {
            return esptool_fail(e, status);
        }
    }
    return CLI_OK;
}

static void compare(struct changes *c, const struct esptool_part *part,
                    const struct host_file *old)
{
    start(c, part);
    for (unsigned i = 0; i < c->sectors; i++) {
        size_t at = (size_t)i * ESPTOOL_SECTOR;
        size_t n = min(ESPTOOL_SECTOR, part->file.size - at);
        bool known = at < old->size && n <= old->size - at;
        if (!known || memcmp(part->file.data + at, old->data + at, n) != 0) {
            mark(c, i);
        }
    }
}

// The new file is the old one; what it was filled up with does not count.
static bool is_same(const struct esptool_part *part,
                    const struct host_file *old)
{
    size_t n = part->file.size;
    return old->size <= n && n - old->size < 4 &&
           memcmp(part->file.data, old->data, old->size) == 0 &&
           fb_bytes_all(part->file.data + old->size, n - old->size, 0xFF);
}

int changes_from_file(struct changes *c, struct esptool *e,
                      const struct esptool_part *part, const char *name,
                      bool trust)
{
    struct host_file old;
    int error = host_file_read(name, ESPTOOL_FILE_MAX, &old);
    if (error) {
        return cli_error(name, "%s", strerror(error));
    }
    // Only what it shares with the new file has to be there.
    size_t n = min(old.size, part->file.size);
    bool equal = trust && is_same(part, &old);
    int status = n == 0 || equal
                     ? HOST_LOADER_OK
                     : host_loader_flash_verify(&e->loader, part->flash_off,
                                                old.data, n);
    if (equal) {
        start(c, part);
    } else if (status == HOST_LOADER_OK) {
        compare(c, part, &old);
    }
    host_file_free(&old);
    if (status == HOST_LOADER_E_VERIFY) {
        cli_warning(name,
                    "is not what the flash holds at 0x%x: comparing with "
                    "the flash itself",
                    (unsigned)part->flash_off);
        return changes_from_flash(c, e, part);
    }
    return status == HOST_LOADER_OK ? CLI_OK : esptool_fail(e, status);
}

bool changes_next(const struct changes *c, const struct esptool_part *part,
                  size_t *from, size_t *n)
{
    unsigned first = (unsigned)((*from + ESPTOOL_SECTOR - 1) / ESPTOOL_SECTOR);
    while (first < c->sectors && !c->sector[first]) {
        first++;
    }
    unsigned end = first;
    while (end < c->sectors && c->sector[end]) {
        end++;
    }
    *from = (size_t)first * ESPTOOL_SECTOR;
    *n = min((size_t)end * ESPTOOL_SECTOR, part->file.size) -
         min(*from, part->file.size);
    return end > first;
}
