// SPDX-License-Identifier: Apache-2.0
//
// usage: rom_diff ROM.elf ...
//
// The built-in model of the ROM against the mask ROM: two chips, the same
// flash, fuses, straps and bytes on UART0. What they say and what they did to
// flash and fuses must be equal. Prints every difference and how many
// scenarios there were; exits 1 after a difference.

#define _DEFAULT_SOURCE // for testing.h

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include "lib/fb/testing.h" // before testing.h: cmocka's asserts

#include <zlib.h>

#include "chip/rom/mask_rom.h"
#include "chip/testing.h"
#include "host/key_v2.h"
#include "lib/fb/crc.h"
#include "lib/fb/secure_boot_v1.h"

#define MODEL      0
#define REAL       1
#define BOOT_MS    2500
#define TALK_FLASH 0x100000u // bytes of flash in a conversation

static struct mask_rom rom;
static unsigned revision;
static unsigned compared, differing;

// --- two chips ---

struct pair {
    struct rig *rig[2];
};

static struct pair pair_new(uint32_t strap, enum fb_flash_supply supply)
{
    struct pair pair;

    for (int i = 0; i < 2; i++) {
        struct rig *rig = rig_new(revision, strap);
        struct chip_config config = rig->chip->config;
        struct chip_callbacks cb = rig_callbacks(rig);

        config.flash_supply = supply;
        config.rom = i == REAL ? &rom : NULL;
        chip_init(rig->chip, &config, &cb);
        pair.rig[i] = rig;
    }
    return pair;
}

static void pair_free(struct pair *pair)
{
    rig_free(pair->rig[MODEL]);
    rig_free(pair->rig[REAL]);
}

static struct pair pair_fork(const struct pair *from)
{
    struct pair to;

    for (int i = 0; i < 2; i++) {
        struct rig *rig = calloc(1, sizeof *rig);
        struct chip_callbacks cb = rig_callbacks(rig);

        rig->chip = malloc(chip_sizeof());
        rig->flash = malloc(RIG_FLASH);
        memcpy(rig->flash, from->rig[i]->flash, RIG_FLASH);
        chip_copy(rig->chip, from->rig[i]->chip, rig->flash, &cb);
        to.rig[i] = rig;
    }
    return to;
}

// --- what differs ---

// From the line on in which they differ.
static size_t first_line(const struct rig *a, const struct rig *b)
{
    size_t line = 0;

    for (size_t i = 0;
         i < a->console_n && i < b->console_n && a->console[i] == b->console[i];
         i++) {
        line = a->console[i] == '\n' ? i + 1 : line;
    }
    return line;
}

static void print_bytes(const char *who, const struct rig *rig, size_t from)
{
    bool text = false;

    printf("    %s:%s", who, from > 0 ? " ..." : "");
    for (size_t i = from; i < rig->console_n && i < from + 400; i++) {
        uint8_t byte = (uint8_t)rig->console[i];
        bool plain = byte >= 0x20 && byte < 0x7F;

        if (plain) {
            printf(text ? "%c" : " '%c", byte);
        } else {
            printf(text ? "' %02x" : " %02x", byte);
        }
        text = plain;
    }
    printf("%s (%zu)\n", text ? "'" : "", rig->console_n);
}

static void compare(const struct pair *pair, const char *name)
{
    const struct rig *m = pair->rig[MODEL];
    const struct rig *r = pair->rig[REAL];
    bool said = m->console_n == r->console_n &&
                memcmp(m->console, r->console, m->console_n) == 0;
    bool flash = memcmp(m->flash, r->flash, RIG_FLASH) == 0;
    bool fuses = memcmp(chip_efuses(m->chip), chip_efuses(r->chip),
                        sizeof(struct fb_efuse_words)) == 0;

    compared++;
    if (said && flash && fuses) {
        return;
    }
    differing++;
    printf("revision %u: %s:%s%s%s\n", revision, name, said ? "" : " UART",
           flash ? "" : " flash", fuses ? "" : " fuses");
    if (!said) {
        print_bytes("model", m, first_line(m, r));
        print_bytes("ROM  ", r, first_line(m, r));
    }
    for (uint32_t at = 0; !flash && at < RIG_FLASH; at++) {
        if (m->flash[at] != r->flash[at]) {
            printf("    flash 0x%06x: model %02x, ROM %02x\n", (unsigned)at,
                   m->flash[at], r->flash[at]);
            break;
        }
    }
}

// --- boots ---

// What is on the board.
enum content {
    BLANK,     // erased
    ZEROES,    // 0x00
    GOOD,      // two segments, no hash
    GOOD_HASH, // with a hash appended, not checked by the ROM
    BAD_SUM,
    BAD_MAGIC,
    NO_SEGMENTS,
    MANY_SEGMENTS, // 17
    HUGE_SEGMENT,
    ROM_SEGMENT, // where no memory is
    CONTENTS,
};

static const char *const content_name[CONTENTS] = {
    "erased flash", "flash of zeroes", "good image",  "good image with hash",
    "bad checksum", "bad magic",       "no segments", "17 segments",
    "huge segment", "segment in ROM",
};

struct boot {
    enum content content;
    uint32_t strap;
    enum fb_flash_supply supply;
    bool digest;              // ABS_DONE_0 and a digest in flash
    bool bad_digest;          // but another one
    bool encrypted;           // flash is
    bool decrypts;            // FLASH_CRYPT_CNT is odd
    bool no_console;          // CONSOLE_DEBUG_DISABLE
    const struct v2_case *v2; // ABS_DONE_1 and a signature
    uint32_t word[7];         // more of BLK0
    int image_byte;           // change it: offset, 0: none
    uint8_t image_value;
};

static void fuse_key(struct fb_efuse_words *fuses, unsigned block)
{
    for (unsigned i = 0; i < 8; i++) {
        fuses->word[block][i] = 0x1C1D1E1Fu - i * 0x04040404u; // 00..1f
    }
}

static size_t put_content(uint8_t *flash, enum content content)
{
    size_t n = rig_image(flash + 0x1000, content == GOOD_HASH);

    switch (content) {
    case BLANK:
        memset(flash, 0xFF, 0x2000);
        break;
    case ZEROES:
        memset(flash, 0, 0x2000);
        break;
    case BAD_SUM:
        flash[0x1000 + 33] ^= 4;
        break;
    case BAD_MAGIC:
        flash[0x1000] = 0xEA;
        break;
    case NO_SEGMENTS:
        flash[0x1001] = 0;
        break;
    case MANY_SEGMENTS:
        flash[0x1001] = 17;
        break;
    case HUGE_SEGMENT:
        store32_le(flash + 0x1000 + 28, 0x7FFFFFF0u);
        break;
    case ROM_SEGMENT:
        store32_le(flash + 0x1000 + 24, 0x40000000u);
        break;
    default:
        break;
    }
    return n;
}

