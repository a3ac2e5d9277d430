// SPDX-License-Identifier: Apache-2.0

#include "lib/fb/flash_map.h"

#include <assert.h>
#include <string.h>

#include "lib/fb/boot_info.h"
#include "lib/fb/bytes.h"
#include "lib/fb/crc.h"
#include "lib/fb/flash_encryption.h"
#include "lib/fb/image.h"
#include "lib/fb/otadata.h"
#include "lib/fb/secure_boot_v1.h"

#define ROW  FB_FLASH_ENCRYPTION_ROW
#define HEAD 512u // bytes that tell what a thing is, a file system's excepted

// Pearson's statistic of the bytes against equal shares has 255 degrees of
// freedom: random bytes stay below this but once in 10^9 times, programs and
// texts do not.
#define RANDOM_BELOW 400u

// --- the formats ---

static bool image_begins(const uint8_t *p)
{
    struct fb_image_header header;

    return fb_image_header_parse(p, &header, NULL) == FB_OK &&
           header.flash_mode <= 5 && header.chip_id == FB_IMAGE_CHIP_ESP32;
}

// So much of a header says that this is one; what follows it may be broken.
static bool image_look(const uint8_t *p, uint32_t n, struct fb_flash_content *c)
{
    struct fb_image image;

    c->sums = fb_image_parse(p, n, &image, NULL);
    if (c->sums == FB_OK) {
        c->used = image.len;
        c->sums = fb_image_check_sums(p, &image, NULL);
    }
    return true;
}

static bool table_begins(const uint8_t *p)
{
    struct fb_partition part;

    return fb_partition_row(p, &part) == 1;
}

static bool table_look(const uint8_t *p, uint32_t n, struct fb_flash_content *c)
{
    struct fb_partition_table table;

    c->used = FB_PARTITION_TABLE_SIZE;
    c->sums = fb_partition_table_parse(p, n, 0, &table, NULL);
    return c->sums == FB_OK || c->sums == FB_E_BAD_HASH;
}

// Random bytes up to the digest's end, nothing after it.
static bool digest_begins(const uint8_t *p)
{
    const uint32_t end =
        FB_SECURE_BOOT_V1_DIGEST_OFF + FB_SECURE_BOOT_V1_DIGEST_SIZE;

    for (uint32_t i = 0; i < end; i += ROW) {
        if (fb_bytes_all(p + i, ROW, p[i])) {
            return false;
        }
    }
    return fb_bytes_all(p + end, HEAD - end, 0xFF);
}

static bool boot_info_begins(const uint8_t *p)
{
    struct fb_boot_info info;

    return fb_boot_info_parse(p, &info) == FB_OK;
}

static bool otadata_begins(const uint8_t *p)
{
    struct fb_otadata record;

    return fb_otadata_parse(p, &record) == FB_OK;
}

// ESP-IDF docs, "Non-Volatile Storage Library", page header: state, sequence
// number, version, 19 bytes unused, CRC-32 of what is after the state.
static bool nvs_begins(const uint8_t *p)
{
    uint32_t state = load32_le(p);

    return (state == 0xFFFFFFFEu || state == 0xFFFFFFFCu ||
            state == 0xFFFFFFF8u) &&
           fb_crc32(0xFFFFFFFFu, p + 4, 24) == load32_le(p + 28);
}

static bool fat_begins(const uint8_t *p)
{
    return load16_le(p + 510) == 0xAA55 &&
           (memcmp(p + 54, "FAT", 3) == 0 || memcmp(p + 82, "FAT", 3) == 0);
}

static bool littlefs_begins(const uint8_t *p)
{
    return memcmp(p + 8, "littlefs", 8) == 0;
}

// begins() sees the first probe_len bytes; look() (NULL: begins() is enough)
// sees all of them, fills used and sums, and has the last word.
static const struct format {
    const char *name;
    bool (*begins)(const uint8_t *p);
    bool (*look)(const uint8_t *p, uint32_t n, struct fb_flash_content *c);
    uint32_t probe_len;
    uint32_t used; // where look is NULL
} formats[FB_FLASH_KINDS] = {
    [FB_FLASH_NOTHING] = {"nothing", NULL, NULL, 0, 0},
    [FB_FLASH_IMAGE] = {"image", image_begins, image_look, ROW, 0},
    [FB_FLASH_TABLE] = {"partition table", table_begins, table_look, ROW, 0},
    [FB_FLASH_NVS] = {"NVS", nvs_begins, NULL, ROW, 0},
    [FB_FLASH_OTADATA] = {"otadata", otadata_begins, NULL, ROW,
                          FB_OTADATA_SIZE},
    [FB_FLASH_LITTLEFS] = {"littlefs", littlefs_begins, NULL, ROW, 0},
    [FB_FLASH_BOOT_INFO] = {"boot_info", boot_info_begins, NULL, 2 * ROW,
                            FB_BOOT_INFO_SIZE},
    [FB_FLASH_DIGEST] = {"Secure Boot V1 digest", digest_begins, NULL, HEAD,
                         FB_SECURE_BOOT_V1_DIGEST_OFF +
                             FB_SECURE_BOOT_V1_DIGEST_SIZE},
    [FB_FLASH_FAT] = {"FAT", fat_begins, NULL, HEAD, 0},
};

