// SPDX-License-Identifier: Apache-2.0

#include "lib/fb/first_boot.h"

#include "lib/fb/testing.h"

#include "lib/fb/bytes.h"
#include "lib/fb/crc.h"
#include "lib/fb/efuse_coding.h"

// --- the work area and the plan ---

static struct fb_partition data(uint8_t subtype, uint32_t offset, uint32_t size)
{
    return (struct fb_partition){
        .type = FB_PARTITION_DATA,
        .subtype = subtype,
        .offset = offset,
        .size = size,
    };
}

// The layouts of the boards, rows that matter (firmware/boards/layouts).
static void test_area(void **state)
{
    static struct fb_partition_table t;

    (void)state;
    t.count = 5; // classic, 4 MB
    t.part[0] = data(2, 0x9000, 0x7000);
    t.part[1] = data(9, 0x10000, 0x180000);
    t.part[2] = data(0, 0x190000, 0x1000);
    t.part[3] = data(9, 0x1A0000, 0x180000);
    t.part[4] = data(7, 0x320000, 0x10000);
    assert_int_equal(fb_first_boot_area(&t, 4u << 20), 0x192000);

    t.count = 7; // 4 MB: only the unused partition is large enough
    t.part[1].size = 0x1AE000;
    t.part[2].offset = 0x1BE000;
    t.part[3] = data(9, 0x1C0000, 0x1AE000);
    t.part[4] = data(7, 0x36E000, 0x10000);
    t.part[5] = data(5, 0x380000, 0x7F000);
    t.part[6] = data(6, 0x3FF000, 0x1000);
    assert_int_equal(fb_first_boot_area(&t, 4u << 20), 0x36E000);
    t.part[4].subtype = 8;
    assert_int_equal(fb_first_boot_area(&t, 4u << 20), 0);
    assert_int_equal(fb_first_boot_area(&t, 8u << 20), 0x400000);

    t.count = 1; // up to the very end
    t.part[0] = data(9, 0x9000, 0x400000 - 0x9000 - 0xB000);
    assert_int_equal(fb_first_boot_area(&t, 4u << 20), 0x400000 - 0xB000);
    t.part[0].size += 1;
    assert_int_equal(fb_first_boot_area(&t, 4u << 20), 0);
    assert_int_equal(fb_first_boot_area(&t, 0), 0);
}

static void test_plan(void **state)
{
    struct fb_first_boot_plan plan = {{0, 3, 0x191000}};
    struct fb_first_boot_plan back;
    uint8_t bytes[FB_FIRST_BOOT_PLAN_SIZE];

    (void)state;
    assert_int_equal(fb_first_boot_add(&plan, 0x8000, 0x1000), FB_OK);
    assert_int_equal(fb_first_boot_add(&plan, 0x10000, 0x1801), FB_OK);
    assert_int_equal(fb_first_boot_sector(&plan, 0), 0x8000);
    assert_int_equal(fb_first_boot_sector(&plan, 1), 0x10000);
    assert_int_equal(fb_first_boot_sector(&plan, 2), 0x11000);
    assert_int_equal(fb_first_boot_sector(&plan, 3), 0);

    fb_first_boot_encode(&plan, bytes);
    assert_int_equal(fb_first_boot_parse(bytes, &back), FB_OK);
    assert_int_equal(back.word[FB_FIRST_BOOT_FLAGS], 3);
    assert_int_equal(back.word[FB_FIRST_BOOT_PLACE], 0x191000);
    assert_int_equal(back.word[FB_FIRST_BOOT_COUNT_OF_RANGES], 2);
    assert_int_equal(fb_first_boot_sector(&back, 2), 0x11000);
    assert_int_equal(fb_first_boot_sector(&back, 3), 0);
    // The first word may be cleared, all else is covered.
    for (unsigned i = 0; i < 8 * sizeof(bytes); i++) {
        bytes[i / 8] ^= (uint8_t)(1u << i % 8);
        assert_int_equal(fb_first_boot_parse(bytes, &back),
                         i < 32 ? FB_E_BLANK : FB_E_BAD_CRC);
        bytes[i / 8] ^= (uint8_t)(1u << i % 8);
    }
    memset(bytes, 0, 4);
    assert_int_equal(fb_first_boot_parse(bytes, &back), FB_E_BLANK);
    assert_int_equal(back.word[FB_FIRST_BOOT_FLAGS], 3);
    memset(bytes, 0xFF, sizeof(bytes));
    assert_int_equal(fb_first_boot_parse(bytes, &back), FB_E_BAD_CRC);

    for (unsigned i = 2; i < FB_FIRST_BOOT_RANGES; i++) {
        assert_int_equal(fb_first_boot_add(&plan, 0x20000, 1), FB_OK);
    }
    assert_int_equal(fb_first_boot_add(&plan, 0x20000, 1), FB_E_NO_SPACE);
    fb_first_boot_encode(&plan, bytes);
    assert_int_equal(fb_first_boot_parse(bytes, &back), FB_OK);
    assert_int_equal(fb_first_boot_sector(&back, 16), 0x20000);
    assert_int_equal(fb_first_boot_sector(&back, 17), 0);
}

