// SPDX-License-Identifier: Apache-2.0
//
// The smallest application that updates itself: it takes the image that lies
// in flash at UPDATE_FROM, confirms a new image or does not, and says "Hi" when
// there is nothing left to do. What it runs of the firmware is what
// MicroPython's pycom module runs.

#include <stdint.h>

#include "firmware/app/ota.h"
#include "firmware/app/partitions.h"
#include "firmware/drivers/boot_flash.h"
#include "firmware/drivers/clock.h"
#include "firmware/drivers/flash.h"
#include "firmware/drivers/reset.h"
#include "firmware/drivers/uart.h"
#include "firmware/drivers/wdt.h"
#include "tests/powercut/update/update.h"

_Noreturn void update_main(void);

static void say(const char *text)
{
    for (; *text != '\0'; text++) {
        uart_putc((uint8_t)*text);
    }
    uart_flush();
}

// Has an update been tried before? Then there is no second one.
static bool was_tried(void)
{
    static struct fb_partition_table table;
    struct fb_boot_place place;
    struct fb_boot_store store = {.valid = {false, false}};

    if (!partitions_load(&table)) {
        return true;
    }
    fb_boot_store_find(&table, flash_size(), &place);
    if (fb_boot_store_read(&boot_flash, &place, &store) != 0) {
        return true;
    }
    return fb_boot_store_active(&store) != 0 ||
           (place.kind == FB_BOOT_KIND_PYCOM && store.valid[0] &&
            store.info.previous != FB_BOOT_FACTORY) ||
           (place.kind == FB_BOOT_KIND_OTADATA &&
            (store.valid[0] || store.valid[1]));
}

// Slot 1 holds the image already: only what is remembered changes.
static int remember(void)
{
    static struct fb_partition_table table;
    struct fb_boot_place place;
    struct fb_boot_store store;
    struct fb_boot_change change;
    int err = partitions_load(&table) ? 0 : OTA_E_TABLE;

    if (err == 0) {
        fb_boot_store_find(&table, flash_size(), &place);
        err = fb_boot_store_read(&boot_flash, &place, &store);
    }
    if (err == 0 && !fb_boot_store_update(&store, 1, 0x1000, true, &change)) {
        err = OTA_E_STATE;
    }
    return err != 0 ? err : fb_boot_store_write(&boot_flash, &place, &change);
}

static int update(void)
{
    static struct ota ota;
    static uint8_t piece[1024];
    uint32_t n;
    int err = flash_read(UPDATE_SIZE_AT, &n, sizeof n);

    if (err == 0 && n == 0) {
        return remember();
    }
    if (err == 0) {
        err = ota_start(&ota);
    }
    for (uint32_t i = 0; i < n && err == 0; i += sizeof piece) {
        uint32_t part = n - i < sizeof piece ? n - i : sizeof piece;

        err = flash_read(UPDATE_FROM + i, piece, part);
        if (err == 0) {
            err = ota_write(&ota, piece, part);
        }
    }
    return err != 0 ? err : ota_finish(&ota);
}

_Noreturn void update_main(void)
{
    uint32_t wanted = 0;
    int err = flash_read(UPDATE_WANTED_AT, &wanted, sizeof wanted);

    wdt_disable_all();
    if (err == 0 && ota_on_trial() == 1) {
        if (wanted == UPDATE_ROLL_BACK) {
            reset_system();
        }
        err = ota_confirm();
    } else if (err == 0 && wanted != UPDATE_NOTHING && !was_tried()) {
        err = update();
        if (err == 0) {
            reset_system();
        }
    }
    say(err == 0 ? "Hi\n" : "Error\n");
    for (;;) {
        __asm__ volatile("waiti 15");
    }
}
