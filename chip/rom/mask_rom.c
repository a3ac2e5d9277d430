// SPDX-License-Identifier: Apache-2.0

#include "chip/rom/mask_rom.h"

#include <string.h>

#include "lib/fb/bytes.h"
#include "lib/fb/crypto.h"
#include "lib/fb/loader.h"

#define ROM_BASE     0x40000000u
#define ROM_DATA     0x3FF90000u // shows the ROM from ROM_DATA_AT on
#define ROM_DATA_AT  0x60000u
#define ROM_DATA_N   0x10000u
#define RESET_VECTOR 0x400u

#define EHDR_SIZE    52u
#define SHDR_SIZE    40u
#define SHT_PROGBITS 1u
#define SHT_SYMTAB   2u
#define SHF_ALLOC    2u
#define SYM_SIZE     16u

struct elf {
    const uint8_t *p;
    size_t n;
    uint32_t sections; // file offset of the table
    unsigned count;
};

struct section {
    uint32_t type, flags, vaddr, offset, size, link;
};

static bool inside(const struct elf *elf, uint32_t offset, uint32_t n)
{
    return offset <= elf->n && n <= elf->n - offset;
}

static struct section section_at(const struct elf *elf, unsigned i)
{
    const uint8_t *h = elf->p + elf->sections + (size_t)i * SHDR_SIZE;
    struct section s = {load32_le(h + 4),  load32_le(h + 8),
                        load32_le(h + 12), load32_le(h + 16),
                        load32_le(h + 20), load32_le(h + 24)};

    return s;
}

static enum fb_status open_elf(struct elf *elf, const uint8_t *p, size_t n)
{
    static const uint8_t ident[7] = {0x7F, 'E', 'L', 'F', 1, 1, 1};

    if (n < EHDR_SIZE || memcmp(p, ident, sizeof ident) != 0 ||
        load16_le(p + 18) != 94 || load16_le(p + 46) != SHDR_SIZE) {
        return FB_E_NOT_ELF;
    }
    elf->p = p;
    elf->n = n;
    elf->sections = load32_le(p + 32);
    elf->count = load16_le(p + 48);
    return inside(elf, elf->sections, elf->count * SHDR_SIZE) ? FB_OK
                                                              : FB_E_TRUNCATED;
}

// Where a section's bytes are in the ROM; MASK_ROM_SIZE: not in it.
static uint32_t rom_offset(uint32_t vaddr, uint32_t n)
{
    uint32_t at = MASK_ROM_SIZE;

    if (vaddr - ROM_BASE < MASK_ROM_SIZE) {
        at = vaddr - ROM_BASE;
    } else if (vaddr - ROM_DATA < ROM_DATA_N) {
        at = vaddr - ROM_DATA + ROM_DATA_AT;
    }
    return n <= MASK_ROM_SIZE - at ? at : MASK_ROM_SIZE;
}

static enum fb_status copy_sections(struct mask_rom *rom, const struct elf *elf)
{
    for (unsigned i = 0; i < elf->count; i++) {
        struct section s = section_at(elf, i);
        uint32_t at = rom_offset(s.vaddr, s.size);

        if (s.type != SHT_PROGBITS || (s.flags & SHF_ALLOC) == 0 ||
            s.size == 0 || at == MASK_ROM_SIZE) {
            continue;
        }
        if (!inside(elf, s.offset, s.size)) {
            return FB_E_TRUNCATED;
        }
        memcpy(rom->bytes + at, elf->p + s.offset, s.size);
    }
    return FB_OK;
}

static bool name_is(const struct elf *elf, const struct section *names,
                    uint32_t name, const char *want)
{
    size_t n = strlen(want) + 1;

    return name <= names->size && n <= names->size - name &&
           memcmp(elf->p + names->offset + name, want, n) == 0;
}

// Value of a symbol, 0: there is none.
static uint32_t symbol(const struct elf *elf, const char *name)
{
    for (unsigned i = 0; i < elf->count; i++) {
        struct section s = section_at(elf, i);
        struct section names;

        if (s.type != SHT_SYMTAB || s.link >= elf->count ||
            !inside(elf, s.offset, s.size)) {
            continue;
        }
        names = section_at(elf, s.link);
        if (!inside(elf, names.offset, names.size)) {
            continue;
        }
        for (uint32_t at = 0; at + SYM_SIZE <= s.size; at += SYM_SIZE) {
            const uint8_t *sym = elf->p + s.offset + at;

            if (name_is(elf, &names, load32_le(sym), name)) {
                return load32_le(sym + 4);
            }
        }
    }
    return 0;
}

