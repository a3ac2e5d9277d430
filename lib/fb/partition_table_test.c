// SPDX-License-Identifier: Apache-2.0
//
// Vectors: tests/vectors/partition, made by ESP-IDF's own generator.

#include "lib/fb/partition_table.h"

#include "lib/fb/bytes.h"
#include "lib/fb/testing.h"

#define FOLDER "tests/vectors/partition"
#define SIZE   FB_PARTITION_TABLE_SIZE

static uint8_t bin[SIZE];

static void expect_part(const struct fb_partition *part, const char *label,
                        unsigned type, unsigned subtype, uint32_t offset,
                        uint32_t size, uint32_t flags)
{
    assert_non_null(part);
    assert_string_equal(part->label, label);
    assert_int_equal(part->type, type);
    assert_int_equal(part->subtype, subtype);
    assert_int_equal(part->offset, offset);
    assert_int_equal(part->size, size);
    assert_int_equal(part->flags, flags);
}

static void reads_the_reference_table(void **state)
{
    (void)state;
    struct fb_partition_table table;
    assert_int_equal(testing_file(bin, SIZE, FOLDER, "classic.bin"), SIZE);
    assert_int_equal(
        fb_partition_table_parse(bin, SIZE, 0x400000, &table, NULL), FB_OK);
    assert_int_equal(table.count, 5);
    assert_false(table.has_md5); // that generator knows none
    expect_part(&table.part[0], "nvs", 1, 2, 0x9000, 0x7000, 0);
    expect_part(&table.part[1], "factory", 0, 0, 0x10000, 0x180000, 1);
    expect_part(&table.part[2], "otadata", 1, 0, 0x190000, 0x1000, 1);
    expect_part(&table.part[3], "ota_0", 0, 0x10, 0x1A0000, 0x180000, 1);
    expect_part(&table.part[4], "fs", 1, 0x81, 0x380000, 0x7F000, 0);
    assert_int_equal(fb_partition_table_verify(&table, NULL), FB_OK);
    assert_ptr_equal(fb_partition_app_slot(&table, 0), &table.part[1]);
    assert_ptr_equal(fb_partition_app_slot(&table, 1), &table.part[3]);
    assert_null(fb_partition_app_slot(&table, 2));
    assert_ptr_equal(fb_partition_find(&table, 1, FB_PARTITION_OTADATA),
                     &table.part[2]);
    assert_ptr_equal(fb_partition_find(&table, 1, FB_PARTITION_NVS),
                     &table.part[0]);
    assert_null(fb_partition_find(&table, 1, FB_PARTITION_PHY));
}

static void writes_the_reference_bytes(void **state)
{
    (void)state;
    static const char *const names[] = {"classic.bin", "auto.bin",
                                        "long_name.bin"};
    for (unsigned i = 0; i < 3; i++) {
        struct fb_partition_table table;
        uint8_t again[SIZE];
        assert_int_equal(testing_file(bin, SIZE, FOLDER, names[i]), SIZE);
        assert_int_equal(fb_partition_table_parse(bin, SIZE, 0, &table, NULL),
                         FB_OK);
        assert_int_equal(fb_partition_table_encode(&table, again), FB_OK);
        assert_memory_equal(again, bin, SIZE);
    }
    // 16 characters fill the field.
    struct fb_partition_table table;
    assert_int_equal(fb_partition_table_parse(bin, SIZE, 0, &table, NULL),
                     FB_OK);
    assert_string_equal(table.part[0].label, "this_name_is_lon");
}

// The table of the first Pycom releases, row by row.
static const char *const pycom_rows[] = {
    "aa50010200900000007000006e76730000000000000000000000000000000000",
    "aa5000000000010000001800666163746f727900000000000000000001000000",
    "aa50010000001900001000006f74616461746100000000000000000001000000",
    "aa50001000001a00000018006f74615f30000000000000000000000001000000",
    "aa500107000032000000010064756d6d79000000000000000000000000000000",
    "aa5001050000380000f007006673000000000000000000000000000001000000",
    "aa50010600f03f0000100000636f6e6669670000000000000000000000000000",
    "ebebffffffffffffffffffffffffffff788f4f9dcb760dc94f97f9ca358b5f83",
};

static void load_pycom(void)
{
    memset(bin, 0xFF, SIZE);
    for (unsigned i = 0; i < 8; i++) {
        testing_hex(bin + 32 * i, 32, pycom_rows[i]);
    }
}

