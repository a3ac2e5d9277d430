// SPDX-License-Identifier: Apache-2.0

#define _DEFAULT_SOURCE // for lib/fb/testing.h

#include "chip/rom/rom.h"

#include "chip/testing.h"
#include "lib/fb/secure_boot_v1.h"

#define CONFIG_LINES                                                           \
    "configsip: 0, SPIWP:0xee\r\n"                                             \
    "clk_drv:0x00,q_drv:0x00,d_drv:0x00,cs0_drv:0x00,hd_drv:0x00,wp_drv:"      \
    "0x00\r\n"                                                                 \
    "mode:DIO, clock div:2\r\n"
#define LOAD_LINES                                                             \
    "load:0x3fff0018,len:4\r\n"                                                \
    "load:0x40080000,len:48\r\n"
#define BANNER16          "ets Jun  8 2016 00:22:57\r\n\r\n"
#define BANNER19          "ets Jul 29 2019 12:21:46\r\n\r\n"
#define FLASH_LINE(cause) "rst:" cause ",boot:0x13 (SPI_FAST_FLASH_BOOT)\r\n"

static void console_is(const struct rig *rig, const char *want)
{
    assert_string_equal(rig->console, want);
}

static void boots_an_image(void **state)
{
    struct rig *rig = rig_new(0, CHIP_STRAP_FLASH_BOOT);
    const struct cpu *cpu = &rig->chip->cpu[0];

    (void)state;
    rig_image(rig->flash + 0x1000, false);
    rig_on(rig);
    console_is(rig, BANNER16 FLASH_LINE("0x1 (POWERON_RESET)")
                        CONFIG_LINES LOAD_LINES "entry 0x40080010\r\n");
    assert_int_equal(chip_pc(rig->chip), RIG_PROGRAM_ENTRY + 3);
    assert_int_equal(rig_get(rig, 0x3FFF0018), 0x12345678);
    assert_string_equal(chip_why(rig->chip), "flash boot");
    // As CALL8 leaves it: WOE, UM, CALLINC 2, one window.
    assert_int_equal(cpu_sr(cpu, 230), 0x60020);
    assert_int_equal(cpu_sr(cpu, 72), 0);
    assert_int_equal(cpu_sr(cpu, 73), 1);
    assert_int_equal(cpu_sr(cpu, 231), 0x40000000);
    rig->console_n = 0;
    rig_run_ms(rig, 1);
    console_is(rig, "Hi\n");
    // Nobody switched the flash-boot watchdogs off.
    rig->console_n = 0;
    rig_run_ms(rig, 1000);
    assert_non_null(strstr(rig->console, "rst:0x10 (RTCWDT_RTC_RESET),boot"));
    rig_free(rig);
}

// Image, signature (espsecure's, see tests/vectors/sign) and the key's digest
// in BLK2, of a board of revision 3.
static struct rig *signed_v2(void)
{
    struct rig *rig = rig_new(3, CHIP_STRAP_FLASH_BOOT);
    struct fb_efuse_words fuses = {0};
    uint8_t *image = rig->flash + 0x1000;
    uint8_t digest[32];
    size_t n = rig_image(image, true);

    memset(image + n, 0, 32);
    memset(image + n + 32, 0xFF, 4096 - n - 32);
    (void)testing_file(image + 4096, 4096, "tests/vectors/sign",
                       "rig_image.rsa3072.v2.sig");
    (void)testing_file(digest, 32, "tests/vectors/sign",
                       "rig_image.rsa3072.v2.digest");
    for (unsigned i = 0; i < 8; i++) {
        fuses.word[2][i] = load32_le(digest + 4 * i);
    }
    fuses.word[0][6] = 1u << 5; // ABS_DONE_1
    chip_set_efuses(rig->chip, &fuses);
    return rig;
}

