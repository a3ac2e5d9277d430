// SPDX-License-Identifier: Apache-2.0

#include "lib/fb/testing.h"

#include "lib/fb/bytes.h"
#include "lib/fb/crypto.h"
#include "lib/fb/flash_encryption.h"
#include "lib/fb/flash_encryption_kernel.h"

#define VECTORS "tests/vectors/encrypt"

// Results of the reference tools for key 00 .. 1f and plaintext 40 41 .. 5f:
// the key of the row, and the ciphertext. The scheme of the tools is proven by
// the files bootloader-encrypted*.bin of esptool, test/secure_images.
static const struct example {
    uint32_t flash_off;
    unsigned config;
    const char *key;
    const char *ciphertext;
} examples[] = {
    {0x001000, 0xF,
     "0011020104054617080b0a0b4c0d06071010121334151217181b1a1b5c1d161f",
     "364e441b4b1be16122dde3c6fbf339fde9c7e07f9c8cecfe53df38b7f4325c2a"},
    {0x010000, 0xF,
     "010102230401060708290a0f0c0d8e0f100112111415561718391a1f1c1d9e1f",
     "32a0276b08b363e5a31fbdde6b794dbea004187055af6ee935f61972fce3ec42"},
    {0x010020, 0xF,
     "010122230001068728290e0f0c8d8e1f000110111455561f38391e1f1c9d9e0e",
     "68e51b3edc6cc2bbba47db8ee0500ee6a8b5b9773da6a65a9725a2677f3a05e7"},
    {0x1A0000, 0xF,
     "1a010143046d06070b490a630c000e0f11b11227141396171b591a731c101e1f",
     "bfcf571afbb9e39729f9f49c0292868d612bb03b09a278a73d41fd22b7246dd3"},
    {0x1A0000, 0x0,
     "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
     "78fadd4f7bbd234f11ffa1a4138741d8881f948af250d92befb15a75e14ef055"},
    {0x1A0000, 0x1,
     "1a010143046d060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
     "fac2bb9c4838095156f8bbd354919b815b18f8ea10d3c4eeaac18e18493e33b6"},
    {0x1A0000, 0x2,
     "00010203040506070b490a630c000e0f101112131415161718191a1b1c1d1e1f",
     "56a959970ec52bf7d87cc8a8e4591d5d84f60b33d34f105c12d880d4f4c16db5"},
    {0x1A0000, 0x4,
     "000102030405060708090a0b0c0d0e0f11b112271413961718191a1b1c1d1e1f",
     "d25aa8ab7cbe4354e7f526fa0ff71e52f25e6b2e784ed359d1591afba66795b7"},
    {0x1A0000, 0x8,
     "000102030405060708090a0b0c0d0e0f10111213141516171b591a731c101e1f",
     "b6d5f7e67fdaa4a22b33c78fa4a704a2eb8e3979aafd493d1be06029d3eacfc7"},
    {0x1A0000, 0x3,
     "1a010143046d06070b490a630c000e0f101112131415161718191a1b1c1d1e1f",
     "1a7646337fb0dbfaef416c337ab02361b5c19fc0913225f2843bcd4aa86183e1"},
    {0x1A0000, 0x9,
     "1a010143046d060708090a0b0c0d0e0f10111213141516171b591a731c101e1f",
     "5e621d6b7642b7b79cadff26d69384d8a77c560dc5b84b66bbabc8682a095764"},
    {0x1A0000, 0xC,
     "000102030405060708090a0b0c0d0e0f11b11227141396171b591a731c101e1f",
     "8ebb68a3814a00ed11d5575ac0c1f61e6bbb52060b9a8ebad805f27b814ffcb0"},
};

static void count_up(uint8_t *p, size_t n, unsigned first)
{
    for (size_t i = 0; i < n; i++) {
        p[i] = (uint8_t)(first + i);
    }
}

static struct fb_flash_encryption_key test_key(size_t n, unsigned config)
{
    struct fb_flash_encryption_key k;
    uint8_t bytes[32];

