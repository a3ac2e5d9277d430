// SPDX-License-Identifier: Apache-2.0
//
// An ESP32 in words, from its eFuses.

#ifndef TOOLS_ESPTOOL_CHIP_H
#define TOOLS_ESPTOOL_CHIP_H

#include <stddef.h>
#include <stdint.h>

#include "lib/fb/efuse.h"

// "ESP32-D0WD-V3 (revision v3.0)"
void esptool_chip_description(const struct fb_efuse_words *fuses,
                              uint32_t syscon_date, char *text, size_t cap);
// "Wi-Fi, BT, Dual Core + LP Core, 240MHz, ..."
void esptool_chip_features(const struct fb_efuse_words *fuses, char *text,
                           size_t cap);

#endif
