// SPDX-License-Identifier: Apache-2.0
//
// The Secure Boot V1 engine: absorbs 128-byte blocks under the key in BLK2,
// shows the digest (until ABS_DONE_0 is burned) or compares it (ESP-IDF docs,
// "Secure Boot" V1, "Secure Boot Hardware Support"; register places as the mask
// ROM uses them).

#ifndef CHIP_PERIPH_SECURE_BOOT_H
#define CHIP_PERIPH_SECURE_BOOT_H

#include "chip/periph/registers.h"

extern const struct reg_block secure_boot_block;

#endif