// --- Secure Boot V2 ---

// What is different from a good image with one good block.
struct v2_case {
    const char *name;
    bool untrusted;  // BLK2 holds something else
    bool unreadable; // RD_DIS of BLK2
    uint8_t blocks;  // signature blocks, 1 to 3; 0: no sector
    uint8_t first;   // index of the first good one, the others before are bad:
    int at;          // by this byte of the block, changed
    bool new_crc;    // and its CRC made right again
    int image_at;    // this byte of the image changed after signing
    uint8_t image_xor;
    bool v1_too; // ABS_DONE_0, without a digest in flash
};

static struct host_key *v2_key;
static uint8_t v2_digest[32];

static void make_v2_key(void)
{
    const char *why = host_key_generate(HOST_KEY_RSA3072, &v2_key);

    if (why != NULL || !host_key_v2_digest(v2_key, v2_digest)) {
        fprintf(stderr, "rom_diff: no RSA key: %s\n", why);
        exit(2);
    }
}

static void put_signature(uint8_t *image, size_t n, const struct v2_case *c)
{
    size_t end = (n + 4095) & ~(size_t)4095;
    static struct fb_signature_v2 s; // the image is always the same

    memset(image + n, 0xFF, end - n + 4096);
    if (s.exponent == 0) {
        fb_signature_v2_digest(s.kind, image, n, s.digest);
        if (!host_key_v2_fill(v2_key, &s) ||
            !host_key_sign(v2_key, s.digest, s.sig)) {
            exit(2);
        }
    }
    for (unsigned i = 0; i < c->blocks; i++) {
        uint8_t *block = image + end + i * FB_SIGNATURE_V2_BLOCK;

        fb_signature_v2_encode(&s, block);
        if (i < c->first) {
            block[c->at] ^= 0x10;
            if (c->new_crc) {
                store32_le(block + 1196, fb_crc32(0, block, 1196));
            }
        }
    }
    image[c->image_at] ^= c->image_xor;
}

static void fuse_v2(struct fb_efuse_words *fuses, const struct v2_case *c)
{
    for (unsigned i = 0; i < 8; i++) {
        fuses->word[2][i] =
            load32_le(v2_digest + 4 * i) ^ (c->untrusted ? 1 : 0);
    }
    fuses->word[0][6] |= 1u << 5 | (c->v1_too ? 1u << 4 : 0);
    fuses->word[0][0] |= c->unreadable ? 1u << 17 : 0;
}

static void put_board(struct rig *rig, const struct boot *boot)
{
    struct fb_efuse_words fuses = {0};
    struct fb_flash_encryption_key k;
    uint8_t key[32];
    size_t n = put_content(rig->flash, boot->content);
    bool hash = boot->content == GOOD_HASH;

    if (boot->image_byte != 0) {
        rig->flash[0x1000 + boot->image_byte] = boot->image_value;
    }
    for (unsigned i = 0; i < 32; i++) {
        key[i] = (uint8_t)i;
    }
    memcpy(fuses.word[0], boot->word, sizeof boot->word);
    if (boot->digest) {
        n += hash ? 32 : 0;
        fb_secure_boot_v1_digest(key, 32, rig->flash, rig->flash + 0x1000,
                                 fb_secure_boot_v1_covered((uint32_t)n, hash),
                                 rig->flash + 0x80);
        rig->flash[0x90] ^= boot->bad_digest;
        fuses.word[0][6] |= 1u << 4;
        fuse_key(&fuses, 2);
    }
    if (boot->v2 != NULL) {
        put_signature(rig->flash + 0x1000, n + 32, boot->v2);
        fuse_v2(&fuses, boot->v2);
    }
    if (boot->encrypted) {
        fb_flash_encryption_key_init(&k, key, 32, 15);
        fb_flash_encrypt(&k, 0, rig->flash, rig->flash, 0x10000);
    }
    if (boot->decrypts) {
        fuses.word[0][0] |= 1u << 20;
        fuses.word[0][5] |= 0xF0000000u;
        fuse_key(&fuses, 1);
    }
    fuses.word[0][6] |= boot->no_console ? 1u << 2 : 0;
    chip_set_efuses(rig->chip, &fuses);
}

// Cut the console after the line that tells of the next reset, or after what
// the program said.
static bool cut(struct rig *rig)
{
    char *again = strstr(rig->console, "rst:");
    char *end = strstr(rig->console, "\nHi\n");

    again = again == NULL ? NULL : strstr(again + 4, "rst:");
    if (again != NULL) {
        end = strchr(again, '\n');
    } else if (end != NULL) {
        end += 3;
    }
    if (end != NULL) {
        end[1] = '\0';
        rig->console_n = (size_t)(end + 1 - rig->console);
    }
    return end != NULL;
}

// A ROM that repeats a line for ever has said it three times.
static void cut_repetition(struct rig *rig)
{
    const char *text = strstr(rig->console, "wrong chip") != NULL
                           ? "wrong chip"
                           : "invalid header";
    char *line = strstr(rig->console, text);

    for (int i = 0; i < 2 && line != NULL; i++) {
        line = strstr(line + 1, text);
    }
    if (line != NULL) {
        *line = '\0';
        rig->console_n = (size_t)(line - rig->console);
    }
}

// Without segments nobody knows what is at the entry.
static void cut_entry(struct rig *rig)
{
    char *entry = strstr(rig->console, "entry 0x");

    if (entry != NULL) {
        *entry = '\0';
        rig->console_n = (size_t)(entry - rig->console);
    }
}

static void run_boot(struct rig *rig, unsigned ms)
{
    uint64_t end;

    chip_power_on(rig->chip);
    end = chip_time_ns(rig->chip) + (uint64_t)ms * 1000000u;
    while (!cut(rig) && chip_time_ns(rig->chip) < end) {
        if (chip_run(rig->chip, 4000) == CHIP_IDLE &&
            chip_idle_ns(rig->chip) > end - chip_time_ns(rig->chip)) {
            break;
        }
    }
    cut_repetition(rig);
}

static void boot_once(const struct boot *boot, unsigned ms, const char *format,
                      ...) __attribute__((format(printf, 3, 4)));

