// SPDX-License-Identifier: Apache-2.0
//
// The bootloader's course on the host, with drivers made of memory: which
// image starts, what is written back, what the console says. Above all: what
// must not start. The files of the bootloader are compiled into this one.

#define _DEFAULT_SOURCE // for testing.h

#include "firmware/boot/testing.h"

#define FUSEBOX_VERSION      "1.2"
#define BOARD_NAME           "Board"
#define BOARD_FLASH_SIZE     0x400000u
#define BOARD_SAFE_BOOT_GPIO 21u

// A key that the tests can change, in place of signing_key.h.
#define FIRMWARE_BOOT_SIGNING_KEY_H
#include <stdint.h>
static uint8_t boot_signing_key[64];
static uint32_t boot_signing_key_size;

#include "firmware/boot/boot.c"
#include "firmware/boot/console.c"
#include "firmware/boot/enable_none.c"
#include "firmware/boot/load.c"
#include "firmware/boot/secure_version.c"
#include "firmware/boot/slot.c"
#include "firmware/drivers/boot_flash.c"

#include "lib/fb/crypto.h"
#include "lib/fb/flash_encryption.h"

#define FLASH_BYTES  0x400000u
#define WINDOW_BYTES 0x200000u
#define SLOT_BYTES   TESTING_BLOB
#define SLOT_0       0x10000u // flash_off
#define SLOT_1       0x20000u
#define OTADATA      0x30000u
#define PLACES       3 // where the tests put a window, by turns

// What the eFuses and wires say, and what happened.
static struct {
    uint8_t flash[FLASH_BYTES];
    uint8_t window[PLACES][WINDOW_BYTES];
    unsigned place;
    bool encrypted;
    bool secure;
    struct fb_flash_encryption_key key;
    char console[16384];
    size_t console_len;
    unsigned erases;
    unsigned plain_bytes;
    unsigned encrypted_bytes;
    uint64_t now_us;
    uint64_t pin_high_until_us;
    uint32_t id_bytes;       // what the flash chip says of its size
    uint32_t secure_version; // the eFuse word
    bool block3_coded;
    unsigned burns;
    uint32_t guard_ms; // the watchdog; 0: off
    bool started;
    uint32_t start_off;
    struct fb_image start_image;
    jmp_buf over;
} w;

// --- drivers ---

void uart_putc(uint8_t c)
{
    assert_true(w.console_len < sizeof(w.console) - 1);
    w.console[w.console_len++] = (char)c;
    w.console[w.console_len] = '\0';
}

unsigned reset_cause(void)
{
    return RESET_POWERON;
}

bool efuse_flash_encryption_on(void)
{
    return w.encrypted;
}

unsigned efuse_plaintext_flashes_left(void)
{
    return 3;
}

bool efuse_secure_boot_on(void)
{
    return w.secure;
}

bool efuse_secure_version_usable(void)
{
    return !w.block3_coded;
}

unsigned efuse_secure_version(void)
{
    unsigned n = 0;

    for (uint32_t x = w.block3_coded ? 0 : w.secure_version; x != 0; x >>= 1) {
        n += x & 1;
    }
    return n;
}

void efuse_program(unsigned block, const uint32_t data[8])
{
    assert_int_equal(block, 3);
    for (unsigned i = 0; i < 8; i++) {
        assert_true(i == 4 || data[i] == 0);
    }
    w.secure_version |= data[4];
    w.burns++;
}

void clock_delay_us(uint32_t us)
{
    w.now_us += us;
}

void gpio_input_pulldown(unsigned gpio)
{
    assert_int_equal(gpio, BOARD_SAFE_BOOT_GPIO);
}

bool gpio_level(unsigned gpio)
{
    assert_int_equal(gpio, BOARD_SAFE_BOOT_GPIO);
    return w.now_us < w.pin_high_until_us;
}

void wdt_guard(uint32_t timeout_ms)
{
    w.guard_ms = timeout_ms;
}

void wdt_disable_all(void)
{
    w.guard_ms = 0;
}

uint32_t flash_size(void)
{
    return w.id_bytes;
}

int flash_unlock(void)
{
    return 0;
}

int flash_read(uint32_t flash_off, void *out, size_t n)
{
    assert_true(flash_off + n <= FLASH_BYTES);
    memcpy(out, w.flash + flash_off, n);
    return 0;
}

int flash_erase_sector(uint32_t flash_off)
{
    assert_int_equal(flash_off % FLASH_SECTOR, 0);
    memset(w.flash + flash_off, 0xFF, FLASH_SECTOR);
    w.erases++;
    return 0;
}

static void program(uint32_t flash_off, const uint8_t *in, size_t n)
{
    assert_true(flash_off + n <= FLASH_BYTES);
    for (size_t i = 0; i < n; i++) {
        w.flash[flash_off + i] &= in[i];
    }
}

int flash_write(uint32_t flash_off, const void *in, size_t n)
{
    program(flash_off, in, n);
    w.plain_bytes += (unsigned)n;
    return 0;
}

int flash_write_encrypted(uint32_t flash_off, const void *in, size_t n)
{
    uint8_t row[256];

    assert_int_equal(flash_off % FLASH_ENCRYPTED_ROW, 0);
    assert_int_equal(n % FLASH_ENCRYPTED_ROW, 0);
    assert_true(n <= sizeof(row));
    assert_int_equal(fb_flash_encrypt(&w.key, flash_off, in, row, n), FB_OK);
    program(flash_off, row, n);
    w.encrypted_bytes += (unsigned)n;
    return 0;
}

void mmu_unmap(void)
{
    memset(w.window[w.place], 0xDD, SLOT_BYTES);
}

