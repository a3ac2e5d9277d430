// SPDX-License-Identifier: Apache-2.0

#include "tools/esptool/guards.h"

#include "lib/fb/bytes.h"
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
// file: plain, or as ciphertext where the flash is encrypted.
static bool is_reflashable_digest(const struct esptool *e,
                                  const struct esptool_part *p)
{
    enum esptool_content content = esptool_content(p->file.data, p->file.size);
    bool both = p->file.size > FB_SECURE_BOOT_V1_IMAGE_OFF &&
                p->file.size <= FB_PARTITION_TABLE_OFF;
    if (p->flash_off != 0 || !both) {
        return false;
    }
    return esptool_flash_encryption_on(e) ? content == ESPTOOL_CONTENT_OTHER
                                          : content == ESPTOOL_CONTENT_DIGEST;
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
    static const char *const kinds[] = {
        [ESPTOOL_CONTENT_IMAGE] = "a plaintext image",
        [ESPTOOL_CONTENT_TABLE] = "a plaintext partition table",
        [ESPTOOL_CONTENT_DIGEST] = "a plaintext bootloader with its digest",
    };
    struct fb_image image;
    enum esptool_content content = esptool_content(p->file.data, p->file.size);
    // one in 256 ciphertexts starts like an image, but none goes on like one
    if (content == ESPTOOL_CONTENT_BAD_IMAGE &&
        fb_image_parse(p->file.data, p->file.size, &image, NULL) == FB_OK) {
        content = ESPTOOL_CONTENT_IMAGE;
    }
    if (p->encrypt || content == ESPTOOL_CONTENT_OTHER ||
        content == ESPTOOL_CONTENT_BAD_IMAGE) {
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

int esptool_guard_chip(const struct esptool *e,
                       const struct esptool_parts *parts, bool old_dialect)
{
    int status = CLI_OK;
    for (unsigned i = 0; i < parts->count && status == CLI_OK; i++) {
        const struct esptool_part *p = &parts->part[i];
        if (esptool_secure_boot_v1_on(e)) {
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
            esptool_content(p->file.data, p->file.size) ==
                ESPTOOL_CONTENT_IMAGE) {
            cli_warning(p->name, "an image at 0x0: the ESP32 starts the one at "
                                 "0x1000");
        }
    }
    return status;
}
