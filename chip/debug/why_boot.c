// SPDX-License-Identifier: Apache-2.0
//
// The rules of lib over the flash as the chip reads it: what a bootloader must
// find to start an application.

#include <inttypes.h>
#include <string.h>

#include "chip/debug/why_report.h"
#include "lib/fb/boot_store.h"
#include "lib/fb/bytes.h"
#include "lib/fb/image.h"
#include "lib/fb/partition_table.h"
#include "lib/fb/signature.h"
#include "lib/fb/signature_v2.h"

#define KEYS  4u
#define SLOTS 17u // factory and ota_0 .. ota_15

struct keys {
    bool signs; // Secure Boot V1 is on: table and images must be signed
    size_t n;
    uint8_t pub[KEYS][64];
};

size_t why_find_keys(const struct why_report *r, uint8_t (*pub)[64], size_t max)
{
    uint8_t image[WHY_TABLE - WHY_BOOTLOADER];
    struct fb_image parsed;

    if (r->why->find_keys == NULL) {
        return 0;
    }
    why_read(r, WHY_BOOTLOADER, image, sizeof image);
    return fb_image_parse(image, sizeof image, &parsed, NULL) == FB_OK
               ? r->why->find_keys(image, parsed.len, pub, max)
               : 0;
}

static void find_keys(struct why_report *r, struct keys *keys)
{
    memset(keys, 0, sizeof *keys);
    keys->signs = r->why->find_keys != NULL &&
                  fb_efuse_get(r->why->fuses, FB_EFUSE_ABS_DONE_0) != 0;
    if (!keys->signs) {
        return;
    }
    keys->n = why_find_keys(r, keys->pub, KEYS);
    if (keys->n == 0) {
        why_line(r, "  the bootloader carries no public key: it can start "
                    "nothing while Secure Boot is on");
    }
}

// Expected and got, at base + fault->offset.
static void say_fault(struct why_report *r, uint32_t base,
                      const struct fb_fault *fault)
{
    uint32_t at = base + fault->offset;

    switch (fault->status) {
    case FB_E_BAD_HASH: // numbers say nothing of these
    case FB_E_BAD_SIGNATURE:
        why_line(r, "  at 0x%" PRIx32 ": %s", at,
                 fb_status_text(fault->status));
        break;
    case FB_E_BAD_VERSION:
        why_line(r,
                 "  at 0x%" PRIx32 ": no signature of version 1; expected "
                 "00000000 first, got %08" PRIx32,
                 at, fault->got);
        break;
    default:
        why_line(
            r, "  at 0x%" PRIx32 ": %s; expected 0x%" PRIx32 ", got 0x%" PRIx32,
            at, fb_status_text(fault->status), fault->want, fault->got);
        break;
    }
}

// --- partition table ---

static bool table_signed(struct why_report *r, const struct keys *keys,
                         const uint8_t *p)
{
    const uint8_t *block = p + FB_PARTITION_TABLE_SIZE;
    struct fb_fault fault = {FB_E_BAD_SIGNATURE, 0, 0, 0};

    for (size_t i = 0; i < keys->n; i++) {
        if (fb_signature_v1_verify(keys->pub[i], p, FB_PARTITION_TABLE_SIZE,
                                   block, &fault) == FB_OK) {
            return true;
        }
    }
    why_line(r, "the signature of the partition table is bad");
    fault.offset = FB_PARTITION_TABLE_SIZE;
    say_fault(r, WHY_TABLE, &fault);
    if (fb_bytes_all(r->why->flash + WHY_TABLE + FB_PARTITION_TABLE_SIZE,
                     FB_SIGNATURE_V1_SIZE, 0xFF)) {
        why_line(r, "  the table was never signed: the flash is erased there");
    } else if (fault.status == FB_E_BAD_SIGNATURE && keys->n > 0) {
        why_line(r, "  signed with another key than the bootloader's, or "
                    "changed since");
    }
    return false;
}

