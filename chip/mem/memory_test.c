// SPDX-License-Identifier: Apache-2.0

#define _DEFAULT_SOURCE // for testing.h

#include "chip/mem/memory.h"

#include "chip/testing.h"

static struct bus *bus_of(struct rig *rig)
{
    return &rig->chip->bus[0];
}

static enum bus_status load(struct rig *rig, uint32_t vaddr, unsigned size,
                            uint32_t *value)
{
    return bus_load(bus_of(rig), vaddr, size, value);
}

static struct rig *running(void)
{
    struct rig *rig = rig_new(0, CHIP_STRAP_FLASH_BOOT);

    chip_power_on(rig->chip);
    return rig;
}

static void knows_its_memories(void **state)
{
    struct rig *rig = running();
    uint32_t v;

    (void)state;
    rig_put(rig, 0x3FFAE000, 1);
    rig_put(rig, 0x3FFFFFFC, 2);
    rig_put(rig, 0x40070000, 3);
    rig_put(rig, 0x4009FFFC, 4);
    rig_put(rig, 0x50001FFC, 5);
    assert_int_equal(rig_get(rig, 0x3FFAE000), 1);
    assert_int_equal(rig_get(rig, 0x3FFFFFFC), 2);
    assert_int_equal(rig_get(rig, 0x40070000), 3);
    assert_int_equal(rig_get(rig, 0x4009FFFC), 4);
    assert_int_equal(rig_get(rig, 0x50001FFC), 5);
    // RTC fast memory by both buses.
    rig_put(rig, 0x3FF80010, 0xA1B2C3D4);
    assert_int_equal(rig_get(rig, 0x400C0010), 0xA1B2C3D4);
    // Bytes: data memory yes, instruction memory no.
    assert_int_equal(load(rig, 0x3FFAE000, 1, &v), BUS_OK);
    assert_int_equal(load(rig, 0x40070000, 1, &v), BUS_E_WIDTH);
    assert_int_equal(load(rig, 0x40080002, 2, &v), BUS_E_WIDTH);
    assert_int_equal(bus_store(bus_of(rig), 0x40080000, 1, 0), BUS_E_WIDTH);
    // The ROM: its magic word, and read-only.
    assert_int_equal(rig_get(rig, 0x40001000), 0x00F01D83);
    assert_int_equal(bus_store(bus_of(rig), 0x40001000, 4, 0), BUS_E_READONLY);
    // Nothing: an error, reported once.
    assert_int_equal(rig->unmodelled, 0);
    assert_int_equal(load(rig, 0x20000000, 4, &v), BUS_E_ABSENT);
    assert_int_equal(load(rig, 0x20000000, 4, &v), BUS_E_ABSENT);
    // The AHB takes it all the same.
    assert_int_equal(bus_store(bus_of(rig), 0x60040000, 4, 0), BUS_OK);
    assert_int_equal(rig->unmodelled, 2);
    rig_free(rig);
}

// TRM "System and Memory": 0x3FFE0000 is 0x400BFFFC.
static void reverses_sram1(void **state)
{
    struct rig *rig = running();
    const uint8_t bytes[6] = {1, 2, 3, 4, 5, 6};
    enum bus_status status;
    uint32_t v;

    (void)state;
    rig_put(rig, 0x3FFE0000, 0x11223344);
    assert_int_equal(rig_get(rig, 0x400BFFFC), 0x11223344);
    rig_put(rig, 0x400A0000, 0x55667788);
    assert_int_equal(rig_get(rig, 0x3FFFFFFC), 0x55667788);
    assert_int_equal(load(rig, 0x400A0000, 1, &v), BUS_E_WIDTH);
    assert_int_equal(
        bus_write(bus_of(rig), 0x400BE000, bytes, sizeof bytes, NULL), BUS_OK);
    assert_int_equal(rig_get(rig, 0x400BE000), 0x04030201);
    assert_int_equal(rig_get(rig, 0x3FFE1FFC), 0x04030201);

    // Fetched, it shows the same words; stores by either name reach it.
    const uint8_t *page = bus_exec_page(bus_of(rig), 0x400BE000, &status);
    assert_non_null(page);
    assert_int_equal(load32_le(page), 0x04030201);
    rig_put(rig, 0x3FFE1FFC, 0xCAFE0001);
    assert_int_equal(rig_get(rig, 0x400BE000), 0xCAFE0001);
    page = bus_exec_page(bus_of(rig), 0x400BE000, &status);
    assert_int_equal(load32_le(page), 0xCAFE0001);
    rig_put(rig, 0x400BE000, 0xCAFE0002);
    page = bus_exec_page(bus_of(rig), 0x400BE000, &status);
    assert_int_equal(load32_le(page), 0xCAFE0002);
    assert_int_equal(rig_get(rig, 0x3FFE1FFC), 0xCAFE0002);
    rig_free(rig);
}

