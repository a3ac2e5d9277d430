// SPDX-License-Identifier: Apache-2.0
//
// First boot: flash encryption and Secure Boot V1, turned on by the bootloader.
// What comes next is decided by lib/fb/first_boot; this executes it. Linked
// with FIRST_BOOT=on; enable_none.c stands in otherwise.

#ifndef FIRMWARE_BOOT_ENABLE_H
#define FIRMWARE_BOOT_ENABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/fb/partition_table.h"

// What is started must be signed even before ABS_DONE_0 is burned: afterwards
// it would not start.
extern const bool enable_built_in;

// While encryption is off: begin (table is not NULL: the verified partition
// table, flash_bytes the flash chip's size) or go on with what is planned
// (table is NULL). Does not return when the flash was encrypted: the chip
// resets. True: there is nothing to do. False: it cannot go on, the console
// says why, and nothing may be started.
bool enable_encryption(const struct fb_partition_table *table,
                       uint32_t flash_bytes);

// While encryption is on and an application has been verified: Secure Boot V1,
// then clean up. Same answers.
bool enable_secure_boot(void);

#endif
