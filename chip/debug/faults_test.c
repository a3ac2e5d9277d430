// SPDX-License-Identifier: Apache-2.0

#define _DEFAULT_SOURCE // for testing.h

#include "chip/debug/faults.h"

#include "chip/periph/flash_chip.h"
#include "chip/testing.h"

#define SECTOR 4096u

struct bench {
    struct rig *rig;
    struct faults faults;
};

// A board in download mode, with these faults (up to a NULL).
static struct bench *bench_new(uint64_t seed, const char *const *specs)
{
    struct bench *b = calloc(1, sizeof *b);
    struct chip_callbacks inner, cb;
    struct chip_config config;
    const char *why;

    assert_non_null(b);
    b->rig = rig_new(0, CHIP_STRAP_DOWNLOAD);
    faults_init(&b->faults, seed);
    for (; *specs != NULL; specs++) {
        assert_true(faults_parse(&b->faults, *specs, &why));
    }
    inner = rig_callbacks(b->rig);
    cb = faults_wrap(&b->faults, &inner);
    config = b->rig->chip->config;
    chip_init(b->rig->chip, &config, &cb);
    assert_true(faults_attach(&b->faults, b->rig->chip));
    rig_on(b->rig);
    return b;
}

static void bench_free(struct bench *b)
{
    rig_free(b->rig);
    free(b);
}

static struct bench *with(uint64_t seed, const char *spec)
{
    const char *const specs[] = {spec, NULL};

    return bench_new(seed, specs);
}

static bool program(struct bench *b, uint32_t at, const void *p, size_t n)
{
    return flash_chip_program(b->rig->chip, at, p, n);
}

static bool erase(struct bench *b, uint32_t at, uint32_t n)
{
    return flash_chip_erase(b->rig->chip, at, n);
}

static unsigned bits(const uint8_t *p, size_t n)
{
    unsigned ones = 0;

    for (size_t i = 0; i < n; i++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            ones += p[i] >> bit & 1u;
        }
    }
    return ones;
}

static bool is_off(struct bench *b)
{
    return chip_run(b->rig->chip, 1) == CHIP_POWER_LOST;
}

static void cuts_before_and_after(void **state)
{
    static const uint8_t zeros[256];
    struct bench *b = with(1, "cut=before:program:2");

    (void)state;
    assert_true(erase(b, 0, SECTOR)); // does not count
    assert_true(program(b, 0, zeros, 256));
    assert_false(is_off(b));
    assert_false(program(b, 256, zeros, 256));
    assert_true(is_off(b));
    assert_int_equal(bits(b->rig->flash, 256), 0);
    assert_int_equal(bits(b->rig->flash + 256, 256), 8 * 256);
    // Once: the next life is a quiet one.
    faults_power_on(&b->faults);
    rig_on(b->rig);
    assert_true(program(b, 256, zeros, 256));
    assert_true(program(b, 512, zeros, 256));
    bench_free(b);

    b = with(1, "cut=after:any:2");
    assert_true(program(b, 0, zeros, 256));
    assert_false(erase(b, 0, SECTOR));
    assert_true(is_off(b));
    assert_int_equal(bits(b->rig->flash, SECTOR), 8 * SECTOR);
    bench_free(b);

    b = with(1, "cut=after:burn:1");
    rig_burn(b->rig, 3, 0, 0xF0);
    assert_true(is_off(b));
    assert_int_equal(chip_efuses(b->rig->chip)->word[3][0], 0xF0);
    bench_free(b);

    b = with(1, "cut=before:burn:2");
    rig_burn(b->rig, 3, 0, 1);
    rig_burn(b->rig, 3, 0, 1); // burns nothing new: no operation
    assert_false(is_off(b));
    rig_burn(b->rig, 3, 0, 2);
    assert_true(is_off(b));
    assert_int_equal(chip_efuses(b->rig->chip)->word[3][0], 1);
    bench_free(b);
}

