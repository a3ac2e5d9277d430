// SPDX-License-Identifier: Apache-2.0
//
// The file system of the board, seen from Python: the block device pycom.Flash
// and its littlefs, mounted at /flash as on Pycom's firmware.

#ifndef FIRMWARE_APP_MODFS_H
#define FIRMWARE_APP_MODFS_H

#include "py/obj.h"

extern const mp_obj_type_t modfs_flash_type;

// Mount it, after formatting it when nothing is on it yet. What fails is said
// on the console, and the board goes on without.
void modfs_mount(void);

#endif