static void checks_secure_boot_v2(void **state)
{
    static const struct {
        size_t at; // in flash
        const char *says;
    } forged[] = {
        {0x1000 + 33, "Sig block 0 invalid: Image digest does not match\r\n"},
        {0x1000 + 4000, "Sig block 0 invalid: Image digest does not match\r\n"},
        {0x2000, "No signature block magic byte found at signature sector "
                 "(found 0xe6 not 0xe7). Image not V2 signed?\r\n"},
        {0x2000 + 900, "Sig block 0 invalid: Stored CRC 0x"},
    };
    struct rig *rig = signed_v2();
    struct fb_efuse_words fuses;

    (void)state;
    rig_on(rig);
    console_is(
        rig, BANNER19 FLASH_LINE(
                 "0x1 (POWERON_RESET)") "configsip: 0, SPIWP:0xee\r\n"
                                        "clk_drv:0x00,q_drv:0x00,d_drv:0x00,"
                                        "cs0_drv:0x00,"
                                        "hd_drv:0x00,wp_drv:0x00\r\n"
                                        "mode:2, clock div:2\r\n"
                                        "secure boot v2 enabled\r\n"
                                        "secure boot verification succeeded\r\n"
                                        "load:0x3fff0018 len:0x4\r\n"
                                        "load:0x40080000 len:0x30\r\n"
                                        "entry 0x40080010\r\n");
    for (size_t i = 0; i < sizeof forged / sizeof forged[0]; i++) {
        rig->flash[forged[i].at] ^= 1;
        rig_on(rig);
        assert_non_null(strstr(rig->console, forged[i].says));
        assert_non_null(strstr(rig->console, "verification failed\r\n"));
        assert_string_equal(chip_why(rig->chip),
                            "secure boot v2 verification failed");
        rig->flash[forged[i].at] ^= 1;
    }
    fuses = *chip_efuses(rig->chip);
    fuses.word[2][3] ^= 0x100;
    chip_set_efuses(rig->chip, &fuses);
    rig_on(rig);
    assert_non_null(strstr(rig->console, "signed with untrusted key\r\n"));
    rig_free(rig);
}

static void reports_a_blank_flash(void **state)
{
    struct rig *old = rig_new(1, CHIP_STRAP_FLASH_BOOT);
    struct rig *new = rig_new(3, CHIP_STRAP_FLASH_BOOT);

    (void)state;
    rig_on(old);
    console_is(old, BANNER16 FLASH_LINE(
                        "0x1 (POWERON_RESET)") "flash read err, 1000\r\n"
                                               "Falling back to built-in "
                                               "command interpreter.\r\n"
                                               "OK\r\n>");
    // esp-idf issue 113: a watchdog ends the interpreter.
    rig_run_ms(old, 1000);
    assert_non_null(strstr(old->console, "rst:0x10 (RTCWDT_RTC_RESET),boot"));
    rig_free(old);

    old = rig_new(1, CHIP_STRAP_FLASH_BOOT);
    rig_burn(old, 0, 6, 1u << 2); // CONSOLE_DEBUG_DISABLE
    rig_on(old);
    rig_run_ms(old, 1000);
    assert_ptr_equal(
        strstr(old->console,
               BANNER16 FLASH_LINE(
                   "0x1 (POWERON_RESET)") "flash read err, 1000\r\n"
                                          "ets_main.c 371 \r\n" BANNER16
                                              FLASH_LINE(
                                                  "0x10 (RTCWDT_RTC_RESET)")),
        old->console);
    rig_free(old);

    rig_on(new);
    rig_run_ms(new, 1000);
    assert_ptr_equal(
        strstr(new->console,
               BANNER19 FLASH_LINE(
                   "0x1 (POWERON_RESET)") "invalid header: 0xffffffff\r\n"
                                          "invalid header: 0xffffffff\r\n"),
        new->console);
    assert_non_null(strstr(new->console,
                           "invalid header: 0xffffffff\r\n" BANNER19 FLASH_LINE(
                               "0x10 (RTCWDT_RTC_RESET)")));
    rig_free(new);
}

