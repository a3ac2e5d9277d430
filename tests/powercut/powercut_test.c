// SPDX-License-Identifier: Apache-2.0
//
// Power is cut at every flash and eFuse operation of the sequences a board's
// life depends on: before it, after it, in the middle of it. Whatever is left
// in flash and fuses, the board must get to the same end when power comes back.
//
//     powercut_test              a sample of the cuts (part of the test run)
//     powercut_test --all        every one (make powercut)
//
// With the mask ROMs (ESP32_ROM_DIR, as for tests/boot/mask_rom.bats) the first
// boot is cut with them too, in places chosen at random.
//
// Each sequence runs once to record what it does, and once more with a second
// board tried from every state in between. A second board that resets with
// flash and fuses as in a state that is known to get to the end needs not be
// followed further: what comes then depends on nothing else.
//
// Needs the cross compiler; skipped without.

#define _DEFAULT_SOURCE // for testing.h

#include <sys/wait.h>

#include "chip/rom/mask_rom.h"
#include "lib/fb/crc.h"
#include "lib/fb/efuse_coding.h"
#include "tests/powercut/scene.h"
#include "tests/powercut/update/update.h"
#include "tests/support/rom.h"

#define LIMIT_MS    60000u // of chip time, until the application runs
#define SEEN_SLOTS  (1u << 18)
#define TWICE_BELOW 200u // operations: two cuts in a row

enum torn { TORN_FIRST, TORN_BITS, TORN_KINDS }; // how an operation is halved

struct tally {
    unsigned long states;
    unsigned long lost;
    unsigned long rescued;
};

static struct scene scene;
static struct mask_rom rom;
static bool with_rom;
static unsigned revision;
static bool all;
static struct tally total;

// --- known states ---

// Those from which power was cut again at every operation, and those from which
// it was not.
static uint64_t seen[2][SEEN_SLOTS];

static bool is_known(uint64_t state, unsigned more_cuts)
{
    for (uint64_t i = state;; i++) {
        uint64_t at = seen[more_cuts][i % SEEN_SLOTS];

        if (at == 0 || at == state) {
            return at == state;
        }
    }
}

static void know(uint64_t state, unsigned more_cuts)
{
    for (unsigned cuts = 0; cuts <= more_cuts; cuts++) {
        uint64_t i = state;

        while (seen[cuts][i % SEEN_SLOTS] != 0 &&
               seen[cuts][i % SEEN_SLOTS] != state) {
            i++;
        }
        seen[cuts][i % SEEN_SLOTS] = state;
    }
}

// --- one board, to its end ---

static struct board *new_board(void)
{
    return board_new(with_rom ? &rom : NULL, revision);
}

enum end { END_APP, END_KNOWN, END_ROM, END_STOPPED, END_TIME, END_CUT };

static bool says(const struct board *b, const char *text)
{
    return strstr(b->h.console, text) != NULL;
}

// The ROM's words when it finds no image (2016 and 2019).
static bool rom_finds_nothing(const struct board *b)
{
    return says(b, "flash read err") || says(b, "invalid header") ||
           says(b, "csum err") || says(b, "ecure boot check fail");
}

static enum end run(struct board *b, unsigned more_cuts)
{
    uint64_t end = chip_time_ns(b->h.chip) + LIMIT_MS * 1000000u;
    unsigned resets = 0;

    board_on(b);
    while (chip_time_ns(b->h.chip) < end) {
        enum chip_stop stop = chip_run(b->h.chip, 100000);

        if (says(b, "Hi\n")) {
            return END_APP;
        }
        if (stop == CHIP_POWER_LOST) {
            return END_CUT;
        }
        if (rom_finds_nothing(b)) {
            return END_ROM;
        }
        if (says(b, "UART download.\r\n")) {
            return END_STOPPED;
        }
        if (b->resets != resets) {
            resets = b->resets;
            if (is_known(board_state(b), more_cuts)) {
                return END_KNOWN;
            }
        }
    }
    return END_TIME;
}

// --- the tool's part ---

static void raw_write(struct board *b, uint32_t at, const uint8_t *p, size_t n)
{
    static uint8_t bytes[FB_FIRST_BOOT_SWAP_N * SECTOR];
    size_t whole = (n + SECTOR - 1) / SECTOR * SECTOR;

    memset(bytes, 0xFF, sizeof bytes);
    memcpy(bytes, p, n);
    board_load(b, at, bytes, whole);
}

