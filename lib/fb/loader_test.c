// SPDX-License-Identifier: Apache-2.0

#include "lib/fb/loader.h"

#include "lib/fb/bytes.h"
#include "lib/fb/testing.h"

static void expect_bytes(const uint8_t *p, size_t n, const char *hex)
{
    uint8_t want[256];
    size_t want_n = testing_hex(want, sizeof(want), hex);
    assert_int_equal(n, want_n);
    assert_memory_equal(p, want, want_n);
}

// Traces published in the esptool docs, "Serial Protocol".
static void requests_have_the_published_bytes(void **state)
{
    (void)state;
    uint8_t out[64];
    size_t n = fb_loader_request_sync(out, sizeof(out));
    expect_bytes(out, n,
                 "00 08 24 00 00 00 00 00 07 07 12 20"
                 "55555555555555555555555555555555"
                 "55555555555555555555555555555555");

    const uint32_t reg = FB_LOADER_CHIP_MAGIC_REG;
    n = fb_loader_request(out, sizeof(out), FB_LOADER_READ_REG, &reg, 1);
    expect_bytes(out, n, "00 0a 04 00 00 00 00 00 00 10 00 40");

    const uint32_t attach[] = {0, 0};
    n = fb_loader_request(out, sizeof(out), FB_LOADER_SPI_ATTACH, attach, 2);
    expect_bytes(out, n, "00 0d 08 00 00000000 0000000000000000");

    const uint32_t begin[] = {0x5400, 0x15, 0x400, 0x1000};
    n = fb_loader_request(out, sizeof(out), FB_LOADER_FLASH_BEGIN, begin, 4);
    expect_bytes(out, n,
                 "00 02 10 00 00000000"
                 "00540000 15000000 00040000 00100000");
}

static void data_request(void **state)
{
    (void)state;
    static const uint8_t payload[] = {0x01, 0x02, 0xF0};
    uint8_t out[64];
    size_t n = fb_loader_request_data(out, sizeof(out), FB_LOADER_FLASH_DATA, 7,
                                      payload, sizeof(payload));
    // 0xEF ^ 1 ^ 2 ^ 0xF0
    expect_bytes(out, n,
                 "00 03 13 00 1c000000"
                 "03000000 07000000 00000000 00000000 0102f0");

    struct fb_loader_request request;
    assert_int_equal(fb_loader_request_parse(out, n, &request), FB_OK);
    uint32_t sequence = 0;
    const uint8_t *p = NULL;
    size_t len = 0;
    assert_int_equal(fb_loader_request_payload(&request, &sequence, &p, &len),
                     FB_OK);
    assert_int_equal(request.op, FB_LOADER_FLASH_DATA);
    assert_int_equal(request.checksum, 0x1C);
    assert_int_equal(sequence, 7);
    assert_int_equal(len, 3);
    assert_memory_equal(p, payload, 3);

    out[n - 1] ^= 1;
    assert_int_equal(fb_loader_request_payload(&request, &sequence, &p, &len),
                     FB_E_BAD_CHECKSUM);
    out[n - 1] ^= 1;
    out[FB_LOADER_HEADER]++;
    assert_int_equal(fb_loader_request_payload(&request, &sequence, &p, &len),
                     FB_E_SIZE);
    request.len = 15;
    assert_int_equal(fb_loader_request_payload(&request, &sequence, &p, &len),
                     FB_E_TRUNCATED);
}

static void empty_payload(void **state)
{
    (void)state;
    uint8_t out[24];
    size_t n = fb_loader_request_data(out, sizeof(out), FB_LOADER_MEM_DATA, 1,
                                      NULL, 0);
    assert_int_equal(n, 24);
    struct fb_loader_request request;
    assert_int_equal(fb_loader_request_parse(out, n, &request), FB_OK);
    uint32_t sequence = 0;
    const uint8_t *p = NULL;
    size_t len = 9;
    assert_int_equal(fb_loader_request_payload(&request, &sequence, &p, &len),
                     FB_OK);
    assert_int_equal(len, 0);
}

static void checksum(void **state)
{
    (void)state;
    assert_int_equal(fb_loader_checksum(NULL, 0), 0xEF);
    assert_int_equal(fb_loader_checksum((const uint8_t *)"\xEF", 1), 0);
}