// Every mapping is somewhere else, the ones before are garbage: who uses an
// old pointer sees it.
const void *mmu_map(uint32_t flash_off, uint32_t n)
{
    uint32_t first = flash_off & ~15u;
    uint32_t bytes = align_up32(flash_off + n - first, 16);
    uint8_t *window;

    if (n == 0 || n > WINDOW_BYTES || flash_off + n > FLASH_BYTES) {
        return NULL;
    }
    memset(w.window[w.place], 0xDD, SLOT_BYTES);
    w.place = (w.place + 1) % PLACES;
    window = w.window[w.place];
    memcpy(window, w.flash + first, bytes);
    if (w.encrypted) {
        assert_int_equal(fb_flash_decrypt(&w.key, first, window, window, bytes),
                         FB_OK);
    }
    return window + (flash_off - first);
}

_Noreturn void launch(const struct fb_image *image, const uint8_t *p,
                      uint32_t flash_off)
{
    assert_ptr_equal(p, w.window[w.place]);
    w.started = true;
    w.start_off = flash_off;
    w.start_image = *image;
    longjmp(w.over, 1);
}

// --- a board ---

static const struct testing_segments usual = {
    0x40080004,
    4,
    {{0x3F400020, 0x20, NULL},
     {0x3FFB0000, 0x10, NULL},
     {0x40080000, 0x14, NULL},
     {0x400D007C, 0x20, NULL}},
};

// Bytes into flash, as the build puts them there: encrypted if the chip is.
static void in_flash(uint32_t flash_off, const uint8_t *p, uint32_t n)
{
    uint32_t bytes = align_up32(n, 16);
    uint8_t *to = w.flash + flash_off;

    memset(to, 0xFF, bytes);
    memcpy(to, p, n);
    if (w.encrypted) {
        assert_int_equal(fb_flash_encrypt(&w.key, flash_off, to, to, bytes),
                         FB_OK);
    }
}

static void put_table(const uint8_t scalar[32])
{
    static const struct fb_partition_table table = {
        3,
        true,
        {{FB_PARTITION_APP, FB_PARTITION_FACTORY, SLOT_0, SLOT_BYTES, "factory",
          1},
         {FB_PARTITION_APP, FB_PARTITION_OTA_0, SLOT_1, SLOT_BYTES, "ota_0", 1},
         {FB_PARTITION_DATA, FB_PARTITION_OTADATA, OTADATA, 0x1000, "otadata",
          1}},
    };
    uint8_t bytes[TABLE_BYTES];

    assert_int_equal(fb_partition_table_encode(&table, bytes), FB_OK);
    testing_sign(scalar, bytes, FB_PARTITION_TABLE_SIZE,
                 bytes + FB_PARTITION_TABLE_SIZE);
    in_flash(FB_PARTITION_TABLE_OFF, bytes, sizeof(bytes));
}

// An image as the build makes it for this board.
static void make_usual(struct testing_blob *b)
{
    testing_make_image(b, &usual);
    if (w.secure) {
        testing_append_signature(b, testing_key);
    }
}

static void put_info(uint32_t active, uint32_t previous, uint32_t state)
{
    struct fb_boot_info info;
    uint8_t bytes[FB_BOOT_INFO_SIZE];

    fb_boot_info_fresh(&info);
    info.active = active;
    info.previous = previous;
    info.state = state;
    fb_boot_info_encode(&info, bytes);
    in_flash(OTADATA, bytes, sizeof(bytes));
}

static struct fb_boot_info stored_info(void)
{
    struct fb_boot_info info;
    const uint8_t *p = mmu_map(OTADATA, FB_BOOT_INFO_SIZE);

    assert_int_equal(fb_boot_info_parse(p, &info), FB_OK);
    return info;
}

// A board with a table, boot_info READY on the factory image, both slots
// empty.
static void new_board(bool encrypted, bool secure)
{
    uint8_t key[32];

    memset(&w, 0, sizeof(w));
    memset(w.flash, 0xFF, sizeof(w.flash));
    w.encrypted = encrypted;
    w.secure = secure;
    w.id_bytes = FLASH_BYTES;
    for (unsigned i = 0; i < sizeof(key); i++) {
        key[i] = (uint8_t)i;
    }
    assert_int_equal(
        fb_flash_encryption_key_init(&w.key, key, sizeof(key), 0xF), FB_OK);
    testing_public_key(testing_key, boot_signing_key);
    boot_signing_key_size = 64;
    put_table(testing_key);
    put_info(FB_BOOT_FACTORY, FB_BOOT_FACTORY, FB_BOOT_READY);
}

static bool boot(void)
{
    w.started = false;
    w.console_len = 0;
    w.console[0] = '\0';
    w.erases = 0;
    w.now_us = 0;
    if (setjmp(w.over) == 0) {
        boot_run();
    }
    return w.started;
}

static void says(const char *line)
{
    if (strstr(w.console, line) == NULL) {
        print_error("not said: %s\nsaid:\n%s\n", line, w.console);
        fail();
    }
}

static void starts(uint32_t flash_off)
{
    if (!boot() || w.start_off != flash_off) {
        print_error("should start 0x%x:\n%s\n", flash_off, w.console);
        fail();
    }
    // A watchdog waits for an image on trial, and for no other.
    assert_int_equal(w.guard_ms,
                     strstr(w.console, "on trial") != NULL ? TRIAL_MS : 0);
}

static void refuses(const char *line)
{
    if (boot()) {
        print_error("started 0x%x:\n%s\n", w.start_off, w.console);
        fail();
    }
    says(line);
}

// --- tests ---