static void burn_next_count(struct board *b)
{
    struct fb_efuse_words fuses = *chip_efuses(b->h.chip);

    fb_efuse_or(
        &fuses, FB_EFUSE_FLASH_CRYPT_CNT,
        fb_first_boot_counter(fb_efuse_get(&fuses, FB_EFUSE_FLASH_CRYPT_CNT)));
    chip_set_efuses(b->h.chip, &fuses);
}

// Over UART: what the bootloader has prepared is put in its place.
static bool rescue(struct board *b)
{
    static uint8_t bytes[FB_FIRST_BOOT_SWAP_N * SECTOR];
    struct fb_first_boot_rescue r;
    uint32_t swap = fb_first_boot_swap(b->h.flash + FB_FIRST_BOOT_PLAN_OFF);

    if (fb_efuse_flash_encryption_on(chip_efuses(b->h.chip)) || swap == 0) {
        return false;
    }
    memcpy(bytes, b->h.flash + swap, sizeof bytes);
    if (fb_first_boot_rescue(bytes, swap, &r) != FB_OK) {
        return false;
    }
    if (!fb_bytes_all(bytes, FB_FIRST_BOOT_DIGEST_SIZE, 0xFF)) {
        raw_write(b, 0, bytes, FB_FIRST_BOOT_DIGEST_SIZE);
    }
    raw_write(b, 0x1000, bytes + (r.from - swap), r.n);
    burn_next_count(b);
    return true;
}

// Over UART: the plaintext bootloader (and its digest, if the ROM wants one)
// once more.
static void reflash_bootloader(struct board *b, const uint8_t *digest)
{
    if (digest != NULL) {
        raw_write(b, 0, digest, FB_FIRST_BOOT_DIGEST_SIZE);
    }
    raw_write(b, FB_SECURE_BOOT_V1_IMAGE_OFF, scene.bootloader,
              scene.bootloader_n);
}

// --- what must be true at the end ---

static void fail_state(const struct board *b, const char *what)
{
    print_error("lost: %s\n%s\n", what, b->h.console);
}

static bool is_sealed(const struct fb_efuse_words *f)
{
    return (fb_efuse_get(f, FB_EFUSE_RD_DIS) & 3u) == 3 &&
           (fb_efuse_get(f, FB_EFUSE_WR_DIS) & 0x180u) == 0x180 &&
           fb_efuse_get(f, FB_EFUSE_FLASH_CRYPT_CONFIG) == 0xF &&
           fb_efuse_flash_encryption_on(f) &&
           fb_efuse_get(f, FB_EFUSE_ABS_DONE_0) == 1 &&
           fb_efuse_get(f, FB_EFUSE_JTAG_DISABLE) == 1 &&
           fb_efuse_get(f, FB_EFUSE_DISABLE_DL_DECRYPT) == 1;
}

static bool reads(const struct board *b, uint32_t at, const void *p, size_t n)
{
    static uint8_t bytes[TESTING_BLOB];

    scene_read(b, at, bytes, (n + 15) & ~(size_t)15);
    return memcmp(bytes, p, n) == 0;
}

// Encrypted, complete, nothing of the plaintext left anywhere.
static bool is_whole(const struct board *b)
{
    const uint8_t *flash = b->h.flash;
    uint8_t digest[FB_FIRST_BOOT_DIGEST_SIZE];

    scene_read(b, 0, digest, sizeof digest);
    if (!is_sealed(chip_efuses(b->h.chip))) {
        fail_state(b, "fuses");
    } else if (!reads(b, FB_SECURE_BOOT_V1_IMAGE_OFF, scene.bootloader,
                      scene.bootloader_n) ||
               !reads(b, FB_PARTITION_TABLE_OFF, scene.table,
                      sizeof scene.table) ||
               !reads(b, SCENE_SLOT_0, scene.app.p, scene.app.n) ||
               !reads(b, SCENE_SLOT_1, scene.app.p, scene.app.n) ||
               !reads(b, SCENE_DATA, scene.data, sizeof scene.data)) {
        fail_state(b, "contents");
    } else if (!fb_bytes_all(flash + SCENE_AREA, FB_FIRST_BOOT_AREA * SECTOR,
                             0xFF)) {
        fail_state(b, "work area");
    } else if (memcmp(flash + FB_FIRST_BOOT_DIGEST_OFF, digest,
                      sizeof digest) != 0) {
        fail_state(b, "digest");
    } else {
        return true;
    }
    return false;
}

