// SPDX-License-Identifier: Apache-2.0

#include "lib/fb/elf_image.h"

#include <string.h>

#include "lib/fb/bytes.h"
#include "lib/fb/crypto.h"
#include "lib/fb/flash.h"

// ELF (System V ABI; e_machine: Xtensa).
#define ELF_HEADER_SIZE  52u
#define ELF_SECTION_SIZE 40u
#define ELF_PROGRAM_SIZE 32u
#define EM_XTENSA        0x5Eu
#define PT_LOAD          1u

enum {
    SHT_PROGBITS = 1,
    SHT_INIT_ARRAY = 14,
    SHT_FINI_ARRAY = 15,
    SHT_PREINIT_ARRAY = 16,
};

// Where an app description keeps the SHA-256 of the ELF file; img_off.
#define APPDESC_ELF_SHA256 0xB0u

#define SEGMENT_LEN_END 0x1000000u // 16 MiB
// A mapped segment that ends less than this many bytes into a page is filled up
// to it: early second-stage bootloaders did not map such a page.
#define PAGE_MIN 0x24u

// The tables of an ELF file, checked to lie inside it.
struct elf {
    const uint8_t *p;
    size_t n;
    const uint8_t *table; // of sections or program headers
    unsigned count;
    const uint8_t *names; // section names, NULL: program headers
    size_t names_size;
    bool segments;
    bool progbits_only;
    bool by_address; // the order of next_part(): by address, else as in table
};

// Something to load: a section or a program header.
struct part {
    uint32_t vaddr;
    uint32_t off; // in the ELF file
    uint32_t len; // bytes there; 0 to 3 zero bytes follow in the image
    unsigned index;
    uint32_t name; // offset in elf->names
    uint32_t align;
};

// Parts that follow each other in memory: a segment of the image, or what is
// left of it.
struct run {
    uint32_t vaddr;
    uint32_t len;
    uint32_t skip; // bytes of it that are already in the image
    struct part first;
};

struct runs {
    struct run run[FB_IMAGE_SEGMENTS_MAX];
    unsigned count;
};

struct writer {
    uint8_t *out;
    size_t cap;
    size_t len;
    unsigned segments;
    uint8_t checksum;
    const struct elf *elf;
    const uint8_t *elf_sha256; // NULL: do not write it
    uint32_t elf_sha256_off;
    struct fb_fault *fault;
};

static enum fb_status elf_open(struct elf *elf,
                               const struct fb_elf_image_options *options,
                               struct fb_fault *fault)
{
    const uint8_t *p = elf->p;
    if (elf->n < ELF_HEADER_SIZE ||
        memcmp(p,
               "\x7f"
               "ELF\1\1",
               6) != 0 ||
        load16_le(p + 18) != EM_XTENSA) {
        return fb_fault_set(fault, FB_E_NOT_ELF, 0, 0, EM_XTENSA);
    }
    uint32_t program_off = load32_le(p + 28);
    uint32_t program_count = load16_le(p + 44);
    uint32_t section_off = load32_le(p + 32);
    uint32_t section_count = load16_le(p + 48);
    uint32_t names_index = load16_le(p + 50);
    if (load16_le(p + 46) != ELF_SECTION_SIZE || section_count == 0 ||
        names_index >= section_count) {
        return fb_fault_set(fault, FB_E_NOT_ELF, 46, load16_le(p + 46),
                            ELF_SECTION_SIZE);
    }
    if (section_off > elf->n ||
        section_count * ELF_SECTION_SIZE > elf->n - section_off) {
        return fb_fault_set(fault, FB_E_TRUNCATED, section_off,
                            (uint32_t)elf->n, section_count * ELF_SECTION_SIZE);
    }
    if (program_count != 0 &&
        (program_off > elf->n ||
         program_count * ELF_PROGRAM_SIZE > elf->n - program_off)) {
        return fb_fault_set(fault, FB_E_TRUNCATED, program_off,
                            (uint32_t)elf->n, program_count * ELF_PROGRAM_SIZE);
    }
    elf->segments = options->use_segments;
    elf->progbits_only = options->no_merge;
    elf->by_address = options->ram_only_header;
    elf->names = NULL;
    elf->names_size = 0;
    if (elf->segments) {
        elf->table = p + program_off;
        elf->count = program_count;
        return FB_OK;
    }
    elf->table = p + section_off;
    elf->count = section_count;
    const uint8_t *names = elf->table + names_index * ELF_SECTION_SIZE;
    uint32_t off = load32_le(names + 16);
    uint32_t size = load32_le(names + 20);
    if (off <= elf->n && size <= elf->n - off) {
        elf->names = p + off;
        elf->names_size = size;
    }
    return FB_OK;
}