static void test_starts_a_good_image(void **state)
{
    static const char *const facts[2][2] = {
        {"flash encryption is off\r\n", "flash encryption is enabled (3 "
                                        "plaintext flashes left)\r\n"},
        {"secure boot is off\r\n", "secure boot is enabled\r\n"}};
    struct testing_blob b;

    (void)state;
    for (unsigned mode = 0; mode < 4; mode++) {
        new_board(mode & 1, mode >> 1);
        make_usual(&b);
        in_flash(SLOT_0, b.p, b.n);
        starts(SLOT_0);
        assert_int_equal(w.start_image.header.entry, 0x40080004);
        assert_int_equal(w.erases, 0);
        says("\r\nFusebox bootloader 1.2, Board, reset cause 1\r\n");
        says(facts[0][mode & 1]);
        says(facts[1][mode >> 1]);
        says("## Type ST Offset   Length   Label\r\n"
             "00   00 00 00010000 00010000 factory\r\n"
             "01   00 10 00020000 00010000 ota_0\r\n"
             "02   01 00 00030000 00001000 otadata\r\n"
             "End of partition table\r\n");
        says("Loading app partition at offset 00010000\r\n");
        for (size_t i = 0; i < w.console_len; i++) {
            assert_true(w.console[i] != '\n' || w.console[i - 1] == '\r');
        }
    }
}

static void test_boot_info_chooses_the_slot(void **state)
{
    struct testing_blob b;

    (void)state;
    new_board(true, true);
    make_usual(&b);
    in_flash(SLOT_0, b.p, b.n);
    in_flash(SLOT_1, b.p, b.n);
    starts(SLOT_0);
    put_info(FB_BOOT_UPDATE1, FB_BOOT_FACTORY, FB_BOOT_READY);
    starts(SLOT_1);
    put_info(FB_BOOT_UPDATE2, FB_BOOT_UPDATE1, FB_BOOT_READY);
    starts(SLOT_0);
}

// Any bit of what the image consists of: in flash, encrypted or not.
static void test_no_damaged_image_starts(void **state)
{
    struct testing_blob b;

    (void)state;
    for (unsigned mode = 0; mode < 4; mode++) {
        uint32_t n;

        new_board(mode & 1, mode >> 1);
        make_usual(&b);
        in_flash(SLOT_0, b.p, b.n);
        n = w.encrypted ? align_up32(b.n, 16) : b.n;
        // What follows in the last block is not the image's.
        n = w.encrypted ? n - 16 : n;
        for (uint32_t i = 0; i < n; i++) {
            uint8_t bit = (uint8_t)(1u << i % 8);

            w.flash[SLOT_0 + i] ^= bit;
            refuses("Slot 0 at 0x00010000 refused: ");
            says("Slot 1 at 0x00020000 refused: not an image: magic 0x");
            w.flash[SLOT_0 + i] ^= bit;
        }
        starts(SLOT_0);
    }
}

static void test_no_truncated_image_starts(void **state)
{
    struct testing_blob b;

    (void)state;
    for (unsigned mode = 0; mode < 4; mode++) {
        new_board(mode & 1, mode >> 1);
        make_usual(&b);
        for (uint32_t n = 0; n < b.n; n += 4) {
            memset(w.flash + SLOT_0, 0xFF, SLOT_BYTES);
            in_flash(SLOT_0, b.p, n);
            refuses("Slot 0 at 0x00010000 refused: ");
        }
    }
}

static void test_says_why(void **state)
{
    struct testing_blob b;
    uint8_t raw[sizeof(b.p)];

    (void)state;
    new_board(true, true);
    refuses("Slot 0 at 0x00010000 refused: not an image: magic 0x");
    says("(erased flash) [-6]\r\n");

    make_usual(&b);
    memcpy(w.flash + SLOT_0, b.p, b.n);
    refuses("(plaintext where ciphertext is expected) [-6]\r\n");

    in_flash(SLOT_1, b.p, b.n);
    memcpy(w.flash + SLOT_0, w.flash + SLOT_1, SLOT_BYTES);
    memset(w.flash + SLOT_1, 0xFF, SLOT_BYTES);
    refuses("(encrypted for another address or with another key) [-6]\r\n");

    in_flash(SLOT_0, b.p, b.n);
    memcpy(raw, w.flash + SLOT_0, sizeof(raw));
    w.encrypted = false;
    put_table(testing_key);
    put_info(FB_BOOT_FACTORY, FB_BOOT_FACTORY, FB_BOOT_READY);
    refuses("(other data, or an encrypted image while flash encryption is "
            "off) [-6]\r\n");

    new_board(true, true);
    testing_make_image(&b, &usual);
    testing_append_signature(&b, testing_other_key);
    in_flash(SLOT_0, b.p, b.n);
    refuses("Slot 0 at 0x00010000 refused: signature bad: signed by another "
            "key [-11]\r\n");

    new_board(true, true);
    testing_make_image(&b, &usual);
    in_flash(SLOT_0, b.p, b.n);
    refuses("signature bad: no V1 signature block after the image [-7]\r\n");

    new_board(false, true);
    make_usual(&b);
    b.p[0x20] ^= 1;
    in_flash(SLOT_0, b.p, b.n);
    refuses("image corrupted: checksum 0x");
    b.p[0x20] ^= 1;
    b.p[8] ^= 1; // in the header, which the checksum does not cover
    in_flash(SLOT_0, b.p, b.n);
    refuses("image corrupted: its SHA-256 does not match [-9]\r\n");

    new_board(false, false);
    make_usual(&b);
    b.p[8] ^= 1;
    in_flash(SLOT_0, b.p, b.n);
    refuses("image corrupted: its SHA-256 does not match [-9]\r\n");
}

// The checksum alone is no protection.
static void test_an_image_without_hash_does_not_start(void **state)
{
    struct testing_blob b;

    (void)state;
    new_board(false, false);
    make_usual(&b);
    b.p[23] = 0;
    in_flash(SLOT_0, b.p, b.n);
    refuses("image corrupted: its SHA-256 does not match [-9]\r\n");
}