static void refuses_a_wrong_checksum(void **state)
{
    struct rig *rig = rig_new(3, CHIP_STRAP_FLASH_BOOT);
    size_t n;

    (void)state;
    n = rig_image(rig->flash + 0x1000, false);
    rig->flash[0x1000 + 24 + 8] ^= 0x01;
    rig_burn(rig, 0, 6, 1u << 2);
    rig_on(rig);
    assert_non_null(strstr(rig->console, LOAD_LINES "csum err:0x"));
    assert_non_null(strstr(rig->console, "ets_main.c 384"));
    assert_null(strstr(rig->console, "entry"));
    // Every byte up to the checksum counts, one bit is enough.
    for (size_t at = 0x24; at < n; at += 7) {
        if (at >= 0x24 && at < 0x2C) {
            continue; // a segment's header: other failures
        }
        rig_image(rig->flash + 0x1000, false);
        rig->flash[0x1000 + at] ^= 0x80;
        rig_on(rig);
        if (at < 24 + 12 + 8 + 48 || at == n - 1) {
            assert_non_null(strstr(rig->console, "csum err"));
        }
    }
    rig_free(rig);
}

static void prints_nothing_when_told(void **state)
{
    struct rig *rig = rig_new(0, CHIP_STRAP_FLASH_BOOT & ~CHIP_STRAP_MTDO);

    (void)state;
    rig_image(rig->flash + 0x1000, false);
    rig_on(rig);
    console_is(rig, "");
    rig_run_ms(rig, 1);
    console_is(rig, "Hi\n");
    // STORE4 survives a software reset and silences the ROM too.
    chip_set_strap(rig->chip, CHIP_STRAP_FLASH_BOOT);
    rig_on(rig);
    assert_true(rig->console_n > 100);
    rig_put(rig, 0x3FF480B0, 1);
    rig_put(rig, 0x3FF48000, 1u << 31);
    rig->console_n = 0;
    rig_rom(rig);
    rig_run_ms(rig, 1);
    console_is(rig, "Hi\n");
    rig_free(rig);
}

// Key 00..1f in BLK2 and the digest of the flash's bootloader at 0.
static void enable_secure_boot(struct rig *rig, size_t image_len, bool hash)
{
    uint8_t key[32], fuse[32];
    uint32_t covered = fb_secure_boot_v1_covered((uint32_t)image_len, hash);

    for (unsigned i = 0; i < 32; i++) {
        key[i] = (uint8_t)i;
    }
    for (unsigned i = 0; i < 128; i++) {
        rig->flash[i] = (uint8_t)(3 * i);
    }
    fb_secure_boot_v1_digest(key, 32, rig->flash, rig->flash + 0x1000, covered,
                             rig->flash + 0x80);
    fb_bytes_reverse(fuse, key, 32);
    for (unsigned i = 0; i < 8; i++) {
        rig_burn(rig, 2, i, load32_le(fuse + 4 * i));
    }
    rig_burn(rig, 0, 6, 1u << 4); // ABS_DONE_0
}

static void checks_the_bootloader_digest(void **state)
{
    (void)state;
    for (uint32_t revision = 0; revision <= 3; revision += 3) {
        struct rig *rig = rig_new(revision, CHIP_STRAP_FLASH_BOOT);
        size_t n = rig_image(rig->flash + 0x1000, true);

        memset(rig->flash + 0x1000 + n, 0xA5, 32); // ignored by the ROM
        enable_secure_boot(rig, n + 32, true);
        rig_on(rig);
        assert_non_null(
            strstr(rig->console, LOAD_LINES "entry 0x40080010\r\n"));

        rig->flash[0x80 + 63] ^= 1; // the digest
        rig_on(rig);
        assert_null(strstr(rig->console, "entry"));
        if (revision == 0) {
            assert_non_null(strstr(rig->console,
                                   LOAD_LINES "secure boot check fail\r\n"
                                              "Falling back"));
        } else {
            assert_non_null(
                strstr(rig->console, LOAD_LINES "Secure boot check fail"));
            rig_run_ms(rig, 400);
            assert_non_null(strstr(
                rig->console, "Secure boot check fail\r\n" BANNER19 FLASH_LINE(
                                  "0x3 (SW_RESET)")));
        }
        rig->flash[0x80 + 63] ^= 1;
        rig->flash[0x1000 + n + 20] ^= 0x10; // behind the image, still covered
        rig_on(rig);
        assert_null(strstr(rig->console, "entry"));
        assert_string_equal(chip_why(rig->chip), "secure boot check failed");
        rig_free(rig);
    }
}