// Whatever the seed: nothing outside, no bit the wrong way; and the ways
// differ.
static void tears_a_page(void **state)
{
    uint8_t data[100], before[256];
    unsigned partial = 0, prefixes = 0;

    (void)state;
    for (unsigned i = 0; i < sizeof data; i++) {
        data[i] = (uint8_t)(i * 7);
    }
    for (uint64_t seed = 1; seed <= 40; seed++) {
        struct bench *b = with(seed, "cut=during:program:1");
        uint8_t *page = b->rig->flash + 0x1200;
        bool none = true, prefix = true;
        unsigned good = 256; // bytes before the first that is not as it should

        memset(page, 0xF7, 256);
        memcpy(before, page, 256);
        assert_false(program(b, 0x1220, data, sizeof data));
        assert_true(is_off(b));
        for (unsigned i = 0; i < 256; i++) {
            uint8_t full = before[i];

            if (i >= 0x20 && i < 0x20 + sizeof data) {
                full &= data[i - 0x20];
            }
            assert_int_equal(page[i] & full, full);           // not below it
            assert_int_equal(page[i] & ~before[i] & 0xFF, 0); // not above
            prefix = prefix && (i <= good || page[i] == before[i]);
            none = none && page[i] == before[i];
            good = good == 256 && page[i] != full ? i : good;
        }
        partial += good < 256 && !none;
        prefixes += prefix;
        bench_free(b);
    }
    assert_in_range(partial, 30, 40);
    assert_in_range(prefixes, 5, 35); // and in the others, scattered bits
}

// A program that wraps inside its page is torn inside its page.
static void tears_round_the_page(void **state)
{
    uint8_t out[4 + 200] = {0x02, 0x00, 0x10, 0xF0};
    uint8_t wren = 0x06;
    struct bench *b = with(3, "cut=during:program:1");

    (void)state;
    flash_chip_transfer(b->rig->chip, &wren, 1, NULL, 0);
    flash_chip_transfer(b->rig->chip, out, sizeof out, NULL, 0);
    assert_true(is_off(b));
    assert_int_equal(bits(b->rig->flash, 0x1000), 8 * 0x1000);
    assert_int_equal(bits(b->rig->flash + 0x1100, 256), 8 * 256);
    assert_in_range(bits(b->rig->flash + 0x1000, 256), 8 * 56, 8 * 256 - 1);
    assert_int_equal(bits(b->rig->flash + 0x10B8, 0xF0 - 0xB8), 8 * 56);
    bench_free(b);
}

static void tears_an_erase(void **state)
{
    unsigned prefixes = 0;

    (void)state;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct bench *b = with(seed, "cut=during:erase:1");
        uint8_t *sector = b->rig->flash + 2 * SECTOR;
        unsigned erased;

        memset(b->rig->flash + SECTOR, 0, 3 * SECTOR);
        assert_false(erase(b, 2 * SECTOR, SECTOR));
        assert_true(is_off(b));
        assert_int_equal(bits(sector - SECTOR, SECTOR), 0);
        assert_int_equal(bits(sector + SECTOR, SECTOR), 0);
        erased = bits(sector, SECTOR);
        assert_in_range(erased, 1, 8 * SECTOR - 1);
        prefixes += sector[0] == 0xFF && erased % 8 == 0 &&
                    bits(sector, erased / 8) == erased;
        bench_free(b);
    }
    assert_in_range(prefixes, 4, 16);
}

static void tears_a_burn(void **state)
{
    uint32_t seen = 0;

    (void)state;
    for (uint64_t seed = 1; seed <= 40; seed++) {
        struct bench *b = with(seed, "cut=during:burn:2");
        uint32_t now;

        rig_burn(b->rig, 3, 1, 0x0F);
        assert_false(is_off(b));
        rig_burn(b->rig, 3, 1, 0x3FF);
        assert_true(is_off(b));
        now = chip_efuses(b->rig->chip)->word[3][1];
        assert_int_equal(now & 0xF, 0xF); // burned stays burned
        assert_int_equal(now & ~0x3FFu, 0);
        assert_in_range(bits((uint8_t *)&now, 4), 5, 9);
        seen |= 1u << (now >> 4 & 31u);
        bench_free(b);
    }
    assert_in_range(bits((uint8_t *)&seen, 4), 10, 32); // many outcomes
}

