// SPDX-License-Identifier: Apache-2.0

#include "lib/fb/testing.h"

#include "lib/fb/bytes.h"
#include "lib/fb/efuse.h"
#include "lib/fb/efuse_coding.h"

#define VECTORS "tests/vectors/efuse"

// --- the table -------------------------------------------------------------

static unsigned first_bit(const struct fb_efuse_field *f)
{
    return f->word * 32u + f->bit;
}

static bool overlap(const struct fb_efuse_field *a,
                    const struct fb_efuse_field *b)
{
    return a->block == b->block && first_bit(a) < first_bit(b) + b->width &&
           first_bit(b) < first_bit(a) + a->width;
}

static bool is_whole_block(const struct fb_efuse_field *f)
{
    return f->width == 256;
}

static void test_fields_lie_in_their_block(void **state)
{
    (void)state;
    for (unsigned i = 0; i < FB_EFUSE_FIELDS; i++) {
        const struct fb_efuse_field *f = &fb_efuse_map[i];
        unsigned words =
            f->block == 0 ? FB_EFUSE_BLOCK0_WORDS : FB_EFUSE_BLOCK_WORDS;

        assert_true(f->block < FB_EFUSE_BLOCKS);
        assert_true(f->bit < 32 && f->width > 0);
        assert_true(first_bit(f) + f->width <= words * 32);
        if (f->width <= 32) { // what fb_efuse_get() can take
            assert_true(f->bit + f->width <= 32);
        } else {
            assert_int_equal(f->type, FB_EFUSE_BYTES);
            assert_int_equal(f->width % 8, 0);
        }
        assert_int_equal(f->type == FB_EFUSE_BOOL, f->width == 1);
    }
}

static void test_fields_do_not_overlap(void **state)
{
    (void)state;
    for (unsigned i = 0; i < FB_EFUSE_FIELDS; i++) {
        for (unsigned j = 0; j < i; j++) {
            const struct fb_efuse_field *a = &fb_efuse_map[i];
            const struct fb_efuse_field *b = &fb_efuse_map[j];

            assert_false(!is_whole_block(a) && !is_whole_block(b) &&
                         overlap(a, b));
        }
    }
}

// What no row of BLK0 covers is what the TRM calls reserved.
static void test_gaps_are_the_reserved_bits(void **state)
{
    static const uint32_t reserved[8] = {0xF0000000, 0,          0xFF000000,
                                         0xFFFF0000, 0xFFFE2000, 0x0C200000,
                                         0xFFFFF800, 0xFFFFFFFF};
    uint32_t covered[8] = {0};
    struct fb_efuse_words mask;

    (void)state;
    for (unsigned i = 0; i < FB_EFUSE_FIELDS; i++) {
        fb_efuse_field_mask(&fb_efuse_map[i], &mask);
        for (unsigned w = 0; w < 8; w++) {
            assert_int_equal(covered[w] & mask.word[0][w], 0);
            covered[w] |= mask.word[0][w];
        }
    }
    for (unsigned w = 0; w < 8; w++) {
        assert_int_equal(covered[w], ~reserved[w]);
    }
}

static void test_fields_of_a_key_block_share_protection(void **state)
{
    (void)state;
    for (unsigned i = 0; i < FB_EFUSE_FIELDS; i++) {
        const struct fb_efuse_field *f = &fb_efuse_map[i];

        if (f->block != 0) {
            assert_int_equal(f->wr_dis, 6 + f->block);
            assert_int_equal(f->rd_dis, f->block - 1);
        } else {
            assert_true(f->wr_dis < 16 || f->wr_dis == FB_EFUSE_NO_BIT);
            assert_true(f->rd_dis == 3 || f->rd_dis == FB_EFUSE_NO_BIT);
        }
    }
}

// Call fn for each name and alias of field i.
static void each_name(unsigned i,
                      void (*fn)(unsigned i, const char *name, size_t n))
{
    const char *alias = fb_efuse_map[i].alias;

    fn(i, fb_efuse_map[i].name, strlen(fb_efuse_map[i].name));
    while (*alias != '\0') {
        size_t n = strcspn(alias, ",");

        fn(i, alias, n);
        alias += alias[n] == ',' ? n + 1 : n;
    }
}