// Row `index` of the table; false if it is not loaded.
static bool read_part(const struct elf *elf, unsigned index, struct part *part)
{
    uint32_t type;
    part->index = index;
    if (elf->segments) {
        const uint8_t *row = elf->table + index * ELF_PROGRAM_SIZE;
        type = load32_le(row);
        part->off = load32_le(row + 4);
        part->vaddr = load32_le(row + 12); // p_paddr
        part->len = load32_le(row + 16);
        part->name = 0;
        part->align = load32_le(row + 28);
        return type == PT_LOAD && part->vaddr != 0 && part->len != 0;
    }
    const uint8_t *row = elf->table + index * ELF_SECTION_SIZE;
    part->name = load32_le(row);
    type = load32_le(row + 4);
    part->vaddr = load32_le(row + 12);
    part->off = load32_le(row + 16);
    part->len = load32_le(row + 20);
    part->align = load32_le(row + 32);
    if (part->vaddr == 0 || part->len == 0) {
        return false;
    }
    return type == SHT_PROGBITS ||
           (!elf->progbits_only &&
            (type == SHT_INIT_ARRAY || type == SHT_FINI_ARRAY ||
             type == SHT_PREINIT_ARRAY));
}

static bool before(const struct part *a, const struct part *b)
{
    return a->vaddr < b->vaddr || (a->vaddr == b->vaddr && a->index < b->index);
}

// The part after `after` (NULL: the first one). Looks at the whole table for
// each step by address, which no table of real size makes slow.
static bool next_part(const struct elf *elf, const struct part *after,
                      struct part *next)
{
    bool found = false;
    unsigned from = after == NULL || elf->by_address ? 0 : after->index + 1;
    for (unsigned i = from; i < elf->count; i++) {
        struct part part;
        if (!read_part(elf, i, &part) ||
            (elf->by_address && after != NULL && !before(after, &part))) {
            continue;
        }
        if (!found || before(&part, next)) {
            *next = part;
            found = true;
        }
        if (!elf->by_address) {
            break;
        }
    }
    return found;
}

// Bytes that a part takes in the image when `next` (NULL: none) follows: filled
// up to a multiple of 4, and in a RAM-only image up to the next part if only
// that part's alignment lies between them. 0: beyond 4 GiB.
static uint32_t image_len(const struct elf *elf, const struct part *part,
                          const struct part *next)
{
    uint64_t len = ((uint64_t)part->len + 3) & ~UINT64_C(3);
    if (elf->by_address && next != NULL && next->align != 0) {
        uint64_t end = part->vaddr + len;
        uint64_t aligned =
            end + (next->align - end % next->align) % next->align;
        len += aligned == next->vaddr ? aligned - end : 0;
    }
    return len <= UINT32_MAX ? (uint32_t)len : 0;
}

static bool name_is(const struct elf *elf, uint32_t name, const char *want)
{
    size_t n = strlen(want) + 1;
    return name < elf->names_size && n <= elf->names_size - name &&
           memcmp(elf->names + name, want, n) == 0;
}

static bool name_contains(const struct elf *elf, uint32_t name,
                          const char *want)
{
    size_t n = strlen(want);
    for (; name < elf->names_size && elf->names[name] != '\0'; name++) {
        if (n <= elf->names_size - name &&
            memcmp(elf->names + name, want, n) == 0) {
            return true;
        }
    }
    return false;
}

// The memories an address belongs to, a bit each, as the reference tools divide
// the map: only parts with equal sets are merged. Padding and memory that is no
// target of a load keep their bits, for equality's sake.
static unsigned memory_types(uint32_t vaddr)
{
    static const uint32_t map[][2] = {
        {0x00000000, 0x00010000}, // padding
        {0x3F400000, 0x3F800000}, // DROM
        {0x3F800000, 0x3FC00000}, // external RAM
        {0x3FF80000, 0x3FF82000}, // RTC fast, data bus
        {0x3FF90000, 0x40000000}, // byte-accessible
        {0x3FFAE000, 0x40000000}, // DRAM
        {0x3FFE0000, 0x3FFFFFFC}, // SRAM1, data bus
        {0x40000000, 0x40070000}, // ROM
        {0x40070000, 0x40078000}, // cache of CPU0
        {0x40078000, 0x40080000}, // cache of CPU1
        {0x40080000, 0x400A0000}, // IRAM
        {0x400A0000, 0x400BFFFC}, // SRAM1, instruction bus
        {0x400C0000, 0x400C2000}, // RTC fast, instruction bus
        {0x400D0000, 0x40400000}, // IROM
        {0x50000000, 0x50002000}, // RTC slow
    };
    unsigned types = 0;
    for (unsigned i = 0; i < sizeof(map) / sizeof(map[0]); i++) {
        if (vaddr >= map[i][0] && vaddr < map[i][1]) {
            types |= 1u << i;
        }
    }
    // Both are called IROM.
    return types & 1u << 7 ? (types & ~(1u << 7)) | 1u << 13 : types;
}

