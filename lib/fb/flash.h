// SPDX-License-Identifier: Apache-2.0
//
// The flash chip's geometry, and where the ROM looks (TRM "External Memory and
// SPI"; ESP-IDF docs, "Bootloader"). The partition table's place is in
// partition_table.h, that of the digest in secure_boot_v1.h.

#ifndef FB_FLASH_H
#define FB_FLASH_H

#define FB_FLASH_SECTOR     4096u      // bytes that are erased together
#define FB_FLASH_MAX        0x1000000u // bytes: 24-bit addresses
#define FB_FLASH_SECTORS    (FB_FLASH_MAX / FB_FLASH_SECTOR)
#define FB_FLASH_BOOTLOADER 0x1000u // flash_off that the ROM starts from

#endif