// A name that occurs twice would find another field than its own.
static void find_it(unsigned i, const char *name, size_t n)
{
    char other_case[64];

    assert_true(n > 0 && n < sizeof(other_case));
    assert_int_equal(
        strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                     "0123456789_") >= n,
        1);
    assert_ptr_equal(fb_efuse_find(name, n), &fb_efuse_map[i]);
    for (size_t k = 0; k < n; k++) {
        other_case[k] = (char)(name[k] >= 'A' ? name[k] ^ 0x20 : name[k]);
        other_case[k] = name[k] == '_' ? '_' : other_case[k];
    }
    assert_ptr_equal(
        fb_efuse_find((char *)testing_guarded((uint8_t *)other_case, n), n),
        &fb_efuse_map[i]);
}

static void test_names_are_unique_and_found(void **state)
{
    (void)state;
    for (unsigned i = 0; i < FB_EFUSE_FIELDS; i++) {
        each_name(i, find_it);
    }
}

static void test_other_names_are_not_found(void **state)
{
    static const char *const none[] = {"",
                                       "XAC",
                                       "M",
                                       "MAC_",
                                       "MACX",
                                       "BLOCK",
                                       "BLOCK4",
                                       "BLOCK0",
                                       "BLK",
                                       "MAC,BLOCK",
                                       "BLOCK1,flash_encryption",
                                       ",",
                                       "BLK1,",
                                       " MAC"};

    (void)state;
    for (unsigned i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
        assert_null(fb_efuse_find(none[i], strlen(none[i])));
    }
}

static void test_old_names(void **state)
{
    static const struct {
        const char *name;
        enum fb_efuse_id id;
    } old[] = {
        {"BLK1", FB_EFUSE_BLOCK1},
        {"BLK2", FB_EFUSE_BLOCK2},
        {"BLK3", FB_EFUSE_BLOCK3},
        {"flash_encryption", FB_EFUSE_BLOCK1},
        {"secure_boot", FB_EFUSE_BLOCK2},
        {"secure_boot_v1", FB_EFUSE_BLOCK2},
        {"secure_boot_v2", FB_EFUSE_BLOCK2},
        {"CK8M_FREQ", FB_EFUSE_CLK8M_FREQ},
        {"ENCRYPT_CONFIG", FB_EFUSE_FLASH_CRYPT_CONFIG},
        {"DISABLE_JTAG", FB_EFUSE_JTAG_DISABLE},
        {"SDIO_TIEH", FB_EFUSE_XPD_SDIO_TIEH},
        {"MAC_CUSTOM", FB_EFUSE_CUSTOM_MAC},
    };

    (void)state;
    for (unsigned i = 0; i < sizeof(old) / sizeof(old[0]); i++) {
        assert_ptr_equal(fb_efuse_find(old[i].name, strlen(old[i].name)),
                         &fb_efuse_map[old[i].id]);
    }
}

static void test_words_of_the_table(void **state)
{
    static const char *const categories[] = {
        "calibration", "config", "flash",    "identity", "jtag",
        "MAC",         "vdd",    "security", "spi pad"};

    (void)state;
    for (unsigned i = 0; i < FB_EFUSE_FIELDS; i++) {
        const struct fb_efuse_field *f = &fb_efuse_map[i];
        unsigned known = 0;

        for (unsigned k = 0; k < sizeof(categories) / sizeof(categories[0]);
             k++) {
            known += strcmp(f->category, categories[k]) == 0;
        }
        assert_int_equal(known, 1);
        assert_true(strlen(f->description) > 0);
        assert_int_not_equal(f->description[strlen(f->description) - 1], '.');
    }
}

// --- get and or --------------------------------------------------------------

static void test_get_and_or(void **state)
{
    struct fb_efuse_words words = {{{0}}}, mask;
    uint8_t bytes[32], got[32];
    uint64_t random = 3;

    (void)state;
    for (unsigned i = 0; i < FB_EFUSE_FIELDS; i++) {
        const struct fb_efuse_field *f = &fb_efuse_map[i];

        memset(&words, 0, sizeof(words));
        fb_efuse_field_mask(f, &mask);
        memset(bytes, 0xFF, sizeof(bytes));
        fb_efuse_or_bytes(&words, f, bytes, sizeof(bytes));
        assert_memory_equal(&words, &mask, sizeof(words));
        if (f->width <= 32) {
            memset(&words, 0, sizeof(words));
            fb_efuse_or(&words, (enum fb_efuse_id)i, 0xFFFFFFFF);
            assert_memory_equal(&words, &mask, sizeof(words));
            assert_int_equal(fb_efuse_get(&words, (enum fb_efuse_id)i),
                             0xFFFFFFFFu >> (32 - f->width));
        }
        memset(&words, 0, sizeof(words));
        testing_random(&random, bytes, sizeof(bytes));
        fb_efuse_or_bytes(&words, f, bytes, sizeof(bytes));
        assert_int_equal(fb_efuse_get_bytes(&words, f, got),
                         (f->width + 7) / 8);
        if (f->width % 8 == 0) {
            assert_memory_equal(got, bytes, f->width / 8);
        }
    }
}