    count_up(bytes, n, 0);
    assert_int_equal(
        fb_flash_encryption_key_init(&k, testing_guarded(bytes, n), n, config),
        FB_OK);
    return k;
}

static void test_examples(void **state)
{
    uint8_t plain[32], want[32], got[32];

    (void)state;
    count_up(plain, 32, 0x40);
    for (unsigned i = 0; i < sizeof(examples) / sizeof(examples[0]); i++) {
        const struct example *e = &examples[i];
        struct fb_flash_encryption_key k = test_key(32, e->config);

        assert_int_equal(testing_hex(want, 32, e->key), 32);
        fb_flash_encryption_row_key(&k, e->flash_off, got);
        assert_memory_equal(got, want, 32);
        fb_flash_encryption_row_key(&k, e->flash_off + 31, got);
        assert_memory_equal(got, want, 32);
        assert_int_equal(testing_hex(want, 32, e->ciphertext), 32);
        assert_int_equal(fb_flash_encrypt(&k, e->flash_off, plain, got, 32),
                         FB_OK);
        assert_memory_equal(got, want, 32);
        assert_int_equal(fb_flash_decrypt(&k, e->flash_off, want, got, 32),
                         FB_OK);
        assert_memory_equal(got, plain, 32);
    }
}

static void test_24_byte_key(void **state)
{
    struct fb_flash_encryption_key k = test_key(24, 0xF);
    uint8_t plain[32], want[32], got[32];

    (void)state;
    count_up(plain, 32, 0x40);
    testing_hex(
        want, 32,
        "8a455cf795c67076b66be2b867fa4ffcf8891e4806e5b95d0d53220a1ae9dba7");
    fb_flash_encrypt(&k, 0x1000, plain, got, 32);
    assert_memory_equal(got, want, 32);
}

static void test_second_half_of_a_row(void **state)
{
    struct fb_flash_encryption_key k = test_key(32, 0xF);
    uint8_t plain[32], want[32], got[16];

    (void)state;
    count_up(plain, 32, 0x40);
    testing_hex(want, 32, examples[0].ciphertext);
    fb_flash_encrypt(&k, 0x1010, plain + 16, got, 16);
    assert_memory_equal(got, want + 16, 16);
}

// The key bits that each address bit changes, with FLASH_CRYPT_CONFIG 0xF.
static const char *const address_bits[19] = {
    "0000200004000080200004000080001010000200004000082000040000800011",
    "0000400008000100400008000100002020000400008000104000080001000022",
    "0000800010000200800010000200004040000800010000208000100002000044",
    "0001000020000401000020000400008080001000020000410000200004000088",
    "0002000040000802000040000800010100002000040000820000400008000100",
    "0004000080001004000080001000020200004000080001040000800010000200",
    "0008000100002008000100002000040400008000100002000001000020000400",
    "0010000200004010000200004000080800010000200004000002000040000800",
    "0020000400008020000400008000100000020000400008000004000080001000",
    "0040000800010040000800010000200000040000800010000008000100002000",
    "0080001000020000001000020000400000080001000020000010000200004000",
    "0100002000040000002000040000800000100002000040000020000400008000",
    "0200004000080000004000080001000000200004000080000040000800010000",
    "0400008000100000008000100002000000400008000100000080001000020000",
    "0800010000200000010000200004000000800010000200000100002000040000",
    "1000020000400000020000400008000001000020000400000200004000080000",
    "2000040000800000040000800010000002000040000800000400008000100000",
    "4000080001000000080001000020000004000080001000000800010000200000",
    "8000100002000000100002000040000008000100002000001000020000400000",
};
static const char *const config_bits[4] = {
    "ffffffffffffffffe00000000000000000000000000000000000000000000000",
    "00000000000000001ffffffffffffffff0000000000000000000000000000000",
    "000000000000000000000000000000000fffffffffffffffe000000000000000",
    "0000000000000000000000000000000000000000000000001fffffffffffffff",
};

