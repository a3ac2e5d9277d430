// SPDX-License-Identifier: Apache-2.0
//
// The bootloader itself, compiled for the ESP32, on the virtual chip: from
// power-on through the ROM to an application, or to the line that says why
// not. What it decides is tested in boot_test.c; here the drivers, the
// mapping, the jump and the real signature check are.
//
// Needs the cross compiler; skipped where it is missing.

#define _DEFAULT_SOURCE // for testing.h

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
#define COMMAND                                                                \
    "env -u MAKEFLAGS -u MAKELEVEL make -s -j2 -C firmware/boot BOARD=GPY "    \
    "BUILD=\"$PWD/" BUILD "/obj\" SIGN_PUB=\"$PWD/" PUB_KEY "\" >" BUILD       \
    "/log 2>&1"

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

static int build_bootloader(void **state)
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
    if (system(COMMAND) != 0) {
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

static void in_flash(struct board *b, uint32_t flash_off, const uint8_t *p,
                     size_t n)
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

static void put_bootloader(struct board *b)
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

static void put_table(struct board *b, uint32_t slot_1)
{
    const struct fb_partition_table table = {
        3,
        true,
        {{FB_PARTITION_APP, FB_PARTITION_FACTORY, SLOT_0, 0x10000, "factory",
          1},
         {FB_PARTITION_APP, FB_PARTITION_OTA_0, slot_1, 0x10000, "ota_0", 1},
         {FB_PARTITION_DATA, FB_PARTITION_OTADATA, OTADATA, 0x1000, "otadata",
          1}},
    };
    uint8_t bytes[FB_PARTITION_TABLE_SIZE + FB_SIGNATURE_V1_SIZE];

    assert_int_equal(fb_partition_table_encode(&table, bytes), FB_OK);
    testing_sign(testing_key, bytes, FB_PARTITION_TABLE_SIZE,
                 bytes + FB_PARTITION_TABLE_SIZE);
    in_flash(b, FB_PARTITION_TABLE_OFF, bytes, sizeof(bytes));
}

static void put_info(struct board *b, uint32_t active, uint32_t state)
{
    struct fb_boot_info info;
    uint8_t bytes[FB_BOOT_INFO_SIZE];

    fb_boot_info_fresh(&info);
    info.active = active;
    info.state = state;
    fb_boot_info_encode(&info, bytes);
    in_flash(b, OTADATA, bytes, sizeof(bytes));
}

static void put_trial(struct board *b)
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

static struct fb_boot_info stored_info(struct board *b)
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
// prints "Hi\n".
static void make_app(struct testing_blob *app, uint8_t sign)
{
    static uint8_t code[48];
    static const struct testing_segments segments = {
        0x400D008C,
        4,
        {{0x3F400020, 0x20, NULL},
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
static bool load_rom(const struct rom *rom, struct mask_rom **loaded)
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
static void exchange_chip(struct rig *rig, uint32_t flash_size,
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

static struct board dress_board(struct rig *rig, enum lock lock,
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
    put_table(&b, slot_1);
    put_info(&b, FB_BOOT_FACTORY, FB_BOOT_READY);
    return b;
}

static struct board new_board(enum lock lock, uint32_t revision)
{
    return dress_board(rig_new(revision, CHIP_STRAP_FLASH_BOOT), lock, SLOT_1);
}

// Run until one of the two ends of a boot, or the power is lost.
static bool boots_on(struct rig *rig)
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

static bool boots(struct board *b)
{
    b->rig->console_n = 0;
    b->rig->console[0] = '\0';
    b->rig->operations = 0;
    chip_power_on(b->rig->chip);
    return boots_on(b->rig);
}

static void says(struct board *b, const char *text)
{
    if (strstr(b->rig->console, text) == NULL) {
        print_error("not said: %s\nsaid:\n%s\n", text, b->rig->console);
        fail();
    }
}

static void starts(struct board *b, uint32_t flash_off)
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

static void need_bootloader(void)
{
    if (bootloader_n == 0) {
        skip();
    }
}

// --- tests ---

static void test_starts_an_application(void **state)
{
    struct testing_blob app;

    (void)state;
    need_bootloader();
    for (unsigned mode = 0; mode < 4; mode++) {
        enum lock lock = mode < 2 ? (enum lock)mode : LOCKED;
        struct board b = new_board(lock, mode == 3 ? 3 : 0);

        make_app(&app, 'y');
        in_flash(&b, SLOT_0, app.p, app.n);
        starts(&b, SLOT_0);
        says(&b, "\r\nFusebox bootloader ");
        says(&b, lock == LOCKED ? "secure boot is enabled\r\n"
                                : "secure boot is off\r\n");
        says(&b, lock != OPEN
                     ? "flash encryption is enabled (3 plaintext flashes "
                       "left)\r\n"
                     : "flash encryption is off\r\n");
        assert_int_equal(b.rig->operations, 0);
        // Segments are where they belong.
        for (uint32_t i = 0; i < 0x10; i += 4) {
            uint32_t dram = rig_get(b.rig, 0x3FFB0000 + i);
            uint32_t iram = rig_get(b.rig, 0x40080000 + i);
            uint32_t drom = rig_get(b.rig, 0x3F400020 + i);

            for (uint32_t k = 0; k < 4; k++) {
                assert_int_equal(dram >> 8 * k & 0xFF,
                                 testing_pattern(0x3FFB0000, i + k));
                assert_int_equal(iram >> 8 * k & 0xFF,
                                 testing_pattern(0x40080000, i + k));
                assert_int_equal(drom >> 8 * k & 0xFF,
                                 testing_pattern(0x3F400020, i + k));
            }
        }
        rig_free(b.rig);
    }
}

// What the application is promised (docs/DESIGN.md).
static void check_handover(struct rig *rig)
{
    // CPU 160 MHz, APB 80 MHz, console 115200, watchdogs off, the cache on.
    assert_int_equal(rig_get(rig, 0x3FF48070) >> 27 & 3, 1);
    assert_int_equal(rig_get(rig, 0x3FF0003C), 1);
    assert_true(rig->baud > 115200 - 600 && rig->baud < 115200 + 600);
    assert_int_equal(rig_get(rig, 0x3FF4808C), 0);
    assert_int_equal(rig_get(rig, 0x3FF5F048), 0);
    assert_int_equal(rig_get(rig, 0x3FF60048), 0);
    assert_int_equal(rig_get(rig, 0x3FF00040) >> 3 & 1, 1);
}

// Every size, mode and clock of the flash, with every ROM: the update at the
// very end of the flash starts.
static void test_every_flash(void **state)
{
    uint8_t mode, freq, header[2];
    struct testing_blob app;

    (void)state;
    need_bootloader();
    make_app(&app, 'y');
    memcpy(header, bootloader + 2, 2);
    for (unsigned r = 0; r < sizeof(roms) / sizeof(roms[0]); r++) {
        struct mask_rom *mask;
        if (!load_rom(&roms[r], &mask)) {
            continue;
        }
        for (unsigned i = 0; i < 4 * 4 * 2; i++) {
            uint32_t mib = 2u << i / 8;
            uint32_t slot_1 = mib * 0x100000 - 0x10000;
            struct rig *rig = rig_new(roms[r].revision, CHIP_STRAP_FLASH_BOOT);

            mode = i % 4;
            freq = i / 4 % 2 == 0 ? 0 : 15;
            exchange_chip(rig, mib << 20, mask, roms[r].revision);
            bootloader[2] = mode;
            bootloader[3] =
                (uint8_t)(fb_image_flash_size_id(mib << 20) << 4 | freq);
            struct board b = dress_board(rig, OPEN, slot_1);
            put_info(&b, FB_BOOT_UPDATE1, FB_BOOT_READY);
            in_flash(&b, slot_1, app.p, app.n);
            starts(&b, slot_1);
            check_handover(rig);
            assert_int_equal(rig->operations, 0);
            rig_free(rig);
        }
    }
    memcpy(bootloader + 2, header, 2);
}

// A locked board on each ROM: table and image are signed, the digest is
// checked, all is encrypted; a new image is on trial, and falls back.
static void test_every_rom(void **state)
{
    struct testing_blob app;

    (void)state;
    need_bootloader();
    make_app(&app, 'y');
    for (unsigned r = 0; r < sizeof(roms) / sizeof(roms[0]); r++) {
        struct mask_rom *mask;
        if (!load_rom(&roms[r], &mask)) {
            continue;
        }
        struct rig *rig = rig_new(roms[r].revision, CHIP_STRAP_FLASH_BOOT);
        exchange_chip(rig, RIG_FLASH, mask, roms[r].revision);
        struct board b = dress_board(rig, LOCKED, SLOT_1);
        in_flash(&b, SLOT_0, app.p, app.n);
        in_flash(&b, SLOT_1, app.p, app.n);
        put_trial(&b);
        starts(&b, SLOT_1);
        says(&b, "secure boot is enabled\r\n");
        says(&b, "Slot 1 is on trial");
        // The watchdog ends what does nothing, and the trial with it.
        rig->console_n = 0;
        rig_run_ms(rig, 70000);
        says(&b, "rst:0x9 (RTCWDT_SYS_RESET)");
        says(&b, "Falling back to slot 0.\r\n");
        says(&b, "Hi\n");
        check_handover(rig);
        rig->console_n = 0;
        rig_run_ms(rig, 120000);
        assert_int_equal(rig->console_n, 0);
        assert_int_equal(rig->unmodelled, 0);
        rig_free(rig);
    }
}

static void test_refuses(void **state)
{
    static const struct {
        enum lock lock;
        char sign;
        char what;
        const char *why;
    } cases[] = {
        {ENCRYPTED, 'y', 'p', "not an image: magic 0x"},
        {ENCRYPTED, 'y', 'p',
         "(plaintext where ciphertext is expected) [-6]\r\n"},
        {ENCRYPTED, 'y', 's',
         "(encrypted for another address or with another key)"},
        {ENCRYPTED, 'y', 'f', "image corrupted: checksum 0x"},
        {LOCKED, 'x', ' ', "signature bad: signed by another key [-11]\r\n"},
        {LOCKED, 'n', ' ', "signature bad: no V1 signature block"},
        {ENCRYPTED, 'y', 'e', "(erased flash) [-6]\r\n"},
    };
    struct testing_blob app;

    (void)state;
    need_bootloader();
    for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct board b = new_board(cases[i].lock, 0);
        uint8_t *flash = b.rig->flash;

        make_app(&app, (uint8_t)cases[i].sign);
        in_flash(&b, SLOT_0, app.p, app.n);
        if (cases[i].what == 'p') {
            memcpy(flash + SLOT_0, app.p, app.n);
        } else if (cases[i].what == 's') {
            in_flash(&b, SLOT_1, app.p, app.n);
            memcpy(flash + SLOT_0, flash + SLOT_1, 0x10000);
            memset(flash + SLOT_1, 0xFF, 0x10000);
        } else if (cases[i].what == 'f') {
            flash[SLOT_0 + 0x30] ^= 1;
        } else if (cases[i].what == 'e') {
            memset(flash + SLOT_0, 0xFF, 0x10000);
        }
        assert_false(boots(&b));
        says(&b, "Slot 0 at 0x00010000 refused: ");
        says(&b, cases[i].why);
        says(&b, "Slot 1 at 0x00020000 refused: ");
        assert_int_equal(b.rig->operations, 0);
        assert_int_equal(b.rig->unmodelled, 0);
        // It stays there: no watchdog, no jump.
        b.rig->console_n = 0;
        rig_run_ms(b.rig, 20000);
        assert_int_equal(b.rig->console_n, 0);
        rig_free(b.rig);
    }
}

static void test_refuses_a_table_of_strangers(void **state)
{
    struct board b;
    struct testing_blob app;

    (void)state;
    need_bootloader();
    b = new_board(LOCKED, 0);
    make_app(&app, 'y');
    in_flash(&b, SLOT_0, app.p, app.n);
    b.rig->flash[FB_PARTITION_TABLE_OFF + 0x300] ^= 0x80;
    assert_false(boots(&b));
    says(&b, "Failed to verify partition table signature. [-11]\r\n");
    rig_free(b.rig);
}

// An update that is pending, with the power cut before each operation: when
// the board is switched on again it starts the update if that is good, else
// the image before.
static void update(enum lock lock, bool good)
{
    struct testing_blob app;
    bool cut = true;

    for (unsigned at = 1; cut; at++) {
        struct board b = new_board(lock, 0);

        make_app(&app, 'y');
        in_flash(&b, SLOT_0, app.p, app.n);
        in_flash(&b, SLOT_1, app.p, app.n);
        b.rig->flash[SLOT_1 + 0x30] ^= good ? 0 : 1;
        put_info(&b, FB_BOOT_UPDATE1, FB_BOOT_CHECK);
        b.rig->cut_at = at;
        cut = !boots(&b);
        if (!cut) {
            assert_true(at > 8);
            assert_int_equal(stored_info(&b).active,
                             good ? FB_BOOT_UPDATE1 : FB_BOOT_FACTORY);
            assert_int_equal(stored_info(&b).state, FB_BOOT_READY);
            says(&b, good ? "offset 00020000" : "Falling back to slot 0.\r\n");
        }
        b.rig->cut_at = 0;
        if (!boots(&b)) {
            print_error("lost after a cut at %u:\n%s\n", at, b.rig->console);
            fail();
        }
        says(&b, good ? "offset 00020000" : "offset 00010000");
        assert_int_equal(stored_info(&b).state, FB_BOOT_READY);
        assert_int_equal(b.rig->unmodelled, 0);
        rig_free(b.rig);
    }
}

static void test_update(void **state)
{
    (void)state;
    need_bootloader();
    update(OPEN, true);
    update(ENCRYPTED, true);
    update(ENCRYPTED, false);
}

// An instruction that is none, first thing in boot_main(): the report names
// it, and the chip starts again. (Not locked: nobody checks the digest.)
static void test_reports_exceptions(void **state)
{
    struct board b;
    uint8_t *image;
    struct fb_image parsed;
    uint32_t entry_off;

    (void)state;
    need_bootloader();
    b = new_board(OPEN, 0);
    image = b.rig->flash + FB_SECURE_BOOT_V1_IMAGE_OFF;
    assert_int_equal(fb_image_parse(image, sizeof(bootloader), &parsed, NULL),
                     FB_OK);
    // _start ends in `callx0 a0`, and zeros (ill) instead of it are 3 bytes.
    entry_off = 0;
    for (unsigned i = 0; i < parsed.header.segments; i++) {
        const struct fb_image_segment *s = &parsed.segment[i];

        if (parsed.header.entry - s->vaddr < s->len) {
            entry_off = s->img_off + parsed.header.entry - s->vaddr;
        }
    }
    while (memcmp(image + entry_off, "\xC0\x00\x00", 3) != 0) {
        entry_off++;
    }
    image[parsed.checksum_off] ^= image[entry_off];
    memset(image + entry_off, 0, 3);
    chip_power_on(b.rig->chip);
    rig_run_ms(b.rig, 300);
    says(&b, "\r\nBootloader exception: cause 0, pc 0x4009");
    says(&b, "Resetting.\r\n");
    says(&b, "rst:0x3 (SW_RESET)");
    rig_free(b.rig);
}

// The safe boot pin (GPIO21) asks for the previous image.
static void test_safe_boot_pin(void **state)
{
    struct testing_blob app;
    struct board b;

    (void)state;
    need_bootloader();
    b = new_board(OPEN, 0);
    make_app(&app, 'y');
    in_flash(&b, SLOT_0, app.p, app.n);
    in_flash(&b, SLOT_1, app.p, app.n);
    put_info(&b, FB_BOOT_UPDATE1, FB_BOOT_READY); // previous: factory
    starts(&b, SLOT_1);
    chip_set_gpio(b.rig->chip, 21, true);
    starts(&b, SLOT_0);
    says(&b, "Safe boot requested!\r\n");
    assert_int_equal(stored_info(&b).safeboot, FB_SAFEBOOT_HW);
    rig_free(b.rig);
}

// The stack as it was used, against what the linker script keeps for it.
static void test_stack(void **state)
{
    const uint32_t top = 0x40000000, room = 0x4000;
    struct testing_blob app;
    struct board b;
    uint32_t vaddr = top - room;

    (void)state;
    need_bootloader();
    b = new_board(LOCKED, 0);
    make_app(&app, 'y');
    in_flash(&b, SLOT_0, app.p, app.n);
    rig_on(b.rig);
    for (uint32_t i = 0; i < room; i += 4) {
        rig_put(b.rig, vaddr + i, 0);
    }
    assert_true(boots_on(b.rig));
    while (rig_get(b.rig, vaddr) == 0) {
        vaddr += 4;
    }
    print_message("# stack used: %u bytes; %llu instructions to start a "
                  "locked board\n",
                  (unsigned)(top - vaddr),
                  (unsigned long long)chip_instructions(b.rig->chip));
    assert_true(top - vaddr > 4096 && top - vaddr < room * 3 / 4);
    rig_free(b.rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_starts_an_application),
        cmocka_unit_test(test_every_flash),
        cmocka_unit_test(test_every_rom),
        cmocka_unit_test(test_refuses),
        cmocka_unit_test(test_refuses_a_table_of_strangers),
        cmocka_unit_test(test_update),
        cmocka_unit_test(test_reports_exceptions),
        cmocka_unit_test(test_safe_boot_pin),
        cmocka_unit_test(test_stack),
    };

    return cmocka_run_group_tests(tests, build_bootloader, NULL);
}