static void repeats_by_seed(void **state)
{
    static const uint8_t zeros[256];
    uint8_t first[256];

    (void)state;
    for (unsigned round = 0; round < 2; round++) {
        struct bench *b = with(5, "cut=during:program:1");

        (void)program(b, 0, zeros, 256);
        if (round == 0) {
            memcpy(first, b->rig->flash, 256);
        } else {
            assert_memory_equal(first, b->rig->flash, 256);
        }
        bench_free(b);
    }
    const char *const other[] = {"seed=6", "cut=during:program:1", NULL};
    struct bench *b = bench_new(5, other);

    (void)program(b, 0, zeros, 256);
    assert_memory_not_equal(first, b->rig->flash, 256);
    bench_free(b);
}

static void bits_stick(void **state)
{
    static const char *const specs[] = {
        "stuck=flash:0x1000.3:1", "stuck=flash:0x1001.0:0",
        "stuck=efuse:3.33:0", "stuck=efuse:3.2:1", NULL};
    static const uint8_t zeros[2];
    struct bench *b = bench_new(1, specs);

    (void)state;
    assert_int_equal(b->rig->flash[0x1001], 0xFE); // from the beginning
    assert_int_equal(chip_efuses(b->rig->chip)->word[3][0], 4);
    assert_true(program(b, 0x1000, zeros, 2));
    assert_int_equal(b->rig->flash[0x1000], 8);
    assert_int_equal(b->rig->flash[0x1001], 0);
    assert_true(erase(b, 0x1000, SECTOR));
    assert_int_equal(b->rig->flash[0x1000], 0xFF);
    assert_int_equal(b->rig->flash[0x1001], 0xFE);
    rig_burn(b->rig, 3, 1, 7); // bit 33 of the block is bit 1 of word 1
    assert_int_equal(chip_efuses(b->rig->chip)->word[3][1], 5);
    assert_int_equal(rig_get(b->rig, 0x3FF5A078 + 4), 5);
    assert_false(is_off(b));
    bench_free(b);
}

static void bits_flip(void **state)
{
    static const char *const specs[] = {"flip=0x20.7", "flips=10", NULL};
    struct bench *b = bench_new(1, specs);

    (void)state;
    assert_int_equal(b->rig->flash[0x20], 0x7F);
    assert_in_range(8 * RIG_FLASH - bits(b->rig->flash, RIG_FLASH), 9, 11);
    bench_free(b);
}

// A mapped page shows what was changed behind the chip's back.
static void a_flip_is_seen_at_once(void **state)
{
    struct bench *b = with(1, "flip=0x10000.0");
    struct chip *chip = b->rig->chip;

    (void)state;
    for (unsigned i = 0; i < 128; i++) {
        rig_put(b->rig, 0x3FF10000 + 4 * i, 0x100);
    }
    rig_put(b->rig, 0x3FF00044, 0);
    rig_put(b->rig, 0x3FF00040, 1u << 3 | 0x10);
    rig_put(b->rig, 0x3FF10000, 1);
    assert_int_equal(rig_get(b->rig, 0x3F400000), 0xFFFFFFFE);
    assert_true(faults_attach(&b->faults, chip)); // flips it back
    assert_int_equal(rig_get(b->rig, 0x3F400000), 0xFFFFFFFF);
    bench_free(b);
}

// What a UART driver of the chip receives: bytes taken out of the FIFO.
static size_t received(struct bench *b, uint8_t *out)
{
    size_t n = 0;

    while ((rig_get(b->rig, 0x3FF4001C) & 0xFF) > 0) {
        out[n++] = (uint8_t)rig_get(b->rig, 0x3FF40000);
    }
    return n;
}

// Push numbered bytes through a line and count what comes.
static size_t through(const char *spec, uint8_t *out, size_t cap)
{
    struct bench *b = with(2, spec);
    size_t n = 0;

    b->rig->chip->rom.active = false; // nobody else takes them
    b->rig->chip->halted[0] = true;
    for (unsigned i = 0; i < 200; i++) {
        uint8_t byte = (uint8_t)i;

        assert_int_equal(faults_rx(&b->faults, 0, &byte, 1), 1);
        assert_true(n + 4 < cap);
        n += received(b, out + n);
    }
    bench_free(b);
    return n;
}

