// SPDX-License-Identifier: Apache-2.0
//
// The second-stage bootloader's course: facts about the chip, partition table,
// boot_info, verify, start. The decisions are lib/fb/boot_policy's.

#ifndef FIRMWARE_BOOT_BOOT_H
#define FIRMWARE_BOOT_BOOT_H

// Find an image that may be started and start it. Returns only if there is
// none; the console says why.
void boot_run(void);

#endif