// Bytes of vaddr .. out of whatever section holds them.
static void copy_initial(struct mask_rom *rom, const struct elf *elf,
                         uint32_t vaddr, uint32_t n, uint32_t lma)
{
    for (unsigned i = 0; i < elf->count; i++) {
        struct section s = section_at(elf, i);
        uint32_t from = s.vaddr > vaddr ? s.vaddr : vaddr;
        uint32_t end =
            s.vaddr + s.size < vaddr + n ? s.vaddr + s.size : vaddr + n;
        uint32_t at = rom_offset(lma + (from - vaddr), 0);

        if (s.type != SHT_PROGBITS || from >= end || at == MASK_ROM_SIZE ||
            end - from > MASK_ROM_SIZE - at || !inside(elf, s.offset, s.size)) {
            continue;
        }
        memcpy(rom->bytes + at, elf->p + s.offset + (from - s.vaddr),
               end - from);
    }
}

// Entries of 16 bytes: start, end, place of the initial values, flag.
static void apply_store_table(struct mask_rom *rom, const struct elf *elf)
{
    uint32_t from = rom_offset(symbol(elf, "_rom_store_table"), 0);
    uint32_t end = rom_offset(symbol(elf, "_rom_store_table_end"), 0);

    // Older files have no end symbol: stop at an entry that makes no sense.
    for (uint32_t at = from; at < MASK_ROM_SIZE - 16; at += 16) {
        uint32_t start = load32_le(rom->bytes + at);
        uint32_t stop = load32_le(rom->bytes + at + 4);
        uint32_t lma = load32_le(rom->bytes + at + 8);

        if ((end < MASK_ROM_SIZE && at >= end) ||
            start - 0x3FF00000u > 0x100000u || stop < start ||
            stop - start > 0x10000u ||
            rom_offset(lma, stop - start) == MASK_ROM_SIZE) {
            return;
        }
        copy_initial(rom, elf, start, stop - start, lma);
    }
}

enum fb_status mask_rom_load(struct mask_rom *rom, const uint8_t *p, size_t n)
{
    struct elf elf;
    enum fb_status status = open_elf(&elf, p, n);

    if (status != FB_OK) {
        return status;
    }
    memset(rom->bytes, 0, sizeof rom->bytes);
    status = copy_sections(rom, &elf);
    if (status != FB_OK) {
        return status;
    }
    apply_store_table(rom, &elf);
    return load32_le(rom->bytes + RESET_VECTOR) == 0 ? FB_E_BLANK : FB_OK;
}

// SHA-256 of what mask_rom_load() makes of esp32_rev0_rom.elf and
// esp32_rev300_rom.elf of esp-rom-elfs. A mask cannot change.
static const struct {
    unsigned revision;
    uint8_t sha256[32];
} known[] = {
    {0, {0x24, 0xad, 0x11, 0xe2, 0x2d, 0x41, 0x50, 0x2a, 0x03, 0x76, 0x93,
         0xab, 0x9f, 0xd0, 0x85, 0x5a, 0x78, 0x76, 0x34, 0x1c, 0xfa, 0x57,
         0x03, 0xf0, 0x56, 0xe8, 0x69, 0xf8, 0xdb, 0x63, 0x05, 0xa3}},
    {3, {0x20, 0x31, 0xbe, 0xf6, 0x88, 0xff, 0x9b, 0xba, 0x32, 0x9a, 0xed,
         0xac, 0xb3, 0xbc, 0xc5, 0x82, 0xbd, 0x19, 0x6a, 0x88, 0xf6, 0xea,
         0x41, 0x53, 0xcd, 0xee, 0x50, 0x26, 0x8a, 0xfd, 0x8c, 0xce}},
};

enum fb_status mask_rom_identify(const struct mask_rom *rom, unsigned *revision)
{
    uint8_t hash[32];
    struct fb_sha256 c;

    if (load32_le(rom->bytes + (FB_LOADER_CHIP_MAGIC_REG - ROM_BASE)) !=
        FB_LOADER_CHIP_MAGIC) {
        return FB_E_BAD_MAGIC;
    }
    fb_sha256_init(&c);
    fb_sha256_update(&c, rom->bytes, sizeof rom->bytes);
    fb_sha256_final(&c, hash);
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (memcmp(known[i].sha256, hash, sizeof hash) == 0) {
            *revision = known[i].revision;
            return FB_OK;
        }
    }
    return FB_E_BAD_HASH;
}

void mask_rom_map(const void *rom, struct bus *bus)
{
    // Never mapped for stores: the bus only reads it.
    uint8_t *bytes =
        (uint8_t *)(uintptr_t)((const struct mask_rom *)rom)->bytes;

    bus_map(bus, ROM_BASE, MASK_ROM_SIZE, bytes, BUS_R8 | BUS_R32 | BUS_X);
    bus_map(bus, ROM_DATA, ROM_DATA_N, bytes + ROM_DATA_AT, BUS_R8 | BUS_R32);
}
