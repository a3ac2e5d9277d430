// SPDX-License-Identifier: Apache-2.0

#include "firmware/boot/boot.h"

#include <string.h>

#include "firmware/boot/console.h"
#include "firmware/boot/enable.h"
#include "firmware/boot/launch.h"
#include "firmware/boot/secure_version.h"
#include "firmware/boot/signing_key.h"
#include "firmware/boot/slot.h"
#include "firmware/drivers/boot_flash.h"
#include "firmware/drivers/clock.h"
#include "firmware/drivers/efuse.h"
#include "firmware/drivers/flash.h"
#include "firmware/drivers/gpio.h"
#include "firmware/drivers/mmu.h"
#include "firmware/drivers/reset.h"
#include "firmware/drivers/wdt.h"
#include "lib/fb/bytes.h"
#include "lib/fb/boot_store.h"
#include "lib/fb/partition_table.h"
#include "lib/fb/signature.h"

// Pycom boards: high for 0.1 s after reset asks for the previous image, still
// high after 3 s more for the factory image (pycom-micropython-sigfox,
// esp32/bootloader/bootmgr.c).
#define SAFE_BOOT_US    100000u
#define SAFE_FACTORY_US 3000000u
#define SAFE_POLL_US    10000u

// Longest verification and all writes, with room to spare. (A hang is a fault
// of the hardware: better another try than a dead board.)
#define GUARD_MS 20000u
// How long an application on trial has to take over the watchdog.
#define TRIAL_MS 60000u

// More verdicts than a decision can take: each slot once.
#define VERDICTS_MAX 20u

// The partition table and its signature.
#define TABLE_BYTES (FB_PARTITION_TABLE_SIZE + FB_SIGNATURE_V1_SIZE)

static void print_facts(const struct slot_rules *rules, uint32_t flash_bytes)
{
    console_print("\nFusebox bootloader %s, %s, reset cause %u\n",
                  FUSEBOX_VERSION, BOARD_NAME, reset_cause());
    console_print("flash is %u KiB\n", (unsigned)flash_bytes / 1024);
    if (rules->encrypted) {
        console_print("flash encryption is enabled (%u plaintext flashes "
                      "left)\n",
                      efuse_plaintext_flashes_left());
    } else {
        console_print("flash encryption is off\n");
    }
    console_print("secure boot is %s\n",
                  efuse_secure_boot_on() ? "enabled" : "off");
}

static void print_table(const struct fb_partition_table *table)
{
    console_print("Partition Table:\n"
                  "## Type ST Offset   Length   Label\n");
    for (unsigned i = 0; i < table->count; i++) {
        const struct fb_partition *part = &table->part[i];

        console_print("%02u   %02x %02x %08x %08x %s\n", i, part->type,
                      part->subtype, (unsigned)part->offset,
                      (unsigned)part->size, part->label);
    }
    console_print("End of partition table\n");
}

static bool verify_table(const uint8_t *p)
{
    struct fb_fault fault;
    enum fb_status status;

    console_print("Verifying partition table signature...\n");
    if (boot_signing_key_size != sizeof(boot_signing_key)) {
        console_print("Failed: this bootloader was built without a public "
                      "key (SECURE=on).\n");
        return false;
    }
    status =
        fb_signature_v1_verify(boot_signing_key, p, FB_PARTITION_TABLE_SIZE,
                               p + FB_PARTITION_TABLE_SIZE, &fault);
    if (status != FB_OK) {
        console_print("Failed to verify partition table signature. [%d]\n",
                      status);
        return false;
    }
    return true;
}

// The commonest mistake gets a line of its own.
static void explain_table(const struct slot_rules *rules)
{
    uint8_t raw[FB_PARTITION_ROW];
    struct fb_partition part;

    if (flash_read(FB_PARTITION_TABLE_OFF, raw, sizeof(raw)) != 0) {
        console_print("Flash cannot be read.\n");
    } else if (fb_bytes_all(raw, sizeof(raw), 0xFF)) {
        console_print("There is no partition table: erased flash.\n");
    } else if (rules->encrypted && fb_partition_row(raw, &part) == 1) {
        console_print("The partition table is plaintext where ciphertext is "
                      "expected.\n");
    }
}

static bool parse_table(const uint8_t *p, uint32_t flash_bytes,
                        struct fb_partition_table *table)
{
    struct fb_fault fault = {FB_E_BLANK, 0, 0, 0};
    enum fb_status status = fb_partition_table_parse(
        p, FB_PARTITION_TABLE_SIZE, flash_bytes, table, &fault);

    if (status == FB_OK && table->count > 0) {
        return true;
    }
    console_print(
        "Partition table refused: 0x%x at 0x%08x [%d]\n", (unsigned)fault.got,
        (unsigned)(FB_PARTITION_TABLE_OFF + fault.offset), fault.status);
    return false;
}

static bool read_table(const struct slot_rules *rules, uint32_t flash_bytes,
                       struct fb_partition_table *table)
{
    const uint8_t *p = mmu_map(FB_PARTITION_TABLE_OFF, TABLE_BYTES);