static bool table_good(struct why_report *r, const struct keys *keys,
                       struct fb_partition_table *table)
{
    uint8_t p[FB_PARTITION_TABLE_SIZE + FB_SIGNATURE_V1_SIZE];
    struct fb_fault fault = {FB_OK, 0, 0, 0};
    enum fb_status status;
    bool is_signed;

    why_read(r, WHY_TABLE, p, sizeof p);
    status = fb_partition_table_parse(p, FB_PARTITION_TABLE_SIZE,
                                      r->why->flash_size, table, &fault);
    if (status != FB_OK || table->count == 0) {
        why_line(r, "the partition table at 0x%x cannot be read", WHY_TABLE);
        if (status != FB_OK) {
            say_fault(r, WHY_TABLE, &fault);
        }
        if (status == FB_E_BAD_MAGIC || table->count == 0) {
            why_say_bytes(r, WHY_TABLE + fault.offset, 0xAA);
        }
        why_say_content(r, WHY_TABLE, FB_FLASH_SECTOR);
        return false;
    }
    is_signed = !keys->signs || table_signed(r, keys, p);
    if (fb_partition_table_verify(table, &fault) != FB_OK) {
        why_line(r,
                 "row %" PRIu32 " of the partition table, %s at 0x%" PRIx32
                 ", breaks a rule: %s",
                 fault.offset, table->part[fault.offset].label,
                 table->part[fault.offset].offset,
                 fb_status_text(fault.status));
    }
    return is_signed;
}

// --- what is remembered ---

static int read_flash(void *user, uint32_t flash_off, void *p, size_t n)
{
    why_read(user, flash_off, p, n);
    return 0;
}

static int read_raw(void *user, uint32_t flash_off, void *p, size_t n)
{
    const struct why_report *r = user;

    if (n > r->why->flash_size || flash_off > r->why->flash_size - n) {
        return -1;
    }
    memcpy(p, r->why->flash + flash_off, n);
    return 0;
}

// Nothing is changed here.
static int no_erase(void *user, uint32_t flash_off)
{
    (void)user;
    (void)flash_off;
    return -1;
}

static int no_write(void *user, uint32_t flash_off, const void *p, size_t n)
{
    (void)user;
    (void)flash_off;
    (void)p;
    (void)n;
    return -1;
}

static void say_store(struct why_report *r,
                      const struct fb_partition_table *table)
{
    const struct fb_boot_flash flash = {
        r, read_flash, read_raw, no_erase, no_write, no_write,
    };
    struct fb_boot_place place;
    struct fb_boot_store store;
    struct fb_boot_course course;

    fb_boot_store_find(table, r->why->flash_size, &place);
    if (place.kind == FB_BOOT_KIND_NONE) {
        why_line(r, "  no otadata partition: slot 0 comes first");
        return;
    }
    if (fb_boot_store_read(&flash, &place, &store) != 0) {
        why_line(r,
                 "  at 0x%" PRIx32 ": a change of what is remembered was "
                 "interrupted; the next boot finishes it",
                 place.off);
        return;
    }
    fb_boot_store_first(&store, 0, &course);
    if (!store.valid[0] && !store.valid[1]) {
        why_line(r, "  at 0x%" PRIx32 ": no valid %s, so slot %u comes first",
                 place.off,
                 place.kind == FB_BOOT_KIND_PYCOM ? "boot_info" : "otadata",
                 course.slot);
        why_say_content(r, place.off, FB_FLASH_SECTOR);
        return;
    }
    why_line(r, "  slot %u comes first%s", course.slot,
             course.rolled_back ? ": the one on trial did not confirm itself"
                                : "");
}

// --- slots ---

static enum fb_status verify_slot(const struct why_report *r,
                                  const struct keys *keys,
                                  const struct fb_partition *part,
                                  struct fb_image *image,
                                  struct fb_fault *fault)
{
    const uint8_t *p = r->why->scratch;
    enum fb_status status =
        fb_image_verify_app(p, part->size, part->offset, NULL, image, fault);

