// SPDX-License-Identifier: Apache-2.0

#include "lib/fb/nvs.h"

#include <string.h>

#include "lib/fb/bytes.h"
#include "lib/fb/crc.h"

// docs/FORMATS.md, "NVS".
#define STATE_BLANK   0xFFFFFFFFu
#define STATE_ACTIVE  0xFFFFFFFEu
#define STATE_FULL    0xFFFFFFFCu
#define STATE_FREEING 0xFFFFFFF8u
#define VERSION_2     0xFEu

#define HEADER     32u
#define HEADER_CRC 28u // of bytes 4 .. 27
#define BITMAP     32u // offset and size
#define ENTRY      32u
#define ENTRIES    126u
#define SLOT_BITS  2u
#define SLOT_USED  2u // 0 erased, 3 never written

#define TYPE_U8   0x01u // low nibble: bytes; high nibble 1: signed
#define TYPE_U32  0x04u
#define TYPE_TEXT 0x21u
#define CHUNK_ANY 0xFFu
#define SPACE_MAX 254u // index of a namespace

struct page {
    uint32_t state;
    uint32_t seq;
    uint8_t bitmap[BITMAP];
};

// An entry's place.
struct place {
    unsigned page;
    unsigned index;
};

struct entry {
    uint8_t space;
    uint8_t type;
    uint8_t span;
    uint8_t key[16];
    uint8_t data[8];
};

static int read_at(const struct fb_nvs *nvs, uint32_t off, void *p, size_t n)
{
    return nvs->flash->read(nvs->flash->user, off, p, n);
}

static enum fb_status write_at(const struct fb_nvs *nvs, uint32_t off,
                               const void *p, size_t n)
{
    return nvs->flash->write(nvs->flash->user, off, p, n) == 0 ? FB_OK
                                                               : FB_E_FLASH;
}

static uint32_t entry_off(struct place at)
{
    return at.page * FB_NVS_PAGE + HEADER + BITMAP + at.index * ENTRY;
}

// --- pages ---

// A page whose header is not sound counts as FREEING without contents: it can
// be used after an erase.
static enum fb_status load_page(const struct fb_nvs *nvs, unsigned i,
                                struct page *page)
{
    uint8_t bytes[HEADER + BITMAP];
    if (read_at(nvs, i * FB_NVS_PAGE, bytes, sizeof bytes) != 0) {
        return FB_E_FLASH;
    }
    page->state = load32_le(bytes);
    page->seq = load32_le(bytes + 4);
    memcpy(page->bitmap, bytes + HEADER, BITMAP);
    if (page->state == STATE_BLANK) {
        if (!fb_bytes_all(bytes, sizeof bytes, 0xFF)) {
            page->state = 0;
        }
    } else if (bytes[8] != VERSION_2 ||
               load32_le(bytes + HEADER_CRC) !=
                   fb_crc32(UINT32_MAX, bytes + 4, HEADER_CRC - 4)) {
        page->state = 0;
    }
    return FB_OK;
}

static bool has_entries(const struct page *page)
{
    return page->state == STATE_ACTIVE || page->state == STATE_FULL ||
           page->state == STATE_FREEING;
}

static unsigned slot(const struct page *page, unsigned index)
{
    return (unsigned)page->bitmap[index / 4] >> (index % 4 * SLOT_BITS) & 3u;
}

static enum fb_status set_state(const struct fb_nvs *nvs, unsigned i,
                                uint32_t state)
{
    uint8_t bytes[4];
    store32_le(bytes, state);
    return write_at(nvs, i * FB_NVS_PAGE, bytes, sizeof bytes);
}

// Mark n entries: used (clears the low bit) or erased (both).
static enum fb_status mark(const struct fb_nvs *nvs, struct place at,
                           unsigned n, bool used)
{
    uint8_t bitmap[BITMAP];
    memset(bitmap, 0xFF, sizeof bitmap);
    for (unsigned i = at.index; i < at.index + n && i < ENTRIES; i++) {
        bitmap[i / 4] &= (uint8_t) ~((used ? 1u : 3u) << (i % 4 * SLOT_BITS));
    }
    return write_at(nvs, at.page * FB_NVS_PAGE + HEADER, bitmap, BITMAP);
}