// flash_off of the application that was started last.
static uint32_t started_slot(const struct board *b)
{
    static const char line[] = "Loading app partition at offset ";
    uint32_t slot = 0;

    for (const char *p = b->h.console; (p = strstr(p, line)) != NULL;) {
        p += strlen(line);
        slot = (uint32_t)strtoul(p, NULL, 16);
    }
    return slot;
}

// --- sequences ---

struct sequence {
    const char *name;
    void (*begin)(struct board *b); // what the board is before
    bool (*whole)(const struct board *b);
    bool window;           // the ROM may find no bootloader
    uint32_t slot;         // that runs in the end, if nothing is cut; 0: any
    const uint8_t *digest; // plaintext at 0x0, NULL: none
};

struct course {
    const struct sequence *q;
    struct board *child;   // tried at every operation; NULL: none
    struct course *deeper; // and another board at each of its operations
    unsigned long every;   // of the flash operations, one; the burns all
    uint64_t random;
    uint8_t was[SECTOR]; // before the operation
    struct fb_efuse_words was_fuses;
    unsigned long programs, erases, burns;
    bool in_window;
    unsigned long window; // operations between which the ROM finds nothing
    uint64_t window_from, window_ns;
    unsigned long flash_us;
};

static void before(struct board *b, unsigned op, uint32_t at, uint32_t n);
static void after(struct board *b, unsigned op, uint32_t at, uint32_t n);

// From a state between two operations (or inside one) to the end.
static void try(struct course *c)
{
    struct board *b = c->child;
    unsigned more_cuts = c->deeper != NULL;
    uint64_t state = board_state(b);
    enum end end;

    total.states++;
    if (is_known(state, more_cuts)) {
        return;
    }
    b->ctx = c->deeper;
    b->before = more_cuts ? before : NULL;
    b->after = more_cuts ? after : NULL;
    end = run(b, more_cuts);
    if (end == END_ROM && c->q->window) {
        bool by_copy = total.rescued % 2 == 0;

        // Either way leads out of the window.
        total.rescued++;
        if (!by_copy) {
            reflash_bootloader(b, c->q->digest);
        } else if (!rescue(b)) {
            total.lost++;
            fail_state(b, "no rescue");
            return;
        }
        end = is_known(board_state(b), 0) ? END_KNOWN : run(b, 0);
    }
    if (b->unmodelled != 0) {
        print_error("unmodelled accesses\n");
        total.lost++;
    } else if (end == END_APP ? !c->q->whole(b) : end != END_KNOWN) {
        fail_state(b, "does not start");
        total.lost++;
    } else {
        know(state, more_cuts);
    }
}

static uint32_t random32(struct course *c)
{
    uint8_t bytes[4];

    testing_random(&c->random, bytes, sizeof bytes);
    return load32_le(bytes);
}

// A part from its start, or bits all over it, of what the operation changed.
static void tear(struct course *c, uint8_t *now, size_t n, enum torn torn)
{
    size_t first = 0;
    size_t done;

    while (first < n && now[first] == c->was[first]) {
        first++;
    }
    done = first + 1 + random32(c) % (n - first + 1);
    for (size_t i = first; i < n; i++) {
        uint8_t changed = (uint8_t)(now[i] ^ c->was[i]);

        if (torn == TORN_BITS || i == done) {
            changed = (uint8_t)(changed & random32(c));
        } else if (i > done) {
            changed = 0;
        }
        now[i] = (uint8_t)(c->was[i] ^ changed);
    }
}

static void try_torn_flash(struct course *c, struct board *b, uint32_t at,
                           enum torn torn)
{
    uint8_t bytes[SECTOR];
    uint32_t sector = at & ~(SECTOR - 1);

    board_same(c->child, b);
    memcpy(bytes, b->h.flash + sector, SECTOR);
    tear(c, bytes, SECTOR, torn);
    board_load(c->child, sector, bytes, SECTOR);
    try(c);
}

static void try_torn_burn(struct course *c, struct board *b)
{
    struct fb_efuse_words fuses = *chip_efuses(b->h.chip);

    for (unsigned w = 0; w < 32; w++) {
        uint32_t *word = &fuses.word[w / 8][w % 8];
        uint32_t was = c->was_fuses.word[w / 8][w % 8];

        *word = was | (*word & random32(c));
    }
    board_same(c->child, b);
    chip_set_efuses(c->child->h.chip, &fuses);
    try(c);
}

