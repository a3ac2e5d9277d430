// SPDX-License-Identifier: Apache-2.0
//
// Reference: esptool elf2image. Whole images in tests/vectors/image; elsewhere
// the SHA-256 of what the tool writes for the same ELF file and options. With
// FB_ELF_DIR=FOLDER set, the ELF files that are made here are written there, to
// run the tool on them.

#include "lib/fb/elf_image.h"

#include "lib/fb/bytes.h"
#include "lib/fb/crypto.h"
#include "lib/fb/testing.h"

#define IMAGES "tests/vectors/image"

static uint8_t elf[0x80000];
static uint8_t out[0x400000];
static uint8_t want[0x40000];

static size_t build(size_t n, const struct fb_elf_image_options *options)
{
    size_t len = 0;
    uint8_t *p = testing_guarded(elf, n);
    assert_int_equal(
        fb_elf_image_build(p, n, options, out, sizeof(out), &len, NULL), FB_OK);
    assert_true(len <= fb_elf_image_bound(n, options));
    testing_guarded_free(p, n);
    return len;
}

static struct fb_elf_image_options defaults(void)
{
    struct fb_elf_image_options options;
    fb_elf_image_defaults(&options);
    return options;
}

static void expect_file(const char *elf_name, const char *image,
                        const struct fb_elf_image_options *options)
{
    size_t n = testing_file(elf, sizeof(elf), IMAGES, elf_name);
    size_t want_len = testing_file(want, sizeof(want), IMAGES, image);
    assert_int_equal(build(n, options), want_len);
    assert_memory_equal(out, want, want_len);
}

static void expect_sha256(size_t n, const struct fb_elf_image_options *options,
                          size_t len, const char *hex)
{
    struct fb_sha256 c;
    uint8_t hash[32];
    char got[65];
    assert_int_equal(build(n, options), len);
    fb_sha256_init(&c);
    fb_sha256_update(&c, out, len);
    fb_sha256_final(&c, hash);
    for (unsigned i = 0; i < 32; i++) {
        snprintf(got + 2 * i, 3, "%02x", hash[i]);
    }
    assert_string_equal(got, hex);
}

static void stored_images(void **state)
{
    (void)state;
    struct fb_elf_image_options options = defaults();
    expect_file("small.elf", "small.plain.bin", &options);
    expect_file("tiny.elf", "tiny.bin", &options);
    options.no_hash = true;
    expect_file("small.elf", "small.nohash.bin", &options);
    options = defaults();
    options.secure_pad = FB_PAD_V1;
    expect_file("small.elf", "small.secure-pad.bin", &options);
    options = defaults();
    options.header.flash_mode = FB_FLASH_DIO;
    options.header.flash_freq = 15;
    options.header.flash_size = 2;
    expect_file("small.elf", "small.flags.bin", &options);
}

// ELF files made here: sections with patterns as contents.
struct section {
    const char *name;
    uint32_t type, vaddr, len, align;
    uint8_t seed; // 0: zeros
};

#define NOBITS 8u

static size_t append(size_t n, const void *p, size_t len)
{
    memcpy(elf + n, p, len);
    return n + len;
}

static void put32(size_t off, size_t count, const uint32_t *words)
{
    for (size_t i = 0; i < count; i++) {
        store32_le(elf + off + 4 * i, words[i]);
    }
}