static void boot_once(const struct boot *boot, unsigned ms, const char *format,
                      ...)
{
    struct pair pair = pair_new(boot->strap, boot->supply);
    char name[120];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(name, sizeof name, format, args);
    va_end(args);
    for (int i = 0; i < 2; i++) {
        put_board(pair.rig[i], boot);
        run_boot(pair.rig[i], ms);
        if (boot->content == NO_SEGMENTS) {
            cut_entry(pair.rig[i]);
        }
    }
    compare(&pair, name);
    pair_free(&pair);
}

// VDD_SDIO by strap and fuses, each part: whether it answers is one matter,
// what the ROM makes of a flash that does not is the other.
static void supplies(void)
{
    static const char *const parts[] = {"3.3 V", "1.8 V", "its own supply"};

    for (unsigned i = 0; i < 2 * 8 * 3; i++) {
        uint32_t fuses = i / 2 % 8;
        struct boot boot = {
            .content = GOOD,
            .strap = CHIP_STRAP_FLASH_BOOT | (i % 2) * CHIP_STRAP_MTDI,
            .supply = (enum fb_flash_supply)(FB_FLASH_SUPPLY_3V3 + i / 16),
            .word[4] = fuses << 14, // XPD_SDIO_REG, _TIEH, _FORCE
        };

        boot_once(&boot, 300, "flash of %s, MTDI %u, XPD_SDIO_* 0x%x",
                  parts[i / 16], i % 2, (unsigned)fuses);
    }
    for (unsigned i = 0; i < 8; i++) {
        struct boot boot = {.content = GOOD,
                            .strap = CHIP_STRAP_FLASH_BOOT | CHIP_STRAP_MTDI,
                            .decrypts = (i & 1) != 0,
                            .digest = (i & 2) != 0,
                            .no_console = (i & 4) != 0};

        boot_once(&boot, BOOT_MS, "no flash%s%s%s",
                  boot.decrypts ? ", encrypted" : "",
                  boot.digest ? ", digest" : "",
                  boot.no_console ? ", no console" : "");
    }
}

static void boots(void)
{
    // One bit of BLK0 each: word and bit (esp-idf soc/efuse_reg.h).
    static const struct {
        const char *name;
        unsigned word, bit;
    } fuses[] = {
        {"UART_DOWNLOAD_DIS", 0, 27},
        {"DISABLE_APP_CPU", 3, 0},
        {"DIS_CACHE", 3, 3},
        {"CHIP_VER_REV1", 3, 15},
        {"XPD_SDIO_FORCE", 4, 16},
        {"XPD_SDIO_REG", 4, 14},
        {"SDIO_TIEH", 4, 15},
        {"SPI_PAD_CONFIG_CLK", 5, 0},
        {"SPI_PAD_CONFIG_CS0", 5, 15},
        {"CODING_SCHEME", 6, 0},
        {"CONSOLE_DEBUG_DISABLE", 6, 2},
        {"DISABLE_SDIO_HOST", 6, 3},
        {"JTAG_DISABLE", 6, 6},
        {"DISABLE_DL_ENCRYPT", 6, 7},
        {"DISABLE_DL_DECRYPT", 6, 8},
        {"DISABLE_DL_CACHE", 6, 9},
        {"KEY_STATUS", 6, 10},
        {"FLASH_CRYPT_CNT 3", 0, 20},
    };

    for (uint32_t strap = 0; strap < 64; strap++) {
        struct boot boot = {.content = GOOD, .strap = strap};

        boot_once(&boot, 200, "straps 0x%02x", (unsigned)strap);
        boot.supply = FB_FLASH_SUPPLY_1V8;
        boot_once(&boot, 200, "straps 0x%02x, flash of 1.8 V", (unsigned)strap);
    }
    supplies();
    for (enum content c = BLANK; c < CONTENTS; c++) {
        struct boot boot = {.content = c, .strap = CHIP_STRAP_FLASH_BOOT};

        boot_once(&boot, BOOT_MS, "%s", content_name[c]);
        boot.no_console = true;
        boot_once(&boot, BOOT_MS, "%s, no console", content_name[c]);
        boot.digest = true;
        boot_once(&boot, BOOT_MS, "%s, digest", content_name[c]);
        boot.bad_digest = true;
        boot_once(&boot, BOOT_MS, "%s, wrong digest", content_name[c]);
        boot.no_console = false;
        boot_once(&boot, BOOT_MS, "%s, wrong digest, console", content_name[c]);
    }
    for (unsigned i = 0; i < 8; i++) {
        struct boot boot = {.content = i < 4 ? GOOD : GOOD_HASH,
                            .strap = CHIP_STRAP_FLASH_BOOT,
                            .encrypted = (i & 1) != 0,
                            .decrypts = (i & 2) != 0};

        boot_once(&boot, BOOT_MS, "%s, flash %s, read as %s",
                  content_name[boot.content],
                  boot.encrypted ? "encrypted" : "plain",
                  boot.decrypts ? "encrypted" : "plain");
        boot.digest = true;
        boot_once(&boot, BOOT_MS, "%s, flash %s, read as %s, digest",
                  content_name[boot.content],
                  boot.encrypted ? "encrypted" : "plain",
                  boot.decrypts ? "encrypted" : "plain");
    }
    for (unsigned i = 0; i < sizeof fuses / sizeof fuses[0]; i++) {
        for (unsigned down = 0; down < 2; down++) {
            struct boot boot = {.content = GOOD,
                                .strap = down ? CHIP_STRAP_DOWNLOAD
                                              : CHIP_STRAP_FLASH_BOOT};

            boot.word[fuses[i].word] |= 1u << fuses[i].bit;
            boot_once(&boot, 300, "%s burned, %s", fuses[i].name,
                      down ? "download" : "flash boot");
        }
    }
    for (unsigned n = 30; n < 36; n++) {
        struct boot boot = {.content = GOOD,
                            .strap = CHIP_STRAP_FLASH_BOOT,
                            .image_byte = 1,
                            .image_value = (uint8_t)n};

        boot_once(&boot, BOOT_MS, "%u segments", n);
    }
    // Header bytes that only matter to the configuration lines.
    for (unsigned mode = 0; mode < 8; mode++) {
        struct boot boot = {.content = GOOD,
                            .strap = CHIP_STRAP_FLASH_BOOT,
                            .image_byte = 2,
                            .image_value = (uint8_t)mode};

        boot_once(&boot, BOOT_MS, "flash mode %u", mode);
    }
    for (unsigned speed = 0; speed < 16; speed++) {
        struct boot boot = {.content = GOOD,
                            .strap = CHIP_STRAP_FLASH_BOOT,
                            .image_byte = 3,
                            .image_value = (uint8_t)(0x20 | speed)};

        boot_once(&boot, BOOT_MS, "flash speed %u", speed);
    }
    for (unsigned size = 0; size < 8; size++) {
        struct boot boot = {.content = GOOD,
                            .strap = CHIP_STRAP_FLASH_BOOT,
                            .image_byte = 3,
                            .image_value = (uint8_t)(size << 4)};

        boot_once(&boot, BOOT_MS, "flash size %u", size);
    }
    for (int at = 9; at < 16; at++) {
        struct boot boot = {.content = GOOD,
                            .strap = CHIP_STRAP_FLASH_BOOT,
                            .image_byte = at,
                            .image_value = 0x21};

        boot_once(&boot, BOOT_MS, "header byte %d", at);
    }
}