static void pycom_table(void **state)
{
    (void)state;
    struct fb_partition_table table;
    uint8_t again[SIZE];
    load_pycom();
    assert_int_equal(
        fb_partition_table_parse(bin, SIZE, 0x400000, &table, NULL), FB_OK);
    assert_int_equal(table.count, 7);
    expect_part(&table.part[2], "otadata", 1, 0, 0x190000, 0x1000, 1);
    expect_part(fb_partition_app_slot(&table, 1), "ota_0", 0, 0x10, 0x1A0000,
                0x180000, 1);
    assert_int_equal(fb_partition_table_encode(&table, again), FB_OK);
    assert_memory_equal(again, bin, SIZE);
}

static void rows(void **state)
{
    (void)state;
    struct fb_partition part;
    uint8_t row[32];
    memset(row, 0xFF, 32);
    assert_int_equal(fb_partition_row(row, &part), 0);
    row[3] = 0;
    assert_int_equal(fb_partition_row(row, &part), FB_E_BAD_MAGIC);
    memset(row, 0, 32);
    assert_int_equal(fb_partition_row(row, &part), FB_E_BAD_MAGIC);
    testing_hex(row, 32, pycom_rows[7]);
    assert_int_equal(fb_partition_row(row, &part), 2);
    testing_hex(row, 32, pycom_rows[1]);
    assert_int_equal(fb_partition_row(row, &part), 1);
    expect_part(&part, "factory", 0, 0, 0x10000, 0x180000, 1);
    memset(row + 12, 'x', 16);
    assert_int_equal(fb_partition_row(row, &part), 1);
    assert_string_equal(part.label, "xxxxxxxxxxxxxxxx");
}

static void expect_fault(uint32_t flash_size, enum fb_status status,
                         uint32_t offset, uint32_t got)
{
    struct fb_partition_table table;
    struct fb_fault fault = {FB_OK, 0, 0, 0};
    assert_int_equal(
        fb_partition_table_parse(bin, SIZE, flash_size, &table, &fault),
        status);
    assert_int_equal(fault.status, status);
    assert_int_equal(fault.offset, offset);
    assert_int_equal(fault.got, got);
}

static void refuses(void **state)
{
    (void)state;
    load_pycom();
    expect_fault(0x3FFFFF, FB_E_RANGE, 0xC0, 0x3FF000);
    expect_fault(0x100000, FB_E_RANGE, 0x20, 0x10000);

    // More than 32 bits together.
    store32_le(bin + 0xC0 + 8, 0xFFFFFFFF);
    expect_fault(0, FB_E_RANGE, 0xC0, 0x3FF000);
    expect_fault(0x400000, FB_E_RANGE, 0xC0, 0x3FF000);

    load_pycom();
    bin[0x40] = 0xAB;
    expect_fault(0, FB_E_BAD_MAGIC, 0x40, 0x50AB);

    load_pycom();
    bin[0x2C] ^= 0x20; // a letter of a name
    expect_fault(0, FB_E_BAD_HASH, 0xE0, 0x788F4F9D);

    load_pycom();
    memcpy(bin + 0x100, bin + 0xE0, 32);
    expect_fault(0, FB_E_DUPLICATE, 0x100, 0xEBEB);

    // 95 rows and no end, 96 rows.
    load_pycom();
    for (unsigned i = 0; i < 95; i++) {
        memcpy(bin + 32 * i, bin, 32);
    }
    memset(bin + 32 * 95, 0xFF, 32);
    struct fb_partition_table table;
    assert_int_equal(fb_partition_table_parse(bin, SIZE, 0, &table, NULL),
                     FB_OK);
    assert_int_equal(table.count, 95);
    memcpy(bin + 32 * 95, bin, 32);
    expect_fault(0, FB_E_NO_END, 32 * 95, 95);

    memset(bin, 0xFF, SIZE);
    assert_int_equal(fb_partition_table_parse(bin, SIZE, 0, &table, NULL),
                     FB_OK);
    assert_int_equal(table.count, 0);
    assert_false(table.has_md5);
}

static void cut_at_every_length(void **state)
{
    (void)state;
    load_pycom();
    for (size_t n = 0; n < 10 * 32; n++) {
        uint8_t *p = testing_guarded(bin, n);
        struct fb_partition_table table;
        assert_int_equal(fb_partition_table_parse(p, n, 0, &table, NULL),
                         n < 9 * 32 ? FB_E_NO_END : FB_OK);
        testing_guarded_free(p, n);
    }
}