    if (p == NULL || (rules->sign && !verify_table(p)) ||
        !parse_table(p, flash_bytes, table)) {
        explain_table(rules);
        return false;
    }
    print_table(table);
    return true;
}

static bool high_for(uint32_t us)
{
    for (uint32_t t = 0; t < us; t += SAFE_POLL_US) {
        if (!gpio_level(BOARD_SAFE_BOOT_GPIO)) {
            return false;
        }
        clock_delay_us(SAFE_POLL_US);
    }
    return gpio_level(BOARD_SAFE_BOOT_GPIO);
}

// What fb_boot_store_first() wants to know.
static unsigned safe_boot_request(void)
{
    gpio_input_pulldown(BOARD_SAFE_BOOT_GPIO);
    if (!high_for(SAFE_BOOT_US)) {
        return 0;
    }
    console_print("Safe boot requested!\n");
    return high_for(SAFE_FACTORY_US) ? 2 : 1;
}

static enum fb_boot_verdict verify(const struct slot_rules *rules,
                                   const struct fb_partition_table *table,
                                   unsigned slot, struct fb_image *image,
                                   const uint8_t **p)
{
    const struct fb_partition *part = fb_partition_app_slot(table, slot);

    if (part == NULL) {
        console_print("Slot %u refused: the partition table has no such "
                      "slot.\n",
                      slot);
        return FB_BOOT_BAD;
    }
    return slot_verify(rules, slot, part, image, p);
}

static void read_store(const struct fb_partition_table *table,
                       uint32_t flash_bytes, struct fb_boot_store *store)
{
    struct fb_boot_place place;
    int err;

    fb_boot_store_find(table, flash_bytes, &place);
    err = fb_boot_store_read(&boot_flash, &place, store);
    if (err != 0) {
        console_print("Flash failed at the otadata partition [%d]\n", err);
    } else if (place.kind == FB_BOOT_KIND_NONE) {
        console_print("No otadata partition: nothing is remembered.\n");
    } else if (place.kind == FB_BOOT_KIND_PYCOM && !store->valid[0]) {
        console_print("boot_info at 0x%08x is not valid, starting afresh\n",
                      (unsigned)place.off);
    }
}

// What is started, and what is stored before.
static void announce(const struct fb_boot_course *course)
{
    if (course->rolled_back) {
        console_print("Falling back to slot %u.\n", course->slot);
    }
    if (course->trial) {
        console_print("Slot %u is on trial: unless it confirms itself, the "
                      "next boot falls back.\n",
                      course->slot);
    }
}

static void start(const struct slot_rules *rules,
                  const struct fb_partition_table *table, uint32_t flash_bytes)
{
    struct fb_boot_store store;
    struct fb_boot_course course;
    enum fb_boot_verdict verdict = FB_BOOT_BAD;
    unsigned verified = 0;
    struct fb_image image;
    const uint8_t *p = NULL;
    bool final = false;
    int err;

    wdt_guard(GUARD_MS);
    read_store(table, flash_bytes, &store);
    fb_boot_store_first(&store, safe_boot_request(), &course);
    for (unsigned i = 0; i < VERDICTS_MAX && !final; i++) {
        verified = course.slot;
        verdict = verify(rules, table, verified, &image, &p);
        final = fb_boot_store_verdict(&store, &course, verdict);
    }
    if (!final || !course.start || verdict != FB_BOOT_GOOD ||
        course.slot != verified) {
        return;
    }
    announce(&course);
    err = fb_boot_store_write(&boot_flash, &store.place, &course.change);
    if (err != 0) {
        console_print("The otadata partition could not be written [%d]\n", err);
    }
    if (!enable_secure_boot()) {
        return;
    }
    const struct fb_partition *part = fb_partition_app_slot(table, course.slot);
    p = mmu_map(part->offset, part->size);
    if (rules->sign && course.confirmed) {
        secure_version_raise(fb_image_secure_version(p, &image));
    }
    console_print("Loading app partition at offset %08x\n",
                  (unsigned)part->offset);
    if (course.trial) {
        wdt_guard(TRIAL_MS);
    } else {
        wdt_disable_all();
    }
    launch(&image, p, part->offset);
}

void boot_run(void)
{
    struct slot_rules rules = {efuse_flash_encryption_on(),
                               efuse_secure_boot_on() || enable_built_in, 0};
    struct fb_partition_table table;
    uint32_t flash_bytes = flash_size();

    if (flash_bytes == 0) {
        flash_bytes = BOARD_FLASH_SIZE;
    }
    print_facts(&rules, flash_bytes);
    if (rules.sign) {
        rules.version = secure_version_least();
    }
    if (flash_unlock() != 0) {
        console_print("Flash chip does not answer.\n");
    }
    if (enable_encryption(NULL, flash_bytes) &&
        read_table(&rules, flash_bytes, &table) &&
        enable_encryption(&table, flash_bytes)) {
        start(&rules, &table, flash_bytes);
    }
}
