// SPDX-License-Identifier: Apache-2.0

#include "tools/esptool/guards.h"

#include <string.h>

#include "lib/fb/bytes.h"
#include "lib/fb/content.h"
#include "lib/fb/first_boot.h"
#include "lib/fb/partition_table.h"
#include "lib/fb/secure_boot_v1.h"

int esptool_guard_files(const struct esptool_parts *parts)
{
    for (unsigned i = 0; i < parts->count; i++) {
        const struct esptool_part *p = &parts->part[i];
        if (p->flash_off % ESPTOOL_SECTOR != 0) {
            return cli_error(p->name,
                             "0x%x is not the start of a flash sector (a "
                             "multiple of 0x1000); what stands before it in "
                             "the sector would be erased",
                             (unsigned)p->flash_off);
        }
    }
    return esptool_parts_check_overlap(parts);
}

// Secure Boot V1 checks what stands below the partition table against its
// digest at 0x0. The two may only change together, by a reflashable digest
// file (ESP-IDF docs, "Secure Boot"): plain, or as ciphertext where the flash
// is encrypted.
static bool is_reflashable_digest(const struct esptool *e,
                                  const struct esptool_part *p)
{
    const uint8_t *data = p->file.data;
    const size_t n = p->file.size;
    enum fb_content content = fb_content_of_file(data, n);
    if (p->flash_off != 0 || n <= FB_SECURE_BOOT_V1_IMAGE_OFF ||
        n > FB_PARTITION_TABLE_OFF) {
        return false;
    }
    return esptool_flash_encryption_on(e)
               ? content == FB_CONTENT_UNKNOWN
               : content == FB_CONTENT_DIGEST &&
                     fb_content_of_bytes(data, n, FB_CONTENT_ANY) == content;
}

// What a bootloader that locks its board itself has left in flash.
struct first_boot {
    bool begun;     // it was at work, and has not come to its end
    bool made_key2; // it made the Secure Boot key, which nobody knows
    uint32_t swap;  // flash_off of the bootloader as ciphertext
    uint8_t digest[FB_FIRST_BOOT_DIGEST_SIZE];
};

static int read_first_boot(struct esptool *e, struct first_boot *f)
{
    static uint8_t sector[FB_FLASH_SECTOR];
    struct fb_first_boot_plan plan;
    enum fb_status status;
    memset(f, 0, sizeof *f);
    if (!fb_efuse_block_hidden(&e->fuses, 1)) {
        return CLI_OK; // the key to it all is not even protected
    }
    int error = host_loader_flash_read(&e->loader, FB_FIRST_BOOT_PLAN_OFF,
                                       sector, sizeof sector, NULL, NULL);
    if (error != 0) {
        return esptool_fail(e, error);
    }
    status = fb_first_boot_parse(sector, &plan);
    f->begun = status == FB_OK;
    f->swap = fb_first_boot_swap(sector);
    f->made_key2 = (status == FB_OK || status == FB_E_BLANK) &&
                   (plan.word[FB_FIRST_BOOT_FLAGS] & FB_FIRST_BOOT_MAKE_KEY2);
    memcpy(f->digest,
           sector + FB_FIRST_BOOT_DIGEST_OFF - FB_FIRST_BOOT_PLAN_OFF,
           sizeof f->digest);
    return CLI_OK;
}

// The one bootloader such a board will ever have, once more: its digest at 0x0
// (alone or with the image) and an image at 0x1000.
static int guard_own_bootloader(const struct esptool *e,
                                const struct first_boot *f,
                                const struct esptool_parts *parts)
{
    const struct esptool_part *digest = NULL;
    for (unsigned i = 0; i < parts->count; i++) {
        const struct esptool_part *p = &parts->part[i];
        if (p->flash_off == 0 && p->file.size >= sizeof f->digest &&
            memcmp(p->file.data, f->digest, sizeof f->digest) == 0) {
            digest = p;
        }
    }
    if (digest != NULL && !esptool_flash_encryption_on(e)) {
        return CLI_OK;
    }
    return cli_error(
        e->port_name,
        "this board made its Secure Boot key itself and keeps it: its "
        "bootloader can never be replaced. %s (--force writes it)",
        esptool_flash_encryption_on(e)
            ? "Nor can anybody encrypt for it: below 0x8000 nothing can be "
              "written while flash encryption is on"
            : "The same one can be flashed again, at 0x1000 with its digest "
              "at 0x0: read_flash 0x7400 0xC0 digest.bin");
}