// The ROM's answer to READ_REG of the chip magic, and its refusal.
static void responses_have_the_published_bytes(void **state)
{
    (void)state;
    static const uint8_t ok[FB_LOADER_STATUS_ROM] = {0};
    uint8_t out[64];
    size_t n = fb_loader_response(out, sizeof(out), FB_LOADER_READ_REG,
                                  FB_LOADER_CHIP_MAGIC, NULL, 0, ok, 4);
    expect_bytes(out, n, "01 0a 04 00 83 1d f0 00 00 00 00 00");

    struct fb_loader_response response;
    assert_int_equal(fb_loader_response_parse(out, n, &response), FB_OK);
    assert_int_equal(response.op, FB_LOADER_READ_REG);
    assert_int_equal(response.value, FB_LOADER_CHIP_MAGIC);
    uint8_t failed = 9, error = 9;
    assert_int_equal(fb_loader_response_status(&response, 0, &failed, &error),
                     FB_OK);
    assert_int_equal(failed, 0);

    static const uint8_t md5[32] = "0123456789abcdef0123456789abcde";
    static const uint8_t refused[] = {1, FB_LOADER_E_FLASH_READ, 0, 0};
    n = fb_loader_response(out, sizeof(out), FB_LOADER_SPI_FLASH_MD5, 0, md5,
                           sizeof(md5), refused, 4);
    assert_int_equal(n, 8 + 32 + 4);
    assert_int_equal(fb_loader_response_parse(out, n, &response), FB_OK);
    assert_memory_equal(response.data, md5, 32);
    assert_int_equal(fb_loader_response_status(&response, 32, &failed, &error),
                     FB_OK);
    assert_int_equal(failed, 1);
    assert_int_equal(error, FB_LOADER_E_FLASH_READ);
    // Too short for a status after 35 bytes of result, or after 2^64 - 1.
    assert_int_equal(fb_loader_response_status(&response, 35, &failed, &error),
                     FB_E_TRUNCATED);
    assert_int_equal(
        fb_loader_response_status(&response, SIZE_MAX, &failed, &error),
        FB_E_TRUNCATED);
    assert_int_equal(fb_loader_response_status(&response, 34, &failed, &error),
                     FB_OK);
    response.len = 2;
    assert_int_equal(fb_loader_response_status(&response, 0, &failed, &error),
                     FB_OK);
    assert_int_equal(failed, '0');
    assert_int_equal(error, '1');
    response.len = 1;
    assert_int_equal(fb_loader_response_status(&response, 0, &failed, &error),
                     FB_E_TRUNCATED);
}

static void every_capacity(void **state)
{
    (void)state;
    static const uint32_t words[] = {1, 2};
    static const uint8_t data[] = {1, 2, 3};
    for (size_t cap = 0; cap < 50; cap++) {
        uint8_t *out = testing_guarded(NULL, cap);
        assert_int_equal(
            fb_loader_request(out, cap, FB_LOADER_ERASE_REGION, words, 2),
            cap >= 16 ? 16 : 0);
        assert_int_equal(
            fb_loader_request_data(out, cap, FB_LOADER_MEM_DATA, 0, data, 3),
            cap >= 27 ? 27 : 0);
        assert_int_equal(fb_loader_request_sync(out, cap), cap >= 44 ? 44 : 0);
        assert_int_equal(fb_loader_response(out, cap, 8, 0, data, 3, data, 2),
                         cap >= 13 ? 13 : 0);
        testing_guarded_free(out, cap);
    }
}

static void length_field_is_a_limit(void **state)
{
    (void)state;
    enum { MAX = 0xFFFF, CAP = 0x20000 };
    uint8_t *out = malloc(CAP), *data = calloc(1, CAP);
    const uint32_t *words = (const void *)data;
    assert_int_equal(fb_loader_request_data(out, CAP, FB_LOADER_FLASH_DATA, 0,
                                            data, MAX - 16),
                     MAX + 8);
    assert_int_equal(fb_loader_request_data(out, CAP, FB_LOADER_FLASH_DATA, 0,
                                            data, MAX - 15),
                     0);
    assert_int_equal(
        fb_loader_request(out, CAP, FB_LOADER_WRITE_REG, words, MAX / 4),
        MAX / 4 * 4 + 8);
    assert_int_equal(
        fb_loader_request(out, CAP, FB_LOADER_WRITE_REG, words, MAX / 4 + 1),
        0);
    assert_int_equal(fb_loader_response(out, CAP, 1, 0, data, MAX, data, 0),
                     MAX + 8);
    assert_int_equal(fb_loader_response(out, CAP, 1, 0, data, MAX, data, 1), 0);
    free(out);
    free(data);
}