static void burn_flash_key(struct rig *rig)
{
    uint8_t fuse[32];

    for (unsigned i = 0; i < 32; i++) {
        fuse[i] = (uint8_t)(31 - i);
    }
    for (unsigned i = 0; i < 8; i++) {
        rig_burn(rig, 1, i, load32_le(fuse + 4 * i));
    }
    rig_burn(rig, 0, 5, 0xF0000000u);        // FLASH_CRYPT_CONFIG
    rig_burn(rig, 0, 0, 1u << 20);           // FLASH_CRYPT_CNT
    rig_burn(rig, 0, 0, 1u << 16 | 1u << 7); // key protected
}

static void boots_through_decryption(void **state)
{
    struct rig *rig = rig_new(3, CHIP_STRAP_FLASH_BOOT);
    struct fb_flash_encryption_key k;
    uint8_t key[32];

    (void)state;
    for (unsigned i = 0; i < 32; i++) {
        key[i] = (uint8_t)i;
    }
    rig_image(rig->flash + 0x1000, false);
    burn_flash_key(rig);
    rig_on(rig); // plaintext on an encrypting chip
    assert_null(strstr(rig->console, "entry"));
    assert_non_null(strstr(rig->console, "invalid header: 0x"));
    assert_null(strstr(rig->console, "invalid header: 0xffffffff"));

    fb_flash_encryption_key_init(&k, key, 32, 15);
    fb_flash_encrypt(&k, 0x1000, rig->flash + 0x1000, rig->flash + 0x1000,
                     4096);
    rig_on(rig);
    assert_non_null(strstr(rig->console, LOAD_LINES "entry 0x40080010\r\n"));

    rig->flash[0x1000 + 40] ^= 1; // one bit of ciphertext
    rig_on(rig);
    assert_null(strstr(rig->console, "entry"));

    rig->flash[0x1000 + 40] ^= 1;
    rig_burn(rig, 0, 0, 2u << 20); // two bits: off again
    rig_on(rig);
    assert_null(strstr(rig->console, "entry"));
    rig_free(rig);
}

static void names_the_boot_modes(void **state)
{
    (void)state;
    assert_string_equal(rom_boot_name(0x13), "SPI_FAST_FLASH_BOOT");
    assert_string_equal(rom_boot_name(0x3F), "SPI_FAST_FLASH_BOOT");
    assert_string_equal(rom_boot_name(0x03),
                        "DOWNLOAD_BOOT(UART0/UART1/SDIO_REI_REO_V2)");
    assert_string_equal(rom_boot_name(0x01),
                        "DOWNLOAD_BOOT(UART0/UART1/SDIO_FEI_REO_V2)");
    assert_string_equal(rom_boot_name(0x0B), "HSPI_FLASH_BOOT");
    assert_string_equal(rom_boot_name(0x0F), "UART_BOOT(UART0)");
    assert_true(rom_straps_download(0x03));
    assert_true(rom_straps_download(0x23));
    assert_true(rom_straps_download(0x0F));
    assert_false(rom_straps_download(0x0B));
    assert_false(rom_straps_download(0x13));
}