static void test_each_address_and_config_bit(void **state)
{
    uint8_t change[32], mask[32], got[32];

    (void)state;
    for (unsigned config = 0; config < 16; config++) {
        struct fb_flash_encryption_key k = test_key(32, config);

        for (unsigned bit = 0; bit < 19; bit++) {
            testing_hex(change, 32, address_bits[bit]);
            fb_flash_encryption_row_key(&k, 32u << bit, got);
            for (unsigned g = 0; g < 4; g++) {
                testing_hex(mask, 32, config_bits[g]);
                for (unsigned i = 0; (config >> g & 1) != 0 && i < 32; i++) {
                    got[i] ^= (uint8_t)(change[i] & mask[i]);
                }
            }
            for (unsigned i = 0; i < 32; i++) {
                assert_int_equal(got[i], i);
            }
        }
    }
}

static void test_bad_keys(void **state)
{
    struct fb_flash_encryption_key k, before;
    uint8_t bytes[80] = {0};

    (void)state;
    memset(&k, 0xA5, sizeof(k));
    before = k;
    for (size_t n = 0; n <= sizeof(bytes); n++) {
        if (n != 24 && n != 32) {
            assert_int_equal(fb_flash_encryption_key_init(&k, bytes, n, 15),
                             FB_E_KEY);
        }
    }
    assert_int_equal(fb_flash_encryption_key_init(&k, bytes, 32, 16),
                     FB_E_RANGE);
    assert_int_equal(fb_flash_encryption_key_init(&k, bytes, 24, 0xFFFFFFFF),
                     FB_E_RANGE);
    assert_memory_equal(&k, &before, sizeof(k));
}

static void expect_refused(uint32_t flash_off, size_t n, enum fb_status want)
{
    struct fb_flash_encryption_key k = test_key(32, 15);
    uint8_t in[64] = {0}, out[64];

    memset(out, 0xA5, sizeof(out));
    assert_int_equal(fb_flash_encrypt(&k, flash_off, in, out, n), want);
    assert_int_equal(fb_flash_decrypt(&k, flash_off, in, out, n), want);
    assert_true(fb_bytes_all(out, sizeof(out), 0xA5));
}

static void test_bad_ranges(void **state)
{
    (void)state;
    for (unsigned i = 1; i < 16; i++) {
        expect_refused(0x1000 + i, 32, FB_E_ALIGN);
        expect_refused(0x1000, 16 + i, FB_E_ALIGN);
    }
    expect_refused(0x1000000, 16, FB_E_RANGE);
    expect_refused(0x1000000 - 16, 32, FB_E_RANGE);
    expect_refused(0xFFFFFFF0, 16, FB_E_RANGE);
    expect_refused(0x1000, (size_t)-16, FB_E_RANGE);
    expect_refused(0x1000, 0x1000000, FB_E_RANGE);
    expect_refused(0x1000, 0, FB_OK);
    expect_refused(0x1000000, 0, FB_OK); // nothing at the very end
}

static void test_last_row_below_16_mib(void **state)
{
    struct fb_flash_encryption_key k = test_key(32, 15);
    uint8_t in[32], out[32];

    (void)state;
    count_up(in, 32, 0x40);
    assert_int_equal(fb_flash_encrypt(&k, 0xFFFFE0, in, out, 32), FB_OK);
    assert_int_equal(fb_flash_decrypt(&k, 0xFFFFE0, out, out, 32), FB_OK);
    assert_memory_equal(in, out, 32);
}

// --- every kernel ------------------------------------------------------------

static const struct fb_flash_encryption_kernel *usable(unsigned i)
{
    const struct fb_flash_encryption_kernel *kernel =
        fb_flash_encryption_kernel(i);

    return kernel != NULL && kernel->usable() ? kernel : NULL;
}