static void parses_at_every_length(void **state)
{
    (void)state;
    uint8_t packet[64];
    size_t n = fb_loader_request_sync(packet, sizeof(packet));
    for (size_t len = 0; len <= n + 1; len++) {
        uint8_t *p = testing_guarded(packet, len);
        struct fb_loader_request request;
        struct fb_loader_response response;
        enum fb_status want = len < 8    ? FB_E_TRUNCATED
                              : len == n ? FB_OK
                                         : FB_E_SIZE;
        assert_int_equal(fb_loader_request_parse(p, len, &request), want);
        assert_int_equal(fb_loader_response_parse(p, len, &response),
                         len < 8 ? FB_E_TRUNCATED : FB_E_BAD_MAGIC);
        if (len >= 8) {
            p[0] = 1;
            assert_int_equal(fb_loader_request_parse(p, len, &request),
                             FB_E_BAD_MAGIC);
            assert_int_equal(fb_loader_response_parse(p, len, &response), want);
        }
        testing_guarded_free(p, len);
    }
}

static void garbage_stays_inside(void **state)
{
    (void)state;
    uint64_t seed = 3;
    for (unsigned round = 0; round < 20000; round++) {
        size_t n = testing_random32(&seed) % 48;
        uint8_t bytes[48];
        testing_random(&seed, bytes, n);
        if (n >= 4) {
            bytes[0] &= 1;
            store16_le(bytes + 2, (uint16_t)(n - 8));
        }
        uint8_t *p = malloc(n != 0 ? n : 1);
        memcpy(p, bytes, n);
        struct fb_loader_request request;
        struct fb_loader_response response;
        uint32_t sequence;
        const uint8_t *payload;
        size_t len;
        uint8_t failed, error;
        if (fb_loader_request_parse(p, n, &request) == FB_OK) {
            (void)fb_loader_request_payload(&request, &sequence, &payload,
                                            &len);
        }
        if (fb_loader_response_parse(p, n, &response) == FB_OK) {
            (void)fb_loader_response_status(
                &response, testing_random32(&seed) % 48, &failed, &error);
        }
        free(p);
    }
}

static void rows_agree(void **state)
{
    (void)state;
    assert_string_equal(fb_loader_op_name(FB_LOADER_FLASH_BEGIN),
                        "FLASH_BEGIN");
    assert_string_equal(fb_loader_op_name(0xD2), "READ_FLASH");
    assert_string_equal(fb_loader_op_name(0x7F), "unknown");
    assert_string_equal(fb_loader_error_text(7), "checksum error");
    assert_string_equal(fb_loader_error_text(0x42), "unknown error");
    assert_int_equal(fb_loader_op_size(FB_LOADER_SYNC), 36);
    assert_int_equal(fb_loader_op_size(FB_LOADER_FLASH_BEGIN), 16);
    assert_true(fb_loader_op_size(0) == SIZE_MAX);
    unsigned ops = 0, payloads = 0;
    for (unsigned op = 0; op < 256; op++) {
        bool known = fb_loader_op_size((uint8_t)op) != SIZE_MAX;
        bool named = strcmp(fb_loader_op_name((uint8_t)op), "unknown") != 0;
        assert_int_equal(known, named);
        ops += known;
        if (fb_loader_op_has_payload((uint8_t)op)) {
            payloads++;
            assert_int_equal(fb_loader_op_size((uint8_t)op),
                             FB_LOADER_DATA_HEADER);
        }
    }
    assert_int_equal(ops, 24);
    assert_int_equal(payloads, 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_have_the_published_bytes),
        cmocka_unit_test(data_request),
        cmocka_unit_test(empty_payload),
        cmocka_unit_test(checksum),
        cmocka_unit_test(responses_have_the_published_bytes),
        cmocka_unit_test(every_capacity),
        cmocka_unit_test(length_field_is_a_limit),
        cmocka_unit_test(parses_at_every_length),
        cmocka_unit_test(garbage_stays_inside),
        cmocka_unit_test(rows_agree),
    };
    return cmocka_run_group_tests_name("loader", tests, NULL, NULL);
}