// `count` sections, each a program header too, at a p_vaddr that differs.
static size_t make_elf(const struct section *s, unsigned count, uint32_t entry)
{
    static uint32_t offs[64], names[65];
    size_t n = 52 + 32 * count;
    memset(elf, 0, sizeof(elf));
    for (unsigned i = 0; i < count; i++) {
        n = (n + 3) & ~(size_t)3;
        offs[i] = (uint32_t)n;
        if (s[i].type == NOBITS) {
            continue;
        }
        for (uint32_t k = 0; k < s[i].len; k++) {
            elf[n++] = (uint8_t)(s[i].seed * (k * 7 + 13) >> 3);
        }
    }
    size_t names_off = n++;
    for (unsigned i = 0; i <= count; i++) {
        const char *name = i < count ? s[i].name : ".shstrtab";
        names[i] = (uint32_t)(n - names_off);
        n = append(n, name, strlen(name) + 1);
    }
    size_t names_len = n - names_off;
    n = (n + 3) & ~(size_t)3;
    size_t table = n;
    for (unsigned i = 0; i <= count; i++) {
        n += 40;
        if (i < count) {
            const uint32_t row[10] = {names[i],   s[i].type, 3,
                                      s[i].vaddr, offs[i],   s[i].len,
                                      0,          0,         s[i].align};
            const uint32_t program[8] = {1,
                                         offs[i],
                                         s[i].vaddr ^ 0x100,
                                         s[i].vaddr,
                                         s[i].type == NOBITS ? 0 : s[i].len,
                                         s[i].len,
                                         5,
                                         s[i].align};
            put32(n, 10, row);
            put32(52 + 32 * i, 8, program);
        }
    }
    const uint32_t row[10] = {names[count],        3, 0, 0, (uint32_t)names_off,
                              (uint32_t)names_len, 0, 0, 1, 0};
    put32(n, 10, row);
    n += 40;
    testing_hex(elf, 16, "7f454c46 01010100 0000000000000000");
    store16_le(elf + 16, 2);
    store16_le(elf + 18, 0x5E);
    store32_le(elf + 20, 1);
    store32_le(elf + 24, entry);
    store32_le(elf + 28, 52);
    store32_le(elf + 32, (uint32_t)table);
    store16_le(elf + 40, 52);
    store16_le(elf + 42, 32);
    store16_le(elf + 44, (uint16_t)count);
    store16_le(elf + 46, 40);
    store16_le(elf + 48, (uint16_t)(count + 2));
    store16_le(elf + 50, (uint16_t)(count + 1));
    return n;
}

static void save_elf(const char *name, size_t n)
{
    const char *folder = getenv("FB_ELF_DIR");
    char path[256];
    if (folder == NULL) {
        return;
    }
    snprintf(path, sizeof(path), "%s/%s.elf", folder, name);
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(elf, 1, n, f), n);
    fclose(f);
}

// An application as ESP-IDF links it: descriptions, neighbours to merge, odd
// lengths, arrays of constructors, RAM to split.
static const struct section app[] = {
    {".iram0.vectors", 1, 0x40080000, 0x403, 4, 3},
    {".iram0.text", 1, 0x40080404, 0x12345, 4, 5},
    {".dram0.data", 1, 0x3FFB0000, 0x1001, 16, 7},
    {".dram0.bootdesc", 1, 0x3FFB2000, 0x50, 4, 9},
    {".dram0.bss", NOBITS, 0x3FFB4000, 0x4000, 16, 0},
    {".flash.appdesc", 1, 0x3F400020, 0x100, 16, 0},
    {".flash.rodata", 1, 0x3F400120, 0x2FE, 16, 13},
    {".init_array", 14, 0x3F400420, 0x10, 4, 11},
    {".flash.text", 1, 0x400D0020, 0x1FFE0, 4, 15},
    {".rtc.data", 1, 0x50000000, 0x11, 4, 17},
    {".comment", 1, 0, 0x20, 1, 19},
};
#define COUNT(a) ((unsigned)(sizeof(a) / sizeof((a)[0])))

// Mapped addresses further into their page than the image; an end that needs
// the work-around for unmapped last pages.
static const struct section pages[] = {
    {".flash.rodata", 1, 0x3F400120, 0xFEE0 + 0x10, 4, 3},
    {".flash.text", 1, 0x400D9000, 0x4000, 4, 5},
    {".more.text", 1, 0x40100004, 0x24, 4, 7},
    {".iram0.text", 1, 0x40080400, 0x100, 4, 9},
};

struct reference {
    const char *sha256;
    uint32_t len;
    struct {
        bool v2, secure_pad, secure_pad_v2, use_segments, no_hash, ram_only;
        uint32_t elf_sha256_off, pad_to_size;
    } o;
};