static void runs_code_in_sram1(void **state)
{
    struct rig *rig = rig_new(0, CHIP_STRAP_DOWNLOAD);
    uint8_t code[64];
    size_t n = testing_hex(code, sizeof code, RIG_PROGRAM) & ~(size_t)3;

    (void)state;
    rig_on(rig);
    assert_int_equal(bus_write(bus_of(rig), 0x400B0000, code, n, NULL), BUS_OK);
    rig->console_n = 0;
    soc_start_code(rig->chip, 0x400B0010);
    rig_run_ms(rig, 1);
    assert_string_equal(rig->console, "Hi\n");
    // The letter 'H' changes through the data bus: movi a3, 72 -> 74.
    uint32_t word = rig_get(rig, 0x400B0014);
    assert_int_equal(word & 0xFFFF, 0x48A0); // "a0 48" of movi a3, 72
    rig_put(rig, 0x3FFE0000 + (0x400BFFFC - 0x400B0014), word + 0x200);
    rig->console_n = 0;
    soc_start_code(rig->chip, 0x400B0010);
    rig_run_ms(rig, 1);
    assert_string_equal(rig->console, "Ji\n");
    rig_free(rig);
}

static void map(struct rig *rig, unsigned entry, uint32_t page)
{
    rig_put(rig, 0x3FF10000 + 4 * entry, page);
}

static void cache_on(struct rig *rig)
{
    rig_put(rig, 0x3FF00044, 0);              // no bus masked
    rig_put(rig, 0x3FF00040, 1u << 3 | 0x10); // enable
}

static void maps_flash(void **state)
{
    struct rig *rig = running();
    uint32_t v;

    (void)state;
    store32_le(rig->flash + 0x12345 * 4, 0x600DF00D);
    for (unsigned i = 0; i < 256; i++) {
        map(rig, i, 0x100);
    }
    assert_int_equal(load(rig, 0x3F400000, 4, &v), BUS_E_ABSENT); // cache off
    cache_on(rig);
    assert_int_equal(load(rig, 0x3F400000, 4, &v), BUS_E_ABSENT); // not valid
    map(rig, 3, 4); // 0x12345 * 4 = 0x48D14
    assert_int_equal(rig_get(rig, 0x3F438D14), 0x600DF00D);
    assert_int_equal(load(rig, 0x3F438D15, 1, &v), BUS_OK);
    assert_int_equal(v, 0xF0);
    assert_int_equal(bus_store(bus_of(rig), 0x3F438D14, 4, 0), BUS_E_READONLY);
    // Code: entry 77 is 0x400D0000; words only.
    map(rig, 77, 4);
    assert_int_equal(rig_get(rig, 0x400D8D14), 0x600DF00D);
    assert_int_equal(load(rig, 0x400D8D14, 1, &v), BUS_E_WIDTH);
    // A remap, a mask and the cache going off are seen at once.
    map(rig, 3, 5);
    assert_int_equal(rig_get(rig, 0x3F438D14), 0xFFFFFFFF);
    rig_put(rig, 0x3FF00044, 1u << 4);
    assert_int_equal(load(rig, 0x3F438D14, 4, &v), BUS_E_ABSENT);
    assert_int_equal(rig_get(rig, 0x400D8D14), 0x600DF00D);
    rig_put(rig, 0x3FF00040, 0x10);
    assert_int_equal(load(rig, 0x400D8D14, 4, &v), BUS_E_ABSENT);
    // Flush: done at once; the cache's state machine rests.
    assert_int_equal(rig_get(rig, 0x3FF00040) & 0x30, 0x30);
    rig_put(rig, 0x3FF00040, 0);
    assert_int_equal(rig_get(rig, 0x3FF00040) & 0x30, 0);
    assert_int_equal(rig_get(rig, 0x3FF003F0) >> 7 & 0xFFF, 1);
    rig_free(rig);
}

