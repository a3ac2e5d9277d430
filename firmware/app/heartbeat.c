// SPDX-License-Identifier: Apache-2.0

#include "firmware/app/heartbeat.h"

#include "shared/runtime/softtimer.h"

#include "firmware/drivers/led.h"

#define BLUE     0x000010u
#define FLASH_MS 100u
#define PERIOD   4000u

static bool on;
static uint32_t color;

static void show(uint32_t rgb)
{
    color = rgb;
    led_show(BOARD_LED_GPIO, rgb);
}

static soft_timer_entry_t timer;

static void beat(soft_timer_entry_t *t)
{
    bool lit = color != 0;
    show(lit ? 0 : BLUE);
    soft_timer_reinsert(t, lit ? PERIOD - FLASH_MS : FLASH_MS);
}

void heartbeat_set(bool wanted)
{
    if (wanted == on) {
        return;
    }
    on = wanted;
    if (on) {
        soft_timer_static_init(&timer, SOFT_TIMER_MODE_ONE_SHOT, 0, beat);
        soft_timer_insert(&timer, PERIOD - FLASH_MS);
    } else {
        soft_timer_remove(&timer);
        show(0);
    }
}

bool heartbeat_is_on(void)
{
    return on;
}

void heartbeat_color_set(uint32_t rgb)
{
    show(rgb);
}

uint32_t heartbeat_color(void)
{
    return color;
}
