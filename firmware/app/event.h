// SPDX-License-Identifier: Apache-2.0
//
// What interrupts leave for the interpreter to do. They run with the flash
// cache off too, so they only leave a note; mp_hal_handle_events() reads it
// between two bytecodes and while the program waits.

#ifndef FIRMWARE_APP_EVENT_H
#define FIRMWARE_APP_EVENT_H

#include <stdint.h>

enum event {
    EVENT_BREAK = 1, // the break character has arrived: console.h
    EVENT_TIMER = 2, // the alarm of clock.h
    EVENT_PIN = 4,   // gpio_take_pending() has something
};

// Bits of enum event; 0 is what an inner loop looks for.
extern volatile uint32_t event_pending;

void event_raise(enum event event);

// All that was pending; nothing is afterwards.
uint32_t event_take(void);

#endif