static void lines_lose_and_repeat(void **state)
{
    uint8_t got[512];
    size_t n = through("rx=lose:10", got, sizeof got);
    unsigned twice = 0;

    (void)state;
    assert_in_range(n, 165, 195); // 180 are to be expected
    for (size_t i = 1; i < n; i++) {
        assert_true(got[i] > got[i - 1]); // in order, none twice
    }
    n = through("rx=repeat:10", got, sizeof got);
    assert_in_range(n, 205, 235);
    for (size_t i = 1; i < n; i++) {
        assert_true(got[i] == got[i - 1] || got[i] == got[i - 1] + 1);
        twice += got[i] == got[i - 1];
    }
    assert_int_equal(n - 200, twice);
    assert_int_equal(through("rx=lose:1", got, sizeof got), 0);
}

static void lines_delay(void **state)
{
    struct bench *b = with(2, "rx=delay:1:5");
    uint8_t got[8];
    uint64_t start;

    (void)state;
    b->rig->chip->rom.active = false;
    soc_start_code(b->rig->chip, RIG_PROGRAM_VADDR);
    // j .: a busy core, so that time passes as it is asked to
    assert_int_equal(bus_write(&b->rig->chip->bus[0], RIG_PROGRAM_VADDR,
                               "\x06\xff\xff\x00", 4, NULL),
                     BUS_OK);
    start = chip_time_ns(b->rig->chip);
    assert_int_equal(faults_rx(&b->faults, 0, (const uint8_t *)"ab", 2), 2);
    assert_int_equal(received(b, got), 0);
    while (chip_time_ns(b->rig->chip) < start + 4900000) {
        assert_int_equal(faults_run(&b->faults, 1000), CHIP_RAN);
    }
    assert_int_equal(received(b, got), 0);
    while (chip_time_ns(b->rig->chip) < start + 5300000) {
        assert_int_equal(faults_run(&b->faults, 1000), CHIP_RAN);
    }
    assert_int_equal(received(b, got), 1);
    assert_int_equal(got[0], 'a');
    while (chip_time_ns(b->rig->chip) < start + 10300000) {
        assert_int_equal(faults_run(&b->faults, 1000000), CHIP_RAN);
    }
    assert_int_equal(received(b, got), 1);
    assert_int_equal(got[0], 'b');
    bench_free(b);
}

// A chip that waits for ever gets its delayed byte all the same.
static void a_waiting_chip_is_not_forgotten(void **state)
{
    struct bench *b = with(2, "rx=delay:1:60000");
    uint8_t sync[64];
    size_t n = testing_hex(sync, sizeof sync, "c0c0"); // empty frames

    (void)state;
    assert_int_equal(faults_rx(&b->faults, 0, sync, n), n);
    for (int i = 0; i < 100 && b->faults.line[0].count > 0; i++) {
        (void)faults_run(&b->faults, 100000);
    }
    assert_int_equal(b->faults.line[0].count, 0);
    bench_free(b);
}

static void the_way_out_has_faults_too(void **state)
{
    struct bench *b = with(1, "tx=lose:4");
    size_t n = strlen(b->rig->console);
    struct bench *clean = with(1, "seed=1");

    (void)state;
    assert_string_not_equal(b->rig->console, clean->rig->console);
    assert_true(n > 0 && n < strlen(clean->rig->console));
    bench_free(b);
    bench_free(clean);
}

// Read BLOCK3 n times by the controller's command. Returns the bits that have
// been 1 in *any, those that always were in *all.
static void read_block3(struct bench *b, unsigned n, uint32_t *any,
                        uint32_t *all)
{
    *any = 0;
    *all = UINT32_MAX;
    for (unsigned i = 0; i < n; i++) {
        uint32_t word;

        rig_put(b->rig, 0x3FF5A0FCu, 0x5AA5);
        rig_put(b->rig, 0x3FF5A104u, 1);
        word = rig_get(b->rig, 0x3FF5A078u);
        *any |= word;
        *all &= word;
    }
}

static void a_weak_fuse_reads_differently(void **state)
{
    const char *const specs[] = {"weak=efuse:3.7", "weak=efuse:3.0", NULL};
    struct bench *b = bench_new(3, specs);
    uint32_t any, all;

    (void)state;
    rig_burn(b->rig, 3, 0, 0xF0);
    read_block3(b, 40, &any, &all);
    assert_int_equal(any, 0xF1);
    assert_int_equal(all, 0x70);
    // Burned is burned, whatever it looks like; and again does not help.
    rig_burn(b->rig, 3, 0, 0x80);
    assert_int_equal(chip_efuses(b->rig->chip)->word[3][0], 0xF0);
    read_block3(b, 40, &any, &all);
    assert_int_equal(any ^ all, 0x81);
    bench_free(b);
}