// The page after `seq` in the order of their numbers; pages: none is left.
static unsigned next_page(const struct fb_nvs *nvs, int64_t seq,
                          struct page *page)
{
    unsigned best = nvs->pages;
    for (unsigned i = 0; i < nvs->pages; i++) {
        struct page p;
        if (load_page(nvs, i, &p) == FB_OK && has_entries(&p) &&
            (int64_t)p.seq > seq && (best == nvs->pages || p.seq < page->seq)) {
            best = i;
            *page = p;
        }
    }
    return best;
}

// --- entries ---

static bool load_entry(const struct fb_nvs *nvs, struct place at,
                       struct entry *e)
{
    uint8_t bytes[ENTRY];
    uint32_t crc;
    if (read_at(nvs, entry_off(at), bytes, sizeof bytes) != 0) {
        return false;
    }
    crc = fb_crc32(UINT32_MAX, bytes, 4);
    crc = fb_crc32(crc, bytes + 8, ENTRY - 8);
    e->space = bytes[0];
    e->type = bytes[1];
    e->span = bytes[2];
    memcpy(e->key, bytes + 8, sizeof e->key);
    memcpy(e->data, bytes + 24, sizeof e->data);
    return crc == load32_le(bytes + 4) && e->span > 0 &&
           at.index + e->span <= ENTRIES;
}

static enum fb_status store_entry(const struct fb_nvs *nvs, struct place at,
                                  const struct entry *e)
{
    uint8_t bytes[ENTRY];
    bytes[0] = e->space;
    bytes[1] = e->type;
    bytes[2] = e->span;
    bytes[3] = CHUNK_ANY;
    memcpy(bytes + 8, e->key, sizeof e->key);
    memcpy(bytes + 24, e->data, sizeof e->data);
    store32_le(bytes + 4,
               fb_crc32(fb_crc32(UINT32_MAX, bytes, 4), bytes + 8, ENTRY - 8));
    return write_at(nvs, entry_off(at), bytes, sizeof bytes);
}

static bool is_number(unsigned type)
{
    unsigned size = type & 0xFu;
    return type >> 4 <= 1 && (size == 1 || size == 2 || size == 4 || size == 8);
}

// Of those that this module reads and writes; blobs are others'.
static bool is_ours(unsigned type)
{
    return is_number(type) || type == TYPE_TEXT;
}

static bool set_key(struct entry *e, const char *key)
{
    size_t n = strlen(key);
    if (n == 0 || n > FB_NVS_KEY_MAX) {
        return false;
    }
    memset(e->key, 0, sizeof e->key);
    memcpy(e->key, key, n);
    return true;
}

// Walk over all that is stored, oldest first; page == nvs->pages at the end.
struct walk {
    struct place at;
    struct page page;
    unsigned step; // to the next entry
};

static void walk_start(const struct fb_nvs *nvs, struct walk *w)
{
    w->at.page = next_page(nvs, -1, &w->page);
    w->at.index = 0;
    w->step = 0;
}

static bool walk_next(const struct fb_nvs *nvs, struct walk *w, struct entry *e)
{
    w->at.index += w->step;
    while (w->at.page != nvs->pages) {
        for (; w->at.index < ENTRIES; w->at.index++) {
            if (slot(&w->page, w->at.index) == SLOT_USED &&
                load_entry(nvs, w->at, e)) {
                w->step = e->span;
                return true;
            }
        }
        w->at.page = next_page(nvs, w->page.seq, &w->page);
        w->at.index = 0;
    }
    return false;
}

// The newest entry of that name; false: there is none.
static bool find(const struct fb_nvs *nvs, unsigned space, const uint8_t *key,
                 struct place *at, struct entry *found)
{
    struct walk w;
    struct entry e;
    bool any = false;
    walk_start(nvs, &w);
    while (walk_next(nvs, &w, &e)) {
        if (e.space == space && is_ours(e.type) &&
            memcmp(e.key, key, sizeof e.key) == 0) {
            *at = w.at;
            *found = e;
            any = true;
        }
    }
    return any;
}

