// SPDX-License-Identifier: Apache-2.0
//
// Anti-rollback: the eFuse field SECURE_VERSION counts in ones the least
// security version that is started. Linked with ANTI_ROLLBACK=on;
// secure_version_none.c stands in otherwise.

#ifndef FIRMWARE_BOOT_SECURE_VERSION_H
#define FIRMWARE_BOOT_SECURE_VERSION_H

#include <stdint.h>

// 0: anything is started. The console says so when the field cannot be used.
uint32_t secure_version_least(void);

// A confirmed image of that version runs: nothing older is to run again. Burns
// the bits that are missing. Whatever part of them a loss of power leaves is
// at most that version, and the next boot burns the rest.
void secure_version_raise(uint32_t version);

#endif
