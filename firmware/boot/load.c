// SPDX-License-Identifier: Apache-2.0

#include "firmware/boot/load.h"

#include "firmware/drivers/soc.h"

struct range {
    uint32_t base;
    uint32_t end;
};

// SRAM1 is at 0x3FFE0000 and, in reversed order of words, at 0x400A0000: the
// second view stays out, since it leads to the bootloader's data.
static const struct range allowed[] = {
    {SOC_DRAM_BASE, BOOT_DRAM_BASE},
    {SOC_IRAM_BASE, BOOT_IRAM_BASE},
    {SOC_RTC_FAST_BASE, SOC_RTC_FAST_END},
    {SOC_RTC_IRAM_BASE, SOC_RTC_IRAM_END},
    {SOC_RTC_SLOW_BASE, SOC_RTC_SLOW_END},
};

static bool inside(const struct range *r, uint32_t vaddr, uint32_t len)
{
    return vaddr >= r->base && vaddr <= r->end && len <= r->end - vaddr;
}

static bool is_allowed(uint32_t vaddr, uint32_t len)
{
    for (unsigned i = 0; i < sizeof(allowed) / sizeof(allowed[0]); i++) {
        if (inside(&allowed[i], vaddr, len)) {
            return true;
        }
    }
    return false;
}

enum fb_status load_check(const struct fb_image *image, struct fb_fault *fault)
{
    for (unsigned i = 0; i < image->header.segments; i++) {
        const struct fb_image_segment *s = &image->segment[i];
        enum fb_segment_kind kind = fb_image_segment_kind(s->vaddr, s->len);

        if (kind != FB_SEGMENT_RAM && kind != FB_SEGMENT_RTC) {
            continue;
        }
        if (s->vaddr % 4 != 0) {
            return fb_fault_set(fault, FB_E_ALIGN, s->img_off, s->vaddr, 4);
        }
        if (!is_allowed(s->vaddr, s->len)) {
            return fb_fault_set(fault, FB_E_RANGE, s->img_off, s->vaddr,
                                s->len);
        }
    }
    return FB_OK;
}