// Cut between the first and the last sector of its bootloader: everything that
// is needed is in flash.
static int tell_rescue(struct esptool *e, const struct first_boot *f)
{
    static uint8_t swap[FB_FIRST_BOOT_SWAP_N * FB_FLASH_SECTOR];
    struct fb_first_boot_rescue r;
    uint8_t head[4];
    int error = host_loader_flash_read(&e->loader, ESPTOOL_BOOTLOADER_OFF, head,
                                       sizeof head, NULL, NULL);
    if (error == 0 && head[0] == FB_IMAGE_MAGIC) {
        return CLI_OK;
    }
    if (error == 0) {
        error = host_loader_flash_read(&e->loader, f->swap, swap, sizeof swap,
                                       NULL, NULL);
    }
    if (error != 0) {
        return esptool_fail(e, error);
    }
    if (fb_first_boot_rescue(swap, f->swap, &r) != FB_OK) {
        return CLI_OK;
    }
    cli_print("This board lost power while it encrypted its bootloader. Flash "
              "the plaintext bootloader again, or let these finish the work:\n"
              "    esptool read_flash 0x%x 0x%x bootloader.enc\n"
              "    esptool write_flash --force 0x1000 bootloader.enc\n",
              (unsigned)r.from, (unsigned)r.n);
    if (!fb_bytes_all(swap, FB_FIRST_BOOT_DIGEST_SIZE, 0xFF)) {
        cli_print("    esptool read_flash 0x%x 0x%x digest.enc\n"
                  "    esptool write_flash --force 0x0 digest.enc\n",
                  (unsigned)r.digest_from, FB_FIRST_BOOT_DIGEST_SIZE);
    }
    cli_print("    espefuse burn_efuse FLASH_CRYPT_CNT\n");
    return CLI_OK;
}

static bool touches_bootloader(const struct esptool_parts *parts)
{
    for (unsigned i = 0; i < parts->count; i++) {
        if (parts->part[i].flash_off < FB_PARTITION_TABLE_OFF) {
            return true;
        }
    }
    return false;
}

static int guard_bootloader(const struct esptool *e,
                            const struct esptool_part *p, bool old_dialect)
{
    if (p->flash_off >= FB_PARTITION_TABLE_OFF) {
        return CLI_OK;
    }
    if (old_dialect && is_reflashable_digest(e, p)) {
        cli_print("Secure Boot V1 is on: '%s' at 0x0 is taken for a digest "
                  "with its bootloader.\n",
                  p->name);
        return CLI_OK;
    }
    return cli_error(p->name,
                     "Secure Boot V1 is on: writing below 0x8000 (at 0x%x) can "
                     "leave a board that never starts (--force does it)",
                     (unsigned)p->flash_off);
}

static int guard_plaintext(const struct esptool_part *p)
{
    static const char *const kinds[FB_CONTENTS] = {
        [FB_CONTENT_IMAGE] = "a plaintext image",
        [FB_CONTENT_TABLE] = "a plaintext partition table",
        [FB_CONTENT_DIGEST] = "a plaintext bootloader with its digest",
    };
    enum fb_content content = fb_content_of_file(p->file.data, p->file.size);
    if (p->encrypt || kinds[content] == NULL) {
        return CLI_OK;
    }
    return cli_error(p->name,
                     "%s, but flash encryption is on: the chip would read "
                     "garbage at 0x%x; encrypt it first with espsecure "
                     "encrypt_flash_data (--force writes it)",
                     kinds[content], (unsigned)p->flash_off);
}