static void test_table_signature(void **state)
{
    struct testing_blob b;

    (void)state;
    new_board(true, true);
    make_usual(&b);
    in_flash(SLOT_0, b.p, b.n);
    starts(SLOT_0);
    says("Verifying partition table signature...\r\n");

    put_table(testing_other_key);
    refuses("Failed to verify partition table signature. [-11]\r\n");
    for (uint32_t i = 0; i < TABLE_BYTES - 4; i += 31) {
        put_table(testing_key);
        w.flash[FB_PARTITION_TABLE_OFF + i] ^= 0x10;
        refuses("Failed to verify partition table signature. [-");
    }
    memset(w.flash + FB_PARTITION_TABLE_OFF, 0xFF, 0x1000);
    w.flash[FB_PARTITION_TABLE_OFF + 0] = 0xAA;
    w.flash[FB_PARTITION_TABLE_OFF + 1] = 0x50;
    refuses("The partition table is plaintext where ciphertext is "
            "expected.\r\n");
    put_table(testing_key);
    starts(SLOT_0);
    boot_signing_key_size = 0;
    refuses("built without a public key");
}

static void test_table_damage(void **state)
{
    struct testing_blob b;

    (void)state;
    new_board(false, false);
    make_usual(&b);
    in_flash(SLOT_0, b.p, b.n);
    w.flash[FB_PARTITION_TABLE_OFF + 5] ^= 1;
    refuses("Partition table refused: 0x");
    says(" [-9]\r\n");
    w.flash[FB_PARTITION_TABLE_OFF] = 0;
    refuses("Partition table refused: 0x5000 at 0x00008000 [-6]\r\n");
    memset(w.flash + FB_PARTITION_TABLE_OFF, 0xFF, 0x1000);
    refuses("There is no partition table: erased flash.\r\n");
    put_table(testing_key);
    starts(SLOT_0);
    w.id_bytes = 0x20000; // the table reaches beyond the chip
    refuses("Partition table refused: 0x20000 at 0x00008020 [-5]\r\n");
    w.id_bytes = 0; // the chip does not say: the board's row does
    starts(SLOT_0);
}

static void test_update_is_confirmed(void **state)
{
    struct testing_blob b;

    (void)state;
    for (unsigned mode = 0; mode < 4; mode++) {
        new_board(mode & 1, mode >> 1);
        make_usual(&b);
        in_flash(SLOT_0, b.p, b.n);
        in_flash(SLOT_1, b.p, b.n);
        put_info(FB_BOOT_UPDATE1, FB_BOOT_FACTORY, FB_BOOT_CHECK);
        starts(SLOT_1);
        assert_int_equal(stored_info().state, FB_BOOT_READY);
        assert_int_equal(stored_info().active, FB_BOOT_UPDATE1);
        // Journal and record; the journal's mark and its end, always raw.
        assert_int_equal(w.erases, 2);
        assert_int_equal(w.encrypted_bytes, w.encrypted ? 2 * 64 : 0);
        assert_int_equal(w.plain_bytes, 32 + 64 + (w.encrypted ? 0 : 2 * 64));
        starts(SLOT_1);
        assert_int_equal(w.erases, 0);
    }
}

// An image with a description that says `version`.
static void make_versioned(struct testing_blob *b, uint32_t version)
{
    static uint8_t desc[0x20];
    struct testing_segments s = usual;

    store32_le(desc, 0xABCD5432);
    store32_le(desc + 4, version);
    s.at[0].bytes = desc;
    testing_make_image(b, &s);
    testing_append_signature(b, testing_key);
}

static void put_trial(uint32_t active, uint32_t previous)
{
    struct fb_boot_info info;
    uint8_t bytes[FB_BOOT_INFO_SIZE];

    fb_boot_info_fresh(&info);
    info.active = active;
    info.previous = previous;
    info.state = FB_BOOT_CHECK;
    fb_boot_info_set_trial(&info, FB_TRIAL_WANTED);
    fb_boot_info_encode(&info, bytes);
    in_flash(OTADATA, bytes, sizeof(bytes));
}

// The application says that it works, in the words of its library.
static void app_confirms(void)
{
    struct fb_boot_place place = {FB_BOOT_KIND_PYCOM, OTADATA, OTADATA + 0x1000,
                                  2, true};
    struct fb_boot_store store;
    struct fb_boot_change change;

    assert_int_equal(fb_boot_store_read(&boot_flash, &place, &store), 0);
    fb_boot_store_confirm(&store, &change);
    assert_true(change.write);
    assert_int_equal(fb_boot_store_write(&boot_flash, &place, &change), 0);
}

static void test_update_on_trial(void **state)
{
    struct testing_blob b;

    (void)state;
    for (unsigned mode = 0; mode < 4; mode++) {
        for (unsigned confirmed = 0; confirmed < 2; confirmed++) {
            new_board(mode & 1, mode >> 1);
            make_usual(&b);
            in_flash(SLOT_0, b.p, b.n);
            in_flash(SLOT_1, b.p, b.n);
            put_trial(FB_BOOT_UPDATE1, FB_BOOT_FACTORY);
            starts(SLOT_1);
            says("Slot 1 is on trial: unless it confirms itself, the next "
                 "boot falls back.\r\n");
            // To Pycom's code it is an active image like any other.
            assert_int_equal(stored_info().state, FB_BOOT_READY);
            assert_int_equal(stored_info().active, FB_BOOT_UPDATE1);
            if (confirmed) {
                app_confirms();
                starts(SLOT_1);
            } else {
                starts(SLOT_0);
                says("Falling back to slot 0.\r\n");
                assert_int_equal(w.erases, 2);
                assert_int_equal(stored_info().active, FB_BOOT_FACTORY);
                starts(SLOT_0);
            }
            assert_int_equal(w.erases, 0);
        }
    }
}