static void v2_boots(void)
{
    // Offsets: a block's magic 0, version 1, image digest 4, modulus 36,
    // exponent 420, R 424, M' 808, signature 812, CRC 1196; the image's header
    // 0, first segment 24, its data 32.
    static const struct v2_case cases[] = {
        {.name = "signed", .blocks = 1},
        {.name = "signed three times", .blocks = 3},
        {.name = "no signature", .blocks = 0},
        {.name = "another key in BLK2", .blocks = 1, .untrusted = true},
        {.name = "three blocks, another key", .blocks = 3, .untrusted = true},
        {.name = "BLK2 cannot be read", .blocks = 1, .unreadable = true},
        {.name = "magic", .blocks = 1, .first = 1, .at = 0},
        {.name = "version", .blocks = 1, .first = 1, .at = 1},
        {.name = "version, new CRC",
         .blocks = 1,
         .first = 1,
         .at = 1,
         .new_crc = true},
        {.name = "CRC", .blocks = 1, .first = 1, .at = 1197},
        {.name = "image digest, new CRC",
         .blocks = 1,
         .first = 1,
         .at = 5,
         .new_crc = true},
        {.name = "modulus, new CRC",
         .blocks = 1,
         .first = 1,
         .at = 40,
         .new_crc = true},
        {.name = "exponent, new CRC",
         .blocks = 1,
         .first = 1,
         .at = 420,
         .new_crc = true},
        {.name = "R, new CRC",
         .blocks = 1,
         .first = 1,
         .at = 500,
         .new_crc = true},
        {.name = "M', new CRC",
         .blocks = 1,
         .first = 1,
         .at = 809,
         .new_crc = true},
        {.name = "signature, new CRC",
         .blocks = 1,
         .first = 1,
         .at = 900,
         .new_crc = true},
        {.name = "signature", .blocks = 1, .first = 1, .at = 900},
        {.name = "second block good", .blocks = 2, .first = 1, .at = 1000},
        {.name = "second good, first's CRC new",
         .blocks = 2,
         .first = 1,
         .at = 1000,
         .new_crc = true},
        {.name = "third good",
         .blocks = 3,
         .first = 2,
         .at = 6,
         .new_crc = true},
        {.name = "none of three",
         .blocks = 3,
         .first = 3,
         .at = 1000,
         .new_crc = true},
        {.name = "first magic, second good", .blocks = 2, .first = 1, .at = 0},
        {.name = "image data", .blocks = 1, .image_at = 33, .image_xor = 1},
        {.name = "image hash", .blocks = 1, .image_at = 100, .image_xor = 1},
        {.name = "padding", .blocks = 1, .image_at = 4000, .image_xor = 1},
        {.name = "drive byte", .blocks = 1, .image_at = 9, .image_xor = 4},
        {.name = "33 segments", .blocks = 1, .image_at = 1, .image_xor = 0x23},
        {.name = "segments", .blocks = 1, .image_at = 1, .image_xor = 1},
        {.name = "mode", .blocks = 1, .image_at = 2, .image_xor = 3},
        {.name = "segment address odd",
         .blocks = 1,
         .image_at = 24,
         .image_xor = 1},
        {.name = "segment length odd",
         .blocks = 1,
         .image_at = 28,
         .image_xor = 2},
        {.name = "segment of 64 KiB",
         .blocks = 1,
         .image_at = 30,
         .image_xor = 1},
        {.name = "segment of 2 GiB",
         .blocks = 1,
         .image_at = 31,
         .image_xor = 0x80},
        {.name = "segment of 47 KiB",
         .blocks = 1,
         .image_at = 29,
         .image_xor = 0xBC},
        {.name = "segment of 48 KiB less 256",
         .blocks = 1,
         .image_at = 29,
         .image_xor = 0xBF},
        {.name = "image magic", .blocks = 1, .image_at = 0, .image_xor = 3},
        {.name = "image for another chip",
         .blocks = 1,
         .image_at = 12,
         .image_xor = 2},
        {.name = "V1 too", .blocks = 1, .v1_too = true},
        {.name = "V1 too, another key",
         .blocks = 1,
         .v1_too = true,
         .untrusted = true},
    };

    make_v2_key();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct boot boot = {.content = GOOD_HASH,
                            .strap = CHIP_STRAP_FLASH_BOOT,
                            .v2 = &cases[i]};

        boot_once(&boot, BOOT_MS, "Secure Boot V2: %s", cases[i].name);
        boot.encrypted = boot.decrypts = true;
        boot_once(&boot, BOOT_MS, "Secure Boot V2, encrypted: %s",
                  cases[i].name);
        boot.encrypted = false;
        boot.decrypts = false;
        boot.no_console = true;
        boot_once(&boot, BOOT_MS, "Secure Boot V2, no console: %s",
                  cases[i].name);
    }
    host_key_free(v2_key);
}

// --- conversations ---

// Send to both; what they answer is in the consoles. The mask ROM polls for
// ever: it has answered when nothing more comes for a while.
static void put_bytes(struct rig *rig, const uint8_t *p, size_t n)
{
    size_t seen = 0;

    rig->console_n = 0;
    rig->console[0] = '\0';
    for (size_t at = 0, full = 0; at < n && full < 50;) {
        size_t part = n - at < 64 ? n - at : 64;
        size_t taken = chip_uart_rx(rig->chip, 0, p + at, part);

        at += taken;
        full = taken > 0 ? 0 : full + 1; // who never looks gets no more
        chip_run(rig->chip, 20000);      // its own buffer is small too
    }
    for (int quiet = 0; quiet < 50; quiet++) {
        chip_run(rig->chip, 20000);
        if (rig->console_n != seen) {
            seen = rig->console_n;
            quiet = 0;
        }
        cut(rig);
    }
}

static void say_bytes(struct pair *pair, const uint8_t *p, size_t n)
{
    put_bytes(pair->rig[MODEL], p, n);
    put_bytes(pair->rig[REAL], p, n);
}

