// SPDX-License-Identifier: Apache-2.0
//
// Vectors: tests/vectors/partition; MD5 rows of the Pycom layouts as the
// original generator writes them.

#include "lib/fb/partition_csv.h"

#include "lib/fb/crypto.h"
#include "lib/fb/testing.h"

#define FOLDER  "tests/vectors/partition"
#define LAYOUTS "firmware/boards/layouts"

static uint8_t file[8192], bin[FB_PARTITION_TABLE_SIZE];

static const char *test_getenv(void *ctx, const char *name)
{
    assert_string_equal(ctx, "context");
    return strcmp(name, "APP_SIZE") == 0 ? "64K"
           : strcmp(name, "ROW") == 0    ? "a,app,factory,,64K"
           : strcmp(name, "HASH") == 0   ? "# nothing"
           : strcmp(name, "EMPTY") == 0  ? ""
                                         : NULL;
}

static char context[] = "context";

static struct fb_partition_csv_options classic(void)
{
    return (struct fb_partition_csv_options){
        .table_off = FB_PARTITION_TABLE_OFF,
        .data_align = 4,
        .getenv = test_getenv,
        .ctx = context,
    };
}

static enum fb_status parse(const char *text,
                            const struct fb_partition_csv_options *options,
                            struct fb_partition_table *table,
                            struct fb_fault *fault)
{
    // Nothing ends the text but its length.
    size_t n = strlen(text);
    uint8_t *p = testing_guarded((const uint8_t *)text, n);
    enum fb_status s =
        fb_partition_csv_parse((const char *)p, n, options, table, fault);
    testing_guarded_free(p, n);
    return s;
}

static void reference_tables(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        uint32_t table_off;
    } cases[] = {{"classic", 0x8000}, {"auto", 0x4000}, {"long_name", 0x8000}};
    for (unsigned i = 0; i < 3; i++) {
        char name[32];
        struct fb_partition_table table;
        struct fb_partition_csv_options options = classic();
        options.table_off = cases[i].table_off;

        snprintf(name, sizeof(name), "%s.csv", cases[i].name);
        size_t n = testing_file(file, sizeof(file), FOLDER, name);
        assert_int_equal(
            fb_partition_csv_parse((char *)file, n, &options, &table, NULL),
            FB_OK);
        assert_true(table.has_md5);
        table.has_md5 = false; // that generator knows none
        assert_int_equal(fb_partition_table_encode(&table, bin), FB_OK);
        snprintf(name, sizeof(name), "%s.bin", cases[i].name);
        assert_int_equal(testing_file(file, sizeof(file), FOLDER, name),
                         sizeof(bin));
        assert_memory_equal(bin, file, sizeof(bin));

        char text[FB_PARTITION_CSV_MAX];
        snprintf(name, sizeof(name), "%s.back.csv", cases[i].name);
        n = testing_file(file, sizeof(file), FOLDER, name);
        assert_int_equal(
            fb_partition_csv_print(&table, NULL, text, sizeof(text)), n);
        assert_memory_equal(text, file, n);
        assert_int_equal(text[n], '\0');
        for (size_t cap = 0; cap <= n + 1; cap++) {
            uint8_t *p = testing_guarded(NULL, cap);
            assert_int_equal(
                fb_partition_csv_print(&table, NULL, (char *)p, cap),
                cap > n ? n : 0);
            testing_guarded_free(p, cap);
        }
    }
}