static void test_short_data_for_a_field(void **state)
{
    struct fb_efuse_words words = {{{0}}};
    static const uint8_t two[2] = {0x34, 0x12};

    (void)state;
    fb_efuse_or_bytes(&words, &fb_efuse_map[FB_EFUSE_CUSTOM_MAC],
                      testing_guarded(two, 2), 2);
    assert_int_equal(words.word[3][0], 0x00123400);
    assert_int_equal(words.word[3][1], 0);
    assert_int_equal(fb_efuse_get_bytes(&words,
                                        &fb_efuse_map[FB_EFUSE_CUSTOM_MAC],
                                        testing_guarded(NULL, 6)),
                     6);
}

// --- WR_DIS and RD_DIS -------------------------------------------------------

// What each bit of WR_DIS freezes (TRM, table of system parameters), written
// down apart from the map.
static const struct {
    uint32_t blk0[7];
    unsigned block; // 1 .. 3: all of it
} freezes[16] = {
    [0] = {{0x000F0000}, 0},
    [1] = {{0x0000FFFF}, 0},
    [2] = {{0x0FF00000}, 0},
    [3] = {{0, 0xFFFFFFFF, 0x00FFFFFF, 0x000001FB, 0, 0x00C00000}, 0},
    [4] = {{0, 0, 0, 0, 0x00001FFF}, 0},
    [5] = {{0, 0, 0, 0, 0x0001C000}, 0},
    [6] = {{0, 0, 0, 0, 0, 0x000FFFFF}, 0},
    [7] = {{0}, 1},
    [8] = {{0}, 2},
    [9] = {{0}, 3},
    [10] = {{0, 0, 0, 0x00004000, 0, 0xF0000000, 0x00000403}, 0},
    [12] = {{0, 0, 0, 0, 0, 0, 0x00000010}, 0},
    [13] = {{0, 0, 0, 0, 0, 0, 0x00000020}, 0},
    [14] = {{0, 0, 0, 0, 0, 0, 0x00000040}, 0},
    [15] = {{0, 0, 0, 0, 0, 0, 0x00000384}, 0},
};

static uint32_t frozen_bits(unsigned bit, unsigned b, unsigned w)
{
    if (b == 0) {
        return w < 7 ? freezes[bit].blk0[w] : 0xFFFFFFFF;
    }
    return freezes[bit].block == b ? 0xFFFFFFFF : 0;
}

static void test_wr_dis_bit_by_bit(void **state)
{
    (void)state;
    for (unsigned bit = 0; bit < 16; bit++) {
        struct fb_efuse_words fuses = {{{1u << bit}}}, data, mask;

        memset(&data, 0xFF, sizeof(data));
        fb_efuse_writeable(&fuses, &mask);
        fb_efuse_program(&fuses, &data);
        for (unsigned b = 0; b < 4; b++) {
            for (unsigned w = 0; w < 8; w++) {
                uint32_t want = ~frozen_bits(bit, b, w);

                assert_int_equal(mask.word[b][w], want);
                if (b == 0 && w == 0) {
                    want |= 1u << bit; // it was burned before
                }
                assert_int_equal(fuses.word[b][w], want);
            }
        }
    }
}

static void test_all_of_wr_dis(void **state)
{
    struct fb_efuse_words fuses = {{{0xFFFF}}}, mask;

    (void)state;
    fb_efuse_writeable(&fuses, &mask);
    for (unsigned b = 0; b < 4; b++) {
        for (unsigned w = 0; w < 8; w++) {
            uint32_t want = 0xFFFFFFFF;

            for (unsigned bit = 0; bit < 16; bit++) {
                want &= ~frozen_bits(bit, b, w);
            }
            assert_int_equal(mask.word[b][w], want);
        }
    }
}

static void test_program_only_sets(void **state)
{
    struct fb_efuse_words fuses = {{{0}}}, data = {{{0}}}, before;

    (void)state;
    fuses.word[1][3] = 0xF0F0F0F0;
    data.word[1][3] = 0x11111111;
    data.word[3][7] = 0x80000000;
    fb_efuse_program(&fuses, &data);
    assert_int_equal(fuses.word[1][3], 0xF1F1F1F1);
    assert_int_equal(fuses.word[3][7], 0x80000000);
    before = fuses;
    memset(&data, 0, sizeof(data));
    fb_efuse_program(&fuses, &data);
    assert_memory_equal(&fuses, &before, sizeof(fuses));
}