const char *fb_flash_kind_name(enum fb_flash_kind kind)
{
    assert((unsigned)kind < FB_FLASH_KINDS);
    return formats[kind].name;
}

// --- where the plaintext comes from ---

// One way to read an area: as it is, or decrypted so.
struct reading {
    const uint8_t *raw;
    uint32_t n;     // bytes at hand
    bool decrypt;   // false: the rest does not count
    bool twice;     // decrypt the result once more
    uint32_t as_of; // flash_off that the first byte is decrypted for
    struct fb_flash_encryption_key *key;
};

// Read n bytes from the start of the area into out; addresses end at 16 MiB.
static bool read_text(const struct reading *r, uint8_t *out, uint32_t n)
{
    return fb_flash_decrypt(r->key, r->as_of, r->raw, out, n) == FB_OK &&
           (!r->twice ||
            fb_flash_decrypt(r->key, r->as_of, out, out, n) == FB_OK);
}

// Is the area, read so, of a kind whose probe has at most `limit` bytes? The
// probes of a ciphertext are decrypted as far as they go.
static bool recognise(const struct reading *r, uint32_t limit, uint8_t *scratch,
                      struct fb_flash_content *c)
{
    uint8_t head[HEAD];
    const uint8_t *p = r->decrypt ? head : r->raw;
    uint32_t room = FB_FLASH_ENCRYPTION_END - r->as_of;
    uint32_t n = r->n < room ? r->n : room;
    uint32_t have = r->decrypt ? 0 : n;

    for (unsigned k = FB_FLASH_NOTHING + 1; k < FB_FLASH_KINDS; k++) {
        const struct format *f = &formats[k];
        struct fb_flash_content found = {.kind = (enum fb_flash_kind)k,
                                         .used = f->used,
                                         .text = p,
                                         .text_len = n};

        if (f->probe_len > n || f->probe_len > limit) {
            continue;
        }
        if (f->probe_len > have) {
            if (!read_text(r, head, f->probe_len)) {
                return false;
            }
            have = f->probe_len;
        }
        if (!f->begins(p)) {
            continue;
        }
        if (r->decrypt) {
            if (!read_text(r, scratch, n)) {
                continue;
            }
            found.text = scratch;
        }
        if (f->look == NULL || f->look(found.text, n, &found)) {
            found.state = r->decrypt ? FB_FLASH_ENCRYPTED : FB_FLASH_PLAIN;
            found.made_for = r->as_of;
            found.twice = r->twice;
            *c = found;
            return true;
        }
    }
    return false;
}

static bool try_config(const struct fb_flash_view *v, unsigned key,
                       unsigned config, struct reading *r,
                       struct fb_flash_content *c)
{
    struct fb_flash_encryption_key schedule;
    bool found = false;

    if (fb_flash_encryption_key_init(&schedule, v->key[key].bytes,
                                     v->key[key].len, config) == FB_OK) {
        r->key = &schedule;
        found = recognise(r, HEAD, v->scratch, c);
    }
    r->key = NULL;
    fb_bytes_wipe(&schedule, sizeof schedule);
    if (found) {
        c->key = key;
        c->config = config;
    }
    return found;
}

// For the address it lies at, but not as it should be: with another
// FLASH_CRYPT_CONFIG, or encrypted twice.
static bool made_oddly(const struct fb_flash_view *v, unsigned key,
                       struct reading *r, struct fb_flash_content *c)
{
    for (unsigned i = 1; i < 16; i++) {
        if (try_config(v, key, v->config ^ i, r, c)) {
            return true;
        }
    }
    r->twice = true;
    bool found = try_config(v, key, v->config, r, c);
    r->twice = false;
    return found;
}