static void a_torn_fuse_is_weak_until_burned_again(void **state)
{
    const char *const specs[] = {"cut=during:burn:1", "weak=torn", NULL};
    struct bench *b = bench_new(5, specs);
    uint32_t any, all, stored;

    (void)state;
    rig_burn(b->rig, 3, 0, 0xFFFF);
    assert_true(is_off(b));
    stored = chip_efuses(b->rig->chip)->word[3][0];
    assert_true(stored != 0 && stored != 0xFFFF);
    faults_power_on(&b->faults);
    rig_on(b->rig);
    read_block3(b, 60, &any, &all);
    assert_int_equal(any, 0xFFFF);
    assert_int_equal(all, stored);
    rig_burn(b->rig, 3, 0, 0xFFFF);
    read_block3(b, 60, &any, &all);
    assert_int_equal(any, 0xFFFF);
    assert_int_equal(all, 0xFFFF);
    bench_free(b);
}

static void a_weak_flash_bit_reads_differently(void **state)
{
    struct bench *b = with(1, "weak=flash:0x20003.4");
    static const uint8_t zeros[16];
    uint8_t any = 0, all = 0xFF, other = 0;

    (void)state;
    assert_true(program(b, 0x20000, zeros, 16));
    for (unsigned i = 0; i < 40; i++) {
        static const uint8_t read[] = {0x03, 0x02, 0x00, 0x00};
        uint8_t in[8];

        flash_chip_transfer(b->rig->chip, read, 4, in, sizeof in);
        any |= in[3];
        all &= in[3];
        other |= (uint8_t)(in[2] | in[4]);
    }
    assert_int_equal(any, 0x10);
    assert_int_equal(all, 0);
    assert_int_equal(other, 0);
    bench_free(b);
}

static void torn_flash_is_weak_until_erased(void **state)
{
    unsigned weak = 0;

    (void)state;
    for (uint64_t seed = 1; seed <= 10; seed++) {
        const char *const specs[] = {"cut=during:program:1", "weak=torn", NULL};
        struct bench *b = bench_new(seed, specs);
        static const uint8_t zeros[256];

        (void)program(b, 0x3000, zeros, sizeof zeros);
        weak += b->faults.weak_count;
        rig_on(b->rig);
        assert_true(erase(b, 0x2000, SECTOR));
        assert_true(seed > 1 || b->faults.weak_count > 0);
        assert_true(erase(b, 0x3000, SECTOR));
        assert_int_equal(b->faults.weak_count, 0);
        bench_free(b);
    }
    assert_true(weak > 0);
}

static void a_brown_out_tears_and_is_noticed_if_asked(void **state)
{
    struct bench *b = with(1, "brownout=burn:2");

    (void)state;
    // With the detector off the program goes on, and the burn is not whole.
    rig_burn(b->rig, 3, 0, 1);
    rig_burn(b->rig, 3, 1, 0xFFFFFFFF);
    assert_false(is_off(b));
    assert_int_not_equal(chip_efuses(b->rig->chip)->word[3][1], 0);
    assert_int_not_equal(chip_efuses(b->rig->chip)->word[3][1], 0xFFFFFFFF);
    assert_null(strstr(b->rig->console, "BROWN_OUT"));
    assert_int_equal(rig_get(b->rig, 0x3FF48040u) & 0x80u, 0);
    // Once only.
    rig_burn(b->rig, 3, 1, 0xFFFFFFFF);
    assert_int_equal(chip_efuses(b->rig->chip)->word[3][1], 0xFFFFFFFF);
    // Enabled: the interrupt; and with the reset, that.
    rig_put(b->rig, 0x3FF480D4u, 1u << 30);
    chip_brown_out(b->rig->chip);
    assert_int_equal(rig_get(b->rig, 0x3FF48040u) & 0x80u, 0x80u);
    rig_put(b->rig, 0x3FF480D4u, 1u << 30 | 1u << 26);
    b->rig->console_n = 0;
    chip_brown_out(b->rig->chip);
    rig_rom(b->rig);
    assert_non_null(
        strstr(b->rig->console, "rst:0xf (RTCWDT_BROWN_OUT_RESET)"));
    bench_free(b);
}