// WR_DIS counts as it was before the command: data and its protection may go
// in one; the next command finds the block frozen and is ignored.
static void test_wr_dis_counts_before_the_command(void **state)
{
    struct fb_efuse_words fuses = {{{0}}}, data = {{{0}}}, before;

    (void)state;
    data.word[0][0] = 0x00010080;
    data.word[1][0] = 0x12345678;
    fb_efuse_program(&fuses, &data);
    assert_int_equal(fuses.word[1][0], 0x12345678);
    assert_int_equal(fuses.word[0][0], 0x00010080);
    before = fuses;
    memset(&data, 0, sizeof(data));
    memset(data.word[1], 0xFF, sizeof(data.word[1]));
    fb_efuse_program(&fuses, &data);
    assert_memory_equal(&fuses, &before, sizeof(fuses));
    data.word[2][0] = 1; // block 2 is still open
    fb_efuse_program(&fuses, &data);
    assert_int_equal(fuses.word[2][0], 1);
    assert_memory_equal(fuses.word[1], before.word[1], 32);
}

// Bit 1 of WR_DIS closes WR_DIS, in the very command for the last time.
static void test_wr_dis_closes_itself(void **state)
{
    struct fb_efuse_words fuses = {{{0}}}, data = {{{0x0006}}};

    (void)state;
    fb_efuse_program(&fuses, &data);
    assert_int_equal(fuses.word[0][0], 0x0006);
    data.word[0][0] = 0x0FFFFFFF;
    fb_efuse_program(&fuses, &data);
    assert_int_equal(fuses.word[0][0], 0x000F0006);
}

static void test_is_frozen_and_hidden(void **state)
{
    (void)state;
    for (unsigned bit = 0; bit < 32; bit++) {
        struct fb_efuse_words words = {{{1u << bit}}};

        for (unsigned i = 0; i < FB_EFUSE_FIELDS; i++) {
            const struct fb_efuse_field *f = &fb_efuse_map[i];

            assert_int_equal(fb_efuse_is_frozen(&words, f),
                             bit < 16 && f->wr_dis == bit);
            assert_int_equal(fb_efuse_is_hidden(&words, f),
                             bit >= 16 && bit < 20 && f->rd_dis == bit - 16);
        }
    }
}

// What each bit of RD_DIS leaves of fuses that are all burned.
static void test_rd_dis_bit_by_bit(void **state)
{
    (void)state;
    for (unsigned bit = 0; bit < 4; bit++) {
        struct fb_efuse_words fuses, seen, again;
        uint32_t warnings = 99;

        memset(&fuses, 0xFF, sizeof(fuses)); // coding scheme 3: none
        fuses.word[0][0] = 0xFFF0FFFF | 0x10000u << bit;
        fb_efuse_read(&fuses, &seen, &warnings);
        assert_int_equal(warnings, 0);
        for (unsigned b = 0; b < 4; b++) {
            for (unsigned w = 0; w < 8; w++) {
                uint32_t hidden = b == bit + 1 ? 0xFFFFFFFF : 0;

                if (bit == 3 && b == 0) {
                    hidden = w == 3   ? 0x00004000
                             : w == 5 ? 0xF0000000
                             : w == 6 ? 0x00000403
                                      : 0;
                }
                assert_int_equal(seen.word[b][w], fuses.word[b][w] & ~hidden);
            }
        }
        again = fuses;
        fb_efuse_read(&again, &again, &warnings); // in place
        assert_memory_equal(&again, &seen, sizeof(seen));
    }
}

// --- coding schemes ----------------------------------------------------------