// --- the journal ---

static void scan(struct fb_first_boot_record newest[2], const uint8_t *bytes,
                 size_t n)
{
    newest[0].seq = newest[1].seq = FB_FIRST_BOOT_NONE;
    for (size_t i = 0; i < n; i += FB_FIRST_BOOT_RECORD) {
        fb_first_boot_record_scan(newest, bytes + i);
    }
}

static void test_journal(void **state)
{
    static uint8_t journal[2 * FB_FLASH_SECTOR];
    struct fb_first_boot_record newest[2];

    (void)state;
    memset(journal, 0xFF, sizeof(journal));
    scan(newest, journal, sizeof(journal));
    assert_int_equal(newest[0].seq, FB_FIRST_BOOT_NONE);
    // Round and round, a sector erased before its first record.
    for (uint32_t seq = 0; seq < 2000; seq++) {
        struct fb_first_boot_record r = {seq, 3 * seq, ~seq};
        uint8_t *at = journal + fb_first_boot_record_off(seq);

        if (seq % FB_FIRST_BOOT_RECORDS == 0) {
            memset(at, 0xFF, FB_FLASH_SECTOR);
            scan(newest, journal, sizeof(journal));
            assert_int_equal(newest[0].seq,
                             seq == 0 ? FB_FIRST_BOOT_NONE : seq - 1);
        }
        assert_true(fb_bytes_all(at, FB_FIRST_BOOT_RECORD, 0xFF));
        fb_first_boot_record_encode(&r, at);
        scan(newest, journal, sizeof(journal));
        assert_int_equal(newest[0].seq, seq);
        assert_int_equal(newest[0].index, 3 * seq);
        assert_int_equal(newest[0].crc, ~seq);
        assert_int_equal(newest[1].seq,
                         seq == 0 ? FB_FIRST_BOOT_NONE : seq - 1);
    }
}

// A record that was cut short is none: the first n bits, and random ones.
static void test_journal_torn(void **state)
{
    struct fb_first_boot_record r = {77, 1234, 0x89ABCDEF};
    struct fb_first_boot_record newest[2];
    uint8_t whole[FB_FIRST_BOOT_RECORD], torn[FB_FIRST_BOOT_RECORD];
    uint64_t random = 1;

    (void)state;
    fb_first_boot_record_encode(&r, whole);
    for (unsigned n = 0; n < 8 * sizeof(whole) + 1000; n++) {
        testing_random(&random, torn, sizeof(torn));
        for (unsigned i = 0; i < sizeof(whole); i++) {
            if (n < 8 * sizeof(whole)) {
                torn[i] = (uint8_t)(n >= 8 * (i + 1) ? 0
                                    : n <= 8 * i     ? 0xFF
                                                     : 0xFFu << n % 8);
            }
            torn[i] = (uint8_t)(torn[i] | whole[i]);
        }
        scan(newest, torn, sizeof(torn));
        assert_int_equal(newest[0].seq, memcmp(torn, whole, sizeof(whole)) == 0
                                            ? 77
                                            : FB_FIRST_BOOT_NONE);
    }
}