static void expect_references(size_t n, const struct reference *r,
                              unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        struct fb_elf_image_options options = defaults();
        options.no_merge = r[i].o.v2;
        options.secure_pad = r[i].o.secure_pad      ? FB_PAD_V1
                             : r[i].o.secure_pad_v2 ? FB_PAD_V2
                                                    : FB_PAD_NONE;
        options.use_segments = r[i].o.use_segments;
        options.no_hash = r[i].o.no_hash;
        options.ram_only_header = r[i].o.ram_only;
        options.elf_sha256_off = r[i].o.elf_sha256_off;
        options.pad_to_size = r[i].o.pad_to_size;
        expect_sha256(n, &options, r[i].len, r[i].sha256);
    }
}

// esptool 5.3.1; v2: esptool 2.8.
// clang-format off
static const struct reference small_references[] = {
    {"cb86dcf69537c32ae123e47eb8087f7fd64611279f31137a457b7f83f456b50b",
     65648,
     {.v2 = false}},
    {"9f63f98064643f01562a375e8e775d7120c7e0dd82e18b4dcbe308fbbe2a68a7",
     65648,
     {.v2 = true}},
    {"118282209b8995791853d5f464fdc845d65a95bc0293aabef95cf430ecc977c2",
     130992,
     {.secure_pad = true}},
    {"a7ed657a05e4dc9c4db83ac8ddc73236d99ba287f140b8666e9f8ade3cced7a4",
     131072,
     {.secure_pad_v2 = true}},
    {"cb86dcf69537c32ae123e47eb8087f7fd64611279f31137a457b7f83f456b50b",
     65648,
     {.use_segments = true}},
    {"7832d673c7beb6eac2bc3f96934993804952efb0e9c17cf200a404127926019f",
     65616,
     {.no_hash = true}},
    {"f409d2102e8d2fc829946a760135fcc1da8c518174c90a294619eea656a67675",
     130012,
     {.ram_only = true}},
    {"f409d2102e8d2fc829946a760135fcc1da8c518174c90a294619eea656a67675",
     130012,
     {.ram_only = true, .use_segments = true}},
    {"f1e4f848c3a2f735e0d8bb79de9bc359d3f2cafb1ae49be9f86e0b0ad612bfff",
     130992,
     {.v2 = true, .secure_pad = true}},
    {"307f904203d266a4737078e9d6f6b75104a51cd54a8ca071cabc5199098a9ca7",
     1048576,
     {.pad_to_size = 0x100000}},
};
static const struct reference app_references[] = {
    {"71d6392dc9410f275128fbaf1bae4d209bfc12ef80d2c14963f13c4ec2739754",
     212032,
     {.v2 = false}},
    {"eb559264c459e6d0c10cbb055855d6a9bdf90a0d721dcd46f509302749453c15",
     262064,
     {.secure_pad = true}},
    {"9a748bb58e8751b85bd3761602d38513b1885e704d98cb7e25d2924d93bece69",
     262144,
     {.secure_pad_v2 = true}},
    {"c5d783121ff27acc8ccfc860f3b4388511238504a135b14880f9d85a06ea2756",
     212032,
     {.use_segments = true}},
    {"c50091d7c51ebc1ecb5c9c5fa4613746ab99cb7220e6fa5bc5e2605d6bfb7df4",
     212000,
     {.no_hash = true}},
    {"0a3c3987dd981833986d59623fa545d7de423c1393429fe1f439a88da3f935fd",
     259120,
     {.ram_only = true, .use_segments = true}},
    {"67f4ec00bb9922b288187743f9d5a0393d80aa978abe9113d8dc2b6d44f9d91f",
     212032,
     {.elf_sha256_off = 0x34}},
    {"8b516d9486d31c403dabd82b6903996955d63b181b33c41fd2f6ec41b69d7e7d",
     212032,
     {.elf_sha256_off = 0x20}},
    {"97f6da5de68f8f2feeac9ecc4057787a775871017e994778fefc7a86dd0ea883",
     1048576,
     {.pad_to_size = 0x100000}},
};
static const struct reference pages_references[] = {
    {"a28f88ecc7b576145d290fbfbda037c3b5a5199208c6f6413a3f1a6cd8bbe21a",
     262224,
     {.v2 = false}},
    {"da7533b4eaeaa3611350f0491d4e3a8dbaf57e2f42b4203febdda2eb06e819df",
     262224,
     {.v2 = true}},
    {"5e39a82618a6dc411956dd095cdacbf2b9f72c7d48d87313d51202e3c284dbee",
     327600,
     {.secure_pad = true}},
    {"6010fda918b0107d756a74e6d37d6cece99c2729ea6a3da8c4c215fc1db05d1e",
     327680,
     {.secure_pad_v2 = true}},
    {"a28f88ecc7b576145d290fbfbda037c3b5a5199208c6f6413a3f1a6cd8bbe21a",
     262224,
     {.use_segments = true}},
    {"b70f08b1e0932dab42c58df3eea82d8d87ef180668f7be99698148bb8d9afab1",
     262192,
     {.no_hash = true}},
    {"d6629ca634b5cfe8f945e6e1ae5116e3d00cb33c39be675eda6821676304cf30",
     192528,
     {.ram_only = true}},
    {"d6629ca634b5cfe8f945e6e1ae5116e3d00cb33c39be675eda6821676304cf30",
     192528,
     {.ram_only = true, .use_segments = true}},
    {"93757d2742a7401a534752059894a7b775f230e766c3f2aca9e48de8078d56c1",
     327600,
     {.v2 = true, .secure_pad = true}},
    {"aa22e680fc6d3dd35e18ce281c9120f8108170eb06de3cb186873409a620a476",
     1048576,
     {.pad_to_size = 0x100000}},
};
// clang-format on