static void pycom_layouts(void **state)
{
    (void)state;
    static const struct {
        const char *name, *md5, *sha256_start, *sha256_end;
        uint32_t flash_size, count, ota_0;
    } cases[] = {
        {"classic_4MB.csv", "788f4f9dcb760dc94f97f9ca358b5f83", "cf65fc90",
         "2d34", 0x400000, 7, 0x1A0000},
        {"4MB.csv", "229b9d0d41b6cfeaba95cfe3bea38f14", "ac63c58e", "6666",
         0x400000, 7, 0x1C0000},
        {"8MB.csv", "c0fff3d54a0b1392fc1f0d4232e3093f", "fb5974d8", "f65c",
         0x800000, 5, 0x210000},
    };
    for (unsigned i = 0; i < 3; i++) {
        struct fb_partition_table table;
        struct fb_partition_csv_options options = classic();
        uint8_t want[16], hash[32];
        struct fb_sha256 c;
        options.flash_size = cases[i].flash_size;
        size_t n = testing_file(file, sizeof(file), LAYOUTS, cases[i].name);
        assert_int_equal(
            fb_partition_csv_parse((char *)file, n, &options, &table, NULL),
            FB_OK);
        assert_int_equal(table.count, cases[i].count);
        assert_int_equal(fb_partition_table_verify(&table, NULL), FB_OK);
        // The updater takes the third row for boot_info.
        assert_string_equal(table.part[2].label, "otadata");
        assert_int_equal(fb_partition_app_slot(&table, 0)->offset, 0x10000);
        assert_int_equal(fb_partition_app_slot(&table, 1)->offset,
                         cases[i].ota_0);

        assert_int_equal(fb_partition_table_encode(&table, bin), FB_OK);
        testing_hex(want, 16, cases[i].md5);
        assert_memory_equal(bin + 32 * table.count + 16, want, 16);
        fb_sha256_init(&c);
        fb_sha256_update(&c, bin, sizeof(bin));
        fb_sha256_final(&c, hash);
        testing_hex(want, 16, cases[i].sha256_start);
        assert_memory_equal(hash, want, 4);
        testing_hex(want, 16, cases[i].sha256_end);
        assert_memory_equal(hash + 30, want, 2);

        // And there and back again.
        char text[FB_PARTITION_CSV_MAX];
        struct fb_partition_table again;
        uint8_t bin_again[FB_PARTITION_TABLE_SIZE];
        assert_true(fb_partition_csv_print(&table, NULL, text, sizeof(text)) !=
                    0);
        assert_int_equal(parse(text, &options, &again, NULL), FB_OK);
        assert_int_equal(fb_partition_table_encode(&again, bin_again), FB_OK);
        assert_memory_equal(bin_again, bin, sizeof(bin));
    }
}

static void expect_one(const char *text, unsigned type, unsigned subtype,
                       uint32_t offset, uint32_t size, uint32_t flags)
{
    struct fb_partition_table table;
    struct fb_partition_csv_options options = classic();
    assert_int_equal(parse(text, &options, &table, NULL), FB_OK);
    assert_true(table.count >= 1);
    const struct fb_partition *part = &table.part[table.count - 1];
    assert_int_equal(part->type, type);
    assert_int_equal(part->subtype, subtype);
    assert_int_equal(part->offset, offset);
    assert_int_equal(part->size, size);
    assert_int_equal(part->flags, flags);
}

static void fields(void **state)
{
    (void)state;
    expect_one("a,data,nvs,0x9000,0x6000", 1, 2, 0x9000, 0x6000, 0);
    expect_one("  a , DATA , NvS , 0X9000 , 24K , encrypted  ", 1, 2, 0x9000,
               0x6000, 1);
    expect_one("a,app,factory,64k,1m,", 0, 0, 0x10000, 0x100000, 0);
    expect_one("a,0x40,7,,65536,,more,and,more", 0x40, 7, 0x9000, 0x10000, 0);
    expect_one("a,data,,0x9000,1", 1, 0, 0x9000, 1, 0);
    expect_one("a,app,ota_15,1M,1 M", 0, 0x1F, 0x100000, 0x100000, 0);
    expect_one("a,data,littlefs,36_864,0b1000000000000", 1, 0x83, 0x9000,
               0x1000, 0);
    expect_one("a,data,0o17,,+4096,encrypted:readonly", 1, 15, 0x9000, 0x1000,
               3);
    expect_one("\ta\v,\fdata,nvs,3_6864,0x1_000", 1, 2, 0x9000, 0x1000, 0);
    expect_one("a,254,255,0x9000,0x1000,readonly::", 254, 255, 0x9000, 0x1000,
               2);
}