static bool is_mapped(uint32_t vaddr)
{
    enum fb_segment_kind kind = fb_image_segment_kind(vaddr, 0);
    return kind == FB_SEGMENT_DROM || kind == FB_SEGMENT_IROM;
}

// Is there an app description (the first one, as listed) in mapped flash?
static bool has_mapped_desc(const struct elf *elf)
{
    for (unsigned i = 0; i < elf->count; i++) {
        struct part part;
        if (read_part(elf, i, &part) &&
            name_contains(elf, part.name, ".flash.appdesc")) {
            return is_mapped(part.vaddr);
        }
    }
    return false;
}

// Every part, in order, into runs.
static enum fb_status collect_runs(const struct elf *elf, bool merge,
                                   struct runs *runs, struct fb_fault *fault)
{
    struct part part = {0}, next = {0};
    bool joins = false; // the part continues the last run
    runs->count = 0;
    for (bool more = next_part(elf, NULL, &part); more; part = next) {
        more = next_part(elf, &part, &next);
        if (part.off > elf->n || part.len > elf->n - part.off) {
            return fb_fault_set(fault, FB_E_TRUNCATED, part.off,
                                (uint32_t)elf->n, part.len);
        }
        uint32_t len = image_len(elf, &part, more ? &next : NULL);
        uint32_t before = 0; // of the part in its run
        if (joins && runs->count <= FB_IMAGE_SEGMENTS_MAX) {
            before = runs->run[runs->count - 1].len;
        }
        if (len == 0 || len > UINT32_MAX - before) {
            return fb_fault_set(fault, FB_E_RANGE, part.off, part.vaddr, 0);
        }
        if (!joins && runs->count++ < FB_IMAGE_SEGMENTS_MAX) {
            runs->run[runs->count - 1] = (struct run){part.vaddr, 0, 0, part};
        }
        if (runs->count <= FB_IMAGE_SEGMENTS_MAX) {
            runs->run[runs->count - 1].len = before + len;
        }
        joins = merge && more && next.vaddr == part.vaddr + len &&
                memory_types(next.vaddr) == memory_types(part.vaddr);
    }
    if (runs->count == 0 || runs->count > FB_IMAGE_SEGMENTS_MAX) {
        return fb_fault_set(fault, FB_E_SEGMENTS, 0, runs->count,
                            FB_IMAGE_SEGMENTS_MAX);
    }
    return FB_OK;
}

static void sort_runs(struct runs *runs)
{
    for (unsigned i = 1; i < runs->count; i++) {
        struct run run = runs->run[i];
        unsigned k = i;
        for (; k > 0 && runs->run[k - 1].vaddr > run.vaddr; k--) {
            runs->run[k] = runs->run[k - 1];
        }
        runs->run[k] = run;
    }
}

// Those in mapped flash or the others, by address; the first one that starts
// with the section `top` before all.
static void select_runs(const struct elf *elf, const struct runs *all,
                        bool mapped, const char *top, struct runs *chosen)
{
    chosen->count = 0;
    for (unsigned i = 0; i < all->count; i++) {
        if (is_mapped(all->run[i].vaddr) == mapped) {
            chosen->run[chosen->count++] = all->run[i];
        }
    }
    sort_runs(chosen);
    for (unsigned i = 0; top != NULL && i < chosen->count; i++) {
        if (name_is(elf, chosen->run[i].first.name, top)) {
            struct run run = chosen->run[i];
            memmove(chosen->run + 1, chosen->run, i * sizeof(run));
            chosen->run[0] = run;
            return;
        }
    }
}