static void small_program(void **state)
{
    (void)state;
    size_t n = testing_file(elf, sizeof(elf), IMAGES, "small.elf");
    save_elf("small", n);
    expect_references(n, small_references, COUNT(small_references));
}

static void application(void **state)
{
    (void)state;
    size_t n = make_elf(app, COUNT(app), 0x40080400);
    save_elf("app", n);
    expect_references(n, app_references, COUNT(app_references));
}

static void page_borders(void **state)
{
    (void)state;
    size_t n = make_elf(pages, COUNT(pages), 0x40080400);
    save_elf("pages", n);
    expect_references(n, pages_references, COUNT(pages_references));
}

// What is built can be started from where it is flashed.
static void images_are_loadable(void **state)
{
    (void)state;
    struct fb_elf_image_options options = defaults();
    struct fb_image image;
    size_t n = make_elf(app, COUNT(app), 0x40080400);
    for (unsigned pad = 0; pad < 3; pad++) {
        options.secure_pad = (enum fb_secure_pad)pad;
        size_t len = build(n, &options);
        assert_int_equal(
            fb_image_verify_app(out, len, 0x10000, NULL, &image, NULL), FB_OK);
        assert_int_equal(image.len, len);
    }
    // The hash of the ELF file lies in the app description.
    struct fb_sha256 c;
    uint8_t hash[32];
    fb_sha256_init(&c);
    fb_sha256_update(&c, elf, n);
    fb_sha256_final(&c, hash);
    assert_memory_equal(out + 0xB0, hash, 32);

    // The ROM of a RAM-only image sees RAM only.
    options = defaults();
    options.ram_only_header = true;
    n = make_elf(pages, COUNT(pages), 0x40080400);
    size_t len = build(n, &options);
    assert_int_equal(fb_image_verify_app(out, len, 0x1000, NULL, &image, NULL),
                     FB_OK);
    for (unsigned i = 0; i < image.header.segments; i++) {
        enum fb_segment_kind kind =
            fb_image_segment_kind(image.segment[i].vaddr, image.segment[i].len);
        assert_true(kind == FB_SEGMENT_RAM || kind == FB_SEGMENT_RTC);
    }
}

static struct fb_fault
expect_refusal(size_t n, const struct fb_elf_image_options *options,
               enum fb_status status)
{
    struct fb_fault fault = {FB_OK, 0, 0, 0};
    size_t len = 77;
    assert_int_equal(
        fb_elf_image_build(elf, n, options, out, sizeof(out), &len, &fault),
        status);
    assert_int_equal(fault.status, status);
    assert_int_equal(len, 77);
    return fault;
}