// An image that ends too early never starts. Only what is surely an image
// counts: ciphertext may look like the first byte of one.
static int guard_truncated(const struct esptool_part *p)
{
    struct fb_image image;
    struct fb_fault fault = {0};
    const size_t first = FB_IMAGE_HEADER_SIZE + FB_IMAGE_SEGMENT_HEADER;
    if (p->file.size < first ||
        fb_image_parse(p->file.data, p->file.size, &image, &fault) !=
            FB_E_TRUNCATED) {
        return CLI_OK;
    }
    switch (fb_image_segment_kind(
        load32_le(p->file.data + FB_IMAGE_HEADER_SIZE), 4)) {
    case FB_SEGMENT_BAD:
    case FB_SEGMENT_PADDING:
        return CLI_OK;
    default:
        return cli_error(p->name,
                         "truncated image: a part at 0x%x reaches beyond the "
                         "file's end (--force writes it)",
                         (unsigned)fault.offset);
    }
}

// Whom is an image for? Which fields count depends on the image's age
// (esp-idf components/bootloader_support, esp_image_format.h).
static int guard_revision(const struct esptool *e, const struct esptool_part *p)
{
    struct fb_image image;
    if (fb_image_parse(p->file.data, p->file.size, &image, NULL) != FB_OK) {
        return CLI_OK;
    }
    const struct fb_image_header *h = &image.header;
    unsigned major = fb_efuse_chip_revision(&e->fuses, e->syscon_date);
    unsigned full =
        major * 100 + fb_efuse_get(&e->fuses, FB_EFUSE_WAFER_VERSION_MINOR);
    if (h->chip_id != FB_IMAGE_CHIP_ESP32) {
        return cli_error(p->name,
                         "is not an ESP32 image but one for chip id %u "
                         "(--force writes it)",
                         h->chip_id);
    }
    bool old_style =
        h->max_rev_full == 0 ||
        (h->max_rev_full == 0xFFFF && h->min_rev_full == 0 && h->min_rev != 0);
    unsigned min = old_style ? h->min_rev * 100u : h->min_rev_full;
    unsigned max = old_style ? 0xFFFF : h->max_rev_full;
    unsigned have = old_style ? major * 100 : full;
    if (have < min || have > max) {
        return cli_error(p->name,
                         "is for chip revisions v%u.%u to v%u.%u, this one is "
                         "v%u.%u (--force writes it)",
                         min / 100, min % 100, max / 100, max % 100, full / 100,
                         full % 100);
    }
    return CLI_OK;
}

int esptool_guard_chip(struct esptool *e, const struct esptool_parts *parts,
                       bool old_dialect)
{
    struct first_boot first;
    int status = read_first_boot(e, &first);
    bool own = first.made_key2 && esptool_secure_boot_v1_on(e);
    if (status == CLI_OK && first.begun && !esptool_flash_encryption_on(e)) {
        status = tell_rescue(e, &first);
    }
    if (status == CLI_OK && own && touches_bootloader(parts)) {
        status = guard_own_bootloader(e, &first, parts);
    }
    for (unsigned i = 0; i < parts->count && status == CLI_OK; i++) {
        const struct esptool_part *p = &parts->part[i];
        if (esptool_secure_boot_v1_on(e) && !own) {
            status = guard_bootloader(e, p, old_dialect);
        }
        if (status == CLI_OK && esptool_flash_encryption_on(e)) {
            status = guard_plaintext(p);
        }
        if (status == CLI_OK) {
            status = guard_revision(e, p);
        }
        if (status == CLI_OK) {
            status = guard_truncated(p);
        }
        if (status == CLI_OK && p->flash_off == 0 &&
            fb_content_of_file(p->file.data, p->file.size) ==
                FB_CONTENT_IMAGE) {
            cli_warning(p->name, "an image at 0x0: the ESP32 starts the one at "
                                 "0x1000");
        }
    }
    return status;
}
