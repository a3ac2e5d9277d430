// SPDX-License-Identifier: Apache-2.0

#include "lib/fb/boot_policy.h"

#include <stddef.h>

unsigned fb_boot_policy_slot(uint32_t boot_image)
{
    return boot_image == FB_BOOT_UPDATE1 ? 1 : 0;
}

// What boot_info calls a slot, by the name it already uses if it has one.
static uint32_t name_of(const struct fb_boot_info *info, unsigned slot,
                        uint32_t otherwise)
{
    if (fb_boot_policy_slot(info->active) == slot) {
        return info->active;
    }
    if (fb_boot_policy_slot(info->previous) == slot) {
        return info->previous;
    }
    return otherwise;
}

static void roll_back(struct fb_boot_decision *d, unsigned other)
{
    uint32_t name = name_of(&d->info, other,
                            other == 1 ? FB_BOOT_UPDATE1 : FB_BOOT_FACTORY);
    d->info.previous = d->info.active;
    d->info.active = name;
    d->info.state = FB_BOOT_READY;
    fb_boot_info_set_trial(&d->info, FB_TRIAL_NONE);
    d->rolled_back = true;
    d->write = true;
}

void fb_boot_policy_first(const struct fb_boot_info *stored,
                          unsigned safeboot_pin, struct fb_boot_decision *d)
{
    *d = (struct fb_boot_decision){.write = stored == NULL};
    if (stored == NULL) {
        fb_boot_info_fresh(&d->info);
    } else {
        d->info = *stored;
    }
    // With another state it is the rest of a trial that somebody cut short.
    bool failed = d->info.state == FB_BOOT_READY &&
                  fb_boot_info_trial(&d->info) == FB_TRIAL_RUNNING;
    if (failed) {
        roll_back(d, fb_boot_policy_next_slot_beside(
                         fb_boot_policy_slot(d->info.active)));
    }
    uint32_t requested = safeboot_pin != 0 ? FB_SAFEBOOT_HW : FB_SAFEBOOT_NO;
    if (d->info.safeboot != requested) {
        // A request by software lasts for the boot that finds it.
        d->info.safeboot =
            d->info.safeboot == FB_SAFEBOOT_SW ? FB_SAFEBOOT_HW : requested;
        d->write = true;
    }
    switch (safeboot_pin) {
    case 0:
        d->slot = fb_boot_policy_slot(d->info.active);
        break;
    case 1:
        d->slot =
            fb_boot_policy_slot(failed ? d->info.active : d->info.previous);
        break;
    default:
        d->slot = fb_boot_policy_slot(FB_BOOT_FACTORY);
        break;
    }
}

bool fb_boot_policy_verdict(struct fb_boot_decision *d,
                            enum fb_boot_verdict verdict)
{
    bool active = d->slot == fb_boot_policy_slot(d->info.active);
    if (verdict == FB_BOOT_GOOD) {
        if (active && d->info.state == FB_BOOT_CHECK) {
            d->info.state = FB_BOOT_READY;
            d->trial = fb_boot_info_trial(&d->info) == FB_TRIAL_WANTED;
            fb_boot_info_set_trial(&d->info,
                                   d->trial ? FB_TRIAL_RUNNING : FB_TRIAL_NONE);
            d->write = true;
        }
        d->start = true;
        return true;
    }
    unsigned other = fb_boot_policy_next_slot_beside(d->slot);
    d->tried |= 1u << d->slot;
    if (d->tried & 1u << other) {
        d->start = false;
        d->rolled_back = false;
        d->write = false;
        return true;
    }
    if (active) {
        roll_back(d, other);
    }
    d->slot = other;
    return false;
}

unsigned fb_boot_policy_next_slot_beside(unsigned running)
{
    return running == 1 ? 0 : 1;
}

void fb_boot_policy_update_beside(const struct fb_boot_info *info,
                                  unsigned running, uint32_t size,
                                  struct fb_boot_info *updated)
{
    unsigned slot = fb_boot_policy_next_slot_beside(running);
    uint32_t active = fb_boot_policy_slot(info->active) == slot ? info->active
                      : slot == 1 ? FB_BOOT_UPDATE1
                                  : FB_BOOT_UPDATE2;
    uint32_t previous = name_of(
        info, running, running == 1 ? FB_BOOT_UPDATE1 : FB_BOOT_FACTORY);
    *updated = *info;
    updated->active = active;
    updated->previous = previous;
    updated->state = FB_BOOT_CHECK;
    updated->size = size;
    fb_boot_info_set_trial(updated, FB_TRIAL_NONE);
}

unsigned fb_boot_policy_next_slot(const struct fb_boot_info *info)
{
    unsigned active = fb_boot_policy_slot(info->active);
    return info->state == FB_BOOT_CHECK
               ? active
               : fb_boot_policy_next_slot_beside(active);
}

void fb_boot_policy_update(const struct fb_boot_info *info, uint32_t size,
                           struct fb_boot_info *updated)
{
    unsigned running =
        fb_boot_policy_next_slot_beside(fb_boot_policy_next_slot(info));
    fb_boot_policy_update_beside(info, running, size, updated);
}