static void refuses_layouts(void **state)
{
    (void)state;
    struct fb_elf_image_options options = defaults();
    struct fb_fault fault;

    // Two mapped segments in one page.
    static const struct section page[] = {
        {".a", 1, 0x400D0020, 0x10, 4, 3},
        {".b", 1, 0x400DFFF0, 0x10, 4, 3},
    };
    fault = expect_refusal(make_elf(page, 2, 0), &options, FB_E_OVERLAP);
    assert_int_equal(fault.got, 0x400DFFF0);
    assert_int_equal(fault.want, 0x400D0020);

    // Without merging, the parts of an application are in each other's way.
    options.no_merge = true;
    fault =
        expect_refusal(make_elf(app, COUNT(app), 0), &options, FB_E_OVERLAP);
    assert_int_equal(fault.got, 0x3F400120);
    options.no_merge = false;

    // An address that no padding can reach.
    static const struct section odd[] = {{".a", 1, 0x400D0021, 0x10, 4, 3}};
    (void)expect_refusal(make_elf(odd, 1, 0), &options, FB_E_ALIGN);

    // Nothing to load, too much to load, and just too much with padding.
    static const struct section bss[] = {{".b", NOBITS, 0x3FFB0000, 4, 4, 0}};
    fault = expect_refusal(make_elf(bss, 1, 0), &options, FB_E_SEGMENTS);
    assert_int_equal(fault.got, 0);
    struct section many[20];
    for (unsigned i = 0; i < 20; i++) {
        many[i] = (struct section){".m", 1, 0x3FFB0000 + 8 * i, 4, 4, 3};
    }
    fault = expect_refusal(make_elf(many, 20, 0), &options, FB_E_SEGMENTS);
    assert_int_equal(fault.got, 20);
    many[0].vaddr = 0x400D0020;
    size_t n = make_elf(many, 16, 0x3FFB0000);
    (void)build(n, &options);
    options.secure_pad = FB_PAD_V1;
    fault = expect_refusal(n, &options, FB_E_SEGMENTS);
    assert_int_equal(fault.got, 17);

    // 16 MiB is too long, wherever the bytes are said to be.
    options = defaults();
    n = make_elf(odd, 1, 0);
    size_t header = load32_le(elf + 32) + 40;
    store32_le(elf + header + 12, 0x3FFB0000);
    store32_le(elf + header + 16, 0);
    store32_le(elf + header + 20, 0x1000000);
    (void)expect_refusal(n, &options, FB_E_TRUNCATED);
    store32_le(elf + header + 20, 0xFFFFFFFF);
    (void)expect_refusal(n, &options, FB_E_TRUNCATED);
}

static void refuses_options(void **state)
{
    (void)state;
    size_t n = make_elf(app, COUNT(app), 0x40080400);
    struct fb_elf_image_options options = defaults();
    options.secure_pad = FB_PAD_V2;
    options.no_hash = true;
    (void)expect_refusal(n, &options, FB_E_KEY);
    options = defaults();
    options.elf_sha256_off = 0x1C; // a segment header
    (void)expect_refusal(n, &options, FB_E_RANGE);
    options.elf_sha256_off = 0x200; // .flash.rodata
    struct fb_fault fault = expect_refusal(n, &options, FB_E_BAD_HASH);
    assert_int_equal(fault.got, 0x200);
}

static void refuses_other_files(void **state)
{
    (void)state;
    struct fb_elf_image_options options = defaults();
    static const struct {
        size_t off;
        uint8_t byte;
    } cases[] = {
        {0, 0x7E}, {4, 2 /* 64-bit */}, {5, 2 /* big-endian */}, {18, 0xF3},
        {46, 41},  {50, 0xFF},
    };
    for (unsigned i = 0; i < COUNT(cases); i++) {
        size_t n = testing_file(elf, sizeof(elf), IMAGES, "tiny.elf");
        elf[cases[i].off] = cases[i].byte;
        (void)expect_refusal(n, &options, FB_E_NOT_ELF);
    }
    size_t n = testing_file(elf, sizeof(elf), IMAGES, "tiny.elf");
    store16_le(elf + 48, 0);
    (void)expect_refusal(n, &options, FB_E_NOT_ELF);
    n = testing_file(elf, sizeof(elf), IMAGES, "tiny.bin");
    (void)expect_refusal(n, &options, FB_E_NOT_ELF);
}

