// SPDX-License-Identifier: Apache-2.0

#include "firmware/boot/launch.h"

#include "firmware/drivers/mmu.h"
#include "firmware/drivers/reset.h"
#include "firmware/drivers/soc.h"
#include "firmware/drivers/uart.h"

// By words: IRAM takes no other stores.
static void copy_words(uint32_t vaddr, const uint8_t *from, uint32_t len)
{
    const uint32_t *words = (const uint32_t *)(const void *)from;

    for (uint32_t i = 0; i < len / 4; i++) {
        REG32(vaddr + 4 * i) = words[i];
    }
}

_Noreturn void launch(const struct fb_image *image, const uint8_t *p,
                      uint32_t flash_off)
{
    struct mmu_segment drom = {SOC_DROM_BASE, 0, 0};
    struct mmu_segment irom = {SOC_IROM_BASE, 0, 0};
    bool awake = reset_cause() == RESET_DEEPSLEEP;
    void (*entry)(void) = (void (*)(void))(uintptr_t)image->header.entry;

    for (unsigned i = 0; i < image->header.segments; i++) {
        const struct fb_image_segment *s = &image->segment[i];
        struct mmu_segment mapped = {s->vaddr, flash_off + s->img_off, s->len};
        enum fb_segment_kind kind = fb_image_segment_kind(s->vaddr, s->len);

        if (kind == FB_SEGMENT_DROM) {
            drom = mapped;
        } else if (kind == FB_SEGMENT_IROM) {
            irom = mapped;
        } else if (kind == FB_SEGMENT_RAM ||
                   (kind == FB_SEGMENT_RTC && !awake)) {
            copy_words(s->vaddr, p + s->img_off, s->len);
        }
    }
    uart_flush();
    mmu_map_app(&drom, &irom);
    __asm__ volatile("isync");
    entry();
    launch_nothing();
}

_Noreturn void launch_nothing(void)
{
    uart_flush();
    for (;;) {
        __asm__ volatile("waiti 15");
    }
}
