// SPDX-License-Identifier: Apache-2.0
//
// For tests of the bootloader as it is compiled for the ESP32: boards for it,
// on the virtual chip, in the states that a boot finds them in.
//
// Needs the cross compiler; need_bootloader() skips where it is missing.

#ifndef TESTS_BOOT_CHIP_TESTING_H
#define TESTS_BOOT_CHIP_TESTING_H

#include "chip/testing.h"
#include "tests/support/build.h"
#include "tests/support/contents.h"
#include "tests/support/rom.h"

#define SLOT_0  0x10000u // flash_off
#define SLOT_1  0x20000u
#define OTADATA 0x30000u

#define ABS_DONE_0       (1u << 4)    // BLK0 word 6
#define CRYPT_CNT_1      (1u << 20)   // BLK0 word 0
#define CRYPT_CONFIG_ALL (0xFu << 28) // BLK0 word 5

static uint8_t bootloader[0x7000];
static size_t bootloader_n; // 0: no cross compiler
static const uint8_t flash_key[32] = {1, 2, 3};
static const uint8_t boot_key[32] = {4, 5, 6};

static inline int build_bootloader(void **state)
{
    const struct program *program = &bootloader_anti_rollback;

    (void)state;
    if (!build_possible()) {
        return 0; // the tests skip
    }
    if (!build_program(program)) {
        return -1;
    }
    bootloader_n =
        build_image(program, "bootloader.elf", bootloader, sizeof(bootloader));
    return 0;
}

// --- a board ---

struct board {
    struct rig *rig;
    bool encrypted;
};

static inline void in_flash(struct board *b, uint32_t flash_off,
                            const uint8_t *p, size_t n)
{
    (void)testing_rows(b->rig->flash + flash_off, p, n,
                       b->encrypted ? flash_key : NULL, flash_off);
}

static inline void put_bootloader(struct board *b)
{
    static uint8_t file[0x8000]; // from flash_off 0
    const struct testing_digest how = {boot_key, sizeof(boot_key), 0x5C,
                                       bootloader, bootloader_n};

    (void)testing_make_digest_file(file, sizeof(file), &how);
    in_flash(b, 0, file, sizeof(file));
}

static inline void put_table(struct board *b, uint32_t slot_1,
                             uint32_t slot_1_bytes)
{
    const struct fb_partition_table table = {
        3,
        true,
        {{FB_PARTITION_APP, FB_PARTITION_FACTORY, SLOT_0, 0x10000, "factory",
          1},
         {FB_PARTITION_APP, FB_PARTITION_OTA_0, slot_1, slot_1_bytes, "ota_0",
          1},
         {FB_PARTITION_DATA, FB_PARTITION_OTADATA, OTADATA, 0x1000, "otadata",
          1}},
    };
    uint8_t bytes[TESTING_TABLE_MAX];

    in_flash(b, FB_PARTITION_TABLE_OFF, bytes,
             testing_make_table(bytes, &table, testing_key));
}

static inline void put_info(struct board *b, uint32_t active, uint32_t state)
{
    uint8_t bytes[FB_BOOT_INFO_SIZE];

    testing_make_info(bytes, active, state);
    in_flash(b, OTADATA, bytes, sizeof(bytes));
}

static inline void put_trial(struct board *b)
{
    struct fb_boot_info info;
    uint8_t bytes[FB_BOOT_INFO_SIZE];

    fb_boot_info_fresh(&info);
    info.active = FB_BOOT_UPDATE1;
    info.state = FB_BOOT_CHECK;
    fb_boot_info_set_trial(&info, FB_TRIAL_WANTED);
    fb_boot_info_encode(&info, bytes);
    in_flash(b, OTADATA, bytes, sizeof(bytes));
}

static inline struct fb_boot_info stored_info(struct board *b)
{
    uint8_t bytes[64];
    struct fb_boot_info info = {.state = ~0u};
    struct fb_flash_encryption_key key;

    memcpy(bytes, b->rig->flash + OTADATA, sizeof(bytes));
    if (b->encrypted) {
        fb_flash_encryption_key_init(&key, flash_key, sizeof(flash_key), 0xF);
        fb_flash_decrypt(&key, OTADATA, bytes, bytes, sizeof(bytes));
    }
    (void)fb_boot_info_parse(bytes, &info);
    return info;
}