// A sector's erase and a page program of n bytes take that long, typically
// (W25Q32JV data sheet, tSE, tBP1, tBP2), and none in the virtual chip.
static unsigned long typical_us(unsigned op, uint32_t n)
{
    return op == CHIP_OP_FLASH_ERASE     ? 45000
           : op == CHIP_OP_FLASH_PROGRAM ? 30 + 5 * (n - 1) / 2
                                         : 0;
}

static void watch_window(struct course *c, struct board *b, unsigned op,
                         uint32_t n)
{
    bool in = b->h.flash[FB_SECURE_BOOT_V1_IMAGE_OFF] != 0xE9 &&
              !fb_efuse_flash_encryption_on(chip_efuses(b->h.chip));

    if (in && !c->in_window) {
        c->window_from = chip_time_ns(b->h.chip);
    } else if (in || c->in_window) {
        c->flash_us += typical_us(op, n);
        c->window_ns = chip_time_ns(b->h.chip) - c->window_from;
    }
    c->window += in;
    c->in_window = in;
}

static void before(struct board *b, unsigned op, uint32_t at, uint32_t n)
{
    struct course *c = b->ctx;

    (void)n;
    if (op == CHIP_OP_EFUSE_BURN) {
        c->was_fuses = *chip_efuses(b->h.chip);
    } else {
        memcpy(c->was, b->h.flash + (at & ~(SECTOR - 1)), SECTOR);
    }
}

// "After" is "before" the next one.
static void after(struct board *b, unsigned op, uint32_t at, uint32_t n)
{
    struct course *c = b->ctx;

    c->programs += op == CHIP_OP_FLASH_PROGRAM;
    c->erases += op == CHIP_OP_FLASH_ERASE;
    c->burns += op == CHIP_OP_EFUSE_BURN;
    if (c->child == NULL) {
        watch_window(c, b, op, n);
        return;
    }
    if (c->every > 1 && op != CHIP_OP_EFUSE_BURN &&
        random32(c) % c->every != 0) {
        return;
    }
    board_same(c->child, b);
    try(c);
    for (unsigned torn = 0; torn < TORN_KINDS; torn++) {
        if (op == CHIP_OP_EFUSE_BURN) {
            try_torn_burn(c, b);
        } else {
            try_torn_flash(c, b, at, (enum torn)torn);
        }
    }
}

// Through the whole sequence, with `child` tried in between (NULL: only looked
// at). The states it boots from are known to be good once it has got there.
static void go(struct course *c)
{
    struct board *b = new_board();
    uint64_t at_reset = 0;
    unsigned resets = 0;

    c->programs = c->erases = c->burns = 0;
    c->q->begin(b);
    b->ctx = c;
    b->before = before;
    b->after = after;
    board_on(b);
    while (!says(b, "Hi\n")) {
        if (chip_run(b->h.chip, 100000) == CHIP_POWER_LOST ||
            chip_time_ns(b->h.chip) > LIMIT_MS * 1000000ull) {
            break;
        }
        if (b->resets != resets) {
            resets = b->resets;
            at_reset = board_state(b);
        }
    }
    if (!says(b, "Hi\n") || !c->q->whole(b) || b->unmodelled != 0 ||
        (c->q->slot != 0 && started_slot(b) != c->q->slot)) {
        fail_state(b, c->q->name);
        total.lost++;
    } else if (at_reset != 0) {
        know(at_reset, 1);
    }
    board_free(b);
}

static void cut_everywhere(const struct sequence *q, unsigned long every)
{
    struct course c = {.q = q, .random = 11};
    struct course deeper = {.q = q, .random = 13};
    struct tally before_it = total;

    memset(seen, 0, sizeof seen);
    go(&c);
    c.child = new_board();
    c.every = every;
    if (c.programs + c.erases + c.burns < TWICE_BELOW) {
        deeper.child = new_board();
        deeper.every = every;
        c.deeper = &deeper;
    }
    go(&c);
    board_free(c.child);
    if (deeper.child != NULL) {
        board_free(deeper.child);
    }
    print_message("# %s: %lu page programs, %lu erases, %lu burns, cut %s; %lu "
                  "states, %lu lost\n",
                  q->name, c.programs, c.erases, c.burns,
                  c.deeper != NULL ? "twice" : "once",
                  total.states - before_it.states, total.lost - before_it.lost);
    if (q->window) {
        print_message("#   the ROM finds no bootloader between %lu operations: "
                      "%lu ms of the chip's own and about %lu ms of a flash "
                      "chip's time; %lu states rescued over UART\n",
                      c.window, (unsigned long)(c.window_ns / 1000000),
                      (unsigned long)(c.flash_us / 1000),
                      total.rescued - before_it.rescued);
    }
    assert_int_equal(total.lost, before_it.lost);
}

