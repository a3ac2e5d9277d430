// SPDX-License-Identifier: Apache-2.0

#include "lib/fb/boot_store.h"

#include <string.h>

#include "lib/fb/bytes.h"

#define SECTOR FB_FLASH_SECTOR
#define ROW    FB_BOOT_STORE_ROW

// The journal's sector: a record in the first two rows, and in the third,
// written raw, a mark that it is complete (docs/FORMATS.md).
#define RECORD   (2 * ROW)
#define MARK_OFF RECORD
#define MARK     ROW

// --- where ---

static bool is_free(const struct fb_partition_table *table, uint32_t off)
{
    for (uint32_t i = 0; i < table->count; i++) {
        const struct fb_partition *part = &table->part[i];

        if (part->offset < off + SECTOR && off < part->offset + part->size) {
            return false;
        }
    }
    return true;
}

void fb_boot_store_find(const struct fb_partition_table *table,
                        uint32_t flash_bytes, struct fb_boot_place *place)
{
    const struct fb_partition *otadata =
        fb_partition_find(table, FB_PARTITION_DATA, FB_PARTITION_OTADATA);

    memset(place, 0, sizeof(*place));
    place->factory = fb_partition_find(table, FB_PARTITION_APP,
                                       FB_PARTITION_FACTORY) != NULL;
    while (fb_partition_app_slot(table, place->slots) != NULL) {
        place->slots++;
    }
    if (otadata == NULL || otadata->size < SECTOR ||
        otadata->offset % SECTOR != 0) {
        return;
    }
    place->off = otadata->offset;
    if (otadata->size >= 2 * SECTOR) {
        place->kind = FB_BOOT_KIND_OTADATA;
        return;
    }
    place->kind = FB_BOOT_KIND_PYCOM;
    uint32_t behind = otadata->offset + SECTOR;
    if (behind > FB_PARTITION_TABLE_OFF && behind <= flash_bytes - SECTOR &&
        is_free(table, behind)) {
        place->journal = behind;
    }
}

// --- reading and writing ---

// Erase a sector, write one or two rows, see that they are there.
static int replace(const struct fb_boot_flash *flash, uint32_t off,
                   const uint8_t *rows, uint32_t n)
{
    uint8_t stored[RECORD];
    int err = flash->erase(flash->user, off);

    if (err == 0) {
        err = flash->write(flash->user, off, rows, n);
    }
    if (err == 0) {
        err = flash->read(flash->user, off, stored, n);
    }
    return err != 0 ? err : -(memcmp(stored, rows, n) != 0);
}

static int fill_raw(const struct fb_boot_flash *flash, uint32_t off, uint32_t n)
{
    static const uint8_t zeros[RECORD];

    return flash->write_raw(flash->user, off, zeros, n);
}

// What the journal promised. Marking it again makes sure of a mark that was
// cut short; then the record in it is no longer needed, and overwritten.
static int settle(const struct fb_boot_flash *flash,
                  const struct fb_boot_place *place, const uint8_t *record)
{
    int err = 0;

    if (place->journal != 0) {
        err = fill_raw(flash, place->journal + MARK_OFF, MARK);
    }
    if (err == 0) {
        err = replace(flash, place->off, record, RECORD);
    }
    if (err == 0 && place->journal != 0) {
        err = fill_raw(flash, place->journal, RECORD);
    }
    return err;
}

// A change that was promised and not completed: *record receives it.
static bool is_promised(const struct fb_boot_flash *flash,
                        const struct fb_boot_place *place, uint8_t *record)
{
    uint8_t mark[MARK];
    struct fb_boot_info info;

    return place->journal != 0 &&
           flash->read_raw(flash->user, place->journal + MARK_OFF, mark,
                           MARK) == 0 &&
           !fb_bytes_all(mark, MARK, 0xFF) &&
           flash->read(flash->user, place->journal, record, RECORD) == 0 &&
           fb_boot_info_parse(record, &info) == FB_OK;
}

static int read_otadata(const struct fb_boot_flash *flash,
                        const struct fb_boot_place *place,
                        struct fb_boot_store *store)
{
    uint8_t bytes[FB_OTADATA_SIZE];
    int err = 0;

    for (unsigned i = 0; i < 2 && err == 0; i++) {
        err = flash->read(flash->user, place->off + i * SECTOR, bytes,
                          sizeof(bytes));
        store->valid[i] =
            err == 0 && fb_otadata_parse(bytes, &store->record[i]) == FB_OK;
    }
    return err;
}

int fb_boot_store_read(const struct fb_boot_flash *flash,
                       const struct fb_boot_place *place,
                       struct fb_boot_store *store)
{
    uint8_t record[RECORD];
    int err = 0;

