// SPDX-License-Identifier: Apache-2.0

#include "lib/fb/loader.h"

#include <string.h>

#include "lib/fb/bytes.h"

#define DIRECTION_REQUEST  0x00u
#define DIRECTION_RESPONSE 0x01u

#define CHECKSUM_SEED 0xEFu

uint8_t fb_loader_checksum(const uint8_t *p, size_t n)
{
    uint8_t checksum = CHECKSUM_SEED;
    for (size_t i = 0; i < n; i++) {
        checksum ^= p[i];
    }
    return checksum;
}

// The eight bytes before len bytes of data; false if they do not fit. word is
// the checksum of a request, the value of a response.
static bool put_header(uint8_t *out, size_t cap, uint8_t direction, uint8_t op,
                       size_t len, uint32_t word)
{
    if (len > UINT16_MAX || cap < FB_LOADER_HEADER ||
        len > cap - FB_LOADER_HEADER) {
        return false;
    }
    out[0] = direction;
    out[1] = op;
    store16_le(out + 2, (uint16_t)len);
    store32_le(out + 4, word);
    return true;
}

size_t fb_loader_request(uint8_t *out, size_t cap, enum fb_loader_op op,
                         const uint32_t *words, size_t count)
{
    if (count > UINT16_MAX / 4 ||
        !put_header(out, cap, DIRECTION_REQUEST, (uint8_t)op, 4 * count, 0)) {
        return 0;
    }
    for (size_t i = 0; i < count; i++) {
        store32_le(out + FB_LOADER_HEADER + 4 * i, words[i]);
    }
    return FB_LOADER_HEADER + 4 * count;
}

size_t fb_loader_request_data(uint8_t *out, size_t cap, enum fb_loader_op op,
                              uint32_t sequence, const uint8_t *payload,
                              size_t n)
{
    if (n > UINT16_MAX - FB_LOADER_DATA_HEADER ||
        !put_header(out, cap, DIRECTION_REQUEST, (uint8_t)op,
                    FB_LOADER_DATA_HEADER + n,
                    fb_loader_checksum(payload, n))) {
        return 0;
    }
    uint8_t *data = out + FB_LOADER_HEADER;
    store32_le(data, (uint32_t)n);
    store32_le(data + 4, sequence);
    memset(data + 8, 0, 8);
    if (n != 0) {
        memcpy(data + FB_LOADER_DATA_HEADER, payload, n);
    }
    return FB_LOADER_HEADER + FB_LOADER_DATA_HEADER + n;
}

size_t fb_loader_request_sync(uint8_t *out, size_t cap)
{
    // 32 bytes of 0x55 let the ROM measure the baud rate.
    static const uint32_t words[] = {
        FB_LOADER_SYNC_VALUE, 0x55555555, 0x55555555, 0x55555555, 0x55555555,
        0x55555555,           0x55555555, 0x55555555, 0x55555555,
    };
    return fb_loader_request(out, cap, FB_LOADER_SYNC, words,
                             sizeof(words) / sizeof(words[0]));
}

static enum fb_status check_header(const uint8_t *packet, size_t n,
                                   uint8_t direction)
{
    if (n < FB_LOADER_HEADER) {
        return FB_E_TRUNCATED;
    }
    if (packet[0] != direction) {
        return FB_E_BAD_MAGIC;
    }
    return load16_le(packet + 2) == n - FB_LOADER_HEADER ? FB_OK : FB_E_SIZE;
}

enum fb_status fb_loader_request_parse(const uint8_t *packet, size_t n,
                                       struct fb_loader_request *request)
{
    enum fb_status s = check_header(packet, n, DIRECTION_REQUEST);
    if (s != FB_OK) {
        return s;
    }
    request->op = packet[1];
    request->checksum = load32_le(packet + 4);
    request->data = packet + FB_LOADER_HEADER;
    request->len = n - FB_LOADER_HEADER;
    return FB_OK;
}

enum fb_status
fb_loader_request_payload(const struct fb_loader_request *request,
                          uint32_t *sequence, const uint8_t **payload,
                          size_t *n)
{
    if (request->len < FB_LOADER_DATA_HEADER) {
        return FB_E_TRUNCATED;
    }
    size_t len = request->len - FB_LOADER_DATA_HEADER;
    if (load32_le(request->data) != len) {
        return FB_E_SIZE;
    }
    *sequence = load32_le(request->data + 4);
    *payload = request->data + FB_LOADER_DATA_HEADER;
    *n = len;
    // Only the low byte counts.
    return fb_loader_checksum(*payload, len) == (uint8_t)request->checksum
               ? FB_OK
               : FB_E_BAD_CHECKSUM;
}

enum fb_status fb_loader_response_parse(const uint8_t *packet, size_t n,
                                        struct fb_loader_response *response)
{
    enum fb_status s = check_header(packet, n, DIRECTION_RESPONSE);
    if (s != FB_OK) {
        return s;
    }
    response->op = packet[1];
    response->value = load32_le(packet + 4);
    response->data = packet + FB_LOADER_HEADER;
    response->len = n - FB_LOADER_HEADER;
    return FB_OK;
}

enum fb_status
fb_loader_response_status(const struct fb_loader_response *response,
                          size_t result_len, uint8_t *failed, uint8_t *error)
{
    if (response->len < FB_LOADER_STATUS_STUB ||
        result_len > response->len - FB_LOADER_STATUS_STUB) {
        return FB_E_TRUNCATED;
    }
    *failed = response->data[result_len];
    *error = response->data[result_len + 1];
    return FB_OK;
}

size_t fb_loader_response(uint8_t *out, size_t cap, uint8_t op, uint32_t value,
                          const uint8_t *data, size_t n, const uint8_t *status,
                          size_t status_len)
{
    if (n > UINT16_MAX || status_len > UINT16_MAX ||
        !put_header(out, cap, DIRECTION_RESPONSE, op, n + status_len, value)) {
        return 0;
    }
    uint8_t *p = out + FB_LOADER_HEADER;
    if (n != 0) {
        memcpy(p, data, n);
    }
    if (status_len != 0) {
        memcpy(p + n, status, status_len);
    }
    return FB_LOADER_HEADER + n + status_len;
}

size_t fb_loader_op_size(uint8_t op)
{
    switch (op) {
#define X(name, number, words)                                                 \
    case (number):                                                             \
        return 4 * (words);
#define Y(name, code, text)
#include "lib/fb/loader.def"
#undef X
#undef Y
    default:
        return SIZE_MAX;
    }
}

bool fb_loader_op_has_payload(uint8_t op)
{
    return op == FB_LOADER_FLASH_DATA || op == FB_LOADER_MEM_DATA ||
           op == FB_LOADER_FLASH_DEFL_DATA ||
           op == FB_LOADER_FLASH_ENCRYPT_DATA;
}

const char *fb_loader_op_name(uint8_t op)
{
    switch (op) {
#define X(name, number, words)                                                 \
    case (number):                                                             \
        return #name;
#define Y(name, code, text)
#include "lib/fb/loader.def"
#undef X
#undef Y
    default:
        return "unknown";
    }
}

const char *fb_loader_error_text(uint8_t error)
{
    switch (error) {
#define X(name, number, words)
#define Y(name, code, text)                                                    \
    case (code):                                                               \
        return text;
#include "lib/fb/loader.def"
#undef X
#undef Y
    default:
        return "unknown error";
    }
}