static struct fb_partition_table table_of(uint32_t count)
{
    struct fb_partition_table table = {.count = count};
    for (uint32_t i = 0; i < count; i++) {
        table.part[i] = (struct fb_partition){
            .type = 1, .offset = 0x9000 + 0x1000 * i, .size = 0x1000};
        table.part[i].label[0] = (char)('0' + i / 10);
        table.part[i].label[1] = (char)('0' + i % 10);
    }
    return table;
}

static void encodes_up_to_the_last_row(void **state)
{
    (void)state;
    struct fb_partition_table table = table_of(95), again;
    memset(bin, 0x55, SIZE);
    table.has_md5 = true;
    assert_int_equal(fb_partition_table_encode(&table, bin), FB_E_NO_SPACE);
    assert_true(fb_bytes_all(bin, SIZE, 0x55));
    table.count = 94;
    assert_int_equal(fb_partition_table_encode(&table, bin), FB_OK);
    assert_int_equal(fb_partition_table_parse(bin, SIZE, 0, &again, NULL),
                     FB_OK);
    assert_int_equal(again.count, 94);
    table.has_md5 = false;
    table.count = 95;
    assert_int_equal(fb_partition_table_encode(&table, bin), FB_OK);
    assert_int_equal(fb_partition_table_parse(bin, SIZE, 0, &again, NULL),
                     FB_OK);
    assert_int_equal(again.count, 95);
    table.count = 96;
    assert_int_equal(fb_partition_table_encode(&table, bin), FB_E_NO_SPACE);
}

static void verify(void **state)
{
    (void)state;
    struct fb_fault fault;
    struct fb_partition_table table = table_of(5);
    assert_int_equal(fb_partition_table_verify(&table, &fault), FB_OK);

    table.part[3].type = FB_PARTITION_APP;
    assert_int_equal(fb_partition_table_verify(&table, &fault), FB_E_ALIGN);
    assert_int_equal(fault.offset, 3);
    assert_int_equal(fault.got, 0xC000);
    table = table_of(1);
    table.part[0].type = FB_PARTITION_APP;
    assert_int_equal(fb_partition_table_verify(&table, &fault), FB_E_ALIGN);

    table = table_of(5);
    table.part[1].size = 0x3001; // one byte into part[4]
    table.part[2].offset = table.part[3].offset = 0x100000;
    table.part[3].offset = 0x200000;
    assert_int_equal(fb_partition_table_verify(&table, &fault), FB_E_OVERLAP);
    assert_int_equal(fault.offset, 4);
    assert_int_equal(fault.got, 0xD000);
    assert_int_equal(fault.want, 1);
    table.part[1].size = 0x3000;
    assert_int_equal(fb_partition_table_verify(&table, &fault), FB_OK);

    // Order does not matter.
    table = table_of(2);
    table.part[0].offset = 0xB000; // right behind
    assert_int_equal(fb_partition_table_verify(&table, &fault), FB_OK);
    table.part[0].offset = 0xAFFF;
    assert_int_equal(fb_partition_table_verify(&table, &fault), FB_E_OVERLAP);

    table = table_of(5);
    memcpy(table.part[4].label, "00", 3);
    assert_int_equal(fb_partition_table_verify(&table, &fault), FB_E_DUPLICATE);
    assert_int_equal(fault.offset, 4);
    assert_int_equal(fault.want, 0);

    table = table_of(2);
    table.part[1].offset = 0xFFFFF000;
    assert_int_equal(fb_partition_table_verify(&table, &fault), FB_OK);
    table.part[1].size = 0x1001;
    assert_int_equal(fb_partition_table_verify(&table, &fault), FB_E_RANGE);
}

static void app_slots(void **state)
{
    (void)state;
    struct fb_partition_table table = table_of(5);
    static const uint8_t subtypes[] = {0x20, 0x1F, 0x12, 0x10, 0x00};
    for (unsigned i = 0; i < 5; i++) {
        table.part[i].type = FB_PARTITION_APP;
        table.part[i].subtype = subtypes[i];
    }
    assert_ptr_equal(fb_partition_app_slot(&table, 0), &table.part[4]);
    assert_ptr_equal(fb_partition_app_slot(&table, 1), &table.part[3]);
    assert_ptr_equal(fb_partition_app_slot(&table, 2), &table.part[2]);
    assert_ptr_equal(fb_partition_app_slot(&table, 3), &table.part[1]);
    assert_null(fb_partition_app_slot(&table, 4));
    assert_null(fb_partition_app_slot(&table, UINT32_MAX));
    table.count = 4; // no factory
    assert_ptr_equal(fb_partition_app_slot(&table, 0), &table.part[3]);
    table.count = 0;
    assert_null(fb_partition_app_slot(&table, 0));
}