static enum fb_status check_pages(const struct runs *mapped,
                                  struct fb_fault *fault)
{
    for (unsigned i = 1; i < mapped->count; i++) {
        uint32_t a = mapped->run[i - 1].vaddr, b = mapped->run[i].vaddr;
        if (a / FB_IMAGE_MMU_PAGE == b / FB_IMAGE_MMU_PAGE) {
            return fb_fault_set(fault, FB_E_OVERLAP, mapped->run[i].first.off,
                                b, a);
        }
    }
    return FB_OK;
}

// n bytes of a run's data, from its byte run->skip on.
static void copy_run(const struct elf *elf, const struct run *run, uint32_t n,
                     uint8_t *out)
{
    struct part part = run->first;
    uint32_t skip = run->skip;
    while (n != 0) { // run->len says that the parts suffice
        struct part next = {0};
        bool more = next_part(elf, &part, &next);
        uint32_t len = image_len(elf, &part, more ? &next : NULL);
        if (skip < len) {
            uint32_t take = len - skip < n ? len - skip : n;
            uint32_t stored = skip < part.len ? part.len - skip : 0;
            uint32_t copied = take < stored ? take : stored;
            if (copied != 0) {
                memcpy(out, elf->p + part.off + skip, copied);
            }
            memset(out + copied, 0, take - copied);
            out += take;
            n -= take;
            skip = len;
        }
        skip -= len;
        part = next;
    }
}

// The SHA-256 of the ELF file into the data of the segment whose header is at
// img_off `header`, if its place is there. Its bounds are those of the
// reference tools, which count the segment from its header.
static enum fb_status write_elf_sha256(struct writer *w, uint32_t header,
                                       uint32_t len)
{
    uint32_t off = w->elf_sha256_off;
    if (w->elf_sha256 == NULL || off < header || off - header >= len) {
        return FB_OK;
    }
    if (off - header < FB_IMAGE_SEGMENT_HEADER ||
        off - header + FB_IMAGE_HASH_SIZE > len) {
        return fb_fault_set(w->fault, FB_E_RANGE, header, off, len);
    }
    if (!fb_bytes_all(w->out + off, FB_IMAGE_HASH_SIZE, 0)) {
        return fb_fault_set(w->fault, FB_E_BAD_HASH, header, off, len);
    }
    memcpy(w->out + off, w->elf_sha256, FB_IMAGE_HASH_SIZE);
    return FB_OK;
}

static enum fb_status no_space(struct writer *w, size_t need)
{
    return fb_fault_set(w->fault, FB_E_NO_SPACE, (uint32_t)w->len,
                        (uint32_t)w->cap, (uint32_t)(w->len + need));
}

// One segment: n bytes of run (NULL: zeros) and `zeros` bytes more.
static enum fb_status write_segment(struct writer *w, struct run *run,
                                    uint32_t n, uint32_t zeros)
{
    uint32_t vaddr = run == NULL ? 0 : run->vaddr + run->skip;
    if (n >= SEGMENT_LEN_END || n + zeros >= SEGMENT_LEN_END) {
        return fb_fault_set(w->fault, FB_E_RANGE, (uint32_t)w->len, vaddr, n);
    }
    uint32_t len = n + zeros;
    if (len % 4 != 0) {
        return fb_fault_set(w->fault, FB_E_ALIGN, (uint32_t)w->len, vaddr, len);
    }
    if (w->cap - w->len < FB_IMAGE_SEGMENT_HEADER + len) {
        return no_space(w, FB_IMAGE_SEGMENT_HEADER + len);
    }
    uint8_t *header = w->out + w->len;
    uint8_t *data = header + FB_IMAGE_SEGMENT_HEADER;
    store32_le(header, vaddr);
    store32_le(header + 4, len);
    if (run == NULL) {
        memset(data, 0, n);
    } else {
        copy_run(w->elf, run, n, data);
        run->skip += n;
    }
    memset(data + n, 0, zeros);
    enum fb_status s = write_elf_sha256(w, (uint32_t)w->len, len);
    if (s != FB_OK) {
        return s;
    }
    w->checksum = fb_image_checksum_add(w->checksum, data, len);
    w->len += FB_IMAGE_SEGMENT_HEADER + len;
    w->segments++;
    return FB_OK;
}

static enum fb_status write_rest(struct writer *w, struct run *run)
{
    return write_segment(w, run, run->len - run->skip, 0);
}

static enum fb_status write_mapped(struct writer *w, struct run *run)
{
    uint32_t end = (uint32_t)(w->len + FB_IMAGE_SEGMENT_HEADER + run->len) %
                   FB_IMAGE_MMU_PAGE;
    return write_segment(w, run, run->len, end < PAGE_MIN ? PAGE_MIN - end : 0);
}

