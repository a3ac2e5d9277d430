// SPDX-License-Identifier: Apache-2.0
//
// Vectors: tests/vectors/image (images), tests/vectors/sign (public key).

#include "lib/fb/image.h"

#include "lib/fb/bytes.h"
#include "lib/fb/testing.h"

#define IMAGES "tests/vectors/image"
#define APP    0x10000u // flash_off

static uint8_t file[0x40000];
static uint8_t pub[64];

static void load_pub(void)
{
    assert_int_equal(
        testing_file(pub, sizeof(pub), "tests/vectors/sign", "p256.pub.bin"),
        64);
}

static void header_of_a_reference_image(void **state)
{
    (void)state;
    struct fb_image_header header;
    testing_file(file, sizeof(file), IMAGES, "small.flags.bin");
    assert_int_equal(fb_image_header_parse(file, &header, NULL), FB_OK);
    assert_int_equal(header.segments, 5);
    assert_int_equal(header.flash_mode, FB_FLASH_DIO);
    assert_int_equal(header.flash_freq, 15);
    assert_int_equal(header.flash_size, 2);
    assert_int_equal(header.entry, 0x40080400);
    assert_int_equal(header.wp_pin, FB_IMAGE_WP_PIN_NONE);
    assert_int_equal(header.chip_id, 0);
    assert_int_equal(header.min_rev, 0);
    assert_int_equal(header.min_rev_full, 0);
    assert_int_equal(header.max_rev_full, 0xFFFF);
    assert_true(header.hash_appended);

    uint8_t again[FB_IMAGE_HEADER_SIZE];
    fb_image_header_encode(&header, again);
    assert_memory_equal(again, file, sizeof(again));
}

static void header_keeps_every_field(void **state)
{
    (void)state;
    uint8_t bytes[24], again[24];
    testing_hex(bytes, 24,
                "e9 10 05 7f 78563412 12 345678 cdab 03 2c01 8f01 00000000 00");
    struct fb_image_header header;
    assert_int_equal(fb_image_header_parse(bytes, &header, NULL), FB_OK);
    assert_int_equal(header.entry, 0x12345678);
    assert_int_equal(header.flash_size, 7);
    assert_int_equal(header.drive[2], 0x78);
    assert_int_equal(header.chip_id, 0xABCD);
    assert_int_equal(header.min_rev, 3);
    assert_int_equal(header.min_rev_full, 300);
    assert_int_equal(header.max_rev_full, 399);
    assert_false(header.hash_appended);
    fb_image_header_encode(&header, again);
    assert_memory_equal(again, bytes, 24);
}

static void bad_headers(void **state)
{
    (void)state;
    struct fb_image_header header;
    struct fb_fault fault;
    testing_file(file, sizeof(file), IMAGES, "tiny.bin");
    file[0] = 0xFF;
    assert_int_equal(fb_image_header_parse(file, &header, &fault),
                     FB_E_BAD_MAGIC);
    assert_int_equal(fault.got, 0xFF);
    assert_int_equal(fault.want, 0xE9);
    file[0] = 0xE9;
    file[1] = 0;
    assert_int_equal(fb_image_header_parse(file, &header, &fault),
                     FB_E_SEGMENTS);
    file[1] = 17;
    assert_int_equal(fb_image_header_parse(file, &header, &fault),
                     FB_E_SEGMENTS);
    assert_int_equal(fault.got, 17);
    assert_int_equal(fault.offset, 1);
    file[1] = 16;
    assert_int_equal(fb_image_header_parse(file, &header, &fault), FB_OK);
    file[23] = 2;
    assert_int_equal(fb_image_header_parse(file, &header, &fault), FB_E_RANGE);
    assert_int_equal(fault.offset, 23);
}