static void places(void **state)
{
    (void)state;
    // An app goes to the next 64 KiB, data right behind.
    expect_one("a,data,nvs,,0x1001\nb,app,factory,,64K", 0, 0, 0x10000, 0x10000,
               0);
    expect_one("a,data,nvs,,0x1001\nb,data,nvs,,64K", 1, 2, 0xA004, 0x10000, 0);
    // A negative size says where it ends.
    expect_one("a,data,nvs,0xA000,-0x10000", 1, 2, 0xA000, 0x6000, 0);
    expect_one("a,app,factory,,-1M\nb,data,nvs,,4K", 1, 2, 0x100000, 0x1000, 0);
    expect_one("a,data,nvs,0xFFFFF000,0xFFF", 1, 2, 0xFFFFF000, 0xFFF, 0);

    struct fb_partition_table table;
    struct fb_partition_csv_options options = classic();
    options.data_align = 0x1000;
    assert_int_equal(parse("a,1,2,,1\nb,1,2,,1", &options, &table, NULL),
                     FB_OK);
    assert_int_equal(table.part[1].offset, 0xA000);
    options.table_off = 0x10000;
    assert_int_equal(parse("a,1,2,,1", &options, &table, NULL), FB_OK);
    assert_int_equal(table.part[0].offset, 0x11000);
}

static void lines(void **state)
{
    (void)state;
    struct fb_partition_table table;
    struct fb_partition_csv_options options = classic();
    assert_int_equal(parse("", &options, &table, NULL), FB_OK);
    assert_int_equal(table.count, 0);
    assert_int_equal(parse("\n# $UNKNOWN\r\n  #\n\n", &options, &table, NULL),
                     FB_OK);
    assert_int_equal(table.count, 0);
    assert_int_equal(
        parse("a,1,2,,4\rb,1,2,,4\r\n\r\nc,1,2,,4", &options, &table, NULL),
        FB_OK);
    assert_int_equal(table.count, 3);
    // Too few commas are fine.
    struct fb_fault fault;
    assert_int_equal(
        parse("a,1,2,,4\rb,1,2,,4\r\n\r\nc", &options, &table, &fault),
        FB_E_SYNTAX);
    assert_int_equal(fault.offset, 4);
    assert_int_equal(fault.got, 2);
}

static void variables(void **state)
{
    (void)state;
    expect_one("a,app,factory,,$APP_SIZE", 0, 0, 0x10000, 0x10000, 0);
    expect_one("a,app,factory,,${APP_SIZE},encrypted", 0, 0, 0x10000, 0x10000,
               1);
    expect_one("$ROW,encrypted\n$HASH\n$EMPTY", 0, 0, 0x10000, 0x10000, 1);
    struct fb_partition_table table;
    struct fb_partition_csv_options options = classic();
    assert_int_equal(parse("$,1,2,,4\n${,1,2,,4", &options, &table, NULL),
                     FB_OK);
    assert_string_equal(table.part[0].label, "$");
    assert_string_equal(table.part[1].label, "${");
}

static void expect_fault(const char *text, enum fb_status status, uint32_t line,
                         uint32_t got, uint32_t want)
{
    struct fb_partition_table table;
    struct fb_partition_csv_options options = classic();
    struct fb_fault fault = {FB_OK, 0, 0, 0};
    options.flash_size = 0x400000;
    assert_int_equal(parse(text, &options, &table, &fault), status);
    assert_int_equal(fault.status, status);
    assert_int_equal(fault.offset, line);
    assert_int_equal(fault.got, got);
    assert_int_equal(fault.want, want);
}