static void test_kernels_start_with_the_portable_one(void **state)
{
    unsigned best = fb_flash_encryption_kernel_best();
    unsigned n = 1;

    (void)state;
    assert_ptr_equal(fb_flash_encryption_kernel(0),
                     &fb_flash_encryption_portable);
    assert_true(fb_flash_encryption_portable.usable());
    while (fb_flash_encryption_kernel(n) != NULL) {
        assert_false(n > best && usable(n) != NULL);
        n++;
    }
    assert_null(fb_flash_encryption_kernel(n + 1));
    assert_non_null(usable(best));
    assert_int_equal(test_key(32, 15).kernel, best);
    print_message("# kernel: %s\n", fb_flash_encryption_kernel(best)->name);
}

#if defined(__x86_64__)
// Is name among the flags that Linux prints for the first CPU?
static bool cpu_has(const char *flags, const char *name)
{
    char word[32];

    snprintf(word, sizeof(word), " %s ", name);
    return strstr(flags, word) != NULL;
}

// What the kernels find out about the CPU is what the system says.
static void test_kernels_know_the_cpu(void **state)
{
    static char flags[16384];
    FILE *f = fopen("/proc/cpuinfo", "r");

    (void)state;
    if (f == NULL || getenv("LD_PRELOAD") != NULL) { // no Linux, or valgrind
        skip();
    }
    while (fgets(flags, sizeof(flags), f) != NULL &&
           strncmp(flags, "flags", 5) != 0) {
    }
    fclose(f);
    flags[strcspn(flags, "\n")] = ' ';
    assert_int_equal(fb_flash_encryption_aesni.usable(),
                     cpu_has(flags, "aes") && cpu_has(flags, "ssse3"));
    assert_int_equal(fb_flash_encryption_vaes.usable(),
                     cpu_has(flags, "aes") && cpu_has(flags, "vaes") &&
                         cpu_has(flags, "avx512bw") &&
                         cpu_has(flags, "avx512vbmi"));
}
#endif

// All kernels give the bits of the portable one: every length up to a few
// times what they take at once, at every alignment in a row, with inputs and
// outputs that end at an unmapped page, and in place.
static void compare(const struct fb_flash_encryption_kernel *kernel,
                    const struct fb_flash_encryption_key *k, uint32_t flash_off,
                    size_t n, uint64_t *random)
{
    static uint8_t data[4096], want[4096];
    static uint8_t *in, *out;

    if (in == NULL) {
        in = testing_guarded(NULL, sizeof(data));
        out = testing_guarded(NULL, sizeof(data));
    }
    testing_random(random, data, n);
    for (int decrypt = 0; decrypt < 2; decrypt++) {
        const struct fb_flash_encryption_kernel *p =
            &fb_flash_encryption_portable;
        fb_flash_encryption_run *run =
            decrypt ? kernel->decrypt : kernel->encrypt;
        uint8_t *in_end = in + sizeof(data) - n;
        uint8_t *out_end = out + sizeof(data) - n;

        (decrypt ? p->decrypt : p->encrypt)(k, flash_off, data, want, n);
        memcpy(in_end, data, n);
        memset(out, 0xA5, sizeof(data) - n);
        run(k, flash_off, in_end, out_end, n);
        assert_memory_equal(out_end, want, n);
        assert_memory_equal(in_end, data, n);
        assert_true(fb_bytes_all(out, sizeof(data) - n, 0xA5));
        run(k, flash_off, in_end, in_end, n);
        assert_memory_equal(in_end, want, n);
    }
}

static void test_kernels_agree(void **state)
{
    uint64_t random = 11;
    uint8_t bytes[40];

    (void)state;
    for (unsigned i = 0; fb_flash_encryption_kernel(i) != NULL; i++) {
        if (usable(i) == NULL) {
            continue;
        }
        for (size_t n = 16; n <= 4096; n += n < 2100 ? 16 : 208) {
            struct fb_flash_encryption_key k;
            uint32_t at;

            testing_random(&random, bytes, sizeof(bytes));
            fb_flash_encryption_key_init(&k, bytes, n % 3 == 0 ? 24 : 32,
                                         n % 2 == 0 ? 15 : bytes[36] % 16);
            at = load32_le(bytes + 32) & 0xFFE000;
            compare(usable(i), &k, at, n, &random);
            compare(usable(i), &k, at + 16, n, &random);
            compare(usable(i), &k, 0x1000000 - (uint32_t)n, n, &random);
        }
    }
}