// For any other sector. Two rows are enough to recognise what matters here, and
// all that there is time for; only the digest, which is made for 0, needs more.
static bool made_for_elsewhere(const struct fb_flash_view *v, unsigned key,
                               struct reading *r, struct fb_flash_content *c)
{
    struct fb_flash_encryption_key schedule;
    bool found = false;

    if (fb_flash_encryption_key_init(&schedule, v->key[key].bytes,
                                     v->key[key].len, v->config) != FB_OK) {
        return false;
    }
    r->key = &schedule;
    for (r->as_of = 0; !found && r->as_of < FB_FLASH_ENCRYPTION_END;
         r->as_of += FB_FLASH_SECTOR) {
        found = recognise(r, r->as_of == 0 ? HEAD : 2 * ROW, v->scratch, c);
    }
    r->key = NULL;
    fb_bytes_wipe(&schedule, sizeof schedule);
    if (found) {
        c->key = key;
        c->config = v->config;
    }
    return found;
}

// --- what has no format ---

// Equal blocks of a row encrypt to equal ones, so they count once.
bool fb_flash_looks_random(const uint8_t *p, uint32_t n)
{
    uint32_t count[256] = {0};
    uint64_t sum = 0, total = 0;

    for (uint32_t i = 0; i + ROW <= n; i += ROW) {
        bool equal = memcmp(p + i, p + i + ROW / 2, ROW / 2) == 0;
        uint32_t take = equal ? ROW / 2 : ROW;

        if (!fb_bytes_all(p + i, ROW, 0xFF)) {
            for (uint32_t j = 0; j < take; j++) {
                count[p[i + j]]++;
            }
            total += take;
        }
    }
    for (unsigned i = 0; i < 256; i++) {
        sum += (uint64_t)count[i] * count[i];
    }
    return total > 0 && 256 * sum < total * (total + RANDOM_BELOW);
}

// Bytes at the start of an area that are known.
static uint32_t known_bytes(const struct fb_flash_view *v, uint32_t flash_off,
                            uint32_t len)
{
    uint32_t end = flash_off;

    if (v->unread == NULL) {
        return len;
    }
    while (end < flash_off + len && !v->unread[end / FB_FLASH_SECTOR]) {
        end = (end / FB_FLASH_SECTOR + 1) * FB_FLASH_SECTOR;
    }
    return end - flash_off < len ? end - flash_off : len;
}

// Erased sectors at the start of an area; all of n if nothing follows.
static uint32_t erased_bytes(const uint8_t *p, uint32_t n)
{
    uint32_t erased = 0;

    while (erased < n) {
        uint32_t left = n - erased;
        uint32_t step = left < FB_FLASH_SECTOR ? left : FB_FLASH_SECTOR;

        if (!fb_bytes_all(p + erased, step, 0xFF)) {
            break;
        }
        erased += step;
    }
    return erased;
}

// The likely readings come first: without a tweak, a thing made for 0 and one
// made with FLASH_CRYPT_CONFIG 0 are the same bytes.
static bool recognise_any(const struct fb_flash_view *v, struct reading *r,
                          bool random, struct fb_flash_content *c)
{
    const uint32_t here = r->as_of;

    if (recognise(r, HEAD, v->scratch, c)) {
        return true;
    }
    r->decrypt = true;
    for (unsigned k = 0; k < v->keys; k++) {
        if (try_config(v, k, v->config, r, c)) {
            return true;
        }
    }
    for (unsigned k = 0; k < v->keys && random; k++) {
        if (made_for_elsewhere(v, k, r, c)) {
            return true;
        }
        r->as_of = here;
        if (made_oddly(v, k, r, c)) {
            return true;
        }
    }
    return false;
}

void fb_flash_classify(const struct fb_flash_view *v, uint32_t flash_off,
                       uint32_t len, struct fb_flash_content *content)
{
    uint32_t n = known_bytes(v, flash_off, len);
    uint32_t erased = erased_bytes(v->flash + flash_off, n);
    struct reading r = {.raw = v->flash + flash_off + erased,
                        .n = (n - erased) / 16 * 16,
                        .as_of = flash_off + erased};

    assert(flash_off % 16 == 0 && flash_off <= v->size &&
           len <= v->size - flash_off);
    *content = (struct fb_flash_content){.state = FB_FLASH_UNREAD};
    if (r.n == 0) {
        if (n != 0 && n == len) {
            content->state = FB_FLASH_ERASED;
        }
        return;
    }
    bool random = fb_flash_looks_random(r.raw, r.n);
    if (!recognise_any(v, &r, random, content)) {
        content->state = random ? FB_FLASH_OPAQUE : FB_FLASH_DATA;
    }
    content->at = flash_off + erased;
}