// --- room ---

// Where n entries fit in an active page; false: in none. What a loss of power
// left unmarked is marked erased.
static bool room_in(const struct fb_nvs *nvs, unsigned i,
                    const struct page *page, unsigned n, struct place *at)
{
    unsigned first = ENTRIES;
    while (first > 0 && slot(page, first - 1) == 3u) {
        first--;
    }
    for (unsigned index = first; index < ENTRIES; index++) {
        uint8_t bytes[ENTRY];
        struct place p = {i, index};
        if (read_at(nvs, entry_off(p), bytes, sizeof bytes) != 0) {
            return false;
        }
        if (!fb_bytes_all(bytes, sizeof bytes, 0xFF)) {
            if (mark(nvs, (struct place){i, first}, index + 1 - first, false) !=
                FB_OK) {
                return false;
            }
            first = index + 1;
        }
    }
    *at = (struct place){i, first};
    return n <= ENTRIES - first;
}

static enum fb_status start_page(const struct fb_nvs *nvs, unsigned i,
                                 uint32_t seq)
{
    uint8_t bytes[HEADER];
    memset(bytes, 0xFF, sizeof bytes);
    store32_le(bytes, STATE_ACTIVE);
    store32_le(bytes + 4, seq);
    bytes[8] = VERSION_2;
    store32_le(bytes + HEADER_CRC,
               fb_crc32(UINT32_MAX, bytes + 4, HEADER_CRC - 4));
    return write_at(nvs, i * FB_NVS_PAGE, bytes, sizeof bytes);
}

static enum fb_status copy_entry(const struct fb_nvs *nvs, struct place from,
                                 unsigned n, struct place to)
{
    for (unsigned i = 0; i < n; i++) {
        uint8_t bytes[ENTRY];
        struct place f = {from.page, from.index + i};
        struct place t = {to.page, to.index + i};
        if (read_at(nvs, entry_off(f), bytes, sizeof bytes) != 0) {
            return FB_E_FLASH;
        }
        enum fb_status s = write_at(nvs, entry_off(t), bytes, sizeof bytes);
        if (s != FB_OK) {
            return s;
        }
    }
    return mark(nvs, to, n, true);
}

// Is the same entry, whatever its kind, in page `to` already?
static bool copied(const struct fb_nvs *nvs, unsigned to, const struct entry *e)
{
    struct page page;
    struct entry there;
    if (load_page(nvs, to, &page) != FB_OK) {
        return false;
    }
    for (unsigned i = 0; i < ENTRIES; i++) {
        struct place at = {to, i};
        if (slot(&page, i) == SLOT_USED && load_entry(nvs, at, &there)) {
            if (there.space == e->space && there.type == e->type &&
                memcmp(there.key, e->key, sizeof e->key) == 0 &&
                memcmp(there.data, e->data, sizeof e->data) == 0) {
                return true;
            }
            i += there.span - 1u;
        }
    }
    return false;
}

// Move what is used of a FREEING page to the active page `to`, then erase it.
static enum fb_status empty_page(const struct fb_nvs *nvs, unsigned from,
                                 unsigned to)
{
    struct page page;
    enum fb_status s = load_page(nvs, from, &page);
    for (unsigned i = 0; i < ENTRIES && s == FB_OK; i++) {
        struct place at = {from, i};
        struct place room;
        struct page target;
        struct entry e;
        if (slot(&page, i) != SLOT_USED || !load_entry(nvs, at, &e)) {
            continue;
        }
        if (!copied(nvs, to, &e)) {
            s = load_page(nvs, to, &target);
            if (s == FB_OK) {
                s = room_in(nvs, to, &target, e.span, &room)
                        ? copy_entry(nvs, at, e.span, room)
                        : FB_E_NO_SPACE;
            }
        }
        i += e.span - 1u;
    }
    if (s == FB_OK &&
        nvs->flash->erase(nvs->flash->user, from * FB_NVS_PAGE) != 0) {
        s = FB_E_FLASH;
    }
    return s;
}