// --- espsecure 5.3.1 ---------------------------------------------------------

static uint8_t data64k[65536], result[65536];

static void make_data64k(void)
{
    for (uint32_t i = 0; i < sizeof(data64k); i++) {
        data64k[i] = (uint8_t)(i * i * 7 + i * 13 + 5);
    }
}

static void sha256_of(const uint8_t *p, size_t n, uint8_t out[32])
{
    struct fb_sha256 c;

    fb_sha256_init(&c);
    fb_sha256_update(&c, p, n);
    fb_sha256_final(&c, out);
}

static void expect_sha256(const uint8_t *p, size_t n, const char *hex)
{
    uint8_t got[32], want[32];

    assert_int_equal(testing_hex(want, 32, hex), 32);
    sha256_of(p, n, got);
    assert_memory_equal(got, want, 32);
}

static void expect_vector(const struct fb_flash_encryption_kernel *kernel,
                          size_t key_len, uint32_t flash_off, unsigned config,
                          const char *name, const char *first)
{
    struct fb_flash_encryption_key k;
    uint8_t key[32], start[1024];
    char file[64], hex[80] = "";

    for (unsigned i = 0; i < key_len; i++) {
        key[i] = (uint8_t)(i * 37 + 11);
    }
    fb_flash_encryption_key_init(&k, key, key_len, config);
    kernel->encrypt(&k, flash_off, data64k, result, sizeof(result));
    snprintf(file, sizeof(file), "%s.%s", name, first);
    assert_memory_equal(result, start,
                        testing_file(start, sizeof(start), VECTORS, file));
    snprintf(file, sizeof(file), "%s.sha256", name);
    testing_file((uint8_t *)hex, sizeof(hex) - 1, VECTORS, file);
    expect_sha256(result, sizeof(result), hex);
    kernel->decrypt(&k, flash_off, result, result, sizeof(result));
    assert_memory_equal(result, data64k, sizeof(result));
}

static void test_espsecure_vectors(void **state)
{
    static const char *const addresses[] = {
        "0x0",      "0x1000",   "0x1010",   "0x8000",   "0x10000",
        "0x1A0000", "0x210000", "0x3FF000", "0x7F0000", "0xFE0000"};
    static const unsigned configs[] = {0, 1, 2, 4, 8, 3, 5, 6, 0xA, 0xE};
    char name[64];

    (void)state;
    make_data64k();
    for (unsigned i = 0; fb_flash_encryption_kernel(i) != NULL; i++) {
        if (usable(i) == NULL) {
            continue;
        }
        for (unsigned a = 0; a < 10; a++) {
            snprintf(name, sizeof(name), "k256_a%s_c0xF", addresses[a]);
            expect_vector(usable(i), 32,
                          (uint32_t)strtoul(addresses[a], NULL, 16), 0xF, name,
                          "first1k");
        }
        for (unsigned c = 0; c < 10; c++) {
            snprintf(name, sizeof(name), "k256_a0x1A5A40_c0x%X", configs[c]);
            expect_vector(usable(i), 32, 0x1A5A40, configs[c], name,
                          "first256");
        }
        expect_vector(usable(i), 24, 0x10000, 0xF, "k192_a0x10000_c0xF",
                      "first256");
    }
}

// --- a partition table -------------------------------------------------------

// The partition table of Pycom's releases of 2017 and 2018, and its V1
// signature by the key ecdsa256_secure_boot_signing_key.pem of esptool,
// test/secure_images.
static const char table_rows[] =
    "aa50010200900000007000006e76730000000000000000000000000000000000"
    "aa5000000000010000001800666163746f727900000000000000000001000000"
    "aa50010000001900001000006f74616461746100000000000000000001000000"
    "aa50001000001a00000018006f74615f30000000000000000000000001000000"
    "aa500107000032000000010064756d6d79000000000000000000000000000000"
    "aa5001050000380000f007006673000000000000000000000000000001000000"
    "aa50010600f03f0000100000636f6e6669670000000000000000000000000000"
    "ebebffffffffffffffffffffffffffff788f4f9dcb760dc94f97f9ca358b5f83";