// --- the whole flash ---

bool fb_flash_partition_encrypted(const struct fb_partition *part)
{
    return part->type == FB_PARTITION_APP ||
           (part->flags & FB_PARTITION_ENCRYPTED) != 0 ||
           (part->type == FB_PARTITION_DATA &&
            (part->subtype == FB_PARTITION_OTADATA ||
             part->subtype == FB_PARTITION_NVS_KEYS));
}

// The map as far as it has been written.
struct map {
    const struct fb_flash_view *v;
    struct fb_flash_region *region;
    size_t n;
    uint32_t end; // flash_off after the last region
};

// Append a region from map->end to `end`, or as much of it as the flash has.
static struct fb_flash_region *append(struct map *m, uint32_t end,
                                      enum fb_flash_role role)
{
    struct fb_flash_region *r = &m->region[m->n];

    if (end > m->v->size) {
        end = m->v->size;
    }
    if (end <= m->end || m->n == FB_FLASH_REGIONS) {
        return NULL;
    }
    *r = (struct fb_flash_region){
        .flash_off = m->end, .size = end - m->end, .role = role, .part = -1};
    r->encrypted = role != FB_FLASH_ROLE_GAP;
    uint32_t start = align_up32(m->end, 16);
    if (start < end) {
        fb_flash_classify(m->v, start, end - start, &r->content);
    }
    m->end = end;
    m->n++;
    return r;
}

static void append_table(struct map *m, struct fb_partition_table *table)
{
    struct fb_flash_region *r = append(
        m, FB_PARTITION_TABLE_OFF + FB_FLASH_SECTOR, FB_FLASH_ROLE_TABLE);

    table->count = 0;
    if (r != NULL && r->content.kind == FB_FLASH_TABLE &&
        r->content.at == r->flash_off &&
        fb_partition_table_parse(r->content.text, r->content.text_len, 0, table,
                                 NULL) != FB_OK) {
        table->count = 0;
    }
}

// The partition with the lowest offset of those that end after flash_off.
static int next_partition(const struct fb_partition_table *table,
                          uint32_t flash_off)
{
    int best = -1;

    for (uint32_t i = 0; i < table->count; i++) {
        const struct fb_partition *p = &table->part[i];

        if ((uint64_t)p->offset + p->size > flash_off &&
            (best < 0 || p->offset < table->part[best].offset)) {
            best = (int)i;
        }
    }
    return best;
}

static void append_partition(struct map *m, const struct fb_partition *p,
                             int index)
{
    uint64_t end = (uint64_t)p->offset + p->size;

    (void)append(m, p->offset, FB_FLASH_ROLE_GAP);
    struct fb_flash_region *r =
        append(m, end < UINT32_MAX ? (uint32_t)end : UINT32_MAX,
               FB_FLASH_ROLE_PARTITION);
    if (r != NULL) {
        r->part = index;
        r->encrypted = fb_flash_partition_encrypted(p);
    }
}

size_t fb_flash_map(const struct fb_flash_view *v,
                    struct fb_partition_table *table,
                    struct fb_flash_region region[FB_FLASH_REGIONS])
{
    struct map m = {.v = v, .region = region};

    (void)append(&m, FB_SECURE_BOOT_V1_IMAGE_OFF, FB_FLASH_ROLE_DIGEST);
    (void)append(&m, FB_PARTITION_TABLE_OFF, FB_FLASH_ROLE_BOOTLOADER);
    append_table(&m, table);
    for (int i; m.end < v->size && (i = next_partition(table, m.end)) >= 0;) {
        append_partition(&m, &table->part[i], i);
    }
    (void)append(&m, v->size, FB_FLASH_ROLE_GAP);
    for (size_t i = 0; i < m.n; i++) {
        region[i].content.text = NULL;
        region[i].content.text_len = 0;
    }
    return m.n;
}

bool fb_flash_readable(const struct fb_flash_region *region, bool on, int key,
                       unsigned config)
{
    const struct fb_flash_content *c = &region->content;

    if (c->state == FB_FLASH_PLAIN) {
        return !on || !region->encrypted;
    }
    return c->state == FB_FLASH_ENCRYPTED && on && region->encrypted &&
           (int)c->key == key && c->config == config && c->made_for == c->at &&
           !c->twice;
}