struct survey {
    unsigned active;            // newest active page; pages: none
    unsigned free;              // a blank page; pages: none
    unsigned frees;             // how many
    unsigned fullest_of_erased; // FULL page with most erased entries
    unsigned erased;            // how many of them
    unsigned freeing;
    uint32_t next_seq;
};

static unsigned count_erased(const struct page *page)
{
    unsigned n = 0;
    for (unsigned i = 0; i < ENTRIES; i++) {
        n += slot(page, i) == 0;
    }
    return n;
}

static enum fb_status survey(const struct fb_nvs *nvs, struct survey *v)
{
    uint32_t active_seq = 0;
    *v = (struct survey){.active = nvs->pages,
                         .free = nvs->pages,
                         .fullest_of_erased = nvs->pages,
                         .freeing = nvs->pages};
    for (unsigned i = 0; i < nvs->pages; i++) {
        struct page page;
        enum fb_status s = load_page(nvs, i, &page);
        if (s != FB_OK) {
            return s;
        }
        if (has_entries(&page) && page.seq >= v->next_seq) {
            v->next_seq = page.seq + 1;
        }
        if (page.state == STATE_BLANK) {
            v->free = i;
            v->frees++;
        } else if (page.state == STATE_FREEING) {
            v->freeing = i;
        } else if (page.state == STATE_ACTIVE &&
                   (v->active == nvs->pages || page.seq > active_seq)) {
            v->active = i;
            active_seq = page.seq;
        }
        if (page.state == STATE_FULL && count_erased(&page) >= v->erased) {
            v->fullest_of_erased = i;
            v->erased = count_erased(&page);
        }
    }
    return FB_OK;
}

// A new active page, the last free one only to gather what a full page holds.
static enum fb_status renew(const struct fb_nvs *nvs, const struct survey *v)
{
    if (v->frees == 0) {
        return FB_E_NO_SPACE;
    }
    enum fb_status s = FB_OK;
    if (v->active != nvs->pages) {
        s = set_state(nvs, v->active, STATE_FULL);
    }
    if (s == FB_OK && v->frees > 1) {
        return start_page(nvs, v->free, v->next_seq);
    }
    struct survey again;
    if (s == FB_OK) {
        s = survey(nvs, &again);
    }
    if (s == FB_OK && again.erased == 0) {
        // Nothing is gained: the page that was full stays the active one's
        // follower only when something is erased.
        return FB_E_NO_SPACE;
    }
    if (s == FB_OK) {
        s = set_state(nvs, again.fullest_of_erased, STATE_FREEING);
    }
    if (s == FB_OK) {
        s = start_page(nvs, again.free, again.next_seq);
    }
    return s == FB_OK ? empty_page(nvs, again.fullest_of_erased, again.free)
                      : s;
}

static enum fb_status find_room(const struct fb_nvs *nvs, unsigned n,
                                struct place *at)
{
    // Each full page may have to be gathered once.
    for (unsigned i = 0; i <= nvs->pages; i++) {
        struct survey v;
        struct page page;
        enum fb_status s = survey(nvs, &v);
        if (s == FB_OK && v.active != nvs->pages) {
            s = load_page(nvs, v.active, &page);
            if (s == FB_OK && room_in(nvs, v.active, &page, n, at)) {
                return FB_OK;
            }
        }
        if (s == FB_OK) {
            s = renew(nvs, &v);
        }
        if (s != FB_OK) {
            return s;
        }
    }
    return FB_E_NO_SPACE;
}

// --- values ---

// Write an entry and the bytes behind it, then mark both.
static enum fb_status append(const struct fb_nvs *nvs, struct entry *e,
                             const uint8_t *bytes, size_t n)
{
    struct place at;
    e->span = (uint8_t)(1 + (n + ENTRY - 1) / ENTRY);
    enum fb_status s = find_room(nvs, e->span, &at);
    if (s == FB_OK) {
        s = store_entry(nvs, at, e);
    }
    if (s == FB_OK && n > 0) {
        s = write_at(nvs, entry_off(at) + ENTRY, bytes, n);
    }
    return s == FB_OK ? mark(nvs, at, e->span, true) : s;
}

