// SPDX-License-Identifier: Apache-2.0
//
// The bootloader itself, compiled for the ESP32, on the virtual chip: from
// power-on through the ROM to an application, or to the line that says why
// not. What it decides is tested in boot_test.c; here the drivers, the
// mapping, the jump and the real signature check are.

#define _DEFAULT_SOURCE // for testing.h

#include "chip/debug/why.h"
#include "host/key_search.h"

#include "tests/boot/chip_testing.h"

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

static void keep(void *ctx, const char *line)
{
    char *text = ctx;

    strncat(text, line, 4000 - strlen(text));
    strcat(text, "\n");
}

// What `fusebox board why` says of it.
static void explains(struct board *b, const char *text)
{
    static char told[4096];
    struct why why = {.console = b->rig->console,
                      .fuses = chip_efuses(b->rig->chip),
                      .revision = b->rig->chip->config.revision,
                      .flash = b->rig->flash,
                      .flash_size = RIG_FLASH,
                      .scratch = malloc(RIG_FLASH),
                      .find_keys = host_key_search};

    assert_non_null(why.scratch);
    told[0] = '\0';
    b->rig->console[b->rig->console_n] = '\0';
    why_explain(&why, keep, told);
    free(why.scratch);
    if (strstr(told, text) == NULL) {
        fail_msg("`%s` is not in:\n%s", text, told);
    }
}

static void test_refuses(void **state)
{
    static const struct {
        enum lock lock;
        char sign;
        char what;
        const char *why;
        const char *explained; // by chip/debug/why.h
    } cases[] = {
        {ENCRYPTED, 'y', 'p', "not an image: magic 0x",
         "slot 0 at 0x10000 is refused\n"
         "  at 0x10000: wrong magic number; expected 0xe9, got 0x"},
        {ENCRYPTED, 'y', 'p',
         "(plaintext where ciphertext is expected) [-6]\r\n",
         "  it looks like plaintext under encryption: image\n"},
        {ENCRYPTED, 'y', 's',
         "(encrypted for another address or with another key)",
         "  it looks like image encrypted for 0x20000, but it lies at "
         "0x10000\n"},
        {ENCRYPTED, 'y', 'f', "image corrupted: checksum 0x",
         "slot 0 at 0x10000 is refused\n"
         "  at 0x100af: checksum does not match; expected 0x"},
        {LOCKED, 'x', ' ', "signature bad: signed by another key [-11]\r\n",
         "  signed with another key than the bootloader's\n"},
        {LOCKED, 'n', ' ', "signature bad: no V1 signature block",
         "slot 0 at 0x10000 is refused\n"
         "  at 0x100d0: no signature of version 1; expected 00000000 first"},
        {ENCRYPTED, 'y', 'e', "(erased flash) [-6]\r\n",
         "  the flash is erased there\n"},
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
        explains(&b, cases[i].explained);
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
    explains(&b, "the signature of the partition table is bad\n"
                 "  at 0x8c00: ");
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

// An update on trial, with the power cut before each operation of its first
// boot: afterwards the update runs, on trial as before, or the boot that was
// cut short was its trial, and the image before runs. In the end the state is
// settled.
static void test_trial(void **state)
{
    struct testing_blob app;
    bool cut = true;
    unsigned runs[2] = {0, 0};

    (void)state;
    need_bootloader();
    make_app(&app, 'y');
    for (unsigned at = 1; cut; at++) {
        struct board b = new_board(ENCRYPTED, 0);

        in_flash(&b, SLOT_0, app.p, app.n);
        in_flash(&b, SLOT_1, app.p, app.n);
        put_trial(&b);
        b.rig->cut_at = at;
        cut = !boots(&b);
        b.rig->cut_at = 0;
        assert_true(boots(&b));
        bool second = strstr(b.rig->console, "offset 00020000") != NULL;
        runs[second]++;
        if (second) {
            says(&b, "Slot 1 is on trial");
            assert_true(boots(&b));
        }
        says(&b, "Falling back to slot 0.\r\n");
        says(&b, "offset 00010000");
        assert_int_equal(stored_info(&b).active, FB_BOOT_FACTORY);
        starts(&b, SLOT_0);
        assert_int_equal(b.rig->operations, 0);
        rig_free(b.rig);
    }
    assert_true(runs[0] > 3 && runs[1] > 3);
}

static void test_update(void **state)
{
    (void)state;
    need_bootloader();
    update(OPEN, true);
    update(ENCRYPTED, true);
    update(ENCRYPTED, false);
}

// An application raises SECURE_VERSION; one below it does not start any more.
// Cut in the burn: the next boot burns.
static void test_anti_rollback(void **state)
{
    uint8_t desc[0x20] = {0};
    struct testing_blob app;
    struct board b;

    (void)state;
    need_bootloader();
    b = new_board(LOCKED, 0);
    store32_le(desc, 0xABCD5432);
    store32_le(desc + 4, 3);
    testing_make_app(
        &app, &(struct testing_app){.desc = desc, .scalar = testing_key});
    in_flash(&b, SLOT_0, app.p, app.n);
    b.rig->cut_at = 1;
    assert_false(boots(&b));
    assert_int_equal(b.rig->op, CHIP_OP_EFUSE_BURN);
    assert_int_equal(chip_efuses(b.rig->chip)->word[3][4], 0);
    b.rig->cut_at = 0;
    starts(&b, SLOT_0);
    assert_int_equal(b.rig->operations, 1);
    says(&b, "Security version is 3 from now on.\r\n");
    assert_int_equal(chip_efuses(b.rig->chip)->word[3][4], 7);
    starts(&b, SLOT_0);
    assert_int_equal(b.rig->operations, 0);
    make_app(&app, 'y');
    in_flash(&b, SLOT_0, app.p, app.n);
    assert_false(boots(&b));
    says(&b, "security version 0, the eFuses want 3 [-28]\r\n");
    explains(&b, "slot 0 at 0x10000 is whole, and signed with a key of the "
                 "bootloader\n"
                 "  its security version is 0, the eFuses say 3: ");
    rig_free(b.rig);
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
        cmocka_unit_test(test_trial),
        cmocka_unit_test(test_anti_rollback),
        cmocka_unit_test(test_reports_exceptions),
        cmocka_unit_test(test_safe_boot_pin),
        cmocka_unit_test(test_stack),
    };

    return cmocka_run_group_tests(tests, build_bootloader, NULL);
}