// The segments as `esptool image_info` lists them (small.plain.info.txt).
static void segments_of_a_reference_image(void **state)
{
    (void)state;
    static const struct {
        uint32_t len, vaddr, header_off;
        enum fb_segment_kind kind;
    } want[] = {
        {0x00bbc, 0x3f400020, 0x00018, FB_SEGMENT_DROM},
        {0x00004, 0x3ffb0000, 0x00bdc, FB_SEGMENT_RAM},
        {0x00004, 0x40080400, 0x00be8, FB_SEGMENT_RAM},
        {0x0f41c, 0x00000000, 0x00bf4, FB_SEGMENT_PADDING},
        {0x00028, 0x400d0020, 0x10018, FB_SEGMENT_IROM},
    };
    size_t n = testing_file(file, sizeof(file), IMAGES, "small.plain.bin");
    uint8_t *p = testing_guarded(file, n);
    struct fb_image image;
    assert_int_equal(fb_image_parse(p, n, &image, NULL), FB_OK);
    assert_int_equal(image.header.segments, 5);
    for (unsigned i = 0; i < 5; i++) {
        const struct fb_image_segment *segment = &image.segment[i];
        assert_int_equal(segment->len, want[i].len);
        assert_int_equal(segment->vaddr, want[i].vaddr);
        assert_int_equal(segment->img_off, want[i].header_off + 8);
        assert_int_equal(fb_image_segment_kind(segment->vaddr, segment->len),
                         want[i].kind);
    }
    assert_int_equal(image.len, n);
    assert_int_equal(image.checksum_off, n - 33);
    assert_int_equal(image.checksum, 0xE7);
    assert_int_equal(fb_image_checksum(p, &image), 0xE7);
    assert_int_equal(fb_image_check_sums(p, &image, NULL), FB_OK);
    assert_int_equal(fb_image_check_loadable(&image, APP, NULL), FB_OK);
    testing_guarded_free(p, n);
}

static void other_reference_images_verify(void **state)
{
    (void)state;
    static const char *const names[] = {"small.flags.bin", "small.nohash.bin",
                                        "small.secure-pad.bin", "tiny.bin"};
    for (unsigned i = 0; i < 4; i++) {
        size_t n = testing_file(file, sizeof(file), IMAGES, names[i]);
        struct fb_image image;
        assert_int_equal(fb_image_verify_app(file, n, APP, NULL, &image, NULL),
                         FB_OK);
        assert_int_equal(image.len, n);
        // What follows an image in its partition does not matter.
        memset(file + n, 0xFF, 256);
        assert_int_equal(
            fb_image_verify_app(file, n + 256, APP, NULL, &image, NULL), FB_OK);
        assert_int_equal(image.len, n);
    }
}

static void cut_at_every_length(void **state)
{
    (void)state;
    size_t n = testing_file(file, sizeof(file), IMAGES, "tiny.bin");
    for (size_t len = 0; len < n; len++) {
        uint8_t *p = testing_guarded(file, len);
        struct fb_image image;
        struct fb_fault fault = {FB_OK, 0, 0, 0};
        assert_int_equal(fb_image_parse(p, len, &image, &fault),
                         FB_E_TRUNCATED);
        assert_int_equal(fault.status, FB_E_TRUNCATED);
        assert_true(fault.offset <= len);
        assert_int_equal(fb_image_verify_app(p, len, APP, pub, &image, NULL),
                         FB_E_TRUNCATED);
        testing_guarded_free(p, len);
    }
}

static void segment_lengths(void **state)
{
    (void)state;
    size_t n = testing_file(file, sizeof(file), IMAGES, "tiny.bin");
    struct fb_image image;
    struct fb_fault fault;
    static const struct {
        uint32_t len;
        enum fb_status status;
    } cases[] = {
        {0x01000000, FB_E_RANGE}, {0xFFFFFFFC, FB_E_RANGE},
        {0xFFFFFFFF, FB_E_RANGE}, {3, FB_E_ALIGN},
        {6, FB_E_ALIGN},          {0x00FFFFFC, FB_E_TRUNCATED},
    };
    for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        store32_le(file + 28, cases[i].len);
        assert_int_equal(fb_image_parse(file, n, &image, &fault),
                         cases[i].status);
        assert_int_equal(fault.offset, 24);
    }
}

static void checksum_and_hash_are_told_apart(void **state)
{
    (void)state;
    size_t n = testing_file(file, sizeof(file), IMAGES, "small.plain.bin");
    struct fb_image image;
    struct fb_fault fault;

    file[0x100] ^= 0x10; // segment data
    assert_int_equal(fb_image_verify_app(file, n, APP, NULL, &image, &fault),
                     FB_E_BAD_CHECKSUM);
    assert_int_equal(fault.offset, n - 33);
    assert_int_equal(fault.got, 0xE7);
    assert_int_equal(fault.want, 0xF7);
    file[0x104] ^= 0x10; // the XOR is right again, the hash is not
    assert_int_equal(fb_image_verify_app(file, n, APP, NULL, &image, &fault),
                     FB_E_BAD_HASH);
    assert_int_equal(fault.offset, n - 32);
    file[0x100] ^= 0x10;
    file[0x104] ^= 0x10;
    file[n - 1] ^= 1; // the stored hash
    assert_int_equal(fb_image_verify_app(file, n, APP, NULL, &image, &fault),
                     FB_E_BAD_HASH);
    file[n - 1] ^= 1;
    file[n - 40] ^= 1; // filling before the checksum byte is hashed too
    assert_int_equal(fb_image_verify_app(file, n, APP, NULL, &image, &fault),
                     FB_E_BAD_HASH);
}