static void test_anti_rollback(void **state)
{
    struct testing_blob old, new;

    (void)state;
    new_board(true, true);
    make_versioned(&old, 2);
    make_versioned(&new, 3);
    in_flash(SLOT_0, old.p, old.n);
    starts(SLOT_0);
    assert_int_equal(w.secure_version, 3); // two ones
    assert_int_equal(w.burns, 1);
    says("Security version is 2 from now on.\r\n");

    // Not before the update is confirmed.
    in_flash(SLOT_1, new.p, new.n);
    put_trial(FB_BOOT_UPDATE1, FB_BOOT_FACTORY);
    starts(SLOT_1);
    assert_int_equal(w.burns, 1);
    app_confirms();
    // Nor when the pin asks for the other one.
    w.pin_high_until_us = 200000;
    starts(SLOT_0);
    assert_int_equal(w.burns, 1);
    w.pin_high_until_us = 0;
    starts(SLOT_1);
    assert_int_equal(w.secure_version, 7);
    assert_int_equal(w.burns, 2);
    starts(SLOT_1);
    assert_int_equal(w.burns, 2);
    // A loss of power left any of the bits: they are completed.
    w.secure_version = 4;
    starts(SLOT_1);
    assert_int_equal(w.secure_version, 7);

    // The old one is no way back any more.
    w.flash[SLOT_1 + 0x40] ^= 1;
    refuses("Slot 0 at 0x00010000 refused: security version 2, the eFuses want "
            "3 [-28]\r\n");
    make_usual(&old); // has no description
    in_flash(SLOT_0, old.p, old.n);
    refuses("security version 0, the eFuses want 3 [-28]\r\n");

    // A version that no field holds.
    make_versioned(&new, 33);
    in_flash(SLOT_1, new.p, new.n);
    starts(SLOT_1);
    assert_int_equal(w.secure_version, 0xFFFFFFFF);

    // Where the field is something else, and where nothing is signed.
    for (unsigned i = 0; i < 2; i++) {
        new_board(true, i == 0);
        w.block3_coded = i == 0;
        w.secure_version = i == 0 ? 0x55 : 0;
        make_versioned(&old, 1);
        in_flash(SLOT_0, old.p, old.n);
        starts(SLOT_0);
        assert_int_equal(w.burns, 0);
        if (i == 0) {
            says("SECURE_VERSION cannot be used");
        }
    }
}

// A table with ESP-IDF's two sectors of otadata, and two OTA slots without a
// factory app.
static void test_otadata(void **state)
{
    static const struct fb_partition_table table = {
        3,
        true,
        {{FB_PARTITION_DATA, FB_PARTITION_OTADATA, OTADATA, 0x2000, "otadata",
          1},
         {FB_PARTITION_APP, FB_PARTITION_OTA_0, SLOT_0, SLOT_BYTES, "a", 1},
         {FB_PARTITION_APP, FB_PARTITION_OTA_0 + 1, SLOT_1, SLOT_BYTES, "b",
          1}},
    };
    // esp-idf, gen_esp32part's otadata: seq, label, state, CRC
    static const char second[] = "02000000 ffffffffffffffffffffffffffffffff"
                                 "ffffffff 00000000 7437f655";
    uint8_t bytes[TABLE_BYTES];
    struct fb_otadata record;
    struct testing_blob b;

    (void)state;
    for (unsigned mode = 0; mode < 4; mode++) {
        new_board(mode & 1, mode >> 1);
        assert_int_equal(fb_partition_table_encode(&table, bytes), FB_OK);
        testing_sign(testing_key, bytes, FB_PARTITION_TABLE_SIZE,
                     bytes + FB_PARTITION_TABLE_SIZE);
        in_flash(FB_PARTITION_TABLE_OFF, bytes, sizeof(bytes));
        memset(w.flash + OTADATA, 0xFF, 0x2000);
        make_usual(&b);
        in_flash(SLOT_0, b.p, b.n);
        in_flash(SLOT_1, b.p, b.n);
        starts(SLOT_0);
        assert_int_equal(w.erases, 0);
        assert_int_equal(testing_hex(bytes, 32, second), 32);
        in_flash(OTADATA + 0x1000, bytes, 32);
        starts(SLOT_1);
        says("Slot 1 is on trial");
        assert_int_equal(w.erases, 1);
        assert_int_equal(
            fb_otadata_parse(mmu_map(OTADATA + 0x1000, 32), &record), FB_OK);
        assert_int_equal(record.state, FB_OTADATA_PENDING_VERIFY);
        starts(SLOT_0);
        says("Falling back to slot 0.\r\n");
        assert_int_equal(
            fb_otadata_parse(mmu_map(OTADATA + 0x1000, 32), &record), FB_OK);
        assert_int_equal(record.state, FB_OTADATA_ABORTED);
        starts(SLOT_0);
        assert_int_equal(w.erases, 0);
    }
}

static void test_no_otadata(void **state)
{
    static const struct fb_partition_table table = {
        1,
        true,
        {{FB_PARTITION_APP, FB_PARTITION_FACTORY, SLOT_0, SLOT_BYTES, "factory",
          1}},
    };
    uint8_t bytes[TABLE_BYTES];
    struct testing_blob b;

    (void)state;
    new_board(false, false);
    assert_int_equal(fb_partition_table_encode(&table, bytes), FB_OK);
    in_flash(FB_PARTITION_TABLE_OFF, bytes, FB_PARTITION_TABLE_SIZE);
    make_usual(&b);
    in_flash(SLOT_0, b.p, b.n);
    starts(SLOT_0);
    says("No otadata partition: nothing is remembered.\r\n");
    assert_int_equal(w.erases, 0);
    w.flash[SLOT_0 + 0x30] ^= 1;
    refuses("Slot 0 at 0x00010000 refused");
}