// ESP-IDF docs' scheme; bytes made with espsecure encrypt_flash_data, key
// 00..1f, config 0xF, address 0x10000 (tests/vectors/flash_encryption).
static void decrypts(void **state)
{
    static const char cipher[] =
        "32a0276b08b363e5a31fbdde6b794dbea004187055af6ee935f61972fce3ec42";
    struct rig *rig = running();
    uint8_t want[32], got[32];

    (void)state;
    for (unsigned i = 0; i < 8; i++) {
        rig_burn(rig, 1, i, 0x1C1D1E1Fu - i * 0x04040404u);
    }
    rig_burn(rig, 0, 5, 0xF0000000u);
    testing_hex(rig->flash + 0x10000, 32, cipher);
    cache_on(rig);
    map(rig, 0, 1);
    assert_int_equal(rig_get(rig, 0x3F400000), 0x6B27A032); // still raw
    rig_burn(rig, 0, 0, 1u << 20);
    for (unsigned i = 0; i < 32; i++) {
        want[i] = (uint8_t)(0x40 + i);
    }
    assert_int_equal(bus_read(bus_of(rig), 0x3F400000, got, 32, NULL), BUS_OK);
    assert_memory_equal(got, want, 32);
    // Hidden and frozen keys work as before.
    rig_burn(rig, 0, 0, 1u << 16 | 1u << 7);
    assert_int_equal(rig_get(rig, 0x3FF5A038), 0);
    assert_int_equal(bus_read(bus_of(rig), 0x3F400000, got, 32, NULL), BUS_OK);
    assert_memory_equal(got, want, 32);
    rig_free(rig);
}

// More pages than there are slots for decrypted ones.
static void decrypts_all_of_it(void **state)
{
    struct rig *rig = running();
    struct fb_flash_encryption_key k;
    uint8_t key[32] = {0};
    uint8_t row[32];

    (void)state;
    rig_burn(rig, 0, 5, 0xF0000000u);
    rig_burn(rig, 0, 0, 1u << 20);
    fb_flash_encryption_key_init(&k, key, 32, 15);
    cache_on(rig);
    for (unsigned i = 0; i < 64; i++) {
        map(rig, i, i);
    }
    for (int round = 0; round < 2; round++) {
        for (uint32_t at = 0; at < RIG_FLASH; at += 4096) {
            fb_flash_decrypt(&k, at + 64, rig->flash + at + 64, row, 32);
            assert_int_equal(rig_get(rig, 0x3F400000 + at + 64),
                             load32_le(row));
        }
    }
    rig_free(rig);
}

static void download_mode_has_its_own_rules(void **state)
{
    struct rig *rig = rig_new(0, CHIP_STRAP_DOWNLOAD);
    uint32_t v;

    (void)state;
    rig_burn(rig, 0, 0, 1u << 20);
    rig_on(rig);
    cache_on(rig);
    map(rig, 0, 1);
    assert_int_equal(rig_get(rig, 0x3F400000), 0xFFFFFFFF); // raw
    rig_put(rig, 0x3FF000C8, 1u << 12);                     // DECRYPT_ENABLE
    assert_int_not_equal(rig_get(rig, 0x3F400000), 0xFFFFFFFF);
    rig_burn(rig, 0, 6, 1u << 8); // DISABLE_DL_DECRYPT
    assert_int_equal(rig_get(rig, 0x3F400000), 0xFFFFFFFF);
    rig_burn(rig, 0, 6, 1u << 9); // DISABLE_DL_CACHE
    assert_int_equal(load(rig, 0x3F400000, 4, &v), BUS_E_ABSENT);
    rig_free(rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(knows_its_memories),
        cmocka_unit_test(reverses_sram1),
        cmocka_unit_test(runs_code_in_sram1),
        cmocka_unit_test(maps_flash),
        cmocka_unit_test(decrypts),
        cmocka_unit_test(decrypts_all_of_it),
        cmocka_unit_test(download_mode_has_its_own_rules),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