static void test_rescue(void **state)
{
    static uint8_t plan_sector[FB_FLASH_SECTOR];
    static uint8_t swap[FB_FIRST_BOOT_SWAP_N * FB_FLASH_SECTOR];
    struct fb_first_boot_plan plan = {{0, 0, 0x191000}};
    struct fb_first_boot_record r = {FB_FIRST_BOOT_PREPARED, 0x6A80, 0};
    struct fb_first_boot_rescue rescue = {0};
    uint8_t *at = swap + FB_FIRST_BOOT_PREPARED_OFF;
    uint64_t random = 3;

    (void)state;
    memset(plan_sector, 0xFF, sizeof(plan_sector));
    assert_int_equal(fb_first_boot_swap(plan_sector), 0);
    fb_first_boot_encode(&plan, plan_sector);
    assert_int_equal(fb_first_boot_swap(plan_sector), 0x195000);

    memset(swap, 0xFF, 0x1000);
    testing_random(&random, swap + 0x1000, 0x5A80);
    assert_int_equal(fb_first_boot_rescue(swap, 0x195000, &rescue), FB_E_BLANK);
    r.crc = fb_crc32(fb_crc32(0, swap, 192), swap + 0x1000, 0x5A80);
    fb_first_boot_record_encode(&r, at);
    assert_int_equal(fb_first_boot_rescue(swap, 0x195000, &rescue), FB_OK);
    assert_int_equal(rescue.digest_from, 0x195000);
    assert_int_equal(rescue.from, 0x196000);
    assert_int_equal(rescue.n, 0x5A80);
    swap[0x6A7F] ^= 1;
    assert_int_equal(fb_first_boot_rescue(swap, 0x195000, &rescue),
                     FB_E_BAD_CRC);
    swap[0x6A7F] ^= 1;
    swap[191] = 0;
    assert_int_equal(fb_first_boot_rescue(swap, 0x195000, &rescue),
                     FB_E_BAD_CRC);
    r.index = 0x7001; // longer than there is room
    fb_first_boot_record_encode(&r, at);
    assert_int_equal(fb_first_boot_rescue(swap, 0x195000, &rescue), FB_E_BLANK);
}

// --- fuses that are burned, wholly or not ---

struct chip {
    struct fb_efuse_words fuses;
    uint64_t random;
    unsigned burns;
    unsigned cut_at; // this burn is torn, 0: none
};

static uint32_t random32(struct chip *c)
{
    uint8_t bytes[4];

    testing_random(&c->random, bytes, sizeof(bytes));
    return load32_le(bytes);
}

// False: the power went.
static bool program(struct chip *c, unsigned block, const uint32_t data[8])
{
    struct fb_efuse_words words = {0};
    bool cut = ++c->burns == c->cut_at;

    for (unsigned i = 0; i < 8; i++) {
        words.word[block][i] = data[i] & (cut ? random32(c) : UINT32_MAX);
    }
    fb_efuse_program(&c->fuses, &words);
    return !cut;
}

static unsigned ones(uint32_t x)
{
    unsigned n = 0;

    for (; x != 0; x &= x - 1) {
        n++;
    }
    return n;
}

static bool make_key(struct chip *c, unsigned block)
{
    uint32_t data[8];

    for (unsigned n = 0; n < 200; n++) {
        if (!fb_first_boot_key_next(c->fuses.word[block], random32(c), data)) {
            return true;
        }
        if (!fb_bytes_all((const uint8_t *)data, sizeof(data), 0) &&
            !program(c, block, data)) {
            return false;
        }
    }
    fail();
    return false;
}

// Torn at every burn, and at every pair of them.
static void test_keys(void **state)
{
    (void)state;
    for (unsigned at = 0; at < 20 * 20; at++) {
        struct chip c = {.random = at + 1, .cut_at = at % 20};

        if (!make_key(&c, 1)) {
            c.cut_at += at / 20;
            if (!make_key(&c, 1)) {
                assert_true(make_key(&c, 1));
            }
        }
        for (unsigned i = 0; i < 8; i++) {
            assert_in_range(ones(c.fuses.word[1][i]), 10, 31);
        }
    }
}