static void filesystem(void **state)
{
    (void)state;
    struct fb_partition_table table = table_of(3);
    struct fb_partition part = {.size = 1};
    for (unsigned i = 0; i < 3; i++) {
        table.part[i].type = FB_PARTITION_DATA;
        table.part[i].subtype = 0x40;
    }
    assert_false(fb_partition_filesystem(&table, 0x400000, &part));
    assert_int_equal(part.size, 1); // untouched
    // Pycom's 8 MB layout names none.
    assert_true(fb_partition_filesystem(&table, 0x800000, &part));
    expect_part(&part, "fs", 1, FB_PARTITION_LITTLEFS, 0x400000, 0x400000, 1);
    table.part[1].offset = 0x3FF000;
    table.part[1].size = 0x1001;
    assert_false(fb_partition_filesystem(&table, 0x800000, &part));
    // A subtype, and before that the name.
    table.part[2].subtype = FB_PARTITION_FAT;
    assert_true(fb_partition_filesystem(&table, 0x800000, &part));
    assert_memory_equal(&part, &table.part[2], sizeof part);
    strcpy(table.part[1].label, "fs");
    table.part[1].subtype = 5;
    assert_true(fb_partition_filesystem(&table, 0x400000, &part));
    assert_memory_equal(&part, &table.part[1], sizeof part);
    table.part[1].type = FB_PARTITION_APP;
    assert_true(fb_partition_filesystem(&table, 0x400000, &part));
    assert_memory_equal(&part, &table.part[2], sizeof part);
}

static void garbage_stays_inside(void **state)
{
    (void)state;
    uint64_t seed = 9;
    for (unsigned round = 0; round < 3000; round++) {
        load_pycom();
        for (unsigned i = testing_random32(&seed) % 10; i-- > 0;) {
            bin[testing_random32(&seed) % 0x140] =
                (uint8_t)testing_random32(&seed);
        }
        size_t n = testing_random32(&seed) % (SIZE + 1);
        uint8_t *p = malloc(n + 1);
        memcpy(p, bin, n);
        struct fb_partition_table table;
        if (fb_partition_table_parse(p, n, 0x400000, &table, NULL) == FB_OK) {
            (void)fb_partition_table_verify(&table, NULL);
            (void)fb_partition_app_slot(&table, 3);
        }
        free(p);
    }
}

static void test_what_is_encrypted(void **state)
{
    static const struct {
        uint8_t type, subtype;
        uint32_t flags;
        bool want;
    } rows[] = {
        {FB_PARTITION_APP, FB_PARTITION_FACTORY, 0, true},
        {FB_PARTITION_APP, FB_PARTITION_OTA_0, 0, true},
        {FB_PARTITION_DATA, FB_PARTITION_OTADATA, 0, true},
        {FB_PARTITION_DATA, FB_PARTITION_NVS_KEYS, 0, true},
        {FB_PARTITION_DATA, 0x02, 0, false}, // nvs
        {FB_PARTITION_DATA, 0x02, FB_PARTITION_ENCRYPTED, true},
        {FB_PARTITION_DATA, 0x02, ~FB_PARTITION_ENCRYPTED, false},
        {0x40, FB_PARTITION_OTADATA, 0, false},
        {0x40, FB_PARTITION_OTADATA, FB_PARTITION_ENCRYPTED, true},
    };

    (void)state;
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct fb_partition part = {.type = rows[i].type,
                                    .subtype = rows[i].subtype,
                                    .flags = rows[i].flags};

        assert_int_equal(fb_partition_encrypted(&part), rows[i].want);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_encrypted),
        cmocka_unit_test(reads_the_reference_table),
        cmocka_unit_test(writes_the_reference_bytes),
        cmocka_unit_test(pycom_table),
        cmocka_unit_test(rows),
        cmocka_unit_test(refuses),
        cmocka_unit_test(cut_at_every_length),
        cmocka_unit_test(encodes_up_to_the_last_row),
        cmocka_unit_test(verify),
        cmocka_unit_test(app_slots),
        cmocka_unit_test(filesystem),
        cmocka_unit_test(garbage_stays_inside),
    };
    return cmocka_run_group_tests_name("partition_table", tests, NULL, NULL);
}