static void test_read_decodes_3_4(void **state)
{
    // Key file 00 .. 17 reversed and coded, in block 2.
    struct fb_efuse_words fuses = {
        {{0},
         {0},
         {0x14151617, 0x36011213, 0x0E0F1011, 0x37010C0D, 0x08090A0B,
          0x2C010607, 0x02030405, 0x13010001}}};
    static const uint32_t want[8] = {0x14151617, 0x10111213, 0x0C0D0E0F,
                                     0x08090A0B, 0x04050607, 0x00010203};
    struct fb_efuse_words seen;
    uint32_t warnings = 99;
    uint8_t key[32];

    (void)state;
    fuses.word[0][6] = 1;
    fb_efuse_read(&fuses, &seen, &warnings);
    assert_int_equal(warnings, 0);
    assert_memory_equal(seen.word[2], want, 32);
    assert_int_equal(fb_efuse_key(&fuses, 2, key), 24);
    for (unsigned i = 0; i < 24; i++) {
        assert_int_equal(key[i], i);
    }
    // Protection hides the block from software, not from the engines; nor
    // does hiding CODING_SCHEME change how blocks are decoded.
    fuses.word[0][0] = 0x00020000;
    fb_efuse_read(&fuses, &seen, &warnings);
    assert_true(fb_bytes_all((uint8_t *)seen.word[2], 32, 0));
    fuses.word[0][0] = 0x00080000;
    fb_efuse_read(&fuses, &seen, &warnings);
    assert_int_equal(seen.word[0][6], 0);
    assert_memory_equal(seen.word[2], want, 32);
    assert_int_equal(fb_efuse_key(&fuses, 2, key), 24);
    // Another bit in a coded group: a warning in the nibble of the block.
    for (unsigned b = 1; b < 4; b++) {
        for (unsigned g = 0; g < 4; g++) {
            struct fb_efuse_words bad = fuses;

            bad.word[b][2 * g] ^= 1;
            fb_efuse_read(&bad, &seen, &warnings);
            assert_int_equal(warnings, 1u << (4 * (b - 1) + g));
        }
    }
}

static void test_no_warnings_without_3_4(void **state)
{
    (void)state;
    for (unsigned coding = 0; coding < 4; coding++) {
        struct fb_efuse_words fuses, seen;
        uint32_t warnings = 99;

        memset(&fuses, 0x5A, sizeof(fuses));
        fuses.word[0][0] = 0;
        fuses.word[0][6] = coding;
        fb_efuse_read(&fuses, &seen, &warnings);
        assert_int_equal(warnings, coding == 1 ? 0xFFF : 0);
        assert_int_equal(seen.word[1][7], coding % 3 == 0 ? 0x5A5A5A5A : 0);
        assert_int_equal(seen.word[3][3], 0x5A5A5A5A);
        assert_int_equal(seen.word[3][5], coding == 2 ? 0 : 0x5A5A5A5A);
    }
}

// Key file 00 .. 1f: the words that espefuse burns into BLOCK1.
static void test_key_order(void **state)
{
    struct fb_efuse_words fuses = {
        {{0},
         {0x1C1D1E1F, 0x18191A1B, 0x14151617, 0x10111213, 0x0C0D0E0F,
          0x08090A0B, 0x04050607, 0x00010203}}};
    uint8_t *key = testing_guarded(NULL, 32);

    (void)state;
    for (uint32_t coding = 0; coding < 4; coding++) {
        if (coding == FB_CODING_3_4) {
            continue;
        }
        fuses.word[0][6] = coding;
        memset(key, 0xEE, 32);
        assert_int_equal(fb_efuse_key(&fuses, 1, key), 32);
        for (unsigned i = 0; i < 32; i++) {
            assert_int_equal(key[i], i);
        }
    }
    assert_int_equal(fb_efuse_key(&fuses, 2, key), 32);
    assert_true(fb_bytes_all(key, 32, 0));
}

// --- what fields mean
// ----------------------------------------------------------

static void test_flash_crypt_cnt(void **state)
{
    static const struct {
        uint32_t count;
        bool on;
        unsigned left;
    } rows[] = {{0x00, false, 3}, {0x01, true, 3},  {0x03, false, 2},
                {0x07, true, 2},  {0x0F, false, 1}, {0x1F, true, 1},
                {0x3F, false, 0}, {0x7F, true, 0},  {0x50, false, 2},
                {0x40, true, 3}};

    (void)state;
    for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct fb_efuse_words words = {{{0xF00FFFFB | rows[i].count << 20}}};

        assert_int_equal(fb_efuse_flash_encryption_on(&words), rows[i].on);
        assert_int_equal(fb_efuse_plaintext_flashes_left(&words), rows[i].left);
        words.word[0][0] |= 4; // the counter is write-protected
        assert_int_equal(fb_efuse_flash_encryption_on(&words), rows[i].on);
        assert_int_equal(fb_efuse_plaintext_flashes_left(&words), 0);
    }
}

static void test_chip_revision(void **state)
{
    static const unsigned revision[8] = {0, 1, 0, 2, 0, 0, 0, 3};

    (void)state;
    for (unsigned bits = 0; bits < 8; bits++) {
        struct fb_efuse_words words = {{{0}}};

        words.word[0][3] = (bits & 1) << 15;
        words.word[0][5] = (bits >> 1 & 1) << 20;
        assert_int_equal(
            fb_efuse_chip_revision(&words, bits >> 2 << 31 | 0x16042000),
            revision[bits]);
    }
}