static void refuses(void **state)
{
    (void)state;
    expect_fault("a,,2,,4", FB_E_SYNTAX, 1, 2, 0);
    expect_fault("a,1,2,,", FB_E_SYNTAX, 1, 5, 0);
    expect_fault("\n\na,1,2,,4x", FB_E_SYNTAX, 3, 5, 0);
    expect_fault("a,1,2,0x,4", FB_E_SYNTAX, 1, 4, 0);
    expect_fault("a,1,2,010,4", FB_E_SYNTAX, 1, 4, 0);
    expect_fault("a,1,2,1__0,4", FB_E_SYNTAX, 1, 4, 0);
    expect_fault("a,1,2,_1,4", FB_E_SYNTAX, 1, 4, 0);
    expect_fault("a,1,2,1_,4", FB_E_SYNTAX, 1, 4, 0);
    expect_fault("a,1,2,0b12,4", FB_E_SYNTAX, 1, 4, 0);
    expect_fault("a,1,2,0o8,4", FB_E_SYNTAX, 1, 4, 0);
    expect_fault("a,1,2,9A,4", FB_E_SYNTAX, 1, 4, 0);
    expect_fault("a,1,2,0xG,4", FB_E_SYNTAX, 1, 4, 0);
    expect_fault("a,1,2,-,4", FB_E_SYNTAX, 1, 4, 0);
    expect_fault("a,1,2,,K", FB_E_SYNTAX, 1, 5, 0);
    expect_fault("a,1,2,,4KK", FB_E_SYNTAX, 1, 5, 0);

    expect_fault("a,apps,2,,4", FB_E_UNKNOWN, 1, 2, 0);
    expect_fault("a,ap,2,,4", FB_E_UNKNOWN, 1, 2, 0);
    expect_fault("a,app,nvs,,64K", FB_E_UNKNOWN, 1, 3, 0);
    expect_fault("a,64,nvs,,4", FB_E_UNKNOWN, 1, 3, 0);
    expect_fault("a,app,ota_16,,64K", FB_E_UNKNOWN, 1, 3, 0);
    expect_fault("a,1,2,,4,encrypted:secret", FB_E_UNKNOWN, 1, 6, 0);
    expect_fault("a,1,2,,4\nb,1,2,,$NONE", FB_E_UNKNOWN, 2, 0, 0);

    expect_fault("a,256,2,,4", FB_E_RANGE, 1, 2, 0);
    expect_fault("a,-1,2,,4", FB_E_RANGE, 1, 2, 0);
    expect_fault("a,1,0x100,,4", FB_E_RANGE, 1, 3, 0);
    expect_fault("a,1,2,0x100000000,4", FB_E_RANGE, 1, 4, 0);
    expect_fault("a,1,2,99999999999999999999999999999999M,4", FB_E_RANGE, 1, 4,
                 0);
    expect_fault("a,1,2,-4,4", FB_E_RANGE, 1, 4, 0);
    expect_fault("a,1,2,,0x100000000", FB_E_RANGE, 1, 5, 0);
    expect_fault("a,1,2,,99999999999999999999999999999999M", FB_E_RANGE, 1, 5,
                 0);
    expect_fault("a,1,2,,-99999999999999999999999999999999M", FB_E_RANGE, 1, 5,
                 0);
    expect_fault("a,1,2,0xA000,-0x9FFF", FB_E_RANGE, 1, 5, 0);
    expect_fault("a,1,2,0x3FF000,0x1001", FB_E_RANGE, 1, 0x400001, 0x400000);

    expect_fault("a,1,2,0x8FFC,4", FB_E_OVERLAP, 1, 0x8FFC, 0x9000);
    expect_fault("a,1,2,0x9000,5\n\nb,1,2,0x9004,4", FB_E_OVERLAP, 3, 0x9004,
                 0x9005);
    expect_fault("a,1,2,0x9002,4", FB_E_ALIGN, 1, 0x9002, 4);
    expect_fault("a,1,2,,4\na,1,4,,4", FB_E_DUPLICATE, 2, 0, 1);
    // 16 characters count.
    expect_fault("0123456789abcdefg,1,2,,4\n#\n0123456789abcdefh,1,4,,4",
                 FB_E_DUPLICATE, 3, 0, 1);
}

static void refuses_what_the_reference_refuses(void **state)
{
    (void)state;
    file[testing_file(file, sizeof(file), FOLDER, "bad_align.csv")] = '\0';
    expect_fault((char *)file, FB_E_ALIGN, 1, 0x10010, 0x10000);
    file[testing_file(file, sizeof(file), FOLDER, "bad_overlap.csv")] = '\0';
    expect_fault((char *)file, FB_E_OVERLAP, 2, 0x18000, 0x110000);
}

static void secure_apps_are_whole_pages(void **state)
{
    (void)state;
    struct fb_partition_table table;
    struct fb_partition_csv_options options = classic();
    struct fb_fault fault;
    const char *text = "a,data,nvs,,5\nb,app,factory,,0x11000";
    assert_int_equal(parse(text, &options, &table, &fault), FB_OK);
    options.secure = true;
    assert_int_equal(parse(text, &options, &table, &fault), FB_E_ALIGN);
    assert_int_equal(fault.offset, 2);
    assert_int_equal(fault.got, 0x11000);
    assert_int_equal(fault.want, 0x10000);
    assert_int_equal(parse("b,app,factory,,0x20000", &options, &table, &fault),
                     FB_OK);
    options.getenv = NULL;
    assert_int_equal(parse("$ROW", &options, &table, &fault), FB_E_UNKNOWN);
}