// Does a segment have to come first so that the data of a mapped one at vaddr
// is congruent to it, and how long? *pad can exceed a page, as it does in the
// reference tools, when vaddr is further into its page than the image. It can
// be 0: a header of padding alone.
static bool needs_padding(size_t len, uint32_t vaddr, uint32_t *pad)
{
    const uint32_t page = FB_IMAGE_MMU_PAGE;
    uint32_t need = page - (uint32_t)len % page + vaddr % page;
    if (need % page == FB_IMAGE_SEGMENT_HEADER) {
        return false;
    }
    // The segment's header, and the padding's.
    if (need < 2 * FB_IMAGE_SEGMENT_HEADER) {
        need += page;
    }
    *pad = need - 2 * FB_IMAGE_SEGMENT_HEADER;
    return true;
}

// RAM segments serve as padding between the mapped ones.
static enum fb_status write_all(struct writer *w, struct runs *mapped,
                                struct runs *ram)
{
    unsigned next = 0; // of ram
    enum fb_status s;
    for (unsigned i = 0; i < mapped->count; i++) {
        uint32_t vaddr = mapped->run[i].vaddr;
        uint32_t pad;
        while (needs_padding(w->len, vaddr, &pad)) {
            if (next < ram->count && pad > FB_IMAGE_SEGMENT_HEADER) {
                struct run *run = &ram->run[next];
                uint32_t left = run->len - run->skip;
                s = write_segment(w, run, left < pad ? left : pad, 0);
                next += run->skip == run->len;
            } else {
                s = write_segment(w, NULL, pad, 0);
            }
            if (s != FB_OK) {
                return s;
            }
        }
        s = write_mapped(w, &mapped->run[i]);
        if (s != FB_OK) {
            return s;
        }
    }
    for (; next < ram->count; next++) {
        s = write_rest(w, &ram->run[next]);
        if (s != FB_OK) {
            return s;
        }
    }
    return FB_OK;
}

// After this many zero bytes the image, its checksum byte, its hash and the
// signature (V1: 68 bytes and 12 of filling) end with a page; V2's signature
// sector starts the next one.
static enum fb_status write_secure_pad(struct writer *w,
                                       enum fb_secure_pad secure_pad)
{
    uint32_t after = secure_pad == FB_PAD_V1 ? 32 + 4 + 64 + 12 : 32;
    uint32_t used = (uint32_t)w->len + FB_IMAGE_SEGMENT_HEADER + 16 + after;
    return write_segment(w, NULL, (0 - used) % FB_IMAGE_MMU_PAGE, 0);
}

static enum fb_status write_fill(struct writer *w, uint8_t byte, size_t n)
{
    if (n > w->cap - w->len) {
        return no_space(w, n);
    }
    memset(w->out + w->len, byte, n);
    w->len += n;
    return FB_OK;
}

// Zeros up to the last byte of 16, the checksum there.
static enum fb_status write_checksum(struct writer *w)
{
    enum fb_status s = write_fill(w, 0, 16 - w->len % 16);
    if (s == FB_OK) {
        w->out[w->len - 1] = w->checksum;
    }
    return s;
}

// The ROM sees the RAM segments and their checksum. Then, last linked first,
// the mapped segments, each after a padding segment that puts it right once
// the image is at FB_FLASH_BOOTLOADER.
static enum fb_status write_ram_first(struct writer *w, struct runs *mapped,
                                      struct runs *ram, unsigned *visible)
{
    enum fb_status s;
    for (unsigned i = 0; i < ram->count; i++) {
        s = write_rest(w, &ram->run[i]);
        if (s != FB_OK) {
            return s;
        }
    }
    *visible = w->segments;
    s = write_checksum(w);
    for (unsigned i = mapped->count; s == FB_OK && i-- > 0;) {
        uint32_t pad = (mapped->run[i].vaddr - (uint32_t)w->len -
                        2 * FB_IMAGE_SEGMENT_HEADER) %
                       FB_IMAGE_MMU_PAGE;
        if (pad < FB_FLASH_BOOTLOADER) {
            pad += FB_IMAGE_MMU_PAGE;
        }
        s = write_segment(w, NULL, pad - FB_FLASH_BOOTLOADER, 0);
        if (s == FB_OK) {
            s = write_mapped(w, &mapped->run[i]);
        }
    }
    return s;
}

