// SPDX-License-Identifier: Apache-2.0
//
// Update over the air: write a new image to the other slot and tell the
// bootloader to try it. Which slot, and what boot_info says afterwards, is
// decided in lib (boot_policy.h).
//
// The image is written as it comes: for a board with flash encryption it has
// been encrypted, on the host, for the address ota_slot() names.
//
// All functions answer 0 (or what they say) or a negative enum ota_error.

#ifndef FIRMWARE_APP_OTA_H
#define FIRMWARE_APP_OTA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum ota_error {
    OTA_E_TABLE = -1, // the partition table has no slot or no otadata
    OTA_E_STATE = -2, // not started, or nothing written
    OTA_E_FULL = -3,  // does not fit in the slot
    OTA_E_FLASH = -4, // the flash chip failed
};

// An update under way. All zero: none.
struct ota {
    bool started;
    uint32_t slot_off;  // flash_off
    uint32_t slot_size; // bytes
    uint32_t written;   // bytes, from the start of the slot
    uint32_t erased;    // bytes, whole sectors
};

// The slot that the next update goes to, a flash_off.
int ota_slot(uint32_t *flash_off);

// Begin again at the start of that slot.
int ota_start(struct ota *ota);

// Append n bytes. OTA_E_FULL: nothing of them was written.
int ota_write(struct ota *ota, const void *data, size_t n);

// Make the bootloader check and start the slot at the next reset.
int ota_finish(struct ota *ota);

// 1 when the image in the slot would be started: structure, checksum, SHA-256
// and, with secure boot on, its signature. 0 when it would be refused.
int ota_verify(void);

#endif