// What an earlier burn left is kept, and no part is written twice without need.
static void test_key_parts(void **state)
{
    uint32_t key[8] = {0x000003FF, 0x000001FF}; // ten ones, and nine
    uint32_t data[8];

    (void)state;
    assert_true(fb_first_boot_key_next(key, 0x0F0F0F0F, data));
    assert_int_equal(data[0], 0);
    assert_int_equal(data[1], 0x0F0F0F0F);
    assert_int_equal(data[2], 0);
    assert_true(fb_first_boot_key_next(key, 0x00000101, data)); // poor
    assert_int_equal(data[1], 0);
    for (unsigned i = 0; i < 8; i++) {
        key[i] = 0x55555555;
    }
    assert_false(fb_first_boot_key_next(key, 0x0F0F0F0F, data));
}

// --- a board, step by step ---

struct model {
    struct chip chip;
    struct fb_first_boot_facts facts; // what is in flash
    bool header;                      // the bootloader is plaintext
};

static struct fb_first_boot_facts facts_of(const struct model *m)
{
    struct fb_first_boot_facts facts = m->facts;

    uint32_t dec_status;

    fb_efuse_read(&m->chip.fuses, &facts.shadow, &dec_status);
    return facts;
}

static bool burn(struct model *m, unsigned block, unsigned word, uint32_t bits)
{
    uint32_t data[8] = {0};

    data[word] = bits;
    return program(&m->chip, block, data);
}

static bool key_complete(const struct model *m, unsigned block)
{
    uint32_t data[8];

    return m->chip.fuses.word[0][6] != 0 || // burned by others
           !fb_first_boot_key_next(m->chip.fuses.word[block], 0, data);
}

static uint32_t field(const struct model *m, enum fb_efuse_id id)
{
    return fb_efuse_get(&m->chip.fuses, id);
}

// Execute a step, after checking that its time has come. False: cut.
static bool execute(struct model *m, enum fb_first_boot_step step)
{
    uint32_t data[8];
    unsigned block =
        step == FB_FIRST_BOOT_KEY1 || step == FB_FIRST_BOOT_SEAL1 ? 1 : 2;

    switch (step) {
    case FB_FIRST_BOOT_PLAN:
        assert_true(m->facts.verified);
        m->facts.planned = true;
        m->facts.flags = ~field(m, FB_EFUSE_RD_DIS) & 3u;
        return true;
    case FB_FIRST_BOOT_KEY1:
    case FB_FIRST_BOOT_KEY2:
        assert_true(m->facts.planned);
        assert_true(fb_first_boot_key_next(m->chip.fuses.word[block],
                                           random32(&m->chip), data));
        return program(&m->chip, block, data);
    case FB_FIRST_BOOT_SEAL1:
    case FB_FIRST_BOOT_SEAL2:
        assert_true(key_complete(m, block));
        return burn(m, 0, 0, 1u << (6 + block) | 1u << (15 + block));
    case FB_FIRST_BOOT_CONFIG:
        return burn(m, 0, 5, 0xFu << 28);
    case FB_FIRST_BOOT_ENCRYPT:
        // Under the final key only.
        assert_true(key_complete(m, 1));
        assert_int_equal(field(m, FB_EFUSE_RD_DIS) & 1, 1);
        assert_int_equal(field(m, FB_EFUSE_WR_DIS) >> 7 & 1, 1);
        assert_int_equal(field(m, FB_EFUSE_FLASH_CRYPT_CONFIG), 0xF);
        m->facts.encrypted = true;
        return true;
    case FB_FIRST_BOOT_COUNT:
        assert_true(m->facts.encrypted);
        m->facts.digest = m->facts.digest && field(m, FB_EFUSE_ABS_DONE_0) != 0;
        return burn(m, 0, 0,
                    fb_first_boot_counter(field(m, FB_EFUSE_FLASH_CRYPT_CNT))
                        << 20);
    case FB_FIRST_BOOT_DIGEST:
        assert_true(key_complete(m, 2));
        assert_int_equal(field(m, FB_EFUSE_RD_DIS), 3);
        m->facts.digest = true;
        return true;
    case FB_FIRST_BOOT_LOCK:
        return burn(m, 0, 6, 1u << 2 | 1u << 6 | 7u << 7);
    case FB_FIRST_BOOT_DONE0:
        assert_true(m->facts.digest && m->facts.verified);
        assert_true(fb_efuse_flash_encryption_on(&m->chip.fuses));
        return burn(m, 0, 6, 1u << 4);
    case FB_FIRST_BOOT_KEEP:
        assert_int_equal(field(m, FB_EFUSE_ABS_DONE_0), 1);
        m->facts.kept = true;
        return true;
    case FB_FIRST_BOOT_CLEAN:
        assert_true(m->facts.kept);
        m->facts.planned = false;
        m->facts.encrypted = false;
        m->facts.kept = false;
        return true;
    case FB_FIRST_BOOT_START:
    case FB_FIRST_BOOT_REFUSE:
        break;
    }
    fail();
    return false;
}