// --- first boot ---

static void begin_blank(struct board *b)
{
    scene_flash(&scene, b);
}

static void begin_burned(struct board *b)
{
    struct fb_efuse_words fuses = *chip_efuses(b->h.chip);

    scene_flash(&scene, b);
    for (unsigned i = 0; i < 8; i++) {
        fuses.word[1][i] = 0x01234567u * (i + 1);
        fuses.word[2][i] = 0x89ABCDEFu * (i + 1);
    }
    fb_efuse_or(&fuses, FB_EFUSE_RD_DIS, 3);
    fb_efuse_or(&fuses, FB_EFUSE_WR_DIS, 0x180);
    chip_set_efuses(b->h.chip, &fuses);
}

static void begin_burned_3_4(struct board *b)
{
    struct fb_efuse_words fuses = {0};
    uint8_t key[24];

    for (unsigned block = 1; block <= 2; block++) {
        memset(key, 0x35 + (int)block, sizeof key);
        assert_int_equal(
            fb_efuse_encode(FB_CODING_3_4, key, sizeof key, fuses.word[block]),
            FB_OK);
    }
    fb_efuse_or(&fuses, FB_EFUSE_CODING_SCHEME, FB_CODING_3_4);
    fb_efuse_or(&fuses, FB_EFUSE_RD_DIS, 3);
    fb_efuse_or(&fuses, FB_EFUSE_WR_DIS, 0x180);
    chip_set_efuses(b->h.chip, &fuses);
    scene_flash(&scene, b);
}

static const struct sequence first_boot = {
    "first boot, keys made", begin_blank, is_whole, true, 0, NULL};
static const struct sequence first_boot_burned = {
    "first boot, keys burned before", begin_burned, is_whole, true, 0, NULL};
static const struct sequence first_boot_3_4 = {
    "first boot, keys burned before, coding scheme 3/4",
    begin_burned_3_4,
    is_whole,
    true,
    0,
    NULL};

static void test_first_boot(void **state)
{
    (void)state;
    cut_everywhere(&first_boot, all ? 1 : 150);
}

static void test_first_boot_burned(void **state)
{
    (void)state;
    cut_everywhere(&first_boot_burned, all ? 1 : 250);
}

static void test_first_boot_3_4(void **state)
{
    (void)state;
    cut_everywhere(&first_boot_3_4, all ? 1 : 800);
}

// --- plaintext again ---

static struct board *locked; // as its first boot left it
static uint8_t locked_digest[FB_FIRST_BOOT_DIGEST_SIZE];

static void begin_reflash(struct board *b)
{
    board_same(b, locked);
    burn_next_count(b);
    raw_write(b, 0, locked_digest, sizeof locked_digest);
    raw_write(b, FB_SECURE_BOOT_V1_IMAGE_OFF, scene.bootloader,
              scene.bootloader_n);
    raw_write(b, FB_PARTITION_TABLE_OFF, scene.table, sizeof scene.table);
    raw_write(b, SCENE_SLOT_0, scene.app.p, scene.app.n);
}

static const struct sequence reflash = {
    "plaintext re-flash", begin_reflash, is_whole, true, 0, locked_digest};

static void lock_a_board(void)
{
    locked = new_board();
    begin_blank(locked);
    assert_int_equal(run(locked, 0), END_APP);
    assert_true(is_whole(locked));
    memcpy(locked_digest, locked->h.flash + FB_FIRST_BOOT_DIGEST_OFF,
           sizeof locked_digest);
}

static void test_reflash(void **state)
{
    (void)state;
    memset(seen, 0, sizeof seen);
    lock_a_board();
    cut_everywhere(&reflash, all ? 1 : 200);
    board_free(locked);
}

static void expect_start(struct board *b, const char *text)
{
    assert_int_equal(run(b, 0), END_APP);
    assert_true(is_whole(b));
    if (!says(b, text)) {
        fail_msg("not said: %s\n%s", text, b->h.console);
    }
}