// Rubbish where otadata or boot_info is: one of the good images starts, and
// what is then stored is read back the next time.
static void test_random_boot_info(void **state)
{
    uint64_t seed = 7;
    struct testing_blob b;

    (void)state;
    for (unsigned i = 0; i < 300; i++) {
        new_board(i & 1, false);
        make_usual(&b);
        in_flash(SLOT_0, b.p, b.n);
        in_flash(SLOT_1, b.p, b.n);
        for (uint32_t at = 0; at < 0x2000; at += 4) {
            uint32_t word = testing_random32(&seed);
            memcpy(w.flash + OTADATA + at, &word, 4);
        }
        if (i % 3 == 0) { // right CRC, wrong everything else
            struct fb_boot_info info;
            uint8_t bytes[FB_BOOT_INFO_SIZE];
            uint32_t *words = (uint32_t *)(void *)&info;
            for (unsigned k = 0; k < sizeof(info) / 4; k++) {
                words[k] = testing_random32(&seed);
            }
            fb_boot_info_encode(&info, bytes);
            in_flash(OTADATA, bytes, sizeof(bytes));
        }
        if (!boot()) {
            print_error("%s", w.console);
            fail();
        }
        boot();
        assert_true(w.started);
        assert_null(strstr(w.console, "starting afresh"));
        assert_int_equal(w.erases, 0);
    }
}

static void test_bad_update_rolls_back(void **state)
{
    struct testing_blob b;

    (void)state;
    for (unsigned mode = 0; mode < 4; mode++) {
        new_board(mode & 1, mode >> 1);
        make_usual(&b);
        in_flash(SLOT_0, b.p, b.n);
        b.p[0x30] ^= 4;
        in_flash(SLOT_1, b.p, b.n);
        put_info(FB_BOOT_UPDATE1, FB_BOOT_FACTORY, FB_BOOT_CHECK);
        starts(SLOT_0);
        says("Slot 1 at 0x00020000 refused: image corrupted: checksum 0x");
        says("Falling back to slot 0.\r\n");
        assert_int_equal(stored_info().active, FB_BOOT_FACTORY);
        assert_int_equal(stored_info().state, FB_BOOT_READY);
        starts(SLOT_0);
        assert_int_equal(w.erases, 0);
    }
}

// pycom-micropython-sigfox, bootloader.c: what is written over a blank sector.
static void test_blank_boot_info_becomes_fresh(void **state)
{
    uint8_t fresh[64];
    uint8_t stored[64];
    struct testing_blob b;

    (void)state;
    memset(fresh, 0xFF, sizeof(fresh));
    assert_int_equal(testing_hex(fresh, FB_BOOT_INFO_SIZE,
                                 "00000000 01000000 00000000 ffffffff 00000000"
                                 "ffffffffffffffffffffffffffffffff c5421381"),
                     FB_BOOT_INFO_SIZE);
    for (unsigned mode = 0; mode < 4; mode++) {
        for (unsigned kind = 0; kind < 2; kind++) {
            new_board(mode & 1, mode >> 1);
            make_usual(&b);
            in_flash(SLOT_0, b.p, b.n);
            if (kind == 0) {
                memset(w.flash + OTADATA, 0xFF, 0x1000);
            } else {
                w.flash[OTADATA + 4] ^= 2;
            }
            starts(SLOT_0);
            says("boot_info at 0x00030000 is not valid, starting afresh\r\n");
            assert_int_equal(w.erases, 2);
            memcpy(stored, mmu_map(OTADATA, 64), 64);
            assert_memory_equal(stored, fresh, 64);
            starts(SLOT_0);
            assert_int_equal(w.erases, 0);
        }
    }
}

// Nothing is good: boot_info stays as it is, an image flashed later starts.
static void test_nothing_is_lost_when_nothing_starts(void **state)
{
    struct testing_blob b;
    uint8_t before[FB_BOOT_INFO_SIZE];

    (void)state;
    new_board(true, true);
    put_info(FB_BOOT_UPDATE1, FB_BOOT_FACTORY, FB_BOOT_CHECK);
    memcpy(before, w.flash + OTADATA, sizeof(before));
    refuses("Slot 0 at 0x00010000 refused");
    says("Slot 1 at 0x00020000 refused");
    assert_int_equal(w.erases, 0);
    assert_memory_equal(w.flash + OTADATA, before, sizeof(before));
    make_usual(&b);
    in_flash(SLOT_1, b.p, b.n);
    starts(SLOT_1);
}

static void test_safe_boot_pin(void **state)
{
    static const struct {
        uint64_t high_until_us;
        uint32_t start;
    } cases[] = {
        {0, SLOT_1},       {50000, SLOT_1},   {99999, SLOT_1},
        {120000, SLOT_1},  {2000000, SLOT_1}, {3050000, SLOT_1},
        {3200000, SLOT_0}, {9000000, SLOT_0},
    };
    struct testing_blob b;

    (void)state;
    // Both names lead to slot 1: only "factory" leads elsewhere.
    for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        new_board(true, true);
        make_usual(&b);
        in_flash(SLOT_0, b.p, b.n);
        in_flash(SLOT_1, b.p, b.n);
        put_info(FB_BOOT_UPDATE1, FB_BOOT_UPDATE1, FB_BOOT_READY);
        w.pin_high_until_us = cases[i].high_until_us;
        starts(cases[i].start);
    }
    new_board(true, true);
    make_usual(&b);
    in_flash(SLOT_0, b.p, b.n);
    in_flash(SLOT_1, b.p, b.n);
    put_info(FB_BOOT_FACTORY, FB_BOOT_UPDATE1, FB_BOOT_READY);
    w.pin_high_until_us = 200000;
    starts(SLOT_1);
    says("Safe boot requested!\r\n");
    assert_int_equal(stored_info().safeboot, FB_SAFEBOOT_HW);
    w.pin_high_until_us = 0;
    starts(SLOT_0);
    assert_int_equal(stored_info().safeboot, FB_SAFEBOOT_NO);
}