// The index of a namespace, 0: there is none.
static unsigned space_index(const struct fb_nvs *nvs, const char *space,
                            unsigned *highest)
{
    struct walk w;
    struct entry e, wanted;
    unsigned index = 0;
    *highest = 0;
    if (!set_key(&wanted, space)) {
        return 0;
    }
    walk_start(nvs, &w);
    while (walk_next(nvs, &w, &e)) {
        if (e.space != 0 || e.type != TYPE_U8) {
            continue;
        }
        *highest = e.data[0] > *highest ? e.data[0] : *highest;
        if (memcmp(e.key, wanted.key, sizeof e.key) == 0) {
            index = e.data[0];
        }
    }
    return index;
}

static enum fb_status make_space(const struct fb_nvs *nvs, const char *space,
                                 unsigned *index)
{
    struct entry e = {.space = 0, .type = TYPE_U8};
    unsigned highest;
    *index = space_index(nvs, space, &highest);
    if (*index != 0) {
        return FB_OK;
    }
    if (!set_key(&e, space) || highest >= SPACE_MAX) {
        return FB_E_SIZE;
    }
    *index = highest + 1;
    memset(e.data, 0xFF, sizeof e.data);
    e.data[0] = (uint8_t)*index;
    return append(nvs, &e, NULL, 0);
}

enum fb_status fb_nvs_get(const struct fb_nvs *nvs, const char *space,
                          const char *key, struct fb_nvs_value *value,
                          char *text, size_t cap)
{
    struct entry e, wanted;
    struct place at;
    unsigned highest;
    unsigned index = space_index(nvs, space, &highest);
    if (index == 0 || !set_key(&wanted, key) ||
        !find(nvs, index, wanted.key, &at, &e)) {
        return FB_E_NOT_FOUND;
    }
    value->is_text = e.type == TYPE_TEXT;
    if (!value->is_text) {
        unsigned bits = 8 * (e.type & 0xFu);
        uint64_t raw =
            (load32_le(e.data) | (uint64_t)load32_le(e.data + 4) << 32)
            << (64 - bits);
        value->number = e.type >> 4 != 0 ? (int64_t)raw >> (64 - bits)
                                         : (int64_t)(raw >> (64 - bits));
        return FB_OK;
    }
    size_t n = load16_le(e.data);
    if (n == 0 || n > (e.span - 1u) * ENTRY) {
        return FB_E_BAD_CRC;
    }
    value->len = n - 1;
    if (n > cap) {
        return FB_E_NO_SPACE;
    }
    if (read_at(nvs, entry_off(at) + ENTRY, text, n) != 0) {
        return FB_E_FLASH;
    }
    text[n - 1] = '\0';
    return fb_crc32(UINT32_MAX, (const uint8_t *)text, n) ==
                   load32_le(e.data + 4)
               ? FB_OK
               : FB_E_BAD_CRC;
}

// Mark all entries of that name erased; with `but` all but the one there.
static enum fb_status forget(const struct fb_nvs *nvs, unsigned space,
                             const uint8_t *key, const struct place *but,
                             bool *any)
{
    struct walk w;
    struct entry e;
    *any = false;
    walk_start(nvs, &w);
    while (walk_next(nvs, &w, &e)) {
        if (e.space != space || !is_ours(e.type) ||
            (key != NULL && memcmp(e.key, key, sizeof e.key) != 0) ||
            (but != NULL && but->page == w.at.page &&
             but->index == w.at.index)) {
            continue;
        }
        enum fb_status s = mark(nvs, w.at, e.span, false);
        if (s != FB_OK) {
            return s;
        }
        *any = true;
    }
    return FB_OK;
}