static size_t load_signed(const char *image, const char *signature)
{
    size_t n = testing_file(file, sizeof(file), IMAGES, image);
    n += testing_file(file + n, sizeof(file) - n, IMAGES, signature);
    return n;
}

static void signatures(void **state)
{
    (void)state;
    struct fb_image image;
    struct fb_fault fault;
    load_pub();
    size_t n = load_signed("small.secure-pad.bin", "small.secure-pad.v1.sig");
    assert_int_equal(fb_image_verify_app(file, n, APP, pub, &image, NULL),
                     FB_OK);
    // Secure padding: image, signature and 12 bytes fill pages.
    assert_int_equal((n + 12) % FB_IMAGE_MMU_PAGE, 0);

    n = load_signed("tiny.bin", "tiny.v1.sig");
    uint8_t *p = testing_guarded(file, n);
    assert_int_equal(fb_image_verify_app(p, n, APP, pub, &image, NULL), FB_OK);
    testing_guarded_free(p, n);

    // Signed by somebody else.
    n = testing_file(file, sizeof(file), IMAGES, "tiny.bin");
    n += testing_file(file + n, sizeof(file) - n, IMAGES,
                      "small.secure-pad.v1.sig");
    assert_int_equal(fb_image_verify_app(file, n, APP, pub, &image, &fault),
                     FB_E_BAD_SIGNATURE);
    assert_int_equal(fault.offset, 96);
    // By nobody: blank flash, or nothing at all.
    memset(file + 96, 0xFF, 68);
    assert_int_equal(fb_image_verify_app(file, n, APP, pub, &image, &fault),
                     FB_E_BAD_VERSION);
    assert_int_equal(fault.offset, 96);
    for (size_t len = 96; len < n; len++) {
        p = testing_guarded(file, len);
        assert_int_equal(fb_image_verify_app(p, len, APP, pub, &image, &fault),
                         FB_E_BAD_SIGNATURE);
        testing_guarded_free(p, len);
    }
}

