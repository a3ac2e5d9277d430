// SPDX-License-Identifier: Apache-2.0
//
// What MicroPython asks of the hardware (py/mphal.h).

#include "py/mphal.h"
#include "py/runtime.h"
#include "py/stream.h"
#include "shared/runtime/softtimer.h"

#include "firmware/app/calendar.h"
#include "firmware/app/console.h"
#include "firmware/app/event.h"
#include "firmware/app/modpin.h"
#include "firmware/drivers/clock.h"
#include "firmware/drivers/uart.h"

#if MICROPY_KBD_EXCEPTION
void mp_hal_set_interrupt_char(int c)
{
    console_set_break(c);
}
#endif

void mp_hal_handle_events(void)
{
    uint32_t events = event_take();
    if ((events & EVENT_BREAK) != 0) {
        mp_sched_keyboard_interrupt();
    }
    if ((events & EVENT_TIMER) != 0) {
        soft_timer_handler();
    }
    if ((events & EVENT_PIN) != 0) {
        modpin_dispatch();
    }
}

// --- timers: shared/runtime/softtimer.h ---

uint32_t soft_timer_get_ms(void)
{
    return mp_hal_ticks_ms();
}

void soft_timer_schedule_at_ms(uint32_t ticks_ms)
{
    uint64_t now = clock_us();
    int32_t ms = soft_timer_ticks_diff(ticks_ms, (uint32_t)(now / 1000));
    clock_alarm(ms <= 0 ? now : (now / 1000 + (uint64_t)ms) * 1000);
}

int mp_hal_stdin_rx_chr(void)
{
    for (;;) {
        int c = console_getc();
        if (c >= 0) {
            return c;
        }
        mp_event_wait_indefinite();
    }
}

mp_uint_t mp_hal_stdout_tx_strn(const char *str, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        uart_putc((uint8_t)str[i]);
    }
    return len;
}

uintptr_t mp_hal_stdio_poll(uintptr_t poll_flags)
{
    uintptr_t ready = poll_flags & MP_STREAM_POLL_WR;
    if (console_readable()) {
        ready |= poll_flags & MP_STREAM_POLL_RD;
    }
    return ready;
}

// -1: for ever
void mp_hal_wait_ms(int timeout_ms)
{
    uint64_t deadline = UINT64_MAX;
    if (timeout_ms >= 0) {
        deadline = clock_us() + (uint64_t)timeout_ms * 1000;
    }
    console_wait(deadline, true);
}

static void delay(uint64_t us)
{
    uint64_t deadline = clock_us() + us;
    do {
        mp_event_handle_nowait();
        console_wait(deadline, false);
    } while (clock_us() < deadline);
    mp_event_handle_nowait();
}

void mp_hal_delay_ms(mp_uint_t ms)
{
    delay((uint64_t)ms * 1000);
}

void mp_hal_delay_us(mp_uint_t us)
{
    delay(us);
}

mp_uint_t mp_hal_ticks_ms(void)
{
    return (mp_uint_t)(clock_us() / 1000);
}

mp_uint_t mp_hal_ticks_us(void)
{
    return (mp_uint_t)clock_us();
}

mp_uint_t mp_hal_ticks_cpu(void)
{
    mp_uint_t ccount;
    __asm__ volatile("rsr.ccount %0" : "=r"(ccount));
    return ccount;
}

uint64_t mp_hal_time_ns(void)
{
    return calendar_us() * 1000;
}