static bool to_the_end(struct model *m)
{
    for (unsigned n = 0; n < 300; n++) {
        struct fb_first_boot_facts facts = facts_of(m);
        enum fb_first_boot_why why = FB_FIRST_BOOT_WHY_UNVERIFIED;
        enum fb_first_boot_step step = fb_first_boot_next(&facts, &why);

        assert_int_not_equal(step, FB_FIRST_BOOT_REFUSE);
        if (step == FB_FIRST_BOOT_START) {
            return true;
        }
        if (!execute(m, step)) {
            return false;
        }
    }
    fail();
    return false;
}

static void check_end(const struct model *m)
{
    assert_true(fb_efuse_flash_encryption_on(&m->chip.fuses));
    assert_int_equal(field(m, FB_EFUSE_ABS_DONE_0), 1);
    assert_int_equal(field(m, FB_EFUSE_RD_DIS), 3);
    assert_int_equal(field(m, FB_EFUSE_WR_DIS) & 0x180, 0x180);
    assert_int_equal(field(m, FB_EFUSE_FLASH_CRYPT_CONFIG), 0xF);
    assert_int_equal(field(m, FB_EFUSE_DISABLE_DL_DECRYPT), 1);
    assert_int_equal(field(m, FB_EFUSE_JTAG_DISABLE), 1);
    assert_false(m->facts.planned);
}

// Torn at every burn, and from then on at every k-th; keys made, burned before,
// burned before with coding scheme 3/4.
static void test_steps(void **state)
{
    (void)state;
    for (unsigned at = 0; at < 45 * 45 * 3; at++) {
        struct model m = {.chip = {.random = at + 1},
                          .facts = {.verified = true}};
        unsigned kind = at / (45 * 45);

        if (kind > 0) {
            m.chip.fuses.word[0][0] = 3u << 16 | 0x180;
            m.chip.fuses.word[0][6] = kind == 2 ? FB_CODING_3_4 : 0;
            for (unsigned i = 0; i < 8; i++) {
                m.chip.fuses.word[1][i] = m.chip.fuses.word[2][i] = 0x0FF0F00Fu;
            }
        }
        m.chip.cut_at = at % 45;
        for (unsigned n = 0; !to_the_end(&m); n++) {
            assert_true(n < 300);
            m.chip.cut_at += at / 45 % 45;
        }
        check_end(&m);
    }
}

// Three more times, and no more.
static void test_plaintext_again(void **state)
{
    struct model m = {.chip = {.random = 1}, .facts = {.verified = true}};
    struct fb_first_boot_facts facts;
    enum fb_first_boot_why why = FB_FIRST_BOOT_WHY_UNVERIFIED;
    struct fb_efuse_words before;

    (void)state;
    assert_true(to_the_end(&m));
    for (unsigned left = 3; left > 0; left--) {
        assert_int_equal(fb_efuse_plaintext_flashes_left(&m.chip.fuses), left);
        assert_true(burn(
            &m, 0, 0,
            fb_first_boot_counter(field(&m, FB_EFUSE_FLASH_CRYPT_CNT)) << 20));
        before = m.chip.fuses;
        assert_true(to_the_end(&m));
        // Nothing but the counter.
        before.word[0][0] |= field(&m, FB_EFUSE_FLASH_CRYPT_CNT) << 20;
        assert_memory_equal(&before, &m.chip.fuses, sizeof(before));
    }
    assert_int_equal(fb_efuse_plaintext_flashes_left(&m.chip.fuses), 0);
    assert_int_equal(field(&m, FB_EFUSE_FLASH_CRYPT_CNT), 0x7F);

    // Off, and frozen: it could never come back.
    m.chip.fuses.word[0][0] = 3u << 20 | 1u << 2;
    facts = facts_of(&m);
    assert_int_equal(fb_first_boot_next(&facts, &why), FB_FIRST_BOOT_REFUSE);
    assert_int_equal(why, FB_FIRST_BOOT_WHY_FUSES);
}