static void every_flipped_bit_is_noticed(void **state)
{
    (void)state;
    load_pub();
    size_t n = load_signed("tiny.bin", "tiny.v1.sig");
    struct fb_image image;
    for (size_t bit = 0; bit < 8 * n; bit++) {
        file[bit / 8] ^= (uint8_t)(1u << bit % 8);
        enum fb_status s = fb_image_verify_app(file, n, APP, pub, &image, NULL);
        assert_int_not_equal(s, FB_OK);
        assert_int_not_equal(fb_image_failed_check(s), FB_IMAGE_PASSED);
        file[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    assert_int_equal(fb_image_verify_app(file, n, APP, pub, &image, NULL),
                     FB_OK);
}

static void failed_checks(void **state)
{
    (void)state;
    assert_int_equal(fb_image_failed_check(FB_OK), FB_IMAGE_PASSED);
    assert_int_equal(fb_image_failed_check(FB_E_BAD_MAGIC), FB_IMAGE_HEADER);
    assert_int_equal(fb_image_failed_check(FB_E_ALIGN), FB_IMAGE_SEGMENTS);
    assert_int_equal(fb_image_failed_check(FB_E_TRUNCATED), FB_IMAGE_SEGMENTS);
    assert_int_equal(fb_image_failed_check(FB_E_BAD_CHECKSUM),
                     FB_IMAGE_CHECKSUM);
    assert_int_equal(fb_image_failed_check(FB_E_BAD_HASH), FB_IMAGE_HASH);
    assert_int_equal(fb_image_failed_check(FB_E_BAD_SIGNATURE),
                     FB_IMAGE_SIGNATURE);
    assert_int_equal(fb_image_failed_check(FB_E_BAD_VERSION),
                     FB_IMAGE_SIGNATURE);
}

// TRM chapter "System and Memory".
static void memory_map(void **state)
{
    (void)state;
    static const struct {
        uint32_t vaddr, len;
        enum fb_segment_kind kind;
    } cases[] = {
        {0, 0x123456, FB_SEGMENT_PADDING},
        {0xFFFF, 4, FB_SEGMENT_PADDING},
        {0x10000, 4, FB_SEGMENT_BAD},
        {0x3F3FFFFC, 4, FB_SEGMENT_BAD},
        {0x3F400000, 0x400000, FB_SEGMENT_DROM},
        {0x3F400000, 0x400004, FB_SEGMENT_BAD},
        {0x3F800000, 4, FB_SEGMENT_BAD}, // external RAM
        {0x3FF00000, 4, FB_SEGMENT_BAD}, // peripherals
        {0x3FF80000, 0x2000, FB_SEGMENT_RTC},
        {0x3FF81FFC, 8, FB_SEGMENT_BAD},
        {0x3FFAE000, 4, FB_SEGMENT_RAM},
        {0x3FFADFFC, 4, FB_SEGMENT_BAD},
        {0x3FFFFFFC, 4, FB_SEGMENT_RAM},
        {0x3FFFFFFC, 8, FB_SEGMENT_BAD},
        {0x40000000, 4, FB_SEGMENT_BAD}, // mask ROM
        {0x40070000, 4, FB_SEGMENT_BAD}, // cache of CPU0
        {0x40078000, 4, FB_SEGMENT_RAM}, // cache of CPU1
        {0x40080000, 0x20000, FB_SEGMENT_RAM},
        {0x400BFFFC, 4, FB_SEGMENT_RAM},
        {0x400C0000, 0x2000, FB_SEGMENT_RTC},
        {0x400C2000, 4, FB_SEGMENT_BAD},
        {0x400D0000, 0x330000, FB_SEGMENT_IROM},
        {0x403FFFFC, 8, FB_SEGMENT_BAD},
        {0x40400000, 4, FB_SEGMENT_BAD},
        {0x50000000, 0x2000, FB_SEGMENT_RTC},
        {0x50002000, 4, FB_SEGMENT_BAD},
        {0xFFFFFFFC, 4, FB_SEGMENT_BAD},
        {0xFFFFFFFC, 0xFFFFFC, FB_SEGMENT_BAD},
    };
    for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(fb_image_segment_kind(cases[i].vaddr, cases[i].len),
                         cases[i].kind);
    }
}

static struct fb_image image_of(uint32_t vaddr, uint32_t len, uint32_t img_off)
{
    struct fb_image image = {.header = {.segments = 1, .entry = vaddr}};
    image.segment[0] = (struct fb_image_segment){vaddr, len, img_off};
    return image;
}

static void loadable(void **state)
{
    (void)state;
    struct fb_fault fault;
    struct fb_image image = image_of(0x400D0020, 0x100, 0x20);
    assert_int_equal(fb_image_check_loadable(&image, APP, &fault), FB_OK);
    assert_int_equal(fb_image_check_loadable(&image, 0x1A0000, &fault), FB_OK);
    assert_int_equal(fb_image_check_loadable(&image, 0x1000, &fault),
                     FB_E_ALIGN);
    assert_int_equal(fault.offset, 0x20);
    assert_int_equal(fault.got, 0x1020);
    assert_int_equal(fault.want, 0x400D0020);

    image.header.entry = 0x400D0120; // right behind
    assert_int_equal(fb_image_check_loadable(&image, APP, &fault), FB_E_RANGE);
    assert_int_equal(fault.got, 0x400D0120);
    image.header.entry = 0x400D001C;
    assert_int_equal(fb_image_check_loadable(&image, APP, &fault), FB_E_RANGE);
    image.header.entry = 0;
    assert_int_equal(fb_image_check_loadable(&image, APP, &fault), FB_E_RANGE);

    image = image_of(0x40080400, 0x100, 0x20);
    assert_int_equal(fb_image_check_loadable(&image, 0x1000, &fault), FB_OK);
    image.header.chip_id = 2;
    assert_int_equal(fb_image_check_loadable(&image, 0x1000, &fault),
                     FB_E_UNKNOWN);
    // Code cannot start in data, in padding or in RTC memory.
    static const uint32_t no_entry[] = {0x3F400020, 0x400C0000, 0x20};
    for (unsigned i = 0; i < 3; i++) {
        image = image_of(no_entry[i], 0x100, 0x20);
        assert_int_equal(fb_image_check_loadable(&image, APP, &fault),
                         FB_E_RANGE);
    }
    image = image_of(0x3FF00000, 0x100, 0x20);
    assert_int_equal(fb_image_check_loadable(&image, APP, &fault), FB_E_RANGE);
    assert_int_equal(fault.offset, 0x20);

    // Two of a kind are one too many.
    image = image_of(0x400D0020, 0x100, 0x20);
    image.header.segments = 2;
    image.segment[1] = (struct fb_image_segment){0x3F410020, 0x100, 0x10020};
    assert_int_equal(fb_image_check_loadable(&image, APP, &fault), FB_OK);
    image.segment[1].vaddr = 0x400E0020;
    assert_int_equal(fb_image_check_loadable(&image, APP, &fault),
                     FB_E_SEGMENTS);
    assert_int_equal(fault.offset, 0x10020);
}

static void touches(void **state)
{
    (void)state;
    struct fb_image image = image_of(0x40080400, 0x100, 0x20);
    assert_false(fb_image_touches(&image, 0x40080000, 0x400));
    assert_true(fb_image_touches(&image, 0x40080000, 0x401));
    assert_true(fb_image_touches(&image, 0x400804FF, 1));
    assert_false(fb_image_touches(&image, 0x40080500, 0x1000));

    // SRAM1 backwards: data word 0x3FFE0000 is instruction word 0x400BFFFC.
    image = image_of(0x400BFFF8, 8, 0x20);
    assert_true(fb_image_touches(&image, 0x3FFE0000, 4));
    assert_true(fb_image_touches(&image, 0x3FFE0007, 1));
    assert_false(fb_image_touches(&image, 0x3FFE0008, 0x1FFF8));
    image = image_of(0x3FFFFFFC, 4, 0x20);
    assert_true(fb_image_touches(&image, 0x400A0000, 4));
    assert_false(fb_image_touches(&image, 0x400A0004, 0x1FFFC));
    // A segment that reaches into SRAM1 from below.
    image = image_of(0x3FFDFFF0, 0x20, 0x20);
    assert_true(fb_image_touches(&image, 0x400BFFF0, 1));
    assert_false(fb_image_touches(&image, 0x400BFFEF, 1));
    image = image_of(0x4009FFF0, 0x20, 0x20);
    assert_true(fb_image_touches(&image, 0x3FFFFFF0, 1));
    assert_false(fb_image_touches(&image, 0x3FFFFFEF, 1));

    // What is mapped or skipped is not copied.
    image = image_of(0x400D0020, 0x100, 0x20);
    assert_false(fb_image_touches(&image, 0x400D0020, 4));
    image = image_of(0, 0x100, 0x20);
    assert_false(fb_image_touches(&image, 0, 4));
}

static void flash_sizes(void **state)
{
    (void)state;
    assert_int_equal(fb_image_flash_bytes(0), 0x100000);
    assert_int_equal(fb_image_flash_bytes(2), 0x400000);
    assert_int_equal(fb_image_flash_bytes(7), 0x8000000);
    assert_int_equal(fb_image_flash_bytes(8), 0);
    assert_int_equal(fb_image_flash_size_id(0x400000), 2);
    assert_int_equal(fb_image_flash_size_id(0x8000000), 7);
    assert_int_equal(fb_image_flash_size_id(0x300000), 0xFF);
    assert_int_equal(fb_image_flash_size_id(0), 0xFF);
}

static void garbage_stays_inside(void **state)
{
    (void)state;
    uint64_t seed = 5;
    size_t n = testing_file(file, sizeof(file), IMAGES, "tiny.bin");
    for (unsigned round = 0; round < 20000; round++) {
        uint8_t *p = malloc(n);
        memcpy(p, file, n);
        for (unsigned i = testing_random32(&seed) % 8; i-- > 0;) {
            p[testing_random32(&seed) % n] = (uint8_t)testing_random32(&seed);
        }
        if (round % 2) {
            testing_random(&seed, p + 1, n - 1);
            p[1] &= 0x1F;
            p[23] &= 1;
            // Lengths that nearly fit are the interesting ones.
            store32_le(p + 28, testing_random32(&seed) % 20 * 4);
        }
        struct fb_image image;
        struct fb_fault fault;
        (void)fb_image_verify_app(p, n, APP, pub, &image, &fault);
        if (fb_image_parse(p, n, &image, &fault) == FB_OK) {
            assert_true(image.len <= n);
            (void)fb_image_check_sums(p, &image, &fault);
            (void)fb_image_touches(&image, testing_random32(&seed), 4);
        }
        free(p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(header_of_a_reference_image),
        cmocka_unit_test(header_keeps_every_field),
        cmocka_unit_test(bad_headers),
        cmocka_unit_test(segments_of_a_reference_image),
        cmocka_unit_test(other_reference_images_verify),
        cmocka_unit_test(cut_at_every_length),
        cmocka_unit_test(segment_lengths),
        cmocka_unit_test(checksum_and_hash_are_told_apart),
        cmocka_unit_test(signatures),
        cmocka_unit_test(every_flipped_bit_is_noticed),
        cmocka_unit_test(failed_checks),
        cmocka_unit_test(memory_map),
        cmocka_unit_test(loadable),
        cmocka_unit_test(touches),
        cmocka_unit_test(flash_sizes),
        cmocka_unit_test(garbage_stays_inside),
    };
    return cmocka_run_group_tests_name("image", tests, NULL, NULL);
}
