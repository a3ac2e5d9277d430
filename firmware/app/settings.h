// SPDX-License-Identifier: Apache-2.0
//
// The nvs partition (lib/fb/nvs.h). What belongs to it is raw: flash encryption
// leaves such partitions out (ESP-IDF docs, "NVS Encryption").

#ifndef FIRMWARE_APP_SETTINGS_H
#define FIRMWARE_APP_SETTINGS_H

#include <stdbool.h>

#include "lib/fb/nvs.h"

// Pycom's namespace.
#define SETTINGS_SPACE "PY_NVM"

// FB_E_NOT_FOUND: the partition table has no nvs partition, or one that flash
// encryption covers; FB_E_FLASH.
enum fb_status settings_open(struct fb_nvs *nvs);

#endif