// What is in the way is told before anything is burned.
static void test_refuses(void **state)
{
    static const struct {
        unsigned block, word;
        uint32_t bits;
        enum fb_first_boot_why why;
    } cases[] = {
        {1, 3, 1, FB_FIRST_BOOT_WHY_FUSES},
        {2, 3, 1, FB_FIRST_BOOT_WHY_FUSES},
        {0, 0, 1u << 16, FB_FIRST_BOOT_WHY_FUSES}, // hidden, but not frozen
        {0, 0, 1u << 7, FB_FIRST_BOOT_WHY_FUSES},
        {0, 0, 1u << 17, FB_FIRST_BOOT_WHY_FUSES},
        {0, 0, 1u << 2, FB_FIRST_BOOT_WHY_FUSES},
        {0, 0, 1u << 0, FB_FIRST_BOOT_WHY_FUSES},       // RD_DIS
        {0, 0, 1u << 1, FB_FIRST_BOOT_WHY_FUSES},       // WR_DIS
        {0, 0, 1u << 10, FB_FIRST_BOOT_WHY_FUSES},      // FLASH_CRYPT_CONFIG
        {0, 0, 1u << 12, FB_FIRST_BOOT_WHY_FUSES},      // ABS_DONE_0
        {0, 6, FB_CODING_3_4, FB_FIRST_BOOT_WHY_FUSES}, // keys are blank
        {0, 6, FB_CODING_REPEAT, FB_FIRST_BOOT_WHY_FUSES},
    };

    (void)state;
    for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct model m = {.facts = {.verified = true}};
        struct fb_first_boot_facts facts;
        enum fb_first_boot_why why = FB_FIRST_BOOT_WHY_UNVERIFIED;

        m.chip.fuses.word[cases[i].block][cases[i].word] = cases[i].bits;
        facts = facts_of(&m);
        assert_int_equal(fb_first_boot_next(&facts, &why),
                         FB_FIRST_BOOT_REFUSE);
        assert_int_equal(why, cases[i].why);
    }
}

static void test_starts_boards_of_others(void **state)
{
    struct model m = {.facts = {.kept = true}};
    struct fb_first_boot_facts facts;
    enum fb_first_boot_why why = FB_FIRST_BOOT_WHY_UNVERIFIED;

    (void)state;
    m.chip.fuses.word[0][0] = 1u << 20; // encrypted by the host, no plan
    facts = facts_of(&m);
    assert_int_equal(fb_first_boot_next(&facts, &why), FB_FIRST_BOOT_START);
    m.chip.fuses.word[0][6] = 1u << 4;
    facts = facts_of(&m);
    assert_int_equal(fb_first_boot_next(&facts, &why), FB_FIRST_BOOT_START);
    m.chip.fuses.word[0][0] = 0; // nothing verified: nothing begun
    facts = facts_of(&m);
    assert_int_equal(fb_first_boot_next(&facts, &why), FB_FIRST_BOOT_START);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_area),
        cmocka_unit_test(test_plan),
        cmocka_unit_test(test_journal),
        cmocka_unit_test(test_journal_torn),
        cmocka_unit_test(test_rescue),
        cmocka_unit_test(test_keys),
        cmocka_unit_test(test_key_parts),
        cmocka_unit_test(test_steps),
        cmocka_unit_test(test_plaintext_again),
        cmocka_unit_test(test_refuses),
        cmocka_unit_test(test_starts_boards_of_others),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
