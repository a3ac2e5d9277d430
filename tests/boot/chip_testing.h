// SPDX-License-Identifier: Apache-2.0
//
// For tests of the bootloader as it is compiled for the ESP32: build it, make
// boards for it, run them on the virtual chip.
//
// Needs the cross compiler; need_bootloader() skips where it is missing.

#ifndef TESTS_BOOT_CHIP_TESTING_H
#define TESTS_BOOT_CHIP_TESTING_H

#include "chip/rom/mask_rom.h"
#include "chip/testing.h"
#include "firmware/boot/testing.h"
#include "lib/fb/boot_info.h"
#include "lib/fb/elf_image.h"
#include "lib/fb/flash_encryption.h"
#include "lib/fb/partition_table.h"
#include "lib/fb/secure_boot_v1.h"

#define BUILD   "build/boot-test"
#define PUB_KEY BUILD "/signature_verification_key.bin"
#define BUILD_BOOT                                                             \
    "env -u MAKEFLAGS -u MAKELEVEL make -s -j2 -C firmware/boot BOARD=GPY "    \
    "ANTI_ROLLBACK=on "                                                        \
    "BUILD=\"$PWD/" BUILD "/obj\" SIGN_PUB=\"$PWD/" PUB_KEY "\""

#define SLOT_0  0x10000u // flash_off
#define SLOT_1  0x20000u
#define OTADATA 0x30000u

#define ABS_DONE_0       (1u << 4)    // BLK0 word 6
#define CRYPT_CNT_1      (1u << 20)   // BLK0 word 0
#define CRYPT_CONFIG_ALL (0xFu << 28) // BLK0 word 5

static uint8_t bootloader[0x7000];
static size_t bootloader_n;
static const uint8_t flash_key[32] = {1, 2, 3};
static const uint8_t boot_key[32] = {4, 5, 6};

static inline int build_bootloader(void **state)
{
    static uint8_t elf[0x40000];
    struct fb_elf_image_options options;
    uint8_t pub[64];
    FILE *f;
    size_t n;

    (void)state;
    if (system("xtensa-lx106-elf-gcc --version >/dev/null 2>&1") != 0) {
        return 0; // the tests skip
    }
    assert_int_equal(system("mkdir -p " BUILD), 0);
    testing_public_key(testing_key, pub);
    f = fopen(PUB_KEY, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(pub, 1, sizeof(pub), f), sizeof(pub));
    fclose(f);
    if (system(BUILD_BOOT " >" BUILD "/log 2>&1") != 0) {
        print_error("the bootloader does not build: see " BUILD "/log\n");
        return -1;
    }
    n = testing_file(elf, sizeof(elf), BUILD "/obj", "bootloader.elf");
    fb_elf_image_defaults(&options);
    return fb_elf_image_build(elf, n, &options, bootloader, sizeof(bootloader),
                              &bootloader_n, NULL) == FB_OK
               ? 0
               : -1;
}

// --- a board ---

struct board {
    struct rig *rig;
    bool encrypted;
    struct fb_flash_encryption_key key;
};

static inline void in_flash(struct board *b, uint32_t flash_off,
                            const uint8_t *p, size_t n)
{
    uint8_t *to = b->rig->flash + flash_off;
    size_t bytes = (n + 15) & ~(size_t)15;

    memset(to, 0xFF, bytes);
    memcpy(to, p, n);
    if (b->encrypted) {
        assert_int_equal(fb_flash_encrypt(&b->key, flash_off, to, to, bytes),
                         FB_OK);
    }
}