static enum fb_status write_image(struct writer *w, const struct runs *runs,
                                  const struct fb_elf_image_options *options,
                                  struct fb_image_header *header)
{
    const struct elf *elf = w->elf;
    bool old = options->no_merge;
    struct runs mapped, ram;
    select_runs(elf, runs, true, old ? NULL : ".flash.appdesc", &mapped);
    select_runs(elf, runs, false, old ? NULL : ".dram0.bootdesc", &ram);
    enum fb_status s = check_pages(&mapped, w->fault);
    if (s == FB_OK) {
        s = write_fill(w, 0, FB_IMAGE_HEADER_SIZE);
    }
    if (s != FB_OK) {
        return s;
    }
    unsigned visible;
    if (options->ram_only_header) {
        s = write_ram_first(w, &mapped, &ram, &visible);
    } else {
        s = write_all(w, &mapped, &ram);
        if (s == FB_OK && options->secure_pad != FB_PAD_NONE) {
            s = write_secure_pad(w, options->secure_pad);
        }
        if (s == FB_OK) {
            s = write_checksum(w);
        }
        visible = w->segments;
    }
    if (s != FB_OK) {
        return s;
    }
    if (visible == 0 || visible > FB_IMAGE_SEGMENTS_MAX) {
        return fb_fault_set(w->fault, FB_E_SEGMENTS, 0, visible,
                            FB_IMAGE_SEGMENTS_MAX);
    }
    header->segments = (uint8_t)visible;
    fb_image_header_encode(header, w->out);
    if (header->hash_appended) {
        uint8_t hash[FB_IMAGE_HASH_SIZE];
        fb_sha256(w->out, w->len, hash);
        s = write_fill(w, 0, sizeof(hash));
        if (s == FB_OK) {
            memcpy(w->out + w->len - sizeof(hash), hash, sizeof(hash));
        }
    }
    if (s == FB_OK && options->pad_to_size != 0 &&
        w->len % options->pad_to_size != 0) {
        s = write_fill(w, 0xFF,
                       options->pad_to_size - w->len % options->pad_to_size);
    }
    return s;
}

void fb_elf_image_defaults(struct fb_elf_image_options *options)
{
    *options = (struct fb_elf_image_options){
        .header =
            {
                .flash_mode = FB_FLASH_QIO,
                .wp_pin = FB_IMAGE_WP_PIN_NONE,
                .chip_id = FB_IMAGE_CHIP_ESP32,
                .max_rev_full = 0xFFFF,
            },
    };
}

enum fb_status fb_elf_image_build(const uint8_t *elf, size_t n,
                                  const struct fb_elf_image_options *options,
                                  uint8_t *out, size_t cap, size_t *len,
                                  struct fb_fault *fault)
{
    struct elf file = {.p = elf, .n = n};
    enum fb_status s = elf_open(&file, options, fault);
    if (s != FB_OK) {
        return s;
    }
    struct fb_image_header header = options->header;
    header.entry = load32_le(elf + 24);
    header.hash_appended = !options->no_hash && !options->ram_only_header;
    if (options->no_merge) {
        header.min_rev_full = 0;
        header.max_rev_full = 0;
    }
    if (options->secure_pad != FB_PAD_NONE && !header.hash_appended) {
        return fb_fault_set(fault, FB_E_KEY, 0, 0, 0);
    }
    struct runs runs;
    s = collect_runs(&file, !options->no_merge, &runs, fault);
    if (s != FB_OK) {
        return s;
    }
    struct writer w = {
        .out = out,
        .cap = cap,
        .checksum = FB_IMAGE_CHECKSUM_SEED,
        .elf = &file,
        .elf_sha256_off = options->elf_sha256_off,
        .fault = fault,
    };
    if (w.elf_sha256_off == 0 && !options->no_merge && has_mapped_desc(&file)) {
        w.elf_sha256_off = APPDESC_ELF_SHA256;
    }
    uint8_t hash[FB_IMAGE_HASH_SIZE];
    if (w.elf_sha256_off != 0) {
        fb_sha256(elf, n, hash);
        w.elf_sha256 = hash;
    }
    s = write_image(&w, &runs, options, &header);
    if (s == FB_OK) {
        *len = w.len;
    }
    return s;
}

size_t fb_elf_image_bound(size_t elf_size,
                          const struct fb_elf_image_options *options)
{
    // Each section has a header of 40 bytes in the file and at most 3 bytes of
    // filling in the image; each of 16 segments at most two pages of padding.
    const size_t padding = 2 * (FB_IMAGE_SEGMENTS_MAX + 1) * FB_IMAGE_MMU_PAGE;
    return elf_size + elf_size / 8 + padding + options->pad_to_size;
}