// sign: 'y'es, by a stranger's key ('x'), or not.
static inline void make_app(struct testing_blob *app, uint8_t sign)
{
    testing_make_app(
        app, &(struct testing_app){.scalar = sign == 'y'   ? testing_key
                                             : sign == 'x' ? testing_other_key
                                                           : NULL});
}

// The chip's ROM: the built-in model or a mask ROM.
struct rom {
    bool mask;
    uint32_t revision;
};
static const struct rom roms[] = {{false, 0}, {false, 3}, {true, 0}, {true, 3}};

// NULL: built-in; false: the file is not there.
static inline bool load_rom(const struct rom *rom, struct mask_rom **loaded)
{
    static struct mask_rom mask;

    *loaded = rom->mask ? &mask : NULL;
    return !rom->mask || testing_mask_rom(&mask, rom->revision);
}

// Another chip on the rig: with that much flash and that ROM.
static inline void exchange_chip(struct rig *rig, uint32_t flash_size,
                                 const struct mask_rom *mask, uint32_t revision)
{
    struct chip_callbacks cb = rig_callbacks(rig);
    struct chip_config config = {.flash_size = flash_size,
                                 .revision = revision,
                                 .strap = CHIP_STRAP_FLASH_BOOT,
                                 .seed = 1,
                                 .rom = mask};

    free(rig->flash);
    rig->flash = malloc(flash_size);
    assert_non_null(rig->flash);
    memset(rig->flash, 0xFF, flash_size);
    config.flash = rig->flash;
    chip_init(rig->chip, &config, &cb);
}

// A board is open, encrypted, or encrypted with secure boot; two signature
// checks are most of the time of a boot.
enum lock { OPEN, ENCRYPTED, LOCKED };

static inline struct board dress_board(struct rig *rig, enum lock lock,
                                       uint32_t slot_1)
{
    struct board b = {.rig = rig, .encrypted = lock != OPEN};
    struct fb_efuse_words fuses = *chip_efuses(b.rig->chip);

    testing_key_words(flash_key, true, fuses.word[1]);
    testing_key_words(boot_key, true, fuses.word[2]);
    fuses.word[0][0] |= lock != OPEN ? CRYPT_CNT_1 : 0;
    fuses.word[0][5] |= CRYPT_CONFIG_ALL;
    fuses.word[0][6] |= lock == LOCKED ? ABS_DONE_0 : 0;
    chip_set_efuses(b.rig->chip, &fuses);
    put_bootloader(&b);
    put_table(&b, slot_1, 0x10000);
    put_info(&b, FB_BOOT_FACTORY, FB_BOOT_READY);
    return b;
}

static inline struct board new_board(enum lock lock, uint32_t revision)
{
    return dress_board(rig_new(revision, CHIP_STRAP_FLASH_BOOT), lock, SLOT_1);
}

// Run until one of the two ends of a boot, or the power is lost.
static inline bool boots_on(struct rig *rig)
{
    for (unsigned i = 0; i < 2000; i++) {
        enum chip_stop stop = chip_run(rig->chip, 400000);

        if (strstr(rig->console, "Hi\n") != NULL) {
            return true;
        }
        if (stop == CHIP_POWER_LOST ||
            strstr(rig->console, "UART download.\r\n") != NULL) {
            return false;
        }
    }
    print_error("no end in sight:\n%s\n", rig->console);
    fail();
    return false;
}

static inline bool boots(struct board *b)
{
    b->rig->console_n = 0;
    b->rig->console[0] = '\0';
    b->rig->operations = 0;
    chip_power_on(b->rig->chip);
    return boots_on(b->rig);
}

static inline void says(struct board *b, const char *text)
{
    if (strstr(b->rig->console, text) == NULL) {
        print_error("not said: %s\nsaid:\n%s\n", text, b->rig->console);
        fail();
    }
}

static inline void starts(struct board *b, uint32_t flash_off)
{
    char line[64];

    if (!boots(b)) {
        print_error("does not start:\n%s\n", b->rig->console);
        fail();
    }
    snprintf(line, sizeof(line), "Loading app partition at offset %08x\r\n",
             (unsigned)flash_off);
    says(b, line);
    assert_int_equal(b->rig->unmodelled, 0);
}

static inline void need_bootloader(void)
{
    if (bootloader_n == 0) {
        skip();
    }
}

#endif
