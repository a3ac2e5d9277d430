// SPDX-License-Identifier: Apache-2.0

#include "lib/fb/flash_map.h"

#include <assert.h>
#include <string.h>

#include "lib/fb/boot_info.h"
#include "lib/fb/bytes.h"
#include "lib/fb/image.h"
#include "lib/fb/otadata.h"
#include "lib/fb/secure_boot_v1.h"

#define ROW FB_FLASH_ENCRYPTION_ROW

// Contents that two rows tell.
#define QUICK                                                                  \
    (FB_CONTENT_ANY & ~FB_CONTENT_SET(FB_CONTENT_DIGEST) &                     \
     ~FB_CONTENT_SET(FB_CONTENT_FAT))

// Pearson's statistic of the bytes against equal shares has 255 degrees of
// freedom: random bytes stay below this but once in 10^9 times, programs and
// texts do not.
#define RANDOM_BELOW 400u

// --- what is recognised ---

// So much of a header says that this is one; what follows it may be broken.
static bool look_at_image(struct fb_flash_content *c)
{
    struct fb_image image;

    c->sums = fb_image_parse(c->text, c->text_len, &image, NULL);
    if (c->sums == FB_OK) {
        c->used = image.len;
        c->sums = fb_image_check_sums(c->text, &image, NULL);
    }
    return true;
}

static bool look_at_table(struct fb_flash_content *c)
{
    struct fb_partition_table table;

    c->sums = fb_partition_table_parse(c->text, c->text_len, 0, &table, NULL);
    return c->sums == FB_OK || c->sums == FB_E_BAD_HASH;
}

// What there is to know of a content besides its beginning: look() (NULL: that
// is enough) sees all bytes, sets `sums`, and `used` where that is not always
// the same, and has the last word.
static const struct {
    uint32_t used;
    bool (*look)(struct fb_flash_content *c);
} contents[FB_CONTENTS] = {
    [FB_CONTENT_IMAGE] = {0, look_at_image},
    [FB_CONTENT_TABLE] = {FB_PARTITION_TABLE_SIZE, look_at_table},
    [FB_CONTENT_OTADATA] = {FB_OTADATA_SIZE, NULL},
    [FB_CONTENT_BOOT_INFO] = {FB_BOOT_INFO_SIZE, NULL},
    [FB_CONTENT_DIGEST] = {FB_SECURE_BOOT_V1_DIGEST_OFF +
                               FB_SECURE_BOOT_V1_DIGEST_SIZE,
                           NULL},
};

// Is the area, read so, one of a set?
static bool recognise(const struct fb_reading *r, unsigned set,
                      uint8_t *scratch, struct fb_flash_content *c)
{
    size_t n = fb_reading_len(r);
    enum fb_content kind;

    for (; (kind = fb_content_of(r, set)) != FB_CONTENT_UNKNOWN;
         set &= ~FB_CONTENT_SET(kind)) {
        struct fb_flash_content found = {
            .state = r->key != NULL ? FB_FLASH_ENCRYPTED : FB_FLASH_PLAIN,
            .kind = kind,
            .used = contents[kind].used,
            .text = r->key != NULL ? scratch : r->raw,
            .text_len = (uint32_t)n,
            .made_for = r->flash_off,
            .twice = r->twice};

        if (r->key != NULL && !fb_reading_text(r, scratch, n)) {
            continue;
        }
        if (contents[kind].look == NULL || contents[kind].look(&found)) {
            *c = found;
            return true;
        }
    }
    return false;
}

// Decrypted with a key, for where it lies or for any sector of 16 MiB. Two rows
// are enough to recognise what matters elsewhere, and all that there is time
// for; only the digest, which is made for 0, needs more.
static bool try_key(const struct fb_flash_view *v, unsigned key,
                    unsigned config, bool everywhere, struct fb_reading *r,
                    struct fb_flash_content *c)
{
    const uint32_t here = r->flash_off;
    struct fb_flash_encryption_key schedule;
    bool found = false;

    if (fb_flash_encryption_key_init(&schedule, v->key[key].bytes,
                                     v->key[key].len, config) != FB_OK) {
        return false;
    }
    r->key = &schedule;
    if (!everywhere) {
        found = recognise(r, FB_CONTENT_ANY, v->scratch, c);
    }
    for (uint32_t at = 0; everywhere && !found && at < FB_FLASH_MAX;
         at += FB_FLASH_SECTOR) {
        r->flash_off = at;
        found = recognise(r, at == 0 ? FB_CONTENT_ANY : QUICK, v->scratch, c);
    }
    r->flash_off = here;
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
                       struct fb_reading *r, struct fb_flash_content *c)
{
    for (unsigned i = 1; i < 16; i++) {
        if (try_key(v, key, v->config ^ i, false, r, c)) {
            return true;
        }
    }
    r->twice = true;
    bool found = try_key(v, key, v->config, false, r, c);
    r->twice = false;
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
static bool recognise_any(const struct fb_flash_view *v, struct fb_reading *r,
                          bool random, struct fb_flash_content *c)
{
    if (recognise(r, FB_CONTENT_ANY, v->scratch, c)) {
        return true;
    }
    for (unsigned k = 0; k < v->keys; k++) {
        if (try_key(v, k, v->config, false, r, c)) {
            return true;
        }
    }
    for (unsigned k = 0; k < v->keys && random; k++) {
        if (try_key(v, k, v->config, true, r, c) || made_oddly(v, k, r, c)) {
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
    struct fb_reading r = {.raw = v->flash + flash_off + erased,
                           .n = (n - erased) / 16 * 16,
                           .flash_off = flash_off + erased};

    assert(flash_off % 16 == 0 && flash_off <= v->size &&
           len <= v->size - flash_off);
    *content = (struct fb_flash_content){.state = FB_FLASH_UNREAD};
    if (r.n == 0) {
        if (n != 0 && n == len) {
            content->state = FB_FLASH_ERASED;
        }
        return;
    }
    bool random = fb_flash_looks_random(r.raw, (uint32_t)r.n);
    if (!recognise_any(v, &r, random, content)) {
        content->state = random ? FB_FLASH_OPAQUE : FB_FLASH_DATA;
    }
    content->at = flash_off + erased;
}

// --- the whole flash ---

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
    if (r != NULL && r->content.kind == FB_CONTENT_TABLE &&
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
        r->encrypted = fb_partition_encrypted(p);
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