// Three more times, counted down on the console, and no more.
static void test_three_times(void **state)
{
    static const char *const left[] = {"(2 plaintext flashes left)",
                                       "(1 plaintext flashes left)",
                                       "(0 plaintext flashes left)"};
    struct board *b = new_board();
    struct fb_efuse_words fuses;

    (void)state;
    memset(seen, 0, sizeof seen);
    lock_a_board();
    assert_true(says(locked, "(3 plaintext flashes left)"));
    for (unsigned i = 0; i < 3; i++) {
        begin_reflash(b);
        expect_start(b, left[i]);
        board_same(locked, b);
    }
    // The counter is full: encryption stays on, plaintext is never read.
    fuses = *chip_efuses(locked->h.chip);
    burn_next_count(locked);
    assert_memory_equal(&fuses, chip_efuses(locked->h.chip), sizeof fuses);
    reflash_bootloader(locked, locked_digest);
    assert_int_equal(run(locked, 0), END_ROM);
    board_free(locked);
    board_free(b);
}

// A board that made its keys starts no bootloader but its own: not with the
// digest it has, and nobody can make another.
static void test_own_bootloader(void **state)
{
    struct board *b = new_board();
    uint8_t digest[FB_FIRST_BOOT_DIGEST_SIZE];
    uint64_t random = 9;

    (void)state;
    memset(seen, 0, sizeof seen);
    lock_a_board();
    begin_reflash(b);
    raw_write(b, FB_SECURE_BOOT_V1_IMAGE_OFF, scene.plain, scene.plain_n);
    assert_int_equal(run(b, 0), END_ROM);
    assert_true(says(b, "ecure boot check fail"));
    testing_random(&random, digest, sizeof digest);
    raw_write(b, 0, digest, sizeof digest);
    assert_int_equal(run(b, 0), END_ROM);
    reflash_bootloader(b, locked_digest);
    expect_start(b, "(2 plaintext flashes left)");
    board_free(locked);
    board_free(b);
}

// --- updates ---

static const uint8_t update_key[32] = {7, 8, 9};

static void load_encrypted(struct board *b, uint32_t at, const void *p,
                           size_t n)
{
    static uint8_t bytes[TESTING_BLOB];

    board_load(b, at, bytes, testing_rows(bytes, p, n, update_key, at));
}

// Encrypted by the host; the table has one sector for boot_info, or two for
// otadata.
static void update_board(struct board *b, uint32_t otadata_size)
{
    const struct fb_partition_table table = {
        3,
        true,
        {{FB_PARTITION_APP, FB_PARTITION_FACTORY, SCENE_SLOT_0, 0x10000,
          "factory", 1},
         {FB_PARTITION_APP, FB_PARTITION_OTA_0, SCENE_SLOT_1, 0x10000, "ota_0",
          1},
         {FB_PARTITION_DATA, FB_PARTITION_OTADATA, SCENE_OTADATA, otadata_size,
          "otadata", 1}},
    };
    struct fb_efuse_words fuses = {0};
    uint8_t bytes[TESTING_TABLE_MAX];

    testing_key_words(update_key, true, fuses.word[1]);
    fb_efuse_or(&fuses, FB_EFUSE_FLASH_CRYPT_CNT, 1);
    fb_efuse_or(&fuses, FB_EFUSE_FLASH_CRYPT_CONFIG, 0xF);
    chip_set_efuses(b->h.chip, &fuses);
    load_encrypted(b, FB_SECURE_BOOT_V1_IMAGE_OFF, scene.plain, scene.plain_n);
    load_encrypted(b, FB_PARTITION_TABLE_OFF, bytes,
                   testing_make_table(bytes, &table, NULL));
    load_encrypted(b, SCENE_SLOT_0, scene.update.p, scene.update.n);
}

static void update_wanted(struct board *b, uint32_t wanted, uint32_t n)
{
    uint8_t words[8];

    store32_le(words, wanted);
    store32_le(words + 4, n);
    board_load(b, UPDATE_WANTED_AT, words, sizeof words);
    if (n == 0) {
        load_encrypted(b, SCENE_SLOT_1, scene.update.p, scene.update.n);
        return;
    }
    // As it has to be in its slot.
    load_encrypted(b, SCENE_SLOT_1, scene.update.p, scene.update.n);
    board_load(b, UPDATE_FROM, b->h.flash + SCENE_SLOT_1, n);
    memset(b->h.flash + SCENE_SLOT_1, 0xFF, 0x10000);
    board_touch(b, SCENE_SLOT_1, 0x10000);
}

