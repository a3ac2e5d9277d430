// SPDX-License-Identifier: Apache-2.0

#include "firmware/app/calendar.h"

#include <assert.h>
#include <string.h>

#include "firmware/drivers/clock.h"
#include "firmware/drivers/rtc.h"
#include "firmware/drivers/soc.h"
#include "lib/fb/crc.h"

struct kept_time {
    uint32_t crc; // of what follows
    uint32_t unused;
    uint64_t us;    // the time of day ...
    uint64_t ticks; // ... when the slow clock's counter stood here
};

struct kept_memory {
    uint32_t crc; // of what follows, as far as it is used
    uint32_t n;
    uint8_t bytes[CALENDAR_MEMORY];
};

struct kept {
    struct kept_time time;
    struct kept_memory memory;
};
static_assert(sizeof(struct kept) <= SOC_RTC_SLOW_END - SOC_RTC_SLOW_BASE,
              "RTC slow memory");

static struct kept *kept(void)
{
    return (struct kept *)(uintptr_t)SOC_RTC_SLOW_BASE;
}

static uint32_t time_crc(const struct kept_time *t)
{
    return fb_crc32(0, (const uint8_t *)&t->us, sizeof t->us + sizeof t->ticks);
}

static uint32_t memory_crc(const struct kept_memory *m)
{
    return fb_crc32(0, (const uint8_t *)&m->n, sizeof m->n + m->n);
}

// From clock_us() to the time of day. The crystal is more exact than the slow
// clock, so that is asked once.
static uint64_t offset;
static bool offset_known, was_set;

static void find_offset(void)
{
    const struct kept_time *t = &kept()->time;
    uint64_t now = rtc_ticks();
    offset_known = true;
    if (t->crc == time_crc(t) && now >= t->ticks) {
        was_set = true;
        offset = t->us + rtc_us(now - t->ticks) - clock_us();
    }
}

uint64_t calendar_us(void)
{
    if (!offset_known) {
        find_offset();
    }
    return clock_us() + offset;
}

bool calendar_is_set(void)
{
    (void)calendar_us();
    return was_set;
}

void calendar_set(uint64_t us)
{
    struct kept_time *t = &kept()->time;
    t->us = us;
    t->ticks = rtc_ticks();
    t->crc = time_crc(t);
    offset = us - clock_us();
    offset_known = true;
    was_set = true;
}

size_t calendar_memory(const uint8_t **data)
{
    const struct kept_memory *m = &kept()->memory;
    *data = m->bytes;
    return m->n <= CALENDAR_MEMORY && m->crc == memory_crc(m) ? m->n : 0;
}

void calendar_memory_set(const void *data, size_t n)
{
    struct kept_memory *m = &kept()->memory;
    m->n = UINT32_MAX; // a reset in between leaves nothing valid
    memcpy(m->bytes, data, n);
    m->n = (uint32_t)n;
    m->crc = memory_crc(m);
}
