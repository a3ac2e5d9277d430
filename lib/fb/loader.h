// SPDX-License-Identifier: Apache-2.0
//
// The download protocol of the ROM and of flasher stubs: packets inside SLIP
// frames, both ends (esptool docs, "Serial Protocol"). No I/O: the host side
// (host/loader_session.h) and the ROM model (chip/rom) move the bytes.

#ifndef FB_LOADER_H
#define FB_LOADER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/fb/status.h"

// X(NAME, op, request words) in loader.def; words is the fixed part before
// any data.
enum fb_loader_op {
    FB_LOADER_FLASH_BEGIN = 0x02,
    FB_LOADER_FLASH_DATA = 0x03,
    FB_LOADER_FLASH_END = 0x04,
    FB_LOADER_MEM_BEGIN = 0x05,
    FB_LOADER_MEM_END = 0x06,
    FB_LOADER_MEM_DATA = 0x07,
    FB_LOADER_SYNC = 0x08,
    FB_LOADER_WRITE_REG = 0x09,
    FB_LOADER_READ_REG = 0x0A,
    FB_LOADER_SPI_SET_PARAMS = 0x0B,
    FB_LOADER_SPI_ATTACH = 0x0D,
    FB_LOADER_READ_FLASH_SLOW = 0x0E,
    FB_LOADER_CHANGE_BAUDRATE = 0x0F,
    FB_LOADER_FLASH_DEFL_BEGIN = 0x10,
    FB_LOADER_FLASH_DEFL_DATA = 0x11,
    FB_LOADER_FLASH_DEFL_END = 0x12,
    FB_LOADER_SPI_FLASH_MD5 = 0x13,
    FB_LOADER_GET_SECURITY_INFO = 0x14, // not on the ESP32
    // stub only
    FB_LOADER_ERASE_FLASH = 0xD0,
    FB_LOADER_ERASE_REGION = 0xD1,
    FB_LOADER_READ_FLASH = 0xD2,
    FB_LOADER_RUN_USER_CODE = 0xD3,
    FB_LOADER_FLASH_ENCRYPT_DATA = 0xD4,
};

enum fb_loader_error {
    FB_LOADER_E_INVALID_MESSAGE = 0x05,
    FB_LOADER_E_FAILED = 0x06,
    FB_LOADER_E_CHECKSUM = 0x07,
    FB_LOADER_E_FLASH_WRITE = 0x08,
    FB_LOADER_E_FLASH_READ = 0x09,
    FB_LOADER_E_READ_LENGTH = 0x0A,
    FB_LOADER_E_DEFLATE = 0x0B,
    FB_LOADER_E_DEFLATE_ADLER = 0x0C,
    FB_LOADER_E_DEFLATE_PARAM = 0x0D,
};

#define FB_LOADER_HEADER         8u      // of requests and responses
#define FB_LOADER_DATA_HEADER    16u     // length, sequence, 0, 0
#define FB_LOADER_ROM_BLOCK      0x400u  // FLASH_DATA payload, ROM
#define FB_LOADER_STUB_BLOCK     0x4000u // FLASH_DATA payload, stub
#define FB_LOADER_MEM_BLOCK      0x1800u // MEM_DATA payload
#define FB_LOADER_CHIP_MAGIC_REG 0x40001000u
#define FB_LOADER_CHIP_MAGIC     0x00F01D83u // read there: an ESP32
#define FB_LOADER_SYNC_VALUE     0x20120707u // value field of the ROM's answers
#define FB_LOADER_REQUEST_MAX                                                  \
    (FB_LOADER_HEADER + FB_LOADER_DATA_HEADER + FB_LOADER_STUB_BLOCK)

struct fb_loader_request {
    uint8_t op;
    uint32_t checksum;
    const uint8_t *data; // inside the packet
    size_t len;
};

struct fb_loader_response {
    uint8_t op;
    uint32_t value;
    const uint8_t *data; // inside the packet: result, then status bytes
    size_t len;
};

// XOR of 0xEF and n bytes, as the *_DATA commands carry it.
uint8_t fb_loader_checksum(const uint8_t *p, size_t n);

// Requests. Each writes a packet (not yet SLIP) and returns its length, 0 if
// cap is too small.
size_t fb_loader_request(uint8_t *out, size_t cap, enum fb_loader_op op,
                         const uint32_t *words, size_t count);
size_t fb_loader_request_data(uint8_t *out, size_t cap, enum fb_loader_op op,
                              uint32_t sequence, const uint8_t *payload,
                              size_t n);
size_t fb_loader_request_sync(uint8_t *out, size_t cap);

// FB_E_TRUNCATED, FB_E_BAD_MAGIC (direction byte), FB_E_SIZE (length field).
enum fb_status fb_loader_request_parse(const uint8_t *packet, size_t n,
                                       struct fb_loader_request *request);
enum fb_status fb_loader_response_parse(const uint8_t *packet, size_t n,
                                        struct fb_loader_response *response);
size_t fb_loader_response(uint8_t *out, size_t cap, uint8_t op, uint32_t value,
                          const uint8_t *data, size_t n, const uint8_t *status,
                          size_t status_len);

// Name of an operation ("FLASH_BEGIN") and sentence of an error code.
const char *fb_loader_op_name(uint8_t op);
const char *fb_loader_error_text(uint8_t error);

#endif