    memset(store, 0, sizeof(*store));
    store->place = *place;
    if (place->kind == FB_BOOT_KIND_OTADATA) {
        return read_otadata(flash, place, store);
    }
    fb_boot_info_fresh(&store->info);
    if (place->kind == FB_BOOT_KIND_PYCOM) {
        if (is_promised(flash, place, record)) {
            err = settle(flash, place, record);
        } else {
            err = flash->read(flash->user, place->off, record, RECORD);
        }
        store->valid[0] = fb_boot_info_parse(record, &store->info) == FB_OK;
    }
    return err;
}

int fb_boot_store_write(const struct fb_boot_flash *flash,
                        const struct fb_boot_place *place,
                        const struct fb_boot_change *change)
{
    uint8_t record[RECORD];
    int err = 0;

    if (!change->write || place->kind == FB_BOOT_KIND_NONE) {
        return 0;
    }
    memset(record, 0xFF, sizeof(record));
    if (place->kind == FB_BOOT_KIND_OTADATA) {
        fb_otadata_encode(&change->record, record);
        return replace(flash, place->off + change->sector * SECTOR, record,
                       ROW);
    }
    fb_boot_info_encode(&change->info, record);
    if (place->journal != 0) {
        err = replace(flash, place->journal, record, RECORD);
    }
    return err != 0 ? err : settle(flash, place, record);
}

// --- the bootloader's course ---

// Which record of otadata counts; -1: none.
static int active_record(const struct fb_boot_store *store)
{
    return fb_otadata_active(store->valid[0] ? &store->record[0] : NULL,
                             store->valid[1] ? &store->record[1] : NULL);
}

// The slot of record i (-1: none): the factory app, or the first there is.
static unsigned slot_of(const struct fb_boot_store *store, int i)
{
    unsigned factory = store->place.factory;

    if (i < 0 || store->place.slots <= factory) {
        return 0;
    }
    return factory +
           fb_otadata_slot(&store->record[i], store->place.slots - factory);
}

// The record of otadata that is left when record i is gone.
static int other_record(const struct fb_boot_store *store, int i)
{
    return fb_otadata_active(
        i != 0 && store->valid[0] ? &store->record[0] : NULL,
        i != 1 && store->valid[1] ? &store->record[1] : NULL);
}

// An image on trial that is started a second time has not confirmed itself.
static bool has_failed(const struct fb_boot_store *store, int i)
{
    return i >= 0 && store->record[i].state == FB_OTADATA_PENDING_VERIFY;
}

static void set_state(const struct fb_boot_store *store, int i,
                      enum fb_otadata_state value, struct fb_boot_change *c)
{
    c->write = true;
    c->sector = (unsigned)i;
    c->record = store->record[i];
    c->record.state = value;
}

static void otadata_first(const struct fb_boot_store *store, unsigned pin,
                          struct fb_boot_course *course)
{
    int active = active_record(store);

    if (has_failed(store, active)) {
        set_state(store, active, FB_OTADATA_ABORTED, &course->change);
        course->rolled_back = true;
        active = other_record(store, active);
    } else if (pin == 1) {
        active = other_record(store, active);
    }
    course->slot = pin > 1 ? 0 : slot_of(store, active);
}

// Is the image that was asked for the active one, and not on trial?
static bool is_confirmed(const struct fb_boot_store *store,
                         const struct fb_boot_course *course, int active)
{
    return !course->rolled_back && course->slot == slot_of(store, active) &&
           (active < 0 || store->record[active].state == FB_OTADATA_UNDEFINED ||
            store->record[active].state == FB_OTADATA_VALID);
}

static bool otadata_verdict(const struct fb_boot_store *store,
                            struct fb_boot_course *course,
                            enum fb_boot_verdict verdict)
{
    int active = active_record(store);
    unsigned next = slot_of(store, other_record(store, active));

    if (verdict == FB_BOOT_GOOD) {
        course->start = true;
        if (active >= 0 && course->slot == slot_of(store, active) &&
            store->record[active].state == FB_OTADATA_NEW) {
            set_state(store, active, FB_OTADATA_PENDING_VERIFY,
                      &course->change);
            course->trial = true;
        }
        course->confirmed = is_confirmed(store, course, active);
        return true;
    }
    course->tried |= 1u << course->slot;
    course->rolled_back = true;
    if ((course->tried >> next & 1) != 0) {
        for (next = 0; (course->tried >> next & 1) != 0; next++) {
        }
    }
    if (next >= store->place.slots) {
        course->rolled_back = false;
        course->change.write = false;
        return true;
    }
    course->slot = next;
    return false;
}

