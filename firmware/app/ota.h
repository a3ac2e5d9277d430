// SPDX-License-Identifier: Apache-2.0
//
// Update over the air: write a new image to the slot that does not run and tell
// the bootloader to try it. What is remembered, and how it survives a loss of
// power, is lib/fb/boot_store's business.
//
// The image is written as it comes: for a board with flash encryption it has
// been encrypted, on the host, for the address ota_slot() names. Whether it was
// can only be seen by reading it back through the flash cache at that address.
// So ota_write() puts the first OTA_HEAD bytes there before anything else,
// looks at them, and puts the old first sector back when they are no image's.
// Only then is more erased. Meanwhile the running image is the way back: it has
// been confirmed, or ota_start() refuses (docs/DESIGN.md, "Updates").
//
// All functions answer 0 (or what they say) or a negative enum ota_error.

#ifndef FIRMWARE_APP_OTA_H
#define FIRMWARE_APP_OTA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define OTA_HEAD 32u // bytes: the image's header and its first segment's

enum ota_error {
    OTA_E_TABLE = -1,   // the partition table has no slot or no otadata
    OTA_E_STATE = -2,   // not started, or nothing written
    OTA_E_FULL = -3,    // does not fit in the slot
    OTA_E_FLASH = -4,   // the flash chip failed
    OTA_E_TRIAL = -5,   // the running image has not been confirmed
    OTA_E_IMAGE = -6,   // not an image, or not one for this slot
    OTA_E_VERSION = -7, // older than the eFuses allow
};

// An update under way. All zero: none.
struct ota {
    bool started;
    uint32_t slot_off;  // flash_off
    uint32_t slot_size; // bytes
    uint32_t written;   // bytes, from the start of the slot
    uint32_t erased;    // bytes, whole sectors
    uint8_t head[OTA_HEAD];
};

// The slot that the next update goes to, a flash_off.
int ota_slot(uint32_t *flash_off);

// Begin again at the start of that slot. Nothing is erased yet.
int ota_start(struct ota *ota);

// Append n bytes. OTA_E_FULL, OTA_E_IMAGE: nothing of them was written, and
// after OTA_E_IMAGE the update is over.
int ota_write(struct ota *ota, const void *data, size_t n);

// Make the bootloader check and start the slot at the next reset, on trial:
// unless ota_confirm() is called then, the reset after brings this image back.
// OTA_E_VERSION: nothing was changed, and the bootloader will not look at it.
int ota_finish(struct ota *ota);

// 1 when the image in the slot would be started: structure, checksum, SHA-256
// and, with secure boot on, its signature and its security version (also where
// the bootloader was built without ANTI_ROLLBACK). 0 when it would be refused.
int ota_verify(void);

// 1 while the running image is on trial.
int ota_on_trial(void);

// 1 when this boot is a safe boot, by the pin or by request: the program's
// scripts are left out.
int ota_safe_boot(void);

// The running image is good. Nothing happens when it was already.
int ota_confirm(void);

#endif