static void say(struct pair *pair, const uint8_t *packet, size_t n)
{
    static uint8_t frame[40000];

    say_bytes(pair, frame, fb_slip_encode(frame, sizeof frame, packet, n));
}

// A packet with any length of anything.
static size_t make_packet(uint8_t *out, uint8_t op, const uint8_t *data,
                          size_t n, uint32_t checksum)
{
    out[0] = 0;
    out[1] = op;
    store16_le(out + 2, (uint16_t)n);
    store32_le(out + 4, checksum);
    memcpy(out + 8, data, n);
    return n + 8;
}

static void say_words(struct pair *pair, uint8_t op, const uint32_t *words,
                      size_t count)
{
    uint8_t data[64], packet[80];

    for (size_t i = 0; i < count; i++) {
        store32_le(data + 4 * i, words[i]);
    }
    say(pair, packet, make_packet(packet, op, data, 4 * count, 0));
}

static void say_data(struct pair *pair, uint8_t op, uint32_t sequence,
                     const uint8_t *p, size_t n)
{
    static uint8_t packet[20000];

    say(pair, packet,
        fb_loader_request_data(packet, sizeof packet, (enum fb_loader_op)op,
                               sequence, p, n));
}

static struct pair synced; // both in download mode, talked to once
static struct pair now;    // a fork of it

static void from_here(void)
{
    now = pair_fork(&synced);
}

static void end_here(const char *format, ...)
    __attribute__((format(printf, 1, 2)));

static void end_here(const char *format, ...)
{
    char name[120];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(name, sizeof name, format, args);
    va_end(args);
    compare(&now, name);
    pair_free(&now);
}

static void still(const char *name)
{
    compare(&now, name);
}

static void sync_pair(uint32_t strap, enum fb_flash_supply supply)
{
    struct fb_efuse_words fuses = {0};
    uint8_t packet[64];
    size_t n = fb_loader_request_sync(packet, sizeof packet);

    synced = pair_new(strap, supply);
    for (int i = 0; i < 2; i++) {
        struct rig *rig = synced.rig[i];

        for (unsigned at = 0; at < 0x3000; at++) {
            rig->flash[at] = (uint8_t)(at * 7 + (at >> 8));
        }
        fuses.word[0][4] |= 52; // CLK8M_FREQ
        chip_set_efuses(rig->chip, &fuses);
        chip_power_on(rig->chip);
        rig_run_ms(rig, 20);
    }
    // The ROM measures the baud rate by the first, or the first few.
    for (int i = 0; i < 6; i++) {
        say(&synced, packet, n);
    }
    compare(&synced, "SYNC");
}

// What a correct request of each command carries.
struct request {
    uint8_t op;
    unsigned words;
    uint32_t word[6];
};

static const struct request requests[] = {
    {FB_LOADER_FLASH_BEGIN, 4, {0x800, 2, 0x400, 0x10000}},
    {FB_LOADER_FLASH_END, 1, {0}},
    {FB_LOADER_MEM_BEGIN, 4, {64, 1, 64, 0x40080000}},
    {FB_LOADER_MEM_END, 2, {1, 0}},
    {FB_LOADER_WRITE_REG, 4, {0x3FF5A098, 0x12345678, 0xFFFFFFFF, 0}},
    {FB_LOADER_READ_REG, 1, {0x3FF5A098}},
    {FB_LOADER_SPI_SET_PARAMS, 6, {0, RIG_FLASH, 0x10000, 0x1000, 256, 0xFFFF}},
    {FB_LOADER_SPI_ATTACH, 2, {0, 0}},
    {FB_LOADER_READ_FLASH_SLOW, 2, {0, 64}},
    {FB_LOADER_FLASH_DEFL_BEGIN, 4, {0x800, 1, 0x400, 0x20000}},
    {FB_LOADER_FLASH_DEFL_END, 1, {1}},
    {FB_LOADER_SPI_FLASH_MD5, 4, {0, 0x1000, 0, 0}},
};

static void lengths(void)
{
    static const uint32_t zero[8];

    for (size_t i = 0; i < sizeof requests / sizeof requests[0]; i++) {
        const struct request *r = &requests[i];

        for (unsigned words = 0; words < 8; words++) {
            uint32_t word[8] = {0};

            // These take what was in the buffer for their address.
            if (r->op == FB_LOADER_READ_REG && words == 0) {
                continue;
            }
            // This takes the time of a very long read.
            if (r->op == FB_LOADER_SPI_FLASH_MD5 && words == 1) {
                continue;
            }
            memcpy(word, r->word, sizeof r->word);
            from_here();
            say_words(&now, r->op, word, words);
            end_here("%s with %u words", fb_loader_op_name(r->op), words);
        }
    }
    for (unsigned op = 0; op < 256; op++) {
        static const uint8_t some[] = {0x00, 0x01, 0x0C, 0x0E, 0x12, 0x14,
                                       0x15, 0x20, 0x7F, 0x80, 0xD0, 0xD1,
                                       0xD2, 0xD3, 0xD4, 0xDB, 0xFF};

        if (memchr(some, (int)op, sizeof some) != NULL) {
            from_here();
            say_words(&now, (uint8_t)op, zero, 4);
            end_here("command 0x%02x", op);
        }
    }
}

static void registers(void)
{
    static const uint32_t places[] = {
        0x40001000, 0x3FF5A000, 0x3FF00000, 0x3FFAE000, 0x3FFB0001,
        0x40080000, 0x50000000, 0x3FF80000, 0x60000014, 0x3FF40014,
        0x00000000, 0x20000000, 0x3F400000, 0x70000000, 0xFFFFFFFC,
    };

    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        uint32_t store[4] = {places[i], 0, 0, 0};
        const uint32_t again[] = {0x40001000};

        // What SRAM holds is not the ROM's to say.
        if (places[i] < 0x3FF80000 || places[i] >= 0x60000000 ||
            places[i] == 0x40001000) {
            from_here();
            say_words(&now, FB_LOADER_READ_REG, places + i, 1);
            end_here("READ_REG 0x%08x", (unsigned)places[i]);
        }
        from_here();
        store[2] = places[i] < 0x40000000 ? 0 : 0xFF;
        say_words(&now, FB_LOADER_WRITE_REG, store, 4);
        still("WRITE_REG");
        say_words(&now, FB_LOADER_READ_REG, again, 1);
        end_here("WRITE_REG 0x%08x, READ_REG", (unsigned)places[i]);
    }
}

static uint8_t block[0x4000];
static uint8_t packed[0x5000];
static uLongf packed_n;