static const char table_signature[] =
    "00000000"
    "83625050ec2a8c67d545b7eaf75f5b3a752f6109aae5a0640f03c486eaac6618"
    "ff7007ed0c8f985968b93fee79b83dad8b7687f29f552d124fa21a0cbd09b533";

static void test_partition_table(void **state)
{
    struct fb_flash_encryption_key k = test_key(32, 15);
    uint8_t table[0x1000], out[0x1000];

    (void)state;
    memset(table, 0xFF, sizeof(table));
    testing_hex(table, sizeof(table), table_rows);
    fb_flash_encrypt(&k, 0x8000, table, out, 0x1000);
    expect_sha256(
        out, 0x1000,
        "d74003537e83b2132afff7409d81382dcb6732f7b3aa41bd656f4095ffd63f6d");
    testing_hex(table + 0xC00, 68, table_signature);
    fb_flash_encrypt(&k, 0x8000, table, out, 0xC50);
    expect_sha256(
        out, 0xC50,
        "191ace1dd43194e7b604470eecd98bc03ab7711bd1709f1f1b80b61f386c3859");
}

// The files of esptool, test/secure_images, in the folder that
// ESPTOOL_SECURE_IMAGES names. They are not part of this tree.
static void test_esptool_files(void **state)
{
    static const struct {
        const char *plain, *key, *cipher;
        uint32_t flash_off;
        unsigned config;
    } files[] = {
        {"bootloader.bin", "256bit_key.bin", "bootloader-encrypted.bin", 0x1000,
         15},
        {"bootloader.bin", "256bit_key.bin", "bootloader-encrypted-conf0.bin",
         0x1000, 0},
        {"bootloader.bin", "256bit_key.bin", "bootloader-encrypted-conf3.bin",
         0x1000, 3},
        {"bootloader.bin", "256bit_key.bin", "bootloader-encrypted-conf9.bin",
         0x1000, 9},
        {"bootloader.bin", "256bit_key.bin", "bootloader-encrypted-confc.bin",
         0x1000, 12},
        {"hello-world-signed.bin", "ef-flashencryption-key.bin",
         "hello-world-signed-encrypted.bin", 0x20000, 15},
    };
    static uint8_t plain[0x30000], want[0x30000], got[0x30000];
    const char *folder = getenv("ESPTOOL_SECURE_IMAGES");

    (void)state;
    if (folder == NULL) {
        skip();
    }
    for (unsigned i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        struct fb_flash_encryption_key k;
        uint8_t key[32];
        size_t n = testing_file(plain, sizeof(plain), folder, files[i].plain);

        testing_file(key, sizeof(key), folder, files[i].key);
        fb_flash_encryption_key_init(&k, key, 32, files[i].config);
        n = n / 16 * 16; // the tool pads with random bytes
        assert_true(testing_file(want, sizeof(want), folder, files[i].cipher) >=
                    n);
        fb_flash_encrypt(&k, files[i].flash_off, plain, got, n);
        assert_memory_equal(got, want, n);
        fb_flash_decrypt(&k, files[i].flash_off, want, got, n);
        assert_memory_equal(got, plain, n);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_examples),
        cmocka_unit_test(test_24_byte_key),
        cmocka_unit_test(test_second_half_of_a_row),
        cmocka_unit_test(test_each_address_and_config_bit),
        cmocka_unit_test(test_bad_keys),
        cmocka_unit_test(test_bad_ranges),
        cmocka_unit_test(test_last_row_below_16_mib),
        cmocka_unit_test(test_kernels_start_with_the_portable_one),
#if defined(__x86_64__)
        cmocka_unit_test(test_kernels_know_the_cpu),
#endif
        cmocka_unit_test(test_kernels_agree),
        cmocka_unit_test(test_espsecure_vectors),
        cmocka_unit_test(test_partition_table),
        cmocka_unit_test(test_esptool_files),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