// Headers of all kinds, with right sums: what starts keeps all rules, of what
// does not start the console says why.
static void test_random_headers(void **state)
{
    uint64_t seed = 3;
    unsigned started = 0;

    (void)state;
    new_board(false, false);
    for (unsigned i = 0; i < 2000; i++) {
        struct testing_blob b;
        struct fb_image image;

        testing_make_image(&b, &usual);
        for (unsigned k = 0; k <= i % 3; k++) {
            // The image's header, or the header of a segment.
            static const uint32_t at[] = {0x00, 0x18, 0x40, 0x58, 0x74};
            uint32_t where =
                at[testing_random32(&seed) % 5] + testing_random32(&seed) % 8;
            b.p[where] = testing_random32(&seed) % 2
                             ? (uint8_t)testing_random32(&seed)
                             : b.p[where] ^ 4;
        }
        if (fb_image_parse(b.p, SLOT_BYTES, &image, NULL) == FB_OK) {
            struct fb_sha256 c;

            b.p[image.checksum_off] = fb_image_checksum(b.p, &image);
            fb_sha256_init(&c);
            fb_sha256_update(&c, b.p, image.checksum_off + 1);
            fb_sha256_final(&c, b.p + image.checksum_off + 1);
        }
        memset(w.flash + SLOT_0, 0xFF, SLOT_BYTES);
        in_flash(SLOT_0, b.p, sizeof(b.p));
        if (!boot()) {
            says("Slot 0 at 0x00010000 refused: ");
            says("Slot 1 at 0x00020000 refused: ");
            continue;
        }
        started++;
        bool entry = false;
        for (unsigned k = 0; k < w.start_image.header.segments; k++) {
            const struct fb_image_segment *s = &w.start_image.segment[k];

            assert_false(s->vaddr < 0x400C0000 &&
                         s->vaddr + s->len > BOOT_IRAM_BASE &&
                         s->vaddr >= SOC_IRAM_BASE);
            assert_false(s->vaddr < 0x40000000 &&
                         s->vaddr + s->len > BOOT_DRAM_BASE &&
                         s->vaddr >= SOC_DRAM_BASE);
            entry |= w.start_image.header.entry - s->vaddr < s->len;
        }
        assert_true(entry);
    }
    print_message("# %u started\n", started);
    assert_true(started > 100 && started < 1900);
}

// Partition tables of all kinds, with a right MD5 or without one.
static void test_random_tables(void **state)
{
    static const char *const lines[] = {
        "Partition table refused: 0x",
        "refused: ", "Loading app partition at offset ",
        "the partition table has no such slot."};
    uint64_t seed = 5;
    unsigned started = 0;
    struct testing_blob b;
    uint8_t *table = w.flash + FB_PARTITION_TABLE_OFF;

    (void)state;
    for (unsigned i = 0; i < 800; i++) {
        unsigned said = 0;

        new_board(false, false);
        make_usual(&b);
        in_flash(SLOT_0, b.p, b.n);
        for (unsigned k = 0; k <= i % 4; k++) {
            uint32_t where = testing_random32(&seed) % (3 * 32);

            uint32_t spoiled = testing_random32(&seed) % 4 == 0
                                   ? testing_random32(&seed)
                                   : table[where] ^ 1u << i % 8;

            table[where] = (uint8_t)spoiled;
        }
        if (i % 5 != 0) {
            fb_md5(table, 3 * 32, table + 3 * 32 + 16);
        }
        started += boot();
        for (unsigned k = 0; k < 4; k++) {
            said += strstr(w.console, lines[k]) != NULL;
        }
        assert_true(said > 0);
        assert_true(w.erases <= 2);
    }
    print_message("# %u started\n", started);
    assert_true(started > 100 && started < 750);
}

// A signed image may still not overwrite the bootloader that loads it.
static void test_load_addresses(void **state)
{
    static const struct {
        uint32_t vaddr;
        uint32_t len;
        bool good;
    } cases[] = {
        {0x3FFAE000, 0x40, true},  {0x3FFEFFC0, 0x40, true},
        {0x3FFEFFC4, 0x40, false}, {0x3FFF0000, 0x40, false},
        {0x3FFFFFC0, 0x40, false}, {0x4008FFC0, 0x40, true},
        {0x4008FFC4, 0x40, false}, {0x40090000, 0x40, false},
        {0x4009FFC0, 0x40, false}, {0x400A0000, 0x40, false},
        {0x400BFFC0, 0x40, false}, {0x40078000, 0x40, false},
        {0x40070000, 0x40, false}, {0x3FF80000, 0x40, true},
        {0x3FF81FC4, 0x40, false}, {0x400C0000, 0x40, true},
        {0x50000000, 0x40, true},  {0x50001FC4, 0x40, false},
        {0x3FFB0002, 0x40, false}, {0x3FF00000, 0x40, false},
        {0xFFFFFFC4, 0x40, false}, {0x00000000, 0x40, true},
        {0x40000400, 0x40, false}, {0x60000000, 0x40, false},
    };
    struct testing_blob b;

    (void)state;
    for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct testing_segments s = {
            0x40080004,
            2,
            {{0x40080000, 0x14, NULL}, {cases[i].vaddr, cases[i].len, NULL}}};

        new_board(false, true);
        testing_make_image(&b, &s);
        testing_append_signature(&b, testing_key);
        in_flash(SLOT_0, b.p, b.n);
        if (cases[i].good) {
            starts(SLOT_0);
        } else {
            refuses("Slot 0 at 0x00010000 refused: image corrupted or not for "
                    "this chip: 0x");
        }
    }
}