#define BEGIN(name, otadata_size, wanted, n)                                   \
    static void begin_##name(struct board *b)                                  \
    {                                                                          \
        update_board(b, otadata_size);                                         \
        update_wanted(b, wanted, n);                                           \
    }
BEGIN(pycom_confirm, 0x1000, UPDATE_CONFIRM, (scene.update.n + 31) & ~31u)
BEGIN(pycom_back, 0x1000, UPDATE_ROLL_BACK, (scene.update.n + 31) & ~31u)
BEGIN(idf_confirm, 0x2000, UPDATE_CONFIRM, (scene.update.n + 31) & ~31u)
BEGIN(idf_back, 0x2000, UPDATE_ROLL_BACK, (scene.update.n + 31) & ~31u)
BEGIN(pycom_record, 0x1000, UPDATE_CONFIRM, 0)
BEGIN(pycom_record_back, 0x1000, UPDATE_ROLL_BACK, 0)
BEGIN(idf_record, 0x2000, UPDATE_CONFIRM, 0)
BEGIN(idf_record_back, 0x2000, UPDATE_ROLL_BACK, 0)

// The last image that was started is a whole one, and the fuses are as ever.
static bool starts_whole(const struct board *b)
{
    uint32_t slot = started_slot(b);

    if ((slot != SCENE_SLOT_0 && slot != SCENE_SLOT_1) ||
        !reads(b, slot, scene.update.p, scene.update.n)) {
        fail_state(b, "not a whole image");
        return false;
    }
    return fb_efuse_get(chip_efuses(b->h.chip), FB_EFUSE_FLASH_CRYPT_CNT) == 1;
}

static void test_updates(void **state)
{
    static const struct sequence updates[] = {
        {"update, boot_info, confirmed", begin_pycom_confirm, starts_whole,
         false, SCENE_SLOT_1, NULL},
        {"update, boot_info, rolled back", begin_pycom_back, starts_whole,
         false, SCENE_SLOT_0, NULL},
        {"update, otadata, confirmed", begin_idf_confirm, starts_whole, false,
         SCENE_SLOT_1, NULL},
        {"update, otadata, rolled back", begin_idf_back, starts_whole, false,
         SCENE_SLOT_0, NULL},
    };

    (void)state;
    for (unsigned i = 0; i < 4; i++) {
        cut_everywhere(&updates[i], all ? 1 : 40);
    }
}

static void test_records(void **state)
{
    static const struct sequence records[] = {
        {"boot_info, confirmed", begin_pycom_record, starts_whole, false,
         SCENE_SLOT_1, NULL},
        {"boot_info, rolled back", begin_pycom_record_back, starts_whole, false,
         SCENE_SLOT_0, NULL},
        {"otadata, confirmed", begin_idf_record, starts_whole, false,
         SCENE_SLOT_1, NULL},
        {"otadata, rolled back", begin_idf_record_back, starts_whole, false,
         SCENE_SLOT_0, NULL},
    };

    (void)state;
    for (unsigned i = 0; i < 4; i++) {
        cut_everywhere(&records[i], all || i >= 2 ? 1 : 3);
    }
}

// --- bits that a cut leaves neither 0 nor 1 ---

// What the tool writes is whole, and the word of the counter that it burns.
static void forget_weak(struct faults *f)
{
    unsigned kept = 0;

    for (unsigned i = 0; i < f->weak_count; i++) {
        if (f->weak[i].efuse && f->weak[i].at != 0) {
            f->weak[kept++] = f->weak[i];
        }
    }
    f->weak_count = kept;
}

// The n-th of these operations is torn, and what it has not finished reads by
// chance from then on. The board gets there all the same, and nothing that it
// relies on is weak any more.
static void cut_to_weak(unsigned ops, unsigned n)
{
    static struct faults faults;
    struct board *b = new_board();
    enum end end;

    total.states++;
    faults_init(&faults, n);
    faults.weak_torn = true;
    b->faults = &faults;
    board_chip(b);
    begin_blank(b);
    assert_true(faults_attach(&faults, b->h.chip));
    faults_cut(&faults, FAULT_DURING, ops, n);
    end = run(b, 0);
    for (unsigned i = 0; i < 20 && end != END_APP; i++) {
        if (end == END_ROM) {
            forget_weak(&faults);
            if (!rescue(b)) {
                reflash_bootloader(b, NULL);
            }
        }
        end = run(b, 0);
    }
    for (unsigned i = 0; i < 4 && end == END_APP; i++) {
        end = run(b, 0);
    }
    if (end != END_APP || !is_whole(b)) {
        fail_state(b, "weak bits");
        total.lost++;
    }
    board_free(b);
}