static void cut_at_every_length(void **state)
{
    (void)state;
    struct fb_elf_image_options options = defaults();
    size_t n = testing_file(elf, sizeof(elf), IMAGES, "tiny.elf");
    size_t len;
    for (unsigned i = 0; i < 2; i++) {
        options.use_segments = i == 1;
        for (size_t cut = 0; cut < n; cut++) {
            uint8_t *p = testing_guarded(elf, cut);
            enum fb_status s = fb_elf_image_build(p, cut, &options, out,
                                                  sizeof(out), &len, NULL);
            assert_int_equal(s, cut < 52 ? FB_E_NOT_ELF : FB_E_TRUNCATED);
            testing_guarded_free(p, cut);
        }
    }
}

static void every_capacity(void **state)
{
    (void)state;
    struct fb_elf_image_options options = defaults();
    options.pad_to_size = 1000;
    size_t n = testing_file(elf, sizeof(elf), IMAGES, "tiny.elf");
    for (size_t cap = 0; cap <= 1001; cap++) {
        uint8_t *p = testing_guarded(NULL, cap);
        size_t len = 0;
        assert_int_equal(
            fb_elf_image_build(elf, n, &options, p, cap, &len, NULL),
            cap >= 1000 ? FB_OK : FB_E_NO_SPACE);
        assert_int_equal(len, cap >= 1000 ? 1000 : 0);
        testing_guarded_free(p, cap);
    }
}

static void garbage_stays_inside(void **state)
{
    (void)state;
    uint64_t seed = 21;
    static const struct section few[] = {
        {".flash.appdesc", 1, 0x3F400020, 0x100, 4, 0},
        {".text", 1, 0x400D0020, 0x200, 4, 3},
        {".data", 1, 0x3FFB0000, 0x33, 4, 5},
        {".more", 1, 0x3FFB0034, 0x33, 4, 7},
    };
    size_t n = make_elf(few, COUNT(few), 0x400D0020);
    size_t tables = 52 + 32 * COUNT(few);
    unsigned built = 0;
    for (unsigned round = 0; round < 20000; round++) {
        uint8_t *p = malloc(n);
        memcpy(p, elf, n);
        for (unsigned i = 1 + testing_random32(&seed) % 4; i-- > 0;) {
            // In the headers, and mostly near sensible values.
            size_t section = load32_le(elf + 32);
            size_t at = testing_random32(&seed) % 2
                            ? testing_random32(&seed) % tables
                            : section + testing_random32(&seed) % (n - section);
            p[at] = testing_random32(&seed) % 2
                        ? (uint8_t)testing_random32(&seed)
                        : (uint8_t)(p[at] + testing_random32(&seed) % 9 - 4);
        }
        struct fb_elf_image_options options = defaults();
        options.use_segments = round % 3 == 1;
        options.ram_only_header = round % 5 == 1;
        options.no_merge = round % 7 == 1;
        options.elf_sha256_off = round % 11 == 1 ? round % 0x400 : 0;
        size_t len;
        built += fb_elf_image_build(p, n, &options, out, 0x40000, &len, NULL) ==
                 FB_OK;
        free(p);
    }
    assert_true(built > 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stored_images),
        cmocka_unit_test(small_program),
        cmocka_unit_test(application),
        cmocka_unit_test(page_borders),
        cmocka_unit_test(images_are_loadable),
        cmocka_unit_test(refuses_layouts),
        cmocka_unit_test(refuses_options),
        cmocka_unit_test(refuses_other_files),
        cmocka_unit_test(cut_at_every_length),
        cmocka_unit_test(every_capacity),
        cmocka_unit_test(garbage_stays_inside),
    };
    return cmocka_run_group_tests_name("elf_image", tests, NULL, NULL);
}