static void a_strap_glitches_once(void **state)
{
    struct bench *b = with(1, "strap=0x10:2");

    (void)state;
    assert_non_null(strstr(b->rig->console, "boot:0x3 (DOWNLOAD"));
    rig_on(b->rig);
    assert_non_null(strstr(b->rig->console, "boot:0x13 (SPI_FAST"));
    rig_on(b->rig);
    assert_non_null(strstr(b->rig->console, "boot:0x3 (DOWNLOAD"));
    bench_free(b);
}

static void refuses_nonsense(void **state)
{
    static const char *const bad[] = {
        "",
        "cut",
        "cut=",
        "cut=before:program",
        "cut=before:program:0",
        "cut=before:program:x",
        "cut=before:program:1 ",
        "cut=before:read:1",
        "cut=later:any:1",
        "cut=before:any:99999999999",
        "brownout=erase:1",
        "brownout=burn:0",
        "weak=",
        "weak=flash:0.8",
        "weak=efuse:4.0",
        "strap=0:1",
        "strap=0x40:1",
        "strap=1:0",
        "stuck=flash:0x10:1",
        "stuck=flash:0x10.8:1",
        "stuck=flash:0x10.7:2",
        "stuck=efuse:4.0:1",
        "stuck=efuse:0.224:1",
        "stuck=ram:0.0:1",
        "flip=5",
        "flip=5.8",
        "flip=0x.1",
        "flips=many",
        "rx=lose",
        "rx=lose:0",
        "rx=delay:5",
        "tx=eat:5",
        "seed=",
        "seed=-1",
        "smoke=1",
    };
    struct faults f, before;
    const char *why;

    (void)state;
    memset(&before, 0, sizeof before);
    faults_init(&before, 1);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        memset(&f, 0, sizeof f);
        faults_init(&f, 1);
        why = NULL;
        if (faults_parse(&f, bad[i], &why)) {
            fail_msg("%s was taken", bad[i]);
        }
        assert_non_null(why);
        assert_false(f.cut_armed);
        assert_int_equal(f.stuck_count + f.flip_count, 0);
    }
    for (unsigned i = 0; i < FAULTS_STUCK_MAX; i++) {
        assert_true(faults_parse(&f, "stuck=flash:0.0:1", &why));
    }
    assert_false(faults_parse(&f, "stuck=flash:0.0:1", &why));
}

static void looks_at_the_size(void **state)
{
    struct rig *rig = rig_new(0, CHIP_STRAP_DOWNLOAD);
    static struct faults f;

    (void)state;
    faults_init(&f, 1);
    assert_true(faults_flip(&f, 0, 0));
    assert_true(faults_flip(&f, RIG_FLASH, 0));
    assert_false(faults_attach(&f, rig->chip));
    assert_int_equal(rig->flash[0], 0xFF);
    rig_free(rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cuts_before_and_after),
        cmocka_unit_test(tears_a_page),
        cmocka_unit_test(tears_round_the_page),
        cmocka_unit_test(tears_an_erase),
        cmocka_unit_test(tears_a_burn),
        cmocka_unit_test(repeats_by_seed),
        cmocka_unit_test(bits_stick),
        cmocka_unit_test(bits_flip),
        cmocka_unit_test(a_flip_is_seen_at_once),
        cmocka_unit_test(lines_lose_and_repeat),
        cmocka_unit_test(lines_delay),
        cmocka_unit_test(a_waiting_chip_is_not_forgotten),
        cmocka_unit_test(the_way_out_has_faults_too),
        cmocka_unit_test(a_weak_fuse_reads_differently),
        cmocka_unit_test(a_torn_fuse_is_weak_until_burned_again),
        cmocka_unit_test(a_weak_flash_bit_reads_differently),
        cmocka_unit_test(torn_flash_is_weak_until_erased),
        cmocka_unit_test(a_brown_out_tears_and_is_noticed_if_asked),
        cmocka_unit_test(a_strap_glitches_once),
        cmocka_unit_test(refuses_nonsense),
        cmocka_unit_test(looks_at_the_size),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