static void take_decision(struct fb_boot_course *course)
{
    const struct fb_boot_decision *d = &course->decision;

    course->start = d->start;
    course->slot = d->slot;
    course->rolled_back = d->rolled_back;
    course->trial = d->trial;
    course->confirmed = d->start && !d->rolled_back &&
                        d->slot == fb_boot_policy_slot(d->info.active) &&
                        d->info.state == FB_BOOT_READY &&
                        fb_boot_info_trial(&d->info) == FB_TRIAL_NONE;
    course->change.write = d->write;
    course->change.info = d->info;
}

void fb_boot_store_first(const struct fb_boot_store *store,
                         unsigned safeboot_pin, struct fb_boot_course *course)
{
    memset(course, 0, sizeof(*course));
    if (store->place.kind == FB_BOOT_KIND_PYCOM) {
        fb_boot_policy_first(store->valid[0] ? &store->info : NULL,
                             safeboot_pin, &course->decision);
        take_decision(course);
    } else {
        otadata_first(store, safeboot_pin, course);
    }
}

bool fb_boot_store_verdict(const struct fb_boot_store *store,
                           struct fb_boot_course *course,
                           enum fb_boot_verdict verdict)
{
    if (store->place.kind != FB_BOOT_KIND_PYCOM) {
        return otadata_verdict(store, course, verdict);
    }
    bool final = fb_boot_policy_verdict(&course->decision, verdict);
    take_decision(course);
    return final;
}

// --- the application ---

unsigned fb_boot_store_active(const struct fb_boot_store *store)
{
    if (store->place.kind == FB_BOOT_KIND_PYCOM) {
        return fb_boot_policy_slot(store->info.active);
    }
    return slot_of(store, active_record(store));
}

bool fb_boot_store_on_trial(const struct fb_boot_store *store)
{
    if (store->place.kind == FB_BOOT_KIND_PYCOM) {
        return store->info.state == FB_BOOT_READY &&
               fb_boot_info_trial(&store->info) == FB_TRIAL_RUNNING;
    }
    return has_failed(store, active_record(store));
}

int fb_boot_store_next_slot(const struct fb_boot_store *store, unsigned running)
{
    unsigned first = store->place.factory; // ota_0

    if (store->place.kind == FB_BOOT_KIND_PYCOM) {
        unsigned slot = fb_boot_policy_next_slot_beside(running);
        return slot < store->place.slots ? (int)slot : -1;
    }
    unsigned slot = running < first ? first : running + 1;
    if (slot >= store->place.slots) {
        slot = first;
    }
    return store->place.kind == FB_BOOT_KIND_NONE ||
                   slot >= store->place.slots || slot == running
               ? -1
               : (int)slot;
}

bool fb_boot_store_update(const struct fb_boot_store *store, unsigned slot,
                          uint32_t size, bool trial,
                          struct fb_boot_change *change)
{
    const struct fb_boot_place *place = &store->place;
    unsigned factory = place->factory;

    memset(change, 0, sizeof(*change));
    if (fb_boot_store_on_trial(store) || slot >= place->slots ||
        place->kind == FB_BOOT_KIND_NONE ||
        (place->kind == FB_BOOT_KIND_OTADATA && slot < factory)) {
        return false;
    }
    change->write = true;
    if (place->kind == FB_BOOT_KIND_PYCOM) {
        fb_boot_policy_update_beside(&store->info,
                                     fb_boot_policy_next_slot_beside(slot),
                                     size, &change->info);
        fb_boot_info_set_trial(&change->info,
                               trial ? FB_TRIAL_WANTED : FB_TRIAL_NONE);
        return true;
    }
    int active = active_record(store);
    // The record of the running image stays. One that names `slot` already is
    // an update that never came to run.
    bool again = active >= 0 && slot_of(store, active) == slot;
    change->sector = (active == 0) != again;
    change->record.seq =
        fb_otadata_next_seq(active < 0 ? 0 : store->record[active].seq,
                            slot - factory, place->slots - factory);
    memset(change->record.label, 0xFF, sizeof(change->record.label));
    change->record.state = trial ? FB_OTADATA_NEW : FB_OTADATA_UNDEFINED;
    return true;
}

void fb_boot_store_confirm(const struct fb_boot_store *store,
                           struct fb_boot_change *change)
{
    memset(change, 0, sizeof(*change));
    if (!fb_boot_store_on_trial(store)) {
        return;
    }
    if (store->place.kind == FB_BOOT_KIND_PYCOM) {
        change->write = true;
        change->info = store->info;
        fb_boot_info_set_trial(&change->info, FB_TRIAL_NONE);
    } else {
        set_state(store, active_record(store), FB_OTADATA_VALID, change);
    }
}