static void words4(struct pair *pair, uint8_t op, uint32_t a, uint32_t b,
                   uint32_t c, uint32_t d)
{
    const uint32_t words[] = {a, b, c, d};

    say_words(pair, op, words, 4);
}

static void flash_blocks(void)
{
    static const struct {
        const char *name;
        uint32_t size, blocks, block, at;
        size_t n[3];
        uint32_t sequence[3];
    } rows[] = {
        {"two blocks", 0x800, 2, 0x400, 0x10000, {0x400, 0x400}, {0, 1}},
        {"a short last", 0x500, 2, 0x400, 0x10000, {0x400, 0x100}, {0, 1}},
        {"a longer block", 0x800, 2, 0x400, 0x10000, {0x500}, {0}},
        {"a block too many", 0x400, 1, 0x400, 0x10000, {0x400, 0x400}, {0, 1}},
        {"the first twice", 0x800, 2, 0x400, 0x10000, {0x400, 0x400}, {0, 0}},
        {"begin with 1", 0x800, 2, 0x400, 0x10000, {0x400, 0x400}, {1, 0}},
        {"one left out", 0xC00, 3, 0x400, 0x10000, {0x400, 0x400}, {0, 2}},
        {"unaligned length", 0x400, 1, 0x400, 0x10000, {0x3FD}, {0}},
        {"unaligned offset", 0x400, 1, 0x400, 0x10010, {0x400}, {0}},
        {"odd offset", 0x400, 1, 0x400, 0x10011, {0x400}, {0}},
        {"over data", 0x400, 1, 0x400, 0x1100, {0x400}, {0}},
        {"at the end", 0x400, 1, 0x400, RIG_FLASH - 0x400, {0x400}, {0}},
        {"beyond the end", 0x400, 1, 0x400, RIG_FLASH, {0x400}, {0}},
        {"over the end",
         0x800,
         2,
         0x400,
         RIG_FLASH - 0x400,
         {0x400, 0x400},
         {0, 1}},
        {"beyond 16 MiB", 0x400, 1, 0x400, 0x1000000, {0x400}, {0}},
        {"small blocks", 0x40, 2, 0x20, 0x10000, {0x20, 0x20}, {0, 1}},
        {"4 KiB blocks", 0x1000, 1, 0x1000, 0x10000, {0x1000}, {0}},
        {"nothing", 0, 0, 0x400, 0x10000, {0}, {0}},
        {"size 0, a block", 0, 0, 0x400, 0x10000, {0x400}, {0}},
        {"block size 0", 0x400, 1, 0, 0x10000, {0x400}, {0}},
        {"large", 0x20000, 128, 0x400, 0x10000, {0x400}, {0}},
        {"64 KiB and an unaligned end",
         0x11234,
         69,
         0x400,
         0x18000,
         {0x400},
         {0}},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char name[80];

        (void)snprintf(name, sizeof name, "FLASH_BEGIN, %s", rows[i].name);
        from_here();
        words4(&now, FB_LOADER_FLASH_BEGIN, rows[i].size, rows[i].blocks,
               rows[i].block, rows[i].at);
        still(name);
        for (int b = 0; b < 3 && rows[i].n[b] > 0; b++) {
            (void)snprintf(name, sizeof name, "FLASH_DATA, %s, block %d",
                           rows[i].name, b);
            say_data(&now, FB_LOADER_FLASH_DATA, rows[i].sequence[b], block,
                     rows[i].n[b]);
            still(name);
        }
        words4(&now, FB_LOADER_SPI_FLASH_MD5, 0x10000, 0x1000, 0, 0);
        end_here("MD5 after %s", rows[i].name);
    }
}

// Blocks that the header of the data, or the packet, tells lies about.
static void false_blocks(uint8_t begin, uint8_t data, uint32_t at)
{
    static uint8_t packet[0x1000];
    const char *name = fb_loader_op_name(data);
    size_t n;

    for (unsigned lie = 0; lie < 8; lie++) {
        from_here();
        words4(&now, begin, 0x400, 1, 0x400, at);
        n = fb_loader_request_data(packet, sizeof packet,
                                   (enum fb_loader_op)data, 0, block, 0x400);
        switch (lie) {
        case 0:
            packet[4] ^= 1; // checksum
            break;
        case 1:
            packet[5] ^= 1; // its upper bytes
            break;
        case 2:
            packet[8] ^= 0x10; // length in the data header
            break;
        case 3:
            store32_le(packet + 8, 0x800);
            break;
        case 4:
            packet[16] = 1; // reserved
            break;
        case 5:
            n -= 5; // shorter than the packet says
            break;
        case 6:
            n += 5; // longer
            break;
        default:
            packet[30] ^= 1; // a flipped bit
            break;
        }
        say(&now, packet, n);
        still(name);
        say_data(&now, data, 0, block, 0x400);
        end_here("%s again after lie %u", name, lie);
    }
    for (size_t len = 0; len < 24; len += 5) {
        from_here();
        words4(&now, begin, 0x400, 1, 0x400, at);
        n = make_packet(packet, data, block, len, 0);
        say(&now, packet, n);
        end_here("%s of %zu bytes", name, len);
    }
}

static void order(void)
{
    static const uint8_t data[] = {
        FB_LOADER_FLASH_DATA, FB_LOADER_FLASH_DEFL_DATA, FB_LOADER_MEM_DATA};
    static const uint8_t begin[] = {
        FB_LOADER_FLASH_BEGIN, FB_LOADER_FLASH_DEFL_BEGIN, FB_LOADER_MEM_BEGIN};
    static const uint32_t at[] = {0x10000, 0x10000, 0x40080000};

    for (unsigned i = 0; i < 3; i++) {
        from_here();
        say_data(&now, data[i], 0, block, 0x40);
        end_here("%s without a BEGIN", fb_loader_op_name(data[i]));
        for (unsigned k = 0; k < 3; k++) {
            if (i != k) {
                from_here();
                words4(&now, begin[k], 0x40, 1, 0x40, at[k]);
                say_data(&now, data[i], 0, block, 0x40);
                end_here("%s after %s", fb_loader_op_name(data[i]),
                         fb_loader_op_name(begin[k]));
            }
        }
    }
}

