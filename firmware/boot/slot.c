// SPDX-License-Identifier: Apache-2.0

#include "firmware/boot/slot.h"

#include <stddef.h>

#include "firmware/boot/console.h"
#include "firmware/boot/load.h"
#include "firmware/boot/signing_key.h"
#include "firmware/drivers/flash.h"
#include "firmware/drivers/mmu.h"
#include "lib/fb/bytes.h"
#include "lib/fb/signature.h"

// Checksum, then the signature over the image and its appended SHA-256, which
// makes checking that hash superfluous. Only when the signature is wrong, the
// hash tells damage from a stranger's key.
static enum fb_status check_signature(const uint8_t *p, uint32_t cap,
                                      const struct fb_image *image,
                                      struct fb_fault *fault)
{
    struct fb_fault damage;
    enum fb_status status;
    uint8_t checksum = fb_image_checksum(p, image);

    if (checksum != image->checksum) {
        return fb_fault_set(fault, FB_E_BAD_CHECKSUM, image->checksum_off,
                            image->checksum, checksum);
    }
    if (cap - image->len < FB_SIGNATURE_V1_SIZE) {
        return fb_fault_set(fault, FB_E_TRUNCATED, image->len, cap,
                            image->len + FB_SIGNATURE_V1_SIZE);
    }
    status = fb_signature_v1_verify(boot_signing_key, p, image->len,
                                    p + image->len, fault);
    if (status != FB_OK && fb_image_check_sums(p, image, &damage) != FB_OK) {
        *fault = damage;
        return damage.status;
    }
    return status;
}

static enum fb_status check_version(const struct slot_rules *rules,
                                    const uint8_t *p,
                                    const struct fb_image *image,
                                    struct fb_fault *fault)
{
    uint32_t version = fb_image_secure_version(p, image);

    return version < rules->version
               ? fb_fault_set(fault, FB_E_ROLLBACK, 0, version, rules->version)
               : FB_OK;
}

static enum fb_status check(const struct slot_rules *rules, const uint8_t *p,
                            const struct fb_partition *part,
                            struct fb_image *image, struct fb_fault *fault)
{
    enum fb_status status = fb_image_parse(p, part->size, image, fault);

    if (status != FB_OK) {
        return status;
    }
    status = fb_image_check_loadable(image, part->offset, fault);
    if (status != FB_OK) {
        return status;
    }
    status = load_check(image, fault);
    if (status != FB_OK) {
        return status;
    }
    if (rules->sign) {
        status = check_signature(p, part->size, image, fault);
        return status == FB_OK ? check_version(rules, p, image, fault) : status;
    }
    if (!image->header.hash_appended) {
        return fb_fault_set(fault, FB_E_BAD_HASH, image->len, 0, 0);
    }
    return fb_image_check_sums(p, image, fault);
}

// What stands at flash_off if it does not start with an image's magic number?
static const char *not_an_image(const struct slot_rules *rules,
                                uint32_t flash_off)
{
    uint8_t raw[FB_IMAGE_HEADER_SIZE];
    struct fb_image_header header;

    if (flash_read(flash_off, raw, sizeof(raw)) != 0) {
        return "flash cannot be read";
    }
    if (fb_bytes_all(raw, sizeof(raw), 0xFF)) {
        return "erased flash";
    }
    if (!rules->encrypted) {
        return "other data, or an encrypted image while flash encryption is "
               "off";
    }
    if (fb_image_header_parse(raw, &header, NULL) == FB_OK) {
        return "plaintext where ciphertext is expected";
    }
    return "encrypted for another address or with another key";
}

static void refuse(const struct slot_rules *rules, unsigned slot,
                   const struct fb_partition *part,
                   const struct fb_fault *fault)
{
    unsigned offset = (unsigned)fault->offset;
    unsigned got = (unsigned)fault->got;
    unsigned want = (unsigned)fault->want;

    console_print("Slot %u at 0x%08x refused: ", slot, (unsigned)part->offset);
    switch (fault->status) {
    case FB_E_BAD_MAGIC:
        console_print("not an image: magic 0x%02x (%s)", got,
                      not_an_image(rules, part->offset));
        break;
    case FB_E_BAD_CHECKSUM:
        console_print("image corrupted: checksum 0x%02x instead of 0x%02x", got,
                      want);
        break;
    case FB_E_BAD_HASH:
        console_print("image corrupted: its SHA-256 does not match");
        break;
    case FB_E_BAD_SIGNATURE:
        console_print("signature bad: signed by another key");
        break;
    case FB_E_BAD_VERSION:
        console_print("signature bad: no V1 signature block after the image");
        break;
    case FB_E_ROLLBACK:
        console_print("security version %u, the eFuses want %u", got, want);
        break;
    default:
        console_print("image corrupted or not for this chip: 0x%x at 0x%x", got,
                      offset);
        break;
    }
    console_print(" [%d]\n", fault->status);
}

enum fb_boot_verdict slot_verify(const struct slot_rules *rules, unsigned slot,
                                 const struct fb_partition *part,
                                 struct fb_image *image, const uint8_t **p)
{
    struct fb_fault fault = {FB_E_RANGE, 0, part->offset, part->size};
    const uint8_t *mapped = mmu_map(part->offset, part->size);

    if (mapped == NULL || check(rules, mapped, part, image, &fault) != FB_OK) {
        refuse(rules, slot, part, &fault);
        return FB_BOOT_BAD;
    }
    *p = mapped;
    return FB_BOOT_GOOD;
}