static void test_blank_blocks(void **state)
{
    struct fb_efuse_words words = {{{0}}};

    (void)state;
    words.word[1][0] = 1;
    words.word[2][7] = 1u << 31;
    assert_true(fb_efuse_block_blank(&words, 0));
    assert_false(fb_efuse_block_blank(&words, 1));
    assert_false(fb_efuse_block_blank(&words, 2));
    assert_true(fb_efuse_block_blank(&words, 3));
}

// What RD_DIS hides, and what a read command shows, are the same.
static void test_hidden_blocks(void **state)
{
    (void)state;
    for (unsigned bits = 0; bits < 16; bits++) {
        struct fb_efuse_words words, shadow, mask;
        uint32_t dec_status;

        memset(&words, 0xFF, sizeof words);
        words.word[0][0] &= ~(0xFu << 16);
        words.word[0][0] |= bits << 16;
        words.word[0][6] &= ~3u; // no coding
        fb_efuse_read(&words, &shadow, &dec_status);
        fb_efuse_readable(&words, &mask);
        for (unsigned b = 0; b < FB_EFUSE_BLOCKS; b++) {
            assert_int_equal(fb_efuse_block_hidden(&words, b),
                             b > 0 && (bits >> (b - 1) & 1) != 0);
            assert_int_equal(mask.word[b][0] == 0,
                             fb_efuse_block_hidden(&words, b));
            for (unsigned w = 0; w < FB_EFUSE_BLOCK_WORDS; w++) {
                assert_int_equal(shadow.word[b][w],
                                 words.word[b][w] & mask.word[b][w]);
            }
        }
        assert_int_equal(mask.word[0][5] >> 28, (bits & 8) != 0 ? 0 : 15);
    }
}

// Of one word of BLOCK3, unless the block is somebody else's.
static void test_secure_version(void **state)
{
    static const struct {
        uint32_t version, config, mac_version;
        unsigned want;
    } rows[] = {
        {0, 0, 0, 0},           {0x7, 0, 0, 3},
        {0x80000001, 3, 0, 2},                  // scheme 3 is none
        {UINT32_MAX, 0, 0, 32}, {0x7, 1, 0, 0}, // 3/4
        {0x7, 2, 0, 0},                         // repeat
        {0x7, 1u << 10, 0, 0},                  // KEY_STATUS
        {0x7, 0, 1u << 24, 0},                  // a custom MAC
    };

    (void)state;
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct fb_efuse_words words = {{{0}}};

        words.word[3][4] = rows[i].version;
        words.word[0][6] = rows[i].config;
        words.word[3][5] = rows[i].mac_version;
        assert_int_equal(fb_efuse_secure_version(&words), rows[i].want);
    }
}

// Words 1 and 2 of a real part.
static void test_mac(void **state)
{
    struct fb_efuse_words words = {{{0, 0x1B604B8C, 0x009FE05A}}};
    struct fb_efuse_words built = {{{0}}};
    static const uint8_t want[6] = {0xE0, 0x5A, 0x1B, 0x60, 0x4B, 0x8C};
    uint8_t *mac = testing_guarded(NULL, 6);

    (void)state;
    assert_true(fb_efuse_mac(&words, mac));
    assert_memory_equal(mac, want, 6);
    fb_efuse_set_mac(&built, testing_guarded(want, 6));
    assert_memory_equal(&built, &words, sizeof(words));
    for (unsigned bit = 0; bit < 56; bit++) {
        struct fb_efuse_words bad = words;

        bad.word[0][1 + bit / 32] ^= 1u << bit % 32;
        assert_false(fb_efuse_mac(&bad, mac));
    }
    assert_true(fb_efuse_mac(&(struct fb_efuse_words){{{0}}}, mac));
    assert_true(fb_bytes_all(mac, 6, 0));
}

// --- provisioning
// --------------------------------------------------------------

// burn_key: the key reversed, then its protection.
static void burn_key(struct fb_efuse_words *fuses, unsigned block,
                     const uint8_t key[32])
{
    struct fb_efuse_words data = {{{0}}};
    uint8_t reversed[32];

    fb_bytes_reverse(reversed, key, 32);
    fb_efuse_or_bytes(&data, &fb_efuse_map[FB_EFUSE_BLOCK1 + block - 1],
                      reversed, 32);
    fb_efuse_program(fuses, &data);
    memset(&data, 0, sizeof(data));
    fb_efuse_or(&data, FB_EFUSE_WR_DIS,
                1u << fb_efuse_map[FB_EFUSE_BLOCK1 + block - 1].wr_dis);
    fb_efuse_or(&data, FB_EFUSE_RD_DIS,
                1u << fb_efuse_map[FB_EFUSE_BLOCK1 + block - 1].rd_dis);
    fb_efuse_program(fuses, &data);
}

