// SPDX-License-Identifier: Apache-2.0
//
// What is remembered from boot to boot, whichever format the partition table
// asks for, and how it is changed so that a loss of power at any moment leaves
// the state before or the state after. The bootloader and the application use
// the same code (docs/FORMATS.md, "boot_info" and "otadata").
//
// - An otadata partition of one sector holds Pycom's boot_info. A change is
//   written to a journal first: the sector behind the partition, if no other
//   partition has it. Without that sector a loss of power in the middle of a
//   change means the fresh record.
// - One of two sectors or more holds ESP-IDF's otadata.
// - Without one slot 0 is started, and nothing is remembered.
//
// An application, in this order:
//     fb_boot_store_find(&table, flash_bytes, &place);
//     fb_boot_store_read(&flash, &place, &state);
//     fb_boot_store_update(&state, slot, size, true, &change);  // new image
//     fb_boot_store_confirm(&state, &change);                   // or: I work
//     fb_boot_store_write(&flash, &place, &change);

#ifndef FB_BOOT_STORE_H
#define FB_BOOT_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/fb/boot_info.h"
#include "lib/fb/boot_policy.h"
#include "lib/fb/flash.h"
#include "lib/fb/otadata.h"
#include "lib/fb/partition_table.h"

#define FB_BOOT_STORE_ROW 32u // bytes that are encrypted together

// The flash. All return 0, or anything else on failure. Addresses are
// flash_off.
struct fb_boot_flash {
    void *user;
    // As the CPU sees it: decrypted where flash encryption is on.
    int (*read)(void *user, uint32_t flash_off, void *p, size_t n);
    // As the chip holds it.
    int (*read_raw)(void *user, uint32_t flash_off, void *p, size_t n);
    int (*erase)(void *user, uint32_t flash_off); // one sector
    // What read() will give. Whole rows.
    int (*write)(void *user, uint32_t flash_off, const void *p, size_t n);
    int (*write_raw)(void *user, uint32_t flash_off, const void *p, size_t n);
};

enum fb_boot_kind {
    FB_BOOT_KIND_NONE,
    FB_BOOT_KIND_PYCOM,
    FB_BOOT_KIND_OTADATA,
};

struct fb_boot_place {
    enum fb_boot_kind kind;
    uint32_t off;     // flash_off of the otadata partition
    uint32_t journal; // flash_off of the journal; 0: there is none
    unsigned slots;   // app slots, fb_partition_app_slot()
    bool factory;     // slot 0 is a factory app, ota_0 is slot 1
};

// flash_bytes: a journal ends there at the latest.
void fb_boot_store_find(const struct fb_partition_table *table,
                        uint32_t flash_bytes, struct fb_boot_place *place);

struct fb_boot_store {
    struct fb_boot_place place;
    bool valid[2]; // a record was found; PYCOM has one
    struct fb_boot_info info;
    struct fb_otadata record[2];
};

// Finish a change that a loss of power interrupted, then read. Returns 0, or
// what a function of *flash returned; *store holds then what could be read.
int fb_boot_store_read(const struct fb_boot_flash *flash,
                       const struct fb_boot_place *place,
                       struct fb_boot_store *store);

// What is to be stored. Nothing if `write` is false.
struct fb_boot_change {
    bool write;
    struct fb_boot_info info; // PYCOM
    unsigned sector;          // OTADATA: 0 or 1
    struct fb_otadata record;
};

// Store it and read it back. 0, what a function of *flash returned, or -1 when
// flash does not hold what was written.
int fb_boot_store_write(const struct fb_boot_flash *flash,
                        const struct fb_boot_place *place,
                        const struct fb_boot_change *change);

// --- the bootloader ---

struct fb_boot_course {
    bool start;       // false: nothing may be started, stay in the safe state
    unsigned slot;    // to verify next, or to start
    bool rolled_back; // not the slot that was asked for
    bool trial;       // it has to confirm itself, or the next boot rolls back
    bool confirmed;   // it is the active image, and good for good
    struct fb_boot_change change;     // to be stored before starting
    struct fb_boot_decision decision; // private
    uint32_t tried;                   // private: a bit per slot
};

// As fb_boot_policy_first() and _verdict(): first says which slot to verify;
// the verdict returns true when the course is final, else course->slot is to
// be verified next. When nothing starts, nothing is to be stored.
//
// An image on trial that was started once and has not confirmed itself gives
// way to the one before.
void fb_boot_store_first(const struct fb_boot_store *store,
                         unsigned safeboot_pin, struct fb_boot_course *course);
bool fb_boot_store_verdict(const struct fb_boot_store *store,
                           struct fb_boot_course *course,
                           enum fb_boot_verdict verdict);

// --- the application ---

// The slot that the state says was started: what runs, unless the user asked
// for another at the safe boot pin. An application that can tell from its MMU
// mapping should.
unsigned fb_boot_store_active(const struct fb_boot_store *store);

// Is it on trial? Then the other image is the way back: fb_boot_store_update()
// refuses until it is confirmed.
bool fb_boot_store_on_trial(const struct fb_boot_store *store);

// The slot for the next update beside the one that runs; -1: there is none.
int fb_boot_store_next_slot(const struct fb_boot_store *store,
                            unsigned running);

// A new image of `size` bytes is complete in `slot`, which is not the running
// one. trial: it must confirm itself, else verified is good enough. False: on
// trial now, or no place to remember it, or no such slot.
bool fb_boot_store_update(const struct fb_boot_store *store, unsigned slot,
                          uint32_t size, bool trial,
                          struct fb_boot_change *change);

// The running image is good. change->write is false when it was already.
void fb_boot_store_confirm(const struct fb_boot_store *store,
                           struct fb_boot_change *change);

#endif