static void long_lines_and_tables(void **state)
{
    (void)state;
    struct fb_partition_table table;
    struct fb_partition_csv_options options = classic();
    struct fb_fault fault;
    char text[4096];
    for (size_t n = FB_PARTITION_LINE - 12; n < FB_PARTITION_LINE + 8; n++) {
        memset(text, 'x', n);
        memcpy(text + n, ",1,2,,4", 8);
        assert_int_equal(parse(text, &options, &table, &fault),
                         n + 7 <= FB_PARTITION_LINE ? FB_OK : FB_E_SIZE);
        memcpy(text + n - 5, "$APP_SIZE,1,2,,4", 17); // it becomes shorter
        assert_int_equal(parse(text, &options, &table, &fault),
                         n - 5 + 3 + 7 <= FB_PARTITION_LINE ? FB_OK
                                                            : FB_E_SIZE);
    }
    text[0] = '$';
    memset(text + 1, 'x', 2000);
    text[2001] = '\0';
    assert_int_equal(parse(text, &options, &table, &fault), FB_E_SIZE);

    size_t len = 0;
    for (unsigned i = 0; i < 96; i++) {
        len += (size_t)snprintf(text + len, sizeof(text) - len,
                                "p%u,data,nvs,,4K\n", i);
    }
    assert_int_equal(parse(text, &options, &table, &fault), FB_E_NO_SPACE);
    assert_int_equal(fault.offset, 96);
    *strstr(text, "p95") = '\0';
    assert_int_equal(parse(text, &options, &table, &fault), FB_OK);
    assert_int_equal(table.count, 95);
    char back[FB_PARTITION_CSV_MAX];
    for (unsigned i = 0; i < 95; i++) { // as long as rows can be
        memset(table.part[i].label, 'x', 16);
        table.part[i].type = table.part[i].subtype = 255;
        table.part[i].offset = table.part[i].size = 0xFFFFFFFF;
        table.part[i].flags = 0xFFFFFFFF;
    }
    assert_true(fb_partition_csv_print(&table, NULL, back, sizeof(back)) != 0);
}

static void garbage_stays_inside(void **state)
{
    (void)state;
    uint64_t seed = 31;
    static const char *const pieces[] = {
        "a",  ",",       "app",    "data", "\n", "0x9000", "64K", "$ROW",
        "-",  "factory", "${",     "}",    "#",  "1M",     "nvs", "\r",
        "\t", "0x",      "$EMPTY", ":",    "0",  "ota_0",  "_",   "encrypted",
    };
    struct fb_partition_csv_options options = classic();
    for (unsigned round = 0; round < 20000; round++) {
        char text[200];
        size_t n = 0;
        while (n < 100) {
            uint32_t r = testing_random32(&seed);
            const char *piece = r % 3 ? "," : pieces[r / 3 % 24];
            memcpy(text + n, piece, strlen(piece));
            n += strlen(piece);
            if (r % 31 == 0) {
                text[n++] = (char)(r >> 20);
            }
        }
        char *p = malloc(n);
        memcpy(p, text, n);
        struct fb_partition_table table;
        struct fb_fault fault;
        enum fb_status s =
            fb_partition_csv_parse(p, n, &options, &table, &fault);
        if (s == FB_OK) {
            assert_int_equal(fb_partition_table_verify(&table, NULL), FB_OK);
        }
        free(p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reference_tables),
        cmocka_unit_test(pycom_layouts),
        cmocka_unit_test(fields),
        cmocka_unit_test(places),
        cmocka_unit_test(lines),
        cmocka_unit_test(variables),
        cmocka_unit_test(refuses),
        cmocka_unit_test(refuses_what_the_reference_refuses),
        cmocka_unit_test(secure_apps_are_whole_pages),
        cmocka_unit_test(long_lines_and_tables),
        cmocka_unit_test(garbage_stays_inside),
    };
    return cmocka_run_group_tests_name("partition_csv", tests, NULL, NULL);
}