static inline void put_bootloader(struct board *b)
{
    static uint8_t file[0x8000]; // from flash_off 0
    uint8_t *image = file + FB_SECURE_BOOT_V1_IMAGE_OFF;
    uint32_t covered = fb_secure_boot_v1_covered((uint32_t)bootloader_n, true);
    struct fb_secure_boot_v1 c;

    memset(file, 0xFF, sizeof(file));
    memset(file, 0x5C, FB_SECURE_BOOT_V1_IV_SIZE);
    memcpy(image, bootloader, bootloader_n);
    fb_secure_boot_v1_init(&c, boot_key, sizeof(boot_key));
    fb_secure_boot_v1_update(&c, file, FB_SECURE_BOOT_V1_IV_SIZE);
    fb_secure_boot_v1_update(&c, image, covered);
    fb_secure_boot_v1_final(&c, file + FB_SECURE_BOOT_V1_DIGEST_OFF);
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
    uint8_t bytes[FB_PARTITION_TABLE_SIZE + FB_SIGNATURE_V1_SIZE];

    assert_int_equal(fb_partition_table_encode(&table, bytes), FB_OK);
    testing_sign(testing_key, bytes, FB_PARTITION_TABLE_SIZE,
                 bytes + FB_PARTITION_TABLE_SIZE);
    in_flash(b, FB_PARTITION_TABLE_OFF, bytes, sizeof(bytes));
}

static inline void put_info(struct board *b, uint32_t active, uint32_t state)
{
    struct fb_boot_info info;
    uint8_t bytes[FB_BOOT_INFO_SIZE];

    fb_boot_info_fresh(&info);
    info.active = active;
    info.state = state;
    fb_boot_info_encode(&info, bytes);
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

    memcpy(bytes, b->rig->flash + OTADATA, sizeof(bytes));
    if (b->encrypted) {
        fb_flash_decrypt(&b->key, OTADATA, bytes, bytes, sizeof(bytes));
    }
    (void)fb_boot_info_parse(bytes, &info);
    return info;
}

// An application with segments of all kinds. Its program, in mapped flash,
// prints "Hi\n". desc: the first bytes of DROM, NULL: a pattern.
static inline void make_described_app(struct testing_blob *app, uint8_t sign,
                                      const uint8_t desc[0x20])
{
    static uint8_t code[48];
    const struct testing_segments segments = {
        0x400D008C,
        4,
        {{0x3F400020, 0x20, desc},
         {0x3FFB0000, 0x10, NULL},
         {0x40080000, 0x14, NULL},
         {0x400D007C, sizeof(code), code}},
    };

    testing_hex(code, sizeof(code), RIG_PROGRAM);
    testing_make_image(app, &segments);
    if (sign == 'y') {
        testing_append_signature(app, testing_key);
    } else if (sign == 'x') {
        testing_append_signature(app, testing_other_key);
    }
}

static inline void make_app(struct testing_blob *app, uint8_t sign)
{
    make_described_app(app, sign, NULL);
}

// The chip's ROM: the built-in model or a mask ROM.
struct rom {
    const char *name;
    const char *file; // in ESP32_ROM_DIR; NULL: built-in
    uint32_t revision;
};
static const struct rom roms[] = {
    {"built-in, revision 0", NULL, 0},
    {"built-in, revision 3", NULL, 3},
    {"mask ROM, revision 0", "esp32_rev0_rom.elf", 0},
    {"mask ROM, revision 3", "esp32_rev300_rom.elf", 3},
};

// NULL: built-in; false: the file is not there.
static inline bool load_rom(const struct rom *rom, struct mask_rom **loaded)
{
    static uint8_t elf[2u << 20];
    static struct mask_rom mask;
    const char *dir = getenv("ESP32_ROM_DIR");
    char path[1024];
    size_t n = 0;
    FILE *f;

    *loaded = NULL;
    if (rom->file == NULL) {
        return true;
    }
    snprintf(path, sizeof(path), "%s/%s", dir != NULL ? dir : "", rom->file);
    f = dir != NULL ? fopen(path, "rb") : NULL;
    if (f == NULL) {
        print_message("# skipped %s: no file %s in ESP32_ROM_DIR\n", rom->name,
                      rom->file);
        return false;
    }
    n = fread(elf, 1, sizeof(elf), f);
    fclose(f);
    assert_int_equal(mask_rom_load(&mask, elf, n), FB_OK);
    *loaded = &mask;
    return true;
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

    fb_flash_encryption_key_init(&b.key, flash_key, sizeof(flash_key), 0xF);
    for (unsigned i = 0; i < 32; i++) {
        fuses.word[1][i / 4] |= (uint32_t)flash_key[31 - i] << i % 4 * 8;
        fuses.word[2][i / 4] |= (uint32_t)boot_key[31 - i] << i % 4 * 8;
    }
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