static void test_weak(void **state)
{
    unsigned long lost = total.lost;
    unsigned n;

    (void)state;
    memset(seen, 0, sizeof seen);
    for (n = 1; n <= 22; n++) {
        cut_to_weak(1u << CHIP_OP_EFUSE_BURN, n);
    }
    for (n = 12; n < 2870; n += n < 20 ? 1 : all ? 23 : 571) { // the plan, ...
        cut_to_weak(FAULT_OPS_ANY, n);
    }
    print_message("# weak bits in a first boot: %lu lost\n", total.lost - lost);
    assert_int_equal(total.lost, lost);
}

// --- with the mask ROMs ---

static void with_mask_rom(unsigned of_revision)
{
    if (!testing_mask_rom(&rom, of_revision)) {
        skip();
    }
    with_rom = true;
    revision = of_revision;
    print_message("# mask ROM of revision %u:\n", revision);
    cut_everywhere(&first_boot, all ? 40 : 1000);
    with_rom = false;
    revision = 0;
}

static void test_mask_rom_0(void **state)
{
    (void)state;
    with_mask_rom(0);
}

static void test_mask_rom_3(void **state)
{
    (void)state;
    with_mask_rom(3);
}

// --- all of it ---

static int need(void **state)
{
    (void)state;
    if (scene.bootloader_n == 0) {
        skip();
    }
    return 0;
}

#define TEST(name) cmocka_unit_test_setup(test_##name, need)

static const struct CMUnitTest tests[] = {
    TEST(three_times),       TEST(weak),       TEST(own_bootloader),
    TEST(updates),           TEST(records),    TEST(first_boot),
    TEST(first_boot_burned), TEST(reflash),    TEST(first_boot_3_4),
    TEST(mask_rom_0),        TEST(mask_rom_3),
};
enum { TESTS = sizeof tests / sizeof tests[0] };

// A process a sequence, as many at a time as there are processors.
struct job {
    pid_t pid;
    int tally; // a pipe
};

static struct job begin(unsigned i)
{
    const struct CMUnitTest one[] = {tests[i]};
    struct job job;
    int ends[2];

    assert_int_equal(pipe(ends), 0);
    fflush(stdout);
    job.pid = fork();
    if (job.pid == 0) {
        total = (struct tally){0};
        int failed =
            cmocka_run_group_tests_name(tests[i].name, one, NULL, NULL);

        fflush(stdout);
        _exit(write(ends[1], &total, sizeof total) != sizeof total ||
              failed != 0);
    }
    close(ends[1]);
    job.tally = ends[0];
    return job;
}

static bool end(const struct job *job)
{
    struct tally t = {0};
    int status = 0;
    bool told = read(job->tally, &t, sizeof t) == (ssize_t)sizeof t;

    close(job->tally);
    waitpid(job->pid, &status, 0);
    total.states += t.states;
    total.lost += t.lost;
    return told && status == 0;
}

static int run_all(void)
{
    long at_once = sysconf(_SC_NPROCESSORS_ONLN);
    struct job jobs[TESTS];
    bool good = true;
    unsigned begun = 0, ended = 0;

    while (ended < TESTS) {
        if (begun < TESTS && begun - ended < (unsigned)at_once) {
            jobs[begun] = begin(begun);
            begun++;
        } else {
            good = end(&jobs[ended++]) && good;
        }
    }
    return good ? 0 : 1;
}

int main(int argc, char **argv)
{
    int failed;

    all = argc > 1 && strcmp(argv[1], "--all") == 0;
    if (build_possible()) {
        scene_init(&scene);
    }
    failed = all ? run_all() : cmocka_run_group_tests(tests, NULL, NULL);
    if (scene.bootloader_n == 0) {
        printf("# skipped: no cross compiler (gcc-xtensa-lx106)\n");
        return 0;
    }
    printf("%spowercut: %lu states, %lu lost\n", all ? "" : "# ", total.states,
           total.lost);
    return failed != 0 || total.lost != 0;
}