// Only the newest entry of all can have one before it that should be gone.
static enum fb_status forget_replaced(const struct fb_nvs *nvs)
{
    struct walk w;
    struct entry e, newest = {.type = 0};
    struct place at = {0, 0};
    bool any;
    walk_start(nvs, &w);
    while (walk_next(nvs, &w, &e)) {
        at = w.at;
        newest = e;
    }
    return is_ours(newest.type) && newest.space != 0
               ? forget(nvs, newest.space, newest.key, &at, &any)
               : FB_OK;
}

enum fb_status fb_nvs_open(struct fb_nvs *nvs, const struct fb_nvs_flash *flash,
                           unsigned pages)
{
    struct survey v;
    nvs->flash = flash;
    nvs->pages = pages;
    for (unsigned i = 0; i < pages; i++) {
        struct page page;
        enum fb_status s = load_page(nvs, i, &page);
        if (s != FB_OK) {
            return s;
        }
        if (page.state != STATE_BLANK && !has_entries(&page) &&
            flash->erase(flash->user, i * FB_NVS_PAGE) != 0) {
            return FB_E_FLASH;
        }
    }
    enum fb_status s = survey(nvs, &v);
    if (s == FB_OK && v.freeing != pages) {
        if (v.active == pages) {
            s = v.frees == 0 ? FB_E_NO_SPACE
                             : start_page(nvs, v.free, v.next_seq);
            v.active = v.free;
        }
        if (s == FB_OK) {
            s = empty_page(nvs, v.freeing, v.active);
        }
    }
    return s == FB_OK ? forget_replaced(nvs) : s;
}

// The new entry first, then the old ones go.
static enum fb_status set(const struct fb_nvs *nvs, const char *space,
                          const char *key, struct entry *e,
                          const uint8_t *bytes, size_t n)
{
    unsigned index;
    struct place at;
    struct entry found;
    bool any;
    if (!set_key(e, key)) {
        return FB_E_SIZE;
    }
    enum fb_status s = make_space(nvs, space, &index);
    if (s != FB_OK) {
        return s;
    }
    e->space = (uint8_t)index;
    s = append(nvs, e, bytes, n);
    if (s != FB_OK) {
        return s;
    }
    return find(nvs, index, e->key, &at, &found)
               ? forget(nvs, index, e->key, &at, &any)
               : FB_E_FLASH;
}

enum fb_status fb_nvs_set_u32(const struct fb_nvs *nvs, const char *space,
                              const char *key, uint32_t number)
{
    struct entry e = {.type = TYPE_U32};
    memset(e.data, 0xFF, sizeof e.data);
    store32_le(e.data, number);
    return set(nvs, space, key, &e, NULL, 0);
}

enum fb_status fb_nvs_set_text(const struct fb_nvs *nvs, const char *space,
                               const char *key, const char *text)
{
    struct entry e = {.type = TYPE_TEXT};
    size_t n = strlen(text) + 1;
    if (n > FB_NVS_TEXT_MAX) {
        return FB_E_SIZE;
    }
    memset(e.data, 0xFF, sizeof e.data);
    store16_le(e.data, (uint16_t)n);
    store32_le(e.data + 4, fb_crc32(UINT32_MAX, (const uint8_t *)text, n));
    return set(nvs, space, key, &e, (const uint8_t *)text, n);
}

enum fb_status fb_nvs_erase(const struct fb_nvs *nvs, const char *space,
                            const char *key)
{
    struct entry wanted;
    unsigned highest;
    bool any;
    unsigned index = space_index(nvs, space, &highest);
    if (index == 0 || !set_key(&wanted, key)) {
        return FB_E_NOT_FOUND;
    }
    enum fb_status s = forget(nvs, index, wanted.key, NULL, &any);
    return s != FB_OK ? s : any ? FB_OK : FB_E_NOT_FOUND;
}

enum fb_status fb_nvs_erase_all(const struct fb_nvs *nvs, const char *space)
{
    unsigned highest;
    bool any;
    unsigned index = space_index(nvs, space, &highest);
    return index == 0 ? FB_OK : forget(nvs, index, NULL, NULL, &any);
}