    if (status != FB_OK || !keys->signs) {
        return status;
    }
    status = fb_fault_set(fault, FB_E_BAD_SIGNATURE, image->len, 0, 0);
    for (size_t i = 0; i < keys->n && status != FB_OK; i++) {
        status = fb_image_verify_app(p, part->size, part->offset, keys->pub[i],
                                     image, fault);
    }
    return status;
}

// Secure Boot V2: a sector behind the image. Fusebox's bootloader, of which the
// ROM has checked the like, does not ask for it.
static void say_v2(struct why_report *r, unsigned n,
                   const struct fb_partition *part,
                   const struct fb_image *image)
{
    const uint8_t *p = r->why->scratch;
    uint32_t end = align_up32(image->len, FB_SIGNATURE_V2_SECTOR);

    if (end + FB_SIGNATURE_V2_SECTOR > part->size) {
        why_line(r, "  it leaves no room for the signature of Secure Boot V2");
    } else if (!why_v2_refused(r, part->offset, p, end, p + end)) {
        why_line(r, "  signed for Secure Boot V2 with the key in BLOCK2");
        return;
    }
    why_line(r,
             strstr(r->boot, "Fusebox bootloader") != NULL
                 ? "  Fusebox's bootloader starts slot %u all the same"
                 : "  ESP-IDF's bootloader refuses slot %u for that: sign it "
                   "(espsecure sign_data --version 2)",
             n);
}

static void say_good(struct why_report *r, const struct keys *keys, unsigned n,
                     const struct fb_partition *part,
                     const struct fb_image *image)
{
    uint32_t version = fb_image_secure_version(r->why->scratch, image);
    unsigned want = fb_efuse_secure_version(r->why->fuses);

    why_line(r, "slot %u at 0x%" PRIx32 " is whole%s", n, part->offset,
             keys->signs ? ", and signed with a key of the bootloader" : "");
    if (!keys->signs && !image->header.hash_appended) {
        why_line(r, "  but without the SHA-256 behind it that Fusebox's "
                    "bootloader wants");
    }
    if (why_v2_on(r)) {
        say_v2(r, n, part, image);
    }
    if (version < want) {
        why_line(r,
                 "  its security version is %" PRIu32 ", the eFuses say %u: a "
                 "bootloader with ANTI_ROLLBACK=on refuses it",
                 version, want);
    }
}

// Is it one to start?
static bool say_slot(struct why_report *r, const struct keys *keys, unsigned n,
                     const struct fb_partition *part)
{
    struct fb_image image;
    struct fb_fault fault = {FB_OK, 0, 0, 0};

    why_read(r, part->offset, r->why->scratch, part->size);
    if (verify_slot(r, keys, part, &image, &fault) == FB_OK) {
        say_good(r, keys, n, part, &image);
        return true;
    }
    why_line(r, "slot %u at 0x%" PRIx32 " is refused", n, part->offset);
    say_fault(r, part->offset, &fault);
    if (fault.status == FB_E_BAD_MAGIC) {
        why_say_bytes(r, part->offset, FB_IMAGE_MAGIC);
        why_say_content(r, part->offset, part->size);
    } else if (fault.status == FB_E_BAD_SIGNATURE) {
        why_line(r, "  signed with another key than the bootloader's");
    }
    return false;
}

enum fb_condition why_boot(struct why_report *r)
{
    struct fb_partition_table table;
    struct keys keys;
    unsigned n = 0, good = 0;

    find_keys(r, &keys);
    if (!table_good(r, &keys, &table)) {
        return FB_BOARD_BAD_TABLE;
    }
    say_store(r, &table);
    for (; n < SLOTS; n++) {
        const struct fb_partition *part = fb_partition_app_slot(&table, n);

        if (part == NULL) {
            break;
        }
        good += say_slot(r, &keys, n, part);
    }
    if (n == 0) {
        why_line(r, "the partition table has no slot for an application");
    }
    return good > 0 ? FB_BOARD_BOOTS : FB_BOARD_BAD_APP;
}
