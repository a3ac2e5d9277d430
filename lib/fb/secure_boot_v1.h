// SPDX-License-Identifier: Apache-2.0
//
// Secure Boot V1: the keyed digest of the second-stage bootloader that the ROM
// compares (ESP-IDF docs, secure-boot-v1; docs/FORMATS.md). Also the file
// `bootloader-reflash-digest.bin` that carries it to flash_off 0.

#ifndef FB_SECURE_BOOT_V1_H
#define FB_SECURE_BOOT_V1_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/fb/crypto.h"
#include "lib/fb/flash.h"
#include "lib/fb/status.h"

#define FB_SECURE_BOOT_V1_IV_SIZE     128u
#define FB_SECURE_BOOT_V1_DIGEST_SIZE 64u
#define FB_SECURE_BOOT_V1_BLOCK       128u // the engine's unit
// Places in flash and in the reflash-digest file.
#define FB_SECURE_BOOT_V1_IV_OFF     0u
#define FB_SECURE_BOOT_V1_DIGEST_OFF 0x80u
#define FB_SECURE_BOOT_V1_IMAGE_OFF  FB_FLASH_BOOTLOADER

// A running digest. A secret: wipe it after use.
struct fb_secure_boot_v1 {
    struct fb_aes256 aes;
    struct fb_sha512 sha;
};

// key: 32 bytes, or 24 (coding scheme 3/4), key file order. 16 bytes (a key
// that newer espsecure hashes) is accepted too. Else FB_E_KEY.
enum fb_status fb_secure_boot_v1_init(struct fb_secure_boot_v1 *c,
                                      const uint8_t *key, size_t n);

// First the IV, then the covered image. n is a multiple of 16, else
// FB_E_ALIGN and nothing is absorbed.
enum fb_status fb_secure_boot_v1_update(struct fb_secure_boot_v1 *c,
                                        const uint8_t *p, size_t n);

// c is wiped.
void fb_secure_boot_v1_final(struct fb_secure_boot_v1 *c, uint8_t digest[64]);

// All of it: of the IV and then of `covered` bytes of an image, a multiple of
// 16. FB_E_KEY, FB_E_ALIGN: digest is untouched.
enum fb_status fb_secure_boot_v1_digest(const uint8_t *key, size_t n,
                                        const uint8_t iv[128],
                                        const uint8_t *image, size_t covered,
                                        uint8_t digest[64]);

// Bytes of flash from 0x1000 that the digest covers for an image of image_len
// bytes (up to its checksum byte, plus 32 if hash_appended): the appended
// SHA-256 does not count, the rest is rounded up to 128.
uint32_t fb_secure_boot_v1_covered(uint32_t image_len, bool hash_appended);

#endif