static void keeps_what_a_reset_keeps(void **state)
{
    struct rig *rig = rig_new(0, CHIP_STRAP_FLASH_BOOT);

    (void)state;
    rig_image(rig->flash + 0x1000, false);
    rig_on(rig);
    rig_put(rig, 0x3FF4804C, 0x11111111); // STORE0
    rig_put(rig, 0x50000000, 0x22222222); // RTC slow memory
    rig_put(rig, 0x3FFB0000, 0x33333333); // SRAM
    rig_put(rig, 0x3FF5A098, 0x44444444); // eFuse BLK1 WDATA
    chip_set_strap(rig->chip, CHIP_STRAP_DOWNLOAD);
    rig_put(rig, 0x3FF48000, 1u << 31); // SW_SYS_RST
    chip_run(rig->chip, 1);
    rig_rom(rig);
    assert_int_equal(rig_get(rig, 0x3FF48034) & 0xFFF, 0x0C3);
    assert_int_equal(rig_get(rig, 0x3FF4804C), 0x11111111);
    assert_int_equal(rig_get(rig, 0x50000000), 0x22222222);
    assert_int_equal(rig_get(rig, 0x3FFB0000), 0x33333333);
    assert_int_equal(rig_get(rig, 0x3FF5A098), 0);
    assert_int_equal(rig_get(rig, 0x3FF44038), 0x13); // straps stay latched
    // The RTC watchdog's last stage resets the RTC and reads the straps again.
    rig_put(rig, 0x3FF48090, 100);
    rig_put(rig, 0x3FF4808C, 1u << 31 | 4u << 28);
    rig_run_ms(rig, 20);
    assert_int_equal(rig_get(rig, 0x3FF48034) & 0x3F, 0x10);
    assert_int_equal(rig_get(rig, 0x3FF4804C), 0);
    assert_int_equal(rig_get(rig, 0x3FF44038), 0x03);
    assert_true(chip_in_download_mode(rig->chip));
    chip_power_on(rig->chip);
    assert_int_not_equal(rig_get(rig, 0x3FFB0000), 0x33333333);
    rig_free(rig);
}

// Run in pieces until the chip has waited n times.
static void run_waits(struct rig *rig, uint64_t budget, unsigned n)
{
    while (n > 0) {
        n -= chip_run(rig->chip, budget) == CHIP_IDLE;
    }
}

// The same inputs give the same run, however it is cut, and in a copy.
static void repeats_itself(void **state)
{
    static const uint64_t budgets[] = {1, 7, 1000};
    struct rig *first = rig_new(0, CHIP_STRAP_FLASH_BOOT);

    (void)state;
    rig_image(first->flash + 0x1000, false);
    chip_power_on(first->chip);
    run_waits(first, 1000000, 4);
    assert_true(chip_instructions(first->chip) > 30);
    for (size_t i = 0; i < sizeof budgets / sizeof budgets[0]; i++) {
        struct rig *rig = rig_new(0, CHIP_STRAP_FLASH_BOOT);

        rig_image(rig->flash + 0x1000, false);
        chip_power_on(rig->chip);
        run_waits(rig, budgets[i], 4);
        assert_string_equal(rig->console, first->console);
        assert_int_equal(chip_time_ns(rig->chip), chip_time_ns(first->chip));
        assert_int_equal(chip_instructions(rig->chip),
                         chip_instructions(first->chip));
        rig_free(rig);
    }
    struct rig *copy = rig_new(0, CHIP_STRAP_FLASH_BOOT);
    struct chip_callbacks cb = rig_callbacks(copy);

    memcpy(copy->flash, first->flash, RIG_FLASH);
    chip_copy(copy->chip, first->chip, copy->flash, &cb);
    first->console_n = 0;
    rig_run_ms(first, 3000);
    rig_run_ms(copy, 3000);
    assert_true(copy->console_n > 300);
    assert_string_equal(copy->console, first->console);
    assert_int_equal(chip_time_ns(copy->chip), chip_time_ns(first->chip));
    assert_int_equal(chip_instructions(copy->chip),
                     chip_instructions(first->chip));
    rig_free(copy);
    rig_free(first);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(boots_an_image),
        cmocka_unit_test(checks_secure_boot_v2),
        cmocka_unit_test(reports_a_blank_flash),
        cmocka_unit_test(refuses_a_wrong_checksum),
        cmocka_unit_test(prints_nothing_when_told),
        cmocka_unit_test(checks_the_bootloader_digest),
        cmocka_unit_test(boots_through_decryption),
        cmocka_unit_test(names_the_boot_modes),
        cmocka_unit_test(keeps_what_a_reset_keeps),
        cmocka_unit_test(repeats_itself),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