static void burn(struct fb_efuse_words *fuses, enum fb_efuse_id id,
                 uint32_t value)
{
    struct fb_efuse_words data = {{{0}}};

    fb_efuse_or(&data, id, value);
    fb_efuse_program(fuses, &data);
}

// The classic order of a Pycom board.
static void test_provisioning_sequence(void **state)
{
    struct fb_efuse_words fuses = {{{0}}}, seen;
    uint8_t k1[32], k2[32], key[32];
    uint32_t warnings;

    (void)state;
    for (unsigned i = 0; i < 32; i++) {
        k1[i] = (uint8_t)i;
        k2[i] = (uint8_t)(0xA0 + i);
    }
    burn_key(&fuses, 1, k1);
    assert_int_equal(fuses.word[0][0], 0x00010080);
    assert_int_equal(fuses.word[1][0], 0x1C1D1E1F);
    assert_int_equal(fuses.word[1][7], 0x00010203);
    burn_key(&fuses, 2, k2);
    assert_int_equal(fuses.word[0][0], 0x00030180);
    burn(&fuses, FB_EFUSE_FLASH_CRYPT_CNT, 1);
    assert_int_equal(fuses.word[0][0], 0x00130180);
    burn(&fuses, FB_EFUSE_FLASH_CRYPT_CONFIG, 0xF);
    assert_int_equal(fuses.word[0][5], 0xF0000000);
    burn(&fuses, FB_EFUSE_ABS_DONE_0, 1);
    assert_int_equal(fuses.word[0][6], 0x00000010);
    assert_true(fb_efuse_flash_encryption_on(&fuses));

    fb_efuse_read(&fuses, &seen, &warnings);
    assert_memory_equal(seen.word[0], fuses.word[0], 32);
    assert_true(fb_bytes_all((uint8_t *)seen.word[1], 96, 0));
    assert_int_equal(fb_efuse_key(&fuses, 1, key), 32);
    assert_memory_equal(key, k1, 32);
    assert_int_equal(fb_efuse_key(&fuses, 2, key), 32);
    assert_memory_equal(key, k2, 32);
}

// --- espefuse 5.3.1
// ------------------------------------------------------------

static void pattern(uint8_t key[32], unsigned step, unsigned first)
{
    for (unsigned i = 0; i < 32; i++) {
        key[i] = (uint8_t)(i * step + first);
    }
}

// The RDATA registers in a file of espefuse --virt, which is the register
// window backwards.
static void expect_file(const struct fb_efuse_words *fuses, const char *name)
{
    static const unsigned rdata_off[4] = {0x00, 0x38, 0x58, 0x78};
    uint8_t file[288], window[288];
    struct fb_efuse_words seen;
    uint32_t warnings;

    assert_int_equal(testing_file(file, sizeof(file), VECTORS, name), 288);
    fb_bytes_reverse(window, file, 288);
    fb_efuse_read(fuses, &seen, &warnings);
    for (unsigned b = 0; b < 4; b++) {
        for (unsigned w = 0; w < (b == 0 ? 7u : 8u); w++) {
            assert_int_equal(seen.word[b][w],
                             load32_le(window + rdata_off[b] + 4 * w));
        }
    }
}

static void test_espefuse_keys(void **state)
{
    struct fb_efuse_words fuses = {{{0}}};
    uint8_t key[32];

    (void)state;
    pattern(key, 37, 11);
    burn_key(&fuses, 1, key);
    pattern(key, 53, 7);
    burn_key(&fuses, 2, key);
    expect_file(&fuses, "keys.bin");
}

static void test_espefuse_enable(void **state)
{
    struct fb_efuse_words fuses = {{{0}}};

    (void)state;
    burn(&fuses, FB_EFUSE_FLASH_CRYPT_CNT, 1);
    burn(&fuses, FB_EFUSE_FLASH_CRYPT_CONFIG, 0xF);
    burn(&fuses, FB_EFUSE_ABS_DONE_0, 1);
    expect_file(&fuses, "enable.bin");
}