// Table and image by other hands: signed by espsecure with its test keys. The
// table is Pycom's of 2017, the key and signature are those of esptool's
// test/secure_images (RFC 6979: they are reproducible).
static void test_foreign_signatures(void **state)
{
    static const char table_key[] =
        "34cefadb3feeb2193e7345ce218a62f302d25ae17908e9d4d150109eddeca534"
        "97ea5ddba707eea69b1e983770cbe68a6dd81ec8c603c456d138b38f4d16d827";
    static const char signature[] =
        "00000000"
        "83625050ec2a8c67d545b7eaf75f5b3a752f6109aae5a0640f03c486eaac6618"
        "ff7007ed0c8f985968b93fee79b83dad8b7687f29f552d124fa21a0cbd09b533";
    static const char rows[] =
        "aa50010200900000007000006e76730000000000000000000000000000000000"
        "aa5000000000010000001800666163746f727900000000000000000001000000"
        "aa50010000001900001000006f74616461746100000000000000000001000000"
        "aa50001000001a00000018006f74615f30000000000000000000000001000000"
        "aa500107000032000000010064756d6d79000000000000000000000000000000"
        "aa5001050000380000f007006673000000000000000000000000000001000000"
        "aa50010600f03f0000100000636f6e6669670000000000000000000000000000"
        "ebebffffffffffffffffffffffffffff788f4f9dcb760dc94f97f9ca358b5f83";
    static uint8_t image[0x20000];
    uint8_t *table = w.flash + FB_PARTITION_TABLE_OFF;
    uint32_t n;

    (void)state;
    new_board(false, true);
    memset(table, 0xFF, 0x1000);
    assert_int_equal(testing_hex(table, 256, rows), 256);
    testing_hex(table + FB_PARTITION_TABLE_SIZE, 68, signature);
    testing_hex(boot_signing_key, 64, table_key);
    refuses("03   00 10 001a0000 00180000 ota_0\r\n");
    table[0xBFF] = 0xFE;
    refuses("Failed to verify partition table signature. [-11]\r\n");

    new_board(false, true);
    testing_file(boot_signing_key, 64, "tests/vectors/sign", "p256.pub.bin");
    n = (uint32_t)testing_file(image, sizeof(image), "tests/vectors/image",
                               "small.secure-pad.bin");
    n += (uint32_t)testing_file(image + n, sizeof(image) - n,
                                "tests/vectors/image",
                                "small.secure-pad.v1.sig");
    const struct slot_rules rules = {false, true, 0};
    struct fb_partition part = {
        FB_PARTITION_APP, FB_PARTITION_FACTORY, 0x10000, 0x30000, "factory", 0};
    struct fb_image parsed;
    const uint8_t *p;
    in_flash(part.offset, image, n);
    assert_int_equal(slot_verify(&rules, 0, &part, &parsed, &p), FB_BOOT_GOOD);
    w.flash[part.offset + 0x40] ^= 1;
    assert_int_equal(slot_verify(&rules, 0, &part, &parsed, &p), FB_BOOT_BAD);
    w.flash[part.offset + 0x40] ^= 1;
    boot_signing_key[9] ^= 1;
    assert_int_equal(slot_verify(&rules, 0, &part, &parsed, &p), FB_BOOT_BAD);
}

// A partition that is too small for the image's signature.
static void test_signature_outside_the_slot(void **state)
{
    const struct slot_rules rules = {false, true, 0};
    struct fb_partition part = {
        FB_PARTITION_APP, FB_PARTITION_FACTORY, SLOT_0, 0, "factory", 0};
    struct fb_image image;
    const uint8_t *p;
    struct testing_blob b;

    (void)state;
    new_board(false, true);
    make_usual(&b);
    in_flash(SLOT_0, b.p, b.n);
    for (part.size = 0; part.size < b.n; part.size++) {
        assert_int_equal(slot_verify(&rules, 0, &part, &image, &p),
                         FB_BOOT_BAD);
        w.console_len = 0;
    }
    assert_int_equal(slot_verify(&rules, 0, &part, &image, &p), FB_BOOT_GOOD);
}

static void test_console_formats(void **state)
{
    (void)state;
    w.console_len = 0;
    console_print("%s|%d|%d|%u|%02u|%x|%04x|%08x\n", "ab", -12, 7, 4000000000u,
                  3u, 0xBEEFu, 0x1Fu, 0xFFFFFFFFu);
    assert_string_equal(w.console,
                        "ab|-12|7|4000000000|03|beef|001f|ffffffff\r\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_starts_a_good_image),
        cmocka_unit_test(test_boot_info_chooses_the_slot),
        cmocka_unit_test(test_no_damaged_image_starts),
        cmocka_unit_test(test_no_truncated_image_starts),
        cmocka_unit_test(test_says_why),
        cmocka_unit_test(test_an_image_without_hash_does_not_start),
        cmocka_unit_test(test_table_signature),
        cmocka_unit_test(test_table_damage),
        cmocka_unit_test(test_update_is_confirmed),
        cmocka_unit_test(test_update_on_trial),
        cmocka_unit_test(test_anti_rollback),
        cmocka_unit_test(test_otadata),
        cmocka_unit_test(test_no_otadata),
        cmocka_unit_test(test_random_boot_info),
        cmocka_unit_test(test_random_headers),
        cmocka_unit_test(test_random_tables),
        cmocka_unit_test(test_bad_update_rolls_back),
        cmocka_unit_test(test_blank_boot_info_becomes_fresh),
        cmocka_unit_test(test_nothing_is_lost_when_nothing_starts),
        cmocka_unit_test(test_safe_boot_pin),
        cmocka_unit_test(test_load_addresses),
        cmocka_unit_test(test_foreign_signatures),
        cmocka_unit_test(test_signature_outside_the_slot),
        cmocka_unit_test(test_console_formats),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
