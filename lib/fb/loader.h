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

enum fb_loader_op {
#define X(name, op, words) FB_LOADER_##name = (op),
#define Y(name, code, text)
#include "lib/fb/loader.def"
#undef X
#undef Y
};

// The second status byte of a refused request (the first of the stub's).
enum fb_loader_error {
#define X(name, op, words)
#define Y(name, code, text) FB_LOADER_E_##name = (code),
#include "lib/fb/loader.def"
#undef X
#undef Y
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
#define FB_LOADER_STATUS_ROM   4u // status bytes of an answer: the ROM's
#define FB_LOADER_STATUS_STUB  2u
#define FB_LOADER_SYNC_REPLIES 8u // of the ROM; a stub sends one
// That one BLANK_SECTORS may ask about.
#define FB_LOADER_BLANK_SECTORS_MAX 1024u

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
// cap is too small or the length field too short. _data is for the *_DATA
// commands: it writes their header and the checksum.
size_t fb_loader_request(uint8_t *out, size_t cap, enum fb_loader_op op,
                         const uint32_t *words, size_t count);
size_t fb_loader_request_data(uint8_t *out, size_t cap, enum fb_loader_op op,
                              uint32_t sequence, const uint8_t *payload,
                              size_t n);
size_t fb_loader_request_sync(uint8_t *out, size_t cap);

// Take a packet apart. FB_E_TRUNCATED, FB_E_BAD_MAGIC (direction byte),
// FB_E_SIZE (length field).
enum fb_status fb_loader_request_parse(const uint8_t *packet, size_t n,
                                       struct fb_loader_request *request);
enum fb_status fb_loader_response_parse(const uint8_t *packet, size_t n,
                                        struct fb_loader_response *response);
// The 32-bit words and the payload of a *_DATA request. FB_E_TRUNCATED: no
// room for the data header. FB_E_SIZE: its length field disagrees.
// FB_E_BAD_CHECKSUM: so does the checksum; the outputs are set all the same.
enum fb_status
fb_loader_request_payload(const struct fb_loader_request *request,
                          uint32_t *sequence, const uint8_t **payload,
                          size_t *n);

// The status bytes that follow result_len bytes of result: *failed is their
// first byte, *error the second. A success may carry an old error in the
// second, so look at it only after a failure. FB_E_TRUNCATED: a shorter answer.
enum fb_status
fb_loader_response_status(const struct fb_loader_response *response,
                          size_t result_len, uint8_t *failed, uint8_t *error);

// Returns the length of the packet, 0 if cap is too small.
size_t fb_loader_response(uint8_t *out, size_t cap, uint8_t op, uint32_t value,
                          const uint8_t *data, size_t n, const uint8_t *status,
                          size_t status_len);

// Bytes of a request before any payload: what the ROM insists on. SIZE_MAX for
// an unknown op. A stub's requests may carry more (FLASH_BEGIN: a fifth word).
size_t fb_loader_op_size(uint8_t op);
// Does a payload follow: is it one of the *_DATA commands?
bool fb_loader_op_has_payload(uint8_t op);

// Name of an operation ("FLASH_BEGIN", "unknown") and words for an error code
// ("checksum error", "unknown error").
const char *fb_loader_op_name(uint8_t op);
const char *fb_loader_error_text(uint8_t error);

#endif