static void test_espefuse_full(void **state)
{
    struct fb_efuse_words fuses = {{{0}}};
    uint8_t key[32];

    (void)state;
    pattern(key, 37, 11);
    burn_key(&fuses, 1, key);
    pattern(key, 53, 7);
    burn_key(&fuses, 2, key);
    burn(&fuses, FB_EFUSE_FLASH_CRYPT_CNT, 7);
    burn(&fuses, FB_EFUSE_FLASH_CRYPT_CONFIG, 0xF);
    burn(&fuses, FB_EFUSE_JTAG_DISABLE, 1);
    burn(&fuses, FB_EFUSE_DISABLE_DL_ENCRYPT, 1);
    burn(&fuses, FB_EFUSE_DISABLE_DL_DECRYPT, 1);
    burn(&fuses, FB_EFUSE_DISABLE_DL_CACHE, 1);
    burn(&fuses, FB_EFUSE_CONSOLE_DEBUG_DISABLE, 1);
    burn(&fuses, FB_EFUSE_ABS_DONE_0, 1);
    expect_file(&fuses, "full.bin");
}

// Names, readable and writeable as `summary --format json` has them.
static void expect_json(const char *bin, const char *json)
{
    static const unsigned rdata_off[4] = {0x00, 0x38, 0x58, 0x78};
    static char text[8192];
    uint8_t file[288], window[288];
    struct fb_efuse_words seen = {{{0}}};
    unsigned names = 0;
    const char *p;

    testing_file(file, sizeof(file), VECTORS, bin);
    fb_bytes_reverse(window, file, 288);
    for (unsigned w = 0; w < 7; w++) {
        seen.word[0][w] = load32_le(window + rdata_off[0] + 4 * w);
    }
    text[testing_file((uint8_t *)text, sizeof(text) - 1, VECTORS, json)] = 0;
    for (p = strchr(text, '"'); p != NULL; p = strchr(p, '"')) {
        size_t n = strcspn(++p, "\"");
        const struct fb_efuse_field *f = fb_efuse_find(p, n);
        const char *end = strchr(p, ']');
        bool writeable = strncmp(end - 5, "true", 4) == 0;
        bool readable = writeable ? strncmp(end - 11, "true", 4) == 0
                                  : strncmp(end - 12, "true", 4) == 0;

        if (f == NULL) { // computed from others
            assert_true(strncmp(p, "PKG_VERSION", n) == 0 ||
                        strncmp(p, "WAFER_VERSION_MAJOR", n) == 0);
        } else {
            names++;
            assert_int_equal(fb_efuse_is_frozen(&seen, f), !writeable);
            assert_int_equal(fb_efuse_is_hidden(&seen, f), !readable);
        }
        p = end;
    }
    assert_int_equal(names, FB_EFUSE_FIELDS - 4); // no ADC*_TP_* here
}

static void test_espefuse_summary(void **state)
{
    (void)state;
    expect_json("keys.bin", "keys.json");
    expect_json("enable.bin", "enable.json");
    expect_json("full.bin", "full.json");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fields_lie_in_their_block),
        cmocka_unit_test(test_fields_do_not_overlap),
        cmocka_unit_test(test_gaps_are_the_reserved_bits),
        cmocka_unit_test(test_fields_of_a_key_block_share_protection),
        cmocka_unit_test(test_names_are_unique_and_found),
        cmocka_unit_test(test_other_names_are_not_found),
        cmocka_unit_test(test_old_names),
        cmocka_unit_test(test_words_of_the_table),
        cmocka_unit_test(test_get_and_or),
        cmocka_unit_test(test_short_data_for_a_field),
        cmocka_unit_test(test_wr_dis_bit_by_bit),
        cmocka_unit_test(test_all_of_wr_dis),
        cmocka_unit_test(test_program_only_sets),
        cmocka_unit_test(test_wr_dis_counts_before_the_command),
        cmocka_unit_test(test_wr_dis_closes_itself),
        cmocka_unit_test(test_is_frozen_and_hidden),
        cmocka_unit_test(test_rd_dis_bit_by_bit),
        cmocka_unit_test(test_read_decodes_3_4),
        cmocka_unit_test(test_no_warnings_without_3_4),
        cmocka_unit_test(test_key_order),
        cmocka_unit_test(test_flash_crypt_cnt),
        cmocka_unit_test(test_chip_revision),
        cmocka_unit_test(test_secure_version),
        cmocka_unit_test(test_blank_blocks),
        cmocka_unit_test(test_hidden_blocks),
        cmocka_unit_test(test_mac),
        cmocka_unit_test(test_provisioning_sequence),
        cmocka_unit_test(test_espefuse_keys),
        cmocka_unit_test(test_espefuse_enable),
        cmocka_unit_test(test_espefuse_full),
        cmocka_unit_test(test_espefuse_summary),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