static void deflated(void)
{
    static const struct {
        const char *name;
        uint32_t size; // said in BEGIN
        size_t part;   // bytes a block
        size_t flip;   // 1 + offset of a byte to change
        size_t cut;    // bytes left out at the end
    } rows[] = {
        {"whole", 0x400, 0x5000, 0, 0},
        {"in parts", 0x400, 100, 0, 0},
        {"size too small", 0x200, 0x5000, 0, 0},
        {"size too large", 0x800, 0x5000, 0, 0},
        {"wrong Adler-32", 0x400, 0x5000, 1000000, 0},
        {"wrong header", 0x400, 0x5000, 1, 0},
        {"wrong flags", 0x400, 0x5000, 2, 0},
        {"ends early", 0x400, 0x5000, 0, 20},
        {"only the Adler-32 missing", 0x400, 0x5000, 0, 4},
    };
    uint8_t stream[0x5000];

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        size_t n = packed_n - rows[i].cut;
        uint32_t sequence = 0;

        memcpy(stream, packed, packed_n);
        if (rows[i].flip == 1000000) {
            stream[packed_n - 1] ^= 1;
        } else if (rows[i].flip > 0) {
            stream[rows[i].flip - 1] ^= 0x40;
        }
        from_here();
        words4(&now, FB_LOADER_FLASH_DEFL_BEGIN, rows[i].size, 1, 0x400,
               0x20000);
        for (size_t at = 0; at < n; at += rows[i].part) {
            size_t part = n - at < rows[i].part ? n - at : rows[i].part;

            say_data(&now, FB_LOADER_FLASH_DEFL_DATA, sequence++, stream + at,
                     part);
            still(rows[i].name);
        }
        say_data(&now, FB_LOADER_FLASH_DEFL_DATA, sequence, stream, 16);
        end_here("FLASH_DEFL_DATA, %s, another block", rows[i].name);
    }
}

static void reading(void)
{
    static const uint32_t slow[][2] = {
        {0, 64},          {0, 0},
        {0, 1},           {0, 65},
        {0x1001, 64},     {0x1001, 3},
        {0x1002, 63},     {RIG_FLASH - 32, 64},
        {RIG_FLASH, 64},  {0x1000000, 16},
        {0xFFFFFFF0, 64}, {0, 0xFFFFFFFF},
    };
    static const uint32_t md5[][2] = {
        {0, 0},
        {0, 1},
        {0, 3},
        {1, 64},
        {0x1001, 0x1000},
        {0, 0x3000},
        {0x2FFF, 0x101},
        {RIG_FLASH - 16, 16},
        {RIG_FLASH - 16, 32},
        {RIG_FLASH, 16},
        {0x1000000, 16},
    };

    for (size_t i = 0; i < sizeof slow / sizeof slow[0]; i++) {
        from_here();
        say_words(&now, FB_LOADER_READ_FLASH_SLOW, slow[i], 2);
        still("READ_FLASH_SLOW");
        words4(&now, FB_LOADER_SPI_ATTACH, 0, 0, 0, 0);
        still("SPI_ATTACH after it");
        say_words(&now, FB_LOADER_SPI_ATTACH, slow[1], 2);
        end_here("SPI_ATTACH after READ_FLASH_SLOW 0x%x, %u",
                 (unsigned)slow[i][0], (unsigned)slow[i][1]);
    }
    for (size_t i = 0; i < sizeof md5 / sizeof md5[0]; i++) {
        from_here();
        words4(&now, FB_LOADER_SPI_FLASH_MD5, md5[i][0], md5[i][1], 0, 0);
        still("SPI_FLASH_MD5");
        say_words(&now, FB_LOADER_SPI_ATTACH, md5[0], 2);
        end_here("SPI_ATTACH after MD5 of 0x%x, %u", (unsigned)md5[i][0],
                 (unsigned)md5[i][1]);
    }
}

static void noise(void)
{
    static const char *const rows[] = {
        "00",
        "ffffffff",
        "c0",
        "c0c0",
        "c0c0c0c0",
        "c000c0",
        "c00008c0",
        "c00008240000000000c0",
        "c0000a0400000000000010004000c0",
        "c0000a040000000000001040c0",
        "c0010a0400000000000010 0040c0",
        "c0db00c0",
        "c000db00c0",
        "c0000adbdc",
        "dbdcdbdd",
        "c0000a04000000dbdb0000100040c0",
        "48656c6c6f0d0a",
        "c0000a040000000000001000",
        "c0020a040000000000001000 40c0",
        "c0000aff0000000000001000 40c0",
        "c0000a04ff00000000001000 40c0",
        "c0000a04deadbeef00001000 40c0",
    };
    const uint32_t magic[] = {0x40001000};
    static uint8_t much[0x3000];

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char hex[100];
        uint8_t bytes[64];
        size_t n = 0;

        for (const char *p = rows[i]; *p != '\0'; p++) {
            if (*p != ' ') {
                hex[n++] = *p;
            }
        }
        hex[n] = '\0';
        n = testing_hex(bytes, sizeof bytes, hex);
        from_here();
        say_bytes(&now, bytes, n);
        still(rows[i]);
        say_words(&now, FB_LOADER_READ_REG, magic, 1);
        still("READ_REG after noise");
        say_words(&now, FB_LOADER_READ_REG, magic, 1);
        end_here("READ_REG twice after %s", rows[i]);
    }
    memset(much, 0x55, sizeof much);
    from_here();
    say_bytes(&now, much, sizeof much);
    say_words(&now, FB_LOADER_READ_REG, magic, 1);
    end_here("READ_REG after 12 KiB of 0x55");
    much[0] = 0xC0;
    from_here();
    say_bytes(&now, much, sizeof much);
    say_words(&now, FB_LOADER_READ_REG, magic, 1);
    still("READ_REG in a frame of 12 KiB");
    say_words(&now, FB_LOADER_READ_REG, magic, 1);
    end_here("READ_REG twice after a frame of 12 KiB");
}

static void baud(void)
{
    static const uint32_t rates[] = {9600,   115200, 230400,
                                     460800, 921600, 2000000};

    for (size_t i = 0; i < sizeof rates / sizeof rates[0]; i++) {
        const uint32_t words[] = {rates[i], 0};
        const uint32_t where[] = {0x3FF40014};

        from_here();
        say_words(&now, FB_LOADER_CHANGE_BAUDRATE, words, 2);
        still("CHANGE_BAUDRATE");
        say_words(&now, FB_LOADER_READ_REG, where, 1);
        end_here("UART_CLKDIV after CHANGE_BAUDRATE %u", (unsigned)rates[i]);
    }
}

// A burn by WRITE_REG, as espefuse does it without a stub.
static void burning(void)
{
    static const struct {
        uint32_t vaddr, value;
    } burns[] = {
        {0x3FF5A01C, 1u << 20}, // FLASH_CRYPT_CNT
        {0x3FF5A034, 1u << 6},  // JTAG_DISABLE
        {0x3FF5A098, 0x12345678},
        {0x3FF5A0D8, 0x89ABCDEF},
    };
    uint32_t words[5][4];

    for (size_t i = 0; i < sizeof burns / sizeof burns[0]; i++) {
        const uint32_t steps[5][4] = {
            {burns[i].vaddr, burns[i].value, UINT32_MAX, 0},
            {0x3FF5A0FC, 0x5A5A, UINT32_MAX, 0},
            {0x3FF5A104, 2, UINT32_MAX, 0},
            {0x3FF5A0FC, 0x5AA5, UINT32_MAX, 0},
            {0x3FF5A104, 1, UINT32_MAX, 0},
        };

        memcpy(words, steps, sizeof words);
        from_here();
        for (int s = 0; s < 5; s++) {
            say_words(&now, FB_LOADER_WRITE_REG, words[s], 4);
        }
        end_here("burn 0x%08x", (unsigned)burns[i].vaddr);
    }
}

static void leaving(void)
{
    // A program at 0x40080000 that prints "Hi\n"; see RIG_PROGRAM.
    uint8_t code[64];
    size_t n = (testing_hex(code, sizeof code, RIG_PROGRAM) + 3) & ~(size_t)3;
    const uint32_t run[] = {0, RIG_PROGRAM_ENTRY};
    const uint32_t end[2] = {0, 1};

    from_here();
    words4(&now, FB_LOADER_MEM_BEGIN, 43, 1, 43, RIG_PROGRAM_VADDR);
    say_data(&now, FB_LOADER_MEM_DATA, 0, code, 43);
    end_here("MEM_DATA, odd length, to instruction memory");
    from_here();
    words4(&now, FB_LOADER_MEM_BEGIN, (uint32_t)n, 1, (uint32_t)n,
           RIG_PROGRAM_VADDR);
    still("MEM_BEGIN");
    say_data(&now, FB_LOADER_MEM_DATA, 0, code, n);
    still("MEM_DATA");
    say_words(&now, FB_LOADER_MEM_END, run, 2);
    end_here("MEM_END runs a program");
    for (unsigned i = 0; i < 2; i++) {
        for (unsigned image = 0; image < 2; image++) {
            from_here();
            if (image) {
                rig_image(now.rig[MODEL]->flash + 0x1000, false);
                rig_image(now.rig[REAL]->flash + 0x1000, false);
            }
            words4(&now, FB_LOADER_FLASH_BEGIN, 0x400, 1, 0x400, 0x10000);
            say_words(&now, FB_LOADER_FLASH_END, end + i, 1);
            end_here("FLASH_END %u, %s image", i, image ? "an" : "no");
        }
        from_here();
        say_words(&now, FB_LOADER_FLASH_DEFL_END, end + i, 1);
        end_here("FLASH_DEFL_END %u", i);
    }
}

// The flash does not answer: what waits for it waits for ever.
static void without_flash(void)
{
    static const uint32_t spi_id[][4] = {
        {0x3FF42028, 0, UINT32_MAX, 0}, // MOSI_DLEN
        {0x3FF4202C, 23, UINT32_MAX, 0},
        {0x3FF4201C, 1u << 31 | 1u << 28, UINT32_MAX, 0},
        {0x3FF42024, 7u << 28 | 0x9F, UINT32_MAX, 0},
        {0x3FF42000, 1u << 18, UINT32_MAX, 0},
    };
    static const uint32_t answer[] = {0x3FF42080};

    sync_pair(CHIP_STRAP_DOWNLOAD | CHIP_STRAP_MTDI, FB_FLASH_SUPPLY_3V3);
    for (size_t i = 0; i < sizeof requests / sizeof requests[0]; i++) {
        const struct request *r = &requests[i];

        from_here();
        say_words(&now, r->op, r->word, r->words);
        still("without flash");
        if (r->op == FB_LOADER_MEM_BEGIN) {
            say_data(&now, FB_LOADER_MEM_DATA, 0, block, 64);
        }
        say_words(&now, FB_LOADER_READ_REG, answer, 1);
        end_here("%s without flash, then READ_REG", fb_loader_op_name(r->op));
    }
    from_here();
    words4(&now, FB_LOADER_SPI_ATTACH, 0, 0, 0, 0);
    for (size_t i = 0; i < sizeof spi_id / sizeof spi_id[0]; i++) {
        say_words(&now, FB_LOADER_WRITE_REG, spi_id[i], 4);
    }
    say_words(&now, FB_LOADER_READ_REG, answer, 1);
    end_here("RDID without flash");
    from_here();
    words4(&now, FB_LOADER_FLASH_BEGIN, 0, 0, 0x400, 0x10000);
    still("FLASH_BEGIN of nothing without flash");
    say_data(&now, FB_LOADER_FLASH_DATA, 0, block, 0x400);
    end_here("FLASH_DATA without flash");
    pair_free(&synced);
}

static void conversations(void)
{
    for (size_t i = 0; i < sizeof block; i++) {
        block[i] = (uint8_t)(7 * i + (i >> 8));
    }
    packed_n = sizeof packed;
    compress2(packed, &packed_n, block, 0x400, 9);
    sync_pair(CHIP_STRAP_DOWNLOAD, FB_FLASH_SUPPLY_3V3);
    lengths();
    registers();
    flash_blocks();
    false_blocks(FB_LOADER_FLASH_BEGIN, FB_LOADER_FLASH_DATA, 0x10000);
    false_blocks(FB_LOADER_MEM_BEGIN, FB_LOADER_MEM_DATA, 0x40080000);
    order();
    deflated();
    reading();
    noise();
    baud();
    burning();
    leaving();
    pair_free(&synced);
    without_flash();
}

static bool load(const char *path)
{
    static uint8_t elf[2u << 20];
    FILE *file = fopen(path, "rb");
    size_t n = 0;

    if (file != NULL) {
        n = fread(elf, 1, sizeof elf, file);
        (void)fclose(file);
    }
    return mask_rom_load(&rom, elf, n) == FB_OK &&
           mask_rom_identify(&rom, &revision) == FB_OK;
}

int main(int argc, char **argv)
{
    const char *only = getenv("ROM_DIFF");

    for (int i = 1; i < argc; i++) {
        unsigned before = compared, bad = differing;

        if (!load(argv[i])) {
            (void)fprintf(stderr, "rom_diff: %s: not a mask ROM of the ESP32\n",
                          argv[i]);
            return 2;
        }
        if (only == NULL || strchr(only, 'b') != NULL) {
            boots();
            v2_boots();
        }
        if (only == NULL || strchr(only, 'd') != NULL) {
            conversations();
        }
        printf("revision %u: compared %u scenarios, %u differ\n", revision,
               compared - before, differing - bad);
    }
    return differing == 0 ? 0 : 1;
}
